//! Statements that end listings arrive, ours or another's: the payload of what has ended goes.

use super::super::Env;
use crate::error::ShelfError;
use crate::journal::{Entry, Header, Kind, SoundRow};
use crate::listing::{ChangedBody, DecidedBody};
use crate::names::CentreCode;

/// Which row's payload has to go because of `row`, number `index` of `author`'s journal: that of the listing that it ends, if the row
/// named is one. `among` finds rows that come with this one and are not on the shelf yet.
///
/// # Errors
/// [`ShelfError`] when the shelf cannot be read.
pub(in crate::node) fn payload_ended_by<'a>(
    env: &Env<'_>,
    (author, index): (&CentreCode, u64),
    row: &SoundRow,
    among: impl Fn(u64) -> Option<&'a SoundRow>,
) -> Result<Option<u64>, ShelfError> {
    if row.header().kind() != Some(Kind::ListingChanged) {
        return Ok(None);
    }
    let Some(body) = row.entry().body().and_then(|body| ChangedBody::parse(body).ok()) else { return Ok(None) };
    if !body.change.ends() || body.index >= index {
        return Ok(None);
    }
    let decided = match among(body.index) {
        Some(row) => Some(row.entry().clone()),
        None => env.shelf.entries(author, body.index, 1, usize::MAX)?.pop(),
    };
    Ok(decided.filter(|decided| is_about(decided, &body)).map(|_| body.index))
}

/// Whether `decided` is the statement that `body` speaks of. Where its payload is absent, its author's word has to do.
fn is_about(decided: &Entry, body: &ChangedBody) -> bool {
    let kind = Header::parse(&decided.header).ok().and_then(|header| header.kind());
    let same = |bytes: &[u8]| DecidedBody::parse(bytes).is_ok_and(|decided| decided.listing == body.listing);
    kind == Some(Kind::ListingDecided) && decided.body().is_none_or(same)
}
