//! The body of a `certificate.ended` statement: that a certificate no longer counts, and which statement had issued it.

use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::names::{CertificateNumber, StatementId};
use crate::seal::SUITE;
use crate::wire;

use super::body::BodyError;

/// Most bytes of the body.
pub const MAX_ENDED_BODY_BYTES: usize = 512;
/// Longest note, in bytes of UTF-8.
pub const MAX_NOTE_BYTES: usize = 200;

/// Why a certificate ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// Taken back.
    Cancelled,
    /// Replaced by another, such as one for a new addressee.
    Superseded,
}

impl EndReason {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
        }
    }

    /// The reason with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Cancelled, Self::Superseded].into_iter().find(|reason| reason.code() == code)
    }
}

impl<C> Encode<C> for EndReason {
    fn encode<W: minicbor::encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(self.code())?;
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for EndReason {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::from_code(d.str()?).ok_or_else(|| minicbor::decode::Error::message("end reason"))
    }
}

/// That a certificate ended.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EndedBody {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// Which certificate.
    #[n(1)]
    pub number: CertificateNumber,
    /// Row of the issuing statement in the same journal.
    #[n(2)]
    pub index: u64,
    /// Id of that statement.
    #[n(3)]
    pub statement: StatementId,
    /// Why.
    #[n(4)]
    pub reason: EndReason,
    /// A note for readers in other centres. Never personal; may be empty.
    #[n(5)]
    pub note: String,
}

impl EndedBody {
    /// Reads a body.
    ///
    /// # Errors
    /// [`BodyError`] when it is not of the shape, of another suite, or its note is too long or has control characters.
    pub fn parse(bytes: &[u8]) -> Result<Self, BodyError> {
        let body: Self = wire::decode(bytes, MAX_ENDED_BODY_BYTES)?;
        if body.suite != SUITE {
            return Err(BodyError::Suite);
        }
        if body.note.len() > MAX_NOTE_BYTES || body.note.chars().any(char::is_control) {
            return Err(BodyError::Fields);
        }
        Ok(body)
    }

    /// The bytes that [`Self::parse`] reads.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_names_the_statement_that_it_ends_and_has_two_reasons() {
        let body = EndedBody {
            suite: SUITE.to_owned(),
            number: CertificateNumber::new("C46010-JCZM-2026-000001").unwrap(),
            index: 7,
            statement: StatementId([3; 16]),
            reason: EndReason::Superseded,
            note: "换领".to_owned(),
        };
        assert_eq!(EndedBody::parse(&body.to_bytes()).unwrap(), body);
        let long = EndedBody { note: "x".repeat(MAX_NOTE_BYTES + 1), ..body.clone() };
        assert_eq!(EndedBody::parse(&long.to_bytes()), Err(BodyError::Fields));
        let other = EndedBody { suite: "anju-2".to_owned(), ..body };
        assert_eq!(EndedBody::parse(&other.to_bytes()), Err(BodyError::Suite));
        assert_eq!(EndReason::from_code("forgotten"), None);
    }
}
