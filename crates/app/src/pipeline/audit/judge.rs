//! What is wrong with the sources now. Pure.
//!
//! Only what was seen since this start counts: a state that an earlier run left
//! behind says nothing of now. And nobody is accused of our own faults: when most
//! sources cannot be reached the network is ours, and when most are quiet it is a
//! holiday.

use std::collections::BTreeSet;
use std::time::Duration;

use model::audit::{Cadence, Episode, EpisodeKind, TroubleKind};
use model::clock::elapsed;
use model::{SourceId, Timestamp};
use store::SourceState;

use super::words::{self, Teller};
use crate::config::SourceEntry;

/// Most sources unreached for so long is an outage of ours, not a hiccup.
const OFFLINE_AFTER: Duration = Duration::from_secs(60 * 60);
/// A document may be empty for a moment while it is written.
const ODD_FOR: Duration = Duration::from_secs(3 * 60 * 60);
/// A total is asked for once a day, and what is missing is read again meanwhile.
const MISSING_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// So many quiet sources, if they are most, are no accident of each of them.
const FEWEST_QUIET: usize = 3;
/// Alone, a source that cannot be reached says nothing of our network.
const FEWEST_UNREACHED: usize = 2;

/// What is judged.
pub(super) struct Case<'a> {
    /// Every source that is read, with its state if it was ever polled.
    pub(super) sources: Vec<(&'a SourceEntry, Option<&'a SourceState>)>,
    /// When this run began.
    pub(super) begun: Timestamp,
    /// When our network last came back.
    pub(super) online_since: Option<Timestamp>,
    /// How long a source may fail before people are told.
    pub(super) failing_after: Duration,
    /// The time zone of sentences.
    pub(super) zone: &'a str,
    /// The time.
    pub(super) now: Timestamp,
}

/// What holds now.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Everything people should know.
    pub(super) holds: Vec<Episode>,
    /// Of these nothing can be said now: what lasted goes on, what did not does not
    /// begin.
    pub(super) unknown: BTreeSet<(Option<SourceId>, EpisodeKind)>,
    /// Whether most sources cannot be reached, however short.
    pub(super) offline: bool,
}

/// A source that was reached once, and asked since this start.
struct Seen<'a> {
    entry: &'a SourceEntry,
    state: &'a SourceState,
    cadence: Option<Cadence>,
}

impl Seen<'_> {
    fn trouble(&self) -> Option<TroubleKind> {
        self.state
            .ledger
            .trouble
            .as_ref()
            .map(|trouble| trouble.kind)
    }

    /// Since when it has been silent beyond its habit.
    fn silent_since(&self, now: Timestamp) -> Option<Timestamp> {
        let from = self.state.ledger.silent_from(self.state.last_item)?;
        self.cadence?.is_silent(from, now).then_some(from)
    }
}

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    let mut seen = Vec::new();
    for (entry, state) in &case.sources {
        let asked = |state: &&SourceState| {
            state.first_success.is_some() && state.last_attempt >= Some(case.begun)
        };
        match state.filter(asked) {
            Some(state) => seen.push(Seen {
                entry,
                state,
                cadence: state.ledger.cadence(entry.interval),
            }),
            None => verdict.leave(&entry.id, EpisodeKind::ALL),
        }
    }
    let teller = Teller {
        zone: case.zone,
        now: case.now,
    };
    let offline_since = offline_since(&seen);
    verdict.offline = offline_since.is_some();
    if let Some(since) = offline_since
        && elapsed(since, case.now) >= OFFLINE_AFTER
    {
        let unreached = seen.iter().filter(|source| is_unreached(source)).count();
        verdict.add(
            None,
            EpisodeKind::Failing,
            since,
            teller.offline(unreached, seen.len(), since),
        );
    }
    let holiday = holiday_since(&seen, case.now);
    if let Some((since, quiet, speakers)) = holiday
        && !verdict.offline
    {
        verdict.add(
            None,
            EpisodeKind::Silent,
            since,
            teller.holiday(quiet, speakers),
        );
    }
    for source in &seen {
        judge_one(case, source, &teller, holiday.is_some(), &mut verdict);
    }
    verdict
}

fn judge_one(
    case: &Case<'_>,
    source: &Seen<'_>,
    teller: &Teller<'_>,
    holiday: bool,
    verdict: &mut Verdict,
) {
    use EpisodeKind::{Failing, Gone, Shape, Silent, Totals};
    let (entry, state) = (source.entry, source.state);
    let ledger = &state.ledger;
    if let Some(trouble) = &ledger.trouble {
        // What it would say if it could be read, nobody knows.
        verdict.leave(&entry.id, &[Silent, Shape, Totals]);
        let since = trouble
            .since
            .max(case.online_since.unwrap_or(trouble.since));
        let lasting = elapsed(since, case.now) >= case.failing_after.max(entry.interval * 3);
        match trouble.kind {
            TroubleKind::Resting => verdict.leave(&entry.id, &[Failing, Gone]),
            TroubleKind::Gone => {
                verdict.leave(&entry.id, &[Failing]);
                let told = teller.gone(entry);
                verdict.add(Some(entry), Gone, trouble.since, told);
            }
            TroubleKind::Unreached if verdict.offline => {
                verdict.leave(&entry.id, &[Failing, Gone]);
            }
            TroubleKind::Unreached | TroubleKind::Wrong if lasting => {
                verdict.leave(&entry.id, &[Gone]);
                let told = teller.failing(entry, trouble);
                verdict.add(Some(entry), Failing, trouble.since, told);
            }
            // Not long enough to be told; but what was told has not ended by it.
            TroubleKind::Unreached | TroubleKind::Wrong => {
                verdict.leave(&entry.id, &[Failing, Gone]);
            }
        }
        return;
    }
    if let (Some(since), Some(cadence)) = (source.silent_since(case.now), source.cadence) {
        if holiday {
            verdict.leave(&entry.id, &[Silent]);
        } else {
            let told = teller.silent(entry, cadence, since);
            verdict.add(Some(entry), Silent, since, told);
        }
    }
    if let Some((oddity, since)) = ledger.shape.odd() {
        if elapsed(since, case.now) >= ODD_FOR {
            let told = teller.odd(entry, oddity, since);
            verdict.add(Some(entry), Shape, since, told);
        } else {
            verdict.leave(&entry.id, &[Shape]);
        }
    }
    if let Some(balance) = &ledger.balance
        && let Some(since) = balance.short_since
    {
        if elapsed(since, case.now) >= MISSING_FOR {
            verdict.add(Some(entry), Totals, since, words::short(entry, balance));
        } else {
            verdict.leave(&entry.id, &[Totals]);
        }
    }
}

impl Verdict {
    fn add(
        &mut self,
        entry: Option<&SourceEntry>,
        kind: EpisodeKind,
        since: Timestamp,
        told: String,
    ) {
        self.holds.push(Episode {
            source: entry.map(|entry| entry.id.clone()),
            kind,
            since,
            told,
            ended: None,
        });
    }

    fn leave(&mut self, source: &SourceId, kinds: &[EpisodeKind]) {
        let kinds = kinds.iter().map(|kind| (Some(source.clone()), *kind));
        self.unknown.extend(kinds);
    }
}

fn is_unreached(source: &Seen<'_>) -> bool {
    source.entry.config.url().is_some() && source.trouble() == Some(TroubleKind::Unreached)
}

/// Since when most sources cannot be reached. Those that were asked since it began
/// have a vote; a source that has failed for weeks does not set the beginning, as the
/// middle one does.
fn offline_since(seen: &[Seen<'_>]) -> Option<Timestamp> {
    let mut began: Vec<Timestamp> = seen
        .iter()
        .filter(|source| is_unreached(source))
        .filter_map(|source| Some(source.state.ledger.trouble.as_ref()?.since))
        .collect();
    began.sort_unstable();
    let since = *began.get(began.len() / 2)?;
    let voters = seen.iter().filter(|source| {
        source.entry.config.url().is_some() && source.state.last_attempt >= Some(since)
    });
    let (mut all, mut unreached) = (0, 0);
    for source in voters {
        all += 1;
        unreached += usize::from(is_unreached(source));
    }
    (unreached >= FEWEST_UNREACHED && unreached * 4 >= all * 3).then_some(since)
}

/// Since when most of those with a habit are silent, how many, and of how many.
fn holiday_since(seen: &[Seen<'_>], now: Timestamp) -> Option<(Timestamp, usize, usize)> {
    let speakers = seen
        .iter()
        .filter(|source| source.cadence.is_some() && source.trouble().is_none());
    let (mut all, mut quiet) = (0, Vec::new());
    for source in speakers {
        all += 1;
        quiet.extend(source.silent_since(now));
    }
    let since = *quiet.iter().min()?;
    (quiet.len() >= FEWEST_QUIET && quiet.len() * 2 > all).then_some((since, quiet.len(), all))
}
