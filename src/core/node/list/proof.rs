//! Which centres have acknowledged the ending of a listing of ours.

use super::super::{Env, Node, Stop};
use crate::desk::{CaseRef, Event};
use crate::error::RefusalCode;

impl Node {
    pub(in crate::node) fn ending_proof(&self, env: &Env<'_>, about: &CaseRef) -> Result<Event, Stop> {
        let _ = (env, about);
        Err(RefusalCode::Unsupported.into())
    }
}
