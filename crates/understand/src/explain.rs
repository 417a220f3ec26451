//! Says which words and cues a model's sum rests on.

use model::{Aspect, Field, Reason, Span};

use crate::document::Document;
use crate::features::Terms;
use crate::linear::{Linear, Scores};
use crate::signals::Signals;

/// Words and cues told of one sum, each way.
const MOST: usize = 5;

/// Less than this (in log-odds) is no reason.
const LEAST: f32 = 0.1;

/// Places shown with a reason; more help nobody.
const MAX_SPANS: usize = 20;

/// A text in the forms a model reads.
pub(crate) struct Read<'a> {
    pub(crate) document: &'a Document,
    pub(crate) terms: &'a Terms,
    pub(crate) signals: &'a Signals,
    /// It reads like a post or a line of a list, not like news: its words have
    /// other odds.
    pub(crate) bare: bool,
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
        let mut found: Vec<Reason> = Vec::new();
        for (cue, worth) in self.signals.shares(model.extra_weights(output)) {
            if worth.abs() >= LEAST {
                let place = if cue.in_title { " in the title" } else { "" };
                found.push(reason(
                    aspect,
                    says,
                    &format!("“{}”{place}", cue.cue.pattern),
                    worth,
                    &cue.spans,
                ));
            }
        }
        let shares = self.terms.by_word(self.document, |feature| {
            model.worth(feature, output, scores.lengths)
        });
        for share in shares {
            if share.worth.abs() >= LEAST
                && let Some(span) = share.spans.first()
            {
                let word = format!("“{}”", self.slice(*span));
                found.push(reason(aspect, says, &word, share.worth, &share.spans));
            }
        }
        found.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
        let mut left = [MOST, MOST];
        found.retain(|reason| {
            let [against, for_it] = &mut left;
            let left = if reason.weight < 0.0 { against } else { for_it };
            let keep = *left > 0;
            *left = left.saturating_sub(1);
            keep
        });
        found
    }

    fn slice(&self, span: Span) -> String {
        let whole = match span.field {
            Field::Title => self.document.title(),
            Field::Text => self.document.text(),
        };
        whole
            .chars()
            .skip(span.start as usize)
            .take((span.end.saturating_sub(span.start)) as usize)
            .take(60)
            .collect()
    }
}

fn reason(aspect: Aspect, says: &str, what: &str, worth: f32, spans: &[Span]) -> Reason {
    let text = match (says, worth < 0.0) {
        ("", true) => format!("against: {what}"),
        ("", false) => what.to_owned(),
        (says, true) => format!("{says}, against: {what}"),
        (says, false) => format!("{says}: {what}"),
    };
    Reason::new(aspect, text, worth).at(spans.iter().copied().take(MAX_SPANS).collect())
}
