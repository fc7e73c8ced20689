//! The alarm over every view: what the peer's status says that nobody may miss. It is asked for by itself, whatever view is shown, and
//! stays until the peer says otherwise; a peer that does not answer has not taken it back.

use anju_core::desk::{Alarm, Event as DeskEvent, Request};
use anju_core::names::CentreCode;
use ratatui::layout::Rect;

use super::jobs::{Owner, Weight};
use super::{App, Now};
use crate::canvas::Canvas;
use crate::event::{Effect, Task};
use crate::screen::{Moment, Told};
use crate::screens::system::read_only;
use crate::shown::Shown;
use crate::theme::Tone;
use crate::words::Words;

/// How often the peer is asked.
pub const ALARM_EVERY_MS: u64 = 30_000;
/// Most centres that the line names; of more it says how many.
const NAMED_MAX: usize = 3;
/// The view that tells more.
const VIEW: &str = "federation";

/// What stands, and when it is asked for anew.
#[derive(Debug, Default)]
pub(super) struct Watch {
    alarms: Vec<Alarm>,
    next: Moment,
}

impl Watch {
    /// Rows that it takes of every view.
    pub(super) fn rows(&self) -> u16 {
        u16::from(!self.alarms.is_empty())
    }

    pub(super) const fn next(&self) -> Moment {
        self.next
    }
}

impl App {
    pub(super) fn ask_for_alarms(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.alarm.next = now.at + ALARM_EVERY_MS;
        if self.jobs.of(Owner::Alarm).is_none() {
            let id = self.jobs.begin(Owner::Alarm, Weight::Reads, Shown::default(), false, now.at);
            out.push(Effect::Run(id, Task::Ask(Box::new(Request::Status))));
        }
    }

    pub(super) fn told_of_alarms(&mut self, told: Told) {
        if let Told::Answer(event) = told
            && let DeskEvent::Status(status) = *event
        {
            self.alarm.alarms = status.alarms();
        }
    }

    /// The line, in words: colour only repeats them.
    pub(super) fn draw_alarm(&self, area: Rect, canvas: &mut Canvas<'_>) {
        let alarms = &self.alarm.alarms;
        if alarms.is_empty() {
            return;
        }
        canvas.fill(Rect { height: 1, ..area }, Tone::Bad);
        let key = self.allowed().find(|entry| entry.id == VIEW).map(|entry| entry.number.to_string());
        let more = key.map(|key| self.words.fill("alarm.more", &[("key", &key)])).unwrap_or_default();
        canvas.right(area.x, area.y, area.width.saturating_sub(1), Tone::Bad, &more);
        let room = area.width.saturating_sub(u16::try_from(more.width()).unwrap_or(0) + 3);
        let parts: Vec<Shown> = alarms.iter().map(|alarm| said(self.words, alarm)).collect();
        let mut line = self.words.say("alarm.head").and(&Shown::join(&parts, self.words.say("alarm.between").as_str()));
        // Of several each is named before what one of them means.
        if let [alarm] = alarms.as_slice() {
            line = line.and(&meant(self.words, alarm));
        }
        canvas.text(area.x + 1, area.y, room, Tone::Bad, &line);
    }
}

fn said(words: Words, alarm: &Alarm) -> Shown {
    match alarm {
        Alarm::OwnFork => words.say("alarm.own-fork"),
        Alarm::Forks(centres) => {
            let named: Vec<&str> = centres.iter().take(NAMED_MAX).map(CentreCode::as_str).collect();
            let (named, count) = (named.join(" "), centres.len().to_string());
            let key = if centres.len() > NAMED_MAX { "alarm.forks-many" } else { "alarm.forks" };
            words.fill(key, &[("centres", &named), ("count", &count)])
        }
        Alarm::Frozen(version) => words.fill("alarm.frozen", &[("version", &version.to_string())]),
        Alarm::ReadOnly(reason) => read_only(words, reason).1,
    }
}

fn meant(words: Words, alarm: &Alarm) -> Shown {
    match alarm {
        Alarm::OwnFork => words.say("alarm.own-fork-means"),
        Alarm::Forks(_) => words.say("alarm.forks-means"),
        Alarm::Frozen(_) => words.say("alarm.frozen-means"),
        Alarm::ReadOnly(_) => Shown::default(),
    }
}
