//! A legal day: `2026-11-21` in JSON, the number 20261121 on the wire. An `until` day is inclusive.

use std::fmt;

use jiff::civil::Date;
use minicbor::{Decode, Decoder, Encode, Encoder};
use serde::{Deserialize, Serialize};

use crate::names::Malformed;
use crate::time::Time;

/// First and last year that a day may lie in.
pub const DAY_YEARS: std::ops::RangeInclusive<i16> = 1990..=2199;

/// A day by the Asia/Shanghai calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Date);

impl Day {
    /// The day, if its year is one of [`DAY_YEARS`].
    ///
    /// # Errors
    /// [`Malformed`] otherwise.
    pub fn new(date: Date) -> Result<Self, Malformed> {
        if DAY_YEARS.contains(&date.year()) { Ok(Self(date)) } else { Err(Malformed { what: "day" }) }
    }

    /// The legal day that `now` lies in; the nearest possible one outside [`DAY_YEARS`].
    #[must_use]
    pub fn of(now: Time) -> Self {
        let date = now.legal_day();
        let year = date.year().clamp(*DAY_YEARS.start(), *DAY_YEARS.end());
        if year == date.year() { Self(date) } else { Self(Date::new(year, 1, 1).unwrap_or(date)) }
    }

    /// As a calendar date.
    #[must_use]
    pub const fn date(self) -> Date {
        self.0
    }

    /// Its last millisecond: what an inclusive `until` means.
    #[must_use]
    pub fn end(self) -> Time {
        Time::end_of_legal_day(self.0)
    }

    /// The day so many days later; the last possible one when there is none.
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        let later = self.0.saturating_add(jiff::Span::new().days(i64::from(days.min(100_000))));
        Self::new(later).unwrap_or(Self(Date::new(*DAY_YEARS.end(), 12, 31).unwrap_or(self.0)))
    }

    /// The day so many days before; the first possible one when there is none.
    #[must_use]
    pub fn less_days(self, days: u32) -> Self {
        let earlier = self.0.saturating_sub(jiff::Span::new().days(i64::from(days.min(100_000))));
        Self::new(earlier).unwrap_or(Self(Date::new(*DAY_YEARS.start(), 1, 1).unwrap_or(self.0)))
    }

    /// The number YYYYMMDD.
    #[must_use]
    pub fn number(self) -> u32 {
        let part = |part: i8| u32::from(part.unsigned_abs());
        u32::from(self.0.year().unsigned_abs()) * 10_000 + part(self.0.month()) * 100 + part(self.0.day())
    }

    /// The day with the number YYYYMMDD.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        let part = |value: u32| i8::try_from(value).ok();
        let date = Date::new(i16::try_from(number / 10_000).ok()?, part(number / 100 % 100)?, part(number % 100)?).ok()?;
        Self::new(date).ok()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Day {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let date = crate::facts::dates::parse_date(text).ok_or(Malformed { what: "day" })?;
        Self::new(date)
    }
}

impl TryFrom<String> for Day {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.to_string()
    }
}

impl<C> Encode<C> for Day {
    fn encode<W: minicbor::encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u32(self.number())?;
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Day {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::from_number(d.u32()?).ok_or_else(|| minicbor::decode::Error::message("day"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_number_and_no_other_number_is_a_day() {
        let day: Day = "2026/11/21".parse().unwrap();
        assert_eq!((day.number(), day.to_string().as_str()), (20_261_121, "2026-11-21"));
        assert_eq!(Day::from_number(20_261_121), Some(day));
        for bad in [0, 20_261_131, 20_261_321, 19_891_231, 22_000_101, u32::MAX] {
            assert_eq!(Day::from_number(bad), None, "{bad}");
        }
        assert_eq!(day.plus_days(10).number(), 20_261_201);
    }
}
