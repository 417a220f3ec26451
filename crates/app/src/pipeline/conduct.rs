//! What is noted of a poll for the self-audit, once it is over: how the source did,
//! how it looked, whether records are missing, and when it is asked again.

use std::time::Duration;

use model::audit::{Against, Balance, Facts, Ledger, TroubleKind};
use model::clock::later;
use model::{Cursor, Item, Timestamp};
use net::NetError;
use sources::{Polled, SourceError, Standing};
use store::{Arrived, Collected, Occasion, SourceState, StoreError};
use tracing::{info, warn};

use super::pacing::{self, Wish};
use super::{OpenSource, Pipeline, Poll, PollError};

/// All that one poll gave, page by page.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// What the store made of it.
    pub(super) poll: Poll,
    /// Whether it gave something new that is no history.
    pub(super) gave: bool,
    /// Whether the source was not read for so long that what it gave is catching up.
    catching_up: bool,
    /// How it looked.
    facts: Facts,
    /// The first of its problems.
    problem: Option<String>,
    standing: Option<Standing>,
    rest: Option<Duration>,
    /// Where it ended.
    pub(super) cursor: Cursor,
}

impl Reading {
    /// Before its first page.
    pub(super) fn begun(catching_up: bool) -> Self {
        Self {
            catching_up,
            ..Self::default()
        }
    }

    /// Notes how a page looked, and what the source said of itself.
    pub(super) fn look_at(&mut self, polled: &Polled) {
        let count = |items: usize| u32::try_from(items).unwrap_or(u32::MAX);
        let without =
            |what: fn(&Item) -> bool| count(polled.items.iter().filter(|item| what(item)).count());
        let facts = &mut self.facts;
        facts.held = match (facts.held, polled.held) {
            (Some(before), Some(held)) => Some(before.saturating_add(held)),
            (before, held) => before.or(held),
        };
        facts.entries = facts
            .entries
            .saturating_add(count(polled.items.len() + polled.statements.len()));
        facts.problems = facts.problems.saturating_add(count(polled.problems.len()));
        facts.undated = facts
            .undated
            .saturating_add(without(|item| item.published.is_none()));
        facts.unlinked = facts
            .unlinked
            .saturating_add(without(|item| item.url.is_none()));
        facts.textless = facts
            .textless
            .saturating_add(without(|item| item.text.trim().is_empty()));
        if self.problem.is_none() {
            let first = polled.problems.first();
            self.problem = first.map(|problem| format!("{}: {}", problem.place, problem.reason));
        }
        self.standing = polled.standing.or(self.standing);
        self.rest = polled.rest.or(self.rest);
    }
}

impl Pipeline {
    /// Notes a poll in the source's state and ledger.
    pub(super) async fn note_poll(
        &self,
        source: &OpenSource,
        state: Option<SourceState>,
        begun: Timestamp,
        result: Result<Reading, PollError>,
    ) -> Result<Result<Poll, PollError>, StoreError> {
        let id = &source.entry.id;
        let now = self.clock.now();
        let mut ledger = state
            .as_ref()
            .map(|state| state.ledger.clone())
            .unwrap_or_default();
        let asked = result.as_ref().err().and_then(PollError::wait);
        let result = match result {
            Ok(reading) => {
                ledger.answered(begun, reading.gave, reading.catching_up);
                ledger.shape.note(&reading.facts, now);
                ledger.rest_seconds = reading.rest.map(|rest| rest.as_secs());
                self.balance(source, &reading, &mut ledger).await?;
                Ok(reading.poll)
            }
            Err(PollError::Source(error)) => {
                let text = error.to_string();
                // A failure that lasts is told once; its health shows that it lasts.
                let known = ledger.trouble.as_ref().map(|trouble| &trouble.said);
                if known == Some(&text) {
                    tracing::debug!(source.id = %id, "{id} still cannot be read: {text}");
                } else {
                    warn!(source.id = %id, "{id} could not be read: {text}");
                }
                let kind = trouble_of(&error);
                // Who rests has not failed.
                if kind != TroubleKind::Resting {
                    self.store.record_failure(id, now, &text).await?;
                }
                let last = state.as_ref().and_then(|state| state.last_attempt);
                ledger.failed(now, kind, text, self.is_long_ago(last, source));
                Err(PollError::Source(error))
            }
            Err(error) => return Ok(Err(error)),
        };
        let seed = model::hash::short(&[id.as_str().as_bytes(), &now.as_second().to_le_bytes()]);
        let wish = Wish {
            asked,
            offline: self.is_offline(),
            chance: f64::from(seed[0]) / 255.0,
        };
        let pause = pacing::pause(&source.entry, &self.settings.polling, &ledger, wish);
        ledger.next_poll = Some(later(now, pause));
        self.store.keep_ledger(id, &ledger).await?;
        Ok(result)
    }

    /// Compares a source's own total with ours, and has it read again from further
    /// back when records are missing.
    async fn balance(
        &self,
        source: &OpenSource,
        reading: &Reading,
        ledger: &mut Ledger,
    ) -> Result<(), StoreError> {
        let Some(standing) = reading.standing else {
            return Ok(());
        };
        let id = &source.entry.id;
        let held = match standing.read {
            Some(read) => read,
            None => self.store.held(id).await?,
        };
        let now = self.clock.now();
        let mut balance = Balance::of(standing.stated, held, now, ledger.balance.as_ref());
        if balance.missing() > 0
            && standing.read.is_none()
            && let Some(cursor) = source.source.begin_again(&reading.cursor, balance.rereads)
        {
            info!(
                source.id = %id,
                "{id} has {} records and {held} are here: what is missing is read again",
                standing.stated
            );
            balance.rereads += 1;
            self.store
                .record(Collected {
                    source: id.clone(),
                    at: now,
                    items: Vec::new(),
                    heard: Vec::new(),
                    categories: Vec::new(),
                    cursor: Some(cursor),
                    occasion: Occasion::Fresh,
                    problems: (reading.poll.problems, reading.problem.clone()),
                    arrived: Arrived::default(),
                })
                .await?;
        }
        balance.against = self.against(source).await?;
        ledger.balance = Some(balance);
        Ok(())
    }

    /// NVD compared with the CVE list, if both are read.
    async fn against(&self, source: &OpenSource) -> Result<Option<Against>, StoreError> {
        let sources = self.sources();
        let list = sources
            .open
            .iter()
            .find(|source| source.entry.config.kind() == "cve_list");
        let (Some(list), "nvd") = (list, source.entry.config.kind()) else {
            return Ok(None);
        };
        let (here, there) = (&source.entry.id, &list.entry.id);
        Ok(Some(Against {
            source: there.clone(),
            only_there: self.store.known_only_to(there, here).await?,
            only_here: self.store.known_only_to(here, there).await?,
        }))
    }
}

/// What kind of trouble a failure is.
pub(super) const fn trouble_of(error: &SourceError) -> TroubleKind {
    match error {
        SourceError::Unreached(NetError::Gone { .. }) => TroubleKind::Gone,
        SourceError::Unreached(NetError::Passing { .. } | NetError::Wait { .. }) => {
            TroubleKind::Unreached
        }
        SourceError::Unreached(_) | SourceError::Nonsense(_) | SourceError::Unready(_) => {
            TroubleKind::Wrong
        }
        SourceError::Resting { .. } => TroubleKind::Resting,
    }
}
