//! A centre's own people in a test: who they are, the program run as one of them, and their acts signed by the library, as the terminal
//! signs them.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use anju::desk::client::ClientError;
use anju_core::desk::{Act, Event, OperatorKey, Request};
use anju_core::names::{CentreCode, FederationName, RequestId};
use anju_core::operator::{OperatorName, Role, SealedKey, SignedAct};
use anju_core::sign::SecretKey;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;

use super::{Federation, ask, now};
use crate::cli::PASSPHRASE;
use crate::hosts::Clock;

/// Proposes, notifies, imports, looks up, issues, reads what is granted.
pub(crate) const TELLER: &str = "zhang";
/// Decides.
pub(crate) const REVIEWER: &str = "li";
/// Reads the audit log.
pub(crate) const AUDITOR: &str = "sun";

/// Names, roles and staff numbers of the people of every centre.
const STAFF: [(&str, Role, &str); 3] =
    [(TELLER, Role::Teller, "1001"), (REVIEWER, Role::Reviewer, "1002"), (AUDITOR, Role::Auditor, "1003")];

/// The keys of [`STAFF`], and the same under the passphrase of the room. They are the same in every test: sealing costs a derivation, and
/// there are hundreds of centres.
fn keys() -> &'static [(SecretKey, SealedKey)] {
    static KEYS: OnceLock<Vec<(SecretKey, SealedKey)>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let mut rng = StdRng::seed_from_u64(1_001);
        let make = |(name, ..): (&str, Role, &str)| {
            let key = SecretKey::random(&mut rng);
            let sealed = SealedKey::seal(&mut rng, &name_of(name), &key, PASSPHRASE.trim_end().as_bytes()).unwrap();
            (key, sealed)
        };
        STAFF.into_iter().map(make).collect()
    })
}

fn name_of(name: &str) -> OperatorName {
    OperatorName::new(name).unwrap()
}

/// One of a centre's people with their key open, before its desk.
#[derive(Clone)]
pub(crate) struct Hand {
    socket: PathBuf,
    name: OperatorName,
    key: SecretKey,
    centre: CentreCode,
    federation: FederationName,
    clock: Option<Clock>,
}

impl Hand {
    /// One of [`STAFF`], whose peer need not run.
    pub(crate) fn of(federation: &Federation, code: &str, who: &str) -> Self {
        let at = STAFF.iter().position(|(name, ..)| *name == who).unwrap();
        Self {
            socket: federation.socket(code),
            name: name_of(who),
            key: keys()[at].0.clone(),
            centre: CentreCode::new(code).unwrap(),
            federation: FederationName::new("test").unwrap(),
            clock: federation.clock_of(code),
        }
    }

    /// The act under a fresh id, signed.
    pub(crate) fn signed(&self, act: &Act) -> SignedAct {
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        let request = RequestId(u128::from(SERIAL.fetch_add(1, Ordering::Relaxed)).to_be_bytes());
        let now = now().plus_ms(self.clock.as_ref().map_or(0, Clock::ahead_ms));
        SignedAct::sign(&self.key, &self.name, &self.centre, &self.federation, now, request, act)
    }

    /// Signs it and has the peer carry it out.
    pub(crate) fn act(&self, act: &Act) -> Result<Event, ClientError> {
        ask(&self.socket, &Request::Act(self.signed(act)))
    }
}

impl Federation {
    /// Accounts for a teller, a reviewer and an auditor of a running peer, made by its first operator.
    pub(crate) fn staff(&self, code: &str) {
        let passphrase = std::fs::read_to_string(self.room.path(&format!("{code}/first-operator.passphrase"))).unwrap();
        let first = self.ask(code, &Request::OperatorKey { name: name_of("admin") }).unwrap();
        let Event::OperatorKey(info) = first else { panic!("{first:?}") };
        let OperatorKey { operator, sealed, centre, federation } = *info;
        let key = sealed.open(&operator.name, passphrase.trim_end().as_bytes()).unwrap();
        let admin = Hand { socket: self.socket(code), name: operator.name, key, centre, federation, clock: self.clock_of(code) };
        for ((name, role, staff_no), (key, sealed)) in STAFF.into_iter().zip(keys()) {
            let (display, staff_no) = (format!("{name}先生"), staff_no.to_owned());
            let add = Act::OperatorAdd { name: name_of(name), display, staff_no, role, key: key.public(), sealed: sealed.clone() };
            let made = admin.act(&add).unwrap();
            assert_eq!(made, Event::Done, "{name} at {code}");
        }
    }

    /// A line of the program, as an operator of a centre.
    pub(crate) fn line(code: &str, who: &str, line: &str) -> String {
        format!("{line} --data @{code} --operator {who} --operator-passphrase-file @pass")
    }

    /// Runs it and expects this exit code.
    pub(crate) fn acts(&self, code: &str, who: &str, line: &str, exit: i32) -> Value {
        self.room.json(&Self::line(code, who, line), exit)
    }

    /// Stages a file at a centre and has a second person approve it.
    pub(crate) fn import(&self, code: &str, file: &str) -> Value {
        self.acts(code, TELLER, &format!("blacklist import {file}"), 0);
        let done = self.acts(code, REVIEWER, &format!("blacklist import approve {file}"), 0);
        assert_eq!(done["import"]["state"], "done", "{done}");
        done
    }

    /// What a centre's peer answers about a document.
    pub(crate) fn look_up(&self, code: &str, kind: &str, number: &str) -> Value {
        let line = format!("blacklist lookup --document-type {kind} --document-no {number} --matter loan --business-no NO-1");
        self.acts(code, TELLER, &line, 0)
    }

    /// Looks up until the verdict is `verdict`, and returns that answer.
    pub(crate) fn look_up_until(&self, code: &str, (kind, number): (&str, &str), verdict: &str) -> Value {
        let start = std::time::Instant::now();
        loop {
            let answer = self.look_up(code, kind, number);
            if answer["verdict"] == verdict {
                return answer;
            }
            assert!(start.elapsed() < super::PATIENCE, "{code} never says {verdict}: {answer}");
        }
    }
}
