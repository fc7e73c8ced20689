//! The TOML that centres write, and where it is said to be wrong.

use proptest::prelude::*;

use super::SHIPPED;
use crate::matter::read::MAX_FILE_BYTES;
use crate::matter::{Clause, DataCatalogue, Matter, Outcome, ProblemCode};

const SMALL: &str = r#"code = "small"
version = 2026120101
from = "2026-12-01"
certificate = "YDDKJCZM"
title = { zh = "小", en = "Small" }
legal_basis = { zh = "法", en = "Law" }
modes = ["details"]
uses_max = 1
days_max = 1
required = ["name", "balance"]
optional = ["account_status"]
[[rule]]
name = "rule"
title = { zh = "规则", en = "Rule" }
all = [
  { field = "balance", op = "at-least", value = "10.00", wording = { zh = "够", en = "Enough" } },
]
"#;

#[test]
fn the_matters_that_come_with_the_program_are_read_and_are_what_they_are_called() {
    for (code, text) in SHIPPED {
        let matter = Matter::from_toml(text).unwrap_or_else(|e| panic!("{code}: {e}"));
        assert_eq!(matter.code, code);
        assert!(!matter.rules.is_empty());
        // The strict defaults of the national rules, where nobody says otherwise.
        assert_eq!(matter.uses_max, 1);
    }
    let loan = super::loan();
    assert_eq!((loan.days_max, loan.fields.iter().filter(|f| f.required).count()), (1, 4));
    assert!(matches!(&loan.rules[0].when, Clause::All(clauses) if clauses.len() == 5));
}

#[test]
fn fields_come_in_certificate_order_however_they_are_written() {
    let turned = SMALL.replace(r#"["name", "balance"]"#, r#"["balance", "name"]"#);
    assert_eq!(Matter::from_toml(&turned).unwrap(), Matter::from_toml(SMALL).unwrap());
    let names: Vec<_> = Matter::from_toml(SMALL).unwrap().fields.into_iter().map(|f| (f.name, f.required)).collect();
    assert_eq!(names, [("name".to_owned(), true), ("account_status".to_owned(), false), ("balance".to_owned(), true)]);
}

/// What is put in for what, where it is said to be wrong (line, column, path), and how.
type Wrong = (&'static str, &'static str, (usize, usize), &'static str, ProblemCode);

#[rustfmt::skip]
const WRONG: &[Wrong] = {
    use ProblemCode as P;
    &[
        ("code = \"small\"", "code = small", (1, 8), "", P::NotToml),
        ("code = \"small\"", "code = \"sm", (1, 11), "", P::NotToml),
        ("code = \"small\"\n", "", (1, 1), "", P::KeyMissing),
        ("code = \"small\"", "code = 7", (1, 8), "code", P::WrongType),
        ("code = \"small\"", "code = \"Small\"", (1, 8), "code", P::NotACode),
        ("code = \"small\"", "kode = \"small\"", (1, 1), "?", P::UnknownKey),
        ("2026120101", "\"2026120101\"", (2, 11), "version", P::WrongType),
        ("2026120101", "20261201011", (2, 11), "version", P::WrongType),
        ("2026120101", "2026130101", (2, 11), "version", P::NotAVersion),
        ("\"2026-12-01\"", "\"soon\"", (3, 8), "from", P::NotADay),
        ("\"2026-12-01\"", "2026-12-01T10:00:00", (3, 8), "from", P::NotADay),
        ("YDDKJCZM", "ABCZM", (4, 15), "certificate", P::UnknownKind),
        ("title = { zh = \"小\", en = \"Small\" }", "title = { zh = \"小\" }", (5, 9), "title", P::KeyMissing),
        ("title = { zh = \"小\", en = \"Small\" }", "title = \"Small\"", (5, 9), "title", P::WrongType),
        ("title = { zh = \"小\", en = \"Small\" }", "title = { zh = \"小\", en = \"Small\", fr = \"Petit\" }", (5, 35), "title.?", P::UnknownKey),
        ("en = \"Small\"", "en = \"\"", (5, 26), "title.en", P::Empty),
        ("\"details\"", "\"details\", \"peek\"", (7, 21), "modes[1]", P::UnknownMode),
        ("\"details\"", "\"details\", \"details\"", (7, 21), "modes[1]", P::Twice),
        ("modes = [\"details\"]", "modes = []", (7, 9), "modes", P::Empty),
        ("uses_max = 1", "uses_max = 1000", (8, 12), "uses_max", P::OutOfRange),
        ("uses_max = 1", "uses_max = -1", (8, 12), "uses_max", P::WrongType),
        ("days_max = 1", "days_max = 0", (9, 12), "days_max", P::OutOfRange),
        ("\"name\", \"balance\"", "\"name\", \"salary\"", (10, 21), "required[1]", P::UnknownField),
        ("\"name\", \"balance\"", "\"name\", \"balance\", \"name\"", (10, 32), "required[2]", P::Twice),
        ("[\"account_status\"]", "[\"balance\"]", (11, 13), "optional[0]", P::Twice),
        ("name = \"rule\"", "name = \"Rule 1\"", (13, 8), "rule[0].name", P::NotACode),
        ("name = \"rule\"\n", "", (12, 1), "rule[0]", P::KeyMissing),
        ("all = [", "any_of = [", (15, 1), "rule[0].?", P::UnknownKey),
        ("all = [", "any = []\nall = [", (12, 1), "rule[0]", P::NotAClause),
        ("field = \"balance\"", "field = \"salary\"", (16, 13), "rule[0].all[0].field", P::UnknownField),
        ("field = \"balance\"", "field = \"loan_count\"", (16, 13), "rule[0].all[0].field", P::NotAMattersField),
        ("field = \"balance\", op = \"at-least\", value = \"10.00\"", "field = \"name\", op = \"is\", value = \"x\"", (16, 13), "rule[0].all[0].field", P::Identifying),
        ("\"at-least\"", "\">=\"", (16, 29), "rule[0].all[0].op", P::UnknownOp),
        ("\"at-least\"", "\"one-of\"", (16, 29), "rule[0].all[0].op", P::OpNotForField),
        ("\"10.00\"", "10", (16, 49), "rule[0].all[0].value", P::BadValue),
        ("\"10.00\"", "10.00", (16, 49), "rule[0].all[0].value", P::BadValue),
        ("\"10.00\"", "\"10\"", (16, 49), "rule[0].all[0].value", P::BadValue),
        ("value = \"10.00\", ", "", (16, 3), "rule[0].all[0]", P::KeyMissing),
        ("op = \"at-least\", ", "all = [], ", (16, 3), "rule[0].all[0]", P::NotAClause),
        ("zh = \"够\"", "zh = \"够\\u202e\"", (16, 75), "rule[0].all[0].wording.zh", P::HostileText),
        ("  { field = \"balance\"", "  { all = [] },\n  { field = \"balance\"", (16, 11), "rule[0].all[0].all", P::Empty),
        ("  { field = \"balance\"", "  { any = [{ all = [{ any = [] }] }] },\n  { field = \"balance\"", (16, 29), "rule[0].all[0].any[0].all[0].any", P::TooDeep),
    ]
};

#[test]
fn whatever_is_wrong_is_told_with_line_and_column_and_what_is_allowed() {
    assert!(Matter::from_toml(SMALL).is_ok());
    let mut wrong = Vec::new();
    for (find, put, (line, column), at, code) in WRONG {
        assert!(SMALL.contains(find), "{find}");
        let error = Matter::from_toml(&SMALL.replacen(find, put, 1)).expect_err(put);
        let told = (error.position.line, error.position.column, error.problem.at.as_str(), error.problem.code);
        if told != (*line, *column, *at, *code) {
            wrong.push(format!("{put}: {error}"));
        }
        assert!(
            error.problem.allowed.is_some()
                || matches!(code, ProblemCode::Twice | ProblemCode::Empty | ProblemCode::HostileText | ProblemCode::Identifying),
            "{put}"
        );
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_file_too_large_or_too_deep_for_any_reader_is_refused() {
    let large = format!("{SMALL}#{}", "x".repeat(MAX_FILE_BYTES));
    assert_eq!(Matter::from_toml(&large).unwrap_err().problem.code, ProblemCode::FileTooLarge);
    for deep in ["[", "{a="] {
        let text = format!("code = {}", deep.repeat(MAX_FILE_BYTES / deep.len() - 10));
        assert_eq!(Matter::from_toml(&text).unwrap_err().problem.code, ProblemCode::NotToml);
    }
    // Within the file's cap, but more than a statement holds.
    let condition = format!(
        "  {{ field = \"balance\", op = \"at-least\", value = \"10.00\", wording = {{ zh = \"{0}\", en = \"{0}\" }} }},\n",
        "x".repeat(300)
    );
    let many = SMALL.replacen("all = [\n", &format!("all = [\n{}", condition.repeat(63)), 1);
    assert!(many.len() < MAX_FILE_BYTES);
    assert!(Matter::from_toml(&many).is_ok());
}

#[test]
fn the_catalogue_that_comes_with_the_program_is_read_and_a_wrong_one_is_told_where() {
    let text = include_str!("../../../../schemas/catalogue.toml");
    assert_eq!(DataCatalogue::from_toml(text).unwrap().items.len(), 3);
    let line = |of: &str| text.lines().position(|l| l.starts_with(of)).unwrap() + 1;
    for (find, put, at, code, line, column) in [
        ("phone = \"0898-00000000\"", "phone = \"x\"", "item[0].phone", ProblemCode::BadValue, line("phone"), 9),
        ("code = \"loan-settled\"", "code = \"deposit\"", "item[2].code", ProblemCode::Twice, line("code = \"loan-settled\""), 8),
        ("code = \"deposit\"", "kode = \"deposit\"", "item[0].?", ProblemCode::UnknownKey, line("code"), 1),
    ] {
        let error = DataCatalogue::from_toml(&text.replacen(find, put, 1)).unwrap_err();
        assert_eq!((error.problem.at.as_str(), error.problem.code), (at, code));
        assert_eq!((error.position.line, error.position.column), (line, column), "{put}");
    }
}

#[test]
fn codes_of_problems_and_outcomes_are_those_that_serde_writes() {
    for code in ProblemCode::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
    }
    for outcome in Outcome::ALL {
        assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.code());
    }
    for op in crate::matter::Op::ALL {
        assert_eq!(serde_json::to_value(op).unwrap(), op.code());
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        let _ = (Matter::from_toml(&text), DataCatalogue::from_toml(&text));
    }

    /// A file with a piece cut out of it is refused with a place in it, or is sound.
    #[test]
    fn a_file_that_was_cut_is_refused_within_itself_or_is_sound(from in 0_usize..2000, len in 1_usize..60) {
        let text = SHIPPED[0].1;
        let from = (from..=from + 4).find(|i| text.is_char_boundary(*i)).unwrap_or(0).min(text.len());
        let to = (from + len..).find(|i| *i >= text.len() || text.is_char_boundary(*i)).unwrap_or(text.len()).min(text.len());
        let cut = format!("{}{}", &text[..from], &text[to..]);
        match Matter::from_toml(&cut) {
            Ok(matter) => prop_assert_eq!(matter.check(), Ok(())),
            Err(error) => prop_assert!(error.position.line <= cut.lines().count() + 1),
        }
    }
}
