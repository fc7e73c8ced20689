//! What our people did is written down, and committed to in our journal every so often.

use super::{Effect, Env, Node, Stop};
use crate::audit::{AuditAction, AuditRow};
use crate::desk::Event;
use crate::error::{RefusalCode, ShelfError};
use crate::journal::Entry;
use crate::operator::ProvenAct;
use crate::time::{MINUTE_MS, Time};

/// How long rows wait at most for their commitment, in milliseconds.
pub const COMMIT_EVERY_MS: i64 = MINUTE_MS;
/// So many rows are committed at once, however young they are.
pub const COMMIT_ROWS: u64 = 1_024;

#[derive(Debug, Default)]
pub(super) struct State {
    /// When the oldest row that is not committed was first seen by a tick.
    waiting_since: Option<Time>,
}

/// What a row says beside who and when.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) action: AuditAction,
    pub(super) matter: Option<String>,
    pub(super) business_no: Option<String>,
    pub(super) legal_basis: Option<String>,
    pub(super) about: String,
    pub(super) outcome: String,
}

impl Told {
    /// A row about `about` that came to `outcome`.
    pub(super) fn new(action: AuditAction, about: impl Into<String>, outcome: impl Into<String>) -> Self {
        Self { action, matter: None, business_no: None, legal_basis: None, about: about.into(), outcome: outcome.into() }
    }
}

impl Node {
    /// Writes rows of the audit log, in the transaction of what they tell of; nobody did what `act` is missing for.
    /// At most once per input.
    pub(super) fn tell(
        &self,
        env: &mut Env<'_>,
        act: Option<&ProvenAct>,
        told: Vec<Told>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let _ = (env, act, told, out, AuditRow::refused);
        Err(ShelfError::Failed("not built".to_owned()))
    }

    /// [`crate::desk::Act::AuditList`] and [`crate::desk::Act::AuditCheck`].
    pub(super) fn audit_act(&mut self, env: &mut Env<'_>, act: &ProvenAct, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        let _ = (env, act, out);
        Err(RefusalCode::Unsupported.into())
    }

    /// A commitment, when one is due.
    pub(super) fn audit_due(&mut self, env: &mut Env<'_>, entries: &mut Vec<Entry>) -> Result<(), ShelfError> {
        let _ = (env, entries, &mut self.audit.waiting_since);
        Ok(())
    }
}
