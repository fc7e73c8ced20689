//! A file of listings: tried, staged by one person, approved by another over the same file. Shows how far it is, the rows that were not
//! taken, and what the peer says the file came to.

use std::path::PathBuf;

use anju_core::desk::ImportView;
use anju_core::listing::import::{ImportCounts, ImportState};
use anju_core::names::Digest;
use ratatui::layout::Rect;

use super::Page;
use super::job::Job;
use crate::canvas::{Canvas, inside, split_top};
use crate::cmd::Cmd;
use crate::dialog::Danger;
use crate::door::{ImportReport, Outcome, REJECTS_SHOWN_MAX, Trouble, Work};
use crate::screen::{Action, Cx, Moment, Reaction, Sheet, Tag, Told};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::{Detail, Line};
use crate::widgets::form::{Field, Form, FormEvent, Kind};
use crate::words::Words;

pub(super) const ID: &str = "import";
const IMPORT: Tag = "import";
const HASH: Tag = "import-file";
const MEANT: Tag = "import-meant";
/// Longest naming of columns that is typed, in characters.
const MAPS_MAX_CHARS: usize = 500;
/// So much of the file's digest is typed by who approves it.
const TYPED_CHARS: usize = 8;

pub(super) struct ImportPage {
    form: Form,
    job: Job,
    /// A job was begun; the form is behind it.
    ran: bool,
    approving: bool,
    report: Option<Box<ImportReport>>,
    detail: Detail,
}

/// The words between blanks.
pub(super) fn maps(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

impl ImportPage {
    pub(super) fn new() -> Self {
        let form = Form::new(Vec::new());
        Self { form, job: Job::default(), ran: false, approving: false, report: None, detail: Detail::default() }
    }

    fn fields(words: Words) -> Vec<Field> {
        let what = vec![
            ("try".to_owned(), words.say("work.import-dry")),
            ("stage".to_owned(), words.say("blacklist.import-stage")),
            ("approve".to_owned(), words.say("work.import-approve")),
        ];
        vec![
            Field::required("file", words.say("blacklist.file"), Kind::Path),
            Field::required("what", words.say("blacklist.what"), Kind::Choice(what)),
            Field::optional("maps", words.say("blacklist.maps"), Kind::Text(MAPS_MAX_CHARS)),
        ]
    }

    fn file(&self) -> PathBuf {
        self.form.value("file").into()
    }

    fn submit(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let what = self.form.value("what");
        self.report = None;
        self.ran = true;
        self.approving = what == "approve";
        self.job.begin(cx.at);
        if self.approving {
            return vec![Action::Work(HASH, Work::Hash { file: self.file() })];
        }
        let work = Work::Import { file: self.file(), maps: maps(&self.form.value("maps")), rejects: None, dry_run: what == "try" };
        vec![Action::Work(IMPORT, work)]
    }

    /// Whether it is meant: the beginning of the file's digest is typed, as the paper of who staged it has it.
    fn meant(&mut self, words: Words, digest: Digest) -> Vec<Action> {
        let hex = digest.to_string();
        let danger = Danger {
            title: words.say("work.import-approve"),
            object: Shown::new(&format!("{}  SHA-256 {hex}", self.file().display())),
            effect: vec![words.say("blacklist.effect-import"), words.say("blacklist.recorded")],
            yes: words.say("blacklist.approve-file"),
            typed: hex.get(..TYPED_CHARS).map(str::to_owned),
        };
        vec![Action::Confirm(MEANT, Box::new(danger))]
    }

    fn came(&mut self, words: Words, report: Box<ImportReport>) {
        self.detail = Detail::new(report_lines(words, &report, self.approving));
        self.report = Some(report);
    }

    /// Where what it came to is drawn, and the rows that were not taken below it.
    fn areas(&self, body: Rect) -> (Rect, Rect) {
        let area = inside(body, 1, 0);
        let wanted = if self.report.is_some() { self.detail.height(area.width).min(area.height / 2) } else { 2 };
        if self.job.rejects.rows().is_empty() { split_top(area, area.height) } else { split_top(area, wanted + 1) }
    }
}

fn counts_line(words: Words, counts: &ImportCounts) -> Line {
    let values = [
        ("new", counts.new.to_string()),
        ("changed", counts.changed.to_string()),
        ("same", counts.same.to_string()),
        ("over", counts.over.to_string()),
        ("held", counts.held.to_string()),
    ];
    Line::Text(Tone::Plain, words.fill("import.counts", &values.each_ref().map(|(name, value)| (*name, value.as_str()))))
}

fn report_lines(words: Words, report: &ImportReport, approving: bool) -> Vec<Line> {
    let number = |key: &str, value: u64| Line::field(words.say(key), Shown::of(value));
    let mut out = vec![Line::field(words.say("blacklist.file-digest"), Shown::of(report.file))];
    if !approving {
        out.extend([
            number("blacklist.rows", report.rows),
            number("blacklist.rows-accepted", report.accepted),
            number("blacklist.rows-double", report.duplicates),
            number("blacklist.rows-rejected", report.rejected),
        ]);
    }
    match &report.view {
        Some(view) => out.extend(view_lines(words, view)),
        None if report.accepted == 0 => out.push(Line::Text(Tone::Warn, words.say("import.nothing"))),
        None => out.push(Line::Text(Tone::Dim, words.say("import.not-compared"))),
    }
    if let Some(path) = &report.rejects {
        let path = path.display().to_string();
        out.push(Line::Text(Tone::Warn, words.fill("import.rejects", &[("path", &path)])));
    }
    out
}

fn view_lines(words: Words, view: &ImportView) -> Vec<Line> {
    let mut out = vec![
        Line::field(words.say("blacklist.import-state"), words.code("blacklist.import", view.state.code())),
        Line::field(words.say("blacklist.staged-by"), Shown::of(&view.by)),
        counts_line(words, &view.counts),
    ];
    match (view.state, &view.approved_by) {
        (ImportState::Staged, _) => out.push(Line::Text(Tone::Warn, words.say("blacklist.import-second"))),
        (_, Some(by)) => {
            let (listed, all) = (view.listed.to_string(), view.staged.to_string());
            out.push(Line::field(words.say("blacklist.approved-by"), Shown::of(by)));
            out.push(Line::Text(Tone::Good, words.fill("import.listing", &[("listed", &listed), ("all", &all)])));
        }
        (_, None) => {}
    }
    if view.gone_count > 0 {
        let cases: Vec<String> = view.gone.iter().take(REJECTS_SHOWN_MAX).map(ToString::to_string).collect();
        let values = [("count", view.gone_count.to_string()), ("cases", cases.join(" "))];
        out.push(Line::Text(Tone::Warn, words.fill("import.gone", &values.each_ref().map(|(name, value)| (*name, value.as_str())))));
    }
    out
}

impl Page for ImportPage {
    fn id(&self) -> &'static str {
        ID
    }

    fn tags(&self) -> &'static [Tag] {
        &[IMPORT, HASH, MEANT]
    }

    fn open(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        if self.form.value("what").is_empty() {
            self.form = Form::new(Self::fields(cx.words));
        }
        Vec::new()
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if !self.ran {
            return match self.form.on(cx.words, cmd) {
                FormEvent::Submit => Reaction::Do(self.submit(cx)),
                FormEvent::Handled => Reaction::done(),
                FormEvent::Pass => Reaction::Pass,
            };
        }
        let (upper, lower) = self.areas(cx.body);
        if !self.job.rejects.rows().is_empty() && self.job.rejects.on(cmd, lower) {
            return Reaction::done();
        }
        if *cmd == Cmd::Back && self.job.since.is_none() {
            self.ran = false;
            return Reaction::done();
        }
        Reaction::of(self.detail.on(cmd, upper))
    }

    fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action> {
        match (tag, told) {
            (IMPORT | HASH, Told::Sign(sign)) => self.job.sign(sign),
            (HASH, Told::Outcome(outcome)) => {
                self.job.end();
                if let Outcome::Hash { digest, .. } = *outcome {
                    return self.meant(cx.words, digest);
                }
            }
            (IMPORT, Told::Outcome(outcome)) => {
                self.job.end();
                if let Outcome::Import(report) = *outcome {
                    self.came(cx.words, report);
                }
            }
            (MEANT, Told::Confirmed) => {
                self.job.begin(cx.at);
                let work = Work::ImportApprove { file: self.file(), maps: maps(&self.form.value("maps")) };
                return vec![Action::Work(IMPORT, work)];
            }
            (MEANT, Told::Dismissed) => self.ran = false,
            (_, Told::Trouble(trouble)) => return self.failed(cx.words, trouble),
            _ => {}
        }
        Vec::new()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        if !self.ran {
            let (head, rest) = split_top(inside(cx.body, 1, 0), 3);
            canvas.paragraph(head, Tone::Dim, &cx.words.say("blacklist.import-hint"));
            return self.form.draw(cx.words, rest, canvas);
        }
        let (upper, lower) = self.areas(cx.body);
        self.job.draw(cx, upper, canvas);
        if self.report.is_some() {
            self.detail.draw(upper, canvas);
        }
        if !self.job.rejects.rows().is_empty() {
            self.job.rejects.draw(cx.words, cx.now, lower, canvas);
        }
    }

    fn offers(&self, _cx: &Cx<'_>) -> Vec<&'static str> {
        match (self.ran, self.job.since) {
            (false, _) => vec!["submit", "next", "previous", "back"],
            (true, Some(_)) => vec!["interrupt", "jobs", "back"],
            (true, None) => vec!["back", "filter", "export", "copy"],
        }
    }

    fn crumb(&self, words: Words) -> Option<Shown> {
        Some(words.say("blacklist.cmd-import"))
    }

    fn deadline(&self) -> Option<Moment> {
        self.job.rejects.deadline()
    }

    fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.job.rejects.tick(cx.words, cx.now);
        Vec::new()
    }

    fn typing(&self) -> bool {
        !self.ran || self.job.rejects.typing()
    }

    fn dirty(&self) -> bool {
        !self.ran && self.report.is_none() && self.form.dirty()
    }

    fn is_busy(&self) -> bool {
        self.job.since.is_some()
    }

    fn copy(&self) -> Option<Shown> {
        self.report.as_ref().map(|report| Shown::of(report.file))
    }

    fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        (!self.job.rejects.is_empty()).then(|| self.job.rejects.sheet(cx.words, cx.now))
    }
}

impl ImportPage {
    /// What ended it; the rows that were not taken stay to be seen.
    fn failed(&mut self, words: Words, trouble: Trouble) -> Vec<Action> {
        self.job.end();
        let second = trouble.code == "second-person-needed";
        if second {
            self.detail = Detail::new(vec![Line::Text(Tone::Warn, words.say("blacklist.import-second"))]);
        }
        self.ran = !self.job.rejects.rows().is_empty();
        vec![Action::Trouble(trouble)]
    }
}
