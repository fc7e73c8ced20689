//! What ends in another history of a centre that has signed two takes effect here too.
//!
//! A peer holds one of the histories, and nobody can say yet which of them counts. What a centre withdraws, repairs, revokes, ends or
//! disputes counts meanwhile in whichever it stands, since nobody may be worse off for having been shown the wrong one; what it lists or issues in
//! either counts in none. So whoever holds another history is asked where it leaves ours, for its rows from there on, and each of them
//! is proven under the author's head like any other. Of these rows only what they end is kept, beside the journal, until the fork is
//! cleared. Nothing is erased for it: a vote may choose the history in which it never was.
//!
//! What must never be here: a row of another history in a journal or a projection.

use std::collections::BTreeMap;

use super::super::message::{Question, SoundAnswer};
use super::super::project::ended_beside;
use super::super::replicate::About;
use super::super::{Effect, Env, Node, fault};
use super::void::root_of;
use crate::charter::Role;
use crate::error::{FaultCode, ShelfError};
use crate::journal::fork::Bridge;
use crate::journal::proof::OnShelf;
use crate::journal::{Author, Frontier, SoundFrame, VerifiedHead};
use crate::listing::Day;
use crate::listing::objected::OBJECTIONS_PER_DAY;
use crate::names::{CentreCode, StationKey};
use crate::shelf::{BesideRow, EndedBeside, JournalState, Write};
use crate::time::{MINUTE_MS, Time};

/// Histories of one centre beside the one held of which it is remembered how far they were read.
pub const MAX_HISTORIES_BESIDE: usize = 4;
/// Journals of which another history is read at the same time.
pub const MAX_READ_BESIDE: usize = 4;
/// For so long a station that did not show what it had begun with is not asked again, nor one for a history that does not go on with one
/// that is remembered, in milliseconds.
pub const BESIDE_REST_MS: i64 = 5 * MINUTE_MS;
/// A station that shows a history is asked for it no longer than this at once, in milliseconds: others may hold one too.
pub const READ_AT_MOST_MS: i64 = MINUTE_MS;
/// After a reading a station rests so many times as long as it took: whoever is slow lets others by.
const RESTS_TIMES: i64 = 4;
/// Statements that are kept of other histories of one centre, for as long as this peer runs under one version of the charter.
pub const MAX_BESIDE_ROWS: usize = 1_000_000;
/// Legal days on which objections of one history are counted; those of others do not count.
const MAX_OBJECTION_DAYS: usize = 4_096;

/// What is read beside the journal of one centre.
#[derive(Debug, Default)]
pub(super) struct Beside {
    histories: Vec<Other>,
    reading: Option<Reading>,
    /// Stations that are not asked, and until when.
    rest: BTreeMap<StationKey, Time>,
    /// So many statements were kept.
    kept: usize,
    /// Stations that were asked where theirs leaves ours, and when.
    searched: BTreeMap<StationKey, Time>,
}

/// A history that is not ours, as far as it was read.
#[derive(Debug)]
struct Other {
    /// So many of its rows are the same as ours.
    same: u64,
    frontier: Frontier,
    /// How many objections it has on each day.
    objections: BTreeMap<Day, u64>,
}

/// Somebody is being asked for a history.
#[derive(Debug)]
struct Reading {
    /// Answers to questions of another one are late.
    number: u64,
    station: StationKey,
    /// When it began.
    since: Time,
    /// The head of what it holds.
    head: VerifiedHead,
    step: Step,
}

/// What is being found out.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Whether it goes on with one that was read before.
    Known(usize),
    /// Where it leaves ours: `same` rows are the same; at `differ` they differ, if that was `seen`.
    Leaves { same: u64, differ: u64, seen: bool },
    /// Its rows, from where that one was read to.
    Rows(usize),
}

/// What comes of asking.
#[derive(Debug)]
pub(in crate::node) enum Shown {
    Bridge(Bridge),
    Frame(SoundFrame),
    /// Nothing: it is busy, does not hold it any more, or does not answer.
    Nothing,
    /// Something that nobody asked for.
    Other,
}

impl Shown {
    /// What an answer shows.
    pub(in crate::node) fn of(answer: SoundAnswer) -> Self {
        match answer {
            SoundAnswer::Bridged(bridge) => Self::Bridge(bridge),
            SoundAnswer::Frame(frame) => Self::Frame(frame),
            SoundAnswer::Declined(_) => Self::Nothing,
            SoundAnswer::Heads(_)
            | SoundAnswer::Payloads(_)
            | SoundAnswer::Held(_)
            | SoundAnswer::Replied(_)
            | SoundAnswer::Charter(_)
            | SoundAnswer::Cosigned(_)
            | SoundAnswer::Handed(_)
            | SoundAnswer::Told(_) => Self::Other,
        }
    }
}

impl Node {
    /// A station holds a history of `centre` that may be another than ours. Asks it for that, if it is worth it.
    pub(in crate::node) fn beside_told(
        &mut self,
        env: &Env<'_>,
        from: StationKey,
        centre: &CentreCode,
        head: &VerifiedHead,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let present = self.author(centre).is_some_and(|author| author.term == head.term());
        let observes = self.charter.member(&self.centre).is_none_or(|member| member.role == Role::Observer);
        // Our own books say what of ours has ended.
        if !present || observes || *centre == self.centre || !self.is_contained(centre) || !self.is_connected(&from) {
            return Ok(());
        }
        if self.is_searched(centre) {
            return Ok(());
        }
        let others_read = self.fork.beside.iter().filter(|(of, beside)| *of != centre && beside.reading.is_some()).count();
        let beside = self.fork.beside.entry(centre.clone()).or_default();
        beside.rest.retain(|_, until| (1..=BESIDE_REST_MS).contains(&until.since(env.now)));
        beside.searched.retain(|_, since| env.now.since(*since).abs() < BESIDE_REST_MS);
        let known = |other: &Other| other.frontier.size() == head.size() && other.frontier.root() == head.root();
        if others_read >= MAX_READ_BESIDE
            || beside.reading.is_some()
            || beside.rest.contains_key(&from)
            || beside.histories.iter().any(known)
        {
            return Ok(());
        }
        if head.size() <= env.shelf.journal(centre)?.size && root_of(env, centre, head.size())? == head.root() {
            return Ok(()); // It is ours, and not all of it.
        }
        self.fork.readings += 1;
        let number = self.fork.readings;
        let Some(beside) = self.fork.beside.get_mut(centre) else { return Ok(()) };
        beside.reading = Some(Reading { number, station: from, since: env.now, head: head.clone(), step: Step::Known(0) });
        self.whether_known(env, centre, 0, out)
    }

    /// The next history read before that this may go on with; or else where it leaves ours.
    fn whether_known(&mut self, env: &Env<'_>, centre: &CentreCode, from: usize, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let Some(beside) = self.fork.beside.get_mut(centre) else { return Ok(()) };
        let Some(reading) = &mut beside.reading else { return Ok(()) };
        let size = reading.head.size();
        let next = beside.histories.iter().enumerate().skip(from).find(|(_, other)| other.frontier.size() < size);
        if let Some((at, other)) = next {
            reading.step = Step::Known(at);
            let (rows, to) = (other.frontier.size(), size);
            self.ask_beside(env, centre, Question::Bridge { centre: centre.clone(), at: rows, to }, out);
            return Ok(());
        }
        // It may be one more history, or be behind on one that is known: that is read again then, but not over and over.
        let differ = env.shelf.journal(centre)?.size.min(size);
        if differ == 0 || beside.searched.contains_key(&reading.station) {
            beside.reading = None;
            return Ok(());
        }
        beside.searched.insert(reading.station, env.now);
        self.where_it_leaves(env, centre, Step::Leaves { same: 0, differ, seen: differ == size }, out)
    }

    fn where_it_leaves(&mut self, env: &Env<'_>, centre: &CentreCode, step: Step, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let ended = self.author(centre).and_then(|author| author.ended.last()).map_or(0, |term| term.counts.size);
        let Some(beside) = self.fork.beside.get_mut(centre) else { return Ok(()) };
        let (Some(reading), Step::Leaves { same, differ, seen }) = (&mut beside.reading, step) else { return Ok(()) };
        reading.step = step;
        if !seen || differ > same + 1 {
            let at = if seen { same.midpoint(differ) } else { differ };
            let to = reading.head.size();
            self.ask_beside(env, centre, Question::Bridge { centre: centre.clone(), at, to }, out);
            return Ok(());
        }
        if same < ended {
            // Rows that the charter counts are not in it, and it is no history of the present term; or they are not in ours.
            let station = reading.station;
            self.read_no_further(env, centre, station, false);
            if let Some(author) = self.author(centre).cloned() {
                self.falls_short(env, &author, None)?;
            }
            return Ok(());
        }
        let frontier = Frontier::of_first(&OnShelf { shelf: env.shelf, centre }, same).map_err(|e| ShelfError::Damaged(e.to_string()))?;
        if beside.histories.len() >= MAX_HISTORIES_BESIDE {
            beside.histories.remove(0);
        }
        beside.histories.push(Other { same, frontier, objections: BTreeMap::new() });
        let at = beside.histories.len() - 1;
        self.ask_rows_beside(env, centre, at, out);
        Ok(())
    }

    fn ask_rows_beside(&mut self, env: &Env<'_>, centre: &CentreCode, at: usize, out: &mut Vec<Effect>) {
        let Some(beside) = self.fork.beside.get_mut(centre) else { return };
        let (Some(reading), Some(other)) = (&mut beside.reading, beside.histories.get(at)) else { return };
        reading.step = Step::Rows(at);
        let from = other.frontier.size();
        self.ask_beside(env, centre, Question::Pull { centre: centre.clone(), from, rows: None }, out);
    }

    fn ask_beside(&mut self, env: &Env<'_>, centre: &CentreCode, question: Question, out: &mut Vec<Effect>) {
        let asked =
            self.fork.beside.get(centre).and_then(|beside| beside.reading.as_ref()).map(|reading| (reading.station, reading.number));
        if let Some((to, reading)) = asked {
            self.ask_journal(env, to, About::Beside { centre: centre.clone(), reading }, question, out);
        }
    }

    /// What a station that was asked shows.
    pub(in crate::node) fn beside_shown(
        &mut self,
        env: &mut Env<'_>,
        (centre, number): (&CentreCode, u64),
        shown: Shown,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let reading = self.fork.beside.get(centre).and_then(|beside| beside.reading.as_ref()).filter(|reading| reading.number == number);
        let Some((step, head, from)) = reading.map(|reading| (reading.step, reading.head.clone(), reading.station)) else {
            return Ok(()); // Late: the charter has changed since, or the rows here have.
        };
        match (step, shown) {
            (_, Shown::Nothing) => {
                self.read_no_further(env, centre, from, false);
                Ok(())
            }
            (Step::Rows(at), Shown::Frame(frame)) => self.rows_beside(env, from, centre, at, frame, out),
            (Step::Known(at), Shown::Bridge(bridge)) => self.known_shown(env, from, centre, (at, &head), &bridge, out),
            (Step::Leaves { .. }, Shown::Bridge(bridge)) => self.leaves_shown(env, from, centre, (step, &head), &bridge, out),
            (_, Shown::Other) | (Step::Rows(_), Shown::Bridge(_)) | (Step::Known(_) | Step::Leaves { .. }, Shown::Frame(_)) => {
                fault(out, from, FaultCode::Unasked);
                self.read_no_further(env, centre, from, false);
                Ok(())
            }
        }
    }

    fn known_shown(
        &mut self,
        env: &Env<'_>,
        from: StationKey,
        centre: &CentreCode,
        (at, head): (usize, &VerifiedHead),
        bridge: &Bridge,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let read = self.fork.beside.get(centre).and_then(|beside| beside.histories.get(at));
        let Some((size, root)) = read.map(|other| (other.frontier.size(), other.frontier.root())) else { return Ok(()) };
        if bridge.verify(size, head.size(), &head.root()).is_err() {
            self.lied(env, from, centre, out);
            return Ok(());
        }
        if bridge.root == root {
            self.ask_rows_beside(env, centre, at, out);
            return Ok(());
        }
        self.whether_known(env, centre, at + 1, out)
    }

    fn leaves_shown(
        &mut self,
        env: &Env<'_>,
        from: StationKey,
        centre: &CentreCode,
        (step, head): (Step, &VerifiedHead),
        bridge: &Bridge,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let Step::Leaves { same, differ, seen } = step else { return Ok(()) };
        let at = if seen { same.midpoint(differ) } else { differ };
        if bridge.verify(at, head.size(), &head.root()).is_err() {
            self.lied(env, from, centre, out);
            return Ok(());
        }
        let is_ours = bridge.root == root_of(env, centre, at)?;
        if is_ours && !seen {
            // It is our history, and longer: it is pulled like any other.
            self.fork.off_branch.remove(&(centre.clone(), from));
            self.read_no_further(env, centre, from, true);
            return Ok(());
        }
        let (same, differ) = if is_ours { (at, differ) } else { (same, at) };
        self.where_it_leaves(env, centre, Step::Leaves { same, differ, seen: true }, out)
    }

    /// Rows of another history: what they end is kept.
    fn rows_beside(
        &mut self,
        env: &Env<'_>,
        from: StationKey,
        centre: &CentreCode,
        at: usize,
        frame: SoundFrame,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let read = self.fork.beside.get(centre).and_then(|beside| beside.histories.get(at));
        let Some(frontier) = read.map(|other| other.frontier.clone()) else { return Ok(()) };
        if frame.centre() != centre || frame.from() != frontier.size() || frame.rows().is_empty() {
            fault(out, from, FaultCode::Unasked);
            self.read_no_further(env, centre, from, false);
            return Ok(());
        }
        let held = JournalState { size: frontier.size(), peaks: frontier.peaks().to_vec(), ..JournalState::default() };
        let term = self.author(centre).map(|author: &Author| author.term);
        let proven = match self.prove(env, frame, None, &held) {
            Ok(proven) if Some(proven.head().term()) == term => proven,
            Ok(_) => {
                self.read_no_further(env, centre, from, false);
                return Ok(());
            }
            Err(problem) => {
                self.blame_the_second_time(env.now, from, problem.code, out);
                self.read_no_further(env, centre, from, false);
                return Ok(());
            }
        };
        let parts = proven.into_parts();
        let size = parts.frontier.size();
        if size <= env.shelf.journal(centre)?.size && root_of(env, centre, size)? == parts.frontier.root() {
            // These rows are ours: it may have come over by a vote that we have not heard of.
            self.read_no_further(env, centre, from, false);
            return Ok(());
        }
        let Some(beside) = self.fork.beside.get_mut(centre) else { return Ok(()) };
        let Some(other) = beside.histories.get_mut(at) else { return Ok(()) };
        let mut rows = Vec::new();
        for (index, row) in (parts.from..).zip(parts.rows.rows()) {
            let Some(ended) = ended_beside(centre, index, other.same, row.header(), row.entry()) else { continue };
            let at = row.header().at();
            if !matches!(ended, EndedBeside::Objection { .. }) || other.may_object(Day::of(at)) {
                rows.push(BesideRow { author: centre.clone(), index, at, ended });
            }
        }
        other.frontier = parts.frontier;
        rows.truncate(MAX_BESIDE_ROWS.saturating_sub(beside.kept));
        beside.kept += rows.len();
        let long = beside.reading.as_ref().is_none_or(|reading| env.now.since(reading.since).abs() >= READ_AT_MOST_MS);
        if !rows.is_empty() {
            self.fork.beside_kept.insert(centre.clone());
            out.push(Effect::Write(Write::Beside(rows)));
        }
        if size >= parts.head.size() || long {
            self.read_no_further(env, centre, from, true);
        } else {
            self.ask_rows_beside(env, centre, at, out);
        }
        Ok(())
    }

    fn lied(&mut self, env: &Env<'_>, from: StationKey, centre: &CentreCode, out: &mut Vec<Effect>) {
        self.blame(env.now, from, FaultCode::BadProof, out);
        self.read_no_further(env, centre, from, false);
    }

    /// Nothing more is asked of this station now. One that went on as it should rests in proportion to the time that it took, any other for
    /// longer. A history of which no row was read is none.
    fn read_no_further(&mut self, env: &Env<'_>, centre: &CentreCode, station: StationKey, went_on: bool) {
        let Some(beside) = self.fork.beside.get_mut(centre) else { return };
        let took = beside.reading.take().map_or(0, |reading| env.now.since(reading.since).abs());
        let rests = if went_on { took.saturating_mul(RESTS_TIMES).min(BESIDE_REST_MS) } else { BESIDE_REST_MS };
        beside.histories.retain(|other| other.frontier.size() > other.same);
        if rests > 0 {
            beside.rest.insert(station, env.now.plus_ms(rests));
        }
    }

    /// Reads of whose other histories something is kept.
    pub(super) fn beside_read(&mut self, env: &Env<'_>) -> Result<(), ShelfError> {
        self.fork.beside_kept = env.shelf.beside()?.into_iter().map(|(author, _)| author).collect();
        Ok(())
    }

    /// Whether something is kept of other histories of this centre.
    pub(in crate::node) fn has_beside(&self, centre: &CentreCode) -> bool {
        self.fork.beside_kept.contains(centre)
    }

    /// What is kept of centres that are not contained any more is forgotten once their journals are here as far as the charter lets them
    /// count, and are applied: then they say it themselves, or it never was.
    pub(super) fn forget_beside(&mut self, env: &Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let left: Vec<CentreCode> = self.fork.beside_kept.iter().filter(|centre| !self.is_contained(centre)).cloned().collect();
        for author in left {
            let held = env.shelf.journal(&author)?;
            let counts = self.author(&author).and_then(super::void::counts);
            let here = match counts {
                Some(counts) => held.size >= counts.size && root_of(env, &author, counts.size)? == counts.root,
                None => true,
            };
            if here && held.applied >= held.size && !self.is_searched(&author) {
                self.fork.beside_kept.remove(&author);
                out.push(Effect::Write(Write::ForgetBeside { author }));
            }
        }
        Ok(())
    }
}

impl Other {
    /// As many as count of one centre on one day.
    fn may_object(&mut self, day: Day) -> bool {
        if self.objections.len() >= MAX_OBJECTION_DAYS && !self.objections.contains_key(&day) {
            return false;
        }
        let made = self.objections.entry(day).or_default();
        *made += 1;
        *made <= OBJECTIONS_PER_DAY
    }
}
