//! The proof of an ending: which centres have acknowledged it by their signed vectors, since when, and which have not.

use anju_core::desk::{Acknowledgement, Act, CaseRef, Event as DeskEvent, Proof};
use anju_core::time::Time;
use ratatui::layout::Rect;

use super::Page;
use crate::canvas::{Canvas, inside, split_top};
use crate::cmd::Cmd;
use crate::door::Trouble;
use crate::screen::{Action, Cx, Moment, Reaction, Sheet, Tag, Told};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::list::{Column, List, Row};
use crate::widgets::state::{Load, empty};
use crate::words::Words;

/// Before the number in a target's text.
pub(super) const PREFIX: &str = "proof ";
const PROOF: Tag = "proof";
/// Rows above the table.
const HEAD_ROWS: u16 = 3;

const COLUMNS: &[Column] = &[
    Column { word: "blacklist.column-centre", min: 7, grow: 0 },
    Column { word: "blacklist.column-name", min: 16, grow: 2 },
    Column { word: "blacklist.column-acknowledged", min: 19, grow: 0 },
    Column { word: "blacklist.column-row", min: 8, grow: 0 },
    Column { word: "blacklist.column-heard", min: 12, grow: 1 },
];

struct Centre(Acknowledgement);

impl Row for Centre {
    fn cells(&self, words: Words, now: Time) -> Vec<(Tone, Shown)> {
        let centre = &self.0;
        let since = match centre.since {
            Some(at) => (Tone::Good, Shown::new(&at.legal_text())),
            None => (Tone::Warn, words.say("blacklist.proof-not-yet")),
        };
        let row = centre.index.map_or_else(|| Shown::new("-"), Shown::of);
        vec![
            (Tone::Plain, Shown::of(&centre.centre)),
            (Tone::Plain, Shown::new(&centre.name)),
            since,
            (Tone::Plain, row),
            (Tone::Plain, words.age(centre.as_of.map(|at| now.since(at)))),
        ]
    }

    fn key(&self) -> String {
        self.0.centre.to_string()
    }
}

pub(super) struct ProofPage {
    about: CaseRef,
    load: Load<Box<Proof>>,
    list: List<Centre>,
}

impl ProofPage {
    pub(super) fn new(about: CaseRef) -> Self {
        Self { about, load: Load::default(), list: List::new(COLUMNS) }
    }

    fn ask(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.load.ask(cx.at);
        vec![Action::act(PROOF, Act::Proof { about: self.about.clone() })]
    }

    fn table(body: Rect) -> Rect {
        split_top(inside(body, 1, 0), HEAD_ROWS).1
    }
}

impl Page for ProofPage {
    fn id(&self) -> &'static str {
        "proof"
    }

    fn tags(&self) -> &'static [Tag] {
        &[PROOF]
    }

    fn open(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.ask(cx)
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if *cmd == Cmd::Reload {
            return Reaction::Do(self.ask(cx));
        }
        Reaction::of(self.list.on(cmd, Self::table(cx.body)))
    }

    fn told(&mut self, _cx: &Cx<'_>, _tag: Tag, told: Told) -> Vec<Action> {
        match told {
            Told::Answer(event) => match *event {
                DeskEvent::Proof(proof) => {
                    self.list.set(proof.centres.iter().cloned().map(Centre).collect());
                    self.load.came(proof);
                }
                _ => self.load.failed(Trouble::failed("peer-garbled")),
            },
            Told::Trouble(trouble) => self.load.failed(trouble),
            Told::Stage(_) | Told::Sign(_) | Told::Outcome(_) | Told::Confirmed | Told::Reason(_) | Told::Dismissed => {}
        }
        Vec::new()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let Some((proof, area)) = self.load.draw(cx, inside(cx.body, 1, 0), canvas) else { return };
        let (listing, index, at) = (proof.listing.to_string(), proof.ended_index.to_string(), proof.ended_at.legal_text());
        let standing = cx.words.code("standing", proof.standing.code());
        let values = [("listing", listing.as_str()), ("standing", standing.as_str()), ("at", &at), ("index", &index)];
        canvas.text(area.x, area.y, area.width, Tone::Head, &cx.words.fill("blacklist.proof-head", &values));
        let (tone, key) =
            if proof.complete { (Tone::Good, "blacklist.proof-complete") } else { (Tone::Warn, "blacklist.proof-incomplete") };
        let backing = proof.backing.as_ref().map(|backing| Shown::new("  ").and(&cx.words.backing(backing)));
        let said = cx.words.say(key);
        canvas.text(area.x, area.y + 1, area.width, tone, &backing.map_or(said.clone(), |backing| said.and(&backing)));
        let table = Self::table(cx.body);
        if proof.centres.is_empty() {
            return empty(cx, "blacklist.proof-alone", "blacklist.proof-alone-next", table, canvas);
        }
        self.list.draw(cx.words, cx.now, table, canvas);
    }

    fn offers(&self, _cx: &Cx<'_>) -> Vec<&'static str> {
        vec!["reload", "filter", "export", "copy", "back"]
    }

    fn crumb(&self, words: Words) -> Option<Shown> {
        Some(words.say("blacklist.cmd-proof"))
    }

    fn deadline(&self) -> Option<Moment> {
        self.list.deadline()
    }

    fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.list.tick(cx.words, cx.now);
        Vec::new()
    }

    fn typing(&self) -> bool {
        self.list.typing()
    }

    fn copy(&self) -> Option<Shown> {
        self.load.get().map(|proof| Shown::of(&proof.listing))
    }

    fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        (!self.list.is_empty()).then(|| self.list.sheet(cx.words, cx.now))
    }
}
