//! The vectors of the journal, each named for its fault. Shared by the generator and the test that compares.
//!
//! Everything is made from a counter, so that the same bytes come out on every machine and with every version of every library.
#![allow(clippy::unwrap_used, reason = "a generator that cannot generate has nothing better to do than to stop")]

use std::collections::BTreeMap;
use std::convert::Infallible;

use anju_core::journal::note::Note;
use anju_core::journal::proof::{Subtrees, subtree_from_stored};
use anju_core::journal::{Author, Checkpoint, Entry, Evidence, Frame, Frontier, Kind, Statement, batch, hash};
use anju_core::names::{CentreCode, Digest, FederationName};
use anju_core::sign::SecretKey;
use anju_core::time::Time;
use minicbor::Encoder;
use serde::{Deserialize, Serialize};

/// One vector: bytes, what they are checked against, and what must come out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// What is wrong, or right, in one sentence.
    pub what: String,
    /// `header`, `note`, `frame` or `evidence`.
    pub form: String,
    /// `accepted`, or the code of the fault.
    pub expect: String,
    /// The federation.
    pub federation: String,
    /// The centre whose journal is asked for.
    pub centre: String,
    /// Its signing key.
    pub signing: String,
    /// Its heartbeat key.
    pub heartbeat: String,
    /// Rows already held (frames only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// The bytes, in hexadecimal.
    pub bytes: String,
}

/// A frontier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Rows.
    pub size: u64,
    /// Peaks, largest first.
    pub peaks: Vec<Digest>,
}

/// A vector as its file has it.
pub fn to_text(vector: &Vector) -> String {
    serde_json::to_string_pretty(vector).unwrap() + "\n"
}

/// A "random" source that counts. Its values are in public files: it is no source of secrets.
struct Counter(u8);

impl rand_core::TryRng for Counter {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0 += 1;
        out.fill(self.0);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counter {}

const NOW: Time = Time::from_seconds(1_790_000_000);
const FEDERATION: &str = "example";

struct Journal {
    author: Author,
    signing: SecretKey,
    heartbeat: SecretKey,
    rng: Counter,
    entries: Vec<Entry>,
    frontier: Frontier,
    note: Vec<u8>,
}

impl Journal {
    fn new(centre: &str, seed: u8) -> Self {
        let mut rng = Counter(seed);
        let (signing, heartbeat) = (SecretKey::random(&mut rng), SecretKey::random(&mut rng));
        let federation = FederationName::new(FEDERATION).unwrap();
        let author = Author::new(&federation, CentreCode::new(centre).unwrap(), signing.public(), heartbeat.public());
        Self { author, signing, heartbeat, rng, entries: Vec::new(), frontier: Frontier::empty(), note: Vec::new() }
    }

    fn write(&mut self, rows: usize) -> &mut Self {
        let build = |rng: &mut Counter| Statement::build(rng, Kind::CertificateIssued, NOW, None, b"body").unwrap();
        let entries: Vec<Entry> = (0..rows).map(|_| build(&mut self.rng)).collect();
        let made = batch::append(&self.frontier, entries.clone(), &self.author, &self.signing, &self.heartbeat, NOW).unwrap();
        self.entries.extend(entries);
        (self.frontier, self.note) = (made.frontier, made.head.note().to_vec());
        self
    }

    fn frame(&self, from: usize, to: usize) -> Frame {
        let entries = self.entries[from..to].to_vec();
        Frame::assemble(self, self.author.centre.clone(), from as u64, entries, self.frontier.size(), self.note.clone()).unwrap()
    }

    fn evidence(&self, index: usize) -> Evidence {
        let (centre, entry) = (self.author.centre.clone(), self.entries[index].clone());
        Evidence::assemble(self, centre, index as u64, entry, self.frontier.size(), self.note.clone()).unwrap()
    }

    fn held(&self, rows: usize) -> Held {
        let mut frontier = Frontier::empty();
        self.entries[..rows].iter().for_each(|entry| frontier.push(entry.leaf(), &mut Vec::new()).unwrap());
        Held { size: rows as u64, peaks: frontier.peaks().to_vec() }
    }

    fn vector(&self, form: &str, expect: &str, what: &str, bytes: &[u8]) -> Vector {
        Vector {
            what: what.to_owned(),
            form: form.to_owned(),
            expect: expect.to_owned(),
            federation: FEDERATION.to_owned(),
            centre: self.author.centre.to_string(),
            signing: hex::encode(self.author.signing.0),
            heartbeat: hex::encode(self.author.heartbeat.0),
            held: None,
            bytes: hex::encode(bytes),
        }
    }
}

impl Subtrees for Journal {
    type Error = ();
    fn subtree(&self, level: u8, index: u64) -> Result<Digest, ()> {
        let leaf = |level: u8, index: u64| match level {
            0 => self.entries.get(index as usize).map(Entry::leaf).ok_or(()),
            1.. => Err(()),
        };
        subtree_from_stored(level, index, &mut { leaf })
    }
}

/// Every vector by name.
pub fn all() -> BTreeMap<String, Vector> {
    let mut out = BTreeMap::new();
    headers(&mut out);
    notes(&mut out);
    frames(&mut out);
    frames_of_other_heads(&mut out);
    evidence(&mut out);
    out
}

type Out = BTreeMap<String, Vector>;

fn headers(out: &mut Out) {
    let journal = Journal::new("C46010", 0);
    let by_hand = |fields: u64, version: u8, kind: &str, rest: &dyn Fn(&mut Encoder<&mut Vec<u8>>)| {
        let mut bytes = Vec::new();
        let mut e = Encoder::new(&mut bytes);
        e.map(fields).unwrap().u8(0).unwrap().u8(version).unwrap().u8(1).unwrap().str(kind).unwrap();
        e.u8(2).unwrap().bytes(&[2; 16]).unwrap().u8(3).unwrap().i64(NOW.0).unwrap();
        e.u8(5).unwrap().bytes(&[5; 32]).unwrap();
        rest(&mut e);
        bytes
    };
    let field = |key: u64, value: u64| {
        by_hand(6, 1, "vector", &|e| {
            e.u64(key).unwrap().u64(value).unwrap();
        })
    };
    let filled = by_hand(6, 1, "vector", &|e| {
        e.u8(32).unwrap().bytes(&[0; 200]).unwrap();
    });
    let unordered = by_hand(7, 1, "vector", &|e| {
        e.u8(33).unwrap().u8(0).unwrap().u8(32).unwrap().u8(0).unwrap();
    });
    let mut long_integer = by_hand(5, 1, "vector", &|_| {});
    long_integer.splice(2..3, [0x18, 0x01]);
    let mut put = |name: &str, expect: &str, what: &str, bytes: Vec<u8>| {
        out.insert(format!("header_{name}"), journal.vector("header", expect, what, &bytes));
    };
    put("accepted", "accepted", "A header with every field it must have.", by_hand(5, 1, "vector", &|_| {}));
    put("kind_unknown", "accepted", "A kind from a later version is kept.", by_hand(5, 1, "weather.observed", &|_| {}));
    put("field_ignorable", "accepted", "A field from 32 on may be ignored.", field(32, 1));
    put("field_critical_unknown", "malformed", "A field below 32 that this version does not know.", field(6, 1));
    put("version_unknown", "malformed", "Version 2.", by_hand(5, 2, "vector", &|_| {}));
    put("kind_not_plain", "malformed", "A kind with a capital letter.", by_hand(5, 1, "Vector", &|_| {}));
    put("keys_unordered", "malformed", "Key 33 before key 32.", unordered);
    put("integer_not_shortest", "malformed", "The version written in two bytes.", long_integer);
    put("too_long", "oversized", "More than 256 bytes.", filled);
}

fn notes(out: &mut Out) {
    let mut journal = Journal::new("C46010", 0);
    journal.write(3);
    let journal = journal;
    let good = String::from_utf8(journal.note.clone()).unwrap();
    let checkpoint = Checkpoint::of(&journal.author.origin, &journal.frontier);
    let signed = |text: &str| {
        let mut note = Note::unsigned(text);
        note.sign(journal.author.origin.as_str(), &journal.signing);
        note.cosign(&journal.author.origin.heartbeat_name(), &journal.heartbeat, NOW);
        note.to_bytes()
    };
    let line = |nth: usize| good.lines().nth(nth).unwrap().to_owned() + "\n";
    let (author_line, heartbeat_line) = (line(4), line(5));
    let text = checkpoint.text();
    let mut put = |name: &str, expect: &str, what: &str, bytes: &[u8]| {
        out.insert(format!("note_{name}"), journal.vector("note", expect, what, bytes));
    };
    let join = |lines: &[&str]| format!("{text}\n{}", lines.concat()).into_bytes();
    put("accepted", "accepted", "A head with signature and heartbeat.", good.as_bytes());
    let witness = "— witness.example AAAAAGFueXRoaW5n\n";
    put("witness_unknown", "accepted", "A third line of a key nobody asked for.", &join(&[&author_line, &heartbeat_line, witness]));
    put("extension_line", "malformed", "A fourth line of text, signed.", &signed(&format!("{text}more\n")));
    put("size_leading_zero", "malformed", "Size 03, signed.", &signed(&text.replace("\n3\n", "\n03\n")));
    put("size_beyond_cap", "malformed", "2^48 + 1 rows, signed.", &signed(&text.replace("\n3\n", "\n281474976710657\n")));
    put("origin_other", "not-the-author", "Another centre's origin, signed.", &signed(&text.replace("C46010", "C46020")));
    put("root_altered", "bad-signature", "The signatures are over another root.", good.replacen("\n3\n", "\n4\n", 1).as_bytes());
    put("signature_missing", "bad-signature", "Only the heartbeat.", &join(&[&heartbeat_line]));
    put("heartbeat_missing", "bad-signature", "Only the signature.", &join(&[&author_line]));
    put("signature_doubled", "bad-signature", "The author's line twice.", &join(&[&author_line, &author_line, &heartbeat_line]));
    let mut later = Note::unsigned(&text);
    later.sign(journal.author.origin.as_str(), &journal.signing);
    later.cosign(journal.author.origin.as_str(), &journal.heartbeat, NOW);
    put("heartbeat_misnamed", "bad-signature", "The heartbeat under the author's name.", &later.to_bytes());
    put("final_newline_missing", "malformed", "No newline at the end.", good.trim_end().as_bytes());
    put("carriage_return", "malformed", "Lines that end with CR LF.", good.replace('\n', "\r\n").as_bytes());
    put("base64_unpadded", "malformed", "A signature without padding.", good.replace("=\n", "\n").replace("=\n", "\n").as_bytes());
    put("signatures_too_many", "oversized", "Seventeen lines.", &join(&[witness; 17]));
}

fn frames(out: &mut Out) {
    let mut journal = Journal::new("C46010", 0);
    let journal = &*journal.write(5);
    let mut put = |name: &str, expect: &str, what: &str, bytes: &[u8]| {
        let vector = Vector { held: Some(journal.held(2)), ..journal.vector("frame", expect, what, bytes) };
        out.insert(format!("frame_{name}"), vector);
    };
    let good = journal.frame(2, 4);
    let bend = |bend: &dyn Fn(&mut Frame)| {
        let mut bent = good.clone();
        bend(&mut bent);
        bent.to_bytes()
    };
    let bytes = good.to_bytes();
    put("accepted", "accepted", "Rows 2 and 3 under a head of 5 rows.", &bytes);
    put("head_only", "accepted", "No rows, and a head of 5.", &journal.frame(2, 2).to_bytes());
    put("payload_absent", "accepted", "Row 2 without its payload: right by form.", &bend(&|f| f.entries[0].payload = None));
    put("truncated", "malformed", "The last byte is missing.", &bytes[..bytes.len() - 1]);
    put("trailing_byte", "malformed", "A byte follows.", &[bytes.as_slice(), &[0]].concat());
    let mut indefinite = bytes.clone();
    indefinite[0] = 0xbf;
    indefinite.push(0xff);
    put("map_indefinite", "malformed", "The same map with indefinite length.", &indefinite);
    put("centre_other", "unasked", "A frame of C46020.", &bend(&|f| f.centre = CentreCode::new("C46020").unwrap()));
    put("from_other", "unasked", "A frame from row 1.", &journal.frame(1, 4).to_bytes());
    put("row_left_out", "bad-proof", "Row 2 is missing.", &bend(&|f| drop(f.entries.remove(0))));
    put("rows_swapped", "bad-proof", "Rows 2 and 3 the other way round.", &bend(&|f| f.entries.swap(0, 1)));
    put("row_of_other", "bad-proof", "Row 4 in place of row 3.", &bend(&|f| f.entries[1] = journal.entries[4].clone()));
    put("header_altered", "bad-proof", "Another id in the header of row 2.", &bend(&|f| flip_id(&mut f.entries[0])));
    put("payload_altered", "bad-payload", "A flipped bit in the payload of row 2.", &bend(&|f| flip_payload(&mut f.entries[0])));
    put("proof_altered", "bad-proof", "A flipped bit in the proof.", &bend(&|f| f.proof[0].0[0] ^= 1));
    put("proof_missing", "bad-proof", "An empty proof.", &bend(&|f| f.proof.clear()));
    put("proof_too_long", "oversized", "129 hashes of proof.", &bend(&|f| f.proof = vec![hash::empty(); 129]));
    let hollow = Entry { header: Vec::new(), payload: None };
    put("rows_too_many", "oversized", "4097 rows.", &bend(&|f| f.entries = vec![hollow.clone(); 4097]));
}

fn flip_payload(entry: &mut Entry) {
    entry.payload.as_mut().unwrap()[17] ^= 1;
}

/// The id stands behind version and kind: map, 0, 1, 1, text of 18 bytes, 2, bytes of 16.
fn flip_id(entry: &mut Entry) {
    entry.header[25] ^= 1;
}

fn frames_of_other_heads(out: &mut Out) {
    let mut journal = Journal::new("C46010", 0);
    let short = journal.write(2).note.clone();
    journal.write(3);
    let mut put = |name: &str, expect: &str, what: &str, held: usize, bytes: &[u8]| {
        let vector = Vector { held: Some(journal.held(held)), ..journal.vector("frame", expect, what, bytes) };
        out.insert(format!("frame_{name}"), vector);
    };
    let mut stranger = Journal::new("C46010", 100);
    let strange = stranger.write(5).frame(2, 4);
    put("author_other", "bad-signature", "Rows and head by other keys.", 2, &strange.to_bytes());
    let rolled_back = Frame { from: 4, entries: Vec::new(), proof: Vec::new(), note: short, ..journal.frame(4, 4) };
    put("head_rolled_back", "bad-proof", "A head of 2 rows for who holds 4.", 4, &rolled_back.to_bytes());
    let mut fork = Journal::new("C46010", 0);
    fork.write(2).rng = Counter(50);
    let forked = fork.write(3).frame(3, 5);
    put("head_forked", "bad-proof", "A history that parts at row 2, for who holds 3.", 3, &forked.to_bytes());
}

fn evidence(out: &mut Out) {
    let mut journal = Journal::new("C46010", 0);
    let journal = &*journal.write(5);
    let mut put = |name: &str, expect: &str, what: &str, bend: &dyn Fn(&mut Evidence)| {
        let mut bent = journal.evidence(3);
        bend(&mut bent);
        out.insert(format!("evidence_{name}"), journal.vector("evidence", expect, what, &bent.to_bytes()));
    };
    put("accepted", "accepted", "Row 3 of 5.", &|_| {});
    put("payload_absent", "accepted", "Row 3 without its payload.", &|e| e.entry.payload = None);
    put("index_other", "bad-proof", "Row 3 as row 2.", &|e| e.index = 2);
    put("index_beyond", "bad-proof", "Row 5 of 5.", &|e| e.index = 5);
    put("row_other", "bad-proof", "Row 4 in place of row 3.", &|e| e.entry = journal.entries[4].clone());
    put("payload_altered", "bad-payload", "A flipped bit in the payload.", &|e| flip_payload(&mut e.entry));
    put("proof_short", "bad-proof", "The last hash is missing.", &|e| e.proof.truncate(2));
    put("version_unknown", "malformed", "Version 2.", &|e| e.version = 2);
    put("centre_other", "unasked", "Evidence of C46020.", &|e| e.centre = CentreCode::new("C46020").unwrap());
}
