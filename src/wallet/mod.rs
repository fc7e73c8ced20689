//! The citizen's wallet on disk: one age file in a folder of its own, opened by one process at a time, written whole.
//!
//! What is inside is the core's `holder::Wallet`. What must never be here: what a wallet may do (that is the core's), and a wallet
//! that lies unsealed anywhere.

use std::path::{Path, PathBuf};

use anju_core::holder::Wallet;

use crate::config::folder::{DataFolder, FolderError, FolderLock};
use crate::keys::passphrase::Passphrase;
use crate::keys::vault::{self, VaultError};

/// Name of the sealed wallet in its folder.
pub const WALLET_FILE: &str = "wallet.age";
/// Largest sealed wallet that is read, in bytes: the largest wallet and what sealing adds.
pub const WALLET_FILE_MAX_BYTES: u64 = anju_core::holder::wallet::MAX_WALLET_BYTES as u64 + 64 * 1024;

/// A wallet that cannot be opened or kept.
#[derive(Debug, thiserror::Error)]
pub enum WalletFileError {
    /// The folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The sealed file.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// An open wallet. No other process opens it meanwhile.
#[derive(Debug)]
pub struct WalletFile {
    /// What is inside.
    pub wallet: Wallet,
    path: PathBuf,
    passphrase: Passphrase,
    _lock: FolderLock,
}

impl WalletFile {
    /// Makes the folder and an empty wallet in it.
    ///
    /// # Errors
    /// [`FolderError::AlreadyInitialised`] when there is a wallet already, which is then untouched.
    pub fn create(root: &Path, passphrase: Passphrase, wallet: Wallet) -> Result<Self, WalletFileError> {
        let folder = DataFolder::create(root, &[WALLET_FILE])?;
        let lock = folder.lock()?;
        let path = folder.path(WALLET_FILE);
        vault::save_new(&path, &passphrase, &wallet.to_json())?;
        Ok(Self { wallet, path, passphrase, _lock: lock })
    }

    /// Opens the wallet in `root`.
    ///
    /// # Errors
    /// [`FolderError::NotInitialised`], [`FolderError::Locked`], [`VaultError::WrongPassphrase`]; [`VaultError::Damaged`] when what
    /// opened is no wallet.
    pub fn open(root: &Path, passphrase: Passphrase) -> Result<Self, WalletFileError> {
        let folder = DataFolder::open(root, WALLET_FILE)?;
        let lock = folder.lock()?;
        let path = folder.path(WALLET_FILE);
        let json = vault::load(&path, &passphrase, WALLET_FILE_MAX_BYTES)?;
        let wallet = Wallet::from_json(&json).map_err(|_| VaultError::Damaged)?;
        Ok(Self { wallet, path, passphrase, _lock: lock })
    }

    /// Keeps what was changed. When this returns, it is on the disk.
    ///
    /// # Errors
    /// [`VaultError`]; the wallet as it was before is then still there.
    pub fn save(&self) -> Result<(), WalletFileError> {
        Ok(vault::save(&self.path, &self.passphrase, &self.wallet.to_json())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wallet_is_opened_by_one_process_at_a_time_and_comes_back_as_it_was_saved() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("wallet");
        let passphrase = || Passphrase::new("correct horse battery").unwrap();
        let created = WalletFile::create(&root, passphrase(), Wallet::default()).unwrap();
        assert!(matches!(WalletFile::open(&root, passphrase()), Err(WalletFileError::Folder(FolderError::Locked))));
        drop(created);
        let again = WalletFile::create(&root, passphrase(), Wallet::default());
        assert!(matches!(again, Err(WalletFileError::Folder(FolderError::AlreadyInitialised))));
        let opened = WalletFile::open(&root, passphrase()).unwrap();
        opened.save().unwrap();
        drop(opened);
        assert_eq!(WalletFile::open(&root, passphrase()).unwrap().wallet.keys().len(), 0);
        let wrong = WalletFile::open(&root, Passphrase::new("another passphrase").unwrap());
        assert!(matches!(wrong, Err(WalletFileError::Vault(VaultError::WrongPassphrase))));
    }
}
