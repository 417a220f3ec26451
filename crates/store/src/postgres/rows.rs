//! Values as PostgreSQL keeps them: those of [`crate::codec`], ids as `uuid`.

use std::borrow::Cow;

use model::ItemId;
use tokio_postgres::Row;
use uuid::Uuid;

pub(super) use crate::codec::*;
use crate::{PlacedItem, StoreError};

/// Text from outside as PostgreSQL takes it: it keeps no NUL.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The same of a text that may be absent.
pub(super) fn maybe_text(maybe: Option<&str>) -> Option<Cow<'_, str>> {
    maybe.map(text)
}

/// A count, which PostgreSQL keeps as a signed number.
pub(super) fn count(row: &Row, column: usize) -> Result<u64, StoreError> {
    Ok(u64::try_from(row.try_get::<_, i64>(column)?).unwrap_or(0))
}

/// A small count.
pub(super) fn small(row: &Row, column: usize) -> Result<u32, StoreError> {
    Ok(u32::try_from(row.try_get::<_, i64>(column)?).unwrap_or(0))
}

/// A time.
pub(super) fn time_of(row: &Row, column: usize) -> Result<model::Timestamp, StoreError> {
    time(row.try_get(column)?)
}

/// A time that may be absent.
pub(super) fn maybe_time_of(
    row: &Row,
    column: usize,
) -> Result<Option<model::Timestamp>, StoreError> {
    maybe_time(row.try_get(column)?)
}

/// A body.
pub(super) fn body<T: serde::de::DeserializeOwned>(
    row: &Row,
    column: usize,
) -> Result<T, StoreError> {
    read(row.try_get(column)?)
}

/// A name such as a source's.
pub(super) fn name_of<T>(row: &Row, column: usize) -> Result<T, StoreError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    name(row.try_get(column)?)
}

/// A placed item: its body, its analysis, what it repeats, why it is there.
pub(super) fn placed_item(row: &Row) -> Result<PlacedItem, StoreError> {
    Ok(PlacedItem {
        item: body(row, 0)?,
        analysis: body(row, 1)?,
        repeat_of: row.try_get::<_, Option<Uuid>>(2)?.map(ItemId),
        joined_because: row.try_get(3)?,
    })
}
