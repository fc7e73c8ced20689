use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::wire;

#[allow(clippy::print_stdout, clippy::disallowed_macros, reason = "a failing run must say its seed")]
fn rng(seed: u64) -> StdRng {
    println!("seed {seed}");
    StdRng::seed_from_u64(seed)
}

/// Gives out exactly these bytes.
struct Drawn(Vec<u8>);

impl rand_core::TryRng for Drawn {
    type Error = std::convert::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        unreachable!("keys are drawn as bytes")
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        unreachable!("keys are drawn as bytes")
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        let rest = self.0.split_off(bytes.len());
        bytes.copy_from_slice(&std::mem::replace(&mut self.0, rest));
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Drawn {}

#[test]
fn a_published_example_comes_out_to_the_byte() {
    let text = include_str!("../../../../tests/vectors/hpke-xwing.json");
    let vector: serde_json::Value = serde_json::from_str(text).unwrap();
    let bytes = |name: &str| hex::decode(vector[name].as_str().unwrap()).unwrap();
    let key = HybridOpeningKey::from_key(Key::from_bytes(bytes("secret").try_into().unwrap()));
    assert_eq!(key.public().as_bytes().as_slice(), bytes("public"));
    let mut drawn = Drawn(bytes("randomness"));
    let sealed = seal_under(&mut drawn, &key.public(), &bytes("info"), &bytes("aad"), &bytes("plaintext")).unwrap();
    assert!(drawn.0.is_empty(), "all of the randomness went in");
    assert_eq!(hex::encode(sealed.enc.as_slice()), vector["enc"]);
    assert_eq!(hex::encode(&sealed.ciphertext), vector["ciphertext"]);
    assert_eq!(*open_under(&key, &bytes("info"), &bytes("aad"), &sealed).unwrap(), bytes("plaintext"));
}

#[test]
fn only_the_addressee_opens_and_only_for_the_purpose_it_was_sealed_for() {
    let mut rng = rng(2);
    let (mine, other) = (HybridOpeningKey::random(&mut rng), HybridOpeningKey::random(&mut rng));
    let sealed = seal(&mut rng, &mine.public(), Purpose::Epoch, b"epoch 3", b"keys").unwrap();
    assert_eq!(sealed.ciphertext.len() + sealed.enc.len(), 4 + OVERHEAD_BYTES);
    assert_eq!(*open(&mine, Purpose::Epoch, b"epoch 3", &sealed).unwrap(), b"keys");
    assert!(open(&other, Purpose::Epoch, b"epoch 3", &sealed).is_err());
    assert!(open(&mine, Purpose::CertificateContent, b"epoch 3", &sealed).is_err());
    assert!(open(&mine, Purpose::Epoch, b"epoch 2", &sealed).is_err());
}

#[test]
fn each_purpose_has_one_kind_of_sealing_and_the_other_refuses() {
    let mut rng = rng(7);
    let (curve, both) = (super::super::hpke::OpeningKey::random(&mut rng), HybridOpeningKey::random(&mut rng));
    let (to_curve, to_both) = (curve.public(), both.public());
    for purpose in Purpose::ALL.iter().copied() {
        let sealed = (
            super::super::hpke::seal(&mut rng, &to_curve, purpose, b"", b"keys").is_ok(),
            seal(&mut rng, &to_both, purpose, b"", b"keys").is_ok(),
        );
        assert_eq!(sealed, (!purpose.is_for_years(), purpose.is_for_years()), "{purpose:?}");
    }
    // A message made by somebody who does not keep to it is not opened either.
    let short = seal_under(&mut rng, &to_both, Purpose::GrantKeys.label().as_bytes(), b"", b"keys").unwrap();
    assert!(open_under(&both, Purpose::GrantKeys.label().as_bytes(), b"", &short).is_ok());
    assert!(open(&both, Purpose::GrantKeys, b"", &short).is_err());
    for purpose in [Purpose::Epoch, Purpose::CertificateContent, Purpose::DossierKey, Purpose::Objection] {
        assert!(purpose.is_for_years());
    }
}

#[test]
fn no_altered_byte_opens_in_either_half() {
    let mut rng = rng(3);
    let key = HybridOpeningKey::random(&mut rng);
    let sealed = seal(&mut rng, &key.public(), Purpose::Epoch, b"", b"keys").unwrap();
    // Every byte would take a second of a debug build; the seams of both halves and a stride that meets all residues do not.
    for at in (0..ENCAPSULATED_BYTES).step_by(37).chain([1_087, 1_088, ENCAPSULATED_BYTES - 1]) {
        let mut altered = sealed.clone();
        altered.enc[at] ^= 1;
        assert!(open(&key, Purpose::Epoch, b"", &altered).is_err(), "enc, byte {at}");
    }
    for at in 0..sealed.ciphertext.len() {
        let mut altered = sealed.clone();
        altered.ciphertext[at] ^= 1;
        assert!(open(&key, Purpose::Epoch, b"", &altered).is_err(), "ciphertext, byte {at}");
        altered.ciphertext.truncate(at);
        assert!(open(&key, Purpose::Epoch, b"", &altered).is_err(), "cut at {at}");
    }
}

#[test]
fn what_is_no_public_key_is_refused_and_never_a_panic() {
    let mut rng = rng(4);
    let good = HybridOpeningKey::random(&mut rng).public();
    assert!(HybridKey::from_bytes(good.as_bytes()).is_ok());
    for length in [0, 1, 32, PUBLIC_BYTES - 1, PUBLIC_BYTES + 1] {
        assert!(HybridKey::from_bytes(&vec![0; length]).is_err(), "{length} bytes");
    }
    // A coefficient of 4095, the modulus being 3329, first and last of the 768.
    for at in [0, 1_150] {
        let mut bytes = *good.as_bytes();
        bytes[at..at + 2].fill(0xff);
        assert!(HybridKey::from_bytes(&bytes).is_err(), "at {at}");
    }
    let mut bytes = [0; PUBLIC_BYTES];
    for _ in 0..300 {
        rng.fill_bytes(&mut bytes);
        assert!(HybridKey::from_bytes(&bytes).is_err(), "of 768 random coefficients one is too large");
    }
    assert!(HybridKey::try_from("00".to_owned()).is_err());
    assert!(HybridKey::try_from("g".repeat(2 * PUBLIC_BYTES)).is_err());
}

#[test]
fn random_bytes_are_neither_opened_nor_a_panic() {
    let mut rng = rng(5);
    let key = HybridOpeningKey::random(&mut rng);
    for length in 0..64 {
        let mut sealed = HybridSealed { enc: Box::new(ByteArray::from([0; ENCAPSULATED_BYTES])), ciphertext: vec![0; length] };
        rng.fill_bytes(sealed.enc.as_mut_slice());
        rng.fill_bytes(&mut sealed.ciphertext);
        assert!(open(&key, Purpose::Epoch, b"", &sealed).is_err());
    }
}

#[test]
fn keys_and_sealed_things_come_back_from_the_wire_and_only_whole() {
    let mut rng = rng(6);
    let key = HybridOpeningKey::random(&mut rng).public();
    let bytes = wire::encode(&key);
    assert_eq!(bytes.len(), PUBLIC_BYTES + 3);
    assert_eq!(wire::decode::<HybridKey>(&bytes, bytes.len()).unwrap(), key);
    assert!(wire::decode::<HybridKey>(&bytes[..bytes.len() - 1], bytes.len()).is_err());
    let text = serde_json::to_string(&key).unwrap();
    assert_eq!(text.len(), 2 * PUBLIC_BYTES + 2);
    assert_eq!(serde_json::from_str::<HybridKey>(&text).unwrap(), key);
    let sealed = seal(&mut rng, &key, Purpose::Epoch, b"", b"keys").unwrap();
    let bytes = wire::encode(&sealed);
    assert_eq!(wire::decode::<HybridSealed>(&bytes, bytes.len()).unwrap(), sealed);
    let short = wire::encode(&super::super::hpke::Sealed { enc: [0; 32], ciphertext: vec![0; 20] });
    assert!(wire::decode::<HybridSealed>(&short, short.len()).is_err(), "the other suite's shape is not this one's");
}

#[test]
fn a_public_key_is_short_in_a_log_and_a_secret_one_absent() {
    let key = HybridOpeningKey::from_key(Key::from_bytes([9; 32]));
    let printed = format!("{:?}", key.clone().after([Key::from_bytes([8; 32])]));
    assert_eq!(printed, "HybridOpeningKey { seed: Key(..), former: [Key(..)] }");
    assert!(format!("{:?}", key.public()).len() < 40);
}
