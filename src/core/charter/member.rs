//! Who a charter names: members, their stations, the keys of terms that ended, and centres that have left.

use minicbor::{Decode, Encode};

use super::card::{CentreCard, check_addresses, check_centre_name};
use super::{CharterError, MAX_STATIONS};
use crate::names::{CentreCode, Digest, StationKey};
use crate::seal::hpke::SealingKey;
use crate::seal::hybrid::HybridKey;
use crate::sign::PublicKey;

/// Most terms of one centre that have ended: a centre that loses its keys more often has other worries.
pub const MAX_ENDED_TERMS: usize = 64;

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

/// What a centre is in the federation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// Writes, reads, votes.
    #[n(0)]
    Member,
    /// Reads; what it writes does not count, and it does not vote.
    #[n(1)]
    Suspended,
    /// Sees headers and charters: no payload, no epoch, no vote, no journal of its own.
    #[n(2)]
    Observer,
}

impl Role {
    /// Its stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Suspended => "suspended",
            Self::Observer => "observer",
        }
    }
}

/// How far a journal counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Extent {
    /// Rows.
    #[n(0)]
    pub size: u64,
    /// Root over them.
    #[n(1)]
    pub root: Digest,
}

impl Extent {
    /// The extent of a journal without rows.
    #[must_use]
    pub fn nothing() -> Self {
        Self { size: 0, root: crate::journal::hash::empty() }
    }
}

/// A term that is over: which keys signed in it, and how far what they signed counts.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EndedTerm {
    /// Which, from 1.
    #[n(0)]
    pub term: u64,
    /// The key that signed checkpoints and certificates.
    #[n(1)]
    pub signing: PublicKey,
    /// The key that signed heartbeats and cosignatures.
    #[n(2)]
    pub heartbeat: PublicKey,
    /// Beyond this, what the two signed is void.
    #[n(3)]
    pub counts: Extent,
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
    /// Signs its heartbeats, and cosigns others' journals if it is a witness.
    #[n(3)]
    pub heartbeat: PublicKey,
    /// What lives shortly is sealed to this key.
    #[n(4)]
    pub sealing: SealingKey,
    /// What lives long is sealed to this key.
    #[n(5)]
    pub hybrid: HybridKey,
    /// Its stations; exactly one writes.
    #[n(6)]
    pub stations: Vec<Station>,
    /// The term of its keys, from 1.
    #[n(7)]
    pub term: u64,
    /// What it is.
    #[n(8)]
    pub role: Role,
    /// Its terms before, oldest first.
    #[n(9)]
    pub ended: Vec<EndedTerm>,
    /// How far its journal counts while it is suspended.
    #[n(10)]
    pub halted: Option<Extent>,
}

impl Member {
    pub(super) fn of_card(card: &CentreCard, role: Role) -> Self {
        Self {
            centre: card.centre.clone(),
            name: card.name.clone(),
            signing: card.signing,
            heartbeat: card.heartbeat,
            sealing: card.sealing,
            hybrid: card.hybrid.clone(),
            stations: vec![Station { key: card.station, addresses: card.addresses.clone(), writer: true }],
            term: 1,
            role,
            ended: Vec::new(),
            halted: None,
        }
    }

    /// The station that writes.
    #[must_use]
    pub fn writer(&self) -> Option<&Station> {
        self.stations.iter().find(|station| station.writer)
    }

    /// Whether it votes on charters.
    #[must_use]
    pub fn votes(&self) -> bool {
        self.role == Role::Member
    }

    /// The present term as one that ends, with what its keys signed counting up to `counts`.
    pub(super) fn ending(&self, counts: Extent) -> EndedTerm {
        EndedTerm { term: self.term, signing: self.signing, heartbeat: self.heartbeat, counts }
    }

    /// Every key that it must not share with anybody, its ended ones included.
    pub(super) fn keys(&self) -> impl Iterator<Item = PublicKey> {
        // The hybrid key stands for itself by its digest: the others are as long as that.
        let hybrid = PublicKey(crate::journal::hash::sha256(self.hybrid.as_bytes()).0);
        let now = [self.signing, self.heartbeat, PublicKey(self.sealing.0), hybrid];
        let ended = self.ended.iter().flat_map(|term| [term.signing, term.heartbeat]);
        now.into_iter().chain(self.stations.iter().map(|station| PublicKey(station.key.0))).chain(ended)
    }

    pub(super) fn check(&self) -> Result<(), CharterError> {
        let rule = |holds: bool, what| if holds { Ok(()) } else { Err(CharterError::Rule(what)) };
        rule(check_centre_name(&self.name), "a centre's name")?;
        rule(!self.stations.is_empty() && self.stations.len() <= MAX_STATIONS, "the number of stations of a centre")?;
        rule(self.stations.iter().filter(|s| s.writer).count() == 1, "exactly one station of a centre writes")?;
        rule(self.stations.iter().all(|s| check_addresses(&s.addresses)), "a station's addresses")?;
        rule(self.halted.is_some() == (self.role == Role::Suspended), "how far a suspended centre's journal counts")?;
        let before = self.ended.last().map(|term| term.counts).zip(self.halted);
        let follows = before.is_none_or(|(ended, halted)| ended.size < halted.size || ended == halted);
        rule(follows, "less of a suspended centre's journal than counted before")?;
        check_terms(&self.ended, self.term)
    }
}

/// A centre that has left. Its keys stay, so that what it said before still verifies.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Former {
    /// Its code.
    #[n(0)]
    pub centre: CentreCode,
    /// Its name, for people.
    #[n(1)]
    pub name: String,
    /// The version of the charter that no longer names it.
    #[n(2)]
    pub since: u64,
    /// Its terms, oldest first.
    #[n(3)]
    pub ended: Vec<EndedTerm>,
}

impl Former {
    pub(super) fn check(&self, version: u64) -> Result<(), CharterError> {
        let holds = check_centre_name(&self.name) && !self.ended.is_empty() && (2..=version).contains(&self.since);
        if !holds {
            return Err(CharterError::Rule("a centre that has left"));
        }
        let after = self.ended.last().map_or(0, |term| term.term.saturating_add(1));
        check_terms(&self.ended, after)
    }
}

/// Terms are numbered without a gap from 1, and what counts never shrinks.
fn check_terms(ended: &[EndedTerm], next: u64) -> Result<(), CharterError> {
    let numbered = ended.iter().zip(1_u64..).all(|(term, number)| term.term == number) && next == ended.len() as u64 + 1;
    let grows = ended.windows(2).all(|pair| pair[0].counts.size <= pair[1].counts.size);
    let holds = numbered && grows && ended.len() <= MAX_ENDED_TERMS;
    if holds { Ok(()) } else { Err(CharterError::Rule("the terms of a centre")) }
}
