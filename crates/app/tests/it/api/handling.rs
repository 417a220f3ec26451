//! What people do about incidents.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Client;
use crate::world::minutes;

/// A world with two incidents: of the first two reports, and of a third.
async fn two_incidents() -> (Client, String, String) {
    let mut client = Client::start().await;
    for (feed, title) in [
        (
            "feed-a",
            "Acme VPN exploited in ransomware attacks: CVE-2026-1234",
        ),
        (
            "feed-b",
            "CVE-2026-1234 lets attackers into Acme VPN networks",
        ),
        (
            "feed-b",
            "Zentrabank of Pune confirms data breach after phishing",
        ),
    ] {
        client.world.publish(feed, title);
        client.world.pass(minutes(10)).await;
    }
    let (_, list) = client.get("/api/incidents").await;
    let id = |nth: usize| list["incidents"][nth]["id"].as_str().unwrap().to_owned();
    assert_eq!(list["total"], 2, "{list}");
    let (bank, acme) = (id(0), id(1));
    (client, acme, bank)
}

#[tokio::test]
async fn people_tag_assign_note_and_see_the_history() {
    let (client, acme, _) = two_incidents().await;
    let patch = reqwest::Method::PATCH;
    let at = format!("/api/incidents/{acme}");
    let change = json!({"status": "watching", "assignee": "Ravi Kumar", "add_tags": ["VPN wave"], "by": "Asha"});
    let (status, changed) = client.send(patch.clone(), &at, &change).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(
        (&changed["assignee"], &changed["tags"]),
        (&json!("Ravi Kumar"), &json!(["vpn-wave"]))
    );
    let note = json!({"text": "Called them.\nNo answer.", "by": "Asha"});
    let (status, _) = client.post(&format!("{at}/notes"), &note).await;
    assert_eq!(status, 201);
    let nobody = json!({"assignee": null, "remove_tags": ["vpn-wave"]});
    let (_, changed) = client.send(patch.clone(), &at, &nobody).await;
    assert_eq!(
        (&changed["assignee"], &changed["tags"], &changed["status"]),
        (&Value::Null, &json!([]), &json!("watching"))
    );
    let (_, full) = client.get(&at).await;
    assert_eq!(full["notes"][0]["text"], "Called them.\nNo answer.");
    assert_eq!(
        full["publishers"],
        json!(["feed-a.example.org", "feed-b.example.org"])
    );
    let history = full["history"].as_array().unwrap();
    let lines: Vec<String> = history
        .iter()
        .map(|entry| {
            let by = entry["by"].as_str().unwrap_or("-");
            let text = entry["text"].as_str().unwrap();
            format!("{} {by}: {text}", entry["kind"].as_str().unwrap())
        })
        .collect();
    for line in [
        "item -: Acme VPN exploited in ransomware attacks: CVE-2026-1234",
        "development -: how firm: reported → corroborated",
        "development Asha: status: new → watching",
        "development Asha: assigned to Ravi Kumar (before: nobody)",
        "development Asha: tags: +vpn-wave",
        "note Asha: Called them.\nNo answer.",
        "development api: assigned to nobody (before: Ravi Kumar)",
    ] {
        assert!(lines.iter().any(|told| told == line), "{line}\n{lines:#?}");
    }
    assert!(history.is_sorted_by(|a, b| a["at"].as_str() >= b["at"].as_str()));
}

#[tokio::test]
async fn incidents_are_split_and_merged_over_the_api() {
    let (client, acme, bank) = two_incidents().await;
    let at = format!("/api/incidents/{acme}");
    let (_, full) = client.get(&at).await;
    let item = full["timeline"][0]["id"].as_str().unwrap();
    let (status, parts) = client
        .post(
            &format!("{at}/split"),
            &json!({"items": [item], "by": "Asha"}),
        )
        .await;
    assert_eq!(status, 201, "{parts}");
    assert_eq!(
        (&parts["left"]["items"], &parts["opened"]["items"]),
        (&json!(1), &json!(1))
    );
    let opened = parts["opened"]["id"].as_str().unwrap();
    let (status, merged) = client
        .post(
            &format!("/api/incidents/{opened}/merge"),
            &json!({"into": bank}),
        )
        .await;
    assert_eq!((status, &merged["id"]), (StatusCode::OK, &json!(bank)));
    let (_, led) = client.get(&format!("/api/incidents/{opened}")).await;
    assert_eq!(led["id"], json!(bank), "its id leads on");
    let moved = led["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == item)
        .unwrap();
    assert_eq!(moved["joined_because"], "moved here by hand");
    let (status, out) = client
        .post(
            &format!("/api/incidents/{bank}/not-same"),
            &json!({"item": item}),
        )
        .await;
    assert_eq!(status, 200, "{out}");
    assert_eq!(out["left"]["id"], json!(bank));
    let placed = &out["placed"]["id"];
    assert!(
        *placed != json!(bank) && *placed != json!(acme) && placed.is_string(),
        "people said of both that it does not belong there: {out}"
    );
    let (status, similar) = client.get(&format!("{at}/similar?limit=5")).await;
    assert_eq!(status, 200, "{similar}");
    let like = similar["incidents"].as_array().unwrap();
    assert_eq!(like.len(), 1, "{similar}");
    assert_eq!(like[0]["incident"]["id"], *placed);
    assert_eq!(like[0]["shared"][0], "CVE-2026-1234");
}

#[tokio::test]
async fn whoever_looked_at_an_older_revision_is_refused() {
    let (client, acme, bank) = two_incidents().await;
    let get = client
        .http
        .get(format!("{}/api/incidents/{acme}", client.base));
    let seen = get.send().await.unwrap().headers()["etag"].clone();
    let send = async |path: &str, method: reqwest::Method, body: Value, tag: &str| {
        let request = client
            .http
            .request(
                method,
                format!("{}/api/incidents/{acme}{path}", client.base),
            )
            .header("content-type", "application/json")
            .header("if-match", tag);
        let response = request.body(body.to_string()).send().await.unwrap();
        (
            response.status().as_u16(),
            serde_json::from_slice::<Value>(&response.bytes().await.unwrap()).unwrap(),
        )
    };
    let patch = || reqwest::Method::PATCH;
    let tag = seen.to_str().unwrap();
    let watch = json!({"status": "watching"});
    assert_eq!(send("", patch(), watch, tag).await.0, 200);
    let handled = json!({"status": "handled"});
    let (status, problem) = send("", patch(), handled.clone(), tag).await;
    assert_eq!((status, &problem["code"]), (412, &json!("changed")));
    assert_eq!(send("", patch(), handled, "*").await.0, 200);
    let (status, problem) = send(
        "/merge",
        reqwest::Method::POST,
        json!({"into": bank}),
        &format!("W/{tag}"),
    )
    .await;
    assert_eq!((status, &problem["code"]), (412, &json!("changed")));
    let (status, problem) = send("", patch(), json!({}), "yesterday").await;
    assert_eq!((status, &problem["field"]), (400, &json!("If-Match")));
}

#[tokio::test]
async fn what_people_send_about_incidents_has_limits() {
    let (client, acme, _) = two_incidents().await;
    let nobody = "01936000-0000-7000-8000-000000000001";
    let at = format!("/api/incidents/{acme}");
    let (_, full) = client.get(&at).await;
    let item = full["timeline"][0]["id"].clone();
    for (path, body, status, code) in [
        ("split", json!({"items": []}), 409, "refused"),
        ("split", json!({"items": [nobody]}), 409, "refused"),
        ("split", json!({"items": ["x"]}), 400, "bad_body"),
        (
            "split",
            json!({"items": vec![nobody; 501]}),
            400,
            "bad_value",
        ),
        (
            "split",
            json!({"items": [item], "by": ""}),
            400,
            "bad_value",
        ),
        ("merge", json!({"into": nobody}), 404, "not_found"),
        ("merge", json!({"into": acme}), 409, "refused"),
        ("merge", json!({}), 400, "bad_body"),
        ("not-same", json!({"item": nobody}), 409, "refused"),
        ("notes", json!({"text": " "}), 400, "bad_value"),
        (
            "notes",
            json!({"text": "x".repeat(10_001)}),
            400,
            "bad_value",
        ),
        (
            "notes",
            json!({"text": "x", "by": "a\nb"}),
            400,
            "bad_value",
        ),
    ] {
        let (got, problem) = client.post(&format!("{at}/{path}"), &body).await;
        assert_eq!(
            (got.as_u16(), &problem["code"]),
            (status, &json!(code)),
            "{path} {body}"
        );
    }
    for body in [
        json!({"add_tags": ["a,b"]}),
        json!({"assignee": ""}),
        json!({"status": "done"}),
        json!({"state": "new"}),
    ] {
        let (got, _) = client.send(reqwest::Method::PATCH, &at, &body).await;
        assert_eq!(got, 400, "{body}");
    }
    let many: Vec<String> = (0..21).map(|n| format!("t{n}")).collect();
    let (got, _) = client
        .send(reqwest::Method::PATCH, &at, &json!({"add_tags": many}))
        .await;
    assert_eq!(got, 409);
    for path in ["similar?limit=0", "similar?limit=51", "similar?lim=3"] {
        let (got, _) = client.get(&format!("{at}/{path}")).await;
        assert_eq!(got, 400, "{path}");
    }
    let (got, _) = client
        .get(&format!("/api/incidents/{nobody}/similar"))
        .await;
    assert_eq!(got, 404);
}
