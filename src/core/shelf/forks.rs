//! What the core reads and writes of forks: proofs that were verified here (records), and what others have reported (a projection).

use super::ShelfError;
use crate::journal::fork::ForkProof;
use crate::names::CentreCode;
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

/// Reads about forks.
pub trait Forks {
    /// The proof about the newest term of a centre in which it is known to have forked.
    fn fork(&self, centre: &CentreCode) -> Result<Option<ForkRow>, ShelfError>;
    /// What others have reported of a centre: the newest report of each, in order of their authors, at most `limit`.
    fn fork_reports(&self, accused: &CentreCode, limit: usize) -> Result<Vec<ForkReport>, ShelfError>;
    /// How often rows of a journal were let go.
    fn cuts(&self, centre: &CentreCode) -> Result<u64, ShelfError>;
    /// Whether a cut behind the first `after` let go of a row of a journal below `below` that is another now, or none.
    fn cut_below(&self, centre: &CentreCode, after: u64, below: u64) -> Result<bool, ShelfError>;
}
