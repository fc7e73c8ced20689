//! `anju query --mode check|evaluate`: what only the issuer can answer. The peer asks it; no field is opened here.

use std::path::Path;
use std::time::Instant;

use anju_core::desk::{Act, AttestedAnswer, Event, OutboxAct};
use anju_core::error::RefusalCode;
use anju_core::interact::{Finding, Stated, Wanted};
use anju_core::matter::Outcome;
use anju_core::names::RequestId;
use anju_core::time::Time;
use serde_json::json;

use super::acting::Acting;
use super::common;
use super::exit::Exit;
use super::failure::{Code, Failure};
use super::out::{Ctx, Done, table};
use super::outbox;
use super::query::{Args, Mode};
use super::text::clean;

/// Largest file with stated values, in bytes.
const VALUES_MAX_BYTES: u64 = 16 * 1024;

/// What the options ask for; nothing for a reading of the fields.
///
/// # Errors
/// [`Code::StatedBad`] naming the line, [`Code::UsageMissing`] when values or rule are missing.
pub(super) fn wanted(args: &Args) -> Result<Option<Wanted>, Failure> {
    match (args.mode, &args.values, &args.rule) {
        (Mode::Details, ..) if args.leave => Err(Failure::new(Code::UsageMissing).with("argument", "--mode check|evaluate")),
        (Mode::Details, ..) => Ok(None),
        (Mode::Check, Some(path), _) => values(path).map(|values| Some(Wanted::Check { values })),
        (Mode::Evaluate, _, Some(rule)) => Ok(Some(Wanted::Evaluate { rule: rule.clone() })),
        (Mode::Check, None, _) => Err(Failure::new(Code::UsageMissing).with("argument", "--values FILE")),
        (Mode::Evaluate, _, None) => Err(Failure::new(Code::UsageMissing).with("argument", "--rule NAME")),
    }
}

/// One `field=value` a line; blank lines and lines that begin with `#` are none.
fn values(path: &Path) -> Result<Vec<Stated>, Failure> {
    let text = zeroize::Zeroizing::new(common::read_text_of(path, VALUES_MAX_BYTES)?);
    let mut values = Vec::new();
    for (number, line) in text.lines().enumerate().map(|(i, line)| (i + 1, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let bad = || Failure::new(Code::StatedBad).with("path", common::shown(path)).with("line", number);
        let (field, value) = line.split_once('=').ok_or_else(bad)?;
        values.push(Stated { field: field.trim().to_owned(), value: value.trim().to_owned() });
    }
    Ok(values)
}

/// Asks the issuer and shows what it attests.
pub(super) fn ask(ctx: Ctx, acting: &Acting, args: &Args, (grant, request): (&str, RequestId), wanted: Wanted) -> Result<Done, Failure> {
    let (business_no, matter) = (args.business_no.clone(), args.matter.clone());
    let leave = args.leave.then(|| OutboxAct::Leave {
        grant: grant.to_owned(),
        business_no: business_no.clone(),
        matter: matter.clone(),
        wanted: wanted.clone(),
        request,
    });
    let act = Act::Ask { grant: grant.to_owned(), business_no, matter, wanted, request };
    let start = Instant::now();
    let progress = |stage| ctx.note(&common::stage(ctx, stage));
    let answer = match (acting.ask(&act, common::PATIENCE, progress), leave) {
        (Err(failure), Some(leave)) if failure.is_refusal(RefusalCode::IssuerDark) => return left(ctx, acting, leave),
        (answer, _) => answer.map_err(|e| e.with("request", request))?,
    };
    let elapsed_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let Event::Attested(answer) = answer else {
        return Err(common::unexpected());
    };
    let mut text = shown(ctx, &answer);
    text.push_str(&ctx.fill("query.foot", &[("elapsed", &elapsed_ms.to_string()), ("request", &request.to_string())]));
    let json = json!({ "attested": answer, "request": request, "elapsed_ms": elapsed_ms });
    Ok(Done { json, text, exit: exit(&answer) })
}

/// A script must not take what is not known for a yes; what is not met is an answer like any other.
pub(super) const fn exit(answer: &AttestedAnswer) -> Exit {
    if matches!(answer.attestation.finding, Finding::Evaluate { outcome: Outcome::Unknown, .. }) { Exit::TryLater } else { Exit::Ok }
}

/// The issuer is dark: the question stays with the peer.
fn left(ctx: Ctx, acting: &Acting, act: OutboxAct) -> Result<Done, Failure> {
    let left = outbox::leave(acting, act)?;
    let (request, until) = (left.line.request.to_string(), left.line.until.legal_text());
    let text = ctx.fill("outbox.left", &[("issuer", left.line.issuer.as_str()), ("request", &request), ("until", &until)]);
    Ok(Done { json: json!({ "left": left }), text, exit: Exit::TryLater })
}

pub(super) fn shown(ctx: Ctx, answer: &AttestedAnswer) -> String {
    let said = &answer.attestation;
    let use_no = said.use_no.map(|no| no.to_string()).unwrap_or_default();
    let at = Time::from_seconds(said.iat).legal_text();
    let mut out = ctx.fill(
        "inquiry.head",
        &[
            ("number", said.number.as_str()),
            ("issuer", answer.issuer.as_str()),
            ("at", &at),
            ("matter", &clean(&said.matter)),
            ("use", &use_no),
            ("uses", &answer.uses.to_string()),
        ],
    );
    match &said.finding {
        Finding::Check { fields } => {
            let word = |matches| ctx.say(if matches { "inquiry.matches" } else { "inquiry.differs" });
            let rows: Vec<_> = fields.iter().map(|field| vec![format!("  {}", clean(&field.field)), word(field.matches)]).collect();
            out.push_str(&table(&rows));
        }
        Finding::Evaluate { rule, version, outcome } => {
            let outcome = ctx.say(&format!("inquiry.{}", outcome.code()));
            out.push_str(&ctx.fill("inquiry.rule", &[("rule", &clean(rule)), ("version", &version.to_string()), ("outcome", &outcome)]));
        }
        Finding::Status { .. } => {}
    }
    out
}
