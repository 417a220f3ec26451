//! What is written to: Slack and Telegram.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::TestClock;
use testkit::slack::{FakeSlack, SlackFailure};
use testkit::telegram::{FakeTelegram, TelegramFailure};

use crate::client::{Answer, ask, get, post_json};

async fn slack_says(slack: &FakeSlack, token: &str, message: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    post_json(
        &format!("{}/chat.postMessage", slack.api_url()),
        &[("authorization", &bearer)],
        message,
    )
    .await
}

fn section(length: usize) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": "x".repeat(length) } })
}

#[tokio::test]
async fn slack_refuses_what_slack_refuses() {
    let slack = FakeSlack::start().await;
    let header = |length| json!({ "type": "header", "text": { "type": "plain_text", "text": "x".repeat(length) } });
    for (message, outcome) in [
        (json!({ "channel": "#security", "text": "x" }), "ok"),
        (json!({ "channel": "security", "text": "x" }), "ok"),
        (
            json!({ "channel": "C0FAKE000", "blocks": [section(3000), header(150)] }),
            "ok",
        ),
        (
            json!({ "channel": "#security", "text": "x", "blocks": [section(3001)] }),
            "invalid_blocks",
        ),
        (
            json!({ "channel": "#security", "text": "x", "blocks": [header(151)] }),
            "invalid_blocks",
        ),
        (
            json!({ "channel": "#security", "text": "x", "blocks": [section(0)] }),
            "invalid_blocks",
        ),
        (
            json!({ "channel": "#security", "text": "x", "blocks": vec![section(1); 50] }),
            "ok",
        ),
        (
            json!({ "channel": "#security", "text": "x", "blocks": vec![section(1); 51] }),
            "invalid_blocks",
        ),
        (
            json!({ "channel": "#security", "text": "x", "blocks": vec![section(2640); 5] }),
            "ok",
        ),
        (
            json!({ "channel": "#security", "text": "x", "blocks": vec![section(2641); 5] }),
            "msg_blocks_too_long",
        ),
        (json!({ "channel": "#security" }), "no_text"),
        (json!({ "channel": "#security", "blocks": [] }), "no_text"),
        (
            json!({ "channel": "#nowhere", "text": "x" }),
            "channel_not_found",
        ),
        (json!({ "text": "x" }), "channel_not_found"),
        (
            json!({ "channel": "#security", "text": "x", "thread_ts": "1795251600.000100" }),
            "ok",
        ),
        (
            json!({ "channel": "#soc", "text": "x", "thread_ts": "1795251600.000100" }),
            "invalid_thread_ts",
        ),
        (
            json!({ "channel": "#security", "text": "x", "thread_ts": 1_795_251_600.000_1 }),
            "invalid_thread_ts",
        ),
        (
            json!({ "channel": "#security", "text": "x", "metadata": {} }),
            "invalid_metadata_format",
        ),
    ] {
        let answer = slack_says(&slack, &slack.token(), &message).await;
        let body = answer.json();
        assert_eq!(answer.status, 200);
        assert_eq!(body["error"].as_str().unwrap_or("ok"), outcome, "{message}");
        assert_eq!(body["ok"], outcome == "ok");
    }
    assert_eq!(slack.messages().len(), 6);
    assert!(
        slack
            .posts()
            .iter()
            .all(|post| post.channel == "#security" && !post.webhook)
    );
    let message = json!({ "channel": "#security", "text": "x" });
    assert_eq!(
        slack_says(&slack, "other", &message).await.json()["error"],
        "invalid_auth"
    );

    for (failure, status, body) in [
        (
            SlackFailure::error("is_archived"),
            200,
            r#"{"error":"is_archived","ok":false}"#,
        ),
        (
            SlackFailure::RateLimited(30),
            429,
            r#"{"error":"ratelimited","ok":false}"#,
        ),
        (SlackFailure::Status(500), 500, ""),
    ] {
        slack.fail_next(failure);
        let answer = slack_says(&slack, &slack.token(), &message).await;
        assert_eq!((answer.status, answer.text().as_str()), (status, body));
    }
    assert_eq!(slack.messages().len(), 6);
    slack.fail_next(SlackFailure::LoseAnswer);
    assert!(!slack_says(&slack, &slack.token(), &message).await.whole);
    assert_eq!(slack.messages().len(), 7);
}

#[tokio::test]
async fn slacks_webhook_speaks_plain_text() {
    let slack = FakeSlack::start().await;
    for (url, body, status, word) in [
        (slack.webhook_url(), r#"{"text":"x"}"#, 200, "ok"),
        (
            slack.webhook_url(),
            "payload=%7B%22text%22%3A%22x%22%7D",
            400,
            "invalid_payload",
        ),
        (slack.webhook_url(), "{}", 400, "no_text"),
        (
            slack.webhook_url(),
            r#"{"text":"x","blocks":[{"type":"marquee"}]}"#,
            400,
            "invalid_blocks",
        ),
        (slack.webhook_url(), "not json", 400, "invalid_payload"),
        (
            format!("{}x", slack.webhook_url()),
            r#"{"text":"x"}"#,
            404,
            "no_service",
        ),
    ] {
        let answer = ask("POST", &url, &[("content-type", "application/json")], body).await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (status, word),
            "{body}"
        );
    }
    slack.fail_next(SlackFailure::error("channel_is_archived"));
    let answer = post_json(&slack.webhook_url(), &[], &json!({ "text": "x" })).await;
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (410, "channel_is_archived")
    );
    assert_eq!(slack.messages(), [json!({ "text": "x" })]);
}

#[tokio::test]
async fn both_count_by_the_clock() {
    let clock = TestClock::at("2026-11-21T09:00:00Z");
    let slack = FakeSlack::start().await;
    slack.limit_rate(clock.clone());
    let message = json!({ "channel": "#security", "text": "x" });
    for _ in 0..10 {
        assert_eq!(
            slack_says(&slack, &slack.token(), &message).await.status,
            200
        );
    }
    clock.advance(Duration::from_millis(2500));
    let eleventh = slack_says(&slack, &slack.token(), &message).await;
    assert_eq!(
        (eleventh.status, eleventh.header("retry-after")),
        (429, Some("8"))
    );
    clock.advance(Duration::from_secs(8));
    assert_eq!(
        slack_says(&slack, &slack.token(), &message).await.status,
        200
    );

    let telegram = FakeTelegram::start().await;
    telegram.limit_rate(clock);
    telegram.add_chat(-100);
    for n in 1..=21 {
        let answer = telegram_says(&telegram, &json!({ "chat_id": -100, "text": "x" })).await;
        assert_eq!(
            answer.status,
            if n <= 20 { 200 } else { 429 },
            "message {n}"
        );
    }
}

async fn telegram_says(telegram: &FakeTelegram, message: &Value) -> Answer {
    post_json(
        &format!("{}/bot{}/sendMessage", telegram.url(), telegram.token()),
        &[],
        message,
    )
    .await
}

#[tokio::test]
async fn telegram_refuses_what_telegram_refuses() {
    let telegram = FakeTelegram::start().await;
    let html = |text: &str| json!({ "chat_id": 4242, "text": text, "parse_mode": "HTML" });
    for (message, outcome) in [
        (json!({ "chat_id": 4242, "text": "a < b" }), "ok"),
        (json!({ "chat_id": "4242", "text": "x" }), "ok"),
        (html("<b>x</b> &lt; y"), "ok"),
        (html(&format!("<b>{}</b>", "&amp;".repeat(4096))), "ok"),
        (html(&"x".repeat(4097)), "Bad Request: message is too long"),
        (
            html(&"\u{1f6a8}".repeat(2049)),
            "Bad Request: message is too long",
        ),
        (
            html("a < b"),
            "Bad Request: can't parse entities: Unsupported start tag \"\" at byte offset 2",
        ),
        (
            html("<b>x"),
            "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        (html("<b> </b>"), "Bad Request: message text is empty"),
        (
            json!({ "chat_id": 4242 }),
            "Bad Request: message text is empty",
        ),
        (
            json!({ "chat_id": 4242, "text": "x", "parse_mode": "MarkdownV2" }),
            "Bad Request: unsupported parse_mode (the fake reads HTML only)",
        ),
        (
            json!({ "chat_id": 1, "text": "x" }),
            "Bad Request: chat not found",
        ),
        (json!({ "text": "x" }), "Bad Request: chat_id is empty"),
        (
            json!({ "chat_id": 4242, "text": "x", "reply_parameters": { "message_id": 1 } }),
            "ok",
        ),
        (
            json!({ "chat_id": 4242, "text": "x", "reply_parameters": { "message_id": 99 } }),
            "Bad Request: message to be replied not found",
        ),
    ] {
        let answer = telegram_says(&telegram, &message).await;
        let body = answer.json();
        assert_eq!(
            body["description"].as_str().unwrap_or("ok"),
            outcome,
            "{message}"
        );
        assert_eq!(answer.status, if outcome == "ok" { 200 } else { 400 });
    }
    assert_eq!(telegram.messages().len(), 5);
    assert_eq!(
        get(&format!("{}/bot1:other/getMe", telegram.url()))
            .await
            .status,
        401
    );

    let message = json!({ "chat_id": 4242, "text": "x" });
    for (failure, status, parameters) in [
        (
            TelegramFailure::RetryAfter(35),
            429,
            json!({ "retry_after": 35 }),
        ),
        (TelegramFailure::Blocked, 403, Value::Null),
        (TelegramFailure::Unauthorized, 401, Value::Null),
        (
            TelegramFailure::Migrated(-100),
            400,
            json!({ "migrate_to_chat_id": -100 }),
        ),
    ] {
        telegram.fail_next(failure);
        let answer = telegram_says(&telegram, &message).await;
        assert_eq!(
            (answer.status, &answer.json()["parameters"]),
            (status, &parameters)
        );
    }
    let still = telegram_says(&telegram, &message).await;
    assert_eq!(
        still.json()["parameters"]["migrate_to_chat_id"],
        -100,
        "the old chat stays gone"
    );
    assert_eq!(
        telegram_says(&telegram, &json!({ "chat_id": -100, "text": "x" }))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn telegrams_updates_come_until_confirmed() {
    let telegram = FakeTelegram::start().await;
    telegram.say("/start", 777);
    let updates = format!("{}/bot{}/getUpdates", telegram.url(), telegram.token());
    for _ in 0..2 {
        let body = get(&updates).await.json();
        assert_eq!(body["result"][0]["message"]["chat"]["id"], 777);
        assert_eq!(body["result"][0]["message"]["text"], "/start");
    }
    assert_eq!(
        get(&format!("{updates}?offset=2")).await.json()["result"],
        json!([])
    );
    assert_eq!(
        telegram_says(&telegram, &json!({ "chat_id": 777, "text": "hello" }))
            .await
            .status,
        200
    );
}
