//! Matters and catalogues by hand, with the real program: a file is checked without a peer, published by one centre, shown at another, and
//! binds what its centre asks; what the centre's rule says comes with the answer.

use serde_json::Value;

use crate::cli::{Room, err};
use crate::federation::{AUDITOR, Federation, HAIKOU, Over, REVIEWER, SANYA, TELLER, account, request};

const LOAN: &str = include_str!("../../schemas/matters/cross-region-loan.toml");
const CATALOGUE: &str = include_str!("../../schemas/catalogue.toml");

/// The loan matter, in force for long.
fn loan() -> String {
    LOAN.replacen("from = 2026-12-01", "from = 2024-01-01", 1)
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

#[test]
fn a_matters_file_is_checked_and_its_rules_are_tried_without_a_peer() {
    let room = Room::new();
    room.write("loan.toml", LOAN);
    assert_eq!(room.json("matter check @loan.toml", 0)["matter"]["code"], "cross-region-loan");
    let text = room.done("matter check @loan.toml");
    assert!(text.contains("连续足额缴存满6个月") && text.contains("满足其一"), "{text}");

    let applicant = r#"{"account_status":"01","continuous_months":7,"continuous_to":"202610","in_arrears":false,"loan_record":false}"#;
    room.write("applicant.json", applicant);
    let try_on = |day: &str| room.json(&format!("matter check @loan.toml --values @applicant.json --on {day}"), 0)["rules"][0].clone();
    assert_eq!(try_on("2026-12-05")["outcome"], "met");
    let later = try_on("2027-02-01");
    assert_eq!(later["outcome"], "not-met");
    assert_eq!(later["conditions"][2]["outcome"], "not-met", "the last deposit lies too far back: {later}");
    room.write("applicant.json", "[1]");
    assert_eq!(code(&room.json("matter check @loan.toml --values @applicant.json", 65)), "values-bad");

    room.write("wrong.toml", &LOAN.replacen("value = 6", "value = \"six\"", 1));
    let line = LOAN.lines().position(|line| line == "value = 6").unwrap() + 1;
    let wrong = room.json("matter check @wrong.toml", 65)["error"].clone();
    assert_eq!(wrong["code"], "matter-bad");
    let details = &wrong["details"];
    assert_eq!((&details["line"], &details["column"]), (&line.to_string().into(), &"9".into()));
    assert_eq!((&details["at"], &details["problem"]), (&"rule[0].all[1].value: ".into(), &"bad-value".into()));
    let said = err(&room.run("matter check @wrong.toml --lang en"));
    assert!(said.contains(&format!("wrong.toml:{line}:9: rule[0].all[1].value:")) && said.contains("Allowed: 0 .. 1000000"), "{said}");
}

#[test]
fn a_matter_is_published_by_one_centre_shown_at_another_and_binds_what_it_asks() {
    let mut federation = Federation::running(&[HAIKOU, SANYA], Over::Quic);
    [HAIKOU, SANYA].iter().for_each(|code| federation.staff(code));
    federation.wallet();
    let room = &federation.room;
    room.write("loan.toml", &loan());
    assert_eq!(code(&federation.acts(SANYA, TELLER, "matter publish @loan.toml", 77)), "role-missing");
    assert_eq!(room.json(&format!("matter list --data @{SANYA}"), 0)["matters"], Value::Array(Vec::new()));
    let published = federation.acts(SANYA, REVIEWER, "matter publish @loan.toml", 0)["published"].clone();
    assert_eq!((&published["code"], &published["version"]), (&"cross-region-loan".into(), &2_026_120_101.into()));
    assert_eq!(federation.acts(SANYA, REVIEWER, "matter publish @loan.toml", 0)["published"], published, "again costs nothing");
    room.write("other.toml", &loan().replacen("uses_max = 1", "uses_max = 2", 1));
    assert_eq!(code(&federation.acts(SANYA, REVIEWER, "matter publish @other.toml", 77)), "version-not-newer");
    room.write("catalogue.toml", CATALOGUE);
    federation.acts(HAIKOU, REVIEWER, "catalogue publish @catalogue.toml", 0);

    federation.wait_for_rows(HAIKOU, SANYA, published["index"].as_u64().unwrap() + 1);
    let listed = room.json(&format!("matter list --centre {SANYA} --data @{HAIKOU}"), 0);
    assert_eq!((&listed["matters"][0]["in_force"], &listed["matters"][0]["from"]), (&true.into(), &"2024-01-01".into()), "{listed}");
    let shown = room.json(&format!("matter show cross-region-loan --centre {SANYA} --data @{HAIKOU}"), 0)["matter"].clone();
    assert_eq!(shown["matter"], room.json("matter check @loan.toml", 0)["matter"]);
    assert_eq!(code(&room.json(&format!("matter show rent --data @{SANYA}"), 77)), "matter-unknown");
    federation.wait_for_rows(SANYA, HAIKOU, 1);
    let text = room.done(&format!("catalogue show --centre {HAIKOU} --data @{SANYA} --lang en"));
    assert!(text.contains("Deposits office") && text.contains("0898-00000000"), "{text}");
    assert_eq!(room.json(&format!("catalogue list --data @{SANYA}"), 0)["catalogues"][0]["items"], 3);
    assert_eq!(code(&room.json(&format!("catalogue show --data @{SANYA}"), 77)), "catalogue-unknown");

    binds(&federation);
    let rows = federation.acts(SANYA, AUDITOR, &format!("audit list --limit 100 --operator-name {REVIEWER}"), 0);
    let told: Vec<_> =
        rows["rows"].as_array().unwrap().iter().map(|row| (row["action"].as_str().unwrap(), row["outcome"].as_str().unwrap())).collect();
    let publish = "matter.publish";
    assert_eq!(told, [(publish, "version-not-newer"), (publish, "again"), (publish, "done")]);
    federation.stop_all();
    [HAIKOU, SANYA].iter().for_each(|code| federation.assert_sound(code));
}

/// Grants for Sanya, whose loan matter is in force.
fn binds(federation: &Federation) {
    let account = account(HAIKOU, |a| a["status"] == "01" && a["loans"] == 0);
    let number = federation.certificate(&account, "YDDKJCZM");
    let needed = "name,document_no,account_status,continuous_months";
    let ask = |serial: u8, granting: &str, exit: i32| {
        let file = format!("grant-{serial}.txt");
        federation.room.done(&format!(
            "holder grant --wallet @wallet --certificate {number} --to {SANYA} {granting} --yes --out @{file} --passphrase-file @pass"
        ));
        federation.room.json(&Federation::query_line(SANYA, &file, request(serial)), exit)
    };
    let matter = "--matter cross-region-loan";
    for (serial, granting, expected) in [
        (1, format!("{matter} --field name"), "field-not-granted"),
        (2, format!("{matter} --field {needed} --uses 2"), "ceiling-exceeded"),
        (3, format!("--matter rent --field {needed}"), "matter-unknown"),
    ] {
        let refused = ask(serial, &granting, 77);
        assert_eq!(code(&refused), expected);
        assert_eq!(refused["error"]["details"]["recorded"], "true", "the holder sees it");
    }
    let all = format!("{matter} --field {needed},continuous_to,in_arrears,loan_record");
    let answer = ask(4, &all, 0)["answer"].clone();
    let verdict = &answer["verdicts"][0];
    assert_eq!((&verdict["rule"], &verdict["version"]), (&"may-apply".into(), &2_026_120_101.into()), "{answer}");
    let conditions = verdict["conditions"].as_array().unwrap();
    assert_eq!(conditions.len(), 7);
    assert_eq!((&conditions[0]["field"], &conditions[0]["outcome"]), (&"account_status".into(), &"met".into()));
    let text = federation.room.done(&Federation::query_line(SANYA, "grant-4.txt", request(4)));
    assert!(text.contains("是否符合申请条件") && text.contains("个人账户状态为正常"), "{text}");
}
