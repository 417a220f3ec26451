//! Kinds of event and sectors: sums of cues against a threshold.

use model::{Aspect, IncidentType, Reason, Sector, Tagged};

use crate::cues::{Hit, Sense};
use crate::evidence::{self, Evidence};

/// From this sum on a label is given.
const THRESHOLD: f32 = 1.0;

/// What a CVE that the item is about adds to `vuln_exploit`.
const CVE_WEIGHT: f32 = 1.2;

/// What the publisher says weighs more than any cue.
const STATED_WEIGHT: f32 = 5.0;

/// The kinds of event, surest first: those the publisher states, then those its
/// text tells; `other` when an item that tells of an event
/// names none.
pub(crate) fn types(
    hits: &[Hit],
    stated: &[IncidentType],
    is_incident: bool,
    about_cves: bool,
    reasons: &mut Vec<Reason>,
) -> Vec<Tagged<IncidentType>> {
    let mut found = Vec::new();
    for kind in IncidentType::ALL {
        let evidence = evidence::gather(hits, |hit| hit.cue.sense == Sense::Type(*kind));
        let mut sum: f32 = evidence.iter().map(|one| one.weight).sum();
        if *kind == IncidentType::VulnExploit && about_cves {
            sum += CVE_WEIGHT;
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
        } else if sum >= THRESHOLD {
            explain(&evidence, kind.word(), Aspect::Type, reasons);
            found.push(Tagged {
                label: *kind,
                confidence: confidence(sum),
            });
        }
    }
    found.sort_by(|a, b| {
        b.confidence
            .total_cmp(&a.confidence)
            .then(a.label.cmp(&b.label))
    });
    if found.is_empty() && is_incident {
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

/// The sectors of the affected, surest first; at most three, because a text that
/// names more speaks of everybody.
pub(crate) fn sectors(hits: &[Hit], reasons: &mut Vec<Reason>) -> Vec<Tagged<Sector>> {
    const MOST: usize = 3;
    let mut found = Vec::new();
    for sector in Sector::ALL {
        let evidence = evidence::gather(hits, |hit| hit.cue.sense == Sense::Sector(*sector));
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
