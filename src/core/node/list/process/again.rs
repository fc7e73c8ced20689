//! Listings of our own go over to a new pepper, and an old one is derived under for as long as a listing stands under it.
//!
//! Somebody who left the federation, or a thief, knows the pepper before. So once a version of the charter brings another, each writer says
//! its own listings again under it: the same finding, the same clocks, the same commitment to who decided, with another token and sealed
//! under another key; and that the new statement takes the old one's place. Both stand under one head. It is done a page at a time, one
//! page under derivation at once, in the lane that lookups do not wait in. Nothing of how far it has come is kept but the journal itself:
//! what stands under an old pepper is what is left, so a peer that stops goes on where it was. What ended does not stand, and is
//! never said again. What must never be here: a statement that no case of ours stands behind, another clock than the old statement's.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::audit::Told;
use super::super::super::{Effect, Env, Node, Stop};
use super::super::import::{ABANDONED_MS, MAX_OPEN_IMPORTS};
use super::super::{Job, MAX_DERIVING};
use super::{Held, document_of, opened, updated};
use crate::audit::AuditAction;
use crate::charter::EpochSecrets;
use crate::desk::OldPepper;
use crate::error::ShelfError;
use crate::journal::frame::FRAME_BUDGET_BYTES;
use crate::journal::{Entry, Kind, Statement};
use crate::listing::case::{Case, Listable};
use crate::listing::finding::Place;
use crate::listing::import::ImportState;
use crate::listing::{Change, ChangedBody, Day, DecidedBody, Document, Pepper, SubjectSecret};
use crate::names::{CentreCode, ListingRef};
use crate::seal::SUITE;
use crate::shelf::{ListProjection, ListWrite, ListingRow, Projection, Write};
use crate::time::{HOUR_MS, SECOND_MS, Time};

/// Statements that are looked at in one tick.
#[cfg(not(test))]
pub const AGAIN_PAGE: usize = 64;
/// In tests some ten listings shall take several pages, each of several.
#[cfg(test)]
pub const AGAIN_PAGE: usize = 3;
/// People whose secrets are derived for one page: half a second of one processor.
pub const AGAIN_AT_ONCE: usize = 16;
/// Time between two pages, in milliseconds.
pub const AGAIN_PAUSE_MS: i64 = SECOND_MS;
/// How often it is counted what stands under which pepper, in milliseconds. In between only what arrives is noticed.
pub const AGAIN_EVERY_MS: i64 = HOUR_MS;

/// What was counted last, and how far this centre's own have come since. Nothing is known after a start.
#[derive(Debug, Default)]
pub(in crate::node::list) struct State {
    counted: Option<Counted>,
    /// When a page was last asked for.
    paged: Option<Time>,
    /// Centres with listings under a pepper that is not held here: nobody is found by those.
    unheld: BTreeSet<CentreCode>,
}

#[derive(Debug)]
struct Counted {
    at: Time,
    /// The newest pepper then.
    newest: u64,
    /// Peppers that a member's listing stands under.
    in_use: BTreeSet<u64>,
    /// How many of each member stand under one before the newest.
    left: BTreeMap<CentreCode, u64>,
    /// The first row of the own journal that was not looked at since.
    from: Option<u64>,
}

/// Cases and the rows that publish them, each with whom it is about.
type Page = Vec<((u64, u64), Document)>;

/// A page that waits for its derivations.
#[derive(Debug)]
pub(in crate::node::list) struct Waiting {
    pepper: u64,
    /// Cases, and the rows that publish them.
    cases: Vec<(u64, u64)>,
}

impl Node {
    /// Versions of the pepper that a lookup has to derive under: the newest, and those that a member's listing stands under. Every one
    /// while that is not known.
    pub(in crate::node::list) fn derives_under(&self, pepper: u64) -> bool {
        self.list.again.counted.as_ref().is_none_or(|counted| pepper >= counted.newest || counted.in_use.contains(&pepper))
    }

    /// Whether listings of a centre stand under a pepper that is not held here.
    pub(in crate::node::list) fn is_under_unheld(&self, centre: &CentreCode) -> bool {
        self.list.again.unheld.contains(centre)
    }

    fn holds_pepper(&self, version: u64) -> bool {
        self.secrets.iter().flat_map(EpochSecrets::peppers).any(|pepper| pepper.version == version)
    }

    /// How many listings stand under a pepper before the newest, as far as it was counted.
    pub(in crate::node) fn old_pepper(&self) -> Vec<OldPepper> {
        let left = self.list.again.counted.iter().flat_map(|counted| &counted.left);
        left.filter(|(_, left)| **left > 0).map(|(centre, left)| OldPepper { centre: centre.clone(), listings: *left }).collect()
    }

    /// What this input writes may put a listing under a pepper that none stood under.
    pub(in crate::node) fn peppers_seen(&mut self, out: &[Effect]) {
        for effect in out {
            let Effect::Write(write) = effect else { continue };
            if matches!(write, Write::Cut { .. }) {
                // Endings among the rows that go never were, and what they ended stands again.
                self.list.again.counted = None;
            }
            let Write::Project(Projection::List(projection)) = write else { continue };
            match projection {
                ListProjection::Decided(row) => self.pepper_seen(&row.place.centre, row.pepper),
                ListProjection::DecidedInRow(rows) => rows.iter().for_each(|row| self.pepper_seen(&row.place.centre, row.pepper)),
                ListProjection::Changed { .. }
                | ListProjection::Objected(_)
                | ListProjection::Hit(_)
                | ListProjection::Acknowledged { .. } => {}
            }
        }
    }

    fn pepper_seen(&mut self, centre: &CentreCode, pepper: u64) {
        if !self.holds_pepper(pepper) {
            self.list.again.unheld.insert(centre.clone());
        }
        if let Some(counted) = &mut self.list.again.counted {
            counted.in_use.insert(pepper);
        }
    }

    /// Counts when it is time, and asks for the secrets of the next page.
    pub(in crate::node) fn again_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let Ok(pepper) = self.pepper() else { return Ok(()) };
        if self.charter.epoch().pepper < 2 && self.secrets.iter().all(|secrets| secrets.peppers().len() < 2) {
            return Ok(());
        }
        let fresh =
            |counted: &Counted| counted.newest == pepper.version && env.now.since(counted.at) < AGAIN_EVERY_MS && env.now >= counted.at;
        if !self.list.again.counted.as_ref().is_some_and(fresh) {
            let (counted, unheld) = self.count_standing(env, pepper.version)?;
            (self.list.again.counted, self.list.again.unheld) = (Some(counted), unheld);
        }
        let under_way = self.list.jobs.values().any(|job| matches!(job, Job::Again(_)));
        let just_now = self.list.again.paged.is_some_and(|last| env.now.since(last).abs() < AGAIN_PAUSE_MS);
        // Half of the places stay free for people.
        if under_way || just_now || self.list.jobs.len() >= MAX_DERIVING / 2 || self.may_widen().is_err() {
            return Ok(());
        }
        let Some(from) = self.list.again.counted.as_ref().and_then(|counted| counted.from) else { return Ok(()) };
        let (page, next) = self.page(env, from, pepper.version)?;
        if let Some(counted) = &mut self.list.again.counted {
            counted.from = next;
        }
        self.list.again.paged = Some(env.now);
        if !page.is_empty() {
            let (cases, documents): (Vec<_>, Vec<_>) = page.into_iter().unzip();
            let under = |document| (pepper.clone(), document);
            self.list.next_job += 1;
            let job = self.list.next_job;
            self.list.jobs.insert(job, Job::Again(Waiting { pepper: pepper.version, cases }));
            out.push(Effect::Derive { job, work: documents.into_iter().map(under).collect::<Vec<(Pepper, Document)>>() });
        }
        Ok(())
    }

    /// What stands under which pepper. Listings of who is no member are nobody's answer.
    fn count_standing(&self, env: &Env<'_>, newest: u64) -> Result<(Counted, BTreeSet<CentreCode>), ShelfError> {
        let mut unheld = BTreeSet::new();
        let mut counted = Counted { at: env.now, newest, in_use: BTreeSet::new(), left: BTreeMap::new(), from: None };
        for under in env.shelf.standing_under(Day::of(env.now))? {
            if self.charter.member(&under.centre).is_none() {
                continue;
            }
            counted.in_use.insert(under.pepper);
            if !self.holds_pepper(under.pepper) {
                unheld.insert(under.centre.clone());
            }
            if under.pepper < newest {
                *counted.left.entry(under.centre).or_default() += under.listings;
            }
        }
        counted.from = counted.left.contains_key(&self.centre).then_some(0);
        Ok((counted, unheld))
    }

    /// The next statements of our own that can be said again: the case and the row of each, and whom it is about. And from where to go on,
    /// if anything is left.
    fn page(&self, env: &Env<'_>, from: u64, pepper: u64) -> Result<(Page, Option<u64>), ShelfError> {
        let rows = env.shelf.standing_before(&self.centre, from, pepper, Day::of(env.now), AGAIN_PAGE)?;
        let mut next = rows.last().map(|row| row.place.index + 1).filter(|_| rows.len() == AGAIN_PAGE);
        let (mut page, mut people) = (Vec::new(), 0);
        for row in &rows {
            let Some((held, ..)) = self.goes_over(env, row)? else { continue };
            let Ok(document) = document_of(&held.case, env.now) else { continue };
            people += usize::from(!document.kind().is_public());
            if people > AGAIN_AT_ONCE {
                next = Some(row.place.index);
                break;
            }
            page.push(((held.record.serial, row.place.index), document));
        }
        Ok((page, next))
    }

    /// The case behind a statement of ours, and what the statement says, if it can be said again: the record names the statement, it
    /// can be read, and no open file is about to change it.
    fn goes_over(&self, env: &Env<'_>, row: &ListingRow) -> Result<Option<(Held, DecidedBody)>, ShelfError> {
        let Some(record) = env.shelf.case_of(&row.listing)? else { return Ok(None) };
        let Ok(held) = opened(env, &self.centre, record) else { return Ok(None) };
        let index = row.place.index;
        if held.record.index != Some(index) || is_being_changed(env, row)? {
            return Ok(None);
        }
        let entry = env.shelf.entries(&self.centre, index, 1, FRAME_BUDGET_BYTES)?.into_iter().next();
        let body = entry.filter(|entry| entry.check().is_ok()).and_then(|entry| DecidedBody::parse(entry.body()?).ok());
        Ok(body.filter(|body| Listable::again(&held.case, index, body, env.now).is_ok()).map(|body| (held, body)))
    }

    /// The secrets of a page are here: its listings are said again, under one head.
    pub(in crate::node::list) fn again_derived(
        &mut self,
        env: &mut Env<'_>,
        waiting: Waiting,
        secrets: &[Option<SubjectSecret>],
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let newest = self.pepper().is_ok_and(|pepper| pepper.version == waiting.pepper);
        if !newest || self.may_widen().is_err() {
            return Ok(());
        }
        let mut next = env.shelf.journal(&self.centre)?.size;
        let (mut entries, mut effects, mut gone_over) = (Vec::new(), Vec::new(), 0);
        for ((serial, index), secret) in waiting.cases.into_iter().zip(secrets) {
            let place = ListingRef { centre: self.centre.clone(), index };
            let row = env.shelf.listing(&place)?.filter(|row| row.ended.is_none() && row.pepper < waiting.pepper);
            let (Some(secret), Some(row)) = (secret, row) else { continue };
            // Somebody may have taken a step since.
            let Some((held, said)) = self.goes_over(env, &row)?.filter(|(held, _)| held.record.serial == serial) else { continue };
            let Ok((case, both)) = self.said_again(env, &held, index, &said, (next, waiting.pepper, secret)) else { continue };
            effects.push(Effect::Write(Write::List(ListWrite::Case(updated(&held.record, &case, Some(next), env.now)?))));
            next += both.len() as u64;
            entries.extend(both);
            gone_over += 1;
        }
        if entries.is_empty() {
            return Ok(());
        }
        match self.append(env, entries, out) {
            Ok(_) => {}
            Err(Stop::Refused(_)) => return Ok(()),
            Err(Stop::Shelf(error)) => return Err(error),
        }
        out.append(&mut effects);
        if let Some(left) = self.list.again.counted.as_mut().and_then(|counted| counted.left.get_mut(&self.centre)) {
            *left = left.saturating_sub(gone_over);
        }
        self.tell(env, None, vec![Told::new(AuditAction::List, format!("pepper {} {gone_over}", waiting.pepper), "done")], out)
    }

    /// The case, once row `next` publishes it; and the two statements: what was decided, and that it takes the old one's place.
    fn said_again(
        &self,
        env: &mut Env<'_>,
        held: &Held,
        index: u64,
        said: &DecidedBody,
        (next, pepper, secret): (u64, u64, &SubjectSecret),
    ) -> Result<(Case, [Entry; 2]), Stop> {
        let listable = Listable::again(&held.case, index, said, env.now)?;
        let place = Place { federation: self.charter.federation(), centre: &self.centre, listing: &said.listing, pepper };
        let failed = |what: String| Stop::Shelf(ShelfError::Failed(what));
        let sealed = listable.finding().seal(env.rng, secret, &place).map_err(|_| failed("a finding".to_owned()))?;
        let (basis, authority) = (listable.basis(), listable.authority());
        let decided = DecidedBody { pepper, token: secret.token(), basis, authority, sealed, ..said.clone() };
        let replaced = ChangedBody {
            suite: SUITE.to_owned(),
            listing: said.listing,
            index,
            change: Change::Replaced,
            answers: None,
            successor: Some(next),
            impersonated: false,
        };
        let mut entry =
            |kind, drop_after, body: &[u8]| Statement::build(env.rng, kind, env.now, drop_after, body).map_err(|e| failed(e.to_string()));
        let decided = entry(Kind::ListingDecided, Some(decided.drop_after()), &decided.to_bytes())?;
        let replaced = entry(Kind::ListingChanged, None, &replaced.to_bytes())?;
        Ok((listable.listed(next, env.now)?, [decided, replaced]))
    }
}

/// Whether a file that somebody is at work on is to change this listing: that would come to nothing if the statement were another by then.
fn is_being_changed(env: &Env<'_>, row: &ListingRow) -> Result<bool, ShelfError> {
    for import in env.shelf.imports_open(MAX_OPEN_IMPORTS)? {
        let at_work = import.state == ImportState::Approved || env.now.since(import.by.1) < ABANDONED_MS;
        if at_work && env.shelf.staged_listing(import.serial, &row.listing)?.is_some_and(|staged| !staged.body.is_empty()) {
            return Ok(true);
        }
    }
    Ok(false)
}
