use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;

fn gaps(text: &str) -> BTreeSet<String> {
    text.split("%{").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

/// Sources of the desk, without tests.
fn sources(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            sources(&path, found);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            found.insert(path.display().to_string(), std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn desk_sources() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 10);
    found
}

#[test]
fn both_languages_have_the_same_words_with_the_same_gaps() {
    let (chinese, english) = (desk::all("zh-CN"), desk::all("en"));
    assert!(chinese.len() > 50);
    let keys = |words: &BTreeMap<String, String>| words.keys().cloned().collect::<BTreeSet<_>>();
    let only: Vec<_> = keys(&chinese).symmetric_difference(&keys(&english)).cloned().collect();
    assert!(only.is_empty(), "in one language only: {only:?}");
    for (key, text) in chinese.iter().filter(|(key, _)| *key != "_version") {
        assert!(!text.trim().is_empty() && !english[key].trim().is_empty(), "{key} is empty");
        assert_eq!(gaps(text), gaps(&english[key]), "{key}");
        assert!(house::find("zh-CN", key).is_none(), "{key} has words in the house already");
    }
}

#[test]
fn every_word_that_the_code_names_exists() {
    let mut seen = 0;
    for (path, source) in desk_sources() {
        for call in ["say(\"", "fill(\"", "word: \"", "field(\"", "empty(cx, \""] {
            for key in source.split(call).skip(1).filter_map(|rest| rest.split_once('"')).map(|(key, _)| key) {
                assert!(Words::Chinese.find(key).is_some(), "{path}: {key}");
                seen += 1;
            }
        }
    }
    assert!(seen > 40, "the search found only {seen} words");
}

#[test]
fn no_word_stands_outside_the_word_lists() {
    for (path, source) in desk_sources() {
        // Tests say what an operator would read.
        let code = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for (line, text) in code.lines().enumerate() {
            let code = text.split("//").next().unwrap_or_default();
            let foreign = code.chars().find(|c| matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}'));
            assert!(foreign.is_none(), "{path}:{}: {foreign:?}", line + 1);
        }
    }
}

#[test]
fn a_value_cannot_bring_gaps_or_escapes_of_its_own() {
    let filled = Words::English.fill("due.left", &[("span", "%{span}\u{1b}[31m")]);
    assert_eq!(filled.as_str(), "%{span}[31m left");
}

#[test]
fn what_is_late_says_so() {
    assert_eq!(Words::English.countdown(-3 * DAY_MS).as_str(), "3 days overdue");
    assert_eq!(Words::English.countdown(5 * 60 * MINUTE_MS).as_str(), "5 hours left");
}
