//! 系统: the peer behind this desk: version, whether it may write, what it warns of, whom it has counted faults of.

use anju_core::desk::{Event as DeskEvent, ReadOnly, Request, Status};

use super::federation::REFRESH_MS;
use crate::canvas::{Canvas, inside};
use crate::cmd::Cmd;
use crate::door::Trouble;
use crate::screen::{Action, Cx, Moment, Reaction, Screen, Tag, Target, Told};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::{Detail, Line};
use crate::widgets::state::Load;
use crate::words::Words;

const STATUS: Tag = "status";

/// See the module.
#[derive(Default)]
pub struct System {
    load: Load<Detail>,
    next: Option<Moment>,
}

/// The registering line's maker.
#[must_use]
pub fn make() -> Box<dyn Screen> {
    Box::new(System::default())
}

fn writing(words: Words, status: &Status) -> (Tone, Shown) {
    match &status.read_only {
        None => (Tone::Good, words.say("system.may-write")),
        Some(ReadOnly::Restored { reported, needed }) => {
            (Tone::Bad, words.fill("system.restored", &[("reported", &reported.to_string()), ("needed", &needed.to_string())]))
        }
        Some(ReadOnly::NotTheWriter) => (Tone::Warn, words.say("system.not-the-writer")),
    }
}

fn lines(words: Words, status: &Status) -> Vec<Line> {
    let field = |key: &str, value: Shown| Line::field(words.say(key), value);
    let up = status.stations.iter().filter(|station| station.connected).count();
    let rows: u64 = status.journals.iter().map(|journal| journal.size).sum();
    let (tone, may_write) = writing(words, status);
    let mut lines = vec![
        Line::Group(words.say("system.peer")),
        field("system.version", Shown::new(&status.version)),
        field("system.centre", Shown::of(&status.centre)),
        field("system.federation", Shown::of(&status.federation)),
        field("system.charter", Shown::of(status.charter)),
        field("system.clock", Shown::new(&status.now.legal_text())),
        Line::Field { label: words.say("system.writing"), value: may_write, tone },
        Line::Blank,
        Line::Group(words.say("system.storage")),
        field("system.journals", Shown::of(status.journals.len())),
        field("system.rows", Shown::of(rows)),
        field("system.stations", Shown::new(&format!("{up}/{}", status.stations.len()))),
        Line::Blank,
        Line::Group(words.say("system.warnings")),
    ];
    if status.warnings.is_empty() {
        lines.push(Line::Text(Tone::Good, words.say("system.no-warnings")));
    }
    lines.extend(status.warnings.iter().map(|code| Line::Text(Tone::Warn, words.code("status-warning", code))));
    lines.extend([Line::Blank, Line::Group(words.say("system.faults"))]);
    if status.faults.is_empty() {
        lines.push(Line::Text(Tone::Good, words.say("system.no-faults")));
    }
    for fault in &status.faults {
        let what = words.code("fault", &format!("{}.what", fault.code));
        let centre = status.stations.iter().find(|station| station.station == fault.station);
        let who = centre.map_or_else(|| Shown::of(fault.station), |station| Shown::of(&station.centre));
        let values = [("centre", who.to_string()), ("what", what.to_string()), ("count", fault.count.to_string())];
        let text = words.fill("system.fault", &values.each_ref().map(|(name, value)| (*name, value.as_str())));
        lines.push(Line::Text(Tone::Bad, text));
    }
    lines
}

impl System {
    fn ask(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.load.ask(cx.at);
        self.next = Some(cx.at + REFRESH_MS);
        vec![Action::ask(STATUS, Request::Status)]
    }
}

impl Screen for System {
    fn open(&mut self, cx: &Cx<'_>, _target: Option<Target>) -> Vec<Action> {
        self.ask(cx)
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if *cmd == Cmd::Reload {
            return Reaction::Do(self.ask(cx));
        }
        Reaction::of(self.load.get_mut().is_some_and(|detail| detail.on(cmd, inside(cx.body, 1, 0))))
    }

    fn told(&mut self, cx: &Cx<'_>, _tag: Tag, told: Told) -> Vec<Action> {
        match told {
            Told::Answer(event) => match *event {
                DeskEvent::Status(status) => {
                    let lines = lines(cx.words, &status);
                    match self.load.get_mut() {
                        Some(detail) => {
                            detail.set(lines);
                            let detail = std::mem::take(detail);
                            self.load.came(detail);
                        }
                        None => self.load.came(Detail::new(lines)),
                    }
                }
                _ => self.load.failed(Trouble::failed("peer-garbled")),
            },
            Told::Trouble(trouble) => self.load.failed(trouble),
            Told::Stage(_) | Told::Sign(_) | Told::Outcome(_) | Told::Confirmed | Told::Reason(_) | Told::Dismissed => {}
        }
        Vec::new()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        if let Some((detail, area)) = self.load.draw(cx, inside(cx.body, 1, 0), canvas) {
            detail.draw(area, canvas);
        }
    }

    fn offers(&self, _cx: &Cx<'_>) -> Vec<&'static str> {
        vec!["reload", "jobs", "palette", "lock", "quit"]
    }

    fn deadline(&self) -> Option<Moment> {
        self.next
    }

    fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        if self.next.is_some_and(|next| next <= cx.at) { self.ask(cx) } else { Vec::new() }
    }
}
