//! A reply arrives for a certificate of ours: the account is marked, by the peer itself, or the lender is told why not.

use std::collections::BTreeSet;

use super::super::audit::{DONE, Told};
use super::super::{Effect, Env, Node, Stop};
use crate::audit::AuditAction;
use crate::dossier::DossierKind;
use crate::dossier::loan::LoanState;
use crate::error::ShelfError;
use crate::journal::Entry;
use crate::listing::Day;
use crate::names::{CentreCode, DossierRef};
use crate::shelf::{DossierProjection, DossierRow, HouseWrite, Projection, Write};

/// Most dossiers that are remembered as having to be looked at; beyond that all of ours are.
pub const MAX_TO_LOOK_AT: usize = 4_096;
/// Most dossiers that are looked at in one tick.
pub const MAX_ARRIVED_AT_ONCE: usize = 8;
/// Dossiers whose rows are read at once when all of ours are looked at.
const ROWS_AT_ONCE: usize = 64;

/// What has to be looked at.
#[derive(Debug)]
pub(super) struct State {
    waiting: BTreeSet<DossierRef>,
    /// All of ours have to be looked at, from after this one.
    all: Option<Option<DossierRef>>,
}

impl Default for State {
    /// At the start it is not known what came before the last stop.
    fn default() -> Self {
        Self { waiting: BTreeSet::new(), all: Some(None) }
    }
}

impl Node {
    /// A statement about a dossier was projected. Only a lender's word about a loan of ours is looked at: nobody else can fill the list.
    pub(in crate::node) fn dossier_arrived(
        &mut self,
        env: &Env<'_>,
        author: &CentreCode,
        projection: &Projection,
    ) -> Result<(), ShelfError> {
        let Projection::Dossier(projection) = projection else { return Ok(()) };
        let place = match projection {
            DossierProjection::Opened(row) if self.is_to_be_marked(row) => &row.place,
            DossierProjection::Said(said) if said.dossier.centre == *author => &said.dossier,
            DossierProjection::Opened(_) | DossierProjection::Said(_) => return Ok(()),
        };
        let state = &self.dossier.arrived;
        if place.centre == self.centre || state.waiting.contains(place) {
            return Ok(());
        }
        let opened_now = matches!(projection, DossierProjection::Opened(_));
        if !opened_now && !env.shelf.dossier(place)?.is_some_and(|row| self.is_to_be_marked(&row)) {
            return Ok(());
        }
        let state = &mut self.dossier.arrived;
        if state.waiting.len() < MAX_TO_LOOK_AT {
            state.waiting.insert(place.clone());
        } else {
            state.all = Some(None);
        }
        Ok(())
    }

    fn is_to_be_marked(&self, row: &DossierRow) -> bool {
        row.kind == DossierKind::Loan && row.other == self.centre
    }

    /// Marks what has come. Returns whether our journal was appended to.
    pub(in crate::node) fn dossier_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<bool, ShelfError> {
        let told = out.iter().any(|effect| matches!(effect, Effect::Write(Write::House(HouseWrite::Audit { .. }))));
        if told || self.may_write().is_err() {
            return Ok(false);
        }
        self.look_at_all(env)?;
        let (mut entries, mut rows) = (Vec::new(), Vec::new());
        for place in self.dossier.arrived.waiting.iter().take(MAX_ARRIVED_AT_ONCE).cloned().collect::<Vec<_>>() {
            if let Some((made, told)) = self.mark_for(env, &place, entries.len() as u64, out)? {
                entries.extend(made);
                rows.push(told);
            }
            self.dossier.arrived.waiting.remove(&place);
        }
        if entries.is_empty() {
            return Ok(false);
        }
        match self.append(env, entries, out) {
            Ok(_) => self.tell(env, None, rows, out).map(|()| true),
            Err(Stop::Refused(_)) => Ok(false),
            Err(Stop::Shelf(error)) => Err(error),
        }
    }

    fn look_at_all(&mut self, env: &Env<'_>) -> Result<(), ShelfError> {
        let state = &mut self.dossier.arrived;
        let Some(after) = state.all.as_ref().filter(|_| state.waiting.is_empty()) else { return Ok(()) };
        let rows = env.shelf.dossiers_of(&self.centre, Some(DossierKind::Loan), after.as_ref(), ROWS_AT_ONCE)?;
        state.all = (rows.len() == ROWS_AT_ONCE).then(|| rows.last().map(|row| row.place.clone()));
        let own = &self.centre;
        state.waiting.extend(rows.into_iter().filter(|row| row.other == *own).map(|row| row.place));
        Ok(())
    }

    /// The mark, or the reason why there is none, if a reply waits for either.
    fn mark_for(
        &self,
        env: &mut Env<'_>,
        place: &DossierRef,
        ahead: u64,
        out: &mut Vec<Effect>,
    ) -> Result<Option<(Vec<Entry>, Told)>, ShelfError> {
        if !env.shelf.dossier(place)?.is_some_and(|row| self.is_to_be_marked(&row)) {
            return Ok(None);
        }
        let mut opened = match self.dossier_at(env, place, out) {
            Ok(opened) => opened,
            Err(Stop::Refused(_)) => return Ok(None),
            Err(Stop::Shelf(error)) => return Err(error),
        };
        let progress = opened.progress();
        if progress.state != LoanState::Granted || progress.mark_refused.is_some() {
            return Ok(None);
        }
        let about = format!("{place} {}", opened.row.about.as_deref().unwrap_or_default());
        let (texts, outcome) = match self.markable(env, &opened, out)? {
            Ok(()) => {
                let number = ("mark.number".to_owned(), self.mark_number(env, ahead)?);
                (vec![number, ("mark.on".to_owned(), Day::of(env.now).to_string())], DONE)
            }
            Err(code) => (vec![("mark.refused".to_owned(), code.to_owned())], code),
        };
        match self.dossier_change(env, &mut opened, &texts) {
            Ok(made) => Ok(Some((made, Told::new(AuditAction::LoanMark, about, outcome)))),
            // Nothing that the lender could do may keep this peer from going on.
            Err(Stop::Refused(_)) => Ok(None),
            Err(Stop::Shelf(error)) => Err(error),
        }
    }
}
