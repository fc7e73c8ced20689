//! What the adapter does with the sample exports and with everything that is wrong with real ones.

mod dirty;
mod large;
mod samples;
pub(in crate::source) mod workbooks;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anju_core::facts::AccountFacts;
use tempfile::TempDir;

use super::*;

const ACCOUNTS_HEADER: &str = "GRZH,XINGMING,ZJLX,ZJHM,KHRQ,DWMC,DWJCBL,GRJCBL,GRJCJS,DWYJCE,GRYJCE,GRZHYE,GRZHZT,JZNY";
const TRANSACTIONS_HEADER: &str = "GRZH,JZRQ,GJHTQYWLX,FSE,HBJNY,YWLSH,CZBZ";
const LOANS_HEADER: &str = "JKHTBH,GRZH,HTDKJE,DKQS,DKFFRQ,DKYE,DKJQRQ";
const GOOD_ACCOUNT: &str =
    "46010000000100000,廖涛建,01,460199199211165352,2026-07-01,海口广达贸易有限公司,0.08,0.08,20700.00,1656.00,1656.00,9936.00,01,202610";

fn sample(centre: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(centre)
}

/// A folder with the given rows below the standard headers.
struct Folder {
    dir: TempDir,
}

impl Folder {
    fn of(accounts: &[&str], transactions: &[&str], loans: &[&str]) -> Self {
        let folder = Self { dir: tempfile::tempdir().unwrap() };
        folder.write("accounts.csv", table(ACCOUNTS_HEADER, accounts));
        folder.write("transactions.csv", table(TRANSACTIONS_HEADER, transactions));
        folder.write("loans.csv", table(LOANS_HEADER, loans));
        folder
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.dir.path().join(name), bytes).unwrap();
    }

    fn config(&self) -> SourceConfig {
        SourceConfig { as_of: Some("202610".to_owned().try_into().unwrap()), ..SourceConfig::of_folder(self.dir.path()) }
    }

    fn facts(&self) -> Vec<AccountFacts> {
        collect(&self.config()).0
    }

    fn report(&self) -> Report {
        check(&self.config(), &mut |_| {}).unwrap()
    }

    fn error(&self) -> SourceError {
        check(&self.config(), &mut |_| {}).unwrap_err()
    }
}

fn table(header: &str, rows: &[&str]) -> String {
    std::iter::once(&header).chain(rows).map(|row| format!("{row}\r\n")).collect()
}

fn collect(config: &SourceConfig) -> (Vec<AccountFacts>, Report) {
    let mut all = Vec::new();
    let report = facts_all(config, &mut |_| {}, &mut |reading| {
        all.push(reading.facts);
        ControlFlow::Continue(())
    })
    .unwrap();
    (all, report)
}

fn only_rejection(report: &FileReport) -> (Reason, Option<&'static str>, u64) {
    assert_eq!(report.rejections.len(), 1, "{report:?}");
    let rejection = report.rejections[0];
    (rejection.reason, rejection.column, rejection.line)
}
