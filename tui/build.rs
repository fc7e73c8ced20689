//! The words are read while the crate is compiled, by a macro that cargo cannot see through: another word is another crate.
#![allow(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]

fn main() {
    println!("cargo::rerun-if-changed=locales");
    println!("cargo::rerun-if-changed=../locales");
}
