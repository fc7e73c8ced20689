//! Holders ask at the citizens' door, and clerks pick up what they left there.
//!
//! The order of the checks of a request is its cost: header and time, signature, whether a certificate known here is bound to the key, how
//! often the key asks, whether the request came before. What comes after speaks of that certificate only. Nothing is remembered for keys that
//! no centre bound a certificate to, so that whoever makes keys fills nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::audit::{DONE, Told};
use super::{Effect, Env, Node, Stop};
use crate::audit::AuditAction;
use crate::desk::Event;
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::grant::{Presented, Revocation};
use crate::journal::Evidence;
use crate::journal::frame::FRAME_BUDGET_BYTES;
use crate::journal::proof::OnShelf;
use crate::names::{CentreCode, CertificateNumber, Thumbprint};
use crate::operator::{OperatorName, ProvenAct};
use crate::shelf::{CertificateRow, WindowWrite, Write};
use crate::time::{MINUTE_MS, Time};
use crate::window::{
    AccessEvidence, AccessPage, Asked, CertificatesFound, Deposit, DepositAsked, Deposited, LastFour, Limiter, MAX_BODY_BYTES,
    MAX_DEPOSITS, MAX_DEPOSITS_EACH, MAX_MISSES, MAX_TARGET_BYTES, Nonces, Passed, PickupCode, Place, Proven, Rate, Reply, RevocationAsked,
    Revoked, Route, Seen, after, deposit, split,
};

/// How often one holder key may ask: some at once, then one every two seconds.
pub const KEY_RATE: Rate = Rate { burst: 30, every_ms: 2_000 };
/// Most holder keys whose asking is remembered at once.
pub const MAX_KEYS: usize = 16_384;
/// How often an operator may type what no deposit has: some at once, then one a minute.
pub const MISS_RATE: Rate = Rate { burst: 10, every_ms: MINUTE_MS };
/// Most operators whose misses are remembered at once.
pub const MAX_MISSING: usize = 4_096;
/// Most accesses in one page.
pub const MAX_ACCESS_PAGE: usize = 32;
/// Most deposits that one tick lets go.
pub const GONE_PER_TICK: usize = 64;
/// Codes that are tried before it is said that there are none. With all places taken the first is free in more than 999 of 1,000 cases.
const CODES_TRIED: usize = 16;

#[derive(Debug, Clone)]
pub(super) struct State {
    /// Begins with the process, so that what was signed before a restart counts as seen.
    nonces: Option<Nonces>,
    keys: Limiter<Thumbprint>,
    misses: Limiter<OperatorName>,
}

impl Default for State {
    fn default() -> Self {
        Self { nonces: None, keys: Limiter::new(KEY_RATE, MAX_KEYS), misses: Limiter::new(MISS_RATE, MAX_MISSING) }
    }
}

/// A code as the audit log has it.
pub(super) fn masked_code(code: &str) -> String {
    PickupCode::parse(code).map(|code| code.masked()).unwrap_or_default()
}

impl Node {
    /// The process has begun, or goes on after a write that failed: then what was seen stays seen.
    pub(super) fn window_started(&mut self, now: Time) {
        self.window.nonces.get_or_insert_with(|| Nonces::new(now));
    }

    /// A holder asks. Answered at once, whatever it is.
    pub(super) fn window(&mut self, env: &mut Env<'_>, token: u64, asked: &Asked, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let reply = match self.at_window(env, asked, out) {
            Ok(reply) => reply,
            Err(Stop::Refused(refusal)) => Reply::refused(&refusal),
            Err(Stop::Shelf(error)) => return Err(error),
        };
        out.push(Effect::WindowReply { token, reply });
        Ok(())
    }

    fn at_window(&mut self, env: &mut Env<'_>, asked: &Asked, out: &mut Vec<Effect>) -> Result<Reply, Stop> {
        if asked.target.len() > MAX_TARGET_BYTES || asked.body.len() > MAX_BODY_BYTES {
            return Err(RefusalCode::RequestInvalid.into());
        }
        let (path, query) = split(&asked.target);
        let route = Route::find(&asked.method, path).filter(|route| route.is_signed());
        let route = route.ok_or_else(|| Refusal::about(RefusalCode::RequestInvalid, "path"))?;
        let place = Place { federation: self.charter.federation(), centre: &self.centre };
        let proven = asked.prove(place, env.now)?;
        let row = self.certificate_of(env, proven.holder())?;
        self.count(env, &proven)?;
        match route {
            Route::Certificates => self.own_file(env, &row),
            Route::Grants => self.take_deposit(env, &proven, &row, &asked.body, out),
            Route::Revocations => self.take_back(env, &proven, &asked.body, out),
            Route::Accesses => self.accesses(env, &row, after(query)?),
            Route::Health | Route::OpenApi => Err(Refusal::about(RefusalCode::RequestInvalid, "path").into()),
        }
    }

    /// The certificate that a key counts for: one of our own if there is one.
    fn certificate_of(&self, env: &Env<'_>, holder: &Thumbprint) -> Result<CertificateRow, Stop> {
        if let Some(row) = env.shelf.certificate_of_holder(holder, &self.centre)? {
            return Ok(row);
        }
        Err(match env.shelf.holder_ended(holder, None)? {
            Some(at) => Refusal::about(RefusalCode::HolderKeyEnded, at.legal_text()),
            None => RefusalCode::HolderUnknown.into(),
        }
        .into())
    }

    /// Not too often, and not again.
    fn count(&mut self, env: &Env<'_>, proven: &Proven) -> Result<(), Refusal> {
        match self.window.keys.take(env.now, *proven.holder()) {
            Passed::Yes => {}
            Passed::Wait(ms) => return Err(Refusal::about(RefusalCode::TooManyRequests, ms.to_string())),
            Passed::Full => return Err(RefusalCode::WindowBusy.into()),
        }
        let nonces = self.window.nonces.get_or_insert_with(|| Nonces::new(env.now));
        match nonces.see(env.now, proven) {
            Seen::New => Ok(()),
            Seen::Before => Err(RefusalCode::RequestReused.into()),
            Seen::TooOld => Err(Refusal::about(RefusalCode::RequestStale, env.now.0.to_string())),
            Seen::Full => Err(RefusalCode::WindowBusy.into()),
        }
    }

    /// [`Route::Certificates`]: only its issuer hands a certificate out.
    fn own_file(&self, env: &Env<'_>, row: &CertificateRow) -> Result<Reply, Stop> {
        let certificates = if row.issuer == self.centre { vec![self.holder_file(env, row)?] } else { Vec::new() };
        Ok(Reply::json(200, &CertificatesFound { certificates }))
    }

    /// [`Route::Grants`]: whoever signed the request signed the grant, too, and for this centre. Left again it gets another code.
    fn take_deposit(
        &mut self,
        env: &mut Env<'_>,
        proven: &Proven,
        row: &CertificateRow,
        body: &[u8],
        out: &mut Vec<Effect>,
    ) -> Result<Reply, Stop> {
        let invalid = |what| Refusal::about(RefusalCode::RequestInvalid, what);
        let asked: DepositAsked = serde_json::from_slice(body).map_err(|_| invalid("body"))?;
        let last_four = LastFour::parse(&asked.last_four).map_err(|_| invalid("last_four"))?;
        let presented = Presented::parse(&asked.grant)?;
        let claims = presented.claims();
        if presented.holder() != *proven.holder() {
            return Err(RefusalCode::HolderMismatch.into());
        }
        // Others may have issued something to the same key: whose certificate the grant is of counts.
        let named = if claims.number == row.number { Some(row.clone()) } else { env.shelf.certificate(&claims.number)? };
        if named.is_none_or(|named| named.holder != *proven.holder()) {
            return Err(RefusalCode::HolderMismatch.into());
        }
        if let Some(at) = env.shelf.holder_ended(proven.holder(), Some(&claims.number))? {
            return Err(Refusal::about(RefusalCode::HolderKeyEnded, at.legal_text()).into());
        }
        if claims.aud != self.centre {
            return Err(Refusal::about(RefusalCode::WrongCentre, claims.aud.as_str()).into());
        }
        if claims.expires() < env.now {
            return Err(Refusal::about(RefusalCode::GrantExpired, claims.expires().legal_text()).into());
        }
        let former = env.shelf.deposit_of(proven.holder(), &presented.id())?;
        if former.is_none() {
            if env.shelf.deposits(Some(proven.holder()))? >= MAX_DEPOSITS_EACH {
                return Err(Refusal::about(RefusalCode::CeilingExceeded, "deposits").into());
            }
            if env.shelf.deposits(None)? >= MAX_DEPOSITS {
                return Err(RefusalCode::WindowBusy.into());
            }
        }
        let own = env.shelf.local_secret()?;
        let code = fresh_code(env, &own)?;
        let token = code.token(&own);
        let kept = Deposit {
            token,
            holder: *proven.holder(),
            grant: presented.id(),
            expires: claims.expires(),
            misses: 0,
            verifier: deposit::verifier(&own, &token, &last_four),
            text: asked.grant.split_ascii_whitespace().collect(),
        };
        let said = Deposited { code: code.expose().to_owned(), grant: kept.grant, expires: kept.expires };
        out.extend(former.map(|token| Effect::Write(Write::Window(WindowWrite::Gone(token)))));
        out.push(Effect::Write(Write::Window(WindowWrite::Deposited(kept))));
        Ok(Reply::json(201, &said))
    }

    /// [`Route::Revocations`]: carried to everybody as at the desk. What waits here of the grant goes with it.
    fn take_back(&mut self, env: &mut Env<'_>, proven: &Proven, body: &[u8], out: &mut Vec<Effect>) -> Result<Reply, Stop> {
        let asked: RevocationAsked = serde_json::from_slice(body).map_err(|_| Refusal::about(RefusalCode::RequestInvalid, "body"))?;
        let revocation = Revocation::parse(asked.revocation.trim())?;
        if revocation.holder() != *proven.holder() {
            return Err(RefusalCode::HolderMismatch.into());
        }
        let (grant, waits) = (revocation.grant(), env.shelf.deposit_of(proven.holder(), &revocation.grant())?);
        let Event::GrantRevoked { at, .. } = self.revoke(env, &asked.revocation, out)? else {
            return Err(RefusalCode::RequestInvalid.into());
        };
        out.extend(waits.map(|token| Effect::Write(Write::Window(WindowWrite::Gone(token)))));
        Ok(Reply::json(200, &Revoked { grant, at }))
    }

    /// [`Route::Accesses`].
    fn accesses(&self, env: &Env<'_>, row: &CertificateRow, after: Option<(CentreCode, u64)>) -> Result<Reply, Stop> {
        Ok(Reply::json(200, &self.access_page(env, &row.number, after)?))
    }

    /// What is known here of the uses of a certificate, each with its proof and sealed as it stands in its author's journal.
    pub(super) fn access_page(
        &self,
        env: &Env<'_>,
        number: &CertificateNumber,
        after: Option<(CentreCode, u64)>,
    ) -> Result<AccessPage, Stop> {
        let from = after.as_ref().map(|(centre, index)| (centre, *index));
        let mut places = env.shelf.accesses_to(number, from, MAX_ACCESS_PAGE + 1)?;
        let more = places.len() > MAX_ACCESS_PAGE;
        places.truncate(MAX_ACCESS_PAGE);
        let next = places.last().filter(|_| more).map(|(author, index)| format!("{author}.{index}"));
        let mut accesses = Vec::with_capacity(places.len());
        for (author, index) in places {
            let evidence = self.evidence(env, &author, index)?;
            accesses.push(AccessEvidence { author, index, evidence });
        }
        Ok(AccessPage { certificate: number.clone(), accesses, next })
    }

    /// What proves a row, in base64; nothing when it is not whole, or no head over it is held yet.
    fn evidence(&self, env: &Env<'_>, author: &CentreCode, index: u64) -> Result<Option<String>, Stop> {
        let entry = env.shelf.entries(author, index, 1, FRAME_BUDGET_BYTES)?.into_iter().next().filter(|entry| entry.payload.is_some());
        let head = env.shelf.journal(author)?.head.filter(|head| head.size > index);
        let (Some(entry), Some(head)) = (entry, head) else { return Ok(None) };
        let on_shelf = OnShelf { shelf: env.shelf, centre: author };
        let evidence = Evidence::assemble(&on_shelf, author.clone(), index, entry, head.size, head.note)
            .map_err(|error| Stop::Shelf(ShelfError::Damaged(error.to_string())))?;
        Ok(Some(STANDARD.encode(evidence.to_bytes())))
    }

    /// Grants whose time is over are not kept.
    pub(super) fn window_tick(&self, env: &Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let over = env.shelf.deposits_over(env.now, GONE_PER_TICK)?;
        out.extend(over.into_iter().map(|token| Effect::Write(Write::Window(WindowWrite::Gone(token)))));
        Ok(())
    }

    /// [`crate::desk::Act::PickUp`]. Whether it is the code or the characters that are wrong is not said.
    pub(super) fn pick_up(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        code: &str,
        last_four: &str,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        let invalid = |what| Refusal::about(RefusalCode::RequestInvalid, what);
        let code = PickupCode::parse(code).map_err(|_| invalid("code"))?;
        let last_four = LastFour::parse(last_four).map_err(|_| invalid("last_four"))?;
        let operator = act.operator().name.clone();
        if self.window.misses.look(env.now, &operator) != Passed::Yes {
            return Err(RefusalCode::TooManyRequests.into());
        }
        let own = env.shelf.local_secret()?;
        let found = env.shelf.deposit(&code.token(&own))?.filter(|deposit| deposit.expires >= env.now);
        let Some(deposit) = found.as_ref().filter(|deposit| deposit.fits(&own, &last_four)) else {
            self.window.misses.take(env.now, operator);
            out.extend(found.map(|deposit| Effect::Write(Write::Window(missed(&deposit)))));
            return Err(RefusalCode::PickupUnknown.into());
        };
        // What only another history of somebody ends takes nothing away for good: it may turn out never to have been.
        let mut gone = |gone: bool| out.extend(gone.then_some(Effect::Write(Write::Window(WindowWrite::Gone(deposit.token)))));
        if env.shelf.grant_revoked(&deposit.grant, &deposit.holder)?.is_some() {
            gone(env.shelf.grant_revoked_here(&deposit.grant, &deposit.holder)?.is_some());
            return Err(RefusalCode::GrantRevoked.into());
        }
        let number = Presented::parse(&deposit.text).ok().map(|presented| presented.claims().number.clone());
        if let Some(number) = number
            && let Some(at) = env.shelf.holder_ended(&deposit.holder, Some(&number))?
        {
            gone(env.shelf.holder_ended_here(&deposit.holder, &number)?.is_some());
            return Err(Refusal::about(RefusalCode::HolderKeyEnded, at.legal_text()).into());
        }
        self.tell(env, Some(act), vec![Told::new(AuditAction::PickUp, code.masked(), DONE)], out)?;
        Ok(Event::PickedUp { grant: deposit.text.clone(), expires: deposit.expires })
    }
}

/// One more miss, or one too many: then the deposit is gone, and whoever tries on meets nothing.
const fn missed(deposit: &Deposit) -> WindowWrite {
    let misses = deposit.misses.saturating_add(1);
    if misses >= MAX_MISSES { WindowWrite::Gone(deposit.token) } else { WindowWrite::Missed { token: deposit.token, misses } }
}

/// A code that no deposit has.
fn fresh_code(env: &mut Env<'_>, own: &crate::seal::Key) -> Result<PickupCode, Stop> {
    for _ in 0..CODES_TRIED {
        let code = PickupCode::random(env.rng);
        if env.shelf.deposit(&code.token(own))?.is_none() {
            return Ok(code);
        }
    }
    Err(RefusalCode::WindowBusy.into())
}
