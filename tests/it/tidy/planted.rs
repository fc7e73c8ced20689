//! Each rule of [`super`] finds a planted violation, and lets pass what only looks like one.

use super::*;

fn one(found: Found, what: &str) {
    assert!(found.len() == 1 && found[0].contains(what), "wanted one finding with {what:?}, got {found:?}");
}

fn files(of: &[(&str, &str)]) -> BTreeMap<String, String> {
    of.iter().map(|(path, source)| ((*path).to_owned(), (*source).to_owned())).collect()
}

#[test]
fn comments_and_literals_are_not_code() {
    let source = "a /* b /* c */ d */ \"e \\\" f\" r#\"g \" h\"# b'i' 'j' '\\'' '中' k<'l> // m\nn";
    let code = code_of(source);
    let words: Vec<_> = tokens(&code).into_iter().filter(|(_, w)| w.bytes().all(is_word)).collect();
    assert_eq!(words, [(1, "a"), (1, "b"), (1, "k"), (1, "l"), (2, "n")]);
}

#[test]
fn a_library_outside_its_room_is_found_however_it_is_named() {
    for planted in
        ["use rusqlite::Connection;", "use {std::fmt, rusqlite as db};", "fn f() { ::rusqlite::ffi::f() }", "pub use store::rusqlite;"]
    {
        one(outside_rooms("src/desk/mod.rs", planted), "`rusqlite`");
        none(outside_rooms("src/store/open.rs", planted));
        none(outside_rooms("src/store.rs", planted));
        none(outside_rooms("tests/it/flipped_bit.rs", planted));
        none(outside_rooms("src/desk/tests/theft.rs", planted));
        one(outside_rooms("src/store_of_things.rs", planted), "`rusqlite`");
    }
    one(outside_rooms("src/main.rs", "use libp2p::PeerId;"), "`libp2p`");
    none(outside_rooms("src/main.rs", "// not rusqlite\nconst S: &str = \"use rusqlite\";"));
}

#[test]
fn an_ordinary_word_is_the_library_only_where_a_path_begins_with_it() {
    for planted in
        ["use hpke::Kem;", "fn f() { hpke::setup() }", "fn f() { ::hpke::setup() }", "use ::hpke::Kem;", "use {std::fmt, hpke::Kem};"]
    {
        one(outside_rooms("src/core/grant/mod.rs", planted), "`hpke`");
        none(outside_rooms("src/core/seal/hpke.rs", planted));
    }
    for innocent in [
        "use crate::seal::hpke;\nfn f() { hpke::seal() }",
        "use crate::seal::{aead, hpke};\nfn f() { hpke::seal() }",
        "use crate::seal::hpke::{self, Sealed};\nfn f() { hpke::open() }",
        "use crate::seal::hpke::Sealed;",
        "use crate::seal::{hpke::Sealed, Key};",
        "pub mod hpke;\nuse hpke::Sealed;",
        "fn f() { let hpke = 1; seal::hpke::open(hpke) }",
    ] {
        none(outside_rooms("src/core/grant/mod.rs", innocent));
    }
    one(outside_rooms("src/desk/mod.rs", "let age = age::Encryptor::new();"), "`age`");
    none(outside_rooms("src/desk/mod.rs", "let age = now - then; f(age)"));
}

#[test]
fn a_core_that_reaches_out_is_found() {
    for planted in [
        "use std::fs;",
        "use std::{fmt, fs::File};",
        "let t = std::time::SystemTime::now();",
        "use std::time::{Duration, SystemTime};",
        "use std::{fmt, time::{Duration, Instant}};",
        "async fn f() { tokio::spawn(g()) }",
        "fn f(a: std::net::IpAddr) {}",
    ] {
        assert_eq!(core_reaches_out("src/core/node/mod.rs", planted).len(), 1, "{planted}");
        none(core_reaches_out("src/daemon/mod.rs", planted));
        none(core_reaches_out("src/core/tests/vectors.rs", planted));
        none(core_reaches_out("src/core/grant/tests/vectors.rs", planted));
    }
    none(core_reaches_out("src/core/time.rs", "use std::time::Duration;\nuse std::{fmt, str};\nuse crate::{fs, net};"));
}

#[test]
fn long_files_and_functions_are_found_and_so_are_idle_exceptions() {
    let body = "    x();\n".repeat(FUNCTION_LINES_MAX - 1);
    let long = format!("fn g(a: [u8; 2]) -> u8;\nfn f(a: [u8; 2]) {{\n{body}}}\n");
    one(too_long(&files(&[("a.rs", &long)]), &[], &[]), "`f` has 71 lines");
    none(too_long(&files(&[("a.rs", &long)]), &[], &[("a.rs", "f")]));
    let fits = long.replacen("    x();\n", "", 1);
    none(too_long(&files(&[("a.rs", &fits)]), &[], &[]));
    one(too_long(&files(&[("a.rs", &fits)]), &[], &[("a.rs", "f")]), "no longer");

    let file = "\n".repeat(FILE_LINES_MAX + 1);
    one(too_long(&files(&[("b.rs", &file)]), &[], &[]), "b.rs has 601 lines");
    none(too_long(&files(&[("b.rs", &file)]), &["b.rs"], &[]));
    one(too_long(&files(&[("b.rs", &file[1..])]), &["b.rs"], &[]), "no longer");
}

#[test]
fn what_was_left_behind_is_found() {
    for planted in ["todo!()", "dbg!(x);", "unimplemented !()"] {
        one(left_behind("a.rs", planted), "!`");
    }
    one(left_behind("a.rs", &format!("// {}: later", ["FIX", "ME"].concat())), "a.rs:1");
    one(left_behind("a.rs", &format!("let a = 1; // {}", ["XX", "X"].concat())), "a.rs:1");
    none(left_behind("a.rs", "let todo = dbg; // todo!() is a macro\nlet s = \"XXXX\";"));
}

#[test]
fn a_file_that_nobody_declares_is_found() {
    let tree = files(&[
        ("tests/it/main.rs", "mod a;\nmod b;\n// mod lost;\nmod inline {}"),
        ("tests/it/a.rs", "mod c;"),
        ("tests/it/a/c.rs", ""),
        ("tests/it/b/mod.rs", "mod d;"),
        ("tests/it/b/d.rs", ""),
        ("tests/it/lost.rs", ""),
        ("src/other.rs", ""),
    ]);
    one(forgotten(&tree, "tests/it", &["tests/it/main.rs"]), "tests/it/lost.rs");
}

#[test]
fn an_edge_that_is_not_allowed_is_found() {
    let manifest = |name: &str, rest: &str| format!("[package]\nname = \"{name}\"\n{rest}");
    let core = |rest: &str| wrong_edges("src/core/Cargo.toml", &manifest("anju-core", rest));
    one(core("[dependencies]\nanju-peers.workspace = true"), "anju-core must not know anju-peers");
    one(core("[dev-dependencies]\nanju-tui = { path = \"x\" }"), "anju-core must not know anju-tui");
    one(core("[dependencies.anju]\npath = \"x\""), "anju-core must not know anju");
    one(core("[target.'cfg(unix)'.dependencies]\npeers = { package = \"anju-peers\" }"), "must not know anju-peers");
    one(core("[dependencies]\nlibp2p = \"0.57\""), "anju-core has no room for libp2p");
    one(wrong_edges("Cargo.toml", &manifest("anju", "[dependencies]\ned25519-dalek = \"3\"")), "anju has no room for ed25519_dalek");
    none(core("[dependencies]\nhpke = \"0.15\"\n[features]\nanju-peers = []"));
    none(wrong_edges(
        "Cargo.toml",
        &manifest("anju", "[workspace.dependencies]\nlibp2p = \"1\"\n[dependencies]\nanju-tui.workspace = true"),
    ));
    none(wrong_edges("tests/fuzz/Cargo.toml", &manifest("anju-fuzz", "[dependencies]\nanju-core = { path = \"x\" }")));
}

#[test]
fn documents_are_found_in_links_and_between_backticks() {
    let page = "See [trust](docs/TRUST.md#top), `docs/PROTOCOL.md`, https://c2sp.org/x.md and `a/*.md`.\n```\nrun `x`\n```\nand `B.md`";
    let named: Vec<_> = documents_named(page).into_iter().collect();
    assert_eq!(named, ["B.md", "docs/PROTOCOL.md", "docs/TRUST.md"]);
}

#[test]
fn private_traces_are_found() {
    for planted in [
        ["cd /ro", "ot/x"].concat(),
        ["/ho", "me/x"].concat(),
        ["ask me", "@mail.net"].concat(),
        ["https:", "//mirror.corp.net/simple"].concat(),
        ["sparse+http:", "//10.1.2.3/index"].concat(),
    ] {
        assert_eq!(private_traces("a", &planted).len(), 1, "{planted}");
    }
    for innocent in [
        "https://github.com/x and https://anju.example/vct and http://a.b.example:80/",
        "registry+https://github.com/rust-lang/crates.io-index",
        "#[test] a@b and clerk@haikou.example and @media",
        "format!(\"https://{host}/\")",
    ] {
        none(private_traces("a", innocent));
    }
}
