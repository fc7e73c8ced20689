//! A grant as it was pasted or read from a file, and what it says. Only its form and its signature are looked at here; whether it may be
//! used says the peer.

use anju_core::certificate::CertificateKind;
use anju_core::grant::{MAX_GRANT_BYTES, Mode, Presented};
use anju_core::names::CertificateNumber;

use crate::door::Trouble;
use crate::screen::Cx;
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::claims::{kind_title, labels};
use crate::widgets::detail::Line;

/// Longest grant with line breaks, in bytes.
pub(super) const TEXT_MAX_BYTES: usize = 2 * MAX_GRANT_BYTES;
/// Characters of each end of a long text that are shown.
const END_CHARS: usize = 12;

/// A grant of sound form.
pub(super) struct Held {
    /// Its text, without white space.
    pub(super) text: String,
    grant: Presented,
}

impl Held {
    /// Reads a text.
    ///
    /// # Errors
    /// Why it is no grant.
    pub(super) fn read(text: &str) -> Result<Self, Trouble> {
        let grant = Presented::parse(text)?;
        Ok(Self { text: text.split_ascii_whitespace().collect(), grant })
    }

    /// Which certificate it is for.
    pub(super) fn number(&self) -> &CertificateNumber {
        &self.grant.claims().number
    }

    /// What may be done with it.
    pub(super) fn mode(&self) -> Mode {
        self.grant.claims().mode
    }

    /// The fields that it names.
    pub(super) fn fields(&self) -> &[String] {
        &self.grant.claims().fields
    }

    /// The matter that it is for.
    pub(super) fn matter(&self) -> &str {
        &self.grant.claims().matter
    }

    /// The kind of its certificate, if this version knows it.
    pub(super) fn kind(&self) -> Option<CertificateKind> {
        kind_code(self.number()).parse().ok()
    }

    /// Its text, shortened.
    fn short(&self, cx: &Cx<'_>) -> Shown {
        let count = self.text.chars().count();
        let head: String = self.text.chars().take(END_CHARS).collect();
        let tail: String = self.text.chars().skip(count.saturating_sub(END_CHARS)).collect();
        cx.words.fill("query.short", &[("head", &head), ("tail", &tail), ("count", &count.to_string())])
    }

    /// What it says.
    pub(super) fn lines(&self, cx: &Cx<'_>) -> Vec<Line> {
        let (words, claims) = (cx.words, self.grant.claims());
        let field = |key: &str, value: Shown| Line::field(words.say(key), value);
        let code = kind_code(&claims.number);
        let kind = code.parse::<CertificateKind>().ok();
        let to = Shown::of(&claims.aud);
        let (to_tone, to) = if claims.aud == cx.who.centre {
            (Tone::Good, to.and(&words.say("query.to-us")))
        } else {
            (Tone::Warn, to.and(&words.say("query.to-others")))
        };
        let left = claims.expires().since(cx.now);
        let until = Shown::new(&claims.expires().legal_text());
        let until = Shown::join([&until, &words.countdown(left)], "  ");
        vec![
            Line::Group(words.say("query.grant-says")),
            field("query.grant-text", self.short(cx)),
            field("query.holder", Shown::of(self.grant.holder())),
            Line::Field { label: words.say("query.audience"), value: to, tone: to_tone },
            field("query.certificate", Shown::join([&Shown::of(&claims.number), &kind_title(words, &code)], "  ")),
            field("query.matter", Shown::new(&claims.matter)),
            field("query.mode", words.code("mode", claims.mode.code())),
            field("query.fields", labels(words, kind, &claims.fields)),
            field("query.from", Shown::new(&claims.not_before().legal_text())),
            Line::Field { label: words.say("query.until"), value: until, tone: if left < 0 { Tone::Warn } else { Tone::Plain } },
            field("query.uses", Shown::of(claims.uses)),
        ]
    }
}

/// The kind that a certificate's number names.
fn kind_code(number: &CertificateNumber) -> String {
    number.as_str().split('-').nth(1).unwrap_or_default().to_owned()
}
