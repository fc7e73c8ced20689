//! `[blacklist]`: what a centre may tune of the list.

use std::path::PathBuf;

use anju_core::listing::catalogue::{Catalogue, MAX_CATALOGUE_BYTES};
use anju_core::node::list::Settings;
use anju_core::time::MINUTE_MS;
use serde::{Deserialize, Serialize};

use super::folder::DataFolder;
use super::{ConfigError, atomic};

/// Fewest minutes of silence after which a centre may be said not to count: two heartbeats of 10 minutes and some.
pub const STALE_MINUTES_MIN: u32 = 21;
/// Most such minutes: a week.
pub const STALE_MINUTES_MAX: u32 = 7 * 24 * 60;
/// Highest quota of a day.
pub const QUOTA_MAX: u64 = 10_000_000;

/// `[blacklist]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Blacklist {
    /// The table of conducts, levels, measures and deadlines; the one that comes with the program when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<PathBuf>,
    /// A centre that was silent for longer does not count in a lookup.
    pub stale_after_minutes: u32,
    /// Lookups that one operator may make in a legal day.
    pub lookups_per_operator: u64,
    /// Lookups that the centre may make in a legal day.
    pub lookups_per_centre: u64,
    /// Applicants that may be screened in a legal day.
    pub screened_per_centre: u64,
    /// The alarm goes off at this share of a quota, in percent.
    pub alarm_percent: u8,
}

impl Default for Blacklist {
    fn default() -> Self {
        let Settings { stale_after_ms, lookups_per_operator, lookups_per_centre, screened_per_centre, alarm_percent, .. } =
            Settings::default();
        let stale_after_minutes = u32::try_from(stale_after_ms / MINUTE_MS).unwrap_or(STALE_MINUTES_MAX);
        Self { catalogue: None, stale_after_minutes, lookups_per_operator, lookups_per_centre, screened_per_centre, alarm_percent }
    }
}

impl Blacklist {
    /// Keys and whether their values are allowed.
    pub(super) fn rules(&self) -> [(&'static str, bool); 5] {
        let quota = |quota: u64| (1..=QUOTA_MAX).contains(&quota);
        [
            ("blacklist.stale_after_minutes", (STALE_MINUTES_MIN..=STALE_MINUTES_MAX).contains(&self.stale_after_minutes)),
            ("blacklist.lookups_per_operator", quota(self.lookups_per_operator)),
            ("blacklist.lookups_per_centre", quota(self.lookups_per_centre)),
            ("blacklist.screened_per_centre", quota(self.screened_per_centre)),
            ("blacklist.alarm_percent", (1..=100).contains(&self.alarm_percent)),
        ]
    }

    /// What the core works with; the table is read from the data folder.
    ///
    /// # Errors
    /// [`ConfigError::Catalogue`] with the path and what is wrong when the table that is named cannot be read or is none: a table that is
    /// missing is never replaced by the one that comes with the program.
    pub fn settings(&self, folder: &DataFolder) -> Result<Settings, ConfigError> {
        let catalogue = match &self.catalogue {
            Some(path) => read(&folder.path(path))?,
            None => Catalogue::default(),
        };
        Ok(Settings {
            catalogue,
            stale_after_ms: i64::from(self.stale_after_minutes) * MINUTE_MS,
            lookups_per_operator: self.lookups_per_operator,
            lookups_per_centre: self.lookups_per_centre,
            screened_per_centre: self.screened_per_centre,
            alarm_percent: self.alarm_percent,
        })
    }
}

fn read(path: &std::path::Path) -> Result<Catalogue, ConfigError> {
    let wrong = |detail: String| ConfigError::Catalogue { path: path.to_owned(), detail };
    let bytes = atomic::read_capped(path, MAX_CATALOGUE_BYTES as u64).map_err(|e| wrong(e.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|e| wrong(e.utf8_error().to_string()))?;
    Catalogue::parse(&text).map_err(|e| wrong(e.to_string()))
}
