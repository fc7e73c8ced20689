//! Rows that come without their payload.
//!
//! A payload may be gone when its time is over, or when a later row of the same journal has ended it. Who gets the rows in order cannot
//! know of the second when they take in the first, so a row of a kind that can be ended is taken in and noted as withheld; until its
//! ending or its payload comes, nobody may answer as if there were nothing. Everything else that is absent is the server's fault at once.

use std::collections::{BTreeMap, BTreeSet};

use super::super::message::MAX_PAYLOADS;
use super::super::{Effect, Env, Node, fault};
use crate::error::{FaultCode, ShelfError};
use crate::journal::statement::absence_allowed;
use crate::journal::{Header, Kind, SoundRow, SoundRows};
use crate::names::{CentreCode, StationKey};
use crate::shelf::{ListWrite, WithheldRow, Write};
use crate::time::{CLOCK_TOLERANCE_MS, MINUTE_MS, Time};

/// Kinds whose payload a later statement of the same author may end.
pub const MAY_BE_ENDED: &[Kind] = &[Kind::ListingDecided];
/// Most withheld rows that are looked after at once: so many blames are written, and so many payloads asked for.
pub const MAX_WITHHELD_AT_ONCE: usize = 256;
/// How long a journal must have been whole here before somebody is blamed for what is missing in it, in milliseconds: a round of
/// heads, so that an ending that others know of has been heard of.
pub const BLAME_AFTER_MS: i64 = MINUTE_MS;

/// Whether a row may be taken in without its payload, by a clock that may be off.
pub(super) fn acceptable(header: &Header, now: Time) -> bool {
    let may_be_ended = header.kind().is_some_and(|kind| MAY_BE_ENDED.contains(&kind));
    may_be_ended || absence_allowed(header, now.plus_ms(CLOCK_TOLERANCE_MS), false)
}

/// The notes, as writes, on those of `rows` (from `from` on) whose payload nothing allows to be absent yet; `applied` is what the same
/// rows mean, with the erasures of those that they end.
pub(super) fn withheld((centre, by): (&CentreCode, StationKey), from: u64, rows: &SoundRows, now: Time, applied: &[Effect]) -> Vec<Effect> {
    let left_out = |row: &SoundRow| row.entry().payload.is_none() && !absence_allowed(row.header(), now, false);
    let absent = (from..).zip(rows.rows()).filter(|(_, row)| left_out(row));
    let absent: BTreeSet<u64> = absent.map(|(index, _)| index).collect();
    if absent.is_empty() {
        return Vec::new();
    }
    let ended: BTreeSet<u64> = applied.iter().filter_map(|effect| erased(effect, centre)).collect();
    let note = |index: &u64| Effect::Write(Write::List(ListWrite::Withheld { centre: centre.clone(), index: *index, by }));
    absent.difference(&ended).map(note).collect()
}

fn erased(effect: &Effect, of: &CentreCode) -> Option<u64> {
    if let Effect::Write(Write::Erase { centre, index }) = effect
        && centre == of
    {
        return Some(*index);
    }
    None
}

/// What is remembered of withheld rows between two looks.
#[derive(Debug, Default)]
pub(in crate::node) struct State {
    /// Since when each journal with withheld rows was seen to be whole.
    whole_since: BTreeMap<CentreCode, Time>,
    /// The row that the last look ended with, if there are more: rows that nobody can give must not hide others for ever.
    seen_to: Option<(CentreCode, u64)>,
}

impl Node {
    /// Looks after rows that were withheld: their time is over, or their server is blamed, and others are asked.
    pub(in crate::node) fn look_after_withheld(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let after = self.replicate.absent.seen_to.take();
        let rows = env.shelf.withheld_rows(after.as_ref().map(|(centre, index)| (centre, *index)), MAX_WITHHELD_AT_ONCE)?;
        if rows.len() == MAX_WITHHELD_AT_ONCE {
            self.replicate.absent.seen_to = rows.last().map(|row| (row.centre.clone(), row.index));
        }
        self.watch_whole_journals(env, &rows)?;
        let mut wanted: BTreeMap<(CentreCode, StationKey), Vec<u64>> = BTreeMap::new();
        for row in rows {
            let Some(entry) = env.shelf.entries(&row.centre, row.index, 1, usize::MAX)?.pop() else { continue };
            let header = Header::parse(&entry.header).map_err(|e| ShelfError::Damaged(e.to_string()))?;
            if absence_allowed(&header, env.now, false) {
                out.push(Effect::Write(Write::Erase { centre: row.centre, index: row.index }));
            } else if let Some(since) = self.replicate.absent.whole_since.get(&row.centre).copied() {
                blame_server(env.now.since(since), env.now, &row, &header, out);
                wanted.entry((row.centre, row.by)).or_default().push(row.index);
            }
        }
        for ((centre, by), indexes) in wanted {
            for some in indexes.chunks(MAX_PAYLOADS) {
                self.ask_payloads(env, centre.clone(), some.to_vec(), Some(by), out);
            }
        }
        Ok(())
    }

    /// Notes since when the journals of these rows have been whole, and forgets those that are not or have no such rows any more.
    fn watch_whole_journals(&mut self, env: &Env<'_>, rows: &[WithheldRow]) -> Result<(), ShelfError> {
        let mut watched = std::mem::take(&mut self.replicate.absent.whole_since);
        for row in rows {
            watched.entry(row.centre.clone()).or_insert(env.now);
        }
        for (centre, since) in watched {
            if env.shelf.withheld(&centre)? && self.is_whole(env, &centre)? {
                self.replicate.absent.whole_since.insert(centre, since);
            }
        }
        Ok(())
    }

    /// Whether everything that was heard of a journal is here: rows, and the head over exactly them.
    fn is_whole(&self, env: &Env<'_>, centre: &CentreCode) -> Result<bool, ShelfError> {
        let held = env.shelf.journal(centre)?;
        let newest = self.newest_head(env, centre)?.map(|head| head.size);
        Ok(newest == Some(held.size) && held.head.map(|head| head.size) == Some(held.size))
    }
}

/// Whoever served a journal without a payload that no row of it ends is blamed, once, when the journal has been whole for long enough.
fn blame_server(whole_ms: i64, now: Time, row: &WithheldRow, header: &Header, out: &mut Vec<Effect>) {
    let nearly_over = absence_allowed(header, now.plus_ms(CLOCK_TOLERANCE_MS), false);
    if row.blamed || nearly_over || whole_ms.abs() < BLAME_AFTER_MS {
        return;
    }
    fault(out, row.by, FaultCode::PayloadMissing);
    out.push(Effect::Write(Write::List(ListWrite::Blamed { centre: row.centre.clone(), index: row.index })));
}
