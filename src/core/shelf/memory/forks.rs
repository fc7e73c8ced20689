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

/// Author, row, and what is ended there.
type BesideKey = (CentreCode, u64, u8, Vec<u8>);

fn beside_key(row: &BesideRow) -> BesideKey {
    let (what, id) = match &row.ended {
        EndedBeside::Certificate { number, .. } => (0, number.as_str().as_bytes()),
        EndedBeside::Holder { number, .. } => (1, number.as_str().as_bytes()),
        EndedBeside::Grant { grant, .. } => (2, grant.0.as_slice()),
        EndedBeside::Listing { listing, .. } => (3, listing.0.as_slice()),
        EndedBeside::Objection { listing, .. } => (4, listing.0.as_slice()),
    };
    (row.author.clone(), row.index, what, id.to_vec())
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

    fn listings_ended_beside(&self, author: &CentreCode, limit: usize) -> Result<Vec<ListingRef>, ShelfError> {
        let named = self.forks.beside.values().filter(|row| row.author == *author).filter_map(|row| {
            let EndedBeside::Listing { index, shared, .. } = &row.ended else { return None };
            shared.then_some(*index)
        });
        let named: BTreeSet<u64> = named.collect();
        Ok(named.into_iter().take(limit).map(|index| ListingRef { centre: author.clone(), index }).collect())
    }

    fn objections_beside(&self, about: &ListingRef, listing: &ListingId, limit: usize) -> Result<u64, ShelfError> {
        let counts = |row: &&BesideRow| {
            let EndedBeside::Objection { about: to, listing: disputed } = &row.ended else { return false };
            disputed == listing && to.centre == about.centre && to.index <= about.index
        };
        Ok(self.forks.beside.values().filter(counts).take(limit).count() as u64)
    }

    fn fork_reports(&self, accused: &CentreCode, limit: usize) -> Result<Vec<ForkReport>, ShelfError> {
        let about = self.forks.reports.iter().filter(|((about, ..), _)| about == accused);
        let newest: BTreeMap<_, _> = about.map(|((_, author, _), row)| (author.clone(), row.clone())).collect();
        Ok(newest.into_values().take(limit).collect())
    }
}
