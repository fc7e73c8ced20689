//! The lists to a file: this centre's listings in plain, everybody's as tokens with status and clocks, from a cursor on.

use super::Page;
use super::job::Job;
use crate::canvas::{Canvas, inside, split_top};
use crate::cmd::Cmd;
use crate::door::{Outcome, Trouble, Work};
use crate::screen::{Action, Cx, Reaction, Tag, Told};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::form::{Field, Form, FormEvent, Kind};
use crate::words::Words;

pub(super) const ID: &str = "export";
const EXPORT: Tag = "export-lists";
/// Longest cursor that is typed, in characters.
const CURSOR_MAX_CHARS: usize = 4 * 1024;

pub(super) struct ExportPage {
    form: Form,
    job: Job,
    /// What it came to, and the cursor for the next time.
    done: Option<(Shown, Shown)>,
}

impl ExportPage {
    pub(super) fn new() -> Self {
        Self { form: Form::new(Vec::new()), job: Job::default(), done: None }
    }

    fn fields(words: Words) -> Vec<Field> {
        vec![
            Field::required("out", words.say("blacklist.out"), Kind::Path),
            Field::optional("since", words.say("blacklist.cursor"), Kind::Text(CURSOR_MAX_CHARS)),
        ]
    }

    fn submit(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let since = self.form.value("since");
        self.done = None;
        self.job.begin(cx.at);
        let since = (!since.is_empty()).then_some(since);
        vec![Action::Work(EXPORT, Work::ExportLists { out: self.form.value("out").into(), since })]
    }
}

impl Page for ExportPage {
    fn id(&self) -> &'static str {
        ID
    }

    fn tags(&self) -> &'static [Tag] {
        &[EXPORT]
    }

    fn open(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        if self.form.label("out").is_none() {
            self.form = Form::new(Self::fields(cx.words));
        }
        Vec::new()
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if self.job.since.is_some() {
            return Reaction::Pass;
        }
        if self.done.is_some() {
            if *cmd == Cmd::Back {
                self.done = None;
                return Reaction::done();
            }
            return Reaction::Pass;
        }
        match self.form.on(cx.words, cmd) {
            FormEvent::Submit => Reaction::Do(self.submit(cx)),
            FormEvent::Handled => Reaction::done(),
            FormEvent::Pass => Reaction::Pass,
        }
    }

    fn told(&mut self, cx: &Cx<'_>, _tag: Tag, told: Told) -> Vec<Action> {
        match told {
            Told::Sign(sign) => self.job.sign(sign),
            Told::Outcome(outcome) => {
                self.job.end();
                let Outcome::Exported { rows, own, cursor } = *outcome else {
                    return vec![Action::Trouble(Trouble::failed("peer-garbled"))];
                };
                let (rows, own) = (rows.to_string(), own.to_string());
                let said = cx.words.fill("export.done", &[("rows", &rows), ("own", &own), ("cursor", &cursor)]);
                // The next export goes on from there.
                self.form = Form::new(Self::fields(cx.words));
                self.form.set("since", &cursor);
                self.done = Some((said, Shown::new(&cursor)));
            }
            Told::Trouble(trouble) => {
                self.job.end();
                if trouble.code == "cursor-invalid" {
                    self.form.refuse("since", cx.words.say("refusal.cursor-invalid.what"));
                    return Vec::new();
                }
                return vec![Action::Trouble(trouble)];
            }
            Told::Stage(_) | Told::Answer(_) | Told::Confirmed | Told::Reason(_) | Told::Dismissed => {}
        }
        Vec::new()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let (head, rest) = split_top(inside(cx.body, 1, 0), 3);
        if self.job.since.is_some() {
            return self.job.draw(cx, head, canvas);
        }
        if let Some((said, _)) = &self.done {
            canvas.paragraph(inside(cx.body, 1, 0), Tone::Good, said);
            return;
        }
        canvas.paragraph(head, Tone::Dim, &cx.words.say("blacklist.export-hint"));
        self.form.draw(cx.words, rest, canvas);
    }

    fn offers(&self, _cx: &Cx<'_>) -> Vec<&'static str> {
        match (self.job.since, &self.done) {
            (Some(_), _) => vec!["interrupt", "jobs", "back"],
            (None, Some(_)) => vec!["copy", "back"],
            (None, None) => vec!["submit", "next", "previous", "back"],
        }
    }

    fn crumb(&self, words: Words) -> Option<Shown> {
        Some(words.say("blacklist.cmd-export"))
    }

    fn typing(&self) -> bool {
        self.job.since.is_none() && self.done.is_none()
    }

    fn dirty(&self) -> bool {
        self.typing() && self.form.dirty()
    }

    fn is_busy(&self) -> bool {
        self.job.since.is_some()
    }

    fn copy(&self) -> Option<Shown> {
        self.done.as_ref().map(|(_, cursor)| cursor.clone())
    }
}
