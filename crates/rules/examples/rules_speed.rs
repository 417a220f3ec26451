//! What an incident costs by the number of rules: `cargo run --release -p rules
//! --example rules_speed`. Rules are of the kinds people write: products, vendors,
//! actors and victims they watch, words, types with regions; all different.
#![expect(clippy::print_stdout, reason = "a measurement is printed")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use model::query::{Frame, Subject};
use model::tokens::Text;
use model::{
    Aspect, Audience, ClaimStatus, Country, EntityCount, EntityKind, Incident, IncidentStatus,
    IncidentType, Judgement, Reason, Region, Relevance, RelevanceLabel, Role, Rule, Tagged,
    Timestamp,
};
use rules::RuleSet;

/// How often an incident is evaluated at each size.
const TIMES: u32 = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let now: Timestamp = "2026-11-21T10:00:00Z".parse()?;
    let frame = Frame::at(now);
    let (before, after) = (incident(now, 1)?, incident(now, 2)?);
    let article: Vec<String> = (0..300)
        .map(|n| format!("word{}", n * 37 % 4_000))
        .collect();
    let texts: Vec<Text> = (0..2)
        .map(|_| Text::of(&after.title, &article.join(" "), "feed-a"))
        .collect();
    let subject = |incident, texts| Subject {
        incident,
        vulnerabilities: &[],
        texts,
    };
    let mut of_ten = 0.0;
    for count in [10_u32, 100, 1_000, 10_000, 100_000] {
        let rules: Result<Vec<Rule>, Box<dyn Error>> = (0..count).map(rule).collect();
        let start = Instant::now();
        let set = RuleSet::compile(rules?);
        let compiled = start.elapsed();
        let start = Instant::now();
        let mut spoken = 0;
        for _ in 0..TIMES {
            let verdicts = set.evaluate(
                Some(subject(&before, texts.get(1..).unwrap_or_default())),
                black_box(subject(&after, &texts)),
                &frame,
            );
            spoken = verdicts.len();
        }
        let each = start.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES);
        if count == 10 {
            of_ten = each;
        }
        println!(
            "{count:>7} rules: {each:>8.1} µs an incident ({:.1} × of 10 rules), {spoken} speak, compiled in {:.0} ms",
            each / of_ten,
            compiled.as_secs_f64() * 1e3
        );
    }
    Ok(())
}

/// A rule as somebody who watches one thing would write it.
fn rule(n: u32) -> Result<Rule, Box<dyn Error>> {
    let query = match n % 10 {
        0 => format!("product:product{n} severity>=high"),
        1 => format!("vendor:vendor{n} (kev:true OR epss>0.5)"),
        2 => format!("\"watched{n} company\" severity>=medium"),
        3 => format!("victim:\"company {n}\" OR org:\"company {n}\""),
        4 => format!("actor:group{n} (region:IN OR sector:banking)"),
        5 => format!("type:ransomware word{} place:town{n}", n % 4_000),
        6 => format!("cve:CVE-2026-{:04} exploited:true", n),
        7 => format!("word{n} region:IN NOT type:ddos"),
        8 => format!("malware:family{n} last:7d"),
        _ => format!("type:data_breach state:KA items>={} keyword{n}", n % 5),
    };
    Ok(Rule {
        id: format!("rule-{n}").parse()?,
        query: query.parse()?,
        audience: Audience::Everyone,
    })
}

/// An incident with as many names as a long article has.
fn incident(now: Timestamp, revision: u64) -> Result<Incident, Box<dyn Error>> {
    let named = |kind, name: &str, role| EntityCount {
        kind,
        name: name.to_owned(),
        count: 1,
        role,
    };
    let mut entities = vec![
        named(EntityKind::Organisation, "Company 1003", Some(Role::Victim)),
        named(EntityKind::Actor, "Group14", None),
        named(EntityKind::Malware, "Family8", None),
    ];
    for n in 0..40_u32 {
        let name = format!("Some Other Name {n}");
        entities.push(named(EntityKind::Organisation, &name, None));
    }
    Ok(Incident {
        id: "01936000-0000-7000-8000-000000000001".parse()?,
        revision,
        title: "Company 1003 attacked".to_owned(),
        summary: "Attackers reached the network of a bank.".to_owned(),
        url: None,
        source: "feed-a".parse()?,
        severity: Judgement::of_score(8.0, Reason::new(Aspect::Severity, "a bench", 1.0)),
        voices: Vec::new(),
        types: vec![Tagged {
            label: IncidentType::Ransomware,
            confidence: 0.9,
        }],
        region: Region {
            countries: vec![Country::INDIA],
            states: vec!["KA".to_owned()],
        },
        sectors: Vec::new(),
        relevance: Relevance {
            label: RelevanceLabel::Incident,
            probability: 0.9,
        },
        cves: Vec::new(),
        exploited: revision > 1,
        kev: false,
        keywords: Vec::new(),
        claim: ClaimStatus::Reported,
        status: IncidentStatus::New,
        assignee: None,
        tags: Vec::new(),
        first_seen: now,
        last_seen: now,
        items: 2,
        sources: vec!["feed-a".parse()?],
        publishers: Vec::new(),
        reasons: Vec::new(),
        said: None,
        entities,
        epss: None,
        cvss: None,
    })
}
