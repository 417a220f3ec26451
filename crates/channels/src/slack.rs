//! Slack, by bot token (`chat.postMessage`) or incoming webhook.
//!
//! The API answers 200 to almost everything; only `"ok": true` means that the
//! message is there. A webhook answers in plain text and tells no timestamp, so
//! follow-ups through it open no thread.
//! <https://docs.slack.dev/reference/methods/chat.postMessage>

mod blocks;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::{ChannelId, Receipt, Secret};
use net::{Door, NetError, Request};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::answer::Service;
use crate::message::Content;
use crate::{Channel, DeliveryError, Message, Tools, credential, render};

const SERVICE: &str = "Slack";

/// Slack takes one message a second for a channel, with short bursts.
const PACE: Duration = Duration::from_secs(1);

/// When Slack says `ratelimited` without saying how long.
const WAIT_UNSAID: Duration = Duration::from_secs(30);

/// Slack answers with the message as it stored it.
const LARGEST_ANSWER: u64 = 512 * 1024;

/// Where in Slack, and by what right. Exactly one of token and webhook.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// A bot token (`xoxb-…`) with the scope `chat:write`.
    pub token: Option<Secret<String>>,
    /// A file that holds the token.
    pub token_file: Option<PathBuf>,
    /// The address of an incoming webhook, which is a secret.
    pub webhook_url: Option<Secret<String>>,
    /// A file that holds the webhook's address.
    pub webhook_url_file: Option<PathBuf>,
    /// The Slack channel for the bot token; a webhook has its own.
    pub channel: String,
    /// Slack's API, without a slash at the end.
    pub api_url: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            token: None,
            token_file: None,
            webhook_url: None,
            webhook_url_file: None,
            channel: "#security".to_owned(),
            api_url: "https://slack.com/api".to_owned(),
        }
    }
}

/// What Slack would be sent: `text` and `blocks`.
#[must_use]
pub fn preview(message: &Message) -> Value {
    blocks::message(&render::page(message), message.id)
}

/// Slack, ready to send.
pub struct Slack {
    id: ChannelId,
    way: Way,
    door: Arc<Door>,
}

enum Way {
    Token {
        token: Secret<String>,
        channel: String,
        post_url: String,
    },
    Webhook {
        url: Secret<String>,
        host: String,
    },
}

impl Slack {
    /// The channel.
    ///
    /// # Errors
    /// The config contradicts itself; the sentence names the key.
    pub fn new(id: ChannelId, config: Config, tools: &Tools) -> Result<Self, String> {
        let Config {
            token,
            token_file,
            webhook_url,
            webhook_url_file,
            channel,
            api_url,
        } = config;
        let token = credential::read("token", token.as_ref(), token_file.as_deref())?;
        let webhook = credential::read(
            "webhook_url",
            webhook_url.as_ref(),
            webhook_url_file.as_deref(),
        )?;
        let way = match (token, webhook) {
            (Some(_), Some(_)) => {
                return Err("`token` and `webhook_url` are both given; keep one".to_owned());
            }
            (None, None) => return Err("neither `token` nor `webhook_url` is given".to_owned()),
            (Some(token), None) => {
                let channel = channel.trim().to_owned();
                if channel.is_empty() {
                    return Err("`channel` is empty".to_owned());
                }
                if !token.reveal().bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err("`token` holds a character that no token has".to_owned());
                }
                let api = api_url.trim().trim_end_matches('/');
                if web_host(api).is_none() {
                    return Err("`api_url` is no web address".to_owned());
                }
                Way::Token {
                    token,
                    channel,
                    post_url: format!("{api}/chat.postMessage"),
                }
            }
            (None, Some(url)) => {
                let host = web_host(url.reveal()).ok_or("`webhook_url` is no web address")?;
                Way::Webhook { url, host }
            }
        };
        Ok(Self {
            id,
            way,
            door: Arc::clone(&tools.door),
        })
    }

    async fn post(
        &self,
        message: &Message,
        thread: Option<&str>,
    ) -> Result<Option<String>, Failure> {
        let mut body = preview(message);
        let Way::Token {
            token,
            channel,
            post_url,
        } = &self.way
        else {
            return self.post_to_webhook(&body).await;
        };
        body["channel"] = json!(channel);
        body["metadata"] = json!({ "event_type": "prahari_delivery", "event_payload": { "id": message.id.to_string() } });
        if let Some(thread) = thread {
            body["thread_ts"] = json!(thread);
        }
        let request = Request::post_json(post_url, &body)
            .header("authorization", format!("Bearer {}", token.reveal()))
            .pace(PACE)
            .max_body(LARGEST_ANSWER);
        let secrets = [token];
        let service = Service {
            name: SERVICE,
            secrets: &secrets,
        };
        let answer = self
            .door
            .send(request)
            .await
            .map_err(|error| Failure::Final(service.failure(&error)))?;
        let answer: Value = serde_json::from_slice(&answer.bytes).unwrap_or_default();
        if answer["ok"] == json!(true) {
            return Ok(answer["ts"].as_str().map(str::to_owned));
        }
        Err(match answer["error"].as_str() {
            Some("invalid_thread_ts" | "thread_not_found" | "cannot_reply_to_message")
                if thread.is_some() =>
            {
                Failure::NoThread
            }
            Some(error) => Failure::Final(api_error(&service, error, channel, &answer)),
            None => Failure::Final(
                service.passing("the answer was not Slack's: neither `ok` nor an error"),
            ),
        })
    }

    async fn post_to_webhook(&self, body: &Value) -> Result<Option<String>, Failure> {
        let Way::Webhook { url, .. } = &self.way else {
            return Ok(None);
        };
        let secrets = [url];
        let service = Service {
            name: SERVICE,
            secrets: &secrets,
        };
        let request = Request::post_json(url.reveal(), body)
            .pace(PACE)
            .max_body(LARGEST_ANSWER);
        let error = match self.door.send(request).await {
            Ok(answer) if answer.bytes.trim_ascii() == b"ok" => return Ok(None),
            Ok(_) => service.passing("the answer was not Slack's: 200 without `ok`"),
            Err(
                NetError::Rejected { status, body, .. } | NetError::Refused { status, body, .. },
            ) => webhook_error(&service, status, body.trim()),
            Err(NetError::Gone { .. }) => {
                service.paused("the webhook's channel is archived or gone")
            }
            Err(error) => service.failure(&error),
        };
        Err(Failure::Final(error))
    }
}

/// What a post came to when it failed.
enum Failure {
    /// The thread is gone, with the message that began it; say it outside.
    NoThread,
    Final(DeliveryError),
}

#[async_trait]
impl Channel for Slack {
    async fn deliver(&self, message: &Message) -> Result<Receipt, DeliveryError> {
        let thread = message.thread.as_deref();
        let opens = matches!(message.content, Content::Story(_));
        let ts = match self.post(message, thread).await {
            Ok(ts) => thread.map(str::to_owned).or(ts),
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::NoThread) => {
                tracing::info!(channel.id = %self.id, delivery.id = %message.id, "the thread in Slack is gone; a new one begins");
                match self.post(message, None).await {
                    Ok(ts) => ts,
                    Err(Failure::Final(error)) => return Err(error),
                    Err(Failure::NoThread) => {
                        return Err(DeliveryError::Refused {
                            service: SERVICE,
                            reason: "it names a thread where we named none".to_owned(),
                        });
                    }
                }
            }
        };
        Ok(Receipt {
            thread: ts.filter(|_| opens),
            address: None,
        })
    }

    fn address(&self) -> String {
        match &self.way {
            Way::Token { channel, .. } => channel.clone(),
            Way::Webhook { host, .. } => format!("webhook at {host}"),
        }
    }
}

fn web_host(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    matches!(url.scheme(), "http" | "https")
        .then(|| url.host_str().map(str::to_owned))
        .flatten()
}

/// What the API's error words mean. Those that are not listed refuse the message.
fn api_error(service: &Service<'_>, error: &str, channel: &str, answer: &Value) -> DeliveryError {
    match error {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => DeliveryError::Later {
            service: SERVICE,
            after: WAIT_UNSAID,
            reason: "it asked us to wait".to_owned(),
        },
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" | "accesslimited" => {
            service.passing(error)
        }
        "not_in_channel" => service.paused(&format!(
            "the bot is not in {channel}: invite it there with /invite (not_in_channel)"
        )),
        "channel_not_found" => service.paused(&format!(
            "there is no channel {channel}, or it is private and the bot is not in it (channel_not_found)"
        )),
        "is_archived" => service.paused(&format!("the channel {channel} is archived (is_archived)")),
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired" => {
            service.paused(&format!("the token is not valid ({error})"))
        }
        "missing_scope" => service.paused("the token lacks the scope chat:write (missing_scope)"),
        "no_permission" | "not_allowed_token_type" | "ekm_access_denied" | "access_denied"
        | "team_access_not_granted" | "org_login_required" | "restricted_action"
        | "restricted_action_read_only_channel" | "restricted_action_thread_only_channel"
        | "restricted_action_non_threadable_channel" | "two_factor_setup_required" | "team_not_found" => {
            service.paused(&format!("we may not post in {channel} ({error})"))
        }
        error => {
            let told = answer["response_metadata"]["messages"][0].as_str().unwrap_or_default();
            service.refused(format!("{error} {told}").trim())
        }
    }
}

/// What a webhook's words mean.
/// <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>
fn webhook_error(service: &Service<'_>, status: u16, word: &str) -> DeliveryError {
    match word {
        "no_service" | "no_service_id" | "no_active_hooks" | "no_team" | "team_disabled"
        | "invalid_token" => service.paused(&format!("the webhook is not valid any more ({word})")),
        "channel_is_archived"
        | "channel_not_found"
        | "user_not_found"
        | "action_prohibited"
        | "posting_to_general_channel_denied" => {
            service.paused(&format!("the webhook may not post in its channel ({word})"))
        }
        "rollup_error" => service.passing(word),
        _ if matches!(status, 401 | 403 | 404) => service.paused(&format!("HTTP {status} {word}")),
        _ => service.refused(&format!("HTTP {status} {word}")),
    }
}
