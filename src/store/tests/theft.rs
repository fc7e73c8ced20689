//! A thief with every file of the database learns no name, number or key. The search first shows that it finds what is in the clear.

use std::path::Path;

use anju_core::journal::fork::ForkProof;
use anju_core::listing::import::StagedRow;
use anju_core::shelf::{
    Adopted, CaseRecord, ForkRow, HitRow, House, HouseWrite, IssuedRecord, ListProjection, ListWrite, Lists, PendingHit, Projection, Shelf,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::conformance_lists::{audit, audit_row, case, hit, import, operator, pending, staged};
use super::*;

const CANARY: &str = "金丝雀在明处410";
const PLANTED: [&str; 4] = ["欧阳修远之子", "460100199003078514", "借款人诸葛亮明", "YWBH-20261121-0042"];
const CONTENT_KEY: [u8; 32] = *b"content-key-of-the-certificate-7";

/// Salt of an audit row: with it, who guesses could tell that they are right.
const SALT: [u8; 16] = *b"salt-of-this-row";

/// The bytes as base64 would show them wherever they stand in a longer text: without the characters they share with neighbours.
fn base64_forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        for shift in 0..3 {
            let text = engine.encode([&vec![0; shift], bytes].concat());
            let whole = (shift * 8).div_ceil(6)..(shift + bytes.len()) * 8 / 6;
            forms.push(text.as_bytes()[whole].to_vec());
        }
    }
    forms
}

fn byte_forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let hex = hex::encode(bytes);
    let mut forms = vec![bytes.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    forms.extend(base64_forms(bytes));
    forms
}

/// UTF-8, GB18030, UTF-16 both ways, and each of them as hex and base64.
fn text_forms(text: &str) -> Vec<Vec<u8>> {
    let (gb18030, _, lossy) = encoding_rs::GB18030.encode(text);
    assert!(!lossy);
    let little = text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let big = text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    [text.as_bytes(), &gb18030, &little, &big].iter().flat_map(|bytes| byte_forms(bytes)).collect()
}

/// In how many of the folder's files each form stands.
fn found(folder: &Path, form: &[u8]) -> usize {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    files.filter(|bytes| bytes.windows(form.len()).any(|window| window == form)).count()
}

fn plant(store: &mut Store) {
    let mut shown = access("C46020", 1);
    CANARY.clone_into(&mut shown.matter);
    shown.business_no = format!("{} {}", PLANTED[2], PLANTED[3]);
    let record = IssuedRecord {
        number: number("C46010", 1),
        account_no: format!("{}{}", PLANTED[0], PLANTED[1]),
        content_key: Key::from_bytes(CONTENT_KEY),
        request: None,
        asked: None,
        subject: None,
    };
    let canaries = text_forms(CANARY).concat();
    store
        .write(&[
            Write::Project(Projection::Access(shown)),
            Write::Issued(record),
            Write::Fork(ForkRow { term: 1, at: NOW, proof: ForkProof::new(centre("C46010"), canaries, Vec::new(), None) }),
        ])
        .unwrap();
    let kept = store.issued(&number("C46010", 1)).unwrap().unwrap();
    assert!(kept.account_no.contains(PLANTED[1]) && *kept.content_key.expose() == CONTENT_KEY, "it is in there");
}

/// Every column of lists and people that is sealed has something planted in it.
fn plant_in_lists(store: &mut Store) {
    let all = format!("{{\"subject\":\"{} {} {} {}\"}}", PLANTED[0], PLANTED[1], PLANTED[2], PLANTED[3]);
    let (mut rows, _) = audit(&store.audit_log().unwrap(), &[2]);
    (rows[0].about, rows[0].business_no, rows[0].salt) = (PLANTED[1].to_owned(), Some(PLANTED[3].to_owned()), SALT);
    let mut frontier = Frontier::empty();
    frontier.push(rows[0].leaf(), &mut Vec::new()).unwrap();
    let after = anju_core::audit::AuditLog { size: 1, peaks: frontier.peaks().to_vec(), committed: 0 };
    let mut person = operator("zhuge", 3);
    (person.display, person.staff_no, person.sealed.sealed) = (PLANTED[2].to_owned(), PLANTED[1].to_owned(), CONTENT_KEY.to_vec());
    let mut file = import(1, 1, anju_core::listing::import::ImportState::Approved);
    (file.evidence, file.approval) = (all.clone(), Some(all.clone()));
    let mut row = staged(1, 1, 4);
    row.case = all.clone().into_bytes();
    let (adopted, rows_adopted) =
        (StagedRow { case: all.clone().into_bytes(), ..staged(1, 2, 8) }, vec![Adopted { serial: 0, row: 2, index: 7 }]);
    store
        .write(&[
            Write::Project(Projection::List(ListProjection::Hit(HitRow { business_no: PLANTED[3].to_owned(), ..hit("C46020", 1, 1) }))),
            Write::List(ListWrite::Case(CaseRecord { case: all.clone().into_bytes(), ..case(0, 1) })),
            Write::List(ListWrite::Import(Box::new(file))),
            Write::List(ListWrite::Stage(vec![row, adopted])),
            Write::List(ListWrite::Adopt { import: 1, rows: rows_adopted }),
            Write::List(ListWrite::Hit(PendingHit { business_no: PLANTED[3].to_owned(), ..pending(1) })),
            Write::House(HouseWrite::Operator(person)),
            Write::House(HouseWrite::Audit { rows, after }),
        ])
        .unwrap();
    for case in [1, 2] {
        assert!(store.case(case).unwrap().is_some_and(|case| case.case == all.as_bytes()), "it is in there");
    }
    assert_eq!(store.staged_case(1, 1).unwrap().as_deref(), Some(all.as_bytes()), "and there");
    assert!(store.audit_rows(0, 1).unwrap()[0].about == PLANTED[1] && audit_row(0, 2).salt != SALT);
}

fn search(folder: &Path) {
    for form in text_forms(CANARY) {
        assert_ne!(found(folder, &form), 0, "the search is blind to {}", hex::encode(&form));
    }
    for form in PLANTED.iter().flat_map(|text| text_forms(text)).chain(byte_forms(&CONTENT_KEY)).chain(byte_forms(key().expose())) {
        assert_eq!(found(folder, &form), 0, "{}", String::from_utf8_lossy(&form));
    }
}

#[test]
fn stolen_files_show_no_name_number_or_key_in_any_encoding() {
    let place = Place::new();
    let mut store = place.open();
    plant(&mut store);
    plant_in_lists(&mut store);
    let secret = *store.local_secret().unwrap().expose();
    let search = |folder: &Path| {
        search(folder);
        for form in [&secret[..], &SALT].iter().flat_map(|bytes| byte_forms(bytes)) {
            assert_eq!(found(folder, &form), 0, "{}", String::from_utf8_lossy(&form));
        }
    };
    let names: Vec<String> =
        std::fs::read_dir(place.folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().any(|n| n.ends_with("-wal")) && names.iter().any(|n| n.ends_with("-shm")), "{names:?}");
    search(place.folder.path());
    store.checkpoint().unwrap();
    let backup = place.folder.path().join("backup.db");
    crate::store::backup::copy(&store.path().unwrap(), &backup, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    search(place.folder.path());
    drop(store);
    search(place.folder.path());
}
