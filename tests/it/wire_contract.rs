//! Real bytes against `schemas/wire.cddl`: what the rooms write is what the contract says, and the contract is not so wide that it
//! lets wrong shapes through.
#![allow(clippy::unwrap_used, reason = "a test's helpers stop as its tests do")]

mod altered;
mod charters;
mod files;
mod suites;

use anju_core::certificate::{BoundBody, CertificateBody, HolderEndedBody};
use anju_core::charter::CharterFile;
use anju_core::dossier::{ChangedBody, DossierKind, DossierPlace, Head, JoinedBody, OpenedBody, PartyKey, PartyRole};
use anju_core::error::{Refusal, RefusalCode};
use anju_core::grant::{Access, Presented, access};
use anju_core::interact::{Attestation, Compared, Finding as Found, Inquiry, Reply, Stated, Wanted};
use anju_core::journal::fork::{Bridge, ForkProof};
use anju_core::journal::{Entry, Kind, Statement};
use anju_core::listing::{Change, Finding, ObjectedBody};
use anju_core::matter::{CatalogueBody, DataCatalogue, Matter, MatterBody, Outcome};
use anju_core::names::{DossierId, DossierRef, RequestId};
use anju_core::node::announce;
use anju_core::node::message::{
    Answer, Ask, CosignatureReport, Decline, Handed, HeadReport, HeadsReport, KnownHead, OtherReport, PayloadReport, Question, Under,
    Wanted as WantedCosignature,
};
use anju_core::seal::hybrid::{self, HybridSealed};
use anju_core::seal::{Key, Purpose, aead, hpke};
use anju_core::sign::{Context, Signature};
use anju_core::wire;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::bytes::ByteSlice;
use minicbor::{Decode, Encode};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;

use super::made::{Made, NOW, ROWS};

const MATTERS: [&str; 4] = [
    include_str!("../../schemas/matters/cross-region-loan.toml"),
    include_str!("../../schemas/matters/transfer.toml"),
    include_str!("../../schemas/matters/withdrawal.toml"),
    include_str!("../../schemas/matters/talent-rental.toml"),
];

/// The contract as the validator needs it: its regular expressions match anywhere in a text, those of RFC 8610 match the whole.
fn contract() -> String {
    let mut out = String::new();
    for line in include_str!("../../schemas/wire.cddl").lines() {
        match line.split_once(".regexp \"").and_then(|(before, rest)| rest.rsplit_once('"').map(|(re, after)| (before, re, after))) {
            Some((before, re, after)) => out.push_str(&format!("{before}.regexp \"^(?:{re})$\"{after}\n")),
            None => out.push_str(&format!("{line}\n")),
        }
    }
    out
}

fn check(rule: &str, bytes: &[u8]) -> Result<(), String> {
    cddl_cat::validate_cbor_bytes(rule, &contract(), bytes).map_err(|e| format!("{rule}: {e}"))
}

fn check_json(rule: &str, json: &Value) -> Result<(), String> {
    cddl_cat::validate_json_str(rule, &contract(), &json.to_string()).map_err(|e| format!("{rule}: {e}"))
}

fn made() -> Made {
    Made::new(11, NOW)
}

/// One example of every CBOR shape there is.
fn examples() -> Vec<(&'static str, Vec<u8>)> {
    let mut made = made();
    let mut out = Vec::new();
    for (index, entry) in made.entries.iter().enumerate() {
        out.push(("header", entry.header.clone()));
        out.push(("entry", wire::encode(entry)));
        out.push(("entry", wire::encode(&Entry { payload: None, ..entry.clone() })));
        out.push(("evidence", made.evidence(index).to_bytes()));
    }
    for (from, to) in [(0, 0), (0, 3), (2, 5), (0, ROWS), (ROWS, ROWS)] {
        out.push(("frame", made.frame(from, to).to_bytes()));
    }
    messages(&made, &mut out);
    announced(&mut made, &mut out);
    charters::charters(&mut made, &mut out);
    certificates(&made, &mut out);
    grants(&mut made, &mut out);
    listings(&mut made, &mut out);
    matters(&mut out);
    dossiers(&mut made, &mut out);
    out
}

fn dossiers(made: &mut Made, out: &mut Vec<(&'static str, Vec<u8>)>) {
    let (lender, keeper, id) = (made.lender.code.clone(), made.issuer.code.clone(), DossierId([7; 16]));
    let key = Key::random(&mut made.rng);
    let place = DossierPlace { opener: &lender, id: &id };
    let to = [(&lender, &made.lender), (&keeper, &made.issuer)].map(|(code, member)| (code, member.keys.hybrid.public()));
    let roles = [PartyRole::Lending, PartyRole::Depositing];
    let parties = to.iter().zip(roles).map(|((code, to), role)| PartyKey::seal(&mut made.rng, &place, (code, role), to, &key).unwrap());
    let parties: Vec<PartyKey> = parties.collect();
    for about in [Some(format!("{keeper}-YDDKJCZM-2026-000001")), None] {
        let (kind, head) = (if about.is_some() { DossierKind::Loan } else { DossierKind::Note }, Head { about });
        let body = OpenedBody::seal(&mut made.rng, &place, kind, parties.clone(), &head, &key);
        // Opened by hand, as a second implementation would after reading docs/PROTOCOL.md.
        let bound: [&[u8]; 4] = [lender.as_str().as_bytes(), &id.0, lender.as_str().as_bytes(), b"head"];
        let inside = aead::open(&key, Purpose::DossierContent, &bound, &body.head).unwrap();
        let end = inside.iter().rposition(|byte| *byte != 0).unwrap();
        out.extend([("dossier-opened", body.to_bytes()), ("dossier-head", inside[..end].to_vec())]);
    }
    let dossier = DossierRef { centre: lender.clone(), index: 70_000 };
    out.push(("dossier-joined", JoinedBody::new(&dossier, parties[1].clone()).to_bytes()));
    out.push(("dossier-changed", ChangedBody::seal(&mut made.rng, (&place, 57), &lender, &key, b"a change").to_bytes()));
}

/// The head of the journal, cosigned by the lender.
fn cosigned(made: &Made) -> Vec<u8> {
    let author = made.charter.author(&made.issuer.code).unwrap();
    let witness = made.charter.origin(&made.lender.code);
    anju_core::journal::cosignature::cosign(&made.journal.head, &author, &witness, &made.lender.keys.heartbeat, made.now).unwrap()
}

fn messages(made: &Made, out: &mut Vec<(&'static str, Vec<u8>)>) {
    let centre = made.issuer.code.clone();
    let questions = [
        Question::Heads(Vec::new()),
        Question::Heads(vec![KnownHead { centre: centre.clone(), rows: 70_000, seconds: 1_795_226_400 }]),
        Question::Pull { centre: centre.clone(), from: 1 << 40, rows: None },
        Question::Pull { centre: centre.clone(), from: 1 << 40, rows: Some(4096) },
        Question::Payloads { centre: centre.clone(), indexes: vec![0, 70_000] },
        Question::Push(made.frame(0, 3).to_bytes().into()),
        Question::Inquire(sealed_inquiry(made).into()),
        Question::Charter { after: 1 },
        Question::Bridge { centre: centre.clone(), at: 0, to: 1 << 40 },
        Question::Handover { hybrid: made.issuer.keys.hybrid.public(), accounts: made.charter.digest() },
        Question::Forward(vec![7; 200].into()),
        Question::Relay { asker: centre.clone(), inquiry: sealed_inquiry(made).into() },
        Question::Cosigned(Vec::new()),
        Question::Cosigned(vec![WantedCosignature { centre: centre.clone(), witness: made.lender.code.clone(), above: 70_000 }]),
    ];
    out.extend(inquiries(made).map(|inquiry| ("inquiry", inquiry.to_bytes())));
    let replies = [
        Reply::Attested(attestation(made, &inquiries(made)[1])),
        Reply::refused(&Refusal::about(RefusalCode::WrongCentre, "C46010")),
        Reply::refused(&RefusalCode::GrantUsedUp.into()),
    ];
    out.extend(replies.clone().map(|reply| ("inquiry-reply", reply.to_bytes())));
    out.extend(questions.map(|question| ("ask", Ask::under(&made.charter, question).to_bytes())));
    let report = HeadReport { centre: centre.clone(), note: made.journal.head.note().to_vec() };
    let others = [Some(70_000), None].map(|rows| OtherReport { centre: centre.clone(), rows }).to_vec();
    let payload = PayloadReport { index: 3, payload: made.entries[3].payload.clone().unwrap() };
    let answers = [
        Answer::Heads(HeadsReport::whole(Vec::new(), Under::of(&made.charter))),
        Answer::Heads(HeadsReport { others, ..HeadsReport::whole(vec![report], Under::of(&made.charter)) }),
        Answer::Frame(made.frame(0, 3).to_bytes().into()),
        Answer::Payloads(vec![payload]),
        Answer::Declined(Decline::OtherCharter),
        Answer::Declined(Decline::NotHeld),
        Answer::Declined(Decline::Damaged),
        Answer::Declined(Decline::Busy),
        Answer::Held(70_000),
        Answer::Replied(sealed_reply(made, &replies[0]).into()),
        Answer::Handed(Box::new(Handed { copy: handed(made), accounts: None })),
        Answer::Handed(Box::new(Handed { copy: handed(made), accounts: Some(handed(made)) })),
        Answer::Told(vec![7; 200].into()),
        Answer::Bridged(Bridge { root: made.charter.digest(), proof: vec![made.charter.digest(); 64] }),
        Answer::Cosigned(vec![CosignatureReport { centre, witness: made.lender.code.clone(), note: cosigned(made) }]),
    ];
    out.extend(answers.map(|answer| ("answer", answer.to_bytes())));
    for bridge in [None, Some(Bridge { root: made.charter.digest(), proof: Vec::new() })] {
        let (one, other) = (made.journal.head.note().to_vec(), cosigned(made));
        out.push(("fork-proof", ForkProof::new(made.issuer.code.clone(), one, other, bridge).to_bytes()));
    }
}

/// Something sealed to a station's key.
fn handed(made: &Made) -> HybridSealed {
    let key = made.issuer.keys.hybrid.public();
    hybrid::seal(&mut StdRng::seed_from_u64(8), &key, Purpose::Handover, b"", &[1; 300]).unwrap()
}

/// A question of each kind to the issuer.
fn inquiries(made: &Made) -> [Inquiry; 3] {
    let stated = |field: &str, value: &str| Stated { field: field.to_owned(), value: value.to_owned() };
    let wanted = [
        Wanted::Status,
        Wanted::Check { values: vec![stated("balance", "79,800.00"), stated("name", "")] },
        Wanted::Evaluate { rule: "may-apply".to_owned() },
    ];
    let inquiry = |wanted| Inquiry {
        request: RequestId([1; 16]),
        grant: made.grant.clone(),
        business_no: "三亚贷2026-0042".to_owned(),
        matter: "cross-region-loan".to_owned(),
        wanted,
    };
    wanted.map(inquiry)
}

/// As they travel, opened by whom they are for and by nobody else.
fn sealed_inquiry(made: &Made) -> Vec<u8> {
    let [inquiry, ..] = inquiries(made);
    let (asker, issuer) = (&made.lender.code, &made.issuer.code);
    let sealed = inquiry.seal(&mut StdRng::seed_from_u64(1), asker, issuer, &made.issuer.card.sealing).unwrap();
    assert_eq!(Inquiry::open(&made.issuer.keys.sealing, asker, issuer, &sealed), Ok(inquiry));
    assert!(Inquiry::open(&made.lender.keys.sealing, asker, issuer, &sealed).is_err());
    assert!(Inquiry::open(&made.issuer.keys.sealing, issuer, asker, &sealed).is_err(), "from another centre");
    check("hpke-sealed", &sealed).unwrap();
    sealed
}

fn sealed_reply(made: &Made, reply: &Reply) -> Vec<u8> {
    let (between, request) = ((&made.lender.code, &made.issuer.code), RequestId([1; 16]));
    let sealed = reply.seal(&mut StdRng::seed_from_u64(2), between, &request, &made.lender.card.sealing).unwrap();
    assert_eq!(Reply::open(&made.lender.keys.sealing, between, &request, &sealed).as_ref(), Ok(reply));
    assert!(Reply::open(&made.lender.keys.sealing, between, &RequestId([2; 16]), &sealed).is_err(), "of another request");
    check("hpke-sealed", &sealed).unwrap();
    sealed
}

fn attestation(made: &Made, inquiry: &Inquiry) -> String {
    let grant = Presented::parse(&made.grant).unwrap();
    let fields = ["balance", "name"].map(|field| Compared { field: field.to_owned(), matches: field == "name" }).to_vec();
    let finding = Found::Check { fields };
    Attestation::new(&made.identity(), &made.lender.code, inquiry, &grant, NOW, finding).sign(&made.issuer.keys.signing)
}

#[test]
fn what_an_issuer_attests_is_the_contracts_and_says_no_value() {
    let made = made();
    let [status, check, rule] = inquiries(&made);
    let grant = Presented::parse(&made.grant).unwrap();
    let evaluate = Found::Evaluate { rule: "may-apply".to_owned(), version: 2_026_120_101, outcome: Outcome::NotMet };
    let of = |inquiry, finding| {
        Attestation::new(&made.identity(), &made.lender.code, inquiry, &grant, NOW, finding).sign(&made.issuer.keys.signing)
    };
    for text in [of(&status, Found::Status { changed: None }), attestation(&made, &check), of(&rule, evaluate)] {
        let parts: Vec<Value> =
            text.split('.').take(2).map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()).collect();
        check_json("attestation-header", &parts[0]).unwrap();
        check_json("attestation", &parts[1]).unwrap();
        assert!(["79800", "79,800"].iter().all(|value| !parts[1].to_string().contains(value)), "{}", parts[1]);
    }
}

fn announced(made: &mut Made, out: &mut Vec<(&'static str, Vec<u8>)>) {
    let (frame, station) = (made.frame(0, ROWS), made.issuer.keys.station_key());
    let secrets = made.secrets();
    let bytes = announce::seal(&mut made.rng, made.charter.founding(), &secrets, &station, &frame).unwrap();
    // Opened by hand, as a second implementation would after reading docs/PROTOCOL.md.
    let mut d = minicbor::Decoder::new(&bytes);
    assert_eq!((d.map().unwrap(), d.u8().unwrap(), d.u64().unwrap(), d.u8().unwrap()), (Some(2), 0, 1, 1));
    let bound: [&[u8]; 3] = [&made.charter.founding().0, &1_u64.to_be_bytes(), &station.0];
    let inside = aead::open(&secrets.gossip, Purpose::Gossip, &bound, d.bytes().unwrap()).unwrap();
    assert_eq!(*inside, frame.to_bytes());
    out.extend([("announcement", bytes), ("frame", inside.to_vec())]);
}

fn certificates(made: &Made, out: &mut Vec<(&'static str, Vec<u8>)>) {
    let head = CertificateBody::parse(&made.body).unwrap().head;
    let unaddressed = anju_core::certificate::body::Head { addressee: None, ..head.clone() };
    out.extend([("certificate", made.body.clone()), ("certificate-head", head.bound()), ("certificate-head", unaddressed.bound())]);
    out.push(("certificate-ended", made.ended().to_bytes()));
    let certificate = CertificateBody::parse(&made.body).unwrap();
    let suite = anju_core::seal::SUITE.to_owned();
    let bound = BoundBody { suite: suite.clone(), former: anju_core::names::Thumbprint([8; 32]), certificate };
    let ended = HolderEndedBody { suite, number: made.number.clone(), holder: anju_core::names::Thumbprint([8; 32]) };
    out.extend([("holder-bound", bound.to_bytes()), ("holder-ended", ended.to_bytes())]);
    out.push(("holder-card", holder_card(made)));
}

/// The signed content of the holder's card, written by hand from the file's values; the signature shows that it is the same.
fn holder_card(made: &Made) -> Vec<u8> {
    #[derive(Encode, Decode)]
    #[cbor(map)]
    struct Signed<'a> {
        #[b(0)]
        suite: &'a str,
        #[b(1)]
        centre: &'a str,
        #[b(2)]
        signing: &'a ByteSlice,
        #[b(3)]
        sealing: &'a ByteSlice,
        #[b(4)]
        hybrid: &'a ByteSlice,
        #[n(5)]
        created: u64,
    }
    let file: Value = serde_json::from_str(&made.holder_card).unwrap();
    let text = |name: &str| file[name].as_str().unwrap();
    let key = |name: &str| hex::decode(text(name)).unwrap();
    let (signing, sealing, hybrid) = (key("signing"), key("sealing"), key("hybrid"));
    let (signing, sealing, hybrid) = (signing[..].into(), sealing[..].into(), hybrid[..].into());
    let (suite, centre, created) = (text("suite"), text("centre"), file["created"].as_u64().unwrap());
    let bytes = minicbor::to_vec(Signed { suite, centre, signing, sealing, hybrid, created }).unwrap();
    let signature = Signature(hex::decode(text("signature")).unwrap().try_into().unwrap());
    made.holder.public().verify(Context::HolderCard, &bytes, &signature).unwrap();
    bytes
}

fn grants(made: &mut Made, out: &mut Vec<(&'static str, Vec<u8>)>) {
    let claims = Presented::parse(&made.grant).unwrap().claims().clone();
    let sealed = URL_SAFE_NO_PAD.decode(&claims.keys).unwrap();
    let opened = wire::decode(&sealed, 16 * 1024).unwrap();
    let keys = hpke::open(&made.lender.keys.sealing, Purpose::GrantKeys, &claims.bound(), &opened).unwrap();
    out.extend([("hpke-sealed", sealed), ("grant-bound", claims.bound()), ("grant-keys", keys.to_vec())]);
    let record = made.access();
    let refused = Access { refused: Some(RefusalCode::GrantUsedUp), fields: Vec::new(), ..record.clone() };
    for record in [&record, &refused] {
        out.extend([("access", wire::encode(record)), ("access-sealed", made.sealed_access(record))]);
    }
    let alone = access::seal(&mut made.rng, &refused, &made.lender.card.sealing, None).unwrap();
    out.push(("access-sealed", alone));
}

fn listings(made: &mut Made, out: &mut Vec<(&'static str, Vec<u8>)>) {
    let finding = made.finding();
    let imported = Finding {
        decision_sha256: None,
        legal_basis_version: None,
        measures: Vec::new(),
        notified: None,
        objection_until: None,
        ..finding.clone()
    };
    let decided = made.decided();
    // Opened by hand, as a second implementation would after reading docs/PROTOCOL.md.
    let bound: [&[u8]; 3] = [b"hainan", b"C46010", &decided.listing.0];
    let padded = aead::open(&made.subject().entry_key(&decided.listing), Purpose::Finding, &bound, &decided.sealed).unwrap();
    let plain = wire::encode(&finding);
    assert!(padded.windows(plain.len()).any(|inside| inside == plain));
    out.extend([("finding", wire::encode(&finding)), ("finding", wire::encode(&imported)), ("listing-decided", decided.to_bytes())]);
    out.extend(Change::ALL.map(|change| ("listing-changed", made.changed(change).to_bytes())));
    let objected = made.objected();
    let silent = ObjectedBody { text: None, ..objected.clone() };
    out.extend([("listing-objected", objected.to_bytes()), ("listing-objected", silent.to_bytes())]);
    out.extend([("listing-hit", made.hit().to_bytes()), ("hit-note", wire::encode(&made.hit_note()))]);
    out.extend([("vector", made.vector().to_bytes()), ("audit-recorded", made.audited().to_bytes())]);
}

fn matters(out: &mut Vec<(&'static str, Vec<u8>)>) {
    for file in MATTERS {
        let matter = Matter::from_toml(file).unwrap();
        out.extend([("matter-published", MatterBody::to_bytes(&matter)), ("matter", wire::encode(&matter))]);
    }
    let catalogue = DataCatalogue::from_toml(include_str!("../../schemas/catalogue.toml")).unwrap();
    out.push(("catalogue-published", CatalogueBody::to_bytes(&catalogue)));
}

#[test]
fn everything_we_write_is_as_the_contract_says() {
    for (rule, bytes) in examples() {
        check(rule, &bytes).unwrap();
    }
    let mut rng = StdRng::seed_from_u64(1);
    for kind in Kind::ALL {
        check("header", &Statement::build(&mut rng, *kind, NOW, None, b"").unwrap().header).unwrap();
    }
}

#[test]
fn every_code_of_a_refusal_fits_an_access_record() {
    let record = made().access();
    for code in RefusalCode::ALL {
        check("access", &wire::encode(&Access { refused: Some(*code), ..record.clone() })).unwrap();
    }
}

#[test]
fn a_charter_without_signatures_is_a_charter_file_of_the_contract_too() {
    let mut file: Value = serde_json::from_str(&made().charter_file.to_text()).unwrap();
    check_json("charter-file", &file).unwrap();
    file["signatures"] = serde_json::json!({});
    check_json("charter-file", &file).unwrap();
    assert!(CharterFile::parse(&file.to_string()).unwrap().verify().is_err());
}

/// Shapes only: signatures and proofs are beyond a contract of shapes.
#[test]
fn the_contract_refuses_the_shapes_that_the_reader_refuses() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/journal");
    let bytes = |name: &str| {
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let vector: Value = serde_json::from_str(&text).unwrap();
        hex::decode(vector["bytes"].as_str().unwrap()).unwrap()
    };
    for (rule, name) in [
        ("header", "header_field_critical_unknown"),
        ("header", "header_version_unknown"),
        ("header", "header_kind_not_plain"),
        ("frame", "frame_truncated"),
        ("frame", "frame_proof_too_long"),
        ("evidence", "evidence_version_unknown"),
        ("frame", "evidence_accepted"),
        ("evidence", "frame_accepted"),
    ] {
        assert!(check(rule, &bytes(name)).is_err(), "{name} is a {rule} by the contract");
    }
    for (rule, name) in [
        ("header", "header_accepted"),
        ("header", "header_kind_unknown"),
        ("header", "header_field_ignorable"),
        ("frame", "frame_accepted"),
        ("evidence", "evidence_accepted"),
    ] {
        check(rule, &bytes(name)).unwrap();
    }
}
