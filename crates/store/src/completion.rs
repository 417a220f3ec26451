//! What the beginning of a value may be completed to, and how many searches are kept.

use model::query::{Key, KeyRange, name_words};
use model::tokens;

/// How many searches are kept.
pub(crate) const MOST_SEARCHES: i64 = 500;
/// How many rows of keys are counted for one completion.
pub(crate) const MOST_ROWS: i64 = 5_000;

/// The keys that begin so.
pub(crate) fn range(key: Key, begins: &str) -> KeyRange {
    KeyRange::beginning(match key {
        key if key.is_name() => name_words(begins).join(" "),
        Key::Cve | Key::Technique => begins.to_ascii_uppercase(),
        Key::Cwe => begins
            .to_ascii_uppercase()
            .trim_start_matches("CWE-")
            .to_owned(),
        _ => tokens::folded(begins),
    })
}
