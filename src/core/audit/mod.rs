//! What a centre's own people did: a Merkle log of its own (RFC 6962), kept at home, whose root goes into the journal.
//!
//! A row is written in the transaction of what it tells of. Every so often the log's size and root are appended to the centre's journal
//! (`audit.recorded`): from then on a row that is missing or altered contradicts what every member holds a copy of. What must never be
//! here: who may read the log.

mod log;
mod row;
mod subject;

pub use log::{AuditBody, AuditLog, MAX_AUDIT_BODY_BYTES};
pub use row::{AuditAction, AuditRow, MAX_ABOUT_BYTES};
pub use subject::SubjectMark;
