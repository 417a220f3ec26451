//! Asks a filled database what the dashboard asks and what is hard, and says how long
//! that takes: `cargo run --release -p store --example ask -- FILE-OR-ADDRESS [ROUNDS]
//! [NAME…]`, where NAME picks the questions whose names hold it.
//!
//! The words are those of `fill`; each round asks with others. The first twelve are the
//! dashboard's, the next eight are hard, the last stand beside them. What is measured is
//! the store by itself: `bench/store/measure.py` asks the same over HTTP.
#![expect(clippy::print_stdout, reason = "an example prints")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use model::milestone::PassBy;
use model::query::{Frame, parse};
use model::{IncidentId, Severity, Timestamp};
use store::{IncidentOrder, Location, PageRequest, Store, VulnerabilityFilter};

/// Every question and how it is asked; `{…}` is filled by chance.
const QUESTIONS: [(&str, Ask); 25] = [
    ("newest", Ask::Latest("")),
    ("worst first", Ask::Worst("")),
    ("high or above", Ask::Latest("severity:high")),
    ("one type", Ask::Latest("type:{type}")),
    ("one country", Ask::Latest("region:{country}")),
    (
        "India, high, worst first",
        Ask::Worst("region:IN severity:high"),
    ),
    (
        "new ones since a day",
        Ask::Latest("status:new after:{day}"),
    ),
    ("next page", Ask::Next),
    ("one incident", Ask::One),
    ("of one CVE", Ask::Latest("cve:{cve}")),
    ("vulnerabilities", Ask::Vulnerabilities),
    ("sources", Ask::Sources),
    ("a common word", Ask::Latest("{common}")),
    ("a rare word", Ask::Latest("{syllable}{thousands}")),
    ("two common words, worst", Ask::Worst("{common} {common}")),
    (
        "a phrase of common words",
        Ask::Latest("\"{common} {common}\""),
    ),
    ("a beginning", Ask::Latest("{syllable}{digit}*")),
    (
        "word, country, severity",
        Ask::Latest("{common} region:IN severity:critical"),
    ),
    (
        "one actor in a month",
        Ask::Latest("actor:\"{actor}\" date:{month}-01..{month}-28"),
    ),
    (
        "either of two, but not",
        Ask::Latest("({common} OR {place}) -{kind}"),
    ),
    ("a phrase of names", Ask::Latest("\"{trade} in {place}\"")),
    ("a longer beginning", Ask::Latest("{syllable}{tens}*")),
    ("facets of all", Ask::Facets("")),
    ("facets of two words", Ask::Facets("{common} {common}")),
    ("by relevance", Ask::Relevance("{common} {common}")),
];

#[derive(Clone, Copy)]
enum Ask {
    Latest(&'static str),
    Worst(&'static str),
    Relevance(&'static str),
    Facets(&'static str),
    Next,
    One,
    Vulnerabilities,
    Sources,
}

const SYLLABLES: &str = "ka lo mi ran ve tor zu pel shi bar no ti sel da gru wen jas fi hol mu";
const COMMON: &str = "attackers systems network customers data records security access servers company \
                      police investigation statement services report experts software breach ransom \
                      incident update users";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let place = arguments
        .next()
        .ok_or("ask FILE-OR-ADDRESS [ROUNDS] [NAME…]")?;
    let rounds: usize = arguments.next().map_or(Ok(100), |text| text.parse())?;
    let names: Vec<String> = arguments.collect();
    let location = if place.starts_with("postgres") {
        Location::Postgres(place.parse()?)
    } else {
        Location::File(PathBuf::from(place))
    };
    let store = store::open(location, Arc::new(PassBy)).await?;
    let first = page(&store, "", IncidentOrder::Latest, None).await?;
    let known: Vec<IncidentId> = first.incidents.iter().map(|one| one.id).collect();
    let mut chance = Chance(7);
    println!("{:<26}{:>9}{:>9}{:>9}  ms", "", "p50", "p99", "worst");
    for (name, ask) in QUESTIONS {
        if !names.is_empty() && !names.iter().any(|one| name.contains(one.as_str())) {
            continue;
        }
        let mut took = Vec::with_capacity(rounds);
        let mut worst = (0.0, String::new());
        for _ in 0..rounds {
            let query = match ask {
                Ask::Latest(query)
                | Ask::Worst(query)
                | Ask::Relevance(query)
                | Ask::Facets(query) => chance.fill(query),
                Ask::Next | Ask::One | Ask::Vulnerabilities | Ask::Sources => String::new(),
            };
            let one = *chance.pick(&known).ok_or("the database is empty")?;
            let start = Instant::now();
            match ask {
                Ask::Latest(_) => drop(page(&store, &query, IncidentOrder::Latest, None).await?),
                Ask::Worst(_) => drop(page(&store, &query, IncidentOrder::Worst, None).await?),
                Ask::Relevance(_) => {
                    drop(page(&store, &query, IncidentOrder::Relevance, None).await?);
                }
                Ask::Facets(_) => drop(store.facets(&parse(&query)?.bind(&frame()?)).await?),
                Ask::Next => {
                    let after = first.next.clone();
                    drop(page(&store, "", IncidentOrder::Latest, after).await?);
                }
                Ask::One => drop(store.incident(one).await?),
                Ask::Vulnerabilities => {
                    let filter = VulnerabilityFilter {
                        min_severity: Some(Severity::High),
                        ..VulnerabilityFilter::default()
                    };
                    drop(store.vulnerability_page(&filter, None, 50).await?);
                }
                Ask::Sources => drop(store.source_states().await?),
            }
            let milliseconds = start.elapsed().as_secs_f64() * 1e3;
            took.push(milliseconds);
            if milliseconds > worst.0 {
                worst = (milliseconds, query);
            }
        }
        took.sort_by(f64::total_cmp);
        let at =
            |share: usize| took.get((took.len() * share / 100).min(took.len().saturating_sub(1)));
        println!(
            "{name:<26}{:>9.1}{:>9.1}{:>9.1}  {}",
            at(50).ok_or("no rounds")?,
            at(99).ok_or("no rounds")?,
            worst.0,
            worst.1
        );
    }
    Ok(())
}

/// Days count from the end of what `fill` invents.
fn frame() -> Result<Frame, Box<dyn Error>> {
    Ok(Frame::at(Timestamp::from_second(
        1_704_067_200 + 1_000 * 86_400,
    )?))
}

async fn page(
    store: &Arc<dyn Store>,
    query: &str,
    order: IncidentOrder,
    after: Option<String>,
) -> Result<store::IncidentPage, Box<dyn Error>> {
    let request = PageRequest {
        order,
        after,
        limit: 50,
    };
    let wanted = parse(query)?.bind(&frame()?);
    Ok(store.incidents(&wanted, &request).await?)
}

/// Chance that is the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % count
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let nth = self.below(u64::try_from(of.len()).ok()?.max(1));
        of.get(usize::try_from(nth).ok()?)
    }

    fn word(&mut self, of: &str) -> String {
        let words: Vec<&str> = of.split_ascii_whitespace().collect();
        self.pick(&words).copied().unwrap_or_default().to_owned()
    }

    /// The query with a value for each of its names.
    fn fill(&mut self, query: &str) -> String {
        let mut filled = String::new();
        let mut month = None;
        let mut rest = query;
        while let Some((before, (name, after))) = rest
            .split_once('{')
            .and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        {
            filled.push_str(before);
            filled.push_str(&match name {
                "common" => self.word(COMMON),
                "syllable" => self.word(SYLLABLES),
                "type" => self.word("ransomware data_breach ddos malware"),
                "country" => self.word("IN GB FR US JP"),
                "actor" => self.word("LockBit Akira Medusa APT28 Qilin Clop"),
                "place" => self.word("Mumbai Pune Kochi London Paris Tokyo Madrid"),
                "trade" => self.word("bank power steel telecom"),
                "kind" => self.word("ransomware data phishing DDoS supply website account malware"),
                "digit" => (1 + self.below(8)).to_string(),
                "tens" => (10 + self.below(90)).to_string(),
                "thousands" => (1_000 + self.below(24_000)).to_string(),
                // One of those that `fill` names in stories.
                "cve" => {
                    let nth = 95 * self.below(4_000);
                    format!("CVE-{}-{}", 2012 + nth / 25_334, 1_000 + nth % 25_334)
                }
                "day" => format!("2025-{:02}-{:02}", 1 + self.below(12), 1 + self.below(28)),
                // The same wherever it stands in a query.
                _ => month
                    .get_or_insert_with(|| format!("2025-{:02}", 1 + self.below(12)))
                    .clone(),
            });
            rest = after;
        }
        filled + rest
    }
}
