//! Parts of an exhibit, from rows and heads that are held, or from rows alone where the charter says how far they count; and which
//! payloads stand in one unless somebody asks for them.

use super::{Cosigned, Part, PartRow};
use crate::charter::Charter;
use crate::journal::note::{Note, SignatureType};
use crate::journal::proof::{ProofError, Subtrees, consistency, inclusion, root_at};
use crate::journal::{Author, Entry, Kind, VerifiedHead, cosignature};
use crate::names::{CentreCode, Digest};

/// Why a part could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MakeError<E> {
    /// The charter names no author of this journal.
    #[error("no author")]
    NoAuthor,
    /// No head that is held counts under the charter, and it states no extent.
    #[error("no head that counts, and no extent")]
    NoHead,
    /// Neither the head nor what the charter states is over this row.
    #[error("row {0} lies beyond what counts")]
    Beyond(u64),
    /// Fewer rows are held than the charter counts: the history cannot be tied to what the charter fixed.
    #[error("{held} rows are held, and {extent} are counted")]
    Behind {
        /// Rows held.
        held: u64,
        /// Rows that the charter counts.
        extent: u64,
    },
    /// The rows held have another root than the charter states of the first so many.
    #[error("of the first {0} rows, others count")]
    OtherHistory(u64),
    /// A proof could not be made.
    #[error(transparent)]
    Proof(#[from] ProofError<E>),
}

/// What is held of one journal.
pub struct Held<'a, S> {
    /// Whose.
    pub centre: &'a CentreCode,
    /// Rows.
    pub size: u64,
    /// Roots of its subtrees.
    pub subtrees: &'a S,
    /// The newest head's note, if one is held.
    pub note: Option<&'a [u8]>,
    /// What witnesses cosigned of it, each with its note, in order of the witnesses' codes.
    pub cosigned: &'a [(CentreCode, Vec<u8>)],
}

impl Part {
    /// Puts rows together with everything that proves them under `charter`. They stand under the head that is held, if it counts and is
    /// over all of them; else under the newest extent that the charter states. A cosignature that does not count is left out.
    ///
    /// # Errors
    /// [`MakeError`].
    pub fn make<S: Subtrees>(charter: &Charter, held: &Held<'_, S>, rows: Vec<(u64, Entry)>) -> Result<Self, MakeError<S::Error>> {
        let author = charter.author(held.centre).ok_or(MakeError::NoAuthor)?;
        let last = rows.iter().map(|(index, _)| *index).max().unwrap_or_default();
        let (size, note) = stand(&author, held.note, last)?;
        let mut part = Self { centre: held.centre.clone(), note, rows: Vec::new(), extents: Vec::new(), cosigned: Vec::new() };
        for extent in author.extents() {
            if extent.size > held.size {
                return Err(MakeError::Behind { held: held.size, extent: extent.size });
            }
            if root_at(held.subtrees, extent.size)? != extent.root {
                return Err(MakeError::OtherHistory(extent.size));
            }
            part.extents.push(between(held.subtrees, extent.size, size)?);
        }
        for (index, entry) in rows {
            part.rows.push(PartRow { index, entry, proof: inclusion(held.subtrees, index, size)? });
        }
        for (witness, note) in held.cosigned {
            let Some(seen) = counts(charter, &author, witness, note).filter(|seen| *seen <= held.size) else { continue };
            let proof = between(held.subtrees, seen, size)?;
            part.cosigned.push(Cosigned { witness: witness.clone(), note: note.clone(), proof });
        }
        Ok(part)
    }
}

/// Under what rows up to `last` stand: so many rows, and the note of the head if it is one.
fn stand<E>(author: &Author, note: Option<&[u8]>, last: u64) -> Result<(u64, Option<Vec<u8>>), MakeError<E>> {
    let head = note.and_then(|note| author.verify(note).ok());
    match (head, author.newest_extent()) {
        (Some(head), _) if last < head.size() => Ok((head.size(), Some(own_lines(author, &head).ok_or(MakeError::NoHead)?))),
        (_, Some((_, extent))) if last < extent.size => Ok((extent.size, None)),
        (None, None) => Err(MakeError::NoHead),
        (Some(_), _) | (None, Some(_)) => Err(MakeError::Beyond(last)),
    }
}

fn between<S: Subtrees>(subtrees: &S, one: u64, other: u64) -> Result<Vec<Digest>, ProofError<S::Error>> {
    consistency(subtrees, one.min(other), one.max(other))
}

/// The size that this witness cosigned, if its word counts under the charter.
fn counts(charter: &Charter, author: &Author, witness: &CentreCode, note: &[u8]) -> Option<u64> {
    let is_witness = *witness != author.centre && charter.witnesses().contains(witness);
    let member = charter.member(witness).filter(|_| is_witness)?;
    let verified = cosignature::verify(note, author, &charter.origin(witness), &member.heartbeat).ok()?;
    let lines = Note::parse(note).ok()?.signatures().len();
    (lines == 3).then(|| verified.head().size())
}

/// The head's note with its author's lines and no other.
fn own_lines(author: &Author, head: &VerifiedHead) -> Option<Vec<u8>> {
    let of = author.ended.iter().find(|ended| ended.term == head.term());
    let (signing, heartbeat) = of.map_or((author.signing, author.heartbeat), |ended| (ended.signing, ended.heartbeat));
    let (name, heartbeat_name) = (author.origin.as_str(), author.origin.heartbeat_name());
    let kept = [(name, SignatureType::Ed25519, &signing), (&*heartbeat_name, SignatureType::CosignatureV1, &heartbeat)];
    Some(Note::parse(head.note()).ok()?.only(&kept).to_bytes())
}

/// Whether the payload of a statement stands in an exhibit unless somebody asks for more: nothing in it speaks of a person, or every
/// word that does is sealed to its holder. What is about a listing or a dossier stays out, even where it is sealed: an exhibit lives on
/// when the payload was erased everywhere.
#[must_use]
pub const fn shows_payload(kind: Option<Kind>) -> bool {
    match kind {
        Some(
            Kind::CertificateIssued
            | Kind::CertificateEnded
            | Kind::HolderEnded
            | Kind::CataloguePublished
            | Kind::MatterPublished
            | Kind::CharterProposed
            | Kind::CharterApproved
            | Kind::CharterRejected
            | Kind::CharterPromised
            | Kind::Vector
            | Kind::ForkReported
            | Kind::AuditRecorded,
        ) => true,
        Some(
            Kind::HolderBound
            | Kind::GrantRevoked
            | Kind::AccessRecorded
            | Kind::ListingDecided
            | Kind::ListingChanged
            | Kind::ListingObjected
            | Kind::ListingHit
            | Kind::DossierOpened
            | Kind::DossierJoined
            | Kind::DossierChanged
            | Kind::EpochSealed,
        )
        | None => false,
    }
}

/// Whether a payload of this kind is noise to whoever it is not sealed to, in part at least.
pub(super) const fn is_sealed(kind: Option<Kind>) -> bool {
    match kind {
        Some(
            Kind::CertificateIssued
            | Kind::HolderBound
            | Kind::AccessRecorded
            | Kind::ListingDecided
            | Kind::ListingObjected
            | Kind::ListingHit
            | Kind::DossierOpened
            | Kind::DossierJoined
            | Kind::DossierChanged
            | Kind::EpochSealed,
        ) => true,
        Some(
            Kind::CertificateEnded
            | Kind::HolderEnded
            | Kind::GrantRevoked
            | Kind::ListingChanged
            | Kind::CataloguePublished
            | Kind::MatterPublished
            | Kind::CharterProposed
            | Kind::CharterApproved
            | Kind::CharterRejected
            | Kind::CharterPromised
            | Kind::Vector
            | Kind::ForkReported
            | Kind::AuditRecorded,
        )
        | None => false,
    }
}
