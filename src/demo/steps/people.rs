//! The centres' own people, and what the other steps do as one of them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anju_core::listing::Day;
use anju_core::time::Time;
use serde_json::Value;

use super::{MATTER, Values, text};
use crate::demo::samples::{AUDITOR, CHONGQING, HAIKOU, REVIEWER, SANYA, TELLER};
use crate::demo::stage::{Answer, How, Problem, Stage, check};
use crate::words::Lang;

/// Who works where: centre, login name, role, name on screens, staff number.
const STAFF: [(usize, &str, &str, &str, &str); 6] = [
    (HAIKOU, TELLER, "teller", "演示经办", "D01"),
    (HAIKOU, REVIEWER, "reviewer", "演示复核", "D02"),
    (HAIKOU, AUDITOR, "auditor", "演示审计", "D03"),
    (SANYA, TELLER, "teller", "演示经办", "D01"),
    (SANYA, REVIEWER, "reviewer", "演示复核", "D02"),
    (CHONGQING, TELLER, "teller", "演示经办", "D01"),
];
/// How often somebody is looked up while the story waits for an answer.
const LOOK_UP_EVERY: Duration = Duration::from_millis(100);

pub(super) fn people(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    for (centre, login, role, display, staff_no) in STAFF {
        let (data, own) = (text(&stage.data(centre)), stage.operator_file(centre, login));
        stage.new_passphrase(&own)?;
        // Sabotage: the reviewer gets the teller's role, and nobody is there who could decide.
        let role = if broken && login == REVIEWER { "teller" } else { role };
        let (own, first) = (text(&own), stage.data(centre).join("first-operator.passphrase"));
        let args = ["operator", "add", login, "--role", role, "--display", display, "--staff-no", staff_no, "--new-passphrase-file", &own];
        let args = [&args[..], &["--data", &data, "--operator", "admin"]].concat();
        let answer = stage.ask_as(&args, How { passphrase: Some(&first), ..How::default() })?;
        stage.expect(&args, answer, 0)?;
    }
    for (i, centre) in Stage::centres() {
        let data = text(&stage.data(i));
        let list = stage.run(&["operator", "list", "--data", &data])?.json()?;
        let mut got: Vec<(&str, &str)> =
            list["operators"].as_array().into_iter().flatten().filter_map(|o| Some((o["name"].as_str()?, o["role"].as_str()?))).collect();
        let mut right: Vec<(&str, &str)> = STAFF.iter().filter(|who| who.0 == i).map(|who| (who.1, who.2)).collect();
        right.push(("admin", "security"));
        got.sort_unstable();
        right.sort_unstable();
        check(got == right, format!("{}: the operators are {got:?}", centre.code))?;
    }
    Ok(vec![("accounts", (STAFF.len() + CENTRES).to_string())])
}

/// First operators: one a centre.
const CENTRES: usize = crate::demo::samples::CENTRES.len();

/// Has `who` of a centre do something, whatever comes of it.
pub(super) fn act(stage: &mut Stage, centre: usize, who: &str, args: &[&str], how: How<'_>) -> Result<Answer, Problem> {
    let (data, file): (String, PathBuf) = (text(&stage.data(centre)), stage.operator_file(centre, who));
    let args = [args, &["--data", &data, "--operator", who]].concat();
    stage.ask_as(&args, How { passphrase: Some(&file), ..how })
}

/// The same, and it must succeed.
pub(super) fn acts(stage: &mut Stage, centre: usize, who: &str, args: &[&str]) -> Result<Value, Problem> {
    let answer = act(stage, centre, who, args, How::default())?;
    stage.expect(args, answer, 0)?.json()
}

/// Looks somebody up at a centre. The number is typed in: what stands on a command line, others on the machine can read.
pub(super) fn look_up(stage: &mut Stage, centre: usize, (kind, number): (&str, &str), words: Option<Lang>) -> Result<Answer, Problem> {
    let line = ["--document-type", kind, "--document-no", "-", "--matter", MATTER, "--business-no", "SY-2026-0001"];
    let args = [&["blacklist", "lookup"], &line[..]].concat();
    act(stage, centre, TELLER, &args, How { input: Some(&format!("{number}\n")), words, ..How::default() })
}

/// Looks somebody up until the verdict is `verdict`, and returns that answer.
pub(super) fn look_up_until(
    stage: &mut Stage,
    centre: usize,
    subject: (&str, &str),
    verdict: &str,
    patience: Duration,
) -> Result<Value, Problem> {
    let deadline = Instant::now() + patience;
    loop {
        let answer = look_up(stage, centre, subject, None)?;
        let json = answer.json()?;
        if json["verdict"] == verdict {
            return Ok(json["answer"].clone());
        }
        let code = crate::demo::samples::CENTRES[centre].code;
        let got = json["verdict"].as_str().map(str::to_owned).or_else(|| answer.error_code()).unwrap_or_default();
        check(answer.code == 0 && Instant::now() < deadline, format!("{code} does not say {verdict} but {got}"))?;
        std::thread::sleep(LOOK_UP_EVERY);
    }
}

/// The legal day on which the story is played.
pub(super) fn today() -> Day {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis());
    Day::of(Time(i64::try_from(since).unwrap_or(i64::MAX)))
}
