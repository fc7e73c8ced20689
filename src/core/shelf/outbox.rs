//! What the core reads and writes of questions that wait for an issuer. Records: in no journal.

use super::ShelfError;
use crate::names::{CentreCode, RequestId};
use crate::operator::OperatorName;
use crate::time::Time;

/// A question to an issuer that an operator has left with the peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// The use: whoever asks the issuer again under it costs no further one.
    pub request: RequestId,
    /// Whom it is for.
    pub issuer: CentreCode,
    /// Who left it.
    pub by: OperatorName,
    /// When.
    pub left: Time,
    /// It is not asked after this moment.
    pub until: Time,
    /// The question: bytes of an [`crate::interact::Inquiry`]. Personal.
    pub inquiry: Vec<u8>,
    /// When it was over, and how: bytes of a [`crate::interact::Reply`].
    pub said: Option<(Time, Vec<u8>)>,
}

/// A change of the outbox.
#[derive(Debug, Clone)]
pub enum OutboxWrite {
    /// A question was left. Refused when there is one under the same id.
    Left(OutboxRow),
    /// It is over.
    Said {
        /// Which.
        request: RequestId,
        /// When.
        at: Time,
        /// Bytes of the reply.
        reply: Vec<u8>,
    },
    /// It is not kept any longer.
    Gone(RequestId),
}

/// Reads of the outbox.
pub trait Outbox {
    /// The question under this id.
    fn outbox(&self, request: &RequestId) -> Result<Option<OutboxRow>, ShelfError>;
    /// Questions that still wait for `issuer`, those left first first, at most `limit`.
    fn outbox_waiting(&self, issuer: &CentreCode, limit: usize) -> Result<Vec<OutboxRow>, ShelfError>;
    /// All of them, those left last first, behind that one, at most `limit`.
    fn outbox_page(&self, after: Option<(Time, RequestId)>, limit: usize) -> Result<Vec<OutboxRow>, ShelfError>;
    /// How many there are.
    fn outbox_count(&self) -> Result<u64, ShelfError>;
    /// Those that wait and may not be asked any more at `now`, and those that were over before `kept_from`; at most `limit` of each.
    fn outbox_over(&self, now: Time, kept_from: Time, limit: usize) -> Result<(Vec<RequestId>, Vec<RequestId>), ShelfError>;
}
