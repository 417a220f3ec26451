//! `prahari incident list|show`; what people do about one is in `by_hand`.

use clap::Subcommand;
use model::query::{Field, Op, Query, Test};
use model::{Country, IncidentId, IncidentType, Severity};
use store::{IncidentOrder, PageRequest};

use super::by_hand::ByHand;
use super::{Outcome, open_existing, print};
use crate::api::view::{HistoryKind, IncidentFull, IncidentList, IncidentSummary, TimelineItem};
use crate::config::Settings;
use crate::pipeline::World;

/// Incidents.
#[derive(Debug, clap::Args)]
pub(super) struct Incident {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List incidents, latest first
    List(Listing),
    /// Show one incident with its items, reasons and alerts
    Show {
        /// Its id
        id: IncidentId,
    },
    #[command(flatten)]
    ByHand(ByHand),
}

/// Which incidents, and how many.
#[derive(Debug, clap::Args)]
pub(super) struct Listing {
    /// At least this severe: low, medium, high, critical
    #[arg(long)]
    severity: Option<Severity>,
    /// Of this type, as ransomware or data_breach; may be given several times
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<IncidentType>,
    /// Affecting this country, as IN; may be given several times
    #[arg(long = "country", value_name = "CODE")]
    countries: Vec<Country>,
    /// At most so many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Go on after this cursor (`next` of the page before)
    #[arg(long)]
    after: Option<String>,
    /// Worst first
    #[arg(long, conflicts_with = "relevant")]
    worst: bool,
    /// Where the words stand most tellingly first, of the latest 2,000
    #[arg(long)]
    relevant: bool,
}

impl Listing {
    /// Prints the incidents that the query finds and that meet the flags.
    pub(super) async fn print(
        self,
        query: Query,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        let zone = settings.server.zone.clone();
        let pipeline = open_existing(settings, world).await?;
        let least = self
            .severity
            .map(|severity| Query::Test(Test::Severity(Op::AtLeast, severity)));
        let query = Query::and([
            query,
            least.unwrap_or_default(),
            Query::names(Field::Type, self.types),
            Query::names(Field::Region, self.countries),
        ]);
        let wanted = pipeline.bind(&query).await?;
        let wanted_rows = usize::try_from(self.limit)?;
        let order = match (self.worst, self.relevant) {
            (true, _) => IncidentOrder::Worst,
            (_, true) => IncidentOrder::Relevance,
            _ => IncidentOrder::Latest,
        };
        let mut request = PageRequest {
            order,
            after: self.after,
            limit: self.limit,
        };
        let mut page = pipeline.store.incidents(&wanted, &request).await?;
        // A search that finds little ends its pages early.
        while let Some(next) = page.next.take_if(|_| page.incidents.len() < wanted_rows) {
            request.after = Some(next);
            request.limit = self.limit - u32::try_from(page.incidents.len())?;
            let more = pipeline.store.incidents(&wanted, &request).await?;
            page.incidents.extend(more.incidents);
            page.next = more.next;
            page.total = page.total.max(page.incidents.len() as u64);
        }
        let list = IncidentList {
            incidents: page
                .incidents
                .into_iter()
                .map(IncidentSummary::from)
                .collect(),
            next: page.next,
            total: page.total,
            total_exact: page.exact,
        };
        if as_json {
            print::json(&list)?;
            return Ok(Outcome::Done);
        }
        for incident in &list.incidents {
            let (id, severity, at) = (incident.id, incident.severity, incident.last_seen);
            print::line(&print::incident(id, severity, at, &incident.title, &zone));
        }
        let about = if list.total_exact { "" } else { "about " };
        print::line(&format!(
            "{} of {about}{}",
            list.incidents.len(),
            list.total
        ));
        if let Some(next) = &list.next {
            print::line(&format!("more: --after {next}"));
        }
        Ok(Outcome::Done)
    }
}

impl Incident {
    pub(super) async fn run(
        self,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        match self.command {
            Command::List(listing) => listing.print(Query::All, settings, world, as_json).await,
            Command::Show { id } => show(id, settings, world, as_json).await,
            Command::ByHand(by_hand) => by_hand.run(settings, world, as_json).await,
        }
    }
}

async fn show(
    id: IncidentId,
    settings: Settings,
    world: World,
    as_json: bool,
) -> anyhow::Result<Outcome> {
    let zone = settings.server.zone.clone();
    let pipeline = open_existing(settings, world).await?;
    let Some(detail) = pipeline.store.incident(id).await? else {
        anyhow::bail!("there is no incident {id}");
    };
    let full = IncidentFull::from(detail);
    if as_json {
        print::json(&full)?;
    } else {
        print_full(&full, &zone);
    }
    Ok(Outcome::Done)
}

fn print_full(full: &IncidentFull, zone: &str) {
    let summary = &full.summary;
    print::line(&print::plain(&summary.title));
    let kinds: Vec<&str> = summary
        .types
        .iter()
        .map(|tagged| tagged.label.word())
        .collect();
    print::line(&format!(
        "{} {} {:.1} · {} · {} · {}, {}",
        summary.severity.mark(),
        summary.severity.word(),
        summary.severity_score,
        if kinds.is_empty() {
            "no type".to_owned()
        } else {
            kinds.join(", ")
        },
        summary.claim,
        print::count(summary.items, "item", "items"),
        print::count(
            summary.publishers.len() as u64,
            "independent publisher",
            "independent publishers"
        ),
    ));
    let assignee = summary
        .assignee
        .as_ref()
        .map(|name| format!(" · {}", print::plain(name)))
        .unwrap_or_default();
    let tags: String = summary.tags.iter().map(|tag| format!(" #{tag}")).collect();
    print::line(&format!(
        "{}{assignee}{tags} · revision {}",
        summary.status, summary.revision
    ));
    print::line(&format!(
        "first {} · last {}",
        print::time(summary.first_seen, zone),
        print::time(summary.last_seen, zone)
    ));
    if !summary.summary.is_empty() {
        print::line("");
        print::line(&print::plain(&summary.summary));
    }
    if !full.vulnerabilities.is_empty() {
        print::line("\nVulnerabilities");
        for vulnerability in &full.vulnerabilities {
            let severity = vulnerability.severity.as_ref().map_or_else(
                || "not scored".to_owned(),
                |judgement| {
                    format!(
                        "{} {:.1}: {}",
                        judgement.severity, judgement.score, judgement.reason.text
                    )
                },
            );
            print::line(&format!(
                "  {} {}",
                vulnerability.cve,
                print::plain(&severity)
            ));
        }
    }
    print::line("\nItems");
    for item in &full.timeline {
        let at = print::time(item.published.unwrap_or(item.fetched), zone);
        let repeat = if item.repeat_of.is_some() {
            " (repeat)"
        } else {
            ""
        };
        print::line(&format!(
            "  {at}  {}  {}{repeat}",
            item.source,
            print::plain(&headline(item))
        ));
        if let Some(url) = &item.url {
            print::line(&format!("    {}", print::plain(url)));
        }
        print::line(&format!("    item {}", item.id));
    }
    print_history(full, zone);
    print::line("\nWhy");
    for reason in &full.reasons {
        print::line(&format!(
            "  {:?} {:+.2}  {}",
            reason.aspect,
            reason.weight,
            print::plain(&reason.text)
        ));
    }
    if !full.alerts.is_empty() {
        print::line("\nAlerts");
        for alert in &full.alerts {
            let held = alert
                .held
                .as_ref()
                .map(|why| format!(" — held: {why}"))
                .unwrap_or_default();
            print::line(&format!(
                "  {}  {}: {} ({}){held}",
                print::time(alert.at, zone),
                alert.rule,
                alert.cause_text,
                alert.reason
            ));
            for delivery in &alert.deliveries {
                let error = delivery
                    .error
                    .as_ref()
                    .map(|error| format!(", {}", print::plain(error)))
                    .unwrap_or_default();
                print::line(&format!(
                    "    {}: {}{error}",
                    delivery.channel,
                    delivery.state.as_str()
                ));
            }
        }
    }
}

/// What an item is called: posts have no title, and are known by their first words.
fn headline(item: &TimelineItem) -> String {
    const MOST: usize = 80;
    if !item.title.is_empty() {
        return item.title.clone();
    }
    let mut first: String = item.text.chars().take(MOST).collect();
    if first.len() < item.text.len() {
        first.push('…');
    }
    first
}

/// What changed, and what people wrote, latest first; items and alerts have lists of
/// their own.
fn print_history(full: &IncidentFull, zone: &str) {
    print::line("\nHistory");
    let told = full
        .history
        .iter()
        .filter(|entry| matches!(entry.kind, HistoryKind::Development | HistoryKind::Note));
    for entry in told {
        let by = entry
            .by
            .as_ref()
            .map(|name| format!("{}: ", print::plain(name)))
            .unwrap_or_default();
        print::line(&format!(
            "  {}  {by}{}",
            print::time(entry.at, zone),
            print::plain(&entry.text)
        ));
    }
}
