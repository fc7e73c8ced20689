//! A certificate is read where it was granted to, once, while its issuer is dark.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::people::act;
use super::{FIELDS, MATTER, PATIENCE, SHORT_PATIENCE, Values, refused, rows, text};
use crate::demo::samples::{CENTRES, CHONGQING, HAIKOU, SANYA, TELLER};
use crate::demo::stage::{Answer, How, Problem, Stage, check};

pub(super) fn dark(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    if !broken {
        check(stage.stop_peer(HAIKOU)?, "Haikou's peer did not stop cleanly")?;
    }
    check(stage.status(HAIKOU).is_none(), "Haikou's peer still answers")?;
    let alone = |status: &Value| {
        let stations = status["stations"].as_array();
        stations.is_some_and(|s| s.iter().any(|s| s["centre"] == CENTRES[HAIKOU].code && s["connected"] == Value::Bool(false)))
    };
    stage.wait_for(SANYA, PATIENCE, "still connected to Haikou", alone)?;
    Ok(Vec::new())
}

fn query(stage: &mut Stage, centre: usize, file: &str, business_no: &str) -> Result<Answer, Problem> {
    act(stage, centre, TELLER, &["query", "--grant", file, "--business-no", business_no], How::default())
}

pub(super) fn read(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let file = stage.path("grant.txt");
    let mut asked = text(&file);
    if broken {
        // One character of the signed claims is another.
        let mut grant = fs::read(&file)?;
        let at = grant.len() / 2;
        grant[at] = if grant[at] == b'A' { b'B' } else { b'A' };
        asked = text(&stage.path("altered-grant.txt"));
        fs::write(&asked, grant)?;
    }
    let answer = query(stage, SANYA, &asked, "SY-2026-0001")?;
    check(answer.code == 0, format!("the query ended with {}: {}", answer.code, answer.text.trim()))?;
    stage.looked("SY-2026-0001", SANYA, "details", "");
    let json = answer.json()?;
    let answered = &json["answer"];
    let fields: BTreeMap<&str, &Value> =
        answered["fields"].as_array().into_iter().flatten().filter_map(|f| Some((f["name"].as_str()?, &f["value"]))).collect();
    check(fields.len() == FIELDS.len(), format!("{} fields instead of {}", fields.len(), FIELDS.len()))?;
    let truth = &stage.citizen;
    for (field, right) in [
        ("name", "name"),
        ("document_no", "zjhm"),
        ("account_status", "status"),
        ("monthly_deposit", "monthly"),
        ("continuous_months", "continuous_months"),
        ("loan_count", "loans"),
        ("loan_outstanding", "outstanding"),
    ] {
        check(fields.get(field) == Some(&&truth[right]), format!("{field} is not what Haikou's books say"))?;
    }
    let authentic = &answered["authentic"];
    let all = ["signature", "holder_binding", "inclusion"].iter().all(|k| authentic[*k] == Value::Bool(true));
    check(all, "not authentic")?;
    let current = answered["current"]["state"].as_str().unwrap_or_default().to_owned();
    check(current == "standing" || current == "standing-as-of", "nothing is known of its currency")?;
    Ok(vec![
        ("fields", fields.len().to_string()),
        ("elapsed", json["elapsed_ms"].to_string()),
        ("current", current),
        ("age", (answered["current"]["age_ms"].as_i64().unwrap_or(0) / 1000).to_string()),
        ("months", truth["continuous_months"].to_string()),
        ("monthly", truth["monthly"].as_str().unwrap_or_default().to_owned()),
    ])
}

pub(super) fn again(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let mut file = text(&stage.path("grant.txt"));
    if broken {
        // A fresh grant: the second reading is then allowed, which this step must notice.
        let (wallet, number) = (text(&stage.path("wallet")), stage.number.clone());
        file = text(&stage.path("fresh-grant.txt"));
        stage.run(&[
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
            "name",
            "--yes",
            "--out",
            &file,
        ])?;
    }
    let answer = query(stage, SANYA, &file, "SY-2026-0002")?;
    stage.looked("SY-2026-0002", SANYA, "details", "grant-used-up");
    refused(&answer, "grant-used-up")
}

pub(super) fn elsewhere(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let file = text(&stage.path("grant.txt"));
    // Sabotage: asked at Sanya instead, which refuses for another reason.
    let answer = query(stage, if broken { SANYA } else { CHONGQING }, &file, "CQ-2026-0001")?;
    stage.looked("CQ-2026-0001", CHONGQING, "details", "wrong-centre");
    refused(&answer, "wrong-centre")
}

pub(super) fn come_back(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    if !broken {
        stage.start_peer(HAIKOU)?;
    }
    let patience = if broken { SHORT_PATIENCE } else { PATIENCE };
    // Sanya wrote two accesses, Chongqing one, before anything else; Haikou holds and has applied them all.
    let all = |status: &Value| rows(status, SANYA) >= 2 && rows(status, CHONGQING) >= 1;
    stage.wait_for(HAIKOU, patience, "does not hold the accesses that the others recorded", all)?;
    Ok(vec![("accesses", "3".to_owned())])
}
