//! The National Vulnerability Database's CVE API 2.0.
//! <https://nvd.nist.gov/developers/vulnerabilities>
//!
//! A first load pages through everything without dates; afterwards windows of
//! changes are read, from the high-water mark less an overlap up to now, and the
//! mark moves only when a window was read whole. What surprised us: the firewall
//! in front answers 403 to anyone who asks too fast; NVD itself refuses with 404,
//! an empty body and the reason in a header; and a window's total changes while
//! it is read, because a record that is changed again leaves the window and all
//! behind it move up.

mod cpe;
mod cursor;
mod parse;
mod record;
mod shape;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use model::{Cursor, Document, Secret, SourceId, Timestamp};
use net::{Fetched, NetError, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use url::Url;

use crate::{Polled, Problem, Reread, Source, SourceError, Tools, credential};
use cursor::{Note, Step};
pub use parse::{Page, parse};

/// NVD allows 5 requests in 30 s without a key and asks for 6 s between two.
const PACE_WITHOUT_KEY: Duration = Duration::from_secs(6);
/// With a key it is 50 in 30 s.
const PACE_WITH_KEY: Duration = Duration::from_millis(600);
/// The firewall counts over 30 s; after that a 403 for haste is over.
const WAIT_AFTER_403: Duration = Duration::from_secs(30);
/// A page of 2,000 records has about 12 MB, one of kernel flaws several times that.
const LARGEST_PAGE_BYTES: u64 = 128 * 1024 * 1024;
/// NVD takes up to a minute for a page; twice that is not slowness any more.
const PATIENCE: Duration = Duration::from_secs(120);
/// NVD's own maximum, and its default.
const LARGEST_PAGE: u16 = 2000;

/// This product uses data from the NVD API but is not endorsed or certified by
/// the NVD.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address of the API, or of a mirror of it.
    pub url: String,
    /// An API key (free, from nvd.nist.gov): ten times as fast. Also taken from
    /// the environment as `NVD_API_KEY`.
    pub api_key: Option<Secret<String>>,
    /// A file that holds the API key, read anew at each poll.
    pub api_key_file: Option<PathBuf>,
    /// Records asked for at once, 1 to 2000.
    #[serde(deserialize_with = "page_size")]
    #[schemars(range(min = 1, max = 2000))]
    pub results_per_page: u16,
    /// How many minutes before the last one each window of changes begins:
    /// records appear in the API later than their time of change says.
    pub overlap_minutes: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "https://services.nvd.nist.gov/rest/json/cves/2.0".to_owned(),
            api_key: None,
            api_key_file: None,
            results_per_page: LARGEST_PAGE,
            overlap_minutes: 120,
        }
    }
}

fn page_size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let size = u16::deserialize(deserializer)?;
    if (1..=LARGEST_PAGE).contains(&size) {
        Ok(size)
    } else {
        Err(serde::de::Error::custom(
            "results_per_page must be from 1 to 2000",
        ))
    }
}

/// NVD as a source.
pub struct Nvd {
    id: SourceId,
    config: Config,
    tools: Tools,
    /// Tells this run from others: a cursor inside a window counts only here.
    run: String,
}

impl Nvd {
    /// NVD under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        static OPENED: AtomicU64 = AtomicU64::new(0);
        let nth = OPENED.fetch_add(1, Ordering::Relaxed);
        let run = format!("{}/{nth}", tools.clock.now());
        Self {
            id,
            config,
            tools: tools.clone(),
            run,
        }
    }

    /// The page that `step` asks for.
    async fn page(
        &self,
        step: &Step,
    ) -> Result<(Page, crate::Parsed<model::Statement>), SourceError> {
        let Config {
            api_key,
            api_key_file,
            ..
        } = &self.config;
        let key = credential::read("api_key", api_key.as_ref(), api_key_file.as_deref()).await?;
        let mut request = Request::get(self.address(step)?)
            .max_body(LARGEST_PAGE_BYTES)
            .timeout(PATIENCE)
            .pace(if key.is_some() {
                PACE_WITH_KEY
            } else {
                PACE_WITHOUT_KEY
            });
        if let Some(key) = &key {
            request = request.header("apiKey", key.reveal().as_str());
        }
        let body = match self.tools.door.fetch(request).await {
            Ok(Fetched::Body(body)) => body,
            Ok(Fetched::Unchanged) => {
                return Err(SourceError::Nonsense(
                    "NVD answered 304 to a request without a condition".to_owned(),
                ));
            }
            Err(error) => return Err(refused(error, key.is_some()).into()),
        };
        let (page, parsed) = parse(&body.bytes, &self.id);
        check(&page, step)?;
        Ok((page, parsed))
    }

    fn address(&self, step: &Step) -> Result<String, SourceError> {
        let mut url = Url::parse(&self.config.url).map_err(|error| {
            SourceError::Nonsense(format!("the address of NVD cannot be read: {error}"))
        })?;
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("resultsPerPage", &self.config.results_per_page.to_string());
            query.append_pair("startIndex", &step.start_index.to_string());
            if let Some((from, to)) = step.changed {
                query.append_pair("lastModStartDate", &extended(from));
                query.append_pair("lastModEndDate", &extended(to));
            }
        }
        Ok(url.into())
    }
}

#[async_trait]
impl Source for Nvd {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let mut note: Note = since.note();
        let now = self.tools.clock.now();
        let overlap = Duration::from_secs(u64::from(self.config.overlap_minutes) * 60);
        let Some(step) = note.step(now, overlap, &self.run) else {
            return Ok(Polled {
                cursor: since.clone(),
                checkpoint: true,
                ..Polled::default()
            });
        };
        let (page, parsed) = self.page(&step).await?;
        let outcome = note.advance(&step, page.records, page.total_results.unwrap_or(0));
        let mut problems = parsed.problems;
        if let Some(told) = outcome.problem {
            problems.push(Problem::new("window", told));
        }
        Ok(Polled {
            statements: parsed.entries,
            problems,
            cursor: Cursor::of(&note),
            checkpoint: outcome.checkpoint,
            more: outcome.more,
            progress: outcome.progress,
            first_load: step.changed.is_none(),
            ..Polled::default()
        })
    }

    fn reread(&self, document: &Document, _: Timestamp) -> Result<Reread, SourceError> {
        let (page, parsed) = parse(&document.bytes, &self.id);
        if let Some(broken) = page.broken {
            return Err(SourceError::Nonsense(format!(
                "this is not a page of records: {broken}"
            )));
        }
        Ok(Reread::said(parsed))
    }
}

/// Whether the page is the one that was asked for.
fn check(page: &Page, step: &Step) -> Result<(), SourceError> {
    let nonsense = |text: String| Err(SourceError::Nonsense(text));
    if let Some(broken) = &page.broken {
        return nonsense(format!("NVD's answer is not a page of records: {broken}"));
    }
    let Some(total) = page.total_results else {
        return nonsense("NVD's answer has no totalResults".to_owned());
    };
    if page
        .start_index
        .is_some_and(|start| start != step.start_index)
    {
        return nonsense(format!(
            "NVD gave another page than record {} on",
            step.start_index
        ));
    }
    if page.records == 0 && step.start_index < total {
        return nonsense(format!(
            "NVD gave an empty page at record {} of {total}",
            step.start_index
        ));
    }
    Ok(())
}

/// A 403 is the firewall's answer to haste, and to a wrong key.
fn refused(error: NetError, has_key: bool) -> NetError {
    match error {
        NetError::Refused {
            host, status: 403, ..
        } if !has_key => NetError::Wait {
            host,
            after: WAIT_AFTER_403,
        },
        NetError::Refused {
            host,
            status: 403,
            body,
        } => NetError::Refused {
            host,
            status: 403,
            body: format!("the API key may be wrong, or it is used too fast elsewhere. {body}"),
        },
        other => other,
    }
}

/// A time as NVD writes and reads it, here with the zone said.
fn extended(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
