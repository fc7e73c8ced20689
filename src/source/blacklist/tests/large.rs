use std::fmt::Write as _;
use std::io::Write as _;

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;

/// Rows of the generated file. What a large one costs in memory is measured on the whole program, in `tests/it`.
const ROWS: u64 = 40_000;

/// The credit code with this serial, its check character right.
fn credit_code(serial: u64) -> String {
    const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let body = format!("91460199{serial:09}");
    let mut weight = 1;
    let mut sum = 0;
    for byte in body.bytes() {
        sum += ALPHABET.iter().position(|c| *c == byte).unwrap() * weight;
        weight = weight * 3 % 31;
    }
    format!("{body}{}", char::from(ALPHABET[(31 - sum % 31) % 31]))
}

fn write_large(path: &Path) {
    let mut out = std::io::BufWriter::new(fs::File::create(path).unwrap());
    writeln!(out, "{HEADER}").unwrap();
    let mut line = String::new();
    for row in 1..=ROWS {
        line.clear();
        // Every thousandth row says again what a row far before it said.
        let serial = if row % 1_000 == 0 { row / 2 + 1 } else { row };
        let level = if row % 2_000 == 0 { "严重" } else { "一般" };
        let code = credit_code(serial);
        writeln!(line, "单位,单位{serial},{code},欠缴,{level},认〔2026〕{serial}号,2026-01-09,条例第四十条,公示,2027-01-09,2027-01-09,")
            .unwrap();
        out.write_all(line.as_bytes()).unwrap();
    }
    out.flush().unwrap();
}

#[test]
fn repeats_far_apart_in_a_large_file_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.csv");
    write_large(&path);
    let catalogue = Catalogue::default();
    let file =
        BlacklistFile::open(&path, ColumnMap::default(), &catalogue, today(), folder.path(), &mut |_| std::ops::ControlFlow::Continue(()))
            .unwrap();
    let mut rejected = 0;
    let tally = file
        .rows(&mut |read| {
            if let BlacklistRow::Rejected(row) = read {
                assert_eq!(row.why.code(), "contradicts-earlier-row", "row {}", row.row);
                rejected += 1;
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!((tally.rows, tally.duplicates, tally.rejected), (ROWS, ROWS / 2_000, ROWS / 2_000));
    assert_eq!(rejected, tally.rejected);
}

#[test]
fn a_file_that_changes_while_it_is_read_concludes_nothing() {
    let given = Given::csv(lines(&[HEADER, GOOD]));
    let catalogue = Catalogue::default();
    let file = BlacklistFile::open(&given.path(), ColumnMap::default(), &catalogue, today(), given.folder.path(), &mut |_| {
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    fs::write(given.path(), lines(&[HEADER, GOOD, GOOD_2])).unwrap();
    assert!(matches!(file.rows(&mut |_| ControlFlow::Continue(())), Err(SourceError::Changed { .. })));
}

#[test]
fn rows_altered_at_random_are_right_or_rejected_and_never_lost() {
    let seed: u64 = std::env::var("ANJU_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_122);
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let utf8 = lines(&[HEADER, GOOD, GOOD_2, GOOD]).into_bytes();
    let clean = [utf8.clone(), gb(std::str::from_utf8(&utf8).unwrap())];
    let pieces: &[&[u8]] =
        &[b"\"", b"\r", b"\n", b",", b"\0", b"\xff", b"\x01Q", "＝".as_bytes(), b"\x81\x30", "\u{202e}".as_bytes(), b"'"];
    for round in 0..400 {
        let mut bytes = clean[round % 2].clone();
        for _ in 0..rng.random_range(1..6) {
            if bytes.len() < HEADER.len() + 8 {
                break;
            }
            let at = rng.random_range(HEADER.len() + 2..bytes.len());
            match rng.random_range(0..4) {
                0 => bytes[at] = rng.random(),
                1 => _ = bytes.remove(at),
                2 => bytes.truncate(at.max(HEADER.len() + 3)),
                _ => drop(bytes.splice(at..at, pieces[rng.random_range(0..pieces.len())].iter().copied())),
            }
        }
        // `got` asserts that every row is told of; here: whatever passed is what may be listed.
        let got = Given::csv(&bytes).got();
        for (import, row) in &got.rows {
            assert!(row.finding.check().is_ok() && import.check(&Catalogue::default(), today()).is_ok(), "round {round} of seed {seed}");
        }
    }
}

proptest! {
    #[test]
    fn nothing_that_may_stand_in_a_file_makes_a_reader_fall_over(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Given::csv(&bytes).read();
        let mut with_header = lines(&[HEADER]).into_bytes();
        with_header.extend(bytes);
        prop_assert!(Given::csv(with_header).read().is_ok());
    }
}
