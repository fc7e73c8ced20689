//! What heads tell: which is newest, who holds it, and when an author did what no author may.

use super::super::message::{HeadReport, HeadsReport};
use super::super::{Effect, Env, Node, Verdict, fault};
use super::known::Listed;
use crate::charter::MAX_MEMBERS;
use crate::error::{FaultCode, ShelfError};
use crate::journal::VerifiedHead;
use crate::journal::head::{Standing, compare};
use crate::journal::proof::{OnShelf, root_at};
use crate::names::{CentreCode, StationKey};
use crate::shelf::{Head, JournalState, Write};

impl Node {
    pub(super) fn heads(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        listed: &Listed,
        report: HeadsReport,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let HeadsReport { heads, others, same, .. } = report;
        if heads.len() > MAX_MEMBERS || others.len() > 2 * MAX_MEMBERS {
            fault(out, from, FaultCode::Oversized);
            return Ok(());
        }
        let told = heads.iter().map(|head| head.centre.clone()).collect();
        for HeadReport { centre, note } in heads {
            let Some(author) = self.author(&centre) else { continue };
            let known = self.newest_head(env, &centre)?;
            if known.as_ref().is_some_and(|known| known.note == note) {
                self.told_of(from, &centre);
                self.add_holder(env, &centre, from, known.map_or(0, |h| h.size))?;
                self.replicate.heard.insert(centre);
                continue;
            }
            match author.verify(&note) {
                Ok(head) => {
                    self.learn_head(env, from, &centre, head, out)?;
                }
                Err(problem) => self.blame(env.now, from, problem.code, out),
            }
        }
        if !self.told_no_head(env, from, listed, (&told, others, same), out)? {
            return Ok(()); // It says more now, or said what is not so.
        }
        self.told_everything(from);
        if self.is_restoring()
            && let Some(member) = self.charter.station(&from).map(|(member, _)| member.centre.clone())
        {
            let complete = !self.replicate.announced.contains_key(&self.centre);
            self.own_head_reported(env, member, complete, out)?;
        }
        Ok(())
    }

    /// The newest head of a journal that was verified here.
    pub(in crate::node) fn newest_head(&self, env: &Env<'_>, centre: &CentreCode) -> Result<Option<Head>, ShelfError> {
        match self.replicate.announced.get(centre) {
            Some(head) => Ok(Some(head.clone())),
            None => Ok(env.shelf.journal(centre)?.head),
        }
    }

    pub(super) fn add_holder(&mut self, env: &Env<'_>, centre: &CentreCode, station: StationKey, size: u64) -> Result<(), ShelfError> {
        if size > env.shelf.journal(centre)?.size {
            self.replicate.holders.entry(centre.clone()).or_default().insert(station, size);
        }
        Ok(())
    }

    /// A verified head of a journal, told by `from`: newer, the same, older, or proof that its author did what no author may.
    pub(in crate::node) fn learn_head(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        centre: &CentreCode,
        head: VerifiedHead,
        out: &mut Vec<Effect>,
    ) -> Result<Verdict, ShelfError> {
        self.told_of(from, centre);
        if self.is_off_branch(centre, &from, env.now) {
            self.beside_told(env, from, centre, &head, out)?;
            return Ok(Verdict::Ignore);
        }
        let held = env.shelf.journal(centre)?;
        if self.is_contained(centre) && head.size() <= held.size {
            // A shorter history may be another one too; whether it is shows itself where it is read.
            self.beside_told(env, from, centre, &head, out)?;
        }
        let known = self.newest_head(env, centre)?;
        if self.is_searched(centre) {
            return Ok(Verdict::Ignore);
        }
        let standing = self.head_standing(centre, known.as_ref(), &head);
        if standing == Standing::Newer && head.size() <= held.size && self.is_of_another_history(env, centre, &held, &head)? {
            self.left_behind(env, &head, centre)?;
            return Ok(Verdict::Ignore);
        }
        self.add_holder(env, centre, from, head.size())?;
        // An older head is no word of how the journal stands now.
        if matches!(standing, Standing::Newer | Standing::Same { .. }) {
            self.replicate.heard.insert(centre.clone());
        }
        match standing {
            Standing::Newer if head.size() <= held.size => self.first_or_covered_head(env, centre, &held, head, out),
            Standing::Newer => {
                if *centre == self.centre {
                    self.own_rows_missing();
                }
                self.replicate.announced.insert(centre.clone(), head.received_at(env.now));
                Ok(Verdict::Accept)
            }
            Standing::Same { newer_heartbeat: true } if !self.writes(centre) => {
                let head = head.received_at(env.now);
                if let Some(announced) = self.replicate.announced.get_mut(centre) {
                    *announced = head;
                } else {
                    out.push(Effect::Write(Write::Head { centre: centre.clone(), head }));
                }
                Ok(Verdict::Accept)
            }
            Standing::Same { .. } => Ok(Verdict::Ignore),
            Standing::Older => self.older_head(env, from, centre, &held, &head, out),
            Standing::RolledBack => {
                self.blame_author(centre, FaultCode::RolledBack, out);
                Ok(Verdict::Reject)
            }
            Standing::Forked => {
                let known = known.map(|known| known.note).unwrap_or_default();
                self.forked(env, centre, (&known, head.note()), out)?;
                Ok(Verdict::Accept)
            }
        }
    }

    /// How a head stands to the newest one known. Heads of two terms are not compared by their rows: the later term is the newer one.
    fn head_standing(&self, centre: &CentreCode, known: Option<&Head>, head: &VerifiedHead) -> Standing {
        let (Some(known), Some(author)) = (known, self.author(centre)) else { return Standing::Newer };
        if author.ended.is_empty() {
            return compare(known, head);
        }
        // One that does not verify any more is of a term that is over, and beyond what counts of it.
        let term = author.verify(&known.note).map_or(0, |known| known.term());
        match term.cmp(&head.term()) {
            std::cmp::Ordering::Less => Standing::Newer,
            std::cmp::Ordering::Equal => compare(known, head),
            std::cmp::Ordering::Greater => Standing::Older,
        }
    }

    /// Whether rows held that no head of the present term covers are not the first ones of that term's history.
    fn is_of_another_history(
        &self,
        env: &Env<'_>,
        centre: &CentreCode,
        held: &JournalState,
        head: &VerifiedHead,
    ) -> Result<bool, ShelfError> {
        let Some(author) = self.author(centre).filter(|author| !author.ended.is_empty() && head.term() == author.term) else {
            return Ok(false);
        };
        let covered = held.head.as_ref().and_then(|head| author.verify(&head.note).ok()).is_some_and(|head| head.term() == author.term);
        if covered {
            return Ok(false);
        }
        let root = root_at(&OnShelf { shelf: env.shelf, centre }, head.size()).map_err(|e| ShelfError::Damaged(e.to_string()))?;
        Ok(root != head.root())
    }

    /// A head newer than the newest known, over rows that are held already: the first ever (an empty journal), or one that was not
    /// kept because the rows came in under a later one.
    pub(super) fn first_or_covered_head(
        &mut self,
        env: &Env<'_>,
        centre: &CentreCode,
        held: &JournalState,
        head: VerifiedHead,
        out: &mut Vec<Effect>,
    ) -> Result<Verdict, ShelfError> {
        let root = root_at(&OnShelf { shelf: env.shelf, centre }, head.size()).map_err(|e| ShelfError::Damaged(e.to_string()))?;
        if root != head.root() {
            // No second signed note to show, but these rows were proven under one: counted, and nothing of it is taken over.
            self.blame_author(centre, FaultCode::Forked, out);
            self.replicate.heard.remove(centre);
            return Ok(Verdict::Reject);
        }
        if head.size() == held.size {
            self.journal_grew(env.now, centre);
            out.push(Effect::Write(Write::Head { centre: centre.clone(), head: head.received_at(env.now) }));
        }
        Ok(Verdict::Accept)
    }

    /// An older head is usually an honest peer that is behind. Told by the author's own station, it is checked to lie on our history.
    pub(super) fn older_head(
        &mut self,
        env: &Env<'_>,
        from: StationKey,
        centre: &CentreCode,
        held: &JournalState,
        head: &VerifiedHead,
        out: &mut Vec<Effect>,
    ) -> Result<Verdict, ShelfError> {
        let by_author = self.charter.station(&from).is_some_and(|(member, _)| member.centre == *centre);
        let Some(ours) = held.head.as_ref().filter(|_| by_author && head.size() <= held.size) else { return Ok(Verdict::Ignore) };
        let root = root_at(&OnShelf { shelf: env.shelf, centre }, head.size()).map_err(|e| ShelfError::Damaged(e.to_string()))?;
        if root != head.root() {
            self.forked(env, centre, (&ours.note.clone(), head.note()), out)?;
        }
        Ok(Verdict::Ignore)
    }

    /// What a signed head proves, its author did, whoever told of it; and when no station writes for the author any more, nobody is blamed.
    pub(in crate::node) fn blame_author(&self, centre: &CentreCode, code: FaultCode, out: &mut Vec<Effect>) {
        if let Some(writer) = self.charter.member(centre).and_then(crate::charter::Member::writer) {
            fault(out, writer.key, code);
        }
    }
}
