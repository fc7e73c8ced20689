//! One member that keeps to nothing: what it sends is bent, and what it says contradicts itself.

use rand::RngExt;
use rand::rngs::StdRng;

use super::super::world::Packet;
use super::Life;
use crate::charter::vote::{Approved, Last, Place, Promised, Proposed, Said};
use crate::charter::{Change, ballot};
use crate::journal::{Frame, Frontier, Kind, Statement, batch};
use crate::names::Digest;
use crate::node::Input;
use crate::node::message::{Answer, Ask, HeadsReport, Question, Under};
use crate::seal::SUITE;
use crate::shelf::Shelf;
use crate::sign::Context;

/// What becomes of what it sends: some is dropped, some names a charter that nobody has, some hides or claims what is not so.
pub(super) fn bend(rng: &mut StdRng, packet: Packet) -> Option<Packet> {
    match rng.random_range(0..10) {
        0 | 1 => None,
        2 | 3 => Some(match packet {
            Packet::Ask(call, bytes) => Packet::Ask(call, bent_question(rng, &bytes)),
            Packet::Answer(call, bytes) => Packet::Answer(call, bent_answer(rng, &bytes)),
            other => other,
        }),
        4 => Some(match packet {
            Packet::Answer(call, bytes) => Packet::Answer(call, flipped(rng, bytes)),
            other => other,
        }),
        _ => Some(packet),
    }
}

fn flipped(rng: &mut StdRng, mut bytes: Vec<u8>) -> Vec<u8> {
    let at = rng.random_range(0..bytes.len());
    bytes[at] ^= 1 << rng.random_range(0..8);
    bytes
}

fn stale_or_made_up(rng: &mut StdRng, under: Under) -> Under {
    Under { version: (under.version + rng.random_range(0..3)).saturating_sub(1).max(1), digest: Digest(rng.random()) }
}

fn bent_question(rng: &mut StdRng, bytes: &[u8]) -> Vec<u8> {
    let mut ask = Ask::decode(bytes).unwrap();
    ask.under = stale_or_made_up(rng, ask.under);
    ask.to_bytes()
}

fn bent_answer(rng: &mut StdRng, bytes: &[u8]) -> Vec<u8> {
    let answer = match Answer::decode(bytes).unwrap() {
        Answer::Heads(report) => Answer::Heads(match rng.random_range(0..3) {
            0 => HeadsReport { heads: Vec::new(), others: Vec::new(), ..report },
            1 => HeadsReport { same: Digest(rng.random()), ..report },
            _ => HeadsReport { under: stale_or_made_up(rng, report.under), ..report },
        }),
        Answer::Charter(mut report) => {
            report.links.truncate(rng.random_range(0..2));
            report.copy = None;
            Answer::Charter(report)
        }
        // Payloads are withheld, of listings most of all.
        Answer::Frame(frame) => {
            let mut frame = Frame::decode(&frame).unwrap();
            frame.entries.iter_mut().for_each(|entry| entry.payload = None);
            Answer::Frame(frame.to_bytes().into())
        }
        Answer::Held(rows) => Answer::Held(rows + 5),
        Answer::Payloads(_) => Answer::Payloads(Vec::new()),
        other @ (Answer::Declined(_)
        | Answer::Replied(_)
        | Answer::Cosigned(_)
        | Answer::Bridged(_)
        | Answer::Handed(_)
        | Answer::Told(_)) => other,
    };
    answer.to_bytes()
}

/// One thing that no member may do.
pub(super) fn act(life: &mut Life) {
    match life.world.rng.random_range(0..6) {
        0 | 1 => fork(life),
        2 => promise(life),
        3 => approve_everything(life),
        4 => propose_unfounded(life),
        _ => replay(life),
    }
}

/// Shows somebody another history: rows of its own making behind those that are held there.
fn fork(life: &mut Life) {
    let to = life.somebody();
    let (cheat, world) = (life.cheat, &mut life.world);
    let (centre, keys) = (world.peers[cheat].centre.clone(), world.peers[cheat].keys.clone());
    let held = world.peers[to].shelf.journal(&centre).unwrap();
    let Some(author) = world.peers[to].node.author(&centre).cloned() else { return };
    let mut entries = Vec::new();
    // Another vote than in its other history.
    let under = world.peers[to].node.charter();
    let (version, round) = (under.version() + 1, world.rng.random_range(0..2));
    let digest = Digest(world.rng.random());
    let signature = keys.signing.sign(Context::CharterApproval, &ballot(version, round, digest));
    let body = Approved { suite: SUITE.to_owned(), version, round, digest, signature }.to_bytes();
    entries.push(Statement::build(&mut world.rng, Kind::CharterApproved, world.now, None, &body).unwrap());
    let frontier = Frontier::from_parts(held.size, held.peaks).unwrap();
    let Ok(batch) = batch::append(&frontier, entries.clone(), &author, &keys.signing, &keys.heartbeat, world.now) else { return };
    let frame = Frame { centre, from: held.size, entries, proof: Vec::new(), note: batch.head.note().to_vec() };
    let bytes = Ask::under(world.peers[cheat].node.charter(), Question::Push(frame.to_bytes().into())).to_bytes();
    let from = world.station(cheat);
    world.feed(to, Input::Asked { from, token: u64::MAX, bytes });
}

/// Appends to the cheat's journal what its peer never would.
fn say(life: &mut Life, said: &Said) {
    if life.world.peers[life.cheat].node.may_write().is_ok() {
        let (kind, body) = said.to_body();
        let entry = Statement::build(&mut life.world.rng, kind, life.world.now, None, &body).unwrap();
        life.world.append(life.cheat, vec![entry]);
    }
}

fn next_version(life: &Life) -> u64 {
    life.world.peers[life.cheat].node.charter().version() + 1
}

/// Promises a round, and perhaps lies about what it approved before.
fn promise(life: &mut Life) {
    let (version, round) = (next_version(life), life.world.rng.random_range(1..5));
    let lie = Last { round: 0, digest: Digest(life.world.rng.random()) };
    let last = (life.world.rng.random_range(0..2) == 0).then_some(lie);
    say(life, &Said::Promised(Promised { suite: SUITE.to_owned(), version, round, last }));
}

/// Approves whatever is proposed, in several rounds.
fn approve_everything(life: &mut Life) {
    let version = next_version(life);
    for digest in life.proposals(life.cheat) {
        for round in 0..3 {
            let signature = life.world.peers[life.cheat].keys.signing.sign(Context::CharterApproval, &ballot(version, round, digest));
            say(life, &Said::Approved(Approved { suite: SUITE.to_owned(), version, round, digest, signature }));
        }
    }
}

/// Proposes in a later round what rests on no promise.
fn propose_unfounded(life: &mut Life) {
    let cheat = &life.world.peers[life.cheat];
    let (version, previous, centre) = (next_version(life), cheat.node.charter().digest(), cheat.centre.clone());
    let round = life.world.rng.random_range(0..3);
    let promises = if round == 0 { Vec::new() } else { vec![Place { centre: centre.clone(), index: 0 }] };
    let proposed = Proposed {
        suite: SUITE.to_owned(),
        version,
        previous,
        round,
        commitment: None,
        copies: None,
        promises,
        reason: String::new(),
        changes: vec![Change::Witnesses { centres: vec![centre], settled: None }],
    };
    say(life, &Said::Proposed(Box::new(proposed)));
}

/// Sends what somebody announced once, as its own and to somebody else.
fn replay(life: &mut Life) {
    let said: Vec<Vec<u8>> = life.world.peers.iter().flat_map(|peer| peer.sent_announcements.iter().take(40).cloned()).collect();
    if said.is_empty() {
        return;
    }
    let (bytes, to) = (said[life.world.rng.random_range(0..said.len())].clone(), life.somebody());
    let from = life.world.station(life.cheat);
    life.world.feed(to, Input::Announcement { from, source: 3, bytes });
}
