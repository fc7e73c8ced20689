//! What the fuzz targets share: one federation with one of everything, and ways to put the fuzzer's bytes where signatures and seals
//! would else keep them out. Every input begins with a byte that says where the rest goes.
#![allow(clippy::unwrap_used, reason = "a fuzz target stops when its own fixture is wrong")]

pub mod seeds;

#[path = "../../it/made.rs"]
pub mod made;

use std::sync::LazyLock;

use anju_core::certificate::body::{self, CertificateBody};
use anju_core::certificate::jws::{self, Header, Jwk};
use anju_core::certificate::padding;
use anju_core::certificate::thumbprint;
use anju_core::journal::note::Note;
use anju_core::seal::{Key, Purpose, aead};
use anju_core::sign::SecretKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use made::{Made, NOW};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// One of everything; the same in every run.
pub static MADE: LazyLock<Made> = LazyLock::new(|| Made::new(1, NOW));
/// The certificate's body, read.
pub static BODY: LazyLock<CertificateBody> = LazyLock::new(|| CertificateBody::parse(&MADE.body).unwrap());

/// Where the rest of an input goes, and the rest.
#[must_use]
pub fn routed(data: &[u8]) -> Option<(u8, &[u8])> {
    data.split_first().map(|(route, rest)| (*route, rest))
}

/// Randomness that is the same for the same input.
#[must_use]
pub fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

/// A compact JWS over exactly these payload bytes, which may be no JSON at all.
#[must_use]
pub fn jws_over(header: &Header, payload: &[u8], key: &SecretKey) -> String {
    let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(header).unwrap());
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(key.sign_raw(signed.as_bytes()).0))
}

/// The protected header of an issuer-signed JWT.
#[must_use]
pub fn issuer_header() -> Header {
    let kid = anju_core::certificate::identity::thumbprint_text(&thumbprint(&MADE.issuer.card.signing));
    Header { kid: Some(kid), ..Header::new(anju_core::certificate::issue::JWT_TYPE) }
}

/// A protected header with the holder's key in it.
#[must_use]
pub fn holder_header(typ: &str) -> Header {
    Header { jwk: Some(Jwk::new(&MADE.holder.public())), ..Header::new(typ) }
}

/// The payload of the certificate's own JWT.
#[must_use]
pub fn jwt_payload() -> Vec<u8> {
    let key = body::jwt_key(&MADE.content_key, &MADE.number);
    let padded = aead::open(&key, Purpose::CertificateJwt, &[&BODY.head.bound()], &BODY.jwt).unwrap();
    let jwt = padding::unpad(&padded, body::PADDING_BLOCK_BYTES).unwrap();
    let jwt = std::str::from_utf8(jwt).unwrap();
    URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap()
}

/// The certificate's own disclosure of one field.
#[must_use]
pub fn disclosure(name: &str) -> Vec<u8> {
    let field = BODY.fields.iter().find(|field| field.name == name).unwrap();
    let bound = [MADE.number.as_str().as_bytes(), name.as_bytes()];
    let padded = aead::open(&field_key(name), Purpose::CertificateField, &bound, &field.sealed).unwrap();
    padding::unpad(&padded, body::padding_block(BODY.head.kind, name)).unwrap().to_vec()
}

/// The key of one field.
#[must_use]
pub fn field_key(name: &str) -> Key {
    body::field_key(&MADE.content_key, &MADE.number, name)
}

/// The certificate with another JWT in it, sealed as the issuer would have.
#[must_use]
pub fn with_jwt(jwt: &str) -> CertificateBody {
    let key = body::jwt_key(&MADE.content_key, &MADE.number);
    let padded = padding::pad(jwt.as_bytes(), body::PADDING_BLOCK_BYTES);
    let jwt = aead::seal(&mut rng(), &key, Purpose::CertificateJwt, &[&BODY.head.bound()], &padded);
    CertificateBody { jwt, ..BODY.clone() }
}

/// Puts another disclosure in place of a field's own, sealed as the issuer would have.
pub fn put_disclosure(certificate: &mut CertificateBody, name: &str, disclosure: &[u8]) {
    let bound = [MADE.number.as_str().as_bytes(), name.as_bytes()];
    let padded = padding::pad(disclosure, body::padding_block(BODY.head.kind, name));
    let sealed = aead::seal(&mut rng(), &field_key(name), Purpose::CertificateField, &bound, &padded);
    certificate.fields.iter_mut().filter(|field| field.name == name).for_each(|field| field.sealed.clone_from(&sealed));
}

/// The issuer's signed note over any text.
#[must_use]
pub fn signed_note(text: &str) -> Vec<u8> {
    let (author, keys) = (MADE.author(), &MADE.issuer.keys);
    let mut note = Note::unsigned(text);
    note.sign(author.origin.as_str(), &keys.signing);
    note.cosign(&author.origin.heartbeat_name(), &keys.heartbeat, NOW);
    note.to_bytes()
}

/// A grant with these claims, whatever they are, signed by the holder.
#[must_use]
pub fn grant_over(claims: &[u8]) -> String {
    jws_over(&holder_header(anju_core::grant::GRANT_TYPE), claims, &MADE.holder)
}

/// The grant's own claims as JSON.
#[must_use]
pub fn grant_claims() -> serde_json::Value {
    let payload = URL_SAFE_NO_PAD.decode(MADE.grant.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// Signs a value as a JWS, as the product does.
#[must_use]
pub fn jws_of(header: &Header, payload: &serde_json::Value, key: &SecretKey) -> String {
    jws::sign(header, payload, key)
}
