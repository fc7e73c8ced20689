//! The enrolment card: the public keys a holder made for one certificate of one centre, with proof that the holder has the secret ones.

use minicbor::Encode;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use super::wallet::{KeyState, Wallet};
use crate::certificate::HolderKeys;
use crate::error::{Refusal, RefusalCode};
use crate::names::CentreCode;
use crate::seal::SUITE;
use crate::seal::hpke::SealingKey;
use crate::seal::hybrid::HybridKey;
use crate::sign::{Context, PublicKey, SecretKey, Signature};
use crate::time::{CLOCK_TOLERANCE_MS, DAY_MS, Time};
use crate::wire;

/// Most bytes of a card.
pub const MAX_CARD_BYTES: usize = 4 * 1024;
/// How long a card may be used, in milliseconds.
pub const CARD_VALIDITY_MS: i64 = 30 * DAY_MS;

/// An enrolment card that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderCard {
    /// The centre it was made for.
    pub centre: CentreCode,
    /// The holder's keys.
    pub keys: HolderKeys,
    /// When it was made.
    pub created: Time,
}

/// The card as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    suite: String,
    centre: CentreCode,
    signing: PublicKey,
    sealing: SealingKey,
    hybrid: HybridKey,
    created: Time,
    signature: String,
}

/// What the signature is over.
#[derive(Encode)]
#[cbor(map)]
struct Signed<'a> {
    #[n(0)]
    suite: &'a str,
    #[n(1)]
    centre: &'a CentreCode,
    #[n(2)]
    signing: PublicKey,
    #[n(3)]
    sealing: SealingKey,
    #[n(4)]
    hybrid: &'a HybridKey,
    #[n(5)]
    created: Time,
}

impl HolderCard {
    fn signed(&self) -> Vec<u8> {
        let HolderCard { centre, keys, created } = self;
        let HolderKeys { signing, sealing, hybrid } = keys;
        wire::encode(&Signed { suite: SUITE, centre, signing: *signing, sealing: *sealing, hybrid, created: *created })
    }

    /// Writes the card, signed by its own signing key.
    ///
    /// # Errors
    /// `card-invalid` when `secret` is not the card's key.
    pub fn to_text(&self, secret: &SecretKey) -> Result<String, Refusal> {
        if secret.public() != self.keys.signing {
            return Err(RefusalCode::CardInvalid.into());
        }
        let signature = hex::encode(secret.sign(Context::HolderCard, &self.signed()).0);
        let text = Text {
            suite: SUITE.to_owned(),
            centre: self.centre.clone(),
            signing: self.keys.signing,
            sealing: self.keys.sealing,
            hybrid: self.keys.hybrid.clone(),
            created: self.created,
            signature,
        };
        serde_json::to_string_pretty(&text).map_err(|_| RefusalCode::CardInvalid.into())
    }

    /// Reads a card handed to `centre` at `now`.
    ///
    /// # Errors
    /// `card-invalid`: with the other centre's code when it was made for another, with `expired` or `not-yet-valid` for its age, without
    /// detail when it is not a card or its signature does not verify.
    pub fn parse(text: &str, centre: &CentreCode, now: Time) -> Result<Self, Refusal> {
        let invalid = || Refusal::new(RefusalCode::CardInvalid);
        if text.len() > MAX_CARD_BYTES {
            return Err(invalid());
        }
        let text: Text = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|_| invalid())?;
        if text.suite != SUITE {
            return Err(Refusal::about(RefusalCode::Unsupported, "suite"));
        }
        let mut signature = [0; 64];
        hex::decode_to_slice(&text.signature, &mut signature).map_err(|_| invalid())?;
        let keys = HolderKeys { signing: text.signing, sealing: text.sealing, hybrid: text.hybrid };
        let card = Self { centre: text.centre, keys, created: text.created };
        card.keys.signing.verify(Context::HolderCard, &card.signed(), &Signature(signature)).map_err(|_| invalid())?;
        if card.centre != *centre {
            return Err(Refusal::about(RefusalCode::CardInvalid, card.centre.as_str()));
        }
        if now.since(card.created) > CARD_VALIDITY_MS {
            return Err(Refusal::about(RefusalCode::CardInvalid, "expired"));
        }
        if now.since(card.created) < -CLOCK_TOLERANCE_MS {
            return Err(Refusal::about(RefusalCode::CardInvalid, "not-yet-valid"));
        }
        Ok(card)
    }
}

/// Makes fresh keys for one certificate of `centre`, keeps them in the wallet and returns the card's text.
///
/// # Errors
/// `ceiling-exceeded` about `keys` when the wallet is full.
pub fn card(rng: &mut dyn CryptoRng, now: Time, wallet: &mut Wallet, centre: &CentreCode) -> Result<String, Refusal> {
    let key = wallet.new_key(rng, now, KeyState::Offered { centre: centre.clone() })?;
    HolderCard { centre: centre.clone(), keys: key.public(), created: now }.to_text(&key.signing)
}
