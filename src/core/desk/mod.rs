//! The local door: what a centre's own people and programs may ask their running peer, and what it answers.
//!
//! One JSON object a line over a Unix socket: the client sends one [`Request`], the peer answers any number of [`Event::Progress`] and
//! then exactly one closing event. The command line and the terminal speak these same types. What must never be here: words for a
//! screen; the peer answers codes and facts, the client finds the words.
//!
//! Whatever shows or changes something of a person is an [`Act`]: an operator signs it, their role is asked, and the audit log says who it
//! was. Whoever reaches the socket may ask the rest without a name, because it tells nothing of a depositor and changes nothing:
//!
//! - [`Request::Status`], [`Request::Trends`] and [`Request::Sync`] are about journals and stations, [`Request::Logs`] and
//!   [`Request::System`] about this machine: what is logged never holds anything of a person;
//! - [`Request::CertificateList`] and [`Request::CertificateShow`] say what stands in the clear in a journal that every member holds: number,
//!   kind, addressee, times. Of which account a certificate speaks is [`Act::CertificateShow`];
//! - [`Request::CertificateFile`] is what that journal holds of one certificate, and its proof: sealed, and opened by its holder's key only;
//! - [`Request::Matters`], [`Request::Matter`], [`Request::Catalogues`] and [`Request::Catalogue`] are what centres publish for every
//!   member to read, and nothing of a person;
//! - [`Request::Federation`] and [`Request::FederationHistory`] are about centres, and what every member knows of the charter;
//! - [`Request::Operators`] and [`Request::OperatorKey`] come before anybody can sign: the staff's names and roles, and keys that are nothing
//!   without their passphrases.

mod access;
mod act;
mod answer;
mod blacklist;
mod dossier;
mod federation;
mod house;
mod journal;
mod matter;
mod outbox;
mod status;
mod system;

use serde::{Deserialize, Serialize};

pub use access::{AccessLine, MAX_ACCESS_LINES};
pub use act::{Act, Applicant, AuditSubject, CaseRef, MAX_CODE_BYTES, MAX_SCREEN_PAGE, Proposal};
pub use answer::{Answer, AttestedAnswer, Authentic, Authorised, CertificateSummary, Currency, Current, Live, RefusedQuery, ReleasedField};
pub use blacklist::{
    Acknowledgement, BeforeView, CaseLine, CaseView, CentreAnswer, Doubt, ExportPage, ExportRow, Hit, ImportView, LookupAnswer, OwnRow,
    Proof, ScreenAnswer, ScreenPage, StepView, Verdict,
};
pub use dossier::{
    DossierAct, DossierLine, DossierName, DossierView, LEDGER_FIELDS, LEDGER_MOVES, LoanLine, LoanReply, LoanTask, MAX_DOSSIER_PAGE,
    PartyLine,
};
pub use federation::{
    ANSWERING, ChangeView, ConflictView, FederationAct, FederationDeed, FederationView, FirstView, ForkView, InvitedView, MAX_HISTORY_PAGE,
    MemberView, ProposalView, SaidView, StationView, TermView, VersionLine, Wish,
};
pub use house::{AccountView, AuditLine, AuditState, OperatorKey, OperatorLine, SyncLine, SyncView};
pub use journal::{
    ContentState, EvidenceAbout, EvidenceParts, JournalAct, JournalLine, JournalPage, JournalProof, MAX_JOURNAL_PAGE, Provable,
    ScrubFinding, ScrubReport,
};
pub use matter::{CatalogueLine, CatalogueView, MAX_MATTER_PAGE, MatterKey, MatterLine, MatterView, RuleVerdict};
pub use outbox::{LeftLine, LeftView, MAX_OUTBOX_PAGE, OutboxAct};
pub use status::{Alarm, Backing, FaultCount, JournalStatus, Level, OldPepper, ReadOnly, StationStatus, Status};
pub use system::{
    Backup, Evidence, KeyAge, KeyRole, LogLine, LogPage, MAX_LOG_PAGE, Storage, SystemView, TREND_SAMPLES_MAX, Trend, Trends,
};

use crate::charter::Invitation;
use crate::error::Refusal;
use crate::listing::Day;
use crate::names::{CentreCode, CertificateNumber, Digest, GrantId};
use crate::operator::{OperatorName, SignedAct};
use crate::shelf::Ended;
use crate::time::Time;
use crate::window::AccessPage;

/// Longest request line, in bytes: a signed page of an import, and room.
pub const MAX_REQUEST_BYTES: usize = 1024 * 1024;
/// Longest event line, in bytes.
pub const MAX_EVENT_BYTES: usize = 1024 * 1024;
/// Most certificates in one page of a list.
pub const MAX_PAGE: usize = 500;

/// What a client asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// How the peer is: journals, peers, what is stale.
    Status,
    /// How traffic and lag went in the last minutes.
    Trends,
    /// The newest lines of the peer's log.
    Logs {
        /// Only lines after this one; the newest there are when absent.
        after: Option<u64>,
        /// At most so many, and at most [`MAX_LOG_PAGE`].
        limit: usize,
    },
    /// The peer as its administrator looks at it: store, backups, keys.
    System,
    /// Certificates this centre issued, in number order.
    CertificateList {
        /// Only numbers after this one.
        after: Option<CertificateNumber>,
        /// At most so many, and at most [`MAX_PAGE`].
        limit: usize,
    },
    /// One certificate, whoever issued it, without the account that it speaks of.
    CertificateShow {
        /// Its number.
        number: CertificateNumber,
    },
    /// A certificate's file again, for its holder.
    CertificateFile {
        /// Its number.
        number: CertificateNumber,
    },
    /// The centre's operators.
    Operators,
    /// What a client needs to sign for an operator.
    OperatorKey {
        /// Whose.
        name: OperatorName,
    },
    /// What an operator asks for.
    Act(SignedAct),
    /// Carry a holder's revocation of a grant to everybody. It needs no operator: the holder signed it.
    GrantRevoke {
        /// Its text.
        text: String,
    },
    /// Wait until every journal is as new as its author's newest checkpoint.
    Sync {
        /// How long at most, in milliseconds.
        timeout_ms: u64,
    },
    /// Matters that a centre has published, in order of code and day.
    Matters {
        /// Whose; this centre's when absent.
        centre: Option<CentreCode>,
        /// Only those after this one.
        after: Option<MatterKey>,
        /// At most so many, and at most [`MAX_MATTER_PAGE`].
        limit: usize,
    },
    /// One matter.
    Matter {
        /// Whose; this centre's when absent.
        centre: Option<CentreCode>,
        /// Its code.
        code: String,
        /// The one in force on that day; the one of today, or else the next, when absent.
        day: Option<Day>,
    },
    /// Who is in the federation, and what is proposed.
    Federation,
    /// Links of the charter's chain, as many as fit: for who gives the charter to somebody.
    CharterLinks {
        /// Only those behind this version.
        after: u64,
    },
    /// Versions of the charter, newest first.
    FederationHistory {
        /// Only those before this one.
        before: Option<u64>,
        /// At most so many, and at most [`MAX_HISTORY_PAGE`].
        limit: usize,
    },
    /// Which centres have published a catalogue.
    Catalogues,
    /// A centre's catalogue.
    Catalogue {
        /// Whose; this centre's when absent.
        centre: Option<CentreCode>,
    },
}

/// What the peer answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// Something long goes on.
    Progress {
        /// Where it stands.
        stage: Stage,
    },
    /// How the peer is.
    Status(Box<Status>),
    /// How traffic and lag went lately.
    Trends(Box<Trends>),
    /// Lines of the log.
    Logs(Box<LogPage>),
    /// The peer as its administrator looks at it.
    System(Box<SystemView>),
    /// A backup was made.
    Backup(Box<Backup>),
    /// What the issuer of a certificate attested.
    Attested(Box<AttestedAnswer>),
    /// A question waits for its issuer, or what became of it.
    Left(Box<LeftView>),
    /// Questions that were left, those left last first.
    Outbox {
        /// At most as many as asked for.
        items: Vec<LeftLine>,
        /// Whether older ones follow.
        more: bool,
    },
    /// A grant no longer counts.
    GrantRevoked {
        /// Which.
        grant: GrantId,
        /// On which certificate.
        number: CertificateNumber,
        /// Since when.
        at: Time,
    },
    /// A certificate was issued; `file` is for its holder.
    CertificateIssued {
        /// Its number.
        number: CertificateNumber,
        /// Last moment of its validity.
        expires: Time,
        /// The certificate file's text, to be given to the holder.
        file: String,
    },
    /// A certificate's file.
    CertificateFile {
        /// Its number.
        number: CertificateNumber,
        /// The certificate file's text.
        file: String,
    },
    /// One page of certificates.
    CertificateList {
        /// In number order.
        certificates: Vec<CertificateSummary>,
        /// Whether there are more after the last one.
        more: bool,
    },
    /// One certificate.
    CertificateShow {
        /// As the journals tell it.
        certificate: CertificateSummary,
        /// The account it speaks of; only for an operator, and only at its issuer.
        account_no: Option<String>,
        /// What stands behind the row that issued it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        backing: Option<Backing>,
    },
    /// A certificate was ended.
    CertificateCancelled {
        /// Its number.
        number: CertificateNumber,
        /// When and why.
        ended: Ended,
    },
    /// What a grant allowed to read, with the three answers.
    Answer(Box<Answer>),
    /// The centre's operators.
    Operators {
        /// In order of their names.
        operators: Vec<OperatorLine>,
    },
    /// What a client needs to sign for an operator.
    OperatorKey(Box<OperatorKey>),
    /// It was done, and there is nothing more to say.
    Done,
    /// A case of ours, as it stands now.
    Case(Box<CaseView>),
    /// What can be said of somebody else's listing.
    Listing(Box<ExportRow>),
    /// Cases of ours.
    Cases {
        /// In the order of their deadlines, then numbers.
        cases: Vec<CaseLine>,
        /// Whether there are more.
        more: bool,
    },
    /// Which centres have acknowledged an ending.
    Proof(Box<Proof>),
    /// What the lists say of a subject.
    Lookup(Box<LookupAnswer>),
    /// What they say of many.
    Screen(Box<ScreenPage>),
    /// What has changed on the lists.
    Export(Box<ExportPage>),
    /// How an import stands.
    Import(Box<ImportView>),
    /// What the source says of an account.
    Account(Box<AccountView>),
    /// Rows of the audit log.
    Audit {
        /// Newest first.
        rows: Vec<AuditLine>,
        /// Whether there are more.
        more: bool,
    },
    /// Whether the audit log is what the journal says.
    AuditState(Box<AuditState>),
    /// How current this peer is.
    Sync(Box<SyncView>),
    /// Matters of a centre.
    Matters {
        /// In order of code and day.
        matters: Vec<MatterLine>,
        /// Whether there are more after the last one.
        more: bool,
    },
    /// One matter.
    Matter(Box<MatterView>),
    /// Which centres have published a catalogue.
    Catalogues {
        /// In the charter's order.
        catalogues: Vec<CatalogueLine>,
    },
    /// A centre's catalogue.
    Catalogue(Box<CatalogueView>),
    /// The federation, as this peer knows it.
    Federation(Box<FederationView>),
    /// Versions of the charter.
    Versions {
        /// Newest first.
        versions: Vec<VersionLine>,
        /// Whether older ones follow.
        more: bool,
    },
    /// The next version of the charter is proposed.
    Proposed {
        /// The digest of the version that it leads to.
        proposal: Digest,
        /// That version.
        version: u64,
    },
    /// A proposal was answered by one of our people.
    Answered {
        /// Which.
        proposal: Digest,
        /// Whether to approve it.
        approve: bool,
        /// Whether the centre has said it; otherwise a second person has to.
        complete: bool,
    },
    /// The next round of a vote is open.
    RoundOpened {
        /// Which.
        round: u64,
    },
    /// A candidate is invited.
    Invited {
        /// What the candidate is given.
        invitation: Box<Invitation>,
        /// Our signature under it, in hex.
        signature: String,
    },
    /// Links of the charter's chain.
    CharterLinks {
        /// Each a link's bytes in hex, oldest first.
        links: Vec<String>,
        /// Whether there are more.
        more: bool,
    },
    /// A matter or a catalogue of ours is published.
    Published {
        /// The matter's code; nothing for a catalogue.
        code: Option<String>,
        /// Which version.
        version: u32,
        /// First legal day on which the matter holds.
        from: Option<Day>,
        /// Row of our journal.
        index: u64,
    },
    /// A dossier.
    Dossier(Box<DossierView>),
    /// Dossiers of this centre.
    Dossiers {
        /// In the order of who opened them and row.
        dossiers: Vec<DossierLine>,
        /// Whether there are more.
        more: bool,
    },
    /// Loans of the queue or the ledger.
    Loans {
        /// Those of the page that belong there.
        loans: Vec<LoanLine>,
        /// Where the next page begins, if there is one.
        next: Option<String>,
    },
    /// The grant that waited under a code.
    PickedUp {
        /// Its text.
        grant: String,
        /// Its last moment.
        expires: Time,
    },
    /// Who looked at a certificate of ours.
    Accesses {
        /// In the order of who wrote them and row.
        accesses: Vec<AccessLine>,
        /// Where the next page begins, if there is one.
        next: Option<String>,
    },
    /// A page of the uses of a certificate, sealed to its holder.
    AccessFile(Box<AccessPage>),
    /// Parts of an exhibit.
    Evidence(Box<EvidenceParts>),
    /// A page of a journal.
    Journal(Box<JournalPage>),
    /// A proof of a journal.
    JournalProof(Box<JournalProof>),
    /// Every row that is held was hashed again.
    Scrubbed(Box<ScrubReport>),
    /// A policy said no. Closes the request.
    Refused {
        /// Why.
        refusal: Refusal,
        /// What could still be said when the refusal came, if anything.
        about: Option<RefusedQuery>,
    },
    /// The peer failed; nothing was done. Closes the request.
    Failed {
        /// Stable code.
        code: String,
        /// Detail without personal data.
        detail: String,
    },
}

impl Event {
    /// Whether this is the last event of its request.
    #[must_use]
    pub const fn closes(&self) -> bool {
        !matches!(self, Self::Progress { .. })
    }
}

/// Where something long stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// 读取数据源: the account is looked up in the source.
    ReadingSource,
    /// 拉取中: the certificate's statement is being pulled.
    Pulling,
    /// 已获取: it is here.
    Obtained,
    /// 已核验: every check has passed.
    Verified,
    /// 询问中: the issuer is asked.
    AskingIssuer,
    /// 推导中: the subject's token is being derived.
    Deriving,
    /// 复制中: the database is being copied.
    Copying {
        /// Bytes copied.
        done: u64,
        /// Of so many.
        of: u64,
    },
    /// 核对中: rows are being hashed again.
    Hashing {
        /// Rows hashed.
        done: u64,
        /// Of so many.
        of: u64,
    },
}
