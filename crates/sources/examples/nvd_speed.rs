//! How fast records of NVD are read: `nvd_speed FILE… [--rounds N]` times `parse`
//! over documents of the API or yearly files (gzipped ones are unpacked first)
//! against the limit, which is serde_json reading the same bytes and keeping
//! nothing. Build it with `--release`. What the whole import does, store included,
//! bench/import/measure.py measures.

#![expect(
    clippy::disallowed_methods,
    reason = "a stopwatch is what this program is"
)]

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use model::SourceId;
use serde::de::IgnoredAny;

fn main() -> io::Result<()> {
    let mut paths: Vec<String> = std::env::args().skip(1).collect();
    let mut rounds = 10;
    if let Some(at) = paths.iter().position(|path| path == "--rounds") {
        rounds = paths
            .get(at + 1)
            .and_then(|rounds| rounds.parse().ok())
            .unwrap_or(rounds);
        paths.truncate(at);
    }
    if paths.is_empty() {
        return Err(io::Error::other("usage: nvd_speed FILE… [--rounds N]"));
    }
    let documents = paths
        .iter()
        .map(|path| document(path))
        .collect::<io::Result<Vec<_>>>()?;
    let bytes: usize = documents.iter().map(Vec::len).sum();
    let source = SourceId::new("nvd").map_err(io::Error::other)?;

    let (mut records, mut problems) = (0, 0);
    let reading = best(rounds, || {
        (records, problems) = (0, 0);
        for document in &documents {
            let (_, parsed) = sources::nvd::parse(document, &source);
            records += parsed.entries.len();
            problems += parsed.problems.len();
        }
    });
    let limit = best(rounds, || {
        for document in &documents {
            let _: Result<IgnoredAny, _> = serde_json::from_slice(document);
        }
    });

    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} documents, {:.1} MB, {records} records, {problems} problems",
        documents.len(),
        megabytes(bytes)
    )?;
    for (name, time) in [("parse", reading), ("serde_json alone", limit)] {
        let seconds = time.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "some hundred thousand records")]
        let rate = records as f64 / seconds;
        writeln!(
            out,
            "{name:17} {:8.2} ms {rate:9.0} records/s {:8.1} MB/s",
            seconds * 1e3,
            megabytes(bytes) / seconds
        )?;
    }
    writeln!(
        out,
        "parse reaches {:.0} % of the limit",
        100.0 * limit.as_secs_f64() / reading.as_secs_f64()
    )
}

fn document(path: &str) -> io::Result<Vec<u8>> {
    let bytes = std::fs::read(path)?;
    if !bytes.starts_with(b"\x1f\x8b") {
        return Ok(bytes);
    }
    let mut whole = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice())
        .take(1 << 31)
        .read_to_end(&mut whole)?;
    Ok(whole)
}

/// The best of some rounds: what the machine can do when it does nothing else.
fn best(rounds: u32, mut work: impl FnMut()) -> Duration {
    let mut timed = || {
        let began = Instant::now();
        work();
        began.elapsed()
    };
    (0..rounds.max(1))
        .map(|_| timed())
        .min()
        .unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred megabytes")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
