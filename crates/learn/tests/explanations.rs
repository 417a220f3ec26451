//! Explanations are true: without the words they name, the score falls.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its texts has failed"
)]

use learn::data;
use model::item::{Draft, Stated};
use model::{Analysis, Aspect, Field, Item, ItemKind, Markup, Reason, SourceId, Timestamp};
use serde_json::Value;
use understand::{Context, understand};

/// Texts asked.
const TEXTS: usize = 200;

#[test]
fn without_the_named_words_relevance_falls() {
    let Some(rows) = rows() else {
        println!("left out: ../shared/datasets is not there");
        return;
    };
    holds(
        &rows,
        |_, reason| reason.aspect == Aspect::Relevance,
        |analysis| Some(analysis.relevance.probability),
    );
}

#[test]
fn without_the_named_words_the_first_type_falls() {
    let Some(rows) = rows() else {
        println!("left out: ../shared/datasets is not there");
        return;
    };
    holds(
        &rows,
        |analysis, reason| {
            reason.aspect == Aspect::Type
                && analysis
                    .types
                    .first()
                    .is_some_and(|first| reason.text.starts_with(first.label.word()))
        },
        |_| None,
    );
}

#[test]
fn without_the_named_words_severity_falls() {
    let Some(rows) = rows() else {
        println!("left out: ../shared/datasets is not there");
        return;
    };
    holds(
        &rows,
        |_, reason| reason.aspect == Aspect::Severity,
        |analysis| Some(analysis.severity.score),
    );
}

/// Labelled news, if it lies beside the repository.
fn rows() -> Option<Vec<Value>> {
    let path = data::shared()?.join("news/train.jsonl");
    Some(data::read_jsonl(&path).unwrap())
}

/// Takes what speaks for a judgement out of many texts, and asks whether the score
/// fell; without a `score`, that of the first type.
fn holds(
    rows: &[Value],
    speaks: impl Fn(&Analysis, &Reason) -> bool,
    score: impl Fn(&Analysis) -> Option<f32>,
) {
    let context = Context::default();
    let (mut asked, mut fell) = (0, 0);
    let mut wrong = Vec::new();
    // Every third, so that all four windows are asked.
    for row in rows.iter().step_by(3) {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let before = understand(&item(text("title"), text("text")), &context);
        let named: Vec<&Reason> = before
            .reasons
            .iter()
            .filter(|reason| reason.weight > 0.0 && !reason.spans.is_empty())
            .filter(|reason| speaks(&before, reason))
            .collect();
        if named.is_empty() {
            continue;
        }
        let after = understand(
            &item(
                without(&before, Field::Title, &named),
                without(&before, Field::Text, &named),
            ),
            &context,
        );
        let (was, is) = match (score(&before), score(&after)) {
            (Some(was), Some(is)) => (was, is),
            _ => {
                let first = before.types.first().unwrap();
                let now = after.types.iter().find(|tag| tag.label == first.label);
                (first.confidence, now.map_or(0.0, |tag| tag.confidence))
            }
        };
        asked += 1;
        fell += usize::from(is < was);
        if is >= was {
            let said: Vec<&str> = named.iter().map(|reason| reason.text.as_str()).collect();
            wrong.push(format!("{was:.2} to {is:.2}: {} {said:?}", before.title));
        }
        if asked == TEXTS {
            break;
        }
    }
    assert_eq!(asked, TEXTS);
    assert!(fell * 100 >= asked * 95, "{fell} of {asked}: {wrong:#?}");
}

/// A field without what speaks for the judgement.
fn without(analysis: &Analysis, field: Field, named: &[&Reason]) -> String {
    let whole = match field {
        Field::Title => &analysis.title,
        Field::Text => &analysis.text,
    };
    let spans: Vec<_> = named
        .iter()
        .flat_map(|reason| &reason.spans)
        .filter(|span| span.field == field)
        .collect();
    let rest: String = whole
        .chars()
        .zip(0_u32..)
        .filter(|(_, at)| !spans.iter().any(|span| (span.start..span.end).contains(at)))
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
