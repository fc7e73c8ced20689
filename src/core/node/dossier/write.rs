//! A dossier is opened, a field is written, a note is added. What is written is read back before it leaves: what would not count is refused.

use super::super::{Effect, Env, Node, Stop};
use super::failed;
use super::read::Opened;
use crate::desk::{DossierName, Event};
use crate::dossier::{ChangedBody, Dossier, DossierKind, DossierPlace, Head, OpenedBody, Parties, PartyKey, PartyRole, Rejection, field};
use crate::error::{Refusal, RefusalCode};
use crate::journal::{Entry, Kind, Statement};
use crate::names::{CentreCode, DossierId, DossierRef};
use crate::seal::Key;
use crate::shelf::DossierRow;

/// What is written: fields and their values.
pub(in crate::node) type Texts = Vec<(String, String)>;

impl Node {
    pub(super) fn dossier_open(
        &mut self,
        env: &mut Env<'_>,
        kind: DossierKind,
        with: &CentreCode,
        (about, title, text): (Option<&str>, Option<&str>, Option<&str>),
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        if kind == DossierKind::Loan {
            return Err(Refusal::about(RefusalCode::RequestInvalid, "kind").into());
        }
        let mut texts: Texts = title.map(|title| ("title".to_owned(), title.to_owned())).into_iter().collect();
        texts.extend(text.map(|text| (self.note_field(1), text.to_owned())));
        if texts.is_empty() {
            return Err(Refusal::about(RefusalCode::FieldMissing, "text").into());
        }
        self.dossier_begin(env, kind, with, about, &texts, out)
    }

    /// Opens a dossier with another centre, and writes the first fields, under one head.
    pub(in crate::node) fn dossier_begin(
        &mut self,
        env: &mut Env<'_>,
        kind: DossierKind,
        with: &CentreCode,
        about: Option<&str>,
        texts: &Texts,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        self.may_write()?;
        if !kind.may_be_about(about, &self.centre, with) {
            return Err(Refusal::about(RefusalCode::RequestInvalid, "about").into());
        }
        let (mut id, key) = (DossierId([0; 16]), Key::random(env.rng));
        env.rng.fill_bytes(&mut id.0);
        let place = DossierPlace { opener: &self.centre, id: &id };
        let (first, second) = kind.founders();
        let founders = [(self.centre.clone(), first), (with.clone(), second)];
        let keys =
            founders.iter().map(|(centre, role)| self.party_key(env, &place, (centre, *role), &key)).collect::<Result<Vec<_>, _>>()?;
        let head = Head { about: about.map(str::to_owned) };
        let body = OpenedBody::seal(env.rng, &place, kind, keys, &head, &key);
        let opened = Statement::build(env.rng, Kind::DossierOpened, env.now, None, &body.to_bytes()).map_err(failed)?;
        let index = env.shelf.journal(&self.centre)?.size;
        let row = DossierRow {
            place: DossierRef { centre: self.centre.clone(), index },
            kind,
            other: with.clone(),
            about: head.about,
            at: env.now,
        };
        let mut parties = Parties::default();
        founders.iter().for_each(|(centre, role)| parties.admit(centre.clone(), *role));
        let dossier = Dossier::new(&place, &founders.map(|(centre, _)| centre));
        let mut dossier = Opened::new(row, id, key, parties, dossier);
        let changed = self.dossier_change(env, &mut dossier, texts)?;
        self.append(env, std::iter::once(opened).chain(changed).collect(), out)?;
        Ok(dossier.event())
    }

    /// The dossier's key for a centre that becomes a party.
    pub(super) fn party_key(
        &self,
        env: &mut Env<'_>,
        place: &DossierPlace<'_>,
        (centre, role): (&CentreCode, PartyRole),
        key: &Key,
    ) -> Result<PartyKey, Stop> {
        let not_one = || Stop::Refused(Refusal::about(RefusalCode::AddresseeInvalid, centre.as_str()));
        let member = self.charter.member(centre).ok_or_else(not_one)?;
        PartyKey::seal(env.rng, place, (centre, role), &member.hybrid, key).map_err(|_| not_one())
    }

    /// The statement that writes these fields, if every one of them then counts, and where somebody else has put the same there, one before
    /// it. The dossier has them in it from here on.
    pub(super) fn dossier_change(&self, env: &mut Env<'_>, opened: &mut Opened, texts: &Texts) -> Result<Vec<Entry>, Stop> {
        for (name, value) in texts {
            let form = field(opened.row.kind, name).map(|(_, form)| form);
            if !form.is_some_and(|form| form.allows(value)) {
                return Err(Refusal::about(RefusalCode::FieldMissing, name.as_str()).into());
            }
        }
        let refusal = |rejection, opened: &Opened| refused(rejection, &opened.row.place);
        let room = opened.dossier.make_room(&self.centre, texts, env.now).map_err(|rejection| refusal(rejection, opened))?;
        if let Some(room) = &room {
            opened.dossier.offer(&self.centre, room);
        }
        let bytes = opened.dossier.write(&self.centre, texts, env.now).map_err(|rejection| refusal(rejection, opened))?;
        opened.dossier.offer(&self.centre, &bytes);
        let counted = opened.counted();
        for (name, value) in texts {
            if !counted.get(name).is_some_and(|counted| counted.author == self.centre && counted.value == *value) {
                return Err(Refusal::about(RefusalCode::NotEntitled, name.as_str()).into());
            }
        }
        let mut statement = |bytes: Vec<u8>| {
            let body = ChangedBody::seal(env.rng, (&opened.place(), opened.row.place.index), &self.centre, &opened.key, &bytes);
            Statement::build(env.rng, Kind::DossierChanged, env.now, None, &body.to_bytes()).map_err(failed)
        };
        room.into_iter().chain([bytes]).map(&mut statement).collect()
    }

    /// Writes fields of a dossier.
    pub(super) fn dossier_put(
        &mut self,
        env: &mut Env<'_>,
        mut opened: Opened,
        texts: &Texts,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        self.may_write()?;
        let entries = self.dossier_change(env, &mut opened, texts)?;
        self.append(env, entries, out)?;
        Ok(opened.event())
    }

    pub(super) fn dossier_field(
        &mut self,
        env: &mut Env<'_>,
        name: &DossierName,
        field: &str,
        value: &str,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        let opened = self.dossier_named(env, name, out)?;
        self.dossier_put(env, opened, &vec![(field.to_owned(), value.to_owned())], out)
    }

    pub(super) fn dossier_note(&mut self, env: &mut Env<'_>, name: &DossierName, text: &str, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        let opened = self.dossier_named(env, name, out)?;
        let counted = opened.counted();
        let free = (1..).find(|number| !counted.contains_key(&self.note_field(*number))).unwrap_or(1);
        self.dossier_put(env, opened, &vec![(self.note_field(free), text.to_owned())], out)
    }

    fn note_field(&self, number: u32) -> String {
        format!("note.{}.{number}", self.centre)
    }
}

/// Why our own change is not written.
fn refused(rejection: Rejection, place: &DossierRef) -> Stop {
    let code = match rejection {
        Rejection::NothingNew => RefusalCode::NothingNew,
        Rejection::TooLarge | Rejection::TooMany | Rejection::PendingFull => RefusalCode::CeilingExceeded,
        // Our own rows may be here before those that they follow, after a restored backup; and whatever others wrote into the dossier, it
        // must not look like a store that fails.
        Rejection::NotAParty
        | Rejection::NotAChange
        | Rejection::Checksum
        | Rejection::Malformed
        | Rejection::Shape
        | Rejection::OtherActor
        | Rejection::Sequence
        | Rejection::Numbering
        | Rejection::Engine
        | Rejection::Panicked
        | Rejection::Differs => RefusalCode::DossierUnreadable,
    };
    Refusal::about(code, place.to_string()).into()
}
