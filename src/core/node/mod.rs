//! The state machine of a peer: [`Input`]s in, [`Effect`]s out.
//!
//! Cut by conversation; each file has its own state, inputs, effects and tests:
//!
//! | file | conversation |
//! | --- | --- |
//! | [`publish`] | the own journal grows: rows, heartbeats, and when this peer may not write |
//! | [`replicate`] | every other journal comes here: announcements, heads, frames |
//! | [`serve`] | other stations ask |
//! | [`apply`] | rows that an older version kept without knowing them get their meaning |
//! | [`repair`] | payloads that are damaged come again, payloads whose time is over go |
//! | [`issue`] | certificates are issued, listed and ended |
//! | [`query`] | a grant is used: pull, verify, release, record |
//! | [`interact`] | what only the issuer can answer: check, evaluate, status |
//! | [`revoke`] | a holder takes a grant back |
//! | `agent` | somebody presents a grant in its holder's place |
//! | `holder` | a holder has another key |
//! | [`operator`] | our own people ask: who they are, what their role allows |
//! | [`list`] | the blacklist: due process, lookups, imports, exports, endings |
//! | [`matter`] | matters and catalogues are published and shown, and ours bind what we ask |
//! | [`dossier`] | cases that several centres write together: replies, marks, notes |
//! | [`second`] | stations of a centre that do not write, and its writer |
//! | [`membership`] | the charter changes: proposals, votes, epochs, candidates |
//! | [`fork`] | a centre has signed two histories: proven, told, contained |
//! | [`audit`] | what our people did is committed to |
//! | `prove` | auditors look into journals and take evidence with them |
//! | [`vector`] | how far we have applied every journal is declared |
//! | [`house`] | the peer itself: log, store, backups, keys |
//! | [`witness`] | other journals are cosigned, and what others cosigned is gathered |
//! | [`sync`] | somebody waits until this peer is current |
//! | [`status`] | how the peer is |
//! | [`accesses`] | who looked at certificates of ours is told to our auditor |
//! | [`window`] | holders ask at the citizens' door; grants wait there |
//!
//! [`message`] and [`announce`] are what travels, [`project`] is what statements mean for the tables. Nothing durable lives in this
//! state: after a crash, or after a write that failed, a fresh node over the same shelf goes on.

pub mod accesses;
pub mod agent;
pub mod announce;
pub mod apply;
pub mod audit;
pub mod dossier;
pub mod fork;
mod holder;
pub mod house;
pub mod interact;
mod io;
pub mod issue;
pub mod list;
pub mod matter;
pub mod membership;
pub mod message;
pub mod operator;
pub mod project;
mod prove;
pub mod publish;
pub mod query;
pub mod repair;
pub mod replicate;
pub mod revoke;
pub mod second;
pub mod serve;
pub mod status;
pub mod sync;
#[cfg(test)]
mod tests;
pub mod vector;
pub mod window;
pub mod witness;

pub use io::{Effect, Env, HouseAsk, Input, Verdict};

use std::collections::BTreeMap;

use crate::charter::{CentreKeys, Charter, EpochSecrets, Seat};
use crate::desk;
use crate::error::{FaultCode, Refusal, RefusalCode, ShelfError};
use crate::journal::Author;
use crate::names::{CentreCode, StationKey};
use crate::shelf::Write;
use crate::time::{MINUTE_MS, SECOND_MS, Time};

/// A journal whose author has been silent longer than this is stale: two heartbeats of 10 minutes and some.
pub const STALE_AFTER_MS: i64 = 21 * MINUTE_MS;

/// What a centre may tune; the defaults are for production.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How often a random station is asked for its heads, in milliseconds.
    pub anti_entropy_ms: i64,
    /// How often the own head is signed anew when nothing was written, in milliseconds; at most 10 minutes.
    pub heartbeat_ms: i64,
    /// How long a query waits for a certificate that is not here, in milliseconds.
    pub pull_patience_ms: i64,
    /// How long a reading is held for the issuer's word on it, in milliseconds; nothing is asked when it is 0.
    pub live_patience_ms: i64,
    /// Days a certificate is valid unless the clerk says otherwise.
    pub valid_days: u32,
    /// The telephone number printed on certificates.
    pub phone: String,
    /// What the centre says about its blacklist.
    pub blacklist: list::Settings,
    /// What it says about its loans.
    pub dossiers: dossier::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            anti_entropy_ms: 30 * SECOND_MS,
            heartbeat_ms: 5 * MINUTE_MS,
            pull_patience_ms: 5 * SECOND_MS,
            live_patience_ms: interact::LIVE_PATIENCE_MS,
            valid_days: 90,
            phone: String::new(),
            blacklist: list::Settings::default(),
            dossiers: dossier::Settings::customary(),
        }
    }
}

/// Why an input came to nothing.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A policy says no.
    Refused(Refusal),
    /// The store failed; whatever this input wanted to write must not be written.
    Shelf(ShelfError),
}

impl From<ShelfError> for Stop {
    fn from(error: ShelfError) -> Self {
        Self::Shelf(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<RefusalCode> for Stop {
    fn from(code: RefusalCode) -> Self {
        Self::Refused(code.into())
    }
}

/// One peer of one centre.
#[derive(Debug)]
pub struct Node {
    centre: CentreCode,
    keys: CentreKeys,
    settings: Settings,
    charter: Charter,
    /// The version that the federation began with.
    founding: std::sync::Arc<Charter>,
    /// The newest epoch's secrets that are here; nothing for an observer.
    secrets: Option<EpochSecrets>,
    authors: BTreeMap<CentreCode, Author>,
    publish: publish::State,
    replicate: replicate::State,
    serve: serve::State,
    apply: apply::State,
    repair: repair::State,
    issue: issue::State,
    query: query::State,
    revoke: revoke::State,
    second: second::State,
    agent: agent::State,
    interact: interact::State,
    list: list::State,
    dossier: dossier::State,
    membership: membership::State,
    fork: fork::State,
    audit: audit::State,
    prove: prove::State,
    house: house::State,
    vector: vector::State,
    sync: sync::State,
    window: window::State,
    witness: witness::State,
    /// The time of the last input, to notice a clock that jumps back.
    last_now: Option<Time>,
    clock_jumped_back: bool,
}

impl Node {
    /// A peer of `centre` in its seat. The first input must be [`Input::Started`].
    #[must_use]
    pub fn new(centre: CentreCode, keys: CentreKeys, seat: Seat, settings: Settings) -> Self {
        let Seat { charter, founding, secrets } = seat;
        let authors = charter.authors().map(|author| (author.centre.clone(), author)).collect();
        Self {
            centre,
            keys,
            settings,
            charter,
            founding,
            secrets,
            authors,
            publish: publish::State::default(),
            replicate: replicate::State::default(),
            serve: serve::State::default(),
            apply: apply::State::default(),
            repair: repair::State::default(),
            issue: issue::State::default(),
            query: query::State::default(),
            revoke: revoke::State::default(),
            second: second::State::default(),
            agent: agent::State::default(),
            interact: interact::State::default(),
            list: list::State::default(),
            dossier: dossier::State::default(),
            membership: membership::State::default(),
            fork: fork::State::default(),
            audit: audit::State::default(),
            prove: prove::State::default(),
            house: house::State::default(),
            vector: vector::State::default(),
            sync: sync::State::default(),
            window: window::State::default(),
            witness: witness::State::default(),
            last_now: None,
            clock_jumped_back: false,
        }
    }

    /// The node that takes this one's place after a write failed: it has forgotten every conversation. Its first input must be
    /// [`Input::Started`]. The numbers of calls and readings go on where this one's ended: a late answer must not be taken for the
    /// answer to something else.
    #[must_use]
    pub fn successor(&self) -> Self {
        Self {
            centre: self.centre.clone(),
            keys: self.keys.clone(),
            settings: self.settings.clone(),
            charter: self.charter.clone(),
            founding: std::sync::Arc::clone(&self.founding),
            secrets: self.secrets.clone(),
            authors: self.authors.clone(),
            publish: self.publish.successor(),
            replicate: self.replicate.successor(),
            // How often others have asked is not forgotten: a failed write is no leave to ask more.
            serve: self.serve.clone(),
            apply: apply::State::default(),
            repair: repair::State::default(),
            issue: self.issue.successor(),
            query: query::State::default(),
            revoke: self.revoke.clone(),
            second: self.second.successor(),
            agent: self.agent.clone(),
            interact: self.interact.successor(),
            list: self.list.successor(),
            dossier: dossier::State::default(),
            membership: self.membership.successor(),
            fork: fork::State::default(),
            audit: audit::State::default(),
            prove: prove::State::default(),
            house: self.house.clone(),
            vector: self.vector.successor(),
            sync: sync::State::default(),
            // Nor which requests of holders were seen.
            window: self.window.clone(),
            witness: witness::State::default(),
            last_now: self.last_now,
            clock_jumped_back: self.clock_jumped_back,
        }
    }

    /// The centre this peer speaks for.
    #[must_use]
    pub const fn centre(&self) -> &CentreCode {
        &self.centre
    }

    /// The charter it works under.
    #[must_use]
    pub const fn charter(&self) -> &Charter {
        &self.charter
    }

    /// Takes one input and says what shall happen.
    ///
    /// # Errors
    /// [`ShelfError`]: nothing of this input may be carried out. A desk request among them is answered as failed by the shell.
    pub fn handle(&mut self, env: &mut Env<'_>, input: Input) -> Result<Vec<Effect>, ShelfError> {
        let mut out = Vec::new();
        self.watch_clock(env.now);
        match input {
            Input::Started { kept } => {
                self.membership_started(env)?;
                self.start(env, kept.as_ref())?;
                self.forks_read(env, &mut out)?;
                out.push(Effect::Admit(self.admitted()));
                self.window_started(env.now);
            }
            Input::Tick => self.tick(env, &mut out)?,
            Input::Connected(station) => self.connected(station, env, &mut out)?,
            Input::Disconnected(station) => self.disconnected(station),
            Input::Announcement { from, source, bytes } => self.announcement(env, from, source, &bytes, &mut out)?,
            Input::Asked { from, token, bytes } => self.asked(env, from, token, &bytes, &mut out)?,
            Input::Answered { from, call, answer } => self.answered(env, from, call, answer, &mut out)?,
            Input::CallFailed { call } => self.call_failed(env, call, &mut out)?,
            Input::Desk { token, request } => self.desk(env, token, request, &mut out)?,
            Input::Window { token, asked } => self.window(env, token, &asked, &mut out)?,
            Input::Source { reading, facts } => self.source_answered(env, reading, facts, &mut out)?,
            Input::Derived { job, secrets } => self.derived(env, job, secrets, &mut out)?,
            Input::BackedUp { outcome } => self.backed_up(env, outcome, &mut out)?,
            Input::Keys(keys) => self.keys_came(env, *keys, &mut out)?,
            Input::Stored => self.stored(env, &mut out)?,
            Input::Again => {
                self.import_goes_on(env, &mut out)?;
                self.audit_check_goes_on(env, &mut out)?;
                self.scrub_goes_on(env, &mut out)?;
            }
        }
        self.objections_heard(env, &mut out)?;
        self.peppers_seen(&out);
        self.tell_forwarded(env, &mut out);
        Ok(out)
    }

    fn tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        self.membership_tick(env, out)?;
        self.fork_tick(env, out)?;
        self.replicate_tick(env, out)?;
        self.handover_tick(env, out)?;
        self.forwarded_tick(env.now);
        self.repair_tick(env, out)?;
        self.witness_tick(env, out)?;
        self.sync_tick(env, out)?;
        self.import_tick(env, out)?;
        self.again_tick(env, out)?;
        self.answering_tick(env, out)?;
        self.outbox_tick(env, out)?;
        self.forget_answers(env, out);
        self.window_tick(env, out)?;
        // Each of these may append to the own journal, and an input appends at most once: see `publish`.
        let appended = self.query_tick(env, out)? || self.asking_tick(env, out)? || self.dossier_tick(env, out)?;
        if !appended && !self.own_rows_tick(env, out)? {
            self.heartbeat_tick(env, out)?;
        }
        self.apply_tick(env, out)
    }

    /// Rows of our own that are due by the clock, all under one head. Returns whether there were any.
    fn own_rows_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<bool, ShelfError> {
        if self.may_write().is_err() {
            return Ok(false);
        }
        self.cases_due(env, out)?;
        let (mut effects, mut entries) = (Vec::new(), Vec::new());
        self.hits_due(env, &mut entries, &mut effects)?;
        self.audit_due(env, &mut entries)?;
        self.vector_due(env, &mut entries)?;
        self.membership_due(env, &mut entries)?;
        self.forks_due(env, &mut entries)?;
        if entries.is_empty() {
            return Ok(false);
        }
        match self.append(env, entries, out) {
            Ok(_) => {
                out.append(&mut effects);
                Ok(true)
            }
            Err(Stop::Refused(_)) => Ok(false),
            Err(Stop::Shelf(error)) => Err(error),
        }
    }

    fn stored(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        self.pull_what_is_missing(env, out)?;
        self.certificates_stored(env, out)?;
        self.query_tick(env, out)?;
        Ok(())
    }

    fn desk(&mut self, env: &mut Env<'_>, token: u64, request: desk::Request, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        match self.forward(env, token, request, out) {
            Some(request) => self.desk_here(env, token, request, out),
            None => Ok(()),
        }
    }

    fn desk_here(&mut self, env: &mut Env<'_>, token: u64, request: desk::Request, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let answered = match request {
            desk::Request::Status => self.status(env).map(|status| Some(desk::Event::Status(Box::new(status)))),
            desk::Request::Trends => {
                out.push(Effect::House { token, ask: HouseAsk::Trends });
                Ok(None)
            }
            desk::Request::Logs { after, limit } => Self::logs(token, after, limit, out).map(|()| None),
            desk::Request::System => self.system(env, token, out).map(|()| None),
            desk::Request::CertificateList { after, limit } => self.certificate_list(env, after.as_ref(), limit).map(Some),
            desk::Request::CertificateShow { number } => self.certificate_show(env, &number).map(Some),
            desk::Request::CertificateFile { number } => self.certificate_file(env, &number).map(Some),
            desk::Request::Operators => self.operators(env).map(Some),
            desk::Request::OperatorKey { name } => self.operator_key(env, &name).map(Some),
            desk::Request::GrantRevoke { text } => self.revoke(env, &text, out).map(Some),
            desk::Request::Act(signed) => self.act(env, token, &signed, out),
            desk::Request::Sync { timeout_ms } => self.sync(env, token, timeout_ms, out).map(|()| None),
            desk::Request::Matters { centre, after, limit } => self.matters(env, centre, after.as_ref(), limit).map(Some),
            desk::Request::Matter { centre, code, day } => self.matter(env, centre, &code, day).map(Some),
            desk::Request::Federation => self.federation(env).map(Some),
            desk::Request::CharterLinks { after } => Self::charter_links(env, after).map(Some),
            desk::Request::FederationHistory { before, limit } => self.federation_history(env, before, limit).map(Some),
            desk::Request::Catalogues => self.catalogues(env).map(Some),
            desk::Request::Catalogue { centre } => self.catalogue(env, centre).map(Some),
        };
        let event = match answered {
            Ok(Some(event)) => event,
            Ok(None) => return Ok(()),
            Err(Stop::Refused(refusal)) => desk::Event::Refused { refusal, about: None },
            Err(Stop::Shelf(error)) => return Err(error),
        };
        out.push(Effect::Reply { token, event: Box::new(event) });
        Ok(())
    }

    fn author(&self, centre: &CentreCode) -> Option<&Author> {
        self.authors.get(centre)
    }

    fn watch_clock(&mut self, now: Time) {
        if self.last_now.is_some_and(|last| last.since(now) > CLOCK_JUMP_MS) {
            self.clock_jumped_back = true;
        }
        self.last_now = Some(now);
    }
}

/// A clock that goes back by more than this is warned about.
const CLOCK_JUMP_MS: i64 = 5 * SECOND_MS;

fn fault(out: &mut Vec<Effect>, station: StationKey, code: FaultCode) {
    out.push(Effect::Write(Write::Fault { station, code }));
}
