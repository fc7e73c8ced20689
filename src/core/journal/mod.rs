//! The journal: one centre's append-only Merkle log (RFC 6962) under signed checkpoints (C2SP).

use minicbor::{Decode, Encode};

use crate::names::Digest;

/// One row of a journal: the header's bytes as received, and the payload unless it was left out or erased.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Entry {
    /// Deterministic CBOR; the Merkle leaf is the hash of exactly these bytes.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub header: Vec<u8>,
    /// 16 bytes of salt, then the body.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub payload: Option<Vec<u8>>,
}

/// The root of a complete subtree of 2^`level` leaves, the `index`-th of its level. Only levels that are multiples of
/// [`STORED_LEVEL_STEP`] are stored; the rest is hashed again from these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subtree {
    /// log2 of its number of leaves.
    pub level: u8,
    /// Which of its level, from 0.
    pub index: u64,
    /// Its root hash.
    pub digest: Digest,
}

/// Every how many levels a subtree root is stored: one stored hash per 256 rows (as C2SP tlog-tiles).
pub const STORED_LEVEL_STEP: u8 = 8;
