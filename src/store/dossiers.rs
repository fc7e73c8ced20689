//! Dossiers: which there are and which rows speak of them. What they say is in the journals, sealed, and nowhere else.

use anju_core::dossier::DossierKind;
use anju_core::error::ShelfError;
use anju_core::names::{CentreCode, CertificateNumber, Digest, DossierRef};
use anju_core::shelf::{CertificateRow, DossierProjection, DossierRow, DossierWrite, Dossiers};
use anju_core::time::Time;
use rusqlite::{Row, params};

use super::read::{most, name, signed, unsigned};
use super::{Db, Role, Store, StoreError};

const COLUMNS: &str = "d.opener, d.idx, d.kind, d.other, d.about, d.at";

impl Store {
    pub(super) fn dossier_write(&self, write: &DossierWrite) -> Result<(), StoreError> {
        match write {
            DossierWrite::SetAside { dossier, mark } => {
                let sql = "INSERT INTO dossier_set_aside (opener, idx, mark) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
                self.run(sql, params![dossier.centre.as_str(), signed(dossier.index)?, mark.0]).map(|_| ())
            }
        }
    }

    pub(super) fn dossier_projection(&self, projection: &DossierProjection) -> Result<(), StoreError> {
        match projection {
            DossierProjection::Opened(row) => {
                let sql = "INSERT INTO dossier (opener, idx, kind, other, about, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                           ON CONFLICT (opener, idx) DO NOTHING";
                let (opener, index) = (row.place.centre.as_str(), signed(row.place.index)?);
                if self.run(sql, params![opener, index, row.kind.code(), row.other.as_str(), row.about, row.at.0])? == 0 {
                    return Ok(());
                }
                self.dossier_party(&row.place.centre, &row.place)?;
                self.dossier_party(&row.other, &row.place)
            }
            DossierProjection::Said(said) => {
                let sql = "INSERT INTO dossier_said (author, row, opener, idx, joins) VALUES (?1, ?2, ?3, ?4, ?5)
                           ON CONFLICT (author, row) DO NOTHING";
                let (opener, index) = (said.dossier.centre.as_str(), signed(said.dossier.index)?);
                let joins = said.joins.as_ref().map(CentreCode::as_str);
                let new = self.run(sql, params![said.author.as_str(), signed(said.index)?, opener, index, joins])? != 0;
                said.joins.as_ref().filter(|_| new).map_or(Ok(()), |joins| self.dossier_party(joins, &said.dossier))
            }
        }
    }

    fn dossier_party(&self, centre: &CentreCode, dossier: &DossierRef) -> Result<(), StoreError> {
        let sql = "INSERT INTO dossier_party (centre, opener, idx) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        self.run(sql, params![centre.as_str(), dossier.centre.as_str(), signed(dossier.index)?]).map(|_| ())
    }
}

fn row(row: &Row<'_>) -> Result<DossierRow, StoreError> {
    Ok(DossierRow {
        place: DossierRef { centre: name(row, 0)?, index: unsigned(row, 1)? },
        kind: DossierKind::from_code(&row.get::<_, String>(2)?).ok_or_else(|| StoreError::damaged("dossier.kind"))?,
        other: name(row, 3)?,
        about: row.get(4)?,
        at: Time(row.get(5)?),
    })
}

impl<R: Role> Dossiers for Db<R> {
    fn dossier(&self, place: &DossierRef) -> Result<Option<DossierRow>, ShelfError> {
        let Ok(index) = signed(place.index) else { return Ok(None) };
        let sql = format!("SELECT {COLUMNS} FROM dossier d WHERE opener = ?1 AND idx = ?2");
        Ok(self.one(&sql, params![place.centre.as_str(), index], row)?)
    }

    fn dossiers_of(
        &self,
        centre: &CentreCode,
        kind: Option<DossierKind>,
        after: Option<&DossierRef>,
        limit: usize,
    ) -> Result<Vec<DossierRow>, ShelfError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM dossier_party p JOIN dossier d USING (opener, idx)
             WHERE p.centre = ?1 AND (p.opener, p.idx) > (?2, ?3) AND (?4 IS NULL OR d.kind = ?4)
             ORDER BY p.opener, p.idx LIMIT ?5"
        );
        // No code is empty.
        let (opener, index) = after.map_or(Ok(("", 0)), |after| signed(after.index).map(|index| (after.centre.as_str(), index)))?;
        Ok(self.all(&sql, params![centre.as_str(), opener, index, kind.map(DossierKind::code), most(limit)], row)?)
    }

    fn dossiers_about(&self, about: &str, limit: usize) -> Result<Vec<DossierRow>, ShelfError> {
        let sql = format!("SELECT {COLUMNS} FROM dossier d WHERE about = ?1 ORDER BY opener, idx LIMIT ?2");
        Ok(self.all(&sql, params![about, most(limit)], row)?)
    }

    fn dossier_joins(&self, dossier: &DossierRef, author: &CentreCode, limit: usize) -> Result<Vec<u64>, ShelfError> {
        let Ok(index) = signed(dossier.index) else { return Ok(Vec::new()) };
        let sql = "SELECT row FROM dossier_said
                   WHERE opener = ?1 AND idx = ?2 AND author = ?3 AND joins IS NOT NULL ORDER BY row LIMIT ?4";
        let of = params![dossier.centre.as_str(), index, author.as_str(), most(limit)];
        Ok(self.all(sql, of, |row| unsigned(row, 0))?)
    }

    fn dossier_changes(&self, dossier: &DossierRef, author: &CentreCode, after: Option<u64>, limit: usize) -> Result<Vec<u64>, ShelfError> {
        let Ok(index) = signed(dossier.index) else { return Ok(Vec::new()) };
        let after = match after.map(signed) {
            None => -1,
            Some(Ok(after)) => after,
            Some(Err(_)) => return Ok(Vec::new()),
        };
        let sql = "SELECT row FROM dossier_said
                   WHERE opener = ?1 AND idx = ?2 AND author = ?3 AND row > ?4 AND joins IS NULL ORDER BY row LIMIT ?5";
        let of = params![dossier.centre.as_str(), index, author.as_str(), after, most(limit)];
        Ok(self.all(sql, of, |row| unsigned(row, 0))?)
    }

    fn dossier_rows(&self, dossier: &DossierRef) -> Result<u64, ShelfError> {
        let Ok(index) = signed(dossier.index) else { return Ok(0) };
        let sql = "SELECT count(*) FROM dossier_said WHERE opener = ?1 AND idx = ?2";
        Ok(self.one(sql, params![dossier.centre.as_str(), index], |row| unsigned(row, 0))?.unwrap_or_default())
    }

    fn dossier_set_aside(&self, dossier: &DossierRef, limit: usize) -> Result<Vec<Digest>, ShelfError> {
        let Ok(index) = signed(dossier.index) else { return Ok(Vec::new()) };
        let sql = "SELECT mark FROM dossier_set_aside WHERE opener = ?1 AND idx = ?2 ORDER BY mark LIMIT ?3";
        Ok(self.all(sql, params![dossier.centre.as_str(), index, most(limit)], |row| Ok(Digest(row.get(0)?)))?)
    }

    fn certificates_for(
        &self,
        addressee: &CentreCode,
        after: Option<&CertificateNumber>,
        limit: usize,
    ) -> Result<Vec<CertificateRow>, ShelfError> {
        Ok(self.certificates_addressed(addressee, after, limit)?)
    }
}
