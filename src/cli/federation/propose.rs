//! `anju federation propose`: the next version of the charter.

use std::path::PathBuf;

use anju_core::charter::CentreCard;
use anju_core::desk::{Event, FederationAct, Wish};
use anju_core::names::{CentreCode, StationKey};
use serde_json::json;

use super::{Who, view};
use crate::cli::common;
use crate::cli::failure::{Code, Failure};
use crate::cli::out::{Ctx, Done};

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    Add(Add),
    Remove(About),
    Suspend(About),
    Restore(Restore),
    RotateKeys(RotateKeys),
    SetQuorum(SetQuorum),
    SetWitnesses(SetWitnesses),
    SetAddress(SetAddress),
    SetRole(SetRole),
    RotateEpoch(RotateEpoch),
}

#[derive(Debug, clap::Args)]
struct Common {
    #[arg(long, value_name = "REASON")]
    reason: String,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Add {
    #[arg(long, value_name = "FILE")]
    card: PathBuf,
    #[arg(long, value_name = "HEX")]
    fingerprint: Option<String>,
    #[arg(long)]
    observer: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct About {
    #[arg(value_name = "CODE")]
    centre: CentreCode,
    #[arg(long, value_name = "N")]
    rows: Option<u64>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Restore {
    #[arg(value_name = "CODE")]
    centre: CentreCode,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct RotateKeys {
    #[arg(long, value_name = "FILE")]
    card: PathBuf,
    #[arg(long, value_name = "HEX")]
    fingerprint: Option<String>,
    #[arg(long, value_name = "N")]
    rows: Option<u64>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct SetQuorum {
    #[arg(value_name = "N|default", value_parser = quorum)]
    quorum: Quorum,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, Copy)]
struct Quorum(Option<u64>);

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct SetWitnesses {
    #[arg(value_name = "CODE", required = true)]
    centres: Vec<CentreCode>,
    #[arg(long, value_name = "N")]
    settled: Option<u64>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct SetAddress {
    #[arg(value_name = "CODE")]
    centre: CentreCode,
    #[arg(long = "address", value_name = "ADDRESS", required_unless_present = "drop_station")]
    addresses: Vec<String>,
    #[arg(long, value_name = "KEY", value_parser = station)]
    station: Option<StationKey>,
    #[arg(long, value_name = "KEY", value_parser = station, conflicts_with_all = ["station", "drop_station"])]
    add_station: Option<StationKey>,
    #[arg(long, value_name = "KEY", value_parser = station, conflicts_with_all = ["station", "addresses"])]
    drop_station: Option<StationKey>,
    #[command(flatten)]
    common: Common,
}

/// What a centre shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum NewRole {
    Witness,
    NoWitness,
    Member,
    Suspended,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct SetRole {
    #[arg(value_name = "CODE")]
    centre: CentreCode,
    #[arg(value_name = "ROLE")]
    role: NewRole,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct RotateEpoch {
    #[arg(long)]
    pepper: bool,
    #[command(flatten)]
    common: Common,
}

fn quorum(text: &str) -> Result<Quorum, String> {
    if matches!(text, "default" | "0") {
        return Ok(Quorum(None));
    }
    text.parse().map(|quorum| Quorum(Some(quorum))).map_err(|_| "N|default".to_owned())
}

fn station(text: &str) -> Result<StationKey, String> {
    let mut key = StationKey([0; 32]);
    hex::decode_to_slice(text, &mut key.0).map_err(|_| "64 hex".to_owned())?;
    Ok(key)
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    let (common, wish) = match command {
        Command::Add(Add { card, fingerprint, observer, common }) => {
            (common, Wish::Add { card: Box::new(read_card(&card, fingerprint.as_deref())?), observer })
        }
        Command::Remove(About { centre, rows, common }) => (common, Wish::Remove { centre, rows }),
        Command::Suspend(About { centre, rows, common }) => (common, Wish::Suspend { centre, rows }),
        Command::Restore(Restore { centre, common }) => (common, Wish::Restore { centre }),
        Command::RotateKeys(RotateKeys { card, fingerprint, rows, common }) => {
            (common, Wish::RotateKeys { card: Box::new(read_card(&card, fingerprint.as_deref())?), rows })
        }
        Command::SetQuorum(SetQuorum { quorum, common }) => (common, Wish::SetQuorum { quorum: quorum.0 }),
        Command::SetWitnesses(SetWitnesses { centres, settled, common }) => (common, Wish::SetWitnesses { centres, settled }),
        Command::SetAddress(args) => set_address(args),
        Command::SetRole(SetRole { centre, role, common }) => {
            let wish = of_role(&common, centre, role)?;
            (common, wish)
        }
        Command::RotateEpoch(RotateEpoch { pepper, common }) => (common, Wish::RotateEpoch { pepper }),
    };
    let asked = FederationAct::Propose { wishes: vec![wish], reason: common.reason.clone() };
    let Event::Proposed { proposal, version } = common.who.ask(ctx, asked)? else { return Err(common::unexpected()) };
    let words = [("proposal", super::show::short(&proposal)), ("version", version.to_string())];
    let words: Vec<(&str, &str)> = words.iter().map(|(key, value)| (*key, value.as_str())).collect();
    Ok(Done::new(json!({ "proposal": proposal, "version": version }), ctx.fill("federation.proposed", &words)))
}

fn set_address(args: SetAddress) -> (Common, Wish) {
    let SetAddress { centre, addresses, station, add_station, drop_station, common } = args;
    let wish = match (add_station, drop_station) {
        (Some(station), _) => Wish::AddStation { centre, station, addresses },
        (None, Some(station)) => Wish::DropStation { centre, station },
        (None, None) => Wish::SetAddress { centre, station, addresses },
    };
    (common, wish)
}

fn of_role(common: &Common, centre: CentreCode, role: NewRole) -> Result<Wish, Failure> {
    let witnesses = || -> Result<Vec<CentreCode>, Failure> {
        let members = view(&common.who.data)?.members;
        Ok(members.into_iter().filter(|member| member.witness && member.centre != centre).map(|member| member.centre).collect())
    };
    Ok(match role {
        NewRole::Member => Wish::Restore { centre },
        NewRole::Suspended => Wish::Suspend { centre, rows: None },
        NewRole::NoWitness => Wish::SetWitnesses { centres: witnesses()?, settled: None },
        NewRole::Witness => {
            let mut centres = witnesses()?;
            centres.push(centre);
            Wish::SetWitnesses { centres, settled: None }
        }
    })
}

/// A card file, and that it is the one whose fingerprint somebody told.
pub(super) fn read_card(path: &std::path::Path, fingerprint: Option<&str>) -> Result<CentreCard, Failure> {
    let about = |failure: Failure| failure.with("path", common::shown(path));
    let card = CentreCard::parse(&common::read_text(path)?).map_err(|e| about(common::card_failure(e)))?;
    let found = card.fingerprint().to_string();
    let told: String = fingerprint.unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    if fingerprint.is_some() && told != found {
        return Err(about(Failure::new(Code::CardFingerprint).with("found", found).with("told", told)));
    }
    Ok(card)
}
