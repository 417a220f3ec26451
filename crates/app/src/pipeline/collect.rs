//! Collect: one source, read until it has no more, each page committed with the
//! cursor that follows it.

use std::time::Duration;

use model::clock::elapsed;
use model::{Cursor, Item, ItemKind, SourceId, Statement, Timestamp};
use net::NetError;
use sources::{Polled, Progress, SourceError};
use store::{Arrived, Collected, Heard, Occasion, Recorded, SourceState, StoreError};
use tracing::{info, warn};

use super::conduct::Reading;
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
}

/// Items and statements of one poll are recorded in parts of this many, so that
/// one transaction stays short.
const PART: usize = 2_000;

impl Pipeline {
    /// Reads a source until it has no more, telling `progress` of long loads, and
    /// notes in its ledger how it went and when it is to be asked again.
    ///
    /// # Errors
    /// See [`PollError`]. Failures of the source are noted in its health.
    pub async fn poll(
        &self,
        source: &OpenSource,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Poll, PollError> {
        let id = &source.entry.id;
        let begun = self.clock.now();
        let state = self.store.source_state(id).await?;
        let result = self.read_all(source, state.as_ref(), progress).await;
        let result = self.note_poll(source, state, begun, result).await?;
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
            // Was logged when it was noted.
            Err(PollError::Source(_)) => {}
            Err(PollError::Store(error)) => {
                warn!(source.id = %id, "what {id} gave could not be kept: {error}");
            }
        }
        result
    }

    async fn read_all(
        &self,
        source: &OpenSource,
        state: Option<&SourceState>,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Reading, PollError> {
        let id = &source.entry.id;
        let mut cursor = state.map(|state| state.cursor.clone()).unwrap_or_default();
        let last = state.and_then(|state| state.last_success);
        let catching_up = self.is_long_ago(last, source);
        let mut reading = Reading::begun(catching_up);
        loop {
            let polled = match source.source.poll(&cursor).await {
                Ok(polled) => polled,
                Err(error) => {
                    self.keep_nonsense(source, &error).await;
                    return Err(error.into());
                }
            };
            let arrived = source.arrived(&polled);
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
            reading.look_at(&polled);
            let known = reading.poll.recorded;
            self.record(id, polled, arrived, occasion, &mut reading.poll)
                .await?;
            reading.gave |=
                occasion != Occasion::History && reading.poll.recorded.has_more_than(&known);
            if !more {
                reading.cursor = cursor;
                return Ok(reading);
            }
        }
    }

    /// Whether `last` is so long ago that what the source brings now belongs in a
    /// digest, and the time between says nothing of its habits.
    pub(super) fn is_long_ago(&self, last: Option<Timestamp>, source: &OpenSource) -> bool {
        // A source may be asked as seldom as this by us.
        let slowest = source.entry.interval.mul_f64(self.settings.polling.slowest);
        let absence = self
            .settings
            .alerting
            .digest_after()
            .max(source.entry.interval * 3)
            .max(slowest + slowest / 2);
        last.is_some_and(|last| elapsed(last, self.clock.now()) > absence)
    }

    pub(super) async fn record(
        &self,
        id: &SourceId,
        polled: Polled,
        mut arrived: Arrived,
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

        let items = self.worth_keeping(polled.items);
        let mut statements = polled.statements;
        statements.extend(items.iter().filter_map(understand::in_passing));
        let mut items = items.into_iter();
        let mut categories = polled.categories;
        let before = sum.recorded;
        let mut heard = statements.into_iter().map(|statement| self.hear(statement));
        loop {
            let part: Vec<Item> = items.by_ref().take(PART).collect();
            let said: Vec<Heard> = heard.by_ref().take(PART).collect();
            let last = items.len() == 0 && heard.len() == 0;
            let brought =
                |of: &Recorded| of.items + of.new_vulnerabilities + of.changed_vulnerabilities;
            arrived.telling |= brought(&sum.recorded) > brought(&before);
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
                arrived: if last {
                    std::mem::take(&mut arrived)
                } else {
                    Arrived::default()
                },
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
    pub(super) fn worth_keeping(&self, items: Vec<Item>) -> Vec<Item> {
        let context = self.context();
        let concerns = |item: &Item| {
            item.kind != ItemKind::Post
                || understand::understand(item, &context)
                    .relevance
                    .is_relevant()
        };
        items.into_iter().filter(concerns).collect()
    }

    /// A statement, and whether it is more than a mere record: a keyword stands in
    /// it, or it says the flaw is exploited. Where it says nothing of score and
    /// weakness, our own reading of its description goes with it. What an item says in
    /// passing was read already, and is an item as it is.
    pub(super) fn hear(&self, mut statement: Statement) -> Heard {
        if statement.item.is_some() {
            return Heard {
                statement,
                promote: false,
            };
        }
        statement.reading = understand::reading(&statement, &self.context());
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
        !self.context().keyword_hits(&text).is_empty()
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
        let said = understand::in_passing(&item).map(|said| self.hear(said));
        let collected = Collected {
            source: source.clone(),
            at,
            items: vec![item],
            heard: said.into_iter().collect(),
            cursor: Some(Cursor::start()),
            occasion: Occasion::Fresh,
            categories: Vec::new(),
            problems: (0, None),
            arrived: Arrived::default(),
        };
        self.store.record(collected).await
    }
}
