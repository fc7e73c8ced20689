//! The suite for every shelf, for dossiers: the same writes, and the same answers in memory and on disk.

use anju_core::dossier::DossierKind;
use anju_core::names::DossierRef;
use anju_core::shelf::memory::MemoryShelf;
use anju_core::shelf::{DossierProjection, DossierRow, DossierSaid, DossierWrite, Projection, Shelf, Write};
use proptest::prelude::*;

use super::conformance::{CENTRES, Subject};
use super::*;

fn place_of(code: &str, index: u64) -> DossierRef {
    DossierRef { centre: centre(code), index }
}

pub(super) fn opened(author: &str, index: u64) -> DossierRow {
    let kind = DossierKind::ALL[usize::try_from(index).unwrap() % 3];
    let about = (kind == DossierKind::Loan).then(|| format!("C46010-YDDKJCZM-2026-{:06}", index % 4));
    let other = centre(if index.is_multiple_of(2) { "C46030" } else { "C46040" });
    DossierRow { place: place_of(author, index), kind, other, about, at: NOW.plus_ms(i64::try_from(index).unwrap()) }
}

pub(super) fn said(author: &str, index: u64, about: u64, joins: bool) -> DossierSaid {
    let joins = joins.then(|| centre(if about.is_multiple_of(2) { "C46030" } else { "C46050" }));
    DossierSaid { dossier: place_of("C46010", about), author: centre(author), index, joins }
}

/// One step: what, whose, and two numbers to choose with.
type Step = (u8, u8, u16, u16);

fn write_of((what, whose, a, b): Step) -> Write {
    let (code, a, b) = (CENTRES[usize::from(whose) % 2], u64::from(a % 12), u64::from(b % 12));
    match what % 5 {
        0 => Write::Project(Projection::Dossier(DossierProjection::Opened(opened(code, a)))),
        1 => Write::Project(Projection::Dossier(DossierProjection::Said(said(code, a, b, true)))),
        2 => Write::Dossier(DossierWrite::SetAside { dossier: place_of(code, a % 3), mark: Digest([u8::try_from(b).unwrap(); 32]) }),
        3 => Write::Project(Projection::Certificate(certificate(code, a))),
        4.. => Write::Project(Projection::Dossier(DossierProjection::Said(said(code, a + 100, b, false)))),
    }
}

fn look(shelf: &dyn Shelf) -> Vec<String> {
    let mut seen = Vec::new();
    for code in ["C46010", "C46020", "C46030", "C46050"] {
        let of = centre(code);
        for (kind, after, limit) in [
            (None, None, 99),
            (Some(DossierKind::Loan), None, 2),
            (None, Some(place_of("C46010", 3)), 3),
            (None, Some(place_of("C46020", 0)), 9),
        ] {
            seen.push(format!("{:?}", shelf.dossiers_of(&of, kind, after.as_ref(), limit)));
        }
        seen.push(format!("{:?}", shelf.certificates_for(&of, None, 3)));
        seen.push(format!("{:?}", shelf.certificates_for(&of, Some(&number("C46010", 4)), 99)));
        for index in 0..12 {
            let place = place_of("C46010", index);
            let changes = [None, Some(103), Some(u64::MAX)].map(|after| shelf.dossier_changes(&place, &of, after, 2).unwrap());
            seen.push(format!("{changes:?} {:?}", shelf.dossier_joins(&place, &of, 2)));
        }
    }
    for index in [0, 1, 5, 11, u64::MAX] {
        let place = place_of("C46020", index);
        seen.push(format!("{:?} {:?}", shelf.dossier(&place), shelf.dossier_set_aside(&place, 2)));
        seen.push(format!("{:?}", shelf.dossier_rows(&place_of("C46010", index))));
        seen.push(format!("{:?}", shelf.dossiers_about(&format!("C46010-YDDKJCZM-2026-{:06}", index % 4), 2)));
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_and_disk_know_the_same_of_dossiers(steps in proptest::collection::vec(any::<Step>(), 1..60)) {
        let place = Place::new();
        let (mut store, mut memory) = (place.open(), MemoryShelf::new());
        for step in &steps {
            let write = write_of(*step);
            prop_assert_eq!(Subject::write(&mut store, &write), Subject::write(&mut memory, &write));
            for (disk, memory) in look(&store).iter().zip(&look(&memory)) {
                prop_assert_eq!(disk, memory, "after {:?}", step);
            }
        }
        drop(store);
        prop_assert_eq!(look(&place.open()), look(&memory), "opened again");
    }
}
