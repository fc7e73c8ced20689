//! The walls of the house, checked: which package may know which, where each foreign library lives, how long things get, what may not
//! be left behind. Every rule is a function over text with a test that plants a violation, and one test that runs it over the tree.
//! What must never be here: a rule about what the program does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Longest source file, in lines; 400 is the habit.
const FILE_LINES_MAX: usize = 600;
/// Longest function, in lines from `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;
/// Files that are longer. May only shrink: an entry that is no longer needed fails the test.
const LONG_FILES: &[&str] = &[];
/// Functions that are longer, as (file, name). May only shrink.
const LONG_FUNCTIONS: &[(&str, &str)] = &[];

/// Which packages of ours a package may depend on, in any section of its manifest. No others.
const EDGES: &[(&str, &[&str])] =
    &[("anju", &["anju-core", "anju-peers", "anju-tui"]), ("anju-core", &[]), ("anju-peers", &["anju-core"]), ("anju-tui", &["anju-core"])];

/// Where a library is imported from when it has one room: its name in code, and the files or folders that may name it.
const ROOMS: &[(&str, &[&str])] = &[
    ("age", &["src/keys", "src/wallet"]),
    ("anyhow", &["src/cli", "src/main.rs"]),
    ("automerge", &["src/core/dossier"]),
    ("axum", &["src/window"]),
    ("calamine", &["src/source"]),
    ("chacha20poly1305", &["src/core/seal"]),
    ("clap", &["src/cli"]),
    ("clap_complete", &["src/cli"]),
    ("csv", &["src/source"]),
    ("ct_merkle", &["src/core/journal"]),
    ("ed25519_dalek", &["src/core/sign.rs"]),
    ("encoding_rs", &["src/source"]),
    ("hpke", &["src/core/seal"]),
    ("http_body_util", &["src/window"]),
    ("hyper", &["src/window"]),
    ("hyper_util", &["src/window"]),
    ("libp2p", &["peers"]),
    ("pinyin", &["tui"]),
    ("ratatui", &["tui"]),
    ("rcgen", &["src/window"]),
    ("refinery", &["src/store"]),
    ("rusqlite", &["src/store"]),
    ("rustix", &["src/config"]),
    ("rustls", &["src/window"]),
    ("rustls_native_certs", &["src/window"]),
    // Digests of certificates, charters and requests are plain SHA-256; trees are hashed with ct_merkle, which has its own line.
    (
        "sha2",
        &[
            "peers",
            "src/core/certificate",
            "src/core/charter",
            "src/core/dossier",
            "src/core/grant",
            "src/core/holder",
            "src/core/journal",
            "src/core/node",
            "src/core/seal",
            "src/source",
            "src/store",
        ],
    ),
    ("tokio_rustls", &["src/window"]),
    ("unicode_segmentation", &["tui"]),
    ("unicode_width", &["tui"]),
    ("x25519_dalek", &["src/core/seal"]),
];

/// Names that are also ordinary words or modules of ours: only a path that begins with them means the library.
const ORDINARY_WORDS: &[&str] = &["age", "csv", "hpke"];

/// What the core must not reach for: it has no file, no socket, no clock, no process, no runtime.
const CORE_BANS: &[&[&str]] = &[
    &["tokio"],
    &["std", "fs"],
    &["std", "net"],
    &["std", "env"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "time", "SystemTime"],
    &["std", "time", "Instant"],
];

/// Hosts that an address in the tree may name: standards, the licence, public homes of software, and names reserved for examples.
const HOSTS: &[&str] = &[
    "127.0.0.1",
    "anju.example",
    "c2sp.org",
    "crates.io",
    "docs.rs",
    "doc.rust-lang.org",
    "example.com",
    "example.org",
    "github.com",
    "json-schema.org",
    "localhost",
    "pypi.org",
    "rustsec.org",
    "schemas.openxmlformats.org",
    "www.apache.org",
    "www.rfc-editor.org",
    "www.rust-lang.org",
    "www.sqlite.org",
    "www.w3.org",
];

type Found = Vec<String>;

// --- Reading Rust -------------------------------------------------------------------------------------------------------------------

/// The source with comments and the insides of literals blanked; lines stay where they are.
fn code_of(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = String::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = skip_from(bytes, at);
        if end == at {
            out.push(if bytes[at].is_ascii() { char::from(bytes[at]) } else { 'x' });
            at += 1;
        } else {
            out.extend(bytes[at..end].iter().map(|b| if *b == b'\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// Where the comment or literal that begins at `at` ends; `at` when none begins there.
fn skip_from(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let in_word = at > 0 && is_word(bytes[at - 1]);
    if rest.starts_with(b"//") {
        return at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
    }
    if rest.starts_with(b"/*") {
        return at + nested_comment(rest);
    }
    let prefix = rest.iter().take(2).take_while(|b| b"bcr".contains(b)).count();
    if prefix > 0 && !in_word && rest[..prefix].contains(&b'r') {
        let hashes = rest[prefix..].iter().take_while(|b| **b == b'#').count();
        if rest.get(prefix + hashes) == Some(&b'"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let body = prefix + hashes + 1;
            return at + body + find(&rest[body..], close.as_bytes()).map_or(rest.len() - body, |i| i + close.len());
        }
    }
    match rest[0] {
        b'"' => at + quoted(rest, b'"'),
        // 'a' and '\n' are characters, 'a is a lifetime.
        b'\'' if rest.get(1) == Some(&b'\\') => at + quoted(rest, b'\''),
        b'\'' => std::str::from_utf8(rest).ok().and_then(|t| t.chars().nth(1)).map_or(at, |c| {
            let close = 1 + c.len_utf8();
            if rest.get(close) == Some(&b'\'') { at + close + 1 } else { at }
        }),
        _ => at,
    }
}

fn nested_comment(rest: &[u8]) -> usize {
    let (mut depth, mut i) = (0_usize, 0);
    while i < rest.len() {
        if rest[i..].starts_with(b"/*") {
            (depth, i) = (depth + 1, i + 2);
        } else if rest[i..].starts_with(b"*/") {
            (depth, i) = (depth - 1, i + 2);
            if depth == 0 {
                return i;
            }
        } else {
            i += 1;
        }
    }
    rest.len()
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut i = 1;
    while i < rest.len() && rest[i] != quote {
        i += if rest[i] == b'\\' { 2 } else { 1 };
    }
    (i + 1).min(rest.len())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Words, `::`, and every other character that is not blank; with the line each stands in, from 1.
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let (mut out, mut line, mut at) = (Vec::new(), 1, 0);
    let bytes = code.as_bytes();
    while at < bytes.len() {
        let len = match bytes[at] {
            b if is_word(b) => bytes[at..].iter().take_while(|b| is_word(**b)).count(),
            b':' if bytes.get(at + 1) == Some(&b':') => 2,
            _ => 1,
        };
        if !bytes[at].is_ascii_whitespace() {
            out.push((line, &code[at..at + len]));
        }
        line += usize::from(bytes[at] == b'\n');
        at += len;
    }
    out
}

/// Whether a path that begins at token `i` begins at a crate: not after another segment, and not inside a group that has a prefix.
fn begins_path(t: &[(usize, &str)], i: usize) -> bool {
    let before = |n: usize| i.checked_sub(n).map_or("", |j| t[j].1);
    if before(1) == "::" {
        return !before(2).bytes().all(is_word) || before(2).is_empty() || before(2) == "use";
    }
    let statement = t[..i].iter().rposition(|(_, w)| matches!(*w, ";" | "use"));
    match statement {
        Some(start) if t[start].1 == "use" => {
            let opened = t[start..i].iter().filter(|(_, w)| *w == "{").count();
            opened == 0 && start + 1 == i || opened == 1 && t[start + 1].1 == "{"
        }
        _ => true,
    }
}

/// Lines on which `library` is meant.
fn mentions(t: &[(usize, &str)], library: &str) -> Vec<usize> {
    let at = |i: usize| t.get(i).map_or("", |(_, w)| *w);
    let places: Vec<usize> = (0..t.len()).filter(|i| t[*i].1 == library).collect();
    if !ORDINARY_WORDS.contains(&library) {
        return places.into_iter().map(|i| t[i].0).collect();
    }
    let in_use = |i: usize| t[..i].iter().rposition(|(_, w)| matches!(*w, ";" | "use")).is_some_and(|s| t[s].1 == "use");
    let ours = places.iter().any(|i| {
        let leaf = matches!(at(i + 1), ";" | "," | "}") || (at(i + 2) == "{" && at(i + 3) == "self");
        i.checked_sub(1).is_some_and(|j| t[j].1 == "mod") || (in_use(*i) && !begins_path(t, *i) && leaf)
    });
    let means = |i: usize| {
        let imported = begins_path(t, i) && in_use(i) && !ours;
        let absolute = begins_path(t, i) && i > 0 && t[i - 1].1 == "::";
        let path = begins_path(t, i) && at(i + 1) == "::" && !ours;
        imported || absolute || path || (i > 0 && t[i - 1].1 == "crate" && i > 1 && t[i - 2].1 == "extern")
    };
    places.into_iter().filter(|i| means(*i)).map(|i| t[i].0).collect()
}

// --- The rules ----------------------------------------------------------------------------------------------------------------------

/// Whether the file belongs to a test, example or benchmark of a package: a program of its own beside the package's code.
fn is_target(path: &str) -> bool {
    path.split('/').any(|folder| matches!(folder, "examples" | "benches")) || path.contains("/core/tests/")
}

fn is_in(path: &str, room: &str) -> bool {
    path == room || path.strip_prefix(room).is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
}

/// Libraries named outside their room. Tests in folders of their own may open every door: they tamper with databases, and look for names
/// in files in every encoding. Unit tests beside the code may not.
fn outside_rooms(path: &str, source: &str) -> Found {
    if !["src", "peers", "tui"].iter().any(|top| is_in(path, top)) || path.contains("/tests/") {
        return Found::new();
    }
    let code = code_of(source);
    let t = tokens(&code);
    let strangers = ROOMS.iter().filter(|(_, rooms)| !rooms.iter().any(|room| is_in(path, room)));
    strangers
        .flat_map(|(lib, _)| mentions(&t, lib).into_iter().map(move |line| format!("{path}:{line}: `{lib}` outside its room")))
        .collect()
}

/// What the core reaches for and must not. Tests in folders of their own may read vectors.
fn core_reaches_out(path: &str, source: &str) -> Found {
    if !is_in(path, "src/core") || is_target(path) || path.contains("/tests/") {
        return Found::new();
    }
    let code = code_of(source);
    let t = tokens(&code);
    let mut found = Found::new();
    for (i, (line, word)) in t.iter().enumerate() {
        for ban in CORE_BANS.iter().filter(|ban| ban[0] == *word) {
            if reaches(&t[i + 1..], &ban[1..]) {
                found.push(format!("{path}:{line}: `{}` in the core", ban.join("::")));
            }
        }
    }
    found
}

/// Whether the path goes on with `rest`, also through a group such as `std::{fmt, fs}`.
fn reaches(t: &[(usize, &str)], rest: &[&str]) -> bool {
    let Some((next, further)) = rest.split_first() else { return true };
    let word = |i: usize| t.get(i).map_or("", |(_, w)| *w);
    if word(0) != "::" {
        return false;
    }
    if word(1) != "{" {
        return word(1) == *next && reaches(&t[2..], further);
    }
    let mut depth = 0;
    for (i, (_, w)) in t.iter().enumerate().skip(1) {
        depth += i32::from(*w == "{") - i32::from(*w == "}");
        if depth == 0 {
            return false;
        }
        if depth == 1 && *w == *next && matches!(word(i - 1), "{" | ",") && reaches(&t[i + 1..], further) {
            return true;
        }
    }
    false
}

/// Name and length in lines of every function with a body.
fn functions(source: &str) -> Vec<(String, usize)> {
    let code = code_of(source);
    let t = tokens(&code);
    let mut out = Vec::new();
    for (i, (first, _)) in t.iter().enumerate().filter(|(_, (_, w))| *w == "fn") {
        let Some((_, name)) = t.get(i + 1).filter(|(_, w)| *w != "(") else { continue };
        // A semicolon ends a declaration without a body, but not inside `[u8; 32]`.
        let (mut depth, mut brackets) = (0, 0);
        for (line, w) in &t[i..] {
            brackets += i32::from(matches!(*w, "(" | "[")) - i32::from(matches!(*w, ")" | "]"));
            depth += i32::from(*w == "{") - i32::from(*w == "}");
            if *w == ";" && depth == 0 && brackets == 0 {
                break;
            }
            if *w == "}" && depth == 0 {
                out.push(((*name).to_owned(), line - first + 1));
                break;
            }
        }
    }
    out
}

/// Files and functions that are too long, and exceptions that nothing needs any more.
fn too_long(sources: &BTreeMap<String, String>, long_files: &[&str], long_functions: &[(&str, &str)]) -> Found {
    let (mut files, mut fns) = (BTreeMap::new(), BTreeMap::new());
    for (path, source) in sources {
        let lines = source.lines().count();
        if lines > FILE_LINES_MAX {
            files.insert(path.clone(), lines);
        }
        for (name, lines) in functions(source).into_iter().filter(|(_, lines)| *lines > FUNCTION_LINES_MAX) {
            fns.insert((path.clone(), name), lines);
        }
    }
    let mut found = Found::new();
    for excused in long_files.iter().filter(|p| files.remove(**p).is_none()) {
        found.push(format!("{excused} is no longer too long: take it off LONG_FILES"));
    }
    for (path, name) in long_functions.iter().filter(|(p, n)| fns.remove(&((*p).to_owned(), (*n).to_owned())).is_none()) {
        found.push(format!("{path}: `{name}` is no longer too long: take it off LONG_FUNCTIONS"));
    }
    found.extend(files.into_iter().map(|(path, lines)| format!("{path} has {lines} lines")));
    found.extend(fns.into_iter().map(|((path, name), lines)| format!("{path}: `{name}` has {lines} lines")));
    found
}

/// Notes to oneself and macros for the time being.
fn left_behind(path: &str, source: &str) -> Found {
    let code = code_of(source);
    let t = tokens(&code);
    let macros = ["todo", "dbg", "unimplemented"];
    let calls = t.windows(2).filter(|w| macros.contains(&w[0].1) && w[1].1 == "!");
    let mut found: Found = calls.map(|w| format!("{path}:{}: `{}!`", w[0].0, w[0].1)).collect();
    // Written in two halves, so that this file does not find itself.
    let words = [concat!("FIX", "ME"), concat!("XX", "X")];
    for (line, text) in source.lines().enumerate() {
        let mut words_here = text.split(|c: char| !c.is_alphanumeric());
        if let Some(word) = words_here.find(|w| words.contains(w)) {
            found.push(format!("{path}:{}: {word}", line + 1));
        }
    }
    found
}

/// Rust files of a tree that no parent declares as a module: tests that never run, code that is never compiled.
fn forgotten(sources: &BTreeMap<String, String>, tree: &str, roots: &[&str]) -> Found {
    let declared: BTreeSet<String> = sources.iter().filter(|(p, _)| is_in(p, tree)).flat_map(|(p, s)| children(p, s, roots)).collect();
    let files = sources.keys().filter(|p| is_in(p, tree) && !roots.contains(&p.as_str()) && !is_target(p));
    files.filter(|p| !declared.contains(*p)).map(|p| format!("{p} is declared by no `mod`")).collect()
}

/// Where the modules that `source` declares may lie.
fn children(path: &str, source: &str, roots: &[&str]) -> Vec<String> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let base = if roots.contains(&path) || file == "mod.rs" { folder.to_owned() } else { path.trim_end_matches(".rs").to_owned() };
    let code = code_of(source);
    let t = tokens(&code);
    let names = t.windows(3).filter(|w| w[0].1 == "mod" && w[2].1 == ";").map(|w| w[1].1);
    names.flat_map(|n| [format!("{base}/{n}.rs"), format!("{base}/{n}/mod.rs")]).collect()
}

/// Package name and the names of everything it depends on, from a manifest's text.
fn manifest(text: &str) -> (String, BTreeSet<String>) {
    let (mut section, mut name, mut needs) = (String::new(), String::new(), BTreeSet::new());
    for line in text.lines().map(str::trim) {
        let value = |key: &str| line.split_once(&format!("{key} = \"")).and_then(|(_, v)| v.split('"').next());
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']').to_owned();
            if let Some((_, dependency)) = section.split_once("dependencies.") {
                needs.insert(dependency.to_owned());
            }
        } else if section == "package" && line.starts_with("name") {
            name = value("name").unwrap_or_default().to_owned();
        } else if section.ends_with("dependencies") && section != "workspace.dependencies" && line.contains('=') {
            let key = line.split(['=', '.']).next().unwrap_or_default().trim().trim_matches('"');
            needs.insert(value("package").unwrap_or(key).to_owned());
        }
    }
    (name, needs)
}

/// Edges between our packages that are not allowed, and libraries in the manifest of a package that has no room for them.
fn wrong_edges(path: &str, text: &str) -> Found {
    let (name, needs) = manifest(text);
    let Some((_, allowed)) = EDGES.iter().find(|(package, _)| *package == name) else { return Found::new() };
    let folder = path.strip_suffix("Cargo.toml").unwrap_or(path).trim_end_matches('/');
    let home = |room: &str| match room {
        _ if is_in(room, "src/core") => "src/core",
        _ if is_in(room, "peers") => "peers",
        _ if is_in(room, "tui") => "tui",
        _ => "",
    };
    let ours = needs.iter().filter(|n| n.starts_with("anju") && !allowed.contains(&n.as_str()));
    let mut found: Found = ours.map(|n| format!("{path}: {name} must not know {n}")).collect();
    for (library, rooms) in ROOMS {
        if needs.contains(&library.replace('_', "-")) && !rooms.iter().any(|room| home(room) == folder) {
            found.push(format!("{path}: {name} has no room for {library}"));
        }
    }
    found
}

/// Documents that a page names, as links or between backticks, relative to the page's folder or to the root.
fn documents_named(text: &str) -> BTreeSet<String> {
    let linked = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let quoted = text.split('`').skip(1).step_by(2);
    linked.chain(quoted).filter(|n| n.ends_with(".md") && !n.contains("://") && !n.contains(['*', ' '])).map(str::to_owned).collect()
}

/// Paths of somebody's machine, addresses of people, and hosts that are not on the list.
fn private_traces(path: &str, text: &str) -> Found {
    let machine = [concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("C:\\Us", "ers\\"), concat!("/wo", "rk/")];
    let mut found = Found::new();
    for (number, line) in text.lines().enumerate() {
        let mut say = |what: String| found.push(format!("{path}:{}: {what}", number + 1));
        machine.iter().filter(|m| line.contains(**m)).for_each(|m| say(format!("a path of somebody's machine ({m}…)")));
        for rest in line.split("://").skip(1) {
            let host: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || ".-".contains(*c)).collect();
            let reserved = host.is_empty() || host.ends_with(".example") || host.ends_with(".invalid");
            if !reserved && !HOSTS.contains(&host.trim_end_matches('.')) {
                say(format!("the host {host}"));
            }
        }
        if is_mail(line) {
            say("an e-mail address".to_owned());
        }
    }
    found
}

fn is_mail(line: &str) -> bool {
    line.match_indices('@').any(|(at, _)| {
        let domain: String = line[at + 1..].chars().take_while(|c| c.is_ascii_alphanumeric() || ".-".contains(*c)).collect();
        let top = domain.trim_end_matches('.').rsplit_once('.').map_or("", |(_, top)| top);
        let user = line[..at].chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric());
        user && top.len() >= 2 && top.bytes().all(|b| b.is_ascii_lowercase()) && !matches!(top, "example" | "invalid")
    })
}

// --- The tree -----------------------------------------------------------------------------------------------------------------------

/// Every text file of the tree, by its path from the root. Build output and hidden folders other than `.ci` are not the tree.
fn tree() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut files, mut folders) = (BTreeMap::new(), vec![root.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
            let skipped = name.starts_with("target") || (name.starts_with('.') && name != ".ci");
            if name == ".git" {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                folders.extend((!skipped).then_some(path));
            } else if let Ok(text) = fs::read_to_string(&path) {
                files.insert(path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/"), text);
            }
        }
    }
    assert!(files.contains_key("Cargo.toml") && files.contains_key("tests/it/tidy.rs"), "this is not the tree: {root:?}");
    files
}

fn sources() -> BTreeMap<String, String> {
    tree().into_iter().filter(|(path, _)| path.ends_with(".rs")).collect()
}

fn none(found: Found) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn packages_know_only_whom_they_may_know() {
    let manifests: Vec<_> = tree().into_iter().filter(|(path, _)| path.ends_with("Cargo.toml")).collect();
    let names: BTreeSet<_> = manifests.iter().map(|(_, text)| manifest(text).0).collect();
    assert!(EDGES.iter().all(|(name, _)| names.contains(*name)), "{names:?}");
    none(manifests.iter().flat_map(|(path, text)| wrong_edges(path, text)).collect());
}

#[test]
fn foreign_libraries_stay_in_their_rooms() {
    none(sources().iter().flat_map(|(path, source)| outside_rooms(path, source)).collect());
}

#[test]
fn the_core_has_no_file_socket_clock_or_runtime() {
    none(sources().iter().flat_map(|(path, source)| core_reaches_out(path, source)).collect());
}

#[test]
fn nothing_is_too_long() {
    none(too_long(&sources(), LONG_FILES, LONG_FUNCTIONS));
}

#[test]
fn nothing_is_left_behind() {
    none(sources().iter().flat_map(|(path, source)| left_behind(path, source)).collect());
}

#[test]
fn every_file_is_a_module_of_something() {
    let sources = sources();
    let trees = [
        ("tests/it", vec!["tests/it/main.rs"]),
        ("peers/src", vec!["peers/src/lib.rs"]),
        ("tui/src", vec!["tui/src/lib.rs"]),
        ("src/core", vec!["src/core/lib.rs"]),
        ("src", vec!["src/lib.rs", "src/main.rs", "src/core/lib.rs"]),
    ];
    none(trees.iter().flat_map(|(tree, roots)| forgotten(&sources, tree, roots)).collect());
}

#[test]
fn every_document_that_a_page_names_exists() {
    let tree = tree();
    let pages = tree.iter().filter(|(path, _)| path.ends_with(".md"));
    let missing = pages.flat_map(|(page, text)| {
        let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
        let there = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(name).exists() || tree.contains_key(name);
        documents_named(text).into_iter().filter(|n| !there(n)).map(|n| format!("{page} names {n}")).collect::<Found>()
    });
    none(missing.collect());
}

#[test]
fn nothing_tells_where_or_by_whom_it_was_written() {
    none(tree().iter().flat_map(|(path, text)| private_traces(path, text)).collect());
}

// The path is written out so that `rustc --test tests/it/tidy.rs` alone finds it too.
#[path = "tidy/planted.rs"]
mod planted;
