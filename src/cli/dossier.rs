//! `anju dossier`: cases that this centre writes together with others: opened, read, written.

use anju_core::desk::{Act, DossierAct, DossierLine, DossierName, DossierView, Event};
use anju_core::dossier::{DossierKind, FieldView};
use anju_core::facts::Fen;
use anju_core::names::{CentreCode, DossierRef};
use serde_json::json;

use super::acting::{Acting, OperatorArgs};
use super::common::{self, DataArgs};
use super::failure::Failure;
use super::out::{Ctx, Done, table};
use super::text::clean;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Open(Open),
    Write(Write),
    Note(Note),
    Show(Show),
    List(List),
}

/// Whose peer, and who asks.
#[derive(Debug, clap::Args)]
pub(super) struct Who {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
}

impl Who {
    pub(super) fn acting(&self, ctx: Ctx) -> Result<Acting, Failure> {
        Acting::open(ctx, &self.data, &self.operator)
    }

    /// Has one act carried out.
    pub(super) fn ask(&self, ctx: Ctx, act: DossierAct) -> Result<Event, Failure> {
        ask(&self.acting(ctx)?, act)
    }

    /// The clerk who is named where nobody says another.
    pub(super) fn clerk(&self, given: Option<String>) -> Result<String, Failure> {
        match given {
            Some(clerk) => Ok(clerk),
            None => {
                let (_, config) = self.data.open()?;
                config.certificate.clerk.ok_or_else(|| Failure::new(super::failure::Code::ClerkMissing))
            }
        }
    }
}

/// Has one act carried out by an operator whose key is open.
pub(super) fn ask(acting: &Acting, act: DossierAct) -> Result<Event, Failure> {
    acting.ask(&Act::Dossier(Box::new(act)), common::LONG_PATIENCE, |_| {})
}

#[derive(Debug, clap::Args)]
pub(super) struct Open {
    #[arg(long, value_name = "KIND", value_parser = ["contested-listing", "note"])]
    kind: String,
    #[arg(long, value_name = "CODE")]
    with: CentreCode,
    #[arg(long, value_name = "NUMBER")]
    about: Option<String>,
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Args)]
pub(super) struct Write {
    #[arg(value_name = "DOSSIER")]
    dossier: DossierName,
    #[arg(long, value_name = "FIELD")]
    field: String,
    #[arg(long, value_name = "TEXT")]
    value: String,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Args)]
pub(super) struct Note {
    #[arg(value_name = "DOSSIER")]
    dossier: DossierName,
    #[arg(long, value_name = "TEXT")]
    text: String,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    #[arg(value_name = "DOSSIER")]
    dossier: DossierName,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[arg(long, value_name = "KIND", value_parser = ["loan", "contested-listing", "note"])]
    kind: Option<String>,
    #[arg(long, value_name = "DOSSIER")]
    after: Option<DossierRef>,
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    who: Who,
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::Open(Open { kind, with, about, title, text, who }) => {
            let kind = DossierKind::from_code(&kind).unwrap_or(DossierKind::Note);
            shown(ctx, who.ask(ctx, DossierAct::Open { kind, with, about, title, text })?)
        }
        Command::Write(Write { dossier, field, value, who }) => shown(ctx, who.ask(ctx, DossierAct::Write { dossier, field, value })?),
        Command::Note(Note { dossier, text, who }) => shown(ctx, who.ask(ctx, DossierAct::Note { dossier, text })?),
        Command::Show(Show { dossier, who }) => shown(ctx, who.ask(ctx, DossierAct::Show { dossier })?),
        Command::List(args) => list(ctx, args),
    }
}

fn list(ctx: Ctx, args: List) -> Result<Done, Failure> {
    let kind = args.kind.as_deref().and_then(DossierKind::from_code);
    let Event::Dossiers { dossiers, more } = args.who.ask(ctx, DossierAct::List { kind, after: args.after, limit: args.limit })? else {
        return Err(common::unexpected());
    };
    let mut rows = vec![ctx.say("dossier.columns").split('|').map(str::to_owned).collect::<Vec<_>>()];
    rows.extend(dossiers.iter().map(|dossier| line(ctx, dossier)));
    let mut text = table(&rows);
    if more && let Some(last) = dossiers.last() {
        text.push_str(&ctx.fill("dossier.more", &[("last", &last.dossier.to_string())]));
    }
    Ok(Done::new(json!({ "dossiers": dossiers, "more": more }), text))
}

fn line(ctx: Ctx, dossier: &DossierLine) -> Vec<String> {
    vec![
        dossier.dossier.to_string(),
        word(ctx, "dossier-kind", dossier.kind.code()),
        dossier.with.to_string(),
        dossier.about.as_deref().map_or_else(|| "-".to_owned(), clean),
        dossier.opened.legal_text(),
    ]
}

/// A dossier as it is read, for a person and for a program.
pub(super) fn shown(ctx: Ctx, event: Event) -> Result<Done, Failure> {
    let Event::Dossier(view) = event else { return Err(common::unexpected()) };
    let text = text_of(ctx, &view);
    Ok(Done::new(json!({ "dossier": *view }), text))
}

fn text_of(ctx: Ctx, view: &DossierView) -> String {
    let party = |line: &anju_core::desk::PartyLine| format!("{} {}", word(ctx, "dossier-role", line.role.code()), line.centre);
    let parties: Vec<String> = view.parties.iter().map(party).collect();
    let mut text = ctx.fill(
        "dossier.head",
        &[
            ("dossier", &view.dossier.to_string()),
            ("kind", &word(ctx, "dossier-kind", view.kind.code())),
            ("about", &view.about.as_deref().map_or_else(|| "-".to_owned(), clean)),
            ("opened", &view.opened.legal_text()),
            ("parties", &parties.join(" · ")),
        ],
    );
    if let Some(loan) = &view.loan {
        text.push_str(&ctx.fill("dossier.loan", &[("state", &word(ctx, "loan-state", loan.state.code()))]));
        if let Some(refused) = &loan.mark_refused {
            text.push_str(&ctx.fill("dossier.mark-refused", &[("why", &word(ctx, "mark-refused", refused))]));
        }
        if !loan.out_of_order.is_empty() {
            text.push_str(&ctx.fill("dossier.out-of-order", &[("fields", &clean(&loan.out_of_order.join(", ")))]));
        }
    }
    let rows: Vec<Vec<String>> = view.fields.iter().map(|field| row(ctx, field)).collect();
    text.push_str(&table(&rows));
    if view.pending + view.set_aside + view.ignored > 0 {
        let [pending, set_aside, ignored] = [view.pending, view.set_aside, view.ignored].map(|n| n.to_string());
        text.push_str(&ctx.fill("dossier.aside", &[("pending", &pending), ("set_aside", &set_aside), ("ignored", &ignored)]));
    }
    text
}

fn row(ctx: Ctx, field: &FieldView) -> Vec<String> {
    let standing = match field.standing {
        anju_core::dossier::Standing::Counted => String::new(),
        standing => word(ctx, "standing", standing.code()),
    };
    vec![label(ctx, &field.field), value(ctx, &field.field, &field.value), field.author.to_string(), field.at.legal_text(), standing]
}

/// A field's words: its name without numbers and centres, which follow.
pub(super) fn label(ctx: Ctx, field: &str) -> String {
    let numbered = |part: &&str| part.bytes().all(|b| b.is_ascii_digit()) || CentreCode::new(part).is_ok();
    let (which, name): (Vec<&str>, Vec<&str>) = field.split('.').partition(numbered);
    match ctx.lang.find(&format!("dossier-field.{}", name.join("."))) {
        Some(words) if which.is_empty() => words,
        Some(words) => format!("{words} {}", which.join(" ")),
        None => clean(field),
    }
}

/// A field's value as a person reads it: codes in words, amounts in yuan.
pub(super) fn value(ctx: Ctx, field: &str, value: &str) -> String {
    let amount = field.ends_with(".amount") || field.ends_with(".monthly");
    if amount && let Ok(fen) = value.parse::<i64>() {
        return Fen(fen).to_string();
    }
    ctx.lang.find(&format!("dossier-value.{value}")).unwrap_or_else(|| clean(value))
}

/// The words of a code, or the code.
pub(super) fn word(ctx: Ctx, room: &str, code: &str) -> String {
    ctx.lang.find(&format!("{room}.{code}")).unwrap_or_else(|| clean(code))
}
