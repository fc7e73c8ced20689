use std::sync::{Arc, Mutex};

use anju_core::desk::{ExportPage, ExportRow, MAX_SCREEN_PAGE, OwnRow, ScreenAnswer, ScreenPage, SyncLine, SyncView, Verdict};
use anju_core::listing::status::Standing;
use anju_core::names::{ListingId, ListingRef};

use super::*;
use crate::cli::mode;

pub(super) const GOOD: &str =
    "个人,向子雪,460199197601171425,骗贷,一般,认〔2025〕18号,2025-06-21,条例第四十一条,限制提取;限制贷款,2030-06-21,2028-06-21,";
pub(super) const HEADER: &str = "ZTLX,MC,ZJHM,XWDM,DJ,WSH,WSRQ,FLYJ,XZCS,XZJZ,GSJZ,BZ";

fn importing(staging: Staging) -> (Counter, Arc<Mutex<Staging>>) {
    let staging = Arc::new(Mutex::new(staging));
    let shared = Arc::clone(&staging);
    (Counter::with(move |act| shared.lock().unwrap().answer(&act)), staging)
}

#[test]
fn an_export_is_staged_and_a_second_reading_of_the_same_file_approves_it() {
    let (counter, staging) = importing(Staging::default());
    counter.sample("C46010", "blacklist.csv", "list.csv");
    let told = counter.done("import", "@list.csv");
    assert!(told.contains("合格 5，重复 0，拒收 0") && told.contains("新增 5") && told.contains("C46010-A7"), "{told}");
    assert!(told.contains("anju blacklist import approve"), "{told}");
    assert_eq!(staging.lock().unwrap().pages, [5]);
    assert!(!counter.room.path("list.csv.rejects.csv").exists(), "nothing rejected, no file");
    let approved = counter.room.json(&format!("blacklist import approve {WHO} @list.csv"), 0);
    assert_eq!(approved["import"]["state"], "done");
    // Again: everything is there, and nothing comes twice.
    let again = counter.json("import", "@list.csv", 0);
    assert_eq!((again["import"]["accepted"].as_u64(), again["import"]["rejected"].as_u64()), (Some(5), Some(0)));
    assert_eq!(staging.lock().unwrap().pages, [5]);
    // Another file than the staged one is not approved.
    counter.room.write("list.csv", &format!("{HEADER}\r\n{GOOD}\r\n"));
    assert_eq!(counter.room.run(&format!("blacklist import approve {WHO} @list.csv")).status.code(), Some(65));
}

#[test]
fn rejected_rows_stand_in_a_file_that_can_be_mended_and_handed_in_again() {
    let (counter, _) = importing(Staging { held: Some(3), ..Staging::default() });
    let bad = GOOD.replace("骗贷", "=骗人").replace("18号", "19号");
    let held = GOOD.replace("18号", "20号");
    counter.room.write("list.csv", &format!("{HEADER}\r\n{GOOD}\r\n{bad}\r\n{held}\r\n{GOOD}\r\n"));
    let told = counter.run("import", "@list.csv");
    assert_eq!(told.status.code(), Some(2), "{}{}", out(&told), err(&told));
    assert!(out(&told).contains("合格 2，重复 1，拒收 2") && out(&told).contains("第 2 行 XWDM：失信行为不在目录中"), "{}", out(&told));
    let path = counter.room.path("list.csv.rejects.csv");
    assert_eq!(mode(&path), 0o600);
    let rejects = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = rejects.lines().collect();
    assert!(lines[0].starts_with("\u{FEFF}行号 row,文件行 line,列 column,原因代码 code,原因 reason,ZTLX,MC,ZJHM"), "{rejects}");
    assert!(
        lines[1].starts_with("2,3,XWDM,conduct-unknown,") && lines[1].contains(",个人,向子雪,'460199197601171425,'=骗人,"),
        "{rejects}"
    );
    assert!(lines[2].starts_with("3,4,WSH,ended-before,"), "{rejects}");
    // The next run replaces it; a run without rejected rows takes it away; a file of somebody else's is left alone.
    assert_eq!(counter.json("import", "@list.csv --lang en", 2)["import"]["rejected"], 2);
    counter.room.write("other.csv", "precious");
    let refused = counter.run("import", "@list.csv --rejects @other.csv");
    assert_eq!((refused.status.code(), std::fs::read(counter.room.path("other.csv")).unwrap()), (Some(73), b"precious".to_vec()));
}

#[test]
fn a_file_that_cannot_be_used_ends_with_65_and_the_peer_hears_nothing() {
    let (counter, staging) = importing(Staging::default());
    counter.room.write("none.csv", "a,b\r\n1,2\r\n");
    counter.room.write("bad.csv", &format!("{HEADER}\r\n{}\r\n", GOOD.replace("一般", "很坏")));
    for (name, code) in [("none.csv", Some("table-bad")), ("bad.csv", None)] {
        let told = counter.json("import", &format!("@{name}"), 65);
        assert_eq!(told["error"]["code"].as_str(), code, "{told}");
    }
    assert_eq!(counter.json("import", "@nowhere.csv", 66)["error"]["code"], "input-unreadable");
    assert_eq!(counter.json("import", "@bad.csv --map XYZ=a", 64)["error"]["code"], "map-bad");
    assert!(staging.lock().unwrap().state.is_none());
}

#[test]
fn of_two_imports_at_once_the_second_ends_with_75() {
    let (counter, _) = importing(Staging::default());
    counter.sample("C46010", "blacklist.csv", "list.csv");
    let lock = std::fs::File::create(counter.room.path("a/blacklist-import.lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(counter.json("import", "@list.csv", 75)["error"]["code"], "import-locked");
    counter.json("import", "@list.csv --dry-run", 0);
    lock.unlock().unwrap();
    counter.json("import", "@list.csv", 0);
}

#[test]
fn an_import_that_broke_off_goes_on_where_it_was_and_its_reject_file_is_whole() {
    let (counter, staging) = importing(Staging { held: Some(2), breaks_after: Some(1), ..Staging::default() });
    let rows: String = (0..1_500).map(|n| format!("{}\r\n", GOOD.replace("18号", &format!("{n}号")))).collect();
    counter.room.write("list.csv", &format!("{HEADER}\r\n{rows}"));
    assert_eq!(counter.run("import", "@list.csv").status.code(), Some(75));
    let first = staging.lock().unwrap().last_row;
    assert!((1..1_500).contains(&first));
    staging.lock().unwrap().breaks_after = None;
    let told = counter.json("import", "@list.csv", 2);
    assert_eq!((told["import"]["accepted"].as_u64(), told["import"]["rejected"].as_u64()), (Some(1_500), Some(1)));
    let staging = staging.lock().unwrap();
    assert_eq!((staging.staged, staging.last_row), (1_500, 1_500));
    assert!(staging.dry_pages > 0, "rows staged before are judged again for the reject file");
    assert!(staging.pages.iter().all(|rows| *rows <= 1_000));
}

#[test]
fn a_dry_run_writes_nothing_and_says_what_it_could_not_compare() {
    let counter = Counter::without_peer();
    counter.sample("C51010", "blacklist.xlsx", "list.xlsx");
    let told = counter.room.json("blacklist import --data @a --dry-run @list.xlsx", 0);
    assert_eq!((told["import"]["accepted"].as_u64(), told["import"]["compared"].as_bool()), (Some(4), Some(false)));
    assert!(counter.done("import", "--dry-run @list.xlsx").contains("没有与节点比较"));
    assert!(!counter.room.path("a/blacklist-import.lock").exists());
    assert_eq!(counter.run("import", "@list.xlsx").status.code(), Some(69), "without a peer nothing can be staged");
    assert_eq!(counter.room.run("blacklist import --data @a @list.xlsx").status.code(), Some(64), "nor without an operator");
}

fn export_row(index: u64, own: bool) -> ExportRow {
    let listing = ListingRef { centre: CentreCode::new(if own { "C46010" } else { "C46020" }).unwrap(), index };
    let row = ImportRow {
        row: 1,
        subject_kind: "person".to_owned(),
        name: "=向子雪".to_owned(),
        document_type: "01".to_owned(),
        document_no: "460199197601171425".to_owned(),
        conduct: "骗贷".to_owned(),
        level: "一般".to_owned(),
        decision_no: "认1号".to_owned(),
        decision_day: "2025-06-21".to_owned(),
        legal_basis: "条例".to_owned(),
        measures: vec!["限制贷款".to_owned()],
        restriction_until: "2030-06-21".to_owned(),
        publication_until: "2028-06-21".to_owned(),
        remark: String::new(),
    };
    let finding = row.check(&Catalogue::default(), Day::from_number(20_261_122).unwrap()).unwrap().finding;
    let own = own.then(|| OwnRow {
        case: format!("C46010-A{index}").parse().unwrap(),
        name: row.name.clone(),
        document_type: row.document_type.clone(),
        document_no: row.document_no.clone(),
        finding,
    });
    ExportRow {
        listing,
        id: ListingId([1; 16]),
        standing: Standing::Listed,
        publishable: true,
        token: "00".repeat(16),
        pepper: 1,
        restriction_until: "2030-06-21".to_owned(),
        publication_until: "2028-06-21".to_owned(),
        basis: "imported".to_owned(),
        open_objections: 0,
        own,
    }
}

#[test]
fn an_export_is_safe_for_spreadsheets_and_its_cursor_moves_only_when_it_is_whole() {
    let broken = Arc::new(Mutex::new(false));
    let shared = Arc::clone(&broken);
    let counter = Counter::with(move |act| {
        let Act::Export { cursor, .. } = act else { panic!("{act:?}") };
        let page = |row, cursor: &str, more| Event::Export(Box::new(ExportPage { rows: vec![row], cursor: cursor.to_owned(), more }));
        match cursor.as_deref() {
            None => page(export_row(1, true), "c1", true),
            Some("c1") if *shared.lock().unwrap() => Event::Failed { code: "x".to_owned(), detail: "y".to_owned() },
            Some("c1") => page(export_row(2, false), "c2", false),
            Some(_) => Event::Export(Box::new(ExportPage { rows: Vec::new(), cursor: "c2".to_owned(), more: false })),
        }
    });
    *broken.lock().unwrap() = true;
    assert_eq!(counter.run("export", "--cursor-file @cursor --out @out.csv").status.code(), Some(70));
    assert!(!counter.room.path("cursor").exists() && !counter.room.path("out.csv").exists(), "half an export is none");
    *broken.lock().unwrap() = false;
    let told = counter.json("export", "--cursor-file @cursor --out @out.csv", 0);
    assert_eq!(
        (told["export"]["rows"].as_u64(), told["export"]["own"].as_u64(), told["export"]["cursor"].as_str()),
        (Some(2), Some(1), Some("c2"))
    );
    assert_eq!(std::fs::read_to_string(counter.room.path("cursor")).unwrap(), "c2\n");
    let csv = std::fs::read_to_string(counter.room.path("out.csv")).unwrap();
    assert_eq!(mode(&counter.room.path("out.csv")), 0o600);
    assert!(csv.starts_with('\u{FEFF}') && csv.contains("\r\n") && csv.contains(",'=向子雪,"), "{csv}");
    assert_eq!(csv.lines().count(), 3);
    assert_eq!(counter.run("export", "--since c1 --out @out.csv").status.code(), Some(73), "no output file is overwritten");
    let lines = counter.done("export", "--since c1 --format jsonl");
    assert_eq!(serde_json::from_str::<Value>(lines.lines().next().unwrap()).unwrap()["listing"], "C46020-L2");
    assert_eq!(counter.json("export", "--cursor-file @cursor", 0)["export"]["rows"], 0);
}

#[test]
fn a_screening_answers_row_by_row_in_order_and_says_where_the_quota_ended() {
    let counter = Counter::with(|act| {
        let Act::Screen { applicants, matter, .. } = act else { panic!("{act:?}") };
        assert!(applicants.len() <= MAX_SCREEN_PAGE && matter == "loan");
        let answers = applicants.iter().map(|who| {
            let over = who.row >= 300;
            ScreenAnswer {
                row: who.row,
                verdict: (!over).then_some(if who.row == 1 { Verdict::Listed } else { Verdict::NotListed }),
                listings: if who.row == 1 { vec!["C46020-L9".parse().unwrap()] } else { Vec::new() },
                problem: over.then(|| "quota-exceeded".to_owned()),
            }
        });
        Event::Screen(Box::new(ScreenPage { answers: answers.collect(), doubtful: Vec::new(), alarm: true, quota_left: 0 }))
    });
    counter.room.write("few.csv", "证件号码,业务流水号\r\n460199197601171425,Y1\r\n460199197601171426,Y2\r\n460199198601205861,Y3\r\n");
    let told = counter.run("screen", "@few.csv --matter loan --out @few-out.csv");
    assert_eq!(told.status.code(), Some(2), "{}{}", out(&told), err(&told));
    assert!(out(&told).contains("在名单上 1") && out(&told).contains("未能查询 1") && out(&told).contains("警报"), "{}", out(&told));
    let csv = std::fs::read_to_string(counter.room.path("few-out.csv")).unwrap();
    let rows: Vec<&str> = csv.lines().skip(1).collect();
    assert!(rows[0].starts_with("1,460***********1425,listed,") && rows[0].contains("人工复核") && rows[0].contains("C46020-L9"), "{csv}");
    assert!(rows[1].starts_with("2,,,,,document-invalid,") && rows[2].starts_with("3,460***********5861,not-listed,"), "{csv}");
    assert!(!csv.contains("460199197601171425"), "numbers are masked");
    let many: String = (0..400).map(|_| "460199197601171425,Y\r\n").collect();
    counter.room.write("many.csv", &format!("证件号码,业务流水号\r\n{many}"));
    let told = counter.json("screen", "@many.csv --matter loan --out @many-out.csv", 75);
    assert_eq!((told["screen"]["stopped_before_row"].as_u64(), told["screen"]["quota_alarm"].as_bool()), (Some(300), Some(true)));
    assert_eq!(std::fs::read_to_string(counter.room.path("many-out.csv")).unwrap().lines().count(), 300);
}

#[test]
fn a_script_can_wait_until_everything_is_current() {
    let counter = Counter::without_peer();
    let view = |complete: bool| {
        let line = SyncLine {
            centre: CentreCode::new("C46020").unwrap(),
            name: "三亚\u{1b}[2J".to_owned(),
            size: 3,
            announced: 5,
            as_of: None,
            age_ms: None,
            current: complete,
        };
        vec![Event::Sync(Box::new(SyncView { journals: vec![line], complete }))]
    };
    let fake = Fake::start(&counter.room.path("a/desk.sock"), view(false)).unwrap();
    let told = counter.room.run("sync --data @a --until-current --timeout 2s");
    assert_eq!(told.status.code(), Some(75));
    assert!(out(&told).contains("C46020") && out(&told).contains("3/5") && !out(&told).contains('\u{1b}'), "{}", out(&told));
    assert_eq!(fake.asked(), Some(Request::Sync { timeout_ms: 2_000 }));
    drop(fake);
    let _fake = Fake::start(&counter.room.path("a/desk.sock"), view(true)).unwrap();
    assert_eq!(counter.room.json("sync --data @a --until-current", 0)["sync"]["complete"], true);
    assert_eq!(counter.room.run("sync --data @a --until-current --timeout 0s").status.code(), Some(64));
}
