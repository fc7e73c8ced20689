//! Every text in an answer came from somebody: another centre, an operator, a file. Wherever one of them is shown, nothing but text reaches
//! the terminal. Each has a mark of its own, so that a text which is no longer shown is noticed, too.

use anju_core::desk::{Acknowledgement, AuditLine, ExportPage, Proof, SyncLine, SyncView};
use anju_core::desk::{CaseLine, CaseView, CentreAnswer, Doubt, ExportRow, Hit, LookupAnswer, StepView, Verdict};
use anju_core::listing::case::{CaseState, Move};
use anju_core::listing::finding::{Coded, Finding, Refund};
use anju_core::listing::status::Standing;
use anju_core::listing::{Ground, SubjectKind};
use anju_core::names::{ListingId, RequestId};

use super::*;

/// What is done to terminals and to readers: commands with and without an escape character, a title, text that runs backwards, what cannot
/// be seen, a line of its own, marks over marks.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\u{202e}\u{2066}\u{200b}\u{e0041}\u{7f}\r\n";
const MARKS: usize = 40;

fn dirty(mark: &str) -> String {
    format!("{mark}{HOSTILE}{}", "\u{301}".repeat(MARKS))
}

/// The answer shows every mark and nothing of what came with them.
fn assert_clean(told: &str, marks: &[&str]) {
    for mark in marks {
        assert!(told.contains(mark), "{mark} is not shown any more: {told}");
    }
    let bad = |c: char| HOSTILE.contains(c) && c.is_control() && c != '\n' || HOSTILE.contains(c) && !c.is_ascii();
    let found: Vec<char> = told.chars().filter(|c| bad(*c)).collect();
    assert!(found.is_empty(), "{found:?} in {told:?}");
    assert!(!told.contains(&"\u{301}".repeat(MARKS)), "{told}");
    assert!(!told.lines().any(|line| line.starts_with('\u{301}')), "a line of its own: {told}");
}

fn coded(mark: &str) -> Coded {
    Coded { code: dirty("code"), label: dirty(mark) }
}

const FINDING: [&str; 6] = ["W-conduct", "W-level", "W-decision", "W-basis", "W-version", "W-measure"];

fn finding() -> Finding {
    let day = Day::from_number(20_281_122).unwrap();
    let [conduct, level, decision, basis, version, measure] = FINDING;
    Finding {
        subject_kind: SubjectKind::Person,
        conduct: coded(conduct),
        level: coded(level),
        decision_no: dirty(decision),
        decision_day: day,
        decision_sha256: None,
        legal_basis: dirty(basis),
        legal_basis_version: Some(dirty(version)),
        measures: vec![coded(measure)],
        notified: None,
        objection_until: None,
        restriction_until: day,
        publication_until: day,
        refund: Refund::None,
    }
}

fn centre(mark: &str, verdict: Verdict, doubt: Option<Doubt>) -> CentreAnswer {
    CentreAnswer { centre: CentreCode::new("C46020").unwrap(), name: dirty(mark), verdict, doubt, as_of: None, age_ms: None }
}

#[test]
fn a_lookup_shows_what_other_centres_wrote_and_nothing_but_text() {
    let hit = Hit {
        listing: "C46020-L9".parse().unwrap(),
        standing: Standing::Listed,
        open_objections: 1,
        counts: false,
        basis: dirty("W-unknown-basis"),
        finding: finding(),
    };
    let answer = LookupAnswer {
        row: 0,
        request: RequestId([3; 16]),
        verdict: Verdict::Disputed,
        hits: vec![hit],
        centres: vec![centre("W-heard", Verdict::Disputed, None), centre("W-doubtful", Verdict::Unknown, Some(Doubt::Stale))],
        at: Time(1_795_000_000_000),
        quota_left: 7,
    };
    // A doubtful centre stands in two tables; alone it shows that the first of them is clean as well.
    let counter = Counter::with(move |_| Event::Lookup(Box::new(answer.clone())));
    let told = counter.done("lookup", "--document-no 460199197601171425 --matter loan --business-no Y1");
    assert_clean(&told, &FINDING);
    assert_clean(&told, &["W-unknown-basis", "W-heard", "W-doubtful"]);
}

fn line() -> CaseLine {
    CaseLine {
        case: "C46010-A45".parse().unwrap(),
        listing: None,
        state: CaseState::Drafted,
        decision_no: dirty("W-number"),
        conduct: dirty("W-words"),
        waits_for: None,
        until: None,
    }
}

#[test]
fn a_case_shows_what_people_wrote_in_every_step_and_nothing_but_text() {
    let day = Day::from_number(20_281_122).unwrap();
    let object = |text: &str| Move::Object { ground: Ground::Facts, text: dirty(text), answer_until: day, statement: None };
    let steps = vec![
        Move::Review { approve: true, reason: dirty("W-approve") },
        Move::Review { approve: false, reason: dirty("W-return") },
        Move::Notify { day, how: dirty("W-how"), objection_until: day, waiver: None },
        object("W-object"),
        Move::Answer { uphold: true, reason: dirty("W-uphold") },
        Move::Answer { uphold: false, reason: dirty("W-give-in") },
        Move::Withdraw { reason: dirty("W-withdraw"), impersonated: true },
        Move::Repair { decision: dirty("W-repair"), reason: dirty("W-because") },
    ];
    let view = CaseView {
        line: line(),
        subject_kind: SubjectKind::Person,
        name: dirty("W-name"),
        document_type: dirty("W-type"),
        document_no: dirty("W-document"),
        finding: finding(),
        before: None,
        steps: steps.into_iter().map(|what| StepView { at: Time(1_795_000_000_000), by: None, what }).collect(),
        impersonated: true,
        may: Vec::new(),
        second: false,
    };
    let counter = Counter::with(move |act| match act {
        Act::Queue { .. } => Event::Cases { cases: vec![line()], more: false },
        _ => Event::Case(Box::new(view.clone())),
    });
    let told = counter.done("show", "C46010-A45");
    assert_clean(&told, &FINDING);
    assert_clean(&told, &["W-name", "W-type", "W-document", "W-approve", "W-return", "W-how", "W-object", "W-uphold", "W-give-in"]);
    assert_clean(&told, &["W-withdraw", "W-repair", "W-because"]);
    assert_clean(&counter.done("queue", ""), &["W-number", "W-words"]);
}

#[test]
fn a_listing_a_proof_and_an_export_show_nothing_but_text() {
    let row = ExportRow {
        listing: "C46020-L9".parse().unwrap(),
        id: ListingId([1; 16]),
        standing: Standing::Listed,
        publishable: true,
        token: dirty("token"),
        pepper: 1,
        restriction_until: dirty("W-restriction"),
        publication_until: dirty("W-publication"),
        basis: dirty("basis"),
        open_objections: 0,
        own: None,
    };
    let acknowledged = Acknowledgement {
        centre: CentreCode::new("C46020").unwrap(),
        name: dirty("W-centre"),
        since: None,
        index: None,
        applied: 3,
        as_of: None,
    };
    let proof = Proof {
        listing: "C46010-L7".parse().unwrap(),
        standing: Standing::Repaired,
        ended_index: 12,
        ended_at: Time(1_795_000_000_000),
        backing: None,
        centres: vec![acknowledged],
        complete: false,
    };
    let counter = Counter::with(move |act| match act {
        Act::Proof { .. } => Event::Proof(Box::new(proof.clone())),
        Act::Export { .. } => Event::Export(Box::new(ExportPage { rows: Vec::new(), cursor: dirty("W-cursor"), more: false })),
        _ => Event::Listing(Box::new(row.clone())),
    });
    assert_clean(&counter.done("show", "C46020-L9"), &["W-restriction", "W-publication"]);
    assert_clean(&counter.done("proof", "C46010-L7"), &["W-centre"]);
    assert_clean(&counter.done("export", "--out @out.csv"), &["W-cursor"]);
}

#[test]
fn the_log_the_accounts_and_a_wait_show_nothing_but_text() {
    let row = AuditLine {
        seq: 1,
        at: Time(1_795_000_000_000),
        operator: None,
        action: dirty("W-action"),
        request: RequestId([3; 16]),
        matter: Some(dirty("W-matter")),
        business_no: Some(dirty("W-business")),
        legal_basis: Some(dirty("W-basis")),
        about: dirty("W-about"),
        outcome: dirty("W-outcome"),
    };
    let counter = Counter::with(move |_| Event::Audit { rows: vec![row.clone()], more: false });
    let told = counter.room.done(&format!("audit list {WHO}"));
    assert_clean(&told, &["W-action", "W-matter", "W-business", "W-basis", "W-about", "W-outcome"]);
    drop(counter);

    let counter = Counter::without_peer();
    let socket = counter.room.path("a/desk.sock");
    let name = OperatorName::new("teller.one").unwrap();
    let operator = OperatorLine { name, display: dirty("W-display"), role: Role::Teller, created: Time(0), disabled: None };
    let fake = Fake::start(&socket, vec![Event::Operators { operators: vec![operator] }]).unwrap();
    assert_clean(&counter.room.done("operator list --data @a"), &["W-display"]);
    drop(fake);
    let (centre, name) = (CentreCode::new("C46020").unwrap(), dirty("W-name"));
    let stale = SyncLine { centre, name, size: 3, announced: 5, as_of: None, age_ms: None, current: false };
    let _fake = Fake::start(&socket, vec![Event::Sync(Box::new(SyncView { journals: vec![stale], complete: false }))]).unwrap();
    let told = counter.room.run("sync --data @a --until-current");
    assert_clean(&out(&told), &["W-name"]);
}
