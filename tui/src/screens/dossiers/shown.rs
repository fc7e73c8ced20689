//! A dossier as it is read: its parties, where a loan stands, and what each centre wrote when, with what does not count told apart.

use std::collections::BTreeMap;

use anju_core::desk::{DossierView, PartyLine};
use anju_core::dossier::loan::{LoanProgress, LoanState};
use anju_core::dossier::{FieldView, Standing};
use anju_core::facts::Fen;
use anju_core::names::CentreCode;
use anju_core::time::Time;

use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::claims::money;
use crate::widgets::detail::Line;
use crate::words::Words;

/// A field's words: its name without numbers and centres, which follow.
pub(in crate::screens) fn label(words: Words, field: &str) -> Shown {
    let numbered = |part: &&str| part.bytes().all(|b| b.is_ascii_digit()) || CentreCode::new(part).is_ok();
    let (which, name): (Vec<&str>, Vec<&str>) = field.split('.').partition(numbered);
    match words.find(&format!("dossier-field.{}", name.join("."))) {
        Some(label) if which.is_empty() => label,
        Some(label) => label.and(&Shown::new(&format!(" {}", which.join(" ")))),
        None => Shown::new(field),
    }
}

/// A field's value as a person reads it: codes in words, amounts in yuan.
pub(in crate::screens) fn value(words: Words, field: &str, value: &str) -> Shown {
    let amount = field.ends_with(".amount") || field.ends_with(".monthly");
    if amount && let Ok(fen) = value.parse::<i64>() {
        return Shown::new(&money(&Fen(fen).to_string()));
    }
    words.code("dossier-value", value)
}

/// A centre, told apart when it is one's own.
pub(in crate::screens) fn centre(words: Words, centre: &CentreCode, own: &CentreCode) -> Shown {
    if centre == own { words.say("dossiers.us") } else { Shown::of(centre) }
}

fn party(words: Words, line: &PartyLine, own: &CentreCode) -> Shown {
    let role = words.code("dossier-role", line.role.code());
    let us = if line.centre == *own { words.say("dossiers.us-after") } else { Shown::default() };
    Shown::join([&role, &Shown::of(&line.centre)], " ").and(&us)
}

/// Where a loan stands, and how good that is.
pub(in crate::screens) fn state(words: Words, state: LoanState) -> (Tone, Shown) {
    let tone = match state {
        LoanState::Issued | LoanState::Granted | LoanState::Settled => Tone::Warn,
        LoanState::Marked | LoanState::Remarked | LoanState::Unmarked => Tone::Good,
        LoanState::Refused => Tone::Plain,
    };
    (tone, words.code("loan-state", state.code()))
}

fn progress(words: Words, loan: &LoanProgress, own: &CentreCode) -> Vec<Line> {
    let (tone, now) = state(words, loan.state);
    let mut lines =
        vec![Line::Blank, Line::Group(words.say("dossiers.stands")), Line::Field { label: words.say("dossiers.state"), value: now, tone }];
    if let Some(keeper) = &loan.keeper {
        lines.push(Line::field(words.say("dossiers.keeper"), centre(words, keeper, own)));
    }
    if let Some(why) = &loan.mark_refused {
        let why = words.code("mark-refused", why);
        lines.push(Line::Field { label: words.say("dossiers.mark-refused"), value: why, tone: Tone::Bad });
    }
    if loan.mark_missing {
        lines.push(Line::Text(Tone::Warn, words.say("dossiers.mark-missing")));
    }
    lines.extend(loan.steps.iter().map(|step| {
        let parts = [words.code("loan-state", step.state.code()), centre(words, &step.by, own)];
        Line::field(Shown::new(&step.on), Shown::join(&parts, "  "))
    }));
    if !loan.out_of_order.is_empty() {
        let fields: Vec<Shown> = loan.out_of_order.iter().map(|field| label(words, field)).collect();
        let fields = Shown::join(&fields, words.say("claims.between").as_str());
        lines.push(Line::Text(Tone::Warn, words.fill("dossiers.out-of-order", &[("fields", fields.as_str())])));
    }
    lines
}

fn field(words: Words, field: &FieldView) -> Line {
    let value = value(words, &field.field, &field.value);
    let (tone, value) = match field.standing {
        Standing::Counted => (Tone::Plain, value),
        standing => (Tone::Warn, Shown::join([&words.code("standing", standing.code()), &value], ": ")),
    };
    Line::Field { label: label(words, &field.field), value, tone }
}

/// Everything that stands in a dossier: by whom and when, the oldest first.
pub(in crate::screens) fn lines(words: Words, view: &DossierView, own: &CentreCode) -> Vec<Line> {
    let parties: Vec<Shown> = view.parties.iter().map(|line| party(words, line, own)).collect();
    let dossier = Shown::join([&words.code("dossier-kind", view.kind.code()), &Shown::of(&view.dossier)], "  ");
    let mut lines = vec![Line::Group(dossier)];
    if let Some(about) = &view.about {
        lines.push(Line::field(words.say("dossiers.about"), Shown::new(about)));
    }
    lines.push(Line::field(words.say("dossiers.parties"), Shown::join(&parties, "  ")));
    lines.push(Line::field(words.say("dossiers.opened"), Shown::new(&view.opened.legal_text())));
    if let Some(loan) = &view.loan {
        lines.extend(progress(words, loan, own));
    }
    let mut written: BTreeMap<(Time, &CentreCode), Vec<&FieldView>> = BTreeMap::new();
    for one in &view.fields {
        written.entry((one.at, &one.author)).or_default().push(one);
    }
    for ((at, author), mut fields) in written {
        // What was decided comes before its terms.
        fields.sort_by_key(|one| !one.field.ends_with(".decision"));
        let role = view.parties.iter().find(|line| line.centre == *author).map(|line| party(words, line, own));
        let author = role.unwrap_or_else(|| Shown::of(author));
        lines.push(Line::Blank);
        lines.push(Line::Group(words.fill("dossiers.wrote", &[("who", author.as_str()), ("at", &at.legal_text())])));
        lines.extend(fields.into_iter().map(|one| field(words, one)));
    }
    if view.pending + view.set_aside + view.ignored > 0 {
        let counts =
            [("pending", view.pending), ("set_aside", view.set_aside), ("ignored", view.ignored)].map(|(name, n)| (name, n.to_string()));
        lines.push(Line::Blank);
        lines.push(Line::Text(Tone::Warn, words.fill("dossiers.aside", &counts.each_ref().map(|(name, n)| (*name, n.as_str())))));
    }
    lines
}
