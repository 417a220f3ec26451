//! Queries: found, explained, refused with their place, kept.

use serde_json::json;

use super::Client;

#[tokio::test]
async fn a_query_finds_explains_and_counts() {
    let client = Client::start().await;
    for (title, country, kind) in [
        (
            "Hospital chain in Kochi halts admissions",
            "IN",
            "ransomware",
        ),
        (
            "Bank in Mumbai leaks records of customers",
            "IN",
            "data_breach",
        ),
        ("Port of Hamburg under attack", "DE", "ddos"),
    ] {
        let report = json!({
            "title": title, "type": kind, "severity": "high", "country": country, "date": "2026-11-20",
        });
        let (status, answer) = client.post("/api/incidents", &report).await;
        assert_eq!(status, 201, "{answer}");
    }
    let found = client
        .titles("?q=region:IN+(type:ransomware+OR+type:ddos)+severity%3E%3Dhigh")
        .await;
    assert_eq!(found, ["Hospital chain in Kochi halts admissions"]);
    // The older parameters narrow the same query.
    assert_eq!(
        client
            .titles("?q=customers+OR+hamburg&country=IN")
            .await
            .len(),
        1
    );
    assert_eq!(
        client.titles("?q=-region:IN&order=relevance").await.len(),
        1
    );

    let (status, facets) = client.get("/api/incidents/facets?q=severity:high").await;
    assert_eq!(status, 200, "{facets}");
    assert_eq!(facets["looked_at"], 3);
    assert_eq!(facets["countries"][0], json!({"value": "IN", "count": 2}));

    let (status, told) = client
        .get("/api/query/explain?q=type:ransomware+-region:IN")
        .await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["query"], "type:ransomware NOT region:IN");
    assert_eq!(
        told["sentence"],
        "the type is Ransomware, and not (India is affected)"
    );
    assert_eq!(told["tree"]["parts"][1]["kind"], "not");
    assert_eq!(
        (&told["total"], &told["total_exact"]),
        (&json!(0), &json!(true))
    );
    assert!(!told["steps"].as_array().unwrap().is_empty());

    let (_, offered) = client.get("/api/query/complete?q=region:IN+sev").await;
    assert_eq!(
        (&offered["start"], &offered["end"]),
        (&json!(10), &json!(13))
    );
    assert_eq!(offered["offers"][0]["text"], "severity:");
    let (_, offered) = client.get("/api/query/complete?q=type:ran+x&at=8").await;
    assert_eq!(offered["field"], "type");
    assert_eq!(offered["offers"][0]["text"], "ransomware");
    let (_, offered) = client.get("/api/query/complete?q=source:a").await;
    assert_eq!(
        offered["offers"][0],
        json!({"text": "api", "about": "", "incidents": 3})
    );
    let (_, fields) = client.get("/api/query/fields").await;
    assert!(fields.as_array().unwrap().len() > 30);
}

#[tokio::test]
async fn a_wrong_query_is_told_with_its_place() {
    let client = Client::start().await;
    for path in [
        "/api/incidents",
        "/api/incidents/facets",
        "/api/query/explain",
    ] {
        let (status, problem) = client.get(&format!("{path}?q=bank+severty:high")).await;
        assert_eq!(status, 400);
        assert_eq!(problem["code"], "query_invalid");
        assert_eq!(
            (&problem["start"], &problem["end"]),
            (&json!(5), &json!(12))
        );
        assert_eq!(problem["suggestion"], "severity");
        assert_eq!(problem["field"], "q");
    }
    let long = "a".repeat(5_000);
    let (status, problem) = client.get(&format!("/api/incidents?q={long}")).await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (400, &json!("query_invalid"))
    );
}

#[tokio::test]
async fn a_search_is_kept_by_name() {
    let client = Client::start().await;
    let search = json!({"name": " Banks ", "query": "sector:banking  severity:high"});
    let (status, saved) = client.post("/api/searches", &search).await;
    assert_eq!(status, 201, "{saved}");
    assert_eq!(saved["name"], "Banks");
    assert_eq!(saved["query"], "sector:banking severity>=high");
    let (status, problem) = client
        .post("/api/searches", &json!({"name": "Banks", "query": ""}))
        .await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (409, &json!("duplicate"))
    );
    let (status, problem) = client
        .post("/api/searches", &json!({"name": "x", "query": "a AND"}))
        .await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (400, &json!("query_invalid"))
    );
    let (_, list) = client.get("/api/searches").await;
    assert_eq!(list.as_array().unwrap().len(), 1);
    let path = format!("/api/searches/{}", saved["id"].as_str().unwrap());
    let (status, _) = client
        .send(reqwest::Method::DELETE, &path, &json!({}))
        .await;
    assert_eq!(status, 204);
    let (status, _) = client
        .send(reqwest::Method::DELETE, &path, &json!({}))
        .await;
    assert_eq!(status, 404);
}
