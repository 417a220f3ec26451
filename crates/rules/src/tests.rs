//! Who hears of what, told in small incidents.

use expect_test::{Expect, expect};
use model::RelevanceLabel;
use model::tokens::Text;
use testkit::build;

use super::*;

fn incident(change: impl FnOnce(&mut Incident)) -> Incident {
    let mut incident = Incident {
        summary: "Attackers reached the network of a bank.".to_owned(),
        severity: build::judgement(8.0),
        ..build::opened(&build::item("Acme VPN attacked"))
    };
    change(&mut incident);
    incident
}

fn score(incident: &mut Incident, score: f32) {
    incident.severity = build::judgement(score);
}

fn rule(query: &str) -> Vec<Rule> {
    vec![Rule {
        id: "r".parse().unwrap(),
        query: query.parse().unwrap(),
        audience: Audience::Everyone,
    }]
}

/// The incident, with its headline and summary for the text of its only item.
fn texts(incident: &Incident) -> Vec<Text> {
    vec![Text::of(&incident.title, &incident.summary, "feed-a")]
}

fn check(rules: Vec<Rule>, before: Option<&Incident>, after: &Incident, expected: &Expect) {
    let frame = Frame::at("2026-11-21T10:00:00Z".parse().unwrap());
    let (texts_before, texts_after) = (before.map(texts).unwrap_or_default(), texts(after));
    let before = before.map(|incident| Subject {
        incident,
        vulnerabilities: &[],
        texts: &texts_before,
    });
    let after = Subject {
        incident: after,
        vulnerabilities: &[],
        texts: &texts_after,
    };
    let lines: Vec<String> = RuleSet::compile(rules)
        .evaluate(before, after, &frame)
        .into_iter()
        .map(|v| {
            let held = v
                .held
                .map(|why| format!(" — held: {why}"))
                .unwrap_or_default();
            format!("{}: {} ({}){held}", v.rule, v.cause.sentence(), v.reason)
        })
        .collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn the_built_in_rules_tell_what_is_urgent() {
    let indian = |i: &mut Incident| i.region.countries.push(Country::INDIA);
    check(
        Rule::built_in(Country::INDIA),
        None,
        &incident(|_| ()),
        &expect!["feed: new incident (it is relevant)"],
    );
    check(
        Rule::built_in(Country::INDIA),
        None,
        &incident(indian),
        &expect![[r#"
            feed: new incident (it is relevant)
            urgent: new incident (severity is high or above, and India is affected)"#]],
    );
    check(
        Rule::built_in(Country::INDIA),
        None,
        &incident(|i| {
            indian(i);
            score(i, 6.9);
        }),
        &expect!["feed: new incident (it is relevant)"],
    );
}

#[test]
fn nobody_hears_of_what_is_irrelevant() {
    let spam = incident(|i| i.relevance.label = RelevanceLabel::Irrelevant);
    check(Rule::built_in(Country::INDIA), None, &spam, &expect![""]);
}

#[test]
fn a_keyword_is_a_word_and_not_a_piece_of_one() {
    let sap = || rule("\"SAP\" OR \"बैंक\"");
    check(
        sap(),
        None,
        &incident(|i| i.title = "Sapling sold".to_owned()),
        &expect![""],
    );
    check(
        sap(),
        None,
        &incident(|i| i.title = "Flaw in sap".to_owned()),
        &expect!["r: new incident (“SAP” stands in it)"],
    );
    check(
        sap(),
        None,
        &incident(|i| i.title = "बैंक पर हमला".to_owned()),
        &expect!["r: new incident (“बैंक” stands in it)"],
    );
}

#[test]
fn people_hear_again_only_when_it_matters() {
    let rules = || rule("region:IN,LK");
    let india = incident(|i| i.region.countries.push(Country::INDIA));
    let more = |change: &dyn Fn(&mut Incident)| {
        let mut i = india.clone();
        change(&mut i);
        i
    };
    check(rules(), Some(&india), &more(&|i| i.items = 9), &expect![""]);
    check(
        rules(),
        Some(&india),
        &more(&|i| score(i, 9.5)),
        &expect!["r: severity rose from high to critical (India is affected)"],
    );
    check(
        rules(),
        Some(&india),
        &more(&|i| score(i, 2.0)),
        &expect![""],
    );
    check(
        rules(),
        Some(&india),
        &more(&|i| i.exploited = true),
        &expect!["r: exploitation is confirmed (India is affected)"],
    );
    check(
        rules(),
        Some(&india),
        &more(&|i| {
            i.exploited = true;
            i.kev = true;
        }),
        &expect!["r: listed by CISA as known to be exploited (India is affected)"],
    );
    check(
        rules(),
        Some(&india),
        &more(&|i| i.region.countries.push("LK".parse().unwrap())),
        &expect!["r: Sri Lanka is now affected (India is affected)"],
    );
    check(
        rules(),
        Some(&india),
        &more(&|i| i.region.countries.push("US".parse().unwrap())),
        &expect![""],
    );
}

#[test]
fn a_rule_that_is_met_late_fires_as_new() {
    let rules = rule("severity:critical");
    check(
        rules,
        Some(&incident(|_| ())),
        &incident(|i| score(i, 9.8)),
        &expect!["r: new incident (severity is critical or above)"],
    );
}

#[test]
fn old_news_and_dismissed_incidents_are_held() {
    let old = incident(|i| i.last_seen = "2026-10-01T00:00:00Z".parse().unwrap());
    check(
        rule(""),
        None,
        &old,
        &expect!["r: new incident (it is relevant) — held: its latest report is 51 days old"],
    );
    let dismissed = incident(|i| i.status = IncidentStatus::Dismissed);
    check(
        rule(""),
        None,
        &dismissed,
        &expect!["r: new incident (it is relevant) — held: it was dismissed by hand"],
    );
}

#[test]
fn a_rule_is_a_query() {
    let lockbit = incident(|i| {
        i.entities.push(model::EntityCount {
            kind: model::EntityKind::Actor,
            name: "LockBit 3.0".to_owned(),
            count: 1,
            role: None,
        });
        i.epss = Some(0.2);
    });
    check(
        rule("actor:lockbit -type:ddos (region:IN OR attackers title:acme)"),
        None,
        &lockbit,
        &expect![
            "r: new incident (the actor is lockbit, and not (the type is DDoS), and “attackers” stands in it, and “acme” stands in its title)"
        ],
    );
    check(rule("actor:lazarus"), None, &lockbit, &expect![""]);
    check(
        rule("last:2h"),
        None,
        &lockbit,
        &expect!["r: new incident (its latest report is of the last 2 hours)"],
    );
    check(rule("last:30m"), None, &lockbit, &expect![""]);
}

#[test]
fn what_became_likely_since_is_new() {
    let told = incident(|i| i.cves = vec!["CVE-2026-1234".parse().unwrap()]);
    let mut statement =
        model::Statement::new("CVE-2026-1234".parse().unwrap(), "epss".parse().unwrap());
    statement.epss = model::Epss::new(0.9, 0.9, None, None);
    let known: Vec<_> = model::Vulnerability::fuse(&[statement])
        .into_iter()
        .collect();
    let subject = Subject {
        incident: &told,
        vulnerabilities: &known,
        texts: &[],
    };
    let frame = Frame::at("2026-11-21T10:00:00Z".parse().unwrap());
    let verdicts = RuleSet::compile(rule("epss>0.5")).evaluate(Some(subject), subject, &frame);
    assert_eq!(verdicts.len(), 1);
    assert_eq!(verdicts[0].cause, Cause::New);
}

/// A set says what each of its rules says alone: no index loses one.
#[test]
fn many_rules_say_what_each_says_alone() {
    let queries = [
        "",
        "attackers",
        "\"network of a bank\"",
        "netw*",
        "type:ransomware",
        "region:IN OR bank",
        "actor:lockbit",
        "actor:lock*",
        "actor:lockbit OR severity:low",
        "NOT actor:lockbit",
        "severity:high region:IN",
        "victim:acme",
        "source:feed-a",
        "source:feed-*",
        "last:2h actor:lockbit",
        "-bank",
        "keyword:*",
        "title:acme vpn",
        "claim:reported",
        "actor:\"lockbit 3.0\" attacked",
    ];
    let rules: Vec<Rule> = queries
        .iter()
        .enumerate()
        .flat_map(|(nth, query)| {
            let mut rules = rule(query);
            rules[0].id = format!("r{nth}").parse().unwrap();
            rules
        })
        .collect();
    let subjects = [
        incident(|_| ()),
        incident(|i| i.region.countries.push(Country::INDIA)),
        incident(|i| {
            i.entities.push(model::EntityCount {
                kind: model::EntityKind::Actor,
                name: "LockBit 3.0".to_owned(),
                count: 1,
                role: None,
            });
        }),
    ];
    let frame = Frame::at("2026-11-21T10:00:00Z".parse().unwrap());
    for incident in &subjects {
        let texts = texts(incident);
        let subject = Subject {
            incident,
            vulnerabilities: &[],
            texts: &texts,
        };
        let together = RuleSet::compile(rules.clone()).evaluate(None, subject, &frame);
        let alone: Vec<Verdict> = rules
            .iter()
            .flat_map(|rule| RuleSet::compile(vec![rule.clone()]).evaluate(None, subject, &frame))
            .collect();
        let expected = rules
            .iter()
            .filter(|rule| query::holds(&rule.query.bind(&frame), &Facts::of(subject)));
        let ids = |verdicts: &[Verdict]| {
            verdicts
                .iter()
                .map(|verdict| verdict.rule.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(&together), ids(&alone));
        assert_eq!(
            ids(&together),
            expected.map(|rule| rule.id.clone()).collect::<Vec<_>>()
        );
        assert!(together.len() > 8, "{}", together.len());
    }
}

#[test]
fn a_category_that_is_read_later_counts_from_then_on() {
    let told = incident(|i| i.cves = vec!["CVE-2026-1234".parse().unwrap()]);
    let mut statement =
        model::Statement::new("CVE-2026-1234".parse().unwrap(), "nvd".parse().unwrap());
    statement.weaknesses = vec![model::CweId(79)];
    let known: Vec<_> = model::Vulnerability::fuse(&[statement])
        .into_iter()
        .collect();
    let subject = Subject {
        incident: &told,
        vulnerabilities: &known,
        texts: &[],
    };
    let set = RuleSet::compile(rule("owasp:A05"));
    let mut frame = Frame::at("2026-11-21T10:00:00Z".parse().unwrap());
    assert_eq!(set.evaluate(None, subject, &frame).len(), 0);
    frame.owasp = vec![model::OwaspCategory {
        edition: 2025,
        rank: 5,
        id: "A05:2025".to_owned(),
        title: "Injection".to_owned(),
        url: String::new(),
        summary: String::new(),
        cwes: vec![model::CweId(79)],
    }];
    assert_eq!(set.evaluate(None, subject, &frame).len(), 1);
}
