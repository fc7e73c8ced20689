//! What the core reads and writes of dossiers: which there are and which rows speak of them. What they say is opened from the journals,
//! each time, and kept nowhere.

use super::{CertificateRow, ShelfError};
use crate::dossier::DossierKind;
use crate::names::{CentreCode, CertificateNumber, Digest, DossierRef};
use crate::time::Time;

/// One `dossier.opened` statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DossierRow {
    /// Who opened it, and which row.
    pub place: DossierRef,
    /// What it is for.
    pub kind: DossierKind,
    /// With whom.
    pub other: CentreCode,
    /// What it is about, where this centre may read that: the number of a certificate, or a listing.
    pub about: Option<String>,
    /// When, by its author.
    pub at: Time,
}

/// One `dossier.joined` or `dossier.changed` statement, whoever its author is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DossierSaid {
    /// About which dossier.
    pub dossier: DossierRef,
    /// Who said it.
    pub author: CentreCode,
    /// Row of that centre's journal.
    pub index: u64,
    /// Who joins; nothing when it is a change.
    pub joins: Option<CentreCode>,
}

/// What one statement says of dossiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DossierProjection {
    /// One was opened.
    Opened(DossierRow),
    /// Somebody spoke of one. That they are a party is asked when it is read.
    Said(DossierSaid),
}

/// A change of the records about dossiers.
#[derive(Debug, Clone)]
pub enum DossierWrite {
    /// A change over which the engine panicked: it is not tried again.
    SetAside {
        /// In which dossier.
        dossier: DossierRef,
        /// By what it is known.
        mark: Digest,
    },
}

/// Reads about dossiers.
pub trait Dossiers {
    /// One dossier.
    fn dossier(&self, place: &DossierRef) -> Result<Option<DossierRow>, ShelfError>;
    /// Dossiers that `centre` opened, was opened with, or is said to have joined, after `after`, in the order of opener and row, at most
    /// `limit`.
    fn dossiers_of(
        &self,
        centre: &CentreCode,
        kind: Option<DossierKind>,
        after: Option<&DossierRef>,
        limit: usize,
    ) -> Result<Vec<DossierRow>, ShelfError>;
    /// Dossiers about this, in the order of opener and row, at most `limit`.
    fn dossiers_about(&self, about: &str, limit: usize) -> Result<Vec<DossierRow>, ShelfError>;
    /// Rows of `author`'s journal that say who joined a dossier, in order, at most `limit`.
    fn dossier_joins(&self, dossier: &DossierRef, author: &CentreCode, limit: usize) -> Result<Vec<u64>, ShelfError>;
    /// Rows of `author`'s journal that change a dossier, after row `after`, in order, at most `limit`.
    fn dossier_changes(&self, dossier: &DossierRef, author: &CentreCode, after: Option<u64>, limit: usize) -> Result<Vec<u64>, ShelfError>;
    /// How many rows speak of a dossier, whoever wrote them.
    fn dossier_rows(&self, dossier: &DossierRef) -> Result<u64, ShelfError>;
    /// Changes of a dossier that are not tried again, in order, at most `limit`.
    fn dossier_set_aside(&self, dossier: &DossierRef, limit: usize) -> Result<Vec<Digest>, ShelfError>;
    /// Certificates with this addressee and numbers after `after`, in number order, at most `limit`.
    fn certificates_for(
        &self,
        addressee: &CentreCode,
        after: Option<&CertificateNumber>,
        limit: usize,
    ) -> Result<Vec<CertificateRow>, ShelfError>;
}
