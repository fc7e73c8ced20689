//! Subjects, each with a number of its form that follows from a serial, and the centre's own people with a real client.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anju::config::{Centre, Config};
use anju::store::{Mode, Store};
use anju_core::listing::{Document, DocumentType, Pepper, SubjectSecret};
use anju_core::names::CentreCode;
use anju_core::operator::{Operator, OperatorName, Role, SealedKey};
use anju_core::seal::Key;
use anju_core::shelf::{HouseWrite, Write};
use anju_core::sign::SecretKey;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use crate::peers::{Federation, cpu_s, now, peak_kib};
use crate::rows;

pub(crate) const TELLER: &str = "zhang";
pub(crate) const REVIEWER: &str = "li";
const PASSPHRASE: &str = "a long one for nobody";
/// Between two looks at a client's memory: its peak is missed by no more than what it takes in its last moments.
const LOOK_EVERY: Duration = Duration::from_millis(5);
const CREDIT_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// What kind of subject: it decides what a derivation costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One HMAC.
    Employer,
    /// One Argon2id.
    Person,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Employer => "employers",
            Self::Person => "persons",
        }
    }

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Employer => "USCC",
            Self::Person => "01",
        }
    }

    pub(crate) fn number(self, serial: u64) -> String {
        match self {
            Self::Employer => credit_code(serial),
            Self::Person => resident_number(serial),
        }
    }

    pub(crate) fn document(self, serial: u64) -> Document {
        let kind = DocumentType::from_code(self.code()).unwrap();
        Document::new(kind, &self.number(serial), now().legal_day()).unwrap()
    }

    pub(crate) fn secret(self, pepper: &Pepper, serial: u64) -> SubjectSecret {
        SubjectSecret::derive(pepper, &self.document(serial)).unwrap()
    }
}

/// A unified social credit code (GB 32100).
fn credit_code(serial: u64) -> String {
    let body = format!("91460199{serial:09}");
    let value = |b: u8| CREDIT_ALPHABET.iter().position(|c| *c == b).unwrap();
    let sum: usize = body.bytes().zip(std::iter::successors(Some(1), |w| Some(w * 3 % 31))).map(|(b, w)| value(b) * w).sum();
    format!("{body}{}", char::from(CREDIT_ALPHABET[(31 - sum % 31) % 31]))
}

/// A resident's number (GB 11643) from one county: by year, month, day and the order of births.
fn resident_number(serial: u64) -> String {
    let (order, day, month, year) = (serial % 1_000, serial / 1_000 % 28 + 1, serial / 28_000 % 12 + 1, 1950 + serial / 336_000);
    let body = format!("460199{year:04}{month:02}{day:02}{order:03}");
    let weights: Vec<u32> = std::iter::successors(Some(1), |w| Some(w * 2 % 11)).take(18).collect();
    let sum: u32 = body.bytes().zip(weights.iter().rev()).map(|(b, w)| u32::from(b - b'0') * w).sum();
    format!("{body}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

/// The federation's pepper, as a member has it.
pub(crate) fn pepper(federation: &Federation) -> Pepper {
    let seat = federation.file.founding_seat(&federation.centres[0], &federation.keys[0]).unwrap();
    seat.secrets.and_then(|secrets| secrets.pepper().cloned()).unwrap()
}

/// A key of an operator: the same in every run.
pub(crate) fn key(name: &str) -> SecretKey {
    let seed: u64 = name.bytes().map(u64::from).sum();
    SecretKey::from_key(Key::from_bytes(StdRng::seed_from_u64(seed).random()))
}

/// Accounts of a teller and a reviewer in a store that nobody has open, and what the client needs in the folder.
pub(crate) fn staff(folder: &Path, centre: &CentreCode) {
    let mut rng = StdRng::seed_from_u64(5);
    let account = |(name, role): (&str, Role)| {
        let (of, key) = (OperatorName::new(name).unwrap(), key(name));
        let sealed = SealedKey::seal(&mut rng, &of, &key, PASSPHRASE.as_bytes()).unwrap();
        let (display, staff_no, created) = (name.to_owned(), name.to_owned(), now());
        Write::House(HouseWrite::Operator(Operator {
            name: of,
            display,
            staff_no,
            role,
            key: key.public(),
            sealed,
            created,
            disabled: None,
        }))
    };
    let accounts: Vec<Write> = [(TELLER, Role::Teller), (REVIEWER, Role::Reviewer)].into_iter().map(account).collect();
    Store::open(&folder.join("anju.db"), &rows::store_key(), Mode::Existing).unwrap().write(&accounts).unwrap();
    let centre = Centre { code: centre.clone(), name: "中心".to_owned(), phone: String::new() };
    std::fs::write(folder.join("anju.toml"), Config::new(centre, Vec::new()).to_text().unwrap()).unwrap();
    let passphrase = passphrase_file(folder);
    std::fs::write(&passphrase, PASSPHRASE).unwrap();
    std::fs::set_permissions(passphrase, Permissions::from_mode(0o600)).unwrap();
}

fn passphrase_file(folder: &Path) -> PathBuf {
    folder.join("passphrase")
}

/// What a run of the client came to.
pub(crate) struct Ran {
    /// From its start to its end: opening the operator's key (a tenth of a second) is in it.
    pub(crate) s: f64,
    /// Peak of its resident memory.
    pub(crate) peak_kib: u64,
    /// Its processor time.
    pub(crate) cpu_s: f64,
    /// The object it printed.
    pub(crate) said: Value,
}

/// Runs the program itself as `operator` at the peer of `folder`; it must end with 0.
pub(crate) fn client(folder: &Path, operator: &str, line: &[&str]) -> Ran {
    let start = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_anju"));
    command.args(line).arg("--json").arg("--data").arg(folder).args(["--operator", operator]);
    command.arg("--operator-passphrase-file").arg(passphrase_file(folder));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (id, mut ran) = (child.id(), Ran { s: 0.0, peak_kib: 0, cpu_s: 0.0, said: Value::Null });
    while child.try_wait().unwrap().is_none() {
        if let Some(peak) = peak_kib(id) {
            (ran.peak_kib, ran.cpu_s) = (peak, cpu_s(&id.to_string()));
        }
        std::thread::sleep(LOOK_EVERY);
    }
    ran.s = start.elapsed().as_secs_f64();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{line:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    ran.said = serde_json::from_str(&said).unwrap();
    ran
}
