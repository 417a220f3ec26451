//! `prahari analyse`: the text pipeline alone, JSON Lines in and out.
//!
//! Documents are read, understood on every core, and kept aside on disk: which
//! story a document tells is known only when all have been placed in order of
//! time, and a run may be larger than memory.

mod named;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use model::item::{Draft, Stated};
use model::{Analysis, Field, Item, ItemKind, Markup, Reason, SourceId, Span, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use understand::{Context, Run, Trace};

use super::{Outcome, print};
use crate::config::Settings;
use named::Named;

/// Understands documents and writes what was understood, one JSON object a line.
#[derive(Debug, clap::Args)]
pub(super) struct Analyse {
    /// Documents, one a line: {"id", "title"?, "text", "date"?}; `-` is standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    input: PathBuf,
    /// Where the analyses go, in the same order; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

/// The longest line that is read: a long book.
const LONGEST_LINE: u64 = 16 << 20;

/// Documents understood before their results are written. Enough that the cores
/// seldom wait for one another, few enough that memory stays small.
const BATCH: usize = 1_024;

/// A batch ends early at this much text.
const BATCH_BYTES: usize = 8 << 20;

/// What some editors begin a file with.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Stands between the two halves of a result that waits for its story. JSON holds
/// no bare control characters.
const STORY_GOES_HERE: char = '\u{1e}';

/// A document as it is given. Other keys are left out: people pipe whole records in.
#[derive(Debug, Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    title: Option<String>,
    text: Option<String>,
    date: Option<String>,
}

/// What was understood, but for the story.
#[derive(Debug, Serialize)]
struct Head<'a> {
    id: &'a RawValue,
    relevant: bool,
    relevance: f32,
    label: model::RelevanceLabel,
    types: Vec<model::IncidentType>,
    severity: model::Severity,
    severity_score: f32,
    countries: &'a [model::Country],
    sectors: Vec<model::Sector>,
    entities: Vec<Named<'a>>,
}

/// The rest of a result.
#[derive(Debug, Serialize)]
struct Tail<'a> {
    reasons: &'a [Reason],
}

/// A document that was understood.
struct Understood {
    line: String,
    item: Item,
    analysis: Analysis,
}

/// What placement needs of a document until all have been read.
struct Waiting {
    item: Item,
    analysis: Analysis,
}

impl Analyse {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<Outcome> {
        if is_same_file(&self.input, &self.output) {
            anyhow::bail!(
                "{} is what is read; its analyses need another file",
                self.output.display()
            );
        }
        let (reader, size) = open_input(&self.input)?;
        let context = settings.context();
        let bar = bar(size);
        let mut aside = BufWriter::new(tempfile::tempfile().context("no temporary file")?);
        let mut waiting = Vec::new();
        let bad = read_all(reader, &context, &bar, &mut aside, &mut waiting)?;
        bar.finish_and_clear();
        let stories = stories(&waiting, &context);
        let aside = aside.into_inner().context("the temporary file")?;
        write_all(aside, &stories, &self.output)?;
        Ok(match (bad, stories.len()) {
            (0, _) => Outcome::Done,
            (_, 0) => Outcome::Failed,
            _ => Outcome::InPart,
        })
    }
}

fn open_input(path: &Path) -> anyhow::Result<(Box<dyn BufRead>, Option<u64>)> {
    if path.as_os_str() == "-" {
        return Ok((Box::new(BufReader::new(io::stdin())), None));
    }
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let size = file.metadata().ok().map(|metadata| metadata.len());
    Ok((Box::new(BufReader::with_capacity(1 << 20, file)), size))
}

fn bar(size: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = size.map_or_else(ProgressBar::no_length, ProgressBar::new);
    let template = if size.is_some() {
        "analysing {bar:32} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left"
    } else {
        "analysing {spinner} {bytes}, {bytes_per_sec}"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Reads and understands everything; says how many lines could not be used.
fn read_all(
    mut reader: Box<dyn BufRead>,
    context: &Context,
    bar: &ProgressBar,
    aside: &mut impl Write,
    waiting: &mut Vec<Waiting>,
) -> anyhow::Result<u64> {
    let mut bad = 0;
    let mut number = 0;
    loop {
        let mut batch: Vec<(u64, Vec<u8>)> = Vec::new();
        let mut bytes = 0;
        let mut ended = false;
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            let Some(line) = next_line(&mut *reader).context("the documents cannot be read")?
            else {
                ended = true;
                break;
            };
            number += 1;
            bytes += line.len();
            // Windows' editors begin a file with a mark.
            let line = match line.strip_prefix(BYTE_ORDER_MARK) {
                Some(rest) if number == 1 => rest.to_vec(),
                _ => line,
            };
            if !line.trim_ascii().is_empty() {
                batch.push((number, line));
            }
        }
        for result in understand_batch(&batch, context) {
            match result {
                Ok(Understood {
                    line,
                    item,
                    analysis,
                }) => {
                    aside
                        .write_all(line.as_bytes())
                        .and_then(|()| aside.write_all(b"\n"))
                        .context("the temporary file")?;
                    waiting.push(Waiting { item, analysis });
                }
                Err(problem) => {
                    bad += 1;
                    print::error(&problem);
                }
            }
        }
        bar.inc(bytes as u64);
        if ended {
            return Ok(bad);
        }
    }
}

/// The next line with its end, or a line's first part when it is too long.
fn next_line(reader: &mut dyn BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    reader.take(LONGEST_LINE + 1).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.len() as u64 > LONGEST_LINE && line.last() != Some(&b'\n') {
        // The rest is passed over; the part that was kept is no JSON and says so.
        loop {
            let mut rest = Vec::new();
            reader.take(1 << 20).read_until(b'\n', &mut rest)?;
            if rest.is_empty() || rest.last() == Some(&b'\n') {
                break;
            }
        }
    }
    Ok(Some(line))
}

/// Understands a batch on every core, in order. Each core takes the next line that
/// nobody has: one long document keeps one core, not all.
fn understand_batch(
    batch: &[(u64, Vec<u8>)],
    context: &Context,
) -> Vec<Result<Understood, String>> {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((number, line)) = batch.get(next.fetch_add(1, Ordering::Relaxed)) {
            // No text is known that stops the analysis; should one, it costs itself.
            let result = catch_unwind(AssertUnwindSafe(|| understand_line(*number, line, context)));
            let told = result.unwrap_or_else(|_| {
                Err(format!(
                    "line {number}: a fault in the analysis; please report the document"
                ))
            });
            done.push((*number, told));
        }
        done
    };
    let mut all: Vec<(u64, Result<Understood, String>)> = thread::scope(|scope| {
        let parts: Vec<_> = (0..cores.min(batch.len()))
            .map(|_| scope.spawn(work))
            .collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap_or_default())
            .collect()
    });
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, result)| result).collect()
}

fn understand_line(number: u64, line: &[u8], context: &Context) -> Result<Understood, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("line {number}: {why}");
    if line.len() as u64 > LONGEST_LINE {
        return Err(wrong(&format!("longer than {LONGEST_LINE} bytes")));
    }
    let document: Document<'_> = serde_json::from_slice(line.trim_ascii()).map_err(|error| {
        if !line.trim_ascii_start().starts_with(b"{") {
            return wrong(&"it is no JSON object");
        }
        let error = error.to_string();
        wrong(&error.split(" at line ").next().unwrap_or_default())
    })?;
    let date = document
        .date
        .as_deref()
        .map(|date| time(date).ok_or_else(|| wrong(&format!("`{}` is no date", short(date)))))
        .transpose()?;
    let title = document.title.unwrap_or_default();
    let text = document.text.unwrap_or_default();
    let source = SourceId::new("analyse").map_err(|error| wrong(&error))?;
    let draft = Draft {
        external_id: document.id.get().to_owned(),
        kind: ItemKind::Article,
        url: None,
        title,
        text,
        markup: Markup::Plain,
        author: None,
        language: None,
        published: date,
        updated: None,
        stated: Stated::default(),
    };
    // Without a date a document counts as fetched at the beginning of time, and
    // keeps its place in the order given.
    let item = Item::new(&source, draft, date.unwrap_or(Timestamp::UNIX_EPOCH));
    let analysis = understand::understand(&item, context);
    let line = result_line(document.id, &item, &analysis).map_err(|error| wrong(&error))?;
    Ok(Understood {
        line,
        item,
        analysis,
    })
}

fn result_line(id: &RawValue, item: &Item, analysis: &Analysis) -> serde_json::Result<String> {
    let places = Places::new(item, analysis);
    let mut entities: Vec<Named<'_>> = analysis
        .entities
        .iter()
        .flat_map(|entity| entity.spans.iter().map(move |span| (entity, *span)))
        .filter_map(|(entity, span)| {
            let span = places.original(span);
            Named::new(entity, span, places.slice(span))
        })
        .collect();
    entities.sort_by_key(Named::place);
    let reasons: Vec<Reason> = analysis
        .reasons
        .iter()
        .map(|reason| Reason {
            spans: reason
                .spans
                .iter()
                .map(|span| places.original(*span))
                .collect(),
            ..reason.clone()
        })
        .collect();
    let head = serde_json::to_string(&Head {
        id,
        relevant: analysis.relevance.is_relevant(),
        relevance: analysis.relevance.probability,
        label: analysis.relevance.label,
        types: analysis.types.iter().map(|tag| tag.label).collect(),
        severity: analysis.severity.severity,
        severity_score: analysis.severity.score,
        countries: &analysis.region.countries,
        sectors: analysis.sectors.iter().map(|tag| tag.label).collect(),
        entities,
    })?;
    let tail = serde_json::to_string(&Tail { reasons: &reasons })?;
    let (head, tail) = (
        head.strip_suffix('}').unwrap_or(&head),
        tail.strip_prefix('{').unwrap_or(&tail),
    );
    Ok(format!("{head},\"story\":{STORY_GOES_HERE},{tail}"))
}

/// The way from spans in clean text to spans in the given text.
struct Places<'a> {
    title: (Given<'a>, Trace),
    text: (Given<'a>, Trace),
}

impl<'a> Places<'a> {
    fn new(item: &'a Item, analysis: &Analysis) -> Self {
        let place = |given: &'a str, clean: &str| (Given::new(given), Trace::new(given, clean));
        Self {
            title: place(&item.title, &analysis.title),
            text: place(&item.text, &analysis.text),
        }
    }

    fn field(&self, field: Field) -> &(Given<'a>, Trace) {
        match field {
            Field::Title => &self.title,
            Field::Text => &self.text,
        }
    }

    fn original(&self, span: Span) -> Span {
        let (start, end) = self.field(span.field).1.stretch(span.start, span.end);
        Span { start, end, ..span }
    }

    fn slice(&self, span: Span) -> &'a str {
        self.field(span.field).0.slice(span.start, span.end)
    }
}

/// A text whose code points are found without counting from its start: a list of
/// ten thousand names would be counted through ten thousand times.
struct Given<'a> {
    text: &'a str,
    /// The first byte of every [`BLOCK`]th code point; empty for ASCII.
    blocks: Vec<usize>,
}

/// Code points between two noted places.
const BLOCK: usize = 64;

impl<'a> Given<'a> {
    fn new(text: &'a str) -> Self {
        let blocks = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices()
                .step_by(BLOCK)
                .map(|(at, _)| at)
                .collect()
        };
        Self { text, blocks }
    }

    fn slice(&self, start: u32, end: u32) -> &'a str {
        let range = self.byte(start)..self.byte(end);
        self.text.get(range).unwrap_or_default()
    }

    /// The first byte of a code point, or the text's end.
    fn byte(&self, at: u32) -> usize {
        let at = at as usize;
        if self.blocks.is_empty() {
            return at.min(self.text.len());
        }
        let Some(block) = self.blocks.get(at / BLOCK) else {
            return self.text.len();
        };
        let rest = self.text.get(*block..).unwrap_or_default();
        let inside = rest.char_indices().nth(at % BLOCK);
        inside.map_or(self.text.len(), |(offset, _)| block + offset)
    }
}

/// A moment as people write it: RFC 3339, a date with a time and no zone (then
/// UTC), or a date.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let in_utc = |at: jiff::civil::DateTime| {
        at.to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    };
    text.parse::<Timestamp>().ok().or_else(|| {
        text.parse::<jiff::civil::DateTime>()
            .or_else(|_| text.parse::<jiff::civil::Date>().map(Into::into))
            .ok()
            .and_then(in_utc)
    })
}

fn short(text: &str) -> String {
    print::plain(text).chars().take(40).collect()
}

/// The story of each document: placed in order of time, named in order of input.
fn stories(documents: &[Waiting], context: &Context) -> Vec<Option<usize>> {
    let mut order: Vec<usize> = (0..documents.len()).collect();
    order.sort_by_key(|index| documents.get(*index).map(|one| one.item.effective()));
    let mut run = Run::new();
    let mut stories = vec![None; documents.len()];
    for index in order {
        if let (Some(one), Some(story)) = (documents.get(index), stories.get_mut(index)) {
            *story = run.add(&one.item, &one.analysis, context);
        }
    }
    let mut names = std::collections::HashMap::new();
    for story in stories.iter_mut().flatten() {
        let next = names.len() + 1;
        *story = *names.entry(*story).or_insert(next);
    }
    stories
}

/// Whether both names are of one file, by whatever way: writing it would lose what is read.
fn is_same_file(input: &Path, output: &Path) -> bool {
    let is_stream = |path: &Path| path.as_os_str() == "-";
    let of = |path: &Path| {
        let file = std::fs::metadata(path)
            .ok()
            .filter(std::fs::Metadata::is_file)?;
        Some((file.dev(), file.ino()))
    };
    !is_stream(input) && !is_stream(output) && of(input).is_some_and(|it| of(output) == Some(it))
}

/// Writes the results with their stories.
fn write_all(mut aside: File, stories: &[Option<usize>], output: &Path) -> anyhow::Result<()> {
    aside.rewind().context("the temporary file")?;
    let mut out: Box<dyn Write> = if output.as_os_str() == "-" {
        Box::new(BufWriter::new(io::stdout().lock()))
    } else {
        Box::new(BufWriter::new(File::create(output).with_context(|| {
            format!("{} cannot be written", output.display())
        })?))
    };
    let written = BufReader::new(aside)
        .lines()
        .zip(stories)
        .try_for_each(|(line, story)| {
            let line = line?;
            let (head, tail) = line.split_once(STORY_GOES_HERE).unwrap_or((&line, ""));
            match story {
                Some(number) => writeln!(out, "{head}\"story-{number}\"{tail}"),
                None => writeln!(out, "{head}null{tail}"),
            }
        })
        .and_then(|()| out.flush());
    match written {
        // A closed pipe (`| head`) is no mistake of anybody's.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("the analyses cannot be written"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_points_are_found_in_any_script() {
        for text in ["", "plain ascii", "दिल्ली 🔥 Café", &"ab🔥".repeat(100)] {
            let given = Given::new(text);
            let all: Vec<char> = text.chars().collect();
            for start in 0..=all.len() {
                for end in [start, start + 1, start + 70, all.len() + 9] {
                    let wanted: String = all.iter().take(end).skip(start).collect();
                    let (start, end) = (start as u32, end as u32);
                    assert_eq!(given.slice(start, end), wanted, "{start}..{end}");
                }
            }
        }
    }
}
