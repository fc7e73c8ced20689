//! A centre has new keys, and with them a new term: what it said and was sent before still counts, and what its former keys sign does not.

use super::histories::centre;
use super::membership::{change, federation, read_only};
use super::world::{Packet, World};
use crate::charter::{CentreCard, CentreKeys};
use crate::desk::{Event, Wish};
use crate::error::FaultCode;
use crate::journal::{Kind, Statement};
use crate::names::Digest;
use crate::node::message::{Answer, Under};
use crate::node::{Effect, Input};
use crate::shelf::{Forks, Shelf};
use crate::time::{MINUTE_MS, SECOND_MS};

/// Peer `of` gets the next keys of its own, proposes them, and three others agree.
pub(super) fn rotate(world: &mut World, of: usize, others: &[usize]) {
    rotate_at(world, of, of, others, None);
}

/// As [`rotate`], proposed by whoever it is, with so many rows that count; all that the proposer holds when it is not said.
pub(super) fn rotate_at(world: &mut World, of: usize, by: usize, others: &[usize], rows: Option<u64>) -> Digest {
    let p = &mut world.peers[of];
    let fresh = CentreKeys::random(&mut world.rng);
    let keys = CentreKeys {
        sealing: fresh.sealing.clone().after([p.keys.sealing.expose().clone()]),
        hybrid: fresh.hybrid.clone().after([p.keys.hybrid.expose().clone()]),
        station: p.keys.station.clone(),
        ..fresh
    };
    let addresses = vec![format!("/ip4/127.0.0.1/tcp/{}", 7000 + of)];
    let card = CentreCard::new(p.centre.clone(), format!("中心{of}"), addresses, &keys);
    p.next_keys = Some(keys);
    change(world, by, vec![Wish::RotateKeys { card: Box::new(card), rows }], others)
}

#[test]
fn a_centre_that_changes_its_keys_goes_on_writing_and_what_it_said_and_was_sent_before_still_counts() {
    let mut world = federation(917, 4);
    let mut holder = super::counter::wallet();
    let number = super::counter::issue(&mut world, 0, &mut holder, 1);
    world.run_for(2 * SECOND_MS);
    // Sealed to the lender's old key, and about a certificate that the issuer's old key signed.
    let grant = super::counter::grant_for(&mut world, &mut holder, &number, 1, 2);
    rotate(&mut world, 0, &[1, 2]);
    rotate(&mut world, 1, &[0, 2]);
    for peer in [0, 1] {
        assert_eq!(read_only(&mut world, peer), None, "peer {peer} writes without having to ask");
        assert_eq!(world.peers[peer].node.charter().member(&centre(&world, peer)).unwrap().term, 2);
    }
    let token = super::counter::query(&mut world, 1, &grant);
    world.run_for(3 * SECOND_MS);
    assert!(matches!(world.closing(1, token), Some(Event::Answer(_))), "{:?}", world.closing(1, token));
    // What is said from now on stands under the new keys, and everybody has it.
    let later = super::counter::issue(&mut world, 0, &mut holder, 1);
    world.run_for(MINUTE_MS);
    world.assert_converged();
    let grant = super::counter::grant_for(&mut world, &mut holder, &later, 1, 1);
    let token = super::counter::query(&mut world, 1, &grant);
    world.run_for(3 * SECOND_MS);
    assert!(matches!(world.closing(1, token), Some(Event::Answer(_))));
    for peer in 0..4 {
        let author = world.peers[peer].node.charter().author(&centre(&world, 0)).unwrap();
        let head = world.peers[peer].shelf.journal(&centre(&world, 0)).unwrap().head.unwrap();
        assert_eq!(author.verify(&head.note).unwrap().term(), 2, "peer {peer}");
        assert!(world.faults(peer).is_empty(), "peer {peer}: {:?}", world.faults(peer));
        assert_eq!(world.peers[peer].node.secrets.as_ref().map(|secrets| secrets.number), Some(3));
    }
    // A restart has the new keys, and those alone.
    world.set_up(0, false);
    world.set_up(0, true);
    assert_eq!(read_only(&mut world, 0), None);
}

#[test]
fn what_keys_sign_that_a_version_has_ended_is_void_and_no_fork() {
    let mut world = federation(918, 4);
    let old = world.peers[3].keys.clone();
    rotate(&mut world, 3, &[0, 1]);
    world.run_for(MINUTE_MS);
    let who = centre(&world, 3);
    let author = world.peers[0].node.charter().author(&who).unwrap();
    let counts = author.ended[0].counts;
    // Whoever has the old keys signs other rows behind those that count, and more of them than there are.
    let frontier = crate::journal::Frontier::default();
    let entries: Vec<_> = (0..200).map(|_| Statement::build(&mut world.rng, Kind::AuditRecorded, world.now, None, b"x").unwrap()).collect();
    let thief = crate::journal::Author::new(world.charter.federation(), who.clone(), old.signing.public(), old.heartbeat.public());
    let batch = crate::journal::batch::append(&frontier, entries, &thief, &old.signing, &old.heartbeat, world.now).unwrap();
    assert!(batch.frontier.size() > counts.size);
    assert_eq!(author.verify(batch.head.note()).unwrap_err().code, FaultCode::Void);
    let before = world.peers[0].shelf.journal(&who).unwrap();
    let report = crate::node::message::HeadReport { centre: who.clone(), note: batch.head.note().to_vec() };
    let under = Under::of(world.peers[0].node.charter());
    let from = world.station(2);
    world.feed(0, Input::Disconnected(from));
    let effects = world.feed_raw(0, Input::Connected(from));
    let call = effects.iter().find_map(|effect| if let Effect::Call { call, .. } = effect { Some(*call) } else { None }).unwrap();
    let answer =
        crate::node::message::SoundAnswer::read(&Answer::Heads(crate::node::message::HeadsReport::whole(vec![report], under)).to_bytes());
    world.feed(0, Input::Answered { from, call, answer });
    assert_eq!(world.peers[0].shelf.journal(&who).unwrap(), before);
    assert!(world.peers[0].shelf.fork(&who).unwrap().is_none());
}

/// Serves rows, and no version of the charter.
fn tells_no_charter(_: &mut rand::rngs::StdRng, packet: Packet) -> Option<Packet> {
    match &packet {
        Packet::Answer(_, bytes) if matches!(Answer::decode(bytes), Ok(Answer::Charter(_))) => None,
        Packet::Answer(..) | Packet::Ask(..) | Packet::Announcement(_) | Packet::Failed(_) => Some(packet),
    }
}

#[test]
fn what_is_sealed_to_keys_that_this_peer_does_not_know_to_be_its_own_yet_is_read_when_it_comes() {
    let mut world = federation(919, 4);
    let mut holder = super::counter::wallet();
    let number = super::counter::issue(&mut world, 0, &mut holder, 1);
    world.run_for(2 * SECOND_MS);
    let grant = super::counter::grant_for(&mut world, &mut holder, &number, 1, 2);
    world.set_up(0, false);
    rotate_at(&mut world, 0, 1, &[2, 3], None);
    let request = super::counter::request(&mut world);
    super::counter::query_as(&mut world, 1, &grant, request);
    world.run_for(2 * SECOND_MS);
    // It comes back with its old keys, and the ones that were made to follow them lie beside; rows come before the version does.
    let coming = world.peers[0].next_keys.clone().unwrap();
    world.peers[0].keys.opens_also(&coming);
    world.part(&[&[0, 1], &[2, 3]]);
    world.bent = Some((1, tells_no_charter));
    world.set_up(0, true);
    let by = centre(&world, 1);
    for _ in 0..60 {
        world.run_for(SECOND_MS);
        if world.size(0, 1) == world.size(1, 1) {
            break;
        }
    }
    assert_eq!(world.size(0, 1), world.size(1, 1), "the rows are here, those that make the version among them");
    world.bent = None;
    world.heal();
    world.run_for(MINUTE_MS);
    assert_eq!(world.peers[0].node.charter().version(), 2);
    let seen = world.peers[0].shelf.access(&by, &request).unwrap();
    assert!(seen.is_some_and(|access| access.certificate == number), "who looked at its certificate, it knows");
}
