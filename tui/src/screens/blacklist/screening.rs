//! Many applicants at once, from a file to a file.

use anju_core::desk::MAX_CODE_BYTES;

use super::Page;
use super::import::maps;
use super::job::Job;
use super::lookup::LEGAL_BASIS;
use crate::canvas::{Canvas, inside, split_top};
use crate::cmd::Cmd;
use crate::door::{Outcome, ScreenReport, Trouble, Work};
use crate::screen::{Action, Cx, Reaction, Tag, Told};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::{Detail, Line};
use crate::widgets::form::{Field, Form, FormEvent, Kind};
use crate::words::Words;

pub(super) const ID: &str = "screening";
const SCREEN: Tag = "screening";
const MAPS_MAX_CHARS: usize = 500;

pub(super) struct ScreeningPage {
    form: Form,
    job: Job,
    report: Option<Detail>,
}

impl ScreeningPage {
    pub(super) fn new() -> Self {
        Self { form: Form::new(Vec::new()), job: Job::default(), report: None }
    }

    fn fields(words: Words) -> Vec<Field> {
        vec![
            Field::required("file", words.say("blacklist.file"), Kind::Path),
            Field::required("out", words.say("blacklist.out"), Kind::Path),
            Field::required("matter", words.say("blacklist.matter"), Kind::Text(MAX_CODE_BYTES)),
            Field::required("legal_basis", words.say("blacklist.basis-code"), Kind::Text(MAX_CODE_BYTES)),
            Field::optional("business_no", words.say("blacklist.business-no"), Kind::Text(MAX_CODE_BYTES)),
            Field::optional("from_row", words.say("blacklist.from-row"), Kind::Number),
            Field::optional("maps", words.say("blacklist.maps"), Kind::Text(MAPS_MAX_CHARS)),
        ]
    }

    fn submit(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let value = |id: &str| self.form.value(id);
        let business_no = value("business_no");
        let work = Work::Screen {
            file: value("file").into(),
            maps: maps(&value("maps")),
            out: value("out").into(),
            matter: value("matter"),
            legal_basis: value("legal_basis"),
            business_no: (!business_no.is_empty()).then_some(business_no),
            from_row: value("from_row").parse().unwrap_or(1),
        };
        self.report = None;
        self.job.begin(cx.at);
        vec![Action::Work(SCREEN, work)]
    }
}

fn report_lines(words: Words, report: &ScreenReport) -> Vec<Line> {
    let [listed, disputed, not_listed, unknown] = report.counts.map(|count| count.to_string());
    let left = report.quota_left.map_or_else(|| "-".to_owned(), |left| left.to_string());
    let problems = report.problems.to_string();
    let values = [
        ("listed", listed.as_str()),
        ("disputed", &disputed),
        ("not_listed", &not_listed),
        ("unknown", &unknown),
        ("problems", &problems),
        ("left", &left),
    ];
    let path = report.out.display().to_string();
    let mut out =
        vec![Line::Text(Tone::Plain, words.fill("screen.done", &values)), Line::field(words.say("blacklist.out"), Shown::new(&path))];
    if report.alarm {
        out.push(Line::Text(Tone::Warn, words.say("screen.alarm")));
    }
    if let Some(row) = report.stopped_before {
        out.push(Line::Text(Tone::Warn, words.fill("blacklist.screen-stopped", &[("row", &row.to_string())])));
    }
    out
}

impl Page for ScreeningPage {
    fn id(&self) -> &'static str {
        ID
    }

    fn tags(&self) -> &'static [Tag] {
        &[SCREEN]
    }

    fn open(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        if self.form.label("file").is_none() {
            self.form = Form::new(Self::fields(cx.words));
            self.form.set("legal_basis", LEGAL_BASIS);
        }
        Vec::new()
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if self.job.since.is_some() {
            return Reaction::Pass;
        }
        if let Some(report) = &mut self.report {
            if *cmd == Cmd::Back {
                self.report = None;
                return Reaction::done();
            }
            return Reaction::of(report.on(cmd, inside(cx.body, 1, 0)));
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
                match *outcome {
                    Outcome::Screened(report) => self.report = Some(Detail::new(report_lines(cx.words, &report))),
                    _ => return vec![Action::Trouble(Trouble::failed("peer-garbled"))],
                }
            }
            Told::Trouble(trouble) => {
                self.job.end();
                return vec![Action::Trouble(trouble)];
            }
            Told::Stage(_) | Told::Answer(_) | Told::Confirmed | Told::Reason(_) | Told::Dismissed => {}
        }
        Vec::new()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let (head, rest) = split_top(inside(cx.body, 1, 0), 2);
        if self.job.since.is_some() {
            return self.job.draw(cx, head, canvas);
        }
        if let Some(report) = &self.report {
            return report.draw(inside(cx.body, 1, 0), canvas);
        }
        canvas.paragraph(head, Tone::Dim, &cx.words.say("blacklist.screen-hint"));
        self.form.draw(cx.words, rest, canvas);
    }

    fn offers(&self, _cx: &Cx<'_>) -> Vec<&'static str> {
        match (self.job.since, &self.report) {
            (Some(_), _) => vec!["interrupt", "jobs", "back"],
            (None, Some(_)) => vec!["back", "palette"],
            (None, None) => vec!["submit", "next", "previous", "back"],
        }
    }

    fn crumb(&self, words: Words) -> Option<Shown> {
        Some(words.say("blacklist.cmd-screen"))
    }

    fn typing(&self) -> bool {
        self.job.since.is_none() && self.report.is_none()
    }

    fn dirty(&self) -> bool {
        self.typing() && self.form.dirty()
    }

    fn is_busy(&self) -> bool {
        self.job.since.is_some()
    }
}
