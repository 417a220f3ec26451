//! What a source answered, byte for byte.

use bytes::Bytes;

/// One answer: a feed, a page of records, a list of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Where it was read, after redirects, without passwords and keys.
    pub url: String,
    /// `Content-Type`, verbatim. Often wrong.
    pub content_type: Option<String>,
    /// The bytes, decompressed.
    pub bytes: Bytes,
}
