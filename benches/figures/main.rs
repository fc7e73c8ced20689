//! The figures of the main job, measured on a federation of three real peer processes on loopback: how long the counter waits, for its own
//! copy and for the issuer, how large things are, how fast a peer that was away catches up, what a peer needs of memory.
//!
//! `cargo bench --bench figures [-- CERTIFICATES]`. The floor is what the same machine needs, in the same run, to carry the same bytes
//! over loopback, hash them, check one signature and insert them in order: no peer can be faster.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a program for developers: it prints, and stops where something fails"
)]

mod asking;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anju::desk::client;
use anju::keys::Secrets;
use anju::keys::passphrase::Passphrase;
use anju::store::Reader;
use anju_core::certificate::IssuerIdentity;
use anju_core::charter::{Charter, CharterFile};
use anju_core::desk::{Act, Event, Request};
use anju_core::holder::{GrantRequest, Wallet, card, grant, receive};
use anju_core::journal::{Author, Entry, Evidence, hash};
use anju_core::names::{CentreCode, CertificateNumber, RequestId};
use anju_core::operator::{OperatorName, Role, SignedAct};
use anju_core::shelf::Shelf;
use anju_core::sign::{PublicKey, SecretKey};
use anju_core::time::Time;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const CENTRES: [&str; 3] = ["C46010", "C46020", "C50010"];
const ACCOUNT: &str = "46010000000100000";
const PASSPHRASE: &str = "a passphrase for figures";
/// Certificates that two peers catch up on, unless the command says otherwise.
const CERTIFICATES: usize = 1_000;
/// Queries that are timed.
const QUERIES: usize = 300;
/// Uses of one grant.
const USES: u32 = 100;
/// Certificates for one wallet; it holds no more keys than 256.
const WALLET_CERTIFICATES: usize = 200;
const FIELDS: [&str; 6] = ["name", "document_no", "employer", "monthly_deposit", "continuous_months", "loan_record"];
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(600);
const LOOK_EVERY: Duration = Duration::from_millis(10);

struct Federation {
    folder: tempfile::TempDir,
    peers: [Option<Child>; CENTRES.len()],
    charter: Charter,
    rng: StdRng,
    /// The teller's.
    key: SecretKey,
}

fn now() -> Time {
    Time(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap())
}

fn anju(folder: &Path, args: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_anju")).current_dir(folder).args(args).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn teller() -> OperatorName {
    OperatorName::new("zhang").unwrap()
}

impl Federation {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        std::fs::write(at.join("pass"), PASSPHRASE).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(CENTRES[0]);
        for centre in CENTRES {
            let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let listen = format!("/ip4/127.0.0.1/udp/{port}/quic-v1");
            let init = ["init", "--data", centre, "--centre", centre, "--name", centre, "--listen", &listen, "--passphrase-file", "pass"];
            anju(at, &[&init[..], &["--source", source.to_str().unwrap()]].concat());
        }
        let cards = CENTRES.map(|centre| format!("{centre}/card.json"));
        let found = ["federation", "found", "--name", "figures", "--out", "charter.json"];
        let cards: Vec<&str> = cards.iter().flat_map(|card| ["--card", card]).collect();
        anju(at, &[&found[..], &cards].concat());
        for step in ["sign", "adopt"] {
            for centre in CENTRES {
                anju(at, &["federation", step, "--data", centre, "--charter", "charter.json", "--passphrase-file", "pass"]);
            }
        }
        let text = std::fs::read_to_string(at.join("charter.json")).unwrap();
        let charter = CharterFile::parse(&text).unwrap().verify().unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        let key = SecretKey::random(&mut rng);
        Self { folder, peers: [None, None, None], charter, rng, key }
    }

    fn path(&self, peer: usize, name: &str) -> PathBuf {
        self.folder.path().join(CENTRES[peer]).join(name)
    }

    fn spawn(&mut self, peer: usize) {
        let serve = ["serve", "--data", CENTRES[peer], "--passphrase-file", "pass", "--json"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_anju"));
        command.current_dir(self.folder.path()).args(serve).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        self.peers[peer] = Some(command.spawn().unwrap());
    }

    fn wait_until_ready(&mut self, peer: usize) {
        let mut line = String::new();
        BufReader::new(self.peers[peer].as_mut().unwrap().stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("ready"), "{line}");
    }

    fn start(&mut self, peer: usize) {
        self.spawn(peer);
        self.wait_until_ready(peer);
    }

    fn stop(&mut self, peer: usize) {
        let mut child = self.peers[peer].take().unwrap();
        assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
        assert!(child.wait().unwrap().success());
    }

    /// The closing event.
    fn ask(&self, peer: usize, request: &Request) -> Event {
        let answers = client::ask(&self.path(peer, "desk.sock"), request, PATIENCE).unwrap();
        answers.map(Result::unwrap).last().unwrap()
    }

    /// Makes an operator at a running peer, whose acts are signed here.
    fn hire(&mut self, peer: usize, of: OperatorName, role: Role, key: PublicKey) {
        let name = OperatorName::new("admin").unwrap();
        let Event::OperatorKey(info) = self.ask(peer, &Request::OperatorKey { name: name.clone() }) else { panic!("no operator") };
        let passphrase = std::fs::read_to_string(self.path(peer, "first-operator.passphrase")).unwrap();
        let admin = info.sealed.open(&name, passphrase.trim_end().as_bytes()).unwrap();
        // Nobody will open this one: the key is here.
        let sealed = info.sealed.clone();
        let (display, staff_no) = ("figures".to_owned(), of.to_string());
        let add = Act::OperatorAdd { name: of, display, staff_no, role, key, sealed };
        let request = RequestId(self.rng.random());
        let signed = SignedAct::sign(&admin, &name, &info.centre, &info.federation, now(), request, &add);
        assert_eq!(self.ask(peer, &Request::Act(signed)), Event::Done);
    }

    fn sign(&mut self, peer: usize, act: &Act) -> Request {
        let (centre, request) = (CentreCode::new(CENTRES[peer]).unwrap(), RequestId(self.rng.random()));
        Request::Act(SignedAct::sign(&self.key, &teller(), &centre, self.charter.federation(), now(), request, act))
    }

    /// The closing event of what the teller asks for; signing it is in the time that it takes.
    fn act(&mut self, peer: usize, act: &Act) -> Event {
        let signed = self.sign(peer, act);
        self.ask(peer, &signed)
    }

    fn applied(&self, peer: usize, journal: usize) -> u64 {
        let Event::Status(status) = self.ask(peer, &Request::Status) else { panic!("no status") };
        status.journals.iter().find(|j| j.centre.as_str() == CENTRES[journal]).map_or(0, |j| j.applied)
    }

    fn wait_for(&self, peer: usize, rows: u64) {
        let start = Instant::now();
        while self.applied(peer, 0) < rows {
            assert!(start.elapsed() < PATIENCE, "{} did not catch up", CENTRES[peer]);
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Issues a loan certificate for the second centre; returns the file for its holder.
    fn issue(&mut self, wallet: &mut Wallet) -> (CertificateNumber, Vec<u8>) {
        let act = Act::CertificateIssue {
            account_no: ACCOUNT.to_owned(),
            kind: "YDDKJCZM".to_owned(),
            addressee: Some(CentreCode::new(CENTRES[1]).unwrap()),
            card: card::card(&mut self.rng, now(), wallet, &CentreCode::new(CENTRES[0]).unwrap()).unwrap(),
            clerk: "figures".to_owned(),
            valid_days: None,
            request: RequestId(self.rng.random()),
        };
        let event = self.act(0, &act);
        let Event::CertificateIssued { number, file, .. } = event else { panic!("not issued: {event:?}") };
        (number, STANDARD.decode(file).unwrap())
    }

    fn author(&self) -> Author {
        let member = self.charter.member(&CentreCode::new(CENTRES[0]).unwrap()).unwrap();
        Author::new(self.charter.federation(), member.centre.clone(), member.signing, member.heartbeat)
    }

    /// `VmRSS` and `VmHWM` of a peer, in KiB.
    fn memory(&self, peer: usize) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.peers[peer].as_ref().unwrap().id())).unwrap();
        let value = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
        };
        (value("VmRSS"), value("VmHWM"))
    }
}

impl Drop for Federation {
    fn drop(&mut self) {
        for child in self.peers.iter_mut().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The value that `percent` of the sorted times do not exceed.
fn at(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent).div_ceil(100).clamp(1, sorted.len()) - 1]
}

/// A certificate that its holder has; its number, and its bytes in the journal and as a file.
fn certified(federation: &mut Federation, wallet: &mut Wallet) -> (CertificateNumber, usize, usize) {
    let (number, evidence) = federation.issue(wallet);
    let author = federation.author();
    let member = federation.charter.member(&CentreCode::new(CENTRES[0]).unwrap()).unwrap();
    let issuer = IssuerIdentity { federation: federation.charter.federation().clone(), centre: member.centre.clone(), key: member.signing };
    let verified = Evidence::decode(&evidence).unwrap().verify(&author).unwrap();
    let body = verified.entry().body().unwrap().to_vec();
    let row = verified.entry().header.len() + verified.entry().payload.as_ref().map_or(0, Vec::len);
    receive(wallet, now(), &body, &evidence, &issuer).unwrap();
    (number, row, evidence.len())
}

/// Sizes, and the time from the grant pasted to the fields verified with the issuer stopped.
fn counter(federation: &mut Federation) {
    let mut wallet = Wallet::default();
    let (number, row, file) = certified(federation, &mut wallet);
    println!("certificate: {} bytes in the journal (header and payload), {} bytes as the holder's file before base64", row, file);
    let audience = CentreCode::new(CENTRES[1]).unwrap();
    let key = federation.charter.member(&audience).unwrap().sealing;
    let make = |wallet: &mut Wallet, rng: &mut StdRng, fields: &[String]| {
        let mut request = GrantRequest::new(now(), number.clone(), fields.to_vec(), audience.clone(), "loan");
        request.uses = USES;
        grant(rng, now(), wallet, &request, &key).unwrap()
    };
    let all: Vec<String> = anju_core::certificate::Field::all("YDDKJCZM".parse().unwrap()).iter().map(|f| f.name.clone()).collect();
    let some = FIELDS.map(str::to_owned);
    let largest = make(&mut wallet, &mut federation.rng, &all);
    let grants: Vec<_> = (0..QUERIES.div_ceil(USES as usize)).map(|_| make(&mut wallet, &mut federation.rng, &some)).collect();
    println!("grant: {} bytes for {} fields, {} bytes for all {}", grants[0].len(), some.len(), largest.len(), all.len());

    federation.wait_for(1, 1);
    federation.stop(0);
    let mut times = Vec::new();
    for i in 0..QUERIES {
        let request = RequestId(federation.rng.random());
        let grant = grants[i / USES as usize].clone();
        let query = Act::Query { grant, business_no: format!("SY-{i}"), matter: None, request };
        let start = Instant::now();
        let event = federation.act(1, &query);
        times.push(start.elapsed());
        assert!(matches!(&event, Event::Answer(answer) if answer.fields.len() == some.len()), "{event:?}");
    }
    federation.start(0);
    times.sort();
    let (median, p99, worst) = (at(&times, 50), at(&times, 99), at(&times, 100));
    println!(
        "grant pasted to verified fields, issuer stopped, {QUERIES} queries: median {:.1} ms, p99 {:.1} ms, worst {:.1} ms",
        ms(median),
        ms(p99),
        ms(worst)
    );
}

/// Two peers that were away catch up on `count` certificates.
fn catch_up(federation: &mut Federation, count: usize) {
    let before = federation.applied(0, 0);
    (1..CENTRES.len()).for_each(|peer| federation.stop(peer));
    let start = Instant::now();
    let mut wallet = Wallet::default();
    for i in 0..count {
        if i % WALLET_CERTIFICATES == 0 {
            wallet = Wallet::default();
        }
        federation.issue(&mut wallet);
    }
    let issuing = start.elapsed();
    println!("issuing {count}: {:.1} s, {:.1} ms each, one after the other", issuing.as_secs_f64(), ms(issuing) / count as f64);
    (1..CENTRES.len()).for_each(|peer| federation.spawn(peer));
    federation.wait_until_ready(1);
    let start = Instant::now();
    let fresh = federation.memory(1);
    federation.wait_until_ready(2);
    for peer in 1..CENTRES.len() {
        federation.wait_for(peer, before + count as u64);
    }
    let took = start.elapsed();
    let caught_up = federation.memory(1);
    let (floor, bytes, rows) = floor(federation);
    println!(
        "catching up on {count} certificates, two peers at once: {:.0} ms from the first being ready until both have applied all",
        ms(took)
    );
    println!(
        "floor for the same {rows} rows, {bytes} bytes, for two at once: {:.0} ms; ratio {:.1}",
        ms(floor),
        took.as_secs_f64() / floor.as_secs_f64()
    );
    println!("memory of {} in KiB: ready {} (peak {}), caught up {} (peak {})", CENTRES[1], fresh.0, fresh.1, caught_up.0, caught_up.1);
    let (resident, peak) = federation.memory(0);
    println!("memory of {} in KiB, which served both: {resident} (peak {peak})", CENTRES[0]);
}

/// What the machine needs for the same rows, for each of two peers at once. Returns the time, and bytes and rows for one.
fn floor(federation: &Federation) -> (Duration, usize, usize) {
    let passphrase = Passphrase::new(PASSPHRASE).unwrap();
    let secrets = Secrets::load(&federation.path(1, "keys.age"), &passphrase).unwrap();
    let reader = Reader::open_reader(&federation.path(1, "anju.db"), &secrets.store).unwrap();
    let issuer = CentreCode::new(CENTRES[0]).unwrap();
    let state = reader.journal(&issuer).unwrap();
    let (note, mut entries) = (state.head.unwrap().note, Vec::new());
    while (entries.len() as u64) < state.size {
        entries.extend(reader.entries(&issuer, entries.len() as u64, 1_000, 1 << 20).unwrap());
    }
    let bytes = entries.iter().map(|e| e.header.len() + e.payload.as_ref().map_or(0, Vec::len)).sum();
    let author = federation.author();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for peer in 1..CENTRES.len() {
            let database = federation.folder.path().join(format!("floor-{peer}.db"));
            let (entries, note, author) = (&entries, &note, &author);
            scope.spawn(move || floor_of_one(&database, entries, note, author));
        }
    });
    (start.elapsed(), bytes, entries.len())
}

fn floor_of_one(database: &Path, entries: &[Entry], note: &[u8], author: &Author) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let received = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut stream = listener.accept().unwrap().0;
            for entry in entries {
                stream.write_all(&entry.header).unwrap();
                stream.write_all(entry.payload.as_deref().unwrap_or_default()).unwrap();
            }
        });
        let mut all = Vec::new();
        TcpStream::connect(address).unwrap().read_to_end(&mut all).unwrap();
        all
    });
    author.verify(note).unwrap();
    let mut db = rusqlite::Connection::open(database).unwrap();
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
    db.pragma_update(None, "synchronous", "FULL").unwrap();
    db.execute_batch("CREATE TABLE entry (idx INTEGER PRIMARY KEY, leaf BLOB, header BLOB, payload BLOB) STRICT").unwrap();
    let transaction = db.transaction().unwrap();
    let mut insert = transaction.prepare("INSERT INTO entry VALUES (?1, ?2, ?3, ?4)").unwrap();
    let mut rest = &received[..];
    for (entry, index) in entries.iter().zip(0_i64..) {
        let (header, after) = rest.split_at(entry.header.len());
        let (payload, after) = after.split_at(entry.payload.as_ref().map_or(0, Vec::len));
        rest = after;
        std::hint::black_box(hash::sha256(payload));
        insert.execute(rusqlite::params![index, hash::leaf(header).0, header, payload]).unwrap();
    }
    drop(insert);
    transaction.commit().unwrap();
}

fn main() {
    let count = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(CERTIFICATES);
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).map_or("unknown", |m| m.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    println!("machine: {model}, {cores} cores");
    let profile = if cfg!(debug_assertions) { " --profile dev" } else { "" };
    println!("command: cargo bench{profile} --bench figures -- {count}");
    if cfg!(debug_assertions) {
        println!("A debug build: these figures show only that the measurement works.");
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load before: {}", load.trim());
    let mut federation = Federation::new();
    (0..CENTRES.len()).for_each(|peer| federation.start(peer));
    let key = federation.key.public();
    (0..2).for_each(|peer| federation.hire(peer, teller(), Role::Teller, key));
    counter(&mut federation);
    catch_up(&mut federation, count);
    asking::run(&mut federation);
}
