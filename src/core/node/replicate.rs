//! Every other journal comes here.
//!
//! Gossip and anti-entropy tell of heads; heads that are longer than what is held are pulled, frame by frame, from any station that
//! holds them; a frame is proven against the rows held before anything of it is stored. What is durable of this conversation is only
//! what was proven; everything in [`State`] can be forgotten.

use std::collections::{BTreeMap, BTreeSet};

use rand_core::CryptoRng;

use super::message::{Answer, Ask, Decline, HeadReport, PayloadReport, Question};
use super::publish::applied_after;
use super::{Effect, Env, Node, Verdict, announce, fault};
use crate::error::{Fault, FaultCode, ShelfError};
use crate::journal::head::{Standing, compare};
use crate::journal::proof::{OnShelf, root_at};
use crate::journal::statement::absence_allowed;
use crate::journal::{Frame, Frontier, ProvenFrame, VerifiedHead};
use crate::names::{CentreCode, StationKey};
use crate::shelf::{Head, JournalState, KeptHead, Write};
use crate::time::{CLOCK_TOLERANCE_MS, SECOND_MS, Time};

/// Most pulls under way at once, over all journals.
pub const MAX_PULLS: usize = 16;
/// How long after a failed question for heads it is asked again. Two ends learn of a connection one after the other, so the first
/// question often comes too early.
pub const ASK_AGAIN_MS: i64 = SECOND_MS;
/// A call that was not answered within this is forgotten.
pub const CALL_PATIENCE_MS: i64 = 15 * SECOND_MS;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) connected: BTreeSet<StationKey>,
    /// The newest head of each journal that was verified here, when it is beyond what is completely held.
    pub(super) announced: BTreeMap<CentreCode, Head>,
    /// Which stations said they hold how many rows of a journal that we lack.
    holders: BTreeMap<CentreCode, BTreeMap<StationKey, u64>>,
    calls: BTreeMap<u64, Call>,
    next_call: u64,
    last_round: Option<Time>,
    /// Stations that are asked for their heads again, and since when they are waited for.
    ask_again: BTreeMap<StationKey, Time>,
    /// How far the author's clock was from ours when its newest announcement came, in milliseconds.
    pub(super) clock_offsets: BTreeMap<CentreCode, i64>,
}

impl State {
    /// For a node that takes another's place: nothing but how far calls were numbered.
    pub(super) fn successor(&self) -> Self {
        Self { next_call: self.next_call, ..Self::default() }
    }
}

#[derive(Debug)]
struct Call {
    to: StationKey,
    about: About,
    since: Time,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum About {
    Heads,
    Pull { centre: CentreCode, from: u64 },
    Payloads { centre: CentreCode, indexes: Vec<u64> },
}

impl Node {
    pub(super) fn connected(&mut self, station: StationKey, env: &mut Env<'_>, out: &mut Vec<Effect>) {
        if self.charter.station(&station).is_some() && self.replicate.connected.insert(station) {
            self.ask(env, station, About::Heads, out);
        }
    }

    pub(super) fn disconnected(&mut self, station: StationKey) {
        self.replicate.ask_again.remove(&station);
        self.replicate.connected.remove(&station);
    }

    /// Asks a station something and remembers what.
    fn ask(&mut self, env: &Env<'_>, to: StationKey, about: About, out: &mut Vec<Effect>) {
        let question = match &about {
            About::Heads => Question::Heads,
            About::Pull { centre, from } => Question::Pull { centre: centre.clone(), from: *from },
            About::Payloads { centre, indexes } => Question::Payloads { centre: centre.clone(), indexes: indexes.clone() },
        };
        self.replicate.next_call += 1;
        let call = self.replicate.next_call;
        self.replicate.calls.insert(call, Call { to, about, since: env.now });
        let bytes = Ask { charter: self.charter.digest(), question }.to_bytes();
        out.push(Effect::Call { to, call, bytes });
    }

    /// Asks a random connected station for payloads that are damaged here.
    pub(super) fn ask_payloads(&mut self, env: &mut Env<'_>, centre: CentreCode, indexes: Vec<u64>, out: &mut Vec<Effect>) {
        if let Some(to) = pick(env.rng, self.replicate.connected.iter().copied()) {
            self.ask(env, to, About::Payloads { centre, indexes }, out);
        }
    }

    pub(super) fn replicate_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let now = env.now;
        self.replicate.calls.retain(|_, call| now.since(call.since).abs() < CALL_PATIENCE_MS);
        let again = self.replicate.ask_again.iter().filter(|(_, since)| now.since(**since).abs() >= ASK_AGAIN_MS);
        for to in again.map(|(to, _)| *to).collect::<Vec<_>>() {
            self.replicate.ask_again.remove(&to);
            self.ask(env, to, About::Heads, out);
        }
        let due = self.replicate.last_round.is_none_or(|last| now.since(last) >= self.settings.anti_entropy_ms || now < last);
        if due {
            self.replicate.last_round = Some(now);
            if let Some(to) = pick(env.rng, self.replicate.connected.iter().copied()) {
                self.ask(env, to, About::Heads, out);
            }
        }
        self.pull_what_is_missing(env, out)
    }

    /// Asks every connected station for its heads: somebody waits for something.
    pub(super) fn hurry(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) {
        for to in self.replicate.connected.clone() {
            let asked = self.replicate.calls.values().any(|call| call.to == to && call.about == About::Heads);
            if !asked {
                self.ask(env, to, About::Heads, out);
            }
        }
    }

    /// A gossip message: opened, checked to be the sender's own, and either stored at once or pulled.
    pub(super) fn announcement(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        source: u64,
        bytes: &[u8],
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let verdict = match self.read_announcement(from, bytes) {
            Err(problem) => {
                fault(out, from, problem.code);
                // A message of another epoch may be honest; everything else is the signer's doing.
                if problem.code == FaultCode::Unsealed { Verdict::Ignore } else { Verdict::Reject }
            }
            Ok((frame, head)) => self.heard(env, from, frame, head, out)?,
        };
        out.push(Effect::Judge { source, verdict });
        if verdict == Verdict::Accept {
            self.pull_what_is_missing(env, out)?;
        }
        Ok(())
    }

    fn read_announcement(&self, from: StationKey, bytes: &[u8]) -> Result<(Frame, VerifiedHead), Fault> {
        let frame = announce::open(&self.charter, &self.secrets.gossip, &from, bytes)?;
        let (member, _) = self.charter.station(&from).ok_or_else(|| Fault::new(FaultCode::NotTheAuthor, "not in the charter"))?;
        if member.centre != frame.centre {
            return Err(Fault::new(FaultCode::NotTheAuthor, format!("{} announced {}", member.centre, frame.centre)));
        }
        let author = self.author(&frame.centre).ok_or_else(|| Fault::new(FaultCode::NotTheAuthor, "no such author"))?;
        let head = author.verify(&frame.note)?;
        Ok((frame, head))
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
        if centre == self.centre {
            return Ok(Verdict::Ignore);
        }
        let (heartbeat, held) = (head.heartbeat(), env.shelf.journal(&centre)?);
        let verdict = self.learn_head(env, from, &centre, head, out)?;
        if verdict != Verdict::Accept {
            return Ok(verdict);
        }
        self.replicate.clock_offsets.insert(centre.clone(), env.now.since(heartbeat));
        if frame.entries.is_empty() || frame.from != held.size {
            return Ok(Verdict::Accept);
        }
        match self.prove(env, frame, &held) {
            Ok(proven) => {
                self.store_frame(env, &centre, proven, held, out)?;
                Ok(Verdict::Accept)
            }
            Err(problem) => {
                fault(out, from, problem.code);
                Ok(Verdict::Reject)
            }
        }
    }

    /// Another station answered a call of ours.
    pub(super) fn answered(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        call: u64,
        bytes: &[u8],
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let Some(Call { to, about, .. }) = self.replicate.calls.remove(&call).filter(|call| call.to == from) else {
            return Ok(()); // Late: we gave it up. Not a fault.
        };
        let answer = match Answer::decode(bytes) {
            Ok(answer) => answer,
            Err(problem) => {
                fault(out, from, problem.code);
                return Ok(());
            }
        };
        match (about, answer) {
            (About::Heads, Answer::Heads(reports)) => self.heads(env, from, reports, out)?,
            (About::Pull { centre, from: asked }, Answer::Frame(frame)) => self.frame(env, to, &centre, asked, &frame, out)?,
            (About::Payloads { centre, indexes }, Answer::Payloads(payloads)) => {
                self.payloads(env, to, &centre, &indexes, payloads, out)?;
            }
            (_, Answer::Declined(Decline::Busy)) => return Ok(()), // The next tick asks again.
            (about, Answer::Declined(decline)) => self.declined(to, about, decline, out),
            (About::Heads | About::Pull { .. } | About::Payloads { .. }, _) => fault(out, from, FaultCode::Unasked),
        }
        self.pull_what_is_missing(env, out)
    }

    pub(super) fn call_failed(&mut self, env: &mut Env<'_>, call: u64, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        match self.replicate.calls.remove(&call) {
            Some(Call { to, about: About::Pull { centre, .. }, .. }) => self.not_a_holder(&centre, &to),
            Some(Call { to, about: About::Heads, .. }) if self.replicate.connected.contains(&to) => {
                self.replicate.ask_again.insert(to, env.now);
            }
            Some(Call { about: About::Heads | About::Payloads { .. }, .. }) | None => {}
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

    fn not_a_holder(&mut self, centre: &CentreCode, station: &StationKey) {
        if let Some(holders) = self.replicate.holders.get_mut(centre) {
            holders.remove(station);
        }
    }

    fn heads(&mut self, env: &mut Env<'_>, from: StationKey, reports: Vec<HeadReport>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        if reports.len() > crate::charter::MAX_MEMBERS {
            fault(out, from, FaultCode::Oversized);
            return Ok(());
        }
        for HeadReport { centre, note } in reports {
            let Some(author) = self.author(&centre) else { continue };
            let known = self.newest_head(env, &centre)?;
            if known.as_ref().is_some_and(|known| known.note == note) {
                self.add_holder(env, &centre, from, known.map_or(0, |h| h.size))?;
                continue;
            }
            match author.verify(&note) {
                Ok(head) => {
                    self.learn_head(env, from, &centre, head, out)?;
                }
                Err(problem) => fault(out, from, problem.code),
            }
        }
        if self.is_restoring()
            && let Some(member) = self.charter.station(&from).map(|(member, _)| member.centre.clone())
        {
            let complete = !self.replicate.announced.contains_key(&self.centre);
            self.own_head_reported(env, member, complete, out)?;
        }
        Ok(())
    }

    /// The newest head of a journal that was verified here.
    pub(super) fn newest_head(&self, env: &Env<'_>, centre: &CentreCode) -> Result<Option<Head>, ShelfError> {
        match self.replicate.announced.get(centre) {
            Some(head) => Ok(Some(head.clone())),
            None => Ok(env.shelf.journal(centre)?.head),
        }
    }

    fn add_holder(&mut self, env: &Env<'_>, centre: &CentreCode, station: StationKey, size: u64) -> Result<(), ShelfError> {
        if size > env.shelf.journal(centre)?.size {
            self.replicate.holders.entry(centre.clone()).or_default().insert(station, size);
        }
        Ok(())
    }

    /// A verified head of a journal, told by `from`: newer, the same, older, or proof that its author did what no author may.
    fn learn_head(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        centre: &CentreCode,
        head: VerifiedHead,
        out: &mut Vec<Effect>,
    ) -> Result<Verdict, ShelfError> {
        let held = env.shelf.journal(centre)?;
        let known = self.newest_head(env, centre)?;
        let standing = known.as_ref().map_or(Standing::Newer, |known| compare(known, &head));
        self.add_holder(env, centre, from, head.size())?;
        match standing {
            Standing::Newer if head.size() <= held.size => self.first_or_covered_head(env, centre, &held, head, out),
            Standing::Newer => {
                if *centre == self.centre {
                    self.own_rows_missing();
                }
                self.replicate.announced.insert(centre.clone(), head.received_at(env.now));
                Ok(Verdict::Accept)
            }
            Standing::Same { newer_heartbeat: true } if *centre != self.centre => {
                let head = head.received_at(env.now);
                if let Some(announced) = self.replicate.announced.get_mut(centre) {
                    *announced = head;
                } else {
                    out.push(Effect::Write(Write::Head { centre: centre.clone(), head }));
                }
                Ok(Verdict::Accept)
            }
            Standing::Same { .. } => Ok(Verdict::Ignore),
            Standing::Older => self.older_head(env, from, centre, &held, &head, out),
            Standing::RolledBack => {
                self.blame_author(centre, from, FaultCode::RolledBack, out);
                Ok(Verdict::Reject)
            }
            Standing::Forked => {
                self.forked(centre, known.map(|k| k.note).unwrap_or_default(), &head, from, out);
                Ok(Verdict::Accept)
            }
        }
    }

    /// A head newer than the newest known, over rows that are held already: the first ever (an empty journal), or one that was not
    /// kept because the rows came in under a later one.
    fn first_or_covered_head(
        &mut self,
        env: &Env<'_>,
        centre: &CentreCode,
        held: &JournalState,
        head: VerifiedHead,
        out: &mut Vec<Effect>,
    ) -> Result<Verdict, ShelfError> {
        let root = root_at(&OnShelf { shelf: env.shelf, centre }, head.size()).map_err(|e| ShelfError::Damaged(e.to_string()))?;
        if root != head.root() {
            // No second signed note to show, but these rows were proven under one: counted, and nothing of it is taken over.
            let station = self.charter.member(centre).and_then(|m| m.stations.first()).map(|s| s.key);
            out.extend(station.map(|station| Effect::Write(Write::Fault { station, code: FaultCode::Forked })));
            return Ok(Verdict::Reject);
        }
        if head.size() == held.size {
            out.push(Effect::Write(Write::Head { centre: centre.clone(), head: head.received_at(env.now) }));
        }
        Ok(Verdict::Accept)
    }

    /// An older head is usually an honest peer that is behind. Told by the author's own station, it is checked to lie on our history.
    fn older_head(
        &mut self,
        env: &Env<'_>,
        from: StationKey,
        centre: &CentreCode,
        held: &JournalState,
        head: &VerifiedHead,
        out: &mut Vec<Effect>,
    ) -> Result<Verdict, ShelfError> {
        let by_author = self.charter.station(&from).is_some_and(|(member, _)| member.centre == *centre);
        let Some(ours) = held.head.as_ref().filter(|_| by_author && head.size() <= held.size) else { return Ok(Verdict::Ignore) };
        let root = root_at(&OnShelf { shelf: env.shelf, centre }, head.size()).map_err(|e| ShelfError::Damaged(e.to_string()))?;
        if root != head.root() {
            self.forked(centre, ours.note.clone(), head, from, out);
        }
        Ok(Verdict::Ignore)
    }

    fn forked(&self, centre: &CentreCode, one: Vec<u8>, other: &VerifiedHead, from: StationKey, out: &mut Vec<Effect>) {
        out.push(Effect::Write(Write::Fork { centre: centre.clone(), one, other: other.note().to_vec() }));
        self.blame_author(centre, from, FaultCode::Forked, out);
    }

    /// What a signed head proves, its author did, whoever told of it.
    fn blame_author(&self, centre: &CentreCode, told_by: StationKey, code: FaultCode, out: &mut Vec<Effect>) {
        let writer = self.charter.member(centre).and_then(|m| m.stations.iter().find(|s| s.writer)).map_or(told_by, |s| s.key);
        fault(out, writer, code);
    }

    /// Starts a pull for every journal that is behind its newest head and has none under way.
    pub(super) fn pull_what_is_missing(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        for centre in self.replicate.announced.keys().cloned().collect::<Vec<_>>() {
            let pulling = |call: &&Call| matches!(call.about, About::Pull { .. });
            if self.replicate.calls.values().filter(pulling).count() >= MAX_PULLS {
                return Ok(());
            }
            let under_way = self.replicate.calls.values().any(|c| matches!(&c.about, About::Pull { centre: c, .. } if *c == centre));
            let size = env.shelf.journal(&centre)?.size;
            let appending = out.iter().any(|e| matches!(e, Effect::Write(Write::Append { centre: c, .. }) if *c == centre));
            if under_way || appending {
                continue; // What is being appended is not on the shelf yet: `WhenStored` brings us back.
            }
            let Some(holders) = self.replicate.holders.get(&centre) else { continue };
            let able = holders.iter().filter(|(s, held)| **held > size && self.replicate.connected.contains(*s)).map(|(s, _)| *s);
            if let Some(to) = pick(env.rng, able) {
                self.ask(env, to, About::Pull { centre, from: size }, out);
            }
        }
        Ok(())
    }

    fn frame(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        centre: &CentreCode,
        asked: u64,
        bytes: &[u8],
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let held = env.shelf.journal(centre)?;
        if held.size != asked {
            return Ok(()); // An announcement was faster.
        }
        let proven = Frame::decode(bytes).and_then(|frame| self.prove(env, frame, &held));
        match proven {
            Ok(proven) if proven.entries().is_empty() => {
                self.not_a_holder(centre, &from);
                let head = proven.into_parts().head;
                self.learn_head(env, from, centre, head, out)?;
            }
            Ok(proven) => self.store_frame(env, centre, proven, held, out)?,
            Err(problem) => {
                fault(out, from, problem.code);
                self.not_a_holder(centre, &from);
            }
        }
        Ok(())
    }

    /// Everything that must hold before a row is stored.
    fn prove(&self, env: &Env<'_>, frame: Frame, held: &JournalState) -> Result<ProvenFrame, Fault> {
        let author = self.author(&frame.centre).ok_or_else(|| Fault::new(FaultCode::Unasked, "not a member's journal"))?;
        let ours = |e: crate::journal::frontier::FrontierError| Fault::new(FaultCode::Malformed, e.to_string());
        let frontier = Frontier::from_parts(held.size, held.peaks.clone()).map_err(ours)?;
        let proven = frame.check(&frontier, author)?;
        let now = env.now.plus_ms(CLOCK_TOLERANCE_MS);
        for offset in proven.absent() {
            let header = proven.headers().get(offset);
            if !header.is_some_and(|header| absence_allowed(header, now, false)) {
                return Err(Fault::new(FaultCode::PayloadMissing, format!("row {}", proven.from() + offset as u64)));
            }
        }
        Ok(proven)
    }

    fn store_frame(
        &mut self,
        env: &mut Env<'_>,
        centre: &CentreCode,
        proven: ProvenFrame,
        held: JournalState,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let parts = proven.into_parts();
        let size = parts.frontier.size();
        let seen = parts.head.clone().received_at(env.now);
        let announced = self.replicate.announced.remove(centre);
        let mut head = held.head;
        if seen.size == size {
            head = Some(seen.clone());
        }
        if let Some(known) = announced {
            if known.size > size {
                let newest = if seen.size > known.size { seen } else { known };
                self.replicate.announced.insert(centre.clone(), newest);
            } else if known.size == size && known.root != parts.frontier.root() {
                self.forked(centre, known.note, &parts.head, self.keys.station_key(), out);
            } else if known.size == size {
                let newer = head.as_ref().is_none_or(|h| h.heartbeat < known.heartbeat || h.size < size);
                head = if newer { Some(known) } else { head };
            }
        } else if seen.size > size {
            self.replicate.announced.insert(centre.clone(), seen);
        }
        if *centre == self.centre {
            out.push(Effect::KeepHead(KeptHead { centre: centre.clone(), size, root: parts.frontier.root() }));
        }
        let applied = applied_after(held.applied, parts.from, &parts.entries);
        let state = JournalState { size, peaks: parts.frontier.peaks().to_vec(), head, applied };
        let mut projected = Vec::new();
        self.project_rows(centre, parts.from, &parts.entries, &mut projected);
        let (from, entries, subtrees) = (parts.from, parts.entries, parts.subtrees);
        out.push(Effect::Write(Write::Append { centre: centre.clone(), from, entries, subtrees, state }));
        out.append(&mut projected);
        out.push(Effect::WhenStored);
        if let Some(holders) = self.replicate.holders.get_mut(centre) {
            holders.retain(|_, held| *held > size);
        }
        Ok(())
    }

    fn payloads(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        centre: &CentreCode,
        asked: &[u64],
        payloads: Vec<PayloadReport>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        // Each costs a reading and a hash, and a bad one a write: an answer of a megabyte must not hold fifty thousand.
        if payloads.len() > asked.len() {
            fault(out, from, FaultCode::Oversized);
            return Ok(());
        }
        for PayloadReport { index, payload } in payloads {
            if !asked.contains(&index) {
                fault(out, from, FaultCode::Unasked);
                return Ok(());
            }
            self.restore(env, from, centre, index, payload, out)?;
        }
        Ok(())
    }
}

/// One of the candidates, at random.
fn pick(rng: &mut dyn CryptoRng, candidates: impl Iterator<Item = StationKey>) -> Option<StationKey> {
    let candidates: Vec<_> = candidates.collect();
    if candidates.is_empty() {
        return None;
    }
    let at = rng.next_u64() % candidates.len() as u64;
    candidates.get(usize::try_from(at).unwrap_or(0)).copied()
}
