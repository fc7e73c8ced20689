//! What travels in journals, and what hostile members may write there.

use proptest::prelude::*;

use super::{SHIPPED, is, loan, text, words};
use crate::certificate::Field;
use crate::error::FaultCode;
use crate::grant::Mode;
use crate::listing::Day;
use crate::matter::body::MAX_MATTER_BODY_BYTES;
use crate::matter::{
    CatalogueBody, Clause, DataCatalogue, DataItem, MAX_CONDITIONS, MAX_RULES, Matter, MatterBody, MatterField, Op, Operand, Problem,
    ProblemCode, Rule, Wording,
};

fn refused(matter: &Matter) -> (FaultCode, Problem) {
    let problem = matter.check().unwrap_err();
    (MatterBody::parse(&MatterBody::to_bytes(matter)).unwrap_err().code, problem)
}

fn changed(change: impl FnOnce(&mut Matter)) -> Matter {
    let mut matter = loan();
    change(&mut matter);
    matter
}

fn with_rule(when: Clause) -> Matter {
    changed(|m| m.rules = vec![Rule { name: "rule".to_owned(), title: words(), when }])
}

/// `groups` groups in one another around one condition.
fn nested(groups: usize) -> Clause {
    (0..groups).fold(is("loan_count", Op::Is, Operand::Number(0)), |inner, i| {
        if i % 2 == 0 { Clause::All(vec![inner]) } else { Clause::Any(vec![inner]) }
    })
}

#[test]
fn what_a_centre_publishes_every_receiver_reads_back_the_same() {
    for (code, toml) in SHIPPED {
        let matter = Matter::from_toml(toml).unwrap();
        assert_eq!(matter.code, code);
        let bytes = MatterBody::to_bytes(&matter);
        assert!(bytes.len() < MAX_MATTER_BODY_BYTES / 4);
        assert_eq!(MatterBody::parse(&bytes).unwrap(), matter);
    }
}

#[test]
fn groups_three_deep_are_read_and_four_deep_are_refused_everywhere() {
    let three = with_rule(nested(3));
    assert_eq!(MatterBody::parse(&MatterBody::to_bytes(&three)).unwrap(), three);
    let (fault, problem) = refused(&with_rule(nested(4)));
    assert_eq!((fault, problem.code), (FaultCode::Malformed, ProblemCode::TooDeep));
    assert_eq!(problem.at, "rule[0].any[0].all[0].any[0].all");
}

#[test]
fn a_body_that_nests_as_deep_as_its_bytes_allow_is_refused_without_following_it() {
    let whole = MatterBody::to_bytes(&with_rule(nested(1)));
    let group = [0x82, 0x00, 0x81];
    let at = whole.windows(3).position(|bytes| bytes == group).unwrap();
    let mut hostile = whole[..at].to_vec();
    while hostile.len() + whole.len() < MAX_MATTER_BODY_BYTES {
        hostile.extend_from_slice(&group);
    }
    hostile.extend_from_slice(&whole[at..]);
    assert_eq!(MatterBody::parse(&hostile).unwrap_err().code, FaultCode::Malformed);
}

#[test]
fn a_hostile_members_matter_is_refused_by_what_is_wrong_with_it() {
    use ProblemCode as P;
    let condition = |field: &str, op, value| with_rule(Clause::All(vec![is(field, op, value)]));
    let cases: Vec<(&str, Matter, P)> = vec![
        ("code", changed(|m| m.code = "Cross Region".to_owned()), P::NotACode),
        ("code", changed(|m| m.code.clear()), P::Empty),
        ("code", changed(|m| m.code = "x".repeat(41)), P::TooLong),
        ("version", changed(|m| m.version = 1), P::NotAVersion),
        ("version", changed(|m| m.version = 2_026_120_100), P::NotAVersion),
        ("title.zh", changed(|m| m.title.zh = "\u{202e}x".to_owned()), P::HostileText),
        ("title.en", changed(|m| m.title.en = " ".to_owned()), P::Empty),
        ("legal_basis.en", changed(|m| m.legal_basis.en = "x".repeat(301)), P::TooLong),
        ("modes", changed(|m| m.modes.clear()), P::Empty),
        ("modes", changed(|m| m.modes = vec![Mode::Check, Mode::Details]), P::Disordered),
        ("modes", changed(|m| m.modes = vec![Mode::Check, Mode::Check]), P::Disordered),
        ("uses_max", changed(|m| m.uses_max = 0), P::OutOfRange),
        ("uses_max", changed(|m| m.uses_max = 101), P::OutOfRange),
        ("days_max", changed(|m| m.days_max = 31), P::OutOfRange),
        ("required", changed(|m| m.fields.clear()), P::Empty),
        ("required", changed(|m| m.fields.swap(0, 1)), P::Disordered),
        ("required", changed(|m| m.fields.insert(0, m.fields[0].clone())), P::Disordered),
        ("required", changed(|m| m.fields[0].name = "salary".to_owned()), P::UnknownField),
        ("rule", changed(|m| m.rules = vec![m.rules[0].clone(); MAX_RULES + 1]), P::TooMany),
        ("rule[1].name", changed(|m| m.rules.push(m.rules[0].clone())), P::Twice),
        ("rule[0]", with_rule(is("loan_count", Op::Is, Operand::Number(0))), P::NotAClause),
        ("rule[0].all", with_rule(Clause::All(vec![])), P::Empty),
        ("rule[0].all[0].any", with_rule(Clause::All(vec![Clause::Any(vec![])])), P::Empty),
        ("rule[0].all[0].field", condition("name", Op::Is, text("张三")), P::Identifying),
        ("rule[0].all[0].field", condition("salary", Op::Is, text("1.00")), P::UnknownField),
        ("rule[0].all[0].op", condition("balance", Op::OneOf, text("1.00")), P::OpNotForField),
        ("rule[0].all[0].op", condition("balance", Op::Present, Operand::Flag(true)), P::OpNotForField),
        ("rule[0].all[0].value", condition("balance", Op::Is, text("1.0")), P::BadValue),
        ("rule[0].all[0].value", condition("balance", Op::Is, Operand::Number(1)), P::BadValue),
        ("rule[0].all[0].value", condition("personal_ratio", Op::Is, text("12.00")), P::BadValue),
        ("rule[0].all[0].value", condition("loan_count", Op::Is, Operand::Number(u64::MAX)), P::BadValue),
        ("rule[0].all[0].value", condition("opened", Op::MonthsAgoAtMost, Operand::Number(1201)), P::BadValue),
        ("rule[0].all[0].value", condition("account_status", Op::OneOf, Operand::Texts(vec![])), P::Empty),
        ("rule[0].all[0].value[1]", condition("account_status", Op::OneOf, Operand::Texts(vec!["01".into(), "01".into()])), P::Twice),
    ];
    for (at, matter, code) in cases {
        let (_, problem) = refused(&matter);
        assert_eq!((problem.at.as_str(), problem.code), (at, code));
    }
}

#[test]
fn more_conditions_than_a_matter_may_have_are_refused_in_one_rule_and_over_many() {
    let many = |n: usize| Clause::All(vec![is("loan_count", Op::AtMost, Operand::Number(1)); n]);
    assert_eq!(refused(&with_rule(many(MAX_CONDITIONS + 1))).1.code, ProblemCode::TooMany);
    let halves = changed(|m| {
        let rule = |name: &str| Rule { name: name.to_owned(), title: words(), when: many(MAX_CONDITIONS / 2 + 1) };
        m.rules = vec![rule("a"), rule("b")];
    });
    assert_eq!(refused(&halves), (FaultCode::BadStatement, halves.check().unwrap_err()));
    assert_eq!(halves.check().unwrap_err().code, ProblemCode::TooMany);
}

#[test]
fn a_body_of_another_suite_or_with_anything_after_it_is_refused() {
    let bytes = MatterBody::to_bytes(&loan());
    assert_eq!(MatterBody::parse(&[&bytes[..], &[0]].concat()).unwrap_err().code, FaultCode::Malformed);
    assert_eq!(MatterBody::parse(&vec![0; MAX_MATTER_BODY_BYTES + 1]).unwrap_err().code, FaultCode::Oversized);
    let other = crate::wire::encode(&MatterBody { suite: "anju-2".to_owned(), matter: loan() });
    assert_eq!(MatterBody::parse(&other).unwrap_err().code, FaultCode::BadStatement);
    assert!(CatalogueBody::parse(&bytes).is_err());
}

fn catalogue() -> DataCatalogue {
    DataCatalogue::from_toml(include_str!("../../../../schemas/catalogue.toml")).unwrap()
}

#[test]
fn a_catalogue_travels_unchanged_and_one_that_is_wrong_is_refused() {
    use ProblemCode as P;
    let sound = catalogue();
    assert_eq!(CatalogueBody::parse(&CatalogueBody::to_bytes(&sound)).unwrap(), sound);
    let empty = DataCatalogue { version: sound.version, items: Vec::new() };
    assert_eq!(CatalogueBody::parse(&CatalogueBody::to_bytes(&empty)).unwrap(), empty);
    type Change = fn(&mut DataItem);
    let changes: [(&str, P, Change); 6] = [
        ("item[0].phone", P::BadValue, |i| i.phone = "call me".to_owned()),
        ("item[0].phone", P::TooLong, |i| i.phone = "1".repeat(41)),
        ("item[0].fields", P::Empty, |i| i.fields.clear()),
        ("item[0].fields", P::Disordered, |i| i.fields.swap(0, 1)),
        ("item[0].fields", P::UnknownField, |i| i.fields[0] = "salary".to_owned()),
        ("item[0].unit.zh", P::HostileText, |i| i.unit.zh = "a\u{1b}[0m".to_owned()),
    ];
    for (at, code, change) in changes {
        let mut wrong = sound.clone();
        change(&mut wrong.items[0]);
        assert_eq!(wrong.check().map_err(|p| (p.at, p.code)), Err((at.to_owned(), code)));
        assert_eq!(CatalogueBody::parse(&CatalogueBody::to_bytes(&wrong)).unwrap_err().code, FaultCode::BadStatement);
    }
    let mut twice = sound.clone();
    twice.items[1].code = sound.items[0].code.clone();
    assert_eq!(twice.check().unwrap_err().code, P::Twice);
}

fn any_wording() -> impl Strategy<Value = Wording> {
    ("[一-龥a-zA-Z0-9，]{1,40}", "[ -~]{0,40}[a-z]").prop_map(|(zh, en)| Wording { zh, en })
}

/// Conditions that pass the checks.
fn sound_condition() -> impl Strategy<Value = Clause> {
    let number = (prop::sample::select(vec![Op::Is, Op::AtLeast, Op::LessThan]), 0_u64..1000)
        .prop_map(|(op, n)| ("continuous_months", op, Operand::Number(n)));
    let money = (prop::sample::select(vec![Op::IsNot, Op::AtMost, Op::MoreThan]), "-?[0-9]{1,12}\\.[0-9]{2}")
        .prop_map(|(op, v)| ("balance", op, Operand::Text(v)));
    let codes =
        prop::collection::btree_set("[0-9]{2}", 1..5).prop_map(|s| ("account_status", Op::OneOf, Operand::Texts(s.into_iter().collect())));
    let flag = any::<bool>().prop_map(|f| ("in_arrears", Op::Is, Operand::Flag(f)));
    let months = (0_u64..1200).prop_map(|n| ("continuous_to", Op::MonthsAgoAtMost, Operand::Number(n)));
    (prop_oneof![number, money, codes, flag, months], any_wording()).prop_map(|((field, op, value), wording)| {
        let Clause::Is(mut condition) = is(field, op, value) else { unreachable!() };
        condition.wording = wording;
        Clause::Is(condition)
    })
}

fn sound_group() -> impl Strategy<Value = Clause> {
    let group = |inner: BoxedStrategy<Clause>| {
        let many = prop::collection::vec(inner, 1..3);
        prop_oneof![many.clone().prop_map(Clause::All), many.prop_map(Clause::Any)]
    };
    let low = group(sound_condition().boxed());
    let middle = group(prop_oneof![sound_condition(), low].boxed());
    group(prop_oneof![sound_condition(), middle].boxed())
}

prop_compose! {
    fn sound_matter()(
        code in "[a-z][a-z0-9-]{0,39}", day in 20_260_101_u32..=20_260_128, serial in 1_u32..100, title in any_wording(), basis in any_wording(),
        uses_max in 1_u32..=100, days_max in 1_u32..=30, required in any::<u32>(), groups in prop::collection::vec(sound_group(), 0..3),
        modes in 1_usize..=3, all in Just(loan()),
    ) -> Matter {
        let fields = Field::all(all.certificate).iter().enumerate();
        let fields = fields.map(|(i, f)| MatterField { name: f.name.clone(), required: required & (1 << i) != 0 }).collect();
        let rules = groups.into_iter().enumerate();
        let rules = rules.map(|(i, when)| Rule { name: format!("rule-{i}"), title: title.clone(), when }).collect();
        Matter {
            code, version: day * 100 + serial, from: Day::from_number(day).unwrap(), title, legal_basis: basis, uses_max, days_max, fields, rules,
            modes: all.modes[..modes].to_vec(), ..all
        }
    }
}

proptest! {
    #[test]
    fn every_sound_matter_is_what_it_was_after_it_travelled(matter in sound_matter()) {
        prop_assert_eq!(matter.check(), Ok(()));
        prop_assert_eq!(MatterBody::parse(&MatterBody::to_bytes(&matter)), Ok(matter));
    }

    #[test]
    fn a_body_with_a_changed_byte_is_refused_or_is_another_matter_that_is_sound(at in any::<prop::sample::Index>(), flip in 1_u8..) {
        let mut bytes = MatterBody::to_bytes(&loan());
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(matter) = MatterBody::parse(&bytes) {
            prop_assert_eq!(matter.check(), Ok(()));
            prop_assert_eq!(MatterBody::to_bytes(&matter), bytes);
        }
    }

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = (MatterBody::parse(&bytes), CatalogueBody::parse(&bytes));
    }
}
