//! The list and the people of a house, as real peers and the program leave them: files, names of files, the log at its most talkative, and
//! everything that was printed, errors included.
//!
//! What a person needs is printed to that person, and what a file was asked for stands in that file. The table [`ALLOWED`] says which datum
//! may stand where. A place in the table that no longer tells its datum fails the test like a place outside the table that does.

use std::process::Stdio;

use super::peer::{Peer, federation, wait_for_rows};
use super::search::{Datum, Haystack, canary};
use crate::cli::{PASSPHRASE, Room};
use crate::federation::{AUDITOR, REVIEWER, TELLER, now};

const PERSON: (&str, &str) = ("欧阳听雪", "460199198409159519");
const DECISION: &str = "听雪认〔2026〕第701号";
const LEGAL_BASIS: &str = "听雪条例第四十一条之七";
const REMARK: &str = "档案在西库三号柜";
const REASON: &str = "经办会审一致同意";
const HOW: &str = "留置送达门卫老郑";
const OBJECTED: &str = "那天我人在哈尔滨";
const UPHELD: &str = "机票与行程不符";
const REPAIR: &str = "听雪修复〔2026〕第9号";
const REPAIRED: &str = "本息均已退回专户";
const UNMASKED: &str = "当事人来电核对";
const DISABLED: &str = "调往三江支行";
const IMPORTED: (&str, &str, &str) = ("司马入册", "460199197601171425", "听雪认〔2026〕第703号");
const IMPORTED_EMPLOYER: (&str, &str, &str) = ("海口入册贸易有限公司", "914601993TGUNRC89H", "听雪认〔2026〕第704号");
/// The number's last digit is wrong: the row comes back in the reject file.
const REJECTED: (&str, &str, &str) = ("司马退件", "460199198601205863", "听雪认〔2026〕第705号");
/// Looked up, listed nowhere.
const NOBODY: &str = "11010519491231002X";
/// No number at all: an error speaks of it.
const MISTYPED: &str = "11010519491231003-7";
/// Of a lookup that hits, one that does not, and of those screened.
const HIT: &str = "三亚贷字命中0731号";
const MISS: &str = "三亚贷字未中0732号";
const SCREENED: &str = "三亚贷字批量0733号";
const DISPLAY: &str = "慕容经办甲";
const STAFF_NO: &str = "工号甲-88101";

/// (place, datum): where a datum may stand, and then it has to.
const ALLOWED: &[(&str, &str)] = &[
    // What an operator was given, or asked for, lies where they put it.
    ("pass", PASSPHRASE),
    ("list.csv", IMPORTED.0),
    ("list.csv", IMPORTED.1),
    ("list.csv", IMPORTED.2),
    ("list.csv", IMPORTED_EMPLOYER.0),
    ("list.csv", IMPORTED_EMPLOYER.1),
    ("list.csv", IMPORTED_EMPLOYER.2),
    ("list.csv", REJECTED.0),
    ("list.csv", REJECTED.1),
    ("list.csv", REJECTED.2),
    ("list.csv", LEGAL_BASIS),
    ("list.csv", REMARK),
    ("list.csv.rejects.csv", REJECTED.0),
    ("list.csv.rejects.csv", REJECTED.1),
    ("list.csv.rejects.csv", REJECTED.2),
    ("list.csv.rejects.csv", LEGAL_BASIS),
    ("list.csv.rejects.csv", REMARK),
    ("applicants.csv", IMPORTED.1),
    ("applicants.csv", IMPORTED_EMPLOYER.1),
    ("applicants.csv", NOBODY),
    ("applicants.csv", MISTYPED),
    ("applicants.csv", SCREENED),
    // A centre's export has its own listings in plain; another centre's has nobody's.
    ("export-a.csv", IMPORTED.0),
    ("export-a.csv", IMPORTED.1),
    ("export-a.csv", IMPORTED.2),
    ("export-a.csv", IMPORTED_EMPLOYER.0),
    ("export-a.csv", IMPORTED_EMPLOYER.1),
    ("export-a.csv", IMPORTED_EMPLOYER.2),
    ("export-a.csv", LEGAL_BASIS),
    // Who works on a case reads what was decided and said; name and number only with a reason.
    ("printed: propose", DECISION),
    ("printed: propose", LEGAL_BASIS),
    ("printed: review", DECISION),
    ("printed: review", LEGAL_BASIS),
    ("printed: review", REASON),
    ("printed: notify", DECISION),
    ("printed: notify", LEGAL_BASIS),
    ("printed: notify", REASON),
    ("printed: notify", HOW),
    ("printed: queue", DECISION),
    ("printed: show", DECISION),
    ("printed: show", LEGAL_BASIS),
    ("printed: show", REASON),
    ("printed: show", HOW),
    ("printed: show", OBJECTED),
    ("printed: unmask", PERSON.0),
    ("printed: unmask", PERSON.1),
    ("printed: unmask", DECISION),
    ("printed: unmask", LEGAL_BASIS),
    ("printed: unmask", REASON),
    ("printed: unmask", HOW),
    ("printed: unmask", OBJECTED),
    ("printed: answer", DECISION),
    ("printed: answer", LEGAL_BASIS),
    ("printed: answer", REASON),
    ("printed: answer", HOW),
    ("printed: answer", OBJECTED),
    ("printed: answer", UPHELD),
    ("printed: repair", DECISION),
    ("printed: repair", LEGAL_BASIS),
    ("printed: repair", REASON),
    ("printed: repair", HOW),
    ("printed: repair", OBJECTED),
    ("printed: repair", UPHELD),
    ("printed: repair", REPAIR),
    ("printed: repair", REPAIRED),
    // A hit tells what was decided to who has the subject before them, and neither name nor number.
    ("printed: hit", DECISION),
    ("printed: hit", LEGAL_BASIS),
    ("printed: lookup on the way", DECISION),
    ("printed: lookup on the way", LEGAL_BASIS),
    // The auditor sees who asked for what and why.
    ("printed: audit at a", HIT),
    ("printed: audit at a", MISS),
    ("printed: audit at a", UNMASKED),
    ("printed: audit at b", HIT),
    ("printed: audit at b", MISS),
    ("printed: audit at b", SCREENED),
    ("printed: audit at b", DISABLED),
    ("printed: operators", DISPLAY),
];

fn data(first_passphrase: &str) -> Vec<Datum> {
    let subjects = [PERSON.0, PERSON.1, NOBODY, MISTYPED];
    let rows = [IMPORTED, IMPORTED_EMPLOYER, REJECTED].into_iter().flat_map(|(name, number, decision)| [name, number, decision]);
    let said = [DECISION, LEGAL_BASIS, REMARK, REASON, HOW, OBJECTED, UPHELD, REPAIR, REPAIRED, UNMASKED, DISABLED];
    let house = [HIT, MISS, SCREENED, DISPLAY, STAFF_NO, PASSPHRASE.trim(), first_passphrase];
    subjects.into_iter().chain(rows).chain(said).chain(house).map(Datum::text).collect()
}

/// The room with two peers that run, and everything that the program has said so far.
struct House {
    room: Room,
    printed: Haystack,
}

impl House {
    /// Runs a line of the program as an operator, keeps what it prints, and returns that.
    fn acts(&mut self, place: &str, peer: &str, who: &str, line: &str, exit: i32) -> String {
        let pass = if who == "admin" { format!("@{peer}/first-operator.passphrase") } else { "@pass".to_owned() };
        self.runs(place, &format!("{line} --data @{peer} --operator {who} --operator-passphrase-file {pass}"), exit)
    }

    fn runs(&mut self, place: &str, line: &str, exit: i32) -> String {
        let (code, text) = self.prints(place, line);
        assert_eq!(code, exit, "{line}\n{text}");
        text
    }

    /// What a line prints, on either stream, and its exit code.
    fn prints(&mut self, place: &str, line: &str) -> (i32, String) {
        let output = self.room.run(line);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        self.printed.add(&format!("printed: {place}"), text.as_bytes());
        (output.status.code().unwrap(), text)
    }

    /// A line that must come to nothing, in both forms.
    fn refused(&mut self, place: &str, peer: &str, who: &str, line: &str) {
        for form in ["", "--json"] {
            let line = format!("{line} --data @{peer} --operator {who} --operator-passphrase-file @pass {form}");
            let (code, text) = self.prints(place, &line);
            assert!([64, 65, 77].contains(&code), "{line}: {code} {text}");
        }
    }

    /// In both forms: for people and for programs.
    fn reads(&mut self, place: &str, peer: &str, who: &str, line: &str, exit: i32) -> String {
        let text = self.acts(place, peer, who, line, exit);
        text + &self.acts(place, peer, who, &format!("{line} --json"), exit)
    }

    /// Looks up until the verdict comes, and keeps only that answer.
    fn look_up_until(&mut self, place: &str, peer: &str, rest: &str, verdict: &str) {
        let start = std::time::Instant::now();
        let line = format!("blacklist lookup --matter loan {rest} --json");
        while !self.acts("lookup on the way", peer, TELLER, &line, 0).contains(&format!("\"verdict\":\"{verdict}\"")) {
            assert!(start.elapsed() < crate::federation::PATIENCE, "{peer} never says {verdict}");
        }
        self.reads(place, peer, TELLER, &format!("blacklist lookup --matter loan {rest}"), 0);
    }

    fn hire(&mut self) {
        for (peer, who, display, staff_no, role) in [
            ("a", TELLER, DISPLAY, STAFF_NO, "teller"),
            ("a", REVIEWER, "乙", "2", "reviewer"),
            ("a", AUDITOR, "丙", "3", "auditor"),
            ("b", TELLER, DISPLAY, STAFF_NO, "teller"),
            ("b", AUDITOR, "丙", "3", "auditor"),
        ] {
            let line = format!("operator add {who} --role {role} --display {display} --staff-no {staff_no} --new-passphrase-file @pass");
            self.acts("operator add", peer, "admin", &line, 0);
        }
    }
}

/// Every step of a case, with what is refused on the way.
fn due_process(house: &mut House) {
    let (name, number) = PERSON;
    let today = now().legal_day();
    let propose = format!(
        "blacklist propose --subject-kind person --name {name} --document-no {number} --conduct 骗提 --level 严重 --decision-no {DECISION} \
         --decision-day 2026-11-01 --decision-file @decision.pdf --legal-basis {LEGAL_BASIS} --measure 限制贷款 --remark {REMARK} \
         --restriction-until 2029-11-01 --publication-until 2027-11-01"
    );
    for wrong in [propose.replace(number, MISTYPED), propose.replace("2029-11-01", "1929-11-01"), propose.replace("骗提", "骗子")] {
        house.refused("refused proposals", "a", TELLER, &wrong);
    }
    house.acts("propose", "a", TELLER, &propose, 0);
    house.refused("refused proposals", "a", TELLER, &propose);
    let case = "C46010-A1";
    house.acts("review", "a", REVIEWER, &format!("blacklist review {case} --approve --reason {REASON}"), 0);
    house.refused("refused steps", "a", REVIEWER, &format!("blacklist review {case} --approve --reason {REASON}"));
    house.reads("queue", "a", TELLER, "blacklist queue", 0);
    house.acts("notify", "a", REVIEWER, &format!("blacklist notify {case} --day {today} --how {HOW} --waiver-file @waiver.pdf"), 0);
    house.look_up_until("hit", "b", &format!("--document-no {number} --business-no {HIT}"), "listed");
    house.look_up_until("miss", "b", &format!("--document-no {NOBODY} --business-no {MISS}"), "not-listed");
    let mistyped = format!("blacklist lookup --document-no {MISTYPED} --matter loan --business-no {MISS}");
    house.refused("refused lookups", "b", TELLER, &mistyped);
    house.acts("object", "b", TELLER, &format!("blacklist object C46010-L0 --ground facts --text {OBJECTED}"), 0);
    house.look_up_until("lookup on the way", "a", &format!("--document-no {number} --business-no {HIT}"), "disputed");
    house.reads("show", "a", REVIEWER, &format!("blacklist show {case}"), 0);
    house.reads("unmask", "a", REVIEWER, &format!("blacklist show {case} --unmask {UNMASKED}"), 0);
    house.reads("show at b", "b", TELLER, "blacklist show C46010-L0", 0);
    house.acts("answer", "a", REVIEWER, &format!("blacklist answer {case} --uphold --reason {UPHELD}"), 0);
    house.acts("repair", "a", REVIEWER, &format!("blacklist repair {case} --decision {REPAIR} --reason {REPAIRED}"), 0);
    house.look_up_until("lookup after the repair", "b", &format!("--document-no {number} --business-no {HIT}"), "not-listed");
    house.reads("proof", "a", REVIEWER, &format!("blacklist proof {case}"), 0);
}

fn jobs(house: &mut House) {
    let line = |kind, (name, number, decision): (&str, &str, &str), conduct, measure| {
        format!("{kind},{name},{number},{conduct},一般,{decision},2026-11-01,{LEGAL_BASIS},{measure},2029-11-01,2027-11-01,{REMARK}\n")
    };
    let table = [
        "ZTLX,MC,ZJHM,XWDM,DJ,WSH,WSRQ,FLYJ,XZCS,XZJZ,GSJZ,BZ\n".to_owned(),
        line("个人", IMPORTED, "骗贷", "限制贷款"),
        line("单位", IMPORTED_EMPLOYER, "欠缴", "公示"),
        line("个人", REJECTED, "骗贷", "限制贷款"),
    ];
    house.room.write("list.csv", &table.concat());
    house.reads("import", "a", TELLER, "blacklist import --dry-run @list.csv", 2);
    house.reads("import", "a", TELLER, "blacklist import @list.csv", 2);
    house.refused("refused approvals", "a", TELLER, "blacklist import approve @list.csv");
    house.reads("approve", "a", REVIEWER, "blacklist import approve @list.csv", 0);
    wait_for_rows(&house.room, "b", "C46010", 5);

    let numbers = [("01", IMPORTED.1), ("USCC", IMPORTED_EMPLOYER.1), ("01", NOBODY), ("01", MISTYPED)];
    let rows: String = numbers.iter().map(|(kind, number)| format!("{kind},{number},{SCREENED}\n")).collect();
    house.room.write("applicants.csv", &format!("证件类型,证件号码,业务编号\n{rows}"));
    house.acts("screen", "b", TELLER, "blacklist screen @applicants.csv --matter loan --out @screened.csv", 2);
    house.reads("screen", "b", TELLER, "blacklist screen @applicants.csv --matter loan", 2);
    for peer in ["a", "b"] {
        house.acts("export to a file", peer, TELLER, &format!("blacklist export --out @export-{peer}.csv"), 0);
    }
    house.reads("export at b", "b", TELLER, "blacklist export", 0);
}

/// What everybody may ask for, and what no role allows.
fn house_keeping(house: &mut House) {
    let line = format!("blacklist lookup --document-no {NOBODY} --matter loan --business-no {MISS}");
    house.refused("refused lookups", "a", AUDITOR, &line);
    house.acts("disable", "b", "admin", &format!("operator disable {TELLER} --reason {DISABLED}"), 0);
    for peer in ["a", "b"] {
        house.reads(&format!("audit at {peer}"), peer, AUDITOR, "audit list --limit 200", 0);
        house.reads(&format!("audit at {peer}"), peer, AUDITOR, &format!("audit list --document-no {NOBODY} --reason 查阅"), 0);
        house.reads("audit check", peer, AUDITOR, "audit check", 0);
        for line in ["status", "sync --until-current --timeout 60s", "operator list"] {
            let place = if line == "operator list" { "operators" } else { "status" };
            house.runs(place, &format!("{line} --data @{peer}"), 0);
            house.runs(place, &format!("{line} --data @{peer} --json"), 0);
        }
    }
}

#[test]
fn who_is_listed_why_and_who_asked_stands_nowhere_but_in_the_places_of_a_table() {
    let room = Room::new();
    federation(&room);
    let serve = |name: &str| {
        let log = std::fs::File::create(room.path(&format!("{name}.log"))).unwrap();
        Peer::start_with(&room, name, |command| command.env("RUST_LOG", "trace").stderr(Stdio::from(log)))
    };
    let (a, b) = (serve("a"), serve("b"));
    room.write("decision.pdf", "认定书");
    room.write("waiver.pdf", "放弃陈述申辩");
    let first_passphrase = std::fs::read_to_string(room.path("a/first-operator.passphrase")).unwrap();
    let mut house = House { room, printed: Haystack::default() };
    house.hire();
    wait_for_rows(&house.room, "b", "C46010", 0);
    due_process(&mut house);
    jobs(&mut house);
    house_keeping(&mut house);
    // The note of a hit is told within seconds.
    std::thread::sleep(std::time::Duration::from_millis(11_000));

    let data = data(first_passphrase.trim());
    let mut allowed = ALLOWED.to_vec();
    allowed.iter_mut().filter(|(_, datum)| *datum == PASSPHRASE).for_each(|(_, datum)| *datum = PASSPHRASE.trim());
    allowed.push(("a/first-operator.passphrase", first_passphrase.trim()));
    std::fs::write(house.room.path("b/canary"), canary()).unwrap();
    house.printed.add("printed: canary", &canary());
    let search = |all: &mut Haystack| {
        all.add_files(&house.room.path(""));
        for place in
            ["a/anju.db", "b/anju.db", "a.log", "b.log", "screened.csv", "export-b.csv", "printed: refused steps", "names of files"]
        {
            assert!(all.has(place), "{place} was not searched");
        }
        all.sees_the_canary(&["b/canary", "printed: canary"]);
        all.search(&data, &allowed);
    };
    search(&mut house.printed.clone());
    for name in ["a.log", "b.log"] {
        let log = std::fs::read_to_string(house.room.path(name)).unwrap();
        assert!(log.contains("TRACE") && log.len() > 10_000, "the log is not talkative: {log}");
    }
    assert_eq!((a.stop(), b.stop()), (Some(0), Some(0)));
    search(&mut house.printed.clone());
}
