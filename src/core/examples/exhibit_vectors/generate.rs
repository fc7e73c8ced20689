//! The vectors of exhibits, each named for its fault. Shared by the generator and the test that compares.
//!
//! Everything is made from a counter, so that the same bytes come out on every machine and with every version of every library.
#![allow(clippy::unwrap_used, reason = "a generator that cannot generate has nothing better to do than to stop")]

#[path = "extents.rs"]
mod extents;

use std::collections::BTreeMap;
use std::convert::Infallible;

use anju_core::charter::{CentreCard, CentreKeys, Chain, Change, Charter, CharterFile, Extent, Founding, Link};
use anju_core::exhibit::{Exhibit, Held, Part};
use anju_core::journal::note::Note;
use anju_core::journal::proof::Subtrees;
use anju_core::journal::{Checkpoint, Entry, Frontier, Kind, Origin, Statement, VerifiedHead, cosignature, hash};
use anju_core::names::{CentreCode, Digest, FederationName};
use anju_core::seal::SUITE;
use anju_core::sign::SecretKey;
use anju_core::time::Time;
use serde::{Deserialize, Serialize};

/// One vector: an exhibit, which founding versions are trusted, and what must come out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// What is wrong, or right, in one sentence.
    pub what: String,
    /// `holds`, or the code of the check that fails.
    pub expect: String,
    /// Founding versions that are trusted; whatever comes when there is none.
    pub pins: Vec<Digest>,
    /// Of an exhibit that holds: what it leaves open.
    pub open: Vec<String>,
    /// Of an exhibit that holds: each row, its term and who has witnessed it.
    pub rows: Vec<Row>,
    /// Of an exhibit that holds: each part that stands under what the charter states, and under no head.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stated: Vec<Extended>,
    /// The exhibit, in hexadecimal.
    pub bytes: String,
}

/// A row that is proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Where it stands.
    pub statement: String,
    /// The author's term in which it was written.
    pub term: u64,
    /// Who has witnessed it.
    pub witnesses: Vec<String>,
    /// Whether these are enough.
    pub settled: bool,
}

/// An extent that rows stand under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extended {
    /// Rows that count.
    pub size: u64,
    /// The version of the charter that says so first.
    pub version: u64,
    /// Who approved that version.
    pub approved: Vec<String>,
}

/// A vector as its file has it.
pub fn to_text(vector: &Vector) -> String {
    serde_json::to_string_pretty(vector).unwrap() + "\n"
}

/// A "random" source that counts. Its values are in public files: it is no source of secrets.
struct Counter(u16);

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
        out.iter_mut().zip(self.0.to_be_bytes().iter().cycle()).for_each(|(byte, count)| *byte = *count);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counter {}

/// When heads are signed; witnesses come ten seconds later.
pub const NOW: Time = Time::from_seconds(1_790_000_000);
const SEEN: Time = Time::from_seconds(1_790_000_010);
const CODES: [&str; 4] = ["C46010", "C46020", "C46030", "C50010"];
/// Whose journal the vectors are about.
const AUTHOR: usize = 0;
const ROWS: usize = 7;

/// Leaves that are all held.
pub struct Leaves(Vec<Digest>);

impl Subtrees for Leaves {
    type Error = ();
    fn subtree(&self, level: u8, index: u64) -> Result<Digest, ()> {
        let (first, width) = ((index as usize) << level, 1 << level);
        let mut row = self.0.get(first..first + width).ok_or(())?.to_vec();
        while row.len() > 1 {
            row = row.chunks_exact(2).map(|pair| hash::node(&pair[0], &pair[1])).collect();
        }
        row.pop().ok_or(())
    }
}

/// A federation of four, all of them witnesses, and the journal of the first.
pub struct World {
    rng: Counter,
    centres: Vec<CentreCode>,
    keys: Vec<CentreKeys>,
    file: CharterFile,
    links: Vec<Link>,
    entries: Vec<Entry>,
    cosigned: Vec<(CentreCode, Vec<u8>)>,
}

impl World {
    /// The world of a seed. Seeds must lie far apart.
    pub fn new(seed: u16) -> Self {
        let mut rng = Counter(seed);
        let centres: Vec<CentreCode> = CODES.iter().map(|code| CentreCode::new(code).unwrap()).collect();
        let keys: Vec<CentreKeys> = centres.iter().map(|_| CentreKeys::random(&mut rng)).collect();
        let card = |(centre, keys): (&CentreCode, &CentreKeys)| {
            CentreCard::new(centre.clone(), format!("中心 {centre}"), vec!["/ip4/192.0.2.1/udp/7400/quic-v1".to_owned()], keys)
        };
        let cards: Vec<CentreCard> = centres.iter().zip(&keys).map(card).collect();
        let name = FederationName::new("example").unwrap();
        let mut file = CharterFile::found(&mut rng, name, &cards, &Founding::default()).unwrap();
        centres.iter().zip(&keys).for_each(|(centre, keys)| file.sign(centre, keys).unwrap());
        let mut world = Self { rng, centres, keys, file, links: Vec::new(), entries: Vec::new(), cosigned: Vec::new() };
        world.entries = world.statements(ROWS);
        world
    }

    fn statements(&mut self, rows: usize) -> Vec<Entry> {
        let build = |rng: &mut Counter, kind| Statement::build(rng, kind, NOW, None, b"body").unwrap();
        let kinds = [Kind::CertificateIssued, Kind::CertificateEnded, Kind::Vector];
        (0..rows).map(|at| build(&mut self.rng, kinds[at % kinds.len()])).collect()
    }

    fn charter(&self) -> Charter {
        self.file.verify().unwrap()
    }

    fn author(&self) -> &CentreCode {
        &self.centres[AUTHOR]
    }

    fn frontier(entries: &[Entry]) -> Frontier {
        let mut frontier = Frontier::empty();
        entries.iter().for_each(|entry| frontier.push(entry.leaf(), &mut Vec::new()).unwrap());
        frontier
    }

    fn extent(&self, rows: usize) -> Extent {
        Extent { size: rows as u64, root: Self::frontier(&self.entries[..rows]).root() }
    }

    /// The head over the first rows, by these keys.
    fn head(&self, entries: &[Entry], keys: &CentreKeys) -> Vec<u8> {
        let origin = Origin::new(&FederationName::new("example").unwrap(), self.author());
        Checkpoint::of(&origin, &Self::frontier(entries)).sign(&keys.signing, &keys.heartbeat, NOW)
    }

    /// A centre cosigns the head over the first rows.
    fn cosign(&self, witness: usize, entries: &[Entry]) -> Vec<u8> {
        let author = self.charter().author(self.author()).unwrap();
        let head: VerifiedHead = author.verify(&self.head(entries, &self.keys[AUTHOR])).unwrap();
        let origin = self.charter().origin(&self.centres[witness]);
        cosignature::cosign(&head, &author, &origin, &self.keys[witness].heartbeat, SEEN).unwrap()
    }

    /// Every other centre but the last one cosigns: the second all rows, the third only four of them.
    fn witnessed(&mut self) {
        let rows = self.entries.clone();
        self.cosigned = vec![(self.centres[1].clone(), self.cosign(1, &rows)), (self.centres[2].clone(), self.cosign(2, &rows[..4]))];
    }

    /// The next version, approved by these centres.
    fn change(&mut self, changes: Vec<Change>, approve: &[usize]) -> Link {
        let charter = self.charter();
        let renews = anju_core::charter::renews_epoch(&changes);
        let commitment = renews.then(|| hash::sha256(b"an epoch of nobody's"));
        let draft = charter.draft(&changes, commitment).unwrap();
        let approvals = approve.iter().map(|at| draft.approve(self.centres[*at].clone(), 0, &self.keys[*at].signing)).collect();
        let version = charter.version() + 1;
        Link { suite: SUITE.to_owned(), version, changes, commitment, round: 0, approvals }
    }

    /// The next version comes into force, by every centre but the author.
    fn adopt(&mut self, changes: Vec<Change>) {
        let link = self.change(changes, &[1, 2, 3]);
        self.links.push(link);
        self.file = self.file.with_links(&self.links);
    }

    /// The author gets new keys; the old ones count for so many rows.
    fn rotate(&mut self, counts: Extent) -> CentreKeys {
        let mut next = CentreKeys::random(&mut self.rng);
        next.station = SecretKey::random(&mut self.rng);
        let address = vec!["/ip4/192.0.2.1/udp/7400/quic-v1".to_owned()];
        let card = CentreCard::new(self.author().clone(), format!("中心 {}", self.author()), address, &next);
        self.adopt(vec![Change::Rotate { card: Box::new(card), counts }]);
        next
    }

    /// Rows of the first `held` under the head in `note`.
    fn part(&self, note: &[u8], rows: &[usize], held: usize) -> Part {
        self.part_of(Some(note), rows, held)
    }

    /// The same, under the head if there is one.
    fn part_of(&self, note: Option<&[u8]>, rows: &[usize], held: usize) -> Part {
        let subtrees = Leaves(self.entries[..held].iter().map(Entry::leaf).collect());
        let held = Held { centre: self.author(), size: held as u64, subtrees: &subtrees, note, cosigned: &self.cosigned };
        let rows = rows.iter().map(|at| (*at as u64, self.entries[*at].clone())).collect();
        Part::make(&self.charter(), &held, rows).unwrap()
    }

    fn exhibit(&self, part: Part) -> Exhibit {
        Exhibit::new(Chain::of(&self.file).unwrap(), vec![part])
    }

    /// Two rows under the newest head, witnessed.
    fn good(&mut self) -> Exhibit {
        self.witnessed();
        let note = self.head(&self.entries, &self.keys[AUTHOR]);
        self.exhibit(self.part(&note, &[3, 6], ROWS))
    }
}

struct Made(BTreeMap<String, Vector>);

impl Made {
    fn put(&mut self, name: &str, what: &str, expect: &str, exhibit: &Exhibit) -> &mut Vector {
        self.bytes(name, what, expect, &exhibit.to_bytes())
    }

    fn bytes(&mut self, name: &str, what: &str, expect: &str, bytes: &[u8]) -> &mut Vector {
        let (what, expect, bytes) = (what.to_owned(), expect.to_owned(), hex::encode(bytes));
        let vector = Vector { what, expect, pins: Vec::new(), open: Vec::new(), rows: Vec::new(), stated: Vec::new(), bytes };
        self.0.entry(name.to_owned()).or_insert(vector)
    }

    fn holds(&mut self, name: &str, what: &str, exhibit: &Exhibit, open: &[&str], rows: Vec<Row>) -> &mut Vector {
        let vector = self.put(name, what, "holds", exhibit);
        vector.open = open.iter().map(|code| (*code).to_owned()).collect();
        vector.rows = rows;
        vector
    }
}

const UNPINNED: [&str; 5] = ["founding", "later-charter", "later-rows", "time", "truth"];

fn row(index: u64, term: u64, witnesses: &[&str], settled: bool) -> Row {
    let witnesses = witnesses.iter().map(|code| (*code).to_owned()).collect();
    Row { statement: format!("{}-S{index}", CODES[AUTHOR]), term, witnesses, settled }
}

/// Every vector by its name.
pub fn all() -> BTreeMap<String, Vector> {
    let mut made = Made(BTreeMap::new());
    holding(&mut made);
    of_charters(&mut made);
    of_terms(&mut made);
    of_rows(&mut made);
    of_witnesses(&mut made);
    extents::of_extents(&mut made);
    made.0
}

fn open(more: &[&'static str]) -> Vec<&'static str> {
    UNPINNED.iter().chain(more).copied().collect()
}

fn holding(made: &mut Made) {
    let mut world = World::new(0);
    let good = world.good();
    let rows = vec![row(3, 1, &["C46020", "C46030"], false), row(6, 1, &["C46020"], false)];
    let what = "Two rows under a head; one witness cosigned all rows, another the first four, and three are needed.";
    made.holds("holds", what, &good, &open(&["sealed", "witnessed", "whole"]), rows.clone());
    let pinned = made.holds("holds_pinned", "The same, by whoever trusts this founding version.", &good, &[], rows);
    pinned.open = open(&["sealed", "witnessed", "whole"])[1..].iter().map(|code| (*code).to_owned()).collect();
    pinned.pins = vec![world.charter().founding()];
    made.put("pin_other", "Whoever verifies trusts another founding version.", "pin", &good).pins = vec![hash::sha256(b"another")];

    let rows = world.entries.clone();
    world.cosigned.push((world.centres[3].clone(), world.cosign(3, &rows)));
    world.cosigned[1].1 = world.cosign(2, &rows);
    let note = world.head(&world.entries, &world.keys[AUTHOR]);
    let mut part = world.part(&note, &[4], ROWS);
    let settled = vec![row(4, 1, &["C46020", "C46030", "C50010"], true)];
    let what = "Every other witness cosigned the row.";
    made.holds("holds_settled", what, &world.exhibit(part.clone()), &UNPINNED, settled.clone());
    part.rows[0].entry.payload = None;
    made.holds("holds_without_payload", "The content is left out.", &world.exhibit(part), &open(&["content"]), settled);

    let bytes = good.to_bytes();
    let with_more = [&bytes[..], &[0]].concat();
    made.bytes("form_trailing_byte", "A byte follows.", "form", &with_more);
    made.bytes("form_truncated", "The last byte is missing.", "form", &bytes[..bytes.len() - 1]);
    let mut other = good.clone();
    other.version = 2;
    made.put("form_version_unknown", "Another version of the format.", "form", &other);
    let mut other = good.clone();
    other.parts.clear();
    made.put("form_empty", "No part.", "form", &other);
    let mut other = good.clone();
    other.parts[0].rows.reverse();
    made.put("form_rows_out_of_order", "The rows are not in order.", "form", &other);
    let mut other = good;
    other.parts[0].cosigned.reverse();
    made.put("form_witnesses_out_of_order", "The witnesses are not in order.", "form", &other);
}

fn of_charters(made: &mut Made) {
    let mut world = World::new(1000);
    let good = world.good();
    let mut other = good.clone();
    other.charter.signatures.pop();
    made.put("founding_unsigned", "A founder has not signed.", "founding", &other);
    let mut other = good.clone();
    other.charter.signatures[1].signature = other.charter.signatures[0].signature;
    made.put("founding_signature_of_another", "A founder's signature is another's.", "founding", &other);
    let mut other = good.clone();
    let stranger = World::new(1500);
    other.charter = Chain::of(&stranger.file).unwrap();
    made.put("head_of_other_federation", "The charter is another federation's, whose centres have the same codes.", "head", &other);
    let mut other = good;
    other.parts[0].centre = CentreCode::new("C99999").unwrap();
    made.put("author_unknown", "The charter names no such centre.", "author", &other);

    let change = |world: &mut World, quorum, approve: &[usize]| world.change(vec![Change::Quorum { quorum: Some(quorum) }], approve);
    let few = change(&mut world, 4, &[1, 2]);
    let note = world.head(&world.entries, &world.keys[AUTHOR]);
    let part = world.part(&note, &[3], ROWS);
    let with = |links: &[Link]| Exhibit::new(Chain::of(&world.file.with_links(links)).unwrap(), vec![part.clone()]);
    made.put("chain_no_quorum", "Two of four approved the next version, and three must.", "chain", &with(std::slice::from_ref(&few)));
    let mut twice = few;
    twice.approvals = vec![twice.approvals[0].clone(), twice.approvals[0].clone(), twice.approvals[1].clone()];
    made.put("chain_approval_twice", "An approval counts twice.", "chain", &with(&[twice]));
    let mut world = World::new(1000);
    let next = change(&mut world, 4, &[1, 2, 3]);
    let mut late = next.clone();
    late.version = 3;
    made.put("chain_gap", "A version is missing.", "chain", &with(&[late]));
    let mut other = next;
    other.changes = vec![Change::Quorum { quorum: Some(3) }];
    made.put("chain_changes_altered", "The approvals are for other changes.", "chain", &with(&[other]));
}

fn of_terms(made: &mut Made) {
    let mut world = World::new(2000);
    let old = world.keys[AUTHOR].clone();
    let beyond = world.head(&world.entries, &old);
    let within = world.head(&world.entries[..4], &old);
    let next = world.rotate(world.extent(5));
    let note = world.head(&world.entries, &next);
    let good = world.exhibit(world.part(&note, &[3, 6], ROWS));
    let more = open(&["sealed", "witnessed", "whole"]);
    let rows = vec![row(3, 1, &[], false), row(6, 2, &[], false)];
    made.holds("holds_in_the_next_term", "A row of each term, under a head of the second.", &good, &more, rows);
    let ended = world.exhibit(world.part(&within, &[3], ROWS));
    let more = open(&["sealed", "witnessed"]);
    made.holds("holds_in_an_ended_term", "A head of the first term, within what counts of it.", &ended, &more, vec![row(3, 1, &[], false)]);

    let mut other = good.clone();
    other.parts[0].note = Some(beyond);
    made.put("extent_beyond_an_ended_term", "The old key signed more rows than count: they are void.", "extent", &other);
    let mut other = good.clone();
    other.parts[0].extents.clear();
    made.put("extent_proof_missing", "Nothing shows that the head is on the history that the charter fixed.", "extent", &other);
    let mut other = good;
    other.parts[0].extents[0][0] = hash::sha256(b"another");
    made.put("extent_proof_altered", "The proof is another.", "extent", &other);

    // Whoever stole the old key signs a short history of their own: within its extent by its size, and never counted by anybody. Under the
    // founding version the key still counts, so that a part can be made at all.
    let forged = world.statements(4);
    let stolen = world.head(&forged, &old);
    let (own, file) = (std::mem::replace(&mut world.entries, forged), world.file.clone());
    world.file = file.with_links([]);
    let mut part = world.part(&stolen, &[3], 4);
    (world.entries, world.file) = (own, file);
    part.extents = ended.parts[0].extents.clone();
    made.put("extent_other_history", "The old key, stolen, signed four rows of another history.", "extent", &world.exhibit(part));

    let mut world = World::new(2500);
    let gone = Change::Remove { centre: world.author().clone(), counts: world.extent(5) };
    let (within, beyond) = (world.head(&world.entries[..5], &world.keys[AUTHOR]), world.head(&world.entries, &world.keys[AUTHOR]));
    world.adopt(vec![gone, Change::Epoch { pepper: false }]);
    let left = world.exhibit(world.part(&within, &[3], ROWS));
    made.holds("holds_of_a_centre_that_left", "A row of before it left.", &left, &more, vec![row(3, 1, &[], false)]);
    let mut other = left;
    other.parts[0].note = Some(beyond);
    made.put("extent_beyond_a_removal", "Rows that it wrote after it had left are void.", "extent", &other);
}

fn of_rows(made: &mut Made) {
    let mut world = World::new(3000);
    let good = world.good();
    let mut other = good.clone();
    other.parts[0].note = Some(world.head(&world.entries, &world.keys[1]));
    made.put("head_of_other_keys", "Another centre signed the head.", "head", &other);
    let mut other = good.clone();
    let mut note = Note::parse(other.parts[0].note.as_ref().unwrap()).unwrap();
    note.sign("stranger", &world.keys[1].station);
    other.parts[0].note = Some(note.to_bytes());
    made.put("head_line_of_a_stranger", "A line of nobody's stands under the head.", "head", &other);
    let mut other = good.clone();
    other.parts[0].rows[0].entry.header.push(0);
    made.put("header_malformed", "A byte follows a header.", "header", &other);
    let mut other = good.clone();
    other.parts[0].rows[0].entry = world.entries[2].clone();
    made.put("inclusion_other_row", "A row that stands elsewhere.", "inclusion", &other);
    let mut other = good.clone();
    other.parts[0].rows[0].index = 2;
    made.put("inclusion_other_index", "The row stands at another index.", "inclusion", &other);
    let mut other = good.clone();
    other.parts[0].rows[1].proof.pop();
    made.put("inclusion_proof_short", "A hash of the proof is missing.", "inclusion", &other);
    let mut other = good.clone();
    other.parts[0].rows[0].entry.payload.as_mut().unwrap()[16] ^= 1;
    made.put("payload_altered", "The content is another.", "payload", &other);
    let mut other = good;
    other.parts[0].rows[0].entry.payload = Some(vec![0; 8]);
    made.put("payload_without_salt", "The content is too short to have a salt.", "payload", &other);
}

fn of_witnesses(made: &mut Made) {
    let mut world = World::new(4000);
    let good = world.good();
    let mut other = good.clone();
    other.parts[0].cosigned[0].witness = CentreCode::new("C99999").unwrap();
    other.parts[0].cosigned.reverse();
    made.put("cosignature_of_no_witness", "The charter names no such witness.", "cosignature", &other);
    let mut other = good.clone();
    other.parts[0].cosigned[0].witness = world.author().clone();
    made.put("cosignature_of_the_author", "An author is no witness of itself.", "cosignature", &other);
    let mut other = good.clone();
    other.parts[0].cosigned[0].witness = world.centres[3].clone();
    other.parts[0].cosigned.reverse();
    made.put("cosignature_of_another_witness", "Another witness has signed.", "cosignature", &other);
    let mut other = good.clone();
    let mut note = Note::parse(&other.parts[0].cosigned[0].note).unwrap();
    note.sign("stranger", &world.keys[1].station);
    other.parts[0].cosigned[0].note = note.to_bytes();
    made.put("cosignature_line_of_a_stranger", "A line of nobody's stands under a cosigned head.", "cosignature", &other);
    let mut other = good.clone();
    other.parts[0].cosigned[1].proof.pop();
    made.put("consistency_proof_short", "A hash of the proof is missing.", "consistency", &other);
    // The author showed the witness another history than this one.
    let forged = world.statements(ROWS);
    let mut other = good;
    other.parts[0].cosigned[0].note = world.cosign(1, &forged);
    made.put("consistency_other_history", "The witness saw another history, signed by the same author.", "consistency", &other);
}
