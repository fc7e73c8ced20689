//! 联邦: the centres, how far and how fresh their journals are here, and what was seen of them. Enter shows one.

mod centre;

use anju_core::desk::{Event as DeskEvent, Request, Status, Trend, Trends};
use ratatui::layout::Rect;

use self::centre::{COLUMNS, Centre, TREND_ROWS, draw_trend};
use crate::canvas::{Canvas, inside, split_top};
use crate::cmd::Cmd;
use crate::door::Trouble;
use crate::screen::{Action, Cx, Moment, Reaction, Screen, Sheet, Tag, Target, Told};
use crate::shown::Shown;
use crate::widgets::detail::Detail;
use crate::widgets::list::List;
use crate::widgets::state::{Load, empty};
use crate::words::Words;

const STATUS: Tag = "status";
const TRENDS: Tag = "trends";
/// The status is asked for anew while one looks at it.
pub(crate) const REFRESH_MS: u64 = 10_000;

/// See the module.
pub struct Federation {
    load: Load<Box<Status>>,
    list: List<Centre>,
    trends: Trends,
    shown: Option<Detail>,
    next: Option<Moment>,
}

/// The registering line's maker.
#[must_use]
pub fn make() -> Box<dyn Screen> {
    Box::new(Federation { load: Load::default(), list: List::new(COLUMNS), trends: Trends::default(), shown: None, next: None })
}

impl Federation {
    fn ask(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.load.ask(cx.at);
        self.next = Some(cx.at + REFRESH_MS);
        // The status last: who interrupts wants that given up.
        vec![Action::ask(TRENDS, Request::Trends), Action::ask(STATUS, Request::Status)]
    }

    fn came(&mut self, words: Words, status: Box<Status>) {
        self.list.set(status.journals.iter().map(|journal| Centre::of(&status, journal)).collect());
        self.load.came(status);
        if self.shown.is_some() {
            self.show(words);
        }
    }

    /// The selected centre with everything that is known of it.
    fn show(&mut self, words: Words) {
        let (Some(centre), Some(status)) = (self.list.selected(), self.load.get()) else { return };
        let lines = centre::lines(words, centre, status);
        match &mut self.shown {
            Some(detail) => detail.set(lines),
            None => self.shown = Some(Detail::new(lines)),
        }
    }

    /// How the selected centre went, once that was told. Nothing travels to the own one.
    fn trend(&self) -> Option<&Trend> {
        let selected = self.list.selected().filter(|centre| !centre.own)?;
        self.trends.centres.iter().find(|trend| trend.centre == selected.journal.centre)
    }

    /// Where table or details are, and below it how the selected centre went.
    fn areas(&self, body: Rect) -> (Rect, Rect) {
        let area = Self::area(body);
        let rows = if self.trend().is_some() { TREND_ROWS.min(area.height / 2) } else { 0 };
        split_top(area, area.height - rows)
    }

    const fn area(body: Rect) -> Rect {
        inside(body, 1, 0)
    }
}

impl Screen for Federation {
    fn open(&mut self, cx: &Cx<'_>, _target: Option<Target>) -> Vec<Action> {
        self.ask(cx)
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        let (area, _) = self.areas(cx.body);
        if *cmd == Cmd::Reload {
            return Reaction::Do(self.ask(cx));
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
            self.show(cx.words);
            return Reaction::done();
        }
        Reaction::Pass
    }

    fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action> {
        match told {
            // Without them there is no plot, and the table says by itself what is wrong.
            Told::Answer(event) if tag == TRENDS => {
                if let DeskEvent::Trends(trends) = *event {
                    self.trends = *trends;
                }
            }
            Told::Trouble(_) if tag == TRENDS => self.trends = Trends::default(),
            Told::Answer(event) => match *event {
                DeskEvent::Status(status) => self.came(cx.words, status),
                _ => self.load.failed(Trouble::failed("peer-garbled")),
            },
            Told::Trouble(trouble) => self.load.failed(trouble),
            Told::Stage(_) | Told::Sign(_) | Told::Outcome(_) | Told::Confirmed | Told::Reason(_) | Told::Dismissed => {}
        }
        Vec::new()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let (area, below) = self.areas(cx.body);
        let area = if self.load.get().is_some() { area } else { Self::area(cx.body) };
        let Some((_, area)) = self.load.draw(cx, area, canvas) else { return };
        if let Some(trend) = self.trend() {
            draw_trend(cx.words, trend, self.trends.step_ms, cx.blocks, below, canvas);
        }
        match &self.shown {
            Some(detail) => detail.draw(area, canvas),
            None if self.list.rows().is_empty() => empty(cx, "federation.empty", "federation.empty-next", area, canvas),
            None => self.list.draw(cx.words, cx.now, area, canvas),
        }
    }

    fn offers(&self, _cx: &Cx<'_>) -> Vec<&'static str> {
        if self.shown.is_some() {
            return vec!["back", "reload", "copy", "palette"];
        }
        vec!["open", "filter", "reload", "export", "palette"]
    }

    fn crumbs(&self, _words: Words) -> Vec<Shown> {
        self.shown.as_ref().and(self.list.selected()).map(|centre| Shown::of(&centre.journal.centre)).into_iter().collect()
    }

    fn deadline(&self) -> Option<Moment> {
        self.list.deadline().or(self.next)
    }

    fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.list.tick(cx.words, cx.now);
        if self.next.is_some_and(|next| next <= cx.at) { self.ask(cx) } else { Vec::new() }
    }

    fn typing(&self) -> bool {
        self.list.typing()
    }

    fn copy(&self, _cx: &Cx<'_>) -> Option<Shown> {
        self.list.selected().and_then(|centre| centre.journal.root).map(Shown::of)
    }

    fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        (!self.list.is_empty()).then(|| self.list.sheet(cx.words, cx.now))
    }
}
