//! A federation in memory on a seeded network: real nodes over in-memory shelves, and a network that loses, delays, reorders, doubles
//! and parts. Time passes only as messages do, so a run is the same every time its seed is.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::charter::{CentreCard, CentreKeys, Charter, CharterFile, EpochSecrets, Founding};
use crate::desk::{Act, Event, Request};
use crate::facts::{AccountFacts, AccountStatus, Fen, Month};
use crate::journal::{Entry, Frame, Header, Kind};
use crate::listing::SubjectSecret;
use crate::names::{CentreCode, FederationName, RequestId, StationKey};
use crate::node::message::{Answer, Ask, Question, SoundAnswer};
use crate::node::{Effect, Env, HouseAsk, Input, Node, Settings, Verdict};
use crate::operator::{Operator, OperatorName, Role, SealedKey, SignedAct};
use crate::seal::Key;
use crate::shelf::memory::MemoryShelf;
use crate::shelf::{House, HouseWrite, KeptHead, Shelf, Write};
use crate::sign::SecretKey;
use crate::time::{SECOND_MS, Time};

/// 2026-11-21 10:00 in Haikou.
pub(super) const START: Time = Time(1_795_226_400_000);
const TICK_MS: i64 = 500;

/// What the network does to messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weather {
    pub(super) loss_percent: u32,
    pub(super) double_percent: u32,
    pub(super) delay_ms: (i64, i64),
}

impl Weather {
    pub(super) const FAIR: Self = Self { loss_percent: 0, double_percent: 0, delay_ms: (1, 5) };
    pub(super) const FOUL: Self = Self { loss_percent: 30, double_percent: 20, delay_ms: (1, 3_000) };
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Packet {
    Announcement(Vec<u8>),
    Ask(u64, Vec<u8>),
    Answer(u64, Vec<u8>),
    Failed(u64),
}

/// What becomes of a packet of somebody who cheats.
pub(super) type Bend = fn(&mut StdRng, Packet) -> Option<Packet>;

/// A packet under way: when it arrives, its serial number, from whom, to whom.
type Flight = (Time, u64, usize, usize, Packet);

/// One peer.
pub(super) struct Peer {
    pub(super) centre: CentreCode,
    pub(super) keys: CentreKeys,
    pub(super) node: Node,
    pub(super) shelf: MemoryShelf,
    pub(super) kept: Option<KeptHead>,
    pub(super) replies: BTreeMap<u64, Vec<Event>>,
    /// What holders were answered.
    pub(super) window: BTreeMap<u64, crate::window::Reply>,
    /// What only a shell could answer.
    pub(super) house: Vec<(u64, HouseAsk)>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) sent_announcements: Vec<Vec<u8>>,
    /// Which call of whom each token of ours answers.
    tokens: BTreeMap<u64, (usize, u64)>,
    /// The keys that were made to follow its own.
    pub(super) next_keys: Option<CentreKeys>,
    /// Which stations it lets connect.
    pub(super) admitted: BTreeSet<StationKey>,
    /// This peer's clock is off by so much.
    pub(super) clock_off_ms: i64,
    pub(super) up: bool,
}

/// The federation and its network.
pub(super) struct World {
    pub(super) now: Time,
    pub(super) peers: Vec<Peer>,
    pub(super) charter: Charter,
    /// Its file, as every founder has it.
    pub(super) file: CharterFile,
    /// Somebody admits others than before: connections come and go.
    pub(super) relink: bool,
    pub(super) weather: Weather,
    pub(super) rng: StdRng,
    /// Peers that leave the payloads of listings out of everything they serve.
    pub(super) leaving_out: BTreeSet<usize>,
    /// Somebody whose packets are bent.
    pub(super) bent: Option<(usize, Bend)>,
    /// Messages and bytes that were sent, by kind, while somebody wants to know.
    pub(super) traffic: Option<BTreeMap<&'static str, (u64, u64)>>,
    /// What everybody's source says; nothing while it does not answer.
    pub(super) source: Option<fn(&str) -> AccountFacts>,
    cut: BTreeSet<(usize, usize)>,
    flying: BinaryHeap<Reverse<Flight>>,
    serial: u64,
}

impl World {
    #[allow(clippy::print_stdout, clippy::disallowed_macros, reason = "a failing run must say its seed")]
    pub(super) fn new(seed: u64, size: usize) -> Self {
        println!("seed {seed}");
        let mut rng = StdRng::seed_from_u64(seed);
        let founders: Vec<_> = (0..size)
            .map(|i| {
                let keys = CentreKeys::random(&mut rng);
                let centre = CentreCode::new(&format!("C{:05}", 46010 + 10 * i)).unwrap();
                let card = CentreCard::new(centre.clone(), format!("中心{i}"), vec![format!("/ip4/127.0.0.1/tcp/{}", 7000 + i)], &keys);
                (centre, keys, card)
            })
            .collect();
        let cards: Vec<_> = founders.iter().map(|f| f.2.clone()).collect();
        let mut file = CharterFile::found(&mut rng, FederationName::new("test").unwrap(), &cards, &Founding::default()).unwrap();
        for (centre, keys, _) in &founders {
            file.sign(centre, keys).unwrap();
        }
        let charter = file.verify().unwrap();
        let seat = |centre: &CentreCode, keys: &CentreKeys| file.founding_seat(centre, keys).unwrap();
        let peers = founders.into_iter().map(|(centre, keys, _)| Peer::new(seat(&centre, &keys), centre, keys)).collect();
        let (leaving_out, cut, flying) = (BTreeSet::new(), BTreeSet::new(), BinaryHeap::new());
        let mut world = Self {
            now: START,
            peers,
            charter,
            file,
            relink: false,
            weather: Weather::FAIR,
            rng,
            leaving_out,
            bent: None,
            traffic: None,
            source: Some(facts),
            cut,
            flying,
            serial: 0,
        };
        (0..size).for_each(|peer| world.begin(peer));
        world.reconnect();
        world
    }

    /// A peer starts for the first time.
    fn begin(&mut self, peer: usize) {
        let kept = KeptHead { centre: self.peers[peer].centre.clone(), size: 0, root: crate::journal::hash::empty() };
        self.peers[peer].kept = Some(kept.clone());
        self.feed(peer, Input::Started { kept: Some(kept) });
    }

    /// The peer of a centre that the chain on this shelf lets in.
    pub(super) fn join(&mut self, centre: CentreCode, keys: CentreKeys, shelf: MemoryShelf) -> usize {
        let seat = crate::node::membership::seat(&self.file, &shelf, &centre, &keys).unwrap();
        let peer = self.peers.len();
        self.peers.push(Peer { shelf, ..Peer::new(seat, centre, keys) });
        self.begin(peer);
        self.reconnect();
        peer
    }

    /// What every member shares.
    pub(super) fn secrets(&self) -> EpochSecrets {
        self.peers[0].node.secrets.clone().unwrap()
    }

    /// The newest pepper.
    pub(super) fn pepper(&self) -> crate::charter::Pepper {
        self.secrets().pepper().unwrap().clone()
    }

    pub(super) fn station(&self, peer: usize) -> StationKey {
        self.peers[peer].keys.station_key()
    }

    /// Feeds an input and hands its effects out instead of carrying them out.
    pub(super) fn feed_raw(&mut self, peer: usize, input: Input) -> Vec<Effect> {
        let p = &mut self.peers[peer];
        p.node.handle(&mut Env { now: self.now, rng: &mut self.rng, shelf: &p.shelf }, input).unwrap()
    }

    /// Feeds an input and carries out its effects as the daemon would.
    pub(super) fn feed(&mut self, peer: usize, input: Input) {
        let mut inputs = std::collections::VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let effects = {
                let p = &mut self.peers[peer];
                let mut env = Env { now: self.now.plus_ms(p.clock_off_ms), rng: &mut self.rng, shelf: &p.shelf };
                p.node.handle(&mut env, input).unwrap()
            };
            for effect in effects {
                self.carry_out(peer, effect, &mut inputs);
            }
        }
    }

    pub(super) fn carry_out(&mut self, peer: usize, effect: Effect, again: &mut std::collections::VecDeque<Input>) {
        match effect {
            Effect::Write(write) => self.peers[peer].shelf.apply(&write).unwrap(),
            Effect::KeepHead(head) => self.peers[peer].kept = Some(head),
            Effect::WhenStored => again.push_back(Input::Stored),
            Effect::Again => again.push_back(Input::Again),
            Effect::Derive { job, work } => {
                let secrets = work.iter().map(|(pepper, document)| SubjectSecret::derive(pepper, document).ok()).collect();
                again.push_back(Input::Derived { job, secrets });
            }
            Effect::ReadSource { reading, account_no } => {
                if let Some(source) = self.source {
                    again.push_back(Input::Source { reading, facts: Ok(Box::new(source(&account_no))) });
                }
            }
            Effect::Reply { token, event } => self.peers[peer].replies.entry(token).or_default().push(*event),
            Effect::WindowReply { token, reply } => {
                self.peers[peer].window.insert(token, reply);
            }
            Effect::House { token, ask } => self.peers[peer].house.push((token, ask)),
            Effect::Judge { verdict, .. } => self.peers[peer].verdicts.push(verdict),
            Effect::NextKeys { .. } => {
                if let Some(keys) = self.peers[peer].next_keys.clone() {
                    again.push_back(Input::Keys(Box::new(keys)));
                }
            }
            Effect::KeysTaken { .. } => {
                let p = &mut self.peers[peer];
                p.keys = p.next_keys.take().unwrap();
                self.relink = true;
            }
            Effect::Admit(stations) => {
                self.peers[peer].admitted = stations.into_iter().map(|admitted| admitted.station).collect();
                self.relink = true;
            }
            Effect::Announce(bytes) => {
                self.peers[peer].sent_announcements.push(bytes.clone());
                for to in (0..self.peers.len()).filter(|to| *to != peer) {
                    self.send(peer, to, Packet::Announcement(bytes.clone()));
                }
            }
            Effect::Push { to, call, bytes } | Effect::Call { to, call, bytes } => {
                let to = (0..self.peers.len()).find(|i| self.station(*i) == to).unwrap();
                if !self.send(peer, to, Packet::Ask(call, bytes)) {
                    self.fly(to, peer, 10 * SECOND_MS, Packet::Failed(call));
                }
            }
            Effect::Answer { token, bytes } => {
                let bytes = if self.leaving_out.contains(&peer) { without_listings(&bytes) } else { bytes };
                if let Some((to, call)) = self.peers[peer].tokens.remove(&token)
                    && !self.send(peer, to, Packet::Answer(call, bytes))
                {
                    self.fly(peer, to, 10 * SECOND_MS, Packet::Failed(call));
                }
            }
        }
    }

    fn send(&mut self, from: usize, to: usize, mut packet: Packet) -> bool {
        if let Some((_, bend)) = self.bent.filter(|(who, _)| *who == from) {
            match bend(&mut self.rng, packet) {
                Some(bent) => packet = bent,
                None => return true, // Nobody is told that it will not come.
            }
        }
        if let Some(traffic) = &mut self.traffic {
            let (kind, bytes) = kind_of(&packet);
            let tally = traffic.entry(kind).or_default();
            *tally = (tally.0 + 1, tally.1 + bytes as u64);
        }
        if self.rng.random_range(0..100) < self.weather.loss_percent {
            return false;
        }
        let copies = 1 + u32::from(self.rng.random_range(0..100) < self.weather.double_percent);
        for _ in 0..copies {
            let delay = self.rng.random_range(self.weather.delay_ms.0..=self.weather.delay_ms.1);
            self.fly(from, to, delay, packet.clone());
        }
        true
    }

    fn fly(&mut self, from: usize, to: usize, delay: i64, packet: Packet) {
        self.serial += 1;
        self.flying.push(Reverse((self.now.plus_ms(delay), self.serial, from, to, packet)));
    }

    /// Lets `ms` pass.
    pub(super) fn run_for(&mut self, ms: i64) {
        let end = self.now.plus_ms(ms);
        while self.now < end {
            let next = self.now.plus_ms(TICK_MS).min(end);
            while let Some(Reverse((at, ..))) = self.flying.peek()
                && *at <= next
            {
                let Some(Reverse((at, _, from, to, packet))) = self.flying.pop() else { break };
                self.now = self.now.max(at);
                self.deliver(from, to, packet);
            }
            self.now = next;
            if std::mem::take(&mut self.relink) {
                self.reconnect();
            }
            for i in (0..self.peers.len()).filter(|i| self.peers[*i].up).collect::<Vec<_>>() {
                self.feed(i, Input::Tick);
            }
        }
    }

    fn deliver(&mut self, from: usize, to: usize, packet: Packet) {
        if !self.peers[to].up {
            return;
        }
        if !self.linked(from, to) {
            if let Packet::Ask(call, _) = packet {
                self.fly(to, from, 1, Packet::Failed(call));
            }
            return;
        }
        let station = self.station(from);
        match packet {
            Packet::Announcement(bytes) => self.feed(to, Input::Announcement { from: station, source: 0, bytes }),
            Packet::Ask(call, bytes) => {
                self.serial += 1;
                let token = self.serial;
                self.peers[to].tokens.insert(token, (from, call));
                self.feed(to, Input::Asked { from: station, token, bytes });
            }
            Packet::Answer(call, bytes) => self.feed(to, Input::Answered { from: station, call, answer: SoundAnswer::read(&bytes) }),
            Packet::Failed(call) => self.feed(to, Input::CallFailed { call }),
        }
    }

    fn linked(&self, a: usize, b: usize) -> bool {
        let admits = |a: usize, b: usize| self.peers[a].admitted.contains(&self.station(b));
        self.peers[a].up && self.peers[b].up && !self.cut.contains(&(a.min(b), a.max(b))) && admits(a, b) && admits(b, a)
    }

    /// Parts the network into these groups; peers in none are alone.
    pub(super) fn part(&mut self, groups: &[&[usize]]) {
        let together = |a: usize, b: usize| groups.iter().any(|g| g.contains(&a) && g.contains(&b));
        let size = self.peers.len();
        self.cut = (0..size).flat_map(|a| (a + 1..size).map(move |b| (a, b))).filter(|(a, b)| !together(*a, *b)).collect();
        self.reconnect();
    }

    pub(super) fn heal(&mut self) {
        self.cut.clear();
        self.reconnect();
    }

    pub(super) fn set_up(&mut self, peer: usize, up: bool) {
        self.peers[peer].up = up;
        if up {
            // A process that was stopped starts with nothing but its shelf and its kept head.
            let p = &mut self.peers[peer];
            let seat = crate::node::membership::seat(&self.file, &p.shelf, &p.centre, &p.keys).unwrap();
            p.node = Node::new(p.centre.clone(), p.keys.clone(), seat, settings());
            let kept = p.kept.clone();
            self.feed(peer, Input::Started { kept });
        }
        self.reconnect();
    }

    fn reconnect(&mut self) {
        for a in 0..self.peers.len() {
            for b in (0..self.peers.len()).filter(|b| *b != a) {
                if self.peers[a].up {
                    let station = self.station(b);
                    let input = if self.linked(a, b) { Input::Connected(station) } else { Input::Disconnected(station) };
                    self.feed(a, input);
                }
            }
        }
    }

    /// Appends rows to a peer's own journal; says the index of the first.
    pub(super) fn append(&mut self, peer: usize, entries: Vec<Entry>) -> u64 {
        let (mut out, mut again) = (Vec::new(), std::collections::VecDeque::new());
        let p = &mut self.peers[peer];
        let from = p.node.append(&mut Env { now: self.now, rng: &mut self.rng, shelf: &p.shelf }, entries, &mut out).unwrap();
        out.into_iter().for_each(|effect| self.carry_out(peer, effect, &mut again));
        from
    }

    /// Asks at a desk; the closing event may come later.
    pub(super) fn ask(&mut self, peer: usize, request: Request) -> u64 {
        self.serial += 1;
        let token = self.serial;
        self.feed(peer, Input::Desk { token, request });
        token
    }

    /// Asks as a teller of the peer, whose account is made when there is none; the closing event may come later.
    pub(super) fn act(&mut self, peer: usize, act: &Act) -> u64 {
        let clerk = clerk();
        if self.peers[peer].shelf.operator(&clerk.name).unwrap().is_none() {
            self.peers[peer].shelf.apply(&Write::House(HouseWrite::Operator(clerk.clone()))).unwrap();
        }
        self.serial += 1;
        let request = RequestId(u128::from(self.serial).to_be_bytes());
        let p = &self.peers[peer];
        let at = self.now.plus_ms(p.clock_off_ms);
        let signed = SignedAct::sign(&clerk_key(), &clerk.name, &p.centre, self.charter.federation(), at, request, act);
        self.ask(peer, Request::Act(signed))
    }

    /// The closing event of a request, once it is there.
    pub(super) fn closing(&self, peer: usize, token: u64) -> Option<&Event> {
        self.peers[peer].replies.get(&token).and_then(|events| events.iter().find(|e| e.closes()))
    }

    pub(super) fn size(&self, at: usize, of: usize) -> u64 {
        self.peers[at].shelf.journal(&self.peers[of].centre).unwrap().size
    }

    /// Every peer that is up holds every journal whole, under the same root.
    pub(super) fn assert_converged(&self) {
        for of in &self.peers {
            let own = of.shelf.journal(&of.centre).unwrap();
            for at in self.peers.iter().filter(|p| p.up) {
                let held = at.shelf.journal(&of.centre).unwrap();
                assert_eq!((held.size, &held.peaks), (own.size, &own.peaks), "{} at {}", of.centre, at.centre);
                assert_eq!(held.applied, own.size, "{} at {}", of.centre, at.centre);
            }
        }
    }

    pub(super) fn faults(&self, peer: usize) -> Vec<crate::error::FaultCode> {
        self.peers[peer].shelf.faults().unwrap().into_iter().map(|(_, code, _)| code).collect()
    }
}

impl Peer {
    fn new(seat: crate::charter::Seat, centre: CentreCode, keys: CentreKeys) -> Self {
        let node = Node::new(centre.clone(), keys.clone(), seat, settings());
        Self {
            centre,
            keys,
            node,
            shelf: MemoryShelf::new(),
            kept: None,
            replies: BTreeMap::new(),
            window: BTreeMap::new(),
            house: Vec::new(),
            verdicts: Vec::new(),
            sent_announcements: Vec::new(),
            tokens: BTreeMap::new(),
            admitted: BTreeSet::new(),
            next_keys: None,
            clock_off_ms: 0,
            up: true,
        }
    }
}

/// What a packet is called in a tally, and its bytes.
fn kind_of(packet: &Packet) -> (&'static str, usize) {
    match packet {
        Packet::Announcement(bytes) => ("announcement", bytes.len()),
        Packet::Ask(_, bytes) => match Ask::decode(bytes).unwrap().question {
            Question::Heads(_) => ("heads", bytes.len()),
            Question::Push(_) => ("push", bytes.len()),
            Question::Cosigned(_) => ("cosigned", bytes.len()),
            Question::Pull { .. }
            | Question::Payloads { .. }
            | Question::Inquire(_)
            | Question::Charter { .. }
            | Question::Bridge { .. }
            | Question::Handover { .. }
            | Question::Forward(_)
            | Question::Relay { .. } => ("other", bytes.len()),
        },
        Packet::Answer(_, bytes) => match Answer::decode(bytes).unwrap() {
            Answer::Heads(..) => ("heads answer", bytes.len()),
            Answer::Held(_) => ("held", bytes.len()),
            Answer::Cosigned(_) => ("cosigned answer", bytes.len()),
            Answer::Frame(_)
            | Answer::Payloads(_)
            | Answer::Declined(_)
            | Answer::Replied(_)
            | Answer::Charter(_)
            | Answer::Bridged(_)
            | Answer::Handed(_)
            | Answer::Told(_) => ("other", bytes.len()),
        },
        Packet::Failed(_) => ("failed", 0),
    }
}

/// The answer as a server that leaves listings out would give it.
fn without_listings(bytes: &[u8]) -> Vec<u8> {
    match Answer::decode(bytes).unwrap() {
        Answer::Frame(frame) => {
            let mut frame = Frame::decode(&frame).unwrap();
            let listing = |entry: &&mut Entry| Header::parse(&entry.header).unwrap().kind() == Some(Kind::ListingDecided);
            frame.entries.iter_mut().filter(listing).for_each(|entry| entry.payload = None);
            Answer::Frame(frame.to_bytes().into()).to_bytes()
        }
        Answer::Payloads(_) => Answer::Payloads(Vec::new()).to_bytes(),
        answer @ (Answer::Heads(..)
        | Answer::Declined(_)
        | Answer::Held(_)
        | Answer::Replied(_)
        | Answer::Charter(_)
        | Answer::Cosigned(_)
        | Answer::Bridged(_)
        | Answer::Handed(_)
        | Answer::Told(_)) => answer.to_bytes(),
    }
}

pub(super) fn settings() -> Settings {
    // Who tests the issuer's word asks for it: everybody else wants answers from the copy, at once.
    Settings { anti_entropy_ms: 5 * SECOND_MS, phone: "0898-12329".to_owned(), live_patience_ms: 0, ..Settings::default() }
}

fn clerk_key() -> SecretKey {
    SecretKey::from_key(Key::from_bytes([8; 32]))
}

fn clerk() -> Operator {
    Operator {
        name: OperatorName::new("clerk").unwrap(),
        display: "王经办".to_owned(),
        staff_no: "100".to_owned(),
        role: Role::Teller,
        key: clerk_key().public(),
        sealed: SealedKey { salt: Vec::new(), memory_kib: 0, passes: 0, sealed: Vec::new() },
        created: START,
        disabled: None,
    }
}

/// An account in good order.
pub(super) fn facts(account_no: &str) -> AccountFacts {
    let month = |year, month| Month { year, month };
    AccountFacts {
        account_no: account_no.to_owned(),
        name: "史霞玲".to_owned(),
        document_type: "01".to_owned(),
        document_no: "460199198409159519".to_owned(),
        opened: month(2025, 2),
        status: AccountStatus::Normal,
        employer: "海口安泰科技有限公司".to_owned(),
        deposit_base: Fen(1_900_000),
        employer_ratio: 1000,
        personal_ratio: 1000,
        monthly_deposit: Fen(380_000),
        balance: Fen(7_980_000),
        paid_until: month(2026, 10),
        run_to_last_paid: 21,
        continuous_months: 21,
        continuous_from: Some(month(2025, 2)),
        continuous_to: Some(month(2026, 10)),
        in_arrears: false,
        loan_count: 0,
        loans_unsettled: 0,
        loan_total: Fen(0),
        loan_outstanding: Fen(0),
    }
}
