//! The vectors of rows that stand under no head of their author, but under what the charter states of its journal.

use anju_core::charter::{Chain, Change};
use anju_core::exhibit::{Exhibit, Part};
use anju_core::journal::proof::inclusion;
use anju_core::journal::{Entry, hash};
use anju_core::wire;

use super::{AUTHOR, CODES, Extended, Leaves, Made, ROWS, World, open, row};

/// Nobody of these has signed anything that is in the file.
const UNSIGNED: [&str; 4] = ["signature", "sealed", "witnessed", "whole"];

pub fn of_extents(made: &mut Made) {
    of_a_removal(made);
    of_a_term_that_has_not_begun(made);
    of_suspensions(made);
}

impl World {
    /// Rows under what the charter states.
    fn stated(&self, rows: &[usize]) -> Exhibit {
        self.exhibit(self.part_of(None, rows, ROWS))
    }
}

fn by_everybody_else(size: u64, version: u64) -> Vec<Extended> {
    let approved = CODES.iter().enumerate().filter(|(at, _)| *at != AUTHOR).map(|(_, code)| (*code).to_owned()).collect();
    vec![Extended { size, version, approved }]
}

/// A row with its proof under the first five of these rows, as if they were those that count.
fn under_five(entries: &[Entry], index: usize, part: &Part) -> Part {
    let mut part = part.clone();
    let leaves = Leaves(entries[..5].iter().map(Entry::leaf).collect());
    part.rows.truncate(1);
    part.rows[0].index = index as u64;
    part.rows[0].entry = entries[index].clone();
    part.rows[0].proof = inclusion(&leaves, index as u64, 5).unwrap_or_default();
    part
}

fn of_a_removal(made: &mut Made) {
    let mut world = World::new(5000);
    world.witnessed();
    let beyond = (world.centres[1].clone(), world.cosign(1, &world.entries));
    let before = world.exhibit(world.part_of(Some(&world.head(&world.entries, &world.keys[AUTHOR])), &[3], ROWS));
    let forged = world.statements(5);
    let other_history = world.cosign(2, &forged[..4]);
    world.adopt(vec![Change::Remove { centre: world.author().clone(), counts: world.extent(5) }]);
    let good = world.stated(&[3, 4]);
    let rows = vec![row(3, 1, &["C46030"], false), row(4, 1, &[], false)];
    let what = "A removed centre's only head is over more rows than count: its rows stand under the extent. One witness cosigned fewer.";
    made.holds("holds_under_an_extent", what, &good, &open(&UNSIGNED), rows).stated = by_everybody_else(5, 2);

    let mut with = |name: &str, what: &str, expect: &str, change: &dyn Fn(&mut Part)| {
        let mut other = good.clone();
        change(&mut other.parts[0]);
        made.put(name, what, expect, &other);
    };
    let row_of = |entries: &[Entry], index| {
        let entries = entries.to_vec();
        move |part: &mut Part| *part = under_five(&entries, index, part)
    };
    with("extent_row_beyond", "A row behind those that the charter lets count.", "extent", &row_of(&world.entries, 5));
    let what = "A row of another history, under its root of as many rows.";
    with("inclusion_under_another_root", what, "inclusion", &row_of(&forged, 3));
    with("inclusion_altered_under_an_extent", "The last byte of a header is another.", "inclusion", &|part| {
        *part.rows[0].entry.header.last_mut().unwrap() ^= 1;
    });
    let what = "The extent is its own history: there is nothing to prove, and a proof of it says the same in other words.";
    with("extent_own_proof", what, "extent", &|part| part.extents[0].push(hash::sha256(b"another")));
    let what = "A head that the charter does not let count is in the file.";
    let void = before.parts[0].note.clone();
    with("extent_void_head_kept", what, "extent", &|part| part.note.clone_from(&void));
    with("head_empty", "A head of no bytes is not a head that is left out.", "head", &|part| part.note = Some(Vec::new()));
    with("cosignature_beyond_an_extent", "A witness cosigned rows that do not count.", "cosignature", &|part| {
        let mut cosigned = part.cosigned[0].clone();
        (cosigned.witness, cosigned.note) = beyond.clone();
        part.cosigned.insert(0, cosigned);
    });
    let what = "The witness saw another history, signed by the author, than the charter lets count.";
    with("consistency_beside_an_extent", what, "consistency", &|part| part.cosigned[0].note.clone_from(&other_history));

    let mut other = before.clone();
    other.parts[0].note = None;
    made.put("head_missing", "No head, and the charter states no extent of the journal.", "head", &other);
    let bytes = good.to_bytes();
    let (named, part) = (part_start(4, world.author().as_str()), wire::encode(&good.parts[0]));
    assert!(part.starts_with(&named) && bytes.ends_with(&part));
    let null = [&part_start(5, world.author().as_str())[..], &[0x01, 0xf6], &part[named.len()..]].concat();
    let null = [&bytes[..bytes.len() - part.len()], &null].concat();
    made.bytes("form_head_of_null", "The head is spelt out as null instead of left out.", "form", &null);
}

/// A part's first bytes: a map of so many keys, and the centre's code under the first.
fn part_start(keys: u8, centre: &str) -> Vec<u8> {
    [&[0xa0 | keys, 0x00, 0x60 | centre.len() as u8], centre.as_bytes()].concat()
}

fn of_a_term_that_has_not_begun(made: &mut Made) {
    let mut world = World::new(5500);
    world.rotate(world.extent(3));
    let third = world.rotate(world.extent(5));
    let good = world.stated(&[0, 4]);
    let rows = vec![row(0, 1, &[], false), row(4, 2, &[], false)];
    let what = "A row of each of two ended terms; in the third, the centre has signed nothing yet.";
    made.holds("holds_before_a_term_begins", what, &good, &open(&UNSIGNED), rows).stated = by_everybody_else(5, 3);

    let mut other = good.clone();
    other.parts[0].extents[0][0] = hash::sha256(b"another");
    made.put("extent_of_another_term_elsewhere", "What the first term counts for is not shown to be of this history.", "extent", &other);
    // A file has no say in which extent its rows stand under.
    let whole = std::mem::take(&mut world.links);
    world.file = world.file.with_links(&whole[..1]);
    let mut older = world.stated(&[0]);
    world.file = world.file.with_links(&whole);
    older.parts[0].extents.push(good.parts[0].extents[0].clone());
    older.charter = Chain::of(&world.file).unwrap();
    made.put(
        "extent_of_an_older_term",
        "The row stands under what the first term counts for, and a later one has ended.",
        "extent",
        &older,
    );
    let note = world.head(&world.entries, &third);
    let mut other = world.exhibit(world.part(&note, &[0, 4], ROWS));
    other.parts[0].note = None;
    made.put("extent_head_dropped", "Proofs lead to a head that was taken out of the file.", "extent", &other);
}

fn of_suspensions(made: &mut Made) {
    let mut world = World::new(6000);
    let centre = world.author().clone();
    world.adopt(vec![Change::Suspend { centre: centre.clone(), counts: world.extent(5) }]);
    let rows = vec![row(3, 1, &[], false), row(4, 1, &[], false)];
    let what = "The centre is suspended, and rows of before stand under what counts meanwhile.";
    let suspended = world.stated(&[3, 4]);
    made.holds("holds_of_a_suspended_centre", what, &suspended, &open(&UNSIGNED), rows.clone()).stated = by_everybody_else(5, 2);

    let first = world.links.clone();
    world.adopt(vec![Change::Remove { centre: centre.clone(), counts: world.extent(6) }]);
    let what = "It has left: a later version says the same, and no more rows count than before.";
    let left = world.stated(&[3, 4]);
    made.holds("holds_of_a_suspended_centre_that_left", what, &left, &open(&UNSIGNED), rows).stated = by_everybody_else(5, 2);

    world.file = world.file.with_links(&first);
    world.links = first;
    world.adopt(vec![Change::Restore { centre: centre.clone() }]);
    let note = world.head(&world.entries, &world.keys[AUTHOR]);
    let more = open(&["sealed", "witnessed"]);
    let restored = world.exhibit(world.part(&note, &[3], ROWS));
    made.holds("holds_of_a_restored_centre", "It writes again, and has signed a head.", &restored, &more, vec![row(3, 1, &[], false)]);
    let mut other = restored;
    other.parts = suspended.parts;
    made.put("head_missing_after_a_suspension", "The suspension was lifted, and with it what it stated.", "head", &other);

    world.adopt(vec![Change::Suspend { centre, counts: world.extent(4) }]);
    let what = "It is suspended again, and fewer rows count than the first time.";
    let again = world.stated(&[3]);
    let more = open(&["signature", "sealed", "witnessed"]);
    made.holds("holds_of_a_centre_suspended_again", what, &again, &more, vec![row(3, 1, &[], false)]).stated = by_everybody_else(4, 4);
}
