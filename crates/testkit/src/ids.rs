//! Ids that count up, so that a test can foretell them.

use std::sync::atomic::{AtomicU64, Ordering};

use model::id::uuid_v7;
use model::{IdMaker, Timestamp};

/// Makes UUIDs of version 7 whose time never changes and whose rest counts
/// 1, 2, 3 …: the same in every run, and in the order of their making.
#[derive(Debug, Default)]
pub struct CountedIds(AtomicU64);

impl IdMaker for CountedIds {
    fn next_id(&self) -> uuid::Uuid {
        let count = self.0.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        numbered(count)
    }
}

/// 2026-11-21T09:00:00Z: the time that all test ids carry, in milliseconds.
const MILLISECOND: i64 = 1_795_251_600_000;

/// The id that [`CountedIds`] makes as its `count`th.
#[must_use]
pub fn numbered(count: u64) -> uuid::Uuid {
    let mut rest = [0; 10];
    rest[2..].copy_from_slice(&count.to_be_bytes());
    // Bits 64 and 65 hold the UUID's variant: counts below 2^62 are untouched.
    let at = Timestamp::from_millisecond(MILLISECOND).unwrap_or(Timestamp::UNIX_EPOCH);
    uuid_v7(at, &rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_count_up_and_sort_by_it() {
        let ids = CountedIds::default();
        let made: Vec<_> = (0..300).map(|_| ids.next_id()).collect();
        assert!(made.is_sorted());
        assert_eq!(made[0].to_string(), "01a1fd55-7a80-7000-8000-000000000001");
        assert_eq!(made[0].get_version_num(), 7);
        assert_eq!(made[41], numbered(42));
    }
}
