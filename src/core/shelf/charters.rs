//! What the core reads and writes of the federation's own affairs: versions of the charter, votes on the next one, what our own people
//! have begun to answer, whom we have invited.

use super::ShelfError;
use crate::charter::vote::Place;
use crate::journal::Kind;
use crate::names::{CentreCode, Digest, RequestId, StationKey};
use crate::operator::OperatorName;
use crate::time::Time;

/// A version of the charter that was adopted here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    /// Which version.
    pub version: u64,
    /// Its digest.
    pub digest: Digest,
    /// When it was adopted here.
    pub at: Time,
    /// Bytes of a [`crate::charter::Link`].
    pub link: Vec<u8>,
}

/// A row of somebody's journal about a version of the charter. Its body was read when it was projected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoteRecord {
    /// The version it is about.
    pub version: u64,
    /// Where it stands.
    pub place: Place,
    /// The author's time.
    pub at: Time,
    /// Which kind of statement.
    pub kind: Kind,
    /// Its body.
    pub body: Vec<u8>,
}

/// What the first of our two people has said of a proposal, until the second says the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeedRow {
    /// The version that is proposed.
    pub version: u64,
    /// Its digest.
    pub digest: Digest,
    /// Whether it is to be approved.
    pub approve: bool,
    /// Why.
    pub reason: String,
    /// Who said it first.
    pub by: OperatorName,
    /// When.
    pub at: Time,
}

/// A candidate that we have invited to learn of the charter that will name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteRow {
    /// The invitation's id.
    pub id: RequestId,
    /// Which centre.
    pub centre: CentreCode,
    /// The station that may ask.
    pub station: StationKey,
    /// Where it listens.
    pub addresses: Vec<String>,
    /// Who invited.
    pub by: OperatorName,
    /// It may ask until then.
    pub until: Time,
}

/// A record about the federation.
#[derive(Debug, Clone)]
pub enum CharterWrite {
    /// A version was adopted. Refused when it is not the next.
    Link(LinkRow),
    /// Our own copy of an epoch: bytes of an [`crate::charter::EpochCopy`]. The first one stands.
    Copy {
        /// Which epoch.
        epoch: u64,
        /// The copy.
        copy: Vec<u8>,
    },
    /// Two valid successors of one version: the other link, kept as proof. The first one stands.
    Frozen(LinkRow),
    /// The first of our two people has answered a proposal; in place of what was said before.
    Deed(DeedRow),
    /// What the first said is of no account any more.
    DeedDone {
        /// The version.
        version: u64,
        /// The proposal.
        digest: Digest,
    },
    /// A candidate was invited.
    Invited(InviteRow),
    /// An invitation is over.
    InviteOver(RequestId),
}

/// Reads about the federation.
pub trait Charters {
    /// Versions behind `after`, in order, at most `limit`.
    fn charter_links(&self, after: u64, limit: usize) -> Result<Vec<LinkRow>, ShelfError>;
    /// Rows about a version, by author and then in the order of their journals, at most `limit` of each author.
    fn votes(&self, version: u64, limit: usize) -> Result<Vec<VoteRecord>, ShelfError>;
    /// Our own copy of an epoch.
    fn epoch_copy(&self, epoch: u64) -> Result<Option<Vec<u8>>, ShelfError>;
    /// The second valid successor of some version, if there is one.
    fn charter_frozen(&self) -> Result<Option<LinkRow>, ShelfError>;
    /// What the first of our two people has said about a version's proposals.
    fn deeds(&self, version: u64) -> Result<Vec<DeedRow>, ShelfError>;
    /// Every invitation, in order of the centres' codes.
    fn invites(&self) -> Result<Vec<InviteRow>, ShelfError>;
}
