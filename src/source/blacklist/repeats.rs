//! Rows that repeat or contradict an earlier one, found without holding the file.
//!
//! What is kept of a row is fixed in size and lies in temporary files that have no name: hashes under a key that exists only in this
//! process for this reading, and the row's number. Memory holds one partition at a time, and one bit a row for each finding.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Read, Seek, Write};
use std::path::Path;

use anju_core::listing::import::CheckedRow;

use super::super::error::SourceError;
use super::super::spill::{Hasher, Id};

/// Bytes of source a partition is meant for.
pub(super) const PARTITION_SOURCE_BYTES: u64 = 16 * 1024 * 1024;
/// Most partitions of each kind: each is an open file.
pub(super) const PARTITIONS_MAX: u64 = 128;
const RECORD_BYTES: usize = 40;
const BUFFER_BYTES: usize = 16 * 1024;

/// A set of row numbers.
#[derive(Default)]
struct Rows(Vec<u64>);

impl Rows {
    fn add(&mut self, row: u64) -> Result<(), SourceError> {
        let word = usize::try_from(row / 64).map_err(|_| SourceError::TooManyRows)?;
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (row % 64);
        Ok(())
    }

    fn has(&self, row: u64) -> bool {
        usize::try_from(row / 64).ok().and_then(|word| self.0.get(word)).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }
}

/// What a row repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// The same row again.
    Same,
    /// The same decision and subject with other content.
    Contradiction,
    /// The same decision number with another conduct or day.
    DecisionReused,
}

/// Takes the rows of a file in order.
pub(super) struct Collector {
    hasher: Hasher,
    decisions: Groups,
    subjects: Groups,
}

impl Collector {
    /// For a file of so many bytes, with its temporary files in `scratch`.
    pub(super) fn new(file_bytes: u64, scratch: &Path) -> Result<Self, SourceError> {
        let count = (file_bytes / PARTITION_SOURCE_BYTES + 1).min(PARTITIONS_MAX);
        Ok(Self { hasher: Hasher::new()?, decisions: Groups::new(count, scratch)?, subjects: Groups::new(count, scratch)? })
    }

    /// One more row that is right by itself.
    pub(super) fn add(&mut self, row: &CheckedRow) -> Result<(), SourceError> {
        let finding = &row.finding;
        let decision = self.hasher.id(b'd', &finding.decision_no);
        let basis = self.hasher.id(b'b', &format!("{} {}", finding.conduct.code, finding.decision_day));
        self.decisions.push(&decision, &basis, row.row)?;
        let document =
            zeroize::Zeroizing::new(format!("{}\0{}\0{}", finding.decision_no, row.document.kind().code(), row.document.expose()));
        let subject = self.hasher.id(b'k', &document);
        let content = self.hasher.id(b'c', &row.content().to_string());
        self.subjects.push(&subject, &content, row.row)
    }

    /// What was found.
    pub(super) fn finish(self) -> Result<Repeats, SourceError> {
        let mut found = Repeats::default();
        let none = Rows::default();
        self.decisions.each_repeat(&none, &mut |row, same| if same { Ok(()) } else { found.reused.add(row) })?;
        let Repeats { reused, contradicting, same } = &mut found;
        self.subjects.each_repeat(reused, &mut |row, is_same| if is_same { same.add(row) } else { contradicting.add(row) })?;
        Ok(found)
    }
}

/// Which rows of a file repeat an earlier one.
#[derive(Default)]
pub(super) struct Repeats {
    reused: Rows,
    contradicting: Rows,
    same: Rows,
}

impl Repeats {
    /// What `row` repeats, if anything.
    pub(super) fn of(&self, row: u64) -> Option<Repeat> {
        [(&self.reused, Repeat::DecisionReused), (&self.contradicting, Repeat::Contradiction), (&self.same, Repeat::Same)]
            .into_iter()
            .find(|(rows, _)| rows.has(row))
            .map(|(_, repeat)| repeat)
    }
}

/// Records in partitions by their key.
struct Groups(Vec<BufWriter<File>>);

fn failed(error: &std::io::Error) -> SourceError {
    SourceError::Spill(error.kind())
}

impl Groups {
    fn new(count: u64, scratch: &Path) -> Result<Self, SourceError> {
        let file = |_| tempfile::tempfile_in(scratch).map(|file| BufWriter::with_capacity(BUFFER_BYTES, file)).map_err(|e| failed(&e));
        (0..count).map(file).collect::<Result<_, _>>().map(Self)
    }

    fn push(&mut self, key: &Id, value: &Id, row: u64) -> Result<(), SourceError> {
        let at = usize::from(key[0]) % self.0.len();
        let mut record = [0; RECORD_BYTES];
        record[..16].copy_from_slice(key);
        record[16..32].copy_from_slice(value);
        record[32..].copy_from_slice(&row.to_be_bytes());
        self.0[at].write_all(&record).map_err(|e| failed(&e))
    }

    /// Tells of every record, those of `skip` left out, whose key was there before: its row, and whether it has the first one's value.
    fn each_repeat(self, skip: &Rows, tell: &mut dyn FnMut(u64, bool) -> Result<(), SourceError>) -> Result<(), SourceError> {
        for partition in self.0 {
            let mut file = partition.into_inner().map_err(|e| failed(e.error()))?;
            file.rewind().map_err(|e| failed(&e))?;
            let mut reader = BufReader::with_capacity(BUFFER_BYTES, file);
            let mut first: HashMap<Id, Id> = HashMap::new();
            let mut record = [0; RECORD_BYTES];
            loop {
                match reader.read_exact(&mut record) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
                    Err(error) => return Err(failed(&error)),
                }
                let (mut key, mut value, mut row) = ([0; 16], [0; 16], [0; 8]);
                key.copy_from_slice(&record[..16]);
                value.copy_from_slice(&record[16..32]);
                row.copy_from_slice(&record[32..]);
                let row = u64::from_be_bytes(row);
                if skip.has(row) {
                    continue;
                }
                match first.get(&key) {
                    Some(before) => tell(row, *before == value)?,
                    None => _ = first.insert(key, value),
                }
            }
        }
        Ok(())
    }
}
