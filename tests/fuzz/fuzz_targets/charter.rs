//! Charters and cards, as they come and under right signatures.
#![no_main]

use std::collections::BTreeMap;

use anju_core::charter::{CentreCard, CharterFile};
use anju_core::holder::HolderCard;
use anju_fuzz::made::NOW;
use anju_fuzz::{MADE, routed};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((route, rest)) = routed(data) else { return };
    match route % 5 {
        0 => charter_file(&String::from_utf8_lossy(rest)),
        1 => charter(rest),
        2 => {
            let _ = CentreCard::parse(&String::from_utf8_lossy(rest));
        }
        3 => resigned_card(rest),
        _ => {
            let _ = HolderCard::parse(&String::from_utf8_lossy(rest), &MADE.issuer.code, NOW);
        }
    }
});

fn charter_file(text: &str) {
    let Ok(mut file) = CharterFile::parse(text) else { return };
    if let Ok(charter) = file.verify() {
        assert_eq!(charter.digest(), MADE.charter.digest(), "nobody else's signatures are here");
    }
    let _ = file.sign(&MADE.issuer.code, &MADE.issuer.keys);
    let _ = file.merge(&MADE.charter_file);
}

/// Any content, signed by all three as far as they sign it.
fn charter(content: &[u8]) {
    let none: BTreeMap<String, String> = BTreeMap::new();
    let text = serde_json::json!({"format": "anju-charter-1", "charter": STANDARD.encode(content), "signatures": none}).to_string();
    let Ok(mut file) = CharterFile::parse(&text) else { return };
    let Ok(unverified) = file.unverified() else { return };
    let codes: Vec<_> = unverified.members().iter().map(|member| &member.centre).collect();
    assert!(codes.len() >= 2 && codes.windows(2).all(|pair| pair[0] < pair[1]));
    for centre in [&MADE.issuer, &MADE.lender, &MADE.third] {
        let _ = file.sign(&centre.code, &centre.keys);
    }
    if let Ok(charter) = file.verify() {
        assert!(charter.check_own(&MADE.issuer.code, &MADE.issuer.keys).is_ok());
    }
}

fn resigned_card(json: &[u8]) {
    let Ok(card) = serde_json::from_slice::<CentreCard>(json) else { return };
    let keys = &MADE.issuer.keys;
    let own = CentreCard::new(card.centre.clone(), card.name.clone(), card.addresses.clone(), keys);
    let own = CentreCard { suite: card.suite, ..own };
    if let Ok(read) = CentreCard::parse(&own.to_signed_text(keys)) {
        assert!(read == own && !read.addresses.is_empty());
    }
}
