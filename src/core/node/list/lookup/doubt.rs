//! Whose copy is good enough to say that somebody is not on its list.

use super::super::super::{Env, Node};
use crate::desk::{Doubt, ReadOnly};
use crate::error::ShelfError;
use crate::names::CentreCode;
use crate::time::CLOCK_TOLERANCE_MS;

impl Node {
    /// Why the copy of `centre`'s journal held here does not count; nothing when it does.
    ///
    /// The own journal counts without being heard of, since nobody else writes it; but not while rows of it are missing here after a
    /// restored backup, for some of them may be listings.
    pub(in crate::node) fn doubt(&self, env: &Env<'_>, centre: &CentreCode) -> Result<Option<Doubt>, ShelfError> {
        if self.is_contained(centre) {
            return Ok(Some(Doubt::Forked));
        }
        let read_only = self.read_only();
        if *centre == self.centre && matches!(read_only, Some(ReadOnly::Restored { .. })) {
            return Ok(Some(Doubt::Behind));
        }
        let by_us = *centre == self.centre && read_only.is_none();
        if !by_us && !self.replicate.heard.contains(centre) {
            return Ok(Some(Doubt::NotHeard));
        }
        let fresh = self.freshness(env, centre)?;
        if !by_us && (fresh.age_ms.is_none_or(|age| age > self.settings.blacklist.stale_after_ms) || self.came_later(env, centre)?) {
            return Ok(Some(Doubt::Stale));
        }
        if fresh.behind {
            return Ok(Some(Doubt::Behind));
        }
        if env.shelf.withheld(centre)? {
            return Ok(Some(Doubt::Withheld));
        }
        if self.is_under_unheld(centre) {
            return Ok(Some(Doubt::PepperMissing));
        }
        let state = env.shelf.journal(centre)?;
        Ok((state.applied < state.size).then_some(Doubt::NotApplied))
    }

    /// Whether the newest heartbeat came at a time that has not come yet: the clock was set back, and how old it is cannot be told.
    fn came_later(&self, env: &Env<'_>, centre: &CentreCode) -> Result<bool, ShelfError> {
        Ok(self.newest_head(env, centre)?.is_some_and(|head| head.received.since(env.now) > CLOCK_TOLERANCE_MS))
    }
}
