//! Accounts: one person, one account, one role.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::names::Malformed;
use crate::seal::{Key, Purpose};
use crate::seal::{Unopened, aead, stretch};
use crate::sign::{PublicKey, SecretKey};
use crate::time::Time;

/// Most accounts of one centre, disabled ones included.
pub const MAX_OPERATORS: usize = 512;
/// Longest name to be shown, in characters.
pub const MAX_DISPLAY_CHARS: usize = 40;
/// Longest staff number, in characters.
pub const MAX_STAFF_NO_CHARS: usize = 32;
/// Largest sealed key, in bytes.
pub const MAX_SEALED_KEY_BYTES: usize = 256;
const SALT_BYTES: usize = 16;
/// Nonce, seed and tag.
const SEALED_SEED_BYTES: usize = 24 + 32 + 16;

/// A staff number as it is compared: half width, capitals, without padding. Nothing when it is empty, longer than
/// [`MAX_STAFF_NO_CHARS`] or holds anything but letters, digits and `-_./`.
#[must_use]
pub fn staff_number(text: &str) -> Option<String> {
    let number = crate::facts::text::identifier(text).to_uppercase();
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let fits = (1..=MAX_STAFF_NO_CHARS).contains(&number.chars().count());
    (fits && number.chars().all(allowed)).then_some(number)
}

/// What an operator may do. One person has one role: whoever runs the machine must not hand out accounts, and whoever checks both
/// must do neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// 经办: does the work at the counter and proposes.
    Teller,
    /// 复核: decides what others proposed.
    Reviewer,
    /// 系统管理员: keeps the peer running.
    System,
    /// 安全管理员: makes and disables accounts.
    Security,
    /// 审计员: reads the audit log.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Teller, Self::Reviewer, Self::System, Self::Security, Self::Auditor];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Teller => "teller",
            Self::Reviewer => "reviewer",
            Self::System => "system",
            Self::Security => "security",
            Self::Auditor => "auditor",
        }
    }

    /// The role with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }
}

/// The name an operator logs in with: 1 to 32 lowercase ASCII letters, digits, dots, hyphens and underscores, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OperatorName(String);

impl OperatorName {
    /// Checks the form of `name`.
    ///
    /// # Errors
    /// [`Malformed`] otherwise.
    pub fn new(name: &str) -> Result<Self, Malformed> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_');
        let well_formed = (1..=32).contains(&name.len()) && name.as_bytes()[0].is_ascii_lowercase() && name.bytes().all(allowed);
        if well_formed { Ok(Self(name.to_owned())) } else { Err(Malformed { what: "operator name" }) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for OperatorName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for OperatorName {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::new(&text)
    }
}

impl From<OperatorName> for String {
    fn from(name: OperatorName) -> String {
        name.0
    }
}

impl std::str::FromStr for OperatorName {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        Self::new(text)
    }
}

/// An operator's secret key under their passphrase: Argon2id, then XChaCha20-Poly1305, bound to the name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct SealedKey {
    /// Random salt.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    #[serde(with = "hex")]
    pub salt: Vec<u8>,
    /// Memory of the derivation, in KiB.
    #[n(1)]
    pub memory_kib: u32,
    /// Passes of the derivation.
    #[n(2)]
    pub passes: u32,
    /// Nonce ‖ ciphertext ‖ tag of the seed.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    #[serde(with = "hex")]
    pub sealed: Vec<u8>,
}

impl SealedKey {
    /// Seals `key` under `passphrase` for the operator `name`. Takes about a tenth of a second: never inside the loop.
    ///
    /// # Errors
    /// [`Unopened`] when the memory for it cannot be had.
    pub fn seal(rng: &mut dyn CryptoRng, name: &OperatorName, key: &SecretKey, passphrase: &[u8]) -> Result<Self, Unopened> {
        let mut salt = vec![0; SALT_BYTES];
        rng.fill_bytes(&mut salt);
        let cost = stretch::PASSPHRASE_COST;
        let under = stretch::argon2id(passphrase, &salt, cost).map_err(|_| Unopened)?;
        let sealed = aead::seal(rng, &under, Purpose::OperatorKey, &[name.as_str().as_bytes()], key.expose().expose());
        Ok(Self { salt, memory_kib: cost.memory_kib, passes: cost.passes, sealed })
    }

    /// Whether it has the form that [`SealedKey::seal`] gives it: whoever cannot open it can check no more.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        let cost = stretch::PASSPHRASE_COST;
        let same_cost = self.memory_kib == cost.memory_kib && self.passes == cost.passes;
        same_cost && self.salt.len() == SALT_BYTES && self.sealed.len() == SEALED_SEED_BYTES
    }

    /// Opens it. A cost beyond that of [`stretch::PASSPHRASE_COST`] is refused: a damaged record must not take all memory.
    ///
    /// # Errors
    /// [`Unopened`] for a wrong passphrase, another name, or altered bytes.
    pub fn open(&self, name: &OperatorName, passphrase: &[u8]) -> Result<SecretKey, Unopened> {
        let most = stretch::PASSPHRASE_COST;
        let cost = stretch::Cost { memory_kib: self.memory_kib, passes: self.passes };
        if cost.memory_kib > most.memory_kib || cost.passes > most.passes || self.salt.len() < 8 {
            return Err(Unopened);
        }
        let under = stretch::argon2id(passphrase, &self.salt, cost).map_err(|_| Unopened)?;
        let seed = aead::open(&under, Purpose::OperatorKey, &[name.as_str().as_bytes()], &self.sealed)?;
        let seed: [u8; 32] = seed.as_slice().try_into().map_err(|_| Unopened)?;
        Ok(SecretKey::from_key(Key::from_bytes(seed)))
    }
}

/// One account. A record, not a projection: it is in no journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// What they log in with; never used again for somebody else.
    pub name: OperatorName,
    /// Their name, for people. Sealed at rest.
    pub display: String,
    /// The employer's number of the person: nobody has two accounts. Sealed at rest.
    pub staff_no: String,
    /// What they may do.
    pub role: Role,
    /// What their acts are signed with.
    pub key: PublicKey,
    /// The secret half, under their passphrase.
    pub sealed: SealedKey,
    /// When the account was made.
    pub created: Time,
    /// When it was disabled, if it was.
    pub disabled: Option<Time>,
}
