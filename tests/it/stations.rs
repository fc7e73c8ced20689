//! A centre with two stations, between real processes: the second one works for the writer, and takes over when that is lost.

use serde_json::Value;

use crate::federation::{CHONGQING, Federation, HAIKOU, Over, SANYA, TELLER, account, connected, journal, samples};
use crate::governed::{change, propose_and_approve, until, view, wait_for_version};

const SHANGHAI: &str = "C31010";
const FOUR: [&str; 4] = [HAIKOU, SANYA, CHONGQING, SHANGHAI];
/// Folder of Haikou's second station.
const SECOND: &str = "second";
const NOBODY: (&str, &str) = ("01", "11010519491231002X");

fn at_second(what: &str) -> String {
    format!("{what} --data @{SECOND} --passphrase-file @pass")
}

/// Haikou's second station, named by a vote and running.
fn set_up(federation: &mut Federation) {
    let address = Over::Quic.address();
    let line = format!("init --second --centre {HAIKOU} --name 海口 --listen {address} --source @exports-{HAIKOU}");
    let made = federation.room.json(&at_second(&line), 0);
    assert!(made["operator"].is_null() && made["operator_passphrase"].is_null(), "{made}");
    let station = made["station"].as_str().unwrap();
    // A charter that does not name it is not its own.
    let refused = federation.room.json(&at_second("federation adopt --charter @charter.json"), 77);
    assert_eq!(refused["error"]["code"], "charter-other-keys");
    change(federation, &format!("set-address {HAIKOU} --add-station {station} --address {address}"), &FOUR[..3], 2);
    wait_for_version(federation, SHANGHAI, 2);
    federation.room.done(&format!("federation export --data @{HAIKOU} --out @charter-2.json"));
    federation.room.done(&at_second("federation adopt --charter @charter-2.json"));
    federation.start(SECOND);
    federation.wait(SECOND, "connected to all", |status| connected(status) == 4);
    until("the epoch", || view(federation, SECOND)["epoch_held"] == true);
    let status = federation.status(SECOND);
    assert_eq!(status["read_only"]["reason"], "not-the-writer", "{status}");
}

/// A certificate that is issued at this desk of Haikou's; its number.
fn issue(federation: &Federation, at: &str, name: &str, exit: i32) -> Value {
    let card = format!("card-{name}.json");
    federation.card(&card, HAIKOU);
    let of = account(HAIKOU, |a| a["status"] == "01");
    let line = format!("certificate issue --account {of} --kind JCZM --card @{card} --clerk 王 --out @certificate-{name}.txt");
    federation.acts(at, TELLER, &line, exit)
}

fn size(federation: &Federation, at: &str) -> u64 {
    journal(&federation.status(at), HAIKOU)["size"].as_u64().unwrap()
}

#[test]
fn a_second_station_works_for_the_writer_and_takes_over_with_its_backup_when_it_is_lost() {
    let mut federation = Federation::running(&FOUR, Over::Quic);
    FOUR.iter().for_each(|code| federation.staff(code));
    federation.wallet();
    set_up(&mut federation);
    // Haikou's people work at either station; what they do stands in one journal and in the writer's log.
    let rows = size(&federation, HAIKOU);
    until("the accounts", || {
        let operators = federation.room.json(&format!("operator list --data @{SECOND}"), 0);
        operators["operators"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == TELLER))
    });
    let first = issue(&federation, SECOND, "first", 0)["number"].as_str().unwrap().to_owned();
    assert_eq!(size(&federation, HAIKOU), rows + 1);
    std::fs::copy(samples(HAIKOU).join("blacklist.csv"), federation.room.path("list.csv")).unwrap();
    let refused = federation.acts(SECOND, TELLER, "blacklist import @list.csv", 69);
    assert_eq!(refused["error"]["code"], "writer-only", "{refused}");
    federation.room.done(&format!("store backup @haikou.db --data @{HAIKOU}"));
    std::fs::copy(federation.room.path(&format!("{HAIKOU}/keys.age")), federation.room.path("haikou-keys.age")).unwrap();

    // The writer is lost, and with it what came after the backup, but for what the others hold.
    let after = issue(&federation, SECOND, "after-backup", 0)["number"].as_str().unwrap().to_owned();
    let rows = size(&federation, HAIKOU);
    [SANYA, CHONGQING, SHANGHAI, SECOND].iter().for_each(|code| drop(federation.wait_for_rows(code, HAIKOU, rows)));
    federation.kill(HAIKOU);
    federation.wait(SECOND, "alone in its centre", |status| connected(status) == 3);
    let answer = federation.look_up(SECOND, NOBODY.0, NOBODY.1);
    assert_eq!(answer["verdict"], "not-listed", "{answer}");
    let refused = issue(&federation, SECOND, "refused", 75);
    assert_eq!(refused["error"]["code"], "writer-unreachable", "{refused}");

    // It gets what the writer had, and the charter names it.
    let take = "store take-over --former @haikou-keys.age --former-passphrase-file @pass --backup @haikou.db";
    assert_eq!(federation.room.json(&at_second(take), 75)["error"]["code"], "folder-locked", "not while it runs");
    federation.stop(SECOND);
    let own = at_second(&format!("store take-over --former @{SECOND}/keys.age --former-passphrase-file @pass"));
    assert_eq!(federation.room.json(&own, 77)["error"]["code"], "take-over-own-keys");
    let others = at_second(&format!("store take-over --former @{SANYA}/keys.age --former-passphrase-file @pass"));
    assert_eq!(federation.room.json(&others, 77)["error"]["code"], "take-over-other-keys");
    federation.room.done(&at_second(take));
    let files = std::fs::read_dir(federation.room.path(SECOND)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> = files.filter(|name| name.contains("taking") || name.contains("next") || name.ends_with("-wal")).collect();
    assert!(left.is_empty(), "{left:?}");
    federation.start(SECOND);
    federation.wait(SECOND, "whole again", |status| connected(status) == 3 && journal(status, HAIKOU)["size"] == rows);
    let refused = issue(&federation, SECOND, "not-yet", 75);
    assert_eq!(refused["error"]["code"], "writer-unreachable", "a copy of the keys is no vote: {refused}");
    change(&federation, &format!("rotate-keys --card @{SECOND}/card.json"), &[SANYA, CHONGQING, SHANGHAI], 3);
    wait_for_version(&federation, SECOND, 3);
    federation.wait(SECOND, "writing", |status| status["read_only"].is_null());
    let third = issue(&federation, SECOND, "third", 0)["number"].as_str().unwrap().to_owned();
    assert!(third > after && after > first, "{first} {after} {third}");
    // The account behind what was issued before the backup is known, as it was to the writer; behind what came after, to nobody.
    let show = |number: &str| federation.acts(SECOND, TELLER, &format!("certificate show {number}"), 0)["account_no"].clone();
    assert!(show(&first).is_string() && show(&after).is_null(), "{} {}", show(&first), show(&after));
    let rows = size(&federation, SECOND);
    [SANYA, CHONGQING, SHANGHAI].iter().for_each(|code| drop(federation.wait_for_rows(code, HAIKOU, rows)));

    // The lost machine is found and started: it hears that it is the writer no more, and nothing that it says counts.
    federation.start(HAIKOU);
    federation.wait(HAIKOU, "no longer the writer", |status| status["read_only"]["reason"] == "other-keys");
    issue(&federation, HAIKOU, "lost", 75);
    for code in [SANYA, CHONGQING, SHANGHAI, SECOND] {
        let status = federation.status(code);
        assert!(journal(&status, HAIKOU)["forked"] != true && size(&federation, code) >= rows, "{code}");
        assert_eq!(status["faults"].as_array().map(Vec::len), Some(0), "{code}: {status}");
    }
    federation.stop_all();
    [SANYA, CHONGQING, SHANGHAI, SECOND].iter().for_each(|code| federation.assert_sound(code));
}

#[test]
fn a_station_gets_another_key_while_it_runs_and_goes_on_under_it() {
    const THREE: [&str; 3] = [HAIKOU, SANYA, CHONGQING];
    let mut federation = Federation::running(&THREE, Over::Quic);
    THREE.iter().for_each(|code| federation.staff(code));
    let stations = |federation: &Federation| -> Vec<Value> {
        let members = federation.room.json(&format!("federation members --data @{HAIKOU}"), 0);
        members["members"].as_array().unwrap().iter().map(|member| member["stations"][0]["station"].clone()).collect()
    };
    let before = stations(&federation);
    let made = federation.room.json(&format!("keys next --station --data @{SANYA} --passphrase-file @pass"), 0);
    std::fs::copy(made["card"].as_str().unwrap(), federation.room.path("next-card.json")).unwrap();
    propose_and_approve(&federation, "rotate-keys --card @next-card.json", &[HAIKOU, CHONGQING, SANYA], 2);
    // Its desk is away for a moment: it is asked when the others have it again.
    for code in [HAIKOU, CHONGQING, SANYA] {
        if code != SANYA {
            wait_for_version(&federation, code, 2);
        }
        federation.wait(code, "connected to every other again", |status| connected(status) == 2 && status["read_only"].is_null());
    }
    let after = stations(&federation);
    assert_eq!((before.len(), &before[0], &before[2]), (3, &after[0], &after[2]));
    assert_ne!(before[1], after[1]);
    // It writes, and is heard.
    let rows = journal(&federation.status(SANYA), SANYA)["size"].as_u64().unwrap();
    change(&federation, "rotate-epoch", &[SANYA, HAIKOU, CHONGQING], 3);
    federation.wait_for_rows(HAIKOU, SANYA, rows + 1);
    for code in THREE {
        let status = federation.status(code);
        assert_eq!(status["faults"].as_array().map(Vec::len), Some(0), "{code}: {status}");
    }
    // And so after a restart.
    assert_eq!(federation.stop(SANYA).code, Some(0));
    federation.start(SANYA);
    federation.wait(SANYA, "connected", |status| connected(status) == 2);
    federation.stop_all();
    THREE.iter().for_each(|code| federation.assert_sound(code));
}
