//! Whose listing was hit is told, sealed: a centre learns who asks about those on its list, and no other centre does.

use super::super::super::{Effect, Env, Node};
use crate::error::ShelfError;
use crate::journal::{Entry, Kind, Statement};
use crate::listing::hit::{HitBody, HitNote};
use crate::node::query::KEEP_ACCESS_DAYS;
use crate::shelf::{ListWrite, PendingHit, Write};
use crate::time::{DAY_MS, SECOND_MS, Time};

/// Hits wait at most this long for their notes, in milliseconds, so that several go under one head.
pub const TELL_EVERY_MS: i64 = 10 * SECOND_MS;
/// So many are told at once, however young they are.
pub const TELL_ROWS: usize = 32;
/// Most notes of one tick.
pub const MAX_TOLD: usize = 64;
/// How long a note is kept, in days: as long as an access record.
pub const KEEP_HIT_DAYS: i64 = KEEP_ACCESS_DAYS;

/// What is known of hits that have to be told, beside what the store keeps of them.
#[derive(Debug, Default)]
pub(in crate::node::list) struct State {
    /// When the store was last asked for them.
    last: Option<Time>,
    /// How many came since.
    waiting: usize,
}

impl State {
    /// One more has to be told.
    pub(super) const fn waits(&mut self) {
        self.waiting = self.waiting.saturating_add(1);
    }
}

impl Node {
    /// Notes to the centres of listings that were hit, when they are due.
    pub(in crate::node) fn hits_due(
        &mut self,
        env: &mut Env<'_>,
        entries: &mut Vec<Entry>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let (now, hits) = (env.now, &mut self.list.hits);
        let waited = hits.last.is_none_or(|last| now.since(last) >= TELL_EVERY_MS || now < last);
        if !waited && hits.waiting < TELL_ROWS {
            return Ok(());
        }
        let pending = env.shelf.hits_pending(MAX_TOLD)?;
        // A full page says that there may be more: the next tick asks again.
        hits.last = (pending.len() < MAX_TOLD).then_some(now);
        hits.waiting = 0;
        for hit in pending {
            let serial = hit.serial;
            // Nothing can be told to who is no longer a member; the hit is in the audit log.
            if let Some(entry) = self.hit_note(env, hit)? {
                entries.push(entry);
            }
            out.push(Effect::Write(Write::List(ListWrite::HitTold { serial })));
        }
        Ok(())
    }

    fn hit_note(&self, env: &mut Env<'_>, hit: PendingHit) -> Result<Option<Entry>, ShelfError> {
        let Some(member) = self.charter.member(&hit.place.centre) else { return Ok(None) };
        let PendingHit { place, listing, request, matter, business_no, legal_basis, at, .. } = hit;
        let note = HitNote { listing, index: place.index, request, matter, business_no, legal_basis, at };
        let Ok(body) = HitBody::seal(env.rng, &note, &self.centre, &place.centre, &member.sealing) else { return Ok(None) };
        let drop_after = env.now.plus_ms(KEEP_HIT_DAYS * DAY_MS);
        let entry = Statement::build(env.rng, Kind::ListingHit, env.now, Some(drop_after), &body.to_bytes());
        entry.map(Some).map_err(|e| ShelfError::Failed(e.to_string()))
    }
}
