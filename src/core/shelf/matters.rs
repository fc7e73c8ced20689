//! Matters and catalogues as their centres published them.

use super::ShelfError;
use crate::listing::Day;
use crate::names::CentreCode;
use crate::time::Time;

/// The newest version of a centre's matter from one day on. Its body was judged when it was projected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatterRow {
    /// Whose.
    pub centre: CentreCode,
    /// The matter's code.
    pub code: String,
    /// First legal day on which it holds.
    pub from: Day,
    /// Which version.
    pub version: u32,
    /// Row of the centre's journal.
    pub index: u64,
    /// When it was published.
    pub at: Time,
    /// The statement's body: [`crate::matter::MatterBody`] reads it.
    pub body: Vec<u8>,
}

/// The newest version of a centre's catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueRow {
    /// Whose.
    pub centre: CentreCode,
    /// Which version.
    pub version: u32,
    /// Row of the centre's journal.
    pub index: u64,
    /// When it was published.
    pub at: Time,
    /// The statement's body: [`crate::matter::CatalogueBody`] reads it.
    pub body: Vec<u8>,
}

/// A change of what centres have published. Of equal versions the first stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatterProjection {
    /// A matter. Ignored when the centre has as new a version from the same day on.
    Matter(MatterRow),
    /// A catalogue. Ignored when the centre has as new a version.
    Catalogue(CatalogueRow),
}

/// Reads about matters and catalogues.
pub trait Matters {
    /// The matter of this code that is in force at `centre` on `day`: of those that have begun, the one that began last.
    fn matter(&self, centre: &CentreCode, code: &str, day: Day) -> Result<Option<MatterRow>, ShelfError>;
    /// Matters of `centre` in order of code and day, after the one of `after`, at most `limit`.
    fn matters(&self, centre: &CentreCode, after: Option<(&str, Day)>, limit: usize) -> Result<Vec<MatterRow>, ShelfError>;
    /// Whether any matter of `centre` is in force on `day`.
    fn matter_in_force(&self, centre: &CentreCode, day: Day) -> Result<bool, ShelfError>;
    /// The newest version of a matter of this code, whatever its day.
    fn matter_version(&self, centre: &CentreCode, code: &str) -> Result<Option<u32>, ShelfError>;
    /// The catalogue of `centre`.
    fn catalogue(&self, centre: &CentreCode) -> Result<Option<CatalogueRow>, ShelfError>;
}
