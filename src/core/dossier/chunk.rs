//! A change, read by ourselves before automerge sees a byte of it.
//!
//! Automerge's binary format (its storage specification, "change chunks"): magic, the first four bytes of a SHA-256, type, length; then
//! dependencies, actor, sequence number, first operation, time, message, other actors, columns of operations. Of all that format can say
//! only this is read: uncompressed changes that put texts under keys of the root. Whatever else it could say is refused here, lists, marks,
//! counters and nested objects among them, and so is whatever would claim more rows than it has bytes for.

use sha2::{Digest as _, Sha256};

use super::columns::{Cursor, all_false, deltas, full_runs};
use super::{ActorBytes, MAX_CHANGE_BYTES, MAX_KEY_BYTES, MAX_OPS_PER_CHANGE, MAX_TEXT_BYTES, OpId, Rejection};
use crate::names::Digest;

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const CHANGE: u8 = 1;
/// The operation that puts a value under a key.
const PUT: u64 = 1;
/// The type of a value that is a text.
const TEXT: u64 = 6;
/// Most changes that one change may follow: no dossier has more heads than authors.
const MAX_DEPS: usize = super::MAX_PARTIES;
/// Most values that the operations of one change may take the place of.
const MAX_PREDECESSORS: usize = 4 * MAX_OPS_PER_CHANGE;

/// One text put under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// Its number: the change's first, and one more for each.
    pub id: OpId,
    /// Under which key.
    pub key: String,
    /// What.
    pub value: String,
    /// In place of which.
    pub predecessors: Vec<OpId>,
}

/// What a change says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawChange {
    /// SHA-256 over type, length and content: how other changes name it.
    pub hash: Digest,
    /// The changes it follows.
    pub deps: Vec<Digest>,
    /// Who wrote it, as they say.
    pub actor: ActorBytes,
    /// Counted by its author, from 1.
    pub seq: u64,
    /// Number of its first operation.
    pub start_op: u64,
    /// When, by its author, in milliseconds.
    pub time_ms: i64,
    /// What it puts; no key twice.
    pub puts: Vec<Put>,
}

/// The columns that a change of ours has.
#[derive(Default)]
struct Columns<'a> {
    keys: &'a [u8],
    insert: &'a [u8],
    action: &'a [u8],
    value_meta: &'a [u8],
    value: &'a [u8],
    pred_count: &'a [u8],
    pred_actor: &'a [u8],
    pred_counter: &'a [u8],
}

impl RawChange {
    /// Reads exactly one change.
    ///
    /// # Errors
    /// [`Rejection`]: too large, no uncompressed change, another checksum, malformed, or of a shape that no dossier has.
    pub fn parse(bytes: &[u8]) -> Result<Self, Rejection> {
        if bytes.len() > MAX_CHANGE_BYTES {
            return Err(Rejection::TooLarge);
        }
        let mut cursor = Cursor::new(bytes);
        if cursor.array()? != MAGIC {
            return Err(Rejection::NotAChange);
        }
        let checksum: [u8; 4] = cursor.array()?;
        if cursor.byte()? != CHANGE {
            return Err(Rejection::NotAChange);
        }
        let len = cursor.length(MAX_CHANGE_BYTES)?;
        let content = cursor.take(len)?;
        if !cursor.is_empty() {
            return Err(Rejection::Malformed);
        }
        // What is hashed begins with the type: the header without magic and checksum.
        let hash: [u8; 32] = Sha256::digest(bytes.get(8..).unwrap_or_default()).into();
        if hash[..4] != checksum {
            return Err(Rejection::Checksum);
        }
        Self::content(Digest(hash), content)
    }

    fn content(hash: Digest, content: &[u8]) -> Result<Self, Rejection> {
        let mut cursor = Cursor::new(content);
        let count = cursor.length(MAX_DEPS)?;
        let deps = (0..count).map(|_| cursor.array().map(Digest)).collect::<Result<Vec<_>, _>>()?;
        let distinct = deps.iter().enumerate().all(|(i, dep)| !deps[..i].contains(dep));
        let actor = actor(&mut cursor)?;
        let (seq, start_op, time_ms) = (cursor.unsigned()?, cursor.unsigned()?, cursor.signed()?);
        let message = cursor.length(MAX_CHANGE_BYTES)?;
        if !distinct || message != 0 || seq == 0 || start_op == 0 || u32::try_from(start_op).is_err() {
            return Err(Rejection::Shape);
        }
        let others = cursor.length(super::MAX_PARTIES)?;
        let others = (0..others).map(|_| self::actor(&mut cursor)).collect::<Result<Vec<_>, _>>()?;
        let actors = [vec![actor], others].concat();
        if actors.iter().enumerate().any(|(i, actor)| actors[..i].contains(actor)) {
            return Err(Rejection::Shape);
        }
        let columns = Columns::read(&mut cursor)?;
        // What may follow the columns is kept by automerge and means nothing: none of it.
        if !cursor.is_empty() {
            return Err(Rejection::Shape);
        }
        let puts = columns.puts((start_op, actor), &actors)?;
        Ok(Self { hash, deps, actor, seq, start_op, time_ms, puts })
    }

    /// Number of its last operation.
    #[must_use]
    pub fn max_op(&self) -> u64 {
        self.start_op + self.puts.len() as u64 - 1
    }
}

fn actor(cursor: &mut Cursor<'_>) -> Result<ActorBytes, Rejection> {
    let len = cursor.length(MAX_CHANGE_BYTES)?;
    cursor.take(len)?.try_into().map_err(|_| Rejection::OtherActor)
}

impl<'a> Columns<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, Rejection> {
        let count = cursor.length(16)?;
        let mut specs = Vec::new();
        for _ in 0..count {
            specs.push((cursor.unsigned()?, cursor.length(MAX_CHANGE_BYTES)?));
        }
        if !specs.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(Rejection::Malformed);
        }
        let mut columns = Self::default();
        for (spec, len) in specs {
            let place = match spec {
                0x15 => &mut columns.keys,
                0x34 => &mut columns.insert,
                0x42 => &mut columns.action,
                0x56 => &mut columns.value_meta,
                0x57 => &mut columns.value,
                0x70 => &mut columns.pred_count,
                0x71 => &mut columns.pred_actor,
                0x73 => &mut columns.pred_counter,
                _ => return Err(Rejection::Shape),
            };
            *place = cursor.take(len)?;
        }
        Ok(columns)
    }

    fn puts(&self, first: OpId, actors: &[ActorBytes]) -> Result<Vec<Put>, Rejection> {
        let actions = full_runs(self.action, MAX_OPS_PER_CHANGE, Cursor::unsigned)?;
        let rows = actions.len();
        if rows == 0 || actions.iter().any(|action| *action != PUT) {
            return Err(Rejection::Shape);
        }
        all_false(self.insert, rows)?;
        let keys = full_runs(self.keys, rows, |cursor| text(cursor, MAX_KEY_BYTES))?;
        let metas = full_runs(self.value_meta, rows, Cursor::unsigned)?;
        let counts = full_runs(self.pred_count, rows, |cursor| cursor.length(MAX_PREDECESSORS))?;
        if keys.len() != rows || metas.len() != rows || counts.len() != rows {
            return Err(Rejection::Shape);
        }
        let mut predecessors = self.predecessors(&counts, actors)?.into_iter();
        let mut values = Cursor::new(self.value);
        let mut puts: Vec<Put> = Vec::new();
        for (((key, meta), count), number) in keys.into_iter().zip(metas).zip(counts).zip(first.0..) {
            let len = usize::try_from(meta >> 4).ok().filter(|len| meta & 0x0f == TEXT && *len <= MAX_TEXT_BYTES);
            let value = utf8(values.take(len.ok_or(Rejection::Shape)?)?)?;
            if key.is_empty() || puts.iter().any(|put| put.key == key) {
                return Err(Rejection::Shape);
            }
            puts.push(Put { id: (number, first.1), key, value, predecessors: predecessors.by_ref().take(count).collect() });
        }
        if values.is_empty() && u32::try_from(first.0 + rows as u64).is_ok() { Ok(puts) } else { Err(Rejection::Shape) }
    }

    fn predecessors(&self, counts: &[usize], actors: &[ActorBytes]) -> Result<Vec<OpId>, Rejection> {
        let all: usize = counts.iter().sum();
        let max = MAX_PREDECESSORS;
        let whose = full_runs(self.pred_actor, max, |cursor| cursor.length(actors.len()))?;
        let numbers = deltas(self.pred_counter, max)?;
        if whose.len() != all || numbers.len() != all {
            return Err(Rejection::Shape);
        }
        let one = |(actor, number): (usize, i64)| {
            let number = u64::try_from(number).ok().filter(|number| *number > 0);
            Some((number?, *actors.get(actor)?))
        };
        whose.into_iter().zip(numbers).map(one).collect::<Option<Vec<_>>>().ok_or(Rejection::Shape)
    }
}

fn text(cursor: &mut Cursor<'_>, max: usize) -> Result<String, Rejection> {
    let len = cursor.length(max)?;
    utf8(cursor.take(len)?)
}

fn utf8(bytes: &[u8]) -> Result<String, Rejection> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Rejection::Malformed)
}
