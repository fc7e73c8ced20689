//! The loan: replied to, marked, in the ledger, handed on, paid off, the mark lifted.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::people::{act, acts};
use super::{PATIENCE, SHORT_PATIENCE, Values, refused, text};
use crate::demo::samples::{CENTRES, CHONGQING, HAIKOU, SANYA, TELLER};
use crate::demo::stage::{How, Problem, Stage, check};

/// How often a loan is looked at while the story waits for its next state.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// What is lent, in yuan, and how it stands in the ledger.
const AMOUNT: (&str, &str) = ("500000", "500000.00");

/// A dossier as a centre shows it; nothing while the centre is not a party or has not heard of it.
fn shown(stage: &mut Stage, centre: usize) -> Result<Option<Value>, Problem> {
    let loan = stage.loan.clone();
    let answer = act(stage, centre, TELLER, &["loan", "show", &loan], How::default())?;
    Ok(if answer.code == 0 { Some(answer.json()?["dossier"].clone()) } else { None })
}

/// Waits until the loan stands so at a centre.
fn becomes(stage: &mut Stage, centre: usize, state: &str, patience: Duration) -> Result<Value, Problem> {
    let deadline = Instant::now() + patience;
    loop {
        let got = shown(stage, centre)?.unwrap_or_default();
        if got["loan"]["state"] == state {
            return Ok(got);
        }
        check(Instant::now() < deadline, format!("the loan at {} is {}, not {state}", CENTRES[centre].code, got["loan"]["state"]))?;
        std::thread::sleep(LOOK_EVERY);
    }
}

/// The value of a field that counts.
fn counted(dossier: &Value, field: &str) -> String {
    let fields = dossier["fields"].as_array();
    let found = fields.and_then(|fields| fields.iter().find(|one| one["field"] == field && one["standing"] == "counted"));
    found.and_then(|one| one["value"].as_str()).unwrap_or_default().to_owned()
}

pub(super) fn reply(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let number = stage.number.clone();
    let head = ["loan", "reply", &number, "--business-no", "SY-2026-0101", "--clerk", "演示经办"];
    let granted = ["--decision", "granted", "--amount", AMOUNT.0, "--months", "240", "--method", "equal-instalment"];
    // Sabotage: the loan is refused, and nothing is to be marked.
    let decision: &[&str] = if broken { &["--decision", "refused", "--reason", "演示"] } else { &granted };
    // Nobody else can reply to it.
    let values = refused(&act(stage, CHONGQING, TELLER, &[&head[..], &granted].concat(), How::default())?, "wrong-addressee")?;
    let replied = acts(stage, SANYA, TELLER, &[&head[..], decision].concat())?;
    let began = Instant::now();
    stage.loan = replied["dossier"]["dossier"].as_str().unwrap_or_default().to_owned();
    let marked = becomes(stage, SANYA, "marked", if broken { SHORT_PATIENCE } else { PATIENCE })?;
    let (ms, mark) = (began.elapsed().as_millis(), counted(&marked, "mark.number"));
    check(mark.starts_with(CENTRES[HAIKOU].code), "the mark is not Haikou's")?;
    Ok([values, vec![("loan", stage.loan.clone()), ("mark", mark), ("ms", ms.to_string())]].concat())
}

pub(super) fn ledger(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    // Sabotage: the ledger is asked for where nothing was marked.
    let centre = if broken { SANYA } else { HAIKOU };
    let (mark, number) = (counted(&shown(stage, HAIKOU)?.unwrap_or_default(), "mark.number"), stage.number.clone());
    let file = stage.path("ledger.csv");
    let path = text(&file);
    acts(stage, centre, TELLER, &["loan", "ledger", "--csv", &path])?;
    let table = fs::read_to_string(file)?;
    let entries: Vec<&str> = table.lines().skip(1).collect();
    let right = |line: &&str| [number.as_str(), mark.as_str(), AMOUNT.1, CENTRES[SANYA].code].iter().all(|one| line.contains(one));
    check(entries.len() == 1 && entries.iter().all(right), format!("{} entries, or another", entries.len()))?;
    Ok(vec![("mark", mark), ("amount", AMOUNT.1.to_owned())])
}

pub(super) fn transfer(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    check(shown(stage, CHONGQING)?.is_none(), "Chongqing reads a loan that is none of its business")?;
    let loan = stage.loan.clone();
    let hand_on = ["loan", "transfer", &loan, "--to", CENTRES[CHONGQING].code, "--clerk", "演示经办"];
    let values = refused(&act(stage, SANYA, TELLER, &hand_on, How::default())?, "not-entitled")?;
    acts(stage, HAIKOU, TELLER, &hand_on)?;
    becomes(stage, CHONGQING, "marked", PATIENCE)?;
    if !broken {
        // Sabotage: the new centre does not mark it.
        acts(stage, CHONGQING, TELLER, &["loan", "mark", &loan, "--clerk", "演示经办"])?;
    }
    let marked = becomes(stage, SANYA, "remarked", if broken { SHORT_PATIENCE } else { PATIENCE })?;
    let mark = counted(&marked, "remark.1.number");
    check(mark.starts_with(CENTRES[CHONGQING].code), "the new mark is not Chongqing's")?;
    Ok([values, vec![("loan", loan), ("mark", mark)]].concat())
}

pub(super) fn settle(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let loan = stage.loan.clone();
    if !broken {
        // Sabotage: nobody says that the loan is paid off.
        acts(stage, SANYA, TELLER, &["loan", "settle", &loan, "--clerk", "演示经办"])?;
    }
    becomes(stage, CHONGQING, "settled", if broken { SHORT_PATIENCE } else { PATIENCE })?;
    let lift = ["loan", "unmark", &loan, "--clerk", "演示经办"];
    let values = refused(&act(stage, HAIKOU, TELLER, &lift, How::default())?, "not-entitled")?;
    acts(stage, CHONGQING, TELLER, &lift)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let views = [HAIKOU, SANYA, CHONGQING].map(|centre| shown(stage, centre));
        let views = views.into_iter().collect::<Result<Vec<_>, _>>()?;
        if let [Some(one), Some(other), Some(third)] = &views[..]
            && one["loan"]["state"] == "unmarked"
            && one == other
            && other == third
        {
            let fields = one["fields"].as_array().map_or(0, Vec::len);
            return Ok([values, vec![("loan", loan), ("fields", fields.to_string())]].concat());
        }
        check(Instant::now() < deadline, "the three centres do not read the same")?;
        std::thread::sleep(LOOK_EVERY);
    }
}
