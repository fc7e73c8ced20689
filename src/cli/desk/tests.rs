use std::sync::{Arc, Mutex};

use anju_core::desk::{Act, Event, OperatorKey, OperatorLine, Request, Stage};
use anju_core::error::{Refusal, RefusalCode};
use anju_core::names::{CentreCode, FederationName};
use anju_core::operator::{Operator, OperatorName, Role, SealedKey};
use anju_core::sign::SecretKey;
use anju_tui::Door;
use anju_tui::door::{Outcome, Secret, TroubleKind, Work};
use anju_tui::watch::Watch;

use super::LocalDoor;
use crate::cli::common;
use crate::desk::fake::Fake;
use crate::words::Lang;

const PASSPHRASE: &str = "a passphrase for tests";

fn secret(text: &str) -> Secret {
    let mut secret = Secret::new();
    text.chars().for_each(|c| secret.push(c));
    secret
}

/// An account with its key under [`PASSPHRASE`].
fn account(name: &str) -> Operator {
    let mut rng = common::randomness().unwrap();
    let (name, key) = (OperatorName::new(name).unwrap(), SecretKey::random(&mut rng));
    let sealed = SealedKey::seal(&mut rng, &name, &key, PASSPHRASE.as_bytes()).unwrap();
    let (display, staff_no, created) = ("张三".to_owned(), "1".to_owned(), common::now());
    Operator { name, display, staff_no, role: Role::Teller, key: key.public(), sealed, created, disabled: None }
}

fn key_of(account: &Operator) -> Event {
    Event::OperatorKey(Box::new(OperatorKey {
        operator: OperatorLine::from(account),
        sealed: account.sealed.clone(),
        centre: CentreCode::new("C46010").unwrap(),
        federation: FederationName::new("test").unwrap(),
    }))
}

/// A desk that knows one operator and answers their acts with `answer`; everything it was asked, as it went over the socket.
fn before(account: &Operator, answer: Vec<Event>) -> (tempfile::TempDir, Fake, LocalDoor, Arc<Mutex<Vec<String>>>) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("desk.sock");
    let (key, asked) = (key_of(account), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&asked);
    let fake = Fake::answering(&socket, move |request| {
        seen.lock().unwrap().push(serde_json::to_string(request).unwrap());
        if matches!(request, Request::OperatorKey { .. }) { vec![key.clone()] } else { answer.clone() }
    });
    let door = LocalDoor::at(&socket, Lang::Chinese).unwrap();
    (folder, fake.unwrap(), door, asked)
}

#[test]
fn an_act_is_signed_here_and_neither_the_passphrase_nor_the_key_goes_over_the_socket() {
    let account = account("zhang");
    let (_folder, fake, door, asked) = before(&account, vec![Event::Progress { stage: Stage::Deriving }, Event::Done]);
    let hand = door.log_in(&account.name, &secret(PASSPHRASE)).unwrap();
    let mut stages = Vec::new();
    let act = Act::Queue { after: Some(7), limit: 3 };
    assert_eq!(hand.act(&act, &mut |stage| stages.push(stage)).unwrap(), Event::Done);
    assert_eq!(stages, [Stage::Deriving]);
    assert!(matches!(fake.asked(), Some(Request::OperatorKey { .. })));
    let Some(Request::Act(signed)) = fake.asked() else { panic!("no act came") };
    let (centre, federation) = (CentreCode::new("C46010").unwrap(), FederationName::new("test").unwrap());
    let proven = signed.prove(account.clone(), &centre, &federation, common::now()).unwrap();
    assert_eq!(*proven.act(), act);
    assert!(asked.lock().unwrap().iter().all(|line| !line.contains(PASSPHRASE)));
}

#[test]
fn a_refusal_stays_one_and_a_failure_of_the_peer_is_told_with_its_code() {
    let account = account("zhang");
    let refused = Event::Refused { refusal: Refusal::about(RefusalCode::StepNotAllowed, "listed"), about: None };
    let (_folder, _fake, door, _) = before(&account, vec![refused]);
    let hand = door.log_in(&account.name, &secret(PASSPHRASE)).unwrap();
    let trouble = hand.act(&Act::AuditCheck, &mut |_| {}).unwrap_err();
    assert_eq!((trouble.kind, trouble.code.as_str()), (TroubleKind::Refused, "step-not-allowed"));
    assert_eq!(trouble.values, [("refusal_detail".to_owned(), "listed".to_owned())]);
    let failed = Event::Failed { code: "stopping".to_owned(), detail: "\u{1b}[2Jbye".to_owned() };
    let (_folder, _fake, door, _) = before(&account, vec![failed]);
    let trouble = door.ask(&Request::Status, &mut |_| {}).unwrap_err();
    assert_eq!((trouble.kind, trouble.code.as_str()), (TroubleKind::Failed, "peer-failed"));
    assert!(trouble.values.contains(&("peer_code".to_owned(), "stopping".to_owned())), "{trouble:?}");
}

#[test]
fn the_key_of_another_operator_is_not_taken_for_the_one_that_was_asked_for() {
    let (_folder, _fake, door, _) = before(&account("zhang"), vec![Event::Done]);
    let result = door.log_in(&OperatorName::new("li").unwrap(), &secret(PASSPHRASE));
    assert_eq!(result.err().unwrap().code, "peer-garbled");
}

#[test]
fn an_answer_to_another_question_ends_a_job_without_a_file() {
    let account = account("zhang");
    let (folder, _fake, door, _) = before(&account, vec![Event::Done]);
    let hand = door.log_in(&account.name, &secret(PASSPHRASE)).unwrap();
    let out = folder.path().join("lists.csv");
    let watch = Watch::new(Arc::default(), |_| {});
    let trouble = hand.work(Work::ExportLists { out: out.clone(), since: None }, &watch).unwrap_err();
    assert_eq!(trouble.code, "peer-garbled");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "only the socket is there");
    let Outcome::Written { path, .. } = hand.work(Work::WriteText { out, text: String::new() }, &watch).unwrap() else { panic!("no file") };
    assert!(path.exists());
}
