//! Where the database is, and the connections to it.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts,
};
use model::Secret;
use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Options;
use super::tls::Tls;
use crate::StoreError;

/// Where a database is: `postgres://user:password@host:port/name`, with
/// `?sslmode=require` where the connection is encrypted and the server proves itself
/// to the authorities of this machine, or to those of `&sslrootcert=FILE`. It is shown
/// without the password.
#[derive(Clone)]
pub struct Address {
    config: Secret<Box<Config>>,
    tls: Tls,
}

impl FromStr for Address {
    type Err = String;

    /// Reads an address. What is wrong is said without quoting it: it may hold a
    /// password.
    fn from_str(text: &str) -> Result<Self, String> {
        let asked = Asked::of(text)?;
        let mut config: Config = asked.rest.parse().map_err(|_| {
            "the address of a PostgreSQL database is written as postgres://user:password@host:5432/name (write @ : / # in a password as %40 %3A %2F %23); sslmode is disable, prefer, require or verify-full, sslrootcert a file"
                .to_owned()
        })?;
        if config.get_hosts().is_empty() {
            return Err("the address of the PostgreSQL database names no host".to_owned());
        }
        let tls = match config.get_ssl_mode() {
            SslMode::Require => asked.authority.map_or(Tls::System, Tls::File),
            _ if asked.authority.is_some() => {
                return Err("sslrootcert counts only beside sslmode=require".to_owned());
            }
            // `prefer` would take whoever answers, so it is no more than `disable`.
            _ => {
                config.ssl_mode(SslMode::Disable);
                Tls::Off
            }
        };
        config.application_name("prahari");
        Ok(Self {
            config: Secret::new(Box::new(config)),
            tls,
        })
    }
}

/// What of an address the client library does not read itself.
struct Asked {
    /// The address without it.
    rest: String,
    authority: Option<Box<Path>>,
}

impl Asked {
    /// The modes that verify are one: we always do.
    fn of(text: &str) -> Result<Self, String> {
        let Some((before, parameters)) = text.split_once('?') else {
            return Ok(Self {
                rest: text.to_owned(),
                authority: None,
            });
        };
        let mut authority = None;
        let mut kept = Vec::new();
        for parameter in parameters.split('&') {
            match parameter.split_once('=') {
                Some(("sslmode", "verify-ca" | "verify-full")) => kept.push("sslmode=require"),
                Some(("sslrootcert", "system")) => {}
                Some(("sslrootcert", path)) => {
                    let path = percent_decode_str(path)
                        .decode_utf8()
                        .map_err(|_| "the path of sslrootcert is not UTF-8".to_owned())?;
                    authority = Some(Path::new(path.as_ref()).into());
                }
                _ => kept.push(parameter),
            }
        }
        Ok(Self {
            rest: format!("{before}?{}", kept.join("&")),
            authority,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = self.config.reveal();
        f.write_str("postgres://")?;
        if let Some(user) = config.get_user() {
            write!(f, "{user}@")?;
        }
        for (nth, host) in config.get_hosts().iter().enumerate() {
            if nth > 0 {
                f.write_str(",")?;
            }
            match host {
                Host::Tcp(name) => write!(f, "{name}")?,
                Host::Unix(folder) => write!(f, "{}", folder.display())?,
            }
            let port = config.get_ports().get(nth).or(config.get_ports().first());
            if let Some(port) = port {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}", config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl Address {
    /// What encrypts its connections, or does not.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, StoreError> {
        self.tls.connector()
    }

    /// How to connect, with time limits.
    pub(super) fn config(&self, options: &Options) -> Config {
        let mut config = Config::clone(self.config.reveal());
        config
            .connect_timeout(options.connect_timeout)
            // The system counts in seconds, and takes no zero.
            .keepalives_idle(options.idle_timeout.max(Duration::from_secs(1)))
            .tcp_user_timeout(options.connect_timeout);
        config
    }
}

/// The connections. None is made before it is needed.
pub(super) fn pool(address: &Address, options: &Options) -> Result<Pool, StoreError> {
    let manager = Manager::from_config(
        address.config(options),
        address.connector()?,
        ManagerConfig {
            // A dead connection shows when its transaction begins.
            recycling_method: RecyclingMethod::Fast,
        },
    );
    let settings = settings(options);
    Pool::builder(manager)
        .max_size(options.connections.max(1))
        .runtime(Runtime::Tokio1)
        .timeouts(Timeouts {
            wait: Some(options.connect_timeout),
            create: Some(options.connect_timeout),
            recycle: Some(options.connect_timeout),
        })
        .post_create(Hook::async_fn(move |client, _| {
            let settings = settings.clone();
            Box::pin(async move {
                client
                    .batch_execute(&settings)
                    .await
                    .map_err(HookError::Backend)
            })
        }))
        .build()
        .map_err(|error| StoreError::Broken(error.to_string()))
}

/// What every connection is told first. Custom plans, because a plan for any value
/// is wrong for words and sources that differ a thousandfold in how many rows they
/// have. No compiled ones: compiling takes longer than such short queries run.
/// What an index found is asked of the disk many pages at a time: one after the other took
/// three times as long where they were not in memory (measured).
fn settings(options: &Options) -> String {
    format!(
        "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {};
         SET timezone = 'UTC'; SET client_min_messages = 'warning'; SET synchronous_commit = 'on';
         SET plan_cache_mode = 'force_custom_plan'; SET jit = off;
         SET effective_io_concurrency = 64",
        options.statement_timeout.as_millis(),
        options.lock_timeout.as_millis(),
        options.idle_timeout.as_millis(),
    )
}

/// A name that no other node of this database has.
pub(super) async fn node_name(pool: &Pool) -> Result<String, StoreError> {
    let work = super::work::Work::begin(pool, "BEGIN", super::GRACE).await?;
    let row = work.one("SELECT gen_random_uuid()::text", &[]).await?;
    let name = row.try_get(0)?;
    work.end("COMMIT").await?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_no_password() {
        let address: Address = "postgres://soc:s3cret@db.example.org:5433/prahari?sslmode=disable"
            .parse()
            .unwrap();
        assert_eq!(
            address.to_string(),
            "postgres://soc@db.example.org:5433/prahari"
        );
        assert!(!format!("{address:?}").contains("s3cret"));
    }

    #[test]
    fn who_vouches_for_the_server_is_read() {
        let file = |path: &str| Tls::File(Path::new(path).into());
        for (parameters, expected) in [
            ("", Tls::Off),
            ("?sslmode=prefer", Tls::Off),
            ("?sslmode=require", Tls::System),
            ("?sslmode=verify-full&sslrootcert=system", Tls::System),
            (
                "?sslrootcert=%2Fetc%2Four%20ca.pem&sslmode=verify-ca",
                file("/etc/our ca.pem"),
            ),
        ] {
            let address: Address = format!("postgres://soc@db/prahari{parameters}")
                .parse()
                .unwrap();
            assert_eq!(address.tls, expected, "{parameters}");
        }
        let missing: Address = "postgres://soc@db/prahari?sslmode=require&sslrootcert=/missing.pem"
            .parse()
            .unwrap();
        let said = missing.connector().err().unwrap().to_string();
        assert!(said.contains("/missing.pem"), "{said}");
    }

    #[test]
    fn what_is_wrong_is_said_without_quoting_it() {
        for wrong in [
            "postgres://soc:s3cret@db:port/prahari",
            "postgres://soc:s3cret@db/prahari?sslmode=perhaps",
            "postgres://soc:s3cret@db/prahari?sslrootcert=/etc/ca.pem",
            "postgres://soc:s3cret@db/prahari?unknown=s3cret",
            "postgres:///prahari",
        ] {
            let said = wrong.parse::<Address>().unwrap_err();
            assert!(!said.contains("s3cret"), "{said}");
        }
    }
}
