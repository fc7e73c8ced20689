//! Who looked at a certificate of ours: the accesses that were sealed to us, opened for our auditor.
//!
//! What must never be here: accesses to other centres' certificates. Ours to them stand in the audit log.

use super::audit::{DONE, Told};
use super::{Effect, Env, Node, Stop};
use crate::audit::AuditAction;
use crate::desk::{AccessLine, Event, MAX_ACCESS_LINES};
use crate::error::{Refusal, RefusalCode};
use crate::grant::access::{self, SLOT_AUTHOR, SLOT_ISSUER};
use crate::journal::frame::FRAME_BUDGET_BYTES;
use crate::names::{CentreCode, CertificateNumber};
use crate::operator::ProvenAct;

impl Node {
    /// [`crate::desk::Act::Accesses`].
    pub(super) fn accesses_to_ours(
        &self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        (number, after, limit): (&CertificateNumber, Option<&str>, usize),
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        if !(1..=MAX_ACCESS_LINES).contains(&limit) {
            return Err(RefusalCode::RequestInvalid.into());
        }
        if number.centre() != self.centre || env.shelf.certificate(number)?.is_none() {
            return Err(Refusal::about(RefusalCode::CertificateUnknown, number.as_str()).into());
        }
        let after = after.map(place).transpose()?;
        let from = after.as_ref().map(|(centre, index)| (centre, *index));
        // One more than asked for shows whether there are more.
        let mut places = env.shelf.accesses_to(number, from, limit + 1)?;
        let more = places.len() > limit;
        places.truncate(limit);
        let next = places.last().filter(|_| more).map(|(author, index)| format!("{author}.{index}"));
        let mut accesses = Vec::with_capacity(places.len());
        for (author, index) in places {
            let entry = env.shelf.entries(&author, index, 1, FRAME_BUDGET_BYTES)?.into_iter().next();
            let slot = if author == self.centre { SLOT_AUTHOR } else { SLOT_ISSUER };
            let read = entry.as_ref().and_then(|entry| entry.body()).and_then(|body| access::open(&self.keys.sealing, slot, body).ok());
            // What an earlier key of ours was sealed to, and what was erased, is not read any more.
            accesses.extend(read.filter(|read| read.author == author && read.number == *number).map(|read| AccessLine::new(read, index)));
        }
        self.tell(env, Some(act), vec![Told::new(AuditAction::AuditRead, number.as_str(), DONE)], out)?;
        Ok(Event::Accesses { accesses, next })
    }
}

fn place(after: &str) -> Result<(CentreCode, u64), Refusal> {
    let read = after.split_once('.').and_then(|(centre, row)| Some((CentreCode::new(centre).ok()?, row.parse().ok()?)));
    read.ok_or_else(|| Refusal::new(RefusalCode::CursorInvalid))
}
