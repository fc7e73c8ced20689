//! The blacklist in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::super::check::{self, Misfit};
use super::super::lists::{USED_KEPT_DAYS, newest_of_each};
use super::super::{
    Adopted, CaseRecord, HitRow, ListProjection, ListWrite, ListingEnd, ListingRow, Lists, ObjectionRow, PendingHit, StandingUnder,
    WithheldRow,
};
use super::MemoryShelf;
use crate::error::ShelfError;
use crate::listing::Day;
use crate::listing::case::CaseState;
use crate::listing::import::{ImportRecord, ImportState, StagedRow};
use crate::listing::objected::OBJECTIONS_PER_DAY;
use crate::names::{CentreCode, Digest, ListingId, ListingRef, StationKey, SubjectToken};
use crate::operator::OperatorName;
use crate::seal::Key;
use crate::time::Time;

/// What a `listing.changed` statement said, under its own place.
#[derive(Debug, Clone)]
struct Changed {
    about: u64,
    end: ListingEnd,
    answers: Option<(CentreCode, u64)>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    pub(super) local_secret: Option<Key>,
    listings: BTreeMap<(CentreCode, u64), ListingRow>,
    changes: BTreeMap<(CentreCode, u64), Changed>,
    objections: BTreeMap<(CentreCode, u64), ObjectionRow>,
    hits: BTreeMap<(CentreCode, u64), HitRow>,
    acknowledged: BTreeMap<(CentreCode, u64), (Time, u64)>,
    cases: BTreeMap<u64, CaseRecord>,
    imports: BTreeMap<u64, ImportRecord>,
    staged: BTreeMap<(u64, u64), StagedRow>,
    pending: BTreeMap<u64, PendingHit>,
    pending_made: u64,
    impersonated: BTreeSet<ListingId>,
    used: BTreeMap<(Day, Option<OperatorName>), u64>,
    withheld: BTreeMap<(CentreCode, u64), (StationKey, bool)>,
}

fn without_case(row: &StagedRow) -> StagedRow {
    StagedRow { case: Vec::new(), ..row.clone() }
}

/// Whether a statement has not ended and a clock of it runs.
fn stands(row: &ListingRow, day: Day) -> bool {
    row.ended.is_none() && row.restriction_until.max(row.publication_until) >= day
}

fn rows_of(centre: &CentreCode) -> RangeInclusive<(CentreCode, u64)> {
    (centre.clone(), 0)..=(centre.clone(), u64::MAX)
}

impl Tables {
    pub(super) fn project(&mut self, projection: &ListProjection) {
        match projection {
            ListProjection::Decided(row) => self.decided(row),
            ListProjection::DecidedInRow(rows) => rows.iter().for_each(|row| self.decided(row)),
            ListProjection::Changed { place, end, answers } => self.changed(place, end, answers.as_ref()),
            ListProjection::Objected(row) => {
                self.objections.entry((row.author.clone(), row.index)).or_insert_with(|| row.clone());
            }
            ListProjection::Hit(row) => {
                self.hits.entry((row.author.clone(), row.index)).or_insert_with(|| row.clone());
            }
            ListProjection::Acknowledged { author, index, at, applied } => self.acknowledge(author, *index, *at, *applied),
        }
    }

    /// Forgets what rows of a journal meant from `size` on. Returns the listings that they had ended.
    pub(super) fn cut(&mut self, centre: &CentreCode, size: u64) -> Vec<u64> {
        let kept = |(of, index): &(CentreCode, u64)| of != centre || *index < size;
        self.listings.retain(|place, _| kept(place));
        self.changes.retain(|place, _| kept(place));
        self.objections.retain(|place, _| kept(place));
        self.hits.retain(|place, _| kept(place));
        self.acknowledged.retain(|place, _| kept(place));
        self.withheld.retain(|place, _| kept(place));
        let mut again = Vec::new();
        for ((of, index), row) in &mut self.listings {
            if of == centre && row.ended.as_ref().is_some_and(|ended| ended.index >= size) {
                row.ended = None;
                again.push(*index);
            }
        }
        again
    }

    /// A row that comes after its ending, because its payload was missing, has ended all the same.
    fn decided(&mut self, row: &ListingRow) {
        let place = (row.place.centre.clone(), row.place.index);
        let mut later = self.changes.range(place.clone()..=(place.0.clone(), u64::MAX)).map(|(_, changed)| changed);
        let ended = later.find(|changed| changed.about == place.1 && changed.end.change.ends()).map(|changed| changed.end.clone());
        let row = ListingRow { ended: row.ended.clone().or(ended), ..row.clone() };
        self.listings.entry(place).or_insert(row);
    }

    /// A change of a row that comes after it in the journal is none.
    fn changed(&mut self, place: &ListingRef, end: &ListingEnd, answers: Option<&(CentreCode, u64)>) {
        if end.index <= place.index {
            return;
        }
        let changed = Changed { about: place.index, end: end.clone(), answers: answers.cloned() };
        self.changes.entry((place.centre.clone(), end.index)).or_insert(changed);
        let row = self.listings.get_mut(&(place.centre.clone(), place.index));
        // The first ending stands, in whatever order they come.
        let first = |row: &&mut ListingRow| row.ended.as_ref().is_none_or(|ended| ended.index > end.index);
        if let Some(row) = row.filter(|row| end.change.ends() && first(row)) {
            row.ended = Some(end.clone());
        }
    }

    /// Only vectors that say more than every one before them are kept, in whatever order they come.
    fn acknowledge(&mut self, author: &CentreCode, index: u64, at: Time, applied: u64) {
        let before = (author.clone(), 0)..=(author.clone(), index);
        let known_already = self.acknowledged.contains_key(&(author.clone(), index));
        if known_already || self.acknowledged.range(before).any(|(_, (_, known))| *known >= applied) {
            return;
        }
        self.acknowledged.retain(|(other, later), (_, known)| other != author || *later <= index || *known > applied);
        self.acknowledged.insert((author.clone(), index), (at, applied));
    }

    pub(super) fn write(&mut self, write: &ListWrite) -> Result<(), Misfit> {
        match write {
            ListWrite::Case(case) => self.case(case)?,
            ListWrite::Import(import) => self.import(import)?,
            ListWrite::Stage(rows) => self.staged.extend(rows.iter().map(|row| ((row.import, row.row), row.clone()))),
            ListWrite::Adopt { import, rows } => self.adopt(*import, rows)?,
            ListWrite::Unstage { import, up_to } => {
                for row in self.staged.range_mut((*import, 0)..=(*import, *up_to)).map(|(_, row)| row) {
                    row.body = Vec::new();
                    row.case = Vec::new();
                }
            }
            ListWrite::Forget { import } => {
                self.imports.remove(import);
                self.staged.retain(|(of, _), _| of != import);
            }
            ListWrite::Hit(hit) => {
                self.pending_made += 1;
                self.pending.insert(self.pending_made, PendingHit { serial: self.pending_made, ..hit.clone() });
            }
            ListWrite::HitTold { serial } => {
                self.pending.remove(serial);
            }
            ListWrite::Impersonated { subject } => {
                self.impersonated.insert(*subject);
            }
            ListWrite::Used { day, operator, used } => {
                self.used.insert((*day, operator.clone()), *used);
                let kept = day.less_days(USED_KEPT_DAYS);
                self.used.retain(|(day, _), _| *day >= kept);
            }
            ListWrite::Withheld { centre, index, by } => {
                self.withheld.entry((centre.clone(), *index)).or_insert((*by, false));
            }
            ListWrite::Blamed { centre, index } => {
                if let Some((_, blamed)) = self.withheld.get_mut(&(centre.clone(), *index)) {
                    *blamed = true;
                }
            }
        }
        Ok(())
    }

    fn case(&mut self, case: &CaseRecord) -> Result<(), Misfit> {
        let made = self.cases.keys().next_back().copied().unwrap_or_default();
        let (serial, _) = check::serial(made, case.serial)?;
        if self.cases.values().any(|other| other.listing == case.listing && other.serial != serial) {
            return Err(Misfit::Exists);
        }
        self.cases.insert(serial, CaseRecord { serial, ..case.clone() });
        Ok(())
    }

    /// All of them or none.
    fn adopt(&mut self, import: u64, rows: &[Adopted]) -> Result<(), Misfit> {
        let before = (self.cases.clone(), self.staged.clone());
        let adopted = rows.iter().try_for_each(|row| self.adopt_one(import, row));
        if adopted.is_err() {
            (self.cases, self.staged) = before;
        }
        adopted
    }

    fn adopt_one(&mut self, import: u64, adopted: &Adopted) -> Result<(), Misfit> {
        let staged = self.staged.get_mut(&(import, adopted.row)).filter(|row| !row.case.is_empty());
        let staged = staged.ok_or(Misfit::NoRow(adopted.row))?;
        let record = CaseRecord {
            serial: adopted.serial,
            listing: staged.listing,
            state: CaseState::Listed,
            index: Some(adopted.index),
            import: Some(import),
            content: staged.content,
            decision: staged.decision,
            waits_until: None,
            case: std::mem::take(&mut staged.case),
        };
        staged.body = Vec::new();
        self.case(&record)
    }

    fn import(&mut self, import: &ImportRecord) -> Result<(), Misfit> {
        let made = self.imports.keys().next_back().copied().unwrap_or_default();
        let (serial, _) = check::serial(made, import.serial)?;
        if self.imports.values().any(|other| other.file == import.file && other.serial != serial) {
            return Err(Misfit::Exists);
        }
        self.imports.insert(serial, ImportRecord { serial, ..import.clone() });
        Ok(())
    }

    pub(super) fn no_longer_withheld(&mut self, centre: &CentreCode, index: u64) {
        self.withheld.remove(&(centre.clone(), index));
    }

    pub(super) fn has_objection(&self, author: &CentreCode, about: &ListingRef, listing: &ListingId) -> bool {
        self.objections.values().any(|row| row.author == *author && row.about == *about && row.listing == *listing)
    }

    fn objection(&self, row: &ObjectionRow) -> ObjectionRow {
        let earlier = (row.author.clone(), 0)..(row.author.clone(), row.index);
        let same_day = self.objections.range(earlier).filter(|(_, other)| Day::of(other.at) == Day::of(row.at));
        let before_it = (same_day.count() as u64).min(OBJECTIONS_PER_DAY);
        let objection = (row.author.clone(), row.index);
        let mut changes = self.changes.range(rows_of(&row.about.centre));
        let answer = changes.find(|(_, changed)| changed.about >= row.about.index && changed.answers.as_ref() == Some(&objection));
        ObjectionRow { before_it, answered: answer.map(|((_, index), _)| *index), ..row.clone() }
    }

    fn open_imports(&self) -> impl Iterator<Item = &ImportRecord> {
        self.imports.values().filter(|import| match import.state {
            ImportState::Staging | ImportState::Staged | ImportState::Approved => true,
            ImportState::Done => false,
        })
    }
}

impl Lists for MemoryShelf {
    fn local_secret(&self) -> Result<Key, ShelfError> {
        Ok(self.lists.local_secret.clone().unwrap_or(Key::from_bytes([0x6c; 32])))
    }

    fn listings_of(&self, token: &SubjectToken, limit: usize) -> Result<Vec<ListingRow>, ShelfError> {
        let mut centres: BTreeMap<&CentreCode, Vec<ListingRow>> = BTreeMap::new();
        for row in self.lists.listings.values().rev().filter(|row| row.token == *token) {
            centres.entry(&row.place.centre).or_default().push(row.clone());
        }
        Ok(newest_of_each(centres.into_values().collect(), limit))
    }

    fn listing(&self, place: &ListingRef) -> Result<Option<ListingRow>, ShelfError> {
        Ok(self.lists.listings.get(&(place.centre.clone(), place.index)).cloned())
    }

    fn objections(&self, about: &ListingRef, listing: &ListingId, limit: usize) -> Result<Vec<ObjectionRow>, ShelfError> {
        let counts = |row: &&ObjectionRow| row.listing == *listing && row.about.centre == about.centre && row.about.index <= about.index;
        let rows = self.lists.objections.values().filter(counts);
        Ok(rows.take(limit).map(|row| self.lists.objection(row)).collect())
    }

    fn standing_under(&self, day: Day) -> Result<Vec<StandingUnder>, ShelfError> {
        let mut counted: BTreeMap<(&CentreCode, u64), u64> = BTreeMap::new();
        for row in self.lists.listings.values().filter(|row| stands(row, day)) {
            *counted.entry((&row.place.centre, row.pepper)).or_default() += 1;
        }
        let one = |((centre, pepper), listings): ((&CentreCode, u64), u64)| StandingUnder { centre: centre.clone(), pepper, listings };
        Ok(counted.into_iter().map(one).collect())
    }

    fn standing_before(&self, centre: &CentreCode, from: u64, pepper: u64, day: Day, limit: usize) -> Result<Vec<ListingRow>, ShelfError> {
        let rows = (centre.clone(), from)..=(centre.clone(), u64::MAX);
        let rows = self.lists.listings.range(rows).map(|(_, row)| row).filter(|row| row.pepper < pepper && stands(row, day));
        Ok(rows.take(limit).cloned().collect())
    }

    fn list_events(&self, centre: &CentreCode, from: u64, limit: usize) -> Result<Vec<(u64, ListingRef)>, ShelfError> {
        let rows = (centre.clone(), from)..=(centre.clone(), u64::MAX);
        let mut events: Vec<(u64, ListingRef)> =
            self.lists.listings.range(rows.clone()).map(|((_, index), row)| (*index, row.place.clone())).collect();
        let changed = self.lists.changes.range(rows.clone());
        events.extend(changed.map(|((_, index), row)| (*index, ListingRef { centre: centre.clone(), index: row.about })));
        events.extend(self.lists.objections.range(rows).map(|((_, index), row)| (*index, row.about.clone())));
        events.sort();
        events.truncate(limit);
        Ok(events)
    }

    fn acknowledged(&self, author: &CentreCode, applied: u64) -> Result<Option<(u64, Time)>, ShelfError> {
        let mut vectors = self.lists.acknowledged.range(rows_of(author));
        Ok(vectors.find(|(_, (_, known))| *known >= applied).map(|((_, index), (at, _))| (*index, *at)))
    }

    fn acknowledged_most(&self, author: &CentreCode) -> Result<u64, ShelfError> {
        let vectors = self.lists.acknowledged.range(rows_of(author));
        Ok(vectors.map(|(_, (_, applied))| *applied).max().unwrap_or_default())
    }

    fn cases_made(&self) -> Result<u64, ShelfError> {
        Ok(self.lists.cases.keys().next_back().copied().unwrap_or_default())
    }

    fn case(&self, serial: u64) -> Result<Option<CaseRecord>, ShelfError> {
        Ok(self.lists.cases.get(&serial).cloned())
    }

    fn case_of(&self, listing: &ListingId) -> Result<Option<CaseRecord>, ShelfError> {
        Ok(self.lists.cases.values().find(|case| case.listing == *listing).cloned())
    }

    fn case_of_decision(&self, decision: &Digest) -> Result<Option<CaseRecord>, ShelfError> {
        Ok(self.lists.cases.values().find(|case| case.decision == *decision).cloned())
    }

    fn cases_open(&self, after: Option<u64>, limit: usize) -> Result<Vec<CaseRecord>, ShelfError> {
        let later = self.lists.cases.values().filter(|case| after.is_none_or(|after| case.serial > after));
        Ok(later.filter(|case| check::waits(case.state)).take(limit).cloned().collect())
    }

    fn cases_due(&self, now: Time, limit: usize) -> Result<Vec<CaseRecord>, ShelfError> {
        let notified = self.lists.cases.values().filter(|case| case.state == CaseState::Notified);
        let mut due: Vec<&CaseRecord> = notified.filter(|case| case.waits_until.is_some_and(|until| until < now)).collect();
        due.sort_by_key(|case| (case.waits_until, case.serial));
        Ok(due.into_iter().take(limit).cloned().collect())
    }

    fn import(&self, file: &Digest) -> Result<Option<ImportRecord>, ShelfError> {
        Ok(self.lists.imports.values().find(|import| import.file == *file).cloned())
    }

    fn imports_open(&self, limit: usize) -> Result<Vec<ImportRecord>, ShelfError> {
        Ok(self.lists.open_imports().take(limit).cloned().collect())
    }

    fn imports_made(&self) -> Result<u64, ShelfError> {
        Ok(self.lists.imports.keys().next_back().copied().unwrap_or_default())
    }

    fn staged(&self, import: u64, after: u64, limit: usize) -> Result<Vec<(StagedRow, bool)>, ShelfError> {
        let rows = self.lists.staged.range((import, 0)..=(import, u64::MAX)).filter(|((_, row), _)| *row > after);
        let known = |row: &StagedRow| {
            self.lists.impersonated.contains(&row.subject) || self.lists.cases.values().any(|case| case.listing == row.listing)
        };
        Ok(rows.take(limit).map(|(_, row)| (without_case(row), known(row))).collect())
    }

    fn staged_case(&self, import: u64, row: u64) -> Result<Option<Vec<u8>>, ShelfError> {
        let held = self.lists.staged.get(&(import, row)).filter(|row| !row.case.is_empty());
        Ok(held.map(|row| row.case.clone()))
    }

    fn staged_decision(&self, import: u64, decision: &Digest) -> Result<Option<StagedRow>, ShelfError> {
        let mut rows = self.lists.staged.range((import, 0)..=(import, u64::MAX)).map(|(_, row)| row);
        Ok(rows.find(|row| row.decision == *decision).map(without_case))
    }

    fn staged_listing(&self, import: u64, listing: &ListingId) -> Result<Option<StagedRow>, ShelfError> {
        let mut rows = self.lists.staged.range((import, 0)..=(import, u64::MAX)).map(|(_, row)| row);
        Ok(rows.find(|row| row.listing == *listing).map(without_case))
    }

    fn is_known(&self, import: Option<u64>, listing: &ListingId, decision: &Digest, subject: &ListingId) -> Result<bool, ShelfError> {
        let in_case = self.lists.cases.values().any(|case| case.listing == *listing || case.decision == *decision);
        let in_file = |import| {
            let mut rows = self.lists.staged.range((import, 0)..=(import, u64::MAX)).map(|(_, row)| row);
            rows.any(|row| row.listing == *listing || row.decision == *decision)
        };
        Ok(in_case || self.lists.impersonated.contains(subject) || import.is_some_and(in_file))
    }

    fn import_gone(&self, import: u64, limit: usize) -> Result<(Vec<u64>, u64), ShelfError> {
        let staged = self.lists.staged.range((import, 0)..=(import, u64::MAX));
        let staged: BTreeSet<ListingId> = staged.map(|(_, row)| row.listing).collect();
        let published = self.lists.cases.values().filter(|case| case.import.is_some() && case.index.is_some());
        let gone: Vec<u64> = published.filter(|case| !staged.contains(&case.listing)).map(|case| case.serial).collect();
        Ok((gone.iter().copied().take(limit).collect(), gone.len() as u64))
    }

    fn hits_pending(&self, limit: usize) -> Result<Vec<PendingHit>, ShelfError> {
        Ok(self.lists.pending.values().take(limit).cloned().collect())
    }

    fn hits_of(&self, listing: &ListingId, limit: usize) -> Result<Vec<HitRow>, ShelfError> {
        let mut hits: Vec<&HitRow> = self.lists.hits.values().filter(|hit| hit.listing == *listing).collect();
        hits.sort_by_key(|hit| std::cmp::Reverse(hit.at));
        Ok(hits.into_iter().take(limit).cloned().collect())
    }

    fn impersonated(&self, subject: &ListingId) -> Result<bool, ShelfError> {
        Ok(self.lists.impersonated.contains(subject))
    }

    fn used(&self, day: Day, operator: Option<&OperatorName>) -> Result<u64, ShelfError> {
        Ok(self.lists.used.get(&(day, operator.cloned())).copied().unwrap_or_default())
    }

    fn withheld(&self, centre: &CentreCode) -> Result<bool, ShelfError> {
        Ok(self.lists.withheld.range(rows_of(centre)).next().is_some())
    }

    fn withheld_rows(&self, after: Option<(&CentreCode, u64)>, limit: usize) -> Result<Vec<WithheldRow>, ShelfError> {
        let row = |((centre, index), (by, blamed)): (&(CentreCode, u64), &(StationKey, bool))| WithheldRow {
            centre: centre.clone(),
            index: *index,
            by: *by,
            blamed: *blamed,
        };
        let later = |((centre, index), _): &(&(CentreCode, u64), &(StationKey, bool))| after.is_none_or(|after| (centre, *index) > after);
        Ok(self.lists.withheld.iter().filter(later).take(limit).map(row).collect())
    }
}
