//! What every cell goes through before it means anything: trimming, folding full-width forms, and the plain shapes of text.
//!
//! Business systems pad with spaces and tabs, type digits with a Chinese input method, and put an apostrophe before a number so that
//! a spreadsheet leaves it alone. All of that is undone here, once. What must never be here: a guess about what a damaged text said.

/// Longest name of a person, in characters.
pub const NAME_MAX_CHARS: usize = 120;
/// Longest name of an employer, in characters.
pub const EMPLOYER_MAX_CHARS: usize = 200;
/// Longest account number (GRZH, DWZH) of JGJ/T 320-2014, in characters.
pub const ACCOUNT_NO_MAX_CHARS: usize = 20;
/// Longest serial or contract number, in characters.
pub const SERIAL_MAX_CHARS: usize = 64;

const FULL_WIDTH_FIRST: u32 = 0xFF01;
const FULL_WIDTH_LAST: u32 = 0xFF5E;
const FULL_WIDTH_SHIFT: u32 = 0xFEE0;

/// A full-width ASCII form or ideographic space as its ordinary character; anything else as it is.
#[must_use]
pub fn fold_char(c: char) -> char {
    match c as u32 {
        0x3000 => ' ',
        wide @ FULL_WIDTH_FIRST..=FULL_WIDTH_LAST => char::from_u32(wide - FULL_WIDTH_SHIFT).unwrap_or(c),
        _ => c,
    }
}

/// Whether `c` is padding: any Unicode space, a byte-order mark, or a zero-width mark that exports leave behind.
#[must_use]
pub fn is_padding(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{FEFF}' | '\u{200B}'..='\u{200D}' | '\u{2060}')
}

/// `text` without padding at its ends.
#[must_use]
pub fn trim(text: &str) -> &str {
    text.trim_matches(is_padding)
}

/// `text` trimmed and with full-width forms folded: what numbers, dates and codes are read from.
#[must_use]
pub fn fold(text: &str) -> String {
    trim(text).chars().map(fold_char).collect()
}

/// An identifier as meant: folded, and freed of the spreadsheet's text marks (a leading apostrophe, or `="…"` around it).
#[must_use]
pub fn identifier(text: &str) -> String {
    let folded = fold(text);
    let inner = folded.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(&folded);
    trim(inner.strip_prefix('\'').unwrap_or(inner)).to_owned()
}

/// Text shown to people (a name), trimmed and otherwise unchanged; nothing when it is empty, longer than `max_chars`, damaged, or holds
/// a character that controls a terminal or the direction of writing.
#[must_use]
pub fn shown(text: &str, max_chars: usize) -> Option<&str> {
    let text = trim(text);
    let fits = !text.is_empty() && text.chars().count() <= max_chars;
    (fits && !text.chars().any(is_hostile)).then_some(text)
}

/// Characters that a masked number shows at its beginning, if it is long, and at its end.
const MASK_HEAD_CHARS: usize = 3;
const MASK_TAIL_CHARS: usize = 4;
/// A number of at least so many characters is long.
const MASK_LONG_CHARS: usize = 15;
/// Most characters that a shorter number shows of its end.
const MASK_SHORT_TAIL_CHARS: usize = 2;

/// An identity or account number as it is shown without a reason: the first three and the last four characters, the rest as stars. A
/// shorter one shows at most its last two, and never more than half of it.
#[must_use]
pub fn masked(number: &str) -> String {
    let count = number.chars().count();
    let long = count >= MASK_LONG_CHARS;
    let (head, tail) = if long { (MASK_HEAD_CHARS, MASK_TAIL_CHARS) } else { (0, (count / 2).min(MASK_SHORT_TAIL_CHARS)) };
    number.chars().enumerate().map(|(i, c)| if i < head || i + tail >= count { c } else { '*' }).collect()
}

/// Whether `c` has no business in a name: controls, the replacement character, and the marks that turn or hide text.
#[must_use]
pub fn is_hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{FFFD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// A folded account number: 1 to [`ACCOUNT_NO_MAX_CHARS`] ASCII letters, digits or hyphens.
#[must_use]
pub fn is_account_no(text: &str) -> bool {
    is_token(text, ACCOUNT_NO_MAX_CHARS)
}

/// A folded serial or contract number: 1 to [`SERIAL_MAX_CHARS`] printable ASCII characters or letters, no space.
#[must_use]
pub fn is_serial(text: &str) -> bool {
    let fits = !text.is_empty() && text.chars().count() <= SERIAL_MAX_CHARS;
    fits && text.chars().all(|c| c.is_ascii_graphic() || c.is_alphanumeric())
}

fn is_token(text: &str, max: usize) -> bool {
    !text.is_empty() && text.len() <= max && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// A yes or a no, as exports write them: `1 Y YES T TRUE 是 有` and `0 N NO F FALSE 否 无`; nothing for anything else.
#[must_use]
pub fn parse_bool(text: &str) -> Option<bool> {
    match fold(text).to_uppercase().as_str() {
        "1" | "01" | "Y" | "YES" | "T" | "TRUE" | "是" | "有" => Some(true),
        "0" | "00" | "N" | "NO" | "F" | "FALSE" | "否" | "无" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_digits_and_padding_are_folded_away() {
        assert_eq!(fold("\u{FEFF}　４６０１－Ｘ \t"), "4601-X");
        assert_eq!(identifier("'460100"), "460100");
        assert_eq!(identifier("=\"０460100\""), "0460100");
    }

    #[test]
    fn a_name_with_a_terminal_escape_or_a_turned_text_is_refused() {
        assert_eq!(shown(" 阿依古丽·买买提 ", NAME_MAX_CHARS), Some("阿依古丽·买买提"));
        for bad in ["", "  ", "张\u{1b}[31m三", "张\u{202e}三", "张\u{FFFD}", "张\u{200b}三"] {
            assert_eq!(shown(bad, NAME_MAX_CHARS), None, "{bad:?}");
        }
        assert_eq!(shown(&"长".repeat(NAME_MAX_CHARS + 1), NAME_MAX_CHARS), None);
    }

    #[test]
    fn an_account_number_is_a_short_token() {
        assert!(is_account_no("46010000000100000"));
        for bad in ["", "4601 0000", "4601/1", "账号", "123456789012345678901"] {
            assert!(!is_account_no(bad), "{bad}");
        }
    }

    #[test]
    fn a_yes_or_no_is_never_guessed() {
        assert_eq!((parse_bool(" 是 "), parse_bool("n"), parse_bool("１")), (Some(true), Some(false), Some(true)));
        assert_eq!((parse_bool(""), parse_bool("2"), parse_bool("maybe")), (None, None, None));
    }
}
