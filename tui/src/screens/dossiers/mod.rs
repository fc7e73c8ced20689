//! 案卷: cases that this centre writes together with others: contested listings with their evidence, and notes between two centres. Loans
//! stand in the list, too, and are opened in their own view.

pub(super) mod opened;
pub(super) mod shown;

use anju_core::desk::{Act, DossierAct, DossierLine, DossierName, DossierView, Event as DeskEvent, MAX_DOSSIER_PAGE, Request};
use anju_core::dossier::{DossierKind, MAX_TEXT_BYTES, PartyRole};
use anju_core::names::{CentreCode, DossierRef, ListingRef};
use anju_core::time::Time;
use ratatui::layout::Rect;

use super::COUNTER;
use crate::canvas::{Canvas, inside, split_top};
use crate::cmd::{Cmd, Command};
use crate::dialog::Danger;
use crate::door::{Trouble, TroubleKind};
use crate::screen::{Action, Cx, Moment, Reaction, Screen, Sheet, Tag, Target, Told};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::form::{Field, Form, FormEvent, Kind};
use crate::widgets::list::{Column, List, Row};
use crate::widgets::state::{Load, empty, waiting};
use crate::words::Words;
use opened::Opened;

const LIST: Tag = "list";
const SHOW: Tag = "show";
const CENTRES: Tag = "centres";
const STEP: Tag = "step";
const LEAVE: Tag = "leave";

/// Most dossiers that are listed here.
const DOSSIERS_MAX: usize = 10_000;
/// Longest title and listing number that are typed, in characters.
const LINE_MAX_CHARS: usize = 120;
/// Most pieces of evidence of one centre, as the core has it.
const EVIDENCE_MAX: u32 = 480;

/// What is done here.
pub const COMMANDS: &[Command] = &[
    Command { id: "dossiers.open", word: "dossiers.cmd-open", keys: &["n"] },
    Command { id: "dossiers.write", word: "dossiers.cmd-write", keys: &["w"] },
];

const COLUMNS: &[Column] = &[
    Column { word: "dossiers.column-dossier", min: 12, grow: 1 },
    Column { word: "dossiers.column-kind", min: 18, grow: 1 },
    Column { word: "dossiers.column-with", min: 8, grow: 1 },
    Column { word: "dossiers.about", min: 14, grow: 2 },
    Column { word: "dossiers.opened", min: 16, grow: 0 },
];

struct Entry {
    line: DossierLine,
    own: CentreCode,
}

impl Row for Entry {
    fn cells(&self, words: Words, _now: Time) -> Vec<(Tone, Shown)> {
        let line = &self.line;
        // Whoever opened it: the other one is shown.
        let with = if line.with == self.own { &line.dossier.centre } else { &line.with };
        let opened = line.opened.legal_text();
        let cells = [
            Shown::of(&line.dossier),
            words.code("dossier-kind", line.kind.code()),
            Shown::of(with),
            line.about.as_deref().map_or_else(|| Shown::new("-"), Shown::new),
            Shown::new(opened.get(..16).unwrap_or(&opened)),
        ];
        cells.map(|cell| (Tone::Plain, cell)).to_vec()
    }

    fn key(&self) -> String {
        self.line.dossier.to_string()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    List,
    Dossier,
    /// A dossier is opened with another centre.
    Open,
    /// Something is written into the one that is shown.
    Write,
}

/// See the module.
pub struct Dossiers {
    place: Place,
    load: Load<()>,
    coming: Vec<DossierLine>,
    list: List<Entry>,
    opened: Option<Opened>,
    form: Form,
    centres: Vec<(String, Shown)>,
    /// What would be sent once it is meant.
    ready: Option<Box<Act>>,
    /// Since when it is on its way: nothing is sent twice.
    sending: Option<Moment>,
    /// The dossier was opened from another view: Esc leads back there.
    alone: bool,
}

/// The registering line's maker.
#[must_use]
pub fn make() -> Box<dyn Screen> {
    Box::new(Dossiers {
        place: Place::List,
        load: Load::default(),
        coming: Vec::new(),
        list: List::new(COLUMNS),
        opened: None,
        form: Form::default(),
        centres: Vec::new(),
        ready: None,
        sending: None,
        alone: false,
    })
}

fn text_fits(text: &str) -> Option<&'static str> {
    (text.len() > MAX_TEXT_BYTES).then_some("query.too-long")
}

fn line_fits(text: &str) -> Option<&'static str> {
    (text.len() > LINE_MAX_CHARS).then_some("query.too-long")
}

fn listing_fits(text: &str) -> Option<&'static str> {
    text.parse::<ListingRef>().is_err().then_some("dossiers.listing-wrong")
}

fn centre_fits(text: &str) -> Option<&'static str> {
    CentreCode::new(text).is_err().then_some("loans.centre-wrong")
}

/// What a centre may add to a dossier from here: codes of the choice.
fn writable(view: &DossierView, own: &CentreCode) -> Vec<&'static str> {
    let is = |role| view.parties.iter().any(|party| party.centre == *own && party.role == role);
    let mut out = vec!["note"];
    if view.kind == DossierKind::ContestedListing {
        out.insert(0, "evidence");
        out.extend(is(PartyRole::Objecting).then_some("objection.text"));
        out.extend(is(PartyRole::Listing).then_some("answer.text"));
    }
    out
}

/// The next of our pieces of evidence that is not taken.
fn next_evidence(view: &DossierView, own: &CentreCode) -> String {
    let name = |number: u32| format!("evidence.{own}.{number}");
    let free = |number: &u32| !view.fields.iter().any(|field| field.field == name(*number));
    name((1..=EVIDENCE_MAX).find(free).unwrap_or(EVIDENCE_MAX))
}

impl Dossiers {
    fn ask(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.coming.clear();
        self.load.ask(cx.at);
        vec![Self::page(None)]
    }

    fn page(after: Option<DossierRef>) -> Action {
        Action::act(LIST, Act::Dossier(Box::new(DossierAct::List { kind: None, after, limit: MAX_DOSSIER_PAGE })))
    }

    fn listed(&mut self, cx: &Cx<'_>, dossiers: Vec<DossierLine>, more: bool) -> Vec<Action> {
        let before = self.coming.last().map(|line| line.dossier.clone());
        self.coming.extend(dossiers);
        let last = self.coming.last().map(|line| line.dossier.clone());
        // A page that leads nowhere further would never end.
        if more && last != before && self.coming.len() < DOSSIERS_MAX {
            return vec![Self::page(last)];
        }
        let mut lines = std::mem::take(&mut self.coming);
        lines.sort_by(|a, b| b.opened.cmp(&a.opened).then_with(|| a.dossier.to_string().cmp(&b.dossier.to_string())));
        self.list.set(lines.into_iter().map(|line| Entry { line, own: cx.who.centre.clone() }).collect());
        self.load.came(());
        Vec::new()
    }

    fn open_named(&mut self, cx: &Cx<'_>, name: DossierName) -> Vec<Action> {
        let mut opened = Opened::new(SHOW, name);
        let ask = opened.ask(cx);
        (self.place, self.opened) = (Place::Dossier, Some(opened));
        vec![ask]
    }

    fn open_selected(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let Some(Entry { line, .. }) = self.list.selected() else { return Vec::new() };
        let (kind, dossier) = (line.kind, line.dossier.clone());
        match kind {
            DossierKind::Loan => vec![Action::Go("loans", Some(Target::Text(dossier.to_string())))],
            DossierKind::ContestedListing | DossierKind::Note => self.open_named(cx, DossierName::Dossier(dossier)),
        }
    }

    fn own(&mut self, cx: &Cx<'_>, command: &str) -> Vec<Action> {
        if !COUNTER.contains(&cx.who.role) {
            return vec![Action::Toast(Tone::Warn, cx.words.say("loans.only-reads"))];
        }
        match (command, self.place) {
            ("dossiers.open", Place::List) => {
                (self.place, self.form) = (Place::Open, open_form(cx.words, &self.centres));
                if self.centres.is_empty() { vec![Action::ask(CENTRES, Request::Status)] } else { Vec::new() }
            }
            ("dossiers.write", Place::Dossier) => {
                let Some(view) = self.opened.as_ref().and_then(Opened::view) else { return Vec::new() };
                (self.form, self.place) = (write_form(cx.words, view, &cx.who.centre), Place::Write);
                Vec::new()
            }
            _ => vec![Action::Toast(Tone::Dim, cx.words.say("frame.not-here"))],
        }
    }

    /// What the form says.
    fn act(&self, cx: &Cx<'_>) -> Option<DossierAct> {
        let filled = |id: &str| Some(self.form.value(id)).filter(|text| !text.is_empty());
        if self.place == Place::Open {
            let kind = DossierKind::from_code(&self.form.value("kind"))?;
            let with = CentreCode::new(&self.form.value("with")).ok()?;
            let contested = kind == DossierKind::ContestedListing;
            let (about, title) = (filled("about").filter(|_| contested), filled("title").filter(|_| !contested));
            return Some(DossierAct::Open { kind, with, about, title, text: filled("text") });
        }
        let opened = self.opened.as_ref()?;
        let (view, dossier, text) = (opened.view()?, opened.name(), self.form.value("text"));
        Some(match self.form.value("what").as_str() {
            "note" => DossierAct::Note { dossier, text },
            "evidence" => DossierAct::Write { dossier, field: next_evidence(view, &cx.who.centre), value: text },
            field => DossierAct::Write { dossier, field: field.to_owned(), value: text },
        })
    }

    fn on_form(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        match self.form.on(cx.words, cmd) {
            FormEvent::Pass => return Reaction::Pass,
            FormEvent::Handled => return Reaction::done(),
            FormEvent::Submit => {}
        }
        if self.place == Place::Open
            && self.form.value("kind") == DossierKind::ContestedListing.code()
            && self.form.value("about").is_empty()
        {
            self.form.refuse("about", cx.words.say("form.required"));
            return Reaction::done();
        }
        let Some(act) = self.act(cx) else { return Reaction::done() };
        let words = cx.words;
        let (title, object) = match (&act, self.opened.as_ref()) {
            (DossierAct::Open { kind, with, .. }, _) => {
                (words.say("dossiers.cmd-open"), Shown::join([&words.code("dossier-kind", kind.code()), &Shown::of(with)], "  "))
            }
            (_, opened) => (words.say("dossiers.cmd-write"), opened.map(|opened| Shown::of(opened.name())).unwrap_or_default()),
        };
        self.ready = Some(Box::new(Act::Dossier(Box::new(act))));
        let effect = vec![words.say("dossiers.effect-write"), words.say("loans.recorded")];
        Reaction::one(Action::Confirm(STEP, Box::new(Danger { yes: title.clone(), title, object, effect, typed: None })))
    }

    /// It is meant: sent once.
    fn send(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let Some(act) = self.ready.take().filter(|_| self.sending.is_none()) else { return Vec::new() };
        self.sending = Some(cx.at);
        vec![Action::Act(STEP, act)]
    }

    fn sent(&mut self, cx: &Cx<'_>, event: DeskEvent) -> Vec<Action> {
        self.sending = None;
        let DeskEvent::Dossier(view) = event else { return self.not_sent(cx, Trouble::failed("peer-garbled")) };
        let mut opened = Opened::new(SHOW, DossierName::Dossier(view.dossier.clone()));
        opened.came(cx, view);
        let was_new = self.place == Place::Open;
        (self.place, self.opened, self.form) = (Place::Dossier, Some(opened), Form::default());
        let mut actions = if was_new { self.ask(cx) } else { Vec::new() };
        actions.push(Action::Toast(Tone::Good, cx.words.say("dossiers.written")));
        actions
    }

    fn not_sent(&mut self, cx: &Cx<'_>, trouble: Trouble) -> Vec<Action> {
        self.sending = None;
        let mut actions = Vec::new();
        // It may have been done: what stands there is read before anybody writes it again.
        if trouble.kind == TroubleKind::Failed {
            match (&mut self.opened, self.place) {
                (Some(opened), Place::Write) => actions.push(opened.ask(cx)),
                (_, Place::Open) => actions.extend(self.ask(cx)),
                (_, Place::List | Place::Dossier | Place::Write) => {}
            }
        }
        actions.push(Action::Trouble(trouble));
        actions
    }

    fn back(&mut self, cx: &Cx<'_>) -> Reaction {
        match self.place {
            Place::List => return Reaction::Pass,
            Place::Open | Place::Write if self.sending.is_some() => return Reaction::Pass,
            Place::Open | Place::Write if self.form.dirty() => {
                let words = cx.words;
                let danger = Danger {
                    title: words.say("leave.title"),
                    object: words.say("leave.object"),
                    effect: vec![words.say("leave.effect")],
                    yes: words.say("leave.yes"),
                    typed: None,
                };
                return Reaction::one(Action::Confirm(LEAVE, Box::new(danger)));
            }
            Place::Open => self.place = Place::List,
            Place::Write => self.place = Place::Dossier,
            Place::Dossier => {
                (self.place, self.opened) = (Place::List, None);
                if std::mem::take(&mut self.alone) {
                    return Reaction::Pass;
                }
            }
        }
        Reaction::done()
    }

    fn body(area: Rect) -> Rect {
        inside(area, 1, 0)
    }
}

fn open_form(words: Words, centres: &[(String, Shown)]) -> Form {
    let kinds = [DossierKind::Note, DossierKind::ContestedListing];
    let kinds = kinds.map(|kind| (kind.code().to_owned(), words.code("dossier-kind", kind.code())));
    let with = if centres.is_empty() { Kind::Text(8) } else { Kind::Choice(centres.to_vec()) };
    Form::new(vec![
        Field::required("kind", words.say("dossiers.column-kind"), Kind::Choice(kinds.to_vec())),
        Field::required("with", words.say("dossiers.column-with"), with).checked(centre_fits),
        Field::optional("title", words.say("dossiers.title"), Kind::Text(LINE_MAX_CHARS)).checked(line_fits),
        Field::optional("about", words.say("dossiers.listing"), Kind::Text(LINE_MAX_CHARS)).checked(listing_fits),
        Field::required("text", words.say("dossiers.first-note"), Kind::Area(MAX_TEXT_BYTES)).checked(text_fits),
    ])
}

fn write_form(words: Words, view: &DossierView, own: &CentreCode) -> Form {
    let what = writable(view, own).into_iter().map(|code| (code.to_owned(), shown::label(words, code)));
    Form::new(vec![
        Field::required("what", words.say("dossiers.what"), Kind::Choice(what.collect())),
        Field::required("text", words.say("dossiers.text"), Kind::Area(MAX_TEXT_BYTES)).checked(text_fits),
    ])
}

impl Screen for Dossiers {
    fn open(&mut self, cx: &Cx<'_>, target: Option<Target>) -> Vec<Action> {
        // Reading is recorded: coming back to the view is no reason to read again.
        let mut actions = if self.load.get().is_some() || self.load.is_asked() { Vec::new() } else { self.ask(cx) };
        if let Some(Target::Text(text)) = target
            && let Ok(name) = text.parse()
            && !matches!(self.place, Place::Open | Place::Write)
        {
            actions.extend(self.open_named(cx, name));
            self.alone = true;
        }
        actions
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        let area = Self::body(cx.body);
        let handled = match self.place {
            Place::List => self.list.on(cmd, area),
            Place::Dossier => self.opened.as_mut().is_some_and(|opened| opened.on(cmd, area)),
            Place::Open | Place::Write => false,
        };
        if handled {
            return Reaction::done();
        }
        match (cmd, self.place) {
            (Cmd::Back, _) => self.back(cx),
            (_, Place::Open | Place::Write) if self.sending.is_none() => self.on_form(cx, cmd),
            (Cmd::Open, Place::List) => Reaction::Do(self.open_selected(cx)),
            (Cmd::Reload, Place::List) => Reaction::Do(self.ask(cx)),
            (Cmd::Reload, Place::Dossier) => Reaction::Do(self.opened.as_mut().map(|opened| opened.ask(cx)).into_iter().collect()),
            (Cmd::Own(command), _) => Reaction::Do(self.own(cx, command)),
            _ => Reaction::Pass,
        }
    }

    fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action> {
        match (tag, told) {
            (STEP, Told::Confirmed) => return self.send(cx),
            (STEP, Told::Answer(event)) => return self.sent(cx, *event),
            (STEP, Told::Trouble(trouble)) => return self.not_sent(cx, trouble),
            (STEP, _) => self.ready = None,
            (LEAVE, Told::Confirmed) => {
                self.place = if self.place == Place::Write { Place::Dossier } else { Place::List };
                self.form = Form::default();
            }
            (LIST, Told::Answer(event)) => match *event {
                DeskEvent::Dossiers { dossiers, more } => return self.listed(cx, dossiers, more),
                _ => self.load.failed(Trouble::failed("peer-garbled")),
            },
            (LIST, Told::Trouble(trouble)) => self.load.failed(trouble),
            (CENTRES, Told::Answer(event)) => {
                if let DeskEvent::Status(status) = *event {
                    let others = status.journals.iter().filter(|journal| journal.centre != status.centre);
                    self.centres = others.map(|j| (j.centre.to_string(), Shown::new(&format!("{} {}", j.centre, j.name)))).collect();
                    if self.place == Place::Open && self.sending.is_none() && !self.form.dirty() {
                        self.form = open_form(cx.words, &self.centres);
                    }
                }
            }
            (SHOW, told) => {
                if let Some(opened) = &mut self.opened {
                    opened.told(cx, told);
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let area = Self::body(cx.body);
        match self.place {
            Place::List => {
                let Some((_, area)) = self.load.draw(cx, area, canvas) else { return };
                if self.list.rows().is_empty() {
                    return empty(cx, "dossiers.empty", "dossiers.empty-next", area, canvas);
                }
                self.list.draw(cx.words, cx.now, area, canvas);
            }
            Place::Dossier => {
                if let Some(opened) = &self.opened {
                    opened.draw(cx, area, canvas);
                }
            }
            Place::Open | Place::Write => {
                let title = if self.place == Place::Open { "cmd-open" } else { "cmd-write" };
                canvas.text(area.x, area.y, area.width, Tone::Head, &cx.words.code("dossiers", title));
                let rest = split_top(area, 2).1;
                match self.sending {
                    Some(since) => waiting(cx, since, rest, canvas),
                    None => self.form.draw(cx.words, rest, canvas),
                }
            }
        }
    }

    fn offers(&self, cx: &Cx<'_>) -> Vec<&'static str> {
        let writes = COUNTER.contains(&cx.who.role);
        let own = |id: &'static str| writes.then_some(id);
        match self.place {
            Place::List if self.list.typing() => vec!["open", "back"],
            Place::List => {
                let open = Some("open").into_iter().chain(own("dossiers.open"));
                open.chain(["filter", "reload", "export", "copy", "palette"]).collect()
            }
            Place::Dossier => own("dossiers.write").into_iter().chain(["page-down", "reload", "export", "back", "palette"]).collect(),
            Place::Open | Place::Write if self.sending.is_some() => vec!["interrupt", "jobs"],
            Place::Open | Place::Write => vec!["submit", "next", "back"],
        }
    }

    fn deadline(&self) -> Option<Moment> {
        self.list.deadline()
    }

    fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.list.tick(cx.words, cx.now);
        Vec::new()
    }

    fn typing(&self) -> bool {
        match self.place {
            Place::List => self.list.typing(),
            Place::Dossier => false,
            Place::Open | Place::Write => self.sending.is_none(),
        }
    }

    fn dirty(&self) -> bool {
        matches!(self.place, Place::Open | Place::Write) && self.form.dirty()
    }

    fn crumbs(&self, words: Words) -> Vec<Shown> {
        match self.place {
            Place::List => Vec::new(),
            Place::Open => vec![words.say("dossiers.cmd-open")],
            Place::Dossier | Place::Write => self.opened.as_ref().map(|opened| Shown::of(opened.name())).into_iter().collect(),
        }
    }

    fn copy(&self, _cx: &Cx<'_>) -> Option<Shown> {
        match self.place {
            Place::List => self.list.selected().map(|entry| Shown::of(&entry.line.dossier)),
            Place::Dossier => self.opened.as_ref().map(|opened| Shown::of(opened.name())),
            Place::Open | Place::Write => None,
        }
    }

    fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        match (self.place, &self.opened) {
            (Place::List, _) => (!self.list.is_empty()).then(|| self.list.sheet(cx.words, cx.now)),
            (Place::Dossier, Some(opened)) => {
                let head = vec![cx.words.say("dossiers.file-field").to_string(), cx.words.say("dossiers.file-value").to_string()];
                opened.rows(cx.words, &cx.who.centre).map(|rows| Sheet { head, rows: Box::new(rows.into_iter()) })
            }
            (Place::Dossier | Place::Open | Place::Write, _) => None,
        }
    }
}
