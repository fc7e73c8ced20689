//! What lies over a screen and belongs to the frame: help, the list of jobs, the palette; and the frame's own questions.

use ratatui::layout::Rect;

use super::jobs::{Job, JobState};
use super::palette::{Palette, Pick};
use crate::canvas::{Canvas, inside};
use crate::cmd::{Cmd, Command, FRAME_COMMANDS, Move};
use crate::dialog::{Danger, sentences};
use crate::keys::KeyMap;
use crate::screen::Moment;
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::meter;
use crate::words::Words;

/// Columns of the bar of a job.
const BAR_COLUMNS: usize = 20;

#[derive(Debug)]
pub(super) enum Over {
    /// Scrolled to this row.
    Help(usize),
    /// This job is selected.
    Jobs(usize),
    Palette(Palette),
}

/// What came of a key.
#[derive(Debug)]
pub(super) enum Picked {
    Stay,
    Close,
    Take(Pick),
}

impl Over {
    pub(super) const fn typing(&self) -> bool {
        matches!(self, Self::Palette(_))
    }

    pub(super) fn on(&mut self, cmd: &Cmd, jobs: usize, body: Rect) -> Picked {
        if let Self::Palette(palette) = self {
            return match palette.on(cmd) {
                Ok(None) => Picked::Stay,
                Ok(Some(pick)) => Picked::Take(pick),
                Err(()) => Picked::Close,
            };
        }
        let (place, last) = match self {
            Self::Help(place) => (place, usize::from(u16::MAX)),
            Self::Jobs(place) => (place, jobs.saturating_sub(1)),
            Self::Palette(_) => return Picked::Stay,
        };
        let page = usize::from(body.height.saturating_sub(4)).max(1);
        *place = match cmd {
            Cmd::Move(Move::Up) => place.saturating_sub(1),
            Cmd::Move(Move::Down) => (*place + 1).min(last),
            Cmd::Move(Move::PageUp) => place.saturating_sub(page),
            Cmd::Move(Move::PageDown) => (*place + page).min(last),
            Cmd::Move(Move::Top) => 0,
            Cmd::Back | Cmd::Help | Cmd::Jobs | Cmd::Quit => return Picked::Close,
            _ => return Picked::Stay,
        };
        Picked::Stay
    }
}

pub(super) fn quit_question(words: Words, running: usize) -> Danger {
    let effect =
        if running > 0 { vec![words.fill("quit.running", &[("count", &running.to_string())])] } else { vec![words.say("quit.effect")] };
    Danger { title: words.say("quit.title"), object: words.say("quit.object"), effect, yes: words.say("quit.yes"), typed: None }
}

pub(crate) fn leave_question(words: Words) -> Danger {
    Danger {
        title: words.say("leave.title"),
        object: words.say("leave.object"),
        effect: vec![words.say("leave.effect")],
        yes: words.say("leave.yes"),
        typed: None,
    }
}

fn panel(title: &Shown, area: Rect, canvas: &mut Canvas<'_>) -> Rect {
    let outer = area;
    canvas.hide_cursor();
    canvas.fill(outer, Tone::Dialog);
    canvas.fill(Rect { height: 1.min(outer.height), ..outer }, Tone::Bar);
    canvas.text(outer.x + 1, outer.y, outer.width.saturating_sub(2), Tone::Bar, title);
    inside(outer, 2, 2)
}

fn key_row(words: Words, keys: &KeyMap, command: &Command) -> (Shown, Shown) {
    let names: Vec<Shown> = keys.keys(command.id).iter().map(|key| key.name()).collect();
    (Shown::join(&names, " "), words.say(command.word))
}

/// Every key of this view, then every key of the frame.
pub(super) fn draw_help(words: Words, keys: &KeyMap, own: &[Command], top: usize, area: Rect, canvas: &mut Canvas<'_>) {
    let body = panel(&words.say("help.title"), area, canvas);
    let mut rows: Vec<Option<(Shown, Shown)>> = own.iter().map(|command| Some(key_row(words, keys, command))).collect();
    if !own.is_empty() {
        rows.push(None);
    }
    rows.extend(FRAME_COMMANDS.iter().map(|command| Some(key_row(words, keys, command))));
    rows.push(Some((Shown::new("1 - 9"), words.say("cmd.view"))));
    let columns: u16 = if body.width >= 60 { 2 } else { 1 };
    let per_column = rows.len().div_ceil(usize::from(columns));
    let top = top.min(per_column.saturating_sub(usize::from(body.height)));
    let width = body.width / columns;
    for (i, row) in rows.iter().enumerate() {
        let (column, line) = (i / per_column, i % per_column);
        let (Some((keys, word)), Some(line)) = (row, line.checked_sub(top)) else { continue };
        let y = body.y + u16::try_from(line).unwrap_or(u16::MAX);
        if y >= body.bottom() {
            continue;
        }
        let x = body.x + width * u16::try_from(column).unwrap_or(0);
        canvas.text(x, y, 16, Tone::Key, keys);
        canvas.text(x + 17, y, width.saturating_sub(18), Tone::Plain, word);
    }
}

fn job_words(words: Words, job: &Job) -> (Tone, Shown) {
    match &job.state {
        JobState::Running => match job.progress {
            Some(progress) => (Tone::Plain, meter::progress(words, progress)),
            None => (Tone::Plain, words.say("jobs.running")),
        },
        JobState::Done => (Tone::Good, words.say("jobs.done")),
        JobState::Cancelled => (Tone::Warn, words.say("jobs.cancelled")),
        JobState::Failed(trouble) => (Tone::Bad, words.say("jobs.failed").and(&sentences(words, trouble)[0])),
    }
}

/// The list of jobs.
pub(super) fn draw_jobs(words: Words, jobs: &[&Job], selected: usize, at: Moment, area: Rect, canvas: &mut Canvas<'_>) {
    let body = panel(&words.say("jobs.title"), area, canvas);
    if jobs.is_empty() {
        canvas.text(body.x, body.y, body.width, Tone::Dim, &words.say("jobs.none"));
    }
    let room = usize::from(body.height.saturating_sub(2) / 2).max(1);
    let first = (selected + 1).saturating_sub(room);
    for (line, (i, job)) in jobs.iter().enumerate().skip(first).take(room).enumerate() {
        let y = body.y + u16::try_from(line * 2).unwrap_or(u16::MAX);
        let picture = if job.state == JobState::Running { meter::spinner(job.since, at).unwrap_or_default() } else { Shown::default() };
        canvas.text(body.x, y, 2, Tone::Key, &picture);
        canvas.text(body.x + 2, y, body.width.saturating_sub(24), Tone::Head, &job.title);
        if let Some((done, of)) = job.progress.and_then(|progress| progress.of.map(|of| (progress.done, of))) {
            canvas.right(body.x, y, body.width, Tone::Plain, &meter::bar(done, of, BAR_COLUMNS));
        }
        let (tone, text) = job_words(words, job);
        canvas.text(body.x + 2, y + 1, body.width.saturating_sub(2), tone, &text);
        if i == selected {
            canvas.paint(Rect { x: body.x, y, width: body.width, height: 1 }, Tone::Selected);
        }
    }
    canvas.text(body.x, body.bottom().saturating_sub(1), body.width, Tone::Dim, &words.say("jobs.keys"));
}
