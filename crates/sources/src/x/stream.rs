//! X's filtered stream: posts that match a rule, as they are written.
//! <https://docs.x.com/x-api/posts/filtered-stream/introduction>
//!
//! The rules belong to the app, not to the connection: what another run left
//! there goes on costing money, so those that carry our mark are made equal to
//! the config before each connection, and others are left alone. What surprised
//! us: posts that other rules asked for come, and are charged, too; the stream
//! cannot be asked for the past on this plan, so the search fills the gap, a while
//! later, because it does not know posts younger than 30 seconds; and the reason
//! of a disconnection comes as a line of its own, under status 200.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::{Clock, Cursor, Item, Secret, SourceId};
use net::{Bounds, Lines, NetError, Request};
use serde_json::{Value, json};

use super::parse::{Line, line};
use super::{
    Budget, FIELDS, LARGEST_ANSWER, Note, PACE, SMALLEST_PAGE, X, budget::Spent, fault, refused,
};
use crate::streaming::{Batch, next_unless_quiet};
use crate::{Connection, Polled, Polls, Problem, SourceError, Streaming, answer, credential};

/// X sends a blank line every 20 seconds; some are left for the way.
const BOUNDS: Bounds = Bounds {
    idle: Duration::from_secs(25),
    // A long post with all its entities has under 200 kB.
    longest: 1024 * 1024,
};
/// The search knows a post 30 seconds after it was written.
const SEARCH_KNOWS_AFTER: Duration = Duration::from_secs(40);
/// What our rules are marked with, before the name of the source.
const MARK: &str = "prahari/";
/// X allows 1,000 rules; more are not looked at.
const MOST_RULES: usize = 2_000;

#[async_trait]
impl Streaming for X {
    async fn connect(&self, since: &Cursor) -> Result<Box<dyn Connection>, SourceError> {
        let config = &self.config;
        if let Some(fault) = fault(&config.query) {
            return Err(SourceError::Unready(fault));
        }
        let clock = Arc::clone(&self.tools.clock);
        let now = clock.now();
        let mut note: Note = since.note();
        note.spent.enter(now);
        let budget = Budget::new(
            config.monthly_budget_usd,
            config.price_per_post_usd,
            config.price_per_author_usd,
        );
        if budget.affords(&note.spent) < SMALLEST_PAGE {
            return Err(budget.exhausted(now));
        }
        let token = credential::required(
            "bearer_token",
            config.bearer_token.as_ref(),
            config.bearer_token_file.as_deref(),
        )
        .await?;
        let mark = format!("{MARK}{}", self.id);
        self.set_rules(&mark, &token).await?;
        let mut url = answer::address(&config.url, "/tweets/search/stream")?;
        url.query_pairs_mut().extend_pairs(FIELDS);
        let request = authorised(Request::get(url), &token);
        let lines = self.tools.door.lines(request, BOUNDS).await;
        Ok(Box::new(Open {
            id: self.id.clone(),
            lines: lines.map_err(refused)?,
            budget,
            mark,
            readings_before: note.readings,
            posts: 0,
            authors: 0,
            newest_id: None,
            batch: Batch::new(clock.now()),
            clock,
        }))
    }

    fn polls(&self) -> Polls {
        Polls::AfterConnecting(SEARCH_KNOWS_AFTER)
    }
}

impl X {
    /// Makes our rules at X what the config says.
    async fn set_rules(&self, mark: &str, token: &Secret<String>) -> Result<(), SourceError> {
        let url = answer::address(&self.config.url, "/tweets/search/stream/rules")?;
        let request = authorised(Request::get(url.clone()), token);
        let body = self.tools.door.send(request).await.map_err(refused)?;
        let known = answer::json(&body.bytes, "X")?;
        let (mut is_there, mut old) = (false, Vec::new());
        for rule in known
            .get("data")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .take(MOST_RULES)
        {
            let (tag, value) = (answer::text(rule, "/tag"), answer::text(rule, "/value"));
            if tag == Some(mark) && value == Some(self.config.query.trim()) && !is_there {
                is_there = true;
            } else if tag.is_some_and(|tag| tag.starts_with(MARK)) {
                // Of this source as it was, or of one that is gone: there is one
                // stream for all, so no other source is reading it now.
                old.extend(answer::text(rule, "/id"));
            }
        }
        if !old.is_empty() {
            let change = json!({"delete": {"ids": old}});
            self.change_rules(&url, &change, token).await?;
        }
        if !is_there {
            let change = json!({"add": [{"value": self.config.query.trim(), "tag": mark}]});
            self.change_rules(&url, &change, token).await?;
        }
        Ok(())
    }

    /// A change of the rules. X says 200 or 201 and what failed all the same.
    async fn change_rules(
        &self,
        url: &url::Url,
        change: &Value,
        token: &Secret<String>,
    ) -> Result<(), SourceError> {
        let request = authorised(Request::post_json(url.clone(), change), token);
        let body = self.tools.door.send(request).await.map_err(refused)?;
        let said = answer::json(&body.bytes, "X")?;
        let failed = ["/meta/summary/not_created", "/meta/summary/not_deleted"]
            .iter()
            .any(|pointer| said.pointer(pointer).and_then(Value::as_u64) > Some(0));
        let why = ["/errors/0/details/0", "/errors/0/detail", "/errors/0/title"]
            .iter()
            .find_map(|pointer| answer::text(&said, pointer))
            .map(answer::one_line);
        if !failed && why.is_none() {
            return Ok(());
        }
        Err(SourceError::Unready(answer::because(
            "X does not accept the search as a rule of the stream",
            why.as_deref(),
        )))
    }
}

fn authorised(request: Request, token: &Secret<String>) -> Request {
    request
        .header("authorization", format!("Bearer {}", token.reveal()))
        .max_body(LARGEST_ANSWER)
        .pace(PACE)
}

/// The stream while it is open.
struct Open {
    id: SourceId,
    lines: Lines,
    budget: Budget,
    /// Our rule's.
    mark: String,
    /// The count when it was opened: another one means that the gap was filled.
    readings_before: u64,
    /// What came since the last batch, ours or not: X charges for all.
    posts: u64,
    authors: u64,
    newest_id: Option<u64>,
    batch: Batch,
    clock: Arc<dyn Clock>,
}

impl Open {
    /// What the month has cost with what was not handed on yet.
    fn spent(&self, note: &Note) -> Spent {
        let mut spent = note.spent.clone();
        spent.enter(self.clock.now());
        spent.add(self.posts, self.authors);
        spent
    }

    fn take_in(&mut self, text: &str) {
        // A blank line is a sign of life.
        if text.trim().is_empty() {
            return;
        }
        match line(text.as_bytes()) {
            Ok(Line::Post { page, tags }) => {
                self.posts += page.posts;
                self.authors += page.authors;
                if tags.is_empty() || tags.contains(&self.mark) {
                    self.newest_id = self.newest_id.max(page.newest_id);
                    self.batch.drafts.extend(page.parsed.entries);
                    self.batch.problems.extend(page.parsed.problems);
                }
            }
            Ok(Line::End(why)) => self.batch.end(ended(why)),
            Err(error) => self
                .batch
                .problems
                .push(Problem::new("stream", error.to_string())),
        }
    }
}

#[async_trait]
impl Connection for Open {
    async fn next(&mut self, since: &Cursor) -> Result<Polled, SourceError> {
        let mut note: Note = since.note();
        while !self.batch.is_due(self.clock.now()) {
            if self.budget.affords(&self.spent(&note)) < SMALLEST_PAGE {
                self.batch.end(self.budget.exhausted(self.clock.now()));
                break;
            }
            match next_unless_quiet(self.batch.is_empty(), self.lines.next()).await {
                None => break,
                Some(Ok(Some(text))) => self.take_in(&text),
                Some(Ok(None)) => self.batch.end(ended("X closed the stream".to_owned())),
                Some(Err(error)) => self.batch.end(error.into()),
            }
        }
        let dropped = self.lines.dropped();
        if dropped > 0 {
            self.batch.problems.push(Problem::new(
                "stream",
                format!("{dropped} lines were too long to be read"),
            ));
        }
        let now = self.clock.now();
        // Posts of others cost, too, and are noted before the end is told.
        let unpaid = self.posts > 0;
        let (drafts, problems) = match self.batch.take(now) {
            Err(end) if unpaid => {
                self.batch.end(end);
                (Vec::new(), Vec::new())
            }
            taken => taken?,
        };
        if note.readings == self.readings_before && note.gap_from.is_none() {
            note.gap_from = note.since_id.max(note.streamed_id);
        }
        note.spent = self.spent(&note);
        (self.posts, self.authors) = (0, 0);
        note.streamed_id = note.streamed_id.max(self.newest_id);
        Ok(Polled {
            items: drafts
                .into_iter()
                .map(|draft| Item::new(&self.id, draft, now))
                .collect(),
            problems,
            cursor: Cursor::of(&note),
            checkpoint: true,
            ..Polled::default()
        })
    }
}

/// An end that reconnecting may mend.
fn ended(reason: String) -> SourceError {
    SourceError::Unreached(NetError::Passing {
        host: "X's stream".to_owned(),
        reason,
    })
}
