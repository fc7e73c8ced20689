//! The charter: who is in the federation, with which keys, stations, witnesses, quorum and epoch. Numbered versions; the first is signed
//! by every founder, each later one by a quorum of the one before.
//!
//! The charter is the root of trust of everything else: which key may sign a journal, which station may connect, who may open gossip.
//! A charter that was not verified has the type [`CharterFile`] or [`Draft`]; everything that relies on one asks for a [`Charter`], which
//! only [`CharterFile::verify`] and [`Charter::follow`] make. What must never be here: a network address that is looked up, a journal, a
//! clock; how members come to agree is `node/membership`'s, by the rules of [`vote`].

mod body;
mod card;
mod chain;
mod change;
mod content;
mod epoch;
mod error;
mod file;
mod invitation;
mod link;
mod member;
#[cfg(test)]
mod tests;
pub mod vote;

pub use card::{CardError, CentreCard, CentreKeys, MAX_CARD_BYTES};
pub use chain::Chain;
pub use change::{Change, MAX_CHANGES, renews_epoch, renews_pepper};
pub use content::{EpochMark, GOOD_WITNESSES, MAX_VERSIONS, MAX_WITNESSES, default_quorum, default_settled};
pub use epoch::{EpochCopy, EpochSecrets, MAX_PEPPERS, Pepper};
pub use error::CharterError;
pub use file::{CharterFile, Founding, MAX_CHARTER_BYTES};
pub use invitation::{Door, Invitation, InvitationError, InvitationFile};
pub use link::{Approval, Draft, Link, MAX_LINK_BYTES, ballot};
pub use member::{EndedTerm, Extent, Former, MAX_ENDED_TERMS, Member, Role, Station};

use std::sync::Arc;

use content::Content;

use crate::journal::{Author, Origin};
use crate::names::{CentreCode, Digest, FederationName, StationKey};

/// Most members of a federation, those that have left included: all centres and branches of the country fit.
pub const MAX_MEMBERS: usize = 512;
/// Most stations of one centre.
pub const MAX_STATIONS: usize = 8;
/// Most addresses of one station.
pub const MAX_ADDRESSES: usize = 8;
/// Longest address, in bytes.
pub const MAX_ADDRESS_BYTES: usize = 200;
/// Longest name of a centre, in bytes of UTF-8.
pub const MAX_CENTRE_NAME_BYTES: usize = 120;

/// A centre's place in its federation: the charter, and its own copy of the epoch's secrets, opened. Observers have none.
#[derive(Debug, Clone)]
pub struct Seat {
    /// The charter.
    pub charter: Charter,
    /// Its first version: every other is found again from it.
    pub founding: Arc<Charter>,
    /// The secrets of the newest epoch whose copy is here: the charter's, or one before it while ours has not come.
    pub secrets: Option<EpochSecrets>,
}

impl Seat {
    /// Takes the seat of `centre` in a founding charter, with the copy of its epoch.
    ///
    /// # Errors
    /// [`CharterError`] when the charter does not name exactly these keys for the centre, or its copy does not open with them.
    pub fn take(charter: Charter, centre: &CentreCode, keys: &CentreKeys, copy: Option<&EpochCopy>) -> Result<Self, CharterError> {
        charter.check_own(centre, keys)?;
        let open = |copy| charter.open_epoch(centre, &keys.hybrid, copy).map_err(|_| CharterError::OtherKeys(centre.clone()));
        let secrets = copy.map(open).transpose()?;
        Ok(Self { founding: Arc::new(charter.clone()), charter, secrets })
    }
}

/// A verified charter. Only [`CharterFile::verify`] and [`Charter::follow`] make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charter {
    content: Content,
    /// The digest of every version up to this one, the first one's first.
    digests: Vec<Digest>,
}

impl Charter {
    /// SHA-256 over its deterministic encoding: names this version.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digests.last().copied().unwrap_or(Digest([0; 32]))
    }

    /// The first version's digest: names the federation, however often its charter changes.
    #[must_use]
    pub fn founding(&self) -> Digest {
        self.digests.first().copied().unwrap_or(Digest([0; 32]))
    }

    /// The digest of a version up to this one.
    #[must_use]
    pub fn digest_of(&self, version: u64) -> Option<Digest> {
        self.digests.get(usize::try_from(version.checked_sub(1)?).ok()?).copied()
    }

    /// Its version, from 1.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.content.version
    }

    /// The federation.
    #[must_use]
    pub const fn federation(&self) -> &FederationName {
        &self.content.federation
    }

    /// The current epoch.
    #[must_use]
    pub const fn epoch(&self) -> EpochMark {
        self.content.epoch
    }

    /// Every member, suspended ones and observers too, in order of their codes.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.content.members
    }

    /// Centres that have left, in order of their codes.
    #[must_use]
    pub fn former(&self) -> &[Former] {
        &self.content.former
    }

    /// One member.
    #[must_use]
    pub fn member(&self, centre: &CentreCode) -> Option<&Member> {
        self.content.member(centre)
    }

    /// The members that vote.
    pub fn voters(&self) -> impl Iterator<Item = &Member> {
        self.content.members.iter().filter(|member| member.votes())
    }

    /// How many of them must approve the next version.
    #[must_use]
    pub fn quorum(&self) -> u64 {
        self.content.quorum()
    }

    /// Whether somebody chose that number; otherwise it follows the members.
    #[must_use]
    pub const fn is_quorum_chosen(&self) -> bool {
        self.content.quorum.is_some()
    }

    /// The centres that cosign, in order of their codes.
    #[must_use]
    pub fn witnesses(&self) -> &[CentreCode] {
        &self.content.witnesses
    }

    /// How many witnesses must have cosigned before a row counts as witnessed; of a witness's own journal, the others of them.
    #[must_use]
    pub const fn settled(&self) -> u64 {
        self.content.settled
    }

    /// The member a station belongs to, and the station.
    #[must_use]
    pub fn station(&self, key: &StationKey) -> Option<(&Member, &Station)> {
        self.content.members.iter().find_map(|m| m.stations.iter().find(|s| s.key == *key).map(|s| (m, s)))
    }

    /// Whether a station is one of this centre's that do not write.
    #[must_use]
    pub fn is_second(&self, centre: &CentreCode, key: &StationKey) -> bool {
        self.station(key).is_some_and(|(member, station)| member.centre == *centre && !station.writer)
    }

    /// The origin line of a centre's checkpoints.
    #[must_use]
    pub fn origin(&self, centre: &CentreCode) -> Origin {
        Origin::new(&self.content.federation, centre)
    }

    /// Who writes a centre's journal: its keys of every term, and how far each counts. Of centres that have left, too.
    #[must_use]
    pub fn author(&self, centre: &CentreCode) -> Option<Author> {
        if let Some(member) = self.member(centre) {
            return Some(self.author_of(member));
        }
        let at = self.content.former.binary_search_by(|f| f.centre.cmp(centre)).ok()?;
        self.content.former.get(at).map(|former| Author::of_terms(&self.content.federation, former.centre.clone(), &former.ended, None))
    }

    /// Every author of a journal, those that have left included, in order of their codes. Observers write none.
    pub fn authors(&self) -> impl Iterator<Item = Author> {
        let writes = self.content.members.iter().filter(|member| member.role != Role::Observer || !member.ended.is_empty());
        let former = self.content.former.iter();
        let former = former.map(|f| Author::of_terms(&self.content.federation, f.centre.clone(), &f.ended, None));
        writes.map(|member| self.author_of(member)).chain(former)
    }

    fn author_of(&self, member: &Member) -> Author {
        Author::of_terms(&self.content.federation, member.centre.clone(), &member.ended, Some(member))
    }
}
