//! Every row that is held is hashed again, in steps, while the peer goes on with its work.
//!
//! Reading a row is the check: the store hashes header and payload whenever it hands one out, and notes a payload that is not what its
//! header says, so that [`super::super::repair`] asks others for it. Here the rows are led to the head beside, and what is wrong gets a
//! name. What is here of a journal when its turn begins is looked at; what comes later belongs to the next scrub.

use std::collections::VecDeque;

use super::super::message::MAX_PAYLOADS;
use super::super::serve::for_observers;
use super::super::{Effect, Env, Node, Stop};
use crate::charter::Role;
use crate::desk::{Event, ScrubFinding, ScrubReport, Stage};
use crate::error::{RefusalCode, ShelfError};
use crate::journal::frontier::FrontierError;
use crate::journal::statement::absence_allowed;
use crate::journal::{Entry, Frontier, Header};
use crate::names::{CentreCode, Digest, StatementRef};
use crate::shelf::JournalState;

/// Rows that one step hashes.
const STEP_ROWS: u64 = 1_024;
/// Bytes of rows that one step reads.
const STEP_BYTES: usize = 2 * 1024 * 1024;
/// Rows between two notes of progress.
const TOLD_EVERY_ROWS: u64 = 16 * STEP_ROWS;
/// Most findings that one scrub names.
pub const MAX_FINDINGS: usize = 1_000;

#[derive(Debug, Default)]
pub(in crate::node) struct State {
    scrub: Option<Scrub>,
}

/// A scrub under way.
#[derive(Debug)]
struct Scrub {
    token: u64,
    /// This peer holds what observers get, and no more.
    observes: bool,
    waiting: VecDeque<CentreCode>,
    walk: Option<Walk>,
    done: u64,
    of: u64,
    report: ScrubReport,
}

/// One journal while it is read.
#[derive(Debug)]
struct Walk {
    centre: CentreCode,
    state: JournalState,
    frontier: Frontier,
    root_at_head: Option<Digest>,
}

impl Node {
    pub(super) fn scrub(&mut self, env: &mut Env<'_>, token: u64, only: Option<&CentreCode>, out: &mut Vec<Effect>) -> Result<(), Stop> {
        if self.prove.scrub.is_some() {
            return Err(RefusalCode::TooManyRequests.into());
        }
        let waiting: VecDeque<CentreCode> = self.authors.keys().filter(|centre| only.is_none_or(|only| only == *centre)).cloned().collect();
        let mut of = 0;
        for centre in &waiting {
            of += env.shelf.journal(centre)?.size;
        }
        let observes = self.charter.member(&self.centre).is_some_and(|member| member.role == Role::Observer);
        self.prove.scrub = Some(Scrub { token, observes, waiting, walk: None, done: 0, of, report: ScrubReport::default() });
        Ok(self.scrub_goes_on(env, out)?)
    }

    /// The next step of a scrub, if one is under way.
    pub(in crate::node) fn scrub_goes_on(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let Some(mut scrub) = self.prove.scrub.take() else { return Ok(()) };
        let before = scrub.done / TOLD_EVERY_ROWS;
        let (over, missing) = scrub.step(env)?;
        // What is damaged is noted by the store. What is gone without a trace is asked for here.
        if let Some((centre, indexes)) = missing {
            self.ask_payloads(env, centre, indexes, None, out);
        }
        let token = scrub.token;
        if over {
            let event = Event::Scrubbed(Box::new(scrub.report));
            out.push(Effect::Reply { token, event: Box::new(event) });
            return Ok(());
        }
        if scrub.done / TOLD_EVERY_ROWS > before {
            let stage = Stage::Hashing { done: scrub.done, of: scrub.of };
            out.push(Effect::Reply { token, event: Box::new(Event::Progress { stage }) });
        }
        if !out.iter().any(|effect| matches!(effect, Effect::Again)) {
            out.push(Effect::Again);
        }
        self.prove.scrub = Some(scrub);
        Ok(())
    }
}

type Missing = Option<(CentreCode, Vec<u64>)>;

impl Scrub {
    /// One step; whether it was the last, and contents that have to be asked for.
    fn step(&mut self, env: &Env<'_>) -> Result<(bool, Missing), ShelfError> {
        let Some(mut walk) = self.next_walk(env)? else { return Ok((true, None)) };
        let (at, left) = (walk.frontier.size(), walk.state.size - walk.frontier.size());
        let entries = match env.shelf.entries(&walk.centre, at, left.min(STEP_ROWS), STEP_BYTES) {
            Ok(entries) => entries,
            // Nothing behind it can be led to the head any more.
            Err(ShelfError::Damaged(_)) => {
                self.found(ScrubFinding::Header(StatementRef { centre: walk.centre, index: at }));
                self.done += left;
                return Ok((false, None));
            }
            Err(error @ ShelfError::Failed(_)) => return Err(error),
        };
        let mut missing = Vec::new();
        for (index, entry) in (at..).zip(&entries) {
            walk.take(entry)?;
            if self.look_at(env, &walk.centre, index, entry)? && missing.len() < MAX_PAYLOADS {
                missing.push(index);
            }
        }
        self.done += entries.len() as u64;
        let missing = (!missing.is_empty()).then(|| (walk.centre.clone(), missing));
        let whole = walk.frontier.size() == walk.state.size;
        if (whole && !walk.leads_to_head()) || (entries.is_empty() && !whole) {
            self.found(ScrubFinding::History(walk.centre));
        } else if !whole {
            self.walk = Some(walk);
        }
        Ok((false, missing))
    }

    /// The journal that is being read, or the next one that has rows.
    fn next_walk(&mut self, env: &Env<'_>) -> Result<Option<Walk>, ShelfError> {
        if let Some(walk) = self.walk.take() {
            return Ok(Some(walk));
        }
        while let Some(centre) = self.waiting.pop_front() {
            let state = env.shelf.journal(&centre)?;
            if state.size > 0 {
                self.report.journals += 1;
                return Ok(Some(Walk { centre, state, frontier: Frontier::empty(), root_at_head: None }));
            }
        }
        Ok(None)
    }

    /// Counts a row; whether its content is gone although nothing allows it.
    fn look_at(&mut self, env: &Env<'_>, centre: &CentreCode, index: u64, entry: &Entry) -> Result<bool, ShelfError> {
        self.report.rows += 1;
        if entry.payload.is_some() {
            self.report.contents += 1;
            return Ok(false);
        }
        let Ok(header) = Header::parse(&entry.header) else { return Ok(false) };
        let hidden = self.observes && !header.kind().is_some_and(for_observers);
        if hidden || absence_allowed(&header, env.now, env.shelf.erased(centre, index)?) {
            return Ok(false);
        }
        self.found(ScrubFinding::Content(StatementRef { centre: centre.clone(), index }));
        Ok(true)
    }

    fn found(&mut self, finding: ScrubFinding) {
        if self.report.findings.len() < MAX_FINDINGS {
            self.report.findings.push(finding);
        } else {
            self.report.more = true;
        }
    }
}

impl Walk {
    fn take(&mut self, entry: &Entry) -> Result<(), ShelfError> {
        let full = |e: FrontierError| ShelfError::Damaged(e.to_string());
        self.frontier.push(entry.leaf(), &mut Vec::new()).map_err(full)?;
        if self.state.head.as_ref().is_some_and(|head| head.size == self.frontier.size()) {
            self.root_at_head = Some(self.frontier.root());
        }
        Ok(())
    }

    fn leads_to_head(&self) -> bool {
        let head = self.state.head.as_ref().filter(|head| head.size > 0);
        self.frontier.peaks() == self.state.peaks && head.is_none_or(|head| self.root_at_head == Some(head.root))
    }
}
