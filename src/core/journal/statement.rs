//! A statement: a header that stays for ever and a payload that can be erased.
//!
//! The header is deterministic CBOR (`schemas/wire.cddl`, `header`): 0 version, 1 kind, 2 id, 3 at, 4 drop-after, 5 payload digest. Keys
//! 6 to 31 are kept for fields that every reader must understand, so a header that has one is refused; keys from 32 on may be ignored,
//! and are kept, since the leaf is the hash of the bytes as they came. The payload is 16 bytes of random salt and the body: without
//! the salt the digest of a short body could be guessed after the payload is erased. No personal data stands in a header.

use minicbor::data::{Int, Type};
use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};
use rand_core::CryptoRng;

use super::{Entry, Kind, hash};
use crate::error::{Fault, FaultCode};
use crate::names::{Digest, StatementId};
use crate::time::Time;
use crate::wire;

/// The one version of a header that exists.
pub const HEADER_VERSION: u64 = 1;
/// Largest header, in bytes.
pub const MAX_HEADER_BYTES: usize = 256;
/// Largest payload, in bytes, salt included.
pub const MAX_PAYLOAD_BYTES: usize = 64 * 1024;
/// Bytes of random salt before the body.
pub const SALT_BYTES: usize = 16;
/// Longest kind, in bytes.
pub const MAX_KIND_BYTES: usize = 32;
/// First header key that a reader may ignore.
pub const FIRST_IGNORABLE_KEY: u64 = 32;
const CRITICAL_KEYS: u64 = 6;

/// Why a statement could not be built. Ours: the caller asked for something that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The body does not fit a payload.
    #[error("a body of {0} bytes, and at most {max} fit", max = MAX_PAYLOAD_BYTES - SALT_BYTES)]
    BodyTooLarge(usize),
    /// A point in time before 1970.
    #[error("a statement has no time before 1970")]
    BeforeEpoch,
}

/// The value of a header field that this version ignores: a scalar, so that reading one never nests.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ignorable {
    Int(Int),
    Bytes(Vec<u8>),
    Text(String),
    Bool(bool),
}

/// A kind as written. One that this version knows is not kept as text: a journal has millions of rows and few kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum KindText {
    Known(Kind),
    Unknown(Box<str>),
}

/// What a header says. Made only by [`Header::parse`], or inside [`Statement::build`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    kind: KindText,
    id: StatementId,
    at: Time,
    drop_after: Option<Time>,
    payload: Digest,
    ignorable: Vec<(u64, Ignorable)>,
}

impl Header {
    /// Reads a header strictly: at most [`MAX_HEADER_BYTES`], deterministic, every field of its form, no unknown field below
    /// [`FIRST_IGNORABLE_KEY`]. An unknown kind is not an error.
    ///
    /// # Errors
    /// [`Fault`] with `oversized` or `malformed`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        Ok(wire::decode(bytes, MAX_HEADER_BYTES)?)
    }

    /// The kind if this version knows it.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        match &self.kind {
            KindText::Known(kind) => Some(*kind),
            KindText::Unknown(_) => None,
        }
    }

    /// The kind as written: lowercase ASCII words, digits and hyphens, joined by dots.
    #[must_use]
    pub fn kind_text(&self) -> &str {
        match &self.kind {
            KindText::Known(kind) => kind.as_str(),
            KindText::Unknown(text) => text,
        }
    }

    /// The statement's random id.
    #[must_use]
    pub const fn id(&self) -> StatementId {
        self.id
    }

    /// The author's own time of it. Order is by index, never by this.
    #[must_use]
    pub const fn at(&self) -> Time {
        self.at
    }

    /// From when on the payload may be gone.
    #[must_use]
    pub const fn drop_after(&self) -> Option<Time> {
        self.drop_after
    }

    /// SHA-256 of the payload.
    #[must_use]
    pub const fn payload_digest(&self) -> Digest {
        self.payload
    }
}

impl<C> Encode<C> for Header {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), EncodeError<W::Error>> {
        let fields = CRITICAL_KEYS - u64::from(self.drop_after.is_none()) + self.ignorable.len() as u64;
        e.map(fields)?.u8(0)?.u64(HEADER_VERSION)?.u8(1)?.str(self.kind_text())?.u8(2)?.bytes(&self.id.0)?;
        e.u8(3)?.i64(self.at.0)?;
        if let Some(drop_after) = self.drop_after {
            e.u8(4)?.i64(drop_after.0)?;
        }
        e.u8(5)?;
        self.payload.encode(e, ctx)?;
        for (key, value) in &self.ignorable {
            e.u64(*key)?;
            match value {
                Ignorable::Int(int) => e.int(*int)?,
                Ignorable::Bytes(bytes) => e.bytes(bytes)?,
                Ignorable::Text(text) => e.str(text)?,
                Ignorable::Bool(bool) => e.bool(*bool)?,
            };
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Header {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, DecodeError> {
        let fields = d.map()?.ok_or(DecodeError::message("a map of unknown length"))?;
        let (mut kind, mut id, mut at, mut drop_after, mut payload) = (None, None, None, None, None);
        let (mut version, mut last, mut ignorable) = (None, None, Vec::new());
        for _ in 0..fields {
            let key = d.u64()?;
            if last.is_some_and(|last| last >= key) {
                return Err(DecodeError::message("keys out of order"));
            }
            last = Some(key);
            match key {
                0 => version = Some(d.u64()?),
                1 => kind = Some(kind_text(d.str()?)?),
                2 => id = Some(StatementId::decode(d, ctx)?),
                3 => at = Some(time(d)?),
                4 => drop_after = Some(time(d)?),
                5 => payload = Some(Digest::decode(d, ctx)?),
                CRITICAL_KEYS..FIRST_IGNORABLE_KEY => return Err(DecodeError::message("an unknown critical field")),
                FIRST_IGNORABLE_KEY.. => ignorable.push((key, ignorable_value(d)?)),
            }
        }
        if version != Some(HEADER_VERSION) {
            return Err(DecodeError::message("another version"));
        }
        match (kind, id, at, payload) {
            (Some(kind), Some(id), Some(at), Some(payload)) => Ok(Self { kind, id, at, drop_after, payload, ignorable }),
            (None, ..) | (_, None, ..) | (_, _, None, _) | (.., None) => Err(DecodeError::message("a field is missing")),
        }
    }
}

/// Checked so closely because an unknown kind is shown to operators too.
fn kind_text(text: &str) -> Result<KindText, DecodeError> {
    if let Some(kind) = Kind::parse(text) {
        return Ok(KindText::Known(kind));
    }
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
    let well_formed = !text.is_empty() && text.len() <= MAX_KIND_BYTES && text.bytes().all(plain);
    if well_formed { Ok(KindText::Unknown(text.into())) } else { Err(DecodeError::message("kind")) }
}

fn time(d: &mut Decoder<'_>) -> Result<Time, DecodeError> {
    i64::try_from(d.u64()?).map(Time).map_err(|_| DecodeError::message("time"))
}

fn ignorable_value(d: &mut Decoder<'_>) -> Result<Ignorable, DecodeError> {
    use Type::{Bool, Bytes, I8, I16, I32, I64, Int, String, U8, U16, U32, U64};
    match d.datatype()? {
        U8 | U16 | U32 | U64 | I8 | I16 | I32 | I64 | Int => d.int().map(Ignorable::Int),
        Bytes => d.bytes().map(|b| Ignorable::Bytes(b.to_owned())),
        String => d.str().map(|s| Ignorable::Text(s.to_owned())),
        Bool => d.bool().map(Ignorable::Bool),
        _ => Err(DecodeError::message("an ignorable field that is not a scalar")),
    }
}

/// The making of statements.
#[derive(Debug)]
pub struct Statement;

impl Statement {
    /// Builds a row: a header with a random id, and a payload of random salt and `body`.
    ///
    /// # Errors
    /// [`BuildError`] when the body does not fit or a time lies before 1970.
    pub fn build(rng: &mut dyn CryptoRng, kind: Kind, at: Time, drop_after: Option<Time>, body: &[u8]) -> Result<Entry, BuildError> {
        Self::of_kind(rng, KindText::Known(kind), at, drop_after, body)
    }

    /// A row of a kind that only a later version knows.
    #[cfg(test)]
    pub(crate) fn of_a_later_version(rng: &mut dyn CryptoRng, at: Time, body: &[u8]) -> Entry {
        Self::of_kind(rng, KindText::Unknown("later.said".into()), at, None, body).unwrap()
    }

    fn of_kind(rng: &mut dyn CryptoRng, kind: KindText, at: Time, drop_after: Option<Time>, body: &[u8]) -> Result<Entry, BuildError> {
        if body.len() > MAX_PAYLOAD_BYTES - SALT_BYTES {
            return Err(BuildError::BodyTooLarge(body.len()));
        }
        if at.0 < 0 || drop_after.is_some_and(|t| t.0 < 0) {
            return Err(BuildError::BeforeEpoch);
        }
        let mut id = StatementId([0; 16]);
        rng.fill_bytes(&mut id.0);
        let mut payload = vec![0; SALT_BYTES];
        rng.fill_bytes(&mut payload);
        payload.extend_from_slice(body);
        let header = Header { kind, id, at, drop_after, payload: hash::sha256(&payload), ignorable: Vec::new() };
        Ok(Entry { header: wire::encode(&header), payload: Some(payload) })
    }
}

impl Entry {
    /// The Merkle leaf: the hash of the header's bytes as received.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        hash::leaf(&self.header)
    }

    /// Checks the header's form and, if the payload is here, its size and digest. Says nothing about authorship: that is the proof's.
    ///
    /// # Errors
    /// [`Fault`] with `malformed`, `oversized` or `bad-payload`.
    pub fn check(&self) -> Result<Header, Fault> {
        let header = Header::parse(&self.header)?;
        let Some(payload) = &self.payload else { return Ok(header) };
        if payload.len() > MAX_PAYLOAD_BYTES {
            return Err(Fault::new(FaultCode::Oversized, format!("a payload of {} bytes", payload.len())));
        }
        if payload.len() < SALT_BYTES || hash::sha256(payload) != header.payload {
            return Err(Fault::new(FaultCode::BadPayload, format!("payload of statement {}", header.id)));
        }
        Ok(header)
    }

    /// The body: the payload without its salt. `None` when the payload is absent, or too short to have a salt.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.payload.as_deref().and_then(|payload| payload.get(SALT_BYTES..))
    }
}

/// Whether a payload may be absent: its drop-after has passed, or a verified statement `ended` it. Otherwise who left it out is at fault.
#[must_use]
pub fn absence_allowed(header: &Header, now: Time, ended: bool) -> bool {
    ended || header.drop_after.is_some_and(|drop_after| drop_after <= now)
}
