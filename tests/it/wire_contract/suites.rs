//! Another suite is outside the contract wherever one is named: there is nothing to talk down to.

use std::collections::BTreeSet;

use super::altered::{map, pairs};
use super::{check, examples};

#[test]
fn a_shape_that_names_another_suite_is_refused_wherever_a_suite_stands() {
    let text = |suite: &str| [&[0x60 | u8::try_from(suite.len()).unwrap()], suite.as_bytes()].concat();
    let (ours, other) = (text(anju_core::seal::SUITE), text("anju-2"));
    let mut named = BTreeSet::new();
    for (rule, bytes) in examples() {
        let Some(mut pairs) = pairs(&bytes) else { continue };
        let Some((_, suite)) = pairs.iter_mut().find(|(_, value)| *value == ours) else { continue };
        suite.clone_from(&other);
        assert!(check(rule, &map(&pairs)).is_err(), "{rule}");
        named.insert(rule);
    }
    println!("a suite stands in {named:?}");
    // What says something that counts, and what is sealed: each names the suite that it is signed or sealed under.
    for rule in
        ["charter", "charter-link", "charter-approved", "epoch-sealed", "certificate-head", "access-sealed", "vector", "listing-decided"]
    {
        assert!(named.contains(rule), "{rule} names no suite");
    }
}
