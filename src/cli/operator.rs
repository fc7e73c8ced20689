//! `anju operator`: a centre's own people. Who asks signs with their own key; a new person types their own passphrase.

use std::path::PathBuf;

use anju_core::desk::{Act, Event, OperatorLine, Request};
use anju_core::operator::{OperatorName, Role};
use anju_core::sign::SecretKey;
use serde_json::json;

use super::acting::{Acting, OperatorArgs};
use super::common::{self, DataArgs, PassphraseArgs};
use super::failure::Failure;
use super::first::{self, AdminArgs, First};
use super::out::{Ctx, Done, table};
use super::store::{self, Opened};
use super::text::clean;
use crate::store::Mode;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Add(AddArgs),
    List(ListArgs),
    Disable(DisableArgs),
    Passwd(PasswdArgs),
    First(FirstArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct AddArgs {
    #[arg(value_name = "OPERATOR")]
    account: OperatorName,
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: Role,
    #[arg(long, value_name = "NAME")]
    display: String,
    #[arg(long, value_name = "NUMBER")]
    staff_no: String,
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct DisableArgs {
    #[arg(value_name = "OPERATOR")]
    account: OperatorName,
    #[arg(long, value_name = "REASON")]
    reason: String,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct PasswdArgs {
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct FirstArgs {
    #[command(flatten)]
    admin: AdminArgs,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::Add(args) => add(ctx, args),
        Command::List(args) => list(ctx, &args),
        Command::Disable(args) => disable(ctx, args),
        Command::Passwd(args) => passwd(ctx, &args),
        Command::First(args) => first(ctx, &args),
    }
}

/// The role that a code or its Chinese title names.
fn role(text: &str) -> Result<Role, String> {
    let titles = [Role::Teller, Role::Reviewer, Role::System, Role::Security, Role::Auditor].into_iter().zip(TITLES);
    let titled = titles.into_iter().find(|(_, title)| *title == text).map(|(role, _)| role);
    Role::from_code(text).or(titled).ok_or_else(|| Role::ALL.map(Role::code).join("|"))
}

/// As the trade calls them, in the order of [`Role::ALL`].
const TITLES: [&str; 5] = ["经办", "复核", "系统管理员", "安全管理员", "审计员"];

fn add(ctx: Ctx, args: AddArgs) -> Result<Done, Failure> {
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    let ask = ctx.fill("prompt.operator-passphrase-new", &[("operator", args.account.as_str())]);
    let passphrase = common::new_passphrase(ctx, args.new_passphrase_file.as_deref(), &ask)?;
    let mut rng = common::randomness()?;
    let key = SecretKey::random(&mut rng);
    let sealed = common::seal_key(&mut rng, &args.account, &key, &passphrase)?;
    let AddArgs { account, role, display, staff_no, .. } = args;
    let act = Act::OperatorAdd { name: account.clone(), display, staff_no, role, key: key.public(), sealed };
    done(acting.ask(&act, common::PATIENCE, |_| {})?)?;
    let text = ctx.fill("operator.added", &[("operator", account.as_str()), ("role", &role_title(ctx, role))]);
    Ok(Done::new(json!({ "operator": account, "role": role }), text))
}

fn list(ctx: Ctx, args: &ListArgs) -> Result<Done, Failure> {
    let Event::Operators { operators } = common::ask(&args.data, &Request::Operators, common::PATIENCE, |_| {})? else {
        return Err(common::unexpected());
    };
    let heads = ["operator.column-name", "operator.column-display", "operator.column-role", "operator.column-state"];
    let mut rows = vec![heads.map(|key| ctx.say(key)).to_vec()];
    rows.extend(operators.iter().map(|operator| row(ctx, operator)));
    let text = if operators.is_empty() { ctx.say("operator.none") + "\n" } else { table(&rows) };
    Ok(Done::new(json!({ "operators": operators }), text))
}

fn row(ctx: Ctx, operator: &OperatorLine) -> Vec<String> {
    let state = match operator.disabled {
        Some(at) => ctx.fill("operator.disabled-since", &[("at", &at.legal_text())]),
        None => ctx.fill("operator.works-since", &[("at", &operator.created.legal_text())]),
    };
    vec![operator.name.to_string(), clean(&operator.display), role_title(ctx, operator.role), state]
}

fn role_title(ctx: Ctx, role: Role) -> String {
    ctx.say(&format!("role.{}", role.code()))
}

fn disable(ctx: Ctx, args: DisableArgs) -> Result<Done, Failure> {
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    let act = Act::OperatorDisable { name: args.account.clone(), reason: args.reason };
    done(acting.ask(&act, common::PATIENCE, |_| {})?)?;
    let text = ctx.fill("operator.disabled", &[("operator", args.account.as_str())]);
    Ok(Done::new(json!({ "operator": args.account, "disabled": true }), text))
}

fn passwd(ctx: Ctx, args: &PasswdArgs) -> Result<Done, Failure> {
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    let name = &acting.info().operator.name;
    let ask = ctx.fill("prompt.operator-passphrase-new", &[("operator", name.as_str())]);
    let passphrase = common::new_passphrase(ctx, args.new_passphrase_file.as_deref(), &ask)?;
    let sealed = common::seal_key(&mut common::randomness()?, name, acting.key(), &passphrase)?;
    done(acting.ask(&Act::OperatorPasswd { sealed }, common::PATIENCE, |_| {})?)?;
    let text = ctx.fill("operator.passwd", &[("operator", name.as_str())]);
    Ok(Done::new(json!({ "operator": name, "changed": true }), text))
}

/// In a folder that has none, while its peer is stopped.
fn first(ctx: Ctx, args: &FirstArgs) -> Result<Done, Failure> {
    let Opened { folder, mut store, lock, .. } = store::open(ctx, &args.data, &args.passphrase, Mode::Create)?;
    let prepared = First::prepare(ctx, &args.admin)?;
    let name = prepared.name().clone();
    let file = prepared.store(&folder, &mut store)?;
    drop((store, lock));
    let text = first::told(ctx, &name, file.as_ref());
    Ok(Done::new(json!({ "operator": name, "operator_passphrase": file.as_deref().map(common::shown) }), text))
}

fn done(event: Event) -> Result<(), Failure> {
    if matches!(event, Event::Done) { Ok(()) } else { Err(common::unexpected()) }
}
