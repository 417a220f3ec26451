//! The query language: the same in the search box, in rules and in the API.
//!
//! ```text
//! text ──parse──▶ Query ──bind──▶ Condition ──▶ holds(Facts)   in memory: rules
//!       ◀─print──                            └─▶ SQL            in the store
//! ```
//!
//! A [`Query`] is what a person wrote, without its blanks and brackets. Binding it to
//! the time and place of the reader ([`Frame`]) gives a [`Condition`], in which only
//! keys, numbers and words are left: what is evaluated here on the [`Facts`] of an
//! incident, and what a store translates. Both look at the same keys, because
//! [`Facts`] makes them for both; so they find the same.

mod bind;
mod complete;
mod evaluate;
mod facts;
mod field;
mod key;
mod parse;
mod print;
mod reasons;
mod tree;
mod value;

pub use bind::{Column, Condition, Frame, Wanted, gang_or_malware};
pub use complete::{Completion, Expected, Offer, complete};
pub use evaluate::{Anchor, Need, holds, need};
pub use facts::{AffectedProduct, Facts, Subject};
pub use field::{Field, Kind};
pub use key::{Key, KeyRange, name_range, name_words};
pub use parse::{LONGEST, QueryError, parse};
pub use reasons::reasons;
pub use tree::{Name, Query, Test, Word};
pub use value::{Day, Length, Moment, NoMoment, Number, Op, Unit, When};

#[cfg(test)]
mod tests;
