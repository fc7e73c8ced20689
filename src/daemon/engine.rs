//! The loop: inputs in groups, one transaction a group, and effects in the order that makes them safe: persist, keep the head, send,
//! reply.
//!
//! When a write fails, nothing of the group happened: the transaction is rolled back, who asked is told, and a fresh node goes on over
//! the store as it was. A node keeps nothing durable, so nothing else is lost.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anju_core::charter::{CentreKeys, Charter, CharterError};
use anju_core::desk::Event;
use anju_core::error::ShelfError;
use anju_core::names::{CentreCode, StationKey};
use anju_core::node::{Effect, Env, Input, Node, Settings, Verdict};
use anju_core::shelf::KeptHead;
use anju_core::time::Time;
use rand_core::CryptoRng;
use tokio::sync::mpsc;

use crate::store::{Store, StoreError, head_file};

/// Most inputs in one transaction.
pub const GROUP_MAX: usize = 64;
/// Most follow-ups ([`Input::Stored`]) in one transaction, so that a group ends.
pub const FOLLOW_UPS_MAX: usize = 256;

/// What leaves the loop for the network, the desk and the source.
#[derive(Debug)]
pub enum Out {
    /// Publish an announcement.
    Announce(Vec<u8>),
    /// Judge a gossip message.
    Judge(u64, Verdict),
    /// Ask a station.
    Call(StationKey, u64, Vec<u8>),
    /// Answer a station.
    Answer(u64, Vec<u8>),
    /// Answer at the desk.
    Reply(u64, Box<Event>),
    /// Look an account up.
    ReadSource(u64, String),
}

/// What a node is made of, to make another when a write failed.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The centre.
    pub centre: CentreCode,
    /// Its keys.
    pub keys: CentreKeys,
    /// The charter.
    pub charter: Charter,
    /// What the centre tunes.
    pub settings: Settings,
}

impl Recipe {
    fn node(&self) -> Result<Node, CharterError> {
        Node::new(self.centre.clone(), self.keys.clone(), self.charter.clone(), self.settings.clone())
    }
}

/// Why a group came to nothing.
#[derive(Debug, thiserror::Error)]
enum GroupError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Shelf(#[from] ShelfError),
}

impl GroupError {
    fn code(&self) -> &'static str {
        match self {
            Self::Store(StoreError::Full) => "store-full",
            Self::Shelf(ShelfError::Damaged(_)) | Self::Store(StoreError::Damaged(_) | StoreError::DamagedRow { .. }) => "store-damaged",
            Self::Store(_) | Self::Shelf(ShelfError::Failed(_)) => "store-failed",
        }
    }
}

/// Node, store and what they need.
pub struct Engine {
    recipe: Recipe,
    node: Node,
    store: Store,
    kept_head: PathBuf,
    rng: Box<dyn CryptoRng + Send>,
    clock: fn() -> Time,
    connected: BTreeSet<StationKey>,
    /// Desk requests without a closing event yet.
    open: BTreeSet<u64>,
}

/// The machine's clock.
#[must_use]
pub fn machine_clock() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
    Time(i64::try_from(since).unwrap_or(i64::MAX))
}

impl Engine {
    /// Puts an engine together.
    ///
    /// # Errors
    /// [`CharterError`] when the charter is not this centre's.
    pub fn new(
        recipe: Recipe,
        store: Store,
        kept_head: PathBuf,
        rng: Box<dyn CryptoRng + Send>,
        clock: fn() -> Time,
    ) -> Result<Self, CharterError> {
        let node = recipe.node()?;
        Ok(Self { recipe, node, store, kept_head, rng, clock, connected: BTreeSet::new(), open: BTreeSet::new() })
    }

    /// Runs until every sender of `inputs` is gone. Blocks: give it a thread of its own.
    pub fn run(mut self, mut inputs: mpsc::Receiver<Input>, mut out: impl FnMut(Out)) {
        let first = Input::Started { kept: self.kept() };
        self.group(vec![first], &mut out);
        while let Some(input) = inputs.blocking_recv() {
            let mut group = vec![input];
            while group.len() < GROUP_MAX
                && let Ok(input) = inputs.try_recv()
            {
                group.push(input);
            }
            self.group(group, &mut out);
        }
        if let Err(error) = self.store.checkpoint() {
            tracing::warn!(%error, "the write-ahead log was not folded in");
        }
    }

    /// The head kept outside the store. One that cannot be read counts as missing: the peer then asks the others before it writes.
    fn kept(&self) -> Option<KeptHead> {
        head_file::read(&self.kept_head)
            .inspect_err(|error| tracing::warn!(%error, "the kept head cannot be read; writing waits for the other members"))
            .ok()
            .flatten()
    }

    /// Handles a group in one transaction, then lets its effects out.
    pub fn group(&mut self, inputs: Vec<Input>, out: &mut impl FnMut(Out)) {
        for input in &inputs {
            match input {
                Input::Connected(station) => {
                    self.connected.insert(*station);
                }
                Input::Disconnected(station) => {
                    self.connected.remove(station);
                }
                Input::Desk { token, .. } => {
                    self.open.insert(*token);
                }
                Input::Started { .. }
                | Input::Tick
                | Input::Announcement { .. }
                | Input::Asked { .. }
                | Input::Answered { .. }
                | Input::CallFailed { .. }
                | Input::Source { .. }
                | Input::Stored => {}
            }
        }
        match self.handle(inputs) {
            Ok(effects) => self.let_out(effects, out),
            Err(error) => self.start_over(&error, out),
        }
    }

    fn handle(&mut self, inputs: Vec<Input>) -> Result<Vec<Effect>, GroupError> {
        self.store.begin()?;
        let (mut queue, mut rest, mut follow_ups) = (VecDeque::from(inputs), Vec::new(), 0);
        while let Some(input) = queue.pop_front() {
            let mut env = Env { now: (self.clock)(), rng: &mut *self.rng, shelf: self.store.as_shelf() };
            let mut follow = false;
            for effect in self.node.handle(&mut env, input)? {
                match effect {
                    Effect::Write(write) => self.store.apply(&write)?,
                    Effect::WhenStored => follow = true,
                    Effect::KeepHead(_)
                    | Effect::Announce(_)
                    | Effect::Judge { .. }
                    | Effect::Call { .. }
                    | Effect::Answer { .. }
                    | Effect::Reply { .. }
                    | Effect::ReadSource { .. } => rest.push(effect),
                }
            }
            if follow && follow_ups < FOLLOW_UPS_MAX {
                follow_ups += 1;
                queue.push_front(Input::Stored);
            }
        }
        self.store.commit()?;
        // Only the newest head matters, and nothing may leave before it is kept.
        let newest = rest.iter().rev().find_map(|effect| if let Effect::KeepHead(head) = effect { Some(head) } else { None });
        if let Some(head) = newest {
            head_file::write(&self.kept_head, head)?;
        }
        Ok(rest)
    }

    fn let_out(&mut self, effects: Vec<Effect>, out: &mut impl FnMut(Out)) {
        let mut replies = Vec::new();
        for effect in effects {
            match effect {
                Effect::Announce(bytes) => out(Out::Announce(bytes)),
                Effect::Judge { source, verdict } => out(Out::Judge(source, verdict)),
                Effect::Call { to, call, bytes } => out(Out::Call(to, call, bytes)),
                Effect::Answer { token, bytes } => out(Out::Answer(token, bytes)),
                Effect::ReadSource { reading, account_no } => out(Out::ReadSource(reading, account_no)),
                Effect::Reply { token, event } => replies.push((token, event)),
                Effect::Write(_) | Effect::KeepHead(_) | Effect::WhenStored => {}
            }
        }
        for (token, event) in replies {
            if event.closes() {
                self.open.remove(&token);
            }
            out(Out::Reply(token, event));
        }
    }

    /// Nothing of the group happened: tell who waits, and go on with a fresh node.
    fn start_over(&mut self, error: &GroupError, out: &mut impl FnMut(Out)) {
        self.store.rollback();
        tracing::error!(code = error.code(), %error, "nothing was written; the requests in hand are answered as failed");
        for token in std::mem::take(&mut self.open) {
            let failed = Event::Failed { code: error.code().to_owned(), detail: error.to_string() };
            out(Out::Reply(token, Box::new(failed)));
        }
        match self.recipe.node() {
            Ok(node) => self.node = node,
            Err(error) => {
                tracing::error!(%error, "the charter no longer fits");
                return;
            }
        }
        // Feeding these must not write, or a full disk would bring us back here for ever: a start only writes a heartbeat, and a failed
        // heartbeat is tried again by the next tick.
        let kept = self.kept();
        let again: Vec<_> = std::iter::once(Input::Started { kept }).chain(self.connected.iter().copied().map(Input::Connected)).collect();
        match self.handle(again) {
            Ok(effects) => self.let_out(effects, out),
            Err(error) => {
                self.store.rollback();
                tracing::warn!(code = error.code(), "the store still cannot be written");
            }
        }
    }
}
