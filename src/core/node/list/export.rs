//! What has changed on the lists is read out, page by page, from a cursor.

use super::super::{Effect, Env, Node, Stop};
use crate::desk::Event;
use crate::error::RefusalCode;
use crate::operator::ProvenAct;

impl Node {
    pub(in crate::node) fn export(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        cursor: Option<&str>,
        limit: usize,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        let _ = (env, act, cursor, limit, out);
        Err(RefusalCode::Unsupported.into())
    }
}
