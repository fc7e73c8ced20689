//! Deterministic CBOR (RFC 8949, section 4.2.1) with caps: how everything of ours is written and read back.
//!
//! Reading is strict: the input is capped before a byte of it is looked at, nothing may follow the value, and writing the value again
//! must give the same bytes. So each value has one encoding and a digest over bytes is a digest over the value.

use minicbor::{Decode, Encode};

/// Bytes that are not an encoding of what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// More bytes than this kind of thing may have.
    #[error("{len} bytes, and at most {max} are allowed")]
    TooLarge {
        /// How many there are.
        len: usize,
        /// How many may be.
        max: usize,
    },
    /// Not CBOR of the expected shape.
    #[error("not of the expected shape: {0}")]
    Shape(String),
    /// Right shape, but not the one deterministic encoding of it.
    #[error("not deterministically encoded")]
    NotDeterministic,
}

/// Writes `value`. Our types write into memory, which does not fail.
#[must_use]
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).unwrap_or_default()
}

/// Reads a value from exactly `bytes`, of which there may be at most `max`.
///
/// # Errors
/// [`WireError`] when there are too many bytes, they are of another shape, or not deterministically encoded.
pub fn decode<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8], max: usize) -> Result<T, WireError> {
    if bytes.len() > max {
        return Err(WireError::TooLarge { len: bytes.len(), max });
    }
    let mut decoder = minicbor::Decoder::new(bytes);
    let value: T = decoder.decode().map_err(|e| WireError::Shape(e.to_string()))?;
    let mut expected = Expected(bytes);
    let same = minicbor::encode(&value, &mut expected).is_ok() && expected.0.is_empty();
    if same { Ok(value) } else { Err(WireError::NotDeterministic) }
}

/// Takes what is written and compares it with what was read, so that writing a value again needs no memory.
struct Expected<'a>(&'a [u8]);

impl minicbor::encode::Write for Expected<'_> {
    type Error = Different;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Different> {
        self.0 = self.0.strip_prefix(bytes).ok_or(Different)?;
        Ok(())
    }
}

/// The value is written otherwise than it was read.
#[derive(Debug)]
struct Different;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_spelling_of_the_same_value_is_refused() {
        assert_eq!(decode::<u8>(&[0x05], 8), Ok(5));
        assert_eq!(decode::<u8>(&[0x18, 0x05], 8), Err(WireError::NotDeterministic));
        assert_eq!(decode::<u8>(&[0x05, 0x05], 8), Err(WireError::NotDeterministic));
        assert_eq!(decode::<u8>(&[0x05], 0), Err(WireError::TooLarge { len: 1, max: 0 }));
        assert!(matches!(decode::<u8>(&[0x61, 0x61], 8), Err(WireError::Shape(_))));
    }
}
