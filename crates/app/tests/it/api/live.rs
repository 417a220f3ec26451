//! `/api/live`: what is told, and to whom who comes back.

use super::Client;
use crate::world::minutes;

#[tokio::test]
async fn a_status_is_changed_and_told_live() {
    let mut client = Client::start().await;
    client
        .world
        .publish_text("feed-a", "Acme confirms data breach", "Records were taken.");
    client.world.pass(minutes(10)).await;
    let (_, list) = client.get("/api/incidents").await;
    let id = list["incidents"][0]["id"].as_str().unwrap().to_owned();
    let request = client
        .http
        .patch(format!("{}/api/incidents/{id}", client.base))
        .header("content-type", "application/json");
    let response = request
        .body("{\"status\":\"watching\"}")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(client.titles("?status=watching").await.len(), 1);
    assert_eq!(client.titles("?status=new").await.len(), 0);
    // Everything since the beginning, to a reader that comes back.
    let mut stream = client
        .http
        .get(format!("{}/api/live", client.base))
        .header("last-event-id", "0")
        .send()
        .await
        .unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    while !text.contains("incident.updated") {
        text.push_str(&String::from_utf8_lossy(
            &stream.chunk().await.unwrap().unwrap(),
        ));
    }
    assert!(text.contains("event: incident.opened"), "{text}");
    assert!(text.contains(&id));
}

/// A stream, read until `enough` is in it.
async fn heard(client: &Client, last: &str, enough: &str) -> String {
    let request = client.http.get(format!("{}/api/live", client.base));
    let mut stream = request.header("last-event-id", last).send().await.unwrap();
    let mut text = String::new();
    while !text.contains(enough) {
        let chunk = stream.chunk().await.unwrap().unwrap();
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    text
}

/// A restored database numbers its events anew. Whoever comes back with a number of
/// the other was told `reset` without end, some ten thousand times a second.
#[tokio::test]
async fn a_reader_from_another_database_is_reset_once_and_goes_on() {
    let mut client = Client::start().await;
    for (number, from_elsewhere) in ["999999", "-5"].into_iter().enumerate() {
        let title = format!("Acme confirms data breach {number}");
        client
            .world
            .publish_text("feed-a", &title, "Records were taken.");
        client.world.pass(minutes(10)).await;
        let text = heard(&client, from_elsewhere, "event: reset").await;
        assert_eq!(text.matches("event: reset").count(), 1, "{text}");
        let next = text.rsplit_once("id: ").unwrap().1.lines().next().unwrap();
        // With the number it was given the reader is where everybody is.
        client.world.publish_text(
            "feed-b",
            &format!("Beta leaks {number}"),
            "Records were taken.",
        );
        client.world.pass(minutes(10)).await;
        let text = heard(&client, next, "source.polled").await;
        assert!(!text.contains("event: reset"), "{text}");
    }
}
