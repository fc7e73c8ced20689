//! What has changed on the lists is read out, page by page, from a cursor.
//!
//! The cursor counts rows of journals, not days or listings: whoever follows it gets every row that decided, changed or objected once,
//! and each listing as it stands when its page is read. A clock that runs out is no row; the clocks stand in what was read out. A
//! journal with a row whose payload was left out is read up to that row and no further until it is here: what it says would otherwise
//! be passed for good. Of a centre that has forked only what has ended is read out, each time again, and nothing is passed: what it lists
//! does not count; and when that was said in another history of it than ours, everything of it is read out again once the fork is cleared, for
//! then it may stand. When rows that were read out turn out never to have counted, the cursor is not followed any more: whoever kept it has
//! listings that nothing would take back.

mod cursor;

pub use cursor::MAX_CURSOR_BYTES;

use std::collections::BTreeSet;

use super::super::audit::Told;
use super::super::{Effect, Env, Node, Stop};
use super::lookup::MAX_OBJECTIONS;
use crate::audit::{AuditAction, AuditRow};
use crate::desk::{Event, ExportPage, ExportRow, MAX_PAGE, OwnRow};
use crate::error::{RefusalCode, ShelfError};
use crate::listing::Day;
use crate::listing::case::Case;
use crate::listing::status::standing;
use crate::names::{CaseNumber, CentreCode, ListingRef};
use crate::operator::ProvenAct;
use crate::shelf::ListingRow;
use cursor::Cursor;

/// A page is closed once its rows have so many bytes of JSON; it fits an event with one more row.
pub const PAGE_BYTES: usize = 768 * 1024;
/// Rows left out that are looked at to find the first one of a journal. If there are more, nothing of that journal is read out.
pub const MAX_WITHHELD: usize = 4_096;

/// A page in the making.
struct Page {
    cursor: Cursor,
    rows: Vec<ExportRow>,
    named: BTreeSet<ListingRef>,
    bytes: usize,
    /// Events that still fit.
    room: usize,
    more: bool,
}

impl Node {
    /// [`crate::desk::Act::Export`]: `cursor-invalid` for a cursor that is not one of this federation's.
    pub(in crate::node) fn export(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        cursor: Option<&str>,
        limit: usize,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        let federation = self.charter.federation();
        let mut cursor = match cursor.map_or_else(|| Ok(Cursor::default()), |text| Cursor::parse(text, federation)) {
            Ok(cursor) if !followed_void_rows(env, &cursor)? => cursor,
            Ok(_) => return Err(self.cursor_refused(env, act, RefusalCode::CursorInvalid, out)?),
            Err(code) => return Err(self.cursor_refused(env, act, code, out)?),
        };
        cursor.forget_ended_beside(|centre| self.has_beside(centre));
        let room = limit.clamp(1, MAX_PAGE);
        let mut page = Page { cursor, rows: Vec::new(), named: BTreeSet::new(), bytes: 0, room, more: false };
        for member in self.charter.members() {
            if !self.is_contained(&member.centre) {
                self.export_journal(env, &member.centre, &mut page)?;
            }
        }
        for member in self.charter.members().iter().filter(|member| self.is_contained(&member.centre)) {
            self.export_ended(env, &member.centre, &mut page)?;
        }
        let about = page.rows.len().to_string();
        self.tell(env, Some(act), vec![Told::new(AuditAction::Export, about, "done")], out)?;
        let cursor = page.cursor.to_text(self.charter.federation());
        Ok(Event::Export(Box::new(ExportPage { rows: page.rows, cursor, more: page.more })))
    }

    fn cursor_refused(&mut self, env: &mut Env<'_>, act: &ProvenAct, code: RefusalCode, out: &mut Vec<Effect>) -> Result<Stop, Stop> {
        self.tell(env, Some(act), vec![Told::new(AuditAction::Export, "0", AuditRow::refused(code))], out)?;
        Ok(code.into())
    }

    /// Of a centre that has forked, listings that have ended since the cursor, as far as they fit. The cursor stays where it is.
    fn export_ended(&self, env: &Env<'_>, centre: &CentreCode, page: &mut Page) -> Result<(), ShelfError> {
        let from = page.cursor.beside(centre);
        // A page that goes on with what another history ends has read out the rest before.
        let here = if from.is_some() { Vec::new() } else { env.shelf.list_events(centre, page.cursor.from(centre), MAX_PAGE)? };
        for (_, place) in here {
            if page.room == 0 || page.bytes >= PAGE_BYTES {
                break;
            }
            let ended = env.shelf.listing(&place)?.filter(|row| row.ended.is_some() && !page.named.contains(&place));
            if let Some(row) = ended {
                page.room -= 1;
                self.put(env, row, page)?;
            }
        }
        self.export_ended_beside(env, centre, from, page)
    }

    /// What another history ends has no row that a cursor's position in the journal could stand at: it has a position of its own.
    fn export_ended_beside(&self, env: &Env<'_>, centre: &CentreCode, from: Option<u64>, page: &mut Page) -> Result<(), ShelfError> {
        let places = env.shelf.listings_ended_beside(centre, from.unwrap_or(0), MAX_PAGE)?;
        let goes_on = places.last().filter(|_| places.len() == MAX_PAGE).map(|last| last.index + 1);
        let mut told = from.is_some();
        for place in places {
            let row = env.shelf.listing(&place)?.filter(|row| row.ended.is_none() && !page.named.contains(&place));
            let Some(row) = row else { continue };
            if page.room == 0 || page.bytes >= PAGE_BYTES {
                page.cursor.ended_beside(centre, Some(place.index));
                page.more = true;
                return Ok(());
            }
            page.room -= 1;
            told = true;
            self.put(env, row, page)?;
        }
        if told || goes_on.is_some() {
            page.cursor.ended_beside(centre, goes_on);
        }
        page.more |= goes_on.is_some();
        Ok(())
    }

    fn put(&self, env: &Env<'_>, row: ListingRow, page: &mut Page) -> Result<(), ShelfError> {
        page.named.insert(row.place.clone());
        let row = self.export_row(env, row)?;
        page.bytes += serde_json::to_vec(&row).map_or(0, |json| json.len());
        page.rows.push(row);
        Ok(())
    }

    /// The next events of one journal, as many as fit.
    fn export_journal(&self, env: &Env<'_>, centre: &CentreCode, page: &mut Page) -> Result<(), ShelfError> {
        let Some(end) = readable(env, centre)? else { return Ok(()) };
        let (today, cuts) = (Day::of(env.now), env.shelf.cuts(centre)?);
        // One more than fits, to know whether there is more.
        let events = env.shelf.list_events(centre, page.cursor.from(centre), page.room.saturating_add(1))?;
        for (index, place) in events.into_iter().take_while(|(index, _)| *index < end) {
            if page.room == 0 || page.bytes >= PAGE_BYTES {
                page.more = true;
                page.room = 0;
                return Ok(());
            }
            page.room -= 1;
            page.cursor.passed(centre, index, cuts);
            // An objection may name what no journal has; a listing stands in a page once; and in none when both its clocks have run out,
            // for its payload is gone then, and who was told of it was told until when.
            let over = |row: &ListingRow| row.restriction_until.max(row.publication_until) < today;
            if !page.named.contains(&place)
                && let Some(row) = env.shelf.listing(&place)?.filter(|row| !over(row))
            {
                self.put(env, row, page)?;
            }
        }
        Ok(())
    }

    fn export_row(&self, env: &Env<'_>, row: ListingRow) -> Result<ExportRow, ShelfError> {
        let today = Day::of(env.now);
        let (restricted, open_objections) = self.stands(env, &row, &env.shelf.objections(&row.place, &row.listing, MAX_OBJECTIONS)?)?;
        let change = self.listing_ended(env, &row)?;
        let publishable = standing(row.publication_until, today, change, open_objections, 0).counts();
        let own = if row.place.centre == self.centre && publishable && restricted.counts() { self.own_row(env, &row)? } else { None };
        Ok(ExportRow {
            id: row.listing,
            standing: restricted,
            publishable,
            token: row.token.to_string(),
            pepper: row.pepper,
            restriction_until: row.restriction_until.to_string(),
            publication_until: row.publication_until.to_string(),
            basis: row.basis.code().to_owned(),
            open_objections,
            own,
            listing: row.place,
        })
    }

    /// Who and what, from the case; nothing when another row publishes it now.
    fn own_row(&self, env: &Env<'_>, row: &ListingRow) -> Result<Option<OwnRow>, ShelfError> {
        let Some(record) = env.shelf.case_of(&row.listing)?.filter(|record| record.index == Some(row.place.index)) else {
            return Ok(None);
        };
        let case: Case = serde_json::from_slice(&record.case).map_err(|_| ShelfError::Damaged("a case".to_owned()))?;
        Ok(Some(OwnRow {
            case: CaseNumber { centre: self.centre.clone(), serial: record.serial },
            name: case.subject.name,
            document_type: case.subject.document_type.code().to_owned(),
            document_no: case.subject.document_no,
            finding: case.finding,
        }))
    }
}

/// Whether rows that this cursor has passed were let go since, and are others now.
fn followed_void_rows(env: &Env<'_>, cursor: &Cursor) -> Result<bool, ShelfError> {
    for (centre, from, cuts) in cursor.positions() {
        if env.shelf.cut_below(centre, cuts, from)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The first row of the journal that may not be passed: one whose payload was left out. `None` when it cannot be found.
fn readable(env: &Env<'_>, centre: &CentreCode) -> Result<Option<u64>, ShelfError> {
    if !env.shelf.withheld(centre)? {
        return Ok(Some(u64::MAX));
    }
    let rows = env.shelf.withheld_rows(None, MAX_WITHHELD)?;
    let whole = rows.len() < MAX_WITHHELD;
    Ok(rows.iter().filter(|row| row.centre == *centre).map(|row| row.index).min().filter(|_| whole))
}
