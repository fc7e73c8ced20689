//! A file is staged, approved, listed.
//!
//! | file | what |
//! | --- | --- |
//! | [`judge`] | what a row comes to, by what this peer knows of its listing, decision and subject |
//! | [`stage`] | pages of rows are judged, derived and staged; who staged them says that this was all |
//! | [`approve`] | a second person approves; rows are listed, batch by batch, until none is left |
//!
//! Everything that an import has come to stands in its record and its staged rows, written in the transaction of what they tell of: after
//! a crash at any moment the client goes on after the last row, and an approved import goes on by itself. What must never be here: a
//! listing without an [`ApprovedFile`](crate::listing::import::ApprovedFile).

mod approve;
mod judge;
mod stage;

pub use approve::LIST_BATCH;
pub(super) use approve::Listing;
pub use stage::DERIVED_AT_ONCE;
pub(super) use stage::Waiting;

use super::super::audit::Told;
use super::super::{Effect, Env, Node, Stop};
use crate::audit::{AuditAction, AuditRow};
use crate::desk::{Act, Event, ImportView, MAX_PAGE};
use crate::error::{RefusalCode, ShelfError};
use crate::listing::import::{ImportRecord, ImportState};
use crate::names::{CaseNumber, Digest};
use crate::operator::ProvenAct;
use crate::time::{DAY_MS, MINUTE_MS};

/// Most imports that are not done. Beyond that the oldest abandoned one makes room for a new one: see [`ABANDONED_MS`].
pub const MAX_OPEN_IMPORTS: usize = 8;
/// When who stages a file has done nothing for so long, another teller may go on with it, in milliseconds.
pub const IDLE_MS: i64 = 60 * MINUTE_MS;
/// An import that nobody approved and nobody touched for so long may be forgotten to make room for another, in milliseconds.
pub const ABANDONED_MS: i64 = DAY_MS;

impl Node {
    /// [`Act::ImportBegin`] and its like. `None` when the answer comes later.
    pub(in crate::node) fn import(
        &mut self,
        env: &mut Env<'_>,
        token: u64,
        act: &ProvenAct,
        out: &mut Vec<Effect>,
    ) -> Result<Option<Event>, Stop> {
        let (file, answered) = match act.act() {
            Act::ImportBegin { file } => (file, self.import_begin(env, act, file, out).map(Some)),
            Act::ImportRows { file, rows, dry_run } => (file, self.import_rows(env, token, act, (file, rows, *dry_run), out)),
            Act::ImportFinish { file, rows, digest } => (file, self.import_finish(env, act, (file, *rows, *digest), out).map(Some)),
            Act::ImportApprove { file, rows, digest } => (file, self.import_approve(env, act, (file, *rows, *digest), out).map(Some)),
            Act::OperatorAdd { .. }
            | Act::OperatorDisable { .. }
            | Act::OperatorPasswd { .. }
            | Act::Propose(_)
            | Act::Review { .. }
            | Act::Notify { .. }
            | Act::Object { .. }
            | Act::Answer { .. }
            | Act::Withdraw { .. }
            | Act::Repair { .. }
            | Act::Queue { .. }
            | Act::CaseShow { .. }
            | Act::Proof { .. }
            | Act::Lookup { .. }
            | Act::Screen { .. }
            | Act::Export { .. }
            | Act::AuditList { .. }
            | Act::AccountShow { .. }
            | Act::CertificateIssue { .. }
            | Act::CertificateShow { .. }
            | Act::CertificateCancel { .. }
            | Act::HolderBind { .. }
            | Act::HolderEnd { .. }
            | Act::AgentCheck { .. }
            | Act::CertificateAccesses { .. }
            | Act::Query { .. }
            | Act::Ask { .. }
            | Act::Outbox(_)
            | Act::Federation(_)
            | Act::Journal(_)
            | Act::Reveal { .. }
            | Act::AuditCheck
            | Act::PickUp { .. }
            | Act::Accesses { .. }
            | Act::Backup
            | Act::MatterPublish { .. }
            | Act::CataloguePublish { .. }
            | Act::Dossier(_) => return Err(RefusalCode::Unsupported.into()),
        };
        if let Err(Stop::Refused(refusal)) = &answered {
            self.import_told(env, act, file, &AuditRow::refused(refusal.code), out)?;
        }
        answered
    }

    /// Records what an act about an import came to.
    fn import_told(
        &self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        file: &Digest,
        outcome: &str,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let approval = matches!(act.act(), Act::ImportApprove { .. });
        let action = if approval { AuditAction::ImportApprove } else { AuditAction::Import };
        self.tell(env, Some(act), vec![Told::new(action, file.to_string(), outcome)], out)
    }

    /// How an import stands. Which listings are gone from the file is told once all of it is here, and costs a look at every staged row:
    /// not while it is being listed, when somebody asks again and again.
    fn import_view(&self, env: &Env<'_>, record: &ImportRecord, with_gone: bool) -> Result<Event, Stop> {
        let (gone, gone_count) = if with_gone { env.shelf.import_gone(record.serial, MAX_PAGE)? } else { (Vec::new(), 0) };
        let gone = gone.into_iter().map(|serial| CaseNumber { centre: self.centre.clone(), serial }).collect();
        Ok(Event::Import(Box::new(ImportView {
            file: record.file,
            state: record.state,
            staged: record.staged,
            last_row: record.last_row,
            counts: record.counts,
            listed: record.listed,
            by: record.by.0.clone(),
            approved_by: record.approved.as_ref().map(|(name, _)| name.clone()),
            gone,
            gone_count,
            rejected: Vec::new(),
        })))
    }

    /// As [`Node::import_view`], for who asks how far it is.
    fn import_as_it_stands(&self, env: &Env<'_>, record: &ImportRecord) -> Result<Event, Stop> {
        let with_gone = match record.state {
            ImportState::Staged | ImportState::Done => true,
            ImportState::Staging | ImportState::Approved => false,
        };
        self.import_view(env, record, with_gone)
    }
}

/// The signed act, to be kept as evidence.
fn evidence(act: &ProvenAct) -> Result<String, ShelfError> {
    serde_json::to_string(act.signed()).map_err(|_| ShelfError::Failed("an act that cannot be written".to_owned()))
}
