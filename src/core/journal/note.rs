//! Signed notes (C2SP signed-note) with Ed25519 signatures, and timestamped cosignatures (C2SP tlog-cosignature, `cosignature/v1`).
//!
//! A note is a text, a blank line, and lines `— <key name> base64(key id ‖ signature)`. Lines of keys nobody asked for are ignored, as
//! the format demands. Nothing of the text may be believed before a signature over it verified; [`Note::text`] is for those who did.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::error::{Fault, FaultCode};
use crate::sign::{PublicKey, SecretKey, Signature};
use crate::time::{SECOND_MS, Time};

/// Largest note, in bytes.
pub const MAX_NOTE_BYTES: usize = 4 * 1024;
/// Most signature lines of a note. The format asks verifiers to accept at least these.
pub const MAX_NOTE_SIGNATURES: usize = 16;
/// Last second a cosignature may name: the last that still fits [`Time`]. The format itself ends at 2^63 - 1.
pub const MAX_COSIGNATURE_SECONDS: u64 = (i64::MAX / SECOND_MS) as u64;
const KEY_ID_BYTES: usize = 4;
const TIMESTAMP_BYTES: usize = 8;
const LINE_START: &str = "— ";

/// The signature types that are spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureType {
    /// Ed25519 over the note's text.
    Ed25519,
    /// Ed25519 over `cosignature/v1`, a time and the note's text.
    CosignatureV1,
}

impl SignatureType {
    const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
        }
    }
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// First four bytes of the hash over name, type and key.
    pub key_id: [u8; KEY_ID_BYTES],
    /// What follows the key id; its form is the signature type's.
    pub signature: Vec<u8>,
}

/// A note whose form was checked, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// Reads a note strictly: UTF-8, no control character but newline, at most [`MAX_NOTE_BYTES`] and [`MAX_NOTE_SIGNATURES`].
    ///
    /// # Errors
    /// [`Fault`] with `oversized` or `malformed`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(Fault::new(FaultCode::Oversized, format!("a note of {} bytes", bytes.len())));
        }
        let note = std::str::from_utf8(bytes).map_err(|_| malformed("not UTF-8"))?;
        if note.chars().any(|c| c.is_control() && c != '\n') {
            return Err(malformed("a control character"));
        }
        // The text keeps its last newline; the blank line belongs to neither side.
        let blank = note.rfind("\n\n").ok_or_else(|| malformed("no blank line"))?;
        let (text, lines) = (&note[..=blank], &note[blank + 2..]);
        let lines = lines.strip_suffix('\n').ok_or_else(|| malformed("no newline at the end"))?;
        if lines.split('\n').count() > MAX_NOTE_SIGNATURES {
            return Err(Fault::new(FaultCode::Oversized, "a note with too many signatures"));
        }
        let signatures = lines.split('\n').map(parse_line).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// A note of ours, before it is signed. `text` ends with a newline.
    #[must_use]
    pub fn unsigned(text: &str) -> Self {
        Self { text: text.to_owned(), signatures: Vec::new() }
    }

    /// The text, its last newline included.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every signature line, unverified.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The same note with the lines of these keys only.
    #[must_use]
    pub fn only(mut self, keys: &[(&str, SignatureType, &PublicKey)]) -> Self {
        let of = |line: &NoteSignature| keys.iter().any(|(name, kind, key)| line.name == *name && line.key_id == key_id(name, *kind, key));
        self.signatures.retain(of);
        self
    }

    /// Adds an Ed25519 signature over the text.
    pub fn sign(&mut self, name: &str, key: &SecretKey) {
        let signature = key.sign_raw(self.text.as_bytes()).0.to_vec();
        self.push(name, SignatureType::Ed25519, key, signature);
    }

    /// Adds a timestamped cosignature. A time before 1970 or beyond [`MAX_COSIGNATURE_SECONDS`] is moved to that end.
    pub fn cosign(&mut self, name: &str, key: &SecretKey, at: Time) {
        let seconds = u64::try_from(at.seconds()).unwrap_or_default().min(MAX_COSIGNATURE_SECONDS);
        let mut signature = seconds.to_be_bytes().to_vec();
        signature.extend_from_slice(&key.sign_raw(&cosigned(seconds, &self.text)).0);
        self.push(name, SignatureType::CosignatureV1, key, signature);
    }

    fn push(&mut self, name: &str, kind: SignatureType, key: &SecretKey, signature: Vec<u8>) {
        let key_id = key_id(name, kind, &key.public());
        self.signatures.push(NoteSignature { name: name.to_owned(), key_id, signature });
    }

    /// The note as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = format!("{}\n", self.text);
        for line in &self.signatures {
            let mut raw = line.key_id.to_vec();
            raw.extend_from_slice(&line.signature);
            out.push_str(&format!("{LINE_START}{} {}\n", line.name, STANDARD.encode(raw)));
        }
        out.into_bytes()
    }

    /// Verifies the Ed25519 signature of the key called `name`.
    ///
    /// # Errors
    /// [`Fault`] with `bad-signature` unless exactly one line is of this key, and it verifies.
    pub fn verify(&self, name: &str, key: &PublicKey) -> Result<(), Fault> {
        let raw = self.line_of(name, SignatureType::Ed25519, key)?;
        let signature = Signature(raw.try_into().map_err(|_| bad_signature(name))?);
        key.verify_raw(self.text.as_bytes(), &signature).map_err(|_| bad_signature(name))
    }

    /// Verifies the cosignature of the key called `name`, and says from when it is.
    ///
    /// # Errors
    /// [`Fault`] with `bad-signature` unless exactly one line is of this key, and it verifies.
    pub fn verify_cosignature(&self, name: &str, key: &PublicKey) -> Result<Time, Fault> {
        let raw = self.line_of(name, SignatureType::CosignatureV1, key)?;
        let (time, signature) = raw.split_first_chunk::<TIMESTAMP_BYTES>().ok_or_else(|| bad_signature(name))?;
        let seconds = u64::from_be_bytes(*time);
        if seconds > MAX_COSIGNATURE_SECONDS {
            return Err(bad_signature(name));
        }
        let signature = Signature(signature.try_into().map_err(|_| bad_signature(name))?);
        key.verify_raw(&cosigned(seconds, &self.text), &signature).map_err(|_| bad_signature(name))?;
        Ok(Time::from_seconds(i64::try_from(seconds).map_err(|_| bad_signature(name))?))
    }

    /// Two lines of one known key are refused: which of them counts would be for the reader to choose.
    fn line_of(&self, name: &str, kind: SignatureType, key: &PublicKey) -> Result<&[u8], Fault> {
        let key_id = key_id(name, kind, key);
        let mut lines = self.signatures.iter().filter(|line| line.name == name && line.key_id == key_id);
        match (lines.next(), lines.next()) {
            (Some(line), None) => Ok(&line.signature),
            (None, _) | (Some(_), Some(_)) => Err(bad_signature(name)),
        }
    }
}

/// The key id of signed-note: SHA-256(name ‖ 0x0A ‖ type ‖ public key), its first four bytes.
#[must_use]
pub fn key_id(name: &str, kind: SignatureType, key: &PublicKey) -> [u8; KEY_ID_BYTES] {
    let digest = Sha256::new().chain_update(name).chain_update([b'\n', kind.byte()]).chain_update(key.0).finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

/// What `cosignature/v1` signs.
fn cosigned(seconds: u64, text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {seconds}\n{text}").into_bytes()
}

fn parse_line(line: &str) -> Result<NoteSignature, Fault> {
    let rest = line.strip_prefix(LINE_START).ok_or_else(|| malformed("a line that is no signature"))?;
    let (name, encoded) = rest.split_once(' ').ok_or_else(|| malformed("a signature line without a key name"))?;
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '+') {
        return Err(malformed("a key name"));
    }
    let raw = STANDARD.decode(encoded).map_err(|_| malformed("a signature that is not base64"))?;
    match raw.split_first_chunk::<KEY_ID_BYTES>() {
        Some((key_id, signature)) if !signature.is_empty() => {
            Ok(NoteSignature { name: name.to_owned(), key_id: *key_id, signature: signature.to_vec() })
        }
        Some(_) | None => Err(malformed("an empty signature")),
    }
}

fn malformed(what: &str) -> Fault {
    Fault::new(FaultCode::Malformed, format!("note: {what}"))
}

fn bad_signature(name: &str) -> Fault {
    Fault::new(FaultCode::BadSignature, format!("note: no signature of {name} that verifies"))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    /// The example of the Go module `golang.org/x/mod/sumdb/note`, from which the format was taken.
    const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    const GO_KEY: &str = "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    fn go_key() -> PublicKey {
        PublicKey(STANDARD.decode(GO_KEY).unwrap()[1..].try_into().unwrap())
    }

    #[test]
    fn a_note_of_another_implementation_verifies_and_is_written_back_to_the_byte() {
        let note = Note::parse(GO_NOTE.as_bytes()).unwrap();
        assert_eq!(key_id("PeterNeumann", SignatureType::Ed25519, &go_key()), [0xc7, 0x4f, 0x20, 0xa3]);
        note.verify("PeterNeumann", &go_key()).unwrap();
        assert_eq!(note.to_bytes(), GO_NOTE.as_bytes());
        assert!(note.verify("Peter", &go_key()).is_err());
    }

    #[test]
    fn a_note_of_another_form_is_refused() {
        let cases: &[&str] = &[
            "",
            "\n",
            "text\n",
            "text\n\n",
            "text\n\n\n",
            "text\n\n— name\n",
            "text\n\n— name xz8gow==\n",
            "text\n\n- name x08go/ZJ\n",
            "text\n\n— na+me x08go/ZJ\n",
            "text\n\n— na\u{3000}me x08go/ZJ\n",
            "text\n\n—  x08go/ZJ\n",
            "text\n\n— name x08go/ZJ",
            "text\n\n— name x08go/ZJ\nmore\n",
            "text\r\n\n— name x08go/ZJ\n",
            "te\u{1b}xt\n\n— name x08go/ZJ\n",
            "te\u{9b}xt\n\n— name x08go/ZJ\n",
            "text\n\n— name x08go/Z\n",
            "text\n\n— name x08go/ZJ \n",
        ];
        for case in cases {
            assert_eq!(Note::parse(case.as_bytes()).unwrap_err().code, FaultCode::Malformed, "{case:?}");
        }
        assert!(Note::parse(b"text\n\n\xe2\x80\x94 name x08go/ZJ\n").is_ok());
        assert_eq!(Note::parse(b"te\xff\n\n\xe2\x80\x94 name x08go/ZJ\n").unwrap_err().code, FaultCode::Malformed);
    }

    #[test]
    fn a_note_beyond_a_cap_is_refused_and_one_at_the_cap_is_not() {
        let line = "— name x08go/ZJ\n";
        assert!(Note::parse(format!("t\n\n{}", line.repeat(MAX_NOTE_SIGNATURES)).as_bytes()).is_ok());
        let many = Note::parse(format!("t\n\n{}", line.repeat(MAX_NOTE_SIGNATURES + 1)).as_bytes());
        assert_eq!(many.unwrap_err().code, FaultCode::Oversized);
        let fill = MAX_NOTE_BYTES - line.len() - 2;
        assert!(Note::parse(format!("{}\n\n{line}", "t".repeat(fill)).as_bytes()).is_ok());
        let large = Note::parse(format!("{}\n\n{line}", "t".repeat(fill + 1)).as_bytes());
        assert_eq!(large.unwrap_err().code, FaultCode::Oversized);
    }

    #[test]
    fn a_cosignature_is_bound_to_its_time_and_is_no_signature_of_the_text() {
        let key = SecretKey::random(&mut rand::rngs::StdRng::seed_from_u64(4));
        let mut note = Note::unsigned("text\n");
        note.cosign("name", &key, Time::from_seconds(1_679_315_147));
        let note = Note::parse(&note.to_bytes()).unwrap();
        assert_eq!(note.verify_cosignature("name", &key.public()).unwrap(), Time::from_seconds(1_679_315_147));
        assert!(note.verify("name", &key.public()).is_err());
        let mut later = note.clone();
        later.signatures[0].signature[7] ^= 1;
        assert!(later.verify_cosignature("name", &key.public()).is_err());
        let mut relabelled = note.clone();
        relabelled.signatures[0].key_id = key_id("name", SignatureType::Ed25519, &key.public());
        relabelled.signatures[0].signature.drain(..TIMESTAMP_BYTES);
        assert!(relabelled.verify("name", &key.public()).is_err());
    }

    #[test]
    fn a_key_that_signed_twice_is_refused_and_unknown_keys_are_ignored() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(5);
        let (key, other) = (SecretKey::random(&mut rng), SecretKey::random(&mut rng));
        let mut note = Note::unsigned("text\n");
        note.sign("name", &other);
        note.sign("name", &key);
        note.verify("name", &key.public()).unwrap();
        note.sign("name", &key);
        assert_eq!(note.verify("name", &key.public()).unwrap_err().code, FaultCode::BadSignature);
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        let key = SecretKey::random(&mut rand::rngs::StdRng::seed_from_u64(6));
        for at in [Time(i64::MIN), Time(-1), Time(0), Time(i64::MAX)] {
            let mut note = Note::unsigned("text\n");
            note.cosign("name", &key, at);
            note.verify_cosignature("name", &key.public()).unwrap();
        }
        let mut note = Note::unsigned("text\n");
        note.cosign("name", &key, Time(0));
        note.signatures[0].signature[..TIMESTAMP_BYTES].fill(0xff);
        assert!(note.verify_cosignature("name", &key.public()).is_err());
    }
}
