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

    fn fork_reports(&self, accused: &CentreCode, limit: usize) -> Result<Vec<ForkReport>, ShelfError> {
        let about = self.forks.reports.iter().filter(|((about, ..), _)| about == accused);
        let newest: BTreeMap<_, _> = about.map(|((_, author, _), row)| (author.clone(), row.clone())).collect();
        Ok(newest.into_values().take(limit).collect())
    }
}
