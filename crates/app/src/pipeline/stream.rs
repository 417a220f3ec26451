//! Collect, from streams: what comes is committed in batches, each with the
//! cursor that follows it, as pages of a poll are.

use std::time::Duration;

use model::audit::{Ledger, TroubleKind};
use model::{Cursor, SourceId};
use sources::{Connection, Polled, Polls, SourceError};
use store::{Arrived, Occasion};
use tracing::{debug, info, warn};

use super::conduct::trouble_of;
use super::{OpenSource, Pipeline, Poll, PollError};

/// A source's stream while it is open.
pub struct OpenStream {
    connection: Box<dyn Connection>,
    cursor: Cursor,
    /// Whether the source was away for so long that what the stream repeats
    /// belongs in a digest.
    catching_up: bool,
}

impl OpenStream {
    /// Waits for the next batch. May be cancelled.
    ///
    /// # Errors
    /// The stream has ended, and is to be opened again.
    pub async fn next(&mut self) -> Result<Polled, PollError> {
        Ok(self.connection.next(&self.cursor).await?)
    }
}

impl OpenSource {
    /// Whether it stays connected, and what polls are then good for.
    #[must_use]
    pub fn streams(&self) -> Option<Polls> {
        self.source.streaming().map(|streaming| streaming.polls())
    }
}

impl Pipeline {
    /// Opens the source's stream from its cursor on.
    ///
    /// # Errors
    /// The service refuses or cannot be reached, or the store does not answer.
    pub async fn connect(&self, source: &OpenSource) -> Result<OpenStream, PollError> {
        let id = &source.entry.id;
        let Some(streaming) = source.source.streaming() else {
            let why = "this source does not stream".to_owned();
            return Err(SourceError::Unready(why).into());
        };
        let state = self.store.source_state(id).await?;
        let last = state.as_ref().and_then(|state| state.last_success);
        let catching_up = self.is_long_ago(last, source);
        let cursor = state.map(|state| state.cursor).unwrap_or_default();
        let connection = streaming.connect(&cursor).await?;
        info!(source.id = %id, "{id} streams");
        Ok(OpenStream {
            connection,
            cursor,
            catching_up,
        })
    }

    /// Keeps a batch. Not to be cancelled while the stream goes on: it would go on
    /// behind what was not kept.
    ///
    /// # Errors
    /// The store could not keep it: the stream is to be opened again.
    pub async fn keep(
        &self,
        source: &OpenSource,
        stream: &mut OpenStream,
        polled: Polled,
    ) -> Result<Poll, PollError> {
        let id = &source.entry.id;
        let cursor = polled.cursor.clone();
        // What is repeated after an absence goes into a digest, up to the present.
        stream.catching_up &= polled.more;
        let occasion = if stream.catching_up {
            Occasion::CatchUp
        } else {
            Occasion::Fresh
        };
        let mut sum = Poll::default();
        // A stream has no documents that could be kept.
        self.record(id, polled, Arrived::default(), occasion, &mut sum)
            .await?;
        stream.cursor = cursor;
        let mut ledger = self.ledger_of(id).await?;
        let gave = sum.recorded.items > 0;
        ledger.answered(self.clock.now(), gave, occasion == Occasion::CatchUp);
        self.store.keep_ledger(id, &ledger).await?;
        if sum.recorded.items > 0 {
            info!(
                source.id = %id,
                items = sum.recorded.items,
                "{} new items by the stream of {id}",
                sum.recorded.items
            );
        }
        Ok(sum)
    }

    /// A poll beside the open stream, which goes on from the cursor it leaves.
    ///
    /// # Errors
    /// See [`Pipeline::poll`].
    pub async fn poll_beside(
        &self,
        source: &OpenSource,
        stream: &mut OpenStream,
    ) -> Result<Poll, PollError> {
        let result = self.poll(source, &|_| ()).await;
        if let Some(state) = self.store.source_state(&source.entry.id).await? {
            stream.cursor = state.cursor;
        }
        result
    }

    /// Notes in the source's health that its stream cannot be read.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn note_silence(
        &self,
        source: &OpenSource,
        error: &PollError,
        pause: Duration,
    ) -> Result<(), PollError> {
        let id = &source.entry.id;
        let PollError::Source(error) = error else {
            warn!(source.id = %id, "what the stream of {id} gave could not be kept: {error}");
            return Ok(());
        };
        let text = format!("its stream cannot be read: {error}");
        let now = self.clock.now();
        let state = self.store.source_state(id).await?;
        let last = state.as_ref().and_then(|state| state.last_attempt);
        let mut ledger = state.map(|state| state.ledger).unwrap_or_default();
        let known = ledger.trouble.as_ref().map(|trouble| &trouble.said);
        if known == Some(&text) {
            debug!(source.id = %id, "{id}: still {text}");
        } else {
            warn!(source.id = %id, "{id}: {text}; tried again in {} s", pause.as_secs());
        }
        let kind = trouble_of(error);
        if kind != TroubleKind::Resting {
            self.store.record_failure(id, now, &text).await?;
        }
        ledger.failed(now, kind, text, self.is_long_ago(last, source));
        self.store.keep_ledger(id, &ledger).await?;
        Ok(())
    }

    async fn ledger_of(&self, id: &SourceId) -> Result<Ledger, PollError> {
        let state = self.store.source_state(id).await?;
        Ok(state.map(|state| state.ledger).unwrap_or_default())
    }
}
