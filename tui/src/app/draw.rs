//! The frame around a screen: two bars above, the status line and the keys below, and what lies over all of it.

use ratatui::layout::Rect;

use super::over::{Over, draw_help, draw_jobs};
use super::{App, MIN_COLUMNS, MIN_ROWS, Now};
use crate::canvas::{Canvas, Span};
use crate::screen::{Cx, Entry};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::meter;

/// Most keys in the bottom bar.
const KEYS_MAX: usize = 8;

impl App {
    /// Draws everything, and says where the cursor stands. Nothing changes.
    pub fn draw(&self, now: Now, frame: &mut ratatui::Frame<'_>) -> Option<(u16, u16)> {
        let area = frame.area();
        let mut canvas = Canvas::new(frame.buffer_mut(), &self.settings.theme);
        canvas.fill(area, Tone::Plain);
        self.draw_on(now, area, &mut canvas);
        let cursor = canvas.cursor();
        if let Some(cursor) = cursor {
            frame.set_cursor_position(cursor);
        }
        cursor
    }

    fn draw_on(&self, now: Now, area: Rect, canvas: &mut Canvas<'_>) {
        if area.width < MIN_COLUMNS || area.height < MIN_ROWS {
            let values = [("columns", area.width.to_string()), ("rows", area.height.to_string())];
            let text = self.words.fill("frame.too-small", &values.each_ref().map(|(name, value)| (*name, value.as_str())));
            canvas.paragraph(area, Tone::Plain, &text);
            return;
        }
        if let Some(cx) = self.cx(now).filter(|_| !self.locked) {
            self.draw_bars(&cx, area, canvas);
            self.draw_alarm(Rect { y: 2, ..area }, canvas);
            if let Some(screen) = self.here() {
                screen.draw(&cx, canvas);
            }
            self.draw_status(&cx, area, canvas);
            self.draw_keys(&cx, area, canvas);
            self.draw_over(&cx, canvas);
        } else {
            self.gate.draw(self.words, &self.place, now.at, area, canvas);
            if let Some((tone, text, _)) = &self.toast {
                canvas.text(1, area.bottom().saturating_sub(2), area.width.saturating_sub(2), *tone, text);
            }
        }
        if let Some((_, dialog)) = &self.dialog {
            dialog.draw(self.words, area, canvas);
        }
    }

    fn draw_bars(&self, cx: &Cx<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let words = cx.words;
        canvas.fill(Rect { height: 1, ..area }, Tone::Bar);
        let mut crumbs = vec![words.say("frame.name"), Shown::of(&cx.who.centre)];
        crumbs.extend(self.path.iter().filter_map(|id| self.entries.iter().find(|e| e.id == *id)).next_back().map(|e| words.say(e.word)));
        crumbs.extend(self.here().map(|screen| screen.crumbs(words)).unwrap_or_default());
        let role = words.code("role", cx.who.role.code());
        let time = cx.now.legal_text();
        let time = time.get(..16).unwrap_or_default();
        let right = Shown::new(&format!("{} {role}  {time}", Shown::new(&cx.who.display).fit(20)));
        let room = area.width.saturating_sub(u16::try_from(right.width()).unwrap_or(0) + 3);
        canvas.text(1, 0, room, Tone::Bar, &Shown::join(&crumbs, " > "));
        canvas.right(0, 0, area.width - 1, Tone::Bar, &right);
        self.draw_tabs(cx, area, canvas);
    }

    /// The names of the views; closer together where they would not all fit.
    fn draw_tabs(&self, cx: &Cx<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let tab = |entry: &Entry, after: &str| Shown::new(&format!(" {} {}{after}", entry.number, cx.words.say(entry.word)));
        let room = usize::from(area.width.saturating_sub(1));
        let fits = self.allowed().map(|entry| tab(entry, " ").width()).sum::<usize>() <= room;
        let mut column = 1;
        for entry in self.allowed() {
            let tone = if self.here_id() == Some(entry.id) { Tone::Selected } else { Tone::Plain };
            let tab = tab(entry, if fits { " " } else { "" });
            column += canvas.text(column, 1, area.width.saturating_sub(column), tone, &tab);
        }
    }

    fn draw_status(&self, cx: &Cx<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let row = area.bottom().saturating_sub(2);
        let mut column = 1;
        let moving = self.jobs.wanted().filter(|job| job.long || self.is_here(job.owner));
        if let Some(job) = moving.min_by_key(|job| job.since)
            && let Some(picture) = meter::spinner(job.since, cx.at)
        {
            let what = job.progress.map_or_else(|| job.title.clone(), |progress| meter::progress(cx.words, progress));
            let text = Shown::join([&picture, &what], " ");
            column += canvas.text(column, row, area.width / 2, Tone::Dim, &text) + 2;
        }
        if let Some((tone, text, _)) = &self.toast {
            canvas.text(column, row, area.width.saturating_sub(column + 1), *tone, text);
        }
    }

    fn draw_keys(&self, cx: &Cx<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let row = area.bottom().saturating_sub(1);
        let own = self.entry().map_or(&[][..], |entry| entry.commands);
        let offers = self.here().map(|screen| screen.offers(cx)).unwrap_or_default();
        let mut spans: Vec<Span> = Vec::new();
        let mut used = 1;
        let help = "help";
        for id in offers.into_iter().filter(|id| *id != help).take(KEYS_MAX - 1).chain([help]) {
            let command = own.iter().chain(crate::cmd::FRAME_COMMANDS).find(|command| command.id == id);
            let Some((key, command)) = self.settings.keys.first(id).zip(command) else { continue };
            let word = Shown::new(&format!(" {}  ", cx.words.say(command.word)));
            let wide = key.width() + word.width();
            // The key that shows all others always has its place.
            let reserved = if id == help { 0 } else { 12 };
            if used + wide + reserved > usize::from(area.width) {
                continue;
            }
            used += wide;
            spans.extend([(Tone::Key, key), (Tone::Plain, word)]);
        }
        canvas.line(1, row, area.width - 1, &spans);
    }

    fn draw_over(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let own = self.entry().map_or(&[][..], |entry| entry.commands);
        match &self.over {
            None => {}
            Some(Over::Help(top)) => draw_help(cx.words, cx.keys, own, *top, cx.body, canvas),
            Some(Over::Jobs(selected)) => draw_jobs(cx.words, &self.jobs.shown(), *selected, cx.at, cx.body, canvas),
            Some(Over::Palette(palette)) => {
                canvas.hide_cursor();
                palette.draw(cx.words, cx.body, canvas);
            }
        }
    }
}
