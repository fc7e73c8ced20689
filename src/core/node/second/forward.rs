//! What a station that does not write takes to the writer of its centre, and what the writer makes of it.
//!
//! A request travels as its client made it, so that the writer asks for itself who signed it and what their role allows; both ways it is
//! sealed. Nothing is kept here: when the writer cannot be reached, the operator is told so at once; when it was asked and does not
//! answer, that it is not known what became of it.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use super::super::message::{Answer, Ask, Decline, MAX_ANSWER_BYTES, MAX_ASK_BYTES, Question};
use super::super::replicate::About;
use super::super::{Effect, Env, Node, fault};
use crate::desk::{Act, Event, Request};
use crate::error::{FaultCode, Refusal, RefusalCode, ShelfError};
use crate::names::{CentreCode, RequestId, StationKey};
use crate::seal::Purpose;
use crate::seal::hpke::{self, Sealed, SealingKey};
use crate::time::{MINUTE_MS, Time};
use crate::wire;

/// Most requests that are forwarded at once, and most that a writer works on for its other stations.
pub const MAX_FORWARDED: usize = 64;
/// Most inquiries of other centres that are relayed at once.
pub const MAX_RELAYED: usize = 64;
/// A forwarded request that the writer has not answered within this is forgotten there.
const FORGET_AFTER_MS: i64 = MINUTE_MS;
/// Where the writer's names for forwarded requests begin: those of its own desk stay below.
const FIRST_TOKEN: u64 = 1 << 63;
/// What sealing adds, and the question around it, in bytes: more than enough.
const AROUND_BYTES: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct State {
    next: u64,
    /// Ours at the writer, by their numbers.
    sent: BTreeMap<u64, Sent>,
    /// At the writer: others', by the name under which our desk works on them.
    served: BTreeMap<u64, Served>,
}

impl State {
    pub(super) fn successor(&self) -> Self {
        Self { next: self.next, ..Self::default() }
    }
}

/// A request that is with the writer.
#[derive(Debug)]
struct Sent {
    /// At our desk.
    token: u64,
    nonce: RequestId,
    /// What can be answered from our own copy when the writer does not.
    here: Option<Request>,
}

/// A request that this writer works on for another station.
#[derive(Debug)]
struct Served {
    /// Who asked.
    from: StationKey,
    /// Of the question to be answered.
    token: u64,
    nonce: RequestId,
    reply_to: SealingKey,
    since: Time,
}

/// What is sealed to the writer.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Forwarded {
    /// Binds the answer to it.
    #[n(0)]
    nonce: RequestId,
    /// What the answer is sealed to.
    #[n(1)]
    reply_to: SealingKey,
    /// The request as JSON.
    #[n(2)]
    request: String,
}

/// Where a request is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    /// At the station that is asked.
    Here,
    /// At the writer; at the station that is asked when the writer cannot be had.
    WriterOrHere,
    /// At the writer.
    Writer,
    /// At the writer's own desk only: it is too much to be forwarded.
    WritersDesk,
}

fn place_of(request: &Request) -> Where {
    match request {
        Request::GrantRevoke { .. } => Where::Writer,
        // What is no act is refused by whoever reads it.
        Request::Act(signed) => serde_json::from_str(&signed.act).map_or(Where::Here, |act| place_of_act(&act)),
        Request::Status
        | Request::Trends
        | Request::Logs { .. }
        | Request::System
        | Request::CertificateList { .. }
        | Request::CertificateShow { .. }
        | Request::CertificateFile { .. }
        | Request::Operators
        | Request::OperatorKey { .. }
        | Request::Sync { .. }
        | Request::Matters { .. }
        | Request::Matter { .. }
        | Request::Federation
        | Request::CharterLinks { .. }
        | Request::FederationHistory { .. }
        | Request::Catalogues
        | Request::Catalogue { .. } => Where::Here,
    }
}

const fn place_of_act(act: &Act) -> Where {
    match act {
        // About this station's own log and store, or only read from the copies.
        Act::AuditList { .. } | Act::AuditCheck | Act::Backup | Act::Journal(_) => Where::Here,
        Act::Lookup { .. } | Act::Screen { .. } => Where::WriterOrHere,
        Act::ImportBegin { .. } | Act::ImportRows { .. } | Act::ImportFinish { .. } | Act::ImportApprove { .. } => Where::WritersDesk,
        Act::OperatorAdd { .. }
        | Act::OperatorDisable { .. }
        | Act::OperatorPasswd { .. }
        | Act::AccountShow { .. }
        | Act::Reveal { .. }
        | Act::CertificateIssue { .. }
        | Act::CertificateShow { .. }
        | Act::CertificateCancel { .. }
        | Act::HolderBind { .. }
        | Act::HolderEnd { .. }
        | Act::AgentCheck { .. }
        | Act::CertificateAccesses { .. }
        | Act::Query { .. }
        | Act::Ask { .. }
        | Act::Outbox(_)
        | Act::MatterPublish { .. }
        | Act::CataloguePublish { .. }
        | Act::Dossier(_)
        | Act::Federation(_)
        | Act::Accesses { .. }
        | Act::PickUp { .. }
        | Act::Propose(_)
        | Act::Review { .. }
        | Act::Notify { .. }
        | Act::Object { .. }
        | Act::Answer { .. }
        | Act::Withdraw { .. }
        | Act::Repair { .. }
        | Act::Queue { .. }
        | Act::CaseShow { .. }
        | Act::Proof { .. }
        | Act::Export { .. } => Where::Writer,
    }
}

impl Node {
    /// What a forwarded request and its answer are sealed together with.
    fn forwarded_by(&self, station: &StationKey, nonce: Option<&RequestId>) -> Vec<u8> {
        let nonce = nonce.map_or(&[][..], |nonce| &nonce.0);
        [self.charter.founding().0.as_slice(), self.centre.as_str().as_bytes(), &station.0, nonce].concat()
    }

    /// Takes a request to the writer, if it belongs there and this station is another one; else gives it back, to be worked on here.
    pub(in crate::node) fn forward(&mut self, env: &mut Env<'_>, token: u64, request: Request, out: &mut Vec<Effect>) -> Option<Request> {
        if !self.is_second() {
            return Some(request);
        }
        let place = place_of(&request);
        let (to, lasting) = match (place, self.writer_at_hand()) {
            (Where::Here, _) | (Where::WriterOrHere, None) => return Some(request),
            (Where::WritersDesk, _) => return refuse(token, RefusalCode::WriterOnly, out),
            (Where::Writer, None) => return refuse(token, RefusalCode::WriterUnreachable, out),
            (Where::WriterOrHere, Some(to)) => (to, true),
            (Where::Writer, Some(to)) => (to, false),
        };
        if self.second.forward.sent.len() >= MAX_FORWARDED {
            return refuse(token, RefusalCode::TooManyRequests, out);
        }
        let mut nonce = RequestId([0; 16]);
        env.rng.fill_bytes(&mut nonce.0);
        let text = serde_json::to_string(&request).unwrap_or_default();
        let forwarded = Forwarded { nonce, reply_to: self.keys.sealing.public(), request: text };
        let plain = Zeroizing::new(wire::encode(&forwarded));
        let bound = self.forwarded_by(&self.keys.station_key(), None);
        let key = self.charter.member(&self.centre).map(|member| member.sealing);
        let sealed = key.and_then(|key| hpke::seal(env.rng, &key, Purpose::Forward, &bound, &plain).ok());
        let Some(bytes) = sealed.map(|sealed| wire::encode(&sealed)).filter(|bytes| bytes.len() + AROUND_BYTES <= MAX_ASK_BYTES) else {
            return if lasting { Some(request) } else { refuse(token, RefusalCode::WriterOnly, out) };
        };
        self.second.forward.next += 1;
        let number = self.second.forward.next;
        self.second.forward.sent.insert(number, Sent { token, nonce, here: lasting.then_some(request) });
        let bytes = Ask::under(&self.charter, Question::Forward(bytes.into())).to_bytes();
        self.call_about(env, to, About::Forward(number), bytes, out);
        None
    }

    /// The writer answered a forwarded request.
    pub(in crate::node) fn forward_answered(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        number: u64,
        bytes: &[u8],
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let Some(sent) = self.second.forward.sent.get(&number) else { return Ok(()) };
        let bound = self.forwarded_by(&self.keys.station_key(), Some(&sent.nonce));
        let sealed = wire::decode::<Sealed>(bytes, MAX_ANSWER_BYTES).ok();
        let plain = sealed.and_then(|sealed| hpke::open(&self.keys.sealing, Purpose::ForwardReply, &bound, &sealed).ok());
        let event = plain.and_then(|plain| serde_json::from_slice::<Event>(&plain).ok()).filter(Event::closes);
        let Some(event) = event else {
            fault(out, from, FaultCode::Unsealed);
            return self.forward_failed(env, number, RefusalCode::WriterSilent, out);
        };
        let token = sent.token;
        self.second.forward.sent.remove(&number);
        out.push(Effect::Reply { token, event: Box::new(event) });
        Ok(())
    }

    /// The writer did not answer, or would not. What can be answered from the own copy is; of the rest the operator is told `code`.
    pub(in crate::node) fn forward_failed(
        &mut self,
        env: &mut Env<'_>,
        number: u64,
        code: RefusalCode,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let Some(Sent { token, here, .. }) = self.second.forward.sent.remove(&number) else { return Ok(()) };
        match here {
            Some(request) => self.desk_here(env, token, request, out),
            None => {
                let _: Option<Request> = refuse(token, code, out);
                Ok(())
            }
        }
    }

    /// [`Question::Forward`], at the writer: as if it were asked at our own desk. `None` when the answer comes later.
    pub(in crate::node) fn forwarded(
        &mut self,
        env: &mut Env<'_>,
        (from, token): (StationKey, u64),
        bytes: &[u8],
        out: &mut Vec<Effect>,
    ) -> Result<Option<Answer>, ShelfError> {
        if !self.is_our_second(&from) || self.may_write().is_err() {
            return Ok(Some(Answer::Declined(Decline::NotHeld)));
        }
        if self.second.forward.served.len() >= MAX_FORWARDED {
            return Ok(Some(Answer::Declined(Decline::Busy)));
        }
        let bound = self.forwarded_by(&from, None);
        let sealed = wire::decode::<Sealed>(bytes, MAX_ASK_BYTES).ok();
        let plain = sealed.and_then(|sealed| hpke::open(&self.keys.sealing, Purpose::Forward, &bound, &sealed).ok());
        let Some(plain) = plain else {
            fault(out, from, FaultCode::Unsealed);
            return Ok(Some(Answer::Declined(Decline::NotHeld)));
        };
        let read = wire::decode::<Forwarded>(&plain, MAX_ASK_BYTES).ok();
        let request = read.as_ref().and_then(|read| serde_json::from_str::<Request>(&read.request).ok());
        let forwarded = request.filter(|request| matches!(place_of(request), Where::Writer | Where::WriterOrHere));
        let (Some(Forwarded { nonce, reply_to, .. }), Some(request)) = (read, forwarded) else {
            fault(out, from, FaultCode::Malformed);
            return Ok(Some(Answer::Declined(Decline::NotHeld)));
        };
        self.second.forward.next += 1;
        let name = FIRST_TOKEN | self.second.forward.next;
        self.second.forward.served.insert(name, Served { from, token, nonce, reply_to, since: env.now });
        self.desk_here(env, name, request, out)?;
        Ok(None)
    }

    /// What our desk replied to forwarded requests becomes the answers to them. How far long work has come is not told.
    pub(in crate::node) fn tell_forwarded(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) {
        let replies = |effect: &Effect| matches!(effect, Effect::Reply { token, .. } if *token >= FIRST_TOKEN);
        if !out.iter().any(replies) {
            return;
        }
        for effect in std::mem::take(out) {
            match effect {
                Effect::Reply { token, event } if token >= FIRST_TOKEN => out.extend(self.told_to_second(env, token, &event)),
                other => out.push(other),
            }
        }
    }

    fn told_to_second(&mut self, env: &mut Env<'_>, name: u64, event: &Event) -> Option<Effect> {
        if !event.closes() {
            return None;
        }
        let Served { from, token, nonce, reply_to, .. } = self.second.forward.served.remove(&name)?;
        // It was done, and the answer is too long to be told.
        let too_much =
            || serde_json::to_vec(&Event::Refused { refusal: RefusalCode::WriterSilent.into(), about: None }).unwrap_or_default();
        let plain = serde_json::to_vec(event).ok().filter(|plain| plain.len() + AROUND_BYTES <= MAX_ANSWER_BYTES);
        let plain = Zeroizing::new(plain.unwrap_or_else(too_much));
        let bound = self.forwarded_by(&from, Some(&nonce));
        let sealed = hpke::seal(env.rng, &reply_to, Purpose::ForwardReply, &bound, &plain);
        let answer = sealed.map_or(Answer::Declined(Decline::NotHeld), |sealed| Answer::Told(wire::encode(&sealed).into()));
        Some(Effect::Answer { token, bytes: answer.to_bytes() })
    }

    /// Requests that our desk never answered.
    pub(in crate::node) fn forwarded_tick(&mut self, now: Time) {
        self.second.forward.served.retain(|_, served| now.since(served.since).abs() < FORGET_AFTER_MS);
    }

    /// [`Question::Inquire`] at a station that does not write: the writer answers, and its answer is passed on. `None` when it comes later.
    pub(in crate::node) fn relay(
        &mut self,
        env: &Env<'_>,
        (from, token): (StationKey, u64),
        inquiry: &[u8],
        out: &mut Vec<Effect>,
    ) -> Option<Answer> {
        let Some(asker) = self.charter.station(&from).map(|(member, _)| member.centre.clone()) else {
            return Some(Answer::Declined(Decline::NotHeld));
        };
        let full = self.calls_about(|about| matches!(about, About::Relay(_))) >= MAX_RELAYED;
        let Some(to) = self.writer_at_hand().filter(|_| !full) else { return Some(Answer::Declined(Decline::Busy)) };
        let bytes = Ask::under(&self.charter, Question::Relay { asker, inquiry: inquiry.to_vec().into() }).to_bytes();
        if bytes.len() > MAX_ASK_BYTES {
            return Some(Answer::Declined(Decline::NotHeld));
        }
        self.call_about(env, to, About::Relay(token), bytes, out);
        None
    }

    /// [`Question::Relay`], at the writer.
    pub(in crate::node) fn relayed(
        &mut self,
        env: &mut Env<'_>,
        (from, token): (StationKey, u64),
        asker: CentreCode,
        inquiry: &[u8],
        out: &mut Vec<Effect>,
    ) -> Result<Option<Answer>, ShelfError> {
        if !self.is_our_second(&from) || self.charter.member(&asker).is_none() {
            return Ok(Some(Answer::Declined(Decline::NotHeld)));
        }
        self.inquired_by(env, asker, (None, token), inquiry, out)
    }
}

fn refuse(token: u64, code: RefusalCode, out: &mut Vec<Effect>) -> Option<Request> {
    let refused = Event::Refused { refusal: Refusal::new(code), about: None };
    out.push(Effect::Reply { token, event: Box::new(refused) });
    None
}
