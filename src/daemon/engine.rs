//! The loop: inputs in groups, one transaction a group, and effects in the order that makes them safe: persist, keep the head, send,
//! reply.
//!
//! When a write fails, nothing of the group happened: the transaction is rolled back and a node without memory goes on over the store as
//! it was. Requests that waited for something are answered as failed, and the group's inputs are tried again, each alone: only those fail
//! that cannot be written. A node keeps nothing durable, so nothing else is lost.
//!
//! A head's place is made ready before the commit and taken after it: whatever can run out of room fails while nothing is counted yet. Should the last step fail nevertheless, nothing that tells of the new head leaves until it is kept.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anju_core::charter::{CentreKeys, Seat};
use anju_core::desk::Event;
use anju_core::error::{RefusalCode, ShelfError};
use anju_core::listing::{Document, Pepper};
use anju_core::names::{CentreCode, StationKey};
use anju_core::node::membership::Admitted;
use anju_core::node::{Effect, Env, HouseAsk, Input, Node, Settings, Verdict};
use anju_core::shelf::KeptHead;
use anju_core::time::Time;
use anju_core::window::Reply;
use rand_core::CryptoRng;
use tokio::sync::mpsc;

use crate::store::{Store, StoreError, head_file};

/// Most inputs in one transaction.
pub const GROUP_MAX: usize = 64;
/// Most follow-ups ([`Input::Stored`]) in one transaction, so that a group ends.
pub const FOLLOW_UPS_MAX: usize = 256;

/// Ticks that are passed over after one that could not be written: the store is tried again after two seconds and not at every tick.
const PAUSE_TICKS: u32 = 8;
const HEAD_NOT_KEPT: &str = "head-not-kept";

/// What leaves the loop for the network, the desk and the source.
#[derive(Debug)]
pub enum Out {
    /// Publish an announcement.
    Announce(Vec<u8>),
    /// Let these stations connect, and no others.
    Admit(Vec<Admitted>),
    /// Read the keys that were made to follow the present ones; whether the charter names others than these already.
    NextKeys(bool),
    /// They are the present ones now; whether the station's is another, too.
    KeysTaken(bool),
    /// Judge a gossip message.
    Judge(u64, Verdict),
    /// Ask a station.
    Call(StationKey, u64, Vec<u8>),
    /// Answer a station.
    Answer(u64, Vec<u8>),
    /// Answer at the desk.
    Reply(u64, Box<Event>),
    /// Answer at the window.
    WindowReply(u64, Reply),
    /// Look an account up.
    ReadSource(u64, String),
    /// Derive subjects' secrets.
    Derive(u64, Vec<(Pepper, Document)>),
    /// Answer at the desk what only the shell knows.
    House(u64, HouseAsk),
}

/// What a node is made of.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The centre.
    pub centre: CentreCode,
    /// Its keys.
    pub keys: CentreKeys,
    /// Its place in the federation.
    pub seat: Seat,
    /// What the centre tunes.
    pub settings: Settings,
}

/// Why a group came to nothing.
#[derive(Debug, thiserror::Error)]
enum GroupError {
    #[error("the database cannot be had: {0}")]
    Begin(StoreError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    #[error("the head cannot be kept: {0}")]
    Head(StoreError),
}

impl GroupError {
    fn code(&self) -> &'static str {
        match self {
            Self::Store(StoreError::Full) | Self::Begin(StoreError::Full) | Self::Head(StoreError::Full) => "store-full",
            Self::Shelf(ShelfError::Damaged(_)) | Self::Store(StoreError::Damaged(_) | StoreError::DamagedRow { .. }) => "store-damaged",
            Self::Begin(_) | Self::Store(_) | Self::Shelf(ShelfError::Failed(_)) => "store-failed",
            Self::Head(_) => HEAD_NOT_KEPT,
        }
    }
}

/// Node, store and what they need.
pub struct Engine {
    node: Node,
    /// The node has not been told yet that it starts, nor who is connected.
    fresh: bool,
    store: Store,
    kept_head: PathBuf,
    /// What is kept there.
    kept: Option<KeptHead>,
    rng: Box<dyn CryptoRng + Send>,
    clock: fn() -> Time,
    connected: BTreeSet<StationKey>,
    /// Desk requests without a closing event yet.
    open: BTreeSet<u64>,
    /// Requests at the window without an answer yet.
    at_window: BTreeSet<u64>,
    /// A head that is stored but could not be kept outside the store yet.
    owed: Option<KeptHead>,
    /// So many ticks are passed over.
    pause: u32,
    /// Long work goes on with the next group.
    again: bool,
}

/// The machine's clock.
#[must_use]
pub fn machine_clock() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
    Time(i64::try_from(since).unwrap_or(i64::MAX))
}

impl Engine {
    /// Puts an engine together.
    #[must_use]
    pub fn new(recipe: Recipe, store: Store, kept_head: PathBuf, rng: Box<dyn CryptoRng + Send>, clock: fn() -> Time) -> Self {
        let node = Node::new(recipe.centre, recipe.keys, recipe.seat, recipe.settings);
        // A head that cannot be read counts as missing: the peer then asks the others before it writes.
        let kept = head_file::read(&kept_head)
            .inspect_err(|error| tracing::warn!(%error, "the kept head cannot be read; writing waits for the other members"))
            .ok()
            .flatten();
        let (connected, open, at_window) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Self { node, fresh: true, store, kept_head, kept, rng, clock, connected, open, at_window, owed: None, pause: 0, again: false }
    }

    /// Runs until every sender of `inputs` is gone. Blocks: give it a thread of its own.
    pub fn run(mut self, mut inputs: mpsc::Receiver<Input>, mut out: impl FnMut(Out)) {
        if let Err(error) = self.store.ready_log() {
            tracing::warn!(%error, "the write-ahead log was not made ready; rows take longer to become durable");
        }
        // The first tick says that the peer lives, before anything is answered.
        self.group(vec![Input::Tick], &mut out);
        loop {
            // Long work waits for nobody, and nobody waits for more than one piece of it.
            let mut group = Vec::new();
            if !self.goes_on() {
                let Some(input) = inputs.blocking_recv() else { break };
                group.push(input);
            } else if inputs.is_closed() && inputs.is_empty() {
                break;
            } else {
                group.push(Input::Again);
            }
            while group.len() < GROUP_MAX
                && let Ok(input) = inputs.try_recv()
            {
                group.push(input);
            }
            let idle = group.iter().all(|input| matches!(input, Input::Tick));
            self.group(group, &mut out);
            if idle
                && inputs.is_empty()
                && let Err(error) = self.store.fold_while_idle()
            {
                tracing::warn!(%error, "the write-ahead log was not folded in");
            }
        }
        if let Err(error) = self.store.checkpoint() {
            tracing::warn!(%error, "the write-ahead log was not folded in");
        }
    }

    /// Handles a group in one transaction, then lets its effects out. The engine tells the node by itself that it starts.
    pub fn group(&mut self, mut inputs: Vec<Input>, out: &mut impl FnMut(Out)) {
        inputs.retain(|input| !self.is_passed_over(input));
        inputs.iter().for_each(|input| self.note(input));
        match self.attempt(&inputs, out) {
            Ok(()) => {}
            // Whoever holds the file would have to be waited for again with each input.
            Err(error @ GroupError::Begin(_)) => self.give_up(&inputs, &error, out),
            Err(error) if inputs.len() < 2 => self.give_up(&inputs, &error, out),
            Err(error) => {
                self.start_over(&error, out);
                for input in &inputs {
                    let input = std::slice::from_ref(input);
                    if let Err(error) = self.attempt(input, out) {
                        self.give_up(input, &error, out);
                    }
                }
            }
        }
    }

    /// Whether long work is in hand: the next group is to have [`Input::Again`] in it.
    pub fn goes_on(&mut self) -> bool {
        std::mem::take(&mut self.again)
    }

    /// Whether this is a tick too soon after one that could not be written.
    fn is_passed_over(&mut self, input: &Input) -> bool {
        let passed = matches!(input, Input::Tick) && self.pause > 0;
        self.pause -= u32::from(passed);
        passed
    }

    fn note(&mut self, input: &Input) {
        match input {
            Input::Connected(station) => {
                self.connected.insert(*station);
            }
            Input::Disconnected(station) => {
                self.connected.remove(station);
            }
            Input::Started { .. }
            | Input::Tick
            | Input::Announcement { .. }
            | Input::Asked { .. }
            | Input::Answered { .. }
            | Input::CallFailed { .. }
            | Input::Desk { .. }
            | Input::Window { .. }
            | Input::Source { .. }
            | Input::Derived { .. }
            | Input::BackedUp { .. }
            | Input::Keys(_)
            | Input::Stored
            | Input::Again => {}
        }
    }

    /// Carries a group out, or nothing of it.
    fn attempt(&mut self, inputs: &[Input], out: &mut impl FnMut(Out)) -> Result<(), GroupError> {
        if self.fresh {
            let started = std::iter::once(Input::Started { kept: self.kept.clone() });
            let again: Vec<_> = started.chain(self.connected.iter().copied().map(Input::Connected)).collect();
            let effects = self.handle(&again)?;
            self.fresh = false;
            self.let_out(effects, out);
        }
        if inputs.is_empty() {
            return Ok(());
        }
        let effects = self.handle(inputs)?;
        self.open.extend(asked(inputs));
        self.at_window.extend(asked_at_window(inputs));
        self.let_out(effects, out);
        Ok(())
    }

    fn handle(&mut self, inputs: &[Input]) -> Result<Vec<Effect>, GroupError> {
        self.store.begin().map_err(GroupError::Begin)?;
        let rest = self.decide(inputs)?;
        // Only the newest head matters, and nothing may leave before it is kept.
        let newest = rest.iter().rev().find_map(|effect| if let Effect::KeepHead(head) = effect { Some(head) } else { None });
        let prepared = match (newest, &self.owed) {
            (Some(head), _) => Some((head.clone(), head_file::prepare(&self.kept_head, head).map_err(GroupError::Head)?)),
            (None, Some(owed)) => head_file::prepare(&self.kept_head, owed).ok().map(|prepared| (owed.clone(), prepared)),
            (None, None) => None,
        };
        self.store.commit()?;
        if let Some((head, prepared)) = prepared {
            match prepared.put_in_place() {
                Ok(()) => (self.kept, self.owed) = (Some(head), None),
                Err(error) => {
                    tracing::error!(%error, "the head cannot be kept; nothing that tells of it leaves");
                    self.owed = Some(head);
                }
            }
        }
        Ok(rest)
    }

    /// Lets the node decide and applies its writes inside the open transaction; returns what else shall happen.
    fn decide(&mut self, inputs: &[Input]) -> Result<Vec<Effect>, GroupError> {
        let (mut rest, mut follow_ups) = (Vec::new(), 0);
        for input in inputs {
            let mut next = Some(input.clone());
            while let Some(input) = next.take() {
                let mut env = Env { now: (self.clock)(), rng: &mut *self.rng, shelf: self.store.as_shelf() };
                for effect in self.node.handle(&mut env, input)? {
                    match effect {
                        Effect::Write(write) => self.store.apply(&write)?,
                        Effect::WhenStored if follow_ups < FOLLOW_UPS_MAX => next = Some(Input::Stored),
                        Effect::WhenStored => {}
                        Effect::Again => self.again = true,
                        Effect::KeepHead(_)
                        | Effect::Admit(_)
                        | Effect::NextKeys { .. }
                        | Effect::KeysTaken { .. }
                        | Effect::Announce(_)
                        | Effect::Judge { .. }
                        | Effect::Push { .. }
                        | Effect::Call { .. }
                        | Effect::Answer { .. }
                        | Effect::Reply { .. }
                        | Effect::WindowReply { .. }
                        | Effect::ReadSource { .. }
                        | Effect::Derive { .. }
                        | Effect::House { .. } => rest.push(effect),
                    }
                }
                follow_ups += usize::from(next.is_some());
            }
        }
        Ok(rest)
    }

    fn let_out(&mut self, effects: Vec<Effect>, out: &mut impl FnMut(Out)) {
        let mut replies = Vec::new();
        for effect in effects {
            match effect {
                Effect::Announce(_) | Effect::Push { .. } | Effect::Answer { .. } if self.owed.is_some() => {}
                Effect::Admit(stations) => out(Out::Admit(stations)),
                Effect::NextKeys { named } => out(Out::NextKeys(named)),
                Effect::KeysTaken { moved } => out(Out::KeysTaken(moved)),
                Effect::Announce(bytes) => out(Out::Announce(bytes)),
                Effect::Judge { source, verdict } => out(Out::Judge(source, verdict)),
                Effect::Push { to, call, bytes } | Effect::Call { to, call, bytes } => out(Out::Call(to, call, bytes)),
                Effect::Answer { token, bytes } => out(Out::Answer(token, bytes)),
                Effect::ReadSource { reading, account_no } => out(Out::ReadSource(reading, account_no)),
                Effect::Derive { job, work } => out(Out::Derive(job, work)),
                Effect::WindowReply { token, reply } => {
                    self.at_window.remove(&token);
                    // Whatever it tells of may stand under a head that is not kept.
                    let unkept = || Reply::refused(&RefusalCode::StoreUnavailable.into());
                    out(Out::WindowReply(token, if self.owed.is_some() { unkept() } else { reply }));
                }
                Effect::House { token, ask } => {
                    // A backup is answered by the node when it is made; everything else by whoever takes this.
                    if !matches!(ask, HouseAsk::Backup { .. }) {
                        self.open.remove(&token);
                    }
                    out(Out::House(token, ask));
                }
                Effect::Reply { token, event } if self.owed.is_some() && tells_of_the_head(&event) => {
                    let detail = "the head cannot be kept".to_owned();
                    replies.push((token, Box::new(Event::Failed { code: HEAD_NOT_KEPT.to_owned(), detail })));
                }
                Effect::Reply { token, event } => replies.push((token, event)),
                Effect::Write(_) | Effect::KeepHead(_) | Effect::WhenStored | Effect::Again => {}
            }
        }
        for (token, event) in replies {
            if event.closes() {
                self.open.remove(&token);
            }
            out(Out::Reply(token, event));
        }
    }

    /// These inputs come to nothing.
    fn give_up(&mut self, inputs: &[Input], error: &GroupError, out: &mut impl FnMut(Out)) {
        self.open.extend(asked(inputs));
        self.at_window.extend(asked_at_window(inputs));
        if inputs.iter().any(|input| matches!(input, Input::Tick)) {
            self.pause = PAUSE_TICKS;
        }
        self.start_over(error, out);
    }

    /// Nothing of the inputs happened: tell who waits, and go on with a node without memory.
    fn start_over(&mut self, error: &GroupError, out: &mut impl FnMut(Out)) {
        self.store.rollback();
        // Long work that could not be written is found again by the next tick, not tried in a circle.
        self.again = false;
        tracing::error!(code = error.code(), %error, "nothing was written; the requests that waited are answered as failed");
        for token in std::mem::take(&mut self.open) {
            let failed = Event::Failed { code: error.code().to_owned(), detail: error.to_string() };
            out(Out::Reply(token, Box::new(failed)));
        }
        for token in std::mem::take(&mut self.at_window) {
            out(Out::WindowReply(token, Reply::refused(&RefusalCode::StoreUnavailable.into())));
        }
        self.node = self.node.successor();
        self.fresh = true;
    }
}

/// The desk requests among these inputs.
fn asked(inputs: &[Input]) -> impl Iterator<Item = u64> {
    inputs.iter().filter_map(|input| if let Input::Desk { token, .. } = input { Some(*token) } else { None })
}

/// The requests at the window among these inputs.
fn asked_at_window(inputs: &[Input]) -> impl Iterator<Item = u64> {
    inputs.iter().filter_map(|input| if let Input::Window { token, .. } = input { Some(*token) } else { None })
}

/// Whether an event speaks of something that stands under the newest head, or shows fields for a use that does.
const fn tells_of_the_head(event: &Event) -> bool {
    match event {
        Event::CertificateIssued { .. }
        | Event::CertificateFile { .. }
        | Event::AccessFile(_)
        | Event::CertificateCancelled { .. }
        | Event::GrantRevoked { .. }
        | Event::Answer(_)
        | Event::Case(_)
        | Event::Listing(_)
        | Event::Proposed { .. }
        | Event::Answered { .. }
        | Event::RoundOpened { .. }
        | Event::Evidence(_)
        | Event::Journal(_)
        | Event::JournalProof(_)
        | Event::Published { .. } => true,
        Event::Progress { .. }
        | Event::Status(_)
        | Event::Trends(_)
        | Event::Logs(_)
        | Event::System(_)
        | Event::Backup(_)
        | Event::CertificateList { .. }
        | Event::CertificateShow { .. }
        | Event::Operators { .. }
        | Event::OperatorKey(_)
        | Event::Done
        | Event::Cases { .. }
        | Event::Proof(_)
        | Event::Lookup(_)
        | Event::Screen(_)
        | Event::Export(_)
        | Event::Import(_)
        | Event::Audit { .. }
        | Event::AuditState(_)
        | Event::Scrubbed(_)
        | Event::Account(_)
        | Event::Attested(_)
        | Event::Left(_)
        | Event::Outbox { .. }
        | Event::PickedUp { .. }
        | Event::Accesses { .. }
        | Event::Sync(_)
        | Event::Federation(_)
        | Event::Versions { .. }
        | Event::CharterLinks { .. }
        | Event::Invited { .. }
        | Event::Matters { .. }
        | Event::Matter(_)
        | Event::Catalogues { .. }
        | Event::Catalogue(_)
        | Event::Dossier(_)
        | Event::Dossiers { .. }
        | Event::Loans { .. }
        | Event::Refused { .. }
        | Event::Failed { .. } => false,
    }
}

#[cfg(test)]
mod tests;
