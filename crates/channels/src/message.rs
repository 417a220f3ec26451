//! What is said, before any channel gives it its form.

use model::{Cause, DeliveryId, Incident, Item, Severity, Timestamp, Vulnerability};

/// What a channel is handed.
#[derive(Debug, Clone)]
pub struct Message {
    /// The delivery's id: the same on every attempt. Goes out with the message
    /// (mail header, Slack metadata) so that receivers can tell a repeat.
    pub id: DeliveryId,
    /// When the delivery was written; channels show times of the incident, not
    /// this one, but a mail's Date header takes it so that a repeat is the same.
    pub at: Timestamp,
    /// What it says.
    pub content: Content,
    /// What the service named as the thread of this incident when it took the
    /// first message; a follow-up lands there.
    pub thread: Option<String>,
    /// Where the dashboard can be opened, without a slash at the end; absent when
    /// the operator has not said.
    pub dashboard: Option<String>,
    /// The reader's time zone, as `Asia/Kolkata`.
    pub zone: String,
}

/// The four things Prahari says.
#[derive(Debug, Clone)]
pub enum Content {
    /// One incident, or what is new about it.
    Story(Box<Story>),
    /// Many incidents, after an absence; worst first.
    Digest {
        /// Told in full, as many as the channel has room for.
        stories: Vec<Story>,
        /// Why they come together: `while Prahari was away for 3 days`.
        occasion: String,
    },
    /// A word from Prahari about itself.
    Notice {
        /// The headline.
        title: String,
        /// The sentences.
        text: String,
    },
    /// A test that a person asked for.
    Test,
}

/// One incident as a person should hear it.
#[derive(Debug, Clone)]
pub struct Story {
    /// The incident as it is now.
    pub incident: Incident,
    /// Why people hear of it now.
    pub cause: Cause,
    /// Which rule, and why it fired, in one sentence.
    pub reason: String,
    /// Its latest items, newest first, at most five.
    pub items: Vec<Item>,
    /// What is known of its CVEs, worst first, at most five.
    pub vulnerabilities: Vec<Vulnerability>,
}

impl Content {
    /// The worst severity it tells of; none for notices and tests.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        match self {
            Self::Story(story) => Some(story.incident.band()),
            Self::Digest { stories, .. } => stories.iter().map(|s| s.incident.band()).max(),
            Self::Notice { .. } | Self::Test => None,
        }
    }
}
