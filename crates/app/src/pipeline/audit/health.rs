//! How a source stands, in one word that people understand.

use std::time::Duration;

use model::Timestamp;
use model::audit::TroubleKind;
use model::clock::{elapsed, later};
use serde::Serialize;
use store::SourceState;
use utoipa::ToSchema;

use crate::config::SourceEntry;

/// A poll may take its time, and the service looks around now and then only.
const GRACE: Duration = Duration::from_secs(10 * 60);

/// How a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Freshness {
    /// Read in time.
    Fresh,
    /// Not read in time, without an error: Prahari was away, or is busy.
    Late,
    /// Read in time, and quiet for longer than it ever is.
    Silent,
    /// The latest poll failed.
    Failing,
    /// Its address is gone for good; it is asked once a day.
    Gone,
    /// Nothing is wrong; it rests, because a budget is used up.
    Resting,
    /// No poll gave an answer yet.
    NotReached,
    /// Switched off.
    Off,
}

impl Freshness {
    /// The word for people.
    #[must_use]
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Late => "late",
            Self::Silent => "quieter than usual",
            Self::Failing => "failing",
            Self::Gone => "gone",
            Self::Resting => "resting",
            Self::NotReached => "not reached yet",
            Self::Off => "off",
        }
    }
}

/// How this source stands at `now`.
#[must_use]
pub(crate) fn freshness(
    entry: &SourceEntry,
    state: Option<&SourceState>,
    now: Timestamp,
) -> Freshness {
    if !entry.enabled {
        return Freshness::Off;
    }
    let Some(state) = state else {
        return Freshness::NotReached;
    };
    let ledger = &state.ledger;
    match ledger.trouble.as_ref().map(|trouble| trouble.kind) {
        Some(TroubleKind::Resting) => return Freshness::Resting,
        _ if state.first_success.is_none() => return Freshness::NotReached,
        Some(TroubleKind::Gone) => return Freshness::Gone,
        Some(_) => return Freshness::Failing,
        // A failure noted before there were ledgers.
        None if state.failures > 0 => return Freshness::Failing,
        None => {}
    }
    let in_time = match (ledger.next_poll, state.last_success) {
        (Some(next), _) => now <= later(next, GRACE.max(entry.interval)),
        (None, Some(last)) => elapsed(last, now) <= entry.interval * 3,
        (None, None) => false,
    };
    if !in_time {
        return Freshness::Late;
    }
    let silent = ledger
        .cadence(entry.interval)
        .zip(ledger.silent_from(state.last_item))
        .is_some_and(|(cadence, from)| cadence.is_silent(from, now));
    if silent {
        Freshness::Silent
    } else {
        Freshness::Fresh
    }
}

/// Since when it stands so, where that is a thing to say.
#[must_use]
pub(crate) fn since(freshness: Freshness, state: &SourceState) -> Option<Timestamp> {
    match freshness {
        Freshness::Silent => state.ledger.silent_from(state.last_item),
        Freshness::Late => state.last_success,
        Freshness::Failing | Freshness::Gone | Freshness::Resting => {
            let trouble = state.ledger.trouble.as_ref();
            trouble.map(|trouble| trouble.since).or(state.last_success)
        }
        Freshness::Fresh | Freshness::NotReached | Freshness::Off => None,
    }
}
