//! Whether an item matters. A keyword of the user always decides; otherwise a
//! linear model gives the odds, which what the item is moves.
//!
//! News and bare texts (social posts, lines of an incident list) are different
//! worlds: what is rare in one is plain in the other, and one model for both was
//! worse for each. So the model has a sum for each. Hindi goes with the bare ones,
//! whose training holds Hindi headlines.

pub(crate) mod grave;

use model::{Aspect, ItemKind, Reason, Relevance, RelevanceLabel};

use crate::explain::Read;
use crate::linear::Linear;

/// The sums of the model, all log-odds: that an item with a title is relevant,
pub const NEWS: usize = 0;
/// that one without a title is relevant,
pub const BARE: usize = 1;
/// that a relevant item tells of an incident rather than of a threat.
pub const INCIDENT: usize = 2;
/// How many sums.
pub const OUTPUTS: usize = 3;

/// A CVE id or a de-fanged indicator is written by nobody who writes of films.
const ID_WEIGHT: f32 = 2.5;

/// What a person said of the item stands above all else.
const SAID_WEIGHT: f32 = 20.0;

/// The probability when somebody has decided.
const DECIDED: f32 = 0.95;

/// The least probability of what matters however tersely it is told ([`grave`]).
const RAISED: f32 = 0.6;

/// Odds of an item when there is no model: nothing is known, so it is shown.
const UNKNOWN: f32 = 0.1;

/// What the item is, before its words are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    pub(crate) kind: ItemKind,
    /// It names CVEs or other security ids.
    pub(crate) ids: bool,
    /// Its publisher says what kind of event it is, or how bad.
    pub(crate) stated: bool,
    /// What a person said: relevant or not.
    pub(crate) said: Option<bool>,
}

pub(crate) fn judge(
    model: Option<&Linear>,
    read: &Read<'_>,
    form: Form,
    keywords: &[Reason],
    grave: Option<Reason>,
    reasons: &mut Vec<Reason>,
) -> Relevance {
    let (mut odds, mut incident) = (UNKNOWN, 0.0);
    if let Some(model) = model {
        let scores = model.score(read.terms, read.signals.values(), 0..OUTPUTS);
        let output = if read.bare { BARE } else { NEWS };
        odds = scores.sum(output);
        incident = scores.sum(INCIDENT);
        reasons.extend(read.reasons(model, &scores, output, Aspect::Relevance, ""));
    }
    let by_kind = match form.kind {
        ItemKind::CveRecord => Some("is a CVE record"),
        ItemKind::Advisory => Some("is an advisory"),
        ItemKind::Note => Some("a person entered it"),
        ItemKind::Article | ItemKind::Post => None,
    };
    let by_ids = form.ids.then_some("names a CVE or another security id");
    for why in by_kind.into_iter().chain(by_ids) {
        odds += ID_WEIGHT;
        reasons.push(Reason::new(Aspect::Relevance, why, ID_WEIGHT));
    }
    // A record or an advisory warns; that a person entered something says that it
    // matters, and an event rather than advice.
    match form.kind {
        ItemKind::CveRecord | ItemKind::Advisory => incident -= ID_WEIGHT,
        ItemKind::Note => incident += ID_WEIGHT,
        ItemKind::Article | ItemKind::Post => {}
    }
    let mut probability = logistic(odds);
    if probability < RAISED
        && let Some(grave) = grave
    {
        probability = RAISED;
        reasons.push(grave);
    }
    if !keywords.is_empty() {
        probability = probability.max(DECIDED);
        reasons.extend(keywords.iter().cloned());
    }
    // What a person entered by hand, or the publisher gave a kind of event or a
    // severity, is what they say it is.
    if form.kind == ItemKind::Note || form.stated {
        probability = probability.max(DECIDED);
    }
    if let Some(relevant) = form.said {
        let (sure, what) = if relevant {
            (1.0, "said by a person: relevant")
        } else {
            (0.0, "said by a person: not relevant")
        };
        probability = sure;
        reasons.push(Reason::new(Aspect::Relevance, what, SAID_WEIGHT));
    }
    let label = if probability < 0.5 {
        RelevanceLabel::Irrelevant
    } else if incident > 0.0 {
        RelevanceLabel::Incident
    } else {
        RelevanceLabel::ThreatInfo
    };
    Relevance { label, probability }
}

pub(crate) fn logistic(odds: f32) -> f32 {
    1.0 / (1.0 + (-odds).exp())
}
