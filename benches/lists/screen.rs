//! Many applicants from a file, by the real client.

use std::fs::File;
use std::io::{BufWriter, Write};

use serde_json::{Value, json};

use crate::derive;
use crate::filled::{Filled, PERSONS};
use crate::people::{self, Kind, TELLER};

/// Applicants who are employers.
const EMPLOYERS: u64 = 20_000;
/// One of so many is on the list.
const ONE_LISTED_OF: u64 = 10;

pub(crate) fn measure(filled: &mut Filled, kind: Kind) -> Value {
    let rows = if kind == Kind::Person { 2 * PERSONS } else { EMPLOYERS.min(filled.rows) };
    let (folder, listed) = (filled.folder(), filled.listed(kind));
    let [file, out] = ["applicants.csv", "screened.csv"].map(|name| folder.join(name));
    let mut table = BufWriter::new(File::create(&file).unwrap());
    writeln!(table, "证件类型,证件号码,业务编号").unwrap();
    for row in 0..rows {
        let serial = if row % ONE_LISTED_OF == 0 { row * 7_919 % listed } else { filled.rows + row };
        writeln!(table, "{},{},NO-{row}", kind.code(), kind.number(serial)).unwrap();
    }
    table.flush().unwrap();
    let peer = filled.serving();
    let cpu = peer.cpu_s();
    let line = ["blacklist", "screen", file.to_str().unwrap(), "--matter", "loan", "--out", out.to_str().unwrap()];
    let ran = people::client(&folder, TELLER, &line);
    let (cpu, peak) = (peer.cpu_s() - cpu, peer.peak_kib());
    let said = &ran.said["screen"];
    let expected = rows.div_ceil(ONE_LISTED_OF);
    assert_eq!((&said["listed"], &said["not_listed"]), (&expected.into(), &(rows - expected).into()), "{said}");
    std::fs::remove_file(&out).unwrap();
    let derivation = derive::median(kind).as_secs_f64();
    let us = |s: f64| s * 1e6 / rows as f64;
    json!({ "part": "screen", "kind": kind.name(), "listings": filled.rows, "rows": rows, "s": ran.s, "rows_per_s": rows as f64 / ran.s,
            "derivation_us_per_row": derivation * 1e6, "derivation_core_s": derivation * rows as f64,
            "cpu_us_per_row": { "client": us(ran.cpu_s), "peer": us(cpu) }, "peak_kib": { "client": ran.peak_kib, "peer": peak } })
}
