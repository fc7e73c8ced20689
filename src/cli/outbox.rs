//! `anju outbox`: questions that wait for an issuer that is dark (`anju query --leave`), and what became of them.

use anju_core::desk::{Act, Event, LeftLine, LeftView, MAX_OUTBOX_PAGE, OutboxAct};
use anju_core::names::RequestId;
use serde_json::json;

use super::acting::{Acting, OperatorArgs};
use super::common::{self, DataArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::inquiry;
use super::out::{Ctx, Done, table};
use super::text::clean;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    List(List),
    Show(One),
    Drop(One),
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct One {
    #[arg(value_name = "ID")]
    request: RequestId,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::List(args) => list(ctx, &args),
        Command::Show(args) => show(ctx, &args),
        Command::Drop(args) => drop_one(ctx, &args),
    }
}

/// Leaves a question with the peer.
pub(super) fn leave(acting: &Acting, act: OutboxAct) -> Result<LeftView, Failure> {
    match ask(acting, act)? {
        Event::Left(left) => Ok(*left),
        _ => Err(common::unexpected()),
    }
}

fn ask(acting: &Acting, act: OutboxAct) -> Result<Event, Failure> {
    acting.ask(&Act::Outbox(Box::new(act)), common::PATIENCE, |_| {})
}

fn list(ctx: Ctx, args: &List) -> Result<Done, Failure> {
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    let (mut all, mut after) = (Vec::<LeftLine>::new(), None);
    loop {
        let Event::Outbox { items, more } = ask(&acting, OutboxAct::List { after, limit: MAX_OUTBOX_PAGE })? else {
            return Err(common::unexpected());
        };
        after = items.last().map(|line| (line.left, line.request));
        all.extend(items);
        // The peer keeps a bounded number of them.
        if !more || after.is_none() {
            break;
        }
    }
    let rows: Vec<_> = all.iter().map(|line| row(ctx, line)).collect();
    let text = if rows.is_empty() { ctx.say("outbox.none") } else { table(&rows) };
    Ok(Done::new(json!({ "outbox": all }), text))
}

fn row(ctx: Ctx, line: &LeftLine) -> Vec<String> {
    vec![
        line.request.to_string(),
        line.number.to_string(),
        clean(&line.business_no),
        ctx.say(&format!("outbox.mode-{}", line.mode.code())),
        line.left.legal_text(),
        state(ctx, line),
    ]
}

fn state(ctx: Ctx, line: &LeftLine) -> String {
    let at = line.over.unwrap_or(line.until).legal_text();
    let key = match (&line.over, &line.refused) {
        (None, _) => "outbox.waiting",
        (Some(_), None) => "outbox.answered",
        (Some(_), Some(_)) => "outbox.refused",
    };
    ctx.fill(key, &[("at", &at), ("code", &clean(line.refused.as_deref().unwrap_or_default()))])
}

fn show(ctx: Ctx, args: &One) -> Result<Done, Failure> {
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    let left = leave(&acting, OutboxAct::Show { request: args.request })?;
    let mut text = table(&[row(ctx, &left.line)]);
    let mut exit = if left.line.over.is_none() { Exit::TryLater } else { Exit::Ok };
    if let Some(answer) = &left.attested {
        text.push_str(&inquiry::shown(ctx, answer));
        exit = inquiry::exit(answer);
    } else if left.line.refused.is_some() {
        exit = Exit::Refused;
    }
    Ok(Done { json: json!({ "left": left }), text, exit })
}

fn drop_one(ctx: Ctx, args: &One) -> Result<Done, Failure> {
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    let Event::Done = ask(&acting, OutboxAct::Drop { request: args.request })? else {
        return Err(common::unexpected());
    };
    let text = ctx.fill("outbox.dropped", &[("request", &args.request.to_string())]);
    Ok(Done::new(json!({ "dropped": args.request }), text))
}
