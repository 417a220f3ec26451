//! EPSS: the chance of each CVE to be exploited within thirty days.
//! <https://www.first.org/epss/data_stats>
//!
//! One gzipped table a day, 380,000 rows, 10 MB unpacked. The first line is a
//! comment with model and date, which copies lack; then the date stands in the
//! address behind a redirect, or nowhere.
//!
//! A new table differs from yesterday's in almost every row, mostly in digits
//! that mean nothing, and must not rewrite 380,000 rows each day. We considered
//! keeping yesterday's scores in the cursor: half a megabyte that every look at
//! the sources would read. Instead a statement depends on the row alone, rounded
//! ([`model::Epss::new`]), and its hash leaves out the date: the store drops what
//! says what was said before, after a restart and on another node as well. The
//! table is unpacked once and given in parts, so that 380,000 statements are never
//! in memory together.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use flate2::read::MultiGzDecoder;
use jiff::civil::Date;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use model::{Cursor, CveId, Document, SourceId, Statement, Timestamp};
use net::{Body, Fetched, Request, Validators};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Parsed, Polled, Problem, Progress, Reread, Source, SourceError, Tools, answer};

/// Packed, a table has 2 MB.
const LARGEST_BODY: u64 = 32 * 1024 * 1024;
/// Unpacked 10 MB, and some 15 % more each year.
const LARGEST_TABLE: u64 = 96 * 1024 * 1024;
/// Rows given at once.
const PART: usize = 20_000;
/// Rows that cannot be read, told one by one; more are told as a number.
const PROBLEMS_TOLD: usize = 20;

/// The daily table of EPSS scores.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address of the newest table, gzipped or not.
    pub url: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz".to_owned(),
        }
    }
}

/// EPSS as a source.
pub struct Epss {
    id: SourceId,
    config: Config,
    tools: Tools,
    /// The table that is being given in parts.
    held: Mutex<Option<Arc<Table>>>,
}

/// What is remembered between two polls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Note {
    loaded: bool,
    /// Of the table read last.
    date: Option<Date>,
    model: Option<String>,
    rows: u64,
    validators: Validators,
    /// Where the next part begins, while a table is being given in parts.
    at: Option<usize>,
}

impl Epss {
    /// EPSS under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            tools: tools.clone(),
            held: Mutex::new(None),
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Arc<Table>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The table that is held, if `note` stands inside it; else the newest, unless
    /// it is the one read last.
    async fn table(&self, note: &Note) -> Result<Option<(Arc<Table>, usize)>, SourceError> {
        if let Some(at) = note.at {
            let held = self.held().clone();
            if let Some(table) = held.filter(|table| table.validators == note.validators) {
                return Ok(Some((table, at)));
            }
        }
        // A table that was not given to its end is asked for without a condition.
        let known = if note.at.is_some() {
            Validators::default()
        } else {
            note.validators.clone()
        };
        let request = Request::get(&self.config.url)
            .max_body(LARGEST_BODY)
            .unless(known);
        match self.tools.door.fetch(request).await? {
            Fetched::Unchanged => Ok(None),
            Fetched::Body(body) => Ok(Some((Arc::new(Table::open(&body)?), 0))),
        }
    }
}

#[async_trait]
impl Source for Epss {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let mut note: Note = since.note();
        let nothing = |cursor| Polled {
            cursor,
            checkpoint: true,
            ..Polled::default()
        };
        let Some((table, at)) = self.table(&note).await? else {
            return Ok(nothing(since.clone()));
        };
        let mut problems = Vec::new();
        if at == 0 {
            if table.rows * 2 < note.rows {
                return Err(SourceError::Nonsense(format!(
                    "the table of EPSS has {} rows, the one before had {}",
                    table.rows, note.rows
                )));
            }
            let stale =
                note.loaded && note.at.is_none() && table.date.is_some() && table.date <= note.date;
            if stale && table.model == note.model {
                note.validators = table.validators.clone();
                return Ok(nothing(Cursor::of(&note)));
            }
            if table.date.is_none() {
                problems.push(Problem::new("table", "does not say of which day it is"));
            }
        }
        let (parsed, end) = table.part(at, PART, &self.id);
        problems.extend(told(parsed.problems));
        let more = end < table.text.len();
        let first_load = !note.loaded;
        note.validators = table.validators.clone();
        if more {
            note.at = Some(end);
            *self.held() = Some(Arc::clone(&table));
        } else {
            note = Note {
                loaded: true,
                date: table.date,
                model: table.model.clone(),
                rows: table.rows,
                validators: note.validators,
                at: None,
            };
            *self.held() = None;
        }
        let done = if more {
            table.rows * end as u64 / table.text.len().max(1) as u64
        } else {
            table.rows
        };
        Ok(Polled {
            statements: parsed.entries,
            problems,
            more,
            // What is held is gone after a restart, and the table is read again.
            checkpoint: !more,
            progress: Some(Progress {
                done,
                total: table.rows,
            }),
            first_load,
            cursor: Cursor::of(&note),
            ..Polled::default()
        })
    }

    fn reread(&self, document: &Document, _: Timestamp) -> Result<Reread, SourceError> {
        let (_, _, mut parsed) = parse(&document.bytes, &self.id)?;
        parsed.problems = told(parsed.problems);
        Ok(Reread::said(parsed))
    }
}

fn told(mut problems: Vec<Problem>) -> Vec<Problem> {
    if problems.len() > PROBLEMS_TOLD {
        let rest = problems.len() - PROBLEMS_TOLD;
        problems.truncate(PROBLEMS_TOLD);
        problems.push(Problem::new(
            "table",
            format!("{rest} more rows could not be read"),
        ));
    }
    problems
}

/// A table's day and model, if it tells them, and its rows.
pub type Told = (Option<Date>, Option<String>, Parsed<Statement>);

/// What a table says of itself, and its scores as statements.
///
/// # Errors
/// It is no table of EPSS.
pub fn parse(bytes: &[u8], source: &SourceId) -> Result<Told, SourceError> {
    let table = Table::read(bytes)?;
    let (parsed, _) = table.part(0, usize::MAX, source);
    Ok((table.date, table.model, parsed))
}

/// A table, unpacked.
struct Table {
    /// The rows, without comment and head.
    text: String,
    rows: u64,
    /// Of `cve`, `epss`, `percentile`.
    columns: [usize; 3],
    date: Option<Date>,
    model: Option<String>,
    validators: Validators,
}

impl Table {
    fn open(body: &Body) -> Result<Self, SourceError> {
        let mut table = Self::read(&body.bytes)?;
        table.validators = body.validators.clone();
        table.date = table.date.or_else(|| date_in(&body.url)).or_else(|| {
            let served = rfc2822::parse(body.validators.last_modified.as_deref()?).ok()?;
            Some(served.with_time_zone(TimeZone::UTC).date())
        });
        Ok(table)
    }

    fn read(bytes: &[u8]) -> Result<Self, SourceError> {
        let nonsense =
            |what: String| SourceError::Nonsense(format!("this is no table of EPSS: {what}"));
        let mut unpacked = Vec::new();
        let bytes = if bytes.starts_with(b"\x1f\x8b") {
            MultiGzDecoder::new(bytes)
                .take(LARGEST_TABLE + 1)
                .read_to_end(&mut unpacked)
                .map_err(|error| nonsense(format!("it cannot be unpacked: {error}")))?;
            if unpacked.len() as u64 > LARGEST_TABLE {
                return Err(nonsense("it is too large".to_owned()));
            }
            unpacked.as_slice()
        } else {
            bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
        };
        let text = String::from_utf8_lossy(bytes);
        let mut date = None;
        let mut model = None;
        let mut rest: &str = &text;
        let head = loop {
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            rest = after;
            let line = line.trim();
            if let Some(comment) = line.strip_prefix('#') {
                for part in comment.split(',') {
                    match part.trim().split_once(':') {
                        Some(("model_version", version)) => {
                            model = Some(answer::cut(version.trim(), 40).to_owned())
                        }
                        // The zone behind it has no colon; the day is enough.
                        Some(("score_date", at)) => {
                            date = at.trim().get(..10).and_then(|day| day.parse().ok())
                        }
                        _ => {}
                    }
                }
            } else if !line.is_empty() || rest.is_empty() {
                break line;
            }
        };
        let names: Vec<&str> = head
            .split(',')
            .map(|name| name.trim().trim_matches('"'))
            .collect();
        let column = |wanted: &str| {
            names
                .iter()
                .position(|name| name.eq_ignore_ascii_case(wanted))
                .ok_or_else(|| nonsense(format!("it has no column `{wanted}`")))
        };
        let columns = [column("cve")?, column("epss")?, column("percentile")?];
        let rows = rest.lines().filter(|line| !line.trim().is_empty()).count() as u64;
        if rows == 0 {
            return Err(nonsense("it has no rows".to_owned()));
        }
        Ok(Self {
            text: rest.to_owned(),
            rows,
            columns,
            date,
            model,
            validators: Validators::default(),
        })
    }

    /// At most `rows` rows from byte `at` on, and where the next begins.
    fn part(&self, at: usize, rows: usize, source: &SourceId) -> (Parsed<Statement>, usize) {
        let mut parsed = Parsed::default();
        let mut end = at;
        for line in self
            .text
            .get(at..)
            .unwrap_or_default()
            .split_inclusive('\n')
            .take(rows)
        {
            end += line.len();
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            match self.row(line, source) {
                Ok(statement) => parsed.entries.push(statement),
                Err(why) => parsed
                    .problems
                    .push(Problem::new(answer::cut(line, 40), why)),
            }
        }
        (parsed, end)
    }

    fn row(&self, line: &str, source: &SourceId) -> Result<Statement, &'static str> {
        let mut fields = [""; 3];
        for (index, field) in line.split(',').enumerate().take(16) {
            for (slot, column) in fields.iter_mut().zip(self.columns) {
                if column == index {
                    *slot = field.trim().trim_matches('"');
                }
            }
        }
        let [cve, score, percentile] = fields;
        let cve = CveId::new(cve).map_err(|_| "names no CVE")?;
        let number = |text: &str| {
            text.parse::<f32>()
                .map_err(|_| "holds something that is no number")
        };
        let epss = model::Epss::new(
            number(score)?,
            number(percentile)?,
            self.date,
            self.model.clone(),
        )
        .ok_or("holds a number that is not between 0 and 1")?;
        Ok(Statement {
            epss: Some(epss),
            ..Statement::new(cve, source.clone())
        })
    }
}

/// The day in `epss_scores-2026-11-20.csv.gz`.
fn date_in(url: &str) -> Option<Date> {
    let (_, rest) = url.rsplit_once("epss_scores-")?;
    rest.get(..10)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use std::fmt::Write as _;

    fn told_of(text: &str) -> String {
        let source = SourceId::new("epss").unwrap();
        let (date, model, parsed) = match parse(text.as_bytes(), &source) {
            Ok(parts) => parts,
            Err(error) => return error.to_string(),
        };
        let mut told = format!("{date:?} {model:?}");
        for statement in &parsed.entries {
            let epss = statement.epss.as_ref().unwrap();
            write!(
                told,
                "\n{} {} {}",
                statement.cve, epss.score, epss.percentile
            )
            .unwrap();
        }
        for problem in &parsed.problems {
            write!(told, "\n! {}: {}", problem.place, problem.reason).unwrap();
        }
        told
    }

    #[test]
    fn rows_are_read_and_what_is_malformed_costs_only_itself() {
        expect![[r#"
            Some(2026-11-20) Some("v2026.03.14")
            CVE-1999-0001 0.013 0.86
            CVE-2026-5001 0.94 1
            CVE-2026-5002 0.077 0.91
            CVE-2026-5003 0.018 0.83
            CVE-2026-5004 0 0
            ! CVE-26-1,0.1,0.2: names no CVE
            ! CVE-2026-5005,high,0.2: holds something that is no number
            ! CVE-2026-5006,1.5,0.2: holds a number that is not between 0 and 1
            ! CVE-2026-5007,0.4: holds something that is no number
            ! CVE-2026-5008,NaN,0.2: holds a number that is not between 0 and 1"#]]
        .assert_eq(&told_of(include_str!("../fixtures/epss/scores.csv")));
    }

    #[test]
    fn a_copy_may_lack_the_comment_and_order_its_columns() {
        expect![[r#"
            None None
            CVE-2026-1000 0.5 0.9
            ! "0.9","CVE-2026-1","0.5": names no CVE"#]].assert_eq(&told_of("\"percentile\",\"cve\",\"epss\"\r\n\"0.9\",\"CVE-2026-1\",\"0.5\"\r\n0.9,CVE-2026-1000,\"0.5\"\r\n"));
        expect![[r#"
            None Some("v2023.03.01")
            CVE-1999-0001 0.004 0.73"#]]
        .assert_eq(&told_of(
            "#model_version:v2023.03.01\ncve,epss,percentile\nCVE-1999-0001,0.00383,0.73075",
        ));
    }

    #[test]
    fn other_documents_are_refused() {
        for text in [
            "",
            "\n",
            "<html><body>",
            "#a\n#b",
            "invalid,header,format\nCVE-2024-6775,0.1,0.2",
            "cve,epss,percentile\n",
        ] {
            let said = told_of(text);
            assert!(
                said.starts_with("this is no table of EPSS"),
                "{text:?}: {said}"
            );
        }
    }
}
