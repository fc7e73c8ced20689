//! What two heads of one journal say about each other.
//!
//! Pure comparison of what is signed; whether a longer head really extends the shorter one takes a proof, and is not said here.

use super::VerifiedHead;
use crate::names::Digest;
use crate::shelf::Head;

/// How a head that was just verified stands to the newest one held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has more rows. Pull them; only the proof tells whether it extends ours.
    Newer,
    /// The same rows and root.
    Same {
        /// Whether its heartbeat is newer than ours: the author lives.
        newer_heartbeat: bool,
    },
    /// It has fewer rows and an older or equal heartbeat: an honest peer that is behind, or a replay.
    Older,
    /// It has fewer rows under a newer heartbeat. The author signed that its newest head is shorter than one that it had signed before.
    RolledBack,
    /// As many rows and another root: two histories, proven by the two notes.
    Forked,
}

/// Compares the newest head `held` with `seen`, which was verified as a head of the same journal. Never let a head of another journal
/// or term come here: what an old key signed beyond a takeover is void, not a fork.
///
/// An author's heartbeats never run backwards, even when its clock does, so `RolledBack` accuses nobody whose clock was corrected.
#[must_use]
pub fn compare(held: &Head, seen: &VerifiedHead) -> Standing {
    use std::cmp::Ordering;
    let newer_heartbeat = seen.heartbeat() > held.heartbeat;
    match seen.size().cmp(&held.size) {
        Ordering::Greater => Standing::Newer,
        Ordering::Equal if seen.root() != held.root => Standing::Forked,
        Ordering::Equal => Standing::Same { newer_heartbeat },
        Ordering::Less if newer_heartbeat => Standing::RolledBack,
        Ordering::Less => Standing::Older,
    }
}

/// Whether a head with at most as many rows as we hold lies on the history we hold: `our_root` is our own root at its size
/// ([`super::proof::root_at`]). If not, the author forked, and our newest note beside this one shows it to who has the rows.
#[must_use]
pub fn is_on_our_history(our_root: &Digest, seen: &VerifiedHead) -> bool {
    *our_root == seen.root()
}
