//! The blacklist between real peers: listed here, found there, contested anywhere, ended everywhere, and shown to have ended.

mod jobs;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::federation::{AUDITOR, CHONGQING, Federation, HAIKOU, Over, REVIEWER, SANYA, TELLER, samples};

const ALL: [&str; 3] = [HAIKOU, SANYA, CHONGQING];
/// Stands in Haikou's export for loan fraud, until 2030.
const LISTED: (&str, &str) = ("01", "460199197601171425");
/// A number of its form that stands in no export.
const NOBODY: (&str, &str) = ("01", "11010519491231002X");

/// Three peers that run, each with its people, and Haikou's export listed.
fn listed() -> Federation {
    let federation = Federation::running(&ALL, Over::Quic);
    ALL.iter().for_each(|code| federation.staff(code));
    std::fs::copy(samples(HAIKOU).join("blacklist.csv"), federation.room.path("list.csv")).unwrap();
    federation.import(HAIKOU, "@list.csv");
    federation
}

fn hit(answer: &Value) -> &Value {
    let hits = answer["answer"]["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 1, "{answer}");
    &hits[0]
}

#[test]
fn listed_at_haikou_found_at_both_others_disputed_everywhere_repaired_and_shown_to_have_ended() {
    let mut federation = listed();
    for code in [SANYA, CHONGQING] {
        let answer = federation.look_up_until(code, LISTED, "listed");
        assert_eq!(hit(&answer)["finding"]["conduct"]["code"], "loan-fraud");
        assert_eq!(hit(&answer)["basis"], "imported");
        assert!(!answer.to_string().contains(LISTED.1), "the number is not repeated");
        federation.look_up_until(code, NOBODY, "not-listed");
    }
    let listing = hit(&federation.look_up(SANYA, LISTED.0, LISTED.1))["listing"].as_str().unwrap().to_owned();

    federation.acts(SANYA, TELLER, &format!("blacklist object {listing} --ground facts --text 已经还清"), 0);
    for code in ALL {
        federation.look_up_until(code, LISTED, "disputed");
    }
    let answer = |who, exit| federation.acts(HAIKOU, who, &format!("blacklist answer {listing} --uphold --reason 查证属实"), exit);
    assert_eq!(answer(TELLER, 77)["error"]["code"], "role-missing");
    answer(REVIEWER, 0);
    for code in ALL {
        let answer = federation.look_up_until(code, LISTED, "listed");
        assert_eq!(hit(&answer)["standing"], "upheld");
    }

    assert_eq!(federation.stop(CHONGQING).code, Some(0));
    let repair = format!("blacklist repair {listing} --decision 修复决定1号 --reason 全部退还");
    assert_eq!(federation.acts(HAIKOU, TELLER, &repair, 77)["error"]["code"], "role-missing");
    federation.acts(HAIKOU, REVIEWER, &repair, 0);
    // Chongqing is dark, so nothing is said to be clear; but the listing is gone.
    let dark = federation.look_up(HAIKOU, LISTED.0, LISTED.1);
    assert_eq!((dark["answer"]["hits"].as_array().map(Vec::len), dark["verdict"] == "listed"), (Some(0), false), "{dark}");
    let proof = |federation: &Federation| federation.acts(HAIKOU, REVIEWER, &format!("blacklist proof {listing}"), 0)["proof"].clone();
    assert_eq!(proof(&federation)["complete"], false);

    federation.start(CHONGQING);
    let first = federation.look_up(CHONGQING, LISTED.0, LISTED.1);
    let verdict = first["verdict"].as_str().unwrap();
    assert!(["not-listed", "unknown"].contains(&verdict), "the first answer after a return is right or says that it is stale: {first}");
    for code in ALL {
        federation.look_up_until(code, LISTED, "not-listed");
    }
    let start = std::time::Instant::now();
    while proof(&federation)["complete"] != true {
        assert!(start.elapsed() < crate::federation::PATIENCE, "{}", proof(&federation));
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let centres = proof(&federation)["centres"].as_array().unwrap().clone();
    let acknowledged: BTreeSet<&str> = centres.iter().filter(|c| c["since"].is_i64()).map(|c| c["centre"].as_str().unwrap()).collect();
    assert_eq!(acknowledged, BTreeSet::from([SANYA, CHONGQING]));
    // A stale export does not bring back what was repaired.
    federation.room.write("again.csv", &format!("{}\n", std::fs::read_to_string(federation.room.path("list.csv")).unwrap()));
    federation.acts(HAIKOU, TELLER, "blacklist import @again.csv", 2);
    federation.acts(HAIKOU, REVIEWER, "blacklist import approve @again.csv", 0);
    assert_eq!(federation.look_up(HAIKOU, LISTED.0, LISTED.1)["verdict"], "not-listed");

    federation.stop_all();
    ALL.iter().for_each(|code| federation.assert_sound(code));
}

#[test]
fn a_case_goes_its_way_with_two_people_and_not_with_one() {
    let federation = Federation::running(&[HAIKOU, SANYA], Over::Quic);
    [HAIKOU, SANYA].iter().for_each(|code| federation.staff(code));
    federation.room.write("decision.pdf", "认定书");
    federation.room.write("waiver.pdf", "放弃陈述申辩");
    let propose = "blacklist propose --subject-kind person --name 向子雪 --document-no 460199197601171425 --conduct 骗提 --level 严重 \
                   --decision-no 认〔2026〕9号 --decision-day 2026-11-01 --decision-file @decision.pdf --legal-basis 条例第四十一条 \
                   --measure 限制贷款 --restriction-until 2029-11-01 --publication-until 2027-11-01";
    assert_eq!(federation.acts(HAIKOU, REVIEWER, propose, 77)["error"]["code"], "role-missing");
    let proposed = federation.acts(HAIKOU, TELLER, propose, 0);
    let case = proposed["case"]["line"]["case"].as_str().unwrap().to_owned();
    assert_eq!(proposed["case"]["line"]["state"], "drafted");
    assert_eq!(federation.acts(HAIKOU, TELLER, propose, 77)["error"]["code"], "case-exists");
    let step = |who, line: &str, exit| federation.acts(HAIKOU, who, line, exit);
    let review = format!("blacklist review {case} --approve --reason 证据充分");
    assert_eq!(step(TELLER, &review, 77)["error"]["code"], "role-missing");
    let today = crate::federation::now().legal_day();
    let notify = format!("blacklist notify {case} --day {today} --how 当面送达");
    assert_eq!(step(TELLER, &notify, 77)["error"]["code"], "step-not-allowed", "nobody is told before two people agree");
    step(REVIEWER, &review, 0);
    let backdated = step(TELLER, &notify.replace(&today.to_string(), "2026-11-02"), 65);
    assert_eq!(backdated["error"]["code"], "dates-contradict", "a notice dated back would leave no time to object");
    let queue = step(AUDITOR, "blacklist queue", 0);
    assert_eq!((&queue["cases"][0]["state"], &queue["cases"][0]["waits_for"]), (&"reviewed".into(), &"teller".into()), "{queue}");
    assert_eq!(step(TELLER, &format!("{notify} --waiver-file @waiver.pdf"), 77)["error"]["code"], "role-missing");
    step(REVIEWER, &format!("{notify} --waiver-file @waiver.pdf"), 0);
    let answer = federation.look_up_until(SANYA, LISTED, "listed");
    assert_eq!(hit(&answer)["basis"], "notified");
    let shown = step(REVIEWER, &format!("blacklist show {case}"), 0);
    assert!(!shown.to_string().contains(LISTED.1) && !shown.to_string().contains("向子雪"), "masked: {shown}");
    let shown = step(REVIEWER, &format!("blacklist show {case} --unmask 核对"), 0);
    assert_eq!(shown["case"]["document_no"], LISTED.1);
    let audit = federation.acts(HAIKOU, AUDITOR, "audit list", 0).to_string();
    for action in ["blacklist.propose", "blacklist.review", "blacklist.notify", "blacklist.list", "blacklist.show", "role-missing"] {
        assert!(audit.contains(action), "{action}: {audit}");
    }
    assert_eq!(federation.acts(HAIKOU, TELLER, "audit list", 77)["error"]["code"], "role-missing");
    let victim = format!("blacklist withdraw {case} --reason 被冒用 --impersonated");
    step(REVIEWER, &victim, 0);
    federation.look_up_until(SANYA, LISTED, "not-listed");
    let again = propose.replace("9号", "10号");
    assert_eq!(step(TELLER, &again, 77)["error"]["code"], "step-not-allowed", "a victim of impersonation is not listed again unseen");
}
