//! The operators' handbook shows the screens as they are: each of its pictures is one of ours, and every view is in it.

use std::path::PathBuf;

use crate::pictures::UPDATE;

/// Before each picture of the page stands which one it is; the fence follows, as deep as the mark.
const MARK: &str = "<!-- picture: ";
/// Views that the page must show, by the beginning of their pictures' names.
const VIEWS: &[&str] =
    &["login", "workbench", "query", "certificates", "blacklist", "loans", "dossiers", "federation", "audit", "system", "over"];

fn page() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/OPERATING.md")
}

fn picture(name: &str, indent: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/snapshots/{name}.txt"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let lines: Vec<String> = text.lines().map(|line| format!("{indent}{line}").trim_end().to_owned()).collect();
    let blank = |line: &&String| line.is_empty();
    let lines = &lines[..lines.len() - lines.iter().rev().take_while(blank).count()];
    let lines = &lines[lines.iter().take_while(blank).count()..];
    format!("{indent}```text\n{}\n{indent}```\n", lines.join("\n"))
}

/// The page with every picture as it is now, and their names.
fn drawn(page: &str) -> (String, Vec<String>) {
    let (mut out, mut names) = (String::new(), Vec::new());
    let mut lines = page.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        let Some(name) = line.trim().strip_prefix(MARK).and_then(|rest| rest.strip_suffix(" -->")) else { continue };
        let indent = &line[..line.len() - line.trim_start().len()];
        if lines.peek().is_some_and(|next| next.trim() == "```text") {
            lines.next();
            while lines.next().is_some_and(|line| line.trim() != "```") {}
        }
        out.push_str(&picture(name, indent));
        names.push(name.to_owned());
    }
    (out, names)
}

#[test]
fn the_handbook_shows_every_view_as_it_is_drawn() {
    let text = std::fs::read_to_string(page()).unwrap();
    let (now, names) = drawn(&text);
    for view in VIEWS {
        assert!(names.iter().any(|name| name.starts_with(view)), "{view} is not in the handbook");
    }
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(page(), &now).unwrap();
    } else {
        assert!(now == text, "the handbook's pictures are not what is drawn; {UPDATE}=1 takes them anew");
    }
}
