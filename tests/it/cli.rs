//! The command line as its users meet it: the real program, its exit codes, its words, what it leaves on the disk.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anju::desk::fake::Fake;
use anju_core::desk::{Act, Event, OperatorKey, OperatorLine, Request, Stage};
use anju_core::error::{Refusal, RefusalCode};
use anju_core::names::{CentreCode, CertificateNumber, FederationName, GrantId};
use anju_core::operator::{OperatorName, Role, SealedKey};
use anju_core::seal::Key;
use anju_core::sign::SecretKey;
use anju_core::time::Time;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;

pub(crate) const PASSPHRASE: &str = "a passphrase for tests\n";

/// A folder of its own for one test, with a passphrase file in it.
pub(crate) struct Room {
    folder: tempfile::TempDir,
    environment: Vec<(String, PathBuf)>,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// One whose programs get this environment, too.
    pub(crate) fn with(environment: &[(&str, &Path)]) -> Self {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), value.to_path_buf())).collect();
        let room = Self { folder: tempfile::tempdir().unwrap(), environment };
        room.write("pass", PASSPHRASE);
        room
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The program with these arguments, in Chinese unless they say otherwise. A word that begins with `@` is a file of this room.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_anju"));
        command.args(line.split_whitespace().map(|word| match word.strip_prefix('@') {
            Some(name) => self.path(name).into_os_string(),
            None => word.into(),
        }));
        for name in [
            "LC_ALL",
            "LC_MESSAGES",
            "LANG",
            "ANJU_DATA",
            "ANJU_WALLET",
            "ANJU_PASSPHRASE_FILE",
            "ANJU_OPERATOR",
            "ANJU_OPERATOR_PASSPHRASE_FILE",
            "NO_COLOR",
            "RUST_LOG",
        ] {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    pub(crate) fn done(&self, line: &str) -> String {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(0), "{line}\n{}{}", out(&output), err(&output));
        out(&output)
    }

    /// Runs with `--json`, expects this exit code, and returns the one object printed.
    pub(crate) fn json(&self, line: &str, exit: i32) -> Value {
        let output = self.run(&format!("{line} --json"));
        assert_eq!(output.status.code(), Some(exit), "{line}\n{}{}", out(&output), err(&output));
        assert_eq!(err(&output), "", "{line}");
        serde_json::from_str(&out(&output)).unwrap_or_else(|e| panic!("{line}: {e}: {}", out(&output)))
    }

    pub(crate) fn init(&self, name: &str, centre: &str, port: u16) {
        self.done(&format!(
            "init --data @{name} --centre {centre} --name 中心{centre} --listen /ip4/127.0.0.1/udp/{port}/quic-v1 --passphrase-file @pass"
        ));
    }

    /// Two centres `a` (C46010) and `b` (C46020) with an adopted charter.
    fn federation(&self) {
        self.init("a", "C46010", 7401);
        self.init("b", "C46020", 7402);
        self.done("federation found --name hainan --card @a/card.json --card @b/card.json --out @charter.json");
        for name in ["a", "b"] {
            self.done(&format!("federation sign --data @{name} --charter @charter.json --passphrase-file @pass"));
        }
        for name in ["a", "b"] {
            self.done(&format!("federation adopt --data @{name} --charter @charter.json --passphrase-file @pass"));
        }
    }
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// Every file below `folder` with its bytes.
fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect()
}

#[test]
fn a_centre_is_initialised_once_and_its_files_are_its_own() {
    let room = Room::new();
    room.init("a", "C46010", 7401);
    assert_eq!(mode(&room.path("a")), 0o700);
    for name in ["keys.age", "anju.toml", "lock"] {
        assert_eq!(mode(&room.path("a").join(name)), 0o600, "{name}");
    }
    assert_eq!(mode(&room.path("a/card.json")), 0o644);
    let before = tree(&room.path("a"));
    let again = "init --data @a --centre C46020 --name 三亚 --listen /ip4/127.0.0.1/udp/1/quic-v1 --passphrase-file @pass";
    let output = room.run(again);
    assert_eq!(output.status.code(), Some(73));
    assert!(err(&output).contains("already-initialised") && err(&output).contains("下一步："), "{}", err(&output));
    assert_eq!(tree(&room.path("a")), before, "nothing was touched");
}

#[test]
fn what_init_refuses_leaves_nothing_behind() {
    let room = Room::new();
    room.write("short", "short\n");
    let init = "init --data @a --centre C46010 --name 海口 --listen /ip4/127.0.0.1/udp/7401/quic-v1";
    for (line, exit) in [
        (format!("{init} --passphrase-file @short"), 64),
        (format!("{init} --passphrase-file @nowhere"), 66),
        (init.replace("/ip4", "ip4") + " --passphrase-file @pass", 78),
        (init.replace("7401", "80000") + " --passphrase-file @pass", 64),
        (init.replace("7401", "0") + " --passphrase-file @pass", 64),
        (init.replace("/quic-v1", "") + " --passphrase-file @pass", 64),
        (init.replace("C46010", "46010") + " --passphrase-file @pass", 64),
        (format!("{init} --passphrase-file @pass --socket /{}", "x".repeat(200)), 78),
        (format!("{init} --passphrase-file @pass --source @nowhere"), 66),
    ] {
        assert_eq!(room.run(&line).status.code(), Some(exit), "{line}");
        assert!(!room.path("a").exists(), "{line}");
    }
}

#[test]
fn a_wrong_passphrase_is_told_and_changes_nothing() {
    let room = Room::new();
    room.init("a", "C46010", 7401);
    room.init("b", "C46020", 7402);
    room.done("federation found --name hainan --card @a/card.json --card @b/card.json --out @charter.json");
    room.write("wrong", "another passphrase\n");
    let (folder, charter) = (tree(&room.path("a")), std::fs::read(room.path("charter.json")).unwrap());
    let output = room.run("federation sign --data @a --charter @charter.json --passphrase-file @wrong");
    assert_eq!(output.status.code(), Some(77));
    assert!(err(&output).contains("passphrase-wrong"), "{}", err(&output));
    assert_eq!((tree(&room.path("a")), std::fs::read(room.path("charter.json")).unwrap()), (folder, charter));
}

#[test]
fn a_passphrase_file_that_others_can_read_is_warned_about() {
    let room = Room::new();
    room.init("a", "C46010", 7401);
    std::fs::set_permissions(room.path("pass"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let init = "init --data @b --centre C46020 --name 三亚 --listen /ip4/127.0.0.1/udp/1/quic-v1 --lang en";
    let output = room.command(init).env("ANJU_PASSPHRASE_FILE", room.path("pass")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(err(&output).contains("chmod 600"), "{}", err(&output));
}

#[test]
fn an_unknown_config_key_is_named_with_its_line_and_the_nearest() {
    let room = Room::new();
    room.init("a", "C46010", 7401);
    let text = std::fs::read_to_string(room.path("a/anju.toml")).unwrap();
    room.write("a/anju.toml", &text.replace("valid_days", "valid_day"));
    let line = text.lines().position(|l| l.starts_with("valid_days")).unwrap() + 1;
    let error = &room.json("status --data @a --lang en", 78)["error"];
    assert_eq!(error["code"], "config-unknown-key-near");
    assert_eq!(error["details"]["line"], line.to_string());
    assert_eq!(error["details"]["nearest"], "valid_days");
}

#[test]
fn a_peer_that_is_not_running_is_told_with_the_next_step() {
    let room = Room::new();
    room.init("a", "C46010", 7401);
    for line in ["status --data @a", "certificate list --data @a", "query --data @a --operator zhang --grant @pass --business-no 1"] {
        let output = room.run(line);
        assert_eq!(output.status.code(), Some(69), "{line}");
        assert!(err(&output).contains("anju serve --data"), "{}", err(&output));
    }
    let output = room.command("status --lang en").env("ANJU_DATA", room.path("a")).output().unwrap();
    assert_eq!(output.status.code(), Some(69), "the folder also comes from the environment");
    assert_eq!(room.json("status --data @nowhere", 66)["error"]["code"], "not-initialised");
}

#[test]
fn usage_errors_exit_64_on_standard_error_or_as_json() {
    let room = Room::new();
    let bare = room.run("");
    assert_eq!(bare.status.code(), Some(64));
    assert!(out(&bare).contains("命令") && out(&bare).contains("federation"), "who types only the name is shown what there is");
    for (line, code) in [
        ("nonsense", "usage-command"),
        ("status", "usage-missing"),
        ("status --nonsense", "usage-unknown"),
        ("status --data a --data b", "usage-conflict"),
        ("completions tcsh", "usage-value"),
        ("init --data a --centre X --name n --listen /x", "usage-value"),
        ("init --passphrase secret", "usage-unknown"),
    ] {
        let output = room.run(line);
        assert_eq!((output.status.code(), out(&output).as_str()), (Some(64), ""), "{line}");
        assert!(err(&output).contains(code), "{line}: {}", err(&output));
        assert_eq!(room.json(line, 64)["error"]["code"], code, "{line}");
    }
}

#[test]
fn help_version_and_completions_are_printed_in_the_language_asked_for() {
    let room = Room::new();
    assert!(room.done("--help").contains("用法：anju"));
    assert!(room.done("holder grant --help").contains("授权"));
    assert!(room.done("--help --lang en").contains("Usage: anju"));
    let english = room.command("query --help").env("LANG", "en_US.UTF-8").output().unwrap();
    assert!(out(&english).contains("business number"), "{}", out(&english));
    assert!(room.done("--version").starts_with("anju "));
    for shell in ["bash", "zsh", "fish"] {
        assert!(room.done(&format!("completions {shell}")).contains("certificate"), "{shell}");
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_panic() {
    let room = Room::new();
    let mut child = room.command("completions bash").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), ""));
}

#[test]
fn a_charter_is_signed_by_all_and_adopted_once() {
    let room = Room::new();
    room.init("a", "C46010", 7401);
    room.init("b", "C46020", 7402);
    room.done("federation found --name hainan --card @a/card.json --card @b/card.json --out @charter.json");
    room.done("federation sign --data @a --charter @charter.json --passphrase-file @pass");
    let early = room.json("federation adopt --data @a --charter @charter.json --passphrase-file @pass", 77);
    assert_eq!(early["error"]["code"], "charter-unsigned");
    assert_eq!(early["error"]["details"]["centres"], "C46020");
    room.done("federation sign --data @b --charter @charter.json --passphrase-file @pass");
    let shown = room.json("federation show --charter @charter.json", 0);
    assert_eq!((shown["complete"].as_bool(), shown["members"].as_array().map(Vec::len)), (Some(true), Some(2)));
    for _ in 0..2 {
        room.done("federation adopt --data @a --charter @charter.json --passphrase-file @pass");
    }
    room.init("c", "C50010", 7403);
    let stranger = room.json("federation sign --data @c --charter @charter.json --passphrase-file @pass", 77);
    assert_eq!(stranger["error"]["code"], "charter-not-a-member");
    room.done("federation found --name other --card @a/card.json --card @c/card.json --out @other.json");
    for name in ["a", "c"] {
        room.done(&format!("federation sign --data @{name} --charter @other.json --passphrase-file @pass"));
    }
    let other = room.json("federation adopt --data @a --charter @other.json --passphrase-file @pass", 73);
    assert_eq!(other["error"]["code"], "charter-other");
    let altered = std::fs::read_to_string(room.path("a/card.json")).unwrap().replace("中心", "中央");
    room.write("altered.json", &altered);
    let bad = room.json("federation found --name x --card @altered.json --card @b/card.json --out @x.json", 65);
    assert_eq!(bad["error"]["code"], "card-signature");
}

#[test]
fn a_wallet_makes_cards_keeps_its_keys_and_refuses_what_is_not_its_own() {
    let room = Room::new();
    room.federation();
    room.done("holder new --wallet @w --charter @charter.json --passphrase-file @pass");
    assert_eq!((mode(&room.path("w")), mode(&room.path("w/wallet.age"))), (0o700, 0o600));
    assert_eq!(
        room.json("holder new --wallet @w --charter @charter.json --passphrase-file @pass", 73)["error"]["code"],
        "already-initialised"
    );
    room.done("holder card --wallet @w --centre C46010 --out @card.json --passphrase-file @pass");
    let before = std::fs::read(room.path("w/wallet.age")).unwrap();
    let stranger = room.json("holder card --wallet @w --centre C99999 --out @no.json --passphrase-file @pass", 77);
    assert_eq!(stranger["error"]["code"], "charter-no-centre");
    let grant =
        "holder grant --wallet @w --certificate C46010-JCZM-2026-000001 --to C46020 --matter loan --field name --passphrase-file @pass";
    assert_eq!(room.json(&format!("{grant} --yes"), 77)["error"]["code"], "certificate-unknown");
    room.write("file", "bm90IGV2aWRlbmNl");
    assert_eq!(room.json("holder receive --wallet @w @file --passphrase-file @pass", 65)["error"]["code"], "evidence-bad");
    assert_eq!(std::fs::read(room.path("w/wallet.age")).unwrap(), before, "what was refused changed nothing");
    let listed = room.json("holder list --wallet @w --passphrase-file @pass", 0);
    assert_eq!(listed["certificates"].as_array().map(Vec::len), Some(0));
}

/// A desk that has an operator `zhang` and answers what they sign with `script`; and how a line says that it is they.
fn staffed(room: &Room, script: Vec<Event>) -> (Fake, &'static str) {
    let (name, key) = (OperatorName::new("zhang").unwrap(), SecretKey::from_key(Key::from_bytes([7; 32])));
    let sealed = SealedKey::seal(&mut StdRng::seed_from_u64(7), &name, &key, PASSPHRASE.trim_end().as_bytes()).unwrap();
    let operator = OperatorLine { name, display: "张".to_owned(), role: Role::Teller, created: Time(0), disabled: None };
    let (centre, federation) = (CentreCode::new("C46010").unwrap(), FederationName::new("hainan").unwrap());
    let info = Event::OperatorKey(Box::new(OperatorKey { operator, sealed, centre, federation }));
    let answer = move |request: &Request| if matches!(request, Request::Act(_)) { script.clone() } else { vec![info.clone()] };
    let fake = Fake::answering(&room.path("a/desk.sock"), answer).unwrap();
    (fake, "--data @a --operator zhang --operator-passphrase-file @pass")
}

#[test]
fn a_query_shows_its_progress_and_a_refusal_with_what_it_was_about() {
    let room = Room::new();
    room.init("a", "C46010", 7401);
    room.write("grant", "eyJhbGciOiJFZERTQSJ9.e30.AA\n");
    let about = anju_core::desk::RefusedQuery {
        certificate: CertificateNumber::new("C46010-JCZM-2026-000001").unwrap(),
        grant: GrantId([7; 16]),
        recorded: true,
    };
    let refused = Event::Refused { refusal: Refusal::new(RefusalCode::GrantUsedUp), about: Some(about) };
    let script = vec![Event::Progress { stage: Stage::Pulling }, refused];
    let (fake, who) = staffed(&room, script);
    let output = room.run(&format!("query {who} --grant @grant --business-no SY-1"));
    assert_eq!(output.status.code(), Some(77));
    let told = err(&output);
    assert!(told.contains("拉取中") && told.contains("拒绝 [grant-used-up]"), "{told}");
    assert!(matches!(fake.asked(), Some(Request::OperatorKey { .. })));
    let Some(Request::Act(signed)) = fake.asked() else { panic!("no act came") };
    let Ok(Act::Query { grant, business_no, .. }) = serde_json::from_str(&signed.act) else { panic!("no query came") };
    assert_eq!((grant.as_str(), business_no.as_str()), ("eyJhbGciOiJFZERTQSJ9.e30.AA", "SY-1"));
    let error = &room.json(&format!("query {who} --grant @grant --business-no SY-1"), 77)["error"];
    assert_eq!((error["kind"].as_str(), error["details"]["recorded"].as_str()), (Some("refusal"), Some("true")));
}

#[test]
fn store_commands_refuse_what_is_not_there() {
    let room = Room::new();
    room.init("a", "C46010", 7401);
    std::fs::remove_file(room.path("a/anju.db")).unwrap();
    for command in ["check", "rebuild"] {
        let error = &room.json(&format!("store {command} --data @a --passphrase-file @pass"), 66)["error"];
        assert_eq!(error["code"], "store-missing");
    }
    assert_eq!(room.json("source check --data @a", 78)["error"]["code"], "source-not-configured");
    assert_eq!(room.json("serve --data @a --passphrase-file @pass", 78)["error"]["code"], "charter-missing");
}
