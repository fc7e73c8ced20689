//! The peer's disk is full while a file is staged, and while its rows are listed.

use anju_core::desk::{Act, ImportView};
use anju_core::listing::Day;
use anju_core::listing::catalogue::Catalogue;
use anju_core::listing::import::{ImportRow, ImportState, RowsDigest};
use anju_core::names::Digest;
use anju_core::operator::{OperatorName, Role, SealedKey};
use anju_core::seal::stretch::PASSPHRASE_COST;
use anju_core::shelf::{House, Lists};

use super::world::{ADMIN, operator_key};
use super::*;

/// The centre that imports.
const IMPORTS: usize = 0;
/// Rows of the file: more than fit into pages that happen to be free.
const ROWS: u64 = 600;
const PAGE: usize = 200;
const FILE: Digest = Digest([7; 32]);
const CREDIT_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// The unified social credit code with this serial number (GB 32100).
fn credit_code(serial: u64) -> String {
    let body = format!("91460199{serial:09}");
    let value = |b: u8| CREDIT_ALPHABET.iter().position(|c| *c == b).unwrap();
    let sum: usize = body.bytes().zip(std::iter::successors(Some(1), |w| Some(w * 3 % 31))).map(|(b, w)| value(b) * w).sum();
    format!("{body}{}", char::from(CREDIT_ALPHABET[(31 - sum % 31) % 31]))
}

fn row(row: u64) -> ImportRow {
    let text = str::to_owned;
    ImportRow {
        row,
        subject_kind: text("employer"),
        name: format!("第{row}有限公司"),
        document_type: text("USCC"),
        document_no: credit_code(row),
        conduct: text("欠缴"),
        level: text("一般"),
        decision_no: format!("认{row}号"),
        decision_day: text("2026-01-09"),
        legal_basis: text("条例"),
        measures: vec![text("公示")],
        restriction_until: text("2098-01-09"),
        publication_until: text("2097-01-09"),
        remark: "长".repeat(100),
    }
}

struct Import {
    world: World,
    rows: Vec<ImportRow>,
    digest: Digest,
    _folder: tempfile::TempDir,
}

impl Import {
    fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::new(seed, folder.path(), &copy_only());
        for (name, role) in [("teller", Role::Teller), ("reviewer", Role::Reviewer)] {
            let cost = PASSPHRASE_COST;
            let sealed = SealedKey { salt: vec![2; 16], memory_kib: cost.memory_kib, passes: cost.passes, sealed: vec![3; 72] };
            let (display, staff_no, key) = (name.to_owned(), name.to_owned(), operator_key(name).public());
            let name = OperatorName::new(name).unwrap();
            let added = world.act(IMPORTS, ADMIN, &Act::OperatorAdd { name, display, staff_no, role, key, sealed });
            assert_eq!(added, Event::Done);
        }
        let rows: Vec<ImportRow> = (1..=ROWS).map(row).collect();
        let today = Day::of(machine_clock());
        let checked = rows.iter().map(|row| row.check(&Catalogue::default(), today).unwrap());
        let digest = checked.fold(RowsDigest::default(), |digest, row| digest.after(&row)).0;
        Self { world, rows, digest, _folder: folder }
    }

    fn room(&mut self, pages: i64) {
        self.world.peers[IMPORTS].engine.store.limit_growth(pages);
    }

    /// How the import stands after an act, or the code of what kept it from being carried out.
    fn ask(&mut self, who: &str, act: &Act) -> Result<ImportView, String> {
        match self.world.act(IMPORTS, who, act) {
            Event::Import(view) => Ok(*view),
            Event::Failed { code, .. } => Err(code),
            other => panic!("{other:?}"),
        }
    }

    fn page(&mut self, page: usize) -> Result<ImportView, String> {
        let rows = self.rows[page * PAGE..(page + 1) * PAGE].to_vec();
        self.ask("teller", &Act::ImportRows { file: FILE, rows, dry_run: false })
    }

    fn approve(&mut self) -> Result<ImportView, String> {
        let digest = self.digest;
        self.ask("reviewer", &Act::ImportApprove { file: FILE, rows: ROWS, digest })
    }

    /// Listings that the own journal has.
    fn listed(&self) -> usize {
        let reader = self.world.peers[IMPORTS].reader();
        let own = self.world.centre(IMPORTS);
        (0..reader.journal(&own).unwrap().size)
            .filter(|index| reader.listing(&anju_core::names::ListingRef { centre: own.clone(), index: *index }).unwrap().is_some())
            .count()
    }
}

#[test]
fn on_a_full_disk_an_import_is_staged_and_listed_page_by_page_or_not_at_all_and_goes_on_when_there_is_room() {
    let mut import = Import::new(5);
    import.ask("teller", &Act::ImportBegin { file: FILE }).unwrap();
    assert_eq!(import.page(0).unwrap().staged, PAGE as u64);
    import.room(0);
    for _ in 0..2 {
        assert_eq!(import.page(1), Err("store-full".to_owned()));
    }
    let stands = import.ask("teller", &Act::ImportBegin { file: FILE }).unwrap();
    assert_eq!((stands.staged, stands.last_row, stands.state), (PAGE as u64, PAGE as u64, ImportState::Staging), "nothing of the page");
    import.room(ROOM);
    assert_eq!(import.page(1).unwrap().staged, 2 * PAGE as u64);
    assert_eq!(import.page(2).unwrap().staged, ROWS);
    let digest = import.digest;
    let staged = import.ask("teller", &Act::ImportFinish { file: FILE, rows: ROWS, digest }).unwrap();
    assert_eq!((staged.state, staged.counts.new), (ImportState::Staged, ROWS));

    import.room(0);
    let told = import.approve();
    assert!(matches!(&told, Err(code) if code == "store-full") || told.as_ref().is_ok_and(|view| view.listed == 0), "{told:?}");
    assert_eq!(import.listed(), 0, "no batch is listed in part");
    import.world.feed(IMPORTS, vec![Input::Tick]);
    assert_eq!(import.listed(), 0);
    assert!(matches!(import.world.ask(IMPORTS, Request::Status), Some(Event::Status(_))), "reads go on");

    import.room(ROOM);
    let _ = import.approve();
    for _ in 0..3 {
        import.world.feed(IMPORTS, vec![Input::Tick]);
        import.world.settle();
    }
    let done = import.approve().unwrap();
    assert_eq!((done.state, done.listed, import.listed()), (ImportState::Done, ROWS, 600), "every row once");
    assert!(import.world.peers[IMPORTS].reader().audit_log().unwrap().size > 0);
}
