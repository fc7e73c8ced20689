//! Grants from the text to the fields, revocations and access records: as they come, and behind the holder's signature and the seals.
#![no_main]

use anju_core::certificate::jws::Header;
use anju_core::certificate::{body, padding};
use anju_core::grant::access::{self, PADDING_BLOCK_BYTES};
use anju_core::grant::claims::KEY_BINDING_TYPE;
use anju_core::grant::revoked::REVOCATION_TYPE;
use anju_core::grant::{Asker, MAX_GRANT_BYTES, Presented, Revocation, Said};
use anju_core::journal::hash;
use anju_core::seal::{Key, Purpose, SUITE, aead, hpke};
use anju_core::wire;
use anju_fuzz::made::{GRANTED, MATTER, NOW};
use anju_fuzz::{BODY, MADE, field_key, grant_claims, grant_over, holder_header, jws_over, rng, routed};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((route, rest)) = routed(data) else { return };
    match route % 8 {
        0 | 1 => grant(&String::from_utf8_lossy(rest)),
        2 | 3 => grant(&grant_over(rest)),
        4 => sealed_keys(rest),
        5 => key_binding(rest),
        6 => record(rest),
        _ => revocation(rest),
    }
});

fn grant(text: &str) {
    let Ok(presented) = Presented::parse(text) else { return };
    assert!(text.len() <= 2 * MAX_GRANT_BYTES && presented.claims().uses > 0);
    let asker = Asker { centre: &MADE.lender.code, now: NOW, matter: Some(MATTER) };
    let Ok(authorised) = presented.authorise(&asker, &MADE.row(), &Said::default()) else { return };
    let Ok(released) = authorised.release(&MADE.lender.keys.sealing, &BODY, &MADE.identity(), NOW) else { return };
    assert_eq!(*released.number(), MADE.number);
    assert_eq!(released.fields().names(), presented.claims().fields);
}

/// Any plaintext where the keys should be, sealed and signed as the holder would.
fn sealed_keys(plain: &[u8]) {
    let Ok(made) = Presented::parse(&MADE.grant) else { unreachable!("the made grant is one") };
    let sealed = hpke::seal(&mut rng(), &MADE.lender.card.sealing, Purpose::GrantKeys, &made.claims().bound(), plain).unwrap();
    let mut claims = grant_claims();
    claims["keys"] = URL_SAFE_NO_PAD.encode(wire::encode(&sealed)).into();
    grant(&grant_over(&serde_json::to_vec(&claims).unwrap()));
}

/// Any key binding beside the right keys, signed by the holder or as it comes.
fn key_binding(bytes: &[u8]) {
    let Some((how, bytes)) = routed(bytes) else { return };
    let text = if how % 2 == 0 {
        jws_over(&Header::new(KEY_BINDING_TYPE), bytes, &MADE.holder)
    } else {
        String::from_utf8_lossy(bytes).into_owned()
    };
    let mut keys = Vec::new();
    GRANTED.iter().for_each(|name| keys.extend_from_slice(field_key(name).expose()));
    let mut plain = Vec::new();
    let mut e = minicbor::Encoder::new(&mut plain);
    e.map(3).unwrap().u8(0).unwrap().bytes(body::jwt_key(&MADE.content_key, &MADE.number).expose()).unwrap();
    e.u8(1).unwrap().bytes(&keys).unwrap().u8(2).unwrap().str(&text).unwrap();
    sealed_keys(&plain);
}

/// An access record as it comes, and any plaintext sealed as one.
fn record(bytes: &[u8]) {
    let Some((how, bytes)) = routed(bytes) else { return };
    let envelope = if how % 2 == 0 { bytes.to_vec() } else { sealed_record(bytes) };
    for slot in 0..4 {
        for centre in [&MADE.lender, &MADE.issuer] {
            if let Ok(access) = access::open(&centre.keys.sealing, slot, &envelope) {
                assert_eq!(access.issuer, access.number.centre());
            }
        }
    }
}

fn sealed_record(plain: &[u8]) -> Vec<u8> {
    let key = Key::from_bytes([5; 32]);
    let sealed = aead::seal(&mut rng(), &key, Purpose::Access, &[SUITE.as_bytes()], &padding::pad(plain, PADDING_BLOCK_BYTES));
    let bound = [&[0_u8][..], &hash::sha256(&sealed).0].concat();
    let recipient = hpke::seal(&mut rng(), &MADE.lender.card.sealing, Purpose::Access, &bound, key.expose()).unwrap();
    let mut out = Vec::new();
    let mut e = minicbor::Encoder::new(&mut out);
    e.map(3).unwrap().u8(0).unwrap().str(SUITE).unwrap().u8(1).unwrap().array(1).unwrap().encode(&recipient).unwrap();
    e.u8(2).unwrap().bytes(&sealed).unwrap();
    out
}

fn revocation(bytes: &[u8]) {
    let Some((how, bytes)) = routed(bytes) else { return };
    let text = if how % 2 == 0 {
        jws_over(&holder_header(REVOCATION_TYPE), bytes, &MADE.holder)
    } else {
        String::from_utf8_lossy(bytes).into_owned()
    };
    if let Ok(revocation) = Revocation::parse(&text) {
        let _ = revocation.counts_for(&MADE.row());
    }
}
