//! What a row of a file comes to, by what this peer knows of its listing, its decision and its subject.
//!
//! A file is an export of some other system, and may be old: nothing that people ended, dispute or decide here is changed by it.

use std::collections::BTreeMap;

use super::super::super::{Env, Node};
use crate::error::ShelfError;
use crate::listing::Day;
use crate::listing::case::{Case, CaseState};
use crate::listing::import::{CheckedRow, RowReason, StagedAs, StagedRow, said};
use crate::listing::subject::{content_digest, decision_digest, listing_id};
use crate::names::{Digest, ListingId, ListingRef};
use crate::seal::Key;
use crate::shelf::CaseRecord;
use crate::time::Time;

/// What identifies a row here: digests under this centre's own secret.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    pub(super) listing: ListingId,
    pub(super) subject: ListingId,
    pub(super) decision: Digest,
    pub(super) said: Digest,
    pub(super) content: Digest,
}

impl Marks {
    fn of(own: &Key, row: &CheckedRow) -> Self {
        let decision = decision_digest(own, &row.finding.decision_no);
        Self {
            listing: listing_id(own, &row.finding.decision_no, &row.document),
            subject: listing_id(own, "", &row.document),
            decision,
            said: row.said(&decision),
            content: content_digest(own, &row.content()),
        }
    }
}

/// What a row comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// It is staged as this.
    Staged(StagedAs),
    /// Nothing: the same row stands in the file before.
    Twice,
    /// Nothing: past both clocks here, though a listing of ours with later clocks still counts. It is not staged, so that the listing
    /// is reported as gone from the file.
    OverButListed,
    /// Nothing, and people have to know why: the field and the reason.
    Held(&'static str, RowReason),
    /// The same; and there is a published case about it, which must not be reported as gone from the file.
    HeldWithCase(&'static str, RowReason),
}

/// Judges the rows of one page, in order. Holds what the page has said so far, and no more than the page.
pub(super) struct Judge<'a, 'e> {
    node: &'a Node,
    env: &'a Env<'e>,
    own: Key,
    today: Day,
    /// Serial of the import; none for a dry run, which knows only its own page.
    import: Option<u64>,
    listings: BTreeMap<ListingId, Digest>,
    decisions: BTreeMap<[u8; 32], Digest>,
}

impl<'a, 'e> Judge<'a, 'e> {
    pub(super) fn new(node: &'a Node, env: &'a Env<'e>, import: Option<u64>) -> Result<Self, ShelfError> {
        let (own, today) = (env.shelf.local_secret()?, Day::of(env.now));
        Ok(Self { node, env, own, today, import, listings: BTreeMap::new(), decisions: BTreeMap::new() })
    }

    pub(super) fn judge(&mut self, row: &CheckedRow) -> Result<(Marks, Judged), ShelfError> {
        let marks = Marks::of(&self.own, row);
        let mut judged = self.come_to(row, &marks)?;
        if let Judged::Held(field, reason) = judged
            && self.before(&marks)?.is_none()
            && self.env.shelf.case_of(&marks.listing)?.is_some_and(|case| case.index.is_some())
        {
            judged = Judged::HeldWithCase(field, reason);
        }
        match judged {
            Judged::Staged(_) | Judged::OverButListed => {
                self.listings.insert(marks.listing, marks.content);
                self.decisions.insert(marks.decision.0, marks.said);
            }
            Judged::HeldWithCase(..) => {
                self.listings.insert(marks.listing, marks.content);
            }
            Judged::Twice | Judged::Held(..) => {}
        }
        Ok((marks, judged))
    }

    fn come_to(&self, row: &CheckedRow, marks: &Marks) -> Result<Judged, ShelfError> {
        let on_page = self.listings.contains_key(&marks.listing) || self.decisions.contains_key(&marks.decision.0);
        if !on_page && !self.env.shelf.is_known(self.import, &marks.listing, &marks.decision, &marks.subject)? {
            return Ok(Judged::Staged(if row.is_over(self.today) { StagedAs::Over } else { StagedAs::New }));
        }
        if let Some(content) = self.before(marks)? {
            let same = content == marks.content;
            return Ok(if same { Judged::Twice } else { Judged::Held("decision_no", RowReason::Contradiction) });
        }
        if self.decision_says_otherwise(marks)? {
            return Ok(Judged::Held("decision_no", RowReason::DecisionReused));
        }
        let over = row.is_over(self.today);
        let Some(case) = self.env.shelf.case_of(&marks.listing)? else {
            return Ok(if over {
                Judged::Staged(StagedAs::Over)
            } else if self.env.shelf.impersonated(&marks.subject)? {
                Judged::Held("document_no", RowReason::Impersonation)
            } else {
                Judged::Staged(StagedAs::New)
            });
        };
        self.known(&case, marks, over)
    }

    /// There is a case of ours about this listing.
    fn known(&self, case: &CaseRecord, marks: &Marks, over: bool) -> Result<Judged, ShelfError> {
        let in_process = Judged::Held("decision_no", RowReason::InProcess);
        Ok(match case.state {
            CaseState::Drafted | CaseState::Returned | CaseState::Reviewed | CaseState::Notified | CaseState::Objected => in_process,
            CaseState::Withdrawn | CaseState::Repaired | CaseState::Expired if over => Judged::Staged(StagedAs::Over),
            CaseState::Withdrawn | CaseState::Repaired | CaseState::Expired => Judged::Held("decision_no", RowReason::EndedBefore),
            CaseState::Listed | CaseState::Disputed | CaseState::Upheld if case.content == marks.content => {
                Judged::Staged(if over { StagedAs::Over } else { StagedAs::Same })
            }
            CaseState::Listed | CaseState::Disputed | CaseState::Upheld if over => Judged::OverButListed,
            // An objection that is not answered must not be brushed away by another statement of the same listing.
            CaseState::Disputed => in_process,
            CaseState::Listed | CaseState::Upheld => match (case.import, case.index) {
                (Some(_), Some(index)) if !self.node.still_counts(self.env, index)? => Judged::Held("decision_no", RowReason::EndedBefore),
                (Some(_), Some(_)) if self.env.shelf.impersonated(&marks.subject)? => Judged::Held("document_no", RowReason::Impersonation),
                (Some(_), Some(index)) => Judged::Staged(StagedAs::Changed(index)),
                (None, _) | (_, None) => in_process,
            },
        })
    }

    /// The content of a row about the same listing that stands in the file before.
    fn before(&self, marks: &Marks) -> Result<Option<Digest>, ShelfError> {
        if let Some(content) = self.listings.get(&marks.listing) {
            return Ok(Some(*content));
        }
        let Some(import) = self.import else { return Ok(None) };
        Ok(self.env.shelf.staged_listing(import, &marks.listing)?.map(|row| row.content))
    }

    /// Whether the same decision number stands before, in the file or in a case, with another conduct or day.
    fn decision_says_otherwise(&self, marks: &Marks) -> Result<bool, ShelfError> {
        if let Some(said) = self.decisions.get(&marks.decision.0) {
            return Ok(*said != marks.said);
        }
        let staged = match self.import {
            Some(import) => self.env.shelf.staged_decision(import, &marks.decision)?,
            None => None,
        };
        if let Some(row) = staged {
            return Ok(row.said != marks.said);
        }
        let Some(case) = self.env.shelf.case_of_decision(&marks.decision)? else { return Ok(false) };
        let case = read_case(&case)?;
        Ok(said(&marks.decision, &case.finding) != marks.said)
    }
}

/// What a staged row comes to when its turn has come: the world may have changed since it was staged.
#[derive(Debug)]
pub(super) enum Fate {
    /// It is listed; the case it changes, if it changes one.
    List(Option<Box<CaseRecord>>),
    /// It has come to be listed just so.
    Same,
    /// Past both clocks by now.
    Over,
    /// Not listed: its case ended or is disputed, or its subject's name was misused.
    Held,
}

impl Node {
    /// Judges a staged row once more, without reading what it says. `known` is what the shelf says of it: see
    /// [`Lists::staged`](crate::shelf::Lists::staged).
    pub(super) fn fate(&self, env: &Env<'_>, row: &StagedRow, known: bool) -> Result<Fate, ShelfError> {
        let replaced = match row.becomes {
            StagedAs::New => None,
            StagedAs::Changed(index) => Some(index),
            StagedAs::Same => return Ok(Fate::Same),
            StagedAs::Over => return Ok(Fate::Over),
        };
        if row.drop_after < env.now {
            return Ok(Fate::Over);
        }
        if !known {
            return Ok(if replaced.is_none() { Fate::List(None) } else { Fate::Held });
        }
        if env.shelf.impersonated(&row.subject)? {
            return Ok(Fate::Held);
        }
        let Some(case) = env.shelf.case_of(&row.listing)? else {
            return Ok(if replaced.is_none() { Fate::List(None) } else { Fate::Held });
        };
        let published = matches!(case.state, CaseState::Listed | CaseState::Disputed | CaseState::Upheld);
        if published && case.content == row.content {
            return Ok(Fate::Same);
        }
        let (Some(index), CaseState::Listed | CaseState::Upheld, Some(_)) = (replaced, case.state, case.import) else {
            return Ok(Fate::Held);
        };
        let stands = case.index == Some(index) && self.still_counts(env, index)?;
        Ok(if stands { Fate::List(Some(Box::new(case))) } else { Fate::Held })
    }

    /// Whether our own statement has not ended and at least one of its clocks still runs.
    pub(super) fn still_counts(&self, env: &Env<'_>, index: u64) -> Result<bool, ShelfError> {
        let row = env.shelf.listing(&ListingRef { centre: self.centre.clone(), index })?;
        let runs = |until: Time| until >= env.now;
        Ok(row.is_some_and(|row| row.ended.is_none() && runs(row.restriction_until.max(row.publication_until).end())))
    }
}

/// What stays at home of a case.
pub(super) fn read_case(record: &CaseRecord) -> Result<Case, ShelfError> {
    serde_json::from_slice(&record.case).map_err(|_| ShelfError::Damaged(format!("case {}", record.serial)))
}
