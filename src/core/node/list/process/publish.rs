//! A case whose period has ended is published: its subject's secret is derived aside, then the statement is appended.
//!
//! Nothing of this is kept but in memory: a peer that stops in between finds the case due again. Before a statement is made, our own
//! journal is asked whether it has one already: a store from a backup may have forgotten that, and the journal has not.

use super::super::super::audit::Told;
use super::super::super::{Effect, Env, Node, Stop};
use super::super::{Job, MAX_DERIVING};
use super::{Held, document_of, read, subject_of, updated};
use crate::audit::AuditAction;
use crate::error::{RefusalCode, ShelfError};
use crate::journal::{Kind, Statement};
use crate::listing::case::Listable;
use crate::listing::finding::Place;
use crate::listing::{DecidedBody, SubjectSecret};
use crate::seal::SUITE;
use crate::shelf::{CaseRecord, ListWrite, ListingRow, Write};

/// Most cases that are under derivation at once.
pub const MAX_PUBLISHING: usize = 16;
/// Most statements of one subject among which one of the same listing is looked for.
const MAX_STATEMENTS_READ: usize = 256;

/// What waits for its derivation.
#[derive(Debug)]
pub(in crate::node::list) struct Waiting {
    serial: u64,
    pepper: u64,
}

impl Node {
    /// Cases whose period has ended: their subjects' secrets are asked for, each once.
    pub(in crate::node) fn cases_due(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let (Ok(pepper), Ok(())) = (self.pepper(), self.may_widen()) else { return Ok(()) };
        for record in env.shelf.cases_due(env.now, MAX_PUBLISHING)? {
            let publishing = |job: &&Job| matches!(job, Job::Publish(_));
            let under_way = |job: &Job| matches!(job, Job::Publish(waiting) if waiting.serial == record.serial);
            let busy = self.list.jobs.len() >= MAX_DERIVING || self.list.jobs.values().filter(publishing).count() >= MAX_PUBLISHING;
            if busy || self.list.jobs.values().any(under_way) {
                continue;
            }
            let document = match read(&record).and_then(|case| Ok((document_of(&case, env.now)?, case.listable(env.now).is_ok()))) {
                Ok((document, true)) => document,
                Ok((_, false)) | Err(ShelfError::Damaged(_)) => {
                    not_due(env, record, out);
                    continue;
                }
                Err(error) => return Err(error),
            };
            self.list.next_job += 1;
            let (job, pepper) = (self.list.next_job, pepper.clone());
            self.list.jobs.insert(job, Job::Publish(Waiting { serial: record.serial, pepper: pepper.version }));
            out.push(Effect::Derive { job, work: vec![(pepper, document)] });
        }
        Ok(())
    }

    pub(in crate::node::list) fn publish_derived(
        &mut self,
        env: &mut Env<'_>,
        waiting: Waiting,
        secrets: &[Option<SubjectSecret>],
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        // Without a secret, or while nothing may be written, the case stays due.
        let (Some(Some(secret)), Ok(())) = (secrets.first(), self.may_widen()) else { return Ok(()) };
        let Some(record) = env.shelf.case(waiting.serial)? else { return Ok(()) };
        let held = Held { case: read(&record)?, record };
        let mut effects = Vec::new();
        match self.publish_now(env, &held, waiting.pepper, secret, &mut effects) {
            Ok(()) => {
                out.append(&mut effects);
                Ok(())
            }
            // Somebody has taken a step since.
            Err(Stop::Refused(_)) => Ok(()),
            Err(Stop::Shelf(error)) => Err(error),
        }
    }

    fn publish_now(
        &mut self,
        env: &mut Env<'_>,
        held: &Held,
        pepper: u64,
        secret: &SubjectSecret,
        out: &mut Vec<Effect>,
    ) -> Result<(), Stop> {
        let listable = held.case.listable(env.now)?;
        let index = match self.statement_of(env, held, secret)? {
            Some(row) if row.ended.is_some() => {
                not_due(env, held.record.clone(), out);
                return Ok(());
            }
            Some(row) => row.place.index,
            None => self.append_decided(env, held, &listable, (pepper, secret), out)?,
        };
        let case = listable.listed(index, env.now)?;
        let record = updated(&held.record, &case, Some(index), env.now)?;
        let number = self.case_number(record.serial).to_string();
        out.push(Effect::Write(Write::List(ListWrite::Case(record))));
        let told = Told::new(AuditAction::List, number, "done").of(subject_of(env, &case)?);
        self.tell(env, None, vec![told], out)?;
        Ok(())
    }

    fn append_decided(
        &mut self,
        env: &mut Env<'_>,
        held: &Held,
        listable: &Listable<'_>,
        (pepper, secret): (u64, &SubjectSecret),
        out: &mut Vec<Effect>,
    ) -> Result<u64, Stop> {
        let (finding, listing) = (listable.finding(), held.case.listing);
        let place = Place { federation: self.charter.federation(), centre: &self.centre, listing: &listing, pepper };
        let sealed = finding.seal(env.rng, secret, &place).map_err(|_| RefusalCode::FieldMissing)?;
        let body = DecidedBody {
            suite: SUITE.to_owned(),
            listing,
            pepper,
            token: secret.token(),
            restriction_until: finding.restriction_until,
            publication_until: finding.publication_until,
            basis: listable.basis(),
            authority: listable.authority(),
            sealed,
        };
        let entry = Statement::build(env.rng, Kind::ListingDecided, env.now, Some(body.drop_after()), &body.to_bytes())
            .map_err(|e| ShelfError::Failed(e.to_string()))?;
        self.append(env, vec![entry], out)
    }

    /// The newest statement of our own journal that publishes this listing already.
    fn statement_of(&self, env: &Env<'_>, held: &Held, secret: &SubjectSecret) -> Result<Option<ListingRow>, ShelfError> {
        let rows = env.shelf.listings_of(&secret.token(), MAX_STATEMENTS_READ)?;
        let own = rows.into_iter().filter(|row| row.place.centre == self.centre && row.listing == held.case.listing);
        Ok(own.max_by_key(|row| row.place.index))
    }
}

/// A case that time alone does not bring further: its clocks have run out, its record is damaged, or it was published and ended before.
fn not_due(env: &Env<'_>, record: CaseRecord, out: &mut Vec<Effect>) {
    let state = read(&record).map_or(record.state, |case| case.state(crate::listing::Day::of(env.now)));
    out.push(Effect::Write(Write::List(ListWrite::Case(CaseRecord { state, waits_until: None, ..record }))));
}
