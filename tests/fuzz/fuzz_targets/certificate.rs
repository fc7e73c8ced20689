//! Certificates: their bodies, and behind the seals and the issuer's signature any JWT and any disclosure.
#![no_main]

use anju_core::certificate::body::{self, CertificateBody};
use anju_core::certificate::issue::digest_text;
use anju_core::certificate::{EndedBody, Reliance, open_with_keys};
use anju_core::holder::{Wallet, receive};
use anju_core::seal::Key;
use anju_fuzz::made::{GRANTED, NOW};
use anju_fuzz::{MADE, field_key, issuer_header, jws_of, jws_over, jwt_payload, put_disclosure, routed, with_jwt};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((route, rest)) = routed(data) else { return };
    match route % 5 {
        0 => whole(rest),
        1 => verify(&with_jwt(&jws_over(&issuer_header(), rest, &MADE.issuer.keys.signing))),
        2 => disclosures(rest),
        3 => verify(&with_jwt(&String::from_utf8_lossy(rest))),
        _ => {
            if let Ok(ended) = EndedBody::parse(rest) {
                assert_eq!(ended.to_bytes(), rest);
            }
        }
    }
});

fn whole(bytes: &[u8]) {
    let Ok(certificate) = CertificateBody::parse(bytes) else { return };
    assert_eq!(certificate.to_bytes(), bytes);
    let holder = &MADE.wallet.keys()[0];
    if certificate.open_content_key(holder.hybrid()).is_ok() {
        assert!(certificate.head == anju_fuzz::BODY.head, "no byte of the head can be changed");
    }
    let mut wallet = Wallet::from_json(&MADE.wallet.to_json()).unwrap();
    let _ = receive(&mut wallet, NOW, bytes, b"", &MADE.identity());
    verify(&certificate);
}

fn verify(certificate: &CertificateBody) {
    let keys: Vec<(String, Key)> = GRANTED.iter().map(|name| ((*name).to_owned(), field_key(name))).collect();
    let jwt_key = body::jwt_key(&MADE.content_key, &MADE.number);
    let Ok(opened) = open_with_keys(certificate, &jwt_key, &keys) else { return };
    let Ok(verified) = opened.verify(&MADE.identity(), Reliance::Centre(&MADE.lender.code), NOW) else { return };
    let verified = verified.get();
    assert_eq!(verified.number, MADE.number);
    assert_eq!(verified.fields().names(), GRANTED);
    assert_eq!(verified.presentation().matches('~').count(), GRANTED.len() + 1);
}

/// Any disclosures, which the issuer signed for.
fn disclosures(bytes: &[u8]) {
    let given: Vec<&[u8]> = bytes.split(|byte| *byte == b'~').take(GRANTED.len()).collect();
    let mut claims: serde_json::Value = serde_json::from_slice(&jwt_payload()).unwrap();
    claims["_sd"] = given.iter().map(|one| digest_text(&String::from_utf8_lossy(one))).collect();
    let mut certificate = with_jwt(&jws_of(&issuer_header(), &claims, &MADE.issuer.keys.signing));
    for (name, one) in GRANTED.iter().zip(given) {
        put_disclosure(&mut certificate, name, one);
    }
    verify(&certificate);
}
