//! Questions that stand over a screen: whether something is really meant, for what reason, to which file; and what went wrong. The frame
//! shows one at a time and tells the screen the answer.

use ratatui::layout::Rect;

use crate::canvas::{Canvas, centred, inside};
use crate::cmd::{Cmd, Edit};
use crate::door::{Trouble, TroubleKind};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::editor::Editor;
use crate::words::Words;

/// Longest reason, in characters: what the peer takes.
const REASON_MAX_CHARS: usize = anju_core::listing::case::MAX_REASON_CHARS;
/// Longest path that is typed, in characters.
const PATH_MAX_CHARS: usize = 1024;
/// Columns of a dialog.
const COLUMNS: u16 = 64;

/// Something that cannot be taken back, or that others see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Danger {
    /// What would be done.
    pub title: Shown,
    /// To what: number, name, state.
    pub object: Shown,
    /// What it means, also at other centres.
    pub effect: Vec<Shown>,
    /// What the button says.
    pub yes: Shown,
    /// Must be typed, such as the case's number, before the button can be pressed.
    pub typed: Option<String>,
}

/// A reason that is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// For what.
    pub title: Shown,
    /// What happens with the reason and after it.
    pub effect: Vec<Shown>,
}

/// What came of a key in a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Closed {
    /// It stays.
    No,
    /// Left without an answer.
    Dismissed,
    /// Yes.
    Yes,
    /// A text was given.
    Text(String),
}

/// A dialog with its state.
#[derive(Debug)]
pub(crate) enum Dialog {
    Danger { ask: Danger, typed: Editor, yes: bool },
    Reason { ask: Reason, text: Editor },
    Path { title: Shown, text: Editor },
    Trouble(Box<Trouble>),
}

impl Dialog {
    pub(crate) fn danger(ask: Danger) -> Self {
        Self::Danger { ask, typed: Editor::line(REASON_MAX_CHARS), yes: false }
    }

    pub(crate) fn reason(ask: Reason) -> Self {
        Self::Reason { ask, text: Editor::area(REASON_MAX_CHARS) }
    }

    pub(crate) fn path(title: Shown, suggested: &str) -> Self {
        let mut text = Editor::line(PATH_MAX_CHARS);
        text.set(suggested);
        Self::Path { title, text }
    }

    /// Whether letters go into a text.
    pub(crate) const fn typing(&self) -> bool {
        match self {
            Self::Danger { ask, .. } => ask.typed.is_some(),
            Self::Reason { .. } | Self::Path { .. } => true,
            Self::Trouble(_) => false,
        }
    }

    pub(crate) fn on(&mut self, cmd: &Cmd) -> Closed {
        if *cmd == Cmd::Back {
            return Closed::Dismissed;
        }
        match self {
            Self::Trouble(_) => {
                if *cmd == Cmd::Open {
                    return Closed::Dismissed;
                }
            }
            Self::Danger { ask, typed, yes } => return danger_on(ask, typed, yes, cmd),
            Self::Reason { text, .. } | Self::Path { text, .. } => match cmd {
                Cmd::Open | Cmd::Submit if !text.text().trim().is_empty() => return Closed::Text(text.text().trim().to_owned()),
                Cmd::Edit(edit) => text.on(edit),
                _ => {}
            },
        }
        Closed::No
    }

    pub(crate) fn draw(&self, words: Words, area: Rect, canvas: &mut Canvas<'_>) {
        canvas.hide_cursor();
        match self {
            Self::Danger { ask, typed, yes } => draw_danger(words, ask, typed, *yes, area, canvas),
            Self::Reason { ask, text } => draw_text(words, &ask.title, &ask.effect, text, 4, area, canvas),
            Self::Path { title, text } => draw_text(words, title, &[words.say("dialog.path-effect")], text, 1, area, canvas),
            Self::Trouble(trouble) => draw_trouble(words, trouble, area, canvas),
        }
    }
}

fn danger_on(ask: &Danger, typed: &mut Editor, yes: &mut bool, cmd: &Cmd) -> Closed {
    let ready = ask.typed.as_deref().is_none_or(|wanted| wanted == typed.text().trim());
    match cmd {
        Cmd::Edit(Edit::Cursor(crate::cmd::Move::Left | crate::cmd::Move::Right)) | Cmd::Next | Cmd::Previous | Cmd::Move(_) => {
            *yes = !*yes && ready
        }
        Cmd::Edit(edit) if ask.typed.is_some() => {
            typed.on(edit);
            *yes = false;
        }
        Cmd::Open => return if *yes && ready { Closed::Yes } else { Closed::Dismissed },
        _ => {}
    }
    Closed::No
}

/// The ground of a dialog with a title, and where its inside is.
fn ground(title: &Shown, tone: Tone, rows: u16, area: Rect, canvas: &mut Canvas<'_>) -> Rect {
    let outer = centred(area, COLUMNS + 4, rows.saturating_add(4));
    canvas.fill(outer, Tone::Dialog);
    canvas.fill(Rect { height: 1, ..outer }, Tone::Bar);
    canvas.text(outer.x + 2, outer.y, outer.width.saturating_sub(4), Tone::Bar, title);
    canvas.fill(Rect { y: outer.bottom().saturating_sub(1), height: 1.min(outer.height), ..outer }, Tone::Bar);
    for row in outer.y..outer.bottom() {
        canvas.paint(Rect { x: outer.x, y: row, width: 1.min(outer.width), height: 1 }, Tone::Bar);
        canvas.paint(Rect { x: outer.right().saturating_sub(1), y: row, width: 1.min(outer.width), height: 1 }, Tone::Bar);
    }
    if tone != Tone::Plain {
        canvas.paint(Rect { x: outer.x + 2, y: outer.y, width: outer.width.saturating_sub(4), height: 1 }, Tone::Bar);
    }
    inside(outer, 2, 2)
}

/// Draws paragraphs one under the other and returns the area that is left.
fn paragraphs<'a>(parts: impl IntoIterator<Item = (Tone, &'a Shown)>, mut area: Rect, canvas: &mut Canvas<'_>) -> Rect {
    for (tone, text) in parts {
        let used = canvas.paragraph(area, tone, text);
        area = Rect { y: area.y + used, height: area.height - used, ..area };
    }
    area
}

fn rows_of(parts: &[&Shown]) -> u16 {
    let rows: usize = parts.iter().map(|part| part.wrap(usize::from(COLUMNS)).len()).sum();
    u16::try_from(rows).unwrap_or(u16::MAX)
}

fn draw_danger(words: Words, ask: &Danger, typed: &Editor, yes: bool, area: Rect, canvas: &mut Canvas<'_>) {
    let parts: Vec<&Shown> = std::iter::once(&ask.object).chain(&ask.effect).collect();
    let extra = if ask.typed.is_some() { 6 } else { 3 };
    let body = ground(&ask.title, Tone::Warn, rows_of(&parts) + extra, area, canvas);
    let mut rest = paragraphs(std::iter::once((Tone::Head, &ask.object)).chain(ask.effect.iter().map(|e| (Tone::Plain, e))), body, canvas);
    if let Some(wanted) = &ask.typed {
        rest =
            paragraphs([(Tone::Dim, &Shown::default()), (Tone::Plain, &words.fill("dialog.type-it", &[("text", wanted)]))], rest, canvas);
        typed.draw(Rect { height: 1.min(rest.height), ..rest }, true, canvas);
    }
    let buttons = body.bottom().saturating_sub(1);
    let (no_tone, yes_tone) = if yes { (Tone::Plain, Tone::Selected) } else { (Tone::Selected, Tone::Plain) };
    let no = Shown::new(&format!("[ {} ]", words.say("dialog.cancel")));
    let yes_word = Shown::new(&format!("[ {} ]", ask.yes));
    canvas.line(body.x, buttons, body.width, &[(no_tone, no), (Tone::Plain, Shown::new("   ")), (yes_tone, yes_word)]);
}

fn draw_text(words: Words, title: &Shown, effect: &[Shown], text: &Editor, rows: u16, area: Rect, canvas: &mut Canvas<'_>) {
    let parts: Vec<&Shown> = effect.iter().collect();
    let body = ground(title, Tone::Plain, rows_of(&parts) + rows + 2, area, canvas);
    let rest = paragraphs(effect.iter().map(|e| (Tone::Plain, e)), body, canvas);
    let field = Rect { height: rows.min(rest.height), ..rest };
    canvas.paint(field, Tone::Field);
    text.draw(field, true, canvas);
    canvas.text(body.x, body.bottom().saturating_sub(1), body.width, Tone::Dim, &words.say("dialog.text-keys"));
}

/// What happened, what was not done, what to do next.
pub(crate) fn sentences(words: Words, trouble: &Trouble) -> [Shown; 3] {
    let room = match trouble.kind {
        TroubleKind::Refused => "refusal",
        TroubleKind::Failed => "error",
    };
    let values: Vec<(&str, &str)> = trouble.values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let detail = || trouble.values.iter().find(|(name, _)| name == "refusal_detail").map(|(_, value)| value.as_str());
    ["what", "undone", "next"].map(|part| {
        let key = format!("{room}.{}.{part}", trouble.code);
        if words.find(&key).is_some() {
            let text = words.fill(&key, &values);
            return match detail() {
                Some(detail) if part == "what" => text.and(&words.fill("error.refusal-detail", &[("detail", detail)])),
                Some(_) | None => text,
            };
        }
        match part {
            "what" => words.fill("trouble.unknown", &[("code", &trouble.code)]),
            "undone" if room == "refusal" => words.say("refusal.undone"),
            "undone" => words.say("trouble.undone"),
            _ => words.say("trouble.next"),
        }
    })
}

fn draw_trouble(words: Words, trouble: &Trouble, area: Rect, canvas: &mut Canvas<'_>) {
    let title = words.say(if trouble.kind == TroubleKind::Refused { "error.head-refused" } else { "error.head" });
    let [what, undone, next] = sentences(words, trouble);
    let undone = words.say("error.head-undone").and(&undone);
    let next = words.say("error.head-next").and(&next);
    let code = Shown::new(&format!("[{}]", trouble.code));
    let body = ground(&title, Tone::Bad, rows_of(&[&what, &undone, &next, &code]) + 2, area, canvas);
    paragraphs([(Tone::Bad, &what), (Tone::Plain, &undone), (Tone::Plain, &next), (Tone::Dim, &code)], body, canvas);
    canvas.text(body.x, body.bottom().saturating_sub(1), body.width, Tone::Dim, &words.say("dialog.close-keys"));
}
