//! A file is staged, approved, listed.

use super::super::{Effect, Env, Node, Stop};
use crate::desk::Event;
use crate::error::{RefusalCode, ShelfError};
use crate::listing::SubjectSecret;
use crate::operator::ProvenAct;

/// What waits for its derivations.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) token: u64,
}

impl Node {
    /// [`crate::desk::Act::ImportBegin`] and its like.
    pub(in crate::node) fn import(
        &mut self,
        env: &mut Env<'_>,
        token: u64,
        act: &ProvenAct,
        out: &mut Vec<Effect>,
    ) -> Result<Option<Event>, Stop> {
        let _ = (env, token, act, out);
        Err(RefusalCode::Unsupported.into())
    }

    pub(super) fn import_derived(
        &mut self,
        env: &mut Env<'_>,
        waiting: Waiting,
        secrets: &[Option<SubjectSecret>],
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let _ = (env, waiting.token, secrets, out);
        Ok(())
    }

    /// The next rows of an approved import are listed.
    pub(in crate::node) fn import_goes_on(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let _ = (env, out);
        Ok(())
    }
}
