//! Whether the audit log is what our journal says it was: every row is hashed again, and every commitment compared on the way.
//!
//! Done in steps, each in a turn of its own, because a log of a million rows takes seconds. What is compared is the log and the journal
//! as they were when the check began; rows that are written meanwhile belong to the next one. Each commitment is read from the
//! statement itself and not only from the table that is derived from it, because whoever can edit one table can edit two.

use std::collections::VecDeque;

use super::super::{Effect, Env, Node};
use super::{damaged, frontier_of};
use crate::audit::{AuditBody, AuditLog};
use crate::desk::{AuditState, Event};
use crate::error::ShelfError;
use crate::journal::{Frontier, Header, Kind};
use crate::names::{CentreCode, Digest};
use crate::shelf::{AuditCommitment, Shelf};

/// Rows that one step hashes.
const STEP_ROWS: usize = 2_048;
/// Commitments that are read at once.
const STEP_COMMITMENTS: usize = 256;
/// More than a statement with a commitment can have, in bytes.
const STATEMENT_BYTES: usize = 4_096;

/// A check under way.
#[derive(Debug)]
pub(super) struct Check {
    token: u64,
    /// The log when the check began.
    size: u64,
    root: Digest,
    /// Rows of our journal when it began: later commitments are not looked at.
    journal: u64,
    frontier: Frontier,
    /// Commitments that were read and not yet compared, in the journal's order.
    waiting: VecDeque<AuditCommitment>,
    /// Row of our journal that was read last.
    read: Option<u64>,
    all_read: bool,
    compared: u64,
    committed: u64,
}

/// How a step ended.
enum Step {
    More,
    Over { broken_before: Option<u64> },
}

impl Check {
    pub(super) fn new(token: u64, log: &AuditLog, journal: u64) -> Result<Self, ShelfError> {
        let root = frontier_of(log)?.root();
        let (frontier, waiting) = (Frontier::empty(), VecDeque::new());
        let (read, all_read, compared, committed) = (None, false, 0, 0);
        Ok(Self { token, size: log.size, root, journal, frontier, waiting, read, all_read, compared, committed })
    }

    fn step(&mut self, shelf: &dyn Shelf, own: &CentreCode) -> Result<Step, ShelfError> {
        let left = usize::try_from(self.size - self.frontier.size()).unwrap_or(usize::MAX);
        let rows = match shelf.audit_rows(self.frontier.size(), left.min(STEP_ROWS)) {
            Ok(rows) => rows,
            // A row that no longer opens was altered as well.
            Err(ShelfError::Damaged(_)) => return self.parted(shelf),
            Err(error @ ShelfError::Failed(_)) => return Err(error),
        };
        let none = rows.is_empty();
        for row in rows {
            if let Some(at) = self.compare(shelf, own)? {
                return Ok(Step::Over { broken_before: Some(at) });
            }
            if row.seq != self.frontier.size() {
                return self.parted(shelf);
            }
            self.frontier.push(row.leaf(), &mut Vec::new()).map_err(damaged)?;
        }
        if self.frontier.size() < self.size {
            return if none { self.parted(shelf) } else { Ok(Step::More) };
        }
        if let Some(at) = self.compare(shelf, own)? {
            return Ok(Step::Over { broken_before: Some(at) });
        }
        // What is left was committed for rows that the log no longer has.
        if !self.waiting.is_empty() || self.frontier.root() != self.root {
            return self.parted(shelf);
        }
        Ok(Step::Over { broken_before: None })
    }

    /// Compares what was committed at the size that is reached. The size of the first commitment that contradicts, if one does.
    fn compare(&mut self, shelf: &dyn Shelf, own: &CentreCode) -> Result<Option<u64>, ShelfError> {
        let mut root = None;
        loop {
            self.refill(shelf)?;
            let Some(next) = self.waiting.front() else { return Ok(None) };
            if next.size > self.frontier.size() {
                return Ok(None);
            }
            let root = *root.get_or_insert_with(|| self.frontier.root());
            // A commitment to fewer rows after one to more: the log was shortened at some time.
            if next.size < self.frontier.size() || next.root != root || !stands_in_journal(shelf, own, next)? {
                return Ok(Some(next.size));
            }
            self.compared += 1;
            self.committed = next.size;
            self.waiting.pop_front();
        }
    }

    fn refill(&mut self, shelf: &dyn Shelf) -> Result<(), ShelfError> {
        if !self.waiting.is_empty() || self.all_read {
            return Ok(());
        }
        let page = shelf.audit_commitments(self.read, STEP_COMMITMENTS)?;
        self.all_read = page.len() < STEP_COMMITMENTS || page.iter().any(|commitment| commitment.index >= self.journal);
        self.read = page.last().map(|commitment| commitment.index).or(self.read);
        self.waiting.extend(page.into_iter().filter(|commitment| commitment.index < self.journal));
        Ok(())
    }

    /// Rows are missing, or the log as a whole is not what was written.
    fn parted(&mut self, shelf: &dyn Shelf) -> Result<Step, ShelfError> {
        self.refill(shelf)?;
        let at = self.waiting.front().map_or(self.size, |commitment| commitment.size);
        Ok(Step::Over { broken_before: Some(at) })
    }

    fn state(&self, broken_before: Option<u64>) -> AuditState {
        let Self { size, root, compared: commitments, committed, .. } = *self;
        AuditState { size, root, commitments, committed, broken_before }
    }
}

/// Whether the row of our journal says what the table says it says.
fn stands_in_journal(shelf: &dyn Shelf, own: &CentreCode, commitment: &AuditCommitment) -> Result<bool, ShelfError> {
    let entries = shelf.entries(own, commitment.index, 1, STATEMENT_BYTES)?;
    let Some(entry) = entries.first() else { return Ok(false) };
    let kind = Header::parse(&entry.header).ok().and_then(|header| header.kind());
    let body = entry.body().and_then(|body| AuditBody::parse(body).ok());
    let same = body.is_some_and(|body| body.size == commitment.size && body.root == commitment.root);
    Ok(same && kind == Some(Kind::AuditRecorded))
}

impl Node {
    /// The next step of a check, if one is under way.
    pub(in super::super) fn audit_check_goes_on(&mut self, env: &Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let Some(check) = &mut self.audit.check else { return Ok(()) };
        match check.step(env.shelf, &self.centre)? {
            // The work of others in this input may have asked for a turn already; one is enough for all.
            Step::More if out.iter().any(|effect| matches!(effect, Effect::Again)) => {}
            Step::More => out.push(Effect::Again),
            Step::Over { broken_before } => {
                let event = Event::AuditState(Box::new(check.state(broken_before)));
                out.push(Effect::Reply { token: check.token, event: Box::new(event) });
                self.audit.check = None;
            }
        }
        Ok(())
    }
}
