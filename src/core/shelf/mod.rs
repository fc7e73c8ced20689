//! The store as the core sees it: [`Shelf`] reads, [`Write`] asks for a change. Reads are borrowed, writes are returned.
//!
//! Two kinds of rows: journals and records are the truth; [`Projection`]s are derived from journals by `node/project` and can be thrown
//! away and derived again (`anju store rebuild`). [`check`] holds the rules every implementation applies before it writes; [`memory`] is
//! the one that forgets, for simulations. What must never be here: SQL, a file, a cache.

mod charters;
pub mod check;
mod dossiers;
mod forks;
mod house;
mod lists;
mod matters;
pub mod memory;
mod outbox;
mod window;
mod witness;

pub use charters::{CharterWrite, Charters, DeedRow, InviteRow, LinkRow, VoteRecord};
pub use dossiers::{DossierProjection, DossierRow, DossierSaid, DossierWrite, Dossiers};
pub use forks::{BesideRow, EndedBeside, ForkReport, ForkRow, Forks};
pub use house::{AuditCommitment, AuditFilter, House, HouseWrite};
pub use lists::{
    Adopted, CaseRecord, HitRow, ListProjection, ListWrite, ListingEnd, ListingRow, Lists, ObjectionRow, PendingHit, StandingUnder,
    USED_KEPT_DAYS, WithheldRow, newest_of_each,
};
pub use matters::{CatalogueRow, MatterProjection, MatterRow, Matters};

pub use outbox::{Outbox, OutboxRow, OutboxWrite};
pub use window::{Deposits, WindowWrite};
pub use witness::{CosignatureRow, Cosignatures};

use serde::{Deserialize, Serialize};

use crate::audit::SubjectMark;
use crate::error::{FaultCode, RefusalCode, ShelfError};
use crate::journal::{Entry, SoundRows, Subtree};
use crate::names::{CentreCode, CertificateNumber, Digest, GrantId, RequestId, StatementId, StationKey, Thumbprint};
use crate::seal::Key;
use crate::seal::hpke::SealingKey;
use crate::time::Time;

/// How far a journal is held here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JournalState {
    /// Rows held; each was proven to stand under a head its author signed before it was stored.
    pub size: u64,
    /// Roots of the complete subtrees of the rows held, largest first (the compact range 0..size).
    pub peaks: Vec<Digest>,
    /// The newest checkpoint of its author that was verified here and whose rows are all held: its size is at most `size`. While rows
    /// come in under a later checkpoint, `size` is ahead of it.
    pub head: Option<Head>,
    /// Rows whose meaning has been applied to the projections.
    pub applied: u64,
}

/// A verified checkpoint and when it was alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Tree size.
    pub size: u64,
    /// Root hash.
    pub root: Digest,
    /// The signed note with its author's signature and heartbeat cosignature, as received.
    pub note: Vec<u8>,
    /// The author's own time of the newest heartbeat over it.
    pub heartbeat: Time,
    /// When this peer received that heartbeat, by its own clock.
    pub received: Time,
}

/// A certificate as its issuer's journal tells it. Nothing in it is personal; the content is in the statement's sealed payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRow {
    /// Its number, unique in the federation.
    pub number: CertificateNumber,
    /// Its issuer.
    pub issuer: CentreCode,
    /// Row of the issuer's journal that issued it.
    pub index: u64,
    /// Id of that statement.
    pub statement: StatementId,
    /// Code of its kind, such as `YDDKJCZM`.
    pub kind: String,
    /// The only centre that may rely on it, if it has one.
    pub addressee: Option<CentreCode>,
    /// The holder's signing key, as a thumbprint.
    pub holder: Thumbprint,
    /// The holder's key that things are sealed to.
    pub holder_sealing: SealingKey,
    /// When it was issued.
    pub issued: Time,
    /// Last moment of its validity.
    pub expires: Time,
    /// Set when it was cancelled or superseded.
    pub ended: Option<Ended>,
}

/// When and why a certificate ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When its issuer said so.
    pub at: Time,
    /// Stable code: `cancelled` or `superseded`.
    pub reason: String,
}

/// One use of a grant, refused ones included, as far as this centre may read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRow {
    /// Centre in whose journal it stands: the one that looked, or the issuer where it answered.
    pub author: CentreCode,
    /// Row of that centre's journal.
    pub index: u64,
    /// When.
    pub at: Time,
    /// The asker's id of the request.
    pub request: RequestId,
    /// Digest over what was asked (grant text, matter, business number), to notice a reused id.
    pub asked: Digest,
    /// The grant used.
    pub grant: GrantId,
    /// The certificate it was for.
    pub certificate: CertificateNumber,
    /// Code of the matter.
    pub matter: String,
    /// The asker's business number. Personal: sealed at rest.
    pub business_no: String,
    /// Names of the fields that were released, in certificate order.
    pub fields: Vec<String>,
    /// `None` when it was released, else why not.
    pub refused: Option<RefusalCode>,
    /// The centre that looked.
    pub asker: CentreCode,
    /// Code of what was done.
    pub mode: String,
}

/// What was attested to a centre, for when it asks the same again. A record, not a projection. Sealed at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredRow {
    /// The centre that asked.
    pub asker: CentreCode,
    /// Its id of the request.
    pub request: RequestId,
    /// Digest over what was asked.
    pub asked: Digest,
    /// Kept until then.
    pub until: Time,
    /// The attestation's text.
    pub text: String,
}

/// A change of a projection, derived from one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Projection {
    /// A certificate was issued. Ignored when the number exists already.
    Certificate(CertificateRow),
    /// A certificate ended. The first ending stands.
    CertificateEnded {
        /// Which.
        number: CertificateNumber,
        /// When and why.
        ended: Ended,
    },
    /// A certificate was bound to another key: of the rows of its issuer's journal that say which, the last counts. It is what `row` says
    /// it is where nothing was known of it; where something was, it stays ended if it was.
    HolderBound {
        /// As it is from now on.
        row: Box<CertificateRow>,
        /// The key that this ends.
        former: Thumbprint,
        /// When.
        at: Time,
    },
    /// A key no longer counts for a certificate. The first ending stands.
    HolderEnded {
        /// Which certificate.
        number: CertificateNumber,
        /// Which key.
        holder: Thumbprint,
        /// Row of the issuer's journal that says so.
        index: u64,
        /// When.
        at: Time,
    },
    /// A grant was used or refused.
    Access(AccessRow),
    /// A holder took a grant back. The first revocation stands.
    GrantRevoked {
        /// Which.
        grant: GrantId,
        /// Whose key signed that: it counts for grants of the same key only, for ids are anybody's to name.
        holder: Thumbprint,
        /// When.
        at: Time,
    },
    /// Something about a listing.
    List(ListProjection),
    /// Our own journal commits to our audit log.
    AuditCommitted(AuditCommitment),
    /// A centre published a matter or a catalogue.
    Published(MatterProjection),
    /// Something about a dossier.
    Dossier(DossierProjection),
    /// Somebody said something about the next version of the charter.
    Vote(VoteRecord),
    /// Somebody reported a fork.
    Fork(ForkReport),
}

/// What an issuer keeps of a certificate it issued. A record, not a projection: it is in no journal. Sealed at rest.
#[derive(Debug, Clone)]
pub struct IssuedRecord {
    /// Its number.
    pub number: CertificateNumber,
    /// The account it speaks of.
    pub account_no: String,
    /// The key its field keys are derived from.
    pub content_key: Key,
    /// The request that issued it; nothing for those issued before requests were kept.
    pub request: Option<RequestId>,
    /// Digest over what was asked, to notice a request id that comes again with something else.
    pub asked: Option<Digest>,
    /// Whose account it is, as the audit log marks it; nothing for those issued before this was kept.
    pub subject: Option<SubjectMark>,
}

/// The last head this station let out, as kept outside the backup set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptHead {
    /// Whose journal.
    pub centre: CentreCode,
    /// Tree size.
    pub size: u64,
    /// Root hash.
    pub root: Digest,
}

/// A change the core asks the store to make. All writes of one input are made in one transaction, in order.
#[derive(Debug, Clone)]
pub enum Write {
    /// Rows `from..` of a journal, already proven, and the state after them.
    Append {
        /// Whose journal.
        centre: CentreCode,
        /// Index of the first row; equals the size before.
        from: u64,
        /// The rows in order.
        rows: SoundRows,
        /// Subtree roots that these rows completed (stored levels only).
        subtrees: Vec<Subtree>,
        /// Size, peaks, head and applied after them.
        state: JournalState,
    },
    /// A newer head or heartbeat without new rows.
    Head {
        /// Whose journal.
        centre: CentreCode,
        /// The new head.
        head: Head,
    },
    /// Rows behind the first ones of a journal never counted: only their headers are kept, beside the journal, and what they meant is
    /// forgotten. What the others mean is derived again, for `applied` is 0.
    Cut {
        /// Whose journal.
        centre: CentreCode,
        /// Whether it is this centre's own.
        own: bool,
        /// When.
        at: Time,
        /// The journal after that.
        state: JournalState,
    },
    /// The meaning of rows that were held before is applied now.
    Applied {
        /// Whose journal.
        centre: CentreCode,
        /// How many rows of it are; never fewer than before.
        applied: u64,
    },
    /// A payload is no longer to be kept.
    Erase {
        /// Whose journal.
        centre: CentreCode,
        /// Which row.
        index: u64,
    },
    /// A damaged or missing payload, fetched again and checked against its header.
    Restore {
        /// Whose journal.
        centre: CentreCode,
        /// Which row.
        index: u64,
        /// Its payload.
        payload: Vec<u8>,
    },
    /// A projection changed.
    Project(Projection),
    /// An issued certificate's record.
    Issued(IssuedRecord),
    /// An issued certificate has another content key. Refused when there is no record of it.
    Rekeyed {
        /// Which.
        number: CertificateNumber,
        /// The key its field keys are derived from now.
        content_key: Key,
    },
    /// What was attested to another centre. Refused when that centre used the id before.
    Answered(AnsweredRow),
    /// Delete what was kept until then.
    ForgetAnswered {
        /// Until when.
        before: Time,
    },
    /// What proves a fork.
    Fork(ForkRow),
    /// What other histories of a centre end. What is kept already stays as it is.
    Beside(Vec<BesideRow>),
    /// Nothing is kept any more of what this centre's other histories end.
    ForgetBeside {
        /// Whose.
        author: CentreCode,
    },
    /// A station misbehaved; counted.
    Fault {
        /// Who.
        station: StationKey,
        /// How.
        code: FaultCode,
    },
    /// A record about lists changed.
    List(ListWrite),
    /// A record about our people changed.
    House(HouseWrite),
    /// A record about dossiers changed.
    Dossier(DossierWrite),
    /// A grant that waits at the window.
    Window(WindowWrite),
    /// A question that waits for an issuer.
    Outbox(OutboxWrite),
    /// A record about the federation.
    Charter(CharterWrite),
    /// A witness cosigned a journal: in place of what was held of the two. Refused unless it is newer.
    Cosigned(CosignatureRow),
}

/// Reads. Implementations answer as of the writes made so far, and never cache across a failed transaction.
pub trait Shelf: Lists + House + Matters + Dossiers + Deposits + Outbox + Charters + Cosignatures + Forks {
    /// How far `centre`'s journal is held; the default when nothing is.
    fn journal(&self, centre: &CentreCode) -> Result<JournalState, ShelfError>;
    /// Rows `from..`, at least one if there is one, then as many as fit `max_bytes` of header and payload, at most `max_rows`.
    /// A payload whose digest is not its header's is answered as absent.
    fn entries(&self, centre: &CentreCode, from: u64, max_rows: u64, max_bytes: usize) -> Result<Vec<Entry>, ShelfError>;
    /// The root of a complete subtree (level 0: the leaf hash).
    fn subtree(&self, centre: &CentreCode, level: u8, index: u64) -> Result<Digest, ShelfError>;
    /// A certificate by number.
    fn certificate(&self, number: &CertificateNumber) -> Result<Option<CertificateRow>, ShelfError>;
    /// The certificate bound to a holder key that counts for it, one of `first` before those of others: whoever saw a key's thumbprint can
    /// issue certificates to it.
    fn certificate_of_holder(&self, holder: &Thumbprint, first: &CentreCode) -> Result<Option<CertificateRow>, ShelfError>;
    /// When a holder key ended for the certificate of this number; without one, for any that it is known of.
    fn holder_ended(&self, holder: &Thumbprint, number: Option<&CertificateNumber>) -> Result<Option<Time>, ShelfError>;
    /// Certificates of `issuer` with numbers after `after`, in number order, at most `limit`.
    fn certificates(&self, issuer: &CentreCode, after: Option<&CertificateNumber>, limit: usize)
    -> Result<Vec<CertificateRow>, ShelfError>;
    /// How many certificates of `issuer` have numbers that begin with `prefix`.
    fn certificate_count(&self, issuer: &CentreCode, prefix: &str) -> Result<u64, ShelfError>;
    /// How often this centre released fields for `grant`; with `before`, in the rows of its journal before that one.
    fn grant_uses(&self, author: &CentreCode, grant: &GrantId, before: Option<u64>) -> Result<u32, ShelfError>;
    /// When the holder with this key took the grant back, if they did.
    fn grant_revoked(&self, grant: &GrantId, holder: &Thumbprint) -> Result<Option<Time>, ShelfError>;
    /// The access made under this request id by `author`.
    fn access(&self, author: &CentreCode, request: &RequestId) -> Result<Option<AccessRow>, ShelfError>;
    /// What was attested under this request of `asker`.
    fn answered(&self, asker: &CentreCode, request: &RequestId) -> Result<Option<AnsweredRow>, ShelfError>;
    /// The certificate that this request issued.
    fn issued_by(&self, request: &RequestId) -> Result<Option<IssuedRecord>, ShelfError>;
    /// What the issuer kept of a certificate.
    fn issued(&self, number: &CertificateNumber) -> Result<Option<IssuedRecord>, ShelfError>;
    /// Whether a payload was erased on purpose (by [`Write::Erase`]).
    fn erased(&self, centre: &CentreCode, index: u64) -> Result<bool, ShelfError>;
    /// Rows whose payload is missing or damaged though nothing allows it, at most `limit`: what the scrub found.
    fn damaged(&self, limit: usize) -> Result<Vec<(CentreCode, u64)>, ShelfError>;
    /// Rows whose payload is still here though its drop-after has passed at `now`, at most `limit`.
    fn droppable(&self, now: Time, limit: usize) -> Result<Vec<(CentreCode, u64)>, ShelfError>;
    /// Faults counted so far, per station and code.
    fn faults(&self) -> Result<Vec<(StationKey, FaultCode, u64)>, ShelfError>;
}
