//! How somebody comes onto the list: by a file that two people have read, or by a case that two people have decided; and how others
//! find them there.

use std::fs;
use std::time::Instant;

use super::people::{act, acts, look_up, look_up_until, today};
use super::{PATIENCE, SHORT_PATIENCE, Values, refused, text, unseen};
use crate::demo::samples::{ACCUSED, CENTRES, CHONGQING, EMPLOYER, HAIKOU, PERSON, REVIEWER, SANYA, TELLER, clocks, list_csv};
use crate::demo::stage::{How, Problem, Stage, check};
use crate::words::Lang;

/// From listed at Haikou to told at Sanya, in milliseconds, the start of the asking program included. A program that was not optimised
/// starts and derives more slowly.
const HIT_WITHIN_MS: i64 = if cfg!(debug_assertions) { 10_000 } else { 1_000 };

pub(super) fn import(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let (papers, file) = (stage.path("papers"), stage.path("papers").join("list.csv"));
    fs::create_dir_all(papers)?;
    let mut list = list_csv(today());
    if broken {
        // The row that cannot be is left out.
        list = list.lines().take(3).map(|line| format!("{line}\n")).collect();
    }
    fs::write(&file, list)?;
    let args = ["blacklist", "import", &text(&file)];
    let answer = act(stage, HAIKOU, TELLER, &args, How::default())?;
    let json = stage.expect(&args, answer, 2)?.json()?;
    let import = &json["import"];
    let counts = [&import["rows"], &import["accepted"], &import["rejected"], &import["counts"]["new"]].map(|n| n.as_u64().unwrap_or(0));
    check(counts == [3, 2, 1, 2], format!("rows, accepted, rejected, new: {counts:?}"))?;
    check(import["state"] == "staged", "the rows are not staged")?;
    let rejects = fs::read_to_string(import["rejects"].as_str().unwrap_or_default())?;
    let reason = if rejects.contains("document-invalid") { "document-invalid" } else { "" };
    check(!reason.is_empty(), "the reject file does not say why")?;
    Ok(vec![("rows", "3".to_owned()), ("accepted", "2".to_owned()), ("rejected", "1".to_owned()), ("reason", reason.to_owned())])
}

pub(super) fn approve(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let file = stage.path("papers").join("list.csv");
    let approve = ["blacklist", "import", "approve", &text(&file)];
    let mut values = refused(&act(stage, HAIKOU, TELLER, &approve, How::default())?, "role-missing")?;
    if broken {
        // Somebody changes the file between the two people.
        let list = fs::read_to_string(&file)?;
        fs::write(&file, list.replace("骗贷", "骗提"))?;
    }
    let done = acts(stage, HAIKOU, REVIEWER, &approve)?;
    check(done["import"]["state"] == "done" && done["import"]["listed"] == 2, format!("not everything was listed: {}", done["import"]))?;
    let answer = look_up_until(stage, HAIKOU, (EMPLOYER.kind, EMPLOYER.number), "listed", PATIENCE)?;
    let hit = &answer["hits"][0];
    check(hit["basis"] == "imported", "the employer is not listed by the file")?;
    stage.notes.imported = hit["listing"].as_str().unwrap_or_default().to_owned();
    values.push(("listed", "2".to_owned()));
    Ok(values)
}

pub(super) fn review(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let (paper, today) = (stage.path("papers").join("decision.txt"), today());
    fs::write(&paper, "演示用认定书\n")?;
    let (restricted, shown) = clocks(today);
    let (paper, day, decision_no) = (text(&paper), today.to_string(), format!("演示认〔{}〕9号", today.date().year()));
    let subject = ["blacklist", "propose", "--subject-kind", "person", "--name", ACCUSED.name, "--document-no", "-"];
    let what = ["--conduct", "骗提", "--level", "严重", "--measure", "限制贷款", "--legal-basis", "住房公积金管理条例第四十一条"];
    let decision = ["--decision-no", &decision_no, "--decision-day", &day, "--decision-file", &paper];
    let propose = [&subject[..], &what, &decision, &["--restriction-until", &restricted, "--publication-until", &shown]].concat();
    let input = format!("{}\n", ACCUSED.number);
    let answer = act(stage, HAIKOU, TELLER, &propose, How { input: Some(&input), ..How::default() })?;
    let proposed = stage.expect(&propose, answer, 0)?.json()?;
    let case = proposed["case"]["line"]["case"].as_str().unwrap_or_default().to_owned();
    let review = ["blacklist", "review", &case, if broken { "--return" } else { "--approve" }, "--reason", "证据充分"];
    let mut values = refused(&act(stage, HAIKOU, TELLER, &review, How::default())?, "role-missing")?;
    let reviewed = acts(stage, HAIKOU, REVIEWER, &review)?;
    let state = &reviewed["case"]["line"]["state"];
    check(*state == "reviewed", format!("the case is {state}"))?;
    values.push(("case", case.clone()));
    stage.notes.case = case;
    Ok(values)
}

pub(super) fn list(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let (case, paper, day) = (stage.notes.case.clone(), stage.path("papers").join("waiver.txt"), today().to_string());
    fs::write(&paper, "演示用放弃陈述申辩声明\n")?;
    let paper = text(&paper);
    let notice = ["blacklist", "notify", &case, "--day", &day, "--how", "当面送达"];
    let waived = [&notice[..], &["--waiver-file", &paper]].concat();
    let mut values = refused(&act(stage, HAIKOU, TELLER, &waived, How::default())?, "role-missing")?;
    // Sabotage: no waiver, so the period for objections has only begun.
    if broken {
        acts(stage, HAIKOU, TELLER, &notice)?
    } else {
        acts(stage, HAIKOU, REVIEWER, &waived)?
    };
    let deadline = Instant::now() + if broken { SHORT_PATIENCE } else { PATIENCE };
    let listed = loop {
        let shown = acts(stage, HAIKOU, REVIEWER, &["blacklist", "show", &case])?;
        if shown["case"]["line"]["state"] == "listed" || Instant::now() > deadline {
            break shown;
        }
    };
    check(!listed.to_string().contains(ACCUSED.number), "a case is shown with the number in full")?;
    let (line, steps) = (&listed["case"]["line"], listed["case"]["steps"].as_array());
    check(line["state"] == "listed", format!("the case is {}", line["state"]))?;
    stage.notes.listing = line["listing"].as_str().unwrap_or_default().to_owned();
    stage.notes.listed_at = steps.and_then(|steps| steps.last()?["at"].as_i64()).unwrap_or_default();
    values.extend([("case", case), ("listing", stage.notes.listing.clone()), ("steps", steps.map_or(0, Vec::len).to_string())]);
    Ok(values)
}

pub(super) fn hit(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    // Sabotage: another person's number is typed.
    let other = stage.citizen["zjhm"].as_str().unwrap_or_default().to_owned();
    let asked = (ACCUSED.kind, if broken { other.as_str() } else { ACCUSED.number });
    let answer = look_up_until(stage, SANYA, asked, "listed", if broken { SHORT_PATIENCE } else { PATIENCE })?;
    let ms = answer["at"].as_i64().unwrap_or(i64::MAX).saturating_sub(stage.notes.listed_at);
    check(ms <= HIT_WITHIN_MS, format!("only after {ms} ms"))?;
    let hit = &answer["hits"][0];
    check(hit["listing"] == stage.notes.listing.as_str() && hit["basis"] == "notified", "another listing was found")?;
    check(hit["finding"]["conduct"]["code"] == "withdrawal-fraud", "the finding is not what was decided")?;
    for lang in Lang::ALL {
        let told = look_up(stage, SANYA, asked, Some(lang))?;
        check(told.code == 0 && told.text.starts_with(&lang.say("lookup.listed")), "not worded as a reason to look closer")?;
        check(!told.text.contains(ACCUSED.number), "the number is repeated on the screen")?;
    }
    Ok(vec![("ms", ms.to_string()), ("listing", stage.notes.listing.clone())])
}

pub(super) fn clear(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    if broken {
        // Sanya starts anew while both others are dead: nobody has told it anything since, so nobody may be told to be clear.
        stage.kill_peer(HAIKOU)?;
        stage.kill_peer(CHONGQING)?;
        check(stage.stop_peer(SANYA)?, "Sanya's peer did not stop cleanly")?;
        stage.start_peer(SANYA)?;
        stage.wait_for(SANYA, PATIENCE, "not up again", |_| true)?;
    }
    let citizen = stage.citizen["zjhm"].as_str().unwrap_or_default().to_owned();
    let answer = look_up_until(stage, SANYA, ("01", &citizen), "not-listed", if broken { SHORT_PATIENCE } else { PATIENCE })?;
    let centres: Vec<_> = answer["centres"].as_array().into_iter().flatten().collect();
    let known = |centre: &&serde_json::Value| centre["doubt"].is_null() && centre["as_of"].is_i64();
    check(centres.len() == CENTRES.len() && centres.iter().all(known), "a centre's list is not known as of when")?;
    check(answer["hits"].as_array().is_some_and(Vec::is_empty), "something was found")?;
    let age = |centre: &serde_json::Value| centre["age_ms"].as_i64().unwrap_or(0) / 1000;
    let ages: Vec<String> = centres.iter().map(|c| format!("{} {} s", c["centre"].as_str().unwrap_or_default(), age(c))).collect();
    Ok(vec![("ages", ages.join(", "))])
}

pub(super) fn sealed(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    // The names and numbers stand in the file and, for the case, in a note made here to be found.
    fs::write(stage.path("papers").join("note.txt"), format!("{} {}\n", ACCUSED.name, ACCUSED.number))?;
    let personal: Vec<&str> = [PERSON, EMPLOYER, ACCUSED].iter().flat_map(|who| [who.name, who.number]).collect();
    unseen(stage, &personal, &stage.path("papers"), broken.then_some(SANYA))
}
