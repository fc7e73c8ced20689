//! Rows come in: what is missing is pulled, what came is proven, what was proven is stored.

use super::super::message::PayloadReport;
use super::super::publish::applied_after;
use super::super::{Effect, Env, Node, fault};
use super::{About, Call, MAX_PULLS, absent, pick};
use crate::error::{Fault, FaultCode, ShelfError};
use crate::journal::{Frame, Frontier, ProvenFrame};
use crate::names::{CentreCode, StationKey};
use crate::shelf::{JournalState, KeptHead, Write};

impl Node {
    /// Starts a pull for every journal that is behind its newest head and has none under way.
    pub(in crate::node) fn pull_what_is_missing(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
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

    pub(super) fn frame(
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
            Ok(proven) => self.store_frame(env, (centre, from), proven, held, out)?,
            Err(problem) => {
                fault(out, from, problem.code);
                self.not_a_holder(centre, &from);
            }
        }
        Ok(())
    }

    /// Everything that must hold before a row is stored.
    pub(super) fn prove(&self, env: &Env<'_>, frame: Frame, held: &JournalState) -> Result<ProvenFrame, Fault> {
        let author = self.author(&frame.centre).ok_or_else(|| Fault::new(FaultCode::Unasked, "not a member's journal"))?;
        let ours = |e: crate::journal::frontier::FrontierError| Fault::new(FaultCode::Malformed, e.to_string());
        let frontier = Frontier::from_parts(held.size, held.peaks.clone()).map_err(ours)?;
        let proven = frame.check(&frontier, author)?;
        for offset in proven.absent() {
            let header = proven.headers().get(offset);
            if !header.is_some_and(|header| absent::acceptable(header, env.now)) {
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
        self.project_rows(env, centre, parts.from, &parts.entries, &mut projected)?;
        let rows = parts.headers.iter().zip(&parts.entries);
        projected.extend(absent::withheld((centre, by), parts.from, rows, env.now, &projected));
        let (from, entries, subtrees) = (parts.from, parts.entries, parts.subtrees);
        out.push(Effect::Write(Write::Append { centre: centre.clone(), from, entries, subtrees, state }));
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
