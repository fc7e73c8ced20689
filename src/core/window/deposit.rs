//! A grant that waits at its audience's window, and the code by which the clerk picks it up.
//!
//! The code is eight digits by chance, and its holder says it at the counter. The last four characters of the document's number go with it:
//! the clerk has the document in hand, whoever merely tries numbers has not. The peer learns neither from what it keeps. A deposit is found
//! by an HMAC of its code, and what the four characters must be stands as an HMAC over deposit and characters, both under the centre's own
//! secret: without that secret ten thousand tries would tell them, with it the database is open anyway.

use std::fmt;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::facts::text::{fold, masked};
use crate::names::{GrantId, Malformed, Thumbprint};
use crate::seal::{Key, Purpose, hmac};
use crate::time::Time;

/// Most grants that wait at one window.
pub const MAX_DEPOSITS: u64 = 20_000;
/// Most of one holder key.
pub const MAX_DEPOSITS_EACH: u64 = 4;
/// A code that was met with so many wrong last fours is locked: the deposit goes, and the holder makes another.
pub const MAX_MISSES: u32 = 5;
/// Digits of a code.
pub const CODE_DIGITS: usize = 8;
const CODES: u32 = 100_000_000;

/// The digits that the clerk types. Never printed whole but where they are asked for.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct PickupCode(String);

impl PickupCode {
    /// A code by chance, each as likely as the next.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        // Numbers beyond the last whole multiple would make small codes likelier.
        let most = u32::MAX - u32::MAX % CODES;
        loop {
            let number = rng.next_u32();
            if number < most {
                return Self(format!("{:08}", number % CODES));
            }
        }
    }

    /// The code as typed: full-width digits, and spaces or a hyphen between them, are as good.
    ///
    /// # Errors
    /// [`Malformed`] when there are not exactly eight digits.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let digits: String = fold(text).chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let whole = digits.len() == CODE_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
        if whole { Ok(Self(digits)) } else { Err(Malformed { what: "pick-up code" }) }
    }

    /// The digits, for the holder's own screen.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The last two digits and stars.
    #[must_use]
    pub fn masked(&self) -> String {
        masked(&self.0)
    }

    /// What the deposit is found by.
    #[must_use]
    pub fn token(&self, own: &Key) -> DepositToken {
        let full = hmac(own, Purpose::PickupCode, &[self.0.as_bytes()]);
        let mut token = DepositToken([0; 16]);
        token.0.copy_from_slice(&full.expose()[..16]);
        token
    }
}

impl fmt::Debug for PickupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PickupCode(..)")
    }
}

/// The last four characters of a document's number: letters and digits, capitals. Personal.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct LastFour(String);

impl LastFour {
    /// As typed.
    ///
    /// # Errors
    /// [`Malformed`] when they are not four letters or digits.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let four = fold(text).to_ascii_uppercase();
        let plain = four.len() == 4 && four.bytes().all(|b| b.is_ascii_alphanumeric());
        if plain { Ok(Self(four)) } else { Err(Malformed { what: "last four characters" }) }
    }

    /// Of a whole number.
    ///
    /// # Errors
    /// [`Malformed`] when it does not end with four letters or digits.
    pub fn of(number: &str) -> Result<Self, Malformed> {
        let number = Zeroizing::new(fold(number));
        let cut = number.char_indices().rev().nth(3).ok_or(Malformed { what: "last four characters" })?.0;
        Self::parse(&number[cut..])
    }

    /// The characters, for the body of a deposit.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LastFour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LastFour(..)")
    }
}

/// HMAC of a code under the centre's own secret: what a deposit is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DepositToken(pub [u8; 16]);

/// A grant that waits. A record, in no journal; the text is sealed at rest.
#[derive(Clone, PartialEq, Eq)]
pub struct Deposit {
    /// What it is found by.
    pub token: DepositToken,
    /// Thumbprint of the key that signed the grant and brought it.
    pub holder: Thumbprint,
    /// The grant's id.
    pub grant: GrantId,
    /// The grant's last moment, and the deposit's.
    pub expires: Time,
    /// How often the code came with wrong characters.
    pub misses: u32,
    /// HMAC of the last four characters, bound to the token, under the centre's own secret.
    pub verifier: [u8; 32],
    /// The grant.
    pub text: String,
}

impl fmt::Debug for Deposit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deposit({}, ..)", self.grant)
    }
}

/// What stands for the last four characters of a deposit's document.
#[must_use]
pub fn verifier(own: &Key, token: &DepositToken, last_four: &LastFour) -> [u8; 32] {
    *hmac(own, Purpose::PickupLastFour, &[&token.0, last_four.0.as_bytes()]).expose()
}

impl Deposit {
    /// Whether these are the characters it was made with. Takes the same time whatever they are.
    #[must_use]
    pub fn fits(&self, own: &Key, last_four: &LastFour) -> bool {
        verifier(own, &self.token, last_four).ct_eq(&self.verifier).into()
    }
}
