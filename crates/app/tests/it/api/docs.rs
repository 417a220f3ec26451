//! Health, the described API, and the dashboard.

use super::Client;

#[tokio::test]
async fn health_and_docs_answer() {
    let client = Client::start().await;
    for path in [
        "/healthz",
        "/readyz",
        "/api/openapi.json",
        "/api/owasp?edition=2025",
    ] {
        assert_eq!(client.get(path).await.0, 200, "{path}");
    }
    let page = client
        .http
        .get(format!("{}/api/docs", client.base))
        .send()
        .await
        .unwrap();
    let text = String::from_utf8(page.bytes().await.unwrap().to_vec()).unwrap();
    assert!(text.contains("/api/incidents/{id}"));
    assert!(text.contains("<code>application/problem+json</code> with a stable"));
    assert!(!text.contains('`'));
    let dashboard = client
        .http
        .get(format!("{}/incidents/anything", client.base))
        .send()
        .await
        .unwrap();
    assert_eq!(dashboard.status(), 200);
    assert!(
        dashboard.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
}
