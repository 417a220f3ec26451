//! The CVE list: every CVE record, by those who number them, as it is published.
//! <https://github.com/CVEProject/cvelistV5>
//!
//! The repository keeps a log of its changes, `deltaLog.json`: the last thirty
//! days, newest first, 4 MB; and the last of them alone as `delta.json`, which
//! is asked first because mostly nothing is new. Records are then fetched one by
//! one. What surprised us: a CVE stands in the log once for each change, so that
//! a day of 1,500 changes is 400 records. The 300,000 records before the log are
//! for the import from the repository's archive, not for this.

mod record;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use model::clock::earlier;
use model::{Cursor, CveId, Document, SourceId, Timestamp};
use net::{Fetched, Request, Validators};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::backlog::Backlog;
use crate::{Parsed, Polled, Problem, Reread, Source, SourceError, Tools, answer};
pub use record::parse;

/// The log of thirty days has 4 MB; a busy month has been twice that.
const LARGEST_LOG: u64 = 32 * 1024 * 1024;
/// Records of kernel flaws have half a megabyte.
const LARGEST_RECORD: u64 = 8 * 1024 * 1024;
/// The host serves files from a cache and names no limit; four a second is no burden.
const PACE: Duration = Duration::from_millis(250);

/// The CVE list: every CVE record with CISA's additions, minutes after it is
/// published.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The folder `cves` of the CVE list's repository, or of a mirror of it.
    pub url: String,
    /// How many days of changes the first reading takes, up to the 30 that the
    /// list remembers. Older records come by `prahari import cve-list`.
    pub first_days: u16,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "https://raw.githubusercontent.com/CVEProject/cvelistV5/main/cves".to_owned(),
            first_days: 2,
        }
    }
}

/// The CVE list as a source.
pub struct CveList {
    id: SourceId,
    config: Config,
    tools: Tools,
}

/// What is remembered between two polls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Note {
    /// The newest delta whose records were read, or are in the backlog.
    seen: Option<Timestamp>,
    validators: Validators,
    /// Whether the backlog is that of the first reading.
    first: bool,
    backlog: Backlog,
}

impl CveList {
    /// The CVE list under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            tools: tools.clone(),
        }
    }

    fn address(&self, file: &str) -> String {
        format!("{}/{file}", self.config.url.trim_end_matches('/'))
    }

    /// A log of changes; `None` if it is as it was.
    async fn log(
        &self,
        file: &str,
        validators: Validators,
    ) -> Result<Option<(Log, Validators)>, SourceError> {
        let request = Request::get(self.address(file))
            .max_body(LARGEST_LOG)
            .unless(validators);
        match self.tools.door.fetch(request).await? {
            Fetched::Unchanged => Ok(None),
            Fetched::Body(body) => {
                let log = Log::read(&answer::json(&body.bytes, "the CVE list")?)?;
                Ok(Some((log, body.validators)))
            }
        }
    }

    /// Looks for changes, and puts the records that changed into the backlog.
    async fn look(&self, note: &mut Note, problems: &mut Vec<Problem>) -> Result<(), SourceError> {
        let Some((last, validators)) = self.log("delta.json", note.validators.clone()).await?
        else {
            return Ok(());
        };
        if note.seen.is_some() && last.newest() <= note.seen {
            note.validators = validators;
            return Ok(());
        }
        // Several deltas may have been written since; only the log has them all.
        let Some((mut log, _)) = self.log("deltaLog.json", Validators::default()).await? else {
            return Err(SourceError::Nonsense(
                "the CVE list answered 304 to a request without a condition".to_owned(),
            ));
        };
        let begin = match note.seen {
            Some(seen) => {
                if log.oldest().is_some_and(|oldest| oldest > seen) {
                    problems.push(Problem::new(
                        "deltaLog.json",
                        format!("changes between {seen} and the log's beginning are lost; `prahari import cve-list` brings them"),
                    ));
                }
                seen
            }
            None => {
                let days = self.config.first_days.min(30);
                problems.push(Problem::new(
                    "first reading",
                    format!("only the changes of the last {days} days are read; `prahari import cve-list` brings the records before"),
                ));
                let begin = earlier(
                    self.tools.clock.now(),
                    Duration::from_secs(86_400) * u32::from(days),
                );
                note.first = true;
                begin
            }
        };
        // A cache may give a log that is older than the last delta.
        log.deltas.extend(last.deltas);
        problems.append(&mut log.problems);
        note.seen = log.newest().max(note.seen);
        note.backlog.begin(log.changed_after(begin));
        note.validators = validators;
        Ok(())
    }
}

#[async_trait]
impl Source for CveList {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let mut note: Note = since.note();
        let mut problems = Vec::new();
        if note.backlog.is_empty() {
            note.first = false;
            self.look(&mut note, &mut problems).await?;
        }
        let mut statements = Vec::new();
        let request = |name: &str| {
            let path = CveId::new(name)
                .ok()
                .and_then(|cve| path_of(&cve))
                .unwrap_or_default();
            Request::get(self.address(&path))
                .max_body(LARGEST_RECORD)
                .pace(PACE)
        };
        let read = |name: &str, body: net::Body, problems: &mut Vec<Problem>| {
            let Parsed {
                mut entries,
                problems: found,
            } = parse(&body.bytes, &self.id);
            // What is said under another name than the one asked for is an accident.
            entries.retain(|statement| statement.cve.as_str() == name);
            problems.extend(found);
            let is_record = !entries.is_empty();
            if !is_record {
                problems.push(Problem::new(name, "its file holds no record of it"));
            }
            statements.append(&mut entries);
            is_record
        };
        note.backlog
            .fetch(&self.tools.door, &mut problems, request, read)
            .await?;
        let more = !note.backlog.is_empty();
        Ok(Polled {
            statements,
            problems,
            first_load: note.first,
            progress: note.backlog.progress(),
            more,
            checkpoint: true,
            cursor: Cursor::of(&note),
            ..Polled::default()
        })
    }

    fn reread(&self, document: &Document, _: Timestamp) -> Result<Reread, SourceError> {
        // The logs only say what to read.
        if document.url.ends_with("/delta.json") || document.url.ends_with("/deltaLog.json") {
            return Ok(Reread::default());
        }
        Ok(Reread::said(parse(&document.bytes, &self.id)))
    }
}

/// Where a record stands in the list: `2026/1xxx/CVE-2026-1234.json`. The links in
/// the log are not followed: they lead away from a mirror.
fn path_of(cve: &CveId) -> Option<String> {
    let (year, number) = cve.as_str().strip_prefix("CVE-")?.split_once('-')?;
    let thousand = number.get(..number.len().checked_sub(3)?)?;
    Some(format!("{year}/{thousand}xxx/{cve}.json"))
}

/// Deltas, each a moment and the records that changed in it.
#[derive(Default)]
struct Log {
    deltas: Vec<(Timestamp, Vec<CveId>)>,
    problems: Vec<Problem>,
}

impl Log {
    /// Reads `deltaLog.json` or `delta.json`: a list of deltas, or one.
    fn read(document: &Value) -> Result<Self, SourceError> {
        let mut log = Self::default();
        let one = std::slice::from_ref(document);
        let deltas = document.as_array().map_or(one, Vec::as_slice);
        for (index, delta) in deltas.iter().enumerate() {
            let Some(at) = answer::time(delta, "/fetchTime") else {
                log.problems
                    .push(Problem::new(format!("delta {}", index + 1), "has no time"));
                continue;
            };
            let mut changed = Vec::new();
            for entry in ["new", "updated"]
                .iter()
                .filter_map(|list| delta.get(list)?.as_array())
                .flatten()
            {
                match answer::text(entry, "/cveId").map(CveId::new) {
                    Some(Ok(cve)) => changed.push(cve),
                    _ => log.problems.push(Problem::new(
                        format!("delta of {at}"),
                        "an entry names no CVE",
                    )),
                }
            }
            log.deltas.push((at, changed));
        }
        if log.deltas.is_empty() {
            return Err(SourceError::Nonsense(
                "this is no log of changes of the CVE list".to_owned(),
            ));
        }
        Ok(log)
    }

    fn newest(&self) -> Option<Timestamp> {
        self.deltas.iter().map(|(at, _)| *at).max()
    }

    fn oldest(&self) -> Option<Timestamp> {
        self.deltas.iter().map(|(at, _)| *at).min()
    }

    /// The records that changed after `begin`, each once, by the time of its last
    /// change.
    fn changed_after(&self, begin: Timestamp) -> Vec<String> {
        let mut last: BTreeMap<&CveId, Timestamp> = BTreeMap::new();
        for (at, changed) in self.deltas.iter().filter(|(at, _)| *at > begin) {
            for cve in changed {
                let known = last.entry(cve).or_insert(*at);
                *known = (*known).max(*at);
            }
        }
        let mut ordered: Vec<(Timestamp, &CveId)> =
            last.into_iter().map(|(cve, at)| (at, cve)).collect();
        ordered.sort();
        ordered
            .into_iter()
            .map(|(_, cve)| cve.to_string())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_stands_in_the_folder_of_its_thousand() {
        for (cve, wanted) in [
            ("CVE-2026-1234", "2026/1xxx/CVE-2026-1234.json"),
            ("CVE-1999-0001", "1999/0xxx/CVE-1999-0001.json"),
            ("CVE-2025-123456", "2025/123xxx/CVE-2025-123456.json"),
        ] {
            assert_eq!(path_of(&CveId::new(cve).unwrap()).as_deref(), Some(wanted));
        }
    }
}
