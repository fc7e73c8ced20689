//! Matters and catalogues: in memory and on disk alike.

use anju_core::listing::Day;
use anju_core::shelf::memory::MemoryShelf;
use anju_core::shelf::{CatalogueRow, MatterProjection, MatterRow, Projection, Shelf};
use proptest::prelude::*;

use super::conformance::{CENTRES, Subject};
use super::*;
use crate::store::Reader;

const CODES: [&str; 3] = ["loan", "rent", "transfer"];

fn day(mark: u64) -> Day {
    Day::from_number(20_260_101 + u32::try_from(mark % 5).unwrap()).unwrap()
}

pub(super) fn matter(centre_code: &str, index: u64, mark: u64) -> MatterRow {
    MatterRow {
        centre: centre(centre_code),
        code: CODES[usize::try_from(mark % 3).unwrap()].to_owned(),
        from: day(mark / 3),
        version: u32::try_from(mark % 11).unwrap() + 2_026_010_101,
        index,
        at: NOW.plus_ms(i64::try_from(index).unwrap()),
        body: index.to_be_bytes().to_vec(),
    }
}

pub(super) fn catalogue(centre_code: &str, index: u64, mark: u64) -> CatalogueRow {
    let (version, body) = (u32::try_from(mark % 4).unwrap() + 2_026_010_101, index.to_be_bytes().to_vec());
    CatalogueRow { centre: centre(centre_code), version, index, at: NOW, body }
}

fn look(shelf: &dyn Shelf) -> Vec<String> {
    let mut seen = Vec::new();
    for code in CENTRES.iter().chain(&["C99999"]) {
        let centre = centre(code);
        seen.push(format!("{:?}", shelf.catalogue(&centre)));
        for (after, limit) in [(None, 99), (None, 2), (Some(("loan", day(2))), 3), (Some(("zzz", day(0))), 9), (Some(("", day(0))), 0)] {
            seen.push(format!("{:?}", shelf.matters(&centre, after, limit)));
        }
        for mark in 0..5 {
            seen.push(format!("{:?}", shelf.matter_in_force(&centre, day(mark))));
            seen.extend(CODES.iter().map(|code| format!("{:?}", shelf.matter(&centre, code, day(mark)))));
        }
        seen.extend(CODES.iter().chain(&["other"]).map(|code| format!("{:?}", shelf.matter_version(&centre, code))));
    }
    seen
}

fn run(subject: &mut dyn Subject, steps: &[(bool, bool, u8)]) -> Vec<Vec<String>> {
    let mut seen = Vec::new();
    for (index, (catalogued, second, mark)) in (0_u64..).zip(steps) {
        let (code, mark) = (CENTRES[usize::from(*second)], u64::from(*mark));
        let projection = if *catalogued {
            MatterProjection::Catalogue(catalogue(code, index, mark))
        } else {
            MatterProjection::Matter(matter(code, index, mark))
        };
        assert!(subject.write(&Write::Project(Projection::Published(projection))));
        seen.push(look(subject.shelf()));
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_and_disk_answer_the_same_of_matters_after_the_same_writes(
        steps in proptest::collection::vec(any::<(bool, bool, u8)>(), 1..40),
    ) {
        let place = Place::new();
        let mut store = place.open();
        let on_disk = run(&mut store, &steps);
        prop_assert_eq!(&on_disk, &run(&mut MemoryShelf::new(), &steps));
        drop(store);
        let reader = Reader::open_reader(&place.path(), &key()).unwrap();
        prop_assert_eq!(on_disk.last(), Some(&look(&reader)));
    }
}
