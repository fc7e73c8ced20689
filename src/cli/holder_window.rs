//! `anju holder` at a centre's window: certificates fetched, grants left for the counter, accesses listed.
//!
//! A window says which centre it is; a request is signed for that centre and with the keys alone that it knows anyway: those it bound a
//! certificate to, and those of certificates that it was granted something of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anju_core::charter::Charter;
use anju_core::error::RefusalCode;
use anju_core::grant::{Access, Mode};
use anju_core::holder::wallet::{GrantMade, HolderKey};
use anju_core::holder::{Wallet, window};
use anju_core::names::{CentreCode, CertificateNumber, GrantId};
use anju_core::window::{AccessPage, CertificatesFound, DepositAsked, Deposited, Health, Place, Problem, RevocationAsked, Revoked, Route};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand_core::Rng as _;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::common;
use super::failure::{Code, Failure};
use super::holder::{WalletArgs, kept_charter, member, take_in};
use super::out::{Ctx, Done, table};
use super::text::clean;
use crate::config::atomic;
use crate::window::{Client, ClientError};

/// Most pages of accesses that are read for one certificate.
const PAGES_MAX: usize = 256;
/// Largest file of accesses that is read, in bytes.
const ACCESSES_FILE_MAX_BYTES: u64 = 64 * 1024 * 1024;

#[derive(Debug, clap::Args)]
pub(super) struct WindowArgs {
    #[arg(long, value_name = "URL")]
    window: String,
    #[arg(long, value_name = "FILE")]
    window_certificate: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct MaybeWindow {
    #[arg(long, value_name = "URL")]
    window: Option<String>,
    #[arg(long, value_name = "FILE", requires = "window")]
    window_certificate: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Fetch {
    #[command(flatten)]
    wallet: WalletArgs,
    #[command(flatten)]
    window: WindowArgs,
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("from").required(true).args(["window", "file"]))]
pub(super) struct Accesses {
    #[command(flatten)]
    wallet: WalletArgs,
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    window: MaybeWindow,
    #[arg(long, value_name = "FILE", requires = "window")]
    out: Option<PathBuf>,
}

impl MaybeWindow {
    /// The window, if one was named, after it said which centre it is.
    pub(super) fn open<'a>(&self, charter: &'a Charter) -> Result<Option<Window<'a>>, Failure> {
        let Some(url) = &self.window else { return Ok(None) };
        let args = WindowArgs { window: url.clone(), window_certificate: self.window_certificate.clone() };
        Window::open(&args, charter).map(Some)
    }
}

/// A window that said which centre it is.
pub(super) struct Window<'a> {
    client: Client,
    centre: CentreCode,
    charter: &'a Charter,
}

fn failed(error: ClientError) -> Failure {
    match error {
        ClientError::Address => Failure::new(Code::WindowAddress),
        ClientError::Trust(error) => Failure::new(Code::WindowTrust).with("detail", error),
        ClientError::Unreachable(detail) => Failure::new(Code::WindowUnreachable).with("detail", detail),
    }
}

/// The answer, or what the window refused it for.
fn read<T: DeserializeOwned>((status, body): (u16, Vec<u8>)) -> Result<T, Failure> {
    if status >= 400 {
        let problem: Problem = serde_json::from_slice(&body).map_err(|_| Failure::new(Code::WindowGarbled).with("status", status))?;
        return Err(anju_core::error::Refusal { code: problem.code, detail: problem.detail }.into());
    }
    serde_json::from_slice(&body).map_err(|_| Failure::new(Code::WindowGarbled).with("status", status))
}

impl<'a> Window<'a> {
    fn open(args: &WindowArgs, charter: &'a Charter) -> Result<Self, Failure> {
        let client = Client::new(&args.window, args.window_certificate.as_deref()).map_err(failed)?;
        let health: Health = read(client.send(Route::Health.method(), Route::Health.path(), None, b"").map_err(failed)?)?;
        member(charter, &health.centre)?;
        Ok(Self { client, centre: health.centre, charter })
    }

    /// Whose it is.
    ///
    /// # Errors
    /// When it is not this centre's.
    pub(super) fn must_be(&self, centre: &CentreCode) -> Result<(), Failure> {
        let other = || Failure::new(Code::WindowOther).with("centre", &self.centre).with("wanted", centre);
        if self.centre == *centre { Ok(()) } else { Err(other()) }
    }

    fn ask<T: DeserializeOwned>(&self, key: &HolderKey, route: Route, query: &str, body: &[u8]) -> Result<T, Failure> {
        let target = format!("{}{query}", route.path());
        let mut nonce = [0; 16];
        common::randomness()?.fill_bytes(&mut nonce);
        let place = Place { federation: self.charter.federation(), centre: &self.centre };
        let signed = window::sign_request(key, place, (route.method(), &target, body), common::now(), nonce);
        read(self.client.send(route.method(), &target, Some(&signed), body).map_err(failed)?)
    }

    /// Leaves a grant over `number` for the clerks.
    pub(super) fn leave(
        &self,
        wallet: &Wallet,
        number: &CertificateNumber,
        grant: &str,
        end: Option<String>,
    ) -> Result<Deposited, Failure> {
        let last_four = match end {
            Some(end) => end,
            None => window::last_four(wallet, number, common::now())?.expose().to_owned(),
        };
        let asked = DepositAsked { grant: grant.to_owned(), last_four };
        let body = zeroize::Zeroizing::new(serde_json::to_vec(&asked).map_err(|e| Failure::new(Code::Internal).with("detail", e))?);
        self.ask(window::key_of(wallet, number)?, Route::Grants, "", &body)
    }

    /// Has a revocation carried to everybody.
    pub(super) fn take_back(&self, wallet: &Wallet, grant: &GrantId, revocation: &str) -> Result<Revoked, Failure> {
        let unknown = || anju_core::error::Refusal::about(RefusalCode::RequestInvalid, "grant");
        let made = wallet.grants().iter().find(|made| made.id == *grant).ok_or_else(unknown)?;
        let asked = RevocationAsked { revocation: revocation.to_owned() };
        let body = serde_json::to_vec(&asked).map_err(|e| Failure::new(Code::Internal).with("detail", e))?;
        self.ask(window::key_of(wallet, &made.number)?, Route::Revocations, "", &body)
    }

    /// Whose it is.
    pub(super) const fn centre(&self) -> &CentreCode {
        &self.centre
    }

    fn pages(&self, key: &HolderKey) -> Result<Vec<AccessPage>, Failure> {
        let (mut pages, mut query) = (Vec::new(), String::new());
        for _ in 0..PAGES_MAX {
            let page: AccessPage = self.ask(key, Route::Accesses, &query, b"")?;
            let next = page.next.clone();
            pages.push(page);
            match next {
                Some(next) => query = format!("?after={next}"),
                None => break,
            }
        }
        Ok(pages)
    }
}

/// What the holder reads out at the counter.
pub(super) fn code_shown(ctx: Ctx, deposited: &Deposited, centre: &CentreCode) -> String {
    let mut code: Vec<String> = clean(&deposited.code).chars().map(|c| c.to_string()).collect();
    if code.len() == 8 {
        code.insert(4, " ".to_owned());
    }
    let until = deposited.expires.legal_text();
    ctx.fill("holder.left", &[("code", &code.join(" ")), ("centre", centre.as_str()), ("until", &until)])
}

pub(super) fn fetch(ctx: Ctx, args: &Fetch) -> Result<Done, Failure> {
    let mut file = args.wallet.open(ctx)?;
    let charter = kept_charter(&file.wallet)?;
    let window = Window::open(&args.window, &charter)?;
    let (mut received, mut waiting) = (Vec::new(), 0_usize);
    for holder in window::waiting_at(&file.wallet, &window.centre) {
        let Some(key) = file.wallet.key(&holder) else { continue };
        let found: CertificatesFound = match window.ask(key, Route::Certificates, "", b"") {
            Ok(found) => found,
            Err(failure) if failure.is_refusal(RefusalCode::HolderUnknown) => {
                waiting += 1;
                continue;
            }
            Err(failure) => return Err(failure),
        };
        for text in found.certificates {
            received.push(take_in(&mut file.wallet, &charter, &text)?.1);
            file.save().map_err(|e| args.wallet.failure(e))?;
        }
    }
    let numbers: Vec<&str> = received.iter().map(CertificateNumber::as_str).collect();
    let json = json!({ "centre": window.centre, "received": received, "waiting": waiting });
    let key = if received.is_empty() { "holder.fetched-none" } else { "holder.fetched" };
    let values = [("numbers", numbers.join(" ")), ("centre", window.centre.to_string()), ("waiting", waiting.to_string())];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Ok(Done::new(json, ctx.fill(key, &values)))
}

pub(super) fn accesses(ctx: Ctx, args: &Accesses) -> Result<Done, Failure> {
    if let Some(out) = args.out.as_ref().filter(|out| out.symlink_metadata().is_ok()) {
        return Err(Failure::new(Code::OutputExists).with("path", common::shown(out)));
    }
    let mut file = args.wallet.open(ctx)?;
    let charter = kept_charter(&file.wallet)?;
    let pages = match (args.window.open(&charter)?, &args.file) {
        (Some(window), _) => asked_pages(&file.wallet, &window)?,
        (None, Some(path)) => {
            let text = common::read_text_of(path, ACCESSES_FILE_MAX_BYTES)?;
            serde_json::from_str(&text).map_err(|e| Failure::new(Code::EvidenceBad).with("detail", e))?
        }
        (None, None) => return Err(Code::Usage.into()),
    };
    if let Some(out) = &args.out {
        let text = serde_json::to_vec(&pages).map_err(|e| Failure::new(Code::Internal).with("detail", e))?;
        common::write_out(out, &text, atomic::PRIVATE)?;
    }
    let mut opened: Vec<Looked> = pages.iter().flat_map(|page| looked(&file.wallet, &charter, page)).collect();
    note_uses(&mut file.wallet, &opened);
    file.save().map_err(|e| args.wallet.failure(e))?;
    opened.sort_by_key(|one| one.access.as_ref().map_or(i64::MIN, |access| access.at.0));
    Ok(listed(ctx, &charter, &opened))
}

/// The wallet remembers how often each of its grants was used, as far as was read now.
fn note_uses(wallet: &mut Wallet, looked: &[Looked]) {
    let read: BTreeSet<&CertificateNumber> = looked.iter().map(|one| &one.certificate).collect();
    let about = |made: &&GrantMade| read.contains(&made.number);
    let ids: Vec<GrantId> = wallet.grants().iter().filter(about).map(|made| made.id).collect();
    let mut places: BTreeMap<GrantId, BTreeSet<(&CentreCode, u64)>> = ids.into_iter().map(|id| (id, BTreeSet::new())).collect();
    for one in looked {
        let access = one.access.as_ref().filter(|access| access.refused.is_none());
        if let Some(uses) = access.and_then(|access| places.get_mut(&access.grant)) {
            uses.insert((&one.author, one.index));
        }
    }
    for (id, uses) in places {
        wallet.note_uses(&id, u32::try_from(uses.len()).unwrap_or(u32::MAX), common::now());
    }
}

/// The pages of every certificate that this window has to do with.
fn asked_pages(wallet: &Wallet, window: &Window<'_>) -> Result<Vec<AccessPage>, Failure> {
    let mut pages = Vec::new();
    for held in wallet.certificates() {
        let granted = || wallet.grants().iter().any(|made| made.number == held.number && made.audience == window.centre);
        if held.issuer.centre == window.centre || granted() {
            pages.extend(window.pages(window::key_of(wallet, &held.number)?)?);
        }
    }
    Ok(pages)
}

/// One line: where it stands, and what it says if that could be read.
struct Looked {
    certificate: CertificateNumber,
    author: CentreCode,
    index: u64,
    access: Option<Access>,
    /// Why it could not be read; nothing also where the record's time is over.
    fault: Option<&'static str>,
}

fn looked(wallet: &Wallet, charter: &Charter, page: &AccessPage) -> Vec<Looked> {
    let keys = window::keys_of(wallet, &page.certificate);
    let open = |one: &anju_core::window::AccessEvidence| -> Result<Access, &'static str> {
        let author = charter.author(&one.author).ok_or("not-a-member")?;
        let evidence = STANDARD.decode(one.evidence.as_deref().unwrap_or_default()).map_err(|_| "malformed")?;
        let mut opened = Err("holder-mismatch");
        for key in &keys {
            let access = window::open_access(key, &page.certificate, &author, (&one.author, one.index), &evidence);
            opened = access.map_err(|fault| fault.code.as_str());
            if opened.is_ok() {
                break;
            }
        }
        opened
    };
    let read = |one: &anju_core::window::AccessEvidence| {
        let (access, fault) = match one.evidence.as_ref().map(|_| open(one)) {
            Some(Ok(access)) => (Some(access), None),
            Some(Err(fault)) => (None, Some(fault)),
            None => (None, None),
        };
        Looked { certificate: page.certificate.clone(), author: one.author.clone(), index: one.index, access, fault }
    };
    page.accesses.iter().map(read).collect()
}

fn listed(ctx: Ctx, charter: &Charter, looked: &[Looked]) -> Done {
    let mut rows = vec![ctx.say("holder.access-columns").split('|').map(str::to_owned).collect::<Vec<_>>()];
    let mut lines: Vec<Value> = Vec::new();
    for one in looked {
        // Who looked; the author of the record where the issuer answered for it is another.
        let who = one.access.as_ref().and_then(|access| access.asker.as_ref()).unwrap_or(&one.author);
        let name = charter.member(who).map(|member| clean(&member.name)).unwrap_or_default();
        let mut row = vec!["-".to_owned(), format!("{who} {name}"), one.certificate.to_string()];
        let outcome = match &one.access {
            Some(access) => {
                row[0] = access.at.legal_text();
                row.extend([clean(&access.matter), mode_of(ctx, access), fields_of(access), clean(&access.business_no)]);
                access
                    .refused
                    .map_or_else(|| ctx.say("holder.access-read"), |code| ctx.fill("holder.access-refused", &[("code", code.as_str())]))
            }
            None => {
                row.extend(["-"; 4].map(str::to_owned));
                one.fault.map_or_else(|| ctx.say("holder.access-gone"), |fault| ctx.fill("holder.access-bad", &[("fault", fault)]))
            }
        };
        row.push(outcome);
        rows.push(row);
        lines.push(line_of(one, who));
    }
    let text = if looked.is_empty() { ctx.say("holder.access-none") } else { table(&rows) };
    Done::new(json!({ "accesses": lines }), text)
}

/// The same for a program.
fn line_of(one: &Looked, who: &CentreCode) -> Value {
    let mut line = json!({ "certificate": one.certificate, "centre": who, "author": one.author, "index": one.index, "fault": one.fault });
    if let Some(access) = &one.access {
        line["at"] = json!(access.at);
        line["grant"] = json!(access.grant);
        line["matter"] = json!(access.matter);
        line["mode"] = json!(access.mode.as_deref().unwrap_or(Mode::Details.code()));
        line["fields"] = json!(access.fields);
        line["business_no"] = json!(access.business_no);
        line["refused"] = json!(access.refused);
    }
    line
}

fn mode_of(ctx: Ctx, access: &Access) -> String {
    let code = access.mode.as_deref().unwrap_or(Mode::Details.code());
    ctx.lang.find(&format!("mode.{code}")).unwrap_or_else(|| clean(code))
}

fn fields_of(access: &Access) -> String {
    if access.fields.is_empty() { "-".to_owned() } else { clean(&access.fields.join(",")) }
}
