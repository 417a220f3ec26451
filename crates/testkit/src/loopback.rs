//! Listening on 127.0.0.1, one task a connection, until dropped.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// A port of this machine's own that is listened on. Dropping it stops the
/// listener and every connection it took.
#[derive(Debug)]
pub(crate) struct Loopback {
    address: SocketAddr,
    task: AbortHandle,
}

impl Loopback {
    /// Listens on `port` (0: any free one) and hands each connection to `serve`.
    ///
    /// # Panics
    /// The port is taken: nothing a test could go on with.
    pub(crate) async fn listen<F>(
        port: u16,
        serve: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (listener, address) = match bind(port).await {
            Ok(bound) => bound,
            Err(error) => panic!("cannot listen on 127.0.0.1:{port}: {error}"),
        };
        let task = tokio::spawn(async move {
            // Owned by this task, so that aborting it ends the connections too.
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                        // Without it, an answer in two writes waits 40 ms.
                        let _ = stream.set_nodelay(true);
                        connections.spawn(serve(stream));
                    },
                    Some(_) = connections.join_next(), if !connections.is_empty() => {}
                }
            }
        });
        Self {
            address,
            task: task.abort_handle(),
        }
    }

    pub(crate) const fn port(&self) -> u16 {
        self.address.port()
    }
}

async fn bind(port: u16) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.task.abort();
    }
}
