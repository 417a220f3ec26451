//! The rules of the file, beside those that are built in. A mistake costs one rule.

use model::query::{self, Field, Op, Query, Test};
use model::{Audience, Country, Rule, RuleId, Severity, Sign};
use schemars::JsonSchema;
use serde::Deserialize;

use super::document::Document;
use super::entry::ChannelEntry;
use super::table::typed;
use super::{Mistake, keys};

/// A rule as the file has it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    /// Its short name.
    id: RuleId,
    /// What it asks, in the query language (docs/queries.md). All other parts that
    /// are given must hold too.
    query: Option<String>,
    /// At least this severe.
    min_severity: Option<Severity>,
    /// One of these words or phrases stands in one of its items.
    #[serde(default)]
    keywords: Vec<String>,
    /// One of these countries is affected, as `IN`.
    #[serde(default)]
    regions: Vec<Country>,
    /// One of these is true: `india`, `exploited`, `keyword`.
    #[serde(default)]
    any_of: Vec<Sign>,
    /// The channels it speaks to; absent: all; empty: none, it is only shown.
    channels: Option<Vec<String>>,
}

/// The file's rules; the built-in ones where it has none. `feed` is always there,
/// because `GET /alerts` shows it.
pub(super) fn rules(
    document: &Document,
    channels: &[ChannelEntry],
    mistakes: &mut Vec<Mistake>,
) -> Vec<Rule> {
    let entries = document.entries("rules");
    let mut rules = Rule::built_in(Country::INDIA);
    if !entries.is_empty() {
        rules.retain(|rule| rule.id.as_str() == "feed");
    }
    let mut named: Vec<RuleId> = Vec::new();
    for (at, table) in entries {
        match rule(document, &at, table, channels) {
            Ok(rule) if named.contains(&rule.id) => mistakes.push(Mistake {
                place: document.place_of(&at),
                what: format!("{at}: there are two rules called `{}`", rule.id),
            }),
            Ok(rule) => {
                named.push(rule.id.clone());
                rules.retain(|known| known.id != rule.id);
                rules.push(rule);
            }
            Err(found) => mistakes.extend(found),
        }
    }
    rules
}

fn rule(
    document: &Document,
    at: &str,
    table: toml::Table,
    channels: &[ChannelEntry],
) -> Result<Rule, Vec<Mistake>> {
    let file: RuleFile = typed(document, at, table)?;
    let audience = match file.channels {
        None => Audience::Everyone,
        Some(names) => {
            let key = format!("{at}.channels");
            let unknown = unknown_channels(document, &key, &names, channels);
            if !unknown.is_empty() {
                return Err(unknown);
            }
            let chosen = |name: &String| {
                let mut known = channels.iter().map(|channel| &channel.id);
                known.find(|id| id.as_str() == name).cloned()
            };
            Audience::Channels(names.iter().filter_map(chosen).collect())
        }
    };
    let asked = file.query.as_deref().unwrap_or_default();
    let asked = query::parse(asked).map_err(|error| {
        let at = format!("{at}.query");
        vec![Mistake {
            place: document.place_of(&at),
            what: format!("{at}: character {}: {error}", error.start + 1),
        }]
    })?;
    let least = file
        .min_severity
        .map(|severity| Query::Test(Test::Severity(Op::AtLeast, severity)));
    let words = file.keywords.iter().map(|word| Query::phrase(word));
    let signs = file.any_of.into_iter().map(Sign::query);
    Ok(Rule {
        id: file.id,
        query: Query::and([
            asked,
            least.unwrap_or_default(),
            Query::or(words),
            Query::names(Field::Region, file.regions),
            Query::or(signs),
        ]),
        audience,
    })
}

/// The names in a list of channels that are none, each as a mistake.
pub(super) fn unknown_channels(
    document: &Document,
    at: &str,
    names: &[String],
    channels: &[ChannelEntry],
) -> Vec<Mistake> {
    let known = || channels.iter().map(|channel| channel.id.as_str());
    names
        .iter()
        .filter(|name| !known().any(|known| known == name.as_str()))
        .map(|name| {
            let hint = keys::nearest(name, known())
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            Mistake {
                place: document.place_of(at),
                what: format!("{at}: there is no channel `{name}`{hint}"),
            }
        })
        .collect()
}

/// The schema of what a rule has, for the test of the example file.
#[cfg(test)]
pub(super) fn schema() -> serde_json::Value {
    keys::schema::<RuleFile>()
}
