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

#[cfg(test)]
mod tests {
    use super::*;
    use model::Cursor;
    use model::audit::Ledger;
    use model::clock::{earlier, later};

    fn now() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    fn hours_ago(count: u64) -> Timestamp {
        earlier(now(), Duration::from_secs(count * 3600))
    }

    fn entry(name: &str) -> SourceEntry {
        let text = "kind = 'feed'\nurl = 'https://news.example/feed'\ninterval = '15m'";
        let mut table: toml::Table = text.parse().unwrap();
        table.insert("id".to_owned(), name.into());
        crate::config::of_table(table).unwrap()
    }

    /// A source that spoke every hour for ten days, until so many hours ago.
    fn spoke(name: &str, until: u64) -> (SourceEntry, SourceState) {
        let mut ledger = Ledger::default();
        for hour in (until..until + 240).rev() {
            ledger.answered(hours_ago(hour), true, false);
        }
        let state = SourceState {
            source: name.parse().unwrap(),
            cursor: Cursor::start(),
            first_success: Some(hours_ago(until + 240)),
            last_success: Some(now()),
            last_attempt: Some(now()),
            failures: 0,
            error: None,
            last_item: Some(hours_ago(until)),
            items: 240,
            problems: (0, None),
            ledger,
        };
        (entry(name), state)
    }

    /// The same, but in trouble since so many hours ago.
    fn failing(name: &str, since: u64, kind: TroubleKind) -> (SourceEntry, SourceState) {
        let (entry, mut state) = spoke(name, since);
        state.failures = 9;
        state
            .ledger
            .failed(hours_ago(since), kind, "HTTP 503".to_owned(), false);
        (entry, state)
    }

    /// What holds, as `source kind`; `*` for most sources at once.
    fn check(sources: &[(SourceEntry, SourceState)], online_since: Option<u64>, wanted: &[&str]) {
        let verdict = judge(&Case {
            sources: sources
                .iter()
                .map(|(entry, state)| (entry, Some(state)))
                .collect(),
            begun: hours_ago(1000),
            online_since: online_since.map(hours_ago),
            failing_after: Duration::from_secs(6 * 3600),
            zone: "Asia/Kolkata",
            now: now(),
        });
        let holds: Vec<String> = verdict
            .holds
            .iter()
            .map(|episode| {
                let source = episode.source.as_ref().map_or("*", SourceId::as_str);
                format!("{source} {}", episode.kind)
            })
            .collect();
        assert_eq!(holds, wanted);
    }

    fn unreached(name: &str, since: u64) -> (SourceEntry, SourceState) {
        failing(name, since, TroubleKind::Unreached)
    }

    #[test]
    fn one_silent_source_is_named_and_many_are_a_holiday() {
        let day = |names: &[(&str, u64)]| -> Vec<_> {
            names
                .iter()
                .map(|(name, until)| spoke(name, *until))
                .collect()
        };
        check(&day(&[("a", 1), ("b", 2)]), None, &[]);
        check(&day(&[("a", 20), ("b", 2)]), None, &["a silent"]);
        check(
            &day(&[("a", 20), ("b", 30)]),
            None,
            &["a silent", "b silent"],
        );
        check(
            &day(&[("a", 20), ("b", 30), ("c", 40), ("d", 1), ("e", 1)]),
            None,
            &["* silent"],
        );
        check(
            &day(&[
                ("a", 20),
                ("b", 30),
                ("c", 40),
                ("d", 1),
                ("e", 1),
                ("f", 1),
            ]),
            None,
            &["a silent", "b silent", "c silent"],
        );
    }

    #[test]
    fn most_sources_unreached_are_our_own_network() {
        let down = |since: u64| {
            vec![
                unreached("a", since),
                unreached("b", since),
                unreached("c", since),
            ]
        };
        check(&down(8), None, &["* failing"]);
        check(&down(0), None, &[]);
        // One that can be read among four does not change it, one among three does.
        let mut four = down(8);
        four.push(spoke("d", 1));
        check(&four, None, &["* failing"]);
        let mut three = four.split_off(1);
        check(&three, None, &["b failing", "c failing"]);
        // Who refuses us was reached.
        three[2] = failing("d", 8, TroubleKind::Wrong);
        check(&three, None, &["b failing", "c failing", "d failing"]);
        // Nor does one that has failed for a month set the beginning.
        let mut old = down(3);
        old.push(unreached("old", 700));
        check(&old, None, &["* failing"]);
    }

    #[test]
    fn after_an_outage_of_ours_each_source_has_its_time_again() {
        let sources = [unreached("a", 20), spoke("b", 1), spoke("c", 1)];
        check(&sources, None, &["a failing"]);
        check(&sources, Some(5), &[]);
        check(&sources, Some(6), &["a failing"]);
    }

    #[test]
    fn who_is_gone_is_told_at_once_and_who_rests_never() {
        let (gone, resting) = (TroubleKind::Gone, TroubleKind::Resting);
        let sources = [
            failing("a", 0, gone),
            failing("b", 99, resting),
            spoke("c", 1),
        ];
        check(&sources, None, &["a gone"]);
    }

    #[test]
    fn what_an_earlier_run_left_says_nothing_of_now() {
        let (entry, mut state) = spoke("a", 50);
        state.last_attempt = Some(hours_ago(40));
        let verdict = judge(&Case {
            sources: vec![(&entry, Some(&state))],
            begun: later(hours_ago(40), Duration::from_secs(1)),
            online_since: None,
            failing_after: Duration::ZERO,
            zone: "UTC",
            now: now(),
        });
        assert!(verdict.holds.is_empty());
        assert_eq!(verdict.unknown.len(), EpisodeKind::ALL.len());
    }
}
