//! A centre's catalogue of data: which certificates, with which fields, it issues, since when, and who answers for them.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::Wording;
use super::check::{Problem, ProblemCode, code, field_list, text_of, version, wording};
use crate::certificate::{CertificateKind, Field};
use crate::listing::Day;

/// Most items of a catalogue.
pub const MAX_ITEMS: usize = 32;
/// Longest telephone number of an office, in bytes.
pub const MAX_PHONE_BYTES: usize = 40;

/// What a centre offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct DataItem {
    /// The item's code.
    #[n(0)]
    pub code: String,
    /// What people call it.
    #[n(1)]
    pub title: Wording,
    /// The certificate it comes as.
    #[n(2)]
    pub certificate: CertificateKind,
    /// Which of its fields, in certificate order.
    #[n(3)]
    pub fields: Vec<String>,
    /// First legal day on which it is offered.
    #[n(4)]
    pub since: Day,
    /// The unit that answers for it.
    #[n(5)]
    pub unit: Wording,
    /// That unit's telephone number: an office's, nobody's own.
    #[n(6)]
    pub phone: String,
}

/// One version of a centre's catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct DataCatalogue {
    /// Which version, numbered as a matter's is.
    #[n(0)]
    pub version: u32,
    /// What is offered; nothing is an answer too.
    #[n(1)]
    pub items: Vec<DataItem>,
}

impl DataCatalogue {
    /// Whether everything in it is as it must be.
    ///
    /// # Errors
    /// The first [`Problem`].
    pub fn check(&self) -> Result<(), Problem> {
        version("version", self.version)?;
        if self.items.len() > MAX_ITEMS {
            return Err(Problem::allowing("item", ProblemCode::TooMany, MAX_ITEMS.to_string()));
        }
        let mut codes = BTreeSet::new();
        for (i, item) in self.items.iter().enumerate() {
            let at = format!("item[{i}]");
            code(&format!("{at}.code"), &item.code)?;
            if !codes.insert(item.code.as_str()) {
                return Err(Problem::new(format!("{at}.code"), ProblemCode::Twice));
            }
            item.check(&at)?;
        }
        Ok(())
    }
}

impl DataItem {
    fn check(&self, at: &str) -> Result<(), Problem> {
        wording(&format!("{at}.title"), &self.title)?;
        wording(&format!("{at}.unit"), &self.unit)?;
        let phone = format!("{at}.phone");
        text_of(&phone, &self.phone, MAX_PHONE_BYTES)?;
        if !self.phone.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b' ' | b'(' | b')')) {
            return Err(Problem::allowing(phone, ProblemCode::BadValue, "0-9 - + ( )"));
        }
        let fields = format!("{at}.fields");
        if self.fields.is_empty() {
            return Err(Problem::new(fields, ProblemCode::Empty));
        }
        let places: Option<Vec<usize>> =
            self.fields.iter().map(|name| Field::named(self.certificate, name).map(|(place, _)| place)).collect();
        let unknown = || Problem::allowing(fields.clone(), ProblemCode::UnknownField, field_list(self.certificate));
        if places.ok_or_else(unknown)?.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err(Problem::new(fields, ProblemCode::Disordered)) }
    }
}
