use std::fmt::Write as _;

use anju_core::facts::codes::EntryKind;
use anju_core::facts::{Deposit, Entry, Fen, Loan, LoanRecord, Month};
use proptest::prelude::*;

use super::spill::{AccountMark, Hasher, Item, Outcome, PARTITION_SOURCE_BYTES, RECORD_BYTES, Record, Spill};
use super::*;

const ACCOUNTS: usize = 5_000;
const MONTHS: usize = 60;

fn big_folder() -> Folder {
    let folder = Folder::of(&[], &[], &[]);
    let mut accounts = format!("{ACCOUNTS_HEADER}\n");
    let mut transactions = format!("{TRANSACTIONS_HEADER}\n");
    for number in 0..ACCOUNTS {
        writeln!(accounts, "{}", GOOD_ACCOUNT.replacen("46010000000100000", &format!("4601{number:013}"), 1)).unwrap();
    }
    // A stride that shares no factor with the count visits every row once, in an order that has nothing to do with accounts.
    let (total, stride) = (ACCOUNTS * MONTHS, 100_003);
    for step in 0..total {
        let at = step * stride % total;
        let (number, back) = (at / MONTHS, at % MONTHS);
        let month = Month::from_index(2026 * 12 + 9 - i32::try_from(back).unwrap()).unwrap();
        writeln!(transactions, "4601{number:013},{}-{:02}-05,01,3312.00,{month},C46010-{number}-{back},", month.year, month.month).unwrap();
    }
    folder.write("accounts.csv", accounts);
    folder.write("transactions.csv", transactions);
    folder
}

#[test]
fn three_hundred_thousand_unsorted_transactions_are_read_a_partition_at_a_time() {
    let folder = big_folder();
    let mut seen = Vec::new();
    let mut accounts = 0;
    let report = facts_all(&folder.config(), &mut |progress| seen.push(progress), &mut |reading| {
        assert_eq!(reading.facts.run_to_last_paid as usize, MONTHS);
        accounts += 1;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!((accounts, report.transactions.accepted as usize), (ACCOUNTS, ACCOUNTS * MONTHS));
    let rows = (ACCOUNTS * MONTHS + ACCOUNTS) as u64;
    assert_eq!(report.spill.total_bytes, rows * RECORD_BYTES as u64);
    let even = report.spill.total_bytes / report.spill.partitions;
    let source = fs::metadata(folder.dir.path().join("transactions.csv")).unwrap().len();
    assert!(report.spill.partitions > source / PARTITION_SOURCE_BYTES, "{:?}", report.spill);
    assert!(report.spill.largest_bytes < even * 5 / 4, "{:?}", report.spill);
    assert!(seen.windows(2).all(|pair| pair[0].file < pair[1].file || pair[0].rows <= pair[1].rows));
    assert!(seen.len() > 30);
}

#[test]
fn the_receiver_can_stop() {
    let folder = Folder::of(&[GOOD_ACCOUNT], &[], &[]);
    let stopped = facts_all(&folder.config(), &mut |_| {}, &mut |_| ControlFlow::Break(()));
    assert_eq!(stopped.unwrap_err(), SourceError::Stopped);
}

#[test]
fn temporary_files_say_nothing_about_anybody_and_are_gone_afterwards() {
    let place = tempfile::tempdir().unwrap();
    let hasher = Hasher::new().unwrap();
    let mut spill = Spill::open(0, Some(place.path())).unwrap();
    let entry = Entry {
        kind: EntryKind::Remitted,
        month: Month::new(2026, 10),
        posted: jiff::civil::date(2026, 10, 5),
        amount: Fen(1),
        reversal: false,
    };
    let account = hasher.id(b'a', "46010000000100000");
    spill.write(&Record { account, item: Item::Entry(hasher.id(b's', "C4601020261005"), entry) }).unwrap();
    assert_eq!(spill.load(0).unwrap().len(), 1);
    let folder = fs::read_dir(place.path()).unwrap().next().unwrap().unwrap().path();
    let mode = |path: &Path| std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("0"))), (0o700, 0o600));
    let bytes = fs::read(folder.join("0")).unwrap();
    assert!(bytes.len() == RECORD_BYTES && !bytes.windows(5).any(|window| window == b"46010" || window == b"C4601"));
    assert_ne!(account, Hasher::new().unwrap().id(b'a', "46010000000100000"), "another reading has another key");
    drop(spill);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn a_whole_reading_leaves_no_temporary_file_even_when_it_fails() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::of(&[GOOD_ACCOUNT], &[], &[]);
    let config = SourceConfig { spill_folder: Some(place.path().to_owned()), ..folder.config() };
    check(&config, &mut |_| {}).unwrap();
    folder.write("loans.csv", "");
    check(&config, &mut |_| {}).unwrap_err();
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

proptest! {
    #[test]
    fn what_is_spilled_is_what_comes_back(
        account in any::<[u8; 16]>(), other in any::<[u8; 16]>(), pick in 0_usize..112, index in any::<u64>(),
        amount in any::<i64>(), flag in any::<bool>(), at in 1900 * 12..2999 * 12, has_month in any::<bool>(),
    ) {
        let month = Month::from_index(at).unwrap();
        let posted = jiff::civil::date(i16::try_from(month.year).unwrap(), i8::try_from(month.month).unwrap(), 28);
        let status = anju_core::facts::AccountStatus::ALL[pick % 7];
        let entry = Entry { kind: EntryKind::ALL[pick % 16], month: has_month.then_some(month), posted, amount: Fen(amount), reversal: flag };
        for item in [
            Item::Account(AccountMark { index, digest: other, status, deferred: flag, paid_until: month }),
            Item::Entry(other, entry),
            Item::Loan(other, Loan { amount: Fen(amount), balance: Fen(!amount), has_settlement_date: flag }),
            Item::Rejected,
        ] {
            let record = Record { account, item };
            prop_assert_eq!(Record::decode(&record.encode()), Some(record));
        }
        let deposit = Deposit { run: u32::from(account[0]), in_arrears: flag, unmatched_reversals: u32::from(account[1]) };
        let loans = LoanRecord { count: u32::from(account[2]), unsettled: 3, total: Fen(amount), outstanding: Fen(!amount) };
        for outcome in [Outcome::Facts(deposit, loans), Outcome::Duplicate, Outcome::Unreadable] {
            prop_assert_eq!(Outcome::decode(&outcome.encode()), Some(outcome));
        }
    }
}
