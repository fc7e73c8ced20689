//! What a newer version of the charter says of what an exhibit proves: an exhibit is judged by the newest version in it, and keys may have
//! ended since.

use super::{Anchor, Proven, ProvenPart};
use crate::charter::{Charter, Extent};
use crate::names::{CentreCode, Digest};

/// Why a charter says nothing of an exhibit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unrelated {
    /// It is another federation's.
    #[error("another federation")]
    Federation,
    /// The two are of one federation, and lead to two different charters: one of them was made by members who broke the rules.
    #[error("two charters of version {0}")]
    Conflict(u64),
}

/// How the newer version takes the term that a part stands under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The term is still in force.
    InForce,
    /// It has ended, and counts to where this head stands, or this extent, at least.
    Counts,
    /// It has ended, and rows of the part lie beyond what counts, or the history that counts is another.
    Void,
    /// Whether the history that counts is this one takes newer evidence to say: the term has ended somewhere else, or nothing states the
    /// extent any more under which the part stands.
    Open,
}

impl Standing {
    /// Its stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InForce => "in-force",
            Self::Counts => "counts",
            Self::Void => "void",
            Self::Open => "open",
        }
    }
}

/// What it says of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaterPart {
    /// Whose journal.
    pub centre: CentreCode,
    /// How it takes it.
    pub standing: Standing,
    /// How far the term counts, if it has ended.
    pub counts: Option<Extent>,
    /// Whether the centre has left.
    pub left: bool,
}

/// What a charter says of an exhibit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    /// Its version.
    pub version: u64,
    /// Its digest.
    pub digest: Digest,
    /// Of each part, in order; nothing when it is no newer than what the exhibit was judged by.
    pub parts: Vec<LaterPart>,
}

impl Later {
    /// Whether it takes away something that the exhibit proved.
    #[must_use]
    pub fn voids(&self) -> bool {
        self.parts.iter().any(|part| part.standing == Standing::Void)
    }
}

impl Proven {
    /// What `other` says of this, if it is a version of the same charter.
    ///
    /// # Errors
    /// [`Unrelated`] when it is not.
    pub fn under(&self, other: &Charter) -> Result<Later, Unrelated> {
        if other.founding() != self.charter().founding() {
            return Err(Unrelated::Federation);
        }
        let (mut older, mut newer) = (self.charter(), other);
        if newer.version() < older.version() {
            (older, newer) = (newer, older);
        }
        if newer.digest_of(older.version()) != Some(older.digest()) {
            return Err(Unrelated::Conflict(older.version()));
        }
        let is_newer = other.version() > self.charter().version();
        let parts = self.parts().iter().filter(|_| is_newer).map(|part| self.later_part(part, other)).collect();
        Ok(Later { version: other.version(), digest: other.digest(), parts })
    }

    fn later_part(&self, part: &ProvenPart, newer: &Charter) -> LaterPart {
        let (now, before) = (counted(newer, part), counted(self.charter(), part));
        let Extent { size, root } = part.anchor().extent();
        let beyond = |counts: &Extent| part.rows().iter().any(|row| row.place().index >= counts.size);
        let standing = match now {
            // Whoever has a head has the author's word, and it binds the author as before. A suspension that was lifted binds nobody.
            None => match part.anchor() {
                Anchor::Head(..) => Standing::InForce,
                Anchor::Charter(_) => Standing::Open,
            },
            // It was said in the exhibit's own charter, and is proven there.
            Some(counts) if before == Some(counts) => Standing::Counts,
            Some(counts) if beyond(&counts) || (counts.size == size && counts.root != root) => Standing::Void,
            Some(counts) if counts.size == size => Standing::Counts,
            Some(_) => Standing::Open,
        };
        LaterPart { centre: part.centre().clone(), standing, counts: now, left: newer.member(part.centre()).is_none() }
    }
}

/// How far the term that a part stands under counts under a version, if it has ended there or is halted.
fn counted(charter: &Charter, part: &ProvenPart) -> Option<Extent> {
    let author = charter.author(part.centre())?;
    let term = part.anchor().term();
    let ended = author.ended.iter().find(|ended| ended.term == term).map(|ended| ended.counts);
    ended.or_else(|| author.limit.filter(|_| author.term == term))
}
