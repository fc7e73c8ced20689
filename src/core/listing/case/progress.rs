//! Where a case stands: its steps, replayed.
//!
//! The replay takes any steps in any order, for it also reads what an older version or a damaged store holds; an ending is the last thing
//! that counts, whatever follows it. Whether a step may be taken is asked before it is taken (`steps`), never here.

use super::{Case, CaseState, Move, Step};
use crate::listing::{Day, Ground};
use crate::operator::{OperatorName, Role};
use crate::time::Time;

/// What the steps come to, the case's own clocks left out.
#[derive(Debug)]
pub(super) struct Progress<'a> {
    pub(super) state: CaseState,
    /// The newest proposal.
    pub(super) proposed: Option<&'a Step>,
    /// The approval of it.
    pub(super) reviewed: Option<&'a Step>,
    /// The notice about it.
    pub(super) notice: Option<Notice<'a>>,
    /// Objections that wait for an answer.
    pub(super) open: Vec<Open<'a>>,
    /// Row that published it last.
    pub(super) index: Option<u64>,
    /// Somebody else used the subject's name, or may have.
    pub(super) impersonated: bool,
}

/// The subject was told.
#[derive(Debug)]
pub(super) struct Notice<'a> {
    pub(super) step: &'a Step,
    pub(super) day: Day,
    pub(super) objection_until: Day,
    /// The subject gave the period up, and has not objected since.
    pub(super) waived: bool,
    /// From when on it may be listed.
    pub(super) free_from: Time,
}

/// An objection that waits for an answer.
#[derive(Debug)]
pub(super) struct Open<'a> {
    pub(super) ground: Ground,
    pub(super) answer_until: Day,
    pub(super) step: &'a Step,
}

impl<'a> Progress<'a> {
    fn step(&mut self, step: &'a Step) {
        match &step.what {
            Move::Propose => {
                (self.proposed, self.reviewed, self.notice) = (Some(step), None, None);
                self.state = CaseState::Drafted;
            }
            Move::Review { approve, .. } => {
                self.reviewed = approve.then_some(step);
                self.state = if *approve { CaseState::Reviewed } else { CaseState::Returned };
            }
            Move::Notify { day, objection_until, waiver, .. } => {
                let waived = waiver.is_some();
                let free_from = if waived { step.at } else { after(*objection_until) };
                self.notice = Some(Notice { step, day: *day, objection_until: *objection_until, waived, free_from });
                self.state = CaseState::Notified;
            }
            Move::Object { ground, answer_until, .. } => {
                self.impersonated |= *ground == Ground::Impersonated;
                self.open.push(Open { ground: *ground, answer_until: *answer_until, step });
                // Who objects has not given the period up.
                if let Some(notice) = &mut self.notice {
                    notice.waived = false;
                    notice.free_from = notice.free_from.max(after(notice.objection_until));
                }
                self.state = if self.index.is_some() { CaseState::Disputed } else { CaseState::Objected };
            }
            Move::Answer { uphold: true, .. } => self.upheld(step.at),
            Move::Answer { uphold: false, .. } => self.state = CaseState::Withdrawn,
            // Published again: under another pepper, or as an approved file has it now. Nothing that was said of it has changed.
            Move::List { index } if self.index.is_some() => self.index = Some(*index),
            Move::List { index } => {
                self.index = Some(*index);
                self.state = if self.open.is_empty() { CaseState::Listed } else { CaseState::Disputed };
            }
            Move::Withdraw { impersonated, .. } => {
                self.impersonated |= *impersonated;
                self.state = CaseState::Withdrawn;
            }
            Move::Repair { .. } => self.state = CaseState::Repaired,
        }
    }

    /// Every open objection is answered, and the finding stands.
    fn upheld(&mut self, at: Time) {
        self.open.clear();
        self.state = if self.index.is_some() { CaseState::Upheld } else { CaseState::Notified };
        if let (None, Some(notice)) = (self.index, &mut self.notice) {
            notice.free_from = notice.free_from.max(after(Day::of(at)));
        }
    }

    /// The objection that has to be answered first.
    fn answer_until(&self) -> Option<Time> {
        self.open.iter().map(|open| open.answer_until.end()).min()
    }
}

/// The first moment after a day.
fn after(day: Day) -> Time {
    day.end().plus_ms(1)
}

impl CaseState {
    /// Whether nothing can come after it.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        match self {
            Self::Withdrawn | Self::Repaired | Self::Expired => true,
            Self::Drafted
            | Self::Returned
            | Self::Reviewed
            | Self::Notified
            | Self::Objected
            | Self::Listed
            | Self::Disputed
            | Self::Upheld => false,
        }
    }

    /// Whether its statement stands in the journal and counts.
    #[must_use]
    pub const fn is_published(self) -> bool {
        match self {
            Self::Listed | Self::Disputed | Self::Upheld => true,
            Self::Drafted
            | Self::Returned
            | Self::Reviewed
            | Self::Notified
            | Self::Objected
            | Self::Withdrawn
            | Self::Repaired
            | Self::Expired => false,
        }
    }
}

impl Case {
    /// Replays the steps.
    pub(super) fn progress(&self) -> Progress<'_> {
        let mut progress = Progress {
            state: CaseState::Drafted,
            proposed: None,
            reviewed: None,
            notice: None,
            open: Vec::new(),
            index: None,
            impersonated: false,
        };
        for step in &self.steps {
            if progress.state.has_ended() {
                break;
            }
            progress.step(step);
        }
        progress
    }

    /// Where it stands on `today`.
    #[must_use]
    pub fn state(&self, today: Day) -> CaseState {
        let stands = self.after_last_step();
        if !stands.has_ended() && self.over_after() < today { CaseState::Expired } else { stands }
    }

    /// Where it stood after its last step: clocks that ran out since are not in it.
    #[must_use]
    pub fn after_last_step(&self) -> CaseState {
        self.progress().state
    }

    /// Who has to do something, and until when; or nobody, and when time will have passed.
    #[must_use]
    pub fn waits(&self, today: Day) -> (Option<Role>, Option<Time>) {
        let progress = self.progress();
        match self.state(today) {
            CaseState::Drafted => (Some(Role::Reviewer), None),
            CaseState::Returned | CaseState::Reviewed => (Some(Role::Teller), None),
            CaseState::Notified => (None, progress.notice.map(|notice| notice.free_from.plus_ms(-1))),
            CaseState::Objected | CaseState::Disputed => (Some(Role::Reviewer), progress.answer_until()),
            CaseState::Listed | CaseState::Upheld => (None, Some(self.over_after().end())),
            CaseState::Withdrawn | CaseState::Repaired | CaseState::Expired => (None, None),
        }
    }

    /// Whether somebody else used the subject's name, or an objection says so.
    #[must_use]
    pub fn impersonated(&self) -> bool {
        self.progress().impersonated
    }

    /// Row of the own journal that published it last, also after it ended.
    #[must_use]
    pub fn published(&self) -> Option<u64> {
        self.progress().index
    }

    /// Whether it ended because somebody else used the subject's name: withdrawn saying so, or not upheld against an objection that said so.
    #[must_use]
    pub fn ended_as_impersonated(&self) -> bool {
        let progress = self.progress();
        let Some(last) = self.steps.last().filter(|_| progress.state == CaseState::Withdrawn) else { return false };
        match &last.what {
            Move::Withdraw { impersonated, .. } => *impersonated,
            Move::Answer { .. } => progress.open.iter().any(|open| open.ground == Ground::Impersonated),
            Move::Propose | Move::Review { .. } | Move::Notify { .. } | Move::Object { .. } | Move::List { .. } | Move::Repair { .. } => {
                false
            }
        }
    }

    /// Whoever proposed it, at any time: none of them may take a second person's step.
    pub(super) fn is_proposer(&self, name: &OperatorName) -> bool {
        self.steps.iter().any(|step| step.what == Move::Propose && step.by.as_ref() == Some(name))
    }

    /// The last day of the later clock.
    fn over_after(&self) -> Day {
        self.finding.restriction_until.max(self.finding.publication_until)
    }
}
