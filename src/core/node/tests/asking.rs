//! What tests of lists need: listings made directly, a teller who asks, a shelf that counts what is read.

use std::cell::RefCell;
use std::collections::VecDeque;

use rand::RngExt;

use super::world::{START, World};
use crate::audit::{AuditLog, AuditRow};
use crate::desk::{Act, Applicant, Doubt, Event, ExportPage, LookupAnswer, Request, ScreenPage};
use crate::dossier::DossierKind;
use crate::error::{FaultCode, Refusal, RefusalCode, ShelfError};
use crate::journal::{Entry, Header, Kind, Statement};
use crate::listing::changed::ObjectionRef;
use crate::listing::finding::{Coded, Place, Refund};
use crate::listing::import::{ImportRecord, StagedRow};
use crate::listing::subject::listing_id;
use crate::listing::{
    Basis, Change, ChangedBody, Day, DecidedBody, Document, DocumentType, Finding, Ground, ObjectedBody, SubjectKind, SubjectSecret,
};
use crate::names::{
    CentreCode, CertificateNumber, Digest, DossierRef, GrantId, ListingId, ListingRef, RequestId, StationKey, SubjectToken, Thumbprint,
};
use crate::operator::{Operator, OperatorName, Role, SealedKey, SignedAct};
use crate::seal::{Key, SUITE};
use crate::shelf::memory::MemoryShelf;
use crate::shelf::{
    AccessRow, AuditCommitment, AuditFilter, CaseRecord, CatalogueRow, CertificateRow, CosignatureRow, Cosignatures, Deposits, DossierRow,
    Dossiers, HitRow, House, HouseWrite, IssuedRecord, JournalState, ListingRow, Lists, MatterRow, Matters, ObjectionRow, Outbox,
    OutboxRow, PendingHit, Shelf, StandingUnder, WithheldRow, Write,
};
use crate::shelf::{Charters, DeedRow, ForkReport, ForkRow, Forks, InviteRow, LinkRow, VoteRecord};
use crate::sign::SecretKey;
use crate::time::{SECOND_MS, Time};
use crate::window::{Deposit, DepositToken};

/// A document: code of its type, and its number.
pub(super) type Number<'a> = (&'a str, &'a str);

/// Three centres that know each other, each with one teller.
pub(super) fn founded(seed: u64) -> World {
    let mut world = World::new(seed, 3);
    (0..3).for_each(|peer| hire(&mut world, peer));
    world.run_for(6 * SECOND_MS);
    world
}

/// The teller comes to a peer.
pub(super) fn hire(world: &mut World, peer: usize) {
    let sealed = SealedKey { salt: vec![0; 16], memory_kib: 0, passes: 0, sealed: Vec::new() };
    let operator = Operator {
        name: teller(),
        display: "王经办".to_owned(),
        staff_no: "1".to_owned(),
        role: Role::Teller,
        key: key().public(),
        sealed,
        created: START,
        disabled: None,
    };
    world.peers[peer].shelf.apply(&Write::House(HouseWrite::Operator(operator))).unwrap();
}

pub(super) fn teller() -> OperatorName {
    OperatorName::new("wang").unwrap()
}

fn key() -> SecretKey {
    SecretKey::from_key(Key::from_bytes([9; 32]))
}

pub(super) fn document(number: Number<'_>) -> Document {
    Document::new(DocumentType::from_code(number.0).unwrap(), number.1, START.legal_day()).unwrap()
}

pub(super) fn secret(world: &World, number: Number<'_>) -> SubjectSecret {
    SubjectSecret::derive(&world.pepper(), &document(number)).unwrap()
}

pub(super) fn finding(number: Number<'_>, restriction_until: u32, publication_until: u32) -> Finding {
    let coded = |code: &str| Coded { code: code.to_owned(), label: code.to_owned() };
    let day = |number| Day::from_number(number).unwrap();
    Finding {
        subject_kind: if number.0 == "USCC" { SubjectKind::Employer } else { SubjectKind::Person },
        conduct: coded("false-papers"),
        level: coded("serious"),
        decision_no: "〔2026〕1号".to_owned(),
        decision_day: day(20_260_901),
        decision_sha256: None,
        legal_basis: "条例".to_owned(),
        legal_basis_version: None,
        measures: vec![coded("no-loan")],
        notified: None,
        objection_until: None,
        restriction_until: day(restriction_until),
        publication_until: day(publication_until),
        refund: Refund::None,
    }
}

fn id(number: Number<'_>, decision_no: &str) -> ListingId {
    listing_id(&Key::from_bytes([1; 32]), decision_no, &document(number))
}

/// Appends rows to a peer's own journal and carries everything out as the daemon would. Returns the first row's index.
pub(super) fn append(world: &mut World, peer: usize, entries: Vec<Entry>) -> u64 {
    let mut effects = Vec::new();
    let p = &mut world.peers[peer];
    let mut env = crate::node::Env { now: world.now, rng: &mut world.rng, shelf: &p.shelf };
    let from = p.node.append(&mut env, entries, &mut effects).ok().unwrap();
    let mut again = VecDeque::new();
    for effect in effects {
        world.carry_out(peer, effect, &mut again);
    }
    again.into_iter().for_each(|input| world.feed(peer, input));
    from
}

/// Lists a subject at a centre without further ado.
pub(super) fn list(world: &mut World, peer: usize, number: Number<'_>, restriction_until: u32, publication_until: u32) -> ListingRef {
    list_as(world, peer, number, "〔2026〕1号", restriction_until, publication_until)
}

pub(super) fn list_as(
    world: &mut World,
    peer: usize,
    number: Number<'_>,
    decision_no: &str,
    restricted: u32,
    published: u32,
) -> ListingRef {
    let (centre, secret, listing) = (world.peers[peer].centre.clone(), secret(world, number), id(number, decision_no));
    let pepper = world.pepper().version;
    let place = Place { federation: world.charter.federation(), centre: &centre, listing: &listing, pepper };
    let finding = finding(number, restricted, published);
    let body = DecidedBody {
        suite: SUITE.to_owned(),
        listing,
        pepper,
        token: secret.token(),
        restriction_until: finding.restriction_until,
        publication_until: finding.publication_until,
        basis: Basis::Notified,
        authority: Digest([0; 32]),
        sealed: finding.seal(&mut world.rng, &secret, &place).unwrap(),
    };
    let entry = Statement::build(&mut world.rng, Kind::ListingDecided, world.now, Some(body.drop_after()), &body.to_bytes()).unwrap();
    ListingRef { index: append(world, peer, vec![entry]), centre }
}

/// Whose listing it is ends it.
pub(super) fn end(world: &mut World, place: &ListingRef, number: Number<'_>, change: Change) {
    let body = at(world, place).listing;
    changed(world, place, number, body, change, None);
}

/// Whose listing it is answers an objection.
pub(super) fn uphold(world: &mut World, place: &ListingRef, number: Number<'_>, objection: &ListingRef) {
    let answers = Some(ObjectionRef { centre: objection.centre.clone(), index: objection.index });
    let listing = at(world, place).listing;
    changed(world, place, number, listing, Change::Upheld, answers);
}

fn at(world: &World, place: &ListingRef) -> ListingRow {
    let peer = world.peers.iter().find(|peer| peer.centre == place.centre).unwrap();
    peer.shelf.listing(place).unwrap().unwrap()
}

fn changed(world: &mut World, place: &ListingRef, _: Number<'_>, listing: ListingId, change: Change, answers: Option<ObjectionRef>) {
    let suite = SUITE.to_owned();
    let body = ChangedBody { suite, listing, index: place.index, change, answers, successor: None, impersonated: false };
    let entry = Statement::build(&mut world.rng, Kind::ListingChanged, world.now, None, &body.to_bytes()).unwrap();
    let peer = world.peers.iter().position(|peer| peer.centre == place.centre).unwrap();
    append(world, peer, vec![entry]);
}

/// A member objects to the listing by the test's first decision about this subject, in that row.
pub(super) fn object(world: &mut World, peer: usize, place: &ListingRef, number: Number<'_>) -> ListingRef {
    let row = at(world, place);
    let same = row.token == secret(world, number).token();
    let body = ObjectedBody {
        suite: SUITE.to_owned(),
        centre: place.centre.clone(),
        index: place.index,
        listing: if same { row.listing } else { id(number, "another") },
        ground: Ground::Facts,
        text: None,
    };
    let entry = Statement::build(&mut world.rng, Kind::ListingObjected, world.now, None, &body.to_bytes()).unwrap();
    let centre = world.peers[peer].centre.clone();
    ListingRef { index: append(world, peer, vec![entry]), centre }
}

pub(super) fn is_hit(entry: &Entry) -> bool {
    Header::parse(&entry.header).unwrap().kind() == Some(Kind::ListingHit)
}

/// The teller's act, signed now.
pub(super) fn sign(world: &mut World, peer: usize, act: &Act) -> Request {
    let request = RequestId(world.rng.random());
    let (centre, federation) = (world.peers[peer].centre.clone(), world.charter.federation());
    let now = world.now.plus_ms(world.peers[peer].clock_off_ms);
    Request::Act(SignedAct::sign(&key(), &teller(), &centre, federation, now, request, act))
}

pub(super) fn ask(world: &mut World, peer: usize, act: &Act) -> Event {
    let request = sign(world, peer, act);
    let token = world.ask(peer, request);
    world.closing(peer, token).cloned().unwrap()
}

pub(super) fn refused(world: &mut World, peer: usize, act: Act, code: RefusalCode) -> Refusal {
    match ask(world, peer, &act) {
        Event::Refused { refusal, .. } => {
            assert_eq!(refusal.code, code);
            refusal
        }
        other => panic!("{other:?} instead of {code}"),
    }
}

fn applicant(row: usize, number: Number<'_>) -> Applicant {
    let (document_type, document_no) = (number.0.to_owned(), number.1.to_owned());
    Applicant { row: row as u64, document_type, document_no, business_no: "SL-2026-1".to_owned() }
}

pub(super) fn looking_up(number: Number<'_>) -> Act {
    Act::Lookup { applicant: applicant(0, number), matter: "loan".to_owned(), legal_basis: "regulation".to_owned() }
}

pub(super) fn lookup(world: &mut World, peer: usize, number: Number<'_>) -> LookupAnswer {
    match ask(world, peer, &looking_up(number)) {
        Event::Lookup(answer) => *answer,
        other => panic!("{other:?}"),
    }
}

pub(super) fn screening(numbers: &[Number<'_>]) -> Act {
    let applicants = numbers.iter().enumerate().map(|(i, number)| applicant(i + 1, *number)).collect();
    Act::Screen { applicants, matter: "loan".to_owned(), legal_basis: "regulation".to_owned() }
}

pub(super) fn screen(world: &mut World, peer: usize, numbers: &[Number<'_>]) -> ScreenPage {
    match ask(world, peer, &screening(numbers)) {
        Event::Screen(page) => *page,
        other => panic!("{other:?}"),
    }
}

pub(super) fn export(world: &mut World, peer: usize, cursor: Option<&str>, limit: usize) -> ExportPage {
    match ask(world, peer, &Act::Export { cursor: cursor.map(str::to_owned), limit }) {
        Event::Export(page) => *page,
        other => panic!("{other:?}"),
    }
}

/// Exports until there is no more, and one page further.
pub(super) fn follow(world: &mut World, peer: usize, cursor: Option<&str>, limit: usize) -> (Vec<ListingRef>, String) {
    let (mut read, mut page) = (Vec::new(), export(world, peer, cursor, limit));
    for _ in 0..1_000 {
        assert!(page.rows.len() <= limit);
        read.extend(page.rows.iter().map(|row| row.listing.clone()));
        if !page.more {
            return (read, page.cursor);
        }
        page = export(world, peer, Some(&page.cursor), limit);
    }
    panic!("an export that does not end");
}

pub(super) fn doubts(answer: &LookupAnswer) -> Vec<Option<Doubt>> {
    answer.centres.iter().map(|centre| centre.doubt).collect()
}

pub(super) fn audit(world: &World, peer: usize) -> Vec<AuditRow> {
    world.peers[peer].shelf.audit_rows(0, 10_000).unwrap()
}

/// Lookups used today, by the teller or by the centre.
pub(super) fn used(world: &World, peer: usize, by_teller: bool) -> u64 {
    let operator = teller();
    world.peers[peer].shelf.used(Day::of(world.now), by_teller.then_some(&operator)).unwrap()
}

/// A shelf that remembers what was read of it, and lets nothing be read that a lookup has no business with.
pub(super) struct Counting<'a> {
    shelf: &'a MemoryShelf,
    reads: RefCell<Vec<&'static str>>,
}

impl<'a> Counting<'a> {
    pub(super) fn over(shelf: &'a MemoryShelf) -> Self {
        Self { shelf, reads: RefCell::default() }
    }

    pub(super) fn reads(&self) -> Vec<&'static str> {
        self.reads.borrow().clone()
    }

    fn read<T>(&self, what: &'static str, answer: T) -> T {
        self.reads.borrow_mut().push(what);
        answer
    }
}

fn no<T>() -> Result<T, ShelfError> {
    Err(ShelfError::Failed("a lookup has no business with this".to_owned()))
}

#[rustfmt::skip]
impl House for Counting<'_> {
    fn operators(&self) -> Result<Vec<Operator>, ShelfError> { no() }
    fn operator(&self, _: &OperatorName) -> Result<Option<Operator>, ShelfError> { no() }
    fn audit_log(&self) -> Result<AuditLog, ShelfError> { no() }
    fn audit_has(&self, _: &RequestId) -> Result<bool, ShelfError> { no() }
    fn audit_rows(&self, _: u64, _: usize) -> Result<Vec<AuditRow>, ShelfError> { no() }
    fn audit_newest(&self, _: u64, _: usize, _: &AuditFilter) -> Result<Vec<AuditRow>, ShelfError> { no() }
    fn audit_commitments(&self, _: Option<u64>, _: usize) -> Result<Vec<AuditCommitment>, ShelfError> { no() }
}

#[rustfmt::skip]
impl Matters for Counting<'_> {
    fn matter(&self, _: &CentreCode, _: &str, _: Day) -> Result<Option<MatterRow>, ShelfError> { no() }
    fn matters(&self, _: &CentreCode, _: Option<(&str, Day)>, _: usize) -> Result<Vec<MatterRow>, ShelfError> { no() }
    fn matter_in_force(&self, _: &CentreCode, _: Day) -> Result<bool, ShelfError> { no() }
    fn matter_version(&self, _: &CentreCode, _: &str) -> Result<Option<u32>, ShelfError> { no() }
    fn catalogue(&self, _: &CentreCode) -> Result<Option<CatalogueRow>, ShelfError> { no() }
}

#[rustfmt::skip]
impl Dossiers for Counting<'_> {
    fn dossier(&self, _: &DossierRef) -> Result<Option<DossierRow>, ShelfError> { no() }
    fn dossiers_of(&self, _: &CentreCode, _: Option<DossierKind>, _: Option<&DossierRef>, _: usize) -> Result<Vec<DossierRow>, ShelfError> { no() }
    fn dossiers_about(&self, _: &str, _: usize) -> Result<Vec<DossierRow>, ShelfError> { no() }
    fn dossier_joins(&self, _: &DossierRef, _: &CentreCode, _: usize) -> Result<Vec<u64>, ShelfError> { no() }
    fn dossier_changes(&self, _: &DossierRef, _: &CentreCode, _: Option<u64>, _: usize) -> Result<Vec<u64>, ShelfError> { no() }
    fn dossier_rows(&self, _: &DossierRef) -> Result<u64, ShelfError> { no() }
    fn dossier_set_aside(&self, _: &DossierRef, _: usize) -> Result<Vec<Digest>, ShelfError> { no() }
    fn certificates_for(&self, _: &CentreCode, _: Option<&CertificateNumber>, _: usize) -> Result<Vec<CertificateRow>, ShelfError> { no() }
}

#[rustfmt::skip]
impl Lists for Counting<'_> {
    fn local_secret(&self) -> Result<Key, ShelfError> { no() }
    fn listing(&self, _: &ListingRef) -> Result<Option<ListingRow>, ShelfError> { no() }
    fn list_events(&self, _: &CentreCode, _: u64, _: usize) -> Result<Vec<(u64, ListingRef)>, ShelfError> { no() }
    fn acknowledged(&self, _: &CentreCode, _: u64) -> Result<Option<(u64, Time)>, ShelfError> { no() }
    fn acknowledged_most(&self, _: &CentreCode) -> Result<u64, ShelfError> { no() }
    fn cases_made(&self) -> Result<u64, ShelfError> { no() }
    fn case(&self, _: u64) -> Result<Option<CaseRecord>, ShelfError> { no() }
    fn case_of(&self, _: &ListingId) -> Result<Option<CaseRecord>, ShelfError> { no() }
    fn case_of_decision(&self, _: &Digest) -> Result<Option<CaseRecord>, ShelfError> { no() }
    fn cases_open(&self, _: Option<u64>, _: usize) -> Result<Vec<CaseRecord>, ShelfError> { no() }
    fn cases_due(&self, _: Time, _: usize) -> Result<Vec<CaseRecord>, ShelfError> { no() }
    fn import(&self, _: &Digest) -> Result<Option<ImportRecord>, ShelfError> { no() }
    fn imports_open(&self, _: usize) -> Result<Vec<ImportRecord>, ShelfError> { no() }
    fn imports_made(&self) -> Result<u64, ShelfError> { no() }
    fn staged(&self, _: u64, _: u64, _: usize) -> Result<Vec<(StagedRow, bool)>, ShelfError> { no() }
    fn staged_case(&self, _: u64, _: u64) -> Result<Option<Vec<u8>>, ShelfError> { no() }
    fn staged_listing(&self, _: u64, _: &ListingId) -> Result<Option<StagedRow>, ShelfError> { no() }
    fn staged_decision(&self, _: u64, _: &Digest) -> Result<Option<StagedRow>, ShelfError> { no() }
    fn is_known(&self, _: Option<u64>, _: &ListingId, _: &Digest, _: &ListingId) -> Result<bool, ShelfError> { no() }
    fn import_gone(&self, _: u64, _: usize) -> Result<(Vec<u64>, u64), ShelfError> { no() }
    fn hits_pending(&self, _: usize) -> Result<Vec<PendingHit>, ShelfError> { no() }
    fn hits_of(&self, _: &ListingId, _: usize) -> Result<Vec<HitRow>, ShelfError> { no() }
    fn impersonated(&self, _: &ListingId) -> Result<bool, ShelfError> { no() }
    fn used(&self, _: Day, _: Option<&OperatorName>) -> Result<u64, ShelfError> { no() }
    fn withheld_rows(&self, _: Option<(&CentreCode, u64)>, _: usize) -> Result<Vec<WithheldRow>, ShelfError> { no() }
    fn listings_of(&self, token: &SubjectToken, limit: usize) -> Result<Vec<ListingRow>, ShelfError> {
        self.read("listings_of", self.shelf.listings_of(token, limit))
    }
    fn objections(&self, about: &ListingRef, listing: &ListingId, limit: usize) -> Result<Vec<ObjectionRow>, ShelfError> {
        self.read("objections", self.shelf.objections(about, listing, limit))
    }
    fn standing_under(&self, _: Day) -> Result<Vec<StandingUnder>, ShelfError> { no() }
    fn standing_before(&self, _: &CentreCode, _: u64, _: u64, _: Day, _: usize) -> Result<Vec<ListingRow>, ShelfError> { no() }
    fn withheld(&self, centre: &CentreCode) -> Result<bool, ShelfError> {
        self.read("withheld", self.shelf.withheld(centre))
    }
}

#[rustfmt::skip]
impl Deposits for Counting<'_> {
    fn deposit(&self, _: &DepositToken) -> Result<Option<Deposit>, ShelfError> { no() }
    fn deposit_of(&self, _: &Thumbprint, _: &GrantId) -> Result<Option<DepositToken>, ShelfError> { no() }
    fn deposits(&self, _: Option<&Thumbprint>) -> Result<u64, ShelfError> { no() }
    fn deposits_over(&self, _: Time, _: usize) -> Result<Vec<DepositToken>, ShelfError> { no() }
    fn accesses_to(&self, _: &CertificateNumber, _: Option<(&CentreCode, u64)>, _: usize) -> Result<Vec<(CentreCode, u64)>, ShelfError> { no() }
}

#[rustfmt::skip]
impl Charters for Counting<'_> {
    fn charter_links(&self, _: u64, _: usize) -> Result<Vec<LinkRow>, ShelfError> { no() }
    fn votes(&self, _: u64, _: usize) -> Result<Vec<VoteRecord>, ShelfError> { no() }
    fn epoch_copy(&self, _: u64) -> Result<Option<Vec<u8>>, ShelfError> { no() }
    fn charter_frozen(&self) -> Result<Option<LinkRow>, ShelfError> { no() }
    fn deeds(&self, _: u64) -> Result<Vec<DeedRow>, ShelfError> { no() }
    fn invites(&self) -> Result<Vec<InviteRow>, ShelfError> { no() }
}

#[rustfmt::skip]
impl Cosignatures for Counting<'_> {
    fn cosignatures(&self, _: &CentreCode) -> Result<Vec<CosignatureRow>, ShelfError> { no() }
    fn cosignature(&self, _: &CentreCode, _: &CentreCode) -> Result<Option<CosignatureRow>, ShelfError> { no() }
}

#[rustfmt::skip]
impl Forks for Counting<'_> {
    fn fork(&self, _: &CentreCode) -> Result<Option<ForkRow>, ShelfError> { no() }
    fn fork_reports(&self, _: &CentreCode, _: usize) -> Result<Vec<ForkReport>, ShelfError> { no() }
    fn cuts(&self, _: &CentreCode) -> Result<u64, ShelfError> { no() }
    fn cut_below(&self, _: &CentreCode, _: u64, _: u64) -> Result<bool, ShelfError> { no() }
    fn beside(&self) -> Result<Vec<(CentreCode, u64)>, ShelfError> { no() }
    fn listing_ended_beside(&self, _: &CentreCode, _: &crate::names::ListingId) -> Result<Option<crate::listing::Change>, ShelfError> { no() }
    fn listings_ended_beside(&self, _: &CentreCode, _: u64, _: usize) -> Result<Vec<ListingRef>, ShelfError> { no() }
    fn grant_revoked_here(&self, _: &GrantId, _: &Thumbprint) -> Result<Option<Time>, ShelfError> { no() }
    fn holder_ended_here(&self, _: &Thumbprint, _: &CertificateNumber) -> Result<Option<Time>, ShelfError> { no() }
    fn objections_beside(&self, _: &ListingRef, _: &crate::names::ListingId, _: usize) -> Result<u64, ShelfError> { no() }
}

#[rustfmt::skip]
impl Outbox for Counting<'_> {
    fn outbox(&self, _: &RequestId) -> Result<Option<OutboxRow>, ShelfError> { no() }
    fn outbox_waiting(&self, _: &CentreCode, _: usize) -> Result<Vec<OutboxRow>, ShelfError> { no() }
    fn outbox_page(&self, _: Option<(Time, RequestId)>, _: usize) -> Result<Vec<OutboxRow>, ShelfError> { no() }
    fn outbox_count(&self) -> Result<u64, ShelfError> { no() }
    fn outbox_over(&self, _: Time, _: Time, _: usize) -> Result<(Vec<RequestId>, Vec<RequestId>), ShelfError> { no() }
}

#[rustfmt::skip]
impl Shelf for Counting<'_> {
    fn journal(&self, centre: &CentreCode) -> Result<JournalState, ShelfError> {
        self.read("journal", self.shelf.journal(centre))
    }
    fn entries(&self, centre: &CentreCode, from: u64, max_rows: u64, max_bytes: usize) -> Result<Vec<Entry>, ShelfError> {
        self.read("entries", self.shelf.entries(centre, from, max_rows, max_bytes))
    }
    fn subtree(&self, _: &CentreCode, _: u8, _: u64) -> Result<Digest, ShelfError> { no() }
    fn certificate(&self, _: &CertificateNumber) -> Result<Option<CertificateRow>, ShelfError> { no() }
    fn certificate_of_holder(&self, _: &Thumbprint, _: &CentreCode) -> Result<Option<CertificateRow>, ShelfError> { no() }
    fn holder_ended(&self, _: &Thumbprint, _: Option<&CertificateNumber>) -> Result<Option<Time>, ShelfError> { no() }
    fn certificates(&self, _: &CentreCode, _: Option<&CertificateNumber>, _: usize) -> Result<Vec<CertificateRow>, ShelfError> { no() }
    fn certificate_count(&self, _: &CentreCode, _: &str) -> Result<u64, ShelfError> { no() }
    fn grant_uses(&self, _: &CentreCode, _: &GrantId, _: Option<u64>) -> Result<u32, ShelfError> { no() }
    fn answered(&self, _: &CentreCode, _: &RequestId) -> Result<Option<crate::shelf::AnsweredRow>, ShelfError> { no() }
    fn grant_revoked(&self, _: &GrantId, _: &Thumbprint) -> Result<Option<Time>, ShelfError> { no() }
    fn access(&self, _: &CentreCode, _: &RequestId) -> Result<Option<AccessRow>, ShelfError> { no() }
    fn issued_by(&self, _: &RequestId) -> Result<Option<IssuedRecord>, ShelfError> { no() }
    fn issued(&self, _: &CertificateNumber) -> Result<Option<IssuedRecord>, ShelfError> { no() }
    fn erased(&self, _: &CentreCode, _: u64) -> Result<bool, ShelfError> { no() }
    fn damaged(&self, _: usize) -> Result<Vec<(CentreCode, u64)>, ShelfError> { no() }
    fn droppable(&self, _: Time, _: usize) -> Result<Vec<(CentreCode, u64)>, ShelfError> { no() }
    fn faults(&self) -> Result<Vec<(StationKey, FaultCode, u64)>, ShelfError> { no() }
}
