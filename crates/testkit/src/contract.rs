//! What every kind of source promises, whatever it reads: one function a promise.
//!
//! A kind says once how its service is played ([`Kind`]); each promise is then
//! held with a source opened anew, as after a restart, from the cursor that may be
//! kept. A promise that a kind cannot make stands in [`Kind::spared`] with the
//! reason, and is tried all the same: a reason that no longer holds is a failure.
//!
//! Nothing here knows the crate of the sources: it gives what a poll came to as an
//! [`Outcome`].

mod promises;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use model::Cursor;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::TestClock;
use crate::site::FakeSite;

/// What a poll came to.
#[derive(Debug)]
pub enum Outcome {
    /// Something was read, if only that there is nothing new.
    Read(Reading),
    /// The service asked to wait for so long.
    Wait(Duration),
    /// It may work later.
    Passing(String),
    /// The door did not let it through.
    Forbidden(String),
    /// A document came that is not what this source gives.
    Nonsense(String),
    /// Another failure.
    Other(String),
}

/// What a poll gave.
#[derive(Debug)]
pub struct Reading {
    /// A name for each thing given, the same for the same thing in the same version.
    pub given: Vec<String>,
    /// What could not be read.
    pub problems: Vec<String>,
    /// Where to go on.
    pub cursor: Cursor,
    /// Whether `cursor` may be kept across a restart.
    pub checkpoint: bool,
    /// Whether there is more to read now.
    pub more: bool,
    /// Whether this belongs to the first load.
    pub first_load: bool,
}

/// A source that can be polled.
pub trait Polls: Send + Sync + 'static {
    /// What it is opened with: the way to a site.
    type Tools: Send + Sync + 'static;

    /// The way to this site and to no other; who does not answer for so long is
    /// given up.
    fn tools(site: &FakeSite, clock: &Arc<TestClock>, patience: Duration) -> Self::Tools;

    /// Polls it.
    fn poll(&self, since: &Cursor) -> impl Future<Output = Outcome> + Send;
}

/// Where a kind is played.
#[derive(Debug)]
pub struct Stage<T> {
    /// The service.
    pub site: FakeSite,
    /// What listens on a private address that nobody allowed.
    pub private: FakeSite,
    /// The time.
    pub clock: Arc<TestClock>,
    /// A folder of its own.
    pub folder: TempDir,
    /// What a source is opened with here.
    pub tools: T,
}

/// When everything begins.
const START: &str = "2026-11-21T09:00:00Z";

/// No promise but one needs an end to it: a busy machine is not a silent server.
const PATIENCE: Duration = Duration::from_secs(60);

impl<T> Stage<T> {
    async fn start<S: Polls<Tools = T>>(patience: Duration) -> Self {
        let site = FakeSite::start().await;
        let clock = TestClock::at(START);
        Self {
            tools: S::tools(&site, &clock, patience),
            site,
            private: FakeSite::start().await,
            clock,
            folder: match TempDir::new() {
                Ok(folder) => folder,
                Err(error) => panic!("no folder: {error}"),
            },
        }
    }
}

/// A kind of source, as the contract needs to know it.
#[derive(Debug)]
pub struct Kind<S: Polls> {
    /// As it is written in the config. A kind that reads in two ways stands twice,
    /// with the way behind its name.
    pub name: &'static str,
    /// Opens the source that reads this stage.
    pub open: fn(&Stage<S::Tools>) -> S,
    /// Fills the stage with what the service has on a day: the first, or the second
    /// with something new.
    pub fill: fn(&Stage<S::Tools>, Day),
    /// The document without which nothing can be read: its answers are spoiled.
    pub path: &'static str,
    /// How many things the first day gives.
    pub first: usize,
    /// How many more the second does.
    pub second: usize,
    /// The promises that it does not make, and why.
    pub spared: &'static [(Promise, &'static str)],
}

/// Which state of the service is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// What was there before.
    First,
    /// The same, and something new.
    Second,
}

/// What is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// All is read, as history at first, and then what is new.
    ReadsAll,
    /// Reading again gives the same things under the same names.
    Replays,
    /// Of a document that was read, only changes are asked for.
    AsksForChanges,
    /// Who is asked to wait, in seconds or until a date, waits so long.
    Waits,
    /// A server that fails (5xx) is tried later.
    BearsFailure,
    /// One that never answers is, too.
    BearsSilence,
    /// An answer cut short is none.
    BearsTruncation,
    /// An answer without end is left off.
    BearsFlood,
    /// A web page, nothing or noise where data should be is nonsense.
    BearsOtherDocuments,
    /// Another encoding than it should be gives everything, or an error.
    BearsEncodings,
    /// A redirect does not lead to a private address.
    StaysOutside,
    /// What was not read because of a failure, of whichever document, is read after.
    Resumes,
}

/// Holds a promise with each of these kinds, at the same time.
///
/// # Panics
/// One of them breaks it, or makes it although it is spared; each is named.
pub async fn hold<S: Polls>(promise: Promise, kinds: Vec<Kind<S>>) {
    let mut held = JoinSet::new();
    for kind in kinds {
        held.spawn(async move {
            let why = kind.spared.iter().find(|(spared, _)| *spared == promise);
            match (promises::keeps(promise, &kind).await, why) {
                (Ok(()), None) | (Err(_), Some(_)) => None,
                (Err(broken), None) => Some(format!("{}: {promise:?}: {broken}", kind.name)),
                (Ok(()), Some((_, why))) => Some(format!(
                    "{}: {promise:?} is kept, although it is spared ({why})",
                    kind.name
                )),
            }
        });
    }
    let mut broken: Vec<String> = held.join_all().await.into_iter().flatten().collect();
    broken.sort();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}
