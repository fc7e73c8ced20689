//! The three answers, each with a sign and a word, and what the lists say.

use anju_core::desk::{Answer, Currency, Doubt, Live, LookupAnswer, RuleVerdict, Verdict};
use anju_core::matter::{Outcome, Wording};
use anju_core::names::RequestId;

use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::claims::kind_title;
use crate::widgets::detail::Line;
use crate::words::Words;

/// An answer with what was asked.
pub(super) struct Got {
    pub(super) answer: Box<Answer>,
    pub(super) business_no: String,
    pub(super) request: RequestId,
    pub(super) elapsed_ms: u64,
}

/// What one of the questions came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Yes,
    Careful,
    Unknown,
    No,
}

impl Sign {
    /// How it is written where there is no colour.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Yes => "[+] ",
            Self::Careful => "[~] ",
            Self::Unknown => "[?] ",
            Self::No => "[-] ",
        }
    }

    const fn tone(self) -> Tone {
        match self {
            Self::Yes => Tone::Good,
            Self::Careful => Tone::Warn,
            Self::Unknown | Self::No => Tone::Bad,
        }
    }
}

/// One question: its sign, its word, and the answer in a sentence.
pub(super) type Said = (Sign, Shown, Shown);

pub(super) fn line((sign, label, text): Said) -> Line {
    Line::Field { label: Shown::new(sign.text()).and(&label), value: text, tone: sign.tone() }
}

/// Is it authentic, authorised, current?
pub(super) fn three(words: Words, answer: &Answer) -> [Said; 3] {
    let (authentic, authorised) = (&answer.authentic, &answer.authorised);
    let size = authentic.checkpoint_size.to_string();
    let all = authentic.signature && authentic.holder_binding && authentic.inclusion;
    let (sign, key) = if all { (Sign::Yes, "query.is-authentic") } else { (Sign::No, "query.is-not-authentic") };
    let checked = fill(words, key, &[("size", &size)]);
    let backing = authentic.backing.as_ref().map(|backing| Shown::new("; ").and(&words.backing(backing)));
    let authentic = (sign, words.say("query.authentic-q"), backing.map_or(checked.clone(), |backing| checked.and(&backing)));
    let until = authorised.expires.legal_text();
    let (no, of) = (authorised.use_no.to_string(), authorised.uses.to_string());
    let values = [("matter", authorised.matter.as_str()), ("until", &until), ("use", &no), ("uses", &of)];
    let authorised = (Sign::Yes, words.say("query.authorised-q"), fill(words, "query.is-authorised", &values));
    [authentic, authorised, current(words, answer)]
}

fn current(words: Words, answer: &Answer) -> Said {
    let current = &answer.current;
    let (sign, key) = match current.state {
        Currency::Standing => (Sign::Yes, "query.is-standing"),
        Currency::StandingAsOf => (Sign::Careful, "query.is-standing-as-of"),
        Currency::Unknown => (Sign::Unknown, "query.is-unknown"),
    };
    let as_of = current.as_of.map_or_else(|| words.say("age.never").to_string(), |at| at.legal_text());
    let age = words.age(current.age_ms);
    let mut text = fill(words, key, &[("as_of", &as_of), ("age", age.as_str())]);
    if current.behind {
        text = text.and(&words.say("query.is-behind"));
    }
    let (live, changed) = match &current.live {
        None => ("query.is-own-copy", false),
        Some(Live { changed: Some(false), .. }) => ("query.is-live", false),
        Some(Live { changed: None, .. }) => ("query.is-live-stands", false),
        Some(Live { changed: Some(true), .. }) => ("query.is-live-changed", true),
    };
    let text = text.and(&words.say(live));
    // What it said then is not what the account says now.
    let sign = if changed && sign == Sign::Yes { Sign::Careful } else { sign };
    (sign, words.say("query.current-q"), text)
}

/// The key is chosen by what was answered.
fn fill(words: Words, key: &str, values: &[(&str, &str)]) -> Shown {
    words.fill(key, values)
}

const fn doubt_code(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::NotHeard => "not-heard",
        Doubt::Stale => "stale",
        Doubt::Behind => "behind",
        Doubt::Withheld => "withheld",
        Doubt::Forked => "forked",
        Doubt::NotApplied => "not-applied",
        Doubt::PepperMissing => "pepper-missing",
    }
}

/// What the lists say of the holder.
pub(super) fn listed(words: Words, answer: &LookupAnswer) -> Said {
    let sign = match answer.verdict {
        Verdict::Listed | Verdict::Disputed => Sign::Careful,
        Verdict::NotListed => Sign::Yes,
        Verdict::Unknown => Sign::Unknown,
    };
    let counting = answer.centres.iter().filter(|centre| centre.doubt.is_none()).count().to_string();
    let verdict = words.code("verdict", answer.verdict.code());
    let values = [("verdict", verdict.as_str()), ("counting", &counting), ("all", &answer.centres.len().to_string())];
    (sign, words.say("query.listed-q"), words.fill("query.is-listed", &values))
}

/// What a rule of this centre's matter comes to, and each of its conditions.
fn verdict(words: Words, verdict: &RuleVerdict) -> Vec<Line> {
    let sign = |outcome| match outcome {
        Outcome::Met => Sign::Yes,
        Outcome::NotMet => Sign::No,
        Outcome::Unknown => Sign::Unknown,
    };
    let wording = |text: &Wording| {
        Shown::new(match words {
            Words::Chinese => &text.zh,
            Words::English => &text.en,
        })
    };
    let outcome = |outcome: Outcome| words.code("query.rule", outcome.code());
    let mut lines = vec![line((sign(verdict.outcome), wording(&verdict.title), outcome(verdict.outcome)))];
    lines.extend(verdict.conditions.iter().map(|one| {
        let sign = sign(one.outcome);
        Line::Field {
            label: Shown::new("    ").and(&Shown::new(sign.text())),
            value: wording(&one.wording).and(&Shown::new("  ")).and(&outcome(one.outcome)),
            tone: sign.tone(),
        }
    }));
    lines
}

/// The answers, and what the lists say if they were asked.
pub(super) fn said(words: Words, got: &Got, list: Option<&LookupAnswer>) -> Vec<Line> {
    let mut lines = vec![Line::Group(words.say("query.answers"))];
    lines.extend(three(words, &got.answer).map(line));
    lines.extend(got.answer.verdicts.iter().flat_map(|one| verdict(words, one)));
    match list {
        None => lines.push(Line::Field {
            label: Shown::new("[ ] ").and(&words.say("query.listed-q")),
            value: words.say("query.not-asked"),
            tone: Tone::Dim,
        }),
        Some(answer) => {
            lines.push(line(listed(words, answer)));
            lines.extend(answer.hits.iter().map(|hit| {
                let parts = [Shown::of(&hit.listing), words.code("standing", hit.standing.code()), Shown::new(&hit.finding.conduct.label)];
                Line::Text(Tone::Warn, Shown::new("    ").and(&Shown::join(&parts, "  ")))
            }));
            lines.extend(answer.centres.iter().filter_map(|centre| {
                let why = words.code("doubt", doubt_code(centre.doubt?));
                Some(Line::Text(Tone::Dim, Shown::new("    ").and(&Shown::join([&Shown::of(&centre.centre), &why], "  "))))
            }));
        }
    }
    lines.push(Line::Blank);
    lines
}

/// Which certificate it is.
pub(super) fn certificate(words: Words, got: &Got) -> Vec<Line> {
    let field = |key: &str, value: Shown| Line::field(words.say(key), value);
    let certificate = &got.answer.certificate;
    vec![
        Line::Group(kind_title(words, &certificate.kind)),
        field("query.certificate", Shown::of(&certificate.number)),
        field("query.issuer", Shown::of(&certificate.issuer)),
        field("query.addressee", certificate.addressee.as_ref().map_or_else(|| words.say("query.anybody"), Shown::of)),
        field("query.issued", Shown::new(&certificate.issued.legal_text())),
        field("query.until", Shown::new(&certificate.expires.legal_text())),
        field("query.business", Shown::new(&got.business_no)),
    ]
}
