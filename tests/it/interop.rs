//! What we make, judged by software that nobody here wrote (`tests/interop`): a certificate with its disclosed fields and key binding,
//! its content key, a grant and the keys sealed in it, and a journal's proofs, all from the public functions, and for each of them altered copies that must be refused.
#![allow(clippy::unwrap_used, reason = "a test's helpers stop as its tests do")]

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anju_core::certificate::issue::digest_text;
use anju_core::certificate::jws::{self, Header, Jwk};
use anju_core::certificate::{CertificateBody, centre_identifier, fields_of};
use anju_core::grant::{GRANT_TYPE, Presented};
use anju_core::holder::{GrantRequest, grant};
use anju_core::journal::{Kind, Statement, proof};
use anju_core::seal::hpke::{self, OpeningKey, Sealed};
use anju_core::seal::hybrid::{self, HybridOpeningKey, HybridSealed};
use anju_core::seal::{Key, Purpose};
use anju_core::sign::SecretKey;
use anju_core::time::{DAY_MS, Time};
use anju_core::wire;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::made::{GRANTED, Leaves, Made, facts};

/// The Python that has what `tests/interop/requirements.txt` names.
const PYTHON: &str = "ANJU_INTEROP_PYTHON";
/// With the value 1, what would be skipped fails.
const REQUIRE_ALL: &str = "ANJU_REQUIRE_ALL";
/// Rows of the journal that is proven.
const JOURNAL_ROWS: usize = 300;

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The same text with one character changed.
fn flipped(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

/// The judges look at the real clock, so the certificate is issued now.
fn real_now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Time(i64::try_from(since.as_millis()).unwrap())
}

#[test]
fn foreign_software_accepts_what_we_make_and_refuses_what_was_altered() {
    let Some(python) = std::env::var_os(PYTHON) else {
        assert!(std::env::var(REQUIRE_ALL).as_deref() != Ok("1"), "{PYTHON} names no Python, and {REQUIRE_ALL}=1");
        println!("skipped: {PYTHON} names no Python with the judges of tests/interop");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("input.json");
    std::fs::write(&file, serde_json::to_vec(&input()).unwrap()).unwrap();
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/check.py");
    let out = Command::new(python).arg(script).arg(&file).output().unwrap();
    println!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "a judge disagrees: {}", out.status);
}

/// That the input can be made, and that our own readers refuse every altered thing in it, needs no Python.
#[test]
fn our_own_readers_agree_with_what_the_judges_are_asked() {
    let input = input();
    let made = Made::new(21, real_now());
    for (fault, text) in input["altered"]["grants"].as_object().unwrap() {
        assert!(made.read(text.as_str().unwrap(), &made.body).is_err(), "{fault}");
    }
    assert!(input["altered"]["presentations"].as_object().unwrap().len() >= 9);
}

fn input() -> Value {
    let mut made = Made::new(21, real_now());
    let presented = Presented::parse(&made.grant).unwrap();
    let released = made.read(&made.grant, &made.body).unwrap();
    let sealed: Sealed = wire::decode(&URL_SAFE_NO_PAD.decode(&presented.claims().keys).unwrap(), 16 * 1024).unwrap();
    let bound = presented.claims().bound();
    let plain = hpke::open(&made.lender.keys.sealing, Purpose::GrantKeys, &bound, &sealed).unwrap();
    let claims: Map<String, Value> = released.fields().iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    let all = fields_of(CertificateBody::parse(&made.body).unwrap().head.kind, &facts(), "", "");
    let hidden: Vec<String> = all.names().into_iter().filter(|name| !GRANTED.contains(&name.as_str())).collect();
    let presentation = released.presentation().to_owned();
    let (merkle, altered_merkle) = merkle(&mut made);
    json!({
        "issuer_iss": made.identity().iss(),
        "issuer_jwk": jwk(&made.issuer.keys.signing),
        "vct": CertificateBody::parse(&made.body).unwrap().head.kind.vct(),
        "audience": centre_identifier(made.charter.federation(), &made.lender.code),
        "nonce": presented.id().to_string(),
        "sd_jwt_presentation": presentation,
        "expected_claims": claims,
        "hidden_claims": hidden,
        "grant_jws": made.grant,
        "holder_jwk": jwk(&made.holder),
        "audience_sealing_private_hex": hex::encode(made.lender.keys.sealing.expose().expose()),
        "hpke_info": Purpose::GrantKeys.label(),
        "hpke_aad_b64": base64url(&bound),
        "grant_keys_enc_b64": base64url(&sealed.enc),
        "grant_keys_ct_b64": base64url(&sealed.ciphertext),
        "grant_keys_plain_b64": base64url(&plain),
        "hybrid": content_key(&made),
        "merkle": merkle,
        "subjects": subjects(),
        "altered": {
            "presentations": presentations(&mut made, &presentation),
            "grants": grants(&made),
            "sealed": sealed_keys(&mut made, &sealed, &bound, &plain),
            "hybrid": altered_content_keys(&mut made),
            "merkle": altered_merkle,
            "subjects": altered_subjects(),
        },
    })
}

fn hybrid_message(sealed: &HybridSealed, bound: &[u8]) -> Value {
    json!({"enc_b64": base64url(sealed.enc.as_slice()), "ct_b64": base64url(&sealed.ciphertext), "aad_b64": base64url(bound)})
}

/// The certificate's content key as it travels, and the holder's seed that opens it.
fn content_key(made: &Made) -> Value {
    let body = CertificateBody::parse(&made.body).unwrap();
    let holder = made.wallet.keys()[0].hybrid();
    let mut out = hybrid_message(&body.content_key, &body.head.bound());
    out["seed_hex"] = hex::encode(holder.expose().expose()).into();
    out["public_hex"] = hex::encode(holder.public().as_bytes()).into();
    out["info"] = Purpose::CertificateContent.label().into();
    out["plain_b64"] = base64url(made.content_key.expose()).into();
    out
}

fn altered_content_keys(made: &mut Made) -> Value {
    let body = CertificateBody::parse(&made.body).unwrap();
    let (good, bound, plain) = (&body.content_key, body.head.bound(), made.content_key.expose());
    let mut other_head = body.head.clone();
    other_head.expires = other_head.expires.plus_ms(1);
    let (mut flip, mut cut, mut lattice, mut curve) = (good.clone(), good.clone(), good.clone(), good.clone());
    flip.ciphertext[0] ^= 1;
    cut.ciphertext.pop();
    lattice.enc[500] ^= 1;
    curve.enc[1_100] ^= 1;
    let holder = made.wallet.keys()[0].hybrid().public();
    let stranger = HybridOpeningKey::from_key(Key::from_bytes([8; 32])).public();
    let to_stranger = hybrid::seal(&mut made.rng, &stranger, Purpose::CertificateContent, &bound, plain).unwrap();
    let for_epoch = hybrid::seal(&mut made.rng, &holder, Purpose::Epoch, &bound, plain).unwrap();
    json!({
        "a-byte-was-changed": hybrid_message(&flip, &bound),
        "the-tag-was-cut": hybrid_message(&cut, &bound),
        "the-lattice-half-was-changed": hybrid_message(&lattice, &bound),
        "the-curve-half-was-changed": hybrid_message(&curve, &bound),
        "the-head-is-another": hybrid_message(good, &other_head.bound()),
        "it-is-for-another-holder": hybrid_message(&to_stranger, &bound),
        "it-was-sealed-for-another-purpose": hybrid_message(&for_epoch, &bound),
    })
}

/// What a core test shows to be what we derive.
fn subjects() -> Value {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/subject-derivation.json")).unwrap();
    vectors["vectors"].clone()
}

/// One member of a vector at a time is another than the rest comes to.
fn altered_subjects() -> Value {
    let vectors = subjects();
    let find = |name: &str| vectors.as_array().unwrap().iter().find(|vector| vector["name"] == name).unwrap().clone();
    let (person, other, organisation) = (find("person"), find("another-person"), find("organisation-under-another-pepper"));
    let mut out = Map::new();
    for (name, from) in [("person", &person), ("organisation", &find("organisation"))] {
        let foreign = if name == "person" { &other } else { &organisation };
        for member in ["secret", "token", "entry_key"] {
            let mut altered = from.clone();
            altered[member] = foreign[member].clone();
            out.insert(format!("the-{member}-of-the-{name}-is-anothers"), altered);
        }
    }
    for (member, value) in [("number", "460199197601171425"), ("document_type", "03"), ("decision_no", "海金管决〔2026〕2号")] {
        let mut altered = person.clone();
        altered[member] = value.into();
        out.insert(format!("another-{member}"), altered);
    }
    out.into()
}

fn jwk(key: &SecretKey) -> Value {
    serde_json::to_value(Jwk::new(&key.public())).unwrap()
}

/// Payload of a key binding, its members in the order in which the product writes them.
#[derive(Serialize)]
struct Binding<'a> {
    iat: i64,
    aud: &'a str,
    nonce: &'a str,
    sd_hash: String,
}

/// JWT and disclosures, bound again by `key` as honestly as that key can.
fn bound_again(made: &Made, sd_jwt: &str, key: &SecretKey, audience: &str, nonce: &str, age_seconds: i64) -> String {
    let binding = Binding { iat: made.now.seconds() - age_seconds, aud: audience, nonce, sd_hash: digest_text(sd_jwt) };
    format!("{sd_jwt}{}", jws::sign(&Header::new("kb+jwt"), &binding, key))
}

fn presentations(made: &mut Made, good: &str) -> Value {
    let (sd_jwt, _) = good.rsplit_once('~').unwrap();
    let sd_jwt = format!("{sd_jwt}~");
    let audience = centre_identifier(made.charter.federation(), &made.lender.code);
    let nonce = made.grant_id().to_string();
    let bind = |sd_jwt: &str| bound_again(made, sd_jwt, &made.holder, &audience, &nonce, 0);
    let first = sd_jwt.split('~').nth(1).unwrap();
    let array: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(first).unwrap()).unwrap();
    let forged = base64url(json!([array[0], array[1], "符海鹰"]).to_string().as_bytes());
    let more = base64url(json!([array[0], "loan_total", "0.00"]).to_string().as_bytes());
    let jwt_len = sd_jwt.find('~').unwrap();
    let (_, binding) = good.rsplit_once('~').unwrap();
    let third = centre_identifier(made.charter.federation(), &made.third.code);
    let stranger = SecretKey::from_key(Key::from_bytes([9; 32]));
    // Made by our own crafting, and right: else the refusals below would show nothing.
    assert_eq!(bind(&sd_jwt), good);
    let mut out = json!({
        "a-field-was-changed": good.replacen(first, &forged, 1),
        "a-field-was-changed-and-bound-again": bind(&sd_jwt.replacen(first, &forged, 1)),
        "a-field-was-added-and-bound-again": bind(&format!("{sd_jwt}{more}~")),
        "a-disclosure-was-removed": good.replacen(&format!("~{first}"), "", 1),
        "a-disclosure-is-there-twice": bind(&format!("{sd_jwt}{first}~")),
        "the-issuer-signature-was-changed": bind(&flipped(&sd_jwt, jwt_len - 10)),
        "the-issuer-payload-was-changed": bind(&other_end(&sd_jwt)),
        "the-binding-signature-was-changed": flipped(good, good.len() - 10),
        "the-binding-is-by-another-key": bound_again(made, &sd_jwt, &stranger, &audience, &nonce, 0),
        "the-binding-is-for-another-audience": bound_again(made, &sd_jwt, &made.holder, &third, &nonce, 0),
        "the-binding-is-for-another-nonce": bound_again(made, &sd_jwt, &made.holder, &audience, &"0".repeat(32), 0),
        "the-binding-is-a-day-old": bound_again(made, &sd_jwt, &made.holder, &audience, &nonce, 86_400),
        "the-binding-is-of-other-fields": format!("{}~{binding}", &sd_jwt[..jwt_len]),
    });
    out["the-binding-is-of-another-grant"] = of_another_grant(made).into();
    out["the-certificate-has-expired"] = expired(&audience, &nonce).into();
    out
}

/// The JWT with a later end and its signature kept.
fn other_end(sd_jwt: &str) -> String {
    let payload = sd_jwt.split('.').nth(1).unwrap();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    claims["exp"] = (claims["exp"].as_i64().unwrap() + 1).into();
    sd_jwt.replacen(payload, &base64url(claims.to_string().as_bytes()), 1)
}

/// A whole and honest presentation, of a grant that the judge is not asked about.
fn of_another_grant(made: &mut Made) -> String {
    let fields = GRANTED.iter().map(|name| (*name).to_owned()).collect();
    let request = GrantRequest::new(made.now, made.number.clone(), fields, made.lender.code.clone(), "cross-region-loan");
    let text = grant(&mut made.rng, made.now, &mut made.wallet, &request, &made.lender.card.sealing).unwrap();
    made.read(&text, &made.body).unwrap().presentation().to_owned()
}

/// The same issuer, a hundred days ago, bound today.
fn expired(audience: &str, nonce: &str) -> String {
    let now = real_now();
    let mut old = Made::new(21, now.plus_ms(-100 * DAY_MS));
    let presentation = old.read(&old.grant, &old.body).unwrap().presentation().to_owned();
    let (sd_jwt, _) = presentation.rsplit_once('~').unwrap();
    old.now = now;
    bound_again(&old, &format!("{sd_jwt}~"), &old.holder, audience, nonce, 0)
}

fn grants(made: &Made) -> Value {
    let good = &made.grant;
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (head, payload) = signed.split_once('.').unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let with = |name: &str, value: Value| {
        let mut changed = claims.clone();
        changed[name] = value;
        format!("{head}.{}.{signature}", base64url(changed.to_string().as_bytes()))
    };
    let header = Header { jwk: Some(Jwk::new(&made.holder.public())), ..Header::new(GRANT_TYPE) };
    assert_eq!(jws::sign(&header, &serde_json::from_value::<anju_core::grant::Claims>(claims.clone()).unwrap(), &made.holder), *good);
    let stranger = SecretKey::from_key(Key::from_bytes([9; 32]));
    let none = json!({"alg": "none", "typ": GRANT_TYPE, "jwk": jwk(&made.holder)}).to_string();
    json!({
        "the-signature-was-changed": flipped(good, good.len() - 10),
        "the-signature-was-cut": format!("{signed}."),
        "the-audience-was-changed": with("aud", made.third.code.as_str().into()),
        "the-uses-were-changed": with("uses", 100.into()),
        "the-fields-were-changed": with("fields", json!(["name", "document_no", "balance"])),
        "the-end-was-changed": with("exp", (made.now.seconds() + 30 * 86_400).into()),
        "the-keys-were-changed": with("keys", flipped(claims["keys"].as_str().unwrap(), 40).into()),
        "the-algorithm-is-none": format!("{}.{payload}.", base64url(none.as_bytes())),
        "another-key-signed-it": jws::sign(&header, &claims, &stranger),
        "it-is-of-another-type": jws::sign(&Header { typ: "kb+jwt".to_owned(), ..header }, &claims, &made.holder),
    })
}

fn sealed_keys(made: &mut Made, good: &Sealed, bound: &[u8], plain: &[u8]) -> Value {
    let one = |sealed: &Sealed, bound: &[u8]| json!({"enc_b64": base64url(&sealed.enc), "ct_b64": base64url(&sealed.ciphertext), "aad_b64": base64url(bound)});
    let (mut flip, mut cut, mut zero, mut enc) = (good.clone(), good.clone(), good.clone(), good.clone());
    flip.ciphertext[0] ^= 1;
    cut.ciphertext.pop();
    zero.enc = [0; 32];
    enc.enc[3] ^= 1;
    let more_uses = anju_core::grant::Claims { uses: 2, ..Presented::parse(&made.grant).unwrap().claims().clone() };
    let stranger = OpeningKey::from_key(Key::from_bytes([8; 32]));
    let to_stranger = hpke::seal(&mut made.rng, &stranger.public(), Purpose::GrantKeys, bound, plain).unwrap();
    let for_access = hpke::seal(&mut made.rng, &made.lender.card.sealing, Purpose::Access, bound, plain).unwrap();
    json!({
        "a-byte-was-changed": one(&flip, bound),
        "the-tag-was-cut": one(&cut, bound),
        "the-encapsulated-key-is-zero": one(&zero, bound),
        "the-encapsulated-key-was-changed": one(&enc, bound),
        "the-grant-around-them-allows-more-uses": one(good, &more_uses.bound()),
        "they-are-for-another-centre": one(&to_stranger, bound),
        "they-were-sealed-for-another-purpose": one(&for_access, bound),
    })
}

/// A journal of some hundred rows: one row's inclusion, growth from an older size, and altered copies.
fn merkle(made: &mut Made) -> (Value, Value) {
    let (index, old, size) = (137_u64, 200_u64, JOURNAL_ROWS as u64);
    let rows: Vec<_> = (0..JOURNAL_ROWS).map(|_| Statement::build(&mut made.rng, Kind::Vector, made.now, None, b"row").unwrap()).collect();
    let leaves = Leaves(rows.iter().map(anju_core::journal::Entry::leaf).collect());
    let hashes = |proof: Vec<anju_core::names::Digest>| proof.iter().map(|digest| hex::encode(digest.0)).collect::<Vec<_>>();
    let root = |size| hex::encode(proof::root_at(&leaves, size).unwrap().0);
    let good = json!({
        "leaf_b64": base64url(&rows[index as usize].header),
        "index": index,
        "size": size,
        "root_hex": root(size),
        "inclusion_hex": hashes(proof::inclusion(&leaves, index, size).unwrap()),
        "old_size": old,
        "old_root_hex": root(old),
        "consistency_hex": hashes(proof::consistency(&leaves, old, size).unwrap()),
    });
    let change = |name: &str, value: Value| {
        let mut altered = good.clone();
        altered[name] = value;
        altered
    };
    let mut short = good["inclusion_hex"].as_array().unwrap().clone();
    short.pop();
    let mut swapped = good["inclusion_hex"].as_array().unwrap().clone();
    swapped.swap(0, 1);
    let mut joined = good["consistency_hex"].as_array().unwrap().clone();
    joined.remove(0);
    let mut header = rows[index as usize].header.clone();
    header[20] ^= 1;
    let altered = json!({
        "the-row-was-altered": change("leaf_b64", base64url(&header).into()),
        "the-row-is-another": change("leaf_b64", base64url(&rows[138].header).into()),
        "the-index-is-another": change("index", 138.into()),
        "the-root-is-another": change("root_hex", root(size - 1).into()),
        "a-node-was-dropped": change("inclusion_hex", short.into()),
        "two-nodes-were-swapped": change("inclusion_hex", swapped.into()),
        "the-older-root-is-another": change("old_root_hex", root(old - 1).into()),
        "the-older-size-is-another": change("old_size", (old - 1).into()),
        "the-consistency-proof-is-short": change("consistency_hex", joined.into()),
        "the-consistency-proof-is-empty": change("consistency_hex", json!([])),
    });
    (good, altered)
}
