//! Station keys as libp2p peer ids. An Ed25519 key is short enough to stand inside its peer id, so each can be had from the other.

use anju_core::{names::StationKey, seal::Key};
use libp2p::{
    PeerId,
    identity::{self, Keypair, PublicKey},
};
use zeroize::Zeroize;

/// Multihash code of a peer id that holds its key in plain ("identity").
const INLINE_KEY: u64 = 0;

/// The peer id of a station; none when the bytes are not a point of the curve.
pub(crate) fn peer_id(station: &StationKey) -> Option<PeerId> {
    let key = identity::ed25519::PublicKey::try_from_bytes(&station.0).ok()?;
    Some(PublicKey::from(key).to_peer_id())
}

/// The station of a peer id; none when it holds no Ed25519 key, or holds it in another than the one encoding.
pub(crate) fn station_key(peer: &PeerId) -> Option<StationKey> {
    if peer.as_ref().code() != INLINE_KEY {
        return None;
    }
    let key = PublicKey::try_decode_protobuf(peer.as_ref().digest()).ok()?;
    let station = StationKey(key.try_into_ed25519().ok()?.to_bytes());
    (peer_id(&station).as_ref() == Some(peer)).then_some(station)
}

/// The libp2p key pair of a seed; none never happens with 32 bytes, but libp2p's signature says it may.
pub(crate) fn keypair(seed: &Key) -> Option<Keypair> {
    let mut bytes = *seed.expose();
    let pair = Keypair::ed25519_from_bytes(&mut bytes).ok();
    bytes.zeroize();
    pair
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_station_key_and_its_peer_id_are_the_same_thing() {
        for seed in 0..32 {
            let pair = keypair(&Key::from_bytes([seed; 32])).unwrap();
            let peer = pair.public().to_peer_id();
            let station = station_key(&peer).unwrap();
            assert_eq!(peer_id(&station), Some(peer));
            assert_eq!(station.0, anju_core::sign::SecretKey::from_key(Key::from_bytes([seed; 32])).public().0);
        }
    }

    #[test]
    fn a_peer_id_without_an_ed25519_key_is_no_station() {
        let hashed = PeerId::from_bytes(&[&[0x12, 0x20][..], &[7; 32]].concat()).unwrap();
        assert_eq!(station_key(&hashed), None);
        let inline_noise = PeerId::from_bytes(&[&[0x00, 0x08][..], &[7; 8]].concat()).unwrap();
        assert_eq!(station_key(&inline_noise), None);
    }
}
