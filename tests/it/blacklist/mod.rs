//! The commands of the blacklist as their users meet them, against a desk that is none.

mod answers;
mod full;
mod hostile;
mod jobs;
mod large;
mod outputs;

use std::path::Path;
use std::process::{Output, Stdio};

use anju::desk::fake::Fake;
use anju_core::desk::{Act, Event, OperatorKey, OperatorLine, Request};
use anju_core::listing::import::{ImportCounts, ImportRow, ImportState, RowsDigest};
use anju_core::listing::{Day, catalogue::Catalogue};
use anju_core::names::{CentreCode, Digest, FederationName};
use anju_core::operator::{OperatorName, Role, SealedKey};
use anju_core::seal::Key;
use anju_core::sign::SecretKey;
use anju_core::time::Time;
use rand::SeedableRng;
use serde_json::Value;

use crate::cli::{Room, err, out};

const OPERATOR_PASSPHRASE: &str = "a teller's own passphrase";
/// What every command here begins with to say who asks.
const WHO: &str = "--data @a --operator teller.one --operator-passphrase-file @op";

/// A centre with an operator's passphrase file, and a desk that answers acts with what `answer` makes of them.
struct Counter {
    room: Room,
    fake: Option<Fake>,
}

impl Counter {
    fn without_peer() -> Self {
        let room = Room::new();
        room.init("a", "C46010", 7401);
        room.write("op", &format!("{OPERATOR_PASSPHRASE}\n"));
        Self { room, fake: None }
    }

    fn with(mut answer: impl FnMut(Act) -> Event + Send + 'static) -> Self {
        let mut counter = Self::without_peer();
        let name = OperatorName::new("teller.one").unwrap();
        let key = SecretKey::from_key(Key::from_bytes([7; 32]));
        let sealed = SealedKey::seal(&mut rand::rngs::StdRng::seed_from_u64(7), &name, &key, OPERATOR_PASSPHRASE.as_bytes()).unwrap();
        let line = OperatorLine { name, display: "甲".to_owned(), role: Role::Teller, created: Time(0), disabled: None };
        let (centre, federation) = (CentreCode::new("C46010").unwrap(), FederationName::new("hainan").unwrap());
        let key = OperatorKey { operator: line, sealed, centre, federation };
        let fake = Fake::answering(&counter.room.path("a/desk.sock"), move |request| match request {
            Request::Act(signed) => vec![answer(serde_json::from_str(&signed.act).unwrap())],
            _ => vec![Event::OperatorKey(Box::new(key.clone()))],
        });
        counter.fake = Some(fake.unwrap());
        counter
    }

    /// `blacklist COMMAND` as the operator; the rest of the line after it.
    fn run(&self, command: &str, rest: &str) -> Output {
        self.room.run(&format!("blacklist {command} {WHO} {rest}"))
    }

    fn done(&self, command: &str, rest: &str) -> String {
        self.room.done(&format!("blacklist {command} {WHO} {rest}"))
    }

    fn json(&self, command: &str, rest: &str, exit: i32) -> Value {
        self.room.json(&format!("blacklist {command} {WHO} {rest}"), exit)
    }

    /// With something on standard input.
    fn fed(&self, command: &str, rest: &str, input: &str) -> Output {
        use std::io::Write;
        let mut command = self.room.command(&format!("blacklist {command} {WHO} {rest}"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    fn sample(&self, centre: &str, name: &str, to: &str) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(centre).join(name);
        std::fs::copy(from, self.room.path(to)).unwrap();
    }
}

/// What a peer does with an import, as far as a client can tell.
#[derive(Default)]
struct Staging {
    state: Option<ImportState>,
    last_row: u64,
    staged: u64,
    digest: RowsDigest,
    /// Sizes of the pages that came.
    pages: Vec<usize>,
    dry_pages: usize,
    /// The row that is held back, if one is.
    held: Option<u64>,
    /// After so many pages nothing is answered but "busy".
    breaks_after: Option<usize>,
    /// Pages that were answered so.
    refused: usize,
}

impl Staging {
    fn answer(&mut self, act: &Act) -> Event {
        let refused = |code| Event::Refused { refusal: anju_core::error::Refusal::new(code), about: None };
        match act {
            Act::ImportBegin { file } => {
                self.state.get_or_insert(ImportState::Staging);
                self.view(file, Vec::new())
            }
            Act::ImportRows { file, rows, dry_run } => {
                if self.breaks_after.is_some_and(|pages| self.pages.len() >= pages) {
                    self.refused += 1;
                    return refused(anju_core::error::RefusalCode::TooManyRequests);
                }
                let rejected = rows.iter().filter(|row| Some(row.row) == self.held);
                let rejected = rejected.map(|row| (row.row, "decision_no".to_owned(), "ended-before".to_owned())).collect();
                if *dry_run {
                    self.dry_pages += 1;
                } else {
                    assert!(rows.first().unwrap().row > self.last_row, "no row twice");
                    self.take(rows);
                }
                self.view(file, rejected)
            }
            Act::ImportFinish { file, rows, digest } => {
                assert_eq!((self.staged, self.digest.0), (*rows, *digest), "what was staged is what the file says");
                self.state = Some(ImportState::Staged);
                self.view(file, Vec::new())
            }
            Act::ImportApprove { file, rows, digest } => {
                if (self.staged, self.digest.0) != (*rows, *digest) {
                    return refused(anju_core::error::RefusalCode::ImportDiffers);
                }
                let done = self.state == Some(ImportState::Approved);
                self.state = Some(if done { ImportState::Done } else { ImportState::Approved });
                self.view(file, Vec::new())
            }
            other => panic!("{other:?}"),
        }
    }

    fn take(&mut self, rows: &[ImportRow]) {
        self.pages.push(rows.len());
        for row in rows {
            let checked = row.check(&Catalogue::default(), Day::from_number(20_990_101).unwrap()).unwrap();
            self.digest = self.digest.after(&checked);
            (self.staged, self.last_row) = (self.staged + 1, row.row);
        }
    }

    fn view(&self, file: &Digest, rejected: Vec<(u64, String, String)>) -> Event {
        let held = u64::from(self.held.is_some_and(|row| row <= self.last_row));
        Event::Import(Box::new(anju_core::desk::ImportView {
            file: *file,
            state: self.state.unwrap_or(ImportState::Staging),
            staged: self.staged,
            last_row: self.last_row,
            counts: ImportCounts { new: self.staged - held, held, ..ImportCounts::default() },
            listed: 0,
            by: OperatorName::new("teller.one").unwrap(),
            approved_by: None,
            gone: vec!["C46010-A7".parse().unwrap()],
            gone_count: 1,
            rejected,
        }))
    }
}
