//! Dossiers and loans between several centres on a network: whoever is dark, whoever lies.

use super::counter::{issue, wallet};
use super::world::World;
use crate::desk::{Act, DossierAct, DossierName, DossierView, Event, LoanLine, LoanReply, Request};
use crate::dossier::loan::{LoanState, Task};
use crate::dossier::{ChangedBody, DossierKind, JoinedBody, PartyKey, PartyRole, Standing};
use crate::error::RefusalCode;
use crate::journal::{Entry, Kind, Statement};
use crate::listing::Day;
use crate::names::{CentreCode, CertificateNumber, Digest, DossierRef};
use crate::node::Env;
use crate::shelf::{Dossiers, House};
use crate::time::{DAY_MS, SECOND_MS};

const HAIKOU: usize = 0;
const SANYA: usize = 1;
const DANZHOU: usize = 2;
const WENCHANG: usize = 3;

fn ask(world: &mut World, peer: usize, act: DossierAct) -> Event {
    let token = world.act(peer, &Act::Dossier(Box::new(act)));
    world.closing(peer, token).cloned().unwrap()
}

fn done(world: &mut World, peer: usize, act: DossierAct) -> DossierView {
    match ask(world, peer, act) {
        Event::Dossier(view) => *view,
        other => panic!("{other:?}"),
    }
}

fn refused(world: &mut World, peer: usize, act: DossierAct) -> RefusalCode {
    match ask(world, peer, act) {
        Event::Refused { refusal, .. } => refusal.code,
        other => panic!("{other:?}"),
    }
}

fn reply(certificate: &CertificateNumber, granted: bool) -> DossierAct {
    DossierAct::Reply(Box::new(LoanReply {
        certificate: certificate.clone(),
        granted,
        amount_fen: granted.then_some(50_000_000),
        term_months: granted.then_some(240),
        from: None,
        to: None,
        method: granted.then(|| "equal-instalment".to_owned()),
        monthly_fen: None,
        business_no: "SY-2026-0001".to_owned(),
        clerk: "王经办".to_owned(),
        phone: None,
        reason: (!granted).then(|| "收入不足".to_owned()),
        on: None,
    }))
}

fn named(dossier: &DossierRef) -> DossierName {
    DossierName::Dossier(dossier.clone())
}

fn show(world: &mut World, peer: usize, dossier: &DossierRef) -> DossierView {
    done(world, peer, DossierAct::Show { dossier: named(dossier) })
}

fn state(world: &mut World, peer: usize, dossier: &DossierRef) -> LoanState {
    show(world, peer, dossier).loan.unwrap().state
}

fn value(view: &DossierView, field: &str) -> Option<String> {
    view.fields.iter().find(|f| f.field == field && f.standing == Standing::Counted).map(|f| f.value.clone())
}

fn mark(dossier: &DossierRef) -> DossierAct {
    DossierAct::Mark { loan: named(dossier), clerk: "李经办".to_owned(), on: None }
}

fn settle(dossier: &DossierRef) -> DossierAct {
    DossierAct::Settle { loan: named(dossier), clerk: "王经办".to_owned(), on: None }
}

fn unmark(dossier: &DossierRef) -> DossierAct {
    DossierAct::Unmark { loan: named(dossier), clerk: "李经办".to_owned(), on: None }
}

fn transfer(dossier: &DossierRef, to: CentreCode) -> DossierAct {
    DossierAct::Transfer { loan: named(dossier), to, clerk: "李经办".to_owned(), on: None }
}

/// What the dossier comes to at a peer.
fn digest(world: &mut World, peer: usize, dossier: &DossierRef) -> Digest {
    let p = &world.peers[peer];
    let env = Env { now: world.now, rng: &mut world.rng, shelf: &p.shelf };
    p.node.dossier_at(&env, dossier, &mut Vec::new()).unwrap().dossier.digest()
}

fn loans(world: &mut World, peer: usize, act: impl Fn(Option<String>) -> DossierAct) -> Vec<LoanLine> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let Event::Loans { loans, next } = ask(world, peer, act(after)) else { panic!("no loans") };
        all.extend(loans);
        match next {
            Some(next) => after = Some(next),
            None => return all,
        }
    }
}

fn queue(world: &mut World, peer: usize) -> Vec<(Option<DossierRef>, Task, CentreCode, bool)> {
    let lines = loans(world, peer, |after| DossierAct::Queue { after, limit: 2 });
    lines.into_iter().filter_map(|line| line.task.map(|task| (line.dossier, task.task, task.by, task.late))).collect()
}

/// A certificate of Haikou's for Sanya, known to all.
fn certificate(world: &mut World) -> CertificateNumber {
    let number = issue(world, HAIKOU, &mut wallet(), SANYA);
    world.run_for(2 * SECOND_MS);
    number
}

#[test]
fn the_loop_closes_over_a_transfer_and_everybody_reads_the_same() {
    let mut world = World::new(901, 4);
    let number = certificate(&mut world);
    assert_eq!(queue(&mut world, SANYA), [(None, Task::Reply, world.peers[SANYA].centre.clone(), false)]);
    let view = done(&mut world, SANYA, reply(&number, true));
    let loan = view.dossier.clone();
    assert_eq!((view.about.as_deref(), view.loan.unwrap().state), (Some(number.as_str()), LoanState::Granted));
    world.run_for(3 * SECOND_MS);
    // The mark was made by the peer itself, in its own name, and is told of.
    let view = show(&mut world, SANYA, &loan);
    assert_eq!(view.loan.as_ref().unwrap().state, LoanState::Marked);
    let ledger = loans(&mut world, HAIKOU, |after| DossierAct::Ledger { after, limit: 5 });
    assert_eq!((ledger.len(), &ledger[0].fields["mark.number"]), (1, &value(&view, "mark.number").unwrap()));
    assert!(ledger[0].fields["mark.number"].starts_with("C46010-BZ-"));
    let rows = world.peers[HAIKOU].shelf.audit_newest(u64::MAX, 99, &crate::shelf::AuditFilter::default()).unwrap();
    let told = rows.iter().find(|row| row.action == crate::audit::AuditAction::LoanMark).unwrap();
    assert_eq!((told.operator.clone(), told.about.as_str(), told.outcome.as_str()), (None, format!("{loan} {number}").as_str(), "done"));
    assert_eq!(queue(&mut world, SANYA), []);

    let wenchang = world.peers[WENCHANG].centre.clone();
    assert_eq!(refused(&mut world, SANYA, transfer(&loan, wenchang.clone())), RefusalCode::NotEntitled);
    assert_eq!(refused(&mut world, WENCHANG, DossierAct::Show { dossier: named(&loan) }), RefusalCode::DossierUnreadable);
    done(&mut world, HAIKOU, transfer(&loan, wenchang.clone()));
    world.run_for(3 * SECOND_MS);
    assert_eq!(queue(&mut world, WENCHANG), [(Some(loan.clone()), Task::Remark, wenchang.clone(), false)]);
    assert_eq!(refused(&mut world, HAIKOU, mark(&loan)), RefusalCode::NotEntitled);
    done(&mut world, WENCHANG, mark(&loan));
    world.run_for(3 * SECOND_MS);
    assert_eq!(state(&mut world, SANYA, &loan), LoanState::Remarked);
    done(&mut world, SANYA, settle(&loan));
    world.run_for(3 * SECOND_MS);
    world.now = world.now.plus_ms(9 * DAY_MS);
    assert_eq!(queue(&mut world, SANYA), [(Some(loan.clone()), Task::Unmark, wenchang, true)]);
    assert_eq!(refused(&mut world, HAIKOU, unmark(&loan)), RefusalCode::NotEntitled);
    done(&mut world, WENCHANG, unmark(&loan));
    world.run_for(3 * SECOND_MS);
    let digests: Vec<_> = [HAIKOU, SANYA, WENCHANG].map(|peer| digest(&mut world, peer, &loan)).into();
    assert!(digests.iter().all(|one| *one == digests[0]));
    let view = show(&mut world, HAIKOU, &loan);
    assert_eq!(view.loan.as_ref().map(|loan| loan.state), Some(LoanState::Unmarked));
    assert_eq!((view.pending, view.set_aside, view.ignored), (0, 0, 0));
    // Also who joined reads what it is about, and finds it by that.
    let by_number = || DossierAct::Show { dossier: DossierName::Certificate(number.clone()) };
    for peer in [HAIKOU, SANYA, WENCHANG] {
        assert_eq!(show(&mut world, peer, &loan), view);
        assert_eq!(done(&mut world, peer, by_number()), view);
    }
    let ledger = loans(&mut world, WENCHANG, |after| DossierAct::Ledger { after, limit: 5 });
    assert_eq!(ledger[0].fields["remark.1.number"], value(&view, "remark.1.number").unwrap());
    assert_eq!(refused(&mut world, DANZHOU, by_number()), RefusalCode::DossierUnknown);
    assert_eq!(refused(&mut world, DANZHOU, DossierAct::Show { dossier: named(&loan) }), RefusalCode::DossierUnreadable);
    world.assert_converged();
}

#[test]
fn a_reply_that_is_written_while_the_depositing_centre_is_dark_is_marked_when_it_is_back_and_the_lender_dark() {
    let mut world = World::new(902, 3);
    let number = certificate(&mut world);
    world.set_up(HAIKOU, false);
    let loan = done(&mut world, SANYA, reply(&number, true)).dossier;
    world.run_for(5 * SECOND_MS);
    assert_eq!(queue(&mut world, SANYA), [(Some(loan.clone()), Task::Mark, world.peers[HAIKOU].centre.clone(), false)]);
    world.set_up(SANYA, false);
    world.set_up(HAIKOU, true);
    world.run_for(20 * SECOND_MS);
    assert_eq!(state(&mut world, HAIKOU, &loan), LoanState::Marked, "from a third centre's copy");
    world.set_up(SANYA, true);
    world.run_for(20 * SECOND_MS);
    assert_eq!(state(&mut world, SANYA, &loan), LoanState::Marked);
    world.assert_converged();
}

#[test]
fn a_mark_is_made_once_however_often_the_peer_starts() {
    let mut world = World::new(903, 3);
    let number = certificate(&mut world);
    let loan = done(&mut world, SANYA, reply(&number, true)).dossier;
    for _ in 0..4 {
        world.run_for(2 * SECOND_MS);
        world.set_up(HAIKOU, false);
        world.set_up(HAIKOU, true);
    }
    world.run_for(3 * SECOND_MS);
    let view = show(&mut world, HAIKOU, &loan);
    assert_eq!(view.applied, 2);
    let rows = world.peers[HAIKOU].shelf.audit_newest(u64::MAX, 99, &crate::shelf::AuditFilter::default()).unwrap();
    assert_eq!(rows.iter().filter(|row| row.action == crate::audit::AuditAction::LoanMark).count(), 1);
}

#[test]
fn two_parties_that_write_while_cut_off_merge_to_the_same() {
    for seed in 910..916 {
        let mut world = World::new(seed, 3);
        world.weather = super::world::Weather::FOUL;
        let number = certificate(&mut world);
        // In this weather one round of asking, every 30 seconds, may be lost whole.
        world.run_for(180 * SECOND_MS);
        let loan = done(&mut world, SANYA, reply(&number, true)).dossier;
        world.run_for(180 * SECOND_MS);
        world.part(&[&[HAIKOU, DANZHOU], &[SANYA]]);
        for text in ["一", "二"] {
            done(&mut world, HAIKOU, DossierAct::Note { dossier: named(&loan), text: text.to_owned() });
            done(&mut world, SANYA, DossierAct::Note { dossier: named(&loan), text: text.to_owned() });
            world.run_for(SECOND_MS);
        }
        done(&mut world, SANYA, settle(&loan));
        world.heal();
        world.weather = super::world::Weather::FAIR;
        world.run_for(60 * SECOND_MS);
        assert_eq!(digest(&mut world, HAIKOU, &loan), digest(&mut world, SANYA, &loan));
        let (one, other) = (show(&mut world, HAIKOU, &loan), show(&mut world, SANYA, &loan));
        assert_eq!(one, other);
        assert_eq!((one.pending, one.set_aside, one.ignored, one.loan.unwrap().state), (0, 0, 0, LoanState::Settled));
        assert_eq!(one.fields.iter().filter(|field| field.field.starts_with("note.")).count(), 4);
    }
}

/// A statement that changes the dossier with whatever bytes, sealed as a party can.
fn forged(world: &mut World, peer: usize, loan: &DossierRef, change: &[u8]) -> Entry {
    let p = &world.peers[SANYA];
    let opened = {
        let env = Env { now: world.now, rng: &mut world.rng, shelf: &p.shelf };
        p.node.dossier_at(&env, loan, &mut Vec::new()).unwrap()
    };
    let author = world.peers[peer].centre.clone();
    let body = ChangedBody::seal(&mut world.rng, (&opened.place(), loan.index), &author, &opened.key, change);
    Statement::build(&mut world.rng, Kind::DossierChanged, world.now, None, &body.to_bytes()).unwrap()
}

#[test]
fn what_crashes_automerge_or_speaks_for_another_is_set_aside_at_every_peer_and_the_loop_goes_on() {
    let mut world = World::new(904, 3);
    let number = certificate(&mut world);
    let loan = done(&mut world, SANYA, reply(&number, true)).dossier;
    world.run_for(3 * SECOND_MS);
    let theirs = {
        let p = &world.peers[HAIKOU];
        let env = Env { now: world.now, rng: &mut world.rng, shelf: &p.shelf };
        let opened = p.node.dossier_at(&env, &loan, &mut Vec::new()).unwrap();
        opened.dossier.write(&p.centre, &[("mark.clerk".to_owned(), "x".to_owned())], world.now).unwrap()
    };
    let before = digest(&mut world, HAIKOU, &loan);
    let crashers: [&[u8]; 3] = [
        include_bytes!("../../../../tests/vectors/automerge/crash-1-3.bin"),
        include_bytes!("../../../../tests/vectors/automerge/crash-2-1.bin"),
        include_bytes!("../../../../tests/vectors/automerge/crash-2-9.bin"),
    ];
    let mut entries: Vec<Entry> = crashers.iter().map(|bytes| forged(&mut world, SANYA, &loan, bytes)).collect();
    entries.push(forged(&mut world, SANYA, &loan, &theirs));
    world.append(SANYA, entries);
    // A stranger that got hold of the key, and one that seals for another author.
    let stranger = forged(&mut world, DANZHOU, &loan, &theirs);
    let sealed_for_another = forged(&mut world, HAIKOU, &loan, &theirs);
    world.append(DANZHOU, vec![stranger]);
    world.append(SANYA, vec![sealed_for_another]);
    world.run_for(3 * SECOND_MS);
    for peer in [HAIKOU, SANYA] {
        let view = show(&mut world, peer, &loan);
        // The first crasher is larger than a change's statement may be, and means nothing at all.
        assert_eq!((view.set_aside, view.ignored, view.pending), (3, 2, 0));
        assert_eq!(digest(&mut world, peer, &loan), before);
    }
    // Neither the owner of the actor nor the author of the rubbish is locked out.
    done(&mut world, HAIKOU, DossierAct::Write { dossier: named(&loan), field: "mark.clerk".to_owned(), value: "x".to_owned() });
    done(&mut world, SANYA, settle(&loan));
    world.run_for(3 * SECOND_MS);
    assert_eq!(state(&mut world, HAIKOU, &loan), LoanState::Settled);
}

#[test]
fn a_field_of_another_centre_is_refused_here_and_shown_but_not_counted_when_it_comes_anyway() {
    let mut world = World::new(905, 3);
    let number = certificate(&mut world);
    let loan = done(&mut world, SANYA, reply(&number, true)).dossier;
    world.run_for(3 * SECOND_MS);
    let write = |field: &str, value: &str| DossierAct::Write { dossier: named(&loan), field: field.to_owned(), value: value.to_owned() };
    assert_eq!(refused(&mut world, SANYA, write("mark.number", "1")), RefusalCode::NotEntitled);
    assert_eq!(refused(&mut world, SANYA, write("reply.amount", "five")), RefusalCode::FieldMissing);
    assert_eq!(refused(&mut world, SANYA, write("reply.amount", "50000000")), RefusalCode::NothingNew);
    let bytes = {
        let p = &world.peers[SANYA];
        let env = Env { now: world.now, rng: &mut world.rng, shelf: &p.shelf };
        let opened = p.node.dossier_at(&env, &loan, &mut Vec::new()).unwrap();
        let lies = [("unmark.on".to_owned(), "2026-12-01".to_owned()), ("mark.number".to_owned(), "0".to_owned())];
        opened.dossier.write(&p.centre, &lies, world.now).unwrap()
    };
    let entry = forged(&mut world, SANYA, &loan, &bytes);
    world.append(SANYA, vec![entry]);
    world.run_for(3 * SECOND_MS);
    let view = show(&mut world, HAIKOU, &loan);
    let lies: Vec<_> = view.fields.iter().filter(|field| field.standing == Standing::NotEntitled).collect();
    assert_eq!(lies.iter().map(|lie| lie.field.as_str()).collect::<Vec<_>>(), ["mark.number", "unmark.on"]);
    assert!(value(&view, "mark.number").unwrap().starts_with("C46010-BZ-"));
    assert_eq!(view.loan.unwrap().state, LoanState::Marked);
}

#[test]
fn nobody_keeps_a_centre_from_its_own_fields_by_writing_the_same_there_first() {
    let mut world = World::new(909, 3);
    let number = certificate(&mut world);
    world.set_up(HAIKOU, false);
    let loan = done(&mut world, SANYA, reply(&number, true)).dossier;
    let today = Day::of(world.now).to_string();
    let number_to_be = format!("C46010-BZ-{}", world.size(HAIKOU, HAIKOU));
    let lies = [("mark.on", &today), ("mark.number", &number_to_be), ("unmark.on", &today), ("unmark.clerk", &"李经办".to_owned())];
    let lies: Vec<_> = lies.into_iter().map(|(field, value)| (field.to_owned(), value.clone())).collect();
    let bytes = {
        let p = &world.peers[SANYA];
        let env = Env { now: world.now, rng: &mut world.rng, shelf: &p.shelf };
        p.node.dossier_at(&env, &loan, &mut Vec::new()).unwrap().dossier.write(&p.centre, &lies, world.now).unwrap()
    };
    let entry = forged(&mut world, SANYA, &loan, &bytes);
    world.append(SANYA, vec![entry]);
    world.set_up(HAIKOU, true);
    world.run_for(20 * SECOND_MS);
    let view = show(&mut world, SANYA, &loan);
    assert_eq!((view.loan.as_ref().unwrap().state, value(&view, "mark.on")), (LoanState::Marked, Some(today.clone())));
    done(&mut world, SANYA, settle(&loan));
    world.run_for(3 * SECOND_MS);
    done(&mut world, HAIKOU, unmark(&loan));
    world.run_for(3 * SECOND_MS);
    let (one, other) = (show(&mut world, HAIKOU, &loan), show(&mut world, SANYA, &loan));
    assert_eq!((one.loan.as_ref().unwrap().state, value(&one, "unmark.on")), (LoanState::Unmarked, Some(today)));
    assert_eq!(one, other);
    let standing = |standing| one.fields.iter().filter(|field| field.standing == standing).count();
    assert_eq!((standing(Standing::NotEntitled), standing(Standing::Malformed), one.set_aside), (4, 0, 0));
}

#[test]
fn a_second_lender_is_refused_and_a_reply_that_comes_anyway_is_not_marked() {
    let mut world = World::new(906, 4);
    let number = certificate(&mut world);
    assert_eq!(refused(&mut world, DANZHOU, reply(&number, true)), RefusalCode::WrongAddressee);
    let loan = done(&mut world, SANYA, reply(&number, true)).dossier;
    world.run_for(3 * SECOND_MS);
    // Danzhou's peer does not keep to the rules: it opens a dossier about the certificate all the same.
    let body = |world: &mut World, peer: usize| {
        let p = &mut world.peers[peer];
        let mut out = Vec::new();
        let texts = [
            ("reply.decision", "granted"),
            ("reply.amount", "1"),
            ("reply.term", "1"),
            ("reply.method", "equal-principal"),
            ("reply.on", "2026-11-21"),
        ];
        let texts = texts.map(|(field, value)| (field.to_owned(), value.to_owned())).to_vec();
        let with = CentreCode::new("C46010").unwrap();
        let mut env = Env { now: world.now, rng: &mut world.rng, shelf: &p.shelf };
        let event = p.node.dossier_begin(&mut env, DossierKind::Loan, &with, Some(number.as_str()), &texts, &mut out).unwrap();
        let mut again = std::collections::VecDeque::new();
        out.into_iter().for_each(|effect| world.carry_out(peer, effect, &mut again));
        let Event::Dossier(view) = event else { panic!("{event:?}") };
        view.dossier
    };
    let rival = body(&mut world, DANZHOU);
    let double = body(&mut world, SANYA);
    world.run_for(5 * SECOND_MS);
    let (view, twice) = (show(&mut world, DANZHOU, &rival), show(&mut world, HAIKOU, &double));
    assert_eq!(value(&view, "mark.refused").as_deref(), Some("not-the-addressee"));
    assert_eq!(value(&twice, "mark.refused").as_deref(), Some("marked-for-another"));
    assert_eq!((view.loan.unwrap().state, state(&mut world, HAIKOU, &loan)), (LoanState::Granted, LoanState::Marked));
    let ledger = loans(&mut world, HAIKOU, |after| DossierAct::Ledger { after, limit: 5 });
    assert_eq!(ledger.len(), 1);
}

#[test]
fn only_who_keeps_the_account_adds_a_party_and_a_refused_loan_is_not_marked() {
    let mut world = World::new(907, 4);
    let number = certificate(&mut world);
    let loan = done(&mut world, SANYA, reply(&number, false)).dossier;
    world.run_for(3 * SECOND_MS);
    assert_eq!(state(&mut world, HAIKOU, &loan), LoanState::Refused);
    assert_eq!(refused(&mut world, HAIKOU, mark(&loan)), RefusalCode::StepNotAllowed);
    assert_eq!(refused(&mut world, SANYA, settle(&loan)), RefusalCode::StepNotAllowed);
    // The lender adds a party all the same, and so does a stranger.
    let danzhou = world.peers[DANZHOU].centre.clone();
    let to = world.peers[DANZHOU].keys.hybrid.public();
    let (place, key) = {
        let p = &world.peers[SANYA];
        let env = Env { now: world.now, rng: &mut world.rng, shelf: &p.shelf };
        let opened = p.node.dossier_at(&env, &loan, &mut Vec::new()).unwrap();
        (*opened.place().id, opened.key.clone())
    };
    for peer in [SANYA, WENCHANG] {
        let place = crate::dossier::DossierPlace { opener: &loan.centre, id: &place };
        let party = PartyKey::seal(&mut world.rng, &place, (&danzhou, PartyRole::NewDepositing), &to, &key).unwrap();
        let body = JoinedBody::new(&loan, party).to_bytes();
        let entry = Statement::build(&mut world.rng, Kind::DossierJoined, world.now, None, &body).unwrap();
        world.append(peer, vec![entry]);
    }
    world.run_for(3 * SECOND_MS);
    assert_eq!(show(&mut world, HAIKOU, &loan).parties.len(), 2);
    assert_eq!(refused(&mut world, DANZHOU, DossierAct::Show { dossier: named(&loan) }), RefusalCode::DossierUnreadable);
}

#[test]
fn a_contested_listing_and_notes_have_dossiers_of_their_own() {
    let mut world = World::new(908, 3);
    let haikou = world.peers[HAIKOU].centre.clone();
    let open = |kind, about: Option<&str>, text: &str| DossierAct::Open {
        kind,
        with: haikou.clone(),
        about: about.map(str::to_owned),
        title: (kind == DossierKind::Note).then(|| "协查".to_owned()),
        text: Some(text.to_owned()),
    };
    assert_eq!(refused(&mut world, SANYA, open(DossierKind::ContestedListing, Some("C46020-L1"), "x")), RefusalCode::RequestInvalid);
    assert_eq!(refused(&mut world, SANYA, open(DossierKind::Loan, None, "x")), RefusalCode::RequestInvalid);
    let contested = done(&mut world, SANYA, open(DossierKind::ContestedListing, Some("C46010-L1"), "身份证丢失")).dossier;
    let notes = done(&mut world, SANYA, open(DossierKind::Note, None, "请协查")).dossier;
    world.run_for(3 * SECOND_MS);
    let field = |dossier: &DossierRef, field: &str, value: &str| DossierAct::Write {
        dossier: named(dossier),
        field: field.to_owned(),
        value: value.to_owned(),
    };
    done(&mut world, SANYA, field(&contested, "objection.ground", "impersonated"));
    assert_eq!(refused(&mut world, SANYA, field(&contested, "answer.outcome", "withdrawn")), RefusalCode::NotEntitled);
    done(&mut world, HAIKOU, field(&contested, "answer.outcome", "withdrawn"));
    done(&mut world, HAIKOU, DossierAct::Note { dossier: named(&notes), text: "已查".to_owned() });
    world.run_for(3 * SECOND_MS);
    assert_eq!(value(&show(&mut world, SANYA, &contested), "answer.outcome").as_deref(), Some("withdrawn"));
    assert_eq!(show(&mut world, SANYA, &notes).applied, 2);
    let Event::Dossiers { dossiers, more } = ask(&mut world, HAIKOU, DossierAct::List { kind: None, after: None, limit: 1 }) else {
        panic!("no list")
    };
    assert_eq!((dossiers.len(), more, dossiers[0].dossier.clone()), (1, true, contested));
    // Nobody asks without a name.
    assert!(matches!(world.peers[DANZHOU].shelf.dossiers_of(&haikou, None, None, 9).unwrap().len(), 2));
    let token = world.ask(SANYA, Request::Status);
    assert!(matches!(world.closing(SANYA, token), Some(Event::Status(_))));
}
