//! Files: a folder that others drop documents into, one file, or standard input.
//!
//! What a file is is told from its content (`contents`): feed documents, JSON
//! Lines, NVD's and CISA's JSON, each also gzipped. One poll reads a few
//! files, and of a long JSON Lines file one stretch, so that memory stays bounded. The cursor
//! knows size, modification time and hash of what was read: an unchanged file
//! costs a look at its folder, one that was only touched costs its hash. What
//! surprised us: a file may still be written when we see it; its time and size
//! change again, and it is read again.

pub(crate) mod contents;
mod folder;
mod lines;
mod reading;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use model::{Clock, Cursor, Document, Item, SourceId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Polled, Problem, Reread, Source, SourceError, Tools};
use contents::{Contents, Format};
use folder::{Found, Listing};
use reading::{Trouble, read_file, read_stream};

/// Lines of JSON taken in one poll; a poll begins no other file after so many
/// items.
const LINES_AT_ONCE: usize = 2_000;
/// Bytes of JSON Lines taken in one poll; a poll begins no other file after so
/// many bytes.
const BYTES_AT_ONCE: u64 = 16 << 20;

/// A folder, a file or standard input.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// A file, a folder, or `-` for standard input. Of a folder all files are
    /// read that are not hidden, those of its folders too.
    pub path: PathBuf,
    /// Whether what is there at the first reading is history, which never alerts.
    #[serde(default = "yes")]
    pub history: bool,
    /// Largest file that is read, in megabytes, counted after decompression.
    #[serde(default = "default_max_file_mb")]
    pub max_file_mb: u64,
}

const fn yes() -> bool {
    true
}

const fn default_max_file_mb() -> u64 {
    256
}

/// The files of one config.
pub struct Files {
    id: SourceId,
    config: Config,
    clock: Arc<dyn Clock>,
    /// Standard input can be read once in the life of a process.
    input_taken: AtomicBool,
}

impl Files {
    /// The files of this config, under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            clock: Arc::clone(&tools.clock),
            input_taken: AtomicBool::new(false),
        }
    }
}

/// What the cursor keeps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Note {
    /// By name within the folder.
    files: std::collections::BTreeMap<String, Seen>,
    /// Whether everything was read once.
    loaded: bool,
}

/// A file that was read, or is being read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// As it was found.
    found: Found,
    /// SHA-256 of its bytes as they lie there.
    hash: String,
    /// How far a long file has been read; none when it has been read whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reading: Option<Mark>,
}

/// A place between two lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// Bytes before it, decompressed.
    bytes: u64,
    /// Lines before it.
    lines: usize,
}

#[async_trait]
impl Source for Files {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let note: Note = since.note();
        let now = self.clock.now();
        if self.config.path.as_os_str() == "-" {
            return self.poll_input(note, now).await;
        }
        let (id, config) = (self.id.clone(), self.config.clone());
        blocking(move || poll_files(&id, &config, note, now)).await
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        let (bytes, content_type) = (&document.bytes, document.content_type.as_deref());
        let contents = Format::of(bytes).read(bytes, content_type, &document.url, &self.id)?;
        let mut reread = Reread::of(&self.id, contents.drafts, at, contents.problems);
        reread.statements = contents.statements;
        Ok(reread)
    }
}

impl Files {
    async fn poll_input(&self, mut note: Note, now: Timestamp) -> Result<Polled, SourceError> {
        let first_load = self.config.history && !note.loaded;
        let mut polled = Polled {
            checkpoint: true,
            first_load,
            ..Polled::default()
        };
        if !self.input_taken.swap(true, Ordering::SeqCst) {
            let (id, most) = (self.id.clone(), max_bytes(&self.config));
            let contents = blocking(move || read_stream(io::stdin().lock(), most, &id)).await?;
            add(contents, &self.id, "standard input", now, &mut polled);
        }
        note.loaded = true;
        polled.cursor = Cursor::of(&note);
        Ok(polled)
    }
}

/// Runs what reads files where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(SourceError::Nonsense(format!(
            "reading was broken off: {error}"
        ))),
    }
}

/// Reads files that are new or changed, as many as one poll takes.
fn poll_files(
    id: &SourceId,
    config: &Config,
    mut note: Note,
    now: Timestamp,
) -> Result<Polled, SourceError> {
    let Listing {
        files,
        problems,
        alone,
    } = folder::list(&config.path)
        .map_err(|error| unreadable(&config.path.display().to_string(), &error))?;
    let mut polled = Polled {
        problems,
        checkpoint: true,
        first_load: config.history && !note.loaded,
        ..Polled::default()
    };
    // What is gone from the folder is forgotten.
    note.files
        .retain(|name, _| files.iter().any(|(known, _, _)| known == name));
    let mut bytes_read = 0_u64;
    for (name, path, found) in files {
        let seen = note.files.get(&name);
        if seen.is_some_and(|seen| seen.found == found && seen.reading.is_none()) {
            continue;
        }
        if bytes_read >= BYTES_AT_ONCE
            || polled.items.len() + polled.statements.len() >= LINES_AT_ONCE
        {
            polled.more = true;
            break;
        }
        if found.size > max_bytes(config) {
            polled.problems.push(Problem::new(
                &name,
                format!("it is larger than {} MB", config.max_file_mb),
            ));
            note.files.insert(name, given_up(found));
            continue;
        }
        bytes_read = bytes_read.saturating_add(found.size);
        match read_file(id, config, &path, seen, found) {
            // Touched, and yet the same.
            Ok(None) => {
                if let Some(seen) = note.files.get_mut(&name) {
                    seen.found = found;
                }
            }
            Ok(Some((contents, seen))) => {
                polled.more = seen.reading.is_some();
                add(contents, id, &name, now, &mut polled);
                note.files.insert(name, seen);
                if polled.more {
                    break;
                }
            }
            Err(Trouble::Unreadable(error)) if alone => return Err(unreadable(&name, &error)),
            // Broken or too large: not opened again before it changes.
            Err(Trouble::Unreadable(error)) if is_of_content(&error) => {
                polled.problems.push(Problem::new(&name, error.to_string()));
                note.files.insert(name, given_up(found));
            }
            // Tried again at the next poll: it may be a matter of permissions.
            Err(Trouble::Unreadable(error)) => {
                polled.problems.push(Problem::new(name, error.to_string()))
            }
            Err(Trouble::Nonsense(error)) if alone => return Err(error),
            Err(Trouble::Nonsense(error)) => {
                polled.problems.push(Problem::new(&name, error.to_string()));
                note.files.insert(name, given_up(found));
            }
        }
    }
    note.loaded |= !polled.more;
    polled.cursor = Cursor::of(&note);
    Ok(polled)
}

/// A file of which nothing could be had.
const fn given_up(found: Found) -> Seen {
    Seen {
        found,
        hash: String::new(),
        reading: None,
    }
}

/// Whether an error lies in what the file holds, and not in reaching it.
fn is_of_content(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    matches!(
        error.kind(),
        InvalidData | InvalidInput | Other | UnexpectedEof
    )
}

const fn max_bytes(config: &Config) -> u64 {
    config.max_file_mb.saturating_mul(1 << 20)
}

fn unreadable(what: &str, error: &io::Error) -> SourceError {
    SourceError::Nonsense(format!("{what} cannot be read: {error}"))
}

/// Adds what a document gave, its problems under the document's name.
fn add(contents: Contents, id: &SourceId, name: &str, now: Timestamp, polled: &mut Polled) {
    polled.items.extend(
        contents
            .drafts
            .into_iter()
            .map(|draft| Item::new(id, draft, now)),
    );
    polled.statements.extend(contents.statements);
    let named =
        |problem: Problem| Problem::new(format!("{name}: {}", problem.place), problem.reason);
    polled
        .problems
        .extend(contents.problems.into_iter().map(named));
}
