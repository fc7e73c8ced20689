//! The secrets every member of an epoch shares: the key that seals gossip, and the peppers that subject tokens are made with.
//!
//! Whoever proposes a version that renews the epoch draws them, seals a copy to every member and puts a commitment to them into the
//! charter. A member that approves says that its own copy opened to that commitment, so a proposer cannot give different members
//! different secrets and have all of them approve. What must never be here: how copies travel.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::content::{Content, EpochMark};
use super::{Charter, CharterError, Member};
use crate::names::{CentreCode, Digest, FederationName};
use crate::seal::hybrid::{self, HybridKey, HybridOpeningKey, HybridSealed};
use crate::seal::{Key, Purpose, Unopened};

/// Most peppers in an epoch, the newest and those before it that listings may still stand under.
pub const MAX_PEPPERS: usize = 8;
/// What the commitment to an epoch's secrets begins with.
const COMMITMENT_LABEL: &str = "anju/v1/epoch-commitment";

/// One version of the secret that subject tokens are made with.
#[derive(Debug, Clone)]
pub struct Pepper {
    /// Its version, from 1.
    pub version: u64,
    /// The secret.
    pub key: Key,
}

/// What is sealed to every member. Wiped when dropped, never printed.
#[derive(Debug, Clone)]
pub struct EpochSecrets {
    /// The epoch's number.
    pub number: u64,
    /// Seals announcements.
    pub gossip: Key,
    /// Make subject tokens; oldest first, the last one is the newest.
    peppers: Vec<Pepper>,
}

/// A copy of an epoch's secrets, sealed to one member.
pub type EpochCopy = HybridSealed;

#[derive(Encode, Decode)]
#[cbor(map)]
struct Plain {
    #[cbor(n(0), with = "minicbor::bytes")]
    gossip: [u8; 32],
    #[n(1)]
    peppers: Vec<PlainPepper>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct PlainPepper {
    #[n(0)]
    version: u64,
    #[cbor(n(1), with = "minicbor::bytes")]
    key: [u8; 32],
}

impl EpochSecrets {
    /// The first epoch's.
    pub fn founding(rng: &mut dyn CryptoRng) -> Self {
        Self { number: 1, gossip: Key::random(rng), peppers: vec![Pepper { version: 1, key: Key::random(rng) }] }
    }

    /// The next epoch's: another key, and one pepper more if that is asked for. The oldest pepper goes when there are too many.
    #[must_use]
    pub fn next(&self, rng: &mut dyn CryptoRng, new_pepper: bool) -> Self {
        let mut peppers = self.peppers.clone();
        if new_pepper {
            let version = peppers.last().map_or(1, |pepper| pepper.version + 1);
            peppers.push(Pepper { version, key: Key::random(rng) });
            if peppers.len() > MAX_PEPPERS {
                peppers.remove(0);
            }
        }
        Self { number: self.number + 1, gossip: Key::random(rng), peppers }
    }

    /// Its peppers, oldest first.
    #[must_use]
    pub fn peppers(&self) -> &[Pepper] {
        &self.peppers
    }

    /// The newest pepper: what is made new is made with it.
    #[must_use]
    pub fn pepper(&self) -> Option<&Pepper> {
        self.peppers.last()
    }

    /// Whether these are what may follow `before`: the peppers of before unchanged, one more only if `new_pepper`.
    #[must_use]
    pub fn follows(&self, before: &Self, new_pepper: bool) -> bool {
        let mut expected: Vec<(u64, &[u8; 32])> = before.peppers.iter().map(|p| (p.version, p.key.expose())).collect();
        let newest = self.peppers.last().map(|p| (p.version, p.key.expose()));
        let next = before.peppers.last().map_or(1, |p| p.version + 1);
        if new_pepper {
            expected.extend(newest.filter(|(version, _)| *version == next));
            if expected.len() > MAX_PEPPERS {
                expected.remove(0);
            }
        }
        let grown = !new_pepper || newest.is_some_and(|(version, _)| version == next);
        let same = self.peppers.iter().map(|p| (p.version, p.key.expose())).eq(expected);
        grown && same && self.number == before.number + 1
    }

    /// SHA-256 over a label, the federation, the epoch's number and the secrets: says nothing of them, and fits no others.
    #[must_use]
    pub fn commitment(&self, federation: &FederationName) -> Digest {
        let mut bytes = Zeroizing::new(COMMITMENT_LABEL.as_bytes().to_vec());
        for part in [federation.as_str().as_bytes(), &self.number.to_be_bytes(), &self.plain()] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        crate::journal::hash::sha256(&bytes)
    }

    /// What a charter says of them.
    #[must_use]
    pub fn mark(&self, federation: &FederationName) -> EpochMark {
        let pepper = self.pepper().map_or(0, |pepper| pepper.version);
        EpochMark { number: self.number, pepper, commitment: self.commitment(federation) }
    }

    /// The copy of `member`.
    ///
    /// # Errors
    /// [`CharterError::Unsealable`] when nothing can be sealed to its key.
    pub fn copy_for(&self, rng: &mut dyn CryptoRng, federation: &FederationName, member: &Member) -> Result<EpochCopy, CharterError> {
        self.copy_for_station(rng, federation, &member.centre, &member.hybrid)
    }

    /// A copy for another station of a member, sealed to that station's own key.
    ///
    /// # Errors
    /// [`CharterError::Unsealable`] when nothing can be sealed to it.
    pub fn copy_for_station(
        &self,
        rng: &mut dyn CryptoRng,
        federation: &FederationName,
        centre: &CentreCode,
        station: &HybridKey,
    ) -> Result<EpochCopy, CharterError> {
        hybrid::seal(rng, station, Purpose::Epoch, &bound_to(federation, self.number, centre), &self.plain())
            .map_err(|_| CharterError::Unsealable(centre.clone()))
    }

    fn plain(&self) -> Zeroizing<Vec<u8>> {
        let peppers = self.peppers.iter().map(|p| PlainPepper { version: p.version, key: *p.key.expose() }).collect();
        Zeroizing::new(minicbor::to_vec(Plain { gossip: *self.gossip.expose(), peppers }).unwrap_or_default())
    }

    fn of_plain(number: u64, bytes: &[u8]) -> Option<Self> {
        let plain: Plain = minicbor::decode(bytes).ok()?;
        let numbered = plain.peppers.windows(2).all(|pair| pair[0].version.checked_add(1) == Some(pair[1].version));
        if !numbered || plain.peppers.is_empty() || plain.peppers.len() > MAX_PEPPERS {
            return None;
        }
        let peppers = plain.peppers.iter().map(|p| Pepper { version: p.version, key: Key::from_bytes(p.key) }).collect();
        Some(Self { number, gossip: Key::from_bytes(plain.gossip), peppers })
    }
}

/// What an epoch's secrets are sealed together with: they open for this federation, epoch and member only.
fn bound_to(federation: &FederationName, epoch: u64, centre: &CentreCode) -> Vec<u8> {
    format!("{federation}/{epoch}/{centre}").into_bytes()
}

impl Charter {
    /// Opens a centre's copy of this charter's epoch with its key.
    ///
    /// # Errors
    /// [`Unopened`] when it does not open, or opens to something else than the charter's members voted on.
    pub fn open_epoch(&self, centre: &CentreCode, key: &HybridOpeningKey, copy: &EpochCopy) -> Result<EpochSecrets, Unopened> {
        open(&self.content, centre, key, copy)
    }
}

pub(super) fn open(content: &Content, centre: &CentreCode, key: &HybridOpeningKey, copy: &EpochCopy) -> Result<EpochSecrets, Unopened> {
    let plain = hybrid::open(key, Purpose::Epoch, &bound_to(&content.federation, content.epoch.number, centre), copy)?;
    let secrets = EpochSecrets::of_plain(content.epoch.number, &plain).ok_or(Unopened)?;
    if secrets.mark(&content.federation) == content.epoch { Ok(secrets) } else { Err(Unopened) }
}
