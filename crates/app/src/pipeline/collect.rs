//! Collect: one source, read until it has no more, each page committed with the
//! cursor that follows it.

use std::time::Duration;

use model::clock::elapsed;
use model::{Cursor, Item, ItemKind, SourceId, Statement, Timestamp};
use net::NetError;
use sources::{Polled, Progress, SourceError};
use store::{Collected, Heard, Occasion, Recorded, SourceState, StoreError};
use tracing::{info, warn};

use super::{OpenSource, Pipeline};

/// What polling a source gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Poll {
    /// What the store made of it.
    pub recorded: Recorded,
    /// Statements read, changed or not.
    pub statements: u64,
    /// Entries that could not be read.
    pub problems: u32,
}

/// Why polling stopped.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// The source could not be read; what it gave before stays.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The store could not keep what was read; it will be read again.
    #[error(transparent)]
    Store(StoreError),
}

impl PollError {
    /// How long the source asks to be left alone, if it does.
    #[must_use]
    pub const fn wait(&self) -> Option<Duration> {
        match self {
            Self::Source(
                SourceError::Unreached(NetError::Wait { after, .. })
                | SourceError::Resting { after, .. },
            ) => Some(*after),
            _ => None,
        }
    }

    /// Whether the address is gone for good.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        matches!(
            self,
            Self::Source(SourceError::Unreached(NetError::Gone { .. }))
        )
    }
}

/// Items and statements of one poll are recorded in parts of this many, so that
/// one transaction stays short.
const PART: usize = 2_000;

impl Pipeline {
    /// Reads a source until it has no more, telling `progress` of long loads.
    ///
    /// # Errors
    /// See [`PollError`]. Failures of the source are noted in its health.
    pub async fn poll(
        &self,
        source: &OpenSource,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Poll, PollError> {
        let id = &source.entry.id;
        let result = self.read_all(source, progress).await;
        match &result {
            Ok(poll) if poll.recorded == Recorded::default() => {
                tracing::debug!(source.id = %id, "nothing new from {id}");
            }
            Ok(poll) => info!(
                source.id = %id,
                items = poll.recorded.items,
                statements = poll.statements,
                problems = poll.problems,
                "read {} new items and {} CVE records from {id}",
                poll.recorded.items,
                poll.statements,
            ),
            Err(PollError::Source(error)) => {
                let text = error.to_string();
                // A failure that lasts is told once; its health shows that it lasts.
                if self.last_error(id).await?.as_ref() == Some(&text) {
                    tracing::debug!(source.id = %id, "{id} still cannot be read: {text}");
                } else {
                    warn!(source.id = %id, "{id} could not be read: {text}");
                }
                self.store
                    .record_failure(id, self.clock.now(), &text)
                    .await?;
            }
            Err(PollError::Store(error)) => {
                warn!(source.id = %id, "what {id} gave could not be kept: {error}");
            }
        }
        result
    }

    async fn read_all(
        &self,
        source: &OpenSource,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Poll, PollError> {
        let id = &source.entry.id;
        let state = self.state_of(id).await?;
        let mut cursor = state
            .as_ref()
            .map(|state| state.cursor.clone())
            .unwrap_or_default();
        let catching_up = self.was_absent(state.as_ref(), source.entry.interval);
        let mut sum = Poll::default();
        loop {
            let polled = source.source.poll(&cursor).await?;
            if let Some(done) = polled.progress {
                progress(done);
            }
            let occasion = match (polled.first_load, catching_up) {
                (true, _) => Occasion::History,
                (false, true) => Occasion::CatchUp,
                (false, false) => Occasion::Fresh,
            };
            let more = polled.more;
            cursor = polled.cursor.clone();
            self.record(id, polled, occasion, &mut sum).await?;
            if !more {
                return Ok(sum);
            }
        }
    }

    async fn state_of(&self, id: &SourceId) -> Result<Option<SourceState>, StoreError> {
        Ok(self
            .store
            .source_states()
            .await?
            .into_iter()
            .find(|state| &state.source == id))
    }

    async fn last_error(&self, id: &SourceId) -> Result<Option<String>, StoreError> {
        Ok(self.state_of(id).await?.and_then(|state| state.error))
    }

    /// Whether the source was not read for so long that what it brings belongs in
    /// a digest.
    fn was_absent(&self, state: Option<&SourceState>, interval: Duration) -> bool {
        let absence = self.settings.alerting.digest_after().max(interval * 3);
        state
            .and_then(|state| state.last_success)
            .is_some_and(|last| elapsed(last, self.clock.now()) > absence)
    }

    async fn record(
        &self,
        id: &SourceId,
        polled: Polled,
        occasion: Occasion,
        sum: &mut Poll,
    ) -> Result<(), PollError> {
        let now = self.clock.now();
        for problem in &polled.problems {
            tracing::debug!(source.id = %id, place = problem.place, "{id}, {}: {}", problem.place, problem.reason);
        }
        let problems = u32::try_from(polled.problems.len()).unwrap_or(u32::MAX);
        let first = polled
            .problems
            .first()
            .map(|problem| format!("{}: {}", problem.place, problem.reason));
        sum.problems = sum.problems.saturating_add(problems);
        sum.statements += polled.statements.len() as u64;

        let mut items = self.worth_keeping(polled.items).into_iter();
        let mut categories = polled.categories;
        let mut heard = polled
            .statements
            .into_iter()
            .map(|statement| self.hear(statement));
        loop {
            let part: Vec<Item> = items.by_ref().take(PART).collect();
            let said: Vec<Heard> = heard.by_ref().take(PART).collect();
            let last = items.len() == 0 && heard.len() == 0;
            let collected = Collected {
                source: id.clone(),
                at: now,
                items: part,
                heard: said,
                categories: std::mem::take(&mut categories),
                // The cursor goes with the last part: dying before it means
                // reading again, which repeats nothing.
                cursor: (last && polled.checkpoint).then(|| polled.cursor.clone()),
                occasion,
                problems: (problems, first.clone()),
            };
            let recorded = self.store.record(collected).await?;
            sum.recorded.items += recorded.items;
            sum.recorded.repeats += recorded.repeats;
            sum.recorded.new_vulnerabilities += recorded.new_vulnerabilities;
            sum.recorded.changed_vulnerabilities += recorded.changed_vulnerabilities;
            if last {
                return Ok(());
            }
        }
    }

    /// The items without social posts that concern nobody: a search brings many
    /// that only share a word with what was sought.
    fn worth_keeping(&self, items: Vec<Item>) -> Vec<Item> {
        let concerns = |item: &Item| {
            item.kind != ItemKind::Post
                || understand::understand(item, &self.context)
                    .relevance
                    .is_relevant()
        };
        items.into_iter().filter(concerns).collect()
    }

    /// A statement, and whether it is more than a mere record: a keyword stands in
    /// it, or it says the flaw is exploited. Where it says nothing of score and
    /// weakness, our own reading of its description goes with it.
    pub(super) fn hear(&self, mut statement: Statement) -> Heard {
        statement.reading = understand::reading(&statement, &self.context);
        let promote = statement.is_exploited() || self.is_watched(&statement);
        Heard { statement, promote }
    }

    fn is_watched(&self, statement: &Statement) -> bool {
        if self.settings.watch.keywords.is_empty() {
            return false;
        }
        let mut text = String::new();
        for part in statement.title.iter().chain(&statement.description) {
            text.push_str(part);
            text.push('\n');
        }
        for affected in &statement.affected {
            // CPE names join words with underscores.
            text.push_str(&affected.vendor.replace('_', " "));
            text.push('\n');
            text.push_str(&affected.product.replace('_', " "));
            text.push('\n');
        }
        !self.context.keyword_hits(&text).is_empty()
    }

    /// Items that did not come from a source: what a person wrote.
    ///
    /// # Errors
    /// The store could not keep them.
    pub async fn take_in(
        &self,
        source: &SourceId,
        item: Item,
        at: Timestamp,
    ) -> Result<Recorded, StoreError> {
        let collected = Collected {
            source: source.clone(),
            at,
            items: vec![item],
            heard: Vec::new(),
            cursor: Some(Cursor::start()),
            occasion: Occasion::Fresh,
            categories: Vec::new(),
            problems: (0, None),
        };
        self.store.record(collected).await
    }
}
