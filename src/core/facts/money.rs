//! Amounts and ratios from text to integers. No floating point: a 分 that is lost in a conversion is lost for good.

use super::Fen;
use super::text::fold;

/// Largest amount either way, in 分: NUMERIC(18,2) of JGJ/T 320-2014, that is sixteen digits of yuan.
pub const AMOUNT_MAX_FEN: i64 = 999_999_999_999_999_999;
/// A ratio of one, in the unit of ratios.
pub const RATIO_ONE: u32 = 10_000;
/// Longest text an amount is read from, in bytes after folding.
pub const NUMBER_MAX_BYTES: usize = 40;
const RATIO_DECIMALS: usize = 4;
const GROUP_DIGITS: usize = 3;

/// Why a text is no amount or ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Nothing there.
    #[error("empty")]
    Empty,
    /// Not a decimal number of the accepted form.
    #[error("not a number")]
    Form,
    /// More decimals than the unit has, and not zeros.
    #[error("too many decimals")]
    Decimals,
    /// Beyond what the standard's field holds.
    #[error("out of range")]
    Range,
}

/// An amount in yuan as 分: an optional sign, digits with or without correctly placed thousands separators, at most two decimals
/// (further zeros are harmless); full-width forms, surrounding spaces and a leading `¥` are accepted.
///
/// # Errors
/// [`NumberError`] for anything else; never rounded.
pub fn parse_fen(text: &str) -> Result<Fen, NumberError> {
    let folded = fold(text);
    let unsigned = folded.trim_start_matches(['¥', '￥']);
    let (negative, digits) = match unsigned.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, unsigned.strip_prefix('+').unwrap_or(unsigned)),
    };
    let magnitude = fixed_point(digits, 2)?;
    let fen = i64::try_from(magnitude).ok().filter(|fen| *fen <= AMOUNT_MAX_FEN).ok_or(NumberError::Range)?;
    Ok(Fen(if negative { -fen } else { fen }))
}

/// A ratio in 1/10,000: a fraction (`0.12`) or a percentage with its sign (`12%`), from 0 to 1. A bare `12` is not taken for 12 %.
///
/// # Errors
/// [`NumberError`] for anything else; never rounded.
pub fn parse_ratio(text: &str) -> Result<u32, NumberError> {
    let folded = fold(text);
    let (digits, decimals) = match folded.strip_suffix('%') {
        Some(percent) => (percent.trim_end(), RATIO_DECIMALS - 2),
        None => (folded.as_str(), RATIO_DECIMALS),
    };
    let value = fixed_point(digits, decimals)?;
    u32::try_from(value).ok().filter(|ratio| *ratio <= RATIO_ONE).ok_or(NumberError::Range)
}

/// A whole number such as a count of months; no sign, no separators.
///
/// # Errors
/// [`NumberError`] for anything else.
pub fn parse_count(text: &str) -> Result<u32, NumberError> {
    u32::try_from(fixed_point(&fold(text), 0)?).map_err(|_| NumberError::Range)
}

/// The digits of `text` as an integer of 10^-`decimals`.
fn fixed_point(text: &str, decimals: usize) -> Result<u64, NumberError> {
    if text.is_empty() {
        return Err(NumberError::Empty);
    }
    if text.len() > NUMBER_MAX_BYTES {
        return Err(NumberError::Range);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let whole = without_separators(whole)?;
    if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NumberError::Form);
    }
    let (kept, rest) = fraction.split_at(decimals.min(fraction.len()));
    if rest.bytes().any(|b| b != b'0') {
        return Err(NumberError::Decimals);
    }
    let digits = whole.bytes().chain(kept.bytes()).chain(std::iter::repeat_n(b'0', decimals - kept.len()));
    digits.map(|b| u64::from(b - b'0')).try_fold(0_u64, |sum, d| sum.checked_mul(10)?.checked_add(d)).ok_or(NumberError::Range)
}

/// The digits of a whole part; separators, if there are any, must stand before every third digit.
fn without_separators(whole: &str) -> Result<String, NumberError> {
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    if !all_digits(first) {
        return Err(NumberError::Form);
    }
    let mut digits = first.to_owned();
    for group in groups {
        if first.len() > GROUP_DIGITS || group.len() != GROUP_DIGITS || !all_digits(group) {
            return Err(NumberError::Form);
        }
        digits.push_str(group);
    }
    Ok(digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_amount_is_read_in_every_form_exports_use() {
        for (text, fen) in [
            ("3312.00", 331_200),
            ("3,312.5", 331_250),
            (" １，２３４．５６ ", 123_456),
            ("-1792.80", -179_280),
            ("+0", 0),
            ("¥12", 1_200),
            ("12.3400", 1_234),
            ("9999999999999999.99", AMOUNT_MAX_FEN),
        ] {
            assert_eq!(parse_fen(text), Ok(Fen(fen)), "{text}");
        }
    }

    #[test]
    fn an_amount_is_never_guessed_or_rounded() {
        for (text, error) in [
            ("", NumberError::Empty),
            ("  ", NumberError::Empty),
            ("-", NumberError::Empty),
            ("12.345", NumberError::Decimals),
            ("10000000000000000", NumberError::Range),
            ("99999999999999999999999999", NumberError::Range),
            ("1,2345", NumberError::Form),
            ("1234,567", NumberError::Form),
            (",123", NumberError::Form),
            ("1e5", NumberError::Form),
            ("1.2.3", NumberError::Form),
            ("12.", NumberError::Form),
            (".5", NumberError::Form),
            ("--1", NumberError::Form),
            ("1 2", NumberError::Form),
            ("NaN", NumberError::Form),
        ] {
            assert_eq!(parse_fen(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_ratio_is_a_fraction_or_a_percentage_with_its_sign() {
        for (text, ratio) in [("0.12", 1_200), ("12%", 1_200), ("5.5％", 550), ("0.0850", 850), ("1", 10_000), ("0", 0)] {
            assert_eq!(parse_ratio(text), Ok(ratio), "{text}");
        }
        for text in ["12", "101%", "-0.1", "0.12345", "", "%"] {
            assert!(parse_ratio(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(fen in -AMOUNT_MAX_FEN..=AMOUNT_MAX_FEN) {
            prop_assert_eq!(parse_fen(&Fen(fen).to_string()), Ok(Fen(fen)));
        }

        #[test]
        fn full_width_and_grouped_forms_mean_the_same(fen in 0..=AMOUNT_MAX_FEN) {
            let plain = Fen(fen).to_string();
            let (whole, fraction) = plain.split_once('.').unwrap();
            let mut grouped = String::new();
            for (at, digit) in whole.chars().enumerate() {
                if at > 0 && (whole.len() - at) % 3 == 0 { grouped.push(','); }
                grouped.push(digit);
            }
            let wide: String = format!("{grouped}.{fraction}").chars().map(|c| char::from_u32(c as u32 + 0xFEE0).unwrap()).collect();
            prop_assert_eq!(parse_fen(&grouped), Ok(Fen(fen / 100 * 100)));
            prop_assert_eq!(parse_fen(&wide), Ok(Fen(fen)));
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in ".{0,60}") {
            let _ = (parse_fen(&text), parse_ratio(&text), parse_count(&text));
        }
    }
}
