//! A centre with a second station: it answers from its copy, takes to the writer what must be written, and takes over by a vote.

use super::asking;
use super::counter::{issue, request, wallet};
use super::histories::{centre, row};
use super::interact::{asking as inquiry, check, granted, uses};
use super::membership::{change, federation, read_only};
use super::signed::{self, code};
use super::world::{Packet, World};
use crate::charter::{CentreCard, CentreKeys};
use crate::desk::{Act, Event, ReadOnly, Request, Verdict, Wish};
use crate::error::RefusalCode;
use crate::grant::Mode;
use crate::journal::Statement;
use crate::names::Digest;
use crate::node::message::{Answer, Ask, Decline, Question};
use crate::node::second::HANDOVER_EVERY_MS;
use crate::node::{Effect, Input};
use crate::operator::OperatorName;
use crate::shelf::memory::MemoryShelf;
use crate::shelf::{CharterWrite, Charters, House, Shelf, Write};
use crate::time::{MINUTE_MS, SECOND_MS};

const PERSON: asking::Number<'_> = ("01", "11010519491231002X");

/// Peers 0 to 3, and peer 4: a second station of peer 0's centre.
fn with_second(seed: u64) -> World {
    let mut world = federation(seed, 4);
    let keys = CentreKeys::random(&mut world.rng);
    let (whose, addresses) = (centre(&world, 0), vec!["/ip4/127.0.0.1/tcp/7900".to_owned()]);
    let wish = Wish::AddStation { centre: whose.clone(), station: keys.station_key(), addresses };
    change(&mut world, 0, vec![wish], &[1, 2]);
    let mut shelf = MemoryShelf::new();
    for row in world.peers[0].shelf.charter_links(1, 9).unwrap() {
        shelf.apply(&Write::Charter(CharterWrite::Link(row))).unwrap();
    }
    let second = world.join(whose, keys, shelf);
    assert_eq!(second, 4);
    world.run_for(5 * SECOND_MS);
    world
}

/// The card under which the second station would write.
fn card(world: &World, peer: usize) -> CentreCard {
    let p = &world.peers[peer];
    CentreCard::new(p.centre.clone(), "中心0".to_owned(), vec!["/ip4/127.0.0.1/tcp/7900".to_owned()], &p.keys)
}

fn closing(world: &mut World, peer: usize, token: u64) -> Event {
    world.run_for(2 * SECOND_MS);
    world.closing(peer, token).cloned().unwrap_or_else(|| panic!("no answer"))
}

/// A certificate of peer 0's centre, for a new holder.
fn issuing(world: &mut World) -> Act {
    let whose = centre(world, 0);
    let card = crate::holder::card::card(&mut world.rng, world.now, &mut wallet(), &whose).unwrap();
    Act::CertificateIssue {
        account_no: "46010000000100001".to_owned(),
        kind: "YDDKJCZM".to_owned(),
        addressee: Some(centre(world, 1)),
        card,
        clerk: "王经办".to_owned(),
        valid_days: None,
        request: request(world),
    }
}

/// Takes no answers to what was forwarded.
fn loses_what_it_is_told(_: &mut rand::rngs::StdRng, packet: Packet) -> Option<Packet> {
    match &packet {
        Packet::Answer(_, bytes) if matches!(Answer::decode(bytes), Ok(Answer::Told(_))) => None,
        Packet::Answer(..) | Packet::Ask(..) | Packet::Announcement(_) | Packet::Failed(_) => Some(packet),
    }
}

#[test]
fn a_second_station_has_from_the_writer_what_it_cannot_open_and_answers_lookups_while_that_is_dark() {
    let mut world = with_second(2_001);
    let place = asking::list(&mut world, 1, PERSON, 20_291_120, 20_271_120);
    asking::hire(&mut world, 0);
    world.run_for(2 * HANDOVER_EVERY_MS);
    assert_eq!(read_only(&mut world, 4), Some(ReadOnly::NotTheWriter));
    assert!(world.peers[4].node.has_epoch());
    assert_eq!(world.peers[4].shelf.operators().unwrap(), world.peers[0].shelf.operators().unwrap());
    world.assert_converged();
    world.set_up(0, false);
    world.run_for(MINUTE_MS);
    let before = world.size(4, 0);
    for restarted in [false, true] {
        if restarted {
            world.set_up(4, false);
            world.set_up(4, true);
            world.run_for(30 * SECOND_MS);
        }
        let answer = asking::lookup(&mut world, 4, PERSON);
        assert_eq!(answer.verdict, Verdict::Listed);
        assert_eq!(answer.hits[0].listing, place);
    }
    assert_eq!((world.size(4, 0), asking::audit(&world, 4).len()), (before, 2), "it writes down who asked, and no row of the journal");
    let act = issuing(&mut world);
    assert_eq!(code(&signed::ask(&mut world, 4, "teller", &act)), RefusalCode::WriterUnreachable);
}

#[test]
fn what_is_asked_at_a_second_station_is_done_once_by_the_writer_and_stands_in_its_log() {
    let mut world = with_second(2_002);
    let (before, log) = (world.size(0, 0), asking::audit(&world, 0).len());
    let disable = Act::OperatorDisable { name: OperatorName::new("reviewer").unwrap(), reason: "调离".to_owned() };
    let asked = signed_at(&mut world, 4, "security", &disable);
    let token = world.ask(4, asked.clone());
    assert!(world.closing(4, token).is_none(), "it is not answered here");
    assert_eq!(closing(&mut world, 4, token), Event::Done);
    assert_eq!(asking::audit(&world, 0).len(), log + 1);
    assert!(asking::audit(&world, 4).is_empty());
    // The very same again is refused there, as at the writer's own desk.
    let token = world.ask(4, asked);
    assert_eq!(code(&closing(&mut world, 4, token)), RefusalCode::RequestReused);
    // What was disabled at the writer is so here with the next handover.
    world.run_for(HANDOVER_EVERY_MS + 5 * SECOND_MS);
    let reviewer = world.peers[4].shelf.operator(&OperatorName::new("reviewer").unwrap()).unwrap().unwrap();
    assert!(reviewer.disabled.is_some());
    // A certificate: one row at the writer, which everybody gets.
    let act = issuing(&mut world);
    let asked = signed_at(&mut world, 4, "teller", &act);
    let token = world.ask(4, asked);
    assert!(matches!(closing(&mut world, 4, token), Event::CertificateIssued { .. }));
    world.run_for(30 * SECOND_MS);
    assert!(world.size(0, 0) > before);
    world.assert_converged();
    assert!((0..5).all(|peer| world.faults(peer).is_empty()));
}

#[test]
fn a_second_station_that_does_not_reach_the_writer_hears_from_others_that_its_centre_lives() {
    let mut world = with_second(2_008);
    asking::hire(&mut world, 0);
    world.run_for(2 * HANDOVER_EVERY_MS);
    world.part(&[&[0, 1, 2, 3], &[1, 2, 3, 4]]);
    world.run_for(45 * MINUTE_MS);
    let answer = asking::lookup(&mut world, 4, PERSON);
    assert!(asking::doubts(&answer).iter().all(Option::is_none), "{answer:?}");
    assert_eq!(answer.verdict, Verdict::NotListed);
}

fn signed_at(world: &mut World, peer: usize, by: &str, act: &Act) -> Request {
    Request::Act(signed::signed(world, peer, by, act))
}

#[test]
fn when_the_writer_does_not_answer_a_lookup_is_answered_here_and_of_the_rest_nothing_is_claimed() {
    let mut world = with_second(2_003);
    asking::hire(&mut world, 0);
    world.run_for(2 * HANDOVER_EVERY_MS);
    world.bent = Some((0, loses_what_it_is_told));
    let disable = Act::OperatorDisable { name: OperatorName::new("reviewer").unwrap(), reason: "调离".to_owned() };
    let asked = signed_at(&mut world, 4, "security", &disable);
    let token = world.ask(4, asked);
    world.run_for(30 * SECOND_MS);
    assert_eq!(code(world.closing(4, token).unwrap()), RefusalCode::WriterSilent);
    let lookup = asking::looking_up(PERSON);
    let asked = asking::sign(&mut world, 4, &lookup);
    let token = world.ask(4, asked);
    assert!(world.closing(4, token).is_none(), "the writer is asked first: there it is told who was found");
    world.run_for(30 * SECOND_MS);
    assert!(matches!(world.closing(4, token), Some(Event::Lookup(_))), "{:?}", world.closing(4, token));
}

#[test]
fn an_inquiry_that_comes_to_a_second_station_is_answered_by_the_writer_and_counted_once() {
    let mut world = with_second(2_004);
    let mut holder = wallet();
    let number = issue(&mut world, 0, &mut holder, 1);
    world.run_for(2 * SECOND_MS);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, 2);
    // The lender does not reach the writer.
    world.part(&[&[0, 2, 3, 4], &[1, 4]]);
    let id = request(&mut world);
    let ask = inquiry(&grant, check(&[("balance", "79800.00")]), id);
    let token = world.act(1, &ask);
    world.run_for(8 * SECOND_MS);
    assert!(matches!(world.closing(1, token), Some(Event::Attested(_))), "{:?}", world.closing(1, token));
    assert_eq!(uses(&world, &grant), 1);
    // And when the writer is gone nobody answers for it.
    world.set_up(0, false);
    let id = request(&mut world);
    let token = world.act(1, &inquiry(&grant, check(&[("balance", "79800.00")]), id));
    world.run_for(20 * SECOND_MS);
    assert_eq!(code(world.closing(1, token).unwrap()), RefusalCode::IssuerDark);
}

#[test]
fn only_the_centres_own_stations_are_handed_anything_or_may_have_work_done() {
    let mut world = with_second(2_005);
    let (whose, hybrid) = (centre(&world, 1), world.peers[1].keys.hybrid.public());
    let questions = [
        Question::Handover { hybrid, accounts: Digest([0; 32]) },
        Question::Forward(vec![1, 2, 3].into()),
        Question::Relay { asker: whose, inquiry: vec![1, 2, 3].into() },
    ];
    for question in questions {
        let bytes = Ask::under(world.peers[0].node.charter(), question.clone()).to_bytes();
        let from = world.station(1);
        let effects = world.feed_raw(0, Input::Asked { from, token: 7, bytes: bytes.clone() });
        let answer = effects.iter().find_map(|effect| if let Effect::Answer { bytes, .. } = effect { Some(bytes) } else { None }).unwrap();
        assert_eq!(Answer::decode(answer), Ok(Answer::Declined(Decline::NotHeld)), "{question:?}");
        // Nor does a second station have anything to hand over, even to its writer.
        let writer = world.station(0);
        let effects = world.feed_raw(4, Input::Asked { from: writer, token: 7, bytes });
        let answer = effects.iter().find_map(|effect| if let Effect::Answer { bytes, .. } = effect { Some(bytes) } else { None }).unwrap();
        assert_eq!(Answer::decode(answer), Ok(Answer::Declined(Decline::NotHeld)), "{question:?}");
    }
}

#[test]
fn a_second_station_takes_over_by_a_vote_and_what_the_former_writer_writes_then_is_void() {
    let mut world = with_second(2_006);
    asking::list(&mut world, 0, PERSON, 20_291_120, 20_271_120);
    world.run_for(2 * HANDOVER_EVERY_MS);
    world.set_up(0, false);
    world.run_for(10 * SECOND_MS);
    let (card, counted) = (card(&world, 4), world.size(1, 0));
    change(&mut world, 1, vec![Wish::RotateKeys { card: Box::new(card), rows: None }], &[2, 3]);
    world.run_for(30 * SECOND_MS);
    assert_eq!(read_only(&mut world, 4), None, "it writes");
    let member = world.peers[1].node.charter().member(&centre(&world, 0)).unwrap().clone();
    assert_eq!((member.term, member.stations.len(), member.writer().unwrap().key), (2, 1, world.station(4)));
    // Its people are the writer's, and what they ask for it does itself now.
    let disable = Act::OperatorDisable { name: OperatorName::new("reviewer").unwrap(), reason: "调离".to_owned() };
    assert_eq!(signed::ask(&mut world, 4, "security", &disable), Event::Done);
    let entry = row(&mut world);
    world.append(4, vec![entry]);
    world.run_for(MINUTE_MS);
    // The former writer comes back, lets nobody in and is let in by nobody, and writes on: nothing of it counts.
    world.set_up(0, true);
    let entry = Statement::build(&mut world.rng, crate::journal::Kind::AuditRecorded, world.now, None, b"x").unwrap();
    world.append(0, vec![entry]);
    world.run_for(2 * MINUTE_MS);
    for peer in 1..5 {
        assert!(world.size(peer, 0) >= counted);
        let head = |at: usize| world.peers[at].shelf.journal(&centre(&world, 0)).unwrap().head.unwrap().note;
        assert_eq!(head(peer), head(4), "peer {peer}");
        assert!(world.faults(peer).is_empty(), "peer {peer}: {:?}", world.faults(peer));
    }
}

#[test]
fn a_station_whose_own_key_changes_is_told_of_it_under_the_former_one() {
    let mut world = federation(2_007, 4);
    let p = &world.peers[3];
    let fresh = CentreKeys::random(&mut world.rng);
    let keys = CentreKeys {
        sealing: fresh.sealing.clone().after([p.keys.sealing.expose().clone()]),
        hybrid: fresh.hybrid.clone().after([p.keys.hybrid.expose().clone()]),
        ..fresh
    };
    let addresses = vec!["/ip4/127.0.0.1/tcp/7003".to_owned()];
    let card = CentreCard::new(p.centre.clone(), "中心3".to_owned(), addresses, &keys);
    let former = world.station(3);
    world.peers[3].next_keys = Some(keys);
    // It hears nothing of the vote until the others work under the next version.
    world.part(&[&[0, 1, 2], &[3]]);
    change(&mut world, 0, vec![Wish::RotateKeys { card: Box::new(card), rows: None }], &[1, 2]);
    assert_eq!(world.peers[0].node.charter().version(), 2);
    assert!(world.peers[0].node.charter().station(&former).is_none());
    world.heal();
    world.run_for(MINUTE_MS);
    assert_ne!(world.station(3), former);
    assert_eq!(read_only(&mut world, 3), None);
    world.run_for(MINUTE_MS);
    world.assert_converged();
    for peer in 0..4 {
        assert_eq!(world.peers[peer].node.charter().version(), 2);
        assert!(world.faults(peer).is_empty(), "peer {peer}: {:?}", world.faults(peer));
    }
    // After a while the former key opens nothing, not even that.
    world.run_for(11 * MINUTE_MS);
    assert!((0..3).all(|peer| !world.peers[peer].admitted.contains(&former)));
}
