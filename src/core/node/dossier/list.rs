//! Which dossiers there are, what waits for whom, and the ledger of cross-region loans (异地贷款明细台账).

use std::collections::BTreeMap;

use super::super::{Effect, Env, Node, Stop};
use super::read::Opened;
use crate::certificate::CertificateKind;
use crate::desk::{DossierLine, Event, LEDGER_FIELDS, LEDGER_MOVES, LoanLine, LoanTask, MAX_DOSSIER_PAGE};
use crate::dossier::loan::{self, Due, LoanState, Task};
use crate::dossier::{DossierKind, PartyRole};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::listing::Day;
use crate::names::{CertificateNumber, DossierRef};
use crate::shelf::{CertificateRow, DossierRow};
use crate::time::Time;

/// Most dossiers about one certificate that are looked at to see whether it was replied to.
const MAX_REPLIES: usize = 64;

/// Where a page begins.
enum Cursor {
    /// At the certificates that wait for a reply, after this one.
    Certificates(Option<CertificateNumber>),
    /// At the dossiers, after this one.
    Dossiers(Option<DossierRef>),
}

impl Cursor {
    fn read(after: Option<&str>, from: Self) -> Result<Self, Refusal> {
        let Some(after) = after else { return Ok(from) };
        let invalid = || Refusal::new(RefusalCode::CursorInvalid);
        match after.split_once(':').ok_or_else(invalid)? {
            ("c", number) => number.parse().map(Some).map(Self::Certificates).map_err(|_| invalid()),
            ("d", "") => Ok(Self::Dossiers(None)),
            ("d", place) => place.parse().map(Some).map(Self::Dossiers).map_err(|_| invalid()),
            _ => Err(invalid()),
        }
    }
}

impl Node {
    pub(super) fn dossier_list(
        &self,
        env: &Env<'_>,
        kind: Option<DossierKind>,
        after: Option<&DossierRef>,
        limit: usize,
    ) -> Result<Event, Stop> {
        let limit = page(limit)?;
        let mut rows = env.shelf.dossiers_of(&self.centre, kind, after, limit + 1)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let line = |row: DossierRow| DossierLine { dossier: row.place, kind: row.kind, with: row.other, about: row.about, opened: row.at };
        Ok(Event::Dossiers { dossiers: rows.into_iter().map(line).collect(), more })
    }

    /// What has to be done: certificates to reply to, then what each loan waits for.
    pub(super) fn loan_queue(&self, env: &Env<'_>, after: Option<&str>, limit: usize, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        let limit = page(limit)?;
        match Cursor::read(after, Cursor::Certificates(None))? {
            Cursor::Certificates(after) => {
                let rows = env.shelf.certificates_for(&self.centre, after.as_ref(), limit)?;
                let next = if rows.len() == limit { rows.last().map(|row| format!("c:{}", row.number)) } else { Some("d:".to_owned()) };
                let mut loans = Vec::new();
                for row in rows {
                    loans.extend(self.to_reply_to(env, row)?);
                }
                Ok(Event::Loans { loans, next })
            }
            Cursor::Dossiers(after) => self.loan_page(env, after.as_ref(), limit, out, |_, line| line.task.is_some()),
        }
    }

    /// The loans whose account we marked.
    pub(super) fn loan_ledger(&self, env: &Env<'_>, after: Option<&str>, limit: usize, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        let limit = page(limit)?;
        let Cursor::Dossiers(after) = Cursor::read(after, Cursor::Dossiers(None))? else { return Err(RefusalCode::CursorInvalid.into()) };
        self.loan_page(env, after.as_ref(), limit, out, |opened, _| {
            opened.counted().iter().any(|(field, counted)| {
                counted.author == self.centre && (field == "mark.number" || (field.starts_with("remark.") && field.ends_with(".number")))
            })
        })
    }

    fn loan_page(
        &self,
        env: &Env<'_>,
        after: Option<&DossierRef>,
        limit: usize,
        out: &mut Vec<Effect>,
        belongs: impl Fn(&Opened, &LoanLine) -> bool,
    ) -> Result<Event, Stop> {
        let rows = env.shelf.dossiers_of(&self.centre, Some(DossierKind::Loan), after, limit)?;
        let next = if rows.len() == limit { rows.last().map(|row| format!("d:{}", row.place)) } else { None };
        let mut loans = Vec::new();
        for row in rows {
            let opened = match self.dossier_at(env, &row.place, out) {
                Ok(opened) => opened,
                Err(Stop::Refused(_)) => continue,
                Err(Stop::Shelf(error)) => return Err(error.into()),
            };
            let line = self.loan_line(&opened, env.now);
            if belongs(&opened, &line) {
                loans.push(line);
            }
        }
        Ok(Event::Loans { loans, next })
    }

    fn loan_line(&self, opened: &Opened, now: Time) -> LoanLine {
        let (values, progress) = (opened.counted(), opened.progress());
        let due = loan::due(&progress, &values, &self.settings.dossiers.deadlines);
        let once = LEDGER_FIELDS.iter().copied().chain(["mark.refused"]).map(str::to_owned);
        let moves = (1..=progress.transfers).flat_map(|n| LEDGER_MOVES.map(|(series, what)| format!("{series}.{n}.{what}")));
        let named = |field: String| values.get(&field).map(|counted| (field, counted.value.clone()));
        let fields: BTreeMap<String, String> = once.chain(moves).filter_map(named).collect();
        let lender = opened.parties.sole(PartyRole::Lending).unwrap_or(&opened.row.place.centre).clone();
        LoanLine {
            dossier: Some(opened.row.place.clone()),
            certificate: opened.row.about.clone().or_else(|| values.get("certificate").map(|c| c.value.clone())).unwrap_or_default(),
            lender,
            keeper: progress.keeper.clone(),
            state: progress.state,
            task: due.map(|due| task(due, now)),
            fields,
        }
    }

    /// A certificate that is addressed to us, stands, and was not replied to.
    fn to_reply_to(&self, env: &Env<'_>, row: CertificateRow) -> Result<Option<LoanLine>, ShelfError> {
        let waits = row.kind == CertificateKind::CrossRegionLoan.code() && row.ended.is_none() && row.expires >= env.now;
        if !waits || env.shelf.dossiers_about(row.number.as_str(), MAX_REPLIES)?.iter().any(|dossier| dossier.place.centre == self.centre) {
            return Ok(None);
        }
        let until = loan::until(Task::Reply, Day::of(row.issued), &self.settings.dossiers.deadlines);
        let due = until.map(|until| Due { task: Task::Reply, by: self.centre.clone(), until });
        Ok(Some(LoanLine {
            dossier: None,
            certificate: row.number.to_string(),
            lender: self.centre.clone(),
            keeper: Some(row.issuer),
            state: LoanState::Issued,
            task: due.map(|due| task(due, env.now)),
            fields: BTreeMap::new(),
        }))
    }
}

fn task(due: Due, now: Time) -> LoanTask {
    LoanTask { task: due.task, by: due.by, until: due.until, late: Day::of(now) > due.until }
}

fn page(limit: usize) -> Result<usize, Refusal> {
    if (1..=MAX_DOSSIER_PAGE).contains(&limit) { Ok(limit) } else { Err(RefusalCode::RequestInvalid.into()) }
}
