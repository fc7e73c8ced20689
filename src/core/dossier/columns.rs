//! The columns of a change: numbers in LEB128, runs, and lists of runs. A few bytes may claim billions of rows, so whoever reads says how
//! many there may be, and nothing is set aside before it was counted.

use super::Rejection;

/// What is left to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a>(&'a [u8]);

/// Bytes that one number may have.
const MAX_LEB_BYTES: u32 = 10;

impl<'a> Cursor<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, n: usize) -> Result<&'a [u8], Rejection> {
        let (taken, left) = self.0.split_at_checked(n).ok_or(Rejection::Malformed)?;
        self.0 = left;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Rejection> {
        self.take(N)?.try_into().map_err(|_| Rejection::Malformed)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Rejection> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// An unsigned number in its one shortest spelling.
    pub(super) fn unsigned(&mut self) -> Result<u64, Rejection> {
        let mut value = 0_u64;
        for at in 0..MAX_LEB_BYTES {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if at == MAX_LEB_BYTES - 1 && bits > 1 {
                return Err(Rejection::Malformed);
            }
            value |= bits << (7 * at);
            if byte & 0x80 == 0 {
                return if byte == 0 && at > 0 { Err(Rejection::Malformed) } else { Ok(value) };
            }
        }
        Err(Rejection::Malformed)
    }

    /// A signed number in its one shortest spelling.
    pub(super) fn signed(&mut self) -> Result<i64, Rejection> {
        let (mut value, mut before) = (0_i64, 0_u8);
        for at in 0..MAX_LEB_BYTES {
            let byte = self.byte()?;
            let bits = i64::from(byte & 0x7f);
            if at == MAX_LEB_BYTES - 1 && byte != 0 && byte != 0x7f {
                return Err(Rejection::Malformed);
            }
            value |= bits << (7 * at);
            if byte & 0x80 == 0 {
                // A last byte that only repeats the sign of the one before is too much.
                let repeats = at > 0 && ((byte == 0 && before & 0x40 == 0) || (byte == 0x7f && before & 0x40 != 0));
                let shift = 7 * (at + 1);
                let negative = byte & 0x40 != 0 && shift < 64;
                return if repeats { Err(Rejection::Malformed) } else { Ok(if negative { value | (-1 << shift) } else { value }) };
            }
            before = byte;
        }
        Err(Rejection::Malformed)
    }

    /// A length, of at most `max`.
    pub(super) fn length(&mut self, max: usize) -> Result<usize, Rejection> {
        usize::try_from(self.unsigned()?).ok().filter(|n| *n <= max).ok_or(Rejection::TooMany)
    }
}

/// A column of runs, of at most `max` rows.
pub(super) fn runs<'a, T: Clone>(
    column: &'a [u8],
    max: usize,
    mut read: impl FnMut(&mut Cursor<'a>) -> Result<T, Rejection>,
) -> Result<Vec<Option<T>>, Rejection> {
    let (mut cursor, mut rows) = (Cursor::new(column), Vec::new());
    while !cursor.is_empty() {
        let run = cursor.signed()?;
        let count = if run == 0 { cursor.unsigned()? } else { run.unsigned_abs() };
        let count = usize::try_from(count).ok().filter(|n| *n <= max.saturating_sub(rows.len())).ok_or(Rejection::TooMany)?;
        if count == 0 {
            return Err(Rejection::Malformed);
        }
        match run {
            0 => rows.resize(rows.len() + count, None),
            1.. => {
                let value = read(&mut cursor)?;
                rows.resize(rows.len() + count, Some(value));
            }
            _ => {
                for _ in 0..count {
                    rows.push(Some(read(&mut cursor)?));
                }
            }
        }
    }
    Ok(rows)
}

/// A column of runs without gaps.
pub(super) fn full_runs<'a, T: Clone>(
    column: &'a [u8],
    max: usize,
    read: impl FnMut(&mut Cursor<'a>) -> Result<T, Rejection>,
) -> Result<Vec<T>, Rejection> {
    runs(column, max, read)?.into_iter().collect::<Option<Vec<T>>>().ok_or(Rejection::Shape)
}

/// A column of differences: each row is so much more than the one before.
pub(super) fn deltas(column: &[u8], max: usize) -> Result<Vec<i64>, Rejection> {
    let mut value = 0_i64;
    let add = |delta: i64| {
        value = value.checked_add(delta).ok_or(Rejection::Malformed)?;
        Ok(value)
    };
    full_runs(column, max, Cursor::signed)?.into_iter().map(add).collect()
}

/// A column of so many rows that say no.
pub(super) fn all_false(column: &[u8], rows: usize) -> Result<(), Rejection> {
    let mut cursor = Cursor::new(column);
    let all = cursor.unsigned()? == rows as u64 && cursor.is_empty();
    if all { Ok(()) } else { Err(Rejection::Shape) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_spelling() {
        for value in [0_i64, 1, -1, 63, 64, -64, -65, 8191, -8192, i64::MAX, i64::MIN] {
            let mut bytes = Vec::new();
            let mut rest = value;
            loop {
                let byte = u8::try_from(rest & 0x7f).unwrap();
                rest >>= 7;
                let done = (rest == 0 && byte & 0x40 == 0) || (rest == -1 && byte & 0x40 != 0);
                bytes.push(if done { byte } else { byte | 0x80 });
                if done {
                    break;
                }
            }
            assert_eq!(Cursor::new(&bytes).signed(), Ok(value), "{value}");
        }
        assert!(Cursor::new(&[0x80, 0x00]).signed().is_err());
        assert!(Cursor::new(&[0xff, 0x7f]).signed().is_err());
        assert_eq!(Cursor::new(&[0xe5, 0x8e, 0x26]).unsigned(), Ok(624_485));
        assert!(Cursor::new(&[0x80, 0x00]).unsigned().is_err());
        assert!(Cursor::new(&[0xff; 11]).unsigned().is_err());
    }

    #[test]
    fn a_run_that_claims_a_billion_rows_costs_nothing() {
        let billion = [0x80, 0x94, 0xeb, 0xdc, 0x03, 0x01];
        assert_eq!(runs(&billion, 64, Cursor::unsigned), Err(Rejection::TooMany));
        assert_eq!(runs(&[0x00, 0xff, 0xff, 0xff, 0xff, 0x0f], 64, Cursor::unsigned), Err(Rejection::TooMany));
        assert_eq!(runs(&[0x03, 0x07, 0x7f, 0x08, 0x00, 0x01], 64, Cursor::unsigned).unwrap().len(), 5);
    }
}
