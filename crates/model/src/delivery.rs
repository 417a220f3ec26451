//! An alert on its way through one channel.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{AlertId, ChannelId, DeliveryId, IncidentId};

/// What a delivery carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DeliveryKind {
    /// What is new about one incident. Follow-ups go into its thread.
    Incident {
        /// Which.
        incident: IncidentId,
    },
    /// Many incidents at once, after an absence; opens no thread.
    Digest,
    /// A word from Prahari about itself, as that a channel was paused.
    Notice {
        /// The headline.
        title: String,
        /// The sentences.
        text: String,
    },
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// Waits: for its time, its turn, or its channel.
    Pending,
    /// The service took it.
    Sent,
    /// Trying again cannot help. Can be replayed by hand.
    Dead,
}

impl DeliveryState {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Dead => "dead",
        }
    }
}

/// One or more alerts through one channel. Rendered when sent, so that it tells
/// what is true then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its name, the same on every attempt: receivers de-duplicate on it.
    pub id: DeliveryId,
    /// Through which channel.
    pub channel: ChannelId,
    /// What it carries.
    pub kind: DeliveryKind,
    /// The alerts it tells of, oldest first; empty for a notice.
    pub alerts: Vec<AlertId>,
    /// Where it stands.
    pub state: DeliveryState,
    /// Not before this time.
    pub due: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// What the last attempt came to, if it failed.
    pub error: Option<String>,
    /// When it was written.
    pub created: Timestamp,
    /// When it was sent or declared dead.
    pub settled: Option<Timestamp>,
}

/// What a service answered when it took a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// What a follow-up must name to land in the same thread: a Slack timestamp,
    /// a Telegram message number, a mail's Message-ID.
    pub thread: Option<String>,
    /// The service's own name of the place, where it told a better one than was
    /// configured: a Telegram chat that moved.
    pub address: Option<String>,
}

/// One try of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When.
    pub at: Timestamp,
    /// What came of it, in one sentence.
    pub outcome: String,
}
