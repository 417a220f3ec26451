//! CERT-In's advisories and vulnerability notes, read from its pages.
//! <https://www.cert-in.org.in>
//!
//! India's CERT has no feed: the addresses it advertises as RSS answer 200 with a
//! page that says "URL not found". So the lists of this year and the last are
//! read, and then the page of each id that is new, or listed with another date or
//! title. A list does not tell when a page was edited, so pages of the last weeks
//! are read again once a day; an edited one gives another version of its item.
//! The site is slow and often down: one page in ten seconds, and what was read
//! stays when it is gone. A first load of some thousand pages takes hours and
//! goes on where it was after a restart.

mod list;
mod note;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::tz::{Offset, TimeZone};
use model::clock::elapsed;
use model::item::{Draft, Stated};
use model::{Country, Cursor, Document, Item, ItemKind, Markup, SourceId, Timestamp, hash};
use net::{Fetched, NetError, Request, Validators};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

pub use list::{Listed, parse as parse_list};
pub use note::{Advisory, parse as parse_advisory};

use crate::{Polled, Problem, Progress, Reread, Source, SourceError, Tools, html};

/// What the site is asked to bear.
const PACE: Duration = Duration::from_secs(10);
/// Pages of one step: two minutes' worth, so that a restart loses no more.
const PAGES_PER_STEP: usize = 12;
/// A step that reads so many pages, and none that is one, met a site that changed.
const FAILED_PAGES: usize = 3;
/// The site takes its time.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a page is looked at for edits; the few we know of came within days.
const YOUNG: Duration = Duration::from_secs(21 * 24 * 60 * 60);
/// And how often.
const LOOK_AGAIN: Duration = Duration::from_secs(24 * 60 * 60);
/// A page that cannot be read is tried so often before it is left alone.
const MOST_TRIES: u8 = 5;
/// India keeps one offset all the year.
const INDIA_SECONDS: i32 = 5 * 3600 + 1800;

/// CERT-In, the Indian Computer Emergency Response Team.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address that lists and pages are parameters of.
    pub url: String,
    /// The User-Agent for this site alone, should it refuse Prahari's own.
    pub user_agent: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "https://www.cert-in.org.in/s2cMainServlet".to_owned(),
            user_agent: None,
        }
    }
}

/// The two series of ids, each with a list and pages of its own.
const SERIES: [Series; 2] = [
    Series {
        prefix: "CIVN",
        list: "VLNLIST02",
        page: "PUBVLNOTES01",
    },
    Series {
        prefix: "CIAD",
        list: "PUBADVLIST02",
        page: "PUBVLNOTES02",
    },
];

struct Series {
    prefix: &'static str,
    list: &'static str,
    page: &'static str,
}

/// CERT-In as a source.
pub struct CertIn {
    id: SourceId,
    config: Config,
    tools: Tools,
}

/// What is remembered between two polls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Note {
    /// Whether everything listed was read once.
    loaded: bool,
    /// Of the lists, by their address.
    #[serde(default)]
    lists: BTreeMap<String, Validators>,
    /// Of every id of this year and the last.
    #[serde(default)]
    known: BTreeMap<String, Known>,
    /// Ids whose pages are to be read, the next one last.
    #[serde(default)]
    pending: Vec<String>,
}

/// What is remembered of one id.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Known {
    /// A hash of date and title as listed.
    listed: String,
    /// The date as listed.
    date: Option<Timestamp>,
    /// When its page was last read.
    read: Option<Timestamp>,
    /// How often that failed since.
    #[serde(default)]
    tries: u8,
}

impl CertIn {
    /// CERT-In under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            tools: tools.clone(),
        }
    }

    fn address(&self, parameters: &[(&str, &str)]) -> Result<String, SourceError> {
        let mut url = Url::parse(&self.config.url).map_err(|error| {
            SourceError::Nonsense(format!("its address cannot be read: {error}"))
        })?;
        url.query_pairs_mut().extend_pairs(parameters);
        Ok(url.into())
    }

    async fn fetch(
        &self,
        url: &str,
        known: Validators,
    ) -> Result<Option<(String, Validators)>, SourceError> {
        let mut request = Request::get(url)
            .unless(known)
            .pace(PACE)
            .timeout(PATIENCE)
            .max_body(html::LARGEST_PAGE);
        if let Some(user_agent) = &self.config.user_agent {
            request = request.header("user-agent", user_agent);
        }
        match self.tools.door.fetch(request).await? {
            Fetched::Unchanged => Ok(None),
            Fetched::Body(body) => {
                let text = html::decode(&body.bytes, body.content_type.as_deref());
                Ok(Some((text.into_owned(), body.validators)))
            }
        }
    }

    /// Reads the lists of this year and the last into `note`, and fills its
    /// pending ids.
    async fn lists(&self, note: &mut Note) -> Result<Vec<Problem>, SourceError> {
        let now = self.tools.clock.now();
        let zone = Offset::from_seconds(INDIA_SECONDS).map_or(TimeZone::UTC, TimeZone::fixed);
        let year = now.to_zoned(zone).year();
        let mut problems = Vec::new();
        for series in &SERIES {
            for year in [year, year - 1] {
                let url = self.address(&[("pageid", series.list), ("year", &year.to_string())])?;
                let validators = note.lists.get(&url).cloned().unwrap_or_default();
                let Some((text, validators)) = self.fetch(&url, validators).await? else {
                    continue;
                };
                let name = format!("{}-{year}-", series.prefix);
                let parsed = list::parse(&text)?;
                let listed: Vec<Listed> = parsed
                    .entries
                    .into_iter()
                    .filter(|entry| entry.id.starts_with(&name))
                    .collect();
                if listed.is_empty() && note.known.keys().any(|id| id.starts_with(&name)) {
                    return Err(SourceError::Nonsense(format!(
                        "the list of {series} for {year} is empty, and was not",
                        series = series.prefix
                    )));
                }
                problems.extend(parsed.problems);
                for entry in listed {
                    note.list(entry);
                }
                note.lists.insert(url, validators);
            }
        }
        if note.known.is_empty() {
            return Err(SourceError::Nonsense(
                "none of CERT-In's lists holds an entry".to_owned(),
            ));
        }
        let oldest = year - 1;
        note.known
            .retain(|id, _| year_of(id).is_some_and(|year| year >= oldest));
        note.queue(now);
        Ok(problems)
    }

    /// Reads the page of one id.
    async fn page(
        &self,
        id: &str,
        listed: Option<Timestamp>,
    ) -> Result<(Item, Vec<Problem>), SourceError> {
        let series = SERIES.iter().find(|series| id.starts_with(series.prefix));
        let page = series.map_or("PUBVLNOTES01", |series| series.page);
        let url = self.address(&[("pageid", page), ("VLCODE", id)])?;
        let text = match self.fetch(&url, Validators::default()).await? {
            Some((text, _)) => text,
            None => String::new(),
        };
        self.item(id, url, &text, listed, self.tools.clock.now())
    }

    /// The item of a page that was read at `url`.
    fn item(
        &self,
        id: &str,
        url: String,
        text: &str,
        listed: Option<Timestamp>,
        at: Timestamp,
    ) -> Result<(Item, Vec<Problem>), SourceError> {
        let (advisory, problems) = note::parse(text, id)?;
        let draft = Draft {
            external_id: id.to_owned(),
            kind: ItemKind::Advisory,
            url: Some(url),
            title: format!("CERT-In {id}: {}", advisory.title),
            text: advisory.text,
            markup: Markup::Plain,
            author: Some("CERT-In".to_owned()),
            language: Some("en".to_owned()),
            published: advisory.issued.or(listed),
            updated: None,
            stated: Stated {
                types: Vec::new(),
                severity: advisory.severity,
                // CERT-In is charged with warning India's users, and writes only
                // of what they run: so India is where the affected public is, even
                // where the text names no country.
                countries: vec![Country::INDIA],
            },
        };
        Ok((Item::new(&self.id, draft, at), problems))
    }
}

impl Note {
    /// Notes how an id is listed; one that is listed anew or otherwise than before
    /// counts as not read.
    fn list(&mut self, entry: Listed) {
        let date = entry.date.map(|date| date.to_string()).unwrap_or_default();
        let [a, b, c, d, e, f, g, h, ..] = hash::short(&[date.as_bytes(), entry.title.as_bytes()]);
        let listed = format!("{:016x}", u64::from_be_bytes([a, b, c, d, e, f, g, h]));
        let known = self.known.entry(entry.id).or_default();
        if known.listed != listed {
            *known = Known {
                listed,
                date: entry.date,
                ..Known::default()
            };
        }
    }

    /// Queues what is to be read: the newest first, because a first load takes
    /// hours and this week matters more than last year.
    fn queue(&mut self, now: Timestamp) {
        let mut due: Vec<(Option<Timestamp>, &String)> = self
            .known
            .iter()
            .filter(|(_, known)| known.is_due(now))
            .map(|(id, known)| (known.date, id))
            .collect();
        due.sort_unstable();
        self.pending = due.into_iter().map(|(_, id)| id.clone()).collect();
    }

    /// How far the first load has come.
    fn progress(&self) -> Progress {
        let total = self.known.len() as u64;
        Progress {
            done: total.saturating_sub(self.pending.len() as u64),
            total,
        }
    }
}

impl Known {
    fn is_due(&self, now: Timestamp) -> bool {
        if self.tries > 0 {
            return self.tries < MOST_TRIES;
        }
        match self.read {
            None => true,
            Some(read) => {
                elapsed(read, now) >= LOOK_AGAIN
                    && self.date.is_some_and(|date| elapsed(date, now) < YOUNG)
            }
        }
    }
}

fn year_of(id: &str) -> Option<i16> {
    id.split('-').nth(1)?.parse().ok()
}

#[async_trait]
impl Source for CertIn {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let mut note: Note = since.note();
        let mut polled = Polled {
            checkpoint: true,
            first_load: !note.loaded,
            ..Polled::default()
        };
        if note.pending.is_empty() {
            polled.problems = self.lists(&mut note).await?;
        }
        let mut failed = 0_usize;
        for _ in 0..PAGES_PER_STEP {
            let Some(id) = note.pending.pop() else { break };
            let known = note.known.entry(id.clone()).or_default();
            match self.page(&id, known.date).await {
                Ok((item, problems)) => {
                    known.read = Some(self.tools.clock.now());
                    known.tries = 0;
                    polled.items.push(item);
                    polled.problems.extend(problems);
                }
                Err(
                    error @ (SourceError::Nonsense(_)
                    | SourceError::Unreached(
                        NetError::Rejected { .. } | NetError::Gone { .. },
                    )),
                ) => {
                    let reason = error.to_string();
                    failed += 1;
                    // One page that is none costs itself; many, and nothing else,
                    // are the site's doing.
                    if polled.items.is_empty()
                        && failed >= FAILED_PAGES
                        && (note.pending.is_empty() || failed == PAGES_PER_STEP)
                    {
                        return Err(SourceError::Nonsense(reason));
                    }
                    known.read = Some(self.tools.clock.now());
                    known.tries = known.tries.saturating_add(1);
                    polled.problems.push(Problem::new(&id, &reason));
                }
                // What was read so far is kept; the next step meets the same
                // failure first and tells it.
                Err(_) if !polled.items.is_empty() => {
                    note.pending.push(id);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        if polled.first_load {
            polled.progress = Some(note.progress());
        }
        polled.more = !note.pending.is_empty();
        note.loaded |= !polled.more;
        // The queue gives the newest first.
        polled.items.reverse();
        polled.cursor = Cursor::of(&note);
        Ok(polled)
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        let url = Url::parse(&document.url).map_err(|error| {
            SourceError::Nonsense(format!("its address cannot be read: {error}"))
        })?;
        let code = url.query_pairs().find(|(name, _)| name == "VLCODE");
        // The lists only say what to read.
        let Some((_, id)) = code else {
            return Ok(Reread::default());
        };
        let text = html::decode(&document.bytes, document.content_type.as_deref());
        let (item, problems) = self.item(&id, document.url.clone(), &text, None, at)?;
        Ok(Reread {
            items: vec![item],
            problems,
            ..Reread::default()
        })
    }
}

/// The midnight in India with which a day begins.
fn midnight_in_india(day: jiff::civil::Date) -> Option<Timestamp> {
    let offset = Offset::from_seconds(INDIA_SECONDS).ok()?;
    offset.to_timestamp(day.at(0, 0, 0, 0)).ok()
}

/// `September 29, 2026`, with any blanks or none; months may be cut short.
fn day_written(text: &str) -> Option<Timestamp> {
    let text = text.replace(',', " ");
    let mut words = text.split_whitespace();
    let (month, day, year) = (words.next()?, words.next()?, words.next()?);
    let month = month.get(..3)?.to_ascii_lowercase();
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let month = MONTHS.iter().position(|known| *known == month)?;
    let month = i8::try_from(month + 1).ok()?;
    let year = year.trim_end_matches(|c: char| !c.is_ascii_digit());
    let day = jiff::civil::Date::new(year.parse().ok()?, month, day.parse().ok()?).ok()?;
    midnight_in_india(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_indian_days() {
        for (text, expected) in [
            ("September 29, 2026", Some("2026-09-28T18:30:00Z")),
            ("April     02, 2026", Some("2026-04-01T18:30:00Z")),
            ("Sept 1,2026.", Some("2026-08-31T18:30:00Z")),
            ("February 30, 2026", None),
            ("29 September 2026", None),
            ("é 1 2026", None),
            ("", None),
        ] {
            assert_eq!(
                day_written(text).map(|at| at.to_string()).as_deref(),
                expected,
                "{text}"
            );
        }
    }
}
