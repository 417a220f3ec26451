//! What other nodes committed, as it is told: `LISTEN` on a connection of its own.
//!
//! A notification carries the name of the node that committed, so that a node is not
//! woken twice by its own. While the connection is gone news are missed; so readers
//! are woken once it is back.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connection::Address;
use super::{CHANNEL, Options};
use crate::StoreError;

/// How long the listener rests after its connection was lost or not made.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

type Wire = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;
type Line = (Client, Wire);

/// What is done with news.
pub(super) struct News {
    /// Our own name.
    pub(super) node: String,
    /// Grows with each commit.
    pub(super) changes: watch::Sender<u64>,
    /// Whether they are heard.
    pub(super) hears: Arc<AtomicBool>,
}

/// Listens until `ended` closes. What is committed after this is heard.
pub(super) async fn listen(
    address: &Address,
    options: &Options,
    news: News,
    ended: watch::Receiver<()>,
) -> Result<(), StoreError> {
    let (config, tls) = (address.config(options), address.connector()?);
    let first = call(&config, &tls).await?;
    tokio::spawn(listen_on(config, tls, first, news, ended));
    Ok(())
}

async fn listen_on(
    config: Config,
    tls: MakeRustlsConnect,
    mut line: Line,
    news: News,
    mut ended: watch::Receiver<()>,
) {
    loop {
        tokio::select! {
            error = hear(&mut line, &news) => {
                news.hears.store(false, Ordering::Release);
                tracing::debug!("the news of other nodes are no longer heard: {error}");
            }
            _ = ended.changed() => return,
        }
        line = loop {
            // Nobody sends on `ended`: it closes when the store is dropped.
            if tokio::time::timeout(AFTER_TROUBLE, ended.changed())
                .await
                .is_ok()
            {
                return;
            }
            if let Ok(line) = call(&config, &tls).await {
                break line;
            }
        };
        // What was told meanwhile is not known to us.
        news.changes.send_modify(|count| *count += 1);
        news.hears.store(true, Ordering::Release);
    }
}

/// A connection that listens.
async fn call(config: &Config, tls: &MakeRustlsConnect) -> Result<Line, StoreError> {
    let (client, mut connection) = config.connect(tls.clone()).await?;
    let ask = format!("LISTEN {CHANNEL}");
    let asked = {
        // The connection must be driven for the question to come through.
        let driven = async { while next(&mut connection).await.is_ok() {} };
        let asking = client.batch_execute(&ask);
        tokio::select! {
            asked = asking => asked,
            () = driven => return Err(StoreError::Busy("the connection broke".to_owned())),
        }
    };
    asked?;
    Ok((client, connection))
}

/// Wakes readers for each commit of another node, until the connection ends.
async fn hear(line: &mut Line, news: &News) -> String {
    loop {
        match next(&mut line.1).await {
            Ok(AsyncMessage::Notification(told)) if told.payload() != news.node => {
                news.changes.send_modify(|count| *count += 1);
            }
            Ok(_) => {}
            Err(error) => return error,
        }
    }
}

/// The next thing the server says unasked.
async fn next(connection: &mut Wire) -> Result<AsyncMessage, String> {
    match poll_fn(|context| connection.poll_message(context)).await {
        Some(Ok(message)) => Ok(message),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("the server ended the connection".to_owned()),
    }
}
