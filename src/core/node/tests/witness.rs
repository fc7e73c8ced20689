//! Witnesses cosign what follows from what they cosigned, and nothing else, whatever an author or another witness does.

use std::collections::BTreeSet;

use super::histories::{History, centre, row, tell_of};
use super::membership::{change, federation};
use super::world::World;
use crate::desk::{Backing, Event, Level, Request, Wish};
use crate::error::FaultCode;
use crate::journal::note::Note;
use crate::journal::{Author, Frame, batch, cosignature};
use crate::names::{CentreCode, Digest};
use crate::node::message::{Answer, Ask, CosignatureReport, MAX_WANTED, Question, SoundAnswer, Under, Wanted};
use crate::node::witness::{ASK_COSIGNED_RARELY_MS, COSIGN_EVERY_MS};
use crate::node::{Effect, Env, Input};
use crate::shelf::{CosignatureRow, Cosignatures, Forks, Shelf, Write};
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS};

fn write(world: &mut World, peer: usize) {
    let entry = row(world);
    world.append(peer, vec![entry]);
}

/// What `at` holds of `witness`'s cosignature over `of`'s journal.
fn cosigned(world: &World, at: usize, of: usize, witness: usize) -> Option<CosignatureRow> {
    world.peers[at].shelf.cosignature(&centre(world, of), &centre(world, witness)).unwrap()
}

/// What a peer itself has cosigned of a journal.
fn own(world: &World, witness: usize, of: usize) -> Option<(u64, Digest)> {
    cosigned(world, witness, of, witness).map(|row| (row.size, row.root))
}

fn backing(world: &mut World, at: usize, of: usize, index: u64) -> Backing {
    let of = centre(world, of);
    let peer = &world.peers[at];
    let env = Env { now: world.now, rng: &mut world.rng, shelf: &peer.shelf };
    peer.node.backing(&env, &of, index).unwrap()
}

/// The note with which `witness` cosigns a head of `author`'s, made by the test and not by a node.
fn cosigned_note(world: &World, author: usize, witness: usize, note: &[u8]) -> Vec<u8> {
    let by: &Author = &world.peers[author].node.authors[&centre(world, author)];
    let (head, name) = (by.verify(note).unwrap(), world.charter.origin(&centre(world, witness)));
    cosignature::cosign(&head, by, &name, &world.peers[witness].keys.heartbeat, world.now).unwrap()
}

/// The call by which `peer` asks somebody for cosignatures, with the next ticks: whom, its number, what.
fn asking(world: &mut World, peer: usize) -> (usize, u64, Vec<Wanted>) {
    for _ in 0..600 {
        world.now = world.now.plus_ms(SECOND_MS);
        for effect in world.feed_raw(peer, Input::Tick) {
            match effect {
                Effect::Write(write) => world.peers[peer].shelf.apply(&write).unwrap(),
                Effect::Call { to, call, bytes } => {
                    if let Question::Cosigned(wanted) = Ask::decode(&bytes).unwrap().question {
                        let to = (0..world.peers.len()).find(|i| world.station(*i) == to).unwrap();
                        return (to, call, wanted);
                    }
                }
                _ => {}
            }
        }
    }
    panic!("it asks nobody")
}

fn answer(world: &mut World, peer: usize, asked: (usize, u64), reports: Vec<CosignatureReport>) {
    let from = world.station(asked.0);
    let answer = SoundAnswer::read(&Answer::Cosigned(reports).to_bytes());
    world.feed(peer, Input::Answered { from, call: asked.1, answer });
}

#[test]
fn every_witness_cosigns_a_journal_that_has_grown_and_everybody_learns_of_it() {
    let mut world = World::new(951, 5);
    write(&mut world, 0);
    let index = 0;
    assert_eq!(backing(&mut world, 0, 0, index).level, Level::Signed);
    world.run_for(30 * SECOND_MS);
    for at in 0..5 {
        let backing = backing(&mut world, at, 0, index);
        let others: Vec<CentreCode> = (1..5).map(|witness| centre(&world, witness)).collect();
        assert_eq!(backing, Backing { level: Level::Witnessed, witnesses: others, of: 4, needed: 3, settled: true }, "peer {at}");
    }
    assert!(cosigned(&world, 0, 0, 0).is_none(), "nobody is a witness of its own journal");
    write(&mut world, 0);
    let newest = backing(&mut world, 0, 0, 1);
    assert_eq!((newest.level, newest.settled), (Level::Signed, false), "a new row waits for its own");
    world.run_for(MINUTE_MS);
    assert!(backing(&mut world, 3, 0, 1).settled);
    assert!((0..5).all(|peer| world.faults(peer).is_empty()));
    let token = world.ask(2, Request::Status);
    let Some(Event::Status(status)) = world.closing(2, token) else { panic!() };
    let line = status.journals.iter().find(|line| line.centre == world.peers[0].centre).unwrap();
    assert!(line.backing.as_ref().unwrap().settled && line.cosigned_age_ms.unwrap() <= MINUTE_MS);
}

#[test]
fn a_cosignature_is_a_line_under_the_authors_own_note_and_carries_nobody_elses() {
    let mut world = World::new(952, 3);
    write(&mut world, 0);
    world.run_for(20 * SECOND_MS);
    let row = cosigned(&world, 2, 0, 1).unwrap();
    let note = Note::parse(&row.note).unwrap();
    let head = world.peers[2].shelf.journal(&row.centre).unwrap().head.unwrap();
    assert_eq!(note.text(), Note::parse(&head.note).unwrap().text());
    let names: Vec<_> = note.signatures().iter().map(|line| line.name.as_str()).collect();
    assert_eq!(names, ["anju.test/C46010", "anju.test/C46010/heartbeat", "anju.test/C46020/heartbeat"]);
    // A note with lines of strangers gets none of them on.
    let mut with_more = Note::parse(&head.note).unwrap();
    (0..10).for_each(|i| with_more.sign(&format!("stranger{i}"), &world.peers[2].keys.signing));
    let again = cosigned_note(&world, 0, 1, &with_more.to_bytes());
    assert_eq!(Note::parse(&again).unwrap().signatures().len(), 3);
}

#[test]
fn a_journal_is_cosigned_when_it_has_grown_and_not_more_often_than_allowed() {
    let mut world = World::new(953, 3);
    let mut times = BTreeSet::new();
    for _ in 0..60 {
        write(&mut world, 0);
        world.run_for(SECOND_MS);
        times.extend(cosigned(&world, 1, 0, 1).map(|row| row.at));
    }
    let times: Vec<_> = times.into_iter().collect();
    assert!((4..=7).contains(&times.len()), "{} in a minute", times.len());
    assert!(times.windows(2).all(|pair| pair[1].since(pair[0]) >= COSIGN_EVERY_MS - SECOND_MS));
    world.run_for(MINUTE_MS);
    let last = cosigned(&world, 1, 0, 1).unwrap();
    assert_eq!(last.size, world.size(0, 0));
    world.run_for(HOUR_MS);
    assert_eq!(cosigned(&world, 1, 0, 1).unwrap(), last, "heartbeats alone are not cosigned");
}

#[test]
fn what_is_cosigned_is_written_before_it_is_told_and_a_write_that_failed_is_never_told() {
    let mut world = World::new(954, 3);
    History::of(&world, 1, 0).grow(&mut world, 0, &[1]);
    let (of, wanted) = (centre(&world, 0), Wanted { centre: centre(&world, 0), witness: centre(&world, 1), above: 0 });
    let effects = world.feed_raw(1, Input::Tick);
    let written: Vec<_> = effects.iter().filter(|effect| matches!(effect, Effect::Write(Write::Cosigned(_)))).collect();
    assert_eq!(written.len(), 1);
    // The write did not come about; somebody asks.
    let ask = |world: &mut World| {
        let from = world.station(2);
        let bytes = Ask::under(&world.charter, Question::Cosigned(vec![wanted.clone()])).to_bytes();
        let effects = world.feed_raw(1, Input::Asked { from, token: 70, bytes });
        let answers =
            effects.iter().find_map(|e| if let Effect::Answer { bytes, .. } = e { Some(Answer::decode(bytes).unwrap()) } else { None });
        let Some(Answer::Cosigned(reports)) = answers else { panic!("{answers:?}") };
        reports
    };
    assert!(ask(&mut world).is_empty());
    world.peers[1].node = world.peers[1].node.successor();
    let kept = world.peers[1].kept.clone();
    world.feed(1, Input::Started { kept });
    world.feed(1, Input::Tick);
    assert_eq!(own(&world, 1, 0).unwrap().0, world.peers[1].shelf.journal(&of).unwrap().size);
    assert_eq!(ask(&mut world).len(), 1);
}

#[test]
fn of_two_histories_shown_to_two_halves_at_most_one_is_witnessed_by_a_majority() {
    for (seed, split) in [(955, 1), (956, 2), (957, 3), (958, 4)] {
        let mut world = World::new(seed, 6);
        world.set_up(0, false);
        let (some, others): (Vec<usize>, Vec<usize>) = (1..6).partition(|witness| *witness <= split);
        world.part(&[&some, &others]);
        let (mut one, mut other) = (History::of(&world, 1, 0), History::of(&world, 1, 0));
        one.grow(&mut world, 0, &some);
        other.grow(&mut world, 0, &others);
        world.run_for(MINUTE_MS);
        world.heal();
        for _ in 0..3 {
            // It goes on with both, and tells everybody of both.
            one.grow(&mut world, 0, &[1, 2, 3, 4, 5]);
            other.grow(&mut world, 0, &[1, 2, 3, 4, 5]);
            world.run_for(MINUTE_MS);
        }
        let (mut by_one, mut by_other) = (BTreeSet::new(), BTreeSet::new());
        for at in 1..6 {
            for witness in 1..6 {
                let Some(row) = cosigned(&world, at, 0, witness) else { continue };
                let history = if some.contains(&witness) { &mut by_one } else { &mut by_other };
                history.insert((witness, row.root));
                assert!(row.size <= 1, "a fork that is known is cosigned no further");
            }
            assert!(world.peers[at].shelf.fork(&centre(&world, 0)).unwrap().is_some(), "split {split}: peer {at} knows");
        }
        assert_eq!((by_one.len(), by_other.len()), (split, 5 - split), "each of them cosigned one root");
        assert!(by_one.iter().all(|(_, root)| by_other.iter().all(|(_, other)| root != other)));
        for at in 1..6 {
            let backing = backing(&mut world, at, 0, 0);
            let side = if some.contains(&at) { &some } else { &others };
            assert!(backing.witnesses.len() <= side.len(), "nobody counts who cosigned the other history");
        }
    }
}

#[test]
fn a_witness_that_was_restarted_never_cosigns_the_other_history() {
    let mut world = World::new(959, 4);
    world.set_up(0, false);
    world.part(&[]);
    let (mut one, mut other) = (History::of(&world, 1, 0), History::of(&world, 1, 0));
    one.grow(&mut world, 0, &[1]);
    world.run_for(20 * SECOND_MS);
    let cosigned_once = cosigned(&world, 1, 0, 1).unwrap();
    assert_eq!(own(&world, 1, 0), Some(one.root()));
    world.set_up(1, false);
    world.set_up(1, true);
    world.run_for(20 * SECOND_MS);
    assert_eq!(cosigned(&world, 1, 0, 1), Some(cosigned_once), "nor the same one again");
    for _ in 0..3 {
        other.grow(&mut world, 0, &[1]);
        world.run_for(20 * SECOND_MS);
    }
    assert_eq!(own(&world, 1, 0), Some(one.root()));
    one.grow(&mut world, 0, &[1]);
    world.run_for(20 * SECOND_MS);
    assert_ne!(own(&world, 1, 0).unwrap().1, other.root().1);
}

#[test]
fn a_witness_that_lost_the_rows_of_a_journal_cosigns_no_other_history_in_their_place() {
    let mut world = World::new(960, 4);
    world.set_up(0, false);
    world.part(&[]);
    let (mut one, mut other) = (History::of(&world, 1, 0), History::of(&world, 1, 0));
    one.grow(&mut world, 0, &[1]);
    world.run_for(20 * SECOND_MS);
    let before = cosigned(&world, 1, 0, 1).unwrap();
    // A store with nothing in it but what this witness has cosigned.
    world.set_up(1, false);
    world.peers[1].shelf = crate::shelf::memory::MemoryShelf::new();
    world.peers[1].shelf.apply(&Write::Cosigned(before.clone())).unwrap();
    world.set_up(1, true);
    other.grow(&mut world, 0, &[1]);
    other.grow(&mut world, 0, &[1]);
    world.run_for(MINUTE_MS);
    assert_eq!(world.size(1, 0), 2, "the other history is what it holds now");
    assert_eq!(cosigned(&world, 1, 0, 1), Some(before));
    assert!(world.peers[1].shelf.fork(&centre(&world, 0)).unwrap().is_some(), "and it has both signed heads");
}

#[test]
fn a_witness_restored_from_a_backup_asks_a_majority_what_it_has_cosigned_before_it_goes_on() {
    let mut world = World::new(961, 5);
    write(&mut world, 1);
    world.run_for(20 * SECOND_MS);
    let backup = world.peers[1].shelf.clone();
    world.set_up(0, false);
    let (mut one, mut other) = (History::of(&world, 1, 0), History::of(&world, 1, 0));
    one.grow(&mut world, 0, &[1, 2, 3, 4]);
    world.run_for(MINUTE_MS);
    assert_eq!(cosigned(&world, 2, 0, 1).unwrap().root, one.root().1, "others know of it");
    // The backup knows nothing of this; and it sees the other history first, while few are there to ask.
    world.set_up(1, false);
    world.peers[1].shelf = backup;
    world.peers[1].kept = None;
    world.part(&[&[1, 2]]);
    world.set_up(1, true);
    // It is the longer one, so that the others' heads alone do not show the fork.
    other.grow(&mut world, 0, &[1]);
    other.grow(&mut world, 0, &[1]);
    assert_eq!(world.peers[1].shelf.journal(&centre(&world, 0)).unwrap().peaks, other.frontier.peaks());
    world.part(&[]);
    world.run_for(MINUTE_MS);
    assert_eq!(own(&world, 1, 0), None);
    world.heal();
    world.run_for(MINUTE_MS);
    assert_eq!(own(&world, 1, 0), Some(one.root()), "it was told, and keeps to it");
    assert!(world.peers[1].shelf.fork(&centre(&world, 0)).unwrap().is_some());
    write(&mut world, 2);
    world.run_for(MINUTE_MS);
    assert_eq!(own(&world, 1, 2).unwrap().0, world.size(2, 2), "others' journals it cosigns again");
}

#[test]
fn a_rolled_back_author_is_not_cosigned_a_second_time() {
    let mut world = World::new(962, 4);
    let mut short = History::of(&world, 1, 0);
    short.grow(&mut world, 0, &[1, 2, 3]);
    let early = short.clone();
    short.grow(&mut world, 0, &[1, 2, 3]);
    world.set_up(0, false);
    world.run_for(MINUTE_MS);
    let before: Vec<_> = (1..4).map(|witness| own(&world, witness, 0)).collect();
    assert!(before.iter().all(|cosigned| *cosigned == Some(short.root())));
    // It goes on from an earlier state, as if the second row had never been.
    let mut again = early;
    again.grow(&mut world, 0, &[1, 2, 3]);
    world.run_for(MINUTE_MS);
    again.grow(&mut world, 0, &[1, 2, 3]);
    world.run_for(MINUTE_MS);
    let after: Vec<_> = (1..4).map(|witness| own(&world, witness, 0)).collect();
    assert_eq!(before, after);
    assert!(world.faults(1).contains(&FaultCode::Forked), "{:?}", world.faults(1));
}

#[test]
fn a_witness_that_is_behind_cosigns_nothing_that_it_does_not_hold() {
    let mut world = World::new(963, 3);
    world.part(&[]);
    write(&mut world, 0);
    write(&mut world, 0);
    // The witness learns of the head, and not of the rows.
    let head = world.peers[0].shelf.journal(&centre(&world, 0)).unwrap().head.unwrap();
    let frame = Frame { centre: centre(&world, 0), from: 2, entries: Vec::new(), proof: Vec::new(), note: head.note };
    tell_of(&mut world, 0, 1, &frame);
    world.run_for(MINUTE_MS);
    assert_eq!((world.size(1, 0), own(&world, 1, 0)), (0, None));
    world.heal();
    world.run_for(MINUTE_MS);
    assert_eq!(own(&world, 1, 0).unwrap().0, world.size(0, 0));
}

#[test]
fn a_cosignature_that_does_not_verify_is_its_senders_fault_and_counts_for_nothing() {
    let mut world = World::new(964, 4);
    write(&mut world, 0);
    world.run_for(20);
    let note = world.peers[3].shelf.journal(&centre(&world, 0)).unwrap().head.unwrap().note;
    let good = cosigned_note(&world, 0, 1, &note);
    let by_other = cosigned_note(&world, 0, 2, &note);
    let mut altered = good.clone();
    let at = good.len() - 12;
    altered[at] = if good[at] == b'A' { b'B' } else { b'A' };
    let nonsense = String::from_utf8(good.clone()).unwrap().replacen("\n1\n", "\n2\n", 1).into_bytes();
    let mut unsigned = Note::parse(&good).unwrap().only(&[]);
    unsigned.cosign("anju.test/C46020/heartbeat", &world.peers[1].keys.heartbeat, world.now);
    let cases = [by_other, altered, nonsense, unsigned.to_bytes(), note, Vec::new()];
    for (case, note) in cases.into_iter().enumerate() {
        let (to, call, wanted) = asking(&mut world, 3);
        assert!(wanted.iter().any(|wanted| wanted.centre == centre(&world, 0) && wanted.witness == centre(&world, 1)));
        let before = world.peers[3].shelf.faults().unwrap();
        let report = CosignatureReport { centre: centre(&world, 0), witness: centre(&world, 1), note };
        answer(&mut world, 3, (to, call), vec![report]);
        assert!(cosigned(&world, 3, 0, 1).is_none(), "case {case}");
        let after = world.peers[3].shelf.faults().unwrap();
        assert!(before != after && after.iter().any(|(station, _, _)| *station == world.station(to)), "case {case}");
    }
    let (to, call, _) = asking(&mut world, 3);
    let report = CosignatureReport { centre: centre(&world, 0), witness: centre(&world, 1), note: good };
    answer(&mut world, 3, (to, call), vec![report.clone()]);
    assert_eq!(cosigned(&world, 3, 0, 1).unwrap().size, 1, "the good one counts");
    // What nobody asked for, and one thing twice.
    let (to, call, wanted) = asking(&mut world, 3);
    assert!(!wanted.iter().any(|wanted| wanted.witness == centre(&world, 1)));
    answer(&mut world, 3, (to, call), vec![report]);
    assert!(world.faults(3).contains(&FaultCode::Unasked));
}

#[test]
fn a_cosignature_over_another_history_is_proof_of_a_fork_and_counts_for_no_row_here() {
    let mut world = World::new(965, 4);
    world.set_up(0, false);
    world.part(&[]);
    let (mut one, mut other) = (History::of(&world, 3, 0), History::of(&world, 3, 0));
    one.grow(&mut world, 0, &[3]);
    one.grow(&mut world, 0, &[3]);
    other.grow(&mut world, 0, &[]);
    world.heal();
    // The witness lies with the author: it cosigned the other history.
    let lie = cosigned_note(&world, 0, 1, &other.note);
    let (to, call, _) = asking(&mut world, 3);
    let report = CosignatureReport { centre: centre(&world, 0), witness: centre(&world, 1), note: lie };
    answer(&mut world, 3, (to, call), vec![report]);
    assert!(cosigned(&world, 3, 0, 1).is_none());
    assert!(world.peers[3].shelf.fork(&centre(&world, 0)).unwrap().is_some());
    assert!(world.faults(3).contains(&FaultCode::Forked));
    let backing = backing(&mut world, 3, 0, 0);
    assert!(!backing.witnesses.contains(&centre(&world, 1)));
}

#[test]
fn a_head_that_comes_with_a_cosignature_is_news_but_the_cosignature_waits_for_the_rows() {
    let mut world = World::new(966, 4);
    world.set_up(0, false);
    world.part(&[]);
    let mut history = History::of(&world, 3, 0);
    history.grow(&mut world, 0, &[3]);
    world.part(&[&[1, 3]]);
    history.grow(&mut world, 0, &[]);
    let note = cosigned_note(&world, 0, 1, &history.note);
    let (to, call, _) = asking(&mut world, 3);
    let report = CosignatureReport { centre: centre(&world, 0), witness: centre(&world, 1), note };
    answer(&mut world, 3, (to, call), vec![report]);
    assert!(cosigned(&world, 3, 0, 1).is_none_or(|row| row.size < 2));
    assert_eq!(world.peers[3].node.replicate.announced[&centre(&world, 0)].size, 2);
}

#[test]
fn a_station_is_told_of_no_more_than_it_may_ask_and_of_nothing_under_another_charter() {
    let mut world = World::new(967, 3);
    write(&mut world, 0);
    world.run_for(20 * SECOND_MS);
    let wanted = Wanted { centre: centre(&world, 0), witness: centre(&world, 1), above: 0 };
    let answered = |world: &mut World, ask: &Ask| {
        let from = world.station(2);
        let effects = world.feed_raw(1, Input::Asked { from, token: 71, bytes: ask.to_bytes() });
        let faults = effects.iter().filter(|effect| matches!(effect, Effect::Write(Write::Fault { .. }))).count();
        let told =
            effects.iter().find_map(|e| if let Effect::Answer { bytes, .. } = e { Some(Answer::decode(bytes).unwrap()) } else { None });
        (told.unwrap(), faults)
    };
    let ask = Ask::under(&world.charter, Question::Cosigned(vec![wanted.clone()]));
    assert!(matches!(&answered(&mut world, &ask), (Answer::Cosigned(reports), 0) if reports.len() == 1));
    let above = Wanted { above: 1, ..wanted.clone() };
    let known = Ask::under(&world.charter, Question::Cosigned(vec![above]));
    assert_eq!(answered(&mut world, &known), (Answer::Cosigned(Vec::new()), 0));
    let newer = Ask { under: Under { version: 9, digest: Digest([9; 32]) }, ..ask.clone() };
    assert_eq!(answered(&mut world, &newer).0, Answer::Cosigned(Vec::new()));
    let many = Ask::under(&world.charter, Question::Cosigned(vec![wanted; MAX_WANTED + 1]));
    assert!(matches!(answered(&mut world, &many), (Answer::Declined(_), 1)));
}

#[test]
fn a_witness_that_is_dark_is_asked_for_ever_more_rarely() {
    let mut world = World::new(968, 4);
    world.set_up(3, false);
    write(&mut world, 0);
    world.run_for(MINUTE_MS);
    let (first, _, _) = asking(&mut world, 1);
    assert_ne!(first, 3);
    let mut last = world.now;
    let mut apart = Vec::new();
    for _ in 0..10 {
        let (to, call, wanted) = asking(&mut world, 1);
        assert!(wanted.iter().all(|wanted| wanted.witness == centre(&world, 3)));
        answer(&mut world, 1, (to, call), Vec::new());
        apart.push(world.now.since(last));
        last = world.now;
    }
    assert!(apart.windows(2).skip(1).all(|pair| pair[1] >= pair[0]), "{apart:?}");
    assert!(apart.last().unwrap().abs_diff(ASK_COSIGNED_RARELY_MS) <= 2_000, "{apart:?}");
}

#[test]
fn who_is_no_longer_a_witness_cosigns_nothing_and_what_it_cosigned_counts_no_more() {
    let mut world = federation(969, 5);
    write(&mut world, 0);
    world.run_for(MINUTE_MS);
    assert_eq!(backing(&mut world, 0, 0, 0).witnesses.len(), 4);
    let witnesses: Vec<_> = [0, 1, 2].map(|peer| centre(&world, peer)).to_vec();
    change(&mut world, 0, vec![Wish::SetWitnesses { centres: witnesses.clone(), settled: None }], &[1, 2, 3]);
    world.run_for(SECOND_MS);
    let now = backing(&mut world, 0, 0, 0);
    assert_eq!((now.witnesses.as_slice(), now.of, now.needed, now.settled), (&witnesses[1..], 2, 2, true));
    let before = own(&world, 4, 0);
    write(&mut world, 0);
    world.run_for(MINUTE_MS);
    assert_eq!(own(&world, 4, 0), before);
    assert_eq!(own(&world, 1, 0).unwrap().0, world.size(0, 0));
    let wanted = Wanted { centre: centre(&world, 0), witness: centre(&world, 4), above: 0 };
    let (from, charter) = (world.station(2), world.peers[4].node.charter().clone());
    let bytes = Ask::under(&charter, Question::Cosigned(vec![wanted])).to_bytes();
    let effects = world.feed_raw(4, Input::Asked { from, token: 72, bytes });
    let told = |e: &Effect| if let Effect::Answer { bytes, .. } = e { Some(Answer::decode(bytes).unwrap()) } else { None };
    assert_eq!(effects.iter().find_map(told), Some(Answer::Cosigned(Vec::new())));
    // It comes back, and is bound by what it cosigned before.
    let all: Vec<_> = (0..5).map(|peer| centre(&world, peer)).collect();
    change(&mut world, 1, vec![Wish::SetWitnesses { centres: all, settled: None }], &[0, 2, 3]);
    world.run_for(MINUTE_MS);
    assert_eq!(own(&world, 4, 0).unwrap().0, world.size(0, 0));
    assert!((0..5).all(|peer| world.faults(peer).is_empty()));
}

#[test]
fn a_head_of_a_centre_that_is_suspended_is_not_cosigned() {
    let mut world = federation(970, 7);
    world.set_up(1, false);
    write(&mut world, 4);
    world.run_for(MINUTE_MS);
    assert!(own(&world, 0, 4).is_some());
    let who = centre(&world, 4);
    change(&mut world, 0, vec![Wish::Suspend { centre: who, rows: None }], &[2, 3, 5, 6]);
    world.set_up(1, true);
    world.run_for(MINUTE_MS);
    assert_eq!((world.size(1, 4) > 0, own(&world, 1, 4)), (true, None));
}

#[test]
fn rows_that_came_under_a_longer_head_are_an_own_copy_until_a_head_over_them_is_here() {
    let mut world = World::new(971, 4);
    world.set_up(0, false);
    world.part(&[]);
    let mut history = History::of(&world, 1, 0);
    history.grow(&mut world, 0, &[1]);
    world.run_for(20 * SECOND_MS);
    let keys = world.peers[0].keys.clone();
    let by = world.peers[0].node.authors[&centre(&world, 0)].clone();
    let entries = vec![row(&mut world), row(&mut world)];
    let batch = batch::append(&history.frontier, entries.clone(), &by, &keys.signing, &keys.heartbeat, world.now).unwrap();
    // One of two rows; the last leaf is what joins them with the head.
    let (entries, proof) = (vec![entries[0].clone()], vec![entries[1].leaf()]);
    let frame = Frame { centre: by.centre, from: 1, entries, proof, note: batch.head.note().to_vec() };
    tell_of(&mut world, 0, 1, &frame);
    world.run_for(MINUTE_MS);
    assert_eq!((world.size(1, 0), own(&world, 1, 0).unwrap().0), (2, 1));
    let unsigned = backing(&mut world, 1, 0, 1);
    assert_eq!((unsigned.level, unsigned.settled), (Level::OwnCopy, false));
    assert_eq!(backing(&mut world, 1, 0, 0).level, Level::Witnessed);
}
