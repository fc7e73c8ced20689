//! Tests of the store, one file a promise.

mod conformance;
mod conformance_lists;
mod cosigned;
mod crash;
mod damage;
mod dossiers;
mod full;
mod lists;
mod log;
mod matters;
mod measure;
mod migration;
mod opening;
mod outbox;
mod projections;
mod theft;
mod window;

use std::path::PathBuf;

use anju_core::journal::statement::Statement;
use anju_core::journal::{Entry, Frontier, Kind, SoundRows};
use anju_core::names::{CentreCode, CertificateNumber, Digest, GrantId, RequestId, StatementId, Thumbprint};
use anju_core::seal::Key;
use anju_core::seal::hpke::SealingKey;
use anju_core::shelf::{AccessRow, CertificateRow, Head, JournalState, Write};
use anju_core::time::Time;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::{Mode, Store};

/// Far in the past of every drop-after used here.
const NOW: Time = Time(1_790_000_000_000);

fn key() -> Key {
    Key::from_bytes([0x51; 32])
}

fn centre(code: &str) -> CentreCode {
    CentreCode::new(code).unwrap()
}

/// A folder with a store in it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("anju.db")
    }

    fn open(&self) -> Store {
        Store::open(&self.path(), &key(), Mode::Create).unwrap()
    }

    /// A connection that knows nothing of our rules: the hand that damages.
    fn raw(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).unwrap()
    }
}

/// An honest author: makes the next rows of a journal and the state after them.
struct Author {
    centre: CentreCode,
    frontier: Frontier,
    rng: StdRng,
}

impl Author {
    fn new(code: &str) -> Self {
        Self { centre: centre(code), frontier: Frontier::empty(), rng: StdRng::seed_from_u64(7) }
    }

    /// Goes on where a stored journal ends.
    fn resume(code: &str, state: &JournalState, seed: u64) -> Self {
        let frontier = Frontier::from_parts(state.size, state.peaks.clone()).unwrap();
        Self { centre: centre(code), frontier, rng: StdRng::seed_from_u64(seed) }
    }

    fn entry(&mut self, body: &[u8]) -> Entry {
        // Every body of an odd length has a time at which it goes.
        let drop_after = (body.len() % 2 == 1).then(|| Time(4_000_000_000_000 + body.len() as i64));
        Statement::build(&mut self.rng, Kind::AccessRecorded, NOW, drop_after, body).unwrap()
    }

    fn append(&mut self, bodies: &[&[u8]]) -> Write {
        let entries: Vec<Entry> = bodies.iter().map(|body| self.entry(body)).collect();
        self.append_entries(entries)
    }

    fn append_entries(&mut self, entries: Vec<Entry>) -> Write {
        let from = self.frontier.size();
        let rows = SoundRows::check(entries).unwrap();
        let (frontier, subtrees) = rows.extend(&self.frontier).unwrap();
        self.frontier = frontier;
        let size = self.frontier.size();
        let head = Some(self.head());
        let state = JournalState { size, peaks: self.frontier.peaks().to_vec(), head, applied: size };
        Write::Append { centre: self.centre.clone(), from, rows, subtrees, state }
    }

    fn head(&self) -> Head {
        let size = self.frontier.size();
        Head { size, root: self.frontier.root(), note: format!("note {size}").into_bytes(), heartbeat: NOW, received: NOW }
    }
}

fn number(issuer: &str, sequence: u64) -> CertificateNumber {
    CertificateNumber::new(&format!("{issuer}-JCZM-2026-{sequence:06}")).unwrap()
}

fn certificate(issuer: &str, index: u64) -> CertificateRow {
    let mark = u8::try_from(index % 251).unwrap();
    CertificateRow {
        number: number(issuer, index),
        issuer: centre(issuer),
        index,
        statement: StatementId([mark; 16]),
        kind: "JCZM".to_owned(),
        addressee: index.is_multiple_of(2).then(|| centre("C50010")),
        holder: Thumbprint([mark; 32]),
        holder_sealing: SealingKey([mark; 32]),
        issued: NOW,
        expires: NOW.plus_ms(1),
        ended: None,
    }
}

fn access(author: &str, index: u64) -> AccessRow {
    let mark = u8::try_from(index % 7).unwrap();
    AccessRow {
        author: centre(author),
        index,
        at: NOW,
        request: RequestId([mark; 16]),
        asked: Digest([mark; 32]),
        grant: GrantId([mark; 16]),
        certificate: number("C46010", index),
        matter: "loan".to_owned(),
        business_no: format!("业务-{index}"),
        fields: vec!["XINGMING".to_owned(), "GRZHYE".to_owned()],
        refused: index.is_multiple_of(3).then_some(anju_core::error::RefusalCode::GrantUsedUp),
        asker: centre(if index.is_multiple_of(2) { author } else { "C50010" }),
        mode: if index.is_multiple_of(2) { "details" } else { "check" }.to_owned(),
    }
}
