//! What members say to each other about the next version, as bodies of statements.

use minicbor::{Decode, Encode};

use super::change::{Change, MAX_CHANGES};
use super::content::MAX_VERSIONS;
use super::epoch::EpochCopy;
use super::{MAX_MEMBERS, link};
use crate::error::{Fault, FaultCode};
use crate::names::{CentreCode, Digest};
use crate::seal::SUITE;
use crate::sign::Signature;
use crate::wire;

/// Most rounds about one version: a vote that is split more often is not mended by another round.
pub const MAX_ROUNDS: u64 = 128;
/// Longest reason, in bytes of UTF-8.
pub const MAX_REASON_BYTES: usize = 400;
/// Most bytes of the body of a `charter.proposed` statement.
pub const MAX_PROPOSED_BYTES: usize = 40 * 1024;
/// Most bytes of the body of a statement that answers one.
pub const MAX_ANSWERED_BYTES: usize = 2 * 1024;
/// Most copies of an epoch in one statement.
pub const MAX_COPIES_IN_ROW: usize = 40;
/// Most bytes of the body of an `epoch.sealed` statement.
pub const MAX_SEALED_BYTES: usize = 60 * 1024;

/// One row of somebody's journal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct Place {
    /// Whose journal.
    #[n(0)]
    pub centre: CentreCode,
    /// Which row.
    #[n(1)]
    pub index: u64,
}

/// The body of `charter.proposed`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Proposed {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// The version that is proposed.
    #[n(1)]
    pub version: u64,
    /// Digest of the version that it follows.
    #[n(2)]
    pub previous: Digest,
    /// The round, from 0.
    #[n(3)]
    pub round: u64,
    /// What it changes.
    #[n(4)]
    pub changes: Vec<Change>,
    /// What a new epoch's secrets are recognised by.
    #[n(5)]
    pub commitment: Option<Digest>,
    /// The rows that carry the members' copies of them, and how many rows there are.
    #[n(6)]
    pub copies: Option<Copies>,
    /// In a round after the first: the promises of a quorum, in order.
    #[n(7)]
    pub promises: Vec<Place>,
    /// Why, for people.
    #[n(8)]
    pub reason: String,
}

/// Where the copies of an epoch lie: consecutive `epoch.sealed` rows of one journal.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Copies {
    /// Whose journal.
    #[n(0)]
    pub centre: CentreCode,
    /// The first row.
    #[n(1)]
    pub from: u64,
    /// How many rows.
    #[n(2)]
    pub rows: u64,
}

/// The body of `charter.approved`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Approved {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// The version.
    #[n(1)]
    pub version: u64,
    /// The round.
    #[n(2)]
    pub round: u64,
    /// Digest of the version that is approved.
    #[n(3)]
    pub digest: Digest,
    /// Over [`super::ballot`]: what stands in the chain.
    #[n(4)]
    pub signature: Signature,
}

/// The body of `charter.rejected`. It binds nobody; it tells people why a vote does not come to an end.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Rejected {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// The version.
    #[n(1)]
    pub version: u64,
    /// The round.
    #[n(2)]
    pub round: u64,
    /// Digest of the version that is rejected.
    #[n(3)]
    pub digest: Digest,
    /// Why, for people.
    #[n(4)]
    pub reason: String,
}

/// The body of `charter.promised`: its author approves nothing any more in a round before this one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Promised {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// The version.
    #[n(1)]
    pub version: u64,
    /// The round.
    #[n(2)]
    pub round: u64,
    /// What its author approved last, and in which round. The author's journal says the same; here it is told to people.
    #[n(3)]
    pub last: Option<Last>,
}

/// What was approved, and in which round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Last {
    /// The round.
    #[n(0)]
    pub round: u64,
    /// Digest of the version.
    #[n(1)]
    pub digest: Digest,
}

/// The body of `epoch.sealed`: some members' copies of an epoch's secrets.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SealedCopies {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// The epoch's number.
    #[n(1)]
    pub epoch: u64,
    /// In order of the centres' codes.
    #[n(2)]
    pub copies: Vec<CopyFor>,
}

/// One member's copy.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct CopyFor {
    /// Whose.
    #[n(0)]
    pub centre: CentreCode,
    /// The copy.
    #[n(1)]
    pub copy: EpochCopy,
}

fn bad(what: &'static str) -> Fault {
    Fault::new(FaultCode::BadStatement, what)
}

fn numbered(suite: &str, version: u64, round: u64) -> bool {
    suite == SUITE && (2..=MAX_VERSIONS).contains(&version) && round < MAX_ROUNDS
}

/// Whether a reason may be shown: short, and nothing in it that hides or turns text.
#[must_use]
pub fn is_reason(text: &str) -> bool {
    let hidden = |c: char| (c.is_control() && c != '\n') || super::card::turns_text(c);
    text.len() <= MAX_REASON_BYTES && !text.chars().any(hidden)
}

impl Proposed {
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
        let body: Self = wire::decode(bytes, MAX_PROPOSED_BYTES)?;
        let promised = body.promises.len() <= MAX_MEMBERS && body.promises.windows(2).all(|pair| pair[0].centre < pair[1].centre);
        let holds = numbered(&body.suite, body.version, body.round)
            && !body.changes.is_empty()
            && body.changes.len() <= MAX_CHANGES
            && promised
            && (body.round == 0) == body.promises.is_empty()
            && body.copies.is_some() == body.commitment.is_some()
            && is_reason(&body.reason);
        if holds { Ok(body) } else { Err(bad("charter.proposed")) }
    }
}

macro_rules! answers {
    ($($name:ident $what:literal),*) => {$(
        impl $name {
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
                let body: Self = wire::decode(bytes, MAX_ANSWERED_BYTES)?;
                let holds = numbered(&body.suite, body.version, body.round) && body.is_sound();
                if holds { Ok(body) } else { Err(bad($what)) }
            }
        }
    )*};
}

answers!(Approved "charter.approved", Rejected "charter.rejected", Promised "charter.promised");

impl Approved {
    const fn is_sound(&self) -> bool {
        true
    }

    /// As a link carries it.
    #[must_use]
    pub fn approval(&self, centre: &CentreCode) -> link::Approval {
        link::Approval { centre: centre.clone(), signature: self.signature }
    }
}

impl Rejected {
    fn is_sound(&self) -> bool {
        is_reason(&self.reason)
    }
}

impl Promised {
    /// Nobody promises the first round: nothing lies before it.
    fn is_sound(&self) -> bool {
        self.round > 0 && self.last.is_none_or(|last| last.round < self.round)
    }
}

impl SealedCopies {
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
        let body: Self = wire::decode(bytes, MAX_SEALED_BYTES)?;
        let ordered = body.copies.windows(2).all(|pair| pair[0].centre < pair[1].centre);
        let holds = body.suite == SUITE && body.epoch > 1 && ordered && !body.copies.is_empty() && body.copies.len() <= MAX_COPIES_IN_ROW;
        if holds { Ok(body) } else { Err(bad("epoch.sealed")) }
    }
}
