//! Writes `tests/vectors/certificate` and `tests/vectors/grant`: one file per fault, named for it, and `good.json`.
//!
//! `cargo run -p anju-core --example certificate_vectors` from anywhere in the repository. A reader of these files needs nothing of this
//! crate: bytes and keys are hex, times are milliseconds, `expect` is `ok` or the code of the refusal.
#![allow(clippy::unwrap_used, reason = "a generator that stops says why")]

use std::fs;
use std::path::PathBuf;

use anju_core::certificate::jws::{self, Header, Jwk};
use anju_core::certificate::{
    CertificateBody, CertificateKind, Field, Issuance, IssuerIdentity, body, centre_identifier, fields_of, issue, padding,
};
use anju_core::facts::AccountFacts;
use anju_core::grant::{Asker, GRANT_TYPE, Presented, Said};
use anju_core::holder::{GrantRequest, HolderCard, Wallet, card, grant, receive};
use anju_core::names::{CentreCode, CertificateNumber, FederationName, StatementId};
use anju_core::seal::hpke::{self, OpeningKey};
use anju_core::seal::{Key, Purpose, aead};
use anju_core::shelf::CertificateRow;
use anju_core::sign::SecretKey;
use anju_core::time::{DAY_MS, Time};
use anju_core::wire;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::Encode;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

const SEED: u64 = 20_261_121;
const NOW: Time = Time(1_795_230_000_000);
const GRANTED: [&str; 3] = ["name", "balance", "continuous_months"];

fn facts() -> AccountFacts {
    serde_json::from_value(json!({
        "account_no": "460100200000001", "name": "符海燕", "document_type": "01", "document_no": "46010019900307123X",
        "opened": "201907", "status": "01", "employer": "海口椰风软件有限公司", "deposit_base": 1_380_000, "employer_ratio": 1200,
        "personal_ratio": 1200, "monthly_deposit": 331_200, "balance": 8_645_210, "paid_until": "202610", "run_to_last_paid": 88,
        "continuous_months": 88, "continuous_from": "201907", "continuous_to": "202610", "in_arrears": false, "loan_count": 1,
        "loans_unsettled": 0, "loan_total": 50_000_000, "loan_outstanding": 0,
    }))
    .unwrap()
}

struct World {
    rng: StdRng,
    wallet: Wallet,
    holder: SecretKey,
    issuer_key: SecretKey,
    issuer: IssuerIdentity,
    audience: OpeningKey,
    body: CertificateBody,
    content_key: Key,
}

fn centre(code: &str) -> CentreCode {
    CentreCode::new(code).unwrap()
}

fn world() -> World {
    let mut rng = StdRng::seed_from_u64(SEED);
    let issuer_key = SecretKey::random(&mut rng);
    let federation = FederationName::new("hainan").unwrap();
    let issuer = IssuerIdentity { federation: federation.clone(), centre: centre("C46010"), key: issuer_key.public() };
    let audience = OpeningKey::random(&mut rng);
    let mut wallet = Wallet::default();
    let text = card(&mut rng, NOW, &mut wallet, &issuer.centre).unwrap();
    let keys = HolderCard::parse(&text, &issuer.centre, NOW).unwrap().keys;
    let kind = CertificateKind::CrossRegionLoan;
    let issuance = Issuance {
        number: CertificateNumber::new("C46010-YDDKJCZM-2026-000001").unwrap(),
        kind,
        issuer: issuer.centre.clone(),
        federation,
        addressee: Some(centre("C46020")),
        holder: keys,
        values: fields_of(kind, &facts(), "王经办", "0898-12345678"),
        issued: NOW,
        expires: NOW.plus_ms(90 * DAY_MS),
    };
    let out = issue(&mut rng, &issuance, &issuer_key).unwrap();
    receive(&mut wallet, NOW, &out.body, b"", &issuer).unwrap();
    // The wallet shows its secrets to whoever seals it, and so to us.
    let json: Value = serde_json::from_slice(&wallet.to_json()).unwrap();
    let mut seed = [0; 32];
    hex::decode_to_slice(json["keys"][0]["signing"].as_str().unwrap(), &mut seed).unwrap();
    let holder = SecretKey::from_key(Key::from_bytes(seed));
    let body = CertificateBody::parse(&out.body).unwrap();
    World { rng, wallet, holder, issuer_key, issuer, audience, body, content_key: out.content_key }
}

fn write(folder: &str, name: &str, vector: &Value) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(folder);
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join(format!("{name}.json")), format!("{}\n", serde_json::to_string_pretty(vector).unwrap())).unwrap();
}

impl World {
    fn jwt_key(&self) -> Key {
        body::jwt_key(&self.content_key, &self.body.head.number)
    }

    fn field_key(&self, name: &str) -> Key {
        body::field_key(&self.content_key, &self.body.head.number, name)
    }

    fn jwt(&self) -> String {
        let padded = aead::open(&self.jwt_key(), Purpose::CertificateJwt, &[&self.body.head.bound()], &self.body.jwt).unwrap();
        String::from_utf8(padding::unpad(&padded, body::PADDING_BLOCK_BYTES).unwrap().to_vec()).unwrap()
    }

    fn disclosure(&self, name: &str) -> String {
        let sealed = &self.body.fields.iter().find(|f| f.name == name).unwrap().sealed;
        let bound = [self.body.head.number.as_str().as_bytes(), name.as_bytes()];
        let padded = aead::open(&self.field_key(name), Purpose::CertificateField, &bound, sealed).unwrap();
        String::from_utf8(padding::unpad(&padded, body::padding_block(self.body.head.kind, name)).unwrap().to_vec()).unwrap()
    }

    /// The body with another JWT sealed into it.
    fn with_jwt(&mut self, jwt: &str) -> CertificateBody {
        let mut body = self.body.clone();
        let (key, bound) = (self.jwt_key(), body.head.bound());
        let padded = padding::pad(jwt.as_bytes(), body::PADDING_BLOCK_BYTES);
        body.jwt = aead::seal(&mut self.rng, &key, Purpose::CertificateJwt, &[&bound], &padded);
        body
    }

    /// The JWT's header and payload changed, signed by `key`, sealed.
    fn resigned(&mut self, key: &SecretKey, change: impl Fn(&mut Value, &mut Value)) -> CertificateBody {
        let jwt = self.jwt();
        let part = |i: usize| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(i).unwrap()).unwrap()).unwrap();
        let (mut header, mut payload): (Value, Value) = (part(0), part(1));
        change(&mut header, &mut payload);
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(payload.to_string()));
        let signature = URL_SAFE_NO_PAD.encode(key.sign_raw(signed.as_bytes()).0);
        self.with_jwt(&format!("{signed}.{signature}"))
    }

    fn with_disclosure(&mut self, name: &str, disclosure: &str) -> CertificateBody {
        let mut body = self.body.clone();
        let (key, number) = (self.field_key(name), body.head.number.clone());
        let padded = padding::pad(disclosure.as_bytes(), body::padding_block(body.head.kind, name));
        let bound = [number.as_str().as_bytes(), name.as_bytes()];
        let sealed = aead::seal(&mut self.rng, &key, Purpose::CertificateField, &bound, &padded);
        body.fields.iter_mut().find(|f| f.name == name).unwrap().sealed = sealed;
        body
    }

    fn certificate(&self, name: &str, expect: &str, body: &[u8], change: impl Fn(&mut Value)) {
        let keys: Vec<Value> = GRANTED.iter().map(|n| json!([n, hex::encode(self.field_key(n).expose())])).collect();
        let mut vector = json!({
            "expect": expect, "now": NOW.0, "relying": "C46020", "issuer": self.issuer, "body": hex::encode(body),
            "jwt_key": hex::encode(self.jwt_key().expose()), "field_keys": keys,
        });
        change(&mut vector);
        write("certificate", name, &vector);
    }

    fn certificates(&mut self) {
        let (good, issuer_key, holder) = (self.body.to_bytes(), self.issuer_key.clone(), self.holder.clone());
        self.certificate("good", "ok", &good, |v| {
            v["fields"] = json!({ "name": "符海燕", "balance": "86452.10", "continuous_months": 88 });
        });
        let headers = [("alg_none", "alg", "none"), ("alg_hs256", "alg", "HS256"), ("typ_of_grant", "typ", GRANT_TYPE)];
        for (name, member, value) in headers {
            let body = self.resigned(&issuer_key, |header, _| header[member] = value.into());
            self.certificate(name, "certificate-altered", &body.to_bytes(), |_| {});
        }
        let body = self.resigned(&holder, |_, _| {});
        self.certificate("jwt_signed_by_holder", "certificate-altered", &body.to_bytes(), |_| {});
        for (name, claim, value) in [
            ("vct_of_other_kind", "vct", json!(CertificateKind::Deposit.vct())),
            ("iss_of_other_centre", "iss", json!("urn:anju:hainan:C50010")),
            ("number_of_other_certificate", "number", json!("C46010-YDDKJCZM-2026-000002")),
            ("addressee_other_than_head", "addressee", json!("C50010")),
            ("cnf_of_other_holder", "cnf", json!({ "jwk": Jwk::new(&issuer_key.public()) })),
            ("exp_later_than_head", "exp", json!(NOW.seconds() + 10 * 365 * 86_400)),
            ("sd_alg_not_sha256", "_sd_alg", json!("sha-512")),
            ("unknown_claim", "admin", json!(true)),
        ] {
            let body = self.resigned(&issuer_key, |_, payload| payload[claim] = value.clone());
            self.certificate(name, "certificate-altered", &body.to_bytes(), |_| {});
        }
        self.disclosures();
        self.certificate("relied_on_by_other_than_addressee", "wrong-addressee", &good, |v| v["relying"] = "C50010".into());
        let expires = self.body.head.expires;
        self.certificate("expired_119s_ago", "ok", &good, |v| v["now"] = expires.plus_ms(119_000).0.into());
        self.certificate("expired_121s_ago", "certificate-expired", &good, |v| v["now"] = expires.plus_ms(121_000).0.into());
        self.certificate("valid_in_121s", "certificate-expired", &good, |v| v["now"] = NOW.plus_ms(-121_000).0.into());
        self.certificate("body_truncated", "certificate-altered", &good[..good.len() - 1], |_| {});
        self.certificate("body_with_trailing_byte", "certificate-altered", &[&good[..], &[0]].concat(), |_| {});
        let mut body = self.body.clone();
        body.head.addressee = Some(centre("C50010"));
        self.certificate("addressee_changed_in_head", "certificate-altered", &body.to_bytes(), |v| v["relying"] = "C50010".into());
    }

    fn disclosures(&mut self) {
        let forged = URL_SAFE_NO_PAD.encode(json!(["c2FsdHNhbHRzYWx0c2FsdA", "balance", "9999999.00"]).to_string());
        let (base, balance, name) = (self.disclosure("deposit_base"), self.disclosure("balance"), self.disclosure("name"));
        for (fault, disclosure) in [
            ("disclosure_unreferenced", forged),
            ("disclosure_of_other_field", base),
            ("disclosure_smuggles_second", format!("{balance}~{name}")),
            ("disclosure_empty", String::new()),
        ] {
            let body = self.with_disclosure("balance", &disclosure);
            self.certificate(fault, "certificate-altered", &body.to_bytes(), |_| {});
        }
        let mut body = self.body.clone();
        let place = |name| Field::named(CertificateKind::CrossRegionLoan, name).unwrap().0;
        let (one, other) = (place("deposit_base"), place("balance"));
        let sealed = body.fields[one].sealed.clone();
        body.fields[one].sealed = std::mem::replace(&mut body.fields[other].sealed, sealed);
        self.certificate("fields_swapped_between_names", "certificate-altered", &body.to_bytes(), |_| {});
        let mut body = self.body.clone();
        body.fields.retain(|f| f.name != "balance");
        self.certificate("field_removed", "field-not-in-certificate", &body.to_bytes(), |_| {});
        let mut body = self.body.clone();
        body.fields.swap(one, other);
        self.certificate("fields_out_of_order", "certificate-altered", &body.to_bytes(), |_| {});
    }
}

/// The sealed part of a grant, written here once more from its documented form.
#[derive(Encode)]
#[cbor(map)]
struct Keys {
    #[cbor(n(0), with = "minicbor::bytes")]
    jwt: Vec<u8>,
    #[cbor(n(1), with = "minicbor::bytes")]
    fields: Vec<u8>,
    #[n(2)]
    key_binding: String,
}

impl World {
    fn make(&mut self) -> String {
        let fields = GRANTED.iter().map(|n| (*n).to_owned()).collect();
        let request = GrantRequest::new(NOW, self.body.head.number.clone(), fields, centre("C46020"), "cross-region-loan");
        grant(&mut self.rng, NOW, &mut self.wallet, &request, &self.audience.public()).unwrap()
    }

    fn sign(&self, header: &Header, claims: &Value) -> String {
        jws::sign(header, claims, &self.holder)
    }

    fn key_binding(&self, text: &str) -> Value {
        let mut sd_jwt = format!("{}~", self.jwt());
        GRANTED.iter().for_each(|name| sd_jwt += &format!("{}~", self.disclosure(name)));
        json!({
            "iat": NOW.seconds(), "aud": centre_identifier(&self.issuer.federation, &centre("C46020")),
            "nonce": Presented::parse(text).unwrap().id().to_string(),
            "sd_hash": anju_core::certificate::issue::digest_text(&sd_jwt),
        })
    }

    /// The grant with another key binding, or other field keys, sealed and signed as a dishonest holder's app could.
    fn with_keys(&mut self, text: &str, key_binding: String, fields: &[&str]) -> String {
        let claims = Presented::parse(text).unwrap().claims().clone();
        let keys = fields.iter().flat_map(|name| *self.field_key(name).expose()).collect();
        let plain = wire::encode(&Keys { jwt: self.jwt_key().expose().to_vec(), fields: keys, key_binding });
        let sealed = hpke::seal(&mut self.rng, &self.audience.public(), Purpose::GrantKeys, &claims.bound(), &plain).unwrap();
        let mut claims = serde_json::to_value(claims).unwrap();
        claims["keys"] = URL_SAFE_NO_PAD.encode(wire::encode(&sealed)).into();
        self.sign(&self.header(), &claims)
    }

    fn header(&self) -> Header {
        Header { jwk: Some(Jwk::new(&self.holder.public())), ..Header::new(GRANT_TYPE) }
    }

    fn vector(&self, name: &str, expect: &str, text: &str, change: impl Fn(&mut Value)) {
        let mut vector = json!({
            "expect": expect, "now": NOW.0, "centre": "C46020", "matter": "cross-region-loan", "uses": 0, "issuer": self.issuer,
            "opening_key": hex::encode(self.audience.expose().expose()), "body": hex::encode(self.body.to_bytes()), "grant": text,
        });
        change(&mut vector);
        write("grant", name, &vector);
    }

    fn grants(&mut self) {
        let text = self.make();
        let binding = self.key_binding(&text);
        let presentation = self.presentation(&text);
        self.vector("good", "ok", &text, |v| v["presentation"] = presentation.clone().into());
        let wrapped: Vec<&str> = text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        self.vector("good_with_line_breaks", "ok", &format!("\n {}\r\n", wrapped.join("\r\n")), |_| {});
        self.asked_wrongly(&text);
        self.claims_changed(&text);
        self.bindings(&text, &binding);
        let other = OpeningKey::random(&mut self.rng);
        let key = hex::encode(other.expose().expose());
        self.vector("opened_by_other_centre", "grant-altered", &text, |v| v["opening_key"] = key.clone().into());
    }

    /// The SD-JWT+KB that any other verifier takes.
    fn presentation(&self, text: &str) -> String {
        let head = self.body.head.clone();
        let row = CertificateRow {
            number: head.number,
            issuer: self.issuer.centre.clone(),
            index: 0,
            statement: StatementId([0; 16]),
            kind: head.kind.code().to_owned(),
            addressee: head.addressee,
            holder: head.holder,
            holder_sealing: head.holder_sealing,
            issued: head.issued,
            expires: head.expires,
            ended: None,
        };
        let asker = Asker { centre: &centre("C46020"), now: NOW, matter: None, mode: anju_core::grant::Mode::Details };
        let authorised = Presented::parse(text).unwrap().authorise(&asker, &row, &Said::default()).unwrap();
        authorised.release(&self.audience, &self.body, &self.issuer, NOW).unwrap().presentation().to_owned()
    }

    fn asked_wrongly(&self, text: &str) {
        let last = Presented::parse(text).unwrap().claims().expires();
        self.vector("asked_by_other_centre", "wrong-centre", text, |v| v["centre"] = "C50010".into());
        self.vector("expired_119s_ago", "ok", text, |v| v["now"] = last.plus_ms(119_000).0.into());
        self.vector("expired_121s_ago", "grant-expired", text, |v| v["now"] = last.plus_ms(121_000).0.into());
        self.vector("valid_in_121s", "grant-not-yet-valid", text, |v| v["now"] = NOW.plus_ms(-121_000).0.into());
        self.vector("other_matter", "wrong-matter", text, |v| v["matter"] = "withdrawal".into());
        self.vector("used_up", "grant-used-up", text, |v| v["uses"] = 1.into());
        self.vector("revoked", "grant-revoked", text, |v| v["revoked"] = NOW.0.into());
        self.vector("certificate_ended", "certificate-ended", text, |v| v["ended"] = NOW.0.into());
        let (payload, signature) = text.rsplit_once('.').unwrap();
        let first = if signature.starts_with('A') { "B" } else { "A" };
        self.vector("signature_altered", "grant-altered", &format!("{payload}.{first}{}", &signature[1..]), |_| {});
        self.vector("signature_missing", "grant-malformed", &format!("{payload}."), |_| {});
        self.vector("oversized", "grant-malformed", &"A".repeat(8 * 1024 + 1), |_| {});
    }

    fn claims_changed(&self, text: &str) {
        let claims = serde_json::to_value(Presented::parse(text).unwrap().claims()).unwrap();
        for (name, expect, claim, value) in [
            ("uses_raised_and_signed_again", "grant-altered", "uses", json!(50)),
            ("fields_widened_and_signed_again", "grant-altered", "fields", json!(["name", "document_no", "balance"])),
            ("field_not_in_certificate", "field-not-in-certificate", "fields", json!(["name", "salary"])),
            ("field_twice", "grant-malformed", "fields", json!(["name", "name"])),
            ("uses_above_ceiling", "ceiling-exceeded", "uses", json!(101)),
            ("longer_than_ceiling", "ceiling-exceeded", "exp", json!(NOW.seconds() + 31 * 86_400)),
            ("mode_check", "wrong-mode", "mode", json!("check")),
            ("mode_unknown", "grant-malformed", "mode", json!("all")),
            ("claim_unknown", "grant-malformed", "policy", json!("allow if true")),
            ("suite_unknown", "unsupported", "suite", json!("anju-2")),
            ("sub_of_other_key", "grant-malformed", "sub", json!("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")),
        ] {
            let mut changed = claims.clone();
            changed[claim] = value;
            self.vector(name, expect, &self.sign(&self.header(), &changed), |_| {});
        }
        let good = self.header();
        for (name, header) in [
            ("alg_none", Header { alg: "none".to_owned(), ..good.clone() }),
            ("alg_hs256", Header { alg: "HS256".to_owned(), ..good.clone() }),
            ("typ_of_key_binding", Header { typ: "kb+jwt".to_owned(), ..good.clone() }),
            ("jwk_missing", Header { jwk: None, ..good }),
        ] {
            self.vector(name, "grant-malformed", &self.sign(&header, &claims), |_| {});
        }
        let other = SecretKey::from_key(Key::from_bytes([7; 32]));
        let header = Header { jwk: Some(Jwk::new(&other.public())), ..self.header() };
        let mut stolen = claims;
        let thumbprint = anju_core::certificate::thumbprint(&other.public());
        stolen["sub"] = anju_core::certificate::identity::thumbprint_text(&thumbprint).into();
        self.vector("signed_by_other_holder", "holder-mismatch", &jws::sign(&header, &stolen, &other), |_| {});
    }

    fn bindings(&mut self, text: &str, good: &Value) {
        let header = Header::new("kb+jwt");
        for (name, member, value) in [
            ("key_binding_of_other_grant", "nonce", json!("0".repeat(32))),
            ("key_binding_for_other_audience", "aud", json!("urn:anju:hainan:C50010")),
            ("key_binding_over_other_fields", "sd_hash", json!("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")),
            ("key_binding_121s_older_than_grant", "iat", json!(NOW.seconds() - 121)),
        ] {
            let mut binding = good.clone();
            binding[member] = value;
            let signed = self.sign(&header, &binding);
            let altered = self.with_keys(text, signed, &GRANTED);
            self.vector(name, "grant-altered", &altered, |_| {});
        }
        let by_issuer = jws::sign(&header, good, &self.issuer_key);
        let altered = self.with_keys(text, by_issuer, &GRANTED);
        self.vector("key_binding_by_issuer", "grant-altered", &altered, |_| {});
        let signed = self.sign(&header, good);
        let altered = self.with_keys(text, signed.clone(), &GRANTED[..2]);
        self.vector("field_key_missing", "grant-altered", &altered, |_| {});
        let altered = self.with_keys(text, signed, &["balance", "name", "continuous_months"]);
        self.vector("field_keys_swapped", "certificate-altered", &altered, |_| {});
    }
}

fn main() {
    let mut world = world();
    world.certificates();
    world.grants();
}
