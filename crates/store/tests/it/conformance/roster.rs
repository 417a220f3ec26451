//! What people changed of the sources.

use std::sync::Arc;

use model::SourceId;
use serde_json::json;
use store::{Change, Store};

use crate::build::{collected, item, minute};

type Db = Arc<dyn Store>;

fn id(name: &str) -> SourceId {
    SourceId::new(name).unwrap()
}

fn change(at: i64) -> Change {
    Change {
        at: minute(at),
        by: "command".to_owned(),
    }
}

pub(crate) async fn an_added_source_is_kept_whole_and_moves_the_revision(store: Db, _: Db) {
    assert_eq!(store.source_revision().await.unwrap(), 0);
    let entry = json!({ "id": "mine", "kind": "feed", "url": "https://example.org/feed" });
    assert!(
        store
            .add_source(&id("mine"), entry.clone(), change(1))
            .await
            .unwrap()
    );
    assert_eq!(store.source_revision().await.unwrap(), 1);
    let other = json!({ "id": "mine", "kind": "feed", "url": "https://example.org/other" });
    assert!(
        !store
            .add_source(&id("mine"), other, change(2))
            .await
            .unwrap()
    );
    assert_eq!(
        store.source_revision().await.unwrap(),
        1,
        "nothing was changed"
    );
    let settings = store.source_settings().await.unwrap();
    assert_eq!(settings.len(), 1);
    assert_eq!(settings[0].entry, Some(entry));
    assert_eq!(settings[0].enabled, None);
    assert_eq!(settings[0].change, change(1));
}

pub(crate) async fn a_switch_holds_beside_an_entry_and_alone(store: Db, _: Db) {
    store
        .add_source(&id("mine"), json!({ "id": "mine" }), change(1))
        .await
        .unwrap();
    store
        .switch_source(&id("mine"), false, change(2))
        .await
        .unwrap();
    store
        .switch_source(&id("nvd"), true, change(3))
        .await
        .unwrap();
    store
        .switch_source(&id("nvd"), false, change(4))
        .await
        .unwrap();
    assert_eq!(store.source_revision().await.unwrap(), 4);
    let settings = store.source_settings().await.unwrap();
    let told: Vec<_> = settings
        .iter()
        .map(|it| {
            (
                it.source.as_str(),
                it.enabled,
                it.entry.is_some(),
                it.change.at,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("mine", Some(false), true, minute(2)),
            ("nvd", Some(false), false, minute(4))
        ]
    );
    // A switch that waited is not the new source's.
    assert!(
        store
            .add_source(&id("nvd"), json!({ "id": "nvd" }), change(5))
            .await
            .unwrap()
    );
    assert_eq!(store.source_settings().await.unwrap()[1].enabled, None);
}

pub(crate) async fn only_what_was_added_can_be_removed(store: Db, _: Db) {
    store
        .add_source(&id("mine"), json!({ "id": "mine" }), change(1))
        .await
        .unwrap();
    store
        .switch_source(&id("nvd"), false, change(2))
        .await
        .unwrap();
    assert!(!store.remove_source(&id("nvd")).await.unwrap());
    assert!(!store.remove_source(&id("never")).await.unwrap());
    assert_eq!(store.source_revision().await.unwrap(), 2);
    assert!(store.remove_source(&id("mine")).await.unwrap());
    assert_eq!(store.source_revision().await.unwrap(), 3);
    let left = store.source_settings().await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].source, id("nvd"));
}

pub(crate) async fn an_added_source_begins_anew(store: Db, _: Db) {
    store
        .record(collected("mine", vec![item("mine", "1", "One", "")]))
        .await
        .unwrap();
    assert_eq!(store.source_states().await.unwrap().len(), 1);
    store
        .add_source(&id("mine"), json!({ "id": "mine" }), change(1))
        .await
        .unwrap();
    assert_eq!(
        store.source_states().await.unwrap(),
        [],
        "its first reading is history again"
    );
}

pub(crate) async fn another_process_sees_each_change(store: Db, other: Db) {
    store
        .add_source(&id("mine"), json!({ "id": "mine" }), change(1))
        .await
        .unwrap();
    assert_eq!(other.source_revision().await.unwrap(), 1);
    other
        .switch_source(&id("mine"), false, change(2))
        .await
        .unwrap();
    assert_eq!(store.source_revision().await.unwrap(), 2);
    assert_eq!(
        store.source_settings().await.unwrap()[0].enabled,
        Some(false)
    );
}
