//! Questions that wait for an issuer that is dark: kept in the store, put to it when it is there, and kept with its answer for a while.
//!
//! Each goes under the id under which the counter asked first, so that an issuer that heard it then answers the same and counts no
//! further use.

use super::super::audit::{AGAIN, DONE, Told};
use super::super::query::LEGAL_BASIS;
use super::super::{Effect, Env, Node, Stop};
use super::ask::{Asking, For, Wish};
use super::{MAX_ASKING, PATIENCE_MS, action};
use crate::audit::{AuditAction, AuditRow};
use crate::certificate::IssuerIdentity;
use crate::desk::{AttestedAnswer, Event, LeftLine, LeftView, MAX_OUTBOX_PAGE, OutboxAct};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::grant::{Mode, Presented};
use crate::interact::{Attestation, Inquiry, Reply};
use crate::names::CentreCode;
use crate::operator::{ProvenAct, Role};
use crate::shelf::{OutboxRow, OutboxWrite, Write};
use crate::time::{DAY_MS, SECOND_MS, Time};

/// Most questions that are kept at once, waiting or over.
pub const MAX_OUTBOX: u64 = 5_000;
/// A question is asked for so long at most, in days, and never after its grant has ended.
pub const KEEP_ASKING_DAYS: i64 = 30;
/// What became of it is kept for so long, in days.
pub const KEEP_SAID_DAYS: i64 = 31;
/// How often issuers that are there are looked for, in milliseconds.
pub const LOOK_EVERY_MS: i64 = 2 * SECOND_MS;
/// Most questions that are put to one issuer at once: it has so few places for a centre.
const AT_ONCE: usize = 4;
/// Most that end or are deleted in one step.
const OVER_AT_ONCE: usize = 64;

/// What was left and not answered: still ours to ask again.
const LEFT: &str = "left";
/// It is not asked any more.
const DROPPED: &str = "dropped";

impl Node {
    /// [`crate::desk::Act::Outbox`].
    pub(in crate::node) fn outbox_act(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        asked: &OutboxAct,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        match asked {
            OutboxAct::Leave { grant, business_no, matter, wanted, request } => {
                let (grant, business_no, matter, wanted) = (grant.clone(), business_no.clone(), matter.clone(), wanted.clone());
                self.leave(env, act, Wish { grant, business_no, matter, wanted, request: *request }, out)
            }
            OutboxAct::List { after, limit } => {
                if *limit == 0 || *limit > MAX_OUTBOX_PAGE {
                    return Err(RefusalCode::RequestInvalid.into());
                }
                let mut rows = env.shelf.outbox_page(*after, limit + 1)?;
                let more = rows.len() > *limit;
                rows.truncate(*limit);
                let items = rows.iter().map(|row| Ok(line(row, &read(row)?))).collect::<Result<_, ShelfError>>()?;
                Ok(Event::Outbox { items, more })
            }
            OutboxAct::Show { request } => {
                let row = env.shelf.outbox(request)?.ok_or(RefusalCode::LeftUnknown)?;
                let question = read(&row)?;
                self.tell(env, Some(act), vec![told(&question, AGAIN)], out)?;
                Ok(Event::Left(Box::new(self.left_view(&row, &question)?)))
            }
            OutboxAct::Drop { request } => {
                let row = env.shelf.outbox(request)?.ok_or(RefusalCode::LeftUnknown)?;
                self.interact.asking.retain(|_, asking| !asking.is_left(request));
                out.push(Effect::Write(Write::Outbox(OutboxWrite::Gone(*request))));
                self.tell(env, Some(act), vec![told(&read(&row)?, DROPPED)], out)?;
                Ok(Event::Done)
            }
        }
    }

    fn leave(&mut self, env: &mut Env<'_>, act: &ProvenAct, wish: Wish, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        let (inquiry, presented) = self.may_be_asked(env, wish)?;
        if let Some(row) = env.shelf.outbox(&inquiry.request)? {
            // Left twice, as after a lost answer: the same question is the same entry.
            let question = read(&row)?;
            let same = question.inquiry == inquiry && row.by == act.operator().name;
            return if same { Ok(Event::Left(Box::new(self.left_view(&row, &question)?))) } else { Err(RefusalCode::RequestReused.into()) };
        }
        if env.shelf.outbox_count()? >= MAX_OUTBOX {
            return Err(RefusalCode::TooManyRequests.into());
        }
        let until = presented.claims().expires().min(env.now.plus_ms(KEEP_ASKING_DAYS * DAY_MS));
        let row = OutboxRow {
            request: inquiry.request,
            issuer: presented.claims().number.centre(),
            by: act.operator().name.clone(),
            left: env.now,
            until,
            inquiry: inquiry.to_bytes(),
            said: None,
        };
        let question = Question { inquiry, presented };
        self.tell(env, Some(act), vec![told(&question, LEFT)], out)?;
        let left = LeftView { line: line(&row, &question), attested: None };
        out.push(Effect::Write(Write::Outbox(OutboxWrite::Left(row))));
        self.interact.looked = None;
        Ok(Event::Left(Box::new(left)))
    }

    fn left_view(&self, row: &OutboxRow, question: &Question) -> Result<LeftView, ShelfError> {
        let attested = match reply(row)? {
            Some((at, Reply::Attested(text))) => {
                let issuer = self.identity_of(&row.issuer).ok_or_else(|| damaged("the issuer of a question that was left"))?;
                let said = Attestation::verify(&text, &issuer, &self.centre, &question.inquiry, &question.presented, at)
                    .map_err(|_| damaged("what was said to a question that was left"))?;
                Some(AttestedAnswer { issuer: row.issuer.clone(), uses: question.presented.claims().uses, attestation: said, text })
            }
            Some((_, Reply::Refused(..))) | None => None,
        };
        Ok(LeftView { line: line(row, question), attested })
    }

    /// Questions go to issuers that are there; those whose time is over end, and what nobody fetched is deleted.
    pub(in crate::node) fn outbox_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        if self.interact.looked.is_some_and(|last| env.now.since(last).abs() < LOOK_EVERY_MS) {
            return Ok(());
        }
        self.interact.looked = Some(env.now);
        self.interact.asking.retain(|_, asking| !asking.is_left_since(env.now, PATIENCE_MS));
        let (late, old) = env.shelf.outbox_over(env.now, env.now.plus_ms(-KEEP_SAID_DAYS * DAY_MS), OVER_AT_ONCE)?;
        for request in late.iter().filter(|request| !self.interact.is_asked(request)) {
            let reply = Reply::refused(&RefusalCode::GrantExpired.into()).to_bytes();
            out.push(Effect::Write(Write::Outbox(OutboxWrite::Said { request: *request, at: env.now, reply })));
        }
        out.extend(old.into_iter().map(|request| Effect::Write(Write::Outbox(OutboxWrite::Gone(request)))));
        let issuers: Vec<_> = self.authors.keys().filter(|centre| self.station_of(centre).is_some()).cloned().collect();
        for issuer in issuers {
            let under_way = self.interact.asking.values().filter(|asking| asking.is_left_for(&issuer)).count();
            if under_way > 0 || self.interact.asking.len() >= MAX_ASKING {
                continue;
            }
            for row in env.shelf.outbox_waiting(&issuer, AT_ONCE)? {
                // The counter itself may be asking again.
                if row.until < env.now || self.interact.is_asked(&row.request) {
                    continue;
                }
                let question = read(&row)?;
                let key = self.interact.next();
                self.interact.asking.insert(key, Asking::new(question.inquiry, question.presented, For::Outbox, env.now));
                self.send_inquiry(env, key, out);
            }
        }
        Ok(())
    }

    /// What became of a question that was left. While the issuer only cannot answer yet, it waits on.
    pub(super) fn left_said(
        &self,
        env: &mut Env<'_>,
        (inquiry, presented): (Inquiry, Presented),
        outcome: Result<String, Refusal>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let (reply, code) = match outcome {
            Ok(text) => (Reply::Attested(text), DONE.to_owned()),
            Err(refusal) if passes(refusal.code) => return Ok(()),
            Err(refusal) => (Reply::refused(&refusal), AuditRow::refused(refusal.code)),
        };
        let request = inquiry.request;
        // It may have been dropped while the issuer was asked.
        if env.shelf.outbox(&request)?.is_none_or(|row| row.said.is_some()) {
            return Ok(());
        }
        out.push(Effect::Write(Write::Outbox(OutboxWrite::Said { request, at: env.now, reply: reply.to_bytes() })));
        self.tell(env, None, vec![told(&Question { inquiry, presented }, &code)], out)
    }

    pub(super) fn identity_of(&self, centre: &CentreCode) -> Option<IssuerIdentity> {
        let key = self.author(centre)?.signing;
        Some(IssuerIdentity { federation: self.charter.federation().clone(), centre: centre.clone(), key })
    }
}

/// A question as it is kept.
struct Question {
    inquiry: Inquiry,
    presented: Presented,
}

fn read(row: &OutboxRow) -> Result<Question, ShelfError> {
    let inquiry = Inquiry::decode(&row.inquiry).map_err(|_| damaged("a question that was left"))?;
    let presented = Presented::parse(&inquiry.grant).map_err(|_| damaged("the grant of a question that was left"))?;
    Ok(Question { inquiry, presented })
}

fn reply(row: &OutboxRow) -> Result<Option<(Time, Reply)>, ShelfError> {
    let Some((at, bytes)) = &row.said else { return Ok(None) };
    Reply::decode(bytes).map(|reply| Some((*at, reply))).map_err(|_| damaged("what was said to a question that was left"))
}

fn line(row: &OutboxRow, question: &Question) -> LeftLine {
    let refused = match reply(row) {
        Ok(Some((_, Reply::Refused(code, _)))) => Some(code),
        Ok(Some((_, Reply::Attested(_))) | None) | Err(_) => None,
    };
    LeftLine {
        request: row.request,
        issuer: row.issuer.clone(),
        number: question.presented.claims().number.clone(),
        matter: question.inquiry.matter.clone(),
        business_no: question.inquiry.business_no.clone(),
        mode: question.inquiry.wanted.mode().unwrap_or(Mode::Check),
        by: row.by.clone(),
        left: row.left,
        until: row.until,
        over: row.said.as_ref().map(|(at, _)| *at),
        refused,
    }
}

fn told(question: &Question, outcome: &str) -> Told {
    Told {
        matter: Some(question.inquiry.matter.clone()),
        business_no: Some(question.inquiry.business_no.clone()),
        legal_basis: Some(LEGAL_BASIS.to_owned()),
        ..Told::new(action(&question.inquiry.wanted), question.presented.claims().number.as_str(), outcome)
    }
}

/// Whether an issuer may answer otherwise a little later.
const fn passes(code: RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::IssuerDark
            | RefusalCode::SourceUnavailable
            | RefusalCode::TooManyRequests
            | RefusalCode::WriterUnreachable
            | RefusalCode::ReadOnly
    )
}

fn damaged(what: &str) -> ShelfError {
    ShelfError::Damaged(what.to_owned())
}

/// Who may ask what of the outbox: whoever may ask an issuer.
pub(in crate::node) const fn roles(asked: &OutboxAct) -> &'static [Role] {
    match asked {
        OutboxAct::Leave { .. } | OutboxAct::List { .. } | OutboxAct::Show { .. } | OutboxAct::Drop { .. } => {
            &[Role::Teller, Role::Reviewer]
        }
    }
}

/// What a row of the audit log says of what was asked and refused.
pub(in crate::node) fn about(asked: &OutboxAct) -> Option<(AuditAction, String)> {
    match asked {
        OutboxAct::Leave { grant, wanted, .. } => Some((action(wanted), super::super::query::certificate_of(grant))),
        OutboxAct::Show { request } | OutboxAct::Drop { request } => Some((AuditAction::Query, request.to_string())),
        OutboxAct::List { .. } => None,
    }
}
