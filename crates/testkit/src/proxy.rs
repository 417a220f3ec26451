//! A wire between a node and its database that can be cut.
//!
//! Two ways to be cut off: the connections break and new ones are refused, or
//! everything stays open and nothing comes through, as behind a dead router.

use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::loopback::Loopback;

/// How the wire is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    Whole,
    Cut,
    Dead,
}

/// A wire to a port of this machine. Dropping it cuts it for good.
#[derive(Debug)]
pub struct Proxy {
    loopback: Loopback,
    wire: watch::Sender<Wire>,
}

impl Proxy {
    /// A wire to `target`.
    ///
    /// # Panics
    /// No port is free.
    pub async fn start(target: u16) -> Self {
        let wire = watch::Sender::new(Wire::Whole);
        let state = wire.clone();
        let loopback =
            Loopback::listen(0, move |near| carry(near, target, state.subscribe())).await;
        Self { loopback, wire }
    }

    /// Its near end.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.loopback.port()
    }

    /// Breaks every connection; new ones are broken at once.
    pub fn cut(&self) {
        self.wire.send_replace(Wire::Cut);
    }

    /// Leaves every connection open, and carries nothing more.
    pub fn kill(&self) {
        self.wire.send_replace(Wire::Dead);
    }

    /// Makes it whole again. What was cut stays broken; what was dead goes on.
    pub fn mend(&self) {
        self.wire.send_replace(Wire::Whole);
    }
}

async fn carry(mut near: TcpStream, target: u16, mut wire: watch::Receiver<Wire>) {
    let mut far = None;
    loop {
        let now = *wire.borrow_and_update();
        match now {
            Wire::Cut => return,
            Wire::Dead => {
                if wire.changed().await.is_err() {
                    return;
                }
            }
            Wire::Whole => {
                let far = match &mut far {
                    Some(far) => far,
                    none => match TcpStream::connect(("127.0.0.1", target)).await {
                        Ok(stream) => {
                            let _ = stream.set_nodelay(true);
                            none.insert(stream)
                        }
                        Err(_) => return,
                    },
                };
                tokio::select! {
                    _ = copy_bidirectional(&mut near, far) => return,
                    changed = wire.changed() => if changed.is_err() { return },
                }
            }
        }
    }
}
