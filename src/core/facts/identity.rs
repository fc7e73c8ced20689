//! Identity numbers: GB 11643-1999 for people, GB 32100-2015 for organisations, and the mere form of every other document.
//!
//! A number that fails here does not enter the system, because everything later (certificates, the list) is keyed on it.
//! What must never be here: an error that repeats the number.

use jiff::civil::Date;

use super::text::{identifier, is_hostile};

/// Longest number of a document that is not an identity card, in characters.
pub const DOCUMENT_NO_MAX_CHARS: usize = 40;
/// Earliest year of birth that is believed.
pub const BIRTH_YEAR_MIN: i16 = 1880;

const RESIDENT_CHARS: usize = 18;
const RESIDENT_OLD_CHARS: usize = 15;
const RESIDENT_WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const RESIDENT_CHECKS: &[u8; 11] = b"10X98765432";
const CREDIT_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const CREDIT_CHARS: usize = 18;
const CREDIT_MODULUS: u32 = 31;

/// Why a number is not what it claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Neither 18 nor 15 characters (or not the document's length).
    #[error("wrong length")]
    Length,
    /// A character that may not stand where it stands.
    #[error("wrong character")]
    Character,
    /// The birth date in it does not exist or cannot be.
    #[error("impossible date")]
    BirthDate,
    /// The check character does not fit the rest.
    #[error("wrong check character")]
    Check,
}

/// A resident identity number (GB 11643) in its normal form: 18 characters, half width, capital `X`. The old form of 15 digits is
/// completed with the century and the check character.
///
/// `latest_birth` is the last day on which its owner can have been born.
///
/// # Errors
/// [`IdentityError`] says what is wrong, never what was read.
pub fn resident_id(text: &str, latest_birth: Date) -> Result<String, IdentityError> {
    let mut id = identifier(text).to_uppercase();
    if !id.is_ascii() {
        return Err(IdentityError::Character);
    }
    let converted = id.len() == RESIDENT_OLD_CHARS;
    if converted {
        if !id.bytes().all(|b| b.is_ascii_digit()) {
            return Err(IdentityError::Character);
        }
        id.insert_str(6, "19");
    } else if id.len() != RESIDENT_CHARS {
        return Err(IdentityError::Length);
    }
    let (digits, check) = id.split_at(RESIDENT_CHARS - 1);
    if !digits.bytes().all(|b| b.is_ascii_digit()) || digits.starts_with('0') {
        return Err(IdentityError::Character);
    }
    check_birth_date(&digits[6..14], latest_birth)?;
    let expected = resident_check(digits.as_bytes());
    if converted {
        id.push(char::from(expected));
    } else if check.as_bytes() != [expected] {
        let possible = RESIDENT_CHECKS.contains(&check.as_bytes()[0]);
        return Err(if possible { IdentityError::Check } else { IdentityError::Character });
    }
    Ok(id)
}

/// The check character of 17 digits, by ISO 7064 MOD 11-2 as GB 11643 uses it.
fn resident_check(digits: &[u8]) -> u8 {
    let sum: u32 = digits.iter().zip(RESIDENT_WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    RESIDENT_CHECKS[(sum % 11) as usize]
}

fn check_birth_date(digits: &str, latest: Date) -> Result<(), IdentityError> {
    let part = |range: std::ops::Range<usize>| digits[range].parse::<i16>().map_err(|_| IdentityError::BirthDate);
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    let born = i8::try_from(month).ok().zip(i8::try_from(day).ok()).and_then(|(month, day)| Date::new(year, month, day).ok());
    match born {
        Some(born) if year >= BIRTH_YEAR_MIN && born <= latest => Ok(()),
        Some(_) | None => Err(IdentityError::BirthDate),
    }
}

/// A unified social credit code (GB 32100) in its normal form: 18 characters, half width, capitals.
///
/// # Errors
/// [`IdentityError`] says what is wrong.
pub fn credit_code(text: &str) -> Result<String, IdentityError> {
    let code = identifier(text).to_uppercase();
    if code.chars().count() != CREDIT_CHARS {
        return Err(IdentityError::Length);
    }
    let values: Option<Vec<u32>> =
        code.bytes().map(|b| CREDIT_ALPHABET.iter().position(|c| *c == b).and_then(|at| u32::try_from(at).ok())).collect();
    let values = values.filter(|values| values.len() == CREDIT_CHARS).ok_or(IdentityError::Character)?;
    let (body, check) = values.split_at(CREDIT_CHARS - 1);
    let mut weight = 1;
    let mut sum = 0;
    for value in body {
        sum += value * weight;
        weight = weight * 3 % CREDIT_MODULUS;
    }
    if (CREDIT_MODULUS - sum % CREDIT_MODULUS) % CREDIT_MODULUS == check[0] { Ok(code) } else { Err(IdentityError::Check) }
}

/// The number of any other document (passport, officer's card, permit), by form only: 2 to [`DOCUMENT_NO_MAX_CHARS`] characters without
/// spaces or controls, folded, capitals.
///
/// # Errors
/// [`IdentityError`] says what is wrong.
pub fn other_document(text: &str) -> Result<String, IdentityError> {
    let number = identifier(text).to_uppercase();
    if !(2..=DOCUMENT_NO_MAX_CHARS).contains(&number.chars().count()) {
        return Err(IdentityError::Length);
    }
    let plain = number.chars().all(|c| !c.is_whitespace() && !is_hostile(c)) && number.chars().any(char::is_alphanumeric);
    if plain { Ok(number) } else { Err(IdentityError::Character) }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    const LATEST: Date = date(2026, 10, 31);

    #[test]
    fn a_valid_number_is_normalised() {
        // The example number of the standard's own appendix.
        assert_eq!(resident_id("11010519491231002X", LATEST).unwrap(), "11010519491231002X");
        assert_eq!(resident_id(" １１０１０５１９４９１２３１００２ｘ", LATEST).unwrap(), "11010519491231002X");
        assert_eq!(resident_id("'460199199211165352", LATEST).unwrap(), "460199199211165352");
    }

    #[test]
    fn the_old_form_is_completed() {
        assert_eq!(resident_id("110105491231002", LATEST).unwrap(), "11010519491231002X");
    }

    #[test]
    fn every_kind_of_wrong_number_has_its_own_reason() {
        for (text, error) in [
            ("", IdentityError::Length),
            ("1101051949123100", IdentityError::Length),
            ("110105194912310021", IdentityError::Check),
            ("11010519491231002A", IdentityError::Character),
            ("1101051949123100ZX", IdentityError::Character),
            ("010105194912310021", IdentityError::Character),
            ("110105194902300021", IdentityError::BirthDate),
            ("110105187912310021", IdentityError::BirthDate),
            ("110105202611010021", IdentityError::BirthDate),
            ("11010549023000A", IdentityError::Character),
            ("身份证一二三四五六七八九十一二三四五", IdentityError::Character),
        ] {
            assert_eq!(resident_id(text, LATEST), Err(error), "{text}");
        }
    }

    #[test]
    fn a_credit_code_is_checked() {
        assert_eq!(credit_code("91460199kaj9xgfhq2").unwrap(), "91460199KAJ9XGFHQ2");
        assert_eq!(credit_code("91460199TR9Y4H34JG").unwrap(), "91460199TR9Y4H34JG");
        assert_eq!(credit_code("91460199TR9Y4H34JH"), Err(IdentityError::Check));
        assert_eq!(credit_code("91460199TR9Y4H34JI"), Err(IdentityError::Character));
        assert_eq!(credit_code("91460199TR9Y4H34J"), Err(IdentityError::Length));
    }

    #[test]
    fn other_documents_are_taken_by_form_only() {
        assert_eq!(other_document("ｅ12345678").unwrap(), "E12345678");
        assert_eq!(other_document("军字第1234567号").unwrap(), "军字第1234567号");
        assert_eq!(other_document("E1234 5678"), Err(IdentityError::Character));
        assert_eq!(other_document("--"), Err(IdentityError::Character));
        assert_eq!(other_document("E"), Err(IdentityError::Length));
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_always_noticed(serial in 0_u32..1000, day in 1_u32..=28, at in 0_usize..17, shift in 1_u8..10) {
            let digits = format!("460199199211{day:02}{serial:03}");
            let id = format!("{digits}{}", char::from(resident_check(digits.as_bytes())));
            prop_assert_eq!(resident_id(&id, LATEST), Ok(id.clone()));
            let mut wrong = id.into_bytes();
            wrong[at] = b'0' + (wrong[at] - b'0' + shift) % 10;
            prop_assert!(resident_id(&String::from_utf8(wrong).unwrap(), LATEST).is_err());
        }

        #[test]
        fn no_text_makes_the_checks_panic(text in ".{0,30}") {
            let _ = (resident_id(&text, LATEST), credit_code(&text), other_document(&text));
        }
    }
}
