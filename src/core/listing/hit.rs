//! The body of a `listing.hit` statement: a centre tells the listing's centre, sealed, that somebody on its list stood at a counter.
//!
//! Other members see that a note went from one centre to another, and nothing of it.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::certificate::padding;
use crate::error::{Fault, FaultCode};
use crate::names::{CentreCode, ListingId, RequestId};
use crate::seal::hpke::{self, OpeningKey, Sealed, SealingKey};
use crate::seal::{Purpose, SUITE, Unopened};
use crate::time::Time;
use crate::wire;

/// Most bytes of the body.
pub const MAX_HIT_BODY_BYTES: usize = 1024;
/// Every note is padded to this many bytes or a multiple.
pub const HIT_PADDING_BYTES: usize = 512;

/// What is told. Personal.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HitNote {
    /// The listing.
    #[n(0)]
    pub listing: ListingId,
    /// Row of the listing centre's journal that decided it.
    #[n(1)]
    pub index: u64,
    /// The asker's id of the lookup.
    #[n(2)]
    pub request: RequestId,
    /// Code of the matter.
    #[n(3)]
    pub matter: String,
    /// The asker's business number.
    #[n(4)]
    pub business_no: String,
    /// Code of the legal basis.
    #[n(5)]
    pub legal_basis: String,
    /// When.
    #[n(6)]
    pub at: Time,
}

impl std::fmt::Debug for HitNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HitNote({})", self.index)
    }
}

/// The body: to whom, and the note.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HitBody {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// Whose listing it is: who can open the note.
    #[n(1)]
    pub to: CentreCode,
    /// The note, sealed to that centre and bound to `from` and `to`.
    #[n(2)]
    pub sealed: Sealed,
}

impl HitBody {
    /// Seals `note` of centre `from` to centre `to`.
    ///
    /// # Errors
    /// [`Unopened`] when the key is one nothing may be sealed to.
    pub fn seal(rng: &mut dyn CryptoRng, note: &HitNote, from: &CentreCode, to: &CentreCode, key: &SealingKey) -> Result<Self, Unopened> {
        let plain = padding::pad(&wire::encode(note), HIT_PADDING_BYTES);
        let sealed = hpke::seal(rng, key, Purpose::ListingHit, &bound(from, to), &plain)?;
        Ok(Self { suite: SUITE.to_owned(), to: to.clone(), sealed })
    }

    /// Opens the note that centre `from` wrote, as the centre it is for.
    ///
    /// # Errors
    /// [`Unopened`] when it is not for this key, or is no note.
    pub fn open(&self, from: &CentreCode, key: &OpeningKey) -> Result<HitNote, Unopened> {
        let padded = hpke::open(key, Purpose::ListingHit, &bound(from, &self.to), &self.sealed)?;
        let plain = padding::unpad(&padded, HIT_PADDING_BYTES).ok_or(Unopened)?;
        wire::decode(plain, MAX_HIT_BODY_BYTES).map_err(|_| Unopened)
    }

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
        let body: Self = wire::decode(bytes, MAX_HIT_BODY_BYTES)?;
        if body.suite == SUITE { Ok(body) } else { Err(Fault::new(FaultCode::BadStatement, "listing.hit")) }
    }
}

fn bound(from: &CentreCode, to: &CentreCode) -> Vec<u8> {
    format!("{from}/{to}").into_bytes()
}
