//! The secrets every member of an epoch shares: the key that seals gossip, and the pepper that subject tokens are made with.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{Charter, Content, Member};
use crate::names::{CentreCode, FederationName};
use crate::seal::hpke::{OpeningKey, Sealed, SealingKey};
use crate::seal::{Key, Purpose, Unopened, hpke};

/// What is sealed to every member. Wiped when dropped, never printed.
#[derive(Debug, Clone)]
pub struct EpochSecrets {
    /// Seals announcements.
    pub gossip: Key,
    /// Makes subject tokens; versioned apart from the epoch.
    pub pepper: Key,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Plain {
    #[cbor(n(0), with = "minicbor::bytes")]
    gossip: [u8; 32],
    #[cbor(n(1), with = "minicbor::bytes")]
    pepper: [u8; 32],
}

impl EpochSecrets {
    /// Fresh secrets.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        Self { gossip: Key::random(rng), pepper: Key::random(rng) }
    }

    pub(super) fn seal_to(
        &self,
        rng: &mut dyn CryptoRng,
        federation: &FederationName,
        epoch: u64,
        centre: &CentreCode,
        to: &SealingKey,
    ) -> Result<Sealed, Unopened> {
        let plain = Plain { gossip: *self.gossip.expose(), pepper: *self.pepper.expose() };
        let plain = Zeroizing::new(minicbor::to_vec(plain).map_err(|_| Unopened)?);
        hpke::seal(rng, to, Purpose::Epoch, &bound_to(federation, epoch, centre), &plain)
    }
}

/// What an epoch's secrets are sealed together with: they open for this federation, epoch and member only.
fn bound_to(federation: &FederationName, epoch: u64, centre: &CentreCode) -> Vec<u8> {
    format!("{federation}/{epoch}/{centre}").into_bytes()
}

impl Charter {
    /// Opens the epoch's secrets with this centre's key.
    ///
    /// # Errors
    /// [`Unopened`] when the centre is not a member or the key is not the one its secrets were sealed to.
    pub fn open_epoch(&self, centre: &CentreCode, key: &OpeningKey) -> Result<EpochSecrets, Unopened> {
        let member = self.member(centre).ok_or(Unopened)?;
        open_member(&self.content, member, key)
    }
}

pub(super) fn open_member(content: &Content, member: &Member, key: &OpeningKey) -> Result<EpochSecrets, Unopened> {
    let plain = hpke::open(key, Purpose::Epoch, &bound_to(&content.federation, content.epoch, &member.centre), &member.epoch)?;
    let plain: Plain = minicbor::decode(&plain).map_err(|_| Unopened)?;
    Ok(EpochSecrets { gossip: Key::from_bytes(plain.gossip), pepper: Key::from_bytes(plain.pepper) })
}
