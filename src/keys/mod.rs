//! Secrets at rest: a centre's keys in `keys.age`, opened with a passphrase.
//!
//! The file is an ordinary age file (age-encryption.org/v1, scrypt recipient); with the passphrase the `age` tool opens it too, and
//! what is inside is text. What must never be here: a passphrase as an argument or in a log, and a secret type that prints itself.

pub mod passphrase;
pub mod vault;

use std::path::Path;

use anju_core::charter::CentreKeys;
use anju_core::seal::hpke::OpeningKey;
use anju_core::seal::hybrid::HybridOpeningKey;
use anju_core::seal::{Key, MAX_FORMER_KEYS};
use anju_core::sign::SecretKey;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use passphrase::Passphrase;
use vault::VaultError;

/// First line of what is inside `keys.age`; another line is another version.
const HEADER: &str = "anju-keys-2";
/// Keys before the present ones, newest first, behind those: what was sealed to them.
const FORMER: [&str; 2] = ["former-sealing", "former-hybrid"];
/// The keys in the order of the file. Names never change once released.
const NAMES: [&str; 6] = ["signing", "heartbeat", "sealing", "hybrid", "station", "store"];
/// Largest `keys.age` that is read, in bytes; a real one has about 700.
const KEYS_MAX_BYTES: u64 = 16 * 1024;

/// Every secret of a centre's writing station. Wiped when dropped, never printed.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// The keys that the centre's card tells the public halves of.
    pub centre: CentreKeys,
    /// Seals personal columns of the store.
    pub store: Key,
}

impl Secrets {
    /// Fresh keys.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        Self { centre: CentreKeys::random(rng), store: Key::random(rng) }
    }

    /// The keys that shall follow these. The store keeps its own, and the station unless it is to have another; what was sealed to the present
    /// opening keys still opens.
    #[must_use]
    pub fn next(&self, rng: &mut dyn CryptoRng, station: bool) -> Self {
        let fresh = CentreKeys::random(rng);
        let station = if station { fresh.station.clone() } else { self.centre.station.clone() };
        let fresh = Self { centre: CentreKeys { station, ..fresh }, store: self.store.clone() };
        fresh.after(self)
    }

    /// These keys, which also open what was sealed to `former` ones.
    #[must_use]
    pub fn after(&self, former: &Self) -> Self {
        let before = |key: &Key, older: &[Key], own: &[Key]| [std::slice::from_ref(key), older, own].concat();
        let (own, old) = (&self.centre, &former.centre);
        let sealing = before(old.sealing.expose(), old.sealing.former(), own.sealing.former());
        let hybrid = before(old.hybrid.expose(), old.hybrid.former(), own.hybrid.former());
        let centre = CentreKeys { sealing: own.sealing.clone().after(sealing), hybrid: own.hybrid.clone().after(hybrid), ..own.clone() };
        Self { centre, store: self.store.clone() }
    }

    /// Writes them into a new file, sealed with `passphrase`.
    ///
    /// # Errors
    /// [`VaultError::Exists`] when there is a file already, which is then untouched.
    pub fn save_new(&self, path: &Path, passphrase: &Passphrase) -> Result<(), VaultError> {
        vault::save_new(path, passphrase, self.to_text().as_bytes())
    }

    /// Reads them from `path`.
    ///
    /// # Errors
    /// [`VaultError::WrongPassphrase`] when they do not open; [`VaultError::Damaged`] when what opened is not a centre's keys.
    pub fn load(path: &Path, passphrase: &Passphrase) -> Result<Self, VaultError> {
        let text = vault::load(path, passphrase, KEYS_MAX_BYTES)?;
        Self::from_text(&text).ok_or(VaultError::Damaged)
    }

    fn parts(&self) -> [&Key; 6] {
        let CentreKeys { signing, heartbeat, sealing, hybrid, station } = &self.centre;
        [signing.expose(), heartbeat.expose(), sealing.expose(), hybrid.expose(), station.expose(), &self.store]
    }

    fn to_text(&self) -> Zeroizing<String> {
        // Room for all of it at once: a string that grows would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(4096));
        text.push_str(HEADER);
        text.push('\n');
        let former = self.centre.sealing.former().iter().map(|key| (&FORMER[0], key));
        let former = former.chain(self.centre.hybrid.former().iter().map(|key| (&FORMER[1], key)));
        for (name, key) in NAMES.iter().zip(self.parts()).chain(former) {
            let mut digits = Zeroizing::new([0_u8; 64]);
            let written = hex::encode_to_slice(key.expose(), digits.as_mut_slice());
            debug_assert!(written.is_ok());
            text.push_str(name);
            text.push(' ');
            digits.iter().for_each(|digit| text.push(char::from(*digit)));
            text.push('\n');
        }
        text
    }

    fn from_text(bytes: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(bytes).ok()?.lines();
        if lines.next()? != HEADER {
            return None;
        }
        let mut key = |name: &str| named(lines.next()?, name);
        let [signing, heartbeat, sealing, hybrid, station, store] =
            [key(NAMES[0])?, key(NAMES[1])?, key(NAMES[2])?, key(NAMES[3])?, key(NAMES[4])?, key(NAMES[5])?];
        let mut former: [Vec<Key>; 2] = [Vec::new(), Vec::new()];
        for line in lines {
            let (of, key) = FORMER.iter().enumerate().find_map(|(of, name)| Some((of, named(line, name)?)))?;
            former.get_mut(of)?.push(key);
        }
        let [former_sealing, former_hybrid] = former;
        if former_sealing.len() > MAX_FORMER_KEYS || former_hybrid.len() > MAX_FORMER_KEYS {
            return None;
        }
        let centre = CentreKeys {
            signing: SecretKey::from_key(signing),
            heartbeat: SecretKey::from_key(heartbeat),
            sealing: OpeningKey::from_key(sealing).after(former_sealing),
            hybrid: HybridOpeningKey::from_key(hybrid).after(former_hybrid),
            station: SecretKey::from_key(station),
        };
        Some(Self { centre, store })
    }
}

/// The key of a line, if it is called so.
fn named(line: &str, name: &str) -> Option<Key> {
    let (found, digits) = line.split_once(' ')?;
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits, bytes.as_mut_slice()).ok()?;
    (found == name).then(|| Key::from_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use rand::SeedableRng;

    use super::*;

    fn keys(seed: u64) -> Secrets {
        println!("seed {seed}");
        Secrets::random(&mut rand::rngs::StdRng::seed_from_u64(seed))
    }

    #[test]
    fn keys_come_back_only_with_their_passphrase_and_lie_in_a_private_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.age");
        let keys = keys(1);
        keys.save_new(&path, &Passphrase::new("correct horse battery").unwrap()).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let again = Secrets::load(&path, &Passphrase::new("correct horse battery").unwrap()).unwrap();
        assert_eq!(keys.parts().map(Key::expose), again.parts().map(Key::expose));
        let before = std::fs::read(&path).unwrap();
        let wrong = Secrets::load(&path, &Passphrase::new("correct horse batter").unwrap());
        assert!(matches!(wrong, Err(VaultError::WrongPassphrase)));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn keys_are_never_written_over_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.age");
        let passphrase = Passphrase::new("correct horse battery").unwrap();
        keys(1).save_new(&path, &passphrase).unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(keys(2).save_new(&path, &passphrase), Err(VaultError::Exists)));
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left lying beside");
    }

    #[test]
    fn text_that_is_not_exactly_six_named_keys_is_refused() {
        let text = keys(3).to_text();
        assert!(Secrets::from_text(text.as_bytes()).is_some());
        assert!(Secrets::from_text(text.replace("signing", "heartbeat").as_bytes()).is_none());
        assert!(Secrets::from_text(text.replace("anju-keys-2", "anju-keys-1").as_bytes()).is_none());
        assert!(Secrets::from_text(&text.as_bytes()[..text.len() - 2]).is_none());
        assert!(Secrets::from_text(format!("{}more 00\n", *text).as_bytes()).is_none());
        assert!(Secrets::from_text(b"").is_none());
    }

    #[test]
    fn no_secret_prints_itself() {
        let keys = keys(4);
        let printed = format!("{keys:?}");
        for part in keys.parts() {
            assert!(!printed.contains(&hex::encode(part.expose())));
            assert!(!printed.contains(&format!("{:?}", part.expose())));
        }
    }
}
