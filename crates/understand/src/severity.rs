//! How bad an item is. A CVE's own score is not read here: it comes with its
//! Vulnerability when the item joins an incident.
//!
//! The description of a flaw that nobody has scored gets a predicted CVSS vector
//! ([`crate::flaw`]); a text that names a score, that score; an event, what the
//! model of events ([`event`]) makes of its [`signs`], or without a model the
//! [`rubric`]. What the publisher states stands above all of them.

mod event;
pub(crate) mod loss;
pub(crate) mod misread;
mod named;
mod rubric;
pub mod signs;

use model::{IncidentType, Judgement, Reason, RelevanceLabel, Severity, Tagged};

use crate::cues::{Hit, Sense};
use crate::evidence::{self, Evidence};
use crate::explain::Read;
use crate::flaw;
use crate::models::Models;
use crate::passage::Passage;
use crate::quantity::{self, Quantity};

use event::Judged;
pub use event::{BANDS, EventModel, values};
pub(crate) use named::NAMED;
use named::named_score;
use rubric::{Opinion, Rubric};

/// A stated band without a score of ours in it stands a little above its floor.
const STATED_ABOVE_FLOOR: f32 = 0.5;

/// From this probability on a text counts as the description of a flaw.
const DESCRIBES: f32 = 0.5;

/// What was read before.
pub(crate) struct Known<'a> {
    pub(crate) models: &'a Models,
    pub(crate) read: &'a Read<'a>,
    /// The item is the record of a CVE.
    pub(crate) is_record: bool,
    pub(crate) label: RelevanceLabel,
    pub(crate) types: &'a [Tagged<IncidentType>],
    pub(crate) about_cves: bool,
    /// The band the publisher states.
    pub(crate) stated: Option<Severity>,
    /// The least band of what is grave by itself, and why.
    pub(crate) grave: Option<&'a (Severity, Reason)>,
}

pub(crate) fn judge(
    passages: &[Passage; 2],
    hits: &[Hit],
    known: &Known<'_>,
    reasons: &mut Vec<Reason>,
) -> Judgement {
    let features: Vec<Evidence> = evidence::gather(hits, |hit| {
        !hit.negated
            && matches!(hit.cue.sense, Sense::Feature(_))
            && !misread::is_misread(passages, hit)
    });
    let quantities: Vec<Quantity> = passages.iter().flat_map(quantity::read).collect();
    let rubric = Rubric {
        features: &features,
        quantities: &quantities,
    };
    let named = passages
        .iter()
        .filter_map(named_score)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let is_flaw = known.about_cves
        || known
            .types
            .iter()
            .any(|tagged| tagged.label == IncidentType::VulnExploit);
    let predicted = match named {
        None if known.stated.is_none() => predicted(passages, known, reasons),
        _ => None,
    };
    let mut best = if let Some(predicted) = predicted {
        predicted.or_higher(rubric.attacked())
    } else if known.label == RelevanceLabel::Irrelevant {
        Opinion::plain(1.0, "not a matter of security")
    } else if let Some((score, span)) = named {
        let named = Opinion {
            score,
            why: format!("{NAMED} {score:.1}"),
            spans: vec![span],
            lowers: false,
        };
        // The named score stands for a guess, but not above exploitation.
        rubric.limited(named.or_higher(rubric.exploited()), known.label, is_flaw)
    } else if let Some(model) = known.models.event() {
        let judged = model.judge(known.read, &signs::read(passages, hits, &quantities));
        let opinion = rubric.within_extent(summed_up(&judged, &rubric));
        reasons.extend(judged.reasons.into_iter().map(|told| told.reason));
        let scam = scam(hits, known).map_or(Opinion::plain(0.0, ""), |sign| rubric.scam(&sign));
        let lost = loss::largest(passages, &quantities);
        let scam = lost
            .map_or(Opinion::plain(0.0, ""), |lost| rubric.loss(lost))
            .or_higher(scam);
        let grave = match known.grave {
            Some((least, why)) => rubric.grave(*least, why),
            None => Opinion::plain(0.0, ""),
        };
        rubric.unproven(
            opinion
                .or_higher(rubric.firm(is_flaw))
                .or_higher(scam)
                .or_higher(grave),
        )
    } else {
        rubric.of(known.label, is_flaw)
    };
    if let Some(stated) = known.stated {
        // Its own band holds; our score only places the item inside it.
        let score = if Severity::of_score(best.score) == stated {
            best.score
        } else {
            stated.floor() + STATED_ABOVE_FLOOR
        };
        best = Opinion::plain(score, "the publisher says so");
    }
    let judgement = Judgement::of_score(best.score, best.reason());
    reasons.push(judgement.reason.clone());
    judgement
}

/// What says that somebody was cheated, if the item reports it and not only warns.
fn scam(hits: &[Hit], known: &Known<'_>) -> Option<Evidence> {
    let fraud = IncidentType::PhishingFraud;
    let is_one = known.label == RelevanceLabel::Incident
        && known.types.iter().any(|tagged| tagged.label == fraud);
    let signs = evidence::gather(hits, |hit| {
        is_one && !hit.negated && hit.cue.sense == Sense::Type(fraud)
    });
    signs
        .into_iter()
        .max_by(|a, b| a.weight.total_cmp(&b.weight))
}

/// The judgement of the model in a sentence: what raised it most, or, where it came
/// out low, what lowered it most. Single words are no reason that anybody believes;
/// where the model has no other, what the rubric sees is told.
fn summed_up(judged: &Judged, rubric: &Rubric<'_>) -> Opinion {
    /// Told in the sentence; the others stand below it.
    const TOLD: usize = 2;
    let is_low = Severity::of_score(judged.score) == Severity::Low;
    let telling = |lowering: bool| -> Vec<&Reason> {
        judged
            .reasons
            .iter()
            .filter(|told| told.is_telling && (told.reason.weight < 0.0) == lowering)
            .map(|told| &told.reason)
            .take(TOLD)
            .collect()
    };
    let named = |reasons: &[&Reason]| {
        let said: Vec<&str> = reasons
            .iter()
            .map(|reason| reason.text.trim_start_matches("lowers: "))
            .collect();
        said.join("; ")
    };
    let mut told = telling(is_low);
    let lowers = is_low && !told.is_empty();
    let why = if !told.is_empty() {
        format!("mostly by {}", named(&told))
    } else if is_low {
        told = telling(false);
        if told.is_empty() {
            "nothing in the text makes it graver".to_owned()
        } else {
            format!("nothing beside {} makes it graver", named(&told))
        }
    } else {
        let seen = rubric.seen();
        let why = seen.as_ref().map(|seen| seen.why.clone());
        return Opinion {
            score: judged.score,
            why: why.unwrap_or_else(|| "by all of the text together".to_owned()),
            spans: seen.map(|seen| seen.spans).unwrap_or_default(),
            lowers: false,
        };
    };
    Opinion {
        score: judged.score,
        why,
        spans: told
            .iter()
            .flat_map(|reason| reason.spans.clone())
            .collect(),
        lowers,
    }
}

/// What the model reads out of the description of a flaw that nobody has scored.
fn predicted(
    passages: &[Passage; 2],
    known: &Known<'_>,
    reasons: &mut Vec<Reason>,
) -> Option<Opinion> {
    let model = known.models.flaw()?;
    let sums = if known.is_record {
        model.sums(passages)
    } else {
        model.sums_if_described(passages, DESCRIBES)?
    };
    let spread = model.spread(&sums);
    reasons.extend(model.explain(&sums, &spread, passages));
    let weakness = model.weakness(&sums, passages);
    reasons.extend(weakness.and_then(|one| model.explain_weakness(&sums, &one, passages)));
    reasons.extend(flaw::explain_attacks(passages));
    Some(Opinion {
        score: spread.score,
        why: format!(
            "CVSS 3.1 {:.1} predicted from the description ({})",
            spread.score,
            flaw::vector::write(&spread.levels)
        ),
        spans: Vec::new(),
        lowers: false,
    })
}
