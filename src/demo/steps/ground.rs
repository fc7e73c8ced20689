//! What everything else stands on: a federation, its peers, the exports; and how it stops.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::{PATIENCE, SHORT_PATIENCE, Values, connected, text};
use crate::demo::samples::{HAIKOU, HAIKOU_TRUTH, SANYA};
use crate::demo::stage::{Problem, Stage, check};

/// The shortest run of deposits of an account that makes a good example.
const GOOD_MONTHS: u64 = 12;

pub(super) fn found(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    for (i, centre) in Stage::centres() {
        centre.write_exports(&stage.exports(i))?;
        let (data, exports) = (text(&stage.data(i)), text(&stage.exports(i)));
        let listen = format!("/ip4/127.0.0.1/udp/{}/quic-v1", stage.ports[i]);
        stage.run(&["init", "--data", &data, "--centre", centre.code, "--name", centre.name, "--listen", &listen, "--source", &exports])?;
    }
    open_window(stage)?;
    let charter = text(&stage.path("charter.json"));
    let cards: Vec<String> = Stage::centres().map(|(i, _)| text(&stage.data(i).join("card.json"))).collect();
    let mut args = vec!["federation", "found", "--name", "demo"];
    cards.iter().for_each(|card| args.extend(["--card", card]));
    args.extend(["--out", &charter]);
    stage.run(&args)?;
    // A charter that one founder has not signed must not be adopted by anybody.
    let signers = if broken { 2 } else { 3 };
    for (i, _) in Stage::centres().take(signers) {
        let data = text(&stage.data(i));
        stage.run(&["federation", "sign", "--data", &data, "--charter", &charter])?;
    }
    let mut digests = Vec::new();
    for (i, _) in Stage::centres() {
        let data = text(&stage.data(i));
        let adopted = stage.run(&["federation", "adopt", "--data", &data, "--charter", &charter])?.json()?;
        digests.push(adopted["digest"].as_str().unwrap_or_default().to_owned());
    }
    check(!digests[0].is_empty() && digests.iter().all(|d| *d == digests[0]), "the three centres adopted different charters")?;
    let bytes = fs::metadata(stage.path("charter.json"))?.len();
    Ok(vec![("digest", digests.swap_remove(0)), ("bytes", bytes.to_string())])
}

/// Haikou has a door for citizens.
fn open_window(stage: &Stage) -> Result<(), Problem> {
    let path = stage.data(HAIKOU).join("anju.toml");
    let config = fs::read_to_string(&path)?;
    Ok(fs::write(&path, format!("{config}\n[window]\nlisten = \"127.0.0.1:{}\"\n", stage.ports[HAIKOU]))?)
}

pub(super) fn serve(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let started = if broken { 2 } else { 3 };
    for (i, _) in Stage::centres().take(started) {
        stage.start_peer(i)?;
    }
    let patience = if broken { SHORT_PATIENCE } else { PATIENCE };
    for (i, _) in Stage::centres() {
        stage.wait_for(i, patience, "not connected to both others", |status| connected(status) == 2)?;
    }
    Ok(vec![("ports", stage.ports.map(|p| p.to_string()).join(", "))])
}

pub(super) fn source(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    if broken {
        // Somebody changes a month of deposit in the export.
        let path = stage.exports(HAIKOU).join("transactions.csv");
        let export = fs::read_to_string(&path)?;
        fs::write(&path, export.replace(",202610,", ",202609,"))?;
    }
    let data = text(&stage.data(HAIKOU));
    let answer = stage.run(&["source", "facts", "--data", &data])?;
    let by_account = |lines: &str| -> Result<BTreeMap<String, Value>, Problem> {
        let parse = |line: &str| serde_json::from_str::<Value>(line).map_err(|e| Problem::Check(format!("not JSON: {e}")));
        let lines = lines.lines().filter(|line| !line.trim().is_empty()).map(parse).collect::<Result<Vec<_>, _>>()?;
        Ok(lines.into_iter().map(|line| (line["grzh"].as_str().unwrap_or_default().to_owned(), line)).collect())
    };
    let (derived, truth) = (by_account(&answer.text)?, by_account(HAIKOU_TRUTH)?);
    check(derived.len() == truth.len(), format!("{} accounts instead of {}", derived.len(), truth.len()))?;
    let wrong = truth.iter().filter(|(account, right)| derived.get(*account) != Some(right)).count();
    check(wrong == 0, format!("{wrong} accounts of {} have other facts than the right ones", truth.len()))?;
    let good = |facts: &&Value| {
        facts["status"] == "01" && facts["loans"] == 0 && facts["continuous_months"].as_u64().is_some_and(|m| m >= GOOD_MONTHS)
    };
    let citizen = truth.values().find(good).cloned();
    stage.citizen = citizen.ok_or_else(|| Problem::Check("no account in good order".to_owned()))?;
    Ok(vec![("accounts", truth.len().to_string()), ("months", stage.citizen["continuous_months"].to_string())])
}

pub(super) fn stop(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    if broken {
        stage.kill_peer(SANYA)?;
    }
    for (i, centre) in Stage::centres() {
        check(stage.stop_peer(i)?, format!("{} did not stop cleanly", centre.code))?;
        check(!stage.data(i).join("desk.sock").exists(), format!("{} left its door behind", centre.code))?;
    }
    Ok(Vec::new())
}
