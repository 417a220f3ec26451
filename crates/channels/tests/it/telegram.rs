//! Telegram against a fake of it: every answer, chats that move, secrets.

use std::sync::Arc;
use std::time::Duration;

use channels::telegram::{Config, Telegram};
use channels::{Channel, ChannelConfig, Message, Tools};
use expect_test::{Expect, expect};
use model::{Receipt, Secret};
use net::Door;
use serde_json::json;
use testkit::telegram::{FakeTelegram, TelegramFailure};
use testkit::{TestClock, build};

use crate::{failure, sample, tools};

fn bot(telegram: &FakeTelegram, chat: Option<i64>) -> Telegram {
    open(Config {
        token: Some(Secret::new(telegram.token())),
        chat_id: chat.map(|chat| chat.to_string()),
        api_url: telegram.url(),
        ..Config::default()
    })
}

fn open(config: Config) -> Telegram {
    Telegram::new(build::channel_id("telegram"), config, &tools()).unwrap()
}

fn message(name: &str) -> Message {
    sample::named(name).unwrap()
}

#[tokio::test]
async fn telegram_takes_every_sample() {
    let telegram = FakeTelegram::start().await;
    let channel = bot(&telegram, Some(telegram.chat()));
    for name in [
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
    ] {
        match channel.deliver(&message(name)).await {
            Ok(receipt) => assert_eq!(receipt.address, None),
            Err(error) => panic!("{name}: {error}"),
        }
    }
    for sent in telegram.messages() {
        assert_eq!(sent["parse_mode"], "HTML");
        assert_eq!(sent["link_preview_options"], json!({ "is_disabled": true }));
    }
}

#[tokio::test]
async fn a_follow_up_replies_to_the_first_message() {
    let telegram = FakeTelegram::start().await;
    let channel = bot(&telegram, Some(telegram.chat()));
    let first = channel.deliver(&message("story")).await.unwrap();
    assert_eq!(first.thread.as_deref(), Some("4242/1"));
    let second = channel
        .deliver(&Message {
            thread: first.thread.clone(),
            ..message("followup")
        })
        .await
        .unwrap();
    assert_eq!(second.thread, first.thread);
    assert_eq!(
        telegram.messages()[1]["reply_parameters"],
        json!({ "message_id": 1, "allow_sending_without_reply": true })
    );
    // A first message that somebody deleted: this one begins the next chain.
    let lost = channel
        .deliver(&Message {
            thread: Some("4242/999".to_owned()),
            ..message("followup")
        })
        .await
        .unwrap();
    assert_eq!(lost.thread.as_deref(), Some("4242/3"));
    assert_eq!(
        channel.deliver(&message("digest")).await.unwrap().thread,
        None
    );
}

#[tokio::test]
async fn a_message_number_of_another_chat_is_not_replied_to() {
    let telegram = FakeTelegram::start().await;
    let channel = bot(&telegram, Some(telegram.chat()));
    channel
        .deliver(&Message {
            thread: Some("-100123/1".to_owned()),
            ..message("followup")
        })
        .await
        .unwrap();
    assert!(telegram.messages()[0]["reply_parameters"].is_null());
}

#[tokio::test]
async fn what_each_answer_means() {
    let telegram = FakeTelegram::start().await;
    let check = async |failing: TelegramFailure, expected: Expect| {
        telegram.fail_next(failing);
        // A fresh door each time: one that was told to wait lets nothing through.
        let told = failure(&bot(&telegram, Some(telegram.chat()))).await;
        assert!(!told.contains("fake-world"), "{told}");
        expected.assert_eq(&told);
    };
    let refused = |text: &str| TelegramFailure::Refused(text.to_owned());
    check(
        TelegramFailure::RetryAfter(35),
        expect!["Later: Telegram: it asked us to wait; next try in 35 s"],
    )
    .await;
    check(
        TelegramFailure::Blocked,
        expect!["Paused: Telegram refuses us: HTTP 403 Forbidden: bot was blocked by the user"],
    )
    .await;
    check(
        TelegramFailure::Unauthorized,
        expect!["Paused: Telegram refuses us: the token is not valid"],
    )
    .await;
    check(
        TelegramFailure::Status(404),
        expect!["Paused: Telegram refuses us: the token is not valid"],
    )
    .await;
    check(
        refused("chat not found"),
        expect!["Paused: Telegram refuses us: HTTP 400 Bad Request: chat not found"],
    )
    .await;
    check(refused("not enough rights to send text messages to the chat"), expect!["Paused: Telegram refuses us: HTTP 400 Bad Request: not enough rights to send text messages to the chat"]).await;
    check(
        refused("can't parse entities"),
        expect![
            "Refused: Telegram refused the message: HTTP 400 Bad Request: can't parse entities"
        ],
    )
    .await;
    check(
        refused("message is too long"),
        expect!["Refused: Telegram refused the message: HTTP 400 Bad Request: message is too long"],
    )
    .await;
    check(
        TelegramFailure::Status(500),
        expect!["Passing: Telegram could not be reached: HTTP 500"],
    )
    .await;
    check(
        TelegramFailure::Status(502),
        expect!["Passing: Telegram could not be reached: HTTP 502"],
    )
    .await;
    check(
        TelegramFailure::Status(413),
        expect!["Refused: Telegram refused the message: HTTP 413"],
    )
    .await;
    check(
        TelegramFailure::Status(429),
        expect!["Later: Telegram: it asked us to wait; next try in 60 s"],
    )
    .await;
    check(
        TelegramFailure::Status(204),
        expect!["Passing: Telegram could not be reached: the answer was not Telegram's"],
    )
    .await;
    assert!(telegram.messages().is_empty());
    let channel = bot(&telegram, Some(telegram.chat()));
    telegram.fail_next(TelegramFailure::Hang);
    let told = failure(&channel).await;
    assert!(
        told.starts_with("Passing: Telegram could not be reached: ")
            && !told.contains("fake-world"),
        "{told}"
    );
    telegram.fail_next(TelegramFailure::LoseAnswer);
    let told = failure(&channel).await;
    assert!(
        told.starts_with("Passing: Telegram could not be reached: ")
            && !told.contains("fake-world"),
        "{told}"
    );
}

#[tokio::test]
async fn a_wrong_token_pauses() {
    let telegram = FakeTelegram::start().await;
    let channel = open(Config {
        token: Some(Secret::new("1:wrong".to_owned())),
        chat_id: Some("1".to_owned()),
        api_url: telegram.url(),
        ..Config::default()
    });
    expect!["Paused: Telegram refuses us: the token is not valid"]
        .assert_eq(&failure(&channel).await);
}

#[tokio::test]
async fn a_server_that_is_not_there_does_not_bring_the_token_into_the_error() {
    let telegram = FakeTelegram::start().await;
    let channel = bot(&telegram, Some(1));
    drop(telegram);
    let told = failure(&channel).await;
    assert!(
        told.starts_with("Passing: ") && !told.contains("fake-world"),
        "{told}"
    );
}

#[tokio::test]
async fn a_group_that_moved_is_followed() {
    let telegram = FakeTelegram::start().await;
    telegram.add_chat(-77);
    let channel = bot(&telegram, Some(-77));
    let first = channel.deliver(&message("story")).await.unwrap();
    assert_eq!(
        first,
        Receipt {
            thread: Some("-77/1".to_owned()),
            address: None
        }
    );
    telegram.fail_next(TelegramFailure::Migrated(-100_500));
    let moved = channel
        .deliver(&Message {
            thread: first.thread.clone(),
            ..message("followup")
        })
        .await
        .unwrap();
    assert_eq!(
        moved,
        Receipt {
            thread: Some("-100500/2".to_owned()),
            address: Some("-100500".to_owned())
        }
    );
    assert!(telegram.messages()[1]["reply_parameters"].is_null());
    // From now on it goes there at once, and says so until the settings say it too.
    let next = channel
        .deliver(&Message {
            thread: moved.thread.clone(),
            ..message("followup")
        })
        .await
        .unwrap();
    assert_eq!(next, moved);
    assert_eq!(channel.address(), "chat -100500");
}

#[tokio::test]
async fn the_chat_is_learned_from_start() {
    let telegram = FakeTelegram::start().await;
    let channel = bot(&telegram, None);
    assert_eq!(channel.address(), "the chat that sends the bot /start");
    telegram.say("hello", 7);
    expect!["Later: Telegram: no chat is known yet: open the bot in Telegram and send it /start; next try in 60 s"]
        .assert_eq(&failure(&channel).await);
    telegram.say("/start", 7);
    telegram.say("/start@prahari_test_bot", 8);
    telegram.say("/started is another word", 9);
    assert_eq!(channel.learn_chat().await.unwrap().as_deref(), Some("7"));
    let receipt = channel.deliver(&message("story")).await.unwrap();
    assert_eq!(
        receipt,
        Receipt {
            thread: Some("7/5".to_owned()),
            address: Some("7".to_owned())
        }
    );
    // Somebody else's /start changes nothing any more.
    telegram.say("/start", 9);
    assert_eq!(
        channel
            .deliver(&message("test"))
            .await
            .unwrap()
            .address
            .as_deref(),
        Some("7")
    );
    assert_eq!(channel.address(), "chat 7");
}

#[test]
fn a_config_that_contradicts_itself_is_told_by_its_key() {
    let token = || Some(Secret::new("1:secret".to_owned()));
    let check = |config: Config, expected: &str| {
        let error = Telegram::new(build::channel_id("telegram"), config, &tools())
            .err()
            .unwrap_or_default();
        assert!(
            error.contains(expected) && !error.contains("secret"),
            "`{error}` instead of `{expected}`"
        );
    };
    check(Config::default(), "`token` is missing");
    check(
        Config {
            token: Some(Secret::new("1:secret/../x".to_owned())),
            ..Config::default()
        },
        "`token` holds a character",
    );
    check(
        Config {
            token: token(),
            chat_id: Some("soc".to_owned()),
            ..Config::default()
        },
        "`chat_id` is neither",
    );
    check(
        Config {
            token: token(),
            api_url: "mailto:x".to_owned(),
            ..Config::default()
        },
        "`api_url` is no web address",
    );
}

#[test]
fn the_config_is_read_and_hides_its_secret() {
    let read = |config: serde_json::Value| serde_json::from_value::<ChannelConfig>(config);
    for chat in [json!(-100_123), json!("-100123")] {
        let config =
            read(json!({ "kind": "telegram", "token": "1:hunter2", "chat_id": chat })).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        assert_eq!(
            config
                .open(build::channel_id("telegram"), &tools())
                .unwrap()
                .address(),
            "chat -100123"
        );
    }
    assert!(
        read(json!({ "kind": "telegram", "chat": 1 }))
            .unwrap_err()
            .to_string()
            .contains("chat")
    );
}

#[tokio::test]
async fn a_group_is_written_to_every_three_seconds_and_a_person_every_second() {
    for (chat, pace) in [(-77, 3), (4242, 1)] {
        let telegram = FakeTelegram::start().await;
        telegram.add_chat(chat);
        let clock = TestClock::at("2026-11-21T09:00:00Z");
        let config = net::Config {
            allow: vec!["127.0.0.1".to_owned()],
            ..net::Config::default()
        };
        let tools = Tools {
            door: Arc::new(Door::new(config, clock.clone()).unwrap()),
            clock: clock.clone(),
        };
        let config = Config {
            token: Some(Secret::new(telegram.token())),
            chat_id: Some(chat.to_string()),
            api_url: telegram.url(),
            ..Config::default()
        };
        let channel = Telegram::new(build::channel_id("telegram"), config, &tools).unwrap();
        channel.deliver(&message("story")).await.unwrap();
        assert!(clock.slept().is_empty());
        channel.deliver(&message("story")).await.unwrap();
        assert_eq!(clock.slept(), [Duration::from_secs(pace)], "chat {chat}");
    }
}
