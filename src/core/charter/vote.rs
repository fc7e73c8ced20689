//! How members come to agree on the next version: which proposals may be approved, and which one is.
//!
//! Every member's journal says in order what it proposed, approved and promised. A version is agreed on when a quorum has approved the
//! same digest in the same round. In the first round anybody may propose anything, and a member approves one proposal of a round; so a
//! vote may be split. Then somebody opens the next round: members promise to approve nothing any more in the rounds before, and a
//! proposal of the new round names the promises of a quorum and repeats what may have been agreed on already. What a member had approved
//! when it promised is read from its journal, so nobody can promise one thing and have approved another without a fork.
//!
//! Why this yields one version (the argument of Paxos, with rounds in which several may propose): let a quorum of `q` among `n` members
//! have approved `d` in round `j`. Every set of at least `q` promises of a later round was given by at least one of them, after it
//! approved; so the highest round that the promises tell of is `j` or later. If it is later, only `d` was proposed there, by induction.
//! If it is `j`, then of `p` promises at least `p + q - n` tell of `d`, which makes `d` the one that must be repeated, or, while others
//! could have been agreed on as well, nothing be proposed before more have promised.
//!
//! Pure: rows in, what they come to out. What must never be here: who asks for a round, when, and what people think of a proposal.

use std::collections::{BTreeMap, BTreeSet};

pub use super::body::{
    Approved, Copies, CopyFor, Last, MAX_ANSWERED_BYTES, MAX_COPIES_IN_ROW, MAX_PROPOSED_BYTES, MAX_REASON_BYTES, MAX_ROUNDS,
    MAX_SEALED_BYTES, Place, Promised, Proposed, Rejected, SealedCopies, is_reason,
};
use super::{Approval, Charter, Draft, Link};
use crate::journal::Kind;
use crate::names::{CentreCode, Digest};
use crate::seal::SUITE;
use crate::time::Time;

/// Most rows of one member about one version that count: two for every round, and few enough to read again and again.
pub const MAX_ROWS_EACH: usize = 256;

/// What a row says about the next version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A proposal.
    Proposed(Box<Proposed>),
    /// An approval.
    Approved(Approved),
    /// A rejection.
    Rejected(Rejected),
    /// A promise.
    Promised(Promised),
}

impl Said {
    /// Reads the body of a statement about the charter; nothing for one of another kind, or that is none.
    #[must_use]
    pub fn parse(kind: Kind, body: &[u8]) -> Option<Self> {
        match kind {
            Kind::CharterProposed => Proposed::parse(body).ok().map(|body| Self::Proposed(Box::new(body))),
            Kind::CharterApproved => Approved::parse(body).ok().map(Self::Approved),
            Kind::CharterRejected => Rejected::parse(body).ok().map(Self::Rejected),
            Kind::CharterPromised => Promised::parse(body).ok().map(Self::Promised),
            _ => None,
        }
    }

    /// The kind of statement that says it, and its body.
    #[must_use]
    pub fn to_body(&self) -> (Kind, Vec<u8>) {
        match self {
            Self::Proposed(body) => (Kind::CharterProposed, body.to_bytes()),
            Self::Approved(body) => (Kind::CharterApproved, body.to_bytes()),
            Self::Rejected(body) => (Kind::CharterRejected, body.to_bytes()),
            Self::Promised(body) => (Kind::CharterPromised, body.to_bytes()),
        }
    }

    /// The version it is about.
    #[must_use]
    pub const fn version(&self) -> u64 {
        match self {
            Self::Proposed(body) => body.version,
            Self::Approved(body) => body.version,
            Self::Rejected(body) => body.version,
            Self::Promised(body) => body.version,
        }
    }
}

/// One row about the next version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoteRow {
    /// Whose journal, and which row.
    pub place: Place,
    /// The author's time.
    pub at: Time,
    /// What it says.
    pub said: Said,
}

/// A proposal that keeps the rules.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// Where it stands first.
    pub place: Place,
    /// When its author says it was made.
    pub at: Time,
    /// What it says.
    pub body: Proposed,
    /// What would come of it.
    pub draft: Draft,
    /// Who approved it in this round, in order of their codes.
    pub approvals: Vec<Approval>,
    /// Who rejected it, in whichever round, and why.
    pub rejections: BTreeMap<CentreCode, String>,
}

/// What one member has done about the next version.
#[derive(Debug, Clone, Default)]
struct Voter {
    /// The first round in which it may still approve.
    floor: u64,
    /// What it approved last.
    last: Option<Last>,
    /// Its approvals that count, by round.
    approvals: BTreeMap<u64, Approved>,
    /// Its promises that count: round and row, and what it had approved by then.
    promises: BTreeMap<u64, (u64, Option<Last>)>,
}

/// What the rows about the next version come to.
#[derive(Debug, Clone, Default)]
pub struct Vote {
    voters: BTreeMap<CentreCode, Voter>,
    /// By round and digest.
    proposals: BTreeMap<(u64, Digest), Proposal>,
    /// Those that do not keep the rules of rounds, by round and digest. Nobody who keeps to them approves one; but a quorum that does makes
    /// a valid version all the same.
    unfounded: BTreeMap<(u64, Digest), Proposal>,
    members: u64,
    quorum: u64,
}

/// What a proposal of a later round may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing can have been agreed on: anything.
    Free,
    /// This, which may have been agreed on.
    Only(Digest),
    /// One of several may have been: more must promise first.
    Undecided,
}

/// Why a member may not approve a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barred {
    /// It does not keep the rules, or not all of what it rests on is here.
    Unfounded,
    /// The member promised to approve nothing any more in this round.
    Promised,
    /// The member approved another proposal of this round.
    Another,
}

impl Vote {
    /// Reads the rows about the version behind `charter`. Rows of each journal are in order; the order of journals does not count.
    #[must_use]
    pub fn read(charter: &Charter, rows: &[VoteRow]) -> Self {
        let version = charter.version() + 1;
        let mut vote = Self { members: charter.voters().count() as u64, quorum: charter.quorum(), ..Self::default() };
        let mut proposed: BTreeMap<u64, Vec<&VoteRow>> = BTreeMap::new();
        let mut counted: BTreeMap<&CentreCode, usize> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.said.version() == version) {
            if !charter.member(&row.place.centre).is_some_and(super::Member::votes) {
                continue;
            }
            let seen = counted.entry(&row.place.centre).or_default();
            *seen += 1;
            if *seen > MAX_ROWS_EACH {
                continue;
            }
            if let Said::Proposed(body) = &row.said {
                proposed.entry(body.round).or_default().push(row);
            }
            vote.voters.entry(row.place.centre.clone()).or_default().take(charter, row);
        }
        for (_, rows) in proposed {
            let looked_at: Vec<(Proposal, bool)> = rows.into_iter().filter_map(|row| vote.look_at(charter, row)).collect();
            for (proposal, sound) in looked_at {
                let kept = if sound { &mut vote.proposals } else { &mut vote.unfounded };
                kept.entry((proposal.body.round, proposal.draft.digest())).or_insert(proposal);
            }
        }
        vote.count();
        vote.reject(rows);
        vote
    }

    /// A proposal, if its changes lead somewhere, and whether its promises allow it; proposals of the rounds before were looked at.
    fn look_at(&self, charter: &Charter, row: &VoteRow) -> Option<(Proposal, bool)> {
        let Said::Proposed(body) = &row.said else { return None };
        if body.previous != charter.digest() {
            return None;
        }
        let draft = charter.draft(&body.changes, body.commitment).ok()?;
        let sound = body.round == 0 || self.is_allowed(body, draft.digest());
        let body = body.as_ref().clone();
        Some((Proposal { place: row.place.clone(), at: row.at, body, draft, approvals: Vec::new(), rejections: BTreeMap::new() }, sound))
    }

    /// Whether a quorum has promised the round, and what it tells of leaves this to be proposed.
    fn is_allowed(&self, body: &Proposed, digest: Digest) -> bool {
        let promises = body.promises.iter().map(|place| self.promise(body.round, place)).collect::<Option<Vec<_>>>();
        promises.is_some_and(|promises| {
            let allowed = match self.repeat(&promises) {
                Repeat::Free => true,
                Repeat::Only(only) => only == digest,
                Repeat::Undecided => false,
            };
            allowed && promises.len() as u64 >= self.quorum
        })
    }

    /// What a member had approved when it promised this round in this row. Nothing when there is no such promise, or when it had approved
    /// what nobody had soundly proposed.
    fn promise(&self, round: u64, place: &Place) -> Option<Option<Last>> {
        let (index, last) = self.voters.get(&place.centre)?.promises.get(&round)?;
        let founded = last.is_none_or(|last| self.proposals.contains_key(&(last.round, last.digest)));
        (*index == place.index && founded).then_some(*last)
    }

    /// What these promises leave to be proposed.
    #[must_use]
    pub fn repeat(&self, promises: &[Option<Last>]) -> Repeat {
        let Some(highest) = promises.iter().flatten().map(|last| last.round).max() else { return Repeat::Free };
        let mut told: BTreeMap<Digest, u64> = BTreeMap::new();
        for last in promises.iter().flatten().filter(|last| last.round == highest) {
            *told.entry(last.digest).or_default() += 1;
        }
        if let (1, Some(only)) = (told.len(), told.keys().next()) {
            return Repeat::Only(*only);
        }
        let silent = self.members.saturating_sub(promises.len() as u64);
        let mut possible = told.iter().filter(|(_, count)| **count + silent >= self.quorum).map(|(digest, _)| *digest);
        match (possible.next(), possible.next()) {
            (None, _) => Repeat::Free,
            (Some(digest), None) => Repeat::Only(digest),
            (Some(_), Some(_)) => Repeat::Undecided,
        }
    }

    fn count(&mut self) {
        for ((round, digest), proposal) in self.proposals.iter_mut().chain(&mut self.unfounded) {
            let approved = self.voters.iter().filter_map(|(centre, voter)| {
                let approved = voter.approvals.get(round).filter(|approved| approved.digest == *digest)?;
                Some(approved.approval(centre))
            });
            proposal.approvals = approved.collect();
        }
    }

    fn reject(&mut self, rows: &[VoteRow]) {
        for row in rows {
            let Said::Rejected(body) = &row.said else { continue };
            for proposal in self.proposals.values_mut().filter(|proposal| proposal.draft.digest() == body.digest) {
                if self.voters.contains_key(&row.place.centre) {
                    proposal.rejections.insert(row.place.centre.clone(), body.reason.clone());
                }
            }
        }
    }

    /// Every proposal that keeps the rules, in order of their rounds.
    pub fn proposals(&self) -> impl Iterator<Item = &Proposal> {
        self.proposals.values()
    }

    /// One proposal.
    #[must_use]
    pub fn proposal(&self, round: u64, digest: Digest) -> Option<&Proposal> {
        self.proposals.get(&(round, digest))
    }

    /// The round that is open: the highest that anybody proposed in or promised.
    #[must_use]
    pub fn round(&self) -> u64 {
        let promised = self.voters.values().filter_map(|voter| voter.promises.keys().max()).max();
        let proposed = self.proposals.keys().map(|(round, _)| round).max();
        promised.max(proposed).copied().unwrap_or_default()
    }

    /// Whether anybody has said anything about the next version.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.proposals.is_empty() || self.round() > 0
    }

    /// The promises of a round that a proposal can rest on, in order of the centres' codes, and what they leave to be proposed. Nothing
    /// while a quorum has not promised.
    #[must_use]
    pub fn promised(&self, round: u64) -> Option<(Vec<Place>, Repeat)> {
        let of = |(centre, voter): (&CentreCode, &Voter)| {
            let place = Place { centre: centre.clone(), index: voter.promises.get(&round)?.0 };
            Some((self.promise(round, &place)?, place))
        };
        let (promises, places): (Vec<_>, Vec<_>) = self.voters.iter().filter_map(of).unzip();
        (places.len() as u64 >= self.quorum).then(|| (places, self.repeat(&promises)))
    }

    /// Who has promised a round.
    pub fn who_promised(&self, round: u64) -> impl Iterator<Item = &CentreCode> {
        self.voters.iter().filter(move |(_, voter)| voter.promises.contains_key(&round)).map(|(centre, _)| centre)
    }

    /// What a member approved last.
    #[must_use]
    pub fn last(&self, centre: &CentreCode) -> Option<Last> {
        self.voters.get(centre)?.last
    }

    /// Whether `centre` may approve the version `digest` in `round`: what its journal already says binds it.
    ///
    /// # Errors
    /// [`Barred`] with why not.
    pub fn may_approve(&self, centre: &CentreCode, round: u64, digest: Digest) -> Result<(), Barred> {
        if !self.proposals.contains_key(&(round, digest)) {
            return Err(Barred::Unfounded);
        }
        let Some(voter) = self.voters.get(centre) else { return Ok(()) };
        if round < voter.floor {
            return Err(Barred::Promised);
        }
        match voter.approvals.get(&round) {
            Some(approved) if approved.digest != digest => Err(Barred::Another),
            Some(_) | None => Ok(()),
        }
    }

    /// The versions that a quorum has approved, as links of the chain. With members that keep the rules there is at most one.
    #[must_use]
    pub fn agreed(&self, charter: &Charter) -> Vec<Link> {
        let agreed =
            self.proposals.values().chain(self.unfounded.values()).filter(|proposal| proposal.approvals.len() as u64 >= self.quorum);
        let mut seen = BTreeSet::new();
        let agreed = agreed.filter(|proposal| seen.insert(proposal.draft.digest()));
        let link = |proposal: &Proposal| Link {
            suite: SUITE.to_owned(),
            version: charter.version() + 1,
            changes: proposal.body.changes.clone(),
            commitment: proposal.body.commitment,
            round: proposal.body.round,
            approvals: proposal.approvals.clone(),
        };
        agreed.map(link).collect()
    }
}

impl Voter {
    /// Takes the next row of this member's journal, if it keeps to what the rows before say.
    fn take(&mut self, charter: &Charter, row: &VoteRow) {
        match &row.said {
            Said::Approved(body) => {
                let first = !self.approvals.contains_key(&body.round);
                let signed = || charter.check_approval(body.version, body.round, body.digest, &body.approval(&row.place.centre)).is_ok();
                if body.round >= self.floor && first && signed() {
                    self.floor = body.round;
                    self.last = Some(Last { round: body.round, digest: body.digest });
                    self.approvals.insert(body.round, body.clone());
                }
            }
            Said::Promised(body) => {
                if body.round > self.floor && body.last == self.last {
                    self.floor = body.round;
                    self.promises.insert(body.round, (row.place.index, self.last));
                }
            }
            Said::Proposed(_) | Said::Rejected(_) => {}
        }
    }
}
