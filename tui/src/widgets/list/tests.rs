use ratatui::buffer::Buffer;

use super::*;
use crate::theme::Theme;

struct Person(u32, &'static str);

impl Row for Person {
    fn cells(&self, _words: Words, _now: anju_core::time::Time) -> Vec<(Tone, Shown)> {
        vec![(Tone::Plain, Shown::of(self.0)), (Tone::Plain, Shown::new(self.1))]
    }
    fn key(&self) -> String {
        self.0.to_string()
    }
}

const COLUMNS: &[Column] =
    &[Column { word: "workbench.column-case", min: 8, grow: 0 }, Column { word: "workbench.column-state", min: 6, grow: 1 }];
const AREA: Rect = Rect { x: 0, y: 0, width: 20, height: 7 };
const NOW: anju_core::time::Time = anju_core::time::Time(0);

fn list(count: u32) -> List<Person> {
    let mut list = List::new(COLUMNS);
    let names = ["三亚市住房公积金管理局", "海口", "Danzhou"];
    list.set((0..count).map(|i| Person(i, names[i as usize % 3])).collect());
    list
}

fn drawn(list: &List<Person>) -> Vec<String> {
    let (mut buffer, theme) = (Buffer::empty(AREA), Theme::default());
    list.draw(Words::English, NOW, AREA, &mut Canvas::new(&mut buffer, &theme));
    (0..AREA.height).map(|y| (0..AREA.width).map(|x| buffer[(x, y)].symbol()).collect::<String>()).collect()
}

fn filter(list: &mut List<Person>, how: &Cmd, text: &str) {
    assert!(list.on(how, AREA));
    text.chars().for_each(|c| assert!(list.on(&Cmd::Edit(Edit::Insert(c)), AREA)));
    while list.deadline().is_some() {
        list.tick(Words::English, NOW);
    }
}

#[test]
fn rows_in_sight_follow_the_selection_and_nothing_is_cut_in_half() {
    let mut list = list(100_000);
    assert!(drawn(&list)[1].starts_with("0 "));
    list.on(&Cmd::Move(Move::Bottom), AREA);
    let rows = drawn(&list);
    assert!(rows[5].starts_with("99999") && rows[1].starts_with("99995"), "{rows:?}");
    assert!(rows[6].trim_start().starts_with("100000/100000"));
    list.on(&Cmd::Move(Move::Up), AREA);
    assert!(drawn(&list)[5].starts_with("99999"), "the view stays while the selection moves within it");
    list.on(&Cmd::Move(Move::Top), AREA);
    list.on(&Cmd::Move(Move::PageDown), AREA);
    assert_eq!(list.selected().map(|row| row.0), Some(5));
    // Ten columns are left for the name: four characters and two dots.
    assert!(drawn(&list).iter().any(|row| row.replace(' ', "").ends_with("三亚市住..")), "{:?}", drawn(&list));
}

#[test]
fn a_filter_keeps_what_it_finds_and_its_inverse_the_rest() {
    let mut list = list(3_000);
    filter(&mut list, &Cmd::Filter, "DANZ");
    assert_eq!(list.len(), 1_000);
    assert!(list.typing());
    assert!(list.on(&Cmd::Open, AREA));
    assert!(!list.typing());
    list.on(&Cmd::Move(Move::Bottom), AREA);
    assert_eq!(list.selected().map(|row| row.0), Some(2_999));
    filter(&mut list, &Cmd::FilterNot, "");
    assert_eq!(list.len(), 2_000);
    assert!(list.on(&Cmd::Back, AREA), "the first Esc takes the filter away");
    assert!(!list.on(&Cmd::Back, AREA), "the next is not for the list");
    assert_eq!(list.len(), 3_000);
}

#[test]
fn a_filter_looks_at_a_bounded_number_of_rows_at_a_time() {
    let mut list = list(10 * u32::try_from(FILTER_STEP_ROWS).unwrap());
    list.on(&Cmd::Filter, AREA);
    list.on(&Cmd::Edit(Edit::Insert('海')), AREA);
    list.tick(Words::English, NOW);
    assert_eq!(list.len(), FILTER_STEP_ROWS / 3);
    assert!(list.deadline().is_some());
}

#[test]
fn the_selection_stays_on_its_row_when_rows_come_anew() {
    let mut list = list(10);
    (0..4).for_each(|_| assert!(list.on(&Cmd::Move(Move::Down), AREA)));
    list.set((2..20).map(|i| Person(i, "x")).collect());
    assert_eq!(list.selected().map(|row| row.0), Some(4));
    list.set(Vec::new());
    assert!(list.selected().is_none() && list.is_empty());
}

#[test]
fn a_file_gets_what_the_filter_leaves() {
    let mut list = list(9);
    filter(&mut list, &Cmd::Filter, "海口");
    let sheet = list.sheet(Words::English, NOW);
    assert_eq!(sheet.head, ["Case", "State"]);
    let rows: Vec<_> = sheet.rows.collect();
    assert_eq!(rows, [["1", "海口"], ["4", "海口"], ["7", "海口"]]);
}

#[test]
fn a_click_selects_the_row_under_it() {
    let mut list = list(100);
    list.on(&Cmd::Move(Move::Bottom), AREA);
    assert!(list.on(&Cmd::Click { column: 3, row: 2 }, AREA));
    assert_eq!(list.selected().map(|row| row.0), Some(96));
    assert!(!list.on(&Cmd::Click { column: 30, row: 2 }, AREA));
}
