//! `anju holder grant`: first what exactly will be disclosed, to whom, for what, until when and how often; then the signature.
//!
//! Several certificates are granted as several grants in one text: each is shown, signed, counted and recorded alone.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use anju_core::certificate::CertificateBody;
use anju_core::charter::Member;
use anju_core::grant::bundle::{self, MAX_BUNDLE};
use anju_core::grant::{Agent, MAX_DURATION_MS, MAX_USES, Mode};
use anju_core::holder::grant::DEFAULT_USES;
use anju_core::holder::{self, GrantPreview, GrantRequest, Wallet};
use anju_core::names::{CentreCode, CertificateNumber, GrantId};
use anju_core::time::{DAY_MS, Time};
use anju_core::window::Deposited;
use serde_json::{Value, json};

use super::common;
use super::document;
use super::failure::{Code, Failure};
use super::holder::{WalletArgs, kept_charter, member};
use super::holder_window::{self, MaybeWindow};
use super::out::{Ctx, Done, table};
use super::qr;
use super::query::{self, plain_value};
use super::text::clean;
use crate::config::atomic;
use crate::wallet::WalletFile;

#[derive(Debug, clap::Args)]
pub(super) struct Grant {
    #[command(flatten)]
    wallet: WalletArgs,
    #[arg(long = "certificate", value_name = "CERTIFICATE", required = true)]
    certificates: Vec<CertificateNumber>,
    #[arg(long, value_name = "CODE")]
    to: CentreCode,
    #[arg(long, value_name = "MATTER")]
    matter: String,
    #[arg(long, value_name = "MODE", value_enum, default_value_t = query::Mode::Details)]
    mode: query::Mode,
    #[arg(long = "field", value_name = "FIELD", value_delimiter = ',')]
    fields: Vec<String>,
    #[arg(long, value_name = "DATE")]
    until: Option<jiff::civil::Date>,
    #[arg(long, value_name = "COUNT")]
    uses: Option<u32>,
    #[arg(long, value_name = "LIMITS", value_enum, default_value_t = Limits::TimeCount)]
    limits: Limits,
    #[arg(long, value_name = "NAME", requires = "agent_document")]
    agent: Option<String>,
    #[arg(long, value_name = "NUMBER", requires = "agent")]
    agent_document: Option<String>,
    #[arg(long, value_name = "TYPE", default_value = "01")]
    agent_document_type: String,
    #[arg(long)]
    yes: bool,
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    qr: Option<PathBuf>,
    #[command(flatten)]
    window: MaybeWindow,
}

/// What limits a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Limits {
    Time,
    Count,
    TimeCount,
}

/// One grant that was made.
struct Made {
    request: GrantRequest,
    fields: Vec<String>,
    text: String,
    id: Option<GrantId>,
    left: Option<Deposited>,
}

pub(super) fn grant(ctx: Ctx, args: &Grant) -> Result<Done, Failure> {
    for out in args.out.iter().chain(&args.qr) {
        if out.symlink_metadata().is_ok() {
            return Err(Failure::new(Code::OutputExists).with("path", common::shown(out)));
        }
    }
    let mut file = args.wallet.open(ctx)?;
    let charter = kept_charter(&file.wallet)?;
    let audience = member(&charter, &args.to)?;
    let requests = requests(ctx, &file.wallet, args)?;
    // Whose window it is is asked before anything is signed.
    let window = args.window.open(&charter)?;
    window.as_ref().map_or(Ok(()), |window| window.must_be(&args.to))?;
    let mut made = signed(ctx, args, &mut file, audience, requests)?;
    let texts: Vec<String> = made.iter().map(|one| one.text.clone()).collect();
    let text = bundle::join(&texts);
    // Drawn before anything is kept: a grant that does not fit is not made.
    let picture = args.qr.as_ref().map(|_| qr::png(&text)).transpose()?;
    file.save().map_err(|e| args.wallet.failure(e))?;
    if let (Some(path), Some(picture)) = (&args.qr, picture) {
        common::write_out(path, &picture, atomic::PRIVATE)?;
    }
    if let Some(path) = &args.out {
        common::write_out(path, format!("{text}\n").as_bytes(), atomic::PRIVATE)?;
    }
    if let Some(window) = window {
        for one in &mut made {
            // Whoever comes to the counter shows their own document.
            let end = one.request.agent.as_ref().map(|agent| agent.last_four.clone());
            one.left = Some(window.leave(&file.wallet, &one.request.number, &one.text, end)?);
            one.id.iter().for_each(|id| file.wallet.note_deposited(id, common::now()));
            file.save().map_err(|e| args.wallet.failure(e))?;
        }
    }
    Ok(done(ctx, args, &text, &made))
}

/// What is to be granted, one for each certificate.
fn requests(ctx: Ctx, wallet: &Wallet, args: &Grant) -> Result<Vec<GrantRequest>, Failure> {
    if args.certificates.len() > MAX_BUNDLE {
        return Err(anju_core::error::Refusal::about(anju_core::error::RefusalCode::CeilingExceeded, "grants").into());
    }
    let now = common::now();
    let agent = agent(ctx, args)?;
    let mut requests: Vec<GrantRequest> = Vec::new();
    for number in &args.certificates {
        if requests.iter().any(|request| request.number == *number) {
            continue;
        }
        if args.fields.is_empty() {
            return Err(fields_missing(wallet, number)?);
        }
        let mut request = GrantRequest::new(now, number.clone(), args.fields.clone(), args.to.clone(), &args.matter);
        (request.mode, request.agent) = (args.mode.into(), agent.clone());
        limit(&mut request, args, now)?;
        requests.push(request);
    }
    Ok(requests)
}

/// Who presents it in the holder's place; only the end of the number is kept.
fn agent(ctx: Ctx, args: &Grant) -> Result<Option<Agent>, Failure> {
    let (Some(name), Some(number)) = (&args.agent, &args.agent_document) else { return Ok(None) };
    let number = document::document_no(ctx, number)?;
    let invalid = || anju_core::error::Refusal::about(anju_core::error::RefusalCode::DocumentInvalid, "agent");
    Ok(Some(Agent::new(name, &args.agent_document_type, &number).ok_or_else(invalid)?))
}

/// Shows all of it, asks once, and signs. Nothing is kept on disk yet.
fn signed(ctx: Ctx, args: &Grant, file: &mut WalletFile, audience: &Member, requests: Vec<GrantRequest>) -> Result<Vec<Made>, Failure> {
    let now = common::now();
    let mut previews = Vec::with_capacity(requests.len());
    for request in &requests {
        previews.push(holder::preview(&file.wallet, now, request)?);
    }
    let all: String = previews.iter().map(|preview| shown(ctx, preview, &clean(&audience.name))).collect();
    confirm(ctx, args.yes, &all)?;
    let mut made = Vec::with_capacity(requests.len());
    for (request, preview) in requests.into_iter().zip(&previews) {
        let text = holder::grant(&mut common::randomness()?, now, &mut file.wallet, &request, &audience.sealing)?;
        let fields = preview.fields().map(|(field, _)| field.name.clone()).collect();
        let id = file.wallet.grants().last().map(|made| made.id);
        made.push(Made { request, fields, text, id, left: None });
    }
    Ok(made)
}

fn json_of(args: &Grant, one: &Made) -> Value {
    let Made { request, fields, text, id, left } = one;
    json!({
        "grant": text, "id": id, "certificate": request.number, "audience": request.audience, "matter": request.matter, "fields": fields,
        "not_before": request.not_before, "expires": request.expires, "uses": request.uses,
        "file": args.out.as_deref().map(common::shown), "qr": args.qr.as_deref().map(common::shown),
        "code": left.as_ref().map(|left| &left.code),
    })
}

fn done(ctx: Ctx, args: &Grant, text: &str, made: &[Made]) -> Done {
    let json = match made {
        [one] => json_of(args, one),
        several => {
            let parts: Vec<Value> = several.iter().map(|one| json_of(args, one)).collect();
            json!({ "grant": text, "grants": parts, "file": args.out.as_deref().map(common::shown) })
        }
    };
    let waits = made.iter().any(|one| one.left.is_some());
    let mut said = match &args.out {
        Some(path) => ctx.fill("holder.granted-file", &[("out", &common::shown(path))]),
        None if waits => String::new(),
        None => format!("{text}\n"),
    };
    for one in made {
        if let Some(left) = &one.left {
            if made.len() > 1 {
                said.push_str(&format!("{}\n", one.request.number));
            }
            said.push_str(&holder_window::code_shown(ctx, left, &args.to));
        }
    }
    Done::new(json, said)
}

/// What limits the grant, as was chosen: by time it can be used as often as any grant, by count it lives as long as any.
fn limit(request: &mut GrantRequest, args: &Grant, now: Time) -> Result<(), Failure> {
    let missing = |argument: &str| Err(Failure::new(Code::UsageMissing).with("argument", argument));
    let excluded = |argument: &str| Err(Failure::new(Code::UsageConflict).with("argument", argument));
    match (args.limits, args.uses, args.until) {
        (Limits::Time, Some(_), _) => return excluded("--uses"),
        (Limits::Count, _, Some(_)) => return excluded("--until"),
        (Limits::Count, None, None) => return missing("--uses COUNT"),
        (Limits::Time, None, None) => return missing("--until DATE"),
        (Limits::Time, None, Some(_)) | (Limits::Count, Some(_), None) | (Limits::TimeCount, ..) => {}
    }
    if args.limits == Limits::Count {
        request.expires = Time::end_of_legal_day(now.plus_ms(MAX_DURATION_MS - DAY_MS).legal_day());
    }
    if let Some(until) = args.until {
        request.expires = Time::end_of_legal_day(until);
    }
    request.uses = args.uses.unwrap_or(if args.limits == Limits::Time { MAX_USES } else { DEFAULT_USES });
    Ok(())
}

fn fields_missing(wallet: &Wallet, number: &CertificateNumber) -> Result<Failure, Failure> {
    let held =
        wallet.certificate(number).ok_or_else(|| anju_core::error::Refusal::new(anju_core::error::RefusalCode::CertificateUnknown))?;
    let kind = CertificateBody::parse(&held.body).map_err(anju_core::error::Refusal::from)?.head.kind;
    let names: Vec<&str> = anju_core::certificate::Field::all(kind).iter().map(|f| f.name.as_str()).collect();
    Ok(Failure::new(Code::FieldsMissing).with("fields", names.join(", ")))
}

/// Exactly what will be disclosed, to whom, for what, until when, how often. For the holder's own eyes, so nothing is masked.
fn shown(ctx: Ctx, preview: &GrantPreview, audience: &str) -> String {
    let mode = match preview.mode {
        Mode::Details => "mode.details",
        Mode::Check => "mode.check",
        Mode::Evaluate => "mode.evaluate",
    };
    let agent = preview.agent.as_ref().map_or_else(String::new, |agent| {
        ctx.fill("holder.preview-agent", &[("name", &clean(&agent.name)), ("end", &clean(&agent.last_four))])
    });
    let mut out = ctx.fill(
        "holder.preview",
        &[
            ("audience", preview.audience.as_str()),
            ("name", audience),
            ("number", preview.number.as_str()),
            ("kind", &common::kind_title(ctx, preview.kind.code())),
            ("matter", &clean(&preview.matter)),
            ("mode", &ctx.say(mode)),
            ("from", &preview.not_before.legal_text()),
            ("until", &preview.expires.legal_text()),
            ("uses", &preview.uses.to_string()),
            ("agent", &agent),
            ("limits", &ctx.say(&format!("grant-kind.{}", preview.limits().code()))),
        ],
    );
    let rows: Vec<Vec<String>> = preview
        .fields()
        .map(|(field, value)| vec![format!("  {}", common::label(ctx, field)), plain_value(ctx, &field.name, value)])
        .collect();
    out.push_str(&table(&rows));
    out.push_str(&ctx.say(if preview.mode == Mode::Details { "holder.preview-foot" } else { "holder.preview-foot-issuer" }));
    out
}

/// Shows and asks, on standard error and from the terminal: standard output is for the grant alone.
fn confirm(ctx: Ctx, yes: bool, shown: &str) -> Result<(), Failure> {
    if yes {
        ctx.note(shown);
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Code::NoConfirmation.into());
    }
    let mut err = std::io::stderr().lock();
    write!(err, "{shown}{}", ctx.say("holder.confirm"))?;
    err.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let agreed = ["y", "yes", "是", "同意"].contains(&line.trim().to_lowercase().as_str());
    if agreed { Ok(()) } else { Err(Code::NotConfirmed.into()) }
}
