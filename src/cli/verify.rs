//! `anju verify`: what an evidence file proves, by whom, as of when, and what it leaves open. Needs no peer, no data folder and no network.

use std::path::{Path, PathBuf};

use anju_core::certificate::{CertificateBody, EndedBody};
use anju_core::charter::Charter;
use anju_core::exhibit::{
    Anchor, Broken, Later, LaterPart, MAX_EXHIBIT_BYTES, Proven, ProvenPart, ProvenRow, ProvenWitness, Standing, Unrelated,
};
use anju_core::journal::{Kind, VerifiedHead};
use anju_core::names::{CentreCode, Digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::common;
use super::exit::Exit;
use super::failure::{Code, Failure};
use super::federation::{charter_failure, read_charter};
use super::out::{Ctx, Done};
use super::text::clean;
use crate::config::atomic;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long = "founding", value_name = "HASH")]
    founding: Vec<Digest>,
    #[arg(long, value_name = "FILE")]
    charter: Option<PathBuf>,
}

pub(super) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let about = |code| Failure::new(code).with("path", common::shown(&args.file));
    let bytes = atomic::read_capped(&args.file, MAX_EXHIBIT_BYTES as u64).map_err(|e| match e.kind() {
        std::io::ErrorKind::FileTooLarge => about(Code::InputTooLarge).with("max", MAX_EXHIBIT_BYTES),
        _ => about(Code::InputUnreadable).with("detail", e),
    })?;
    let proven = Proven::verify(&bytes, &args.founding).map_err(|broken| refused(ctx, about(Code::ExhibitBroken), &broken))?;
    let later = args.charter.as_ref().map(|path| later(&proven, path)).transpose()?;
    let mut json = json(&proven);
    let mut said = format!("{}{}", ctx.say("evidence.holds"), text(ctx, &proven));
    let mut exit = Exit::Ok;
    if let Some(later) = &later {
        said.push_str(&later_text(ctx, later));
        json["newer"] = later_json(later);
        if later.voids() {
            exit = Exit::Refused;
        }
    }
    Ok(Done { json, text: said, exit })
}

/// What the charter in a file says of it: one that an acquaintance in the federation has exported today.
fn later(proven: &Proven, path: &Path) -> Result<Later, Failure> {
    let charter = read_charter(path)?.verify().map_err(|e| charter_failure(e).with("path", common::shown(path)))?;
    let about = |code| Failure::new(code).with("path", common::shown(path));
    proven.under(&charter).map_err(|unrelated| match unrelated {
        Unrelated::Federation => about(Code::VerifyOtherFederation),
        Unrelated::Conflict(version) => about(Code::VerifyCharterConflict).with("version", version),
    })
}

fn later_text(ctx: Ctx, later: &Later) -> String {
    let mut out = ctx.fill("evidence.later", &[("version", &later.version.to_string()), ("digest", &later.digest.to_string())]);
    if later.parts.is_empty() {
        out.push_str(&ctx.say("evidence.later-not-newer"));
    }
    for part in &later.parts {
        let counts = part.counts.map_or_else(String::new, |counts| counts.size.to_string());
        let values = [("centre", part.centre.as_str()), ("counts", counts.as_str())];
        out.push_str(&match part.standing {
            Standing::InForce => ctx.fill("evidence.later-in-force", &values[..1]),
            Standing::Counts => ctx.fill("evidence.later-counts", &values),
            Standing::Void => ctx.fill("evidence.later-void", &values),
            Standing::Open if part.counts.is_none() => ctx.fill("evidence.later-lifted", &values[..1]),
            Standing::Open => ctx.fill("evidence.later-open", &values),
        });
        if part.left {
            out.push_str(&ctx.fill("evidence.later-left", &values[..1]));
        }
    }
    out
}

fn later_json(later: &Later) -> Value {
    let part = |part: &LaterPart| {
        let counts = part.counts.map(|counts| json!({ "size": counts.size, "root": STANDARD.encode(counts.root.0) }));
        json!({ "centre": part.centre, "standing": part.standing.code(), "counts": counts, "left": part.left })
    };
    json!({ "version": later.version, "digest": later.digest, "parts": later.parts.iter().map(part).collect::<Vec<_>>() })
}

fn refused(ctx: Ctx, failure: Failure, broken: &Broken) -> Failure {
    let said = ctx.say(&format!("evidence-check.{}", broken.check));
    failure.with("check", broken.check).with("said", said).with("place", &broken.place).with("detail", &broken.detail)
}

/// What was proven, for a person.
pub(super) fn text(ctx: Ctx, proven: &Proven) -> String {
    let charter = proven.charter();
    let pinned = ctx.say(if proven.is_pinned() { "evidence.pinned" } else { "evidence.unpinned" });
    let mut out = ctx.fill(
        "evidence.charter",
        &[
            ("federation", charter.federation().as_str()),
            ("founding", &charter.founding().to_string()),
            ("pinned", &pinned),
            ("version", &charter.version().to_string()),
            ("digest", &charter.digest().to_string()),
        ],
    );
    proven.parts().iter().for_each(|part| part_text(ctx, part, &mut out));
    out.push_str(&ctx.say("evidence.open-head"));
    for open in proven.open() {
        out.push_str(&format!("  - {}\n", ctx.say(&format!("evidence-open.{open}"))));
    }
    out
}

fn part_text(ctx: Ctx, part: &ProvenPart, out: &mut String) {
    let (extent, name) = (part.anchor().extent(), clean(part.name()));
    let (size, root) = (extent.size.to_string(), extent.root.to_string());
    let of = [("centre", part.centre().as_str()), ("name", &*name), ("size", &*size), ("root", &*root)];
    let (said, term, ended, witness) = match part.anchor() {
        Anchor::Head(head, key) => {
            let (key, at) = (hex::encode(key.0), head.heartbeat().legal_text());
            let said = ctx.fill("evidence.part", &[&of[..], &[("key", &*key), ("at", &*at)]].concat());
            (said, "evidence.term", "evidence.term-ended", "evidence.witness")
        }
        Anchor::Charter(stated) => {
            let approved = stated.approved().iter().map(CentreCode::as_str).collect::<Vec<_>>().join(&ctx.say("evidence.and"));
            let version = stated.version().to_string();
            let said = ctx.fill("evidence.part-chartered", &[&of[..], &[("version", &*version), ("approved", &*approved)]].concat());
            (said, "evidence.term-chartered", "evidence.term-chartered-ended", "evidence.witness-signed")
        }
    };
    out.push_str(&said);
    let reign = part.reign();
    let (number, from) = (part.anchor().term().to_string(), reign.from.to_string());
    let until = reign.until.map(|version| version.to_string());
    let mut values = vec![("term", &*number), ("from", &*from)];
    values.extend(until.as_deref().map(|until| ("until", until)));
    out.push_str(&ctx.fill(if until.is_some() { ended } else { term }, &values));
    part.witnesses().iter().for_each(|word| out.push_str(&witness_text(ctx, witness, word)));
    part.rows().iter().for_each(|row| row_text(ctx, row, out));
}

fn witness_text(ctx: Ctx, key: &'static str, witness: &ProvenWitness) -> String {
    let cosignature = witness.cosignature();
    let (size, at) = (cosignature.head().size().to_string(), cosignature.at().legal_text());
    ctx.fill(key, &[("witness", witness.witness().as_str()), ("size", &size), ("at", &at)])
}

fn row_text(ctx: Ctx, row: &ProvenRow, out: &mut String) {
    let header = row.header();
    let content = match row.entry().body() {
        Some(_) => ctx.fill("evidence.content", &[("digest", &header.payload_digest().to_string())]),
        None => ctx.fill("evidence.no-content", &[("digest", &header.payload_digest().to_string())]),
    };
    out.push_str(&ctx.fill(
        "evidence.row",
        &[
            ("statement", &row.place().to_string()),
            ("kind", header.kind_text()),
            ("id", &header.id().to_string()),
            ("at", &header.at().legal_text()),
            ("term", &row.term().to_string()),
            ("level", &common::backing(ctx, row.backing())),
            ("content", &content),
        ],
    ));
    if let Some(said) = told(row) {
        let values: Vec<(&str, &str)> = said.1.iter().map(|(name, value)| (*name, value.as_str())).collect();
        out.push_str(&ctx.fill(said.0, &values));
    }
}

type Told = (&'static str, Vec<(&'static str, String)>);

/// What a content says in the clear, of the kinds that a stranger asks about.
fn told(row: &ProvenRow) -> Option<Told> {
    let body = row.entry().body()?;
    match row.header().kind()? {
        Kind::CertificateIssued => {
            let head = CertificateBody::parse(body).ok()?.head;
            let expires = head.expires.legal_text();
            Some((
                "evidence.says-issued",
                vec![("number", head.number.to_string()), ("kind", head.kind.code().to_owned()), ("expires", expires)],
            ))
        }
        Kind::CertificateEnded => {
            let ended = EndedBody::parse(body).ok()?;
            Some(("evidence.says-ended", vec![("number", ended.number.to_string()), ("index", ended.index.to_string())]))
        }
        Kind::HolderBound
        | Kind::HolderEnded
        | Kind::GrantRevoked
        | Kind::AccessRecorded
        | Kind::ListingDecided
        | Kind::ListingChanged
        | Kind::ListingObjected
        | Kind::ListingHit
        | Kind::DossierOpened
        | Kind::DossierJoined
        | Kind::DossierChanged
        | Kind::CataloguePublished
        | Kind::MatterPublished
        | Kind::CharterProposed
        | Kind::CharterApproved
        | Kind::CharterRejected
        | Kind::CharterPromised
        | Kind::EpochSealed
        | Kind::Vector
        | Kind::ForkReported
        | Kind::AuditRecorded => None,
    }
}

/// The same for a program: with the notes, headers and proofs as other verifiers of RFC 6962 and C2SP notes take them.
pub(super) fn json(proven: &Proven) -> Value {
    let charter = proven.charter();
    json!({
        "holds": true,
        "federation": charter.federation(),
        "founding": charter.founding(),
        "pinned": proven.is_pinned(),
        "charter": { "version": charter.version(), "digest": charter.digest() },
        "parts": proven.parts().iter().map(|part| part_json(charter, part)).collect::<Vec<_>>(),
        "open": proven.open().iter().map(|open| open.code()).collect::<Vec<_>>(),
    })
}

fn part_json(charter: &Charter, part: &ProvenPart) -> Value {
    let (head, extent) = (part.head(), part.anchor().extent());
    let (key, stated) = match part.anchor() {
        Anchor::Head(_, key) => (Some(STANDARD.encode(key.0)), None),
        Anchor::Charter(stated) => (None, Some(json!({ "version": stated.version(), "approved": stated.approved() }))),
    };
    let witness = |witness: &ProvenWitness| {
        let cosignature = witness.cosignature();
        json!({
            "witness": witness.witness(), "key": STANDARD.encode(cosignature.key().0), "size": cosignature.head().size(),
            "root": STANDARD.encode(cosignature.head().root().0), "at": cosignature.at(),
            "note": String::from_utf8_lossy(cosignature.head().note()),
        })
    };
    json!({
        "centre": part.centre(), "name": part.name(), "size": extent.size, "root": STANDARD.encode(extent.root.0),
        "as_of": head.map(VerifiedHead::heartbeat), "origin": charter.origin(part.centre()).as_str(), "key": key, "stated": stated,
        "term": part.anchor().term(), "term_from": part.reign().from, "term_until": part.reign().until,
        "note": head.map(|head| String::from_utf8_lossy(head.note())),
        "witnesses": part.witnesses().iter().map(witness).collect::<Vec<_>>(),
        "rows": part.rows().iter().map(row_json).collect::<Vec<_>>(),
    })
}

fn row_json(row: &ProvenRow) -> Value {
    let header = row.header();
    let said: serde_json::Map<String, Value> =
        told(row).map(|(_, said)| said.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()).unwrap_or_default();
    json!({
        "statement": row.place(), "index": row.place().index, "kind": header.kind_text(), "id": header.id(), "at": header.at(),
        "term": row.term(), "backing": row.backing(), "header": STANDARD.encode(&row.entry().header),
        "proof": row.proof().iter().map(|hash| STANDARD.encode(hash.0)).collect::<Vec<_>>(),
        "payload_digest": header.payload_digest(), "payload": row.entry().payload.as_ref().map(|payload| STANDARD.encode(payload)),
        "says": said,
    })
}
