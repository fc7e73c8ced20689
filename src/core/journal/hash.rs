//! The three hashes of the log (RFC 6962, section 2.1): a leaf, a node, and the root of nothing.
//!
//! Leaf and node hashes begin with different bytes, so that no node can be passed off as a leaf.

use sha2::{Digest as _, Sha256};

use crate::names::Digest;

const LEAF_PREFIX: [u8; 1] = [0x00];
const NODE_PREFIX: [u8; 1] = [0x01];

/// The Merkle leaf of a row: SHA-256(0x00 ‖ header bytes as received).
#[must_use]
pub fn leaf(header: &[u8]) -> Digest {
    Digest(Sha256::new().chain_update(LEAF_PREFIX).chain_update(header).finalize().into())
}

/// The parent of two roots: SHA-256(0x01 ‖ left ‖ right).
#[must_use]
pub fn node(left: &Digest, right: &Digest) -> Digest {
    Digest(Sha256::new().chain_update(NODE_PREFIX).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// The root of an empty journal: SHA-256 of nothing.
#[must_use]
pub fn empty() -> Digest {
    sha256(&[])
}

/// SHA-256 of `bytes`, for payload digests.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}
