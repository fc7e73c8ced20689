//! Changes of a dossier: as they come, with a checksum that fits, and as bodies of statements. Whatever is offered, the dossier is as it
//! was or says exactly what was read.
#![no_main]

use std::sync::LazyLock;

use anju_core::dossier::{ChangedBody, Dossier, DossierPlace, JoinedBody, Offered, OpenedBody, RawChange};
use anju_core::journal::hash;
use anju_core::names::{CentreCode, DossierId};
use anju_core::time::Time;
use anju_fuzz::{MADE, routed};
use libfuzzer_sys::fuzz_target;

/// A dossier in which both have written.
static BEFORE: LazyLock<Dossier> = LazyLock::new(|| {
    let (lender, keeper) = (&MADE.lender.code, &MADE.issuer.code);
    let place = DossierPlace { opener: lender, id: &DossierId([7; 16]) };
    let mut dossier = Dossier::new(&place, &[lender.clone(), keeper.clone()]);
    for (author, field, value) in [(lender, "reply.clerk", "王"), (keeper, "mark.clerk", "李"), (lender, "reply.clerk", "赵")] {
        let change = dossier.write(author, &[(field.to_owned(), value.to_owned())], Time(1)).unwrap_or_default();
        assert_eq!(dossier.offer(author, &change), Offered::Applied);
    }
    dossier
});

fuzz_target!(|data: &[u8]| {
    let Some((route, rest)) = routed(data) else { return };
    match route % 4 {
        0 => offered(&MADE.lender.code, rest),
        1 => offered(&MADE.lender.code, &with_checksum(rest.to_vec())),
        2 => offered(&MADE.issuer.code, &with_checksum(rest.to_vec())),
        _ => bodies(rest),
    }
});

fn offered(author: &CentreCode, bytes: &[u8]) {
    let (mut dossier, before) = (BEFORE.clone(), BEFORE.digest());
    let offered = dossier.offer(author, bytes);
    match offered {
        Offered::Applied => assert_eq!(RawChange::parse(bytes).map(|change| change.seq > 1), Ok(true)),
        Offered::Again | Offered::Waits | Offered::Refused(_) => assert_eq!(dossier.digest(), before),
    }
    let again = dossier.offer(author, bytes);
    assert!(again == offered || (offered == Offered::Applied && again == Offered::Again), "{offered:?}, then {again:?}");
}

fn bodies(bytes: &[u8]) {
    if let Ok(body) = OpenedBody::parse(&MADE.lender.code, bytes) {
        assert_eq!(body.to_bytes(), bytes);
    }
    if let Ok(body) = JoinedBody::parse(bytes) {
        assert_eq!(body.to_bytes(), bytes);
    }
    if let Ok(body) = ChangedBody::parse(bytes) {
        assert_eq!(body.to_bytes(), bytes);
    }
}

fn with_checksum(mut chunk: Vec<u8>) -> Vec<u8> {
    if chunk.len() > 8 {
        let digest = hash::sha256(&chunk[8..]);
        chunk[4..8].copy_from_slice(&digest.0[..4]);
    }
    chunk
}
