//! What each fake refuses, and that it takes what is good. Clients that others
//! wrote speak to the fakes in `proofs/prove.py`; here a few lines of HTTP and
//! SMTP by hand keep the refusals from being lost.

// Clippy lets helpers unwrap only where it sees that they belong to tests.
#[cfg(test)]
mod client;
#[cfg(test)]
mod mail;
#[cfg(test)]
mod notify;
#[cfg(test)]
mod read;
