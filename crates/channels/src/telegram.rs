//! A Telegram bot.
//!
//! A bot cannot write first: somebody has to send it `/start`. Without a
//! configured chat we ask for that message and wait. The token is part of every
//! address, so no address ever reaches an error or a log.
//! <https://core.telegram.org/bots/api#sendmessage>

mod markup;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use model::{ChannelId, Receipt, Secret};
use net::{Door, NetError, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use url::Url;

use crate::answer::Service;
use crate::message::Content;
use crate::{Channel, DeliveryError, Message, Tools, credential, render};

const SERVICE: &str = "Telegram";

/// One message a second for a chat, 20 a minute for a group.
const PACE_PRIVATE: Duration = Duration::from_secs(1);
const PACE_GROUP: Duration = Duration::from_secs(3);

/// How often we look whether somebody has sent `/start`.
const WAIT_FOR_START: Duration = Duration::from_secs(60);

/// Updates looked through for `/start`: as many as one answer may hold.
const MOST_UPDATES: i64 = 100;

/// A hundred updates with long texts in them.
const LARGEST_ANSWER: u64 = 2 * 1024 * 1024;

/// Which bot speaks in which chat.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The bot's token, as @BotFather gave it.
    pub token: Option<Secret<String>>,
    /// A file that holds the token.
    pub token_file: Option<PathBuf>,
    /// The chat: a number, or `@name` of a public channel. Absent: the chat that
    /// sent the bot `/start` first.
    #[serde(deserialize_with = "chat_id")]
    #[schemars(with = "Option<ChatId>")]
    pub chat_id: Option<String>,
    /// Telegram's API, without a slash at the end.
    pub api_url: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            token: None,
            token_file: None,
            chat_id: None,
            api_url: "https://api.telegram.org".to_owned(),
        }
    }
}

/// People write `chat_id = -1001234` as often as `chat_id = "-1001234"`.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum ChatId {
    Number(i64),
    Name(String),
}

fn chat_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(
        Option::<ChatId>::deserialize(deserializer)?.map(|id| match id {
            ChatId::Number(number) => number.to_string(),
            ChatId::Name(name) => name,
        }),
    )
}

/// What Telegram would be sent: text in its HTML.
#[must_use]
pub fn preview(message: &Message) -> String {
    markup::html(&render::page(message))
}

/// Telegram, ready to send.
pub struct Telegram {
    id: ChannelId,
    token: Secret<String>,
    api: String,
    configured: Option<String>,
    /// Learned from `/start`, or told by Telegram when a group moved.
    learned: Mutex<Option<String>>,
    door: Arc<Door>,
}

impl Telegram {
    /// The channel.
    ///
    /// # Errors
    /// The config contradicts itself; the sentence names the key.
    pub fn new(id: ChannelId, config: Config, tools: &Tools) -> Result<Self, String> {
        let token = credential::read("token", config.token.as_ref(), config.token_file.as_deref())?
            .ok_or("`token` is missing")?;
        // It becomes part of an address, so anything else would change the address.
        if !token
            .reveal()
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_'))
        {
            return Err("`token` holds a character that no token has".to_owned());
        }
        let configured = config
            .chat_id
            .map(|chat| chat.trim().to_owned())
            .filter(|chat| !chat.is_empty());
        if let Some(chat) = &configured
            && chat.parse::<i64>().is_err()
            && !chat.starts_with('@')
        {
            return Err("`chat_id` is neither a number nor an @name".to_owned());
        }
        let api = config.api_url.trim().trim_end_matches('/').to_owned();
        if !Url::parse(&api)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        {
            return Err("`api_url` is no web address".to_owned());
        }
        Ok(Self {
            id,
            token,
            api,
            configured,
            learned: Mutex::new(None),
            door: Arc::clone(&tools.door),
        })
    }

    /// The chat that sent the bot `/start` first, of those of the last 24 hours: who
    /// set the bot up is there before a stranger finds it.
    ///
    /// # Errors
    /// Telegram did not answer as it should.
    pub async fn learn_chat(&self) -> Result<Option<String>, DeliveryError> {
        let oldest = json!({ "limit": MOST_UPDATES });
        let updates = self
            .call("getUpdates", &oldest, PACE_PRIVATE)
            .await
            .map_err(|failure| match failure {
                Failure::Rejected(409, _) => self.service(|service| {
                    service.paused(
                        "another program reads this bot's messages; name the chat in `chat_id`",
                    )
                }),
                failure => self.verdict(failure),
            })?;
        let first = updates.as_array().into_iter().flatten().find_map(|update| {
            let message = [&update["message"], &update["channel_post"]]
                .into_iter()
                .find(|m| m.is_object())?;
            let word = message["text"].as_str()?.split_whitespace().next()?;
            let start = word == "/start" || word.starts_with("/start@");
            start.then(|| message["chat"]["id"].as_i64()).flatten()
        });
        Ok(first.map(|chat| chat.to_string()))
    }

    fn service<T>(&self, speak: impl FnOnce(&Service<'_>) -> T) -> T {
        speak(&Service {
            name: SERVICE,
            secrets: &[&self.token],
        })
    }

    /// The chat to write to, learned now if it has to be.
    async fn chat(&self) -> Result<String, DeliveryError> {
        if let Some(chat) = self.known_chat() {
            return Ok(chat);
        }
        match self.learn_chat().await? {
            Some(chat) => {
                tracing::info!(channel.id = %self.id, "the Telegram chat {chat} sent /start and gets the alerts from now on");
                self.learn(&chat);
                Ok(chat)
            }
            None => Err(DeliveryError::Later {
                service: SERVICE,
                after: WAIT_FOR_START,
                reason: "no chat is known yet: open the bot in Telegram and send it /start"
                    .to_owned(),
            }),
        }
    }

    fn known_chat(&self) -> Option<String> {
        let learned = self
            .learned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        learned.or_else(|| self.configured.clone())
    }

    fn learn(&self, chat: &str) {
        *self.learned.lock().unwrap_or_else(PoisonError::into_inner) = Some(chat.to_owned());
    }

    /// Sends, and gives the message as Telegram keeps it.
    async fn post(&self, chat: &str, text: &str, reply_to: Option<i64>) -> Result<Value, Failure> {
        let mut body = json!({
            "chat_id": chat,
            "text": text,
            "parse_mode": "HTML",
            "link_preview_options": { "is_disabled": true },
        });
        if let Some(number) = reply_to {
            body["reply_parameters"] =
                json!({ "message_id": number, "allow_sending_without_reply": true });
        }
        let private = chat.parse::<i64>().is_ok_and(|id| id > 0);
        self.call(
            "sendMessage",
            &body,
            if private { PACE_PRIVATE } else { PACE_GROUP },
        )
        .await
    }

    async fn call(&self, method: &str, body: &Value, pace: Duration) -> Result<Value, Failure> {
        let url = format!("{}/bot{}/{method}", self.api, self.token.reveal());
        let request = Request::post_json(url, body)
            .pace(pace)
            .max_body(LARGEST_ANSWER);
        match self.door.send(request).await {
            Ok(answer) => {
                let mut answer: Value = serde_json::from_slice(&answer.bytes).unwrap_or_default();
                if answer["ok"] == json!(true) {
                    Ok(answer["result"].take())
                } else {
                    Err(Failure::Nonsense)
                }
            }
            Err(
                NetError::Rejected { status, body, .. } | NetError::Refused { status, body, .. },
            ) => Err(Failure::Rejected(
                status,
                serde_json::from_str(&body).unwrap_or_default(),
            )),
            Err(error) => Err(Failure::Net(error)),
        }
    }

    fn verdict(&self, failure: Failure) -> DeliveryError {
        self.service(|service| match failure {
            Failure::Net(error) => service.failure(&error),
            Failure::Nonsense => service.passing("the answer was not Telegram's"),
            Failure::Rejected(status, answer) => rejected(service, status, &answer),
        })
    }
}

/// What a call came to when it failed.
enum Failure {
    Net(NetError),
    /// 200 without `ok`.
    Nonsense,
    /// A status of refusal and what the body said.
    Rejected(u16, Value),
}

/// What Telegram's refusals mean.
fn rejected(service: &Service<'_>, status: u16, answer: &Value) -> DeliveryError {
    let said = answer["description"].as_str().unwrap_or_default();
    let reason = format!("HTTP {status} {said}");
    match status {
        401 | 404 => service.paused("the token is not valid"),
        403 => service.paused(&reason),
        429 => DeliveryError::Later {
            service: SERVICE,
            after: Duration::from_secs(answer["parameters"]["retry_after"].as_u64().unwrap_or(30)),
            reason: "it asked us to wait".to_owned(),
        },
        400 if is_about_the_chat(said) => service.paused(&reason),
        _ => service.refused(&reason),
    }
}

/// Whether a 400 is about the chat and not about the message.
fn is_about_the_chat(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    [
        "chat not found",
        "peer_id_invalid",
        "chat_write_forbidden",
        "chat_restricted",
        "not enough rights",
        "have no rights",
        "need administrator rights",
        "group chat was deactivated",
        "topic_closed",
        "chat_id is empty",
    ]
    .iter()
    .any(|known| said.contains(known))
}

#[async_trait]
impl Channel for Telegram {
    async fn deliver(&self, message: &Message) -> Result<Receipt, DeliveryError> {
        let text = preview(message);
        let mut chat = self.chat().await?;
        let reply_to = message
            .thread
            .as_deref()
            .and_then(|thread| number_in(thread, &chat));
        let mut sent = self.post(&chat, &text, reply_to).await;
        if let Err(Failure::Rejected(400, answer)) = &sent
            && let Some(moved) = answer["parameters"]["migrate_to_chat_id"].as_i64()
        {
            tracing::info!(channel.id = %self.id, "the Telegram group {chat} is now the supergroup {moved}");
            chat = moved.to_string();
            self.learn(&chat);
            // Messages have other numbers there, so there is nothing to reply to.
            sent = self.post(&chat, &text, None).await;
        }
        let sent = sent.map_err(|failure| self.verdict(failure))?;
        let opens = matches!(message.content, Content::Story(_));
        let number = reply_to
            .filter(|_| sent["reply_to_message"].is_object())
            .or(sent["message_id"].as_i64());
        Ok(Receipt {
            thread: number
                .filter(|_| opens)
                .map(|number| format!("{chat}/{number}")),
            address: (self.configured.as_ref() != Some(&chat)).then_some(chat),
        })
    }

    fn address(&self) -> String {
        match self.known_chat() {
            Some(chat) => format!("chat {chat}"),
            None => "the chat that sends the bot /start".to_owned(),
        }
    }
}

/// The message number in a thread we named (`-1001234/17`), if it lies in this
/// chat: in another one the number is somebody else's message.
fn number_in(thread: &str, chat: &str) -> Option<i64> {
    let (place, number) = thread.rsplit_once('/')?;
    if place == chat {
        number.parse().ok()
    } else {
        None
    }
}
