//! The committed vectors of subjects are what the generator makes, and the product reads, derives and opens as they say.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers stop as its tests do")]

#[path = "../examples/subject_vectors/generate.rs"]
mod generate;

use std::path::Path;

use anju_core::error::RefusalCode;
use anju_core::facts::identity::{IdentityError, credit_code, other_document, resident_id};
use anju_core::listing::finding::{FindingError, Place};
use anju_core::listing::subject::listing_id;
use anju_core::listing::{Document, DocumentType, Finding, Pepper, SubjectSecret};
use anju_core::names::{CentreCode, FederationName, ListingId};
use anju_core::seal::Key;
use generate::{Derivation, File, Opening, Reading};
use serde::de::DeserializeOwned;

fn committed(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/vectors/{name}.json"));
    std::fs::read_to_string(path).unwrap()
}

fn vectors<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let file: File<T> = serde_json::from_str(&committed(name)).unwrap();
    file.vectors
}

fn key(hex: &str) -> Key {
    let mut bytes = [0; 32];
    hex::decode_to_slice(hex, &mut bytes).unwrap();
    Key::from_bytes(bytes)
}

fn pepper(hex: &str) -> Pepper {
    Pepper { version: 1, key: key(hex) }
}

fn document(kind: &str, number: &str) -> Document {
    Document::new(DocumentType::from_code(kind).unwrap(), number, generate::latest_birth("2026-11-21")).unwrap()
}

#[test]
fn the_committed_vectors_are_what_the_generator_makes() {
    for (name, text) in generate::all() {
        assert_eq!(committed(name), text, "{name}: run `cargo run -p anju-core --example subject_vectors` and read the difference");
    }
}

#[test]
fn every_number_is_read_or_refused_with_the_fault_it_is_named_for() {
    let readings: Vec<Reading> = vectors("subject-reading");
    for kind in DocumentType::ALL {
        assert!(readings.iter().any(|r| r.document_type == kind.code() && r.expect == "accepted"), "{}", kind.code());
    }
    for reading in readings {
        let (kind, latest) = (DocumentType::from_code(&reading.document_type).unwrap(), generate::latest_birth(&reading.latest_birth));
        let read = match kind {
            DocumentType::ResidentCard => resident_id(&reading.number, latest),
            DocumentType::CreditCode => credit_code(&reading.number),
            _ => other_document(&reading.number),
        };
        let fault = match read {
            Ok(_) => "accepted",
            Err(IdentityError::Length) => "length",
            Err(IdentityError::Character) => "character",
            Err(IdentityError::BirthDate) => "birth-date",
            Err(IdentityError::Check) => "check",
        };
        assert_eq!(fault, reading.expect, "{}", reading.name);
        let document = Document::new(kind, &reading.number, latest);
        match reading.normal {
            Some(normal) => assert_eq!(document.unwrap().expose(), normal, "{}", reading.name),
            None => assert_eq!(document.err(), Some(RefusalCode::DocumentInvalid), "{}", reading.name),
        }
    }
}

#[test]
fn tokens_keys_and_ids_are_derived_as_written() {
    let derivations: Vec<Derivation> = vectors("subject-derivation");
    for vector in &derivations {
        let document = document(&vector.document_type, &vector.number);
        assert_eq!(document.expose(), vector.number, "{}: the number is in its normal form", vector.name);
        let secret = SubjectSecret::derive(&pepper(&vector.pepper), &document).unwrap();
        let listing: ListingId = vector.listing.parse().unwrap();
        assert_eq!(secret.token().to_string(), vector.token, "{}", vector.name);
        assert_eq!(hex::encode(secret.entry_key(&listing).expose()), vector.entry_key, "{}", vector.name);
        assert_eq!(listing_id(&key(&vector.own_secret), &vector.decision_no, &document).to_string(), vector.listing_id, "{}", vector.name);
    }
    let mut tokens: Vec<_> = derivations.iter().map(|vector| &vector.token).collect();
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), derivations.len(), "type, number and pepper each make another token");
}

#[test]
fn a_finding_opens_in_its_place_for_its_subject_and_nowhere_else() {
    let openings: Vec<Opening> = vectors("subject-finding");
    assert_eq!(openings.iter().filter(|vector| vector.expect == "opened").count(), 1);
    for vector in openings {
        let secret = SubjectSecret::derive(&pepper(&vector.pepper), &document(&vector.document_type, &vector.number)).unwrap();
        let (federation, centre) = (FederationName::new(&vector.federation).unwrap(), CentreCode::new(&vector.centre).unwrap());
        let listing: ListingId = vector.listing.parse().unwrap();
        assert_eq!(hex::encode(secret.entry_key(&listing).expose()), vector.entry_key, "{}", vector.name);
        let place = Place { federation: &federation, centre: &centre, listing: &listing, pepper: 1 };
        let opened = Finding::open(&secret, &place, &hex::decode(&vector.sealed).unwrap());
        let came = match &opened {
            Ok(_) => "opened",
            Err(FindingError::Unopened(_)) => "unopened",
            Err(FindingError::Form(_) | FindingError::Wire(_)) => "not-a-finding",
        };
        assert_eq!(came, vector.expect, "{}", vector.name);
        assert_eq!(opened.ok(), vector.finding, "{}", vector.name);
    }
}
