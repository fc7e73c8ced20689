//! A store with many listings of real subjects, and two peers over it: what `probe`, `lookup` and `screen` look into.
//!
//! The author's journal goes in by the store's own write path. The second peer gets a copy of the file: at it the listings are another
//! centre's, as nearly all are at every centre, so that a hit is also told to its centre.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anju::desk::client;
use anju_core::desk::{Act, Applicant, Event, LookupAnswer, Request, Verdict};
use anju_core::journal::{Entry, Kind as StatementKind, Statement};
use anju_core::listing::finding::{Coded, Place, Refund};
use anju_core::listing::{Basis, Day, DecidedBody, Finding, Pepper, SubjectKind};
use anju_core::names::{CentreCode, Digest, FederationName, ListingId, RequestId};
use anju_core::operator::{OperatorName, SignedAct};
use anju_core::seal::SUITE;
use anju_core::sign::SecretKey;
use anju_core::time::Time;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;

use crate::peers::{Federation, Over, Ports, Process, now};
use crate::people::{self, Kind, TELLER};
use crate::rows;

/// Persons among the listed; all others are employers, for a derivation of a person takes tens of milliseconds.
pub(crate) const PERSONS: u64 = 100;
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Filled {
    // In this order they go: the processes before their files.
    peers: Option<[Process; 2]>,
    pub(crate) federation: Federation,
    pub(crate) rows: u64,
    pub(crate) fill_s: f64,
    pub(crate) pepper: Pepper,
    ports: Ports,
    over: Over,
    folder: TempDir,
}

/// One row: a finding of the usual length about a real subject.
struct Maker<'a> {
    federation: &'a FederationName,
    centre: &'a CentreCode,
    pepper: &'a Pepper,
    rng: StdRng,
    now: Time,
}

impl Maker<'_> {
    fn listing(&mut self, kind: Kind, serial: u64) -> Entry {
        let (day, listing) = (Day::of(self.now), ListingId(self.rng.random()));
        let secret = kind.secret(self.pepper, serial);
        let coded = |code: &str, label: &str| Coded { code: code.to_owned(), label: label.to_owned() };
        let (restriction_until, publication_until) = (day.plus_days(700), day.plus_days(400));
        let finding = Finding {
            subject_kind: if kind == Kind::Person { SubjectKind::Person } else { SubjectKind::Employer },
            conduct: coded("arrears", "欠缴住房公积金"),
            level: coded("ordinary", "一般失信"),
            decision_no: format!("海口公积金失信认〔2026〕{serial}号"),
            decision_day: day,
            decision_sha256: None,
            legal_basis: "住房公积金管理条例第三十八条".to_owned(),
            legal_basis_version: None,
            measures: vec![coded("publish", "公示")],
            notified: None,
            objection_until: None,
            restriction_until,
            publication_until,
            refund: Refund::None,
        };
        let place = Place { federation: self.federation, centre: self.centre, listing: &listing, pepper: self.pepper.version };
        let sealed = finding.seal(&mut self.rng, &secret, &place).unwrap();
        let body = DecidedBody {
            suite: SUITE.to_owned(),
            listing,
            pepper: self.pepper.version,
            token: secret.token(),
            restriction_until,
            publication_until,
            basis: Basis::Imported,
            authority: Digest(self.rng.random()),
            sealed,
        };
        Statement::build(&mut self.rng, StatementKind::ListingDecided, self.now, Some(body.drop_after()), &body.to_bytes()).unwrap()
    }
}

impl Filled {
    /// Employers with the serials below `rows` are listed, those of the last [`PERSONS`] replaced by persons with the serials from 0.
    pub(crate) fn new(rows: u64, over: Over) -> Self {
        let (ports, folder) = (Ports::free(), tempfile::tempdir().unwrap());
        let federation = Federation::new(ports, over);
        let (pepper, now, start) = (people::pepper(&federation), now(), Instant::now());
        let folders = [0, 1].map(|peer| folder.path().join(federation.centres[peer].as_str()));
        folders.iter().for_each(|folder| std::fs::create_dir(folder).unwrap());
        let (author, rng) = (federation.author(0), StdRng::seed_from_u64(rows));
        let mut maker = Maker { federation: federation.charter.federation(), centre: &author.centre, pepper: &pepper, rng, now };
        let employers = employers(rows);
        rows::fill_with(&folders[0], &author, &federation.keys[0], rows, now, |row| match row.checked_sub(employers) {
            None => maker.listing(Kind::Employer, row),
            Some(person) => maker.listing(Kind::Person, person),
        });
        let fill_s = start.elapsed().as_secs_f64();
        std::fs::copy(folders[0].join("anju.db"), folders[1].join("anju.db")).unwrap();
        rows::keep(&folders[1], &federation.centres[1], &anju_core::journal::Frontier::empty());
        people::staff(&folders[1], &federation.centres[1]);
        Self { peers: None, federation, rows, fill_s, pepper, ports, over, folder }
    }

    /// Serials of subjects on the list.
    pub(crate) fn listed(&self, kind: Kind) -> u64 {
        if kind == Kind::Person { self.rows - employers(self.rows) } else { employers(self.rows) }
    }

    /// The folder of the peer that looks up.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().join(self.federation.centres[1].as_str())
    }

    /// Both peers run, and the second has heard of the first, so that its copy counts.
    pub(crate) fn serving(&mut self) -> &Process {
        if self.peers.is_none() {
            let folder = |peer: usize| self.folder.path().join(self.federation.centres[peer].as_str());
            self.peers = Some([0, 1].map(|peer| Process::start(&folder(peer), peer, self.ports, self.over)));
            let (asking, start) = (self.asking(), Instant::now());
            while asking.look_up(Kind::Employer, self.rows).verdict != Verdict::NotListed {
                assert!(start.elapsed() < PATIENCE, "the copy never counts");
                std::thread::sleep(Duration::from_millis(200));
            }
        }
        &self.peers.as_ref().unwrap()[1]
    }

    pub(crate) fn asking(&self) -> Asking {
        let name = OperatorName::new(TELLER).unwrap();
        let federation = self.federation.charter.federation().clone();
        Asking {
            socket: self.folder().join("desk.sock"),
            centre: self.federation.centres[1].clone(),
            federation,
            name,
            key: people::key(TELLER),
        }
    }
}

const fn employers(rows: u64) -> u64 {
    if rows > 2 * PERSONS { rows - PERSONS } else { rows / 2 }
}

/// A teller at the desk.
pub(crate) struct Asking {
    socket: PathBuf,
    centre: CentreCode,
    federation: FederationName,
    name: OperatorName,
    key: SecretKey,
}

impl Asking {
    /// One whole lookup: signed, over a connection of its own, answered.
    pub(crate) fn look_up(&self, kind: Kind, serial: u64) -> LookupAnswer {
        let applicant = Applicant {
            row: 0,
            document_type: kind.code().to_owned(),
            document_no: kind.number(serial),
            business_no: format!("NO-{serial}"),
        };
        let act = Act::Lookup { applicant, matter: "loan".to_owned(), legal_basis: "statutory-duty".to_owned() };
        let request = RequestId(rand::random());
        let signed = SignedAct::sign(&self.key, &self.name, &self.centre, &self.federation, now(), request, &act);
        let event = client::ask(&self.socket, &Request::Act(signed), PATIENCE).unwrap().map(Result::unwrap).last().unwrap();
        let Event::Lookup(answer) = event else { panic!("{event:?}") };
        *answer
    }
}
