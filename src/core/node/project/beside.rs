//! What a statement ends or disputes that stands in another history of its author than the one held. What such a history lists, issues,
//! binds or upholds means nothing here.

use crate::certificate::{BoundBody, EndedBody, HolderEndedBody};
use crate::grant::Revocation;
use crate::journal::{Entry, Header, Kind};
use crate::listing::{Change, ChangedBody, ObjectedBody};
use crate::names::{CentreCode, ListingRef};
use crate::shelf::EndedBeside;

use super::row_exists;

/// What row `index` of another history of `author` ends, of which the first `same` rows are those of the history held.
#[must_use]
pub fn ended_beside(author: &CentreCode, index: u64, same: u64, header: &Header, entry: &Entry) -> Option<EndedBeside> {
    let body = entry.body()?;
    match header.kind()? {
        Kind::CertificateEnded => {
            let body = EndedBody::parse(body).ok()?;
            let reason = body.reason.code().to_owned();
            (body.number.centre() == *author).then_some(EndedBeside::Certificate { number: body.number, reason })
        }
        Kind::HolderEnded => {
            let HolderEndedBody { number, holder, .. } = HolderEndedBody::parse(body).ok()?;
            (number.centre() == *author).then_some(EndedBeside::Holder { number, holder })
        }
        // The new key counts for nothing yet; the former may have been lost.
        Kind::HolderBound => {
            let BoundBody { certificate, former, .. } = BoundBody::parse(body).ok()?;
            let number = certificate.head.number;
            (number.centre() == *author).then_some(EndedBeside::Holder { number, holder: former })
        }
        Kind::GrantRevoked => {
            let revocation = Revocation::parse(std::str::from_utf8(body).ok()?).ok()?;
            Some(EndedBeside::Grant { grant: revocation.grant(), holder: revocation.holder() })
        }
        Kind::ListingChanged => {
            let body = ChangedBody::parse(body).ok()?;
            let gone = matches!(body.change, Change::Withdrawn | Change::Repaired) && body.index < index;
            let shared = body.index < same;
            gone.then_some(EndedBeside::Listing { listing: body.listing, index: body.index, change: body.change, shared })
        }
        Kind::ListingObjected => {
            let body = ObjectedBody::parse(body).ok()?;
            let about = ListingRef { centre: body.centre, index: body.index };
            row_exists(about.index).then_some(EndedBeside::Objection { about, listing: body.listing })
        }
        Kind::CertificateIssued
        | Kind::AccessRecorded
        | Kind::ListingDecided
        | Kind::ListingHit
        | Kind::DossierOpened
        | Kind::DossierJoined
        | Kind::DossierChanged
        | Kind::CataloguePublished
        | Kind::MatterPublished
        | Kind::CharterProposed
        | Kind::CharterApproved
        | Kind::CharterRejected
        | Kind::CharterPromised
        | Kind::EpochSealed
        | Kind::Vector
        | Kind::ForkReported
        | Kind::AuditRecorded => None,
    }
}
