//! What a version of the charter changes in the one before: the only way from one to the next.
//!
//! A proposal carries changes, not a charter, because a charter of 400 centres fits no statement; whoever has the version before
//! applies them and gets the same bytes. What must never be here: who may propose or approve them (`vote`).

use minicbor::{Decode, Encode};

use super::card::CentreCard;
use super::content::{Content, EpochMark, MAX_VERSIONS, default_settled};
use super::member::{Extent, Former, Member, Role, Station};
use super::{CharterError, MAX_STATIONS};
use crate::names::CentreCode;

/// Most changes of one version.
pub const MAX_CHANGES: usize = 16;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Change {
    /// A centre comes in, or back: with fresh keys, in its next term.
    #[n(0)]
    Add {
        /// Its card.
        #[n(0)]
        card: Box<CentreCard>,
        /// What it becomes.
        #[n(1)]
        role: Role,
    },
    /// A centre goes; what it says beyond `counts` is void.
    #[n(1)]
    Remove {
        /// Which.
        #[n(0)]
        centre: CentreCode,
        /// How far its journal counts.
        #[n(1)]
        counts: Extent,
    },
    /// A centre may read and no longer write.
    #[n(2)]
    Suspend {
        /// Which.
        #[n(0)]
        centre: CentreCode,
        /// How far its journal counts meanwhile.
        #[n(1)]
        counts: Extent,
    },
    /// A suspended centre writes again.
    #[n(3)]
    Restore {
        /// Which.
        #[n(0)]
        centre: CentreCode,
    },
    /// A centre has new keys, and with them a new term: a rotation, a recovery after a theft, another station that takes over.
    #[n(4)]
    Rotate {
        /// Its new card: every key of it is another than before, but the station's, which may stay.
        #[n(0)]
        card: Box<CentreCard>,
        /// How far what the old keys signed counts.
        #[n(1)]
        counts: Extent,
    },
    /// A centre's stations, the one that writes among them, and where they are reached.
    #[n(5)]
    Stations {
        /// Whose.
        #[n(0)]
        centre: CentreCode,
        /// All of them; the one that writes stays the one that writes.
        #[n(1)]
        stations: Vec<Station>,
    },
    /// How many must approve the next version; nothing for the default.
    #[n(6)]
    Quorum {
        /// How many.
        #[n(0)]
        quorum: Option<u64>,
    },
    /// Who cosigns, and how many of them settle a row; nothing for more than half of them.
    #[n(7)]
    Witnesses {
        /// Which centres.
        #[n(0)]
        centres: Vec<CentreCode>,
        /// How many settle.
        #[n(1)]
        settled: Option<u64>,
    },
    /// A new shared secret although nobody comes or goes.
    #[n(8)]
    Epoch {
        /// Whether the pepper is new as well: because it leaked.
        #[n(0)]
        pepper: bool,
    },
}

impl Change {
    /// Its stable code, as commands say it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Add { .. } => "add",
            Self::Remove { .. } => "remove",
            Self::Suspend { .. } => "suspend",
            Self::Restore { .. } => "restore",
            Self::Rotate { .. } => "rotate-keys",
            Self::Stations { .. } => "set-address",
            Self::Quorum { .. } => "set-quorum",
            Self::Witnesses { .. } => "set-witnesses",
            Self::Epoch { .. } => "rotate-epoch",
        }
    }

    /// The centre it is about, if it is about one.
    #[must_use]
    pub fn centre(&self) -> Option<&CentreCode> {
        match self {
            Self::Add { card, .. } | Self::Rotate { card, .. } => Some(&card.centre),
            Self::Remove { centre, .. } | Self::Suspend { centre, .. } | Self::Restore { centre } | Self::Stations { centre, .. } => {
                Some(centre)
            }
            Self::Quorum { .. } | Self::Witnesses { .. } | Self::Epoch { .. } => None,
        }
    }

    /// Whether it takes a new epoch: whoever comes must not open what was said before, whoever goes nothing that is said after.
    #[must_use]
    pub const fn renews_epoch(&self) -> bool {
        match self {
            Self::Add { .. }
            | Self::Remove { .. }
            | Self::Suspend { .. }
            | Self::Restore { .. }
            | Self::Rotate { .. }
            | Self::Epoch { .. } => true,
            Self::Stations { .. } | Self::Quorum { .. } | Self::Witnesses { .. } => false,
        }
    }

    /// Whether it takes a new pepper: somebody who goes, or whose keys were taken, knows the old one.
    #[must_use]
    pub const fn renews_pepper(&self) -> bool {
        match self {
            Self::Remove { .. } => true,
            Self::Epoch { pepper } => *pepper,
            Self::Add { .. }
            | Self::Suspend { .. }
            | Self::Restore { .. }
            | Self::Rotate { .. }
            | Self::Stations { .. }
            | Self::Quorum { .. }
            | Self::Witnesses { .. } => false,
        }
    }
}

/// Whether a version with these changes has a new epoch.
#[must_use]
pub fn renews_epoch(changes: &[Change]) -> bool {
    changes.iter().any(Change::renews_epoch)
}

/// Whether a version with these changes has a new pepper.
#[must_use]
pub fn renews_pepper(changes: &[Change]) -> bool {
    changes.iter().any(Change::renews_pepper)
}

/// The version that comes of `before` by `changes`; `commitment` is the new epoch's, when they renew it.
pub(super) fn applied(before: &Content, changes: &[Change], commitment: Option<crate::names::Digest>) -> Result<Content, CharterError> {
    let rule = |holds: bool, what| if holds { Ok(()) } else { Err(CharterError::Rule(what)) };
    rule(!changes.is_empty() && changes.len() <= MAX_CHANGES, "the number of changes")?;
    rule(before.version < MAX_VERSIONS, "the version")?;
    let mut next = before.clone();
    next.version = before.version + 1;
    next.previous = Some(before.digest());
    for change in changes {
        apply(&mut next, change)?;
    }
    match (renews_epoch(changes), commitment) {
        (true, Some(commitment)) => {
            let pepper = before.epoch.pepper + u64::from(renews_pepper(changes));
            next.epoch = EpochMark { number: before.epoch.number + 1, pepper, commitment };
        }
        (false, None) => {}
        (true, None) => return Err(CharterError::Rule("who is in changes, and the epoch does not")),
        (false, Some(_)) => return Err(CharterError::Rule("an epoch that nothing asked for")),
    }
    next.check()?;
    Ok(next)
}

fn apply(next: &mut Content, change: &Change) -> Result<(), CharterError> {
    match change {
        Change::Add { card, role } => add(next, card, *role),
        Change::Remove { centre, counts } => remove(next, centre, *counts),
        Change::Suspend { centre, counts } => {
            let member = named(next, centre)?;
            allow(member.role == Role::Member, "only a member that is not suspended can be suspended")?;
            allow(ended_before(member, *counts), "less of a journal than counted before")?;
            (member.role, member.halted) = (Role::Suspended, Some(*counts));
            forget_witness(next, centre);
            Ok(())
        }
        Change::Restore { centre } => {
            let member = named(next, centre)?;
            allow(member.role == Role::Suspended, "only a suspended centre can be restored")?;
            (member.role, member.halted) = (Role::Member, None);
            Ok(())
        }
        Change::Rotate { card, counts } => rotate(next, card, *counts),
        Change::Stations { centre, stations } => set_stations(next, centre, stations),
        Change::Quorum { quorum } => {
            next.quorum = *quorum;
            Ok(())
        }
        Change::Witnesses { centres, settled } => {
            next.witnesses.clone_from(centres);
            next.witnesses.sort();
            next.settled = settled.unwrap_or_else(|| default_settled(centres.len() as u64));
            Ok(())
        }
        Change::Epoch { .. } => Ok(()),
    }
}

fn allow(holds: bool, what: &'static str) -> Result<(), CharterError> {
    if holds { Ok(()) } else { Err(CharterError::Rule(what)) }
}

fn named<'a>(next: &'a mut Content, centre: &CentreCode) -> Result<&'a mut Member, CharterError> {
    next.members.iter_mut().find(|member| member.centre == *centre).ok_or_else(|| CharterError::NotAMember(centre.clone()))
}

fn ended_before(member: &Member, counts: Extent) -> bool {
    member.ended.last().is_none_or(|term| term.counts.size <= counts.size)
}

fn add(next: &mut Content, card: &CentreCard, role: Role) -> Result<(), CharterError> {
    card.check().map_err(|_| CharterError::Rule("a card"))?;
    allow(role != Role::Suspended, "nobody joins suspended")?;
    let Err(at) = next.members.binary_search_by(|member| member.centre.cmp(&card.centre)) else {
        return Err(CharterError::Shared("a centre code"));
    };
    let mut member = Member::of_card(card, role);
    if let Ok(left) = next.former.binary_search_by(|former| former.centre.cmp(&card.centre)) {
        member.ended = next.former.remove(left).ended;
        member.term = member.ended.len() as u64 + 1;
    }
    next.members.insert(at, member);
    Ok(())
}

fn remove(next: &mut Content, centre: &CentreCode, counts: Extent) -> Result<(), CharterError> {
    let at = next.members.binary_search_by(|member| member.centre.cmp(centre)).map_err(|_| CharterError::NotAMember(centre.clone()))?;
    let member = next.members.remove(at);
    let counts = not_beyond(&member, counts);
    allow(ended_before(&member, counts), "less of a journal than counted before")?;
    let mut ended = member.ended.clone();
    ended.push(member.ending(counts));
    let former = Former { centre: member.centre, name: member.name, since: next.version, ended };
    let at = next.former.partition_point(|former| former.centre < *centre);
    next.former.insert(at, former);
    forget_witness(next, centre);
    Ok(())
}

/// What a suspended centre wrote beyond its suspension never counted, and does not begin to by its going or by other keys.
fn not_beyond(member: &Member, counts: Extent) -> Extent {
    member.halted.filter(|halted| halted.size <= counts.size).unwrap_or(counts)
}

fn rotate(next: &mut Content, card: &CentreCard, counts: Extent) -> Result<(), CharterError> {
    card.check().map_err(|_| CharterError::Rule("a card"))?;
    let member = named(next, &card.centre)?;
    let counts = not_beyond(member, counts);
    allow(ended_before(member, counts), "less of a journal than counted before")?;
    let old = member.ending(counts);
    allow(card.signing != old.signing && card.heartbeat != old.heartbeat, "a rotated key that is the old one")?;
    allow(card.sealing != member.sealing && card.hybrid != member.hybrid, "a rotated key that is the old one")?;
    member.ended.push(old);
    // It stays suspended, where its term ended.
    member.halted = member.halted.map(|_| counts);
    member.term += 1;
    (member.signing, member.heartbeat, member.sealing) = (card.signing, card.heartbeat, card.sealing);
    member.hybrid = card.hybrid.clone();
    member.name.clone_from(&card.name);
    // The station of the card writes from now on; others of the centre stay as they are.
    member.stations.retain(|station| station.key != card.station && !station.writer);
    let writer = Station { key: card.station, addresses: card.addresses.clone(), writer: true };
    member.stations.insert(0, writer);
    Ok(())
}

fn set_stations(next: &mut Content, centre: &CentreCode, stations: &[Station]) -> Result<(), CharterError> {
    allow(!stations.is_empty() && stations.len() <= MAX_STATIONS, "the number of stations of a centre")?;
    let member = named(next, centre)?;
    let writer = |stations: &[Station]| stations.iter().find(|station| station.writer).map(|station| station.key);
    allow(writer(stations) == writer(&member.stations), "another station writes only in another term, with other keys")?;
    member.stations = stations.to_vec();
    Ok(())
}

/// Whoever is no member any more is no witness either, and the rest settle as by default.
fn forget_witness(next: &mut Content, centre: &CentreCode) {
    let before = next.witnesses.len();
    next.witnesses.retain(|witness| witness != centre);
    if next.witnesses.len() < before {
        next.settled = default_settled(next.witnesses.len() as u64);
    }
}
