//! Matters: what a centre asks certificates for, as dated data of its own. A matter names the kind of certificate it needs, the fields it
//! may be shown, how they may be asked for, how often and how long, on which legal basis, and the rules by which the answer is judged.
//!
//! A rule is a tree of conditions and nothing else: no loops, no arithmetic, no functions. So it ends, whoever wrote it, and can be shown
//! to the person it is about. Centres write TOML ([`read`]); in journals travels one CBOR encoding ([`body`]); both are judged by the same
//! [`check`]. What must never be here: which matter is in force (the shelf knows what was published), and whether a grant fits it (that is
//! [`crate::grant`]).

pub mod body;
pub mod catalogue;
pub mod check;
pub mod evaluate;
pub mod read;
pub mod rule;

#[cfg(test)]
mod tests;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

pub use body::{CatalogueBody, MAX_MATTER_BODY_BYTES, MatterBody};
pub use catalogue::{DataCatalogue, DataItem};
pub use check::{Problem, ProblemCode};
pub use evaluate::{Judged, Outcome, Verdict};
pub use read::{FileError, MAX_FILE_BYTES, Position};
pub use rule::{Clause, Condition, Op, Operand, Rule};

use crate::certificate::CertificateKind;
use crate::grant::Mode;
use crate::listing::Day;
use crate::time::{DAY_MS, Time};

/// Longest code of a matter, rule or item, in bytes.
pub const MAX_CODE_BYTES: usize = 40;
/// Longest text in one language, in bytes of UTF-8.
pub const MAX_WORDING_BYTES: usize = 300;
/// Most rules of a matter.
pub const MAX_RULES: usize = 16;
/// Most conditions of a matter, over all its rules.
pub const MAX_CONDITIONS: usize = 64;
/// How deep groups of conditions may lie in one another.
pub const MAX_DEPTH: usize = 3;
/// Most values that a condition may name.
pub const MAX_VALUES: usize = 32;
/// Longest text that a condition may compare with, in bytes.
pub const MAX_VALUE_BYTES: usize = 64;
/// Most days that a grant may be allowed to last: what any grant may.
pub const MAX_DAYS: u32 = 30;
const _: () = assert!(MAX_DAYS as i64 * DAY_MS == crate::grant::MAX_DURATION_MS, "a matter allows no more than a grant may last");

/// A text for people, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct Wording {
    /// Chinese.
    #[n(0)]
    pub zh: String,
    /// English.
    #[n(1)]
    pub en: String,
}

/// A field of the certificate that the matter may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct MatterField {
    /// Claim name.
    #[n(0)]
    pub name: String,
    /// Whether the matter cannot be handled without it.
    #[n(1)]
    pub required: bool,
}

/// One version of a matter of a centre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct Matter {
    /// Its code, such as `cross-region-loan`: what a grant names.
    #[n(0)]
    pub code: String,
    /// Which version: the day it was made, then two digits that count the versions of that day, as one number (`2026112201`).
    #[n(1)]
    pub version: u32,
    /// First legal day on which it holds.
    #[n(2)]
    pub from: Day,
    /// The kind of certificate it needs.
    #[n(3)]
    pub certificate: CertificateKind,
    /// What people call it.
    #[n(4)]
    pub title: Wording,
    /// In law or regulation.
    #[n(5)]
    pub legal_basis: Wording,
    /// How fields may be asked for, in the order of [`MODES`].
    #[cbor(n(6), with = "mode_codes")]
    pub modes: Vec<Mode>,
    /// Most uses that a grant may allow.
    #[n(7)]
    pub uses_max: u32,
    /// How long a grant may be valid, in legal days: 1 is until 24:00 of the day it begins.
    #[n(8)]
    pub days_max: u32,
    /// Fields, in certificate order.
    #[n(9)]
    pub fields: Vec<MatterField>,
    /// By what an answer is judged; none is needed.
    #[n(10)]
    pub rules: Vec<Rule>,
}

/// Every mode that a matter may allow, in order.
pub const MODES: [Mode; 3] = [Mode::Details, Mode::Check, Mode::Evaluate];

impl Matter {
    /// The rule of this name.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == name)
    }

    /// The field of this claim name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&MatterField> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Last moment at which a grant that begins at `from` may be valid.
    #[must_use]
    pub fn latest_end(&self, from: Time) -> Time {
        Day::of(from).plus_days(self.days_max.saturating_sub(1)).end()
    }
}

/// Modes on the wire: their codes.
mod mode_codes {
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decoder, Encoder};

    use super::{MODES, Mode};

    pub(super) fn encode<C, W: Write>(modes: &[Mode], e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.array(modes.len() as u64)?;
        for mode in modes {
            e.str(mode.code())?;
        }
        Ok(())
    }

    pub(super) fn decode<'b, C>(d: &mut Decoder<'b>, _: &mut C) -> Result<Vec<Mode>, DecodeError> {
        let count = d.array()?.filter(|count| *count <= MODES.len() as u64).ok_or_else(|| DecodeError::message("modes"))?;
        let mut modes = Vec::new();
        for _ in 0..count {
            let code = d.str()?;
            modes.push(super::mode(code).ok_or_else(|| DecodeError::message("mode"))?);
        }
        Ok(modes)
    }
}

/// The mode with this code.
#[must_use]
pub fn mode(code: &str) -> Option<Mode> {
    MODES.into_iter().find(|mode| mode.code() == code)
}
