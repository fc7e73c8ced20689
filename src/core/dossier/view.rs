//! Which values count.
//!
//! A value counts if its author was entitled to write the field, it is of the field's form, and no later value that counts took its place.
//! What others write beside it is shown with its author and never counted: it cannot take the place of what counts either, so a party
//! cannot undo what it may not write. Of entitled values that were written without knowledge of each other all are shown, and the one with
//! the larger operation number decides, then the larger actor: the same everywhere.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::document::Held;
use super::kind::MAX_TRANSFERS;
use super::{Dossier, DossierKind, OpId, PartyRole, Writer, field};
use crate::names::CentreCode;
use crate::time::Time;

/// Most values of one field that are shown.
pub const MAX_SHOWN_VALUES: usize = 16;

/// The parties of a dossier, in the order in which they came; no centre twice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parties(Vec<(CentreCode, PartyRole)>);

impl Parties {
    /// Takes a centre in, unless it is in.
    pub fn admit(&mut self, centre: CentreCode, role: PartyRole) {
        if self.role(&centre).is_none() && self.0.len() < super::MAX_PARTIES {
            self.0.push((centre, role));
        }
    }

    /// What a centre is in the dossier.
    #[must_use]
    pub fn role(&self, centre: &CentreCode) -> Option<PartyRole> {
        self.0.iter().find(|(party, _)| party == centre).map(|(_, role)| *role)
    }

    /// The centre that has this role, if one alone has it.
    #[must_use]
    pub fn sole(&self, role: PartyRole) -> Option<&CentreCode> {
        let mut with = self.0.iter().filter(|(_, r)| *r == role).map(|(centre, _)| centre);
        with.next().filter(|_| with.next().is_none())
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[(CentreCode, PartyRole)] {
        &self.0
    }
}

/// Whether a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It does.
    Counted,
    /// It would, but another that was written without knowledge of it decides.
    Beside,
    /// Its author was not entitled to write the field.
    NotEntitled,
    /// It is not of the field's form, or there is no such field.
    Malformed,
}

impl Standing {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Beside => "beside",
            Self::NotEntitled => "not-entitled",
            Self::Malformed => "malformed",
        }
    }
}

/// One value of a field. Personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldView {
    /// Which field.
    pub field: String,
    /// What was written.
    pub value: String,
    /// By whom.
    pub author: CentreCode,
    /// When, by its author.
    pub at: Time,
    /// Whether it counts.
    pub standing: Standing,
}

impl std::fmt::Debug for FieldView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FieldView({}, {}, {})", self.field, self.author, self.standing.code())
    }
}

/// A value that counts.
#[derive(Clone, PartialEq, Eq)]
pub struct Counted {
    /// What was written.
    pub value: String,
    /// By whom.
    pub author: CentreCode,
    /// When, by its author.
    pub at: Time,
}

impl std::fmt::Debug for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Counted({})", self.author)
    }
}

/// The values that count, by field.
#[must_use]
pub fn counted(dossier: &Dossier, kind: DossierKind, parties: &Parties) -> BTreeMap<String, Counted> {
    let keepers = keepers(dossier, kind, parties);
    let decides = |(name, values): (&String, &BTreeMap<OpId, Held>)| {
        let standing = standing(name, values, kind, parties, &keepers);
        let winner = standing.into_iter().find(|(_, standing)| *standing == Standing::Counted).and_then(|(id, _)| values.get(&id))?;
        Some((name.clone(), Counted { value: winner.value.clone(), author: winner.author.clone(), at: winner.at }))
    };
    dossier.fields().iter().filter_map(decides).collect()
}

/// Everything that stands in the dossier, by field: what counts first, then what stands beside it, then what never counts.
#[must_use]
pub fn view(dossier: &Dossier, kind: DossierKind, parties: &Parties) -> Vec<FieldView> {
    let keepers = keepers(dossier, kind, parties);
    let mut shown = Vec::new();
    for (name, values) in dossier.fields() {
        let mut standing: Vec<(Standing, OpId)> =
            standing(name, values, kind, parties, &keepers).into_iter().map(|(id, standing)| (standing, id)).collect();
        standing.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        let one = |(standing, id): (Standing, OpId)| {
            let held = values.get(&id)?;
            let (value, author) = (held.value.clone(), held.author.clone());
            Some(FieldView { field: name.clone(), value, author, at: held.at, standing })
        };
        shown.extend(standing.into_iter().take(MAX_SHOWN_VALUES).filter_map(one));
    }
    shown
}

/// Who kept the account at first, after the first transfer, and so on, as far as it is told by who could tell.
fn keepers(dossier: &Dossier, kind: DossierKind, parties: &Parties) -> Vec<CentreCode> {
    if kind != DossierKind::Loan {
        return Vec::new();
    }
    let mut keepers: Vec<CentreCode> = parties.sole(PartyRole::Depositing).into_iter().cloned().collect();
    for number in 1..=MAX_TRANSFERS {
        let name = format!("transfer.{number}.to");
        let Some(values) = dossier.fields().get(&name).filter(|_| !keepers.is_empty()) else { break };
        let standing = standing(&name, values, kind, parties, &keepers);
        let to = standing.into_iter().find(|(_, standing)| *standing == Standing::Counted).and_then(|(id, _)| values.get(&id));
        match to.and_then(|held| CentreCode::new(&held.value).ok()) {
            Some(centre) => keepers.push(centre),
            None => break,
        }
    }
    keepers
}

fn entitled(author: &CentreCode, writer: &Writer, parties: &Parties, keepers: &[CentreCode]) -> bool {
    match writer {
        Writer::Role(role) => parties.role(author) == Some(*role),
        Writer::Centre(centre) => author == centre && parties.role(author).is_some(),
        Writer::Account(after) => usize::try_from(*after).ok().and_then(|after| keepers.get(after)) == Some(author),
        Writer::AnyAccount => keepers.contains(author),
        Writer::Party => parties.role(author).is_some(),
    }
}

/// The standing of every value of a field that has one: those whose place was taken have none.
fn standing(
    name: &str,
    values: &BTreeMap<OpId, Held>,
    kind: DossierKind,
    parties: &Parties,
    keepers: &[CentreCode],
) -> Vec<(OpId, Standing)> {
    let spec = field(kind, name);
    let own = |held: &Held| match &spec {
        None => Standing::Malformed,
        Some((writer, _)) if !entitled(&held.author, writer, parties, keepers) => Standing::NotEntitled,
        Some((_, form)) if !form.allows(&held.value) => Standing::Malformed,
        Some(_) => Standing::Counted,
    };
    let of: BTreeMap<OpId, Standing> = values.iter().map(|(id, held)| (*id, own(held))).collect();
    // What counts takes the place of everything it knew of; what does not, of what its own author wrote that does not either.
    let mut replaced = BTreeSet::new();
    for (id, held) in values {
        let counts = of.get(id) == Some(&Standing::Counted);
        for before in known_to(held, values) {
            let theirs =
                values.get(&before).is_some_and(|other| other.author == held.author) && of.get(&before) != Some(&Standing::Counted);
            if theirs || (counts && of.get(&before) == Some(&Standing::Counted)) {
                replaced.insert(before);
            }
        }
    }
    let decides = of.iter().rev().find(|(id, standing)| **standing == Standing::Counted && !replaced.contains(*id)).map(|(id, _)| *id);
    let of = of.into_iter().filter(|(id, _)| !replaced.contains(id));
    of.map(|(id, standing)| (id, if standing == Standing::Counted && Some(id) != decides { Standing::Beside } else { standing })).collect()
}

/// The values whose place this one took, directly or through others.
fn known_to(held: &Held, values: &BTreeMap<OpId, Held>) -> BTreeSet<OpId> {
    let (mut known, mut next) = (BTreeSet::new(), held.predecessors.clone());
    while let Some(id) = next.pop() {
        if known.insert(id)
            && let Some(before) = values.get(&id)
        {
            next.extend_from_slice(&before.predecessors);
        }
    }
    known
}
