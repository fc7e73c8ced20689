//! `anju certificate`: issue, list, show and cancel, through the running peer. What changes something or tells of a person is an
//! operator's signed act.

use std::path::PathBuf;

use anju_core::desk::{Act, CertificateSummary, Event, MAX_PAGE, Request};
use anju_core::names::{CentreCode, CertificateNumber, RequestId};
use anju_core::operator::OperatorName;
use anju_core::time::Time;
use serde_json::{Value, json};

use super::acting::{Acting, OperatorArgs};
use super::common::{self, DataArgs};
use super::failure::{Code, Failure};
use super::out::{Ctx, Done, table};
use super::text::{clean, mask};
use crate::config::atomic;

/// Most pages of accesses in one file: what `anju holder accesses` reads of one certificate.
const ACCESS_PAGES_MAX: usize = 256;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Issue(Issue),
    List(List),
    Show(Show),
    Cancel(Cancel),
    Rebind(Rebind),
    Lost(Lost),
    Accesses(Accesses),
}

#[derive(Debug, clap::Args)]
pub(super) struct Accesses {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
    #[arg(value_name = "CERTIFICATE")]
    number: CertificateNumber,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct Rebind {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
    #[arg(value_name = "CERTIFICATE")]
    number: CertificateNumber,
    #[arg(long, value_name = "FILE")]
    card: PathBuf,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct Lost {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
    #[arg(value_name = "CERTIFICATE")]
    number: CertificateNumber,
}

#[derive(Debug, clap::Args)]
pub(super) struct Issue {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
    #[arg(long, value_name = "NUMBER")]
    account: String,
    #[arg(long, value_name = "KIND")]
    kind: String,
    #[arg(long, value_name = "CODE")]
    addressee: Option<CentreCode>,
    #[arg(long, value_name = "FILE")]
    card: PathBuf,
    #[arg(long, value_name = "NAME")]
    clerk: Option<String>,
    #[arg(long, value_name = "DAYS")]
    valid_days: Option<u32>,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[arg(long, value_name = "ID")]
    request: Option<RequestId>,
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    data: DataArgs,
    #[arg(long, value_name = "CERTIFICATE")]
    after: Option<CertificateNumber>,
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    #[command(flatten)]
    data: DataArgs,
    // Without one, what every member can see: not the account.
    #[arg(long, value_name = "OPERATOR", env = "ANJU_OPERATOR")]
    operator: Option<OperatorName>,
    #[arg(long, value_name = "FILE", env = "ANJU_OPERATOR_PASSPHRASE_FILE")]
    operator_passphrase_file: Option<PathBuf>,
    #[arg(value_name = "CERTIFICATE")]
    number: CertificateNumber,
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Cancel {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
    #[arg(value_name = "CERTIFICATE")]
    number: CertificateNumber,
    #[arg(long, value_name = "REASON", default_value = "cancelled", value_parser = ["cancelled", "superseded"])]
    reason: String,
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::Issue(args) => issue(ctx, args),
        Command::List(args) => list(ctx, args),
        Command::Show(args) => show(ctx, args),
        Command::Cancel(args) => cancel(ctx, args),
        Command::Rebind(args) => rebind(ctx, args),
        Command::Lost(args) => lost(ctx, args),
        Command::Accesses(args) => accesses(ctx, args),
    }
}

fn issue(ctx: Ctx, args: Issue) -> Result<Done, Failure> {
    if args.out.symlink_metadata().is_ok() {
        return Err(Failure::new(Code::OutputExists).with("path", common::shown(&args.out)));
    }
    let (_, config) = args.data.open()?;
    let clerk = args.clerk.or(config.certificate.clerk).ok_or_else(|| Failure::new(Code::ClerkMissing))?;
    let kind = common::kind(&args.kind)?;
    let request_id = common::request_id(args.request)?;
    let act = Act::CertificateIssue {
        account_no: args.account,
        kind: kind.code().to_owned(),
        addressee: args.addressee,
        card: common::read_text(&args.card)?,
        clerk,
        valid_days: Some(args.valid_days.unwrap_or(config.certificate.valid_days)),
        request: request_id,
    };
    let progress = |stage| ctx.note(&common::stage(ctx, stage));
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    let answer = acting.ask(&act, common::LONG_PATIENCE, progress).map_err(|e| e.with("request", request_id))?;
    let Event::CertificateIssued { number, expires, file } = answer else {
        return Err(common::unexpected());
    };
    // The certificate stands by now; should writing fail, `certificate show --out` writes the same file again.
    common::write_out(&args.out, file.as_bytes(), atomic::PRIVATE).map_err(|e| e.with("certificate", &number))?;
    let out = common::shown(&args.out);
    let values = [("number", number.as_str()), ("expires", &expires.legal_text()), ("out", &out)];
    let text = ctx.fill("certificate.issued", &values);
    Ok(Done::new(json!({ "number": number, "expires": expires, "file": out, "request": request_id }), text))
}

fn list(ctx: Ctx, args: List) -> Result<Done, Failure> {
    let request = Request::CertificateList { after: args.after, limit: args.limit.min(MAX_PAGE) };
    let Event::CertificateList { certificates, more } = common::ask(&args.data, &request, common::PATIENCE, |_| ())? else {
        return Err(common::unexpected());
    };
    let mut rows = vec![ctx.say("certificate.columns").split('|').map(str::to_owned).collect::<Vec<_>>()];
    rows.extend(certificates.iter().map(|c| row(ctx, c)));
    let mut text = table(&rows);
    if more && let Some(last) = certificates.last() {
        text.push_str(&ctx.fill("certificate.more", &[("last", last.number.as_str())]));
    }
    Ok(Done::new(json!({ "certificates": certificates, "more": more }), text))
}

fn show(ctx: Ctx, args: Show) -> Result<Done, Failure> {
    let Show { data, operator, operator_passphrase_file, number, out } = args;
    let shown = match operator {
        Some(operator) => {
            let acting = Acting::open(ctx, &data, &OperatorArgs { operator, operator_passphrase_file })?;
            acting.ask(&Act::CertificateShow { number: number.clone() }, common::PATIENCE, |_| ())?
        }
        None => common::ask(&data, &Request::CertificateShow { number: number.clone() }, common::PATIENCE, |_| ())?,
    };
    let Event::CertificateShow { certificate, account_no, backing } = shown else {
        return Err(common::unexpected());
    };
    let mut text = summary(ctx, &certificate);
    if let Some(backing) = &backing {
        text.push_str(&ctx.fill("certificate.backing", &[("level", &common::backing(ctx, backing))]));
    }
    if let Some(account_no) = &account_no {
        text.push_str(&ctx.fill("certificate.account", &[("account", &mask(account_no))]));
    }
    let mut json = json!({ "certificate": certificate, "account_no": account_no, "backing": backing });
    if let Some(out) = &out {
        let request = Request::CertificateFile { number };
        let Event::CertificateFile { file, .. } = common::ask(&data, &request, common::PATIENCE, |_| ())? else {
            return Err(common::unexpected());
        };
        common::write_out(out, file.as_bytes(), atomic::PRIVATE)?;
        text.push_str(&ctx.fill("certificate.written", &[("out", &common::shown(out))]));
        json["file"] = Value::from(common::shown(out));
    }
    Ok(Done::new(json, text))
}

fn cancel(ctx: Ctx, args: Cancel) -> Result<Done, Failure> {
    let act = Act::CertificateCancel { number: args.number, reason: args.reason };
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    let Event::CertificateCancelled { number, ended } = acting.ask(&act, common::PATIENCE, |_| ())? else {
        return Err(common::unexpected());
    };
    let values = [("number", number.as_str()), ("at", &ended.at.legal_text()), ("reason", &end_reason(ctx, &ended.reason))];
    let text = ctx.fill("certificate.ended", &values);
    Ok(Done::new(json!({ "number": number, "ended": ended }), text))
}

/// The same certificate for another key of its holder.
fn rebind(ctx: Ctx, args: Rebind) -> Result<Done, Failure> {
    if args.out.symlink_metadata().is_ok() {
        return Err(Failure::new(Code::OutputExists).with("path", common::shown(&args.out)));
    }
    let act = Act::HolderBind { number: args.number, card: common::read_text(&args.card)? };
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    let Event::CertificateIssued { number, expires, file } = acting.ask(&act, common::PATIENCE, |_| ())? else {
        return Err(common::unexpected());
    };
    common::write_out(&args.out, file.as_bytes(), atomic::PRIVATE).map_err(|e| e.with("certificate", &number))?;
    let out = common::shown(&args.out);
    let text = ctx.fill("certificate.rebound", &[("number", number.as_str()), ("expires", &expires.legal_text()), ("out", &out)]);
    Ok(Done::new(json!({ "number": number, "expires": expires, "file": out }), text))
}

fn lost(ctx: Ctx, args: Lost) -> Result<Done, Failure> {
    let act = Act::HolderEnd { number: args.number.clone() };
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    let Event::Done = acting.ask(&act, common::PATIENCE, |_| ())? else {
        return Err(common::unexpected());
    };
    let text = ctx.fill("certificate.key-ended", &[("number", args.number.as_str())]);
    Ok(Done::new(json!({ "number": args.number }), text))
}

/// Who used a certificate, into the file that `anju holder accesses` reads.
fn accesses(ctx: Ctx, args: Accesses) -> Result<Done, Failure> {
    if args.out.symlink_metadata().is_ok() {
        return Err(Failure::new(Code::OutputExists).with("path", common::shown(&args.out)));
    }
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    let (mut pages, mut after) = (Vec::new(), None);
    while pages.len() < ACCESS_PAGES_MAX {
        let act = Act::CertificateAccesses { number: args.number.clone(), after: after.take() };
        let Event::AccessFile(page) = acting.ask(&act, common::PATIENCE, |_| ())? else {
            return Err(common::unexpected());
        };
        after.clone_from(&page.next);
        pages.push(page);
        if after.is_none() {
            break;
        }
    }
    let count: usize = pages.iter().map(|page| page.accesses.len()).sum();
    let bytes = serde_json::to_vec(&pages).map_err(|e| Failure::new(Code::Internal).with("detail", e))?;
    common::write_out(&args.out, &bytes, atomic::PRIVATE)?;
    let (out, count_text) = (common::shown(&args.out), count.to_string());
    let text = ctx.fill("certificate.accesses", &[("number", args.number.as_str()), ("count", &count_text), ("out", &out)]);
    Ok(Done::new(json!({ "number": args.number, "accesses": count, "file": out, "more": after.is_some() }), text))
}

fn end_reason(ctx: Ctx, reason: &str) -> String {
    ctx.lang.find(&format!("end-reason.{reason}")).unwrap_or_else(|| clean(reason))
}

fn state(ctx: Ctx, certificate: &CertificateSummary, now: Time) -> String {
    match &certificate.ended {
        Some(ended) => end_reason(ctx, &ended.reason),
        None if certificate.expires < now => ctx.say("certificate.state-expired"),
        None => ctx.say("certificate.state-standing"),
    }
}

fn row(ctx: Ctx, c: &CertificateSummary) -> Vec<String> {
    let addressee = c.addressee.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    vec![
        c.number.to_string(),
        common::kind_title(ctx, &c.kind),
        addressee,
        c.issued.legal_text(),
        c.expires.legal_text(),
        state(ctx, c, common::now()),
    ]
}

/// What a journal tells of a certificate, line by line.
pub(super) fn summary(ctx: Ctx, c: &CertificateSummary) -> String {
    let addressee = c.addressee.as_ref().map_or_else(|| ctx.say("certificate.anybody"), ToString::to_string);
    ctx.fill(
        "certificate.summary",
        &[
            ("number", c.number.as_str()),
            ("kind", &common::kind_title(ctx, &c.kind)),
            ("issuer", c.issuer.as_str()),
            ("addressee", &addressee),
            ("issued", &c.issued.legal_text()),
            ("expires", &c.expires.legal_text()),
            ("state", &state(ctx, c, common::now())),
        ],
    )
}
