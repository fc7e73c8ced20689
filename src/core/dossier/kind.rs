//! Which kinds of dossiers there are, who may write which field of one, and of what form it is.
//!
//! A table in code and not in a file: what one party counts every other must count, so it changes as the protocol does.

use jiff::civil::Date;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::MAX_TEXT_BYTES;
use crate::facts::text::is_hostile;
use crate::names::{CentreCode, CertificateNumber, ListingRef};

/// Longest short text (a number, a name, a telephone), in bytes of UTF-8.
pub const MAX_LINE_BYTES: usize = 120;
/// Largest amount, in fen: ten billion yuan.
pub const MAX_FEN: u64 = 1_000_000_000_000;
/// Longest term, in months.
pub const MAX_MONTHS: u64 = 480;
/// Most transfers of an account during one loan.
pub const MAX_TRANSFERS: u32 = 9;
/// Most numbered entries of one series (notes of a centre, evidence, overdue months).
pub const MAX_SERIES: u32 = 480;

/// What a dossier is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "kebab-case")]
#[cbor(index_only)]
pub enum DossierKind {
    /// 异地贷款: a cross-region loan, about a certificate.
    #[n(0)]
    Loan,
    /// 异议: a contested listing.
    #[n(1)]
    ContestedListing,
    /// 协查: notes between two centres.
    #[n(2)]
    Note,
}

impl DossierKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Loan, Self::ContestedListing, Self::Note];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Loan => "loan",
            Self::ContestedListing => "contested-listing",
            Self::Note => "note",
        }
    }

    /// The kind with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The role of who opens one, and of the centre it is opened with.
    #[must_use]
    pub const fn founders(self) -> (PartyRole, PartyRole) {
        match self {
            Self::Loan => (PartyRole::Lending, PartyRole::Depositing),
            Self::ContestedListing => (PartyRole::Objecting, PartyRole::Listing),
            Self::Note => (PartyRole::Writing, PartyRole::Writing),
        }
    }

    /// The role in which a centre may be added later, if one may.
    #[must_use]
    pub const fn joins_as(self) -> Option<PartyRole> {
        match self {
            Self::Loan => Some(PartyRole::NewDepositing),
            Self::ContestedListing | Self::Note => None,
        }
    }

    /// Whether a dossier of this kind is about `about`, opened by `opener` with `other`.
    #[must_use]
    pub fn may_be_about(self, about: Option<&str>, opener: &CentreCode, other: &CentreCode) -> bool {
        match (self, about) {
            (Self::Loan, Some(about)) => CertificateNumber::new(about).is_ok_and(|number| number.centre() == *other),
            (Self::ContestedListing, Some(about)) => about.parse::<ListingRef>().is_ok_and(|listing| listing.centre == *other),
            (Self::Note, None) => opener != other,
            (Self::Loan | Self::ContestedListing, None) | (Self::Note, Some(_)) => false,
        }
    }
}

/// What a centre is in a dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "kebab-case")]
#[cbor(index_only)]
pub enum PartyRole {
    /// 贷款地: lends.
    #[n(0)]
    Lending,
    /// 缴存地: keeps the account, and issued the certificate.
    #[n(1)]
    Depositing,
    /// 转入地: keeps the account after a transfer.
    #[n(2)]
    NewDepositing,
    /// Decided the listing.
    #[n(3)]
    Listing,
    /// Where the person objects.
    #[n(4)]
    Objecting,
    /// Writes notes.
    #[n(5)]
    Writing,
}

impl PartyRole {
    /// Whether it may add a party: who kept the account says who keeps it next.
    #[must_use]
    pub const fn may_admit(self) -> bool {
        match self {
            Self::Depositing | Self::NewDepositing => true,
            Self::Lending | Self::Listing | Self::Objecting | Self::Writing => false,
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Lending => "lending",
            Self::Depositing => "depositing",
            Self::NewDepositing => "new-depositing",
            Self::Listing => "listing",
            Self::Objecting => "objecting",
            Self::Writing => "writing",
        }
    }
}

/// Who may write a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writer {
    /// Whoever has this role.
    Role(PartyRole),
    /// This party, whatever its role.
    Centre(CentreCode),
    /// Who keeps the account after so many transfers.
    Account(u32),
    /// Whoever kept or keeps it.
    AnyAccount,
    /// Any party.
    Party,
}

/// Of what form a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One line.
    Line,
    /// A text.
    Text,
    /// A day, `2026-11-22`.
    Day,
    /// Whole fen.
    Fen,
    /// Whole months.
    Months,
    /// A centre.
    Centre,
    /// The number of a certificate.
    Certificate,
    /// One of these.
    OneOf(&'static [&'static str]),
}

/// What a reply may decide.
pub const DECISIONS: &[&str] = &["granted", "refused"];
/// 等额本息 and 等额本金.
pub const METHODS: &[&str] = &["equal-instalment", "equal-principal"];
/// Why a certificate is not marked for a reply.
pub const MARK_REFUSALS: &[&str] =
    &["certificate-unknown", "not-cross-region", "certificate-ended", "certificate-expired", "not-the-addressee", "marked-for-another"];
/// What becomes of an objection.
pub const OUTCOMES: &[&str] = &["upheld", "withdrawn", "repaired"];

impl Form {
    /// Whether `value` is of this form.
    #[must_use]
    pub fn allows(self, value: &str) -> bool {
        let plain = |max: usize| !value.trim().is_empty() && value.len() <= max && !value.chars().any(|c| is_hostile(c) && c != '\n');
        let number = |max: u64| {
            let digits = !value.is_empty() && value.len() <= 20 && value.bytes().all(|b| b.is_ascii_digit());
            digits && (value == "0" || !value.starts_with('0')) && value.parse().is_ok_and(|n: u64| n <= max)
        };
        match self {
            Self::Line => plain(MAX_LINE_BYTES) && !value.contains('\n'),
            Self::Text => plain(MAX_TEXT_BYTES),
            Self::Day => value.len() == 10 && value.parse::<Date>().is_ok_and(|day| (1990..=2199).contains(&day.year())),
            Self::Fen => number(MAX_FEN),
            Self::Months => number(MAX_MONTHS),
            Self::Centre => CentreCode::new(value).is_ok(),
            Self::Certificate => CertificateNumber::new(value).is_ok(),
            Self::OneOf(codes) => codes.contains(&value),
        }
    }
}

/// Who may write `name` in a dossier of `kind`, and of what form it is; nothing when there is no such field.
#[must_use]
pub fn field(kind: DossierKind, name: &str) -> Option<(Writer, Form)> {
    let parts: Vec<&str> = name.split('.').collect();
    if let ["note", centre, number] = parts[..] {
        counted_from_one(number, MAX_SERIES)?;
        return Some((Writer::Centre(CentreCode::new(centre).ok()?), Form::Text));
    }
    match kind {
        DossierKind::Loan => loan_field(&parts),
        DossierKind::ContestedListing => contested_field(&parts),
        DossierKind::Note => (parts[..] == ["title"]).then_some((Writer::Party, Form::Line)),
    }
}

fn loan_field(parts: &[&str]) -> Option<(Writer, Form)> {
    let lending = |form| Some((Writer::Role(PartyRole::Lending), form));
    let depositing = |form| Some((Writer::Role(PartyRole::Depositing), form));
    match *parts {
        ["certificate"] => lending(Form::Certificate),
        ["reply", "decision"] => lending(Form::OneOf(DECISIONS)),
        ["reply", "amount" | "monthly"] | ["overdue", _, "amount"] if series(parts) => lending(Form::Fen),
        ["reply", "term"] => lending(Form::Months),
        ["reply", "from" | "to" | "on"] | ["settled", "on"] => lending(Form::Day),
        ["overdue", _, "on"] if series(parts) => lending(Form::Day),
        ["reply", "method"] => lending(Form::OneOf(METHODS)),
        ["reply", "business_no" | "clerk" | "phone"] | ["settled", "clerk"] => lending(Form::Line),
        ["reply", "reason"] => lending(Form::Text),
        ["overdue", _, "note"] if series(parts) => lending(Form::Text),
        ["mark", "number" | "clerk"] => depositing(Form::Line),
        ["mark", "on"] => depositing(Form::Day),
        ["mark", "refused"] => depositing(Form::OneOf(MARK_REFUSALS)),
        ["transfer", number, what] => {
            let writer = Writer::Account(counted_from_one(number, MAX_TRANSFERS)? - 1);
            match what {
                "to" => Some((writer, Form::Centre)),
                "on" => Some((writer, Form::Day)),
                "clerk" => Some((writer, Form::Line)),
                _ => None,
            }
        }
        ["remark", number, what] => {
            let writer = Writer::Account(counted_from_one(number, MAX_TRANSFERS)?);
            match what {
                "number" | "clerk" => Some((writer, Form::Line)),
                "on" => Some((writer, Form::Day)),
                _ => None,
            }
        }
        ["unmark", "on"] => Some((Writer::AnyAccount, Form::Day)),
        ["unmark", "clerk"] => Some((Writer::AnyAccount, Form::Line)),
        _ => None,
    }
}

fn contested_field(parts: &[&str]) -> Option<(Writer, Form)> {
    let listing = |form| Some((Writer::Role(PartyRole::Listing), form));
    let objecting = |form| Some((Writer::Role(PartyRole::Objecting), form));
    match *parts {
        ["objection", "text"] => objecting(Form::Text),
        ["objection", "ground"] => objecting(Form::OneOf(&["impersonated", "facts", "procedure", "made-good", "other"])),
        ["objection", "on"] => objecting(Form::Day),
        ["answer", "outcome"] => listing(Form::OneOf(OUTCOMES)),
        ["answer", "text"] => listing(Form::Text),
        ["answer", "on"] => listing(Form::Day),
        ["evidence", centre, number] => {
            counted_from_one(number, MAX_SERIES)?;
            Some((Writer::Centre(CentreCode::new(centre).ok()?), Form::Text))
        }
        _ => None,
    }
}

/// Whether the middle part, if there is one, is a number of a series.
fn series(parts: &[&str]) -> bool {
    parts.len() != 3 || parts.get(1).is_some_and(|number| counted_from_one(number, MAX_SERIES).is_some())
}

fn counted_from_one(number: &str, max: u32) -> Option<u32> {
    let plain = number.len() <= 4 && number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
    number.parse().ok().filter(|n| plain && (1..=max).contains(n))
}
