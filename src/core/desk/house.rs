//! What the peer answers about its own people, its audit log and how current it is.

use serde::{Deserialize, Serialize};

use super::ReleasedField;
use crate::error::Refusal;
use crate::names::{CentreCode, Digest, RequestId};
use crate::operator::{Operator, OperatorName, Role, SealedKey};
use crate::time::Time;

/// One account, as everybody in the house may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorLine {
    /// What they log in with.
    pub name: OperatorName,
    /// Their name, for people.
    pub display: String,
    /// What they may do.
    pub role: Role,
    /// When the account was made.
    pub created: Time,
    /// When it was disabled, if it was.
    pub disabled: Option<Time>,
}

impl From<&Operator> for OperatorLine {
    fn from(operator: &Operator) -> Self {
        Self {
            name: operator.name.clone(),
            display: operator.display.clone(),
            role: operator.role,
            created: operator.created,
            disabled: operator.disabled,
        }
    }
}

/// What a client needs to sign for an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorKey {
    /// Whose.
    pub operator: OperatorLine,
    /// The key under their passphrase.
    pub sealed: SealedKey,
    /// The centre that acts are signed for.
    pub centre: CentreCode,
    /// Its federation.
    pub federation: crate::names::FederationName,
}

/// What the source says of an account, as the fields of one kind of certificate. Personal.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountView {
    /// Code of the kind.
    pub kind: String,
    /// The fields, in certificate order; what the issuing clerk adds is empty.
    pub fields: Vec<ReleasedField>,
    /// Numbers that tell who it is are masked.
    pub masked: bool,
    /// Why no certificate of this kind is issued for it, if none is.
    pub refusal: Option<Refusal>,
}

impl std::fmt::Debug for AccountView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccountView({}, ..)", self.kind)
    }
}

/// One row of the audit log. Personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLine {
    /// Its place in the log.
    pub seq: u64,
    /// When.
    pub at: Time,
    /// Who.
    pub operator: Option<OperatorName>,
    /// Code of what was done.
    pub action: String,
    /// The request.
    pub request: RequestId,
    /// Code of the matter.
    pub matter: Option<String>,
    /// The business number.
    pub business_no: Option<String>,
    /// Code of the legal basis.
    pub legal_basis: Option<String>,
    /// What it was about.
    pub about: String,
    /// What came of it.
    pub outcome: String,
}

/// Whether the audit log is what the journal says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditState {
    /// Rows of the log.
    pub size: u64,
    /// Its root.
    pub root: Digest,
    /// Commitments in the journal that were compared.
    pub commitments: u64,
    /// Rows that the newest commitment covers.
    pub committed: u64,
    /// Log and journal part before this row, if they do: the size that the first commitment which contradicts the log covers, or the
    /// log's own size when it is only the newest rows, not yet committed, that are not what was written. The break lies between there
    /// and [`AuditState::committed`].
    pub broken_before: Option<u64>,
}

/// How current one journal is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncLine {
    /// Whose.
    pub centre: CentreCode,
    /// Its name.
    pub name: String,
    /// Rows held.
    pub size: u64,
    /// Rows its newest known checkpoint has.
    pub announced: u64,
    /// The author's time of its newest heartbeat.
    pub as_of: Option<Time>,
    /// Milliseconds since then.
    pub age_ms: Option<i64>,
    /// As new as the author's newest checkpoint, asked for since the command began.
    pub current: bool,
}

/// How current this peer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncView {
    /// Every other member's journal.
    pub journals: Vec<SyncLine>,
    /// Whether all are current.
    pub complete: bool,
}
