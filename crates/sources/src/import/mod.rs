//! History from files, at the speed of the disk: what NVD, the CVE list and the
//! others offer as downloads, read by the parsers of their kinds.
//!
//! Whatever a file's size, one record and one part of 2,000 statements are held
//! at a time. What surprised us: a part must reach over the ends of files, because
//! the CVE list is 300,000 files of one record each. A file is known again by the
//! hash of its bytes, so that an import that was interrupted goes on where a file
//! began; what is read twice repeats nothing in the store.

mod archive;
mod folder;
mod records;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::File as OpenFile;
use std::io::{self, BufRead, Read};
use std::path::Path;
use std::rc::Rc;

use model::{Item, SourceId, Statement, Timestamp};
use sha2::{Digest, Sha256};

use crate::file::contents::Format as FileFormat;
use crate::{Problem, answer, cisa_kev, cve_list, epss, ghsa, nvd, osv};
pub use folder::{Found, find};
use records::{Broken, Cut, each_line, each_record};

/// The longest record that is read: those of kernel flaws have some megabytes.
const LONGEST_RECORD: usize = 16 << 20;
/// The longest line of JSON Lines, as for the source `file`.
const LONGEST_LINE: usize = 1 << 20;
/// A row of EPSS has 40 bytes.
const LONGEST_ROW: usize = 4 << 10;
/// CISA's catalogue has 2 MB, and is read whole.
const LARGEST_CATALOGUE: u64 = 64 << 20;
/// Statements and items of a part.
const PART: usize = 2_000;
/// A part ends also after so many bytes of records.
const PART_BYTES: usize = 16 << 20;
/// Problems a part tells one by one; the others are counted.
const PROBLEMS_TOLD: usize = 100;

/// What the files hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// NVD's JSON 2.0: yearly files, or pages of its API.
    Nvd,
    /// Records of the CVE list.
    CveList,
    /// CISA's catalogue of known exploited vulnerabilities.
    Kev,
    /// A table of EPSS.
    Epss,
    /// GitHub's advisories, as its repository or its interface writes them.
    Ghsa,
    /// Records of OSV.
    Osv,
    /// One item a line.
    JsonLines,
}

impl Format {
    /// The name of the source in the shipped catalogue whose history this is.
    #[must_use]
    pub const fn source(self) -> &'static str {
        match self {
            Self::Nvd => "nvd",
            Self::CveList => "cve-list",
            Self::Kev => "cisa-kev",
            Self::Epss => "epss",
            Self::Ghsa => "ghsa",
            Self::Osv => "osv",
            Self::JsonLines => "file",
        }
    }

    /// Whether a file of this name, found in a folder or an archive, holds it.
    fn is_named(self, name: &str) -> bool {
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        if name.starts_with('.') {
            return false;
        }
        let lower = name.to_ascii_lowercase();
        let bare = lower.strip_suffix(".gz").unwrap_or(&lower);
        match self {
            Self::Nvd | Self::Kev | Self::Ghsa | Self::Osv => bare.ends_with(".json"),
            // Beside the records lie logs of changes.
            Self::CveList => bare.ends_with(".json") && bare.starts_with("cve-"),
            Self::Epss => bare.ends_with(".csv"),
            Self::JsonLines => [".jsonl", ".ndjson"].iter().any(|end| bare.ends_with(end)),
        }
    }
}

/// What is imported.
#[derive(Debug, Clone)]
pub struct Job {
    /// What the files hold.
    pub format: Format,
    /// Whose history it is.
    pub source: SourceId,
    /// The time of reading, for items.
    pub at: Timestamp,
    /// Whether OSV's records of malicious packages are read, too.
    pub malware: bool,
}

/// A part of what the files hold.
#[derive(Debug, Default)]
pub struct Part {
    /// What they say of CVEs.
    pub statements: Vec<Statement>,
    /// Items: records of no CVE, lines.
    pub items: Vec<Item>,
    /// What could not be read, each with its file.
    pub problems: Vec<Problem>,
    /// Problems beyond those.
    pub untold: u64,
    /// Records left out because they were not asked for.
    pub left_out: u64,
    /// Names of the contents of files that end in this part: see [`read`].
    pub finished: Vec<String>,
    /// Files that end in this part.
    pub files: u64,
    /// Files that were known already.
    pub skipped: u64,
    /// Files of which nothing could be had, or not all.
    pub failed: u64,
    /// Bytes of the files up to here.
    pub done: u64,
}

/// Reads files in their order, and gives what they hold in parts until `give`
/// answers false. A file whose content has a name among `known` is left out.
pub fn read(
    job: &Job,
    files: &[Found],
    known: &BTreeSet<String>,
    give: &mut dyn FnMut(Part) -> bool,
) {
    let mut taker = Taker {
        job,
        part: Part::default(),
        weight: 0,
        gave: false,
        met: false,
        place: String::new(),
        position: Rc::new(Cell::new(0)),
        give,
    };
    let mut before = 0;
    for file in files {
        if taker.file(file, known).is_err() {
            return;
        }
        before += file.size;
        taker.position.set(before);
    }
    // What is left; nobody is there any more if it is not wanted.
    let _ = taker.flush();
}

/// Takes what parsers give, and passes it on in parts.
struct Taker<'a> {
    job: &'a Job,
    part: Part,
    /// Bytes of records in this part.
    weight: usize,
    /// Whether the file gave anything, and whether it met a problem.
    gave: bool,
    met: bool,
    /// The document that is being read.
    place: String,
    /// Bytes of the files up to here.
    position: Rc<Cell<u64>>,
    give: &'a mut dyn FnMut(Part) -> bool,
}

impl Taker<'_> {
    fn file(&mut self, file: &Found, known: &BTreeSet<String>) -> Result<(), Broken> {
        self.place = file.path.display().to_string();
        (self.gave, self.met) = (false, false);
        let result = match name_of(self.job.format, &file.path) {
            Ok(name) if known.contains(&name) => {
                self.part.skipped += 1;
                self.position.set(self.position.get() + file.size);
                return self.flush_if_full();
            }
            Ok(name) => archive::open(self, file).map(|()| name),
            Err(error) => Err(error.into()),
        };
        match result {
            Ok(name) if self.gave || !self.met => {
                self.part.files += 1;
                self.part.finished.push(name);
            }
            Ok(_) => self.part.failed += 1,
            Err(Broken::Stopped) => return Err(Broken::Stopped),
            Err(Broken::Document(why)) => {
                self.part.failed += 1;
                self.problem(&Problem::new("file", why));
            }
        }
        self.flush_if_full()
    }

    /// Reads a document that is unpacked already.
    fn document(&mut self, reader: &mut dyn BufRead) -> Result<(), Broken> {
        match self.job.format {
            Format::Kev => self.catalogue(reader),
            Format::Epss => self.table(reader),
            Format::JsonLines => each_line(reader, LONGEST_LINE, &mut |number, cut| {
                self.record("line", number, &cut)
            }),
            Format::Nvd => self.list(reader, &["vulnerabilities", "cve_items"]),
            Format::CveList | Format::Osv | Format::Ghsa => self.list(reader, &[]),
        }
    }

    fn list(&mut self, reader: &mut dyn BufRead, lists: &[&str]) -> Result<(), Broken> {
        let mut number = 0;
        each_record(reader, lists, LONGEST_RECORD, &mut |cut| {
            number += 1;
            self.record("record", number, &cut)
        })
    }

    fn record(&mut self, word: &str, number: usize, cut: &Cut<'_>) -> Result<(), Broken> {
        let place = format!("{word} {number}");
        let Cut::Whole(record) = cut else {
            self.problem(&Problem::new(place, "it is too long"));
            return self.flush_if_full();
        };
        self.weight += record.len();
        let problems = match self.parse(record) {
            Ok(problems) => problems,
            Err(error) => vec![Problem::new(place.clone(), error.to_string())],
        };
        for mut problem in problems {
            // The parser saw one record; which one of all is known here.
            let nameless = problem.place == "document"
                || problem
                    .place
                    .strip_suffix(" 1")
                    .is_some_and(|word| ["record", "line", "advisory"].contains(&word));
            if nameless {
                problem.place.clone_from(&place);
            }
            self.problem(&problem);
        }
        self.flush_if_full()
    }

    /// Takes what a record says; gives what in it could not be read.
    fn parse(&mut self, record: &[u8]) -> Result<Vec<Problem>, crate::SourceError> {
        let Job {
            source,
            at,
            malware,
            ..
        } = self.job;
        Ok(match self.job.format {
            Format::Nvd => {
                let (_, parsed) = nvd::parse(record, source);
                self.take(parsed.entries, Vec::new());
                parsed.problems
            }
            Format::CveList => {
                let parsed = cve_list::parse(record, source);
                self.take(parsed.entries, Vec::new());
                parsed.problems
            }
            Format::Ghsa if is_of_interface(record) => {
                let read = ghsa::parse(record, source, false, *at)?;
                for advisory in read.advisories {
                    match advisory {
                        ghsa::Advisory::OfCve(statement) => self.take(vec![*statement], Vec::new()),
                        ghsa::Advisory::Alone(item) => self.take(Vec::new(), vec![*item]),
                    }
                }
                read.problems
            }
            Format::Ghsa | Format::Osv => {
                let read = osv::parse(record, source, *at)?;
                if read.id.starts_with("MAL-") && !malware {
                    self.part.left_out += 1;
                    self.gave = true;
                    return Ok(Vec::new());
                }
                self.take(read.statements, read.item.into_iter().collect());
                read.problems
            }
            Format::JsonLines => {
                let read = FileFormat::JsonLines.read(record, None, "", source)?;
                let items = read.drafts.into_iter();
                self.take(
                    Vec::new(),
                    items.map(|draft| Item::new(source, draft, *at)).collect(),
                );
                read.problems
            }
            // They are read by the document.
            Format::Kev | Format::Epss => Vec::new(),
        })
    }

    fn catalogue(&mut self, reader: &mut dyn BufRead) -> Result<(), Broken> {
        let mut bytes = Vec::new();
        reader.take(LARGEST_CATALOGUE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST_CATALOGUE {
            return Err(Broken::Document("it is too large".to_owned()));
        }
        let (catalogue, parsed) = cisa_kev::parse(&bytes, &self.job.source);
        if let Some(broken) = catalogue.broken {
            return Err(Broken::Document(format!(
                "it is not CISA's catalogue: {broken}"
            )));
        }
        for problem in parsed.problems {
            self.problem(&problem);
        }
        // CISA puts the newest on top; ours go oldest first.
        for entry in parsed.entries.into_iter().rev() {
            self.take(vec![entry.statement], Vec::new());
            self.flush_if_full()?;
        }
        Ok(())
    }

    /// Reads a table in parts, each under the table's head.
    fn table(&mut self, reader: &mut dyn BufRead) -> Result<(), Broken> {
        let mut head = Vec::new();
        let mut headed = false;
        let mut rows = Vec::new();
        let mut count = 0;
        let source = self.job.source.clone();
        each_line(reader, LONGEST_ROW, &mut |number, cut| {
            match cut {
                Cut::TooLong => {
                    self.problem(&Problem::new(format!("line {number}"), "it is too long"));
                    return Ok(());
                }
                Cut::Whole(line) if !headed => {
                    head.extend_from_slice(line);
                    headed = !line.trim_ascii_start().starts_with(b"#");
                    if head.len() > LONGEST_ROW * 4 {
                        return Err(Broken::Document("it is no table of EPSS".to_owned()));
                    }
                    return Ok(());
                }
                Cut::Whole(line) => {
                    rows.extend_from_slice(line);
                    count += 1;
                }
            }
            if count < PART {
                return Ok(());
            }
            count = 0;
            self.rows(&head, &mut rows, &source)
        })?;
        if rows.is_empty() && self.gave {
            return Ok(());
        }
        self.rows(&head, &mut rows, &source)
    }

    fn rows(&mut self, head: &[u8], rows: &mut Vec<u8>, source: &SourceId) -> Result<(), Broken> {
        let table = [head, rows.as_slice()].concat();
        rows.clear();
        let (_, _, parsed) =
            epss::parse(&table, source).map_err(|error| Broken::Document(error.to_string()))?;
        for problem in parsed.problems {
            self.problem(&problem);
        }
        self.weight += table.len();
        self.take(parsed.entries, Vec::new());
        self.flush_if_full()
    }

    fn take(&mut self, statements: Vec<Statement>, items: Vec<Item>) {
        self.gave |= !statements.is_empty() || !items.is_empty();
        self.part.statements.extend(statements);
        self.part.items.extend(items);
    }

    fn problem(&mut self, problem: &Problem) {
        self.met = true;
        if self.part.problems.len() < PROBLEMS_TOLD {
            self.part.problems.push(Problem::new(
                format!("{}: {}", self.place, problem.place),
                answer::one_line(&problem.reason),
            ));
        } else {
            self.part.untold += 1;
        }
    }

    fn flush_if_full(&mut self) -> Result<(), Broken> {
        let held = self.part.statements.len() + self.part.items.len();
        if held >= PART || self.weight >= PART_BYTES {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn flush(&mut self) -> Result<(), Broken> {
        let mut part = std::mem::take(&mut self.part);
        part.done = self.position.get();
        self.weight = 0;
        if (self.give)(part) {
            Ok(())
        } else {
            Err(Broken::Stopped)
        }
    }
}

/// Whether a record is as GitHub's interfaces write it; its repository writes OSV.
fn is_of_interface(record: &[u8]) -> bool {
    [b"\"ghsa_id\"".as_slice(), b"\"ghsaId\""]
        .iter()
        .any(|key| memchr::memmem::find(record, key).is_some())
}

/// What the content of a file is called: a hash of its bytes as they lie there,
/// and of what they are read as.
fn name_of(format: Format, path: &Path) -> io::Result<String> {
    let mut file = OpenFile::open(path)?;
    let mut hasher = Sha256::new();
    hasher.update(format.source());
    hasher.update([0]);
    let mut buffer = vec![0; 128 << 10];
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        hasher.update(buffer.get(..length).unwrap_or_default());
    }
    let whole: [u8; 32] = hasher.finalize().into();
    Ok(whole
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
