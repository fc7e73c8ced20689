//! Text that came from outside, made safe for a terminal: nothing but text reaches it.

/// Longest text from outside that is shown in one place, in characters.
const SHOWN_MAX_CHARS: usize = 2000;
/// Most combining marks kept after one character; more is an attempt to paint over the neighbours.
const MARKS_MAX: usize = 4;

/// `text` without control characters (C0, C1, DEL), bidirectional overrides, zero-width and tag characters, and with at most
/// [`MARKS_MAX`] combining marks in a row. Line breaks become spaces.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(SHOWN_MAX_CHARS * 4));
    let mut marks = 0;
    for c in text.chars().take(SHOWN_MAX_CHARS) {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        match c {
            '\n' | '\t' => out.push(' '),
            _ if c.is_control() || is_invisible(c) || marks > MARKS_MAX => {}
            _ => out.push(c),
        }
    }
    out
}

const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}'
        | '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{e0100}'..='\u{e01ef}')
}

const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// An identity number as the terminal shows it: the first three and the last four characters, the rest as stars. Shorter ones show
/// only their last two.
pub(crate) fn mask(number: &str) -> String {
    let chars: Vec<char> = clean(number).chars().collect();
    let (head, tail) = if chars.len() >= 15 { (3, 4) } else { (0, 2.min(chars.len() / 2)) };
    let shown = |i: usize| i < head || i + tail >= chars.len();
    chars.iter().enumerate().map(|(i, c)| if shown(i) { *c } else { '*' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_text_reaches_the_terminal() {
        assert_eq!(clean("海口市\u{1b}[2Jx\u{9b}31m\u{7f}"), "海口市[2Jx31m");
        assert_eq!(clean("a\u{202e}b\u{2066}c\u{200b}d\u{e0041}"), "abcd");
        assert_eq!(clean("one\ntwo\ttab\r"), "one two tab");
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
