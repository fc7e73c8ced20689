//! A file becomes listings: the real client stages it and has it approved, a real peer derives, stages and lists.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::derive;
use crate::peers::{Federation, Over, Ports, Process, held};
use crate::people::{self, Kind, REVIEWER, TELLER};
use crate::rows;

const LOOK_EVERY: Duration = Duration::from_millis(1);
/// A journal that grew by less since the last look did not grow by a batch of listings.
const BATCH_LEAST: u64 = 500;

fn write_file(path: &Path, kind: Kind, rows: u64) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    writeln!(file, "ZTLX,MC,ZJHM,XWDM,DJ,WSH,WSRQ,FLYJ,XZCS,XZJZ,GSJZ,BZ").unwrap();
    for i in 0..rows {
        let number = kind.number(i);
        match kind {
            Kind::Employer => write!(file, "单位,海口第{i}建筑有限公司,{number},欠缴,一般"),
            Kind::Person => write!(file, "个人,张三,{number},骗提,一般"),
        }
        .unwrap();
        writeln!(file, ",海口公积金失信认〔2026〕{i}号,2026-01-09,住房公积金管理条例第四十一条,限制提取;限制贷款,2030-01-09,2028-01-09,")
            .unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();
}

/// Looks at a journal until told to stop: when it had how many rows.
fn watch(process: &Process, federation: &Federation, stop: &AtomicBool) -> Vec<(Instant, u64)> {
    let (reader, mut seen) = (process.reader(), Vec::<(Instant, u64)>::new());
    while !stop.load(Ordering::Relaxed) {
        let size = held(&reader, &federation.centres[0]);
        if seen.last().is_none_or(|(_, before)| size >= before + BATCH_LEAST) {
            seen.push((Instant::now(), size));
        }
        std::thread::sleep(LOOK_EVERY);
    }
    seen
}

/// Rows a second from the first batch that was durable to the last; none when there were fewer than three.
fn appended_per_s(seen: &[(Instant, u64)]) -> Option<f64> {
    let ([_, first, .., last], true) = (seen, seen.len() >= 4) else { return None };
    Some((last.1 - first.1) as f64 / (last.0 - first.0).as_secs_f64())
}

pub(crate) fn measure(kind: Kind, rows: u64, over: Over) -> Value {
    let (ports, folder) = (Ports::free(), tempfile::tempdir().unwrap());
    let federation = Federation::new(ports, over);
    rows::empty(folder.path(), &federation.centres[0]);
    people::staff(folder.path(), &federation.centres[0]);
    let file = folder.path().join("list.csv");
    write_file(&file, kind, rows);
    let bytes = file.metadata().unwrap().len();
    let path = file.to_str().unwrap();
    let peer = Process::start(folder.path(), 0, ports, over);
    let staged = people::client(folder.path(), TELLER, &["blacklist", "import", path]);
    assert_eq!(staged.said["import"]["counts"]["new"], rows, "{}", staged.said);
    let (cpu_staged, peak_staged, over_yet) = (peer.cpu_s(), peer.peak_kib(), AtomicBool::new(false));
    let (approved, seen) = std::thread::scope(|scope| {
        let seen = scope.spawn(|| watch(&peer, &federation, &over_yet));
        let approved = people::client(folder.path(), REVIEWER, &["blacklist", "import", "approve", path]);
        over_yet.store(true, Ordering::Relaxed);
        (approved, seen.join().unwrap())
    });
    assert_eq!((&approved.said["import"]["state"], &approved.said["import"]["listed"]), (&"done".into(), &rows.into()));
    let us = |s: f64| s * 1e6 / rows as f64;
    let derivation = derive::median(kind).as_secs_f64();
    json!({
        "part": "import", "kind": kind.name(), "rows": rows, "file_bytes": bytes,
        "rows_per_s": rows as f64 / (staged.s + approved.s),
        "stage_s": staged.s, "stage_rows_per_s": rows as f64 / staged.s,
        "approve_s": approved.s, "approve_asks_at_most_every_s": 1,
        "listing_rows_per_s": appended_per_s(&seen),
        "derivation_us_per_row": derivation * 1e6, "derivation_core_s": derivation * rows as f64,
        "cpu_us_per_row": { "client_staging": us(staged.cpu_s), "client_approving": us(approved.cpu_s),
                            "peer_staging": us(cpu_staged), "peer_listing": us(peer.cpu_s() - cpu_staged) },
        "peak_kib": { "client_staging": staged.peak_kib, "client_approving": approved.peak_kib,
                      "peer_staging": peak_staged, "peer": peer.peak_kib() },
    })
}
