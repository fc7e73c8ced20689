//! The newest head goes straight from its author to whoever is connected.

use super::world::World;
use crate::error::FaultCode;
use crate::journal::{Author, Entry, Frame, Frontier, Kind, Statement, batch};
use crate::names::StationKey;
use crate::node::message::{Answer, Ask, Decline, Question, SoundAnswer};
use crate::node::replicate::{MAX_PUSH_BYTES, MAX_PUSHED};
use crate::node::serve::MAX_PUSHES_PER_SECOND;
use crate::node::{Effect, Env, Input, Verdict};
use crate::shelf::Shelf;
use crate::time::SECOND_MS;

fn entry(world: &mut World, body: usize) -> Entry {
    Statement::build(&mut world.rng, Kind::AccessRecorded, world.now, None, &vec![7; body]).unwrap()
}

/// What one input let out, with its writes applied.
#[derive(Default)]
struct LetOut {
    pushes: Vec<(StationKey, u64, Vec<u8>)>,
    calls: Vec<Question>,
    answers: Vec<Answer>,
    announced: usize,
}

fn carry_out(world: &mut World, peer: usize, effects: Vec<Effect>) -> LetOut {
    let mut let_out = LetOut::default();
    for effect in effects {
        match effect {
            Effect::Write(write) => world.peers[peer].shelf.apply(&write).unwrap(),
            Effect::KeepHead(head) => world.peers[peer].kept = Some(head),
            Effect::Push { to, call, bytes } => let_out.pushes.push((to, call, bytes)),
            Effect::Call { bytes, .. } => let_out.calls.push(Ask::decode(&bytes).unwrap().question),
            Effect::Answer { bytes, .. } => let_out.answers.push(Answer::decode(&bytes).unwrap()),
            Effect::Announce(_) => let_out.announced += 1,
            Effect::Judge { verdict, .. } => world.peers[peer].verdicts.push(verdict),
            Effect::Reply { .. }
            | Effect::ReadSource { .. }
            | Effect::Derive { .. }
            | Effect::House { .. }
            | Effect::Admit(_)
            | Effect::NextKeys { .. }
            | Effect::KeysTaken { .. }
            | Effect::WhenStored
            | Effect::WindowReply { .. }
            | Effect::Again => {}
        }
    }
    let_out
}

fn feed(world: &mut World, peer: usize, input: Input) -> LetOut {
    let effects = world.feed_raw(peer, input);
    carry_out(world, peer, effects)
}

/// The first peer appends rows.
fn append(world: &mut World, entries: Vec<Entry>) -> LetOut {
    let (mut out, p) = (Vec::new(), &mut world.peers[0]);
    p.node.append(&mut Env { now: world.now, rng: &mut world.rng, shelf: &p.shelf }, entries, &mut out).unwrap();
    carry_out(world, 0, out)
}

fn push_to(world: &mut World, from: usize, to: usize, bytes: Vec<u8>) -> LetOut {
    let from = world.station(from);
    feed(world, to, Input::Asked { from, token: 9, bytes })
}

fn as_ask(world: &World, frame: &Frame) -> Vec<u8> {
    Ask::under(&world.charter, Question::Push(frame.to_bytes().into())).to_bytes()
}

fn frame_in(push: &[u8]) -> Frame {
    let Question::Push(frame) = Ask::decode(push).unwrap().question else { panic!("no push") };
    Frame::decode(&frame).unwrap()
}

/// A federation in which everything was said that is said at a start.
fn settled(seed: u64, peers: usize) -> World {
    let mut world = World::new(seed, peers);
    world.run_for(3 * SECOND_MS);
    world.peers.iter_mut().for_each(|peer| peer.sent_announcements.clear());
    world
}

#[test]
fn a_row_comes_with_its_head_to_whoever_is_connected_and_nobody_has_to_ask_for_it() {
    let mut world = settled(91, 3);
    let row = entry(&mut world, 40);
    let told = append(&mut world, vec![row]);
    assert_eq!((told.pushes.len(), told.announced, told.calls.len()), (2, 0, 0), "one to each, and no gossip");
    let taken = push_to(&mut world, 0, 1, told.pushes[0].2.clone());
    assert_eq!(taken.answers, [Answer::Held(1)]);
    assert!(taken.calls.is_empty(), "{:?}", taken.calls);
    let centre = world.peers[0].centre.clone();
    assert_eq!(world.peers[1].shelf.journal(&centre).unwrap().peaks, world.peers[0].shelf.journal(&centre).unwrap().peaks);
    let again = push_to(&mut world, 0, 1, told.pushes[0].2.clone());
    assert_eq!((again.answers, world.size(1, 0)), (vec![Answer::Held(1)], 1), "said twice it is the same");
    assert!(world.faults(1).is_empty());
}

/// A frame with one thing wrong, and what its sender is blamed for.
fn bent(world: &mut World) -> Vec<(Frame, FaultCode)> {
    let (row, other) = (entry(world, 40), entry(world, 40));
    let keys = [0, 2].map(|peer| world.peers[peer].keys.clone());
    let author = world.peers[0].node.authors[&world.peers[0].centre].clone();
    let signed = |entries: Vec<Entry>, author: &Author, by: usize| {
        let own = Author { signing: keys[by].signing.public(), heartbeat: keys[by].heartbeat.public(), ..author.clone() };
        batch::append(&Frontier::empty(), entries, &own, &keys[by].signing, &keys[by].heartbeat, world.now).unwrap().head.note().to_vec()
    };
    let note = signed(vec![row.clone()], &author, 0);
    let good = Frame { centre: author.centre.clone(), from: 0, entries: vec![row.clone()], proof: Vec::new(), note };
    let payload = Some(other.payload.clone().unwrap());
    let long = Entry { header: row.header.clone(), payload: Some(vec![7; MAX_PUSH_BYTES]) };
    let elsewhere = world.peers[2].node.authors[&world.peers[2].centre].clone();
    vec![
        (Frame { entries: vec![other.clone()], ..good.clone() }, FaultCode::BadProof),
        (Frame { entries: vec![row.clone(), other.clone()], ..good.clone() }, FaultCode::BadProof),
        (Frame { note: signed(vec![other], &author, 0), ..good.clone() }, FaultCode::BadProof),
        (Frame { entries: vec![Entry { payload, ..row.clone() }], ..good.clone() }, FaultCode::BadPayload),
        (Frame { entries: vec![Entry { payload: None, ..row.clone() }], ..good.clone() }, FaultCode::PayloadMissing),
        (Frame { entries: vec![long], ..good.clone() }, FaultCode::Oversized),
        (Frame { note: signed(vec![row.clone()], &author, 1), ..good.clone() }, FaultCode::BadSignature),
        (Frame { centre: elsewhere.centre.clone(), note: signed(vec![row], &elsewhere, 1), ..good }, FaultCode::NotTheAuthor),
    ]
}

#[test]
fn a_pushed_row_that_does_not_prove_is_refused_and_its_sender_is_blamed() {
    let cases = bent(&mut settled(92, 3)).len();
    for case in 0..cases {
        let mut world = settled(92, 3);
        let (frame, code) = bent(&mut world).remove(case);
        let bytes = as_ask(&world, &frame);
        let refused = push_to(&mut world, 0, 1, bytes);
        assert_eq!(refused.answers, [Answer::Declined(Decline::NotHeld)], "case {case}");
        assert_eq!((world.size(1, 0), world.size(1, 2)), (0, 0), "case {case}");
        assert_eq!(world.peers[1].shelf.faults().unwrap(), [(world.station(0), code, 1)], "case {case}");
    }
}

#[test]
fn a_pushed_row_without_its_predecessor_leads_to_a_question_and_to_equal_journals() {
    let mut world = settled(93, 2);
    let rows = [entry(&mut world, 40), entry(&mut world, 40)];
    let [lost, late] = rows.map(|row| append(&mut world, vec![row]));
    assert_eq!((lost.pushes.len(), late.pushes.len()), (1, 0), "one at a time");
    let centre = world.peers[0].centre.clone();
    let frame = {
        let env = Env { now: world.now, rng: &mut world.rng, shelf: &world.peers[0].shelf };
        crate::node::Node::frame_from(&env, &centre, 1, 9, 9_999).unwrap().unwrap()
    };
    let bytes = as_ask(&world, &frame);
    let taken = push_to(&mut world, 0, 1, bytes.clone());
    assert_eq!((taken.answers, world.size(1, 0)), (vec![Answer::Held(0)], 0));
    assert!(matches!(taken.calls[..], [Question::Pull { from: 0, .. }]), "{:?}", taken.calls);
    // What that question brings, on a network that carries it.
    world.set_up(1, true);
    let from = world.station(0);
    world.feed(1, Input::Asked { from, token: 10, bytes });
    world.run_for(SECOND_MS);
    world.assert_converged();
    assert_eq!(world.size(1, 0), 2);
    assert!(world.faults(1).is_empty());
}

#[test]
fn a_flood_of_pushes_is_declined_and_others_are_heard() {
    let mut world = settled(94, 3);
    let row = entry(&mut world, 40);
    let told = append(&mut world, vec![row]);
    let busy = |world: &mut World, from: usize| {
        let bytes = told.pushes[0].2.clone();
        push_to(world, from, 1, bytes).answers == [Answer::Declined(Decline::Busy)]
    };
    let declined = (0..1_000).filter(|_| busy(&mut world, 0)).count();
    assert_eq!(declined, 1_000 - MAX_PUSHES_PER_SECOND as usize);
    assert!(!busy(&mut world, 2), "another station is heard in the same second");
    let heads = Ask::under(&world.charter, Question::Heads(Vec::new())).to_bytes();
    assert!(matches!(push_to(&mut world, 0, 1, heads).answers[..], [Answer::Heads(..)]), "and its questions are its own");
    world.now = world.now.plus_ms(SECOND_MS);
    assert!(!busy(&mut world, 0));
}

#[test]
fn what_is_appended_while_a_push_is_under_way_goes_together_in_the_next() {
    let mut world = settled(95, 2);
    let row = entry(&mut world, 40);
    let [(to, call, _)] = append(&mut world, vec![row]).pushes.try_into().unwrap();
    for _ in 0..100 {
        let row = entry(&mut world, 40);
        assert!(append(&mut world, vec![row]).pushes.is_empty(), "one push is under way");
    }
    let held = |rows| SoundAnswer::read(&Answer::Held(rows).to_bytes());
    let [(_, next, bytes)] = feed(&mut world, 0, Input::Answered { from: to, call, answer: held(1) }).pushes.try_into().unwrap();
    assert_eq!((frame_in(&bytes).from, frame_in(&bytes).entries.len()), (1, 100));
    assert!(feed(&mut world, 0, Input::Answered { from: to, call: next, answer: held(101) }).pushes.is_empty());
    // Rows that do not fit: the head alone, and the receiver asks.
    let row = entry(&mut world, 40);
    let [(_, call, _)] = append(&mut world, vec![row]).pushes.try_into().unwrap();
    let long = entry(&mut world, 60_000);
    assert!(append(&mut world, vec![long]).pushes.is_empty());
    let [(_, _, bytes)] = feed(&mut world, 0, Input::Answered { from: to, call, answer: held(102) }).pushes.try_into().unwrap();
    assert_eq!((frame_in(&bytes).from, frame_in(&bytes).entries.len()), (103, 0));
}

#[test]
fn a_push_that_came_to_nothing_is_made_again_with_the_next_tick_and_not_at_once() {
    let mut world = settled(96, 2);
    let row = entry(&mut world, 40);
    let [(to, call, _)] = append(&mut world, vec![row]).pushes.try_into().unwrap();
    let busy = SoundAnswer::read(&Answer::Declined(Decline::Busy).to_bytes());
    assert!(feed(&mut world, 0, Input::Answered { from: to, call, answer: busy }).pushes.is_empty());
    let [(to, call, _)] = feed(&mut world, 0, Input::Tick).pushes.try_into().unwrap();
    assert!(feed(&mut world, 0, Input::CallFailed { call }).pushes.is_empty());
    let [(_, call, _)] = feed(&mut world, 0, Input::Tick).pushes.try_into().unwrap();
    feed(&mut world, 0, Input::Disconnected(to));
    assert!(feed(&mut world, 0, Input::CallFailed { call }).pushes.is_empty());
    assert!(feed(&mut world, 0, Input::Tick).pushes.is_empty(), "nobody is there");
}

#[test]
fn gossip_tells_whoever_is_not_connected_and_is_passed_on_once_by_who_heard_it_directly() {
    let mut world = settled(97, 4);
    let absent = world.station(3);
    feed(&mut world, 0, Input::Disconnected(absent));
    let row = entry(&mut world, 40);
    let told = append(&mut world, vec![row]);
    assert_eq!((told.pushes.len(), told.announced), (2, 1));
    push_to(&mut world, 0, 1, told.pushes[0].2.clone());
    let (station, secrets, frame) = (world.station(0), world.secrets(), frame_in(&told.pushes[0].2));
    for verdict in [Verdict::Accept, Verdict::Ignore] {
        let bytes = crate::node::announce::seal(&mut world.rng, world.charter.founding(), &secrets, &station, &frame).unwrap();
        feed(&mut world, 1, Input::Announcement { from: station, source: 1, bytes });
        assert_eq!(world.peers[1].verdicts.last(), Some(&verdict));
    }
    assert!(world.faults(1).is_empty());
}

#[test]
fn no_more_than_so_many_are_told_directly() {
    let mut world = World::new(98, MAX_PUSHED + 3);
    let row = entry(&mut world, 40);
    let told = append(&mut world, vec![row]);
    assert_eq!((told.pushes.len(), told.announced), (MAX_PUSHED, 1));
}
