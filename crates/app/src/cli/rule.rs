//! `prahari rule list|test`.

use std::time::Duration;

use clap::Subcommand;
use model::clock::earlier;
use model::{IncidentId, Severity, Timestamp};
use serde::Serialize;

use super::{Outcome, open_existing, print, search};
use crate::config::Settings;
use crate::pipeline::World;

/// Rules: who hears of what.
#[derive(Debug, clap::Args)]
pub(super) struct Rule {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the rules as they are, each as a query
    List,
    /// Say what a rule with this query would have sent; sends nothing
    Test {
        /// The query, or the id of a rule that there is
        query: String,
        /// Of so many days up to now
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
        /// Show at most so many incidents
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
}

/// A rule, for programs.
#[derive(Debug, Serialize)]
struct Listed {
    id: String,
    query: String,
    sentence: String,
}

/// What a rule would have sent, for programs.
#[derive(Debug, Serialize)]
struct Tested {
    query: String,
    sentence: String,
    days: u32,
    incidents: u64,
    exact: bool,
    latest: Vec<Told>,
}

#[derive(Debug, Serialize)]
struct Told {
    id: IncidentId,
    title: String,
    severity: Severity,
    last_seen: Timestamp,
    reason: String,
}

impl Rule {
    pub(super) async fn run(
        self,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        match self.command {
            Command::List => list(&settings, as_json),
            Command::Test { query, days, limit } => {
                test(&query, days, limit, settings, world, as_json).await
            }
        }
    }
}

fn list(settings: &Settings, as_json: bool) -> anyhow::Result<Outcome> {
    let rules = settings.rules.iter().map(|rule| Listed {
        id: rule.id.to_string(),
        query: rule.query.to_string(),
        sentence: rule.query.sentence(),
    });
    let rules: Vec<Listed> = rules.collect();
    if as_json {
        print::json(&rules)?;
    } else {
        for rule in rules {
            print::line(&format!("{}: {}", rule.id, rule.sentence));
            if !rule.query.is_empty() {
                print::line(&format!("    {}", rule.query));
            }
        }
    }
    Ok(Outcome::Done)
}

async fn test(
    query: &str,
    days: u32,
    limit: u32,
    settings: Settings,
    world: World,
    as_json: bool,
) -> anyhow::Result<Outcome> {
    let zone = settings.server.zone.clone();
    let named = settings.rules.iter().find(|rule| rule.id.as_str() == query);
    let query = match named {
        Some(rule) => rule.query.clone(),
        None => match search::read(query) {
            Some(query) => query,
            None => return Ok(Outcome::Wrong),
        },
    };
    let pipeline = open_existing(settings, world).await?;
    let since = earlier(
        pipeline.clock.now(),
        Duration::from_secs(u64::from(days) * 24 * 60 * 60),
    );
    let tested = pipeline.test_rule(&query, since, limit).await?;
    let told = tested.latest.into_iter().map(|(incident, reason)| Told {
        id: incident.id,
        severity: incident.band(),
        title: incident.title,
        last_seen: incident.last_seen,
        reason,
    });
    let tested = Tested {
        query: query.to_string(),
        sentence: query.sentence(),
        days,
        incidents: tested.incidents,
        exact: tested.exact,
        latest: told.collect(),
    };
    if as_json {
        print::json(&tested)?;
        return Ok(Outcome::Done);
    }
    let about = if tested.exact { "" } else { "about " };
    print::line(&format!(
        "{}: would have told of {about}{} incidents in the last {days} days",
        tested.sentence, tested.incidents
    ));
    for told in &tested.latest {
        let (id, severity, at) = (told.id, told.severity, told.last_seen);
        print::line(&print::incident(id, severity, at, &told.title, &zone));
        print::line(&format!("    {}", print::plain(&told.reason)));
    }
    Ok(Outcome::Done)
}
