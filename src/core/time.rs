//! Points in time as the core knows them: milliseconds of Unix time handed in from outside, and legal days.
//!
//! Legal days are Asia/Shanghai days whatever the machine's zone. The zone has had one fixed offset since 1991, so the core needs no
//! zone database: UTC+8 is the rule.

use jiff::civil;
use jiff::tz::{Offset, TimeZone};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// Milliseconds in one second.
pub const SECOND_MS: i64 = 1_000;
/// Milliseconds in one minute.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// Milliseconds in an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds in one day.
pub const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// How far two honest clocks may differ before a grant's times are held against its bearer.
pub const CLOCK_TOLERANCE_MS: i64 = 120 * SECOND_MS;
const SHANGHAI_OFFSET_HOURS: i8 = 8;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, Encode, Decode)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct Time(#[n(0)] pub i64);

impl Time {
    /// The point `seconds` after 1970.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(SECOND_MS))
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND_MS)
    }

    /// This point moved by `ms`; saturates at the ends of time.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to here; negative when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The legal day (Asia/Shanghai) this point lies in. Saturates outside the years -9999 to 9999.
    #[must_use]
    pub fn legal_day(self) -> civil::Date {
        let stamp =
            jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX });
        Offset::constant(SHANGHAI_OFFSET_HOURS).to_datetime(stamp).date()
    }

    /// The last millisecond of legal day `day`: what an inclusive `until` date means.
    #[must_use]
    pub fn end_of_legal_day(day: civil::Date) -> Self {
        let zone = TimeZone::fixed(Offset::constant(SHANGHAI_OFFSET_HOURS));
        let next = day.saturating_add(jiff::Span::new().days(1)).to_zoned(zone);
        Self(next.map_or(i64::MAX, |z| z.timestamp().as_millisecond().saturating_sub(1)))
    }

    /// `2026-11-21 20:32:05`, in legal time.
    #[must_use]
    pub fn legal_text(self) -> String {
        let stamp = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        let local = Offset::constant(SHANGHAI_OFFSET_HOURS).to_datetime(stamp);
        format!("{} {:02}:{:02}:{:02}", local.date(), local.hour(), local.minute(), local.second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legal_day_turns_at_sixteen_hours_utc() {
        let before =
            Time(jiff::civil::date(2026, 11, 21).at(15, 59, 59, 999_000_000).to_zoned(TimeZone::UTC).unwrap().timestamp().as_millisecond());
        assert_eq!(before.legal_day(), civil::date(2026, 11, 21));
        assert_eq!(before.plus_ms(1).legal_day(), civil::date(2026, 11, 22));
        assert_eq!(Time::end_of_legal_day(civil::date(2026, 11, 21)), before);
        assert_eq!(before.legal_text(), "2026-11-21 23:59:59");
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        for extreme in [i64::MIN, i64::MAX] {
            let _ = (Time(extreme).legal_day(), Time(extreme).legal_text(), Time(extreme).seconds());
        }
        let _ = Time::end_of_legal_day(civil::Date::MAX);
    }
}
