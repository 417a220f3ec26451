//! Which story an item tells, and what an incident becomes with it.

mod claim;
mod fold;
mod keys;
pub mod likeness;
mod place;
mod publisher;
mod reprint;
mod run;
pub mod shelf;
mod subject;
mod summary;
pub(crate) mod wording;
pub mod words;

pub use fold::fold;
pub(crate) use keys::{keys, print};
pub use place::{Placement, place};
pub use run::Run;
