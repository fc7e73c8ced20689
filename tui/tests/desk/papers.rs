//! Made-up answers about grants, certificates and accounts.

use anju_core::certificate::identity::{thumbprint, thumbprint_text};
use anju_core::certificate::jws::{self, Header, Jwk};
use anju_core::certificate::{CertificateKind, Field, ValueType};
use anju_core::desk::{
    AccessLine, AccountView, Act, Answer, AttestedAnswer, Authentic, Authorised, CentreAnswer, CertificateSummary, Currency, Current,
    Doubt, Event as DeskEvent, LeftLine, LeftView, LookupAnswer, MatterView, OutboxAct, ReleasedField, Request, Verdict,
};
use anju_core::error::{Refusal, RefusalCode};
use anju_core::grant::{Claims, GRANT_TYPE, Mode, Presented};
use anju_core::interact::{Attestation, Compared, Finding, Stated, Wanted};
use anju_core::matter::{Matter, Outcome};
use anju_core::names::{CentreCode, CertificateNumber, Digest, GrantId, RequestId};
use anju_core::shelf::Ended;
use anju_core::sign::SecretKey;
use anju_core::time::DAY_MS;
use anju_tui::door::Trouble;
use anju_tui::fake::{Asked, NOW};
use rand::SeedableRng;
use serde_json::Value;

pub const DOCUMENT: &str = "460199198409159519";
pub const NUMBER: &str = "C46010-YDDKJCZM-2026-000001";

/// A grant to C46020, of the vectors that every implementation is tested with.
pub fn grant() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/grant/good.json");
    let vector: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    vector["grant"].as_str().unwrap().to_owned()
}

/// The same, signed anew by another holder, for another mode.
pub fn grant_for(mode: Mode) -> String {
    let read = Presented::parse(&grant()).unwrap();
    let key = SecretKey::random(&mut rand::rngs::StdRng::seed_from_u64(11));
    let claims = Claims { mode, sub: thumbprint_text(&thumbprint(&key.public())), ..read.claims().clone() };
    let header = Header { jwk: Some(Jwk::new(&key.public())), ..Header::new(GRANT_TYPE) };
    jws::sign(&header, &claims, &key)
}

/// What the issuer attests to what is wanted: every stated value but the last is right.
fn attested(wanted: &Wanted, request: &RequestId) -> AttestedAnswer {
    let finding = match wanted {
        Wanted::Status => Finding::Status { changed: None },
        Wanted::Check { values } => {
            let one = |(i, stated): (usize, &Stated)| Compared { field: stated.field.clone(), matches: i + 1 < values.len() };
            Finding::Check { fields: values.iter().enumerate().map(one).collect() }
        }
        Wanted::Evaluate { rule } => Finding::Evaluate { rule: rule.clone(), version: 3, outcome: Outcome::Met },
    };
    let attestation = Attestation {
        suite: "anju-1".to_owned(),
        iss: "anju.demo/C46010".to_owned(),
        aud: "anju.demo/C46020".to_owned(),
        request: request.to_string(),
        grant: GrantId([3; 16]).to_string(),
        number: CertificateNumber::new(NUMBER).unwrap(),
        matter: "cross-region-loan".to_owned(),
        iat: NOW.seconds(),
        use_no: Some(1),
        finding,
    };
    AttestedAnswer {
        issuer: CentreCode::new("C46010").unwrap(),
        uses: 2,
        attestation,
        text: "eyJhbGciOiJFZERTQSIsInR5cCI6ImFuanUtYXR0ZXN0YXRpb24rand0In0.e30.sig".to_owned(),
    }
}

/// Who looked at a certificate of ours: once read, once refused, once only compared.
pub fn accesses(number: &CertificateNumber) -> Vec<AccessLine> {
    let line = |index: u64, mode: &str, fields: &[&str], refused: Option<RefusalCode>| AccessLine {
        at: NOW.plus_ms(index.cast_signed() * 3_600_000 - DAY_MS),
        asker: CentreCode::new("C46020").unwrap(),
        author: CentreCode::new(if mode == "details" { "C46020" } else { "C46010" }).unwrap(),
        index,
        number: number.clone(),
        matter: "cross-region-loan".to_owned(),
        mode: mode.to_owned(),
        fields: fields.iter().map(|name| (*name).to_owned()).collect(),
        business_no: "SY-2026-0001".to_owned(),
        legal_basis: "holder-consent".to_owned(),
        grant: GrantId([3; 16]),
        refused: refused.map(|code| code.as_str().to_owned()),
    };
    vec![
        line(3, "details", &["name", "balance", "continuous_months"], None),
        line(4, "details", &[], Some(RefusalCode::GrantUsedUp)),
        line(9, "check", &["balance"], None),
    ]
}

/// A question that waits, and one that was answered.
fn left(over: bool) -> LeftView {
    let request = RequestId([if over { 6 } else { 5 }; 16]);
    let line = LeftLine {
        request,
        issuer: CentreCode::new("C46010").unwrap(),
        number: CertificateNumber::new(NUMBER).unwrap(),
        matter: "cross-region-loan".to_owned(),
        business_no: "SY-2026-0001".to_owned(),
        mode: Mode::Check,
        by: "li.si".parse().unwrap(),
        left: NOW.plus_ms(if over { -2 * DAY_MS } else { 0 }),
        until: NOW.plus_ms(DAY_MS),
        over: over.then(|| NOW.plus_ms(-DAY_MS)),
        refused: None,
    };
    let stated = |field: &str| Stated { field: field.to_owned(), value: String::new() };
    let wanted = Wanted::Check { values: vec![stated("name"), stated("balance")] };
    LeftView { line, attested: over.then(|| attested(&wanted, &request)) }
}

pub fn outbox(act: &OutboxAct) -> Result<DeskEvent, Trouble> {
    Ok(match act {
        OutboxAct::Leave { .. } => DeskEvent::Left(Box::new(left(false))),
        OutboxAct::List { .. } => DeskEvent::Outbox { items: vec![left(false).line, left(true).line], more: false },
        OutboxAct::Show { request } => DeskEvent::Left(Box::new(left(*request == RequestId([6; 16])))),
        OutboxAct::Drop { .. } => DeskEvent::Done,
    })
}

/// Our matter, as the example that comes with the program.
fn matter() -> MatterView {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/matters/cross-region-loan.toml");
    let matter = Matter::from_toml(&std::fs::read_to_string(path).unwrap()).unwrap();
    MatterView { centre: CentreCode::new("C46020").unwrap(), matter, index: 9, at: NOW, in_force: true }
}

pub fn certificate(serial: u32, kind: CertificateKind) -> CertificateSummary {
    CertificateSummary {
        number: CertificateNumber::new(&format!("C46010-{kind}-2026-{serial:06}")).unwrap(),
        issuer: CentreCode::new("C46010").unwrap(),
        kind: kind.code().to_owned(),
        addressee: kind.needs_addressee().then(|| CentreCode::new("C46020").unwrap()),
        issued: NOW.plus_ms(-i64::from(serial) * DAY_MS),
        expires: NOW.plus_ms((3 - i64::from(serial)) * DAY_MS),
        ended: (serial == 2).then(|| Ended { at: NOW, reason: "superseded".to_owned() }),
        index: u64::from(serial),
    }
}

/// A value of the form that the schema asks for.
fn value(field: &Field) -> Value {
    match field.value {
        ValueType::Money => "79800.00".into(),
        ValueType::Month => "202502".into(),
        ValueType::Ratio => "0.12".into(),
        ValueType::Integer => 21.into(),
        ValueType::Bool => false.into(),
        ValueType::Code => "01".into(),
        ValueType::Text if field.code.as_deref() == Some("XINGMING") => "史霞玲".into(),
        ValueType::Text if field.code.as_deref() == Some("DWMC") => "海口安泰科技有限公司".into(),
        ValueType::Text if field.identifying => DOCUMENT.into(),
        ValueType::Text => "王经办".into(),
    }
}

pub fn fields(kind: CertificateKind) -> Vec<ReleasedField> {
    Field::all(kind).iter().map(|field| ReleasedField { name: field.name.clone(), value: value(field) }).collect()
}

pub fn answer_with(state: Currency) -> Answer {
    Answer {
        certificate: certificate(1, CertificateKind::CrossRegionLoan),
        authentic: Authentic {
            signature: true,
            holder_binding: true,
            inclusion: true,
            checkpoint_size: 1_204,
            checkpoint_root: Digest([7; 32]),
            backing: None,
        },
        authorised: Authorised {
            grant: GrantId([3; 16]),
            matter: "cross-region-loan".to_owned(),
            expires: NOW.plus_ms(DAY_MS),
            use_no: 1,
            uses: 2,
        },
        current: Current { state, as_of: Some(NOW.plus_ms(-42_000)), age_ms: Some(42_000), stale: false, behind: false, live: None },
        fields: fields(CertificateKind::CrossRegionLoan),
        presentation: "eyJhbGciOiJFZERTQSJ9.e30.sig~".to_owned(),
        verdicts: Vec::new(),
    }
}

pub fn lookup(verdict: Verdict) -> LookupAnswer {
    let centre = |code: &str, doubt: Option<Doubt>| CentreAnswer {
        centre: CentreCode::new(code).unwrap(),
        name: "儋州".to_owned(),
        verdict: if doubt.is_some() { Verdict::Unknown } else { verdict },
        doubt,
        as_of: Some(NOW),
        age_ms: Some(0),
    };
    // Whoever may be clear is not as long as one centre does not count.
    let doubt = (verdict != Verdict::NotListed).then_some(Doubt::Stale);
    let centres = vec![centre("C46020", None), centre("C46030", doubt)];
    LookupAnswer { row: 0, request: RequestId([1; 16]), verdict, hits: Vec::new(), centres, at: NOW, quota_left: 7 }
}

fn account(kind: &str, plain: bool) -> AccountView {
    let known: CertificateKind = kind.parse().unwrap();
    let hide = |mut released: ReleasedField| {
        let hidden = Field::named(known, &released.name).is_some_and(|(_, field)| field.hides(&released.value));
        if hidden && !plain {
            released.value = "460***********9519".into();
        }
        released
    };
    let fields = fields(known).into_iter().map(hide).collect();
    let refusal = (known == CertificateKind::LoanSettled).then(|| Refusal::new(RefusalCode::NoLoan));
    AccountView { kind: kind.to_owned(), fields, masked: !plain, refusal }
}

/// What a peer answers to what these views ask.
pub fn answer(asked: &Asked) -> Result<DeskEvent, Trouble> {
    let number = || CertificateNumber::new(NUMBER).unwrap();
    match asked {
        Asked::Act(Act::Ask { wanted, request, .. }) => Ok(DeskEvent::Attested(Box::new(attested(wanted, request)))),
        Asked::Act(Act::PickUp { code, last_four }) if code == "12345678" && last_four == "9519" => {
            Ok(DeskEvent::PickedUp { grant: grant(), expires: NOW.plus_ms(DAY_MS) })
        }
        Asked::Act(Act::PickUp { .. }) => Err(Refusal::new(RefusalCode::PickupUnknown).into()),
        Asked::Request(Request::Matter { .. }) => Ok(DeskEvent::Matter(Box::new(matter()))),
        Asked::Request(Request::CertificateShow { number }) => {
            let mut summary = certificate(1, CertificateKind::CrossRegionLoan);
            (summary.issuer, summary.addressee) = (number.centre().clone(), CentreCode::new("C46010").ok());
            summary.number = number.clone();
            Ok(DeskEvent::CertificateShow { certificate: summary, account_no: None, backing: None })
        }
        Asked::Act(Act::Query { .. }) => Ok(DeskEvent::Answer(Box::new(answer_with(Currency::Standing)))),
        Asked::Request(Request::CertificateList { after: None, .. }) => {
            let kinds = CertificateKind::ALL.into_iter().cycle();
            let certificates = (1..=7).zip(kinds).map(|(serial, kind)| certificate(serial, kind)).collect();
            Ok(DeskEvent::CertificateList { certificates, more: false })
        }
        Asked::Act(Act::CertificateShow { .. }) => {
            let certificate = certificate(1, CertificateKind::CrossRegionLoan);
            Ok(DeskEvent::CertificateShow { certificate, account_no: Some(DOCUMENT.to_owned()), backing: None })
        }
        Asked::Request(Request::CertificateFile { number }) => {
            Ok(DeskEvent::CertificateFile { number: number.clone(), file: "c2VhbGVk".to_owned() })
        }
        Asked::Act(Act::CertificateIssue { .. }) => {
            Ok(DeskEvent::CertificateIssued { number: number(), expires: NOW.plus_ms(90 * DAY_MS), file: "c2VhbGVk".to_owned() })
        }
        Asked::Act(Act::CertificateCancel { number, reason }) => {
            Ok(DeskEvent::CertificateCancelled { number: number.clone(), ended: Ended { at: NOW, reason: reason.clone() } })
        }
        Asked::Act(Act::AccountShow { kind, unmask, .. }) => Ok(DeskEvent::Account(Box::new(account(kind, unmask.is_some())))),
        Asked::Act(Act::Reveal { .. }) => Ok(DeskEvent::Done),
        Asked::Act(Act::Lookup { .. }) => Ok(DeskEvent::Lookup(Box::new(lookup(Verdict::NotListed)))),
        Asked::Request(_) | Asked::Act(_) | Asked::Work(_) => Err(Trouble::failed("peer-garbled")),
    }
}
