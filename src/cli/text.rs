//! Text that came from outside, made safe for a terminal: nothing but text reaches it. What is taken out is the desk's to say, so that
//! a command and a screen show the same.

use anju_tui::shown::Shown;

/// `text` cleaned as the desk cleans it ([`Shown`]). Line breaks become spaces.
pub(crate) fn clean(text: &str) -> String {
    Shown::new(text).as_str().to_owned()
}

/// An identity number as the terminal shows it without a reason.
pub(crate) fn mask(number: &str) -> String {
    Shown::masked(number).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use anju_tui::shown::{MARKS_MAX, SHOWN_MAX_CHARS};

    use super::*;

    #[test]
    fn nothing_but_text_reaches_the_terminal() {
        assert_eq!(clean("海口市\u{1b}[2Jx\u{9b}31m\u{7f}"), "海口市[2Jx31m");
        assert_eq!(clean("a\u{202e}b\u{2066}c\u{200b}d\u{e0041}"), "abcd");
        assert_eq!(clean("one\ntwo\ttab\r"), "one two tab ");
        let zalgo = format!("a{}b", "\u{301}".repeat(5000));
        assert_eq!(clean(&zalgo).chars().count(), 1 + MARKS_MAX);
        assert_eq!(clean(&format!("e{}z", "\u{301}".repeat(9))), format!("e{}z", "\u{301}".repeat(MARKS_MAX)));
        assert_eq!(clean(&"长".repeat(10_000)).chars().count(), SHOWN_MAX_CHARS);
    }

    #[test]
    fn a_masked_number_shows_its_ends_only() {
        assert_eq!(mask("460100199001011234"), "460***********1234");
        assert_eq!(mask("E12345678"), "*******78");
        assert_eq!(mask("12"), "*2");
        assert_eq!(mask("1"), "*");
        assert_eq!(mask(""), "");
    }
}
