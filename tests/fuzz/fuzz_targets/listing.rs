//! Statements about listings, vectors and commitments: bodies as they come, what they mean for the tables, and any finding or note behind
//! the seals.
#![no_main]

use anju_core::audit::AuditBody;
use anju_core::certificate::padding;
use anju_core::journal::{Kind, MAX_JOURNAL_ROWS, Statement};
use anju_core::listing::finding::{FINDING_PADDING_BYTES, Place};
use anju_core::listing::hit::{HIT_PADDING_BYTES, HitBody};
use anju_core::listing::{ChangedBody, DecidedBody, Finding, ObjectedBody};
use anju_core::node::project::project;
use anju_core::seal::{Purpose, SUITE, aead, hpke};
use anju_core::shelf::{ListProjection, Projection};
use anju_core::vector::VectorBody;
use anju_core::wire;
use anju_fuzz::made::{LISTING, NOW};
use anju_fuzz::{MADE, rng, routed};
use libfuzzer_sys::fuzz_target;

/// Row that every statement stands in.
const INDEX: u64 = 9;

fuzz_target!(|data: &[u8]| {
    let Some((route, rest)) = routed(data) else { return };
    match route % 8 {
        0 => decided(rest),
        1 => body(Kind::ListingChanged, rest, |bytes| ChangedBody::parse(bytes).ok().map(|body| body.to_bytes())),
        2 => body(Kind::ListingObjected, rest, |bytes| ObjectedBody::parse(bytes).ok().map(|body| body.to_bytes())),
        3 => body(Kind::ListingHit, rest, |bytes| HitBody::parse(bytes).ok().map(|body| body.to_bytes())),
        4 => body(Kind::Vector, rest, |bytes| VectorBody::parse(bytes).ok().map(|body| body.to_bytes())),
        5 => body(Kind::AuditRecorded, rest, |bytes| AuditBody::parse(bytes).ok().map(|body| body.to_bytes())),
        6 => finding(rest),
        _ => note(rest),
    }
});

/// A body that is read is written back the same; what it means is looked at as everybody who might read it.
fn body(kind: Kind, bytes: &[u8], reread: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    let Some(again) = reread(bytes) else { return };
    assert_eq!(again, bytes);
    means_something_possible(kind, None, bytes);
}

/// With the header that its clocks ask for it means what it says; with any other nothing.
fn decided(bytes: &[u8]) {
    let Ok(body) = DecidedBody::parse(bytes) else { return };
    assert_eq!(body.to_bytes(), bytes);
    assert_eq!(means_something_possible(Kind::ListingDecided, Some(body.drop_after().plus_ms(1)), bytes), 0);
    means_something_possible(Kind::ListingDecided, Some(body.drop_after()), bytes);
}

fn means_something_possible(kind: Kind, drop_after: Option<anju_core::time::Time>, body: &[u8]) -> usize {
    let Ok(entry) = Statement::build(&mut rng(), kind, NOW, drop_after, body) else { return 0 };
    let mut projections = 0;
    for own in [&MADE.issuer, &MADE.lender] {
        for author in [&MADE.issuer, &MADE.lender] {
            for projection in project(&own.code, &own.keys, &author.code, INDEX, &entry) {
                projections += 1;
                possible(&projection);
            }
        }
    }
    projections
}

/// No table is asked to keep a row that no journal can have, nor a change of what comes later.
fn possible(projection: &Projection) {
    match projection {
        Projection::List(ListProjection::Decided(row)) => assert!(row.ended.is_none() && row.pepper <= MAX_JOURNAL_ROWS),
        Projection::List(ListProjection::DecidedInRow(rows)) => {
            assert!(rows.iter().all(|row| row.ended.is_none() && row.pepper <= MAX_JOURNAL_ROWS));
        }
        Projection::List(ListProjection::Changed { place, end, .. }) => assert!(place.index < INDEX && end.index == INDEX),
        Projection::List(ListProjection::Objected(row)) => assert!(row.about.index <= MAX_JOURNAL_ROWS),
        Projection::List(ListProjection::Hit(row)) => assert!(row.listing_index <= MAX_JOURNAL_ROWS && !row.matter.is_empty()),
        Projection::List(ListProjection::Acknowledged { applied, .. }) => assert!(*applied <= MAX_JOURNAL_ROWS),
        Projection::AuditCommitted(commitment) => assert!(commitment.size <= MAX_JOURNAL_ROWS),
        Projection::Certificate(_)
        | Projection::CertificateEnded { .. }
        | Projection::HolderBound { .. }
        | Projection::HolderEnded { .. }
        | Projection::Access(_)
        | Projection::GrantRevoked { .. }
        | Projection::Published(_)
        | Projection::Dossier(_) => {
            unreachable!("no statement about listings means this")
        }
    }
}

/// Any plaintext where the finding should be, sealed as the deciding centre would.
fn finding(plain: &[u8]) {
    let (federation, subject) = (MADE.charter.federation(), MADE.subject());
    let place = Place { federation, centre: &MADE.issuer.code, listing: &LISTING, pepper: 1 };
    let bound: [&[u8]; 3] = [federation.as_str().as_bytes(), MADE.issuer.code.as_str().as_bytes(), &LISTING.0];
    let padded = padding::pad(plain, FINDING_PADDING_BYTES);
    let sealed = aead::seal(&mut rng(), &subject.entry_key(&LISTING), Purpose::Finding, &bound, &padded);
    if let Ok(finding) = Finding::open(&subject, &place, &sealed) {
        assert_eq!(wire::encode(&finding), plain);
        assert!(finding.check().is_ok());
    }
}

/// Any plaintext where the note should be, sealed as the lender would.
fn note(plain: &[u8]) {
    let bound = format!("{}/{}", MADE.lender.code, MADE.issuer.code);
    let padded = padding::pad(plain, HIT_PADDING_BYTES);
    let Ok(sealed) = hpke::seal(&mut rng(), &MADE.issuer.card.sealing, Purpose::ListingHit, bound.as_bytes(), &padded) else { return };
    let body = HitBody { suite: SUITE.to_owned(), to: MADE.issuer.code.clone(), sealed };
    if let Ok(note) = body.open(&MADE.lender.code, &MADE.issuer.keys.sealing) {
        assert_eq!(wire::encode(&note), plain);
    }
    means_something_possible(Kind::ListingHit, None, &body.to_bytes());
}
