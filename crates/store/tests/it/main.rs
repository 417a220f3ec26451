//! The store's tests: one conformance suite that every back end passes, and what
//! only one of them can show.

// `cfg(test)` says to clippy that these are tests all through: they unwrap.
#[cfg(test)]
mod before;
#[cfg(test)]
mod both;
#[cfg(test)]
mod build;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod copies;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod sqlite;

conformance::suite!(on_sqlite, crate::sqlite::stores);
conformance::suite!(on_postgres, crate::postgres::stores);
