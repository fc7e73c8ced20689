//! This crate lies inside `src/` because a package's library and binary share one dependency list, and the frames of `anju-peers`
//! need these types while the command needs `anju-peers`: the core cannot be the root package's own library.
//!
//! `anju-core` holds every decision an anju peer makes, and nothing else: no socket, no file, no clock, no randomness. Time and
//! chance arrive in [`node::Env`], what is stored is read through [`shelf::Shelf`], and what shall happen leaves as
//! [`node::Effect`] values. What must never be here: I/O of any kind, a thread, a log line, a word shown to a user.
//!
//! | room | what it is for |
//! | --- | --- |
//! | [`names`], [`time`], [`error`] | the small words everything else is made of |
//! | [`seal`], [`sign`] | the only places that touch ciphers and signature keys |
//! | [`journal`] | the Merkle log of one centre: statements, checkpoints, proofs, frames |
//! | [`charter`] | who is in the federation, with which keys |
//! | [`facts`] | what a certificate says, derived from account, transactions and loans |
//! | [`certificate`], [`grant`], [`holder`] | signed evidence, consent to read it, and the citizen's side of both |
//! | [`exhibit`] | evidence files: what proves a statement to a stranger, with the charter in it |
//! | [`listing`] | the blacklist: subjects, due process, what is published of it |
//! | [`matter`] | what a centre asks certificates for, and by which rules it judges them, as data |
//! | [`dossier`] | cases that several centres write together |
//! | [`operator`], [`audit`] | a centre's own people and what they may do; the log of what they did |
//! | [`vector`] | how far a centre has applied every journal: the acknowledgement |
//! | [`shelf`] | what the core may read of the store, and what it asks the store to write |
//! | [`node`] | the state machine, one file per conversation |
//! | [`desk`] | the requests and events of the local door |
//! | [`window`] | the signed requests of the citizens' door, and grants that wait there |

pub mod audit;
pub mod certificate;
pub mod charter;
pub mod desk;
pub mod dossier;
pub mod error;
pub mod exhibit;
pub mod facts;
pub mod grant;
pub mod holder;
pub mod interact;
pub mod journal;
pub mod listing;
pub mod matter;
pub mod names;
pub mod node;
pub mod operator;
pub mod seal;
pub mod shelf;
pub mod sign;
pub mod time;
pub mod vector;
pub mod window;
pub mod wire;
