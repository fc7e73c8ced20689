//! What is shown of cases: the queue, one case, and of another centre's listing what a member may know without the subject's number.

use super::super::super::audit::Told;
use super::super::super::{Effect, Env, Node, Stop};
use super::super::lookup::MAX_OBJECTIONS;
use super::{Held, read, subject_of};
use crate::audit::AuditAction;
use crate::desk::{BeforeView, CaseLine, CaseRef, CaseView, Event, ExportRow, MAX_PAGE, StepView};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::facts::text::shown;
use crate::listing::case::MAX_REASON_CHARS;
use crate::listing::status::{Standing, standing};
use crate::listing::{Day, Document};
use crate::names::ListingRef;
use crate::operator::ProvenAct;
use crate::shelf::ListingRow;

impl Node {
    /// What waits for whom until when.
    pub(super) fn queue(&self, env: &Env<'_>, after: Option<u64>, limit: usize) -> Result<Event, Stop> {
        let limit = limit.clamp(1, MAX_PAGE);
        let mut records = env.shelf.cases_open(after, limit + 1)?;
        let more = records.len() > limit;
        records.truncate(limit);
        let mut cases = Vec::with_capacity(records.len());
        for record in records {
            let case = read(&record)?;
            cases.push(self.line(env, &Held { record, case }));
        }
        cases.sort_by_key(|line| (line.until.is_none(), line.until, line.case.serial));
        Ok(Event::Cases { cases, more })
    }

    /// One case of ours, or another centre's listing. With a reason the subject is shown in plain, and the reason recorded.
    pub(super) fn case_show(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        about: &CaseRef,
        unmask: Option<&str>,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        if let CaseRef::Listing(place) = about
            && place.centre != self.centre
        {
            let row = env.shelf.listing(place)?.ok_or_else(|| Refusal::about(RefusalCode::CaseUnknown, about.to_string()))?;
            return Ok(Event::Listing(Box::new(self.listing_view(env, &row, 0)?)));
        }
        let held = self.with_objections_seen(env, about)?;
        let number = self.case_number(held.record.serial);
        let told = unmask.map_or_else(|| format!("{number} masked"), |reason| format!("{number} {reason}"));
        let told = Told::new(AuditAction::Show, told, "").of(subject_of(env, &held.case)?);
        self.told(env, act, told, out, |node, env, _| {
            let reason = unmask.map(|reason| shown(reason, MAX_REASON_CHARS));
            if reason == Some(None) {
                return Err(Refusal::about(RefusalCode::FieldMissing, "unmask").into());
            }
            Ok(Event::Case(Box::new(node.view(env, act, &held, reason.is_some()))))
        })
    }

    fn with_objections_seen(&self, env: &Env<'_>, about: &CaseRef) -> Result<Held, Stop> {
        let held = self.held(env, about)?;
        Ok(self.with_objections(env, held)?)
    }

    /// A case as the answer to a step of it: masked.
    pub(super) fn case_event(&self, env: &Env<'_>, act: &ProvenAct, held: &Held) -> Result<Event, Stop> {
        Ok(Event::Case(Box::new(self.view(env, act, held, false))))
    }

    fn view(&self, env: &Env<'_>, act: &ProvenAct, held: &Held, plain: bool) -> CaseView {
        let (case, subject) = (&held.case, &held.case.subject);
        let document = Document::new(subject.document_type, &subject.document_no, Day::of(env.now).date());
        let masked = document.map_or_else(|_| "*".to_owned(), |document| document.masked());
        let (may, second) = case.may(act.operator(), Day::of(env.now));
        CaseView {
            line: self.line(env, held),
            subject_kind: case.finding.subject_kind,
            name: if plain { subject.name.clone() } else { masked_name(&subject.name) },
            document_type: subject.document_type.code().to_owned(),
            document_no: if plain { subject.document_no.clone() } else { masked },
            finding: case.finding.clone(),
            before: case.before(&self.settings.blacklist.catalogue).map(|before| BeforeView {
                name_differs: before.name.as_ref().is_some_and(|name| *name != subject.name),
                name: before.name.map(|name| if plain { name } else { masked_name(&name) }),
                finding: before.finding,
            }),
            steps: case.steps.iter().map(|step| StepView { at: step.at, by: step.by.clone(), what: step.what.clone() }).collect(),
            impersonated: case.impersonated(),
            may,
            second,
        }
    }

    fn line(&self, env: &Env<'_>, held: &Held) -> CaseLine {
        let today = Day::of(env.now);
        let (waits_for, until) = held.case.waits(today);
        let index = held.record.index.or_else(|| held.case.published());
        CaseLine {
            case: self.case_number(held.record.serial),
            listing: index.map(|index| ListingRef { centre: self.centre.clone(), index }),
            state: held.case.state(today),
            decision_no: held.case.finding.decision_no.clone(),
            conduct: held.case.finding.conduct.label.clone(),
            waits_for,
            until,
        }
    }

    /// A published listing as every member may see it, with so many more open objections than are stored.
    pub(super) fn listing_view(&self, env: &Env<'_>, row: &ListingRow, more: u64) -> Result<ExportRow, ShelfError> {
        let today = Day::of(env.now);
        let objections = env.shelf.objections(&row.place, &row.listing, MAX_OBJECTIONS)?;
        let (stands, open) = self.stands(env, row, &objections)?;
        let open = open.saturating_add(more);
        // One more objection makes of a listing that counts a disputed one, and of others nothing.
        let stands = if stands.counts() && open > 0 { Standing::Disputed } else { stands };
        let change = self.listing_ended(env, row)?;
        Ok(ExportRow {
            listing: row.place.clone(),
            id: row.listing,
            standing: stands,
            publishable: standing(row.publication_until, today, change, open, 0).counts(),
            token: row.token.to_string(),
            pepper: row.pepper,
            restriction_until: row.restriction_until.to_string(),
            publication_until: row.publication_until.to_string(),
            basis: row.basis.code().to_owned(),
            open_objections: open,
            own: None,
        })
    }
}

/// The first character of a name, and a mark for each of the others.
fn masked_name(name: &str) -> String {
    let mut chars = name.chars();
    let first: String = chars.next().into_iter().collect();
    format!("{first}{}", "*".repeat(chars.count()))
}
