//! The committed vectors are what the generator makes, and each faulty one is refused with the fault it is named for.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers stop as its tests do")]

#[path = "../examples/journal_vectors/generate.rs"]
mod generate;

use std::collections::BTreeMap;
use std::path::Path;

use anju_core::error::Fault;
use anju_core::journal::{Author, Evidence, Frame, Frontier, Header};
use anju_core::names::{CentreCode, FederationName};
use anju_core::sign::PublicKey;
use generate::Vector;

fn committed() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/journal");
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&path).unwrap())
    };
    std::fs::read_dir(folder).unwrap().map(read).collect()
}

fn judge(vector: &Vector) -> Result<(), Fault> {
    let key = |text: &str| PublicKey::try_from(text.to_owned()).unwrap();
    let (federation, centre) = (FederationName::new(&vector.federation).unwrap(), CentreCode::new(&vector.centre).unwrap());
    let author = Author::new(&federation, centre, key(&vector.signing), key(&vector.heartbeat));
    let bytes = hex::decode(&vector.bytes).unwrap();
    match vector.form.as_str() {
        "header" => Header::parse(&bytes).map(drop),
        "note" => author.verify(&bytes).map(drop),
        "frame" => {
            let held = vector.held.clone().unwrap();
            let frontier = Frontier::from_parts(held.size, held.peaks).unwrap();
            Frame::decode(&bytes)?.check(&frontier, &author).map(drop)
        }
        "evidence" => Evidence::decode(&bytes)?.verify(&author).map(drop),
        other => panic!("a vector of form {other}"),
    }
}

#[test]
fn the_committed_vectors_are_what_the_generator_makes() {
    let made: BTreeMap<String, String> = generate::all().iter().map(|(name, v)| (name.clone(), generate::to_text(v))).collect();
    let committed = committed();
    assert_eq!(committed.keys().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>());
    for (name, text) in &made {
        assert_eq!(&committed[name], text, "{name}: run `cargo run -p anju-core --example journal_vectors` and read the difference");
    }
}

#[test]
fn every_vector_is_accepted_or_refused_with_the_fault_it_is_named_for() {
    let vectors = committed();
    assert!(vectors.len() > 40, "only {} vectors", vectors.len());
    for (name, text) in vectors {
        let vector: Vector = serde_json::from_str(&text).unwrap();
        let verdict = judge(&vector).map_or_else(|fault| fault.code.to_string(), |()| "accepted".to_owned());
        assert_eq!(verdict, vector.expect, "{name}: {}", vector.what);
    }
}
