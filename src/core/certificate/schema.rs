//! What each kind of certificate contains: the SD-JWT VC type metadata in `schemas/certificates/`, read once.
//!
//! The files are the one source of truth: their order is "certificate order", the order of fields wherever a list of them stands.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::kind::CertificateKind;
use crate::facts::Month;

/// Most fields a kind may have.
pub const MAX_FIELDS: usize = 32;
/// Longest text in a field, in bytes of UTF-8.
pub const MAX_TEXT_BYTES: usize = 256;
/// Longest amount, ratio or code in a field, in bytes.
const MAX_NUMBER_BYTES: usize = 24;

/// What the value of a field looks like in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    /// Yuan with two decimals, as text: `"3312.00"`.
    Money,
    /// `"YYYYMM"`.
    Month,
    /// A fraction of one, as text: `"0.12"`.
    Ratio,
    /// A whole number, not negative.
    Integer,
    /// `true` or `false`.
    Bool,
    /// A code of a table of JGJ/T 320-2014, as text: `"01"`.
    Code,
    /// Anything written, at most [`MAX_TEXT_BYTES`].
    Text,
}

/// What a field belongs to, for whoever lays it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// Who it is about.
    Person,
    /// The account.
    Account,
    /// Deposits.
    Deposit,
    /// Fund loans.
    Loan,
    /// Who issued it, for questions.
    Office,
}

/// One field of a kind of certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Claim name.
    pub name: String,
    /// Code in JGJ/T 320-2014, where the standard has this very item.
    pub code: Option<String>,
    /// Chinese label.
    pub label_zh: String,
    /// English label.
    pub label_en: String,
    /// What it belongs to.
    pub group: Group,
    /// What its value looks like.
    pub value: ValueType,
    /// Whether it tells who the holder is, and so is masked on screens.
    pub identifying: bool,
    /// Whether it may be `null`: there is no such thing for this account.
    pub optional: bool,
}

impl Field {
    /// Every field of `kind`, in certificate order.
    #[must_use]
    pub fn all(kind: CertificateKind) -> &'static [Self] {
        match kind {
            CertificateKind::Deposit => &DEPOSIT,
            CertificateKind::CrossRegionLoan => &CROSS_REGION_LOAN,
            CertificateKind::LoanSettled => &LOAN_SETTLED,
        }
    }

    /// The field of `kind` that `text` names: by claim name, standard code or Chinese label.
    #[must_use]
    pub fn find(kind: CertificateKind, text: &str) -> Option<&'static Self> {
        Self::all(kind).iter().find(|f| f.name == text || f.code.as_deref() == Some(text) || f.label_zh == text)
    }

    /// The field of `kind` with exactly this claim name, and its place in certificate order.
    #[must_use]
    pub fn named(kind: CertificateKind, name: &str) -> Option<(usize, &'static Self)> {
        Self::all(kind).iter().enumerate().find(|(_, field)| field.name == name)
    }

    /// Whether `value` is a number that tells who somebody is in every system, and so is masked on a screen. A name is not: who stands at
    /// the counter is compared with it.
    #[must_use]
    pub fn hides(&self, value: &Value) -> bool {
        let number = |text: &str| text.is_ascii() && text.bytes().any(|b| b.is_ascii_digit());
        self.identifying && value.as_str().is_none_or(number)
    }

    /// Whether `value` is of this field's form.
    #[must_use]
    pub fn accepts(&self, value: &Value) -> bool {
        if value.is_null() {
            return self.optional;
        }
        match self.value {
            ValueType::Integer => value.as_u64().is_some(),
            ValueType::Bool => value.is_boolean(),
            ValueType::Money => value.as_str().is_some_and(|t| is_decimal(t.strip_prefix('-').unwrap_or(t), 2..=2)),
            ValueType::Ratio => value.as_str().is_some_and(|t| is_decimal(t, 2..=4)),
            ValueType::Month => value.as_str().is_some_and(|t| Month::try_from(t.to_owned()).is_ok()),
            ValueType::Code => value.as_str().is_some_and(|t| {
                !t.is_empty() && t.len() <= MAX_NUMBER_BYTES && t.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            }),
            ValueType::Text => value.as_str().is_some_and(|t| t.len() <= MAX_TEXT_BYTES && !t.chars().any(char::is_control)),
        }
    }
}

fn is_decimal(text: &str, decimals: std::ops::RangeInclusive<usize>) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    text.len() <= MAX_NUMBER_BYTES
        && text.split_once('.').is_some_and(|(whole, rest)| digits(whole) && digits(rest) && decimals.contains(&rest.len()))
}

/// The type metadata document of `kind`, for verifiers that want it (draft-ietf-oauth-sd-jwt-vc, section 4).
#[must_use]
pub const fn type_metadata(kind: CertificateKind) -> &'static str {
    match kind {
        CertificateKind::Deposit => include_str!("../../../schemas/certificates/JCZM.json"),
        CertificateKind::CrossRegionLoan => include_str!("../../../schemas/certificates/YDDKJCZM.json"),
        CertificateKind::LoanSettled => include_str!("../../../schemas/certificates/DKJQZM.json"),
    }
}

static DEPOSIT: LazyLock<Vec<Field>> = LazyLock::new(|| fields(CertificateKind::Deposit));
static CROSS_REGION_LOAN: LazyLock<Vec<Field>> = LazyLock::new(|| fields(CertificateKind::CrossRegionLoan));
static LOAN_SETTLED: LazyLock<Vec<Field>> = LazyLock::new(|| fields(CertificateKind::LoanSettled));

#[derive(Deserialize)]
struct Metadata {
    claims: Vec<Claim>,
}

#[derive(Deserialize)]
struct Claim {
    path: Vec<String>,
    display: Vec<Display>,
    /// Our own member; claims that every reader sees (the number, the addressee) have none.
    anju: Option<Extension>,
}

#[derive(Deserialize)]
struct Display {
    locale: String,
    label: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extension {
    #[serde(default)]
    code: Option<String>,
    group: Group,
    value: ValueType,
    #[serde(default)]
    identifying: bool,
    #[serde(default)]
    optional: bool,
}

fn fields(kind: CertificateKind) -> Vec<Field> {
    // The documents are compiled in; that they can be read is checked by this module's test.
    let claims = serde_json::from_str::<Metadata>(type_metadata(kind)).map(|m| m.claims).unwrap_or_default();
    claims.into_iter().filter_map(field).collect()
}

fn field(claim: Claim) -> Option<Field> {
    let anju = claim.anju?;
    let label = |locale: &str| claim.display.iter().find(|d| d.locale == locale).map(|d| d.label.clone());
    Some(Field {
        name: claim.path.first()?.clone(),
        code: anju.code,
        label_zh: label("zh-CN")?,
        label_en: label("en")?,
        group: anju.group,
        value: anju.value,
        identifying: anju.identifying,
        optional: anju.optional,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_document_describes_its_kind_and_every_field_in_it_is_read() {
        for kind in CertificateKind::ALL {
            let document: Value = serde_json::from_str(type_metadata(kind)).unwrap();
            assert_eq!(document["vct"], kind.vct());
            let title =
                |locale: &str| document["display"].as_array().unwrap().iter().find(|d| d["locale"] == locale).unwrap()["name"].clone();
            assert_eq!((title("zh-CN"), title("en")), (kind.title_zh().into(), kind.title_en().into()));
            let disclosable = document["claims"].as_array().unwrap().iter().filter(|c| c["sd"] == "always").count();
            let fields = Field::all(kind);
            assert_eq!(fields.len(), disclosable, "{kind}");
            assert!((1..=MAX_FIELDS).contains(&fields.len()));
            let names: BTreeSet<_> = fields.iter().map(|f| &f.name).collect();
            assert_eq!(names.len(), fields.len());
            assert!(names.iter().all(|n| n.len() <= 32 && n.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')), "{names:?}");
        }
    }

    #[test]
    fn a_field_is_found_by_name_by_standard_code_and_by_label() {
        let kind = CertificateKind::CrossRegionLoan;
        for text in ["name", "XINGMING", "姓名"] {
            assert_eq!(Field::find(kind, text).unwrap().name, "name");
        }
        assert!(Field::find(kind, "").is_none());
        assert!(Field::find(CertificateKind::LoanSettled, "balance").is_none());
    }

    #[test]
    fn values_of_another_form_are_not_accepted() {
        let field = |name| Field::find(CertificateKind::CrossRegionLoan, name).unwrap();
        assert!(field("balance").accepts(&"-3.10".into()) && field("personal_ratio").accepts(&"0.125".into()));
        for bad in ["3", "3.1", ".10", "3.1a", "--3.10", "3.10.10", ""] {
            assert!(!field("balance").accepts(&bad.into()), "{bad}");
        }
        assert!(field("continuous_from").accepts(&Value::Null) && !field("opened").accepts(&Value::Null));
        assert!(!field("opened").accepts(&"202613".into()) && !field("loan_count").accepts(&(-1).into()));
        assert!(!field("name").accepts(&"a\u{1b}[0m".into()) && !field("name").accepts(&serde_json::json!(["x"])));
    }
}
