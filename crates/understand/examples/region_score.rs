//! Scores the region step on labelled texts: whether the home region is affected, and
//! what misled it.
//!
//! `cargo run -p understand --example region_score -- FILE.jsonl [--errors] [--states]`
//! reads one object a line with `title`, `text` and `india`, as the news and incident sets
//! have them. With `--states` it shows the states of what it found, to be read by people.

use std::io::Write;

use model::item::{Draft, Stated};
use model::{Aspect, Country, Item, ItemKind, Markup, SourceId, Timestamp};
use serde_json::Value;
use understand::{Context, understand};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("give a JSONL file")?;
    let flags: Vec<String> = arguments.collect();
    let has = |flag: &str| flags.iter().any(|given| given == flag);
    let source = SourceId::new("score")?;
    let context = Context::new(&[]);
    let mut out = std::io::stdout().lock();
    let (mut hit, mut extra, mut missed, mut rows) = (0_u32, 0_u32, 0_u32, 0_u32);
    for (index, line) in std::fs::read_to_string(path)?.lines().enumerate() {
        let row: Value = serde_json::from_str(line)?;
        let field = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        let Some(wanted) = row.get("india").and_then(Value::as_bool) else {
            continue;
        };
        rows += 1;
        let draft = Draft {
            external_id: index.to_string(),
            kind: ItemKind::Article,
            url: None,
            title: field("title").to_owned(),
            text: field("text").to_owned(),
            markup: Markup::Html,
            author: None,
            language: None,
            published: None,
            updated: None,
            stated: Stated::default(),
        };
        let item = Item::new(&source, draft, Timestamp::UNIX_EPOCH);
        let analysis = understand(&item, &context);
        let got = analysis.region.countries.contains(&Country::INDIA);
        match (wanted, got) {
            (true, true) => hit += 1,
            (false, true) => extra += 1,
            (true, false) => missed += 1,
            (false, false) => {}
        }
        if has("--states") && got {
            let states = analysis.region.states.join(" ");
            writeln!(
                out,
                "{states:<10} {} {}",
                field("title"),
                head(field("text"))
            )?;
        }
        if has("--errors") && wanted != got {
            let reasons: Vec<String> = analysis
                .reasons
                .iter()
                .filter(|reason| reason.aspect == Aspect::Region)
                .map(|reason| format!("{} {:.2}", reason.text, reason.weight))
                .collect();
            writeln!(
                out,
                "{} {} | {} | {}\n    {}",
                if wanted { "MISSED" } else { "EXTRA " },
                field("id"),
                field("title"),
                head(field("text")),
                reasons.join("; ")
            )?;
        }
    }
    let ratio = |part: u32, rest: u32| f64::from(part) / f64::from((part + rest).max(1));
    let (precision, recall) = (ratio(hit, extra), ratio(hit, missed));
    writeln!(
        out,
        "precision {precision:.3} recall {recall:.3} ({hit} right, {extra} extra, {missed} missed of {rows})"
    )?;
    Ok(())
}

fn head(text: &str) -> String {
    text.replace('\n', " ").chars().take(400).collect()
}
