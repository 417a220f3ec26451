//! How bad an item is, by a rubric over what it says. A CVE's own score is not
//! read here: it comes with its Vulnerability when the item joins an incident.
//!
//! The bands follow the labels people gave: critical is a nation, many
//! organisations or ten million people, or an exploited flaw in wide use; high a
//! hundred thousand people, a large operator, a severe flaw; low is advice and
//! aftermath. A claim that nobody has confirmed stays medium.

use model::{Aspect, IncidentType, Judgement, Reason, RelevanceLabel, Severity, Span, Tagged};

use crate::cues::{Feature, Hit, Sense};
use crate::evidence::{self, Evidence};
use crate::flaw::{self, FlawModel};
use crate::passage::Passage;
use crate::quantity::{self, Counted, Quantity};

/// A stated band without a score of ours in it stands a little above its floor.
const STATED_ABOVE_FLOOR: f32 = 0.5;

/// From this probability on a text counts as the description of a flaw.
const DESCRIBES: f32 = 0.5;

/// What was read before.
pub(crate) struct Known<'a> {
    pub(crate) flaw: Option<&'a FlawModel>,
    pub(crate) is_record: bool,
    pub(crate) label: RelevanceLabel,
    pub(crate) types: &'a [Tagged<IncidentType>],
    pub(crate) about_cves: bool,
    /// The band the publisher states.
    pub(crate) stated: Option<Severity>,
}

pub(crate) fn judge(
    passages: &[Passage; 2],
    hits: &[Hit],
    known: &Known<'_>,
    reasons: &mut Vec<Reason>,
) -> Judgement {
    let features: Vec<Evidence> = evidence::gather(hits, |hit| {
        !hit.negated && matches!(hit.cue.sense, Sense::Feature(_))
    });
    let rubric = Rubric {
        features: &features,
        quantities: passages.iter().flat_map(quantity::read).collect(),
    };
    let cvss = passages
        .iter()
        .filter_map(named_score)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let is_flaw = known.about_cves
        || known
            .types
            .iter()
            .any(|tagged| tagged.label == IncidentType::VulnExploit);

    let predicted = match cvss {
        None if known.stated.is_none() => predicted(passages, known, reasons),
        _ => None,
    };
    let described = predicted.is_some();
    let mut best = match known.label {
        _ if described => rubric.attacked(),
        RelevanceLabel::Irrelevant => Opinion::plain(1.0, "not a matter of security"),
        RelevanceLabel::Incident => rubric.event(),
        RelevanceLabel::ThreatInfo if is_flaw => rubric.flaw(),
        RelevanceLabel::ThreatInfo => rubric.threat(),
    };
    if known.label == RelevanceLabel::Incident && is_flaw {
        best = best.or_higher(rubric.exploited());
    }
    if let Some((score, span)) = cvss.filter(|_| known.label != RelevanceLabel::Irrelevant) {
        let named = Opinion {
            score,
            why: format!("the text names a CVSS score of {score:.1}"),
            spans: vec![span],
        };
        // The named score stands for the rubric's guess, but not above exploitation.
        best = if rubric.exploited().score > score {
            rubric.exploited()
        } else {
            named
        };
    }
    if let Some(predicted) = predicted {
        best = predicted.or_higher(best);
    } else if let Some(limit) = rubric.limit(known.label, is_flaw)
        && limit.score < best.score
    {
        best = limit;
    }
    if let Some(stated) = known.stated {
        // Its own band holds; our score only places the item inside it.
        let score = if Severity::of_score(best.score) == stated {
            best.score
        } else {
            stated.floor() + STATED_ABOVE_FLOOR
        };
        best = Opinion {
            score,
            why: "the publisher says so".to_owned(),
            spans: Vec::new(),
        };
    }
    let judgement = Judgement::of_score(
        best.score,
        Reason::new(Aspect::Severity, best.why, best.score / 10.0).at(best.spans),
    );
    reasons.push(judgement.reason.clone());
    judgement
}

/// What the model reads out of the description of a flaw that nobody has scored.
fn predicted(
    passages: &[Passage; 2],
    known: &Known<'_>,
    reasons: &mut Vec<Reason>,
) -> Option<Opinion> {
    let model = known.flaw?;
    let sums = model.sums(passages);
    if !known.is_record && model.describes(&sums) < DESCRIBES {
        return None;
    }
    let spread = model.spread(&sums);
    reasons.extend(model.explain(&sums, &spread, passages));
    let weakness = model.weakness(&sums);
    reasons.extend(weakness.and_then(|(cwe, _)| model.explain_weakness(&sums, cwe, passages)));
    Some(Opinion {
        score: spread.score,
        why: format!(
            "CVSS 3.1 {:.1} predicted from the description ({})",
            spread.score,
            flaw::vector::write(&spread.levels)
        ),
        spans: Vec::new(),
    })
}

/// A score and what it rests on.
struct Opinion {
    score: f32,
    why: String,
    spans: Vec<Span>,
}

impl Opinion {
    fn plain(score: f32, why: &str) -> Self {
        Self {
            score,
            why: why.to_owned(),
            spans: Vec::new(),
        }
    }

    fn or_higher(self, other: Self) -> Self {
        if other.score > self.score {
            other
        } else {
            self
        }
    }
}

struct Rubric<'a> {
    features: &'a [Evidence],
    quantities: Vec<Quantity>,
}

impl Rubric<'_> {
    /// The surest cue of a feature, if it is sure enough.
    fn has(&self, feature: Feature) -> Option<&Evidence> {
        self.features
            .iter()
            .filter(|one| one.cue.sense == Sense::Feature(feature) && one.weight >= 0.7)
            .max_by(|a, b| a.weight.total_cmp(&b.weight))
    }

    fn sum(&self, feature: Feature) -> f32 {
        self.features
            .iter()
            .filter(|one| one.cue.sense == Sense::Feature(feature))
            .map(|one| one.weight)
            .sum()
    }

    fn say(&self, score: f32, what: &str, evidence: &Evidence) -> Opinion {
        Opinion {
            score,
            why: format!("{what}: “{}”", evidence.cue.pattern),
            spans: evidence.spans.clone(),
        }
    }

    fn exploited(&self) -> Opinion {
        match self.has(Feature::Exploited) {
            None => Opinion::plain(0.0, ""),
            Some(sign)
                if self.has(Feature::CriticalWord).is_some()
                    || self.has(Feature::Wide).is_some() =>
            {
                self.say(9.2, "a grave flaw is exploited", sign)
            }
            Some(sign) => self.say(8.5, "the flaw is exploited", sign),
        }
    }

    /// What a description says of attacks lifts its score as a listing would.
    fn attacked(&self) -> Opinion {
        self.has(Feature::Exploited)
            .map_or(Opinion::plain(0.0, ""), |sign| {
                self.say(Severity::High.floor(), "the flaw is exploited", sign)
            })
    }

    fn flaw(&self) -> Opinion {
        let mut best = Opinion::plain(4.8, "a flaw without a named score");
        for (feature, score, what) in [
            (Feature::LowWord, 3.0, "called low"),
            (Feature::MediumWord, 5.5, "called medium"),
            (Feature::GraveFlaw, 7.2, "grave in effect"),
            (Feature::HighWord, 7.4, "called high"),
            (Feature::ZeroDay, 7.5, "a zero-day"),
            (Feature::CriticalWord, 8.2, "called critical"),
        ] {
            if let Some(sign) = self.has(feature) {
                let said = self.say(score, what, sign);
                best = if feature == Feature::LowWord {
                    said
                } else {
                    best.or_higher(said)
                };
            }
        }
        best.or_higher(self.exploited())
    }

    /// Threat information. Whatever its class, a text that tells of disruption, or
    /// of a confirmation, tells of an event.
    fn threat(&self) -> Opinion {
        let happened = self
            .has(Feature::Disruption)
            .or_else(|| self.has(Feature::Confirmed));
        match (self.has(Feature::Exploited), happened) {
            (Some(_), _) => self.exploited(),
            (None, Some(_)) => self.event(),
            (None, None) => Opinion::plain(3.2, "no concrete event"),
        }
    }

    fn event(&self) -> Opinion {
        let mut best = Opinion::plain(4.6, "an event of unknown extent");
        let people = self
            .quantities
            .iter()
            .filter(|quantity| quantity.counted == Counted::People)
            .max_by(|a, b| a.amount.total_cmp(&b.amount));
        if let Some(people) = people {
            let score = match people.amount {
                n if n >= 1e7 => 9.1,
                n if n >= 1e5 => 7.5,
                n if n >= 1e4 => 6.0,
                n if n >= 1e3 => 5.2,
                _ => 4.6,
            };
            best = best.or_higher(Opinion {
                score,
                why: format!("affects {}", people.text),
                spans: vec![people.span],
            });
        }
        let money = self
            .quantities
            .iter()
            .filter(|quantity| quantity.counted == Counted::Money)
            .max_by(|a, b| a.amount.total_cmp(&b.amount));
        if let Some(money) = money.filter(|money| money.amount >= 1e8) {
            best = best.or_higher(Opinion {
                score: 7.2,
                why: format!("costs {}", money.text),
                spans: vec![money.span],
            });
        }
        if let Some(sign) = self.has(Feature::Disruption) {
            let large = self.has(Feature::Major).or_else(|| self.has(Feature::Wide));
            best = best.or_higher(if large.is_some() {
                self.say(7.6, "a large operator is disrupted", sign)
            } else {
                self.say(6.4, "operations are disrupted", sign)
            });
        }
        if let Some(sign) = self.has(Feature::Wide) {
            best = best.or_higher(self.say(7.0, "reaches far", sign));
        }
        for (feature, score, what) in [
            (Feature::Sensitive, 5.4, "sensitive data"),
            (Feature::Major, 5.8, "a vital victim"),
        ] {
            if let Some(sign) = self.has(feature) {
                best = best.or_higher(self.say(score, what, sign));
            }
        }
        best
    }

    /// The most an item of this kind can say, however large its numbers.
    fn limit(&self, label: RelevanceLabel, is_flaw: bool) -> Option<Opinion> {
        if label != RelevanceLabel::Incident {
            let advice = self
                .has(Feature::Advice)
                .filter(|_| !is_flaw && self.sum(Feature::Advice) >= 1.0);
            return advice.map(|sign| self.say(3.0, "advice or statistics", sign));
        }
        // Aftermath is no new harm: it neither raises nor lowers the incident.
        if let Some(sign) = self
            .has(Feature::Aftermath)
            .filter(|sign| sign.in_title || self.sum(Feature::Aftermath) >= 1.6)
        {
            return Some(self.say(2.5, "aftermath, no new harm", sign));
        }
        if let Some(sign) = self.has(Feature::Denied) {
            return Some(self.say(4.5, "the victim denies it", sign));
        }
        if self.has(Feature::Confirmed).is_none()
            && let Some(sign) = self.has(Feature::Claimed)
        {
            return Some(self.say(5.5, "an unproven claim", sign));
        }
        None
    }
}

/// The highest CVSS score that a text names: "CVSS score of 9.8", "CVSS 3.1: 7.5".
fn named_score(passage: &Passage) -> Option<(f32, Span)> {
    /// A score stands within a few words of its name.
    const WINDOW: usize = 48;
    let text = passage.folded.text();
    let mut best: Option<(f32, Span)> = None;
    for (start, _) in text.match_indices("cvss").take(100) {
        let from = start + "cvss".len();
        let to = text.floor_char_boundary((from + WINDOW).min(text.len()));
        let window = text.get(from..to).unwrap_or_default();
        if let Some((score, len)) = score_in(window)
            && best.is_none_or(|(known, _)| score > known)
        {
            best = Some((score, passage.span_of_folded(start, from + len)));
        }
    }
    best
}

/// The first number that is a score, not a version of CVSS, and where it ends.
fn score_in(window: &str) -> Option<(f32, usize)> {
    let bytes = window.as_bytes();
    let mut at = 0;
    let mut version: Option<(f32, usize)> = None;
    while let Some(skipped) = bytes.get(at..)?.iter().position(u8::is_ascii_digit) {
        let start = at + skipped;
        let between = window.get(at..start)?;
        if between.contains(". ") || between.contains(';') || between.contains("cve-") {
            break;
        }
        let len = bytes
            .get(start..)?
            .iter()
            .take_while(|b| b.is_ascii_digit() || **b == b'.')
            .count();
        let number = window.get(start..start + len)?.trim_end_matches('.');
        let end = start + number.len();
        at = start + len;
        let Ok(value) = number.parse::<f32>() else {
            continue;
        };
        let after = bytes.get(end).copied();
        let named_version =
            start.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b'v');
        let vector = after == Some(b'/') && !window.get(end..)?.starts_with("/10");
        if named_version
            || vector
            || value > 10.0
            || after.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'%')
        {
            continue;
        }
        if version.is_none() && matches!(number, "2" | "2.0" | "3" | "3.0" | "3.1" | "4" | "4.0") {
            version = Some((value, end));
            continue;
        }
        return Some((value, end));
    }
    // "CVSS score of 3.1" alone is a score; "CVSS 3.1" alone is a version.
    version.filter(|_| window.trim_start().starts_with("score") || window.contains(" of "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_told_from_versions() {
        for (window, wanted) in [
            (" score of 9.8", Some(9.8)),
            (" score: 10.0)", Some(10.0)),
            (" v3.1 base score 7.5", Some(7.5)),
            (" 3.1: 8.1", Some(8.1)),
            ("v3 9.8", Some(9.8)),
            (":3.1/av:n/ac:l", None),
            (" 4.0", None),
            (" score of 3.1", Some(3.1)),
            (" (9.8/10)", Some(9.8)),
            (" is used. 5 flaws", None),
            (" 99", None),
            ("", None),
        ] {
            assert_eq!(score_in(window).map(|(score, _)| score), wanted, "{window}");
        }
    }
}
