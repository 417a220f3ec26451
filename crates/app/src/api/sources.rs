//! `GET /api/sources`: what is read and how it stands, so that silence is never
//! mistaken for calm.

use axum::Json;
use axum::extract::State;
use model::clock::elapsed;
use model::{SourceId, Timestamp};
use serde::Serialize;
use store::SourceState;
use utoipa::ToSchema;

use super::Shared;
use super::error::Problem;
use crate::config::{self, Origin, SourceEntry};
use crate::pipeline::Pipeline;

/// How a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Freshness {
    /// Read within three of its intervals.
    Fresh,
    /// Not read for longer than that, without an error.
    Late,
    /// The latest poll failed.
    Failing,
    /// No poll gave an answer yet.
    NotReached,
    /// Switched off.
    Off,
}

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
    /// Seconds between two polls.
    interval_seconds: u64,
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

/// Every source.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SourceList {
    /// The sources, in the order of the settings.
    sources: Vec<SourceView>,
}

/// Lists sources with their health.
#[utoipa::path(
    get, path = "/api/sources", tag = "sources", operation_id = "listSources",
    responses((status = 200, body = SourceList))
)]
pub(super) async fn list(State(shared): State<Shared>) -> Result<Json<SourceList>, Problem> {
    let pipeline = &shared.pipeline;
    let states = pipeline.store.source_states().await?;
    let now = pipeline.clock.now();
    let sources = pipeline
        .sources()
        .entries
        .iter()
        .map(|entry| {
            view(
                entry,
                states.iter().find(|state| state.source == entry.id),
                now,
            )
        })
        .collect();
    Ok(Json(SourceList { sources }))
}

/// One source as the list shows it.
pub(super) async fn one(pipeline: &Pipeline, entry: &SourceEntry) -> Result<SourceView, Problem> {
    let states = pipeline.store.source_states().await?;
    let state = states.iter().find(|state| state.source == entry.id);
    Ok(view(entry, state, pipeline.clock.now()))
}

fn view(entry: &SourceEntry, state: Option<&SourceState>, now: Timestamp) -> SourceView {
    SourceView {
        id: entry.id.clone(),
        name: entry.name.clone(),
        kind: entry.config.kind(),
        url: entry.config.url().map(str::to_owned),
        enabled: entry.enabled,
        state: freshness(entry, state, now),
        interval_seconds: entry.interval.as_secs(),
        last_success: state.and_then(|state| state.last_success),
        last_attempt: state.and_then(|state| state.last_attempt),
        last_item: state.and_then(|state| state.last_item),
        failures: state.map_or(0, |state| state.failures),
        error: state.and_then(|state| state.error.clone()),
        items: state.map_or(0, |state| state.items),
        problems: state.map_or(0, |state| state.problems.0),
        problem: state.and_then(|state| state.problems.1.clone()),
        origin: entry.origin,
        good_for: entry.good_for.clone(),
        why_off: entry.why_off.clone().filter(|_| !entry.enabled),
        switched_on_by: match (entry.enabled, &entry.why_off) {
            (false, Some(_)) => config::switched_on_by(entry.config.kind()),
            _ => Vec::new(),
        },
    }
}

fn freshness(entry: &SourceEntry, state: Option<&SourceState>, now: Timestamp) -> Freshness {
    if !entry.enabled {
        return Freshness::Off;
    }
    let Some(state) = state else {
        return Freshness::NotReached;
    };
    match state.last_success {
        _ if state.failures > 0 && state.first_success.is_some() => Freshness::Failing,
        None => Freshness::NotReached,
        Some(last) if elapsed(last, now) > entry.interval * 3 => Freshness::Late,
        Some(_) => Freshness::Fresh,
    }
}
