//! Each promise as one function: what is played, and what must come of it.

use std::collections::BTreeSet;
use std::time::Duration;

use model::clock::later;
use model::{Clock, Cursor};

use super::{Day, Kind, Outcome, PATIENCE, Polls, Promise, Stage};
use crate::site::Reply;

/// Whether the kind keeps the promise; if not, how it breaks it.
pub(super) async fn keeps<S: Polls>(promise: Promise, kind: &Kind<S>) -> Result<(), String> {
    match promise {
        Promise::ReadsAll => reads_all(kind).await,
        Promise::Replays => replays(kind).await,
        Promise::AsksForChanges => asks_for_changes(kind).await,
        Promise::Waits => waits(kind).await,
        Promise::BearsFailure => bears_failure(kind).await,
        Promise::BearsSilence => bears_silence(kind).await,
        Promise::BearsTruncation => bears_truncation(kind).await,
        Promise::BearsFlood => bears_flood(kind).await,
        Promise::BearsOtherDocuments => bears_other_documents(kind).await,
        Promise::BearsEncodings => bears_encodings(kind).await,
        Promise::StaysOutside => stays_outside(kind).await,
        Promise::Resumes => resumes(kind).await,
    }
}

/// What a pipeline holds of a source: what it was given, and the cursor it may keep.
#[derive(Default)]
struct Reader {
    kept: Cursor,
    given: BTreeSet<String>,
    problems: Vec<String>,
    first_loads: Vec<bool>,
}

impl Reader {
    /// Opens the source and polls it until there is no more, or it fails.
    async fn read<S: Polls>(
        &mut self,
        kind: &Kind<S>,
        stage: &Stage<S::Tools>,
    ) -> Result<(), Outcome> {
        let source = (kind.open)(stage);
        let mut cursor = self.kept.clone();
        for _ in 0..MOST_POLLS {
            let reading = match source.poll(&cursor).await {
                Outcome::Read(reading) => reading,
                failure => return Err(failure),
            };
            cursor = reading.cursor;
            if reading.checkpoint {
                self.kept = cursor.clone();
            }
            self.given.extend(reading.given);
            self.problems.extend(reading.problems);
            self.first_loads.push(reading.first_load);
            if !reading.more {
                return Ok(());
            }
        }
        Err(Outcome::Other(format!("no end after {MOST_POLLS} polls")))
    }

    /// As [`Self::read`], where it must not fail.
    async fn read_well<S: Polls>(
        &mut self,
        kind: &Kind<S>,
        stage: &Stage<S::Tools>,
    ) -> Result<(), String> {
        self.read(kind, stage)
            .await
            .map_err(|failure| format!("the healthy service is not read: {failure:?}"))
    }

    fn has(&self, expected: usize, when: &str) -> Result<(), String> {
        let (given, problems) = (&self.given, &self.problems);
        if given.len() == expected {
            return Ok(());
        }
        Err(format!(
            "{when}: {expected} things are there, given are {given:?}, with the problems {problems:?}"
        ))
    }
}

/// A round of the kinds here takes under ten.
const MOST_POLLS: usize = 50;

/// Between two readings: longer than any kind rests, shorter than any forgets.
const LATER: Duration = Duration::from_secs(26 * 60 * 60);

async fn reads_all<S: Polls>(kind: &Kind<S>) -> Result<(), String> {
    let stage = Stage::start::<S>(PATIENCE).await;
    let mut reader = Reader::default();
    (kind.fill)(&stage, Day::First);
    reader.read_well(kind, &stage).await?;
    reader.has(kind.first, "on the first day")?;
    if !reader.first_loads.iter().all(|first| *first) {
        return Err("the first load is not history".to_owned());
    }
    reader.first_loads.clear();
    stage.clock.advance(LATER);
    (kind.fill)(&stage, Day::Second);
    reader.read_well(kind, &stage).await?;
    reader.has(kind.first + kind.second, "on the second day")?;
    if reader.first_loads.iter().any(|first| *first) {
        return Err("what comes later is taken for history".to_owned());
    }
    Ok(())
}

async fn replays<S: Polls>(kind: &Kind<S>) -> Result<(), String> {
    let stage = Stage::start::<S>(PATIENCE).await;
    (kind.fill)(&stage, Day::First);
    let mut reader = Reader::default();
    reader.read_well(kind, &stage).await?;
    let kept = reader.kept.clone();
    // From the start, and from where it stood.
    for from in [Cursor::start(), kept] {
        stage.clock.advance(LATER);
        reader.kept = from;
        reader.read_well(kind, &stage).await?;
        reader.has(kind.first, "read again")?;
    }
    // What is new, twice from the same place.
    (kind.fill)(&stage, Day::Second);
    let kept = reader.kept.clone();
    for _ in 0..2 {
        stage.clock.advance(LATER);
        reader.kept = kept.clone();
        reader.read_well(kind, &stage).await?;
        reader.has(kind.first + kind.second, "what is new, read again")?;
    }
    Ok(())
}

async fn asks_for_changes<S: Polls>(kind: &Kind<S>) -> Result<(), String> {
    const DATE: &str = "Fri, 20 Nov 2026 09:00:00 GMT";
    let marks: [(&str, Mark); 2] = [
        ("if-none-match", |reply| reply.etag("\"v1\"")),
        ("if-modified-since", |reply| reply.last_modified(DATE)),
    ];
    let paths = documents(kind).await?;
    for (header, mark) in marks {
        let stage = Stage::start::<S>(PATIENCE).await;
        (kind.fill)(&stage, Day::First);
        for path in &paths {
            stage.site.spoil(path, mark);
        }
        let mut reader = Reader::default();
        reader.read_well(kind, &stage).await?;
        let before = stage.site.requests().len();
        let kept = reader.kept.clone();
        stage.clock.advance(LATER);
        reader.read_well(kind, &stage).await?;
        reader.has(kind.first, "unchanged")?;
        let asked = stage.site.requests();
        let conditional = asked
            .iter()
            .skip(before)
            .any(|seen| seen.header(header).is_some());
        if !conditional {
            return Err(format!("asks without `{header}`"));
        }
        // What is new comes all the same.
        reader.kept = kept;
        stage.site.mend();
        (kind.fill)(&stage, Day::Second);
        reader.read_well(kind, &stage).await?;
        reader.has(kind.first + kind.second, "changed")?;
    }
    Ok(())
}

type Mark = fn(Reply) -> Reply;

/// The path of every document that a whole reading asks for.
async fn documents<S: Polls>(kind: &Kind<S>) -> Result<BTreeSet<String>, String> {
    let stage = Stage::start::<S>(PATIENCE).await;
    (kind.fill)(&stage, Day::First);
    Reader::default().read_well(kind, &stage).await?;
    let asked = stage.site.requests();
    if asked.is_empty() {
        return Err("no document is asked for".to_owned());
    }
    Ok(asked.into_iter().map(|seen| seen.path).collect())
}

/// Spoils the document on the first day, looks at how the reading fails, and holds
/// that nothing is lost by it: mended, the service gives everything.
async fn spoilt<S: Polls>(
    kind: &Kind<S>,
    stage: &Stage<S::Tools>,
    what: &str,
    spoil: impl Fn(Reply) -> Reply + Send + Sync + 'static,
    expected: impl Fn(&Outcome) -> bool,
) -> Result<(), String> {
    (kind.fill)(stage, Day::First);
    stage.site.spoil(kind.path, spoil);
    let mut reader = Reader::default();
    match reader.read(kind, stage).await {
        Ok(()) => return Err(format!("{what}: is read as if nothing were wrong")),
        Err(failure) if !expected(&failure) => return Err(format!("{what}: {failure:?}")),
        Err(_) => {}
    }
    stage.site.mend();
    stage.clock.advance(LATER);
    reader.read_well(kind, stage).await?;
    reader.has(kind.first, &format!("after {what}"))?;
    stage.clock.advance(LATER);
    Ok(())
}

async fn waits<S: Polls>(kind: &Kind<S>) -> Result<(), String> {
    const ASKED: Duration = Duration::from_secs(240);
    let stage = Stage::start::<S>(PATIENCE).await;
    let date = later(stage.clock.now(), LATER * 2 + ASKED)
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    for (what, header, least) in [
        ("429 with seconds", ASKED.as_secs().to_string(), ASKED),
        // The requests before this one are some seconds apart.
        ("429 with a date", date, ASKED / 2),
    ] {
        let hasty = move |_: Reply| Reply::status(429).header("retry-after", &header);
        spoilt(
            kind,
            &stage,
            what,
            hasty,
            |outcome| matches!(outcome, Outcome::Wait(after) if (least..=ASKED).contains(after)),
        )
        .await?;
    }
    Ok(())
}

async fn bears_failure<S: Polls>(kind: &Kind<S>) -> Result<(), String> {
    let stage = Stage::start::<S>(PATIENCE).await;
    for status in [500, 502, 503, 504] {
        let what = format!("status {status}");
        let failing = move |_: Reply| Reply::status(status);
        spoilt(kind, &stage, &what, failing, is_passing).await?;
    }
    Ok(())
}

fn is_passing(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Passing(_))
}

async fn bears_silence<S: Polls>(kind: &Kind<S>) -> Result<(), String> {
    /// Who has not given up by then has a patience of its own.
    const LONGEST: Duration = Duration::from_secs(4);
    let stage = Stage::start::<S>(Duration::from_secs(1)).await;
    let silent = spoilt(kind, &stage, "silence", |_| Reply::hang(), is_passing);
    match tokio::time::timeout(LONGEST, silent).await {
        Ok(held) => held,
        Err(_) => Err(format!("waits for more than {LONGEST:?}")),
    }
}

async fn bears_truncation<S: Polls>(kind: &Kind<S>) -> Result<(), String> {
    let stage = Stage::start::<S>(PATIENCE).await;
    spoilt(kind, &stage, "half a body", Reply::truncated, is_passing).await
}

async fn bears_flood<S: Polls>(kind: &Kind<S>) -> Result<(), String> {
    let stage = Stage::start::<S>(PATIENCE).await;
    let is_over = |outcome: &Outcome| matches!(outcome, Outcome::Forbidden(_));
    spoilt(kind, &stage, "a flood", Reply::endless, is_over).await
}

async fn bears_other_documents<S: Polls>(kind: &Kind<S>) -> Result<(), String> {
    let stage = Stage::start::<S>(PATIENCE).await;
    for (what, body) in [
        (
            "a web page",
            "<!doctype html><title>Just a moment</title><p>Checking your browser",
        ),
        ("nothing", ""),
        ("noise", "\u{0}\u{1}"),
    ] {
        let other = move |_: Reply| Reply::ok(body).content_type("text/html");
        let is_nonsense = |outcome: &Outcome| matches!(outcome, Outcome::Nonsense(_));
        spoilt(kind, &stage, what, other, is_nonsense).await?;
    }
    Ok(())
}

async fn bears_encodings<S: Polls>(kind: &Kind<S>) -> Result<(), String> {
    let encodings: [(&str, Mark); 4] = [
        ("with a byte order mark", |reply| {
            let body = [b"\xef\xbb\xbf", &*reply.body].concat();
            reply.body(body)
        }),
        ("in UTF-16", |reply| {
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            reply.body(units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
        }),
        ("declared as UTF-16", |mut reply| {
            reply.headers.retain(|(name, _)| name != "content-type");
            reply.content_type("text/plain; charset=utf-16")
        }),
        ("with bytes behind it that are no text", |reply| {
            let body = [&*reply.body, b"\xff\xfe\xc3"].concat();
            reply.body(body)
        }),
    ];
    let stage = Stage::start::<S>(PATIENCE).await;
    (kind.fill)(&stage, Day::First);
    for (what, encode) in encodings {
        stage.clock.advance(LATER);
        stage.site.spoil(kind.path, encode);
        let mut reader = Reader::default();
        match reader.read(kind, &stage).await {
            Ok(()) => reader.has(kind.first, what)?,
            Err(Outcome::Nonsense(_)) => {}
            Err(failure) => return Err(format!("{what}: {failure:?}")),
        }
    }
    Ok(())
}

async fn stays_outside<S: Polls>(kind: &Kind<S>) -> Result<(), String> {
    let stage = Stage::start::<S>(PATIENCE).await;
    for to in [
        stage.private.url(kind.path),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[::ffff:10.0.0.1]/".to_owned(),
    ] {
        let what = format!("a redirect to {to}");
        let lure = move |_: Reply| Reply::redirect(302, &to);
        // A kind that follows no redirect at all has words of its own for it.
        spoilt(kind, &stage, &what, lure, |_| true).await?;
        if !stage.private.requests().is_empty() {
            return Err(format!("{what} was followed"));
        }
    }
    Ok(())
}

async fn resumes<S: Polls>(kind: &Kind<S>) -> Result<(), String> {
    for path in documents(kind).await? {
        let stage = Stage::start::<S>(PATIENCE).await;
        let mut reader = Reader::default();
        for (day, expected) in [
            (Day::First, kind.first),
            (Day::Second, kind.first + kind.second),
        ] {
            (kind.fill)(&stage, day);
            stage.site.spoil(&path, |_| Reply::status(503));
            // It may fail, or do without: what counts is what comes after.
            let _ = reader.read(kind, &stage).await;
            stage.site.mend();
            stage.clock.advance(LATER);
            reader.read_well(kind, &stage).await?;
            reader.has(expected, &format!("{day:?} day, after a failure of {path}"))?;
            stage.clock.advance(LATER);
        }
    }
    Ok(())
}
