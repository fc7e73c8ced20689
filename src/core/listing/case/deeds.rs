//! Who may do what with a case in which state: the table of [`super::steps`] as data, so that what is refused and what is offered are
//! the same.

use serde::{Deserialize, Serialize};

use super::steps::{allowed, not_allowed, role};
use super::{Case, CaseState};
use crate::error::{Refusal, RefusalCode};
use crate::listing::Day;
use crate::operator::{Operator, Role};

/// What an operator may do with a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// Propose a returned one again.
    Propose,
    /// Approve or return.
    Review,
    /// Say that the subject was told, so that the objection period runs.
    Notify,
    /// The same with the paper by which the subject gives up the period.
    Waive,
    /// Object, for the subject.
    Object,
    /// Answer what was objected.
    Answer,
    /// Take it back.
    Withdraw,
    /// End it because the subject has made good.
    Repair,
}

impl Deed {
    /// Every one, what is waited for before what may happen at any time.
    pub const ALL: [Self; 8] =
        [Self::Propose, Self::Review, Self::Notify, Self::Waive, Self::Answer, Self::Repair, Self::Object, Self::Withdraw];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Propose => "propose",
            Self::Review => "review",
            Self::Notify => "notify",
            Self::Waive => "waive",
            Self::Object => "object",
            Self::Answer => "answer",
            Self::Withdraw => "withdraw",
            Self::Repair => "repair",
        }
    }

    /// Whose it is.
    const fn roles(self) -> &'static [Role] {
        match self {
            Self::Propose | Self::Notify => &[Role::Teller],
            Self::Object => &[Role::Teller, Role::Reviewer],
            Self::Review | Self::Waive | Self::Answer | Self::Withdraw | Self::Repair => &[Role::Reviewer],
        }
    }

    /// Whether who proposed the case may not do it.
    const fn takes_another(self) -> bool {
        match self {
            Self::Review | Self::Waive | Self::Answer | Self::Repair => true,
            Self::Propose | Self::Notify | Self::Object | Self::Withdraw => false,
        }
    }

    /// In which states.
    const fn states(self) -> &'static [CaseState] {
        use CaseState::{Disputed, Drafted, Listed, Notified, Objected, Returned, Reviewed, Upheld};
        match self {
            Self::Propose => &[Returned],
            Self::Review => &[Drafted],
            Self::Notify | Self::Waive => &[Reviewed],
            Self::Object => &[Notified, Objected, Listed, Disputed, Upheld],
            Self::Answer => &[Objected, Disputed],
            Self::Withdraw => &[Drafted, Returned, Reviewed, Notified, Objected, Listed, Disputed, Upheld],
            Self::Repair => &[Listed, Disputed, Upheld],
        }
    }
}

impl Case {
    /// Whether `who` may do `deed` in `state`.
    pub(super) fn allows(&self, deed: Deed, who: &Operator, state: CaseState) -> Result<(), Refusal> {
        role(who, deed.roles())?;
        if state.has_ended() {
            return Err(not_allowed(state));
        }
        allowed(state, deed.states())?;
        if deed.takes_another() && self.is_proposer(&who.name) { Err(RefusalCode::SecondPersonNeeded.into()) } else { Ok(()) }
    }

    /// What `who` may do on `today`, and whether something would be theirs to do had they not proposed it.
    #[must_use]
    pub fn may(&self, who: &Operator, today: Day) -> (Vec<Deed>, bool) {
        let state = self.state(today);
        let mut second = false;
        let may = |deed: &Deed| match self.allows(*deed, who, state) {
            Ok(()) => true,
            Err(refusal) => {
                second |= refusal.code == RefusalCode::SecondPersonNeeded;
                false
            }
        };
        let deeds = Deed::ALL.into_iter().filter(may).collect();
        (deeds, second)
    }
}
