//! Days and months from text. Three forms of a day are accepted, because exports use all three: `20240131`, `2024-01-31`, `2024/1/31`.

use jiff::civil::Date;

use super::text::fold;
use super::{Month, YEAR_MAX, YEAR_MIN};

/// A calendar day in one of the three forms, also `2024.1.31` and `2024年1月31日`; a time of day after a space or `T` is ignored when it
/// is one. The year is one a [`Month`] may have.
#[must_use]
pub fn parse_date(text: &str) -> Option<Date> {
    let folded = fold(text);
    let day = without_time(&folded)?;
    let (year, month, day) = if is_digits(day, 8) { (&day[..4], &day[4..6], &day[6..]) } else { three_parts(day)? };
    build(year, month, day)
}

/// A month: `202401`, `2024-01`, `2024/1`, `2024年1月`, or any form of a day in it.
#[must_use]
pub fn parse_month(text: &str) -> Option<Month> {
    let folded = fold(text);
    if is_digits(&folded, 6) {
        return Month::new(folded[..4].parse().ok()?, folded[4..].parse().ok()?);
    }
    if let Some((year, month)) = two_parts(&folded) {
        return Month::new(year.parse().ok()?, month.parse().ok()?);
    }
    parse_date(&folded).and_then(Month::of)
}

/// The part before a time of day; nothing when what follows is not a time of day.
fn without_time(text: &str) -> Option<&str> {
    let Some((day, time)) = text.split_once([' ', 'T']) else { return Some(text) };
    let is_time = !time.is_empty() && time.bytes().all(|b| b.is_ascii_digit() || b == b':' || b == b'.');
    is_time.then_some(day)
}

fn three_parts(text: &str) -> Option<(&str, &str, &str)> {
    if let Some(rest) = text.strip_suffix('日') {
        let (year, rest) = rest.split_once('年')?;
        let (month, day) = rest.split_once('月')?;
        return Some((year, month, day));
    }
    for separator in ['-', '/', '.'] {
        let mut parts = text.split(separator);
        if let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next()) {
            return Some((year, month, day));
        }
    }
    None
}

fn two_parts(text: &str) -> Option<(&str, &str)> {
    let (year, month) = match text.strip_suffix('月') {
        Some(rest) => rest.split_once('年')?,
        None => text.split_once(['-', '/', '.'])?,
    };
    (is_digits(year, 4) && short_digits(month)).then_some((year, month))
}

fn build(year: &str, month: &str, day: &str) -> Option<Date> {
    if !is_digits(year, 4) || !short_digits(month) || !short_digits(day) {
        return None;
    }
    let year: u16 = year.parse().ok()?;
    if !(YEAR_MIN..=YEAR_MAX).contains(&year) {
        return None;
    }
    Date::new(i16::try_from(year).ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_digit())
}

fn short_digits(text: &str) -> bool {
    is_digits(text, 1) || is_digits(text, 2)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_three_forms_of_a_day_mean_the_same_day() {
        for text in [
            "20240131",
            "2024-01-31",
            "2024/1/31",
            "2024.1.31",
            "2024年1月31日",
            " ２０２４－０１－３１ ",
            "2024-01-31 00:00:00",
            "2024-01-31T09:30",
        ] {
            assert_eq!(parse_date(text), Some(date(2024, 1, 31)), "{text}");
        }
    }

    #[test]
    fn an_impossible_day_is_no_day() {
        for text in [
            "",
            "20240230",
            "2023-02-29",
            "2024-13-01",
            "2024-00-10",
            "1899-12-31",
            "3000-01-01",
            "24-1-31",
            "2024-1",
            "2024131",
            "2024-01-31 x",
            "45322",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn a_month_is_read_in_its_forms_and_never_guessed() {
        for text in ["202401", "2024-01", "2024/1", "2024年1月", "20240131", "２０２４０１"] {
            assert_eq!(parse_month(text), Month::new(2024, 1), "{text}");
        }
        for text in ["", "202413", "202400", "189912", "2024", "2401", "2024-", "2024-1-"] {
            assert_eq!(parse_month(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_day_is_read_back_from_every_form(year in 1900_i16..2999, month in 1_i8..=12, day in 1_i8..=28) {
            let expected = Some(date(year, month, day));
            prop_assert_eq!(parse_date(&format!("{year}{month:02}{day:02}")), expected);
            prop_assert_eq!(parse_date(&format!("{year}-{month:02}-{day:02}")), expected);
            prop_assert_eq!(parse_date(&format!("{year}/{month}/{day}")), expected);
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in ".{0,40}") {
            let _ = (parse_date(&text), parse_month(&text));
        }

        #[test]
        fn months_count_without_gaps(index in 1900 * 12..2999 * 12) {
            let month = Month::from_index(index).unwrap();
            prop_assert_eq!(month.index(), index);
            prop_assert_eq!(month.months_since(month.previous().unwrap_or(month)), i32::from(index > 1900 * 12));
        }
    }
}
