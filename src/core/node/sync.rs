//! Somebody waits until every journal here is as new as its author's newest checkpoint.

use std::collections::BTreeMap;

use super::{Effect, Env, Node, Stop};
use crate::error::{RefusalCode, ShelfError};
use crate::time::Time;

/// Most that wait at once.
pub const MAX_SYNC_WAITING: usize = 64;
/// Longest wait, in milliseconds.
pub const MAX_SYNC_MS: u64 = 24 * 3_600_000;

#[derive(Debug, Default)]
pub(super) struct State {
    /// By token: since when, until when.
    waiting: BTreeMap<u64, (Time, Time)>,
}

impl Node {
    pub(super) fn sync(&mut self, env: &mut Env<'_>, token: u64, timeout_ms: u64, out: &mut Vec<Effect>) -> Result<(), Stop> {
        let _ = (env, token, timeout_ms, out, &self.sync.waiting);
        Err(RefusalCode::Unsupported.into())
    }

    pub(super) fn sync_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let _ = (env, out);
        Ok(())
    }
}
