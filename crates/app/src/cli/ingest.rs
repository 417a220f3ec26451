//! `prahari ingest`: one pass over the sources, for cron and for a first look.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use model::SourceId;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::{Outcome, open, print, run};
use crate::config::{Settings, SourceEntry};
use crate::pipeline::{Delivered, Pipeline, World};

/// Reads every source once.
#[derive(Debug, clap::Args)]
pub(super) struct Ingest {
    /// Only this source; may be given several times
    #[arg(long, value_name = "ID")]
    source: Vec<SourceId>,
    /// Instead of the sources, a file or folder of feed documents, JSON Lines or NVD
    /// JSON; `-` is standard input. May be given several times
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// What was done.
#[derive(Debug, Default, Serialize)]
struct Summary {
    sources: Vec<SourceSummary>,
    placed: u64,
    deliveries_sent: u32,
    deliveries_waiting: u32,
    deliveries_dead: u32,
    incidents: u64,
    vulnerabilities: u64,
}

/// What one source gave.
#[derive(Debug, Serialize)]
struct SourceSummary {
    id: SourceId,
    new_items: u32,
    repeats: u32,
    statements: u64,
    new_vulnerabilities: u32,
    problems: u32,
    /// The first of them.
    problem: Option<String>,
    error: Option<String>,
}

/// Sources read at the same time.
const TOGETHER: usize = 8;

impl Ingest {
    pub(super) async fn run(
        self,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        let files = self
            .paths
            .iter()
            .enumerate()
            .map(|(index, path)| file_entry(index, path))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let pipeline = Arc::new(open(settings, world).await?);
        // A pass over some sources says nothing of the others.
        let whole = self.source.is_empty() && files.is_empty();
        if !files.is_empty() {
            pipeline.keep_to(files);
        }
        pipeline.keep_to_named(&self.source)?;
        let summary = pass(&pipeline, whole).await?;
        let failed = summary
            .sources
            .iter()
            .filter(|source| source.error.is_some())
            .count();
        if as_json {
            print::json(&summary)?;
        } else {
            show(&summary);
        }
        Ok(match failed {
            0 => Outcome::Done,
            n if n == summary.sources.len() => Outcome::Failed,
            _ => Outcome::InPart,
        })
    }
}

fn file_entry(index: usize, path: &std::path::Path) -> anyhow::Result<SourceEntry> {
    let id = if index == 0 {
        "file".to_owned()
    } else {
        format!("file-{}", index + 1)
    };
    let name = path.display().to_string();
    let path = path
        .to_str()
        .ok_or_else(|| anyhow::anyhow!("{name}: the name is not UTF-8"))?;
    let mut table = toml::Table::new();
    for (key, value) in [
        ("id", id.as_str()),
        ("name", &name),
        ("kind", "file"),
        ("path", path),
    ] {
        table.insert(key.to_owned(), value.into());
    }
    crate::config::of_table(table).map_err(anyhow::Error::msg)
}

/// Collect from all, look at how they do if these are all, place, deliver what is due.
async fn pass(pipeline: &Arc<Pipeline>, whole: bool) -> anyhow::Result<Summary> {
    let progress = run::bars();
    let places = Arc::new(Semaphore::new(TOGETHER));
    let mut tasks = tokio::task::JoinSet::new();
    for (index, source) in pipeline.sources().open.iter().enumerate() {
        let (pipeline, progress, places, source) = (
            Arc::clone(pipeline),
            Arc::clone(&progress),
            Arc::clone(&places),
            Arc::clone(source),
        );
        tasks.spawn(async move {
            let _place = places.acquire().await;
            let result = pipeline
                .poll(&source, &|done| progress(&source, done))
                .await;
            (index, source.entry.id.clone(), result)
        });
    }
    let mut summary = Summary::default();
    let mut read = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (index, id, result) = done?;
        let (poll, error) = match result {
            Ok(poll) => (poll, None),
            Err(error) => (crate::pipeline::Poll::default(), Some(error.to_string())),
        };
        let problem = if poll.problems > 0 {
            let state = pipeline.store.source_state(&id).await?;
            state.and_then(|state| state.problems.1)
        } else {
            None
        };
        read.push((
            index,
            SourceSummary {
                id,
                new_items: poll.recorded.items,
                repeats: poll.recorded.repeats,
                statements: poll.statements,
                new_vulnerabilities: poll.recorded.new_vulnerabilities,
                problems: poll.problems,
                problem,
                error,
            },
        ));
    }
    read.sort_by_key(|(index, _)| *index);
    summary.sources = read.into_iter().map(|(_, source)| source).collect();
    if whole {
        pipeline.audit().await?;
    }
    summary.placed = place_all(pipeline).await?;
    let Delivered {
        sent,
        dead,
        again,
        paused,
    } = deliver_gathered(pipeline).await?;
    summary.deliveries_sent = sent;
    summary.deliveries_waiting = again + paused;
    summary.deliveries_dead = dead;
    let totals = pipeline.store.totals().await?;
    summary.incidents = totals.incidents;
    summary.vulnerabilities = totals.vulnerabilities;
    Ok(summary)
}

/// Places what waits; when a service beside us holds the lane, waits for it.
async fn place_all(pipeline: &Pipeline) -> anyhow::Result<u64> {
    let mut placed = 0;
    loop {
        placed += pipeline.place_waiting().await?;
        if pipeline.store.unplaced_count().await? == 0 {
            return Ok(placed);
        }
        pipeline.clock.sleep(Duration::from_millis(200)).await;
    }
}

/// Delivers what is due, and waits for what is still gathering: a pass that ends
/// before its alerts went out would leave them to the next one.
async fn deliver_gathered(pipeline: &Pipeline) -> anyhow::Result<Delivered> {
    let channels = pipeline.channel_ids();
    let mut sum = Delivered::default();
    loop {
        let round = pipeline.deliver_due().await?;
        sum.sent += round.sent;
        sum.again += round.again;
        sum.dead += round.dead;
        sum.paused += round.paused;
        let now = pipeline.clock.now();
        let gathering = pipeline.settings.alerting.group_wait() + Duration::from_secs(1);
        match pipeline.store.next_due(&channels).await? {
            Some(due) if sum.again == 0 && due <= model::clock::later(now, gathering) => {
                pipeline.clock.sleep(model::clock::elapsed(now, due)).await;
            }
            _ => return Ok(sum),
        }
    }
}

fn show(summary: &Summary) {
    for source in &summary.sources {
        let result = match &source.error {
            Some(error) => format!("failed: {}", print::plain(error)),
            None => {
                let mut parts = vec![print::count(source.new_items, "new item", "new items")];
                if source.statements > 0 {
                    parts.push(format!(
                        "{} CVE records ({} new CVEs)",
                        source.statements, source.new_vulnerabilities
                    ));
                }
                if source.repeats > 0 {
                    parts.push(format!("{} known", source.repeats));
                }
                if source.problems > 0 {
                    let first = source.problem.as_deref().unwrap_or_default();
                    let entries = print::count(source.problems, "entry", "entries");
                    let told = format!("{entries} could not be read: {}", print::plain(first));
                    parts.push(told);
                }
                parts.join(", ")
            }
        };
        print::line(&format!("{:<28} {result}", source.id.as_str()));
    }
    print::line(&format!(
        "placed {}; {} incidents and {} CVEs are known; {} messages sent, {} wait, {} dead",
        summary.placed,
        summary.incidents,
        summary.vulnerabilities,
        summary.deliveries_sent,
        summary.deliveries_waiting,
        summary.deliveries_dead
    ));
}
