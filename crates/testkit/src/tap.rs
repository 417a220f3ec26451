//! A stream that a test lets run: what it sends reaches every answer that is held
//! open, and it can cut them all.

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{broadcast, watch};

/// Pieces kept for a listener that does not read; a test sends fewer.
const KEPT: usize = 4096;

/// Where a test turns the stream on and off. Answers made with
/// [`crate::site::Reply::tap`] stay open and carry what is sent.
#[derive(Debug, Clone)]
pub struct Tap {
    pieces: broadcast::Sender<Piece>,
    opened: watch::Sender<usize>,
}

#[derive(Debug, Clone)]
enum Piece {
    Bytes(Bytes),
    Cut,
}

impl Default for Tap {
    fn default() -> Self {
        Self {
            pieces: broadcast::Sender::new(KEPT),
            opened: watch::Sender::new(0),
        }
    }
}

impl Tap {
    /// A stream nobody listens to yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends these bytes to everybody who listens now.
    pub fn send(&self, bytes: impl AsRef<[u8]>) {
        // Nobody listening is no failure of a stream.
        let _ = self
            .pieces
            .send(Piece::Bytes(Bytes::copy_from_slice(bytes.as_ref())));
    }

    /// Closes every connection that is open now, in the middle of the answer.
    pub fn cut(&self) {
        let _ = self.pieces.send(Piece::Cut);
    }

    /// Waits until the stream was opened so many times in all.
    pub async fn opened(&self, times: usize) {
        let mut opened = self.opened.subscribe();
        // The sender lives as long as `self`.
        let _ = opened.wait_for(|opened| *opened >= times).await;
    }

    /// How often it was opened.
    #[must_use]
    pub fn times(&self) -> usize {
        *self.opened.borrow()
    }

    /// Carries the stream to one listener, in chunks, until one of the two ends.
    pub(crate) async fn run(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let mut pieces = self.pieces.subscribe();
        self.opened.send_modify(|opened| *opened += 1);
        let mut ignored = [0; 256];
        loop {
            tokio::select! {
                piece = pieces.recv() => match piece {
                    Ok(Piece::Bytes(bytes)) if bytes.is_empty() => {}
                    Ok(Piece::Bytes(bytes)) => {
                        stream.write_all(format!("{:x}\r\n", bytes.len()).as_bytes()).await?;
                        stream.write_all(&bytes).await?;
                        stream.write_all(b"\r\n").await?;
                    }
                    Ok(Piece::Cut) | Err(_) => return Ok(()),
                },
                read = stream.read(&mut ignored) => if read? == 0 {
                    return Ok(());
                },
            }
        }
    }
}
