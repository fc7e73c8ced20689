//! The gate: who works here. Also the lock: then only the passphrase is asked for, and somebody else may log in instead.

use anju_core::operator::OperatorName;
use ratatui::layout::Rect;

use crate::canvas::{Canvas, centred};
use crate::cmd::Cmd;
use crate::dialog::sentences;
use crate::door::{Secret, Trouble};
use crate::screen::Moment;
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::form::{Field, Form, FormEvent, Kind};
use crate::widgets::meter;
use crate::words::Words;

/// Longest name, in characters.
const NAME_MAX_CHARS: usize = 32;
const COLUMNS: u16 = 60;
const ROWS: u16 = 16;

/// The gate and what was typed at it.
#[derive(Debug)]
pub(crate) struct Login {
    form: Form,
    /// Whose desk is locked.
    locked: Option<Shown>,
    since: Option<Moment>,
    trouble: Option<Trouble>,
}

/// What came of a key at the gate.
#[derive(Debug)]
pub(crate) enum Knock {
    /// Nothing yet.
    Wait,
    /// Open, please.
    Enter(OperatorName, Secret),
    /// Somebody else wants in, or nobody.
    Leave,
}

fn name_is_one(text: &str) -> Option<&'static str> {
    OperatorName::new(text).is_err().then_some("login.name-bad")
}

impl Login {
    pub(crate) fn new(words: Words) -> Self {
        let name = Field::required("name", words.say("login.name"), Kind::Text(NAME_MAX_CHARS)).checked(name_is_one);
        let secret = Field::required("secret", words.say("login.passphrase"), Kind::Secret);
        Self { form: Form::new(vec![name, secret]), locked: None, since: None, trouble: None }
    }

    /// Only the passphrase of `name` is asked for.
    pub(crate) fn lock(&mut self, name: &OperatorName, display: Shown) {
        self.form.take_secret("secret");
        self.form.set("name", name.as_str());
        self.form.focus("secret");
        (self.locked, self.since, self.trouble) = (Some(display), None, None);
    }

    /// It is being looked at.
    pub(crate) fn knocked(&mut self, at: Moment) {
        (self.since, self.trouble) = (Some(at), None);
    }

    pub(crate) const fn waits_since(&self) -> Option<Moment> {
        self.since
    }

    pub(crate) fn refused(&mut self, trouble: Trouble) {
        (self.since, self.trouble) = (None, Some(trouble));
        self.form.focus("secret");
    }

    pub(crate) fn on(&mut self, words: Words, cmd: &Cmd) -> Knock {
        if self.since.is_some() {
            return Knock::Wait;
        }
        if *cmd == Cmd::Back {
            return Knock::Leave;
        }
        let before = self.form.value("name");
        let event = self.form.on(words, cmd);
        if self.locked.is_some() && self.form.value("name") != before {
            // Another name is another person's desk.
            self.locked = None;
        }
        if event != FormEvent::Submit {
            return Knock::Wait;
        }
        match OperatorName::new(&self.form.value("name")) {
            Ok(name) => Knock::Enter(name, self.form.take_secret("secret")),
            Err(_) => Knock::Wait,
        }
    }

    pub(crate) fn draw(&self, words: Words, place: &Shown, at: Moment, area: Rect, canvas: &mut Canvas<'_>) {
        let body = centred(area, COLUMNS, ROWS);
        let title = if self.locked.is_some() { words.say("login.locked") } else { words.say("login.title") };
        canvas.text(body.x, body.y, body.width, Tone::Head, &title);
        canvas.text(body.x, body.y + 1, body.width, Tone::Dim, self.locked.as_ref().unwrap_or(place));
        self.form.draw(words, Rect { y: body.y + 3, height: 4.min(body.height.saturating_sub(3)), ..body }, canvas);
        let below = Rect { y: body.y + 8, height: body.height.saturating_sub(8), ..body };
        if let Some(since) = self.since {
            canvas.hide_cursor();
            if let Some(picture) = meter::spinner(since, at) {
                canvas.text(below.x, below.y, below.width, Tone::Dim, &picture.and(&words.say("login.opening")));
            }
            return;
        }
        let Some(trouble) = &self.trouble else {
            canvas.paragraph(below, Tone::Dim, &words.say("login.hint"));
            return;
        };
        let [what, undone, next] = sentences(words, trouble);
        let mut rest = below;
        for (tone, text) in [
            (Tone::Bad, what),
            (Tone::Plain, words.say("error.head-undone").and(&undone)),
            (Tone::Plain, words.say("error.head-next").and(&next)),
        ] {
            let used = canvas.paragraph(rest, tone, &text);
            rest = Rect { y: rest.y + used, height: rest.height.saturating_sub(used), ..rest };
        }
    }
}
