//! Writes `tests/vectors/journal/*.json`. Run it after a change of the format, and read the difference before committing it:
//!
//! ```text
//! cargo run -p anju-core --example journal_vectors
//! ```

mod generate;

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/journal");
    std::fs::create_dir_all(&folder)?;
    for (name, vector) in generate::all() {
        std::fs::write(folder.join(format!("{name}.json")), generate::to_text(&vector))?;
    }
    Ok(())
}
