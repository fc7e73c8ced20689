use proptest::prelude::*;
use ratatui::buffer::Buffer;

use super::*;
use crate::theme::Theme;

fn drawn(editor: &Editor, columns: u16, rows: u16) -> (Vec<String>, (u16, u16)) {
    let area = Rect { x: 0, y: 0, width: columns, height: rows };
    let (mut buffer, theme) = (Buffer::empty(area), Theme::default());
    let mut canvas = Canvas::new(&mut buffer, &theme);
    editor.draw(area, true, &mut canvas);
    let cursor = canvas.cursor().unwrap();
    let row = |y: u16| (0..columns).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    ((0..rows).map(row).collect(), cursor)
}

fn typed(editor: &mut Editor, text: &str) {
    text.chars().for_each(|c| editor.on(&Edit::Insert(c)));
}

#[test]
fn the_cursor_stands_where_the_next_character_will() {
    let mut editor = Editor::line(100);
    typed(&mut editor, "海口a");
    assert_eq!(drawn(&editor, 20, 1).1, (5, 0));
    editor.on(&Edit::Cursor(Move::Left));
    editor.on(&Edit::Cursor(Move::Left));
    assert_eq!(drawn(&editor, 20, 1).1, (2, 0));
    editor.on(&Edit::Backspace);
    assert_eq!(editor.text(), "口a");
}

#[test]
fn a_long_line_scrolls_and_an_area_wraps() {
    let mut line = Editor::line(100);
    typed(&mut line, "三亚市住房公积金管理局");
    let (rows, cursor) = drawn(&line, 9, 1);
    assert_eq!((rows[0].replace(' ', ""), cursor), ("金管理局".to_owned(), (8, 0)));
    let mut area = Editor::area(100);
    typed(&mut area, "三亚市住房公积金");
    area.newline();
    typed(&mut area, "x");
    let (rows, cursor) = drawn(&area, 9, 4);
    assert_eq!(rows.iter().map(|r| r.replace(' ', "")).collect::<Vec<_>>(), ["三亚市住", "房公积金", "x", ""]);
    assert_eq!(cursor, (1, 2));
    assert_eq!(area.text(), "三亚市住房公积金\nx");
}

#[test]
fn what_is_pasted_is_cleaned_and_bounded() {
    let mut editor = Editor::line(10);
    editor.on(&Edit::Paste("46\u{1b}[2J\u{202e}0\r\n".to_owned()));
    assert_eq!(editor.text(), "46[2J0");
    editor.on(&Edit::Paste("9".repeat(100_000)));
    assert_eq!(editor.text().chars().count(), 10);
    editor.on(&Edit::Clear);
    assert!(editor.is_empty());
}

#[test]
fn a_mark_joins_the_letter_before_it() {
    let mut editor = Editor::line(10);
    typed(&mut editor, "e\u{301}x");
    editor.on(&Edit::Backspace);
    assert_eq!(editor.text(), "e\u{301}");
    editor.on(&Edit::Backspace);
    assert!(editor.is_empty());
}

fn edits() -> impl Strategy<Value = Edit> {
    prop_oneof![
        any::<char>().prop_map(Edit::Insert),
        prop::sample::select(vec!['海', 'a', ' ']).prop_map(Edit::Insert),
        "(?s).{0,20}".prop_map(Edit::Paste),
        Just(Edit::Backspace),
        Just(Edit::Delete),
        Just(Edit::DeleteWord),
        prop::sample::select(vec![Move::Left, Move::Right, Move::Up, Move::Down, Move::Top, Move::Bottom]).prop_map(Edit::Cursor),
    ]
}

proptest! {
    #[test]
    fn whatever_is_typed_stays_bounded_and_the_cursor_in_the_field(
        edits in prop::collection::vec(edits(), 0..60), several in any::<bool>(), columns in 2_u16..30, rows in 1_u16..5,
    ) {
        let mut editor = if several { Editor::area(40) } else { Editor::line(40) };
        for edit in &edits {
            editor.on(edit);
            if several {
                editor.newline();
            }
            prop_assert!(editor.text().chars().count() <= 40);
            let (_, (x, y)) = drawn(&editor, columns, rows);
            prop_assert!(x < columns && y < rows, "{x},{y}");
        }
    }
}
