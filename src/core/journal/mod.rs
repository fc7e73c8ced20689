//! The journal: one centre's append-only Merkle log (RFC 6962) under signed checkpoints (C2SP).
//!
//! This room turns statements into rows, rows into roots, roots into signed heads, and checks all three when they come from
//! somebody else. Everything here is a plain function over values: what is checked leaves as a type that only the check can make
//! ([`VerifiedHead`], [`ProvenFrame`], [`VerifiedEvidence`]). What must never be here: a decision about what a statement means or whom
//! to ask next, a row of the store, personal data in a header or in an error.
//!
//! | file | what it is for |
//! | --- | --- |
//! | [`statement`] | header and payload of one statement, and when a payload may be absent |
//! | [`kinds`] | the table of kinds, beside `schemas/kinds.toml` |
//! | [`hash`] | leaf, node and empty hash |
//! | [`frontier`] | the compact range from which a root is known without the tree |
//! | [`proof`] | inclusion and consistency proofs, made in bounded memory and verified |
//! | [`note`] | C2SP signed notes and cosignatures |
//! | [`checkpoint`] | the signed head of a journal and its heartbeat |
//! | [`cosignature`] | a witness's word for a signed head |
//! | [`head`] | what two heads of one journal say about each other |
//! | [`batch`] | authoring: rows in, signed head out |
//! | [`sound`] | rows whose form and payload were checked, wherever that was done |
//! | [`frame`] | rows on the wire, proven before anything is stored |
//! | [`fork`] | proof that an author signed two histories |
//! | [`evidence`] | one row with everything that proves it |

pub mod batch;
pub mod checkpoint;
pub mod cosignature;
pub mod evidence;
pub mod fork;
pub mod frame;
pub mod frontier;
pub mod hash;
pub mod head;
pub mod kinds;
pub mod note;
pub mod proof;
pub mod sound;
pub mod statement;

#[cfg(test)]
mod tests;

use minicbor::{Decode, Encode};

pub use batch::Batch;
pub use checkpoint::{Author, Checkpoint, Origin, SignedHead, VerifiedHead};
pub use cosignature::VerifiedCosignature;
pub use evidence::{Evidence, VerifiedEvidence};
pub use fork::{ForkProof, VerifiedFork};
pub use frame::{Frame, ProvenFrame, SoundFrame};
pub use frontier::Frontier;
pub use kinds::Kind;
pub use sound::{SoundRow, SoundRows};
pub use statement::{Header, Statement};

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

/// Most rows a journal may have. Far beyond any centre's need, and far below where index arithmetic or a signed 64-bit column ends, so
/// that a hostile size is refused before anything is computed from it.
pub const MAX_JOURNAL_ROWS: u64 = 1 << 48;
