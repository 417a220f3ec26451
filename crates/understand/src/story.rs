//! Which story an item tells, and what an incident becomes with it.

mod claim;
mod fold;
mod keys;
mod place;
mod run;
mod summary;

pub use fold::fold;
pub(crate) use keys::keys;
pub use place::{Placement, place};
pub use run::Run;
