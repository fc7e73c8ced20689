//! Large federations, and lines of different speed: nodes and their shelves, and as little around them as possible.
//!
//! Time jumps from one event to the next. Whoever asks is told that the call failed after as long as the real network would wait.

mod fair;
mod figures;
mod rounds;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::world::START;
use crate::charter::{CentreCard, CentreKeys, CharterFile, Founding, Seat};
use crate::journal::{Frontier, Kind, Statement, batch};
use crate::names::{CentreCode, FederationName, StationKey};
use crate::node::message::{Answer, Ask, Question, SoundAnswer};
use crate::node::{Effect, Env, Input, Node, Settings};
use crate::shelf::memory::MemoryShelf;
use crate::shelf::{JournalState, KeptHead, Shelf, Write};
use crate::time::{SECOND_MS, Time};

/// How often a peer is told that time passed: as often as it must be, or, in large federations, as often as matters here.
const TICK_MS: i64 = SECOND_MS;
const RARE_TICK_MS: i64 = 5 * SECOND_MS;
/// Federations with more centres than this are large.
const LARGE: usize = 100;
/// How long the network waits for an answer.
const CALL_MS: i64 = 10 * SECOND_MS;
/// From one city to another.
const DELAY_MS: std::ops::RangeInclusive<i64> = 10..=60;

/// A peer and its line.
pub(super) struct Peer {
    pub(super) centre: CentreCode,
    keys: CentreKeys,
    pub(super) node: Node,
    pub(super) shelf: MemoryShelf,
    /// Whose call each token answers, and how long that is waited for.
    tokens: BTreeMap<u64, (usize, u64, Time)>,
    /// What goes through its line in a second, in bytes; as much as there is when it is not said.
    pub(super) line: Option<u64>,
    /// When what goes out and what comes in is through.
    line_free: [Time; 2],
    pub(super) up: bool,
}

/// What is under way.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Parcel {
    Tick,
    Announcement(Vec<u8>),
    Ask(u64, Time, Vec<u8>),
    Answer(u64, Vec<u8>),
    Failed(u64),
}

/// Messages and bytes.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Sum {
    pub(super) messages: u64,
    pub(super) bytes: u64,
}

impl Sum {
    fn add(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes as u64;
    }
}

/// When it arrives, its number, from whom, to whom, and what.
type Flight = (Time, u64, usize, usize, Parcel);

/// A federation without witnesses: what they say is measured elsewhere.
pub(super) struct Large {
    pub(super) now: Time,
    pub(super) peers: Vec<Peer>,
    at: BTreeMap<StationKey, usize>,
    pub(super) rng: StdRng,
    /// Neither gossip nor what authors push arrives.
    pub(super) only_anti_entropy: bool,
    /// Since somebody last looked, by kind.
    pub(super) sent: BTreeMap<&'static str, Sum>,
    /// The longest message so far, in bytes.
    pub(super) longest: usize,
    /// Questions that are under way, of each peer, and the most that ever were.
    asked: Vec<BTreeSet<u64>>,
    tick_ms: i64,
    pub(super) most_asked: usize,
    flying: BinaryHeap<Reverse<Flight>>,
    serial: u64,
}

impl Large {
    #[allow(clippy::print_stdout, clippy::disallowed_macros, reason = "a failing run must say its seed")]
    pub(super) fn new(seed: u64, size: usize) -> Self {
        println!("seed {seed}");
        let mut rng = StdRng::seed_from_u64(seed);
        let founders: Vec<_> = (0..size)
            .map(|i| {
                let keys = CentreKeys::random(&mut rng);
                let centre = CentreCode::new(&format!("C{:05}", 10_000 + i)).unwrap();
                let card = CentreCard::new(centre.clone(), format!("中心{i}"), vec!["/ip4/127.0.0.1/tcp/7000".to_owned()], &keys);
                (centre, keys, card)
            })
            .collect();
        let cards: Vec<_> = founders.iter().map(|founder| founder.2.clone()).collect();
        let choice = Founding { quorum: None, witnesses: Some(Vec::new()) };
        let mut file = CharterFile::found(&mut rng, FederationName::new("large").unwrap(), &cards, &choice).unwrap();
        founders.iter().for_each(|(centre, keys, _)| file.sign(centre, keys).unwrap());
        // Everybody verifies it for themselves; here that is done once.
        let Seat { charter, founding, secrets } = file.founding_seat(&founders[0].0, &founders[0].1).unwrap();
        let peers = founders.into_iter().map(|(centre, keys, _)| {
            let seat = Seat { charter: charter.clone(), founding: founding.clone(), secrets: secrets.clone() };
            let node = Node::new(centre.clone(), keys.clone(), seat, Settings::default());
            let shelf = MemoryShelf::new();
            Peer { centre, keys, node, shelf, tokens: BTreeMap::new(), line: None, line_free: [START; 2], up: true }
        });
        let peers: Vec<Peer> = peers.collect();
        let at = peers.iter().enumerate().map(|(i, peer)| (peer.keys.station_key(), i)).collect();
        let asked = vec![BTreeSet::new(); size];
        let (sent, flying) = (BTreeMap::new(), BinaryHeap::new());
        Self {
            now: START,
            peers,
            at,
            rng,
            only_anti_entropy: false,
            sent,
            longest: 0,
            asked,
            most_asked: 0,
            tick_ms: if size > LARGE { RARE_TICK_MS } else { TICK_MS },
            flying,
            serial: 0,
        }
    }

    /// Every peer that is up starts, and is connected to every other.
    pub(super) fn start(&mut self) {
        let up: Vec<usize> = (0..self.peers.len()).filter(|peer| self.peers[*peer].up).collect();
        for peer in up.iter().copied() {
            let state = self.peers[peer].shelf.journal(&self.peers[peer].centre).unwrap();
            let root = Frontier::from_parts(state.size, state.peaks).unwrap().root();
            let kept = Some(KeptHead { centre: self.peers[peer].centre.clone(), size: state.size, root });
            self.feed(peer, Input::Started { kept });
            let first = self.now.plus_ms(self.rng.random_range(0..self.tick_ms));
            self.fly(first, peer, peer, Parcel::Tick);
        }
        for peer in up.iter().copied() {
            up.iter().copied().filter(|other| *other != peer).for_each(|other| self.connect(peer, other));
        }
    }

    fn connect(&mut self, peer: usize, other: usize) {
        let station = self.peers[other].keys.station_key();
        self.feed(peer, Input::Connected(station));
    }

    fn feed(&mut self, peer: usize, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let p = &mut self.peers[peer];
            let effects = p.node.handle(&mut Env { now: self.now, rng: &mut self.rng, shelf: &p.shelf }, input).unwrap();
            effects.into_iter().for_each(|effect| self.carry_out(peer, effect, &mut inputs));
        }
    }

    fn carry_out(&mut self, peer: usize, effect: Effect, again: &mut VecDeque<Input>) {
        match effect {
            Effect::Write(write) => self.peers[peer].shelf.apply(&write).unwrap(),
            Effect::WhenStored => again.push_back(Input::Stored),
            Effect::Again => again.push_back(Input::Again),
            Effect::Announce(bytes) => {
                for to in (0..self.peers.len()).filter(|to| *to != peer && self.peers[*to].up).collect::<Vec<_>>() {
                    self.send("gossip", (peer, to), Parcel::Announcement(bytes.clone()), None);
                }
            }
            Effect::Push { to, call, bytes } | Effect::Call { to, call, bytes } => {
                let (to, kind) = (self.at[&to], kind_of(&bytes));
                self.asked[peer].insert(call);
                self.most_asked = self.most_asked.max(self.asked[peer].len());
                let until = self.now.plus_ms(CALL_MS);
                self.fly(until, peer, peer, Parcel::Failed(call));
                self.send(kind, (peer, to), Parcel::Ask(call, until, bytes), Some(until));
            }
            Effect::Answer { token, bytes } => {
                let (to, call, until) = self.peers[peer].tokens.remove(&token).unwrap();
                let kind = kind_of_answer(&bytes);
                self.send(kind, (peer, to), Parcel::Answer(call, bytes), Some(until));
            }
            Effect::KeepHead(_) | Effect::Admit(_) | Effect::Judge { .. } => {}
            other => panic!("nobody asked for {other:?}"),
        }
    }

    /// Sends something on its way. What is nobody's business any more is not sent on: the network closes the stream of a call that failed.
    fn send(&mut self, kind: &'static str, (from, to): (usize, usize), parcel: Parcel, until: Option<Time>) {
        let bytes = match &parcel {
            Parcel::Announcement(bytes) | Parcel::Ask(_, _, bytes) | Parcel::Answer(_, bytes) => bytes.len(),
            Parcel::Tick | Parcel::Failed(_) => 0,
        };
        self.longest = self.longest.max(bytes);
        self.sent.entry(kind).or_default().add(bytes);
        if self.only_anti_entropy && ["gossip", "push"].contains(&kind) {
            return;
        }
        let mut at = self.now;
        for (way, end) in [from, to].into_iter().enumerate() {
            match self.peers[end].through(way, at, bytes, until) {
                Some(through) => at = through,
                None => return,
            }
        }
        let at = at.plus_ms(self.rng.random_range(DELAY_MS));
        self.fly(at, from, to, parcel);
    }

    fn fly(&mut self, at: Time, from: usize, to: usize, parcel: Parcel) {
        self.serial += 1;
        self.flying.push(Reverse((at, self.serial, from, to, parcel)));
    }

    pub(super) fn run_for(&mut self, ms: i64) {
        let end = self.now.plus_ms(ms);
        while self.flying.peek().is_some_and(|Reverse((at, ..))| *at <= end) {
            let Some(Reverse((at, _, from, to, parcel))) = self.flying.pop() else { break };
            self.now = self.now.max(at);
            self.arrive(from, to, parcel);
        }
        self.now = end;
    }

    fn arrive(&mut self, from: usize, to: usize, parcel: Parcel) {
        let station = self.peers[from].keys.station_key();
        match parcel {
            Parcel::Tick => {
                self.feed(to, Input::Tick);
                self.fly(self.now.plus_ms(self.tick_ms), to, to, Parcel::Tick);
            }
            Parcel::Announcement(bytes) => self.feed(to, Input::Announcement { from: station, source: 0, bytes }),
            Parcel::Ask(call, until, bytes) => {
                self.serial += 1;
                self.peers[to].tokens.insert(self.serial, (from, call, until));
                self.feed(to, Input::Asked { from: station, token: self.serial, bytes });
            }
            // What was told to have failed comes too late.
            Parcel::Answer(call, bytes) => {
                if self.asked[to].remove(&call) {
                    self.feed(to, Input::Answered { from: station, call, answer: SoundAnswer::read(&bytes) });
                }
            }
            Parcel::Failed(call) => {
                if self.asked[to].remove(&call) {
                    self.feed(to, Input::CallFailed { call });
                }
            }
        }
    }

    /// A centre says something: so many rows of so many bytes, as its peer appends them.
    pub(super) fn write(&mut self, peer: usize, rows: usize, body: usize) {
        let entries = (0..rows).map(|_| Statement::build(&mut self.rng, Kind::AuditRecorded, self.now, None, &vec![7; body]).unwrap());
        let (entries, mut out) = (entries.collect(), Vec::new());
        let p = &mut self.peers[peer];
        p.node.append(&mut Env { now: self.now, rng: &mut self.rng, shelf: &p.shelf }, entries, &mut out).unwrap();
        let mut again = VecDeque::new();
        out.into_iter().for_each(|effect| self.carry_out(peer, effect, &mut again));
        again.into_iter().for_each(|input| self.feed(peer, input));
    }

    /// Puts rows of a centre, whose own peer may be down, on the shelves of these peers.
    pub(super) fn put(&mut self, author: usize, rows: usize, body: usize, at: &[usize]) {
        let entries = (0..rows).map(|_| Statement::build(&mut self.rng, Kind::AuditRecorded, self.now, None, &vec![7; body]).unwrap());
        let (entries, p) = (entries.collect(), &self.peers[author]);
        let signs = p.node.authors[&p.centre].clone();
        let batch = batch::append(&Frontier::empty(), entries, &signs, &p.keys.signing, &p.keys.heartbeat, self.now).unwrap();
        let (size, peaks, head) = (batch.frontier.size(), batch.frontier.peaks().to_vec(), batch.head.received_at(self.now));
        let state = JournalState { size, peaks, head: Some(head), applied: size };
        let write = Write::Append { centre: signs.centre, from: 0, rows: batch.rows, subtrees: batch.subtrees, state };
        at.iter().for_each(|peer| self.peers[*peer].shelf.apply(&write).unwrap());
    }

    pub(super) fn state(&self, at: usize, of: usize) -> JournalState {
        self.peers[at].shelf.journal(&self.peers[of].centre).unwrap()
    }

    /// How many journals are not held here as their authors have them.
    pub(super) fn behind(&self, at: usize) -> usize {
        (0..self.peers.len()).filter(|of| self.peers[*of].up && self.state(at, *of).size < self.state(*of, *of).size).count()
    }

    /// The age of the oldest signed time of any author at any peer, in milliseconds.
    pub(super) fn oldest_ms(&self) -> i64 {
        let peers = 0..self.peers.len();
        let age = |at: usize, of: usize| self.state(at, of).head.map_or(i64::MAX, |head| self.now.since(head.heartbeat));
        peers.clone().flat_map(|at| peers.clone().map(move |of| (at, of))).map(|(at, of)| age(at, of)).max().unwrap()
    }
}

impl Peer {
    /// When so many bytes are through its line; nothing when that is too late. Then the line is taken until it is.
    fn through(&mut self, way: usize, from: Time, bytes: usize, until: Option<Time>) -> Option<Time> {
        let Some(line) = self.line else { return Some(from) };
        let free = self.line_free[way].max(from);
        let through = free.plus_ms(i64::try_from(bytes as u64 * 1000 / line).unwrap());
        let late = until.filter(|until| *until < through);
        self.line_free[way] = late.map_or(through, |until| until.max(free));
        late.is_none().then_some(through)
    }
}

fn kind_of(bytes: &[u8]) -> &'static str {
    match Ask::decode(bytes).unwrap().question {
        Question::Heads(_) => "heads",
        Question::Push(_) => "push",
        Question::Pull { .. } => "pull",
        Question::Payloads { .. }
        | Question::Inquire(_)
        | Question::Charter { .. }
        | Question::Cosigned(_)
        | Question::Bridge { .. }
        | Question::Handover { .. }
        | Question::Forward(_)
        | Question::Relay { .. } => "other",
    }
}

fn kind_of_answer(bytes: &[u8]) -> &'static str {
    match Answer::decode(bytes).unwrap() {
        Answer::Heads(_) => "heads answer",
        Answer::Held(_) => "held",
        Answer::Frame(_) => "frame",
        Answer::Payloads(_)
        | Answer::Declined(_)
        | Answer::Replied(_)
        | Answer::Charter(_)
        | Answer::Cosigned(_)
        | Answer::Bridged(_)
        | Answer::Handed(_)
        | Answer::Told(_) => "other",
    }
}
