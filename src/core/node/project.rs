//! From statements to projections: what each kind means for the tables that answers are read from.
//!
//! Pure and deterministic: `anju store rebuild` runs it again over every journal and must get the same rows. A statement that does not
//! parse, or says what its author may not say, means nothing: it is kept and copied, and projects to nothing.

use crate::certificate::{CertificateBody, CertificateEnded};
use crate::grant::{Access, AccessSlot};
use crate::journal::{Entry, Header, Kind};
use crate::names::CentreCode;
use crate::seal::hpke::OpeningKey;
use crate::shelf::{AccessRow, CertificateRow, Projection};

/// Projects row `index` of `author`'s journal, as `own` may read it.
#[must_use]
pub fn project(own: &CentreCode, opening: &OpeningKey, author: &CentreCode, index: u64, entry: &Entry) -> Vec<Projection> {
    let (Ok(header), Some(body)) = (Header::parse(&entry.header), entry.body()) else { return Vec::new() };
    let Some(kind) = header.kind() else { return Vec::new() };
    let projection = match kind {
        Kind::CertificateIssued => certificate(author, index, &header, body),
        Kind::CertificateEnded => ended(author, &header, body),
        Kind::AccessRecorded => access(own, opening, author, index, body),
        Kind::GrantRevoked
        | Kind::HolderBound
        | Kind::HolderEnded
        | Kind::ListingDecided
        | Kind::ListingChanged
        | Kind::ListingObjected
        | Kind::DossierOpened
        | Kind::DossierJoined
        | Kind::DossierChanged
        | Kind::CataloguePublished
        | Kind::MatterPublished
        | Kind::CharterProposed
        | Kind::CharterApproved
        | Kind::Vector
        | Kind::ForkReported
        | Kind::ForkCleared
        | Kind::AuditRecorded => None,
    };
    projection.into_iter().collect()
}
