//! What is known of every journal is compared before heads are told: nothing hides behind equal numbers.

use super::world::World;
use crate::charter::MAX_MEMBERS;
use crate::error::FaultCode;
use crate::journal::{Frontier, Kind, Statement, batch};
use crate::names::{CentreCode, Digest};
use crate::node::message::{Answer, Ask, Decline, HeadsReport, KnownHead, Question, SoundAnswer};
use crate::node::{Effect, Input};
use crate::shelf::{Forks, JournalState, Shelf, Write};
use crate::time::{MINUTE_MS, SECOND_MS};

/// Puts rows of the first centre's making on another's shelf: as many as are said, each made anew, all under one head of this time.
fn put_rows(world: &mut World, at: usize, rows: usize) {
    let entries = (0..rows).map(|_| Statement::build(&mut world.rng, Kind::AuditRecorded, world.now, None, b"row").unwrap()).collect();
    let (author, keys) = (world.peers[0].node.authors[&world.peers[0].centre].clone(), world.peers[0].keys.clone());
    let batch = batch::append(&Frontier::empty(), entries, &author, &keys.signing, &keys.heartbeat, world.now).unwrap();
    let (size, peaks, head) = (batch.frontier.size(), batch.frontier.peaks().to_vec(), batch.head.received_at(world.now));
    let state = JournalState { size, peaks, head: Some(head), applied: size };
    let write = Write::Append { centre: author.centre, from: 0, rows: batch.rows, subtrees: batch.subtrees, state };
    world.peers[at].shelf.apply(&write).unwrap();
}

fn known(world: &World, at: usize) -> Vec<KnownHead> {
    let known = world.peers.iter().filter_map(|peer| {
        let head = world.peers[at].shelf.journal(&peer.centre).unwrap().head?;
        Some(KnownHead { centre: peer.centre.clone(), rows: head.size, seconds: u64::try_from(head.heartbeat.seconds()).unwrap() })
    });
    known.collect()
}

/// What a peer answers to another's question.
fn asked(world: &mut World, peer: usize, by: usize, question: Question) -> Answer {
    let (from, bytes) = (world.station(by), Ask::under(&world.charter, question).to_bytes());
    let effects = world.feed_raw(peer, Input::Asked { from, token: 1, bytes });
    for effect in &effects {
        if let Effect::Write(write) = effect {
            world.peers[peer].shelf.apply(write).unwrap();
        }
    }
    let answer = effects.into_iter().find_map(|effect| if let Effect::Answer { bytes, .. } = effect { Some(bytes) } else { None });
    Answer::decode(&answer.unwrap()).unwrap()
}

fn report(answer: Answer) -> HeadsReport {
    let Answer::Heads(report) = answer else { panic!("{answer:?}") };
    report
}

#[test]
fn two_histories_of_one_length_and_one_time_do_not_hide_behind_equal_numbers() {
    let mut world = World::new(941, 3);
    world.set_up(0, false);
    world.part(&[]);
    put_rows(&mut world, 1, 3);
    put_rows(&mut world, 2, 3);
    let (centre, mine, theirs) = (world.peers[0].centre.clone(), known(&world, 1), known(&world, 2));
    let of = |known: &[KnownHead]| known.iter().find(|head| head.centre == centre).cloned();
    assert_eq!(of(&mine), of(&theirs), "the numbers say nothing");
    world.heal();
    world.run_for(20 * SECOND_MS);
    for peer in [1, 2] {
        assert!(world.peers[peer].shelf.fork(&centre).unwrap().is_some(), "peer {peer}");
        assert!(world.faults(peer).contains(&FaultCode::Forked));
    }
}

#[test]
fn a_station_that_claims_to_hold_what_it_does_not_is_asked_for_everything_and_counts_for_nothing_before() {
    let mut world = World::new(942, 3);
    for peer in 0..3 {
        let entry = Statement::build(&mut world.rng, Kind::AuditRecorded, world.now, None, b"row").unwrap();
        world.append(peer, vec![entry]);
    }
    world.run_for(MINUTE_MS);
    world.part(&[]);
    let station = world.station(1);
    let call = |effects: Vec<Effect>| {
        let mut calls = effects.into_iter().filter_map(|effect| match effect {
            Effect::Call { call, bytes, .. } => Some((call, Ask::decode(&bytes).unwrap().question)),
            _ => None,
        });
        (calls.next().unwrap(), calls.next().is_none())
    };
    let effects = world.feed_raw(0, Input::Connected(station));
    let ((number, question), _) = call(effects);
    assert!(matches!(question, Question::Heads(known) if known.len() == 3));
    world.peers[0].node.replicate.heard.clear();
    let lie = HeadsReport { same: Digest([7; 32]), ..HeadsReport::whole(Vec::new(), crate::node::message::Under::of(&world.charter)) };
    let answer = SoundAnswer::read(&Answer::Heads(lie.clone()).to_bytes());
    let effects = world.feed_raw(0, Input::Answered { from: station, call: number, answer });
    let ((number, question), alone) = call(effects);
    assert!(alone && question == Question::Heads(Vec::new()), "and now everything");
    assert!(world.peers[0].node.replicate.heard.is_empty());
    // Who says it again is not asked again: not in a circle.
    let answer = SoundAnswer::read(&Answer::Heads(lie).to_bytes());
    let effects = world.feed_raw(0, Input::Answered { from: station, call: number, answer });
    assert!(effects.iter().all(|effect| !matches!(effect, Effect::Call { .. })));
    assert!(world.peers[0].node.replicate.heard.is_empty());
}

#[test]
fn only_what_differs_is_told_and_what_is_not_held_is_named() {
    let mut world = World::new(943, 4);
    world.set_up(3, false);
    for peer in 0..3 {
        let entry = Statement::build(&mut world.rng, Kind::AuditRecorded, world.now, None, b"row").unwrap();
        world.append(peer, vec![entry]);
    }
    world.run_for(MINUTE_MS);
    let centres: Vec<CentreCode> = world.peers.iter().map(|peer| peer.centre.clone()).collect();
    let mut listed = known(&world, 1);
    let all = report(asked(&mut world, 1, 0, Question::Heads(listed.clone())));
    assert!(all.heads.is_empty() && all.others.is_empty(), "{all:?}");
    // Behind in one, ahead in another, of a third it never heard, and one that nobody here knows.
    listed.retain(|head| head.centre != centres[3]);
    listed[0].rows -= 1;
    listed[2].seconds += 9;
    let (never, stranger) = (listed.iter().position(|head| head.centre == centres[1]).unwrap(), CentreCode::new("C99999").unwrap());
    listed.remove(never);
    for centre in [centres[3].clone(), stranger.clone()] {
        listed.push(KnownHead { centre, rows: 5, seconds: 1 });
    }
    let told = report(asked(&mut world, 1, 0, Question::Heads(listed)));
    let told_of: Vec<CentreCode> = told.heads.iter().map(|head| head.centre.clone()).collect();
    assert_eq!(told_of, [centres[0].clone(), centres[1].clone()]);
    let others: Vec<_> = told.others.iter().map(|other| (other.centre.clone(), other.rows)).collect();
    assert_eq!(others, [(centres[2].clone(), Some(1)), (centres[3].clone(), None), (stranger, None)]);
}

#[test]
fn an_author_that_has_less_than_the_asker_shows_its_own_head_all_the_same() {
    let mut world = World::new(944, 2);
    let entry = Statement::build(&mut world.rng, Kind::AuditRecorded, world.now, None, b"row").unwrap();
    world.append(0, vec![entry]);
    world.run_for(MINUTE_MS);
    let mut listed = known(&world, 1);
    listed[0].rows += 1;
    listed[1].rows += 1;
    let told = report(asked(&mut world, 0, 1, Question::Heads(listed)));
    assert_eq!(told.heads.iter().map(|head| &head.centre).collect::<Vec<_>>(), [&world.peers[0].centre], "its own, to be compared");
    assert_eq!(told.others.len(), 1);
}

#[test]
fn a_question_that_names_more_journals_than_a_charter_may_is_declined_and_blamed() {
    let mut world = World::new(945, 2);
    let head = |i: usize| KnownHead { centre: CentreCode::new(&format!("C{i:05}")).unwrap(), rows: 1, seconds: 1 };
    let question = Question::Heads((0..=MAX_MEMBERS).map(head).collect());
    assert_eq!(asked(&mut world, 0, 1, question), Answer::Declined(Decline::NotHeld));
    assert_eq!(world.faults(0), [FaultCode::Oversized]);
}

#[test]
fn a_question_that_this_version_does_not_know_is_declined_and_the_next_one_answered() {
    let mut world = World::new(947, 2);
    let known = Ask::under(&world.charter, Question::Heads(Vec::new())).to_bytes();
    // The key of the question, an array of its number and its members; then another number, and the shape of an older version.
    let (heads, at) = ([0x01, 0x82, 0x00, 0x81, 0x80], known.windows(5).position(|bytes| bytes == [0x01, 0x82, 0x00, 0x81, 0x80]).unwrap());
    for other in [&[0x01, 0x82, 0x18, 99, 0x81, 0x80][..], &[0x01, 0x82, 0x00, 0x80]] {
        let bytes = [&known[..at], other, &known[at + heads.len()..]].concat();
        let from = world.station(1);
        let effects = world.feed_raw(0, Input::Asked { from, token: 1, bytes });
        let answer = effects.into_iter().find_map(|effect| if let Effect::Answer { bytes, .. } = effect { Some(bytes) } else { None });
        assert_eq!(Answer::decode(&answer.unwrap()).unwrap(), Answer::Declined(Decline::NotHeld));
    }
    assert!(matches!(asked(&mut world, 0, 1, Question::Heads(Vec::new())), Answer::Heads(_)));
}

#[test]
fn an_author_who_lives_is_heard_of_without_gossip() {
    let mut world = World::new(946, 4);
    // A line of four: nobody is connected to everybody.
    world.part(&[&[0, 1], &[1, 2], &[2, 3]]);
    world.run_for(SECOND_MS);
    world.peers.iter_mut().for_each(|peer| peer.sent_announcements.clear());
    world.run_for(30 * MINUTE_MS);
    assert!(world.peers.iter().all(|peer| peer.sent_announcements.is_empty()), "there is nothing to announce");
    let head = world.peers[3].shelf.journal(&world.peers[0].centre).unwrap().head.unwrap();
    assert!(world.now.since(head.heartbeat) < crate::node::STALE_AFTER_MS);
}
