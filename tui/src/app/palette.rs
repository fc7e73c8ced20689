//! The palette and the command line: everything that can be done now, found by its Chinese name, its English name, or the pinyin of
//! either kind (`gzt` and `gongzuotai` find the work queue).

use anju_core::desk::CaseRef;
use pinyin::ToPinyin;
use ratatui::layout::Rect;

use crate::canvas::{Canvas, centred};
use crate::cmd::{Cmd, Edit, Move};
use crate::screen::{ScreenId, Target};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::editor::Editor;
use crate::words::Words;

const INPUT_MAX_CHARS: usize = 120;
const COLUMNS: u16 = 60;
const ROWS: u16 = 14;

/// What is done when an item is picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pick {
    /// Another view.
    View(ScreenId),
    /// A command, as if its key had been pressed.
    Command(&'static str),
    /// A case or a certificate, by its number.
    Open(Target),
}

#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) pick: Pick,
    label: Shown,
    key: Shown,
    names: Vec<String>,
}

impl Item {
    pub(crate) fn new(pick: Pick, words: Words, word: &str, key: Shown) -> Self {
        let chinese = Words::Chinese.say(word);
        let mut names = vec![chinese.as_str().to_lowercase(), Words::English.say(word).as_str().to_lowercase()];
        let (initials, full) = romanised(chinese.as_str());
        names.extend([initials, full]);
        Self { pick, label: words.say(word), key, names }
    }

    /// How well it answers to `typed`: less is better.
    fn rank(&self, typed: &str) -> Option<usize> {
        let rank = |name: &String| match name.find(typed) {
            Some(0) => Some(0),
            Some(_) => Some(1),
            None => follows(name, typed).then_some(2),
        };
        self.names.iter().filter_map(rank).min()
    }
}

/// First letters and whole syllables of what is Chinese in `text`; the rest as it is.
fn romanised(text: &str) -> (String, String) {
    let (mut initials, mut full) = (String::new(), String::new());
    for (c, sound) in text.chars().zip(text.to_pinyin()) {
        match sound {
            Some(sound) => {
                initials.push_str(sound.first_letter());
                full.push_str(sound.plain());
            }
            None if c.is_alphanumeric() => {
                initials.extend(c.to_lowercase());
                full.extend(c.to_lowercase());
            }
            None => {}
        }
    }
    (initials, full)
}

/// Whether the letters of `typed` stand in `name` in their order.
fn follows(name: &str, typed: &str) -> bool {
    let mut letters = name.chars();
    typed.chars().all(|wanted| letters.any(|c| c == wanted))
}

/// The palette with what was typed.
#[derive(Debug)]
pub(crate) struct Palette {
    items: Vec<Item>,
    text: Editor,
    found: Vec<usize>,
    selected: usize,
    line: bool,
}

impl Palette {
    /// `line` draws it as a command line at the bottom.
    pub(crate) fn new(items: Vec<Item>, line: bool) -> Self {
        let found = (0..items.len()).collect();
        Self { items, text: Editor::line(INPUT_MAX_CHARS), found, selected: 0, line }
    }

    /// Takes a command; the pick when one was made, `Err` when it was left.
    pub(crate) fn on(&mut self, cmd: &Cmd) -> Result<Option<Pick>, ()> {
        match cmd {
            Cmd::Back | Cmd::Palette | Cmd::Interrupt => return Err(()),
            Cmd::Edit(Edit::Backspace) if self.line && self.text.is_empty() => return Err(()),
            Cmd::Edit(Edit::Cursor(Move::Up)) | Cmd::Previous => self.selected = self.selected.saturating_sub(1),
            Cmd::Edit(Edit::Cursor(Move::Down)) | Cmd::Next => {
                self.selected = (self.selected + 1).min(self.found.len().saturating_sub(1));
            }
            Cmd::Edit(edit) => {
                self.text.on(edit);
                self.find();
            }
            Cmd::Open => {
                let picked = self.found.get(self.selected).map(|i| self.items[*i].pick.clone());
                return self.numbered().map(Pick::Open).or(picked).map_or(Err(()), |pick| Ok(Some(pick)));
            }
            _ => {}
        }
        Ok(None)
    }

    /// The case, listing or certificate whose number was typed.
    fn numbered(&self) -> Option<Target> {
        let typed = self.text.text();
        let typed = typed.trim();
        let case = typed.parse::<CaseRef>().ok().map(Target::Case);
        case.or_else(|| anju_core::names::CertificateNumber::new(typed).ok().map(Target::Certificate))
    }

    fn find(&mut self) {
        let typed = self.text.text().trim().to_lowercase();
        let mut found: Vec<(usize, usize)> =
            self.items.iter().enumerate().filter_map(|(i, item)| item.rank(&typed).map(|rank| (rank, i))).collect();
        found.sort_unstable();
        self.found = found.into_iter().map(|(_, i)| i).collect();
        self.selected = 0;
    }

    pub(crate) fn draw(&self, words: Words, area: Rect, canvas: &mut Canvas<'_>) {
        let rows = if self.line { ROWS.min(u16::try_from(self.found.len()).unwrap_or(ROWS) + 2) } else { ROWS };
        let mut place = centred(area, COLUMNS, rows);
        if self.line {
            place = Rect { x: area.x, y: area.bottom().saturating_sub(rows), ..place };
        }
        canvas.fill(place, Tone::Dialog);
        canvas.fill(Rect { height: 1.min(place.height), ..place }, Tone::Bar);
        let title = words.say(if self.line { "palette.line" } else { "palette.title" });
        canvas.text(place.x + 1, place.y, place.width.saturating_sub(2), Tone::Bar, &title);
        let used = canvas.text(place.x + 1, place.y + 1, 2, Tone::Key, &Shown::new(if self.line { ":" } else { ">" }));
        let input = Rect { x: place.x + 2 + used, y: place.y + 1, width: place.width.saturating_sub(4), height: 1 };
        let room = usize::from(place.height.saturating_sub(2));
        let first = (self.selected + 1).saturating_sub(room);
        for (row, i) in (place.y + 2..place.bottom()).zip(self.found.iter().skip(first)) {
            let item = &self.items[*i];
            canvas.text(place.x + 2, row, place.width.saturating_sub(14), Tone::Plain, &item.label);
            canvas.right(place.x, row, place.width.saturating_sub(1), Tone::Key, &item.key);
            if self.found.get(self.selected) == Some(i) {
                canvas.paint(Rect { y: row, height: 1, ..place }, Tone::Selected);
            }
        }
        if self.found.is_empty() && self.numbered().is_none() {
            canvas.text(place.x + 2, place.y + 2, place.width.saturating_sub(3), Tone::Dim, &words.say("palette.nothing"));
        }
        self.text.draw(input, true, canvas);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(typed: &str) -> Vec<&'static str> {
        let item = |word, id| Item::new(Pick::Command(id), Words::Chinese, word, Shown::default());
        let items = vec![item("screen.workbench", "workbench"), item("screen.federation", "federation"), item("screen.system", "system")];
        let mut palette = Palette::new(items, false);
        for c in typed.chars() {
            let _ = palette.on(&Cmd::Edit(Edit::Insert(c)));
        }
        palette.found.iter().filter_map(|i| if let Pick::Command(id) = palette.items[*i].pick { Some(id) } else { None }).collect()
    }

    #[test]
    fn things_are_found_by_chinese_english_and_pinyin() {
        for typed in ["工作", "gzt", "gongzuotai", "work", "GZT"] {
            assert_eq!(found(typed).first(), Some(&"workbench"), "{typed}");
        }
        assert_eq!(found("lianb").first(), Some(&"federation"));
        assert_eq!(found("xt").first(), Some(&"system"));
        assert!(found("zzz").is_empty());
    }

    #[test]
    fn a_number_opens_what_it_names() {
        let mut palette = Palette::new(Vec::new(), true);
        assert_eq!(palette.on(&Cmd::Edit(Edit::Paste("C46010-A45\n".to_owned()))), Ok(None));
        let opened = palette.on(&Cmd::Open);
        assert_eq!(opened, Ok(Some(Pick::Open(Target::Case("C46010-A45".parse().unwrap())))));
    }
}
