//! Times `understand` over the items of a JSONL file, one core.
//!
//! `cargo run --release -p understand --example analyse_speed -- FILE.jsonl [ROUNDS]`
//! reads one object a line with `title` and `text`. The first round only warms up
//! the tables.

use std::io::Write;

use model::item::{Draft, Stated};
use model::{Item, ItemKind, Markup, SourceId, Timestamp};
use serde_json::Value;
use understand::{Context, understand};

#[expect(
    clippy::disallowed_methods,
    reason = "measuring is the purpose of this program"
)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("give a JSONL file")?;
    let rounds: u32 = arguments.next().map_or(Ok(5), |rounds| rounds.parse())?;
    let source = SourceId::new("speed")?;
    let mut items = Vec::new();
    let mut words = 0;
    for (index, line) in std::fs::read_to_string(path)?.lines().enumerate() {
        let row: Value = serde_json::from_str(line)?;
        let field = |name: &str| {
            row.get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let draft = Draft {
            external_id: index.to_string(),
            kind: ItemKind::Article,
            url: None,
            title: field("title"),
            text: field("text"),
            markup: Markup::Html,
            author: None,
            language: None,
            published: None,
            updated: None,
            stated: Stated::default(),
        };
        words += draft.text.split_whitespace().count();
        items.push(Item::new(&source, draft, Timestamp::UNIX_EPOCH));
    }
    let context = Context::new(&["acme".to_owned(), "बैंक".to_owned()]);
    let mut out = std::io::stdout().lock();
    for round in 0..=rounds.max(1) {
        let start = std::time::Instant::now();
        let relevant = items
            .iter()
            .filter(|item| understand(item, &context).relevance.is_relevant())
            .count();
        let micros = start.elapsed().as_secs_f64() * 1e6 / items.len().max(1) as f64;
        if round > 0 {
            writeln!(
                out,
                "{micros:.1} µs an item; {} items of {} words on average, {relevant} relevant",
                items.len(),
                words / items.len().max(1)
            )?;
        }
    }
    Ok(())
}
