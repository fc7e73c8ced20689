//! Matters and catalogues: ours are published, everybody's are shown, and ours bind what we ask.

use super::audit::{AGAIN, DONE, Told};
use super::{Effect, Env, Node, Stop};
use crate::audit::AuditAction;
use crate::certificate::{CertificateKind, FieldValues};
use crate::desk::{CatalogueLine, CatalogueView, Event, MAX_MATTER_PAGE, MatterKey, MatterLine, MatterView, RuleVerdict};
use crate::error::{FaultCode, Refusal, RefusalCode, ShelfError};
use crate::journal::{Kind, SoundRow, Statement};
use crate::listing::Day;
use crate::matter::{CatalogueBody, DataCatalogue, FileError, Matter, MatterBody};
use crate::names::CentreCode;
use crate::operator::ProvenAct;
use crate::shelf::MatterRow;

impl Node {
    /// [`crate::desk::Act::MatterPublish`]. The same file again is answered again.
    pub(super) fn matter_publish(&mut self, env: &mut Env<'_>, act: &ProvenAct, file: &str, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        self.may_write()?;
        let matter = Matter::from_toml(file).map_err(|e| wrong(RefusalCode::MatterInvalid, &e))?;
        let body = MatterBody::to_bytes(&matter);
        let event = |index| Event::Published { code: Some(matter.code.clone()), version: matter.version, from: Some(matter.from), index };
        let told = |outcome| vec![Told::new(AuditAction::MatterPublish, format!("{} {}", matter.code, matter.version), outcome)];
        let held = env.shelf.matter(&self.centre, &matter.code, matter.from)?.filter(|row| row.from == matter.from && row.body == body);
        if let Some(row) = held {
            self.tell(env, Some(act), told(AGAIN), out)?;
            return Ok(event(row.index));
        }
        newer(env.shelf.matter_version(&self.centre, &matter.code)?, matter.version)?;
        let index = self.publish_body(env, Kind::MatterPublished, &body, out)?;
        self.tell(env, Some(act), told(DONE), out)?;
        Ok(event(index))
    }

    /// [`crate::desk::Act::CataloguePublish`]. The same file again is answered again.
    pub(super) fn catalogue_publish(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        file: &str,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        self.may_write()?;
        let catalogue = DataCatalogue::from_toml(file).map_err(|e| wrong(RefusalCode::CatalogueInvalid, &e))?;
        let body = CatalogueBody::to_bytes(&catalogue);
        let event = |index| Event::Published { code: None, version: catalogue.version, from: None, index };
        let told = |outcome| vec![Told::new(AuditAction::CataloguePublish, catalogue.version.to_string(), outcome)];
        let held = env.shelf.catalogue(&self.centre)?;
        if let Some(row) = held.as_ref().filter(|row| row.body == body) {
            self.tell(env, Some(act), told(AGAIN), out)?;
            return Ok(event(row.index));
        }
        newer(held.map(|row| row.version), catalogue.version)?;
        let index = self.publish_body(env, Kind::CataloguePublished, &body, out)?;
        self.tell(env, Some(act), told(DONE), out)?;
        Ok(event(index))
    }

    fn publish_body(&mut self, env: &mut Env<'_>, kind: Kind, body: &[u8], out: &mut Vec<Effect>) -> Result<u64, Stop> {
        let entry = Statement::build(env.rng, kind, env.now, None, body).map_err(|e| ShelfError::Failed(e.to_string()))?;
        self.append(env, vec![entry], out)
    }

    /// [`crate::desk::Request::Matters`].
    pub(super) fn matters(
        &self,
        env: &Env<'_>,
        centre: Option<CentreCode>,
        after: Option<&MatterKey>,
        limit: usize,
    ) -> Result<Event, Stop> {
        let (centre, today) = (self.member_or_own(centre)?, Day::of(env.now));
        let limit = limit.min(MAX_MATTER_PAGE);
        let mut rows = env.shelf.matters(&centre, after.map(|key| (key.code.as_str(), key.from)), limit.saturating_add(1))?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let mut matters = Vec::new();
        for row in rows {
            let in_force = is_in_force(env, &row, today)?;
            let Matter { code, version, from, title, certificate, .. } = read(&row)?;
            let certificate = certificate.code().to_owned();
            matters.push(MatterLine { centre: centre.clone(), code, version, from, title, certificate, in_force });
        }
        Ok(Event::Matters { matters, more })
    }

    /// [`crate::desk::Request::Matter`].
    pub(super) fn matter(&self, env: &Env<'_>, centre: Option<CentreCode>, code: &str, day: Option<Day>) -> Result<Event, Stop> {
        let (centre, today) = (self.member_or_own(centre)?, Day::of(env.now));
        // Without a day: what is in force, or else what will be.
        let row = match (env.shelf.matter(&centre, code, day.unwrap_or(today))?, day) {
            (None, None) => env.shelf.matters(&centre, Some((code, today)), 1)?.into_iter().find(|row| row.code == code),
            (row, _) => row,
        };
        let row = row.ok_or_else(|| unknown(code))?;
        let (in_force, matter) = (is_in_force(env, &row, today)?, read(&row)?);
        Ok(Event::Matter(Box::new(MatterView { centre, matter, index: row.index, at: row.at, in_force })))
    }

    /// [`crate::desk::Request::Catalogues`].
    pub(super) fn catalogues(&self, env: &Env<'_>) -> Result<Event, Stop> {
        let mut catalogues = Vec::new();
        for member in self.charter.members() {
            let Some(row) = env.shelf.catalogue(&member.centre)? else { continue };
            let items = CatalogueBody::parse(&row.body).map_err(|_| damaged("catalogue"))?.items.len();
            catalogues.push(CatalogueLine { centre: row.centre, version: row.version, items, at: row.at });
        }
        Ok(Event::Catalogues { catalogues })
    }

    /// [`crate::desk::Request::Catalogue`].
    pub(super) fn catalogue(&self, env: &Env<'_>, centre: Option<CentreCode>) -> Result<Event, Stop> {
        let centre = self.member_or_own(centre)?;
        let none = || Refusal::about(RefusalCode::CatalogueUnknown, centre.as_str());
        let row = env.shelf.catalogue(&centre)?.ok_or_else(none)?;
        let catalogue = CatalogueBody::parse(&row.body).map_err(|_| damaged("catalogue"))?;
        Ok(Event::Catalogue(Box::new(CatalogueView { centre, catalogue, index: row.index, at: row.at })))
    }

    /// What binds a grant for `code` that this centre uses. `None` as long as no matter of ours is in force: then only the grant's own
    /// limits do.
    pub(super) fn binding_matter(&self, env: &Env<'_>, code: &str) -> Result<Option<Matter>, Stop> {
        self.matter_binding(env, &self.centre, code)
    }

    /// The same of a grant that another centre uses.
    pub(super) fn matter_binding(&self, env: &Env<'_>, asker: &CentreCode, code: &str) -> Result<Option<Matter>, Stop> {
        let today = Day::of(env.now);
        match env.shelf.matter(asker, code, today)? {
            Some(row) => Ok(Some(read(&row)?)),
            None if env.shelf.matter_in_force(asker, today)? => Err(unknown(code).into()),
            None => Ok(None),
        }
    }

    /// What the rules of our matter say of fields that were opened.
    pub(super) fn verdicts(&self, env: &Env<'_>, code: &str, kind: &str, values: &FieldValues) -> Result<Vec<RuleVerdict>, Stop> {
        let (Some(matter), Ok(kind)) = (self.binding_matter(env, code)?, kind.parse::<CertificateKind>()) else { return Ok(Vec::new()) };
        let today = Day::of(env.now);
        let judged = matter.rules.iter().map(|rule| {
            let verdict = rule.evaluate(kind, values, today);
            let (rule, title, version) = (rule.name.clone(), rule.title.clone(), matter.version);
            RuleVerdict { rule, title, version, outcome: verdict.outcome, conditions: verdict.conditions }
        });
        Ok(judged.collect())
    }

    /// A member said something that is no matter or catalogue: it means nothing, and is counted against the station that wrote it.
    pub(super) fn notice_nonsense(&self, author: &CentreCode, row: &SoundRow, out: &mut Vec<Effect>) {
        let Some(body) = row.entry().body() else { return };
        let nonsense = match row.header().kind() {
            Some(Kind::MatterPublished) => MatterBody::parse(body).is_err(),
            Some(Kind::CataloguePublished) => CatalogueBody::parse(body).is_err(),
            Some(_) | None => false,
        };
        let writer = self.charter.member(author).and_then(|member| member.stations.iter().find(|station| station.writer));
        if let Some(writer) = writer.filter(|_| nonsense && *author != self.centre) {
            super::fault(out, writer.key, FaultCode::BadStatement);
        }
    }

    fn member_or_own(&self, centre: Option<CentreCode>) -> Result<CentreCode, Refusal> {
        let Some(centre) = centre else { return Ok(self.centre.clone()) };
        if self.charter.member(&centre).is_some() { Ok(centre) } else { Err(Refusal::about(RefusalCode::RequestInvalid, "centre")) }
    }
}

/// Rows are judged before they are projected: one that cannot be read was damaged here.
fn read(row: &MatterRow) -> Result<Matter, ShelfError> {
    MatterBody::parse(&row.body).map_err(|_| damaged("matter"))
}

fn damaged(what: &str) -> ShelfError {
    ShelfError::Damaged(format!("{what}.body"))
}

fn unknown(code: &str) -> Refusal {
    let shown = crate::grant::claims::is_code(code, crate::grant::claims::MAX_MATTER_BYTES);
    Refusal::about(RefusalCode::MatterUnknown, if shown { code } else { "" })
}

fn is_in_force(env: &Env<'_>, row: &MatterRow, today: Day) -> Result<bool, ShelfError> {
    Ok(env.shelf.matter(&row.centre, &row.code, today)?.is_some_and(|current| current.from == row.from))
}

fn newer(held: Option<u32>, version: u32) -> Result<(), Refusal> {
    match held.filter(|held| *held >= version) {
        Some(held) => Err(Refusal::about(RefusalCode::VersionNotNewer, held.to_string())),
        None => Ok(()),
    }
}

fn wrong(code: RefusalCode, error: &FileError) -> Refusal {
    Refusal::about(code, error.to_string())
}
