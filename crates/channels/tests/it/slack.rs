//! Slack against a fake of it: every answer, threads, secrets.

use std::time::Duration;

use channels::slack::{Config, Slack};
use channels::{Channel, ChannelConfig, Message};
use expect_test::{Expect, expect};
use model::Secret;
use serde_json::json;
use testkit::build;
use testkit::slack::{FakeSlack, SlackFailure};

use crate::{failure, sample, told, tools, wait};

fn bot(slack: &FakeSlack) -> Slack {
    open(Config {
        token: Some(Secret::new(slack.token())),
        api_url: slack.api_url(),
        ..Config::default()
    })
}

fn webhook(slack: &FakeSlack) -> Slack {
    open(Config {
        webhook_url: Some(Secret::new(slack.webhook_url())),
        ..Config::default()
    })
}

fn open(config: Config) -> Slack {
    Slack::new(build::channel_id("slack"), config, &tools()).unwrap()
}

fn message(name: &str) -> Message {
    sample::named(name).unwrap()
}

#[tokio::test]
async fn slack_takes_every_sample_by_token_and_by_webhook() {
    let slack = FakeSlack::start().await;
    let names = [
        "story",
        "followup",
        "flaw",
        "bare",
        "hostile",
        "hindi",
        "digest",
        "long-digest",
        "notice",
        "test",
    ];
    for channel in [bot(&slack), webhook(&slack)] {
        for name in names {
            if let Err(error) = channel.deliver(&message(name)).await {
                panic!("{name}: {error}");
            }
        }
    }
    let posts = slack.posts();
    assert_eq!(posts.len(), 2 * names.len());
    assert!(posts.iter().all(|post| post.channel == "#security"));
    let id = sample::delivery_id().to_string();
    let first = &posts[0].arguments;
    assert_eq!(
        first["metadata"],
        json!({ "event_type": "prahari_delivery", "event_payload": { "id": id } })
    );
    for post in &posts {
        assert_eq!(
            post.arguments["blocks"][0]["block_id"],
            format!("prahari-{id}")
        );
        assert!(!post.arguments["text"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_follow_up_lands_in_the_thread() {
    let slack = FakeSlack::start().await;
    let channel = bot(&slack);
    let first = channel.deliver(&message("story")).await.unwrap();
    assert_eq!(first.thread.as_deref(), Some(slack.posts()[0].ts.as_str()));
    let second = channel
        .deliver(&Message {
            thread: first.thread.clone(),
            ..message("followup")
        })
        .await
        .unwrap();
    assert_eq!(second.thread, first.thread);
    assert_eq!(slack.messages()[1]["thread_ts"], json!(first.thread));
    for name in ["digest", "notice", "test"] {
        assert_eq!(
            channel.deliver(&message(name)).await.unwrap().thread,
            None,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_thread_that_was_deleted_gives_a_new_one() {
    let slack = FakeSlack::start().await;
    let channel = bot(&slack);
    let lost = Message {
        thread: Some("1700000000.000100".to_owned()),
        ..message("followup")
    };
    let receipt = channel.deliver(&lost).await.unwrap();
    assert_eq!(
        receipt.thread.as_deref(),
        Some(slack.posts()[0].ts.as_str())
    );
    assert!(slack.messages()[0]["thread_ts"].is_null());
}

#[tokio::test]
async fn a_webhook_opens_no_thread() {
    let slack = FakeSlack::start().await;
    let receipt = webhook(&slack).deliver(&message("story")).await.unwrap();
    assert_eq!(receipt.thread, None);
}

#[tokio::test]
async fn what_each_answer_to_the_bot_means() {
    let slack = FakeSlack::start().await;
    let check = async |failing: SlackFailure, expected: Expect| {
        slack.fail_next(failing);
        // A fresh door each time: one that was told to wait lets nothing through.
        let told = failure(&bot(&slack)).await;
        assert!(!told.contains(&slack.token()), "{told}");
        expected.assert_eq(&told);
    };
    let error = SlackFailure::error;
    check(
        error("ratelimited"),
        expect!["Later: Slack: it asked us to wait; next try in 30 s"],
    )
    .await;
    check(
        SlackFailure::RateLimited(42),
        expect!["Later: Slack: it asked us to wait; next try in 42 s"],
    )
    .await;
    check(
        error("internal_error"),
        expect!["Passing: Slack could not be reached: internal_error"],
    )
    .await;
    check(
        error("fatal_error"),
        expect!["Passing: Slack could not be reached: fatal_error"],
    )
    .await;
    check(
        error("service_unavailable"),
        expect!["Passing: Slack could not be reached: service_unavailable"],
    )
    .await;
    check(
        SlackFailure::Status(500),
        expect!["Passing: Slack could not be reached: HTTP 500"],
    )
    .await;
    check(
        SlackFailure::Status(503),
        expect!["Passing: Slack could not be reached: HTTP 503"],
    )
    .await;
    check(
        error("invalid_auth"),
        expect!["Paused: Slack refuses us: the token is not valid (invalid_auth)"],
    )
    .await;
    check(
        error("not_authed"),
        expect!["Paused: Slack refuses us: the token is not valid (not_authed)"],
    )
    .await;
    check(
        error("account_inactive"),
        expect!["Paused: Slack refuses us: the token is not valid (account_inactive)"],
    )
    .await;
    check(
        error("token_revoked"),
        expect!["Paused: Slack refuses us: the token is not valid (token_revoked)"],
    )
    .await;
    check(
        error("missing_scope"),
        expect!["Paused: Slack refuses us: the token lacks the scope chat:write (missing_scope)"],
    )
    .await;
    check(error("not_in_channel"), expect!["Paused: Slack refuses us: the bot is not in #security: invite it there with /invite (not_in_channel)"]).await;
    check(error("channel_not_found"), expect!["Paused: Slack refuses us: there is no channel #security, or it is private and the bot is not in it (channel_not_found)"]).await;
    check(
        error("is_archived"),
        expect!["Paused: Slack refuses us: the channel #security is archived (is_archived)"],
    )
    .await;
    check(
        error("restricted_action"),
        expect!["Paused: Slack refuses us: we may not post in #security (restricted_action)"],
    )
    .await;
    check(
        error("invalid_blocks"),
        expect!["Refused: Slack refused the message: invalid_blocks"],
    )
    .await;
    check(
        error("msg_too_long"),
        expect!["Refused: Slack refused the message: msg_too_long"],
    )
    .await;
    check(
        error("msg_blocks_too_long"),
        expect!["Refused: Slack refused the message: msg_blocks_too_long"],
    )
    .await;
    check(
        SlackFailure::Status(400),
        expect!["Refused: Slack refused the message: 127.0.0.1 answered HTTP 400"],
    )
    .await;
    check(
        SlackFailure::Status(403),
        expect!["Paused: Slack refuses us: 127.0.0.1 refuses us: HTTP 403"],
    )
    .await;
    assert!(slack.messages().is_empty());
    let channel = bot(&slack);
    slack.fail_next(SlackFailure::Hang);
    assert!(
        failure(&channel)
            .await
            .starts_with("Passing: Slack could not be reached: ")
    );
    slack.fail_next(SlackFailure::LoseAnswer);
    assert!(
        failure(&channel)
            .await
            .starts_with("Passing: Slack could not be reached: ")
    );
}

#[tokio::test]
async fn what_each_answer_to_the_webhook_means() {
    let slack = FakeSlack::start().await;
    let check = async |failing: SlackFailure, expected: Expect| {
        slack.fail_next(failing);
        // A fresh door each time: one that was told to wait lets nothing through.
        let told = failure(&webhook(&slack)).await;
        assert!(!told.contains("/services/"), "{told}");
        expected.assert_eq(&told);
    };
    let error = SlackFailure::error;
    check(
        error("no_service"),
        expect!["Paused: Slack refuses us: the webhook is not valid any more (no_service)"],
    )
    .await;
    check(
        error("channel_is_archived"),
        expect!["Paused: Slack refuses us: the webhook's channel is archived or gone"],
    )
    .await;
    check(
        error("channel_not_found"),
        expect![
            "Paused: Slack refuses us: the webhook may not post in its channel (channel_not_found)"
        ],
    )
    .await;
    check(
        error("action_prohibited"),
        expect![
            "Paused: Slack refuses us: the webhook may not post in its channel (action_prohibited)"
        ],
    )
    .await;
    check(error("posting_to_general_channel_denied"), expect!["Paused: Slack refuses us: the webhook may not post in its channel (posting_to_general_channel_denied)"]).await;
    check(
        error("invalid_token"),
        expect!["Paused: Slack refuses us: the webhook is not valid any more (invalid_token)"],
    )
    .await;
    check(
        error("invalid_payload"),
        expect!["Refused: Slack refused the message: HTTP 400 invalid_payload"],
    )
    .await;
    check(
        error("invalid_blocks"),
        expect!["Refused: Slack refused the message: HTTP 400 invalid_blocks"],
    )
    .await;
    check(
        SlackFailure::RateLimited(7),
        expect!["Later: Slack: it asked us to wait; next try in 7 s"],
    )
    .await;
    check(
        SlackFailure::Status(500),
        expect!["Passing: Slack could not be reached: HTTP 500"],
    )
    .await;
    check(
        SlackFailure::Status(204),
        expect![
            "Passing: Slack could not be reached: the answer was not Slack's: 200 without `ok`"
        ],
    )
    .await;
}

#[tokio::test]
async fn a_wait_is_as_long_as_slack_says() {
    let slack = FakeSlack::start().await;
    slack.fail_next(SlackFailure::RateLimited(95));
    let error = bot(&slack).deliver(&message("story")).await.unwrap_err();
    assert_eq!(
        wait(&error),
        Some(Duration::from_secs(95)),
        "{}",
        told(&error)
    );
}

#[test]
fn a_config_that_contradicts_itself_is_told_by_its_key() {
    let token = || Some(Secret::new("xoxb-1".to_owned()));
    let webhook = || {
        Some(Secret::new(
            "https://hooks.slack.com/services/T/B/secret".to_owned(),
        ))
    };
    let check = |config: Config, expected: &str| {
        let error = Slack::new(build::channel_id("slack"), config, &tools())
            .err()
            .unwrap_or_default();
        assert!(
            error.contains(expected) && !error.contains("secret"),
            "`{error}` instead of `{expected}`"
        );
    };
    check(Config::default(), "neither `token` nor `webhook_url`");
    check(
        Config {
            token: token(),
            webhook_url: webhook(),
            ..Config::default()
        },
        "both given",
    );
    check(
        Config {
            token: token(),
            channel: " ".to_owned(),
            ..Config::default()
        },
        "`channel` is empty",
    );
    check(
        Config {
            token: token(),
            api_url: "slack".to_owned(),
            ..Config::default()
        },
        "`api_url`",
    );
    check(
        Config {
            token: Some(Secret::new("a\r\nb".to_owned())),
            ..Config::default()
        },
        "`token` holds a character",
    );
    check(
        Config {
            webhook_url: Some(Secret::new("secret".to_owned())),
            ..Config::default()
        },
        "`webhook_url` is no web address",
    );
    check(
        Config {
            token_file: Some("no/such/file".into()),
            ..Config::default()
        },
        "`token_file`: cannot read no/such/file",
    );
}

#[test]
fn the_config_is_read_and_hides_its_secrets() {
    let read = |config: serde_json::Value| serde_json::from_value::<ChannelConfig>(config);
    let hook = read(
        json!({ "kind": "slack", "webhook_url": "https://hooks.slack.com/services/T/B/hunter2" }),
    )
    .unwrap();
    assert!(!format!("{hook:?}").contains("hunter2"));
    let address = hook
        .open(build::channel_id("slack"), &tools())
        .unwrap()
        .address();
    assert_eq!(address, "webhook at hooks.slack.com");
    let bot = read(json!({ "kind": "slack", "token": "xoxb-hunter2" })).unwrap();
    assert!(!format!("{bot:?}").contains("hunter2"));
    assert_eq!(
        bot.open(build::channel_id("slack"), &tools())
            .unwrap()
            .address(),
        "#security"
    );
    assert!(
        read(json!({ "kind": "slack", "chanel": "#soc" }))
            .unwrap_err()
            .to_string()
            .contains("chanel")
    );
}
