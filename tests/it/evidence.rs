//! Evidence leaves a federation of real peers in a file and is verified where there is nothing else; auditors look into journals, and what
//! the disk altered is found, named and fetched again.

use std::path::Path;
use std::time::Instant;

use anju_core::exhibit::Exhibit;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::cli::{Room, err, out};
use crate::federation::{AUDITOR, CHONGQING, Federation, HAIKOU, Over, PATIENCE, REVIEWER, SANYA, TELLER, applied};
use crate::governed::change;

const ACCOUNT: &str = "46010000000100000";
const CENTRES: [&str; 3] = [HAIKOU, SANYA, CHONGQING];

/// Three peers with their people, and a certificate of Haikou that the other two witness.
fn three() -> (Federation, String) {
    let mut federation = Federation::of(&CENTRES, Over::Quic);
    for code in CENTRES {
        federation.start(code);
        federation.staff(code);
    }
    federation.wallet();
    let number = federation.certificate(ACCOUNT, "JCZM");
    (federation, number)
}

/// Evidence that Sanya's auditor takes, once both other centres have witnessed the row.
fn settled(federation: &Federation, about: &str) -> (String, Value) {
    let start = Instant::now();
    for serial in 0_u32.. {
        let file = format!("evidence-{serial}");
        let line = Federation::line(SANYA, AUDITOR, &format!("evidence {about} --out @{file} --json"));
        let said: Value = serde_json::from_str(&out(&federation.room.run(&line))).unwrap();
        if said["parts"][0]["rows"][0]["backing"]["settled"] == true {
            return (file, said);
        }
        assert!(start.elapsed() < PATIENCE, "never settled: {said}");
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    unreachable!()
}

/// A folder with nothing in it but this file.
fn carried(bytes: &[u8]) -> Room {
    let room = Room::new();
    std::fs::write(room.path("evidence"), bytes).unwrap();
    room
}

fn broken(answer: &Value) -> (&Value, &Value) {
    (&answer["error"]["code"], &answer["error"]["details"]["check"])
}

#[test]
fn a_certificate_of_another_centre_is_proven_on_a_machine_with_nothing_but_the_file() {
    let (mut federation, number) = three();
    let (file, said) = settled(&federation, &number);
    let founding = federation.room.json(&format!("federation show --data @{SANYA}"), 0)["federation"]["founding"].clone();
    let founding = founding.as_str().unwrap().to_owned();
    assert_eq!(said["founding"], json!(founding));
    who_may_take_it(&federation, &number);
    federation.stop_all();

    let bytes = std::fs::read(federation.room.path(&file)).unwrap();
    drop(federation);
    let elsewhere = carried(&bytes);
    let unpinned = elsewhere.json("verify @evidence", 0);
    assert_eq!((&unpinned["holds"], &unpinned["pinned"], &unpinned["founding"]), (&json!(true), &json!(false), &json!(founding)));
    assert_eq!(unpinned["open"][0], "founding");
    let row = &unpinned["parts"][0]["rows"][0];
    assert_eq!((&unpinned["parts"][0]["centre"], &row["kind"]), (&json!(HAIKOU), &json!("certificate.issued")));
    assert_eq!((&row["says"]["number"], &row["backing"]["witnesses"]), (&json!(number), &json!([SANYA, CHONGQING])));
    let pinned = elsewhere.json(&format!("verify @evidence --founding {founding}"), 0);
    assert!(pinned["pinned"] == true && !pinned["open"].as_array().unwrap().contains(&json!("founding")), "{pinned}");
    let other = "0".repeat(64);
    assert_eq!(broken(&elsewhere.json(&format!("verify @evidence --founding {other}"), 65)), (&json!("exhibit-broken"), &json!("pin")));
    elsewhere.json(&format!("verify @evidence --founding {other} --founding {founding}"), 0);

    let text = out(&elsewhere.run("verify @evidence --lang zh"));
    assert!(text.contains("证据成立") && text.contains(&number) && text.contains("没有证明") && text.contains(&founding), "{text}");
    assert!(out(&elsewhere.run("verify @evidence --lang en")).contains("NOT checked against one that you trust"));

    // One byte changed, wherever: refused, and the check has a name.
    let mut checks = std::collections::BTreeSet::new();
    for at in (0..bytes.len()).step_by(bytes.len() / 24) {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        std::fs::write(elsewhere.path("altered"), &altered).unwrap();
        let answer = elsewhere.json("verify @altered", 65);
        assert_eq!(broken(&answer).0, "exhibit-broken", "byte {at}: {answer}");
        checks.insert(broken(&answer).1.as_str().unwrap().to_owned());
    }
    assert!(checks.len() > 2, "{checks:?}");
    std::fs::write(elsewhere.path("altered"), &bytes[..bytes.len() - 1]).unwrap();
    let refused = elsewhere.run("verify @altered --lang zh");
    assert!(err(&refused).contains("[form]") && refused.status.code() == Some(65), "{}", err(&refused));
    assert_eq!(elsewhere.json("verify @nothing", 66)["error"]["code"], "input-unreadable");
}

#[test]
fn evidence_is_judged_by_a_newer_charter_that_somebody_brings() {
    let (federation, number) = three();
    let (file, _) = settled(&federation, &number);
    let export = |name: &str| federation.room.done(&format!("federation export --data @{SANYA} --out @{name}"));
    let verify = |charter: &str, exit: i32| federation.room.json(&format!("verify @{file} --charter @{charter}"), exit);
    change(&federation, "rotate-epoch", &[SANYA, HAIKOU, CHONGQING], 2);
    export("charter-2");
    let newer = verify("charter-2", 0)["newer"].clone();
    assert_eq!((&newer["version"], &newer["parts"][0]["standing"]), (&json!(2), &json!("in-force")));
    assert_eq!(verify("charter.json", 0)["newer"]["parts"], json!([]), "it is no newer than the one in the file");
    // A later vote lets nothing of Haikou's count.
    change(&federation, &format!("suspend {HAIKOU} --rows 0"), &[SANYA, HAIKOU, CHONGQING], 3);
    export("charter-3");
    let answer = verify("charter-3", 77);
    assert_eq!((&answer["holds"], &answer["newer"]["parts"][0]["standing"]), (&json!(true), &json!("void")), "{answer}");
    let text = out(&federation.room.run(&format!("verify @{file} --charter @charter-3 --lang zh")));
    assert!(text.contains("不再计入"), "{text}");
    // The same centres can have founded another federation.
    federation.found("other.json", &CENTRES, &[]);
    assert_eq!(verify("other.json", 77)["error"]["code"], "verify-other-federation");
}

/// A committed evidence file.
fn vector(text: &str) -> Vec<u8> {
    let vector: Value = serde_json::from_str(text).unwrap();
    hex::decode(vector["bytes"].as_str().unwrap()).unwrap()
}

/// The charter in an evidence file, as a federation's own file has it.
fn charter_in(bytes: &[u8]) -> String {
    let chain = Exhibit::decode(bytes).unwrap().charter;
    let signatures: serde_json::Map<String, Value> =
        chain.signatures.iter().map(|approval| (approval.centre.to_string(), json!(hex::encode(approval.signature.0)))).collect();
    let links: Vec<String> = chain.links.iter().map(|link| STANDARD.encode(&link[..])).collect();
    let founding = STANDARD.encode(&chain.founding);
    json!({ "format": "anju-charter-1", "charter": founding, "signatures": signatures, "epoch": {}, "links": links }).to_string()
}

#[test]
fn evidence_under_no_head_says_which_members_let_it_count_and_that_the_centre_has_signed_nothing() {
    let elsewhere = carried(&vector(include_str!("../vectors/exhibit/holds_under_an_extent.json")));
    let said = elsewhere.json("verify @evidence", 0);
    let part = &said["parts"][0];
    assert!(part["note"].is_null() && part["key"].is_null() && part["as_of"].is_null(), "{part}");
    assert_eq!(part["stated"], json!({ "version": 2, "approved": ["C46020", "C46030", "C50010"] }));
    assert_eq!((&part["size"], &part["term"], &part["term_until"]), (&json!(5), &json!(1), &json!(2)));
    let level = |at: usize| part["rows"][at]["backing"]["level"].as_str().unwrap();
    assert_eq!((level(0), level(1)), ("witnessed", "chartered"));
    assert!(said["open"].as_array().unwrap().contains(&json!("signature")), "{said}");
    let zh = out(&elsewhere.run("verify @evidence --lang zh"));
    assert!(zh.contains("由章程第 2 版认定计入，批准者：C46020、C46030、C50010；不在该中心签名的日志头之下"), "{zh}");
    assert!(zh.contains("由章程认定计入，此处没有作者的签名") && zh.contains("至第 2 版终止"), "{zh}");
    let en = out(&elsewhere.run("verify @evidence --lang en"));
    assert!(
        en.contains("counted by version 2 of the charter, approved by C46020, C46030, C50010; under no head that the centre signed"),
        "{en}"
    );
    assert!(en.contains("under the centre's own signature"), "the witness's head is the centre's too: {en}");

    std::fs::write(elsewhere.path("beyond"), vector(include_str!("../vectors/exhibit/extent_row_beyond.json"))).unwrap();
    assert_eq!(broken(&elsewhere.json("verify @beyond", 65)), (&json!("exhibit-broken"), &json!("extent")));
}

#[test]
fn what_a_suspension_let_count_is_open_once_it_was_lifted_and_void_when_less_counts_now() {
    let elsewhere = carried(&vector(include_str!("../vectors/exhibit/holds_of_a_suspended_centre.json")));
    assert!(out(&elsewhere.run("verify @evidence --lang en")).contains("while it may not write"));
    for (newer, exit, standing, counts, zh) in [
        (include_str!("../vectors/exhibit/holds_of_a_restored_centre.json"), 0, "open", None, "已恢复写入"),
        (include_str!("../vectors/exhibit/holds_of_a_suspended_centre_that_left.json"), 0, "counts", Some(5), "已终止或暂停"),
        (include_str!("../vectors/exhibit/holds_of_a_centre_suspended_again.json"), 77, "void", Some(4), "不再计入"),
    ] {
        std::fs::write(elsewhere.path("newer"), charter_in(&vector(newer))).unwrap();
        let said = elsewhere.json("verify @evidence --charter @newer", exit);
        let part = &said["newer"]["parts"][0];
        assert_eq!((&part["standing"], &part["counts"]["size"]), (&json!(standing), &json!(counts)), "{part}");
        let text = out(&elsewhere.run("verify @evidence --charter @newer --lang zh"));
        assert!(text.contains(zh), "{standing}: {text}");
    }
}

fn who_may_take_it(federation: &Federation, number: &str) {
    federation.acts(SANYA, TELLER, &format!("evidence {number} --out @by-teller"), 0);
    let said = |answer: Value| answer["error"]["code"].clone();
    assert_eq!(said(federation.acts(SANYA, TELLER, &format!("evidence {HAIKOU}-S0 --out @no"), 77)), "role-missing");
    assert_eq!(said(federation.acts(SANYA, REVIEWER, "journal show", 77)), "role-missing");
    assert_eq!(said(federation.acts(SANYA, TELLER, &format!("evidence {number} --contents --out @no"), 77)), "role-missing");
    assert_eq!(said(federation.acts(SANYA, AUDITOR, &format!("evidence {HAIKOU}-S99999 --out @no"), 77)), "statement-unknown");
    assert_eq!(said(federation.acts(SANYA, TELLER, &format!("evidence {number} --out @by-teller"), 73)), "output-exists");
    assert!(!federation.room.path("no").exists());
    let rows = federation.acts(SANYA, AUDITOR, "audit list", 0)["rows"].clone();
    let told = |operator: &str, outcome: &str| {
        let of = |row: &&Value| row["action"] == "evidence.export" && row["operator"] == operator && row["outcome"] == outcome;
        rows.as_array().unwrap().iter().filter(of).count()
    };
    assert!(told(TELLER, "done") >= 1 && told(AUDITOR, "done") >= 1 && told(TELLER, "role-missing") >= 1, "{rows}");
}

#[test]
fn an_auditor_sees_rows_without_their_content_and_takes_proofs_of_the_standard_form() {
    let (federation, number) = three();
    let rows = applied(&federation.status(HAIKOU), HAIKOU);
    federation.wait_for_rows(SANYA, HAIKOU, rows);
    let issued = federation.room.json(&format!("certificate show {number} --data @{SANYA}"), 0)["certificate"]["index"].as_u64().unwrap();
    let page = federation.acts(SANYA, AUDITOR, &format!("journal show --centre {HAIKOU} --from {issued} --limit 1"), 0)["journal"].clone();
    let row = &page["rows"][0];
    assert_eq!((&row["index"], &row["kind"], &row["content"]), (&json!(issued), &json!("certificate.issued"), &json!("present")));
    assert!(row.get("payload").is_none() && row.get("body").is_none());

    let line = format!("journal prove {issued} --centre {HAIKOU} --out @row.tlog-proof");
    let proof = federation.acts(SANYA, AUDITOR, &line, 0);
    let text = std::fs::read_to_string(federation.room.path("row.tlog-proof")).unwrap();
    let index = format!("\nindex {issued}\n");
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra ") && text.contains(&index), "{text}");
    let (_, note) = text.split_once("\n\n").unwrap();
    assert!(note.starts_with(&format!("anju.test/{HAIKOU}\n")) && note == proof["note"].as_str().unwrap(), "{text}");
    let size = proof["size"].as_u64().unwrap();
    let growth = federation.acts(SANYA, AUDITOR, &format!("journal prove 1..{size} --centre {HAIKOU}"), 0);
    assert_eq!(growth["root"], proof["root"]);
    let beyond = federation.acts(SANYA, AUDITOR, &format!("journal prove 1..{} --centre {HAIKOU}", size + 1_000_000), 77);
    assert_eq!(beyond["error"]["code"], "statement-unknown");
}

#[test]
fn a_bit_that_the_disk_flipped_is_named_by_the_scrub_and_fetched_again_while_the_peer_runs() {
    let (mut federation, number) = three();
    let (_, said) = settled(&federation, &number);
    let row = &said["parts"][0]["rows"][0];
    let (statement, payload) = (row["statement"].as_str().unwrap().to_owned(), STANDARD.decode(row["payload"].as_str().unwrap()).unwrap());
    let scrubbed = |federation: &Federation, exit| federation.acts(SANYA, AUDITOR, "journal scrub", exit)["report"]["findings"].clone();
    assert_eq!(scrubbed(&federation, 0), json!([]));
    assert_eq!(federation.stop(SANYA).code, Some(0));
    flip(&federation.room.path(SANYA), &payload[..40]);
    // Alone, so that nobody mends it before it is named.
    federation.stop(HAIKOU);
    federation.stop(CHONGQING);
    federation.start(SANYA);
    let named = scrubbed(&federation, 65);
    assert_eq!(named, json!([{ "content": statement }]));
    let line = Federation::line(SANYA, AUDITOR, "journal scrub --lang zh");
    assert!(out(&federation.room.run(&line)).contains(&statement));
    federation.start(HAIKOU);
    let start = Instant::now();
    loop {
        let line = Federation::line(SANYA, AUDITOR, "journal scrub --json");
        let report: Value = serde_json::from_str(&out(&federation.room.run(&line))).unwrap();
        if report["sound"] == true {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "not mended: {report}");
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    federation.stop_all();
    federation.assert_sound(SANYA);
}

/// Flips one bit of these bytes in the database, as a failing disk would.
fn flip(folder: &Path, needle: &[u8]) {
    let mut flipped = 0;
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if !name.contains(".db") && !name.contains("sqlite") && !name.contains("store") || !file.is_file() {
            continue;
        }
        let mut bytes = std::fs::read(&file).unwrap();
        let places: Vec<usize> = bytes.windows(needle.len()).enumerate().filter(|(_, w)| *w == needle).map(|(at, _)| at).collect();
        for at in &places {
            bytes[at + 20] ^= 0x10;
        }
        if !places.is_empty() {
            std::fs::write(&file, &bytes).unwrap();
            flipped += places.len();
        }
    }
    assert!(flipped > 0, "the content stands nowhere in {}", folder.display());
}
