//! What a case said before it was changed, for whoever reviews the change.

use super::{Case, Move, check_proposal};
use crate::desk::Act;
use crate::listing::catalogue::Catalogue;
use crate::listing::{Day, Finding};

/// What was said before. Personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// The subject's name then; nothing where only the finding was kept.
    pub name: Option<String>,
    /// What was decided then.
    pub finding: Finding,
}

impl Case {
    /// What the proposal before the newest one said, or what an import replaced. Nothing is kept for it of a proposal: its signed act is
    /// in the step, and is read again with the catalogue as it is now. Nothing when there was none, or when the catalogue no longer
    /// has what it named.
    #[must_use]
    pub fn before(&self, catalogue: &Catalogue) -> Option<Before> {
        if let Some(finding) = &self.replaced {
            return Some(Before { name: None, finding: (**finding).clone() });
        }
        let earlier = self.steps.iter().rev().filter(|step| step.what == Move::Propose).nth(1)?;
        let Ok(Act::Propose(proposal)) = serde_json::from_str(&earlier.signed.as_ref()?.act) else { return None };
        let checked = check_proposal(&proposal, catalogue, Day::of(earlier.at)).ok()?;
        Some(Before { name: Some(checked.name), finding: checked.finding })
    }
}
