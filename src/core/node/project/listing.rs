//! What statements about listings mean. Each is looked at alone: what was said of a listing before is the shelf's to know.

use super::row_exists;
use crate::desk::MAX_CODE_BYTES;
use crate::grant::access::MAX_BUSINESS_NO_BYTES;
use crate::journal::Header;
use crate::listing::hit::HitBody;
use crate::listing::{ChangedBody, DecidedBody, ObjectedBody};
use crate::names::{CentreCode, ListingRef};
use crate::seal::hpke::OpeningKey;
use crate::shelf::{HitRow, ListProjection, ListingEnd, ListingRow, ObjectionRow};

/// Nothing when the header lets the payload go at another time than the clocks in it say: it would be gone while it counts, or stay
/// when it does not. (Which peppers there are is the charter's to say, and a charter changes: under a wrong one nobody is found.)
pub(super) fn decided(author: &CentreCode, index: u64, header: &Header, body: &[u8]) -> Option<ListProjection> {
    let body = DecidedBody::parse(body).ok()?;
    let row = ListingRow {
        place: ListingRef { centre: author.clone(), index },
        listing: body.listing,
        pepper: body.pepper,
        token: body.token,
        restriction_until: body.restriction_until,
        publication_until: body.publication_until,
        basis: body.basis,
        at: header.at(),
        ended: None,
    };
    let sound = header.drop_after() == Some(body.drop_after()) && row_exists(body.pepper);
    sound.then_some(ListProjection::Decided(row))
}

/// A centre changes only its own listings, and only such as stand before the change.
pub(super) fn changed(author: &CentreCode, index: u64, header: &Header, body: &[u8]) -> Option<ListProjection> {
    let body = ChangedBody::parse(body).ok()?;
    let successor = body.successor.is_none_or(|successor| successor > body.index && row_exists(successor));
    let answered = body.answers.as_ref().is_none_or(|objection| row_exists(objection.index));
    let end = ListingEnd { change: body.change, index, at: header.at(), impersonated: body.impersonated };
    let place = ListingRef { centre: author.clone(), index: body.index };
    let answers = body.answers.map(|objection| (objection.centre, objection.index));
    (body.index < index && successor && answered).then_some(ListProjection::Changed { place, end, answers })
}

pub(super) fn objected(author: &CentreCode, index: u64, header: &Header, body: &[u8]) -> Option<ListProjection> {
    let body = ObjectedBody::parse(body).ok()?;
    let row = ObjectionRow {
        author: author.clone(),
        index,
        about: ListingRef { centre: body.centre, index: body.index },
        listing: body.listing,
        ground: body.ground,
        at: header.at(),
        before_it: 0,
        answered: None,
    };
    row_exists(body.index).then_some(ListProjection::Objected(row))
}

/// A note that is for us; others' cannot be opened.
pub(super) fn hit(own: &CentreCode, opening: &OpeningKey, author: &CentreCode, index: u64, body: &[u8]) -> Option<ListProjection> {
    let body = HitBody::parse(body).ok()?;
    if body.to != *own || author == own {
        return None;
    }
    let note = body.open(author, opening).ok()?;
    let plain = |text: &str, max: usize| !text.is_empty() && text.len() <= max && !text.chars().any(char::is_control);
    let sound = plain(&note.matter, MAX_CODE_BYTES) && plain(&note.business_no, MAX_BUSINESS_NO_BYTES) && row_exists(note.index);
    sound.then_some(ListProjection::Hit(HitRow {
        author: author.clone(),
        index,
        listing: note.listing,
        listing_index: note.index,
        request: note.request,
        matter: note.matter,
        business_no: note.business_no,
        at: note.at,
    }))
}
