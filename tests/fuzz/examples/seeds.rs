//! Writes the seeds of every target into `tests/fuzz/corpus/`.
//!
//!     cargo run --manifest-path tests/fuzz/Cargo.toml --example seeds
#![allow(clippy::unwrap_used, reason = "a generator that cannot generate has nothing better to do than to stop")]

use std::fs;
use std::path::Path;

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut vectors = Vec::new();
    for file in fs::read_dir(here.join("../vectors/journal")).unwrap() {
        let path = file.unwrap().path();
        let vector: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        vectors.push((vector["form"].as_str().unwrap().to_owned(), name, hex::decode(vector["bytes"].as_str().unwrap()).unwrap()));
    }
    let seeds = anju_fuzz::seeds::seeds(&vectors);
    for (target, name, bytes) in &seeds {
        let folder = here.join("corpus").join(target);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), bytes).unwrap();
    }
    let files = blacklists(here);
    println!("{} seeds", seeds.len() + files);
}

/// The samples' files whole, and line by line behind the target's own header.
fn blacklists(here: &Path) -> usize {
    let folder = here.join("corpus/blacklist_rows");
    fs::create_dir_all(&folder).unwrap();
    let mut made = 0;
    for centre in ["C46010", "C46020", "C50010"] {
        let whole = fs::read(here.join("../../samples").join(centre).join("blacklist.csv")).unwrap();
        let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').skip(1).take(20).collect();
        let wholes = [([1].as_slice(), whole.as_slice())];
        for (route, rest) in wholes.into_iter().chain(lines.into_iter().map(|line| ([0].as_slice(), line))) {
            fs::write(folder.join(format!("{centre}-{made}")), [route, rest].concat()).unwrap();
            made += 1;
        }
    }
    made
}
