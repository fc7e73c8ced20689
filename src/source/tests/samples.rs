use std::collections::BTreeMap;
use std::time::SystemTime;

use anju_core::names::CentreCode;
use serde_json::Value;

use super::*;

const CENTRES: [&str; 4] = ["C46010", "C46020", "C50010", "C51010"];

fn truth(centre: &str) -> Vec<Value> {
    let text = fs::read_to_string(sample(centre).join("truth.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_account_of_every_centre_equals_the_truth_line_by_line() {
    for centre in CENTRES {
        let (facts, report) = collect(&SourceConfig::of_folder(&sample(centre)));
        let code = CentreCode::new(centre).unwrap();
        let lines: Vec<Value> = facts.iter().map(|facts| truth_line(facts, &code)).collect();
        assert_eq!(lines, truth(centre), "{centre}");
        assert_eq!(lines.len(), 120);
        for file in [&report.accounts, &report.transactions, &report.loans] {
            assert_eq!((file.rejected_total(), file.duplicates, file.rows), (0, 0, file.accepted), "{centre} {file:?}");
        }
        assert_eq!(report.as_of.unwrap().to_string(), "202610");
        assert_eq!((report.facts.unreadable, report.facts.orphan_transactions, report.facts.orphan_loans), (0, 0, 0));
    }
}

#[test]
fn one_account_asked_for_gets_the_same_facts_as_all_of_them() {
    for centre in CENTRES {
        let config = SourceConfig::of_folder(&sample(centre));
        let (all, _) = collect(&config);
        for facts in all.iter().step_by(29) {
            assert!(facts_of(&config, &facts.account_no).unwrap() == *facts, "{centre}");
        }
        assert_eq!(facts_of(&config, "999").unwrap_err(), SourceError::AccountUnknown);
    }
}

#[test]
fn a_line_has_the_keys_of_the_truth_in_their_order() {
    let (facts, _) = collect(&SourceConfig::of_folder(&sample("C46010")));
    let line = serde_json::to_string(&TruthLine::of(&facts[0], &CentreCode::new("C46010").unwrap())).unwrap();
    let first = fs::read_to_string(sample("C46010").join("truth.jsonl")).unwrap().lines().next().unwrap().to_owned();
    assert_eq!(line, first.replace("\": ", "\":").replace(", \"", ",\""));
}

#[test]
fn reading_leaves_the_source_as_it_was() {
    let snapshot = |centre: &str| -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
        let paths = fs::read_dir(sample(centre)).unwrap().map(|entry| entry.unwrap().path());
        paths.map(|path| (path.clone(), (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap()))).collect()
    };
    for centre in CENTRES {
        let before = snapshot(centre);
        let config = SourceConfig::of_folder(&sample(centre));
        let (all, _) = collect(&config);
        check(&config, &mut |_| {}).unwrap();
        facts_of(&config, &all[0].account_no).unwrap();
        assert!(before == snapshot(centre), "{centre}");
    }
}

#[test]
fn the_built_in_names_and_codes_are_the_standards() {
    let config = SourceConfig::of_folder(Path::new("."));
    let known = standard::Known::of(&config).unwrap();
    for column in Column::ALL {
        assert_eq!(known.header(column.name()), Some(*column));
        let somewhere = [FileKind::Accounts, FileKind::Transactions, FileKind::Loans].into_iter().any(|kind| {
            let columns = known.columns(kind).unwrap();
            columns.required.contains(column) || columns.optional.contains(column)
        });
        assert!(somewhere, "{} is in no file", column.name());
    }
    for (raw, code) in [("111", "01"), ("１１１", "01"), ("护照", "03"), ("1", "01"), ("99", "99")] {
        assert_eq!(known.code(standard::CodeTable::Zjlx, raw).as_deref(), Some(code), "{raw}");
    }
    assert_eq!(known.code(standard::CodeTable::Zjlx, "112"), None);
}
