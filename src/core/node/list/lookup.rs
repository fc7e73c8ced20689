//! A subject is looked up.

use super::super::{Effect, Env, Node, Stop};
use crate::desk::{Applicant, Event};
use crate::error::{RefusalCode, ShelfError};
use crate::listing::SubjectSecret;
use crate::operator::ProvenAct;

/// What waits for its derivations.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) token: u64,
}

impl Node {
    pub(in crate::node) fn lookup(
        &mut self,
        env: &mut Env<'_>,
        token: u64,
        act: &ProvenAct,
        applicants: &[Applicant],
        out: &mut Vec<Effect>,
    ) -> Result<Option<Event>, Stop> {
        let _ = (env, token, act, applicants, out);
        Err(RefusalCode::Unsupported.into())
    }

    pub(super) fn lookup_derived(
        &mut self,
        env: &mut Env<'_>,
        waiting: Waiting,
        secrets: &[Option<SubjectSecret>],
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let _ = (env, waiting.token, secrets, out);
        Ok(())
    }
}
