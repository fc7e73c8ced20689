//! A matter, its rules and their verdicts for a person.

use anju_core::certificate::{CertificateKind, Field};
use anju_core::desk::RuleVerdict;
use anju_core::matter::{Clause, Condition, Judged, Matter, Operand, Outcome};

use super::super::common;
use super::super::out::{Ctx, table};
use super::super::text::clean;
use super::words;

/// Everything that a matter says.
pub(super) fn matter(ctx: Ctx, matter: &Matter) -> String {
    let modes: Vec<String> = matter.modes.iter().map(|mode| ctx.say(&format!("matter-mode.{}", mode.code()))).collect();
    let title = match ctx.lang {
        crate::words::Lang::Chinese => matter.certificate.title_zh(),
        crate::words::Lang::English => matter.certificate.title_en(),
    };
    let mut out = ctx.fill(
        "matter.head",
        &[
            ("code", matter.code.as_str()),
            ("title", &words(ctx, &matter.title)),
            ("version", &matter.version.to_string()),
            ("from", &matter.from.to_string()),
            ("certificate", &format!("{} {title}", matter.certificate)),
            ("basis", &words(ctx, &matter.legal_basis)),
            ("modes", &modes.join(", ")),
            ("uses", &matter.uses_max.to_string()),
            ("days", &matter.days_max.to_string()),
        ],
    );
    for (key, required) in [("matter.required", true), ("matter.optional", false)] {
        let names =
            matter.fields.iter().filter(|field| field.required == required).map(|field| label(ctx, matter.certificate, &field.name));
        out.push_str(&ctx.fill(key, &[("fields", &names.collect::<Vec<_>>().join(", "))]));
    }
    for rule in &matter.rules {
        out.push_str(&ctx.fill("matter.rule", &[("name", &clean(&rule.name)), ("title", &words(ctx, &rule.title))]));
        clause(ctx, &rule.when, 1, &mut out);
    }
    out
}

fn label(ctx: Ctx, kind: CertificateKind, name: &str) -> String {
    Field::named(kind, name).map_or_else(|| clean(name), |(_, field)| common::label(ctx, field))
}

fn clause(ctx: Ctx, of: &Clause, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let (key, clauses) = match of {
        Clause::All(clauses) => ("matter.all", clauses),
        Clause::Any(clauses) => ("matter.any", clauses),
        Clause::Is(Condition { field, op, value, wording }) => {
            out.push_str(&format!("{indent}- {} [{} {} {}]\n", words(ctx, wording), clean(field), op.code(), operand(value)));
            return;
        }
    };
    out.push_str(&format!("{indent}{}\n", ctx.say(key)));
    clauses.iter().for_each(|inner| clause(ctx, inner, depth + 1, out));
}

fn operand(value: &Operand) -> String {
    match value {
        Operand::Flag(flag) => flag.to_string(),
        Operand::Number(number) => number.to_string(),
        Operand::Text(text) => clean(text),
        Operand::Texts(texts) => texts.iter().map(|text| clean(text)).collect::<Vec<_>>().join(" | "),
    }
}

/// What rules came to, each with its conditions.
pub(in crate::cli) fn rule_verdicts(ctx: Ctx, verdicts: &[RuleVerdict]) -> String {
    let mut out = String::new();
    for verdict in verdicts {
        let values = [("title", words(ctx, &verdict.title)), ("rule", clean(&verdict.rule)), ("outcome", outcome(ctx, verdict.outcome))];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        out.push_str(&ctx.fill("matter.verdict", &values));
        out.push_str(&conditions(ctx, &verdict.conditions));
    }
    out
}

/// One line for each condition.
pub(super) fn conditions(ctx: Ctx, conditions: &[Judged]) -> String {
    let line = |judged: &Judged| vec![format!("  {}", outcome(ctx, judged.outcome)), words(ctx, &judged.wording)];
    table(&conditions.iter().map(line).collect::<Vec<_>>())
}

/// An outcome in words.
pub(super) fn outcome(ctx: Ctx, outcome: Outcome) -> String {
    ctx.say(match outcome {
        Outcome::Met => "outcome.met",
        Outcome::NotMet => "outcome.not-met",
        Outcome::Unknown => "outcome.unknown",
    })
}
