//! The log as a tree, and what of it goes into the journal.

use minicbor::{Decode, Encode};

use crate::error::Fault;
use crate::names::Digest;
use crate::seal::SUITE;
use crate::wire;

/// Most bytes of the body of an `audit.recorded` statement.
pub const MAX_AUDIT_BODY_BYTES: usize = 128;

/// How far the log goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditLog {
    /// Rows.
    pub size: u64,
    /// Roots of the complete subtrees, largest first.
    pub peaks: Vec<Digest>,
    /// How many rows the commitment covers that comes last in our journal; 0 without one. Read from there: what a write says is ignored.
    pub committed: u64,
}

/// The body of an `audit.recorded` statement: a commitment to the author's audit log, and nothing else of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AuditBody {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// Rows of the log.
    #[n(1)]
    pub size: u64,
    /// Its root (RFC 6962, section 2.1).
    #[n(2)]
    pub root: Digest,
}

impl AuditBody {
    /// A commitment to a log of `size` rows under `root`.
    #[must_use]
    pub fn new(size: u64, root: Digest) -> Self {
        Self { suite: SUITE.to_owned(), size, root }
    }

    /// The body's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`Fault`] with `oversized` or `malformed`, or `bad-statement` for another suite.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let body: Self = wire::decode(bytes, MAX_AUDIT_BODY_BYTES)?;
        if body.suite == SUITE { Ok(body) } else { Err(Fault::new(crate::error::FaultCode::BadStatement, "suite")) }
    }
}
