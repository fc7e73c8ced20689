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
//! - [`Request::Operators`] and [`Request::OperatorKey`] come before anybody can sign: the staff's names and roles, and keys that are nothing
//!   without their passphrases.

mod act;
mod blacklist;
mod dossier;
mod house;
mod matter;
mod system;

use serde::{Deserialize, Serialize};

pub use act::{Act, Applicant, AuditSubject, CaseRef, MAX_CODE_BYTES, MAX_SCREEN_PAGE, Proposal};
pub use blacklist::{
    Acknowledgement, BeforeView, CaseLine, CaseView, CentreAnswer, Doubt, ExportPage, ExportRow, Hit, ImportView, LookupAnswer, OwnRow,
    Proof, ScreenAnswer, ScreenPage, StepView, Verdict,
};
pub use dossier::{
    DossierAct, DossierLine, DossierName, DossierView, LEDGER_FIELDS, LoanLine, LoanReply, LoanTask, MAX_DOSSIER_PAGE, PartyLine,
};
pub use house::{AccountView, AuditLine, AuditState, OperatorKey, OperatorLine, SyncLine, SyncView};
pub use matter::{CatalogueLine, CatalogueView, MAX_MATTER_PAGE, MatterKey, MatterLine, MatterView, RuleVerdict};
pub use system::{
    Backup, Evidence, KeyAge, KeyRole, LogLine, LogPage, MAX_LOG_PAGE, Storage, SystemView, TREND_SAMPLES_MAX, Trend, Trends,
};

use crate::error::{FaultCode, Refusal};
use crate::interact::Attestation;
use crate::listing::Day;
use crate::names::{CentreCode, CertificateNumber, Digest, FederationName, GrantId, StationKey};
use crate::operator::{OperatorName, SignedAct};
use crate::shelf::{CertificateRow, Ended};
use crate::time::Time;

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
}

/// What is known of a certificate without anybody's consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateSummary {
    /// Its number.
    pub number: CertificateNumber,
    /// Its issuer.
    pub issuer: CentreCode,
    /// Code of its kind.
    pub kind: String,
    /// The only centre that may rely on it.
    pub addressee: Option<CentreCode>,
    /// When it was issued.
    pub issued: Time,
    /// Last moment of its validity.
    pub expires: Time,
    /// Set when it was ended.
    pub ended: Option<Ended>,
    /// Row of the issuer's journal.
    pub index: u64,
}

impl From<CertificateRow> for CertificateSummary {
    fn from(row: CertificateRow) -> Self {
        Self {
            number: row.number,
            issuer: row.issuer,
            kind: row.kind,
            addressee: row.addressee,
            issued: row.issued,
            expires: row.expires,
            ended: row.ended,
            index: row.index,
        }
    }
}

/// The three questions a verification answers, separately. Unknown is never shown as clear.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The certificate.
    pub certificate: CertificateSummary,
    /// Is it authentic?
    pub authentic: Authentic,
    /// Is it authorised?
    pub authorised: Authorised,
    /// Is it current?
    pub current: Current,
    /// The released fields, in certificate order.
    pub fields: Vec<ReleasedField>,
    /// The SD-JWT+KB presentation, which other software can verify.
    pub presentation: String,
    /// What the rules of this centre's own matter say of the fields; empty when it has none in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<RuleVerdict>,
}

/// What was checked of a certificate's authenticity. All of it held, or there would be no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentic {
    /// Signed by the centre's key of the charter.
    pub signature: bool,
    /// Bound to the key that signed the grant.
    pub holder_binding: bool,
    /// The statement stands in the issuer's journal, under a checkpoint signed by it.
    pub inclusion: bool,
    /// Size of that checkpoint.
    pub checkpoint_size: u64,
    /// Root of that checkpoint.
    pub checkpoint_root: Digest,
}

/// What the grant allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorised {
    /// Its id.
    pub grant: GrantId,
    /// Code of the matter.
    pub matter: String,
    /// Last moment it may be used.
    pub expires: Time,
    /// This use is number `use_no` …
    pub use_no: u32,
    /// … of so many.
    pub uses: u32,
}

/// How current the answer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Current {
    /// What can be said.
    pub state: Currency,
    /// The issuer's own time of the newest heartbeat held here.
    pub as_of: Option<Time>,
    /// Milliseconds since that heartbeat, by this peer's clock.
    pub age_ms: Option<i64>,
    /// Whether the issuer has been silent longer than [`crate::node::STALE_AFTER_MS`].
    pub stale: bool,
    /// Whether rows that the issuer has announced are not here yet.
    pub behind: bool,
    /// What the issuer itself said while it was asked; nothing when it was not reached in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}

/// The issuer confirms that a certificate stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// When it said so, to the second.
    pub at: Time,
    /// Whether the account says something else now than the certificate; nothing when its source did not tell in time.
    pub changed: Option<bool>,
}

/// What the issuer of a certificate attested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttestedAnswer {
    /// The issuer.
    pub issuer: CentreCode,
    /// Uses that the grant allows.
    pub uses: u32,
    /// What it says.
    pub attestation: Attestation,
    /// The same as a JWS that others can verify under the issuer's key.
    pub text: String,
}

/// Whether a certificate still stands, as far as this peer can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Currency {
    /// Not ended, by a complete and fresh copy of the issuer's journal.
    Standing,
    /// Not ended as of the time told, but the issuer has been silent since: ask again or decide knowing that.
    StandingAsOf,
    /// Rows are missing here, or the issuer forked: nothing can be said.
    Unknown,
}

/// One released field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleasedField {
    /// Claim name; the certificate's schema has its labels.
    pub name: String,
    /// Its value.
    pub value: serde_json::Value,
}

/// What a refused query was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedQuery {
    /// The certificate the grant names.
    pub certificate: CertificateNumber,
    /// The grant.
    pub grant: GrantId,
    /// Whether the refusal was recorded for the holder to see.
    pub recorded: bool,
}

/// How a peer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// This centre.
    pub centre: CentreCode,
    /// Its federation.
    pub federation: FederationName,
    /// Digest of the charter.
    pub charter: Digest,
    /// The peer's clock.
    pub now: Time,
    /// Whether it may write, and if not, why.
    pub read_only: Option<ReadOnly>,
    /// Every member's journal.
    pub journals: Vec<JournalStatus>,
    /// Every other station.
    pub stations: Vec<StationStatus>,
    /// Faults counted since the store was made.
    pub faults: Vec<FaultCount>,
    /// Warnings: stable codes.
    pub warnings: Vec<String>,
}

/// Why a peer does not write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum ReadOnly {
    /// The kept head is missing or ahead of the store: a restored backup. Waits for members to report the heads they hold.
    Restored {
        /// Centres that have reported.
        reported: usize,
        /// Centres that must.
        needed: usize,
    },
    /// The charter names another station as the writer.
    NotTheWriter,
}

/// How far one journal is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalStatus {
    /// Whose.
    pub centre: CentreCode,
    /// The centre's name.
    pub name: String,
    /// Rows held.
    pub size: u64,
    /// Rows its newest known checkpoint has.
    pub announced: u64,
    /// Rows applied.
    pub applied: u64,
    /// Root of the newest known checkpoint.
    pub root: Option<Digest>,
    /// The author's time of its newest heartbeat.
    pub heartbeat: Option<Time>,
    /// Milliseconds since then.
    pub age_ms: Option<i64>,
    /// Silent for too long, or never heard.
    pub stale: bool,
    /// Two histories were seen.
    pub forked: bool,
}

/// One other station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationStatus {
    /// Its key.
    pub station: StationKey,
    /// Its centre.
    pub centre: CentreCode,
    /// Whether there is a connection.
    pub connected: bool,
    /// Where it is connected, or where it last was since the start: a multiaddress without the key. The shell knows it, not the core.
    pub address: Option<String>,
    /// Smoothed round trip of pings in milliseconds, rounded; nothing while not connected.
    pub round_trip_ms: Option<u64>,
    /// Bytes of questions, answers and announcements that came from it since the start.
    pub bytes_in: u64,
    /// Bytes of questions and answers that went to it since the start.
    pub bytes_out: u64,
}

/// Faults of one station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultCount {
    /// Who.
    pub station: StationKey,
    /// How.
    pub code: FaultCode,
    /// How often.
    pub count: u64,
}
