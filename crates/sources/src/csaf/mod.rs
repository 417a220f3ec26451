//! CSAF 2.0: vendors' and CERTs' advisories for machines.
//! <https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html>, section 7.
//!
//! A provider says in `provider-metadata.json` where its advisories are: in ROLIE
//! feeds (JSON with links and times), or in folders with `changes.csv` (path and
//! time, newest first) and `index.txt` (paths alone). Advisories are then fetched
//! one by one, each with its checksum. What surprised us: Red Hat's `changes.csv`
//! has over 100,000 lines, and some providers leave it out, though both files are
//! mandatory.

mod advisory;
mod listing;
mod product;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use model::clock::earlier;
use model::{Cursor, Document, SourceId, Timestamp, hash};
use net::{Body, Fetched, NetError, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256, Sha512};
use url::Url;

use crate::backlog::Backlog;
use crate::{Polled, Problem, Reread, Source, SourceError, Tools, answer};
pub use advisory::{Advisory, parse};
use listing::{Listed, Place};

/// Red Hat's list of changes has 8 MB.
const LARGEST_LIST: u64 = 64 * 1024 * 1024;
/// Advisories on whole distributions have some ten megabytes.
const LARGEST_ADVISORY: u64 = 64 * 1024 * 1024;
/// A checksum and a file name.
const LARGEST_CHECKSUM: u64 = 16 * 1024;
/// Providers name no limits; two a second, checksums included.
const PACE: Duration = Duration::from_millis(500);
/// Feeds and folders of one provider: one a year and label.
const MOST_PLACES: usize = 64;
/// Names remembered of folders that do not tell when their files changed.
const MOST_UNDATED: usize = 20_000;

/// Security advisories of a vendor or a CERT in CSAF 2.0.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address of `provider-metadata.json`, or the provider's domain: then it is
    /// looked for where the standard says, and in `security.txt`.
    pub url: String,
    /// How many days of changes the first reading takes.
    #[serde(default = "month")]
    pub first_days: u16,
    /// Whether each advisory is compared with its checksum (one more request each).
    #[serde(default = "yes")]
    pub verify: bool,
}

const fn month() -> u16 {
    30
}

const fn yes() -> bool {
    true
}

/// A CSAF provider as a source.
pub struct Csaf {
    id: SourceId,
    config: Config,
    tools: Tools,
}

/// What is remembered between two polls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Note {
    /// Of each feed or folder, the newest change that was read or is in the backlog.
    since: BTreeMap<String, Timestamp>,
    /// Files known from folders without times, by 8 hexadecimal digits.
    undated: BTreeSet<String>,
    /// Whether the backlog is of the first reading.
    first: bool,
    backlog: Backlog,
}

impl Csaf {
    /// A provider under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            tools: tools.clone(),
        }
    }

    async fn get(&self, url: impl Into<String>, most: u64) -> Result<Body, SourceError> {
        match self
            .tools
            .door
            .fetch(Request::get(url).max_body(most).pace(PACE))
            .await?
        {
            Fetched::Body(body) => Ok(body),
            Fetched::Unchanged => Err(SourceError::Nonsense(
                "the provider answered 304 to a request without a condition".to_owned(),
            )),
        }
    }

    /// The same, if it is there.
    async fn get_if_there(
        &self,
        url: impl Into<String>,
        most: u64,
    ) -> Result<Option<Body>, SourceError> {
        match self.get(url, most).await {
            Ok(body) => Ok(Some(body)),
            Err(SourceError::Unreached(NetError::Rejected { .. } | NetError::Gone { .. })) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The provider's metadata, and the address it came from.
    async fn metadata(&self) -> Result<Body, SourceError> {
        let given = self.config.url.trim();
        let given = if given.contains("://") {
            given.to_owned()
        } else {
            format!("https://{given}")
        };
        let url = Url::parse(&given)
            .map_err(|error| SourceError::Unready(format!("`url` is no address: {error}")))?;
        if url.path().len() > 1 {
            return self.get(url, LARGEST_LIST).await;
        }
        let at = |path: &str| url.join(path).map(String::from).unwrap_or_default();
        if let Some(body) = self
            .get_if_there(at("/.well-known/csaf/provider-metadata.json"), LARGEST_LIST)
            .await?
        {
            return Ok(body);
        }
        for path in ["/.well-known/security.txt", "/security.txt"] {
            let Some(body) = self.get_if_there(at(path), LARGEST_CHECKSUM).await? else {
                continue;
            };
            if let Some(named) =
                listing::in_security_txt(&body.bytes).and_then(|named| url.join(&named).ok())
            {
                return self.get(named, LARGEST_LIST).await;
            }
        }
        Err(SourceError::Unready(format!(
            "{} says nowhere where its CSAF advisories are; give the address of its provider-metadata.json",
            url.host_str().unwrap_or("the domain")
        )))
    }

    /// What changed in a feed or folder after `begin`, oldest first.
    async fn changes(
        &self,
        place: &Place,
        begin: Timestamp,
        note: &mut Note,
        problems: &mut Vec<Problem>,
    ) -> Result<Vec<Listed>, SourceError> {
        let mut listed = match place {
            Place::Feed(url) => {
                let body = self.get(url.clone(), LARGEST_LIST).await?;
                listing::of_feed(&answer::json(&body.bytes, "the feed")?, problems)?
            }
            Place::Folder(url) => {
                let at = |name: &str| url.join(name).map(String::from).unwrap_or_default();
                if let Some(body) = self.get_if_there(at("changes.csv"), LARGEST_LIST).await? {
                    listing::of_changes(&body.bytes, url, problems)?
                } else {
                    let body = self.get(at("index.txt"), LARGEST_LIST).await?;
                    let files = listing::of_index(&body.bytes, url, problems)?;
                    return Ok(unseen(files, note, problems));
                }
            }
        };
        listed.retain(|file| file.at > Some(begin));
        listed.sort_by(|a, b| (a.at, &a.url).cmp(&(b.at, &b.url)));
        Ok(listed)
    }

    async fn look(&self, note: &mut Note, problems: &mut Vec<Problem>) -> Result<(), SourceError> {
        let metadata = self.metadata().await?;
        let mut places = listing::places(
            &answer::json(&metadata.bytes, "the provider")?,
            &metadata.url,
            problems,
        )?;
        places.truncate(MOST_PLACES);
        let now = self.tools.clock.now();
        let days = u32::from(self.config.first_days);
        note.first = note.since.is_empty();
        if note.first {
            let text = format!("only the changes of the last {days} days are read");
            problems.push(Problem::new("first reading", text));
        }
        let first = earlier(now, Duration::from_secs(86_400) * days);
        let mut names: Vec<String> = Vec::new();
        for place in &places {
            let begin = note.since.get(place.address()).copied().unwrap_or(first);
            let listed = self.changes(place, begin, note, problems).await?;
            // What does not fit into the backlog is found again by the next look.
            let room = crate::backlog::MOST_NAMES.saturating_sub(names.len());
            let newest = listed.iter().take(room).filter_map(|file| file.at).max();
            names.extend(listed.iter().take(room).map(Listed::name));
            note.since.insert(
                place.address().to_owned(),
                newest.unwrap_or(begin).max(begin),
            );
        }
        names.dedup();
        note.backlog.begin(names);
        Ok(())
    }

    /// Whether an advisory's checksum is right; what hinders from telling is a
    /// problem and no more than that.
    async fn is_sound(
        &self,
        url: &str,
        checksum: &str,
        bytes: &[u8],
        problems: &mut Vec<Problem>,
    ) -> bool {
        let body = match self.get(checksum, LARGEST_CHECKSUM).await {
            Ok(body) => body,
            Err(error) => {
                problems.push(Problem::new(
                    url,
                    format!("its checksum cannot be had: {error}"),
                ));
                return true;
            }
        };
        let text = String::from_utf8_lossy(&body.bytes);
        let wanted = text
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let right = match wanted.len() {
            64 => wanted == hex(&Sha256::digest(bytes)),
            128 => wanted == hex(&Sha512::digest(bytes)),
            _ => {
                problems.push(Problem::new(url, "its checksum is none"));
                return true;
            }
        };
        if !right {
            problems.push(Problem::new(url, "its checksum is wrong: it is not taken"));
        }
        right
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Files that were not listed before, for a folder that does not tell times.
fn unseen(files: Vec<Listed>, note: &mut Note, problems: &mut Vec<Problem>) -> Vec<Listed> {
    let known = |file: &Listed| {
        hex(hash::short(&[file.url.as_bytes()])
            .get(..4)
            .unwrap_or_default())
    };
    let mut new: Vec<Listed> = files
        .into_iter()
        .filter(|file| !note.undated.contains(&known(file)))
        .collect();
    let room = MOST_UNDATED.saturating_sub(note.undated.len());
    if new.len() > room {
        problems.push(Problem::new(
            "index.txt",
            format!(
                "{} files are too many to remember",
                note.undated.len() + new.len()
            ),
        ));
        new.truncate(room);
    }
    note.undated.extend(new.iter().map(known));
    new
}

#[async_trait]
impl Source for Csaf {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let mut note: Note = since.note();
        let mut problems = Vec::new();
        if note.backlog.is_empty() {
            self.look(&mut note, &mut problems).await?;
        }
        let now = self.tools.clock.now();
        let mut read = Vec::new();
        let request = |name: &str| {
            Request::get(Listed::parts(name).0)
                .max_body(LARGEST_ADVISORY)
                .pace(PACE)
        };
        let take = |name: &str, body: Body, problems: &mut Vec<Problem>| {
            let (url, checksum) = Listed::parts(name);
            match parse(&body.bytes, &self.id, url, now) {
                Ok(advisory) => {
                    read.push((
                        url.to_owned(),
                        checksum.map(str::to_owned),
                        body.bytes,
                        advisory,
                    ));
                    true
                }
                Err(error) => {
                    problems.push(Problem::new(url, error.to_string()));
                    false
                }
            }
        };
        note.backlog
            .fetch(&self.tools.door, &mut problems, request, take)
            .await?;
        let mut polled = Polled::default();
        for (url, checksum, bytes, advisory) in read {
            let checksum = checksum.filter(|_| self.config.verify);
            let sound = match checksum {
                Some(checksum) => self.is_sound(&url, &checksum, &bytes, &mut problems).await,
                None => true,
            };
            if sound {
                problems.extend(advisory.problems);
                polled.statements.extend(advisory.statements);
                polled.items.push(advisory.item);
            }
        }
        polled.problems = problems;
        polled.first_load = note.first;
        polled.progress = note.backlog.progress();
        polled.more = !note.backlog.is_empty();
        polled.checkpoint = true;
        polled.cursor = Cursor::of(&note);
        Ok(polled)
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        match parse(&document.bytes, &self.id, &document.url, at) {
            Ok(advisory) => Ok(Reread {
                items: vec![advisory.item],
                statements: advisory.statements,
                problems: advisory.problems,
                ..Reread::default()
            }),
            // Lists and checksums only say what to read, and whether it is sound.
            Err(_) if listing::is_list(document) => Ok(Reread::default()),
            Err(error) => Err(error),
        }
    }
}
