//! OSV: the advisories of open-source ecosystems, in one format.
//! <https://google.github.io/osv.dev/data/>
//!
//! OSV's bucket holds for each ecosystem an archive of everything (that is for the
//! import), each record by itself, and `modified_id.csv`: a line for each record
//! with the time of its last change, newest first. Changes are followed by that
//! list, as its documentation says to. `querybatch` is for asking about packages
//! one has; asked for everything it would have to be asked for every package
//! there is. The list of npm has 10 MB, of which the first few kilobytes are news,
//! so only its beginning is asked for, and more when that does not reach back.

mod record;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use model::clock::earlier;
use model::{Cursor, Document, SourceId, Timestamp};
use net::{Fetched, Request, Validators};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::backlog::{Backlog, MOST_NAMES};
use crate::{Polled, Problem, Reread, Source, SourceError, Tools};
pub use record::{Record, parse};

/// The beginning of a list that is asked for first: some 5,000 changes.
const FIRST_BYTES: u64 = 256 * 1024;
/// The longest list, npm's, has 10 MB.
const LARGEST_LIST: u64 = 128 * 1024 * 1024;
/// A record that names each version of the kernel has some megabytes.
const LARGEST_RECORD: u64 = 16 * 1024 * 1024;
/// OSV names no limit; five a second is no burden for a bucket.
const PACE: Duration = Duration::from_millis(200);

/// OSV: flaws of open-source packages, by ecosystem.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address of OSV's bucket, or of a mirror of it.
    pub url: String,
    /// Ecosystems, as OSV spells them: `npm`, `PyPI`, `Maven`, `Go`, `crates.io`,
    /// `Debian`, `Ubuntu`, `Alpine` …
    pub ecosystems: Vec<String>,
    /// Whether records of malicious packages (`MAL-…`) are read, too: hundreds a day.
    pub malware: bool,
    /// How many days of changes the first reading takes. Older records come by
    /// `prahari import osv`.
    pub first_days: u16,
}

impl Default for Config {
    fn default() -> Self {
        let ecosystems = [
            "npm",
            "PyPI",
            "Maven",
            "Go",
            "crates.io",
            "NuGet",
            "RubyGems",
            "Packagist",
        ];
        Self {
            url: "https://osv-vulnerabilities.storage.googleapis.com".to_owned(),
            ecosystems: ecosystems.map(str::to_owned).to_vec(),
            malware: false,
            first_days: 3,
        }
    }
}

/// OSV as a source.
pub struct Osv {
    id: SourceId,
    config: Config,
    tools: Tools,
}

/// What is remembered between two polls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Note {
    ecosystems: BTreeMap<String, Followed>,
    /// Which ecosystem is being read.
    turn: usize,
    /// Whether the backlog is of a first reading.
    first: bool,
    backlog: Backlog,
}

/// How far an ecosystem was followed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Followed {
    /// The newest change that was read or is in the backlog.
    since: Option<Timestamp>,
    validators: Validators,
}

impl Osv {
    /// OSV under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            tools: tools.clone(),
        }
    }

    fn address(&self, ecosystem: &str, file: &str) -> Result<Url, SourceError> {
        let unready = || SourceError::Unready("`url` is no address of the web".to_owned());
        let mut url = Url::parse(&self.config.url).map_err(|_| unready())?;
        url.path_segments_mut()
            .map_err(|()| unready())?
            .pop_if_empty()
            .push(ecosystem)
            .push(file);
        Ok(url)
    }

    /// The changes of an ecosystem after `begin`, and the list's validators; `None`
    /// if the list is as it was.
    async fn changes(
        &self,
        ecosystem: &str,
        begin: Timestamp,
        validators: &Validators,
    ) -> Result<Option<(List, Validators)>, SourceError> {
        let mut bytes = FIRST_BYTES;
        loop {
            let request = Request::get(self.address(ecosystem, "modified_id.csv")?)
                .header("range", format!("bytes=0-{}", bytes - 1))
                .max_body(LARGEST_LIST)
                .unless(validators.clone());
            let body = match self.tools.door.fetch(request).await? {
                Fetched::Unchanged => return Ok(None),
                Fetched::Body(body) => body,
            };
            let part = body.status == 206 && body.bytes.len() as u64 >= bytes;
            let list = List::read(&body.bytes, begin, part, self.config.malware);
            if list.lines == 0 {
                return Err(SourceError::Nonsense(format!(
                    "OSV's list of changes of {ecosystem} is none"
                )));
            }
            if !part || list.reaches_back || bytes >= LARGEST_LIST {
                return Ok(Some((list, body.validators)));
            }
            bytes = (bytes * 8).min(LARGEST_LIST);
        }
    }

    /// Looks for changes of the ecosystem whose turn it is.
    async fn look(&self, note: &mut Note, problems: &mut Vec<Problem>) -> Result<(), SourceError> {
        let Some(ecosystem) = self
            .config
            .ecosystems
            .get(note.turn)
            .or(self.config.ecosystems.first())
        else {
            return Err(SourceError::Unready(
                "`ecosystems` is empty; name at least one".to_owned(),
            ));
        };
        let followed = note.ecosystems.get(ecosystem).cloned().unwrap_or_default();
        let days = u32::from(self.config.first_days);
        let begin = followed
            .since
            .unwrap_or_else(|| earlier(self.tools.clock.now(), Duration::from_secs(86_400) * days));
        note.first = followed.since.is_none();
        let Some((mut list, validators)) =
            self.changes(ecosystem, begin, &followed.validators).await?
        else {
            return Ok(());
        };
        if note.first {
            let text = format!(
                "only the changes of the last {days} days are read; `prahari import osv` brings the records before"
            );
            problems.push(Problem::new(ecosystem.as_str(), text));
        }
        problems.append(&mut list.problems);
        // What does not fit is found again: the list is then asked for anew.
        let whole = list.changed.len() <= MOST_NAMES;
        list.changed.truncate(MOST_NAMES);
        let since = list.changed.last().map_or(begin, |(at, _)| *at).max(begin);
        let validators = if whole {
            validators
        } else {
            Validators::default()
        };
        note.ecosystems.insert(
            ecosystem.clone(),
            Followed {
                since: Some(since),
                validators,
            },
        );
        note.backlog
            .begin(list.changed.into_iter().map(|(_, id)| id));
        Ok(())
    }
}

#[async_trait]
impl Source for Osv {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let mut note: Note = since.note();
        let mut problems = Vec::new();
        if note.backlog.is_empty() {
            self.look(&mut note, &mut problems).await?;
        }
        let ecosystem = self
            .config
            .ecosystems
            .get(note.turn)
            .or(self.config.ecosystems.first());
        let ecosystem = ecosystem.map(String::as_str).unwrap_or_default();
        let now = self.tools.clock.now();
        let mut polled = Polled::default();
        let request = |name: &str| {
            let address = self
                .address(ecosystem, &format!("{name}.json"))
                .map(String::from)
                .unwrap_or_default();
            Request::get(address).max_body(LARGEST_RECORD).pace(PACE)
        };
        let read = |name: &str, body: net::Body, problems: &mut Vec<Problem>| match parse(
            &body.bytes,
            &self.id,
            now,
        ) {
            Ok(record) if record.id == name => {
                problems.extend(record.problems);
                polled.statements.extend(record.statements);
                polled.items.extend(record.item);
                true
            }
            Ok(record) => {
                problems.push(Problem::new(name, format!("its file holds {}", record.id)));
                false
            }
            Err(error) => {
                problems.push(Problem::new(name, error.to_string()));
                false
            }
        };
        note.backlog
            .fetch(&self.tools.door, &mut problems, request, read)
            .await?;
        polled.first_load = note.first;
        polled.progress = note.backlog.progress();
        if note.backlog.is_empty() {
            note.turn = (note.turn + 1) % self.config.ecosystems.len().max(1);
        }
        polled.more = !note.backlog.is_empty() || note.turn != 0;
        polled.problems = problems;
        polled.checkpoint = true;
        polled.cursor = Cursor::of(&note);
        Ok(polled)
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        // The list of changes only says what to read.
        if document.url.ends_with("/modified_id.csv") {
            return Ok(Reread::default());
        }
        let record = parse(&document.bytes, &self.id, at)?;
        Ok(Reread {
            items: record.item.into_iter().collect(),
            statements: record.statements,
            problems: record.problems,
            ..Reread::default()
        })
    }
}

/// A list of changes, as far as it was read.
#[derive(Default)]
struct List {
    /// What changed after the beginning asked for, oldest first.
    changed: Vec<(Timestamp, String)>,
    /// Lines that are changes, old ones included.
    lines: usize,
    /// Whether a change from before that beginning was seen, newest first.
    reaches_back: bool,
    problems: Vec<Problem>,
}

impl List {
    /// Reads lines of `2026-11-20T10:00:00.123Z,GHSA-…`. The last line of a `part`
    /// is cut somewhere.
    fn read(bytes: &[u8], begin: Timestamp, part: bool, malware: bool) -> Self {
        const PROBLEMS_TOLD: usize = 20;
        let text = String::from_utf8_lossy(bytes);
        let text = if part {
            text.rsplit_once('\n').map_or("", |(whole, _)| whole)
        } else {
            &text
        };
        let mut list = Self::default();
        let mut before = None;
        let mut ordered = true;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            let read = line.split_once(',').and_then(|(at, id)| {
                let at: Timestamp = at.trim().parse().ok()?;
                // The list of all ecosystems writes `npm/GHSA-…`.
                let id = id.trim().rsplit('/').next()?;
                is_id(id).then(|| (at, id.to_owned()))
            });
            let Some((at, id)) = read else {
                if list.problems.len() < PROBLEMS_TOLD {
                    list.problems.push(Problem::new(
                        format!("line {}", index + 1),
                        "is no change of a record",
                    ));
                }
                continue;
            };
            list.lines += 1;
            ordered &= before.is_none_or(|before| at <= before);
            before = Some(at);
            if at <= begin {
                list.reaches_back = true;
            } else if malware || !id.starts_with("MAL-") {
                list.changed.push((at, id));
            }
        }
        list.reaches_back &= ordered;
        list.changed.sort();
        list
    }
}

/// A name that can stand in an address: `GHSA-…`, `ALSA-2024:2433`.
fn is_id(text: &str) -> bool {
    (1..=80).contains(&text.len())
        && !text.starts_with('.')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':' | b'_' | b'.'))
}
