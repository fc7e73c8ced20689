//! The body of a `listing.decided` statement.

use minicbor::{Decode, Encode};

use super::Day;
use super::finding::{FINDING_PADDING_BYTES, MAX_FINDING_BYTES};
use crate::error::{Fault, FaultCode};
use crate::names::{Digest, ListingId, SubjectToken};
use crate::seal::SUITE;
use crate::seal::aead::OVERHEAD_BYTES;
use crate::time::Time;
use crate::wire;

/// Most bytes of a sealed finding.
pub const MAX_SEALED_FINDING_BYTES: usize = MAX_FINDING_BYTES + FINDING_PADDING_BYTES + OVERHEAD_BYTES;
/// Most bytes of the body.
pub const MAX_DECIDED_BODY_BYTES: usize = MAX_SEALED_FINDING_BYTES + 256;

/// How the subject came to know before the listing took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Basis {
    /// Told here, with time to object.
    #[n(0)]
    Notified,
    /// Listed before there was anju: told as the decision document says; two people approved the file.
    #[n(1)]
    Imported,
}

impl Basis {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Notified => "notified",
            Self::Imported => "imported",
        }
    }
}

/// What every member can read of a listing, and what only who has the subject before them can.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DecidedBody {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// The listing; the same when it is published again with other content or under another pepper.
    #[n(1)]
    pub listing: ListingId,
    /// Version of the pepper that `token` was derived with.
    #[n(2)]
    pub pepper: u64,
    /// What the subject is found by.
    #[n(3)]
    pub token: SubjectToken,
    /// Last day on which it counts in a lookup.
    #[n(4)]
    pub restriction_until: Day,
    /// Last day on which it may be shown in a list.
    #[n(5)]
    pub publication_until: Day,
    /// How the subject came to know.
    #[n(6)]
    pub basis: Basis,
    /// Commitment to the record of who decided: see [`super::case::authority`] and [`super::import::authority`].
    #[n(7)]
    pub authority: Digest,
    /// The finding.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
}

impl DecidedBody {
    /// The body's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`Fault`] with `oversized`, `malformed` or `bad-statement`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let body: Self = wire::decode(bytes, MAX_DECIDED_BODY_BYTES)?;
        let sound = body.suite == SUITE && body.sealed.len() <= MAX_SEALED_FINDING_BYTES;
        if sound { Ok(body) } else { Err(Fault::new(FaultCode::BadStatement, "listing.decided")) }
    }

    /// When the payload has to go unless an ending takes it before: after the later of the two clocks.
    #[must_use]
    pub fn drop_after(&self) -> Time {
        self.restriction_until.max(self.publication_until).end()
    }
}
