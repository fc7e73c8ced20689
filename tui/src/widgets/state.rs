//! What a screen shows that has nothing to show: it waits, it failed, or there is nothing; each with what to do next.

use ratatui::layout::Rect;

use crate::canvas::{Canvas, inside};
use crate::dialog::sentences;
use crate::door::Trouble;
use crate::screen::{Cx, Moment};
use crate::theme::Tone;
use crate::widgets::meter;

/// Something asked of the peer: not yet, here, or not to be had. What was here stays while it is asked for again.
#[derive(Debug)]
pub struct Load<T> {
    value: Option<T>,
    since: Option<Moment>,
    trouble: Option<Trouble>,
}

impl<T> Default for Load<T> {
    fn default() -> Self {
        Self { value: None, since: None, trouble: None }
    }
}

impl<T> Load<T> {
    /// It is being asked for, since `at`.
    pub fn ask(&mut self, at: Moment) {
        self.since = Some(at);
    }

    /// It came.
    pub fn came(&mut self, value: T) {
        *self = Self { value: Some(value), since: None, trouble: None };
    }

    /// It did not.
    pub fn failed(&mut self, trouble: Trouble) {
        self.since = None;
        self.trouble = Some(trouble);
    }

    /// What is here.
    #[must_use]
    pub const fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// What is here, to be changed.
    pub const fn get_mut(&mut self) -> Option<&mut T> {
        self.value.as_mut()
    }

    /// Whether it is being asked for.
    #[must_use]
    pub const fn is_asked(&self) -> bool {
        self.since.is_some()
    }

    /// What is here; otherwise draws what one waits for or why there is nothing. A trouble with something older at hand takes the first
    /// row of `area`, and the rest is returned with it.
    pub fn draw(&self, cx: &Cx<'_>, area: Rect, canvas: &mut Canvas<'_>) -> Option<(&T, Rect)> {
        match (&self.value, &self.trouble) {
            (None, Some(trouble)) => failed(cx, trouble, area, canvas),
            (None, None) => {
                if let Some(since) = self.since {
                    waiting(cx, since, area, canvas);
                }
            }
            (Some(value), None) => return Some((value, area)),
            (Some(value), Some(trouble)) => {
                let [what, ..] = sentences(cx.words, trouble);
                canvas.text(area.x, area.y, area.width, Tone::Bad, &cx.words.fill("state.old", &[("what", what.as_str())]));
                return Some((value, Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }));
            }
        }
        None
    }
}

/// One waits.
pub fn waiting(cx: &Cx<'_>, since: Moment, area: Rect, canvas: &mut Canvas<'_>) {
    if let Some(picture) = meter::spinner(since, cx.at) {
        let area = inside(area, 2, 1);
        canvas.text(area.x, area.y, area.width, Tone::Dim, &picture.and(&cx.words.say("state.waiting")));
    }
}

/// It was not to be had: what happened, what was not done, what next.
pub fn failed(cx: &Cx<'_>, trouble: &Trouble, area: Rect, canvas: &mut Canvas<'_>) {
    let words = cx.words;
    let [what, undone, next] = sentences(words, trouble);
    let mut area = inside(area, 2, 1);
    let reload = cx.keys.first("reload").unwrap_or_default();
    let parts = [
        (Tone::Bad, what),
        (Tone::Plain, words.say("error.head-undone").and(&undone)),
        (Tone::Plain, words.say("error.head-next").and(&next)),
        (Tone::Dim, words.fill("state.again", &[("key", reload.as_str())])),
    ];
    for (tone, text) in parts {
        let used = canvas.paragraph(area, tone, &text);
        area = Rect { y: area.y + used, height: area.height.saturating_sub(used), ..area };
    }
}

/// There is nothing: `what` says so, `next` what to do. Both are keys of words.
pub fn empty(cx: &Cx<'_>, what: &str, next: &str, area: Rect, canvas: &mut Canvas<'_>) {
    let area = inside(area, 2, 1);
    let used = canvas.paragraph(area, Tone::Head, &cx.words.say(what));
    let area = Rect { y: area.y + used, height: area.height.saturating_sub(used), ..area };
    canvas.paragraph(area, Tone::Plain, &cx.words.say(next));
}
