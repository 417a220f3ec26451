//! Values as SQLite keeps them: those of [`crate::codec`], ids as 16 bytes.

use model::ItemId;
use uuid::Uuid;

pub(super) use crate::codec::*;
use crate::{PlacedItem, StoreError};

/// A count, which SQLite keeps as a signed number.
pub(super) fn count(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

pub(super) const fn uuid(bytes: [u8; 16]) -> Uuid {
    Uuid::from_bytes(bytes)
}

/// A placed item: its body, its analysis, what it repeats, why it is there.
pub(super) fn placed_item(row: &rusqlite::Row<'_>) -> Result<PlacedItem, StoreError> {
    let repeat_of: Option<[u8; 16]> = row.get(2)?;
    Ok(PlacedItem {
        item: read(&row.get::<_, String>(0)?)?,
        analysis: read(&row.get::<_, String>(1)?)?,
        repeat_of: repeat_of.map(|id| ItemId(uuid(id))),
        joined_because: row.get(3)?,
    })
}
