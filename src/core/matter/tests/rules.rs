//! What rules say of values.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{is, loan, text, words};
use crate::certificate::{CertificateKind, Field, FieldValues};
use crate::listing::Day;
use crate::matter::{Clause, Judged, Op, Operand, Outcome, Rule};

const KIND: CertificateKind = CertificateKind::CrossRegionLoan;

fn today() -> Day {
    Day::from_number(20_261_205).unwrap()
}

fn values(of: &[(&str, Value)]) -> FieldValues {
    FieldValues::new(of.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

fn outcome(when: Clause, of: &[(&str, Value)]) -> Outcome {
    let rule = Rule { name: "rule".to_owned(), title: words(), when };
    rule.evaluate(KIND, &values(of), today()).outcome
}

fn single(field: &str, op: Op, value: Operand, held: Value) -> Outcome {
    outcome(Clause::All(vec![is(field, op, value)]), &[(field, held)])
}

#[test]
fn and_and_or_follow_the_tables_of_three_valued_logic() {
    use Outcome::{Met as M, NotMet as N, Unknown as U};
    let table =
        [(M, M, M, M), (M, N, N, M), (M, U, U, M), (N, M, N, M), (N, N, N, N), (N, U, N, U), (U, M, U, M), (U, N, N, U), (U, U, U, U)];
    for (a, b, and, or) in table {
        assert_eq!((a.and(b), a.or(b)), (and, or), "{a:?} {b:?}");
    }
}

#[test]
fn groups_of_one_two_and_three_values_come_to_what_the_tables_say() {
    // A field that is met, one that is not, one that is not there.
    let held = [("loan_count", json!(1)), ("in_arrears", json!(true))];
    let clause = |outcome| match outcome {
        Outcome::Met => is("loan_count", Op::Is, Operand::Number(1)),
        Outcome::NotMet => is("in_arrears", Op::Is, Operand::Flag(false)),
        Outcome::Unknown => is("balance", Op::AtLeast, text("0.00")),
    };
    for a in Outcome::ALL {
        for b in Outcome::ALL {
            for c in Outcome::ALL {
                let three = || vec![clause(a), clause(b), clause(c)];
                assert_eq!(outcome(Clause::All(three()), &held), a.and(b).and(c), "{a:?} {b:?} {c:?}");
                assert_eq!(outcome(Clause::Any(three()), &held), a.or(b).or(c), "{a:?} {b:?} {c:?}");
                let nested = Clause::Any(vec![clause(a), Clause::All(vec![clause(b), clause(c)])]);
                assert_eq!(outcome(nested, &held), a.or(b.and(c)));
            }
        }
    }
}

#[test]
fn amounts_and_ratios_are_compared_exactly() {
    use Outcome::{Met, NotMet};
    for (op, value, held, expected) in [
        (Op::AtLeast, "100000.00", "100000.00", Met),
        (Op::AtLeast, "100000.00", "99999.99", NotMet),
        (Op::MoreThan, "0.00", "0.01", Met),
        (Op::MoreThan, "0.00", "0.00", NotMet),
        (Op::LessThan, "0.00", "-0.01", Met),
        // As text the first would be the larger.
        (Op::AtMost, "1000.00", "999.99", Met),
        // A floating point number cannot tell these apart.
        (Op::Is, "9007199254740993.00", "9007199254740992.00", NotMet),
        (Op::IsNot, "0.30", "0.30", NotMet),
    ] {
        assert_eq!(single("balance", op, text(value), held.into()), expected, "{op:?} {value} {held}");
    }
    assert_eq!(single("personal_ratio", Op::AtLeast, text("0.12"), "0.1199".into()), NotMet);
    assert_eq!(single("personal_ratio", Op::Is, text("0.12"), "0.1200".into()), Met);
}

#[test]
fn months_codes_counts_and_what_is_not_there_are_compared_as_they_are_meant() {
    use Outcome::{Met, NotMet, Unknown};
    let months = |n| Operand::Number(n);
    assert_eq!(single("continuous_to", Op::MonthsAgoAtMost, months(2), "202610".into()), Met);
    assert_eq!(single("continuous_to", Op::MonthsAgoAtMost, months(2), "202609".into()), NotMet);
    assert_eq!(single("continuous_to", Op::MonthsAgoAtMost, months(0), "202701".into()), Met);
    assert_eq!(single("opened", Op::MonthsAgoAtLeast, months(12), "202512".into()), Met);
    assert_eq!(single("opened", Op::MonthsAgoAtLeast, months(12), "202601".into()), NotMet);
    assert_eq!(single("opened", Op::LessThan, text("202601"), "202512".into()), Met);
    assert_eq!(single("account_status", Op::OneOf, Operand::Texts(vec!["01".into(), "02".into()]), "02".into()), Met);
    assert_eq!(single("account_status", Op::Is, text("01"), "1".into()), NotMet);
    assert_eq!(single("loan_count", Op::AtMost, months(1), 2.into()), NotMet);
    // There is no continuous deposit: that is known.
    assert_eq!(single("continuous_to", Op::MonthsAgoAtMost, months(2), Value::Null), NotMet);
    assert_eq!(single("continuous_to", Op::Present, Operand::Flag(false), Value::Null), Met);
    assert_eq!(single("continuous_to", Op::Present, Operand::Flag(true), "202610".into()), Met);
    // This cannot be null, so nothing is known.
    assert_eq!(single("balance", Op::AtMost, text("1.00"), Value::Null), Unknown);
    for other in [json!(3), json!("3"), json!("abc"), json!(["3.00"]), json!({}), json!(true)] {
        assert_eq!(single("balance", Op::AtMost, text("5.00"), other.clone()), Unknown, "{other}");
    }
}

fn applicant() -> Vec<(&'static str, Value)> {
    vec![
        ("account_status", json!("01")),
        ("continuous_months", json!(6)),
        ("continuous_to", json!("202611")),
        ("in_arrears", json!(false)),
        ("loan_record", json!(false)),
        ("loan_count", json!(0)),
        ("loan_outstanding", json!("0.00")),
    ]
}

fn applied(changes: &[(&str, Option<Value>)]) -> (Outcome, Vec<Judged>) {
    let mut of = applicant();
    for (name, value) in changes {
        of.retain(|(n, _)| n != name);
        if let Some((value, (known, _))) = value.as_ref().zip(applicant().into_iter().find(|(n, _)| n == name)) {
            of.push((known, value.clone()));
        }
    }
    let verdict = loan().rule("may-apply").unwrap().evaluate(KIND, &values(&of), today());
    (verdict.outcome, verdict.conditions)
}

#[test]
fn the_loan_rule_that_comes_with_the_program_says_what_the_national_rules_say() {
    use Outcome::{Met, NotMet, Unknown};
    for (changes, expected) in [
        (vec![], Met),
        (vec![("continuous_months", Some(json!(5)))], NotMet),
        (vec![("account_status", Some(json!("02")))], NotMet),
        // A second loan after the first is settled; not a third, and not while one is open.
        (vec![("loan_record", Some(json!(true))), ("loan_count", Some(json!(1)))], Met),
        (vec![("loan_record", Some(json!(true))), ("loan_count", Some(json!(2)))], NotMet),
        (vec![("loan_record", Some(json!(true))), ("loan_outstanding", Some(json!("0.01")))], NotMet),
        (vec![("in_arrears", None)], Unknown),
        // What is missing does not hide a no.
        (vec![("in_arrears", None), ("continuous_months", Some(json!(1)))], NotMet),
        // And a yes that does not need it stays one.
        (vec![("loan_count", None), ("loan_outstanding", None)], Met),
    ] {
        assert_eq!(applied(&changes).0, expected, "{changes:?}");
    }
}

#[test]
fn every_condition_is_told_with_its_words_even_when_an_earlier_one_has_settled_it() {
    let (outcome, conditions) = applied(&[("account_status", Some(json!("05"))), ("in_arrears", None)]);
    assert_eq!(outcome, Outcome::NotMet);
    let told: Vec<_> = conditions.iter().map(|c| (c.field.as_str(), c.outcome.code())).collect();
    let expected = [
        ("account_status", "not-met"),
        ("continuous_months", "met"),
        ("continuous_to", "met"),
        ("in_arrears", "unknown"),
        ("loan_record", "met"),
        ("loan_count", "met"),
        ("loan_outstanding", "met"),
    ];
    assert_eq!(told, expected);
    assert!(conditions.iter().all(|c| !c.wording.zh.is_empty() && !c.wording.en.is_empty()));
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
        "-?[0-9]{1,22}\\.[0-9]{0,4}".prop_map(Value::from),
        "[0-9]{6}".prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..3).prop_map(Value::from),
    ]
}

fn any_operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        any::<bool>().prop_map(Operand::Flag),
        any::<u64>().prop_map(Operand::Number),
        ".{0,20}".prop_map(Operand::Text),
        "[0-9]{1,20}\\.[0-9]{2}".prop_map(Operand::Text),
        prop::collection::vec(".{0,5}", 0..4).prop_map(Operand::Texts),
    ]
}

fn any_clause() -> impl Strategy<Value = Clause> {
    let names: Vec<String> = Field::all(KIND).iter().map(|f| f.name.clone()).chain(["no_such".to_owned()]).collect();
    let leaf = (prop::sample::select(names), prop::sample::select(Op::ALL.to_vec()), any_operand())
        .prop_map(|(field, op, value)| is(&field, op, value));
    leaf.prop_recursive(5, 24, 4, |inner| {
        let many = prop::collection::vec(inner, 0..4);
        prop_oneof![many.clone().prop_map(Clause::All), many.prop_map(Clause::Any)]
    })
}

proptest! {
    /// Not only rules that pass the checks: whatever is evaluated comes to a verdict.
    #[test]
    fn no_rule_and_no_values_make_the_evaluation_panic(
        when in any_clause(), held in prop::collection::vec(any_value(), 24), day in 19_900_101_u32..21_991_231,
    ) {
        let of: Vec<_> = Field::all(KIND).iter().zip(held).map(|(field, value)| (field.name.clone(), value)).collect();
        let rule = Rule { name: "rule".to_owned(), title: words(), when };
        let today = Day::from_number(day).unwrap_or_else(today);
        let one = rule.evaluate(KIND, &FieldValues::new(of.clone()), today);
        prop_assert_eq!(one, rule.evaluate(KIND, &FieldValues::new(of), today));
    }
}
