//! `docs/REFUSALS.md` is made from the code: every code with how a command ends, what people are told, and what they can do next.
//! `UPDATE_PAGES=1 cargo test --test it refusals_page` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use anju::cli::Exit;
use anju::words::Lang;
use anju_core::error::{FaultCode, RefusalCode};

const HEAD: &str = "# Refusals

Made from the code by a test; do not edit by hand (`UPDATE_PAGES=1 cargo test --test it refusals_page`).

A refusal says that a rule stands against what was asked: nothing was done. Its code never changes once released; `--json` has it under `error.code`, the
window under `code` of a problem document (RFC 9457), peers tell it to each other as it is. The exit code is that of a command that was refused so
(docs/RUNNING.md). What is said stands here without its values.

| code | exit | 中文：发生了什么 | 接下来 | English: what happened | next |
| --- | --- | --- | --- | --- | --- |
";

fn page() -> String {
    let said = |lang: Lang, code: RefusalCode, what: &str| {
        let words = lang.find(&format!("refusal.{code}.{what}")).unwrap_or_else(|| panic!("{code} has no words"));
        words.trim().replace('|', "\\|").replace('\n', " ")
    };
    let mut out = HEAD.to_owned();
    for code in RefusalCode::ALL {
        let words = [Lang::Chinese, Lang::English].map(|lang| [said(lang, *code, "what"), said(lang, *code, "next")].join(" | "));
        writeln!(out, "| `{code}` | {} | {} | {} |", Exit::of_refusal(*code) as u8, words[0], words[1]).unwrap();
    }
    out
}

#[test]
fn the_page_of_refusals_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/REFUSALS.md");
    let page = page();
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap() == page, "docs/REFUSALS.md is not what the code says");
}

#[test]
fn a_fault_is_no_refusal() {
    for fault in FaultCode::ALL {
        let refusal = RefusalCode::ALL.iter().any(|code| code.as_str() == fault.as_str());
        assert!(!refusal, "{}", fault.as_str());
    }
}
