//! The federation's own affairs at the desk: who is in, what is proposed, who has said what.

use serde::{Deserialize, Serialize};

use crate::charter::CentreCard;
use crate::names::{CentreCode, Digest, RequestId, StationKey};
use crate::operator::{OperatorName, Role};
use crate::time::Time;

/// Who may say for their centre what it makes of a proposal. Two of them do, one a security administrator.
pub const ANSWERING: &[Role] = &[Role::Security, Role::System, Role::Reviewer, Role::Auditor];
/// Most versions of one page of the history.
pub const MAX_HISTORY_PAGE: usize = 100;

/// What an operator asks of the federation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "federation", rename_all = "kebab-case", deny_unknown_fields)]
pub enum FederationAct {
    /// Propose the next version of the charter.
    Propose {
        /// What it changes.
        wishes: Vec<Wish>,
        /// Why, for the others.
        reason: String,
    },
    /// Approve or reject a proposal; the second of two people says it for the centre.
    Answer {
        /// The proposal: the digest of the version it leads to.
        proposal: Digest,
        /// Whether it is approved.
        approve: bool,
        /// Why, for the others.
        reason: String,
    },
    /// A vote is split: open the next round, and put this proposal forward in it if that is free.
    NextRound {
        /// The proposal.
        proposal: Digest,
    },
    /// Let a candidate learn of the charter that will name it.
    Invite {
        /// Its card.
        card: Box<CentreCard>,
        /// For so long, in milliseconds.
        valid_ms: i64,
    },
    /// It shall not, any more.
    Uninvite {
        /// The invitation.
        id: RequestId,
    },
}

/// What somebody wants to change. The peer adds what it knows: how far a journal counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Wish {
    /// A centre comes in.
    Add {
        /// Its card.
        card: Box<CentreCard>,
        /// As an observer.
        observer: bool,
    },
    /// A centre goes.
    Remove {
        /// Which.
        centre: CentreCode,
        /// Rows of its journal that count; all that are held here when absent.
        rows: Option<u64>,
    },
    /// A centre may only read.
    Suspend {
        /// Which.
        centre: CentreCode,
        /// Rows of its journal that count; all that are held here when absent.
        rows: Option<u64>,
    },
    /// It may write again.
    Restore {
        /// Which.
        centre: CentreCode,
    },
    /// A centre has new keys.
    RotateKeys {
        /// Its new card.
        card: Box<CentreCard>,
        /// Rows that the old keys count for; all that are held here when absent.
        rows: Option<u64>,
    },
    /// Where a station is reached.
    SetAddress {
        /// Whose.
        centre: CentreCode,
        /// Which; the one that writes when absent.
        station: Option<StationKey>,
        /// All its addresses.
        addresses: Vec<String>,
    },
    /// Another station of a centre, which reads.
    AddStation {
        /// Whose.
        centre: CentreCode,
        /// Its key.
        station: StationKey,
        /// All its addresses.
        addresses: Vec<String>,
    },
    /// A station that only read is no more.
    DropStation {
        /// Whose.
        centre: CentreCode,
        /// Which.
        station: StationKey,
    },
    /// How many must approve; nothing for the default.
    SetQuorum {
        /// How many.
        quorum: Option<u64>,
    },
    /// Who cosigns.
    SetWitnesses {
        /// All of them.
        centres: Vec<CentreCode>,
        /// How many settle; nothing for more than half.
        settled: Option<u64>,
    },
    /// A new epoch.
    RotateEpoch {
        /// A new pepper as well.
        pepper: bool,
    },
}

/// One term of a centre that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermView {
    /// Which.
    pub term: u64,
    /// Rows that count of it.
    pub rows: u64,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    /// Its code.
    pub centre: CentreCode,
    /// Its name.
    pub name: String,
    /// `member`, `suspended`, `observer` or `former`.
    pub role: String,
    /// Whether it cosigns.
    pub witness: bool,
    /// The term of its keys.
    pub term: u64,
    /// Terms that are over.
    pub ended: Vec<TermView>,
    /// First bytes of its signing key, to be told apart by voice.
    pub key: String,
    /// The time of the first row of its journal, by its own clock: the keys of its first term are at least as old.
    #[serde(default)]
    pub begun: Option<Time>,
    /// Its stations; the one that writes is the first.
    pub stations: Vec<StationView>,
}

/// One station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationView {
    /// Its key.
    pub station: StationKey,
    /// Where it is reached.
    pub addresses: Vec<String>,
    /// Whether it writes.
    pub writer: bool,
    /// Whether it is connected with this one.
    pub connected: bool,
}

/// What one change of a proposal is, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeView {
    /// The code that commands have for it.
    pub change: String,
    /// The centre it is about.
    pub centre: Option<CentreCode>,
    /// Its name, as the card says.
    pub name: Option<String>,
    /// Fingerprint of the card that came with it.
    pub fingerprint: Option<Digest>,
    /// Rows of a journal that count.
    pub rows: Option<u64>,
    /// Whether our copy of that journal has the same history so far; nothing while it is shorter.
    #[serde(default)]
    pub agrees: Option<bool>,
    /// What else there is to say: addresses, numbers, codes.
    pub detail: Option<String>,
}

/// What a member has said of a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaidView {
    /// Who.
    pub centre: CentreCode,
    /// Whether it approved.
    pub approved: bool,
    /// Why, where it said so.
    pub reason: Option<String>,
}

/// What the first of two people of a centre has said of a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstView {
    /// Who.
    pub operator: OperatorName,
    /// Whether to approve it.
    pub approve: bool,
    /// Whether they are a security administrator; otherwise the second has to be.
    pub security: bool,
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalView {
    /// The digest of the version that it leads to: its name.
    pub proposal: Digest,
    /// That version.
    pub version: u64,
    /// The round.
    pub round: u64,
    /// Who proposed it.
    pub by: CentreCode,
    /// When, by its own clock.
    pub at: Time,
    /// Why.
    pub reason: String,
    /// What it changes.
    pub changes: Vec<ChangeView>,
    /// Who would vote then, and how many must approve what follows.
    pub voters: u64,
    /// Who has said what.
    pub said: Vec<SaidView>,
    /// How many have approved in this round.
    pub approved: u64,
    /// How many must.
    pub quorum: u64,
    /// Whether our own copy of the epoch opens to what is proposed; nothing when it has none.
    pub epoch_opens: Option<bool>,
    /// What the first of our two people said: who, and whether to approve.
    pub ours: Option<(OperatorName, bool)>,
    /// Everyone of ours who has said something that waits for a second person.
    #[serde(default)]
    pub firsts: Vec<FirstView>,
    /// Why we may not approve it, if so.
    pub barred: Option<String>,
}

/// The federation, as this peer knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FederationView {
    /// Its name.
    pub federation: String,
    /// The digest of its founding charter.
    pub founding: Digest,
    /// The version in force.
    pub version: u64,
    /// Its digest.
    pub digest: Digest,
    /// How many members vote.
    pub voters: u64,
    /// How many must approve.
    pub quorum: u64,
    /// Whether somebody chose that number.
    pub quorum_chosen: bool,
    /// How many witnesses settle a row.
    pub settled: u64,
    /// The epoch.
    pub epoch: u64,
    /// The version of the pepper.
    pub pepper: u64,
    /// Whether its secrets are here.
    pub epoch_held: bool,
    /// The version of which two valid successors are known.
    pub frozen: Option<u64>,
    /// Who is in, and who has left.
    pub members: Vec<MemberView>,
    /// The round of the vote that is under way; nothing when nothing is proposed.
    pub round: Option<u64>,
    /// What is proposed.
    pub proposals: Vec<ProposalView>,
    /// Whom we have invited.
    pub invited: Vec<InvitedView>,
    /// Who has signed two histories, until the charter ends the term.
    #[serde(default)]
    pub forks: Vec<ForkView>,
    /// The proof that two valid successors of one version are known.
    #[serde(default)]
    pub conflict: Option<ConflictView>,
}

/// Two valid successors of one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictView {
    /// Which version there is twice.
    pub version: u64,
    /// When this peer came to know.
    pub since: Time,
    /// The digest of the one that was adopted here, if one was.
    pub ours: Option<Digest>,
    /// The digest of the other.
    pub other: Digest,
    /// Who approved the other.
    pub approved: Vec<CentreCode>,
    /// Who approved both.
    pub both: Vec<CentreCode>,
}

/// What an operator can do about a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FederationDeed {
    /// Say that their centre agrees.
    Approve,
    /// Say that it does not.
    Reject,
    /// Open the next round of a vote that is split.
    NextRound,
}

impl FederationView {
    /// What this operator of `centre` can do about a proposal, as far as the view tells. The peer looks again when it is asked.
    #[must_use]
    pub fn may(&self, centre: &CentreCode, (name, role): (&OperatorName, Role), proposal: &ProposalView) -> Vec<FederationDeed> {
        let votes = self.members.iter().any(|member| member.centre == *centre && member.role == "member");
        if self.frozen.is_some() || !votes || !ANSWERING.contains(&role) {
            return Vec::new();
        }
        let said = proposal.said.iter().find(|said| said.centre == *centre).map(|said| said.approved);
        let opens = proposal.barred.is_none() && proposal.epoch_opens != Some(false);
        // The first of two can be anybody; the second is somebody else, and one of them a security administrator.
        let counts = |approve| match proposal.firsts.iter().find(|first| first.approve == approve) {
            Some(first) => first.operator != *name && (role == Role::Security || first.security),
            None => true,
        };
        // An approval is not taken back; a rejection is none that binds.
        // Split: more than one is proposed, we are bound elsewhere, or too many are against it.
        let against = proposal.said.iter().filter(|said| !said.approved).count() as u64;
        let split = proposal.barred.is_some() || self.proposals.len() > 1 || against > self.voters.saturating_sub(self.quorum);
        let mut deeds = Vec::new();
        deeds.extend((said != Some(true) && opens && counts(true)).then_some(FederationDeed::Approve));
        deeds.extend((said.is_none() && counts(false)).then_some(FederationDeed::Reject));
        deeds.extend((role == Role::Security && split).then_some(FederationDeed::NextRound));
        deeds
    }
}

/// A centre that has signed two histories in its present term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForkView {
    /// Which.
    pub centre: CentreCode,
    /// In which term.
    pub term: u64,
    /// When this peer came to know.
    pub since: Time,
    /// Rows of the two signed heads.
    pub rows: [u64; 2],
    /// Their roots.
    pub roots: [Digest; 2],
    /// Which of the two our copy is, 0 or 1; nothing while it is too short to tell.
    pub ours: Option<usize>,
    /// Which other centres have reported it.
    pub reported_by: Vec<CentreCode>,
    /// So many statements that end or dispute something were taken from other histories of it than ours.
    pub ended_beside: u64,
}

/// A candidate that we have invited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitedView {
    /// The invitation.
    pub id: RequestId,
    /// Which centre.
    pub centre: CentreCode,
    /// Who invited.
    pub by: OperatorName,
    /// Until when.
    pub until: Time,
    /// Whether its station is connected with this one.
    pub connected: bool,
}

/// One version of the charter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionLine {
    /// Which.
    pub version: u64,
    /// Its digest.
    pub digest: Digest,
    /// When it was adopted here.
    pub at: Time,
    /// What it changed.
    pub changes: Vec<ChangeView>,
    /// Whether it brought a new epoch.
    #[serde(default)]
    pub epoch: bool,
    /// Who approved it.
    pub approved: Vec<CentreCode>,
    /// The other of the same number, if there is one.
    #[serde(default)]
    pub conflict: Option<ConflictView>,
}
