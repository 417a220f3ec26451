//! Telegram's Bot API: `getMe`, `getUpdates`, `getChat`, `sendMessage`.
//!
//! Mark-up is HTML only: other parse modes are refused rather than taken
//! unread. A bot reaches only chats that have met it, so an unknown chat is
//! refused. <https://core.telegram.org/bots/api>

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use model::Clock;
use serde_json::{Map, Value, json};

use crate::http::{Seen, Server};
use crate::rate::{Rate, whole_seconds};
use crate::reply::Reply;
use crate::shared::Shared;

mod html;

const TOKEN: &str = "4242:fake-world";
/// Most UTF-16 units of a message after its mark-up was read.
const LONGEST: usize = 4096;
/// Seconds since 1970 of 21 November 2026, 09:00 UTC: when all messages arrive.
const ARRIVAL: u64 = 1_795_251_600;
/// The chat every fake knows from the start.
const CHAT: i64 = 4242;
/// One message a second and chat, with short bursts: so many in so long.
const RATE: (usize, Duration) = (10, Duration::from_secs(10));
/// Twenty messages a minute to one group.
const GROUP_RATE: (usize, Duration) = (20, Duration::from_secs(60));

/// What goes wrong with the next message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TelegramFailure {
    /// 429: wait this many seconds.
    RetryAfter(u64),
    /// 400: the group became a supergroup of this id. The old one stays dead.
    Migrated(i64),
    /// 403: the user blocked the bot.
    Blocked,
    /// 401: the token was revoked.
    Unauthorized,
    /// 400 with this description after `Bad Request: `.
    Refused(String),
    /// This HTTP status with a page that is no JSON, as a proxy gives (502).
    Status(u16),
    /// The message is taken and the connection closes mid-answer.
    LoseAnswer,
    /// No answer until the client gives up.
    Hang,
}

/// Telegram on 127.0.0.1, with one bot and one chat.
#[derive(Debug)]
pub struct FakeTelegram {
    server: Server,
    state: Shared<State>,
}

#[derive(Debug, Default)]
struct State {
    chats: Vec<i64>,
    migrated: HashMap<i64, i64>,
    messages: Vec<Value>,
    ids: HashMap<i64, Vec<i64>>,
    last_message: i64,
    updates: VecDeque<Value>,
    last_update: i64,
    failures: VecDeque<TelegramFailure>,
    requests: Vec<Seen>,
    rate: Rate,
}

/// Why a call is refused: the code, the description and the parameters.
struct Refusal(u16, String, Value);

impl Refusal {
    fn bad(description: &str) -> Self {
        Self(400, format!("Bad Request: {description}"), Value::Null)
    }
}

impl FakeTelegram {
    /// Telegram on a free port.
    pub async fn start() -> Self {
        Self::start_on(0).await
    }

    /// Telegram on this port.
    pub async fn start_on(port: u16) -> Self {
        let state = Shared::new(State {
            chats: vec![CHAT],
            ..State::default()
        });
        let seen_by = state.clone();
        let server = Server::start(port, move |seen| answer(&mut seen_by.lock(), seen)).await;
        Self { server, state }
    }

    /// The root of the API, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url("")
    }

    /// The bot's token.
    #[must_use]
    pub fn token(&self) -> String {
        TOKEN.to_owned()
    }

    /// The chat that has met the bot.
    #[must_use]
    pub const fn chat(&self) -> i64 {
        CHAT
    }

    /// Lets one more chat meet the bot; a negative id is a group.
    pub fn add_chat(&self, id: i64) {
        self.state.lock().chats.push(id);
    }

    /// Somebody writes to the bot in this chat, which thereby has met it.
    pub fn say(&self, text: &str, chat_id: i64) {
        let mut state = self.state.lock();
        if !state.chats.contains(&chat_id) {
            state.chats.push(chat_id);
        }
        let message_id = state.new_message(chat_id);
        state.last_update += 1;
        let update = json!({
            "update_id": state.last_update,
            "message": {
                "message_id": message_id,
                "from": { "id": chat_id.abs(), "is_bot": false, "first_name": "Asha", "language_code": "en" },
                "chat": chat(chat_id),
                "date": ARRIVAL,
                "text": text,
            },
        });
        state.updates.push_back(update);
    }

    /// Lets the next message fail so. Several queue up.
    pub fn fail_next(&self, failure: TelegramFailure) {
        self.state.lock().failures.push_back(failure);
    }

    /// Answers 429 to the eleventh message within 10 s to one person, and to the
    /// twenty-first within a minute to one group.
    pub fn limit_rate(&self, clock: Arc<dyn Clock>) {
        self.state.lock().rate.count_by(clock);
    }

    /// The parameters of every message taken, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        self.state.lock().messages.clone()
    }

    /// Every request so far, oldest first. Their paths hold the token.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.state.lock().requests.clone()
    }
}

impl State {
    /// A fresh message number in a chat.
    fn new_message(&mut self, chat: i64) -> i64 {
        self.last_message += 1;
        self.ids.entry(chat).or_default().push(self.last_message);
        self.last_message
    }
}

/// A chat as Telegram describes it.
fn chat(id: i64) -> Value {
    if id < 0 {
        json!({ "id": id, "type": "supergroup", "title": "soc" })
    } else {
        json!({ "id": id, "type": "private", "first_name": "Asha" })
    }
}

fn answer(state: &mut State, seen: &Seen) -> Reply {
    state.requests.push(seen.clone());
    let call = seen
        .path
        .strip_prefix("/bot")
        .and_then(|rest| rest.split_once('/'));
    let Some((token, method)) = call else {
        return refused(&Refusal(404, "Not Found".to_owned(), Value::Null));
    };
    // Clients may escape the colon of the token.
    if token.replace("%3A", ":").replace("%3a", ":") != TOKEN {
        return refused(&Refusal(401, "Unauthorized".to_owned(), Value::Null));
    }
    let Some(params) = params(seen) else {
        return refused(&Refusal::bad("can't parse request"));
    };
    // Method names are read in any case.
    let result = match method.to_ascii_lowercase().as_str() {
        "getme" => Ok(json!({
            "id": 4242, "is_bot": true, "first_name": "Prahari", "username": "prahari_test_bot",
            "can_join_groups": true, "can_read_all_group_messages": false, "supports_inline_queries": false,
        })),
        "getupdates" => Ok(get_updates(state, &params)),
        "getchat" => known_chat(state, &params).map(|id| {
            let mut found = chat(id);
            found["accent_color_id"] = json!(0);
            found["max_reaction_count"] = json!(11);
            found["accepted_gift_types"] = json!({
                "unlimited_gifts": false, "limited_gifts": false, "unique_gifts": false,
                "premium_subscription": false, "gifts_from_channels": false,
            });
            found
        }),
        "sendmessage" => return send_message(state, &params),
        _ => Err(Refusal(404, "Not Found".to_owned(), Value::Null)),
    };
    match result {
        Ok(result) => Reply::json(&json!({ "ok": true, "result": result })),
        Err(refusal) => refused(&refusal),
    }
}

fn refused(Refusal(code, description, parameters): &Refusal) -> Reply {
    let mut body = json!({ "ok": false, "error_code": code, "description": description });
    if !parameters.is_null() {
        body["parameters"] = parameters.clone();
    }
    let reply = Reply::json(&body).code(*code);
    match parameters["retry_after"].as_u64() {
        Some(after) => reply.header("retry-after", &after.to_string()),
        None => reply,
    }
}

/// The parameters of a call: from the query, and from a JSON or a form body.
/// What a form writes as JSON is read as such.
fn params(seen: &Seen) -> Option<Value> {
    let mut map = Map::new();
    let mut form = |text: &[u8]| {
        for (name, value) in url::form_urlencoded::parse(text) {
            let plain = matches!(&*name, "text" | "parse_mode");
            let read = if plain {
                None
            } else {
                serde_json::from_str(&value).ok()
            };
            map.insert(name.into_owned(), read.unwrap_or_else(|| json!(value)));
        }
    };
    form(seen.query.as_bytes());
    let kind = seen.header("content-type").unwrap_or_default();
    if kind.starts_with("application/json") {
        match serde_json::from_slice(&seen.body) {
            Ok(Value::Object(body)) => map.extend(body),
            _ => return None,
        }
    } else if kind.starts_with("application/x-www-form-urlencoded") {
        form(&seen.body);
    }
    Some(Value::Object(map))
}

/// Updates from `offset` on; asking for those confirms all before. Answers at
/// once, however long the client would wait.
fn get_updates(state: &mut State, params: &Value) -> Value {
    let offset = params["offset"].as_i64().unwrap_or(0);
    let number = |update: &Value| update["update_id"].as_i64().unwrap_or(0);
    if offset < 0 {
        let keep = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
        while state.updates.len() > keep {
            state.updates.pop_front();
        }
    } else {
        state.updates.retain(|update| number(update) >= offset);
    }
    let limit = params["limit"]
        .as_u64()
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(100)
        .clamp(1, 100);
    state.updates.iter().take(limit).cloned().collect()
}

fn known_chat(state: &State, params: &Value) -> Result<i64, Refusal> {
    let id = match &params["chat_id"] {
        Value::Null => return Err(Refusal::bad("chat_id is empty")),
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let id = id.ok_or_else(|| Refusal::bad("chat not found"))?;
    if let Some(to) = state.migrated.get(&id) {
        return Err(migrated(*to));
    }
    if state.chats.contains(&id) {
        Ok(id)
    } else {
        Err(Refusal::bad("chat not found"))
    }
}

fn too_many(after: u64) -> Refusal {
    Refusal(
        429,
        format!("Too Many Requests: retry after {after}"),
        json!({ "retry_after": after }),
    )
}

fn migrated(to: i64) -> Refusal {
    Refusal(
        400,
        "Bad Request: group chat was upgraded to a supergroup chat".to_owned(),
        json!({ "migrate_to_chat_id": to }),
    )
}

fn send_message(state: &mut State, params: &Value) -> Reply {
    let failure = state.failures.pop_front();
    let refusal = match &failure {
        None | Some(TelegramFailure::LoseAnswer) => None,
        Some(TelegramFailure::RetryAfter(after)) => Some(too_many(*after)),
        Some(TelegramFailure::Migrated(to)) => {
            if let Ok(from) = known_chat(state, params) {
                state.migrated.insert(from, *to);
                state.chats.push(*to);
            }
            Some(migrated(*to))
        }
        Some(TelegramFailure::Blocked) => Some(Refusal(
            403,
            "Forbidden: bot was blocked by the user".to_owned(),
            Value::Null,
        )),
        Some(TelegramFailure::Unauthorized) => {
            Some(Refusal(401, "Unauthorized".to_owned(), Value::Null))
        }
        Some(TelegramFailure::Refused(description)) => Some(Refusal::bad(description)),
        Some(TelegramFailure::Status(status)) => {
            return Reply::status(*status)
                .content_type("text/html")
                .body("<html><h1>Bad Gateway</h1></html>");
        }
        Some(TelegramFailure::Hang) => return Reply::hang(),
    };
    if let Some(refusal) = refusal {
        return refused(&refusal);
    }
    match message(state, params) {
        Ok(message) => {
            state.messages.push(params.clone());
            let reply = Reply::json(&json!({ "ok": true, "result": message }));
            if failure.is_some() {
                reply.truncated()
            } else {
                reply
            }
        }
        Err(refusal) => refused(&refusal),
    }
}

/// The message that these parameters make, or why they make none.
fn message(state: &mut State, params: &Value) -> Result<Value, Refusal> {
    let chat_id = known_chat(state, params)?;
    let text = match &params["text"] {
        Value::Null => return Err(Refusal::bad("message text is empty")),
        Value::String(text) => text.as_str(),
        _ => return Err(Refusal::bad("text must be a string")),
    };
    let visible = match params["parse_mode"]
        .as_str()
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        None | Some("") => text.to_owned(),
        Some("html") => html::visible_text(text)
            .map_err(|error| Refusal::bad(&format!("can't parse entities: {error}")))?,
        Some(_) => {
            return Err(Refusal::bad(
                "unsupported parse_mode (the fake reads HTML only)",
            ));
        }
    };
    let visible = visible.trim();
    if visible.is_empty() {
        return Err(Refusal::bad("message text is empty"));
    }
    if visible.encode_utf16().count() > LONGEST {
        return Err(Refusal::bad("message is too long"));
    }
    let replied = replied_to(state, params, chat_id)?;
    let (most, window) = if chat_id < 0 { GROUP_RATE } else { RATE };
    state
        .rate
        .pass(&chat_id.to_string(), most, window)
        .map_err(|wait| too_many(whole_seconds(wait)))?;
    let message_id = state.new_message(chat_id);
    let mut message = json!({
        "message_id": message_id,
        "from": { "id": 4242, "is_bot": true, "first_name": "Prahari", "username": "prahari_test_bot" },
        "chat": chat(chat_id),
        "date": ARRIVAL,
        "text": visible,
    });
    if let Some(replied) = replied {
        message["reply_to_message"] =
            json!({ "message_id": replied, "chat": chat(chat_id), "date": ARRIVAL });
    }
    Ok(message)
}

/// The message this one answers, if it names one that the chat has.
fn replied_to(state: &State, params: &Value, chat: i64) -> Result<Option<i64>, Refusal> {
    let reply = &params["reply_parameters"];
    let (wanted, lenient) = if reply.is_null() {
        (
            &params["reply_to_message_id"],
            &params["allow_sending_without_reply"],
        )
    } else {
        (&reply["message_id"], &reply["allow_sending_without_reply"])
    };
    if reply.is_null() && wanted.is_null() {
        return Ok(None);
    }
    let chat = reply["chat_id"].as_i64().unwrap_or(chat);
    let known = wanted
        .as_i64()
        .filter(|id| state.ids.get(&chat).is_some_and(|ids| ids.contains(id)));
    match known {
        Some(id) => Ok(Some(id)),
        None if lenient.as_bool() == Some(true) => Ok(None),
        None => Err(Refusal::bad("message to be replied not found")),
    }
}
