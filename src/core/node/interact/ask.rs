//! The asking side: a counter's check or rule, and the word on a status. The issuer's station is asked again until it answers.

use super::super::audit::{DONE, Told};
use super::super::query::LEGAL_BASIS;
use super::super::{Effect, Env, Node, Stop, fault};
use super::{ASK_AGAIN_MS, MAX_ASKING, PATIENCE_MS};
use crate::audit::{AuditAction, AuditRow};
use crate::desk::{AttestedAnswer, Event, Stage};
use crate::error::{Fault, Refusal, RefusalCode, ShelfError};
use crate::grant::access::MAX_BUSINESS_NO_BYTES;
use crate::grant::{Asker, Mode, Presented};
use crate::interact::{Attestation, Inquiry, Reply, Wanted};
use crate::names::{CentreCode, RequestId, StationKey};
use crate::operator::ProvenAct;
use crate::time::Time;

/// What an operator asks of an issuer.
#[derive(Debug)]
pub(in crate::node) struct Wish {
    pub(in crate::node) grant: String,
    pub(in crate::node) business_no: String,
    pub(in crate::node) matter: Option<String>,
    pub(in crate::node) wanted: Wanted,
    pub(in crate::node) request: RequestId,
}

/// For whom an issuer is asked.
#[derive(Debug)]
pub(super) enum For {
    /// An operator: the request to answer, and who asked.
    Operator(u64, Box<ProvenAct>),
    /// A reading that is held: the number of its conversation is the asking's own.
    Reading,
    /// A question that was left.
    Outbox,
}

/// A question to an issuer that is not answered yet.
#[derive(Debug)]
pub(in crate::node) struct Asking {
    inquiry: Inquiry,
    presented: Presented,
    of: For,
    since: Time,
    /// When it was sent last, and whether that call is still open.
    sent: Option<(Time, bool)>,
}

impl Asking {
    pub(super) fn request(&self) -> &RequestId {
        &self.inquiry.request
    }

    /// Whether this is the question that was left under `request`.
    pub(super) fn is_left(&self, request: &RequestId) -> bool {
        matches!(self.of, For::Outbox) && self.inquiry.request == *request
    }

    pub(super) fn is_left_for(&self, issuer: &CentreCode) -> bool {
        matches!(self.of, For::Outbox) && self.presented.claims().number.centre() == *issuer
    }

    /// Whether it was left and has been tried for so long.
    pub(super) fn is_left_since(&self, now: Time, ms: i64) -> bool {
        matches!(self.of, For::Outbox) && now.since(self.since).abs() >= ms
    }

    pub(super) fn new(inquiry: Inquiry, presented: Presented, of: For, since: Time) -> Self {
        Self { inquiry, presented, of, since, sent: None }
    }
}

impl Node {
    /// [`crate::desk::Act::Ask`]: answered when the issuer has answered.
    ///
    /// What the grant itself does not allow is refused here; `not-the-issuer` for a certificate of our own; `issuer-dark` when its issuer is
    /// not reached in time. The same under the same id later is answered alike and costs no further use.
    pub(in crate::node) fn inquire(
        &mut self,
        env: &mut Env<'_>,
        (token, act): (u64, &ProvenAct),
        wish: Wish,
        out: &mut Vec<Effect>,
    ) -> Result<(), Stop> {
        let (inquiry, presented) = self.may_be_asked(env, wish)?;
        let issuer = presented.claims().number.centre();
        if self.interact.is_asked(&inquiry.request) {
            return Err(RefusalCode::RequestReused.into());
        }
        if self.interact.asking.len() >= MAX_ASKING {
            return Err(RefusalCode::TooManyRequests.into());
        }
        if self.station_of(&issuer).is_none() {
            return Err(Refusal::about(RefusalCode::IssuerDark, issuer.as_str()).into());
        }
        out.push(Effect::Reply { token, event: Box::new(Event::Progress { stage: Stage::AskingIssuer }) });
        let key = self.interact.next();
        self.interact.asking.insert(key, Asking::new(inquiry, presented, For::Operator(token, Box::new(act.clone())), env.now));
        self.send_inquiry(env, key, out);
        Ok(())
    }

    /// What can be known of a question before the issuer hears it.
    pub(super) fn may_be_asked(&self, env: &Env<'_>, wish: Wish) -> Result<(Inquiry, Presented), Stop> {
        wish.wanted.check()?;
        let business_no = !wish.business_no.trim().is_empty()
            && wish.business_no.len() <= MAX_BUSINESS_NO_BYTES
            && !wish.business_no.chars().any(char::is_control);
        let mode = wish.wanted.mode().filter(|_| business_no);
        let mode = mode.ok_or_else(|| Refusal::about(RefusalCode::RequestInvalid, if business_no { "want" } else { "business-no" }))?;
        let presented = Presented::parse(&wish.grant)?;
        self.agent_was_looked_at(&presented)?;
        presented.for_this_asker(&Asker { centre: &self.centre, now: env.now, matter: wish.matter.as_deref(), mode })?;
        let issuer = presented.claims().number.centre();
        if issuer == self.centre {
            return Err(Refusal::about(RefusalCode::RequestInvalid, "own-certificate").into());
        }
        let grant = wish.grant.split_ascii_whitespace().collect();
        let matter = presented.claims().matter.clone();
        let inquiry = Inquiry { request: wish.request, grant, business_no: wish.business_no, matter, wanted: wish.wanted };
        Ok((inquiry, presented))
    }

    /// A station of this centre that is connected.
    pub(super) fn station_of(&self, centre: &CentreCode) -> Option<StationKey> {
        let member = self.charter.member(centre)?;
        let mut stations: Vec<_> = member.stations.iter().filter(|station| self.is_connected(&station.key)).collect();
        // Only the writer can count a use.
        stations.sort_by_key(|station| !station.writer);
        stations.first().map(|station| station.key)
    }

    pub(super) fn send_inquiry(&mut self, env: &mut Env<'_>, key: u64, out: &mut Vec<Effect>) {
        let Some(asking) = self.interact.asking.get(&key) else { return };
        let issuer = asking.presented.claims().number.centre();
        let sealing = self.charter.member(&issuer).map(|member| &member.sealing);
        let sealed = sealing.and_then(|sealing| asking.inquiry.seal(env.rng, &self.centre, &issuer, sealing).ok());
        let way = self.station_of(&issuer).zip(sealed);
        let sent = way.is_some();
        if let Some((to, sealed)) = way {
            self.call_inquiry(env, to, key, sealed, out);
        }
        if let Some(asking) = self.interact.asking.get_mut(&key) {
            asking.sent = Some((env.now, sent));
        }
    }

    /// An issuer replied, or the call came to nothing (`None`).
    pub(in crate::node) fn inquiry_replied(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        key: u64,
        reply: Option<&[u8]>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let Some(asking) = self.interact.asking.get_mut(&key) else { return Ok(()) };
        let Some(bytes) = reply else {
            asking.sent = asking.sent.map(|(at, _)| (at, false));
            return Ok(());
        };
        let (issuer, request) = (asking.presented.claims().number.centre(), asking.inquiry.request);
        let reply = Reply::open(&self.keys.sealing, (&self.centre, &issuer), &request, bytes);
        let said = reply.and_then(|reply| self.judge_reply(env, key, reply));
        match said {
            Ok(outcome) => self.inquiry_over(env, key, outcome, out),
            Err(problem) => {
                fault(out, from, problem.code);
                self.inquiry_over(env, key, Err(Refusal::about(RefusalCode::IssuerDark, "garbled")), out)
            }
        }
    }

    fn judge_reply(&self, env: &Env<'_>, key: u64, reply: Reply) -> Result<Result<(String, Attestation), Refusal>, Fault> {
        let malformed = || Fault::new(crate::error::FaultCode::Malformed, "reply");
        let asking = self.interact.asking.get(&key).ok_or_else(malformed)?;
        match reply {
            Reply::Refused(code, detail) => Ok(Err(Refusal { code: code.parse().map_err(|_| malformed())?, detail })),
            Reply::Attested(text) => {
                let issuer = self.identity_of(&asking.presented.claims().number.centre()).ok_or_else(malformed)?;
                let said = Attestation::verify(&text, &issuer, &self.centre, &asking.inquiry, &asking.presented, env.now)?;
                Ok(Ok((text, said)))
            }
        }
    }

    /// The conversation ends: whoever asked is answered, and what came of it is written down.
    fn inquiry_over(
        &mut self,
        env: &mut Env<'_>,
        key: u64,
        outcome: Result<(String, Attestation), Refusal>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let Some(Asking { inquiry, presented, of, .. }) = self.interact.asking.remove(&key) else { return Ok(()) };
        match of {
            For::Reading => self.status_said(env, key, outcome.map(|(_, said)| said), out),
            For::Outbox => self.left_said(env, (inquiry, presented), outcome.map(|(text, _)| text), out),
            For::Operator(token, act) => {
                let code = outcome.as_ref().map_or_else(|refusal| AuditRow::refused(refusal.code), |_| DONE.to_owned());
                let told = Told {
                    matter: Some(inquiry.matter.clone()),
                    business_no: Some(inquiry.business_no.clone()),
                    legal_basis: Some(LEGAL_BASIS.to_owned()),
                    ..Told::new(action(&inquiry.wanted), presented.claims().number.as_str(), code)
                };
                self.tell(env, Some(&act), vec![told], out)?;
                let event = match outcome {
                    Ok((text, said)) => Event::Attested(Box::new(AttestedAnswer {
                        issuer: presented.claims().number.centre(),
                        uses: presented.claims().uses,
                        attestation: said,
                        text,
                    })),
                    Err(refusal) => Event::Refused { refusal, about: None },
                };
                out.push(Effect::Reply { token, event: Box::new(event) });
                Ok(())
            }
        }
    }

    /// Asks again whom no answer came from, and gives up when patience ends. At most one conversation ends in an input: it tells the log.
    /// Returns whether one did.
    pub(in crate::node) fn asking_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<bool, ShelfError> {
        let now = env.now;
        let late = |asking: &Asking| matches!(asking.of, For::Operator(..)) && now.since(asking.since).abs() >= PATIENCE_MS;
        if let Some(key) = self.interact.asking.iter().find(|(_, asking)| late(asking)).map(|(key, _)| *key) {
            let issuer = self.interact.asking.get(&key).map(|asking| asking.presented.claims().number.centre());
            let refusal = Refusal::about(RefusalCode::IssuerDark, issuer.as_ref().map_or("", |issuer| issuer.as_str()));
            self.inquiry_over(env, key, Err(refusal), out)?;
            return Ok(true);
        }
        let due = |asking: &Asking| asking.sent.is_none_or(|(at, open)| !open && now.since(at).abs() >= ASK_AGAIN_MS);
        let again: Vec<u64> = self.interact.asking.iter().filter(|(_, asking)| due(asking)).map(|(key, _)| *key).collect();
        for key in again {
            self.send_inquiry(env, key, out);
        }
        Ok(false)
    }
}

/// What a row of the audit log calls it.
pub(in crate::node) fn action(wanted: &Wanted) -> AuditAction {
    match wanted.mode() {
        Some(Mode::Check) => AuditAction::Check,
        Some(Mode::Evaluate) => AuditAction::Evaluate,
        Some(Mode::Details) | None => AuditAction::Query,
    }
}
