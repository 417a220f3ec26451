//! Backups: a SQLite file of everything, whatever the store, and the way back.
//!
//! One format for both means that what was saved from one can be restored into the
//! other, and that a backup can be opened and looked into without a server.

use std::path::{Path, PathBuf};

use crate::copy::{Watcher, copy};
use crate::{Location, StoreError, postgres, sqlite};

/// The schema that this program knows; it restores backups up to this one.
pub const SCHEMA: u64 = sqlite::SCHEMA;

/// What is in a file that was proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its schema.
    pub schema: u64,
    /// Each table with its rows.
    pub tables: Vec<(String, u64)>,
}

/// Makes the file `into` of all that is in the store now, and proves it. Whoever uses
/// the store goes on meanwhile.
///
/// # Errors
/// There is no such store, it is damaged, or the file cannot be written.
pub async fn snapshot(
    from: &Location,
    into: &Path,
    watcher: Watcher,
) -> Result<Snapshot, StoreError> {
    match from {
        Location::File(path) if !path.exists() => {
            return Err(StoreError::Invalid(format!("there is no {from}")));
        }
        Location::File(path) => {
            sqlite::backup::snapshot(path.clone(), into.to_owned()).await?;
        }
        Location::Postgres(_) => {
            let into = Location::File(into.to_owned());
            copy(from.clone(), into, true, watcher).await?;
        }
    }
    inspect(into).await
}

/// Proves a file that nobody writes to: that it is whole, ours, and not newer than this
/// program.
///
/// # Errors
/// What is wrong with it.
pub async fn inspect(file: &Path) -> Result<Snapshot, StoreError> {
    sqlite::backup::inspect(file.to_owned()).await
}

/// Whether something may be restored here: there is nothing yet, or `replace` says that
/// it may be lost, and nobody uses it.
///
/// # Errors
/// It may not, and why.
pub async fn has_room(to: &Location, replace: bool) -> Result<(), StoreError> {
    match to {
        Location::File(path) => sqlite::backup::vacate(path.clone(), replace).await,
        Location::Postgres(address) => postgres::copy::has_room(address, replace).await,
    }
}

/// Restores from a file that [`inspect`] proved, and takes the file away or leaves it
/// where it is; it is the caller's to remove.
///
/// # Errors
/// See [`has_room`]. What was there is there still, then.
pub async fn put_back(
    file: PathBuf,
    to: &Location,
    replace: bool,
    watcher: Watcher,
) -> Result<(), StoreError> {
    match to {
        Location::File(path) => sqlite::backup::put_back(file, path.clone(), replace).await,
        Location::Postgres(_) => {
            copy(Location::File(file), to.clone(), replace, watcher).await?;
            Ok(())
        }
    }
}

/// Where to unpack a database that is to be restored to `to`: on the disk it will be
/// on, or in `folder` where it is on another machine.
#[must_use]
pub fn staging(to: &Location, folder: &Path) -> PathBuf {
    match to {
        Location::File(path) => sqlite::backup::part_of(path),
        Location::Postgres(_) => folder.join("restore.part"),
    }
}
