//! One peer at its desk, an input at a time, so that it can be stopped between any two of them.

use std::collections::VecDeque;

use rand::RngExt;

use crate::desk::{Act, Event, ImportView, Request};
use crate::error::RefusalCode;
use crate::journal::{Entry, Header, Kind, hash};
use crate::listing::catalogue::Catalogue;
use crate::listing::import::{ImportRow, ImportState, RowsDigest};
use crate::listing::{Day, Document, DocumentType, SubjectSecret};
use crate::names::{Digest, ListingId, RequestId};
use crate::node::tests::world::World;
use crate::node::{Effect, Input};
use crate::operator::{Operator, OperatorName, Role, SealedKey, SignedAct};
use crate::shelf::{CaseRecord, HouseWrite, Lists, Shelf, Write};
use crate::sign::SecretKey;
use crate::time::{SECOND_MS, Time};

/// How the peer is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crash {
    /// Before the input's transaction is committed.
    Before,
    /// After it, and before anything else.
    After,
}

pub(super) struct Bench {
    pub(super) world: World,
    queue: VecDeque<Input>,
    replies: Vec<(u64, Event)>,
    token: u64,
    /// Inputs taken so far.
    pub(super) steps: u64,
    pub(super) crash: Option<(u64, Crash)>,
    pub(super) crashed: bool,
}

pub(super) fn name(name: &str) -> OperatorName {
    OperatorName::new(name).unwrap()
}

fn key(name: &str) -> SecretKey {
    SecretKey::from_key(crate::seal::Key::from_bytes(hash::sha256(name.as_bytes()).0))
}

impl Bench {
    /// A peer with the tellers `chen` and `wu` and the reviewers `lin` and `han`.
    pub(super) fn new(seed: u64) -> Self {
        let world = World::new(seed, 2);
        let mut bench = Self { world, queue: VecDeque::new(), replies: Vec::new(), token: 0, steps: 0, crash: None, crashed: false };
        for (name, role) in [("chen", Role::Teller), ("wu", Role::Teller), ("lin", Role::Reviewer), ("han", Role::Reviewer)] {
            bench.operator(name, role);
        }
        bench
    }

    pub(super) fn operator(&mut self, of: &str, role: Role) {
        let sealed = SealedKey { salt: vec![0; 16], memory_kib: 8, passes: 1, sealed: vec![0; 72] };
        let (display, staff_no) = (of.to_owned(), of.to_owned());
        let operator =
            Operator { name: name(of), display, staff_no, role, key: key(of).public(), sealed, created: self.world.now, disabled: None };
        self.world.peers[0].shelf.apply(&Write::House(HouseWrite::Operator(operator))).unwrap();
    }

    /// One input, carried out as one transaction; or the crash.
    fn step(&mut self, input: Input) {
        let effects = self.world.feed_raw(0, input);
        let crash = self.crash.filter(|(at, _)| *at == self.steps).map(|(_, crash)| crash);
        self.steps += 1;
        if crash == Some(Crash::Before) {
            return self.restart();
        }
        for effect in effects {
            match effect {
                Effect::Write(write) => self.world.peers[0].shelf.apply(&write).unwrap(),
                Effect::KeepHead(head) => self.world.peers[0].kept = Some(head),
                Effect::WhenStored => self.queue.push_back(Input::Stored),
                Effect::Again => self.queue.push_back(Input::Again),
                Effect::Derive { job, work } => {
                    let secrets = work.iter().map(|(pepper, document)| SubjectSecret::derive(pepper, document).ok()).collect();
                    self.queue.push_back(Input::Derived { job, secrets });
                }
                Effect::Reply { token, event } => self.replies.push((token, *event)),
                Effect::Announce(_)
                | Effect::Admit(_)
                | Effect::NextKeys { .. }
                | Effect::KeysTaken { .. }
                | Effect::Judge { .. }
                | Effect::Push { .. }
                | Effect::Call { .. }
                | Effect::Answer { .. }
                | Effect::ReadSource { .. }
                | Effect::House { .. }
                | Effect::WindowReply { .. } => {}
            }
        }
        if crash == Some(Crash::After) {
            self.restart();
        }
    }

    /// The process is killed and started again: nothing but the shelf and the kept head is left.
    pub(super) fn restart(&mut self) {
        self.crashed = true;
        self.queue.clear();
        self.replies.clear();
        self.world.set_up(0, false);
        self.world.set_up(0, true);
    }

    /// Carries out what is waiting, and what comes of it.
    pub(super) fn settle(&mut self) {
        while let Some(input) = self.queue.pop_front() {
            self.step(input);
        }
    }

    pub(super) fn tick(&mut self) {
        self.world.now = self.world.now.plus_ms(SECOND_MS);
        self.step(Input::Tick);
        self.settle();
    }

    /// Puts an act before the peer and carries nothing else out.
    pub(super) fn put(&mut self, of: &str, act: &Act) -> u64 {
        let (request, centre) = (RequestId(self.world.rng.random()), self.world.peers[0].centre.clone());
        let federation = self.world.charter.federation().clone();
        let signed = SignedAct::sign(&key(of), &name(of), &centre, &federation, self.world.now, request, act);
        self.token += 1;
        let token = self.token;
        self.step(Input::Desk { token, request: Request::Act(signed) });
        token
    }

    pub(super) fn answer(&self, token: u64) -> Option<Event> {
        self.replies.iter().find(|(of, event)| *of == token && event.closes()).map(|(_, event)| event.clone())
    }

    /// The view, or the refusal's code; nothing when the peer was stopped before it answered.
    pub(super) fn maybe(&mut self, of: &str, act: &Act) -> Option<Result<ImportView, RefusalCode>> {
        let token = self.put(of, act);
        while self.answer(token).is_none() {
            let input = self.queue.pop_front()?;
            self.step(input);
        }
        match self.answer(token)? {
            Event::Import(view) => Some(Ok(*view)),
            Event::Refused { refusal, .. } => Some(Err(refusal.code)),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn act(&mut self, of: &str, act: &Act) -> Result<ImportView, RefusalCode> {
        self.maybe(of, act).unwrap()
    }

    pub(super) fn digest(&self, rows: &[ImportRow]) -> (u64, Digest) {
        let (catalogue, today) = (Catalogue::default(), Day::of(self.world.now));
        let checked: Vec<_> = rows.iter().filter_map(|row| row.check(&catalogue, today).ok()).collect();
        (checked.len() as u64, checked.iter().fold(RowsDigest::default(), RowsDigest::after).0)
    }

    /// Stages a file in pages of `page` rows and says that this was all.
    pub(super) fn stage(&mut self, of: &str, file: Digest, rows: &[ImportRow], page: usize) -> Result<ImportView, RefusalCode> {
        self.act(of, &Act::ImportBegin { file })?;
        let mut rejected = Vec::new();
        for page in rows.chunks(page) {
            rejected.extend(self.act(of, &Act::ImportRows { file, rows: page.to_vec(), dry_run: false })?.rejected);
        }
        let (count, digest) = self.digest(rows);
        let view = self.act(of, &Act::ImportFinish { file, rows: count, digest })?;
        Ok(ImportView { rejected, ..view })
    }

    pub(super) fn approve(&mut self, of: &str, file: Digest, rows: &[ImportRow]) -> Result<ImportView, RefusalCode> {
        let (rows, digest) = self.digest(rows);
        self.act(of, &Act::ImportApprove { file, rows, digest })
    }

    /// The whole way of a file: staged by `chen`, approved by `lin`.
    pub(super) fn import(&mut self, file: Digest, rows: &[ImportRow]) -> ImportView {
        let staged = self.stage("chen", file, rows, 50).unwrap();
        self.approve("lin", file, rows).unwrap();
        self.settle();
        let done = self.approve("lin", file, rows).unwrap();
        assert_eq!(done.state, ImportState::Done);
        ImportView { rejected: staged.rejected, ..done }
    }

    /// Every case.
    pub(super) fn cases(&self) -> Vec<CaseRecord> {
        let shelf = &self.world.peers[0].shelf;
        (1..=shelf.cases_made().unwrap()).map(|serial| shelf.case(serial).unwrap().unwrap()).collect()
    }

    pub(super) fn set_case(&mut self, case: CaseRecord) {
        self.world.peers[0].shelf.apply(&Write::List(crate::shelf::ListWrite::Case(case))).unwrap();
    }

    /// What is listed: listing and content, in order.
    pub(super) fn listed(&self) -> Vec<(ListingId, Digest)> {
        let published = self.cases().into_iter().filter(|case| case.index.is_some());
        let mut listed: Vec<_> = published.map(|case| (case.listing, case.content)).collect();
        listed.sort_by_key(|(listing, _)| listing.0);
        listed
    }

    pub(super) fn entries(&self, kind: Kind) -> Vec<(u64, Entry)> {
        let peer = &self.world.peers[0];
        let rows = peer.shelf.entries(&peer.centre, 0, u64::MAX, usize::MAX).unwrap();
        (0..).zip(rows).filter(|(_, row)| Header::parse(&row.header).unwrap().kind() == Some(kind)).collect()
    }
}

pub(super) fn file(of: &str) -> Digest {
    hash::sha256(of.as_bytes())
}

/// A unified social credit code with the right check character.
fn credit_code(n: u64) -> String {
    let body = format!("91460100{n:09}");
    let latest = Day::from_number(20_261_121).unwrap().date();
    let mut codes = "0123456789ABCDEFGHJKLMNPQRTUWXY".chars().map(|check| format!("{body}{check}"));
    codes.find(|code| Document::new(DocumentType::CreditCode, code, latest).is_ok()).unwrap()
}

/// Row `n` of a file: an employer in arrears.
pub(in super::super) fn employer(n: u64) -> ImportRow {
    ImportRow {
        row: n,
        subject_kind: "employer".to_owned(),
        name: format!("海口第{n}建筑有限公司"),
        document_type: "USCC".to_owned(),
        document_no: credit_code(n),
        conduct: "欠缴".to_owned(),
        level: "一般".to_owned(),
        decision_no: format!("琼公积金罚〔2026〕{n}号"),
        decision_day: "2026-03-01".to_owned(),
        legal_basis: "住房公积金管理条例第三十八条".to_owned(),
        measures: vec!["公示".to_owned()],
        restriction_until: "2028-02-29".to_owned(),
        publication_until: "2027-02-28".to_owned(),
        remark: String::new(),
    }
}

/// The row with something changed.
pub(super) fn with(mut row: ImportRow, change: impl FnOnce(&mut ImportRow)) -> ImportRow {
    change(&mut row);
    row
}

pub(super) fn employers(rows: std::ops::RangeInclusive<u64>) -> Vec<ImportRow> {
    rows.map(employer).collect()
}

/// A day on which the clocks of [`employer`] have run out.
pub(super) const AFTER_BOTH_CLOCKS: Time = Time(1_835_500_000_000);
