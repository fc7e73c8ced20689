//! Writes `tests/vectors/exhibit/*.json`. Run it after a change of the format, and read the difference before committing it:
//!
//! ```text
//! cargo run -p anju-core --example exhibit_vectors
//! ```

mod generate;

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/exhibit");
    std::fs::create_dir_all(&folder)?;
    for (name, vector) in generate::all() {
        std::fs::write(folder.join(format!("{name}.json")), generate::to_text(&vector))?;
    }
    Ok(())
}
