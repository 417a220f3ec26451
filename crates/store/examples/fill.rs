//! Fills a database with invented items that are understood already, for sizes at which
//! understanding would take hours: `cargo run --release -p store --example fill --
//! FILE-OR-ADDRESS ITEMS [CVE-RECORDS]`.
//!
//! What is written goes through the store's own interface: CVE records as NVD states them,
//! none of which becomes an incident; then items, recorded as a poll and placed in
//! sittings of 64, each with its analysis, its incident, its names and its words. Texts
//! are made as `bench/store/measure.py` makes them: three items tell one story on average,
//! several stories are told side by side, and a few words are very common. One story in
//! eight names a CVE, a few of which are named often. What is left out is understanding,
//! looking for candidates and rules. The same numbers give the same database.
#![expect(clippy::print_stdout, reason = "an example prints")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use model::analysis::StoryKeys;
use model::incident::{EntityCount, Voice};
use model::item::{Draft, Stated};
use model::milestone::PassBy;
use model::{
    Affected, Analysis, Aspect, ClaimStatus, Country, CveId, CweId, Entity, EntityKind, Field,
    Incident, IncidentId, IncidentStatus, IncidentType, Item, ItemKind, Judgement, Markup, Print,
    Reason, Reference, Region, Relevance, RelevanceLabel, Role, Sayer, Score, ScoreVersion,
    SourceId, Span, Statement, Tagged, Timestamp, VersionRange, VulnerabilityStatus, tokens,
};
use store::{Arrived, Collected, Heard, Location, Occasion, Placed, Store};

/// Items of one sitting.
const SITTING: usize = 64;
/// Items of one poll.
const POLL: u64 = 1_024;
/// Stories that are told side by side: so far apart lie the items of one.
const STORIES: usize = 32;
/// CVE records of a year, and the first of them: those of `bench/import/generate.py`.
const FLAWS_A_YEAR: u64 = 25_334;
const FIRST_FLAW: (u64, u64) = (2012, 1_000);
/// One story in so many names a CVE, and one CVE in so many is ever named.
const STORIES_A_FLAW: u64 = 8;
const FLAWS_A_NAMED: u64 = 95;
/// So many are named.
const NAMED: u64 = 4_000;
/// 2024-01-01, and a thousand days.
const FIRST: i64 = 1_704_067_200;
const SECONDS: u64 = 1_000 * 86_400;

const SYLLABLES: [&str; 20] = [
    "ka", "lo", "mi", "ran", "ve", "tor", "zu", "pel", "shi", "bar", "no", "ti", "sel", "da",
    "gru", "wen", "jas", "fi", "hol", "mu",
];
const COMMON: [&str; 25] = [
    "the",
    "attackers",
    "systems",
    "network",
    "customers",
    "data",
    "records",
    "security",
    "access",
    "servers",
    "company",
    "police",
    "investigation",
    "statement",
    "services",
    "report",
    "experts",
    "software",
    "breach",
    "ransom",
    "incident",
    "update",
    "users",
    "files",
    "week",
];
const KINDS: [(&str, IncidentType); 8] = [
    ("ransomware attack", IncidentType::Ransomware),
    ("data breach", IncidentType::DataBreach),
    ("phishing campaign", IncidentType::PhishingFraud),
    ("DDoS attack", IncidentType::Ddos),
    ("supply chain attack", IncidentType::SupplyChain),
    ("website defacement", IncidentType::Defacement),
    ("account takeover", IncidentType::AccountTakeover),
    ("malware infection", IncidentType::Malware),
];
const ACTORS: [&str; 10] = [
    "LockBit",
    "Akira",
    "Medusa",
    "APT28",
    "Lazarus Group",
    "Scattered Spider",
    "Qilin",
    "Clop",
    "MuddyWater",
    "SideWinder",
];
const PLACES: [(&str, &str); 15] = [
    ("Mumbai", "IN"),
    ("Pune", "IN"),
    ("Kochi", "IN"),
    ("Jaipur", "IN"),
    ("Chennai", "IN"),
    ("London", "GB"),
    ("Paris", "FR"),
    ("Ohio", "US"),
    ("Tokyo", "JP"),
    ("Nairobi", "KE"),
    ("Manila", "PH"),
    ("Madrid", "ES"),
    ("Toronto", "CA"),
    ("Sydney", "AU"),
    ("Berlin", "DE"),
];
const FLAWS: [(u32, &str, &str, f32); 6] = [
    (
        79,
        "cross-site scripting",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N",
        6.1,
    ),
    (
        89,
        "SQL injection",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        9.8,
    ),
    (
        22,
        "path traversal",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
        7.5,
    ),
    (
        862,
        "missing authorisation",
        "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H",
        8.8,
    ),
    (
        416,
        "use after free",
        "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:N/A:N",
        3.3,
    ),
    (
        78,
        "command injection",
        "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H",
        8.8,
    ),
];
const TRADES: [&str; 10] = [
    "Bank",
    "Hospital",
    "University",
    "Airways",
    "Power",
    "Telecom",
    "Insurance",
    "Clinic",
    "Steel",
    "Foods",
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(place), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("fill FILE-OR-ADDRESS ITEMS [CVE-RECORDS]".into());
    };
    let count: u64 = count.parse()?;
    let flaws: u64 = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let location = if place.starts_with("postgres") {
        Location::Postgres(place.parse()?)
    } else {
        Location::File(PathBuf::from(place))
    };
    let store = store::open(location, Arc::new(PassBy)).await?;
    let mut world = World::new();
    let start = Instant::now();
    for first in (0..flaws).step_by(usize::try_from(POLL)?) {
        let heard = (first..flaws.min(first + POLL)).map(|nth| world.record(nth, flaws));
        let poll = Collected {
            heard: heard.collect::<Result<_, _>>()?,
            ..poll(SourceId::new("nvd")?)?
        };
        store.record(poll).await?;
    }
    println!(
        "{flaws} CVE records in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    let start = Instant::now();
    for first in (0..count).step_by(usize::try_from(POLL)?) {
        let told: Vec<Told> = (first..count.min(first + POLL))
            .map(|n| world.item(n, count))
            .collect::<Result<_, _>>()?;
        write(&store, told).await?;
        if (first / POLL).is_multiple_of(100) {
            let rate = (first + POLL) as f64 / start.elapsed().as_secs_f64();
            println!("{first:>10} items, {rate:.0} /s");
        }
    }
    println!("{count} items in {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// An item and what becomes of it.
struct Told {
    item: Item,
    placed: Placed,
}

async fn write(store: &Arc<dyn Store>, told: Vec<Told>) -> Result<(), Box<dyn Error>> {
    let mut polls: BTreeMap<SourceId, Vec<Item>> = BTreeMap::new();
    for one in &told {
        let poll = polls.entry(one.item.source.clone()).or_default();
        poll.push(one.item.clone());
    }
    for (source, items) in polls {
        let poll = Collected {
            items,
            ..poll(source)?
        };
        store.record(poll).await?;
    }
    let now = Timestamp::from_second(FIRST)?;
    let fence = store.acquire("lane", "fill", now, now).await?;
    let fence = fence.ok_or("somebody else places")?;
    let mut told = told.into_iter().map(|one| one.placed).peekable();
    while told.peek().is_some() {
        let mut sitting = store.sit(&fence).await?;
        for placed in told.by_ref().take(SITTING) {
            sitting.place(placed).await?;
        }
        sitting.commit().await?;
    }
    Ok(())
}

/// A poll that gave nothing yet.
fn poll(source: SourceId) -> Result<Collected, Box<dyn Error>> {
    Ok(Collected {
        source,
        at: Timestamp::from_second(FIRST)?,
        items: Vec::new(),
        heard: Vec::new(),
        cursor: None,
        occasion: Occasion::History,
        categories: Vec::new(),
        problems: (0, None),
        arrived: Arrived::default(),
    })
}

/// The name of the CVE that has this place among all records.
fn flaw(nth: u64) -> Result<CveId, Box<dyn Error>> {
    let (year, number) = FIRST_FLAW;
    Ok(CveId::new(&format!(
        "CVE-{}-{}",
        year + nth / FLAWS_A_YEAR,
        number + nth % FLAWS_A_YEAR
    ))?)
}

/// The world that is invented: chance, and the stories that are told just now.
struct World {
    state: u64,
    stories: Vec<Story>,
    sources: Vec<SourceId>,
}

struct Story {
    /// Items it has still to come.
    left: u64,
    victim: String,
    kind: usize,
    actor: &'static str,
    place: (&'static str, &'static str),
    people: u64,
    cve: Option<CveId>,
    second: u64,
    incident: Option<Incident>,
}

impl World {
    fn new() -> Self {
        let source = |n| SourceId::new(&format!("news{n}")).ok();
        Self {
            state: 1,
            stories: Vec::new(),
            sources: (0..40).filter_map(source).collect(),
        }
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> Result<T, Box<dyn Error>> {
        let nth = usize::try_from(self.below(of.len() as u64))?;
        of.get(nth).copied().ok_or_else(|| "nothing to pick".into())
    }

    /// Few are large: a Pareto distribution.
    fn pareto(&mut self, alpha: f64) -> u64 {
        let unit = ((self.next() >> 11) as f64 + 1.0) / (1_u64 << 53) as f64;
        unit.powf(-1.0 / alpha).min(1e15) as u64
    }

    fn name(&mut self) -> Result<String, Box<dyn Error>> {
        let mut name = String::new();
        for _ in 0..2 + self.below(3) {
            name.push_str(self.pick(&SYLLABLES)?);
        }
        let capital = name.get(..1).unwrap_or_default().to_uppercase();
        name.replace_range(..1, &capital);
        Ok(name)
    }

    fn words(&mut self, count: u64) -> Result<String, Box<dyn Error>> {
        let mut text = String::new();
        for nth in 0..count {
            let space = if nth == 0 { "" } else { " " };
            if self.below(10) < 6 {
                write!(text, "{space}{}", self.pick(&COMMON)?)?;
            } else {
                let number = self.pareto(0.7) % 60_000;
                write!(text, "{space}{}{number}", self.pick(&SYLLABLES)?)?;
            }
        }
        Ok(text)
    }

    fn begin(&mut self, n: u64, count: u64) -> Result<Story, Box<dyn Error>> {
        let kinds: Vec<usize> = (0..KINDS.len()).collect();
        let cve = match self.below(STORIES_A_FLAW) {
            0 => Some(flaw(FLAWS_A_NAMED * self.named())?),
            _ => None,
        };
        Ok(Story {
            left: self.pareto(1.2).min(40),
            victim: format!("{} {} {}", self.name()?, self.name()?, self.pick(&TRADES)?),
            kind: self.pick(&kinds)?,
            actor: self.pick(&ACTORS)?,
            place: self.pick(&PLACES)?,
            people: 100 + self.below(5_000_000),
            cve,
            second: n * SECONDS / count,
            incident: None,
        })
    }

    /// The place among those named of one that a story names: few are named by many.
    fn named(&mut self) -> u64 {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        ((NAMED as f64).powf(unit) as u64).saturating_sub(1)
    }

    /// What NVD says of one CVE.
    fn record(&mut self, nth: u64, of: u64) -> Result<Heard, Box<dyn Error>> {
        let (cwe, kind, vector, base) = self.pick(&FLAWS)?;
        let (vendor, product) = (self.name()?.to_lowercase(), self.name()?.to_lowercase());
        let version = format!("{}.{}", 1 + self.below(20), self.below(40));
        let at = FIRST + i64::try_from(nth * SECONDS / of)?;
        let at = Timestamp::from_second(at)?;
        let mut statement = Statement::new(flaw(nth)?, SourceId::new("nvd")?);
        statement.url = Some(format!("https://nvd.example/{}", statement.cve));
        statement.description = Some(format!(
            "In {vendor} {product} before {version}, {kind} lets an attacker who reaches the \
             {} reach what is not theirs. {}.",
            self.pick(&COMMON)?,
            self.words(25)?
        ));
        statement.status = Some(VulnerabilityStatus::Analyzed);
        statement.published = Some(at);
        statement.modified = Some(at);
        statement.scores = vec![Score {
            sayer: Sayer::Nvd,
            version: ScoreVersion::V31,
            vector: Some(vector.to_owned()),
            base,
        }];
        statement.weaknesses = vec![CweId(cwe)];
        statement.references = (0..1 + self.below(5))
            .map(|link| Reference {
                url: format!("https://{vendor}.example/advisories/{nth}/{link}"),
                tags: vec!["Vendor Advisory".to_owned()],
            })
            .collect();
        statement.affected = vec![Affected {
            vendor,
            product,
            versions: VersionRange {
                to_excluding: Some(version),
                ..VersionRange::default()
            },
        }];
        Ok(Heard {
            statement,
            promote: false,
        })
    }

    fn item(&mut self, n: u64, count: u64) -> Result<Told, Box<dyn Error>> {
        while self.stories.len() < STORIES {
            let story = self.begin(n, count)?;
            self.stories.push(story);
        }
        let nth = self.below(STORIES as u64);
        let mut story = self.stories.swap_remove(usize::try_from(nth)?);
        story.left = story.left.saturating_sub(1);
        let (kind, label) = KINDS.get(story.kind).copied().ok_or("no such kind")?;
        let (victim, people) = (&story.victim, story.people);
        let cves: Vec<CveId> = story.cve.iter().cloned().collect();
        let way = cves.first().map_or("a stolen password", CveId::as_str);
        let (actor, (place, country)) = (story.actor, story.place);
        let title = match self.below(3) {
            0 => format!("{victim} confirms {kind}, {people} customers affected"),
            1 => format!("{actor} behind {kind} on {victim} in {place}"),
            _ => format!("{kind} at {victim}: what is known"),
        };
        let text = format!(
            "{victim} in {place} said that a {kind} by {actor} hit its systems. {}. About {people} \
             customers are affected; the attackers used {way}. {}.",
            self.words(60)?,
            self.words(90)?
        );
        let at =
            Timestamp::from_second(FIRST + i64::try_from(story.second + self.below(3 * 86_400))?)?;
        let source = self
            .sources
            .get(usize::try_from(n % 40)?)
            .ok_or("no source")?;
        let draft = Draft {
            external_id: n.to_string(),
            kind: ItemKind::Article,
            url: Some(format!("https://{source}.example/{n}")),
            title,
            text,
            markup: Markup::Plain,
            author: None,
            language: Some("en".to_owned()),
            published: Some(at),
            updated: None,
            stated: Stated::default(),
        };
        let item = Item::new(source, draft, at);
        let score = (story.people % 100) as f32 / 10.0;
        let severity = Judgement::of_score(score, reason(Aspect::Severity, "as invented"));
        let region = Region {
            countries: vec![country.parse::<Country>()?],
            states: Vec::new(),
        };
        let mut named = vec![
            (
                EntityKind::Organisation,
                victim.as_str(),
                Some(Role::Victim),
            ),
            (EntityKind::Actor, actor, None),
            (EntityKind::Place, place, None),
        ];
        named.extend(cves.iter().map(|cve| (EntityKind::Cve, cve.as_str(), None)));
        let analysis = Analysis {
            title: item.title.clone(),
            text: item.text.clone(),
            language: Some("eng".to_owned()),
            relevance: RELEVANCE,
            types: vec![Tagged {
                label,
                confidence: 0.9,
            }],
            severity: severity.clone(),
            region: region.clone(),
            sectors: Vec::new(),
            entities: named
                .iter()
                .map(|(kind, name, role)| Entity {
                    kind: *kind,
                    name: (*name).to_owned(),
                    spans: vec![Span {
                        field: Field::Text,
                        start: 0,
                        end: 9,
                    }],
                    role: *role,
                })
                .collect(),
            keywords: Vec::new(),
            story_keys: StoryKeys {
                cves: cves.clone(),
                canonical_url: item.url.clone(),
                content_hash: model::hash::short(&[item.title.as_bytes(), item.text.as_bytes()]),
                print: print(&item.title, &item.text),
            },
            reasons: vec![
                reason(Aspect::Relevance, "it tells of an attack"),
                reason(Aspect::Type, "it is named in the title"),
                reason(Aspect::Region, "the place lies there"),
            ],
        };
        let voice = Voice {
            origin: item.id.to_string(),
            judgement: severity.clone(),
        };
        let incident = match story.incident.take() {
            Some(mut known) => {
                known.revision += 1;
                known.items += 1;
                known.last_seen = known.last_seen.max(at);
                if !known.sources.contains(source) {
                    known.sources.push(source.clone());
                    known.publishers.push(format!("{source}.example"));
                }
                known.voices.push(voice);
                known.voices.truncate(Incident::MAX_VOICES);
                known.entities.iter_mut().for_each(|one| one.count += 1);
                known
            }
            None => Incident {
                id: IncidentId(model::id::uuid_v7(at, &random(n))),
                revision: 1,
                title: item.title.clone(),
                summary: item.text.chars().take(300).collect(),
                url: item.url.clone(),
                source: source.clone(),
                severity,
                voices: vec![voice],
                types: analysis.types.clone(),
                region,
                sectors: Vec::new(),
                relevance: RELEVANCE,
                cves: cves.clone(),
                exploited: n.is_multiple_of(7),
                kev: false,
                keywords: Vec::new(),
                claim: ClaimStatus::Reported,
                status: IncidentStatus::New,
                assignee: None,
                tags: Vec::new(),
                first_seen: at,
                last_seen: at,
                items: 1,
                sources: vec![source.clone()],
                publishers: vec![format!("{source}.example")],
                reasons: analysis.reasons.clone(),
                said: None,
                entities: named
                    .iter()
                    .map(|(kind, name, role)| EntityCount {
                        kind: *kind,
                        name: (*name).to_owned(),
                        count: 1,
                        role: *role,
                    })
                    .collect(),
                epss: None,
                cvss: None,
            },
        };
        story.incident = Some(incident.clone());
        if story.left > 0 {
            self.stories.push(story);
        }
        let placed = Placed {
            item: item.id,
            at,
            analysis,
            repeat_of: None,
            joined_because: (incident.items > 1).then(|| "it tells the same story".to_owned()),
            incident: Some(incident),
            alerts: Vec::new(),
            deliveries: Vec::new(),
        };
        Ok(Told { item, placed })
    }
}

const RELEVANCE: Relevance = Relevance {
    label: RelevanceLabel::Incident,
    probability: 0.9,
};

fn reason(aspect: Aspect, text: &str) -> Reason {
    Reason::new(aspect, text, 1.0)
}

fn random(n: u64) -> [u8; 10] {
    let mut random = [0; 10];
    for (to, from) in random.iter_mut().zip(n.to_be_bytes()) {
        *to = from;
    }
    random
}

/// As large as a real one: every word, and twenty by which others are looked for.
fn print(title: &str, text: &str) -> Print {
    let hashes = |text: &str| {
        let mut hashes: Vec<(u32, u16)> = tokens::stream(text)
            .split(' ')
            .map(|word| {
                let [a, b, c, d, ..] = model::hash::short(&[word.as_bytes()]);
                (u32::from_le_bytes([a, b, c, d]), 1_000)
            })
            .collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    };
    let (title, terms) = (hashes(title), hashes(text));
    Print {
        keys: terms.iter().copied().take(20).collect(),
        names: title.iter().map(|(hash, _)| *hash).take(4).collect(),
        title,
        terms,
        ..Print::default()
    }
}
