//! Says which words and cues a model's sum rests on.

use model::{Aspect, Reason, Span};

use crate::document::{Document, is_local};
use crate::features::{Share, Terms, is_joining};
use crate::fold;
use crate::linear::{Linear, Scores};
use crate::passage::Passage;
use crate::signals::{Found, Signals};

/// Words and cues told of one sum, each way.
const MOST: usize = 5;

/// Less than this (in log-odds) is no reason.
const LEAST: f32 = 0.1;

/// Places shown with a reason; more help nobody.
const MAX_SPANS: usize = 20;

/// A text in the forms a model reads.
#[derive(Clone, Copy)]
pub(crate) struct Read<'a> {
    pub(crate) document: &'a Document,
    pub(crate) terms: &'a Terms,
    pub(crate) signals: &'a Signals,
    /// It reads like a post or a line of a list, not like news: its words have
    /// other odds.
    pub(crate) bare: bool,
    /// Whether it is a post, or a line without a headline.
    pub(crate) line: bool,
}

impl Read<'_> {
    /// The strongest reasons for and against one output of a model, as log-odds.
    pub(crate) fn reasons(
        &self,
        model: &Linear,
        scores: &Scores,
        output: usize,
        aspect: Aspect,
        says: &str,
    ) -> Vec<Reason> {
        let mut causes: Vec<(f32, Cause<'_>)> = Vec::new();
        let cues = self.signals.shares(model.extra_weights(output));
        causes.extend(cues.map(|(cue, worth)| (worth, Cause::Cue(cue))));
        let words = self.terms.by_word(&scores.worths(output));
        causes.extend(words.iter().map(|word| (word.worth, Cause::Word(word))));
        causes.retain(|(worth, _)| worth.abs() >= LEAST);
        causes.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
        let mut left = [MOST, MOST];
        causes.retain(|(worth, cause)| {
            let [against, in_favour] = &mut left;
            let left = if *worth < 0.0 { against } else { in_favour };
            if *left == 0 {
                return false;
            }
            if let Cause::Word(word) = cause
                && (self.is_joining(word) || aspect == Aspect::Type && self.is_local(word))
            {
                return false;
            }
            *left -= 1;
            true
        });
        let mut quoted: Vec<(String, f32, Cause<'_>)> = Vec::new();
        for (worth, cause) in causes {
            let word = self.spelled(&cause);
            // A word that is a cue too is told once.
            match quoted.iter_mut().find(|(known, ..)| *known == word) {
                Some((_, known, _)) => *known += worth,
                None => quoted.push((word, worth, cause)),
            }
        }
        quoted.retain(|(_, worth, _)| worth.abs() >= LEAST);
        quoted.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        quoted
            .iter()
            .map(|(_, worth, cause)| self.told(cause, *worth, aspect, says))
            .collect()
    }

    /// What is quoted of a cause, folded.
    fn spelled(&self, cause: &Cause<'_>) -> String {
        match cause {
            Cause::Cue(cue) => cue.cue.folded.clone(),
            Cause::Word(word) => {
                let place = self.terms.places(self.document, word, 1);
                let first = place.first();
                first.map_or(String::new(), |span| fold::folded(self.slice(*span, 60)))
            }
        }
    }

    fn told(&self, cause: &Cause<'_>, worth: f32, aspect: Aspect, says: &str) -> Reason {
        let (what, spans) = match cause {
            Cause::Cue(cue) => {
                let place = match (cue.in_title, self.document.title()) {
                    (true, "") => " in the first sentence",
                    (true, _) => " in the title",
                    (false, _) => "",
                };
                let spans = cue.spans.iter().copied().take(MAX_SPANS).collect();
                (format!("“{}”{place}", cue.cue.pattern), spans)
            }
            Cause::Word(word) => {
                let spans = self.terms.places(self.document, word, MAX_SPANS);
                let first = spans.first().map(|span| self.quote(*span));
                (first.unwrap_or_default(), spans)
            }
        };
        let text = match (says, worth < 0.0) {
            ("", true) => format!("against: {what}"),
            ("", false) => what,
            (says, true) => format!("{says}, against: {what}"),
            (says, false) => format!("{says}: {what}"),
        };
        Reason::new(aspect, text, worth).at(spans)
    }

    /// Whether a word only joins others: no reason for anything.
    pub(crate) fn is_joining(&self, word: &Share) -> bool {
        if !word.may_be_joining() {
            return false;
        }
        let place = self.terms.places(self.document, word, 1);
        place
            .first()
            .is_some_and(|span| is_joining(&fold::folded(self.slice(*span, 60))))
    }

    /// Whether a word names a town, body or company of the home region. Kinds are learned
    /// without them; what their pieces weigh is chance.
    fn is_local(&self, word: &Share) -> bool {
        let places = self.terms.places(self.document, word, 1);
        places.first().is_some_and(|place| {
            let hits = self.document.hits.iter().filter(|hit| is_local(hit));
            hits.map(|hit| hit.span).any(|name| {
                name.field == place.field && name.start <= place.start && place.end <= name.end
            })
        })
    }

    /// A place as it stands, in quotes; long ones cut.
    pub(crate) fn quote(&self, span: Span) -> String {
        const MOST: u32 = 60;
        let is_long = span.end.saturating_sub(span.start) > MOST;
        let more = if is_long { "…" } else { "" };
        format!("“{}{more}”", self.slice(span, MOST))
    }

    fn slice(&self, span: Span, most: u32) -> &str {
        Passage::of(&self.document.passages, span.field).slice(span, most)
    }
}

/// What raises or lowers a sum.
enum Cause<'a> {
    Cue(&'a Found),
    Word(&'a Share),
}
