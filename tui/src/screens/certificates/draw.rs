//! How it is drawn, and what the frame asks of it.

use ratatui::layout::Rect;

use super::*;
use crate::canvas::{Canvas, inside};
use crate::screen::{Moment, Sheet};
use crate::widgets::state::empty;

const fn area(body: Rect) -> Rect {
    inside(body, 1, 0)
}

impl Certificates {
    fn draw_form(&self, cx: &Cx<'_>, title: &Shown, hint: &Shown, canvas: &mut Canvas<'_>) {
        let area = area(cx.body);
        canvas.text(area.x, area.y, area.width, Tone::Head, title);
        self.form.draw(cx.words, Rect { y: area.y + 2, height: 2.min(area.height.saturating_sub(2)), ..area }, canvas);
        let below = Rect { y: area.y + 5, height: area.height.saturating_sub(5), ..area };
        canvas.paragraph(below, Tone::Dim, hint);
    }

    fn on_list(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if self.list.on(cmd, area(cx.body)) {
            return Reaction::done();
        }
        match (cmd, self.list.selected()) {
            (Cmd::Reload, _) => Reaction::Do(self.ask(cx)),
            (Cmd::Open, Some(item)) => {
                let number = item.0.number.clone();
                Reaction::Do(self.show(cx, number))
            }
            (Cmd::Own(id), _) => Reaction::Do(self.on_own(cx, id)),
            _ => Reaction::Pass,
        }
    }

    fn on_show(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        match cmd {
            Cmd::Back => {
                (self.place, self.veil) = (Place::List, Veil::default());
                Reaction::done()
            }
            Cmd::Reveal => Reaction::Do(self.reveal(cx)),
            Cmd::Own(id) => Reaction::Do(self.on_own(cx, id)),
            Cmd::Reload => match self.one.get().map(|one| one.certificate.number.clone()) {
                Some(number) => Reaction::Do(self.show(cx, number)),
                None => Reaction::done(),
            },
            _ => Reaction::of(self.detail.on(cmd, area(cx.body))),
        }
    }
}

impl Screen for Certificates {
    fn open(&mut self, cx: &Cx<'_>, target: Option<Target>) -> Vec<Action> {
        self.refresh(cx);
        self.issuing.refresh(cx);
        let mut actions = self.ask(cx);
        match target {
            Some(Target::Certificate(number)) => actions.extend(self.show(cx, number)),
            Some(Target::Case(_) | Target::Part(_) | Target::Text(_)) | None => {}
        }
        actions
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        match self.place {
            Place::List => self.on_list(cx, cmd),
            Place::Show => self.on_show(cx, cmd),
            Place::Cancel => self.on_cancel(cx, cmd),
            Place::Save => self.on_save(cx, cmd),
            Place::Issue => {
                let inner = Cx { body: area(cx.body), ..*cx };
                let (reaction, place) = self.issuing.on(&inner, cmd);
                self.place = place.unwrap_or(self.place);
                reaction
            }
        }
    }

    fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action> {
        match told {
            Told::Answer(event) => return self.came(cx, tag, *event),
            Told::Trouble(trouble) => return self.failed(tag, trouble),
            Told::Outcome(outcome) => return self.outcome(cx, *outcome),
            Told::Reason(reason) if tag == issue::UNMASK => return vec![self.issuing.unmask(reason)],
            Told::Reason(reason) => {
                let number = self.one.get().map(|one| one.certificate.number.clone());
                return number.map(|number| Action::act(REVEAL, Act::Reveal { number, reason })).into_iter().collect();
            }
            Told::Confirmed if tag == issue::ISSUE => return self.issuing.issue(),
            Told::Confirmed => {
                let cancel = self.ending.take().map(|(number, reason)| Act::CertificateCancel { number, reason });
                return cancel.map(|act| Action::act(CANCEL, act)).into_iter().collect();
            }
            Told::Stage(_) | Told::Sign(_) | Told::Dismissed => {}
        }
        Vec::new()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let area = area(cx.body);
        match self.place {
            Place::List => {
                let Some((_, area)) = self.load.draw(cx, area, canvas) else { return };
                if self.list.rows().is_empty() {
                    return empty(cx, "certificates.empty", "certificates.empty-next", area, canvas);
                }
                self.list.draw(cx.words, cx.now, area, canvas);
            }
            Place::Show => {
                if let Some((_, area)) = self.one.draw(cx, area, canvas) {
                    self.detail.draw(area, canvas);
                }
            }
            Place::Cancel => {
                let number = self.ending.as_ref().map_or("", |(number, _)| number.as_str());
                let title = cx.words.fill("certificates.cancel-of", &[("number", number)]);
                self.draw_form(cx, &title, &cx.words.say("certificates.cancel-hint"), canvas);
            }
            Place::Save => {
                let number = self.file.as_ref().map_or("", |file| file.number.as_str());
                let title = cx.words.fill("certificates.save-of", &[("number", number)]);
                self.draw_form(cx, &title, &cx.words.say("certificates.save-hint"), canvas);
            }
            Place::Issue => self.issuing.draw(cx, area, canvas),
        }
    }

    fn offers(&self, _cx: &Cx<'_>) -> Vec<&'static str> {
        match self.place {
            Place::List if self.list.typing() => vec!["open", "back"],
            Place::List if self.list.rows().is_empty() => vec!["certificates.find", "reload", "palette"],
            Place::List => vec!["certificates.find", "open", "certificates.file", "certificates.cancel", "filter", "export", "palette"],
            Place::Show => vec!["certificates.file", "certificates.cancel", "reveal", "copy", "back", "palette"],
            Place::Cancel | Place::Save => vec!["submit", "back"],
            Place::Issue => self.issuing.offers(),
        }
    }

    fn deadline(&self) -> Option<Moment> {
        [self.list.deadline(), self.veil.falls(), self.issuing.falls()].into_iter().flatten().min()
    }

    fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.list.tick(cx.words, cx.now);
        if self.veil.falls().is_some_and(|at| at <= cx.at) {
            self.veil = Veil::default();
            self.refresh(cx);
        }
        if self.issuing.falls().is_some_and(|at| at <= cx.at) {
            self.issuing.hide();
            self.issuing.refresh(cx);
        }
        Vec::new()
    }

    fn typing(&self) -> bool {
        match self.place {
            Place::List => self.list.typing(),
            Place::Show => false,
            Place::Cancel | Place::Save => true,
            Place::Issue => self.issuing.typing(),
        }
    }

    fn crumbs(&self, words: Words) -> Vec<Shown> {
        match self.place {
            Place::List => Vec::new(),
            Place::Show => self.one.get().map(|one| Shown::of(&one.certificate.number)).into_iter().collect(),
            Place::Cancel => vec![words.say("certificates.cmd-cancel")],
            Place::Save => vec![words.say("certificates.cmd-file")],
            Place::Issue => vec![words.say("certificates.cmd-issue")],
        }
    }

    fn copy(&self, _cx: &Cx<'_>) -> Option<Shown> {
        self.current().map(|certificate| Shown::of(&certificate.number))
    }

    fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        (self.place == Place::List && !self.list.is_empty()).then(|| self.list.sheet(cx.words, cx.now))
    }

    fn hide(&mut self) {
        self.veil = Veil::default();
        self.detail = Detail::default();
        self.issuing.hide();
    }
}
