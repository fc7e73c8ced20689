//! Certificates as a whole: issued, opened, verified, and every way of altering one refused.

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::body::{field_key, jwt_key};
use super::issue::JWT_TYPE;
use super::*;
use crate::error::{Refusal, RefusalCode};
use crate::facts::{AccountFacts, AccountStatus, Fen, Month};
use crate::names::{CentreCode, CertificateNumber, FederationName};
use crate::seal::hpke::OpeningKey;
use crate::seal::hybrid::HybridOpeningKey;
use crate::seal::{Key, Purpose, aead};
use crate::sign::SecretKey;
use crate::time::{DAY_MS, SECOND_MS, Time};

/// Facts of an account that may get every kind of certificate.
pub(crate) fn facts() -> AccountFacts {
    AccountFacts {
        account_no: "460100200000001".to_owned(),
        name: "符海燕".to_owned(),
        document_type: "01".to_owned(),
        document_no: "46010019900307123X".to_owned(),
        opened: Month { year: 2019, month: 7 },
        status: AccountStatus::Normal,
        employer: "海口椰风软件有限公司".to_owned(),
        deposit_base: Fen(1_380_000),
        employer_ratio: 1200,
        personal_ratio: 1200,
        monthly_deposit: Fen(331_200),
        balance: Fen(8_645_210),
        paid_until: Month { year: 2026, month: 10 },
        run_to_last_paid: 88,
        continuous_months: 88,
        continuous_from: Some(Month { year: 2019, month: 7 }),
        continuous_to: Some(Month { year: 2026, month: 10 }),
        in_arrears: false,
        loan_count: 1,
        loans_unsettled: 0,
        loan_total: Fen(50_000_000),
        loan_outstanding: Fen(0),
    }
}

pub(crate) fn centre(code: &str) -> CentreCode {
    CentreCode::new(code).unwrap()
}

/// A moment in November 2026.
pub(crate) const NOW: Time = Time(1_795_230_000_000);

/// An issuer, a holder and one certificate.
pub(crate) struct Issue {
    pub(crate) issuer_key: SecretKey,
    pub(crate) issuer: IssuerIdentity,
    pub(crate) holder: SecretKey,
    pub(crate) issuance: Issuance,
    pub(crate) body: CertificateBody,
    pub(crate) content_key: Key,
}

pub(crate) fn issued(kind: CertificateKind, seed: u64) -> Issue {
    let mut rng = StdRng::seed_from_u64(seed);
    let (issuer_key, holder, holder_opening) = (SecretKey::random(&mut rng), SecretKey::random(&mut rng), OpeningKey::random(&mut rng));
    let hybrid = HybridOpeningKey::random(&mut rng).public();
    let federation = FederationName::new("hainan").unwrap();
    let issuer = IssuerIdentity { federation: federation.clone(), centre: centre("C46010"), key: issuer_key.public() };
    let issuance = Issuance {
        number: CertificateNumber::new(&format!("C46010-{kind}-2026-000001")).unwrap(),
        kind,
        issuer: centre("C46010"),
        federation,
        addressee: kind.needs_addressee().then(|| centre("C46020")),
        holder: HolderKeys { signing: holder.public(), sealing: holder_opening.public(), hybrid },
        values: fields_of(kind, &facts(), "王经办", "0898-12345678"),
        issued: NOW,
        expires: NOW.plus_ms(90 * DAY_MS),
    };
    let out = issue(&mut rng, &issuance, &issuer_key).unwrap();
    let body = CertificateBody::parse(&out.body).unwrap();
    Issue { issuer_key, issuer, holder, issuance, body, content_key: out.content_key }
}

impl Issue {
    fn keys(&self, body: &CertificateBody) -> Vec<(String, Key)> {
        body.fields.iter().map(|f| (f.name.clone(), field_key(&self.content_key, &body.head.number, &f.name))).collect()
    }

    /// Opens everything in `body` and verifies it as of [`NOW`] for the centre it is addressed to.
    fn verify(&self, body: &CertificateBody) -> Result<Verified<Certificate>, Refusal> {
        self.verify_at(body, NOW, &centre("C46020"))
    }

    fn verify_at(&self, body: &CertificateBody, now: Time, relying: &CentreCode) -> Result<Verified<Certificate>, Refusal> {
        let key = jwt_key(&self.content_key, &body.head.number);
        open_with_keys(body, &key, &self.keys(body))?.verify(&self.issuer, Reliance::Centre(relying), now)
    }

    fn jwt(&self) -> String {
        self.body.open_jwt(&jwt_key(&self.content_key, &self.body.head.number)).unwrap().to_string()
    }

    /// The body with another JWT under the same seal.
    fn with_jwt(&self, jwt: &str) -> CertificateBody {
        let mut body = self.body.clone();
        let key = jwt_key(&self.content_key, &body.head.number);
        let padded = padding::pad(jwt.as_bytes(), body::PADDING_BLOCK_BYTES);
        body.jwt = aead::seal(&mut StdRng::seed_from_u64(99), &key, Purpose::CertificateJwt, &[&body.head.bound()], &padded);
        body
    }

    /// The JWT with its header and payload changed, signed again by `key`.
    fn resigned(&self, key: &SecretKey, change: impl Fn(&mut Value, &mut Value)) -> CertificateBody {
        let jwt = self.jwt();
        let mut parts = jwt.split('.').map(|part| serde_json::from_slice(&unbase64(part)).unwrap_or_default());
        let (mut header, mut payload): (Value, Value) = (parts.next().unwrap(), parts.next().unwrap());
        change(&mut header, &mut payload);
        let signed = format!("{}.{}", base64(header.to_string().as_bytes()), base64(payload.to_string().as_bytes()));
        self.with_jwt(&format!("{signed}.{}", base64(&key.sign_raw(signed.as_bytes()).0)))
    }

    /// The body with another disclosure sealed as `name`.
    fn with_disclosure(&self, name: &str, disclosure: &str) -> CertificateBody {
        let mut body = self.body.clone();
        let number = body.head.number.as_str().as_bytes().to_vec();
        let padded = padding::pad(disclosure.as_bytes(), body::padding_block(body.head.kind, name));
        let key = field_key(&self.content_key, &body.head.number, name);
        let bound = [&number[..], name.as_bytes()];
        let field = body.fields.iter_mut().find(|f| f.name == name).unwrap();
        field.sealed = aead::seal(&mut StdRng::seed_from_u64(98), &key, Purpose::CertificateField, &bound, &padded);
        body
    }

    fn disclosure(&self, name: &str) -> String {
        self.body.open_field(name, &field_key(&self.content_key, &self.body.head.number, name)).unwrap().to_string()
    }
}

fn base64(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes)
}

fn unbase64(text: &str) -> Vec<u8> {
    base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text).unwrap()
}

#[track_caller]
fn refused(result: Result<Verified<Certificate>, Refusal>, code: RefusalCode, detail: &str) {
    let refusal = result.unwrap_err();
    assert_eq!((refusal.code, refusal.detail.as_deref().unwrap_or_default()), (code, detail));
}

use RefusalCode::CertificateAltered as Altered;

#[test]
fn every_kind_comes_back_with_the_values_that_went_in() {
    for kind in CertificateKind::ALL {
        let issue = issued(kind, 1);
        let verified = issue.verify(&issue.body).unwrap();
        assert!(*verified.get().fields() == issue.issuance.values, "{kind}");
        assert_eq!(verified.get().signed_fields, Field::all(kind).len());
        assert_eq!(verified.get().holder_key, issue.holder.public());
        assert!(issue.body.to_bytes().len() < 9 * 1024, "a certificate stays small");
    }
}

#[test]
fn nothing_personal_can_be_read_in_the_body_and_equal_lengths_of_it_tell_nothing() {
    let issue = issued(CertificateKind::CrossRegionLoan, 2);
    let bytes = issue.body.to_bytes();
    let planted = [issue.body.head.number.as_str(), "balance"];
    assert!(planted.iter().all(|text| find(&bytes, text)), "the search finds what is there");
    for (_, value) in issue.issuance.values.iter().filter(|(name, _)| ["name", "document_no", "account_no", "employer"].contains(name)) {
        let text = value.as_str().unwrap();
        assert!(!find(&bytes, text) && !find(&bytes, &base64(text.as_bytes())));
    }
    let mut other = facts();
    other.name = "欧阳·买买提明".to_owned();
    other.employer = "海".to_owned();
    other.balance = Fen(999_999_999_999);
    other.loan_total = Fen(1);
    other.loan_count = 4_000_000_000;
    other.continuous_months = 0;
    other.continuous_from = None;
    let mut rng = StdRng::seed_from_u64(3);
    let issuance = Issuance { values: fields_of(issue.issuance.kind, &other, "王经办", "0898-12345678"), ..issue.issuance.clone() };
    assert_eq!(super::issue(&mut rng, &issuance, &issue.issuer_key).unwrap().body.len(), bytes.len());
}

fn find(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn two_certificates_of_one_person_share_no_digest() {
    let (one, other) = (issued(CertificateKind::Deposit, 4), issued(CertificateKind::Deposit, 5));
    let digests = |issue: &Issue| -> Vec<String> {
        let payload: Value = serde_json::from_slice(&unbase64(issue.jwt().split('.').nth(1).unwrap())).unwrap();
        serde_json::from_value(payload["_sd"].clone()).unwrap()
    };
    let (one, other) = (digests(&one), digests(&other));
    assert!(one.iter().all(|digest| !other.contains(digest)));
    assert!(one.is_sorted(), "the order of digests tells nothing");
}

#[test]
fn an_unsigned_or_otherwise_signed_jwt_is_refused() {
    let issue = issued(CertificateKind::CrossRegionLoan, 6);
    let other = SecretKey::from_key(Key::from_bytes([9; 32]));
    refused(issue.verify(&issue.resigned(&other, |_, _| {})), Altered, "signature");
    for alg in ["none", "HS256", "ES256", "Ed25519", "eddsa", ""] {
        refused(issue.verify(&issue.resigned(&issue.issuer_key, |header, _| header["alg"] = alg.into())), Altered, "jwt");
    }
    let unsigned = issue.resigned(&issue.issuer_key, |header, _| header["alg"] = "none".into());
    let jwt = unsigned.open_jwt(&jwt_key(&issue.content_key, &unsigned.head.number)).unwrap();
    let stripped = format!("{}.", jwt.rsplit_once('.').unwrap().0);
    refused(issue.verify(&issue.with_jwt(&stripped)), Altered, "jwt");
    // HMAC under the issuer's public key, the old confusion of algorithms.
    let signed = jwt.rsplit_once('.').unwrap().0;
    refused(issue.verify(&issue.with_jwt(&format!("{signed}.{}", base64(&issue.issuer.key.0)))), Altered, "jwt");
}

#[test]
fn a_jwt_of_another_type_or_with_a_key_of_its_own_is_refused() {
    let issue = issued(CertificateKind::CrossRegionLoan, 7);
    for typ in ["anju-grant+jwt", "kb+jwt", "JWT", "vc+sd-jwt", ""] {
        refused(issue.verify(&issue.resigned(&issue.issuer_key, |header, _| header["typ"] = typ.into())), Altered, "jwt");
    }
    let own = json!({ "kty": "OKP", "crv": "Ed25519", "x": base64(&issue.holder.public().0) });
    refused(issue.verify(&issue.resigned(&issue.holder, |header, _| header["jwk"] = own.clone())), Altered, "header");
    refused(issue.verify(&issue.resigned(&issue.issuer_key, |header, _| header["crit"] = json!(["x"]))), Altered, "jwt");
    assert!(issue.verify(&issue.resigned(&issue.issuer_key, |header, _| header["typ"] = JWT_TYPE.into())).is_ok());
}

#[test]
fn a_jwt_that_says_something_else_than_the_head_is_refused() {
    let issue = issued(CertificateKind::CrossRegionLoan, 8);
    let with = |claim: &str, value: Value| {
        let body = issue.resigned(&issue.issuer_key, |_, payload| payload[claim] = value.clone());
        issue.verify(&body)
    };
    refused(with("iss", "urn:anju:hainan:C50010".into()), Altered, "iss");
    refused(with("vct", CertificateKind::Deposit.vct().into()), Altered, "vct");
    refused(with("number", "C46010-YDDKJCZM-2026-000002".into()), Altered, "number");
    refused(with("addressee", "C50010".into()), Altered, "addressee");
    refused(with("nbf", (NOW.seconds() - 1).into()), Altered, "iat");
    refused(with("exp", (NOW.seconds() + 999_999_999).into()), Altered, "exp");
    refused(with("_sd_alg", "sha-512".into()), Altered, "_sd_alg");
    refused(with("status", json!({ "anju_journal": { "origin": "anju.hainan/C50010", "number": "x" } })), Altered, "status");
    refused(with("role", "anything".into()), Altered, "signature");
    let jwk = json!({ "jwk": { "kty": "OKP", "crv": "Ed25519", "x": base64(&issue.issuer.key.0) } });
    refused(with("cnf", jwk), Altered, "cnf");
}

#[test]
fn a_certificate_of_another_issuer_or_federation_is_refused() {
    let issue = issued(CertificateKind::Deposit, 9);
    let key = jwt_key(&issue.content_key, &issue.body.head.number);
    let by = |issuer: IssuerIdentity| open_with_keys(&issue.body, &key, &[]).unwrap().verify(&issuer, Reliance::Holder, NOW);
    refused(by(IssuerIdentity { centre: centre("C50010"), ..issue.issuer.clone() }), Altered, "iss");
    refused(by(IssuerIdentity { federation: FederationName::new("other").unwrap(), ..issue.issuer.clone() }), Altered, "iss");
    refused(by(IssuerIdentity { key: issue.holder.public(), ..issue.issuer.clone() }), Altered, "signature");
}

#[test]
fn a_certificate_for_one_lender_is_refused_at_another_and_validity_has_120_seconds_of_tolerance() {
    let issue = issued(CertificateKind::CrossRegionLoan, 10);
    let at = |now: Time| issue.verify_at(&issue.body, now, &centre("C46020"));
    refused(issue.verify_at(&issue.body, NOW, &centre("C50010")), RefusalCode::WrongAddressee, "C46020");
    let (first, last) = (issue.issuance.issued, issue.issuance.expires);
    assert!(at(first.plus_ms(-119 * SECOND_MS)).is_ok() && at(last.plus_ms(119 * SECOND_MS)).is_ok());
    refused(at(first.plus_ms(-121 * SECOND_MS)), RefusalCode::CertificateExpired, "not-yet-valid");
    refused(at(last.plus_ms(121 * SECOND_MS)), RefusalCode::CertificateExpired, "");
    let open = issued(CertificateKind::Deposit, 10);
    assert!(open.verify_at(&open.body, NOW, &centre("C50010")).is_ok(), "without an addressee every centre may rely on it");
}

#[test]
fn a_disclosure_that_the_jwt_does_not_reference_is_refused() {
    let issue = issued(CertificateKind::CrossRegionLoan, 11);
    let forged = base64(json!(["c2FsdHNhbHRzYWx0c2FsdA", "balance", "9999999.00"]).to_string().as_bytes());
    refused(issue.verify(&issue.with_disclosure("balance", &forged)), Altered, "unreferenced");
    let other = issued(CertificateKind::CrossRegionLoan, 12);
    refused(issue.verify(&issue.with_disclosure("balance", &other.disclosure("balance"))), Altered, "unreferenced");
}

#[test]
fn a_disclosure_of_one_field_is_not_accepted_as_another() {
    let issue = issued(CertificateKind::CrossRegionLoan, 13);
    refused(issue.verify(&issue.with_disclosure("deposit_base", &issue.disclosure("balance"))), Altered, "deposit_base");
    // Two fields exchange their sealed bytes, or only their names.
    let mut body = issue.body.clone();
    let (one, other) = (body.fields[7].sealed.clone(), body.fields[11].sealed.clone());
    (body.fields[7].sealed, body.fields[11].sealed) = (other, one);
    refused(issue.verify(&body), Altered, "");
    let mut body = issue.body.clone();
    body.fields.swap(7, 11);
    assert_eq!(CertificateBody::parse(&body.to_bytes()), Err(body::BodyError::Fields));
}

#[test]
fn a_disclosure_with_more_than_a_field_in_it_is_refused() {
    let issue = issued(CertificateKind::CrossRegionLoan, 14);
    let balance = issue.disclosure("balance");
    for (disclosure, detail) in [
        (format!("{balance}~{}", issue.disclosure("name")), "disclosure"),
        (format!("{balance}="), "disclosure"),
        (String::new(), "disclosure"),
        (format!("{balance}.{balance}"), "disclosure"),
        (base64(br#"["salt","86452.10"]"#), "balance"),
        (base64(b"[[[["), "disclosure"),
    ] {
        refused(issue.verify(&issue.with_disclosure("balance", &disclosure)), Altered, detail);
    }
}

#[test]
fn a_signed_value_of_another_form_is_refused() {
    let issue = issued(CertificateKind::CrossRegionLoan, 15);
    let disclosure = base64(json!(["c2FsdHNhbHRzYWx0c2FsdA", "balance", {"_sd": []}]).to_string().as_bytes());
    let body = issue.resigned(&issue.issuer_key, |_, payload| {
        payload["_sd"].as_array_mut().unwrap().push(issue::digest_text(&disclosure).into());
    });
    let sealed = issue.with_disclosure("balance", &disclosure);
    let body = CertificateBody { fields: sealed.fields, ..body };
    refused(issue.verify(&body), Altered, "balance");
}

#[test]
fn field_keys_open_their_own_field_only_and_unknown_fields_are_named() {
    let issue = issued(CertificateKind::CrossRegionLoan, 16);
    let number = &issue.body.head.number;
    let jwt = jwt_key(&issue.content_key, number);
    let balance = field_key(&issue.content_key, number, "balance");
    let open = |keys: &[(&str, &Key)]| {
        let keys: Vec<(String, Key)> = keys.iter().map(|(name, key)| ((*name).to_owned(), (*key).clone())).collect();
        open_with_keys(&issue.body, &jwt, &keys).map(|_| ()).map_err(|refusal| (refusal.code, refusal.detail.unwrap_or_default()))
    };
    assert_eq!(open(&[("balance", &balance)]), Ok(()));
    assert_eq!(open(&[("name", &balance)]), Err((Altered, String::new())));
    assert_eq!(open(&[("balance", &balance), ("balance", &balance)]), Err((Altered, String::new())));
    assert_eq!(open(&[("paid_until", &balance)]), Err((RefusalCode::FieldNotInCertificate, "paid_until".to_owned())));
    assert_eq!(open(&[("符海燕", &balance)]), Err((RefusalCode::FieldNotInCertificate, "unknown".to_owned())));
    let other = issued(CertificateKind::CrossRegionLoan, 17);
    assert!(open_with_keys(&other.body, &jwt, &[]).is_err(), "the keys of one certificate open no other");
}

#[test]
fn every_changed_byte_of_a_body_is_refused_or_changes_nothing_that_is_read() {
    let issue = issued(CertificateKind::CrossRegionLoan, 18);
    let bytes = issue.body.to_bytes();
    let names = ["name", "balance", "continuous_months"];
    let read = |body: &CertificateBody| -> Result<FieldValues, Refusal> {
        let number = &issue.body.head.number;
        let keys: Vec<_> = names.iter().map(|n| ((*n).to_owned(), field_key(&issue.content_key, number, n))).collect();
        let opened = open_with_keys(body, &jwt_key(&issue.content_key, number), &keys)?;
        Ok(opened.verify(&issue.issuer, Reliance::Centre(&centre("C46020")), NOW)?.get().fields().clone())
    };
    let expected = read(&issue.body).unwrap();
    let head = crate::wire::encode(&issue.body.head).len();
    for i in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[i] ^= 1;
        let Ok(body) = CertificateBody::parse(&altered) else { continue };
        match read(&body) {
            Ok(values) => {
                assert!(values == expected, "byte {i}");
                assert!(i > 2 + head, "byte {i} of the head was changed and nobody noticed");
                assert!(body.jwt == issue.body.jwt, "byte {i} of the sealed JWT was changed and nobody noticed");
            }
            Err(refusal) => assert_ne!(refusal.code, RefusalCode::StoreUnavailable),
        }
    }
    for cut in [0, 1, 100, bytes.len() - 1] {
        assert!(CertificateBody::parse(&bytes[..cut]).is_err());
    }
    assert!(CertificateBody::parse(&vec![0; MAX_CERTIFICATE_BODY_BYTES + 1]).is_err());
}

#[test]
fn what_does_not_fit_is_not_issued() {
    let issue = issued(CertificateKind::CrossRegionLoan, 19);
    let mut rng = StdRng::seed_from_u64(20);
    let mut code = |issuance: Issuance| {
        let refusal = super::issue(&mut rng, &issuance, &issue.issuer_key).unwrap_err();
        (refusal.code, refusal.detail.unwrap_or_default())
    };
    let base = &issue.issuance;
    let with_name = |name: &str| fields_of(base.kind, &AccountFacts { name: name.to_owned(), ..facts() }, "", "");
    assert_eq!(code(Issuance { addressee: None, ..base.clone() }).0, RefusalCode::AddresseeInvalid);
    assert_eq!(code(Issuance { addressee: Some(centre("C46010")), ..base.clone() }).0, RefusalCode::AddresseeInvalid);
    assert_eq!(code(Issuance { issuer: centre("C50010"), ..base.clone() }), (RefusalCode::RequestInvalid, "number".to_owned()));
    assert_eq!(code(Issuance { expires: base.issued, ..base.clone() }), (RefusalCode::RequestInvalid, "validity".to_owned()));
    assert_eq!(
        code(Issuance { values: with_name(&"长".repeat(100)), ..base.clone() }),
        (RefusalCode::AccountUnreadable, "name".to_owned())
    );
    assert_eq!(
        code(Issuance { values: fields_of(CertificateKind::Deposit, &facts(), "", ""), ..base.clone() }).0,
        RefusalCode::AccountUnreadable
    );
    let weak = HolderKeys { sealing: crate::seal::hpke::SealingKey([0; 32]), ..base.holder.clone() };
    assert_eq!(code(Issuance { holder: weak, ..base.clone() }).0, RefusalCode::CardInvalid);
}
