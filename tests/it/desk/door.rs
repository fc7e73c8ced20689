//! What the terminal asks for, before a real peer: logging in, acts, and every kind of long job.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use anju::cli::desk::LocalDoor;
use anju::words::Lang;
use anju_core::desk::{Act, Event, Request};
use anju_core::listing::import::ImportState;
use anju_core::operator::{OperatorName, Role};
use anju_tui::door::{Outcome, Secret, Trouble, TroubleKind, Work};
use anju_tui::watch::{Sign, Watch};
use anju_tui::{Door, Hand};

use crate::cli::PASSPHRASE;
use crate::federation::{AUDITOR, Federation, HAIKOU, Over, REVIEWER, SANYA, TELLER, samples};

fn secret(text: &str) -> Secret {
    let mut secret = Secret::new();
    text.chars().for_each(|c| secret.push(c));
    secret
}

fn log_in(door: &LocalDoor, name: &str, passphrase: &str) -> Result<Arc<dyn Hand>, Trouble> {
    door.log_in(&OperatorName::new(name).unwrap(), &secret(passphrase))
}

/// A job, and what it told.
fn work(hand: &Arc<dyn Hand>, work: Work) -> (Result<Outcome, Trouble>, Vec<Sign>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let outcome = {
        let watch = Watch::new(Arc::default(), move |sign| tell.lock().unwrap().push(sign));
        hand.work(work, &watch)
    };
    let told = told.lock().unwrap().clone();
    (outcome, told)
}

fn done(hand: &Arc<dyn Hand>, job: Work) -> Outcome {
    work(hand, job).0.unwrap()
}

fn code(result: Result<impl Sized, Trouble>) -> String {
    result.err().unwrap().code
}

fn import(file: PathBuf, dry_run: bool) -> Work {
    Work::Import { file, maps: Vec::new(), rejects: None, dry_run }
}

/// A running centre with its people, and its export with a row more that cannot be.
fn house() -> (Federation, LocalDoor, PathBuf) {
    let federation = Federation::running(&[HAIKOU, SANYA], Over::Tcp);
    federation.staff(HAIKOU);
    let bad = "个人,某人,460199197601171426,骗贷,一般,认1号,2025-06-21,条例,限制贷款,2030-06-21,2028-06-21,\n";
    let list = std::fs::read_to_string(samples(HAIKOU).join("blacklist.csv")).unwrap() + bad;
    federation.room.write("list.csv", &list);
    let door = LocalDoor::of(&federation.room.path(HAIKOU), Lang::Chinese).unwrap();
    let file = federation.room.path("list.csv");
    (federation, door, file)
}

#[test]
fn an_operator_logs_in_and_does_what_their_role_may_and_the_peer_may_come_and_go() {
    let (mut federation, door, _) = house();
    assert_eq!(code(log_in(&door, TELLER, "not the passphrase")), "operator-passphrase-wrong");
    assert_eq!(code(log_in(&door, "nobody", PASSPHRASE.trim_end())), "operator-unknown");
    let hand = log_in(&door, TELLER, PASSPHRASE.trim_end()).unwrap();
    let who = hand.who();
    assert_eq!((who.name.as_str(), who.role, who.centre.as_str(), who.federation.as_str()), (TELLER, Role::Teller, HAIKOU, "test"));
    let queue = Act::Queue { after: None, limit: 50 };
    assert!(matches!(hand.act(&queue, &mut |_| {}), Ok(Event::Cases { cases, more: false }) if cases.is_empty()));
    let refused = hand.act(&Act::AuditCheck, &mut |_| {}).unwrap_err();
    assert_eq!((refused.kind, refused.code.as_str()), (TroubleKind::Refused, "role-missing"));
    let auditor = log_in(&door, AUDITOR, PASSPHRASE.trim_end()).unwrap();
    assert!(matches!(auditor.act(&Act::AuditCheck, &mut |_| {}), Ok(Event::AuditState(_))));

    federation.kill(HAIKOU);
    let dark = door.ask(&Request::Status, &mut |_| {}).unwrap_err();
    assert_eq!((dark.kind, dark.code.as_str()), (TroubleKind::Failed, "peer-not-running"));
    assert_eq!(code(hand.act(&queue, &mut |_| {})), "peer-not-running");
    federation.start(HAIKOU);
    assert!(matches!(door.ask(&Request::Status, &mut |_| {}), Ok(Event::Status(_))));
    assert!(hand.act(&queue, &mut |_| {}).is_ok(), "the key that was opened is still good");
}

#[test]
fn a_list_is_tried_imported_with_its_rejects_approved_by_another_screened_and_exported() {
    let (federation, door, file) = house();
    let teller = log_in(&door, TELLER, PASSPHRASE.trim_end()).unwrap();
    let reviewer = log_in(&door, REVIEWER, PASSPHRASE.trim_end()).unwrap();
    let rejects = federation.room.path("list.csv.rejects.csv");

    let (tried, _) = work(&teller, import(file.clone(), true));
    let Outcome::Import(tried) = tried.unwrap() else { panic!("no import") };
    assert_eq!((tried.rows, tried.accepted, tried.rejected), (6, 5, 1));
    assert_eq!(tried.view.as_ref().unwrap().counts.new, 4, "one of them is past both clocks");
    let (staged, signs) = work(&teller, import(file.clone(), false));
    let Outcome::Import(staged) = staged.unwrap() else { panic!("no import") };
    assert_eq!(staged.view.as_ref().unwrap().state, ImportState::Staged);
    assert_eq!(staged.rejects.as_deref(), Some(rejects.as_path()));
    let told: Vec<_> = signs.iter().filter_map(|sign| if let Sign::Rejected(row) = sign { Some(row) } else { None }).collect();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].row, told[0].column.as_deref(), told[0].code.as_str()), (6, Some("ZJHM"), "document-invalid"));
    assert!(signs.iter().any(|sign| matches!(sign, Sign::Progress(_))));

    let approve = || Work::ImportApprove { file: file.clone(), maps: Vec::new() };
    assert_eq!(code(work(&teller, approve()).0), "role-missing");
    let Outcome::Import(listed) = done(&reviewer, approve()) else { panic!("no import") };
    assert_eq!((listed.view.unwrap().state, listed.accepted), (ImportState::Done, 5));

    let applicants = "证件类型,证件号码,业务编号\n01,460199197601171425,HK-1\n01,110105194912310022,HK-3\n";
    federation.room.write("applicants.csv", applicants);
    let out = federation.room.path("screened.csv");
    let screen = || Work::Screen {
        file: federation.room.path("applicants.csv"),
        maps: Vec::new(),
        out: out.clone(),
        matter: "loan".to_owned(),
        legal_basis: "statutory-duty".to_owned(),
        business_no: None,
        from_row: 1,
    };
    let Outcome::Screened(screened) = done(&teller, screen()) else { panic!("no screening") };
    assert_eq!((screened.counts[0], screened.problems, screened.stopped_before), (1, 1, None));
    assert!(!std::fs::read_to_string(&out).unwrap().contains("460199197601171425"), "numbers are masked");
    assert_eq!(code(work(&teller, screen()).0), "output-exists");

    let exported = federation.room.path("lists.csv");
    let export = |since| Work::ExportLists { out: exported.clone(), since };
    let Outcome::Exported { rows, own, cursor } = done(&teller, export(None)) else { panic!("no export") };
    assert_eq!((rows, own), (4, 4));
    std::fs::remove_file(&exported).unwrap();
    assert!(matches!(done(&teller, export(Some(cursor))), Outcome::Exported { rows: 0, .. }));
}

#[test]
fn a_job_that_nobody_wants_leaves_no_file_and_keeps_nobody_out() {
    let (federation, door, file) = house();
    let teller = log_in(&door, TELLER, PASSPHRASE.trim_end()).unwrap();
    let out = federation.room.path("out.csv");
    let before = std::fs::read_dir(federation.room.path("")).unwrap().count();
    let flag = Arc::new(AtomicBool::new(true));
    let unwanted = |work: Work| teller.work(work, &Watch::new(Arc::clone(&flag), |_| {}));
    let rows = || Box::new(std::iter::repeat_with(|| vec!["x".to_owned()]));
    for job in [
        import(file.clone(), false),
        import(file.clone(), true),
        Work::ImportApprove { file: file.clone(), maps: Vec::new() },
        Work::ExportLists { out: out.clone(), since: None },
        Work::WriteRows { out: out.clone(), head: vec!["x".to_owned()], rows: rows() },
        Work::Hash { file: file.clone() },
    ] {
        let name = job.code();
        assert_eq!(code(unwanted(job)), "cancelled", "{name}");
    }
    // One that is given up in the middle.
    let (flag, told) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let watch = {
        let (flag, told) = (Arc::clone(&flag), Arc::clone(&told));
        Watch::new(Arc::clone(&flag), move |_| {
            told.store(true, Ordering::Relaxed);
            flag.store(true, Ordering::Relaxed);
        })
    };
    let endless = Work::WriteRows { out: out.clone(), head: vec!["x".to_owned()], rows: rows() };
    assert_eq!(code(teller.work(endless, &watch)), "cancelled");
    assert!(told.load(Ordering::Relaxed));
    assert_eq!(std::fs::read_dir(federation.room.path("")).unwrap().count(), before, "nothing is left");
    assert!(matches!(done(&teller, import(file, false)), Outcome::Import(_)), "the import's lock is free");
}

#[test]
fn files_are_written_once_hashed_and_read_and_a_socket_alone_does_for_all_but_imports() {
    let (federation, _, file) = house();
    let door = LocalDoor::at(&federation.socket(HAIKOU), Lang::English).unwrap();
    let teller = log_in(&door, TELLER, PASSPHRASE.trim_end()).unwrap();
    let out = federation.room.path("rows.csv");
    let rows = |rows: Vec<Vec<String>>| Work::WriteRows {
        out: out.clone(),
        head: vec!["名".to_owned(), "n".to_owned()],
        rows: Box::new(rows.into_iter()),
    };
    let row = vec!["=1+1".to_owned(), "a,b".to_owned()];
    assert_eq!(done(&teller, rows(vec![row])), Outcome::Written { path: out.clone(), rows: 1 });
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "\u{feff}名,n\r\n'=1+1,\"a,b\"\r\n");
    assert_eq!(crate::cli::mode(&out), 0o600);
    assert_eq!(code(work(&teller, rows(Vec::new())).0), "output-exists");

    let text = federation.room.path("text.html");
    let write = || Work::WriteText { out: text.clone(), text: "报告".to_owned() };
    assert_eq!(done(&teller, write()), Outcome::Written { path: text.clone(), rows: 0 });
    assert_eq!(code(work(&teller, write()).0), "output-exists");
    assert_eq!(crate::cli::mode(&text), 0o600);
    let read = |max_bytes| Work::ReadText { file: text.clone(), max_bytes };
    assert_eq!(done(&teller, read(6)), Outcome::Text("报告".to_owned()));
    assert_eq!(code(work(&teller, read(5)).0), "input-too-large");
    assert_eq!(code(work(&teller, Work::ReadText { file: federation.room.path("none"), max_bytes: 5 }).0), "input-unreadable");
    let Outcome::Hash { digest, bytes } = done(&teller, Work::Hash { file: text }) else { panic!("no hash") };
    assert_eq!((digest.to_string().as_str(), bytes), ("1e8ddd10bafe5127a5c2c0862f147d855ea29aa8ab1c729d3f87d0eabead98e6", 6));

    assert_eq!(code(work(&teller, import(file, false)).0), "desk-no-folder");
}
