//! Cosignatures come here: asked for while some are missing, of witnesses first, and verified against the rows held before one is stored.
//!
//! Nobody sends them unasked. So who is behind, or has not adopted the newest charter, is not bothered with what it cannot judge, and a
//! federation in which nothing is written says nothing about witnesses.

use std::collections::BTreeSet;
use std::ops::Bound;

use super::super::message::{Answer, CosignatureReport, Decline, MAX_WANTED, Under, Wanted};
use super::super::replicate::pick;
use super::super::{Effect, Env, Node, fault};
use super::damaged;
use crate::error::{Fault, FaultCode, ShelfError};
use crate::journal::proof::{OnShelf, root_at};
use crate::journal::{VerifiedCosignature, cosignature};
use crate::names::{CentreCode, StationKey};
use crate::shelf::{CosignatureRow, Write};
use crate::sign::PublicKey;
use crate::time::{MINUTE_MS, SECOND_MS, Time};

/// Cosignatures are asked for at most so often, in milliseconds.
pub const ASK_COSIGNED_EVERY_MS: i64 = 5 * SECOND_MS;
/// When asking brings nothing it is done half as often each time, down to this, in milliseconds; a journal that grows begins anew.
pub const ASK_COSIGNED_RARELY_MS: i64 = 5 * MINUTE_MS;
/// One question in so many goes to anybody, and not to a witness: a witness that is dark has told others.
const ANYBODY_OF: u64 = 4;

#[derive(Debug, Default)]
pub(super) struct State {
    /// Journals of which cosignatures may be missing; nothing while that may be every one.
    missing: Option<BTreeSet<CentreCode>>,
    /// The journal that the last question ended with.
    asked_to: Option<CentreCode>,
    last: Option<Time>,
    /// How often asking has brought nothing since a journal grew.
    in_vain: u32,
}

impl State {
    pub(super) fn missing(&mut self, centre: &CentreCode) {
        self.in_vain = 0;
        if let Some(missing) = &mut self.missing {
            missing.insert(centre.clone());
        }
    }

    fn pace_ms(&self) -> i64 {
        (ASK_COSIGNED_EVERY_MS << self.in_vain.min(16)).min(ASK_COSIGNED_RARELY_MS)
    }
}

impl Node {
    pub(super) fn gather_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let pace = self.witness.gather.pace_ms();
        let early = self.witness.gather.last.is_some_and(|last| env.now.since(last).abs() < pace);
        if early || self.charter.witnesses().is_empty() || !self.asked_cosigned().is_empty() {
            return Ok(());
        }
        let wanted = self.wanted(env)?;
        let Some(to) = self.whom_to_ask(env, &wanted) else { return Ok(()) };
        self.witness.gather.last = Some(env.now);
        self.ask_cosigned(env, to, wanted, out);
        Ok(())
    }

    /// Cosignatures that are missing, of the journals behind those that were asked for last. Journals of which none is are forgotten.
    fn wanted(&mut self, env: &Env<'_>) -> Result<Vec<Wanted>, ShelfError> {
        let mut missing = self.witness.gather.missing.take().unwrap_or_else(|| self.authors.keys().cloned().collect());
        let after = self.witness.gather.asked_to.take().map_or(Bound::Unbounded, Bound::Excluded);
        let behind = missing.range((after.clone(), Bound::Unbounded));
        let before = missing.iter().take_while(|centre| matches!(&after, Bound::Excluded(after) if *centre <= after));
        let order: Vec<CentreCode> = behind.chain(before).cloned().collect();
        let mut wanted = Vec::new();
        for centre in order {
            let some = self.wanted_of(env, &centre)?;
            if some.is_empty() {
                missing.remove(&centre);
                continue;
            }
            if wanted.len() + some.len() > MAX_WANTED {
                break;
            }
            wanted.extend(some);
            self.witness.gather.asked_to = Some(centre);
        }
        self.witness.gather.missing = Some(missing);
        Ok(wanted)
    }

    /// The witnesses whose cosignature over every signed row of a journal is not here. Our own we make ourselves.
    fn wanted_of(&self, env: &Env<'_>, centre: &CentreCode) -> Result<Vec<Wanted>, ShelfError> {
        let signed = env.shelf.journal(centre)?.head.map_or(0, |head| head.size);
        let held = env.shelf.cosignatures(centre)?;
        let others = self.charter.witnesses().iter().filter(|witness| **witness != self.centre);
        let wanted = others.filter_map(|witness| {
            let key = self.witness_key(centre, witness)?;
            let above = held.iter().find(|row| row.witness == *witness && row.key == key).map_or(0, |row| row.size);
            (above < signed).then(|| Wanted { centre: centre.clone(), witness: witness.clone(), above })
        });
        Ok(wanted.collect())
    }

    fn whom_to_ask(&self, env: &mut Env<'_>, wanted: &[Wanted]) -> Option<StationKey> {
        if wanted.is_empty() {
            return None;
        }
        let connected: Vec<StationKey> = self.replicate.connected.iter().copied().collect();
        let wanted: BTreeSet<&CentreCode> = wanted.iter().map(|wanted| &wanted.witness).collect();
        let of_witness = |key: &StationKey| self.charter.station(key).is_some_and(|(member, _)| wanted.contains(&member.centre));
        let anybody = env.rng.next_u64().is_multiple_of(ANYBODY_OF);
        let witness = if anybody { None } else { pick(env.rng, connected.iter().copied().filter(of_witness)) };
        witness.or_else(|| pick(env.rng, connected.into_iter()))
    }

    /// [`super::super::message::Question::Cosigned`]: told from the store only, so that what we cosign is written before it leaves.
    pub(in crate::node) fn report_cosignatures(
        &self,
        env: &Env<'_>,
        from: StationKey,
        under: Under,
        wanted: Vec<Wanted>,
        out: &mut Vec<Effect>,
    ) -> Result<Answer, ShelfError> {
        if wanted.len() > MAX_WANTED {
            fault(out, from, FaultCode::Oversized);
            return Ok(Answer::Declined(Decline::NotHeld));
        }
        let mut reports = Vec::new();
        // Who works under another charter has other witnesses, or other keys of them, and would blame us.
        if under != Under::of(&self.charter) {
            return Ok(Answer::Cosigned(reports));
        }
        for Wanted { centre, witness, above } in wanted {
            let row = env.shelf.cosignature(&centre, &witness)?;
            let wanted = |row: &CosignatureRow| row.size > above && self.witness_key(&centre, &witness) == Some(row.key);
            if let Some(row) = row.filter(|row| wanted(row) && self.note_counts(&centre, &row.note)) {
                reports.push(CosignatureReport { centre, witness, note: row.note });
            }
        }
        Ok(Answer::Cosigned(reports))
    }

    /// What a station answered when it was asked for `wanted`.
    pub(in crate::node) fn cosigned_reported(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        wanted: &[Wanted],
        reports: Vec<CosignatureReport>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let mut left: Vec<&Wanted> = wanted.iter().collect();
        let mut brought = false;
        for report in reports {
            let asked = |wanted: &&Wanted| wanted.centre == report.centre && wanted.witness == report.witness;
            let Some(at) = left.iter().position(asked) else {
                fault(out, from, FaultCode::Unasked);
                return Ok(());
            };
            let above = left.swap_remove(at).above;
            brought |= self.cosigned_by(env, from, &report, above, out)?;
        }
        self.recalled(from, wanted);
        self.witness.gather.in_vain = if brought { 0 } else { self.witness.gather.in_vain.saturating_add(1) };
        Ok(())
    }

    /// One cosignature, told by `from`. Returns whether it was news.
    fn cosigned_by(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        report: &CosignatureReport,
        above: u64,
        out: &mut Vec<Effect>,
    ) -> Result<bool, ShelfError> {
        let CosignatureReport { centre, witness, note } = report;
        // Since it was asked for, the charter may have changed.
        let Some(key) = self.witness_key(centre, witness) else { return Ok(false) };
        let seen = match self.verify_cosignature(report, &key) {
            Ok(seen) => seen,
            // Over a head that does not count any more: who told of it may have learned that later than we, and it is no news.
            Err(problem) if problem.code == FaultCode::Void => return Ok(false),
            Err(problem) => {
                self.blame(env.now, from, problem.code, out);
                return Ok(false);
            }
        };
        let head = seen.head();
        let row = CosignatureRow {
            centre: centre.clone(),
            witness: witness.clone(),
            size: head.size(),
            root: head.root(),
            key,
            at: seen.at(),
            note: note.clone(),
        };
        let known = env.shelf.cosignature(centre, witness)?.filter(|known| known.key == key);
        if row.size <= above || known.is_some_and(|known| row.size <= known.size) {
            return Ok(false);
        }
        let held = env.shelf.journal(centre)?;
        if *witness == self.centre {
            // We signed this once: it binds us, whether we hold the rows by now or not.
            self.journal_grew(env.now, centre);
        } else if head.size() > held.size {
            // Nothing to compare it with yet. What the author signed is news all the same.
            self.learn_head(env, from, centre, head.clone(), out)?;
            return Ok(false);
        } else if root_at(&OnShelf { shelf: env.shelf, centre }, head.size()).map_err(damaged)? != head.root() {
            let ours = held.head.map(|head| head.note).unwrap_or_default();
            self.forked(env, centre, (&ours, head.note()), out)?;
            return Ok(true);
        }
        out.push(Effect::Write(Write::Cosigned(row)));
        Ok(true)
    }

    fn verify_cosignature(&self, report: &CosignatureReport, key: &PublicKey) -> Result<VerifiedCosignature, Fault> {
        let author = self.author(&report.centre).ok_or_else(|| Fault::new(FaultCode::Unasked, "not a member's journal"))?;
        cosignature::verify(&report.note, author, &self.charter.origin(&report.witness), key)
    }
}
