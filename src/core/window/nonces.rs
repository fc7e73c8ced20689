//! Which requests were seen: each counts once.

use std::collections::BTreeSet;

use super::signed::Proven;
use crate::names::Thumbprint;
use crate::time::{CLOCK_TOLERANCE_MS, Time};

/// Most requests that are remembered at once.
pub const MAX_NONCES: usize = 65_536;

/// Whether a request is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It is, and is remembered from now on.
    New,
    /// It came before.
    Before,
    /// It is older than what this memory covers: nobody can say.
    TooOld,
    /// No room: what is held could still come again and is not forgotten for it.
    Full,
}

/// The requests seen, as long as they could be taken for new ones.
#[derive(Debug, Clone)]
pub struct Nonces {
    /// Requests signed before this are not covered: the memory began then, or has forgotten them.
    floor: Time,
    seen: BTreeSet<(Time, Thumbprint, [u8; 16])>,
    most: usize,
}

impl Nonces {
    /// A memory that begins now.
    #[must_use]
    pub const fn new(now: Time) -> Self {
        Self::of(now, MAX_NONCES)
    }

    pub(super) const fn of(now: Time, most: usize) -> Self {
        Self { floor: now, seen: BTreeSet::new(), most }
    }

    /// Looks a request up and remembers it.
    pub fn see(&mut self, now: Time, request: &Proven) -> Seen {
        self.forget(now.plus_ms(-CLOCK_TOLERANCE_MS));
        if request.time() < self.floor {
            return Seen::TooOld;
        }
        let key = (request.time(), *request.holder(), *request.nonce());
        if self.seen.contains(&key) {
            return Seen::Before;
        }
        if self.seen.len() >= self.most {
            return Seen::Full;
        }
        self.seen.insert(key);
        Seen::New
    }

    /// What was signed before `edge` is refused for its age. Should the clock go back, it stays refused: the floor only rises.
    fn forget(&mut self, edge: Time) {
        if edge > self.floor {
            self.floor = edge;
            self.seen = self.seen.split_off(&(edge, Thumbprint([0; 32]), [0; 16]));
        }
    }
}
