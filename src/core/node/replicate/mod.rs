//! Every other journal comes here.
//!
//! Authors, gossip and anti-entropy tell of heads; heads that are longer than what is held are pulled, frame by frame, from any station that
//! holds them; a frame is proven against the rows held before anything of it is stored. What is durable of this conversation is only
//! what was proven; everything in `State` can be forgotten.

mod absent;
mod heads;
mod known;
mod pace;
mod push;
mod rows;
mod stretches;

use std::collections::{BTreeMap, BTreeSet};

use rand_core::CryptoRng;

use super::{Effect, Env, Node, Verdict, announce, fault};
use crate::error::{Fault, FaultCode, ShelfError};
use crate::journal::{Author, Frame, VerifiedHead};
use crate::names::{CentreCode, StationKey};
use crate::node::fork::{Said, Shown};
use crate::node::message::{Ask, Decline, Question, SoundAnswer, Wanted};
use crate::shelf::Head;
use crate::time::{SECOND_MS, Time};
pub use known::{MAX_ASKED_ON_CONNECTING, MAX_HEADS_ASKED, MAX_HEADS_BYTES};
pub use pace::{MAX_PULLS_FROM_ONE, MAX_PULLS_FROM_SLOW, SLOW_AFTER_MS};
pub use push::{MAX_PUSH_BYTES, MAX_PUSHED};
pub use stretches::MAX_STRETCHES;
use stretches::Stretch;

/// Most stretches that are under way or wait for their predecessor at once, over all journals.
pub const MAX_PULLS: usize = 16;
/// How long after a failed question for heads it is asked again. Two ends learn of a connection one after the other, so the first
/// question often comes too early.
pub const ASK_AGAIN_MS: i64 = SECOND_MS;
/// How often everybody is asked while this peer waits for its own rows: until they are back, its centre is silent.
pub const HURRY_EVERY_MS: i64 = 2 * SECOND_MS;
/// How often one connected station is asked for its heads while a journal is behind and nobody connected is known to hold more of it.
pub const SEARCH_EVERY_MS: i64 = 5 * SECOND_MS;
/// A call that was not answered within this is forgotten.
pub const CALL_PATIENCE_MS: i64 = 15 * SECOND_MS;

#[derive(Debug, Default)]
pub(in crate::node) struct State {
    pub(in crate::node) connected: BTreeSet<StationKey>,
    /// The newest head of each journal that was verified here, when it is beyond what is completely held.
    pub(in crate::node) announced: BTreeMap<CentreCode, Head>,
    /// Which stations said they hold how many rows of a journal that we lack.
    holders: BTreeMap<CentreCode, BTreeMap<StationKey, u64>>,
    /// Journals of which several stretches are under way.
    pulled: BTreeMap<CentreCode, stretches::Pulled>,
    pace: pace::State,
    /// Heads kept here that no longer count under the present charter; nothing until that was looked at.
    pub(in crate::node) void: Option<BTreeMap<CentreCode, known::Named>>,
    calls: BTreeMap<u64, Call>,
    next_call: u64,
    last_round: Option<Time>,
    last_hurry: Option<Time>,
    last_search: Option<Time>,
    /// Stations that are asked for their heads again, and since when they are waited for.
    ask_again: BTreeMap<StationKey, Time>,
    absent: absent::State,
    push: push::State,
    /// How far the author's clock was from ours when its newest announcement came, in milliseconds.
    pub(in crate::node) clock_offsets: BTreeMap<CentreCode, i64>,
    /// Journals of which a head that is not older than ours was told since this peer came up, whoever told.
    pub(in crate::node) heard: BTreeSet<CentreCode>,
}

impl State {
    /// For a node that takes another's place: nothing but how far calls were numbered.
    pub(in crate::node) fn successor(&self) -> Self {
        Self { next_call: self.next_call, ..Self::default() }
    }
}

impl State {
    /// What is known of a journal is about rows that are not held any more.
    pub(in crate::node) fn forget_journal(&mut self, centre: &CentreCode) {
        self.announced.remove(centre);
        self.holders.remove(centre);
        self.pulled.remove(centre);
        self.heard.remove(centre);
    }
}

#[derive(Debug)]
struct Call {
    to: StationKey,
    about: About,
    since: Time,
}

/// What a call of ours is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::node) enum About {
    /// Heads, and those that were named.
    Heads(known::Listed),
    Pull {
        centre: CentreCode,
        stretch: Stretch,
    },
    Payloads {
        centre: CentreCode,
        indexes: Vec<u64>,
    },
    Push,
    /// An inquiry of the conversation with this number.
    Inquiry(u64),
    /// The chain of charters.
    Charter,
    /// Cosignatures of witnesses.
    Cosigned(Vec<Wanted>),
    /// How a journal that seems to be forked goes on.
    Bridge(CentreCode),
    /// Another history of a centre that has forked, and which reading of it.
    Beside {
        centre: CentreCode,
        reading: u64,
    },
    /// What only our writer can open.
    Handover,
    /// A request with this number, at our writer.
    Forward(u64),
    /// An inquiry of another centre, at our writer; whose question it answers.
    Relay(u64),
}

impl Node {
    pub(in crate::node) fn connected(&mut self, station: StationKey, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        if self.charter.station(&station).is_none() || !self.replicate.connected.insert(station) {
            return Ok(());
        }
        // When hundreds come at once, some of them know what the others do.
        if self.asks_heads_of_how_many() < MAX_ASKED_ON_CONNECTING { self.ask_heads(env, station, out) } else { Ok(()) }
    }

    pub(in crate::node) fn disconnected(&mut self, station: StationKey) {
        self.replicate.ask_again.remove(&station);
        self.nobody_to_push_to(&station);
        self.replicate.pace.forget(&station);
        self.forget_under(&station);
        // Whoever comes back is asked anew.
        self.replicate.calls.retain(|_, call| call.to != station || !matches!(call.about, About::Heads(_)));
        self.replicate.connected.remove(&station);
    }

    /// Asks a station something and remembers what.
    fn ask(&mut self, env: &Env<'_>, to: StationKey, about: About, out: &mut Vec<Effect>) {
        let question = match &about {
            About::Pull { centre, stretch } => Question::Pull { centre: centre.clone(), from: stretch.from, rows: Some(stretch.rows) },
            About::Payloads { centre, indexes } => Question::Payloads { centre: centre.clone(), indexes: indexes.clone() },
            // These have ways of their own.
            About::Heads(_) | About::Push | About::Inquiry(_) | About::Charter | About::Cosigned(_) => return,
            About::Bridge(_) | About::Beside { .. } => return,
            About::Handover | About::Forward(_) | About::Relay(_) => return,
        };
        let call = self.note_call(Call { to, about, since: env.now });
        let bytes = Ask::under(&self.charter, question).to_bytes();
        out.push(Effect::Call { to, call, bytes });
    }

    /// Whether a station is connected.
    pub(in crate::node) fn is_connected(&self, station: &StationKey) -> bool {
        self.replicate.connected.contains(station)
    }

    /// Takes an inquiry to a station.
    pub(in crate::node) fn call_inquiry(&mut self, env: &Env<'_>, to: StationKey, key: u64, inquiry: Vec<u8>, out: &mut Vec<Effect>) {
        let call = self.note_call(Call { to, about: About::Inquiry(key), since: env.now });
        let bytes = Ask::under(&self.charter, Question::Inquire(inquiry.into())).to_bytes();
        out.push(Effect::Call { to, call, bytes });
    }

    /// Asks a station for the chain of charters.
    pub(in crate::node) fn ask_chain(&mut self, env: &Env<'_>, to: StationKey, question: Question, out: &mut Vec<Effect>) {
        let call = self.note_call(Call { to, about: About::Charter, since: env.now });
        out.push(Effect::Call { to, call, bytes: Ask::under(&self.charter, question).to_bytes() });
    }

    /// Asks a station for cosignatures.
    pub(in crate::node) fn ask_cosigned(&mut self, env: &Env<'_>, to: StationKey, wanted: Vec<Wanted>, out: &mut Vec<Effect>) {
        let bytes = Ask::under(&self.charter, Question::Cosigned(wanted.clone())).to_bytes();
        let call = self.note_call(Call { to, about: About::Cosigned(wanted), since: env.now });
        out.push(Effect::Call { to, call, bytes });
    }

    /// Asks a station how a journal goes on.
    pub(in crate::node) fn ask_bridge(
        &mut self,
        env: &Env<'_>,
        to: StationKey,
        centre: CentreCode,
        question: Question,
        out: &mut Vec<Effect>,
    ) {
        self.ask_journal(env, to, About::Bridge(centre), question, out);
    }

    /// Asks a station about a journal.
    pub(in crate::node) fn ask_journal(&mut self, env: &Env<'_>, to: StationKey, about: About, question: Question, out: &mut Vec<Effect>) {
        let call = self.note_call(Call { to, about, since: env.now });
        out.push(Effect::Call { to, call, bytes: Ask::under(&self.charter, question).to_bytes() });
    }

    /// Asks a station what somebody else has put into bytes.
    pub(in crate::node) fn call_about(&mut self, env: &Env<'_>, to: StationKey, about: About, bytes: Vec<u8>, out: &mut Vec<Effect>) {
        let call = self.note_call(Call { to, about, since: env.now });
        out.push(Effect::Call { to, call, bytes });
    }

    /// How many calls are about such a thing.
    pub(in crate::node) fn calls_about(&self, such: impl Fn(&About) -> bool) -> usize {
        self.replicate.calls.values().filter(|call| such(&call.about)).count()
    }

    /// Which stations are being asked for cosignatures.
    pub(in crate::node) fn asked_cosigned(&self) -> BTreeSet<StationKey> {
        let calls = self.replicate.calls.values().filter(|call| matches!(call.about, About::Cosigned(_)));
        calls.map(|call| call.to).collect()
    }

    fn note_call(&mut self, call: Call) -> u64 {
        self.replicate.next_call += 1;
        self.replicate.calls.insert(self.replicate.next_call, call);
        self.replicate.next_call
    }

    /// Asks a random connected station for payloads that are missing here; `not` only if there is no other.
    pub(in crate::node) fn ask_payloads(
        &mut self,
        env: &mut Env<'_>,
        centre: CentreCode,
        indexes: Vec<u64>,
        not: Option<StationKey>,
        out: &mut Vec<Effect>,
    ) {
        let others = self.replicate.connected.iter().copied().filter(|station| Some(*station) != not);
        if let Some(to) = pick(env.rng, others).or(not.filter(|station| self.replicate.connected.contains(station))) {
            self.ask(env, to, About::Payloads { centre, indexes }, out);
        }
    }

    pub(in crate::node) fn replicate_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let now = env.now;
        self.give_up_calls(env, out)?;
        self.ask_heads_waiting(env, out)?;
        if self.is_restoring() && self.replicate.last_hurry.is_none_or(|last| now.since(last).abs() >= HURRY_EVERY_MS) {
            self.replicate.last_hurry = Some(now);
            self.hurry(env, out)?;
        }
        self.push_tick(env, out)?;
        let due = self.replicate.last_round.is_none_or(|last| now.since(last) >= self.settings.anti_entropy_ms || now < last);
        if due {
            self.replicate.last_round = Some(now);
            if let Some(to) = pick(env.rng, self.replicate.connected.iter().copied()) {
                self.ask_heads(env, to, out)?;
            }
        }
        self.search(env, out)?;
        self.pull_what_is_missing(env, out)
    }

    /// Calls that nobody answered and of which nobody said that they failed.
    fn give_up_calls(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let now = env.now;
        let late = self.replicate.calls.extract_if(.., |_, call| now.since(call.since).abs() >= CALL_PATIENCE_MS);
        for (_, Call { to, about, .. }) in late.collect::<Vec<_>>() {
            if let About::Pull { centre, stretch } = about {
                self.replicate.pace.took(to, CALL_PATIENCE_MS);
                self.too_slow(&centre, &to, stretch);
            } else if let About::Beside { centre, reading } = about {
                self.beside_shown(env, (&centre, reading), Shown::Nothing, out)?;
            } else {
                self.nothing_from_writer(env, &about, out)?;
            }
        }
        Ok(())
    }

    /// Gossip tells of heads whose author is not connected here, and then whoever passed it on may hold the rows: somebody is asked
    /// now, not with the next round.
    fn search(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        if self.replicate.last_search.is_some_and(|last| env.now.since(last).abs() < SEARCH_EVERY_MS) {
            return Ok(());
        }
        for centre in self.replicate.announced.keys() {
            let size = env.shelf.journal(centre)?.size;
            let able = |(station, held): (&StationKey, &u64)| *held > size && self.replicate.connected.contains(station);
            if !self.replicate.holders.get(centre).is_some_and(|holders| holders.iter().any(able)) {
                self.replicate.last_search = Some(env.now);
                if let Some(to) = pick(env.rng, self.replicate.connected.iter().copied()) {
                    self.ask_heads(env, to, out)?;
                }
                return Ok(());
            }
        }
        Ok(())
    }

    /// Asks every connected station for its heads: somebody waits for something.
    pub(in crate::node) fn hurry(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let due = env.now.plus_ms(-ASK_AGAIN_MS);
        for to in self.replicate.connected.clone() {
            if !self.asks_heads_of(&to) {
                let since = self.replicate.ask_again.entry(to).or_insert(due);
                *since = due.min(*since);
            }
        }
        self.ask_heads_waiting(env, out)
    }

    /// A gossip message: opened, checked to be the sender's own, and either stored at once or pulled.
    pub(in crate::node) fn announcement(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        source: u64,
        bytes: &[u8],
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let opened = announce::open(self.charter.founding(), self.epochs(), &from, bytes);
        let verdict = match opened.and_then(|frame| Ok((self.authored(from, &frame)?.clone(), frame))) {
            Ok((author, frame)) => self.heard_by_gossip(env, from, &author, frame, out)?,
            Err(problem) => {
                self.blame(env.now, from, problem.code, out);
                // A message of another epoch may be honest; everything else is the signer's doing.
                if problem.code == FaultCode::Unsealed { Verdict::Ignore } else { Verdict::Reject }
            }
        };
        out.push(Effect::Judge { source, verdict });
        if verdict == Verdict::Accept {
            self.pull_what_is_missing(env, out)?;
        }
        Ok(())
    }

    fn heard_by_gossip(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        author: &Author,
        frame: Frame,
        out: &mut Vec<Effect>,
    ) -> Result<Verdict, ShelfError> {
        let centre = frame.centre.clone();
        // A head that is known to the byte was verified when it came.
        if self.newest_head(env, &centre)?.is_some_and(|known| known.note == frame.note) {
            self.told_of(from, &centre);
            self.replicate.heard.insert(centre.clone());
            return Ok(if self.was_heard_directly(&centre) { Verdict::Accept } else { Verdict::Ignore });
        }
        match author.verify(&frame.note) {
            Ok(head) => self.heard(env, from, frame, head, out),
            Err(problem) => {
                self.blame_the_second_time(env.now, from, problem.code, out);
                Ok(Verdict::Reject)
            }
        }
    }

    /// Who signs the heads of this frame's journal, if that is the centre of the station that tells of it.
    fn authored(&self, from: StationKey, frame: &Frame) -> Result<&Author, Fault> {
        let (member, _) = self.charter.station(&from).ok_or_else(|| Fault::new(FaultCode::NotTheAuthor, "not in the charter"))?;
        if member.centre != frame.centre {
            return Err(Fault::new(FaultCode::NotTheAuthor, format!("{} told of {}", member.centre, frame.centre)));
        }
        self.author(&frame.centre).ok_or_else(|| Fault::new(FaultCode::NotTheAuthor, "no such author"))
    }

    fn heard(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        frame: Frame,
        head: VerifiedHead,
        out: &mut Vec<Effect>,
    ) -> Result<Verdict, ShelfError> {
        let centre = frame.centre.clone();
        if self.writes(&centre) {
            return Ok(Verdict::Ignore);
        }
        let (heartbeat, held) = (head.heartbeat(), env.shelf.journal(&centre)?);
        let verdict = self.learn_head(env, from, &centre, head.clone(), out)?;
        if verdict != Verdict::Accept {
            return Ok(verdict);
        }
        self.replicate.clock_offsets.insert(centre.clone(), env.now.since(heartbeat));
        if frame.entries.is_empty() || frame.from != held.size {
            return Ok(Verdict::Accept);
        }
        match frame.sound().and_then(|frame| self.prove(env, frame, Some(head), &held)) {
            Ok(proven) => {
                self.store_frame(env, (&centre, from), proven, held, out)?;
                Ok(Verdict::Accept)
            }
            Err(problem) => {
                self.blame(env.now, from, problem.code, out);
                Ok(Verdict::Reject)
            }
        }
    }

    /// Another station answered a call of ours.
    pub(in crate::node) fn answered(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        call: u64,
        answer: Result<SoundAnswer, Fault>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let Some(Call { to, about, since }) = self.replicate.calls.remove(&call).filter(|call| call.to == from) else {
            return Ok(()); // Late: we gave it up. Not a fault.
        };
        if matches!(about, About::Pull { .. }) {
            self.replicate.pace.took(to, env.now.since(since).abs());
        }
        if matches!(about, About::Handover | About::Forward(_) | About::Relay(_)) {
            return self.writer_answered(env, from, &about, answer, out);
        }
        match (about, answer) {
            (about, Err(problem)) => {
                self.blame(env.now, from, problem.code, out);
                match about {
                    About::Pull { centre, .. } => self.not_a_holder(&centre, &to),
                    About::Inquiry(key) => self.inquiry_replied(env, from, key, None, out)?,
                    About::Bridge(centre) => self.bridged(env, from, &centre, Said::Nothing, out)?,
                    About::Beside { centre, reading } => self.beside_shown(env, (&centre, reading), Shown::Nothing, out)?,
                    About::Heads(_) | About::Payloads { .. } | About::Push | About::Charter | About::Cosigned(_) => {}
                    About::Handover | About::Forward(_) | About::Relay(_) => {} // These are not looked at here.
                }
            }
            (About::Push, Ok(SoundAnswer::Held(held))) => self.push_ended(env, to, Some(held), out)?,
            (About::Push, Ok(SoundAnswer::Declined(Decline::Busy))) => self.push_ended(env, to, None, out)?,
            (About::Inquiry(key), Ok(SoundAnswer::Replied(reply))) => self.inquiry_replied(env, from, key, Some(&reply), out)?,
            (About::Inquiry(key), Ok(SoundAnswer::Declined(_))) => self.inquiry_replied(env, from, key, None, out)?,
            (About::Heads(listed), Ok(SoundAnswer::Heads(report))) => {
                let under = report.under;
                self.note_under(env.now, from, under);
                self.heads(env, from, &listed, report, out)?;
                self.works_under(env, from, under, out);
                self.ask_heads_waiting(env, out)?;
            }
            (About::Charter, Ok(SoundAnswer::Charter(report))) => self.chain_reported(env, from, report, out)?,
            (About::Cosigned(wanted), Ok(SoundAnswer::Cosigned(reports))) => self.cosigned_reported(env, from, &wanted, reports, out)?,
            (About::Bridge(centre), Ok(SoundAnswer::Bridged(bridge))) => self.bridged(env, from, &centre, Said::Bridge(bridge), out)?,
            (About::Bridge(centre), Ok(SoundAnswer::Declined(Decline::Busy))) => self.bridged(env, from, &centre, Said::Nothing, out)?,
            (About::Bridge(centre), Ok(SoundAnswer::Declined(_))) => self.bridged(env, from, &centre, Said::Declined, out)?,
            (About::Beside { centre, reading }, Ok(answer)) => self.beside_shown(env, (&centre, reading), Shown::of(answer), out)?,
            (About::Pull { centre, stretch }, Ok(SoundAnswer::Frame(frame))) => self.frame(env, to, &centre, stretch, frame, out)?,
            (About::Payloads { centre, indexes }, Ok(SoundAnswer::Payloads(payloads))) => {
                self.payloads(env, to, &centre, &indexes, payloads, out)?;
            }
            (_, Ok(SoundAnswer::Declined(Decline::Busy))) => return Ok(()), // The next tick asks again.
            (About::Heads(_), Ok(SoundAnswer::Declined(Decline::NotHeld))) => self.is_not_named(env, to, out),
            (about, Ok(SoundAnswer::Declined(decline))) => self.declined(to, about, decline, out),
            (
                About::Heads(_)
                | About::Pull { .. }
                | About::Payloads { .. }
                | About::Push
                | About::Inquiry(_)
                | About::Charter
                | About::Cosigned(_)
                | About::Bridge(_)
                | About::Handover
                | About::Forward(_)
                | About::Relay(_),
                _,
            ) => fault(out, from, FaultCode::Unasked),
        }
        self.pull_what_is_missing(env, out)
    }

    pub(in crate::node) fn call_failed(&mut self, env: &mut Env<'_>, call: u64, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        match self.replicate.calls.remove(&call) {
            Some(Call { to, about: About::Pull { centre, stretch }, since }) => {
                let took_long = env.now.since(since).abs() >= ASK_AGAIN_MS && self.replicate.connected.contains(&to);
                if took_long {
                    self.replicate.pace.took(to, SLOW_AFTER_MS);
                    self.too_slow(&centre, &to, stretch);
                } else {
                    self.not_a_holder(&centre, &to);
                }
            }
            Some(Call { to, about: About::Heads(_), .. }) if self.replicate.connected.contains(&to) => {
                self.replicate.ask_again.insert(to, env.now);
            }
            Some(Call { to, about: About::Push, .. }) => self.push_ended(env, to, None, out)?,
            Some(Call { to, about: About::Inquiry(key), .. }) => self.inquiry_replied(env, to, key, None, out)?,
            Some(Call { to, about: About::Bridge(centre), .. }) => self.bridged(env, to, &centre, Said::Nothing, out)?,
            Some(Call { about: About::Beside { centre, reading }, .. }) => {
                self.beside_shown(env, (&centre, reading), Shown::Nothing, out)?
            }
            Some(Call { about, .. }) => self.nothing_from_writer(env, &about, out)?,
            None => {}
        }
        self.pull_what_is_missing(env, out)
    }

    fn declined(&mut self, to: StationKey, about: About, decline: Decline, out: &mut Vec<Effect>) {
        if decline == Decline::OtherCharter {
            fault(out, to, FaultCode::OtherCharter);
        }
        if let About::Pull { centre, .. } = about {
            self.not_a_holder(&centre, &to);
        }
    }

    /// A stretch did not come in time: a shorter one may. From others, if others hold it; whoever is alone with it is asked again.
    fn too_slow(&mut self, centre: &CentreCode, station: &StationKey, stretch: Stretch) {
        if let Some(pulled) = self.replicate.pulled.get_mut(centre) {
            pulled.failed(stretch.rows);
        }
        let connected = &self.replicate.connected;
        let others = self.replicate.holders.get(centre).into_iter().flat_map(BTreeMap::keys);
        if others.into_iter().any(|other| other != station && connected.contains(other)) {
            self.not_a_holder(centre, station);
        }
    }

    fn not_a_holder(&mut self, centre: &CentreCode, station: &StationKey) {
        if let Some(holders) = self.replicate.holders.get_mut(centre) {
            holders.remove(station);
        }
    }
}

/// One of the candidates, at random.
pub(in crate::node) fn pick(rng: &mut dyn CryptoRng, candidates: impl Iterator<Item = StationKey>) -> Option<StationKey> {
    let candidates: Vec<_> = candidates.collect();
    if candidates.is_empty() {
        return None;
    }
    let at = rng.next_u64() % candidates.len() as u64;
    candidates.get(usize::try_from(at).unwrap_or(0)).copied()
}
