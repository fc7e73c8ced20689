//! Files that a job writes: beside their place first, into it when they are complete.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anju_core::operator::ACT_MAX_BYTES;

use crate::cli::common;
use crate::cli::failure::{Code, Failure};
use crate::cli::out::Ctx;
use crate::source::blacklist::{RejectedRow, SafeCsv};

/// First cells of a reject file: they tell that the file is one of ours and may be replaced by the next.
const REJECTS_HEAD: [&str; 5] = ["行号 row", "文件行 line", "列 column", "原因代码 code", "原因 reason"];
/// Most rejected rows that are listed for a person; the file has all.
pub(super) const REJECTS_SHOWN_MAX: usize = 20;

/// An output that is either a file, in its place only once it is complete, or standard output.
pub(in crate::cli) enum Sink {
    File(tempfile::NamedTempFile, PathBuf),
    Stdout(io::Stdout),
}

impl Sink {
    /// An output file that must not exist; standard output without a path. The file is readable by its owner only.
    pub(in crate::cli) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Stdout(io::stdout())) };
        if path.symlink_metadata().is_ok() {
            return Err(common::write_failure(path, &io::ErrorKind::AlreadyExists.into()));
        }
        Self::beside(path)
    }

    fn beside(path: &Path) -> Result<Self, Failure> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::Builder::new().prefix(".anju-").suffix(".tmp").tempfile_in(folder);
        file.map(|file| Self::File(file, path.to_owned())).map_err(|e| common::write_failure(path, &e))
    }

    /// Everything was written: puts the file into its place. `replace` allows one to be there.
    pub(in crate::cli) fn commit(self, replace: bool) -> Result<(), Failure> {
        match self {
            Self::Stdout(mut out) => Ok(out.flush()?),
            Self::File(file, path) => {
                let fail = |e: io::Error| common::write_failure(&path, &e);
                file.as_file().sync_all().map_err(fail)?;
                if replace { file.persist(&path) } else { file.persist_noclobber(&path) }.map_err(|e| fail(e.error))?;
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                File::open(folder).and_then(|folder| folder.sync_all()).map_err(fail)
            }
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file, _) => file.write(bytes),
            Self::Stdout(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file, _) => file.flush(),
            Self::Stdout(out) => out.flush(),
        }
    }
}

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Format {
    Csv,
    Jsonl,
}

/// A table as CSV for people and spreadsheets, or as one JSON object a line.
pub(in crate::cli) enum Sheet {
    Csv(Box<SafeCsv<BufWriter<Sink>>>),
    Lines(BufWriter<Sink>),
}

impl Sheet {
    pub(in crate::cli) fn new(sink: Sink, format: Format, head: &[&str]) -> io::Result<Self> {
        let out = BufWriter::new(sink);
        Ok(match format {
            Format::Jsonl => Self::Lines(out),
            Format::Csv => {
                let mut csv = SafeCsv::new(out)?;
                csv.row(head)?;
                Self::Csv(Box::new(csv))
            }
        })
    }

    pub(in crate::cli) fn row(&mut self, cells: impl FnOnce() -> Vec<String>, value: &impl serde::Serialize) -> io::Result<()> {
        match self {
            Self::Csv(csv) => csv.row(cells()),
            Self::Lines(out) => {
                serde_json::to_writer(&mut *out, value)?;
                out.write_all(b"\n")
            }
        }
    }

    pub(in crate::cli) fn finish(self) -> Result<(), Failure> {
        let out = match self {
            Self::Csv(csv) => csv.finish()?,
            Self::Lines(out) => out,
        };
        out.into_inner().map_err(io::IntoInnerError::into_error)?.commit(false)
    }
}

/// The file that rejected rows go to, so that people can mend them and hand them in again. It never overwrites anything but an earlier
/// file of its own.
pub(super) struct Rejects {
    path: PathBuf,
    csv: SafeCsv<BufWriter<Sink>>,
    pub(super) count: u64,
    pub(super) first: Vec<(u64, Option<&'static str>, &'static str)>,
    begun: bool,
}

impl Rejects {
    /// `path`, or the input's own name with `.rejects.csv` after it.
    pub(super) fn open(input: &Path, path: Option<&Path>) -> Result<Self, Failure> {
        let path = path.map_or_else(
            || {
                let mut name = input.as_os_str().to_owned();
                name.push(".rejects.csv");
                PathBuf::from(name)
            },
            Path::to_owned,
        );
        if path.symlink_metadata().is_ok() && !is_ours(&path) {
            return Err(Failure::new(Code::RejectsTaken).with("path", common::shown(&path)));
        }
        let csv = SafeCsv::new(BufWriter::new(Sink::beside(&path)?))?.protecting_digits();
        Ok(Self { path, csv, count: 0, first: Vec::new(), begun: false })
    }

    pub(super) fn add(&mut self, ctx: Ctx, headers: &[String], row: &RejectedRow) -> io::Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            self.csv.row(REJECTS_HEAD.into_iter().chain(headers.iter().map(String::as_str)))?;
        }
        self.count += 1;
        let code = row.why.code();
        if self.first.len() < REJECTS_SHOWN_MAX {
            self.first.push((row.row, row.column, code));
        }
        let line = row.sheet.map_or_else(|| row.line.to_string(), |sheet| format!("{sheet}/{}", row.line));
        let head = [row.row.to_string(), line, row.column.unwrap_or_default().to_owned(), code.to_owned(), reason(ctx, code)];
        self.csv.row(head.iter().map(String::as_str).chain(row.cells.iter().map(String::as_str)))
    }

    /// Puts the file into its place when there is something in it, and takes an earlier one of ours away otherwise. Returns its path if
    /// there is one now.
    pub(super) fn finish(self) -> Result<Option<PathBuf>, Failure> {
        let sink = self.csv.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        // Looked at again: an import takes long enough for somebody to put a file there.
        if self.count > 0 && self.path.symlink_metadata().is_ok() && !is_ours(&self.path) {
            return Err(Failure::new(Code::RejectsTaken).with("path", common::shown(&self.path)));
        }
        if self.count > 0 {
            sink.commit(true)?;
            return Ok(Some(self.path));
        }
        if self.path.symlink_metadata().is_ok() && is_ours(&self.path) {
            std::fs::remove_file(&self.path).map_err(|e| common::write_failure(&self.path, &e))?;
        }
        Ok(None)
    }
}

/// Whether a regular file begins as a reject file does.
fn is_ours(path: &Path) -> bool {
    let head = format!("\u{FEFF}{},", REJECTS_HEAD[..4].join(","));
    let mut bytes = vec![0; head.len()];
    let regular = path.symlink_metadata().is_ok_and(|meta| meta.is_file());
    regular && File::open(path).and_then(|mut file| file.read_exact(&mut bytes)).is_ok() && bytes == head.as_bytes()
}

/// A reason in words.
pub(super) fn reason(ctx: Ctx, code: &str) -> String {
    let refusal = || ctx.lang.find(&format!("refusal.{code}.what"));
    ctx.lang.find(&format!("reason.{code}")).or_else(refusal).unwrap_or_else(|| crate::cli::text::clean(code))
}

/// How much fits into one signed act: its JSON is a text inside the request's JSON, where every quotation mark takes two bytes.
#[derive(Debug, Default)]
pub(super) struct Fill {
    plain: usize,
}

/// Bytes of an act that are left for what is around its rows.
const ACT_FRAME_BYTES: usize = 16 * 1024;

impl Fill {
    /// Whether `item` still fits; it is counted then.
    pub(super) fn takes(&mut self, item: &impl serde::Serialize) -> bool {
        let text = serde_json::to_string(item).unwrap_or_default();
        // Marks that the outer text escapes count twice, so that the whole request stays below its cap as well.
        let bytes = text.len() + text.bytes().filter(|b| matches!(b, b'"' | b'\\')).count() + 1;
        if self.plain + bytes > ACT_MAX_BYTES - ACT_FRAME_BYTES {
            return false;
        }
        self.plain += bytes;
        true
    }
}
