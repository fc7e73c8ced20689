//! A second person approves what was staged, and its rows are listed: a batch in each [`Input::Again`](crate::node::Input::Again), under
//! one head, in one transaction with how far it is. So nothing is listed twice, and nothing is left out, wherever it is interrupted.

use super::super::super::audit::Told;
use super::super::super::{Effect, Env, Node, Stop};
use super::judge::{Fate, read_case};
use super::{MAX_OPEN_IMPORTS, evidence};
use crate::audit::AuditAction;
use crate::desk::Event;
use crate::error::{RefusalCode, ShelfError};
use crate::journal::{Entry, Kind, Statement};
use crate::listing::case::{Case, CaseState};
use crate::listing::import::{ApprovedFile, ImportRecord, ImportState, StagedAs, StagedRow};
use crate::listing::{Change, ChangedBody, DecidedBody};
use crate::names::Digest;
use crate::operator::ProvenAct;
use crate::seal::SUITE;
use crate::shelf::{Adopted, CaseRecord, ListWrite, Write};

/// Staged rows that one input deals with, under one head.
#[cfg(not(test))]
pub const LIST_BATCH: usize = 4_096;
/// In tests a file of some hundred rows shall take several batches.
#[cfg(test)]
pub const LIST_BATCH: usize = 64;

/// Whether an approved import is being listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::node::list) enum Listing {
    /// Not known: this peer has just started, or could not write. A tick will look.
    #[default]
    Unknown,
    /// [`Effect::Again`] is under way.
    GoesOn,
    /// There is none.
    Nothing,
}

impl Node {
    /// Approves a staged file, or says how far an approved one is.
    pub(super) fn import_approve(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        (file, rows, digest): (&Digest, u64, Digest),
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        let record = env.shelf.import(file)?.filter(|record| record.state != ImportState::Staging).ok_or(RefusalCode::ImportUnknown)?;
        if record.by.0 == act.operator().name {
            return Err(RefusalCode::SecondPersonNeeded.into());
        }
        if record.staged != rows || record.digest.0 != digest {
            return Err(RefusalCode::ImportDiffers.into());
        }
        match record.state {
            ImportState::Staging | ImportState::Approved | ImportState::Done => return self.import_as_it_stands(env, &record),
            ImportState::Staged => {}
        }
        let approved = Some((act.operator().name.clone(), env.now));
        let record = ImportRecord { state: ImportState::Approved, approved, approval: Some(evidence(act)?), ..record };
        out.push(Effect::Write(Write::List(ListWrite::Import(Box::new(record.clone())))));
        self.import_told(env, act, file, "approved", out)?;
        if self.list.listing != Listing::GoesOn {
            self.list.listing = Listing::GoesOn;
            out.push(Effect::Again);
        }
        self.import_view(env, &record, true)
    }

    /// Looks, once after each start and after each refusal, whether an approved import is not done. Writes nothing.
    pub(in crate::node) fn import_tick(&mut self, env: &Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        if self.list.listing != Listing::Unknown || self.may_widen().is_err() {
            return Ok(());
        }
        self.list.listing = Listing::Nothing;
        if next_approved(env)?.is_some() {
            self.list.listing = Listing::GoesOn;
            out.push(Effect::Again);
        }
        Ok(())
    }

    /// The next rows of an approved import are listed.
    pub(in crate::node) fn import_goes_on(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        if self.may_widen().is_err() {
            self.list.listing = Listing::Unknown;
            return Ok(());
        }
        let Some((record, licence)) = next_approved(env)? else {
            self.list.listing = Listing::Nothing;
            return Ok(());
        };
        match self.list_batch(env, record, licence, out) {
            Ok(()) => {
                self.list.listing = Listing::GoesOn;
                out.push(Effect::Again);
                Ok(())
            }
            Err(Stop::Refused(_)) => {
                self.list.listing = Listing::Unknown;
                Ok(())
            }
            Err(Stop::Shelf(error)) => Err(error),
        }
    }

    /// Deals with the next staged rows of an approved file.
    fn list_batch(&mut self, env: &mut Env<'_>, record: ImportRecord, licence: ApprovedFile, out: &mut Vec<Effect>) -> Result<(), Stop> {
        let rows = env.shelf.staged(record.serial, record.listed_row, LIST_BATCH)?;
        let Some(last_row) = rows.last().map(|(row, _)| row.row) else { return Ok(self.import_done(env, record, out)?) };
        let next = env.shelf.journal(&self.centre)?.size;
        let mut batch = Batch { next, entries: Vec::new(), adopted: Vec::new(), cases: Vec::new(), record };
        for (row, known) in rows {
            let fate = self.fate(env, &row, known)?;
            batch.take(env, &row, fate, licence)?;
        }
        let Batch { entries, adopted, cases, mut record, .. } = batch;
        if !entries.is_empty() {
            self.append(env, entries, out)?;
        }
        let import = record.serial;
        out.push(Effect::Write(Write::List(ListWrite::Adopt { import, rows: adopted })));
        out.extend(cases.into_iter().map(|case| Effect::Write(Write::List(ListWrite::Case(case)))));
        record.listed_row = last_row;
        out.push(Effect::Write(Write::List(ListWrite::Import(Box::new(record)))));
        out.push(Effect::Write(Write::List(ListWrite::Unstage { import, up_to: last_row })));
        Ok(())
    }

    fn import_done(&self, env: &mut Env<'_>, record: ImportRecord, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let file = record.file.to_string();
        // Rows that were not staged have nothing to wait for.
        let record = ImportRecord { state: ImportState::Done, listed: record.staged, listed_row: record.last_row, ..record };
        out.push(Effect::Write(Write::List(ListWrite::Import(Box::new(record)))));
        self.tell(env, None, vec![Told::new(AuditAction::ImportApprove, file, "done")], out)
    }
}

/// The oldest import that two people stand behind and that is not done.
fn next_approved(env: &Env<'_>) -> Result<Option<(ImportRecord, ApprovedFile)>, ShelfError> {
    let open = env.shelf.imports_open(MAX_OPEN_IMPORTS)?;
    Ok(open.into_iter().find_map(|record| ApprovedFile::check(&record).map(|licence| (record, licence))))
}

/// What a batch of rows comes to.
struct Batch {
    /// The row of the journal that the next statement will be.
    next: u64,
    entries: Vec<Entry>,
    /// Rows whose case is what was staged.
    adopted: Vec<Adopted>,
    /// Cases that say more than what was staged.
    cases: Vec<CaseRecord>,
    record: ImportRecord,
}

impl Batch {
    fn take(&mut self, env: &mut Env<'_>, row: &StagedRow, fate: Fate, licence: ApprovedFile) -> Result<(), ShelfError> {
        self.record.listed += 1;
        let replaced = match fate {
            Fate::List(replaced) if states(row, licence) => replaced,
            fate @ (Fate::List(_) | Fate::Held | Fate::Same | Fate::Over) => {
                self.comes_to(row, &fate);
                return Ok(());
            }
        };
        let index = self.next;
        let entry = Statement::build(env.rng, Kind::ListingDecided, env.now, Some(row.drop_after), &row.body);
        self.push(entry.map_err(|e| ShelfError::Failed(e.to_string()))?);
        let Some(old) = replaced else {
            self.adopted.push(Adopted { serial: 0, row: row.row, index });
            return Ok(());
        };
        self.replace(env, &old, index)?;
        let (serial, import, case) = (old.serial, Some(row.import), case_of_change(env, &old, row)?);
        let (listing, content, decision) = (row.listing, row.content, row.decision);
        let state = CaseState::Listed;
        self.cases.push(CaseRecord { serial, listing, state, index: Some(index), import, content, decision, waits_until: None, case });
        Ok(())
    }

    /// The statement that published `old` is replaced by row `successor`.
    fn replace(&mut self, env: &mut Env<'_>, old: &CaseRecord, successor: u64) -> Result<(), ShelfError> {
        let Some(index) = old.index else { return Ok(()) };
        let body = ChangedBody {
            suite: SUITE.to_owned(),
            listing: old.listing,
            index,
            change: Change::Replaced,
            answers: None,
            successor: Some(successor),
            impersonated: false,
        };
        let entry = Statement::build(env.rng, Kind::ListingChanged, env.now, None, &body.to_bytes());
        self.push(entry.map_err(|e| ShelfError::Failed(e.to_string()))?);
        Ok(())
    }

    fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
        self.next += 1;
    }

    /// The row does not become what it was staged as.
    fn comes_to(&mut self, row: &StagedRow, fate: &Fate) {
        let counts = &mut self.record.counts;
        let staged_as = match row.becomes {
            StagedAs::New => &mut counts.new,
            StagedAs::Changed(_) => &mut counts.changed,
            StagedAs::Same | StagedAs::Over => return,
        };
        *staged_as = staged_as.saturating_sub(1);
        match fate {
            Fate::List(_) | Fate::Held => counts.held += 1,
            Fate::Same => counts.same += 1,
            Fate::Over => counts.over += 1,
        }
    }
}

/// Whether the row's statement is what this file's approval covers: of this listing, under this authority. A staged row that somebody
/// altered is not listed.
fn states(row: &StagedRow, licence: ApprovedFile) -> bool {
    let body = DecidedBody::parse(&row.body);
    body.is_ok_and(|body| body.listing == row.listing && body.authority == licence.authority() && body.drop_after() == row.drop_after)
}

/// The case of a changed row: as it was staged, with what it replaces, and the steps that people made since it was listed first.
fn case_of_change(env: &Env<'_>, old: &CaseRecord, row: &StagedRow) -> Result<Vec<u8>, ShelfError> {
    let damaged = || ShelfError::Damaged(format!("staged row of case {}", old.serial));
    let Case { steps, finding, .. } = read_case(old)?;
    let staged = env.shelf.staged_case(row.import, row.row)?.ok_or_else(damaged)?;
    let staged: Case = serde_json::from_slice(&staged).map_err(|_| damaged())?;
    let case = Case { steps, replaced: Some(Box::new(finding)), ..staged };
    serde_json::to_vec(&case).map_err(|_| ShelfError::Failed("a case that cannot be written".to_owned()))
}
