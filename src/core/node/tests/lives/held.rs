//! What must hold whatever happens.

use std::collections::BTreeSet;

use rand::RngExt;

use super::super::asking;
use super::{LISTED, Life};
use crate::charter::Role;
use crate::desk::{Act, Applicant, Event, Verdict};
use crate::error::FaultCode;
use crate::names::CentreCode;
use crate::shelf::{Forks, Shelf};

/// Seeds of lives that once went wrong.
pub(super) const FAILED_ONCE: &[u64] = &[10_000, 10_131, 10_314, 10_376, 10_380, 10_510, 10_635, 10_750, 10_774, 10_877];

/// After every step.
pub(super) fn always(life: &mut Life) {
    one_charter_of_each_version(life);
    nothing_acknowledged_is_lost(life);
    nobody_honest_is_blamed(life);
    whoever_was_removed_opens_nothing(life);
    nobody_is_cleared_who_is_listed(life);
}

fn one_charter_of_each_version(life: &mut Life) {
    for peer in life.honest().collect::<Vec<_>>() {
        let charter = life.world.peers[peer].node.charter();
        for version in 1..=charter.version() {
            let digest = charter.digest_of(version).unwrap();
            assert_eq!(*life.versions.entry(version).or_insert(digest), digest, "two charters of version {version}, at peer {peer}");
        }
        assert_eq!(life.world.peers[peer].node.frozen(), None, "at peer {peer}");
    }
}

/// What a peer of an honest member has written is there, and stays.
fn nothing_acknowledged_is_lost(life: &mut Life) {
    for peer in life.honest().collect::<Vec<_>>() {
        let size = life.world.size(peer, peer);
        let longest = life.longest.entry(peer).or_default();
        assert!(size >= *longest, "peer {peer} has {size} rows of its own and had {longest}");
        *longest = size;
    }
}

/// Nothing that a station of an honest member sent or signed is void, forked or not its own. (It may hand on rows of a forked journal,
/// which do not prove for whoever holds the other history.)
fn nobody_honest_is_blamed(life: &Life) {
    let stations: BTreeSet<_> =
        life.honest().filter(|peer| !life.removed.contains_key(peer)).map(|peer| life.world.station(peer)).collect();
    for peer in life.honest().filter(|peer| !life.removed.contains_key(peer)) {
        for (station, code, count) in life.world.peers[peer].shelf.faults().unwrap() {
            let excused = code == FaultCode::Unsealed;
            let of = life.world.peers.iter().position(|p| p.keys.station_key() == station);
            let under = |peer: usize| (life.world.peers[peer].node.charter().version(), life.role(peer, peer));
            let (ours, theirs) = (under(peer), of.map(under));
            assert!(
                excused || !stations.contains(&station),
                "peer {peer} under {ours:?} blames {of:?} under {theirs:?} for {code:?}, {count} times; the cheat is {}",
                life.cheat
            );
        }
    }
    let honest: BTreeSet<&CentreCode> = life.honest().map(|peer| &life.world.peers[peer].centre).collect();
    for peer in life.honest() {
        for centre in &honest {
            assert!(life.world.peers[peer].shelf.fork(centre).unwrap().is_none(), "{centre} at peer {peer}");
        }
    }
}

/// The secrets of whoever was removed are of an epoch before, and nobody who knows lets it connect.
fn whoever_was_removed_opens_nothing(life: &Life) {
    for (gone, since) in &life.removed {
        let station = life.world.station(*gone);
        for peer in life.honest().filter(|peer| !life.removed.contains_key(peer)) {
            let p = &life.world.peers[peer];
            if p.node.charter().version() < *since || p.node.charter().member(&life.world.peers[*gone].centre).is_some() {
                continue;
            }
            assert!(!p.admitted.contains(&station), "peer {peer} lets {gone} connect");
            let (new, old) = (p.node.secrets.as_ref(), life.world.peers[*gone].node.secrets.as_ref());
            if let (Some(new), Some(old)) = (new.filter(|new| new.number == p.node.charter().epoch().number), old) {
                assert!(old.number < new.number, "{gone} has epoch {}", old.number);
                assert_ne!(old.gossip.expose(), new.gossip.expose());
            }
        }
    }
}

/// Who is listed at an honest centre is found, or it is not known; never is anybody told that they are not listed.
fn nobody_is_cleared_who_is_listed(life: &mut Life) {
    if life.world.rng.random_range(0..3) > 0 {
        return;
    }
    let peer = life.somebody();
    let applicant =
        Applicant { row: 0, document_type: LISTED.0.to_owned(), document_no: LISTED.1.to_owned(), business_no: "SL-2026-1".to_owned() };
    let act = Act::Lookup { applicant, matter: "loan".to_owned(), legal_basis: "regulation".to_owned() };
    match asking::ask(&mut life.world, peer, &act) {
        Event::Lookup(answer) => assert_ne!(answer.verdict, Verdict::NotListed, "at peer {peer}: {answer:?}"),
        Event::Refused { .. } => {}
        other => panic!("{other:?}"),
    }
}

/// When everybody hears everybody: one charter, one epoch, and every row of every honest member everywhere.
pub(super) fn in_the_end(life: &Life) {
    let newest = life.honest().max_by_key(|peer| life.world.peers[*peer].node.charter().version()).unwrap();
    let charter = life.world.peers[newest].node.charter();
    let members: Vec<usize> = life.honest().filter(|peer| life.role(*peer, newest).is_some()).collect();
    for at in members.iter().copied() {
        let node = &life.world.peers[at].node;
        assert_eq!((node.charter().version(), node.charter().digest()), (charter.version(), charter.digest()), "peer {at}");
        if life.role(at, newest) != Some(Role::Observer) {
            let secrets = node.secrets.as_ref().map(|secrets| secrets.number);
            assert_eq!(secrets, Some(charter.epoch().number), "the epoch of peer {at}");
            let (one, other) = (node.secrets.as_ref().unwrap(), life.world.peers[members[0]].node.secrets.as_ref().unwrap());
            assert_eq!(one.gossip.expose(), other.gossip.expose());
        }
        for of in members.iter().copied().filter(|of| life.role(*of, newest) == Some(Role::Member)) {
            let (held, own) = (life.world.peers[at].shelf.journal(&life.world.peers[of].centre).unwrap(), life.world.size(of, of));
            assert_eq!(held.size, own, "the journal of peer {of} at peer {at}");
            assert_eq!(held.peaks, life.world.peers[of].shelf.journal(&life.world.peers[of].centre).unwrap().peaks);
        }
    }
}
