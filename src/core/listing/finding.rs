//! What was decided about a subject: sealed under a key that only the subject's number and the pepper give.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use super::{Day, SubjectKind, SubjectSecret};
use crate::certificate::padding;
use crate::names::{CentreCode, Digest, FederationName, ListingId};
use crate::seal::{Purpose, Unopened, aead};
use crate::wire::{self, WireError};

/// Most bytes of a finding before it is padded.
pub const MAX_FINDING_BYTES: usize = 2 * 1024;
/// A finding is padded to a multiple of this many bytes, so that its length tells little.
pub const FINDING_PADDING_BYTES: usize = 64;
/// Most measures of one listing.
pub const MAX_MEASURES: usize = 8;
/// Longest text in a finding (a decision number, a legal basis, a label), in bytes of UTF-8.
pub const MAX_FINDING_TEXT_BYTES: usize = 200;

/// A code of the deciding centre's catalogue, with the words it has there: catalogues differ from centre to centre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct Coded {
    /// The code.
    #[n(0)]
    pub code: String,
    /// The words.
    #[n(1)]
    pub label: String,
}

/// Whether what was taken was paid back (退款).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "kebab-case")]
#[cbor(index_only)]
pub enum Refund {
    /// Nothing was to be paid back, or nothing is known.
    #[n(0)]
    None,
    /// Not yet.
    #[n(1)]
    Outstanding,
    /// Paid back.
    #[n(2)]
    Repaid,
}

/// What a centre decided about a subject, as far as another centre needs it. It has neither name nor number: who can open it has both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct Finding {
    /// What kind of subject.
    #[n(0)]
    pub subject_kind: SubjectKind,
    /// 失信行为
    #[n(1)]
    pub conduct: Coded,
    /// 失信等级
    #[n(2)]
    pub level: Coded,
    /// 认定文书号
    #[n(3)]
    pub decision_no: String,
    /// 认定日期
    #[n(4)]
    pub decision_day: Day,
    /// SHA-256 of the decision document; absent for an imported listing, whose document stays in its file.
    #[n(5)]
    pub decision_sha256: Option<Digest>,
    /// 法律依据
    #[n(6)]
    pub legal_basis: String,
    /// Which version of it.
    #[n(7)]
    pub legal_basis_version: Option<String>,
    /// 惩戒措施
    #[n(8)]
    pub measures: Vec<Coded>,
    /// When the subject was told; absent for an imported listing, which was notified as its decision document says.
    #[n(9)]
    pub notified: Option<Day>,
    /// Last day for objections before it was listed.
    #[n(10)]
    pub objection_until: Option<Day>,
    /// 限制截止日期: last day on which it counts in a lookup.
    #[n(11)]
    pub restriction_until: Day,
    /// 公示截止日期: last day on which it may be shown in a list.
    #[n(12)]
    pub publication_until: Day,
    /// Whether what was taken was paid back.
    #[n(13)]
    pub refund: Refund,
}

/// Why a finding cannot be sealed or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindingError {
    /// A text or list is longer than allowed, or empty where it may not be.
    #[error("{0} is not of its form")]
    Form(&'static str),
    /// Not a finding.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// It does not open with this subject's key in this place.
    #[error(transparent)]
    Unopened(#[from] Unopened),
}

/// Where a finding is sealed into: it opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The federation.
    pub federation: &'a FederationName,
    /// The deciding centre.
    pub centre: &'a CentreCode,
    /// The listing.
    pub listing: &'a ListingId,
    /// Version of the pepper.
    pub pepper: u64,
}

impl Finding {
    /// Checks the lengths of everything in it.
    ///
    /// # Errors
    /// [`FindingError::Form`].
    pub fn check(&self) -> Result<(), FindingError> {
        let text = |text: &str| !text.is_empty() && text.len() <= MAX_FINDING_TEXT_BYTES && !text.chars().any(char::is_control);
        let coded = |coded: &Coded| text(&coded.code) && text(&coded.label);
        let checks = [
            (coded(&self.conduct), "conduct"),
            (coded(&self.level), "level"),
            (text(&self.decision_no), "decision-no"),
            (text(&self.legal_basis), "legal-basis"),
            (self.legal_basis_version.as_deref().is_none_or(text), "legal-basis-version"),
            (self.measures.len() <= MAX_MEASURES && self.measures.iter().all(coded), "measures"),
        ];
        checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, what)| Err(FindingError::Form(what)))
    }

    /// Seals it for `place` under the subject's key.
    ///
    /// # Errors
    /// [`FindingError::Form`] when it is not of its form.
    pub fn seal(&self, rng: &mut dyn CryptoRng, secret: &SubjectSecret, place: &Place<'_>) -> Result<Vec<u8>, FindingError> {
        self.check()?;
        let plain = wire::encode(self);
        if plain.len() > MAX_FINDING_BYTES {
            return Err(FindingError::Form("finding"));
        }
        let padded = padding::pad(&plain, FINDING_PADDING_BYTES);
        Ok(aead::seal(rng, &secret.entry_key(place.listing), Purpose::Finding, &place.bound(), &padded))
    }

    /// Opens what was sealed for the same place and subject.
    ///
    /// # Errors
    /// [`FindingError`].
    pub fn open(secret: &SubjectSecret, place: &Place<'_>, sealed: &[u8]) -> Result<Self, FindingError> {
        let padded = aead::open(&secret.entry_key(place.listing), Purpose::Finding, &place.bound(), sealed)?;
        let plain = padding::unpad(&padded, FINDING_PADDING_BYTES).ok_or(Unopened)?;
        let finding: Self = wire::decode(plain, MAX_FINDING_BYTES)?;
        finding.check()?;
        Ok(finding)
    }
}

impl<'a> Place<'a> {
    fn bound(&self) -> [&'a [u8]; 3] {
        [self.federation.as_str().as_bytes(), self.centre.as_str().as_bytes(), &self.listing.0]
    }
}
