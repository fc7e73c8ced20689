//! What runs, and the long jobs that have ended.

use std::collections::BTreeMap;

use anju_core::desk::{Act, DossierAct, OutboxAct, Request};

use crate::door::{Progress, Trouble};
use crate::event::JobId;
use crate::screen::{Moment, ScreenId, Tag};
use crate::shown::Shown;
use crate::watch::Sign;

/// Ended jobs that are kept to be looked at.
const ENDED_MAX: usize = 50;

/// Who wanted a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A screen, under a tag.
    Screen(ScreenId, Tag),
    /// The frame: rows to a file.
    Export,
    /// The gate.
    Gate,
    /// The frame: what stands over every view. Nobody asked for it, so nobody sees it run.
    Alarm,
}

/// What it would mean to give a job up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It only reads: another ask under the same tag replaces it.
    Reads,
    /// It changes something at the peer: what was asked may be done although nobody waits.
    Changes,
    /// It writes files here and stops cleanly.
    Writes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JobState {
    Running,
    Done,
    Failed(Trouble),
    Cancelled,
}

#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: JobId,
    pub(crate) owner: Owner,
    pub(crate) weight: Weight,
    pub(crate) title: Shown,
    /// Long jobs stay in the list when they have ended.
    pub(crate) long: bool,
    pub(crate) since: Moment,
    pub(crate) progress: Option<Progress>,
    pub(crate) state: JobState,
}

#[derive(Debug, Default)]
pub(crate) struct Jobs {
    next: u64,
    jobs: BTreeMap<JobId, Job>,
}

impl Jobs {
    pub(crate) fn begin(&mut self, owner: Owner, weight: Weight, title: Shown, long: bool, since: Moment) -> JobId {
        self.next += 1;
        let id = JobId(self.next);
        self.jobs.insert(id, Job { id, owner, weight, title, long, since, progress: None, state: JobState::Running });
        id
    }

    pub(crate) fn running(&self) -> impl DoubleEndedIterator<Item = &Job> {
        self.jobs.values().filter(|job| job.state == JobState::Running)
    }

    /// What runs because somebody wanted it.
    pub(crate) fn wanted(&self) -> impl DoubleEndedIterator<Item = &Job> {
        self.running().filter(|job| job.owner != Owner::Alarm)
    }

    pub(crate) fn of(&self, owner: Owner) -> Option<&Job> {
        self.running().find(|job| job.owner == owner)
    }

    /// All that can be shown, the newest first.
    pub(crate) fn shown(&self) -> Vec<&Job> {
        self.jobs.values().rev().filter(|job| job.owner != Owner::Alarm && (job.long || job.state == JobState::Running)).collect()
    }

    pub(crate) fn get(&self, id: JobId) -> Option<&Job> {
        self.jobs.get(&id)
    }

    pub(crate) fn sign(&mut self, id: JobId, sign: &Sign) {
        if let Some(job) = self.jobs.get_mut(&id)
            && let Sign::Progress(progress) = sign
        {
            job.progress = Some(*progress);
        }
    }

    /// A job has ended. Short ones are forgotten; of the long ones the newest stay.
    pub(crate) fn end(&mut self, id: JobId, state: JobState) {
        let Some(job) = self.jobs.get_mut(&id).filter(|job| job.state == JobState::Running) else { return };
        job.state = state;
        if !job.long {
            self.jobs.remove(&id);
        }
        let ended: Vec<JobId> = self.jobs.values().filter(|job| job.state != JobState::Running).map(|job| job.id).collect();
        for old in ended.iter().rev().skip(ENDED_MAX) {
            self.jobs.remove(old);
        }
    }

    /// Everything is forgotten, running or not; the ids of what ran.
    pub(crate) fn clear(&mut self) -> Vec<JobId> {
        let running = self.running().map(|job| job.id).collect();
        self.jobs.clear();
        running
    }
}

/// Whether a request only reads.
pub(crate) const fn weight_of_request(request: &Request) -> Weight {
    match request {
        Request::Status
        | Request::Trends
        | Request::Logs { .. }
        | Request::System
        | Request::CertificateList { .. }
        | Request::CertificateShow { .. }
        | Request::CertificateFile { .. }
        | Request::Operators
        | Request::OperatorKey { .. }
        | Request::Sync { .. }
        | Request::Matters { .. }
        | Request::Matter { .. }
        | Request::Federation
        | Request::FederationHistory { .. }
        | Request::CharterLinks { .. }
        | Request::Catalogues
        | Request::Catalogue { .. } => Weight::Reads,
        Request::GrantRevoke { .. } | Request::Act(_) => Weight::Changes,
    }
}

/// Whether an act only reads.
pub(crate) fn weight_of(act: &Act) -> Weight {
    match act {
        Act::Queue { .. }
        | Act::CaseShow { .. }
        | Act::Proof { .. }
        | Act::Export { .. }
        | Act::AuditList { .. }
        | Act::AccountShow { .. }
        | Act::Reveal { .. }
        | Act::CertificateShow { .. }
        | Act::CertificateAccesses { .. }
        | Act::AuditCheck
        | Act::Accesses { .. }
        | Act::Journal(_)
        | Act::Lookup { .. }
        | Act::Screen { .. } => Weight::Reads,
        Act::OperatorAdd { .. }
        | Act::OperatorDisable { .. }
        | Act::OperatorPasswd { .. }
        | Act::Propose(_)
        | Act::Review { .. }
        | Act::Notify { .. }
        | Act::Object { .. }
        | Act::Answer { .. }
        | Act::Withdraw { .. }
        | Act::Repair { .. }
        | Act::CertificateIssue { .. }
        | Act::CertificateCancel { .. }
        | Act::HolderBind { .. }
        | Act::HolderEnd { .. }
        | Act::AgentCheck { .. }
        // A query costs a use of its grant.
        | Act::Query { .. }
        | Act::Ask { .. }
        | Act::ImportBegin { .. }
        | Act::ImportRows { .. }
        | Act::ImportFinish { .. }
        | Act::ImportApprove { .. }
        | Act::PickUp { .. }
        | Act::Federation(_)
        | Act::Backup
        | Act::MatterPublish { .. }
        | Act::CataloguePublish { .. } => Weight::Changes,
        Act::Outbox(asked) => match &**asked {
            OutboxAct::List { .. } | OutboxAct::Show { .. } => Weight::Reads,
            OutboxAct::Leave { .. } | OutboxAct::Drop { .. } => Weight::Changes,
        },
        Act::Dossier(asked) => match &**asked {
            DossierAct::Show { .. } | DossierAct::List { .. } | DossierAct::Queue { .. } | DossierAct::Ledger { .. } => Weight::Reads,
            DossierAct::Open { .. }
            | DossierAct::Write { .. }
            | DossierAct::Note { .. }
            | DossierAct::Reply(_)
            | DossierAct::Mark { .. }
            | DossierAct::Transfer { .. }
            | DossierAct::Settle { .. }
            | DossierAct::Unmark { .. } => Weight::Changes,
        },
    }
}
