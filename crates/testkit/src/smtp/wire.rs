//! Lines and data to and from a mail client, in the clear or inside TLS.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::content::MAX_MAIL;
use crate::http::find;

/// Longest command line, CRLF left out: what AUTH may need (RFC 4954, section 4).
const MAX_COMMAND: usize = 12288;

/// A connection, whatever lies under it.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Bytes to and from the client.
pub(super) struct Wire {
    pub(super) stream: Box<dyn Duplex>,
    pub(super) buffer: Vec<u8>,
}

impl Wire {
    /// The next command line; `None` when the client is gone or talks nonsense.
    pub(super) async fn line(&mut self) -> std::io::Result<Option<String>> {
        loop {
            if let Some(at) = find(&self.buffer, b"\r\n") {
                let line = String::from_utf8_lossy(&self.buffer[..at]).into_owned();
                self.buffer.drain(..at + 2);
                return Ok(Some(line));
            }
            if self.buffer.len() > MAX_COMMAND || self.stream.read_buf(&mut self.buffer).await? == 0
            {
                return Ok(None);
            }
        }
    }

    /// A mail's data up to the lone dot, still stuffed; `None` when the client
    /// is gone, or sends far more than was announced.
    pub(super) async fn data(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        // The dot may stand on the very first line.
        let mut data = b"\r\n".to_vec();
        data.append(&mut self.buffer);
        let mut searched = 0;
        loop {
            if let Some(at) = find(data.get(searched..).unwrap_or_default(), b"\r\n.\r\n") {
                let end = searched + at;
                self.buffer = data.split_off(end + 5);
                data.truncate(end + 2);
                data.drain(..2);
                return Ok(Some(data));
            }
            searched = data.len().saturating_sub(4);
            // A client past the announced size is cut off, as servers do.
            if data.len() > 2 * MAX_MAIL || self.stream.read_buf(&mut data).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// One line of answer.
    pub(super) async fn say(&mut self, code: u16, text: &str) -> std::io::Result<()> {
        self.stream
            .write_all(format!("{code} {text}\r\n").as_bytes())
            .await?;
        self.stream.flush().await
    }
}
