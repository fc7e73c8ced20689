//! What the core reads and writes of a centre's own people and of what they did. Records: in no journal, but for the commitments.

use super::ShelfError;
use crate::audit::{AuditLog, AuditRow, SubjectMark};
use crate::names::{Digest, RequestId};
use crate::operator::{Operator, OperatorName};

/// Which rows of the audit log are wanted; all of them by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Only what this operator did.
    pub operator: Option<OperatorName>,
    /// Only what was about this subject.
    pub subject: Option<SubjectMark>,
}

impl AuditFilter {
    /// Whether `row` is wanted.
    #[must_use]
    pub fn keeps(&self, row: &AuditRow) -> bool {
        self.operator.as_ref().is_none_or(|name| row.operator.as_ref() == Some(name))
            && self.subject.is_none_or(|subject| row.subject == Some(subject))
    }
}

/// A commitment to the audit log, as our own journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditCommitment {
    /// Row of our journal.
    pub index: u64,
    /// Rows of the log that it covers.
    pub size: u64,
    /// The log's root then.
    pub root: Digest,
}

/// A change of the records about people.
#[derive(Debug, Clone)]
pub enum HouseWrite {
    /// An account as it is now.
    Operator(Operator),
    /// Rows of the audit log, and the log after them.
    Audit {
        /// The rows, in order.
        rows: Vec<AuditRow>,
        /// The log.
        after: AuditLog,
    },
}

/// Reads about people.
pub trait House {
    /// Every account, in order of the names.
    fn operators(&self) -> Result<Vec<Operator>, ShelfError>;
    /// One account.
    fn operator(&self, name: &OperatorName) -> Result<Option<Operator>, ShelfError>;
    /// How far the audit log goes.
    fn audit_log(&self) -> Result<AuditLog, ShelfError>;
    /// Whether a row of the audit log carries this request.
    fn audit_has(&self, request: &RequestId) -> Result<bool, ShelfError>;
    /// Rows `from..` of the audit log, at most `limit`, in order.
    fn audit_rows(&self, from: u64, limit: usize) -> Result<Vec<AuditRow>, ShelfError>;
    /// Rows before `before`, newest first, at most `limit`, of one operator or of all.
    fn audit_newest(&self, before: u64, limit: usize, whose: &AuditFilter) -> Result<Vec<AuditRow>, ShelfError>;
    /// Commitments in our own journal, in order, after row `after` of it, at most `limit`.
    fn audit_commitments(&self, after: Option<u64>, limit: usize) -> Result<Vec<AuditCommitment>, ShelfError>;
}
