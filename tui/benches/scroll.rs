//! What a frame costs while an operator scrolls and filters a list of 100,000 rows.
//!
//! `cargo bench -p anju-tui --bench scroll [-- rows=N]` prints one JSON object a line. A frame is an event, what it changes, and the
//! drawing into a terminal of 160×48 that is none: what the terminal itself takes is not in it.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::cast_precision_loss, missing_docs, reason = "a program for developers")]

use std::time::Instant;

use anju_core::desk::Event as DeskEvent;
use anju_core::operator::Role;
use anju_core::time::Time;
use anju_tui::Words;
use anju_tui::canvas::Canvas;
use anju_tui::cmd::Cmd;
use anju_tui::event::Event;
use anju_tui::fake::{FakeDoor, Rehearsal, somebody};
use anju_tui::keys::KeyPress;
use anju_tui::screen::{Action, Cx, Entry, Moment, Reaction, Screen, Tag, Target, Told};
use anju_tui::shown::Shown;
use anju_tui::theme::Tone;
use anju_tui::widgets::list::{Column, List, Row};
use serde_json::json;

const ROWS: u32 = 100_000;
/// A frame that takes longer is seen.
const FRAME_MAX_MS: f64 = 16.0;
const COLUMNS: &[Column] = &[
    Column { word: "workbench.column-case", min: 14, grow: 0 },
    Column { word: "workbench.column-state", min: 12, grow: 1 },
    Column { word: "workbench.column-due", min: 20, grow: 0 },
    Column { word: "workbench.column-decision", min: 24, grow: 2 },
    Column { word: "workbench.column-conduct", min: 24, grow: 3 },
];
const ENTRIES: &[Entry] = &[Entry { id: "many", word: "screen.workbench", number: 1, roles: &Role::ALL, commands: &[], make }];

struct Case(u32);

impl Row for Case {
    fn cells(&self, words: Words, now: Time) -> Vec<(Tone, Shown)> {
        let plain = |text: Shown| (Tone::Plain, text);
        vec![
            plain(Shown::new(&format!("C46010-A{}", self.0))),
            plain(words.code("case-state", ["drafted", "reviewed", "listed"][self.0 as usize % 3])),
            plain(words.countdown(i64::from(self.0) * 1_000 - now.0 % 1_000)),
            plain(Shown::new(&format!("琼公积金认〔2026〕{}号", self.0))),
            plain(Shown::new("以欺骗手段提取住房公积金，三亚市住房公积金管理局认定")),
        ]
    }

    fn key(&self) -> String {
        self.0.to_string()
    }
}

struct Many(List<Case>);

fn make() -> Box<dyn Screen> {
    let rows = std::env::args().find_map(|arg| arg.strip_prefix("rows=")?.parse().ok()).unwrap_or(ROWS);
    let mut list = List::new(COLUMNS);
    list.set((0..rows).map(Case).collect());
    Box::new(Many(list))
}

impl Screen for Many {
    fn open(&mut self, _: &Cx<'_>, _: Option<Target>) -> Vec<Action> {
        Vec::new()
    }
    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        Reaction::of(self.0.on(cmd, cx.body))
    }
    fn told(&mut self, _: &Cx<'_>, _: Tag, _: Told) -> Vec<Action> {
        Vec::new()
    }
    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        self.0.draw(cx.words, cx.now, cx.body, canvas);
    }
    fn offers(&self, _: &Cx<'_>) -> Vec<&'static str> {
        vec!["filter"]
    }
    fn deadline(&self) -> Option<Moment> {
        self.0.deadline()
    }
    fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.0.tick(cx.words, cx.now);
        Vec::new()
    }
    fn typing(&self) -> bool {
        self.0.typing()
    }
}

/// Milliseconds of one frame.
fn frame(desk: &mut Rehearsal, event: Event) -> f64 {
    let began = Instant::now();
    desk.event(event);
    desk.draw();
    began.elapsed().as_secs_f64() * 1_000.0
}

fn key(name: &str) -> Event {
    Event::Key(KeyPress::parse(name).unwrap())
}

fn say(part: &str, mut frames: Vec<f64>) {
    frames.sort_by(f64::total_cmp);
    let at = |share: f64| frames[((frames.len() - 1) as f64 * share) as usize];
    println!(
        "{}",
        json!({ "part": part, "frames": frames.len(), "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0),
                "frame_max_ms": FRAME_MAX_MS, "kept": at(0.99) <= FRAME_MAX_MS, "debug": cfg!(debug_assertions) })
    );
}

fn main() {
    let who = somebody("li.si", "李四", Role::Reviewer).unwrap();
    let door = FakeDoor::new(who, |_| Ok(DeskEvent::Done));
    let mut desk = Rehearsal::new(&door, Words::Chinese, ENTRIES, 160, 48);
    desk.log_in("li.si");
    let moves = ["down", "pgdn", "pgdn", "pgdn", "up", "pgup", "G", "pgup", "g", "down"];
    say("scroll", (0..3_000).map(|i| frame(&mut desk, key(moves[i % moves.len()]))).collect());
    let mut frames = vec![frame(&mut desk, key("/"))];
    for name in ["三", "亚", "9", "backspace", "backspace", "2", "0"] {
        frames.push(frame(&mut desk, key(name)));
        while desk.deadline() == Some(0) {
            frames.push(frame(&mut desk, Event::Tick));
        }
    }
    say("filter", frames);
}
