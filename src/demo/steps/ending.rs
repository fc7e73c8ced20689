//! How somebody comes off the list: an objection that everybody sees, a withdrawal that reaches everybody, and the proof that it has.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::people::{act, acts, look_up, look_up_until};
use super::{PATIENCE, SHORT_PATIENCE, Values, refused};
use crate::demo::samples::{ACCUSED, CENTRES, CHONGQING, HAIKOU, REVIEWER, SANYA, TELLER};
use crate::demo::stage::{How, Problem, Stage, check};

/// How often the proof is asked for while an acknowledgement is missing.
const PROOF_EVERY: Duration = Duration::from_millis(500);
/// Whose ending this is.
const WHO: (&str, &str) = (ACCUSED.kind, ACCUSED.number);

pub(super) fn object(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    // Sabotage: the objection is to another listing.
    let listing = if broken { stage.notes.imported.clone() } else { stage.notes.listing.clone() };
    acts(stage, SANYA, TELLER, &["blacklist", "object", &listing, "--ground", "impersonated", "--text", "本人证件曾遗失，系他人冒用"])?;
    let began = Instant::now();
    let patience = if broken { SHORT_PATIENCE } else { PATIENCE };
    for centre in [SANYA, CHONGQING, HAIKOU] {
        let answer = look_up_until(stage, centre, WHO, "disputed", patience)?;
        check(answer["hits"][0]["open_objections"] == 1, "the objection is not told")?;
    }
    Ok(vec![("listing", listing), ("ms", began.elapsed().as_millis().to_string())])
}

pub(super) fn withdraw(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    if !broken {
        check(stage.stop_peer(CHONGQING)?, "Chongqing's peer did not stop cleanly")?;
    }
    check(stage.status(CHONGQING).is_none(), "Chongqing's peer still answers")?;
    let case = stage.notes.case.clone();
    let withdraw = ["blacklist", "withdraw", &case, "--reason", "异议成立：系他人冒用", "--impersonated"];
    let mut values = refused(&act(stage, HAIKOU, TELLER, &withdraw, How::default())?, "role-missing")?;
    let withdrawn = acts(stage, HAIKOU, REVIEWER, &withdraw)?;
    check(withdrawn["case"]["impersonated"] == true, "that it was somebody else is not kept")?;
    let here = look_up(stage, HAIKOU, WHO, None)?.json()?;
    check(here["answer"]["hits"].as_array().is_some_and(Vec::is_empty), "still listed at Haikou")?;
    let proof = prove(stage, &stage.notes.listing.clone())?;
    let waiting = acknowledged(&proof, CHONGQING).is_none() && proof["complete"] == false;
    check(waiting, "who cannot know is said to know")?;
    values.push(("case", case));
    Ok(values)
}

pub(super) fn wake(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    if broken {
        // Nobody is there who could tell Chongqing.
        stage.kill_peer(HAIKOU)?;
        stage.kill_peer(SANYA)?;
    }
    let began = Instant::now();
    stage.start_peer(CHONGQING)?;
    let first = loop {
        let answer = look_up(stage, CHONGQING, WHO, None)?;
        if answer.code == 0 {
            break answer.json()?;
        }
        check(began.elapsed() < PATIENCE, format!("Chongqing's peer does not answer: {}", answer.text.trim()))?;
    };
    let verdict = first["verdict"].as_str().unwrap_or_default().to_owned();
    check(["not-listed", "unknown"].contains(&verdict.as_str()), format!("the first answer is {verdict}"))?;
    let ms = began.elapsed().as_millis();
    let answer = look_up_until(stage, CHONGQING, WHO, "not-listed", if broken { SHORT_PATIENCE } else { PATIENCE })?;
    check(answer["hits"].as_array().is_some_and(Vec::is_empty), "still found")?;
    let later = began.elapsed().as_millis();
    for centre in [SANYA, HAIKOU] {
        look_up_until(stage, centre, WHO, "not-listed", PATIENCE)?;
    }
    Ok(vec![("first", verdict), ("ms", ms.to_string()), ("later", later.to_string())])
}

pub(super) fn proof(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    // Sabotage: of a listing that nobody has ended, nothing can be proven.
    let listing = if broken { stage.notes.imported.clone() } else { stage.notes.listing.clone() };
    let deadline = Instant::now() + PATIENCE;
    let proof = loop {
        let proof = prove(stage, &listing)?;
        if proof["complete"] == true || Instant::now() > deadline {
            break proof;
        }
        std::thread::sleep(PROOF_EVERY);
    };
    let mut after = Vec::new();
    for centre in [SANYA, CHONGQING] {
        let since = acknowledged(&proof, centre).ok_or_else(|| Problem::Check(format!("{} has not acknowledged", CENTRES[centre].code)))?;
        let ms = since - proof["ended_at"].as_i64().unwrap_or_default();
        after.push(format!("{} +{}.{} s", CENTRES[centre].code, ms / 1000, ms.rem_euclid(1000) / 100));
    }
    check(proof["complete"] == true, "the proof is not complete")?;
    Ok(vec![("listing", listing), ("after", after.join(", "))])
}

fn prove(stage: &mut Stage, listing: &str) -> Result<Value, Problem> {
    Ok(acts(stage, HAIKOU, REVIEWER, &["blacklist", "proof", listing])?["proof"].clone())
}

/// Since when a centre has shown, by its signed vector, that it knows.
fn acknowledged(proof: &Value, centre: usize) -> Option<i64> {
    proof["centres"].as_array()?.iter().find(|c| c["centre"] == CENTRES[centre].code)?["since"].as_i64()
}
