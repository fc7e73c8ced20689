//! Loans of the queue or the ledger, read page by page: for the loans' view and for the work queue.

use anju_core::desk::{Act, DossierAct, Event as DeskEvent, LoanLine, MAX_DOSSIER_PAGE};

use crate::door::Trouble;
use crate::screen::{Action, Cx, Moment, Tag, Told};
use crate::widgets::state::Load;

/// Most loans that are held; a ledger that is longer goes to a file with the command line.
pub(in crate::screens) const LOANS_MAX: usize = 10_000;
/// Most pages that are asked for at once: a page may be empty and yet not be the last.
const PAGES_MAX: usize = 2_000;

/// How old loans may be before a view that is opened reads them anew, in milliseconds: reading is recorded, and they have days.
pub(in crate::screens) const STALE_MS: u64 = 10 * 60_000;

/// Which loans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::screens) enum Which {
    /// What has to be done.
    Queue,
    /// 异地贷款明细台账.
    Ledger,
}

/// Loans as far as they were read.
pub(in crate::screens) struct Pages {
    tag: Tag,
    which: Which,
    load: Load<()>,
    coming: Vec<LoanLine>,
    after: Option<String>,
    asked: usize,
    since: Option<Moment>,
}

impl Pages {
    /// None yet; asked for under `tag`.
    pub(in crate::screens) fn new(tag: Tag, which: Which) -> Self {
        Self { tag, which, load: Load::default(), coming: Vec::new(), after: None, asked: 0, since: None }
    }

    /// Asks for them from their beginning.
    pub(in crate::screens) fn ask(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        (self.coming, self.after, self.asked, self.since) = (Vec::new(), None, 0, Some(cx.at));
        self.load.ask(cx.at);
        vec![self.page()]
    }

    fn page(&mut self) -> Action {
        self.asked += 1;
        let (after, limit) = (self.after.clone(), MAX_DOSSIER_PAGE);
        let act = match self.which {
            Which::Queue => DossierAct::Queue { after, limit },
            Which::Ledger => DossierAct::Ledger { after, limit },
        };
        Action::act(self.tag, Act::Dossier(Box::new(act)))
    }

    /// How old what is here is, in milliseconds; nothing when it was never asked for.
    pub(in crate::screens) fn age(&self, at: Moment) -> Option<u64> {
        self.since.map(|since| at.saturating_sub(since))
    }

    /// Whether they are here, or why not.
    pub(in crate::screens) const fn load(&self) -> &Load<()> {
        &self.load
    }

    /// What came of asking: what to ask further, and everything once it is here.
    pub(in crate::screens) fn told(&mut self, told: Told) -> (Vec<Action>, Option<Vec<LoanLine>>) {
        match told {
            Told::Answer(event) => match *event {
                DeskEvent::Loans { loans, next } => return self.came(loans, next),
                _ => self.load.failed(Trouble::failed("peer-garbled")),
            },
            Told::Trouble(trouble) => self.load.failed(trouble),
            Told::Stage(_) | Told::Sign(_) | Told::Outcome(_) | Told::Confirmed | Told::Reason(_) | Told::Dismissed => {}
        }
        (Vec::new(), None)
    }

    fn came(&mut self, loans: Vec<LoanLine>, next: Option<String>) -> (Vec<Action>, Option<Vec<LoanLine>>) {
        self.coming.extend(loans);
        self.coming.truncate(LOANS_MAX);
        // A page that begins where the last one began would never end.
        let further = next.filter(|next| Some(next) != self.after.as_ref() && self.coming.len() < LOANS_MAX && self.asked < PAGES_MAX);
        if further.is_some() {
            self.after = further;
            return (vec![self.page()], None);
        }
        self.load.came(());
        (Vec::new(), Some(std::mem::take(&mut self.coming)))
    }
}
