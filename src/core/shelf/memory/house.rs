//! Our own people and what they did, in memory.

use std::collections::BTreeMap;

use super::super::check::{self, Misfit};
use super::super::{AuditCommitment, AuditFilter, House, HouseWrite};
use super::MemoryShelf;
use crate::audit::{AuditLog, AuditRow};
use crate::error::ShelfError;
use crate::journal::Frontier;
use crate::names::RequestId;
use crate::operator::{Operator, OperatorName};

#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    operators: BTreeMap<OperatorName, Operator>,
    log: AuditLog,
    rows: Vec<AuditRow>,
    commitments: BTreeMap<u64, AuditCommitment>,
}

impl Tables {
    pub(super) fn write(&mut self, write: &HouseWrite) -> Result<(), Misfit> {
        match write {
            HouseWrite::Operator(operator) => {
                self.operators.insert(operator.name.clone(), operator.clone());
            }
            HouseWrite::Audit { rows, after } => {
                check::audit(&self.log, rows, after)?;
                self.rows.extend_from_slice(rows);
                self.log = after.clone();
            }
        }
        Ok(())
    }

    pub(super) fn cut(&mut self, size: u64) {
        self.commitments.retain(|index, _| *index < size);
    }

    pub(super) fn commit(&mut self, commitment: &AuditCommitment) {
        self.commitments.entry(commitment.index).or_insert_with(|| commitment.clone());
    }
}

impl MemoryShelf {
    /// Puts another text into a row of the audit log, as somebody who edits the database would. Says whether there was such a row.
    pub fn edit_audit_row(&mut self, seq: u64, about: &str) -> bool {
        let row = self.house.rows.iter_mut().find(|row| row.seq == seq);
        row.map(|row| about.clone_into(&mut row.about)).is_some()
    }

    /// Takes a row out of the audit log, as somebody who edits the database would. Says whether there was such a row.
    pub fn remove_audit_row(&mut self, seq: u64) -> bool {
        let before = self.house.rows.len();
        self.house.rows.retain(|row| row.seq != seq);
        self.house.rows.len() < before
    }

    /// Takes the youngest rows out of the audit log until `keep` are left, as somebody who edits the database would.
    pub fn cut_audit_log(&mut self, keep: usize) {
        self.house.rows.truncate(keep);
    }

    /// Makes the log, and with `commitments` the table that is derived from the journal, agree with the rows that are there now, as somebody
    /// would who can edit all of the database but not what other members hold of the journal.
    pub fn cover_up_audit(&mut self, commitments: bool) {
        let mut frontier = Frontier::empty();
        for row in &self.house.rows {
            let _ = frontier.push(row.leaf(), &mut Vec::new());
            let here = self.house.commitments.values_mut().filter(|commitment| commitments && commitment.size == frontier.size());
            here.for_each(|commitment| commitment.root = frontier.root());
        }
        self.house.log = AuditLog { size: frontier.size(), peaks: frontier.peaks().to_vec(), committed: self.house.log.committed };
    }
}

impl House for MemoryShelf {
    fn operators(&self) -> Result<Vec<Operator>, ShelfError> {
        Ok(self.house.operators.values().cloned().collect())
    }

    fn operator(&self, name: &OperatorName) -> Result<Option<Operator>, ShelfError> {
        Ok(self.house.operators.get(name).cloned())
    }

    fn audit_log(&self) -> Result<AuditLog, ShelfError> {
        let committed = self.house.commitments.values().next_back().map_or(0, |newest| newest.size);
        Ok(AuditLog { committed, ..self.house.log.clone() })
    }

    fn audit_has(&self, request: &RequestId) -> Result<bool, ShelfError> {
        Ok(self.house.rows.iter().any(|row| row.request == *request))
    }

    fn audit_rows(&self, from: u64, limit: usize) -> Result<Vec<AuditRow>, ShelfError> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        Ok(self.house.rows.iter().skip(from).take(limit).cloned().collect())
    }

    fn audit_newest(&self, before: u64, limit: usize, whose: &AuditFilter) -> Result<Vec<AuditRow>, ShelfError> {
        let rows = self.house.rows.iter().rev().filter(|row| row.seq < before && whose.keeps(row));
        Ok(rows.take(limit).cloned().collect())
    }

    fn audit_commitments(&self, after: Option<u64>, limit: usize) -> Result<Vec<AuditCommitment>, ShelfError> {
        let later = self.house.commitments.values().filter(|commitment| after.is_none_or(|after| commitment.index > after));
        Ok(later.take(limit).cloned().collect())
    }
}
