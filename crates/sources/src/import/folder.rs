//! The files to import: those named, and those of folders that are named as
//! their format is. Links inside folders are not followed: they may lead in
//! circles, or out.

use std::fs;
use std::path::{Path, PathBuf};

use super::Format;
use crate::Problem;

/// The CVE list is five folders deep.
const DEEPEST: usize = 16;
/// The CVE list has 300,000 files, OSV twice that.
const MOST_FILES: usize = 4_000_000;

/// A file to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it lies.
    pub path: PathBuf,
    /// Its size when it was found, in bytes.
    pub size: u64,
}

/// The files at these paths, folders in the order of their names; and what of it
/// cannot be read.
#[must_use]
pub fn find(format: Format, paths: &[PathBuf]) -> (Vec<Found>, Vec<Problem>) {
    let mut files = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let before = files.len();
                walk(format, path, 0, &mut files, &mut problems);
                if files.len() == before && problems.is_empty() {
                    problems.push(Problem::new(
                        path.display().to_string(),
                        "the folder holds no file of this format",
                    ));
                }
            }
            Ok(metadata) if metadata.is_file() => files.push(Found {
                path: path.clone(),
                size: metadata.len(),
            }),
            Ok(_) => problems.push(Problem::new(
                path.display().to_string(),
                "it is neither a file nor a folder",
            )),
            Err(error) => {
                problems.push(Problem::new(path.display().to_string(), error.to_string()))
            }
        }
    }
    (files, problems)
}

fn walk(
    format: Format,
    folder: &Path,
    depth: usize,
    files: &mut Vec<Found>,
    problems: &mut Vec<Problem>,
) {
    let mut problem = |path: &Path, why: String| {
        problems.push(Problem::new(path.display().to_string(), why));
    };
    let entries: Result<Vec<_>, _> = fs::read_dir(folder).and_then(Iterator::collect);
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => return problem(folder, error.to_string()),
    };
    if depth >= DEEPEST {
        return problem(folder, "it lies too deep".to_owned());
    }
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        // Without following links.
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => walk(format, &path, depth + 1, files, problems),
            Ok(metadata) if metadata.is_file() => {
                let wanted = format.is_named(&name) || name.to_ascii_lowercase().ends_with(".zip");
                if wanted && files.len() < MOST_FILES {
                    let size = metadata.len();
                    files.push(Found { path, size });
                }
            }
            Ok(_) => {}
            Err(error) => {
                problems.push(Problem::new(path.display().to_string(), error.to_string()))
            }
        }
    }
}
