//! A placeholder until the benchmark of the next commit.
fn main() {}
