//! What a peer's administrator looks at and does: where the others are reached, the log, the figures, and a backup that can be restored.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use anju::cli::desk::LocalDoor;
use anju::words::Lang;
use anju_core::desk::{Event, Evidence, KeyRole, LogPage, MAX_LOG_PAGE, Request, SystemView};
use anju_core::operator::{OperatorName, Role};
use anju_tui::door::{Outcome, Secret, TroubleKind, Work};
use anju_tui::watch::Watch;
use anju_tui::{Door, Hand};

use crate::cli::PASSPHRASE;
use crate::federation::{Federation, HAIKOU, Over, SANYA, TELLER, connected, journal};

const ADMINISTRATOR: &str = "wu";

fn log_in(federation: &Federation, name: &str) -> Arc<dyn Hand> {
    let mut secret = Secret::new();
    PASSPHRASE.trim_end().chars().for_each(|c| secret.push(c));
    let door = LocalDoor::of(&federation.room.path(HAIKOU), Lang::Chinese).unwrap();
    door.log_in(&OperatorName::new(name).unwrap(), &secret).unwrap()
}

fn system(federation: &Federation) -> SystemView {
    match federation.ask(HAIKOU, &Request::System).unwrap() {
        Event::System(view) => *view,
        other => panic!("{other:?}"),
    }
}

fn log(federation: &Federation, after: Option<u64>, limit: usize) -> LogPage {
    match federation.ask(HAIKOU, &Request::Logs { after, limit }).unwrap() {
        Event::Logs(page) => *page,
        other => panic!("{other:?}"),
    }
}

/// A folder as `docs/RUNNING.md` restores one: the backup, the keys and the papers, and no kept head.
fn restore(federation: &Federation, backup: &Path, folder: &str) {
    let target = federation.room.path(folder);
    fs::create_dir(&target).unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o700)).unwrap();
    fs::copy(backup, target.join("anju.db")).unwrap();
    for file in ["keys.age", "anju.toml", "card.json", "charter.json"] {
        fs::copy(federation.room.path(&format!("{HAIKOU}/{file}")), target.join(file)).unwrap();
    }
}

#[test]
fn where_another_centre_is_reached_how_far_it_is_and_what_the_log_says_of_it() {
    let federation = Federation::running(&[HAIKOU, SANYA], Over::Tcp);
    let measured = |status: &serde_json::Value| {
        let station = &status["stations"][0];
        station["round_trip_ms"].is_u64() && station["bytes_in"].as_u64() > Some(0) && station["bytes_out"].as_u64() > Some(0)
    };
    let status = federation.wait(HAIKOU, "told how far the other is", measured);
    let station = &status["stations"][0];
    let address = station["address"].as_str().unwrap();
    assert!(address.starts_with("/ip4/127.0.0.1/tcp/") && !address.contains("p2p"), "{address}");
    assert!(station["round_trip_ms"].as_u64() < Some(5_000), "{station}");
    let shown = federation.room.done(&format!("status --data @{HAIKOU}"));
    assert!(shown.contains(address) && shown.contains("毫秒") && shown.contains("往返"), "{shown}");

    let Event::Trends(trends) = federation.ask(HAIKOU, &Request::Trends).unwrap() else { panic!("no trends") };
    let centres: Vec<&str> = trends.centres.iter().map(|trend| trend.centre.as_str()).collect();
    assert_eq!(centres, [HAIKOU, SANYA]);
    assert!(trends.centres.iter().all(|trend| !trend.lag.is_empty() && trend.lag.len() == trend.traffic.len()), "{trends:?}");

    let all = log(&federation, None, MAX_LOG_PAGE);
    assert!(all.lines.len() <= MAX_LOG_PAGE && all.lines.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    let connected = all.lines.iter().find(|line| line.text.starts_with("connected station=")).expect("it is told who is connected");
    assert_eq!((connected.level.as_str(), connected.source.starts_with("anju::")), ("info", true), "{connected:?}");
    let newest = log(&federation, None, 2);
    assert_eq!(newest.lines.len(), 2);
    assert_eq!(log(&federation, newest.lines.last().map(|line| line.seq), 10).lost, 0);
    let refused = federation.ask(HAIKOU, &Request::Logs { after: None, limit: MAX_LOG_PAGE + 1 }).unwrap();
    assert!(matches!(refused, Event::Refused { .. }), "{refused:?}");
}

#[test]
fn a_backup_that_an_operator_or_a_command_makes_beside_the_running_peer_is_restored_and_forks_nothing() {
    let mut federation = Federation::running(&[HAIKOU, SANYA], Over::Tcp);
    federation.staff(HAIKOU);
    let admin = format!("--data @{HAIKOU} --operator admin --operator-passphrase-file @{HAIKOU}/first-operator.passphrase");
    let who = format!("--role {} --display 吴管理 --staff-no 1009 --new-passphrase-file @pass", Role::System.code());
    federation.room.json(&format!("operator add {ADMINISTRATOR} {who} {admin}"), 0);
    let before = system(&federation);
    assert_eq!((before.backup, before.backing_up, before.protocol.as_str()), (None, false, "/anju/sync/1"));

    // By an operator, who names no file and so can overwrite none.
    let watch = Watch::new(Arc::default(), |_| {});
    let refused = log_in(&federation, TELLER).work(Work::Backup, &watch).unwrap_err();
    assert_eq!((refused.kind, refused.code.as_str()), (TroubleKind::Refused, "role-missing"));
    let Outcome::Written { path, .. } = log_in(&federation, ADMINISTRATOR).work(Work::Backup, &watch).unwrap() else { panic!("no file") };
    assert!(path.starts_with(federation.room.path(HAIKOU).join("backups")), "{path:?}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let view = system(&federation);
    let made = view.backup.unwrap();
    assert_eq!((Path::new(&made.file), made.bytes), (path.as_path(), fs::metadata(&path).unwrap().len()));
    let storage = view.storage.unwrap();
    assert!(storage.database_bytes > 0 && storage.free_bytes > Some(0) && storage.schema > 0 && storage.audit_rows > 3, "{storage:?}");
    let accounts = view.keys.iter().filter(|age| age.key == KeyRole::Operator && age.by == Some(Evidence::Account));
    assert_eq!(accounts.count(), 5, "those four and the first one");
    assert!(view.keys.iter().any(|age| age.key == KeyRole::Station && age.by == Some(Evidence::File) && age.since.is_some()));

    // By a command without a passphrase, and never over something that exists.
    let line = format!("store backup @backup.db --data @{HAIKOU}");
    let told = federation.room.json(&line, 0);
    let backup = federation.room.path("backup.db");
    assert_eq!(told["backup"]["bytes"].as_u64(), Some(fs::metadata(&backup).unwrap().len()), "{told}");
    assert_eq!(federation.room.json(&line, 73)["error"]["code"], "output-exists");
    assert_eq!(system(&federation).backup.unwrap().file, backup.canonicalize().unwrap().display().to_string());

    // What the peer says later is not in the backup, and is not said again in another way.
    federation.acts(HAIKOU, TELLER, "blacklist queue", 0);
    federation.stop_all();
    for (backup, folder) in [(path.as_path(), "restored-one"), (backup.as_path(), "restored-two")] {
        restore(&federation, backup, folder);
        let checked = federation.room.json(&format!("store check --data @{folder} --passphrase-file @pass"), 0);
        assert_eq!(checked["sound"], true, "{checked}");
    }
    for file in ["anju.db", "head.json"] {
        fs::remove_file(federation.room.path(&format!("{HAIKOU}/{file}"))).unwrap();
    }
    fs::copy(&backup, federation.room.path(&format!("{HAIKOU}/anju.db"))).unwrap();
    federation.start(HAIKOU);
    assert_eq!(federation.status(HAIKOU)["read_only"]["reason"], "restored");
    federation.start(SANYA);
    let status = federation.wait(HAIKOU, "writing again", |status| status["read_only"].is_null() && connected(status) == 1);
    assert_eq!(journal(&status, HAIKOU)["forked"], false);
    assert_eq!(journal(&federation.status(SANYA), HAIKOU)["forked"], false);
}
