//! Reading one file or stream: unpacked, capped, and of a long one a stretch.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use model::SourceId;
use sha2::{Digest, Sha256};

use super::contents::{Contents, Format};
use super::folder::Found;
use super::{BYTES_AT_ONCE, Config, LINES_AT_ONCE, Mark, Seen, lines, max_bytes, unreadable};
use crate::feed::entry::Place;
use crate::feed::oldest_first;
use crate::{Problem, SourceError};

/// Why a file gave nothing.
pub(super) enum Trouble {
    /// The file could not be read.
    Unreadable(io::Error),
    /// It was read, and is nothing we know.
    Nonsense(SourceError),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// Reads a file, or the next stretch of it; none if it is what it was.
pub(super) fn read_file(
    id: &SourceId,
    config: &Config,
    path: &Path,
    seen: Option<&Seen>,
    found: Found,
) -> Result<Option<(Contents, Seen)>, Trouble> {
    let going_on = seen
        .filter(|seen| seen.found == found)
        .and_then(|seen| seen.reading.map(|mark| (seen.hash.clone(), mark)));
    let (hash, mark) = match going_on {
        Some((hash, mark)) => (hash, mark),
        None => {
            let hash = hash_of(path)?;
            if seen.is_some_and(|seen| seen.hash == hash && seen.reading.is_none()) {
                return Ok(None);
            }
            (hash, Mark::default())
        }
    };
    // One byte more than allowed, to tell a file of just that size from a longer
    // one; a small gzip file may hold a very long one.
    let most = max_bytes(config);
    let mut reader = unpacked(File::open(path)?)?.take(most.saturating_add(1));
    let mut head = Vec::new();
    reader
        .by_ref()
        .take(lines::LONGEST_LINE as u64 + 2)
        .read_to_end(&mut head)?;
    let format = Format::of(&head);
    let whole = head.as_slice().chain(reader);
    let mut next = None;
    let contents = if format == Format::JsonLines {
        let mut contents = Contents::default();
        next = read_lines(BufReader::new(whole), mark, most, &mut contents)?;
        contents
    } else {
        let bytes = read_all(whole, most)?;
        let mut contents = format
            .read(&bytes, None, "", id)
            .map_err(Trouble::Nonsense)?;
        if format == Format::Feed {
            contents.drafts = oldest_first(contents.drafts, usize::MAX);
        }
        contents
    };
    Ok(Some((
        contents,
        Seen {
            found,
            hash,
            reading: next,
        },
    )))
}

/// Reads all that a stream gives.
pub(super) fn read_stream(
    stream: impl Read,
    most: u64,
    id: &SourceId,
) -> Result<Contents, SourceError> {
    let bytes = unpacked(stream)
        .and_then(|reader| read_all(reader, most))
        .map_err(|error| unreadable("standard input", &error))?;
    Format::of(&bytes).read(&bytes, None, "", id)
}

/// Reads a stretch of lines after `mark`; gives the mark after it if there is
/// more.
fn read_lines(
    mut reader: impl BufRead,
    mark: Mark,
    most: u64,
    contents: &mut Contents,
) -> io::Result<Option<Mark>> {
    let mut at = Mark {
        lines: mark.lines,
        bytes: 0,
    };
    at.bytes = io::copy(&mut reader.by_ref().take(mark.bytes), &mut io::sink())?;
    let (mut line, mut lines_read, mut bytes_read) = (Vec::new(), 0, 0_u64);
    while lines_read < LINES_AT_ONCE && bytes_read < BYTES_AT_ONCE {
        line.clear();
        let mut length = reader
            .by_ref()
            .take(lines::LONGEST_LINE as u64 + 1)
            .read_until(b'\n', &mut line)? as u64;
        if length == 0 {
            return Ok(None);
        }
        let place = Place::Line(at.lines + 1);
        let too_long = line.len() > lines::LONGEST_LINE && !line.ends_with(b"\n");
        if too_long {
            contents
                .problems
                .push(Problem::new(place, "it is longer than 1 MB"));
            length += skip_line(&mut reader)?;
        } else if !line.trim_ascii().is_empty() {
            contents
                .drafts
                .extend(lines::read(&line, place, &mut contents.problems));
        }
        at.lines += 1;
        at.bytes += length;
        lines_read += 1;
        bytes_read += length;
        if at.bytes > most {
            contents.problems.push(Problem::new(
                place,
                "the file is too large; nothing is read from here on",
            ));
            return Ok(None);
        }
    }
    Ok(if reader.fill_buf()?.is_empty() {
        None
    } else {
        Some(at)
    })
}

/// Passes over the rest of a line; how many bytes that were.
fn skip_line(reader: &mut impl BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = reader.fill_buf()?;
        let (length, ended) = match memchr::memchr(b'\n', buffer) {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(length);
        skipped += length as u64;
        if ended {
            return Ok(skipped);
        }
    }
}

/// All bytes; an error if there are more than `most`.
fn read_all(reader: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!(
            "it is larger than {} MB",
            most >> 20
        )));
    }
    Ok(bytes)
}

/// The bytes, unpacked if they are packed.
fn unpacked<'r>(reader: impl Read + 'r) -> io::Result<Box<dyn Read + 'r>> {
    let mut reader = BufReader::new(reader);
    Ok(if reader.fill_buf()?.starts_with(b"\x1F\x8B") {
        Box::new(MultiGzDecoder::new(reader))
    } else {
        Box::new(reader)
    })
}

fn hash_of(path: &Path) -> io::Result<String> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut hasher = Sha256::new();
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            break;
        }
        hasher.update(buffer);
        let length = buffer.len();
        reader.consume(length);
    }
    Ok(hasher
        .finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_input_may_hold_anything() {
        let id = SourceId::new("input").unwrap();
        let read =
            |bytes: &[u8]| read_stream(bytes, 100, &id).map(|contents| contents.drafts.len());
        assert_eq!(read(b"{\"title\": \"A\"}\n{\"title\": \"B\"}").unwrap(), 2);
        assert_eq!(
            read(b"<rss><item><title>A</title></item></rss>").unwrap(),
            1
        );
        assert_eq!(read(b"  \n").unwrap(), 0);
        let error = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        assert_eq!(error(b"<html>"), "the document is a web page, not a feed");
        assert_eq!(
            error(&[b' '; 101]),
            "standard input cannot be read: it is larger than 0 MB"
        );
        assert!(error(b"\x1F\x8Bnot gzip").starts_with("standard input cannot be read"));
    }
}
