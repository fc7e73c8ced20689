//! Payloads that are damaged here are fetched again from others; payloads whose time is over are erased.

use super::message::MAX_PAYLOADS;
use super::{Effect, Env, Node, fault};
use crate::error::{FaultCode, ShelfError};
use crate::journal::{Entry, SoundRows};
use crate::names::{CentreCode, StationKey};
use crate::shelf::Write;
use crate::time::{SECOND_MS, Time};

/// How often damaged rows are looked for and erasures are made, in milliseconds.
pub const REPAIR_EVERY_MS: i64 = 5 * SECOND_MS;
/// Most payloads erased at once.
pub const MAX_ERASURES: usize = 256;

#[derive(Debug, Default)]
pub(super) struct State {
    last: Option<Time>,
}

impl Node {
    pub(super) fn repair_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let due = self.repair.last.is_none_or(|last| env.now.since(last) >= REPAIR_EVERY_MS || env.now < last);
        if !due {
            return Ok(());
        }
        self.repair.last = Some(env.now);
        for (centre, index) in env.shelf.droppable(env.now, MAX_ERASURES)? {
            out.push(Effect::Write(Write::Erase { centre, index }));
        }
        let damaged = env.shelf.damaged(MAX_PAYLOADS)?;
        if let Some(centre) = damaged.first().map(|(centre, _)| centre.clone()) {
            let indexes = damaged.into_iter().filter(|(c, _)| *c == centre).map(|(_, index)| index).collect();
            self.ask_payloads(env, centre, indexes, None, out);
        }
        self.look_after_withheld(env, out)
    }

    /// A payload came again: stored if it is the one its header names, and what it means is applied.
    pub(super) fn restore(
        &mut self,
        env: &Env<'_>,
        from: StationKey,
        centre: &CentreCode,
        index: u64,
        payload: Vec<u8>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let Some(held) = env.shelf.entries(centre, index, 1, usize::MAX)?.into_iter().next() else { return Ok(()) };
        // An ending may have come while we asked, and what is erased stays so.
        if env.shelf.erased(centre, index)? {
            return Ok(());
        }
        let whole = Entry { header: held.header, payload: Some(payload.clone()) };
        let Ok(row) = SoundRows::check(vec![whole]) else {
            fault(out, from, FaultCode::BadPayload);
            return Ok(());
        };
        self.project_rows(env, centre, index, &row, out)?;
        // Where one was missing there may be more, and nobody has to wait for the next round.
        self.repair.last = None;
        out.push(Effect::Write(Write::Restore { centre: centre.clone(), index, payload }));
        Ok(())
    }
}
