//! Personal and secret columns: sealed under a key of their own, bound to table, column and row, so that a sealed value moved to
//! another row does not open there. This list is the whole of what is sealed; every other column is pseudonymous or public.

use anju_core::seal::{Key, Purpose, aead, derive};
use rand::rngs::{StdRng, SysRng};
use rand::{SeedableRng, TryRng};
use zeroize::Zeroizing;

use super::StoreError;

macro_rules! columns {
    ($($(#[$doc:meta])* $variant:ident = ($table:literal, $column:literal)),+ $(,)?) => {
        /// A column that is sealed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Column { $($(#[$doc])* $variant),+ }

        impl Column {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Table and column; part of key and binding, so they never change, whatever the schema does.
            const fn place(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($table, $column)),+ }
            }
        }
    };
}

columns! {
    /// A known value by which a wrong store key is noticed before anything is written.
    KeyCheck = ("meta", "key_check"),
    /// The secret that ids of listings are made from.
    LocalSecret = ("meta", "local_secret"),
    /// The account a certificate speaks of.
    IssuedAccountNo = ("issued", "account_no"),
    /// The key a certificate's field keys come from.
    IssuedContentKey = ("issued", "content_key"),
    /// What was attested to another centre.
    Answered = ("answered", "sealed"),
    /// The asker's business number.
    AccessBusinessNo = ("access", "business_no"),
    /// The asker's business number, as another centre told it to us.
    HitBusinessNo = ("hit", "business_no"),
    /// Our business number, until the listing's centre is told of it.
    PendingHitBusinessNo = ("pending_hit", "business_no"),
    /// A case, also one that is only staged: who, what was decided, every step. Bound to its listing.
    CaseText = ("case_text", "sealed"),
    /// The signed act of who staged a file.
    ImportEvidence = ("import_file", "evidence"),
    /// The signed act of who approved it.
    ImportApproval = ("import_file", "approval"),
    /// An operator's name for people.
    OperatorDisplay = ("operator", "display"),
    /// An operator's staff number.
    OperatorStaffNo = ("operator", "staff_no"),
    /// An operator's secret key, which is under their passphrase besides.
    OperatorKey = ("operator", "sealed_key"),
    /// The business number of a lookup.
    AuditBusinessNo = ("audit_row", "business_no"),
    /// Salt of an audit row's leaf, and what the row is about.
    AuditAbout = ("audit_row", "sealed"),
    /// A grant that waits at the window.
    DepositGrant = ("deposit", "sealed"),
    /// A question that waits for an issuer.
    OutboxInquiry = ("outbox", "inquiry"),
    /// What became of it.
    OutboxReply = ("outbox", "reply"),
}

/// The keys of all sealed columns, derived once. The store key itself is not kept.
pub(super) struct Columns(Vec<Key>);

impl Columns {
    pub(super) fn new(store_key: &Key) -> Self {
        let of = |column: &Column| {
            let (table, name) = column.place();
            derive(store_key, Purpose::StoreColumn, &[table.as_bytes(), name.as_bytes()])
        };
        Self(Column::ALL.iter().map(of).collect())
    }

    /// There is one for each column, in the order of their declaration.
    fn key(&self, column: Column) -> &Key {
        &self.0[column as usize]
    }

    /// Seals `plain` for the row that `row` names.
    pub(super) fn seal(&self, column: Column, row: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        Ok(self.seal_with(&mut rng()?, column, row, plain))
    }

    /// As [`Self::seal`], for one of many values.
    pub(super) fn seal_with(&self, rng: &mut StdRng, column: Column, row: &[&[u8]], plain: &[u8]) -> Vec<u8> {
        let (table, name) = column.place();
        let bound_to = [&[table.as_bytes(), name.as_bytes()], row].concat();
        aead::seal(rng, self.key(column), Purpose::StoreColumn, &bound_to, plain)
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

/// Seeded from the operating system for each write: asking it can fail, and sealing cannot.
pub(super) fn rng() -> Result<StdRng, StoreError> {
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
