//! `anju federation`: a federation is founded, and from then on governs itself.
//!
//! Founding works on files: cards become a charter, every founder signs and adopts it. What comes later is asked of the running peer.

mod answer;
mod founding;
mod invite;
mod propose;
mod show;

use anju_core::desk::{Act, Event, FederationAct, FederationView, ProposalView, Request};

use super::acting::{Acting, OperatorArgs};
use super::common::{self, DataArgs};
use super::failure::{Code, Failure};
use super::out::{Ctx, Done};

pub(super) use founding::{charter_failure, read_charter};
pub(super) use invite::invitation_failure;
pub(super) use show::whole_charter;

/// Fewest hexadecimal digits that name a proposal.
const NAME_DIGITS: usize = 8;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Found(founding::Found),
    Sign(founding::Sign),
    Adopt(founding::Adopt),
    Show(show::Show),
    Members(show::Members),
    History(show::History),
    Export(show::Export),
    #[command(subcommand)]
    Propose(propose::Command),
    Approve(answer::Args),
    Reject(answer::Args),
    NextRound(answer::NextRound),
    Invite(invite::Invite),
    Uninvite(invite::Uninvite),
    Join(invite::Join),
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::Found(args) => founding::found(ctx, &args),
        Command::Sign(args) => founding::sign(ctx, &args),
        Command::Adopt(args) => founding::adopt(ctx, &args),
        Command::Show(args) => show::show(ctx, &args),
        Command::Members(args) => show::members(ctx, &args),
        Command::History(args) => show::history(ctx, &args),
        Command::Export(args) => show::export(ctx, &args),
        Command::Propose(command) => propose::run(ctx, command),
        Command::Approve(args) => answer::run(ctx, &args, true),
        Command::Reject(args) => answer::run(ctx, &args, false),
        Command::NextRound(args) => answer::next_round(ctx, &args),
        Command::Invite(args) => invite::invite(ctx, &args),
        Command::Uninvite(args) => invite::uninvite(ctx, &args),
        Command::Join(args) => invite::join(ctx, &args),
    }
}

/// Whose peer, and who asks it.
#[derive(Debug, clap::Args)]
pub(super) struct Who {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
}

impl Who {
    fn ask(&self, ctx: Ctx, asked: FederationAct) -> Result<Event, Failure> {
        let acting = Acting::open(ctx, &self.data, &self.operator)?;
        acting.ask(&Act::Federation(Box::new(asked)), common::PATIENCE, |_| {})
    }
}

/// The federation as the peer of a folder knows it.
fn view(data: &DataArgs) -> Result<FederationView, Failure> {
    match common::ask(data, &Request::Federation, common::PATIENCE, |_| {})? {
        Event::Federation(view) => Ok(*view),
        _ => Err(common::unexpected()),
    }
}

/// The proposal that the first digits of its name stand for.
fn named<'a>(view: &'a FederationView, name: &str) -> Result<&'a ProposalView, Failure> {
    let name = name.to_ascii_lowercase();
    let fits = |proposal: &&ProposalView| name.len() >= NAME_DIGITS && proposal.proposal.to_string().starts_with(&name);
    let mut found = view.proposals.iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(proposal), None) => Ok(proposal),
        (None, _) | (Some(_), Some(_)) => Err(Failure::new(Code::ProposalName).with("name", name).with("digits", NAME_DIGITS)),
    }
}
