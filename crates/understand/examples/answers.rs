//! What understanding says of the documents of JSONL files, as one line a document:
//! its place, and a fingerprint of the whole analysis, reasons and spans included.
//!
//! `cargo run --release -p understand --example answers -- FILE.jsonl… > before`, then
//! the same after a change that must not change answers: `cmp before after`. With
//! `--whole` the analyses themselves are written, to see what differs.

use std::io::Write;

use model::item::{Draft, Stated};
use model::{Item, ItemKind, Markup, SourceId, Timestamp, hash};
use serde_json::Value;
use understand::{Context, understand};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let source = SourceId::new("answers")?;
    let context = Context::new(&["acme".to_owned(), "बैंक".to_owned()]);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let (flags, paths): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    let whole = flags.iter().any(|flag| flag == "--whole");
    for path in &paths {
        for (number, line) in std::fs::read_to_string(path)?.lines().enumerate() {
            let row: Value = serde_json::from_str(line)?;
            let field = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
            let draft = Draft {
                external_id: number.to_string(),
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
            let said = format!("{:?}", understand(&item, &context));
            if whole {
                writeln!(out, "{path} {number} {said}")?;
            } else {
                writeln!(
                    out,
                    "{path} {number} {:02x?}",
                    hash::short(&[said.as_bytes()])
                )?;
            }
        }
    }
    Ok(())
}
