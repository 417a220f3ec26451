//! Slack: `chat.postMessage` and an incoming webhook.
//!
//! The API says 200 to almost everything and means it only with `"ok": true`;
//! the webhook answers plain text, `ok` or a word and a 4xx. Both check blocks
//! alike (`limits`). One thing is stricter than Slack: a `thread_ts` that
//! no message has is refused, while Slack takes such a message and shows it to
//! nobody (slackapi/python-slack-sdk issue 840).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use model::Clock;
use serde_json::{Map, Value, json};

use crate::http::{Seen, Server};
use crate::rate::{Rate, whole_seconds};
use crate::reply::Reply;
use crate::shared::Shared;

mod limits;

const TOKEN: &str = "xoxb-fake-world";
const WEBHOOK: &str = "/services/T0FAKE/B0FAKE/fake-world";
/// What a webhook posts to.
const WEBHOOK_CHANNEL: &str = "#security";
/// Seconds since 1970 of 21 November 2026, 09:00 UTC: when all messages arrive.
const ARRIVAL: u64 = 1_795_251_600;
/// One message a second and channel, with short bursts: so many in so long.
const RATE: (usize, Duration) = (10, Duration::from_secs(10));

/// What goes wrong with the next message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlackFailure {
    /// HTTP 200 with `ok: false` and this error, as `channel_not_found` or
    /// `invalid_auth`; on the webhook this word as plain text with 4xx.
    Error(String),
    /// 429 with this many seconds in `Retry-After`.
    RateLimited(u64),
    /// This HTTP status, as 500 or 503.
    Status(u16),
    /// The message is taken and the connection closes mid-answer.
    LoseAnswer,
    /// No answer until the client gives up.
    Hang,
}

impl SlackFailure {
    /// HTTP 200 with `ok: false` and this error.
    #[must_use]
    pub fn error(code: &str) -> Self {
        Self::Error(code.to_owned())
    }
}

/// A message as Slack took it.
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    /// Its timestamp, which is its name.
    pub ts: String,
    /// The channel's name, with `#`.
    pub channel: String,
    /// Whether it came by the webhook.
    pub webhook: bool,
    /// The arguments, as sent.
    pub arguments: Value,
}

/// Slack on 127.0.0.1, with the channels `#security`, `#soc` and `#general`.
#[derive(Debug)]
pub struct FakeSlack {
    server: Server,
    state: Shared<State>,
}

#[derive(Debug)]
struct State {
    channels: Vec<String>,
    posts: Vec<Post>,
    failures: VecDeque<SlackFailure>,
    requests: Vec<Seen>,
    rate: Rate,
}

impl FakeSlack {
    /// Slack on a free port.
    pub async fn start() -> Self {
        Self::start_on(0).await
    }

    /// Slack on this port.
    pub async fn start_on(port: u16) -> Self {
        let state = Shared::new(State {
            channels: ["#security", "#soc", "#general"]
                .map(str::to_owned)
                .to_vec(),
            posts: Vec::new(),
            failures: VecDeque::new(),
            requests: Vec::new(),
            rate: Rate::default(),
        });
        let seen_by = state.clone();
        let server = Server::start(port, move |seen| answer(&mut seen_by.lock(), seen)).await;
        Self { server, state }
    }

    /// The root of the API, without a slash at the end: `http://…/api`.
    #[must_use]
    pub fn api_url(&self) -> String {
        self.server.url("/api")
    }

    /// The incoming webhook; posts to `#security`.
    #[must_use]
    pub fn webhook_url(&self) -> String {
        self.server.url(WEBHOOK)
    }

    /// The bot token.
    #[must_use]
    pub fn token(&self) -> String {
        TOKEN.to_owned()
    }

    /// Opens one more channel, as `#night-shift`.
    pub fn add_channel(&self, name: &str) {
        self.state.lock().channels.push(name.to_owned());
    }

    /// Lets the next message fail so. Several queue up.
    pub fn fail_next(&self, failure: SlackFailure) {
        self.state.lock().failures.push_back(failure);
    }

    /// Answers 429 to the eleventh message within 10 s in one channel.
    pub fn limit_rate(&self, clock: Arc<dyn Clock>) {
        self.state.lock().rate.count_by(clock);
    }

    /// The arguments of every message taken, oldest first, as sent.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        self.state
            .lock()
            .posts
            .iter()
            .map(|post| post.arguments.clone())
            .collect()
    }

    /// Every message taken, oldest first, with where it went.
    #[must_use]
    pub fn posts(&self) -> Vec<Post> {
        self.state.lock().posts.clone()
    }

    /// Every request so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.state.lock().requests.clone()
    }
}

/// The id of the `n`th channel.
fn channel_id(n: usize) -> String {
    format!("C0FAKE{n:03}")
}

impl State {
    /// The channel's name, from its name with or without `#`, or its id.
    fn channel(&self, given: &str) -> Option<(String, String)> {
        self.channels
            .iter()
            .enumerate()
            .find(|(n, name)| {
                name.as_str() == given
                    || name.strip_prefix('#') == Some(given)
                    || channel_id(*n) == given
            })
            .map(|(n, name)| (channel_id(n), name.clone()))
    }

    /// Keeps the message and gives its timestamp.
    fn keep(&mut self, channel: String, webhook: bool, arguments: Value) -> String {
        let ts = format!("{ARRIVAL}.{:06}", (self.posts.len() + 1) * 100);
        self.posts.push(Post {
            ts: ts.clone(),
            channel,
            webhook,
            arguments,
        });
        ts
    }

    /// Why these arguments are no message, if they are none.
    fn fault(&self, channel: &str, arguments: &Value) -> Option<limits::Fault> {
        limits::fault(arguments).or_else(|| {
            let thread = match &arguments["thread_ts"] {
                Value::Null => return None,
                Value::String(thread) => thread.as_str(),
                _ => "",
            };
            let known = self
                .posts
                .iter()
                .any(|post| post.channel == channel && post.ts == thread);
            let word = format!("[ERROR] {thread} is not a valid thread_ts");
            (!known).then(|| limits::Fault::new("invalid_thread_ts", word))
        })
    }
}

fn answer(state: &mut State, seen: &Seen) -> Reply {
    state.requests.push(seen.clone());
    if seen.path.starts_with("/services/") {
        return webhook(state, seen);
    }
    match seen.path.as_str() {
        "/api/chat.postMessage" => post_message(state, seen),
        "/api/auth.test" => match token(seen, &arguments(seen).unwrap_or_default()) {
            Ok(()) => Reply::json(&json!({
                "ok": true, "url": "https://fake.slack.example/", "team": "Fake", "user": "prahari",
                "team_id": "T0FAKE", "user_id": "U0FAKE", "bot_id": "B0FAKE",
            })),
            Err(error) => refused(error, &[]),
        },
        path if path.starts_with("/api/") => refused("unknown_method", &[]),
        _ => Reply::status(404),
    }
}

/// The arguments of an API call: JSON, or a form whose structures are JSON.
fn arguments(seen: &Seen) -> Result<Value, &'static str> {
    let kind = seen.header("content-type").unwrap_or_default();
    if kind.starts_with("application/json") {
        return match serde_json::from_slice(&seen.body) {
            Ok(value @ Value::Object(_)) => Ok(value),
            Ok(_) => Err("json_not_object"),
            Err(_) => Err("invalid_json"),
        };
    }
    if kind.starts_with("application/x-www-form-urlencoded") || seen.method == "GET" {
        let body = if seen.method == "GET" {
            seen.query.as_bytes()
        } else {
            &seen.body
        };
        let mut map = Map::new();
        for (name, value) in url::form_urlencoded::parse(body) {
            let structure = matches!(&*name, "blocks" | "attachments" | "metadata");
            let value = if structure {
                serde_json::from_str(&value).unwrap_or_default()
            } else {
                json!(value)
            };
            map.insert(name.into_owned(), value);
        }
        return Ok(Value::Object(map));
    }
    Err("invalid_post_type")
}

fn token(seen: &Seen, arguments: &Value) -> Result<(), &'static str> {
    let bearer = seen
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "));
    match bearer.or_else(|| arguments["token"].as_str()) {
        None => Err("not_authed"),
        Some(TOKEN) => Ok(()),
        Some(_) => Err("invalid_auth"),
    }
}

fn refused(error: &str, messages: &[String]) -> Reply {
    let mut body = json!({ "ok": false, "error": error });
    if !messages.is_empty() {
        body["response_metadata"] = json!({ "messages": messages });
    }
    Reply::json(&body)
}

fn post_message(state: &mut State, seen: &Seen) -> Reply {
    let arguments = match arguments(seen) {
        Ok(arguments) => arguments,
        Err(error) => return refused(error, &[]),
    };
    let failure = state.failures.pop_front();
    match &failure {
        Some(SlackFailure::Error(error)) => return refused(error, &[]),
        Some(SlackFailure::RateLimited(after)) => {
            return rate_limited(*after);
        }
        Some(SlackFailure::Status(status)) => return Reply::status(*status),
        Some(SlackFailure::Hang) => return Reply::hang(),
        Some(SlackFailure::LoseAnswer) | None => {}
    }
    if let Err(error) = token(seen, &arguments) {
        return refused(error, &[]);
    }
    let Some((id, name)) = arguments["channel"]
        .as_str()
        .and_then(|given| state.channel(given))
    else {
        return refused("channel_not_found", &[]);
    };
    if let Some(fault) = state.fault(&name, &arguments) {
        return refused(fault.error, &fault.messages);
    }
    let mut message = json!({
        "type": "message", "bot_id": "B0FAKE", "user": "U0FAKE", "team": "T0FAKE",
        "text": arguments["text"].as_str().unwrap_or_default(),
    });
    for key in ["blocks", "thread_ts"] {
        if !arguments[key].is_null() {
            message[key] = arguments[key].clone();
        }
    }
    if let Err(wait) = state.rate.pass(&name, RATE.0, RATE.1) {
        return rate_limited(whole_seconds(wait));
    }
    let ts = state.keep(name, false, arguments);
    message["ts"] = json!(ts);
    let reply = Reply::json(&json!({ "ok": true, "channel": id, "ts": ts, "message": message }));
    if failure.is_some() {
        reply.truncated()
    } else {
        reply
    }
}

fn rate_limited(after: u64) -> Reply {
    let body = json!({ "ok": false, "error": "ratelimited" });
    Reply::json(&body)
        .code(429)
        .header("retry-after", &after.to_string())
}

fn webhook(state: &mut State, seen: &Seen) -> Reply {
    let plain = |status, word: &str| Reply::status(status).content_type("text/html").body(word);
    let too_many =
        |after: u64| plain(429, "rate_limited").header("retry-after", &after.to_string());
    if seen.path != WEBHOOK {
        return plain(404, "no_service");
    }
    if seen.method != "POST" {
        return plain(400, "invalid_payload");
    }
    let failure = state.failures.pop_front();
    match &failure {
        Some(SlackFailure::Error(error)) => return plain(webhook_status(error), error),
        Some(SlackFailure::RateLimited(after)) => return too_many(*after),
        Some(SlackFailure::Status(status)) => return Reply::status(*status),
        Some(SlackFailure::Hang) => return Reply::hang(),
        Some(SlackFailure::LoseAnswer) | None => {}
    }
    let Some(arguments) = payload(seen) else {
        return plain(400, "invalid_payload");
    };
    if let Some(fault) = state.fault(WEBHOOK_CHANNEL, &arguments) {
        return plain(400, fault.error);
    }
    if let Err(wait) = state.rate.pass(WEBHOOK_CHANNEL, RATE.0, RATE.1) {
        return too_many(whole_seconds(wait));
    }
    state.keep(WEBHOOK_CHANNEL.to_owned(), true, arguments);
    let reply = plain(200, "ok");
    if failure.is_some() {
        reply.truncated()
    } else {
        reply
    }
}

/// A webhook's message: a JSON object, or a form with one in `payload`.
fn payload(seen: &Seen) -> Option<Value> {
    let form = seen
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let value = if form {
        let (_, text) =
            url::form_urlencoded::parse(&seen.body).find(|(name, _)| name == "payload")?;
        serde_json::from_str(&text).ok()
    } else {
        serde_json::from_slice(&seen.body).ok()
    };
    value.filter(Value::is_object)
}

/// The status with which a webhook says a word.
fn webhook_status(error: &str) -> u16 {
    match error {
        "invalid_token" | "action_prohibited" => 403,
        "no_service" | "channel_not_found" => 404,
        "channel_is_archived" => 410,
        _ => 400,
    }
}
