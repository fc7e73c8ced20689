//! The body of a `listing.objected` statement: somebody disputes a listing, at whatever centre they said so.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::error::{Fault, FaultCode};
use crate::names::{CentreCode, ListingId};
use crate::seal::SUITE;
use crate::seal::hybrid::HybridSealed;
use crate::wire;

/// Most bytes of the body.
pub const MAX_OBJECTED_BODY_BYTES: usize = 3 * 1024;
/// Longest text of an objection, in bytes of UTF-8.
pub const MAX_OBJECTION_TEXT_BYTES: usize = 600;
/// Objections of one author that count per legal day of theirs; more are kept and mean nothing.
pub const OBJECTIONS_PER_DAY: u64 = 64;

/// Why somebody objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "kebab-case")]
#[cbor(index_only)]
pub enum Ground {
    /// 被冒用身份: it was somebody else under this name.
    #[n(0)]
    Impersonated,
    /// 事实不符
    #[n(1)]
    Facts,
    /// 程序违法
    #[n(2)]
    Procedure,
    /// 已经修复 or 已经履行: made good already.
    #[n(3)]
    MadeGood,
    /// 其他
    #[n(4)]
    Other,
}

impl Ground {
    /// Every ground.
    pub const ALL: [Self; 5] = [Self::Impersonated, Self::Facts, Self::Procedure, Self::MadeGood, Self::Other];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Impersonated => "impersonated",
            Self::Facts => "facts",
            Self::Procedure => "procedure",
            Self::MadeGood => "made-good",
            Self::Other => "other",
        }
    }

    /// The ground with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.code() == code)
    }
}

/// An objection to a listing of any centre's.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ObjectedBody {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// Whose listing.
    #[n(1)]
    pub centre: CentreCode,
    /// Row of that centre's journal that decided it.
    #[n(2)]
    pub index: u64,
    /// The listing.
    #[n(3)]
    pub listing: ListingId,
    /// Why.
    #[n(4)]
    pub ground: Ground,
    /// What the subject says, sealed to the hybrid key of the listing's centre ([`crate::seal::Purpose::Objection`], bound to `listing`).
    #[n(5)]
    pub text: Option<HybridSealed>,
}

impl ObjectedBody {
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
        let body: Self = wire::decode(bytes, MAX_OBJECTED_BODY_BYTES)?;
        if body.suite == SUITE { Ok(body) } else { Err(Fault::new(FaultCode::BadStatement, "listing.objected")) }
    }
}
