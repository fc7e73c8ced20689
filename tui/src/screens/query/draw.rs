//! How it is drawn, and what the frame asks of it.

use ratatui::layout::Rect;

use super::*;
use crate::canvas::{Canvas, inside, split_top};
use crate::dialog::sentences;
use crate::widgets::state::waiting;

/// From so many columns on the answers stand beside the fields.
const WIDE_COLUMNS: u16 = 120;
/// Rows of the line of states and the blank below it.
const STAGE_ROWS: u16 = 2;
/// Rows of the form in which a grant is given.
const ENTRY_ROWS: u16 = 8;

/// Where a page is that has the view for itself.
pub(super) fn whole(area: Rect) -> Rect {
    body(area)
}

fn body(area: Rect) -> Rect {
    inside(area, 1, 0)
}

/// What went wrong, in as many rows as there are.
fn draw_trouble(words: Words, trouble: &Trouble, mut area: Rect, canvas: &mut Canvas<'_>) {
    let [what, undone, next] = sentences(words, trouble);
    let parts = [
        (Tone::Bad, what),
        (Tone::Plain, words.say("error.head-undone").and(&undone)),
        (Tone::Plain, words.say("error.head-next").and(&next)),
        (Tone::Dim, Shown::new(&format!("[{}]", trouble.code))),
    ];
    for (tone, text) in parts {
        let used = canvas.paragraph(area, tone, &text);
        area = Rect { y: area.y + used, height: area.height.saturating_sub(used), ..area };
    }
}

impl Query {
    /// Where it stands what the grant says.
    pub(super) fn says_area(&self, area: Rect) -> Rect {
        let rest = split_top(body(area), STAGE_ROWS).1;
        Rect { height: rest.height.saturating_sub(issuer::rows(self.held.as_ref())), ..rest }
    }

    fn form_area(&self, area: Rect) -> Rect {
        let (says, whole) = (self.says_area(area), body(area));
        Rect { y: says.bottom(), height: whole.bottom().saturating_sub(says.bottom()), ..whole }
    }

    /// Where the fields are, and whether everything stands in that one column.
    pub(super) fn fields_area(&self, area: Rect) -> (bool, Rect) {
        let rest = split_top(body(area), STAGE_ROWS).1;
        if area.width < WIDE_COLUMNS || self.attested.is_some() {
            return (true, rest);
        }
        let half = rest.width / 2;
        (false, Rect { width: half.saturating_sub(1), ..rest })
    }

    fn draw_entry(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let area = body(cx.body);
        canvas.text(area.x, area.y, area.width, Tone::Head, &cx.words.say("query.entry-title"));
        let rest = split_top(area, STAGE_ROWS).1;
        self.entry.draw(cx.words, Rect { height: ENTRY_ROWS.min(rest.height), ..rest }, canvas);
        let below = split_top(rest, ENTRY_ROWS + 1).1;
        match (&self.trouble, self.picking) {
            (_, Some(since)) => waiting(cx, since, below, canvas),
            (Some(trouble), None) => draw_trouble(cx.words, trouble, below, canvas),
            (None, None) => {
                canvas.paragraph(below, Tone::Dim, &cx.words.say("query.entry-hint"));
            }
        }
    }

    fn draw_ask(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        self.says.draw(self.says_area(cx.body), canvas);
        let area = self.form_area(cx.body);
        if self.running {
            let since = self.asked.as_ref().map_or(cx.at, |asked| asked.since);
            return waiting(cx, since, area, canvas);
        }
        let Some(trouble) = &self.trouble else {
            let area = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
            return self.form.draw(cx.words, area, canvas);
        };
        draw_trouble(cx.words, trouble, Rect { height: area.height.saturating_sub(1), ..area }, canvas);
        let key = cx.keys.first("submit").unwrap_or_default();
        let again = cx.words.fill("query.again", &[("key", key.as_str())]);
        canvas.text(area.x, area.bottom().saturating_sub(1), area.width, Tone::Dim, &again);
    }

    fn draw_answer(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let (one, area) = self.fields_area(cx.body);
        let whole = split_top(body(cx.body), STAGE_ROWS).1;
        // What came of asking the lists takes the row under the line of states.
        let row = Rect { y: whole.y.saturating_sub(1), height: 1, ..whole };
        if self.list.get().is_none() && self.list.is_asked() {
            canvas.text(row.x, row.y, row.width, Tone::Dim, &cx.words.say("query.asking-lists"));
        }
        if one {
            return self.all.draw(area, canvas);
        }
        self.fields.draw(area, canvas);
        let x = area.right() + 2;
        self.said.draw(Rect { x, width: whole.right().saturating_sub(x), ..whole }, canvas);
    }

    fn draw_over(&self, cx: &Cx<'_>, title: &str, hint: &str, form: &Form, canvas: &mut Canvas<'_>) {
        let area = split_top(body(cx.body), STAGE_ROWS).1;
        canvas.text(area.x, area.y, area.width, Tone::Head, &cx.words.code("query", title));
        form.draw(cx.words, Rect { y: area.y + 2, height: 4.min(area.height.saturating_sub(2)), ..area }, canvas);
        let below = Rect { y: area.y + 7, height: area.height.saturating_sub(7), ..area };
        canvas.paragraph(below, Tone::Dim, &cx.words.code("query", hint));
    }
}

impl Screen for Query {
    fn open(&mut self, cx: &Cx<'_>, target: Option<Target>) -> Vec<Action> {
        let untouched = ["grant", "path", "code", "last_four"].iter().all(|id| self.entry.value(id).is_empty());
        if self.held.is_none() && self.picking.is_none() && untouched {
            self.start(cx.words);
        }
        // A lock took what was laid out away.
        self.refresh(cx);
        match target {
            Some(Target::Text(text)) => self.take(cx, &text),
            Some(Target::Case(_) | Target::Certificate(_) | Target::Part(_)) | None => Vec::new(),
        }
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        match cmd {
            Cmd::Own("query.outbox") if !self.running && self.picking.is_none() => return Reaction::Do(self.open_outbox(cx)),
            Cmd::Own("query.leave") => return self.ask_to_leave(cx.words),
            _ => {}
        }
        match self.step {
            Step::Outbox => self.on_outbox(cx, cmd),
            Step::Grant => self.on_entry(cx, cmd),
            Step::Ask => self.on_ask(cx, cmd),
            Step::Answer => self.on_answer(cx, cmd),
            Step::Lookup => self.on_lookup(cx, cmd),
            Step::Export => self.on_export(cx, cmd),
        }
    }

    fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action> {
        match tag {
            OUTBOX | SHOWN | DROP => return self.outbox.told(cx, tag, told),
            LEAVE => return self.left(cx, told),
            _ => {}
        }
        match told {
            Told::Stage(stage) if tag == ASK => self.stages.reach(stage),
            Told::Answer(event) if tag == PICK => return self.picked_up(cx, *event),
            Told::Answer(event) if tag == EVIDENCE && *event == DeskEvent::Done => return self.evidence(),
            Told::Answer(event) => self.came(cx, tag, *event),
            Told::Outcome(outcome) => return self.outcome(cx, *outcome),
            Told::Reason(reason) => {
                let number = self.got.as_ref().map(|got| got.answer.certificate.number.clone());
                return number.map(|number| Action::act(tag, Act::Reveal { number, reason })).into_iter().collect();
            }
            Told::Trouble(trouble) => match tag {
                ASK => self.failed(trouble),
                READ => self.trouble = Some(trouble),
                PICK => (self.picking, self.trouble) = (None, Some(trouble)),
                // Without the rules to choose from, a rule's name is typed.
                MATTER => {}
                LOOK => {
                    self.list = Load::default();
                    return vec![Action::Trouble(trouble)];
                }
                _ => return vec![Action::Trouble(trouble)],
            },
            Told::Stage(_) | Told::Sign(_) | Told::Confirmed | Told::Dismissed => {}
        }
        Vec::new()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        if !matches!(self.step, Step::Grant | Step::Outbox) {
            let area = body(cx.body);
            canvas.line(area.x, area.y, area.width, &self.stages.spans(cx.words));
        }
        match self.step {
            Step::Outbox => self.outbox.draw(cx, body(cx.body), canvas),
            Step::Grant => self.draw_entry(cx, canvas),
            Step::Ask => self.draw_ask(cx, canvas),
            Step::Answer => self.draw_answer(cx, canvas),
            Step::Lookup => self.draw_over(cx, "lookup-title", "lookup-hint", &self.lookup, canvas),
            Step::Export => self.draw_over(cx, "export-title", "export-hint", &self.export, canvas),
        }
    }

    fn offers(&self, _cx: &Cx<'_>) -> Vec<&'static str> {
        match self.step {
            Step::Grant if self.picking.is_some() => vec!["interrupt", "jobs"],
            Step::Grant => vec!["submit", "next", "query.outbox", "back", "palette"],
            Step::Outbox => self.outbox.offers(),
            Step::Ask if self.may_leave() => vec!["submit", "query.leave", "back", "palette"],
            Step::Ask if self.running => vec!["interrupt", "jobs"],
            Step::Ask => vec!["submit", "next", "page-down", "back", "palette"],
            Step::Answer if self.attested.is_some() => vec!["export", "query.new", "page-down", "back", "palette"],
            Step::Answer => vec!["query.lookup", "export", "reveal", "query.new", "page-down", "back", "palette"],
            Step::Lookup | Step::Export => vec!["submit", "next", "back"],
        }
    }

    fn deadline(&self) -> Option<Moment> {
        [self.veil.falls(), self.outbox.deadline()].into_iter().flatten().min()
    }

    fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.outbox.tick(cx);
        if self.veil.falls().is_some_and(|at| at <= cx.at) {
            self.veil = Veil::default();
            self.refresh(cx);
        }
        Vec::new()
    }

    fn typing(&self) -> bool {
        match self.step {
            Step::Grant => self.picking.is_none(),
            Step::Lookup | Step::Export => true,
            Step::Ask => !self.running,
            Step::Answer => false,
            Step::Outbox => self.outbox.typing(),
        }
    }

    fn crumbs(&self, words: Words) -> Vec<Shown> {
        if self.step == Step::Outbox {
            return vec![words.say("query.cmd-outbox")];
        }
        self.held.as_ref().map(|held| Shown::of(held.number())).into_iter().collect()
    }

    fn copy(&self, _cx: &Cx<'_>) -> Option<Shown> {
        let attested = self.attested.as_ref().map(|attested| &attested.answer.attestation.number);
        self.got.as_ref().map(|got| &got.answer.certificate.number).or(attested).map(Shown::of)
    }

    fn hide(&mut self) {
        self.veil = Veil::default();
        self.outbox.hide();
        // Laid out anew when it is opened; until then nothing of it stays.
        (self.all, self.said, self.fields) = Default::default();
    }
}
