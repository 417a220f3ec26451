//! Explanations are true: without the words they name, the score falls.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its texts has failed"
)]

use learn::data;
use model::item::{Draft, Stated};
use model::{Analysis, Aspect, Field, Item, ItemKind, Markup, SourceId, Timestamp};
use serde_json::Value;
use understand::{Context, understand};

/// Texts asked.
const TEXTS: usize = 200;

#[test]
fn without_the_named_words_the_score_falls() {
    let Some(folder) = data::shared() else {
        println!("left out: ../shared/datasets is not there");
        return;
    };
    let rows: Vec<Value> = data::read_jsonl(&folder.join("news/train.jsonl")).unwrap();
    let context = Context::default();
    let (mut asked, mut fell) = (0, 0);
    for row in rows.iter().step_by((rows.len() / TEXTS).max(1)) {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let before = understand(&item(text("title"), text("text")), &context);
        let named = before
            .reasons_for(Aspect::Relevance)
            .any(|reason| reason.weight > 0.0 && !reason.spans.is_empty());
        if !named {
            continue;
        }
        let after = understand(
            &item(
                without(&before, Field::Title),
                without(&before, Field::Text),
            ),
            &context,
        );
        asked += 1;
        fell += usize::from(after.relevance.probability < before.relevance.probability);
    }
    assert!(asked >= TEXTS * 9 / 10, "{asked}");
    assert!(fell * 100 >= asked * 95, "{fell} of {asked}");
}

/// A field without what speaks for its relevance.
fn without(analysis: &Analysis, field: Field) -> String {
    let whole = match field {
        Field::Title => &analysis.title,
        Field::Text => &analysis.text,
    };
    let named: Vec<_> = analysis
        .reasons_for(Aspect::Relevance)
        .filter(|reason| reason.weight > 0.0)
        .flat_map(|reason| &reason.spans)
        .filter(|span| span.field == field)
        .collect();
    let rest: String = whole
        .chars()
        .zip(0_u32..)
        .filter(|(_, at)| !named.iter().any(|span| (span.start..span.end).contains(at)))
        .map(|(letter, _)| letter)
        .collect();
    // Without a title another model would be asked.
    if field == Field::Title && rest.trim().is_empty() {
        "-".to_owned()
    } else {
        rest
    }
}

fn item(title: String, text: String) -> Item {
    let draft = Draft {
        external_id: "1".to_owned(),
        kind: ItemKind::Article,
        url: None,
        title,
        text,
        markup: Markup::Plain,
        author: None,
        language: None,
        published: None,
        updated: None,
        stated: Stated::default(),
    };
    let source = SourceId::new("explained").unwrap();
    Item::new(&source, draft, Timestamp::UNIX_EPOCH)
}
