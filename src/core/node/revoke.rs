//! A holder takes a grant back: any centre carries the revocation to everybody, in its own journal.
//!
//! The holder's signature is all the authority there is, so no operator is asked for. What was read before stays read; from its arrival
//! on no peer opens anything by the grant.

use super::audit::{DONE, Told};
use super::{Effect, Env, Node, Stop};
use crate::audit::AuditAction;
use crate::desk::Event;
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::grant::Revocation;
use crate::journal::{Kind, Statement};
use crate::time::{MINUTE_MS, Time};

/// Most revocations that a peer takes within a minute: each is a statement that every member keeps for good.
pub const MAX_REVOCATIONS_PER_MINUTE: u32 = 120;

/// How many were taken within this minute.
#[derive(Debug, Default, Clone)]
pub(super) struct State {
    minute: i64,
    taken: u32,
}

impl State {
    fn one_more(&mut self, now: Time) -> Result<(), Refusal> {
        let minute = now.0.div_euclid(MINUTE_MS);
        if self.minute != minute {
            *self = Self { minute, taken: 0 };
        }
        self.taken += 1;
        if self.taken > MAX_REVOCATIONS_PER_MINUTE { Err(RefusalCode::TooManyRequests.into()) } else { Ok(()) }
    }
}

impl Node {
    /// [`crate::desk::Request::GrantRevoke`].
    ///
    /// `request-invalid`, `grant-altered`, `unsupported` for what is no revocation; `certificate-unknown`, also while it has not arrived
    /// here; `holder-key-ended` where nothing of that key counts any more; `holder-mismatch` for somebody else's. A grant that was taken back before is answered with when that was.
    pub(super) fn revoke(&mut self, env: &mut Env<'_>, text: &str, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        self.may_write()?;
        let text = text.trim();
        let revocation = Revocation::parse(text)?;
        let (grant, number) = (revocation.grant(), revocation.number().clone());
        let row = env.shelf.certificate(&number)?;
        let row = row.ok_or_else(|| Refusal::about(RefusalCode::CertificateUnknown, number.as_str()))?;
        // By journals that are held: what another history of somebody ends may turn out never to have been, and then this has to stand.
        if let Some(at) = env.shelf.holder_ended_here(&revocation.holder(), &number)? {
            return Err(Refusal::about(RefusalCode::HolderKeyEnded, at.legal_text()).into());
        }
        revocation.counts_for(&row)?;
        let before = env.shelf.grant_revoked_here(&grant, &revocation.holder())?;
        if before.is_none() {
            self.revoke.one_more(env.now)?;
            let entry = Statement::build(env.rng, Kind::GrantRevoked, env.now, None, text.as_bytes())
                .map_err(|e| ShelfError::Failed(e.to_string()))?;
            self.append(env, vec![entry], out)?;
            self.tell(env, None, vec![Told::new(AuditAction::GrantRevoke, number.as_str(), DONE)], out)?;
        }
        Ok(Event::GrantRevoked { grant, number, at: before.unwrap_or(env.now) })
    }
}
