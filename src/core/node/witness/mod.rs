//! Other journals are cosigned, and what others cosigned is gathered.
//!
//! A centre that the charter names as a witness cosigns every other journal when it has grown: the head over exactly the rows that it
//! holds, if that extends what it cosigned last. What it cosigned is written first, and is told only from the store, to whoever asks
//! (`gather`). So nothing is cosigned twice differently, whatever is restarted in between; and a witness whose store was restored asks
//! the others what it has cosigned before it goes on (`recall`).
//!
//! A cosignature counts for one witness and one journal, and proves nothing about a row that this peer does not hold: whoever counts
//! cosignatures has the rows, and has compared.

mod gather;
mod level;
mod recall;

pub use gather::{ASK_COSIGNED_EVERY_MS, ASK_COSIGNED_RARELY_MS};
pub use recall::MAX_RECALLS;

use std::collections::BTreeMap;

use super::{Effect, Env, Node};
use crate::error::ShelfError;
use crate::journal::proof::{OnShelf, root_at};
use crate::journal::{Frontier, VerifiedHead, cosignature};
use crate::names::CentreCode;
use crate::shelf::{CosignatureRow, JournalState, Write};
use crate::sign::PublicKey;
use crate::time::{SECOND_MS, Time};

/// A journal is cosigned at most so often, in milliseconds: under load one cosignature covers many heads.
pub const COSIGN_EVERY_MS: i64 = 10 * SECOND_MS;
/// Most journals that are cosigned at once: so many signatures one step of the loop costs at most.
pub const MAX_COSIGNED_AT_ONCE: usize = 32;

#[derive(Debug, Default)]
pub(super) struct State {
    /// Journals that may have to be cosigned, and from when on; nothing while every one may have to be.
    grown: Option<BTreeMap<CentreCode, Time>>,
    gather: gather::State,
    recall: recall::State,
}

impl Node {
    /// Rows or a head of a journal came in, or our own grew.
    pub(super) fn journal_grew(&mut self, now: Time, centre: &CentreCode) {
        if let Some(grown) = &mut self.witness.grown {
            grown.entry(centre.clone()).or_insert(now);
        }
        self.witness.gather.missing(centre);
    }

    /// The charter has changed: there may be other witnesses, and we may be one.
    pub(super) fn witness_reseated(&mut self) {
        self.witness.grown = None;
        self.witness.gather = gather::State::default();
    }

    pub(super) fn witness_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        self.recall_tick(env, out)?;
        if self.may_cosign() {
            self.cosign_what_has_grown(env, out)?;
        }
        self.gather_tick(env, out)
    }

    /// Whether this peer cosigns at all now: it writes for a witness of the charter, and knows what it has cosigned.
    fn may_cosign(&self) -> bool {
        self.charter.witnesses().contains(&self.centre) && self.may_write().is_ok() && !self.is_recalling()
    }

    fn cosign_what_has_grown(&mut self, env: &Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let grown = self.witness.grown.take();
        let mut grown = grown.unwrap_or_else(|| self.authors.keys().map(|centre| (centre.clone(), env.now)).collect());
        let due = |from: Time| from <= env.now || from.since(env.now) > COSIGN_EVERY_MS;
        let now: Vec<CentreCode> = grown.iter().filter(|(_, from)| due(**from)).map(|(centre, _)| centre.clone()).collect();
        for centre in now.into_iter().take(MAX_COSIGNED_AT_ONCE) {
            let again = self.cosign_journal(env, &centre, out)?;
            match again {
                Some(from) => grown.insert(centre, from),
                None => grown.remove(&centre),
            };
        }
        self.witness.grown = Some(grown);
        Ok(())
    }

    /// Cosigns a journal if it has grown and follows what we cosigned. Returns from when on it is to be looked at again, if it is too early.
    fn cosign_journal(&mut self, env: &Env<'_>, centre: &CentreCode, out: &mut Vec<Effect>) -> Result<Option<Time>, ShelfError> {
        let held = env.shelf.journal(centre)?;
        let Some(head) = self.cosignable(centre, &held)? else { return Ok(None) };
        let Some(author) = self.author(centre).cloned() else { return Ok(None) };
        let (key, mut at) = (self.keys.heartbeat.public(), env.now);
        if let Some(before) = env.shelf.cosignature(centre, &self.centre)? {
            if !self.follows(env, &before, &head, out)? || (before.size == head.size() && before.key == key) {
                return Ok(None);
            }
            if env.now.since(before.at).abs() < COSIGN_EVERY_MS {
                return Ok(Some(before.at.plus_ms(COSIGN_EVERY_MS)));
            }
            at = at.max(before.at);
        }
        let witness = self.charter.origin(&self.centre);
        let note = cosignature::cosign(&head, &author, &witness, &self.keys.heartbeat, at).map_err(damaged)?;
        let at = Time::from_seconds(at.seconds());
        let (centre, witness) = (centre.clone(), self.centre.clone());
        let row = CosignatureRow { centre, witness, size: head.size(), root: head.root(), key, at, note };
        out.push(Effect::Write(Write::Cosigned(row)));
        Ok(None)
    }

    /// The head of another's journal that may be cosigned: over every row held and no other, of the present term of an author that writes,
    /// and of no author that is known to have forked.
    fn cosignable(&self, centre: &CentreCode, held: &JournalState) -> Result<Option<VerifiedHead>, ShelfError> {
        let Some(author) = self.author(centre).filter(|author| *centre != self.centre && author.limit.is_none()) else { return Ok(None) };
        let Some(head) = held.head.as_ref().filter(|head| head.size == held.size && head.size > 0) else { return Ok(None) };
        if self.is_contained(centre) {
            return Ok(None);
        }
        // The charter may have changed since this head came.
        let Ok(verified) = author.verify(&head.note) else { return Ok(None) };
        if verified.term() != author.term {
            return Ok(None);
        }
        let frontier = Frontier::from_parts(held.size, held.peaks.clone()).map_err(damaged)?;
        if frontier.size() != verified.size() || frontier.root() != verified.root() {
            return Err(ShelfError::Damaged(format!("the head of {centre}")));
        }
        Ok(Some(verified))
    }

    /// Whether `head`, which is over every row held, extends what we cosigned before. If it does not, its author has signed both.
    fn follows(&mut self, env: &Env<'_>, before: &CosignatureRow, head: &VerifiedHead, out: &mut Vec<Effect>) -> Result<bool, ShelfError> {
        if before.size > head.size() {
            return Ok(false);
        }
        let follows = root_at(&OnShelf { shelf: env.shelf, centre: &before.centre }, before.size).map_err(damaged)? == before.root;
        if !follows {
            self.forked(env, &before.centre, (&before.note, head.note()), out)?;
        }
        Ok(follows)
    }

    /// The key by which a witness cosigns a journal now. Nobody is a witness of its own.
    fn witness_key(&self, centre: &CentreCode, witness: &CentreCode) -> Option<PublicKey> {
        let is_witness = witness != centre && self.charter.witnesses().contains(witness);
        self.charter.member(witness).filter(|_| is_witness).map(|member| member.heartbeat)
    }
}

fn damaged(error: impl std::fmt::Display) -> ShelfError {
    ShelfError::Damaged(error.to_string())
}
