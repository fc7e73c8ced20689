//! The last part: every version of the charter that followed the founding one; and what these tell of keys and epochs: since which
//! version they stand.

use anju_core::desk::{Event as DeskEvent, MAX_HISTORY_PAGE, Request, VersionLine};
use anju_core::names::CentreCode;
use anju_core::time::Time;
use ratatui::layout::Rect;

use super::told::{change, changes_short, codes, when};
use crate::canvas::Canvas;
use crate::cmd::Cmd;
use crate::door::Trouble;
use crate::screen::{Cx, Moment, Reaction, Sheet};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::{Detail, Line};
use crate::widgets::list::{Column, List, Row};
use crate::widgets::state::{Load, empty};
use crate::words::Words;

/// Most pages that are asked for: what is older says nothing of keys that anybody should still use.
const PAGES_MAX: usize = 20;
/// Changes that bring a centre's keys.
const BRINGS_KEYS: &[&str] = &["add", "rotate-keys"];
const COLUMNS: &[Column] = &[
    Column { word: "federation.column-version", min: 7, grow: 0 },
    Column { word: "federation.column-adopted", min: 16, grow: 0 },
    Column { word: "federation.column-approved", min: 8, grow: 0 },
    Column { word: "federation.column-changes", min: 30, grow: 1 },
];

/// Since when something of the charter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    /// This version brought it, which was adopted here then.
    Version(u64, Time),
    /// The founding charter.
    Founding,
    /// Not known, or not yet.
    Unknown,
}

struct Version(VersionLine);

impl Row for Version {
    fn cells(&self, words: Words, _now: Time) -> Vec<(Tone, Shown)> {
        let Self(line) = self;
        let at = line.at.legal_text();
        let changes = changes_short(words, &line.changes);
        vec![
            (Tone::Plain, Shown::of(line.version)),
            (Tone::Plain, Shown::new(at.get(..16).unwrap_or_default())),
            (Tone::Plain, words.fill("federation.approvals", &[("count", &line.approved.len().to_string())])),
            (Tone::Plain, changes),
        ]
    }

    fn key(&self) -> String {
        self.0.version.to_string()
    }
}

pub(super) struct History {
    load: Load<()>,
    /// The version in force when it was read.
    of: Option<u64>,
    /// Newest first.
    versions: Vec<VersionLine>,
    pages: usize,
    whole: bool,
    list: List<Version>,
    shown: Option<Detail>,
}

impl Default for History {
    fn default() -> Self {
        Self { load: Load::default(), of: None, versions: Vec::new(), pages: 0, whole: false, list: List::new(COLUMNS), shown: None }
    }
}

impl History {
    /// What is to be asked now that this version is in force: nothing, while what was read is of it.
    pub(super) fn ask(&mut self, version: u64, at: Moment) -> Option<Request> {
        if self.of == Some(version) {
            return None;
        }
        (self.of, self.pages, self.whole) = (Some(version), 0, false);
        self.versions.clear();
        self.load.ask(at);
        Some(Request::FederationHistory { before: None, limit: MAX_HISTORY_PAGE })
    }

    /// It is to be read again, although the version is the same.
    pub(super) fn again(&mut self) {
        self.of = None;
    }

    pub(super) fn failed(&mut self, trouble: Trouble) {
        self.of = None;
        self.load.failed(trouble);
    }

    /// A page came; the next one, if there is one.
    pub(super) fn answered(&mut self, event: DeskEvent) -> Option<Request> {
        let DeskEvent::Versions { versions, more } = event else {
            self.failed(Trouble::failed("peer-garbled"));
            return None;
        };
        self.pages += 1;
        let before = versions.last().map(|line| line.version);
        self.versions.extend(versions);
        if let Some(before) = before.filter(|_| more && self.pages < PAGES_MAX) {
            return Some(Request::FederationHistory { before: Some(before), limit: MAX_HISTORY_PAGE });
        }
        self.whole = !more;
        self.load.came(());
        self.list.set(self.versions.iter().cloned().map(Version).collect());
        None
    }

    fn since(&self, brings: impl Fn(&VersionLine) -> bool) -> Since {
        match self.versions.iter().find(|line| brings(line)) {
            Some(line) => Since::Version(line.version, line.at),
            None if self.whole => Since::Founding,
            None => Since::Unknown,
        }
    }

    /// Since when a member has the keys that it has.
    pub(super) fn keys_of(&self, centre: &CentreCode) -> Since {
        self.since(|line| {
            let brings = |change: &str| BRINGS_KEYS.contains(&change);
            line.changes.iter().any(|change| brings(&change.change) && change.centre.as_ref() == Some(centre))
        })
    }

    /// Since when the epoch runs.
    pub(super) fn epoch(&self) -> Since {
        self.since(|line| line.epoch)
    }

    /// Since when this version is in force.
    pub(super) fn adopted(&self, version: u64) -> Since {
        self.since(|line| line.version == version)
    }

    pub(super) fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd, area: Rect) -> Reaction {
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
            self.shown = self.list.selected().map(|Version(line)| Detail::new(lines(cx, line)));
            return Reaction::done();
        }
        Reaction::Pass
    }

    pub(super) fn draw(&self, cx: &Cx<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let Some((_, area)) = self.load.draw(cx, area, canvas) else { return };
        match &self.shown {
            Some(detail) => detail.draw(area, canvas),
            None if self.versions.is_empty() => empty(cx, "federation.no-history", "federation.no-history-next", area, canvas),
            None => self.list.draw(cx.words, cx.now, area, canvas),
        }
    }

    pub(super) fn offers(&self) -> Vec<&'static str> {
        if self.shown.is_some() { vec!["back", "reload"] } else { vec!["open", "next", "filter", "reload", "export"] }
    }

    pub(super) fn crumb(&self) -> Option<Shown> {
        self.shown.as_ref().and(self.list.selected()).map(|Version(line)| Shown::of(line.version))
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
        self.list.selected().map(|Version(line)| Shown::of(line.digest))
    }

    pub(super) fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        (!self.list.is_empty()).then(|| self.list.sheet(cx.words, cx.now))
    }
}

fn lines(cx: &Cx<'_>, line: &VersionLine) -> Vec<Line> {
    let words = cx.words;
    let field = |key: &str, value: Shown| Line::field(words.say(key), value);
    let mut lines = vec![
        Line::Group(words.fill("federation.version-no", &[("version", &line.version.to_string())])),
        field("federation.adopted-here", when(words, line.at, cx.now)),
        field("federation.digest", Shown::of(line.digest)),
        field("federation.approved-by", Shown::new(&codes(&line.approved))),
        Line::Blank,
        Line::Group(words.say("federation.changed")),
    ];
    lines.extend(line.changes.iter().map(|one| Line::Text(Tone::Plain, change(words, one))));
    lines
}
