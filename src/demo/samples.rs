//! The exports the story starts from: the samples of three of the four centres, carried inside the program.

use std::path::Path;

use super::StageError;

/// One centre of the story.
#[derive(Debug, Clone, Copy)]
pub(super) struct Centre {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    files: [(&'static str, &'static [u8]); 3],
}

macro_rules! centre {
    ($code:literal, $name:literal) => {
        Centre {
            code: $code,
            name: $name,
            files: [
                ("accounts.csv", include_bytes!(concat!("../../samples/", $code, "/accounts.csv"))),
                ("transactions.csv", include_bytes!(concat!("../../samples/", $code, "/transactions.csv"))),
                ("loans.csv", include_bytes!(concat!("../../samples/", $code, "/loans.csv"))),
            ],
        }
    };
}

/// Where the citizen deposits, where they want to borrow, and a third.
pub(super) const CENTRES: [Centre; 3] =
    [centre!("C46010", "海口住房公积金管理局"), centre!("C46020", "三亚住房公积金管理局"), centre!("C50010", "重庆市住房公积金管理中心")];
/// Issues.
pub(super) const HAIKOU: usize = 0;
/// Reads.
pub(super) const SANYA: usize = 1;
/// Looks on.
pub(super) const CHONGQING: usize = 2;

/// The right answers for Haikou's accounts, one JSON object a line.
pub(super) const HAIKOU_TRUTH: &str = include_str!("../../samples/C46010/truth.jsonl");

impl Centre {
    /// Writes the exports into `folder`.
    pub(super) fn write_exports(&self, folder: &Path) -> Result<(), StageError> {
        std::fs::create_dir_all(folder)?;
        for (name, bytes) in self.files {
            std::fs::write(folder.join(name), bytes)?;
        }
        Ok(())
    }
}
