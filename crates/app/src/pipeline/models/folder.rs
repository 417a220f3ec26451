//! Model files on disk: `models/TASK-VERSION.bin` in the data folder. A version is
//! the beginning of the file's SHA-256, so a file that was changed is no longer the
//! one of its name.

use std::io::Write;
use std::path::{Path, PathBuf};

use model::{Task, hash};
use understand::Models;
use understand::weights::{Header, Weights};

/// Shipped files together have at most this; no single one needs more.
const LARGEST: u64 = 12_000_000;

/// Hexadecimal digits of a version.
const DIGITS: usize = 16;

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

/// A model file that was read and proved.
#[derive(Debug, Clone)]
pub(super) struct Proved {
    pub(super) bytes: Vec<u8>,
    pub(super) header: Header,
}

impl Folder {
    pub(super) fn of(data_dir: &Path) -> Self {
        Self(data_dir.join("models"))
    }

    fn path(&self, task: Task, version: &str) -> PathBuf {
        self.0.join(format!("{task}-{version}.bin"))
    }

    /// Reads a version of a task's model, or says what is wrong with it.
    pub(super) fn read(&self, task: Task, version: &str) -> Result<Proved, String> {
        if !is_version(version) {
            return Err(format!("`{version}` is no version of a model"));
        }
        let path = self.path(task, version);
        let name = path.display();
        let bytes = read_file(&path).map_err(|what| format!("{name}: {what}"))?;
        if version_of(&bytes) != version {
            return Err(format!("{name}: it was changed since it was written"));
        }
        let proved = prove(bytes).map_err(|what| format!("{name}: {what}"))?;
        if proved.header.task == task.as_str() {
            Ok(proved)
        } else {
            Err(format!("{name}: it decides {}", proved.header.task))
        }
    }

    /// Writes a model file, whole or not at all, and gives its version.
    pub(super) fn write(&self, task: Task, bytes: &[u8]) -> Result<String, String> {
        let version = version_of(bytes);
        write_whole(&self.path(task, &version), bytes)?;
        Ok(version)
    }

    /// Versions of a task's model, those written last first.
    pub(super) fn versions(&self, task: Task) -> Vec<String> {
        let Ok(files) = std::fs::read_dir(&self.0) else {
            return Vec::new();
        };
        let mut found: Vec<(std::time::SystemTime, String)> = files
            .filter_map(|file| {
                let file = file.ok()?;
                let name = file.file_name();
                let version = name
                    .to_str()?
                    .strip_prefix(task.as_str())?
                    .strip_prefix('-')?
                    .strip_suffix(".bin")?
                    .to_owned();
                let written = file.metadata().ok()?.modified().ok()?;
                is_version(&version).then_some((written, version))
            })
            .collect();
        found.sort_by(|a, b| b.cmp(a));
        found.into_iter().map(|(_, version)| version).collect()
    }

    /// Takes a version away. What cannot be taken away stays and harms nobody.
    pub(super) fn remove(&self, task: Task, version: &str) {
        if is_version(version) {
            let _ = std::fs::remove_file(self.path(task, version));
        }
    }
}

/// Reads a model file of any name.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let size = std::fs::metadata(path)
        .map_err(|error| format!("it cannot be read: {error}"))?
        .len();
    if size > LARGEST {
        return Err(format!(
            "it has {size} bytes; a model has at most {LARGEST}"
        ));
    }
    std::fs::read(path).map_err(|error| format!("it cannot be read: {error}"))
}

/// Proves that the pipeline can use these bytes.
pub(super) fn prove(bytes: Vec<u8>) -> Result<Proved, String> {
    if bytes.len() as u64 > LARGEST {
        return Err(format!("it has more than {LARGEST} bytes"));
    }
    Models::default()
        .with(bytes.clone())
        .map_err(|error| error.to_string())?;
    let weights = Weights::open(bytes.clone()).map_err(|error| error.to_string())?;
    Ok(Proved {
        header: weights.header().clone(),
        bytes,
    })
}

/// The name of a file's content.
pub(super) fn version_of(bytes: &[u8]) -> String {
    let hash = hash::sha256(&[bytes]);
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.chars().take(DIGITS).collect()
}

fn is_version(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Writes a file beside its place and moves it there.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_proved_before_it_is_used() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::of(place.path());
        let shipped = Models::shipped_file("severity").unwrap();
        let version = folder.write(Task::Severity, shipped).unwrap();
        assert_eq!(folder.versions(Task::Severity), [version.as_str()]);
        assert_eq!(
            folder.read(Task::Severity, &version).unwrap().bytes,
            shipped
        );

        let says = |task: Task, version: &str| folder.read(task, version).unwrap_err();
        assert!(says(Task::Severity, "../../secret").contains("no version"));
        assert!(says(Task::Severity, "0123456789abcdef").contains("cannot be read"));
        // A model of severity under the name of another task.
        std::fs::copy(
            folder.path(Task::Severity, &version),
            folder.path(Task::Types, &version),
        )
        .unwrap();
        assert!(says(Task::Types, &version).contains("it decides severity"));
        let path = folder.path(Task::Severity, &version);
        let mut damaged = shipped.to_vec();
        damaged[900] ^= 1;
        std::fs::write(&path, &damaged).unwrap();
        assert!(says(Task::Severity, &version).contains("changed since"));
        assert!(prove(damaged).unwrap_err().contains("damaged"));
        let file = std::fs::File::create(&path).unwrap();
        file.set_len(LARGEST + 1).unwrap();
        assert!(says(Task::Severity, &version).contains("at most"));
        folder.remove(Task::Severity, &version);
        assert!(folder.versions(Task::Severity).is_empty());
    }
}
