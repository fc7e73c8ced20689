//! The body of a `listing.changed` statement: what became of a listing. Nothing in it is personal.

use minicbor::{Decode, Encode};

use crate::error::{Fault, FaultCode};
use crate::names::{CentreCode, ListingId};
use crate::seal::SUITE;
use crate::wire;

/// Most bytes of the body.
pub const MAX_CHANGED_BODY_BYTES: usize = 256;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Change {
    /// 维持: objections were answered and the listing stands.
    #[n(0)]
    Upheld,
    /// 撤销: it should not have been, or not like this. Ends it.
    #[n(1)]
    Withdrawn,
    /// 修复: the subject has made good. Ends it.
    #[n(2)]
    Repaired,
    /// Another statement of the same listing, named by `successor`, takes its place. Ends this one.
    #[n(3)]
    Replaced,
}

impl Change {
    /// Every change.
    pub const ALL: [Self; 4] = [Self::Upheld, Self::Withdrawn, Self::Repaired, Self::Replaced];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Upheld => "upheld",
            Self::Withdrawn => "withdrawn",
            Self::Repaired => "repaired",
            Self::Replaced => "replaced",
        }
    }

    /// The change with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.code() == code)
    }

    /// Whether the statement it names counts no longer and its payload goes.
    #[must_use]
    pub const fn ends(self) -> bool {
        match self {
            Self::Upheld => false,
            Self::Withdrawn | Self::Repaired | Self::Replaced => true,
        }
    }
}

/// An objection that a change answers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ObjectionRef {
    /// Who objected.
    #[n(0)]
    pub centre: CentreCode,
    /// Row of that centre's journal.
    #[n(1)]
    pub index: u64,
}

/// What became of a listing of the author's own.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ChangedBody {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// The listing.
    #[n(1)]
    pub listing: ListingId,
    /// Row of this journal that decided it: the statement that is changed.
    #[n(2)]
    pub index: u64,
    /// What became of it.
    #[n(3)]
    pub change: Change,
    /// The objection that is answered; [`Change::Upheld`] has one, an ending may.
    #[n(4)]
    pub answers: Option<ObjectionRef>,
    /// Row of this journal that takes its place; [`Change::Replaced`] has one and nothing else.
    #[n(5)]
    pub successor: Option<u64>,
    /// The subject's name was used by somebody else (被冒用).
    #[n(6)]
    pub impersonated: bool,
}

impl ChangedBody {
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
        let body: Self = wire::decode(bytes, MAX_CHANGED_BODY_BYTES)?;
        let sound = body.suite == SUITE
            && (body.change == Change::Replaced) == body.successor.is_some()
            && (body.change != Change::Upheld || body.answers.is_some());
        if sound { Ok(body) } else { Err(Fault::new(FaultCode::BadStatement, "listing.changed")) }
    }
}
