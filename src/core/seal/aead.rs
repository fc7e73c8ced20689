//! Sealing under a shared key: XChaCha20-Poly1305, whose 24-byte nonces may be drawn at random without counting.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{Key, Purpose, Unopened};

/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 24;
/// Bytes that sealing adds: nonce and tag.
pub const OVERHEAD_BYTES: usize = NONCE_BYTES + 16;

fn associated(purpose: Purpose, associated: &[&[u8]]) -> Vec<u8> {
    let mut out = purpose.label().as_bytes().to_vec();
    for part in associated {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// Seals `plaintext`; the result is nonce ‖ ciphertext ‖ tag. Every part of `bound_to` must be given again to open it.
#[must_use]
pub fn seal(rng: &mut dyn CryptoRng, key: &Key, purpose: Purpose, bound_to: &[&[u8]], plaintext: &[u8]) -> Vec<u8> {
    let mut out = vec![0; NONCE_BYTES];
    rng.fill_bytes(&mut out);
    let mut nonce = XNonce::default();
    nonce.copy_from_slice(&out);
    let payload = Payload { msg: plaintext, aad: &associated(purpose, bound_to) };
    // Fails only beyond 256 GiB of plaintext; every caller's input is capped far below.
    let sealed = XChaCha20Poly1305::new(key.expose().into()).encrypt(&nonce, payload).unwrap_or_default();
    out.extend_from_slice(&sealed);
    out
}

/// Opens what [`seal`] made.
///
/// # Errors
/// [`Unopened`] for a wrong key, purpose or binding, and for altered or short bytes.
pub fn open(key: &Key, purpose: Purpose, bound_to: &[&[u8]], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    let (head, body) = sealed.split_at_checked(NONCE_BYTES).ok_or(Unopened)?;
    let mut nonce = XNonce::default();
    nonce.copy_from_slice(head);
    let payload = Payload { msg: body, aad: &associated(purpose, bound_to) };
    XChaCha20Poly1305::new(key.expose().into()).decrypt(&nonce, payload).map(Zeroizing::new).map_err(|_| Unopened)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn what_was_sealed_opens_only_with_the_same_key_purpose_and_binding() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(1);
        let key = Key::random(&mut rng);
        let sealed = seal(&mut rng, &key, Purpose::Gossip, &[b"epoch 1"], b"hello");
        assert_eq!(*open(&key, Purpose::Gossip, &[b"epoch 1"], &sealed).unwrap(), b"hello");
        assert!(open(&key, Purpose::Gossip, &[b"epoch 2"], &sealed).is_err());
        assert!(open(&key, Purpose::StoreColumn, &[b"epoch 1"], &sealed).is_err());
        assert!(open(&Key::random(&mut rng), Purpose::Gossip, &[b"epoch 1"], &sealed).is_err());
        for i in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[i] ^= 1;
            assert!(open(&key, Purpose::Gossip, &[b"epoch 1"], &altered).is_err(), "byte {i}");
            assert!(open(&key, Purpose::Gossip, &[b"epoch 1"], &sealed[..i]).is_err(), "cut at {i}");
        }
    }
}
