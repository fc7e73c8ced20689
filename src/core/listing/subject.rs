//! From a document's number to what is looked up: normalisation, the slow derivation, the token and the keys.
//!
//! The same document gives the same token in every centre, whoever types it and however: numbers are normalised first. The derivation
//! is slow for people, because their numbers can be guessed; it is one HMAC for organisations, whose numbers are public anyway. All of
//! it needs the federation's pepper. What must never be here: a token or a number in an error or a `Debug`.

use jiff::civil::Date;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::RefusalCode;
use crate::facts::identity::{credit_code, other_document, resident_id};
use crate::facts::text::masked;
use crate::names::{Digest, ListingId, SubjectToken};
use crate::seal::stretch::{SUBJECT_COST, Scratch, Unstretched, argon2id_in};
use crate::seal::{Key, Purpose, derive, hmac};

/// What kind of subject a listing is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "kebab-case")]
#[cbor(index_only)]
pub enum SubjectKind {
    /// 个人
    #[n(0)]
    Person,
    /// 单位: an employer.
    #[n(1)]
    Employer,
    /// 相关方: a developer, an agent, an appraiser; an organisation or a person.
    #[n(2)]
    Party,
}

impl SubjectKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Person, Self::Employer, Self::Party];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Employer => "employer",
            Self::Party => "party",
        }
    }

    /// The kind with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// What document a subject is known by: ZJLX of JGJ/T 320-2014, and the unified social credit code for organisations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DocumentType {
    /// 身份证
    #[serde(rename = "01")]
    ResidentCard,
    /// 军官证
    #[serde(rename = "02")]
    OfficerCard,
    /// 护照
    #[serde(rename = "03")]
    Passport,
    /// 外国人永久居留证
    #[serde(rename = "04")]
    ForeignResidentPermit,
    /// 其他
    #[serde(rename = "99")]
    Other,
    /// 统一社会信用代码 (GB 32100)
    #[serde(rename = "USCC")]
    CreditCode,
}

impl DocumentType {
    /// Every type.
    pub const ALL: [Self; 6] =
        [Self::ResidentCard, Self::OfficerCard, Self::Passport, Self::ForeignResidentPermit, Self::Other, Self::CreditCode];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ResidentCard => "01",
            Self::OfficerCard => "02",
            Self::Passport => "03",
            Self::ForeignResidentPermit => "04",
            Self::Other => "99",
            Self::CreditCode => "USCC",
        }
    }

    /// The type with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether numbers of this type are public, so that a slow derivation would protect nothing.
    #[must_use]
    pub const fn is_public(self) -> bool {
        match self {
            Self::CreditCode => true,
            Self::ResidentCard | Self::OfficerCard | Self::Passport | Self::ForeignResidentPermit | Self::Other => false,
        }
    }
}

/// A document whose number is of its form, normalised. Wiped when dropped; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    kind: DocumentType,
    number: Zeroizing<String>,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Document({}, ..)", self.kind.code())
    }
}

impl Document {
    /// Checks and normalises: half width, capitals, 15 digits completed to 18, the check character verified where there is one.
    /// `latest_birth` is the last day on which a person can have been born.
    ///
    /// # Errors
    /// `document-invalid`; never says what was read.
    pub fn new(kind: DocumentType, number: &str, latest_birth: Date) -> Result<Self, RefusalCode> {
        let number = match kind {
            DocumentType::ResidentCard => resident_id(number, latest_birth),
            DocumentType::CreditCode => credit_code(number),
            DocumentType::OfficerCard | DocumentType::Passport | DocumentType::ForeignResidentPermit | DocumentType::Other => {
                other_document(number)
            }
        };
        number.map(|number| Self { kind, number: Zeroizing::new(number) }).map_err(|_| RefusalCode::DocumentInvalid)
    }

    /// Its type.
    #[must_use]
    pub const fn kind(&self) -> DocumentType {
        self.kind
    }

    /// The normalised number: personal, never for a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.number
    }

    /// As a screen shows it ([`masked`]).
    #[must_use]
    pub fn masked(&self) -> String {
        masked(&self.number)
    }

    /// Type and number as they enter a derivation.
    pub(crate) fn material(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(self.number.len() + 8));
        out.extend_from_slice(self.kind.code().as_bytes());
        out.push(0);
        out.extend_from_slice(self.number.as_bytes());
        out
    }
}

pub use crate::charter::Pepper;

/// What stands for a subject under one pepper. Whoever has it can find and read every listing of the subject: as secret as the number.
#[derive(Debug, Clone)]
pub struct SubjectSecret(Key);

impl SubjectSecret {
    /// Derives it. For people it takes tens of milliseconds and 19 MiB: never inside the loop.
    ///
    /// # Errors
    /// [`Unstretched`] when the memory cannot be had.
    pub fn derive(pepper: &Pepper, document: &Document) -> Result<Self, Unstretched> {
        Self::derive_in(&mut Scratch::default(), pepper, document)
    }

    /// The same in memory that is there already.
    ///
    /// # Errors
    /// [`Unstretched`] when the memory cannot be had.
    pub fn derive_in(scratch: &mut Scratch, pepper: &Pepper, document: &Document) -> Result<Self, Unstretched> {
        let material = document.material();
        if document.kind.is_public() {
            return Ok(Self(hmac(&pepper.key, Purpose::Subject, &[&material])));
        }
        let salt = crate::journal::hash::sha256(pepper.key.expose());
        argon2id_in(scratch, &material, &salt.0, SUBJECT_COST).map(Self)
    }

    /// What listings of this subject are found by.
    #[must_use]
    pub fn token(&self) -> SubjectToken {
        let full = derive(&self.0, Purpose::SubjectToken, &[]);
        let mut token = SubjectToken([0; 16]);
        token.0.copy_from_slice(&full.expose()[..16]);
        token
    }

    /// The key of one listing's content.
    #[must_use]
    pub fn entry_key(&self, listing: &ListingId) -> Key {
        derive(&self.0, Purpose::SubjectEntry, &[&listing.0])
    }
}

/// The id of a listing: the same decision about the same subject has one id, and only its centre can tell which.
#[must_use]
pub fn listing_id(own: &Key, decision_no: &str, document: &Document) -> ListingId {
    let full = hmac(own, Purpose::ListingId, &[decision_no.as_bytes(), &document.material()]);
    let mut id = ListingId([0; 16]);
    id.0.copy_from_slice(&full.expose()[..16]);
    id
}

/// The same for the same decision number, and it tells the number to nobody but its centre.
#[must_use]
pub fn decision_digest(own: &Key, decision_no: &str) -> Digest {
    Digest(*hmac(own, Purpose::ListingId, &[decision_no.as_bytes()]).expose())
}

/// The same for the same content of a row, and nobody but its centre can tell which that is by guessing. (Three parts, the last of them
/// empty: no listing and no decision has as many.)
#[must_use]
pub fn content_digest(own: &Key, content: &Digest) -> Digest {
    Digest(*hmac(own, Purpose::ListingId, &[b"content", &content.0, b""]).expose())
}
