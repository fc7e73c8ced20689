//! What operators come to the terminal for, from the first key to the last: a depositor of another centre at the counter, somebody put on
//! the list by two people, and a file of listings with a row that cannot be.

use serde_json::Value;

use super::driver::{Screen, has_tmux};
use super::{LARGE, SMALL};
use crate::cli::{err, mode, out};
use crate::federation::{AUDITOR, Federation, Granting, HAIKOU, Over, REVIEWER, SANYA, TELLER, account, samples};

/// Somebody whom no sample lists.
const NUMBER: &str = "11010519491231002X";
/// What the holder allows to be read.
const FIELDS: &str = "name --field document_type --field document_no";
const MASKED: &str = "110***********002X";

fn desk(federation: &Federation, who: &str, code: &str, size: (u16, u16)) -> Screen {
    let screen = Screen::open(&federation.room, who, &format!("desk --data @{code}"), size);
    screen.log_in(who);
    screen
}

/// The actions in a centre's audit log, as its auditor reads them.
fn recorded(federation: &Federation, code: &str) -> Vec<(String, String)> {
    let rows = out(&federation.room.run(&format!("{} --json", Federation::line(code, AUDITOR, "audit list --limit 100"))));
    let word = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.flat_map(|page| page["rows"].as_array().cloned().unwrap_or_else(|| vec![page]))
        .map(|row| (word(&row, "action"), word(&row, "operator")))
        .collect()
}

/// Writes what is on the screen as a page and as evidence, which wants a reason, and looks at both files.
fn take_away(federation: &Federation, screen: &Screen, number: &str) {
    let stem = federation.room.path("taken");
    for (kind, ending) in [("1", "html"), ("2", "json")] {
        screen.keys("e");
        screen.wait_for("导出查询结果");
        screen.fill(&[kind]);
        screen.keys("C-u");
        screen.type_text(stem.to_str().unwrap());
        screen.keys("C-s");
        if ending == "json" {
            screen.wait_for("理由记入审计日志");
            screen.type_text("入卷");
            screen.keys("C-s");
        }
        screen.wait_for(&format!("taken.{ending}"));
        screen.wait_without(&format!("taken.{ending}"));
    }
    let page = std::fs::read_to_string(stem.with_extension("html")).unwrap();
    assert!(page.contains(number) && page.contains("SY-2026-0001") && page.contains("***********") && !page.contains("<script"), "{page}");
    let evidence: Value = serde_json::from_str(&std::fs::read_to_string(stem.with_extension("json")).unwrap()).unwrap();
    assert!(evidence.to_string().contains(number), "{evidence}");
    assert_eq!((mode(&stem.with_extension("html")), mode(&stem.with_extension("json"))), (0o600, 0o600));
}

#[test]
fn a_clerk_pastes_a_grant_reads_the_fields_asks_the_lists_and_takes_away_a_page_and_the_evidence() {
    if !has_tmux() {
        return;
    }
    let mut federation = Federation::running(&[HAIKOU, SANYA], Over::Tcp);
    federation.staff(HAIKOU);
    federation.staff(SANYA);
    federation.wallet();
    let number = federation.certificate(&account(HAIKOU, |a| a["status"] == "01"), "YDDKJCZM");
    federation.grant(Granting { number: &number, fields: FIELDS, to: SANYA, uses: 1 }, "grant.txt");
    federation.kill(HAIKOU);

    let screen = desk(&federation, TELLER, SANYA, SMALL);
    screen.keys("2");
    screen.wait_for("粘贴职工的授权");
    screen.paste(&std::fs::read_to_string(federation.room.path("grant.txt")).unwrap());
    let says = screen.wait_for("业务编号");
    assert!(says.contains(&number) && says.contains("签名相符") && says.contains("[ ] 拉取中  ->  [ ] 已获取  ->  [ ] 已核验"), "{says}");
    screen.fill(&["SY-2026-0001"]);
    screen.keys("C-s");
    // All at once: what is captured while the screen is being drawn has parts of two.
    let lines = ["[x] 拉取中  ->  [x] 已获取  ->  [x] 已核验", "[+] 真实", "[+] 已授权", "现行", "[ ] 失信名单"];
    screen.wait("answered", |screen| lines.iter().all(|line| screen.contains(line)));
    let hidden = screen.wait("masked", |screen| screen.contains("***********"));
    screen.keys("v");
    screen.wait_for("理由");
    screen.type_text("核对原件");
    screen.keys("C-s");
    let plain = screen.wait("plain", |screen| !screen.contains("***********"));
    assert_ne!(hidden, plain);

    screen.keys("b");
    screen.wait_for("查询失信名单");
    screen.keys("C-s");
    let looked = screen.wait_for("[+] 失信名单");
    assert!(looked.contains("2 个中心中 2 个可作准"), "Haikou was heard of a moment ago, so its list still counts: {looked}");

    take_away(&federation, &screen, &number);

    // The same grant again is used up.
    screen.keys("n");
    screen.wait_for("粘贴职工的授权");
    screen.paste(&std::fs::read_to_string(federation.room.path("grant.txt")).unwrap());
    screen.wait_for("业务编号");
    screen.fill(&["SY-2026-0002"]);
    screen.keys("C-s");
    let refused = screen.wait_for("未做：");
    assert!(!refused.contains("[x] 已核验"), "{refused}");
    let rows = recorded(&federation, SANYA);
    for action in ["certificate.query", "certificate.reveal", "blacklist.lookup"] {
        assert!(rows.contains(&(action.to_owned(), TELLER.to_owned())), "{action}: {rows:?}");
    }
}

/// Types a proposal into the empty form.
fn propose(screen: &Screen, decision: &str) {
    screen.keys("n");
    screen.wait_for("主体类型");
    screen.fill(&["1", "向子雪", "1", "110105194912310021"]);
    screen.wait_for("证件号码缺失或校验不符");
    screen.keys("BTab C-u");
    screen.type_text(NUMBER);
    screen.keys("Tab");
    screen.wait("the complaint gone, the number masked", |screen| !screen.contains("校验不符") && screen.contains(MASKED));
    screen.fill(&["1", "1", "2", "琼公积金认〔2026〕77号", "2026-06-21", decision, "《住房公积金管理条例》第三十七条", "2019"]);
    screen.fill(&["2030-06-21", "2028-06-21", ""]);
    screen.keys("C-s");
}

#[test]
fn somebody_is_proposed_by_one_and_listed_by_another_who_types_the_number_and_is_found_at_another_centre() {
    if !has_tmux() {
        return;
    }
    let federation = Federation::running(&[HAIKOU, SANYA], Over::Tcp);
    federation.staff(HAIKOU);
    federation.staff(SANYA);
    federation.room.write("decision.pdf", "the decision");
    federation.room.write("waiver.pdf", "waives the period");
    let teller = desk(&federation, TELLER, HAIKOU, SMALL);
    teller.keys("4");
    teller.wait_for("没有");
    propose(&teller, federation.room.path("decision.pdf").to_str().unwrap());
    // All at once: what is captured while the screen is being drawn has parts of two.
    let drafted = teller.wait("drafted", |screen| ["待复核", "C46010-A1", MASKED].iter().all(|part| screen.contains(part)));
    assert!(!drafted.contains(NUMBER), "{drafted}");
    assert!(!drafted.contains("a 复核通过"), "who proposed is not offered to decide: {drafted}");

    let reviewer = desk(&federation, REVIEWER, HAIKOU, LARGE);
    let waits = reviewer.wait_for("琼公积金认〔2026〕77号");
    assert!(waits.contains("待复核"), "the work queue of who may decide: {waits}");
    reviewer.keys("Enter");
    reviewer.wait_for("a 复核通过");
    reviewer.keys("a");
    reviewer.wait_for("理由");
    reviewer.type_text("事实清楚");
    reviewer.keys("C-s");
    let asked = reviewer.wait_for("[ 取消 ]");
    assert!(asked.contains("其他中心此时还看不到"), "{asked}");
    reviewer.keys("Enter");
    reviewer.wait_without("[ 取消 ]");
    assert_eq!(
        federation.acts(HAIKOU, TELLER, "blacklist show C46010-A1", 0)["case"]["line"]["state"],
        "drafted",
        "the default is to do nothing"
    );
    reviewer.keys("C-s");
    reviewer.wait_for("[ 取消 ]");
    reviewer.keys("Tab Enter");
    reviewer.wait_for("尚未列入  待告知");

    reviewer.keys("c");
    reviewer.wait_for("放弃异议期的书面材料 *");
    reviewer.keys("Tab");
    reviewer.fill(&["当面"]);
    reviewer.type_text(federation.room.path("waiver.pdf").to_str().unwrap());
    reviewer.keys("C-s");
    let meant = reviewer.wait_for("请输入 C46010-A1 以确认");
    assert!(meant.contains("[ 取消 ]"), "{meant}");
    reviewer.type_text("C46010-A1");
    reviewer.keys("Tab Enter");
    let found = federation.look_up_until(SANYA, ("01", NUMBER), "listed");
    assert_eq!(found["answer"]["hits"].as_array().map(Vec::len), Some(1), "{found}");
    reviewer.keys("r");
    reviewer.wait("published", |screen| screen.contains("已列入") && screen.contains(&format!("{HAIKOU}-L")));

    let counter = Screen::open(&federation.room, "counter", &format!("desk --data @{SANYA}"), SMALL);
    counter.log_in(TELLER);
    counter.keys("4 s");
    counter.wait_for("业务事项代码");
    counter.fill(&[NUMBER, "loan", "SY-2026-0003"]);
    counter.keys("C-s");
    let hit = counter.wait_for("提示人工复核：在名单上");
    assert!(hit.contains("C46010-L") && hit.contains("不得据") && hit.contains(MASKED), "a reason to look closer, not a refusal: {hit}");
    let rows = recorded(&federation, HAIKOU);
    for (action, who) in [("blacklist.propose", TELLER), ("blacklist.review", REVIEWER), ("blacklist.notify", REVIEWER)] {
        assert!(rows.contains(&(action.to_owned(), who.to_owned())), "{action}: {rows:?}");
    }
}

#[test]
fn a_file_is_staged_with_its_reject_shown_and_listed_when_another_has_typed_its_digest() {
    if !has_tmux() {
        return;
    }
    let federation = Federation::running(&[HAIKOU, SANYA], Over::Tcp);
    federation.staff(HAIKOU);
    let bad = "个人,某人,460199197601171426,骗贷,一般,认1号,2025-06-21,条例,限制贷款,2030-06-21,2028-06-21,\n";
    let list = std::fs::read_to_string(samples(HAIKOU).join("blacklist.csv")).unwrap() + bad;
    federation.room.write("list.csv", &list);
    let file = federation.room.path("list.csv");
    let open = |who: &str, what: &str| {
        let screen = desk(&federation, who, HAIKOU, SMALL);
        screen.keys("4 i");
        screen.wait_for("文件");
        screen.fill(&[file.to_str().unwrap(), what]);
        screen.keys("C-s");
        screen
    };
    let teller = open(TELLER, "2");
    let staged = teller.wait_for("已暂存，等待批准");
    for part in ["需要另一名复核人员", "证件号码缺失或校验不符", "list.csv.rejects.csv"] {
        assert!(staged.contains(part), "{part}: {staged}");
    }
    assert!(!staged.contains("460199197601171426"), "{staged}");
    let rejects = std::fs::read_to_string(federation.room.path("list.csv.rejects.csv")).unwrap();
    assert!(rejects.contains("460199197601171426") && rejects.contains("document-invalid"), "{rejects}");

    let reviewer = open(REVIEWER, "3");
    let asked = reviewer.wait_for("以确认：");
    let typed = asked.split("请输入 ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().to_owned();
    reviewer.type_text("00000000");
    reviewer.keys("Tab Enter");
    reviewer.wait_without("以确认：");
    let open = federation.acts(HAIKOU, TELLER, "blacklist import @list.csv --dry-run", 2);
    assert_eq!(open["import"]["counts"]["new"], 4, "another digest is not this file: nothing was listed: {open}");
    reviewer.keys("C-s");
    reviewer.wait_for("以确认：");
    reviewer.type_text(&typed);
    reviewer.keys("Tab Enter");
    reviewer.wait_for("已全部列入");
    let shown = federation.room.run(&format!("{} --json", Federation::line(HAIKOU, TELLER, "blacklist export --out @lists.csv")));
    assert!(shown.status.success(), "{}", err(&shown));
    assert_eq!(std::fs::read_to_string(federation.room.path("lists.csv")).unwrap().matches(&format!("{HAIKOU}-L")).count(), 4);
}
