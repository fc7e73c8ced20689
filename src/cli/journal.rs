//! `anju journal`: what stands in a journal and what proves it, for auditors. No content of a statement is ever shown here.

use std::path::PathBuf;
use std::time::Duration;

use anju_core::desk::{Act, Event, JournalAct, JournalLine, JournalProof, Provable, ScrubFinding};
use anju_core::names::CentreCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::acting::{Acting, OperatorArgs};
use super::common::{self, DataArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::meter::Meter;
use super::out::{Ctx, Done, table};
use crate::config::atomic;

/// Rows that are shown where nobody says how many.
const DEFAULT_LIMIT: usize = 50;
/// How long a scrub may take between two signs of life.
const SCRUB_PATIENCE: Duration = Duration::from_secs(3600);

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Show(ShowArgs),
    Prove(ProveArgs),
    Scrub(ScrubArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct Who {
    #[arg(long, value_name = "CENTRE")]
    centre: Option<CentreCode>,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    #[arg(long, value_name = "N", default_value_t = 0)]
    from: u64,
    #[arg(long, value_name = "N", default_value_t = DEFAULT_LIMIT)]
    limit: usize,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Args)]
pub(super) struct ProveArgs {
    #[arg(value_name = "ROWS")]
    wanted: Provable,
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Args)]
pub(super) struct ScrubArgs {
    #[command(flatten)]
    who: Who,
}

impl Who {
    fn ask(&self, ctx: Ctx, asked: JournalAct) -> Result<Event, Failure> {
        let acting = Acting::open(ctx, &self.data, &self.operator)?;
        acting.ask(&Act::Journal(Box::new(asked)), common::LONG_PATIENCE, |_| {})
    }
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::Show(args) => show(ctx, &args),
        Command::Prove(args) => prove(ctx, &args),
        Command::Scrub(args) => scrub(ctx, &args),
    }
}

fn show(ctx: Ctx, args: &ShowArgs) -> Result<Done, Failure> {
    let asked = JournalAct::Show { centre: args.who.centre.clone(), from: args.from, limit: args.limit };
    let Event::Journal(page) = args.who.ask(ctx, asked)? else { return Err(common::unexpected()) };
    let heartbeat = page.heartbeat.map_or_else(|| ctx.say("age.never"), |at| at.legal_text());
    let mut text = ctx.fill(
        "journal.head",
        &[
            ("centre", page.centre.as_str()),
            ("size", &page.size.to_string()),
            ("head", &page.head_size.unwrap_or_default().to_string()),
            ("at", &heartbeat),
            ("applied", &page.applied.to_string()),
        ],
    );
    let mut rows = vec![ctx.say("journal.columns").split('|').map(str::to_owned).collect::<Vec<_>>()];
    rows.extend(page.rows.iter().map(|row| line(ctx, row)));
    text.push_str(&table(&rows));
    if let Some(last) = page.rows.last().filter(|_| page.more) {
        text.push_str(&ctx.fill("journal.more", &[("from", &(last.index + 1).to_string())]));
    }
    Ok(Done::new(json!({ "journal": page }), text))
}

fn line(ctx: Ctx, row: &JournalLine) -> Vec<String> {
    let content = ctx.say(&format!("journal.content-{}", row.content.code()));
    let level = format!("{}/{}", row.backing.witnesses.len(), row.backing.of);
    vec![row.index.to_string(), row.kind.clone(), row.id.to_string(), row.at.legal_text(), content, level]
}

fn prove(ctx: Ctx, args: &ProveArgs) -> Result<Done, Failure> {
    let asked = JournalAct::Prove { centre: args.who.centre.clone(), wanted: args.wanted };
    let Event::JournalProof(proof) = args.who.ask(ctx, asked)? else { return Err(common::unexpected()) };
    let file = file(&proof);
    let mut text = match proof.proven {
        Provable::Row(row) => ctx
            .fill("journal.proof-row", &[("row", &row.to_string()), ("centre", proof.centre.as_str()), ("size", &proof.size.to_string())]),
        Provable::Growth(from, to) => {
            ctx.fill("journal.proof-growth", &[("from", &from.to_string()), ("to", &to.to_string()), ("centre", proof.centre.as_str())])
        }
    };
    match &args.out {
        Some(out) => {
            common::write_out(out, file.as_bytes(), atomic::PUBLIC)?;
            text.push_str(&ctx.fill("journal.proof-written", &[("out", &common::shown(out))]));
        }
        None => text.push_str(&file),
    }
    let encoded = |digest: &anju_core::names::Digest| STANDARD.encode(digest.0);
    let json = json!({
        "centre": proof.centre, "proven": proof.proven, "size": proof.size, "root": encoded(&proof.root),
        "old_root": proof.old_root.as_ref().map(encoded), "proof": proof.proof.iter().map(encoded).collect::<Vec<_>>(),
        "header": proof.header, "note": proof.note, "file": args.out.as_deref().map(common::shown),
    });
    Ok(Done::new(json, text))
}

/// Of a row a C2SP tlog-proof, its header as extra data; of a growth the two sizes and roots, and the hashes.
fn file(proof: &JournalProof) -> String {
    let encoded = |digest: &anju_core::names::Digest| STANDARD.encode(digest.0);
    let mut out = match proof.proven {
        Provable::Row(index) => {
            let extra = proof.header.as_ref().map(|header| format!("extra {header}\n")).unwrap_or_default();
            format!("c2sp.org/tlog-proof@v1\n{extra}index {index}\n")
        }
        Provable::Growth(from, to) => {
            let old = proof.old_root.as_ref().map(encoded).unwrap_or_default();
            format!("anju consistency of {}\nold {from} {old}\nnew {to} {}\n", proof.centre, encoded(&proof.root))
        }
    };
    proof.proof.iter().for_each(|hash| out.push_str(&format!("{}\n", encoded(hash))));
    if let Some(note) = &proof.note {
        out.push('\n');
        out.push_str(note);
    }
    out
}

/// The running peer reads every row; a finding ends the command with [`Exit::Data`], whatever can be mended.
fn scrub(ctx: Ctx, args: &ScrubArgs) -> Result<Done, Failure> {
    let acting = Acting::open(ctx, &args.who.data, &args.who.operator)?;
    let meter = Meter::new(ctx);
    let told = |stage| meter.tell(|| common::stage(ctx, stage));
    let asked = JournalAct::Scrub { centre: args.who.centre.clone() };
    let Event::Scrubbed(report) = acting.ask(&Act::Journal(Box::new(asked)), SCRUB_PATIENCE, told)? else {
        return Err(common::unexpected());
    };
    drop(meter);
    let (journals, rows) = (report.journals.to_string(), report.rows.to_string());
    let sound = report.findings.is_empty() && !report.more;
    let mut text = if sound {
        ctx.fill("journal.sound", &[("journals", &journals), ("rows", &rows), ("contents", &report.contents.to_string())])
    } else {
        ctx.fill("journal.found", &[("journals", &journals), ("rows", &rows), ("count", &report.findings.len().to_string())])
    };
    for finding in &report.findings {
        text.push_str(&match finding {
            ScrubFinding::Content(at) => ctx.fill("journal.found-content", &[("statement", &at.to_string())]),
            ScrubFinding::Header(at) => ctx.fill("journal.found-header", &[("statement", &at.to_string())]),
            ScrubFinding::History(centre) => ctx.fill("journal.found-history", &[("centre", centre.as_str())]),
        });
    }
    if report.more {
        text.push_str(&ctx.say("journal.found-more"));
    }
    Ok(Done { json: json!({ "sound": sound, "report": report }), text, exit: if sound { Exit::Ok } else { Exit::Data } })
}
