//! The JSON shapes: files that people hand over, and what stands inside tokens.

use anju_core::certificate::body::{self, CertificateBody};
use anju_core::certificate::{Field, padding};
use anju_core::seal::{Purpose, aead};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::made::{GRANTED, Made};
use super::{check_json, made};

fn json_of(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn token(text: &str) -> (Value, Value) {
    let mut parts = text.split('.');
    (json_of(parts.next().unwrap()), json_of(parts.next().unwrap()))
}

/// Rule and value of every JSON shape.
fn files(made: &Made) -> Vec<(&'static str, Value)> {
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let mut out = vec![
        ("charter-file", parse(&made.charter_file.to_text())),
        ("centre-card-file", parse(&made.issuer.card.to_signed_text(&made.issuer.keys))),
        ("holder-card-file", parse(&made.holder_card)),
    ];
    let presentation = made.read(&made.grant, &made.body).unwrap().presentation().to_owned();
    let parts: Vec<&str> = presentation.split('~').collect();
    let (jwt, binding) = (token(parts[0]), token(parts.last().unwrap()));
    out.extend([("certificate-jwt-header", jwt.0), ("certificate-jwt", jwt.1)]);
    out.extend([("key-binding-header", binding.0), ("key-binding", binding.1)]);
    let (grant, revocation) = (token(&made.grant), token(&made.revocation()));
    out.extend([("grant-header", grant.0), ("grant", grant.1), ("revocation-header", revocation.0), ("revocation", revocation.1)]);
    let certificate = CertificateBody::parse(&made.body).unwrap();
    for field in &certificate.fields {
        let key = body::field_key(&made.content_key, &made.number, &field.name);
        let bound = [made.number.as_str().as_bytes(), field.name.as_bytes()];
        let padded = aead::open(&key, Purpose::CertificateField, &bound, &field.sealed).unwrap();
        let block = body::padding_block(certificate.head.kind, &field.name);
        assert_eq!(padded.len() % block, 0);
        let plain = padding::unpad(&padded, block).unwrap();
        out.push(("disclosure", json_of(std::str::from_utf8(plain).unwrap())));
    }
    assert!(parts.len() == GRANTED.len() + 2 && certificate.fields.len() == Field::all(certificate.head.kind).len());
    out
}

#[test]
fn every_file_and_token_we_write_is_as_the_contract_says() {
    for (rule, value) in files(&made()) {
        check_json(rule, &value).unwrap();
    }
}

#[test]
fn a_member_left_out_added_or_of_another_type_is_outside_the_contract() {
    for (rule, value) in files(&made()) {
        let Value::Object(members) = &value else { continue };
        for name in members.keys() {
            let mut without = members.clone();
            without.remove(name);
            let optional = (rule, name.as_str()) == ("certificate-jwt", "addressee");
            assert_eq!(check_json(rule, &without.into()).is_ok(), optional, "{rule} without {name}");
            for wrong in [json!(1.5), json!([[]])] {
                let mut changed = members.clone();
                changed[name] = wrong;
                assert!(check_json(rule, &changed.into()).is_err(), "{rule} with another type at {name}");
            }
        }
        let mut more = members.clone();
        more.insert("more".to_owned(), json!(1));
        assert!(check_json(rule, &more.into()).is_err(), "{rule} with a member more");
    }
}
