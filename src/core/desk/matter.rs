//! What the local door says of matters, catalogues and verdicts.

use serde::{Deserialize, Serialize};

use crate::listing::Day;
use crate::matter::{DataCatalogue, Judged, Matter, Outcome, Wording};
use crate::names::CentreCode;
use crate::time::Time;

/// Most matters in one page of a list.
pub const MAX_MATTER_PAGE: usize = 200;

/// Where a page of matters ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatterKey {
    /// The matter's code.
    pub code: String,
    /// The day on which it begins.
    pub from: Day,
}

/// One matter in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatterLine {
    /// Whose.
    pub centre: CentreCode,
    /// Its code.
    pub code: String,
    /// Which version.
    pub version: u32,
    /// First legal day on which it holds.
    pub from: Day,
    /// What people call it.
    pub title: Wording,
    /// Code of the kind of certificate it needs.
    pub certificate: String,
    /// Whether it is the one in force today.
    pub in_force: bool,
}

/// One matter as its centre published it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatterView {
    /// Whose.
    pub centre: CentreCode,
    /// What it says.
    pub matter: Matter,
    /// Row of the centre's journal.
    pub index: u64,
    /// When it was published.
    pub at: Time,
    /// Whether it is the one in force today.
    pub in_force: bool,
}

/// One centre's catalogue in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueLine {
    /// Whose.
    pub centre: CentreCode,
    /// Which version.
    pub version: u32,
    /// How many items it has.
    pub items: usize,
    /// When it was published.
    pub at: Time,
}

/// A catalogue as its centre published it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueView {
    /// Whose.
    pub centre: CentreCode,
    /// What it says.
    pub catalogue: DataCatalogue,
    /// Row of the centre's journal.
    pub index: u64,
    /// When it was published.
    pub at: Time,
}

/// What a rule of the asking centre's matter says of the fields that were opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleVerdict {
    /// The rule's name.
    pub rule: String,
    /// What people call it.
    pub title: Wording,
    /// Version of the matter.
    pub version: u32,
    /// Of the rule as a whole.
    pub outcome: Outcome,
    /// Of each condition, in the order in which they are written.
    pub conditions: Vec<Judged>,
}
