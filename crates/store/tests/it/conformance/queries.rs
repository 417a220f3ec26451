//! The query language: what a store finds is what the evaluator finds.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::query::{Facts, Frame, Key, Subject, holds, parse};
use model::{
    Affected, ClaimStatus, Country, EntityCount, EntityKind, Epss, Exploitation, Incident,
    IncidentId, IncidentStatus, IncidentType, OwaspCategory, Query, Role, SearchId, Sector, Tagged,
    VersionRange,
};
use store::handling::Act;
use store::{Change, IncidentOrder, PageRequest, SavedSearch, Store};

use crate::build::{
    Tale, cve, heard, item, judgement, minute, published, said, scored, statement, titles, wanted,
};

type Db = Arc<dyn Store>;

/// How many random queries are asked.
const QUERIES: u64 = 200;
/// How many incidents they are asked of.
const INCIDENTS: u64 = 160;
/// Where randomness begins; `PRAHARI_SEED=… cargo test` begins elsewhere.
const SEED: u64 = 7_919;

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }
}

const WORDS: [&str; 16] = [
    "ransomware",
    "exploited",
    "bank",
    "flaw",
    "zero-day",
    "patch",
    "hospital",
    "data",
    "leaked",
    "FortiOS",
    "7.2.4",
    "रेलवे",
    "हमला",
    "attackers",
    "phishing",
    "server",
];
const NAMES: [(EntityKind, &str); 15] = [
    (EntityKind::Actor, "LockBit 3.0"),
    (EntityKind::Actor, "Lazarus Group"),
    (EntityKind::Actor, "Storm-1567"),
    (EntityKind::Malware, "Emotet"),
    (EntityKind::Malware, "LockBit"),
    (EntityKind::Tool, "Mimikatz"),
    (EntityKind::Organisation, "State Bank of India"),
    (EntityKind::Organisation, "Apollo Hospitals"),
    (EntityKind::Organisation, "Apollonia GmbH"),
    (EntityKind::Product, "FortiOS"),
    (EntityKind::Place, "Kochi"),
    (EntityKind::Attack, "T1566.001"),
    (EntityKind::Ip, "198.51.100.7"),
    (EntityKind::Url, "https://evil.example/login"),
    (EntityKind::Vulnerability, "Log4Shell"),
];
const CVES: [&str; 6] = [
    "CVE-2026-1000",
    "CVE-2026-1001",
    "CVE-2026-2000",
    "CVE-2025-3000",
    "CVE-2025-3001",
    "CVE-2024-4000",
];
const SOURCES: [&str; 4] = ["feed-a", "feed-b", "cert_in", "nvd"];

fn text(random: &mut Random, most: u64) -> String {
    let count = 1 + random.below(most);
    let words: Vec<&str> = (0..count).map(|_| random.one_of(&WORDS)).collect();
    words.join(" ")
}

fn entity(kind: EntityKind, name: &str, role: Option<Role>) -> EntityCount {
    EntityCount {
        kind,
        name: name.to_owned(),
        count: 1,
        role,
    }
}

fn affected(vendor: &str, product: &str, versions: &str) -> Affected {
    Affected {
        vendor: vendor.to_owned(),
        product: product.to_owned(),
        versions: VersionRange::of_text(versions).unwrap(),
    }
}

/// What two sources say of the CVEs.
async fn cves_are_told(store: &Db) {
    let facts = [
        (
            CVES[0],
            9.8,
            0.97,
            79,
            affected("fortinet", "fortios", ">= 7.2.0, < 7.2.5"),
        ),
        (
            CVES[1],
            7.5,
            0.4,
            89,
            affected("Apache", "Struts", "< 2.5.33"),
        ),
        (
            CVES[2],
            5.0,
            0.001,
            79,
            affected("microsoft", "exchange_server", "*"),
        ),
        (
            CVES[3],
            8.1,
            0.5,
            787,
            affected("fortinet", "fortios", "= 7.2.4"),
        ),
    ];
    let mut all = Vec::new();
    for (id, score, epss, weakness, product) in facts {
        let mut one = scored(statement("nvd", id, "A flaw: code execution."), score);
        one.epss = Epss::new(epss, 0.5, None, None);
        one.weaknesses = vec![model::CweId(weakness)];
        one.affected = vec![product];
        all.push(heard(one, false));
    }
    all.push(heard(statement("nvd", CVES[4], "Nothing is known."), false));
    store.record(said("nvd", all)).await.unwrap();
    let mut owasp = said("owasp", Vec::new());
    owasp.categories = vec![OwaspCategory {
        edition: 2025,
        rank: 5,
        id: "A05:2025".to_owned(),
        title: "Injection".to_owned(),
        url: "https://owasp.example/".to_owned(),
        summary: "Injection.".to_owned(),
        cwes: vec![model::CweId(79), model::CweId(89)],
    }];
    store.record(owasp).await.unwrap();
}

/// Incidents of every kind, each of one to three items.
async fn a_random_world(store: &Db, random: &mut Random) -> Tale {
    cves_are_told(store).await;
    let tale = Tale::of(store.clone()).await;
    for n in 0..INCIDENTS {
        let (from, title) = (random.one_of(&SOURCES), text(random, 4));
        let at = minute(-i64::try_from(random.below(30_000)).unwrap());
        let first = published(
            item(from, &format!("one-{n}"), &title, &text(random, 12)),
            at,
        );
        let mut opened = tale.opened(&first, |it| furnish(it, random)).await;
        for more in 0..random.below(3) {
            let from = random.one_of(&SOURCES);
            let another = published(
                item(
                    from,
                    &format!("more-{n}-{more}"),
                    &text(random, 4),
                    &text(random, 12),
                ),
                at,
            );
            tale.record(&[&another]).await;
            opened.items += 1;
            opened.revision += 1;
            if !opened.sources.contains(&another.source) {
                opened.sources.push(another.source.clone());
            }
            let placed = crate::build::placed(&another, Some(opened.clone()));
            tale.commit(placed).await.unwrap();
        }
        if random.one_in(4) {
            let status = random.one_of(IncidentStatus::ALL);
            let act = Act {
                status: Some(status),
                ..Act::default()
            };
            let change = Change {
                at: minute(3),
                by: "Asha".to_owned(),
            };
            store.handle(opened.id, act, change, None).await.unwrap();
        }
    }
    tale
}

fn furnish(it: &mut Incident, random: &mut Random) {
    it.severity = judgement(f32::from(u8::try_from(random.below(101)).unwrap()) / 10.0);
    it.claim = random.one_of(ClaimStatus::ALL);
    it.exploited = random.one_in(3);
    it.kev = random.one_in(5);
    let certain = |label| Tagged {
        label,
        confidence: 0.9,
    };
    if !random.one_in(4) {
        it.types = vec![certain(random.one_of(&IncidentType::ALL[..4]))];
    }
    if random.one_in(2) {
        it.sectors = vec![Tagged {
            label: random.one_of(&Sector::ALL[..3]),
            confidence: 0.9,
        }];
    }
    if random.one_in(2) {
        it.region.countries = vec![Country::INDIA];
        it.region.states = vec![random.one_of(&["KA", "KL", "OD"]).to_owned()];
    } else if random.one_in(2) {
        it.region.countries = vec!["US".parse().unwrap()];
    }
    for _ in 0..random.below(3) {
        let id = cve(random.one_of(&CVES));
        if !it.cves.contains(&id) {
            it.cves.push(id);
        }
    }
    if random.one_in(4) {
        it.keywords = vec!["Acme VPN".to_owned()];
    }
    for _ in 0..random.below(5) {
        let (kind, name) = random.one_of(&NAMES);
        let is_victim = kind == EntityKind::Organisation && random.one_in(2);
        if it
            .entities
            .iter()
            .all(|known| known.name != name || known.kind != kind)
        {
            it.entities
                .push(entity(kind, name, is_victim.then_some(Role::Victim)));
        }
    }
}

fn random_query(random: &mut Random, depth: u64) -> String {
    if depth == 0 || random.one_in(3) {
        let leaf = random_leaf(random);
        return if random.one_in(6) {
            format!("NOT ({leaf})")
        } else {
            leaf
        };
    }
    let count = 2 + random.below(2);
    let parts: Vec<String> = (0..count)
        .map(|_| random_query(random, depth - 1))
        .collect();
    match random.below(5) {
        0 => format!("NOT ({})", parts.join(" OR ")),
        1 | 2 => format!("({})", parts.join(" OR ")),
        _ => format!("({})", parts.join(" ")),
    }
}

fn random_leaf(random: &mut Random) -> String {
    let sign = random.one_of(&["=", "<", "<=", ">", ">="]);
    match random.below(30) {
        0 | 1 => random.one_of(&WORDS).to_owned(),
        2 => format!("\"{} {}\"", random.one_of(&WORDS), random.one_of(&WORDS)),
        3 => random
            .one_of(&[
                "expl*",
                "forti*",
                "ban*",
                "zero-d*",
                "\"data lea\"*",
                "hosp* -bank",
                "feed-a",
            ])
            .to_owned(),
        4 => format!("title:{}", random.one_of(&WORDS)),
        5 => format!("{} {}", random.one_of(&WORDS), random.one_of(&WORDS)),
        6 => format!(
            "type:{}",
            random.one_of(&[
                "ransomware",
                "data_breach,ddos",
                "phishing_fraud",
                "malware",
                "*"
            ])
        ),
        7 | 8 => format!(
            "severity{sign}{}",
            random.one_of(&["low", "medium", "high", "critical"])
        ),
        9 => format!(
            "score{sign}{}",
            random.one_of(&["0", "4", "7.5", "7.55", "9.9"])
        ),
        10 => format!(
            "epss{sign}{}",
            random.one_of(&["0.97", "0.4", "0.001", "0.5", "1"])
        ),
        11 => format!("cvss{sign}{}", random.one_of(&["9.8", "7.5", "5", "8.15"])),
        12 => random
            .one_of(&["epss:0.2..0.8", "cvss:7..9", "items:2..3", "score:4..6.95"])
            .to_owned(),
        13 => format!("items{sign}{}", 1 + random.below(3)),
        14 => random
            .one_of(&["kev:true", "kev:false", "exploited:true", "exploited:false"])
            .to_owned(),
        15 => format!(
            "region:{}",
            random.one_of(&["IN", "US", "IN-KA", "US,IN-KL", "Odisha", "FR"])
        ),
        16 => format!("state:{}", random.one_of(&["KA", "OR", "Kerala", "DL"])),
        17 => format!(
            "sector:{}",
            random.one_of(&["power", "banking", "telecom", "health"])
        ),
        18 => format!(
            "status:{}",
            random.one_of(&["new", "handled,dismissed", "watching"])
        ),
        19 => format!("claim:{}", random.one_of(&["claimed", "confirmed,denied"])),
        20 => format!(
            "cve:{}",
            random.one_of(&[
                "CVE-2026-1000",
                "CVE-2026-*",
                "CVE-2025-3*,CVE-2024-4000",
                "*"
            ])
        ),
        21 => format!(
            "source:{}",
            random.one_of(&["feed-a", "feed-*", "cert_in,nvd", "none"])
        ),
        22 => random
            .one_of(&["keyword:\"acme vpn\"", "keyword:*", "keyword:acm*"])
            .to_owned(),
        23 => format!(
            "actor:{}",
            random.one_of(&["lockbit", "lazar*", "3.0", "\"lockbit 3.0\",lazarus", "*"])
        ),
        24 => random
            .one_of(&[
                "malware:lockbit",
                "malware:*",
                "tool:mimi*",
                "place:kochi",
                "flaw:log4shell",
                "person:*",
            ])
            .to_owned(),
        25 => format!(
            "{}:{}",
            random.one_of(&["victim", "org"]),
            random.one_of(&["apollo", "apollo*", "\"state bank\"", "india", "hospitals"])
        ),
        26 => format!(
            "product:{}",
            random.one_of(&[
                "fortios",
                "\"fortinet fortios\" version:7.2.4",
                "struts version:2.5.32",
                "\"exchange server\"",
                "exchange_server version:1",
                "server",
                "struts version:3"
            ])
        ),
        27 => format!(
            "vendor:{}",
            random.one_of(&["fortinet", "apache,microsoft", "micro*"])
        ),
        28 => random
            .one_of(&[
                "cwe:79",
                "cwe:CWE-89,787",
                "attack_class:xss",
                "attack_class:sql_injection,memory_corruption",
                "class:rce",
                "attack_class:*",
                "owasp:A05",
                "owasp:A05:2025",
                "technique:T1566",
                "technique:t1566.001",
                "indicator:evil.example",
                "indicator:198.51.*",
            ])
            .to_owned(),
        _ => random
            .one_of(&[
                "after:2026-11-15",
                "before:2026-11-10",
                "last:7d",
                "date:2026-11-05..2026-11-12",
                "after:-400h",
                "date:yesterday",
                "before:today",
            ])
            .to_owned(),
    }
}

/// Every incident with what is asked of it.
async fn subjects(
    store: &Db,
) -> Vec<(
    Incident,
    Vec<model::Vulnerability>,
    Vec<model::tokens::Text>,
)> {
    let mut subjects = Vec::new();
    for incident in all(store, "").await {
        let known = store.vulnerabilities(&incident.cves).await.unwrap();
        let texts = store.texts(incident.id, 100).await.unwrap();
        subjects.push((incident, known, texts));
    }
    subjects
}

/// Every incident that a query finds, page after page.
async fn all(store: &Db, query: &str) -> Vec<Incident> {
    let wanted = frame_of(store, query).await;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let request = PageRequest {
            order: IncidentOrder::Latest,
            after,
            limit: 70,
        };
        let page = store.incidents(&wanted, &request).await.unwrap();
        found.extend(page.incidents);
        match page.next {
            Some(next) => after = Some(next),
            None => {
                assert_eq!(
                    (page.total, page.exact),
                    (found.len() as u64, true),
                    "{query}"
                );
                return found;
            }
        }
    }
}

async fn frame_of(store: &Db, query: &str) -> model::query::Condition {
    parse(query).unwrap().bind(&Frame {
        owasp: store.owasp_categories().await.unwrap(),
        ..Frame::at(minute(10))
    })
}

fn evaluated(
    condition: &model::query::Condition,
    subjects: &[(
        Incident,
        Vec<model::Vulnerability>,
        Vec<model::tokens::Text>,
    )],
) -> BTreeSet<IncidentId> {
    let held = subjects.iter().filter(|(incident, known, texts)| {
        let subject = Subject {
            incident,
            vulnerabilities: known,
            texts,
        };
        holds(condition, &Facts::of(subject))
    });
    held.map(|(incident, ..)| incident.id).collect()
}

pub(crate) async fn random_queries_find_what_the_evaluator_finds(store: Db, _: Db) {
    let seed = option_env!("PRAHARI_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    let mut random = Random(seed);
    a_random_world(&store, &mut random).await;
    let subjects = subjects(&store).await;
    assert_eq!(subjects.len() as u64, INCIDENTS);
    let mut some_found = 0;
    for case in 0..QUERIES {
        let mut random = Random(seed.wrapping_mul(1_000_003).wrapping_add(case));
        let asked = random_query(&mut random, 3);
        let query = parse(&asked).unwrap();
        assert_eq!(parse(&query.to_string()).as_ref(), Ok(&query), "{asked}");
        let found: BTreeSet<IncidentId> = all(&store, &asked)
            .await
            .iter()
            .map(|incident| incident.id)
            .collect();
        let expected = evaluated(&frame_of(&store, &asked).await, &subjects);
        assert_eq!(
            found,
            expected,
            "seed {seed}, query {case}: {asked}; the store finds {} and memory {}",
            found.len(),
            expected.len()
        );
        some_found += usize::from(!found.is_empty());
    }
    assert!(
        some_found >= 100,
        "only {some_found} of {QUERIES} find something"
    );
}

pub(crate) async fn a_threat_is_found_by_all_its_names(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    // What older versions called them, and what this one does.
    for (title, name, other) in [
        ("Mill", "Storm-1567", "Zorvex"),
        ("Port", "Akira", "Emotet"),
        // Read as malware, and as the gang that is named like it.
        ("Line", "GhostEmperor", "Cl0p"),
    ] {
        tale.opened(&item("feed", title, title, ""), |it| {
            it.entities = vec![
                entity(EntityKind::Actor, name, None),
                entity(EntityKind::Malware, "Noberus", None),
                entity(EntityKind::Malware, other, None),
            ];
        })
        .await;
    }
    for (query, expected) in [
        ("actor:akira", &["Mill", "Port"][..]),
        ("actor:storm-1567", &["Mill", "Port"]),
        ("actor:\"punk spider\"", &["Mill", "Port"]),
        ("actor:\"Salt Typhoon\"", &["Line"]),
        ("-actor:akira", &["Line"]),
        ("malware:blackcat actor:akira", &["Mill", "Port"]),
        ("malware:alphv actor:ghostemperor", &["Line"]),
        ("actor:akir*", &["Port"]),
        ("actor:clop", &["Line"]),
        ("-actor:clop malware:emotet", &["Port"]),
        ("malware:akira", &["Mill", "Port"]),
        ("actor:apt36", &[]),
        // A name that nobody knows may be either's.
        ("actor:zorvex", &["Mill"]),
        ("malware:zorvex", &["Mill"]),
        ("actor!=akira", &["Line"]),
        ("items!=1", &[]),
        ("severity!=critical actor != akira", &["Line"]),
    ] {
        let mut found: Vec<String> = all(&store, query)
            .await
            .into_iter()
            .map(|it| it.title)
            .collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
    let actors = store.facets(&wanted("actor:*")).await.unwrap().actors;
    let actors: Vec<(&str, u64)> = actors
        .iter()
        .map(|facet| (facet.value.as_str(), facet.count))
        .collect();
    assert_eq!(actors, [("Akira", 2), ("Salt Typhoon", 1)]);
}

pub(crate) async fn names_versions_and_weaknesses_are_found(store: Db, _: Db) {
    cves_are_told(&store).await;
    let tale = Tale::of(store.clone()).await;
    tale.opened(&item("feed", "1", "Gate", ""), |it| {
        it.cves = vec![cve(CVES[0])];
        it.entities = vec![
            entity(
                EntityKind::Organisation,
                "State Bank of India",
                Some(Role::Victim),
            ),
            entity(EntityKind::Attack, "T1566.001", None),
            entity(EntityKind::Url, "https://evil.example/login", None),
        ];
    })
    .await;
    tale.opened(&item("feed", "2", "Mail", ""), |it| {
        it.cves = vec![cve(CVES[2])];
        it.entities = vec![entity(
            EntityKind::Organisation,
            "State Bank of India",
            None,
        )];
    })
    .await;
    for (query, expected) in [
        ("victim:\"state bank\"", &["Gate"][..]),
        ("org:\"STATE BANK\"", &["Mail", "Gate"]),
        ("org:bank", &["Mail", "Gate"]),
        ("org:sta", &[]),
        ("org:sta*", &["Mail", "Gate"]),
        ("product:FortiOS version:7.2.4", &["Gate"]),
        ("product:\"Fortinet FortiOS\" version:7.2.0", &["Gate"]),
        ("product:FortiOS version:7.2.5", &[]),
        ("product:FortiOS version:7.2.40", &[]),
        ("NOT (product:FortiOS version:7.2.4)", &["Mail"]),
        ("product:exchange version:2019", &["Mail"]),
        ("vendor:Fortinet", &["Gate"]),
        ("vendor:\"Forti Net\"", &["Gate"]),
        ("cwe:79", &["Mail", "Gate"]),
        ("attack_class:xss", &["Mail", "Gate"]),
        ("attack_class:sql_injection", &[]),
        ("class:rce", &["Mail", "Gate"]),
        ("owasp:A05", &["Mail", "Gate"]),
        ("owasp:A05:2021", &[]),
        ("technique:T1566", &["Gate"]),
        ("indicator:evil.example", &["Gate"]),
        ("epss>0.9 cvss>=9", &["Gate"]),
        ("epss<0.01", &["Mail"]),
    ] {
        let found: Vec<String> = all(&store, query)
            .await
            .into_iter()
            .map(|it| it.title)
            .collect();
        let mut found: Vec<&str> = found.iter().map(String::as_str).collect();
        found.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
}

pub(crate) async fn what_is_said_of_a_cve_later_is_found_too(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    tale.opened(&item("feed", "1", "Gate", ""), |it| {
        it.cves = vec![cve(CVES[0])]
    })
    .await;
    assert!(tale.found("vendor:fortinet OR epss>0.9").await.is_empty());
    cves_are_told(&store).await;
    assert_eq!(tale.found("vendor:fortinet epss>0.9").await, ["Gate"]);
    assert_eq!(tale.found("product:fortios version:7.2.4").await, ["Gate"]);
    let mut changed = statement("nvd", CVES[0], "It was another product.");
    changed.modified = Some(minute(1));
    changed.affected = vec![affected("apache", "struts", "*")];
    changed.exploitation = Some(Exploitation {
        name: None,
        added: None,
        due: None,
        action: None,
        ransomware: false,
    });
    store
        .record(said("nvd", vec![heard(changed, false)]))
        .await
        .unwrap();
    assert!(tale.found("vendor:fortinet").await.is_empty());
    assert!(tale.found("product:fortios version:7.2.4").await.is_empty());
    assert_eq!(tale.found("vendor:apache").await, ["Gate"]);
}

pub(crate) async fn the_most_telling_come_first(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    let filler = "an article about many other things that happened ".repeat(20);
    for (n, title, text) in [
        (1, "Aside", format!("{filler} kolibri {filler}")),
        (2, "Kolibri attacked", "kolibri is a kolibri".to_owned()),
        (3, "Other", "nothing".to_owned()),
        (4, "Twice", format!("kolibri kolibri {filler}")),
    ] {
        tale.opened(
            &published(item("feed", title, title, &text), minute(-n)),
            |_| (),
        )
        .await;
    }
    let page = |after: Option<String>, limit| PageRequest {
        order: IncidentOrder::Relevance,
        after,
        limit,
    };
    let first = store
        .incidents(&wanted("kolibri"), &page(None, 2))
        .await
        .unwrap();
    assert_eq!(titles(&first), ["Kolibri attacked", "Twice"]);
    assert_eq!((first.total, first.exact), (3, true));
    let second = store
        .incidents(&wanted("kolibri"), &page(first.next, 2))
        .await
        .unwrap();
    assert_eq!(titles(&second), ["Aside"]);
    assert_eq!(second.next, None);
    // Without words all are equally relevant: the latest come first.
    let all = store
        .incidents(&wanted("severity>=low"), &page(None, 3))
        .await
        .unwrap();
    assert_eq!(titles(&all), ["Aside", "Kolibri attacked", "Other"]);
    let rest = store
        .incidents(&wanted("severity>=low"), &page(all.next, 3))
        .await
        .unwrap();
    assert_eq!(titles(&rest), ["Twice"]);
}

pub(crate) async fn how_it_is_looked_up_is_told(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    for title in ["Kolibri attacked", "Bank robbed"] {
        tale.opened(&item("feed", title, title, ""), |_| ()).await;
    }
    let rare = store
        .explain(&wanted("kolibri severity>=low region:IN"))
        .await
        .unwrap();
    assert!(
        rare.steps[0].contains("looked up first"),
        "{:?}",
        rare.steps
    );
    assert!(rare.steps.len() > 1, "the database says nothing");
    let all = store.explain(&wanted("severity>=low")).await.unwrap();
    assert!(all.steps[0].contains("walked"), "{:?}", all.steps);
    assert_eq!((all.total, all.exact), (2, true));
}

pub(crate) async fn facets_count_what_is_found(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    for n in 0..5_u32 {
        tale.opened(
            &item("feed", &n.to_string(), &format!("Story {n}"), ""),
            |it| {
                it.types = vec![Tagged {
                    label: IncidentType::Ddos,
                    confidence: 0.9,
                }];
                if n > 1 {
                    it.region.countries = vec![Country::INDIA];
                    it.region.states = vec!["KA".to_owned()];
                }
                it.entities = vec![entity(EntityKind::Actor, "LockBit", None)];
            },
        )
        .await;
    }
    let facets = store.facets(&wanted("type:ddos")).await.unwrap();
    let told = |facets: &[store::Facet]| {
        facets
            .iter()
            .map(|facet| format!("{} {}", facet.value, facet.count))
            .collect::<Vec<_>>()
    };
    assert_eq!((facets.looked_at, facets.complete), (5, true));
    assert_eq!(told(&facets.types), ["ddos 5"]);
    assert_eq!(told(&facets.countries), ["IN 3"]);
    assert_eq!(told(&facets.states), ["IN-KA 3"]);
    assert_eq!(told(&facets.severities), ["medium 5"]);
    assert_eq!(told(&facets.statuses), ["new 5"]);
    assert_eq!(told(&facets.actors), ["LockBit 5"]);
    assert_eq!(told(&facets.sources), ["feed 5"]);
    let none = store.facets(&wanted("type:malware")).await.unwrap();
    assert_eq!((none.looked_at, none.types), (0, Vec::new()));
}

pub(crate) async fn known_names_are_offered(store: Db, _: Db) {
    let tale = Tale::of(store.clone()).await;
    for (n, name) in ["LockBit 3.0", "LockBit 3.0", "Lazarus Group"]
        .iter()
        .enumerate()
    {
        tale.opened(
            &item("feed", &n.to_string(), &format!("Story {n}"), ""),
            |it| {
                it.entities = vec![entity(EntityKind::Actor, name, None)];
            },
        )
        .await;
    }
    let offered = async |key, begins: &str| store.known_keys(key, begins, 10).await.unwrap();
    let expected = |list: &[(&str, u64)]| {
        list.iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        offered(Key::Actor, "L").await,
        expected(&[("lockbit 3.0", 2), ("lazarus group", 1)])
    );
    assert_eq!(
        offered(Key::Actor, "lockbit 3").await,
        expected(&[("lockbit 3.0", 2)])
    );
    assert_eq!(offered(Key::Source, "fe").await, expected(&[("feed", 3)]));
    assert_eq!(offered(Key::Victim, "").await, expected(&[]));
}

pub(crate) async fn searches_are_kept_by_name(store: Db, other: Db) {
    let search = |n: u128, name: &str, query: &str| SavedSearch {
        id: SearchId(uuid::Uuid::from_u128(n)),
        name: name.to_owned(),
        query: query.parse::<Query>().unwrap(),
        at: minute(1),
    };
    let banks = search(1, "Banks", "sector:banking severity>=high");
    assert!(store.save_search(banks.clone()).await.unwrap());
    assert!(store.save_search(search(2, "All", "")).await.unwrap());
    assert!(!store.save_search(search(3, "Banks", "bank")).await.unwrap());
    let names: Vec<String> = other
        .saved_searches()
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.name)
        .collect();
    assert_eq!(names, ["All", "Banks"]);
    assert_eq!(store.saved_searches().await.unwrap()[1], banks);
    assert!(store.forget_search(banks.id).await.unwrap());
    assert!(!store.forget_search(banks.id).await.unwrap());
    assert_eq!(other.saved_searches().await.unwrap().len(), 1);
}
