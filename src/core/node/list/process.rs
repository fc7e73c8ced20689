//! A case goes its way.

use super::super::{Effect, Env, Node, Stop};
use crate::desk::Event;
use crate::error::{RefusalCode, ShelfError};
use crate::journal::Entry;
use crate::listing::SubjectSecret;
use crate::operator::ProvenAct;

/// What waits for its derivation.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) serial: u64,
}

impl Node {
    /// [`crate::desk::Act::Propose`] and every later step, the queue, and one case shown.
    pub(in crate::node) fn case_act(
        &mut self,
        env: &mut Env<'_>,
        token: u64,
        act: &ProvenAct,
        out: &mut Vec<Effect>,
    ) -> Result<Option<Event>, Stop> {
        let _ = (env, token, act, out);
        Err(RefusalCode::Unsupported.into())
    }

    pub(super) fn publish_derived(
        &mut self,
        env: &mut Env<'_>,
        waiting: Waiting,
        secrets: &[Option<SubjectSecret>],
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let _ = (env, waiting.serial, secrets, out);
        Ok(())
    }

    /// Cases whose period has ended.
    pub(in crate::node) fn cases_due(
        &mut self,
        env: &mut Env<'_>,
        entries: &mut Vec<Entry>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let _ = (env, entries, out);
        Ok(())
    }
}
