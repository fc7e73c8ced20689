//! `anju audit`: what a centre's own people did, and whether that is still what was committed to. For the auditor.

use anju_core::desk::{AccessLine, Act, AuditLine, AuditState, AuditSubject, Event, MAX_ACCESS_LINES};
use anju_core::names::CertificateNumber;
use anju_core::operator::OperatorName;
use serde_json::json;

use super::acting::{Acting, OperatorArgs};
use super::common::{self, DataArgs};
use super::document::document_no;
use super::exit::Exit;
use super::failure::Failure;
use super::out::{Ctx, Done, table};
use super::text::clean;

/// Rows that are listed where nobody says how many.
const DEFAULT_LIMIT: usize = 50;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    List(ListArgs),
    Check(CheckArgs),
    Accesses(AccessesArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    #[arg(long, value_name = "OPERATOR")]
    operator_name: Option<OperatorName>,
    #[arg(long, value_name = "COUNT", default_value_t = DEFAULT_LIMIT)]
    limit: usize,
    #[arg(long, value_name = "NUMBER")]
    before: Option<u64>,
    #[arg(long, value_name = "CODE", default_value = "01", value_parser = ["01", "02", "03", "04", "99", "USCC"], requires = "document_no")]
    document_type: String,
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, requires = "reason")]
    document_no: Option<String>,
    #[arg(long, value_name = "TEXT", requires = "document_no")]
    reason: Option<String>,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct AccessesArgs {
    #[arg(value_name = "NUMBER")]
    number: CertificateNumber,
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::List(args) => list(ctx, args),
        Command::Check(args) => check(ctx, &args),
        Command::Accesses(args) => accesses(ctx, args),
    }
}

fn list(ctx: Ctx, args: ListArgs) -> Result<Done, Failure> {
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    let subject = match (&args.document_no, args.reason) {
        (Some(given), Some(reason)) => {
            let document_no = document_no(ctx, given)?.to_string();
            Some(AuditSubject { document_type: args.document_type, document_no, reason })
        }
        (Some(_), None) | (None, _) => None,
    };
    let act = Act::AuditList { before: args.before, limit: args.limit, operator: args.operator_name, subject };
    let Event::Audit { rows, more } = acting.ask(&act, common::PATIENCE, |_| {})? else {
        return Err(common::unexpected());
    };
    let heads = ["audit.column-seq", "audit.column-at", "audit.column-operator", "audit.column-action", "audit.column-about"];
    let mut lines = vec![heads.into_iter().chain(["audit.column-outcome", "audit.column-why"]).map(|key| ctx.say(key)).collect()];
    lines.extend(rows.iter().map(|row| line(ctx, row)));
    let mut text = table(&lines);
    if let Some(last) = rows.last().filter(|_| more) {
        text.push_str(&ctx.fill("audit.more", &[("before", &last.seq.to_string())]));
        text.push('\n');
    }
    Ok(Done::new(json!({ "rows": rows, "more": more }), text))
}

fn line(ctx: Ctx, row: &AuditLine) -> Vec<String> {
    let operator = row.operator.as_ref().map_or_else(|| ctx.say("audit.nobody"), ToString::to_string);
    let action = ctx.lang.find(&format!("audit-action.{}", row.action)).unwrap_or_else(|| clean(&row.action));
    let why = [&row.matter, &row.business_no, &row.legal_basis].into_iter().flatten().map(|text| clean(text));
    let why = why.collect::<Vec<_>>().join(" · ");
    vec![row.seq.to_string(), row.at.legal_text(), operator, action, clean(&row.about), clean(&row.outcome), why]
}

fn check(ctx: Ctx, args: &CheckArgs) -> Result<Done, Failure> {
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    let Event::AuditState(state) = acting.ask(&Act::AuditCheck, common::LONG_PATIENCE, |_| {})? else {
        return Err(common::unexpected());
    };
    let AuditState { size, commitments, committed, broken_before, .. } = *state;
    let (key, exit) = if broken_before.is_none() { ("audit.sound", Exit::Ok) } else { ("audit.broken", Exit::Data) };
    let before = broken_before.map(|row| row.to_string()).unwrap_or_default();
    let text = ctx.fill(
        key,
        &[
            ("size", &size.to_string()),
            ("commitments", &commitments.to_string()),
            ("committed", &committed.to_string()),
            ("before", &before),
        ],
    );
    Ok(Done { json: json!({ "sound": broken_before.is_none(), "state": state }), text, exit })
}

/// Who looked at a certificate of this centre: what its holder sees, too.
fn accesses(ctx: Ctx, args: AccessesArgs) -> Result<Done, Failure> {
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    let act = Act::Accesses { number: args.number, after: args.after, limit: MAX_ACCESS_LINES };
    let Event::Accesses { accesses, next } = acting.ask(&act, common::PATIENCE, |_| {})? else {
        return Err(common::unexpected());
    };
    let heads = ctx.say("audit.access-columns");
    let mut lines = vec![heads.split('|').map(str::to_owned).collect()];
    lines.extend(accesses.iter().map(|access| access_line(ctx, access)));
    let mut text = if accesses.is_empty() { ctx.say("audit.access-none") } else { table(&lines) };
    if let Some(next) = &next {
        text.push_str(&ctx.fill("audit.access-more", &[("after", next)]));
    }
    Ok(Done::new(json!({ "accesses": accesses, "next": next }), text))
}

fn access_line(ctx: Ctx, access: &AccessLine) -> Vec<String> {
    let mode = ctx.lang.find(&format!("mode.{}", access.mode)).unwrap_or_else(|| clean(&access.mode));
    let fields = if access.fields.is_empty() { "-".to_owned() } else { clean(&access.fields.join(",")) };
    let outcome = match &access.refused {
        Some(code) => ctx.fill("holder.access-refused", &[("code", &clean(code))]),
        None => ctx.say("holder.access-read"),
    };
    vec![access.at.legal_text(), access.asker.to_string(), clean(&access.matter), mode, fields, clean(&access.business_no), outcome]
}
