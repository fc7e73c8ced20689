use proptest::prelude::*;

use super::*;

/// What an attacker would put into a name, a conduct, an error's detail.
pub(crate) const HOSTILE: &[&str] = &[
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}]52;c;ZXZpbA==\u{7}",
    "\u{1b}]0;title\u{9c}",
    "\u{9b}31m",
    "\u{90}q\u{9c}",
    "\u{202e}gpj.exe",
    "\u{2066}a\u{2069}\u{200f}",
    "a\u{200b}b\u{200d}c\u{feff}",
    "\u{e0041}\u{e007f}",
    "\r\n\t\u{0}\u{8}\u{7f}",
    "\u{301}\u{301}\u{301}at the beginning",
    "\u{1100}\u{1100}\u{1100}\u{1100}\u{1100}\u{1100}\u{1161}",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "\u{fdfd}\u{12219}",
    "ཧཱུྃ་རྒྱ",
    "海口市住房公积金管理局",
];

fn is_clean(shown: &Shown) {
    let mut marks = MARKS_MAX;
    for c in shown.as_str().chars() {
        assert!(!c.is_control() && !is_invisible(c), "{c:?} in {shown:?}");
        marks = if c.width().unwrap_or(0) == 0 { marks + 1 } else { 0 };
        assert!(marks <= MARKS_MAX, "{shown:?}");
    }
    assert!(shown.as_str().chars().count() <= SHOWN_MAX_CHARS);
    assert!(shown.clusters().all(|(_, width)| (1..=2).contains(&width)), "{shown:?}");
}

#[test]
fn nothing_but_text_is_left() {
    for hostile in HOSTILE {
        is_clean(&Shown::new(hostile));
    }
    assert_eq!(Shown::new("海口市\u{1b}[2Jx\u{9b}31m\u{7f}").as_str(), "海口市[2Jx31m");
    assert_eq!(Shown::new("a\u{202e}b\u{2066}c\u{200b}d\u{e0041}").as_str(), "abcd");
    assert_eq!(Shown::new("one\ntwo\ttab\r").as_str(), "one two tab ");
}

#[test]
fn the_short_way_measures_as_the_long_one() {
    for c in (0..=0x1_ffff).filter_map(char::from_u32).filter(|c| plain_columns(*c).is_some()) {
        let text = format!("{c}{c}");
        assert!(!c.is_control() && !is_invisible(c), "{c:?}");
        assert_eq!((text.graphemes(true).count(), plain_columns(c)), (2, c.width()), "{c:?}");
    }
}

#[test]
fn marks_and_length_are_bounded() {
    let zalgo = format!("a{}b", "\u{301}".repeat(200_000));
    assert!(Shown::new(&zalgo).as_str().len() < 20);
    assert_eq!(Shown::new(&"长".repeat(10_000)).as_str().chars().count(), SHOWN_MAX_CHARS);
    assert_eq!(Shown::lines(&"a\n".repeat(100_000)).len(), SHOWN_MAX_LINES);
}

#[test]
fn a_cut_is_never_inside_a_character() {
    let name = Shown::new("三亚市住房公积金管理局");
    for columns in 0..30 {
        let cut = name.fit(columns);
        assert!(cut.width() <= columns, "{columns}: {cut}");
    }
    assert_eq!(name.fit(7).as_str(), "三亚..");
    assert_eq!(name.fit(8).as_str(), "三亚市..");
    assert_eq!(name.fit(22), name);
}

#[test]
fn a_masked_number_shows_its_ends_only() {
    assert_eq!(Shown::masked("460100199001011234").as_str(), "460***********1234");
    assert_eq!(Shown::masked("E12345678").as_str(), "*******78");
    assert_eq!(Shown::masked("1").as_str(), "*");
}

proptest! {
    #[test]
    fn whatever_comes_is_clean_and_fits(text in "\\PC*|(?s).{0,300}", columns in 0_usize..40) {
        let shown = Shown::new(&text);
        is_clean(&shown);
        let cut = shown.fit(columns);
        is_clean(&cut);
        prop_assert!(cut.width() <= columns);
        for line in shown.wrap(columns) {
            is_clean(&line);
            prop_assert!(line.width() <= columns.max(2));
        }
    }

    #[test]
    fn hostile_parts_in_any_order_stay_clean(parts in prop::collection::vec(prop::sample::select(HOSTILE), 0..12)) {
        is_clean(&Shown::new(&parts.concat()));
    }

    #[test]
    fn joining_clean_texts_is_clean(a in "(?s).{0,60}", b in "(?s).{0,60}") {
        is_clean(&Shown::new(&a).and(&Shown::new(&b)));
    }
}
