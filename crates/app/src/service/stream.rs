//! Sources that stay connected: opened again when they end, with growing pauses,
//! and polled where the stream alone is not enough.
//!
//! One task does both for a source, because both move its cursor. A place among
//! the sources that are read together is taken for polls only: a stream waits,
//! mostly, and would hold it for days.

use std::time::Duration;

use model::Timestamp;
use model::clock::{elapsed, later};
use net::NetError;
use sources::{Polls, SourceError};
use tokio::sync::Semaphore;
use tracing::{error, info};

use crate::pipeline::{OpenSource, OpenStream, Pipeline, PollError};

/// A stream that broke off is opened again after this, the first time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The second time after this, then at twice the distance each time: what X asks
/// for after errors of HTTP.
const SECOND_PAUSE: Duration = Duration::from_secs(5);
/// At most this long.
const LONGEST_PAUSE: Duration = Duration::from_secs(320);
/// A stream that a person must see to, or that a server does not have, is tried
/// again so often.
const AFTER_REFUSAL: Duration = Duration::from_secs(6 * 60 * 60);

/// Reads the source by its stream until the service stops. Polls on a beat begin
/// at `first_poll`.
pub(super) async fn listen_forever(
    pipeline: &Pipeline,
    source: &OpenSource,
    polls: Polls,
    first_poll: Timestamp,
    places: &Semaphore,
) {
    let mut failures = 0_u32;
    let mut next_poll = (polls == Polls::OnBeat).then_some(first_poll);
    loop {
        let error = match pipeline.connect(source).await {
            Ok(mut stream) => {
                if let Polls::AfterConnecting(after) = polls {
                    next_poll = Some(later(pipeline.clock.now(), after));
                }
                let ear = Ear {
                    pipeline,
                    source,
                    polls,
                    places,
                };
                ear.listen(&mut stream, &mut next_poll, &mut failures).await
            }
            Err(error) => error,
        };
        failures = failures.saturating_add(1);
        let pause = pause_after(source, &error, failures);
        let alone = polls == Polls::OnBeat && is_refusal(&error);
        let noted = if alone {
            info!(source.id = %source.entry.id, "{} is polled instead of streamed: {error}", source.entry.id);
            Ok(())
        } else {
            pipeline.note_silence(source, &error, pause).await
        };
        if let Err(error) = noted {
            error!("{error}");
        }
        let again = later(pipeline.clock.now(), pause);
        match &mut next_poll {
            // Without its stream the source is still read on its beat.
            Some(due) if polls == Polls::OnBeat => {
                while *due < again {
                    pipeline
                        .clock
                        .sleep(elapsed(pipeline.clock.now(), *due))
                        .await;
                    let Ok(_place) = places.acquire().await else {
                        return;
                    };
                    // Noted in its health by the poll itself.
                    let _ = pipeline.poll(source, &|_| ()).await;
                    *due = later(pipeline.clock.now(), source.entry.interval);
                }
            }
            _ => next_poll = None,
        }
        pipeline
            .clock
            .sleep(elapsed(pipeline.clock.now(), again))
            .await;
    }
}

/// What listening to one open stream needs.
struct Ear<'a> {
    pipeline: &'a Pipeline,
    source: &'a OpenSource,
    polls: Polls,
    places: &'a Semaphore,
}

impl Ear<'_> {
    /// Reads until the stream ends, and says why it did. A batch that was kept
    /// ends the row of failures.
    async fn listen(
        &self,
        stream: &mut OpenStream,
        next_poll: &mut Option<Timestamp>,
        failures: &mut u32,
    ) -> PollError {
        loop {
            let batch = tokio::select! {
                biased;
                batch = stream.next() => Some(batch),
                () = self.until(*next_poll) => None,
            };
            // Kept outside of the choice: a batch half kept would be lost.
            let kept = match batch {
                Some(Ok(batch)) => Some(self.pipeline.keep(self.source, stream, batch).await),
                Some(Err(error)) => return error,
                None => None,
            };
            match kept {
                Some(Ok(_)) => *failures = 0,
                Some(Err(error)) => return error,
                None => {}
            }
            // Also while batches come without a pause.
            if next_poll.is_some_and(|due| due <= self.pipeline.clock.now()) {
                let Ok(_place) = self.places.acquire().await else {
                    continue;
                };
                let polled = self.pipeline.poll_beside(self.source, stream).await;
                *next_poll = match (self.polls, polled) {
                    (Polls::OnBeat, _) | (_, Err(_)) => {
                        Some(later(self.pipeline.clock.now(), self.source.entry.interval))
                    }
                    _ => None,
                };
            }
        }
    }

    async fn until(&self, due: Option<Timestamp>) {
        match due {
            Some(due) => {
                let clock = &self.pipeline.clock;
                clock.sleep(elapsed(clock.now(), due)).await;
            }
            None => std::future::pending().await,
        }
    }
}

/// Whether the service will not stream to us, whatever we do by ourselves.
fn is_refusal(error: &PollError) -> bool {
    matches!(
        error,
        PollError::Source(SourceError::Unready(_) | SourceError::Unreached(NetError::Gone { .. }))
    )
}

/// How long to wait before the stream is opened again. A tenth of it depends on
/// the name and the count, so that streams cut together do not come back together.
fn pause_after(source: &OpenSource, error: &PollError, failures: u32) -> Duration {
    let pause = match failures {
        0 | 1 => FIRST_PAUSE,
        more => SECOND_PAUSE
            .saturating_mul(2_u32.saturating_pow(more.saturating_sub(2)))
            .min(LONGEST_PAUSE),
    };
    let asked = error.wait().map(|wait| {
        // Asked to wait again and again: longer each time, as X wants it.
        wait.max(Duration::from_secs(60).saturating_mul(2_u32.saturating_pow(failures.min(4) - 1)))
    });
    let pause = match asked {
        Some(asked) => asked,
        None if is_refusal(error) => AFTER_REFUSAL,
        None => pause,
    };
    let seed = model::hash::short(&[source.entry.id.as_str().as_bytes(), &failures.to_be_bytes()]);
    pause + pause.mul_f64(0.1 * f64::from(seed[0]) / 255.0)
}
