//! Grants as a whole: made, presented, authorised, released, and every way of altering or misusing one refused.

mod vectors;

use serde_json::{Value, json};

use super::claims::{GrantKeys, KEY_BINDING_TYPE, KeyBinding};
use super::*;
use crate::certificate::jws::{self, Header, Jwk};
use crate::certificate::tests::{NOW, centre, facts};
use crate::certificate::{CertificateBody, CertificateKind, Field, body, centre_identifier, fields_of, issue};
use crate::error::{Refusal, RefusalCode};
use crate::holder::GrantRequest;
use crate::holder::tests::{World, world};
use crate::names::CertificateNumber;
use crate::seal::hpke::{self, OpeningKey};
use crate::seal::{Key, Purpose};
use crate::shelf::{CertificateRow, Ended};
use crate::sign::SecretKey;
use crate::time::{DAY_MS, SECOND_MS, Time};

fn asker<'a>(centre: &'a crate::names::CentreCode, now: Time) -> Asker<'a> {
    Asker { centre, now, matter: Some("cross-region-loan"), mode: Mode::Details }
}

fn authorise(presented: &Presented, world: &World, now: Time) -> Result<Authorised<Presented>, Refusal> {
    presented.authorise(&asker(&centre("C46020"), now), &world.row(), &Said::default())
}

fn read(world: &World, text: &str) -> Result<Released, Refusal> {
    let body = CertificateBody::parse(&world.body)?;
    authorise(&Presented::parse(text)?, world, NOW)?.release(&world.audience, &body, &world.issuer, NOW)
}

fn code<T>(result: Result<T, Refusal>) -> (RefusalCode, String) {
    let refusal = result.err().unwrap();
    (refusal.code, refusal.detail.unwrap_or_default())
}

fn granted(seed: u64, fields: &[&str]) -> (World, String) {
    let mut world = world(CertificateKind::CrossRegionLoan, seed);
    let request = world.request(fields);
    let text = world.grant(&request).unwrap();
    (world, text)
}

fn holder_key(world: &World) -> SecretKey {
    world.wallet.keys()[0].signing.clone()
}

/// The grant with its claims changed and signed again by the holder, as a dishonest holder's app could.
fn resigned(world: &World, text: &str, change: impl Fn(&mut Value)) -> String {
    let mut claims = serde_json::to_value(Presented::parse(text).unwrap().claims()).unwrap();
    change(&mut claims);
    let holder = holder_key(world);
    jws::sign(&Header { jwk: Some(Jwk::new(&holder.public())), ..Header::new(GRANT_TYPE) }, &claims, &holder)
}

/// The grant with its sealed keys replaced, correctly sealed and signed.
fn with_keys(world: &mut World, text: &str, keys: &GrantKeys) -> String {
    let claims = Presented::parse(text).unwrap().claims().clone();
    let sealed = hpke::seal(&mut world.rng, &world.audience.public(), Purpose::GrantKeys, &claims.bound(), &keys.to_bytes()).unwrap();
    let sealed = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, crate::wire::encode(&sealed));
    resigned(world, text, |claims| claims["keys"] = sealed.clone().into())
}

fn keys_for(world: &World, fields: &[&str], key_binding: String) -> GrantKeys {
    let key = |name: &&str| body::field_key(&world.content_key, &world.number, name);
    let fields: Vec<Key> = fields.iter().map(key).collect();
    GrantKeys::new(&body::jwt_key(&world.content_key, &world.number), &fields, key_binding)
}

/// The key binding that this grant should have.
fn binding(world: &World, text: &str) -> KeyBinding {
    let released = read(world, text).unwrap();
    let (sd_jwt, _) = released.presentation().rsplit_once('~').unwrap();
    KeyBinding {
        iat: NOW.seconds(),
        aud: centre_identifier(&world.issuer.federation, &centre("C46020")),
        nonce: Presented::parse(text).unwrap().id().to_string(),
        sd_hash: crate::certificate::issue::digest_text(&format!("{sd_jwt}~")),
    }
}

#[test]
fn a_grant_opens_exactly_its_fields_at_its_audience() {
    for (kind, seed) in CertificateKind::ALL.into_iter().zip(1..) {
        let mut world = world(kind, seed);
        for names in [vec!["document_no", "name"], Field::all(kind).iter().map(|f| f.name.as_str()).collect()] {
            let request = world.request(&names);
            let text = world.grant(&request).unwrap();
            let released = read(&world, &text).unwrap();
            assert_eq!(released.fields().len(), names.len());
            let all = fields_of(kind, &facts(), "王经办", "0898-12345678");
            assert!(released.fields().iter().all(|(name, value)| all.get(name) == Some(value)));
            assert_eq!(released.presentation().matches('~').count(), names.len() + 1);
            assert!(!format!("{released:?}").contains("符海燕"));
        }
    }
}

#[test]
fn white_space_from_scanning_or_pasting_does_not_matter_and_size_is_capped() {
    let (world, text) = granted(10, &["name"]);
    let wrapped: String = text.as_bytes().chunks(64).map(|line| format!("  {}\r\n", std::str::from_utf8(line).unwrap())).collect();
    assert!(read(&world, &wrapped).is_ok());
    for bad in ["".to_owned(), "..".to_owned(), "a.b".to_owned(), format!("{text}.x"), "x".repeat(MAX_GRANT_BYTES + 1), " ".repeat(99_999)]
    {
        assert_eq!(code(Presented::parse(&bad)).0, RefusalCode::GrantMalformed);
    }
}

#[test]
fn every_changed_character_of_a_grant_is_refused() {
    let (world, text) = granted(11, &["name", "balance"]);
    for i in 0..text.len() {
        let mut altered = text.clone().into_bytes();
        altered[i] = if altered[i] == b'A' { b'B' } else { b'A' };
        let refusal = code(read(&world, std::str::from_utf8(&altered).unwrap())).0;
        assert!(matches!(refusal, RefusalCode::GrantAltered | RefusalCode::GrantMalformed), "character {i}: {refusal}");
    }
}

#[test]
fn only_eddsa_and_only_a_grant_is_a_grant() {
    let (world, text) = granted(12, &["name"]);
    let holder = holder_key(&world);
    let claims = Presented::parse(&text).unwrap().claims().clone();
    let jwk = Some(Jwk::new(&holder.public()));
    let good = Header { jwk: jwk.clone(), ..Header::new(GRANT_TYPE) };
    assert!(Presented::parse(&jws::sign(&good, &claims, &holder)).is_ok());
    for header in [
        Header { alg: "none".to_owned(), ..good.clone() },
        Header { alg: "HS256".to_owned(), ..good.clone() },
        Header { typ: KEY_BINDING_TYPE.to_owned(), ..good.clone() },
        Header { typ: "anju-grant-revocation+jwt".to_owned(), ..good.clone() },
        Header { jwk: None, ..good.clone() },
        Header { kid: Some("x".to_owned()), ..good.clone() },
    ] {
        assert_eq!(code(Presented::parse(&jws::sign(&header, &claims, &holder))).0, RefusalCode::GrantMalformed);
    }
    let unsigned = format!("{}.", text.rsplit_once('.').unwrap().0);
    assert_eq!(code(Presented::parse(&unsigned)).0, RefusalCode::GrantMalformed);
    let other = SecretKey::from_key(Key::from_bytes([8; 32]));
    assert_eq!(code(Presented::parse(&jws::sign(&good, &claims, &other))).0, RefusalCode::GrantAltered);
    let theirs = Header { jwk: Some(Jwk::new(&other.public())), ..good };
    assert_eq!(code(Presented::parse(&jws::sign(&theirs, &claims, &other))).0, RefusalCode::GrantMalformed, "sub is not the key");
}

#[test]
fn claims_that_no_grant_has_are_refused_though_signed() {
    let (world, text) = granted(13, &["name", "balance"]);
    let with = |claim: &str, value: Value| Presented::parse(&resigned(&world, &text, |claims| claims[claim] = value.clone()));
    for (claim, value) in [
        ("role", json!("admin")),
        ("iss", json!("x")),
        ("uses", json!(0)),
        ("fields", json!([])),
        ("fields", json!(["name", "name"])),
        ("fields", json!(["姓名"])),
        ("matter", json!("a b")),
        ("matter", json!("x".repeat(65))),
        ("jti", json!("ABCDEF00112233445566778899AABBCC")),
        ("nbf", json!(NOW.seconds() + 10 * 86_400)),
        ("exp", json!("tomorrow")),
        ("mode", json!("all")),
    ] {
        assert_eq!(code(with(claim, value)).0, RefusalCode::GrantMalformed, "{claim}");
    }
    assert_eq!(code(with("uses", json!(101))), (RefusalCode::CeilingExceeded, "uses".to_owned()));
    assert_eq!(code(with("nbf", json!(i64::MIN))), (RefusalCode::CeilingExceeded, "duration".to_owned()));
    assert_eq!(code(with("suite", json!("anju-2"))), (RefusalCode::Unsupported, "suite".to_owned()));
}

#[test]
fn a_claim_changed_and_signed_again_no_longer_opens_the_keys() {
    let (mut world, text) = granted(14, &["name", "balance"]);
    for (claim, value) in [
        ("uses", json!(9)),
        ("exp", json!(NOW.seconds() + 86_400 * 9)),
        ("fields", json!(["name"])),
        ("fields", json!(["name", "document_no"])),
        ("fields", json!(["balance", "name"])),
        ("jti", json!("00112233445566778899aabbccddeeff")),
        ("keys", json!("")),
    ] {
        let altered = resigned(&world, &text, |claims| claims[claim] = value.clone());
        assert_eq!(code(read(&world, &altered)).0, RefusalCode::GrantAltered, "{claim}");
    }
    // Keys of one grant moved into another.
    let request = world.request(&["name", "balance"]);
    let other = Presented::parse(&world.grant(&request).unwrap()).unwrap().claims().keys.clone();
    assert_eq!(code(read(&world, &resigned(&world, &text, |c| c["keys"] = other.clone().into()))).0, RefusalCode::GrantAltered);
}

#[test]
fn the_checks_come_in_their_order_each_with_its_code() {
    let (world, text) = granted(15, &["name"]);
    let late = Time::end_of_legal_day(NOW.legal_day()).plus_ms(DAY_MS);
    let ended = Some(Ended { at: NOW, reason: "cancelled".to_owned() });
    let presented = Presented::parse(&resigned(&world, &text, |claims| claims["mode"] = "check".into())).unwrap();
    let try_it = |centre_code: &str, now: Time, matter: &str, row: &CertificateRow, revoked| {
        let centre = centre(centre_code);
        code(presented.authorise(
            &Asker { centre: &centre, now, matter: Some(matter), mode: Mode::Details },
            row,
            &Said { uses: 1, revoked, key_ended: None },
        ))
        .0
    };
    let other = CertificateRow { holder: crate::names::Thumbprint([0; 32]), ended: ended.clone(), ..world.row() };
    assert_eq!(try_it("C50010", late, "other", &other, Some(NOW)), RefusalCode::WrongCentre);
    assert_eq!(try_it("C46020", late, "other", &other, Some(NOW)), RefusalCode::GrantExpired);
    assert_eq!(try_it("C46020", NOW, "other", &other, Some(NOW)), RefusalCode::WrongMode);
    let presented = Presented::parse(&text).unwrap();
    let try_it = |matter: &str, row: CertificateRow, uses: u32, revoked| {
        code(presented.authorise(
            &Asker { centre: &centre("C46020"), now: NOW, matter: Some(matter), mode: Mode::Details },
            &row,
            &Said { uses, revoked, key_ended: None },
        ))
        .0
    };
    let matter = "cross-region-loan";
    assert_eq!(try_it("other", other.clone(), 1, Some(NOW)), RefusalCode::WrongMatter);
    assert_eq!(try_it(matter, other, 1, Some(NOW)), RefusalCode::HolderMismatch);
    assert_eq!(try_it(matter, CertificateRow { ended: ended.clone(), ..world.row() }, 1, Some(NOW)), RefusalCode::GrantRevoked);
    let past = NOW.plus_ms(-DAY_MS);
    assert_eq!(try_it(matter, CertificateRow { ended, expires: past, ..world.row() }, 1, None), RefusalCode::CertificateEnded);
    let elsewhere = CertificateRow { addressee: Some(centre("C50010")), ..world.row() };
    assert_eq!(try_it(matter, CertificateRow { expires: past, ..elsewhere.clone() }, 1, None), RefusalCode::CertificateExpired);
    assert_eq!(try_it(matter, elsewhere, 1, None), RefusalCode::WrongAddressee);
    assert_eq!(try_it(matter, world.row(), 1, None), RefusalCode::GrantUsedUp);
    let unknown = CertificateRow { number: CertificateNumber::new("C46010-JCZM-2026-000009").unwrap(), ..world.row() };
    assert_eq!(try_it(matter, unknown, 0, None), RefusalCode::CertificateUnknown);
    assert!(
        presented
            .authorise(&Asker { centre: &centre("C46020"), now: NOW, matter: None, mode: Mode::Details }, &world.row(), &Said::default())
            .is_ok()
    );
}

#[test]
fn a_grant_dies_at_24_00_with_120_seconds_of_tolerance_on_either_side() {
    let (world, text) = granted(16, &["name"]);
    let presented = Presented::parse(&text).unwrap();
    let midnight = Time::end_of_legal_day(NOW.legal_day());
    assert_eq!(presented.claims().expires(), midnight);
    for (now, expected) in [
        (midnight.plus_ms(119 * SECOND_MS), None),
        (midnight.plus_ms(121 * SECOND_MS), Some(RefusalCode::GrantExpired)),
        (NOW.plus_ms(-119 * SECOND_MS), None),
        (NOW.plus_ms(-121 * SECOND_MS), Some(RefusalCode::GrantNotYetValid)),
    ] {
        assert_eq!(authorise(&presented, &world, now).err().map(|refusal| refusal.code), expected, "{}", now.legal_text());
    }
    let body = CertificateBody::parse(&world.body).unwrap();
    let edge = NOW.plus_ms(-119 * SECOND_MS);
    assert!(authorise(&presented, &world, edge).unwrap().release(&world.audience, &body, &world.issuer, edge).is_ok());
}

#[test]
fn a_grant_made_ahead_of_its_time_opens_when_its_time_comes() {
    let mut world = world(CertificateKind::CrossRegionLoan, 17);
    let later = NOW.plus_ms(3 * DAY_MS);
    let request = GrantRequest { not_before: later, expires: later.plus_ms(DAY_MS), uses: 2, ..world.request(&["name"]) };
    let presented = Presented::parse(&world.grant(&request).unwrap()).unwrap();
    assert_eq!(code(authorise(&presented, &world, NOW)).0, RefusalCode::GrantNotYetValid);
    let body = CertificateBody::parse(&world.body).unwrap();
    let now = later.plus_ms(DAY_MS / 2);
    let authorised = authorise(&presented, &world, now).unwrap();
    assert!(authorised.release(&world.audience, &body, &world.issuer, now).is_ok());
    let once = presented.authorise(&asker(&centre("C46020"), now), &world.row(), &Said { uses: 1, ..Said::default() });
    assert!(
        once.is_ok() && presented.authorise(&asker(&centre("C46020"), now), &world.row(), &Said { uses: 2, ..Said::default() }).is_err()
    );
}

#[test]
fn another_centres_key_does_not_open_the_grant() {
    let (mut world, text) = granted(18, &["name"]);
    let body = CertificateBody::parse(&world.body).unwrap();
    let other = OpeningKey::random(&mut world.rng);
    let authorised = authorise(&Presented::parse(&text).unwrap(), &world, NOW).unwrap();
    assert_eq!(code(authorised.release(&other, &body, &world.issuer, NOW)).0, RefusalCode::GrantAltered);
}

#[test]
fn another_certificates_body_does_not_open() {
    let (mut world, text) = granted(19, &["name"]);
    let presented = Presented::parse(&text).unwrap();
    let release = |world: &World, body: &CertificateBody| {
        code(authorise(&presented, world, NOW).unwrap().release(&world.audience, body, &world.issuer, NOW)).0
    };
    let number = CertificateNumber::new("C46010-YDDKJCZM-2026-000002").unwrap();
    let (other, _) = world.issue(CertificateKind::CrossRegionLoan, number);
    assert_eq!(release(&world, &CertificateBody::parse(&other).unwrap()), RefusalCode::CertificateUnknown);
    // The same number issued again to another key: another holder. To the same key: other content keys.
    let (other, _) = world.issue(CertificateKind::CrossRegionLoan, world.number.clone());
    assert_eq!(release(&world, &CertificateBody::parse(&other).unwrap()), RefusalCode::HolderMismatch);
    let again = crate::certificate::Issuance {
        number: world.number.clone(),
        kind: CertificateKind::CrossRegionLoan,
        issuer: centre("C46010"),
        federation: world.issuer.federation.clone(),
        addressee: Some(centre("C46020")),
        holder: world.wallet.keys()[0].public(),
        values: fields_of(CertificateKind::CrossRegionLoan, &facts(), "", ""),
        issued: NOW,
        expires: NOW.plus_ms(90 * DAY_MS),
    };
    let other = issue(&mut world.rng, &again, &world.issuer_key).unwrap().body;
    assert_eq!(release(&world, &CertificateBody::parse(&other).unwrap()), RefusalCode::CertificateAltered);
}

#[test]
fn swapped_removed_or_foreign_field_keys_open_nothing() {
    let (mut world, text) = granted(20, &["name", "balance"]);
    let good = binding(&world, &text);
    let kb = jws::sign(&Header::new(KEY_BINDING_TYPE), &good, &holder_key(&world));
    let kept = with_keys_of(&mut world, &text, &["name", "balance"], &kb);
    assert!(read(&world, &kept).is_ok(), "the crafting itself is right");
    for (fields, expected) in [
        (vec!["balance", "name"], RefusalCode::CertificateAltered),
        (vec!["name"], RefusalCode::GrantAltered),
        (vec!["name", "balance", "phone"], RefusalCode::GrantAltered),
        (vec!["name", "document_no"], RefusalCode::CertificateAltered),
    ] {
        let altered = with_keys_of(&mut world, &text, &fields, &kb);
        assert_eq!(code(read(&world, &altered)).0, expected, "{fields:?}");
    }
}

fn with_keys_of(world: &mut World, text: &str, fields: &[&str], key_binding: &str) -> String {
    let keys = keys_for(world, fields, key_binding.to_owned());
    with_keys(world, text, &keys)
}

#[test]
fn a_key_binding_that_is_not_of_this_grant_and_these_fields_is_refused() {
    let (mut world, text) = granted(21, &["name", "balance"]);
    let holder = holder_key(&world);
    let header = Header::new(KEY_BINDING_TYPE);
    let good = || binding(&world, &text);
    let day = DAY_MS / SECOND_MS;
    let cases = [
        (jws::sign(&header, &KeyBinding { nonce: "0".repeat(32), ..good() }, &holder), "nonce"),
        (jws::sign(&header, &KeyBinding { aud: "urn:anju:hainan:C50010".to_owned(), ..good() }, &holder), "aud"),
        (jws::sign(&header, &KeyBinding { sd_hash: "x".to_owned(), ..good() }, &holder), "sd_hash"),
        (jws::sign(&header, &KeyBinding { iat: NOW.seconds() - 121, ..good() }, &holder), "iat"),
        (jws::sign(&header, &KeyBinding { iat: NOW.seconds() + 121, ..good() }, &holder), "iat"),
        (jws::sign(&header, &KeyBinding { iat: NOW.seconds() + 40 * day, ..good() }, &holder), "iat"),
        (jws::sign(&Header::new(GRANT_TYPE), &good(), &holder), "key binding"),
        (jws::sign(&Header { alg: "none".to_owned(), ..header.clone() }, &good(), &holder), "key binding"),
        (jws::sign(&header, &good(), &world.issuer_key), "key binding"),
        (String::new(), "key binding"),
    ];
    for (kb, detail) in cases {
        let altered = with_keys_of(&mut world, &text, &["name", "balance"], &kb);
        assert_eq!(code(read(&world, &altered)), (RefusalCode::GrantAltered, detail.to_owned()));
    }
    // A whole, honest key binding, but of another grant.
    let request = world.request(&["name", "balance"]);
    let other = world.grant(&request).unwrap();
    let (_, kb) = read(&world, &other).unwrap().presentation().rsplit_once('~').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let altered = with_keys_of(&mut world, &text, &["name", "balance"], &kb);
    assert_eq!(code(read(&world, &altered)), (RefusalCode::GrantAltered, "nonce".to_owned()));
}

#[test]
fn a_grant_for_a_field_that_the_certificate_lacks_names_it() {
    let (world, text) = granted(22, &["name"]);
    let altered = resigned(&world, &text, |claims| claims["fields"] = json!(["name", "salary"]));
    assert_eq!(code(read(&world, &altered)), (RefusalCode::FieldNotInCertificate, "salary".to_owned()));
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 512, ..Default::default() })]
    #[test]
    fn no_text_or_bytes_from_outside_make_a_reader_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600), text in ".{0,300}") {
        let key = OpeningKey::from_key(Key::from_bytes([5; 32]));
        let _ = (CertificateBody::parse(&bytes), access::open(&key, 0, &bytes), crate::certificate::EndedBody::parse(&bytes));
        let as_jws = format!("{}.{}.{}", encode(br#"{"alg":"EdDSA","typ":"anju-grant+jwt"}"#), encode(&bytes), encode(&bytes));
        for text in [text.as_str(), &as_jws, &String::from_utf8_lossy(&bytes)] {
            let _ = (Presented::parse(text), Revocation::parse(text), crate::holder::HolderCard::parse(text, &centre("C46010"), NOW));
            let _ = crate::holder::Wallet::from_json(text.as_bytes());
        }
    }
}

fn encode(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes)
}

#[test]
fn each_changed_byte_of_a_body_is_refused_at_release_or_changes_nothing() {
    let (world, text) = granted(23, &["name", "balance"]);
    let presented = Presented::parse(&text).unwrap();
    let expected = read(&world, &text).unwrap();
    let mut unchanged = 0;
    for i in 0..world.body.len() {
        let mut altered = world.body.clone();
        altered[i] ^= 0x10;
        let Ok(body) = CertificateBody::parse(&altered) else { continue };
        let released = authorise(&presented, &world, NOW).unwrap().release(&world.audience, &body, &world.issuer, NOW);
        if let Ok(released) = released {
            assert!(released.presentation() == expected.presentation(), "byte {i}");
            unchanged += 1;
        }
    }
    assert!(unchanged > 0 && unchanged < world.body.len(), "fields that were not granted do not matter, the others do");
}
