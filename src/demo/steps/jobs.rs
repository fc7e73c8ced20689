//! What runs without anybody looking: many applicants at once, the wait until everything is current, the auditor's check.

use std::fs;
use std::time::Instant;

use super::people::{act, acts};
use super::{PATIENCE, Values, text};
use crate::demo::samples::{ACCUSED, AUDITOR, CENTRES, EMPLOYER, HAIKOU, PERSON, SANYA, TELLER, applicants_csv};
use crate::demo::stage::{How, Problem, Stage, check};

/// The actions of Haikou's log that must stand in it, with how they ended: what was done, and what was tried.
const RECORDED: [(&str, &str); 8] = [
    ("operator.add", "done"),
    ("blacklist.import-approve", "role-missing"),
    ("blacklist.propose", "done"),
    ("blacklist.review", "role-missing"),
    ("blacklist.review", "done"),
    ("blacklist.notify", "role-missing"),
    ("blacklist.withdraw", "role-missing"),
    ("blacklist.withdraw", "done"),
];

pub(super) fn screen(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let (file, out) = (stage.path("papers").join("applicants.csv"), stage.path("papers").join("screened.csv"));
    let citizen = stage.citizen["zjhm"].as_str().unwrap_or_default().to_owned();
    let mut applicants = applicants_csv(&citizen);
    if broken {
        // One number is mistyped: that row is nobody's.
        applicants = applicants.replace(ACCUSED.number, "460199198806122024");
    }
    fs::write(&file, applicants)?;
    let (file, out) = (text(&file), text(&out));
    let deadline = Instant::now() + PATIENCE;
    let screened = loop {
        let screened = acts(stage, SANYA, TELLER, &["blacklist", "screen", &file, "--matter", super::MATTER, "--out", &out])?;
        // Unknown asks to be asked again: a row may just be on its way.
        if screened["screen"]["unknown"] == 0 || Instant::now() > deadline {
            break screened;
        }
        fs::remove_file(&out)?;
    };
    let said = &screened["screen"];
    check(said["listed"] == 2 && said["not_listed"] == 2 && said["problems"] == 0, format!("the counts are {said}"))?;
    let table = fs::read_to_string(&out)?;
    check(table.lines().count() == 5, "not one row for each row")?;
    let numbers = [PERSON.number, EMPLOYER.number, ACCUSED.number, &citizen];
    check(!numbers.iter().any(|number| table.contains(number)), "a number stands in the output in full")?;
    let count = |key: &str| said[key].to_string();
    Ok(vec![("rows", "4".to_owned()), ("listed", count("listed")), ("not_listed", count("not_listed"))])
}

pub(super) fn current(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    if broken {
        stage.kill_peer(HAIKOU)?;
    }
    let data = text(&stage.data(SANYA));
    let timeout = if broken { "3s".to_owned() } else { format!("{}s", PATIENCE.as_secs()) };
    let answer = stage.run(&["sync", "--data", &data, "--until-current", "--timeout", &timeout])?.json()?;
    check(answer["sync"]["complete"] == true, "not current")?;
    let journals = answer["sync"]["journals"].as_array().map_or(0, Vec::len);
    Ok(vec![("journals", journals.to_string())])
}

pub(super) fn audit(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    if broken {
        // Somebody with access to the disk turns every refusal into something else.
        check(stage.stop_peer(HAIKOU)?, "Haikou's peer did not stop cleanly")?;
        let path = stage.data(HAIKOU).join("anju.db");
        let mut bytes = fs::read(&path)?;
        for at in 0..bytes.len().saturating_sub(12) {
            if bytes[at..].starts_with(b"role-missing") {
                bytes[at..at + 12].copy_from_slice(b"role-present");
            }
        }
        fs::write(&path, bytes)?;
        stage.start_peer(HAIKOU)?;
        stage.wait_for(HAIKOU, PATIENCE, "not up again", |_| true)?;
    }
    let args = ["audit", "check"];
    let answer = act(stage, HAIKOU, AUDITOR, &args, How::default())?;
    let checked = stage.expect(&args, answer, 0)?.json()?;
    check(checked["sound"] == true, "the log is not what was committed to")?;
    let listed = acts(stage, HAIKOU, AUDITOR, &["audit", "list", "--limit", "200"])?;
    let rows: Vec<_> = listed["rows"].as_array().into_iter().flatten().collect();
    let missing = RECORDED.iter().find(|(action, outcome)| !rows.iter().any(|r| r["action"] == *action && r["outcome"] == *outcome));
    check(missing.is_none(), format!("not recorded: {missing:?}"))?;
    // Unless that story was left out.
    let issued = rows.iter().any(|row| row["action"] == "certificate.issue" && row["outcome"] == "done");
    check(issued || stage.number.is_empty(), "who issued the certificate is not recorded")?;
    let refusals = rows.iter().filter(|row| row["outcome"] == "role-missing").count();
    let text = listed.to_string();
    let numbers = [PERSON.number, EMPLOYER.number, ACCUSED.number];
    check(!numbers.iter().any(|number| text.contains(number)), "a number stands in the log in full")?;
    let centre = CENTRES[HAIKOU].code.to_owned();
    Ok(vec![("centre", centre), ("rows", checked["state"]["size"].to_string()), ("refusals", refusals.to_string())])
}
