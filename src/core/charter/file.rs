//! The charter as a file: the founding version's deterministic bytes, the founders' signatures over them, their copies of the first
//! epoch, and the links to the newest version.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::card::{CentreCard, CentreKeys, parse_signature};
use super::content::{Content, MAX_VERSIONS, MAX_WITNESSES, default_settled};
use super::epoch::{self, EpochCopy, EpochSecrets};
use super::link::{Link, MAX_LINK_BYTES};
use super::member::{Member, Role};
use super::{Charter, CharterError, Seat};
use crate::names::{CentreCode, Digest, FederationName};
use crate::seal::SUITE;
use crate::sign::{Context, Signature};
use crate::wire;

/// Largest charter file, in bytes: 512 founders, and a thousand changes.
pub const MAX_CHARTER_BYTES: usize = 32 * 1024 * 1024;
/// Largest founding charter, in bytes: 512 members with eight stations each fit.
pub const MAX_CONTENT_BYTES: usize = 4 * 1024 * 1024;
const FILE_FORMAT: &str = "anju-charter-1";

/// A charter file: not yet verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CharterFile {
    format: String,
    /// The founding charter's deterministic CBOR, in base64.
    charter: String,
    /// Founder → Ed25519 signature in hex.
    signatures: BTreeMap<CentreCode, String>,
    /// Founder → copy of the first epoch's secrets, CBOR in base64. Nobody signs these: the charter commits to what is in them.
    epoch: BTreeMap<CentreCode, String>,
    /// The versions behind it, each a link's CBOR in base64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<String>,
}

/// What founders may choose.
#[derive(Debug, Clone, Default)]
pub struct Founding {
    /// How many must approve the next version; the default when it is not said.
    pub quorum: Option<u64>,
    /// Who cosigns; when it is not said, every founder, and of more than nine the nine with the lowest codes.
    pub witnesses: Option<Vec<CentreCode>>,
}

impl CharterFile {
    /// Makes the founding charter from the founders' cards, with fresh epoch secrets that only they can open. Nobody has signed it yet.
    ///
    /// # Errors
    /// [`CharterError`] when there are too few or too many founders, two of them share a code, key or station, or a choice breaks a rule.
    pub fn found(
        rng: &mut dyn CryptoRng,
        federation: FederationName,
        cards: &[CentreCard],
        choice: &Founding,
    ) -> Result<Self, CharterError> {
        let mut members: Vec<Member> = cards.iter().map(|card| Member::of_card(card, Role::Member)).collect();
        members.sort_by(|a, b| a.centre.cmp(&b.centre));
        let secrets = EpochSecrets::founding(rng);
        let mut copies = BTreeMap::new();
        for member in &members {
            let copy = secrets.copy_for(rng, &federation, member)?;
            copies.insert(member.centre.clone(), STANDARD.encode(wire::encode(&copy)));
        }
        let everybody = || members.iter().map(|member| member.centre.clone()).take(MAX_WITNESSES).collect();
        let mut witnesses: Vec<CentreCode> = choice.witnesses.clone().unwrap_or_else(everybody);
        witnesses.sort();
        let content = Content {
            suite: SUITE.to_owned(),
            version: 1,
            epoch: secrets.mark(&federation),
            federation,
            previous: None,
            members,
            settled: default_settled(witnesses.len() as u64),
            witnesses,
            quorum: choice.quorum,
            former: Vec::new(),
        };
        content.check()?;
        Ok(Self {
            format: FILE_FORMAT.to_owned(),
            charter: STANDARD.encode(wire::encode(&content)),
            signatures: BTreeMap::new(),
            epoch: copies,
            links: Vec::new(),
        })
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
        if file.links.len() as u64 >= MAX_VERSIONS {
            return Err(CharterError::Shape(format!("{} links, and fewer than {MAX_VERSIONS} are allowed", file.links.len())));
        }
        Ok(file)
    }

    /// The file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The founding version as it would be signed, for people to look at before they do: digest, federation, members. Checked for form,
    /// not for signatures.
    ///
    /// # Errors
    /// [`CharterError`] when the bytes are not a charter or break a rule.
    pub fn unverified(&self) -> Result<Charter, CharterError> {
        let (content, digest) = self.content()?;
        Ok(Charter { content, digests: vec![digest] })
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
        let copy = self.copy_of(centre).ok_or_else(|| CharterError::OtherKeys(centre.clone()))?;
        epoch::open(&content, centre, &keys.hybrid, &copy).map_err(|_| CharterError::OtherKeys(centre.clone()))?;
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

    /// Verifies that every founder has signed the founding version, and that each later one follows.
    ///
    /// # Errors
    /// [`CharterError`] naming who has not signed, whose signature does not verify, or what does not follow.
    pub fn verify(&self) -> Result<Charter, CharterError> {
        let mut charter = self.verify_founding()?;
        for link in self.links() {
            charter = charter.follow(&link?)?;
        }
        Ok(charter)
    }

    /// Verifies that every founder has signed the founding version, and gives that one.
    ///
    /// # Errors
    /// As [`Self::verify`].
    pub fn verify_founding(&self) -> Result<Charter, CharterError> {
        let (bytes, signatures) = self.founding_parts()?;
        founded(&bytes, &signatures)
    }

    /// The founding version's bytes, and its founders' signatures as far as they are here.
    pub(super) fn founding_parts(&self) -> Result<(Vec<u8>, BTreeMap<CentreCode, Signature>), CharterError> {
        let bytes = STANDARD.decode(&self.charter).map_err(|_| CharterError::Shape("not base64".to_owned()))?;
        let read = |(centre, text): (&CentreCode, &String)| match parse_signature(text) {
            Some(signature) => Ok((centre.clone(), signature)),
            None => Err(CharterError::Signature(centre.clone())),
        };
        Ok((bytes, self.signatures.iter().map(read).collect::<Result<_, _>>()?))
    }

    /// A founder's copy of the first epoch's secrets.
    #[must_use]
    pub fn copy_of(&self, centre: &CentreCode) -> Option<EpochCopy> {
        let bytes = STANDARD.decode(self.epoch.get(centre)?).ok()?;
        wire::decode(&bytes, MAX_LINK_BYTES).ok()
    }

    /// A founder's seat under the founding version.
    ///
    /// # Errors
    /// As [`Self::verify_founding`] and [`Seat::take`].
    pub fn founding_seat(&self, centre: &CentreCode, keys: &CentreKeys) -> Result<Seat, CharterError> {
        Seat::take(self.verify_founding()?, centre, keys, self.copy_of(centre).as_ref())
    }

    /// The links behind the founding version.
    pub fn links(&self) -> impl Iterator<Item = Result<Link, CharterError>> {
        self.links.iter().map(|link| {
            let bytes = STANDARD.decode(link).map_err(|_| CharterError::Shape("a link is not base64".to_owned()))?;
            Link::decode(&bytes)
        })
    }

    /// The same federation's file with these links and no others.
    #[must_use]
    pub fn with_links<'a>(&self, links: impl IntoIterator<Item = &'a Link>) -> Self {
        let links = links.into_iter().map(|link| STANDARD.encode(link.to_bytes())).collect();
        Self { links, ..self.clone() }
    }

    fn content(&self) -> Result<(Content, Digest), CharterError> {
        let bytes = STANDARD.decode(&self.charter).map_err(|_| CharterError::Shape("not base64".to_owned()))?;
        founding_content(&bytes)
    }
}

fn founding_content(bytes: &[u8]) -> Result<(Content, Digest), CharterError> {
    let content: Content = wire::decode(bytes, MAX_CONTENT_BYTES).map_err(|e| CharterError::Shape(e.to_string()))?;
    content.check()?;
    content.check_founding()?;
    Ok((content, Digest(Sha256::digest(bytes).into())))
}

/// The charter that these bytes found, if every founder has signed it and nobody else.
pub(super) fn founded(bytes: &[u8], signatures: &BTreeMap<CentreCode, Signature>) -> Result<Charter, CharterError> {
    let (content, digest) = founding_content(bytes)?;
    let missing: Vec<_> = content.members.iter().filter(|m| !signatures.contains_key(&m.centre)).map(|m| m.centre.as_str()).collect();
    if !missing.is_empty() {
        return Err(CharterError::Unsigned(missing.join(", ")));
    }
    for (centre, signature) in signatures {
        let member = content.member(centre).ok_or_else(|| CharterError::NotAMember(centre.clone()))?;
        let verified = member.signing.verify(Context::Charter, &digest.0, signature);
        verified.map_err(|_| CharterError::Signature(centre.clone()))?;
    }
    Ok(Charter { content, digests: vec![digest] })
}

impl Charter {
    /// Checks that this charter names exactly the keys that this centre holds. Of a station that does not write it names that one key: its
    /// others may follow the centre's present ones.
    ///
    /// # Errors
    /// [`CharterError::NotAMember`] or [`CharterError::OtherKeys`].
    pub fn check_own(&self, centre: &CentreCode, keys: &CentreKeys) -> Result<(), CharterError> {
        own_member(&self.content, centre, keys)
    }
}

fn own_member(content: &Content, centre: &CentreCode, keys: &CentreKeys) -> Result<(), CharterError> {
    let member = content.member(centre).ok_or_else(|| CharterError::NotAMember(centre.clone()))?;
    let same = member.signing == keys.signing.public()
        && member.heartbeat == keys.heartbeat.public()
        && member.sealing == keys.sealing.public()
        && member.hybrid == keys.hybrid.public()
        && member.stations.iter().any(|s| s.key == keys.station_key());
    let second = member.stations.iter().any(|s| s.key == keys.station_key() && !s.writer);
    if same || second { Ok(()) } else { Err(CharterError::OtherKeys(centre.clone())) }
}
