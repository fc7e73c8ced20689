//! How far a query has come, as a line of states.

use anju_core::desk::Stage;

use crate::canvas::Span;
use crate::shown::Shown;
use crate::theme::Tone;
use crate::words::Words;

/// The states of a reading in order, and their words.
const READING: &[(Stage, &str)] =
    &[(Stage::Pulling, "stage.pulling"), (Stage::Obtained, "stage.obtained"), (Stage::Verified, "stage.verified")];
/// The one state of a question to the issuer.
const ASKING: &[(Stage, &str)] = &[(Stage::AskingIssuer, "stage.asking-issuer")];

/// How it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Going {
    #[default]
    NotYet,
    On,
    Stopped,
    Done,
}

/// A line of states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stages {
    line: &'static [(Stage, &'static str)],
    going: Going,
    /// Place of the state that was reached.
    at: Option<usize>,
}

impl Default for Stages {
    fn default() -> Self {
        Self { line: READING, going: Going::NotYet, at: None }
    }
}

impl Stages {
    /// A reading was asked for.
    pub(super) const fn asked() -> Self {
        Self { line: READING, going: Going::On, at: None }
    }

    /// The issuer is asked.
    pub(super) const fn issuer_asked() -> Self {
        Self { line: ASKING, going: Going::On, at: None }
    }

    /// Nothing is asked yet; `issuer` when it is the issuer that will be.
    pub(super) const fn before(issuer: bool) -> Self {
        Self { line: if issuer { ASKING } else { READING }, going: Going::NotYet, at: None }
    }

    /// A state was reached. One never goes back.
    pub(super) fn reach(&mut self, stage: Stage) {
        self.at = self.at.max(self.line.iter().position(|(known, _)| *known == stage));
    }

    /// It ended here without an answer.
    pub(super) fn stop(&mut self) {
        self.going = Going::Stopped;
    }

    /// The answer is here.
    pub(super) fn finish(&mut self) {
        self.going = Going::Done;
    }

    /// The line: each state with a sign, so that colour is not needed to read it.
    pub(super) fn spans(self, words: Words) -> Vec<Span> {
        let mut spans = Vec::new();
        for (i, (_, key)) in self.line.iter().enumerate() {
            if i > 0 {
                spans.push((Tone::Dim, Shown::new("  ->  ")));
            }
            let here = i == self.at.unwrap_or(0);
            let past = self.at.is_some_and(|at| i < at);
            let (tone, sign) = match self.going {
                Going::Done => (Tone::Good, "[x] "),
                Going::On | Going::Stopped if past => (Tone::Good, "[x] "),
                Going::On if here => (Tone::Key, "[>] "),
                Going::Stopped if here => (Tone::Bad, "[!] "),
                Going::NotYet | Going::On | Going::Stopped => (Tone::Dim, "[ ] "),
            };
            spans.push((tone, Shown::new(sign).and(&words.find(key).unwrap_or_default())));
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(stages: Stages) -> String {
        stages.spans(Words::English).iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn the_line_follows_the_events_and_never_goes_back() {
        let mut stages = Stages::default();
        let signs = |stages| line(stages).split('[').skip(1).map(|part| part.chars().next().unwrap()).collect::<String>();
        assert_eq!(signs(stages), "   ");
        stages = Stages::asked();
        assert_eq!(signs(stages), ">  ");
        stages.reach(Stage::Obtained);
        assert_eq!(signs(stages), "x> ");
        stages.reach(Stage::Pulling);
        stages.reach(Stage::Deriving);
        assert_eq!(signs(stages), "x> ", "neither back nor to a state of something else");
        let mut stopped = stages;
        stopped.stop();
        assert_eq!(signs(stopped), "x! ");
        stages.finish();
        assert_eq!(signs(stages), "xxx");
    }
}
