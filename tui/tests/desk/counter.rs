//! The counter: a grant is read and printed, a certificate issued and ended, key by key, and what the views look like meanwhile.

mod looks;

use std::sync::{Arc, Mutex};

use anju_core::desk::{Act, Event as DeskEvent};
use anju_core::error::{Refusal, RefusalCode};
use anju_core::holder::{Wallet, card};
use anju_core::names::CentreCode;
use anju_tui::Words;
use anju_tui::door::{Outcome, Trouble, Who, Work};
use anju_tui::event::Event;
use anju_tui::fake::{Asked, FakeDoor, NOW, Rehearsal};
use anju_tui::screen::REVEALED_MS;
use anju_tui::screens::SCREENS;
use anju_tui::watch::Watch;
use rand::SeedableRng;

use crate::made;
use crate::made::papers::{DOCUMENT, NUMBER, grant};

/// Files that were written: name and text.
type Files = Arc<Mutex<Vec<(String, String)>>>;

fn who() -> Who {
    Who { centre: CentreCode::new("C46020").unwrap(), ..made::reviewer() }
}

/// A door of C46020 that answers, reads `file` and keeps what is written.
fn door(file: String) -> (FakeDoor, Files) {
    let files = Files::default();
    let kept = Arc::clone(&files);
    let work = move |work: Work, _: &Watch| match work {
        Work::ReadText { .. } => Ok(Outcome::Text(file.clone())),
        Work::WriteText { out, text } => {
            kept.lock().unwrap().push((out.display().to_string(), text));
            Ok(Outcome::Written { path: out, rows: 0 })
        }
        _ => Err(Trouble::failed("not-in-this-test")),
    };
    (FakeDoor::with_work(who(), made::answer, work), files)
}

fn at(door: &FakeDoor, view: &str) -> Rehearsal {
    let mut desk = Rehearsal::new(door, Words::English, SCREENS, 160, 48);
    desk.log_in("li.si");
    desk.keys(view);
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

fn paste(desk: &mut Rehearsal, text: &str) {
    desk.event(Event::Paste(text.to_owned()));
    desk.settle();
}

fn to_answer(desk: &mut Rehearsal) {
    paste(desk, &grant());
    desk.types("SY-2026-0001");
    desk.keys("ctrl-s");
}

#[test]
fn a_grant_is_pasted_read_and_answered_with_numbers_masked() {
    let (door, _) = door(String::new());
    let mut desk = at(&door, "2");
    // As a terminal pastes it: with line breaks.
    let text = grant();
    paste(&mut desk, &format!("{}\r\n{}\r\n", &text[..60], &text[60..]));
    sees(&mut desk, "this centre");
    does_not_see(&mut desk, &text);
    desk.keys("ctrl-s");
    sees(&mut desk, "must be filled in");
    desk.types("SY-2026-0001");
    desk.keys("ctrl-s");
    let asked = door.asked();
    assert!(
        matches!(asked.as_slice(), [Asked::Act(Act::Query { grant, business_no, matter: None, .. })]
            if *grant == text && business_no == "SY-2026-0001"),
        "{asked:?}"
    );
    for what in ["[x] verified", "[+] Authentic", "[+] Authorised", "[+] Current", "[ ] Lists", "79,800.00", "12%", "史霞玲"] {
        sees(&mut desk, what);
    }
    does_not_see(&mut desk, DOCUMENT);
}

#[test]
fn a_grant_is_read_from_a_file_and_what_is_none_says_so() {
    let (door, _) = door(grant());
    let mut desk = at(&door, "2");
    desk.types("nonsense");
    desk.keys("ctrl-s");
    sees(&mut desk, "Next");
    desk.keys("ctrl-u tab");
    desk.types("/tmp/grant.txt");
    desk.keys("ctrl-s");
    sees(&mut desk, "this centre");
}

#[test]
fn numbers_are_revealed_for_a_reason_that_the_peer_writes_down_first() {
    let (door, _) = door(String::new());
    let mut desk = at(&door, "2");
    to_answer(&mut desk);
    door.asked();
    desk.keys("v");
    desk.types("compared with the card");
    does_not_see(&mut desk, DOCUMENT);
    desk.keys("enter");
    let asked = door.asked();
    assert!(matches!(asked.as_slice(), [Asked::Act(Act::Reveal { reason, .. })] if reason == "compared with the card"), "{asked:?}");
    sees(&mut desk, DOCUMENT);
    desk.pass(REVEALED_MS);
    does_not_see(&mut desk, DOCUMENT);
    desk.keys("v");
    desk.types("again");
    desk.keys("enter ctrl-l");
    desk.types(anju_tui::fake::PASSPHRASE);
    desk.keys("enter");
    sees(&mut desk, "79,800.00");
    does_not_see(&mut desk, DOCUMENT);
}

#[test]
fn nothing_is_revealed_when_the_peer_did_not_write_it_down() {
    let refused = |asked: &Asked| match asked {
        Asked::Act(Act::Reveal { .. }) => Err(Trouble::from(Refusal::new(RefusalCode::RoleMissing))),
        other => made::answer(other),
    };
    let door = FakeDoor::new(who(), refused);
    let mut desk = at(&door, "2");
    to_answer(&mut desk);
    desk.keys("v");
    desk.types("why");
    desk.keys("enter esc");
    does_not_see(&mut desk, DOCUMENT);
}

#[test]
fn the_lists_are_asked_for_the_document_of_the_certificate() {
    let (door, _) = door(String::new());
    let mut desk = at(&door, "2");
    to_answer(&mut desk);
    door.asked();
    desk.keys("b ctrl-s");
    let asked = door.asked();
    assert!(
        matches!(asked.as_slice(), [Asked::Act(Act::Lookup { applicant, matter, legal_basis })]
            if applicant.document_no == DOCUMENT && applicant.document_type == "01" && applicant.business_no == "SY-2026-0001"
                && matter == "cross-region-loan" && legal_basis == "statutory-duty"),
        "{asked:?}"
    );
    sees(&mut desk, "[+] Lists");
    sees(&mut desk, "(2 of 2 centres count)");
}

#[test]
fn what_was_refused_is_asked_anew_and_what_failed_under_the_same_id() {
    let ids = |trouble: Trouble| {
        let door = FakeDoor::new(who(), move |asked| match asked {
            Asked::Act(Act::Query { .. }) => Err(trouble.clone()),
            other => made::answer(other),
        });
        let mut desk = at(&door, "2");
        to_answer(&mut desk);
        sees(&mut desk, "[!]");
        desk.keys("ctrl-s");
        let asked = door.asked();
        let id = |asked: &Asked| match asked {
            Asked::Act(Act::Query { request, .. }) => *request,
            other => panic!("{other:?}"),
        };
        (id(&asked[0]), id(&asked[1]))
    };
    let (first, second) = ids(Trouble::failed("peer-timeout"));
    assert_eq!(first, second, "it may have been done, and must not cost a second use");
    let (first, second) = ids(Trouble::from(Refusal::new(RefusalCode::CertificateUnknown)));
    assert_ne!(first, second, "a refusal is kept under its id and would only come again");
}

#[test]
fn the_page_stands_alone_is_escaped_and_masked_and_the_evidence_is_whole() {
    let evil = "<script>alert('x')</script>&\"\u{202e}";
    let files = Files::default();
    let kept = Arc::clone(&files);
    let answer = move |asked: &Asked| match made::answer(asked)? {
        DeskEvent::Answer(mut answer) => {
            answer.fields[0].value = evil.into();
            answer.authorised.matter = evil.to_owned();
            Ok(DeskEvent::Answer(answer))
        }
        other => Ok(other),
    };
    let door = FakeDoor::with_work(who(), answer, move |work, _| match work {
        Work::WriteText { out, text } => {
            kept.lock().unwrap().push((out.display().to_string(), text));
            Ok(Outcome::Written { path: out, rows: 0 })
        }
        _ => Err(Trouble::failed("not-in-this-test")),
    });
    let mut desk = at(&door, "2");
    to_answer(&mut desk);
    desk.keys("e ctrl-s e right ctrl-s");
    assert_eq!(files.lock().unwrap().len(), 1, "whole numbers are not written without a reason");
    desk.keys("esc");
    door.asked();
    desk.keys("e right ctrl-s");
    desk.types("for the file");
    desk.keys("ctrl-s");
    let asked = door.asked();
    assert!(matches!(&asked[0], Asked::Act(Act::Reveal { reason, .. }) if reason == "for the file"), "{asked:?}");
    let files = files.lock().unwrap();
    let [(page_name, page), (evidence_name, evidence)] = files.as_slice() else { panic!("{} files", files.len()) };
    assert_eq!((page_name.as_str(), evidence_name.as_str()), (&*format!("{NUMBER}.html"), &*format!("{NUMBER}.json")));
    for never in ["<script", "http:", "https:", "src=", "url(", "\u{202e}", DOCUMENT] {
        assert!(!page.contains(never), "{never:?} in\n{page}");
    }
    for always in
        ["&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;", "size:A4", "SimSun", "default-src 'none'", "460***********9519"]
    {
        assert!(page.contains(always), "no {always:?} in\n{page}");
    }
    assert_eq!(page.matches('<').count(), page.matches('>').count());
    let evidence: serde_json::Value = serde_json::from_str(evidence).unwrap();
    assert_eq!(evidence["answer"]["presentation"], "eyJhbGciOiJFZERTQSJ9.e30.sig~");
    assert!(evidence["request"].is_string() && evidence["elapsed_ms"].is_u64());
    assert_eq!(evidence["answer"]["fields"][0]["value"], evil);
}

fn holder_card() -> String {
    let mut rng = rand::rngs::StdRng::seed_from_u64(7);
    card(&mut rng, NOW, &mut Wallet::default(), &CentreCode::new("C46020").unwrap()).unwrap()
}

#[test]
fn a_certificate_is_issued_from_account_and_card_and_its_file_written() {
    let (door, files) = door(String::new());
    let mut desk = at(&door, "3");
    desk.keys("n");
    desk.types("46010000000100001");
    desk.keys("tab right ctrl-s");
    sees(&mut desk, "may be issued");
    let asked = door.asked();
    assert!(matches!(asked.as_slice(), [Asked::Act(Act::AccountShow { kind, unmask: None, .. })] if kind == "YDDKJCZM"), "{asked:?}");
    desk.keys("i");
    paste(&mut desk, &holder_card());
    sees(&mut desk, "the card is sound");
    desk.keys("ctrl-s");
    sees(&mut desk, "460**********0001");
    desk.keys("enter");
    assert!(door.asked().is_empty(), "Enter alone is no");
    desk.keys("ctrl-s tab enter");
    let asked = door.asked();
    assert!(
        asked.iter().any(|asked| matches!(asked, Asked::Act(Act::CertificateIssue { account_no, clerk, addressee: Some(to), .. })
            if account_no == "46010000000100001" && clerk == "李四" && to.as_str() != "C46010")),
        "{asked:?}"
    );
    desk.keys("ctrl-s");
    assert_eq!(files.lock().unwrap().as_slice(), [(format!("{NUMBER}.cert"), "c2VhbGVk".to_owned())]);
}

#[test]
fn no_card_is_asked_for_where_none_may_be_issued_and_another_centres_card_is_none() {
    let (door, _) = door(String::new());
    let mut desk = at(&door, "3");
    desk.keys("n");
    desk.types("46010000000100001");
    desk.keys("tab left ctrl-s");
    sees(&mut desk, "[-] may not be issued");
    desk.keys("i");
    does_not_see(&mut desk, "enrolment card");
    desk.keys("esc tab right ctrl-s i");
    paste(&mut desk, &holder_card().replace("C46020", "C46010"));
    desk.keys("ctrl-s");
    does_not_see(&mut desk, "the card is sound");
    assert!(!door.asked().iter().any(|asked| matches!(asked, Asked::Act(Act::CertificateIssue { .. }))));
}

#[test]
fn an_account_is_shown_in_plain_for_a_reason_and_for_a_while() {
    let (door, _) = door(String::new());
    let mut desk = at(&door, "3");
    desk.keys("n");
    desk.types("46010000000100001");
    desk.keys("ctrl-s");
    does_not_see(&mut desk, DOCUMENT);
    door.asked();
    desk.keys("v");
    desk.types("compared");
    desk.keys("enter");
    let asked = door.asked();
    assert!(matches!(asked.as_slice(), [Asked::Act(Act::AccountShow { unmask: Some(why), .. })] if why == "compared"), "{asked:?}");
    sees(&mut desk, DOCUMENT);
    desk.pass(REVEALED_MS);
    does_not_see(&mut desk, DOCUMENT);
    sees(&mut desk, "460***********9519");
}

#[test]
fn a_certificate_is_ended_with_a_reason_after_its_effect_was_told() {
    let (door, _) = door(String::new());
    let mut desk = at(&door, "3");
    desk.keys("x right enter");
    sees(&mut desk, "Every member centre is told");
    desk.keys("enter");
    assert!(door.asked().is_empty(), "Cancel is what Enter means");
    desk.keys("ctrl-s tab enter");
    let asked = door.asked();
    assert!(
        matches!(&asked[0], Asked::Act(Act::CertificateCancel { number, reason }) if number.as_str() == "C46010-JCZM-2026-000001" && reason == "superseded"),
        "{asked:?}"
    );
    desk.keys("j x");
    sees(&mut desk, "ended already");
}
