//! The fake world, the fake clock, builders, and the contract of every kind of
//! source; tests only.
//!
//! Each fake plays one service that Prahari reads or speaks to. It keeps what it
//! received, can be told to fail, and refuses what the real service refuses:
//! `proofs/prove.py` drives every fake with a client that others wrote. Nothing
//! here binds anything but 127.0.0.1, and a fake stops when it is dropped.
//!
//! A fake lives on the runtime it was started on: a test that blocks its only
//! thread also stops the fakes.

pub mod build;
pub mod clock;
pub mod contract;
pub mod feeds;
mod http;
pub mod ids;
pub mod jetstream;
pub mod kev;
mod loopback;
pub mod nvd;
pub mod postgres;
pub mod proxy;
mod rate;
mod reply;
mod shared;
pub mod site;
pub mod slack;
pub mod smtp;
pub mod tap;
pub mod telegram;
mod tls;
pub mod world;

pub use clock::TestClock;
pub use ids::CountedIds;
