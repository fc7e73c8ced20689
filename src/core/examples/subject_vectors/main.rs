//! Writes `tests/vectors/subject-*.json`. Run it after a change of the form, and read the difference before committing it:
//!
//! ```text
//! cargo run -p anju-core --example subject_vectors
//! ```

mod generate;

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors");
    for (name, text) in generate::all() {
        std::fs::write(folder.join(format!("{name}.json")), text)?;
    }
    Ok(())
}
