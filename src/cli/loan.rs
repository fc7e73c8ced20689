//! `anju loan`: cross-region loans between the lender and the centre that keeps the account: reply, mark, transfer, settlement, lifting,
//! what waits for whom, and the ledger.

use std::path::{Path, PathBuf};

use anju_core::desk::{DossierAct, DossierName, Event, LEDGER_FIELDS, LEDGER_MOVES, LoanLine, LoanReply, MAX_DOSSIER_PAGE};
use anju_core::dossier::MAX_TRANSFERS;
use anju_core::facts::money::parse_fen;
use anju_core::listing::Day;
use anju_core::names::{CentreCode, CertificateNumber};
use serde_json::json;

use super::acting::Acting;
use super::blacklist::files::{Format, Sheet, Sink};
use super::common;
use super::dossier::{Who, ask, label, shown, value, word};
use super::failure::{Code, Failure};
use super::out::{Ctx, Done, table};
use super::text::clean;

/// Most pages that are asked for at once.
const PAGES_MAX: usize = 100_000;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Reply(Reply),
    Mark(Step),
    Transfer(Transfer),
    Settle(Step),
    Unmark(Step),
    Queue(Queue),
    Ledger(Ledger),
    Show(Show),
}

#[derive(Debug, clap::Args)]
pub(super) struct Reply {
    #[arg(value_name = "CERTIFICATE")]
    certificate: CertificateNumber,
    #[arg(long, value_name = "DECISION", value_parser = ["granted", "refused"])]
    decision: String,
    #[arg(long, value_name = "YUAN")]
    amount: Option<String>,
    #[arg(long, value_name = "COUNT")]
    months: Option<u32>,
    #[arg(long, value_name = "DATE")]
    from: Option<Day>,
    #[arg(long, value_name = "DATE")]
    to: Option<Day>,
    #[arg(long, value_name = "METHOD", value_parser = ["equal-instalment", "equal-principal"])]
    method: Option<String>,
    #[arg(long, value_name = "YUAN")]
    monthly: Option<String>,
    #[arg(long, value_name = "NUMBER")]
    business_no: String,
    #[arg(long, value_name = "NAME")]
    clerk: Option<String>,
    #[arg(long, value_name = "PHONE")]
    phone: Option<String>,
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
    #[arg(long, value_name = "DATE")]
    on: Option<Day>,
    #[command(flatten)]
    who: Who,
}

/// A step that says who takes it and on which day.
#[derive(Debug, clap::Args)]
pub(super) struct Step {
    #[arg(value_name = "LOAN")]
    loan: DossierName,
    #[arg(long, value_name = "NAME")]
    clerk: Option<String>,
    #[arg(long, value_name = "DATE")]
    on: Option<Day>,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Args)]
pub(super) struct Transfer {
    #[arg(value_name = "LOAN")]
    loan: DossierName,
    #[arg(long, value_name = "CODE")]
    to: CentreCode,
    #[arg(long, value_name = "NAME")]
    clerk: Option<String>,
    #[arg(long, value_name = "DATE")]
    on: Option<Day>,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Args)]
pub(super) struct Queue {
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Args)]
pub(super) struct Ledger {
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    #[arg(value_name = "LOAN")]
    loan: DossierName,
    #[command(flatten)]
    who: Who,
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::Reply(args) => reply(ctx, args),
        Command::Mark(Step { loan, clerk, on, who }) => {
            let clerk = who.clerk(clerk)?;
            shown(ctx, who.ask(ctx, DossierAct::Mark { loan, clerk, on })?)
        }
        Command::Transfer(Transfer { loan, to, clerk, on, who }) => {
            let clerk = who.clerk(clerk)?;
            shown(ctx, who.ask(ctx, DossierAct::Transfer { loan, to, clerk, on })?)
        }
        Command::Settle(Step { loan, clerk, on, who }) => {
            let clerk = who.clerk(clerk)?;
            shown(ctx, who.ask(ctx, DossierAct::Settle { loan, clerk, on })?)
        }
        Command::Unmark(Step { loan, clerk, on, who }) => {
            let clerk = who.clerk(clerk)?;
            shown(ctx, who.ask(ctx, DossierAct::Unmark { loan, clerk, on })?)
        }
        Command::Queue(args) => queue(ctx, &args),
        Command::Ledger(args) => ledger(ctx, &args),
        Command::Show(Show { loan, who }) => shown(ctx, who.ask(ctx, DossierAct::Show { dossier: loan })?),
    }
}

fn reply(ctx: Ctx, args: Reply) -> Result<Done, Failure> {
    let reply = LoanReply {
        certificate: args.certificate,
        granted: args.decision == "granted",
        amount_fen: fen(args.amount.as_deref(), "--amount")?,
        term_months: args.months,
        from: args.from,
        to: args.to,
        method: args.method,
        monthly_fen: fen(args.monthly.as_deref(), "--monthly")?,
        business_no: args.business_no,
        clerk: args.who.clerk(args.clerk)?,
        phone: args.phone,
        reason: args.reason,
        on: args.on,
    };
    shown(ctx, args.who.ask(ctx, DossierAct::Reply(Box::new(reply)))?)
}

/// An amount in yuan, as fen.
fn fen(text: Option<&str>, argument: &str) -> Result<Option<u64>, Failure> {
    let wrong = |text: &str| Failure::new(Code::UsageValue).with("argument", argument).with("value", clean(text)).with("suggestion", "");
    let one = |text: &str| parse_fen(text).ok().and_then(|fen| u64::try_from(fen.0).ok()).ok_or_else(|| wrong(text));
    text.map(one).transpose()
}

/// Every page of the queue or the ledger.
fn pages(
    acting: &Acting,
    act: impl Fn(Option<String>) -> DossierAct,
    mut each: impl FnMut(LoanLine) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let Event::Loans { loans, next } = ask(acting, act(after.clone()))? else { return Err(common::unexpected()) };
        loans.into_iter().try_for_each(&mut each)?;
        match next {
            None => return Ok(()),
            Some(next) if after.as_ref() == Some(&next) => break,
            Some(next) => after = Some(next),
        }
    }
    Err(common::unexpected())
}

fn queue(ctx: Ctx, args: &Queue) -> Result<Done, Failure> {
    let acting = args.who.acting(ctx)?;
    let mut loans = Vec::new();
    let act = |after| DossierAct::Queue { after, limit: MAX_DOSSIER_PAGE };
    pages(&acting, act, |line| {
        loans.push(line);
        Ok(())
    })?;
    loans.sort_by_key(|loan| loan.task.as_ref().map(|task| task.until));
    let mut rows = vec![ctx.say("loan.queue-columns").split('|').map(str::to_owned).collect::<Vec<_>>()];
    rows.extend(loans.iter().map(|loan| {
        let task = loan.task.as_ref();
        vec![
            task.map(|task| word(ctx, "loan-task", task.task.code())).unwrap_or_default(),
            task.map(|task| task.by.to_string()).unwrap_or_default(),
            task.map(|task| task.until.to_string()).unwrap_or_default(),
            clean(&loan.certificate),
            loan.dossier.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            word(ctx, "loan-state", loan.state.code()),
            task.filter(|task| task.late).map(|_| ctx.say("loan.late")).unwrap_or_default(),
        ]
    }));
    Ok(Done::new(json!({ "loans": loans }), table(&rows)))
}

fn ledger(ctx: Ctx, args: &Ledger) -> Result<Done, Failure> {
    let acting = args.who.acting(ctx)?;
    let act = |after| DossierAct::Ledger { after, limit: MAX_DOSSIER_PAGE };
    if let Some(path) = &args.csv {
        return write_csv(ctx, &acting, path, act);
    }
    let mut loans = Vec::new();
    pages(&acting, act, |line| {
        loans.push(line);
        Ok(())
    })?;
    let mut rows = vec![heads(ctx)];
    rows.extend(loans.iter().map(|loan| entry(ctx, loan)));
    Ok(Done::new(json!({ "loans": loans }), table(&rows)))
}

/// A loan's row of the ledger. Of an account that moved more than once, what each transfer says, in order.
fn entry(ctx: Ctx, loan: &LoanLine) -> Vec<String> {
    let fixed = [clean(&loan.certificate), loan.lender.to_string(), word(ctx, "loan-state", loan.state.code())];
    let field = |name: &str| loan.fields.get(name).map(|text| value(ctx, name, text));
    let once = LEDGER_FIELDS.iter().map(|name| field(name).unwrap_or_default());
    let moves = LEDGER_MOVES.iter().map(|(series, what)| {
        let told: Vec<String> = (1..=MAX_TRANSFERS).filter_map(|n| field(&format!("{series}.{n}.{what}"))).collect();
        told.join("; ")
    });
    fixed.into_iter().chain(once).chain(moves).collect()
}

fn heads(ctx: Ctx) -> Vec<String> {
    let fixed = ctx.say("loan.ledger-columns").split('|').map(str::to_owned).collect::<Vec<_>>();
    let moves = LEDGER_MOVES.iter().map(|(series, what)| label(ctx, &format!("{series}.{what}")));
    fixed.into_iter().chain(LEDGER_FIELDS.iter().map(|field| label(ctx, field))).chain(moves).collect()
}

/// The ledger as a table for an office: written whole or not at all, amounts in yuan.
fn write_csv(ctx: Ctx, acting: &Acting, path: &Path, act: impl Fn(Option<String>) -> DossierAct) -> Result<Done, Failure> {
    let heads = heads(ctx);
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let mut sheet = Sheet::new(Sink::open(Some(path))?, Format::Csv, &heads)?;
    let mut count = 0_u64;
    pages(acting, act, |loan| {
        sheet.row(|| entry(ctx, &loan), &loan)?;
        count += 1;
        Ok(())
    })?;
    sheet.finish()?;
    let out = common::shown(path);
    let text = ctx.fill("loan.ledger-written", &[("rows", &count.to_string()), ("out", &out)]);
    Ok(Done::new(json!({ "rows": count, "out": out }), text))
}
