//! Rows come in: what is missing is pulled, what came is proven, what was proven is stored.

use super::super::message::PayloadReport;
use super::super::publish::applied_after;
use super::super::{Effect, Env, Node, fault};
use super::stretches::{Early, Pulled, Stretch};
use super::{About, Call, MAX_PULLS, absent, pick};
use crate::charter::Role;
use crate::error::{Fault, FaultCode, ShelfError};
use crate::journal::{Frontier, ProvenFrame, SoundFrame, VerifiedHead};
use crate::names::{CentreCode, StationKey};
use crate::shelf::{JournalState, KeptHead, Write};

impl Node {
    /// Stores what came early and is the next now, and asks for stretches of every journal that is behind its newest head.
    pub(in crate::node) fn pull_what_is_missing(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        for centre in self.replicate.pace.turns(self.replicate.announced.keys()) {
            if !is_appending(out, &centre) {
                self.store_what_came_early(env, &centre, out)?;
            }
            if !is_appending(out, &centre) {
                self.pull(env, &centre, out)?;
            }
            // What is being appended is not on the shelf yet: `WhenStored` brings us back.
        }
        let behind = &self.replicate.announced;
        self.replicate.pulled.retain(|centre, _| behind.contains_key(centre));
        Ok(())
    }

    fn pull(&mut self, env: &mut Env<'_>, centre: &CentreCode, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        if self.is_searched(centre) {
            return Ok(());
        }
        let size = env.shelf.journal(centre)?.size;
        let Some(of) = self.replicate.announced.get(centre).map(|head| head.size) else { return Ok(()) };
        loop {
            let of_this = |call: &Call| match &call.about {
                About::Pull { centre: c, stretch } if c == centre => Some(*stretch),
                About::Pull { .. }
                | About::Heads(_)
                | About::Payloads { .. }
                | About::Push
                | About::Inquiry(_)
                | About::Charter
                | About::Cosigned(_)
                | About::Bridge(_)
                | About::Beside { .. }
                | About::Handover
                | About::Forward(_)
                | About::Relay(_) => None,
            };
            let under_way: Vec<Stretch> = self.replicate.calls.values().filter_map(of_this).collect();
            let calls = self.replicate.calls.values().filter(|call| matches!(call.about, About::Pull { .. })).count();
            let waiting: usize = self.replicate.pulled.values().map(Pulled::waiting).sum();
            if calls + waiting >= MAX_PULLS {
                return Ok(());
            }
            let planned = self.replicate.pulled.entry(centre.clone()).or_default().plan(size, of, &under_way);
            let (Some(stretch), Some(holders)) = (planned, self.replicate.holders.get(centre)) else { return Ok(()) };
            let pulls = |s: &StationKey| {
                self.replicate.calls.values().filter(|call| call.to == *s && matches!(call.about, About::Pull { .. })).count()
            };
            let able = |(s, held): &(&StationKey, &u64)| {
                **held > stretch.from && self.replicate.connected.contains(*s) && self.replicate.pace.has_room(s, pulls(s))
            };
            let able: Vec<StationKey> = holders.iter().filter(able).map(|(s, _)| *s).collect();
            let quick = pick(env.rng, able.iter().copied().filter(|s| !self.replicate.pace.is_slow(s)));
            let Some(to) = quick.or_else(|| pick(env.rng, able.into_iter())) else { return Ok(()) };
            self.replicate.pace.was_asked_for(centre);
            self.ask(env, to, About::Pull { centre: centre.clone(), stretch }, out);
        }
    }

    fn store_what_came_early(&mut self, env: &mut Env<'_>, centre: &CentreCode, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let size = env.shelf.journal(centre)?.size;
        match self.replicate.pulled.get_mut(centre).and_then(|pulled| pulled.next(size)) {
            Some(Early { by, frame }) => self.next_frame(env, by, centre, frame, out),
            None => Ok(()),
        }
    }

    /// The answer to a pull: the next rows, or rows for which others have to come first.
    pub(super) fn frame(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        centre: &CentreCode,
        asked: Stretch,
        frame: SoundFrame,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let held = env.shelf.journal(centre)?.size;
        if held > asked.from {
            return Ok(()); // An announcement was faster.
        }
        let rows = frame.rows().len() as u64;
        if frame.centre() != centre || frame.from() != asked.from || rows > asked.rows {
            fault(out, from, FaultCode::Unasked);
            self.not_a_holder(centre, &from);
            return Ok(());
        }
        let pulled = self.replicate.pulled.entry(centre.clone()).or_default();
        pulled.learn(&frame);
        if held == asked.from && !is_appending(out, centre) {
            return self.next_frame(env, from, centre, frame, out);
        }
        if rows == 0 {
            self.not_a_holder(centre, &from);
        } else {
            pulled.keep(Early { by: from, frame });
        }
        Ok(())
    }

    fn next_frame(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        centre: &CentreCode,
        frame: SoundFrame,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        if self.is_searched(centre) {
            return Ok(());
        }
        let held = env.shelf.journal(centre)?;
        let note = frame.note().to_vec();
        match self.prove(env, frame, None, &held) {
            Ok(proven) if proven.rows().is_empty() => {
                self.not_a_holder(centre, &from);
                let head = proven.into_parts().head;
                self.learn_head(env, from, centre, head, out)?;
            }
            Ok(proven) => self.store_frame(env, (centre, from), proven, held, out)?,
            Err(problem) => {
                let perhaps_forked = problem.code == FaultCode::BadProof && self.suspected(env, from, centre, &note, out)?;
                if !perhaps_forked {
                    self.blame_the_second_time(env.now, from, problem.code, out);
                }
                self.not_a_holder(centre, &from);
            }
        }
        Ok(())
    }

    /// Everything that must hold before a row is stored; `head` is the frame's own if it was verified already.
    pub(in crate::node) fn prove(
        &self,
        env: &Env<'_>,
        frame: SoundFrame,
        head: Option<VerifiedHead>,
        held: &JournalState,
    ) -> Result<ProvenFrame, Fault> {
        let author = self.author(frame.centre()).ok_or_else(|| Fault::new(FaultCode::Unasked, "not a member's journal"))?;
        let ours = |e: crate::journal::frontier::FrontierError| Fault::new(FaultCode::Malformed, e.to_string());
        let frontier = Frontier::from_parts(held.size, held.peaks.clone()).map_err(ours)?;
        let proven = match head {
            Some(head) => frame.check_under(&frontier, author, head)?,
            None => frame.check(&frontier, author)?,
        };
        // An observer gets headers: nothing that it does not see was left out.
        let observes = self.charter.member(&self.centre).is_some_and(|member| member.role == Role::Observer);
        for offset in proven.absent().into_iter().filter(|_| !observes) {
            if !proven.rows().rows().get(offset).is_some_and(|row| absent::acceptable(row.header(), env.now)) {
                return Err(Fault::new(FaultCode::PayloadMissing, format!("row {}", proven.from() + offset as u64)));
            }
        }
        Ok(proven)
    }

    pub(super) fn store_frame(
        &mut self,
        env: &mut Env<'_>,
        (centre, by): (&CentreCode, StationKey),
        proven: ProvenFrame,
        held: JournalState,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let parts = proven.into_parts();
        let size = parts.frontier.size();
        let seen = parts.head.clone().received_at(env.now);
        self.proven_under(centre, &parts.head, size);
        let announced = self.replicate.announced.remove(centre);
        self.replicate.heard.insert(centre.clone());
        let mut head = held.head;
        if seen.size == size {
            head = Some(seen.clone());
        }
        if let Some(known) = announced {
            if known.size > size {
                let newest = if seen.size > known.size { seen } else { known };
                self.replicate.announced.insert(centre.clone(), newest);
            } else if known.size == size && known.root != parts.frontier.root() {
                self.forked(env, centre, (&known.note, parts.head.note()), out)?;
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
        let applied = applied_after(held.applied, parts.from, &parts.rows);
        let state = JournalState { size, peaks: parts.frontier.peaks().to_vec(), head, applied };
        let mut projected = Vec::new();
        self.project_rows(env, centre, parts.from, &parts.rows, &mut projected)?;
        if self.charter.member(&self.centre).is_none_or(|member| member.role != Role::Observer) {
            projected.extend(absent::withheld((centre, by), parts.from, &parts.rows, env.now, &projected));
        }
        let (from, rows, subtrees) = (parts.from, parts.rows, parts.subtrees);
        out.push(Effect::Write(Write::Append { centre: centre.clone(), from, rows, subtrees, state }));
        out.append(&mut projected);
        out.push(Effect::WhenStored);
        if let Some(holders) = self.replicate.holders.get_mut(centre) {
            holders.retain(|_, held| *held > size);
        }
        Ok(())
    }

    pub(super) fn payloads(
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

fn is_appending(out: &[Effect], centre: &CentreCode) -> bool {
    out.iter().any(|effect| matches!(effect, Effect::Write(Write::Append { centre: c, .. }) if c == centre))
}
