//! Auditors look into journals, have parts of them proven, and take evidence with them.
//!
//! What leaves here is signed by whoever wrote the journals; this peer's word counts for nothing in it. Contents leave only of kinds that
//! speak of nobody ([`shows_payload`]), unless an operator asks for more by name, and that is written down.

mod scrub;

pub(super) use scrub::State;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::audit::{DONE, Told};
use super::{Effect, Env, Node, Stop};
use crate::audit::AuditAction;
use crate::desk::{
    CaseRef, ContentState, Event, EvidenceAbout, EvidenceParts, JournalAct, JournalLine, JournalPage, JournalProof, MAX_JOURNAL_PAGE,
    Provable,
};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::exhibit::{Held, MAX_PART_ROWS, MakeError, Part, shows_payload};
use crate::journal::frame::FRAME_BUDGET_BYTES;
use crate::journal::proof::{OnShelf, ProofError, consistency, inclusion, root_at};
use crate::journal::{Author, Entry, Header};
use crate::names::{CentreCode, ListingRef, StatementRef};
use crate::operator::{ProvenAct, Role};
use crate::shelf::JournalState;
use crate::wire;

/// Bytes of rows of one answer, beside the first: in base64 they fit an event.
const PARTS_BYTES: usize = 384 * 1024;
/// Bytes of headers that are read at once.
const PAGE_BYTES: usize = 256 * 1024;
/// Most objections to one listing that are evidence of it.
const MAX_OBJECTIONS: usize = 512;

/// Who may ask.
pub(super) const fn roles(asked: &JournalAct) -> &'static [Role] {
    match asked {
        JournalAct::Evidence { contents: true, .. } => &[Role::Reviewer, Role::Auditor],
        JournalAct::Evidence { about: EvidenceAbout::Statement(_), .. }
        | JournalAct::Show { .. }
        | JournalAct::Prove { .. }
        | JournalAct::Scrub { .. } => &[Role::Auditor],
        JournalAct::Evidence { about: EvidenceAbout::Certificate(_) | EvidenceAbout::Case(_) | EvidenceAbout::Dossier(_), .. } => {
            &[Role::Teller, Role::Reviewer, Role::Auditor]
        }
    }
}

/// What a row of the audit log says of it.
pub(super) fn about(asked: &JournalAct) -> (AuditAction, String) {
    match asked {
        JournalAct::Evidence { about, contents: false, .. } => (AuditAction::Evidence, about.to_string()),
        JournalAct::Evidence { about, contents: true, .. } => (AuditAction::Evidence, format!("{about} contents")),
        JournalAct::Scrub { centre } => (AuditAction::JournalRead, format!("{} scrub", centre.as_ref().map_or("all", CentreCode::as_str))),
        JournalAct::Show { centre, from, .. } => (AuditAction::JournalRead, format!("{} {from}", named(centre.as_ref()))),
        JournalAct::Prove { centre, wanted: Provable::Row(row) } => (AuditAction::JournalRead, format!("{} {row}", named(centre.as_ref()))),
        JournalAct::Prove { centre, wanted: Provable::Growth(from, to) } => {
            (AuditAction::JournalRead, format!("{} {from}..{to}", named(centre.as_ref())))
        }
    }
}

fn named(centre: Option<&CentreCode>) -> &str {
    centre.map_or("own", CentreCode::as_str)
}

impl Node {
    /// [`crate::desk::Act::Journal`]. `None` when the answer comes later.
    pub(super) fn journal_act(
        &mut self,
        env: &mut Env<'_>,
        (token, act): (u64, &ProvenAct),
        asked: &JournalAct,
        out: &mut Vec<Effect>,
    ) -> Result<Option<Event>, Stop> {
        let (event, first) = match asked {
            JournalAct::Evidence { about, contents, skip } => (Some(self.evidence_parts(env, about, (*contents, *skip), out)?), *skip == 0),
            JournalAct::Show { centre, from, limit } => (Some(self.journal_page(env, self.or_ours(centre.as_ref()), *from, *limit)?), true),
            JournalAct::Prove { centre, wanted } => (Some(self.journal_proof(env, self.or_ours(centre.as_ref()), *wanted)?), true),
            JournalAct::Scrub { centre } => {
                self.scrub(env, token, centre.as_ref(), out)?;
                (None, true)
            }
        };
        // The pages of one answer are one deed.
        if first {
            let (action, about) = about(asked);
            self.tell(env, Some(act), vec![Told::new(action, about, DONE)], out)?;
        }
        Ok(event)
    }

    fn or_ours<'a>(&'a self, centre: Option<&'a CentreCode>) -> &'a CentreCode {
        centre.unwrap_or(&self.centre)
    }

    fn evidence_parts(
        &self,
        env: &Env<'_>,
        about: &EvidenceAbout,
        (contents, skip): (bool, u64),
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        let mut statements = self.statements_about(env, about, out)?;
        statements.sort();
        statements.dedup();
        let of = statements.len() as u64;
        let (mut parts, mut bytes, mut done) = (Vec::new(), 0, skip);
        let rest = statements.get(usize::try_from(skip).unwrap_or(usize::MAX)..).unwrap_or_default();
        'parts: for group in rest.chunk_by(|one, other| one.centre == other.centre) {
            for chunk in group.chunks(MAX_PART_ROWS) {
                let mut rows = Vec::new();
                for place in chunk {
                    let entry = self.evident(env, place, contents)?;
                    bytes += entry.header.len() + entry.payload.as_ref().map_or(0, Vec::len);
                    if bytes > PARTS_BYTES && !(parts.is_empty() && rows.is_empty()) {
                        parts.extend(self.part_of(env, rows)?);
                        break 'parts;
                    }
                    rows.push((place.clone(), entry));
                    done += 1;
                }
                parts.extend(self.part_of(env, rows)?);
            }
        }
        let next = (done < of).then_some(done);
        Ok(Event::Evidence(Box::new(EvidenceParts { parts, version: self.charter.version(), of, next })))
    }

    /// Which rows are about it.
    fn statements_about(&self, env: &Env<'_>, about: &EvidenceAbout, out: &mut Vec<Effect>) -> Result<Vec<StatementRef>, Stop> {
        match about {
            EvidenceAbout::Statement(place) => Ok(vec![place.clone()]),
            EvidenceAbout::Certificate(number) => {
                let row = env.shelf.certificate(number)?.ok_or(RefusalCode::CertificateUnknown)?;
                Ok(vec![StatementRef { centre: row.issuer, index: row.index }])
            }
            EvidenceAbout::Case(CaseRef::Listing(place)) => listing_statements(env, place),
            EvidenceAbout::Case(CaseRef::Case(number)) => listing_statements(env, &self.listing_of_case(env, number)?),
            EvidenceAbout::Dossier(place) => self.dossier_statements(env, place, out),
        }
    }

    /// The row, with its content if that may be shown.
    fn evident(&self, env: &Env<'_>, place: &StatementRef, contents: bool) -> Result<Entry, Stop> {
        let entry = env.shelf.entries(&place.centre, place.index, 1, FRAME_BUDGET_BYTES)?.into_iter().next();
        let Some(mut entry) = entry else {
            // Rows that do not count were let go: whoever asks for one learns that, and does not wait for it.
            let ends = self.charter.author(&place.centre).and_then(|author| author.limit).is_some_and(|limit| place.index >= limit.size);
            return Err(if ends { not_provable("void") } else { RefusalCode::StatementUnknown.into() });
        };
        let kind = Header::parse(&entry.header).ok().and_then(|header| header.kind());
        if !contents && !shows_payload(kind) {
            entry.payload = None;
        }
        Ok(entry)
    }

    /// Rows of one journal as a part.
    fn part_of(&self, env: &Env<'_>, rows: Vec<(StatementRef, Entry)>) -> Result<Option<String>, Stop> {
        let Some(centre) = rows.first().map(|(place, _)| place.centre.clone()) else { return Ok(None) };
        let state = env.shelf.journal(&centre)?;
        let author = self.charter.author(&centre).ok_or_else(|| not_provable("no-author"))?;
        let cosigned = env.shelf.cosignatures(&centre)?;
        let mut notes: Vec<(u64, &[u8])> = cosigned.iter().map(|row| (row.size, &row.note[..])).collect();
        notes.extend(state.head.as_ref().map(|head| (head.size, &head.note[..])));
        let note = newest_that_counts(&author, &state, notes);
        let subtrees = OnShelf { shelf: env.shelf, centre: &centre };
        let cosigned: Vec<_> = cosigned.iter().map(|row| (row.witness.clone(), row.note.clone())).collect();
        let held = Held { centre: &centre, size: state.size, subtrees: &subtrees, note: note.as_deref(), cosigned: &cosigned };
        let rows = rows.into_iter().map(|(place, entry)| (place.index, entry)).collect();
        match Part::make(&self.charter, &held, rows) {
            Ok(part) => Ok(Some(STANDARD.encode(wire::encode(&part)))),
            Err(MakeError::NoAuthor) => Err(not_provable("no-author")),
            Err(MakeError::NoHead) => Err(not_provable("no-head")),
            Err(MakeError::Beyond(_)) => Err(not_provable("void")),
            Err(MakeError::Behind { .. }) => Err(not_provable("behind")),
            Err(MakeError::OtherHistory(_)) => Err(not_provable("other-history")),
            Err(MakeError::Proof(error)) => Err(of_proof(error)),
        }
    }

    fn journal_page(&self, env: &Env<'_>, centre: &CentreCode, from: u64, limit: usize) -> Result<Event, Stop> {
        if limit == 0 || limit > MAX_JOURNAL_PAGE {
            return Err(RefusalCode::RequestInvalid.into());
        }
        let state = env.shelf.journal(centre)?;
        let mut rows = Vec::new();
        'rows: while rows.len() < limit {
            let at = from.saturating_add(rows.len() as u64);
            let entries = env.shelf.entries(centre, at, (limit - rows.len()) as u64, PAGE_BYTES)?;
            if entries.is_empty() {
                break 'rows;
            }
            for (index, entry) in (at..).zip(entries) {
                rows.push(self.journal_line(env, centre, index, &entry)?);
            }
        }
        let more = from.saturating_add(rows.len() as u64) < state.size && !rows.is_empty();
        let (head_size, heartbeat) = (state.head.as_ref().map(|head| head.size), state.head.as_ref().map(|head| head.heartbeat));
        let (centre, size, applied) = (centre.clone(), state.size, state.applied);
        Ok(Event::Journal(Box::new(JournalPage { centre, size, applied, head_size, heartbeat, rows, more })))
    }

    fn journal_line(&self, env: &Env<'_>, centre: &CentreCode, index: u64, entry: &Entry) -> Result<JournalLine, Stop> {
        let header = Header::parse(&entry.header).map_err(|_| ShelfError::Damaged(format!("row {index} of {centre}")))?;
        let content = match entry.payload {
            Some(_) => ContentState::Present,
            None if env.shelf.erased(centre, index)? => ContentState::Erased,
            None => ContentState::Missing,
        };
        Ok(JournalLine {
            index,
            kind: header.kind_text().to_owned(),
            id: header.id(),
            at: header.at(),
            drop_after: header.drop_after(),
            leaf: entry.leaf(),
            content,
            backing: self.backing(env, centre, index)?,
        })
    }

    fn journal_proof(&self, env: &Env<'_>, centre: &CentreCode, wanted: Provable) -> Result<Event, Stop> {
        let state = env.shelf.journal(centre)?;
        let head = state.head.as_ref().ok_or_else(|| not_provable("no-head"))?;
        let subtrees = OnShelf { shelf: env.shelf, centre };
        let text = |note: &[u8]| String::from_utf8(note.to_vec()).ok();
        let proof = match wanted {
            Provable::Row(index) => {
                if index >= head.size {
                    return Err(RefusalCode::StatementUnknown.into());
                }
                let entry = env.shelf.entries(centre, index, 1, FRAME_BUDGET_BYTES)?.into_iter().next();
                JournalProof {
                    centre: centre.clone(),
                    proven: wanted,
                    size: head.size,
                    root: head.root,
                    old_root: None,
                    proof: inclusion(&subtrees, index, head.size).map_err(of_proof)?,
                    note: text(&head.note),
                    header: entry.map(|entry| STANDARD.encode(entry.header)),
                }
            }
            Provable::Growth(from, to) => {
                if from > to || to > head.size {
                    return Err(RefusalCode::StatementUnknown.into());
                }
                JournalProof {
                    centre: centre.clone(),
                    proven: wanted,
                    size: to,
                    root: root_at(&subtrees, to).map_err(of_proof)?,
                    old_root: Some(root_at(&subtrees, from).map_err(of_proof)?),
                    proof: consistency(&subtrees, from, to).map_err(of_proof)?,
                    note: if to == head.size { text(&head.note) } else { None },
                    header: None,
                }
            }
        };
        Ok(Event::JournalProof(Box::new(proof)))
    }
}

/// What decided a listing, every objection to it, what answered each, and what ended it.
fn listing_statements(env: &Env<'_>, place: &ListingRef) -> Result<Vec<StatementRef>, Stop> {
    let row = env.shelf.listing(place)?.ok_or(RefusalCode::CaseUnknown)?;
    let of_author = |index| StatementRef { centre: place.centre.clone(), index };
    let mut all = vec![of_author(place.index)];
    for objection in env.shelf.objections(place, &row.listing, MAX_OBJECTIONS)? {
        all.push(StatementRef { centre: objection.author, index: objection.index });
        all.extend(objection.answered.map(of_author));
    }
    all.extend(row.ended.map(|end| of_author(end.index)));
    Ok(all)
}

/// Of the heads that are held, the longest that counts and whose rows are all here.
fn newest_that_counts(author: &Author, state: &JournalState, mut notes: Vec<(u64, &[u8])>) -> Option<Vec<u8>> {
    notes.retain(|(size, _)| *size <= state.size);
    notes.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    notes.into_iter().find(|(_, note)| author.verify(note).is_ok()).map(|(_, note)| note.to_vec())
}

fn not_provable(why: &'static str) -> Stop {
    Refusal::about(RefusalCode::NotProvable, why).into()
}

fn of_proof(error: ProofError<ShelfError>) -> Stop {
    match error {
        ProofError::OutOfRange => RefusalCode::StatementUnknown.into(),
        ProofError::Subtree(error) => Stop::Shelf(error),
    }
}
