//! What the statements about a listing come to on a given day.

use serde::{Deserialize, Serialize};

use super::{Change, Day};

/// How a published listing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It counts.
    Listed,
    /// It counts, and somebody's objection is not answered.
    Disputed,
    /// It counts; every objection was answered.
    Upheld,
    /// Ended: withdrawn by its centre.
    Withdrawn,
    /// Ended: repaired.
    Repaired,
    /// Ended: another statement took its place.
    Replaced,
    /// Its clock has run out.
    Expired,
}

impl Standing {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Disputed => "disputed",
            Self::Upheld => "upheld",
            Self::Withdrawn => "withdrawn",
            Self::Repaired => "repaired",
            Self::Replaced => "replaced",
            Self::Expired => "expired",
        }
    }

    /// Whether it may still be used against its subject.
    #[must_use]
    pub const fn counts(self) -> bool {
        match self {
            Self::Listed | Self::Disputed | Self::Upheld => true,
            Self::Withdrawn | Self::Repaired | Self::Replaced | Self::Expired => false,
        }
    }
}

/// How a listing stands on `today` by the clock `until` (the restriction's for lookups, the publication's for lists).
#[must_use]
pub fn standing(until: Day, today: Day, ended: Option<Change>, open_objections: u64, answered_objections: u64) -> Standing {
    match ended {
        Some(Change::Withdrawn) => Standing::Withdrawn,
        Some(Change::Repaired) => Standing::Repaired,
        Some(Change::Replaced) => Standing::Replaced,
        Some(Change::Upheld) | None if until < today => Standing::Expired,
        Some(Change::Upheld) | None if open_objections > 0 => Standing::Disputed,
        Some(Change::Upheld) | None if answered_objections > 0 => Standing::Upheld,
        Some(Change::Upheld) | None => Standing::Listed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_until_day_is_inclusive_and_an_ending_beats_everything() {
        let day = |n| Day::from_number(n).unwrap();
        let (until, last, after) = (day(20_270_101), day(20_270_101), day(20_270_102));
        assert_eq!(standing(until, last, None, 0, 0), Standing::Listed);
        assert_eq!(standing(until, after, None, 0, 0), Standing::Expired);
        assert_eq!(standing(until, last, None, 1, 3), Standing::Disputed);
        assert_eq!(standing(until, last, None, 0, 1), Standing::Upheld);
        assert_eq!(standing(until, last, Some(Change::Repaired), 1, 0), Standing::Repaired);
        assert_eq!(standing(until, after, Some(Change::Withdrawn), 0, 0), Standing::Withdrawn);
    }
}
