//! The first part: how far and how fresh every centre's journal is here, and how it went lately.

use anju_core::desk::{Event as DeskEvent, Status, Trend, Trends};
use ratatui::layout::Rect;

use super::centre::{self, COLUMNS, Centre, TREND_ROWS, draw_trend};
use crate::canvas::{Canvas, split_top};
use crate::cmd::Cmd;
use crate::door::Trouble;
use crate::screen::{Cx, Moment, Reaction, Sheet};
use crate::shown::Shown;
use crate::widgets::detail::Detail;
use crate::widgets::list::List;
use crate::widgets::state::{Load, empty};
use crate::words::Words;

pub(super) struct Centres {
    load: Load<Box<Status>>,
    list: List<Centre>,
    trends: Trends,
    shown: Option<Detail>,
}

impl Default for Centres {
    fn default() -> Self {
        Self { load: Load::default(), list: List::new(COLUMNS), trends: Trends::default(), shown: None }
    }
}

impl Centres {
    pub(super) fn ask(&mut self, at: Moment) {
        self.load.ask(at);
    }

    pub(super) fn failed(&mut self, trouble: Trouble) {
        self.load.failed(trouble);
    }

    /// Without them there is no plot, and the table says by itself what is wrong.
    pub(super) fn trends(&mut self, trends: Trends) {
        self.trends = trends;
    }

    pub(super) fn answered(&mut self, words: Words, event: DeskEvent) {
        let DeskEvent::Status(status) = event else { return self.load.failed(Trouble::failed("peer-garbled")) };
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
    fn areas(&self, area: Rect) -> (Rect, Rect) {
        let rows = if self.trend().is_some() { TREND_ROWS.min(area.height / 2) } else { 0 };
        split_top(area, area.height - rows)
    }

    pub(super) fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd, area: Rect) -> Reaction {
        let (area, _) = self.areas(area);
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

    pub(super) fn draw(&self, cx: &Cx<'_>, whole: Rect, canvas: &mut Canvas<'_>) {
        let (area, below) = self.areas(whole);
        let area = if self.load.get().is_some() { area } else { whole };
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

    pub(super) fn offers(&self) -> Vec<&'static str> {
        if self.shown.is_some() { vec!["back", "reload", "copy"] } else { vec!["open", "next", "filter", "reload", "export"] }
    }

    pub(super) fn crumb(&self) -> Option<Shown> {
        self.shown.as_ref().and(self.list.selected()).map(|centre| Shown::of(&centre.journal.centre))
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        self.list.deadline()
    }

    pub(super) fn tick(&mut self, cx: &Cx<'_>) {
        self.list.tick(cx.words, cx.now);
    }

    pub(super) fn typing(&self) -> bool {
        self.list.typing()
    }

    pub(super) fn copy(&self) -> Option<Shown> {
        self.list.selected().and_then(|centre| centre.journal.root).map(Shown::of)
    }

    pub(super) fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        (!self.list.is_empty()).then(|| self.list.sheet(cx.words, cx.now))
    }
}
