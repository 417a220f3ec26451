//! Sources that can stay connected, and hand on what comes as it comes.
//!
//! A stream makes a source quick; what makes it sure is the cursor. Some streams
//! repeat from a cursor on, for the others the gap after a broken connection is
//! filled by a poll. Either way a batch is what a poll gives, with the cursor that
//! follows it, and is kept in the same way.

use std::time::Duration;

use async_trait::async_trait;
use model::clock::elapsed;
use model::item::Draft;
use model::{Cursor, Timestamp};

use crate::{Polled, Problem, SourceError};

/// A source that can stay connected.
#[async_trait]
pub trait Streaming: Send + Sync {
    /// Connects, to go on from `since` where the service can.
    ///
    /// # Errors
    /// The service refuses or cannot be reached.
    async fn connect(&self, since: &Cursor) -> Result<Box<dyn Connection>, SourceError>;

    /// What polls are still good for beside the stream.
    fn polls(&self) -> Polls;
}

/// An open stream.
#[async_trait]
pub trait Connection: Send {
    /// What came since the batch before, as soon as nothing more waits; from time
    /// to time an empty batch, as a sign of life. [`Polled::more`] says that it
    /// still repeats the past. `since` is the cursor after the last batch or poll.
    /// May be cancelled: what had come is in the next batch.
    ///
    /// # Errors
    /// The stream has ended; it is of no more use.
    async fn next(&mut self, since: &Cursor) -> Result<Polled, SourceError>;
}

/// What polls are good for beside a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polls {
    /// Nothing: the stream repeats what was missed.
    Never,
    /// One fills the gap, so long after each connection; then the stream is enough.
    AfterConnecting(Duration),
    /// They see what the stream does not, on the source's usual beat, and go on
    /// when the stream is refused.
    OnBeat,
}

/// Items of one batch; what comes faster is handed on in several.
const MOST_ITEMS: usize = 200;
/// How often a quiet stream gives a sign of life, and a busy one its place.
const BEAT: Duration = Duration::from_secs(5);

/// What came and was not handed on yet.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) problems: Vec<Problem>,
    /// Why nothing more comes.
    end: Option<SourceError>,
    begun: Timestamp,
}

impl Batch {
    pub(crate) const fn new(now: Timestamp) -> Self {
        Self {
            drafts: Vec::new(),
            problems: Vec::new(),
            end: None,
            begun: now,
        }
    }

    /// Whether nothing waits to be handed on.
    pub(crate) const fn is_empty(&self) -> bool {
        self.drafts.is_empty() && self.problems.is_empty()
    }

    /// Whether it is time to hand it on, even empty.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.end.is_some()
            || self.drafts.len() + self.problems.len() >= MOST_ITEMS
            || elapsed(self.begun, now) >= BEAT
    }

    /// Notes that the stream has ended.
    pub(crate) fn end(&mut self, why: SourceError) {
        self.end = Some(why);
    }

    /// Takes what came; the end of the stream only when all before it was taken.
    pub(crate) fn take(
        &mut self,
        now: Timestamp,
    ) -> Result<(Vec<Draft>, Vec<Problem>), SourceError> {
        if self.is_empty()
            && let Some(end) = self.end.take()
        {
            return Err(end);
        }
        self.begun = now;
        Ok((
            std::mem::take(&mut self.drafts),
            std::mem::take(&mut self.problems),
        ))
    }
}

/// What comes next: waited for if nothing waits to be handed on, else only if it
/// is there already.
pub(crate) async fn next_unless_quiet<T>(
    patient: bool,
    next: impl Future<Output = T>,
) -> Option<T> {
    if patient {
        return Some(next.await);
    }
    tokio::select! {
        biased;
        next = next => Some(next),
        () = std::future::ready(()) => None,
    }
}
