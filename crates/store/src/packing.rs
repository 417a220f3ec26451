//! Documents packed for keeping.
//!
//! Deflate, since the tree has it: zstd would pack a fifth better for half a
//! minute more of every clean build, and a C library more to trust.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use sha2::{Digest, Sha256};

use crate::StoreError;
use crate::archive::Arrived;

/// No document is larger, whatever the settings say, nor does one grow beyond it
/// when it is unpacked.
const LARGEST: u64 = 64 * 1024 * 1024;
/// Recorded feeds become 27 % of their size, with the usual 6 it is 24.5 % in twice the
/// time: a fourteenth of all that a feed costs.
const LEVEL: u32 = 3;
/// An address of which nothing was kept for so long is kept once more, in
/// microseconds.
pub(crate) const ONCE_IN: i64 = 20 * 60 * 60 * 1_000_000;
/// Readings handed out at once at most.
pub(crate) const MOST_READINGS: u32 = 1_000;

/// Documents made ready for writing, off the writing thread.
pub(crate) struct Packed {
    pub(crate) documents: Vec<One>,
    pub(crate) telling: bool,
}

/// One document.
pub(crate) struct One {
    pub(crate) url: String,
    pub(crate) content_type: Option<String>,
    pub(crate) hash: [u8; 32],
    pub(crate) size: u64,
    pub(crate) body: Vec<u8>,
}

impl Packed {
    pub(crate) fn of(arrived: Arrived) -> Result<Self, StoreError> {
        let documents = arrived
            .documents
            .into_iter()
            .filter(|document| document.bytes.len() as u64 <= LARGEST)
            .map(|document| {
                Ok(One {
                    hash: Sha256::digest(&document.bytes).into(),
                    size: document.bytes.len() as u64,
                    body: pack(&document.bytes)?,
                    url: document.url,
                    content_type: document.content_type,
                })
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(Self {
            documents,
            telling: arrived.telling,
        })
    }
}

fn pack(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(LEVEL));
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .map_err(|error| StoreError::Invalid(format!("a document cannot be packed: {error}")))
}

/// The bytes that were packed: as many as the row says, and no more.
pub(crate) fn unpack(body: &[u8], size: u64, hash: &[u8]) -> Result<Vec<u8>, StoreError> {
    let damaged = |what: &str| StoreError::Invalid(format!("a kept document {what}"));
    if size > LARGEST {
        return Err(damaged("is larger than any that was kept"));
    }
    let mut bytes = Vec::new();
    DeflateDecoder::new(body)
        .take(size + 1)
        .read_to_end(&mut bytes)
        .map_err(|_| damaged("cannot be unpacked"))?;
    if bytes.len() as u64 != size || Sha256::digest(&bytes).as_slice() != hash {
        return Err(damaged("is not what arrived"));
    }
    Ok(bytes)
}

/// A size as it is stored.
pub(crate) fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }

    #[test]
    fn what_was_packed_is_unpacked() {
        for bytes in [&b""[..], b"<rss/>", &[7; 100_000]] {
            let packed = pack(bytes).unwrap();
            let unpacked = unpack(&packed, bytes.len() as u64, &hash(bytes)).unwrap();
            assert_eq!(unpacked, bytes);
        }
        assert!(pack(&[7; 100_000]).unwrap().len() < 1_000);
    }

    #[test]
    fn a_bomb_is_not_unpacked_beyond_what_its_row_says() {
        // 50 MB of zeros in 50 kB, in a row that claims ten bytes.
        let zeros = vec![0; 50 * 1024 * 1024];
        let bomb = pack(&zeros).unwrap();
        assert!(bomb.len() < 64 * 1024);
        for size in [10, 0, u64::MAX, LARGEST + 1] {
            let refused = unpack(&bomb, size, &hash(&zeros));
            assert!(matches!(refused, Err(StoreError::Invalid(_))), "{size}");
        }
    }

    #[test]
    fn a_damaged_document_is_refused() {
        let packed = pack(b"<rss>the text</rss>").unwrap();
        let good = hash(b"<rss>the text</rss>");
        assert!(unpack(&packed, 19, &good).is_ok());
        assert!(unpack(&packed, 18, &good).is_err());
        assert!(unpack(&packed, 19, &hash(b"another")).is_err());
        assert!(unpack(&packed[..5], 19, &good).is_err());
        assert!(unpack(b"no deflate at all", 19, &good).is_err());
    }
}
