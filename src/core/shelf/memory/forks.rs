//! Forks in memory.

use std::collections::BTreeMap;

use super::super::{ForkReport, ForkRow, Forks};
use super::MemoryShelf;
use crate::error::ShelfError;
use crate::names::CentreCode;

#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    proofs: BTreeMap<(CentreCode, u64), ForkRow>,
    /// By the accused, the author and the row.
    reports: BTreeMap<(CentreCode, CentreCode, u64), ForkReport>,
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

    fn fork_reports(&self, accused: &CentreCode, limit: usize) -> Result<Vec<ForkReport>, ShelfError> {
        let about = self.forks.reports.iter().filter(|((about, ..), _)| about == accused);
        let newest: BTreeMap<_, _> = about.map(|((_, author, _), row)| (author.clone(), row.clone())).collect();
        Ok(newest.into_values().take(limit).collect())
    }
}
