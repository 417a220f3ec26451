//! GitHub's advisory database, by its REST interface.
//! <https://docs.github.com/rest/security-advisories/global-advisories>
//!
//! Asked for what was modified since, oldest first, page by page; pages hang
//! together by an opaque cursor in the `Link` header. Without a type it gives
//! reviewed advisories alone and never malware, so each type is asked for by
//! itself. Unreviewed ones are NVD's records again and are not offered here. Its
//! EPSS figures are second-hand and undated, so they are left to `epss`.
//!
//! An advisory with a CVE is what GitHub says of that CVE; one without, as all
//! malware, is an item of its own.

mod advisory;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use model::clock::earlier;
use model::{Cursor, Document, Secret, SourceId, Timestamp};
use net::{Body, Fetched, NetError, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{Polled, Problem, Reread, Source, SourceError, Tools, answer, credential};
pub use advisory::{Advisory, Read, parse};

/// GitHub's own maximum.
const PER_PAGE: &str = "100";
/// A hundred advisories have one to two megabytes.
const LARGEST_PAGE: u64 = 32 * 1024 * 1024;
/// GitHub counts by the hour; a refusal that does not say how long is of that hour.
const WAIT_AFTER_LIMIT: Duration = Duration::from_secs(15 * 60);
/// All advisories there are fill some 300 pages.
const MOST_PAGES: u32 = 5_000;

/// GitHub's advisory database: open-source packages, with the versions affected.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address of the interface, or of a GitHub Enterprise server's.
    pub url: String,
    /// A token (no permissions needed): 5,000 requests an hour instead of 60.
    pub token: Option<Secret<String>>,
    /// A file that holds the token, read anew at each poll.
    pub token_file: Option<PathBuf>,
    /// Which advisories: `reviewed`, `malware` (malicious packages, hundreds a day).
    pub types: Vec<Kind>,
    /// How many days of changes the first reading takes. Older advisories come by
    /// `prahari import ghsa`.
    pub first_days: u16,
}

/// Which advisories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Flaws, looked at by GitHub.
    Reviewed,
    /// Malicious packages.
    Malware,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Reviewed => "reviewed",
            Self::Malware => "malware",
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "https://api.github.com/advisories".to_owned(),
            token: None,
            token_file: None,
            types: vec![Kind::Reviewed],
            first_days: 14,
        }
    }
}

/// GitHub's advisories as a source.
pub struct Ghsa {
    id: SourceId,
    config: Config,
    tools: Tools,
}

/// What is remembered between two polls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Note {
    /// Of each type, the newest modification read.
    since: BTreeMap<String, Timestamp>,
    /// Which type is being read.
    turn: usize,
    /// Since when the type is being read; stays while pages are turned.
    from: Option<Timestamp>,
    /// The next page.
    after: Option<String>,
    pages: u32,
    /// The newest modification on the pages so far.
    newest: Option<Timestamp>,
}

impl Ghsa {
    /// GitHub's advisories under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            tools: tools.clone(),
        }
    }

    async fn page(
        &self,
        kind: Kind,
        from: Timestamp,
        after: Option<&str>,
    ) -> Result<Body, SourceError> {
        let token = credential::read(
            "token",
            self.config.token.as_ref(),
            self.config.token_file.as_deref(),
        )
        .await?;
        let mut url = Url::parse(&self.config.url)
            .map_err(|error| SourceError::Unready(format!("`url` is no address: {error}")))?;
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("type", kind.word());
            query.append_pair(
                "modified",
                &format!(">={}", from.strftime("%Y-%m-%dT%H:%M:%SZ")),
            );
            query
                .append_pair("sort", "updated")
                .append_pair("direction", "asc")
                .append_pair("per_page", PER_PAGE);
            if let Some(after) = after {
                query.append_pair("after", after);
            }
        }
        let mut request = Request::get(url)
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28")
            .max_body(LARGEST_PAGE);
        if let Some(token) = &token {
            request = request.header("authorization", format!("Bearer {}", token.reveal()));
        }
        match self.tools.door.fetch(request).await {
            Ok(Fetched::Body(body)) => Ok(body),
            Ok(Fetched::Unchanged) => Err(SourceError::Nonsense(
                "GitHub answered 304 to a request without a condition".to_owned(),
            )),
            Err(error) => Err(refused(error, token.is_some())),
        }
    }
}

/// GitHub's 401 is for a wrong token, its 403 for haste too.
fn refused(error: NetError, has_token: bool) -> SourceError {
    match error {
        NetError::Refused {
            host,
            status: 403,
            body,
        } if body.to_ascii_lowercase().contains("rate limit") => NetError::Wait {
            host,
            after: WAIT_AFTER_LIMIT,
        }
        .into(),
        NetError::Refused {
            status: 401, body, ..
        } if has_token => SourceError::Unready(answer::because(
            "GitHub refuses the token; make a new one",
            answer::reason(&body, &["/message"]).as_deref(),
        )),
        other => other.into(),
    }
}

#[async_trait]
impl Source for Ghsa {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let mut note: Note = since.note();
        let now = self.tools.clock.now();
        let Some(kind) = self
            .config
            .types
            .get(note.turn)
            .or(self.config.types.first())
            .copied()
        else {
            return Err(SourceError::Unready(
                "`types` is empty; name `reviewed`, `malware` or both".to_owned(),
            ));
        };
        let known = note.since.get(kind.word()).copied();
        let mut problems = Vec::new();
        let from = note.from.or(known).unwrap_or_else(|| {
            let days = u32::from(self.config.first_days);
            problems.push(Problem::new(
                "first reading",
                format!("only what changed in the last {days} days is read; `prahari import ghsa` brings what was before"),
            ));
            earlier(now, Duration::from_secs(86_400) * days)
        });
        let body = match self.page(kind, from, note.after.as_deref()).await {
            // A cursor of theirs does not hold for ever: turn the pages again.
            Err(SourceError::Unreached(NetError::Rejected { .. })) if note.after.is_some() => {
                note.after = None;
                note.pages = 0;
                self.page(kind, from, None).await?
            }
            other => other?,
        };
        let read = parse(&body.bytes, &self.id, kind == Kind::Malware, now)?;
        problems.extend(read.problems);
        note.newest = read.newest.max(note.newest);
        note.pages += 1;
        let next = body
            .header("link")
            .and_then(next_page)
            .filter(|next| note.after.as_ref() != Some(next));
        let first_load = known.is_none();
        if next.is_some() && note.pages < MOST_PAGES {
            note.from = Some(from);
            note.after = next;
        } else {
            // From there on inclusively: several may be of one second.
            note.since
                .insert(kind.word().to_owned(), note.newest.unwrap_or(from).min(now));
            note = Note {
                turn: (note.turn + 1) % self.config.types.len(),
                since: note.since,
                ..Note::default()
            };
        }
        let mut polled = Polled {
            problems,
            more: note.after.is_some() || note.turn != 0,
            checkpoint: true,
            first_load,
            cursor: Cursor::of(&note),
            ..Polled::default()
        };
        for advisory in read.advisories {
            match advisory {
                Advisory::OfCve(statement) => polled.statements.push(*statement),
                Advisory::Alone(item) => polled.items.push(*item),
            }
        }
        Ok(polled)
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        let malware = document.url.contains("type=malware");
        let read = parse(&document.bytes, &self.id, malware, at)?;
        let mut reread = Reread {
            problems: read.problems,
            ..Reread::default()
        };
        for advisory in read.advisories {
            match advisory {
                Advisory::OfCve(statement) => reread.statements.push(*statement),
                Advisory::Alone(item) => reread.items.push(*item),
            }
        }
        Ok(reread)
    }
}

/// The cursor in `<https://…?after=Y3Vy&…>; rel="next", <…>; rel="prev"`. Only it is
/// taken from the link: where to ask is for the config to say.
fn next_page(link: &str) -> Option<String> {
    const LONGEST: usize = 1_000;
    link.split(',').find_map(|part| {
        let (address, relation) = part.split_once(';')?;
        if !relation.contains("rel=\"next\"") {
            return None;
        }
        let address = address.trim().strip_prefix('<')?.strip_suffix('>')?;
        let (_, query) = address.split_once('?')?;
        let (_, after) =
            url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "after")?;
        (!after.is_empty() && after.len() <= LONGEST).then(|| after.into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_that_of_the_link() {
        for (link, wanted) in [
            (
                "<https://api.example/advisories?per_page=100&after=Y3Vyc29yOnYyOpK5>; rel=\"next\", <https://api.example/?before=x>; rel=\"prev\"",
                Some("Y3Vyc29yOnYyOpK5"),
            ),
            ("<https://api.example/?before=x>; rel=\"prev\"", None),
            ("<https://api.example/?after=>; rel=\"next\"", None),
            ("nonsense", None),
            ("", None),
        ] {
            assert_eq!(next_page(link).as_deref(), wanted, "{link}");
        }
    }
}
