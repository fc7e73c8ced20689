//! A form that is checked as one types. What is checked here is form only (is this a day, is this a number of 18 places); whether it may be
//! done says the peer, and [`Form::refuse`] puts what it says beside the field.

use anju_core::listing::Day;
use ratatui::layout::Rect;

use crate::canvas::Canvas;
use crate::cmd::{Cmd, Edit, Move};
use crate::door::Secret;
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::editor::Editor;
use crate::words::Words;

/// Longest number, day or path that is typed, in characters.
const SHORT_MAX_CHARS: usize = 40;
const PATH_MAX_CHARS: usize = 1024;
/// Rows of a field of several lines.
const AREA_ROWS: u16 = 4;
/// Columns that labels take at most.
const LABEL_MAX_COLUMNS: u16 = 24;

/// What can be typed into a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A line of at most so many characters.
    Text(usize),
    /// A whole number.
    Number,
    /// A legal day, `2026-11-21`.
    Date,
    /// One of these: code and label.
    Choice(Vec<(String, Shown)>),
    /// Any of these: code and label. The value is the codes with a blank between them.
    Many(Vec<(String, Shown)>),
    /// A number of a document or account of at most so many characters: masked while another field is typed into.
    Identity(usize),
    /// Several lines of together so many characters.
    Area(usize),
    /// A passphrase.
    Secret,
    /// A file of this machine.
    Path,
}

/// What is wrong with a value: the key of its words.
pub type Check = fn(&str) -> Option<&'static str>;

/// A field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its id.
    pub id: &'static str,
    /// Its label.
    pub label: Shown,
    /// What can be typed.
    pub kind: Kind,
    /// Whether something must be typed.
    pub required: bool,
    /// What is checked beyond the kind.
    pub check: Option<Check>,
}

impl Field {
    /// A field that must be filled in.
    #[must_use]
    pub const fn required(id: &'static str, label: Shown, kind: Kind) -> Self {
        Self { id, label, kind, required: true, check: None }
    }

    /// A field that may stay empty.
    #[must_use]
    pub const fn optional(id: &'static str, label: Shown, kind: Kind) -> Self {
        Self { id, label, kind, required: false, check: None }
    }

    /// With a check beyond its kind.
    #[must_use]
    pub const fn checked(mut self, check: Check) -> Self {
        self.check = Some(check);
        self
    }
}

#[derive(Debug)]
enum Input {
    Typed(Editor),
    Chosen(usize),
    Marked { marks: Vec<bool>, at: usize },
    Secret(Secret),
}

#[derive(Debug)]
struct State {
    field: Field,
    input: Input,
    /// Complaints are shown once the field was typed into or left.
    touched: bool,
    refused: Option<Shown>,
}

/// What a form made of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormEvent {
    /// It was for the form.
    Handled,
    /// It shall be sent, and nothing is wrong with it.
    Submit,
    /// It was not for the form.
    Pass,
}

/// Fields and which of them is typed into.
#[derive(Debug, Default)]
pub struct Form {
    states: Vec<State>,
    focus: usize,
}

impl Form {
    /// An empty form.
    #[must_use]
    pub fn new(fields: Vec<Field>) -> Self {
        let state = |field: Field| {
            let input = match &field.kind {
                Kind::Text(max) | Kind::Identity(max) => Input::Typed(Editor::line(*max)),
                Kind::Number | Kind::Date => Input::Typed(Editor::line(SHORT_MAX_CHARS)),
                Kind::Path => Input::Typed(Editor::line(PATH_MAX_CHARS)),
                Kind::Area(max) => Input::Typed(Editor::area(*max)),
                Kind::Choice(_) => Input::Chosen(0),
                Kind::Many(choices) => Input::Marked { marks: vec![false; choices.len()], at: 0 },
                Kind::Secret => Input::Secret(Secret::new()),
            };
            State { field, input, touched: false, refused: None }
        };
        Self { states: fields.into_iter().map(state).collect(), focus: 0 }
    }

    /// What was typed or chosen (its code); nothing for a secret or a field that is not there.
    #[must_use]
    pub fn value(&self, id: &str) -> String {
        self.state(id).map(State::value).unwrap_or_default()
    }

    /// Takes a secret out; the field is empty then.
    pub fn take_secret(&mut self, id: &str) -> Secret {
        let state = self.states.iter_mut().find(|state| state.field.id == id);
        let Some(State { input: Input::Secret(secret), touched, .. }) = state else { return Secret::new() };
        *touched = false;
        std::mem::take(secret)
    }

    /// Puts a value in.
    pub fn set(&mut self, id: &str, value: &str) {
        let Some(state) = self.states.iter_mut().find(|state| state.field.id == id) else { return };
        match (&mut state.input, &state.field.kind) {
            (Input::Typed(editor), _) => editor.set(value),
            (Input::Chosen(at), Kind::Choice(choices)) => *at = choices.iter().position(|(code, _)| code == value).unwrap_or(0),
            (Input::Marked { marks, .. }, Kind::Many(choices)) => {
                *marks = choices.iter().map(|(code, _)| value.split(' ').any(|given| given == code)).collect();
            }
            (Input::Chosen(_) | Input::Marked { .. } | Input::Secret(_), _) => {}
        }
    }

    /// Puts what the peer said beside a field, and goes there.
    pub fn refuse(&mut self, id: &str, why: Shown) {
        if let Some(at) = self.states.iter().position(|state| state.field.id == id) {
            (self.states[at].refused, self.focus) = (Some(why), at);
        }
    }

    /// The label of a field.
    #[must_use]
    pub fn label(&self, id: &str) -> Option<Shown> {
        self.state(id).map(|state| state.field.label.clone())
    }

    /// Goes to a field.
    pub fn focus(&mut self, id: &str) {
        self.focus = self.states.iter().position(|state| state.field.id == id).unwrap_or(self.focus);
    }

    /// Whether something was typed.
    #[must_use]
    pub fn dirty(&self) -> bool {
        self.states.iter().any(|state| match &state.input {
            Input::Typed(editor) => !editor.is_empty() && state.touched,
            Input::Chosen(_) | Input::Marked { .. } => state.touched,
            Input::Secret(secret) => secret.chars() > 0,
        })
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_right(&self, words: Words) -> bool {
        self.states.iter().all(|state| state.complaint(words).is_none())
    }

    /// Takes a command.
    pub fn on(&mut self, words: Words, cmd: &Cmd) -> FormEvent {
        let last = self.states.len().saturating_sub(1);
        match cmd {
            Cmd::Next => self.leave_for((self.focus + 1).min(last)),
            Cmd::Previous => self.leave_for(self.focus.saturating_sub(1)),
            Cmd::Edit(Edit::Cursor(Move::Down)) if !self.in_area() => self.leave_for((self.focus + 1).min(last)),
            Cmd::Edit(Edit::Cursor(Move::Up)) if !self.in_area() => self.leave_for(self.focus.saturating_sub(1)),
            Cmd::Edit(edit) => {
                if let Some(state) = self.states.get_mut(self.focus) {
                    state.edit(edit);
                }
            }
            Cmd::Open if self.in_area() => self.newline(),
            Cmd::Open if self.focus < last => self.leave_for(self.focus + 1),
            Cmd::Open | Cmd::Submit => return self.submit(words),
            _ => return FormEvent::Pass,
        }
        FormEvent::Handled
    }

    fn submit(&mut self, words: Words) -> FormEvent {
        self.states.iter_mut().for_each(|state| state.touched = true);
        match self.states.iter().position(|state| state.complaint(words).is_some()) {
            Some(wrong) => {
                self.focus = wrong;
                FormEvent::Handled
            }
            None => FormEvent::Submit,
        }
    }

    fn newline(&mut self) {
        if let Some(Input::Typed(editor)) = self.states.get_mut(self.focus).map(|state| &mut state.input) {
            editor.newline();
        }
    }

    fn in_area(&self) -> bool {
        self.states.get(self.focus).is_some_and(|state| matches!(state.field.kind, Kind::Area(_)))
    }

    fn leave_for(&mut self, to: usize) {
        if let Some(state) = self.states.get_mut(self.focus) {
            state.touched = true;
        }
        self.focus = to;
    }

    fn state(&self, id: &str) -> Option<&State> {
        self.states.iter().find(|state| state.field.id == id)
    }

    /// Draws labels, fields and complaints; scrolls so that the focused field is in sight.
    pub fn draw(&self, words: Words, area: Rect, canvas: &mut Canvas<'_>) {
        let widest = self.states.iter().map(|state| state.field.label.width()).max().unwrap_or(0) + 2;
        let indent = u16::try_from(widest).unwrap_or(LABEL_MAX_COLUMNS).min(LABEL_MAX_COLUMNS);
        let upto: u16 = self.states.iter().take(self.focus + 1).map(State::rows).sum();
        let mut skip = upto.saturating_sub(area.height);
        let mut y = area.y;
        for (i, state) in self.states.iter().enumerate() {
            if skip > 0 {
                skip = skip.saturating_sub(state.rows());
                continue;
            }
            if y >= area.bottom() {
                break;
            }
            let focused = i == self.focus;
            let mark = Shown::new(if focused { "> " } else { "  " });
            let label = mark.and(&state.field.label).and(&Shown::new(if state.field.required { " *" } else { "" }));
            canvas.text(area.x, y, indent + 2, if focused { Tone::Head } else { Tone::Dim }, &label);
            let x = area.x + indent + 3;
            let rows = state.rows() - 1;
            let field = Rect { x, y, width: area.right().saturating_sub(x), height: rows.min(area.bottom() - y) };
            state.draw(field, focused, canvas);
            y += rows;
            let complaint = state.refused.clone().or_else(|| state.touched.then(|| state.complaint(words)).flatten());
            if let Some(why) = complaint.filter(|_| y < area.bottom()) {
                canvas.text(x, y, area.right().saturating_sub(x), Tone::Bad, &Shown::new("! ").and(&why));
            }
            y += 1;
        }
    }
}

impl State {
    fn value(&self) -> String {
        match (&self.input, &self.field.kind) {
            (Input::Typed(editor), _) => editor.text().trim().to_owned(),
            (Input::Chosen(at), Kind::Choice(choices)) => choices.get(*at).map(|(code, _)| code.clone()).unwrap_or_default(),
            (Input::Marked { marks, .. }, Kind::Many(choices)) => {
                let marked = choices.iter().zip(marks).filter(|(_, marked)| **marked);
                marked.map(|((code, _), _)| code.as_str()).collect::<Vec<_>>().join(" ")
            }
            (Input::Chosen(_) | Input::Marked { .. } | Input::Secret(_), _) => String::new(),
        }
    }

    fn edit(&mut self, edit: &Edit) {
        (self.touched, self.refused) = (true, None);
        match (&mut self.input, &self.field.kind) {
            (Input::Typed(editor), _) => editor.on(edit),
            (Input::Chosen(at), Kind::Choice(choices)) => {
                let count = choices.len().max(1);
                match edit {
                    Edit::Cursor(Move::Left) | Edit::Backspace => *at = (*at + count - 1) % count,
                    Edit::Cursor(Move::Right) | Edit::Insert(' ') => *at = (*at + 1) % count,
                    // A digit chooses by place.
                    Edit::Insert(c) => *at = c.to_digit(10).and_then(|n| (n as usize).checked_sub(1)).filter(|n| *n < count).unwrap_or(*at),
                    Edit::Paste(_) | Edit::Delete | Edit::DeleteWord | Edit::Clear | Edit::Cursor(_) => {}
                }
            }
            (Input::Marked { marks, at }, _) => {
                let last = marks.len().saturating_sub(1);
                let place = |c: char| c.to_digit(10).and_then(|n| (n as usize).checked_sub(1)).filter(|n| *n <= last);
                match edit {
                    Edit::Cursor(Move::Left) => *at = at.saturating_sub(1),
                    Edit::Cursor(Move::Right) => *at = (*at + 1).min(last),
                    Edit::Insert(' ') => marks.iter_mut().skip(*at).take(1).for_each(|mark| *mark = !*mark),
                    // A digit goes there and marks it.
                    Edit::Insert(c) => {
                        *at = place(*c).unwrap_or(*at);
                        marks.iter_mut().skip(*at).take(usize::from(place(*c).is_some())).for_each(|mark| *mark = !*mark);
                    }
                    Edit::Paste(_) | Edit::Backspace | Edit::Delete | Edit::DeleteWord | Edit::Clear | Edit::Cursor(_) => {}
                }
            }
            (Input::Chosen(_), _) => {}
            (Input::Secret(secret), _) => match edit {
                Edit::Insert(c) => secret.push(*c),
                Edit::Paste(text) => text.trim_end_matches(['\r', '\n']).chars().for_each(|c| secret.push(c)),
                Edit::Backspace => secret.pop(),
                Edit::Clear | Edit::DeleteWord => secret.clear(),
                Edit::Delete | Edit::Cursor(_) => {}
            },
        }
    }

    /// What is wrong with it.
    fn complaint(&self, words: Words) -> Option<Shown> {
        if let Input::Secret(secret) = &self.input {
            return (self.field.required && secret.chars() == 0).then(|| words.say("form.required"));
        }
        let value = self.value();
        if value.is_empty() {
            return self.field.required.then(|| words.say("form.required"));
        }
        let wrong = match self.field.kind {
            Kind::Number => value.parse::<u64>().is_err().then_some("form.number"),
            Kind::Date => value.parse::<Day>().is_err().then_some("form.date"),
            Kind::Text(_) | Kind::Area(_) | Kind::Choice(_) | Kind::Many(_) | Kind::Identity(_) | Kind::Secret | Kind::Path => None,
        };
        wrong.or_else(|| self.field.check.and_then(|check| check(&value))).map(|key| words.say(key))
    }

    /// Rows of the field and of its complaint.
    const fn rows(&self) -> u16 {
        if matches!(self.field.kind, Kind::Area(_)) { AREA_ROWS + 1 } else { 2 }
    }

    fn draw(&self, area: Rect, focused: bool, canvas: &mut Canvas<'_>) {
        let tone = if focused { Tone::Field } else { Tone::Plain };
        match (&self.input, &self.field.kind) {
            (Input::Typed(editor), Kind::Identity(_)) if !focused => {
                canvas.text(area.x, area.y, area.width, tone, &Shown::masked(&editor.text()));
            }
            (Input::Typed(editor), _) => {
                canvas.fill(area, tone);
                editor.draw(area, focused, canvas);
            }
            (Input::Chosen(at), Kind::Choice(choices)) => {
                let label = choices.get(*at).map(|(_, label)| label.clone()).unwrap_or_default();
                let text = Shown::new("< ").and(&label).and(&Shown::new(" >"));
                canvas.text(area.x, area.y, area.width, tone, &text);
                if focused {
                    canvas.set_cursor(area.x, area.y);
                }
            }
            (Input::Marked { marks, at }, Kind::Many(choices)) => draw_marks(choices, marks, *at, focused, area, canvas),
            (Input::Chosen(_) | Input::Marked { .. }, _) => {}
            (Input::Secret(secret), _) => {
                canvas.fill(area, tone);
                let used = canvas.text(area.x, area.y, area.width.saturating_sub(1), tone, &Shown::new(&"*".repeat(secret.chars())));
                if focused {
                    canvas.set_cursor(area.x + used, area.y);
                }
            }
        }
    }
}

/// Draws what can be marked, scrolled so that the one under the cursor is in sight.
fn draw_marks(choices: &[(String, Shown)], marks: &[bool], at: usize, focused: bool, area: Rect, canvas: &mut Canvas<'_>) {
    let cell = |i: usize| Shown::new(if marks.get(i) == Some(&true) { "[x] " } else { "[ ] " }).and(&choices[i].1).and(&Shown::new("  "));
    let wide = |i: usize| u16::try_from(cell(i).width()).unwrap_or(area.width);
    if choices.is_empty() {
        return;
    }
    let (mut first, mut used) = (at, wide(at));
    while first > 0 && used + wide(first - 1) <= area.width {
        first -= 1;
        used += wide(first);
    }
    let mut x = area.x;
    for i in first..choices.len() {
        let here = focused && i == at;
        if here {
            canvas.set_cursor(x + 1, area.y);
        }
        x += canvas.text(x, area.y, area.right().saturating_sub(x), if here { Tone::Field } else { Tone::Plain }, &cell(i));
    }
}

#[cfg(test)]
mod tests;
