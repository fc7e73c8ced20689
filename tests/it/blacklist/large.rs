use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;

use super::*;

/// Bytes of the generated file.
const BYTES: usize = 96 * 1024 * 1024;
/// Address space that the program is given, in KiB: less than twice the file, its own code included.
const ADDRESS_SPACE_KIB: u64 = 192 * 1024;

#[test]
fn a_large_file_is_read_within_a_cap_on_memory() {
    let counter = Counter::without_peer();
    let path = counter.room.path("large.csv");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    writeln!(out, "ZTLX,MC,ZJHM,XWDM,DJ,WSH,WSRQ,FLYJ,XZCS,XZJZ,GSJZ,BZ,说明一").unwrap();
    // Long rows, so that the test is about bytes and not about how fast rows are checked.
    let filler = "长".repeat(1_300);
    let (mut written, mut rows, mut line) = (0, 0_u64, String::new());
    while written < BYTES {
        rows += 1;
        line.clear();
        writeln!(
            line,
            "单位,海口中科贸易有限公司,914601993TGUNRC89H,欠缴,一般,认{rows}号,2026-01-09,条例第四十条,公示,2027-01-09,2027-01-09,,{}",
            filler
        )
        .unwrap();
        out.write_all(line.as_bytes()).unwrap();
        written += line.len();
    }
    out.flush().unwrap();
    drop(out);
    let anju = env!("CARGO_BIN_EXE_anju");
    let script = format!("ulimit -v {ADDRESS_SPACE_KIB} && exec \"$0\" \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &script, anju, "blacklist", "import", "--data"])
        .arg(counter.room.path("a"))
        .args(["--dry-run", "--json"])
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}{}", crate::cli::out(&output), err(&output));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["import"]["accepted"].as_u64(), Some(rows));
}
