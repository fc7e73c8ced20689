//! `anju evidence`: what proves a statement, a certificate, a case or a dossier, in one file for whoever has no peer.

use std::path::{Path, PathBuf};

use anju_core::charter::Chain;
use anju_core::desk::{Act, Event, EvidenceAbout, EvidenceParts, ForkView, JournalAct, Request};
use anju_core::exhibit::{Exhibit, MAX_EXHIBIT_BYTES, MAX_EXHIBIT_PARTS, Part, Proven};
use anju_core::wire;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::acting::{Acting, OperatorArgs};
use super::common::{self, DataArgs};
use super::failure::{Code, Failure};
use super::federation::{charter_failure, whole_charter};
use super::out::{Ctx, Done};
use super::verify;
use crate::config::atomic;

/// A charter that changes between two questions is asked for again so often.
const TRIES: usize = 3;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(value_name = "ABOUT")]
    about: EvidenceAbout,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[arg(long)]
    contents: bool,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
}

pub(super) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    let proven = write(&acting, &args.data, &args.about, args.contents, &args.out)?;
    let out = common::shown(&args.out);
    let rows = proven.parts().iter().map(|part| part.rows().len()).sum::<usize>();
    let founding = proven.charter().founding();
    let mut text = ctx.fill(
        "evidence.written",
        &[("about", &args.about.to_string()), ("rows", &rows.to_string()), ("out", &out), ("founding", &founding.to_string())],
    );
    text.push_str(&verify::text(ctx, &proven));
    let mut said = verify::json(&proven);
    said["file"] = json!(out);
    said["about"] = json!(args.about);
    let forked = forked(&args.data, &proven)?;
    for fork in &forked {
        let (centre, since) = (fork.centre.as_str(), fork.since.legal_text());
        text.push_str(&ctx.fill("evidence.forked", &[("centre", centre), ("term", &fork.term.to_string()), ("since", &since)]));
    }
    said["forked"] = forked.iter().map(|fork| json!({ "centre": fork.centre, "term": fork.term, "since": fork.since })).collect();
    Ok(Done::new(said, text))
}

/// Authors in the file that stand as forked now. Nobody has signed that, so it cannot stand in the file; whoever hands it out should know.
fn forked(data: &DataArgs, proven: &Proven) -> Result<Vec<ForkView>, Failure> {
    let Event::Federation(view) = common::ask(data, &Request::Federation, common::PATIENCE, |_| {})? else {
        return Err(common::unexpected());
    };
    let stands = |fork: &ForkView| proven.parts().iter().any(|part| *part.centre() == fork.centre);
    Ok(view.forks.into_iter().filter(stands).collect())
}

/// Asks the peer for the evidence, verifies it as whoever gets it will, and writes it into a file that must not exist.
///
/// # Errors
/// The peer's refusal, or what keeps it from answering; nothing is written that does not verify.
pub(super) fn write(acting: &Acting, data: &DataArgs, about: &EvidenceAbout, contents: bool, out: &Path) -> Result<Proven, Failure> {
    // Asked first: nothing is written into the audit log for a file that cannot be.
    if out.exists() {
        return Err(Failure::new(Code::OutputExists).with("path", common::shown(out)).with("detail", ""));
    }
    let mut last = Failure::new(Code::Internal);
    for _ in 0..TRIES {
        let (parts, version) = parts(acting, about, contents)?;
        let charter = whole_charter(data)?;
        let chain = Chain::of(&charter).map_err(charter_failure)?;
        // The charter may have changed between the two questions.
        if chain.links.len() as u64 + 1 != version {
            continue;
        }
        let bytes = Exhibit::new(chain, parts).to_bytes();
        if bytes.len() > MAX_EXHIBIT_BYTES {
            return Err(Failure::new(Code::ExhibitLarge).with("max", MAX_EXHIBIT_BYTES));
        }
        match Proven::verify(&bytes, &[]) {
            Ok(proven) => {
                common::write_out(out, &bytes, atomic::PRIVATE)?;
                return Ok(proven);
            }
            Err(broken) => last = Failure::new(Code::Internal).with("detail", broken),
        }
    }
    Err(last)
}

/// Every part, and the version of the charter under which all of them were made.
fn parts(acting: &Acting, about: &EvidenceAbout, contents: bool) -> Result<(Vec<Part>, u64), Failure> {
    let (mut parts, mut skip, mut under) = (Vec::new(), 0, None);
    loop {
        let asked = JournalAct::Evidence { about: about.clone(), contents, skip };
        let Event::Evidence(page) = acting.ask(&Act::Journal(Box::new(asked)), common::LONG_PATIENCE, |_| {})? else {
            return Err(common::unexpected());
        };
        let EvidenceParts { parts: page, version, next, .. } = *page;
        for part in page {
            let bytes = STANDARD.decode(part).map_err(|_| common::unexpected())?;
            parts.push(wire::decode::<Part>(&bytes, MAX_EXHIBIT_BYTES).map_err(|_| common::unexpected())?);
        }
        if parts.len() > MAX_EXHIBIT_PARTS {
            return Err(Failure::new(Code::ExhibitLarge).with("max", MAX_EXHIBIT_BYTES));
        }
        // Pages of two versions are told apart by the one that no chain can have.
        let version = if *under.get_or_insert(version) == version { version } else { 0 };
        match next {
            Some(next) if next > skip && version != 0 => skip = next,
            Some(_) | None => return Ok((parts, version)),
        }
    }
}
