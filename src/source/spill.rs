//! Rows sorted by account without holding them: partitions in temporary files.
//!
//! What is written there is of fixed size and says nothing about anybody: accounts, serial and contract numbers are hashed under a key
//! that exists only in this process's memory for this reading; months, kinds and amounts stand beside them. Names, identity numbers and
//! account numbers are never written. The folder is readable by its owner only and removed at the end.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anju_core::facts::codes::EntryKind;
use anju_core::facts::{AccountStatus, Deposit, Entry, Fen, Loan, LoanRecord, Month};
use jiff::civil::Date;
use rand::TryRng;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::error::SourceError;
use super::report::SpillReport;

/// Bytes of source a partition is meant for.
pub(super) const PARTITION_SOURCE_BYTES: u64 = 8 * 1024 * 1024;
/// Most partitions: each is an open file.
pub(super) const PARTITIONS_MAX: u64 = 256;
/// Most bytes one partition may have; it is in memory as a whole. Only one account with millions of rows, or a hundred gigabytes of
/// exports, get there.
pub(super) const PARTITION_MAX_BYTES: u64 = 512 * 1024 * 1024;
/// Bytes of one spilled row.
pub(super) const RECORD_BYTES: usize = 52;
/// Bytes of one account's summary.
const SUMMARY_BYTES: usize = 44;
const BUFFER_BYTES: usize = 16 * 1024;
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// A keyed hash of something that identifies somebody.
pub(super) type Id = [u8; 16];

/// The key of one reading.
pub(super) struct Hasher(Zeroizing<[u8; 32]>);

impl Hasher {
    /// A fresh key.
    pub(super) fn new() -> Result<Self, SourceError> {
        let mut key = Zeroizing::new([0; 32]);
        rand::rngs::SysRng.try_fill_bytes(key.as_mut_slice()).map_err(|_| SourceError::Spill(std::io::ErrorKind::Other))?;
        Ok(Self(key))
    }

    /// The hash of `text` in its role (`a` account, `s` serial, `c` contract, `r` whole row).
    pub(super) fn id(&self, role: u8, text: &str) -> Id {
        let digest = Sha256::new().chain_update(self.0.as_slice()).chain_update([role]).chain_update(text).finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        id
    }
}

/// What is known of an account's row besides who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AccountMark {
    /// Position among the accepted rows of the accounts file.
    pub(super) index: u64,
    /// Hash of the whole row.
    pub(super) digest: Id,
    pub(super) status: AccountStatus,
    pub(super) deferred: bool,
    pub(super) paid_until: Month,
}

/// One row, as spilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    /// A row of the accounts file.
    Account(AccountMark),
    /// A transaction with its serial number.
    Entry(Id, Entry),
    /// A loan with its contract number.
    Loan(Id, Loan),
    /// A row of this account was rejected.
    Rejected,
}

/// An account and one row about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) account: Id,
    pub(super) item: Item,
}

/// Writes fields one after the other into a fixed buffer.
struct Pen<const N: usize> {
    bytes: [u8; N],
    at: usize,
}

impl<const N: usize> Pen<N> {
    const fn new() -> Self {
        Self { bytes: [0; N], at: 0 }
    }

    fn put(&mut self, field: &[u8]) -> &mut Self {
        self.bytes[self.at..self.at + field.len()].copy_from_slice(field);
        self.at += field.len();
        self
    }
}

/// Reads them back.
struct Eye<'a>(&'a [u8]);

impl Eye<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn fen(&mut self) -> Option<Fen> {
        self.take().map(|bytes| Fen(i64::from_le_bytes(bytes)))
    }

    fn month(&mut self) -> Option<Option<Month>> {
        self.take().map(|bytes| Month::from_index(i32::from_le_bytes(bytes)))
    }
}

impl Record {
    pub(super) fn encode(&self) -> [u8; RECORD_BYTES] {
        let mut pen = Pen::<RECORD_BYTES>::new();
        let month = |month: Option<Month>| month.map_or(-1, Month::index).to_le_bytes();
        match &self.item {
            Item::Account(mark) => {
                pen.put(b"A").put(&self.account).put(&mark.index.to_le_bytes()).put(&mark.digest);
                pen.put(&month(Some(mark.paid_until))).put(&[position(AccountStatus::ALL, mark.status), u8::from(mark.deferred)]);
            }
            Item::Entry(serial, entry) => {
                let day = entry.posted;
                pen.put(b"T").put(&self.account).put(serial).put(&[position(EntryKind::ALL, entry.kind)]).put(&month(entry.month));
                pen.put(&day.year().to_le_bytes()).put(&day.month().to_le_bytes()).put(&day.day().to_le_bytes());
                pen.put(&entry.amount.0.to_le_bytes()).put(&[u8::from(entry.reversal)]);
            }
            Item::Loan(contract, loan) => {
                pen.put(b"L").put(&self.account).put(contract).put(&loan.amount.0.to_le_bytes());
                pen.put(&loan.balance.0.to_le_bytes()).put(&[u8::from(loan.has_settlement_date)]);
            }
            Item::Rejected => {
                pen.put(b"X").put(&self.account);
            }
        }
        pen.bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut eye = Eye(bytes);
        let (tag, account) = (eye.byte()?, eye.take()?);
        let item = match tag {
            b'A' => {
                let (index, digest, paid_until) = (u64::from_le_bytes(eye.take()?), eye.take()?, eye.month()??);
                let status = *AccountStatus::ALL.get(usize::from(eye.byte()?))?;
                Item::Account(AccountMark { index, digest, status, deferred: eye.byte()? == 1, paid_until })
            }
            b'T' => {
                let serial = eye.take()?;
                let kind = *EntryKind::ALL.get(usize::from(eye.byte()?))?;
                let month = eye.month()?;
                let year = i16::from_le_bytes(eye.take()?);
                let posted = Date::new(year, i8::from_le_bytes(eye.take()?), i8::from_le_bytes(eye.take()?)).ok()?;
                Item::Entry(serial, Entry { kind, month, posted, amount: eye.fen()?, reversal: eye.byte()? == 1 })
            }
            b'L' => Item::Loan(eye.take()?, Loan { amount: eye.fen()?, balance: eye.fen()?, has_settlement_date: eye.byte()? == 1 }),
            b'X' => Item::Rejected,
            _ => return None,
        };
        Some(Self { account, item })
    }
}

fn position<T: PartialEq>(all: &[T], value: T) -> u8 {
    all.iter().position(|other| *other == value).and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
}

/// What became of one accepted row of the accounts file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// These are its facts.
    Facts(Deposit, LoanRecord),
    /// The same row stood earlier.
    Duplicate,
    /// Rows about the account were rejected or contradict each other.
    Unreadable,
}

impl Outcome {
    pub(super) fn encode(&self) -> [u8; SUMMARY_BYTES] {
        let mut pen = Pen::<SUMMARY_BYTES>::new();
        match self {
            Self::Duplicate => pen.put(b"D"),
            Self::Unreadable => pen.put(b"U"),
            Self::Facts(deposit, loans) => pen
                .put(b"F")
                .put(&[u8::from(deposit.in_arrears)])
                .put(&deposit.run.to_le_bytes())
                .put(&deposit.unmatched_reversals.to_le_bytes())
                .put(&loans.count.to_le_bytes())
                .put(&loans.unsettled.to_le_bytes())
                .put(&loans.total.0.to_le_bytes())
                .put(&loans.outstanding.0.to_le_bytes()),
        };
        pen.bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut eye = Eye(bytes);
        match eye.byte()? {
            b'D' => Some(Self::Duplicate),
            b'U' => Some(Self::Unreadable),
            b'F' => {
                let in_arrears = eye.byte()? == 1;
                let mut count = || eye.take().map(u32::from_le_bytes);
                let (run, unmatched_reversals, count, unsettled) = (count()?, count()?, count()?, count()?);
                let loans = LoanRecord { count, unsettled, total: eye.fen()?, outstanding: eye.fen()? };
                Some(Self::Facts(Deposit { run, in_arrears, unmatched_reversals }, loans))
            }
            _ => None,
        }
    }
}

/// The partitions of one reading.
pub(super) struct Spill {
    folder: TempDir,
    partitions: Vec<BufWriter<File>>,
    sizes: Vec<u64>,
}

impl Spill {
    /// Opens partitions for `source_bytes` of exports, in `place` or the system's own.
    pub(super) fn open(source_bytes: u64, place: Option<&Path>) -> Result<Self, SourceError> {
        let count = (source_bytes / PARTITION_SOURCE_BYTES + 1).min(PARTITIONS_MAX);
        let mut builder = tempfile::Builder::new();
        builder.prefix("anju-source-").permissions(std::fs::Permissions::from_mode(FOLDER_MODE));
        let folder = match place {
            Some(place) => builder.tempdir_in(place),
            None => builder.tempdir(),
        }
        .map_err(failed)?;
        let partitions = (0..count).map(|number| create(folder.path(), &number.to_string())).collect::<Result<Vec<_>, _>>()?;
        let sizes = vec![0; partitions.len()];
        Ok(Self { folder, partitions, sizes })
    }

    /// Appends `record` to its partition.
    pub(super) fn write(&mut self, record: &Record) -> Result<(), SourceError> {
        let number = usize::from(u16::from_le_bytes([record.account[0], record.account[1]])) % self.partitions.len();
        self.partitions[number].write_all(&record.encode()).map_err(failed)?;
        self.sizes[number] += RECORD_BYTES as u64;
        if self.sizes[number] > PARTITION_MAX_BYTES { Err(SourceError::TooManyRows) } else { Ok(()) }
    }

    /// How the rows were spread.
    pub(super) fn report(&self) -> SpillReport {
        SpillReport {
            partitions: self.sizes.len() as u64,
            largest_bytes: self.sizes.iter().copied().max().unwrap_or_default(),
            total_bytes: self.sizes.iter().sum(),
        }
    }

    /// The number of partitions.
    pub(super) fn len(&self) -> usize {
        self.partitions.len()
    }

    /// Everything in one partition, sorted by account and within it in the order written.
    pub(super) fn load(&mut self, number: usize) -> Result<Vec<[u8; RECORD_BYTES]>, SourceError> {
        self.partitions[number].flush().map_err(failed)?;
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, File::open(self.folder.path().join(number.to_string())).map_err(failed)?);
        let count = usize::try_from(self.sizes[number]).map_err(|_| SourceError::TooManyRows)? / RECORD_BYTES;
        let mut records = Vec::with_capacity(count);
        for _ in 0..count {
            let mut record = [0; RECORD_BYTES];
            reader.read_exact(&mut record).map_err(failed)?;
            records.push(record);
        }
        records.sort_by(|a, b| a[1..17].cmp(&b[1..17]));
        Ok(records)
    }

    /// A file for the outcomes of the accounts' rows, in their order.
    pub(super) fn outcomes(&self) -> Result<Outcomes, SourceError> {
        Ok(Outcomes { file: create(self.folder.path(), "outcomes")? })
    }

    /// The outcomes from the first row on.
    pub(super) fn read_outcomes(&self) -> Result<OutcomeReader, SourceError> {
        Ok(OutcomeReader { file: BufReader::new(File::open(self.folder.path().join("outcomes")).map_err(failed)?) })
    }
}

/// Outcomes being written, at the position of their row.
pub(super) struct Outcomes {
    file: BufWriter<File>,
}

impl Outcomes {
    pub(super) fn put(&mut self, index: u64, outcome: &Outcome) -> Result<(), SourceError> {
        self.file.seek(SeekFrom::Start(index * SUMMARY_BYTES as u64)).map_err(failed)?;
        self.file.write_all(&outcome.encode()).map_err(failed)
    }

    pub(super) fn finish(mut self) -> Result<(), SourceError> {
        self.file.flush().map_err(failed)
    }
}

/// Outcomes being read, in the order of the rows.
pub(super) struct OutcomeReader {
    file: BufReader<File>,
}

impl OutcomeReader {
    pub(super) fn next(&mut self) -> Result<Outcome, SourceError> {
        let mut bytes = [0; SUMMARY_BYTES];
        self.file.read_exact(&mut bytes).map_err(failed)?;
        Outcome::decode(&bytes).ok_or(SourceError::Spill(std::io::ErrorKind::InvalidData))
    }
}

fn create(folder: &Path, name: &str) -> Result<BufWriter<File>, SourceError> {
    let file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(folder.join(name)).map_err(failed)?;
    Ok(BufWriter::with_capacity(BUFFER_BYTES, file))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: std::io::Error) -> SourceError {
    SourceError::Spill(error.kind())
}
