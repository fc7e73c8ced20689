//! Other stations ask. Any member is served any journal; what is damaged here is never served.

use std::collections::BTreeMap;

use super::message::{Answer, Ask, Decline, MAX_PAYLOADS, PayloadReport, Question, Under};
use super::{Effect, Env, Node, fault};
use crate::charter::Role;
use crate::error::{FaultCode, ShelfError};
use crate::journal::fork::Bridge;
use crate::journal::frame::{FRAME_BUDGET_BYTES, MAX_FRAME_ENTRIES};
use crate::journal::proof::OnShelf;
use crate::journal::statement::absence_allowed;
use crate::journal::{Entry, Frame, Header, Kind};
use crate::names::{CentreCode, StationKey};
use crate::time::SECOND_MS;

/// Most questions of one station that are answered within a second. A peer that catches up on one journal asks some tens; beyond this
/// one member could keep the loop from everybody else's business.
pub const MAX_ASKS_PER_SECOND: u32 = 100;
/// Most pushes of one station that are looked at within a second, beside its questions. Each costs two checks of a signature at the most and
/// shares a transaction with others; who has more to say puts more into one.
pub const MAX_PUSHES_PER_SECOND: u32 = 250;

/// How often each station has asked within this second.
#[derive(Debug, Default, Clone)]
pub(super) struct State {
    second: i64,
    asked: BTreeMap<StationKey, u32>,
    pushed: BTreeMap<StationKey, u32>,
}

impl Node {
    pub(super) fn asked(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        token: u64,
        bytes: &[u8],
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let ask = Ask::decode(bytes);
        let under = ask.as_ref().map_or(Under::of(&self.charter), |ask| ask.under);
        self.note_under(env.now, from, under);
        let is_push = matches!(&ask, Ok(Ask { question: Question::Push(_), .. }));
        let answer = match ask {
            _ if !self.may_ask(from, env.now.0.div_euclid(SECOND_MS), is_push) => Answer::Declined(Decline::Busy),
            Err(problem) => {
                fault(out, from, problem.code);
                Answer::Declined(Decline::NotHeld)
            }
            Ok(ask) if ask.federation != self.charter.founding() || !(self.is_of_our_chain(ask.under) || asks_for_chain(&ask)) => {
                fault(out, from, FaultCode::OtherCharter);
                Answer::Declined(Decline::OtherCharter)
            }
            Ok(Ask { question: Question::Charter { after }, .. }) => self.report_chain(env, from, after)?,
            // A candidate learns of the charter, and of nothing else.
            Ok(_) if self.charter.station(&from).is_none() => Answer::Declined(Decline::NotHeld),
            Ok(Ask { question: question @ (Question::Inquire(_) | Question::Forward(_) | Question::Relay { .. }), .. }) => {
                match self.asked_to_work(env, (from, token), question, out)? {
                    Some(answer) => answer,
                    None => return Ok(()),
                }
            }
            Ok(ask) => match ask.question {
                Question::Heads(known) => self.report_heads(env, from, &known, out)?,
                Question::Pull { centre, .. } if !self.serves_rows_of(env, &centre)? => Answer::Declined(Decline::NotHeld),
                Question::Pull { centre, from: first, rows } => {
                    let frame = Self::serve_rows(env, centre, first, rows)?;
                    framed(if self.observes(&from) { bare(frame) } else { frame })
                }
                Question::Payloads { .. } if self.observes(&from) => Answer::Declined(Decline::NotHeld),
                Question::Payloads { centre, indexes } => Self::serve_payloads(env, &centre, &indexes)?,
                Question::Push(frame) => self.pushed(env, from, &frame, out)?,
                Question::Cosigned(wanted) => self.report_cosignatures(env, from, under, wanted, out)?,
                Question::Bridge { centre, at, to } => Self::bridge(env, &centre, at, to)?,
                Question::Handover { hybrid, accounts } => self.hand_over(env, from, &hybrid, accounts)?,
                Question::Inquire(_) | Question::Charter { .. } | Question::Forward(_) | Question::Relay { .. } => {
                    Answer::Declined(Decline::NotHeld)
                }
            },
        };
        self.works_under(env, from, under, out);
        out.push(Effect::Answer { token, bytes: answer.to_bytes() });
        Ok(())
    }

    /// What takes more than a look at the store. `None` when the answer comes later.
    fn asked_to_work(
        &mut self,
        env: &mut Env<'_>,
        (from, token): (StationKey, u64),
        question: Question,
        out: &mut Vec<Effect>,
    ) -> Result<Option<Answer>, ShelfError> {
        match question {
            Question::Inquire(inquiry) if self.is_second() => Ok(self.relay(env, (from, token), &inquiry, out)),
            Question::Inquire(inquiry) => self.inquired(env, (from, token), &inquiry, out),
            Question::Forward(request) => self.forwarded(env, (from, token), &request, out),
            Question::Relay { asker, inquiry } => self.relayed(env, (from, token), asker, &inquiry, out),
            Question::Heads(_)
            | Question::Pull { .. }
            | Question::Payloads { .. }
            | Question::Push(_)
            | Question::Charter { .. }
            | Question::Cosigned(_)
            | Question::Bridge { .. }
            | Question::Handover { .. } => Ok(Some(Answer::Declined(Decline::NotHeld))),
        }
    }

    /// Whether a station is an observer's: it sees headers, and payloads only of what is said about the federation itself.
    pub(super) fn observes(&self, station: &StationKey) -> bool {
        self.charter.station(station).is_some_and(|(member, _)| member.role == Role::Observer)
    }

    fn may_ask(&mut self, station: StationKey, second: i64, is_push: bool) -> bool {
        if self.serve.second != second {
            self.serve = State { second, ..State::default() };
        }
        let (counted, most) =
            if is_push { (&mut self.serve.pushed, MAX_PUSHES_PER_SECOND) } else { (&mut self.serve.asked, MAX_ASKS_PER_SECOND) };
        let asked = counted.entry(station).or_default();
        *asked = asked.saturating_add(1);
        *asked <= most
    }

    fn serve_rows(env: &Env<'_>, centre: CentreCode, from: u64, most: Option<u64>) -> Result<Result<Frame, Decline>, ShelfError> {
        let most = most.unwrap_or(u64::MAX).min(MAX_FRAME_ENTRIES as u64);
        Self::frame_from(env, &centre, from, most, FRAME_BUDGET_BYTES)
    }

    /// At most so many rows of a journal and some bytes of them, under the newest head held, or why there is no such frame.
    pub(super) fn frame_from(
        env: &Env<'_>,
        centre: &CentreCode,
        from: u64,
        most: u64,
        bytes: usize,
    ) -> Result<Result<Frame, Decline>, ShelfError> {
        let state = env.shelf.journal(centre)?;
        let Some(head) = state.head.filter(|head| head.size >= from) else { return Ok(Err(Decline::NotHeld)) };
        let rows = (head.size - from).min(most);
        let mut entries = if rows == 0 { Vec::new() } else { env.shelf.entries(centre, from, rows, bytes)? };
        let sound = served(env, centre, from, &entries, head.size == state.size)?;
        if sound == 0 && !entries.is_empty() {
            return Ok(Err(Decline::Damaged));
        }
        entries.truncate(sound);
        Frame::assemble(&OnShelf { shelf: env.shelf, centre }, centre.clone(), from, entries, head.size, head.note)
            .map(Ok)
            .map_err(|e| ShelfError::Damaged(e.to_string()))
    }

    fn bridge(env: &Env<'_>, centre: &CentreCode, at: u64, to: u64) -> Result<Answer, ShelfError> {
        if at > to || to > env.shelf.journal(centre)?.size {
            return Ok(Answer::Declined(Decline::NotHeld));
        }
        let bridge = Bridge::assemble(&OnShelf { shelf: env.shelf, centre }, at, to);
        bridge.map(Answer::Bridged).map_err(|e| ShelfError::Damaged(e.to_string()))
    }

    fn serve_payloads(env: &Env<'_>, centre: &CentreCode, indexes: &[u64]) -> Result<Answer, ShelfError> {
        let size = env.shelf.journal(centre)?.size;
        let mut payloads = Vec::new();
        for index in indexes.iter().copied().take(MAX_PAYLOADS).filter(|index| *index < size) {
            let payload = env.shelf.entries(centre, index, 1, FRAME_BUDGET_BYTES)?.into_iter().next().and_then(|e| e.payload);
            payloads.extend(payload.map(|payload| PayloadReport { index, payload }));
        }
        Ok(Answer::Payloads(payloads))
    }
}

/// The answer that carries a frame, or says why there is none.
fn framed(frame: Result<Frame, Decline>) -> Answer {
    match frame {
        Ok(frame) => Answer::Frame(frame.to_bytes().into()),
        Err(decline) => Answer::Declined(decline),
    }
}

/// The frame without the payloads that observers do not get.
fn bare(frame: Result<Frame, Decline>) -> Result<Frame, Decline> {
    let mut frame = frame?;
    for entry in &mut frame.entries {
        if !Header::parse(&entry.header).is_ok_and(|header| header.kind().is_some_and(for_observers)) {
            entry.payload = None;
        }
    }
    Ok(frame)
}

/// Whether observers see what a statement of this kind says.
#[must_use]
pub const fn for_observers(kind: Kind) -> bool {
    match kind {
        Kind::CharterProposed
        | Kind::CharterApproved
        | Kind::CharterRejected
        | Kind::CharterPromised
        | Kind::EpochSealed
        | Kind::Vector
        | Kind::ForkReported => true,
        Kind::CertificateIssued
        | Kind::CertificateEnded
        | Kind::HolderBound
        | Kind::HolderEnded
        | Kind::GrantRevoked
        | Kind::AccessRecorded
        | Kind::ListingDecided
        | Kind::ListingChanged
        | Kind::ListingObjected
        | Kind::ListingHit
        | Kind::DossierOpened
        | Kind::DossierJoined
        | Kind::DossierChanged
        | Kind::CataloguePublished
        | Kind::MatterPublished
        | Kind::AuditRecorded => false,
    }
}

/// How many of the rows from `from` on may be served. A row is served whole, or without a payload whose time is over or that a later
/// row ended; never with one missing that the receiver may expect. `whole` says that the head served is over every row held: under an
/// older one the ending may be missing, and who serves the row without it would look as if they had left the payload out.
fn served(env: &Env<'_>, centre: &CentreCode, from: u64, entries: &[Entry], whole: bool) -> Result<usize, ShelfError> {
    for (offset, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.payload.is_none()) {
        let over = Header::parse(&entry.header).is_ok_and(|header| absence_allowed(&header, env.now, false));
        let ended = whole && !over && env.shelf.erased(centre, from + offset as u64)?;
        if !over && !ended {
            return Ok(offset);
        }
    }
    Ok(entries.len())
}

/// Whoever went another way is told how we came here, and proves by it that there are two.
const fn asks_for_chain(ask: &Ask) -> bool {
    matches!(ask.question, Question::Charter { .. })
}
