//! What the core reads and writes of the blacklist: published listings of everybody (projections), cases and imports of our own (records).

use super::ShelfError;
use crate::listing::case::CaseState;
use crate::listing::import::{ImportRecord, StagedRow};
use crate::listing::{Basis, Change, Day, Ground};
use crate::names::{CentreCode, Digest, ListingId, ListingRef, RequestId, StationKey, SubjectToken};
use crate::operator::OperatorName;
use crate::seal::Key;
use crate::time::Time;

/// How a statement of a listing ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingEnd {
    /// What became of it: [`Change::Withdrawn`], [`Change::Repaired`] or [`Change::Replaced`].
    pub change: Change,
    /// Row of the same journal that said so.
    pub index: u64,
    /// When, by its author.
    pub at: Time,
    /// The subject's name was used by somebody else.
    pub impersonated: bool,
}

/// One `listing.decided` statement, as its author's journal tells it. The finding is in the statement's payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingRow {
    /// Whose, and which row.
    pub place: ListingRef,
    /// The listing.
    pub listing: ListingId,
    /// Version of the pepper.
    pub pepper: u64,
    /// What its subject is found by.
    pub token: SubjectToken,
    /// Last day on which it counts in a lookup.
    pub restriction_until: Day,
    /// Last day on which it may be shown.
    pub publication_until: Day,
    /// How the subject came to know.
    pub basis: Basis,
    /// When, by its author.
    pub at: Time,
    /// Set when it ended.
    pub ended: Option<ListingEnd>,
}

/// Statements of one journal that stand under one version of the pepper.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StandingUnder {
    /// Whose.
    pub centre: CentreCode,
    /// Version of the pepper.
    pub pepper: u64,
    /// How many.
    pub listings: u64,
}

/// One `listing.objected` statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectionRow {
    /// Who objected.
    pub author: CentreCode,
    /// Row of that centre's journal.
    pub index: u64,
    /// To which statement.
    pub about: ListingRef,
    /// To which listing.
    pub listing: ListingId,
    /// Why.
    pub ground: Ground,
    /// When, by its author.
    pub at: Time,
    /// Objections of the same author on the same legal day in the rows before it. Counted when read, and no further than
    /// [`crate::listing::objected::OBJECTIONS_PER_DAY`].
    pub before_it: u64,
    /// Row of the listing's journal that answered it (upheld), if one did: of that statement, or of one that took its place.
    pub answered: Option<u64>,
}

/// A hit that another centre told us of. The business number is sealed at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HitRow {
    /// Who looked.
    pub author: CentreCode,
    /// Row of that centre's journal.
    pub index: u64,
    /// Our listing.
    pub listing: ListingId,
    /// Row of our journal.
    pub listing_index: u64,
    /// The asker's id of the lookup.
    pub request: RequestId,
    /// Code of the matter.
    pub matter: String,
    /// The asker's business number.
    pub business_no: String,
    /// When.
    pub at: Time,
}

/// A hit of ours that its centre has not been told of yet. The business number is sealed at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingHit {
    /// Counted from 1; 0 when it is not stored yet.
    pub serial: u64,
    /// Whose listing, and which row.
    pub place: ListingRef,
    /// The listing.
    pub listing: ListingId,
    /// Our id of the lookup.
    pub request: RequestId,
    /// Code of the matter.
    pub matter: String,
    /// Our business number.
    pub business_no: String,
    /// Code of the legal basis.
    pub legal_basis: String,
    /// When.
    pub at: Time,
}

/// A case of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRecord {
    /// Counted from 1; 0 asks the store for the next one, and so does the number after [`Lists::cases_made`].
    pub serial: u64,
    /// The listing: one case each.
    pub listing: ListingId,
    /// Where it stood after its last step; clocks that ran out since are not in it.
    pub state: CaseState,
    /// Row of our journal that publishes it, while one does.
    pub index: Option<u64>,
    /// From which import, if it was imported.
    pub import: Option<u64>,
    /// What notices a row that changed: [`crate::listing::subject::content_digest`].
    pub content: Digest,
    /// Digest that is the same for the same decision number, and tells it to nobody.
    pub decision: Digest,
    /// When something has to happen.
    pub waits_until: Option<Time>,
    /// [`crate::listing::case::Case`] as JSON. Sealed at rest.
    pub case: Vec<u8>,
}

/// A change that one statement makes to what is known of listings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListProjection {
    /// A listing took effect.
    Decided(ListingRow),
    /// As many [`ListProjection::Decided`], of one journal and in its order: written at once they cost half.
    DecidedInRow(Vec<ListingRow>),
    /// One was changed; an ending also erases the payload that it ends (a write of its own).
    Changed {
        /// Whose, and which row decided it.
        place: ListingRef,
        /// What became of it.
        end: ListingEnd,
        /// The objection that is answered.
        answers: Option<(CentreCode, u64)>,
    },
    /// Somebody objected.
    Objected(ObjectionRow),
    /// Another centre told us of a hit.
    Hit(HitRow),
    /// A member has applied our journal so far.
    Acknowledged {
        /// Who.
        author: CentreCode,
        /// Row of that centre's journal.
        index: u64,
        /// When, by its author.
        at: Time,
        /// Rows of our journal.
        applied: u64,
    },
}

/// A change of the records about lists.
#[derive(Debug, Clone)]
pub enum ListWrite {
    /// A case as it is now.
    Case(CaseRecord),
    /// An import as it is now.
    Import(Box<ImportRecord>),
    /// Rows of an import.
    Stage(Vec<StagedRow>),
    /// Staged rows of an import have become statements: what was staged of each case becomes the case, as it lies there.
    Adopt {
        /// Serial of the import.
        import: u64,
        /// Which, in the order of the file.
        rows: Vec<Adopted>,
    },
    /// The staged rows of an import up to a row of its file are dealt with: their bodies go, and the cases that none has become.
    Unstage {
        /// Serial of the import.
        import: u64,
        /// Up to this row of the file.
        up_to: u64,
    },
    /// An import that nobody approved is given up: its record and every staged row go.
    Forget {
        /// Serial of the import.
        import: u64,
    },
    /// A hit that its centre has to be told of.
    Hit(PendingHit),
    /// It was told.
    HitTold {
        /// Which.
        serial: u64,
    },
    /// Nobody may forget that this subject's name was misused. The id is [`crate::listing::subject::listing_id`] with an empty
    /// decision number.
    Impersonated {
        /// The subject.
        subject: ListingId,
    },
    /// Lookups made on a day: by an operator, or (`None`) by the centre. Counts of days more than [`USED_KEPT_DAYS`] before go.
    Used {
        /// The legal day.
        day: Day,
        /// Who.
        operator: Option<OperatorName>,
        /// So many in all.
        used: u64,
    },
    /// A payload came without and nothing allows it yet. Goes when it is erased or restored.
    Withheld {
        /// Whose journal.
        centre: CentreCode,
        /// Which row.
        index: u64,
        /// Who left it out.
        by: StationKey,
    },
    /// Who left it out was blamed; the row is still missing.
    Blamed {
        /// Whose journal.
        centre: CentreCode,
        /// Which row.
        index: u64,
    },
}

/// A staged row that was published: its case is listed, and says what was staged of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adopted {
    /// Of the case, as in [`CaseRecord::serial`].
    pub serial: u64,
    /// Row of the file.
    pub row: u64,
    /// Row of our journal.
    pub index: u64,
}

/// A row whose payload was left out by whoever served it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithheldRow {
    /// Whose journal.
    pub centre: CentreCode,
    /// Which row.
    pub index: u64,
    /// Who left it out.
    pub by: StationKey,
    /// Whether they were blamed.
    pub blamed: bool,
}

/// Days after which a count of lookups is forgotten.
pub const USED_KEPT_DAYS: u32 = 7;

/// At most `limit` rows of all centres': of each, given newest first, the newest; then of each the second newest; and so on.
#[must_use]
pub fn newest_of_each(centres: Vec<Vec<ListingRow>>, limit: usize) -> Vec<ListingRow> {
    let mut centres: Vec<_> = centres.into_iter().map(Vec::into_iter).collect();
    let mut rows = Vec::new();
    loop {
        let before = rows.len();
        rows.extend(centres.iter_mut().filter_map(Iterator::next).take(limit - before));
        if rows.len() == before || rows.len() >= limit {
            return rows;
        }
    }
}

/// Reads about lists.
pub trait Lists {
    /// A secret of this centre's own that never leaves it: ids of listings are made from it. Made with the store.
    fn local_secret(&self) -> Result<Key, ShelfError>;
    /// Statements with this token, of any centre, ended ones included, at most `limit`: the newest of each centre, then each centre's
    /// second newest and so on ([`newest_of_each`]), so that one centre with many rows cannot push another's out.
    fn listings_of(&self, token: &SubjectToken, limit: usize) -> Result<Vec<ListingRow>, ShelfError>;
    /// One statement.
    fn listing(&self, place: &ListingRef) -> Result<Option<ListingRow>, ShelfError>;
    /// Objections to `listing` that name this statement or an earlier one of the same journal, at most `limit`, in the order of author and
    /// row: a statement that takes another's place takes over what was objected to it.
    fn objections(&self, about: &ListingRef, listing: &ListingId, limit: usize) -> Result<Vec<ObjectionRow>, ShelfError>;
    /// How many statements of each journal stand on `day`, by the version of their pepper: not ended, and a clock runs. Reads every
    /// listing there is.
    fn standing_under(&self, day: Day) -> Result<Vec<StandingUnder>, ShelfError>;
    /// Statements of `centre`'s journal from row `from` on that stand on `day` under a pepper before `pepper`, at most `limit`, in row order.
    fn standing_before(&self, centre: &CentreCode, from: u64, pepper: u64, day: Day, limit: usize) -> Result<Vec<ListingRow>, ShelfError>;
    /// Which statements the rows `from..` of `centre`'s journal decided, changed or objected to, at most `limit` rows, in row order.
    fn list_events(&self, centre: &CentreCode, from: u64, limit: usize) -> Result<Vec<(u64, ListingRef)>, ShelfError>;
    /// The first vector of `author` that has at least `applied` rows of our journal applied: its row and time.
    fn acknowledged(&self, author: &CentreCode, applied: u64) -> Result<Option<(u64, Time)>, ShelfError>;
    /// How far `author`'s vectors have our journal applied.
    fn acknowledged_most(&self, author: &CentreCode) -> Result<u64, ShelfError>;
    /// The serial of the newest case; 0 when there was none.
    fn cases_made(&self) -> Result<u64, ShelfError>;
    /// A case by its serial.
    fn case(&self, serial: u64) -> Result<Option<CaseRecord>, ShelfError>;
    /// The case of a listing.
    fn case_of(&self, listing: &ListingId) -> Result<Option<CaseRecord>, ShelfError>;
    /// Any case with this decision digest.
    fn case_of_decision(&self, decision: &Digest) -> Result<Option<CaseRecord>, ShelfError>;
    /// Cases that wait for somebody or for a day (every state but listed, upheld and the ended ones), after `after`, at most `limit`.
    fn cases_open(&self, after: Option<u64>, limit: usize) -> Result<Vec<CaseRecord>, ShelfError>;
    /// Cases in state notified whose `waits_until` is before `now`, at most `limit`.
    fn cases_due(&self, now: Time, limit: usize) -> Result<Vec<CaseRecord>, ShelfError>;
    /// An import by its file.
    fn import(&self, file: &Digest) -> Result<Option<ImportRecord>, ShelfError>;
    /// Imports that are not done, oldest first, at most `limit`.
    fn imports_open(&self, limit: usize) -> Result<Vec<ImportRecord>, ShelfError>;
    /// The serial of the newest import; 0 when there was none.
    fn imports_made(&self) -> Result<u64, ShelfError>;
    /// Staged rows of an import after row `after` of its file, at most `limit`, in row order and without their cases; and of each whether
    /// there is more to know of it: a case of its listing, or that its subject's name was misused.
    fn staged(&self, import: u64, after: u64, limit: usize) -> Result<Vec<(StagedRow, bool)>, ShelfError>;
    /// The case of a staged row, as JSON, as long as it is neither dealt with nor adopted.
    fn staged_case(&self, import: u64, row: u64) -> Result<Option<Vec<u8>>, ShelfError>;
    /// The staged row of an import for this listing, without its case, if it has one: a file may name a listing once.
    fn staged_listing(&self, import: u64, listing: &ListingId) -> Result<Option<StagedRow>, ShelfError>;
    /// The first staged row of an import with this decision digest, without its case.
    fn staged_decision(&self, import: u64, decision: &Digest) -> Result<Option<StagedRow>, ShelfError>;
    /// Whether anything of this is known: a case or, with an import, a staged row of it with the listing or the decision, or that the
    /// subject's name was misused. One look instead of five, for a file may have a million rows of which nothing is.
    fn is_known(&self, import: Option<u64>, listing: &ListingId, decision: &Digest, subject: &ListingId) -> Result<bool, ShelfError>;
    /// Imported cases of ours that are published and have no staged row in this import: the first `limit` serials, and how many there are.
    fn import_gone(&self, import: u64, limit: usize) -> Result<(Vec<u64>, u64), ShelfError>;
    /// Hits that have to be told, oldest first, at most `limit`.
    fn hits_pending(&self, limit: usize) -> Result<Vec<PendingHit>, ShelfError>;
    /// Hits that others told us of for one of our listings, newest first, at most `limit`.
    fn hits_of(&self, listing: &ListingId, limit: usize) -> Result<Vec<HitRow>, ShelfError>;
    /// Whether this subject's name was misused.
    fn impersonated(&self, subject: &ListingId) -> Result<bool, ShelfError>;
    /// Lookups made on a day.
    fn used(&self, day: Day, operator: Option<&OperatorName>) -> Result<u64, ShelfError>;
    /// Whether a payload of `centre`'s journal is missing that nothing allows to be.
    fn withheld(&self, centre: &CentreCode) -> Result<bool, ShelfError>;
    /// Rows whose payload was left out, in the order of centre and row, after `after`, at most `limit`.
    fn withheld_rows(&self, after: Option<(&CentreCode, u64)>, limit: usize) -> Result<Vec<WithheldRow>, ShelfError>;
}
