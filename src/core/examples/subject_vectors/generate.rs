//! The vectors of subjects: how a number is read, what is derived from it, and how a finding opens. Bad ones are named for their fault.
//! Shared by the generator and the test that compares.
//!
//! Peppers, secrets and nonces are counters, so that the same bytes come out on every machine. The people do not exist.
#![allow(clippy::unwrap_used, reason = "a generator that cannot generate has nothing better to do than to stop")]

use std::convert::Infallible;

use anju_core::certificate::padding;
use anju_core::journal::hash;
use anju_core::listing::finding::{Coded, FINDING_PADDING_BYTES, Place, Refund};
use anju_core::listing::subject::listing_id;
use anju_core::listing::{Day, Document, DocumentType, Finding, Pepper, SubjectKind, SubjectSecret};
use anju_core::names::{CentreCode, Digest, FederationName, ListingId};
use anju_core::seal::stretch::{SUBJECT_COST, argon2id};
use anju_core::seal::{Key, Purpose, aead, hmac};
use anju_core::wire;
use serde::{Deserialize, Serialize};

/// A file of vectors.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File<T> {
    /// What they are about.
    pub what: String,
    /// How each value comes from the others, for who writes it again.
    pub how: Vec<String>,
    /// The vectors.
    pub vectors: Vec<T>,
}

/// How a number is read.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Named for its fault, or for what is right about it.
    pub name: String,
    /// Code of the document's type.
    pub document_type: String,
    /// The number as it was typed.
    pub number: String,
    /// Last day on which its owner can have been born.
    pub latest_birth: String,
    /// `accepted`, or what is wrong: `length`, `character`, `birth-date`, `check`.
    pub expect: String,
    /// The number in its normal form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normal: Option<String>,
}

/// What is derived from a document.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derivation {
    /// In short.
    pub name: String,
    /// Code of the document's type.
    pub document_type: String,
    /// The number in its normal form.
    pub number: String,
    /// The pepper.
    pub pepper: String,
    /// What enters the derivation.
    pub material: String,
    /// SHA-256 of the pepper; for people only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// What stands for the subject.
    pub secret: String,
    /// What its listings are found by.
    pub token: String,
    /// A listing.
    pub listing: String,
    /// The key of that listing's content.
    pub entry_key: String,
    /// A centre's own secret.
    pub own_secret: String,
    /// A decision number.
    pub decision_no: String,
    /// The id that this centre gives the listing by that decision about this subject.
    pub listing_id: String,
}

/// A sealed finding.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Named for its fault, or `opens`.
    pub name: String,
    /// The document of the subject it is opened for: type and normal number.
    pub document_type: String,
    /// Its number.
    pub number: String,
    /// The pepper.
    pub pepper: String,
    /// The federation.
    pub federation: String,
    /// The centre.
    pub centre: String,
    /// The listing.
    pub listing: String,
    /// The listing's key.
    pub entry_key: String,
    /// The associated data.
    pub associated: String,
    /// Nonce, ciphertext, tag.
    pub sealed: String,
    /// `opened`, or `unopened` (key, place, bytes or padding), `not-a-finding` (the content's form).
    pub expect: String,
    /// The content before padding, when it opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain: Option<String>,
    /// What it says, when it opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
}

/// Every file: its name and its text.
pub fn all() -> Vec<(&'static str, String)> {
    vec![
        ("subject-reading", text("How the number of a document is read", READING_HOW, readings())),
        ("subject-derivation", text("What is derived from the number of a document", DERIVATION_HOW, derivations())),
        ("subject-finding", text("How a sealed finding opens", FINDING_HOW, openings())),
    ]
}

fn text<T: Serialize>(what: &str, how: &[&str], vectors: Vec<T>) -> String {
    let file = File { what: what.to_owned(), how: how.iter().map(ToString::to_string).collect(), vectors };
    serde_json::to_string_pretty(&file).unwrap() + "\n"
}

const READING_HOW: &[&str] = &[
    "full-width characters are folded to half width, spaces around and one leading apostrophe go, letters become capitals",
    "01: GB 11643; 15 digits get the century 19 after the sixth digit and the check character at the end; the first digit is not 0",
    "USCC: GB 32100",
    "02, 03, 04, 99: 2 to 40 characters without spaces and controls, a letter or digit among them",
];

const DERIVATION_HOW: &[&str] = &[
    "everything is hexadecimal but name, document_type, number and decision_no; len8(x) is the length of x in bytes as 8 bytes, big endian",
    "material = document_type || 0x00 || number, in UTF-8",
    "people (every type but USCC): salt = SHA-256(pepper); secret = Argon2id v1.3 (password material, salt, 19456 KiB, 2 passes, 1 lane, 32 bytes)",
    "organisations (USCC): secret = HMAC-SHA256(pepper, len8(l) || l || len8(material) || material), l = \"anju/v1/subject\"",
    "token = first 16 bytes of HKDF-SHA256(secret, no salt, info \"anju/v1/subject-token\", 32 bytes)",
    "entry_key = HKDF-SHA256(secret, no salt, info \"anju/v1/subject-entry\" || len8(listing) || listing, 32 bytes)",
    "listing_id = first 16 bytes of HMAC-SHA256(own_secret, len8(l) || l || len8(decision_no) || decision_no || len8(material) || material), l = \"anju/v1/listing-id\"",
];

const FINDING_HOW: &[&str] = &[
    "secret and entry_key as in subject-derivation.json",
    "associated = \"anju/v1/finding\" || len8(federation) || federation || len8(centre) || centre || len8(listing) || listing",
    "sealed = nonce (24 bytes) || XChaCha20-Poly1305(entry_key, nonce, associated, padded)",
    "padded = plain || 0x80 || zeros, to the next multiple of 64 bytes",
    "plain = deterministic CBOR of a map with integer keys: schemas/wire.cddl, finding",
];

// --- Reading ------------------------------------------------------------------------------------------------------------------------

fn readings() -> Vec<Reading> {
    let good = [
        ("resident-card", "01", "11010519491231002X", "11010519491231002X"),
        ("resident-card-lower-x", "01", "11010519491231002x", "11010519491231002X"),
        ("resident-card-full-width", "01", "１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        ("resident-card-full-width-lower-x", "01", "１１０１０５１９４９１２３１００２ｘ", "11010519491231002X"),
        ("resident-card-spaces-around", "01", " \t11010519491231002X　 ", "11010519491231002X"),
        ("resident-card-apostrophe-of-a-spreadsheet", "01", "'11010519491231002X", "11010519491231002X"),
        ("resident-card-fifteen-digits", "01", "110105491231002", "11010519491231002X"),
        ("resident-card-fifteen-digits-full-width", "01", "１１０１０５４９１２３１００２", "11010519491231002X"),
        ("resident-card-leap-day", "01", "460199200002290012", ""),
        ("officer-card", "02", "军字第1234567号", "军字第1234567号"),
        ("officer-card-full-width-digits", "02", "军字第１２３４５６７号", "军字第1234567号"),
        ("passport", "03", "E12345678", "E12345678"),
        ("passport-lower", "03", "e12345678", "E12345678"),
        ("passport-full-width", "03", "Ｅ１２３４５６７８", "E12345678"),
        ("foreign-resident-permit", "04", "chn110105491231", "CHN110105491231"),
        ("other", "99", "h1234567890", "H1234567890"),
        ("credit-code", "USCC", "91460199TR9Y4H34JG", "91460199TR9Y4H34JG"),
        ("credit-code-lower", "USCC", "91460199tr9y4h34jg", "91460199TR9Y4H34JG"),
        ("credit-code-full-width", "USCC", "９１４６０１９９ＴＲ９Ｙ４Ｈ３４ＪＧ", "91460199TR9Y4H34JG"),
    ];
    let bad = [
        ("resident-card-empty", "01", "", "length"),
        ("resident-card-seventeen-digits", "01", "11010519491231002", "length"),
        ("resident-card-sixteen-digits", "01", "1101051949123100", "length"),
        ("resident-card-wrong-check", "01", "110105194912310021", "check"),
        ("resident-card-two-digits-swapped", "01", "11010519491231020X", "check"),
        ("resident-card-letter-for-check", "01", "11010519491231002A", "character"),
        ("resident-card-letter-inside", "01", "1101051949123100ZX", "character"),
        ("resident-card-space-inside", "01", "110105 9491231002X", "character"),
        ("resident-card-begins-with-zero", "01", "010105194912310021", "character"),
        ("resident-card-thirtieth-of-february", "01", "110105194902300021", "birth-date"),
        ("resident-card-born-tomorrow", "01", "110105202611220021", "birth-date"),
        ("resident-card-born-too-long-ago", "01", "110105187912310021", "birth-date"),
        ("resident-card-fifteen-with-a-letter", "01", "11010549123100X", "character"),
        ("resident-card-fifteen-impossible-date", "01", "110105490230002", "birth-date"),
        ("passport-one-character", "03", "E", "length"),
        ("passport-space-inside", "03", "E1234 5678", "character"),
        ("passport-hidden-mark", "03", "E1234\u{200b}5678", "character"),
        ("passport-nothing-but-hyphens", "03", "----", "character"),
        ("other-too-long", "99", "A1234567890123456789012345678901234567890", "length"),
        ("credit-code-seventeen-characters", "USCC", "91460199TR9Y4H34J", "length"),
        ("credit-code-wrong-check", "USCC", "91460199TR9Y4H34JH", "check"),
        ("credit-code-letter-that-is-not-used", "USCC", "91460199TR9Y4H34JI", "character"),
    ];
    let reading = |name: &str, kind: &str, number: &str| Reading {
        name: name.to_owned(),
        document_type: kind.to_owned(),
        number: number.to_owned(),
        latest_birth: LATEST_BIRTH.to_owned(),
        expect: "accepted".to_owned(),
        normal: None,
    };
    let good = good.into_iter().map(|(name, kind, number, normal)| {
        let number = if normal.is_empty() { with_check(&number[..17]) } else { number.to_owned() };
        let normal = if normal.is_empty() { number.clone() } else { normal.to_owned() };
        Reading { normal: Some(normal), ..reading(name, kind, &number) }
    });
    let bad = bad.into_iter().map(|(name, kind, number, fault)| Reading { expect: fault.to_owned(), ..reading(name, kind, number) });
    good.chain(bad).collect()
}

const LATEST_BIRTH: &str = "2026-11-21";

/// 17 digits and the character that fits them, by trying.
fn with_check(digits: &str) -> String {
    let fits = |check: &char| Document::new(DocumentType::ResidentCard, &format!("{digits}{check}"), latest_birth(LATEST_BIRTH)).is_ok();
    format!("{digits}{}", "0123456789X".chars().find(fits).unwrap())
}

/// A day as the vectors write it.
pub fn latest_birth(text: &str) -> jiff::civil::Date {
    text.parse().unwrap()
}

// --- Deriving -----------------------------------------------------------------------------------------------------------------------

fn pepper(of: u8) -> Pepper {
    Pepper { version: u64::from(of), key: Key::from_bytes([of; 32]) }
}

fn document(kind: &str, number: &str) -> Document {
    Document::new(DocumentType::from_code(kind).unwrap(), number, latest_birth(LATEST_BIRTH)).unwrap()
}

fn material(document: &Document) -> Vec<u8> {
    [document.kind().code().as_bytes(), &[0], document.expose().as_bytes()].concat()
}

/// The secret by its own way, not by the product's: the product's does not show it.
fn secret(pepper: &Pepper, document: &Document) -> Key {
    if document.kind() == DocumentType::CreditCode {
        hmac(&pepper.key, Purpose::Subject, &[&material(document)])
    } else {
        argon2id(&material(document), &hash::sha256(pepper.key.expose()).0, SUBJECT_COST).unwrap()
    }
}

fn derivations() -> Vec<Derivation> {
    let subjects = [
        ("person", "01", "11010519491231002X", 1),
        ("person-under-another-pepper", "01", "11010519491231002X", 2),
        ("another-person", "01", "460199199211165352", 1),
        ("officer", "02", "军字第1234567号", 1),
        ("passport", "03", "E12345678", 1),
        ("permit-with-the-passports-number", "04", "E12345678", 1),
        ("other-document", "99", "H1234567890", 1),
        ("organisation", "USCC", "91460199TR9Y4H34JG", 1),
        ("organisation-under-another-pepper", "USCC", "91460199TR9Y4H34JG", 2),
    ];
    let (listing, own, decision_no) = (ListingId([0x33; 16]), Key::from_bytes([0x44; 32]), "海金管决〔2026〕1号");
    let derivation = |(name, kind, number, version): (&str, &str, &str, u8)| {
        let (pepper, document) = (pepper(version), document(kind, number));
        let derived = SubjectSecret::derive(&pepper, &document).unwrap();
        let person = document.kind() != DocumentType::CreditCode;
        Derivation {
            name: name.to_owned(),
            document_type: kind.to_owned(),
            number: document.expose().to_owned(),
            pepper: hex::encode(pepper.key.expose()),
            material: hex::encode(material(&document)),
            salt: person.then(|| hash::sha256(pepper.key.expose()).to_string()),
            secret: hex::encode(secret(&pepper, &document).expose()),
            token: derived.token().to_string(),
            listing: listing.to_string(),
            entry_key: hex::encode(derived.entry_key(&listing).expose()),
            own_secret: hex::encode(own.expose()),
            decision_no: decision_no.to_owned(),
            listing_id: listing_id(&own, decision_no, &document).to_string(),
        }
    };
    subjects.into_iter().map(derivation).collect()
}

// --- Opening ------------------------------------------------------------------------------------------------------------------------

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

fn finding() -> Finding {
    let coded = |code: &str, label: &str| Coded { code: code.to_owned(), label: label.to_owned() };
    let day = |number| Day::from_number(number).unwrap();
    Finding {
        subject_kind: SubjectKind::Person,
        conduct: coded("withdrawal-fraud", "骗提"),
        level: coded("serious", "严重"),
        decision_no: "海金管决〔2026〕1号".to_owned(),
        decision_day: day(20_260_901),
        decision_sha256: Some(Digest([0x55; 32])),
        legal_basis: "住房公积金管理条例".to_owned(),
        legal_basis_version: Some("2019".to_owned()),
        measures: vec![coded("no-withdrawal", "限制提取"), coded("no-loan", "限制贷款")],
        notified: Some(day(20_260_905)),
        objection_until: Some(day(20_260_915)),
        restriction_until: day(20_290_901),
        publication_until: day(20_271_101),
        refund: Refund::Outstanding,
    }
}

struct Case {
    federation: &'static str,
    centre: &'static str,
    listing: ListingId,
    pepper: u8,
    number: &'static str,
    sealed: Vec<u8>,
}

fn associated(case: &Case) -> Vec<u8> {
    let mut out = Purpose::Finding.label().as_bytes().to_vec();
    for part in [case.federation.as_bytes(), case.centre.as_bytes(), &case.listing.0] {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

fn openings() -> Vec<Opening> {
    let (federation, centre) = (FederationName::new("example").unwrap(), CentreCode::new("C46010").unwrap());
    let listing = ListingId([0x33; 16]);
    let subject = SubjectSecret::derive(&pepper(1), &document("01", "11010519491231002X")).unwrap();
    let place = Place { federation: &federation, centre: &centre, listing: &listing, pepper: 1 };
    let sealed = finding().seal(&mut Counter(0x70), &subject, &place).unwrap();
    let bound: [&[u8]; 3] = [b"example", b"C46010", &listing.0];
    let seal = |padded: &[u8]| aead::seal(&mut Counter(0x71), &subject.entry_key(&listing), Purpose::Finding, &bound, padded);
    let seal_plain = |plain: &[u8]| seal(&padding::pad(plain, FINDING_PADDING_BYTES));
    let plain = wire::encode(&finding());
    let nameless = Finding { decision_no: String::new(), ..finding() };
    let control = Finding { legal_basis: "条例\n第一条".to_owned(), ..finding() };
    let many = Finding { measures: vec![finding().level; 9], ..finding() };
    let right =
        || Case { federation: "example", centre: "C46010", listing, pepper: 1, number: "11010519491231002X", sealed: sealed.clone() };
    let altered = |at: usize| {
        let mut bytes = sealed.clone();
        bytes[at] ^= 1;
        bytes
    };
    let end = sealed.len() - 1;
    let cases = [
        ("opens", "opened", right()),
        ("another-federation", "unopened", Case { federation: "other", ..right() }),
        ("another-centre", "unopened", Case { centre: "C46020", ..right() }),
        ("another-listing", "unopened", Case { listing: ListingId([0x34; 16]), ..right() }),
        ("another-pepper", "unopened", Case { pepper: 2, ..right() }),
        ("another-subject", "unopened", Case { number: "460199199211165352", ..right() }),
        ("nonce-altered", "unopened", Case { sealed: altered(0), ..right() }),
        ("ciphertext-altered", "unopened", Case { sealed: altered(30), ..right() }),
        ("tag-altered", "unopened", Case { sealed: altered(end), ..right() }),
        ("cut", "unopened", Case { sealed: sealed[..end].to_vec(), ..right() }),
        ("empty", "unopened", Case { sealed: Vec::new(), ..right() }),
        ("not-padded", "unopened", Case { sealed: seal(&plain), ..right() }),
        ("padded-to-another-block", "unopened", Case { sealed: seal(&padding::pad(&plain, 63)), ..right() }),
        ("not-cbor", "not-a-finding", Case { sealed: seal_plain(b"\xff\xff"), ..right() }),
        ("bytes-after-it", "not-a-finding", Case { sealed: seal_plain(&[plain.as_slice(), &[0]].concat()), ..right() }),
        ("no-decision-number", "not-a-finding", Case { sealed: seal_plain(&wire::encode(&nameless)), ..right() }),
        ("control-character", "not-a-finding", Case { sealed: seal_plain(&wire::encode(&control)), ..right() }),
        ("nine-measures", "not-a-finding", Case { sealed: seal_plain(&wire::encode(&many)), ..right() }),
    ];
    let opening = |(name, expect, case): (&str, &str, Case)| {
        let secret = SubjectSecret::derive(&pepper(case.pepper), &document("01", case.number)).unwrap();
        let opens = expect == "opened";
        Opening {
            name: name.to_owned(),
            document_type: "01".to_owned(),
            number: case.number.to_owned(),
            pepper: hex::encode(pepper(case.pepper).key.expose()),
            federation: case.federation.to_owned(),
            centre: case.centre.to_owned(),
            listing: case.listing.to_string(),
            entry_key: hex::encode(secret.entry_key(&case.listing).expose()),
            associated: hex::encode(associated(&case)),
            sealed: hex::encode(&case.sealed),
            expect: expect.to_owned(),
            plain: opens.then(|| hex::encode(&plain)),
            finding: opens.then(finding),
        }
    };
    cases.into_iter().map(opening).collect()
}
