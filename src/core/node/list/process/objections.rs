//! Somebody objects: to a listing of ours, of another centre's, or elsewhere to one of ours.

use std::collections::BTreeMap;

use super::super::super::audit::Told;
use super::super::super::{Effect, Env, Node, Stop};
use super::{Held, opened, updated};
use crate::audit::AuditAction;
use crate::certificate::padding;
use crate::desk::Event;
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::journal::statement::SALT_BYTES;
use crate::journal::{Entry, Header, Kind, Statement};
use crate::listing::case::{Case, objection_fields};
use crate::listing::objected::OBJECTIONS_PER_DAY;
use crate::listing::{Day, Ground, ObjectedBody};
use crate::names::{CentreCode, ListingId, ListingRef};
use crate::operator::ProvenAct;
use crate::seal::{Purpose, SUITE, hybrid};
use crate::shelf::{ListProjection, ListWrite, ObjectionRow, Projection, Write};
use crate::time::Time;

/// Most objections to one statement that are read at once, answered ones included.
pub const MAX_OBJECTIONS_READ: usize = 4_096;
/// What an objection says is padded to a multiple of this many bytes before it is sealed.
pub const OBJECTION_PADDING_BYTES: usize = 128;
/// Events of our own journal that are read at once to count today's objections.
const EVENTS_READ: usize = 1_024;
/// Most times they are read.
const MAX_EVENT_READS: usize = 64;

/// How many objections this centre has made on a day, once counted.
#[derive(Debug, Default)]
pub(in crate::node::list) struct State {
    made: Option<(Day, u64)>,
}

impl Node {
    /// An objection to another centre's listing: told in our journal, decided by theirs.
    pub(super) fn object_elsewhere(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        place: &ListingRef,
        (ground, text): (&str, &str),
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        self.told(env, act, Told::new(AuditAction::Object, place.to_string(), ""), out, |node, env, out| {
            node.may_write()?;
            let (ground, text) = objection_fields(ground, text)?;
            let row = env.shelf.listing(place)?.ok_or_else(|| Refusal::about(RefusalCode::CaseUnknown, place.to_string()))?;
            let view = node.listing_view(env, &row, 1)?;
            if !view.standing.counts() {
                return Err(Refusal::about(RefusalCode::StepNotAllowed, view.standing.code()).into());
            }
            let over = row.restriction_until.max(row.publication_until).end();
            let entry = node.objected_statement(env, place, &row.listing, (ground, &text), over)?;
            node.append(env, vec![entry], out)?;
            node.objected_once_more(env.now);
            Ok(Event::Listing(Box::new(view)))
        })
    }

    /// The statement of an objection, if this centre may still make one today.
    pub(super) fn objected_statement(
        &mut self,
        env: &mut Env<'_>,
        place: &ListingRef,
        listing: &ListingId,
        (ground, text): (Ground, &str),
        drop_after: Time,
    ) -> Result<Entry, Stop> {
        if self.objections_made(env)? >= OBJECTIONS_PER_DAY {
            return Err(RefusalCode::TooManyRequests.into());
        }
        let unknown = || Refusal::about(RefusalCode::CaseUnknown, place.to_string());
        let key = self.charter.member(&place.centre).ok_or_else(unknown)?.hybrid.clone();
        let plain = padding::pad(text.as_bytes(), OBJECTION_PADDING_BYTES);
        let sealed = hybrid::seal(env.rng, &key, Purpose::Objection, &listing.0, &plain).map_err(|_| unknown())?;
        let body = ObjectedBody {
            suite: SUITE.to_owned(),
            centre: place.centre.clone(),
            index: place.index,
            listing: *listing,
            ground,
            text: Some(sealed),
        };
        Statement::build(env.rng, Kind::ListingObjected, env.now, Some(drop_after), &body.to_bytes())
            .map_err(|e| ShelfError::Failed(e.to_string()).into())
    }

    /// How many objections this centre has made today. Counted from the own journal when it is first asked on a day or after a start.
    fn objections_made(&mut self, env: &Env<'_>) -> Result<u64, ShelfError> {
        let today = Day::of(env.now);
        if let Some((day, made)) = self.list.process.made
            && day == today
        {
            return Ok(made);
        }
        let (mut from, mut made) = (self.first_row_of(env, today)?, 0);
        for _ in 0..MAX_EVENT_READS {
            let events = env.shelf.list_events(&self.centre, from, EVENTS_READ)?;
            for (index, place) in &events {
                // What is about another centre's listing can only be an objection; of ours most are decisions, which name themselves.
                let objection = place.centre != self.centre || (place.index != *index && self.is_objection(env, *index)?);
                made += u64::from(objection);
            }
            let Some((last, _)) = events.last().filter(|_| events.len() == EVENTS_READ) else { break };
            from = last.saturating_add(1);
        }
        self.list.process.made = Some((today, made));
        Ok(made)
    }

    pub(super) fn objected_once_more(&mut self, now: Time) {
        let today = Day::of(now);
        if let Some((day, made)) = &mut self.list.process.made
            && *day == today
        {
            *made = made.saturating_add(1);
        }
    }

    /// The first row of the own journal that was written on `day` or later: its times are this centre's own, so it is searched by halves.
    fn first_row_of(&self, env: &Env<'_>, day: Day) -> Result<u64, ShelfError> {
        let (mut from, mut to) = (0, env.shelf.journal(&self.centre)?.size);
        while from < to {
            let middle = from + (to - from) / 2;
            let before = self.own_header(env, middle)?.is_some_and(|header| Day::of(header.at()) < day);
            (from, to) = if before { (middle + 1, to) } else { (from, middle) };
        }
        Ok(from)
    }

    fn is_objection(&self, env: &Env<'_>, index: u64) -> Result<bool, ShelfError> {
        Ok(self.own_header(env, index)?.is_some_and(|header| header.kind() == Some(Kind::ListingObjected)))
    }

    fn own_header(&self, env: &Env<'_>, index: u64) -> Result<Option<Header>, ShelfError> {
        let rows = env.shelf.entries(&self.centre, index, 1, 1)?;
        Ok(rows.first().and_then(|entry| Header::parse(&entry.header).ok()))
    }

    /// Objections to a statement of ours, or to those it took the place of, that count and are not answered, at most `limit`.
    pub(super) fn open_objections(
        &self,
        env: &Env<'_>,
        place: &ListingRef,
        listing: &ListingId,
        limit: usize,
    ) -> Result<Vec<ObjectionRow>, ShelfError> {
        let rows = env.shelf.objections(place, listing, MAX_OBJECTIONS_READ)?;
        let open = rows.into_iter().filter(|o| o.answered.is_none() && o.before_it < OBJECTIONS_PER_DAY);
        Ok(open.take(limit).collect())
    }

    /// The case with the objections in it that others have made to its listing, as far as they are not in it.
    pub(super) fn with_objections(&self, env: &Env<'_>, held: Held) -> Result<Held, ShelfError> {
        let Some(index) = held.record.index else { return Ok(held) };
        let place = ListingRef { centre: self.centre.clone(), index };
        let mut case = held.case;
        for row in self.open_objections(env, &place, &held.record.listing, MAX_OBJECTIONS_READ)? {
            let entry = env.shelf.entries(&row.author, row.index, 1, 1)?.into_iter().next();
            case = self.hears(env, &case, &row, || entry?.body().map(<[u8]>::to_vec)).unwrap_or(case);
        }
        Ok(Held { record: updated(&held.record, &case, held.record.index, env.now)?, case })
    }

    /// Statements of other centres that object to listings of ours are among what this input wrote: they enter the records of their cases,
    /// so that they wait in the queue. What is missed here (a record from a backup) comes in with the case's next step.
    pub(in crate::node) fn objections_heard(&self, env: &Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let mut cases: BTreeMap<ListingId, Held> = BTreeMap::new();
        for row in out.iter().filter_map(objection_in).filter(|row| row.about.centre == self.centre && row.author != self.centre) {
            let held = match cases.remove(&row.listing) {
                Some(held) => Some(held),
                // A case that cannot be read must not keep another centre's journal from coming in.
                None => match env.shelf.case_of(&row.listing)? {
                    Some(record) => opened(env, &self.centre, record).ok(),
                    None => None,
                },
            };
            let Some(Held { record, case }) = held.filter(|held| held.record.index.is_some_and(|index| row.about.index <= index)) else {
                continue;
            };
            let case = self.hears(env, &case, row, || body_in(out, &row.author, row.index).map(<[u8]>::to_vec)).unwrap_or(case);
            cases.insert(row.listing, Held { record: updated(&record, &case, record.index, env.now)?, case });
        }
        out.extend(cases.into_values().map(|held| Effect::Write(Write::List(ListWrite::Case(held.record)))));
        Ok(())
    }

    /// The case with one more objection of others in it, if that is news. What it says is opened only then.
    fn hears(&self, env: &Env<'_>, case: &Case, row: &ObjectionRow, body: impl FnOnce() -> Option<Vec<u8>>) -> Option<Case> {
        let heard = |text: &str| case.heard(&row.author, row.index, (row.ground, text), env.now, &self.settings.blacklist.catalogue);
        heard("")?;
        heard(&self.objection_text(body().as_deref()))
    }

    /// What an objection to a listing of ours says; nothing when it does not open.
    fn objection_text(&self, body: Option<&[u8]>) -> String {
        let open = |body: &[u8]| {
            let body = ObjectedBody::parse(body).ok()?;
            let padded = hybrid::open(&self.keys.hybrid, Purpose::Objection, &body.listing.0, &body.text?).ok()?;
            let text = padding::unpad(&padded, OBJECTION_PADDING_BYTES)?;
            std::str::from_utf8(text).ok().map(str::to_owned)
        };
        body.and_then(open).unwrap_or_default()
    }
}

fn objection_in(effect: &Effect) -> Option<&ObjectionRow> {
    match effect {
        Effect::Write(Write::Project(Projection::List(ListProjection::Objected(row)))) => Some(row),
        // Every other effect: what it is does not matter here.
        Effect::Write(_)
        | Effect::KeepHead(_)
        | Effect::Announce(_)
        | Effect::Judge { .. }
        | Effect::Push { .. }
        | Effect::Call { .. }
        | Effect::Answer { .. }
        | Effect::Reply { .. }
        | Effect::WindowReply { .. }
        | Effect::ReadSource { .. }
        | Effect::Derive { .. }
        | Effect::House { .. }
        | Effect::Admit(_)
        | Effect::NextKeys { .. }
        | Effect::KeysTaken { .. }
        | Effect::WhenStored
        | Effect::Again => None,
    }
}

/// The body of a row that this input stores.
fn body_in<'a>(out: &'a [Effect], author: &CentreCode, row: u64) -> Option<&'a [u8]> {
    out.iter().find_map(|effect| {
        if let Effect::Write(Write::Append { centre, from, rows, .. }) = effect
            && centre == author
        {
            return rows.rows().get(usize::try_from(row.checked_sub(*from)?).ok()?)?.entry().body();
        }
        if let Effect::Write(Write::Restore { centre, index, payload }) = effect
            && (centre, *index) == (author, row)
        {
            return payload.get(SALT_BYTES..);
        }
        None
    })
}
