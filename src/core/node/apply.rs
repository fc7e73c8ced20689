//! Rows that an older version of this software kept without knowing what they mean get their meaning.
//!
//! How far a journal is applied stops before the first row of a kind that is not interpreted; the rows behind it are kept, copied and,
//! as far as they are known, projected when they arrive. A version that interprets the kind goes on from there, a page at a time. What
//! was projected before is projected again, and stays the same.

use std::collections::BTreeMap;

use super::{Effect, Env, Node};
use crate::error::ShelfError;
use crate::journal::{Entry, Header, SoundRows};
use crate::names::CentreCode;
use crate::shelf::Write;

/// Rows that get their meaning in one step.
const PAGE_ROWS: u64 = 256;
/// Bytes of them.
const PAGE_BYTES: usize = 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct State {
    /// Journals whose next row this version does not interpret either, or cannot read, and which row that is.
    stopped: BTreeMap<CentreCode, u64>,
}

impl Node {
    /// A journal has fewer rows than before: what it means is derived again from its first row on.
    pub(super) fn journal_was_cut(&mut self, centre: &CentreCode) {
        self.apply.stopped.remove(centre);
    }

    /// A page of the first journal that can go on. Behind everything else of its input: a row may have been appended there.
    pub(super) fn apply_tick(&mut self, env: &Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let centres: Vec<CentreCode> = self.authors.keys().cloned().collect();
        for centre in centres {
            // What is cut is not on the shelf yet.
            if out.iter().any(|effect| matches!(effect, Effect::Write(Write::Cut { centre: cut, .. }) if *cut == centre)) {
                continue;
            }
            let state = env.shelf.journal(&centre)?;
            if state.applied >= state.size || self.apply.stopped.get(&centre) == Some(&state.applied) {
                continue;
            }
            let page = env.shelf.entries(&centre, state.applied, PAGE_ROWS.min(state.size - state.applied), PAGE_BYTES)?;
            let known: Vec<Entry> = page.into_iter().take_while(is_interpreted).collect();
            // A row that cannot be read here holds up this journal, and nothing else that a tick does; the scrub tells of it.
            let rows = SoundRows::check(known).ok().filter(|rows| !rows.rows().is_empty());
            let Some(rows) = rows else {
                self.apply.stopped.insert(centre, state.applied);
                continue;
            };
            self.project_rows(env, &centre, state.applied, &rows, out)?;
            out.push(Effect::Write(Write::Applied { centre, applied: state.applied + rows.len() as u64 }));
            break;
        }
        Ok(())
    }
}

fn is_interpreted(entry: &Entry) -> bool {
    Header::parse(&entry.header).ok().and_then(|header| header.kind()).is_some_and(crate::journal::Kind::is_interpreted)
}
