//! What becomes of clean exports and of everything that is wrong with real ones.

mod dirty;
mod large;
mod samples;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anju_core::listing::Day;
use anju_core::listing::catalogue::Catalogue;
use anju_core::listing::import::{CheckedRow, ImportRow};
use encoding_rs::GB18030;
use tempfile::TempDir;

use super::*;

const HEADER: &str = "ZTLX,MC,ZJHM,XWDM,DJ,WSH,WSRQ,FLYJ,XZCS,XZJZ,GSJZ,BZ";
const GOOD: &str = "个人,向子雪,460199197601171425,骗贷,一般,海口公积金失信认〔2025〕18号,2025-06-21,住房公积金管理条例第四十一条,限制提取;限制贷款,2030-06-21,2028-06-21,";

fn today() -> Day {
    Day::from_number(20_261_122).unwrap()
}

/// One file in a folder of its own.
struct Given {
    folder: TempDir,
    name: &'static str,
}

/// What was read of it.
struct Got {
    rows: Vec<(ImportRow, CheckedRow)>,
    duplicates: Vec<u64>,
    rejected: Vec<RejectedRow>,
    tally: Tally,
}

impl Got {
    /// Row, column and reason of the only rejected row.
    fn only(&self) -> (u64, Option<&'static str>, &'static str) {
        assert_eq!(self.rejected.len(), 1, "{:?}", self.rejected);
        (self.rejected[0].row, self.rejected[0].column, self.rejected[0].why.code())
    }
}

impl Given {
    fn csv(bytes: impl AsRef<[u8]>) -> Self {
        Self::named("blacklist.csv", bytes)
    }

    fn named(name: &'static str, bytes: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), bytes).unwrap();
        Self { folder, name }
    }

    /// The good row with one cell replaced.
    fn cell(field: &str, value: &str) -> Self {
        Self::csv(lines(&[HEADER, GOOD_2, &with_cell(field, value)]))
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(self.name)
    }

    fn read(&self) -> Result<Got, SourceError> {
        read_with(&self.path(), ColumnMap::default())
    }

    fn got(&self) -> Got {
        self.read().unwrap()
    }
}

const GOOD_2: &str = "单位,海口中科贸易有限公司,914601993TGUNRC89H,欠缴,一般,海口公积金失信认〔2026〕单0号,2026-01-09,住房公积金管理条例第四十条,公示,2027-01-09,2027-01-09,";

fn read_with(path: &Path, map: ColumnMap) -> Result<Got, SourceError> {
    let catalogue = Catalogue::default();
    let scratch = tempfile::tempdir().unwrap();
    let file = BlacklistFile::open(path, map, &catalogue, today(), scratch.path(), &mut |_| std::ops::ControlFlow::Continue(()))?;
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0, "temporary files have no name");
    let (mut rows, mut duplicates, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
    let tally = file.rows(&mut |read| {
        match read {
            BlacklistRow::Row(row) => rows.push((row.import.clone(), row.checked)),
            BlacklistRow::Duplicate(row) => duplicates.push(row),
            BlacklistRow::Rejected(row) => rejected.push(row),
        }
        ControlFlow::Continue(())
    })?;
    let counts = (rows.len() as u64, duplicates.len() as u64, rejected.len() as u64);
    assert_eq!((tally.accepted, tally.duplicates, tally.rejected), counts);
    assert_eq!(tally.rows, counts.0 + counts.1 + counts.2, "every row is told of");
    Ok(Got { rows, duplicates, rejected, tally })
}

fn lines(rows: &[&str]) -> String {
    rows.iter().map(|row| format!("{row}\r\n")).collect()
}

fn with_cell(field: &str, value: &str) -> String {
    let at = HEADER.split(',').position(|name| name == field).unwrap();
    let cells: Vec<&str> = GOOD.split(',').enumerate().map(|(index, cell)| if index == at { value } else { cell }).collect();
    cells.join(",")
}

fn gb(text: &str) -> Vec<u8> {
    GB18030.encode(text).0.into_owned()
}
