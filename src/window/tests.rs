//! The contract of the window against the code that serves it.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use anju_core::error::RefusalCode;
use anju_core::names::{CentreCode, CertificateNumber, GrantId};
use anju_core::time::Time;
use anju_core::window::{
    AccessEvidence, AccessPage, CertificatesFound, DepositAsked, Deposited, Health, Problem, RevocationAsked, Revoked, Route,
};
use serde_json::{Value, json};

use super::*;

fn contract() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

#[test]
fn the_contract_has_the_routes_that_are_served_and_no_others() {
    let contract = contract();
    let mut said = BTreeSet::new();
    for (path, item) in contract["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let signed = !operation["security"].as_array().unwrap().is_empty();
            said.insert((method.to_uppercase(), path.clone(), signed));
            assert!(operation["responses"]["default"]["content"]["application/problem+json"].is_object(), "{path}");
        }
    }
    let served = Route::ALL.iter().map(|route| (route.method().to_owned(), route.path().to_owned(), route.is_signed()));
    assert_eq!(said, served.collect());
}

#[test]
fn every_body_has_the_fields_that_the_contract_names_and_no_others() {
    let (code, text) = (CentreCode::new("C46010").unwrap(), String::new);
    let number = CertificateNumber::new("C46010-YDDKJCZM-2026-000001").unwrap();
    let access = AccessEvidence { author: code.clone(), index: 1, evidence: None };
    let problem = Problem { kind: text(), status: 400, code: RefusalCode::RequestInvalid, detail: Some(text()) };
    let bodies = [
        ("CertificatesFound", json!(CertificatesFound { certificates: Vec::new() })),
        ("DepositAsked", json!(DepositAsked { grant: text(), last_four: text() })),
        ("Deposited", json!(Deposited { code: text(), grant: GrantId([0; 16]), expires: Time(0) })),
        ("RevocationAsked", json!(RevocationAsked { revocation: text() })),
        ("Revoked", json!(Revoked { grant: GrantId([0; 16]), at: Time(0) })),
        ("AccessEvidence", json!(access)),
        ("AccessPage", json!(AccessPage { certificate: number, accesses: vec![access], next: None })),
        ("Health", json!(Health { version: text(), centre: code })),
        ("Problem", json!(problem)),
    ];
    let contract = contract();
    let schemas = contract["components"]["schemas"].as_object().unwrap();
    assert_eq!(
        schemas.keys().collect::<BTreeSet<_>>(),
        bodies.iter().map(|(name, _)| (*name).to_owned()).collect::<BTreeSet<_>>().iter().collect()
    );
    for (name, body) in &bodies {
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(body), keys(&schemas[*name]["properties"]), "{name}");
        assert_eq!(schemas[*name]["additionalProperties"], json!(false), "{name}");
    }
}

#[test]
fn a_client_takes_addresses_with_tls_and_nothing_behind_them() {
    for good in ["https://localhost", "https://127.0.0.1:8443", "https://anju.example/", "https://[::1]:8443"] {
        assert!(Client::new(good, None).is_ok(), "{good}");
    }
    for bad in [
        "http://localhost",
        "localhost:8443",
        "https://anju.example@localhost",
        "https://localhost/v1",
        "https://localhost/?a",
        "ftp://localhost",
        "",
    ] {
        assert!(matches!(Client::new(bad, None), Err(ClientError::Address)), "{bad}");
    }
}

fn opening(listen: Ipv4Addr, folder: &std::path::Path) -> Opening {
    let centre = CentreCode::new("C46010").unwrap();
    Opening { listen: (listen, 0).into(), tls: None, made_certificate: folder.join("window.pem"), centre }
}

#[tokio::test]
async fn without_files_the_window_opens_on_this_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    let open = |listen| {
        let opening = opening(listen, folder.path());
        async move { Door::open(&opening, || Time(0)).await }
    };
    assert!(matches!(open(Ipv4Addr::UNSPECIFIED).await, Err(WindowError::NotLoopback(_))));
    assert!(!folder.path().join("window.pem").exists());
    let door = open(Ipv4Addr::LOCALHOST).await.unwrap();
    assert!(door.address().ip().is_loopback() && door.address().port() > 0);
    let pem = std::fs::read_to_string(folder.path().join("window.pem")).unwrap();
    assert!(pem.contains("BEGIN CERTIFICATE") && !pem.contains("PRIVATE"));
}

#[test]
fn a_key_that_everybody_may_read_is_not_used_and_one_of_another_certificate_neither() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let write = |name: &str| {
        let rcgen::CertifiedKey { cert, key_pair } = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(place(&format!("{name}.pem")), cert.pem()).unwrap();
        std::fs::write(place(&format!("{name}-key.pem")), key_pair.serialize_pem()).unwrap();
    };
    ["a", "b"].into_iter().for_each(write);
    let open = |key: &str, mode: u32| {
        std::fs::set_permissions(place(key), std::fs::Permissions::from_mode(mode)).unwrap();
        let tls = Some((place("a.pem"), place(key)));
        let centre = CentreCode::new("C46010").unwrap();
        let opening = Opening { listen: "0.0.0.0:0".parse().unwrap(), tls, made_certificate: place("window.pem"), centre };
        tls::server(&opening).map(|_| ())
    };
    assert!(open("a-key.pem", 0o600).is_ok() && open("a-key.pem", 0o640).is_ok());
    for mode in [0o644, 0o604, 0o601] {
        assert!(matches!(open("a-key.pem", mode), Err(WindowError::KeyOpen { .. })), "{mode:o}");
    }
    assert!(matches!(open("b-key.pem", 0o600), Err(WindowError::Tls(_))));
    assert!(matches!(open("a.pem", 0o600), Err(WindowError::Pem { what: "key", .. })));
}
