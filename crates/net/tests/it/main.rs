//! The door against a web server that fails in every way.

mod door;
#[cfg(test)]
mod stream;
