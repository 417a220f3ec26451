//! Content hashes: SHA-256, whole or cut to the 16 bytes that name an item.

use sha2::{Digest, Sha256};

/// SHA-256 of the parts, each preceded by its length so that no two different
/// lists of parts hash alike.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The first 16 bytes of [`sha256`].
#[must_use]
pub fn short(parts: &[&[u8]]) -> [u8; 16] {
    let whole = sha256(parts);
    let mut cut = [0; 16];
    cut.copy_from_slice(&whole[..16]);
    cut
}
