//! Personal and secret columns: sealed under a key of their own, bound to table, column and row, so that a sealed value moved to
//! another row does not open there. This list is the whole of what is sealed; every other column is pseudonymous or public.

use anju_core::seal::{Key, Purpose, aead, derive};
use rand::rngs::{StdRng, SysRng};
use rand::{SeedableRng, TryRng};
use zeroize::Zeroizing;

use super::StoreError;

/// A column that is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// A known value by which a wrong store key is noticed before anything is written.
    KeyCheck,
    /// The account a certificate speaks of.
    IssuedAccountNo,
    /// The key a certificate's field keys come from.
    IssuedContentKey,
    /// The asker's business number.
    AccessBusinessNo,
}

impl Column {
    /// Table and column; part of key and binding, so they never change, whatever the schema does.
    const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::KeyCheck => ("meta", "key_check"),
            Self::IssuedAccountNo => ("issued", "account_no"),
            Self::IssuedContentKey => ("issued", "content_key"),
            Self::AccessBusinessNo => ("access", "business_no"),
        }
    }
}

/// The keys of all sealed columns, derived once. The store key itself is not kept.
pub(super) struct Columns {
    key_check: Key,
    account_no: Key,
    content_key: Key,
    business_no: Key,
}

impl Columns {
    pub(super) fn new(store_key: &Key) -> Self {
        let of = |column: Column| {
            let (table, name) = column.place();
            derive(store_key, Purpose::StoreColumn, &[table.as_bytes(), name.as_bytes()])
        };
        Self {
            key_check: of(Column::KeyCheck),
            account_no: of(Column::IssuedAccountNo),
            content_key: of(Column::IssuedContentKey),
            business_no: of(Column::AccessBusinessNo),
        }
    }

    const fn key(&self, column: Column) -> &Key {
        match column {
            Column::KeyCheck => &self.key_check,
            Column::IssuedAccountNo => &self.account_no,
            Column::IssuedContentKey => &self.content_key,
            Column::AccessBusinessNo => &self.business_no,
        }
    }

    /// Seals `plain` for the row that `row` names.
    pub(super) fn seal(&self, column: Column, row: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let (table, name) = column.place();
        let bound_to = [&[table.as_bytes(), name.as_bytes()], row].concat();
        Ok(aead::seal(&mut rng()?, self.key(column), Purpose::StoreColumn, &bound_to, plain))
    }

    /// Opens what [`Self::seal`] made for the same column and row.
    pub(super) fn open(&self, column: Column, row: &[&[u8]], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let (table, name) = column.place();
        let bound_to = [&[table.as_bytes(), name.as_bytes()], row].concat();
        aead::open(self.key(column), Purpose::StoreColumn, &bound_to, sealed)
            .map_err(|_| StoreError::Damaged(format!("{table}.{name} does not open")))
    }

    /// As [`Self::open`], for text.
    pub(super) fn open_text(&self, column: Column, row: &[&[u8]], sealed: &[u8]) -> Result<String, StoreError> {
        let plain = self.open(column, row, sealed)?;
        std::str::from_utf8(&plain).map(str::to_owned).map_err(|_| StoreError::damaged("a sealed column is not text"))
    }
}

/// Seeded from the operating system for each value: asking it can fail, and sealing cannot.
fn rng() -> Result<StdRng, StoreError> {
    let mut seed = Zeroizing::new([0; 32]);
    SysRng.try_fill_bytes(seed.as_mut()).map_err(|_| StoreError::NoRandomness)?;
    Ok(StdRng::from_seed(*seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_in_its_own_column_and_row() {
        let columns = Columns::new(&Key::from_bytes([1; 32]));
        let sealed = columns.seal(Column::IssuedAccountNo, &[b"row 1"], b"460100000001").unwrap();
        assert_eq!(columns.open_text(Column::IssuedAccountNo, &[b"row 1"], &sealed).unwrap(), "460100000001");
        assert!(columns.open(Column::IssuedAccountNo, &[b"row 2"], &sealed).is_err());
        assert!(columns.open(Column::IssuedContentKey, &[b"row 1"], &sealed).is_err());
        assert!(Columns::new(&Key::from_bytes([2; 32])).open(Column::IssuedAccountNo, &[b"row 1"], &sealed).is_err());
        assert_ne!(sealed, columns.seal(Column::IssuedAccountNo, &[b"row 1"], b"460100000001").unwrap());
    }
}
