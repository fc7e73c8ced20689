//! Forks in memory.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{BesideRow, Ended, EndedBeside, ForkReport, ForkRow, Forks};
use super::MemoryShelf;
use crate::error::ShelfError;
use crate::listing::Change;
use crate::names::{CentreCode, CertificateNumber, GrantId, ListingId, ListingRef, Thumbprint};
use crate::time::Time;

#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    proofs: BTreeMap<(CentreCode, u64), ForkRow>,
    /// By the accused, the author and the row.
    reports: BTreeMap<(CentreCode, CentreCode, u64), ForkReport>,
    beside: BTreeMap<BesideKey, BesideRow>,
}

/// Author, row, and what is ended there: of what sort, its id, and whose key or about which statement.
type BesideKey = (CentreCode, u64, u8, Vec<u8>, Vec<u8>);

fn beside_key(row: &BesideRow) -> BesideKey {
    let statement = |centre: &str, index: u64| [centre.as_bytes(), &index.to_be_bytes()].concat();
    let (what, id, more) = match &row.ended {
        EndedBeside::Certificate { number, .. } => (0, number.as_str().as_bytes(), Vec::new()),
        EndedBeside::Holder { number, holder } => (1, number.as_str().as_bytes(), holder.0.to_vec()),
        EndedBeside::Grant { grant, holder } => (2, grant.0.as_slice(), holder.0.to_vec()),
        EndedBeside::Listing { listing, index, shared, .. } => {
            (3, listing.0.as_slice(), if *shared { statement("", *index) } else { Vec::new() })
        }
        EndedBeside::Objection { about, listing } => (4, listing.0.as_slice(), statement(about.centre.as_str(), about.index)),
    };
    (row.author.clone(), row.index, what, id.to_vec(), more)
}

impl Tables {
    pub(super) fn write(&mut self, row: &ForkRow) {
        self.proofs.entry((row.proof.centre.clone(), row.term)).or_insert_with(|| row.clone());
    }

    pub(super) fn cut(&mut self, centre: &CentreCode, size: u64) {
        self.reports.retain(|(_, author, index), _| author != centre || *index < size);
    }

    pub(super) fn project(&mut self, row: &ForkReport) {
        let key = (row.accused.clone(), row.author.clone(), row.index);
        self.reports.entry(key).or_insert_with(|| row.clone());
    }

    pub(super) fn keep_beside(&mut self, rows: &[BesideRow]) {
        for row in rows {
            self.beside.entry(beside_key(row)).or_insert_with(|| row.clone());
        }
    }

    pub(super) fn forget_beside(&mut self, author: &CentreCode) {
        self.beside.retain(|_, row| row.author != *author);
    }

    pub(super) fn certificate_ended(&self, number: &CertificateNumber) -> Option<Ended> {
        self.beside.values().find_map(|row| {
            let EndedBeside::Certificate { number: ended, reason } = &row.ended else { return None };
            (ended == number).then(|| Ended { at: row.at, reason: reason.clone() })
        })
    }

    pub(super) fn holder_ended(&self, holder: &Thumbprint, number: Option<&CertificateNumber>) -> Option<Time> {
        let ended = self.beside.values().filter(|row| {
            let EndedBeside::Holder { number: of, holder: ended } = &row.ended else { return false };
            ended == holder && number.is_none_or(|number| number == of)
        });
        ended.map(|row| row.at).min()
    }

    pub(super) fn grant_revoked(&self, grant: &GrantId, holder: &Thumbprint) -> Option<Time> {
        let gone = EndedBeside::Grant { grant: *grant, holder: *holder };
        self.beside.values().filter(|row| row.ended == gone).map(|row| row.at).min()
    }
}

impl Forks for MemoryShelf {
    fn fork(&self, centre: &CentreCode) -> Result<Option<ForkRow>, ShelfError> {
        Ok(self.forks.proofs.range((centre.clone(), 0)..=(centre.clone(), u64::MAX)).next_back().map(|(_, row)| row.clone()))
    }

    fn cuts(&self, centre: &CentreCode) -> Result<u64, ShelfError> {
        Ok(self.void.get(centre).map_or(0, |cuts| cuts.len() as u64))
    }

    fn cut_below(&self, centre: &CentreCode, after: u64, below: u64) -> Result<bool, ShelfError> {
        let cuts = self.void.get(centre).into_iter().flatten().skip(usize::try_from(after).unwrap_or(usize::MAX));
        let gone = cuts.flatten().filter(|(index, _)| *index < below);
        let header = |index: u64| Some(&self.journals.get(centre)?.entries.get(usize::try_from(index).ok()?)?.header);
        Ok(gone.into_iter().any(|(index, was)| header(*index) != Some(was)))
    }

    fn beside(&self) -> Result<Vec<(CentreCode, u64)>, ShelfError> {
        let mut counted: BTreeMap<CentreCode, u64> = BTreeMap::new();
        self.forks.beside.values().for_each(|row| *counted.entry(row.author.clone()).or_default() += 1);
        Ok(counted.into_iter().collect())
    }

    fn listing_ended_beside(&self, author: &CentreCode, listing: &ListingId) -> Result<Option<Change>, ShelfError> {
        Ok(self.forks.beside.values().filter(|row| row.author == *author).find_map(|row| {
            let EndedBeside::Listing { listing: ended, change, .. } = &row.ended else { return None };
            (ended == listing).then_some(*change)
        }))
    }

    fn listings_ended_beside(&self, author: &CentreCode, from: u64, limit: usize) -> Result<Vec<ListingRef>, ShelfError> {
        let named = self.forks.beside.values().filter(|row| row.author == *author).filter_map(|row| {
            let EndedBeside::Listing { index, shared, .. } = &row.ended else { return None };
            shared.then_some(*index).filter(|index| *index >= from)
        });
        let named: BTreeSet<u64> = named.collect();
        Ok(named.into_iter().take(limit).map(|index| ListingRef { centre: author.clone(), index }).collect())
    }

    fn objections_beside(&self, about: &ListingRef, listing: &ListingId, limit: usize) -> Result<u64, ShelfError> {
        let disputed = self.forks.beside.values().filter_map(|row| {
            let EndedBeside::Objection { about: to, listing: disputed } = &row.ended else { return None };
            let counts = disputed == listing && to.centre == about.centre && to.index <= about.index;
            (counts && !self.lists.has_objection(&row.author, to, listing)).then_some((&row.author, to.index))
        });
        Ok(disputed.collect::<BTreeSet<_>>().len().min(limit) as u64)
    }

    fn grant_revoked_here(&self, grant: &GrantId, holder: &Thumbprint) -> Result<Option<Time>, ShelfError> {
        Ok(self.revoked.get(&(*grant, *holder)).copied())
    }

    fn holder_ended_here(&self, holder: &Thumbprint, number: &CertificateNumber) -> Result<Option<Time>, ShelfError> {
        Ok(self.holders_ended.get(&(*holder, number.clone())).map(|(_, at)| *at))
    }

    fn fork_reports(&self, accused: &CentreCode, limit: usize) -> Result<Vec<ForkReport>, ShelfError> {
        let about = self.forks.reports.iter().filter(|((about, ..), _)| about == accused);
        let newest: BTreeMap<_, _> = about.map(|((_, author, _), row)| (author.clone(), row.clone())).collect();
        Ok(newest.into_values().take(limit).collect())
    }
}
