//! How fast feeds are read: `feed_speed FOLDER [ROUNDS]` times `parse` over every
//! document of a folder (gzipped ones are unpacked first, JSON ones left out)
//! against the limit, which is quick-xml making tokens of the same bytes and
//! doing nothing with them. Build it with `--release`; bench/feeds/compare.py
//! `--speed` times Python's feedparser over the same folder.

#![expect(
    clippy::disallowed_methods,
    reason = "a stopwatch is what this program is"
)]

use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use quick_xml::Reader;
use quick_xml::events::Event;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .ok_or_else(|| io::Error::other("usage: feed_speed FOLDER [ROUNDS]"))?;
    let rounds: u32 = arguments
        .next()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(10);
    let documents = documents(Path::new(&folder))?;
    let bytes: usize = documents.iter().map(Vec::len).sum();

    // The best of some rounds: what the machine can do when it does nothing else.
    let mut entries = 0;
    let reading = best(rounds, || {
        entries = documents
            .iter()
            .filter_map(|document| sources::feed::parse(document, None, "http://localhost/").ok())
            .map(|document| document.parsed.entries.len())
            .sum();
    });
    let mut tokens = 0;
    let limit = best(rounds, || {
        tokens = documents.iter().map(|document| tokenised(document)).sum()
    });

    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} documents, {:.1} MB, {entries} entries, {tokens} quick-xml events",
        documents.len(),
        megabytes(bytes)
    )?;
    for (name, time) in [("parse", reading), ("quick-xml tokens", limit)] {
        let seconds = time.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a few hundred documents")]
        let rate = documents.len() as f64 / seconds;
        writeln!(
            out,
            "{name:17} {:8.2} ms {rate:9.0} documents/s {:8.1} MB/s",
            seconds * 1e3,
            megabytes(bytes) / seconds
        )?;
    }
    writeln!(
        out,
        "parse reaches {:.0} % of the limit (goal: at least 40 %)",
        100.0 * limit.as_secs_f64() / reading.as_secs_f64()
    )
}

fn documents(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut documents = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() || path.extension().is_some_and(|extension| extension == "tsv") {
            continue;
        }
        let mut bytes = std::fs::read(&path)?;
        if bytes.starts_with(b"\x1f\x8b") {
            let mut whole = Vec::new();
            flate2::read::MultiGzDecoder::new(bytes.as_slice())
                .take(1 << 28)
                .read_to_end(&mut whole)?;
            bytes = whole;
        }
        if !bytes.trim_ascii_start().starts_with(b"{") {
            documents.push(bytes);
        }
    }
    Ok(documents)
}

fn best(rounds: u32, mut work: impl FnMut()) -> Duration {
    let timed = |work: &mut dyn FnMut()| {
        let began = Instant::now();
        work();
        began.elapsed()
    };
    (0..rounds.max(1))
        .map(|_| timed(&mut work))
        .min()
        .unwrap_or_default()
}

/// The number of events up to the end or, in a broken document, the first error.
fn tokenised(document: &[u8]) -> usize {
    let mut reader = Reader::from_reader(document);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_dangling_amp = true;
    config.allow_unmatched_ends = true;
    let mut events = 0;
    while !matches!(reader.read_event(), Ok(Event::Eof) | Err(_)) {
        events += 1;
    }
    events
}

#[expect(clippy::cast_precision_loss, reason = "a folder of some megabytes")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
