//! Certificates are issued, looked at, ended and read by operators whose key is proven and whose role allows it, and each time it is
//! written down who it was.

use rand::RngExt;

use super::counter::{grant_for, issue, wallet};
use super::world::{START, World, facts};
use crate::audit::{AuditAction, AuditRow};
use crate::desk::{Act, Event, Request};
use crate::error::RefusalCode;
use crate::holder::{Wallet, card};
use crate::names::{CertificateNumber, RequestId};
use crate::operator::{Operator, OperatorName, Role, SealedKey, SignedAct};
use crate::seal::Key;
use crate::shelf::{House, HouseWrite, Write};
use crate::sign::SecretKey;
use crate::time::{MINUTE_MS, SECOND_MS};

const ACCOUNT: &str = "46010000000100001";
const MASKED: &str = "460**********0001";
const BUSINESS_NO: &str = "SY-2026-0007";

fn name(of: &str) -> OperatorName {
    OperatorName::new(of).unwrap()
}

/// Everybody's key follows from their name.
fn key(of: &str) -> SecretKey {
    let mut bytes = [3; 32];
    bytes[..of.len()].copy_from_slice(of.as_bytes());
    SecretKey::from_key(Key::from_bytes(bytes))
}

fn account(of: &str, role: Role) -> Operator {
    Operator {
        name: name(of),
        display: "李".to_owned(),
        staff_no: of.to_owned(),
        role,
        key: key(of).public(),
        sealed: SealedKey { salt: Vec::new(), memory_kib: 0, passes: 0, sealed: Vec::new() },
        created: START,
        disabled: None,
    }
}

fn keep(world: &mut World, peer: usize, operator: Operator) {
    world.peers[peer].shelf.apply(&Write::House(HouseWrite::Operator(operator))).unwrap();
}

/// Everybody of each role at a peer, by the name of the role.
pub(super) fn staff(world: &mut World, peer: usize) {
    Role::ALL.into_iter().for_each(|role| keep(world, peer, account(role.code(), role)));
}

/// Two peers that know a certificate of the first for the second, with everybody of each role at both.
pub(super) fn house(seed: u64) -> (World, Wallet, CertificateNumber) {
    let mut world = World::new(seed, 2);
    (0..2).for_each(|peer| staff(&mut world, peer));
    let mut holder = wallet();
    let number = issue(&mut world, 0, &mut holder, 1);
    world.run_for(SECOND_MS);
    (world, holder, number)
}

pub(super) fn signed(world: &mut World, peer: usize, by: &str, act: &Act) -> SignedAct {
    let (centre, request) = (world.peers[peer].centre.clone(), RequestId(world.rng.random()));
    SignedAct::sign(&key(by), &name(by), &centre, world.charter.federation(), world.now, request, act)
}

fn send(world: &mut World, peer: usize, signed: SignedAct) -> Event {
    let token = world.ask(peer, Request::Act(signed));
    world.closing(peer, token).cloned().unwrap()
}

pub(super) fn ask(world: &mut World, peer: usize, by: &str, act: &Act) -> Event {
    let signed = signed(world, peer, by, act);
    send(world, peer, signed)
}

pub(super) fn code(event: &Event) -> RefusalCode {
    match event {
        Event::Refused { refusal, .. } => refusal.code,
        other => panic!("not refused: {other:?}"),
    }
}

pub(super) fn query(grant: &str, request: RequestId) -> Act {
    Act::Query { grant: grant.to_owned(), business_no: BUSINESS_NO.to_owned(), matter: None, request }
}

pub(super) fn issuing(world: &mut World, holder: &mut Wallet) -> Act {
    let (centre, now) = (world.peers[0].centre.clone(), world.now);
    Act::CertificateIssue {
        account_no: ACCOUNT.to_owned(),
        kind: "JCZM".to_owned(),
        addressee: None,
        card: card::card(&mut world.rng, now, holder, &centre).unwrap(),
        clerk: "王经办".to_owned(),
        valid_days: None,
        request: RequestId(world.rng.random()),
    }
}

pub(super) fn cancel(number: &CertificateNumber) -> Act {
    Act::CertificateCancel { number: number.clone(), reason: "superseded".to_owned() }
}

pub(super) fn log(world: &World, peer: usize) -> Vec<AuditRow> {
    world.peers[peer].shelf.audit_rows(0, 10_000).unwrap()
}

/// Action, operator, what it was about, outcome: of the rows after the first `from`.
fn told(world: &World, peer: usize, from: usize) -> Vec<(AuditAction, String, String, String)> {
    let said = |row: AuditRow| (row.action, row.operator.unwrap().to_string(), row.about, row.outcome);
    log(world, peer).into_iter().skip(from).map(said).collect()
}

/// Rows of a peer's own journal.
fn rows(world: &World, peer: usize) -> u64 {
    world.size(peer, peer)
}

#[test]
fn tellers_and_reviewers_issue_look_read_and_end_and_each_time_it_is_written_who_it_was() {
    for (seed, by) in [(401, "teller"), (402, "reviewer")] {
        let (mut world, mut holder, number) = house(seed);
        let (here, there) = (log(&world, 0).len(), log(&world, 1).len());
        let act = issuing(&mut world, &mut holder);
        let Event::CertificateIssued { number: new, .. } = ask(&mut world, 0, by, &act) else { panic!("not issued") };
        let Event::CertificateShow { account_no, .. } = ask(&mut world, 0, by, &Act::CertificateShow { number: new.clone() }) else {
            panic!("not shown")
        };
        assert_eq!(account_no.as_deref(), Some(ACCOUNT));
        assert!(matches!(ask(&mut world, 0, by, &cancel(&new)), Event::CertificateCancelled { .. }));
        assert!(matches!(ask(&mut world, 0, by, &cancel(&new)), Event::CertificateCancelled { .. }));
        let row = |action, about: String, outcome: &str| (action, by.to_owned(), about, outcome.to_owned());
        let ended = format!("{new} superseded");
        let expected = [
            row(AuditAction::CertificateIssue, format!("{new} {MASKED}"), "done"),
            row(AuditAction::CertificateShow, new.to_string(), "done"),
            row(AuditAction::CertificateCancel, ended.clone(), "done"),
            row(AuditAction::CertificateCancel, ended, "again"),
        ];
        assert_eq!(told(&world, 0, here), expected);

        let grant = grant_for(&mut world, &mut holder, &number, 1, 1);
        let id = RequestId(world.rng.random());
        assert!(matches!(ask(&mut world, 1, by, &query(&grant, id)), Event::Answer(_)));
        assert_eq!(told(&world, 1, there), [row(AuditAction::Query, number.to_string(), "done")]);
        let kept = log(&world, 1).pop().unwrap();
        let why = [&kept.matter, &kept.business_no, &kept.legal_basis].map(|text| text.as_deref().unwrap());
        assert_eq!(why, ["cross-region-loan", BUSINESS_NO, "holder-authorisation"]);
        let text = format!("{:?}{:?}", told(&world, 0, 0), told(&world, 1, 0));
        let truth = facts(ACCOUNT);
        for value in [truth.name.as_str(), &truth.document_no, &truth.account_no, &truth.employer] {
            assert!(!text.contains(value), "what a certificate says stands in the log");
        }
    }
}

#[test]
fn other_roles_are_refused_nothing_is_done_and_the_attempt_is_written_down() {
    let (mut world, mut holder, number) = house(403);
    let grant = grant_for(&mut world, &mut holder, &number, 1, 1);
    for by in [Role::System, Role::Security, Role::Auditor].map(Role::code) {
        let (from, journal) = (log(&world, 1).len(), rows(&world, 1));
        let issuing = issuing(&mut world, &mut holder);
        let id = RequestId(world.rng.random());
        let acts = [query(&grant, id), issuing, cancel(&number), Act::CertificateShow { number: number.clone() }];
        for act in &acts {
            assert_eq!(code(&ask(&mut world, 1, by, act)), RefusalCode::RoleMissing, "{by}: {act:?}");
        }
        let row = |action, about: &str| (action, by.to_owned(), about.to_owned(), "role-missing".to_owned());
        let expected = [
            row(AuditAction::Query, number.as_str()),
            row(AuditAction::CertificateIssue, MASKED),
            row(AuditAction::CertificateCancel, number.as_str()),
            row(AuditAction::CertificateShow, number.as_str()),
        ];
        assert_eq!(told(&world, 1, from), expected);
        assert_eq!(rows(&world, 1), journal, "no use was counted, nothing was issued or ended");
    }
    let id = RequestId(world.rng.random());
    assert!(matches!(ask(&mut world, 1, "teller", &query(&grant, id)), Event::Answer(_)), "the use was not spent");
}

#[test]
fn who_is_not_proven_gets_nothing_and_cannot_fill_the_log() {
    let (mut world, mut holder, number) = house(404);
    keep(&mut world, 1, Operator { disabled: Some(START), ..account("gone", Role::Teller) });
    let grant = grant_for(&mut world, &mut holder, &number, 1, 1);
    let (from, journal) = (log(&world, 1).len(), rows(&world, 1));
    let act = query(&grant, RequestId([5; 16]));
    let good = signed(&mut world, 1, "teller", &act);
    let mut forged = Vec::new();
    for at in [0, 31, 63] {
        let mut bad = good.clone();
        bad.signature.0[at] ^= 1;
        forged.push((bad, RefusalCode::OperatorUnproven));
    }
    let more = query(&grant, RequestId([6; 16]));
    forged.push((SignedAct { act: serde_json::to_string(&more).unwrap(), ..good.clone() }, RefusalCode::OperatorUnproven));
    forged.push((SignedAct { operator: name("reviewer"), ..good.clone() }, RefusalCode::OperatorUnproven));
    forged.push((SignedAct { request: RequestId([7; 16]), ..good.clone() }, RefusalCode::OperatorUnproven));
    forged.push((signed(&mut world, 0, "teller", &act), RefusalCode::OperatorUnproven));
    forged.push((signed(&mut world, 1, "gone", &act), RefusalCode::OperatorUnknown));
    forged.push((signed(&mut world, 1, "stranger", &act), RefusalCode::OperatorUnknown));
    for (bad, expected) in forged {
        assert_eq!(code(&send(&mut world, 1, bad.clone())), expected, "{bad:?}");
    }
    assert_eq!((log(&world, 1).len(), rows(&world, 1)), (from, journal));
    for unsigned in [
        format!(r#"{{"do":"query","grant":"{grant}","business_no":"1","matter":null,"request":"{}"}}"#, RequestId([8; 16])),
        format!(r#"{{"do":"certificate-cancel","number":"{number}","reason":"cancelled"}}"#),
        r#"{"do":"certificate-issue","account_no":"1","kind":"JCZM","addressee":null,"card":"","clerk":"","valid_days":null,"request":""}"#
            .into(),
    ] {
        assert!(serde_json::from_str::<Request>(&unsigned).is_err(), "the desk still understands {unsigned}");
    }
    let token = world.ask(0, Request::CertificateShow { number });
    assert!(matches!(world.closing(0, token), Some(Event::CertificateShow { account_no: None, .. })), "whose it is needs a name");
    world.now = world.now.plus_ms(5 * MINUTE_MS);
    assert_eq!(code(&send(&mut world, 1, good)), RefusalCode::OperatorUnproven, "a signature does not keep");
}

#[test]
fn the_same_again_under_the_same_id_is_answered_alike_written_down_again_and_costs_no_use() {
    let (mut world, mut holder, number) = house(405);
    let grant = grant_for(&mut world, &mut holder, &number, 1, 2);
    let (from, journal) = (log(&world, 1).len(), rows(&world, 1));
    let act = query(&grant, RequestId([5; 16]));
    let first = signed(&mut world, 1, "teller", &act);
    let answer = send(&mut world, 1, first.clone());
    assert!(matches!(&answer, Event::Answer(answer) if answer.authorised.use_no == 1));
    assert_eq!(ask(&mut world, 1, "teller", &act), answer, "signed anew, it is the same use");
    assert_eq!(ask(&mut world, 1, "reviewer", &act), answer, "also when somebody else asks, under their own name");
    assert_eq!(code(&send(&mut world, 1, first)), RefusalCode::RequestReused, "a copy of what was signed is worth nothing");
    let other = Act::Query { grant: grant.clone(), business_no: "SY-2".to_owned(), matter: None, request: RequestId([5; 16]) };
    assert_eq!(code(&ask(&mut world, 1, "teller", &other)), RefusalCode::RequestReused);
    assert_eq!(rows(&world, 1), journal + 1, "one access is on record");
    let row = |by: &str, outcome: &str| (AuditAction::Query, by.to_owned(), number.to_string(), outcome.to_owned());
    let expected = [row("teller", "done"), row("teller", "again"), row("reviewer", "again"), row("teller", "request-reused")];
    assert_eq!(told(&world, 1, from), expected);

    let (from, act) = (log(&world, 0).len(), issuing(&mut world, &mut holder));
    let Event::CertificateIssued { number: new, file, .. } = ask(&mut world, 0, "teller", &act) else { panic!("not issued") };
    let Event::CertificateIssued { number: again, file: same, .. } = ask(&mut world, 0, "teller", &act) else { panic!("not answered") };
    assert_eq!((&again, same), (&new, file));
    let outcomes: Vec<_> = told(&world, 0, from).into_iter().map(|row| (row.0, row.3)).collect();
    assert_eq!(outcomes, [(AuditAction::CertificateIssue, "done".to_owned()), (AuditAction::CertificateIssue, "again".to_owned())]);
    let Act::CertificateIssue { kind, addressee, card, clerk, valid_days, request, .. } = act else { unreachable!() };
    let account_no = "46010000000100002".to_owned();
    let other = Act::CertificateIssue { account_no, kind, addressee, card, clerk, valid_days, request };
    assert_eq!(code(&ask(&mut world, 0, "teller", &other)), RefusalCode::RequestReused);
}

#[test]
fn queries_that_wait_leave_one_row_each_and_a_copy_of_one_that_waits_is_refused() {
    let mut world = World::new(406, 2);
    keep(&mut world, 1, account("teller", Role::Teller));
    let mut holder = wallet();
    world.part(&[]);
    let number = issue(&mut world, 0, &mut holder, 1);
    let grant = grant_for(&mut world, &mut holder, &number, 1, 2);
    let asked: Vec<_> = (1..=4).map(|id| signed(&mut world, 1, "teller", &query(&grant, RequestId([id; 16])))).collect();
    let tokens: Vec<_> = asked.iter().map(|signed| world.ask(1, Request::Act(signed.clone()))).collect();
    assert!(tokens.iter().all(|token| world.closing(1, *token).is_none()), "nothing is here yet");
    assert_eq!(log(&world, 1).len(), 0, "what has not been answered is not told");
    assert_eq!(code(&send(&mut world, 1, asked[0].clone())), RefusalCode::RequestReused);
    world.heal();
    world.run_for(4 * SECOND_MS);
    let outcomes: Vec<_> = told(&world, 1, 1).into_iter().map(|row| row.3).collect();
    assert_eq!(outcomes, ["done", "done", "grant-used-up", "grant-used-up"]);
    let requests: Vec<_> = log(&world, 1).into_iter().skip(1).map(|row| row.request).collect();
    assert_eq!(requests, asked.iter().map(|signed| signed.request).collect::<Vec<_>>());
}

#[test]
fn what_the_counter_refuses_is_written_down_with_the_certificate_or_the_account_and_the_reason() {
    let (mut world, mut holder, number) = house(407);
    let grant = grant_for(&mut world, &mut holder, &number, 1, 1);
    let from = log(&world, 1).len();
    let wrong =
        Act::Query { grant: grant.clone(), business_no: "1".to_owned(), matter: Some("rent".to_owned()), request: RequestId([1; 16]) };
    assert_eq!(code(&ask(&mut world, 1, "teller", &wrong)), RefusalCode::WrongMatter);
    assert_eq!(code(&ask(&mut world, 1, "teller", &query("no grant", RequestId([2; 16])))), RefusalCode::GrantMalformed);
    let row = |about: &str, outcome: &str| (AuditAction::Query, "teller".to_owned(), about.to_owned(), outcome.to_owned());
    assert_eq!(told(&world, 1, from), [row(number.as_str(), "wrong-matter"), row("", "grant-malformed")]);

    let from = log(&world, 0).len();
    let first = issuing(&mut world, &mut holder);
    ask(&mut world, 0, "teller", &first);
    let Act::CertificateIssue { account_no, kind, addressee, card, clerk, valid_days, .. } = first else { unreachable!() };
    let used = Act::CertificateIssue { account_no, kind, addressee, card, clerk, valid_days, request: RequestId([3; 16]) };
    assert_eq!(code(&ask(&mut world, 0, "teller", &used)), RefusalCode::CardUsed);
    let (_, by, about, outcome) = told(&world, 0, from + 1).remove(0);
    assert_eq!((by.as_str(), about.as_str(), outcome.as_str()), ("teller", MASKED, "card-used"));
    let unknown: CertificateNumber = "C46010-JCZM-2026-999999".parse().unwrap();
    assert_eq!(code(&ask(&mut world, 0, "teller", &cancel(&unknown))), RefusalCode::CertificateUnknown);
    assert_eq!(told(&world, 0, from + 2)[0].3, "certificate-unknown");
}
