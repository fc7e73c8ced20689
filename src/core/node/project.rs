//! From statements to projections: what each kind means for the tables that answers are read from.
//!
//! Pure and deterministic: `anju store rebuild` runs it again over every journal and must get the same rows. A statement that does not
//! parse, or says what its author may not say, means nothing: it is kept and copied, and projects to nothing.

mod beside;
mod dossier;
mod listing;

pub use beside::ended_beside;

use crate::audit::AuditBody;
use crate::certificate::{BoundBody, CertificateBody, EndedBody, HolderEndedBody};
use crate::charter::CentreKeys;
use crate::charter::vote::{Place, Said};
use crate::grant::Revocation;
use crate::grant::access::{self, SLOT_AUTHOR, SLOT_ISSUER};
use crate::journal::{Entry, ForkProof, Header, Kind, MAX_JOURNAL_ROWS};
use crate::matter::{CatalogueBody, MatterBody};
use crate::names::CentreCode;
use crate::seal::hpke::OpeningKey;
use crate::shelf::{AuditCommitment, CatalogueRow, Ended, ForkReport, ListProjection, MatterProjection, MatterRow, Projection, VoteRecord};
use crate::vector::VectorBody;

/// Projects row `index` of `author`'s journal, as `own` may read it.
#[must_use]
pub fn project(own: &CentreCode, keys: &CentreKeys, author: &CentreCode, index: u64, entry: &Entry) -> Vec<Projection> {
    let Ok(header) = Header::parse(&entry.header) else { return Vec::new() };
    project_sound(own, keys, author, index, &header, entry)
}

/// As [`project`], for a row whose header was read before.
#[must_use]
pub fn project_sound(
    own: &CentreCode,
    keys: &CentreKeys,
    author: &CentreCode,
    index: u64,
    header: &Header,
    entry: &Entry,
) -> Vec<Projection> {
    let Some(body) = entry.body() else { return Vec::new() };
    let Some(kind) = header.kind() else { return Vec::new() };
    let projection = match kind {
        Kind::CertificateIssued => certificate(author, index, header, body),
        Kind::CertificateEnded => ended(author, header, body),
        Kind::AccessRecorded => accessed(own, &keys.sealing, author, index, body),
        Kind::ListingDecided => listing::decided(author, index, header, body).map(Projection::List),
        Kind::ListingChanged => listing::changed(author, index, header, body).map(Projection::List),
        Kind::ListingObjected => listing::objected(author, index, header, body).map(Projection::List),
        Kind::ListingHit => listing::hit(own, &keys.sealing, author, index, body).map(Projection::List),
        Kind::Vector => acknowledged(own, author, index, header, body).map(Projection::List),
        Kind::AuditRecorded => committed(own, author, index, body),
        Kind::GrantRevoked => revoked(header, body),
        Kind::MatterPublished => matter(author, index, header, body),
        Kind::CataloguePublished => catalogue(author, index, header, body),
        Kind::DossierOpened => dossier::opened((own, &keys.hybrid), author, index, header, body).map(Projection::Dossier),
        Kind::DossierJoined => dossier::joined(author, index, body).map(Projection::Dossier),
        Kind::DossierChanged => dossier::changed(author, index, body).map(Projection::Dossier),
        Kind::HolderBound => bound(author, index, header, body),
        Kind::HolderEnded => holder_ended(author, index, header, body),
        Kind::CharterProposed | Kind::CharterApproved | Kind::CharterRejected | Kind::CharterPromised => {
            voted(author, index, header, kind, body)
        }
        // Its reader looks for it where the proposal says it lies.
        Kind::EpochSealed => None,
        Kind::ForkReported => fork_reported(author, index, header, body),
    };
    projection.into_iter().collect()
}

fn certificate(author: &CentreCode, index: u64, header: &Header, body: &[u8]) -> Option<Projection> {
    let body = CertificateBody::parse(body).ok()?;
    // A centre issues only numbers of its own.
    (body.head.number.centre() == *author).then(|| Projection::Certificate(super::issue::certificate_row(author, index, header.id(), body)))
}

fn ended(author: &CentreCode, header: &Header, body: &[u8]) -> Option<Projection> {
    let body = EndedBody::parse(body).ok()?;
    let ended = Ended { at: header.at(), reason: body.reason.code().to_owned() };
    (body.number.centre() == *author).then_some(Projection::CertificateEnded { number: body.number, ended })
}

/// A centre binds only numbers of its own.
fn bound(author: &CentreCode, index: u64, header: &Header, body: &[u8]) -> Option<Projection> {
    let body = BoundBody::parse(body).ok()?;
    let row = super::issue::certificate_row(author, index, header.id(), body.certificate);
    (row.number.centre() == *author).then(|| Projection::HolderBound { row: Box::new(row), former: body.former, at: header.at() })
}

/// A centre ends keys for numbers of its own: the same key may be bound elsewhere, and counts there.
fn holder_ended(author: &CentreCode, index: u64, header: &Header, body: &[u8]) -> Option<Projection> {
    let HolderEndedBody { number, holder, .. } = HolderEndedBody::parse(body).ok()?;
    (number.centre() == *author).then(|| Projection::HolderEnded { number, holder, index, at: header.at() })
}

/// Any centre may carry it: the holder signed it.
fn revoked(header: &Header, body: &[u8]) -> Option<Projection> {
    let revocation = Revocation::parse(std::str::from_utf8(body).ok()?).ok()?;
    Some(Projection::GrantRevoked { grant: revocation.grant(), holder: revocation.holder(), at: header.at() })
}

/// Read as the author's own, or as the issuer that was looked at; everybody else cannot.
fn accessed(own: &CentreCode, opening: &OpeningKey, author: &CentreCode, index: u64, body: &[u8]) -> Option<Projection> {
    let slot = if author == own { SLOT_AUTHOR } else { SLOT_ISSUER };
    let access = access::open(opening, slot, body).ok()?;
    (access.author == *author).then(|| Projection::Access(super::query::access_row(author, index, access)))
}

/// What another centre's vector says of our journal: of the rest we keep nothing.
fn acknowledged(own: &CentreCode, author: &CentreCode, index: u64, header: &Header, body: &[u8]) -> Option<ListProjection> {
    let applied = VectorBody::parse(body).ok()?.applied.get(own).copied()?;
    let (author_is_another, possible) = (author != own, row_exists(applied));
    let said = ListProjection::Acknowledged { author: author.clone(), index, at: header.at(), applied };
    (author_is_another && possible).then_some(said)
}

/// Only our own commitments are about our log.
fn committed(own: &CentreCode, author: &CentreCode, index: u64, body: &[u8]) -> Option<Projection> {
    let body = AuditBody::parse(body).ok()?;
    let commitment = AuditCommitment { index, size: body.size, root: body.root };
    (author == own && row_exists(body.size)).then_some(Projection::AuditCommitted(commitment))
}

/// Judged as its author's own peer judged it: what is no matter is nobody's matter.
fn matter(author: &CentreCode, index: u64, header: &Header, body: &[u8]) -> Option<Projection> {
    let matter = MatterBody::parse(body).ok()?;
    let row = MatterRow {
        centre: author.clone(),
        code: matter.code,
        from: matter.from,
        version: matter.version,
        index,
        at: header.at(),
        body: body.to_vec(),
    };
    Some(Projection::Published(MatterProjection::Matter(row)))
}

fn catalogue(author: &CentreCode, index: u64, header: &Header, body: &[u8]) -> Option<Projection> {
    let version = CatalogueBody::parse(body).ok()?.version;
    let row = CatalogueRow { centre: author.clone(), version, index, at: header.at(), body: body.to_vec() };
    Some(Projection::Published(MatterProjection::Catalogue(row)))
}

/// Who may vote, and what of it counts, is for the version that it is about to say.
fn voted(author: &CentreCode, index: u64, header: &Header, kind: Kind, body: &[u8]) -> Option<Projection> {
    let version = Said::parse(kind, body)?.version();
    let place = Place { centre: author.clone(), index };
    Some(Projection::Vote(VoteRecord { version, place, at: header.at(), kind, body: body.to_vec() }))
}

/// Who is accused is read here; whether it is proven depends on the charter, and is asked there.
fn fork_reported(author: &CentreCode, index: u64, header: &Header, body: &[u8]) -> Option<Projection> {
    let accused = ForkProof::decode(body).ok()?.centre;
    Some(Projection::Fork(ForkReport { accused, author: author.clone(), index, at: header.at(), proof: body.to_vec() }))
}

/// A number that a journal can have: anything larger is nobody's row, and a store could not keep it.
const fn row_exists(number: u64) -> bool {
    number <= MAX_JOURNAL_ROWS
}
