//! What the core reads and writes of forks: proofs that were verified here (records), and what others have reported (a projection).

use super::ShelfError;
use crate::journal::fork::ForkProof;
use crate::listing::Change;
use crate::names::{CentreCode, CertificateNumber, GrantId, ListingId, ListingRef, Thumbprint};
use crate::time::Time;

/// A proof that was verified here. The first of a term stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkRow {
    /// The term in which its author signed both heads, from 1; 0 for what was kept before proofs were.
    pub term: u64,
    /// When it was kept.
    pub at: Time,
    /// The proof.
    pub proof: ForkProof,
}

/// One `fork.reported` statement; whether it proves anything is asked when it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkReport {
    /// Who is said to have forked.
    pub accused: CentreCode,
    /// Who says so.
    pub author: CentreCode,
    /// Row of that centre's journal.
    pub index: u64,
    /// When, by that centre.
    pub at: Time,
    /// The statement's body: the bytes of a [`ForkProof`].
    pub proof: Vec<u8>,
}

/// What a statement ends or disputes that stands in another history of its author than the one held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndedBeside {
    /// A certificate ended.
    Certificate {
        /// Which: one of the author's.
        number: CertificateNumber,
        /// Code of the reason.
        reason: String,
    },
    /// A key no longer counts for a certificate.
    Holder {
        /// Which certificate: one of the author's.
        number: CertificateNumber,
        /// Which key.
        holder: Thumbprint,
    },
    /// A holder took a grant back.
    Grant {
        /// Which.
        grant: GrantId,
        /// Whose key signed that.
        holder: Thumbprint,
    },
    /// A listing of the author's was withdrawn or repaired.
    Listing {
        /// The listing.
        listing: ListingId,
        /// The statement of it that is named, in the history that says so.
        index: u64,
        /// [`Change::Withdrawn`] or [`Change::Repaired`].
        change: Change,
        /// Whether the statement that is named stands in the history held too.
        shared: bool,
    },
    /// Somebody's listing is disputed.
    Objection {
        /// To which statement.
        about: ListingRef,
        /// To which listing.
        listing: ListingId,
    },
}

/// One such statement. A record: it stands in no journal that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BesideRow {
    /// Who has signed two histories.
    pub author: CentreCode,
    /// Row of the other history.
    pub index: u64,
    /// When, by its author.
    pub at: Time,
    /// What it ends.
    pub ended: EndedBeside,
}

/// Reads about forks.
///
/// What ends beside is answered by the reads about certificates, keys and grants as well ([`super::Shelf::certificate`] and its like): the
/// first ending known counts, in whatever history it stands. Of listings it is asked for by itself, since a listing of ours is never
/// judged by anything but our own journal.
pub trait Forks {
    /// The proof about the newest term of a centre in which it is known to have forked.
    fn fork(&self, centre: &CentreCode) -> Result<Option<ForkRow>, ShelfError>;
    /// What others have reported of a centre: the newest report of each, in order of their authors, at most `limit`.
    fn fork_reports(&self, accused: &CentreCode, limit: usize) -> Result<Vec<ForkReport>, ShelfError>;
    /// How often rows of a journal were let go.
    fn cuts(&self, centre: &CentreCode) -> Result<u64, ShelfError>;
    /// Whether a cut behind the first `after` let go of a row of a journal below `below` that is another now, or none.
    fn cut_below(&self, centre: &CentreCode, after: u64, below: u64) -> Result<bool, ShelfError>;
    /// Of whose other histories something is kept, and how many statements, in order of their codes.
    fn beside(&self) -> Result<Vec<(CentreCode, u64)>, ShelfError>;
    /// How another history of its author says that a listing ended; the first such row of it.
    fn listing_ended_beside(&self, author: &CentreCode, listing: &ListingId) -> Result<Option<Change>, ShelfError>;
    /// Statements held of an author's listings that ended in another history of it, from row `from` on, in order of their rows, at most
    /// `limit`.
    fn listings_ended_beside(&self, author: &CentreCode, from: u64, limit: usize) -> Result<Vec<ListingRef>, ShelfError>;
    /// When the holder with this key took the grant back, by journals that are held.
    fn grant_revoked_here(&self, grant: &GrantId, holder: &Thumbprint) -> Result<Option<Time>, ShelfError>;
    /// When a holder key ended for this certificate, by the journal that is held.
    fn holder_ended_here(&self, holder: &Thumbprint, number: &CertificateNumber) -> Result<Option<Time>, ShelfError>;
    /// How many objections to a listing, to this statement of it or an earlier one, stand in other histories of their authors and not in
    /// the one held: one of each author to each statement. Counted no further than `limit`.
    fn objections_beside(&self, about: &ListingRef, listing: &ListingId, limit: usize) -> Result<u64, ShelfError>;
}
