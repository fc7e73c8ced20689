//! Where the fuzzer starts: one valid input for every route of every target, and the journal's vectors.

use anju_core::certificate::{CertificateBody, Field};
use anju_core::dossier::{Dossier, DossierPlace};
use anju_core::journal::{Frame, Kind};
use anju_core::listing::Change;
use anju_core::names::DossierId;
use anju_core::node::message::{Answer, Ask, Decline, HeadReport, HeadsReport, PayloadReport, Question};
use anju_core::seal::{Purpose, hpke};
use anju_core::time::Time;
use anju_core::wire;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::made::{GRANTED, Made, NOW, ROWS};
use crate::{disclosure, grant_claims, jwt_payload};

/// Target, name of the seed, its bytes.
pub type Seed = (&'static str, String, Vec<u8>);

/// The route, then the rest.
fn input(route: u8, rest: &[u8]) -> Vec<u8> {
    [&[route], rest].concat()
}

/// Every seed that is made. `vectors` are the journal's: form and bytes of each.
#[must_use]
pub fn seeds(vectors: &[(String, String, Vec<u8>)]) -> Vec<Seed> {
    let mut made = Made::new(1, NOW);
    let mut out = Vec::new();
    statements(&mut made, &mut out);
    frames(&mut made, &mut out);
    certificates(&made, &mut out);
    grants(&mut made, &mut out);
    charters(&made, &mut out);
    listings(&mut made, &mut out);
    dossiers(&made, &mut out);
    let text = made.journal.head.note();
    out.push(("checkpoint", "note".to_owned(), input(0, text)));
    let end = text.windows(2).position(|two| two == b"\n\n").unwrap_or(0);
    out.push(("checkpoint", "text".to_owned(), input(1, &text[..=end])));
    for (form, name, bytes) in vectors {
        let (target, routes): (_, &[u8]) = match form.as_str() {
            "header" => ("statement", &[0]),
            "note" => ("checkpoint", &[0]),
            "frame" => ("frame", &[0, 1]),
            _ => ("frame", &[2, 3]),
        };
        out.extend(routes.iter().map(|route| (target, format!("vector-{name}-{route}"), input(*route, bytes))));
    }
    out
}

fn dossiers(made: &Made, out: &mut Vec<Seed>) {
    let (lender, keeper) = (&made.lender.code, &made.issuer.code);
    let place = DossierPlace { opener: lender, id: &DossierId([7; 16]) };
    let mut dossier = Dossier::new(&place, &[lender.clone(), keeper.clone()]);
    let said = [(lender, "reply.clerk", "王"), (keeper, "mark.clerk", "李"), (lender, "reply.clerk", "赵"), (lender, "reply.clerk", "钱")];
    for (number, (author, field, value)) in said.into_iter().enumerate() {
        let Ok(change) = dossier.write(author, &[(field.to_owned(), value.to_owned())], Time(1)) else { continue };
        dossier.offer(author, &change);
        out.extend([0, 1, 2].map(|route| ("dossier", format!("change-{number}-{route}"), input(route, &change))));
    }
}

fn statements(made: &mut Made, out: &mut Vec<Seed>) {
    for (index, entry) in made.entries.iter().enumerate() {
        out.push(("statement", format!("header-{index}"), input(0, &entry.header)));
        out.push(("statement", format!("row-{index}"), input(1, &wire::encode(entry))));
    }
    let access = made.access();
    let (ended, access, revocation) = (made.ended().to_bytes(), made.sealed_access(&access), made.revocation());
    for (kind, body) in [
        (Kind::CertificateIssued, &made.body[..]),
        (Kind::CertificateEnded, &ended),
        (Kind::AccessRecorded, &access),
        (Kind::GrantRevoked, revocation.as_bytes()),
    ] {
        let place = Kind::ALL.iter().position(|k| *k == kind).and_then(|at| u8::try_from(at).ok()).unwrap_or(0);
        out.push(("statement", format!("body-{}", kind.as_str()), input(2, &input(place, body))));
    }
}

fn frames(made: &mut Made, out: &mut Vec<Seed>) {
    for from in 0..ROWS {
        for to in from..=ROWS {
            let frame = made.frame(from, to);
            for route in [0, 1, 4] {
                out.push(("frame", format!("frame-{from}-{to}-{route}"), input(route, &frame.to_bytes())));
            }
            // Without a note the target signs one over what the rows lead to.
            let bare = Frame { note: Vec::new(), ..frame };
            out.push(("frame", format!("bare-{from}-{to}"), input(1, &bare.to_bytes())));
        }
        for route in [2, 3] {
            out.push(("frame", format!("evidence-{from}-{route}"), input(route, &made.evidence(from).to_bytes())));
        }
    }
    messages(made, out);
}

fn messages(made: &Made, out: &mut Vec<Seed>) {
    let (centre, under) = (made.issuer.code.clone(), Under::of(&made.charter));
    for (name, question) in [
        ("heads", Question::Heads(Vec::new())),
        ("pull", Question::Pull { centre: centre.clone(), from: 3, rows: None }),
        ("pull-stretch", Question::Pull { centre: centre.clone(), from: 3, rows: Some(256) }),
        ("payloads", Question::Payloads { centre: centre.clone(), indexes: vec![0, 2, 4] }),
        ("push", Question::Push(made.frame(0, 2).to_bytes().into())),
    ] {
        out.push(("frame", format!("ask-{name}"), input(5, &Ask::under(&made.charter, question).to_bytes())));
    }
    let note = made.journal.head.note().to_vec();
    let payload = made.entries[0].payload.clone().unwrap_or_default();
    for (name, answer) in [
        ("heads", Answer::Heads(HeadsReport::whole(vec![HeadReport { centre, note }], under))),
        ("frame", Answer::Frame(made.frame(2, 5).to_bytes().into())),
        ("payloads", Answer::Payloads(vec![PayloadReport { index: 0, payload }])),
        ("declined", Answer::Declined(Decline::NotHeld)),
        ("held", Answer::Held(2)),
    ] {
        out.push(("frame", format!("answer-{name}"), input(5, &answer.to_bytes())));
    }
}

fn certificates(made: &Made, out: &mut Vec<Seed>) {
    out.push(("certificate", "body".to_owned(), input(0, &made.body)));
    out.push(("certificate", "jwt-payload".to_owned(), input(1, &jwt_payload())));
    let disclosures: Vec<Vec<u8>> = GRANTED.iter().map(|name| disclosure(name)).collect();
    out.push(("certificate", "disclosures".to_owned(), input(2, &disclosures.join(&b'~'))));
    for (name, json) in [
        ("nested", r#"["c2FsdHNhbHRzYWx0c2FsdA","name",{"_sd":["x"]}]"#),
        ("array", r#"["c2FsdHNhbHRzYWx0c2FsdA","value"]"#),
        ("dots", r#"["c2FsdHNhbHRzYWx0c2FsdA","balance",{"...":"x"}]"#),
    ] {
        out.push(("certificate", format!("disclosure-{name}"), input(2, URL_SAFE_NO_PAD.encode(json).as_bytes())));
    }
    out.push(("certificate", "ended".to_owned(), input(4, &made.ended().to_bytes())));
    let body = CertificateBody::parse(&made.body);
    debug_assert!(body.is_ok_and(|body| body.fields.len() == Field::all(body.head.kind).len()));
}

fn grants(made: &mut Made, out: &mut Vec<Seed>) {
    out.push(("grant", "text".to_owned(), input(0, made.grant.as_bytes())));
    let claims = serde_json::to_vec(&grant_claims()).unwrap_or_default();
    out.push(("grant", "claims".to_owned(), input(2, &claims)));
    if let Some((plain, binding)) = opened_keys(made) {
        out.push(("grant", "keys".to_owned(), input(4, &plain)));
        out.push(("grant", "binding-text".to_owned(), input(5, &input(1, binding.as_bytes()))));
        let payload = binding.split('.').nth(1).map(|part| URL_SAFE_NO_PAD.decode(part).unwrap_or_default());
        out.push(("grant", "binding-payload".to_owned(), input(5, &input(0, &payload.unwrap_or_default()))));
    }
    let access = made.access();
    let sealed = made.sealed_access(&access);
    out.push(("grant", "access".to_owned(), input(6, &input(0, &sealed))));
    out.push(("grant", "access-plain".to_owned(), input(6, &input(1, &wire::encode(&access)))));
    let revocation = made.revocation();
    out.push(("grant", "revocation".to_owned(), input(7, &input(1, revocation.as_bytes()))));
    let payload = revocation.split('.').nth(1).map(|part| URL_SAFE_NO_PAD.decode(part).unwrap_or_default());
    out.push(("grant", "revocation-payload".to_owned(), input(7, &input(0, &payload.unwrap_or_default()))));
}

/// The grant's sealed keys, opened, and the key binding in them.
fn opened_keys(made: &Made) -> Option<(Vec<u8>, String)> {
    let claims = anju_core::grant::Presented::parse(&made.grant).ok()?.claims().clone();
    let sealed = wire::decode(&URL_SAFE_NO_PAD.decode(&claims.keys).ok()?, 16 * 1024).ok()?;
    let plain = hpke::open(&made.lender.keys.sealing, Purpose::GrantKeys, &claims.bound(), &sealed).ok()?;
    let at = plain.windows(3).position(|three| three == b"eyJ")?;
    Some((plain.to_vec(), String::from_utf8(plain[at..].to_vec()).ok()?))
}

fn charters(made: &Made, out: &mut Vec<Seed>) {
    let text = made.charter_file.to_text();
    out.push(("charter", "file".to_owned(), input(0, text.as_bytes())));
    let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let content = STANDARD.decode(json["charter"].as_str().unwrap_or_default()).unwrap_or_default();
    out.push(("charter", "content".to_owned(), input(1, &content)));
    out.push(("charter", "card".to_owned(), input(2, made.issuer.card.to_signed_text(&made.issuer.keys).as_bytes())));
    out.push(("charter", "card-content".to_owned(), input(3, &serde_json::to_vec(&made.issuer.card).unwrap_or_default())));
    out.push(("charter", "holder-card".to_owned(), input(4, made.holder_card.as_bytes())));
}

fn listings(made: &mut Made, out: &mut Vec<Seed>) {
    let (decided, objected, hit) = (made.decided().to_bytes(), made.objected().to_bytes(), made.hit().to_bytes());
    for change in Change::ALL {
        out.push(("listing", format!("changed-{}", change.code()), input(1, &made.changed(change).to_bytes())));
    }
    let (finding, note) = (wire::encode(&made.finding()), wire::encode(&made.hit_note()));
    let (vector, audited) = (made.vector().to_bytes(), made.audited().to_bytes());
    for (name, route, bytes) in [
        ("decided", 0, &decided),
        ("objected", 2, &objected),
        ("hit", 3, &hit),
        ("vector", 4, &vector),
        ("audited", 5, &audited),
        ("finding", 6, &finding),
        ("note", 7, &note),
    ] {
        out.push(("listing", name.to_owned(), input(route, bytes)));
    }
}
