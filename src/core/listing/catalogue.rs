//! What a centre may say of a subject, and how long it waits: the centre's own dated data, read from a table.
//!
//! Nothing here is law. Which conducts there are, which levels and measures, how many days there are to object and to answer differs
//! from place to place and changes; so it is data with a date, and what was decided under one version keeps that version's words.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Day, SubjectKind};

/// Largest table, in bytes.
pub const MAX_CATALOGUE_BYTES: usize = 64 * 1024;
/// Most items of one list.
pub const MAX_ITEMS: usize = 200;

/// One conduct, level or measure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The stable code: lowercase ASCII letters, digits and hyphens.
    pub code: String,
    /// The words that exports and screens use.
    pub label: String,
    /// Other words that exports use for it.
    #[serde(default)]
    pub also: Vec<String>,
    /// For which kinds of subjects; all when empty.
    #[serde(default)]
    pub subjects: Vec<SubjectKind>,
}

/// How long is waited, from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadlines {
    /// First day on which these hold.
    pub from: Day,
    /// Days the subject has to object, after the day of the notice.
    pub objection_days: u32,
    /// Days the centre has to answer, after the day of the objection.
    pub answer_days: u32,
}

/// A centre's catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Which version this is, as the centre names it.
    pub version: String,
    /// 失信行为
    pub conduct: Vec<Item>,
    /// 失信等级
    pub level: Vec<Item>,
    /// 惩戒措施
    pub measure: Vec<Item>,
    /// In the order of their days.
    pub deadlines: Vec<Deadlines>,
}

/// A table that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Not TOML of the shape.
    #[error("{0}")]
    Shape(String),
    /// A code or label stands twice, is empty or not of its form.
    #[error("{list}: {item} is not of its form or stands twice")]
    Item {
        /// Which list.
        list: &'static str,
        /// Which item.
        item: String,
    },
    /// No deadlines, or not in order.
    #[error("the deadlines are missing or not in the order of their days")]
    Deadlines,
}

/// The catalogue that is used where a centre has none of its own.
pub const DEFAULT_CATALOGUE: &str = include_str!("../../../schemas/blacklist.toml");

impl Default for Catalogue {
    fn default() -> Self {
        // The table is part of the program and a test reads it; an empty catalogue lists nobody.
        Self::parse(DEFAULT_CATALOGUE).unwrap_or_else(|_| Self {
            version: String::new(),
            conduct: Vec::new(),
            level: Vec::new(),
            measure: Vec::new(),
            deadlines: Vec::new(),
        })
    }
}

impl Catalogue {
    /// Reads a table.
    ///
    /// # Errors
    /// [`CatalogueError`].
    pub fn parse(text: &str) -> Result<Self, CatalogueError> {
        if text.len() > MAX_CATALOGUE_BYTES {
            return Err(CatalogueError::Shape(format!("more than {MAX_CATALOGUE_BYTES} bytes")));
        }
        let catalogue: Self = toml::from_str(text).map_err(|e| CatalogueError::Shape(e.to_string()))?;
        for (list, items) in [("conduct", &catalogue.conduct), ("level", &catalogue.level), ("measure", &catalogue.measure)] {
            check_items(list, items)?;
        }
        let in_order = catalogue.deadlines.is_sorted_by(|a, b| a.from < b.from);
        if catalogue.deadlines.is_empty() || !in_order { Err(CatalogueError::Deadlines) } else { Ok(catalogue) }
    }

    /// The conduct that a code or a label names, if it may be said of this kind of subject.
    #[must_use]
    pub fn conduct(&self, text: &str, subject: SubjectKind) -> Option<&Item> {
        find(&self.conduct, text).filter(|item| item.subjects.is_empty() || item.subjects.contains(&subject))
    }

    /// The level that a code or a label names.
    #[must_use]
    pub fn level(&self, text: &str) -> Option<&Item> {
        find(&self.level, text)
    }

    /// The measure that a code or a label names.
    #[must_use]
    pub fn measure(&self, text: &str) -> Option<&Item> {
        find(&self.measure, text)
    }

    /// What holds on `day`: the newest that had begun, or the first.
    #[must_use]
    pub fn deadlines(&self, day: Day) -> Option<&Deadlines> {
        self.deadlines.iter().rev().find(|d| d.from <= day).or_else(|| self.deadlines.first())
    }
}

fn find<'a>(items: &'a [Item], text: &str) -> Option<&'a Item> {
    items.iter().find(|item| item.code == text || item.label == text || item.also.iter().any(|also| also == text))
}

fn check_items(list: &'static str, items: &[Item]) -> Result<(), CatalogueError> {
    let mut names = BTreeMap::new();
    let code = |c: &str| !c.is_empty() && c.len() <= 40 && c.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let label = |l: &str| !l.is_empty() && l.len() <= 60 && !l.chars().any(crate::facts::text::is_hostile);
    for item in items {
        let wrong = CatalogueError::Item { list, item: item.code.clone() };
        if !code(&item.code) || !label(&item.label) || items.len() > MAX_ITEMS || item.also.len() > 20 {
            return Err(wrong);
        }
        for name in std::iter::once(&item.code).chain(std::iter::once(&item.label)).chain(&item.also) {
            if !label(name) || names.insert(name.clone(), ()).is_some() {
                return Err(wrong);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_that_comes_with_the_program_is_one() {
        let catalogue = Catalogue::parse(DEFAULT_CATALOGUE).unwrap();
        assert!(catalogue.conduct("骗提", SubjectKind::Person).is_some());
        assert!(catalogue.conduct("骗提", SubjectKind::Employer).is_none());
        assert_eq!(catalogue.measure("限制贷款").unwrap().code, "no-loan");
        assert!(catalogue.deadlines(Day::from_number(20_261_121).unwrap()).is_some());
    }

    #[test]
    fn a_name_that_stands_twice_or_days_out_of_order_are_refused() {
        let twice = DEFAULT_CATALOGUE.replacen("label = \"骗贷\"", "label = \"骗提\"", 1);
        assert!(matches!(Catalogue::parse(&twice), Err(CatalogueError::Item { list: "conduct", .. })));
        let unordered = format!("{DEFAULT_CATALOGUE}\n[[deadlines]]\nfrom = \"1999-01-01\"\nobjection_days = 5\nanswer_days = 5\n");
        assert_eq!(Catalogue::parse(&unordered), Err(CatalogueError::Deadlines));
    }
}
