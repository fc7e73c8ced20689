//! How much stands behind a row: its author alone, or witnesses too.

use super::super::{Env, Node};
use crate::desk::Backing;
use crate::error::ShelfError;
use crate::names::CentreCode;
use crate::shelf::CosignatureRow;

impl Node {
    /// What stands behind row `index` of a journal, as far as is known here. The row is held.
    pub(in crate::node) fn backing(&self, env: &Env<'_>, centre: &CentreCode, index: u64) -> Result<Backing, ShelfError> {
        let signed = env.shelf.journal(centre)?.head.is_some_and(|head| head.size > index);
        let of = self.charter.witnesses().iter().filter(|witness| *witness != centre).count() as u64;
        let witnesses = self.counting(env, centre, index)?.into_iter().map(|row| row.witness).collect();
        Ok(Backing::new(signed, witnesses, of, self.charter.settled().min(of)))
    }

    /// Milliseconds since the newest cosignature that counts for a row, by its witness's clock; one from the future is new.
    pub(in crate::node) fn cosigned_age_ms(&self, env: &Env<'_>, centre: &CentreCode, index: u64) -> Result<Option<i64>, ShelfError> {
        let newest = self.counting(env, centre, index)?.into_iter().map(|row| row.at).max();
        Ok(newest.map(|at| env.now.since(at).max(0)))
    }

    /// Cosignatures that count for a row: of present witnesses, by their present keys. The newest of each is enough, because whoever
    /// cosigned a longer journal has cosigned the rows before.
    fn counting(&self, env: &Env<'_>, centre: &CentreCode, index: u64) -> Result<Vec<CosignatureRow>, ShelfError> {
        let mut rows = env.shelf.cosignatures(centre)?;
        rows.retain(|row| row.size > index && self.witness_key(centre, &row.witness) == Some(row.key));
        Ok(rows)
    }
}
