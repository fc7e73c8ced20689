//! `anju blacklist propose`: a teller proposes a listing; a second person decides.

use std::ops::ControlFlow;
use std::path::PathBuf;

use anju_core::desk::{Act, Proposal};
use anju_core::listing::import::ImportRow;
use anju_core::listing::{DocumentType, SubjectKind};
use anju_core::names::CaseNumber;

use super::{Who, case, table_failure};
use crate::cli::document::document_no;
use crate::cli::failure::Failure;
use crate::cli::meter::Meter;
use crate::cli::out::{Ctx, Done};
use crate::source::blacklist::sha256_of;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    who: Who,
    #[arg(long, value_name = "KIND", value_parser = ["person", "employer", "party"])]
    subject_kind: String,
    #[arg(long, value_name = "NAME")]
    name: String,
    #[arg(long, value_name = "CODE", value_parser = ["01", "02", "03", "04", "99", "USCC"])]
    document_type: Option<String>,
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    document_no: String,
    #[arg(long, value_name = "CODE")]
    conduct: String,
    #[arg(long, value_name = "CODE")]
    level: String,
    #[arg(long, value_name = "NUMBER")]
    decision_no: String,
    #[arg(long, value_name = "DATE")]
    decision_day: String,
    #[arg(long, value_name = "FILE")]
    decision_file: PathBuf,
    #[arg(long, value_name = "TEXT")]
    legal_basis: String,
    #[arg(long, value_name = "TEXT")]
    legal_basis_version: Option<String>,
    #[arg(long = "measure", value_name = "CODE", required = true)]
    measures: Vec<String>,
    #[arg(long, value_name = "DATE")]
    restriction_until: String,
    #[arg(long, value_name = "DATE")]
    publication_until: String,
    #[arg(long, value_name = "TEXT", default_value = "")]
    remark: String,
    #[arg(long, value_name = "CASE")]
    again: Option<CaseNumber>,
    #[arg(long)]
    impersonation_checked: bool,
}

pub(in crate::cli) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let meter = Meter::new(ctx);
    let mut seen = |bytes: u64| {
        meter.tell(|| ctx.fill("blacklist.hashing", &[("mib", &(bytes >> 20).to_string())]));
        ControlFlow::Continue(())
    };
    let decision_sha256 = sha256_of(&args.decision_file, &mut seen).map_err(|e| table_failure(&args.decision_file, e))?;
    drop(meter);
    let document_no = document_no(ctx, &args.document_no)?;
    let inferred = match SubjectKind::from_code(&args.subject_kind) {
        Some(SubjectKind::Employer | SubjectKind::Party) => DocumentType::CreditCode,
        Some(SubjectKind::Person) | None => DocumentType::ResidentCard,
    };
    let row = ImportRow {
        row: 0,
        subject_kind: args.subject_kind.clone(),
        name: args.name.clone(),
        document_type: args.document_type.clone().unwrap_or_else(|| inferred.code().to_owned()),
        document_no: document_no.to_string(),
        conduct: args.conduct.clone(),
        level: args.level.clone(),
        decision_no: args.decision_no.clone(),
        decision_day: args.decision_day.clone(),
        legal_basis: args.legal_basis.clone(),
        measures: args.measures.clone(),
        restriction_until: args.restriction_until.clone(),
        publication_until: args.publication_until.clone(),
        remark: args.remark.clone(),
    };
    let proposal = Proposal {
        row,
        decision_sha256,
        legal_basis_version: args.legal_basis_version.clone(),
        again: args.again.clone(),
        impersonation_checked: args.impersonation_checked,
    };
    case::done(ctx, args.who.ask(ctx, &Act::Propose(Box::new(proposal)))?)
}
