//! What witnesses have cosigned.

use anju_core::error::ShelfError;
use anju_core::names::{CentreCode, Digest};
use anju_core::shelf::{CosignatureRow, Cosignatures, check};
use anju_core::sign::PublicKey;
use anju_core::time::Time;
use rusqlite::{Row, params};

use super::read::{name, signed, unsigned};
use super::{Db, Role, Store, StoreError};

const COLUMNS: &str = "centre, witness, size, root, key, at, note";

impl Store {
    pub(super) fn cosigned(&self, row: &CosignatureRow) -> Result<(), StoreError> {
        let CosignatureRow { centre, witness, size, root, key, at, note } = row;
        check::cosigned(self.cosignature_of(centre, witness)?.as_ref(), row)?;
        let sql = "INSERT OR REPLACE INTO cosignature (centre, witness, size, root, key, at, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        self.run(sql, params![centre.as_str(), witness.as_str(), signed(*size)?, root.0, key.0, at.0, note]).map(|_| ())
    }
}

impl<R: Role> Db<R> {
    fn cosignature_of(&self, centre: &CentreCode, witness: &CentreCode) -> Result<Option<CosignatureRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM cosignature WHERE centre = ?1 AND witness = ?2");
        self.one(&sql, [centre.as_str(), witness.as_str()], cosignature_row)
    }
}

fn cosignature_row(row: &Row<'_>) -> Result<CosignatureRow, StoreError> {
    Ok(CosignatureRow {
        centre: name(row, 0)?,
        witness: name(row, 1)?,
        size: unsigned(row, 2)?,
        root: Digest(row.get(3)?),
        key: PublicKey(row.get(4)?),
        at: Time(row.get(5)?),
        note: row.get(6)?,
    })
}

impl<R: Role> Cosignatures for Db<R> {
    fn cosignatures(&self, centre: &CentreCode) -> Result<Vec<CosignatureRow>, ShelfError> {
        Ok(self.all(
            &format!("SELECT {COLUMNS} FROM cosignature WHERE centre = ?1 ORDER BY witness"),
            [centre.as_str()],
            cosignature_row,
        )?)
    }

    fn cosignature(&self, centre: &CentreCode, witness: &CentreCode) -> Result<Option<CosignatureRow>, ShelfError> {
        Ok(self.cosignature_of(centre, witness)?)
    }
}
