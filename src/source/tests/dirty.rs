use anju_core::facts::{AccountStatus, Fen};

use super::*;

const NO: &str = "46010000000100000";

fn account_with(from: &str, to: &str) -> String {
    assert!(GOOD_ACCOUNT.contains(from), "{from}");
    GOOD_ACCOUNT.replacen(from, to, 1)
}

#[test]
fn a_clean_account_is_read() {
    let folder = Folder::of(&[GOOD_ACCOUNT], &["46010000000100000,2026-10-05,01,3312.00,202610,S1,"], &[]);
    let facts = folder.facts();
    assert_eq!((facts[0].run_to_last_paid, facts[0].monthly_deposit, facts[0].employer_ratio), (1, Fen(331_200), 800));
}

#[test]
fn every_way_of_writing_the_same_account_is_read_alike() {
    let plain = Folder::of(&[GOOD_ACCOUNT], &[], &[]).facts();
    let variants = [
        account_with("9936.00", "\"9,936.00\""),
        account_with("9936.00", "９９３６．００"),
        account_with("2026-07-01", "20260701"),
        account_with("2026-07-01", "2026/7/1"),
        account_with("460199199211165352", "'460199199211165352"),
        account_with("460199199211165352", "４６０１９９１９９２１１１６５３５２ "),
        account_with("廖涛建", "  廖涛建　"),
        account_with(",01,202610", ",1,2026-10"),
        account_with("廖涛建,01,", "廖涛建,111,"),
        account_with(",01,202610", ",正常,202610"),
        account_with("0.08", "8%"),
    ];
    for variant in &variants {
        assert!(Folder::of(&[variant], &[], &[]).facts() == plain, "{variant}");
    }
    let (utf8, wide) = (table(ACCOUNTS_HEADER, &[GOOD_ACCOUNT]), table(&ACCOUNTS_HEADER.replace("GRZH,", "ＧＲＺＨ ,"), &[GOOD_ACCOUNT]));
    let mut utf16 = vec![0xFF, 0xFE];
    utf16.extend(utf8.encode_utf16().flat_map(u16::to_le_bytes));
    for bytes in [format!("\u{FEFF}{utf8}").into_bytes(), encoding_rs::GB18030.encode(&utf8).0.into_owned(), wide.into_bytes(), utf16] {
        let folder = Folder::of(&[], &[], &[]);
        folder.write("accounts.csv", bytes);
        assert!(folder.facts() == plain);
    }
}

#[test]
fn every_kind_of_bad_account_row_has_its_reason_and_place() {
    for (row, reason, column) in [
        (account_with("460199199211165352", "460199199211165353"), Reason::IdentityCheck, Some("ZJHM")),
        (account_with("460199199211165352", "460199199213165352"), Reason::IdentityDate, Some("ZJHM")),
        (account_with("460199199211165352", "4601991992111653"), Reason::IdentityLength, Some("ZJHM")),
        (account_with("460199199211165352", "4.60199E+17"), Reason::IdentityLength, Some("ZJHM")),
        (account_with("2026-07-01", "2026-02-30"), Reason::Date, Some("KHRQ")),
        (account_with("202610", "202613"), Reason::Month, Some("JZNY")),
        (account_with("9936.00", "9936.001"), Reason::Amount, Some("GRZHYE")),
        (account_with("9936.00", "99999999999999999999"), Reason::Amount, Some("GRZHYE")),
        (account_with("9936.00", "-1"), Reason::AmountNegative, Some("GRZHYE")),
        (account_with("9936.00", ""), Reason::Missing, Some("GRZHYE")),
        (account_with("0.08", "8"), Reason::Ratio, Some("DWJCBL")),
        (account_with(",01,202610", ",77,202610"), Reason::CodeUnknown, Some("GRZHZT")),
        (account_with("廖涛建", "廖\u{1b}[2J"), Reason::Name, Some("XINGMING")),
        (account_with("廖涛建", ""), Reason::Missing, Some("XINGMING")),
        (account_with(NO, "4601 0000"), Reason::Identifier, Some("GRZH")),
        (account_with(",202610", ""), Reason::RowShort, None),
        (account_with(",202610", ",202610,x"), Reason::RowLong, None),
        (account_with("廖涛建", &"廖".repeat(2_000)), Reason::CellTooLong, None),
        (account_with("廖涛建", &"廖".repeat(40_000)), Reason::LineTooLong, None),
        (account_with("廖涛建", "\"廖涛建"), Reason::QuoteOpen, None),
        (account_with("廖涛建", "廖\r涛建"), Reason::LineBreak, None),
    ] {
        let other = account_with(NO, "46010000000100009");
        let report = Folder::of(&[&other, &row, &other], &[], &[]).report();
        assert_eq!(only_rejection(&report.accounts), (reason, column, 3), "{}", row.chars().take(200).collect::<String>());
        assert_eq!((report.accounts.rows, report.accounts.accepted, report.facts.accounts), (3, 2, 1));
    }
}

#[test]
fn an_open_quotation_mark_loses_no_row_after_it() {
    let rows: Vec<String> = (1..9).map(|n| account_with(NO, &format!("4601000000010000{n}"))).collect();
    let broken = rows[2].replace("廖涛建", "\"廖涛建");
    let even = rows[3].replacen("廖涛建", "a\"b", 1).replacen("海口", "\"海口", 1);
    let report = Folder::of(&[&rows[0], &rows[1], &broken, &even, &rows[4], &rows[5]], &[], &[]).report();
    assert_eq!((report.accounts.rows, report.accounts.accepted), (6, 4));
    assert_eq!(report.accounts.rejected, [(Reason::QuoteOpen, 2)].into());
}

#[test]
fn damaged_text_rejects_its_row_and_no_other() {
    let mut bytes = table(ACCOUNTS_HEADER, &[&account_with(NO, "46010000000100009"), GOOD_ACCOUNT]).into_bytes();
    let at = bytes.windows(9).rposition(|window| window == "廖涛建".as_bytes()).unwrap();
    bytes[at + 1] = b'?';
    for mark in [&b""[..], &b"\xEF\xBB\xBF"[..]] {
        let folder = Folder::of(&[], &[], &[]);
        folder.write("accounts.csv", [mark, &bytes].concat());
        let report = folder.report();
        assert_eq!(only_rejection(&report.accounts), (Reason::Undecodable, None, 3));
        assert_eq!(report.facts.accounts, 1);
        assert_eq!(facts_of(&folder.config(), NO).unwrap_err(), SourceError::AccountUnreadable);
    }
}

#[test]
fn a_repeated_serial_number_counts_once_and_a_repeated_account_too() {
    let entry = "46010000000100000,2026-10-05,01,3312.00,202610,S1,";
    let other_month = "46010000000100000,2026-09-05,01,3312.00,202609,S1,";
    let folder = Folder::of(&[GOOD_ACCOUNT, GOOD_ACCOUNT], &[entry, entry, other_month], &[]);
    let (facts, report) = collect(&folder.config());
    assert_eq!((facts.len(), facts[0].run_to_last_paid), (1, 1));
    assert_eq!((report.accounts.duplicates, report.transactions.duplicates, report.facts.differing_serials), (1, 2, 1));
    assert!(facts_of(&folder.config(), NO).unwrap() == facts[0]);
}

#[test]
fn rows_that_contradict_each_other_make_the_account_unreadable() {
    let loan = "L1,46010000000100000,460000.00,120,2019-03-15,318041.63,";
    for folder in [
        Folder::of(&[GOOD_ACCOUNT, &account_with("9936.00", "1.00")], &[], &[]),
        Folder::of(&[GOOD_ACCOUNT], &[], &[loan, &loan.replace("318041.63", "1.00")]),
        Folder::of(&[GOOD_ACCOUNT], &["46010000000100000,2026-10-05,01,x,202610,S1,"], &[]),
        Folder::of(&[GOOD_ACCOUNT], &[], &["L1,46010000000100000,460000.00,120,2019-03-15,5.00,2025-01-01"]),
    ] {
        assert_eq!(facts_of(&folder.config(), NO).unwrap_err(), SourceError::AccountUnreadable);
        let (facts, report) = collect(&folder.config());
        assert_eq!((facts.len(), report.facts.unreadable), (0, 1));
    }
    let twice = Folder::of(&[GOOD_ACCOUNT], &[], &[loan, loan]);
    assert_eq!(twice.facts()[0].loan_count, 1);
    assert_eq!(twice.report().loans.duplicates, 1);
}

#[test]
fn nobody_is_said_to_have_no_loan_while_a_loan_could_be_anybodys() {
    let folder = Folder::of(&[GOOD_ACCOUNT], &[], &["L1,?,460000.00,120,2019-03-15,318041.63,"]);
    assert_eq!(facts_of(&folder.config(), NO).unwrap_err(), SourceError::UnattributedLoans { rows: 1 });
    assert_eq!(folder.report().loans.unattributed, 1);
    let config = SourceConfig { unattributed_loan_rows_max: 1, ..folder.config() };
    assert!(facts_of(&config, NO).is_ok());
}

#[test]
fn a_deposit_without_its_month_is_rejected_and_a_reversal_takes_its_month_away() {
    let entry = "46010000000100000,2026-10-05,01,3312.00,202610,S1,";
    let report = Folder::of(&[GOOD_ACCOUNT], &[&entry.replace("202610", "")], &[]).report();
    assert_eq!(only_rejection(&report.transactions), (Reason::Missing, Some("HBJNY"), 2));
    let folder = Folder::of(&[GOOD_ACCOUNT], &[entry, "46010000000100000,2026-10-06,01,-3312.00,202610,S2,1"], &[]);
    assert_eq!(folder.facts()[0].run_to_last_paid, 0);
}

#[test]
fn missing_columns_are_named_and_empty_files_are_not_taken_for_good() {
    let folder = Folder::of(&[GOOD_ACCOUNT], &[], &[]);
    folder.write("transactions.csv", "GRZH,JZRQ,FSE,YWLSH\n");
    let columns = vec!["GJHTQYWLX", "HBJNY"];
    assert_eq!(folder.error(), SourceError::MissingColumns { file: "transactions.csv".to_owned(), columns });
    folder.write("transactions.csv", "");
    assert_eq!(folder.error(), SourceError::Empty { file: "transactions.csv".to_owned() });
    folder.write("transactions.csv", "\r\n\r\n");
    assert_eq!(folder.error(), SourceError::Empty { file: "transactions.csv".to_owned() });
    folder.write("transactions.csv", format!("{TRANSACTIONS_HEADER},发生额\n"));
    assert_eq!(folder.error(), SourceError::DuplicateColumn { file: "transactions.csv".to_owned(), column: "FSE" });
    let header_only = Folder::of(&[], &[], &[]).report();
    assert_eq!((header_only.accounts.rows, header_only.facts.accounts), (0, 0));
}

#[test]
fn files_are_recognised_by_name_and_never_guessed() {
    let folder = Folder::of(&[GOOD_ACCOUNT], &[], &[]);
    let rename = |from: &str, to: &str| fs::rename(folder.dir.path().join(from), folder.dir.path().join(to)).unwrap();
    rename("accounts.csv", "个人账户_202610.csv");
    rename("transactions.csv", "交易流水.CSV");
    rename("loans.csv", "贷款.csv");
    folder.write("单位账户.csv", "x");
    folder.write("~$贷款.xlsx", "x");
    assert_eq!(folder.facts().len(), 1);
    folder.write("个人账户_202609.csv", "x");
    assert_eq!(folder.error(), SourceError::AmbiguousFile { kind: FileKind::Accounts, count: 2 });
    let files = FileNames { accounts: Some("个人账户_202610.csv".into()), ..FileNames::default() };
    assert!(check(&SourceConfig { files, ..folder.config() }, &mut |_| {}).is_ok());
    fs::remove_file(folder.dir.path().join("贷款.csv")).unwrap();
    fs::remove_file(folder.dir.path().join("个人账户_202609.csv")).unwrap();
    assert_eq!(folder.error(), SourceError::MissingFile { kind: FileKind::Loans });
}

#[test]
fn a_centres_own_headers_and_codes_are_mapped_and_the_raw_code_is_kept() {
    let folder = Folder::of(&[&account_with(",01,202610", ",A,202610")], &[], &[]);
    let bytes = fs::read_to_string(folder.dir.path().join("accounts.csv")).unwrap().replacen("GRZH,", "职工编号,", 1);
    folder.write("accounts.csv", bytes);
    let toml = format!(
        "folder = {:?}\n[columns]\n\"职工编号\" = \"GRZH\"\n[codes.GRZHZT]\nA = \"02\"\n[rules]\nsupplementary_repairs = true\n",
        folder.dir.path()
    );
    let config: SourceConfig = toml::from_str(&toml).unwrap();
    let reading = reading_of(&config, NO).unwrap();
    assert_eq!((reading.facts.status, reading.raw.status.as_deref()), (AccountStatus::Sealed, Some("A")));
    for wrong in ["[columns]\nx = \"NOPE\"", "[codes.NOPE]\na = \"01\"", "[codes.GRZHZT]\na = \"77\""] {
        let config: SourceConfig = toml::from_str(&format!("folder = \"/\"\n{wrong}")).unwrap();
        assert!(matches!(check(&config, &mut |_| {}), Err(SourceError::Config { .. })), "{wrong}");
    }
    assert!(toml::from_str::<SourceConfig>("folder = \"/\"\nfodler = 1").is_err());
}

#[test]
fn a_file_that_changes_while_it_is_read_concludes_nothing() {
    let folder = Folder::of(&[GOOD_ACCOUNT], &[], &[]);
    let path = folder.dir.path().join("loans.csv");
    let result = check(&folder.config(), &mut |progress| {
        if progress.file == FileKind::Accounts {
            fs::write(&path, table(LOANS_HEADER, &["L1,46010000000100000,1.00,1,2019-03-15,1.00,"])).unwrap();
        }
    });
    assert_eq!(result.unwrap_err(), SourceError::Changed { file: "loans.csv".to_owned() });
}

#[test]
fn no_report_and_no_error_repeats_what_a_cell_holds() {
    let row = account_with("廖涛建", "廖\u{1b}[2J").replace("9936.00", "x9936");
    let folder = Folder::of(&[&row], &["46010000000100000,2026-10-05,01,x,202610,S1,"], &["L1,46010000000100000,1,1,x,1,1"]);
    let report = folder.report();
    let told = format!("{report:?}{}", serde_json::to_string(&report).unwrap());
    for secret in ["廖", "460199199211165352", NO, "9936"] {
        assert!(!told.contains(secret), "{secret}");
    }
    assert!(told.contains("name") && told.contains("XINGMING"));
}
