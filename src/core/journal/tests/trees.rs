//! Roots and proofs against two oracles: the tree of `ct-merkle`, and the verification algorithms of RFC 9162 written out here.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

use super::{Stored, digest};
use crate::error::FaultCode;
use crate::journal::frontier::FrontierError;
use crate::journal::proof::{self, MAX_PROOF_HASHES, ProofError};
use crate::journal::{Frontier, MAX_JOURNAL_ROWS, hash};
use crate::names::Digest;

type Tree = MemoryBackedTree<Sha256, Vec<u8>>;

fn header(n: u64) -> Vec<u8> {
    n.to_be_bytes().to_vec()
}

fn both(size: u64) -> (Stored, Tree) {
    let mut tree = Tree::new();
    (0..size).for_each(|n| tree.push(header(n)));
    (Stored::of((0..size).map(digest)), tree)
}

fn root_of(tree: &Tree) -> Digest {
    Digest((*tree.root().as_bytes()).into())
}

fn hashes(bytes: &[u8]) -> Vec<Digest> {
    bytes.chunks(32).map(|chunk| Digest(chunk.try_into().unwrap())).collect()
}

/// MTH straight from its definition in RFC 6962, section 2.1.
fn defined_root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => hash::empty(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            hash::node(&defined_root(left), &defined_root(right))
        }
    }
}

/// RFC 9162, section 2.1.3.2.
fn rfc_inclusion(leaf: Digest, index: u64, size: u64, root: Digest, path: &[Digest]) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut r) = (index, size - 1, leaf);
    for p in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            r = hash::node(p, &r);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            r = hash::node(&r, p);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && r == root
}

/// RFC 9162, section 2.1.4.2, for 0 < old < new.
fn rfc_consistency(old: u64, old_root: Digest, new: u64, new_root: Digest, path: &[Digest]) -> bool {
    let mut path = path.to_vec();
    if path.is_empty() {
        return false;
    }
    if old.is_power_of_two() {
        path.insert(0, old_root);
    }
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let (mut old_r, mut new_r) = (path[0], path[0]);
    for c in &path[1..] {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            (old_r, new_r) = (hash::node(c, &old_r), hash::node(c, &new_r));
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            new_r = hash::node(&new_r, c);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && old_r == old_root && new_r == new_root
}

#[test]
fn the_frontier_has_the_root_of_the_definition_and_of_the_oracle_at_every_size_up_to_600() {
    let (mut stored, mut tree) = both(0);
    let mut leaves = Vec::new();
    for size in 0..=600 {
        assert_eq!(stored.frontier.root(), root_of(&tree), "size {size}");
        assert_eq!(stored.frontier.root(), defined_root(&leaves), "size {size}");
        assert_eq!(proof::root_at(&stored, size).unwrap(), stored.frontier.root(), "size {size}");
        let again = Frontier::from_parts(size, stored.frontier.peaks().to_vec()).unwrap();
        assert_eq!(again, stored.frontier);
        stored.push(digest(size));
        tree.push(header(size));
        leaves.push(digest(size));
    }
}

#[test]
fn every_proof_up_to_40_rows_is_the_oracles_and_verifies() {
    for new in 0..=40 {
        let (stored, tree) = both(new);
        let root = stored.frontier.root();
        for index in 0..new {
            let path = proof::inclusion(&stored, index, new).unwrap();
            assert_eq!(path, hashes(tree.prove_inclusion(index as usize).as_bytes()), "row {index} of {new}");
            proof::verify_inclusion(&header(index), index, new, &root, &path).unwrap();
            assert!(rfc_inclusion(digest(index), index, new, root, &path));
        }
        for old in 0..=new {
            let path = proof::consistency(&stored, old, new).unwrap();
            let old_root = proof::root_at(&stored, old).unwrap();
            if old > 0 {
                assert_eq!(path, hashes(tree.prove_consistency((new - old) as usize).as_bytes()), "{old} to {new}");
            }
            proof::verify_consistency(old, &old_root, new, &root, &path).unwrap();
            assert!(old == 0 || old == new || rfc_consistency(old, old_root, new, root, &path), "{old} to {new}");
        }
    }
}

#[test]
fn a_store_of_leaves_and_every_eighth_level_proves_beyond_65536_rows() {
    let size = 66_000;
    let (stored, tree) = both(size);
    assert!(stored.kept.contains_key(&(16, 0)) && stored.kept.contains_key(&(8, 256)));
    let levels: std::collections::BTreeSet<u8> = stored.kept.keys().map(|(level, _)| *level).collect();
    assert_eq!(levels.into_iter().collect::<Vec<_>>(), [0, 8, 16]);
    let root = stored.frontier.root();
    assert_eq!(root, root_of(&tree));
    for index in [0, 1, 255, 256, 32_767, 65_535, 65_536, size - 1] {
        let path = proof::inclusion(&stored, index, size).unwrap();
        assert_eq!(path, hashes(tree.prove_inclusion(index as usize).as_bytes()));
        proof::verify_inclusion(&header(index), index, size, &root, &path).unwrap();
    }
    for old in [1, 128, 255, 256, 257, 65_535, 65_536, 65_537, size] {
        let path = proof::consistency(&stored, old, size).unwrap();
        assert_eq!(path, hashes(tree.prove_consistency((size - old) as usize).as_bytes()));
        proof::verify_consistency(old, &proof::root_at(&stored, old).unwrap(), size, &root, &path).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_random_proof_is_the_oracles(new in 1_u64..3_000, old in any::<proptest::sample::Index>()) {
        let (stored, tree) = both(new);
        let old = old.index(new as usize) as u64;
        let path = proof::inclusion(&stored, old, new).unwrap();
        prop_assert_eq!(&path, &hashes(tree.prove_inclusion(old as usize).as_bytes()));
        prop_assert!(proof::verify_inclusion(&header(old), old, new, &stored.frontier.root(), &path).is_ok());
        if old > 0 {
            let path = proof::consistency(&stored, old, new).unwrap();
            prop_assert_eq!(&path, &hashes(tree.prove_consistency((new - old) as usize).as_bytes()));
        }
    }

    /// What verifies must also verify by the text of RFC 9162, and the other way round, for proofs bent in every way.
    #[test]
    fn a_bent_proof_is_judged_as_the_standard_judges_it(
        new in 2_u64..200,
        old in any::<proptest::sample::Index>(),
        (claimed_old, claimed_new) in (1_u64..220, 1_u64..220),
        bend in 0_u8..6,
        at in any::<proptest::sample::Index>(),
    ) {
        let (stored, _) = both(new);
        let old = 1 + old.index(new as usize - 1) as u64;
        let (old_root, new_root) = (proof::root_at(&stored, old).unwrap(), stored.frontier.root());
        let mut path = proof::consistency(&stored, old, new).unwrap();
        let mut sizes = (old, new);
        match bend {
            0 => {}
            1 => sizes = (claimed_old.min(claimed_new), claimed_old.max(claimed_new)),
            2 => { path.pop(); }
            3 => path.push(digest(7)),
            4 => { let i = at.index(path.len()); path[i].0[at.index(32)] ^= 1; }
            _ => path.reverse(),
        }
        prop_assume!(sizes.0 < sizes.1);
        let ours = proof::verify_consistency(sizes.0, &old_root, sizes.1, &new_root, &path).is_ok();
        prop_assert_eq!(ours, rfc_consistency(sizes.0, old_root, sizes.1, new_root, &path));
        prop_assert!(ours || bend != 0);

        let mut path = proof::inclusion(&stored, old - 1, new).unwrap();
        match bend {
            0 | 1 => {}
            2 => { path.pop(); }
            3 => path.push(digest(7)),
            4 => { let i = at.index(path.len()); path[i].0[at.index(32)] ^= 1; }
            _ => path.reverse(),
        }
        let (index, size) = if bend == 1 { (claimed_old, claimed_new) } else { (old - 1, new) };
        let ours = proof::verify_inclusion(&header(old - 1), index, size, &new_root, &path).is_ok();
        prop_assert_eq!(ours, rfc_inclusion(digest(old - 1), index, size, new_root, &path));
    }
}

#[test]
fn huge_sizes_neither_panic_nor_loop() {
    let sizes =
        [0, 1, 2, MAX_JOURNAL_ROWS - 1, MAX_JOURNAL_ROWS, MAX_JOURNAL_ROWS + 1, u64::MAX / 2, u64::MAX / 2 + 1, u64::MAX - 1, u64::MAX];
    let stored = Stored::of((0..3).map(digest));
    for length in [0, 1, 2, 47, 48, 49, 63, 64, 65, MAX_PROOF_HASHES, MAX_PROOF_HASHES + 1] {
        let path = vec![digest(0); length];
        for a in sizes {
            for b in sizes {
                assert!(proof::verify_inclusion(&header(0), a, b, &digest(1), &path).is_err());
                let trivial = a <= b && length == 0 && (a == 0 && b > 0 && b <= MAX_JOURNAL_ROWS);
                let verdict = proof::verify_consistency(a, &hash::empty(), b, &digest(1), &path);
                assert_eq!(verdict.is_ok(), trivial, "{a} to {b} with {length}");
            }
        }
    }
    for size in sizes.into_iter().filter(|size| *size > 3) {
        assert!(proof::inclusion(&stored, size - 1, size).is_err());
        assert!(proof::consistency(&stored, size - 1, size).is_err());
        assert!(proof::root_at(&stored, size).is_err());
        assert!(Frontier::from_parts(size, Vec::new()).is_err());
        assert!(proof::subtree_from_stored(63, size, &mut |level, index| stored.kept.get(&(level, index)).copied().ok_or(())).is_err());
    }
}

#[test]
fn a_proof_with_more_hashes_than_the_cap_is_oversized() {
    let path = vec![digest(0); MAX_PROOF_HASHES + 1];
    assert_eq!(proof::verify_inclusion(&header(0), 0, 1, &digest(0), &path).unwrap_err().code, FaultCode::Oversized);
    assert_eq!(proof::verify_consistency(1, &digest(0), 2, &digest(0), &path).unwrap_err().code, FaultCode::Oversized);
}

#[test]
fn equal_sizes_are_consistent_only_with_equal_roots_and_an_empty_proof() {
    proof::verify_consistency(5, &digest(1), 5, &digest(1), &[]).unwrap();
    assert!(proof::verify_consistency(5, &digest(1), 5, &digest(2), &[]).is_err());
    assert!(proof::verify_consistency(5, &digest(1), 5, &digest(1), &[digest(3)]).is_err());
    proof::verify_consistency(0, &hash::empty(), 0, &hash::empty(), &[]).unwrap();
    assert!(proof::verify_consistency(0, &hash::empty(), 0, &digest(1), &[]).is_err());
    assert!(proof::verify_consistency(0, &digest(1), 4, &digest(1), &[]).is_err());
}

#[test]
fn no_proof_is_made_of_rows_that_are_not_there() {
    let stored = Stored::of((0..5).map(digest));
    assert_eq!(proof::inclusion(&stored, 5, 5), Err(ProofError::OutOfRange));
    assert_eq!(proof::consistency(&stored, 5, 4), Err(ProofError::OutOfRange));
    assert!(matches!(proof::inclusion(&stored, 0, 6), Err(ProofError::Subtree(_))));
}

#[test]
fn a_full_journal_takes_no_row_and_stays_as_it_was() {
    let mut full = Frontier::from_parts(MAX_JOURNAL_ROWS, vec![digest(0)]).unwrap();
    let before = full.clone();
    assert_eq!(full.push(digest(1), &mut Vec::new()), Err(FrontierError::Full));
    assert_eq!(full, before);
    let mut nearly = Frontier::from_parts(MAX_JOURNAL_ROWS - 1, vec![digest(0); 48]).unwrap();
    let mut completed = Vec::new();
    nearly.push(digest(1), &mut completed).unwrap();
    assert_eq!(nearly.peaks().len(), 1);
    assert_eq!(completed.iter().map(|s| s.level).collect::<Vec<_>>(), [8, 16, 24, 32, 40, 48]);
}
