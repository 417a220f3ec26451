//! Files as they lie on the disk, unpacked while they are read: plain, gzip, and
//! zip with a zip inside, as the CVE list is released.
//!
//! What surprised us: the release of the CVE list is a zip that holds `cves.zip`.
//! A zip is read from its end, so the inner one is unpacked into a file without a
//! name first. Nothing is ever written under a name that stands in an archive.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use super::folder::Found;
use super::records::Broken;
use super::{Format, Taker};
use crate::{Problem, answer};

/// JSON of CVEs shrinks to a tenth; what unpacks to a hundred times its size was
/// made to fill memory or time.
const MOST_GROWTH: u64 = 100;
/// Small files may grow more.
const ALWAYS_ALLOWED: u64 = 64 << 20;
/// OSV has some 500,000 records.
const MOST_ENTRIES: usize = 4_000_000;

/// Reads a file, whatever it is packed in.
pub(super) fn open(taker: &mut Taker<'_>, found: &Found) -> Result<(), Broken> {
    let start = taker.position.get();
    let left = Rc::new(Cell::new(
        found.size.saturating_mul(MOST_GROWTH).max(ALWAYS_ALLOWED),
    ));
    let mut file = File::open(&found.path)?;
    let mut magic = [0; 4];
    let length = (&mut file).take(4).read(&mut magic)?;
    file.rewind()?;
    let magic = magic.get(..length).unwrap_or_default();
    if magic.starts_with(b"PK") {
        let end = start + found.size;
        return zip(taker, file, &left, (start, end), false);
    }
    let counted = Counted {
        inner: file,
        position: Rc::clone(&taker.position),
    };
    let mut reader = BufReader::with_capacity(256 << 10, counted);
    plain_or_gzip(taker, &mut reader, &left)
}

/// Reads a document that may be gzipped.
fn plain_or_gzip(
    taker: &mut Taker<'_>,
    reader: &mut dyn BufRead,
    left: &Rc<Cell<u64>>,
) -> Result<(), Broken> {
    // Nothing else that is read here begins so, and a first look may see one byte.
    if reader.fill_buf()?.first() == Some(&b'\x1f') {
        let unpacked = Metered {
            inner: MultiGzDecoder::new(reader),
            left: Rc::clone(left),
        };
        taker.document(&mut BufReader::with_capacity(256 << 10, unpacked))
    } else {
        taker.document(reader)
    }
}

/// Reads the documents of a zip; `span` is where its file begins and ends among
/// the bytes of all.
fn zip<R: Read + Seek>(
    taker: &mut Taker<'_>,
    file: R,
    left: &Rc<Cell<u64>>,
    span: (u64, u64),
    is_inner: bool,
) -> Result<(), Broken> {
    let mut archive = ZipArchive::new(BufReader::new(file))
        .map_err(|error| Broken::Document(format!("its list of files cannot be read: {error}")))?;
    let count = archive.len();
    if count > MOST_ENTRIES {
        return Err(Broken::Document("it holds too many files".to_owned()));
    }
    let outer = taker.place.clone();
    let at = |index: usize| span.0 + (span.1 - span.0) * index as u64 / count.max(1) as u64;
    let mut read = 0;
    for index in 0..count {
        taker.position.set(at(index));
        let mut entry = match archive.by_index(index) {
            Ok(entry) => entry,
            Err(error) => {
                taker.problem(&Problem::new(
                    format!("file {}", index + 1),
                    error.to_string(),
                ));
                continue;
            }
        };
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let nested = name.to_ascii_lowercase().ends_with(".zip");
        if entry.is_dir() || entry.is_symlink() || !(nested || taker.job.format.is_named(&name)) {
            continue;
        }
        let is_malware = taker.job.format == Format::Osv
            && name
                .rsplit('/')
                .next()
                .is_some_and(|name| name.starts_with("MAL-"));
        if is_malware && !taker.job.malware {
            taker.part.left_out += 1;
            read += 1;
            taker.gave = true;
            continue;
        }
        read += 1;
        taker.place = format!("{outer}: {}", answer::one_line(&name));
        let mut unpacked = Metered {
            inner: &mut entry,
            left: Rc::clone(left),
        };
        let result = if nested && is_inner {
            Err(Broken::Document("it lies too deep".to_owned()))
        } else if nested {
            unpack(&mut unpacked)
                .and_then(|file| zip(taker, file, left, (at(index), at(index + 1)), true))
        } else {
            let mut reader = BufReader::with_capacity(64 << 10, unpacked);
            plain_or_gzip(taker, &mut reader, left)
        };
        match result {
            Ok(()) => {}
            Err(Broken::Document(why)) if left.get() > 0 => {
                taker.problem(&Problem::new("file", why));
                taker.flush_if_full()?;
            }
            Err(broken) => return Err(broken),
        }
        taker.place.clone_from(&outer);
    }
    if read == 0 {
        return Err(Broken::Document(
            "it holds no file of this format".to_owned(),
        ));
    }
    Ok(())
}

/// Unpacks into a file that has no name, and that goes when it is closed.
fn unpack(packed: &mut dyn Read) -> Result<File, Broken> {
    let mut file = tempfile::tempfile()?;
    io::copy(packed, &mut file)?;
    file.rewind()?;
    Ok(file)
}

/// Counts the bytes read of a file.
struct Counted<R> {
    inner: R,
    position: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.position.set(self.position.get() + length as u64);
        Ok(length)
    }
}

/// Stops what unpacks to far more than it was.
struct Metered<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        let left = self.left.get().saturating_sub(length as u64);
        self.left.set(left);
        if left == 0 && length > 0 {
            return Err(io::Error::other(format!(
                "it unpacks to more than {MOST_GROWTH} times its size"
            )));
        }
        Ok(length)
    }
}
