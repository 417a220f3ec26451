//! Whatever outside text says, no limit of a service is passed and no markup
//! breaks.

use channels::message::{Content, Message, Story};
use channels::{email, slack, telegram};
use model::{EntityKind, Exploitation, Incident, Sayer, Score, ScoreVersion, Vulnerability};
use proptest::prelude::*;
use serde_json::Value;
use testkit::build;

use crate::sample;

/// Text as feeds have it: words, markup of every service, other scripts, breaks.
fn outside() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z]{1,12} ",
        2 => "[&<>\"'|\\\\*_~`{}%=]{1,40}",
        1 => Just("</b></a><script>".to_owned()),
        1 => Just("&amp;&lt;&#x2f;".to_owned()),
        1 => Just("<https://evil.example|x> <!channel> <@U1>".to_owned()),
        1 => Just("{{ sheet.title }}{% if x %}".to_owned()),
        1 => Just("\r\n\u{202E}\u{0}\u{2028}".to_owned()),
        1 => "[क-ह]{1,9}\u{94D}\u{200D}[क-ह] ",
        1 => "[😀-🙏]{1,30}",
        1 => "[A-Za-z0-9]{100,400}",
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..25).prop_map(|pieces| pieces.concat())
}

fn address() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        outside().prop_map(Some),
        outside().prop_map(|path| Some(format!("https://news.example/{path}"))),
        "[a-z]{1,60}".prop_map(|host| Some(format!("https://{host}.{host}.{host}.example/?q='|"))),
    ]
}

prop_compose! {
    fn story()(
        title in outside(), summary in outside(), reason in outside(), why in outside(), sayer in outside(),
        action in outside(), product in outside(), names in prop::collection::vec(outside(), 0..8), keywords in prop::collection::vec(outside(), 0..8),
        urls in prop::collection::vec(address(), 0..8), score in 0.0_f32..10.0, cves in 0_usize..9,
        cause in 0_u8..3,
    ) -> Story {
        let known: Vec<Vulnerability> = (0..cves).map(|n| Vulnerability {
            scores: vec![Score { sayer: Sayer::Cna(sayer.clone()), version: ScoreVersion::V40, vector: None, base: score }],
            affected: vec![model::Affected {
                vendor: product.clone(),
                product: product.clone(),
                versions: model::VersionRange { exact: Some(product.clone()), ..model::VersionRange::default() },
            }],
            exploitation: Some(Exploitation {
                name: None, added: None, due: Some(build::now()), action: Some(action.clone()), ransomware: true,
            }),
            ..build::vulnerability(&format!("CVE-2026-{:019}", n))
        }).collect();
        let items = urls.iter().map(|url| model::Item { url: url.clone(), ..build::item("x") }).collect();
        Story {
            incident: Incident {
                title: title.clone(),
                summary,
                url: urls.first().cloned().flatten(),
                severity: model::Judgement::of_score(score, model::Reason::new(model::Aspect::Severity, why, 1.0)),
                region: model::Region {
                    countries: ["IN", "NP", "BD", "LK", "TF", "GS"].map(|code| code.parse().unwrap()).to_vec(),
                    states: vec![title, "KL".to_owned(), "DH".to_owned(), "AN".to_owned(), "JK".to_owned()],
                },
                sectors: model::Sector::ALL.iter().map(|label| model::Tagged { label: *label, confidence: 1.0 }).collect(),
                cves: known.iter().map(|known| known.cve.clone()).collect(),
                exploited: true,
                kev: true,
                entities: names.iter().flat_map(|name| sample::names(&[
                    (EntityKind::Organisation, name), (EntityKind::Actor, name), (EntityKind::Malware, name),
                ])).collect(),
                keywords,
                claim: model::ClaimStatus::Denied,
                items: 1_200_000,
                ..build::incident("x")
            },
            cause: match cause {
                0 => model::Cause::New,
                1 => model::Cause::KevListed,
                _ => model::Cause::NewRegion { country: "IO".parse().unwrap() },
            },
            reason,
            items,
            vulnerabilities: known,
        }
    }
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        3 => story().prop_map(|story| Content::Story(Box::new(story))),
        1 => (prop::collection::vec(story(), 0..4), outside(), 1_usize..20).prop_map(|(stories, occasion, times)| {
            let stories = stories.iter().cycle().take(stories.len() * times).cloned().collect();
            Content::Digest { stories, occasion }
        }),
        1 => (outside(), outside()).prop_map(|(title, text)| Content::Notice { title, text }),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    (
        content(),
        prop_oneof![
            Just(None),
            Just(Some("http://localhost:8000".to_owned())),
            address()
        ],
    )
        .prop_map(|(content, dashboard)| Message {
            dashboard,
            ..sample::message(content)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn telegram_always_takes_it(message in message()) {
        telegram_takes(&telegram::preview(&message))?;
    }

    #[test]
    fn slack_always_takes_it(message in message()) {
        slack_takes(&slack::preview(&message))?;
    }

    #[test]
    fn a_mail_is_always_whole(message in message()) {
        let letter = email::preview(&message).unwrap();
        prop_assert!(letter.subject.encode_utf16().count() <= 120);
        prop_assert!(!letter.subject.chars().any(char::is_control));
        prop_assert!(!letter.text.contains('\r'));
        mail_is_whole(&letter.html)?;
    }
}

/// Telegram's own rules: its tags, closed in order, 100 entities, 4,096 units.
fn telegram_takes(html: &str) -> Result<(), TestCaseError> {
    let mut open: Vec<&str> = Vec::new();
    let mut shown = String::new();
    let mut entities = 0;
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        shown.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('&') {
            let end = rest
                .find(';')
                .ok_or_else(|| TestCaseError::fail("a bare &"))?;
            prop_assert!(
                ["&amp", "&lt", "&gt", "&quot"].contains(&&rest[..end]),
                "{}",
                &rest[..end]
            );
            shown.push('x');
            rest = &rest[end + 1..];
            continue;
        }
        let end = rest
            .find('>')
            .ok_or_else(|| TestCaseError::fail("a tag without an end"))?;
        let tag = &rest[1..end];
        if let Some(name) = tag.strip_prefix('/') {
            prop_assert_eq!(open.pop(), Some(name));
        } else {
            entities += 1;
            let name = tag.split(' ').next().unwrap_or_default();
            prop_assert!(["b", "code", "a"].contains(&name), "{}", tag);
            prop_assert_eq!(name == "a", tag.starts_with("a href=\"http"), "{}", tag);
            prop_assert_eq!(
                tag.matches('"').count(),
                if name == "a" { 2 } else { 0 },
                "{}",
                tag
            );
            open.push(name);
        }
        rest = &rest[end + 1..];
    }
    shown.push_str(rest);
    prop_assert!(open.is_empty(), "{open:?}");
    prop_assert!(!shown.trim().is_empty());
    prop_assert!(
        shown.encode_utf16().count() <= 4096,
        "{} units",
        shown.encode_utf16().count()
    );
    prop_assert!(entities <= 100, "{} entities", entities);
    Ok(())
}

/// The limits of slack_sdk's validators, and markup only where it is ours.
fn slack_takes(body: &Value) -> Result<(), TestCaseError> {
    let blocks = body["blocks"].as_array().unwrap();
    prop_assert!((1..=50).contains(&blocks.len()));
    prop_assert!(body["blocks"].to_string().encode_utf16().count() < 12_000);
    prop_assert!(!body["text"].as_str().unwrap().is_empty());
    escaped(body["text"].as_str().unwrap(), false)?;
    for block in blocks {
        match block["type"].as_str().unwrap() {
            "header" => sized(&block["text"], 150)?,
            "section" => {
                if block["text"].is_object() {
                    sized(&block["text"], 3000)?;
                }
                let fields = block["fields"].as_array().cloned().unwrap_or_default();
                prop_assert!(fields.len() <= 10);
                prop_assert!(!fields.is_empty() || block["text"].is_object());
                for field in &fields {
                    sized(field, 2000)?;
                }
            }
            "context" => {
                let elements = block["elements"].as_array().unwrap();
                prop_assert!((1..=10).contains(&elements.len()));
                for element in elements {
                    sized(element, 3000)?;
                }
            }
            "actions" => {
                for element in block["elements"].as_array().unwrap() {
                    sized(&element["text"], 75)?;
                    prop_assert!(element["url"].as_str().unwrap().len() <= 3000);
                }
            }
            other => return Err(TestCaseError::fail(format!("a block of type {other}"))),
        }
    }
    Ok(())
}

fn sized(object: &Value, most: usize) -> Result<(), TestCaseError> {
    let text = object["text"].as_str().unwrap();
    prop_assert!(
        (1..=most).contains(&text.encode_utf16().count()),
        "{} units: {}",
        text.len(),
        text
    );
    escaped(text, object["type"] == "mrkdwn")
}

/// No `<` but that of our own links, no `&` but that of an escape.
fn escaped(text: &str, links: bool) -> Result<(), TestCaseError> {
    for (at, _) in text.match_indices('&') {
        let rest = &text[at..];
        prop_assert!(
            ["&amp;", "&lt;", "&gt;"]
                .iter()
                .any(|known| rest.starts_with(known)),
            "{}",
            text
        );
    }
    let mut rest = text;
    while let Some(at) = rest.find(['<', '>']) {
        rest = &rest[at..];
        prop_assert!(links && rest.starts_with("<http"), "{}", text);
        let end = rest
            .find('>')
            .ok_or_else(|| TestCaseError::fail("a link without an end"))?;
        let inside = &rest[1..end];
        prop_assert!(!inside.contains('<') && inside.contains('|'), "{}", text);
        rest = &rest[end + 1..];
    }
    Ok(())
}

/// Only the template's tags, closed in order, and only web addresses.
fn mail_is_whole(html: &str) -> Result<(), TestCaseError> {
    const VOID: &[&str] = &["meta", "br", "!doctype"];
    const KNOWN: &[&str] = &[
        "html", "head", "title", "body", "div", "table", "tr", "td", "p", "h1", "span", "a",
        "strong",
    ];
    let mut open: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            let end = comment
                .find("-->")
                .ok_or_else(|| TestCaseError::fail("an open comment"))?;
            rest = &comment[end..];
            continue;
        }
        let end = rest
            .find('>')
            .ok_or_else(|| TestCaseError::fail("an open tag"))?;
        let tag = &rest[1..end];
        let name = tag
            .trim_start_matches('/')
            .split([' ', '\n'])
            .next()
            .unwrap_or_default()
            .to_lowercase();
        if let Some(href) = tag.split("href=\"").nth(1) {
            prop_assert!(href.starts_with("http"), "{}", tag);
        }
        if tag.starts_with('/') {
            prop_assert_eq!(open.pop(), Some(name));
        } else if !VOID.contains(&name.as_str()) {
            prop_assert!(KNOWN.contains(&name.as_str()), "<{}>", tag);
            open.push(name);
        }
        rest = &rest[end + 1..];
    }
    prop_assert!(open.is_empty(), "{open:?}");
    Ok(())
}
