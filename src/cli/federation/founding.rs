//! Founding a federation: cards become a charter, every founder signs it, every founder adopts it.

use std::path::{Path, PathBuf};

use anju_core::charter::{CentreCard, Charter, CharterError, CharterFile, Founding, MAX_CHARTER_BYTES};
use anju_core::names::{CentreCode, FederationName};
use anju_core::node::membership::SeatError;
use serde_json::{Value, json};

use crate::cli::common::{self, DataArgs, PassphraseArgs};
use crate::cli::failure::{Code, Failure};
use crate::cli::out::{Ctx, Done, table};
use crate::cli::store::store_failure;
use crate::cli::text::clean;
use crate::config::atomic;
use crate::config::folder::DataFolder;
use crate::daemon::candidate::{CandidateError, learn_from_file};
use crate::keys::Secrets;
use crate::store::{Mode, Store};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Found {
    #[arg(long, value_name = "NAME")]
    name: FederationName,
    #[arg(long = "card", value_name = "FILE", required = true)]
    cards: Vec<PathBuf>,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[arg(long, value_name = "N")]
    quorum: Option<u64>,
    #[arg(long = "witness", value_name = "CODE")]
    witnesses: Vec<CentreCode>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Sign {
    #[command(flatten)]
    data: DataArgs,
    #[arg(long, value_name = "FILE")]
    charter: PathBuf,
    #[arg(long, value_name = "FILE")]
    merge: Vec<PathBuf>,
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Adopt {
    #[command(flatten)]
    data: DataArgs,
    #[arg(long, value_name = "FILE")]
    charter: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

pub(super) fn found(ctx: Ctx, args: &Found) -> Result<Done, Failure> {
    let read = |path: &PathBuf| {
        let card = CentreCard::parse(&common::read_text(path)?).map_err(common::card_failure);
        card.map_err(|e| e.with("path", common::shown(path)))
    };
    let witnesses = (!args.witnesses.is_empty()).then(|| args.witnesses.clone());
    let cards = args.cards.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let file = CharterFile::found(&mut common::randomness()?, args.name.clone(), &cards, &Founding { quorum: args.quorum, witnesses })
        .map_err(charter_failure)?;
    common::write_out(&args.out, file.to_text().as_bytes(), atomic::PUBLIC)?;
    let out = common::shown(&args.out);
    let charter = file.unverified().map_err(charter_failure)?;
    let mut text = described(ctx, &file, &charter);
    text.push_str(&ctx.fill("federation.founded", &[("out", &out)]));
    Ok(Done::new(described_json(&file, &charter, &out), text))
}

pub(super) fn sign(ctx: Ctx, args: &Sign) -> Result<Done, Failure> {
    let (folder, config) = args.data.open()?;
    let mut file = read_charter(&args.charter)?;
    for other in &args.merge {
        file.merge(&read_charter(other)?).map_err(charter_failure)?;
    }
    let charter = file.unverified().map_err(charter_failure)?;
    ctx.note(&described(ctx, &file, &charter));
    let passphrase = args.passphrase.existing(ctx)?;
    let secrets = Secrets::load(&folder.keys(), &passphrase).map_err(|e| common::vault_failure(&folder.keys(), e))?;
    file.sign(&config.centre.code, &secrets.centre).map_err(charter_failure)?;
    let out = match &args.out {
        Some(out) => {
            common::write_out(out, file.to_text().as_bytes(), atomic::PUBLIC)?;
            out
        }
        None => {
            atomic::replace(&args.charter, file.to_text().as_bytes(), atomic::PUBLIC)
                .map_err(|e| common::write_failure(&args.charter, &e))?;
            &args.charter
        }
    };
    let out = common::shown(out);
    let text = ctx
        .fill("federation.signed", &[("centre", config.centre.code.as_str()), ("out", &out), ("missing", &missing(ctx, &file, &charter))]);
    Ok(Done::new(described_json(&file, &charter, &out), text))
}

pub(super) fn adopt(ctx: Ctx, args: &Adopt) -> Result<Done, Failure> {
    let (folder, config) = args.data.open()?;
    let file = read_charter(&args.charter)?;
    let charter = file.verify().map_err(charter_failure)?;
    let passphrase = args.passphrase.existing(ctx)?;
    let secrets = Secrets::load(&folder.keys(), &passphrase).map_err(|e| common::vault_failure(&folder.keys(), e))?;
    let _lock = folder.lock().map_err(|e| common::folder_failure(folder.root(), e))?;
    let (adopted, before) = (folder.charter(), founding_before(&folder)?);
    match before {
        // The same federation, perhaps further on: whoever was away while every address changed learns of it this way. Another one is
        // another centre's.
        Some(before) if before.founding() == charter.founding() => {}
        Some(before) => {
            return Err(Failure::new(Code::CharterOther).with("path", common::shown(&adopted)).with("digest", before.digest()));
        }
        // A second station was not there when the federation was founded.
        None if charter.is_second(&config.centre.code, &secrets.centre.station_key()) => {}
        None => {
            file.founding_seat(&config.centre.code, &secrets.centre).map_err(charter_failure)?;
        }
    }
    if charter.version() > 1 {
        let mut store = Store::open(&folder.database(), &secrets.store, Mode::Create).map_err(store_failure)?;
        learn_from_file(&file, &mut store).map_err(|e| match e {
            CandidateError::Seat(SeatError::Charter(e)) => charter_failure(e),
            e => Failure::new(Code::StoreFailed).with("detail", e),
        })?;
    }
    if adopted.symlink_metadata().is_err() {
        common::write_out(&adopted, file.to_text().as_bytes(), atomic::PUBLIC)?;
    }
    let out = common::shown(&adopted);
    let mut text = described(ctx, &file, &charter);
    text.push_str(&ctx.fill("federation.adopted", &[("centre", config.centre.code.as_str())]));
    Ok(Done::new(described_json(&file, &charter, &out), text))
}

/// The founding charter that was adopted before, if one was.
fn founding_before(folder: &DataFolder) -> Result<Option<Charter>, Failure> {
    if folder.charter().symlink_metadata().is_err() {
        return Ok(None);
    }
    read_charter(&folder.charter())?.verify_founding().map(Some).map_err(charter_failure)
}

/// A charter file, unverified.
pub(in crate::cli) fn read_charter(path: &Path) -> Result<CharterFile, Failure> {
    let text = common::read_text_of(path, MAX_CHARTER_BYTES as u64)?;
    CharterFile::parse(&text).map_err(|e| charter_failure(e).with("path", common::shown(path)))
}

pub(in crate::cli) fn charter_failure(error: CharterError) -> Failure {
    let code = match &error {
        CharterError::Shape(_) => Code::CharterShape,
        CharterError::Rule(_) | CharterError::Shared(_) | CharterError::Members(_) | CharterError::Unsealable(_) => Code::CharterRule,
        CharterError::Unsigned(_) => Code::CharterUnsigned,
        CharterError::Signature(_) => Code::CharterSignature,
        CharterError::NotAMember(_) => Code::CharterNotAMember,
        CharterError::OtherKeys(_) => Code::CharterOtherKeys,
        CharterError::NotNext { .. } | CharterError::NoQuorum { .. } => Code::CharterChain,
    };
    let failure = Failure::new(code).with("detail", &error);
    match error {
        CharterError::Signature(centre) | CharterError::NotAMember(centre) | CharterError::OtherKeys(centre) => {
            failure.with("centre", centre)
        }
        CharterError::Unsigned(centres) => failure.with("centres", centres),
        CharterError::Shape(_)
        | CharterError::Rule(_)
        | CharterError::Shared(_)
        | CharterError::Members(_)
        | CharterError::Unsealable(_)
        | CharterError::NotNext { .. }
        | CharterError::NoQuorum { .. } => failure,
    }
}

pub(super) fn described(ctx: Ctx, file: &CharterFile, charter: &Charter) -> String {
    let signed: Vec<_> = file.signed_by().collect();
    let mut rows = vec![ctx.say("federation.columns").split('|').map(str::to_owned).collect::<Vec<_>>()];
    for member in charter.members() {
        let mark = if signed.contains(&&member.centre) { "federation.has-signed" } else { "federation.has-not-signed" };
        let addresses: Vec<String> = member.stations.iter().flat_map(|s| s.addresses.iter().map(|a| clean(a))).collect();
        rows.push(vec![member.centre.to_string(), clean(&member.name), ctx.say(mark), addresses.join(" ")]);
    }
    let (name, digest) = (clean(charter.federation().as_str()), charter.digest().to_string());
    let head = ctx.fill("federation.head", &[("name", &name), ("digest", &digest), ("members", &charter.members().len().to_string())]);
    head + &table(&rows)
}

fn missing(ctx: Ctx, file: &CharterFile, charter: &Charter) -> String {
    let signed: Vec<_> = file.signed_by().collect();
    let missing: Vec<&str> = charter.members().iter().filter(|m| !signed.contains(&&m.centre)).map(|m| m.centre.as_str()).collect();
    if missing.is_empty() { ctx.say("federation.nobody-missing") } else { missing.join(" ") }
}

pub(super) fn described_json(file: &CharterFile, charter: &Charter, path: &str) -> Value {
    let members: Vec<Value> = charter
        .members()
        .iter()
        .map(|m| {
            let addresses: Vec<&String> = m.stations.iter().flat_map(|s| &s.addresses).collect();
            json!({ "centre": m.centre, "name": m.name, "signed": file.signed_by().any(|c| *c == m.centre), "addresses": addresses })
        })
        .collect();
    json!({
        "federation": charter.federation(), "digest": charter.digest(), "version": charter.version(), "members": members,
        "complete": file.verify().is_ok(), "file": path,
    })
}
