use std::collections::BTreeSet;
use std::path::Path;

use anju_core::error::{FaultCode, RefusalCode};

use super::{Lang, table};

fn placeholders(text: &str) -> BTreeSet<String> {
    text.split("%{").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn both_languages_have_the_same_words_with_the_same_gaps() {
    let (chinese, english) = (table::all("zh-CN"), table::all("en"));
    assert!(chinese.len() > 300);
    let keys = |words: &std::collections::BTreeMap<String, String>| words.keys().cloned().collect::<BTreeSet<_>>();
    let only: Vec<_> = keys(&chinese).symmetric_difference(&keys(&english)).cloned().collect();
    assert!(only.is_empty(), "in one language only: {only:?}");
    for (key, text) in &chinese {
        assert!(!text.trim().is_empty() && !english[key].trim().is_empty(), "{key} is empty");
        assert_eq!(placeholders(text), placeholders(&english[key]), "{key}");
    }
}

#[test]
fn every_refusal_and_every_fault_says_what_happened_and_what_to_do_next() {
    for lang in Lang::ALL {
        assert!(lang.find("refusal.undone").is_some());
        let refusals = RefusalCode::ALL.iter().map(|c| format!("refusal.{c}"));
        for room in refusals.chain(FaultCode::ALL.iter().map(|c| format!("fault.{c}"))) {
            for part in ["what", "next"] {
                assert!(lang.find(&format!("{room}.{part}")).is_some(), "{room}.{part} in {}", lang.locale());
            }
        }
    }
}

/// Literals that follow `call` in the text of a source file.
fn literals<'a>(source: &'a str, call: &'a str) -> impl Iterator<Item = &'a str> {
    source.split(call).skip(1).filter_map(|rest| rest.split_once('"')).map(|(key, _)| key)
}

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
            found.push(std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_word_that_the_code_names_exists() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut seen = 0;
    for source in &files {
        for key in ["say(\"", "fill(\""].into_iter().flat_map(|call| literals(source, call)) {
            assert!(Lang::Chinese.find(key).is_some(), "{key}");
            seen += 1;
        }
    }
    assert!(seen > 50, "the search found only {seen} words");
}

#[test]
fn chinese_is_spoken_unless_somebody_asked_for_english() {
    let env =
        |pairs: &'static [(&str, &str)]| move |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
    assert_eq!(Lang::choose(None, env(&[])), Lang::Chinese);
    assert_eq!(Lang::choose(None, env(&[("LANG", "C.UTF-8")])), Lang::Chinese);
    assert_eq!(Lang::choose(None, env(&[("LANG", "en_GB.UTF-8")])), Lang::English);
    assert_eq!(Lang::choose(None, env(&[("LC_ALL", "zh_CN.UTF-8"), ("LANG", "en_US.UTF-8")])), Lang::Chinese);
    assert_eq!(Lang::choose(None, env(&[("LC_ALL", ""), ("LANG", "en_US.UTF-8")])), Lang::English);
    assert_eq!(Lang::choose(Some("zh"), env(&[("LANG", "en_US.UTF-8")])), Lang::Chinese);
    assert_eq!(Lang::choose(Some("en"), env(&[])), Lang::English);
}
