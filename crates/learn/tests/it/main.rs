//! Learning from feedback, and what ships.

// `cfg(test)` says to clippy that these are tests all through: they unwrap.
#[cfg(test)]
mod retrain;
#[cfg(test)]
mod shipped;
