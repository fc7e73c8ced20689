//! Statements about listings arrive: endings are applied, hits are told, what was left out is noticed.

use super::super::{Effect, Env, Node};
use crate::error::ShelfError;
use crate::journal::Entry;

impl Node {
    /// Notes to the centres of listings that were hit.
    pub(in crate::node) fn hits_due(
        &mut self,
        env: &mut Env<'_>,
        entries: &mut Vec<Entry>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let _ = (env, entries, out);
        Ok(())
    }
}
