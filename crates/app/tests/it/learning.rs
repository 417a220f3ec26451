//! People say what is right; it holds at once, and models learn from it.

use std::path::PathBuf;
use std::time::Duration;

use model::clock::earlier;
use model::item::{Draft, Stated};
use model::{Clock, Item, ItemId, ItemKind, Markup, SourceId};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::api::Client;
use crate::cli::{Folder, LINES};
use crate::world::minutes;

const BREACH: &str = "Hackers steal records of 40,000 customers of Acme Bank in Pune";

impl Client {
    /// A story in a feed, read and placed.
    async fn published(&mut self, feed: &str, title: &str) {
        self.world.clock.advance(minutes(5));
        self.world.publish(feed, title);
        self.world.poll().await;
    }

    async fn first_incident(&self) -> Value {
        let (_, list) = self.get("/api/incidents").await;
        let id = list["incidents"][0]["id"].as_str().unwrap();
        self.get(&format!("/api/incidents/{id}")).await.1
    }

    /// The item placed last, whatever became of it.
    async fn last_item(&self) -> ItemId {
        let latest = self.world.pipeline.store.latest_placed(1).await.unwrap();
        latest[0].item.id
    }

    async fn model(&self, task: &str) -> Value {
        let (status, models) = self.get("/api/models").await;
        assert_eq!(status, 200, "{models}");
        let all = models["models"].as_array().unwrap();
        let found = all.iter().find(|model| model["task"] == task);
        found.unwrap().clone()
    }
}

#[tokio::test]
async fn what_a_person_says_holds_until_it_is_taken_back() {
    let mut client = Client::start().await;
    client.published("feed-a", BREACH).await;
    let before = client.first_incident().await;
    assert_eq!(before["said"], Value::Null);
    assert_ne!(before["severity"], "critical", "{before}");

    let says = json!({
        "incident": before["id"], "severity": "critical", "types": ["insider", "data_breach"],
        "countries": ["IN", "NP"], "note": "the clerk did it", "by": "Asha Rao"
    });
    let (status, given) = client.post("/api/feedback", &says).await;
    assert_eq!(status, 201, "{given}");
    assert_eq!(given["incident"], before["id"]);
    assert_eq!(given["title"], BREACH);
    let after = client.first_incident().await;
    assert_eq!(after["severity"], "critical");
    assert_eq!(
        after["severity_reason"],
        "said by a person: Critical (“the clerk did it”)"
    );
    assert_eq!(after["countries"], json!(["IN", "NP"]));
    assert_eq!(after["types"][0]["label"], "data_breach");
    assert_eq!(after["types"][1]["label"], "insider");
    assert_eq!(after["said"]["by"], "Asha Rao");
    assert_eq!(after["said"]["relevant"], Value::Null);
    assert!(after["revision"].as_u64() > before["revision"].as_u64());

    // Another report of the same story changes nothing of it.
    client.published("feed-b", BREACH).await;
    let joined = client.first_incident().await;
    assert_eq!(joined["timeline"].as_array().unwrap().len(), 2, "{joined}");
    for part in ["severity", "severity_reason", "countries", "types", "said"] {
        assert_eq!(joined[part], after[part], "{part}");
    }
    // Nor does understanding everything again.
    let again = app::pipeline::Reprocess {
        items: true,
        ..Default::default()
    };
    client
        .world
        .pipeline
        .reprocess(again, &|_| ())
        .await
        .unwrap();
    assert_eq!(client.first_incident().await["types"], after["types"]);

    let (_, list) = client
        .get(&format!(
            "/api/feedback?incident={}",
            before["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(list["total"], 1, "{list}");
    let path = format!("/api/feedback/{}", given["id"].as_str().unwrap());
    let by = format!("{path}?by=Ravi");
    let (status, _) = client.send(Method::DELETE, &by, &json!({})).await;
    assert_eq!(status, 200);
    let back = client.first_incident().await;
    for part in [
        "severity",
        "severity_score",
        "countries",
        "types",
        "said",
        "relevance",
    ] {
        assert_eq!(back[part], before[part], "{part}");
    }
    let (status, _) = client.send(Method::DELETE, &path, &json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(client.get("/api/feedback").await.1["total"], 0);

    let history = back["history"].as_array().unwrap().iter();
    let by_people: Vec<String> = history
        .filter_map(|entry| {
            Some(format!(
                "{}: {}",
                entry["by"].as_str()?,
                entry["text"].as_str()?
            ))
        })
        .collect();
    let reason = before["severity_reason"].as_str().unwrap();
    let band = before["severity"].as_str().unwrap();
    let said = "Data breach, Insider; Critical; IN, NP (“the clerk did it”)";
    assert_eq!(
        by_people,
        [
            format!("Ravi: severity: critical → {band}: {reason}"),
            format!("Ravi: taken back what Asha Rao said: {said}"),
            format!(
                "Asha Rao: severity: {band} → critical: said by a person: Critical (“the clerk did it”)"
            ),
            format!("Asha Rao: said: {said}"),
        ]
    );
}

#[tokio::test]
async fn what_does_not_matter_is_dismissed_and_no_longer_public() {
    let mut client = Client::start().await;
    client.published("feed-a", BREACH).await;
    let incident = client.first_incident().await;
    assert_eq!(client.get("/alerts").await.1.as_array().unwrap().len(), 1);
    let says = json!({ "incident": incident["id"], "relevant": false, "note": "an exercise" });
    let (_, given) = client.post("/api/feedback", &says).await;
    let after = client.first_incident().await;
    assert_eq!(after["relevance"], "irrelevant");
    assert_eq!(after["status"], "dismissed");
    assert_eq!(
        after["reasons"][0]["text"],
        "said by a person: not relevant (“an exercise”)"
    );
    assert_eq!(client.get("/alerts").await.1, json!([]));
    let path = format!("/api/feedback/{}", given["id"].as_str().unwrap());
    client.send(Method::DELETE, &path, &json!({})).await;
    let back = client.first_incident().await;
    assert_eq!(
        (&back["status"], &back["relevance"]),
        (&json!("new"), &incident["relevance"])
    );
}

#[tokio::test]
async fn an_item_nobody_heard_of_is_placed_when_a_person_says_it_matters() {
    let mut client = Client::start().await;
    client
        .published("feed-a", "The Kolibri choir sings in the park on Sunday")
        .await;
    assert_eq!(client.get("/api/incidents").await.1["total"], 0);
    let item = client.last_item().await;
    let says = json!({ "item": item, "relevant": true, "severity": "high" });
    let (status, given) = client.post("/api/feedback", &says).await;
    assert_eq!(status, 201, "{given}");
    let incident = client.first_incident().await;
    assert_eq!(given["incident"], incident["id"]);
    assert_eq!(incident["severity"], "high");
    assert_ne!(incident["relevance"], "irrelevant");
    client.world.pass(minutes(30)).await;
    assert!(client.world.slack.posts().is_empty(), "it is history");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let mut client = Client::start().await;
    client.published("feed-a", BREACH).await;
    let id = client.first_incident().await["id"].clone();
    let unknown = "01936000-0000-7000-8000-000000000001";
    for (body, status, field) in [
        (json!({ "relevant": true }), 400, "incident"),
        (
            json!({ "incident": id, "item": id, "relevant": true }),
            400,
            "incident",
        ),
        (json!({ "incident": id }), 400, "relevant"),
        (
            json!({ "incident": id, "relevant": false, "severity": "low" }),
            400,
            "relevant",
        ),
        (json!({ "incident": id, "types": [] }), 400, "types"),
        (
            json!({ "incident": id, "types": ["other", "ddos"] }),
            400,
            "types",
        ),
        (
            json!({ "incident": id, "severity": "low", "note": "x".repeat(501) }),
            400,
            "note",
        ),
        (json!({ "incident": unknown, "relevant": true }), 404, ""),
        (json!({ "item": unknown, "relevant": true }), 404, ""),
        (json!({ "incident": id, "types": ["sorcery"] }), 400, ""),
        (json!({ "incident": id, "countries": ["India"] }), 400, ""),
    ] {
        let (got, problem) = client.post("/api/feedback", &body).await;
        assert_eq!(got, status, "{body}: {problem}");
        assert_eq!(
            problem["field"].as_str().unwrap_or_default(),
            field,
            "{body}: {problem}"
        );
    }
    for (path, status) in [
        ("/api/models/sorcery/train", 404),
        ("/api/models/names/train", 422),
        ("/api/models/types/rollback", 409),
    ] {
        assert_eq!(client.post(path, &json!({})).await.0, status, "{path}");
    }
    for (version, status) in [
        ("shipped", 409),
        ("../../etc/passwd", 404),
        ("0123456789abcdef", 404),
    ] {
        let body = json!({ "version": version });
        let (got, _) = client.post("/api/models/types/activate", &body).await;
        assert_eq!(got, status, "{version}");
    }
    let (_, models) = client.get("/api/models").await;
    assert_eq!(models["decisions"], json!([]), "nothing was decided");
}

const PLACES: [&str; 10] = [
    "Nashik", "Guntur", "Leeds", "Bilaspur", "Porto", "Mysuru", "Kollam", "Turin", "Raipur",
    "Ghent",
];

fn outage(n: usize) -> (String, String) {
    let place = PLACES[n % PLACES.len()];
    (
        format!("Power cut leaves {place} in the dark for {} hours", n + 2),
        format!(
            "A fallen tree broke the line near {place}; crews of the grid company worked through the night on feeder {n}."
        ),
    )
}

fn cricket(n: usize) -> (String, String) {
    let place = PLACES[n % PLACES.len()];
    (
        format!("{place} wins the cricket final by {} runs", n + 1),
        format!("The captain praised his bowlers after match {n} of the season at {place}."),
    )
}

fn breach(n: usize) -> (String, String) {
    let place = PLACES[n % PLACES.len()];
    (
        format!(
            "Hackers steal records of {}00 customers of a {place} bank",
            n + 1
        ),
        format!("The bank in {place} confirmed the data breach number {n} and told the police."),
    )
}

impl Client {
    /// Takes in a report, so long ago that it is no story with any other.
    async fn report(&self, n: usize, (title, text): (String, String)) -> ItemId {
        let pipeline = &self.world.pipeline;
        let source = SourceId::new("reports").unwrap();
        let days = 20 * (n as u64 + 3);
        let published = earlier(self.world.clock.now(), Duration::from_secs(86_400 * days));
        let draft = Draft {
            external_id: title.clone(),
            kind: ItemKind::Article,
            url: None,
            title,
            text,
            markup: Markup::Plain,
            author: None,
            language: None,
            published: Some(published),
            updated: None,
            stated: Stated::default(),
        };
        let now = self.world.clock.now();
        let item = Item::new(&source, draft, now);
        let id = item.id;
        pipeline.take_in(&source, item, now).await.unwrap();
        id
    }

    /// Waits until the background has decided about a model.
    async fn decided(&self, before: u64) -> Value {
        let store = &self.world.pipeline.store;
        let mut changes = store.changes();
        while store.decision_count().await.unwrap() == before {
            changes.changed().await.unwrap();
        }
        let (_, models) = self.get("/api/models").await;
        models["decisions"][0].clone()
    }

    /// Whether this report would be an incident now.
    async fn concerns(&self, n: usize, report: (String, String)) -> bool {
        let item = self.report(n, report).await;
        self.world.pipeline.place_waiting().await.unwrap();
        let store = &self.world.pipeline.store;
        store.placement_of(item).await.unwrap().unwrap().is_some()
    }
}

/// A reader who wants to hear of power cuts, and is taken at their word: the whole way
/// from feedback over the gate to other decisions, and back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feedback_teaches_through_the_gate_and_is_rolled_back() {
    let mut client = Client::start().await;
    assert!(!client.concerns(900, outage(900)).await);
    assert!(client.concerns(901, breach(901)).await);
    let (status, _) = client.post("/api/models/relevance/train", &json!({})).await;
    assert_eq!(status, 202);
    let refused = client.decided(0).await;
    assert_eq!(
        (&refused["changed"], &refused["live"]),
        (&json!(false), &json!("shipped"))
    );
    assert!(
        refused["why"].as_str().unwrap().contains("it takes 50"),
        "{refused}"
    );

    let mut said = Vec::new();
    for n in 0..80 {
        for (report, relevant) in [(outage(n), true), (cricket(n), false), (breach(n), true)] {
            said.push((client.report(said.len(), report).await, relevant));
        }
    }
    client.world.pipeline.place_waiting().await.unwrap();
    for (item, relevant) in &said {
        let body = json!({ "item": item, "relevant": relevant });
        let (status, given) = client.post("/api/feedback", &body).await;
        assert_eq!(status, 201, "{given}");
    }
    let model = client.model("relevance").await;
    assert_eq!(
        (&model["labels"], &model["needed"]),
        (&json!(240), &json!(50))
    );
    assert_eq!(client.model("names").await["taught"], false);

    let (status, answer) = client.post("/api/models/relevance/train", &json!({})).await;
    assert_eq!(
        (status, &answer["training"]),
        (StatusCode::ACCEPTED, &json!(true))
    );
    let decision = client.decided(1).await;
    assert_eq!(decision["changed"], true, "{decision}");
    assert_eq!(
        (&decision["step"], &decision["by"]),
        (&json!("trained"), &json!("api"))
    );
    let trial = &decision["trial"];
    assert!(
        trial["after"]["error"].as_f64() < trial["before"]["error"].as_f64(),
        "{trial}"
    );
    let version = client.model("relevance").await["live"].clone();
    assert_eq!(version, decision["live"]);
    assert!(client.concerns(902, outage(902)).await);
    assert!(client.concerns(903, breach(903)).await);
    assert!(!client.concerns(904, cricket(904)).await);

    // It is still there after a restart.
    client.world.restart().await;
    let mut client = Client::of(client.world).await;
    assert_eq!(client.model("relevance").await["live"], version);
    assert!(client.concerns(905, outage(905)).await);

    // A damaged file is refused, and the shipped model decides.
    let data = client.world.pipeline.settings.data_dir.clone();
    let name = format!("models/relevance-{}.bin", version.as_str().unwrap());
    let path: PathBuf = data.join(name);
    let whole = std::fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    damaged[70_000] ^= 1;
    std::fs::write(&path, &damaged).unwrap();
    client.world.restart().await;
    let client = Client::of(client.world).await;
    let model = client.model("relevance").await;
    assert!(
        model["problem"].as_str().unwrap().contains("changed since"),
        "{model}"
    );
    assert!(!client.concerns(906, outage(906)).await);
    std::fs::write(&path, &whole).unwrap();
    let body = json!({ "version": version });
    let (status, model) = client.post("/api/models/relevance/activate", &body).await;
    assert_eq!(
        (status, &model["problem"]),
        (StatusCode::OK, &Value::Null),
        "{model}"
    );
    assert!(client.concerns(907, outage(907)).await);

    let (status, model) = client
        .post("/api/models/relevance/rollback", &json!({}))
        .await;
    assert_eq!(
        (status, &model["live"]),
        (StatusCode::OK, &json!("shipped"))
    );
    assert_eq!(model["previous"], version);
    assert!(!client.concerns(908, outage(908)).await);
    // And forth again.
    let (_, model) = client
        .post("/api/models/relevance/rollback", &json!({}))
        .await;
    assert_eq!(
        (&model["live"], &model["previous"]),
        (&version, &json!("shipped"))
    );
    assert!(client.concerns(909, outage(909)).await);
    // The service sees nothing new to learn from.
    let due = client.world.pipeline.train_what_is_due().await.unwrap();
    assert!(due.is_empty(), "{due:?}");
}

#[test]
fn the_command_line_gives_lists_and_takes_back_feedback() {
    let folder = Folder::new();
    folder
        .write("prahari.toml", "catalogue = false\n")
        .write("items.jsonl", LINES);
    folder.json(&["ingest", "items.jsonl", "--json"]);
    let list = folder.json(&["incident", "list", "--json"]);
    let id = list["incidents"][0]["id"].as_str().unwrap();
    let given = folder.json(&[
        "feedback",
        "add",
        "--incident",
        id,
        "--severity",
        "critical",
        "--type",
        "insider",
        "--json",
    ]);
    assert_eq!(
        (&given["severity"], &given["by"]),
        (&json!("critical"), &json!("command"))
    );
    let shown = folder.json(&["incident", "show", id, "--json"]);
    assert_eq!(shown["said"]["severity"], "critical");
    assert_eq!(folder.json(&["feedback", "list", "--json"])["total"], 1);
    let refused = folder.run(&["feedback", "add", "--incident", id]);
    assert_eq!(refused.status.code(), Some(1));

    let models = folder.json(&["models", "list", "--json"]);
    assert_eq!(models["models"].as_array().unwrap().len(), 6);
    let trained = folder.json(&["train", "--json"]);
    assert_eq!(trained.as_array().unwrap().len(), 3, "{trained}");
    assert_eq!(trained[2]["trial"]["labels"], 1, "{trained}");
    assert!(
        trained
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["changed"] == false)
    );
    let reports = folder.json(&["evaluate", "--task", "severity", "--json"]);
    assert_eq!(reports[0]["measures"]["labels"], 1.0, "{reports}");
    let log = folder.json(&["models", "list", "--json"]);
    assert_eq!(log["decisions"].as_array().unwrap().len(), 3);
    let text = folder.run(&["models", "list"]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("refused"));

    let removed = folder.json(&[
        "feedback",
        "remove",
        given["id"].as_str().unwrap(),
        "--json",
    ]);
    assert_eq!(removed["id"], given["id"]);
    assert_eq!(
        folder.json(&["incident", "show", id, "--json"])["said"],
        Value::Null
    );
}

/// Sets of our own, small and laid out as the large ones.
fn sets(folder: &Folder) -> PathBuf {
    let news = folder.0.path().join("sets/news");
    std::fs::create_dir_all(&news).unwrap();
    let row = |n: usize, (title, text): (String, String), relevance: &str| {
        let story = format!("story-{}", n / 3);
        json!({
            "id": n.to_string(), "title": title, "text": text, "relevance": relevance,
            "types": ["data_breach"], "severity": if n.is_multiple_of(2) { "high" } else { "medium" },
            "story": story, "window": if n % 4 < 2 { "a" } else { "b" },
            "date": format!("2026-0{}-{:02}T10:00:00", 1 + n / 28, 1 + n % 28),
        })
        .to_string()
    };
    let rows: Vec<String> = (0..60).map(|n| row(n, breach(n), "incident")).collect();
    std::fs::write(news.join("train.jsonl"), rows.join("\n")).unwrap();
    std::fs::write(news.join("dev.jsonl"), rows[..20].join("\n")).unwrap();
    folder.0.path().join("sets")
}

#[test]
fn models_are_trained_on_sets_kept_and_chosen() {
    let folder = Folder::new();
    folder.write("prahari.toml", "catalogue = false\n");
    let sets = sets(&folder);
    let sets = sets.to_str().unwrap();
    let train = |more: &[&str]| {
        let mut arguments = vec!["train", "--task", "stories", "--data", sets, "--json"];
        arguments.extend_from_slice(more);
        folder.json(&arguments)[0].clone()
    };
    let first = train(&["--output", "out"]);
    assert_eq!(
        (&first["unchanged"], &first["version"]),
        (&json!(false), &Value::Null)
    );
    let bytes = std::fs::read(folder.0.path().join("out/stories.bin")).unwrap();
    let second = train(&["--output", "out"]);
    assert_eq!(second["unchanged"], true, "{second}");
    assert_eq!(second["made"], first["made"]);
    assert!(
        !folder.0.path().join("data").exists(),
        "no database is made"
    );

    let report = folder.json(&["evaluate", "--task", "stories", "--data", sets, "--json"]);
    assert_eq!(report[0]["on"], "dev", "{report}");
    assert!(!folder.0.path().join("data").exists());

    // Kept among the versions, it is live only when it is chosen.
    let kept = train(&[]);
    let version = kept["version"].as_str().unwrap();
    let live =
        |folder: &Folder| folder.json(&["models", "list", "--json"])["models"][4]["live"].clone();
    assert_eq!(live(&folder), "shipped");
    let chosen = folder.json(&["models", "activate", "stories", version, "--json"]);
    assert_eq!(
        (&chosen["changed"], &chosen["live"]),
        (&json!(true), &json!(version))
    );
    assert_eq!(live(&folder), version);
    folder.json(&["models", "rollback", "stories", "--json"]);
    // A file serves as well.
    folder.json(&["models", "activate", "stories", "out/stories.bin", "--json"]);
    assert_ne!(live(&folder), "shipped");
    folder.json(&["models", "activate", "stories", "shipped", "--json"]);

    let said = |arguments: &[&str]| {
        let output = folder.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let other = said(&["models", "activate", "types", "out/stories.bin"]);
    assert!(other.contains("decides stories, not types"), "{other}");
    let mut damaged = bytes;
    damaged[600] ^= 1;
    std::fs::write(folder.0.path().join("out/stories.bin"), damaged).unwrap();
    let damaged = said(&["models", "activate", "stories", "out/stories.bin"]);
    assert!(damaged.contains("damaged"), "{damaged}");
    assert!(said(&["train", "--data", "nowhere"]).contains("nowhere is no folder"));
    let missing = said(&["train", "--task", "types", "--data", sets]);
    assert!(missing.contains("train.jsonl.gz"), "{missing}");
}
