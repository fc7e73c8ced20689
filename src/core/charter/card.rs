//! A centre's public card: what it hands to the others before a federation is founded. Signed by the centre's key and by the
//! station's, so that nobody can enter somebody else's key under their own name.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::{MAX_ADDRESS_BYTES, MAX_ADDRESSES, MAX_CENTRE_NAME_BYTES};
use crate::names::{CentreCode, Digest, StationKey};
use crate::seal::hpke::{OpeningKey, SealingKey};
use crate::seal::hybrid::{HybridKey, HybridOpeningKey};
use crate::seal::{Key, SUITE};
use crate::sign::{Context, PublicKey, SecretKey, Signature};
use crate::wire;

/// Largest card file, in bytes.
pub const MAX_CARD_BYTES: usize = 12 * 1024;

/// Why a card is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// Not a card file.
    #[error("not a centre card: {0}")]
    Shape(String),
    /// A name or address that may not stand in a charter.
    #[error("the card of {centre} has a bad {what}")]
    Bad {
        /// Whose card.
        centre: CentreCode,
        /// What is bad.
        what: &'static str,
    },
    /// Altered, or not made by the holder of the keys it names.
    #[error("the signatures on the card of {0} do not verify")]
    Signature(CentreCode),
}

/// A centre's secret keys.
#[derive(Debug, Clone)]
pub struct CentreKeys {
    /// Signs checkpoints and certificates.
    pub signing: SecretKey,
    /// Signs heartbeats.
    pub heartbeat: SecretKey,
    /// Opens what is sealed to the centre and worthless soon: grants, questions and replies, accesses.
    pub sealing: OpeningKey,
    /// Opens what is sealed to the centre and must stay closed for years.
    pub hybrid: HybridOpeningKey,
    /// The station's libp2p key.
    pub station: SecretKey,
}

impl CentreKeys {
    /// Fresh keys.
    pub fn random(rng: &mut dyn rand_core::CryptoRng) -> Self {
        Self {
            signing: SecretKey::random(rng),
            heartbeat: SecretKey::random(rng),
            sealing: OpeningKey::random(rng),
            hybrid: HybridOpeningKey::random(rng),
            station: SecretKey::random(rng),
        }
    }

    /// Opens from now on, with these, what is sealed to `coming` too: keys that the charter does not name here yet, and perhaps elsewhere.
    pub fn opens_also(&mut self, coming: &Self) {
        let (sealing, hybrid) = (coming.sealing.expose(), coming.hybrid.expose());
        let all = |key: &Key, present: &Key, former: &[Key]| {
            let known = [present].into_iter().chain(former).any(|known| known.expose() == key.expose());
            (!known).then(|| [key.clone()].into_iter().chain(former.iter().cloned()).collect::<Vec<_>>())
        };
        if let Some(all) = all(sealing, self.sealing.expose(), self.sealing.former()) {
            self.sealing = self.sealing.clone().after(all);
        }
        if let Some(all) = all(hybrid, self.hybrid.expose(), self.hybrid.former()) {
            self.hybrid = self.hybrid.clone().after(all);
        }
    }

    /// The public name of the station.
    #[must_use]
    pub fn station_key(&self) -> StationKey {
        StationKey(self.station.public().0)
    }
}

/// A centre's public card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
#[cbor(map)]
pub struct CentreCard {
    /// [`SUITE`].
    #[n(0)]
    pub suite: String,
    /// The centre's code.
    #[n(1)]
    pub centre: CentreCode,
    /// Its name, for people.
    #[n(2)]
    pub name: String,
    /// Signs its checkpoints and certificates.
    #[n(3)]
    pub signing: PublicKey,
    /// Signs its heartbeats.
    #[n(4)]
    pub heartbeat: PublicKey,
    /// Things for it that are worthless soon are sealed to this key.
    #[n(5)]
    pub sealing: SealingKey,
    /// Things for it that must stay closed for years are sealed to this key.
    #[n(6)]
    pub hybrid: HybridKey,
    /// Its station's key.
    #[n(7)]
    pub station: StationKey,
    /// Where the station listens, as multiaddresses.
    #[n(8)]
    pub addresses: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignedCard {
    card: CentreCard,
    /// By the signing key, in hex.
    signature: String,
    /// By the station's key, in hex.
    station_signature: String,
}

impl CentreCard {
    /// The card of `keys`.
    #[must_use]
    pub fn new(centre: CentreCode, name: String, addresses: Vec<String>, keys: &CentreKeys) -> Self {
        Self {
            suite: SUITE.to_owned(),
            centre,
            name,
            signing: keys.signing.public(),
            heartbeat: keys.heartbeat.public(),
            sealing: keys.sealing.public(),
            hybrid: keys.hybrid.public(),
            station: keys.station_key(),
            addresses,
        }
    }

    /// What people compare by voice: SHA-256 of the card's deterministic bytes.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        crate::journal::hash::sha256(&wire::encode(self))
    }

    /// The card file's text: JSON with both signatures.
    #[must_use]
    pub fn to_signed_text(&self, keys: &CentreKeys) -> String {
        let bytes = wire::encode(self);
        let signed = SignedCard {
            card: self.clone(),
            signature: hex::encode(keys.signing.sign(Context::Card, &bytes).0),
            station_signature: hex::encode(keys.station.sign(Context::CardStation, &bytes).0),
        };
        serde_json::to_string_pretty(&signed).unwrap_or_default() + "\n"
    }

    /// Reads a card file and verifies both signatures.
    ///
    /// # Errors
    /// [`CardError`] when it is not a card, holds a bad name or address, or a signature does not verify.
    pub fn parse(text: &str) -> Result<Self, CardError> {
        if text.len() > MAX_CARD_BYTES {
            return Err(CardError::Shape(format!("{} bytes, and at most {MAX_CARD_BYTES} are allowed", text.len())));
        }
        let signed: SignedCard = serde_json::from_str(text).map_err(|e| CardError::Shape(e.to_string()))?;
        let card = signed.card;
        card.check()?;
        let bytes = wire::encode(&card);
        let bad = || CardError::Signature(card.centre.clone());
        let signature = parse_signature(&signed.signature).ok_or_else(bad)?;
        card.signing.verify(Context::Card, &bytes, &signature).map_err(|_| bad())?;
        let signature = parse_signature(&signed.station_signature).ok_or_else(bad)?;
        PublicKey(card.station.0).verify(Context::CardStation, &bytes, &signature).map_err(|_| bad())?;
        Ok(card)
    }

    pub(super) fn check(&self) -> Result<(), CardError> {
        let bad = |what| CardError::Bad { centre: self.centre.clone(), what };
        if self.suite != SUITE {
            return Err(bad("suite"));
        }
        check_centre_name(&self.name).then_some(()).ok_or_else(|| bad("name"))?;
        check_addresses(&self.addresses).then_some(()).ok_or_else(|| bad("address"))
    }
}

pub(super) fn parse_signature(text: &str) -> Option<Signature> {
    let mut bytes = [0; 64];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(Signature(bytes))
}

/// A name is shown on screens: no control characters, no invisible ones that turn text around.
pub(super) fn check_centre_name(name: &str) -> bool {
    let hidden = |c: char| c.is_control() || turns_text(c);
    !name.trim().is_empty() && name.len() <= MAX_CENTRE_NAME_BYTES && !name.chars().any(hidden)
}

/// Whether a character hides, turns or piles up on others.
pub(super) const fn turns_text(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{300}'..='\u{36f}')
}

pub(super) fn check_addresses(addresses: &[String]) -> bool {
    let good = |a: &String| a.starts_with('/') && a.len() <= MAX_ADDRESS_BYTES && a.bytes().all(|b| b.is_ascii_graphic());
    !addresses.is_empty() && addresses.len() <= MAX_ADDRESSES && addresses.iter().all(good)
}
