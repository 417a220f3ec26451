//! Cue hits of one kind put together: each cue once, with all its places.

use model::{Aspect, Reason, Span};

use crate::cues::{Cue, Hit};
use crate::work;

/// Places shown with a reason; more help nobody.
const MAX_SPANS: usize = 5;

/// A cue of the title says more than one of the body: headlines are chosen.
const TITLE_FACTOR: f32 = 1.5;

/// One cue and what it adds.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    pub(crate) cue: &'static Cue,
    pub(crate) weight: f32,
    pub(crate) in_title: bool,
    pub(crate) spans: Vec<Span>,
}

impl Evidence {
    /// The reason a person reads: `"data breach" in the title`.
    pub(crate) fn reason(&self, aspect: Aspect, says: &str) -> Reason {
        let place = if self.in_title { " in the title" } else { "" };
        let says = if says.is_empty() {
            String::new()
        } else {
            format!("{says}: ")
        };
        Reason::new(
            aspect,
            format!("{says}“{}”{place}", self.cue.pattern),
            self.weight,
        )
        .at(self.spans.clone())
    }
}

/// The evidence of the hits that `keep` accepts. A cue inside a longer one of the
/// same kind adds nothing of its own ("hack" in "hacking group"). A negated cue
/// counts unless `keep` refuses it: "no data breach found" is still about one.
pub(crate) fn gather(hits: &[Hit], keep: impl Fn(&Hit) -> bool) -> Vec<Evidence> {
    let mut kept: Vec<&Hit> = hits.iter().filter(|hit| keep(hit)).collect();
    kept.sort_by_key(|hit| (hit.field, hit.start, usize::MAX - hit.end));
    let mut evidence: Vec<Evidence> = Vec::new();
    let mut reach = (model::Field::Title, 0);
    for hit in kept {
        if hit.field == reach.0 && hit.end <= reach.1 {
            continue;
        }
        reach = (hit.field, hit.end);
        work::steps(evidence.len());
        match evidence
            .iter_mut()
            .find(|known| known.cue.pattern == hit.cue.pattern && known.cue.sense == hit.cue.sense)
        {
            Some(known) => {
                if known.spans.len() < MAX_SPANS {
                    known.spans.push(hit.span);
                }
            }
            None => evidence.push(Evidence {
                cue: hit.cue,
                weight: hit.cue.weight * if hit.in_title() { TITLE_FACTOR } else { 1.0 },
                in_title: hit.in_title(),
                spans: vec![hit.span],
            }),
        }
    }
    evidence
}
