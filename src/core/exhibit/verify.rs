//! From bytes to what they prove: the checks in their order, the first that fails by its name.

use std::collections::BTreeMap;

use super::anchor::{Anchor, Statements, exactly};
use super::{Broken, Check, Cosigned, Exhibit, Open, Part, PartRow};
use crate::charter::{Charter, Extent};
use crate::desk::{Backing, Level};
use crate::journal::proof::verify_inclusion;
use crate::journal::{Author, Entry, Header, VerifiedCosignature, VerifiedHead, cosignature};
use crate::names::{CentreCode, Digest, StatementRef};

/// Lines of a cosigned head: the author's signature and heartbeat, and the witness's.
const COSIGNED_LINES: usize = 3;

/// An exhibit of which every check held. Only [`Proven::verify`] makes one.
#[derive(Debug, Clone)]
pub struct Proven {
    charter: Charter,
    pinned: bool,
    parts: Vec<ProvenPart>,
}

/// A part that was proven.
#[derive(Debug, Clone)]
pub struct ProvenPart {
    centre: CentreCode,
    name: String,
    anchor: Anchor,
    reign: Reign,
    rows: Vec<ProvenRow>,
    witnesses: Vec<ProvenWitness>,
    of: u64,
    needed: u64,
}

/// From which version of the charter on a term was the author's, and which one ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reign {
    /// First version.
    pub from: u64,
    /// The version that ended it.
    pub until: Option<u64>,
}

/// A row that was proven.
#[derive(Debug, Clone)]
pub struct ProvenRow {
    place: StatementRef,
    entry: Entry,
    header: Header,
    proof: Vec<Digest>,
    term: u64,
    backing: Backing,
}

/// A witness's word that was proven.
#[derive(Debug, Clone)]
pub struct ProvenWitness {
    witness: CentreCode,
    cosignature: VerifiedCosignature,
}

/// Which terms each author of the exhibit had, and since and until which version.
type Reigns = BTreeMap<(CentreCode, u64), Reign>;

/// What the walk along the chain tells of the exhibit's authors.
#[derive(Debug, Default)]
struct Walked {
    reigns: Reigns,
    statements: Statements,
}

impl Proven {
    /// Verifies an exhibit. With `pins`, its founding version must be one of them.
    ///
    /// # Errors
    /// [`Broken`] with the first check that failed.
    pub fn verify(bytes: &[u8], pins: &[Digest]) -> Result<Self, Broken> {
        let exhibit = Exhibit::decode(bytes)?;
        let (charter, walked) = follow(&exhibit, pins)?;
        let parts = exhibit.parts.into_iter().map(|part| ProvenPart::verify(part, &charter, &walked)).collect::<Result<_, _>>()?;
        Ok(Self { charter, pinned: !pins.is_empty(), parts })
    }

    /// The newest version of the charter in it.
    #[must_use]
    pub const fn charter(&self) -> &Charter {
        &self.charter
    }

    /// Whether the founding version was one that whoever verifies had named.
    #[must_use]
    pub const fn is_pinned(&self) -> bool {
        self.pinned
    }

    /// Its parts.
    #[must_use]
    pub fn parts(&self) -> &[ProvenPart] {
        &self.parts
    }

    /// What it does not prove, in the order of [`Open::ALL`].
    #[must_use]
    pub fn open(&self) -> Vec<Open> {
        let rows = || self.parts.iter().flat_map(|part| &part.rows);
        let applies = |open: &Open| match open {
            Open::Founding => !self.pinned,
            Open::LaterCharter | Open::LaterRows | Open::Time | Open::Truth => true,
            Open::Signature => rows().any(|row| row.backing.level == Level::Chartered),
            Open::Content => rows().any(|row| row.entry.payload.is_none()),
            Open::Sealed => rows().any(|row| row.entry.payload.is_some() && super::make::is_sealed(row.header.kind())),
            Open::Witnessed => rows().any(|row| row.backing.of == 0 || !row.backing.settled),
            Open::Whole => rows().nth(1).is_some(),
        };
        Open::ALL.iter().copied().filter(applies).collect()
    }
}

/// Walks the chain; notes on the way when the terms of the exhibit's authors began and ended, and how far the charter lets them count.
fn follow(exhibit: &Exhibit, pins: &[Digest]) -> Result<(Charter, Walked), Broken> {
    let founding = exhibit.charter.verify_founding();
    let mut charter = founding.map_err(|e| Broken::new(Check::Founding, "", e))?;
    if !pins.is_empty() && !pins.contains(&charter.founding()) {
        return Err(Broken::new(Check::Pin, "", charter.founding()));
    }
    let mut walked = Walked::default();
    // No founding version states an extent: nobody has left, and every term is the first.
    walked.take(exhibit, &charter, &[]);
    for link in exhibit.charter.links() {
        let next = charter.version() + 1;
        let followed = link.and_then(|link| charter.follow(&link).map(|charter| (charter, link.approvals)));
        let (following, approvals) = followed.map_err(|e| Broken::new(Check::Chain, format!("charter:{next}"), e))?;
        charter = following;
        let approved: Vec<CentreCode> = approvals.into_iter().map(|approval| approval.centre).collect();
        walked.take(exhibit, &charter, &approved);
    }
    Ok((charter, walked))
}

impl Walked {
    /// What a version of the charter says of each author, and who approved it.
    fn take(&mut self, exhibit: &Exhibit, charter: &Charter, approved: &[CentreCode]) {
        let version = charter.version();
        for Part { centre, .. } in &exhibit.parts {
            let author = charter.author(centre);
            self.statements.take(centre, author.as_ref().map(Author::extents_of_terms).unwrap_or_default(), version, approved);
            let Some(author) = author else { continue };
            for ended in &author.ended {
                if let Some(reign) = self.reigns.get_mut(&(centre.clone(), ended.term)) {
                    reign.until.get_or_insert(version);
                }
            }
            let reign = self.reigns.entry((centre.clone(), author.term)).or_insert(Reign { from: version, until: None });
            if charter.member(centre).is_none() {
                reign.until.get_or_insert(version);
            }
        }
    }
}

impl ProvenPart {
    fn verify(part: Part, charter: &Charter, walked: &Walked) -> Result<Self, Broken> {
        let unnamed = || Broken::new(Check::Author, &part.centre, "not in the charter");
        let author = charter.author(&part.centre).ok_or_else(unnamed)?;
        let anchor = Anchor::of(&part, &author, &walked.statements)?;
        anchor.meets_extents(&author, &part.extents)?;
        let Part { centre, rows, cosigned, .. } = part;
        let others = charter.witnesses().iter().filter(|witness| **witness != centre).count() as u64;
        let (of, needed) = (others, charter.settled().min(others));
        let reign = walked.reigns.get(&(centre.clone(), anchor.term())).copied();
        let reign = reign.unwrap_or(Reign { from: charter.version(), until: None });
        let (name, none) = (name_of(charter, &centre), Vec::new());
        let mut proven = Self { centre, name, anchor, reign, rows: Vec::new(), witnesses: none, of, needed };
        let mut checked = Vec::new();
        for row in rows {
            checked.push(proven.check_row(&author, row)?);
        }
        for cosigned in cosigned {
            let witness = proven.check_witness(&author, charter, cosigned)?;
            proven.witnesses.push(witness);
        }
        for row in &mut checked {
            row.backing = proven.backing(row.place.index);
        }
        proven.rows = checked;
        Ok(proven)
    }

    fn check_row(&self, author: &Author, row: PartRow) -> Result<ProvenRow, Broken> {
        let PartRow { index, entry, proof } = row;
        let place = StatementRef { centre: self.centre.clone(), index };
        let Extent { size, root } = self.anchor.extent();
        if index >= size && self.anchor.head().is_none() {
            return Err(Broken::new(Check::Extent, &place, format!("{size} rows count")));
        }
        let header = Header::parse(&entry.header).map_err(|e| Broken::new(Check::Header, &place, e))?;
        let included = verify_inclusion(&entry.header, index, size, &root, &proof);
        included.map_err(|e| Broken::new(Check::Inclusion, &place, e))?;
        entry.check().map_err(|e| Broken::new(Check::Payload, &place, e))?;
        let term = author.term_at(index);
        Ok(ProvenRow { place, entry, header, proof, term, backing: self.backing(index) })
    }

    fn check_witness(&self, author: &Author, charter: &Charter, cosigned: Cosigned) -> Result<ProvenWitness, Broken> {
        let Cosigned { witness, note, proof } = cosigned;
        let place = format!("{} {witness}", self.centre);
        let broken = |detail: String| Broken::new(Check::Cosignature, &place, detail);
        let is_witness = witness != self.centre && charter.witnesses().contains(&witness);
        let member = charter.member(&witness).filter(|_| is_witness).ok_or_else(|| broken("not a witness of this journal".to_owned()))?;
        let verified = cosignature::verify(&note, author, &charter.origin(&witness), &member.heartbeat);
        let cosignature = verified.map_err(|e| broken(e.to_string()))?;
        exactly(&note, COSIGNED_LINES).map_err(|detail| broken(detail.to_owned()))?;
        let seen = Extent { size: cosignature.head().size(), root: cosignature.head().root() };
        self.anchor.meets(seen, &proof).map_err(|e| Broken::new(Check::Consistency, &place, e))?;
        Ok(ProvenWitness { witness, cosignature })
    }

    /// What stands behind a row: whoever cosigned the row along with others counts, and brings the author's signature along.
    fn backing(&self, index: u64) -> Backing {
        let over = |witness: &&ProvenWitness| witness.cosignature.head().size() > index;
        let witnesses = self.witnesses.iter().filter(over).map(|witness| witness.witness.clone()).collect();
        match self.anchor {
            Anchor::Head(..) => Backing::new(true, witnesses, self.of, self.needed),
            Anchor::Charter(_) => Backing::chartered(witnesses, self.of, self.needed),
        }
    }

    /// Whose journal.
    #[must_use]
    pub const fn centre(&self) -> &CentreCode {
        &self.centre
    }

    /// The author's name in the charter. Written by a person.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its rows stand under.
    #[must_use]
    pub const fn anchor(&self) -> &Anchor {
        &self.anchor
    }

    /// The author's head, if they stand under one.
    #[must_use]
    pub const fn head(&self) -> Option<&VerifiedHead> {
        self.anchor.head()
    }

    /// When the term was in force of which the head, or the extent, is.
    #[must_use]
    pub const fn reign(&self) -> Reign {
        self.reign
    }

    /// Its rows.
    #[must_use]
    pub fn rows(&self) -> &[ProvenRow] {
        &self.rows
    }

    /// Who cosigned.
    #[must_use]
    pub fn witnesses(&self) -> &[ProvenWitness] {
        &self.witnesses
    }
}

impl ProvenRow {
    /// Where it stands.
    #[must_use]
    pub const fn place(&self) -> &StatementRef {
        &self.place
    }

    /// The row.
    #[must_use]
    pub const fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Its header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Its inclusion proof under what the part stands under, lowest first.
    #[must_use]
    pub fn proof(&self) -> &[Digest] {
        &self.proof
    }

    /// The author's term in which it was written.
    #[must_use]
    pub const fn term(&self) -> u64 {
        self.term
    }

    /// How much stands behind it.
    #[must_use]
    pub const fn backing(&self) -> &Backing {
        &self.backing
    }
}

impl ProvenWitness {
    /// Who.
    #[must_use]
    pub const fn witness(&self) -> &CentreCode {
        &self.witness
    }

    /// Over what, when, by which key.
    #[must_use]
    pub const fn cosignature(&self) -> &VerifiedCosignature {
        &self.cosignature
    }
}

fn name_of(charter: &Charter, centre: &CentreCode) -> String {
    let former = || charter.former().iter().find(|former| former.centre == *centre).map(|former| former.name.clone());
    charter.member(centre).map(|member| member.name.clone()).or_else(former).unwrap_or_default()
}
