//! `docs/PROTOCOL.md` against the code it describes: a page that names limits and codes is wrong from the day they drift.
#![allow(clippy::unwrap_used, reason = "a test's helpers stop as its tests do")]

use std::path::Path;

use anju_core::error::{FaultCode, RefusalCode};
use anju_core::seal::Purpose;

const PAGE: &str = include_str!("../../docs/PROTOCOL.md");

/// The cells of a table row, without their backticks.
fn cells(line: &str) -> Vec<String> {
    line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
}

#[test]
fn every_limit_stands_where_the_page_says_with_the_value_it_says() {
    let (_, section) = PAGE.split_once("## 20. Limits").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let mut checked = 0;
    for row in rows {
        let [name, value, file] = <[String; 3]>::try_from(cells(row)).unwrap();
        let source = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&file)).unwrap();
        let line = source.lines().find(|line| line.contains(&format!("const {name}:")));
        let line = line.unwrap_or_else(|| panic!("{file} has no {name}"));
        assert!(line.ends_with(&format!("= {value};")), "{name} in {file} is {line}");
        checked += 1;
    }
    assert!(checked > 70, "{checked}");
}

#[test]
fn every_code_and_every_label_is_on_the_page() {
    for code in RefusalCode::ALL {
        assert!(PAGE.contains(&format!("`{code}`")), "{code}");
    }
    for code in FaultCode::ALL {
        assert!(PAGE.contains(&format!("`{code}`")), "{code}");
    }
    for purpose in Purpose::ALL {
        assert!(PAGE.contains(&format!("`{}`", purpose.label())), "{}", purpose.label());
    }
}

#[test]
fn every_shape_that_the_page_names_is_in_the_contract() {
    let contract = include_str!("../../schemas/wire.cddl");
    for rule in [
        "charter-file",
        "centre-card-file",
        "holder-card-file",
        "announcement",
        "cosigned-note",
        "ask",
        "answer",
        "frame",
        "evidence",
        "exhibit",
        "charter-chain",
        "entry",
        "listing-decided",
        "listing-changed",
        "listing-objected",
        "listing-hit",
        "dossier-opened",
        "dossier-joined",
        "dossier-changed",
        "vector",
        "audit-recorded",
        "matter-published",
        "catalogue-published",
    ] {
        assert!(PAGE.contains(&format!("`{rule}`")), "the page does not name {rule}");
        assert!(contract.lines().any(|line| line.starts_with(&format!("{rule} = "))), "the contract has no {rule}");
    }
}
