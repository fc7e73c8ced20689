//! A dossier that is looked at: asked for, laid out, asked for again after something was written.

use anju_core::desk::{Act, DossierAct, DossierName, DossierView, Event as DeskEvent};
use anju_core::names::CentreCode;
use ratatui::layout::Rect;

use super::shown;
use crate::canvas::Canvas;
use crate::cmd::Cmd;
use crate::door::Trouble;
use crate::screen::{Action, Cx, Tag, Told};
use crate::widgets::detail::{Detail, Line};
use crate::widgets::state::Load;
use crate::words::Words;

/// The act that reads a dossier.
pub(in crate::screens) fn show(tag: Tag, dossier: DossierName) -> Action {
    Action::act(tag, Act::Dossier(Box::new(DossierAct::Show { dossier })))
}

/// See the module.
pub(in crate::screens) struct Opened {
    tag: Tag,
    name: DossierName,
    load: Load<Box<DossierView>>,
    detail: Detail,
}

impl Opened {
    /// The dossier of this name, asked for under `tag`.
    pub(in crate::screens) fn new(tag: Tag, name: DossierName) -> Self {
        Self { tag, name, load: Load::default(), detail: Detail::default() }
    }

    /// Asks for it.
    pub(in crate::screens) fn ask(&mut self, cx: &Cx<'_>) -> Action {
        self.load.ask(cx.at);
        show(self.tag, self.name.clone())
    }

    /// By which name later acts reach it: its own number as soon as that is known, since a certificate may be the subject of several.
    pub(in crate::screens) fn name(&self) -> DossierName {
        self.view().map_or_else(|| self.name.clone(), |view| DossierName::Dossier(view.dossier.clone()))
    }

    pub(in crate::screens) fn view(&self) -> Option<&DossierView> {
        self.load.get().map(|view| &**view)
    }

    /// It came.
    pub(in crate::screens) fn came(&mut self, cx: &Cx<'_>, view: Box<DossierView>) {
        self.detail.set(shown::lines(cx.words, &view, &cx.who.centre));
        self.load.came(view);
    }

    /// What came of asking.
    pub(in crate::screens) fn told(&mut self, cx: &Cx<'_>, told: Told) {
        match told {
            Told::Answer(event) => match *event {
                DeskEvent::Dossier(view) => self.came(cx, view),
                _ => self.load.failed(Trouble::failed("peer-garbled")),
            },
            Told::Trouble(trouble) => self.load.failed(trouble),
            Told::Stage(_) | Told::Sign(_) | Told::Outcome(_) | Told::Confirmed | Told::Reason(_) | Told::Dismissed => {}
        }
    }

    /// Takes a command; says whether it was one for a text that scrolls.
    pub(in crate::screens) fn on(&mut self, cmd: &Cmd, area: Rect) -> bool {
        self.detail.on(cmd, area)
    }

    pub(in crate::screens) fn draw(&self, cx: &Cx<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        if let Some((_, area)) = self.load.draw(cx, area, canvas) {
            self.detail.draw(area, canvas);
        }
    }

    /// What it says, for a file: a label and a value a row.
    pub(in crate::screens) fn rows(&self, words: Words, own: &CentreCode) -> Option<Vec<Vec<String>>> {
        let row = |line: Line| match line {
            Line::Field { label, value, .. } => Some(vec![label.to_string(), value.to_string()]),
            Line::Group(text) | Line::Text(_, text) => Some(vec![text.to_string(), String::new()]),
            Line::Blank => None,
        };
        self.view().map(|view| shown::lines(words, view, own).into_iter().filter_map(row).collect())
    }
}
