//! A made-up peer that keeps loans and dossiers.

use anju_core::desk::{Act, DossierAct, DossierLine, DossierView, Event, LoanLine, LoanTask, PartyLine};
use anju_core::dossier::loan::{LoanProgress, LoanState, LoanStep, Task};
use anju_core::dossier::{DossierKind, FieldView, PartyRole, Standing};
use anju_core::error::{Refusal, RefusalCode};
use anju_core::listing::Day;
use anju_core::names::{CentreCode, DossierRef};
use anju_core::time::{DAY_MS, Time};
use anju_tui::door::Trouble;
use anju_tui::fake::NOW;

/// A certificate of ours to C46020, whose loan has this dossier.
pub const OURS: &str = "C46010-YDDKJCZM-2026-000001";
pub const DOSSIER: &str = "C46020-D57";
/// A certificate of C46020 to us, that nobody replied to.
pub const TO_REPLY: &str = "C46020-YDDKJCZM-2026-000007";

fn centre(code: &str) -> CentreCode {
    CentreCode::new(code).unwrap()
}

pub fn dossier(name: &str) -> DossierRef {
    name.parse().unwrap()
}

fn day(days: i64) -> Day {
    Day::of(NOW.plus_ms(days * DAY_MS))
}

fn line(certificate: &str, name: Option<&str>, (lender, keeper): (&str, &str), state: LoanState) -> LoanLine {
    LoanLine {
        dossier: name.map(dossier),
        certificate: certificate.to_owned(),
        lender: centre(lender),
        keeper: Some(centre(keeper)),
        state,
        task: None,
        fields: std::collections::BTreeMap::new(),
    }
}

fn waits(mut line: LoanLine, task: Task, by: &str, days: i64) -> LoanLine {
    line.task = Some(LoanTask { task, by: centre(by), until: day(days), late: days < 0 });
    line
}

/// Two steps that we have to take, one of them late, and two that others have.
pub fn queue() -> Vec<LoanLine> {
    vec![
        waits(line(TO_REPLY, None, ("C46010", "C46020"), LoanState::Issued), Task::Reply, "C46010", 11),
        waits(line(OURS, Some(DOSSIER), ("C46020", "C46010"), LoanState::Granted), Task::Mark, "C46010", -2),
        waits(line("C46010-YDDKJCZM-2025-000031", Some("C46030-D4"), ("C46030", "C46040"), LoanState::Marked), Task::Remark, "C46040", -1),
        waits(line("C46020-YDDKJCZM-2024-000112", Some("C46010-D9"), ("C46010", "C46020"), LoanState::Settled), Task::Unmark, "C46020", 2),
    ]
}

pub fn ledger() -> Vec<LoanLine> {
    let fields = [
        ("mark.number", "C46010-BZ-812"),
        ("mark.on", "2025-06-30"),
        ("reply.amount", "50000000"),
        ("reply.term", "360"),
        ("reply.from", "2025-06-20"),
        ("reply.to", "2055-06-19"),
        ("reply.method", "equal-instalment"),
        ("reply.monthly", "217600"),
        ("reply.business_no", "DZ-2025-88"),
        ("reply.on", "2025-06-20"),
        ("transfer.1.to", "C46040"),
        ("transfer.1.on", "2026-11-13"),
    ];
    let mut booked = line("C46010-YDDKJCZM-2025-000031", Some("C46030-D4"), ("C46030", "C46040"), LoanState::Marked);
    booked.fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    vec![booked]
}

fn field(name: &str, value: &str, author: &str, at: Time) -> FieldView {
    FieldView { field: name.to_owned(), value: value.to_owned(), author: centre(author), at, standing: Standing::Counted }
}

fn party(code: &str, role: PartyRole) -> PartyLine {
    PartyLine { centre: centre(code), role }
}

fn step(state: LoanState, days: i64, by: &str) -> LoanStep {
    LoanStep { state, on: day(days).to_string(), by: centre(by), at: NOW.plus_ms(days * DAY_MS) }
}

/// The loan of [`DOSSIER`], as far as it has come. C46030 wrote what it may not.
pub fn loan(state: LoanState) -> DossierView {
    let replied = NOW.plus_ms(-9 * DAY_MS);
    let mut fields = vec![
        field("certificate", OURS, "C46020", replied),
        field("reply.amount", "50000000", "C46020", replied),
        field("reply.business_no", "SY-2026-0001", "C46020", replied),
        field("reply.clerk", "王经办", "C46020", replied),
        field("reply.decision", "granted", "C46020", replied),
        field("reply.from", "2026-11-20", "C46020", replied),
        field("reply.method", "equal-instalment", "C46020", replied),
        field("reply.monthly", "217600", "C46020", replied),
        field("reply.on", "2026-11-12", "C46020", replied),
        field("reply.term", "360", "C46020", replied),
        field("reply.to", "2056-11-19", "C46020", replied),
    ];
    let mut wrong = field("mark.number", "C46020-BZ-1", "C46020", replied);
    wrong.standing = Standing::NotEntitled;
    fields.push(wrong);
    let mut steps = vec![step(LoanState::Granted, -9, "C46020")];
    if state >= LoanState::Marked {
        fields.push(field("mark.number", "C46010-BZ-1204", "C46010", NOW));
        fields.push(field("mark.on", "2026-11-21", "C46010", NOW));
        steps.push(step(LoanState::Marked, 0, "C46010"));
    }
    if state >= LoanState::Settled {
        fields.push(field("settled.on", "2026-11-21", "C46020", NOW));
        steps.push(step(LoanState::Settled, 0, "C46020"));
    }
    let progress = LoanProgress {
        state,
        steps,
        keeper: Some(centre("C46010")),
        transfers: 0,
        mark_missing: false,
        mark_refused: None,
        out_of_order: Vec::new(),
    };
    DossierView {
        dossier: dossier(DOSSIER),
        kind: DossierKind::Loan,
        about: Some(OURS.to_owned()),
        opened: replied,
        parties: vec![party("C46020", PartyRole::Lending), party("C46010", PartyRole::Depositing)],
        fields,
        applied: 2,
        pending: 0,
        set_aside: 0,
        ignored: 0,
        loan: Some(progress),
    }
}

/// Our reply to [`TO_REPLY`], as it stands once it is sent.
fn replied() -> DossierView {
    let mut view = loan(LoanState::Granted);
    (view.dossier, view.about) = (dossier("C46010-D77"), Some(TO_REPLY.to_owned()));
    view.parties = vec![party("C46010", PartyRole::Lending), party("C46020", PartyRole::Depositing)];
    if let Some(loan) = &mut view.loan {
        loan.keeper = Some(centre("C46020"));
    }
    view
}

/// A listing of ours that C46020 contests.
pub fn contested() -> DossierView {
    let at = NOW.plus_ms(-3 * DAY_MS);
    DossierView {
        dossier: dossier("C46020-D60"),
        kind: DossierKind::ContestedListing,
        about: Some("C46010-L88".to_owned()),
        opened: at,
        parties: vec![party("C46020", PartyRole::Objecting), party("C46010", PartyRole::Listing)],
        fields: vec![
            field("evidence.C46020.1", "银行流水，见三亚中心档案 2026-11 号", "C46020", at),
            field("note.C46020.1", "本人到柜面申诉，材料已核对", "C46020", at),
            field("objection.ground", "facts", "C46020", at),
            field("objection.text", "所列提取系本人购房提取，材料属实", "C46020", at),
        ],
        applied: 1,
        pending: 1,
        set_aside: 0,
        ignored: 0,
        loan: None,
    }
}

pub fn dossiers() -> Vec<DossierLine> {
    let line = |name: &str, kind, with: &str, about: Option<&str>, days: i64| DossierLine {
        dossier: dossier(name),
        kind,
        with: centre(with),
        about: about.map(str::to_owned),
        opened: NOW.plus_ms(-days * DAY_MS),
    };
    vec![
        line(DOSSIER, DossierKind::Loan, "C46010", Some(OURS), 9),
        line("C46020-D60", DossierKind::ContestedListing, "C46010", Some("C46010-L88"), 3),
        line("C46010-D61", DossierKind::Note, "C46030", None, 1),
    ]
}

/// What a peer answers about loans and dossiers.
pub fn answer(act: &DossierAct) -> Result<Event, Trouble> {
    let one = |view: DossierView| Ok(Event::Dossier(Box::new(view)));
    match act {
        // As a real one: a page of certificates, then pages of dossiers.
        DossierAct::Queue { after: None, .. } => Ok(Event::Loans { loans: queue().drain(..1).collect(), next: Some("d:".to_owned()) }),
        DossierAct::Queue { .. } => Ok(Event::Loans { loans: queue().split_off(1), next: None }),
        DossierAct::Ledger { .. } => Ok(Event::Loans { loans: ledger(), next: None }),
        DossierAct::List { .. } => Ok(Event::Dossiers { dossiers: dossiers(), more: false }),
        DossierAct::Show { dossier } if dossier.to_string() == "C46020-D60" => one(contested()),
        DossierAct::Show { dossier } if dossier.to_string() == TO_REPLY => {
            Err(Refusal::about(RefusalCode::DossierUnknown, TO_REPLY).into())
        }
        DossierAct::Show { .. } | DossierAct::Note { .. } => one(loan(LoanState::Granted)),
        DossierAct::Open { .. } | DossierAct::Write { .. } => one(contested()),
        DossierAct::Reply(_) => one(replied()),
        DossierAct::Mark { .. } | DossierAct::Transfer { .. } => one(loan(LoanState::Marked)),
        DossierAct::Settle { .. } => one(loan(LoanState::Settled)),
        DossierAct::Unmark { .. } => one(loan(LoanState::Unmarked)),
    }
}

/// Whether an act only reads loans or dossiers.
pub fn reads(act: &Act) -> bool {
    let Act::Dossier(act) = act else { return false };
    matches!(&**act, DossierAct::Queue { .. } | DossierAct::Ledger { .. } | DossierAct::List { .. } | DossierAct::Show { .. })
}
