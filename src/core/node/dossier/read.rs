//! A dossier is put together from the rows of its parties' journals.
//!
//! Of every party the rows are taken strictly in the order of its journal, and no further while one of them waits for another's; so what
//! comes of it depends on which rows are here and not on when they came. Every limit is counted by author: no party can use up another's.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Effect, Env, Node, Stop};
use super::unknown;
use crate::desk::{DossierName, DossierView, Event, PartyLine};
use crate::dossier::{
    ChangedBody, Counted, Dossier, DossierKind, DossierPlace, JoinedBody, MAX_CHANGED_BODY_BYTES, Offered, OpenedBody, Parties, PartyKey,
    PartyRole, Rejection, counted, loan, view,
};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::names::{CentreCode, CertificateNumber, DossierId, DossierRef, StatementRef};
use crate::seal::Key;
use crate::shelf::{DossierRow, DossierWrite, Write};

/// Most rows of one author that are read for a dossier: twice what a dossier may hold of one, so that some may be refused.
pub const MAX_ROWS_READ: usize = 2 * crate::dossier::MAX_CHANGES_PER_AUTHOR;
/// Most rows of one author that are read for who joined.
pub const MAX_JOINS_READ: usize = 16;
/// Most dossiers of one certificate that are read to find the one that is meant.
const MAX_OF_ONE_CERTIFICATE: usize = 64;
/// Most dossiers that this centre joined which are put together to find the one about a certificate.
const MAX_JOINED_READ: usize = 256;
/// Most pages of dossiers of one lender that are looked at for it.
const MAX_PAGES_READ: usize = 64;
/// Rows whose places are read at once.
const PLACES_READ: usize = 64;
/// Most changes of a dossier that are remembered as not to be tried again.
const MAX_SET_ASIDE: usize = crate::dossier::MAX_QUARANTINED;

/// A dossier that was put together. Personal; lives as long as the input.
#[derive(Debug)]
pub(in crate::node) struct Opened {
    pub(super) row: DossierRow,
    pub(super) id: DossierId,
    pub(in crate::node) key: Key,
    pub(super) parties: Parties,
    pub(in crate::node) dossier: Dossier,
    ignored: u64,
}

impl Opened {
    pub(super) const fn new(row: DossierRow, id: DossierId, key: Key, parties: Parties, dossier: Dossier) -> Self {
        Self { row, id, key, parties, dossier, ignored: 0 }
    }

    pub(in crate::node) fn place(&self) -> DossierPlace<'_> {
        DossierPlace { opener: &self.row.place.centre, id: &self.id }
    }

    pub(super) fn counted(&self) -> BTreeMap<String, Counted> {
        counted(&self.dossier, self.row.kind, &self.parties)
    }

    pub(super) fn progress(&self) -> loan::LoanProgress {
        loan::progress(&self.counted(), &self.parties)
    }

    pub(super) fn event(&self) -> Event {
        let party = |(centre, role): &(CentreCode, PartyRole)| PartyLine { centre: centre.clone(), role: *role };
        Event::Dossier(Box::new(DossierView {
            dossier: self.row.place.clone(),
            kind: self.row.kind,
            about: self.row.about.clone(),
            opened: self.row.at,
            parties: self.parties.all().iter().map(party).collect(),
            fields: view(&self.dossier, self.row.kind, &self.parties),
            applied: self.dossier.applied() as u64,
            pending: self.dossier.pending() as u64,
            set_aside: self.dossier.refused(),
            ignored: self.ignored,
            loan: (self.row.kind == DossierKind::Loan).then(|| self.progress()),
        }))
    }
}

/// Where the reading of one author's rows stands.
#[derive(Default)]
struct Reader {
    after: Option<u64>,
    read: usize,
    places: std::collections::VecDeque<u64>,
    done: bool,
}

impl Node {
    pub(super) fn dossier_show(&self, env: &Env<'_>, name: &DossierName, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        Ok(self.dossier_named(env, name, out)?.event())
    }

    /// The dossier of this name; of a certificate that has several, the one that this centre has marked, or its own, or the first.
    pub(super) fn dossier_named(&self, env: &Env<'_>, name: &DossierName, out: &mut Vec<Effect>) -> Result<Opened, Stop> {
        match name {
            DossierName::Dossier(place) => self.dossier_at(env, place, out),
            DossierName::Certificate(number) => {
                let rows = env.shelf.dossiers_about(number.as_str(), MAX_OF_ONE_CERTIFICATE)?;
                if let [row] = rows.as_slice() {
                    return self.dossier_at(env, &row.place, out);
                }
                let own = rows.iter().find(|row| row.place.centre == self.centre);
                if let Some(row) = own {
                    return self.dossier_at(env, &row.place, out);
                }
                for row in &rows {
                    if let Ok(opened) = self.dossier_at(env, &row.place, out)
                        && opened.progress().state >= loan::LoanState::Marked
                    {
                        return Ok(opened);
                    }
                }
                match rows.first() {
                    Some(first) => self.dossier_at(env, &first.place, out),
                    None => self.dossier_joined_about(env, number, out),
                }
            }
        }
    }

    /// The loan on a certificate that this centre joined later: what it is about, its statement tells founders alone.
    fn dossier_joined_about(&self, env: &Env<'_>, number: &CertificateNumber, out: &mut Vec<Effect>) -> Result<Opened, Stop> {
        let lender = env.shelf.certificate(number)?.and_then(|row| row.addressee).ok_or_else(|| unknown(number))?;
        let first = DossierRef { centre: lender.clone(), index: 0 };
        let mut rows: Vec<DossierRow> = env.shelf.dossier(&first)?.into_iter().collect();
        let (mut after, mut tried) = (first, 0);
        for _ in 0..MAX_PAGES_READ {
            for row in rows.iter().filter(|row| row.about.is_none() && row.place.centre == lender) {
                tried += 1;
                if let Ok(opened) = self.dossier_at(env, &row.place, out)
                    && opened.row.about.as_deref() == Some(number.as_str())
                {
                    return Ok(opened);
                }
            }
            if tried >= MAX_JOINED_READ || after.centre != lender {
                break;
            }
            rows = env.shelf.dossiers_of(&self.centre, Some(DossierKind::Loan), Some(&after), PLACES_READ)?;
            let Some(last) = rows.last() else { break };
            after = last.place.clone();
        }
        Err(unknown(number))
    }

    /// Puts a dossier together.
    pub(in crate::node) fn dossier_at(&self, env: &Env<'_>, place: &DossierRef, out: &mut Vec<Effect>) -> Result<Opened, Stop> {
        let mut row = env.shelf.dossier(place)?.ok_or_else(|| unknown(place))?;
        let unreadable = || Stop::Refused(Refusal::about(RefusalCode::DossierUnreadable, place.to_string()));
        let body = body_at(env, &place.centre, place.index)?.ok_or_else(unreadable)?;
        let body = OpenedBody::parse(&place.centre, &body).map_err(|_| unreadable())?;
        let (parties, key, joins) = self.parties_of(env, &row, &body)?;
        let key = key.ok_or_else(unreadable)?;
        let centres: Vec<CentreCode> = parties.all().iter().map(|(centre, _)| centre.clone()).collect();
        let opens = DossierPlace { opener: &place.centre, id: &body.id };
        // Who joined later could not read it when the statement came.
        row.about = body.open(&opens, &key).map_err(|_| unreadable())?.about;
        let dossier = Dossier::new(&opens, &centres);
        let mut opened = Opened { row, id: body.id, key, parties, dossier, ignored: 0 };
        let distrusted: BTreeSet<_> = env.shelf.dossier_set_aside(place, MAX_SET_ASIDE)?.into_iter().collect();
        distrusted.iter().for_each(|mark| opened.dossier.distrust(*mark));
        read_changes(env, &mut opened, joins)?;
        for (mark, rejection) in opened.dossier.quarantined() {
            if rejection == Rejection::Panicked && !distrusted.contains(mark) {
                out.push(Effect::Write(Write::Dossier(DossierWrite::SetAside { dossier: place.clone(), mark: *mark })));
            }
        }
        Ok(opened)
    }

    /// Rows of its parties' journals that speak of a dossier that this centre can read.
    pub(in crate::node) fn dossier_statements(
        &self,
        env: &Env<'_>,
        place: &DossierRef,
        out: &mut Vec<Effect>,
    ) -> Result<Vec<StatementRef>, Stop> {
        let opened = self.dossier_at(env, place, out)?;
        let mut all = vec![StatementRef { centre: place.centre.clone(), index: place.index }];
        for (author, _) in opened.parties.all() {
            let mut rows = env.shelf.dossier_joins(place, author, MAX_JOINS_READ)?;
            rows.extend(env.shelf.dossier_changes(place, author, None, MAX_ROWS_READ)?);
            all.extend(rows.into_iter().map(|index| StatementRef { centre: author.clone(), index }));
        }
        Ok(all)
    }

    /// Who is a party: the founders, and whom a party has added that may add one; our copy of the key, if one is for us; and how many rows
    /// added somebody.
    fn parties_of(&self, env: &Env<'_>, row: &DossierRow, body: &OpenedBody) -> Result<(Parties, Option<Key>, u64), ShelfError> {
        let place = DossierPlace { opener: &row.place.centre, id: &body.id };
        let ours = |party: &PartyKey| (party.centre == self.centre).then(|| party.open(&place, &self.keys.hybrid).ok()).flatten();
        let (mut parties, mut key, mut joins) = (Parties::default(), None, 0);
        for party in &body.parties {
            parties.admit(party.centre.clone(), party.role);
            key = key.or_else(|| ours(party));
        }
        let mut asked = 0;
        while let Some((author, role)) = parties.all().get(asked).cloned() {
            asked += 1;
            if !role.may_admit() {
                continue;
            }
            for index in env.shelf.dossier_joins(&row.place, &author, MAX_JOINS_READ)? {
                let joined = body_at(env, &author, index)?.and_then(|body| JoinedBody::parse(&body).ok());
                let Some(joined) = joined.filter(|joined| Some(joined.party.role) == row.kind.joins_as()) else { continue };
                key = key.or_else(|| ours(&joined.party));
                parties.admit(joined.party.centre, joined.party.role);
                joins += 1;
            }
        }
        Ok((parties, key, joins))
    }
}

/// Offers every party's changes, in rounds, until nothing more can be taken.
fn read_changes(env: &Env<'_>, opened: &mut Opened, joins: u64) -> Result<(), ShelfError> {
    let mut readers: BTreeMap<CentreCode, Reader> =
        opened.parties.all().iter().map(|(centre, _)| (centre.clone(), Reader::default())).collect();
    loop {
        let mut progress = false;
        for (author, reader) in &mut readers {
            while !opened.dossier.waits_for(author) {
                let Some(index) = reader.next(env, &opened.row.place, author)? else { break };
                progress = true;
                offer(env, opened, author, index)?;
            }
        }
        if !progress {
            break;
        }
    }
    let read: usize = readers.values().map(|reader| reader.read).sum();
    // What strangers wrote, and what was not read because it was too much.
    let looked_at = joins.saturating_add(read as u64);
    opened.ignored = opened.ignored.saturating_add(env.shelf.dossier_rows(&opened.row.place)?.saturating_sub(looked_at));
    Ok(())
}

fn offer(env: &Env<'_>, opened: &mut Opened, author: &CentreCode, index: u64) -> Result<(), ShelfError> {
    let place = DossierPlace { opener: &opened.row.place.centre, id: &opened.id };
    let body = body_at(env, author, index)?.and_then(|body| ChangedBody::parse(&body).ok());
    match body.and_then(|body| body.open(&place, author, &opened.key).ok()) {
        Some(change) => match opened.dossier.offer(author, &change) {
            // What is refused is counted by the dossier.
            Offered::Applied | Offered::Again | Offered::Waits | Offered::Refused(_) => {}
        },
        None => opened.ignored += 1,
    }
    Ok(())
}

impl Reader {
    fn next(&mut self, env: &Env<'_>, dossier: &DossierRef, author: &CentreCode) -> Result<Option<u64>, ShelfError> {
        if self.places.is_empty() && !self.done && self.read < MAX_ROWS_READ {
            let places = env.shelf.dossier_changes(dossier, author, self.after, PLACES_READ)?;
            self.done = places.len() < PLACES_READ;
            self.after = places.last().copied().or(self.after);
            self.places = places.into();
        }
        let next = self.places.pop_front();
        self.read += usize::from(next.is_some());
        Ok(next)
    }
}

/// The body of a row, if it is here.
fn body_at(env: &Env<'_>, centre: &CentreCode, index: u64) -> Result<Option<Vec<u8>>, ShelfError> {
    let entry = env.shelf.entries(centre, index, 1, MAX_CHANGED_BODY_BYTES)?.into_iter().next();
    Ok(entry.and_then(|entry| entry.body().map(<[u8]>::to_vec)))
}
