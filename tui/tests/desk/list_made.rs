//! A made-up peer that keeps one case, for the blacklist's and the audit's views.

use std::sync::{Arc, Mutex};

use anju_core::desk::*;
use anju_core::error::{Refusal, RefusalCode};
use anju_core::listing::case::{CaseState, Deed, Move};
use anju_core::listing::catalogue::Catalogue;
use anju_core::listing::finding::{Coded, Finding, Refund};
use anju_core::listing::import::{ImportCounts, ImportState};
use anju_core::listing::status::Standing;
use anju_core::listing::{Day, SubjectKind};
use anju_core::names::{CaseNumber, CentreCode, Digest, ListingId, ListingRef, RequestId};
use anju_core::operator::{OperatorName, Role};
use anju_core::time::{DAY_MS, SECOND_MS};
use anju_tui::door::{ImportReport, Outcome, Phase, Progress, Rejected, ScreenReport, Trouble, Who, Work};
use anju_tui::fake::{Asked, FakeDoor, NOW, somebody};
use anju_tui::watch::Watch;

use crate::made;

/// Made up; its check character is right.
pub const NUMBER: &str = "110105194912310038";
pub const CASE: &str = "C46010-A7";

pub fn teller() -> Who {
    somebody("zhang.san", "张三", Role::Teller).unwrap()
}

pub fn auditor() -> Who {
    somebody("qian.qi", "钱七", Role::Auditor).unwrap()
}

pub fn case_number() -> CaseNumber {
    CASE.parse().unwrap()
}

pub fn listing() -> ListingRef {
    "C46020-L123".parse().unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn coded(code: &str, label: &str) -> Coded {
    Coded { code: code.to_owned(), label: label.to_owned() }
}

pub fn finding() -> Finding {
    Finding {
        subject_kind: SubjectKind::Person,
        conduct: coded("withdrawal-fraud", "骗提"),
        level: coded("serious", "严重"),
        decision_no: "琼公积金认〔2026〕7号".to_owned(),
        decision_day: day("2026-10-08"),
        decision_sha256: Some(Digest([0xab; 32])),
        legal_basis: "《住房公积金管理条例》第三十七条".to_owned(),
        legal_basis_version: Some("2019".to_owned()),
        measures: vec![coded("no-withdrawal", "限制提取"), coded("no-loan", "限制贷款")],
        notified: None,
        objection_until: None,
        restriction_until: day("2029-10-07"),
        publication_until: day("2027-10-07"),
        refund: Refund::Outstanding,
    }
}

fn step(by: &str, days: i64, what: Move) -> StepView {
    StepView { at: NOW.plus_ms(-days * DAY_MS), by: Some(OperatorName::new(by).unwrap()), what }
}

/// What is asked for by who has this state before them: of a returned case its teller, of others a reviewer who did not propose it.
fn may(state: CaseState) -> Vec<Deed> {
    use Deed::{Answer, Object, Propose, Repair, Review, Waive, Withdraw};
    match state {
        CaseState::Drafted => vec![Review, Withdraw],
        CaseState::Returned => vec![Propose],
        CaseState::Reviewed => vec![Waive, Withdraw],
        CaseState::Notified => vec![Object, Withdraw],
        CaseState::Objected => vec![Answer, Object, Withdraw],
        CaseState::Disputed => vec![Answer, Repair, Object, Withdraw],
        CaseState::Listed | CaseState::Upheld => vec![Repair, Object, Withdraw],
        CaseState::Withdrawn | CaseState::Repaired | CaseState::Expired => Vec::new(),
    }
}

pub fn case(state: CaseState) -> CaseView {
    let waits = match state {
        CaseState::Drafted | CaseState::Objected | CaseState::Disputed => Some(Role::Reviewer),
        CaseState::Returned | CaseState::Reviewed => Some(Role::Teller),
        _ => None,
    };
    let mut line = made::line(7, state, waits, Some(-2));
    line.listing = state.is_published().then(|| "C46010-L88".parse().unwrap());
    CaseView {
        line,
        subject_kind: SubjectKind::Person,
        name: "符*".to_owned(),
        document_type: "01".to_owned(),
        document_no: "110***********0038".to_owned(),
        finding: finding(),
        before: None,
        steps: vec![step("zhang.san", 3, Move::Propose)],
        impersonated: false,
        may: may(state),
        second: false,
    }
}

/// What a case said before: another level, another day, one measure less.
pub fn before(name: Option<&str>) -> BeforeView {
    let mut finding = finding();
    (finding.level, finding.publication_until) = (coded("ordinary", "一般"), day("2026-12-31"));
    finding.measures.pop();
    BeforeView { name: name.map(str::to_owned), name_differs: name.is_some(), finding }
}

/// The case was returned, and proposed again with changes.
pub fn proposed_again(case: &mut CaseView) {
    case.steps.push(step("li.si", 2, Move::Review { approve: false, reason: "等次与文书不符".to_owned() }));
    case.steps.push(step("zhang.san", 1, Move::Propose));
    case.before = Some(before(Some("符*")));
}

fn centre(code: &str, name: &str, verdict: Verdict, doubt: Option<Doubt>, seconds: i64) -> CentreAnswer {
    CentreAnswer {
        centre: CentreCode::new(code).unwrap(),
        name: name.to_owned(),
        verdict,
        doubt,
        as_of: Some(NOW.plus_ms(-seconds * SECOND_MS)),
        age_ms: Some(seconds * SECOND_MS),
    }
}

pub fn lookup(hit: bool) -> LookupAnswer {
    let hits = hit.then(|| Hit {
        listing: listing(),
        standing: Standing::Disputed,
        open_objections: 1,
        counts: true,
        basis: "notified".to_owned(),
        finding: Finding { notified: Some(day("2026-10-10")), objection_until: Some(day("2026-10-20")), ..finding() },
    });
    LookupAnswer {
        row: 0,
        request: RequestId([5; 16]),
        verdict: if hit { Verdict::Disputed } else { Verdict::Unknown },
        hits: hits.into_iter().collect(),
        centres: vec![
            centre("C46010", "海口住房公积金管理局", Verdict::NotListed, None, 4),
            centre("C46020", "三亚市住房公积金管理局", if hit { Verdict::Disputed } else { Verdict::NotListed }, None, 42),
            centre("C50000", "重庆市住房公积金管理中心", Verdict::Unknown, Some(Doubt::Stale), 90_000),
        ],
        at: NOW,
        quota_left: 199,
    }
}

pub fn export_row() -> ExportRow {
    ExportRow {
        listing: listing(),
        id: ListingId([1; 16]),
        standing: Standing::Listed,
        publishable: true,
        token: "00".repeat(32),
        pepper: 1,
        restriction_until: "2029-10-07".to_owned(),
        publication_until: "2027-10-07".to_owned(),
        basis: "notified".to_owned(),
        open_objections: 0,
        own: None,
    }
}

pub fn proof() -> Proof {
    let centre = |code: &str, name: &str, since: Option<i64>| Acknowledgement {
        centre: CentreCode::new(code).unwrap(),
        name: name.to_owned(),
        since: since.map(|seconds| NOW.plus_ms(-seconds * SECOND_MS)),
        index: since.map(|_| 912),
        applied: 1_204,
        as_of: Some(NOW.plus_ms(-60 * SECOND_MS)),
    };
    Proof {
        listing: "C46010-L88".parse().unwrap(),
        standing: Standing::Repaired,
        ended_index: 1_203,
        ended_at: NOW.plus_ms(-DAY_MS),
        backing: None,
        centres: vec![centre("C46020", "三亚市住房公积金管理局", Some(80_000)), centre("C50000", "重庆市住房公积金管理中心", None)],
        complete: false,
    }
}

pub fn audit_row(seq: u64, operator: &str, action: &str, business_no: Option<&str>, about: &str, outcome: &str) -> AuditLine {
    AuditLine {
        seq,
        at: NOW.plus_ms(-i64::try_from(100_000 - seq).unwrap() * 60 * SECOND_MS),
        operator: Some(OperatorName::new(operator).unwrap()),
        action: action.to_owned(),
        request: RequestId([7; 16]),
        matter: business_no.map(|_| "loan-application".to_owned()),
        business_no: business_no.map(str::to_owned),
        legal_basis: business_no.map(|_| "statutory-duty".to_owned()),
        about: about.to_owned(),
        outcome: outcome.to_owned(),
    }
}

/// Newest first: `wang.wu` looks up many under few numbers, `zhang.san` one.
pub fn audit_rows() -> Vec<AuditLine> {
    let mut rows = vec![
        audit_row(99_999, "qian.qi", "audit.read", None, "all", "done"),
        audit_row(99_998, "li.si", "blacklist.review", None, CASE, "second-person-needed"),
        audit_row(99_997, "zhang.san", "blacklist.lookup", Some("DK-2026-001"), "110***********0038", "listed"),
        audit_row(99_996, "zhang.san", "blacklist.propose", None, CASE, "done"),
    ];
    rows.extend((0..24_u64).map(|i| {
        audit_row(99_995 - i, "wang.wu", "blacklist.lookup", Some("DK-0"), &format!("460***********00{:02}", i % 12), "not-listed")
    }));
    rows
}

/// A peer with one case, shared by the desks of several people.
#[derive(Clone)]
pub struct Peer(pub Arc<Mutex<CaseView>>);

impl Peer {
    pub fn new(state: CaseState) -> Self {
        Self(Arc::new(Mutex::new(case(state))))
    }

    pub fn door(&self, who: Who) -> FakeDoor {
        let (peer, name) = (self.clone(), who.name.clone());
        FakeDoor::with_work(who, move |asked| peer.answer(&name, asked), work)
    }

    fn answer(&self, by: &OperatorName, asked: &Asked) -> Result<Event, Trouble> {
        let mut case = self.0.lock().unwrap();
        let Asked::Act(act) = asked else { return made::answer(asked) };
        let step = |what: Move| StepView { at: NOW, by: Some(by.clone()), what };
        match act {
            Act::Propose(proposal) => {
                let checked = proposal
                    .row
                    .check(&Catalogue::default(), Day::of(NOW))
                    .map_err(|(field, _)| Trouble::from(Refusal::about(RefusalCode::FieldMissing, field)))?;
                case.finding = Finding { decision_sha256: Some(proposal.decision_sha256), ..checked.finding };
                case.steps.push(step(Move::Propose));
                (case.line.state, case.line.waits_for) = (CaseState::Drafted, Some(Role::Reviewer));
            }
            Act::Review { approve, reason, .. } => {
                if case.steps.iter().any(|step| step.what == Move::Propose && step.by.as_ref() == Some(by)) {
                    return Err(Refusal::new(RefusalCode::SecondPersonNeeded).into());
                }
                case.steps.push(step(Move::Review { approve: *approve, reason: reason.clone() }));
                let (state, role) = if *approve { (CaseState::Reviewed, Role::Teller) } else { (CaseState::Returned, Role::Teller) };
                (case.line.state, case.line.waits_for) = (state, Some(role));
            }
            Act::Repair { decision, reason, .. } => {
                case.steps.push(step(Move::Repair { decision: decision.clone(), reason: reason.clone() }));
                (case.line.state, case.line.waits_for) = (CaseState::Repaired, None);
            }
            Act::Object { about: CaseRef::Listing(_), .. } => return Ok(Event::Done),
            Act::CaseShow { about: CaseRef::Listing(_), .. } => return Ok(Event::Listing(Box::new(export_row()))),
            Act::CaseShow { unmask: Some(_), .. } => {
                let plain = CaseView { name: "符生".to_owned(), document_no: NUMBER.to_owned(), ..case.clone() };
                return Ok(Event::Case(Box::new(plain)));
            }
            Act::CaseShow { about: CaseRef::Case(_), .. } => {}
            other => return answer(other),
        }
        case.may = may(case.line.state);
        Ok(Event::Case(Box::new(case.clone())))
    }
}

/// What the peer says to acts that change nothing.
pub fn answer(act: &Act) -> Result<Event, Trouble> {
    match act {
        Act::Queue { .. } => Ok(Event::Cases { cases: made::queue(), more: false }),
        Act::CaseShow { about: CaseRef::Listing(_), .. } => Ok(Event::Listing(Box::new(export_row()))),
        Act::CaseShow { .. } => Ok(Event::Case(Box::new(case(CaseState::Drafted)))),
        Act::Lookup { applicant, .. } if applicant.document_no == "1" => Err(Refusal::new(RefusalCode::DocumentInvalid).into()),
        Act::Lookup { applicant, .. } => Ok(Event::Lookup(Box::new(lookup(applicant.business_no != "clear")))),
        Act::Proof { .. } => Ok(Event::Proof(Box::new(proof()))),
        Act::AuditList { subject: Some(subject), .. } if subject.document_no == "1" => {
            Err(Refusal::new(RefusalCode::DocumentInvalid).into())
        }
        Act::AuditList { before, limit, operator, subject } => {
            let wanted = |row: &AuditLine| {
                operator.as_ref().is_none_or(|name| row.operator.as_ref() == Some(name))
                    && (subject.is_none() || row.about == "460***********9519")
            };
            let older = |row: &AuditLine| before.is_none_or(|before| row.seq < before);
            let mut rows: Vec<_> = audit_rows().into_iter().filter(|row| wanted(row) && older(row)).collect();
            let more = rows.len() > *limit;
            rows.truncate(*limit);
            Ok(Event::Audit { rows, more })
        }
        Act::AuditCheck => Ok(Event::AuditState(Box::new(AuditState {
            size: 100_000,
            root: Digest([3; 32]),
            commitments: 98,
            committed: 99_990,
            broken_before: None,
        }))),
        _ => Err(Refusal::new(RefusalCode::StepNotAllowed).into()),
    }
}

pub fn import_view(state: ImportState) -> ImportView {
    ImportView {
        file: Digest([0xcd; 32]),
        state,
        staged: 97,
        last_row: 100,
        counts: ImportCounts { new: 90, changed: 2, same: 4, over: 1, held: 0 },
        listed: if state == ImportState::Done { 97 } else { 0 },
        by: OperatorName::new("zhang.san").unwrap(),
        approved_by: (state == ImportState::Done).then(|| OperatorName::new("li.si").unwrap()),
        gone: vec!["C46010-A3".parse().unwrap()],
        gone_count: 1,
        rejected: vec![],
    }
}

/// What jobs come to.
pub fn work(work: Work, watch: &Watch) -> Result<Outcome, Trouble> {
    let report = |state: Option<ImportState>, rejected: u64| ImportReport {
        file: Digest([0xcd; 32]),
        rows: 100,
        accepted: 97,
        duplicates: 1,
        rejected,
        rejects: (rejected > 0).then(|| "/srv/in/list.rejects.csv".into()),
        view: state.map(|state| Box::new(import_view(state))),
    };
    match work {
        Work::Hash { file } if file.ends_with("missing.pdf") => Err(Trouble::failed("input-unreadable").with("path", file.display())),
        Work::Hash { .. } => Ok(Outcome::Hash { digest: Digest([0xcd; 32]), bytes: 1 }),
        Work::Import { dry_run, .. } => {
            watch.progress(Progress { phase: Phase::Staging, done: 50, of: Some(100), rejected: 2 });
            watch.rejected(Rejected { row: 17, column: Some("证件号码".to_owned()), code: "document-invalid".to_owned() });
            watch.rejected(Rejected { row: 61, column: None, code: "dates-contradict".to_owned() });
            Ok(Outcome::Import(Box::new(report((!dry_run).then_some(ImportState::Staged), 2))))
        }
        Work::ImportApprove { .. } => Ok(Outcome::Import(Box::new(report(Some(ImportState::Done), 0)))),
        Work::Screen { out, .. } => Ok(Outcome::Screened(Box::new(ScreenReport {
            counts: [2, 1, 90, 7],
            problems: 0,
            quota_left: Some(12),
            alarm: true,
            stopped_before: Some(101),
            out,
        }))),
        Work::ExportLists { .. } => Ok(Outcome::Exported { rows: 1_204, own: 88, cursor: "c2:1204".to_owned() }),
        other => Err(Trouble::failed(other.code())),
    }
}
