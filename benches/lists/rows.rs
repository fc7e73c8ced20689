//! Rows as an import makes them: `listing.decided` with a token and a sealed finding of the usual length, both random here.

use std::path::Path;

use anju::store::{Mode, Store, head_file};
use anju_core::charter::CentreKeys;
use anju_core::journal::{Author, Entry, Frontier, Kind, Statement, batch};
use anju_core::listing::{Basis, Day, DecidedBody};
use anju_core::names::{CentreCode, Digest, ListingId, SubjectToken};
use anju_core::node::project;
use anju_core::seal::{Key, SUITE};
use anju_core::shelf::{JournalState, KeptHead, Write};
use anju_core::time::Time;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

/// Bytes of a sealed finding: with them a body has 400.
const SEALED_BYTES: usize = 300;
/// Rows under one signed head.
pub(crate) const BATCH: u64 = 1_000;

pub(crate) fn store_key() -> Key {
    Key::from_bytes([0x51; 32])
}

/// One row, and the length of its body.
pub(crate) fn listing(rng: &mut StdRng, now: Time) -> (Entry, usize) {
    let day = Day::of(now);
    let mut sealed = vec![0; SEALED_BYTES];
    rng.fill_bytes(&mut sealed);
    let body = DecidedBody {
        suite: SUITE.to_owned(),
        listing: ListingId(rng.random()),
        pepper: 1,
        token: SubjectToken(rng.random()),
        restriction_until: day.plus_days(rng.random_range(300..1500)),
        publication_until: day.plus_days(rng.random_range(300..700)),
        basis: Basis::Imported,
        authority: Digest(rng.random()),
        sealed,
    };
    let (bytes, drop_after) = (body.to_bytes(), body.drop_after());
    (Statement::build(rng, Kind::ListingDecided, now, Some(drop_after), &bytes).unwrap(), bytes.len())
}

/// A store with a whole journal of `author`'s in it, and the head kept beside it.
pub(crate) fn fill(folder: &Path, author: &Author, keys: &CentreKeys, rows: u64, now: Time) {
    let mut rng = StdRng::seed_from_u64(rows);
    fill_with(folder, author, keys, rows, now, |_| listing(&mut rng, now).0);
}

/// The same with rows of somebody's making.
pub(crate) fn fill_with(folder: &Path, author: &Author, keys: &CentreKeys, rows: u64, now: Time, mut row: impl FnMut(u64) -> Entry) {
    let mut store = Store::open(&folder.join("anju.db"), &store_key(), Mode::Create).unwrap();
    let mut frontier = Frontier::empty();
    while frontier.size() < rows {
        let from = frontier.size();
        let entries = (from..rows.min(from + BATCH)).map(&mut row).collect();
        let batch = batch::append(&frontier, entries, author, &keys.signing, &keys.heartbeat, now).unwrap();
        let (peaks, head) = (batch.frontier.peaks().to_vec(), Some(batch.head.received_at(now)));
        let state = JournalState { size: batch.frontier.size(), peaks, head, applied: batch.frontier.size() };
        let meant: Vec<Write> = (from..)
            .zip(batch.rows.rows())
            .flat_map(|(index, row)| project::project_sound(&author.centre, keys, &author.centre, index, row.header(), row.entry()))
            .map(Write::Project)
            .collect();
        let append = Write::Append { centre: author.centre.clone(), from, rows: batch.rows, subtrees: batch.subtrees, state };
        store.write(&std::iter::once(append).chain(meant).collect::<Vec<_>>()).unwrap();
        frontier = batch.frontier;
    }
    store.checkpoint().unwrap();
    keep(folder, &author.centre, &frontier);
}

/// An empty store, and the head of an empty journal kept beside it.
pub(crate) fn empty(folder: &Path, centre: &CentreCode) {
    drop(Store::open(&folder.join("anju.db"), &store_key(), Mode::Create).unwrap());
    keep(folder, centre, &Frontier::empty());
}

pub(crate) fn keep(folder: &Path, centre: &CentreCode, frontier: &Frontier) {
    let head = KeptHead { centre: centre.clone(), size: frontier.size(), root: frontier.root() };
    head_file::write(&folder.join("head.json"), &head).unwrap();
}
