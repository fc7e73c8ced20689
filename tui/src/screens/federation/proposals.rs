//! The third part: what is proposed, who has said what, and what this centre's two people have to say.

use anju_core::desk::{Event as DeskEvent, FederationDeed, FederationView, ProposalView};
use anju_core::names::{CentreCode, Digest};
use anju_core::time::Time;
use ratatui::layout::Rect;

use super::answer::{self, standing};
use super::told::{change, changes_short, codes, short, when};
use crate::canvas::{Canvas, split_top};
use crate::cmd::Cmd;
use crate::door::Trouble;
use crate::screen::{Action, Cx, Moment, Reaction, Sheet, Tag, Told};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::{Detail, Line};
use crate::widgets::form::{Form, FormEvent};
use crate::widgets::list::{Column, List, Row};
use crate::widgets::state::empty;
use crate::words::Words;

const MEANT: Tag = "meant";
const SAY: Tag = "say";
const DROP: Tag = "drop";
/// What is told under these is for this part.
pub(super) const TAGS: &[Tag] = &[MEANT, SAY, DROP];
/// Rows that the form of an answer takes.
const FORM_ROWS: u16 = 7;
const COLUMNS: &[Column] = &[
    Column { word: "federation.column-proposal", min: 12, grow: 0 },
    Column { word: "federation.column-by", min: 6, grow: 0 },
    Column { word: "federation.column-votes", min: 6, grow: 0 },
    Column { word: "federation.column-ours", min: 30, grow: 0 },
    Column { word: "federation.column-changes", min: 16, grow: 1 },
];

struct Proposed {
    view: ProposalView,
    standing: (Tone, Shown),
}

impl Row for Proposed {
    fn cells(&self, words: Words, _now: Time) -> Vec<(Tone, Shown)> {
        vec![
            (Tone::Plain, Shown::new(&short(&self.view.proposal))),
            (Tone::Plain, Shown::of(&self.view.by)),
            (Tone::Plain, Shown::new(&format!("{}/{}", self.view.approved, self.view.quorum))),
            self.standing.clone(),
            (Tone::Plain, changes_short(words, &self.view.changes)),
        ]
    }

    fn key(&self) -> String {
        self.view.proposal.to_string()
    }
}

/// What is about to be said.
struct Saying {
    proposal: Digest,
    deed: FederationDeed,
    form: Option<Form>,
    waits: bool,
}

pub(super) struct Proposals {
    list: List<Proposed>,
    shown: Option<Detail>,
    saying: Option<Saying>,
}

impl Default for Proposals {
    fn default() -> Self {
        Self { list: List::new(COLUMNS), shown: None, saying: None }
    }
}

impl Proposals {
    pub(super) fn came(&mut self, cx: &Cx<'_>, view: &FederationView) {
        let rows = view.proposals.iter().map(|proposal| Proposed { view: proposal.clone(), standing: standing(cx, view, proposal) });
        self.list.set(rows.collect());
        // What is not proposed any more can neither be looked at nor answered.
        if self.said_of().is_none() {
            self.saying = self.saying.take().filter(|saying| saying.waits);
        }
        if self.list.rows().is_empty() {
            self.shown = None;
        } else if self.shown.is_some() {
            self.show(cx, view);
        }
    }

    fn selected(&self) -> Option<&ProposalView> {
        self.list.selected().map(|row| &row.view)
    }

    fn show(&mut self, cx: &Cx<'_>, view: &FederationView) {
        let Some(row) = self.list.selected() else { return };
        let lines = lines(cx, view, row);
        match &mut self.shown {
            Some(detail) => detail.set(lines),
            None => self.shown = Some(Detail::new(lines)),
        }
    }

    /// What is shown, and the form below it.
    fn areas(&self, area: Rect) -> (Rect, Rect) {
        let rows = if self.saying.as_ref().is_some_and(|saying| saying.form.is_some()) { FORM_ROWS } else { 0 };
        split_top(area, area.height.saturating_sub(rows))
    }

    fn begin(&mut self, cx: &Cx<'_>, view: &FederationView, deed: FederationDeed) -> Reaction {
        let Some(proposal) = self.selected() else { return Reaction::done() };
        if !answer::may(cx, view, proposal).contains(&deed) {
            return Reaction::one(Action::Toast(Tone::Warn, cx.words.say("federation.not-now")));
        }
        let named = proposal.proposal;
        let form = (deed != FederationDeed::NextRound).then(|| answer::form(cx.words));
        let asks = form.is_some();
        self.saying = Some(Saying { proposal: named, deed, form, waits: false });
        self.show(cx, view);
        if asks { Reaction::done() } else { Reaction::Do(self.meant(cx)) }
    }

    /// Whether it is meant, of the proposal that it was begun with.
    fn meant(&self, cx: &Cx<'_>) -> Vec<Action> {
        let Some((saying, proposal)) = self.said_of() else { return Vec::new() };
        vec![Action::Confirm(MEANT, Box::new(answer::danger(cx, proposal, saying.deed)))]
    }

    /// What is being said, and of which proposal, while that is still proposed.
    fn said_of(&self) -> Option<(&Saying, &ProposalView)> {
        let saying = self.saying.as_ref()?;
        let row = self.list.rows().iter().find(|row| row.view.proposal == saying.proposal)?;
        Some((saying, &row.view))
    }

    pub(super) fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd, area: Rect, view: &FederationView) -> Reaction {
        if let Some(Saying { form: Some(form), waits, .. }) = &mut self.saying {
            if *waits {
                return Reaction::of(!matches!(cmd, Cmd::Back | Cmd::Help | Cmd::Jobs));
            }
            return match form.on(cx.words, cmd) {
                FormEvent::Submit => Reaction::Do(self.meant(cx)),
                FormEvent::Handled => Reaction::done(),
                FormEvent::Pass if *cmd == Cmd::Back && form.dirty() => {
                    Reaction::one(Action::Confirm(DROP, Box::new(crate::app::leave_question(cx.words))))
                }
                FormEvent::Pass if *cmd == Cmd::Back => {
                    self.saying = None;
                    Reaction::done()
                }
                FormEvent::Pass => Reaction::Pass,
            };
        }
        if let Cmd::Own(id) = cmd {
            return answer::deed(id).map_or(Reaction::Pass, |deed| self.begin(cx, view, deed));
        }
        if let Some(detail) = &mut self.shown {
            if *cmd == Cmd::Back {
                self.shown = None;
                return Reaction::done();
            }
            return Reaction::of(detail.on(cmd, area));
        }
        if self.list.on(cmd, area) {
            return Reaction::done();
        }
        if *cmd == Cmd::Open {
            self.show(cx, view);
            return Reaction::done();
        }
        Reaction::Pass
    }

    /// What came of something that was asked here; whether what is proposed has to be asked for again.
    pub(super) fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> (Vec<Action>, bool) {
        match (tag, told) {
            (MEANT, Told::Confirmed) => return (self.send(cx), false),
            // A form stays; a question without one is over.
            (MEANT, Told::Dismissed) => self.saying = self.saying.take().filter(|saying| saying.form.is_some()),
            (DROP, Told::Confirmed) => self.saying = None,
            (SAY, Told::Answer(event)) => {
                self.saying = None;
                return (vec![said(cx.words, &event)], true);
            }
            (SAY, Told::Trouble(trouble)) => {
                if let Some(saying) = &mut self.saying {
                    saying.waits = false;
                }
                self.saying = self.saying.take().filter(|saying| saying.form.is_some());
                return (vec![Action::Trouble(trouble)], true);
            }
            _ => {}
        }
        (Vec::new(), false)
    }

    fn send(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let Some((saying, proposal)) = self.said_of() else {
            return vec![Action::Toast(Tone::Warn, cx.words.say("federation.not-now"))];
        };
        let reason = saying.form.as_ref().map(|form| form.value("reason")).unwrap_or_default();
        let act = answer::act(proposal, saying.deed, reason);
        if let Some(saying) = &mut self.saying {
            saying.waits = true;
        }
        vec![Action::act(SAY, act)]
    }

    pub(super) fn draw(&self, cx: &Cx<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let (upper, lower) = self.areas(area);
        match &self.shown {
            Some(detail) => detail.draw(upper, canvas),
            None if self.list.rows().is_empty() => empty(cx, "federation.nothing-proposed", "federation.propose-next", upper, canvas),
            None => self.list.draw(cx.words, cx.now, upper, canvas),
        }
        let Some(Saying { deed, form: Some(form), waits, .. }) = &self.saying else { return };
        canvas.rule(lower.x, lower.y, lower.width);
        let word = Shown::new(" ").and(&answer::word(cx.words, *deed)).and(&Shown::new(" "));
        canvas.text(lower.x + 2, lower.y, lower.width, Tone::Head, &word);
        form.draw(cx.words, split_top(lower, 1).1, canvas);
        if *waits {
            canvas.hide_cursor();
        }
    }

    pub(super) fn offers(&self, cx: &Cx<'_>, view: &FederationView) -> Vec<&'static str> {
        if self.saying.is_some() {
            return vec!["submit", "back"];
        }
        let mut offers: Vec<&'static str> = Vec::new();
        if let Some(proposal) = self.selected() {
            offers.extend(answer::may(cx, view, proposal).into_iter().map(answer::command));
        }
        offers.extend(if self.shown.is_some() { ["back", "reload", "copy"] } else { ["open", "next", "reload"] });
        offers
    }

    pub(super) fn crumb(&self) -> Option<Shown> {
        self.shown.as_ref().and(self.selected()).map(|proposal| Shown::new(&short(&proposal.proposal)))
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        self.list.deadline()
    }

    pub(super) fn tick(&mut self, cx: &Cx<'_>) {
        self.list.tick(cx.words, cx.now);
    }

    pub(super) fn typing(&self) -> bool {
        match &self.saying {
            Some(saying) => saying.form.is_some() && !saying.waits,
            None => self.list.typing(),
        }
    }

    pub(super) fn dirty(&self) -> bool {
        self.saying.as_ref().and_then(|saying| saying.form.as_ref()).is_some_and(Form::dirty)
    }

    pub(super) fn copy(&self) -> Option<Shown> {
        self.selected().map(|proposal| Shown::of(proposal.proposal))
    }

    pub(super) fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        (!self.list.is_empty()).then(|| self.list.sheet(cx.words, cx.now))
    }
}

/// What is said once the peer has taken it.
fn said(words: Words, event: &DeskEvent) -> Action {
    match event {
        DeskEvent::Answered { proposal, approve, complete } => {
            let key = match (approve, complete) {
                (true, true) => "federation.approved",
                (false, true) => "federation.rejected",
                (true, false) => "federation.approved-first",
                (false, false) => "federation.rejected-first",
            };
            Action::Toast(Tone::Good, words.fill(key, &[("proposal", &short(proposal))]))
        }
        DeskEvent::RoundOpened { round } => {
            Action::Toast(Tone::Good, words.fill("federation.round-opened", &[("round", &(round + 1).to_string())]))
        }
        _ => Action::Trouble(Trouble::failed("peer-garbled")),
    }
}

/// Everything of one proposal.
fn lines(cx: &Cx<'_>, view: &FederationView, row: &Proposed) -> Vec<Line> {
    let (words, proposal) = (cx.words, &row.view);
    let field = |key: &str, value: Shown| Line::field(words.say(key), value);
    let values =
        [("proposal", short(&proposal.proposal)), ("version", proposal.version.to_string()), ("round", (proposal.round + 1).to_string())];
    let (tone, ours) = row.standing.clone();
    let mut lines = vec![
        Line::Group(words.fill("federation.proposal-head", &values.each_ref().map(|(name, value)| (*name, value.as_str())))),
        field("federation.column-by", Shown::join(&[Shown::of(&proposal.by), when(words, proposal.at, cx.now)], "  ")),
        field("federation.reason", Shown::new(&proposal.reason)),
        Line::Field { label: words.say("federation.column-ours"), value: ours, tone },
        Line::Blank,
        Line::Group(words.say("federation.changes-head")),
    ];
    lines.extend(proposal.changes.iter().map(|one| {
        let tone = if one.agrees == Some(false) { Tone::Bad } else { Tone::Plain };
        Line::Text(tone, change(words, one))
    }));
    if proposal.epoch_opens == Some(false) {
        lines.push(Line::Text(Tone::Bad, words.say("federation.epoch-does-not-open")));
    }
    if let Some(barred) = &proposal.barred {
        lines.push(Line::Text(Tone::Bad, words.code("federation-barred", barred)));
    }
    let counts = [("approved", proposal.approved.to_string()), ("quorum", proposal.quorum.to_string())];
    let counts = counts.each_ref().map(|(name, value)| (*name, value.as_str()));
    lines.extend([Line::Blank, Line::Group(words.fill("federation.said-head", &counts))]);
    for said in &proposal.said {
        let key = if said.approved { "federation.said-yes" } else { "federation.said-no" };
        let reason = said.reason.as_deref().unwrap_or_default();
        lines.push(Line::Text(Tone::Plain, words.fill(key, &[("centre", said.centre.as_str()), ("reason", reason)])));
    }
    let silent: Vec<&CentreCode> = voters(view).filter(|centre| !proposal.said.iter().any(|said| said.centre == **centre)).collect();
    if !silent.is_empty() {
        lines.push(Line::Text(Tone::Dim, words.fill("federation.said-nothing", &[("centres", &codes(silent))])));
    }
    lines
}

fn voters(view: &FederationView) -> impl Iterator<Item = &CentreCode> {
    view.members.iter().filter(|member| member.role == "member").map(|member| &member.centre)
}
