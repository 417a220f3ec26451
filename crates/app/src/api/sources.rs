//! `GET /api/sources`: what is read and how it stands, so that silence is never
//! mistaken for calm.

use axum::Json;
use axum::extract::State;
use model::audit::{Balance, Episode, EpisodeKind};
use model::{SourceId, Timestamp};
use serde::Serialize;
use store::SourceState;
use utoipa::ToSchema;

use super::Shared;
use super::error::Problem;
use crate::config::{self, Origin, SourceEntry};
use crate::pipeline::Pipeline;
use crate::pipeline::audit::{Freshness, freshness, since};

/// One source.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SourceView {
    /// Its short name.
    id: SourceId,
    /// Its name for people.
    name: String,
    /// Its kind, as `feed` or `nvd`.
    kind: &'static str,
    /// Where it is read.
    url: Option<String>,
    /// Whether it is read.
    enabled: bool,
    /// How it stands.
    state: Freshness,
    /// Since when: the first failure of a failing one, the last news of a silent one.
    since: Option<Timestamp>,
    /// Seconds between two polls, as it is configured.
    interval_seconds: u64,
    /// When it is asked again.
    next_poll: Option<Timestamp>,
    /// `closed`: asked as usual; `open`: it keeps failing and is only probed;
    /// `half_open`: on trial after a success.
    breaker: &'static str,
    /// Seconds between two news, usually; absent until it is learned.
    typical_gap_seconds: Option<u64>,
    /// It is quieter than usual if it gives nothing new until then.
    expected_by: Option<Timestamp>,
    /// What people were told of it and still holds, a sentence each.
    concerns: Vec<Concern>,
    /// Its own total against what is held of it, where it states one.
    balance: Option<BalanceView>,
    /// Latest poll that gave an answer.
    last_success: Option<Timestamp>,
    /// Latest poll.
    last_attempt: Option<Timestamp>,
    /// When it last gave something new.
    last_item: Option<Timestamp>,
    /// Polls that failed since the last success.
    failures: u32,
    /// What the latest failure was.
    error: Option<String>,
    /// Items it gave since ever.
    items: u64,
    /// Entries of its latest document that could not be read.
    problems: u32,
    /// The first of them: where and why.
    problem: Option<String>,
    /// Where it comes from.
    origin: Origin,
    /// What it is good for, if it ships with Prahari.
    good_for: Option<String>,
    /// Why it ships switched off, and what to do about it; null once it is on.
    why_off: Option<String>,
    /// The variables that switch it on, if a key is all it waits for.
    switched_on_by: Vec<&'static str>,
}

/// Something people were told of a source.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Concern {
    /// What it is.
    kind: EpisodeKind,
    /// Since when it is so.
    since: Timestamp,
    /// In a sentence.
    text: String,
}

/// A source's own total against ours.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BalanceView {
    /// How many records it says it has.
    stated: u64,
    /// How many are held of it.
    held: u64,
    /// How many are missing; a difference of one in ten thousand is none.
    missing: u64,
    /// When that was compared.
    at: Timestamp,
    /// Another catalogue of the same, compared with it: NVD with the CVE list.
    against: Option<AgainstView>,
}

/// How two catalogues of CVEs differ, rejected ones left out.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AgainstView {
    /// The other source.
    source: SourceId,
    /// CVEs of which only the other speaks.
    only_there: u64,
    /// CVEs of which the other does not speak.
    only_here: u64,
}

/// Every source.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SourceList {
    /// The sources, in the order of the settings.
    sources: Vec<SourceView>,
    /// What is wrong with most of them at once, a sentence each: our own network.
    concerns: Vec<Concern>,
}

/// Lists sources with their health.
#[utoipa::path(
    get, path = "/api/sources", tag = "sources", operation_id = "listSources",
    responses((status = 200, body = SourceList))
)]
pub(super) async fn list(State(shared): State<Shared>) -> Result<Json<SourceList>, Problem> {
    let pipeline = &shared.pipeline;
    let states = pipeline.store.source_states().await?;
    let episodes = pipeline.store.episodes().await?;
    let now = pipeline.clock.now();
    let sources = pipeline
        .sources()
        .entries
        .iter()
        .map(|entry| {
            let state = states.iter().find(|state| state.source == entry.id);
            view(entry, state, concerns(&episodes, Some(&entry.id)), now)
        })
        .collect();
    Ok(Json(SourceList {
        sources,
        concerns: concerns(&episodes, None),
    }))
}

/// One source as the list shows it.
pub(super) async fn one(pipeline: &Pipeline, entry: &SourceEntry) -> Result<SourceView, Problem> {
    let state = pipeline.store.source_state(&entry.id).await?;
    let episodes = pipeline.store.episodes().await?;
    let concerns = concerns(&episodes, Some(&entry.id));
    Ok(view(entry, state.as_ref(), concerns, pipeline.clock.now()))
}

/// What lasts of a source's episodes; without one, of most sources at once.
fn concerns(episodes: &[Episode], of: Option<&SourceId>) -> Vec<Concern> {
    episodes
        .iter()
        .filter(|episode| episode.ended.is_none() && episode.source.as_ref() == of)
        .map(|episode| Concern {
            kind: episode.kind,
            since: episode.since,
            text: episode.told.clone(),
        })
        .collect()
}

fn view(
    entry: &SourceEntry,
    state: Option<&SourceState>,
    concerns: Vec<Concern>,
    now: Timestamp,
) -> SourceView {
    let ledger = state.map(|state| &state.ledger);
    let cadence = ledger.and_then(|ledger| ledger.cadence(entry.interval));
    let trouble = ledger.and_then(|ledger| ledger.trouble.as_ref());
    let freshness = freshness(entry, state, now);
    SourceView {
        id: entry.id.clone(),
        name: entry.name.clone(),
        kind: entry.config.kind(),
        url: entry.config.url().map(str::to_owned),
        enabled: entry.enabled,
        state: freshness,
        since: state.and_then(|state| since(freshness, state)),
        interval_seconds: entry.interval.as_secs(),
        next_poll: ledger.and_then(|ledger| ledger.next_poll),
        breaker: ledger.map_or("closed", |ledger| ledger.breaker.as_str()),
        typical_gap_seconds: cadence.map(|cadence| cadence.typical.as_secs()),
        expected_by: cadence
            .zip(state.and_then(|state| state.ledger.silent_from(state.last_item)))
            .map(|(cadence, from)| cadence.expected_by(from)),
        concerns,
        balance: ledger
            .and_then(|ledger| ledger.balance.as_ref())
            .map(BalanceView::of),
        last_success: state.and_then(|state| state.last_success),
        last_attempt: state.and_then(|state| state.last_attempt),
        last_item: state.and_then(|state| state.last_item),
        failures: state.map_or(0, |state| state.failures),
        error: trouble
            .map(|trouble| trouble.said.clone())
            .or_else(|| state.and_then(|state| state.error.clone())),
        items: state.map_or(0, |state| state.items),
        problems: state.map_or(0, |state| state.problems.0),
        problem: state.and_then(|state| state.problems.1.clone()),
        origin: entry.origin,
        good_for: entry.good_for.clone(),
        why_off: entry.why_off.clone().filter(|_| !entry.enabled),
        switched_on_by: match (entry.enabled, &entry.why_off) {
            (false, Some(_)) => config::switched_on_by(entry),
            _ => Vec::new(),
        },
    }
}

impl BalanceView {
    fn of(balance: &Balance) -> Self {
        Self {
            stated: balance.stated,
            held: balance.held,
            missing: balance.missing(),
            at: balance.at,
            against: balance.against.as_ref().map(|against| AgainstView {
                source: against.source.clone(),
                only_there: against.only_there,
                only_here: against.only_here,
            }),
        }
    }
}
