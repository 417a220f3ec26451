//! Have I Been Pwned against a fake of its interface, and the recorded breach.

use expect_test::expect;
use model::{Cursor, IncidentType};
use serde_json::{Value, json};
use sources::hibp::{Config, Hibp, parse};
use sources::{Polled, Source, SourceError};
use testkit::site::Reply;

use crate::scene::{Scene, fixture, name, said};

pub(crate) const PATH: &str = "/api/v3/breaches";

fn open(scene: &Scene) -> Hibp {
    let config = Config {
        url: scene.site.url(PATH),
        ..Config::default()
    };
    Hibp::new(name(), config, &scene.tools)
}

pub(crate) fn breach(n: u32, count: u32, changed: &str) -> Value {
    json!({ "Name": format!("Site{n}"), "Title": format!("Site {n}"), "PwnCount": count,
        "AddedDate": format!("2026-11-{n:02}T00:00:00Z"), "ModifiedDate": changed,
        "Description": "It was <em>breached</em>.", "DataClasses": ["Passwords"], "IsVerified": true })
}

pub(crate) fn list(breaches: &[Value]) -> Reply {
    Reply::json(&Value::Array(breaches.to_vec()))
}

fn titles(polled: &Polled) -> Vec<&str> {
    polled
        .items
        .iter()
        .map(|item| item.title.as_str())
        .collect()
}

#[test]
fn breaches_are_read_and_what_is_none_is_not_stated_to_be_one() {
    let parsed = parse(fixture("hibp/breaches.json").as_bytes()).unwrap();
    let mut lines: Vec<String> = Vec::new();
    for breach in &parsed.entries {
        let draft = &breach.draft;
        lines.push(format!("{} | {}", draft.external_id, draft.title));
        lines.push(format!(
            "  {:?} {:?} {:?} {:?}",
            draft.url,
            draft.published.map(|at| at.to_string()),
            breach.changed.map(|at| at.to_string()),
            draft.stated.types
        ));
        lines.extend(draft.text.lines().map(|line| format!("  > {line}")));
    }
    lines.extend(
        parsed
            .problems
            .iter()
            .map(|p| format!("! {}: {}", p.place, p.reason)),
    );
    expect![[r#"
        Contoso | Contoso &amp; Sons: 2.3 million accounts in a data breach
          Some("https://haveibeenpwned.com/Breach/Contoso") Some("2026-11-20T17:15:11Z") Some("2026-11-20T17:15:11Z") [DataBreach]
          > <p>In March 2025, the shop <a href="https://contoso.example/" target="_blank">Contoso</a> was breached.</p>
          > <p>2.3 million accounts in a data breach.</p>
          > <p>Site: contoso.example.</p>
          > <p>It happened on 2025-03-01.</p>
          > <p>Data exposed: Email addresses, Passwords.</p>
        Fabrikam | Fabrikam: 512 accounts in data that is held to be fabricated
          Some("https://haveibeenpwned.com/Breach/Fabrikam") Some("2026-11-18T00:00:00Z") Some("2026-11-19T00:00:00Z") []
          > <p>Said to be of Fabrikam.</p>
          > <p>512 accounts in data that is held to be fabricated.</p>
          > <p>It happened on 2024-01-01.</p>
          > <p>Have I Been Pwned has not verified it.</p>
          > <p>Have I Been Pwned holds the data to be fabricated: it is probably no breach.</p>
          > <p>The breach is sensitive: to be in it may harm a person, and it is not searched in public.</p>
          > <p>The breach is retired: its data was taken out of Have I Been Pwned.</p>
        Spam List 7 | Spam List 7: 45,000 accounts in a list used for spam
          Some("https://haveibeenpwned.com/Breach/Spam%20List%207") Some("2026-11-17T00:00:00Z") Some("2026-11-17T00:00:00Z") []
          > <p>45,000 accounts in a list used for spam.</p>
          > <p>The data is a list gathered for spam; no single site was breached.</p>
        Logs | Stealer Logs: accounts in what malware has stolen
          Some("https://haveibeenpwned.com/Breach/Logs") None None [Malware]
          > <p>The data comes from logs of infostealers; the sites named were not breached.</p>
        ! Logs: `AddedDate` is not a date
        ! entry 5: it has no `Name`
        ! entry 6: it has no `Name`
    "#]].assert_eq(&(lines.join("\n") + "\n"));
}

#[tokio::test]
async fn the_first_list_is_history_and_then_only_what_is_new_or_changed_comes() {
    let scene = Scene::start().await;
    let old = "2026-11-05T00:00:00Z";
    let before = [breach(2, 500, old), breach(1, 700, old)];
    let after = [
        breach(2, 900, "2026-11-21T08:00:00Z"),
        breach(1, 700, old),
        breach(3, 2_000_000, old),
    ];
    scene.site.script(
        PATH,
        vec![
            list(&before).etag("\"1\""),
            list(&before).etag("\"1\""),
            list(&after),
            list(&after),
        ],
    );
    let source = open(&scene);
    let first = source.poll(&Cursor::start()).await.unwrap();
    assert!(first.first_load && first.checkpoint && !first.more);
    assert_eq!(
        titles(&first),
        [
            "Site 1: 700 accounts in a data breach",
            "Site 2: 500 accounts in a data breach"
        ]
    );
    let asked = &scene.site.requests()[0];
    assert!(asked.header("user-agent").unwrap().starts_with("Prahari/"));
    assert_eq!(first.items[0].stated.types, [IncidentType::DataBreach]);
    assert_eq!(
        first.items[0].url.as_deref(),
        Some("https://haveibeenpwned.com/Breach/Site1")
    );

    let unchanged = source.poll(&first.cursor).await.unwrap();
    assert_eq!((unchanged.items.len(), unchanged.first_load), (0, false));
    let second = source.poll(&unchanged.cursor).await.unwrap();
    assert!(!second.first_load);
    assert_eq!(
        titles(&second),
        [
            "Site 2: 900 accounts in a data breach",
            "Site 3: 2 million accounts in a data breach"
        ]
    );
    // Another version of the same thing.
    assert_eq!(second.items[0].external_id, first.items[1].external_id);
    assert_ne!(second.items[0].id, first.items[1].id);
    let third = source.poll(&second.cursor).await.unwrap();
    assert_eq!(titles(&third), [""; 0]);
}

#[tokio::test]
async fn half_a_list_is_none() {
    let scene = Scene::start().await;
    let source = open(&scene);
    let old = "2026-11-05T00:00:00Z";
    let many: Vec<Value> = (1..20).map(|n| breach(n, n, old)).collect();
    scene.site.serve(PATH, list(&many));
    let first = source.poll(&Cursor::start()).await.unwrap();
    // Half a list would make the other half news.
    scene.site.serve(PATH, list(&many[..4]));
    let error = source.poll(&first.cursor).await.unwrap_err();
    assert!(matches!(error, SourceError::Nonsense(_)), "{error}");
    scene
        .site
        .serve(PATH, Reply::json(&json!({ "message": "Slow down." })));
    assert!(said(source.poll(&first.cursor).await).ends_with("no list of breaches: Slow down"));
}

#[test]
fn the_recorded_breach_is_read() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/samples/hibp/breach-wanelo.json");
    let Ok(bytes) = std::fs::read(&path) else {
        println!("left out: {} is not there", path.display());
        return;
    };
    let parsed = parse(&bytes).unwrap();
    assert_eq!((parsed.entries.len(), parsed.problems.len()), (1, 0));
    let breach = &parsed.entries[0];
    assert_eq!(
        breach.draft.title,
        "Wanelo: 23.2 million accounts in a data breach"
    );
    // Without `ModifiedDate`.
    assert_eq!(breach.changed, breach.draft.published);
}
