//! Matters and catalogues in memory.

use std::collections::BTreeMap;

use super::super::{CatalogueRow, MatterProjection, MatterRow, Matters};
use super::MemoryShelf;
use crate::error::ShelfError;
use crate::listing::Day;
use crate::names::CentreCode;

#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    matters: BTreeMap<(CentreCode, String, Day), MatterRow>,
    catalogues: BTreeMap<CentreCode, CatalogueRow>,
}

impl Tables {
    pub(super) fn project(&mut self, projection: &MatterProjection) {
        match projection {
            MatterProjection::Matter(row) => {
                let key = (row.centre.clone(), row.code.clone(), row.from);
                if self.matters.get(&key).is_none_or(|held| held.version < row.version) {
                    self.matters.insert(key, row.clone());
                }
            }
            MatterProjection::Catalogue(row) => {
                if self.catalogues.get(&row.centre).is_none_or(|held| held.version < row.version) {
                    self.catalogues.insert(row.centre.clone(), row.clone());
                }
            }
        }
    }

    pub(super) fn cut(&mut self, centre: &CentreCode) {
        self.matters.retain(|(of, ..), _| of != centre);
        self.catalogues.remove(centre);
    }

    fn of<'a>(&'a self, centre: &'a CentreCode) -> impl Iterator<Item = &'a MatterRow> {
        self.matters.values().filter(move |row| row.centre == *centre)
    }
}

impl Matters for MemoryShelf {
    fn matter(&self, centre: &CentreCode, code: &str, day: Day) -> Result<Option<MatterRow>, ShelfError> {
        let begun = self.matters.of(centre).filter(|row| row.code == code && row.from <= day);
        Ok(begun.max_by_key(|row| row.from).cloned())
    }

    fn matters(&self, centre: &CentreCode, after: Option<(&str, Day)>, limit: usize) -> Result<Vec<MatterRow>, ShelfError> {
        let later = self.matters.of(centre).filter(|row| after.is_none_or(|after| (row.code.as_str(), row.from) > after));
        Ok(later.take(limit).cloned().collect())
    }

    fn matter_in_force(&self, centre: &CentreCode, day: Day) -> Result<bool, ShelfError> {
        Ok(self.matters.of(centre).any(|row| row.from <= day))
    }

    fn matter_version(&self, centre: &CentreCode, code: &str) -> Result<Option<u32>, ShelfError> {
        Ok(self.matters.of(centre).filter(|row| row.code == code).map(|row| row.version).max())
    }

    fn catalogue(&self, centre: &CentreCode) -> Result<Option<CatalogueRow>, ShelfError> {
        Ok(self.matters.catalogues.get(centre).cloned())
    }
}
