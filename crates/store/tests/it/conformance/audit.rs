//! What the self-audit keeps.

use std::sync::Arc;

use model::VulnerabilityStatus;
use model::audit::{Episode, EpisodeKind, Ledger, TroubleKind};
use store::{Store, Telling};

use crate::build::{collected, heard, item, minute, notice, said, source, statement};

type Db = Arc<dyn Store>;

fn silent(of: Option<&str>) -> Episode {
    Episode {
        source: of.map(source),
        kind: EpisodeKind::Silent,
        since: minute(1),
        told: "it gives nothing".to_owned(),
        ended: None,
    }
}

fn opening(episodes: &[Episode], title: &str) -> Telling {
    Telling {
        opened: episodes.to_vec(),
        notices: vec![notice("soc", title)],
        ..Telling::default()
    }
}

fn ending(episodes: &[Episode], title: &str) -> Telling {
    Telling {
        ended: episodes.to_vec(),
        notices: vec![notice("soc", title)],
        ..Telling::default()
    }
}

async fn told(store: &Db) -> usize {
    store.deliveries(None, 100).await.unwrap().len()
}

pub(crate) async fn a_ledger_is_kept_beside_the_state(store: Db, other: Db) {
    let mut ledger = Ledger::default();
    ledger.answered(minute(1), true, false);
    // A source that rested before its first poll has a ledger and no state.
    store.keep_ledger(&source("feed"), &ledger).await.unwrap();
    assert_eq!(store.source_states().await.unwrap().len(), 0);
    store
        .record(collected("feed", vec![item("feed", "1", "One", "")]))
        .await
        .unwrap();
    store.record(collected("quiet", vec![])).await.unwrap();
    let ledger_of = async |name: &str| {
        let state = other.source_state(&source(name)).await.unwrap();
        state.unwrap().ledger
    };
    assert_eq!(ledger_of("feed").await, ledger);
    assert_eq!(ledger_of("quiet").await, Ledger::default());

    ledger.failed(minute(2), TroubleKind::Gone, "gone".to_owned(), false);
    store
        .record_failure(&source("feed"), minute(2), "gone")
        .await
        .unwrap();
    assert_ne!(
        ledger_of("feed").await,
        ledger,
        "it is kept when it is said"
    );
    store.keep_ledger(&source("feed"), &ledger).await.unwrap();
    assert_eq!(ledger_of("feed").await, ledger);
    store.record(collected("feed", vec![])).await.unwrap();
    assert_eq!(ledger_of("feed").await, ledger, "a poll leaves it alone");
}

pub(crate) async fn one_source_is_found_by_its_name(store: Db, _: Db) {
    for name in ["a", "b", "c"] {
        store.record(collected(name, vec![])).await.unwrap();
    }
    let found = store.source_state(&source("b")).await.unwrap().unwrap();
    assert_eq!(found.source, source("b"));
    assert_eq!(found, store.source_states().await.unwrap()[1]);
    assert!(store.source_state(&source("d")).await.unwrap().is_none());
}

pub(crate) async fn an_episode_is_told_once_and_ended_once(store: Db, other: Db) {
    let feed = [silent(Some("feed"))];
    assert!(
        store
            .tell(minute(2), opening(&feed, "silent"))
            .await
            .unwrap()
    );
    assert!(
        !other
            .tell(minute(3), opening(&feed, "silent"))
            .await
            .unwrap()
    );
    assert_eq!(other.episodes().await.unwrap(), feed);
    assert_eq!(told(&store).await, 1);

    assert!(
        other
            .tell(minute(9), ending(&feed, "speaks"))
            .await
            .unwrap()
    );
    assert!(
        !store
            .tell(minute(9), ending(&feed, "speaks"))
            .await
            .unwrap()
    );
    let [ended] = store.episodes().await.unwrap().try_into().unwrap();
    assert_eq!(ended.ended, Some(minute(9)));
    assert_eq!(told(&store).await, 2);

    // The same may happen again.
    assert!(
        store
            .tell(minute(20), opening(&feed, "silent"))
            .await
            .unwrap()
    );
    assert_eq!(store.episodes().await.unwrap()[0].ended, None);
    assert_eq!(told(&store).await, 3);
}

pub(crate) async fn a_telling_is_written_whole_or_not_at_all(store: Db, _: Db) {
    let all = [silent(Some("a")), silent(Some("b")), silent(None)];
    assert!(
        store
            .tell(minute(2), opening(&all[..1], "a"))
            .await
            .unwrap()
    );
    assert!(!store.tell(minute(3), opening(&all, "all")).await.unwrap());
    assert_eq!(store.episodes().await.unwrap(), all[..1]);
    assert!(!store.tell(minute(3), ending(&all, "all")).await.unwrap());
    assert_eq!(told(&store).await, 1);
    let rest = Telling {
        opened: all[1..].to_vec(),
        ended: all[..1].to_vec(),
        notices: vec![notice("soc", "changed"), notice("night", "changed")],
    };
    assert!(store.tell(minute(4), rest).await.unwrap());
    let lasting: Vec<_> = store
        .episodes()
        .await
        .unwrap()
        .into_iter()
        .filter(|episode| episode.ended.is_none())
        .map(|episode| episode.source)
        .collect();
    assert_eq!(lasting, [None, Some(source("b"))]);
    assert_eq!(told(&store).await, 3);
}

pub(crate) async fn what_is_held_of_a_source_is_counted_by_cve(store: Db, _: Db) {
    let one = |cve, document: &str| {
        let mut statement = statement("osv", cve, "A flaw.");
        statement.document = Some(document.to_owned());
        heard(statement, false)
    };
    store
        .record(said(
            "osv",
            vec![
                one("CVE-2026-0001", "GHSA-1"),
                one("CVE-2026-0001", "GHSA-2"),
                one("CVE-2026-0002", "GHSA-3"),
            ],
        ))
        .await
        .unwrap();
    assert_eq!(store.held(&source("osv")).await.unwrap(), 2);
    assert_eq!(store.held(&source("nvd")).await.unwrap(), 0);
}

pub(crate) async fn cves_of_which_only_one_source_speaks_are_counted(store: Db, _: Db) {
    let one = |from, cve| heard(statement(from, cve, "A flaw."), false);
    let mut rejected = statement("cve-list", "CVE-2026-0009", "Rejected.");
    rejected.status = Some(VulnerabilityStatus::Rejected);
    store
        .record(said(
            "cve-list",
            vec![
                one("cve-list", "CVE-2026-0001"),
                one("cve-list", "CVE-2026-0002"),
                one("cve-list", "CVE-2026-0003"),
                heard(rejected, false),
            ],
        ))
        .await
        .unwrap();
    store
        .record(said(
            "nvd",
            vec![one("nvd", "CVE-2026-0003"), one("nvd", "CVE-2026-0004")],
        ))
        .await
        .unwrap();
    let (list, nvd) = (source("cve-list"), source("nvd"));
    assert_eq!(store.known_only_to(&list, &nvd).await.unwrap(), 2);
    assert_eq!(store.known_only_to(&nvd, &list).await.unwrap(), 1);
}
