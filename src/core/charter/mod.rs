//! The charter: who is in the federation, with which keys, stations and parameters. Numbered versions; version 1 is signed by every
//! founder.
//!
//! The charter is the root of trust of everything else: which key may sign a journal, which station may connect, who may open gossip.
//! A charter that was not verified has the type [`CharterFile`]; everything that relies on one asks for a [`Charter`], which only
//! [`CharterFile::verify`] makes. What must never be here: a network address that is looked up, a statement, a vote (later versions are
//! `node/membership`'s).

mod card;
mod epoch;
mod file;
#[cfg(test)]
mod tests;

pub use card::{CardError, CentreCard, CentreKeys, MAX_CARD_BYTES};
pub use epoch::EpochSecrets;
pub use file::{CharterError, CharterFile, MAX_CHARTER_BYTES};

use minicbor::{Decode, Encode};

use crate::journal::Origin;
use crate::names::{CentreCode, Digest, FederationName, StationKey};
use crate::seal::hpke::{Sealed, SealingKey};
use crate::sign::PublicKey;

/// Most members of a federation: all centres and branches of the country fit.
pub const MAX_MEMBERS: usize = 512;
/// Most stations of one centre.
pub const MAX_STATIONS: usize = 8;
/// Most addresses of one station.
pub const MAX_ADDRESSES: usize = 8;
/// Longest address, in bytes.
pub const MAX_ADDRESS_BYTES: usize = 200;
/// Longest name of a centre, in bytes of UTF-8.
pub const MAX_CENTRE_NAME_BYTES: usize = 120;

/// One running peer of a centre.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Station {
    /// Its libp2p key.
    #[n(0)]
    pub key: StationKey,
    /// Where it listens, as multiaddresses.
    #[n(1)]
    pub addresses: Vec<String>,
    /// Whether it is the one that writes the centre's journal in this term.
    #[n(2)]
    pub writer: bool,
}

/// One centre.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Member {
    /// Its code.
    #[n(0)]
    pub centre: CentreCode,
    /// Its name, for people.
    #[n(1)]
    pub name: String,
    /// Signs its checkpoints and certificates.
    #[n(2)]
    pub signing: PublicKey,
    /// Signs its heartbeats.
    #[n(3)]
    pub heartbeat: PublicKey,
    /// Things for it are sealed to this key.
    #[n(4)]
    pub sealing: SealingKey,
    /// Its stations; exactly one writes.
    #[n(5)]
    pub stations: Vec<Station>,
    /// The term of the signing key, from 1.
    #[n(6)]
    pub term: u64,
    /// The epoch's secrets, sealed to `sealing`.
    #[n(7)]
    pub epoch: Sealed,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Content {
    #[n(0)]
    suite: String,
    #[n(1)]
    version: u64,
    #[n(2)]
    federation: FederationName,
    /// Digest of the version before; absent in the founding one.
    #[n(3)]
    previous: Option<Digest>,
    /// In order of their codes.
    #[n(4)]
    members: Vec<Member>,
    /// Centres that cosign; empty until the federation chooses some.
    #[n(5)]
    witnesses: Vec<CentreCode>,
    /// How many members must sign the next version.
    #[n(6)]
    quorum: u64,
    /// Number of the epoch whose secrets are sealed to the members.
    #[n(7)]
    epoch: u64,
    /// Version of the pepper inside the epoch's secrets.
    #[n(8)]
    pepper: u64,
}

/// A verified charter. Only [`CharterFile::verify`] makes one.
#[derive(Debug, Clone)]
pub struct Charter {
    content: Content,
    digest: Digest,
}

impl Charter {
    /// SHA-256 over its deterministic encoding: peers compare it before they exchange anything.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
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

    /// Number of the current epoch.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.content.epoch
    }

    /// Version of the pepper in the epoch's secrets.
    #[must_use]
    pub const fn pepper(&self) -> u64 {
        self.content.pepper
    }

    /// Every member, in order of their codes.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.content.members
    }

    /// One member.
    #[must_use]
    pub fn member(&self, centre: &CentreCode) -> Option<&Member> {
        let at = self.content.members.binary_search_by(|m| m.centre.cmp(centre)).ok()?;
        self.content.members.get(at)
    }

    /// The member a station belongs to, and the station.
    #[must_use]
    pub fn station(&self, key: &StationKey) -> Option<(&Member, &Station)> {
        self.content.members.iter().find_map(|m| m.stations.iter().find(|s| s.key == *key).map(|s| (m, s)))
    }

    /// The origin line of a centre's checkpoints.
    #[must_use]
    pub fn origin(&self, centre: &CentreCode) -> Origin {
        Origin::new(&self.content.federation, centre)
    }
}
