//! How fast the store writes and reads: `cargo run --release -p store --example
//! store_speed -- [STATEMENTS] [ITEMS] [FILE]`.
//!
//! Statements are shaped like NVD's records (about 2 KB of JSON each) and come in
//! batches of 2,000, as an import gives them; items are articles of 300 words, each
//! placed with an incident by a commit of its own.
#![expect(clippy::print_stdout, reason = "an example prints")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::analysis::StoryKeys;
use model::item::{Draft, Stated};
use model::milestone::PassBy;
use model::query::{Condition, Frame};
use model::{
    Affected, Analysis, Aspect, ClaimStatus, Country, Cursor, CveId, Incident, IncidentId,
    IncidentStatus, Item, ItemKind, Judgement, Markup, Reason, Reference, Region, Relevance,
    RelevanceLabel, Sayer, Score, ScoreVersion, SourceId, Statement, Timestamp, VersionRange,
    VulnerabilityStatus,
};
use store::{Collected, Heard, IncidentOrder, Occasion, PageRequest, Placed, Store};

/// How many statements one poll brings: a page of NVD's.
const BATCH: u32 = 2_000;
/// How many commits are under way at once.
const AT_ONCE: usize = 32;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let statements: u32 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let items: u32 = arguments.next().map_or(Ok(20_000), |text| text.parse())?;
    let path = arguments.next().map_or_else(
        || std::env::temp_dir().join("store_speed.db"),
        PathBuf::from,
    );
    for ending in ["", "-wal", "-shm"] {
        let mut name = path.clone().into_os_string();
        name.push(ending);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    let store = store::open(path.clone().into(), Arc::new(PassBy)).await?;

    let took = record_statements(&store, statements, 0).await?;
    rate("statements, new", statements, took);
    let took = record_statements(&store, statements, 0).await?;
    rate("statements, unchanged", statements, took);
    let took = record_statements(&store, statements / 10, 1).await?;
    rate("statements, changed", statements / 10, took);

    let took = place_items(&store, items).await?;
    rate("items recorded and placed", items, took);
    read_pages(&store).await?;

    drop(store);
    println!(
        "{:>10.1} MB  {}",
        std::fs::metadata(&path)?.len() as f64 / 1e6,
        path.display()
    );
    let start = Instant::now();
    let store = store::open(path.into(), Arc::new(PassBy)).await?;
    store
        .incidents(&wanted("")?, &page(IncidentOrder::Latest))
        .await?;
    println!(
        "{:>10.1} ms  opened again, with a first page",
        start.elapsed().as_secs_f64() * 1e3
    );
    Ok(())
}

fn rate(what: &str, rows: u32, took: Duration) {
    let seconds = took.as_secs_f64();
    println!(
        "{:>10.0} /s  {what} ({rows} in {seconds:.2} s)",
        f64::from(rows) / seconds
    );
}

async fn record_statements(
    store: &Arc<dyn Store>,
    count: u32,
    version: u32,
) -> Result<Duration, Box<dyn Error>> {
    let source = SourceId::new("nvd")?;
    let mut took = Duration::ZERO;
    for first in (0..count).step_by(BATCH as usize) {
        let heard = (first..count.min(first + BATCH))
            .map(|n| {
                Ok(Heard {
                    statement: statement(&source, n, version)?,
                    promote: false,
                })
            })
            .collect::<Result<_, Box<dyn Error>>>()?;
        let poll = Collected {
            source: source.clone(),
            at: time(first),
            items: Vec::new(),
            heard,
            cursor: Some(Cursor::of(&first)),
            occasion: Occasion::History,
            categories: Vec::new(),
            problems: (0, None),
            arrived: store::Arrived::default(),
        };
        let start = Instant::now();
        store.record(poll).await?;
        took += start.elapsed();
    }
    Ok(took)
}

async fn place_items(store: &Arc<dyn Store>, count: u32) -> Result<Duration, Box<dyn Error>> {
    let source = SourceId::new("feed")?;
    let fence = store
        .acquire("lane", "speed", time(0), time(u32::MAX))
        .await?
        .ok_or("the lane is taken")?;
    let all: Vec<Item> = (0..count).map(|n| article(&source, n)).collect();
    let start = Instant::now();
    for batch in all.chunks(100) {
        let poll = Collected {
            source: source.clone(),
            at: time(0),
            items: batch.to_vec(),
            heard: Vec::new(),
            cursor: None,
            occasion: Occasion::History,
            categories: Vec::new(),
            problems: (0, None),
            arrived: store::Arrived::default(),
        };
        store.record(poll).await?;
    }
    let mut placing = tokio::task::JoinSet::new();
    for (n, item) in (0..count).zip(all) {
        while placing.len() >= AT_ONCE {
            placing.join_next().await.ok_or("nothing to wait for")???;
        }
        let (store, fence) = (Arc::clone(store), fence.clone());
        placing.spawn(async move { store.commit(&fence, placement(n, &item)).await });
    }
    while let Some(placed) = placing.join_next().await {
        placed??;
    }
    Ok(start.elapsed())
}

async fn read_pages(store: &Arc<dyn Store>) -> Result<(), Box<dyn Error>> {
    use IncidentOrder::{Latest, Relevance, Worst};
    let asked = [
        ("latest", Latest, ""),
        ("worst", Worst, ""),
        ("in India", Latest, "region:IN"),
        ("in Fiji", Latest, "region:FJ"),
        ("a rare word", Latest, "number17"),
        ("a common word", Latest, "vulnerability"),
        ("a common word, telling", Relevance, "vulnerability"),
        ("a common phrase, worst", Worst, "\"the attackers\""),
        (
            "either",
            Latest,
            "region:FJ OR number17 OR cve:CVE-2026-1234",
        ),
        ("all but", Worst, "-region:IN severity:high vulnerability"),
        ("a begun name", Latest, "victim:ac*"),
    ];
    for (what, order, query) in asked {
        let wanted = wanted(query)?;
        const TIMES: u32 = 50;
        let start = Instant::now();
        let mut found = 0;
        for _ in 0..TIMES {
            found = store.incidents(&wanted, &page(order)).await?.total;
        }
        println!(
            "{:>10.2} ms  a page of 50: {what} ({found})",
            start.elapsed().as_secs_f64() * 1e3 / f64::from(TIMES)
        );
    }
    Ok(())
}

fn wanted(query: &str) -> Result<Condition, Box<dyn Error>> {
    Ok(model::query::parse(query)?.bind(&Frame::at(time(0))))
}

const fn page(order: IncidentOrder) -> PageRequest {
    PageRequest {
        order,
        after: None,
        limit: 50,
    }
}

/// So many seconds after the start of 2026.
fn time(seconds: u32) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + i64::from(seconds)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Words that follow from a number, more often the common ones.
fn words(seed: u32, count: u32) -> String {
    const COMMON: [&str; 16] = [
        "the",
        "attackers",
        "vulnerability",
        "allows",
        "remote",
        "code",
        "execution",
        "in",
        "server",
        "of",
        "data",
        "victims",
        "exploited",
        "bank",
        "network",
        "security",
    ];
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut text = String::new();
    for _ in 0..count {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let drawn = (state >> 8) % 40;
        match COMMON.get(drawn as usize) {
            Some(word) => text.push_str(word),
            None => text.push_str(&format!("word{}", (state >> 12) % 30_000)),
        }
        text.push(' ');
    }
    text
}

fn statement(source: &SourceId, n: u32, version: u32) -> Result<Statement, Box<dyn Error>> {
    let mut said = Statement::new(
        CveId::new(&format!("CVE-{}-{:05}", 2000 + n / 20_000, n % 20_000))?,
        source.clone(),
    );
    said.url = Some(format!("https://nvd.example/vuln/detail/{}", said.cve));
    said.description = Some(words(n.wrapping_add(version), 55));
    said.status = Some(VulnerabilityStatus::Analyzed);
    said.published = Some(time(n));
    said.modified = Some(time(n.wrapping_add(version)));
    said.scores = vec![Score {
        sayer: Sayer::Nvd,
        version: ScoreVersion::V31,
        vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned()),
        base: 4.0 + f32::from(u8::try_from(n % 60)?) / 10.0,
    }];
    said.affected = (0..4)
        .map(|k| Affected {
            vendor: format!("vendor{}", n % 500),
            product: format!("product{}", n % 3_000 + k),
            versions: VersionRange {
                to_excluding: Some(format!("{}.{k}", n % 20)),
                ..VersionRange::default()
            },
        })
        .collect();
    said.references = (0..5)
        .map(|k| Reference {
            url: format!(
                "https://vendor{}.example/security/advisories/{n}/{k}",
                n % 500
            ),
            tags: vec!["Vendor Advisory".to_owned()],
        })
        .collect();
    Ok(said)
}

fn article(source: &SourceId, n: u32) -> Item {
    let draft = Draft {
        external_id: n.to_string(),
        kind: ItemKind::Article,
        url: Some(format!("https://feed.example/{n}")),
        title: format!("number{n} {}", words(n, 8)),
        text: words(n.wrapping_add(7), 300),
        markup: Markup::Plain,
        author: Some("A. Writer".to_owned()),
        language: Some("en".to_owned()),
        published: Some(time(n)),
        updated: None,
        stated: Stated::default(),
    };
    Item::new(source, draft, time(u32::MAX))
}

fn placement(n: u32, item: &Item) -> Placed {
    let reason = || Reason::new(Aspect::Severity, "as the example says", 1.0);
    let country = match n {
        _ if n.is_multiple_of(5) => Some(Country::INDIA),
        _ if n % 1_000 == 1 => "FJ".parse().ok(),
        _ => None,
    };
    let region = Region {
        countries: country.into_iter().collect(),
        states: Vec::new(),
    };
    let severity = Judgement::of_score(
        f32::from(u8::try_from(n % 100).unwrap_or(0)) / 10.0,
        reason(),
    );
    let relevance = Relevance {
        label: RelevanceLabel::Incident,
        probability: 0.9,
    };
    let incident = Incident {
        id: IncidentId(model::id::uuid_v7(
            time(n),
            &item
                .id
                .as_bytes()
                .first_chunk()
                .copied()
                .unwrap_or_default(),
        )),
        revision: 1,
        title: item.title.clone(),
        summary: item.text.chars().take(300).collect(),
        url: item.url.clone(),
        source: item.source.clone(),
        severity: severity.clone(),
        voices: Vec::new(),
        types: Vec::new(),
        region: region.clone(),
        sectors: Vec::new(),
        relevance,
        cves: Vec::new(),
        exploited: false,
        kev: false,
        keywords: Vec::new(),
        claim: ClaimStatus::Reported,
        status: IncidentStatus::New,
        assignee: None,
        tags: Vec::new(),
        first_seen: item.effective(),
        last_seen: item.effective(),
        items: 1,
        sources: vec![item.source.clone()],
        publishers: Vec::new(),
        reasons: vec![reason()],
        said: None,
        entities: Vec::new(),
        epss: None,
        cvss: None,
    };
    let analysis = Analysis {
        title: item.title.clone(),
        text: item.text.clone(),
        language: Some("eng".to_owned()),
        relevance,
        types: Vec::new(),
        severity,
        region,
        sectors: Vec::new(),
        entities: Vec::new(),
        keywords: Vec::new(),
        story_keys: StoryKeys {
            cves: Vec::new(),
            canonical_url: item.url.clone(),
            content_hash: model::hash::short(&[item.title.as_bytes(), item.text.as_bytes()]),
            ..StoryKeys::default()
        },
        reasons: vec![reason()],
    };
    Placed {
        item: item.id,
        at: item.fetched,
        analysis,
        repeat_of: None,
        joined_because: None,
        incident: Some(incident),
        alerts: Vec::new(),
        deliveries: Vec::new(),
    }
}
