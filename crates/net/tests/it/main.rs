//! The door against a web server that fails in every way.

mod courtesy;
mod door;
mod redirect;
#[cfg(test)]
mod stream;
