//! `prahari check`: reads the settings as a start would, and says everything that
//! is wrong and everything that is assumed.

use serde_json::json;
use store::Location;

use super::{Outcome, open, print};
use crate::config::{Mistake, Origin, Settings, SourceEntry};
use crate::pipeline::{Pipeline, World};

/// What was seen of the settings.
#[derive(Default)]
pub(super) struct Looked {
    /// What is wrong.
    pub(super) mistakes: Vec<String>,
    /// What is assumed.
    assumptions: Vec<String>,
    /// What is so.
    facts: Vec<String>,
    /// Why a start would fail.
    pub(super) closed: Option<anyhow::Error>,
    /// What a start would give, if it can start.
    pub(super) pipeline: Option<Pipeline>,
}

/// Looks at the settings as a start would.
pub(super) async fn look(loaded: Result<Settings, Vec<Mistake>>, world: World) -> Looked {
    let settings = match loaded {
        Ok(settings) => settings,
        Err(mistakes) => {
            return Looked {
                mistakes: mistakes.iter().map(ToString::to_string).collect(),
                ..Looked::default()
            };
        }
    };
    let mut looked = Looked {
        mistakes: settings.mistakes.iter().map(ToString::to_string).collect(),
        assumptions: settings.assumptions.clone(),
        facts: describe(&settings),
        ..Looked::default()
    };
    // Opening reads secret files and the database: what would stop a start.
    match open(settings, world).await {
        Ok(pipeline) => {
            let sources = pipeline.sources();
            let mistakes = sources.mistakes.iter().map(ToString::to_string);
            looked.mistakes.extend(mistakes);
            looked
                .assumptions
                .extend(sources.assumptions.iter().cloned());
            looked.facts.extend(describe_sources(&sources.entries));
            for open in &pipeline.channels {
                looked.facts.push(format!(
                    "channel {} ({}) goes to {}",
                    open.entry.id,
                    open.entry.config.kind(),
                    open.channel.address()
                ));
            }
            looked.pipeline = Some(pipeline);
        }
        Err(error) => looked.closed = Some(error),
    }
    looked
}

pub(super) async fn check(
    loaded: Result<Settings, Vec<Mistake>>,
    as_json: bool,
    world: World,
) -> anyhow::Result<Outcome> {
    let Looked {
        mut mistakes,
        assumptions,
        facts,
        closed,
        ..
    } = look(loaded, world).await;
    // Settings that are wrong are one thing to a script, a database that is away another.
    let outcome = match (&mistakes[..], &closed) {
        ([], None) => Outcome::Done,
        ([], Some(_)) => Outcome::Failed,
        _ => Outcome::Wrong,
    };
    mistakes.extend(closed.map(|error| format!("{error:#}")));
    if as_json {
        print::json(&json!({ "mistakes": mistakes, "assumptions": assumptions, "facts": facts }))?;
    } else {
        for mistake in &mistakes {
            print::line(&format!("wrong    {}", print::plain(mistake)));
        }
        for assumption in &assumptions {
            print::line(&format!("assumed  {}", print::plain(assumption)));
        }
        for fact in &facts {
            print::line(&format!("is       {}", print::plain(fact)));
        }
    }
    Ok(outcome)
}

fn describe(settings: &Settings) -> Vec<String> {
    let mut facts = vec![
        format!("the service listens on {}", settings.server.listen),
        match &settings.database {
            Location::File(path) => format!("the database is the file {}", path.display()),
            Location::Postgres(address) => format!("the database is PostgreSQL at {address}"),
        },
    ];
    for (index, pack) in settings.regions().packs().iter().enumerate() {
        let size = pack.size();
        facts.push(format!(
            "{} {} ({}, {} signs and {} names)",
            if index == 0 {
                "home is"
            } else {
                "looked at as closely:"
            },
            pack.name,
            pack.country,
            size.signs,
            size.names
        ));
    }
    if settings.watch.keywords.is_empty() {
        facts.push("no keywords are watched".to_owned());
    } else {
        facts.push(format!(
            "watched keywords: {}",
            settings.watch.keywords.join(", ")
        ));
    }
    for rule in &settings.rules {
        facts.push(format!("rule {}: {}", rule.id, rule_in_words(rule)));
    }
    if settings.channels.is_empty() {
        facts.push("no channel is configured: alerts are only shown".to_owned());
    }
    facts
}

/// How many sources are read, and of each that is not as it ships who said so.
fn describe_sources(entries: &[SourceEntry]) -> Vec<String> {
    let read = entries.iter().filter(|source| source.enabled).count();
    let mut facts = vec![format!(
        "{read} sources are read, {} are switched off",
        entries.len() - read
    )];
    for source in entries {
        let mut said = source.said_by.clone();
        if let Some(change) = &source.change {
            let what = match (source.origin, source.enabled) {
                (Origin::Added, true) => "added",
                (Origin::Added, false) => "added, and now off,",
                (_, true) => "switched on",
                (_, false) => "switched off",
            };
            said.push(format!("{what} by {}", change.by));
        }
        if !said.is_empty() {
            facts.push(format!(
                "source {} ({}, {}) is {}: {}",
                source.id,
                source.config.kind(),
                source.origin.as_str(),
                if source.enabled { "on" } else { "off" },
                said.join(", ")
            ));
        }
    }
    facts
}

fn rule_in_words(rule: &model::Rule) -> String {
    let condition = match &rule.query {
        model::Query::All => "everything relevant".to_owned(),
        query => query.sentence(),
    };
    let audience = match &rule.audience {
        model::Audience::Everyone => "every channel".to_owned(),
        model::Audience::Channels(channels) if channels.is_empty() => "shown only".to_owned(),
        model::Audience::Channels(channels) => channels
            .iter()
            .map(model::ChannelId::as_str)
            .collect::<Vec<_>>()
            .join(", "),
    };
    format!("{condition} → {audience}")
}
