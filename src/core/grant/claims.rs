//! The claims of a grant: what they are called, what they may hold, and the one serialisation that the sealed keys are bound to.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::agent::Agent;
use crate::certificate::schema::MAX_FIELDS;
use crate::names::{CentreCode, CertificateNumber};
use crate::seal::{Key, SUITE};
use crate::time::{CLOCK_TOLERANCE_MS, DAY_MS, SECOND_MS, Time};
use crate::wire;

/// The `typ` of a grant.
pub const GRANT_TYPE: &str = "anju-grant+jwt";
/// The `typ` of a key binding (RFC 9901, section 4.3).
pub const KEY_BINDING_TYPE: &str = "kb+jwt";
/// Most bytes of a grant, white space not counted.
pub const MAX_GRANT_BYTES: usize = 8 * 1024;
/// Most uses a grant may allow.
pub const MAX_USES: u32 = 100;
/// Longest time a grant may be valid, in milliseconds.
pub const MAX_DURATION_MS: i64 = 30 * DAY_MS;
/// Longest matter code, in bytes.
pub const MAX_MATTER_BYTES: usize = 64;
/// Most bytes of the sealed keys, opened.
pub(super) const MAX_KEYS_BYTES: usize = 4 * 1024;

/// What the audience may do with the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// 详情查询: see the values.
    Details,
    /// 信息核对: state values and learn whether they match.
    Check,
    /// 评估结果: name a rule and learn its verdict.
    Evaluate,
}

impl Mode {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Details => "details",
            Self::Check => "check",
            Self::Evaluate => "evaluate",
        }
    }
}

/// The claims of a grant. All must be there, and no others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Suite of the signature and of the sealed keys.
    pub suite: String,
    /// RFC 7638 thumbprint of the holder's key, base64url.
    pub sub: String,
    /// The one centre it is for.
    pub aud: CentreCode,
    /// The one certificate it is for.
    pub number: CertificateNumber,
    /// Code of the matter it is for.
    pub matter: String,
    /// What may be done.
    pub mode: Mode,
    /// Claim names of the fields, in certificate order.
    pub fields: Vec<String>,
    /// First second of its validity (Unix time).
    pub nbf: i64,
    /// Last second of its validity (Unix time).
    pub exp: i64,
    /// How often it may be used.
    pub uses: u32,
    /// Its random id, 16 bytes in lower-case hex.
    pub jti: String,
    /// Who presents it in the holder's place, if somebody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// base64url of the sealed `GrantKeys`; a wallet leaves it empty for every mode but details: no field is opened by the audience then.
    pub keys: String,
}

/// Why claims are not those of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClaimsError {
    Suite,
    Form,
    Ceiling(&'static str),
}

/// The claims without `keys`, as CBOR with integer keys: what the keys are sealed with as associated data, so that neither can be
/// moved to another grant. Made from the parsed values on both sides.
#[derive(Encode)]
#[cbor(map)]
struct Bound<'a> {
    #[n(0)]
    suite: &'a str,
    #[n(1)]
    sub: &'a str,
    #[n(2)]
    aud: &'a str,
    #[n(3)]
    number: &'a str,
    #[n(4)]
    matter: &'a str,
    #[n(5)]
    mode: &'a str,
    #[n(6)]
    fields: &'a [String],
    #[n(7)]
    nbf: i64,
    #[n(8)]
    exp: i64,
    #[n(9)]
    uses: u32,
    #[n(10)]
    jti: &'a str,
    #[n(11)]
    agent: Option<&'a Agent>,
}

impl Claims {
    /// Associated data of the sealed keys.
    #[must_use]
    pub fn bound(&self) -> Vec<u8> {
        wire::encode(&Bound {
            suite: &self.suite,
            sub: &self.sub,
            aud: self.aud.as_str(),
            number: self.number.as_str(),
            matter: &self.matter,
            mode: self.mode.code(),
            fields: &self.fields,
            nbf: self.nbf,
            exp: self.exp,
            uses: self.uses,
            jti: &self.jti,
            agent: self.agent.as_ref(),
        })
    }

    /// First moment of its validity.
    #[must_use]
    pub const fn not_before(&self) -> Time {
        Time::from_seconds(self.nbf)
    }

    /// Last moment of its validity: the whole second that `exp` names counts.
    #[must_use]
    pub const fn expires(&self) -> Time {
        Time::from_seconds(self.exp).plus_ms(SECOND_MS - 1)
    }

    /// Whether `now` is too early or too late, with [`CLOCK_TOLERANCE_MS`] on either side.
    pub(super) fn outside(&self, now: Time) -> Option<std::cmp::Ordering> {
        if now.plus_ms(CLOCK_TOLERANCE_MS) < self.not_before() {
            Some(std::cmp::Ordering::Less)
        } else if now.plus_ms(-CLOCK_TOLERANCE_MS) > self.expires() {
            Some(std::cmp::Ordering::Greater)
        } else {
            None
        }
    }

    /// Checks everything that depends on no certificate, no asker and no clock.
    pub(super) fn check(&self) -> Result<(), ClaimsError> {
        if self.suite != SUITE {
            return Err(ClaimsError::Suite);
        }
        let lower_hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let distinct = self.fields.iter().enumerate().all(|(i, name)| !self.fields[..i].contains(name));
        let named = self.fields.iter().all(|name| is_code(name, 32));
        let fields = (1..=MAX_FIELDS).contains(&self.fields.len()) && named && distinct;
        let jti = self.jti.len() == 32 && lower_hex(&self.jti);
        let agent = self.agent.as_ref().is_none_or(Agent::is_sound);
        if !agent || !fields || !jti || !is_code(&self.matter, MAX_MATTER_BYTES) || self.exp < self.nbf || self.uses == 0 {
            return Err(ClaimsError::Form);
        }
        if self.uses > MAX_USES {
            return Err(ClaimsError::Ceiling("uses"));
        }
        // Saturating: `nbf` may be the smallest number there is.
        if self.exp.saturating_sub(self.nbf) > MAX_DURATION_MS / SECOND_MS {
            return Err(ClaimsError::Ceiling("duration"));
        }
        Ok(())
    }
}

/// Whether `text` is a code: letters, digits, `-`, `_` and `.`, at most `max` bytes.
pub(crate) fn is_code(text: &str, max: usize) -> bool {
    !text.is_empty() && text.len() <= max && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// What a grant seals to its audience.
#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct GrantKeys {
    #[cbor(n(0), with = "minicbor::bytes")]
    jwt: [u8; 32],
    /// The keys of the granted fields one after the other, 32 bytes each, in the order of `fields`.
    #[cbor(n(1), with = "minicbor::bytes")]
    fields: Vec<u8>,
    #[n(2)]
    pub key_binding: String,
}

impl Drop for GrantKeys {
    fn drop(&mut self) {
        self.jwt.zeroize();
        self.fields.zeroize();
        self.key_binding.zeroize();
    }
}

impl GrantKeys {
    pub fn new(jwt: &Key, fields: &[Key], key_binding: String) -> Self {
        let mut keys = Vec::with_capacity(fields.len() * 32);
        fields.iter().for_each(|key| keys.extend_from_slice(key.expose()));
        Self { jwt: *jwt.expose(), fields: keys, key_binding }
    }

    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(wire::encode(self))
    }

    pub fn jwt_key(&self) -> Key {
        Key::from_bytes(self.jwt)
    }

    /// One key for each name; `None` when there are more or fewer.
    pub fn field_keys(&self, names: &[String]) -> Option<Vec<(String, Key)>> {
        let (keys, rest) = self.fields.as_chunks::<32>();
        let fits = keys.len() == names.len() && rest.is_empty();
        fits.then(|| names.iter().cloned().zip(keys.iter().map(|key| Key::from_bytes(*key))).collect())
    }
}

/// Payload of a key binding (RFC 9901, section 4.3).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyBinding {
    pub iat: i64,
    pub aud: String,
    pub nonce: String,
    pub sd_hash: String,
}
