//! 查阅记录: who looked at a certificate of this centre, for what, and what came of it, refused uses included.

use anju_core::certificate::CertificateKind;
use anju_core::desk::{AccessLine, Act, Event as DeskEvent, MAX_ACCESS_LINES};
use anju_core::names::CertificateNumber;
use anju_core::time::Time;
use ratatui::layout::Rect;

use super::rows;
use crate::canvas::{Canvas, inside, split_top};
use crate::cmd::Cmd;
use crate::door::Trouble;
use crate::screen::{Action, Cx, Moment, Sheet, Tag, Told};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::claims::labels;
use crate::widgets::detail::{Detail, Line};
use crate::widgets::form::{Field, Form, FormEvent, Kind};
use crate::widgets::list::{Column, List, Row};
use crate::widgets::state::{Load, empty};
use crate::words::Words;

pub(super) const ACCESSES: Tag = "accesses";
/// Most accesses that are held.
const ACCESSES_MAX: usize = 10_000;
/// Longest number that is typed, in characters.
const NUMBER_MAX_CHARS: usize = 64;
/// Rows above the table.
const HEAD_ROWS: u16 = 1;

const COLUMNS: &[Column] = &[
    Column { word: "audit.column-at", min: 16, grow: 0 },
    Column { word: "audit.column-asker", min: 6, grow: 0 },
    Column { word: "audit.column-matter", min: 17, grow: 1 },
    Column { word: "audit.column-mode", min: 12, grow: 1 },
    Column { word: "audit.column-outcome", min: 10, grow: 2 },
    Column { word: "audit.column-business", min: 5, grow: 1 },
    Column { word: "audit.column-fields", min: 0, grow: 3 },
];

struct Looked(AccessLine);

fn outcome(words: Words, line: &AccessLine) -> (Tone, Shown) {
    match &line.refused {
        None => (Tone::Plain, words.say("audit.done")),
        Some(code) => rows::outcome(words, code),
    }
}

fn fields(words: Words, line: &AccessLine) -> Shown {
    let kind = line.number.as_str().split('-').nth(1).and_then(|code| code.parse::<CertificateKind>().ok());
    if line.fields.is_empty() { Shown::new("-") } else { labels(words, kind, &line.fields) }
}

impl Row for Looked {
    fn cells(&self, words: Words, _now: Time) -> Vec<(Tone, Shown)> {
        let line = &self.0;
        let at = line.at.legal_text();
        vec![
            (Tone::Plain, Shown::new(at.get(..16).unwrap_or(&at))),
            (Tone::Plain, Shown::of(&line.asker)),
            (Tone::Plain, Shown::new(&line.matter)),
            (Tone::Plain, words.code("matter-mode", &line.mode)),
            outcome(words, line),
            (Tone::Plain, Shown::new(&line.business_no)),
            (Tone::Plain, fields(words, line)),
        ]
    }

    fn key(&self) -> String {
        format!("{}.{}", self.0.author, self.0.index)
    }
}

/// Everything that one says.
fn lines(words: Words, line: &AccessLine) -> Vec<Line> {
    let (tone, outcome) = outcome(words, line);
    let field = |key: &str, value: Shown| Line::field(words.say(key), value);
    vec![
        field("audit.column-at", Shown::new(&line.at.legal_text())),
        field("audit.column-asker", Shown::of(&line.asker)),
        field("query.certificate", Shown::of(&line.number)),
        field("audit.column-matter", Shown::new(&line.matter)),
        field("audit.column-mode", words.code("matter-mode", &line.mode)),
        field("audit.column-fields", fields(words, line)),
        field("audit.column-business", Shown::new(&line.business_no)),
        field("audit.column-basis", Shown::new(&line.legal_basis)),
        Line::Field { label: words.say("audit.column-outcome"), value: outcome, tone },
        field("audit.grant", Shown::of(line.grant)),
        field("audit.row-of", Shown::new(&format!("{} {}", line.author, line.index))),
    ]
}

enum Step {
    Find(Form),
    Table,
    One(Detail),
}

/// See the module.
pub(super) struct Accesses {
    step: Step,
    number: Option<CertificateNumber>,
    load: Load<()>,
    coming: Vec<AccessLine>,
    after: Option<String>,
    list: List<Looked>,
}

fn number_fits(text: &str) -> Option<&'static str> {
    CertificateNumber::new(text).is_err().then_some("audit.number-wrong")
}

impl Accesses {
    pub(super) fn new(words: Words) -> Self {
        let number = Field::required("number", words.say("query.certificate"), Kind::Text(NUMBER_MAX_CHARS)).checked(number_fits);
        let step = Step::Find(Form::new(vec![number]));
        Self { step, number: None, load: Load::default(), coming: Vec::new(), after: None, list: List::new(COLUMNS) }
    }

    fn ask(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        (self.coming, self.after) = (Vec::new(), None);
        self.load.ask(cx.at);
        self.page()
    }

    fn page(&self) -> Vec<Action> {
        let Some(number) = self.number.clone() else { return Vec::new() };
        vec![Action::act(ACCESSES, Act::Accesses { number, after: self.after.clone(), limit: MAX_ACCESS_LINES })]
    }

    fn table(body: Rect) -> Rect {
        split_top(inside(body, 1, 0), HEAD_ROWS).1
    }

    /// A command; nothing when it was not for this page, which Esc then leaves.
    pub(super) fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Option<Vec<Action>> {
        let area = Self::table(cx.body);
        let scrolled = match &mut self.step {
            Step::Find(_) => false,
            Step::Table => self.list.on(cmd, area),
            Step::One(detail) => detail.on(cmd, area),
        };
        if scrolled {
            return Some(Vec::new());
        }
        match &mut self.step {
            Step::Find(form) => match form.on(cx.words, cmd) {
                FormEvent::Pass => return None,
                FormEvent::Handled => {}
                FormEvent::Submit => {
                    self.number = CertificateNumber::new(&form.value("number")).ok();
                    self.step = Step::Table;
                    return Some(self.ask(cx));
                }
            },
            Step::Table | Step::One(_) => match (cmd, &self.step) {
                (Cmd::Open, Step::Table) => {
                    let Looked(line) = self.list.selected()?;
                    self.step = Step::One(Detail::new(lines(cx.words, line)));
                }
                (Cmd::Back, Step::One(_)) => self.step = Step::Table,
                (Cmd::Reload, Step::Table) => return Some(self.ask(cx)),
                (Cmd::Reload, _) => {}
                _ => return None,
            },
        }
        Some(Vec::new())
    }

    pub(super) fn told(&mut self, told: Told) -> Vec<Action> {
        match told {
            Told::Answer(event) => match *event {
                DeskEvent::Accesses { accesses, next } => return self.came(accesses, next),
                _ => self.load.failed(Trouble::failed("peer-garbled")),
            },
            Told::Trouble(trouble) => self.load.failed(trouble),
            Told::Stage(_) | Told::Sign(_) | Told::Outcome(_) | Told::Confirmed | Told::Reason(_) | Told::Dismissed => {}
        }
        Vec::new()
    }

    fn came(&mut self, accesses: Vec<AccessLine>, next: Option<String>) -> Vec<Action> {
        self.coming.extend(accesses);
        // A page that begins where the last one began would never end.
        let further = next.filter(|next| Some(next) != self.after.as_ref() && self.coming.len() < ACCESSES_MAX);
        if further.is_some() {
            self.after = further;
            return self.page();
        }
        let mut lines = std::mem::take(&mut self.coming);
        lines.sort_by_key(|line| std::cmp::Reverse(line.at));
        self.list.set(lines.into_iter().map(Looked).collect());
        self.load.came(());
        Vec::new()
    }

    pub(super) fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let (words, area) = (cx.words, inside(cx.body, 1, 0));
        match &self.step {
            Step::Find(form) => {
                let (head, rest) = split_top(area, 3);
                canvas.paragraph(head, Tone::Dim, &words.say("audit.accesses-hint"));
                form.draw(words, rest, canvas);
            }
            Step::One(detail) => detail.draw(area, canvas),
            Step::Table => {
                let Some((_, area)) = self.load.draw(cx, area, canvas) else { return };
                let (head, table) = split_top(area, HEAD_ROWS);
                let number = self.number.as_ref().map(ToString::to_string).unwrap_or_default();
                let count = self.list.rows().len().to_string();
                let title = words.fill("audit.accesses-title", &[("number", &number), ("count", &count)]);
                canvas.text(head.x, head.y, head.width, Tone::Head, &title);
                if self.list.rows().is_empty() {
                    return empty(cx, "audit.no-accesses", "audit.no-accesses-next", table, canvas);
                }
                self.list.draw(words, cx.now, table, canvas);
            }
        }
    }

    pub(super) fn offers(&self) -> Vec<&'static str> {
        match self.step {
            Step::Find(_) => vec!["submit", "back"],
            Step::Table => vec!["open", "filter", "export", "reload", "back"],
            Step::One(_) => vec!["copy", "back"],
        }
    }

    pub(super) fn typing(&self) -> bool {
        match self.step {
            Step::Find(_) => true,
            Step::Table => self.list.typing(),
            Step::One(_) => false,
        }
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        self.list.deadline()
    }

    pub(super) fn tick(&mut self, cx: &Cx<'_>) {
        self.list.tick(cx.words, cx.now);
    }

    pub(super) fn crumb(&self) -> Option<Shown> {
        self.number.as_ref().map(Shown::of)
    }

    pub(super) fn copy(&self) -> Option<Shown> {
        self.list.selected().map(|line| Shown::of(line.0.grant))
    }

    pub(super) fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        (!self.list.is_empty()).then(|| self.list.sheet(cx.words, cx.now))
    }
}
