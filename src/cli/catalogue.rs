//! `anju catalogue`: what data a centre offers, since when, and who answers for it.

use std::path::PathBuf;

use anju_core::certificate::Field;
use anju_core::desk::{Act, Event, Request};
use anju_core::matter::{DataCatalogue, DataItem};
use anju_core::names::CentreCode;
use serde_json::json;

use super::acting::{Acting, OperatorArgs};
use super::common::{self, DataArgs};
use super::failure::{Code, Failure};
use super::matter::{bad, read, words};
use super::out::{Ctx, Done, table};
use super::text::clean;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    List(List),
    Show(Show),
    Publish(Publish),
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    #[command(flatten)]
    data: DataArgs,
    #[arg(long, value_name = "CODE")]
    centre: Option<CentreCode>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Publish {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::List(args) => list(ctx, &args),
        Command::Show(args) => show(ctx, args),
        Command::Publish(args) => publish(ctx, &args),
    }
}

fn list(ctx: Ctx, args: &List) -> Result<Done, Failure> {
    let Event::Catalogues { catalogues } = common::ask(&args.data, &Request::Catalogues, common::PATIENCE, |_| {})? else {
        return Err(common::unexpected());
    };
    if catalogues.is_empty() {
        return Ok(Done::new(json!({ "catalogues": catalogues }), ctx.say("catalogue.none")));
    }
    let heads = ["catalogue.column-centre", "matter.column-version", "catalogue.column-items", "catalogue.column-at"];
    let mut rows = vec![heads.into_iter().map(|key| ctx.say(key)).collect()];
    rows.extend(
        catalogues.iter().map(|line| vec![line.centre.to_string(), line.version.to_string(), line.items.to_string(), line.at.legal_text()]),
    );
    Ok(Done::new(json!({ "catalogues": catalogues }), table(&rows)))
}

fn show(ctx: Ctx, args: Show) -> Result<Done, Failure> {
    let request = Request::Catalogue { centre: args.centre };
    let Event::Catalogue(view) = common::ask(&args.data, &request, common::PATIENCE, |_| {})? else {
        return Err(common::unexpected());
    };
    let values = [("centre", view.centre.as_str()), ("version", &view.catalogue.version.to_string()), ("at", &view.at.legal_text())];
    let mut text = ctx.fill("catalogue.head", &values);
    view.catalogue.items.iter().for_each(|offered| text.push_str(&item(ctx, offered)));
    Ok(Done::new(json!({ "catalogue": view }), text))
}

fn item(ctx: Ctx, item: &DataItem) -> String {
    let label = |name: &String| Field::named(item.certificate, name).map_or_else(|| clean(name), |(_, field)| common::label(ctx, field));
    let fields: Vec<String> = item.fields.iter().map(label).collect();
    ctx.fill(
        "catalogue.item",
        &[
            ("code", item.code.as_str()),
            ("title", &words(ctx, &item.title)),
            ("certificate", item.certificate.code()),
            ("since", &item.since.to_string()),
            ("unit", &words(ctx, &item.unit)),
            ("phone", &clean(&item.phone)),
            ("fields", &fields.join(", ")),
        ],
    )
}

fn publish(ctx: Ctx, args: &Publish) -> Result<Done, Failure> {
    let file = read(&args.file)?;
    DataCatalogue::from_toml(&file).map_err(|e| bad(ctx, Code::CatalogueBad, &args.file, &e))?;
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    let Event::Published { version, index, .. } = acting.ask(&Act::CataloguePublish { file }, common::PATIENCE, |_| {})? else {
        return Err(common::unexpected());
    };
    let json = json!({ "published": { "version": version, "index": index } });
    Ok(Done::new(json, ctx.fill("catalogue.published", &[("version", &version.to_string())])))
}
