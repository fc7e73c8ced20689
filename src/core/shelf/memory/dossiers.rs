//! Dossiers, in memory.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{CertificateRow, DossierProjection, DossierRow, DossierSaid, DossierWrite, Dossiers};
use super::MemoryShelf;
use crate::dossier::DossierKind;
use crate::error::ShelfError;
use crate::names::{CentreCode, CertificateNumber, Digest, DossierRef};

#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    opened: BTreeMap<DossierRef, DossierRow>,
    said: BTreeMap<(CentreCode, u64), DossierSaid>,
    set_aside: BTreeSet<(DossierRef, Digest)>,
}

impl Tables {
    pub(super) fn write(&mut self, write: &DossierWrite) {
        match write {
            DossierWrite::SetAside { dossier, mark } => {
                self.set_aside.insert((dossier.clone(), *mark));
            }
        }
    }

    pub(super) fn cut(&mut self, centre: &CentreCode, size: u64) {
        self.opened.retain(|place, _| place.centre != *centre || place.index < size);
        self.said.retain(|(author, index), _| author != centre || *index < size);
    }

    pub(super) fn project(&mut self, projection: &DossierProjection) {
        match projection {
            DossierProjection::Opened(row) => {
                self.opened.entry(row.place.clone()).or_insert_with(|| row.clone());
            }
            DossierProjection::Said(row) => {
                self.said.entry((row.author.clone(), row.index)).or_insert_with(|| row.clone());
            }
        }
    }

    fn said_of<'a>(&'a self, dossier: &'a DossierRef) -> impl Iterator<Item = &'a DossierSaid> {
        self.said.values().filter(move |said| said.dossier == *dossier)
    }

    fn is_of(&self, row: &DossierRow, centre: &CentreCode) -> bool {
        row.place.centre == *centre || row.other == *centre || self.said_of(&row.place).any(|said| said.joins.as_ref() == Some(centre))
    }
}

impl Dossiers for MemoryShelf {
    fn dossier(&self, place: &DossierRef) -> Result<Option<DossierRow>, ShelfError> {
        Ok(self.dossiers.opened.get(place).cloned())
    }

    fn dossiers_of(
        &self,
        centre: &CentreCode,
        kind: Option<DossierKind>,
        after: Option<&DossierRef>,
        limit: usize,
    ) -> Result<Vec<DossierRow>, ShelfError> {
        let rows = self.dossiers.opened.values().filter(|row| kind.is_none_or(|kind| row.kind == kind));
        let rows = rows.filter(|row| after.is_none_or(|after| row.place > *after) && self.dossiers.is_of(row, centre));
        Ok(rows.take(limit).cloned().collect())
    }

    fn dossiers_about(&self, about: &str, limit: usize) -> Result<Vec<DossierRow>, ShelfError> {
        Ok(self.dossiers.opened.values().filter(|row| row.about.as_deref() == Some(about)).take(limit).cloned().collect())
    }

    fn dossier_joins(&self, dossier: &DossierRef, author: &CentreCode, limit: usize) -> Result<Vec<u64>, ShelfError> {
        let theirs = self.dossiers.said_of(dossier).filter(|said| said.author == *author && said.joins.is_some());
        Ok(theirs.map(|said| said.index).take(limit).collect())
    }

    fn dossier_changes(&self, dossier: &DossierRef, author: &CentreCode, after: Option<u64>, limit: usize) -> Result<Vec<u64>, ShelfError> {
        let theirs = self.dossiers.said_of(dossier).filter(|said| said.author == *author && said.joins.is_none());
        Ok(theirs.map(|said| said.index).filter(|index| after.is_none_or(|after| *index > after)).take(limit).collect())
    }

    fn dossier_rows(&self, dossier: &DossierRef) -> Result<u64, ShelfError> {
        Ok(self.dossiers.said_of(dossier).count() as u64)
    }

    fn dossier_set_aside(&self, dossier: &DossierRef, limit: usize) -> Result<Vec<Digest>, ShelfError> {
        let of = self.dossiers.set_aside.iter().filter(|(place, _)| place == dossier);
        Ok(of.map(|(_, mark)| *mark).take(limit).collect())
    }

    fn certificates_for(
        &self,
        addressee: &CentreCode,
        after: Option<&CertificateNumber>,
        limit: usize,
    ) -> Result<Vec<CertificateRow>, ShelfError> {
        let rows = self.certificates.values().filter(|row| row.addressee.as_ref() == Some(addressee));
        let rows = rows.filter(|row| after.is_none_or(|after| row.number > *after));
        Ok(rows.take(limit).map(|row| self.with_beside(row)).collect())
    }
}
