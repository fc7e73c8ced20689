//! Somebody presents a grant in its holder's place: it is used only after a clerk has looked at their document.
//!
//! That it was looked at stands in the audit log. What is remembered here, for a while, is only that it may be used: after a restart a clerk
//! looks again.

use std::collections::BTreeMap;

use super::audit::{DONE, Told};
use super::{Effect, Env, Node, Stop};
use crate::audit::AuditAction;
use crate::desk::Event;
use crate::error::{Refusal, RefusalCode};
use crate::grant::{MAX_DURATION_MS, Presented};
use crate::names::{GrantId, Thumbprint};
use crate::operator::ProvenAct;
use crate::time::Time;

/// Most grants of which it is remembered that their agent was looked at; the oldest are forgotten first.
pub const MAX_AGENTS: usize = 4_096;

/// Grants whose agent was looked at, and when. Ids are anybody's to name, so the key that signed belongs to it.
#[derive(Debug, Default, Clone)]
pub(super) struct State {
    looked_at: BTreeMap<(GrantId, Thumbprint), Time>,
}

impl State {
    fn remember(&mut self, grant: (GrantId, Thumbprint), now: Time) {
        self.looked_at.retain(|_, at| now.since(*at).abs() <= MAX_DURATION_MS);
        while self.looked_at.len() >= MAX_AGENTS {
            let Some(oldest) = self.looked_at.iter().min_by_key(|(_, at)| **at).map(|(grant, _)| *grant) else { break };
            self.looked_at.remove(&oldest);
        }
        self.looked_at.insert(grant, now);
    }
}

impl Node {
    /// [`crate::desk::Act::AgentCheck`].
    pub(super) fn agent_check(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        (grant, last_four): (&str, &str),
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        let presented = Presented::parse(grant)?;
        let claims = presented.claims();
        if claims.aud != self.centre {
            return Err(Refusal::about(RefusalCode::WrongCentre, claims.aud.as_str()).into());
        }
        let agent = claims.agent.as_ref().ok_or_else(|| Refusal::about(RefusalCode::RequestInvalid, "agent"))?;
        if !agent.fits(last_four) {
            return Err(RefusalCode::AgentMismatch.into());
        }
        let about = format!("{} {} {} **{}", claims.number, agent.name, agent.document_type, agent.last_four);
        self.tell(env, Some(act), vec![Told::new(AuditAction::AgentCheck, about, DONE)], out)?;
        self.agent.remember((presented.id(), presented.holder()), env.now);
        Ok(Event::Done)
    }

    /// Whether this grant may be used by whoever presents it.
    pub(super) fn agent_was_looked_at(&self, presented: &Presented) -> Result<(), Refusal> {
        let looked_at = || self.agent.looked_at.contains_key(&(presented.id(), presented.holder()));
        if presented.claims().agent.is_none() || looked_at() { Ok(()) } else { Err(RefusalCode::AgentUnchecked.into()) }
    }
}
