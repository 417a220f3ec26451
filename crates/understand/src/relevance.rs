//! Whether an item matters: a keyword of the user always decides; otherwise the
//! weights of its cues add up to log-odds.

use model::{Aspect, ItemKind, Reason, Relevance, RelevanceLabel};

use crate::cues::{Hit, Sense};
use crate::evidence;

/// Log-odds of an item without any cue: what news searches bring is relevant
/// more often than not, but by its words, not by default.
const BIAS: f32 = -0.9;

/// Cues repeat one another; less than their plain sum is what they add.
const SLOPE: f32 = 0.9;

/// A CVE id or a de-fanged indicator is written by nobody who writes of films.
const ID_WEIGHT: f32 = 2.5;

/// The probability when somebody has decided.
const DECIDED: f32 = 0.95;

/// What the item is, before its words are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    pub(crate) kind: ItemKind,
    /// It names CVEs or other security ids.
    pub(crate) ids: bool,
    /// Its publisher says what kind of event it is, or how bad.
    pub(crate) stated: bool,
}

pub(crate) fn judge(
    hits: &[Hit],
    form: Form,
    keywords: &[Reason],
    reasons: &mut Vec<Reason>,
) -> Relevance {
    let evidence = evidence::gather(hits, |hit| matches!(hit.cue.sense, Sense::Relevance(_)));
    let (mut incident, mut threat, mut against, mut entered) = (0.0, 0.0, 0.0, 0.0);
    for one in &evidence {
        match one.cue.sense {
            Sense::Relevance(RelevanceLabel::Incident) => incident += one.weight,
            Sense::Relevance(RelevanceLabel::ThreatInfo) => threat += one.weight,
            _ => against += one.weight,
        }
        reasons.push(one.reason(
            Aspect::Relevance,
            if one.weight < 0.0 { "against" } else { "" },
        ));
    }
    if form.ids {
        threat += ID_WEIGHT;
        reasons.push(Reason::new(
            Aspect::Relevance,
            "names a CVE or another security id",
            ID_WEIGHT,
        ));
    }
    let by_kind = match form.kind {
        ItemKind::CveRecord => Some("is a CVE record"),
        ItemKind::Advisory => Some("is an advisory"),
        ItemKind::Note => Some("a person entered it"),
        ItemKind::Article | ItemKind::Post => None,
    };
    if let Some(why) = by_kind {
        // That a person entered it says that it matters, not which class it is.
        let weight = if form.kind == ItemKind::Note {
            &mut entered
        } else {
            &mut threat
        };
        *weight += ID_WEIGHT;
        reasons.push(Reason::new(Aspect::Relevance, why, ID_WEIGHT));
    }
    let mut probability = logistic(BIAS + SLOPE * (incident + threat + against + entered));
    if !keywords.is_empty() {
        probability = probability.max(DECIDED);
        reasons.extend(keywords.iter().cloned());
    }
    // What a person entered by hand, or the publisher gave a kind of event or a
    // severity, is what they say it is.
    if form.kind == ItemKind::Note || form.stated {
        probability = probability.max(DECIDED);
    }
    let label = if probability < 0.5 {
        RelevanceLabel::Irrelevant
    } else if incident > threat || (form.kind == ItemKind::Note && incident >= threat) {
        RelevanceLabel::Incident
    } else {
        RelevanceLabel::ThreatInfo
    };
    Relevance { label, probability }
}

fn logistic(odds: f32) -> f32 {
    1.0 / (1.0 + (-odds).exp())
}
