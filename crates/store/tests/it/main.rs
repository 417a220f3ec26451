//! The store's tests: one conformance suite that every back end passes, and what
//! only SQLite can show.

// `cfg(test)` says to clippy that these are tests all through: they unwrap.
#[cfg(test)]
mod build;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod sqlite;

conformance::suite!(on_sqlite, crate::sqlite::stores);
