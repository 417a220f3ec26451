//! Prints what a document would give, as JSON: `preview FILE [BASE-URL]`. With
//! several files (`preview --lines FILE…`) one line of JSON each, for
//! bench/feeds/compare.py.

use std::io::{self, Read, Write};
use std::path::Path;

use serde_json::json;

fn main() -> io::Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let lines = arguments.first().is_some_and(|first| first == "--lines");
    if lines {
        arguments.remove(0);
    }
    let mut out = io::stdout().lock();
    if lines {
        for file in &arguments {
            let shown = shown(Path::new(file), "http://localhost/")?;
            writeln!(out, "{}", json!({ "file": file, "preview": shown }))?;
        }
        return Ok(());
    }
    let [file, rest @ ..] = arguments.as_slice() else {
        return Err(io::Error::other(
            "usage: preview FILE [BASE-URL] | preview --lines FILE…",
        ));
    };
    let shown = shown(Path::new(file), rest.first().map_or("", String::as_str))?;
    writeln!(out, "{shown:#}")
}

fn shown(file: &Path, base_url: &str) -> io::Result<serde_json::Value> {
    let mut bytes = std::fs::read(file)?;
    if bytes.starts_with(b"\x1f\x8b") {
        let mut whole = Vec::new();
        flate2::read::MultiGzDecoder::new(bytes.as_slice())
            .take(1 << 28)
            .read_to_end(&mut whole)?;
        bytes = whole;
    }
    match sources::preview::preview(&bytes, None, base_url, None) {
        Ok(preview) => serde_json::to_value(preview).map_err(io::Error::other),
        Err(error) => Ok(json!({ "error": error.to_string() })),
    }
}
