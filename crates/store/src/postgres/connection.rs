//! Where the database is, and the connections to it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts,
};
use model::Secret;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};

use super::Options;
use crate::StoreError;

/// Where a database is: `postgres://user:password@host:port/name`. It is shown
/// without the password.
#[derive(Clone)]
pub struct Address {
    config: Secret<Box<Config>>,
}

impl FromStr for Address {
    type Err = String;

    /// Reads an address. What is wrong is said without quoting it: it may hold a
    /// password.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut config: Config = text.parse().map_err(|_| {
            "the address of a PostgreSQL database is written as postgres://user:password@host:5432/name (write @ : / # in a password as %40 %3A %2F %23); sslmode is disable, prefer or require"
                .to_owned()
        })?;
        if config.get_hosts().is_empty() {
            return Err("the address of the PostgreSQL database names no host".to_owned());
        }
        // `prefer` means "where the server and we can", and we cannot.
        match config.get_ssl_mode() {
            SslMode::Disable | SslMode::Prefer => config.ssl_mode(SslMode::Disable),
            _ => {
                return Err("sslmode=require: this version speaks to PostgreSQL without TLS; use sslmode=disable on a network you trust, or a tunnel (stunnel, a cloud proxy, a service mesh)".to_owned());
            }
        };
        config.application_name("prahari");
        Ok(Self {
            config: Secret::new(Box::new(config)),
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
        NoTls,
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
/// have.
fn settings(options: &Options) -> String {
    format!(
        "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {};
         SET timezone = 'UTC'; SET client_min_messages = 'warning'; SET synchronous_commit = 'on';
         SET plan_cache_mode = 'force_custom_plan'",
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
    fn what_is_wrong_is_said_without_quoting_it() {
        for wrong in [
            "postgres://soc:s3cret@db:port/prahari",
            "postgres://soc:s3cret@db/prahari?sslmode=verify-full",
            "postgres://soc:s3cret@db/prahari?sslmode=require",
            "postgres://soc:s3cret@db/prahari?unknown=s3cret",
            "postgres:///prahari",
        ] {
            let said = wrong.parse::<Address>().unwrap_err();
            assert!(!said.contains("s3cret"), "{said}");
        }
    }
}
