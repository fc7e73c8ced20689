//! One small federation with one of everything that travels, made through the public functions: what the tests of the contract, of
//! interop and of mutation look at, and what `tests/fuzz` starts from. The same seed and time give the same bytes.
#![allow(dead_code, clippy::unwrap_used, reason = "several tests share it, and each uses a part; a fixture stops as its tests do")]

use anju_core::audit::AuditBody;
use anju_core::certificate::{
    CertificateBody, CertificateKind, EndReason, EndedBody, Issuance, IssuerIdentity, fields_of, issue, thumbprint,
};
use anju_core::charter::{CentreCard, CentreKeys, Charter, CharterFile, EpochSecrets, Founding};
use anju_core::error::Refusal;
use anju_core::facts::{AccountFacts, AccountStatus, Fen, Month};
use anju_core::grant::{Access, Asker, Mode, Presented, Released, Revocation, Said, access};
use anju_core::holder::{GrantRequest, HolderCard, Wallet, card, grant, receive};
use anju_core::journal::{Author, Batch, Entry, Evidence, Frame, Frontier, Kind, Statement, batch, hash, proof};
use anju_core::listing::changed::ObjectionRef;
use anju_core::listing::finding::{Coded, Place, Refund};
use anju_core::listing::hit::{HitBody, HitNote};
use anju_core::listing::{
    Basis, Change, ChangedBody, Day, DecidedBody, Document, DocumentType, Finding, Ground, ObjectedBody, SubjectKind, SubjectSecret,
};
use anju_core::names::{CentreCode, CertificateNumber, Digest, FederationName, GrantId, ListingId, RequestId, StatementId};
use anju_core::seal::{Key, Purpose, SUITE, hybrid};
use anju_core::shelf::CertificateRow;
use anju_core::sign::SecretKey;
use anju_core::time::{DAY_MS, Time};
use anju_core::vector::VectorBody;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// 2026-11-21 10:00 in Haikou: the time of everything that is not checked by somebody else's clock.
pub const NOW: Time = Time(1_795_226_400_000);
/// Code of the matter that the grant is for.
pub const MATTER: &str = "cross-region-loan";
/// Number of the employer that is listed (GB 32100).
pub const CREDIT_CODE: &str = "91460199TR9Y4H34JG";
/// The fields that the grant opens, in certificate order.
pub const GRANTED: [&str; 3] = ["name", "balance", "continuous_months"];
/// The listing that the issuer decided.
pub const LISTING: ListingId = ListingId([5; 16]);
/// Rows of the issuer's journal.
pub const ROWS: usize = 7;

/// The leaves of a journal with a handful of rows.
pub struct Leaves(pub Vec<Digest>);

impl proof::Subtrees for Leaves {
    type Error = ();
    fn subtree(&self, level: u8, index: u64) -> Result<Digest, ()> {
        let (first, width) = ((index as usize) << level, 1 << level);
        let mut row = self.0.get(first..first + width).ok_or(())?.to_vec();
        while row.len() > 1 {
            row = row.chunks_exact(2).map(|pair| hash::node(&pair[0], &pair[1])).collect();
        }
        row.pop().ok_or(())
    }
}

/// A centre with its secrets.
pub struct Centre {
    pub code: CentreCode,
    pub keys: CentreKeys,
    pub card: CentreCard,
}

/// The federation: an issuer, a lender, a third; a holder with one certificate of the issuer and one grant to the lender.
pub struct Made {
    pub now: Time,
    pub rng: StdRng,
    pub issuer: Centre,
    pub lender: Centre,
    pub third: Centre,
    pub charter_file: CharterFile,
    pub charter: Charter,
    pub wallet: Wallet,
    pub holder: SecretKey,
    pub holder_card: String,
    pub number: CertificateNumber,
    pub body: Vec<u8>,
    pub content_key: Key,
    pub grant: String,
    /// The issuer's journal; row 0 issued the certificate.
    pub entries: Vec<Entry>,
    pub journal: Batch,
}

fn centre(rng: &mut StdRng, code: &str, name: &str, port: u16) -> Centre {
    let (code, keys) = (CentreCode::new(code).unwrap(), CentreKeys::random(rng));
    let addresses = vec![format!("/ip4/127.0.0.1/udp/{port}/quic-v1"), format!("/ip4/127.0.0.1/tcp/{port}")];
    let card = CentreCard::new(code.clone(), name.to_owned(), addresses, &keys);
    Centre { code, keys, card }
}

impl Made {
    /// Everything, at `now`.
    pub fn new(seed: u64, now: Time) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let issuer = centre(&mut rng, "C46010", "海口住房公积金管理中心", 7001);
        let lender = centre(&mut rng, "C46020", "三亚住房公积金管理中心", 7002);
        let third = centre(&mut rng, "C13010KF", "开滦分中心", 7003);
        let federation = FederationName::new("hainan").unwrap();
        let cards = [issuer.card.clone(), lender.card.clone(), third.card.clone()];
        let mut charter_file = CharterFile::found(&mut rng, federation.clone(), &cards, &Founding::default()).unwrap();
        for centre in [&issuer, &lender, &third] {
            charter_file.sign(&centre.code, &centre.keys).unwrap();
        }
        let charter = charter_file.verify().unwrap();
        let identity = IssuerIdentity { federation, centre: issuer.code.clone(), key: issuer.keys.signing.public() };

        let mut wallet = Wallet::default();
        let holder_card = card(&mut rng, now, &mut wallet, &issuer.code).unwrap();
        let holder_keys = HolderCard::parse(&holder_card, &issuer.code, now).unwrap().keys;
        let number = CertificateNumber::new("C46010-YDDKJCZM-2026-000001").unwrap();
        let issuance = Issuance {
            number: number.clone(),
            kind: CertificateKind::CrossRegionLoan,
            issuer: issuer.code.clone(),
            federation: identity.federation.clone(),
            addressee: Some(lender.code.clone()),
            holder: holder_keys,
            values: fields_of(CertificateKind::CrossRegionLoan, &facts(), "王经办", "0898-12345678"),
            issued: now,
            expires: now.plus_ms(90 * DAY_MS),
        };
        let issued = issue(&mut rng, &issuance, &issuer.keys.signing).unwrap();
        receive(&mut wallet, now, &issued.body, b"evidence", &identity).unwrap();
        let fields = GRANTED.iter().rev().map(|name| (*name).to_owned()).collect();
        let request = GrantRequest::new(now, number.clone(), fields, lender.code.clone(), MATTER);
        let grant = grant(&mut rng, now, &mut wallet, &request, &lender.card.sealing).unwrap();

        let author = Author::new(&identity.federation, issuer.code.clone(), issuer.card.signing, issuer.card.heartbeat);
        let entries = rows(&mut rng, now, &issued.body, &number);
        let journal =
            batch::append(&Frontier::empty(), entries.clone(), &author, &issuer.keys.signing, &issuer.keys.heartbeat, now).unwrap();
        let holder = holder_secret(&wallet);
        assert!(thumbprint(&holder.public()) == CertificateBody::parse(&issued.body).unwrap().head.holder);
        let (body, content_key) = (issued.body, issued.content_key);
        Self {
            now,
            rng,
            issuer,
            lender,
            third,
            charter_file,
            charter,
            wallet,
            holder,
            holder_card,
            number,
            body,
            content_key,
            grant,
            entries,
            journal,
        }
    }

    /// The issuer as the charter knows it.
    pub fn identity(&self) -> IssuerIdentity {
        let (federation, centre) = (self.charter.federation().clone(), self.issuer.code.clone());
        IssuerIdentity { federation, centre, key: self.issuer.card.signing }
    }

    /// The author of the issuer's journal.
    pub fn author(&self) -> Author {
        Author::new(self.charter.federation(), self.issuer.code.clone(), self.issuer.card.signing, self.issuer.card.heartbeat)
    }

    /// The leaves of the issuer's journal.
    pub fn leaves(&self) -> Leaves {
        Leaves(self.entries.iter().map(Entry::leaf).collect())
    }

    /// The frontier of the first `size` rows.
    pub fn frontier(&self, size: usize) -> Frontier {
        let mut frontier = Frontier::empty();
        self.entries[..size].iter().for_each(|entry| frontier.push(entry.leaf(), &mut Vec::new()).unwrap());
        frontier
    }

    /// Rows `from..to` under the head of all.
    pub fn frame(&self, from: usize, to: usize) -> Frame {
        let (centre, note) = (self.issuer.code.clone(), self.journal.head.note().to_vec());
        Frame::assemble(&self.leaves(), centre, from as u64, self.entries[from..to].to_vec(), ROWS as u64, note).unwrap()
    }

    /// Row `index` with its proof.
    pub fn evidence(&self, index: usize) -> Evidence {
        let (centre, note) = (self.issuer.code.clone(), self.journal.head.note().to_vec());
        Evidence::assemble(&self.leaves(), centre, index as u64, self.entries[index].clone(), ROWS as u64, note).unwrap()
    }

    /// What a peer keeps of the certificate's statement.
    pub fn row(&self) -> CertificateRow {
        let head = CertificateBody::parse(&self.body).unwrap().head;
        CertificateRow {
            number: head.number,
            issuer: self.issuer.code.clone(),
            index: 0,
            statement: StatementId([0; 16]),
            kind: head.kind.code().to_owned(),
            addressee: head.addressee,
            holder: head.holder,
            holder_sealing: head.holder_sealing,
            issued: head.issued,
            expires: head.expires,
            ended: None,
        }
    }

    /// What the lender's counter reads with this grant and this certificate.
    pub fn read(&self, grant: &str, body: &[u8]) -> Result<Released, Refusal> {
        let asker = Asker { centre: &self.lender.code, now: self.now, matter: Some(MATTER), mode: Mode::Details };
        let presented = Presented::parse(grant)?;
        let body = CertificateBody::parse(body)?;
        presented.authorise(&asker, &self.row(), &Said::default())?.release(&self.lender.keys.sealing, &body, &self.identity(), self.now)
    }

    /// A use of the grant.
    pub fn access(&self) -> Access {
        Access {
            author: self.lender.code.clone(),
            issuer: self.issuer.code.clone(),
            request: RequestId([1; 16]),
            asked: Digest([2; 32]),
            grant: Presented::parse(&self.grant).unwrap().id(),
            number: self.number.clone(),
            matter: MATTER.to_owned(),
            business_no: "三亚贷2026-0042".to_owned(),
            legal_basis: "holder-authorisation".to_owned(),
            fields: GRANTED.iter().map(|name| (*name).to_owned()).collect(),
            refused: None,
            at: self.now,
            asker: None,
            mode: None,
        }
    }

    /// A use of the grant as it travels: sealed to the lender, the issuer and the holder.
    pub fn sealed_access(&mut self, access: &Access) -> Vec<u8> {
        let holder = CertificateBody::parse(&self.body).unwrap().head.holder_sealing;
        access::seal(&mut self.rng, access, &self.lender.card.sealing, Some((&self.issuer.card.sealing, &holder))).unwrap()
    }

    /// That the certificate ended.
    pub fn ended(&self) -> EndedBody {
        ended(&self.number)
    }

    /// The holder takes the grant back.
    pub fn revocation(&self) -> String {
        Revocation::make(self.now, self.grant_id(), &self.number, &self.holder)
    }

    /// The grant's id.
    pub fn grant_id(&self) -> GrantId {
        Presented::parse(&self.grant).unwrap().id()
    }
}

fn ended(number: &CertificateNumber) -> EndedBody {
    let (suite, number) = (anju_core::seal::SUITE.to_owned(), number.clone());
    EndedBody { suite, number, index: 0, statement: StatementId([7; 16]), reason: EndReason::Superseded, note: "换领".to_owned() }
}

/// Row 0 issues the certificate; the others are of several kinds and lengths, one without an end, one whose time is over.
fn rows(rng: &mut StdRng, now: Time, certificate: &[u8], number: &CertificateNumber) -> Vec<Entry> {
    let later = Some(now.plus_ms(120 * DAY_MS));
    let over = Some(now.plus_ms(-DAY_MS));
    let ended = ended(number).to_bytes();
    let bodies: [(Kind, Option<Time>, &[u8]); ROWS] = [
        (Kind::CertificateIssued, later, certificate),
        (Kind::Vector, None, b""),
        (Kind::AccessRecorded, later, &[7; 700]),
        (Kind::GrantRevoked, None, b"revoked"),
        (Kind::Vector, over, b"old"),
        (Kind::CataloguePublished, None, &[3; 40]),
        (Kind::CertificateEnded, None, &ended),
    ];
    bodies.into_iter().map(|(kind, drop_after, body)| Statement::build(rng, kind, now, drop_after, body).unwrap()).collect()
}

/// The listing of an employer by the issuer, and everything that is said about it.
impl Made {
    /// Fresh keys and a card of a centre.
    pub fn another_centre(&mut self, code: &str) -> Centre {
        centre(&mut self.rng, code, "另一中心", 7009)
    }

    /// What every member shares.
    pub fn secrets(&self) -> EpochSecrets {
        self.charter_file.founding_seat(&self.issuer.code, &self.issuer.keys).unwrap().secrets.unwrap()
    }

    /// What stands for the employer.
    pub fn subject(&self) -> SubjectSecret {
        let document = Document::new(DocumentType::CreditCode, CREDIT_CODE, NOW.legal_day()).unwrap();
        SubjectSecret::derive(self.secrets().pepper().unwrap(), &document).unwrap()
    }

    /// What was decided; every field is there.
    pub fn finding(&self) -> Finding {
        let coded = |code: &str, label: &str| Coded { code: code.to_owned(), label: label.to_owned() };
        let day = Day::of(self.now);
        Finding {
            subject_kind: SubjectKind::Employer,
            conduct: coded("false-certificate", "出具虚假证明"),
            level: coded("serious", "严重失信"),
            decision_no: "海公积金决〔2026〕17号".to_owned(),
            decision_day: day,
            decision_sha256: Some(Digest([4; 32])),
            legal_basis: "住房公积金管理条例第三十七条".to_owned(),
            legal_basis_version: Some("2019".to_owned()),
            measures: vec![coded("no-loan", "不予贷款")],
            notified: Some(day),
            objection_until: Some(day.plus_days(15)),
            restriction_until: day.plus_days(1_095),
            publication_until: day.plus_days(365),
            refund: Refund::Outstanding,
        }
    }

    pub fn decided(&mut self) -> DecidedBody {
        let (finding, subject) = (self.finding(), self.subject());
        let place = Place { federation: self.charter.federation(), centre: &self.issuer.code, listing: &LISTING, pepper: 1 };
        DecidedBody {
            suite: SUITE.to_owned(),
            listing: LISTING,
            pepper: 1,
            token: subject.token(),
            restriction_until: finding.restriction_until,
            publication_until: finding.publication_until,
            basis: Basis::Notified,
            authority: Digest([6; 32]),
            sealed: finding.seal(&mut self.rng, &subject, &place).unwrap(),
        }
    }

    /// A change that names row 7, with what its kind needs.
    pub fn changed(&self, change: Change) -> ChangedBody {
        let answers = (change != Change::Replaced).then(|| ObjectionRef { centre: self.lender.code.clone(), index: 2 });
        let successor = (change == Change::Replaced).then_some(8);
        ChangedBody { suite: SUITE.to_owned(), listing: LISTING, index: 7, change, answers, successor, impersonated: false }
    }

    /// The lender objects, with a text for the issuer.
    pub fn objected(&mut self) -> ObjectedBody {
        let said = "本单位从未出具该证明".as_bytes();
        let text = hybrid::seal(&mut self.rng, &self.issuer.card.hybrid, Purpose::Objection, &LISTING.0, said).unwrap();
        let (centre, listing) = (self.issuer.code.clone(), LISTING);
        ObjectedBody { suite: SUITE.to_owned(), centre, index: 7, listing, ground: Ground::Facts, text: Some(text) }
    }

    /// What the lender tells of the hit.
    pub fn hit_note(&self) -> HitNote {
        HitNote {
            listing: LISTING,
            index: 7,
            request: RequestId([8; 16]),
            matter: MATTER.to_owned(),
            business_no: "三亚贷2026-0042".to_owned(),
            legal_basis: "regulation-37".to_owned(),
            at: self.now,
        }
    }

    pub fn hit(&mut self) -> HitBody {
        let note = self.hit_note();
        HitBody::seal(&mut self.rng, &note, &self.lender.code, &self.issuer.code, &self.issuer.card.sealing).unwrap()
    }

    pub fn vector(&self) -> VectorBody {
        VectorBody::new([(self.issuer.code.clone(), 9), (self.lender.code.clone(), 3)].into())
    }

    pub fn audited(&self) -> AuditBody {
        AuditBody::new(12, Digest([9; 32]))
    }
}

/// The holder's signing key, out of the wallet as it is written.
fn holder_secret(wallet: &Wallet) -> SecretKey {
    let json: serde_json::Value = serde_json::from_slice(&wallet.to_json()).unwrap();
    let mut seed = [0; 32];
    hex::decode_to_slice(json["keys"][0]["signing"].as_str().unwrap(), &mut seed).unwrap();
    SecretKey::from_key(Key::from_bytes(seed))
}

/// An account in good order.
pub fn facts() -> AccountFacts {
    let month = |year, month| Month { year, month };
    AccountFacts {
        account_no: "460100200000001".to_owned(),
        name: "符海燕".to_owned(),
        document_type: "01".to_owned(),
        document_no: "46010019900307123X".to_owned(),
        opened: month(2019, 7),
        status: AccountStatus::Normal,
        employer: "海口椰风软件有限公司".to_owned(),
        deposit_base: Fen(1_380_000),
        employer_ratio: 1200,
        personal_ratio: 1250,
        monthly_deposit: Fen(331_200),
        balance: Fen(8_645_210),
        paid_until: month(2026, 10),
        run_to_last_paid: 88,
        continuous_months: 88,
        continuous_from: Some(month(2019, 7)),
        continuous_to: Some(month(2026, 10)),
        in_arrears: false,
        loan_count: 1,
        loans_unsettled: 0,
        loan_total: Fen(50_000_000),
        loan_outstanding: Fen(0),
    }
}
