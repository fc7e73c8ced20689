//! The blacklist and the audit, key by key.

use anju_core::desk::{Act, CaseRef};
use anju_core::listing::case::CaseState;
use anju_tui::Words;
use anju_tui::event::Event;
use anju_tui::fake::{Asked, FakeDoor, Rehearsal};
use anju_tui::keys::KeyPress;
use anju_tui::screen::REVEALED_MS;
use anju_tui::screens::SCREENS;

use crate::list_made::{self as made_list, CASE, NUMBER, Peer};
use crate::made;

fn at(door: &FakeDoor, name: &str, keys: &str) -> Rehearsal {
    let mut desk = Rehearsal::new(door, Words::English, SCREENS, 80, 24);
    desk.log_in(name);
    desk.settle();
    desk.keys(keys);
    door.asked();
    desk
}

#[track_caller]
fn sees(desk: &mut Rehearsal, what: &str) {
    let screen = desk.screen();
    assert!(screen.contains(what), "no {what:?} in\n{screen}");
}

#[track_caller]
fn does_not_see(desk: &mut Rehearsal, what: &str) {
    let screen = desk.screen();
    assert!(!screen.contains(what), "{what:?} in\n{screen}");
}

fn acts(door: &FakeDoor) -> Vec<Act> {
    let act = |asked| if let Asked::Act(act) = asked { Some(act) } else { None };
    door.asked().into_iter().filter_map(act).filter(|act| !matches!(act, Act::Queue { .. } | Act::CaseShow { unmask: None, .. })).collect()
}

/// Fills the form of a proposal in from its first field on.
fn fill_proposal(desk: &mut Rehearsal) {
    desk.keys("tab");
    desk.types("符生");
    desk.keys("tab tab");
    desk.types(NUMBER);
    desk.keys("tab tab tab 1 2 tab");
    desk.types("琼公积金认〔2026〕7号");
    desk.keys("tab");
    desk.types("2026-10-08");
    desk.keys("tab");
    desk.types("/srv/in/decision.pdf");
    desk.keys("tab");
    desk.types("《住房公积金管理条例》第三十七条");
    desk.keys("tab tab");
    desk.types("2029-10-07");
    desk.keys("tab");
    desk.types("2027-10-07");
}

#[test]
fn a_case_is_proposed_refused_to_its_proposer_and_approved_by_another() {
    let peer = Peer::new(CaseState::Drafted);
    peer.0.lock().unwrap().steps.clear();
    let (tellers, reviewers) = (peer.door(made_list::teller()), peer.door(made::reviewer()));
    let mut desk = at(&tellers, "zhang.san", "4 n");
    fill_proposal(&mut desk);
    desk.keys("ctrl-s");
    sees(&mut desk, "C46010-A7 is proposed");
    let proposed = acts(&tellers);
    let [Act::Propose(proposal)] = proposed.as_slice() else { panic!("{proposed:?}") };
    assert_eq!(proposal.row.document_no, NUMBER);
    assert_eq!(proposal.row.measures, ["no-withdrawal", "no-loan"]);
    assert_eq!(proposal.decision_sha256.0, [0xcd; 32], "the file's digest, read by the shell");
    sees(&mut desk, &format!("Blacklist > {CASE}"));
    does_not_see(&mut desk, NUMBER);

    // Their own approval: the peer says no, and the desk says who is missing.
    desk.keys("a");
    desk.types("as I said");
    desk.keys("ctrl-s tab enter");
    sees(&mut desk, "somebody else");
    desk.keys("enter esc tab enter");
    sees(&mut desk, "Another reviewer is needed");
    acts(&tellers);

    let mut desk = at(&reviewers, "li.si", "enter");
    sees(&mut desk, "2029-10-07");
    desk.keys("a");
    desk.types("compared with the decision");
    desk.keys("ctrl-s");
    sees(&mut desk, "nothing of it yet");
    assert!(acts(&reviewers).is_empty(), "nothing is sent before it is meant");
    desk.keys("enter");
    assert!(acts(&reviewers).is_empty(), "Enter is Cancel");
    desk.keys("ctrl-s tab enter");
    assert!(matches!(acts(&reviewers).as_slice(), [Act::Review { approve: true, reason, .. }] if reason == "compared with the decision"));
    sees(&mut desk, "Waits for: teller");
}

#[test]
fn a_returned_case_that_comes_again_shows_what_is_different() {
    let peer = Peer::new(CaseState::Drafted);
    let (tellers, reviewers) = (peer.door(made_list::teller()), peer.door(made::reviewer()));
    let mut review = at(&reviewers, "li.si", "enter t");
    review.types("the level is wrong");
    review.keys("ctrl-s tab enter esc");
    let mut desk = at(&tellers, "zhang.san", "enter A");
    sees(&mut desk, "C46010-A7 again; changed:");
    does_not_see(&mut desk, NUMBER);
    desk.keys("tab");
    desk.types("符生");
    desk.keys("tab tab");
    desk.types(NUMBER);
    desk.keys("tab tab");
    desk.event(Event::Key(KeyPress::parse("left").unwrap()));
    sees(&mut desk, "changed: ");
    desk.keys("tab tab tab tab");
    desk.types("/srv/in/decision.pdf");
    desk.keys("ctrl-s");
    let acts = acts(&tellers);
    assert!(
        matches!(acts.as_slice(), [Act::Propose(p)] if p.again == Some(made_list::case_number()) && p.row.level == "ordinary"),
        "{acts:?}"
    );

    review.keys("enter");
    sees(&mut review, "Proposed again: different from what was returned");
    sees(&mut review, "严重 -> 一般");
    sees(&mut review, "the level is wrong");
    // Who did not see what was returned is told so.
    let mut other = at(&reviewers, "li.si", "enter");
    sees(&mut other, "compare every field");
}

#[test]
fn the_form_says_while_one_types_what_the_peer_would_say() {
    let door = Peer::new(CaseState::Drafted).door(made_list::teller());
    let mut desk = at(&door, "zhang.san", "4 n tab");
    desk.types("x");
    desk.keys("tab tab");
    desk.types("110105194912310039");
    sees(&mut desk, "! Document number");
    desk.keys("backspace");
    desk.types("8");
    does_not_see(&mut desk, "! Document number");
    sees(&mut desk, NUMBER);
    desk.keys("tab");
    does_not_see(&mut desk, NUMBER);
    sees(&mut desk, "110***********0038");
    desk.keys("esc");
    sees(&mut desk, "not submitted");
    desk.keys("tab enter");
    sees(&mut desk, "Blacklist");
    assert!(acts(&door).is_empty());
}

#[test]
fn a_decision_file_that_cannot_be_read_is_said_beside_its_field() {
    let door = Peer::new(CaseState::Drafted).door(made_list::teller());
    let mut desk = at(&door, "zhang.san", "4 n");
    fill_proposal(&mut desk);
    desk.keys("backtab backtab backtab backtab ctrl-u");
    desk.types("missing.pdf");
    desk.keys("ctrl-s");
    sees(&mut desk, "missing.pdf");
    assert!(acts(&door).is_empty());
}

#[test]
fn what_ends_a_listing_everywhere_has_its_number_typed() {
    let peer = Peer::new(CaseState::Listed);
    let door = peer.door(made::reviewer());
    let mut desk = at(&door, "li.si", "enter m");
    desk.types("D-1");
    desk.keys("tab");
    desk.types("repaid");
    desk.keys("ctrl-s");
    sees(&mut desk, "cannot be brought back");
    desk.keys("tab enter");
    assert!(acts(&door).is_empty());
    desk.keys("ctrl-s");
    desk.types(CASE);
    desk.keys("tab enter");
    assert!(matches!(acts(&door).as_slice(), [Act::Repair { about: CaseRef::Case(_), decision, .. }] if decision == "D-1"));
    desk.keys("p");
    sees(&mut desk, "C50000");
    assert!(matches!(acts(&door).as_slice(), [Act::Proof { .. }]));
}

#[test]
fn a_hit_is_a_prompt_to_look_closer_and_leads_to_its_listing() {
    let door = Peer::new(CaseState::Drafted).door(made_list::teller());
    let mut desk = at(&door, "zhang.san", "4 s");
    desk.types(NUMBER);
    desk.keys("tab");
    does_not_see(&mut desk, NUMBER);
    desk.types("loan-application");
    desk.keys("tab");
    desk.types("DK-2026-001");
    desk.keys("ctrl-s");
    sees(&mut desk, "review");
    for never in ["refused", "rejected", "denied"] {
        does_not_see(&mut desk, never);
    }
    sees(&mut desk, "C46020-L123");
    sees(&mut desk, "110***********0038");
    let asked = acts(&door);
    assert!(matches!(asked.as_slice(), [Act::Lookup { applicant, .. }] if applicant.document_no == NUMBER), "{asked:?}");
    desk.keys("enter");
    sees(&mut desk, "A published listing");
    desk.keys("o");
    desk.keys("tab");
    desk.types("somebody used the name");
    desk.keys("ctrl-s");
    sees(&mut desk, "shows it as disputed");
    desk.keys("tab enter");
    assert!(matches!(acts(&door).as_slice(), [Act::Object { about: CaseRef::Listing(_), ground, .. }] if ground == "impersonated"));
    // Back at the form, nothing of the last subject is left.
    desk.keys("esc esc");
    does_not_see(&mut desk, "0038");
}

#[test]
fn an_unknown_answer_is_not_read_as_clear_and_says_which_centre_is_in_doubt() {
    let door = Peer::new(CaseState::Drafted).door(made_list::teller());
    let mut desk = at(&door, "zhang.san", "4 s");
    desk.types(NUMBER);
    desk.keys("tab");
    desk.types("m");
    desk.keys("tab");
    desk.types("clear");
    desk.keys("ctrl-s G");
    sees(&mut desk, "C50000");
    let screen = desk.screen();
    assert!(screen.contains("silent") || screen.contains("Silent"), "{screen}");
    desk.keys("esc");
    desk.types("1");
    desk.keys("tab tab");
    desk.types("b");
    desk.keys("ctrl-s");
    sees(&mut desk, "! ");
}

#[test]
fn a_file_is_staged_with_its_rejects_and_approved_by_typing_its_digest() {
    let door = Peer::new(CaseState::Drafted).door(made::reviewer());
    let mut desk = at(&door, "li.si", "4 i");
    desk.types("/srv/in/list.csv");
    desk.keys("tab right ctrl-s");
    sees(&mut desk, "Another reviewer is needed");
    sees(&mut desk, "17");
    sees(&mut desk, "证件号码");
    assert_eq!(door.asked(), [Asked::Work("import")]);
    desk.keys("esc right ctrl-s");
    sees(&mut desk, "cdcdcdcd");
    assert_eq!(door.asked(), [Asked::Work("hash")]);
    desk.keys("tab enter");
    assert!(door.asked().is_empty(), "not without the digest");
    desk.keys("ctrl-s");
    door.asked();
    desk.types("cdcdcdcd");
    desk.keys("tab enter");
    assert_eq!(door.asked(), [Asked::Work("import-approve")]);
    sees(&mut desk, "Approved by");
}

#[test]
fn many_are_looked_up_and_lists_exported_from_file_to_file() {
    let door = Peer::new(CaseState::Drafted).door(made_list::teller());
    let mut desk = at(&door, "zhang.san", "4 b");
    desk.types("/in.csv");
    desk.keys("tab");
    desk.types("/out.csv");
    desk.keys("tab");
    desk.types("loan");
    desk.keys("ctrl-s");
    sees(&mut desk, "row 101");
    desk.keys("esc esc tab enter x");
    desk.types("/lists.csv");
    desk.keys("ctrl-s");
    sees(&mut desk, "c2:1204");
    assert_eq!(door.asked().last(), Some(&Asked::Work("export-lists")));
    desk.keys("esc tab");
    sees(&mut desk, "c2:1204");
}

#[test]
fn a_number_is_shown_for_a_reason_and_hides_again() {
    let door = Peer::new(CaseState::Drafted).door(made::reviewer());
    let mut desk = at(&door, "li.si", "enter v");
    desk.types("applicant at the counter");
    desk.keys("enter");
    sees(&mut desk, NUMBER);
    assert!(matches!(acts(&door).as_slice(), [Act::CaseShow { unmask: Some(why), .. }] if why == "applicant at the counter"));
    desk.pass(REVEALED_MS + 1);
    does_not_see(&mut desk, NUMBER);
    sees(&mut desk, "110***********0038");
}

#[test]
fn a_job_that_was_left_is_found_again_and_its_end_is_told() {
    let door = Peer::new(CaseState::Drafted).door(made_list::teller());
    let mut desk = at(&door, "zhang.san", "4 i");
    desk.types("/srv/in/list.csv");
    desk.event(Event::Key(KeyPress::parse("ctrl-s").unwrap()));
    desk.event(Event::Key(KeyPress::parse("esc").unwrap()));
    desk.settle();
    does_not_see(&mut desk, "document-invalid");
    desk.keys("i");
    sees(&mut desk, "证件号码");
}

#[test]
fn the_auditor_asks_about_somebody_for_a_reason_and_without_one_nothing_is_asked() {
    let door = Peer::new(CaseState::Drafted).door(made_list::auditor());
    let mut desk = at(&door, "qian.qi", "7 f");
    acts(&door);
    desk.keys("tab tab tab tab tab tab tab tab");
    desk.types("460199198409159519");
    desk.keys("ctrl-s");
    sees(&mut desk, "needs a reason");
    assert_eq!(acts(&door), []);
    desk.types("complaint 18");
    desk.keys("ctrl-s");
    sees(&mut desk, "460***********9519");
    does_not_see(&mut desk, "460199198409159519");
    let asked = acts(&door);
    let [Act::AuditList { before: None, operator: None, subject: Some(subject), .. }] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((subject.document_type.as_str(), subject.document_no.as_str()), ("01", "460199198409159519"));
    assert_eq!(subject.reason, "complaint 18");
    // Back to everything: asked anew, and about nobody.
    desk.keys("esc");
    assert!(matches!(acts(&door).as_slice(), [Act::AuditList { subject: None, .. }]));
}

#[test]
fn the_auditor_filters_reads_patterns_and_checks_and_nobody_else_sees_the_view() {
    let door = Peer::new(CaseState::Drafted).door(made_list::auditor());
    let mut desk = at(&door, "qian.qi", "7");
    sees(&mut desk, "all 28 were read");
    desk.keys("p");
    sees(&mut desk, "12 subjects under one number");
    desk.keys("enter");
    sees(&mut desk, "24 rows");
    let asked = acts(&door);
    assert!(matches!(asked.as_slice(), [Act::AuditList { operator: Some(name), .. }] if name.as_str() == "wang.wu"), "{asked:?}");
    desk.keys("esc f tab");
    desk.keys("right right right right ctrl-s");
    sees(&mut desk, "1 rows");
    desk.keys("c");
    sees(&mut desk, "98");
    assert!(matches!(acts(&door).last(), Some(Act::AuditCheck)));
    let door = Peer::new(CaseState::Drafted).door(made::reviewer());
    let mut desk = at(&door, "li.si", "7");
    does_not_see(&mut desk, "> Audit");
}
