//! What changed of a CVE, and lists of CVEs.

use std::sync::Arc;

use model::vulnerability::Changed;
use model::{CweId, OwaspCategory, Severity, Statement};
use store::{Collected, Occasion, Store, VulnerabilityFilter};

use crate::build::{
    Tale, collected, cve, heard, incident, item, minute, placed, said, scored, statement,
};

type Db = Arc<dyn Store>;

const CVE: &str = "CVE-2026-1234";

async fn hear(store: &Db, at: i64, occasion: Occasion, statement: Statement) {
    let poll = Collected {
        at: minute(at),
        occasion,
        ..said(
            statement.source.clone().as_str(),
            vec![heard(statement, false)],
        )
    };
    store.record(poll).await.unwrap();
}

/// The history of the CVE, latest first: `minute source what: from > to`.
async fn history(store: &Db) -> Vec<String> {
    let detail = store.vulnerability(&cve(CVE)).await.unwrap().unwrap();
    let shown = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let lines = detail.changes.into_iter().map(|changed| {
        let minutes = (changed.at.as_second() - minute(0).as_second()) / 60;
        let change = changed.change;
        format!(
            "{minutes} {} {:?}: {} > {}",
            changed.source,
            change.what,
            shown(change.from),
            shown(change.to)
        )
    });
    lines.collect()
}

fn by_nvd(words: &str, base: f32) -> Statement {
    scored(statement("nvd", CVE, words), base)
}

pub(crate) async fn a_changed_score_is_history_and_an_edit_is_not(store: Db, _: Db) {
    let live = Occasion::Fresh;
    hear(&store, 1, live, by_nvd("A flaw.", 7.5)).await;
    assert_eq!(
        history(&store).await,
        Vec::<String>::new(),
        "a first word is no change"
    );
    hear(&store, 2, live, by_nvd("A flaw, reworded.", 7.5)).await;
    assert_eq!(
        history(&store).await,
        Vec::<String>::new(),
        "an edit is no change"
    );
    hear(&store, 3, live, by_nvd("A flaw, reworded.", 9.8)).await;
    let changed = [
        "3 nvd Severity: high > critical",
        "3 nvd Score: CVSS 3.1 7.5 by NVD > CVSS 3.1 9.8 by NVD",
    ];
    assert_eq!(history(&store).await, changed);
    // The same word again, and a word of before.
    hear(&store, 4, live, by_nvd("A flaw, reworded.", 9.8)).await;
    let mut old = by_nvd("A flaw.", 7.5);
    old.modified = Some(minute(-6_000));
    hear(&store, 5, live, old).await;
    assert_eq!(history(&store).await, changed);
}

pub(crate) async fn a_load_tells_only_what_a_source_itself_corrected(store: Db, _: Db) {
    hear(&store, 1, Occasion::Fresh, by_nvd("A flaw.", 7.5)).await;
    let by_vendor = |base| {
        let mut said = scored(statement("vendor", CVE, "Our flaw."), base);
        said.scores[0].sayer = model::Sayer::Cna("vendor".to_owned());
        said
    };
    hear(&store, 2, Occasion::History, by_vendor(5.0)).await;
    assert_eq!(
        history(&store).await,
        Vec::<String>::new(),
        "an import of another source is news to us, not to the world"
    );
    hear(&store, 3, Occasion::History, by_vendor(5.1)).await;
    assert_eq!(
        history(&store).await,
        ["3 vendor Score: CVSS 3.1 5.0 by vendor > CVSS 3.1 5.1 by vendor"]
    );
    // Live, another source's first word is a change.
    let mut listed = statement("kev", CVE, "Listed.");
    listed.exploitation = Some(model::Exploitation {
        name: None,
        added: None,
        due: None,
        action: None,
        ransomware: false,
    });
    hear(&store, 4, Occasion::CatchUp, listed).await;
    let latest = history(&store).await;
    assert!(
        latest.contains(&"4 kev Exploitation: - > exploited (KEV)".to_owned()),
        "{latest:?}"
    );
}

pub(crate) async fn the_history_of_a_cve_is_bounded(store: Db, _: Db) {
    for n in 0..260_i64 {
        let base = if n % 2 == 0 { 9.1 } else { 9.2 };
        hear(&store, n, Occasion::Fresh, by_nvd("A flaw.", base)).await;
    }
    let kept = history(&store).await;
    assert_eq!(kept.len(), 200);
    assert!(kept[0].starts_with("259 nvd Score"), "{}", kept[0]);
}

pub(crate) async fn a_cve_shows_who_says_what_and_its_incidents(store: Db, _: Db) {
    let tale = Tale::of(Arc::clone(&store)).await;
    let mut weak = by_nvd("A flaw.", 7.5);
    weak.weaknesses = vec![CweId(79)];
    let category = OwaspCategory {
        edition: 2025,
        rank: 5,
        id: "A05:2025".to_owned(),
        title: "Injection".to_owned(),
        url: "https://owasp.example/a05".to_owned(),
        summary: String::new(),
        cwes: vec![CweId(79)],
    };
    let poll = Collected {
        categories: vec![category.clone()],
        heard: vec![heard(weak, false)],
        ..collected("nvd", vec![])
    };
    store.record(poll).await.unwrap();
    hear(
        &store,
        2,
        Occasion::Fresh,
        statement("vendor", CVE, "Ours."),
    )
    .await;
    let news = item("feed", "1", "Acme is attacked", "");
    tale.record(&[&news]).await;
    let mut opened = incident(&news);
    opened.cves = vec![cve(CVE)];
    tale.commit(placed(&news, Some(opened.clone())))
        .await
        .unwrap();

    let detail = store.vulnerability(&cve(CVE)).await.unwrap().unwrap();
    let sayers: Vec<&str> = detail
        .statements
        .iter()
        .map(|one| one.source.as_str())
        .collect();
    assert_eq!(sayers, ["nvd", "vendor"]);
    assert_eq!(detail.owasp, [category]);
    assert_eq!(detail.incidents, [opened]);
    assert_eq!(detail.vulnerability.cve, cve(CVE));
    let nobody = store.vulnerability(&cve("CVE-2026-9999")).await.unwrap();
    assert!(nobody.is_none());
}

pub(crate) async fn vulnerabilities_are_listed_in_pages(store: Db, _: Db) {
    let mut said_of_all = Vec::new();
    for n in 1..=5_u8 {
        let mut one = scored(
            statement("nvd", &format!("CVE-2026-100{n}"), "A flaw."),
            f32::from(n) * 2.0 - 0.1,
        );
        one.modified = Some(minute(i64::from(n)));
        one.weaknesses = vec![CweId(if n == 2 { 89 } else { 79 })];
        one.exploitation = (n == 4).then_some(model::Exploitation {
            name: None,
            added: None,
            due: None,
            action: None,
            ransomware: false,
        });
        said_of_all.push(heard(one, false));
    }
    // A record without a date stands last, and does not break the pages.
    let mut undated = statement("nvd", "CVE-2025-0001", "A flaw.");
    undated.modified = None;
    said_of_all.push(heard(undated, false));
    store.record(said("nvd", said_of_all)).await.unwrap();
    let mut changed = scored(statement("nvd", "CVE-2026-1003", "A flaw."), 7.0);
    changed.modified = Some(minute(3));
    changed.weaknesses = vec![CweId(79)];
    hear(&store, 9, Occasion::Fresh, changed).await;

    let all = VulnerabilityFilter::default();
    let (mut after, mut seen) = (None::<String>, Vec::new());
    loop {
        let page = store
            .vulnerability_page(&all, after.as_deref(), 4)
            .await
            .unwrap();
        seen.extend(
            page.vulnerabilities
                .into_iter()
                .map(|one| one.cve.to_string()),
        );
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let order = ["1005", "1004", "1003", "1002", "1001"].map(|n| format!("CVE-2026-{n}"));
    assert_eq!(seen[..5], order);
    assert_eq!(seen[5..], ["CVE-2025-0001"]);

    let found = async |filter: VulnerabilityFilter| -> Vec<String> {
        let page = store.vulnerability_page(&filter, None, 200).await.unwrap();
        let short = |cve: &str| cve.rsplit_once('-').map(|(_, n)| n.to_owned()).unwrap();
        page.vulnerabilities
            .iter()
            .map(|one| short(one.cve.as_str()))
            .collect()
    };
    let filter = || VulnerabilityFilter::default();
    for (name, filter, expected) in [
        (
            "prefix",
            VulnerabilityFilter {
                cve: Some("CVE-2025-".to_owned()),
                ..filter()
            },
            vec!["0001"],
        ),
        (
            "severity",
            VulnerabilityFilter {
                min_severity: Some(Severity::High),
                ..filter()
            },
            vec!["1005", "1004", "1003"],
        ),
        (
            "exploited",
            VulnerabilityFilter {
                exploited: Some(true),
                ..filter()
            },
            vec!["1004"],
        ),
        (
            "not exploited",
            VulnerabilityFilter {
                exploited: Some(false),
                cve: Some("CVE-2026-".to_owned()),
                ..filter()
            },
            vec!["1005", "1003", "1002", "1001"],
        ),
        (
            "weakness",
            VulnerabilityFilter {
                weakness: Some(CweId(89)),
                ..filter()
            },
            vec!["1002"],
        ),
        (
            "changed",
            VulnerabilityFilter {
                changed_since: Some(minute(9)),
                ..filter()
            },
            vec!["1003"],
        ),
        (
            "modified",
            VulnerabilityFilter {
                modified_since: Some(minute(4)),
                ..filter()
            },
            vec!["1005", "1004"],
        ),
    ] {
        assert_eq!(found(filter).await, expected, "{name}");
    }
    for wrong in ["x", "1", "1.", "99999999999999999999.1", "1.2.3"] {
        let refused = store.vulnerability_page(&all, Some(wrong), 4).await;
        assert!(
            matches!(refused, Err(store::StoreError::Invalid(_))),
            "{wrong}"
        );
    }
    let changed = store
        .vulnerability(&cve("CVE-2026-1003"))
        .await
        .unwrap()
        .unwrap();
    assert!(
        changed
            .changes
            .iter()
            .all(|one| matches!(one.change.what, Changed::Severity | Changed::Score))
    );
}
