//! The store on PostgreSQL: one database, any number of nodes.
//!
//! What SQLite gets from its one writer is asked for by name here: a few advisory
//! locks ([`work::Lock`]) for what must happen one at a time, and row locks for the
//! rest. A connection that breaks costs what ran on it, which is undone, and the next
//! one is made when it is needed: until the server is back everything is
//! [`StoreError::Busy`]. Surprises: text holds no NUL; a sequence moves even when
//! nothing is inserted; positions in a tsvector end at 16,383.

mod again;
mod archive;
mod audit;
mod candidates;
mod claims;
mod connection;
pub(crate) mod copy;
mod deliveries;
mod developments;
mod doctor;
mod events;
mod fault;
mod handling;
mod history;
mod incidents;
mod intake;
mod lane;
mod learning;
mod library;
mod marks;
mod news;
mod outbox;
mod owasp;
mod pages;
mod placing;
mod prints;
mod prune;
mod readers;
mod rearrange;
mod roster;
mod rows;
mod schema;
mod searches;
mod similar;
mod sitting;
mod tls;
mod translate;
mod upkeep;
mod vulnerabilities;
mod words;
mod work;
mod writer;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use deadpool_postgres::Pool;
use model::Milestones;
use tokio::sync::watch;

pub use self::connection::Address;
use crate::StoreError;

/// On which commits are told to other nodes.
const CHANNEL: &str = "prahari";

/// What may be set, mostly by tests.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many connections are held at once at most, beside the one that listens.
    pub connections: usize,
    /// How long to wait for a connection: to be made, or to become free.
    pub connect_timeout: Duration,
    /// How long to wait for a lock that another transaction holds.
    pub lock_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// After how long the server ends a transaction whose node says nothing more:
    /// its locks are what others wait for.
    pub idle_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        // Ten connections of the hundred that a server has by default: one for each
        // poll that runs at once, and two for the dashboard.
        Self {
            connections: 10,
            connect_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(10),
        }
    }
}

/// The store on PostgreSQL.
pub struct Postgres {
    pool: Pool,
    /// How long we wait for an answer to one statement.
    patience: Duration,
    /// Tells our notifications from those of other nodes.
    node: String,
    changes: watch::Sender<u64>,
    /// Whether we hear what other nodes commit.
    hears: Arc<AtomicBool>,
    milestones: Arc<dyn Milestones>,
    /// Dropped with the store, which ends the listener.
    _listening: watch::Sender<()>,
}

impl Postgres {
    /// Opens the database and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when it cannot be reached; [`StoreError::Broken`] when it
    /// does not let us in, is not ours, or is newer than this program.
    pub async fn open(
        address: &Address,
        milestones: Arc<dyn Milestones>,
    ) -> Result<Self, StoreError> {
        Self::open_with(address, milestones, Options::default()).await
    }

    /// [`Self::open`] with other settings than usual.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with(
        address: &Address,
        milestones: Arc<dyn Milestones>,
        options: Options,
    ) -> Result<Self, StoreError> {
        let pool = connection::pool(address, &options)?;
        schema::bring_up_to_date(&pool).await?;
        let changes = watch::Sender::new(0);
        let (listening, ended) = watch::channel(());
        let node = connection::node_name(&pool).await?;
        let hears = Arc::new(AtomicBool::new(true));
        let news = news::News {
            node: node.clone(),
            changes: changes.clone(),
            hears: Arc::clone(&hears),
        };
        news::listen(address, &options, news, ended).await?;
        Ok(Self {
            pool,
            // The server's own limits come first; this is for a server that is gone.
            patience: options.statement_timeout.max(options.lock_timeout) + GRACE,
            node,
            changes,
            hears,
            milestones,
            _listening: listening,
        })
    }
}

/// What we wait beyond the server's own limits.
const GRACE: Duration = Duration::from_secs(5);
