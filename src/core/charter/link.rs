//! A link of the charter's chain: what a version changes, and the quorum of the version before that approved it.
//!
//! Whoever has a charter and the links behind it has the newest one, without a peer, a journal or a clock.

use minicbor::{Decode, Encode};

use super::change::{Change, applied};
use super::content::Content;
use super::{Charter, CharterError, MAX_MEMBERS};
use crate::names::{CentreCode, Digest};
use crate::seal::SUITE;
use crate::sign::{Context, SecretKey, Signature};
use crate::wire;

/// Largest link, in bytes: sixteen cards and the approvals of every member fit.
pub const MAX_LINK_BYTES: usize = 128 * 1024;

/// A member's signature under a version.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Approval {
    /// Whose.
    #[n(0)]
    pub centre: CentreCode,
    /// By its signing key, over [`ballot`].
    #[n(1)]
    pub signature: Signature,
}

/// One version and who approved it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Link {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// The version that comes of it.
    #[n(1)]
    pub version: u64,
    /// What it changes.
    #[n(2)]
    pub changes: Vec<Change>,
    /// What the new epoch's secrets are recognised by, if the epoch is new.
    #[n(3)]
    pub commitment: Option<Digest>,
    /// The round in which it was approved.
    #[n(4)]
    pub round: u64,
    /// In order of the centres' codes.
    #[n(5)]
    pub approvals: Vec<Approval>,
}

#[derive(Encode)]
#[cbor(array)]
struct Ballot {
    #[n(0)]
    version: u64,
    #[n(1)]
    round: u64,
    #[n(2)]
    digest: Digest,
}

/// What is signed by whoever approves the version with this digest in this round. The digest fixes the federation and everything before.
#[must_use]
pub fn ballot(version: u64, round: u64, digest: Digest) -> Vec<u8> {
    wire::encode(&Ballot { version, round, digest })
}

/// A version that is not in force: what would come of changes, for people to look at and to vote on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    content: Content,
    digest: Digest,
}

impl Draft {
    /// The digest that is voted on.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Its version.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.content.version
    }

    /// Who would be in it.
    #[must_use]
    pub fn members(&self) -> &[super::Member] {
        &self.content.members
    }

    /// The epoch it would have.
    #[must_use]
    pub const fn epoch(&self) -> super::EpochMark {
        self.content.epoch
    }

    /// Opens a centre's copy of the epoch that this version would have.
    ///
    /// # Errors
    /// [`crate::seal::Unopened`] when it does not open, or to something else than the draft commits to.
    pub fn open_epoch(
        &self,
        centre: &CentreCode,
        key: &crate::seal::hybrid::HybridOpeningKey,
        copy: &super::EpochCopy,
    ) -> Result<super::EpochSecrets, crate::seal::Unopened> {
        super::epoch::open(&self.content, centre, key, copy)
    }

    /// Approves it in a round.
    #[must_use]
    pub fn approve(&self, centre: CentreCode, round: u64, key: &SecretKey) -> Approval {
        let signature = key.sign(Context::CharterApproval, &ballot(self.content.version, round, self.digest));
        Approval { centre, signature }
    }
}

impl Link {
    /// The link's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads a link. Nothing is verified yet.
    ///
    /// # Errors
    /// [`CharterError::Shape`] when it is not one.
    pub fn decode(bytes: &[u8]) -> Result<Self, CharterError> {
        let link: Self = wire::decode(bytes, MAX_LINK_BYTES).map_err(|e| CharterError::Shape(e.to_string()))?;
        if link.suite == SUITE { Ok(link) } else { Err(CharterError::Rule("unknown suite")) }
    }
}

impl Charter {
    /// What would come of these changes; `commitment` belongs to a new epoch.
    ///
    /// # Errors
    /// [`CharterError`] when the version would break a rule: more than anything, one after which nobody could change anything.
    pub fn draft(&self, changes: &[Change], commitment: Option<Digest>) -> Result<Draft, CharterError> {
        let content = applied(&self.content, changes, commitment)?;
        let digest = content.digest();
        Ok(Draft { content, digest })
    }

    /// Whether `approval` is one of a member that votes on what follows this version.
    ///
    /// # Errors
    /// [`CharterError::NotAMember`] or [`CharterError::Signature`].
    pub fn check_approval(&self, version: u64, round: u64, digest: Digest, approval: &Approval) -> Result<(), CharterError> {
        let member = self.member(&approval.centre).filter(|member| member.votes());
        let member = member.ok_or_else(|| CharterError::NotAMember(approval.centre.clone()))?;
        let signed = member.signing.verify(Context::CharterApproval, &ballot(version, round, digest), &approval.signature);
        signed.map_err(|_| CharterError::Signature(approval.centre.clone()))
    }

    /// The version behind this one.
    ///
    /// # Errors
    /// [`CharterError`] when the link is not the next, its changes break a rule, or no quorum of this version approved it.
    pub fn follow(&self, link: &Link) -> Result<Self, CharterError> {
        if link.version != self.version() + 1 {
            return Err(CharterError::NotNext { version: link.version, after: self.version() });
        }
        if link.approvals.len() > MAX_MEMBERS || !link.approvals.windows(2).all(|pair| pair[0].centre < pair[1].centre) {
            return Err(CharterError::Rule("the approvals are not in order"));
        }
        let draft = self.draft(&link.changes, link.commitment)?;
        for approval in &link.approvals {
            self.check_approval(link.version, link.round, draft.digest, approval)?;
        }
        let (approved, quorum) = (link.approvals.len() as u64, self.quorum());
        if approved < quorum {
            return Err(CharterError::NoQuorum { approved, quorum });
        }
        let mut digests = self.digests.clone();
        digests.push(draft.digest);
        Ok(Self { content: draft.content, digests })
    }
}
