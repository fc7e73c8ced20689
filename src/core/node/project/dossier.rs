//! What statements about dossiers mean. Each is looked at alone: whether its author is a party is asked when the dossier is read.

use super::row_exists;
use crate::dossier::{ChangedBody, DossierPlace, JoinedBody, OpenedBody};
use crate::journal::Header;
use crate::names::{CentreCode, DossierRef};
use crate::seal::hybrid::HybridOpeningKey;
use crate::shelf::{DossierProjection, DossierRow, DossierSaid};

/// A dossier that we share and whose head does not open means nothing: neither would what is written in it.
pub(super) fn opened(
    (own, opening): (&CentreCode, &HybridOpeningKey),
    author: &CentreCode,
    index: u64,
    header: &Header,
    body: &[u8],
) -> Option<DossierProjection> {
    let body = OpenedBody::parse(author, body).ok()?;
    let place = DossierPlace { opener: author, id: &body.id };
    let about = match body.parties.iter().find(|party| party.centre == *own) {
        Some(party) => body.open(&place, &party.open(&place, opening).ok()?).ok()?.about,
        None => None,
    };
    let other = body.parties.get(1)?.centre.clone();
    let place = DossierRef { centre: author.clone(), index };
    Some(DossierProjection::Opened(DossierRow { place, kind: body.kind, other, about, at: header.at() }))
}

pub(super) fn joined(author: &CentreCode, index: u64, body: &[u8]) -> Option<DossierProjection> {
    let body = JoinedBody::parse(body).ok()?;
    let dossier = body.dossier();
    row_exists(dossier.index).then(|| said(dossier, author, index, Some(body.party.centre)))
}

pub(super) fn changed(author: &CentreCode, index: u64, body: &[u8]) -> Option<DossierProjection> {
    let dossier = ChangedBody::parse(body).ok()?.dossier();
    row_exists(dossier.index).then(|| said(dossier, author, index, None))
}

fn said(dossier: DossierRef, author: &CentreCode, index: u64, joins: Option<CentreCode>) -> DossierProjection {
    DossierProjection::Said(DossierSaid { dossier, author: author.clone(), index, joins })
}
