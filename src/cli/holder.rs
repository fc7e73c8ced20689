//! `anju holder`: the citizen's app on a command line. The library behind it is the core's `holder`; the wallet is sealed on disk.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use anju_core::certificate::{CertificateBody, IssuerIdentity, certificate_in};
use anju_core::charter::{Charter, CharterFile};
use anju_core::error::Fault;
use anju_core::grant::Mode;
use anju_core::holder::wallet::{Held, KeptCharter};
use anju_core::holder::{self, GrantPreview, GrantRequest, Wallet};
use anju_core::journal::{Author, Evidence};
use anju_core::names::{CentreCode, CertificateNumber, GrantId};
use anju_core::time::Time;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::common::{self, PassphraseArgs};
use super::failure::{Code, Failure};
use super::federation::{charter_failure, read_charter};
use super::holder_window::{self, Accesses, Fetch, MaybeWindow};
use super::out::{Ctx, Done, table};
use super::qr;
use super::query::{self, plain_value};
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
    Grant(Grant),
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
pub(super) struct Grant {
    #[command(flatten)]
    wallet: WalletArgs,
    #[arg(long, value_name = "CERTIFICATE")]
    certificate: CertificateNumber,
    #[arg(long, value_name = "CODE")]
    to: CentreCode,
    #[arg(long, value_name = "MATTER")]
    matter: String,
    #[arg(long, value_name = "MODE", value_enum, default_value_t = query::Mode::Details)]
    mode: query::Mode,
    #[arg(long = "field", value_name = "FIELD", value_delimiter = ',')]
    fields: Vec<String>,
    #[arg(long, value_name = "DATE")]
    until: Option<jiff::civil::Date>,
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    uses: u32,
    #[arg(long)]
    yes: bool,
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    qr: Option<PathBuf>,
    #[command(flatten)]
    window: MaybeWindow,
}

#[derive(Debug, clap::Args)]
pub(super) struct Revoke {
    #[command(flatten)]
    wallet: WalletArgs,
    #[arg(value_name = "GRANT")]
    grant: GrantId,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::New(args) => new(ctx, &args),
        Command::Card(args) => card(ctx, &args),
        Command::Receive(args) => receive(ctx, &args),
        Command::List(args) => list(ctx, &args),
        Command::Grant(args) => grant(ctx, &args),
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
    let author = member(charter, &evidence.centre)?;
    let identity = IssuerIdentity { federation: charter.federation().clone(), centre: author.centre.clone(), key: author.signing };
    let verified = evidence.verify(&Author::new(charter.federation(), author.centre.clone(), author.signing, author.heartbeat));
    let verified = verified.map_err(|e| evidence_fault(&e))?;
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
    for made in file.wallet.grants() {
        let fields = made.fields.len().to_string();
        let revoked = made.revoked.map_or_else(|| "-".to_owned(), Time::legal_text);
        let (number, audience) = (made.number.to_string(), made.audience.to_string());
        rows.push(vec![
            made.id.to_string(),
            number,
            audience,
            clean(&made.matter),
            fields,
            made.uses.to_string(),
            made.expires.legal_text(),
            revoked,
        ]);
    }
    text.push('\n');
    text.push_str(&table(&rows));
    Ok(Done::new(json!({ "certificates": certificates, "grants": file.wallet.grants() }), text))
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

fn grant(ctx: Ctx, args: &Grant) -> Result<Done, Failure> {
    for out in args.out.iter().chain(&args.qr) {
        if out.symlink_metadata().is_ok() {
            return Err(Failure::new(Code::OutputExists).with("path", common::shown(out)));
        }
    }
    let mut file = args.wallet.open(ctx)?;
    let charter = kept_charter(&file.wallet)?;
    let now = common::now();
    let mut request = GrantRequest::new(now, args.certificate.clone(), args.fields.clone(), args.to.clone(), &args.matter);
    (request.uses, request.mode) = (args.uses, args.mode.into());
    if let Some(until) = args.until {
        request.expires = Time::end_of_legal_day(until);
    }
    if args.fields.is_empty() {
        return Err(fields_missing(&file.wallet, &args.certificate)?);
    }
    let audience = member(&charter, &args.to)?;
    // Whose window it is is asked before anything is signed.
    let window = args.window.open(&charter)?;
    window.as_ref().map_or(Ok(()), |window| window.must_be(&args.to))?;
    let preview = holder::preview(&file.wallet, now, &request)?;
    confirm(ctx, args.yes, &shown(ctx, &preview, &clean(&audience.name)))?;
    let text = holder::grant(&mut common::randomness()?, now, &mut file.wallet, &request, &audience.sealing)?;
    // Drawn before anything is kept: a grant that does not fit is not made.
    let picture = args.qr.as_ref().map(|_| qr::png(&text)).transpose()?;
    file.save().map_err(|e| args.wallet.failure(e))?;
    if let (Some(path), Some(picture)) = (&args.qr, picture) {
        common::write_out(path, &picture, atomic::PRIVATE)?;
    }
    if let Some(path) = &args.out {
        common::write_out(path, format!("{text}\n").as_bytes(), atomic::PRIVATE)?;
    }
    let left = window.map(|window| window.leave(&file.wallet, &args.certificate, &text)).transpose()?;
    let id = file.wallet.grants().last().map(|made| made.id);
    let names: Vec<&str> = preview.fields().map(|(field, _)| field.name.as_str()).collect();
    let json = json!({
        "grant": text, "id": id, "certificate": request.number, "audience": request.audience, "matter": request.matter, "fields": names,
        "not_before": request.not_before, "expires": request.expires, "uses": request.uses,
        "file": args.out.as_deref().map(common::shown), "qr": args.qr.as_deref().map(common::shown),
        "code": left.as_ref().map(|left| &left.code),
    });
    let mut done = match (&args.out, &left) {
        (Some(path), _) => ctx.fill("holder.granted-file", &[("out", &common::shown(path))]),
        (None, None) => format!("{text}\n"),
        (None, Some(_)) => String::new(),
    };
    if let Some(left) = &left {
        done.push_str(&holder_window::code_shown(ctx, left, &args.to));
    }
    Ok(Done::new(json, done))
}

/// Signs that a grant no longer counts; the file is handed to any centre.
fn revoke(ctx: Ctx, args: &Revoke) -> Result<Done, Failure> {
    if args.out.symlink_metadata().is_ok() {
        return Err(Failure::new(Code::OutputExists).with("path", common::shown(&args.out)));
    }
    let mut file = args.wallet.open(ctx)?;
    let text = holder::revoke(&mut file.wallet, common::now(), &args.grant)?;
    common::write_out(&args.out, format!("{text}\n").as_bytes(), atomic::PUBLIC)?;
    file.save().map_err(|e| args.wallet.failure(e))?;
    let out = common::shown(&args.out);
    let text = ctx.fill("holder.revoked", &[("grant", &args.grant.to_string()), ("out", &out)]);
    Ok(Done::new(json!({ "grant": args.grant, "file": out }), text))
}

fn fields_missing(wallet: &Wallet, number: &CertificateNumber) -> Result<Failure, Failure> {
    let held =
        wallet.certificate(number).ok_or_else(|| anju_core::error::Refusal::new(anju_core::error::RefusalCode::CertificateUnknown))?;
    let kind = CertificateBody::parse(&held.body).map_err(anju_core::error::Refusal::from)?.head.kind;
    let names: Vec<&str> = anju_core::certificate::Field::all(kind).iter().map(|f| f.name.as_str()).collect();
    Ok(Failure::new(Code::FieldsMissing).with("fields", names.join(", ")))
}

/// Exactly what will be disclosed, to whom, for what, until when, how often. For the holder's own eyes, so nothing is masked.
fn shown(ctx: Ctx, preview: &GrantPreview, audience: &str) -> String {
    let mode = match preview.mode {
        Mode::Details => "mode.details",
        Mode::Check => "mode.check",
        Mode::Evaluate => "mode.evaluate",
    };
    let mut out = ctx.fill(
        "holder.preview",
        &[
            ("audience", preview.audience.as_str()),
            ("name", audience),
            ("number", preview.number.as_str()),
            ("kind", &common::kind_title(ctx, preview.kind.code())),
            ("matter", &clean(&preview.matter)),
            ("mode", &ctx.say(mode)),
            ("from", &preview.not_before.legal_text()),
            ("until", &preview.expires.legal_text()),
            ("uses", &preview.uses.to_string()),
        ],
    );
    let rows: Vec<Vec<String>> = preview
        .fields()
        .map(|(field, value)| vec![format!("  {}", common::label(ctx, field)), plain_value(ctx, &field.name, value)])
        .collect();
    out.push_str(&table(&rows));
    out.push_str(&ctx.say(if preview.mode == Mode::Details { "holder.preview-foot" } else { "holder.preview-foot-issuer" }));
    out
}

/// Shows and asks, on standard error and from the terminal: standard output is for the grant alone.
fn confirm(ctx: Ctx, yes: bool, shown: &str) -> Result<(), Failure> {
    if yes {
        ctx.note(shown);
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Code::NoConfirmation.into());
    }
    let mut err = std::io::stderr().lock();
    write!(err, "{shown}{}", ctx.say("holder.confirm"))?;
    err.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let agreed = ["y", "yes", "是", "同意"].contains(&line.trim().to_lowercase().as_str());
    if agreed { Ok(()) } else { Err(Code::NotConfirmed.into()) }
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

fn evidence_bad(detail: &str) -> Failure {
    Failure::new(Code::EvidenceBad).with("detail", detail)
}

fn evidence_fault(fault: &Fault) -> Failure {
    evidence_bad(fault.code.as_str())
}
