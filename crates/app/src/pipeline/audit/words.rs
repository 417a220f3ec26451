//! What the self-audit says, in sentences for people.

use std::time::Duration;

use jiff::tz::TimeZone;
use model::Timestamp;
use model::audit::{Balance, Cadence, Episode, EpisodeKind, Oddity, Trouble};
use model::clock::elapsed;

use crate::config::SourceEntry;

/// Sources named one by one in a notice; more are told as a number.
const MOST_TOLD: usize = 20;

/// Knows the reader's time zone, and the time.
pub(super) struct Teller<'a> {
    pub(super) zone: &'a str,
    pub(super) now: Timestamp,
}

impl Teller<'_> {
    pub(super) fn silent(&self, entry: &SourceEntry, cadence: Cadence, since: Timestamp) -> String {
        format!(
            "{} usually gives something new every {} or so; it answers, and has given nothing new since {}.",
            entry.name,
            span(cadence.typical),
            self.since(since),
        )
    }

    pub(super) fn failing(&self, entry: &SourceEntry, trouble: &Trouble) -> String {
        format!(
            "{} could not be read since {}: {}. What it gave before stays; it is tried again, at longer distances.",
            entry.name,
            self.since(trouble.since),
            trouble.said,
        )
    }

    pub(super) fn gone(&self, entry: &SourceEntry) -> String {
        format!(
            "{} says that its address is gone for good. It is asked once a day, in case that is a mistake; give its new address, or switch it off.",
            entry.name
        )
    }

    pub(super) fn odd(&self, entry: &SourceEntry, oddity: Oddity, since: Timestamp) -> String {
        format!(
            "{} has changed: {}, since {}. `prahari sources preview` shows what it gives now.",
            entry.name,
            oddity.sentence(),
            self.since(since),
        )
    }

    pub(super) fn offline(&self, unreached: usize, all: usize, since: Timestamp) -> String {
        format!(
            "{unreached} of {all} sources could not be reached since {}: the fault is probably in our own network or its proxy. They are not told one by one.",
            self.since(since),
        )
    }

    pub(super) fn holiday(&self, quiet: usize, speakers: usize) -> String {
        format!(
            "{quiet} of the {speakers} sources with a known habit have given nothing new for longer than usual: a holiday, or something between them and us gives old answers. They are not told one by one."
        )
    }

    /// `21 Nov 09:00 IST (14 h)`.
    fn since(&self, at: Timestamp) -> String {
        let zone = TimeZone::get(self.zone).unwrap_or(TimeZone::UTC);
        format!(
            "{} ({})",
            at.to_zoned(zone).strftime("%-d %b %H:%M %Z"),
            span(elapsed(at, self.now))
        )
    }
}

/// What is missing of a catalogue.
pub(super) fn short(entry: &SourceEntry, balance: &Balance) -> String {
    format!(
        "{} says that it has {} records and we hold {} of them: {} are missing{}.",
        entry.name,
        balance.stated,
        balance.held,
        balance.missing(),
        if balance.rereads > 0 {
            ", also after reading them again"
        } else {
            ""
        }
    )
}

/// The headline and the sentences of what begins. `name`: of an episode's source.
pub(super) fn of_opened(
    opened: &[Episode],
    name: &dyn Fn(&Episode) -> String,
) -> Option<(String, String)> {
    use EpisodeKind::{Failing, Gone, Shape, Silent, Totals};
    let title = match opened {
        [] => return None,
        [one] => {
            let name = name(one);
            match (&one.source, one.kind) {
                (None, Silent) => "Most sources are quieter than usual".to_owned(),
                (None, _) => "Most sources cannot be reached".to_owned(),
                (_, Silent) => format!("{name} is quieter than usual"),
                (_, Failing) => format!("{name} cannot be read"),
                (_, Gone) => format!("{name} is gone"),
                (_, Shape) => format!("{name} looks other than usual"),
                (_, Totals) => format!("Records of {name} are missing"),
            }
        }
        many => format!("{} sources need a look", many.len()),
    };
    let sentences = opened.iter().map(|episode| episode.told.clone());
    Some((title, listed(sentences)))
}

/// The headline and the sentences of what ends.
pub(super) fn of_ended(
    ended: &[Episode],
    name: &dyn Fn(&Episode) -> String,
    now: Timestamp,
) -> Option<(String, String)> {
    use EpisodeKind::{Failing, Gone, Shape, Silent, Totals};
    let sentence = |episode: &Episode| {
        let name = name(episode);
        match (&episode.source, episode.kind) {
            (None, Silent) => "Sources speak as usual again".to_owned(),
            (None, _) => "Sources can be reached again".to_owned(),
            (_, Silent) => format!("{name} speaks again"),
            (_, Failing | Gone) => format!("{name} can be read again"),
            (_, Shape) => format!("{name} looks as usual again"),
            (_, Totals) => format!("{name} is complete again"),
        }
    };
    let title = match ended {
        [] => return None,
        [one] => sentence(one),
        many => format!("{} sources are well again", many.len()),
    };
    let sentences = ended.iter().map(|episode| {
        format!(
            "{}, after {}.",
            sentence(episode),
            span(elapsed(episode.since, now))
        )
    });
    Some((title, listed(sentences)))
}

fn listed(sentences: impl ExactSizeIterator<Item = String>) -> String {
    let more = sentences.len().saturating_sub(MOST_TOLD);
    let mut text = sentences.take(MOST_TOLD).collect::<Vec<_>>().join("\n");
    if more > 0 {
        text.push_str(&format!("\nAnd {more} more."));
    }
    text
}

/// A length of time in its largest unit, rounded down: `3 days`, `14 h`, `20 min`.
pub(crate) fn span(length: Duration) -> String {
    let minutes = length.as_secs() / 60;
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2880 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}
