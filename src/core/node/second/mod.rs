//! A centre has several stations, and one of them writes.
//!
//! The others hold every journal, answer lookups from their copy, and take to the writer what must be written: what operators ask for at
//! them, and what other centres ask of the issuer (`forward`). From the writer they have what the charter seals to its keys alone: the
//! epoch's secrets, and the operators' accounts (`handover`). When the writer is lost, the charter names one of them as the next, with
//! keys of its own, in the next term; until then nothing is written. What must never be here: a row of the centre's journal.

mod forward;
mod handover;

pub use forward::{MAX_FORWARDED, MAX_RELAYED};
pub use handover::HANDOVER_EVERY_MS;

use super::message::{Answer, Decline, SoundAnswer};
use super::replicate::About;
use super::{Effect, Env, Node};
use crate::error::{Fault, FaultCode, RefusalCode, ShelfError};
use crate::names::{CentreCode, StationKey};

/// The conversation's state: both sides of it, since who writes changes.
#[derive(Debug, Default)]
pub(super) struct State {
    forward: forward::State,
    handover: handover::State,
}

impl State {
    /// For a node that takes another's place: late answers must not be taken for answers to something else.
    pub(super) fn successor(&self) -> Self {
        Self { forward: self.forward.successor(), handover: handover::State::default() }
    }
}

impl Node {
    /// Whether this station is one of its centre's that do not write.
    pub(super) fn is_second(&self) -> bool {
        self.charter.is_second(&self.centre, &self.keys.station_key())
    }

    /// Whether this station is where that journal is written.
    pub(super) fn writes(&self, centre: &CentreCode) -> bool {
        *centre == self.centre && !self.is_second()
    }

    /// The writer of this centre, if it is another station and connected.
    fn writer_at_hand(&self) -> Option<StationKey> {
        let writer = self.charter.member(&self.centre)?.writer()?.key;
        (self.is_second() && self.is_connected(&writer)).then_some(writer)
    }

    /// What our writer says to what it was asked.
    pub(super) fn writer_answered(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        about: &About,
        answer: Result<SoundAnswer, Fault>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        match (about, answer) {
            (About::Handover, Ok(SoundAnswer::Handed(handed))) => self.handed(env, from, &handed, out),
            (About::Handover, Ok(SoundAnswer::Declined(_))) => Ok(()),
            (About::Forward(number), Ok(SoundAnswer::Told(bytes))) => self.forward_answered(env, from, *number, &bytes, out),
            // It says that it has done nothing.
            (About::Forward(number), Ok(SoundAnswer::Declined(_))) => {
                self.forward_failed(env, *number, RefusalCode::WriterUnreachable, out)
            }
            (About::Relay(token), Ok(SoundAnswer::Replied(reply))) => {
                out.push(Effect::Answer { token: *token, bytes: Answer::Replied(reply.into()).to_bytes() });
                Ok(())
            }
            (about, Ok(SoundAnswer::Declined(_))) => self.nothing_from_writer(env, about, out),
            (about, answer) => {
                let code = answer.map_or_else(|problem| problem.code, |_| FaultCode::Unasked);
                self.blame(env.now, from, code, out);
                self.nothing_from_writer(env, about, out)
            }
        }
    }

    /// A call to our writer came to nothing.
    pub(super) fn nothing_from_writer(&mut self, env: &mut Env<'_>, about: &About, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        match about {
            About::Forward(number) => self.forward_failed(env, *number, RefusalCode::WriterSilent, out),
            About::Relay(token) => {
                out.push(Effect::Answer { token: *token, bytes: Answer::Declined(Decline::Busy).to_bytes() });
                Ok(())
            }
            About::Heads(_)
            | About::Pull { .. }
            | About::Payloads { .. }
            | About::Push
            | About::Inquiry(_)
            | About::Charter
            | About::Cosigned(_)
            | About::Bridge(_)
            | About::Beside { .. }
            | About::Handover => Ok(()),
        }
    }

    /// Whether `station` is a station of this centre that may ask its writer, and this is the writer.
    fn is_our_second(&self, station: &StationKey) -> bool {
        self.charter.is_second(&self.centre, station) && !self.is_second()
    }
}
