//! Times `understand` over the items of a JSONL file, one core: time on the processor
//! where the system tells it, so that a busy machine disturbs little.
//!
//! `cargo run --release -p understand --example analyse_speed -- FILE.jsonl [ROUNDS]`
//! reads one object a line with `title` and `text`. The first round only warms up
//! the tables. At the end it tells what the steps that can be taken alone cost.

use std::cell::RefCell;
use std::io::Write;
use std::time::{Duration, Instant};

use model::item::{Draft, Stated};
use model::{Analysis, Item, ItemKind, Markup, SourceId, Timestamp};
use serde_json::Value;
use understand::features::Terms;
use understand::names::{Gazetteer, Seen};
use understand::severity::signs;
use understand::signals::Signals;
use understand::{Context, Document, Run, Trace, product, understand};

/// Time this thread has spent on a processor; none where the system does not tell.
fn processor_time() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split(' ')
        .next()?
        .parse()
        .ok()
        .map(Duration::from_nanos)
}

#[expect(
    clippy::disallowed_methods,
    reason = "measuring is the purpose of this program"
)]
fn timed(task: impl FnOnce()) -> Duration {
    let (start, before) = (Instant::now(), processor_time());
    task();
    match (before, processor_time()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => start.elapsed(),
    }
}

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
        let mut relevant = 0;
        let took = timed(|| {
            relevant = items
                .iter()
                .filter(|item| understand(item, &context).relevance.is_relevant())
                .count();
        });
        let micros = took.as_secs_f64() * 1e6 / items.len().max(1) as f64;
        if round > 0 {
            writeln!(
                out,
                "{micros:.1} µs an item; {} items of {} words on average, {relevant} relevant",
                items.len(),
                words / items.len().max(1)
            )?;
        }
    }
    let read = |item| Document::of(item, context.regions());
    let documents: Vec<Document> = items.iter().map(read).collect();
    let mut step = |name: &str, take: &dyn Fn(usize)| -> std::io::Result<()> {
        let took = timed(|| (0..items.len()).for_each(take));
        let micros = took.as_secs_f64() * 1e6 / items.len().max(1) as f64;
        writeln!(out, "{micros:8.1} µs {name}")
    };
    step("cleaning, folding, cues", &|at| {
        std::hint::black_box(items.get(at).map(read));
    })?;
    step("hashed words and pieces", &|at| {
        std::hint::black_box(documents.get(at).map(Terms::of));
    })?;
    step("sums of cues", &|at| {
        std::hint::black_box(documents.get(at).map(Signals::of));
    })?;
    step("tokens, and what is known of them", &|at| {
        std::hint::black_box(documents.get(at).map(|text| {
            let texts = [text.title(), text.text()];
            Seen::new(&texts, Gazetteer::shipped(), context.models().names())
        }));
    })?;
    let seen: Vec<Seen> = documents
        .iter()
        .map(|text| {
            let texts = [text.title(), text.text()];
            Seen::new(&texts, Gazetteer::shipped(), context.models().names())
        })
        .collect();
    step("labels of the sequence model", &|at| {
        std::hint::black_box(
            seen.get(at)
                .map(|seen| seen.label(context.models().names())),
        );
    })?;
    step("products and versions", &|at| {
        std::hint::black_box(documents.get(at).map(|text| product::products(text.text())));
    })?;
    step("signs of severity", &|at| {
        std::hint::black_box(documents.get(at).map(signs::of));
    })?;
    let analyses: Vec<Analysis> = items
        .iter()
        .map(|item| understand(item, &context))
        .collect();
    step("the way back to the given text", &|at| {
        let given = items.get(at).zip(analyses.get(at));
        std::hint::black_box(given.map(|(item, analysis)| {
            let title = Trace::new(&item.title, &analysis.title);
            (title, Trace::new(&item.text, &analysis.text))
        }));
    })?;
    let run = RefCell::new(Run::new());
    step("placed after all before it", &|at| {
        if let Some((item, analysis)) = items.get(at).zip(analyses.get(at)) {
            std::hint::black_box(run.borrow_mut().add(item, analysis, &context));
        }
    })?;
    step("a flaw's vector and weakness", &|at| {
        let flaw = context.models().flaw();
        let said = flaw.zip(documents.get(at));
        std::hint::black_box(said.map(|(flaw, text)| flaw.describe(text.title(), text.text())));
    })?;
    Ok(())
}
