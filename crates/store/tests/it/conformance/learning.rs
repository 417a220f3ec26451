//! Feedback, and decisions about models.

use std::sync::Arc;

use model::training::{SHIPPED, Step};
use model::{
    Decision, Feedback, FeedbackId, Incident, IncidentType, Item, ItemKind, RelevanceLabel, Said,
    Sample, Severity, Task,
};
use store::handling::Act;
use store::learning::{Effect, FeedbackFilter};
use store::{Fence, Store};
use uuid::Uuid;

use crate::build::{analysis, collected, incident, item, minute, placed};

type Db = Arc<dyn Store>;

fn id(number: u128) -> FeedbackId {
    FeedbackId(Uuid::from_u128(number))
}

fn said(at: i64) -> Said {
    Said {
        relevant: None,
        types: None,
        severity: None,
        countries: None,
        note: Some("seen it".to_owned()),
        by: "api".to_owned(),
        at: minute(at),
    }
}

fn feedback(number: u128, item: &Item, said: Said) -> Feedback {
    Feedback {
        id: id(number),
        item: item.id,
        said,
        sample: Sample {
            kind: item.kind,
            language: None,
            title: item.title.clone(),
            text: item.text.clone(),
        },
    }
}

async fn lane(store: &Db) -> Fence {
    store
        .acquire("placement", "test", minute(1), minute(90))
        .await
        .unwrap()
        .unwrap()
}

/// Two items of one story, the first of them placed.
async fn story(store: &Db) -> (Fence, Item, Item, Incident) {
    let (one, two) = (
        item("feed-a", "1", "Acme breached", "Records were taken."),
        item("feed-b", "2", "Acme loses records", "They were sold."),
    );
    store
        .record(collected("feed-a", vec![one.clone()]))
        .await
        .unwrap();
    store
        .record(collected("feed-b", vec![two.clone()]))
        .await
        .unwrap();
    let fence = lane(store).await;
    let opened = incident(&one);
    store
        .commit(&fence, placed(&one, Some(opened.clone())))
        .await
        .unwrap();
    (fence, one, two, opened)
}

/// The incident with this said of it, one revision on.
fn heeded(before: &Incident, said: Option<Said>) -> Box<Incident> {
    let mut after = before.clone();
    after.said = said;
    after.revision += 1;
    after.heed();
    Box::new(after)
}

fn by(name: &str, at: i64) -> store::Change {
    store::Change {
        at: minute(at),
        by: name.to_owned(),
    }
}

/// What the history says, latest first, and by whom.
async fn history(store: &Db, incident: &Incident) -> Vec<String> {
    let detail = store.incident(incident.id).await.unwrap().unwrap();
    let line = |one: &model::incident::Developed| {
        let by = one.by.as_deref().unwrap_or("-");
        format!("{by} {}", one.what.sentence())
    };
    detail.developments.iter().map(line).collect()
}

async fn stored(store: &Db, incident: &Incident) -> Incident {
    let detail = store.incident(incident.id).await.unwrap();
    detail.unwrap().incident
}

pub(crate) async fn what_is_said_is_kept_listed_and_taken_back(store: Db, other: Db) {
    let (_, one, two, opened) = story(&store).await;
    for (number, item) in [(1, &one), (2, &two), (3, &one)] {
        let kept = feedback(number, item, said(number as i64));
        assert!(store.keep_feedback(kept, Effect::Nothing).await.unwrap());
    }
    let first = other
        .feedback(&FeedbackFilter::default(), None, 2)
        .await
        .unwrap();
    let ids = |page: &store::learning::FeedbackPage| -> Vec<FeedbackId> {
        page.given.iter().map(|given| given.feedback.id).collect()
    };
    assert_eq!((ids(&first), first.total), (vec![id(3), id(2)], 3));
    assert_eq!(first.given[0].incident, Some(opened.id));
    assert_eq!(first.given[1].incident, None, "it still waits");
    let rest = store
        .feedback(&FeedbackFilter::default(), first.next.as_deref(), 2)
        .await
        .unwrap();
    assert_eq!((ids(&rest), rest.next), (vec![id(1)], None));
    let of_story = FeedbackFilter {
        incident: Some(opened.id),
        item: None,
    };
    assert_eq!(
        ids(&store.feedback(&of_story, None, 10).await.unwrap()),
        [id(3), id(1)]
    );
    assert!(
        store
            .feedback(&of_story, Some("no number"), 10)
            .await
            .is_err()
    );
    let on = store.feedback_on(&[two.id, one.id]).await.unwrap();
    let on: Vec<FeedbackId> = on.iter().map(|one| one.id).collect();
    assert_eq!(on, [id(2), id(1), id(3)]);
    let one_back = store.one_feedback(id(3)).await.unwrap().unwrap();
    assert_eq!(one_back.feedback, feedback(3, &one, said(3)));
    assert!(
        store
            .withdraw_feedback(feedback(3, &one, said(3)), by("Asha", 4), Effect::Nothing)
            .await
            .unwrap()
    );
    assert_eq!(store.one_feedback(id(3)).await.unwrap(), None);
    let kinds: Vec<String> = store
        .events(0, 100)
        .await
        .unwrap()
        .events
        .into_iter()
        .map(|event| event.kind)
        .filter(|kind| kind == "feedback.changed")
        .collect();
    assert_eq!(kinds.len(), 4);
}

pub(crate) async fn what_is_said_holds_for_the_incident_and_survives_a_placement(store: Db, _: Db) {
    let (fence, one, two, opened) = story(&store).await;
    let low = Said {
        severity: Some(Severity::Low),
        types: Some(vec![IncidentType::Insider]),
        ..said(3)
    };
    let effect = Effect::Incident(heeded(&opened, Some(low.clone())));
    assert!(
        store
            .keep_feedback(feedback(1, &one, low.clone()), effect)
            .await
            .unwrap()
    );
    assert_eq!(stored(&store, &opened).await.band(), Severity::Low);

    // Placement had read the incident before that was said.
    let mut after = opened.clone();
    after.revision += 1;
    after.items = 2;
    store
        .commit(&fence, placed(&two, Some(after)))
        .await
        .unwrap();
    let now = stored(&store, &opened).await;
    assert_eq!((now.items, now.band()), (2, Severity::Low));
    assert_eq!(now.said, Some(low));
    assert_eq!(
        now.type_labels().collect::<Vec<_>>(),
        [IncidentType::Insider]
    );
    let told = store.story(opened.id).await.unwrap().unwrap();
    let items: Vec<_> = told.items.iter().map(|placed| placed.item.id).collect();
    assert_eq!(items, [one.id, two.id]);
}

pub(crate) async fn what_is_said_and_taken_back_stands_in_the_history(store: Db, other: Db) {
    let (_, one, _, opened) = story(&store).await;
    let low = Said {
        severity: Some(Severity::Low),
        types: Some(vec![IncidentType::Insider]),
        ..said(3)
    };
    let heard = feedback(1, &one, low.clone());
    let after = heeded(&opened, Some(low));
    let effect = Effect::Incident(after.clone());
    let kept = store.keep_feedback(heard.clone(), effect).await;
    assert!(kept.unwrap());
    let mut back = opened.clone();
    back.revision = after.revision + 1;
    let effect = Effect::Incident(Box::new(back));
    let withdrawn = store.withdraw_feedback(heard, by("Asha", 4), effect).await;
    assert!(withdrawn.unwrap());
    assert_eq!(
        history(&other, &opened).await,
        [
            "Asha severity: low → medium: a test says so",
            "Asha taken back what api said: Insider; Low (“seen it”)",
            "api severity: medium → low: said by a person: Low (“seen it”)",
            "api said: Insider; Low (“seen it”)",
            "- opened as medium, reported: a test says so",
        ]
    );
    let told = other.incident(opened.id).await.unwrap().unwrap();
    assert_eq!(
        (told.developments[1].at, told.developments[1].item),
        (minute(4), Some(one.id))
    );
    let events = other.events(0, 100).await.unwrap().events;
    let updated = events
        .iter()
        .filter(|event| event.kind == "incident.updated" && event.subject == opened.id.to_string());
    assert_eq!(updated.count(), 2);
}

pub(crate) async fn an_incident_that_moved_on_takes_no_feedback(store: Db, _: Db) {
    let (_, one, _, opened) = story(&store).await;
    store
        .handle(
            opened.id,
            Act {
                status: Some(model::IncidentStatus::Watching),
                ..Act::default()
            },
            by("Asha", 3),
            None,
        )
        .await
        .unwrap();
    let low = Said {
        severity: Some(Severity::Low),
        ..said(4)
    };
    let effect = Effect::Incident(heeded(&opened, Some(low.clone())));
    let kept = store.keep_feedback(feedback(1, &one, low.clone()), effect.clone());
    assert!(!kept.await.unwrap());
    assert_eq!(store.one_feedback(id(1)).await.unwrap(), None);
    assert!(
        !store
            .withdraw_feedback(feedback(1, &one, low), by("Asha", 5), effect)
            .await
            .unwrap()
    );
    assert_eq!(stored(&store, &opened).await.said, None);
}

pub(crate) async fn an_item_said_to_be_relevant_waits_again(store: Db, _: Db) {
    let it = item("feed-a", "1", "A choir sings", "");
    store
        .record(collected("feed-a", vec![it.clone()]))
        .await
        .unwrap();
    let fence = lane(&store).await;
    assert!(
        store.placed_item(it.id).await.unwrap().is_none(),
        "it waits"
    );
    let mut irrelevant = placed(&it, None);
    irrelevant.analysis.relevance.label = RelevanceLabel::Irrelevant;
    store.commit(&fence, irrelevant).await.unwrap();
    let found = store.placed_item(it.id).await.unwrap().unwrap();
    assert_eq!(found.analysis.relevance.label, RelevanceLabel::Irrelevant);
    assert_eq!(store.unplaced_count().await.unwrap(), 0);
    let yes = Said {
        relevant: Some(true),
        ..said(3)
    };
    assert!(
        store
            .keep_feedback(feedback(1, &it, yes), Effect::Placement(it.id))
            .await
            .unwrap()
    );
    let waiting = store.unplaced(10).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].occasion, store::Occasion::History);
}

pub(crate) async fn the_said_of_a_new_item_reaches_the_incident_it_joins(store: Db, _: Db) {
    let (fence, _, two, opened) = story(&store).await;
    let high = Said {
        severity: Some(Severity::Critical),
        ..said(3)
    };
    assert!(
        store
            .keep_feedback(feedback(1, &two, high.clone()), Effect::Nothing)
            .await
            .unwrap()
    );
    let joined = *heeded(&opened, Some(high.clone()));
    store
        .commit(&fence, placed(&two, Some(joined)))
        .await
        .unwrap();
    let now = stored(&store, &opened).await;
    assert_eq!(
        (now.said.as_ref(), now.band()),
        (Some(&high), Severity::Critical)
    );
    let told = history(&store, &opened).await;
    let said = "api said: Critical (“seen it”)";
    assert!(told.iter().any(|line| line == said), "{told:?}");
}

fn decision(task: Task, number: i64, live: &str) -> Decision {
    Decision {
        at: minute(number),
        by: "command".to_owned(),
        task,
        step: Step::Activated,
        version: Some(live.to_owned()),
        before: SHIPPED.to_owned(),
        live: live.to_owned(),
        why: format!("number {number}"),
        trial: None,
    }
}

pub(crate) async fn decisions_are_numbered_listed_and_pruned(store: Db, other: Db) {
    assert_eq!(store.decision_count().await.unwrap(), 0);
    let first = decision(Task::Types, 0, "a");
    store.decide(first.clone()).await.unwrap();
    assert_eq!(other.decision_count().await.unwrap(), 1);
    for number in 1..=120 {
        store
            .decide(decision(Task::Relevance, number, "b"))
            .await
            .unwrap();
    }
    let all = other.decisions(None, 500).await.unwrap();
    assert_eq!(all.len(), 101);
    assert_eq!(all[0].why, "number 120");
    assert_eq!(all.last(), Some(&first), "each task keeps its own");
    let types = store.decisions(Some(Task::Types), 500).await.unwrap();
    assert_eq!(types, [first]);
    assert_eq!(store.decision_count().await.unwrap(), 121);
}

pub(crate) async fn the_items_placed_last_are_given(store: Db, _: Db) {
    let mut record = item("nvd", "3", "CVE-2026-1: a flaw", "");
    record.kind = ItemKind::CveRecord;
    let items = vec![
        item("feed-a", "1", "One", ""),
        item("feed-a", "2", "Two", ""),
        record,
        item("feed-a", "4", "Four waits", ""),
    ];
    store
        .record(collected("feed-a", items.clone()))
        .await
        .unwrap();
    let fence = lane(&store).await;
    for it in &items[..3] {
        store.commit(&fence, placed(it, None)).await.unwrap();
    }
    let latest = store.latest_placed(10).await.unwrap();
    let titles: Vec<&str> = latest.iter().map(|one| one.item.title.as_str()).collect();
    assert_eq!(titles, ["Two", "One"]);
    assert_eq!(latest[0].analysis, analysis(&items[1]));
    assert_eq!(store.latest_placed(1).await.unwrap().len(), 1);
}
