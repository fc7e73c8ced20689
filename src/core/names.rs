//! Names that cross the wire: centres, federations, stations, statements, certificates.
//!
//! Every type here is validated where it is made, so that a value that exists is a value that may be shown, stored and compared.

use std::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder};
use serde::{Deserialize, Serialize};

/// Shortest and longest centre code, in characters. `C` and five digits of the city (GB/T 2260), then up to two more for a branch.
pub const CENTRE_CODE_CHARS: std::ops::RangeInclusive<usize> = 6..=8;
/// Longest federation name, in bytes of UTF-8.
pub const FEDERATION_NAME_MAX_BYTES: usize = 64;
/// Longest certificate number, in bytes.
pub const CERTIFICATE_NUMBER_MAX_BYTES: usize = 40;

/// A name that is not of its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not well formed")]
pub struct Malformed {
    /// Which name was meant.
    pub what: &'static str,
}

/// The code of a fund centre, such as `C46010`: `C`, five digits, then at most two capital letters or digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CentreCode(String);

impl CentreCode {
    /// Checks the form of `code`.
    ///
    /// # Errors
    /// [`Malformed`] when it is not `C`, five digits and at most two capital letters or digits.
    pub fn new(code: &str) -> Result<Self, Malformed> {
        let bytes = code.as_bytes();
        let well_formed = CENTRE_CODE_CHARS.contains(&bytes.len())
            && bytes[0] == b'C'
            && bytes[1..6].iter().all(u8::is_ascii_digit)
            && bytes[6..].iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        if well_formed { Ok(Self(code.to_owned())) } else { Err(Malformed { what: "centre code" }) }
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a federation; stands in the origin line of every checkpoint, so it has no space, `+`, `/` or control character.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FederationName(String);

impl FederationName {
    /// Checks the form of `name`.
    ///
    /// # Errors
    /// [`Malformed`] when it is empty, too long, or has a character that may not stand in a checkpoint's origin.
    pub fn new(name: &str) -> Result<Self, Malformed> {
        let allowed = |c: char| !c.is_whitespace() && !c.is_control() && c != '+' && c != '/';
        let well_formed = !name.is_empty() && name.len() <= FEDERATION_NAME_MAX_BYTES && name.chars().all(allowed);
        if well_formed { Ok(Self(name.to_owned())) } else { Err(Malformed { what: "federation name" }) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The number of a certificate, `<centre>-<kind>-<year>-<sequence>`, such as `C46010-YDDKJCZM-2026-000001`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CertificateNumber(String);

impl CertificateNumber {
    /// Checks the form of `number`: a centre code, then capital letters, digits and single hyphens.
    ///
    /// # Errors
    /// [`Malformed`] otherwise.
    pub fn new(number: &str) -> Result<Self, Malformed> {
        let err = Malformed { what: "certificate number" };
        if number.len() > CERTIFICATE_NUMBER_MAX_BYTES {
            return Err(err);
        }
        let mut parts = number.split('-');
        let centre = parts.next().is_some_and(|code| CentreCode::new(code).is_ok());
        let mut rest = 0;
        for part in parts {
            rest += 1;
            if part.is_empty() || !part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
                return Err(err);
            }
        }
        if centre && rest > 0 { Ok(Self(number.to_owned())) } else { Err(err) }
    }

    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The centre whose code the number begins with.
    #[must_use]
    pub fn centre(&self) -> CentreCode {
        CentreCode(self.0.split('-').next().unwrap_or_default().to_owned())
    }
}

macro_rules! text_name {
    ($name:ident, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = Malformed;
            fn try_from(text: String) -> Result<Self, Malformed> {
                Self::new(&text)
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
        impl std::str::FromStr for $name {
            type Err = Malformed;
            fn from_str(text: &str) -> Result<Self, Malformed> {
                Self::new(text)
            }
        }
        impl<C> Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.str(&self.0)?;
                Ok(())
            }
        }
        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                Self::new(d.str()?).map_err(|_| minicbor::decode::Error::message($what))
            }
        }
    };
}
text_name!(CentreCode, "centre code");
text_name!(FederationName, "federation name");
text_name!(CertificateNumber, "certificate number");

macro_rules! byte_name {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), hex::encode(self.0))
            }
        }
        impl std::str::FromStr for $name {
            type Err = Malformed;
            fn from_str(text: &str) -> Result<Self, Malformed> {
                let mut bytes = [0; $len];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| Malformed { what: stringify!($name) })?;
                Ok(Self(bytes))
            }
        }
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&hex::encode(self.0))
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
        impl<C> Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(&self.0)?;
                Ok(())
            }
        }
        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                let bytes = d.bytes()?.try_into().map_err(|_| minicbor::decode::Error::message(stringify!($name)))?;
                Ok(Self(bytes))
            }
        }
    };
}
byte_name!(
    /// A SHA-256 digest.
    Digest, 32
);
byte_name!(
    /// The public Ed25519 key of a station; its libp2p peer id is made of the same bytes.
    StationKey, 32
);
byte_name!(
    /// The random id of a statement.
    StatementId, 16
);
byte_name!(
    /// The random id of a request, chosen by who asks: the same id gets the same answer.
    RequestId, 16
);
byte_name!(
    /// SHA-256 JWK thumbprint (RFC 7638) of a holder's key.
    Thumbprint, 32
);
byte_name!(
    /// The random id of a grant (`jti`).
    GrantId, 16
);
byte_name!(
    /// The id of a listing, the same through all its statements. Made by its centre from a secret of its own, so that it says nothing.
    ListingId, 16
);
byte_name!(
    /// What a listing's subject is found by: derived from the number of a document and the federation's pepper (see
    /// [`crate::listing::subject`]).
    SubjectToken, 16
);

byte_name!(
    /// The random id of a dossier: what is sealed for one cannot be taken for another's.
    DossierId, 16
);

/// One row of one centre's journal that decided a listing, such as `C46010-L123`: how people and programs name a listing that is
/// published, whoever published it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ListingRef {
    /// Whose listing.
    pub centre: CentreCode,
    /// Row of that centre's journal.
    pub index: u64,
}

/// A case of this centre's own, such as `C46010-A45`: how its operators name it from the first proposal on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CaseNumber {
    /// Whose case.
    pub centre: CentreCode,
    /// Counted from 1.
    pub serial: u64,
}

/// One row of one centre's journal that opened a dossier, such as `C46020-D57`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DossierRef {
    /// Who opened it.
    pub centre: CentreCode,
    /// Row of that centre's journal.
    pub index: u64,
}

/// One row of one centre's journal, such as `C46010-S57`: how people and programs name a statement, whatever its kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StatementRef {
    /// In whose journal.
    pub centre: CentreCode,
    /// Row of it.
    pub index: u64,
}

macro_rules! numbered_name {
    ($name:ident, $field:ident, $mark:literal, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{}-", $mark, "{}"), self.centre, self.$field)
            }
        }
        impl std::str::FromStr for $name {
            type Err = Malformed;
            fn from_str(text: &str) -> Result<Self, Malformed> {
                let err = Malformed { what: $what };
                let (centre, number) = text.split_once(concat!("-", $mark)).ok_or_else(|| err.clone())?;
                let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && (number == "0" || !number.starts_with('0'));
                let $field = number.parse().ok().filter(|n| plain && *n <= i64::MAX as u64).ok_or(err)?;
                Ok(Self { centre: CentreCode::new(centre)?, $field })
            }
        }
        impl TryFrom<String> for $name {
            type Error = Malformed;
            fn try_from(text: String) -> Result<Self, Malformed> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.to_string()
            }
        }
    };
}
numbered_name!(ListingRef, index, "L", "listing number");
numbered_name!(CaseNumber, serial, "A", "case number");
numbered_name!(StatementRef, index, "S", "statement number");
numbered_name!(DossierRef, index, "D", "dossier number");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_and_a_listing_have_numbers_of_one_form() {
        let listing: ListingRef = "C46010-L123".parse().unwrap();
        assert_eq!((listing.to_string().as_str(), listing.index), ("C46010-L123", 123));
        assert_eq!("C13010KF-A1".parse::<CaseNumber>().unwrap().serial, 1);
        for bad in ["C46010-L", "C46010-L01", "C46010-L-1", "C46010-L+1", "C46010-A1", "L1", "C46010-L99999999999999999999"] {
            assert!(bad.parse::<ListingRef>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_centre_code_is_c_five_digits_and_at_most_two_more() {
        for good in ["C46010", "C13010KF", "C520401"] {
            assert_eq!(CentreCode::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "C", "46010", "c46010", "C4601", "C46010KFX", "C4601O", "C46010kf", "C46010 ", "C460１0"] {
            assert!(CentreCode::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_federation_name_fits_an_origin_line() {
        assert!(FederationName::new("hainan").is_ok());
        assert!(FederationName::new("海南").is_ok());
        for bad in ["", "a b", "a+b", "a/b", "a\nb", "\u{7f}"] {
            assert!(FederationName::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_certificate_number_begins_with_its_centre() {
        let number = CertificateNumber::new("C46010-YDDKJCZM-2026-000001").unwrap();
        assert_eq!(number.centre(), CentreCode::new("C46010").unwrap());
        for bad in ["C46010", "C46010-", "-C46010", "C46010--1", "C46010-a", "X-1"] {
            assert!(CertificateNumber::new(bad).is_err(), "{bad}");
        }
    }
}
