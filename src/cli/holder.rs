//! `anju holder`: the citizen's app on a command line. The library behind it is the core's `holder`; the wallet is sealed on disk.

use std::path::PathBuf;

use anju_core::certificate::{CertificateBody, IssuerIdentity, certificate_in};
use anju_core::charter::{Charter, CharterFile};
use anju_core::error::Fault;
use anju_core::holder::wallet::{GrantMade, Held, KeptCharter};
use anju_core::holder::{self, Balance, Wallet};
use anju_core::journal::{Author, Evidence};
use anju_core::names::{CentreCode, CertificateNumber, GrantId};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::common::{self, PassphraseArgs};
use super::failure::{Code, Failure};
use super::federation::{charter_failure, read_charter};
use super::holder_grant;
use super::holder_window::{self, Accesses, Fetch, MaybeWindow};
use super::out::{Ctx, Done, table};
use super::text::clean;
use crate::config::atomic;
use crate::config::folder::DataFolder;
use crate::wallet::{WALLET_FILE, WalletFile, WalletFileError};

/// Largest certificate file that is read, in bytes: evidence of 128 KiB in base64.
const CERTIFICATE_FILE_MAX_BYTES: u64 = 192 * 1024;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    New(New),
    Card(Card),
    Receive(Receive),
    List(List),
    Grant(holder_grant::Grant),
    Revoke(Revoke),
    Fetch(Fetch),
    Accesses(Accesses),
}

#[derive(Debug, clap::Args)]
pub(super) struct WalletArgs {
    #[arg(long, value_name = "DIR", env = "ANJU_WALLET")]
    wallet: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct New {
    #[command(flatten)]
    wallet: WalletArgs,
    #[arg(long, value_name = "FILE")]
    charter: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct Card {
    #[command(flatten)]
    wallet: WalletArgs,
    #[arg(long, value_name = "CODE")]
    centre: CentreCode,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct Receive {
    #[command(flatten)]
    wallet: WalletArgs,
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    wallet: WalletArgs,
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("where").required(true).multiple(true).args(["out", "window"]))]
pub(super) struct Revoke {
    #[command(flatten)]
    wallet: WalletArgs,
    #[arg(value_name = "GRANT")]
    grant: GrantId,
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    window: MaybeWindow,
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::New(args) => new(ctx, &args),
        Command::Card(args) => card(ctx, &args),
        Command::Receive(args) => receive(ctx, &args),
        Command::List(args) => list(ctx, &args),
        Command::Grant(args) => holder_grant::grant(ctx, &args),
        Command::Revoke(args) => revoke(ctx, &args),
        Command::Fetch(args) => holder_window::fetch(ctx, &args),
        Command::Accesses(args) => holder_window::accesses(ctx, &args),
    }
}

impl WalletArgs {
    pub(super) fn open(&self, ctx: Ctx) -> Result<WalletFile, Failure> {
        DataFolder::open(&self.wallet, WALLET_FILE).map_err(|e| self.failure(WalletFileError::Folder(e)))?;
        WalletFile::open(&self.wallet, self.passphrase.existing(ctx)?).map_err(|e| self.failure(e))
    }

    pub(super) fn failure(&self, error: WalletFileError) -> Failure {
        match error {
            WalletFileError::Folder(e) => common::folder_failure(&self.wallet, e),
            WalletFileError::Vault(e) => common::vault_failure(&self.wallet.join(WALLET_FILE), e),
        }
    }
}

fn new(ctx: Ctx, args: &New) -> Result<Done, Failure> {
    let root = &args.wallet.wallet;
    DataFolder::vacant(root, &[WALLET_FILE]).map_err(|e| common::folder_failure(root, e))?;
    let file = read_charter(&args.charter)?;
    let charter = file.verify().map_err(charter_failure)?;
    let passphrase = args.wallet.passphrase.new_one(ctx)?;
    let mut wallet = Wallet::default();
    wallet.keep_charter(KeptCharter { bytes: file.to_text().into_bytes(), digest: charter.digest() })?;
    WalletFile::create(root, passphrase, wallet).map_err(|e| args.wallet.failure(e))?;
    let (path, digest, federation) = (common::shown(root), charter.digest().to_string(), charter.federation().to_string());
    let json = json!({ "wallet": path, "federation": federation, "charter": digest });
    Ok(Done::new(json, ctx.fill("holder.new", &[("path", &path), ("federation", &federation), ("digest", &digest)])))
}

fn card(ctx: Ctx, args: &Card) -> Result<Done, Failure> {
    let mut file = args.wallet.open(ctx)?;
    let charter = kept_charter(&file.wallet)?;
    member(&charter, &args.centre)?;
    let card = holder::card::card(&mut common::randomness()?, common::now(), &mut file.wallet, &args.centre)?;
    // The keys are kept before the card is out: a card without its keys would make a certificate that nobody can open.
    file.save().map_err(|e| args.wallet.failure(e))?;
    common::write_out(&args.out, format!("{card}\n").as_bytes(), atomic::PUBLIC)?;
    let out = common::shown(&args.out);
    let json = json!({ "centre": args.centre, "card": out });
    Ok(Done::new(json, ctx.fill("holder.card", &[("centre", args.centre.as_str()), ("out", &out)])))
}

fn receive(ctx: Ctx, args: &Receive) -> Result<Done, Failure> {
    let text = common::read_text_of(&args.file, CERTIFICATE_FILE_MAX_BYTES)?;
    let mut file = args.wallet.open(ctx)?;
    let charter = kept_charter(&file.wallet)?;
    let (issuer, number, index) = take_in(&mut file.wallet, &charter, &text)?;
    file.save().map_err(|e| args.wallet.failure(e))?;
    let json = json!({ "number": number, "issuer": issuer, "index": index });
    Ok(Done::new(json, ctx.fill("holder.received", &[("number", number.as_str()), ("issuer", issuer.as_str())])))
}

/// Checks a certificate's file fully and takes it into the wallet: its issuer, number and row.
pub(super) fn take_in(wallet: &mut Wallet, charter: &Charter, text: &str) -> Result<(CentreCode, CertificateNumber, u64), Failure> {
    let bytes = STANDARD.decode(text.trim()).map_err(|_| evidence_bad("base64"))?;
    let evidence = Evidence::decode(&bytes).map_err(|e| evidence_fault(&e))?;
    let author = author(charter, &evidence.centre)?;
    // A certificate is signed by the key of the term in which it was issued.
    let key = author.signing_at(evidence.index);
    let identity = IssuerIdentity { federation: charter.federation().clone(), centre: author.centre.clone(), key };
    let verified = evidence.verify(&author).map_err(|e| evidence_fault(&e))?;
    let body = verified.entry().body().ok_or_else(|| evidence_bad("payload"))?;
    let certificate = certificate_in(verified.header(), body).map_err(|_| evidence_bad("certificate"))?;
    let number = holder::receive(wallet, common::now(), &certificate.to_bytes(), &bytes, &identity)?;
    Ok((identity.centre, number, verified.index()))
}

fn list(ctx: Ctx, args: &List) -> Result<Done, Failure> {
    let file = args.wallet.open(ctx)?;
    let mut rows = vec![ctx.say("holder.certificate-columns").split('|').map(str::to_owned).collect::<Vec<_>>()];
    let mut certificates = Vec::new();
    for held in file.wallet.certificates() {
        let (row, json) = held_row(ctx, held)?;
        rows.push(row);
        certificates.push(json);
    }
    let mut text = table(&rows);
    let mut rows = vec![ctx.say("holder.grant-columns").split('|').map(str::to_owned).collect::<Vec<_>>()];
    let mut grants = Vec::new();
    for made in file.wallet.grants() {
        let balance = file.wallet.balance(made, common::now());
        rows.push(made_row(ctx, made, &balance));
        let mut one = json!(made);
        one["balance"] = json!(balance);
        grants.push(one);
    }
    text.push('\n');
    text.push_str(&table(&rows));
    if !grants.is_empty() {
        text.push_str(&ctx.say("holder.grants-foot"));
    }
    Ok(Done::new(json!({ "certificates": certificates, "grants": grants }), text))
}

fn made_row(ctx: Ctx, made: &GrantMade, balance: &Balance) -> Vec<String> {
    let (uses, left) = (made.uses.to_string(), balance.uses_left.to_string());
    let key = if balance.uses_as_of.is_some() { "holder.uses-left" } else { "holder.uses-unread" };
    vec![
        made.id.to_string(),
        made.number.to_string(),
        made.audience.to_string(),
        clean(&made.matter),
        made.fields.len().to_string(),
        ctx.say(&format!("grant-kind.{}", balance.kind.code())),
        ctx.fill(key, &[("left", &left), ("uses", &uses)]),
        made.expires.legal_text(),
        ctx.fill("holder.days-left", &[("days", &balance.days_left.to_string())]),
        ctx.say(&format!("grant-state.{}", balance.state.code())),
    ]
}

fn held_row(ctx: Ctx, held: &Held) -> Result<(Vec<String>, Value), Failure> {
    let head = CertificateBody::parse(&held.body).map_err(anju_core::error::Refusal::from)?.head;
    let addressee = head.addressee.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    let row = vec![held.number.to_string(), common::kind_title(ctx, head.kind.code()), addressee, head.expires.legal_text()];
    let json = json!({
        "number": held.number, "issuer": held.issuer.centre, "kind": head.kind.code(), "addressee": head.addressee,
        "issued": head.issued, "expires": head.expires, "received": held.received,
    });
    Ok((row, json))
}

/// Signs that a grant no longer counts; a file is handed to any centre, a window carries it on at once.
fn revoke(ctx: Ctx, args: &Revoke) -> Result<Done, Failure> {
    if let Some(out) = args.out.as_ref().filter(|out| out.symlink_metadata().is_ok()) {
        return Err(Failure::new(Code::OutputExists).with("path", common::shown(out)));
    }
    let mut file = args.wallet.open(ctx)?;
    let charter = kept_charter(&file.wallet)?;
    let text = holder::revoke(&mut file.wallet, common::now(), &args.grant)?;
    // Kept before it is sent: what a window does not take can be sent again.
    file.save().map_err(|e| args.wallet.failure(e))?;
    let grant = args.grant.to_string();
    let mut said = String::new();
    let mut json = json!({ "grant": args.grant });
    if let Some(out) = &args.out {
        common::write_out(out, format!("{text}\n").as_bytes(), atomic::PUBLIC)?;
        json["file"] = Value::from(common::shown(out));
        said.push_str(&ctx.fill("holder.revoked", &[("grant", &grant), ("out", &common::shown(out))]));
    }
    if let Some(window) = args.window.open(&charter)? {
        let at = window.take_back(&file.wallet, &args.grant, &text)?.at;
        file.wallet.note_revocation_heard(&args.grant, at);
        file.save().map_err(|e| args.wallet.failure(e))?;
        json["centre"] = Value::from(window.centre().as_str());
        json["at"] = json!(at);
        said.push_str(&ctx.fill("holder.revoked-at", &[("grant", &grant), ("centre", window.centre().as_str()), ("at", &at.legal_text())]));
    }
    Ok(Done::new(json, said))
}

/// The charter the wallet was made with, verified again.
pub(super) fn kept_charter(wallet: &Wallet) -> Result<Charter, Failure> {
    let kept = wallet.charter().ok_or(Code::CharterMissing)?;
    let text = std::str::from_utf8(&kept.bytes).map_err(|_| Failure::new(Code::SecretDamaged))?;
    CharterFile::parse(text).and_then(|file| file.verify()).map_err(charter_failure)
}

pub(super) fn member<'a>(charter: &'a Charter, centre: &CentreCode) -> Result<&'a anju_core::charter::Member, Failure> {
    charter.member(centre).ok_or_else(|| Failure::new(Code::CharterNoCentre).with("centre", centre))
}

/// Who writes a centre's journal, or wrote it.
fn author(charter: &Charter, centre: &CentreCode) -> Result<Author, Failure> {
    charter.author(centre).ok_or_else(|| Failure::new(Code::CharterNoCentre).with("centre", centre))
}

fn evidence_bad(detail: &str) -> Failure {
    Failure::new(Code::EvidenceBad).with("detail", detail)
}

fn evidence_fault(fault: &Fault) -> Failure {
    evidence_bad(fault.code.as_str())
}
