//! How it is drawn, and what the frame asks of it.

use ratatui::layout::Rect;

use super::pages::STALE_MS;
use super::steps::likely;
use super::*;
use crate::canvas::{Canvas, inside, split_top};
use crate::widgets::state::{empty, waiting};

/// Rows above a table or a form: what it is, and a blank.
const HEAD_ROWS: u16 = 1;

fn body(area: Rect) -> Rect {
    inside(area, 1, 0)
}

fn below(area: Rect) -> Rect {
    split_top(body(area), HEAD_ROWS).1
}

impl Loans {
    /// How many steps wait for us and for others, and how many of them are late.
    fn counts(&self) -> [(usize, usize); 2] {
        let mut counts = [(0, 0); 2];
        for Waiting { line, own } in self.waiting.rows() {
            let Some(task) = &line.task else { continue };
            let count = &mut counts[usize::from(task.by != *own)];
            count.0 += 1;
            count.1 += usize::from(task.late);
        }
        counts
    }

    fn draw_queue(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let Some((_, area)) = self.queue.load().draw(cx, body(cx.body), canvas) else { return };
        if self.waiting.rows().is_empty() {
            return empty(cx, "loans.empty", "loans.empty-next", area, canvas);
        }
        let mut spans = Vec::new();
        for ((all, late), key) in self.counts().into_iter().zip(["loans.ours", "loans.others"]) {
            let counted = cx.words.find(key).unwrap_or_default();
            spans.push((Tone::Plain, Shown::new(&format!("{counted} {all}"))));
            if late > 0 {
                spans.push((Tone::Bad, cx.words.fill("workbench.late", &[("count", &late.to_string())])));
            }
            spans.push((Tone::Plain, Shown::new("   ")));
        }
        canvas.line(area.x, area.y, area.width, &spans);
        self.waiting.draw(cx.words, cx.now, split_top(area, HEAD_ROWS).1, canvas);
    }

    fn draw_ledger(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let Some((_, area)) = self.ledger.load().draw(cx, body(cx.body), canvas) else { return };
        canvas.text(area.x, area.y, area.width, Tone::Head, &cx.words.say("loans.ledger-title"));
        if self.booked.rows().is_empty() {
            return empty(cx, "loans.ledger-empty", "loans.ledger-empty-next", split_top(area, HEAD_ROWS).1, canvas);
        }
        self.booked.draw(cx.words, cx.now, split_top(area, HEAD_ROWS).1, canvas);
    }

    fn draw_form(&self, cx: &Cx<'_>, title: &Shown, canvas: &mut Canvas<'_>) {
        let area = body(cx.body);
        let about = self.about.as_ref().and_then(|about| about.certificate.as_ref()).map(Shown::of).unwrap_or_default();
        canvas.text(area.x, area.y, area.width, Tone::Head, &Shown::join([title, &about], "  "));
        let rest = below(cx.body);
        match self.sending {
            Some(since) => waiting(cx, since, rest, canvas),
            None => self.form.draw(cx.words, Rect { y: rest.y + 1, height: rest.height.saturating_sub(1), ..rest }, canvas),
        }
    }

    fn table_offers(&self, typing: bool) -> Vec<&'static str> {
        if typing {
            return vec!["open", "back"];
        }
        match self.under {
            Place::Ledger => vec!["open", "export", "loans.find", "filter", "reload", "back", "palette"],
            Place::Queue | Place::Find | Place::Loan | Place::Form(_) => {
                vec!["open", "loans.ledger", "loans.find", "filter", "reload", "export", "palette"]
            }
        }
    }

    fn loan_offers(&self, cx: &Cx<'_>) -> Vec<&'static str> {
        let steps = match &self.loan {
            Some(Loan::Certificate { .. }) => vec!["loans.reply"],
            Some(Loan::Opened(opened)) => opened.view().map(|view| likely(view, &cx.who.centre)).unwrap_or_default(),
            None => Vec::new(),
        };
        let steps = steps.into_iter().filter(|_| COUNTER.contains(&cx.who.role));
        steps.chain(["page-down", "reload", "export", "back", "palette"]).collect()
    }
}

impl Screen for Loans {
    fn open(&mut self, cx: &Cx<'_>, target: Option<Target>) -> Vec<Action> {
        // What is being sent is told before anything else is opened.
        let busy = self.sending.is_some() || matches!(self.place, Place::Form(_));
        let stale = self.queue.age(cx.at).is_none_or(|age| age > STALE_MS);
        let mut actions = if stale { self.queue.ask(cx) } else { Vec::new() };
        let name = match target {
            Some(Target::Text(text)) => text.parse().ok(),
            Some(Target::Certificate(number)) if !busy => {
                let waits = self.waiting.rows().iter().find(|row| row.line.dossier.is_none() && row.line.certificate == number.as_str());
                let line = waits.map(|row| Box::new(row.line.clone()));
                actions.extend(self.open_certificate(cx, number, line));
                self.alone = true;
                None
            }
            Some(Target::Certificate(_) | Target::Case(_) | Target::Part(_)) | None => None,
        };
        if let Some(name) = name.filter(|_| !busy) {
            actions.extend(self.open_named(cx, name));
            self.alone = true;
        }
        actions
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        let (table, whole) = (below(cx.body), body(cx.body));
        let handled = match (self.place, &mut self.loan) {
            (Place::Queue, _) => self.waiting.on(cmd, table),
            (Place::Ledger, _) => self.booked.on(cmd, table),
            (Place::Loan, Some(Loan::Opened(opened))) => opened.on(cmd, whole),
            (Place::Loan, Some(Loan::Certificate { detail, .. })) => detail.on(cmd, whole),
            (Place::Loan | Place::Find | Place::Form(_), _) => false,
        };
        if handled {
            return Reaction::done();
        }
        match (self.place, cmd) {
            (_, Cmd::Back) => return self.back(cx),
            (Place::Find, _) => return self.on_find(cx, cmd),
            (Place::Form(step), _) if self.sending.is_none() => return self.on_form(cx, cmd, step),
            (Place::Queue | Place::Ledger, Cmd::Open) => {
                let line = match self.place {
                    Place::Queue => self.waiting.selected().map(|row| row.line.clone()),
                    Place::Ledger | Place::Find | Place::Loan | Place::Form(_) => self.booked.selected().map(|row| row.0.clone()),
                };
                return Reaction::Do(line.map(|line| self.open_line(cx, &line)).unwrap_or_default());
            }
            (_, Cmd::Reload) => return Reaction::Do(self.reload(cx)),
            (_, Cmd::Own(command)) => return Reaction::Do(self.own(cx, command)),
            _ => {}
        }
        Reaction::Pass
    }

    fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action> {
        match (tag, told) {
            (STEP, Told::Confirmed) => self.send(cx),
            (STEP, Told::Answer(event)) => self.sent(cx, *event),
            (STEP, Told::Trouble(trouble)) => self.not_sent(cx, trouble),
            (STEP, _) => {
                self.ready = None;
                Vec::new()
            }
            (LEAVE, Told::Confirmed) => {
                (self.place, self.form) = (Place::Loan, Form::default());
                Vec::new()
            }
            (tag, told) => self.came(cx, tag, told),
        }
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        match (self.place, &self.loan) {
            (Place::Queue, _) => self.draw_queue(cx, canvas),
            (Place::Ledger, _) => self.draw_ledger(cx, canvas),
            (Place::Find, _) => self.draw_form(cx, &cx.words.say("loans.find-title"), canvas),
            (Place::Form(step), _) => self.draw_form(cx, &step.word(cx.words), canvas),
            (Place::Loan, Some(Loan::Opened(opened))) => opened.draw(cx, body(cx.body), canvas),
            (Place::Loan, Some(Loan::Certificate { detail, .. })) => detail.draw(body(cx.body), canvas),
            (Place::Loan, None) => {}
        }
    }

    fn offers(&self, cx: &Cx<'_>) -> Vec<&'static str> {
        match self.place {
            Place::Queue => self.table_offers(self.waiting.typing()),
            Place::Ledger => self.table_offers(self.booked.typing()),
            Place::Loan => self.loan_offers(cx),
            Place::Form(_) if self.sending.is_some() => vec!["interrupt", "jobs"],
            Place::Form(_) | Place::Find => vec!["submit", "next", "back"],
        }
    }

    fn deadline(&self) -> Option<Moment> {
        self.waiting.deadline().or(self.booked.deadline())
    }

    fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.waiting.tick(cx.words, cx.now);
        self.booked.tick(cx.words, cx.now);
        Vec::new()
    }

    fn typing(&self) -> bool {
        match self.place {
            Place::Queue => self.waiting.typing(),
            Place::Ledger => self.booked.typing(),
            Place::Loan => false,
            Place::Find => true,
            Place::Form(_) => self.sending.is_none(),
        }
    }

    fn dirty(&self) -> bool {
        matches!(self.place, Place::Form(_)) && self.form.dirty()
    }

    fn crumbs(&self, words: Words) -> Vec<Shown> {
        let mut crumbs = Vec::new();
        if self.under == Place::Ledger {
            crumbs.push(words.say("loans.cmd-ledger"));
        }
        match (&self.loan, self.place) {
            (Some(Loan::Opened(opened)), Place::Loan | Place::Form(_)) => crumbs.push(Shown::of(opened.name())),
            (Some(Loan::Certificate { number, .. }), Place::Loan | Place::Form(_)) => crumbs.push(Shown::of(number)),
            (Some(_), Place::Queue | Place::Ledger | Place::Find) | (None, _) => {}
        }
        if let Place::Form(step) = self.place {
            crumbs.push(step.word(words));
        }
        crumbs
    }

    fn copy(&self, _cx: &Cx<'_>) -> Option<Shown> {
        match (self.place, &self.loan) {
            (Place::Queue, _) => self.waiting.selected().map(|row| Shown::new(&row.line.certificate)),
            (Place::Ledger, _) => self.booked.selected().map(|row| Shown::new(&row.0.certificate)),
            (Place::Loan, Some(Loan::Opened(opened))) => Some(Shown::of(opened.name())),
            (Place::Loan, Some(Loan::Certificate { number, .. })) => Some(Shown::of(number)),
            (Place::Loan | Place::Find | Place::Form(_), _) => None,
        }
    }

    fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        let words = cx.words;
        match (self.place, &self.loan) {
            (Place::Queue, _) => (!self.waiting.is_empty()).then(|| self.waiting.sheet(words, cx.now)),
            // The ledger's file has every column, whatever fits on the screen.
            (Place::Ledger, _) if !self.booked.is_empty() => {
                Some(Sheet { head: rows::ledger_heads(words), rows: self.booked.sheet(words, cx.now).rows })
            }
            (Place::Loan, Some(Loan::Opened(opened))) => {
                let head = vec![words.say("dossiers.file-field").to_string(), words.say("dossiers.file-value").to_string()];
                opened.rows(words, &cx.who.centre).map(|rows| Sheet { head, rows: Box::new(rows.into_iter()) })
            }
            (Place::Ledger | Place::Loan | Place::Find | Place::Form(_), _) => None,
        }
    }
}
