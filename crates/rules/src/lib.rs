//! Which incidents people hear of, and why the others are held.
//!
//! Rules are compiled once and evaluated together: the words of all of them are
//! one automaton, run once over each incident. Evaluation is pure: what an
//! incident was before, what it is now, and the time go in; verdicts come out.

use aho_corasick::{AhoCorasick, MatchKind};
use model::fold::{fold, stands_alone};
use model::{Audience, Cause, Country, Incident, IncidentStatus, Rule, RuleId, Sign, Timestamp};

/// Older news than this is not told as new: an edit of a record of last year
/// must wake nobody. Two weeks is the longest window in which one story is
/// still being told (the window of placement, `goals.md`).
const NEWS_FOR_DAYS: i64 = 14;

/// What one rule says of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Which rule.
    pub rule: RuleId,
    /// Whom it speaks to.
    pub audience: Audience,
    /// Why now.
    pub cause: Cause,
    /// Why this rule, in one sentence.
    pub reason: String,
    /// Why people are not told all the same; absent when the rule fires.
    pub held: Option<String>,
}

/// Rules, compiled to be evaluated together.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    words: AhoCorasick,
    /// For each pattern of `words`: the rule, and the word as its author wrote it.
    owners: Vec<(usize, String)>,
}

/// Why rules cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// Together they hold more words than an automaton can.
    #[error("the keywords of all rules are too many: {0}")]
    TooLarge(String),
}

impl RuleSet {
    /// Compiles rules; they are evaluated in this order.
    ///
    /// # Errors
    /// See [`RuleError`].
    pub fn compile(rules: Vec<Rule>) -> Result<Self, RuleError> {
        let mut patterns = Vec::new();
        let mut owners = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            for word in rule.keywords.iter().filter(|word| !word.trim().is_empty()) {
                patterns.push(fold(word.trim()));
                owners.push((index, word.trim().to_owned()));
            }
        }
        let words = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&patterns)
            .map_err(|error| RuleError::TooLarge(error.to_string()))?;
        Ok(Self {
            rules,
            words,
            owners,
        })
    }

    /// The rules, in order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What the rules say now that `before` has become `after`. A rule whose
    /// condition does not hold, or for which nothing that matters changed, says
    /// nothing.
    #[must_use]
    pub fn evaluate(
        &self,
        before: Option<&Incident>,
        after: &Incident,
        now: Timestamp,
    ) -> Vec<Verdict> {
        if !after.relevance.is_relevant() {
            return Vec::new();
        }
        let words_after = self.words_in(after);
        let words_before = before.map(|incident| self.words_in(incident));
        let mut verdicts = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let Some(reason) = holds(rule, after, &words_after[index]) else {
                continue;
            };
            let told = before
                .filter(|incident| incident.relevance.is_relevant())
                .filter(|incident| {
                    words_before
                        .as_ref()
                        .is_some_and(|words| holds(rule, incident, &words[index]).is_some())
                });
            let Some(cause) =
                told.map_or(Some(Cause::New), |before| what_matters(rule, before, after))
            else {
                continue;
            };
            verdicts.push(Verdict {
                rule: rule.id.clone(),
                audience: rule.audience.clone(),
                held: why_held(&cause, after, now),
                cause,
                reason,
            });
        }
        verdicts
    }

    /// For each rule, which of its words stand in the incident.
    fn words_in(&self, incident: &Incident) -> Vec<Vec<&str>> {
        let mut found = vec![Vec::new(); self.rules.len()];
        if self.owners.is_empty() {
            return found;
        }
        let mut text = format!("{}\n{}", incident.title, incident.summary);
        for more in incident
            .keywords
            .iter()
            .map(String::as_str)
            .chain(incident.cves.iter().map(model::CveId::as_str))
        {
            text.push('\n');
            text.push_str(more);
        }
        let text = fold(&text);
        for hit in self.words.find_overlapping_iter(&text) {
            let Some((rule, word)) = self.owners.get(hit.pattern().as_usize()) else {
                continue;
            };
            let words: &mut Vec<&str> = &mut found[*rule];
            if stands_alone(&text, hit.start(), hit.end()) && !words.contains(&word.as_str()) {
                words.push(word);
            }
        }
        found
    }
}

/// Why the rule's condition holds for the incident, or `None` if it does not.
fn holds(rule: &Rule, incident: &Incident, words: &[&str]) -> Option<String> {
    let mut why = Vec::new();
    if let Some(least) = rule.min_severity {
        if incident.band() < least {
            return None;
        }
        why.push(format!("severity is {} or above", least));
    }
    if !rule.keywords.is_empty() {
        let word = words.first()?;
        why.push(format!("“{word}” stands in it"));
    }
    if !rule.regions.is_empty() {
        let country = affected(rule, incident)?;
        why.push(format!("{country} is affected"));
    }
    if !rule.any_of.is_empty() {
        let sign = rule.any_of.iter().find_map(|sign| shows(*sign, incident))?;
        why.push(sign);
    }
    if why.is_empty() {
        why.push("it is relevant".to_owned());
    }
    Some(why.join(", and "))
}

fn affected(rule: &Rule, incident: &Incident) -> Option<Country> {
    rule.regions
        .iter()
        .copied()
        .find(|country| incident.region.countries.contains(country))
}

/// The sign as a clause, if the incident shows it.
fn shows(sign: Sign, incident: &Incident) -> Option<String> {
    match sign {
        Sign::India => incident
            .region
            .is_india()
            .then(|| "India is affected".to_owned()),
        Sign::Exploited => incident
            .exploited
            .then(|| "it is being exploited".to_owned()),
        Sign::Keyword => incident
            .keywords
            .first()
            .map(|word| format!("it names “{word}”")),
    }
}

/// What is new about an incident that met the rule before, if it matters.
fn what_matters(rule: &Rule, before: &Incident, after: &Incident) -> Option<Cause> {
    if after.kev && !before.kev {
        return Some(Cause::KevListed);
    }
    if after.exploited && !before.exploited {
        return Some(Cause::Exploited);
    }
    if after.band() > before.band() {
        return Some(Cause::SeverityRose {
            from: before.band(),
            to: after.band(),
        });
    }
    let theirs = |country: &Country| {
        rule.regions.contains(country)
            || (*country == Country::INDIA && rule.any_of.contains(&Sign::India))
    };
    after
        .region
        .countries
        .iter()
        .copied()
        .find(|country| theirs(country) && !before.region.countries.contains(country))
        .map(|country| Cause::NewRegion { country })
}

fn why_held(cause: &Cause, incident: &Incident, now: Timestamp) -> Option<String> {
    if incident.status == IncidentStatus::Dismissed {
        return Some("it was dismissed by hand".to_owned());
    }
    let age_days = now.duration_since(incident.last_seen).as_hours() / 24;
    (*cause == Cause::New && age_days > NEWS_FOR_DAYS)
        .then(|| format!("its latest report is {age_days} days old"))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use model::{Aspect, ClaimStatus, Judgement, Reason, Region, Relevance, RelevanceLabel};

    use super::*;

    fn incident(change: impl FnOnce(&mut Incident)) -> Incident {
        let now: Timestamp = "2026-11-21T09:00:00Z".parse().unwrap();
        let mut incident = Incident {
            id: "01936000-0000-7000-8000-000000000001".parse().unwrap(),
            revision: 1,
            title: "Acme VPN attacked".to_owned(),
            summary: "Attackers reached the network of a bank.".to_owned(),
            url: None,
            source: "feed-a".parse().unwrap(),
            severity: Judgement::of_score(8.0, Reason::new(Aspect::Severity, "test", 1.0)),
            voices: Vec::new(),
            types: Vec::new(),
            region: Region::default(),
            sectors: Vec::new(),
            relevance: Relevance {
                label: RelevanceLabel::Incident,
                probability: 0.9,
            },
            cves: Vec::new(),
            exploited: false,
            kev: false,
            keywords: Vec::new(),
            claim: ClaimStatus::Reported,
            status: IncidentStatus::New,
            assignee: None,
            tags: Vec::new(),
            first_seen: now,
            last_seen: now,
            items: 1,
            sources: vec!["feed-a".parse().unwrap()],
            publishers: Vec::new(),
            reasons: Vec::new(),
            said: None,
        };
        change(&mut incident);
        incident
    }

    fn score(incident: &mut Incident, score: f32) {
        incident.severity = Judgement::of_score(score, Reason::new(Aspect::Severity, "test", 1.0));
    }

    fn rule(change: impl FnOnce(&mut Rule)) -> Rule {
        let mut rule = Rule::built_in().remove(0);
        rule.id = "r".parse().unwrap();
        change(&mut rule);
        rule
    }

    fn check(rules: Vec<Rule>, before: Option<&Incident>, after: &Incident, expected: &Expect) {
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        let lines: Vec<String> = RuleSet::compile(rules)
            .unwrap()
            .evaluate(before, after, now)
            .into_iter()
            .map(|v| {
                let held = v
                    .held
                    .map(|why| format!(" — held: {why}"))
                    .unwrap_or_default();
                format!("{}: {} ({}){held}", v.rule, v.cause.sentence(), v.reason)
            })
            .collect();
        expected.assert_eq(&lines.join("\n"));
    }

    #[test]
    fn the_built_in_rules_tell_what_is_urgent() {
        let indian = |i: &mut Incident| i.region.countries.push(Country::INDIA);
        check(
            Rule::built_in(),
            None,
            &incident(|_| ()),
            &expect!["feed: new incident (it is relevant)"],
        );
        check(
            Rule::built_in(),
            None,
            &incident(indian),
            &expect![[r#"
                feed: new incident (it is relevant)
                urgent: new incident (severity is high or above, and India is affected)"#]],
        );
        check(
            Rule::built_in(),
            None,
            &incident(|i| {
                indian(i);
                score(i, 6.9);
            }),
            &expect!["feed: new incident (it is relevant)"],
        );
    }

    #[test]
    fn nobody_hears_of_what_is_irrelevant() {
        let spam = incident(|i| i.relevance.label = RelevanceLabel::Irrelevant);
        check(Rule::built_in(), None, &spam, &expect![""]);
    }

    #[test]
    fn a_keyword_is_a_word_and_not_a_piece_of_one() {
        let sap = || {
            vec![rule(|r| {
                r.keywords = vec!["SAP".to_owned(), "बैंक".to_owned()]
            })]
        };
        check(
            sap(),
            None,
            &incident(|i| i.title = "Sapling sold".to_owned()),
            &expect![""],
        );
        check(
            sap(),
            None,
            &incident(|i| i.title = "Flaw in sap".to_owned()),
            &expect!["r: new incident (“SAP” stands in it)"],
        );
        check(
            sap(),
            None,
            &incident(|i| i.title = "बैंक पर हमला".to_owned()),
            &expect!["r: new incident (“बैंक” stands in it)"],
        );
    }

    #[test]
    fn people_hear_again_only_when_it_matters() {
        let rules = || {
            vec![rule(|r| {
                r.regions = vec![Country::INDIA, "LK".parse().unwrap()]
            })]
        };
        let india = incident(|i| i.region.countries.push(Country::INDIA));
        let more = |change: &dyn Fn(&mut Incident)| {
            let mut i = india.clone();
            change(&mut i);
            i
        };
        check(rules(), Some(&india), &more(&|i| i.items = 9), &expect![""]);
        check(
            rules(),
            Some(&india),
            &more(&|i| score(i, 9.5)),
            &expect!["r: severity rose from high to critical (IN is affected)"],
        );
        check(
            rules(),
            Some(&india),
            &more(&|i| score(i, 2.0)),
            &expect![""],
        );
        check(
            rules(),
            Some(&india),
            &more(&|i| i.exploited = true),
            &expect!["r: exploitation is confirmed (IN is affected)"],
        );
        check(
            rules(),
            Some(&india),
            &more(&|i| {
                i.exploited = true;
                i.kev = true;
            }),
            &expect!["r: listed by CISA as known to be exploited (IN is affected)"],
        );
        check(
            rules(),
            Some(&india),
            &more(&|i| i.region.countries.push("LK".parse().unwrap())),
            &expect!["r: LK is now affected (IN is affected)"],
        );
        check(
            rules(),
            Some(&india),
            &more(&|i| i.region.countries.push("US".parse().unwrap())),
            &expect![""],
        );
    }

    #[test]
    fn a_rule_that_is_met_late_fires_as_new() {
        let rules = vec![rule(|r| r.min_severity = Some(model::Severity::Critical))];
        check(
            rules,
            Some(&incident(|_| ())),
            &incident(|i| score(i, 9.8)),
            &expect!["r: new incident (severity is critical or above)"],
        );
    }

    #[test]
    fn old_news_and_dismissed_incidents_are_held() {
        let old = incident(|i| i.last_seen = "2026-10-01T00:00:00Z".parse().unwrap());
        check(
            vec![rule(|_| ())],
            None,
            &old,
            &expect!["r: new incident (it is relevant) — held: its latest report is 51 days old"],
        );
        let dismissed = incident(|i| i.status = IncidentStatus::Dismissed);
        check(
            vec![rule(|_| ())],
            None,
            &dismissed,
            &expect!["r: new incident (it is relevant) — held: it was dismissed by hand"],
        );
    }
}
