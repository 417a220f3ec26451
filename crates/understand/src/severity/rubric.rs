//! Severity by a rubric over what was extracted: for flaws, and for events where
//! no model is loaded.
//!
//! The bands follow the labels people gave: critical is a nation, many
//! organisations or ten million people, or an exploited flaw in wide use; high a
//! hundred thousand people, a large operator, a severe flaw; low is advice and
//! aftermath. A claim that nobody has confirmed stays medium.

use model::{Aspect, Reason, RelevanceLabel, Severity, Span};

use crate::cues::{Feature, Sense};
use crate::evidence::Evidence;
use crate::quantity::{Counted, Quantity};

/// A score and what it rests on.
pub(super) struct Opinion {
    pub(super) score: f32,
    pub(super) why: String,
    pub(super) spans: Vec<Span>,
    /// It holds the score down; without its words it would be higher.
    pub(super) lowers: bool,
}

impl Opinion {
    pub(super) fn plain(score: f32, why: &str) -> Self {
        Self {
            score,
            why: why.to_owned(),
            spans: Vec::new(),
            lowers: false,
        }
    }

    fn lowering(self) -> Self {
        Self {
            lowers: true,
            ..self
        }
    }

    /// Why the score is this: above zero what raises it, below what holds it down.
    pub(super) fn reason(self) -> Reason {
        let up = self.score / 10.0;
        let weight = if self.lowers { up - 1.0 } else { up };
        Reason::new(Aspect::Severity, self.why, weight).at(self.spans)
    }

    pub(super) fn or_higher(self, other: Self) -> Self {
        if other.score > self.score {
            other
        } else {
            self
        }
    }
}

pub(super) struct Rubric<'a> {
    pub(super) features: &'a [Evidence],
    pub(super) quantities: &'a [Quantity],
}

impl Rubric<'_> {
    /// The whole rubric for an item of this class.
    pub(super) fn of(&self, label: RelevanceLabel, is_flaw: bool) -> Opinion {
        let best = match label {
            RelevanceLabel::Irrelevant => Opinion::plain(1.0, "not a matter of security"),
            RelevanceLabel::Incident if is_flaw => self.event().or_higher(self.exploited()),
            RelevanceLabel::Incident => self.event(),
            RelevanceLabel::ThreatInfo if is_flaw => self.flaw(),
            RelevanceLabel::ThreatInfo => self.threat(),
        };
        self.limited(best, label, is_flaw)
    }

    /// An opinion, or the most an item of this kind can say.
    pub(super) fn limited(&self, best: Opinion, label: RelevanceLabel, is_flaw: bool) -> Opinion {
        match self.limit(label, is_flaw) {
            Some(limit) if limit.score < best.score => limit.lowering(),
            _ => best,
        }
    }

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
            lowers: false,
        }
    }

    pub(super) fn exploited(&self) -> Opinion {
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
    pub(super) fn attacked(&self) -> Opinion {
        self.has(Feature::Exploited)
            .map_or(Opinion::plain(0.0, ""), |sign| {
                self.say(Severity::High.floor(), "the flaw is exploited", sign)
            })
    }

    /// What the definition of the bands decides, whatever else speaks: ten million
    /// people are critical, a hundred thousand high, an exploited flaw at least high.
    /// Unless it is denied, or told as the past.
    pub(super) fn firm(&self, is_flaw: bool) -> Opinion {
        let nothing = Opinion::plain(0.0, "");
        if self.is_soft() {
            return nothing;
        }
        let people = self.most_people().map_or(nothing, |people| Opinion {
            score: match people.amount {
                n if n >= 1e7 => 9.1,
                n if n >= 1e5 => 7.5,
                _ => 0.0,
            },
            why: format!("affects {}", people.text),
            spans: vec![people.span],
            lowers: false,
        });
        if is_flaw {
            people.or_higher(self.exploited())
        } else {
            people
        }
    }

    /// A scam that has found somebody is medium at least, by the definition of the
    /// bands. Of 34 labelled so, two were called low.
    pub(super) fn scam(&self, sign: &Evidence) -> Opinion {
        if self.is_soft() {
            return Opinion::plain(0.0, "");
        }
        self.say(4.5, "a scam with a victim", sign)
    }

    /// What is grave by itself: the controls of a grid reached, a hospital stopped. Not where
    /// it was averted or is only feared.
    pub(super) fn grave(&self, least: Severity, why: &Reason) -> Opinion {
        const AVERTED: [Feature; 3] = [Feature::Foiled, Feature::General, Feature::Warning];
        if self.is_soft() || AVERTED.iter().any(|averted| self.has(*averted).is_some()) {
            return Opinion::plain(0.0, "");
        }
        Opinion {
            score: least.floor() + 0.2,
            why: why.text.clone(),
            spans: why.spans.clone(),
            lowers: false,
        }
    }

    /// What somebody lost, if it is no aftermath: a live fraud is medium at least, and
    /// the more was lost the higher within that band. Sums are taken as they are
    /// written, whatever the currency.
    pub(super) fn loss(&self, lost: &Quantity) -> Opinion {
        if self.is_soft() {
            return Opinion::plain(0.0, "");
        }
        Opinion {
            score: match lost.amount {
                n if n >= 1e8 => 6.6,
                n if n >= 1e7 => 5.8,
                n if n >= 1e6 => 5.0,
                _ => 4.5,
            },
            why: format!("a loss of {}", lost.text),
            spans: vec![lost.span],
            lowers: false,
        }
    }

    /// An opinion, or the most that an event says whose extent is known and small:
    /// confirmed and limited is medium, by the definition of the bands.
    pub(super) fn within_extent(&self, best: Opinion) -> Opinion {
        /// The top of medium.
        const MOST: f32 = 6.9;
        const GRAVE: [Feature; 7] = [
            Feature::Exploited,
            Feature::ZeroDay,
            Feature::GraveFlaw,
            Feature::CriticalWord,
            Feature::Disruption,
            Feature::Wide,
            Feature::Major,
        ];
        let is_grave = GRAVE.iter().any(|grave| self.has(*grave).is_some());
        let is_many = self
            .quantities
            .iter()
            .any(|quantity| quantity.counted == Counted::Organisations && quantity.amount >= 20.0);
        let few = self
            .most_people()
            .filter(|people| (10.0..1e4).contains(&people.amount) && !is_grave && !is_many);
        match few {
            Some(people) if best.score > MOST => Opinion {
                score: MOST,
                why: format!("limited: affects {}", people.text),
                spans: vec![people.span],
                lowers: true,
            },
            _ => best,
        }
    }

    /// What the rubric sees of an event, if it sees anything.
    pub(super) fn seen(&self) -> Option<Opinion> {
        Some(self.event()).filter(|seen| !seen.spans.is_empty())
    }

    /// Whether it is denied, told as the past, or no event.
    fn is_soft(&self) -> bool {
        const SOFT: [Feature; 8] = [
            Feature::Denied,
            Feature::Legal,
            Feature::LawFirm,
            Feature::Arrest,
            Feature::Aftermath,
            Feature::Recovery,
            Feature::Advice,
            Feature::Statistics,
        ];
        SOFT.iter().any(|soft| self.has(*soft).is_some())
    }

    /// An opinion, or the most that a denial and a claim without confirmation say.
    pub(super) fn unproven(&self, best: Opinion) -> Opinion {
        /// The top of medium.
        const MOST: f32 = 6.9;
        let claimed = self
            .has(Feature::Claimed)
            .filter(|_| self.has(Feature::Confirmed).is_none());
        let limit = match (self.has(Feature::Denied), claimed) {
            (Some(sign), _) => self.say(MOST, "the victim denies it", sign),
            (None, Some(sign)) => self.say(MOST, "an unproven claim", sign),
            (None, None) => return best,
        };
        if limit.score < best.score {
            limit.lowering()
        } else {
            best
        }
    }

    fn most_people(&self) -> Option<&Quantity> {
        self.quantities
            .iter()
            .filter(|quantity| quantity.counted == Counted::People)
            .max_by(|a, b| a.amount.total_cmp(&b.amount))
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
        if let Some(people) = self.most_people() {
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
                lowers: false,
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
                lowers: false,
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
