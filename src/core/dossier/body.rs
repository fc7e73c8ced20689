//! The bodies of `dossier.opened`, `dossier.joined` and `dossier.changed`, and what is sealed in them.
//!
//! Every member sees who shares a dossier of which kind with whom, and how often they write. What it is about and what it says is under the
//! dossier's key, padded, and that key is sealed to each party (HPKE), bound to the party and the dossier.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{DossierKind, MAX_CHANGE_BYTES, MAX_PARTIES, PartyRole};
use crate::certificate::padding;
use crate::error::{Fault, FaultCode};
use crate::names::{CentreCode, DossierId, DossierRef};
use crate::seal::hybrid::{self, HybridKey, HybridOpeningKey, HybridSealed};
use crate::seal::{Key, Purpose, SUITE, Unopened, aead};
use crate::wire;

/// Most bytes of the body of `dossier.opened`.
pub const MAX_OPENED_BODY_BYTES: usize = 4 * 1024;
/// Most bytes of the body of `dossier.joined`.
pub const MAX_JOINED_BODY_BYTES: usize = 2 * 1024;
/// Most bytes of the body of `dossier.changed`: a padded change, and room.
pub const MAX_CHANGED_BODY_BYTES: usize = MAX_CHANGE_BYTES + PADDING_BYTES + 256;
/// What is sealed is padded to a multiple of this many bytes.
pub const PADDING_BYTES: usize = 256;
/// Longest name of what a dossier is about, in bytes.
pub const MAX_ABOUT_BYTES: usize = 64;

/// Which dossier: what everything sealed for it is bound to.
#[derive(Debug, Clone, Copy)]
pub struct DossierPlace<'a> {
    /// Who opened it.
    pub opener: &'a CentreCode,
    /// Its id.
    pub id: &'a DossierId,
}

impl DossierPlace<'_> {
    fn of_party(&self, party: &CentreCode) -> Vec<u8> {
        format!("{}/{}/{party}", self.opener, self.id).into_bytes()
    }

    fn seal(&self, rng: &mut dyn CryptoRng, key: &Key, author: &CentreCode, what: &[u8], plain: &[u8]) -> Vec<u8> {
        let padded = padding::pad(plain, PADDING_BYTES);
        aead::seal(rng, key, Purpose::DossierContent, &self.bound(author, what), &padded)
    }

    fn open(&self, key: &Key, author: &CentreCode, what: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let padded = aead::open(key, Purpose::DossierContent, &self.bound(author, what), sealed)?;
        padding::unpad(&padded, PADDING_BYTES).map(|plain| Zeroizing::new(plain.to_vec())).ok_or(Unopened)
    }

    fn bound<'b>(&'b self, author: &'b CentreCode, what: &'b [u8]) -> [&'b [u8]; 4] {
        [self.opener.as_str().as_bytes(), &self.id.0, author.as_str().as_bytes(), what]
    }
}

/// A party and its copy of the key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PartyKey {
    /// What it is in the dossier.
    #[n(0)]
    pub role: PartyRole,
    /// Which centre.
    #[n(1)]
    pub centre: CentreCode,
    /// The dossier's key, sealed to its hybrid key ([`Purpose::DossierKey`]): it opens as long as the loan runs.
    #[n(2)]
    pub key: HybridSealed,
}

impl PartyKey {
    /// Seals the key to a party.
    ///
    /// # Errors
    /// [`Unopened`] when nothing can be sealed.
    pub fn seal(
        rng: &mut dyn CryptoRng,
        place: &DossierPlace<'_>,
        (centre, role): (&CentreCode, PartyRole),
        to: &HybridKey,
        key: &Key,
    ) -> Result<Self, Unopened> {
        let key = hybrid::seal(rng, to, Purpose::DossierKey, &place.of_party(centre), key.expose())?;
        Ok(Self { role, centre: centre.clone(), key })
    }

    /// The key, for the party that it is sealed to.
    ///
    /// # Errors
    /// [`Unopened`] for anybody else.
    pub fn open(&self, place: &DossierPlace<'_>, opening: &HybridOpeningKey) -> Result<Key, Unopened> {
        let plain = hybrid::open(opening, Purpose::DossierKey, &place.of_party(&self.centre), &self.key)?;
        plain.as_slice().try_into().map(Key::from_bytes).map_err(|_| Unopened)
    }
}

/// What a dossier is about: what its parties find it by.
#[derive(Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Head {
    /// The number of a certificate, or a listing, by the kind.
    #[n(0)]
    pub about: Option<String>,
}

impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Head(..)")
    }
}

/// The body of `dossier.opened`. Its author is the first party.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OpenedBody {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// The dossier.
    #[n(1)]
    pub id: DossierId,
    /// What it is for.
    #[n(2)]
    pub kind: DossierKind,
    /// Who writes in it.
    #[n(3)]
    pub parties: Vec<PartyKey>,
    /// The padded [`Head`].
    #[cbor(n(4), with = "minicbor::bytes")]
    pub head: Vec<u8>,
}

impl OpenedBody {
    /// Makes a dossier's first statement.
    #[must_use]
    pub fn seal(
        rng: &mut dyn CryptoRng,
        place: &DossierPlace<'_>,
        kind: DossierKind,
        parties: Vec<PartyKey>,
        head: &Head,
        key: &Key,
    ) -> Self {
        let head = place.seal(rng, key, place.opener, b"head", &wire::encode(head));
        Self { suite: SUITE.to_owned(), id: *place.id, kind, parties, head }
    }

    /// What it is about.
    ///
    /// # Errors
    /// [`Unopened`] when it is not under this key, or says what a dossier of this kind is not about.
    pub fn open(&self, place: &DossierPlace<'_>, key: &Key) -> Result<Head, Unopened> {
        let plain = place.open(key, place.opener, b"head", &self.head)?;
        let head: Head = wire::decode(&plain, MAX_ABOUT_BYTES + 16).map_err(|_| Unopened)?;
        let other = self.parties.get(1).map(|party| &party.centre).ok_or(Unopened)?;
        if self.kind.may_be_about(head.about.as_deref(), place.opener, other) { Ok(head) } else { Err(Unopened) }
    }

    /// The body's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads a body of `author`'s: its founders are those of the kind, the author first, nobody twice.
    ///
    /// # Errors
    /// [`Fault`] with `oversized`, `malformed` or `bad-statement`.
    pub fn parse(author: &CentreCode, bytes: &[u8]) -> Result<Self, Fault> {
        let body: Self = wire::decode(bytes, MAX_OPENED_BODY_BYTES)?;
        let (first, second) = body.kind.founders();
        let founded = match body.parties.as_slice() {
            [a, b] => a.centre == *author && b.centre != *author && (a.role, b.role) == (first, second),
            _ => false,
        };
        if body.suite == SUITE && founded { Ok(body) } else { Err(Fault::new(FaultCode::BadStatement, "dossier.opened")) }
    }
}

/// The body of `dossier.joined`: a party adds one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct JoinedBody {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// Who opened the dossier.
    #[n(1)]
    pub opener: CentreCode,
    /// The row of the opener's journal.
    #[n(2)]
    pub index: u64,
    /// Who joins.
    #[n(3)]
    pub party: PartyKey,
}

impl JoinedBody {
    /// A statement that `party` joins.
    #[must_use]
    pub fn new(dossier: &DossierRef, party: PartyKey) -> Self {
        Self { suite: SUITE.to_owned(), opener: dossier.centre.clone(), index: dossier.index, party }
    }

    /// The dossier it is about.
    #[must_use]
    pub fn dossier(&self) -> DossierRef {
        DossierRef { centre: self.opener.clone(), index: self.index }
    }

    /// The body's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`Fault`] with `oversized`, `malformed` or `bad-statement`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let body: Self = wire::decode(bytes, MAX_JOINED_BODY_BYTES)?;
        if body.suite == SUITE { Ok(body) } else { Err(Fault::new(FaultCode::BadStatement, "dossier.joined")) }
    }
}

/// The body of `dossier.changed`: one sealed change of its author's.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ChangedBody {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// Who opened the dossier.
    #[n(1)]
    pub opener: CentreCode,
    /// The row of the opener's journal.
    #[n(2)]
    pub index: u64,
    /// The padded change.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
}

impl ChangedBody {
    /// Seals a change of `author`'s.
    #[must_use]
    pub fn seal(rng: &mut dyn CryptoRng, (place, index): (&DossierPlace<'_>, u64), author: &CentreCode, key: &Key, change: &[u8]) -> Self {
        let sealed = place.seal(rng, key, author, b"change", change);
        Self { suite: SUITE.to_owned(), opener: place.opener.clone(), index, sealed }
    }

    /// The change, if `author` wrote it into this dossier.
    ///
    /// # Errors
    /// [`Unopened`] otherwise.
    pub fn open(&self, place: &DossierPlace<'_>, author: &CentreCode, key: &Key) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        place.open(key, author, b"change", &self.sealed)
    }

    /// The dossier it is about.
    #[must_use]
    pub fn dossier(&self) -> DossierRef {
        DossierRef { centre: self.opener.clone(), index: self.index }
    }

    /// The body's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`Fault`] with `oversized`, `malformed` or `bad-statement`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let body: Self = wire::decode(bytes, MAX_CHANGED_BODY_BYTES)?;
        if body.suite == SUITE { Ok(body) } else { Err(Fault::new(FaultCode::BadStatement, "dossier.changed")) }
    }
}

/// So that nobody makes a statement which says more parties than a dossier holds.
const _: () = assert!(MAX_PARTIES >= 2);
