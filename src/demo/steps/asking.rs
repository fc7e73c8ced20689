//! What only the issuer can answer: whether values are right, what a rule comes to. How a grant is taken back, and who looked.

use std::fs;
use std::time::Instant;

use serde_json::{Value, json};

use super::people::{act, acts};
use super::{MATTER, PATIENCE, Values, refused, rows, text};
use crate::demo::samples::{CENTRES, CHONGQING, HAIKOU, REVIEWER, SANYA, TELLER, loan_matter};
use crate::demo::stage::{Answer, How, Look, Problem, Stage, check};

/// The rule of Sanya's matter.
const RULE: &str = "may-apply";
/// What the rule looks at.
const RULE_FIELDS: &str = "account_status,continuous_months,continuous_to,in_arrears,loan_record,loan_count,loan_outstanding";
/// Attempts that the citizen allows for a check.
const ATTEMPTS: &str = "2";
/// Sanya's business numbers.
const CHECK_NO: &str = "SY-2026-0101";
const RULE_NO: &str = "SY-2026-0102";
const LATE_NO: &str = "SY-2026-0103";

pub(super) fn matter(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let (right, wrong) = (stage.path("loan.toml"), stage.path("wrong.toml"));
    fs::write(&right, loan_matter())?;
    fs::write(&wrong, loan_matter().replacen("value = 6\n", "value = \"six\"\n", 1))?;
    let answer = stage.ask(&["matter", "check", &text(&wrong)])?;
    let details = answer.json()?["error"]["details"].clone();
    check(
        answer.code == 65 && details["line"].is_string() && details["column"].is_string(),
        "a wrong rule is not shown where it is wrong",
    )?;
    // Sabotage: what is handed in is the file with the wrong rule.
    let file = text(if broken { &wrong } else { &right });
    let publish = ["matter", "publish", &file];
    let values = refused(&act(stage, SANYA, TELLER, &["matter", "publish", &text(&right)], How::default())?, "role-missing")?;
    let published = acts(stage, SANYA, REVIEWER, &publish)?["published"].clone();
    let held = published["index"].as_u64().unwrap_or(u64::MAX).saturating_add(1);
    stage.wait_for(HAIKOU, PATIENCE, "does not hold Sanya's matter", |status| rows(status, SANYA) >= held)?;
    let data = text(&stage.data(HAIKOU));
    let shown = stage.run(&["matter", "show", MATTER, "--centre", CENTRES[SANYA].code, "--data", &data])?.json()?;
    check(shown["matter"]["matter"]["version"] == published["version"], "Haikou holds another version")?;
    let at = |key: &str| details[key].as_str().unwrap_or_default().to_owned();
    Ok([values, vec![("version", published["version"].to_string()), ("line", at("line")), ("column", at("column"))]].concat())
}

/// The citizen grants Sanya something in this mode; the grant's id. The grant is in the file `out`.
fn grant(stage: &mut Stage, mode: &str, fields: &str, uses: &str, out: &str) -> Result<String, Problem> {
    let (wallet, file, number) = (text(&stage.path("wallet")), text(&stage.path(out)), stage.number.clone());
    let whom = ["holder", "grant", "--wallet", &wallet, "--certificate", &number, "--to", CENTRES[SANYA].code, "--matter", MATTER];
    let what = ["--mode", mode, "--field", fields, "--uses", uses, "--yes", "--out", &file];
    let granted = stage.run(&[&whom[..], &what].concat())?.json()?;
    Ok(granted["id"].as_str().unwrap_or_default().to_owned())
}

fn ask(stage: &mut Stage, grant: &str, mode: &[&str], business_no: &str) -> Result<Answer, Problem> {
    let file = text(&stage.path(grant));
    let query = ["query", "--grant", &file, "--business-no", business_no, "--mode"];
    act(stage, SANYA, TELLER, &[&query[..], mode].concat(), How::default())
}

/// The paper of the applicant states the right account and name, and a monthly deposit that is too high.
fn state_values(stage: &Stage, name: &str) -> Result<String, Problem> {
    let file = stage.path("stated.txt");
    let account = stage.citizen["grzh"].as_str().unwrap_or_default();
    fs::write(&file, format!("name={name}\naccount_no={account}\nmonthly_deposit=99999.00\n"))?;
    Ok(text(&file))
}

pub(super) fn check_values(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    grant(stage, "check", "name,account_no,monthly_deposit", ATTEMPTS, "check.txt")?;
    let name = stage.citizen["name"].as_str().unwrap_or_default().to_owned();
    // Sabotage: the paper is somebody else's.
    let stated = state_values(stage, if broken { "演示乙" } else { &name })?;
    let answer = ask(stage, "check.txt", &["check", "--values", &stated], CHECK_NO)?;
    let answer = stage.expect(&["query", "--mode", "check"], answer, 0)?;
    stage.looked(CHECK_NO, SANYA, "check", "");
    check(!answer.text.contains(&name), "a value came back")?;
    let json = answer.json()?;
    let said = &json["attested"]["attestation"];
    let fields = json!([
        { "field": "name", "matches": true }, { "field": "account_no", "matches": true }, { "field": "monthly_deposit", "matches": false },
    ]);
    check(said["finding"]["fields"] == fields, format!("Haikou says {}", said["finding"]))?;
    check(said["use_no"] == 1 && json["attested"]["issuer"] == CENTRES[HAIKOU].code, "not Haikou's first answer")?;
    Ok(vec![("elapsed", json["elapsed_ms"].to_string()), ("attempts", ATTEMPTS.to_owned())])
}

pub(super) fn evaluate(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    grant(stage, "evaluate", RULE_FIELDS, ATTEMPTS, "rule.txt")?;
    if broken {
        // Who alone can answer is not there.
        check(stage.stop_peer(HAIKOU)?, "Haikou's peer did not stop cleanly")?;
    }
    let answer = ask(stage, "rule.txt", &["evaluate", "--rule", RULE], RULE_NO)?;
    let json = stage.expect(&["query", "--mode", "evaluate"], answer, 0)?.json()?;
    stage.looked(RULE_NO, SANYA, "evaluate", "");
    let finding = &json["attested"]["attestation"]["finding"];
    check(finding["rule"] == RULE && finding["outcome"] == "met", format!("Haikou says {finding}"))?;
    check(json["attested"]["text"].as_str().is_some_and(|jws| jws.split('.').count() == 3), "the verdict is not signed")?;
    Ok(vec![("elapsed", json["elapsed_ms"].to_string()), ("rule", RULE.to_owned()), ("version", finding["version"].to_string())])
}

pub(super) fn revoke(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let grants = holder(stage, &["list"])?["grants"].clone();
    let with = |field: &str| {
        let named = |made: &&Value| made["fields"].as_array().is_some_and(|fields| fields.iter().any(|name| name == field));
        grants.as_array().into_iter().flatten().find(named).map(|made| made["id"].clone())
    };
    // Sabotage: the citizen takes the grant for the rule back instead of the one for the check.
    let id = with(if broken { "in_arrears" } else { "account_no" });
    let id = id.ok_or_else(|| Problem::Check("the wallet keeps no such grant".to_owned()))?;
    let (id, paper) = (id.as_str().unwrap_or_default().to_owned(), text(&stage.path("revocation.txt")));
    holder(stage, &["revoke", &id, "--out", &paper])?;
    let began = Instant::now();
    let data = text(&stage.data(CHONGQING));
    stage.run(&["grant", "revoke", &paper, "--data", &data])?;
    let said = stage.status(CHONGQING).map_or(0, |status| rows(&status, CHONGQING));
    stage.wait_for(HAIKOU, PATIENCE, "does not hold what Chongqing wrote", |status| rows(status, CHONGQING) >= said)?;
    let ms = began.elapsed().as_millis();
    let stated = text(&stage.path("stated.txt"));
    let answer = ask(stage, "check.txt", &["check", "--values", &stated], LATE_NO)?;
    stage.looked(LATE_NO, SANYA, "check", "grant-revoked");
    let values = refused(&answer, "grant-revoked")?;
    Ok([values, vec![("ms", ms.to_string())]].concat())
}

/// The citizen's app.
fn holder(stage: &mut Stage, args: &[&str]) -> Result<Value, Problem> {
    let wallet = text(&stage.path("wallet"));
    stage.run(&[&["holder"], args, &["--wallet", &wallet]].concat())?.json()
}

pub(super) fn accesses(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    if broken {
        // Somebody at Sanya's counter tries once more, of which nobody is told.
        ask(stage, "rule.txt", &["evaluate", "--rule", "another"], "SY-2026-0999")?;
    }
    let (url, certificate) = (format!("https://127.0.0.1:{}", stage.ports[HAIKOU]), text(&stage.data(HAIKOU).join("window.pem")));
    let listed = holder(stage, &["accesses", "--window", &url, "--window-certificate", &certificate])?;
    let field = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let look = |one: &Value| Look {
        business_no: field(one, "business_no"),
        centre: field(one, "centre"),
        mode: field(one, "mode"),
        refused: field(one, "refused"),
    };
    let mut told: Vec<Look> = listed["accesses"].as_array().into_iter().flatten().map(look).collect();
    let mut made = stage.looks.clone();
    told.sort();
    made.sort();
    check(told == made, format!("the citizen is told of {told:?}, but there were {made:?}"))?;
    let refusals = made.iter().filter(|look| !look.refused.is_empty()).count();
    Ok(vec![("looks", made.len().to_string()), ("refusals", refusals.to_string())])
}
