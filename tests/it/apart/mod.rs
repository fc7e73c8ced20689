//! Five centres on hosts that are really apart: every shape of partition, bad lines, a wrong clock, two weeks of absence.
//!
//! Rows 13, 14 and 15 of `docs/FAULTS.md` over real processes, real QUIC and real IP. What one core decides of such things is tested in
//! the core; here it is whether the whole of it finds together again. Where the machine has no namespaces these tests are skipped.

mod lines;
mod shapes;
mod weeks;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anju::keys::Secrets;
use anju::keys::passphrase::Passphrase;
use anju::store::Reader;
use anju_core::desk::{Act, Applicant, CentreAnswer, Doubt, Event, ImportView, JournalStatus, LookupAnswer, Request, Status};
use anju_core::listing::Day;
use anju_core::listing::catalogue::Catalogue;
use anju_core::listing::import::{ImportRow, ImportState, MAX_IMPORT_PAGE, RowsDigest};
use anju_core::names::{CentreCode, Digest};

use crate::cli::PASSPHRASE;
use crate::federation::{CHONGQING, Federation, HAIKOU, Hand, PATIENCE, REVIEWER, SANYA, TELLER, now};
use crate::hosts::Hosts;

/// In the order of their hosts. The last two have no exports here: they list, look up and copy.
const FIVE: [&str; 5] = [HAIKOU, SANYA, CHONGQING, "C51010", "C53010"];
/// How long copies may take to be the same again after healing. Row 14 says a minute, and docs/PERFORMANCE.md what was measured; a machine
/// that runs other tests beside gets more.
const HEALED_WITHIN: Duration = Duration::from_secs(180);
/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The projections that are the same everywhere. Others hold what is sealed to some, or is a centre's own.
const SHARED: [&str; 8] = ["certificate", "grant_revoked", "holder_ended", "listing", "change", "objection", "matter", "catalogue"];
/// Digits of a unified social credit code (GB 32100).
const CREDIT_DIGITS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// The unified social credit code with this serial number.
fn credit_code(serial: u64) -> String {
    let body = format!("91460199{serial:09}");
    let value = |b: u8| CREDIT_DIGITS.iter().position(|c| *c == b).unwrap();
    let sum: usize = body.bytes().zip(std::iter::successors(Some(1), |w| Some(w * 3 % 31))).map(|(b, w)| value(b) * w).sum();
    format!("{body}{}", char::from(CREDIT_DIGITS[(31 - sum % 31) % 31]))
}

/// An employer on a list until long after this test.
fn employer(row: u64, serial: u64) -> ImportRow {
    let text = str::to_owned;
    ImportRow {
        row,
        subject_kind: text("employer"),
        name: format!("第{serial}有限公司"),
        document_type: text("USCC"),
        document_no: credit_code(serial),
        conduct: text("欠缴"),
        level: text("一般"),
        decision_no: format!("认{serial}号"),
        decision_day: text("2026-01-09"),
        legal_basis: text("住房公积金管理条例第四十条"),
        measures: vec![text("公示")],
        restriction_until: text("2098-01-09"),
        publication_until: text("2097-01-09"),
        remark: String::new(),
    }
}

/// Heads and digests of one store, as far as they are to be the same everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Copy {
    journals: Vec<(CentreCode, u64, Option<Digest>)>,
    digests: BTreeMap<&'static str, Digest>,
}

/// Five centres that run.
struct Five {
    federation: Federation,
    secrets: Vec<Secrets>,
    serial: Cell<u64>,
}

impl Five {
    /// Nothing where the machine has no hosts that are apart.
    fn new(seed: u64) -> Option<Self> {
        let federation = Federation::running_on(Hosts::new(FIVE.len(), seed)?, &FIVE);
        FIVE.iter().for_each(|code| federation.staff(code));
        let passphrase = Passphrase::new(PASSPHRASE.trim()).unwrap();
        let load = |code: &&str| Secrets::load(&federation.room.path(&format!("{code}/keys.age")), &passphrase).unwrap();
        let secrets = FIVE.iter().map(load).collect();
        Some(Self { federation, secrets, serial: Cell::new(1) })
    }

    fn hosts(&self) -> &Hosts {
        self.federation.hosts()
    }

    /// Stops all of them; every store must be sound.
    fn end(mut self) {
        println!("over all lines went {:?}", self.hosts().carried_by_all());
        self.federation.stop_all();
        FIVE.iter().for_each(|code| self.federation.assert_sound(code));
    }

    fn status(&self, at: usize) -> Status {
        match self.federation.ask(FIVE[at], &Request::Status).unwrap() {
            Event::Status(status) => *status,
            other => panic!("{other:?}"),
        }
    }

    /// Lists so many employers at a centre; the serial number of the first.
    fn list(&self, at: usize, count: u64) -> u64 {
        let first = self.serial.get();
        self.serial.set(first + count);
        list(&self.federation, at, first, count);
        first
    }

    /// What the lists say of an employer, asked at a centre.
    fn look_up(&self, at: usize, serial: u64) -> LookupAnswer {
        let (document_type, document_no, business_no) = ("USCC".to_owned(), credit_code(serial), format!("NO-{serial}"));
        let applicant = Applicant { row: 0, document_type, document_no, business_no };
        let act = Act::Lookup { applicant, matter: "loan".to_owned(), legal_basis: "statutory-duty".to_owned() };
        match Hand::of(&self.federation, FIVE[at], TELLER).act(&act).unwrap() {
            Event::Lookup(answer) => *answer,
            other => panic!("{other:?}"),
        }
    }

    /// Waits until something holds; panics with what was seen last when it never does.
    fn until<T: std::fmt::Debug>(&self, what: &str, within: Duration, look: impl Fn() -> Result<(), T>) -> Duration {
        let start = Instant::now();
        loop {
            let Err(seen) = look() else { return start.elapsed() };
            assert!(start.elapsed() < within, "not within {within:?}: {what}: {seen:#?}\n{:?}", self.hosts().carried_by_all());
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Waits until each centre is connected to exactly those that `hears` says.
    fn until_connected(&self, hears: impl Fn(usize, usize) -> bool) {
        self.until("connected to those that are there", PATIENCE, || {
            for at in ALL {
                let expected: Vec<_> = ALL.iter().filter(|other| **other != at && hears(at, **other)).map(|other| FIVE[*other]).collect();
                let mut connected: Vec<_> = self.status(at).stations.into_iter().filter(|s| s.connected).map(|s| s.centre).collect();
                connected.sort();
                if connected.iter().map(CentreCode::as_str).ne(expected.iter().copied()) {
                    return Err((FIVE[at], connected, expected));
                }
            }
            Ok(())
        });
    }

    /// What a centre's store holds, when all of it is applied and no author has announced more.
    fn copy(&self, at: usize, of: &[usize]) -> Result<Copy, Vec<JournalStatus>> {
        let status = self.status(at);
        assert!(status.faults.is_empty(), "{}: {:?}", FIVE[at], status.faults);
        assert!(status.journals.iter().all(|journal| !journal.forked), "{}: {:?}", FIVE[at], status.journals);
        let wanted = status.journals.iter().filter(|journal| of.iter().any(|author| journal.centre.as_str() == FIVE[*author]));
        if wanted.clone().any(|journal| journal.size != journal.announced || journal.applied != journal.size) {
            return Err(status.journals);
        }
        let journals = wanted.map(|journal| (journal.centre.clone(), journal.size, journal.root)).collect();
        let store = self.federation.room.path(&format!("{}/anju.db", FIVE[at]));
        let reader = Reader::open_reader(&store, &self.secrets[at].store).unwrap();
        let digests = reader.projection_digests().unwrap().into_iter().filter(|(table, _)| SHARED.contains(table)).collect();
        Ok(Copy { journals, digests })
    }

    /// Waits until the copies of these centres are the same as far as the journals `of` go, and hold everything that was said in them.
    fn until_equal(&self, among: &[usize], of: &[usize], within: Duration) -> Duration {
        self.until(&format!("equal copies of {of:?} among {among:?}"), within, || {
            let copies =
                among.iter().map(|at| self.copy(*at, of)).collect::<Result<Vec<_>, _>>().map_err(|behind| format!("{behind:?}"))?;
            copies.iter().all(|copy| *copy == copies[0]).then_some(()).ok_or_else(|| format!("{copies:?}"))
        })
    }

    /// Everything is everywhere.
    fn until_whole(&self, within: Duration) -> Duration {
        self.until_equal(&ALL, &ALL, within)
    }

    /// How many rows of every journal a centre holds.
    fn sizes(&self, at: usize) -> BTreeMap<CentreCode, u64> {
        self.status(at).journals.into_iter().map(|journal| (journal.centre, journal.size)).collect()
    }
}

/// All hosts.
const ALL: [usize; 5] = [0, 1, 2, 3, 4];

/// Lists employers with these serial numbers at a centre, as two people do: one stages a file, another approves it.
fn list(federation: &Federation, at: usize, first: u64, count: u64) {
    let rows: Vec<ImportRow> = (0..count).map(|n| employer(n + 1, first + n)).collect();
    let today = Day::of(now());
    let checked = rows.iter().map(|row| row.check(&Catalogue::default(), today).unwrap());
    let digest = checked.fold(RowsDigest::default(), |digest, row| digest.after(&row)).0;
    let mut file = Digest([0xA0; 32]);
    file.0[..8].copy_from_slice(&first.to_be_bytes());
    let [teller, reviewer] = [TELLER, REVIEWER].map(|who| Hand::of(federation, FIVE[at], who));
    import(&teller, &Act::ImportBegin { file });
    for page in rows.chunks(MAX_IMPORT_PAGE) {
        let view = import(&teller, &Act::ImportRows { file, rows: page.to_vec(), dry_run: false });
        assert!(view.rejected.is_empty(), "{view:?}");
    }
    import(&teller, &Act::ImportFinish { file, rows: count, digest });
    let (start, approve) = (Instant::now(), Act::ImportApprove { file, rows: count, digest });
    while import(&reviewer, &approve).state != ImportState::Done {
        assert!(start.elapsed() < PATIENCE, "the import at {} does not end", FIVE[at]);
        std::thread::sleep(LOOK_EVERY / 4);
    }
}

fn import(hand: &Hand, act: &Act) -> ImportView {
    match hand.act(act).unwrap() {
        Event::Import(view) => *view,
        other => panic!("{other:?}"),
    }
}

/// Centres whose copy does not count in an answer because it is too old, in order.
fn stale(centres: &[CentreAnswer]) -> Vec<&str> {
    let stale = centres.iter().filter(|centre| centre.doubt == Some(Doubt::Stale));
    stale.map(|centre| centre.centre.as_str()).collect()
}
