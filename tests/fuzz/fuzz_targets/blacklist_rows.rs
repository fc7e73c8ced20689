//! Blacklist files: any bytes as a CSV file, with a header before them or without; every row is handed on, rejected or a duplicate.
#![no_main]

use std::ops::ControlFlow;
use std::sync::LazyLock;

use anju::source::blacklist::{BlacklistFile, BlacklistRow, ColumnMap};
use anju_core::listing::Day;
use anju_core::listing::catalogue::Catalogue;
use anju_fuzz::routed;
use libfuzzer_sys::fuzz_target;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::default);
const HEADER: &str = "ZTLX,MC,ZJHM,XWDM,DJ,WSH,WSRQ,FLYJ,XZCS,XZJZ,GSJZ,BZ\n";

fuzz_target!(|data: &[u8]| {
    let Some((route, rest)) = routed(data) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blacklist.csv");
    let with_header = [HEADER.as_bytes(), rest].concat();
    std::fs::write(&path, if route % 2 == 0 { &with_header } else { rest }).unwrap();
    let today = Day::from_number(20_261_122).unwrap();
    let opened = BlacklistFile::open(&path, ColumnMap::default(), &CATALOGUE, today, folder.path(), &mut |_| std::ops::ControlFlow::Continue(()));
    let Ok(file) = opened else {
        assert!(route % 2 == 1, "a file with a header is one");
        return;
    };
    let mut seen = 0;
    let tally = file
        .rows(&mut |row| {
            seen += 1;
            if let BlacklistRow::Row(row) = row {
                assert!(row.checked.finding.check().is_ok());
                let again = row.import.check(&CATALOGUE, today).unwrap();
                assert_eq!(again.content(), row.checked.content());
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(tally.rows, seen);
    assert_eq!(tally.rows, tally.accepted + tally.duplicates + tally.rejected);
});
