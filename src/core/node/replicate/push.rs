//! The newest head of the own journal goes straight to whoever is connected, with its rows if they fit, and needs no question.
//!
//! The connection says who sent it, so it costs no signature beside the head's own two, and no sealing. One push is under way with each
//! station; what is appended meanwhile goes together in the next. Whoever is not connected, or beyond the number that is told directly,
//! hears of new rows by gossip; and what nobody heard, anti-entropy brings. What comes in is treated like an announcement: nothing of it is
//! believed that the head does not prove.

use std::collections::BTreeSet;

use super::super::announce::{ANNOUNCED_ROWS, ANNOUNCED_ROWS_BYTES, MAX_ANNOUNCEMENT_BYTES};
use super::super::message::{Answer, Ask, Decline, Question};
use super::super::{Effect, Env, Node, Verdict, announce};
use super::{About, Call};
use crate::error::{Fault, FaultCode, ShelfError};
use crate::journal::{Frame, VerifiedHead};
use crate::names::{CentreCode, StationKey};
use crate::shelf::Write;

/// Most stations that are told directly; gossip tells the others. Each costs the author a message of its own.
pub const MAX_PUSHED: usize = 32;
/// Largest frame that is pushed, in bytes: as much as an announcement.
pub const MAX_PUSH_BYTES: usize = MAX_ANNOUNCEMENT_BYTES;

#[derive(Debug, Default)]
pub(super) struct State {
    /// Stations that are to be told of the newest head once the push under way with them has ended, or with the next tick.
    again: BTreeSet<StationKey>,
    /// Journals whose newest head came straight from its author: the same by gossip is no news here, but may be for others.
    heard_directly: BTreeSet<CentreCode>,
}

impl Node {
    /// Tells everybody of the own new head: `frame` is that head, with its rows if they fit. Gossip is for rows, which somebody may be
    /// waiting for. That nothing has `grown` and the author lives, those who are not told directly learn as heads are compared: each
    /// signed time travels once to each, and not once over each line of a mesh.
    pub(in crate::node) fn tell_of_head(&mut self, env: &mut Env<'_>, frame: &Frame, grown: bool, out: &mut Vec<Effect>) {
        let own = self.keys.station_key();
        let stations = self.charter.members().iter().flat_map(|member| &member.stations).map(|station| station.key);
        let others: Vec<StationKey> = stations.filter(|key| *key != own).collect();
        let connected = others.iter().copied().filter(|key| self.replicate.connected.contains(key));
        let directly: Vec<StationKey> = connected.take(MAX_PUSHED).collect();
        let bytes = frame.to_bytes();
        for to in &directly {
            if self.is_pushing(to) {
                self.replicate.push.again.insert(*to);
            } else if self.observes(to) {
                self.push(env, *to, head_of(frame).to_bytes(), out);
            } else {
                self.push(env, *to, bytes.clone(), out);
            }
        }
        // Nor is anything said under a secret that the charter has replaced: whoever was removed knows that one.
        if grown
            && self.has_epoch()
            && directly.len() < others.len()
            && let Some(secrets) = &self.secrets
            && let Some(sealed) = announce::seal(env.rng, self.charter.founding(), secrets, &own, frame)
        {
            out.push(Effect::Announce(sealed));
        }
    }

    fn is_pushing(&self, to: &StationKey) -> bool {
        self.replicate.calls.values().any(|call| call.about == About::Push && call.to == *to)
    }

    fn push(&mut self, env: &Env<'_>, to: StationKey, frame: Vec<u8>, out: &mut Vec<Effect>) {
        let call = self.note_call(Call { to, about: About::Push, since: env.now });
        let bytes = Ask::under(&self.charter, Question::Push(frame.into())).to_bytes();
        out.push(Effect::Push { to, call, bytes });
    }

    /// A push has ended; `held` is how much of our journal its receiver says it holds, if it took it.
    pub(super) fn push_ended(
        &mut self,
        env: &mut Env<'_>,
        to: StationKey,
        held: Option<u64>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        match held {
            Some(held) if self.replicate.push.again.remove(&to) => self.push_newest(env, to, held, out),
            Some(_) => Ok(()),
            None => {
                // Not at once: whoever had no time for it would be asked in a circle.
                if self.replicate.connected.contains(&to) {
                    self.replicate.push.again.insert(to);
                }
                Ok(())
            }
        }
    }

    pub(super) fn push_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let waiting = self.replicate.push.again.iter().copied().filter(|to| !self.is_pushing(to));
        for to in waiting.collect::<Vec<_>>() {
            self.replicate.push.again.remove(&to);
            self.push_newest(env, to, u64::MAX, out)?;
        }
        Ok(())
    }

    /// Pushes the newest head, with the rows behind the first `held` as far as they fit.
    fn push_newest(&mut self, env: &mut Env<'_>, to: StationKey, held: u64, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let size = env.shelf.journal(&self.centre)?.size;
        // An observer pulls what it may see.
        let held = if self.observes(&to) { size } else { held };
        for from in [held.min(size), size] {
            let frame = Self::frame_from(env, &self.centre, from, ANNOUNCED_ROWS, ANNOUNCED_ROWS_BYTES)?.map(|frame| frame.to_bytes());
            if let Ok(frame) = frame
                && frame.len() <= MAX_PUSH_BYTES
            {
                self.push(env, to, frame, out);
                return Ok(());
            }
        }
        Ok(())
    }

    pub(super) fn nobody_to_push_to(&mut self, station: &StationKey) {
        self.replicate.push.again.remove(station);
    }

    /// [`Question::Push`]: the newest head of the asker's own journal. What is answered leaves when it is durable here.
    pub(in crate::node) fn pushed(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        frame: &[u8],
        out: &mut Vec<Effect>,
    ) -> Result<Answer, ShelfError> {
        let (frame, head) = match self.read_push(from, frame) {
            Ok(read) => read,
            Err(problem) => {
                self.blame(env.now, from, problem.code, out);
                return Ok(Answer::Declined(Decline::NotHeld));
            }
        };
        let centre = frame.centre.clone();
        match self.heard(env, from, frame, head, out)? {
            Verdict::Reject => return Ok(Answer::Declined(Decline::NotHeld)),
            Verdict::Ignore => {}
            Verdict::Accept => {
                self.replicate.push.heard_directly.insert(centre.clone());
                self.pull_what_is_missing(env, out)?;
            }
        }
        let appended = out.iter().find_map(|effect| {
            if let Effect::Write(Write::Append { centre: of, from, rows, .. }) = effect
                && *of == centre
            {
                return Some(from + rows.len() as u64);
            }
            None
        });
        Ok(Answer::Held(match appended {
            Some(size) => size,
            None => env.shelf.journal(&centre)?.size,
        }))
    }

    fn read_push(&self, from: StationKey, frame: &[u8]) -> Result<(Frame, VerifiedHead), Fault> {
        if frame.len() > MAX_PUSH_BYTES {
            return Err(Fault::new(FaultCode::Oversized, format!("a push of {} bytes", frame.len())));
        }
        let frame = Frame::decode(frame)?;
        let head = self.authored(from, &frame)?.verify(&frame.note)?;
        Ok((frame, head))
    }

    /// Whether the newest head of a journal, which is now heard by gossip, came straight from its author before. Says so once.
    pub(super) fn was_heard_directly(&mut self, centre: &CentreCode) -> bool {
        self.replicate.push.heard_directly.remove(centre)
    }
}

/// The head of a frame without its rows.
fn head_of(frame: &Frame) -> Frame {
    Frame { entries: Vec::new(), from: frame.from + frame.entries.len() as u64, ..frame.clone() }
}
