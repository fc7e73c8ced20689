//! A centre's own people, as they meet the program: the first operator that `init` makes, the others, who leaves, and what is left
//! written down of all of them.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::federation::{AUDITOR, Federation, HAIKOU, Over, REVIEWER, SANYA, TELLER};

/// A line as the first operator, whose passphrase is in this file of the room.
fn admin(line: &str, file: &str) -> String {
    format!("{line} --data @{HAIKOU} --operator admin --operator-passphrase-file @{file}")
}

const MADE: &str = "C46010/first-operator.passphrase";

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

fn names(federation: &Federation) -> Vec<(String, String, bool)> {
    let list = federation.room.json(&format!("operator list --data @{HAIKOU}"), 0);
    let line = |o: &Value| (o["name"].as_str().unwrap().to_owned(), o["role"].as_str().unwrap().to_owned(), o["disabled"].is_null());
    list["operators"].as_array().unwrap().iter().map(line).collect()
}

#[test]
fn the_first_operator_makes_the_others_one_leaves_and_all_of_it_is_written_down() {
    let mut federation = Federation::running(&[HAIKOU, SANYA], Over::Tcp);
    let mode = federation.room.path(MADE).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "a passphrase that was made is its owner's alone");
    federation.room.write("new", "a much better passphrase\n");
    federation.room.json(&admin("operator passwd --new-passphrase-file @new", MADE), 0);
    let old = federation.room.json(&admin("operator passwd --new-passphrase-file @new", MADE), 77);
    assert_eq!(code(&old), "operator-passphrase-wrong", "the old passphrase opens nothing any more");

    for (name, role, staff_no) in [(TELLER, "经办", "1001"), (REVIEWER, "reviewer", "1002"), (AUDITOR, "auditor", "1003")] {
        let line = format!("operator add {name} --role {role} --display 某人 --staff-no {staff_no} --new-passphrase-file @pass");
        federation.room.json(&admin(&line, "new"), 0);
    }
    let twice = "operator add other --role auditor --display 某人 --staff-no 1001 --new-passphrase-file @pass";
    assert_eq!(code(&federation.room.json(&admin(twice, "new"), 77)), "one-account-each");
    let by_teller = "operator add other --role teller --display 某人 --staff-no 9 --new-passphrase-file @pass";
    assert_eq!(code(&federation.acts(HAIKOU, TELLER, by_teller, 77)), "role-missing");
    assert_eq!(code(&federation.room.json(&admin("operator disable admin --reason 离职", "new"), 77)), "second-person-needed");
    let nobody = federation.room.json(&Federation::line(HAIKOU, "nobody", "audit check"), 77);
    assert_eq!(code(&nobody), "operator-unknown");

    federation.room.json(&admin(&format!("operator disable {REVIEWER} --reason 离职"), "new"), 0);
    assert_eq!(code(&federation.acts(HAIKOU, REVIEWER, "operator passwd --new-passphrase-file @new", 77)), "operator-unknown");
    let working: Vec<_> = names(&federation).into_iter().filter(|(.., works)| *works).map(|(name, role, _)| (name, role)).collect();
    assert_eq!(working.len(), 3, "{working:?}");
    assert!(names(&federation).contains(&(REVIEWER.to_owned(), "reviewer".to_owned(), false)));

    assert_eq!(code(&federation.acts(HAIKOU, TELLER, "audit list", 77)), "role-missing");
    let rows = federation.acts(HAIKOU, AUDITOR, "audit list --limit 100", 0)["rows"].as_array().unwrap().clone();
    let told = |action: &str, outcome: &str| rows.iter().filter(|row| row["action"] == action && row["outcome"] == outcome).count();
    assert_eq!((told("operator.add", "done"), told("operator.passwd", "done"), told("operator.disable", "done")), (4, 1, 1), "{rows:?}");
    assert_eq!((told("operator.add", "one-account-each"), told("operator.add", "role-missing")), (1, 1), "{rows:?}");
    assert_eq!(told("operator.disable", "second-person-needed"), 1);
    let theirs = federation.acts(HAIKOU, AUDITOR, &format!("audit list --operator-name {TELLER}"), 0);
    assert!(theirs["rows"].as_array().unwrap().iter().all(|row| row["operator"] == TELLER), "{theirs}");
    let state = federation.acts(HAIKOU, AUDITOR, "audit check", 0);
    assert_eq!((&state["sound"], &state["state"]["broken_before"]), (&Value::Bool(true), &Value::Null), "{state}");
    let text = federation.room.done(&Federation::line(HAIKOU, AUDITOR, "audit list"));
    assert!(text.contains("新建账号") && text.contains("role-missing"), "{text}");
    federation.stop_all();
}

#[test]
fn a_passphrase_that_others_can_read_is_warned_about_and_a_short_one_makes_no_operator() {
    let federation = Federation::running(&[HAIKOU, SANYA], Over::Tcp);
    federation.room.write("short", "eleven char\n");
    let add = "operator add li --role teller --display 李 --staff-no 1 --new-passphrase-file @short";
    assert_eq!(code(&federation.room.json(&admin(add, MADE), 64)), "passphrase-too-short");
    assert_eq!(names(&federation).len(), 1);
    std::fs::set_permissions(federation.room.path(MADE), std::fs::Permissions::from_mode(0o640)).unwrap();
    federation.room.write("new", "a much better passphrase\n");
    let output = federation.room.run(&admin("operator passwd --new-passphrase-file @new", MADE));
    let warned = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && warned.contains("first-operator.passphrase"), "{warned}");
}

#[test]
fn a_folder_without_operators_gets_its_first_while_the_peer_is_stopped_and_only_one() {
    let mut federation = Federation::of(&[HAIKOU, SANYA], Over::Tcp);
    for name in [MADE, "C46010/anju.db"] {
        std::fs::remove_file(federation.room.path(name)).unwrap();
    }
    federation.start(HAIKOU);
    assert_eq!(names(&federation), [], "a peer without operators serves");
    let first =
        format!("operator first --admin boss --admin-staff-no 7 --admin-passphrase-file @pass --data @{HAIKOU} --passphrase-file @pass");
    assert_eq!(code(&federation.room.json(&first, 75)), "folder-locked");
    federation.stop_all();
    federation.room.json(&first, 0);
    assert_eq!(code(&federation.room.json(&first, 77)), "operator-exists");
    assert!(!federation.room.path(MADE).exists(), "a passphrase that was given is written nowhere");
    federation.start(HAIKOU);
    assert_eq!(names(&federation), [("boss".to_owned(), "security".to_owned(), true)]);
}

#[test]
fn a_table_of_the_blacklist_that_cannot_be_used_keeps_the_peer_from_starting() {
    let federation = Federation::of(&[HAIKOU, SANYA], Over::Tcp);
    let config = std::fs::read_to_string(federation.room.path("C46010/anju.toml")).unwrap();
    assert!(config.contains("[blacklist]"), "{config}");
    let serve = format!("serve --data @{HAIKOU} --passphrase-file @pass");
    federation.room.write("C46010/anju.toml", &config.replace("[blacklist]", "[blacklist]\ncatalogue = \"own.toml\""));
    assert_eq!(code(&federation.room.json(&serve, 78)), "config-catalogue", "a table that is not there");
    federation.room.write("C46010/own.toml", "version = 1");
    assert_eq!(code(&federation.room.json(&serve, 78)), "config-catalogue", "one that is none");
    federation.room.write("C46010/anju.toml", &config.replace("stale_after_minutes = ", "stale_after_minutes = 99"));
    assert_eq!(code(&federation.room.json(&serve, 78)), "config-not-allowed");
}
