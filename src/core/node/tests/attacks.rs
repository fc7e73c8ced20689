//! Members that do what they must not.

use super::counter::{grant_for, issue, query, wallet};
use super::world::{Weather, World};
use crate::desk::Event;
use crate::error::FaultCode;
use crate::journal::{Author, Frame, Frontier, Kind, Statement, batch};
use crate::node::message::{Answer, Ask, PayloadReport, Question, SoundAnswer, Under};
use crate::node::{Input, Verdict, announce};
use crate::shelf::{Forks, Shelf, Write};
use crate::time::{DAY_MS, MINUTE_MS, SECOND_MS, Time};

/// A head with these rows, signed by `peer`'s keys for `author`'s journal.
fn batch_by(
    world: &mut World,
    peer: usize,
    author: &Author,
    from: &Frontier,
    rows: usize,
    at: Time,
) -> (Vec<crate::journal::Entry>, batch::Batch) {
    let entries: Vec<_> = (0..rows).map(|_| Statement::build(&mut world.rng, Kind::Vector, at, None, b"x").unwrap()).collect();
    let keys = world.peers[peer].keys.clone();
    let own = Author { signing: keys.signing.public(), heartbeat: keys.heartbeat.public(), ..author.clone() };
    let batch = batch::append(from, entries.clone(), &own, &keys.signing, &keys.heartbeat, at).unwrap();
    (entries, batch)
}

fn announce_as(world: &mut World, sender: usize, to: usize, frame: &Frame) -> Verdict {
    let (secrets, station) = (world.secrets(), world.station(sender));
    let bytes = announce::seal(&mut world.rng, world.charter.founding(), &secrets, &station, frame).unwrap();
    world.feed(to, Input::Announcement { from: station, source: 1, bytes });
    *world.peers[to].verdicts.last().unwrap()
}

#[test]
fn a_statement_in_another_centres_name_is_refused_before_storage() {
    let mut world = World::new(51, 3);
    let victim = world.peers[0].node.authors[&world.peers[0].centre].clone();
    let now = world.now;
    let (entries, batch) = batch_by(&mut world, 2, &victim, &Frontier::empty(), 1, now);
    let frame = Frame { centre: victim.centre.clone(), from: 0, entries, proof: Vec::new(), note: batch.head.note().to_vec() };
    assert_eq!(announce_as(&mut world, 2, 1, &frame), Verdict::Reject);
    assert_eq!(world.size(1, 0), 0);
    assert_eq!(world.faults(1), [FaultCode::NotTheAuthor]);

    // The same rows, served when the victim's journal is pulled.
    world.feed(1, Input::Tick);
    let mine = Ask::under(&world.charter, Question::Heads(Vec::new())).to_bytes();
    assert!(Ask::decode(&mine).is_ok());
    let station = world.station(2);
    let (held, author) = (Frontier::empty(), &victim);
    assert_eq!(frame.check(&held, author).unwrap_err().code, FaultCode::BadSignature);
    assert!(!world.peers[1].shelf.faults().unwrap().iter().any(|(s, _, _)| *s != station));
}

#[test]
fn a_replayed_announcement_is_dropped_and_not_passed_on_minutes_or_months_later() {
    let mut world = World::new(52, 3);
    // Gossip is for whoever is not connected.
    world.part(&[&[0, 1]]);
    let mut holder = wallet();
    issue(&mut world, 0, &mut holder, 1);
    world.run_for(5 * SECOND_MS);
    let old = world.peers[0].sent_announcements.clone();
    assert!(!old.is_empty());
    let station = world.station(0);
    for wait in [0, 10 * MINUTE_MS, 60 * DAY_MS] {
        world.now = world.now.plus_ms(wait);
        for bytes in &old {
            world.feed(1, Input::Announcement { from: station, source: 9, bytes: bytes.clone() });
            assert_eq!(world.peers[1].verdicts.last(), Some(&Verdict::Ignore));
        }
    }
    assert_eq!(world.size(1, 0), 1);
}

#[test]
fn an_announcement_of_one_station_does_not_open_as_anothers() {
    let mut world = World::new(53, 3);
    world.part(&[&[0, 1]]);
    let mut holder = wallet();
    issue(&mut world, 0, &mut holder, 1);
    let bytes = world.peers[0].sent_announcements.last().unwrap().clone();
    let thief = world.station(2);
    world.feed(1, Input::Announcement { from: thief, source: 9, bytes });
    assert_eq!(world.peers[1].verdicts.last(), Some(&Verdict::Ignore));
    assert_eq!(world.faults(1), [FaultCode::Unsealed]);
}

#[test]
fn a_truncated_journal_under_a_newer_heartbeat_is_refused_as_a_rollback() {
    let mut world = World::new(54, 3);
    let mut holder = wallet();
    issue(&mut world, 0, &mut holder, 1);
    issue(&mut world, 0, &mut holder, 1);
    world.run_for(5 * SECOND_MS);
    let author = world.peers[0].node.authors[&world.peers[0].centre].clone();
    let later = world.now.plus_ms(MINUTE_MS);
    let (_, batch) = batch_by(&mut world, 0, &author, &Frontier::empty(), 1, later);
    let frame = Frame { centre: author.centre.clone(), from: 1, entries: Vec::new(), proof: Vec::new(), note: batch.head.note().to_vec() };
    assert_eq!(announce_as(&mut world, 0, 1, &frame), Verdict::Reject);
    assert_eq!(world.size(1, 0), 2);
    assert!(world.faults(1).contains(&FaultCode::RolledBack));
}

#[test]
fn two_histories_of_one_size_are_kept_as_proof() {
    let mut world = World::new(55, 3);
    let mut holder = wallet();
    issue(&mut world, 0, &mut holder, 1);
    world.run_for(5 * SECOND_MS);
    let author = world.peers[0].node.authors[&world.peers[0].centre].clone();
    let later = world.now.plus_ms(MINUTE_MS);
    let (_, batch) = batch_by(&mut world, 0, &author, &Frontier::empty(), 1, later);
    let frame = Frame { centre: author.centre.clone(), from: 1, entries: Vec::new(), proof: Vec::new(), note: batch.head.note().to_vec() };
    announce_as(&mut world, 0, 1, &frame);
    assert!(world.peers[1].shelf.fork(&author.centre).unwrap().is_some());
    assert!(world.faults(1).contains(&FaultCode::Forked));
    let held = world.peers[1].shelf.journal(&author.centre).unwrap();
    assert_ne!(held.head.unwrap().root, batch.head.root(), "the second history is not taken over");
}

#[test]
fn a_server_that_leaves_a_payload_out_is_faulted_and_another_is_asked() {
    let mut world = World::new(56, 3);
    world.set_up(2, false);
    let mut holder = wallet();
    issue(&mut world, 0, &mut holder, 1);
    world.run_for(5 * SECOND_MS);
    let (centre, station) = (world.peers[0].centre.clone(), world.station(1));
    let held = world.peers[1].shelf.journal(&centre).unwrap();
    let mut entries = world.peers[1].shelf.entries(&centre, 0, 9, usize::MAX).unwrap();
    entries[0].payload = None;
    let frame = Frame { centre: centre.clone(), from: 0, entries, proof: Vec::new(), note: held.head.unwrap().note };
    // Peer 2 comes up alone with peer 1, whose answers are replaced.
    world.part(&[]);
    world.set_up(2, true);
    let heads = world.peers[0].shelf.journal(&centre).unwrap().head.unwrap().note;
    world.feed(2, Input::Connected(station));
    let report = crate::node::message::HeadReport { centre: centre.clone(), note: heads };
    world.feed(
        2,
        Input::Answered {
            from: station,
            call: 1,
            answer: SoundAnswer::read(
                &Answer::Heads(crate::node::message::HeadsReport::whole(vec![report], Under::of(&world.charter))).to_bytes(),
            ),
        },
    );
    world
        .feed(2, Input::Answered { from: station, call: 2, answer: SoundAnswer::read(&Answer::Frame(frame.to_bytes().into()).to_bytes()) });
    assert_eq!(world.size(2, 0), 0);
    assert_eq!(world.faults(2), [FaultCode::PayloadMissing]);
    world.heal();
    world.run_for(20 * SECOND_MS);
    world.assert_converged();
}

#[test]
fn a_damaged_payload_is_noticed_on_use_never_served_and_fetched_again() {
    let mut world = World::new(57, 3);
    world.set_up(2, false);
    let mut holder = wallet();
    let number = issue(&mut world, 0, &mut holder, 1);
    world.run_for(5 * SECOND_MS);
    let centre = world.peers[0].centre.clone();
    assert!(world.peers[1].shelf.flip_payload_bit(&centre, 0));
    world.part(&[&[1, 2]]);
    world.set_up(2, true);
    world.run_for(10 * SECOND_MS);
    assert_eq!(world.size(2, 0), 0, "it is not served");
    let grant = grant_for(&mut world, &mut holder, &number, 1, 1);
    let token = query(&mut world, 1, &grant);
    assert!(world.closing(1, token).is_none(), "nor used");
    world.heal();
    world.run_for(4 * SECOND_MS);
    assert!(matches!(world.closing(1, token), Some(Event::Answer(_))), "{:?}", world.closing(1, token));
    world.run_for(20 * SECOND_MS);
    world.assert_converged();
}

#[test]
fn a_message_under_another_charter_is_declined() {
    let mut world = World::new(58, 2);
    let other = World::new(59, 2);
    let ask = Ask::under(&other.charter, Question::Heads(Vec::new())).to_bytes();
    let from = world.station(0);
    world.feed(1, Input::Asked { from, token: 77, bytes: ask });
    assert_eq!(world.faults(1), [FaultCode::OtherCharter]);
}

#[test]
fn mutated_messages_never_panic_and_never_store_a_row() {
    use rand::RngExt;
    let mut world = World::new(60, 2);
    let mut holder = wallet();
    world.part(&[]);
    issue(&mut world, 0, &mut holder, 1);
    let announcement = world.peers[0].sent_announcements.last().unwrap().clone();
    let ask = Ask::under(&world.charter, Question::Pull { centre: world.peers[0].centre.clone(), from: 0, rows: None }).to_bytes();
    let from = world.station(0);
    for round in 0..20_000_u64 {
        let mut bytes = if round % 2 == 0 { announcement.clone() } else { ask.clone() };
        for _ in 0..world.rng.random_range(1..4) {
            let at = world.rng.random_range(0..bytes.len());
            match world.rng.random_range(0..3) {
                0 => bytes[at] ^= 1 << world.rng.random_range(0..8),
                1 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, world.rng.random()),
            }
        }
        if bytes == announcement || bytes == ask {
            continue;
        }
        let input =
            if round % 2 == 0 { Input::Announcement { from, source: round, bytes } } else { Input::Asked { from, token: round, bytes } };
        world.feed(1, input);
    }
    assert_eq!(world.size(1, 0), 0);
}

#[test]
fn a_write_that_the_shelf_refuses_leaves_no_trace_and_the_next_one_succeeds() {
    let mut world = World::new(61, 2);
    let own = world.peers[0].centre.clone();
    world.peers[0].shelf.set_full(true);
    assert!(world.peers[0].shelf.apply(&Write::Erase { centre: own.clone(), index: 0 }).is_err());
    world.peers[0].shelf.set_full(false);
    let mut holder = wallet();
    issue(&mut world, 0, &mut holder, 1);
    assert_eq!(world.size(0, 0), 1);
}

#[test]
fn a_station_that_asks_without_end_is_declined_and_the_others_are_served() {
    use crate::node::message::Decline;
    let mut world = World::new(62, 3);
    let mut holder = wallet();
    issue(&mut world, 0, &mut holder, 1);
    let question = Question::Pull { centre: world.peers[0].centre.clone(), from: 0, rows: None };
    let ask = Ask::under(&world.charter, question).to_bytes();
    let busy = |world: &mut World, from: usize| {
        let from = world.station(from);
        let effects = world.feed_raw(0, Input::Asked { from, token: 5, bytes: ask.clone() });
        effects.iter().any(|e| {
            matches!(e, crate::node::Effect::Answer { bytes, .. }
            if Answer::decode(bytes).unwrap() == Answer::Declined(Decline::Busy))
        })
    };
    let declined = (0..500).filter(|_| busy(&mut world, 2)).count();
    assert_eq!(declined, 500 - crate::node::serve::MAX_ASKS_PER_SECOND as usize);
    assert!(!busy(&mut world, 1), "another station is served in the same second");
    world.now = world.now.plus_ms(SECOND_MS);
    assert!(!busy(&mut world, 2), "and the eager one again in the next");
}

#[test]
fn an_answer_with_more_payloads_than_were_asked_for_is_refused_before_any_is_looked_at() {
    let mut world = World::new(62, 2);
    let mut holder = wallet();
    issue(&mut world, 0, &mut holder, 1);
    world.run_for(5 * SECOND_MS);
    let (centre, from, charter) = (world.peers[0].centre.clone(), world.station(0), world.charter.clone());
    assert!(world.peers[1].shelf.flip_payload_bit(&centre, 0));
    world.weather = Weather { loss_percent: 100, ..Weather::FAIR };
    let pull = Ask::under(&charter, Question::Pull { centre, from: 0, rows: None }).to_bytes();
    world.feed(1, Input::Asked { from, token: 9_999, bytes: pull });
    world.run_for(6 * SECOND_MS);
    // Which of the calls under way asks for the payload does not show from outside: the others find the answer unasked for.
    let bytes = Answer::Payloads(vec![PayloadReport { index: 0, payload: vec![0; 16] }; 1_000]).to_bytes();
    for call in 1..=64 {
        world.feed(1, Input::Answered { from, call, answer: SoundAnswer::read(&bytes) });
    }
    let faults = world.faults(1);
    assert!(faults.contains(&FaultCode::Oversized) && !faults.contains(&FaultCode::BadPayload), "{faults:?}");
}
