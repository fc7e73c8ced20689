//! Whom a row is about, for nobody but the centre itself.

use minicbor::{Decode, Encode};

use crate::listing::Document;
use crate::seal::{Key, Purpose, hmac};

/// Stands for a document in the audit log: the same one has the same mark, and without the centre's own secret none can be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct SubjectMark(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 16],
);

impl SubjectMark {
    /// The mark of `document` under the centre's own secret.
    #[must_use]
    pub fn of(own: &Key, document: &Document) -> Self {
        let full = hmac(own, Purpose::AuditSubject, &[&document.material()]);
        let mut mark = Self([0; 16]);
        mark.0.copy_from_slice(&full.expose()[..16]);
        mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listing::DocumentType;
    use crate::time::Time;

    fn document(kind: DocumentType, number: &str) -> Document {
        Document::new(kind, number, Time(1_790_000_000_000).legal_day()).unwrap()
    }

    #[test]
    fn however_a_number_is_written_its_mark_is_one_and_another_centres_is_another() {
        let (own, other) = (Key::from_bytes([7; 32]), Key::from_bytes([8; 32]));
        let mark = SubjectMark::of(&own, &document(DocumentType::Passport, "E12345678"));
        assert_eq!(SubjectMark::of(&own, &document(DocumentType::Passport, "ｅ12345678")), mark);
        assert_ne!(SubjectMark::of(&own, &document(DocumentType::Passport, "E12345679")), mark);
        assert_ne!(SubjectMark::of(&own, &document(DocumentType::Other, "E12345678")), mark, "of another type");
        assert_ne!(SubjectMark::of(&other, &document(DocumentType::Passport, "E12345678")), mark);
    }
}
