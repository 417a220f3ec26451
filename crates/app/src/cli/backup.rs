//! `prahari backup` and `prahari restore`: everything in one file, and back.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde_json::json;
use store::Location;
use store::copy::Watcher;

use super::progress::Bar;
use super::{Outcome, print};
use crate::backup::{self, Contents, MODELS, Manifest};
use crate::config::Settings;
use crate::pipeline::World;

/// Writes everything Prahari remembers into one file, while it goes on: the database
/// (SQLite or PostgreSQL alike) and the trained models. Not in it are the settings file
/// and `.env`, which hold secrets: keep those with your other configuration.
#[derive(Debug, clap::Args)]
pub(super) struct Backup {
    /// The file to make, as prahari-2026-11-22.zip
    file: PathBuf,
    /// Take the place of an earlier backup of this name
    #[arg(long)]
    force: bool,
}

/// Brings back what `prahari backup` wrote, into the database of the settings, be it
/// SQLite or PostgreSQL. The service must be stopped.
#[derive(Debug, clap::Args)]
pub(super) struct Restore {
    /// The backup
    file: PathBuf,
    /// Lose what is in the database now
    #[arg(long)]
    force: bool,
    /// Only prove that the backup is whole and say what is in it
    #[arg(long, conflicts_with = "force")]
    check: bool,
}

impl Backup {
    pub(super) async fn run(
        self,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        self.may_be_written(&settings.database)?;
        let bar = Bar::new();
        let manifest = make(&self.file, &settings, &world, bar.watcher()).await;
        bar.done();
        let manifest = manifest?;
        let size = std::fs::metadata(&self.file)?.len();
        if as_json {
            let file = self.file.display().to_string();
            print::json(&json!({ "file": file, "size": size, "manifest": manifest }))?;
        } else {
            print::line(&format!(
                "{}: {}, {} MB",
                self.file.display(),
                in_words(&manifest),
                size.div_ceil(1024 * 1024)
            ));
        }
        Ok(Outcome::Done)
    }

    /// Only a backup may be lost, and only when that was said.
    fn may_be_written(&self, database: &Location) -> anyhow::Result<()> {
        let file = self.file.display();
        if let Location::File(path) = database
            && *path == self.file
        {
            bail!("{file} is the database itself");
        }
        if self.file.exists() {
            ensure!(
                self.force,
                "{file} is there already; --force lets it be replaced"
            );
            backup::Backup::open(&self.file).context("it is not replaced")?;
        }
        Ok(())
    }
}

async fn make(
    file: &Path,
    settings: &Settings,
    world: &World,
    watcher: Watcher,
) -> anyhow::Result<Manifest> {
    // Beside the backup: it has the room for it, and the data folder may not.
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let staging = tempfile::Builder::new()
        .prefix(".prahari-backup-")
        .tempdir_in(folder)
        .with_context(|| format!("{} cannot be written", folder.display()))?;
    let database = staging.path().join(backup::DATABASE);
    let snapshot = store::backup::snapshot(&settings.database, &database, watcher.clone())
        .await
        .with_context(|| settings.database.to_string())?;
    let (file, data_dir) = (file.to_owned(), settings.data_dir.clone());
    let store = match &settings.database {
        Location::File(_) => "sqlite",
        Location::Postgres(_) => "postgresql",
    };
    let now = world.clock.now();
    tokio::task::spawn_blocking(move || {
        let contents = Contents {
            database: &database,
            snapshot,
            store,
            data_dir: &data_dir,
            now,
        };
        let written = backup::write(&file, &contents, &watcher);
        drop(staging);
        written
    })
    .await?
}

impl Restore {
    pub(super) async fn run(self, settings: Settings, as_json: bool) -> anyhow::Result<Outcome> {
        let bar = Bar::new();
        let restored = self.restore(&settings, bar.watcher()).await;
        bar.done();
        let manifest = restored?;
        if as_json {
            print::json(&json!({
                "database": (!self.check).then(|| settings.database.to_string()),
                "manifest": manifest,
            }))?;
            return Ok(Outcome::Done);
        }
        let made = format!(
            "made {} by Prahari {}",
            print::time(manifest.made_at, &settings.server.zone),
            print::plain(&manifest.made_by)
        );
        if self.check {
            print::line(&format!(
                "the backup is whole: {}; {made}",
                in_words(&manifest)
            ));
            return Ok(Outcome::Done);
        }
        print::line(&format!(
            "{} is as the backup was: {}; {made}",
            settings.database,
            in_words(&manifest)
        ));
        if manifest.rows("deliveries") > 0 {
            print::line(
                "deliveries that waited then go out when the service starts; what was sent since goes out again under the same id",
            );
        }
        Ok(Outcome::Done)
    }

    async fn restore(&self, settings: &Settings, watcher: Watcher) -> anyhow::Result<Manifest> {
        let mut backup = backup::Backup::open(&self.file)?;
        let to = &settings.database;
        if !self.check {
            store::backup::has_room(to, self.force)
                .await
                .map_err(|error| match error {
                    store::StoreError::Invalid(_) => {
                        anyhow::anyhow!("{error}; --force lets it be replaced")
                    }
                    other => other.into(),
                })?;
        }
        std::fs::create_dir_all(&settings.data_dir)
            .with_context(|| settings.data_dir.display().to_string())?;
        let folder = tempfile::Builder::new()
            .prefix(".prahari-restore-")
            .tempdir_in(&settings.data_dir)?;
        let database = if self.check {
            folder.path().join(backup::DATABASE)
        } else {
            store::backup::staging(to, folder.path())
        };
        if let Some(parent) = database.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let models = folder.path().join(MODELS);
        std::fs::create_dir(&models)?;
        let put = async {
            let (staged, unpacking) = (database.clone(), watcher.clone());
            let (backup, names) = tokio::task::spawn_blocking(move || {
                backup.unpack_database(&staged, &unpacking)?;
                let names = backup.unpack_models(&models)?;
                anyhow::Ok((backup, names))
            })
            .await??;
            let snapshot = store::backup::inspect(&database).await?;
            backup.manifest.agrees_with(&snapshot)?;
            if !self.check {
                store::backup::put_back(database.clone(), to, self.force, watcher).await?;
                let (from, to) = (folder.path().join(MODELS), settings.data_dir.join(MODELS));
                put_models(&from, &to, &names)?;
            }
            anyhow::Ok(backup.manifest)
        };
        let manifest = put.await;
        // Where it took its place it is no longer here.
        let _ = std::fs::remove_file(&database);
        manifest
    }
}

/// A model's name is made of its content, so one that is there is the same.
fn put_models(from: &Path, to: &Path, names: &[String]) -> anyhow::Result<()> {
    if !names.is_empty() {
        std::fs::create_dir_all(to)?;
    }
    for name in names {
        std::fs::rename(from.join(name), to.join(name))
            .with_context(|| format!("{} cannot be written", to.join(name).display()))?;
    }
    Ok(())
}

/// What people look for first.
fn in_words(manifest: &Manifest) -> String {
    format!(
        "{} incidents of {} items, {} vulnerabilities, {} kept documents, {} models (schema {})",
        manifest.rows("incidents"),
        manifest.rows("items"),
        manifest.rows("vulnerabilities"),
        manifest.rows("documents"),
        manifest.models().len(),
        manifest.schema
    )
}
