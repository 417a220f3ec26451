//! The contract of `testkit` with every kind of source: one test a promise. The
//! kinds are in `kinds`, and only there.

mod kinds;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use model::Cursor;
use net::{Door, NetError};
use serde_json::Value;
use sources::{Source, SourceConfig, SourceError, Tools};
use testkit::TestClock;
use testkit::contract::{self, Outcome, Polls, Promise, Reading};
use testkit::site::FakeSite;

use crate::scene::name;

/// A source behind a door that leads to the stage's site alone.
struct Opened(Box<dyn Source>);

type Stage = contract::Stage<Tools>;

/// Opens the source of this config, as it stands in prahari.toml.
fn open(stage: &Stage, config: Value) -> Opened {
    let config: SourceConfig = serde_json::from_value(config).unwrap();
    Opened(config.open(name(), &stage.tools))
}

impl Polls for Opened {
    type Tools = Tools;

    fn tools(site: &FakeSite, clock: &Arc<TestClock>, patience: Duration) -> Tools {
        let net = net::Config {
            allow: vec![site.url("").replace("http://", "")],
            timeout_seconds: patience.as_secs(),
            ..net::Config::default()
        };
        Tools {
            door: Arc::new(Door::new(net, clock.clone()).unwrap()),
            clock: clock.clone(),
        }
    }

    async fn poll(&self, since: &Cursor) -> Outcome {
        let polled = match self.0.poll(since).await {
            Ok(polled) => polled,
            Err(SourceError::Unreached(NetError::Wait { after, .. })) => {
                return Outcome::Wait(after);
            }
            Err(SourceError::Unreached(error @ NetError::Passing { .. })) => {
                return Outcome::Passing(error.to_string());
            }
            Err(SourceError::Unreached(error @ NetError::Forbidden { .. })) => {
                return Outcome::Forbidden(error.to_string());
            }
            Err(SourceError::Nonsense(why)) => return Outcome::Nonsense(why),
            Err(error) => return Outcome::Other(error.to_string()),
        };
        let items = polled.items.iter().map(|item| item.id.to_string());
        let statements = polled
            .statements
            .iter()
            .map(|said| format!("{} {:?}", said.cve, said.content_hash()));
        let categories = polled
            .categories
            .iter()
            .map(|category| format!("{} {:?}", category.id, category.cwes));
        let problems = polled.problems.iter();
        Outcome::Read(Reading {
            given: items.chain(statements).chain(categories).collect(),
            problems: problems
                .map(|problem| format!("{}: {}", problem.place, problem.reason))
                .collect(),
            cursor: polled.cursor,
            checkpoint: polled.checkpoint,
            more: polled.more,
            first_load: polled.first_load,
        })
    }
}

async fn hold(promise: Promise) {
    contract::hold(promise, kinds::all()).await;
}

#[tokio::test]
async fn all_is_read_as_history_and_then_what_is_new() {
    hold(Promise::ReadsAll).await;
}

#[tokio::test]
async fn a_replay_gives_the_same_things() {
    hold(Promise::Replays).await;
}

#[tokio::test]
async fn only_changes_are_asked_for() {
    hold(Promise::AsksForChanges).await;
}

#[tokio::test]
async fn a_service_that_asks_to_wait_is_let_alone() {
    hold(Promise::Waits).await;
}

#[tokio::test]
async fn a_server_that_fails_costs_only_time() {
    hold(Promise::BearsFailure).await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    hold(Promise::BearsSilence).await;
}

#[tokio::test]
async fn half_an_answer_is_none() {
    hold(Promise::BearsTruncation).await;
}

#[tokio::test]
async fn an_answer_without_end_is_left_off() {
    hold(Promise::BearsFlood).await;
}

#[tokio::test]
async fn another_document_is_nonsense() {
    hold(Promise::BearsOtherDocuments).await;
}

#[tokio::test]
async fn another_encoding_loses_nothing_in_silence() {
    hold(Promise::BearsEncodings).await;
}

#[tokio::test]
async fn a_redirect_leads_to_no_private_address() {
    hold(Promise::StaysOutside).await;
}

#[tokio::test]
async fn what_a_failure_kept_back_is_read_after_it() {
    hold(Promise::Resumes).await;
}

/// What the config's schema says of each kind: its name, and its fields.
fn schemas() -> Vec<(String, Value)> {
    let schema = schemars::schema_for!(SourceConfig).to_value();
    let kinds = schema["oneOf"].as_array().unwrap().clone();
    kinds
        .into_iter()
        .map(|kind| {
            // A variant's fields stand in a definition of their own.
            let path = kind["$ref"].as_str().map(|path| path.replace('#', ""));
            let fields = path.and_then(|path| schema.pointer(&path).cloned());
            let name = kind["properties"]["kind"]["const"].as_str().unwrap();
            let mut all = kind["properties"].clone();
            for (key, value) in fields
                .iter()
                .flat_map(|fields| fields["properties"].as_object())
                .flatten()
            {
                all[key] = value.clone();
            }
            (name.to_owned(), all)
        })
        .collect()
}

#[test]
fn every_kind_is_under_contract() {
    let here: BTreeSet<String> = kinds::all()
        .iter()
        .filter_map(|kind| kind.name.split(' ').next().map(str::to_owned))
        .collect();
    let all: BTreeSet<String> = schemas().into_iter().map(|(name, _)| name).collect();
    assert_eq!(here, all);
}

#[test]
fn every_field_of_every_config_says_what_it_is() {
    for (kind, fields) in schemas() {
        let fields = fields.as_object().unwrap();
        assert!(fields.len() > 1, "{kind} has no fields");
        for (field, schema) in fields {
            let said = schema["description"].as_str().unwrap_or_default();
            assert!(field == "kind" || said.len() > 5, "{kind}: {field}");
        }
    }
}
