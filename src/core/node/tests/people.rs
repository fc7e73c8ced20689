//! Who may do what, who may be whom, and that nothing that was written down can be taken back unseen.

use rand::RngExt;

use super::world::{START, World};
use crate::audit::{AuditAction, AuditRow};
use crate::desk::{Act, AuditState, CaseRef, Event, Request};
use crate::error::RefusalCode;
use crate::journal::{Header, Kind};
use crate::names::RequestId;
use crate::node::operator::first_operator;
use crate::node::{Effect, Env, Input, audit};
use crate::operator::{MAX_OPERATORS, Operator, OperatorName, Role, SealedKey, SignedAct};
use crate::seal::Key;
use crate::shelf::memory::MemoryShelf;
use crate::shelf::{House, HouseWrite, Shelf, Write};
use crate::sign::SecretKey;

/// What a sealed key looks like to a peer, which cannot open one.
fn sealed() -> SealedKey {
    SealedKey { salt: vec![7; 16], memory_kib: 64 * 1024, passes: 3, sealed: vec![1; 72] }
}

fn name(text: &str) -> OperatorName {
    OperatorName::new(text).unwrap()
}

/// Everybody's key follows from their name.
fn key(of: &str) -> SecretKey {
    let mut bytes = [0; 32];
    bytes[..of.len()].copy_from_slice(of.as_bytes());
    SecretKey::from_key(Key::from_bytes(bytes))
}

pub(super) fn account(of: &str, staff_no: &str, role: Role) -> Operator {
    let (display, key) = ("张伟".to_owned(), key(of).public());
    Operator { name: name(of), display, staff_no: staff_no.to_owned(), role, key, sealed: sealed(), created: START, disabled: None }
}

pub(super) fn add(of: &str, staff_no: &str, role: Role) -> Act {
    let Operator { name, display, staff_no, role, key, sealed, .. } = account(of, staff_no, role);
    Act::OperatorAdd { name, display, staff_no, role, key, sealed }
}

fn disable(of: &str) -> Act {
    Act::OperatorDisable { name: name(of), reason: "离职".to_owned() }
}

/// One centre with a security administrator `admin`.
pub(super) fn house(seed: u64) -> World {
    let mut world = World::new(seed, 2);
    let peer = &mut world.peers[0];
    let mut env = Env { now: START, rng: &mut world.rng, shelf: &peer.shelf };
    let writes = first_operator(&mut env, account("admin", "1", Role::Teller)).unwrap().unwrap();
    writes.iter().for_each(|write| peer.shelf.apply(write).unwrap());
    world
}

pub(super) fn signed(world: &mut World, by: &str, act: &Act) -> SignedAct {
    let (centre, request) = (world.peers[0].centre.clone(), RequestId(world.rng.random()));
    SignedAct::sign(&key(by), &name(by), &centre, world.charter.federation(), world.now, request, act)
}

pub(super) fn send(world: &mut World, signed: SignedAct) -> Event {
    let token = world.ask(0, Request::Act(signed));
    world.closing(0, token).cloned().unwrap()
}

pub(super) fn ask(world: &mut World, by: &str, act: &Act) -> Event {
    let signed = signed(world, by, act);
    send(world, signed)
}

pub(super) fn refused(world: &mut World, by: &str, act: &Act) -> RefusalCode {
    match ask(world, by, act) {
        Event::Refused { refusal, .. } => refusal.code,
        other => panic!("{act:?} by {by}: {other:?}"),
    }
}

pub(super) fn done(world: &mut World, by: &str, act: &Act) {
    assert_eq!(ask(world, by, act), Event::Done, "{act:?} by {by}");
}

pub(super) fn log(world: &World) -> Vec<AuditRow> {
    world.peers[0].shelf.audit_rows(0, 100_000).unwrap()
}

pub(super) fn last(world: &World) -> (AuditAction, Option<String>, String, String) {
    let row = log(world).pop().unwrap();
    (row.action, row.operator.map(|name| name.to_string()), row.about, row.outcome)
}

fn check(world: &mut World) -> AuditState {
    match ask(world, "auditor", &Act::AuditCheck) {
        Event::AuditState(state) => *state,
        other => panic!("{other:?}"),
    }
}

/// A house with an auditor, and a log with `rows` rows and commitments on the way.
fn audited(seed: u64, rows: usize) -> World {
    let mut world = house(seed);
    done(&mut world, "admin", &add("auditor", "2", Role::Auditor));
    while log(&world).len() < rows {
        done(&mut world, "auditor", &Act::OperatorPasswd { sealed: sealed() });
        world.run_for(audit::COMMIT_EVERY_MS / 3);
    }
    world.run_for(audit::COMMIT_EVERY_MS + 2_000);
    world
}

#[test]
fn the_first_operator_is_a_security_administrator_whom_nobody_made_and_there_is_no_second_first() {
    let mut world = house(1);
    let shelf = &world.peers[0].shelf;
    assert_eq!(shelf.operator(&name("admin")).unwrap().unwrap().role, Role::Security);
    assert_eq!(last(&world), (AuditAction::OperatorAdd, None, "admin security".to_owned(), "done".to_owned()));
    let mut env = Env { now: START, rng: &mut world.rng, shelf };
    let again = first_operator(&mut env, account("other", "9", Role::Security)).unwrap();
    assert_eq!(again.unwrap_err().code, RefusalCode::OperatorExists);
}

#[test]
fn only_the_security_administrator_makes_and_disables_accounts_and_only_the_auditor_reads_the_log() {
    let mut world = house(2);
    for (i, role) in Role::ALL.into_iter().enumerate() {
        done(&mut world, "admin", &add(role.code(), &format!("E{i}"), role));
    }
    let list = Act::AuditList { before: None, limit: 10, operator: None, subject: None };
    for role in Role::ALL {
        let by = role.code();
        if role != Role::Security {
            assert_eq!(refused(&mut world, by, &add("x", "X1", Role::Teller)), RefusalCode::RoleMissing);
            assert_eq!(last(&world), (AuditAction::OperatorAdd, Some(by.to_owned()), "x".to_owned(), "role-missing".to_owned()));
            assert_eq!(refused(&mut world, by, &disable("teller")), RefusalCode::RoleMissing);
        }
        if role != Role::Auditor {
            assert_eq!(refused(&mut world, by, &list), RefusalCode::RoleMissing);
            assert_eq!(refused(&mut world, by, &Act::AuditCheck), RefusalCode::RoleMissing);
        }
        let about = CaseRef::Case("C46010-A1".parse().unwrap());
        let show = Act::CaseShow { about, unmask: None };
        if matches!(role, Role::System | Role::Security) {
            assert_eq!(refused(&mut world, by, &show), RefusalCode::RoleMissing);
        }
        if !matches!(role, Role::Teller | Role::Reviewer) {
            let look = Act::AccountShow { account_no: "46010000000100001".to_owned(), kind: "YDDKJCZM".to_owned(), unmask: None };
            assert_eq!(refused(&mut world, by, &look), RefusalCode::RoleMissing);
            let masked = "460**********0001".to_owned();
            assert_eq!(last(&world), (AuditAction::AccountShow, Some(by.to_owned()), masked, "role-missing".to_owned()));
            let number = "C46010-YDDKJCZM-2026-000001".parse().unwrap();
            assert_eq!(refused(&mut world, by, &Act::Reveal { number, reason: "why".to_owned() }), RefusalCode::RoleMissing);
        }
        done(&mut world, by, &Act::OperatorPasswd { sealed: sealed() });
    }
    let Event::Audit { rows, more } = ask(&mut world, "auditor", &list) else { panic!("no rows") };
    assert!(more && rows.len() == 10 && rows[0].seq > rows[1].seq, "newest first, in pages");
    assert_eq!(last(&world).0, AuditAction::AuditRead, "reading the log is told as well");
}

#[test]
fn nobody_has_two_accounts_and_who_was_an_administrator_comes_back_in_the_same_role_only() {
    let mut world = house(3);
    done(&mut world, "admin", &add("li", "A-42", Role::Auditor));
    for staff_no in ["A-42", " a-42", "Ａ-４２"] {
        assert_eq!(refused(&mut world, "admin", &add("li2", staff_no, Role::Teller)), RefusalCode::OneAccountEach, "{staff_no}");
    }
    assert_eq!(refused(&mut world, "admin", &add("me", "1", Role::System)), RefusalCode::OneAccountEach);
    let Act::OperatorAdd { display, role, sealed, .. } = add("li2", "77", Role::Teller) else { unreachable!() };
    let same_key = Act::OperatorAdd { name: name("li2"), display, staff_no: "77".to_owned(), role, key: key("li").public(), sealed };
    assert_eq!(refused(&mut world, "admin", &same_key), RefusalCode::OneAccountEach);
    done(&mut world, "admin", &disable("li"));
    for role in [Role::Teller, Role::Reviewer, Role::System, Role::Security] {
        assert_eq!(refused(&mut world, "admin", &add("li2", "A-42", role)), RefusalCode::OneAccountEach, "{}", role.code());
    }
    assert_eq!(refused(&mut world, "admin", &add("li", "A-42", Role::Auditor)), RefusalCode::OperatorExists, "a name is never used again");
    done(&mut world, "admin", &add("li2", "A-42", Role::Auditor));
    done(&mut world, "admin", &add("zhao", "50", Role::Teller));
    done(&mut world, "admin", &disable("zhao"));
    done(&mut world, "admin", &add("zhao2", "50", Role::Reviewer));
}

#[test]
fn the_last_security_administrator_stays_because_nobody_disables_their_own_account() {
    let mut world = house(4);
    assert_eq!(refused(&mut world, "admin", &disable("admin")), RefusalCode::SecondPersonNeeded);
    assert_eq!(last(&world).3, "second-person-needed");
    done(&mut world, "admin", &add("second", "2", Role::Security));
    done(&mut world, "second", &disable("admin"));
    assert_eq!(refused(&mut world, "admin", &disable("second")), RefusalCode::OperatorUnknown);
    assert_eq!(refused(&mut world, "second", &disable("second")), RefusalCode::SecondPersonNeeded);
    assert_eq!(refused(&mut world, "second", &disable("admin")), RefusalCode::StepNotAllowed, "disabled already");
    assert_eq!(refused(&mut world, "second", &disable("nobody")), RefusalCode::OperatorUnknown);
    let token = world.ask(0, Request::OperatorKey { name: name("admin") });
    assert!(matches!(world.closing(0, token), Some(Event::Refused { .. })), "no key for who may not sign");
}

#[test]
fn an_account_that_is_not_of_its_form_or_one_too_many_is_refused() {
    let mut world = house(5);
    let altered = |change: &dyn Fn(&mut String, &mut String, &mut SealedKey)| {
        let Act::OperatorAdd { name, mut display, mut staff_no, role, key, mut sealed } = add("x", "2", Role::Teller) else {
            unreachable!()
        };
        change(&mut display, &mut staff_no, &mut sealed);
        Act::OperatorAdd { name, display, staff_no, role, key, sealed }
    };
    for bad in ["", " ", "a\u{202e}b", &"长".repeat(41)] {
        assert_eq!(refused(&mut world, "admin", &altered(&|display, _, _| bad.clone_into(display))), RefusalCode::FieldMissing, "{bad:?}");
    }
    for bad in ["", "1 2", "1;2", &"9".repeat(33)] {
        assert_eq!(
            refused(&mut world, "admin", &altered(&|_, staff_no, _| bad.clone_into(staff_no))),
            RefusalCode::FieldMissing,
            "{bad:?}"
        );
    }
    let counted_under = add("applicants.of.screenings", "2", Role::Teller);
    assert_eq!(refused(&mut world, "admin", &counted_under), RefusalCode::OperatorExists, "a name that lookups are counted under");
    let cheap = altered(&|_, _, sealed| sealed.passes = 1);
    assert_eq!(refused(&mut world, "admin", &cheap), RefusalCode::FieldMissing, "a key under a passphrase that is cheap to guess");
    let long = altered(&|_, _, sealed| sealed.sealed = vec![0; 100_000]);
    assert_eq!(refused(&mut world, "admin", &long), RefusalCode::FieldMissing);
    for i in 1..MAX_OPERATORS {
        let account = account(&format!("t{i}"), &format!("T{i}"), Role::Teller);
        world.peers[0].shelf.apply(&Write::House(HouseWrite::Operator(account))).unwrap();
    }
    assert_eq!(refused(&mut world, "admin", &add("x", "X", Role::Teller)), RefusalCode::CeilingExceeded);
}

#[test]
fn another_passphrase_changes_nothing_else_of_an_account() {
    let mut world = house(6);
    let before = world.peers[0].shelf.operator(&name("admin")).unwrap().unwrap();
    let anew = SealedKey { salt: vec![8; 16], ..sealed() };
    done(&mut world, "admin", &Act::OperatorPasswd { sealed: anew.clone() });
    assert_eq!(world.peers[0].shelf.operator(&name("admin")).unwrap().unwrap(), Operator { sealed: anew, ..before });
    let short = SealedKey { sealed: Vec::new(), ..sealed() };
    assert_eq!(refused(&mut world, "admin", &Act::OperatorPasswd { sealed: short }), RefusalCode::FieldMissing);
}

#[test]
fn a_request_is_carried_out_once_and_what_is_not_proven_leaves_no_row() {
    let mut world = house(7);
    let act = signed(&mut world, "admin", &add("li", "2", Role::Teller));
    assert_eq!(send(&mut world, act.clone()), Event::Done);
    let rows = log(&world).len();
    for _ in 0..2 {
        let Event::Refused { refusal, .. } = send(&mut world, act.clone()) else { panic!("carried out twice") };
        assert_eq!(refusal.code, RefusalCode::RequestReused);
    }
    let refusal = signed(&mut world, "li", &Act::AuditCheck);
    assert!(matches!(send(&mut world, refusal.clone()), Event::Refused { .. }));
    assert_eq!(log(&world).len(), rows + 1);
    let Event::Refused { refusal, .. } = send(&mut world, refusal) else { panic!("carried out") };
    assert_eq!(refusal.code, RefusalCode::RequestReused, "a refused request is told once");
    let forged = SignedAct { operator: name("li"), ..signed(&mut world, "admin", &Act::AuditCheck) };
    let unknown = signed(&mut world, "nobody", &Act::AuditCheck);
    for (act, code) in [(forged, RefusalCode::OperatorUnproven), (unknown, RefusalCode::OperatorUnknown)] {
        let Event::Refused { refusal, .. } = send(&mut world, act) else { panic!("carried out") };
        assert_eq!(refusal.code, code);
    }
    assert_eq!(log(&world).len(), rows + 1, "else anybody could fill the log");
}

#[test]
fn a_refused_act_may_hold_anything_and_its_row_is_bounded() {
    let mut world = house(8);
    let applicant = crate::desk::Applicant {
        row: 0,
        document_type: "01".to_owned(),
        document_no: "460199198409159519".to_owned(),
        business_no: "长\u{202e}".repeat(20_000),
    };
    let act = Act::Lookup { applicant, matter: "m".repeat(10_000), legal_basis: String::new() };
    assert_eq!(refused(&mut world, "admin", &act), RefusalCode::RoleMissing);
    let row = log(&world).pop().unwrap();
    assert!(row.business_no.as_ref().is_some_and(|text| text.len() <= 64 && !text.contains('\u{202e}')), "{:?}", row.business_no);
    assert_eq!(row.matter.unwrap().len(), 64);
    assert!(row.about.starts_with("460") && !row.about.contains("19840915"), "{}", row.about);
}

#[test]
fn the_log_is_committed_to_within_a_minute_or_when_many_rows_wait() {
    let mut world = house(9);
    let committed = |world: &World| {
        let shelf = &world.peers[0].shelf;
        let entries = shelf.entries(&world.peers[0].centre, 0, 1_000, 1 << 24).unwrap();
        entries.iter().filter(|entry| Header::parse(&entry.header).unwrap().kind() == Some(Kind::AuditRecorded)).count()
    };
    world.run_for(audit::COMMIT_EVERY_MS - 2_000);
    assert_eq!(committed(&world), 0);
    world.run_for(4_000);
    assert_eq!(committed(&world), 1);
    assert_eq!(world.peers[0].shelf.audit_log().unwrap().committed, 1);
    world.run_for(5 * audit::COMMIT_EVERY_MS);
    assert_eq!(committed(&world), 1, "nothing new, nothing to commit to");
    for _ in 0..audit::COMMIT_ROWS {
        done(&mut world, "admin", &Act::OperatorPasswd { sealed: sealed() });
    }
    world.run_for(1_000);
    assert_eq!(committed(&world), 2);
}

#[test]
fn a_log_that_was_left_alone_is_what_the_journal_says() {
    let mut world = audited(10, 12);
    let state = check(&mut world);
    assert_eq!(state.broken_before, None, "{state:?}");
    assert_eq!((state.size, state.committed), (12, 12));
    assert!(state.commitments >= 3, "{state:?}");
}

/// What a check finds after somebody edited the database.
fn found(seed: u64, edit: impl FnOnce(&mut MemoryShelf)) -> Option<u64> {
    let mut world = audited(seed, 12);
    let committed: Vec<u64> = world.peers[0].shelf.audit_commitments(None, 100).unwrap().iter().map(|c| c.size).collect();
    edit(&mut world.peers[0].shelf);
    let state = check(&mut world);
    if let Some(before) = state.broken_before {
        assert!(committed.contains(&before) && state.committed < before, "{state:?} {committed:?}");
    }
    state.broken_before
}

#[test]
fn a_row_that_was_edited_or_removed_contradicts_the_first_commitment_that_covers_it() {
    for seq in 0..12 {
        let before = found(11, |shelf| assert!(shelf.edit_audit_row(seq, "somebody else")));
        assert!(before.is_some_and(|before| before > seq), "edited {seq}: {before:?}");
        let before = found(11, |shelf| assert!(shelf.remove_audit_row(seq)));
        assert!(before.is_some_and(|before| before > seq), "removed {seq}: {before:?}");
    }
}

#[test]
fn whoever_edits_a_row_and_every_table_that_speaks_of_it_is_contradicted_by_the_journal() {
    for seq in [0, 3, 11] {
        let before = found(14, |shelf| {
            assert!(shelf.edit_audit_row(seq, "somebody else"));
            shelf.cover_up_audit(true);
        });
        assert!(before.is_some_and(|before| before > seq), "edited {seq}: {before:?}");
    }
}

#[test]
fn a_log_that_was_cut_and_made_to_fit_is_shorter_than_what_was_committed_to() {
    for keep in [0, 5, 11] {
        let before = found(15, |shelf| {
            shelf.cut_audit_log(keep);
            shelf.cover_up_audit(true);
        });
        assert!(before.is_some_and(|before| before > keep as u64), "cut to {keep}: {before:?}");
    }
}

#[test]
fn a_row_that_is_not_yet_committed_to_is_checked_against_the_log_itself() {
    let mut world = audited(12, 6);
    done(&mut world, "auditor", &Act::OperatorPasswd { sealed: sealed() });
    assert!(world.peers[0].shelf.edit_audit_row(6, "somebody else"));
    let state = check(&mut world);
    assert_eq!((state.broken_before, state.committed), (Some(7), 6), "{state:?}");
}

#[test]
fn a_check_of_a_long_log_takes_turns_with_other_work_and_there_is_one_at_a_time() {
    let mut world = audited(13, 3);
    for _ in 0..5_000 {
        done(&mut world, "auditor", &Act::OperatorPasswd { sealed: sealed() });
    }
    let first = signed(&mut world, "auditor", &Act::AuditCheck);
    let mut effects = world.feed_raw(0, Input::Desk { token: 1, request: Request::Act(first) });
    let goes_on = |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::Again));
    let answer = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Reply { token: 1, event } => Some(event.as_ref().clone()),
            _ => None,
        })
    };
    assert!(goes_on(&effects) && answer(&effects).is_none());
    let second = signed(&mut world, "auditor", &Act::AuditCheck);
    assert!(matches!(send(&mut world, second), Event::Refused { refusal, .. } if refusal.code == RefusalCode::TooManyRequests));
    let mut turns = 1;
    while goes_on(&effects) {
        effects = world.feed_raw(0, Input::Again);
        turns += 1;
    }
    let Some(Event::AuditState(state)) = answer(&effects) else { panic!("no answer after {turns} turns") };
    assert_eq!((state.broken_before, state.size, turns), (None, 5_003, 3));
}
