//! The blacklist (失信名单): who is on it, how somebody gets there and off it, and what other centres see.
//!
//! A listing destroys somebody's loan, so nothing here has a short way. [`case`] is the way to a listing and away from it, as states;
//! [`catalogue`] is what a centre may say of a subject and how long it waits, as dated data; [`subject`] turns a document's number into
//! what is looked up; [`finding`] is what was decided, sealed so that only who has the subject before them can read it; [`decided`],
//! [`changed`] and [`objected`] are the bodies of the three kinds of statements; [`status`] is what they come to on a given day.
//! What must never be here: whom to tell, a name or number in anything that is not sealed, a listing without a [`case::Listable`].

pub mod case;
pub mod catalogue;
pub mod changed;
pub mod day;
pub mod decided;
pub mod finding;
pub mod hit;
pub mod import;
pub mod objected;
pub mod status;
pub mod subject;

pub use changed::{Change, ChangedBody};
pub use day::Day;
pub use decided::{Basis, DecidedBody};
pub use finding::Finding;
pub use objected::{Ground, ObjectedBody};
pub use subject::{Document, DocumentType, Pepper, SubjectKind, SubjectSecret};
