//! Cosignatures in memory.

use std::collections::BTreeMap;

use super::super::check::{self, Misfit};
use super::super::{CosignatureRow, Cosignatures};
use super::MemoryShelf;
use crate::error::ShelfError;
use crate::names::CentreCode;

#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    /// By journal and witness.
    cosignatures: BTreeMap<(CentreCode, CentreCode), CosignatureRow>,
}

impl Tables {
    /// Who cosigned rows that never counted has cosigned nothing of what does.
    pub(super) fn cut(&mut self, centre: &CentreCode, size: u64) {
        self.cosignatures.retain(|(of, _), row| of != centre || row.size <= size);
    }

    pub(super) fn write(&mut self, row: &CosignatureRow) -> Result<(), Misfit> {
        let place = (row.centre.clone(), row.witness.clone());
        check::cosigned(self.cosignatures.get(&place), row)?;
        self.cosignatures.insert(place, row.clone());
        Ok(())
    }
}

impl Cosignatures for MemoryShelf {
    fn cosignatures(&self, centre: &CentreCode) -> Result<Vec<CosignatureRow>, ShelfError> {
        Ok(self.witness.cosignatures.values().filter(|row| row.centre == *centre).cloned().collect())
    }

    fn cosignature(&self, centre: &CentreCode, witness: &CentreCode) -> Result<Option<CosignatureRow>, ShelfError> {
        Ok(self.witness.cosignatures.get(&(centre.clone(), witness.clone())).cloned())
    }
}
