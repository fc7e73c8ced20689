use super::*;
use crate::listing::Day;
use crate::listing::catalogue::Catalogue;
use crate::names::Digest;
use crate::operator::OperatorName;
use crate::time::Time;

fn today() -> Day {
    Day::from_number(20_261_121).unwrap()
}

fn row() -> ImportRow {
    ImportRow {
        row: 7,
        subject_kind: "person".to_owned(),
        name: " 史霞玲 ".to_owned(),
        document_type: "01".to_owned(),
        document_no: "１１０１０５１９４９１２３１００２ｘ".to_owned(),
        conduct: "骗提".to_owned(),
        level: "serious".to_owned(),
        decision_no: "琼公积金罚〔2026〕7号".to_owned(),
        decision_day: "2026/03/01".to_owned(),
        legal_basis: "住房公积金管理条例第三十八条".to_owned(),
        measures: vec!["限制提取".to_owned(), "no-loan".to_owned()],
        restriction_until: "20291231".to_owned(),
        publication_until: "2027-02-28".to_owned(),
        remark: String::new(),
    }
}

fn rejected(change: impl FnOnce(&mut ImportRow)) -> (&'static str, RowReason) {
    let mut row = row();
    change(&mut row);
    row.check(&Catalogue::default(), today()).unwrap_err()
}

#[test]
fn a_row_that_says_the_same_in_other_letters_is_the_same_row() {
    let checked = row().check(&Catalogue::default(), today()).unwrap();
    let mut other = row();
    (other.row, other.name, other.document_no) = (9, "史霞玲".to_owned(), "110105491231002".to_owned());
    (other.conduct, other.level) = ("withdrawal-fraud".to_owned(), "严重".to_owned());
    let other = other.check(&Catalogue::default(), today()).unwrap();
    assert_eq!((checked.name.as_str(), checked.document.expose()), ("史霞玲", "11010519491231002X"));
    assert_eq!(checked.content(), other.content());
    assert_ne!(RowsDigest::default().after(&checked), RowsDigest::default().after(&other), "the row's place enters the file's digest");
    assert!(!format!("{checked:?}{:?}", row()).contains("史霞玲"));
}

#[test]
fn every_field_that_is_wrong_is_named_with_its_reason() {
    type Spoil = fn(&mut ImportRow);
    let cases: [(&str, RowReason, Spoil); 17] = [
        ("subject_kind", RowReason::Subject, |row| row.subject_kind = "企业".to_owned()),
        ("document_type", RowReason::Subject, |row| row.document_type = "USCC".to_owned()),
        ("document_no", RowReason::Document, |row| row.document_no = "110105194912310021".to_owned()),
        ("document_no", RowReason::Document, |row| row.document_no = String::new()),
        ("name", RowReason::Name, |row| row.name = " ".to_owned()),
        ("name", RowReason::Name, |row| row.name = "史\u{202e}霞玲".to_owned()),
        ("conduct", RowReason::Conduct, |row| row.conduct = "欠缴".to_owned()),
        ("level", RowReason::Level, |row| row.level = "特别".to_owned()),
        ("measures", RowReason::Measure, |row| row.measures = Vec::new()),
        ("measures", RowReason::Measure, |row| row.measures[0] = "拘留".to_owned()),
        ("decision_no", RowReason::DecisionNo, |row| row.decision_no = "号".repeat(100)),
        ("decision_day", RowReason::Date, |row| row.decision_day = "2026-02-30".to_owned()),
        ("decision_day", RowReason::DecisionInFuture, |row| row.decision_day = "2026-11-22".to_owned()),
        ("legal_basis", RowReason::LegalBasis, |row| row.legal_basis = String::new()),
        ("restriction_until", RowReason::DatesContradict, |row| row.restriction_until = "2026-02-28".to_owned()),
        ("publication_until", RowReason::DatesContradict, |row| row.publication_until = "2030-01-01".to_owned()),
        ("remark", RowReason::Remark, |row| row.remark = "长".repeat(MAX_REMARK_CHARS + 1)),
    ];
    for (at, (field, reason, change)) in cases.into_iter().enumerate() {
        assert_eq!(rejected(change), (field, reason), "{at}");
    }
}

#[test]
fn a_row_is_over_when_its_last_clock_is_and_not_on_its_last_day() {
    let checked = row().check(&Catalogue::default(), today()).unwrap();
    assert!(!checked.is_over(Day::from_number(20_291_231).unwrap()));
    assert!(checked.is_over(Day::from_number(20_300_101).unwrap()));
}

#[test]
fn only_two_different_people_make_an_approved_file() {
    let (one, two) = (OperatorName::new("chen").unwrap(), OperatorName::new("lin").unwrap());
    let at = Time(1_795_226_400_000);
    let approved = ImportRecord {
        file: Digest([1; 32]),
        serial: 1,
        salt: [2; 16],
        state: ImportState::Approved,
        staged: 0,
        last_row: 0,
        digest: RowsDigest::default(),
        counts: ImportCounts::default(),
        listed_row: 0,
        listed: 0,
        by: (one.clone(), at),
        evidence: "{}".to_owned(),
        approved: Some((two, at)),
        approval: Some("{}".to_owned()),
    };
    let licence = ApprovedFile::check(&approved).unwrap();
    assert_eq!(licence.authority(), authority(&approved.salt, &approved.file));
    let not = [
        ImportRecord { approved: Some((one, at)), ..approved.clone() },
        ImportRecord { approved: None, ..approved.clone() },
        ImportRecord { approval: None, ..approved.clone() },
        ImportRecord { state: ImportState::Staged, ..approved.clone() },
        ImportRecord { state: ImportState::Staging, ..approved },
    ];
    assert!(not.iter().all(|import| ApprovedFile::check(import).is_none()));
}
