//! Documents that are known to be new and are fetched one by one: CVE records,
//! OSV records, CSAF advisories.
//!
//! The list of names stands in the cursor and gets shorter with each poll, so
//! that a long one survives a restart. A document that cannot be had costs only
//! itself; a host that fails or asks us to wait stops the batch, and what was
//! read before it counts.

use std::collections::VecDeque;

use net::{Body, Door, Fetched, NetError, Request};
use serde::{Deserialize, Serialize};

use crate::{Problem, Progress, SourceError};

/// Documents fetched in one poll: at a few a second a poll stays short.
const BATCH: usize = 25;
/// Names in one list. What does not fit is found again by the next look.
pub(crate) const MOST_NAMES: usize = 20_000;

/// The names of the documents yet to be fetched, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Backlog {
    waiting: VecDeque<String>,
    /// Taken from the list since it was last empty.
    done: u64,
}

impl Backlog {
    /// Whether nothing is waiting.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Begins a list, unless there is one.
    pub(crate) fn begin(&mut self, names: impl IntoIterator<Item = String>) {
        if self.waiting.is_empty() {
            self.waiting = names.into_iter().take(MOST_NAMES).collect();
            self.done = 0;
        }
    }

    /// How far the list has come.
    pub(crate) fn progress(&self) -> Option<Progress> {
        let total = self.done + self.waiting.len() as u64;
        (total > BATCH as u64).then_some(Progress {
            done: self.done,
            total,
        })
    }

    /// Fetches the next few and hands each to `read`, which says whether it was
    /// what it should be. `request` makes the request for a name.
    ///
    /// # Errors
    /// Nothing could be fetched, or web pages came in place of all documents:
    /// then the service is broken and not they. The list is for the caller to
    /// throw away, as the cursor does not move.
    pub(crate) async fn fetch(
        &mut self,
        door: &Door,
        problems: &mut Vec<Problem>,
        request: impl Fn(&str) -> Request,
        mut read: impl FnMut(&str, Body, &mut Vec<Problem>) -> bool,
    ) -> Result<(), SourceError> {
        let mut good = 0_usize;
        let mut pages = 0_usize;
        let mut bad = 0_usize;
        for _ in 0..BATCH {
            let Some(name) = self.waiting.front().cloned() else {
                break;
            };
            match door.fetch(request(&name)).await {
                Ok(Fetched::Body(body)) => {
                    let is_page = body.bytes.trim_ascii_start().starts_with(b"<");
                    if read(&name, body, problems) {
                        good += 1;
                    } else {
                        bad += 1;
                        pages += usize::from(is_page);
                    }
                }
                Ok(Fetched::Unchanged) => {
                    problems.push(Problem::new(name, "answered 304 without being asked"))
                }
                Err(
                    error @ (NetError::Rejected { .. }
                    | NetError::Gone { .. }
                    | NetError::Forbidden { .. }),
                ) => problems.push(Problem::new(name, error.to_string())),
                // One that is refused among others that are not is its own fault.
                Err(error @ NetError::Refused { .. }) if good > 0 => {
                    problems.push(Problem::new(name, error.to_string()));
                }
                Err(_) if good > 0 => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            self.waiting.pop_front();
            self.done += 1;
        }
        if good == 0 && pages > 0 && pages == bad {
            return Err(SourceError::Nonsense(
                "web pages came in place of the documents".to_owned(),
            ));
        }
        Ok(())
    }
}
