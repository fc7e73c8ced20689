//! What a job may write over: nothing but its own earlier file, however late somebody else's appears.

use std::sync::{Arc, Mutex};

use anju_core::desk::{ScreenAnswer, ScreenPage, Verdict};
use anju_core::error::{Refusal, RefusalCode};

use super::jobs::{GOOD, HEADER};
use super::*;

const APPLICANTS: &str = "证件号码,业务流水号\r\n460199197601171425,Y1\r\n460199198601205861,Y2\r\n";

fn screened(act: &Act) -> Event {
    let Act::Screen { applicants, .. } = act else { panic!("{act:?}") };
    let answer = |who: &anju_core::desk::Applicant| ScreenAnswer {
        row: who.row,
        verdict: Some(Verdict::NotListed),
        listings: Vec::new(),
        problem: None,
    };
    let answers = applicants.iter().map(answer).collect();
    Event::Screen(Box::new(ScreenPage { answers, doubtful: Vec::new(), alarm: false, quota_left: 9 }))
}

#[test]
fn an_output_that_is_there_already_is_refused_before_a_lookup_is_spent() {
    let counter = Counter::with(|act| panic!("nobody is to be asked: {act:?}"));
    counter.room.write("list.csv", APPLICANTS);
    counter.room.write("out.csv", "precious");
    assert_eq!(counter.json("screen", "@list.csv --matter loan --out @out.csv", 73)["error"]["code"], "output-exists");
    assert_eq!(counter.json("export", "--out @out.csv", 73)["error"]["code"], "output-exists");
    assert_eq!(std::fs::read(counter.room.path("out.csv")).unwrap(), b"precious");
}

#[test]
fn an_output_that_appears_while_the_job_runs_is_not_written_over() {
    let path = Arc::new(Mutex::new(std::path::PathBuf::new()));
    let shared = Arc::clone(&path);
    let counter = Counter::with(move |act| {
        std::fs::write(&*shared.lock().unwrap(), "precious").unwrap();
        screened(&act)
    });
    *path.lock().unwrap() = counter.room.path("out.csv");
    counter.room.write("list.csv", APPLICANTS);
    assert_eq!(counter.json("screen", "@list.csv --matter loan --out @out.csv", 73)["error"]["code"], "output-exists");
    assert_eq!(std::fs::read(counter.room.path("out.csv")).unwrap(), b"precious");
}

#[test]
fn a_reject_file_that_is_not_ours_is_left_alone_however_late_it_appears_and_wherever_a_link_leads() {
    for (held, exit) in [(None, 0), (Some(1), 73)] {
        let path = Arc::new(Mutex::new(std::path::PathBuf::new()));
        let shared = Arc::clone(&path);
        let mut staging = Staging { held, ..Staging::default() };
        let counter = Counter::with(move |act| {
            std::fs::write(&*shared.lock().unwrap(), "precious").unwrap();
            staging.answer(&act)
        });
        *path.lock().unwrap() = counter.room.path("list.csv.rejects.csv");
        counter.room.write("list.csv", &format!("{HEADER}\r\n{GOOD}\r\n"));
        counter.json("import", "@list.csv", exit);
        assert_eq!(std::fs::read(counter.room.path("list.csv.rejects.csv")).unwrap(), b"precious");
    }
    let mut staging = Staging { held: Some(1), ..Staging::default() };
    let counter = Counter::with(move |act| staging.answer(&act));
    counter.room.write("list.csv", &format!("{HEADER}\r\n{GOOD}\r\n"));
    counter.json("import", "@list.csv --rejects @elsewhere.csv", 2);
    std::os::unix::fs::symlink(counter.room.path("elsewhere.csv"), counter.room.path("list.csv.rejects.csv")).unwrap();
    assert_eq!(counter.json("import", "@list.csv", 73)["error"]["code"], "rejects-taken");
    assert!(counter.room.path("list.csv.rejects.csv").is_symlink());
}

#[test]
fn a_screening_that_is_refused_for_its_quota_says_from_which_row_on_and_ends_with_75() {
    let counter = Counter::with(|act| {
        let first = matches!(&act, Act::Screen { applicants, .. } if applicants[0].row == 1);
        if first { screened(&act) } else { Event::Refused { refusal: Refusal::new(RefusalCode::QuotaExceeded), about: None } }
    });
    let rows = "460199197601171425,Y\r\n".repeat(300);
    counter.room.write("many.csv", &format!("证件号码,业务流水号\r\n{rows}"));
    let told = counter.json("screen", "@many.csv --matter loan --out @out.csv", 75);
    let screen = &told["screen"];
    assert_eq!(
        (screen["stopped_before_row"].as_u64(), screen["quota_left"].as_u64(), &screen["quota_alarm"]),
        (Some(257), Some(0), &true.into())
    );
    assert_eq!(std::fs::read_to_string(counter.room.path("out.csv")).unwrap().lines().count(), 257, "what was answered is kept");
}
