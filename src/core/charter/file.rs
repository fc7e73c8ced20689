//! The charter as a file: its deterministic bytes and the founders' signatures over them.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::card::{CentreCard, CentreKeys, check_addresses, check_centre_name, parse_signature};
use super::epoch::{EpochSecrets, open_member};
use super::{Charter, Content, MAX_MEMBERS, MAX_STATIONS, Member, Station};
use crate::names::{CentreCode, Digest, FederationName};
use crate::seal::SUITE;
use crate::sign::{Context, PublicKey};
use crate::wire;

/// Largest charter file, in bytes: 512 members with eight stations each fit.
pub const MAX_CHARTER_BYTES: usize = 4 * 1024 * 1024;
const FILE_FORMAT: &str = "anju-charter-1";

/// Why a charter is not one, or cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CharterError {
    /// Not a charter file.
    #[error("not a charter: {0}")]
    Shape(String),
    /// A rule about what stands in a charter is broken.
    #[error("the charter breaks a rule: {0}")]
    Rule(&'static str),
    /// Two members share something that must be one's own.
    #[error("two members share {0}")]
    Shared(&'static str),
    /// Fewer than two founders, or too many.
    #[error("a federation has 2 to {MAX_MEMBERS} members, and this one {0}")]
    Members(usize),
    /// A founder's signature is missing.
    #[error("not signed yet by {0}")]
    Unsigned(String),
    /// A signature does not verify.
    #[error("the signature of {0} does not verify")]
    Signature(CentreCode),
    /// The centre is not a founder of this charter.
    #[error("{0} is not in this charter")]
    NotAMember(CentreCode),
    /// The charter names other keys for the centre than it holds.
    #[error("the charter has other keys for {0} than this data folder")]
    OtherKeys(CentreCode),
    /// A sealing key that nothing can be sealed to.
    #[error("nothing can be sealed to the key of {0}")]
    Unsealable(CentreCode),
}

/// A charter file: not yet verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CharterFile {
    format: String,
    /// The charter's deterministic CBOR, in base64.
    charter: String,
    /// Founder → Ed25519 signature in hex.
    signatures: BTreeMap<CentreCode, String>,
}

impl CharterFile {
    /// Makes the founding charter from the founders' cards, with fresh epoch secrets that only they can open. Nobody has signed it yet.
    ///
    /// # Errors
    /// [`CharterError`] when there are too few or too many founders, or two of them share a code, key or station.
    pub fn found(rng: &mut dyn CryptoRng, federation: FederationName, cards: &[CentreCard]) -> Result<Self, CharterError> {
        let secrets = EpochSecrets::random(rng);
        let mut cards: Vec<&CentreCard> = cards.iter().collect();
        cards.sort_by(|a, b| a.centre.cmp(&b.centre));
        let mut members = Vec::with_capacity(cards.len());
        for card in cards {
            let epoch = secrets
                .seal_to(rng, &federation, 1, &card.centre, &card.sealing)
                .map_err(|_| CharterError::Unsealable(card.centre.clone()))?;
            members.push(Member {
                centre: card.centre.clone(),
                name: card.name.clone(),
                signing: card.signing,
                heartbeat: card.heartbeat,
                sealing: card.sealing,
                stations: vec![Station { key: card.station, addresses: card.addresses.clone(), writer: true }],
                term: 1,
                epoch,
            });
        }
        let quorum = members.len() as u64 / 2 + 1;
        let content = Content {
            suite: SUITE.to_owned(),
            version: 1,
            federation,
            previous: None,
            members,
            witnesses: Vec::new(),
            quorum,
            epoch: 1,
            pepper: 1,
        };
        check(&content)?;
        Ok(Self { format: FILE_FORMAT.to_owned(), charter: STANDARD.encode(wire::encode(&content)), signatures: BTreeMap::new() })
    }

    /// Reads a charter file. Nothing is verified yet.
    ///
    /// # Errors
    /// [`CharterError::Shape`] when it is not one.
    pub fn parse(text: &str) -> Result<Self, CharterError> {
        if text.len() > MAX_CHARTER_BYTES {
            return Err(CharterError::Shape(format!("{} bytes, and at most {MAX_CHARTER_BYTES} are allowed", text.len())));
        }
        let file: Self = serde_json::from_str(text).map_err(|e| CharterError::Shape(e.to_string()))?;
        if file.format != FILE_FORMAT {
            return Err(CharterError::Shape(format!("format is not {FILE_FORMAT}")));
        }
        Ok(file)
    }

    /// The file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// What would be signed, for people to look at before they do: digest, federation, members. Checked for form, not for signatures.
    ///
    /// # Errors
    /// [`CharterError`] when the bytes are not a charter or break a rule.
    pub fn unverified(&self) -> Result<Charter, CharterError> {
        let (content, digest) = self.content()?;
        Ok(Charter { content, digest })
    }

    /// Who has signed so far, whether or not the signatures verify.
    pub fn signed_by(&self) -> impl Iterator<Item = &CentreCode> {
        self.signatures.keys()
    }

    /// Adds this founder's signature, after checking that the charter names this founder's own keys and that the epoch opens.
    ///
    /// # Errors
    /// [`CharterError`] when it does not.
    pub fn sign(&mut self, centre: &CentreCode, keys: &CentreKeys) -> Result<(), CharterError> {
        let (content, digest) = self.content()?;
        own_member(&content, centre, keys)?;
        let signature = keys.signing.sign(Context::Charter, &digest.0);
        self.signatures.insert(centre.clone(), hex::encode(signature.0));
        Ok(())
    }

    /// Takes over signatures that another copy of the same charter has.
    ///
    /// # Errors
    /// [`CharterError::Rule`] when it is another charter.
    pub fn merge(&mut self, other: &Self) -> Result<(), CharterError> {
        if self.charter != other.charter {
            return Err(CharterError::Rule("the copies are of different charters"));
        }
        for (centre, signature) in &other.signatures {
            self.signatures.entry(centre.clone()).or_insert_with(|| signature.clone());
        }
        Ok(())
    }

    /// Verifies that every founder has signed.
    ///
    /// # Errors
    /// [`CharterError`] naming who has not signed, or whose signature does not verify.
    pub fn verify(&self) -> Result<Charter, CharterError> {
        let (content, digest) = self.content()?;
        let missing: Vec<_> =
            content.members.iter().filter(|m| !self.signatures.contains_key(&m.centre)).map(|m| m.centre.as_str()).collect();
        if !missing.is_empty() {
            return Err(CharterError::Unsigned(missing.join(", ")));
        }
        for (centre, signature) in &self.signatures {
            let member = content.members.iter().find(|m| m.centre == *centre).ok_or_else(|| CharterError::NotAMember(centre.clone()))?;
            let bad = || CharterError::Signature(centre.clone());
            let signature = parse_signature(signature).ok_or_else(bad)?;
            member.signing.verify(Context::Charter, &digest.0, &signature).map_err(|_| bad())?;
        }
        Ok(Charter { content, digest })
    }

    fn content(&self) -> Result<(Content, Digest), CharterError> {
        let bytes = STANDARD.decode(&self.charter).map_err(|_| CharterError::Shape("not base64".to_owned()))?;
        let content: Content = wire::decode(&bytes, MAX_CHARTER_BYTES).map_err(|e| CharterError::Shape(e.to_string()))?;
        check(&content)?;
        Ok((content, Digest(Sha256::digest(&bytes).into())))
    }
}

impl Charter {
    /// Checks that this charter names exactly the keys that this centre holds.
    ///
    /// # Errors
    /// [`CharterError::NotAMember`] or [`CharterError::OtherKeys`].
    pub fn check_own(&self, centre: &CentreCode, keys: &CentreKeys) -> Result<(), CharterError> {
        own_member(&self.content, centre, keys)
    }
}

fn own_member(content: &Content, centre: &CentreCode, keys: &CentreKeys) -> Result<(), CharterError> {
    let member = content.members.iter().find(|m| m.centre == *centre).ok_or_else(|| CharterError::NotAMember(centre.clone()))?;
    let same = member.signing == keys.signing.public()
        && member.heartbeat == keys.heartbeat.public()
        && member.sealing == keys.sealing.public()
        && member.stations.iter().any(|s| s.key == keys.station_key())
        && open_member(content, member, &keys.sealing).is_ok();
    if same { Ok(()) } else { Err(CharterError::OtherKeys(centre.clone())) }
}

/// Every rule about what may stand in a founding charter.
fn check(content: &Content) -> Result<(), CharterError> {
    let rule = |holds: bool, what| if holds { Ok(()) } else { Err(CharterError::Rule(what)) };
    rule(content.suite == SUITE, "unknown suite")?;
    rule(content.version == 1 && content.previous.is_none() && content.epoch == 1 && content.pepper == 1, "not a founding charter")?;
    rule(content.witnesses.is_empty(), "a founding charter names no witnesses")?;
    if content.members.len() < 2 || content.members.len() > MAX_MEMBERS {
        return Err(CharterError::Members(content.members.len()));
    }
    rule(content.quorum == content.members.len() as u64 / 2 + 1, "the quorum is not more than half of the members")?;
    if !content.members.windows(2).all(|w| w[0].centre < w[1].centre) {
        return Err(CharterError::Shared("a centre code, or the members are not in order"));
    }
    let mut keys = BTreeSet::new();
    for member in &content.members {
        rule(check_centre_name(&member.name), "a centre's name")?;
        rule(member.term == 1, "a founding term is 1")?;
        rule(!member.stations.is_empty() && member.stations.len() <= MAX_STATIONS, "the number of stations of a centre")?;
        rule(member.stations.iter().filter(|s| s.writer).count() == 1, "exactly one station of a centre writes")?;
        rule(member.stations.iter().all(|s| check_addresses(&s.addresses)), "a station's addresses")?;
        let stations = member.stations.iter().map(|s| PublicKey(s.key.0));
        for key in [member.signing, member.heartbeat, PublicKey(member.sealing.0)].into_iter().chain(stations) {
            if !keys.insert(key) {
                return Err(CharterError::Shared("a key"));
            }
        }
    }
    Ok(())
}
