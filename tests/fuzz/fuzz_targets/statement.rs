//! Statements: headers, rows, and what the bodies of known kinds mean for the tables.
#![no_main]

use anju_core::certificate::EndedBody;
use anju_core::journal::statement::MAX_HEADER_BYTES;
use anju_core::journal::{Entry, Header, Kind, Statement};
use anju_core::node::project::project;
use anju_core::wire;
use anju_fuzz::made::NOW;
use anju_fuzz::{MADE, rng, routed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((route, rest)) = routed(data) else { return };
    match route % 3 {
        0 => header(rest),
        1 => row(rest),
        _ => body(rest),
    }
});

fn header(bytes: &[u8]) {
    let Ok(header) = Header::parse(bytes) else { return };
    assert!(bytes.len() <= MAX_HEADER_BYTES && !header.kind_text().is_empty());
    assert!(header.at().0 >= 0 && header.drop_after().is_none_or(|t| t.0 >= 0));
    let entry = Entry { header: bytes.to_vec(), payload: None };
    assert!(entry.check().is_ok_and(|again| again == header));
    let _ = entry.leaf();
}

fn row(bytes: &[u8]) {
    let Ok(entry) = wire::decode::<Entry>(bytes, 128 * 1024) else { return };
    assert_eq!(wire::encode(&entry), bytes);
    if entry.check().is_ok() {
        project_everywhere(&entry);
    }
}

/// A row whose header is right, with any body of any kind.
fn body(bytes: &[u8]) {
    let Some((kind, body)) = routed(bytes) else { return };
    let kind = Kind::ALL[usize::from(kind) % Kind::ALL.len()];
    let Ok(entry) = Statement::build(&mut rng(), kind, NOW, None, body) else { return };
    assert_eq!(entry.check().unwrap().kind(), Some(kind));
    assert_eq!(entry.body(), Some(body));
    project_everywhere(&entry);
    if let Ok(ended) = EndedBody::parse(body) {
        assert_eq!(ended.to_bytes(), body);
    }
}

fn project_everywhere(entry: &Entry) {
    for own in [&MADE.issuer, &MADE.lender] {
        for author in [&MADE.issuer, &MADE.lender] {
            let projected = project(&own.code, &own.keys, &author.code, 3, entry);
            assert!(projected.len() <= 1);
        }
    }
}
