//! A certificate: applied for, issued, kept, copied to everybody and granted to one.

use std::fs;

use serde_json::Value;

use super::people::acts;
use super::{FIELDS, MATTER, PATIENCE, SHORT_PATIENCE, Values, rows, text, unseen};
use crate::demo::samples::{CENTRES, CHONGQING, HAIKOU, HAIKOU_TRUTH, SANYA, TELLER};
use crate::demo::stage::{Problem, Stage, check};

pub(super) fn enrol(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let (wallet, charter, card) = (text(&stage.path("wallet")), text(&stage.path("charter.json")), text(&stage.path("holder.card")));
    // Sabotage: a card made for another centre.
    let centre = CENTRES[if broken { SANYA } else { HAIKOU }].code;
    stage.run(&["holder", "new", "--wallet", &wallet, "--charter", &charter])?;
    stage.run(&["holder", "card", "--wallet", &wallet, "--centre", centre, "--out", &card])?;
    let written: Value = serde_json::from_slice(&fs::read(&card)?).map_err(|e| Problem::Check(format!("the card is not JSON: {e}")))?;
    check(written["centre"] == CENTRES[HAIKOU].code, "the card is for another centre")?;
    Ok(vec![("bytes", fs::metadata(&card)?.len().to_string())])
}

pub(super) fn issue(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let (card, file) = (text(&stage.path("holder.card")), text(&stage.path("certificate.txt")));
    let mut account = stage.citizen["grzh"].as_str().unwrap_or_default().to_owned();
    if broken {
        // An account with a loan that is not settled.
        let unsettled = HAIKOU_TRUTH.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok()).find(|f| f["outstanding"] != "0.00");
        account = unsettled.and_then(|f| f["grzh"].as_str().map(str::to_owned)).unwrap_or_default();
    }
    let issued = acts(
        stage,
        HAIKOU,
        TELLER,
        &[
            "certificate",
            "issue",
            "--account",
            &account,
            "--card",
            &card,
            "--kind",
            "YDDKJCZM",
            "--addressee",
            CENTRES[SANYA].code,
            "--clerk",
            "王经办",
            "--out",
            &file,
        ],
    )?;
    stage.number = issued["number"].as_str().unwrap_or_default().to_owned();
    check(stage.number.starts_with(CENTRES[HAIKOU].code), "no certificate number")?;
    Ok(vec![("number", stage.number.clone()), ("bytes", fs::metadata(&file)?.len().to_string())])
}

pub(super) fn receive(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let (wallet, file) = (text(&stage.path("wallet")), stage.path("certificate.txt"));
    if broken {
        let mut bytes = fs::read(&file)?;
        let middle = bytes.len() / 2;
        bytes[middle] = if bytes[middle] == b'A' { b'B' } else { b'A' };
        fs::write(&file, bytes)?;
    }
    let received = stage.run(&["holder", "receive", "--wallet", &wallet, &text(&file)])?.json()?;
    check(received["number"] == stage.number.as_str(), "another certificate was received")?;
    Ok(vec![("number", stage.number.clone())])
}

pub(super) fn replicate(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    if broken {
        stage.kill_peer(CHONGQING)?;
    }
    let patience = if broken { SHORT_PATIENCE } else { PATIENCE };
    for peer in [SANYA, CHONGQING] {
        stage.wait_for(peer, patience, "does not hold Haikou's journal", |status| rows(status, HAIKOU) >= 1)?;
    }
    Ok(vec![("rows", "1".to_owned())])
}

pub(super) fn noise(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let personal: Vec<&str> = ["name", "zjhm", "grzh"].iter().filter_map(|key| stage.citizen[*key].as_str()).collect();
    check(personal.len() == 3, "the citizen is not known")?;
    unseen(stage, &personal, &stage.exports(HAIKOU), broken.then_some(CHONGQING))
}

pub(super) fn grant(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let (wallet, number) = (text(&stage.path("wallet")), stage.number.clone());
    let (file, picture) = (text(&stage.path("grant.txt")), text(&stage.path("grant.png")));
    let mut fields = FIELDS.join(",");
    if broken {
        fields.push_str(",salary");
    }
    let granted = stage
        .run(&[
            "holder",
            "grant",
            "--wallet",
            &wallet,
            "--certificate",
            &number,
            "--to",
            CENTRES[SANYA].code,
            "--matter",
            MATTER,
            "--field",
            &fields,
            "--yes",
            "--out",
            &file,
            "--qr",
            &picture,
        ])?
        .json()?;
    let names: Vec<&str> = granted["fields"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    check(names.len() == FIELDS.len() && FIELDS.iter().all(|f| names.contains(f)), "other fields were granted")?;
    check(granted["uses"] == 1, "the grant allows more than one use")?;
    Ok(vec![
        ("fields", names.len().to_string()),
        ("bytes", fs::metadata(&file)?.len().to_string()),
        ("picture", fs::metadata(&picture)?.len().to_string()),
    ])
}
