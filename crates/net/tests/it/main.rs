//! The door against a web server that fails in every way.

mod door;
mod stream;
