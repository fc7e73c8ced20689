//! What a charter says, and every rule about what may stand in one.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};

use super::member::{Former, Member};
use super::{CharterError, MAX_MEMBERS};
use crate::names::{CentreCode, Digest, FederationName};
use crate::seal::SUITE;
use crate::wire;

/// Most witnesses: more would only be more messages.
pub const MAX_WITNESSES: usize = 9;
/// Witnesses that a federation should have; with fewer, one that is dark is missed.
pub const GOOD_WITNESSES: usize = 5;
/// Most versions of a charter: ten changes a week for eight years.
pub const MAX_VERSIONS: u64 = 4096;

/// Which shared secret a charter's members have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EpochMark {
    /// Its number, from 1.
    #[n(0)]
    pub number: u64,
    /// Version of the newest pepper in it, from 1.
    #[n(1)]
    pub pepper: u64,
    /// What shows that a sealed copy of it is the one that was voted on: see [`super::EpochSecrets::commitment`].
    #[n(2)]
    pub commitment: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Content {
    #[n(0)]
    pub(super) suite: String,
    #[n(1)]
    pub(super) version: u64,
    #[n(2)]
    pub(super) federation: FederationName,
    /// Digest of the version before; absent in the founding one.
    #[n(3)]
    pub(super) previous: Option<Digest>,
    /// In order of their codes.
    #[n(4)]
    pub(super) members: Vec<Member>,
    /// Centres that cosign, in order of their codes.
    #[n(5)]
    pub(super) witnesses: Vec<CentreCode>,
    /// How many of them must have cosigned before a row counts as witnessed.
    #[n(6)]
    pub(super) settled: u64,
    /// How many voting members must approve the next version; absent, the default of [`default_quorum`].
    #[n(7)]
    pub(super) quorum: Option<u64>,
    #[n(8)]
    pub(super) epoch: EpochMark,
    /// Centres that have left, in order of their codes.
    #[n(9)]
    pub(super) former: Vec<Former>,
}

/// More than two thirds: of two such quorums, more than a third of the members stand in both.
#[must_use]
pub const fn default_quorum(voters: u64) -> u64 {
    2 * voters / 3 + 1
}

/// More than half of the other witnesses, so that two histories cannot both be witnessed while most witnesses are honest.
#[must_use]
pub const fn default_settled(witnesses: u64) -> u64 {
    if witnesses == 0 { 0 } else { witnesses / 2 + 1 }
}

impl Content {
    pub(super) fn voters(&self) -> u64 {
        self.members.iter().filter(|member| member.votes()).count() as u64
    }

    pub(super) fn quorum(&self) -> u64 {
        self.quorum.unwrap_or_else(|| default_quorum(self.voters()))
    }

    pub(super) fn member(&self, centre: &CentreCode) -> Option<&Member> {
        let at = self.members.binary_search_by(|m| m.centre.cmp(centre)).ok()?;
        self.members.get(at)
    }

    pub(super) fn digest(&self) -> Digest {
        crate::journal::hash::sha256(&wire::encode(self))
    }

    /// Every rule that holds for a version alone, whatever came before it.
    pub(super) fn check(&self) -> Result<(), CharterError> {
        let rule = |holds: bool, what| if holds { Ok(()) } else { Err(CharterError::Rule(what)) };
        rule(self.suite == SUITE, "unknown suite")?;
        rule((1..=MAX_VERSIONS).contains(&self.version), "the version")?;
        rule((self.version == 1) == self.previous.is_none(), "which version came before")?;
        rule(self.epoch.number >= 1 && (1..=self.epoch.number).contains(&self.epoch.pepper), "the number of the epoch or the pepper")?;
        let voters = self.voters();
        if voters < 2 || self.members.len() + self.former.len() > MAX_MEMBERS {
            return Err(CharterError::Members(self.members.len()));
        }
        rule(self.quorum() <= voters, "the quorum is more than the members who vote: nothing could ever change again")?;
        rule(self.quorum() > voters / 2, "the quorum is not more than half of the members who vote")?;
        let ordered = self.members.windows(2).all(|w| w[0].centre < w[1].centre);
        let former_ordered = self.former.windows(2).all(|w| w[0].centre < w[1].centre);
        if !ordered || !former_ordered || self.former.iter().any(|former| self.member(&former.centre).is_some()) {
            return Err(CharterError::Shared("a centre code, or the members are not in order"));
        }
        self.check_witnesses()?;
        self.members.iter().try_for_each(Member::check)?;
        self.former.iter().try_for_each(|former| former.check(self.version))?;
        self.check_keys()
    }

    fn check_witnesses(&self) -> Result<(), CharterError> {
        let rule = |holds: bool, what| if holds { Ok(()) } else { Err(CharterError::Rule(what)) };
        let ordered = self.witnesses.windows(2).all(|w| w[0] < w[1]);
        let all_vote = self.witnesses.iter().all(|centre| self.member(centre).is_some_and(Member::votes));
        rule(ordered && all_vote && self.witnesses.len() <= MAX_WITNESSES, "the witnesses")?;
        let witnesses = self.witnesses.len() as u64;
        rule(self.settled <= witnesses && (self.settled == 0) == (witnesses == 0), "how many witnesses settle")
    }

    /// No key stands twice, whatever it is for and whoever had it.
    fn check_keys(&self) -> Result<(), CharterError> {
        let mut keys = BTreeSet::new();
        let members = self.members.iter().flat_map(Member::keys);
        let former = self.former.iter().flat_map(|former| former.ended.iter().flat_map(|term| [term.signing, term.heartbeat]));
        if members.chain(former).all(|key| keys.insert(key)) { Ok(()) } else { Err(CharterError::Shared("a key")) }
    }

    /// What holds for a founding charter beside.
    pub(super) fn check_founding(&self) -> Result<(), CharterError> {
        let rule = |holds: bool, what| if holds { Ok(()) } else { Err(CharterError::Rule(what)) };
        rule(self.version == 1 && self.epoch.number == 1 && self.epoch.pepper == 1, "not a founding charter")?;
        rule(self.former.is_empty(), "nobody has left a federation that is being founded")?;
        let new = |member: &Member| member.term == 1 && member.ended.is_empty() && member.votes();
        rule(self.members.iter().all(new), "a founder is a member in its first term")
    }
}
