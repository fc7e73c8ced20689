//! Where an export goes on: one position in each journal, as a text that means nothing to who keeps it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::{Decode, Encode};

use crate::charter::MAX_MEMBERS;
use crate::error::RefusalCode;
use crate::names::{CentreCode, FederationName};
use crate::wire;

/// What every cursor begins with: the form's version.
const PREFIX: &str = "c1.";
/// Longest cursor, in bytes: a position in the journal of every member, and room.
pub const MAX_CURSOR_BYTES: usize = 32 * 1024;

/// One position: whose journal, and the first row that was not read out.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Position {
    #[n(0)]
    centre: CentreCode,
    #[n(1)]
    from: u64,
    /// How often rows of that journal had been let go then; nothing for never.
    #[n(2)]
    cuts: Option<u64>,
    /// Set when something was read out that only another history of this centre ends: 0 when all of it was, else one more than the row
    /// from which on the rest is to be read out.
    #[n(3)]
    beside: Option<u64>,
}

#[derive(Debug, Encode, Decode)]
struct Content {
    #[n(0)]
    federation: FederationName,
    /// In order of the centres, each once; journals without a row read out are not in it.
    #[n(1)]
    positions: Vec<Position>,
}

/// How far each journal was read out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Cursor(BTreeMap<CentreCode, Read>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Read {
    from: u64,
    cuts: u64,
    beside: Option<u64>,
}

impl Cursor {
    /// Reads a cursor of `federation`.
    ///
    /// `cursor-invalid` for anything that [`Cursor::to_text`] does not make, and for another federation's.
    pub(super) fn parse(text: &str, federation: &FederationName) -> Result<Self, RefusalCode> {
        let bytes = text.strip_prefix(PREFIX).filter(|_| text.len() <= MAX_CURSOR_BYTES).and_then(|t| URL_SAFE_NO_PAD.decode(t).ok());
        let content: Content = bytes.and_then(|bytes| wire::decode(&bytes, MAX_CURSOR_BYTES).ok()).ok_or(RefusalCode::CursorInvalid)?;
        let ordered = content.positions.is_sorted_by(|a, b| a.centre < b.centre) && content.positions.len() <= MAX_MEMBERS;
        let number = |n: u64| (1..=i64::MAX as u64).contains(&n);
        let begun = |p: &Position| number(p.from) || (p.from == 0 && p.cuts.is_none() && p.beside.is_some());
        let goes_on = |p: &Position| p.beside.is_none_or(|from| from == 0 || number(from));
        let possible = content.positions.iter().all(|p| begun(p) && p.cuts.is_none_or(number) && goes_on(p));
        if content.federation != *federation || !ordered || !possible {
            return Err(RefusalCode::CursorInvalid);
        }
        let read = |p: Position| (p.centre, Read { from: p.from, cuts: p.cuts.unwrap_or(0), beside: p.beside });
        Ok(Self(content.positions.into_iter().map(read).collect()))
    }

    /// The cursor as text.
    pub(super) fn to_text(&self, federation: &FederationName) -> String {
        let position = |(centre, read): (&CentreCode, &Read)| {
            let cuts = (read.cuts > 0).then_some(read.cuts);
            Position { centre: centre.clone(), from: read.from, cuts, beside: read.beside }
        };
        let positions = self.0.iter().map(position).collect();
        let content = Content { federation: federation.clone(), positions };
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(wire::encode(&content)))
    }

    /// The first row of `centre`'s journal that was not read out.
    pub(super) fn from(&self, centre: &CentreCode) -> u64 {
        self.0.get(centre).map_or(0, |read| read.from)
    }

    /// Every position: whose journal, the first row that was not read out, and how often rows had been let go then.
    pub(super) fn positions(&self) -> impl Iterator<Item = (&CentreCode, u64, u64)> {
        self.0.iter().map(|(centre, read)| (centre, read.from, read.cuts))
    }

    /// Row `index` was read out, and every row before it, of a journal of which rows have been let go so often.
    pub(super) fn passed(&mut self, centre: &CentreCode, index: u64, cuts: u64) {
        let beside = self.0.get(centre).and_then(|read| read.beside);
        self.0.insert(centre.clone(), Read { from: index.saturating_add(1), cuts, beside });
    }

    /// From which row on what only another history of `centre` ends is still to be read out, if some of it was.
    pub(super) fn beside(&self, centre: &CentreCode) -> Option<u64> {
        self.0.get(centre).and_then(|read| read.beside?.checked_sub(1))
    }

    /// What only another history of `centre` ends was read out up to row `next`, or all of it.
    pub(super) fn ended_beside(&mut self, centre: &CentreCode, next: Option<u64>) {
        let beside = Some(next.map_or(0, |next| next.saturating_add(1)));
        self.0.entry(centre.clone()).or_insert(Read { from: 0, cuts: 0, beside: None }).beside = beside;
    }

    /// What only another history of some centres ended was read out, and these centres are of one mind again: their journals are read out
    /// from the beginning, for what had ended may stand.
    pub(super) fn forget_ended_beside(&mut self, is_kept: impl Fn(&CentreCode) -> bool) {
        self.0.retain(|centre, read| read.beside.is_none() || is_kept(centre));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_nothing_else_is_one() {
        let (here, there) = (FederationName::new("hainan").unwrap(), FederationName::new("other").unwrap());
        let mut cursor = Cursor::default();
        for (centre, index) in [("C46020", 7), ("C46010", 0), ("C50010", u64::from(u32::MAX))] {
            cursor.passed(&CentreCode::new(centre).unwrap(), index, index % 3);
        }
        cursor.ended_beside(&CentreCode::new("C46020").unwrap(), Some(3));
        cursor.ended_beside(&CentreCode::new("C99010").unwrap(), None);
        let text = cursor.to_text(&here);
        assert_eq!(Cursor::parse(&text, &here).as_ref(), Ok(&cursor));
        assert_eq!(Cursor::parse(&Cursor::default().to_text(&here), &here), Ok(Cursor::default()));
        let long = format!("c1.{}", "A".repeat(MAX_CURSOR_BYTES));
        let padded = format!("{text}=");
        for bad in ["", "c1.", "c2.gA", &text[3..], &text[..text.len() - 1], &padded, &long, "c1.\u{ff}"] {
            assert_eq!(Cursor::parse(bad, &here), Err(RefusalCode::CursorInvalid), "{}", &bad[..bad.len().min(40)]);
        }
        assert_eq!(Cursor::parse(&text, &there), Err(RefusalCode::CursorInvalid));
    }

    #[test]
    fn positions_out_of_order_twice_or_at_nothing_are_no_cursor() {
        let here = FederationName::new("hainan").unwrap();
        let position = |centre: &str, from| Position { centre: CentreCode::new(centre).unwrap(), from, cuts: None, beside: None };
        let never = Position { cuts: Some(0), ..position("C46010", 1) };
        for positions in [
            vec![position("C46020", 1), position("C46010", 1)],
            vec![position("C46010", 1), position("C46010", 2)],
            vec![position("C46010", 0)],
            vec![position("C46010", u64::MAX)],
            vec![never],
            vec![Position { beside: Some(u64::MAX), ..position("C46010", 1) }],
        ] {
            let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(wire::encode(&Content { federation: here.clone(), positions })));
            assert_eq!(Cursor::parse(&text, &here), Err(RefusalCode::CursorInvalid));
        }
    }
}
