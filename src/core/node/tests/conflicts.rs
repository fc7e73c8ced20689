//! A second valid successor of a version that was left behind long ago.

use super::histories::centre;
use super::membership::{change, federation, view};
use super::rotated::rotate;
use super::world::World;
use crate::charter::vote::{Approved, Place, Proposed};
use crate::charter::{Change, Charter, Link};
use crate::desk::{Event, Request, Wish};
use crate::journal::{Kind, Statement};
use crate::seal::SUITE;
use crate::shelf::{CharterWrite, Charters, LinkRow, Write};
use crate::sign::SecretKey;
use crate::time::{MINUTE_MS, SECOND_MS};

/// Which round nobody gets to here.
const ROUND: u64 = 9;

fn quorum_of(n: u64) -> Vec<Change> {
    vec![Change::Quorum { quorum: Some(n) }]
}

/// A link behind `before` that these sign.
fn link(world: &World, before: &Charter, changes: Vec<Change>, by: &[(usize, &SecretKey)]) -> Link {
    let draft = before.draft(&changes, None).unwrap();
    let mut approvals: Vec<_> = by.iter().map(|(peer, key)| draft.approve(centre(world, *peer), ROUND, key)).collect();
    approvals.sort_by(|a, b| a.centre.cmp(&b.centre));
    Link { suite: SUITE.to_owned(), version: before.version() + 1, changes, commitment: None, round: ROUND, approvals }
}

/// Peer `of` works under these links from now on, as if it had gone another way.
fn follows(world: &mut World, of: usize, links: &[Link]) {
    world.set_up(of, false);
    let mut charter = world.charter.clone();
    for link in links {
        charter = charter.follow(link).unwrap();
        let row = LinkRow { version: charter.version(), digest: charter.digest(), at: world.now, link: link.to_bytes() };
        world.peers[of].shelf.apply(&Write::Charter(CharterWrite::Link(row))).unwrap();
    }
    world.set_up(of, true);
}

fn frozen(world: &mut World, peer: usize) -> Option<u64> {
    view(world, peer).frozen
}

#[test]
fn votes_for_another_successor_of_an_old_version_freeze_the_membership_whenever_they_come_to_light() {
    let mut world = federation(1301, 3);
    let ours = change(&mut world, 0, vec![Wish::SetQuorum { quorum: Some(2) }], &[1, 2]);
    change(&mut world, 1, vec![Wish::RotateEpoch { pepper: false }], &[0, 2]);
    change(&mut world, 2, vec![Wish::RotateEpoch { pepper: false }], &[0, 1]);
    let keys: Vec<_> = world.peers.iter().map(|peer| peer.keys.signing.clone()).collect();
    let by: Vec<_> = keys.iter().enumerate().collect();
    let other = link(&world, &world.charter, quorum_of(3), &by);
    let digest = world.charter.follow(&other).unwrap().digest();
    for (peer, approval) in other.approvals.iter().enumerate() {
        let body = Approved { suite: SUITE.to_owned(), version: 2, round: ROUND, digest, signature: approval.signature };
        let entry = Statement::build(&mut world.rng, Kind::CharterApproved, world.now, None, &body.to_bytes()).unwrap();
        world.append(peer, vec![entry]);
    }
    let proposed = Proposed {
        suite: SUITE.to_owned(),
        version: 2,
        previous: world.charter.digest(),
        round: ROUND,
        changes: quorum_of(3),
        commitment: None,
        copies: None,
        promises: vec![Place { centre: centre(&world, 0), index: 0 }],
        reason: String::new(),
    };
    let entry = Statement::build(&mut world.rng, Kind::CharterProposed, world.now, None, &proposed.to_bytes()).unwrap();
    world.append(1, vec![entry]);
    world.run_for(MINUTE_MS);
    let everybody: Vec<_> = (0..3).map(|peer| centre(&world, peer)).collect();
    for peer in 0..3 {
        let shown = view(&mut world, peer);
        assert_eq!((shown.version, shown.frozen), (4, Some(2)), "peer {peer}: what was adopted stays");
        let conflict = shown.conflict.unwrap();
        assert_eq!((conflict.ours, conflict.other), (Some(ours), digest));
        assert_eq!((&conflict.both, &conflict.approved), (&everybody, &everybody));
    }
    // A restart forgets no alarm, and history says it of the version that there is twice.
    world.set_up(0, false);
    world.set_up(0, true);
    assert_eq!(frozen(&mut world, 0), Some(2));
    let token = world.ask(0, Request::FederationHistory { before: None, limit: 9 });
    let Some(Event::Versions { versions, .. }) = world.closing(0, token) else { panic!("no history") };
    let twice: Vec<_> = versions.iter().filter(|line| line.conflict.is_some()).map(|line| line.version).collect();
    assert_eq!(twice, [2]);
}

#[test]
fn two_histories_that_meet_prove_to_each_other_that_there_are_two_however_far_back_they_part() {
    // As long as ours, longer, and shorter.
    for (seed, length) in [(1302, 3), (1303, 5), (1304, 1)] {
        let mut world = federation(seed, 4);
        world.part(&[&[0, 1, 2]]);
        for by in 0..3 {
            change(&mut world, by, vec![Wish::SetQuorum { quorum: Some(3 + by as u64 % 2) }], &[(by + 1) % 3, (by + 2) % 3]);
        }
        assert_eq!(view(&mut world, 0).version, 3, "four of four would be needed for more");
        let keys: Vec<_> = world.peers.iter().map(|peer| peer.keys.signing.clone()).collect();
        let by: Vec<_> = keys.iter().enumerate().collect();
        let (mut charter, mut links) = (world.charter.clone(), Vec::new());
        for n in 0..length {
            let changes = vec![Change::Witnesses { centres: vec![centre(&world, n % 4)], settled: None }];
            links.push(link(&world, &charter, changes, &by));
            charter = charter.follow(links.last().unwrap()).unwrap();
        }
        follows(&mut world, 3, &links);
        world.heal();
        world.run_for(3 * MINUTE_MS);
        for peer in 0..4 {
            assert_eq!(frozen(&mut world, peer), Some(2), "seed {seed} peer {peer}");
        }
        assert_eq!((view(&mut world, 0).version, view(&mut world, 3).version), (3, 1 + length as u64), "what was adopted stays");
        // One proof is kept, and it is told to who asks.
        let kept = world.peers[1].shelf.charter_frozen().unwrap().unwrap();
        assert_eq!(Link::decode(&kept.link).unwrap(), links[0]);
    }
}

#[test]
fn keys_that_a_version_has_ended_cannot_say_that_there_was_another_charter() {
    let mut world = federation(1305, 4);
    let old: Vec<_> = world.peers.iter().map(|peer| peer.keys.signing.clone()).collect();
    rotate(&mut world, 1, &[0, 2]);
    rotate(&mut world, 2, &[0, 1]);
    world.run_for(MINUTE_MS);
    // Whoever has the ended keys of two, and sits in the third, has a quorum of the first version.
    let forged = link(&world, &world.charter, quorum_of(4), &[(1, &old[1]), (2, &old[2]), (3, &old[3])]);
    assert!(world.charter.follow(&forged).is_ok());
    world.part(&[&[0, 1, 2]]);
    let rows = world.peers[3].shelf.charter_links(1, 9).unwrap();
    assert_eq!(rows.len(), 2);
    let mut shelf = crate::shelf::memory::MemoryShelf::new();
    std::mem::swap(&mut shelf, &mut world.peers[3].shelf);
    world.peers[3].kept = Some(crate::shelf::KeptHead { centre: centre(&world, 3), size: 0, root: crate::journal::hash::empty() });
    follows(&mut world, 3, std::slice::from_ref(&forged));
    world.heal();
    world.run_for(3 * MINUTE_MS);
    for peer in 0..3 {
        assert_eq!(frozen(&mut world, peer), None, "peer {peer}");
    }
    let version = view(&mut world, 0).version;
    change(&mut world, 0, vec![Wish::RotateEpoch { pepper: false }], &[1, 2]);
    world.run_for(SECOND_MS);
    assert_eq!(view(&mut world, 0).version, version + 1, "the others go on");
}
