//! How a peer is: its journals, its stations, what others did wrong.

use serde::{Deserialize, Serialize};

use crate::error::FaultCode;
use crate::names::{CentreCode, Digest, FederationName, StationKey};
use crate::time::Time;

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
    /// The version of the charter of which two valid successors are known: nobody votes until people have looked at both.
    #[serde(default)]
    pub frozen: Option<u64>,
    /// Every member's journal.
    pub journals: Vec<JournalStatus>,
    /// Every other station.
    pub stations: Vec<StationStatus>,
    /// Faults counted since the store was made.
    pub faults: Vec<FaultCount>,
    /// Warnings: stable codes.
    pub warnings: Vec<String>,
    /// Members whose listings stand under a pepper before the newest, and how many do.
    #[serde(default)]
    pub old_pepper: Vec<OldPepper>,
}

/// Listings that have not gone over to the newest pepper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldPepper {
    /// Whose.
    pub centre: CentreCode,
    /// How many were counted last, less those of this centre's own that have gone over since.
    pub listings: u64,
}

/// What everybody who works with a peer has to know before they rely on what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alarm {
    /// The centre itself has signed two histories: others hold back what it publishes.
    OwnFork,
    /// These others have.
    Forks(Vec<CentreCode>),
    /// Two charters follow this version.
    Frozen(u64),
    /// This peer does not write although it should.
    ReadOnly(ReadOnly),
}

impl Status {
    /// What stands until somebody has done something about it, the worst first. A station that only reads because the charter says so is
    /// as it should be: what always stands on a screen is read by nobody.
    #[must_use]
    pub fn alarms(&self) -> Vec<Alarm> {
        let own = |journal: &&JournalStatus| journal.centre == self.centre;
        let forked = || self.journals.iter().filter(|journal| journal.forked);
        let others: Vec<CentreCode> = forked().filter(|journal| !own(journal)).map(|journal| journal.centre.clone()).collect();
        let read_only = self.read_only.clone().filter(|reason| match reason {
            ReadOnly::Restored { .. } | ReadOnly::Suspended | ReadOnly::Removed | ReadOnly::OtherKeys => true,
            ReadOnly::NotTheWriter | ReadOnly::Observer => false,
        });
        let mut alarms = Vec::new();
        alarms.extend(forked().any(|journal| own(&journal)).then_some(Alarm::OwnFork));
        alarms.extend(self.frozen.map(Alarm::Frozen));
        alarms.extend((!others.is_empty()).then_some(Alarm::Forks(others)));
        alarms.extend(read_only.map(Alarm::ReadOnly));
        alarms
    }
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
    /// The charter has suspended the centre.
    Suspended,
    /// The centre observes only.
    Observer,
    /// The charter no longer names the centre.
    Removed,
    /// The charter names other keys for the centre than this peer holds.
    OtherKeys,
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
    /// What stands behind its newest row here; nothing while there is none.
    #[serde(default)]
    pub backing: Option<Backing>,
    /// Milliseconds since the newest cosignature that counts for that row.
    #[serde(default)]
    pub cosigned_age_ms: Option<i64>,
}

/// How much stands behind a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The row is here, proven under a head that its author signed; but that head is over more rows than are here, and none over these is
    /// kept yet.
    OwnCopy,
    /// In evidence: the charter lets the row count, and no head of its author over it is there. Witnesses would bring one.
    Chartered,
    /// The kept head, signed by its author, is over the row.
    Signed,
    /// Witnesses cosigned a head over the row.
    Witnessed,
}

impl Level {
    /// Its stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OwnCopy => "own-copy",
            Self::Chartered => "chartered",
            Self::Signed => "signed",
            Self::Witnessed => "witnessed",
        }
    }
}

/// What stands behind a row, as far as this peer knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backing {
    /// How much.
    pub level: Level,
    /// Witnesses of the present charter that cosigned it, in order of their codes. The author is none.
    pub witnesses: Vec<CentreCode>,
    /// How many there are beside the author.
    pub of: u64,
    /// How many settle it.
    pub needed: u64,
    /// Whether enough did.
    pub settled: bool,
}

impl Backing {
    /// Of a row that is here; `signed` when the kept head is over it.
    #[must_use]
    pub fn new(signed: bool, witnesses: Vec<CentreCode>, of: u64, needed: u64) -> Self {
        let level = match (signed, witnesses.is_empty()) {
            (_, false) => Level::Witnessed,
            (true, true) => Level::Signed,
            (false, true) => Level::OwnCopy,
        };
        Self::of_level(level, witnesses, of, needed)
    }

    /// Of a row that the charter lets count, in evidence that has no head of its author but what witnesses cosigned.
    #[must_use]
    pub fn chartered(witnesses: Vec<CentreCode>, of: u64, needed: u64) -> Self {
        let level = if witnesses.is_empty() { Level::Chartered } else { Level::Witnessed };
        Self::of_level(level, witnesses, of, needed)
    }

    const fn of_level(level: Level, witnesses: Vec<CentreCode>, of: u64, needed: u64) -> Self {
        let settled = !matches!(level, Level::OwnCopy) && witnesses.len() as u64 >= needed;
        Self { level, witnesses, of, needed, settled }
    }
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
