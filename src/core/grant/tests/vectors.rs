//! Replays `tests/vectors/{certificate,grant}`: every file gives the code it names. `examples/certificate_vectors.rs` writes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::certificate::{CertificateBody, FieldValues, IssuerIdentity, Reliance, open_with_keys};
use crate::error::Refusal;
use crate::grant::{Asker, Presented, Said};
use crate::names::{CentreCode, StatementId};
use crate::seal::Key;
use crate::seal::hpke::OpeningKey;
use crate::shelf::{CertificateRow, Ended};
use crate::time::Time;

fn vectors(folder: &str) -> BTreeMap<String, Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(folder);
    let read = |entry: fs::DirEntry| {
        let name = entry.path().file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_str(&fs::read_to_string(entry.path()).unwrap()).unwrap())
    };
    fs::read_dir(path).unwrap().map(|entry| read(entry.unwrap())).collect()
}

fn bytes(vector: &Value, member: &str) -> Vec<u8> {
    hex::decode(vector[member].as_str().unwrap()).unwrap()
}

fn key(text: &Value) -> Key {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.as_str().unwrap(), &mut bytes).unwrap();
    Key::from_bytes(bytes)
}

fn time(value: &Value) -> Time {
    Time(value.as_i64().unwrap())
}

fn issuer(vector: &Value) -> IssuerIdentity {
    serde_json::from_value(vector["issuer"].clone()).unwrap()
}

fn centre(value: &Value) -> CentreCode {
    CentreCode::new(value.as_str().unwrap()).unwrap()
}

fn certificate(vector: &Value) -> Result<FieldValues, Refusal> {
    let body = CertificateBody::parse(&bytes(vector, "body"))?;
    let pairs = vector["field_keys"].as_array().unwrap().iter();
    let keys: Vec<(String, Key)> = pairs.map(|pair| (pair[0].as_str().unwrap().to_owned(), key(&pair[1]))).collect();
    let opened = open_with_keys(&body, &key(&vector["jwt_key"]), &keys)?;
    let verified = opened.verify(&issuer(vector), Reliance::Centre(&centre(&vector["relying"])), time(&vector["now"]))?;
    Ok(verified.get().fields().clone())
}

fn grant(vector: &Value) -> Result<FieldValues, Refusal> {
    let presented = Presented::parse(vector["grant"].as_str().unwrap())?;
    let body = CertificateBody::parse(&bytes(vector, "body"))?;
    let head = body.head.clone();
    let row = CertificateRow {
        number: head.number,
        issuer: issuer(vector).centre,
        index: 0,
        statement: StatementId([0; 16]),
        kind: head.kind.code().to_owned(),
        addressee: head.addressee,
        holder: head.holder,
        holder_sealing: head.holder_sealing,
        issued: head.issued,
        expires: head.expires,
        ended: vector.get("ended").map(|at| Ended { at: time(at), reason: "cancelled".to_owned() }),
    };
    let (asking, now) = (centre(&vector["centre"]), time(&vector["now"]));
    let asker = Asker { centre: &asking, now, matter: vector["matter"].as_str(), mode: crate::grant::Mode::Details };
    let uses = u32::try_from(vector["uses"].as_u64().unwrap()).unwrap();
    let authorised = presented.authorise(&asker, &row, &Said { uses, revoked: vector.get("revoked").map(time), key_ended: None })?;
    let released = authorised.release(&OpeningKey::from_key(key(&vector["opening_key"])), &body, &issuer(vector), now)?;
    assert_eq!(released.fields().names(), presented.claims().fields);
    if let Some(presentation) = vector.get("presentation") {
        assert!(released.presentation() == presentation.as_str().unwrap());
    }
    Ok(released.fields().clone())
}

fn replay(folder: &str, least: usize, run: impl Fn(&Value) -> Result<FieldValues, Refusal>) {
    let vectors = vectors(folder);
    assert!(vectors.len() >= least, "only {} vectors in {folder}", vectors.len());
    for (name, vector) in vectors {
        let result = run(&vector);
        let got = result.as_ref().map_or_else(|refusal| refusal.code.as_str(), |_| "ok");
        assert_eq!(got, vector["expect"].as_str().unwrap(), "{folder}/{name}");
        if let Some(fields) = vector.get("fields").and_then(Value::as_object) {
            let values = result.unwrap();
            assert!(fields.iter().all(|(field, value)| values.get(field) == Some(value)), "{folder}/{name}");
        }
    }
}

#[test]
fn every_certificate_vector_gives_the_code_it_names() {
    replay("certificate", 27, certificate);
}

#[test]
fn every_grant_vector_gives_the_code_it_names() {
    replay("grant", 37, grant);
}
