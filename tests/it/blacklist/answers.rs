use anju_core::desk::{CaseLine, CaseView, CentreAnswer, Doubt, Hit, LookupAnswer, Proof, StepView, Verdict};
use anju_core::listing::SubjectKind;
use anju_core::listing::case::{CaseState, Deed, Move};
use anju_core::listing::status::Standing;
use anju_core::names::RequestId;

use super::*;

const NUMBER: &str = "460199197601171425";

fn finding() -> anju_core::listing::Finding {
    let row = ImportRow {
        row: 0,
        subject_kind: "person".to_owned(),
        name: "向子雪".to_owned(),
        document_type: "01".to_owned(),
        document_no: NUMBER.to_owned(),
        conduct: "骗贷".to_owned(),
        level: "一般".to_owned(),
        decision_no: "认1号".to_owned(),
        decision_day: "2025-06-21".to_owned(),
        legal_basis: "条例".to_owned(),
        measures: vec!["限制贷款".to_owned()],
        restriction_until: "2030-06-21".to_owned(),
        publication_until: "2028-06-21".to_owned(),
        remark: String::new(),
    };
    row.check(&Catalogue::default(), Day::from_number(20_261_122).unwrap()).unwrap().finding
}

fn answer(verdict: Verdict) -> LookupAnswer {
    let centre = |code: &str, verdict, doubt| CentreAnswer {
        centre: CentreCode::new(code).unwrap(),
        name: "中心\u{202e}".to_owned(),
        verdict,
        doubt,
        as_of: Some(Time(1_795_000_000_000)),
        age_ms: Some(61_000),
    };
    let hit = Hit {
        listing: "C46020-L9".parse().unwrap(),
        standing: Standing::Listed,
        open_objections: u64::from(verdict == Verdict::Disputed),
        counts: verdict != Verdict::Unknown,
        basis: "imported".to_owned(),
        finding: finding(),
    };
    let doubt = (verdict == Verdict::Unknown).then_some(Doubt::Stale);
    LookupAnswer {
        row: 0,
        request: RequestId([3; 16]),
        verdict,
        hits: if verdict == Verdict::NotListed { Vec::new() } else { vec![hit] },
        centres: vec![centre("C46010", Verdict::NotListed, None), centre("C46020", verdict, doubt)],
        at: Time(1_795_000_000_000),
        quota_left: 7,
    }
}

#[test]
fn a_hit_prompts_a_review_and_an_unknown_can_not_be_read_as_clear() {
    for (verdict, chinese, english) in [
        (Verdict::Listed, "提示人工复核", "Look closer"),
        (Verdict::Disputed, "提示人工复核", "Look closer"),
        (Verdict::NotListed, "未列入", "Not listed"),
        (Verdict::Unknown, "无法判断：这不等于没有问题", "Unknown: this does not mean clear"),
    ] {
        let counter = Counter::with(move |act| match act {
            Act::Lookup { applicant, matter, legal_basis } => {
                assert_eq!((applicant.document_no.as_str(), matter.as_str(), legal_basis.as_str()), (NUMBER, "loan", "statutory-duty"));
                Event::Lookup(Box::new(answer(verdict)))
            }
            other => panic!("{other:?}"),
        });
        let rest = format!("--document-no {NUMBER} --matter loan --business-no Y1");
        let told = counter.done("lookup", &rest);
        assert!(told.starts_with(chinese), "{told}");
        assert!(counter.done("lookup", &format!("{rest} --lang en")).starts_with(english));
        assert!(!told.contains(NUMBER) && !told.contains('\u{202e}'), "{told}");
        for never in ["拒绝贷款", "不予", "通过"] {
            assert!(!told.contains(never), "{told}");
        }
        match verdict {
            Verdict::Listed => assert!(told.contains("不得据此自动拒绝") && told.contains("骗贷") && told.contains("限制贷款"), "{told}"),
            Verdict::Disputed => assert!(told.contains("1 件异议尚未答复"), "{told}"),
            Verdict::Unknown => {
                assert!(told.contains("C46020") && told.contains("静默过久") && !told.lines().next().unwrap().contains("未列入"), "{told}")
            }
            Verdict::NotListed => {}
        }
        let json = counter.json("lookup", &rest, 0);
        assert_eq!(json["verdict"], verdict.code());
        assert!(!json.to_string().contains(NUMBER), "the number is not echoed");
        // The number need not stand where other users of the machine can read it.
        let fed = counter.fed("lookup", "--document-no - --matter loan --business-no Y1", &format!("{NUMBER}\n"));
        assert_eq!(fed.status.code(), Some(0), "{}", err(&fed));
    }
}

#[test]
fn a_number_that_is_not_given_is_not_looked_up() {
    let counter = Counter::with(|act| panic!("{act:?}"));
    let fed = counter.fed("lookup", "--document-no - --matter loan --business-no Y1", "\n");
    assert_eq!(fed.status.code(), Some(64), "{}", err(&fed));
    assert!(err(&fed).contains("document-no-missing"));
}

fn line(state: CaseState) -> CaseLine {
    CaseLine {
        case: "C46010-A45".parse().unwrap(),
        listing: None,
        state,
        decision_no: "认1号\u{1b}[31m".to_owned(),
        conduct: "骗贷".to_owned(),
        waits_for: Some(Role::Reviewer),
        until: Some(Time(1_795_000_000_000)),
    }
}

fn view() -> CaseView {
    let step = |what| StepView { at: Time(1_795_000_000_000), by: Some(OperatorName::new("teller.one").unwrap()), what };
    CaseView {
        line: line(CaseState::Drafted),
        subject_kind: SubjectKind::Person,
        name: "向**".to_owned(),
        document_type: "01".to_owned(),
        document_no: "460***********1425".to_owned(),
        finding: finding(),
        before: None,
        steps: vec![step(Move::Propose), step(Move::Review { approve: false, reason: "缺文书".to_owned() })],
        impersonated: false,
        may: vec![Deed::Review, Deed::Withdraw],
        second: true,
    }
}

#[test]
fn every_step_of_a_case_is_asked_for_as_it_was_typed() {
    let counter = Counter::with(|act| {
        let text = serde_json::to_string(&act).unwrap();
        let mut view = view();
        view.line.conduct = text;
        Event::Case(Box::new(view))
    });
    counter.room.write("decision.pdf", "decision");
    let sha256 = "ea9a9a3f5d1a3d6c";
    let asked = |command: &str, rest: &str| {
        let json = counter.json(command, rest, 0);
        serde_json::from_str::<Value>(json["case"]["line"]["conduct"].as_str().unwrap()).unwrap()
    };
    let propose = format!(
        "--subject-kind person --name 向子雪 --document-no {NUMBER} --conduct 骗贷 --level 一般 --decision-no 认1号 --decision-day 2025-06-21 \
         --decision-file @decision.pdf --legal-basis 条例 --measure 限制贷款 --measure 限制提取 --restriction-until 2030-06-21 \
         --publication-until 2028-06-21"
    );
    let act = asked("propose", &propose);
    assert_eq!((act["act"].as_str(), act["row"].is_null()), (Some("propose"), false), "{act}");
    assert_eq!(act["row"]["document_type"], "01");
    assert_eq!(act["row"]["measures"].as_array().unwrap().len(), 2);
    assert_eq!(act["decision_sha256"].as_str().unwrap().len(), 64);
    assert_ne!(act["decision_sha256"].as_str().unwrap(), sha256);
    let act = asked("review", "C46010-A45 --return --reason 缺文书");
    assert_eq!((act["act"].as_str(), act["approve"].as_bool()), (Some("review"), Some(false)));
    assert_eq!(asked("review", "C46010-A45 --approve --reason 属实")["approve"], true);
    let act = asked("notify", "C46010-A45 --day 2026-11-22 --how 邮寄送达 --waiver-file @decision.pdf");
    assert_eq!((act["how"].as_str(), act["waiver"].is_string()), (Some("邮寄送达"), true));
    assert_eq!(asked("object", "C46020-L9 --ground facts --text 不是我")["about"], "C46020-L9");
    assert_eq!(asked("answer", "C46010-A45 --uphold --reason 属实")["uphold"], true);
    assert_eq!(asked("answer", "C46010-A45 --withdraw --reason 不实")["uphold"], false);
    assert_eq!(asked("withdraw", "C46010-L7 --reason 冒用 --impersonated")["impersonated"], true);
    assert_eq!(asked("repair", "C46010-L7 --decision 修1号 --reason 已退")["decision"], "修1号");
    assert_eq!(asked("show", "C46010-A45 --unmask 核对")["unmask"], "核对");
    for (command, rest) in
        [("review", "C46010-A45 --reason x"), ("review", "X --approve --reason x"), ("answer", "C46010-A45 --uphold --withdraw --reason x")]
    {
        assert_eq!(counter.run(command, rest).status.code(), Some(64), "{command} {rest}");
    }
}

#[test]
fn a_case_a_queue_and_a_proof_are_shown_masked_and_clean() {
    let counter = Counter::with(|act| match act {
        Act::CaseShow { .. } => Event::Case(Box::new(view())),
        Act::Queue { .. } => Event::Cases { cases: vec![line(CaseState::Drafted)], more: false },
        Act::Proof { .. } => Event::Proof(Box::new(Proof {
            listing: "C46010-L7".parse().unwrap(),
            standing: Standing::Repaired,
            ended_index: 12,
            ended_at: Time(1_795_000_000_000),
            backing: None,
            centres: vec![anju_core::desk::Acknowledgement {
                centre: CentreCode::new("C46020").unwrap(),
                name: "三亚".to_owned(),
                since: None,
                index: None,
                applied: 3,
                as_of: None,
            }],
            complete: false,
        })),
        other => panic!("{other:?}"),
    });
    let told = counter.done("show", "C46010-A45");
    assert!(told.contains("待复核") && told.contains("460***********1425") && told.contains("退回") && told.contains("缺文书"), "{told}");
    assert!(told.contains("您现在可以：复核（review）、撤回（withdraw）") && told.contains("另一个人"), "{told}");
    let told = counter.done("queue", "");
    assert!(told.contains("C46010-A45") && told.contains("复核") && told.contains("认1号[31m") && !told.contains('\u{1b}'), "{told}");
    let told = counter.done("proof", "C46010-L7");
    assert!(told.contains("已修复") && told.contains("尚未确认") && told.contains("不能证明"), "{told}");
    assert!(counter.done("proof", "C46010-L7 --lang en").contains("not yet"));
}
