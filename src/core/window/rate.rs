//! How often somebody may ask: a burst, then one more each so many milliseconds. Memory is bounded; whoever finds it full waits.

use std::collections::BTreeMap;

use crate::time::{SECOND_MS, Time};

/// How long a full memory is not searched again for room.
const SEARCH_EVERY_MS: i64 = SECOND_MS;

/// A burst and what comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So many at once.
    pub burst: u32,
    /// Then one each so many milliseconds.
    pub every_ms: i64,
}

/// Whether one more is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    /// Yes.
    Yes,
    /// Only after so many milliseconds.
    Wait(i64),
    /// Nobody new until there is room.
    Full,
}

/// Who asked how often lately.
#[derive(Debug, Clone)]
pub struct Limiter<K> {
    rate: Rate,
    most: usize,
    /// When each will have its whole burst again.
    whole_at: BTreeMap<K, Time>,
    searched: Time,
}

impl<K: Ord> Limiter<K> {
    /// Nobody asked yet. At most `most` are remembered at once.
    #[must_use]
    pub const fn new(rate: Rate, most: usize) -> Self {
        Self { rate, most, whole_at: BTreeMap::new(), searched: Time(i64::MIN) }
    }

    /// Whether `who` may ask, without counting it.
    #[must_use]
    pub fn look(&self, now: Time, who: &K) -> Passed {
        let span = i64::from(self.rate.burst).saturating_mul(self.rate.every_ms);
        // A clock that went back makes nobody wait for longer than a whole burst takes.
        let used = self.whole_at.get(who).map_or(0, |at| at.since(now).clamp(0, span));
        let over = used.saturating_add(self.rate.every_ms).saturating_sub(span);
        if over > 0 { Passed::Wait(over) } else { Passed::Yes }
    }

    /// Whether `who` may ask; if so it is counted.
    pub fn take(&mut self, now: Time, who: K) -> Passed {
        let passed = self.look(now, &who);
        if passed != Passed::Yes {
            return passed;
        }
        if !self.whole_at.contains_key(&who) && !self.room(now) {
            return Passed::Full;
        }
        let span = i64::from(self.rate.burst).saturating_mul(self.rate.every_ms);
        let at = self.whole_at.entry(who).or_insert(now);
        let used = at.since(now).clamp(0, span);
        *at = now.plus_ms(used.saturating_add(self.rate.every_ms));
        Passed::Yes
    }

    fn room(&mut self, now: Time) -> bool {
        if self.whole_at.len() >= self.most && (now < self.searched || now.since(self.searched) >= SEARCH_EVERY_MS) {
            self.searched = now;
            self.whole_at.retain(|_, at| *at > now);
        }
        self.whole_at.len() < self.most
    }
}
