//! Which centres have acknowledged the ending of a listing of ours.
//!
//! The acknowledgement is a centre's own vector: it has applied more rows of our journal than the index of the ending. We keep of
//! others' vectors what they say of our journal, so only the listing's own centre can answer.

use super::super::{Env, Node, Stop};
use crate::desk::{Acknowledgement, CaseRef, Event, Proof};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::listing::Day;
use crate::listing::case::{Case, Move};
use crate::listing::status::standing;
use crate::names::{CaseNumber, ListingRef};
use crate::shelf::{CaseRecord, ListingEnd, ListingRow};

impl Node {
    /// [`crate::desk::Act::Proof`].
    pub(in crate::node) fn ending_proof(&self, env: &Env<'_>, about: &CaseRef) -> Result<Event, Stop> {
        let (row, ended) = self.ended_listing(env, about)?;
        let mut centres = Vec::new();
        for member in self.charter.members().iter().filter(|member| member.centre != self.centre) {
            let first = env.shelf.acknowledged(&member.centre, ended.index.saturating_add(1))?;
            centres.push(Acknowledgement {
                centre: member.centre.clone(),
                name: member.name.clone(),
                since: first.map(|(_, at)| at),
                index: first.map(|(index, _)| index),
                applied: env.shelf.acknowledged_most(&member.centre)?,
                as_of: self.freshness(env, &member.centre)?.heartbeat,
            });
        }
        Ok(Event::Proof(Box::new(Proof {
            standing: standing(row.restriction_until, Day::of(env.now), Some(ended.change), 0, 0),
            listing: row.place,
            ended_index: ended.index,
            ended_at: ended.at,
            backing: Some(self.backing(env, &self.centre, ended.index)?),
            complete: centres.iter().all(|centre| centre.index.is_some()),
            centres,
        })))
    }

    /// The listing that a case of ours became.
    pub(in crate::node) fn listing_of_case(&self, env: &Env<'_>, number: &CaseNumber) -> Result<ListingRef, Stop> {
        self.must_be_ours(&number.centre)?;
        let case = env.shelf.case(number.serial)?.ok_or(RefusalCode::CaseUnknown)?;
        // Never published: there is nothing of it in any journal.
        let index = published_row(&case)?.ok_or_else(|| not_ended(Some(case.state.code())))?;
        Ok(ListingRef { centre: self.centre.clone(), index })
    }

    /// The listing that is asked about, and how it ended.
    fn ended_listing(&self, env: &Env<'_>, about: &CaseRef) -> Result<(ListingRow, ListingEnd), Stop> {
        let (case, place) = match about {
            CaseRef::Listing(place) => {
                self.must_be_ours(&place.centre)?;
                (None, Some(place.clone()))
            }
            CaseRef::Case(number) => {
                self.must_be_ours(&number.centre)?;
                let case = env.shelf.case(number.serial)?.ok_or(RefusalCode::CaseUnknown)?;
                let published = published_row(&case)?.map(|index| ListingRef { centre: self.centre.clone(), index });
                (Some(case), published)
            }
        };
        let Some(place) = place else {
            // Never published: there is nothing that others could have heard of.
            return Err(not_ended(case.map(|case| case.state.code())));
        };
        let row = env.shelf.listing(&place)?.ok_or(RefusalCode::CaseUnknown)?;
        if let Some(ended) = row.ended.clone() {
            return Ok((row, ended));
        }
        let case = match case {
            Some(case) => Some(case),
            None => env.shelf.case_of(&row.listing)?,
        };
        let by_clock = standing(row.restriction_until, Day::of(env.now), None, 0, 0);
        let open = case.filter(|_| by_clock.counts()).map(|case| case.state.code());
        Err(not_ended(open.or(Some(by_clock.code()))))
    }

    fn must_be_ours(&self, centre: &crate::names::CentreCode) -> Result<(), Refusal> {
        if *centre == self.centre { Ok(()) } else { Err(Refusal::about(RefusalCode::NotTheIssuer, centre.to_string())) }
    }
}

fn not_ended(state: Option<&'static str>) -> Stop {
    match state {
        Some(state) => Refusal::about(RefusalCode::StepNotAllowed, state).into(),
        None => RefusalCode::StepNotAllowed.into(),
    }
}

/// The row that publishes a case, or did so last.
fn published_row(record: &CaseRecord) -> Result<Option<u64>, ShelfError> {
    if record.index.is_some() {
        return Ok(record.index);
    }
    let case: Case = serde_json::from_slice(&record.case).map_err(|_| ShelfError::Damaged("case".to_owned()))?;
    let listed = case.steps.iter().rev().find_map(|step| if let Move::List { index } = step.what { Some(index) } else { None });
    Ok(listed)
}
