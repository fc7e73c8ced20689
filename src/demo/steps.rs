//! The story, step by step. Each step is a function that does its part, checks it, and can be sabotaged.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use serde_json::Value;

use super::samples::{CENTRES, CHONGQING, HAIKOU, HAIKOU_TRUTH, SANYA};
use super::stage::{Problem, Stage, check};

/// How long the story waits for peers to find each other and for rows to travel.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same for a step whose sabotage is waited for.
const SHORT_PATIENCE: Duration = Duration::from_secs(5);
/// The shortest run of deposits of an account that makes a good example.
const GOOD_MONTHS: u64 = 12;
/// The matter at the counter.
const MATTER: &str = "cross-region-loan";
/// What the holder lets Sanya see. Everything else in the certificate stays sealed.
const FIELDS: [&str; 7] =
    ["name", "document_no", "account_status", "monthly_deposit", "continuous_months", "loan_count", "loan_outstanding"];

type Values = Vec<(&'static str, String)>;

macro_rules! steps {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// A step of the story.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Step { $($(#[$doc])* $variant),+ }

        impl Step {
            /// Every step, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The step's name, as `--break` takes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

steps! {
    /// Three centres make their keys and found a federation.
    Found = "found",
    /// Three peers start and find each other.
    Serve = "serve",
    /// Haikou's exports are read; the derived facts are right for every account.
    Source = "source",
    /// The citizen's app makes keys and an enrolment card.
    Enrol = "enrol",
    /// Haikou issues a cross-region loan certificate for Sanya.
    Issue = "issue",
    /// The citizen's app checks and keeps it.
    Receive = "receive",
    /// Every peer holds it.
    Replicate = "replicate",
    /// Nobody but Haikou can see what it says.
    Noise = "noise",
    /// The citizen grants Sanya some fields.
    Grant = "grant",
    /// Haikou's process stops.
    Dark = "dark",
    /// Sanya reads and verifies from its own copy.
    Read = "read",
    /// The same grant is refused the second time.
    Again = "again",
    /// The same grant is refused at Chongqing.
    Elsewhere = "elsewhere",
    /// Haikou comes back and learns who looked.
    Return = "return",
    /// Everything stops cleanly.
    Stop = "stop",
}

impl std::str::FromStr for Step {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ");
        Self::ALL.iter().copied().find(|s| s.as_str() == text).ok_or_else(names)
    }
}

/// Plays one step; `broken` sabotages it, after which it must fail.
pub(super) fn play(stage: &mut Stage, step: Step, broken: bool) -> Result<Values, Problem> {
    match step {
        Step::Found => found(stage, broken),
        Step::Serve => serve(stage, broken),
        Step::Source => source(stage, broken),
        Step::Enrol => enrol(stage, broken),
        Step::Issue => issue(stage, broken),
        Step::Receive => receive(stage, broken),
        Step::Replicate => replicate(stage, broken),
        Step::Noise => noise(stage, broken),
        Step::Grant => grant(stage, broken),
        Step::Dark => dark(stage, broken),
        Step::Read => read(stage, broken),
        Step::Again => again(stage, broken),
        Step::Elsewhere => elsewhere(stage, broken),
        Step::Return => come_back(stage, broken),
        Step::Stop => stop(stage, broken),
    }
}

fn text(path: &std::path::Path) -> String {
    path.display().to_string()
}

fn found(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    for (i, centre) in Stage::centres() {
        centre.write_exports(&stage.exports(i))?;
        let (data, exports) = (text(&stage.data(i)), text(&stage.exports(i)));
        let listen = format!("/ip4/127.0.0.1/udp/{}/quic-v1", stage.ports[i]);
        stage.run(&["init", "--data", &data, "--centre", centre.code, "--name", centre.name, "--listen", &listen, "--source", &exports])?;
    }
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

fn serve(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
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

fn connected(status: &Value) -> usize {
    status["stations"].as_array().map_or(0, |stations| stations.iter().filter(|s| s["connected"] == Value::Bool(true)).count())
}

fn source(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
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

fn enrol(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let (wallet, charter, card) = (text(&stage.path("wallet")), text(&stage.path("charter.json")), text(&stage.path("holder.card")));
    // Sabotage: a card made for another centre.
    let centre = CENTRES[if broken { SANYA } else { HAIKOU }].code;
    stage.run(&["holder", "new", "--wallet", &wallet, "--charter", &charter])?;
    stage.run(&["holder", "card", "--wallet", &wallet, "--centre", centre, "--out", &card])?;
    let written: Value = serde_json::from_slice(&fs::read(&card)?).map_err(|e| Problem::Check(format!("the card is not JSON: {e}")))?;
    check(written["centre"] == CENTRES[HAIKOU].code, "the card is for another centre")?;
    Ok(vec![("bytes", fs::metadata(&card)?.len().to_string())])
}

fn issue(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let (data, card, file) = (text(&stage.data(HAIKOU)), text(&stage.path("holder.card")), text(&stage.path("certificate.txt")));
    let mut account = stage.citizen["grzh"].as_str().unwrap_or_default().to_owned();
    if broken {
        // An account with a loan that is not settled.
        let unsettled = HAIKOU_TRUTH.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok()).find(|f| f["outstanding"] != "0.00");
        account = unsettled.and_then(|f| f["grzh"].as_str().map(str::to_owned)).unwrap_or_default();
    }
    let issued = stage
        .run(&[
            "certificate",
            "issue",
            "--data",
            &data,
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
        ])?
        .json()?;
    stage.number = issued["number"].as_str().unwrap_or_default().to_owned();
    check(stage.number.starts_with(CENTRES[HAIKOU].code), "no certificate number")?;
    Ok(vec![("number", stage.number.clone()), ("bytes", fs::metadata(&file)?.len().to_string())])
}

fn receive(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
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

/// How many rows of the journal of `of` a status tells of.
fn rows(status: &Value, of: usize) -> u64 {
    let journals = status["journals"].as_array();
    let journal = journals.and_then(|journals| journals.iter().find(|j| j["centre"] == CENTRES[of].code));
    journal.and_then(|journal| journal["applied"].as_u64()).unwrap_or(0)
}

fn replicate(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    if broken {
        stage.kill_peer(CHONGQING)?;
    }
    let patience = if broken { SHORT_PATIENCE } else { PATIENCE };
    for peer in [SANYA, CHONGQING] {
        stage.wait_for(peer, patience, "does not hold Haikou's journal", |status| rows(status, HAIKOU) == 1)?;
    }
    Ok(vec![("rows", "1".to_owned())])
}

fn noise(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let personal: Vec<String> = ["name", "zjhm", "grzh"].iter().filter_map(|key| stage.citizen[*key].as_str().map(str::to_owned)).collect();
    check(personal.len() == 3, "the citizen is not known")?;
    let needles: Vec<Vec<u8>> = personal.iter().map(|p| p.clone().into_bytes()).collect();
    let canary = Stage::find(&stage.exports(HAIKOU), &needles)?;
    check(needles.iter().enumerate().all(|(i, _)| canary.iter().any(|(_, n)| *n == i)), "the search does not find what is there")?;
    if broken {
        fs::write(stage.data(CHONGQING).join("notes.txt"), &needles[0])?;
    }
    let mut files = 0;
    for (i, _) in Stage::centres() {
        let found = Stage::find(&stage.data(i), &needles)?;
        check(found.is_empty(), format!("{:?} holds personal data in the clear", found.first().map(|(path, _)| path)))?;
        files += fs::read_dir(stage.data(i))?.count();
    }
    Ok(vec![("files", files.to_string()), ("canary", canary.len().to_string())])
}

fn grant(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
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

fn dark(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
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

fn query(stage: &mut Stage, centre: usize, file: &str, business_no: &str) -> Result<super::stage::Answer, Problem> {
    let data = text(&stage.data(centre));
    stage.ask(&["query", "--data", &data, "--grant", file, "--business-no", business_no])
}

fn read(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
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

fn again(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
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
    refused(&answer, "grant-used-up")
}

fn elsewhere(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    let file = text(&stage.path("grant.txt"));
    // Sabotage: asked at Sanya instead, which refuses for another reason.
    let answer = query(stage, if broken { SANYA } else { CHONGQING }, &file, "CQ-2026-0001")?;
    refused(&answer, "wrong-centre")
}

fn refused(answer: &super::stage::Answer, code: &str) -> Result<Values, Problem> {
    let got = answer.error_code().unwrap_or_default();
    check(answer.code != 0 && got == code, format!("expected the refusal {code}, got exit {} {got}", answer.code))?;
    Ok(vec![("code", got), ("exit", answer.code.to_string())])
}

fn come_back(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    if !broken {
        stage.start_peer(HAIKOU)?;
    }
    let patience = if broken { SHORT_PATIENCE } else { PATIENCE };
    // Sanya wrote two accesses, Chongqing one; Haikou holds and has applied them all.
    let all = |status: &Value| rows(status, SANYA) == 2 && rows(status, CHONGQING) == 1;
    stage.wait_for(HAIKOU, patience, "does not hold the accesses that the others recorded", all)?;
    Ok(vec![("accesses", "3".to_owned())])
}

fn stop(stage: &mut Stage, broken: bool) -> Result<Values, Problem> {
    if broken {
        stage.kill_peer(SANYA)?;
    }
    for (i, centre) in Stage::centres() {
        check(stage.stop_peer(i)?, format!("{} did not stop cleanly", centre.code))?;
        check(!stage.data(i).join("desk.sock").exists(), format!("{} left its door behind", centre.code))?;
    }
    Ok(Vec::new())
}
