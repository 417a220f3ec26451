//! What lies in a folder, without leaving it.
//!
//! Links to folders are not followed, links to files only inside the folder, so
//! that whoever may write there cannot make us read what they may not. Hidden
//! files are left alone: that is where programs keep what is not finished.

use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Problem;

/// Entries of a folder, its folders included, that are looked at.
const MOST_ENTRIES: usize = 10_000;
/// Folders in folders that are looked into.
const DEEPEST: usize = 8;

/// How a file was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Found {
    /// In bytes, as it lies there.
    pub(super) size: u64,
    /// When it was last written.
    pub(super) modified: Option<Timestamp>,
}

/// What there is to read.
pub(super) struct Listing {
    /// Names within the folder, in their order, and where they lie.
    pub(super) files: Vec<(String, PathBuf, Found)>,
    /// What is left out.
    pub(super) problems: Vec<Problem>,
    /// Whether the path is one file.
    pub(super) alone: bool,
}

/// What lies at `path`, a file or a folder.
pub(super) fn list(path: &Path) -> io::Result<Listing> {
    let whole = fs::canonicalize(path)?;
    let metadata = fs::metadata(&whole)?;
    let mut listing = Listing {
        files: Vec::new(),
        problems: Vec::new(),
        alone: metadata.is_file(),
    };
    if listing.alone {
        let name = path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy()
            .into_owned();
        listing.files.push((name, whole, found(&metadata)));
        return Ok(listing);
    }
    if !metadata.is_dir() {
        return Err(io::Error::other("it is neither a file nor a folder"));
    }
    let (mut folders, mut looked_at) = (vec![(whole.clone(), 0)], 0_usize);
    while let Some((folder, depth)) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if depth == 0 => return Err(error),
            Err(error) => {
                listing
                    .problems
                    .push(Problem::new(name(&whole, &folder), error.to_string()));
                continue;
            }
        };
        for entry in entries {
            looked_at += 1;
            if looked_at > MOST_ENTRIES {
                listing.problems.push(Problem::new(
                    "folder",
                    format!("it holds more than {MOST_ENTRIES} entries; the rest is left out"),
                ));
                folders.clear();
                break;
            }
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            match look_at(&entry, &whole) {
                Ok(Some(Kind::Folder)) if depth < DEEPEST => {
                    folders.push((entry.path(), depth + 1))
                }
                Ok(Some(Kind::File(found))) => {
                    listing
                        .files
                        .push((name(&whole, &entry.path()), entry.path(), found))
                }
                Ok(_) => {}
                Err(error) => listing
                    .problems
                    .push(Problem::new(name(&whole, &entry.path()), error.to_string())),
            }
        }
    }
    listing.files.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    Ok(listing)
}

enum Kind {
    Folder,
    File(Found),
}

/// What an entry is; none if it is nothing to read.
fn look_at(entry: &DirEntry, root: &Path) -> io::Result<Option<Kind>> {
    let kind = entry.file_type()?;
    if kind.is_dir() {
        return Ok(Some(Kind::Folder));
    }
    if kind.is_file() {
        return Ok(Some(Kind::File(found(&entry.metadata()?))));
    }
    if kind.is_symlink() {
        let target = fs::canonicalize(entry.path())?;
        let metadata = fs::metadata(&target)?;
        if !target.starts_with(root) {
            return Err(io::Error::other("it is a link out of the folder"));
        }
        if metadata.is_file() {
            return Ok(Some(Kind::File(found(&metadata))));
        }
    }
    Ok(None)
}

fn found(metadata: &Metadata) -> Found {
    let modified = metadata
        .modified()
        .ok()
        .and_then(|at| Timestamp::try_from(at).ok());
    Found {
        size: metadata.len(),
        modified,
    }
}

/// The name of a path within `root`.
fn name(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .to_string_lossy()
        .into_owned()
}
