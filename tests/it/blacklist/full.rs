//! A disk that is full for the program: a limit on the size of a file is a limit that the system itself enforces on every write.

use std::process::Command;
use std::sync::{Arc, Mutex};

use anju_core::desk::{ExportPage, ExportRow, ScreenAnswer, ScreenPage, Verdict};
use anju_core::listing::status::Standing;
use anju_core::names::ListingId;

use super::jobs::{GOOD, HEADER};
use super::*;

/// The exit code of what could not be written.
const IO: i32 = 74;

/// As [`Counter::json`], while no file may grow beyond so many blocks of 512 bytes: the exit code and what was printed.
fn cramped(counter: &Counter, blocks: u64, command: &str, rest: &str) -> (i32, Value) {
    let inner = counter.room.command(&format!("blacklist {command} {WHO} {rest} --json"));
    let mut shell = Command::new("sh");
    // Without the trap the signal would end the program before it can say anything; an ignored signal stays ignored.
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]).arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let output = shell.output().unwrap();
    let told = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", out(&output), err(&output)));
    (output.status.code().unwrap(), told)
}

/// The files of the room that are not as they were, temporary ones included.
fn files(counter: &Counter) -> Vec<String> {
    let names = std::fs::read_dir(counter.room.path("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn export_row(index: u64) -> ExportRow {
    ExportRow {
        listing: format!("C46020-L{index}").parse().unwrap(),
        id: ListingId([1; 16]),
        standing: Standing::Listed,
        publishable: true,
        token: "00".repeat(16),
        pepper: 1,
        restriction_until: "2030-06-21".to_owned(),
        publication_until: "2028-06-21".to_owned(),
        basis: "imported".to_owned(),
        open_objections: 0,
        own: None,
    }
}

#[test]
fn on_a_full_disk_an_export_and_a_screening_leave_nothing_half_written_say_so_and_go_on_when_there_is_room() {
    let counter = Counter::with(|act| match act {
        Act::Export { cursor, .. } if cursor.is_none() => {
            Event::Export(Box::new(ExportPage { rows: (0..200).map(export_row).collect(), cursor: "c1".to_owned(), more: false }))
        }
        Act::Export { .. } => Event::Export(Box::new(ExportPage { rows: Vec::new(), cursor: "c1".to_owned(), more: false })),
        Act::Screen { applicants, .. } => {
            let verdict = Some(Verdict::NotListed);
            let answers =
                applicants.iter().map(|who| ScreenAnswer { row: who.row, verdict, listings: Vec::new(), problem: None }).collect();
            Event::Screen(Box::new(ScreenPage { answers, doubtful: Vec::new(), alarm: false, quota_left: 7 }))
        }
        other => panic!("{other:?}"),
    });
    counter.room.write("many.csv", &format!("证件号码,业务流水号\r\n{}", "460199197601171425,Y\r\n".repeat(400)));
    let before = files(&counter);
    for (command, rest) in [("export", "--cursor-file @cursor --out @out.csv"), ("screen", "@many.csv --matter loan --out @out.csv")] {
        let (exit, told) = cramped(&counter, 16, command, rest);
        assert_eq!((exit, told["error"]["code"].as_str()), (IO, Some("output-failed")), "{command}: {told}");
        assert_eq!(files(&counter), before, "{command}: nothing is there that could be taken for a result");
        counter.json(command, rest, 0);
        assert!(std::fs::read_to_string(counter.room.path("out.csv")).unwrap().lines().count() > 200);
        std::fs::remove_file(counter.room.path("out.csv")).unwrap();
        let _ = std::fs::remove_file(counter.room.path("cursor"));
    }
}

#[test]
fn on_a_full_disk_an_import_keeps_the_earlier_reject_file_says_so_and_goes_on_when_there_is_room() {
    let staging = Arc::new(Mutex::new(Staging::default()));
    let shared = Arc::clone(&staging);
    let counter = Counter::with(move |act| shared.lock().unwrap().answer(&act));
    let good: String = (0..1_100).map(|n| format!("{}\r\n", GOOD.replace("18号", &format!("{n}号")))).collect();
    let bad = GOOD.replace("骗贷", "骗人");
    counter.room.write("first.csv", &format!("{HEADER}\r\n{bad}\r\n"));
    counter.json("import", "@first.csv --rejects @rejects.csv", 65);
    let earlier = std::fs::read(counter.room.path("rejects.csv")).unwrap();
    counter.room.write("list.csv", &format!("{HEADER}\r\n{good}{}", format!("{bad}\r\n").repeat(900)));
    let before = files(&counter);
    // No room for what is compared on the way, and then none for all of the reject file when a page was staged already.
    for (blocks, code, staged) in [(8, "table-scratch", 0), (256, "output-failed", 1_000)] {
        let (exit, told) = cramped(&counter, blocks, "import", "@list.csv --rejects @rejects.csv");
        assert_eq!((exit, told["error"]["code"].as_str()), (IO, Some(code)), "{told}");
        assert_eq!((&files(&counter), &std::fs::read(counter.room.path("rejects.csv")).unwrap()), (&before, &earlier));
        let staging = staging.lock().unwrap();
        assert_eq!(staging.staged, staged);
        assert_ne!(staging.state, Some(ImportState::Staged), "what is not told completely is not finished");
    }
    let told = counter.json("import", "@list.csv --rejects @rejects.csv", 2);
    assert_eq!((told["import"]["accepted"].as_u64(), told["import"]["rejected"].as_u64()), (Some(1_100), Some(900)), "{told}");
    assert_eq!(staging.lock().unwrap().staged, 1_100, "no row twice and none left out");
    assert_eq!(std::fs::read_to_string(counter.room.path("rejects.csv")).unwrap().lines().count(), 901);
}
