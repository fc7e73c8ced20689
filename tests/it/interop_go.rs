//! Checkpoints, cosignatures and proofs, judged by the Go project's own packages `sumdb/note` and `sumdb/tlog` (`tests/interop/go`). The
//! judge composes and signs the same notes itself and compares them to the byte, and alters every bit of them.
#![allow(clippy::unwrap_used, reason = "a test's helpers stop as its tests do")]

use std::path::{Path, PathBuf};
use std::process::Command;

use anju_core::exhibit::{Exhibit, Part, Proven, ProvenPart, ProvenRow};
use anju_core::journal::proof::{consistency, inclusion, root_at};
use anju_core::journal::{Author, Entry, Frontier, Kind, Origin, Statement, VerifiedHead, batch, cosignature};
use anju_core::names::{CentreCode, Digest, FederationName};
use anju_core::seal::Key;
use anju_core::sign::{PublicKey, SecretKey};
use anju_core::time::Time;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::made::Leaves;

/// Where the sources of `golang.org/x/mod` are, as a GOPATH; where Debian puts them when it is not said.
const GOPATH: &str = "ANJU_INTEROP_GOPATH";
const DEBIAN_GOPATH: &str = "/usr/share/gocode";
/// With the value 1, what would be skipped fails.
const REQUIRE_ALL: &str = "ANJU_REQUIRE_ALL";
const ROWS: u64 = 300;
const SIGNED_AT: i64 = 1_795_226_400;
const COSIGNED_AT: i64 = 1_795_226_410;

#[test]
fn the_go_packages_that_the_formats_come_from_accept_our_notes_and_proofs_and_refuse_one_changed_bit() {
    let path = std::env::var_os(GOPATH).map_or_else(|| PathBuf::from(DEBIAN_GOPATH), PathBuf::from);
    let packages = path.join("src/golang.org/x/mod/sumdb/note").is_dir();
    if !packages || Command::new("go").arg("version").output().is_err() {
        assert!(
            std::env::var(REQUIRE_ALL).as_deref() != Ok("1"),
            "no Go, or no golang.org/x/mod under {}, and {REQUIRE_ALL}=1",
            path.display()
        );
        println!("skipped: no Go, or no golang.org/x/mod under {} (Debian: golang-go, golang-golang-x-mod-dev)", path.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("input.json");
    std::fs::write(&file, serde_json::to_vec(&input()).unwrap()).unwrap();
    let judge = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/go/judge.go");
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go");
    let mut go = Command::new("go");
    go.env("GO111MODULE", "off").env("GOFLAGS", "").env("GOPROXY", "off").env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0");
    let out = go.env("GOPATH", path).env("GOCACHE", cache).arg("run").arg(judge).arg(&file).output().unwrap();
    println!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "the judge disagrees: {}", out.status);
}

/// A line of a note, as the judge is to make it.
fn line(name: &str, seed: u8, time: Option<i64>) -> Value {
    json!({
        "name": name,
        "public": STANDARD.encode(key(seed).public().0),
        "seed": STANDARD.encode([seed; 32]),
        "cosignature": time.is_some(),
        "time": time.unwrap_or_default(),
    })
}

fn key(seed: u8) -> SecretKey {
    SecretKey::from_key(Key::from_bytes([seed; 32]))
}

fn encoded(proof: Vec<Digest>) -> Vec<String> {
    proof.iter().map(|digest| STANDARD.encode(digest.0)).collect()
}

/// A line of a note of which only the public key is known.
fn known(name: &str, key: PublicKey, time: Option<Time>) -> Value {
    let seconds = time.map(Time::seconds);
    json!({ "name": name, "public": STANDARD.encode(key.0), "cosignature": time.is_some(), "time": seconds.unwrap_or_default() })
}

/// Committed evidence files: rows under their author's head, and rows under what the charter states.
const EXHIBITS: [&str; 3] = [
    include_str!("../vectors/exhibit/holds_settled.json"),
    include_str!("../vectors/exhibit/holds_under_an_extent.json"),
    include_str!("../vectors/exhibit/holds_before_a_term_begins.json"),
];

/// Every row of these files, with what stands in them and nothing else. The heartbeat's key is the charter's.
fn exhibits() -> Vec<Value> {
    EXHIBITS.iter().flat_map(|text| exhibited(text)).collect()
}

fn exhibited(text: &str) -> Vec<Value> {
    let vector: Value = serde_json::from_str(text).unwrap();
    let bytes = hex::decode(vector["bytes"].as_str().unwrap()).unwrap();
    let (proven, exhibit) = (Proven::verify(&bytes, &[]).unwrap(), Exhibit::decode(&bytes).unwrap());
    let of_part = |(part, carried): (&ProvenPart, &Part)| {
        let author = proven.charter().author(part.centre()).unwrap();
        let text = |note: &[u8]| String::from_utf8(note.to_vec()).unwrap();
        let lines = |head: &VerifiedHead| {
            let signing = author.ended.iter().find(|ended| ended.term == head.term()).map_or(author.signing, |ended| ended.signing);
            let heartbeat = known(&head.origin().heartbeat_name(), author.heartbeat, Some(head.heartbeat()));
            vec![known(head.origin().as_str(), signing, None), heartbeat]
        };
        let cosigned = part.witnesses().iter().zip(&carried.cosigned).map(|(witness, carried)| {
            let cosignature = witness.cosignature();
            let (head, heartbeat) = (cosignature.head(), proven.charter().origin(witness.witness()).heartbeat_name());
            let mut lines = lines(head);
            lines.push(known(&heartbeat, cosignature.key(), Some(cosignature.at())));
            let (size, root) = (head.size(), STANDARD.encode(head.root().0));
            let note =
                json!({ "note": text(head.note()), "lines": lines, "size": size, "root": root, "proof": encoded(carried.proof.clone()) });
            (witness.witness().to_string(), note)
        });
        let cosigned: serde_json::Map<String, Value> = cosigned.collect();
        let head = part.head().map(|head| json!({ "note": text(head.note()), "lines": lines(head) }));
        let extent = part.anchor().extent();
        let extents = author
            .extents()
            .zip(&carried.extents)
            .map(|(stated, proof)| json!({ "size": stated.size, "root": STANDARD.encode(stated.root.0), "proof": encoded(proof.clone()) }));
        let extents: Vec<Value> = extents.collect();
        let row = |row: &ProvenRow| {
            let place = json!({ "index": row.place().index, "size": extent.size, "proof": encoded(row.proof().to_vec()) });
            json!({
                "head": head, "root": STANDARD.encode(extent.root.0), "extents": extents, "cosigned": cosigned, "row": place,
                "header": STANDARD.encode(&row.entry().header),
            })
        };
        part.rows().iter().map(row).collect::<Vec<_>>()
    };
    proven.parts().iter().zip(&exhibit.parts).flat_map(of_part).collect()
}

fn input() -> Value {
    let mut rng = StdRng::seed_from_u64(71);
    let federation = FederationName::new("interop").unwrap();
    let centre = |code| CentreCode::new(code).unwrap();
    let author = Author::new(&federation, centre("C46010"), key(1).public(), key(2).public());
    let witness = Origin::new(&federation, &centre("C46020"));
    let at = Time::from_seconds(SIGNED_AT);
    let rows: Vec<Entry> = (0..ROWS).map(|_| Statement::build(&mut rng, Kind::Vector, at, None, b"row").unwrap()).collect();
    let leaves = Leaves(rows.iter().map(Entry::leaf).collect());
    let (mut frontier, mut notes) = (Frontier::empty(), serde_json::Map::new());
    for (name, upto) in [("one", 1_usize), ("some", 200), ("all", ROWS as usize)] {
        let from = usize::try_from(frontier.size()).unwrap();
        let batch = batch::append(&frontier, rows[from..upto].to_vec(), &author, &key(1), &key(2), at).unwrap();
        let text = |note: &[u8]| String::from_utf8(note.to_vec()).unwrap();
        let own = [line(author.origin.as_str(), 1, None), line(&author.origin.heartbeat_name(), 2, Some(SIGNED_AT))];
        let (size, root) = (batch.head.size(), STANDARD.encode(batch.head.root().0));
        assert_eq!(batch.head.root(), root_at(&leaves, size).unwrap());
        let plain = json!({ "note": text(batch.head.note()), "lines": own, "size": size, "root": root });
        let cosigned = cosignature::cosign(&batch.head, &author, &witness, &key(3), Time::from_seconds(COSIGNED_AT)).unwrap();
        let mut lines = own.to_vec();
        lines.push(line(&witness.heartbeat_name(), 3, Some(COSIGNED_AT)));
        notes.insert(name.to_owned(), plain);
        notes.insert(format!("{name}-cosigned"), json!({ "note": text(&cosigned), "lines": lines, "size": size, "root": root }));
        frontier = batch.frontier;
    }
    let inclusion = |(index, size)| json!({ "index": index, "size": size, "proof": encoded(inclusion(&leaves, index, size).unwrap()) });
    let tree = |(old, size)| json!({ "old": old, "size": size, "proof": encoded(consistency(&leaves, old, size).unwrap()) });
    let places = [(0, 2), (0, ROWS), (137, 200), (137, ROWS), (199, 200), (255, 256), (256, 257), (ROWS - 1, ROWS)];
    let sizes = [(2, 3), (128, 200), (200, ROWS), (255, 256), (256, ROWS), (299, ROWS)];
    json!({
        "notes": notes,
        "records": rows.iter().map(|row| STANDARD.encode(&row.header)).collect::<Vec<_>>(),
        "inclusion": places.map(inclusion),
        "trees": sizes.map(tree),
        "exhibits": exhibits(),
    })
}
