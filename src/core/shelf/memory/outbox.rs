//! Questions that wait for an issuer, in memory.

use std::collections::BTreeMap;

use super::super::check::Misfit;
use super::super::{Outbox, OutboxRow, OutboxWrite};
use super::MemoryShelf;
use crate::error::ShelfError;
use crate::names::{CentreCode, RequestId};
use crate::time::Time;

#[derive(Debug, Clone, Default)]
pub(super) struct Tables(BTreeMap<RequestId, OutboxRow>);

impl Tables {
    pub(super) fn write(&mut self, write: &OutboxWrite) -> Result<(), Misfit> {
        match write {
            OutboxWrite::Left(row) if self.0.contains_key(&row.request) => return Err(Misfit::Exists),
            OutboxWrite::Left(row) => {
                self.0.insert(row.request, row.clone());
            }
            OutboxWrite::Said { request, at, reply } => {
                if let Some(row) = self.0.get_mut(request).filter(|row| row.said.is_none()) {
                    row.said = Some((*at, reply.clone()));
                }
            }
            OutboxWrite::Gone(request) => {
                self.0.remove(request);
            }
        }
        Ok(())
    }

    fn sorted(&self) -> Vec<&OutboxRow> {
        let mut rows: Vec<&OutboxRow> = self.0.values().collect();
        rows.sort_by_key(|row| (row.left, row.request));
        rows
    }
}

impl Outbox for MemoryShelf {
    fn outbox(&self, request: &RequestId) -> Result<Option<OutboxRow>, ShelfError> {
        Ok(self.outbox.0.get(request).cloned())
    }

    fn outbox_waiting(&self, issuer: &CentreCode, limit: usize) -> Result<Vec<OutboxRow>, ShelfError> {
        let waits = |row: &&OutboxRow| row.said.is_none() && row.issuer == *issuer;
        Ok(self.outbox.sorted().into_iter().filter(waits).take(limit).cloned().collect())
    }

    fn outbox_page(&self, after: Option<(Time, RequestId)>, limit: usize) -> Result<Vec<OutboxRow>, ShelfError> {
        let behind = |row: &&OutboxRow| after.is_none_or(|after| (row.left, row.request) < after);
        Ok(self.outbox.sorted().into_iter().rev().filter(behind).take(limit).cloned().collect())
    }

    fn outbox_count(&self) -> Result<u64, ShelfError> {
        Ok(self.outbox.0.len() as u64)
    }

    fn outbox_over(&self, now: Time, kept_from: Time, limit: usize) -> Result<(Vec<RequestId>, Vec<RequestId>), ShelfError> {
        let all =
            |over: &dyn Fn(&OutboxRow) -> bool| self.outbox.0.values().filter(|row| over(row)).map(|row| row.request).take(limit).collect();
        let late = all(&|row| row.said.is_none() && row.until < now);
        let old = all(&|row| row.said.as_ref().is_some_and(|(at, _)| *at < kept_from));
        Ok((late, old))
    }
}
