//! The holder's side as a pure library: what a citizen's app does with keys, certificates and grants.
//!
//! [`wallet`] is what it keeps, [`mod@card`] is how a holder asks for a certificate, [`mod@receive`] takes one in, [`mod@grant`] shows what a grant will
//! disclose and signs it, [`state`] says what became of it. What must never be here: a file, a passphrase, a picture; the shell keeps the wallet's bytes sealed.

pub mod card;
pub mod grant;
pub mod receive;
pub mod state;
pub mod wallet;
pub mod window;

#[cfg(test)]
pub(crate) mod tests;

pub use card::{HolderCard, card};
pub use grant::{GrantPreview, GrantRequest, grant, preview, revoke};
pub use receive::receive;
pub use state::{Balance, GrantKind, GrantState};
pub use wallet::{Wallet, WalletError};
