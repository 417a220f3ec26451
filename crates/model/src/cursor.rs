//! How far a source has been read.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A source's own note of how far it has read: a small JSON document that only
/// its kind understands. Empty before the first poll.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(serde_json::Value);

impl Cursor {
    /// The cursor before anything was read.
    #[must_use]
    pub const fn start() -> Self {
        Self(serde_json::Value::Null)
    }

    /// Keeps a kind's note. A value that JSON cannot hold gives the start, so
    /// that the worst outcome is reading again.
    #[must_use]
    pub fn of<T: Serialize>(note: &T) -> Self {
        Self(serde_json::to_value(note).unwrap_or_default())
    }

    /// The kind's note, or its default at the start and when a note of an older
    /// version no longer fits (again: the worst outcome is reading again).
    #[must_use]
    pub fn note<T: DeserializeOwned + Default>(&self) -> T {
        serde_json::from_value(self.0.clone()).unwrap_or_default()
    }

    /// Whether nothing was read yet.
    #[must_use]
    pub fn is_start(&self) -> bool {
        self.0.is_null()
    }
}
