//! Alerts, rendered for and handed to the services where people are.
//!
//! A kind is one file: its `Config`, how it renders a [`Message`] within the
//! service's limits, and what the service's answers mean.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::{ChannelId, Clock, Receipt};
use net::Door;
use schemars::JsonSchema;
use serde::Deserialize;

mod answer;
mod credential;
pub mod email;
mod figure;
pub mod message;
mod place;
mod render;
pub mod slack;
pub mod telegram;
mod text;

pub use message::{Message, Story};

/// A configured way to reach people.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Hands the message to the service. The same message may come again after a
    /// crash; it then carries the same [`Message::id`].
    ///
    /// # Errors
    /// The service did not take it; the variant says what happens next.
    async fn deliver(&self, message: &Message) -> Result<Receipt, DeliveryError>;

    /// Where it goes, for people, without secrets: `#security`, `soc@example.org`.
    fn address(&self) -> String;
}

/// Why a channel did not deliver. The pipeline reads only the variant.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// Try again, no sooner than this. The service asked for it (429), or waits
    /// for something that a person does (Telegram's first `/start`).
    #[error("{service}: {reason}; next try in {} s", after.as_secs())]
    Later {
        /// Who.
        service: &'static str,
        /// How long.
        after: Duration,
        /// What it waits for, without secrets.
        reason: String,
    },
    /// It may work later: network, 408, 5xx, SMTP 4yz. Back off.
    #[error("{service} could not be reached: {reason}")]
    Passing {
        /// Who.
        service: &'static str,
        /// What happened, without secrets.
        reason: String,
    },
    /// The service refuses us, not the message: wrong token, no permission (401,
    /// 403). The channel pauses until its settings change; deliveries wait.
    #[error("{service} refuses us: {reason}")]
    Paused {
        /// Who.
        service: &'static str,
        /// What it said, without secrets.
        reason: String,
    },
    /// Trying again cannot help: deleted chat, rejected text (400, 404, 413,
    /// SMTP 5yz). A dead letter.
    #[error("{service} refused the message: {reason}")]
    Refused {
        /// Who.
        service: &'static str,
        /// What it said.
        reason: String,
    },
}

/// What every channel is given.
#[derive(Clone)]
pub struct Tools {
    /// The one door out. Mail does not pass it.
    pub door: Arc<Door>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The kind of a channel and what that kind needs to know.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChannelConfig {
    /// Mail over SMTP.
    Email(email::Config),
    /// Slack, by bot token or incoming webhook.
    Slack(slack::Config),
    /// A Telegram bot.
    Telegram(telegram::Config),
}

impl ChannelConfig {
    /// The kind as it is written in the config.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Slack(_) => "slack",
            Self::Telegram(_) => "telegram",
        }
    }

    /// Takes over an address that the service told ([`model::Receipt::address`]): a
    /// Telegram chat that was learned or has moved.
    pub fn learned(&mut self, address: &str) {
        if let Self::Telegram(config) = self {
            config.chat_id = Some(address.to_owned());
        }
    }

    /// The channel, ready to deliver.
    ///
    /// # Errors
    /// The config contradicts itself; the sentence names the key.
    pub fn open(self, id: ChannelId, tools: &Tools) -> Result<Box<dyn Channel>, String> {
        Ok(match self {
            Self::Email(config) => Box::new(email::Email::new(id, config, tools)?),
            Self::Slack(config) => Box::new(slack::Slack::new(id, config, tools)?),
            Self::Telegram(config) => Box::new(telegram::Telegram::new(id, config, tools)?),
        })
    }
}
