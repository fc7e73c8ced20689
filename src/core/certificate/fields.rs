//! The values of a certificate's fields: made from facts, wiped when dropped, never printed.

use std::fmt;

use serde_json::Value;
use zeroize::Zeroize;

use super::kind::CertificateKind;
use super::schema::Field;
use crate::facts::AccountFacts;

/// Names and values in certificate order. Texts are wiped when dropped.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct FieldValues(Vec<(String, Value)>);

impl FieldValues {
    /// Takes names and values, already in certificate order.
    #[must_use]
    pub const fn new(values: Vec<(String, Value)>) -> Self {
        Self(values)
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The value of one field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }
}

impl fmt::Debug for FieldValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldValues({} fields)", self.0.len())
    }
}

impl Drop for FieldValues {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|(_, value)| wipe(value));
    }
}

/// Wipes the text in `value`. Fields are scalars, so there is nothing below to reach.
pub(crate) fn wipe(value: &mut Value) {
    if let Value::String(text) = value {
        text.zeroize();
    }
}

/// The fields of a certificate of `kind` about an account with these facts, in certificate order. `clerk` and `phone` are the issuing
/// office's, for questions.
#[must_use]
pub fn fields_of(kind: CertificateKind, facts: &AccountFacts, clerk: &str, phone: &str) -> FieldValues {
    FieldValues(Field::all(kind).iter().map(|field| (field.name.clone(), value_of(&field.name, facts, clerk, phone))).collect())
}

/// `null` for a name that is not one of ours, which no field accepts: issuing then refuses. A test keeps this list and the schemas equal.
fn value_of(name: &str, facts: &AccountFacts, clerk: &str, phone: &str) -> Value {
    match name {
        "name" => facts.name.as_str().into(),
        "document_type" => facts.document_type.as_str().into(),
        "document_no" => facts.document_no.as_str().into(),
        "account_no" => facts.account_no.as_str().into(),
        "opened" => facts.opened.to_string().into(),
        // The code of the standard, as the facts themselves write it.
        "account_status" => serde_json::to_value(facts.status).unwrap_or_default(),
        "employer" => facts.employer.as_str().into(),
        "deposit_base" => facts.deposit_base.to_string().into(),
        "employer_ratio" => ratio(facts.employer_ratio).into(),
        "personal_ratio" => ratio(facts.personal_ratio).into(),
        "monthly_deposit" => facts.monthly_deposit.to_string().into(),
        "balance" => facts.balance.to_string().into(),
        "paid_until" => facts.paid_until.to_string().into(),
        "continuous_months" => facts.continuous_months.into(),
        "continuous_from" => facts.continuous_from.map(|m| m.to_string()).into(),
        "continuous_to" => facts.continuous_to.map(|m| m.to_string()).into(),
        "in_arrears" => facts.in_arrears.into(),
        "loan_record" => (facts.loan_count > 0).into(),
        "loan_count" => facts.loan_count.into(),
        "loan_total" => facts.loan_total.to_string().into(),
        "loan_outstanding" => facts.loan_outstanding.to_string().into(),
        "clerk" => clerk.into(),
        "phone" => phone.into(),
        _ => Value::Null,
    }
}

/// A ratio in 1/10,000 as a fraction with two to four decimals: `1200` is `0.12`, `1250` is `0.125`.
fn ratio(ten_thousandths: u32) -> String {
    let mut text = format!("{}.{:04}", ten_thousandths / 10_000, ten_thousandths % 10_000);
    while text.ends_with('0') && text.split('.').nth(1).is_some_and(|decimals| decimals.len() > 2) {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::tests::facts;

    #[test]
    fn every_field_of_every_kind_gets_a_value_of_its_form() {
        for kind in CertificateKind::ALL {
            let values = fields_of(kind, &facts(), "王经办", "0898-12345678");
            for field in Field::all(kind) {
                let value = values.get(&field.name).unwrap();
                assert!(!value.is_null() && field.accepts(value), "{kind} {}", field.name);
            }
        }
    }

    #[test]
    fn a_ratio_is_a_fraction_with_two_to_four_decimals() {
        assert_eq!([ratio(1200), ratio(1250), ratio(1), ratio(500), ratio(10_000)], ["0.12", "0.125", "0.0001", "0.05", "1.00"]);
    }

    #[test]
    fn values_are_never_printed() {
        let values = fields_of(CertificateKind::Deposit, &facts(), "", "");
        assert_eq!(format!("{values:?}"), "FieldValues(19 fields)");
    }
}
