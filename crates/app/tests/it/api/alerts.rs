//! `GET /alerts`, which websites fetch.

use serde_json::Value;

use super::Client;
use crate::world::minutes;

#[tokio::test]
async fn websites_may_fetch_alerts_and_nothing_else() {
    let mut client = Client::start().await;
    client.world.publish_text(
        "feed-a",
        "Acme confirms data breach",
        "Records of 40,000 customers were taken.",
    );
    client.world.pass(minutes(10)).await;
    let response = client
        .http
        .get(format!("{}/alerts", client.base))
        .header("origin", "https://site.example")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    let alerts: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    let alert = &alerts.as_array().unwrap()[0];
    let mut keys: Vec<&str> = alert
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "description",
            "id",
            "incident_id",
            "published",
            "severity",
            "source",
            "title",
            "types",
            "url"
        ]
    );
    assert_eq!(alert["title"], "Acme confirms data breach");
    let list = client
        .http
        .get(format!("{}/api/incidents", client.base))
        .header("origin", "https://site.example")
        .send()
        .await
        .unwrap();
    assert!(!list.headers().contains_key("access-control-allow-origin"));
    assert!(
        list.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("script-src 'self'")
    );
}

#[tokio::test]
async fn a_browser_that_asks_first_is_answered() {
    let client = Client::start().await;
    let url = format!("{}/alerts", client.base);
    let request = client.http.request(reqwest::Method::OPTIONS, url);
    let response = request
        .header("origin", "https://site.example")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "content-type")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 204);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("access-control-allow-origin"), "*");
    assert!(header("access-control-allow-methods").contains("GET"));
    assert!(header("access-control-allow-headers").contains("content-type"));
}
