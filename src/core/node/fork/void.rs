//! Rows that do not count any more are let go.
//!
//! A version of the charter that ends a term says how far it counts: so many rows under one root. Whoever holds more of that term holds
//! rows that are void; whoever holds another history holds rows that never counted. Both are cut away from where they leave what counts,
//! what they meant is forgotten, and the rest is pulled from whoever has it. Where another history leaves the one that counts is searched
//! by asking stations what root theirs has at one size after the other. What must never be here: a cut that no charter asks for.

use super::super::message::Question;
use super::super::replicate::pick;
use super::super::{Effect, Env, Node};
use crate::charter::Extent;
use crate::error::ShelfError;
use crate::journal::fork::Bridge;
use crate::journal::proof::{OnShelf, root_at};
use crate::journal::{Author, Frontier, VerifiedHead};
use crate::names::{CentreCode, Digest, StationKey};
use crate::shelf::{JournalState, Write};
use crate::time::{MINUTE_MS, SECOND_MS, Time};

/// How long one station is waited for before another is asked, in milliseconds.
const ASK_ANOTHER_AFTER_MS: i64 = 5 * SECOND_MS;

/// A search that began with what others served is given up when nobody has shown for so long that it is true, in milliseconds.
const GIVEN_UP_AFTER_MS: i64 = MINUTE_MS;

/// The search for where the history held leaves the one that counts.
#[derive(Debug)]
pub(super) struct Search {
    /// Rows and root of the history that counts.
    target: (u64, Digest),
    /// So many rows are the same in both.
    same: u64,
    /// At so many they differ, as far as is known.
    differ: u64,
    /// Whether that was seen. What others served may have been made up, and then nothing of ours is to go.
    seen: bool,
    /// Since when it is searched.
    since: Time,
    /// The station that was asked, about how many rows, and when.
    asked: Option<(StationKey, u64, Time)>,
    /// Who served what did not follow, and under which head: asked about it if all of ours is in the history that counts.
    doubted: Option<(StationKey, VerifiedHead)>,
}

impl Search {
    const fn new(target: (u64, Digest), differ: u64, seen: bool, since: Time) -> Self {
        Self { target, same: 0, differ, seen, since, asked: None, doubted: None }
    }
}

impl Node {
    /// Looks at every journal of which a term has ended: after the start, and when the charter has changed.
    pub(super) fn let_go_of_void_rows(&mut self, env: &Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let ended = |author: &&Author| author.limit.is_some() || !author.ended.is_empty();
        for author in self.authors.values().filter(ended).cloned().collect::<Vec<_>>() {
            self.let_go_of(env, &author, out)?;
        }
        Ok(())
    }

    fn let_go_of(&mut self, env: &Env<'_>, author: &Author, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let Some(counts) = counts(author) else { return Ok(()) };
        let held = env.shelf.journal(&author.centre)?;
        if author.centre == self.centre && held.size < counts.size {
            // Rows of ours count that are not here: they come back before anything follows them.
            self.own_rows_missing();
        }
        if held.size < counts.size || self.goes_on_in_present_term(author, &held) {
            return Ok(());
        }
        if root_of(env, &author.centre, counts.size)? != counts.root {
            let search = Search::new((counts.size, counts.root), counts.size, true, env.now);
            self.fork.searches.entry(author.centre.clone()).or_insert(search);
        } else if held.size > counts.size && author.centre != self.centre {
            // Our own rows beyond it are ours to go on with: the next head of ours is over them.
            self.cut(env, &author.centre, counts.size, out)?;
        }
        Ok(())
    }

    /// Whether the rows held were proven under a head of the term that is going on, as far as this peer knows.
    fn goes_on_in_present_term(&self, author: &Author, held: &JournalState) -> bool {
        let present = |head: &VerifiedHead| author.limit.is_none() && head.term() == author.term;
        let kept = held.head.as_ref().filter(|head| head.size == held.size);
        let kept = kept.is_some_and(|head| author.verify(&head.note).is_ok_and(|head| present(&head)));
        kept || self.fork.proven_under.get(&author.centre).is_some_and(present)
    }

    /// Rows came under a head of the present term that do not follow from ours, and ours are of a term that has ended: ours are not those
    /// that count.
    pub(in crate::node) fn left_behind(&mut self, env: &Env<'_>, theirs: &VerifiedHead, centre: &CentreCode) -> Result<(), ShelfError> {
        let size = env.shelf.journal(centre)?.size;
        // A head over as many rows as are held, or fewer, was compared with them; of a longer one nothing is known but what was served.
        let search = Search::new((theirs.size(), theirs.root()), size.min(theirs.size()), theirs.size() <= size, env.now);
        self.fork.searches.entry(centre.clone()).or_insert(search);
        Ok(())
    }

    /// Rows of a term that is over came that do not follow from ours, and ours do not reach as far as it counts: perhaps they are not those
    /// that count, and the author may never sign a head again that shows it. Returns whether that is found out now.
    pub(in crate::node) fn falls_short(
        &mut self,
        env: &Env<'_>,
        author: &Author,
        doubted: Option<(StationKey, VerifiedHead)>,
    ) -> Result<bool, ShelfError> {
        let held = env.shelf.journal(&author.centre)?.size;
        let known = |counts: &Extent| self.fork.ours_counts.get(&author.centre) == Some(&(counts.size, counts.root));
        let Some(counts) = counts(author).filter(|counts| held > 0 && held < counts.size && !known(counts)) else { return Ok(false) };
        let search = Search { doubted, ..Search::new((counts.size, counts.root), held, false, env.now) };
        self.fork.searches.entry(author.centre.clone()).or_insert(search);
        Ok(true)
    }

    /// Whether it is being searched how far a journal held counts: until then nothing is added to it.
    pub(in crate::node) fn is_searched(&self, centre: &CentreCode) -> bool {
        self.fork.searches.contains_key(centre)
    }

    /// Asks on, or somebody else.
    pub(in crate::node) fn fork_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        self.forget_beside(env, out)?;
        for centre in self.fork.searches.keys().cloned().collect::<Vec<_>>() {
            self.search_on(env, &centre, out)?;
        }
        Ok(())
    }

    fn search_on(&mut self, env: &mut Env<'_>, centre: &CentreCode, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let Some(search) = self.fork.searches.get(centre) else { return Ok(()) };
        if search.seen && search.differ <= search.same + 1 {
            let keep = search.same;
            self.fork.searches.remove(centre);
            return self.cut(env, centre, keep, out);
        }
        if !search.seen && env.now.since(search.since).abs() >= GIVEN_UP_AFTER_MS {
            self.fork.searches.remove(centre);
            return Ok(());
        }
        if search.asked.is_some_and(|(_, _, since)| env.now.since(since).abs() < ASK_ANOTHER_AFTER_MS) {
            return Ok(());
        }
        let at = if search.seen { search.same.midpoint(search.differ) } else { search.differ };
        let to = search.target.0;
        // Whoever did not answer, or has the other history too, is asked again only if there is nobody else.
        let not = search.asked.map(|(station, ..)| station);
        let others = self.replicate.connected.iter().copied().filter(|station| Some(*station) != not);
        let whom = pick(env.rng, others).or(not.filter(|station| self.replicate.connected.contains(station)));
        let Some(whom) = whom else { return Ok(()) };
        if let Some(search) = self.fork.searches.get_mut(centre) {
            search.asked = Some((whom, at, env.now));
        }
        self.ask_bridge(env, whom, centre.clone(), Question::Bridge { centre: centre.clone(), at, to }, out);
        Ok(())
    }

    /// What a station says of the history that counts. Returns whether it was asked in a search.
    pub(super) fn found_out(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        centre: &CentreCode,
        bridge: Option<&Bridge>,
        out: &mut Vec<Effect>,
    ) -> Result<bool, ShelfError> {
        let Some(search) = self.fork.searches.get_mut(centre) else { return Ok(false) };
        let Some((_, at, _)) = search.asked.filter(|(station, ..)| *station == from) else { return Ok(false) };
        let (to, root) = search.target;
        // A bridge that does not lead there is of another history: no fault, and somebody else is asked when this one's time is over.
        let Some(bridge) = bridge.filter(|bridge| bridge.verify(at, to, &root).is_ok()) else { return Ok(true) };
        let same = bridge.root == root_of(env, centre, at)?;
        match (search.seen, same) {
            // All of ours is in the history that counts: what did not follow was its server's doing, or the author's.
            (false, true) => {
                if let Some(Search { doubted: Some((station, head)), .. }) = self.fork.searches.remove(centre) {
                    self.fork.ours_counts.insert(centre.clone(), (to, root));
                    self.suspected(env, station, centre, head.note(), out)?;
                }
                return Ok(true);
            }
            (false, false) => search.seen = true,
            (true, true) => search.same = at,
            (true, false) => search.differ = at,
        }
        search.asked = None;
        self.search_on(env, centre, out)?;
        Ok(true)
    }

    /// Lets go of every row behind the first `size` of a journal, and of what they meant.
    fn cut(&mut self, env: &Env<'_>, centre: &CentreCode, size: u64, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let held = env.shelf.journal(centre)?;
        let on_shelf = OnShelf { shelf: env.shelf, centre };
        let frontier = Frontier::of_first(&on_shelf, size).map_err(|e| ShelfError::Damaged(e.to_string()))?;
        let verifies = |note: &[u8]| self.author(centre).is_some_and(|author| author.verify(note).is_ok());
        let head = held.head.filter(|head| head.size <= size && verifies(&head.note));
        let state = JournalState { size, peaks: frontier.peaks().to_vec(), head, applied: 0 };
        out.push(Effect::Write(Write::Cut { centre: centre.clone(), own: *centre == self.centre, at: env.now, state }));
        self.fork.proven_under.remove(centre);
        self.fork.beside.remove(centre);
        self.replicate.forget_journal(centre);
        self.journal_was_cut(centre);
        if *centre == self.centre {
            self.own_rows_missing();
        }
        out.push(Effect::WhenStored);
        Ok(())
    }
}

/// How far the journal counts at least, if a version of the charter has said so.
pub(super) fn counts(author: &Author) -> Option<Extent> {
    author.limit.or_else(|| author.ended.last().map(|term| term.counts))
}

pub(super) fn root_of(env: &Env<'_>, centre: &CentreCode, size: u64) -> Result<Digest, ShelfError> {
    root_at(&OnShelf { shelf: env.shelf, centre }, size).map_err(|e| ShelfError::Damaged(e.to_string()))
}
