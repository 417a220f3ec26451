//! The self-audit of sources: silence is never mistaken for calm.
//!
//! Each round looks at what polls have noted and compares it with what people were
//! told: what begins and what ends is told once, on every channel, as one notice per
//! round. What was told is kept in the store with the notice, in one transaction, so
//! that a restart repeats nothing.

mod health;
mod judge;
mod words;

use std::sync::atomic::Ordering;
use std::time::Duration;

use model::audit::{Episode, EpisodeKind};
use model::{ChannelId, DeliveryId, DeliveryKind, Timestamp};
use store::{NewDelivery, StoreError, Telling};
use tracing::{info, warn};

pub(crate) use health::{Freshness, freshness, since};
pub(crate) use words::span;

use self::judge::{Case, Verdict, judge};
use super::Pipeline;

impl Pipeline {
    /// Looks at every source, and tells people what begins and what ends.
    ///
    /// # Errors
    /// The store could not be read or written; the next round looks again.
    pub async fn audit(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let states = self.store.source_states().await?;
        let episodes = self.store.episodes().await?;
        let sources = self.sources();
        let verdict = judge(&Case {
            sources: sources
                .open
                .iter()
                .map(|source| {
                    let id = &source.entry.id;
                    let state = states.iter().find(|state| &state.source == id);
                    (&source.entry, state)
                })
                .collect(),
            begun: self.begun,
            online_since: episodes
                .iter()
                .find(|episode| episode.source.is_none() && episode.kind == EpisodeKind::Failing)
                // One that lasts ends now, or the question does not arise.
                .map(|episode| episode.ended.unwrap_or(now)),
            failing_after: self.settings.audit.failing_after(),
            zone: &self.settings.server.zone,
            now,
        });
        self.offline.store(verdict.offline, Ordering::Relaxed);
        if !self.settings.audit.enabled {
            return Ok(());
        }
        let mut telling = difference(verdict, episodes);
        // What belongs to a source that is read no more ends without a word.
        let read = |episode: &Episode| {
            let source = episode.source.as_ref();
            source.is_none_or(|id| self.source(id).is_some())
        };
        let (heard_of, dropped): (Vec<Episode>, Vec<Episode>) =
            telling.ended.iter().cloned().partition(read);
        for episode in &telling.opened {
            warn!(audit.kind = %episode.kind, "{}", episode.told);
        }
        for episode in heard_of.iter().chain(&dropped) {
            info!(audit.kind = %episode.kind, "no longer so: {}", episode.told);
        }
        let name = |episode: &Episode| self.name_of(episode);
        let notices = [
            words::of_opened(&telling.opened, &name),
            words::of_ended(&heard_of, &name, now),
        ];
        for (title, text) in notices.into_iter().flatten() {
            telling
                .notices
                .extend(self.audit_notices(&title, &text, now));
        }
        if !telling.opened.is_empty() || !telling.ended.is_empty() {
            self.store.tell(now, telling).await?;
        }
        Ok(())
    }

    /// Whether most sources cannot be reached, as the latest round saw it.
    pub(super) fn is_offline(&self) -> bool {
        self.offline.load(Ordering::Relaxed)
    }

    fn name_of(&self, episode: &Episode) -> String {
        let entry = episode.source.as_ref().and_then(|id| self.source(id));
        entry.map_or_else(String::new, |source| source.entry.name.clone())
    }

    fn audit_notices(&self, title: &str, text: &str, now: Timestamp) -> Vec<NewDelivery> {
        let chosen = |channel: &ChannelId| {
            let chosen = self.settings.audit.channels.as_ref();
            chosen.is_none_or(|names| names.iter().any(|name| name == channel.as_str()))
        };
        self.channel_ids()
            .into_iter()
            .filter(chosen)
            .map(|channel| NewDelivery {
                id: DeliveryId(self.ids.next_id()),
                channel,
                kind: DeliveryKind::Notice {
                    title: title.to_owned(),
                    text: text.to_owned(),
                },
                alerts: Vec::new(),
                due: now,
                gap: Duration::ZERO,
            })
            .collect()
    }
}

/// What begins and what ends: what holds, against what people were told.
fn difference(verdict: Verdict, episodes: Vec<Episode>) -> Telling {
    let Verdict { holds, unknown, .. } = verdict;
    let lasting: Vec<Episode> = episodes
        .into_iter()
        .filter(|episode| episode.ended.is_none())
        .collect();
    let same =
        |one: &Episode, other: &Episode| one.source == other.source && one.kind == other.kind;
    let ended = lasting
        .iter()
        .filter(|told| !holds.iter().any(|holds| same(holds, told)))
        .filter(|told| !unknown.contains(&(told.source.clone(), told.kind)))
        .cloned()
        .collect();
    let opened = holds
        .into_iter()
        .filter(|holds| !lasting.iter().any(|told| same(holds, told)))
        .collect();
    Telling {
        opened,
        ended,
        notices: Vec::new(),
    }
}
