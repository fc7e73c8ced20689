//! No way around two people, a document and a notice: by hand, and by trying everything.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::desk::{Act, CaseRef, Proposal};
use crate::error::{Refusal, RefusalCode};
use crate::journal::hash;
use crate::listing::catalogue::Catalogue;
use crate::listing::import::ImportRow;
use crate::names::{CaseNumber, CentreCode, FederationName, RequestId};
use crate::operator::{Operator, ProvenAct, Role, SealedKey};
use crate::seal::Key;
use crate::sign::SecretKey;
use crate::time::DAY_MS;

/// 2026-11-21 10:00 in Haikou.
const NOW: Time = Time(1_795_226_400_000);

fn centre() -> CentreCode {
    CentreCode::new("C46010").unwrap()
}

fn operator(name: &str, role: Role) -> (SecretKey, Operator) {
    let mut seed = [7; 32];
    seed[..name.len()].copy_from_slice(name.as_bytes());
    let key = SecretKey::from_key(Key::from_bytes(seed));
    let sealed = SealedKey { salt: Vec::new(), memory_kib: 8, passes: 1, sealed: Vec::new() };
    let (display, staff_no) = (String::new(), String::new());
    let name = OperatorName::new(name).unwrap();
    (key.clone(), Operator { name, display, staff_no, role, key: key.public(), sealed, created: NOW, disabled: None })
}

/// `act`, asked for by an operator of this name who has this role now.
fn by(name: &str, role: Role, act: &Act, now: Time) -> ProvenAct {
    let ((key, operator), federation) = (operator(name, role), FederationName::new("test").unwrap());
    let signed = SignedAct::sign(&key, &operator.name, &centre(), &federation, now, RequestId([1; 16]), act);
    signed.prove(operator, &centre(), &federation, now).unwrap()
}

fn proposal() -> Proposal {
    let text = str::to_owned;
    let row = ImportRow {
        row: 0,
        subject_kind: text("person"),
        name: text("史霞玲"),
        document_type: text("01"),
        document_no: text("460199198409159519"),
        conduct: text("骗提"),
        level: text("一般"),
        decision_no: text("琼公积金决〔2026〕7号"),
        decision_day: text("2026-11-01"),
        legal_basis: text("住房公积金管理条例第三十七条"),
        measures: vec![text("限制提取")],
        restriction_until: text("2027-11-01"),
        publication_until: text("2027-02-01"),
        remark: String::new(),
    };
    Proposal { row, decision_sha256: Digest([9; 32]), legal_basis_version: None, again: None, impersonation_checked: false }
}

fn number() -> CaseNumber {
    CaseNumber { centre: centre(), serial: 1 }
}

fn review(approve: bool) -> Act {
    Act::Review { case: number(), approve, reason: "材料齐全".to_owned() }
}

fn notify(day: &str, waiver: bool) -> Act {
    Act::Notify { case: number(), day: day.to_owned(), how: "当面送达".to_owned(), waiver: waiver.then_some(Digest([8; 32])) }
}

fn object(ground: &str) -> Act {
    Act::Object { about: CaseRef::Case(number()), ground: ground.to_owned(), text: "不是我".to_owned() }
}

fn answer(uphold: bool) -> Act {
    Act::Answer { about: CaseRef::Case(number()), uphold, reason: "已核实".to_owned() }
}

fn withdraw(impersonated: bool) -> Act {
    Act::Withdraw { about: CaseRef::Case(number()), reason: "认定有误".to_owned(), impersonated }
}

fn repair() -> Act {
    Act::Repair { about: CaseRef::Case(number()), decision: "信用修复〔2026〕1号".to_owned(), reason: "已退回".to_owned() }
}

fn proposed() -> Case {
    let act = by("teller", Role::Teller, &Act::Propose(Box::new(proposal())), NOW);
    Case::propose(&act, &Key::from_bytes([3; 32]), [5; 16], NOW, &Catalogue::default()).unwrap()
}

/// Takes the steps, each by who usually takes it.
fn along(mut case: Case, acts: &[Act], now: Time) -> Case {
    for act in acts {
        let teller = matches!(act, Act::Propose(_) | Act::Object { .. } | Act::Notify { waiver: None, .. });
        let (name, role) = if teller { ("teller", Role::Teller) } else { ("reviewer", Role::Reviewer) };
        case = case.take(&by(name, role, act, now), now, &Catalogue::default()).unwrap();
    }
    case
}

fn refused(case: &Case, name: &str, role: Role, act: &Act) -> Refusal {
    case.take(&by(name, role, act, NOW), NOW, &Catalogue::default()).unwrap_err()
}

fn notified() -> Case {
    along(proposed(), &[review(true), notify("2026-11-21", false)], NOW)
}

fn listed() -> Case {
    let now = NOW.plus_ms(11 * DAY_MS);
    notified().listable(now).unwrap().listed(4, now).unwrap()
}

fn days(days: i64) -> Time {
    NOW.plus_ms(days * DAY_MS)
}

#[test]
fn a_case_is_listable_when_the_period_has_ended_and_not_a_millisecond_before() {
    let case = notified();
    let (waits, until) = case.waits(Day::of(NOW));
    // Told on the 21st, ten days: the 22nd is the first, the 1st of December the last.
    let last = "2026-12-01".parse::<Day>().unwrap().end();
    assert_eq!((waits, until), (None, Some(last)));
    assert_eq!(case.listable(last).unwrap_err(), Refusal::about(RefusalCode::StepNotAllowed, "notified"));
    let listable = case.listable(last.plus_ms(1)).unwrap();
    assert_eq!(listable.finding().notified, Some("2026-11-21".parse().unwrap()));
    assert_eq!(listable.finding().objection_until, Some("2026-12-01".parse().unwrap()));
    let listed = listable.listed(4, last.plus_ms(1)).unwrap();
    assert_eq!((listed.after_last_step(), listed.published()), (CaseState::Listed, Some(4)));
    assert!(listed.listable(last.plus_ms(1)).is_err(), "twice");
}

#[test]
fn who_proposed_takes_no_second_persons_step_whatever_role_they_have_now() {
    let second = |case: &Case, act: &Act| refused(case, "teller", Role::Reviewer, act).code;
    assert_eq!(second(&proposed(), &review(true)), RefusalCode::SecondPersonNeeded);
    let reviewed = along(proposed(), &[review(true)], NOW);
    assert_eq!(second(&reviewed, &notify("2026-11-21", true)), RefusalCode::SecondPersonNeeded);
    let disputed = along(listed(), &[object("facts")], days(12));
    for act in [answer(true), answer(false), repair()] {
        assert_eq!(second(&disputed, &act), RefusalCode::SecondPersonNeeded);
    }
    assert!(disputed.take(&by("teller", Role::Reviewer, &withdraw(false), NOW), NOW, &Catalogue::default()).is_ok());
}

#[test]
fn a_step_of_another_role_is_refused_whoever_asks() {
    let code = |case: &Case, role, act: &Act| refused(case, "other", role, act).code;
    for role in [Role::Teller, Role::System, Role::Security, Role::Auditor] {
        for act in [review(true), answer(true), withdraw(false), repair()] {
            assert_eq!(code(&proposed(), role, &act), RefusalCode::RoleMissing);
        }
    }
    let reviewed = along(proposed(), &[review(true)], NOW);
    assert_eq!(code(&reviewed, Role::Reviewer, &notify("2026-11-21", false)), RefusalCode::RoleMissing);
    assert_eq!(code(&reviewed, Role::Teller, &notify("2026-11-21", true)), RefusalCode::RoleMissing);
    assert_eq!(code(&notified(), Role::Auditor, &object("facts")), RefusalCode::RoleMissing);
}

/// A step of each kind that is right in everything but who asks and when.
fn every_deed() -> Vec<(Deed, Act)> {
    vec![
        (Deed::Propose, Act::Propose(Box::new(proposal()))),
        (Deed::Review, review(true)),
        (Deed::Notify, notify("2026-11-21", false)),
        (Deed::Waive, notify("2026-11-21", true)),
        (Deed::Answer, answer(true)),
        (Deed::Repair, repair()),
        (Deed::Object, object("facts")),
        (Deed::Withdraw, withdraw(false)),
    ]
}

#[test]
fn what_may_be_done_is_told_and_everything_else_is_refused() {
    let reviewed = along(proposed(), &[review(true)], NOW);
    let disputed = along(listed(), &[object("facts")], NOW);
    let cases = [
        proposed(),
        along(proposed(), &[review(false)], NOW),
        reviewed,
        notified(),
        along(notified(), &[object("facts")], NOW),
        listed(),
        disputed.clone(),
        along(disputed, &[answer(true)], NOW),
        along(listed(), &[repair()], NOW),
    ];
    let mut seen = std::collections::BTreeSet::new();
    for case in &cases {
        for (name, role) in [("teller", Role::Teller), ("teller", Role::Reviewer), ("other", Role::Reviewer), ("other", Role::Auditor)] {
            let who = operator(name, role).1;
            let (may, second) = case.may(&who, Day::of(NOW));
            let tried: Vec<_> = every_deed()
                .into_iter()
                .map(|(deed, act)| (deed, case.take(&by(name, role, &act, NOW), NOW, &Catalogue::default())))
                .collect();
            let done: Vec<Deed> = tried.iter().filter(|(_, result)| result.is_ok()).map(|(deed, _)| *deed).collect();
            let second_person = |code| code == RefusalCode::SecondPersonNeeded;
            let alone = tried.iter().any(|(_, result)| result.as_ref().is_err_and(|refusal| second_person(refusal.code)));
            assert_eq!((&may, second), (&done, alone), "{name} {role:?} {:?}", case.after_last_step());
            seen.extend(may);
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>().len(), Deed::ALL.len(), "every deed is possible somewhere");
}

#[test]
fn a_waiver_ends_the_period_at_once_and_an_objection_brings_it_back() {
    let waived = along(proposed(), &[review(true), notify("2026-11-21", true)], NOW);
    assert!(waived.listable(NOW).is_ok());
    assert!(waived.waits(Day::of(NOW)).1.unwrap() < NOW);
    let objected = along(waived, &[object("facts")], NOW);
    assert_eq!(objected.listable(days(30)).unwrap_err().detail.as_deref(), Some("objected"));
    let upheld = along(objected, &[answer(true)], NOW);
    assert!(upheld.listable(days(1)).is_err());
    assert!(upheld.listable(days(11)).is_ok());
}

#[test]
fn an_objection_before_the_listing_stops_it_until_the_answer_and_the_period_is_never_shorter_for_it() {
    let early = along(along(notified(), &[object("facts")], days(1)), &[answer(true)], days(2));
    assert!(early.listable(days(10)).is_err(), "the original period still runs");
    assert!(early.listable(days(11)).is_ok());
    let late = along(notified(), &[object("procedure")], days(9));
    assert_eq!(late.state(Day::of(days(20))), CaseState::Objected);
    let late = along(late, &[answer(true)], days(20));
    assert!(late.listable(days(20)).is_err(), "not on the day of the answer");
    assert!(late.listable(days(21)).is_ok());
    let gone = along(along(notified(), &[object("facts")], days(1)), &[answer(false)], days(2));
    assert_eq!(gone.after_last_step(), CaseState::Withdrawn);
    assert!(gone.listable(days(99)).is_err());
}

#[test]
fn a_returned_proposal_is_proposed_again_about_the_same_decision_and_subject_only() {
    let returned = along(proposed(), &[review(false)], NOW);
    assert_eq!(returned.waits(Day::of(NOW)).0, Some(Role::Teller));
    let mut again = proposal();
    again.row.level = "严重".to_owned();
    let case = along(returned.clone(), &[Act::Propose(Box::new(again))], NOW);
    assert_eq!((case.after_last_step(), case.finding.level.code.as_str()), (CaseState::Drafted, "serious"));
    assert_eq!(case.listing, returned.listing);
    let mut other = proposal();
    other.row.decision_no = "另一号".to_owned();
    assert_eq!(refused(&returned, "teller", Role::Teller, &Act::Propose(Box::new(other))).detail.as_deref(), Some("again"));
    let refusal = refused(&proposed(), "teller", Role::Teller, &Act::Propose(Box::new(proposal())));
    assert_eq!(refusal, Refusal::about(RefusalCode::StepNotAllowed, "drafted"));
}

#[test]
fn a_proposal_without_a_document_with_a_clock_that_has_run_out_or_a_word_nobody_knows_is_refused() {
    let check = |change: &dyn Fn(&mut Proposal)| {
        let mut proposal = proposal();
        change(&mut proposal);
        let refusal = check_proposal(&proposal, &Catalogue::default(), Day::of(NOW)).unwrap_err();
        (refusal.code, refusal.detail.unwrap())
    };
    let is = |code, field: &str| (code, field.to_owned());
    assert_eq!(check(&|p| p.decision_sha256 = Digest([0; 32])), is(RefusalCode::FieldMissing, "decision_sha256"));
    assert_eq!(check(&|p| p.decision_sha256 = hash::sha256(b"")), is(RefusalCode::FieldMissing, "decision_sha256"));
    assert_eq!(check(&|p| p.row.restriction_until = "2026-11-21".into()), is(RefusalCode::DatesContradict, "publication_until"));
    assert_eq!(check(&|p| p.row.publication_until = "2026-11-21".into()), is(RefusalCode::DatesContradict, "publication_until"));
    assert_eq!(check(&|p| p.row.decision_day = "2026-11-22".into()), is(RefusalCode::DatesContradict, "decision_day"));
    assert_eq!(check(&|p| p.row.conduct = "偷懒".into()), is(RefusalCode::NotInCatalogue, "conduct"));
    assert_eq!(check(&|p| p.row.measures = Vec::new()), is(RefusalCode::NotInCatalogue, "measures"));
    assert_eq!(check(&|p| p.row.document_no = "460199198409159510".into()), is(RefusalCode::DocumentInvalid, "document_no"));
    assert_eq!(check(&|p| p.row.name = "张\u{202e}三".into()), is(RefusalCode::FieldMissing, "name"));
    assert_eq!(check(&|p| p.legal_basis_version = Some("x".repeat(201))), is(RefusalCode::FieldMissing, "legal_basis_version"));
    let none = Catalogue { deadlines: Vec::new(), ..Catalogue::default() };
    assert_eq!(check_proposal(&proposal(), &none, Day::of(NOW)).unwrap_err().code, RefusalCode::NotInCatalogue);
}

#[test]
fn reasons_days_and_texts_that_cannot_be_are_refused_by_their_field() {
    let of = |case: &Case, role, act: Act| refused(case, "other", role, &act).detail.unwrap();
    let reason = |reason: &str| Act::Review { case: number(), approve: true, reason: reason.to_owned() };
    for bad in ["", "  ", "\u{1b}[2J", &"长".repeat(MAX_REASON_CHARS + 1)] {
        assert_eq!(of(&proposed(), Role::Reviewer, reason(bad)), "reason");
    }
    let reviewed = along(proposed(), &[review(true)], NOW);
    for bad in ["2026-11-22", "2026-11-20", "2026-10-31", "2026-02-30", ""] {
        assert_eq!(of(&reviewed, Role::Teller, notify(bad, false)), "day", "{bad}: a notice is not dated back before the approval");
    }
    let said = |ground: &str, text: &str| Act::Object { about: CaseRef::Case(number()), ground: ground.into(), text: text.into() };
    assert_eq!(of(&notified(), Role::Teller, said("because", "不是我")), "ground");
    assert_eq!(of(&notified(), Role::Teller, said("facts", " ")), "text");
    assert_eq!(of(&notified(), Role::Teller, said("facts", &"长".repeat(201))), "text");
}

#[test]
fn after_the_listing_an_objection_disputes_an_answer_upholds_and_an_ending_is_the_end() {
    let disputed = along(listed(), &[object("impersonated")], days(12));
    assert_eq!((disputed.after_last_step(), disputed.impersonated()), (CaseState::Disputed, true));
    assert_eq!(disputed.waits(Day::of(days(12))).0, Some(Role::Reviewer));
    let upheld = along(disputed.clone(), &[answer(true)], days(13));
    assert_eq!((upheld.after_last_step(), upheld.ended_as_impersonated()), (CaseState::Upheld, false));
    let conceded = along(disputed, &[answer(false)], days(13));
    assert_eq!((conceded.after_last_step(), conceded.ended_as_impersonated()), (CaseState::Withdrawn, true));
    for ended in [conceded, along(listed(), &[repair()], days(12)), along(upheld, &[withdraw(false)], days(14))] {
        let state = ended.after_last_step();
        assert!(state.has_ended());
        for act in [object("facts"), answer(true), withdraw(true), repair(), review(true)] {
            let refusal = refused(&ended, "other", Role::Reviewer, &act);
            assert_eq!(refusal, Refusal::about(RefusalCode::StepNotAllowed, state.code()));
        }
    }
    assert_eq!(listed().state("2027-11-02".parse().unwrap()), CaseState::Expired);
    assert_eq!(listed().state("2027-11-01".parse().unwrap()), CaseState::Listed);
}

#[test]
fn another_centres_objection_disputes_the_listing_once_and_is_answered_like_ours() {
    let (other, now) = (CentreCode::new("C46020").unwrap(), days(12));
    let heard = |case: &Case, index| case.heard(&other, index, (Ground::Facts, "那天\u{1b}不在"), now, &Catalogue::default());
    assert!(heard(&notified(), 3).is_none(), "there is nothing to dispute yet");
    let case = heard(&listed(), 3).unwrap();
    assert_eq!(case.after_last_step(), CaseState::Disputed);
    assert!(matches!(&case.steps.last().unwrap().what, Move::Object { text, .. } if text == "那天不在"));
    assert!(heard(&case, 3).is_none());
    let full = (4..4 + MAX_HEARD as u64).fold(case, |case, index| heard(&case, index).unwrap_or(case));
    assert_eq!(full.steps.iter().filter(|step| step.by.is_none()).count(), 1 + MAX_HEARD);
    assert_eq!(along(full, &[answer(true)], now).after_last_step(), CaseState::Upheld);
}

#[test]
fn whoever_objects_without_end_cannot_keep_a_case_from_being_answered_listed_or_ended() {
    let mut case = notified();
    while let Ok(next) = case.take(&by("teller", Role::Teller, &object("other"), NOW), NOW, &Catalogue::default()) {
        case = next;
    }
    assert!(case.steps.len() < MAX_STEPS);
    let answered = along(case.clone(), &[answer(true)], NOW);
    let listed = answered.listable(days(12)).unwrap().listed(4, days(12)).unwrap();
    let ended = along(listed, &[repair()], days(12));
    assert!(ended.steps.len() <= MAX_STEPS);
    along(case, &[withdraw(false)], NOW);
}

#[test]
fn an_act_that_is_too_long_to_be_kept_is_refused() {
    let mut long = proposal();
    long.row.name.push_str(&" ".repeat(MAX_EVIDENCE_BYTES));
    let act = by("teller", Role::Teller, &Act::Propose(Box::new(long)), NOW);
    let refusal = Case::propose(&act, &Key::from_bytes([3; 32]), [5; 16], NOW, &Catalogue::default()).unwrap_err();
    assert_eq!(refusal, Refusal::about(RefusalCode::RequestInvalid, "act"));
}

#[test]
fn the_commitment_covers_every_signed_act_up_to_the_listing_and_nothing_after_it() {
    let (case, before) = (listed(), authority(&notified()));
    assert_eq!(authority(&case), before);
    assert_eq!(authority(&along(case.clone(), &[repair()], days(12))), before);
    let altered = |change: &dyn Fn(&mut Case)| {
        let mut case = case.clone();
        change(&mut case);
        authority(&case)
    };
    assert_ne!(altered(&|c| c.salt[0] ^= 1), before);
    assert_ne!(altered(&|c| c.finding.decision_sha256 = None), before);
    for step in 0..3 {
        assert_ne!(altered(&|c| c.steps[step].signed.as_mut().unwrap().act.push(' ')), before);
        assert_ne!(altered(&|c| c.steps[step].signed = None), before);
    }
}

#[test]
fn a_case_whose_evidence_is_missing_or_that_came_from_a_file_is_not_listable_by_the_clock() {
    let broken = |change: &dyn Fn(&mut Case)| {
        let mut case = notified();
        change(&mut case);
        case.listable(days(12)).map(|_| ()).unwrap_err().code
    };
    for step in 0..3 {
        assert_eq!(broken(&|c| c.steps[step].signed = None), RefusalCode::FieldMissing);
    }
    assert_eq!(broken(&|c| c.finding.decision_sha256 = None), RefusalCode::FieldMissing);
    assert_eq!(broken(&|c| c.steps[1] = Step { what: c.steps[1].what.clone(), ..c.steps[0].clone() }), RefusalCode::SecondPersonNeeded);
    assert_eq!(broken(&|c| c.origin = Origin::Imported { file: Digest([1; 32]), row: 1 }), RefusalCode::StepNotAllowed);
}

/// Somebody tries something.
#[derive(Debug, Clone)]
struct Try {
    who: usize,
    what: usize,
    flag: bool,
    days: i64,
}

/// The teller who proposed may have become a reviewer since: the role alone must not be what stands in the way.
const PEOPLE: [(&str, Role); 6] = [
    ("teller", Role::Teller),
    ("teller", Role::Reviewer),
    ("other", Role::Teller),
    ("reviewer", Role::Reviewer),
    ("second", Role::Reviewer),
    ("auditor", Role::Auditor),
];

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let one = (0..PEOPLE.len(), 0_usize..9, any::<bool>(), prop_oneof![4 => Just(0_i64), 1 => 0_i64..15]);
    proptest::collection::vec(one.prop_map(|(who, what, flag, days)| Try { who, what, flag, days }), 0..80)
}

fn act_of(what: usize, flag: bool, now: Time) -> Act {
    let day = Day::of(now).to_string();
    match what {
        0 => Act::Propose(Box::new(proposal())),
        1 | 2 => review(flag || what == 2),
        3 => notify(&day, flag),
        4 => object(if flag { "impersonated" } else { "facts" }),
        5 => answer(flag),
        6 if flag => withdraw(false),
        7 => repair(),
        _ => notify(&Day::of(now.plus_ms(-12 * DAY_MS)).to_string(), false),
    }
}

/// What the steps must show for the case to be listed: written apart from the replay, on the bare steps.
fn may_stand(case: &Case, now: Time) -> bool {
    let steps = &case.steps;
    let Some(proposal) = steps.iter().rposition(|s| s.what == Move::Propose) else { return false };
    let proposers: Vec<_> = steps.iter().filter(|s| s.what == Move::Propose).map(|s| s.by.clone()).collect();
    let later = &steps[proposal..];
    let Some(review) = later.iter().position(|s| matches!(s.what, Move::Review { approve: true, .. })) else { return false };
    let Some(notice) = later.iter().position(|s| matches!(s.what, Move::Notify { .. })) else { return false };
    let Move::Notify { objection_until, waiver, .. } = &later[notice].what else { return false };
    let objection = later.iter().rposition(|s| matches!(s.what, Move::Object { .. }));
    let answer = later.iter().rposition(|s| matches!(s.what, Move::Answer { uphold: true, .. }));
    let waived = waiver.is_some() && objection.is_none() && !proposers.contains(&later[notice].by);
    let ended = |s: &Step| matches!(s.what, Move::Withdraw { .. } | Move::Repair { .. } | Move::Answer { uphold: false, .. });
    review < notice
        && !proposers.contains(&later[review].by)
        && later.iter().all(|s| s.signed.is_some())
        && case.finding.decision_sha256.is_some()
        && (waived || now > objection_until.end().max(Day::of(later[review].at).plus_days(10).end()))
        && objection.is_none_or(|objection| answer.is_some_and(|answer| answer > objection))
        && !steps.iter().any(ended)
}

#[test]
fn no_sequence_of_steps_lists_anybody_without_two_people_a_document_and_a_notice() {
    let (listed, returned, catalogue) = (Cell::new(0_u32), Cell::new(0_u32), Catalogue::default());
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&tries(), |tries| {
        let (mut case, mut now) = (proposed(), NOW);
        for Try { who, what, flag, days } in tries {
            now = now.plus_ms(days * DAY_MS);
            let (state, ended) = (case.state(Day::of(now)), case.after_last_step().has_ended());
            let (name, role) = PEOPLE[who];
            if what == 8 {
                if let Ok(listable) = case.listable(now) {
                    prop_assert!(may_stand(&case, now), "{:?}", case.steps);
                    prop_assert_eq!(state, CaseState::Notified);
                    let next = listable.listed(4, now).unwrap();
                    listed.set(listed.get() + 1);
                    case = next;
                }
            } else if let Ok(next) = case.take(&by(name, role, &act_of(what, flag, now), now), now, &catalogue) {
                prop_assert!(!ended && !state.has_ended(), "{state:?} {what}");
                returned.set(returned.get() + u32::from(what == 0));
                case = next;
            }
            prop_assert!(case.steps.len() <= MAX_STEPS);
            let waits = case.waits(Day::of(now));
            prop_assert_eq!(case.state(Day::of(now)).has_ended(), waits == (None, None));
        }
        Ok(())
    });
    outcome.unwrap();
    assert!(
        listed.get() > 20 && returned.get() > 20,
        "{} listed, {} proposed again: too few to mean anything",
        listed.get(),
        returned.get()
    );
}

#[test]
fn steps_in_any_order_are_replayed_without_a_panic_and_an_ending_stays_one() {
    let some =
        vec![notified(), along(listed(), &[object("facts"), answer(true), repair()], days(12)), along(proposed(), &[withdraw(true)], NOW)];
    let steps: Vec<Step> = some.into_iter().flat_map(|case| case.steps).collect();
    let order = proptest::collection::vec(0..steps.len(), 0..40);
    proptest!(Config { cases: 300, failure_persistence: None, ..Config::default() }, |(order in order, at in any::<i64>())| {
        let mut case = proposed();
        case.steps.clear();
        let mut ended = false;
        for step in order {
            case.steps.push(steps[step].clone());
            ended |= matches!(steps[step].what, Move::Withdraw { .. } | Move::Repair { .. });
            prop_assert!(!ended || case.after_last_step().has_ended());
            let _ = (case.state(Day::of(Time(at))), case.waits(Day::of(Time(at))), case.ended_as_impersonated());
            prop_assert!(case.listable(Time(at)).is_err() || may_stand_loosely(&case));
        }
    });
}

/// Even from steps that nobody could have taken: nothing is listed without the three of them.
fn may_stand_loosely(case: &Case) -> bool {
    let has = |what: fn(&Move) -> bool| case.steps.iter().any(|step| what(&step.what));
    has(|m| *m == Move::Propose) && has(|m| matches!(m, Move::Review { approve: true, .. })) && has(|m| matches!(m, Move::Notify { .. }))
}
