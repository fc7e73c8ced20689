//! `docs/FAULTS.md` names tests; here it is held to them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const FOLDERS: [&str; 5] = ["src", "peers", "tui", "tests", "benches"];
/// Words in a test's name, at least: shorter names between backticks are something else.
const WORDS_MIN: usize = 4;

/// Names between backticks that look like sentences.
fn named(page: &str) -> BTreeSet<&str> {
    let quoted = page.split('`').skip(1).step_by(2);
    quoted
        .filter(|name| {
            name.split('_').count() >= WORDS_MIN && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        })
        .collect()
}

/// Names of functions that stand right below a test attribute (and perhaps others).
fn tests_in(source: &str) -> BTreeSet<String> {
    let (mut tests, mut marked) = (BTreeSet::new(), false);
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if let Some((_, name)) = line.split_once("fn ").filter(|_| marked) {
            tests.extend(name.split('(').next().map(str::to_owned));
            marked = false;
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            marked = false;
        }
    }
    tests
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn a_name_without_its_test_is_noticed() {
    let page = "| `a_thing_that_is_shown` (with `ANJU_FULL=1`), `a_thing_that_is_not_shown` | `short_name`";
    let source = "#[test]\n#[ignore = \"slow\"]\nfn a_thing_that_is_shown() {}\nfn a_thing_that_is_not_shown() {}\n";
    let tests = tests_in(source);
    let missing: Vec<_> = named(page).into_iter().filter(|name| !tests.contains(*name)).collect();
    assert_eq!(missing, ["a_thing_that_is_not_shown"]);
}

#[test]
fn every_test_that_the_table_of_faults_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    FOLDERS.iter().for_each(|folder| sources(&root.join(folder), &mut files));
    let tests: BTreeSet<String> = files.iter().flat_map(|path| tests_in(&std::fs::read_to_string(path).unwrap())).collect();
    let page = std::fs::read_to_string(root.join("docs/FAULTS.md")).unwrap();
    let named = named(&page);
    assert!(named.len() > 40, "the table lost its names");
    let missing: Vec<_> = named.into_iter().filter(|name| !tests.contains(*name)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
    for row in page.lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit()) {
        assert!(row.split('`').skip(1).step_by(2).any(|name| tests.contains(name)), "no test shows {row}");
    }
}
