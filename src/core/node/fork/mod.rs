//! A centre has signed two histories: it is proven, told to everybody, and contained until the charter ends the term.
//!
//! What proves a fork stands on its own, so who told of it does not matter: whoever sees two contradicting heads keeps them and reports
//! them in its own journal; whoever reads a report checks it and keeps the proof as its own. From then on nothing that the centre lists,
//! issues or widens counts here, while what it ends, repairs, revokes or disputes goes on taking effect; everybody else's journals are as
//! they were. A fork is cleared by a version of the charter that ends the term, says how far it counts, and names another key: with the
//! same key the two histories could never be told apart.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `beside` | what ends in another history than ours takes effect here too |
//! | `suspect` | rows that do not follow from ours: the server's doing, or the author's? |
//! | `void` | rows that an ended term does not count are let go |

mod beside;
mod suspect;
mod void;

pub(in crate::node) use beside::Shown;
pub use beside::{BESIDE_REST_MS, MAX_BESIDE_ROWS, MAX_HISTORIES_BESIDE, MAX_READ_BESIDE, READ_AT_MOST_MS};
pub(in crate::node) use suspect::Said;

use std::collections::{BTreeMap, BTreeSet};

use super::{Effect, Env, Node, publish};
use crate::charter::MAX_MEMBERS;
use crate::desk::ForkView;
use crate::error::{FaultCode, Refusal, RefusalCode, ShelfError};
use crate::journal::fork::{Bridge, ForkProof, VerifiedFork};
use crate::journal::proof::OnShelf;
use crate::journal::{Entry, Kind, VerifiedHead};
use crate::listing::Change;
use crate::names::{CentreCode, Digest, StationKey};
use crate::shelf::{ForkReport, ForkRow, ListingRow, Projection, Write};
use crate::time::{MINUTE_MS, Time};

/// For so long a station whose copy of a forked journal lies on another branch is not asked for it again, in milliseconds.
pub const OFF_BRANCH_MS: i64 = 10 * MINUTE_MS;

#[derive(Debug, Default)]
pub(super) struct State {
    /// Centres that have forked in their present term.
    contained: BTreeMap<CentreCode, Contained>,
    /// Heads under which the newest rows of a journal were proven, while they reach beyond what is held.
    proven_under: BTreeMap<CentreCode, VerifiedHead>,
    /// Journals of which rows came that do not follow from ours, until it is known why.
    suspects: BTreeMap<CentreCode, suspect::Suspect>,
    /// Journals held of which it is being found out how far they count.
    searches: BTreeMap<CentreCode, void::Search>,
    /// Stations whose copy of a journal lies on another branch than ours, and since when that is known.
    off_branch: BTreeMap<(CentreCode, StationKey), Time>,
    /// What is read of other histories of contained centres.
    beside: BTreeMap<CentreCode, beside::Beside>,
    /// Journals held that are not as long as the charter lets them count, and were found to be its first rows; and how long, under which
    /// root, these are.
    ours_counts: BTreeMap<CentreCode, (u64, Digest)>,
    /// Readings of them that were begun.
    readings: u64,
    /// Of whose other histories something is kept.
    beside_kept: BTreeSet<CentreCode>,
}

/// A centre that has forked.
#[derive(Debug, Clone)]
struct Contained {
    /// When this peer came to know.
    since: Time,
    fork: VerifiedFork,
    /// Who has reported it, the accused aside.
    reported_by: BTreeSet<CentreCode>,
}

impl Node {
    /// Whether a centre has forked in its present term: what it lists, issues or widens does not count.
    pub(super) fn is_contained(&self, centre: &CentreCode) -> bool {
        self.fork.contained.contains_key(centre)
    }

    /// As [`Self::may_write`], for what lists, issues or widens: nothing of that while two histories of our own are known, for nobody would
    /// count it.
    pub(super) fn may_widen(&self) -> Result<(), Refusal> {
        self.may_write()?;
        if self.is_contained(&self.centre) { Err(RefusalCode::Contained.into()) } else { Ok(()) }
    }

    /// Reads what is known of every author's present term: at the start, and when the charter has changed.
    pub(super) fn forks_read(&mut self, env: &Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let proven_under = std::mem::take(&mut self.fork.proven_under);
        self.fork = State { proven_under, readings: self.fork.readings, ..State::default() };
        for centre in self.authors.keys().cloned().collect::<Vec<_>>() {
            if let Some(row) = env.shelf.fork(&centre)? {
                self.contain(row.at, row.proof);
            }
            for report in env.shelf.fork_reports(&centre, MAX_MEMBERS)? {
                self.read_report(env.now, &report, out);
            }
        }
        self.beside_read(env)?;
        self.let_go_of_void_rows(env, out)
    }

    /// A statement was projected: perhaps somebody reports a fork.
    pub(super) fn fork_arrived(&mut self, now: Time, projection: &Projection, out: &mut Vec<Effect>) {
        if let Projection::Fork(report) = projection {
            self.read_report(now, report, out);
        }
    }

    /// A report counts for what it proves under the present charter. The accused's own report tells nobody on its other branch.
    fn read_report(&mut self, now: Time, report: &ForkReport, out: &mut Vec<Effect>) {
        let known = self.is_contained(&report.accused);
        if !known && let Ok(proof) = ForkProof::decode(&report.proof) {
            self.keep(now, proof, out);
        }
        if report.author != report.accused
            && let Some(contained) = self.fork.contained.get_mut(&report.accused)
        {
            contained.reported_by.insert(report.author.clone());
        }
    }

    /// Two signed heads of a journal may contradict each other. Kept if they do, with what leads from the shorter to the longer one
    /// as far as the rows held here show it.
    pub(in crate::node) fn forked(
        &mut self,
        env: &Env<'_>,
        centre: &CentreCode,
        (one, other): (&[u8], &[u8]),
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let Some(author) = self.author(centre) else { return Ok(()) };
        let present = |note: &[u8]| author.verify(note).ok().filter(|head| author.limit.is_none() && head.term() == author.term);
        // What keys of a term that is over signed beyond what counts is void, and no fork.
        let (Some(one), Some(other)) = (present(one), present(other)) else { return Ok(()) };
        self.blame_author(centre, FaultCode::Forked, out);
        if self.is_contained(centre) {
            return Ok(());
        }
        let (one, other) = if one.size() <= other.size() { (one, other) } else { (other, one) };
        let bridge = if one.size() == other.size() {
            None
        } else if env.shelf.journal(centre)?.size >= other.size() {
            let bridge = Bridge::assemble(&OnShelf { shelf: env.shelf, centre }, one.size(), other.size());
            Some(bridge.map_err(|e| ShelfError::Damaged(e.to_string()))?)
        } else {
            return Ok(());
        };
        self.keep(env.now, ForkProof::new(centre.clone(), one.note().to_vec(), other.note().to_vec(), bridge), out);
        Ok(())
    }

    /// Keeps what proves a fork, if it does and none of the present term is known yet.
    fn keep(&mut self, now: Time, proof: ForkProof, out: &mut Vec<Effect>) {
        if self.is_contained(&proof.centre) {
            return;
        }
        if let Some(term) = self.contain(now, proof.clone()) {
            out.push(Effect::Write(Write::Fork(ForkRow { term, at: now, proof })));
        }
    }

    /// Contains a centre from now on, if this proves that it has forked in its present term. Returns that term.
    fn contain(&mut self, since: Time, proof: ForkProof) -> Option<u64> {
        let centre = proof.centre.clone();
        let fork = proof.verify(self.author(&centre)?).ok()?;
        let term = fork.term();
        self.fork.contained.insert(centre, Contained { since, fork, reported_by: BTreeSet::new() });
        Some(term)
    }

    /// Forks that nobody but the accused has reported yet, as statements of ours.
    pub(super) fn forks_due(&mut self, env: &mut Env<'_>, entries: &mut Vec<Entry>) -> Result<(), ShelfError> {
        for (centre, contained) in &mut self.fork.contained {
            let told = contained.reported_by.iter().any(|by| by != centre);
            if *centre != self.centre && !told {
                entries.push(publish::row(env, Kind::ForkReported, &contained.fork.proof().to_bytes())?);
                contained.reported_by.insert(self.centre.clone());
            }
        }
        Ok(())
    }

    /// The head under which rows were proven that are not the last of it.
    pub(in crate::node) fn proven_under(&mut self, centre: &CentreCode, head: &VerifiedHead, size: u64) {
        if head.size() > size {
            self.fork.proven_under.insert(centre.clone(), head.clone());
        } else {
            self.fork.proven_under.remove(centre);
        }
    }

    /// Whether what this station tells of a journal is another branch of it than ours, as far as is known.
    pub(in crate::node) fn is_off_branch(&self, centre: &CentreCode, station: &StationKey, now: Time) -> bool {
        let known = self.fork.off_branch.get(&(centre.clone(), *station));
        known.is_some_and(|since| now.since(*since).abs() < OFF_BRANCH_MS)
    }

    fn off_branch(&mut self, now: Time, centre: &CentreCode, station: StationKey) {
        self.fork.off_branch.retain(|_, since| now.since(*since).abs() < OFF_BRANCH_MS);
        self.fork.off_branch.insert((centre.clone(), station), now);
    }

    /// How a listing of another centre's ended: in its journal as it is held here, or in another history of it.
    pub(in crate::node) fn listing_ended(&self, env: &Env<'_>, row: &ListingRow) -> Result<Option<Change>, ShelfError> {
        match &row.ended {
            Some(end) => Ok(Some(end.change)),
            None if self.has_beside(&row.place.centre) => env.shelf.listing_ended_beside(&row.place.centre, &row.listing),
            None => Ok(None),
        }
    }

    /// How many objections to a listing stand in other histories of centres that have forked. Nobody can answer them there.
    pub(in crate::node) fn objections_beside(&self, env: &Env<'_>, row: &ListingRow, limit: usize) -> Result<u64, ShelfError> {
        if self.fork.beside_kept.is_empty() { Ok(0) } else { env.shelf.objections_beside(&row.place, &row.listing, limit) }
    }

    /// The forks that are known, for people.
    pub(super) fn fork_views(&self, env: &Env<'_>) -> Result<Vec<ForkView>, ShelfError> {
        let mut views = Vec::new();
        let beside = if self.fork.contained.is_empty() { Vec::new() } else { env.shelf.beside()? };
        for (centre, Contained { since, fork, reported_by }) in &self.fork.contained {
            let (one, other) = (fork.one(), fork.other());
            views.push(ForkView {
                centre: centre.clone(),
                term: fork.term(),
                since: *since,
                rows: [one.size(), other.size()],
                roots: [one.root(), other.root()],
                ours: self.branch_held(env, centre, fork)?,
                reported_by: reported_by.iter().cloned().collect(),
                ended_beside: beside.iter().find(|(of, _)| of == centre).map_or(0, |(_, ended)| *ended),
            });
        }
        Ok(views)
    }

    /// Which of the two histories ours is, as far as the rows held here reach.
    fn branch_held(&self, env: &Env<'_>, centre: &CentreCode, fork: &VerifiedFork) -> Result<Option<usize>, ShelfError> {
        let held = env.shelf.journal(centre)?.size;
        for (at, head) in [fork.one(), fork.other()].into_iter().enumerate() {
            if head.size() <= held {
                let root = crate::journal::proof::root_at(&OnShelf { shelf: env.shelf, centre }, head.size());
                if root.map_err(|e| ShelfError::Damaged(e.to_string()))? == head.root() {
                    return Ok(Some(at));
                }
            }
        }
        Ok(None)
    }
}
