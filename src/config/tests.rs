use std::os::unix::fs::PermissionsExt;

use super::folder::{DataFolder, FolderError};
use super::*;

const GOOD: &str = "[centre]\ncode = \"C46010\"\nname = \"海口\"\n\n[peer]\nlisten = [\"/ip4/127.0.0.1/udp/7401/quic-v1\"]\n";

#[test]
fn what_is_left_out_has_its_default_and_what_is_written_is_read_back() {
    let config = Config::parse(GOOD).unwrap();
    assert_eq!((config.certificate.valid_days, config.log.level), (90, Level::Info));
    assert_eq!(config.kept_head(&DataFolder::at(Path::new("/d"))), Path::new("/d/head.json"));
    assert_eq!(Config::parse(&config.to_text().unwrap()).unwrap(), config);
}

#[test]
fn a_key_that_does_not_exist_is_named_with_its_line_and_the_nearest_that_does() {
    let unknown = |text: &str| match Config::parse(text) {
        Err(ConfigError::UnknownKey { key, line, nearest }) => (key, line, nearest),
        other => panic!("{other:?}"),
    };
    let text = format!("{GOOD}\n[certificate]\nvalid_day = 30\n");
    assert_eq!(unknown(&text), ("valid_day".to_owned(), 9, Some("valid_days".to_owned())));
    assert_eq!(unknown(&GOOD.replace("listen", "lsiten")), ("lsiten".to_owned(), 6, Some("listen".to_owned())));
    assert_eq!(unknown(&GOOD.replace("[peer]", "[peers]")), ("peers".to_owned(), 5, Some("peer".to_owned())));
    assert_eq!(unknown(&format!("{GOOD}\n[desk]\nwholly_other = 1\n")), ("wholly_other".to_owned(), 9, None));
}

#[test]
fn a_value_that_is_not_allowed_is_refused() {
    for (from, to) in [("海口", " "), ("海口", "a\\nb"), ("/ip4", "ip4"), ("C46010", "46010"), ("name = \"海口\"", "name = 7")] {
        assert!(Config::parse(&GOOD.replace(from, to)).is_err(), "{to}");
    }
    for days in [0, 367] {
        assert!(Config::parse(&format!("{GOOD}[certificate]\nvalid_days = {days}\n")).is_err());
    }
    let deadlines =
        |since: &str, days: u32| format!("[[loan.deadlines]]\nsince = \"{since}\"\nreply_days = {days}\nmark_days = 5\nunmark_days = 5\n");
    let newer = format!("{GOOD}{}{}", deadlines("2015-09-15", 30), deadlines("2027-01-01", 20));
    let said = Config::parse(&newer).unwrap().loan.settings().deadlines;
    assert_eq!(said.iter().map(|one| one.reply_days).collect::<Vec<_>>(), [30, 20]);
    for bad in [deadlines("2027-01-01", 0), deadlines("2027-01-01", 367), deadlines("2027-13-01", 5), deadlines("2027-01-01", 5).repeat(2)]
    {
        assert!(Config::parse(&format!("{GOOD}{bad}")).is_err(), "{bad}");
    }
    assert_eq!(Config::parse(GOOD).unwrap().loan.settings().deadlines.len(), 1, "the customary ones");
    assert!(matches!(Config::parse("[centre"), Err(ConfigError::Invalid { line: 1, .. })));
}

#[test]
fn a_socket_path_that_fits_no_address_is_refused_before_it_is_bound() {
    let config = Config::parse(GOOD).unwrap();
    let folder = |bytes: usize| DataFolder::at(Path::new(&format!("/{}", "x".repeat(bytes - "/".len() - "/desk.sock".len()))));
    assert!(config.socket(&folder(SOCKET_PATH_MAX_BYTES)).is_ok());
    assert!(matches!(config.socket(&folder(SOCKET_PATH_MAX_BYTES + 1)), Err(ConfigError::SocketPathTooLong { bytes: 108 })));
}

#[test]
fn a_folder_is_made_private_and_a_shared_one_with_contents_is_left_alone() {
    let outer = tempfile::tempdir().unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let fresh = outer.path().join("a/b");
    DataFolder::create(&fresh, &["anju.toml"]).unwrap();
    assert_eq!(mode(&fresh), 0o700);
    let empty = outer.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    std::fs::set_permissions(&empty, std::fs::Permissions::from_mode(0o755)).unwrap();
    DataFolder::create(&empty, &["anju.toml"]).unwrap();
    assert_eq!(mode(&empty), 0o700);
    std::fs::set_permissions(&empty, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(empty.join("x"), "x").unwrap();
    assert!(matches!(DataFolder::create(&empty, &["anju.toml"]), Err(FolderError::OpenToOthers)));
    assert_eq!(mode(&empty), 0o755);
    assert!(matches!(DataFolder::vacant(&empty, &["x"]), Err(FolderError::AlreadyInitialised)));
}

#[test]
fn a_file_is_replaced_whole_and_a_new_one_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    atomic::write_new(&path, b"one", atomic::PRIVATE).unwrap();
    assert_eq!(atomic::write_new(&path, b"two", atomic::PRIVATE).unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(&path).unwrap(), b"one");
    atomic::replace(&path, b"three", atomic::PUBLIC).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"three");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(atomic::read_capped(&path, 5).is_ok());
    assert_eq!(atomic::read_capped(&path, 4).unwrap_err().kind(), std::io::ErrorKind::FileTooLarge);
}
