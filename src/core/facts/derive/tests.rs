use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn month(text: &str) -> Month {
    Month::try_from(text.to_owned()).unwrap()
}

fn entry(kind: EntryKind, of: &str, amount: i64) -> Entry {
    Entry { kind, month: (!of.is_empty()).then(|| month(of)), posted: date(2026, 1, 5), amount: Fen(amount), reversal: false }
}

fn remitted(months: &[&str]) -> Vec<Entry> {
    months.iter().map(|of| entry(EntryKind::Remitted, of, 100)).collect()
}

fn normal(paid_until: &str) -> Standing {
    Standing { status: AccountStatus::Normal, deferred: false, paid_until: month(paid_until) }
}

fn of(entries: &[Entry]) -> Deposit {
    deposit(&normal("202603"), entries, &FactRules::default(), month("202603"))
}

#[test]
fn the_run_is_counted_back_from_the_paid_up_to_month_across_a_year_end() {
    assert_eq!(of(&remitted(&["202512", "202603", "202601", "202602"])).run, 4);
    assert_eq!(of(&remitted(&["202512", "202601", "202602"])).run, 0, "the paid-up-to month itself is missing");
    assert_eq!(of(&[]).run, 0);
}

#[test]
fn a_supplementary_payment_does_not_repair_unless_the_centre_says_so() {
    let mut entries = remitted(&["202601", "202603"]);
    entries.push(entry(EntryKind::Supplementary, "202602", 100));
    assert_eq!(of(&entries).run, 1);
    let rules = FactRules { supplementary_repairs: true, ..FactRules::default() };
    assert_eq!(deposit(&normal("202603"), &entries, &rules, month("202603")).run, 3);
}

#[test]
fn a_reversed_deposit_does_not_pay_its_month() {
    for (amount, marked) in [(-100, true), (100, true), (-100, false)] {
        let mut entries = remitted(&["202601", "202602", "202603"]);
        entries.push(Entry { reversal: marked, ..entry(EntryKind::Remitted, "202602", amount) });
        let result = of(&entries);
        assert_eq!((result.run, result.unmatched_reversals), (1, 0), "{amount} {marked}");
    }
}

#[test]
fn a_deposit_made_again_after_its_reversal_pays_its_month() {
    let mut entries = remitted(&["202602", "202602", "202603"]);
    entries.push(Entry { reversal: true, ..entry(EntryKind::Remitted, "202602", -100) });
    assert_eq!(of(&entries).run, 2);
    // The other practice marks the entry and its counter-entry both.
    let mut both_marked = remitted(&["202602", "202603"]);
    both_marked.extend([100, -100].map(|amount| Entry { reversal: true, ..entry(EntryKind::Remitted, "202602", amount) }));
    let result = of(&both_marked);
    assert_eq!((result.run, result.unmatched_reversals), (2, 0));
}

#[test]
fn a_reversal_without_its_entry_is_counted_and_cancels_nothing() {
    let mut entries = remitted(&["202602", "202603"]);
    entries.push(Entry { reversal: true, ..entry(EntryKind::Remitted, "202602", -999) });
    let result = of(&entries);
    assert_eq!((result.run, result.unmatched_reversals), (2, 1));
}

#[test]
fn an_employer_behind_by_more_than_the_tolerance_is_in_arrears() {
    let rules = FactRules::default();
    let entries = remitted(&["202601"]);
    let at = |as_of: &str| deposit(&normal("202601"), &entries, &rules, month(as_of)).in_arrears;
    assert_eq!((at("202601"), at("202602"), at("202603")), (false, false, true));
}

#[test]
fn a_hole_is_arrears_until_it_is_made_good() {
    let mut entries = remitted(&["202601", "202603"]);
    assert!(of(&entries).in_arrears);
    entries.push(entry(EntryKind::Supplementary, "202602", 100));
    assert!(!of(&entries).in_arrears);
}

#[test]
fn an_old_hole_is_forgotten_and_months_before_the_first_deposit_never_count() {
    let rules = FactRules { arrears: vec![ArrearsRule { lookback_months: 1, ..ArrearsRule::default() }], ..FactRules::default() };
    let entries = remitted(&["202511", "202602", "202603"]);
    assert!(!deposit(&normal("202603"), &entries, &rules, month("202603")).in_arrears);
    assert!(of(&entries).in_arrears);
    assert!(!of(&remitted(&["202603"])).in_arrears);
}

#[test]
fn months_sealed_or_deferred_are_no_hole() {
    let sealed = |posted, kind| Entry { posted, ..entry(kind, "", 0) };
    let mut entries = remitted(&["202511", "202603"]);
    entries.push(sealed(date(2025, 12, 10), EntryKind::Sealed));
    entries.push(sealed(date(2026, 3, 1), EntryKind::Unsealed));
    assert!(!of(&entries).in_arrears);
    let mut deferred = remitted(&["202511", "202603"]);
    deferred.extend(["202512", "202601", "202602"].map(|month| entry(EntryKind::Deferred, month, 0)));
    assert!(!of(&deferred).in_arrears);
    deferred.pop();
    assert!(of(&deferred).in_arrears);
}

#[test]
fn only_an_account_in_normal_state_and_not_deferred_can_be_in_arrears() {
    let rules = FactRules::default();
    for status in AccountStatus::ALL {
        let standing = Standing { status: *status, ..normal("202501") };
        assert_eq!(deposit(&standing, &[], &rules, month("202603")).in_arrears, *status == AccountStatus::Normal, "{status:?}");
    }
    let deferred = Standing { deferred: true, ..normal("202501") };
    assert!(!deposit(&deferred, &[], &rules, month("202603")).in_arrears);
}

#[test]
fn the_arrears_rule_in_force_in_the_exports_month_applies() {
    let old = ArrearsRule { from: month("202001"), tolerance_months: 0, ..ArrearsRule::default() };
    let new = ArrearsRule { from: month("202603"), tolerance_months: 5, ..ArrearsRule::default() };
    let rules = FactRules { arrears: vec![new, old], ..FactRules::default() };
    let at = |paid: &str, as_of: &str| deposit(&normal(paid), &[], &rules, month(as_of)).in_arrears;
    assert!(at("202601", "202602"));
    assert!(!at("202602", "202603"));
    assert!(!at("200001", "201912"), "no rule in force");
}

#[test]
fn a_loan_is_settled_when_it_is_paid_and_closed() {
    let rules = FactRules::default();
    let loan = |balance, closed| Loan { amount: Fen(100), balance: Fen(balance), has_settlement_date: closed };
    let sum = [loan(0, true), loan(0, false), loan(60, false)]
        .iter()
        .try_fold(LoanRecord::default(), |sum, loan| sum.with(loan, &rules))
        .unwrap();
    assert_eq!(sum, LoanRecord { count: 3, unsettled: 2, total: Fen(300), outstanding: Fen(60) });
    assert!(loan(0, false).is_settled(&FactRules { zero_balance_is_settled: true, ..rules }));
    let huge = Loan { amount: Fen(i64::MAX), balance: Fen(0), has_settlement_date: true };
    assert_eq!(sum.with(&huge, &FactRules::default()), None);
}

proptest! {
    #[test]
    fn the_order_of_the_rows_changes_nothing(
        rows in proptest::collection::vec((0_usize..16, 24_250_i32..24_320, -3_i64..4, any::<bool>(), 1_i8..28), 0..60),
        seed in any::<u64>(),
    ) {
        let mut entries: Vec<Entry> = rows
            .into_iter()
            .map(|(kind, at, amount, reversal, day)| {
                let month = Month::from_index(at).unwrap();
                let posted = date(i16::try_from(month.year).unwrap(), i8::try_from(month.month).unwrap(), day);
                Entry { kind: EntryKind::ALL[kind], month: Some(month), posted, amount: Fen(amount * 100), reversal }
            })
            .collect();
        let standing = normal("202603");
        let before = deposit(&standing, &entries, &FactRules::default(), month("202603"));
        let mut state = seed;
        for at in (1..entries.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            entries.swap(at, usize::try_from(state >> 33).unwrap() % (at + 1));
        }
        prop_assert_eq!(before, deposit(&standing, &entries, &FactRules::default(), month("202603")));
    }
}
