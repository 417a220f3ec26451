//! The file that `prahari backup` makes: a zip of the database as a SQLite file, the
//! trained models, and a manifest that says what they must be.
//!
//! The database is a SQLite file whatever store it came from, so a backup can be
//! restored into either, and looked into with any tool that opens SQLite. A backup is
//! read back and proved before it gets its name. What is unpacked again is checked
//! against the manifest, which is checked against what this program can use: a backup
//! may come from anywhere.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::backup::Snapshot;
use store::copy::{Step, Watcher};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// The format of these files.
const FORMAT: u32 = 1;
/// The manifest's name in the zip.
const MANIFEST: &str = "manifest.json";
/// The database's.
pub const DATABASE: &str = "prahari.db";
/// The folder of trained models, in the zip as in the data folder.
pub const MODELS: &str = "models";
/// A manifest has at most this many bytes, and so many files: some sixty models.
const LARGEST_MANIFEST: u64 = 1024 * 1024;
const MOST_FILES: usize = 1_000;
/// One model file has at most this; see `pipeline/models`.
const LARGEST_MODEL: u64 = 12_000_000;
/// Level 1 packs a database to a third; 9 takes five times as long for a tenth less.
const LEVEL: i64 = 1;
/// How much is read at once.
const CHUNK: usize = 256 * 1024;

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of the file.
    pub format: u32,
    /// Which version of Prahari made it.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// Of which kind of database: `sqlite` or `postgresql`.
    pub store: String,
    /// The schema of the database.
    pub schema: u64,
    /// Rows of each table.
    pub tables: BTreeMap<String, u64>,
    /// The files, the database first.
    pub files: Vec<Entry>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name in the zip.
    pub path: String,
    /// Its bytes.
    pub size: u64,
    /// Their SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// What goes into a backup.
pub struct Contents<'a> {
    /// A SQLite file that was proved.
    pub database: &'a Path,
    /// What is in it.
    pub snapshot: Snapshot,
    /// The kind of database it was taken from.
    pub store: &'static str,
    /// The data folder.
    pub data_dir: &'a Path,
    /// When.
    pub now: Timestamp,
}

/// Writes a backup and proves it. It has its name only when it is whole.
///
/// # Errors
/// A file cannot be read or written, or does not read back as it was.
pub fn write(file: &Path, contents: &Contents<'_>, watcher: &Watcher) -> anyhow::Result<Manifest> {
    let part = part_of(file);
    let written = write_part(&part, contents, watcher).and_then(|manifest| {
        prove(&part, watcher)?;
        std::fs::rename(&part, file)?;
        Ok(manifest)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written.with_context(|| format!("{} cannot be written", file.display()))
}

fn write_part(part: &Path, contents: &Contents<'_>, watcher: &Watcher) -> anyhow::Result<Manifest> {
    let mut sources = vec![(DATABASE.to_owned(), contents.database.to_owned())];
    sources.extend(models_in(contents.data_dir)?);
    let mut files = Vec::new();
    for (path, source) in &sources {
        let (size, sha256) = digest(&mut File::open(source)?, &mut std::io::sink(), &mut |_| ())?;
        files.push(Entry {
            path: path.clone(),
            size,
            sha256,
        });
    }
    let manifest = Manifest {
        format: FORMAT,
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: contents.now,
        store: contents.store.to_owned(),
        schema: contents.snapshot.schema,
        tables: contents.snapshot.tables.iter().cloned().collect(),
        files,
    };
    // It holds all that was ever read, and settings that people added.
    let _ = std::fs::remove_file(part);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(part)?;
    let mut zip = ZipWriter::new(BufWriter::new(file));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .large_file(true);
    zip.start_file(MANIFEST, options)?;
    zip.write_all(&serde_json::to_vec_pretty(&manifest)?)?;
    let mut progress = Progress::new("packing", &manifest, watcher);
    for ((path, source), entry) in sources.iter().zip(&manifest.files) {
        zip.start_file(path.as_str(), options)?;
        let was = digest(&mut File::open(source)?, &mut zip, &mut |bytes| {
            progress.add(bytes);
        })?;
        ensure!(
            was == (entry.size, entry.sha256.clone()),
            "{} was changed meanwhile",
            source.display()
        );
    }
    let file = zip
        .finish()?
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(manifest)
}

/// The models in a data folder, with their names in the zip.
fn models_in(data_dir: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let found = match std::fs::read_dir(data_dir.join(MODELS)) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut models = Vec::new();
    for file in found {
        let file = file?;
        let name = file.file_name();
        // A model that is just being written has another ending.
        if let Some(name) = name.to_str().filter(|name| is_model(name))
            && file.file_type()?.is_file()
        {
            models.push((format!("{MODELS}/{name}"), file.path()));
        }
    }
    models.sort();
    Ok(models)
}

fn is_model(name: &str) -> bool {
    name.strip_suffix(".bin").is_some_and(|name| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    })
}

fn prove(file: &Path, watcher: &Watcher) -> anyhow::Result<()> {
    let mut backup = Backup::open(file)?;
    let mut progress = Progress::new("reading back", &backup.manifest, watcher);
    for entry in backup.manifest.files.clone() {
        backup.read(&entry, &mut std::io::sink(), &mut progress)?;
    }
    Ok(())
}

/// A backup whose manifest was read and can be used.
pub struct Backup {
    /// What it says of itself.
    pub manifest: Manifest,
    zip: ZipArchive<BufReader<File>>,
}

impl Backup {
    /// Opens a backup.
    ///
    /// # Errors
    /// It is none, or one that this version cannot use.
    pub fn open(file: &Path) -> anyhow::Result<Self> {
        let opened =
            File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
        Self::of(opened)
            .with_context(|| format!("{} is no backup that can be used", file.display()))
    }

    fn of(file: File) -> anyhow::Result<Self> {
        let mut zip = ZipArchive::new(BufReader::new(file))?;
        let mut text = Vec::new();
        let unpacking = || format!("{MANIFEST} cannot be unpacked");
        zip.by_name(MANIFEST)
            .with_context(unpacking)?
            .take(LARGEST_MANIFEST)
            .read_to_end(&mut text)
            .with_context(unpacking)?;
        let manifest: Manifest = serde_json::from_slice(&text).context("its manifest is wrong")?;
        manifest.check()?;
        Ok(Self { manifest, zip })
    }

    /// Unpacks the database.
    ///
    /// # Errors
    /// It is not what the manifest says, or the file cannot be written.
    pub fn unpack_database(&mut self, into: &Path, watcher: &Watcher) -> anyhow::Result<()> {
        let Some(entry) = self.manifest.database().cloned() else {
            bail!("it holds no database");
        };
        let mut progress = Progress::new("unpacking", &self.manifest, watcher);
        self.unpack(&entry, into, &mut progress)
    }

    /// Unpacks the models into a folder; gives their names.
    ///
    /// # Errors
    /// One is not what the manifest says, or cannot be written.
    pub fn unpack_models(&mut self, folder: &Path) -> anyhow::Result<Vec<String>> {
        let quietly: Watcher = std::sync::Arc::new(|_| ());
        let mut progress = Progress::new("models", &self.manifest, &quietly);
        let mut names = Vec::new();
        let models = self.manifest.models().to_vec();
        for entry in &models {
            let name = entry.path.rsplit('/').next().unwrap_or_default();
            self.unpack(entry, &folder.join(name), &mut progress)?;
            names.push(name.to_owned());
        }
        Ok(names)
    }

    fn unpack(
        &mut self,
        entry: &Entry,
        into: &Path,
        progress: &mut Progress<'_>,
    ) -> anyhow::Result<()> {
        let _ = std::fs::remove_file(into);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(into)
            .with_context(|| format!("{} cannot be written", into.display()))?;
        let mut file = BufWriter::new(file);
        self.read(entry, &mut file, progress)?;
        file.into_inner()
            .map_err(std::io::IntoInnerError::into_error)?
            .sync_all()?;
        Ok(())
    }

    /// Reads a file, and no more of it than it should have.
    fn read(
        &mut self,
        entry: &Entry,
        into: &mut dyn Write,
        progress: &mut Progress<'_>,
    ) -> anyhow::Result<()> {
        let unpacking = || format!("{} cannot be unpacked", entry.path);
        let packed = self.zip.by_name(&entry.path).with_context(unpacking)?;
        let (size, sha256) = digest(
            &mut packed.take(entry.size.saturating_add(1)),
            into,
            &mut |bytes| progress.add(bytes),
        )
        .with_context(unpacking)?;
        ensure!(
            size == entry.size && sha256 == entry.sha256,
            "{} is damaged: it is not what the manifest says",
            entry.path
        );
        Ok(())
    }
}

impl Manifest {
    /// The database.
    #[must_use]
    pub fn database(&self) -> Option<&Entry> {
        self.files.first()
    }

    /// The models that were trained here.
    #[must_use]
    pub fn models(&self) -> &[Entry] {
        self.files.get(1..).unwrap_or_default()
    }

    /// Whether this version can use it. Names are compared with what we write and are
    /// never a way out of the folder.
    fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.format == FORMAT && self.schema <= store::backup::SCHEMA,
            "it was made by a newer version of Prahari ({}, format {}, schema {})",
            self.made_by,
            self.format,
            self.schema
        );
        ensure!(self.files.len() <= MOST_FILES, "it names too many files");
        ensure!(
            self.database().is_some_and(|first| first.path == DATABASE),
            "it holds no database"
        );
        for entry in self.models() {
            let name = entry
                .path
                .strip_prefix(MODELS)
                .and_then(|name| name.strip_prefix('/'));
            ensure!(
                name.is_some_and(is_model) && entry.size <= LARGEST_MODEL,
                "it names a file that is no model of ours"
            );
        }
        Ok(())
    }

    /// Whether a database that was unpacked is what this says.
    ///
    /// # Errors
    /// It is not, and in what.
    pub fn agrees_with(&self, snapshot: &Snapshot) -> anyhow::Result<()> {
        ensure!(
            self.schema == snapshot.schema,
            "the manifest says schema {}, the database {}",
            self.schema,
            snapshot.schema
        );
        let there: BTreeMap<String, u64> = snapshot.tables.iter().cloned().collect();
        ensure!(
            self.tables == there,
            "the manifest and the database do not have the same rows"
        );
        Ok(())
    }

    /// The rows of a table.
    #[must_use]
    pub fn rows(&self, table: &str) -> u64 {
        self.tables.get(table).copied().unwrap_or(0)
    }
}

/// The file beside `file` while it is written.
#[must_use]
pub fn part_of(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    file.with_file_name(name)
}

/// Copies, and says how many bytes it were and their SHA-256.
fn digest(
    from: &mut dyn Read,
    into: &mut dyn Write,
    seen: &mut dyn FnMut(u64),
) -> anyhow::Result<(u64, String)> {
    let mut chunk = vec![0; CHUNK];
    let mut hash = Sha256::new();
    let mut size = 0;
    loop {
        let read = from.read(&mut chunk)?;
        let Some(bytes) = chunk.get(..read).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        hash.update(bytes);
        into.write_all(bytes)?;
        size += read as u64;
        seen(read as u64);
    }
    let digits = hash.finalize();
    Ok((
        size,
        digits.iter().map(|byte| format!("{byte:02x}")).collect(),
    ))
}

/// How many of a backup's bytes are done.
struct Progress<'a> {
    what: &'static str,
    done: u64,
    of: u64,
    watcher: &'a Watcher,
}

impl<'a> Progress<'a> {
    fn new(what: &'static str, manifest: &Manifest, watcher: &'a Watcher) -> Self {
        Self {
            what,
            done: 0,
            of: manifest.files.iter().map(|entry| entry.size).sum(),
            watcher,
        }
    }

    fn add(&mut self, bytes: u64) {
        self.done += bytes;
        (self.watcher)(&Step {
            what: self.what.to_owned(),
            done: self.done,
            of: self.of.max(self.done),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(files: &[&str]) -> Manifest {
        Manifest {
            format: FORMAT,
            made_by: "0.1.0".to_owned(),
            made_at: Timestamp::UNIX_EPOCH,
            store: "sqlite".to_owned(),
            schema: store::backup::SCHEMA,
            tables: BTreeMap::new(),
            files: files
                .iter()
                .map(|path| Entry {
                    path: (*path).to_owned(),
                    size: 1,
                    sha256: String::new(),
                })
                .collect(),
        }
    }

    #[test]
    fn a_manifest_leads_nowhere_but_to_our_files() {
        let can_be_used = |files: &[&str]| manifest(files).check().is_ok();
        assert!(can_be_used(&["prahari.db", "models/relevance-00ff.bin"]));
        for stranger in [
            "models/../prahari.bin",
            "models//x.bin",
            "models/.bin",
            "models/x.bin/../../y.bin",
            "/etc/passwd",
            "secret.key",
            "models\\x.bin",
        ] {
            assert!(!can_be_used(&["prahari.db", stranger]), "{stranger}");
        }
        assert!(!can_be_used(&[]));
        assert!(!can_be_used(&["models/x.bin"]));
    }

    #[test]
    fn a_newer_backup_is_refused() {
        let mut newer = manifest(&["prahari.db"]);
        newer.schema += 1;
        let said = newer.check().unwrap_err().to_string();
        assert!(said.contains("newer version"), "{said}");
    }
}
