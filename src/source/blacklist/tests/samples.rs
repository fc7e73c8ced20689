use anju_core::listing::SubjectKind;

use super::*;

fn sample(centre: &str, name: &str) -> Got {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(centre).join(name);
    read_with(&path, ColumnMap::default()).unwrap()
}

#[test]
fn the_four_sample_exports_give_exactly_the_rows_that_stand_in_them() {
    for (centre, file, rows, people, over) in [
        ("C46010", "blacklist.csv", 5, 4, 1),
        ("C46020", "blacklist.csv", 1, 0, 0),
        ("C50010", "blacklist.csv", 3, 2, 1),
        ("C51010", "blacklist.xlsx", 4, 3, 2),
    ] {
        let got = sample(centre, file);
        let persons = got.rows.iter().filter(|(_, row)| row.finding.subject_kind == SubjectKind::Person).count();
        let ended = got.rows.iter().filter(|(_, row)| row.is_over(today())).count();
        assert_eq!((got.rows.len(), persons, ended), (rows, people, over), "{centre}");
        assert!(got.rejected.is_empty() && got.duplicates.is_empty(), "{centre} {:?}", got.rejected);
        let numbers: Vec<u64> = got.rows.iter().map(|(import, _)| import.row).collect();
        assert_eq!(numbers, (1..=rows as u64).collect::<Vec<_>>(), "{centre}");
    }
}

#[test]
fn a_row_of_a_sample_says_what_its_cells_say() {
    let got = sample("C46010", "blacklist.csv");
    let (import, row) = &got.rows[0];
    assert_eq!((import.name.as_str(), row.document.expose(), row.document.kind().code()), ("向子雪", "460199197601171425", "01"));
    let finding = &row.finding;
    assert_eq!((finding.conduct.code.as_str(), finding.level.code.as_str()), ("loan-fraud", "ordinary"));
    let measures: Vec<&str> = finding.measures.iter().map(|m| m.code.as_str()).collect();
    assert_eq!(measures, ["no-withdrawal", "no-loan"]);
    assert_eq!((finding.restriction_until.number(), finding.publication_until.number()), (20_300_621, 20_280_621));
    assert_eq!((finding.decision_no.as_str(), finding.decision_day.number()), ("海口公积金失信认〔2025〕18号", 20_250_621));
    assert_eq!(got.rows[4].1.document.kind().code(), "USCC");
}
