//! What the rows of a part stand under: a head that their author signed, or the extent that the charter states of its journal.
//!
//! A peer keeps the newest head of a journal. When a version of the charter lets less of it count, that head is void, and nothing shorter
//! is held. The version itself says so many rows under one root, and a quorum signed it: that proves a row within, although the author
//! has signed nothing that is here. Which extent is never for the file to say: it is the newest that the charter states. What must never
//! be here: a choice of whoever made the file, or of whoever reads it.

use std::collections::BTreeMap;

use super::{Broken, Check, Part};
use crate::charter::Extent;
use crate::error::{Fault, FaultCode};
use crate::journal::note::Note;
use crate::journal::proof::verify_consistency;
use crate::journal::{Author, VerifiedHead};
use crate::names::{CentreCode, Digest};
use crate::sign::PublicKey;

/// Lines of a head: the author's signature and heartbeat.
const HEAD_LINES: usize = 2;

/// What a part stands under.
#[derive(Debug, Clone)]
pub enum Anchor {
    /// A head of the author, and the key that signed it.
    Head(VerifiedHead, PublicKey),
    /// What the charter states: nothing that the author signed, and no time.
    Charter(Stated),
}

/// The newest extent that the charter states of a journal, and who stated it. Only the walk along a verified chain makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    extent: Extent,
    term: u64,
    version: u64,
    approved: Vec<CentreCode>,
}

impl Stated {
    /// Rows and root.
    #[must_use]
    pub const fn extent(&self) -> Extent {
        self.extent
    }

    /// The version that says so first, and since when every one does.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Whose signatures stand under that version, in order of the codes: a quorum of the one before.
    #[must_use]
    pub fn approved(&self) -> &[CentreCode] {
        &self.approved
    }
}

impl Anchor {
    /// What a part stands under.
    pub(super) fn of(part: &Part, author: &Author, statements: &Statements) -> Result<Self, Broken> {
        let Some(note) = &part.note else {
            let none = || Broken::new(Check::Head, &part.centre, "no head, and the charter states no extent");
            return statements.newest(&part.centre).cloned().map(Self::Charter).ok_or_else(none);
        };
        let head = author.verify(note).map_err(|fault| of_head(&part.centre, fault))?;
        exactly(note, HEAD_LINES).map_err(|detail| Broken::new(Check::Head, &part.centre, detail))?;
        let key = key_of(author, head.term());
        Ok(Self::Head(head, key))
    }

    /// Rows and root.
    #[must_use]
    pub const fn extent(&self) -> Extent {
        match self {
            Self::Head(head, _) => Extent { size: head.size(), root: head.root() },
            Self::Charter(stated) => stated.extent,
        }
    }

    /// The author's term in which the head was signed, or of which the charter says how far it counts.
    #[must_use]
    pub const fn term(&self) -> u64 {
        match self {
            Self::Head(head, _) => head.term(),
            Self::Charter(stated) => stated.term,
        }
    }

    /// The head, if there is one.
    #[must_use]
    pub const fn head(&self) -> Option<&VerifiedHead> {
        match self {
            Self::Head(head, _) => Some(head),
            Self::Charter(_) => None,
        }
    }

    /// The charter fixes the history of a journal at the end of each term. Without these proofs, whoever has a key of an ended term could
    /// sign a short history of their own that stays within its extent.
    pub(super) fn meets_extents(&self, author: &Author, proofs: &[Vec<Digest>]) -> Result<(), Broken> {
        let extents: Vec<Extent> = author.extents().collect();
        if extents.len() != proofs.len() {
            let detail = format!("{} proofs for {} extents", proofs.len(), extents.len());
            return Err(Broken::new(Check::Extent, &author.centre, detail));
        }
        for (extent, proof) in extents.into_iter().zip(proofs) {
            self.meets(extent, proof).map_err(|e| Broken::new(Check::Extent, &author.centre, e))?;
        }
        Ok(())
    }

    /// Whether this and another size and root are of one history, whichever is longer.
    pub(super) fn meets(&self, other: Extent, proof: &[Digest]) -> Result<(), Fault> {
        let Extent { size, root } = self.extent();
        if other.size <= size {
            verify_consistency(other.size, &other.root, size, &root, proof)
        } else {
            verify_consistency(size, &root, other.size, &other.root, proof)
        }
    }
}

/// Of each author in an exhibit, the extents that the charter states, oldest first, each with the version that said so first.
#[derive(Debug, Default)]
pub(super) struct Statements(BTreeMap<CentreCode, Vec<Stated>>);

impl Statements {
    /// Takes in what a version of the charter states of a journal: extents and their terms, oldest first; and who approved that version.
    /// What it states no more is forgotten.
    pub(super) fn take(&mut self, centre: &CentreCode, extents: Vec<(u64, Extent)>, version: u64, approved: &[CentreCode]) {
        let before = self.0.remove(centre).unwrap_or_default();
        let stated = extents.into_iter().map(|(term, extent)| {
            let said = before.iter().find(|stated| (stated.term, stated.extent) == (term, extent)).cloned();
            said.unwrap_or_else(|| Stated { extent, term, version, approved: approved.to_vec() })
        });
        self.0.insert(centre.clone(), stated.collect());
    }

    /// The newest extent that the charter states of a journal.
    fn newest(&self, centre: &CentreCode) -> Option<&Stated> {
        self.0.get(centre).and_then(|stated| stated.last())
    }
}

/// A line of a key that nobody asked for is no harm elsewhere. Here it would be bytes that no check covers.
pub(super) fn exactly(note: &[u8], lines: usize) -> Result<(), &'static str> {
    let parsed = Note::parse(note).map_err(|_| "not a note")?;
    if parsed.signatures().len() == lines && parsed.to_bytes() == note { Ok(()) } else { Err("a line of nobody's") }
}

fn of_head(centre: &CentreCode, fault: Fault) -> Broken {
    let beyond = matches!(fault.code, FaultCode::Void | FaultCode::RolledBack);
    Broken::new(if beyond { Check::Extent } else { Check::Head }, centre, fault)
}

fn key_of(author: &Author, term: u64) -> PublicKey {
    author.ended.iter().find(|ended| ended.term == term).map_or(author.signing, |ended| ended.signing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::FederationName;

    #[test]
    fn the_version_that_is_named_is_the_one_that_first_stated_the_extent_whatever_was_suspended_since() {
        let centre = CentreCode::new("C46010").unwrap();
        let by = |version: u8| [CentreCode::new(&format!("C5{version:04}")).unwrap()];
        let extent = |size: u64| Extent { size, root: Digest([u8::try_from(size).unwrap(); 32]) };
        let mut author = Author::new(&FederationName::new("hainan").unwrap(), centre.clone(), PublicKey([1; 32]), PublicKey([2; 32]));
        let mut statements = Statements::default();
        let mut says = |author: &Author, version: u8| {
            statements.take(&centre, author.extents_of_terms(), u64::from(version), &by(version));
            statements.newest(&centre).map(|stated| (stated.extent().size, stated.version(), stated.approved().to_vec()))
        };
        assert_eq!(says(&author, 1), None);
        author.limit = Some(extent(5));
        assert_eq!(says(&author, 2), Some((5, 2, by(2).to_vec())), "suspended");
        let term = crate::charter::EndedTerm { term: 1, signing: PublicKey([1; 32]), heartbeat: PublicKey([2; 32]), counts: extent(5) };
        (author.term, author.ended) = (2, vec![term]);
        assert_eq!(says(&author, 3), Some((5, 2, by(2).to_vec())), "its keys changed meanwhile: the same rows of the same term");
        author.limit = None;
        assert_eq!(says(&author, 4), Some((5, 2, by(2).to_vec())), "restored");
        author.limit = Some(extent(9));
        assert_eq!(says(&author, 5), Some((9, 5, by(5).to_vec())), "suspended again, in its second term");
        author.limit = None;
        assert_eq!(says(&author, 6), Some((5, 2, by(2).to_vec())), "and restored: what was stated all along");
        author.ended.clear();
        author.term = 1;
        assert_eq!(says(&author, 7), None);
    }
}
