//! Which incidents people hear of, and why the others are held.
//!
//! A rule is a query. Rules are compiled once and evaluated together: equal queries
//! are evaluated once, and a query is looked at only when the incident has something
//! without which it cannot hold (`index`). Evaluation is pure: what an incident was
//! before, what it is now, and the time go in; verdicts come out.

mod index;

use std::cell::OnceCell;
use std::collections::HashMap;

use index::Index;
use model::query::{self, Condition, Facts, Field, Frame, Subject, Test};
use model::{Audience, Cause, Country, Incident, IncidentStatus, Query, Rule, RuleId, Timestamp};

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
    /// The different queries among them.
    forms: Vec<Form>,
    index: Index,
}

/// A query, and the rules that ask it.
#[derive(Debug)]
struct Form {
    query: Query,
    /// The query bound, where that is the same every day.
    condition: Option<Condition>,
    /// Countries it asks for: one that joins them is news.
    countries: Vec<Country>,
    /// Places in the list of rules.
    rules: Vec<usize>,
}

impl RuleSet {
    /// Compiles rules; they are evaluated in this order.
    #[must_use]
    pub fn compile(rules: Vec<Rule>) -> Self {
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut forms: Vec<Form> = Vec::new();
        for (nth, rule) in rules.iter().enumerate() {
            let form = *known.entry(rule.query.to_string()).or_insert_with(|| {
                forms.push(Form::of(rule.query.clone()));
                forms.len() - 1
            });
            forms[form].rules.push(nth);
        }
        // What a query cannot hold without is the same every day: times have no anchor.
        let frame = Frame::at(Timestamp::UNIX_EPOCH);
        let index = Index::of(forms.iter().map(|form| form.query.bind(&frame)));
        Self {
            rules,
            forms,
            index,
        }
    }

    /// The rules, in order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether any of them looks for words, so that texts must be given.
    #[must_use]
    pub fn reads_texts(&self) -> bool {
        let reads = |form: &Form| {
            let leaves = form.query.leaves();
            leaves
                .iter()
                .any(|(leaf, _)| matches!(leaf, Query::Words(_)))
        };
        self.forms.iter().any(reads)
    }

    /// What the rules say now that `before` has become `after`. A rule whose
    /// condition does not hold, or for which nothing that matters changed, says
    /// nothing.
    #[must_use]
    pub fn evaluate(
        &self,
        before: Option<Subject<'_>>,
        after: Subject<'_>,
        frame: &Frame,
    ) -> Vec<Verdict> {
        if !after.incident.relevance.is_relevant() {
            return Vec::new();
        }
        let before = before.filter(|subject| subject.incident.relevance.is_relevant());
        let facts = Facts::of(after);
        let facts_before = OnceCell::new();
        let mut spoken: Vec<(usize, Cause, String)> = Vec::new();
        for form in self.index.candidates(&facts) {
            let Some(form) = self.forms.get(form) else {
                continue;
            };
            let bound;
            let condition = match &form.condition {
                Some(condition) => condition,
                None => {
                    bound = form.query.bind(frame);
                    &bound
                }
            };
            let Some(reasons) = query::reasons(&form.query, condition, &facts) else {
                continue;
            };
            let told = before.filter(|subject| {
                let facts =
                    facts_before.get_or_init(|| Facts::of(*subject).as_told(subject.incident));
                query::holds(condition, facts)
            });
            let cause = match told {
                None => Some(Cause::New),
                Some(before) => what_matters(form, before.incident, after.incident),
            };
            let Some(cause) = cause else {
                continue;
            };
            let reason = if reasons.is_empty() {
                "it is relevant".to_owned()
            } else {
                reasons.join(", and ")
            };
            let rules = form.rules.iter();
            spoken.extend(rules.map(|rule| (*rule, cause.clone(), reason.clone())));
        }
        spoken.sort_unstable_by_key(|(rule, ..)| *rule);
        let verdicts = spoken.into_iter().filter_map(|(nth, cause, reason)| {
            let rule = self.rules.get(nth)?;
            Some(Verdict {
                rule: rule.id.clone(),
                audience: rule.audience.clone(),
                held: why_held(&cause, after.incident, frame.now),
                cause,
                reason,
            })
        });
        verdicts.collect()
    }
}

impl Form {
    fn of(query: Query) -> Self {
        let frame = Frame::at(Timestamp::UNIX_EPOCH);
        let condition = (!query.depends_on_frame()).then(|| query.bind(&frame));
        let mut countries = Vec::new();
        for (leaf, wanted) in query.leaves() {
            if let (Query::Test(Test::Names(Field::Region, names)), true) = (leaf, wanted) {
                countries.extend(
                    names
                        .iter()
                        .filter_map(|name| name.text().parse::<Country>().ok()),
                );
            }
        }
        Self {
            query,
            condition,
            countries,
            rules: Vec::new(),
        }
    }
}

/// What is new about an incident that met the rule before, if it matters.
fn what_matters(form: &Form, before: &Incident, after: &Incident) -> Option<Cause> {
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
    let countries = after.region.countries.iter().copied();
    let mut joined = countries.filter(|country| !before.region.countries.contains(country));
    joined
        .find(|country| form.countries.contains(country))
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
mod tests;
