//! Pacing: when a source is asked next. Pure.
//!
//! A source that always has something new is asked a little more often, one that
//! seldom has is asked less; one that fails is left alone for longer each time, and
//! one that keeps failing is probed slowly, but never given up.

use std::time::Duration;

use model::audit::{Breaker, Ledger, TroubleKind};

use crate::config::{Polling, SourceEntry};

/// The first wait after a failure; each next one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(60);
/// The first wait of a source that keeps failing, and its longest.
const FIRST_PROBE: Duration = Duration::from_secs(30 * 60);
const LONGEST_PROBE: Duration = Duration::from_secs(6 * 60 * 60);
/// A source that says it is gone for good is asked once a day, because some say so
/// by mistake.
const PROBE_OF_GONE: Duration = Duration::from_secs(24 * 60 * 60);
/// While our own network is down, asking bothers nobody.
const WHILE_OFFLINE: Duration = Duration::from_secs(10 * 60);
/// Where about one poll in three brings something, a source is asked in time and not
/// in vain.
const WELL_PACED: f64 = 0.3;
/// At most so much of a pause is added by chance, so that sources of one interval do
/// not all wake together.
const JITTER: f64 = 0.1;

/// What a pause follows from, beside the source's conduct.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wish {
    /// For how long the source asked to be left alone just now.
    pub(super) asked: Option<Duration>,
    /// Whether most sources cannot be reached.
    pub(super) offline: bool,
    /// From 0 to 1.
    pub(super) chance: f64,
}

/// How long to leave a source alone after a poll that is noted in its ledger.
pub(super) fn pause(
    entry: &SourceEntry,
    polling: &Polling,
    ledger: &Ledger,
    wish: Wish,
) -> Duration {
    let interval = interval(entry, polling, ledger);
    let asked = wish.asked.unwrap_or_default();
    let pause = match ledger.trouble.as_ref().map(|trouble| trouble.kind) {
        None => interval,
        // A folder of ours is looked at as ever: nobody is bothered by it.
        Some(_) if entry.config.url().is_none() => interval,
        Some(TroubleKind::Resting) => asked.max(FIRST_WAIT.min(interval)),
        Some(TroubleKind::Gone) => PROBE_OF_GONE.max(interval),
        Some(TroubleKind::Unreached) if wish.offline => {
            failing(ledger.breaker, interval).min(WHILE_OFFLINE.max(FIRST_WAIT.min(interval)))
        }
        Some(TroubleKind::Unreached | TroubleKind::Wrong) => failing(ledger.breaker, interval),
    };
    let pause = pause.max(asked);
    pause + pause.mul_f64(JITTER * wish.chance.clamp(0.0, 1.0))
}

fn failing(breaker: Breaker, interval: Duration) -> Duration {
    let doubled = |first: Duration, times: u32, longest: Duration| {
        first
            .saturating_mul(2_u32.saturating_pow(times))
            .min(longest)
    };
    match breaker {
        Breaker::Open { probes } => doubled(FIRST_PROBE, probes, LONGEST_PROBE).max(interval),
        Breaker::Closed { failures } => doubled(
            FIRST_WAIT.min(interval),
            failures.saturating_sub(1),
            LONGEST_PROBE.max(interval),
        ),
        Breaker::HalfOpen => FIRST_WAIT.min(interval),
    }
}

/// The interval of a source that works: its own, stretched or shortened by how often
/// polls brought something new. What the source asks of its readers is a bound for
/// shortening only: the interval itself is the operator's word.
fn interval(entry: &SourceEntry, polling: &Polling, ledger: &Ledger) -> Duration {
    let own = entry.interval;
    let Some(share) = ledger.yields.share() else {
        return own;
    };
    if !polling.adaptive || !entry.config.adapts() {
        return own;
    }
    let factor = (WELL_PACED / share.max(0.01)).clamp(polling.fastest, polling.slowest);
    let asked = Duration::from_secs(ledger.rest_seconds.unwrap_or(0));
    own.mul_f64(factor).max(asked.min(own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;

    const MINUTE: u64 = 60;
    const HOUR: u64 = 3600;

    fn entry(kind: &str, minutes: u64) -> SourceEntry {
        let text = match kind {
            "file" => "kind = 'file'\npath = 'inbox'",
            "nvd" => "kind = 'nvd'",
            _ => "kind = 'feed'\nurl = 'https://news.example/feed'",
        };
        let mut table: toml::Table = text.parse().unwrap();
        table.insert("id".to_owned(), "wire".into());
        table.insert("interval".to_owned(), format!("{minutes}m").into());
        crate::config::of_table(table).unwrap()
    }

    /// A ledger after 16 polls of which so many gave something.
    fn gave(times: u32) -> Ledger {
        let mut ledger = Ledger::default();
        for n in 0..16 {
            ledger.yields.note(n < times);
        }
        ledger
    }

    fn after(failures: u32, kind: TroubleKind) -> Ledger {
        let mut ledger = Ledger::default();
        for _ in 0..failures {
            ledger.failed(Timestamp::UNIX_EPOCH, kind, String::new(), false);
        }
        ledger
    }

    fn seconds(entry: &SourceEntry, ledger: &Ledger, wish: Wish) -> u64 {
        pause(entry, &Polling::default(), ledger, wish).as_secs()
    }

    #[test]
    fn busy_sources_are_asked_more_often_and_quiet_ones_less_within_bounds() {
        for (kind, times, wanted) in [
            ("feed", 16, 30 * MINUTE),
            ("feed", 8, 36 * MINUTE),
            ("feed", 5, 57 * MINUTE + 36),
            ("feed", 2, 144 * MINUTE),
            ("feed", 1, 4 * HOUR),
            ("feed", 0, 4 * HOUR),
            ("nvd", 0, HOUR),
            ("nvd", 16, HOUR),
        ] {
            let pause = seconds(&entry(kind, 60), &gave(times), Wish::default());
            assert_eq!(pause, wanted, "{kind} {times}");
        }
        let fixed = Polling {
            adaptive: false,
            ..Polling::default()
        };
        let pause = pause(&entry("feed", 60), &fixed, &gave(0), Wish::default());
        assert_eq!(pause.as_secs(), HOUR);
        let unknown = seconds(&entry("feed", 60), &Ledger::default(), Wish::default());
        assert_eq!(unknown, HOUR);
    }

    #[test]
    fn a_feed_that_asks_for_rest_is_not_asked_more_often() {
        for (rest, wanted) in [(0, 30), (45 * 60, 45), (60 * 60, 60), (24 * 3600, 60)] {
            let mut ledger = gave(16);
            ledger.rest_seconds = Some(rest);
            let pause = seconds(&entry("feed", 60), &ledger, Wish::default());
            assert_eq!(pause, wanted * MINUTE, "{rest}");
        }
    }

    #[test]
    fn who_fails_is_left_alone_longer_each_time_and_then_probed() {
        let minutes: Vec<u64> = (1..=12)
            .map(|failures| {
                let ledger = after(failures, TroubleKind::Wrong);
                seconds(&entry("feed", 15), &ledger, Wish::default()) / 60
            })
            .collect();
        assert_eq!(minutes, [1, 2, 4, 8, 30, 60, 120, 240, 360, 360, 360, 360]);
        // Who is asked once in twelve hours is not probed more often than that.
        let ledger = after(9, TroubleKind::Wrong);
        let rare = seconds(&entry("feed", 12 * 60), &ledger, Wish::default());
        assert_eq!(rare, 12 * HOUR);
    }

    #[test]
    fn what_is_asked_for_holds_and_other_troubles_have_their_own_pace() {
        let feed = entry("feed", 15);
        let asked = |seconds| Wish {
            asked: Some(Duration::from_secs(seconds)),
            ..Wish::default()
        };
        let offline = Wish {
            offline: true,
            ..Wish::default()
        };
        let wrong = after(1, TroubleKind::Wrong);
        assert_eq!(seconds(&feed, &wrong, asked(3 * HOUR)), 3 * HOUR);
        assert_eq!(seconds(&feed, &wrong, asked(5)), 60);
        let resting = after(1, TroubleKind::Resting);
        assert_eq!(
            seconds(&feed, &resting, asked(9 * 24 * HOUR)),
            9 * 24 * HOUR
        );
        assert_eq!(seconds(&feed, &resting, asked(0)), 60);
        for failures in [1, 9] {
            let gone = after(failures, TroubleKind::Gone);
            assert_eq!(seconds(&feed, &gone, Wish::default()), 24 * HOUR);
        }
        let unreached = after(9, TroubleKind::Unreached);
        assert_eq!(seconds(&feed, &unreached, Wish::default()), 6 * HOUR);
        assert_eq!(seconds(&feed, &unreached, offline), 10 * MINUTE);
        let folder = entry("file", 1);
        assert_eq!(seconds(&folder, &wrong, Wish::default()), 60);
        assert_eq!(seconds(&folder, &after(9, TroubleKind::Wrong), offline), 60);
    }

    #[test]
    fn chance_adds_a_tenth_at_most() {
        let wish = |chance| Wish {
            chance,
            ..Wish::default()
        };
        let feed = entry("feed", 100);
        for (chance, wanted) in [(0.0, 6000), (0.5, 6300), (1.0, 6600), (9.0, 6600)] {
            assert_eq!(seconds(&feed, &Ledger::default(), wish(chance)), wanted);
        }
    }
}
