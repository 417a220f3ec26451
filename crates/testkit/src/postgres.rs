//! Databases on the PostgreSQL that `scripts/postgres` started.
//!
//! Each test has one of its own, copied from a template that was made once: a copy
//! takes some 40 ms, the schema four times as long. They are made with `psql`, so
//! that no client library has a second home here.

use std::process::{Command, id};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where `scripts/postgres` says that its server is.
const VARIABLE: &str = "TEST_POSTGRES";
/// Where it says that the certificate of the server's authority is.
const AUTHORITY: &str = "TEST_POSTGRES_CA";

/// A database of a test's own, gone when it is dropped.
#[derive(Debug)]
pub struct Database {
    name: String,
}

impl Database {
    /// An empty one.
    ///
    /// # Panics
    /// No PostgreSQL was started for the tests.
    #[must_use]
    pub fn empty() -> Self {
        Self::made("")
    }

    /// A copy of another, which nobody may be using.
    ///
    /// # Panics
    /// See [`Self::empty`].
    #[must_use]
    pub fn copy_of(template: &Self) -> Self {
        Self::made(&format!("TEMPLATE {}", template.name))
    }

    /// Its address, password included.
    ///
    /// # Panics
    /// See [`Self::empty`].
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/{}", server(), self.name)
    }

    /// Its address through another port: a proxy's.
    ///
    /// # Panics
    /// See [`Self::empty`].
    #[must_use]
    pub fn url_through(&self, port: u16) -> String {
        let (before, _) = server_and_port();
        format!("{before}:{port}/{}", self.name)
    }

    /// Runs SQL in it, and gives what it prints: a row a line, columns by `|`.
    ///
    /// # Panics
    /// The SQL is wrong.
    pub fn sql(&self, sql: &str) -> String {
        psql(&self.name, sql)
    }

    fn made(how: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("prahari_{}_{}", id(), COUNT.fetch_add(1, Ordering::Relaxed));
        psql("postgres", &format!("CREATE DATABASE {name} {how}"));
        Self { name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        psql(
            "postgres",
            &format!("DROP DATABASE {} WITH (FORCE)", self.name),
        );
    }
}

/// The port of the server.
///
/// # Panics
/// No PostgreSQL was started for the tests.
#[must_use]
pub fn port() -> u16 {
    match server_and_port().1.parse() {
        Ok(port) => port,
        Err(error) => panic!("{VARIABLE} has no port: {error}"),
    }
}

fn server_and_port() -> (String, String) {
    let server = server();
    match server.rsplit_once(':') {
        Some((before, port)) => (before.to_owned(), port.to_owned()),
        None => panic!("{VARIABLE} has no port"),
    }
}

/// The file with the certificate of the authority that vouches for the server.
///
/// # Panics
/// No PostgreSQL was started for the tests.
#[must_use]
pub fn authority() -> String {
    told(AUTHORITY)
}

fn server() -> String {
    told(VARIABLE)
}

fn told(variable: &str) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "scripts/postgres can only say it so"
    )]
    match std::env::var(variable) {
        Ok(told) => told,
        Err(_) => panic!(
            "these tests need a PostgreSQL: run them as `scripts/postgres cargo test …`, which starts one for as long as they run (`make test` does)"
        ),
    }
}

fn psql(database: &str, sql: &str) -> String {
    let address = format!("{}/{database}", server());
    let run = Command::new("psql")
        .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"])
        .args([&address, "-c", sql])
        .output();
    match run {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        Ok(output) => panic!("{sql}: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!("psql cannot be run: {error}"),
    }
}
