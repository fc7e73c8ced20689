//! Several stretches of one journal under way at once.

use std::collections::VecDeque;

use super::world::{Weather, World};
use crate::error::FaultCode;
use crate::journal::{Entry, Frame, Frontier, Kind, Statement, batch};
use crate::names::StationKey;
use crate::node::message::{Answer, Ask, Decline, HeadReport, Question, SoundAnswer, Under};
use crate::node::{Effect, Env, Input};
use crate::shelf::{JournalState, Shelf, Write};
use crate::time::{MINUTE_MS, SECOND_MS};

/// Rows so long that 14 are planned for a frame.
const BODY_BYTES: usize = 60_000;
const ROWS: usize = 100;

fn entry(world: &mut World) -> Entry {
    Statement::build(&mut world.rng, Kind::AccessRecorded, world.now, None, &[7; BODY_BYTES]).unwrap()
}

/// Puts a long journal of the first peer on its shelf and on those of `others`.
fn fill(world: &mut World, others: &[usize]) {
    let entries: Vec<_> = (0..ROWS).map(|_| entry(world)).collect();
    let (author, keys) = (world.peers[0].node.authors[&world.peers[0].centre].clone(), world.peers[0].keys.clone());
    let batch = batch::append(&Frontier::empty(), entries, &author, &keys.signing, &keys.heartbeat, world.now).unwrap();
    let (size, peaks, head) = (batch.frontier.size(), batch.frontier.peaks().to_vec(), batch.head.received_at(world.now));
    let state = JournalState { size, peaks, head: Some(head), applied: size };
    let write = Write::Append { centre: author.centre, from: 0, rows: batch.rows, subtrees: batch.subtrees, state };
    for peer in std::iter::once(&0).chain(others) {
        world.peers[*peer].shelf.apply(&write).unwrap();
    }
}

#[test]
fn stretches_that_come_in_any_order_are_stored_in_order() {
    for seed in 71..75 {
        let mut world = World::new(seed, 3);
        world.part(&[]);
        world.weather = Weather { loss_percent: 10, double_percent: 10, delay_ms: (1, 2_000) };
        fill(&mut world, &[2]);
        world.heal();
        let mut sizes = Vec::new();
        for _ in 0..120 {
            world.run_for(500);
            sizes.push(world.size(1, 0));
        }
        world.weather = Weather::FAIR;
        world.run_for(MINUTE_MS);
        world.assert_converged();
        assert_eq!(world.size(1, 0), ROWS as u64);
        sizes.dedup();
        assert!(sizes.len() > 3 && sizes.is_sorted(), "{sizes:?}");
        assert!(world.faults(1).is_empty());
    }
}

/// What a peer asks.
type Call = (StationKey, u64, Question);

/// Feeds an input and what follows from its writes; returns the calls it led to.
fn feed(world: &mut World, peer: usize, input: Input) -> Vec<Call> {
    let (mut calls, mut inputs) = (Vec::new(), VecDeque::from([input]));
    while let Some(input) = inputs.pop_front() {
        let p = &mut world.peers[peer];
        let effects = p.node.handle(&mut Env { now: world.now, rng: &mut world.rng, shelf: &p.shelf }, input).unwrap();
        for effect in effects {
            match effect {
                Effect::Write(write) => p.shelf.apply(&write).unwrap(),
                Effect::WhenStored => inputs.push_back(Input::Stored),
                Effect::Call { to, call, bytes } => calls.push((to, call, Ask::decode(&bytes).unwrap().question)),
                _ => {}
            }
        }
    }
    calls
}

/// What an honest peer answers.
fn served(world: &mut World, by: usize, question: &Question) -> Answer {
    let (from, bytes) = (world.station(1), Ask::under(&world.charter, question.clone()).to_bytes());
    let effects = world.feed_raw(by, Input::Asked { from, token: 1, bytes });
    let answer = effects.into_iter().find_map(|e| if let Effect::Answer { bytes, .. } = e { Some(bytes) } else { None });
    Answer::decode(&answer.unwrap()).unwrap()
}

fn answer(world: &mut World, (to, call, _): &Call, answer: &Answer) -> Vec<Call> {
    feed(world, 1, Input::Answered { from: *to, call: *call, answer: SoundAnswer::read(&answer.to_bytes()) })
}

fn stretch(call: &Call) -> (u64, u64) {
    let Question::Pull { from, rows, .. } = &call.2 else { panic!("{call:?}") };
    (*from, rows.unwrap())
}

/// A peer that knows who holds the journal and has the first frame of it; returns the calls that it has under way.
fn under_way(world: &mut World) -> Vec<Call> {
    world.part(&[]);
    fill(world, &[2]);
    let centre = world.peers[0].centre.clone();
    let note = world.peers[0].shelf.journal(&centre).unwrap().head.unwrap().note;
    let (mut first, under) = (Vec::new(), Under::of(&world.charter));
    for holder in [0, 2] {
        let station = world.station(holder);
        let [heads] = feed(world, 1, Input::Connected(station)).try_into().unwrap();
        first.extend(answer(
            world,
            &heads,
            &Answer::Heads(crate::node::message::HeadsReport::whole(
                vec![HeadReport { centre: centre.clone(), note: note.clone() }],
                under,
            )),
        ));
    }
    let [first] = first.try_into().unwrap();
    assert_eq!(stretch(&first).0, 0);
    let frame = served(world, 0, &first.2);
    answer(world, &first, &frame)
}

#[test]
fn a_frame_that_came_early_and_does_not_prove_is_blamed_on_who_sent_it_and_asked_for_again() {
    let mut world = World::new(76, 3);
    let calls = under_way(&mut world);
    let held = world.size(1, 0);
    assert_eq!(calls.len(), crate::node::replicate::MAX_STRETCHES);
    assert!(calls.windows(2).all(|w| stretch(&w[0]).0 + stretch(&w[0]).1 == stretch(&w[1]).0), "they follow each other");
    // The last one comes first, with rows of the sender's own making under the true head.
    let last = calls.last().unwrap();
    let Answer::Frame(bytes) = served(&mut world, 0, &last.2) else { panic!() };
    let mut forged = Frame::decode(&bytes).unwrap();
    forged.entries[3] = entry(&mut world);
    assert!(answer(&mut world, last, &Answer::Frame(forged.to_bytes().into())).is_empty(), "no more than so many at once");
    assert_eq!((world.size(1, 0), world.faults(1).len()), (held, 0), "nothing of it is stored, and nobody knows yet");
    let mut waiting: VecDeque<Call> = calls[..3].iter().rev().cloned().collect();
    let mut again = None;
    while let Some(call) = waiting.pop_front() {
        let frame = served(&mut world, 0, &call.2);
        for next in answer(&mut world, &call, &frame) {
            again = again.or_else(|| (stretch(&next).0 == stretch(last).0).then_some(next.0));
            waiting.push_back(next);
        }
    }
    assert_eq!(world.faults(1), [FaultCode::BadProof]);
    let blamed = world.peers[1].shelf.faults().unwrap()[0].0;
    assert_eq!((blamed, again), (last.0, [world.station(0), world.station(2)].into_iter().find(|s| *s != last.0)), "another is asked");
    let centre = world.peers[0].centre.clone();
    assert_eq!(world.peers[1].shelf.journal(&centre).unwrap().peaks, world.peers[0].shelf.journal(&centre).unwrap().peaks);
}

#[test]
fn a_frame_that_is_longer_than_asked_or_of_another_stretch_is_refused() {
    for bend in [0_u64, 1] {
        let mut world = World::new(77, 3);
        let calls = under_way(&mut world);
        let (from, rows) = stretch(&calls[1]);
        let centre = world.peers[0].centre.clone();
        let other = Question::Pull { centre, from: from + bend, rows: Some(rows + 1 - bend) };
        let frame = served(&mut world, 0, &other);
        answer(&mut world, &calls[1], &frame);
        assert_eq!(world.faults(1), [FaultCode::Unasked]);
    }
}

#[test]
fn a_stretch_that_nobody_serves_keeps_what_came_behind_it_waiting_and_no_more_is_asked_for() {
    let mut world = World::new(78, 3);
    let calls = under_way(&mut world);
    let held = world.size(1, 0);
    for call in &calls[1..] {
        let frame = served(&mut world, 0, &call.2);
        assert!(answer(&mut world, call, &frame).is_empty());
    }
    // Both decline what is missing.
    let next = answer(&mut world, &calls[0], &Answer::Declined(Decline::Damaged));
    let [next] = next.try_into().unwrap();
    assert_eq!(stretch(&next), stretch(&calls[0]), "the gap, from the other");
    assert!(answer(&mut world, &next, &Answer::Declined(Decline::Damaged)).is_empty());
    assert_eq!(world.size(1, 0), held);
    world.now = world.now.plus_ms(SECOND_MS);
    assert!(feed(&mut world, 1, Input::Tick).iter().all(|call| !matches!(call.2, Question::Pull { .. })));
}

#[test]
fn stretches_that_do_not_come_in_time_are_asked_for_in_shorter_ones_of_whoever_is_left_and_what_fails_at_once_is_not() {
    let mut world = World::new(79, 3);
    let calls = under_way(&mut world);
    let (held, (_, rows)) = (world.size(1, 0), stretch(&calls[0]));
    world.now = world.now.plus_ms(10 * SECOND_MS);
    let mut next = Vec::new();
    for (_, call, _) in &calls {
        assert!(next.is_empty(), "one at a time, as long as it is not known what comes through");
        next = feed(&mut world, 1, Input::CallFailed { call: *call });
    }
    let [next] = next.try_into().unwrap();
    assert_eq!(stretch(&next).0, held);
    assert!(stretch(&next).1 <= rows / 4 && stretch(&next).1 > 0, "{:?} of {rows}", stretch(&next));
    let frame = served(&mut world, 0, &next.2);
    let [more] = answer(&mut world, &next, &frame).try_into().unwrap();
    assert!(stretch(&more).1 > stretch(&next).1, "what came through is dared again, and more");
    assert!(feed(&mut world, 1, Input::CallFailed { call: more.1 }).is_empty(), "or two that fail each other at once would never rest");
}
