//! `anju blacklist export`: what has changed on the lists since a cursor: this centre's listings in plain, everybody's as tokens.

use std::io;
use std::path::{Path, PathBuf};

use anju_core::desk::{Act, Event, ExportRow};
use serde_json::{Value, json};

use super::Who;
use super::files::{Format, Sheet, Sink};
use crate::cli::acting::Acting;
use crate::cli::common;
use crate::cli::failure::{Code, Failure};
use crate::cli::meter::Meter;
use crate::cli::onlooker::{Looking, Onlooker, Phase, Progress};
use crate::cli::out::{Ctx, Done};
use crate::config::atomic;

/// Rows asked for at once: even with long texts they fit into one answer.
const PAGE: usize = 200;
/// Longest cursor, in bytes.
const CURSOR_MAX_BYTES: u64 = 4 * 1024;
/// The columns of the CSV form.
const HEAD: [&str; 24] = [
    "listing",
    "id",
    "standing",
    "publishable",
    "token",
    "pepper",
    "restriction_until",
    "publication_until",
    "basis",
    "open_objections",
    "case",
    "subject_kind",
    "name",
    "document_type",
    "document_no",
    "conduct",
    "conduct_label",
    "level",
    "decision_no",
    "decision_day",
    "decision_sha256",
    "legal_basis",
    "measures",
    "notified",
];

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    who: Who,
    #[arg(long, value_name = "CURSOR", conflicts_with = "cursor_file")]
    since: Option<String>,
    #[arg(long, value_name = "FILE")]
    cursor_file: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[arg(long, value_name = "FORMAT", value_parser = ["csv", "jsonl"])]
    format: Option<String>,
}

pub(in crate::cli) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let cursor = match &args.cursor_file {
        Some(path) => read_cursor(path)?,
        None => args.since.clone(),
    };
    let acting = args.who.acting(ctx)?;
    // Two kinds of things on one stream would be readable by nobody: with --json everything there is an object a line.
    let format = match args.format.as_deref() {
        Some("jsonl") => Format::Jsonl,
        None if ctx.json && args.out.is_none() => Format::Jsonl,
        Some(_) | None => Format::Csv,
    };
    let watch = Looking::new(Meter::beside_output(ctx), |progress| ctx.fill("export.progress", &[("rows", &progress.done.to_string())]));
    // Who closed the pipe wanted no more: the cursor is not moved.
    let Some(exported) = export(&acting, args.out.as_deref(), format, cursor, &watch)? else {
        return Ok(Done::new(Value::Null, String::new()));
    };
    drop(watch);
    let Exported { rows, own, cursor } = exported;
    if let Some(path) = &args.cursor_file {
        // Only now: a job that broke off before this is repeated from where the last whole one ended.
        atomic::replace(path, format!("{cursor}\n").as_bytes(), atomic::PRIVATE).map_err(|e| common::write_failure(path, &e))?;
    }
    let text =
        ctx.fill("export.done", &[("rows", &rows.to_string()), ("own", &own.to_string()), ("cursor", &crate::cli::text::clean(&cursor))]);
    let json = json!({ "export": { "rows": rows, "own": own, "cursor": cursor } });
    if args.out.is_none() {
        ctx.note(text.trim_end());
        return Ok(Done::new(if ctx.json { json } else { Value::Null }, String::new()));
    }
    Ok(Done::new(json, text))
}

/// What an export came to.
pub(in crate::cli) struct Exported {
    /// Rows written.
    pub(in crate::cli) rows: u64,
    /// Of these, this centre's own.
    pub(in crate::cli) own: u64,
    /// Where the next export goes on.
    pub(in crate::cli) cursor: String,
}

/// Writes what has changed since `cursor` to `out`, or to standard output. `None` when its reader wanted no more.
pub(in crate::cli) fn export(
    acting: &Acting,
    out: Option<&Path>,
    format: Format,
    mut cursor: Option<String>,
    watch: &dyn Onlooker,
) -> Result<Option<Exported>, Failure> {
    let mut sheet = Sheet::new(Sink::open(out)?, format, &HEAD)?;
    let (mut rows, mut own) = (0_u64, 0_u64);
    loop {
        watch.go_on()?;
        let Event::Export(page) = acting.ask(&Act::Export { cursor: cursor.clone(), limit: PAGE }, common::LONG_PATIENCE, |_| {})? else {
            return Err(common::unexpected());
        };
        for row in &page.rows {
            match sheet.row(|| cells(row), row) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(None),
                written => written?,
            }
            rows += 1;
            own += u64::from(row.own.is_some());
        }
        watch.progress(Progress { phase: Phase::Writing, done: rows, of: None, rejected: 0 });
        let stuck = page.more && cursor.as_deref() == Some(page.cursor.as_str());
        cursor = Some(page.cursor);
        if stuck {
            return Err(common::unexpected());
        }
        if !page.more {
            break;
        }
    }
    sheet.finish()?;
    Ok(Some(Exported { rows, own, cursor: cursor.unwrap_or_default() }))
}

/// The cursor of the last whole export; none when there was none yet.
fn read_cursor(path: &Path) -> Result<Option<String>, Failure> {
    let about = |code: Code| Failure::new(code).with("path", common::shown(path));
    let bytes = match atomic::read_capped(path, CURSOR_MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(about(Code::CursorFile).with("detail", error)),
    };
    let text = String::from_utf8(bytes).map_err(|_| about(Code::CursorFile).with("detail", "UTF-8"))?;
    let cursor = text.trim();
    if cursor.is_empty() || cursor.chars().any(char::is_whitespace) {
        return Err(about(Code::CursorFile).with("detail", "-"));
    }
    Ok(Some(cursor.to_owned()))
}

fn cells(row: &ExportRow) -> Vec<String> {
    let mut out = vec![
        row.listing.to_string(),
        row.id.to_string(),
        row.standing.code().to_owned(),
        row.publishable.to_string(),
        row.token.clone(),
        row.pepper.to_string(),
        row.restriction_until.clone(),
        row.publication_until.clone(),
        row.basis.clone(),
        row.open_objections.to_string(),
    ];
    if let Some(own) = &row.own {
        let finding = &own.finding;
        out.extend([
            own.case.to_string(),
            finding.subject_kind.code().to_owned(),
            own.name.clone(),
            own.document_type.clone(),
            own.document_no.clone(),
            finding.conduct.code.clone(),
            finding.conduct.label.clone(),
            finding.level.code.clone(),
            finding.decision_no.clone(),
            finding.decision_day.to_string(),
            finding.decision_sha256.map(|digest| digest.to_string()).unwrap_or_default(),
            finding.legal_basis.clone(),
            finding.measures.iter().map(|measure| measure.label.as_str()).collect::<Vec<_>>().join(";"),
            finding.notified.map(|day| day.to_string()).unwrap_or_default(),
        ]);
    }
    out.resize(HEAD.len(), String::new());
    out
}
