//! A case goes its way between centres: from the proposal to the listing, and off it again.

use super::world::{START, World};
use crate::audit::AuditAction;
use crate::desk::{Act, CaseLine, CaseRef, CaseView, Event, ExportRow, Proposal, Request};
use crate::error::{Refusal, RefusalCode};
use crate::journal::{Header, Kind};
use crate::listing::case::{Case, CaseState, Move, authority};
use crate::listing::catalogue::Catalogue;
use crate::listing::finding::Place;
use crate::listing::import::{ImportRow, RowsDigest};
use crate::listing::objected::OBJECTIONS_PER_DAY;
use crate::listing::status::Standing;
use crate::listing::{Change, Day, DecidedBody, Document, DocumentType, Finding, Ground, SubjectSecret};
use crate::names::{CaseNumber, Digest, ListingRef, RequestId};
use crate::node::{Effect, Input};
use crate::operator::{Operator, OperatorName, Role, SealedKey, SignedAct};
use crate::seal::Key;
use crate::shelf::{AuditFilter, House, HouseWrite, Lists, Shelf, Write};
use crate::sign::SecretKey;
use crate::time::{DAY_MS, SECOND_MS};
use rand::RngExt;

const NUMBER: &str = "460199198409159519";

fn key(name: &str) -> SecretKey {
    let mut seed = [5; 32];
    seed[..name.len()].copy_from_slice(name.as_bytes());
    SecretKey::from_key(Key::from_bytes(seed))
}

fn hire(world: &mut World, peer: usize, name: &str, role: Role) {
    let operator = Operator {
        name: OperatorName::new(name).unwrap(),
        display: name.to_owned(),
        staff_no: format!("{name}-{peer}"),
        role,
        key: key(name).public(),
        sealed: SealedKey { salt: vec![1; 16], memory_kib: 8, passes: 1, sealed: vec![1; 72] },
        created: world.now,
        disabled: None,
    };
    world.peers[peer].shelf.apply(&Write::House(HouseWrite::Operator(operator))).unwrap();
}

/// A federation whose centres have a teller and two reviewers each.
fn staffed(seed: u64, size: usize) -> World {
    let mut world = World::new(seed, size);
    for peer in 0..size {
        for (name, role) in [("teller", Role::Teller), ("reviewer", Role::Reviewer), ("second", Role::Reviewer)] {
            hire(&mut world, peer, name, role);
        }
    }
    world.run_for(SECOND_MS);
    world
}

fn ask(world: &mut World, peer: usize, name: &str, act: &Act) -> Event {
    let (centre, federation) = (world.peers[peer].centre.clone(), world.charter.federation().clone());
    let (name, request) = (OperatorName::new(name).unwrap(), RequestId(world.rng.random()));
    let signed = SignedAct::sign(&key(name.as_str()), &name, &centre, &federation, world.now, request, act);
    let token = world.ask(peer, Request::Act(signed));
    world.closing(peer, token).unwrap().clone()
}

fn case(world: &mut World, peer: usize, name: &str, act: &Act) -> CaseView {
    match ask(world, peer, name, act) {
        Event::Case(view) => *view,
        other => panic!("{other:?}"),
    }
}

fn refused(world: &mut World, peer: usize, name: &str, act: &Act) -> Refusal {
    match ask(world, peer, name, act) {
        Event::Refused { refusal, .. } => refusal,
        other => panic!("{other:?}"),
    }
}

fn proposal(decision: &str) -> Proposal {
    let text = str::to_owned;
    let row = ImportRow {
        row: 0,
        subject_kind: text("person"),
        name: text("史霞玲"),
        document_type: text("01"),
        document_no: text(NUMBER),
        conduct: text("骗提"),
        level: text("一般"),
        decision_no: text(decision),
        decision_day: text("2026-11-01"),
        legal_basis: text("住房公积金管理条例第三十七条"),
        measures: vec![text("限制提取")],
        restriction_until: text("2027-11-01"),
        publication_until: text("2027-02-01"),
        remark: String::new(),
    };
    Proposal { row, decision_sha256: Digest([9; 32]), legal_basis_version: None, again: None, impersonation_checked: false }
}

fn propose(decision: &str) -> Act {
    Act::Propose(Box::new(proposal(decision)))
}

fn review(case: &CaseNumber, approve: bool) -> Act {
    Act::Review { case: case.clone(), approve, reason: "材料齐全".to_owned() }
}

fn notify(case: &CaseNumber, waiver: bool) -> Act {
    Act::Notify {
        case: case.clone(), day: "2026-11-21".to_owned(), how: "当面送达".to_owned(), waiver: waiver.then_some(Digest([8; 32]))
    }
}

fn object(about: CaseRef) -> Act {
    Act::Object { about, ground: "facts".to_owned(), text: "那天我不在海口".to_owned() }
}

fn answer(about: CaseRef, uphold: bool) -> Act {
    Act::Answer { about, uphold, reason: "已核实".to_owned() }
}

fn withdraw(about: CaseRef, impersonated: bool) -> Act {
    Act::Withdraw { about, reason: "认定有误".to_owned(), impersonated }
}

fn repair(about: CaseRef) -> Act {
    Act::Repair { about, decision: "信用修复〔2026〕1号".to_owned(), reason: "已退回".to_owned() }
}

/// Proposed and reviewed at peer 0.
fn reviewed(world: &mut World, decision: &str) -> CaseNumber {
    let number = case(world, 0, "teller", &propose(decision)).line.case;
    case(world, 0, "reviewer", &review(&number, true));
    number
}

/// Listed at peer 0 at once, by a waiver, and everywhere a second later.
fn listed(world: &mut World, decision: &str) -> (CaseNumber, ListingRef) {
    let number = reviewed(world, decision);
    case(world, 0, "second", &notify(&number, true));
    world.run_for(SECOND_MS);
    let line = show(world, &number).line;
    assert_eq!(line.state, CaseState::Listed);
    (number, line.listing.unwrap())
}

fn show(world: &mut World, number: &CaseNumber) -> CaseView {
    case(world, 0, "teller", &Act::CaseShow { about: CaseRef::Case(number.clone()), unmask: None })
}

fn queue(world: &mut World) -> Vec<CaseLine> {
    match ask(world, 0, "reviewer", &Act::Queue { after: None, limit: 9 }) {
        Event::Cases { cases, .. } => cases,
        other => panic!("{other:?}"),
    }
}

fn stands(world: &mut World, peer: usize, place: &ListingRef) -> ExportRow {
    match ask(world, peer, "teller", &Act::CaseShow { about: CaseRef::Listing(place.clone()), unmask: None }) {
        Event::Listing(row) => *row,
        other => panic!("{other:?}"),
    }
}

fn kinds(world: &World, peer: usize) -> Vec<Kind> {
    let p = &world.peers[peer];
    let rows = p.shelf.entries(&p.centre, 0, 1_000, usize::MAX).unwrap();
    let listing = |kind: &Kind| [Kind::ListingDecided, Kind::ListingChanged, Kind::ListingObjected].contains(kind);
    rows.iter().filter_map(|row| Header::parse(&row.header).unwrap().kind()).filter(listing).collect()
}

fn stored(world: &World, number: &CaseNumber) -> Case {
    let record = world.peers[0].shelf.case(number.serial).unwrap().unwrap();
    serde_json::from_slice(&record.case).unwrap()
}

#[test]
fn a_case_goes_the_whole_way_and_is_listed_when_its_period_has_ended() {
    let mut world = staffed(301, 2);
    let drafted = case(&mut world, 0, "teller", &propose("决7号"));
    assert_eq!((drafted.line.state, drafted.line.waits_for), (CaseState::Drafted, Some(Role::Reviewer)));
    assert_eq!((drafted.name.as_str(), drafted.document_no.as_str()), ("史**", "460***********9519"));
    let number = drafted.line.case;
    assert_eq!(number.to_string(), "C46010-A1");
    case(&mut world, 0, "reviewer", &review(&number, true));
    let notified = case(&mut world, 0, "teller", &notify(&number, false));
    let until = "2026-12-01".parse::<Day>().unwrap().end();
    assert_eq!((notified.line.waits_for, notified.line.until), (None, Some(until)));
    world.now = until.plus_ms(-SECOND_MS);
    world.run_for(SECOND_MS);
    assert_eq!(show(&mut world, &number).line.state, CaseState::Notified);
    world.run_for(2 * SECOND_MS);
    let line = show(&mut world, &number).line;
    assert_eq!((line.state, kinds(&world, 0)), (CaseState::Listed, vec![Kind::ListingDecided]));
    // What is published says who decided, and opens for who has the number.
    let (place, kept) = (line.listing.unwrap(), stored(&world, &number));
    let entry = world.peers[1].shelf.entries(&place.centre, place.index, 1, usize::MAX).unwrap().remove(0);
    let (header, body) = (Header::parse(&entry.header).unwrap(), DecidedBody::parse(entry.body().unwrap()).unwrap());
    assert_eq!((header.drop_after(), body.authority), (Some(body.drop_after()), authority(&kept)));
    let pepper = world.pepper();
    let document = Document::new(DocumentType::ResidentCard, NUMBER, Day::of(START).date()).unwrap();
    let secret = SubjectSecret::derive(&pepper, &document).unwrap();
    let place = Place { federation: world.charter.federation(), centre: &place.centre, listing: &body.listing, pepper: body.pepper };
    let finding = Finding::open(&secret, &place, &body.sealed).unwrap();
    assert_eq!((finding.notified, finding.objection_until), ("2026-11-21".parse().ok(), "2026-12-01".parse().ok()));
    world.run_for(SECOND_MS);
    assert_eq!(kinds(&world, 0).len(), 1, "once");
}

#[test]
fn one_person_alone_gets_nobody_listed() {
    let mut world = staffed(302, 2);
    let number = case(&mut world, 0, "teller", &propose("决7号")).line.case;
    assert_eq!(refused(&mut world, 0, "teller", &review(&number, true)).code, RefusalCode::RoleMissing);
    hire(&mut world, 0, "teller", Role::Reviewer);
    assert_eq!(refused(&mut world, 0, "teller", &review(&number, true)).code, RefusalCode::SecondPersonNeeded);
    case(&mut world, 0, "reviewer", &review(&number, true));
    assert_eq!(refused(&mut world, 0, "teller", &notify(&number, true)).code, RefusalCode::SecondPersonNeeded);
    world.run_for(5 * SECOND_MS);
    assert_eq!((show(&mut world, &number).line.state, kinds(&world, 0)), (CaseState::Reviewed, Vec::new()));
    // Who tried is on record.
    let rows = world.peers[0].shelf.audit_newest(u64::MAX, 99, &AuditFilter::default()).unwrap();
    let told = |action, outcome: &str| rows.iter().any(|r| r.action == action && r.outcome == outcome && r.about == "C46010-A1");
    assert!(told(AuditAction::Propose, "done") && told(AuditAction::Review, "second-person-needed"));
    assert!(told(AuditAction::Notify, "second-person-needed"));
}

#[test]
fn a_decision_has_one_case_and_a_number_has_one_decision() {
    let mut world = staffed(303, 2);
    let number = case(&mut world, 0, "teller", &propose("决7号")).line.case;
    let exists = refused(&mut world, 0, "teller", &propose("决7号"));
    assert_eq!(exists, Refusal::about(RefusalCode::CaseExists, "C46010-A1"));
    let mut other = proposal("决7号");
    (other.row.document_no, other.row.conduct) = ("46010019900307123X".to_owned(), "骗贷".to_owned());
    other.row.document_no = crate::facts::identity::resident_id("460100900307123", Day::of(START).date()).unwrap();
    let reused = refused(&mut world, 0, "teller", &Act::Propose(Box::new(other.clone())));
    assert_eq!(reused, Refusal::about(RefusalCode::DecisionReused, "C46010-A1"));
    other.row.conduct = "骗提".to_owned();
    assert_eq!(case(&mut world, 0, "teller", &Act::Propose(Box::new(other))).line.case.serial, 2);
    case(&mut world, 0, "reviewer", &review(&number, false));
    let mut again = proposal("决7号");
    (again.again, again.row.conduct) = (Some(number.clone()), "骗贷".to_owned());
    assert_eq!(refused(&mut world, 0, "teller", &Act::Propose(Box::new(again.clone()))).code, RefusalCode::DecisionReused);
    (again.row.conduct, again.row.level) = ("骗提".to_owned(), "严重".to_owned());
    let view = case(&mut world, 0, "teller", &Act::Propose(Box::new(again)));
    let before = view.before.clone().unwrap();
    assert_eq!((before.name.as_deref(), before.name_differs), (Some(view.name.as_str()), false), "masked like the one of now");
    assert_eq!((before.finding.level.label.as_str(), before.finding.decision_no.as_str()), ("一般", "决7号"));
    assert_eq!((view.line.case, view.line.state, view.finding.level.label.as_str()), (number, CaseState::Drafted, "严重"));
}

#[test]
fn a_name_that_was_changed_is_told_although_both_look_the_same_masked_and_what_was_before_is_shown_in_plain_for_a_reason_only() {
    let mut world = staffed(311, 2);
    let first = case(&mut world, 0, "teller", &propose("决7号"));
    assert_eq!(first.before, None, "nothing was before");
    let number = first.line.case;
    case(&mut world, 0, "reviewer", &review(&number, false));
    let mut again = proposal("决7号");
    let old = again.row.name.clone();
    let first_character = old.chars().next().unwrap();
    let others = "云".repeat(old.chars().count() - 1);
    (again.again, again.row.name) = (Some(number.clone()), format!("{first_character}{others}"));
    let view = case(&mut world, 0, "teller", &Act::Propose(Box::new(again)));
    let before = view.before.unwrap();
    assert_eq!((before.name.as_deref(), before.name_differs), (Some(view.name.as_str()), true));
    let about = CaseRef::Case(number);
    let plain = case(&mut world, 0, "reviewer", &Act::CaseShow { about, unmask: Some("核对姓名".to_owned()) });
    assert_eq!(plain.before.and_then(|before| before.name), Some(old));
}

#[test]
fn an_objection_in_time_stops_the_listing_until_it_is_answered() {
    let mut world = staffed(304, 2);
    let number = reviewed(&mut world, "决7号");
    case(&mut world, 0, "teller", &notify(&number, false));
    case(&mut world, 0, "teller", &object(CaseRef::Case(number.clone())));
    world.now = START.plus_ms(30 * DAY_MS);
    world.run_for(5 * SECOND_MS);
    let line = queue(&mut world).remove(0);
    assert_eq!((line.state, line.waits_for), (CaseState::Objected, Some(Role::Reviewer)));
    assert_eq!(kinds(&world, 0), Vec::new(), "before the listing an objection stays at home");
    case(&mut world, 0, "reviewer", &answer(CaseRef::Case(number.clone()), true));
    world.run_for(5 * SECOND_MS);
    assert_eq!(kinds(&world, 0), Vec::new(), "not on the day of the answer");
    world.now = world.now.plus_ms(DAY_MS);
    world.run_for(2 * SECOND_MS);
    assert_eq!(kinds(&world, 0), vec![Kind::ListingDecided]);
}

#[test]
fn what_is_withdrawn_before_the_listing_never_reaches_the_journal() {
    let mut world = staffed(305, 2);
    let number = reviewed(&mut world, "决7号");
    case(&mut world, 0, "teller", &notify(&number, false));
    let view = case(&mut world, 0, "reviewer", &withdraw(CaseRef::Case(number), false));
    assert_eq!((view.line.state, view.line.waits_for, view.line.until), (CaseState::Withdrawn, None, None));
    world.now = START.plus_ms(30 * DAY_MS);
    world.run_for(5 * SECOND_MS);
    assert_eq!((kinds(&world, 0), queue(&mut world)), (Vec::new(), Vec::new()));
}

#[test]
fn a_case_under_derivation_is_asked_for_once_and_again_by_the_node_that_takes_this_ones_place() {
    let mut world = staffed(306, 2);
    let number = reviewed(&mut world, "决7号");
    case(&mut world, 0, "second", &notify(&number, true));
    world.now = world.now.plus_ms(SECOND_MS);
    let derived = |effects: Vec<Effect>| effects.iter().filter(|e| matches!(e, Effect::Derive { .. })).count();
    assert_eq!(derived(world.feed_raw(0, Input::Tick)), 1);
    assert_eq!(derived(world.feed_raw(0, Input::Tick)), 0);
    let kept = world.peers[0].kept.clone();
    world.peers[0].node = world.peers[0].node.successor();
    world.feed(0, Input::Started { kept });
    world.run_for(SECOND_MS);
    assert_eq!((show(&mut world, &number).line.state, kinds(&world, 0)), (CaseState::Listed, vec![Kind::ListingDecided]));
}

#[test]
fn a_step_taken_while_the_secret_is_derived_is_not_overtaken_by_the_listing() {
    let mut world = staffed(307, 2);
    let number = reviewed(&mut world, "决7号");
    case(&mut world, 0, "second", &notify(&number, true));
    world.now = world.now.plus_ms(SECOND_MS);
    let effects = world.feed_raw(0, Input::Tick);
    let Some(Effect::Derive { job, work }) = effects.into_iter().find(|e| matches!(e, Effect::Derive { .. })) else { panic!() };
    case(&mut world, 0, "teller", &object(CaseRef::Case(number.clone())));
    let secrets = work.iter().map(|(pepper, document)| SubjectSecret::derive(pepper, document).ok()).collect();
    world.feed(0, Input::Derived { job, secrets });
    world.run_for(5 * SECOND_MS);
    assert_eq!((show(&mut world, &number).line.state, kinds(&world, 0)), (CaseState::Objected, Vec::new()));
}

#[test]
fn a_store_that_forgot_a_listing_does_not_publish_it_twice() {
    let mut world = staffed(308, 2);
    let number = reviewed(&mut world, "决7号");
    case(&mut world, 0, "second", &notify(&number, true));
    let before = world.peers[0].shelf.case(1).unwrap().unwrap();
    world.run_for(2 * SECOND_MS);
    assert_eq!(kinds(&world, 0).len(), 1);
    world.peers[0].shelf.apply(&Write::List(crate::shelf::ListWrite::Case(before))).unwrap();
    world.run_for(2 * SECOND_MS);
    assert_eq!((show(&mut world, &number).line.state, kinds(&world, 0).len()), (CaseState::Listed, 1));
}

#[test]
fn an_objection_at_another_centre_disputes_the_listing_everywhere_and_is_upheld_everywhere() {
    let mut world = staffed(309, 3);
    let (number, place) = listed(&mut world, "决7号");
    world.run_for(5 * SECOND_MS);
    let Event::Listing(row) = ask(&mut world, 1, "teller", &object(CaseRef::Listing(place.clone()))) else { panic!() };
    assert_eq!((row.standing, row.open_objections), (Standing::Disputed, 1));
    world.run_for(SECOND_MS);
    for peer in 1..3 {
        assert_eq!(stands(&mut world, peer, &place).standing, Standing::Disputed, "{peer}");
    }
    let line = queue(&mut world).remove(0);
    assert_eq!((line.case.clone(), line.state, line.waits_for), (number.clone(), CaseState::Disputed, Some(Role::Reviewer)));
    let said = stored(&world, &number).steps.pop().unwrap();
    assert!(matches!(&said.what, Move::Object { ground: Ground::Facts, text, .. } if text == "那天我不在海口"));
    // And one of its own, so that the answer has two to name.
    case(&mut world, 0, "teller", &object(CaseRef::Listing(place.clone())));
    let view = case(&mut world, 0, "reviewer", &answer(CaseRef::Listing(place.clone()), true));
    assert_eq!(view.line.state, CaseState::Upheld);
    world.run_for(5 * SECOND_MS);
    let listing = stored(&world, &number).listing;
    for peer in 0..3 {
        let objections = world.peers[peer].shelf.objections(&place, &listing, 9).unwrap();
        assert!(objections.len() == 2 && objections.iter().all(|o| o.answered.is_some()), "{peer}");
    }
    assert_eq!(stands(&mut world, 2, &place).standing, Standing::Upheld);
    assert_eq!(queue(&mut world), Vec::new());
}

#[test]
fn what_is_withdrawn_or_repaired_stops_everywhere_within_seconds_and_at_once_on_return() {
    let mut world = staffed(310, 3);
    let (first, withdrawn) = listed(&mut world, "决7号");
    let (second, repaired) = listed(&mut world, "决8号");
    world.run_for(5 * SECOND_MS);
    world.set_up(2, false);
    let view = case(&mut world, 0, "reviewer", &withdraw(CaseRef::Case(first.clone()), false));
    assert_eq!((view.line.state, view.line.listing), (CaseState::Withdrawn, Some(withdrawn.clone())));
    assert_eq!(case(&mut world, 0, "reviewer", &repair(CaseRef::Case(second))).line.state, CaseState::Repaired);
    world.run_for(5 * SECOND_MS);
    let ended = |world: &World, peer: usize, place: &ListingRef| {
        let row = world.peers[peer].shelf.listing(place).unwrap().unwrap();
        let payload = world.peers[peer].shelf.entries(&place.centre, place.index, 1, usize::MAX).unwrap().remove(0).payload;
        (row.ended.map(|end| end.change), payload.is_none())
    };
    for peer in 0..2 {
        assert_eq!(ended(&world, peer, &withdrawn), (Some(Change::Withdrawn), true), "{peer}");
        assert_eq!(ended(&world, peer, &repaired), (Some(Change::Repaired), true), "{peer}");
    }
    world.set_up(2, true);
    world.run_for(10 * SECOND_MS);
    assert_eq!(ended(&world, 2, &withdrawn), (Some(Change::Withdrawn), true));
    world.now = world.now.plus_ms(40 * DAY_MS);
    world.run_for(5 * SECOND_MS);
    let decided = |kinds: Vec<Kind>| kinds.into_iter().filter(|kind| *kind == Kind::ListingDecided).count();
    assert_eq!(decided(kinds(&world, 0)), 2, "what ended is not listed again");
    assert_eq!(refused(&mut world, 0, "teller", &propose("决7号")).code, RefusalCode::CaseExists);
    assert_eq!(refused(&mut world, 0, "reviewer", &repair(CaseRef::Case(first))).detail.as_deref(), Some("withdrawn"));
    let refusal = refused(&mut world, 1, "teller", &object(CaseRef::Listing(withdrawn)));
    assert_eq!(refusal, Refusal::about(RefusalCode::StepNotAllowed, "withdrawn"));
}

#[test]
fn who_was_impersonated_once_is_proposed_again_only_by_who_looked_at_that() {
    let mut world = staffed(311, 2);
    let (number, place) = listed(&mut world, "决7号");
    let view = case(&mut world, 0, "reviewer", &withdraw(CaseRef::Case(number), true));
    assert!(view.impersonated);
    world.run_for(2 * SECOND_MS);
    assert!(world.peers[1].shelf.listing(&place).unwrap().unwrap().ended.unwrap().impersonated);
    let refusal = refused(&mut world, 0, "teller", &propose("决8号"));
    assert_eq!(refusal, Refusal::about(RefusalCode::StepNotAllowed, "impersonation"));
    let checked = Proposal { impersonation_checked: true, ..proposal("决8号") };
    assert_eq!(case(&mut world, 0, "teller", &Act::Propose(Box::new(checked))).line.state, CaseState::Drafted);
}

#[test]
fn a_centre_objects_so_often_a_day_and_a_restart_forgets_nothing_of_it() {
    let mut world = staffed(312, 2);
    let (_, place) = listed(&mut world, "决7号");
    world.run_for(2 * SECOND_MS);
    for _ in 0..OBJECTIONS_PER_DAY {
        assert!(matches!(ask(&mut world, 1, "teller", &object(CaseRef::Listing(place.clone()))), Event::Listing(_)));
    }
    world.set_up(1, false);
    world.set_up(1, true);
    world.run_for(2 * SECOND_MS);
    assert_eq!(refused(&mut world, 1, "teller", &object(CaseRef::Listing(place.clone()))).code, RefusalCode::TooManyRequests);
    world.now = world.now.plus_ms(DAY_MS);
    world.run_for(2 * SECOND_MS);
    assert!(matches!(ask(&mut world, 1, "teller", &object(CaseRef::Listing(place))), Event::Listing(_)));
    let unknown = ListingRef { centre: world.peers[0].centre.clone(), index: 99 };
    assert_eq!(refused(&mut world, 1, "teller", &object(CaseRef::Listing(unknown))).code, RefusalCode::CaseUnknown);
}

#[test]
fn the_subject_is_shown_in_plain_to_who_gives_a_reason_and_the_reason_is_kept() {
    let mut world = staffed(313, 2);
    let number = case(&mut world, 0, "teller", &propose("决7号")).line.case;
    assert_eq!(show(&mut world, &number).name, "史**");
    let shown = |unmask: &str| Act::CaseShow { about: CaseRef::Case(number.clone()), unmask: Some(unmask.to_owned()) };
    assert_eq!(refused(&mut world, 0, "teller", &shown(" ")).detail.as_deref(), Some("unmask"));
    let view = case(&mut world, 0, "teller", &shown("核对证件"));
    assert_eq!((view.name.as_str(), view.document_no.as_str()), ("史霞玲", NUMBER));
    let rows = world.peers[0].shelf.audit_newest(u64::MAX, 9, &AuditFilter::default()).unwrap();
    assert!(rows.iter().any(|row| row.action == AuditAction::Show && row.about == "C46010-A1 核对证件" && row.outcome == "done"));
    assert!(rows.iter().all(|row| !row.about.contains(NUMBER) && !row.about.contains("史霞玲")));
}

/// One row, staged by the teller and approved by the reviewer.
fn imported(world: &mut World) -> CaseNumber {
    let (file, mut row) = (Digest([4; 32]), proposal("决9号").row);
    row.row = 1;
    let digest = RowsDigest::default().after(&row.check(&Catalogue::default(), Day::of(world.now)).unwrap()).0;
    let staging =
        [Act::ImportBegin { file }, Act::ImportRows { file, rows: vec![row], dry_run: false }, Act::ImportFinish { file, rows: 1, digest }];
    for act in &staging {
        assert!(matches!(ask(world, 0, "teller", act), Event::Import(_)), "{act:?}");
    }
    let approved = ask(world, 0, "reviewer", &Act::ImportApprove { file, rows: 1, digest });
    assert!(matches!(approved, Event::Import(_)), "{approved:?}");
    world.run_for(2 * SECOND_MS);
    CaseNumber { centre: world.peers[0].centre.clone(), serial: 1 }
}

#[test]
fn what_was_imported_is_disputed_answered_and_repaired_by_a_second_person_like_what_was_proposed() {
    let mut world = staffed(314, 2);
    let number = imported(&mut world);
    let view = show(&mut world, &number);
    assert_eq!((view.line.state, view.steps.len(), kinds(&world, 0)), (CaseState::Listed, 1, vec![Kind::ListingDecided]));
    let place = view.line.listing.unwrap();
    assert!(matches!(ask(&mut world, 1, "teller", &object(CaseRef::Listing(place.clone()))), Event::Listing(_)));
    world.run_for(SECOND_MS);
    assert_eq!(queue(&mut world).remove(0).state, CaseState::Disputed);
    hire(&mut world, 0, "teller", Role::Reviewer);
    for act in [answer(CaseRef::Case(number.clone()), true), repair(CaseRef::Case(number.clone()))] {
        assert_eq!(refused(&mut world, 0, "teller", &act).code, RefusalCode::SecondPersonNeeded);
    }
    assert_eq!(case(&mut world, 0, "second", &answer(CaseRef::Listing(place.clone()), true)).line.state, CaseState::Upheld);
    world.run_for(SECOND_MS);
    let view = case(&mut world, 0, "second", &repair(CaseRef::Case(number)));
    assert_eq!((view.line.state, view.line.listing), (CaseState::Repaired, Some(place)));
    assert_eq!(kinds(&world, 0), vec![Kind::ListingDecided, Kind::ListingChanged, Kind::ListingChanged]);
}
