//! Real engines over real databases, wired together without a network: every message between them is kept as it was before transport
//! encryption.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use anju::daemon::engine::{Engine, Out, Recipe, machine_clock};
use anju::source::{self, SourceConfig};
use anju::store::{Mode, Reader, Store};
use anju_core::certificate::IssuerIdentity;
use anju_core::charter::{CentreCard, CentreKeys, Charter, CharterFile, EpochSecrets, Founding};
use anju_core::desk::{Act, Event, Request};
use anju_core::facts::AccountFacts;
use anju_core::grant::Mode as GrantMode;
use anju_core::holder::{GrantRequest, Wallet, card, grant, receive};
use anju_core::journal::{Author, Evidence};
use anju_core::listing::SubjectSecret;
use anju_core::names::{CentreCode, CertificateNumber, FederationName, RequestId, StationKey};
use anju_core::node::message::{Ask, Question, SoundAnswer};
use anju_core::node::operator::first_operator;
use anju_core::node::{Env, Input, Settings, announce};
use anju_core::operator::{Operator, OperatorName, Role, SealedKey, SignedAct};
use anju_core::seal::Key;
use anju_core::seal::stretch::PASSPHRASE_COST;
use anju_core::shelf::{HouseWrite, Write};
use anju_core::sign::SecretKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// The founders, in the order of their peers.
pub(crate) const CENTRES: [&str; 3] = ["C46010", "C46020", "C50010"];
/// An account of the first centre's sample exports for which every kind may be issued.
pub(crate) const ACCOUNT: &str = "46010000000100000";
/// Rounds of messages after which two peers must have nothing left to say.
const ROUNDS_MAX: usize = 200;

/// One message between two peers.
pub(crate) struct Frame {
    pub(crate) what: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// What is inside the seal of an announcement.
    pub(crate) opened: Option<Vec<u8>>,
}

pub(crate) struct Peer {
    pub(crate) engine: Engine,
    pub(crate) folder: PathBuf,
    pub(crate) keys: CentreKeys,
    pub(crate) replies: BTreeMap<u64, Vec<Event>>,
    /// Readings of the source that were asked for and not answered, when they are held back.
    pub(crate) readings: Vec<(u64, String)>,
    store_key: Key,
}

impl Peer {
    pub(crate) fn station(&self) -> StationKey {
        self.keys.station_key()
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("anju.db")
    }

    pub(crate) fn head_file(&self) -> PathBuf {
        self.folder.join("head.json")
    }

    pub(crate) const fn store_key(&self) -> &Key {
        &self.store_key
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open_reader(&self.database(), &self.store_key).unwrap()
    }
}

pub(crate) struct World {
    pub(crate) peers: Vec<Peer>,
    pub(crate) charter: Charter,
    pub(crate) frames: Vec<Frame>,
    pub(crate) rng: StdRng,
    /// Peers that are switched off.
    pub(crate) down: BTreeSet<usize>,
    /// Whether the source keeps its answers back.
    pub(crate) source_waits: bool,
    secrets: EpochSecrets,
    flying: VecDeque<(usize, Input)>,
    questions: BTreeMap<u64, (usize, u64)>,
    serial: u64,
}

pub(crate) fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(CENTRES[0])
}

pub(crate) fn facts(account_no: &str) -> AccountFacts {
    source::facts_of(&SourceConfig::of_folder(&samples()), account_no).unwrap()
}

impl World {
    /// Three peers with their stores in folders of `root`, connected, up and heard of by each other.
    pub(crate) fn new(seed: u64, root: &Path, settings: &Settings) -> Self {
        println!("seed {seed}");
        let mut rng = StdRng::seed_from_u64(seed);
        let founders = CENTRES.map(|code| (CentreCode::new(code).unwrap(), CentreKeys::random(&mut rng)));
        let address = |i: usize| vec![format!("/ip4/127.0.0.1/tcp/{}", 7400 + i)];
        let cards: Vec<_> =
            (0..).zip(&founders).map(|(i, (code, keys))| CentreCard::new(code.clone(), "中心".into(), address(i), keys)).collect();
        let mut file = CharterFile::found(&mut rng, FederationName::new("test").unwrap(), &cards, &Founding::default()).unwrap();
        founders.iter().for_each(|(centre, keys)| file.sign(centre, keys).unwrap());
        let charter = file.verify().unwrap();
        let secrets = file.founding_seat(&founders[0].0, &founders[0].1).unwrap().secrets.unwrap();
        let peers = founders.map(|(centre, keys)| {
            let folder = root.join(centre.as_str());
            std::fs::create_dir_all(&folder).unwrap();
            let seat = file.founding_seat(&centre, &keys).unwrap();
            let recipe = Recipe { centre: centre.clone(), keys: keys.clone(), seat, settings: settings.clone() };
            let store_key = Key::random(&mut rng);
            let mut store = Store::open(&folder.join("anju.db"), &store_key, Mode::Create).unwrap();
            store.write(&first_accounts(&mut rng, &store)).unwrap();
            let kept = folder.join("head.json");
            anju::store::head_file::write(&kept, &first_head(centre)).unwrap();
            let engine = Engine::new(recipe, store, kept, Box::new(StdRng::seed_from_u64(rng.random())), machine_clock);
            Peer { engine, folder, keys, replies: BTreeMap::new(), readings: Vec::new(), store_key }
        });
        let (down, flying, questions) = (BTreeSet::new(), VecDeque::new(), BTreeMap::new());
        let frames = Vec::new();
        let mut world =
            Self { peers: peers.into(), charter, frames, rng, down, source_waits: false, secrets, flying, questions, serial: 0 };
        for i in 0..CENTRES.len() {
            let others = (0..CENTRES.len()).filter(|j| *j != i).map(|j| Input::Connected(world.peers[j].station())).collect();
            world.feed(i, vec![Input::Tick]);
            world.feed(i, others);
        }
        world.settle();
        world
    }

    pub(crate) fn pepper(&self) -> &Key {
        &self.secrets.pepper().unwrap().key
    }

    pub(crate) const fn gossip_key(&self) -> &Key {
        &self.secrets.gossip
    }

    pub(crate) fn centre(&self, peer: usize) -> CentreCode {
        CentreCode::new(CENTRES[peer]).unwrap()
    }

    /// Feeds a group and sends off what comes out.
    pub(crate) fn feed(&mut self, peer: usize, group: Vec<Input>) {
        let mut outs = Vec::new();
        self.peers[peer].engine.group(group, &mut |out| outs.push(out));
        for out in outs {
            self.carry_out(peer, out);
        }
        if self.peers[peer].engine.goes_on() {
            self.feed(peer, vec![Input::Again]);
        }
    }

    fn carry_out(&mut self, peer: usize, out: Out) {
        self.serial += 1;
        let (serial, from) = (self.serial, self.peers[peer].station());
        match out {
            // Everybody here stays connected with everybody.
            Out::Admit(_) | Out::NextKeys(_) | Out::KeysTaken(_) => {}
            Out::Announce(bytes) => {
                let opened = announce::open(self.charter.founding(), [&self.secrets], &from, &bytes).unwrap().to_bytes();
                for to in (0..self.peers.len()).filter(|to| *to != peer) {
                    self.flying.push_back((to, Input::Announcement { from, source: serial, bytes: bytes.clone() }));
                }
                self.frames.push(Frame { what: "announcement", bytes, opened: Some(opened) });
            }
            Out::Call(to, call, bytes) => {
                let to = (0..self.peers.len()).find(|i| self.peers[*i].station() == to).unwrap();
                let push = matches!(Ask::decode(&bytes), Ok(Ask { question: Question::Push(_), .. }));
                self.frames.push(Frame { what: if push { "push" } else { "question" }, bytes: bytes.clone(), opened: None });
                if self.down.contains(&to) {
                    self.flying.push_back((peer, Input::CallFailed { call }));
                } else {
                    self.questions.insert(serial, (peer, call));
                    self.flying.push_back((to, Input::Asked { from, token: serial, bytes }));
                }
            }
            Out::Answer(token, bytes) => {
                self.frames.push(Frame { what: "answer", bytes: bytes.clone(), opened: None });
                if let Some((to, call)) = self.questions.remove(&token) {
                    self.flying.push_back((to, Input::Answered { from, call, answer: SoundAnswer::read(&bytes) }));
                }
            }
            Out::ReadSource(reading, account_no) if self.source_waits => self.peers[peer].readings.push((reading, account_no)),
            Out::ReadSource(reading, account_no) => {
                self.flying.push_back((peer, Input::Source { reading, facts: Ok(Box::new(facts(&account_no))) }));
            }
            Out::Derive(job, work) => {
                let secrets = work.iter().map(|(pepper, document)| SubjectSecret::derive(pepper, document).ok()).collect();
                self.flying.push_back((peer, Input::Derived { job, secrets }));
            }
            Out::Reply(token, event) => self.peers[peer].replies.entry(token).or_default().push(*event),
            Out::Judge(..) | Out::House(..) | Out::WindowReply(..) => {}
        }
    }

    /// Lets `peer` believe that it is not connected to `other`, so that it tells by gossip as well.
    pub(crate) fn part(&mut self, peer: usize, other: usize) {
        let other = self.peers[other].station();
        self.feed(peer, vec![Input::Disconnected(other)]);
    }

    /// Questions that nobody answered come to nothing, as the network would say after a while; then time passes.
    pub(crate) fn time_out(&mut self) {
        for (peer, call) in std::mem::take(&mut self.questions).into_values() {
            self.feed(peer, vec![Input::CallFailed { call }, Input::Tick]);
        }
        self.settle();
    }

    /// Delivers until nobody has anything to say.
    pub(crate) fn settle(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let Some((to, input)) = self.flying.pop_front() else { return };
            if !self.down.contains(&to) {
                self.feed(to, vec![input]);
            }
        }
        panic!("the peers do not come to rest");
    }

    pub(crate) fn token(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    pub(crate) fn request_id(&mut self) -> RequestId {
        RequestId(self.rng.random())
    }

    /// Asks at a desk and lets everything happen; returns the closing event, if there is one.
    pub(crate) fn ask(&mut self, peer: usize, request: Request) -> Option<Event> {
        let token = self.token();
        self.feed(peer, vec![Input::Desk { token, request }]);
        self.settle();
        self.closing(peer, token)
    }

    /// Asks as an operator.
    pub(crate) fn act(&mut self, peer: usize, operator: &str, act: &Act) -> Event {
        let signed = self.signed(peer, operator, act);
        self.ask(peer, signed).unwrap_or_else(|| panic!("{operator} was not answered"))
    }

    /// Asks as [`CLERK`] and lets everything happen; returns the closing event, if there is one.
    pub(crate) fn ask_as_clerk(&mut self, peer: usize, act: &Act) -> Option<Event> {
        let signed = self.signed(peer, CLERK, act);
        self.ask(peer, signed)
    }

    pub(crate) fn signed(&mut self, peer: usize, operator: &str, act: &Act) -> Request {
        let (centre, federation, request) = (self.centre(peer), self.charter.federation().clone(), self.request_id());
        let name = OperatorName::new(operator).unwrap();
        Request::Act(SignedAct::sign(&operator_key(operator), &name, &centre, &federation, machine_clock(), request, act))
    }

    pub(crate) fn closing(&self, peer: usize, token: u64) -> Option<Event> {
        self.peers[peer].replies.get(&token)?.iter().find(|event| event.closes()).cloned()
    }

    /// What to ask the first peer for so that it issues a loan certificate for the second.
    pub(crate) fn issuing(&mut self, wallet: &mut Wallet, account_no: &str, clerk: &str) -> Act {
        let (issuer, addressee) = (self.centre(0), self.centre(1));
        Act::CertificateIssue {
            account_no: account_no.to_owned(),
            kind: "YDDKJCZM".to_owned(),
            addressee: Some(addressee),
            card: card::card(&mut self.rng, machine_clock(), wallet, &issuer).unwrap(),
            clerk: clerk.to_owned(),
            valid_days: None,
            request: self.request_id(),
        }
    }

    /// Issues at the first peer for the second, and the holder takes it in.
    pub(crate) fn issue(&mut self, wallet: &mut Wallet, clerk: &str) -> CertificateNumber {
        let act = self.issuing(wallet, ACCOUNT, clerk);
        let issued = self.ask_as_clerk(0, &act);
        let Some(Event::CertificateIssued { number, file, .. }) = issued else { panic!("not issued: {issued:?}") };
        let evidence = STANDARD.decode(file).unwrap();
        let (federation, centre) = (self.charter.federation().clone(), self.centre(0));
        let member = self.charter.member(&centre).unwrap();
        let author = Author::new(&federation, centre.clone(), member.signing, member.heartbeat);
        let issuer = IssuerIdentity { federation, centre, key: member.signing };
        let verified = Evidence::decode(&evidence).unwrap().verify(&author).unwrap();
        let body = verified.entry().body().unwrap().to_vec();
        assert_eq!(receive(wallet, machine_clock(), &body, &evidence, &issuer).unwrap(), number);
        number
    }

    /// A grant of `fields` for a peer.
    pub(crate) fn grant(&mut self, wallet: &mut Wallet, number: &CertificateNumber, to: usize, fields: &[&str], uses: u32) -> String {
        self.grant_in(wallet, number, (to, GrantMode::Details), fields, uses)
    }

    /// The same of a mode.
    pub(crate) fn grant_in(
        &mut self,
        wallet: &mut Wallet,
        number: &CertificateNumber,
        (to, mode): (usize, GrantMode),
        fields: &[&str],
        uses: u32,
    ) -> String {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        let mut request = GrantRequest::new(machine_clock(), number.clone(), fields, self.centre(to), "loan");
        (request.uses, request.mode) = (uses, mode);
        let key = self.peers[to].keys.sealing.public();
        grant(&mut self.rng, machine_clock(), wallet, &request, &key).unwrap()
    }

    pub(crate) fn querying(&mut self, grant: &str, business_no: &str) -> Act {
        Act::Query { grant: grant.to_owned(), business_no: business_no.to_owned(), matter: None, request: self.request_id() }
    }
}

/// Whose acts are signed with [`operator_key`] and who may make the others.
pub(crate) const ADMIN: &str = "admin";
/// A teller of every peer.
pub(crate) const CLERK: &str = "clerk";

/// An operator's key in the tests, by the operator's name.
pub(crate) fn operator_key(name: &str) -> SecretKey {
    let mut seed = *b"an-operator's-signing-key-for...";
    seed[..name.len()].copy_from_slice(name.as_bytes());
    SecretKey::from_key(Key::from_bytes(seed))
}

fn account(name: &str, staff_no: &str, role: Role) -> Operator {
    let sealed =
        SealedKey { salt: vec![1; 16], memory_kib: PASSPHRASE_COST.memory_kib, passes: PASSPHRASE_COST.passes, sealed: vec![1; 72] };
    let (display, staff_no, key) = (name.to_owned(), staff_no.to_owned(), operator_key(name).public());
    Operator { name: OperatorName::new(name).unwrap(), display, staff_no, role, key, sealed, created: machine_clock(), disabled: None }
}

fn first_accounts(rng: &mut StdRng, store: &Store) -> Vec<Write> {
    let mut env = Env { now: machine_clock(), rng, shelf: store };
    let mut writes = first_operator(&mut env, account(ADMIN, "0", Role::Security)).unwrap().unwrap();
    writes.push(Write::House(HouseWrite::Operator(account(CLERK, "00", Role::Teller))));
    writes
}

fn first_head(centre: CentreCode) -> anju_core::shelf::KeptHead {
    anju_core::shelf::KeptHead { centre, size: 0, root: anju_core::journal::hash::empty() }
}
