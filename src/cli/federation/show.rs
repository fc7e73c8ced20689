//! `anju federation show`, `members`, `history` and `export`: what everybody may know of the federation.

use std::path::PathBuf;

use anju_core::charter::{CharterFile, Link};
use anju_core::desk::{
    ChangeView, ConflictView, Event, FederationView, ForkView, MAX_HISTORY_PAGE, MemberView, ProposalView, Request, VersionLine,
};
use anju_core::names::Digest;
use serde_json::json;

use super::founding::{described, described_json};
use super::{charter_failure, read_charter, view};
use crate::cli::common::{self, DataArgs};
use crate::cli::failure::{Code, Failure};
use crate::cli::out::{Ctx, Done, table};
use crate::cli::text::clean;
use crate::config::atomic;

/// Digits of a proposal's name that are shown.
const SHORT_DIGITS: usize = 12;
/// Digits in one group of a fingerprint.
const GROUP_DIGITS: usize = 8;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Show {
    #[arg(long, value_name = "FILE", required_unless_present = "data")]
    charter: Option<PathBuf>,
    #[arg(long, value_name = "DIR", env = "ANJU_DATA")]
    data: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Members {
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct History {
    #[arg(long, value_name = "N")]
    before: Option<u64>,
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Export {
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

pub(super) fn short(digest: &Digest) -> String {
    digest.to_string().chars().take(SHORT_DIGITS).collect()
}

pub(super) fn show(ctx: Ctx, args: &Show) -> Result<Done, Failure> {
    match (&args.charter, &args.data) {
        (Some(charter), _) => of_file(ctx, charter),
        (None, Some(data)) => of_folder(ctx, &DataArgs { data: data.clone() }),
        (None, None) => Err(Code::Usage.into()),
    }
}

/// What the running peer says; without one, what was adopted.
fn of_folder(ctx: Ctx, data: &DataArgs) -> Result<Done, Failure> {
    match view(data) {
        Ok(view) => Ok(Done::new(json!({ "federation": view }), shown(ctx, &view))),
        Err(failure) if failure.is(Code::PeerNotRunning) => {
            let (folder, _) = data.open()?;
            if !folder.charter().is_file() {
                return Err(Failure::new(Code::CharterMissing).with("path", common::shown(folder.root())));
            }
            of_file(ctx, &folder.charter())
        }
        Err(failure) => Err(failure),
    }
}

fn of_file(ctx: Ctx, path: &std::path::Path) -> Result<Done, Failure> {
    let file = read_charter(path)?;
    let verified = file.verify();
    let charter = match &verified {
        Ok(charter) => charter.clone(),
        Err(_) => file.unverified().map_err(charter_failure)?,
    };
    let mut text = described(ctx, &file, &charter);
    text.push_str(&ctx.say(if verified.is_ok() { "federation.complete" } else { "federation.incomplete" }));
    Ok(Done::new(described_json(&file, &charter, &common::shown(path)), text))
}

fn shown(ctx: Ctx, view: &FederationView) -> String {
    let number = |n: u64| n.to_string();
    let witnesses = view.members.iter().filter(|member| member.witness).count();
    let mut out = ctx.fill(
        "federation.view",
        &[
            ("name", &clean(&view.federation)),
            ("version", &number(view.version)),
            ("digest", &view.digest.to_string()),
            ("founding", &view.founding.to_string()),
            ("voters", &number(view.voters)),
            ("quorum", &number(view.quorum)),
            ("witnesses", &witnesses.to_string()),
            ("settled", &number(view.settled)),
            ("epoch", &number(view.epoch)),
            ("pepper", &number(view.pepper)),
        ],
    );
    if let Some(version) = view.frozen {
        out.push_str(&ctx.fill("federation.frozen", &[("version", &number(version))]));
    }
    out.extend(view.conflict.iter().map(|conflict| conflicting(ctx, conflict)));
    view.forks.iter().for_each(|fork| out.push_str(&forked(ctx, fork)));
    if !view.epoch_held {
        out.push_str(&ctx.say("federation.epoch-missing"));
    }
    if view.proposals.is_empty() {
        out.push_str(&ctx.say("federation.nothing-proposed"));
    }
    view.proposals.iter().for_each(|proposal| out.push_str(&proposed(ctx, proposal)));
    for invited in &view.invited {
        let (id, until) = (invited.id.to_string(), invited.until.legal_text());
        out.push_str(&ctx.fill("federation.invited-line", &[("centre", invited.centre.as_str()), ("until", &until), ("id", &id)]));
    }
    out
}

/// The two successors of one version, and who approved both.
fn conflicting(ctx: Ctx, conflict: &ConflictView) -> String {
    let listed = |centres: &[anju_core::names::CentreCode]| match centres {
        [] => "-".to_owned(),
        some => some.iter().map(anju_core::names::CentreCode::as_str).collect::<Vec<_>>().join(" "),
    };
    let ours = conflict.ours.map_or_else(|| "-".to_owned(), |digest| digest.to_string());
    let named = [
        ("version", conflict.version.to_string()),
        ("since", conflict.since.legal_text()),
        ("ours", ours),
        ("other", conflict.other.to_string()),
        ("approved", listed(&conflict.approved)),
        ("both", listed(&conflict.both)),
    ];
    ctx.fill("federation.conflict", &named.each_ref().map(|(name, value)| (*name, value.as_str())))
}

/// A centre that has signed two histories, and what can be done.
fn forked(ctx: Ctx, fork: &ForkView) -> String {
    let heads = fork.rows.iter().zip(&fork.roots).enumerate();
    let heads = heads.map(|(at, (rows, root))| {
        let key = if fork.ours == Some(at) { "federation.fork-head-ours" } else { "federation.fork-head" };
        ctx.fill(key, &[("rows", &rows.to_string()), ("root", &short(root))])
    });
    let reported: Vec<&str> = fork.reported_by.iter().map(anju_core::names::CentreCode::as_str).collect();
    let (term, since) = (fork.term.to_string(), fork.since.legal_text());
    let named = [("centre", fork.centre.as_str()), ("term", &term), ("since", &since), ("by", &reported.join(" "))];
    let mut out = ctx.fill("federation.fork", &named);
    out.extend(heads);
    if fork.ended_beside > 0 {
        out.push_str(&ctx.fill("federation.fork-beside", &[("n", &fork.ended_beside.to_string())]));
    }
    out.push_str(&ctx.fill("federation.fork-next", &named));
    out
}

fn proposed(ctx: Ctx, proposal: &ProposalView) -> String {
    let (approved, quorum) = (proposal.approved.to_string(), proposal.quorum.to_string());
    let mut out = ctx.fill(
        "federation.proposal",
        &[
            ("proposal", &short(&proposal.proposal)),
            ("version", &proposal.version.to_string()),
            ("round", &(proposal.round + 1).to_string()),
            ("by", proposal.by.as_str()),
            ("at", &proposal.at.legal_text()),
            ("reason", &clean(&proposal.reason)),
            ("approved", &approved),
            ("quorum", &quorum),
        ],
    );
    proposal.changes.iter().for_each(|change| out.push_str(&format!("  {}\n", change_line(ctx, change))));
    for said in &proposal.said {
        let key = if said.approved { "federation.said-yes" } else { "federation.said-no" };
        let reason = said.reason.as_deref().map(clean).unwrap_or_default();
        out.push_str(&ctx.fill(key, &[("centre", said.centre.as_str()), ("reason", &reason)]));
    }
    if proposal.epoch_opens == Some(false) {
        out.push_str(&ctx.say("federation.epoch-does-not-open"));
    }
    if let Some((operator, approve)) = &proposal.ours {
        let key = if *approve { "federation.ours-yes" } else { "federation.ours-no" };
        out.push_str(&ctx.fill(key, &[("operator", operator.as_str())]));
    }
    out
}

/// One change in words.
pub(super) fn change_line(ctx: Ctx, change: &ChangeView) -> String {
    let mut line = ctx.say(&format!("federation-change.{}", change.change));
    let parts = [change.centre.as_ref().map(ToString::to_string), change.name.as_deref().map(clean), change.detail.as_deref().map(clean)];
    for part in parts.into_iter().flatten().filter(|part| !part.is_empty()) {
        line.push(' ');
        line.push_str(&part);
    }
    if let Some(rows) = change.rows {
        line.push_str(&ctx.fill("federation.rows-count", &[("rows", &rows.to_string())]));
    }
    if let Some(agrees) = change.agrees {
        line.push_str(&ctx.say(if agrees { "federation.rows-ours" } else { "federation.rows-not-ours" }));
    }
    if let Some(fingerprint) = change.fingerprint {
        line.push_str(&ctx.fill("federation.fingerprint", &[("fingerprint", &grouped(&fingerprint))]));
    }
    line
}

/// A digest in groups, as it is read out.
fn grouped(digest: &Digest) -> String {
    let digits: Vec<char> = digest.to_string().chars().collect();
    digits.chunks(GROUP_DIGITS).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

pub(super) fn members(ctx: Ctx, args: &Members) -> Result<Done, Failure> {
    let view = view(&args.data)?;
    let mut rows = vec![ctx.say("federation.member-columns").split('|').map(str::to_owned).collect::<Vec<_>>()];
    rows.extend(view.members.iter().map(|member| member_row(ctx, member)));
    Ok(Done::new(json!({ "version": view.version, "members": view.members }), table(&rows)))
}

fn member_row(ctx: Ctx, member: &MemberView) -> Vec<String> {
    let mut role = ctx.say(&format!("federation-role.{}", member.role));
    if member.witness {
        role.push_str(&ctx.say("federation.and-witness"));
    }
    let connected = member.stations.iter().filter(|station| station.connected).count();
    let addresses = member.stations.iter().flat_map(|station| &station.addresses).map(|address| clean(address)).collect::<Vec<_>>();
    let stations = format!("{connected}/{}", member.stations.len());
    vec![member.centre.to_string(), clean(&member.name), role, member.term.to_string(), member.key.clone(), stations, addresses.join(" ")]
}

pub(super) fn history(ctx: Ctx, args: &History) -> Result<Done, Failure> {
    let request = Request::FederationHistory { before: args.before, limit: args.limit.min(MAX_HISTORY_PAGE) };
    let Event::Versions { versions, more } = common::ask(&args.data, &request, common::PATIENCE, |_| {})? else {
        return Err(common::unexpected());
    };
    let mut text: String = versions.iter().map(|version| version_lines(ctx, version)).collect();
    if versions.is_empty() {
        text.push_str(&ctx.say("federation.no-history"));
    } else if more {
        text.push_str(&ctx.say("federation.more-history"));
    }
    Ok(Done::new(json!({ "versions": versions, "more": more }), text))
}

fn version_lines(ctx: Ctx, version: &VersionLine) -> String {
    let approved: Vec<&str> = version.approved.iter().map(anju_core::names::CentreCode::as_str).collect();
    let mut out = ctx.fill(
        "federation.version",
        &[
            ("version", &version.version.to_string()),
            ("at", &version.at.legal_text()),
            ("digest", &version.digest.to_string()),
            ("approved", &approved.join(" ")),
        ],
    );
    version.changes.iter().for_each(|change| out.push_str(&format!("  {}\n", change_line(ctx, change))));
    out.extend(version.conflict.iter().map(|conflict| conflicting(ctx, conflict)));
    out
}

pub(super) fn export(ctx: Ctx, args: &Export) -> Result<Done, Failure> {
    let file = whole_charter(&args.data)?;
    let charter = file.verify().map_err(charter_failure)?;
    common::write_out(&args.out, file.to_text().as_bytes(), atomic::PUBLIC)?;
    let (out, version) = (common::shown(&args.out), charter.version().to_string());
    let json = json!({ "file": out, "version": charter.version(), "digest": charter.digest(), "founding": charter.founding() });
    Ok(Done::new(json, ctx.fill("federation.exported", &[("out", &out), ("version", &version)])))
}

/// The charter's file with every link that the running peer knows.
pub(in crate::cli) fn whole_charter(data: &DataArgs) -> Result<CharterFile, Failure> {
    let (folder, _) = data.open()?;
    let file = read_charter(&folder.charter())?;
    let mut links = Vec::new();
    loop {
        let after = links.len() as u64 + 1;
        let Event::CharterLinks { links: page, more } = common::ask(data, &Request::CharterLinks { after }, common::PATIENCE, |_| {})?
        else {
            return Err(common::unexpected());
        };
        for link in &page {
            let bytes = hex::decode(link).map_err(|_| common::unexpected())?;
            links.push(Link::decode(&bytes).map_err(charter_failure)?);
        }
        if !more || page.is_empty() {
            return Ok(file.with_links(&links));
        }
    }
}
