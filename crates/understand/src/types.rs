//! Kinds of event, by a linear model with a sum for each; and sectors, by sums of
//! cues against a threshold.

use std::ops::Range;

use model::{Aspect, IncidentType, Reason, Sector, Tagged};

use crate::cues::{Hit, Sense};
use crate::evidence::{self, Evidence};
use crate::explain::Read;
use crate::linear::Linear;
use crate::passage::Passage;
use crate::relevance::logistic;
use crate::severity::misread::is_misread;
use crate::signals::Signals;

/// From this sum of cues on a sector is given.
const THRESHOLD: f32 = 1.0;

/// What a CVE that the item is about adds to `vuln_exploit`.
const CVE_WEIGHT: f32 = 1.2;

/// What the publisher says weighs more than any cue.
const STATED_WEIGHT: f32 = 5.0;

/// The kinds the model knows: all but `other`, which is the absence of every kind.
/// Its sums are one a kind for news, then one a kind for bare texts; a sum above
/// zero gives the label. Editors of incident lists and readers of news mean
/// different things by "account takeover": one sum for both was worse for news.
pub const KINDS: [IncidentType; 11] = [
    IncidentType::Ransomware,
    IncidentType::DataBreach,
    IncidentType::PhishingFraud,
    IncidentType::Ddos,
    IncidentType::Malware,
    IncidentType::VulnExploit,
    IncidentType::AptEspionage,
    IncidentType::AccountTakeover,
    IncidentType::SupplyChain,
    IncidentType::Defacement,
    IncidentType::Insider,
];

/// A bare text that seems relevant and shows no kind surely is given its likeliest,
/// from these odds on: one in four. Lines of incident lists hardly ever lack one.
const LEAST_BARE: f32 = -1.0;

/// The kinds of event, surest first: those the publisher states, then those its
/// text tells; `other` when it names none. `headed`: the signals of a text without a
/// title, its first sentence for a headline.
pub(crate) fn types(
    model: Option<&Linear>,
    read: &Read<'_>,
    headed: Option<&Signals>,
    stated: &[IncidentType],
    about_cves: bool,
    reasons: &mut Vec<Reason>,
) -> Vec<Tagged<IncidentType>> {
    let read = &told_as(model, read, headed);
    let outputs = outputs(read);
    let scores = model.map(|model| {
        let scores = model.score(read.terms, read.signals.values(), outputs.clone());
        (model, scores)
    });
    let threshold = scores.as_ref().map_or(0.0, |(_, scores)| {
        let best = outputs.clone().map(|output| scores.sum(output));
        threshold(best, read.line)
    });
    let mut found = Vec::new();
    for (output, kind) in outputs.clone().zip(&KINDS) {
        let mut odds = scores
            .as_ref()
            .map_or(f32::NEG_INFINITY, |(_, scores)| scores.sum(output));
        if *kind == IncidentType::VulnExploit && about_cves {
            odds = odds.max(0.0) + CVE_WEIGHT;
            reasons.push(Reason::new(
                Aspect::Type,
                "Vulnerability: the item is about a CVE",
                CVE_WEIGHT,
            ));
        }
        if stated.contains(kind) {
            reasons.push(Reason::new(
                Aspect::Type,
                format!("{}: the publisher says so", kind.word()),
                STATED_WEIGHT,
            ));
            found.push(Tagged {
                label: *kind,
                confidence: 1.0,
            });
        } else if odds > threshold {
            if let Some((model, scores)) = &scores {
                reasons.extend(
                    read.reasons(model, scores, output, Aspect::Type, kind.word())
                        .into_iter()
                        .filter(|reason| reason.weight > 0.0),
                );
            }
            found.push(Tagged {
                label: *kind,
                confidence: (logistic(odds) * 100.0).round() / 100.0,
            });
        }
    }
    found.sort_by(|a, b| {
        b.confidence
            .total_cmp(&a.confidence)
            .then(a.label.cmp(&b.label))
    });
    if found.is_empty() {
        reasons.push(Reason::new(
            Aspect::Type,
            "Other: the text gives no kind of attack",
            0.5,
        ));
        found.push(Tagged {
            label: IncidentType::Other,
            confidence: 0.5,
        });
    }
    found
}

/// The text as its kinds are told best: like news, its first sentence for a headline where
/// it has none, or like a line. A line whose sums are sure of nothing, where those of news
/// are, is news without its headline.
fn told_as<'a>(model: Option<&Linear>, read: &Read<'a>, headed: Option<&'a Signals>) -> Read<'a> {
    let news = Read {
        signals: headed.unwrap_or(read.signals),
        line: false,
        ..*read
    };
    let is_sure = |read: &Read<'_>| {
        model.is_some_and(|model| {
            let scores = model.score(read.terms, read.signals.values(), outputs(read));
            outputs(read).any(|output| scores.sum(output) > 0.0)
        })
    };
    if read.line && (is_sure(read) || !is_sure(&news)) {
        *read
    } else {
        news
    }
}

/// The sums of the model that tell its kinds.
fn outputs(read: &Read<'_>) -> Range<usize> {
    let first = if read.line { KINDS.len() } else { 0 };
    first..first + KINDS.len()
}

/// Sums above this are given as kinds.
#[must_use]
pub fn threshold(sums: impl Iterator<Item = f32>, bare: bool) -> f32 {
    let best = sums.fold(f32::NEG_INFINITY, f32::max);
    if bare && best > LEAST_BARE {
        // Just below the best, if none is above zero.
        best.next_down().min(0.0)
    } else {
        0.0
    }
}

/// The sectors of the affected, surest first; at most three, because a text that
/// names more speaks of everybody.
pub(crate) fn sectors(
    passages: &[Passage; 2],
    hits: &[Hit],
    reasons: &mut Vec<Reason>,
) -> Vec<Tagged<Sector>> {
    const MOST: usize = 3;
    let mut found = Vec::new();
    for sector in Sector::ALL {
        let evidence = evidence::gather(hits, |hit| {
            hit.cue.sense == Sense::Sector(*sector) && !is_misread(passages, hit)
        });
        let sum: f32 = evidence.iter().map(|one| one.weight).sum();
        if sum >= THRESHOLD {
            found.push((sum, *sector, evidence));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    found.truncate(MOST);
    found
        .into_iter()
        .map(|(sum, sector, evidence)| {
            explain(&evidence, sector.word(), Aspect::Sector, reasons);
            Tagged {
                label: sector,
                confidence: confidence(sum),
            }
        })
        .collect()
}

fn explain(evidence: &[Evidence], word: &str, aspect: Aspect, reasons: &mut Vec<Reason>) {
    reasons.extend(evidence.iter().map(|one| one.reason(aspect, word)));
}

/// A sum at the threshold is little better than a coin; three times it is sure.
fn confidence(sum: f32) -> f32 {
    let sure = 1.0 - (-0.9 * sum).exp();
    (sure * 100.0).round() / 100.0
}
