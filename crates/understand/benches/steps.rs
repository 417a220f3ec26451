//! What each step of an analysis costs, on an article of 300 words:
//! `cargo bench -p understand`.
//!
//! `read` is cleaning, folding and the cues in one; a step that cannot be called from
//! outside is the difference of two lines (`whole` with and without region packs). The
//! model card keeps the figures. One text over and over finds all it needs at hand in the
//! processor; what texts cost that differ, `examples/analyse_speed.rs` tells.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use model::item::{Draft, Stated};
use model::{Analysis, Item, ItemKind, Markup, SourceId, Timestamp};
use understand::features::Terms;
use understand::names::{Gazetteer, Seen};
use understand::region::{Pack, Regions};
use understand::severity::signs;
use understand::signals::Signals;
use understand::{Context, Document, Models, Run, product, understand};

const TITLE: &str =
    "Zorvex Hospital in Pune confirms ransomware attack; data of 2.3 lakh patients at risk";

/// Invented, and in the measure of what agencies write.
const TEXT: &str = include_str!("article.txt");

fn item(number: usize) -> Option<Item> {
    let draft = Draft {
        external_id: number.to_string(),
        kind: ItemKind::Article,
        url: None,
        title: TITLE.to_owned(),
        text: TEXT.to_owned(),
        markup: Markup::Plain,
        author: None,
        language: None,
        published: None,
        updated: None,
        stated: Stated::default(),
    };
    let source = SourceId::new("bench").ok()?;
    Some(Item::new(&source, draft, Timestamp::UNIX_EPOCH))
}

fn steps(bench: &mut Criterion) {
    let Some(item) = item(0) else { return };
    let context = Context::default();
    let bare = Context::default().within(Arc::new(Regions::new(Vec::new())));
    let document = Document::new(TITLE, TEXT, Markup::Plain);
    let models = Models::shipped();

    bench.bench_function("read: clean, fold, cues", |bench| {
        bench.iter(|| Document::new(black_box(TITLE), black_box(TEXT), Markup::Plain));
    });
    let texts = [document.title(), document.text()];
    bench.bench_function("names: tokens, and what is known of them", |bench| {
        bench.iter(|| Seen::new(black_box(&texts), Gazetteer::shipped(), models.names()));
    });
    let seen = Seen::new(&texts, Gazetteer::shipped(), models.names());
    bench.bench_function("names: the sequence model", |bench| {
        bench.iter(|| black_box(&seen).label(models.names()));
    });
    bench.bench_function("terms of relevance and types", |bench| {
        bench.iter(|| Terms::of(black_box(&document)));
    });
    bench.bench_function("signals of relevance and types", |bench| {
        bench.iter(|| Signals::of(black_box(&document)));
    });
    bench.bench_function("signs of severity", |bench| {
        bench.iter(|| signs::of(black_box(&document)));
    });
    bench.bench_function("products and versions", |bench| {
        bench.iter(|| product::products(black_box(TEXT)));
    });
    bench.bench_function("story: placed beside 50 others", |bench| {
        bench.iter_batched(
            || beside(&context),
            |(mut run, item, analysis)| run.add(&item, &analysis, &context),
            criterion::BatchSize::LargeInput,
        );
    });
    bench.bench_function("whole", |bench| {
        bench.iter(|| understand(black_box(&item), &context));
    });
    bench.bench_function("whole, without region packs", |bench| {
        bench.iter(|| understand(black_box(&item), &bare));
    });
    bench.bench_function("start: the pack of India", |bench| {
        bench.iter(|| Pack::shipped(black_box("india")));
    });
}

/// A run that has seen fifty documents, and the next one.
fn beside(context: &Context) -> (Run, Item, Analysis) {
    let mut run = Run::new();
    let mut last = None;
    for number in 0..=50 {
        if let Some(mut item) = item(number) {
            item.title = format!("{TITLE} ({number})");
            let analysis = understand(&item, context);
            if number < 50 {
                run.add(&item, &analysis, context);
            }
            last = Some((item, analysis));
        }
    }
    let Some((item, analysis)) = last else {
        unreachable!("51 items were made")
    };
    (run, item, analysis)
}

criterion_group!(benches, steps);
criterion_main!(benches);
