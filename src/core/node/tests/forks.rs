//! Row 2 of `docs/FAULTS.md`: a centre signs two histories.

use super::asking::{self, doubts, list};
use super::histories::{History, centre, row};
use super::membership::{change, federation, read_only, view};
use super::rotated::rotate_at;
use super::world::World;
use crate::desk::{Act, Doubt, Event, Request, Verdict, Wish};
use crate::error::{FaultCode, RefusalCode};
use crate::journal::fork::{Bridge, ForkProof};
use crate::journal::{Header, Kind, Statement};
use crate::listing::Change;
use crate::node::message::{Answer, Ask, HeadsReport, Question, SoundAnswer, Under};
use crate::node::{Effect, Input};
use crate::shelf::{Forks, Lists, Shelf};
use crate::time::{MINUTE_MS, SECOND_MS};

const PERSON: asking::Number<'_> = ("01", "11010519491231002X");
const OTHER: asking::Number<'_> = ("01", "460199199211165352");
/// Long after every test.
const LATER: u32 = 20_291_231;
/// Anti-entropy twice, and what it sets going.
const TWO_ROUNDS_MS: i64 = MINUTE_MS + 10 * SECOND_MS;

fn contained(world: &World, at: usize, of: usize) -> bool {
    world.peers[at].node.is_contained(&centre(world, of))
}

/// How many reports of a fork stand in the journal of `author`, as it holds it itself.
fn reports(world: &World, author: usize) -> usize {
    let (shelf, of) = (&world.peers[author].shelf, centre(world, author));
    let rows = shelf.entries(&of, 0, 10_000, usize::MAX).unwrap();
    rows.iter().filter(|row| Header::parse(&row.header).unwrap().kind() == Some(Kind::ForkReported)).count()
}

/// Peer 0 has died, and whoever has its keys shows one history to `some` and another to `others`, so many rows each.
fn split(world: &mut World, some: &[usize], others: &[usize], rows: [usize; 2]) -> [History; 2] {
    world.set_up(0, false);
    world.part(&[some, others]);
    let mut histories = [History::of(world, some[0], 0), History::of(world, some[0], 0)];
    for ((history, rows), tell) in histories.iter_mut().zip(rows).zip([some, others]) {
        (0..rows).for_each(|_| history.grow(world, 0, tell));
    }
    world.run_for(5 * SECOND_MS);
    world.heal();
    histories
}

#[test]
fn two_histories_are_proven_told_and_contained_everywhere_within_two_rounds_and_others_go_on() {
    for (seed, rows) in [(1_801, [1, 1]), (1_802, [1, 3]), (1_803, [4, 2]), (1_804, [3, 3])] {
        let mut world = World::new(seed, 6);
        world.run_for(5 * SECOND_MS);
        let [one, other] = split(&mut world, &[1, 2, 5], &[3, 4], rows);
        assert_ne!(one.root(), other.root());
        world.run_for(TWO_ROUNDS_MS);
        for at in 1..6 {
            assert!(contained(&world, at, 0), "{rows:?}: peer {at} has not heard of it");
            let kept = world.peers[at].shelf.fork(&centre(&world, 0)).unwrap().unwrap();
            let author = &world.peers[at].node.authors[&centre(&world, 0)];
            kept.proof.verify(author).unwrap();
            assert!((1..6).all(|of| !contained(&world, at, of)), "nobody else is");
        }
        let told: usize = (1..6).map(|at| reports(&world, at)).sum();
        assert!((1..=5).contains(&told), "{told} reports");
        let blamed: Vec<_> = (1..6).flat_map(|at| world.faults(at)).collect();
        assert!(!blamed.contains(&FaultCode::BadProof), "{rows:?}: an honest server was blamed");
        let entry = row(&mut world);
        world.append(1, vec![entry]);
        world.run_for(10 * SECOND_MS);
        assert!((2..6).all(|at| world.size(at, 1) == world.size(1, 1)), "everybody else goes on");
        let before = told;
        world.run_for(5 * MINUTE_MS);
        assert_eq!((1..6).map(|at| reports(&world, at)).sum::<usize>(), before, "what was reported is not reported again");
    }
}

#[test]
fn a_peer_that_was_away_learns_of_a_fork_from_the_report_and_a_restart_does_not_forget_it() {
    let mut world = World::new(1_811, 5);
    world.run_for(5 * SECOND_MS);
    world.set_up(4, false);
    split(&mut world, &[1], &[2, 3], [1, 2]);
    world.run_for(TWO_ROUNDS_MS);
    world.set_up(4, true);
    world.run_for(TWO_ROUNDS_MS);
    assert!(contained(&world, 4, 0));
    for at in [1, 4] {
        world.set_up(at, false);
        world.set_up(at, true);
        world.run_for(SECOND_MS);
        assert!(contained(&world, at, 0));
    }
}

#[test]
fn what_a_forked_centre_lists_is_unknown_and_what_it_withdraws_still_ends() {
    let mut world = asking::founded(1_821);
    let place = list(&mut world, 0, PERSON, LATER, LATER);
    let second = list(&mut world, 0, OTHER, LATER, LATER);
    world.run_for(5 * SECOND_MS);
    assert_eq!(asking::lookup(&mut world, 1, PERSON).verdict, Verdict::Listed);
    let mut other = History::of(&world, 1, 0);
    other.grow(&mut world, 0, &[2]);
    world.run_for(SECOND_MS);
    // Peer 1 stays with the author's own node, which goes on beside the second history.
    let entry = row(&mut world);
    world.append(0, vec![entry]);
    world.run_for(TWO_ROUNDS_MS);
    assert!(contained(&world, 1, 0) && contained(&world, 2, 0));
    let answer = asking::lookup(&mut world, 1, PERSON);
    assert_eq!((answer.verdict, doubts(&answer)[0]), (Verdict::Unknown, Some(Doubt::Forked)));
    assert!(answer.hits.iter().all(|hit| !hit.counts), "it is shown, and does not count");
    let before = asking::export(&mut world, 1, None, 10);
    assert!(before.rows.is_empty(), "what it lists is not read out: {:?}", before.rows);
    asking::end(&mut world, &place, PERSON, Change::Withdrawn);
    world.run_for(10 * SECOND_MS);
    for _ in 0..2 {
        let page = asking::export(&mut world, 1, Some(&before.cursor), 10);
        let rows: Vec<_> = page.rows.iter().map(|row| (&row.listing, row.standing.counts())).collect();
        assert_eq!(rows, [(&place, false)], "what has ended is, until the fork is cleared");
    }
    let ended = |world: &World, place| world.peers[1].shelf.listing(place).unwrap().unwrap().ended.is_some();
    assert!(ended(&world, &place) && !ended(&world, &second));
    assert_eq!(asking::lookup(&mut world, 1, PERSON).verdict, Verdict::Unknown, "and nothing of it is called clear");
}

#[test]
fn a_report_that_proves_nothing_contains_nobody() {
    let mut world = World::new(1_831, 4);
    let entry = row(&mut world);
    world.append(1, vec![entry]);
    world.run_for(5 * SECOND_MS);
    let held = world.peers[2].shelf.journal(&centre(&world, 1)).unwrap();
    let older = world.peers[2].shelf.journal(&centre(&world, 1)).unwrap().head.unwrap().note;
    let entry = row(&mut world);
    world.append(1, vec![entry]);
    world.run_for(5 * SECOND_MS);
    let newer = world.peers[2].shelf.journal(&centre(&world, 1)).unwrap();
    let (of, note) = (centre(&world, 1), newer.head.clone().unwrap().note);
    let on_shelf = crate::journal::proof::OnShelf { shelf: &world.peers[2].shelf, centre: &of };
    let honest = Bridge::assemble(&on_shelf, held.size, newer.size).unwrap();
    let mut bent = honest.clone();
    bent.root.0[0] ^= 1;
    let proofs = [
        ForkProof::new(of.clone(), older.clone(), note.clone(), Some(honest)),
        ForkProof::new(of.clone(), older.clone(), note.clone(), Some(bent)),
        ForkProof::new(of.clone(), older.clone(), note.clone(), None),
        ForkProof::new(of.clone(), note.clone(), note.clone(), None),
        ForkProof::new(centre(&world, 3), older, note, None),
    ];
    let now = world.now;
    let rows = proofs.iter().map(|proof| Statement::build(&mut world.rng, Kind::ForkReported, now, None, &proof.to_bytes()).unwrap());
    let rows = rows.collect();
    world.append(0, rows);
    world.run_for(TWO_ROUNDS_MS);
    for at in 0..4 {
        assert!((0..4).all(|of| !contained(&world, at, of)), "peer {at} believes it");
        assert_eq!(world.size(at, 0), world.size(0, 0), "the rows are copied like any other");
    }
}

/// What a server that made rows up says when it is asked how they follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    /// How the honest rows do.
    Honest,
    /// What leads nowhere.
    Bent,
    /// Nothing.
    Declined,
}

#[test]
fn a_server_that_makes_rows_up_is_blamed_when_it_cannot_show_how_they_follow() {
    for answer in [Lie::Honest, Lie::Bent, Lie::Declined] {
        let mut world = World::new(1_841, 3);
        let entry = row(&mut world);
        world.append(0, vec![entry]);
        world.run_for(5 * SECOND_MS);
        // Two rows follow; peer 1 is told only of the head, and peer 2 serves it other rows.
        world.part(&[&[0, 2], &[1]]);
        let entries = vec![row(&mut world), row(&mut world)];
        world.append(0, entries);
        world.run_for(5 * SECOND_MS);
        let (of, server) = (centre(&world, 0), world.station(2));
        let held = world.peers[2].shelf.journal(&of).unwrap();
        let made_up = crate::journal::Frame {
            centre: of.clone(),
            from: held.size - 2,
            entries: vec![row(&mut world), row(&mut world)],
            proof: Vec::new(),
            note: held.head.clone().unwrap().note,
        };
        let mut asked_for_bridge = false;
        let mut waiting = vec![Input::Connected(server)];
        for _ in 0..20 {
            let Some(input) = waiting.pop() else { break };
            for effect in world.feed_raw(1, input) {
                match effect {
                    Effect::Write(write) => world.peers[1].shelf.apply(&write).unwrap(),
                    Effect::Call { to, call, bytes } if to == server => {
                        let answer = match Ask::decode(&bytes).unwrap().question {
                            Question::Pull { .. } => Answer::Frame(made_up.to_bytes().into()),
                            Question::Bridge { at, to, .. } => {
                                asked_for_bridge = true;
                                let on_shelf = crate::journal::proof::OnShelf { shelf: &world.peers[2].shelf, centre: &of };
                                let mut bridge = Bridge::assemble(&on_shelf, at, to).unwrap();
                                bridge.root.0[0] ^= u8::from(answer == Lie::Bent);
                                if answer == Lie::Declined {
                                    Answer::Declined(crate::node::message::Decline::NotHeld)
                                } else {
                                    Answer::Bridged(bridge)
                                }
                            }
                            Question::Heads(_) => {
                                let report = crate::node::message::HeadReport { centre: of.clone(), note: held.head.clone().unwrap().note };
                                Answer::Heads(HeadsReport::whole(vec![report], Under::of(&world.charter)))
                            }
                            _ => continue,
                        };
                        let answer = SoundAnswer::read(&answer.to_bytes());
                        waiting.push(Input::Answered { from: server, call, answer });
                    }
                    _ => {}
                }
            }
        }
        assert!(asked_for_bridge);
        assert_eq!(world.faults(1), [FaultCode::BadProof]);
        assert!(!contained(&world, 1, 0), "an honest author is accused of nothing");
    }
}

#[test]
fn a_centre_of_which_two_histories_are_known_widens_nothing_until_its_term_is_over() {
    let mut world = asking::founded(1_851);
    let place = list(&mut world, 0, PERSON, LATER, LATER);
    world.run_for(5 * SECOND_MS);
    let mut other = History::of(&world, 1, 0);
    other.grow(&mut world, 0, &[2]);
    let entry = row(&mut world);
    world.append(0, vec![entry]);
    world.run_for(TWO_ROUNDS_MS);
    assert!(contained(&world, 0, 0), "it learns of it itself");
    assert!(world.peers[0].node.may_widen().is_err() && world.peers[0].node.may_write().is_ok());
    let view = world.ask(2, Request::Federation);
    let Some(Event::Federation(view)) = world.closing(2, view) else { panic!("no view") };
    let fork = &view.forks[0];
    assert_eq!((&fork.centre, fork.term, fork.ours.is_some()), (&centre(&world, 0), 1, true));
    assert!(!fork.reported_by.is_empty());
    asking::end(&mut world, &place, PERSON, Change::Withdrawn);
}

/// Peer 4 has signed two histories; a vote keeps the one that peers 0 and 1 hold.
fn cleared(world: &mut World) {
    world.heal();
    world.run_for(TWO_ROUNDS_MS);
    assert!((0..4).all(|at| contained(world, at, 4)));
    let (kept, lost) = (view(world, 0).forks[0].ours, view(world, 2).forks[0].ours);
    assert!(kept.is_some() && lost.is_some() && kept != lost);
    rotate_at(world, 4, 0, &[1, 2, 3], None);
    world.run_for(2 * MINUTE_MS);
}

fn of_one_mind(world: &World, peers: &[usize]) {
    let held = |at: &usize| {
        let state = world.peers[*at].shelf.journal(&centre(world, 4)).unwrap();
        (state.size, state.peaks, state.applied)
    };
    let all: Vec<_> = peers.iter().map(held).collect();
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    assert_eq!(all[0].0, all[0].2, "and applied");
}

#[test]
fn a_vote_clears_a_fork_and_whoever_held_the_other_history_comes_over_and_forgets_what_it_meant() {
    let mut world = federation(1_861, 5);
    world.set_up(4, false);
    world.part(&[&[0, 1], &[2, 3]]);
    let (mut one, mut other) = (History::of(&world, 0, 4), History::of(&world, 0, 4));
    let common = one.root().0;
    (0..3).for_each(|_| one.grow(&mut world, 4, &[0, 1]));
    let listed = super::listings::decided(&mut world, 7, 90);
    other.grow_by(&mut world, 4, vec![listed], &[2, 3]);
    (0..5).for_each(|_| other.grow(&mut world, 4, &[2, 3]));
    world.run_for(5 * SECOND_MS);
    let listing = |world: &World, at: usize| super::listings::listing(world, at, 4, common);
    assert!(listing(&world, 2).is_some() && listing(&world, 0).is_none());
    cleared(&mut world);
    for at in 0..4 {
        assert!(!contained(&world, at, 4), "peer {at}");
        let row = &world.peers[at].shelf.entries(&centre(&world, 4), common, 1, usize::MAX).unwrap()[0];
        assert_eq!(Header::parse(&row.header).unwrap().kind(), Some(Kind::AuditRecorded), "peer {at} holds the history that counts");
        assert!(listing(&world, at).is_none(), "peer {at} has forgotten the listing");
        assert!(world.faults(at).iter().all(|code| *code == FaultCode::Forked), "{:?}", world.faults(at));
    }
    of_one_mind(&world, &[0, 1, 2, 3]);
    // The centre comes back with the keys that the version names, gets its own rows from the others, and goes on behind them.
    world.set_up(4, true);
    world.run_for(2 * MINUTE_MS);
    assert_eq!(read_only(&mut world, 4), None);
    let entry = row(&mut world);
    world.append(4, vec![entry]);
    world.run_for(20 * SECOND_MS);
    of_one_mind(&world, &[0, 1, 2, 3, 4]);
    assert!(world.size(0, 4) > one.root().0);
    assert!((0..4).all(|at| !world.faults(at).contains(&FaultCode::RolledBack)), "it signed nothing before it had its rows");
}

#[test]
fn whoever_held_fewer_rows_of_a_history_that_was_not_chosen_comes_over_though_its_author_never_returns() {
    for leaves in [false, true] {
        let mut world = federation(1_864 + u64::from(leaves), 5);
        world.set_up(4, false);
        world.part(&[&[0, 1], &[2, 3]]);
        let (mut short, mut long) = (History::of(&world, 0, 4), History::of(&world, 0, 4));
        short.grow(&mut world, 4, &[0, 1]);
        (0..4).for_each(|_| long.grow(&mut world, 4, &[2, 3]));
        world.run_for(5 * SECOND_MS);
        world.heal();
        world.run_for(TWO_ROUNDS_MS);
        let of = centre(&world, 4);
        if leaves {
            change(&mut world, 2, vec![Wish::Remove { centre: of.clone(), rows: None }], &[0, 1, 3]);
        } else {
            rotate_at(&mut world, 4, 2, &[0, 1, 3], None);
        }
        world.run_for(2 * MINUTE_MS);
        of_one_mind(&world, &[0, 1, 2, 3]);
        assert_eq!(world.size(0, 4), long.root().0);
        let blamed: Vec<_> = (0..4).flat_map(|at| world.faults(at)).filter(|code| *code != FaultCode::Forked).collect();
        assert!(blamed.is_empty(), "{blamed:?}");
    }
}

#[test]
fn a_centre_whose_own_rows_a_vote_did_not_keep_lets_go_of_them_and_writes_on_behind_those_that_count() {
    let mut world = federation(1_862, 5);
    world.part(&[&[0, 1], &[2, 3, 4]]);
    let mut thief = History::of(&world, 0, 4);
    (0..2).for_each(|_| thief.grow(&mut world, 4, &[0, 1]));
    for _ in 0..4 {
        let entry = row(&mut world);
        world.append(4, vec![entry]);
    }
    world.run_for(5 * SECOND_MS);
    cleared(&mut world);
    world.run_for(2 * MINUTE_MS);
    assert_eq!(read_only(&mut world, 4), None);
    let entry = row(&mut world);
    world.append(4, vec![entry]);
    world.run_for(20 * SECOND_MS);
    of_one_mind(&world, &[0, 1, 2, 3, 4]);
    assert!((0..5).all(|at| !contained(&world, at, 4)));
    let faults: Vec<_> = (0..4).flat_map(|at| world.faults(at)).filter(|code| *code != FaultCode::Forked).collect();
    assert!(faults.is_empty(), "it signed nothing while its rows were not those that count: {faults:?}");
}

#[test]
fn rows_that_a_thief_of_keys_signed_beyond_what_a_vote_counts_are_let_go_everywhere() {
    let mut world = federation(1_863, 5);
    asking::hire(&mut world, 1);
    let honest = History::of(&world, 0, 4);
    world.set_up(4, false);
    let mut thief = honest.clone();
    let listed = super::listings::decided(&mut world, 7, 90);
    thief.grow_by(&mut world, 4, vec![listed], &[0, 1, 2, 3]);
    world.run_for(MINUTE_MS);
    assert!((0..4).all(|at| super::listings::listing(&world, at, 4, honest.root().0).is_some()));
    assert!((0..4).all(|at| !contained(&world, at, 4)), "one history is no fork");
    let read_out = asking::export(&mut world, 1, None, 10);
    assert_eq!(read_out.rows.len(), 1);
    rotate_at(&mut world, 4, 0, &[1, 2, 3], Some(honest.root().0));
    world.run_for(MINUTE_MS);
    for at in 0..4 {
        assert_eq!(world.size(at, 4), honest.root().0, "peer {at}");
        assert!(super::listings::listing(&world, at, 4, honest.root().0).is_none());
    }
    // Whoever was told of it would keep it for good.
    asking::refused(&mut world, 1, Act::Export { cursor: Some(read_out.cursor), limit: 10 }, RefusalCode::CursorInvalid);
    let anew = asking::export(&mut world, 1, None, 10);
    assert!(anew.rows.is_empty());
    asking::export(&mut world, 1, Some(&anew.cursor), 10);
    world.set_up(4, true);
    world.run_for(2 * MINUTE_MS);
    assert_eq!(read_only(&mut world, 4), None);
    of_one_mind(&world, &[0, 1, 2, 3, 4]);
    // What the thief goes on to sign is nobody's word any more.
    world.set_up(4, false);
    thief.grow(&mut world, 4, &[0, 1, 2, 3]);
    world.run_for(MINUTE_MS);
    of_one_mind(&world, &[0, 1, 2, 3]);
    assert!((0..4).all(|at| !contained(&world, at, 4)));
}

#[test]
fn a_server_that_makes_rows_up_after_new_keys_makes_nobody_let_go_of_a_row() {
    let mut world = federation(1_871, 5);
    rotate_at(&mut world, 4, 4, &[1, 2, 3], None);
    world.run_for(MINUTE_MS);
    let of = centre(&world, 4);
    // Peer 1 has the rows that count and no head of the new term yet: it was away when that was signed.
    world.part(&[&[0, 2, 3, 4], &[1]]);
    let entry = row(&mut world);
    world.append(4, vec![entry]);
    world.run_for(5 * SECOND_MS);
    let note = world.peers[2].shelf.journal(&of).unwrap().head.unwrap().note;
    let theirs = world.peers[1].node.authors[&of].verify(&note).unwrap();
    let before = world.peers[1].shelf.journal(&of).unwrap();
    let now = world.now;
    let super::world::Peer { node, shelf, .. } = &mut world.peers[1];
    let env = crate::node::Env { now, rng: &mut world.rng, shelf };
    node.left_behind(&env, &theirs, &of).unwrap();
    assert!(node.is_searched(&of));
    world.run_for(30 * SECOND_MS);
    assert_eq!(world.peers[1].shelf.journal(&of).unwrap(), before, "nobody has shown that its rows differ");
    world.heal();
    world.run_for(MINUTE_MS);
    assert!(!world.peers[1].node.is_searched(&of));
    assert_eq!(world.peers[1].shelf.cuts(&of).unwrap(), world.peers[2].shelf.cuts(&of).unwrap(), "nothing was let go but by the vote");
    assert_eq!(world.size(1, 4), world.size(4, 4));
}
