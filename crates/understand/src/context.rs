//! What understanding knows beside the item: the trained models, the region packs,
//! the user's keywords and domains. Every step takes what it needs from here.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use model::{Aspect, Reason, Span};

use crate::fold::{self, is_word};
use crate::models::Models;
use crate::passage::Passage;
use crate::region::Regions;

/// The weight of a keyword: it decides by itself.
const KEYWORD_WEIGHT: f32 = 10.0;

/// Places noted of one keyword in one text.
const MAX_SPANS: usize = 50;

/// Built once from the configuration, shared by all items.
#[derive(Debug, Clone)]
pub struct Context {
    keywords: Vec<Keyword>,
    /// None without keywords.
    automaton: Option<AhoCorasick>,
    own_domains: Vec<String>,
    models: Arc<Models>,
    regions: Arc<Regions>,
}

#[derive(Debug, Clone)]
struct Keyword {
    spelled: String,
    /// Its end is a letter or digit, so that a word must end there.
    closed_start: bool,
    closed_end: bool,
}

impl Default for Context {
    /// The shipped models and home region, and nothing of the user's.
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Context {
    /// The shipped models and these keywords. A keyword stands for itself in any case and
    /// with or without accents, as whole words; an empty one stands for nothing.
    #[must_use]
    pub fn new(keywords: &[String]) -> Self {
        Self::with(keywords, &[])
    }

    /// A context with these keywords and the reader's own domains: an address
    /// under one of them is never an indicator.
    #[must_use]
    pub fn with(keywords: &[String], own_domains: &[String]) -> Self {
        let mut folded: Vec<String> = Vec::new();
        let mut known: Vec<Keyword> = Vec::new();
        for keyword in keywords {
            let form = fold::folded(keyword.trim());
            let form = form.split_whitespace().collect::<Vec<_>>().join(" ");
            if form.is_empty() || folded.contains(&form) {
                continue;
            }
            known.push(Keyword {
                spelled: keyword.trim().to_owned(),
                closed_start: form.starts_with(is_word),
                closed_end: form.ends_with(is_word),
            });
            folded.push(form);
        }
        // Overlapping search: one keyword may stand inside another.
        let automaton = if folded.is_empty() {
            None
        } else {
            AhoCorasick::builder()
                .match_kind(MatchKind::Standard)
                .build(&folded)
                .ok()
        };
        let own_domains = own_domains
            .iter()
            .map(|domain| domain.trim().trim_start_matches("www.").to_lowercase())
            .filter(|domain| !domain.is_empty())
            .collect();
        Self {
            keywords: known,
            automaton,
            own_domains,
            models: Models::shipped(),
            regions: Regions::shipped(),
        }
    }

    /// The same with other models.
    #[must_use]
    pub fn using(mut self, models: Arc<Models>) -> Self {
        self.models = models;
        self
    }

    /// The same with other region packs.
    #[must_use]
    pub fn within(mut self, regions: Arc<Regions>) -> Self {
        self.regions = regions;
        self
    }

    /// The region packs in use.
    #[must_use]
    pub fn regions(&self) -> &Regions {
        &self.regions
    }

    /// The models in use.
    #[must_use]
    pub fn models(&self) -> &Models {
        &self.models
    }

    /// The keywords that stand in `text`, as the user spelled them, in the order
    /// of the configuration.
    #[must_use]
    pub fn keyword_hits(&self, text: &str) -> Vec<String> {
        if self.automaton.is_none() {
            return Vec::new();
        }
        let folded = fold::fold(text);
        let mut hit = vec![false; self.keywords.len()];
        self.each(folded.text(), |index, _, _| {
            if let Some(hit) = hit.get_mut(index) {
                *hit = true;
            }
        });
        self.keywords
            .iter()
            .zip(hit)
            .filter(|(_, hit)| *hit)
            .map(|(keyword, _)| keyword.spelled.clone())
            .collect()
    }

    pub(crate) fn own_domains(&self) -> &[String] {
        &self.own_domains
    }

    /// Every keyword of the item with its spans, in the order of the configuration.
    pub(crate) fn keywords_in(&self, passages: &[Passage; 2]) -> Vec<(String, Vec<Span>)> {
        let mut spans: Vec<Vec<Span>> = vec![Vec::new(); self.keywords.len()];
        for passage in passages {
            self.each(passage.folded.text(), |index, start, end| {
                if let Some(spans) = spans.get_mut(index)
                    && spans.len() < MAX_SPANS
                {
                    spans.push(passage.span_of_folded(start, end));
                }
            });
        }
        self.keywords
            .iter()
            .zip(spans)
            .filter(|(_, spans)| !spans.is_empty())
            .map(|(keyword, spans)| (keyword.spelled.clone(), spans))
            .collect()
    }

    fn each(&self, folded: &str, mut found: impl FnMut(usize, usize, usize)) {
        for hit in self
            .automaton
            .iter()
            .flat_map(|automaton| automaton.find_overlapping_iter(folded))
        {
            let index = hit.pattern().as_usize();
            let Some(keyword) = self.keywords.get(index) else {
                continue;
            };
            let word_before = folded
                .get(..hit.start())
                .is_some_and(|before| before.ends_with(is_word));
            let word_after = folded
                .get(hit.end()..)
                .is_some_and(|after| after.starts_with(is_word));
            let inside_word =
                (keyword.closed_start && word_before) || (keyword.closed_end && word_after);
            if !inside_word {
                found(index, hit.start(), hit.end());
            }
        }
    }
}

/// Why a keyword made the item relevant.
pub(crate) fn keyword_reason(spelled: &str, spans: &[Span]) -> Reason {
    Reason::new(
        Aspect::Relevance,
        format!("your keyword “{spelled}”"),
        KEYWORD_WEIGHT,
    )
    .at(spans.iter().copied().take(5).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keywords: &[&str], text: &str, wanted: &[&str]) {
        let keywords: Vec<String> = keywords.iter().map(|&k| k.to_owned()).collect();
        assert_eq!(Context::new(&keywords).keyword_hits(text), wanted, "{text}");
    }

    #[test]
    fn keywords_are_whole_words_in_any_case_and_accent() {
        check(&["Acme"], "ACME was hit", &["Acme"]);
        check(&["Acme"], "Acmeville was hit", &[]);
        check(&["Nestlé"], "nestle and Café", &["Nestlé"]);
        check(&["Cafe"], "the café", &["Cafe"]);
        check(&["C++"], "C++20 and (c++)", &["C++"]);
        check(&["log 4j", "log"], "log  4j", &["log"]);
        check(&["zero day"], "zero\nday", &["zero day"]);
        check(&["", "  "], "anything", &[]);
        check(&["a", "A"], "a b", &["a"]);
        check(
            &["State Bank of India", "State Bank"],
            "State Bank of India",
            &["State Bank of India", "State Bank"],
        );
    }

    #[test]
    fn hindi_keywords_are_whole_words_too() {
        check(&["बैंक"], "बैंक पर हमला", &["बैंक"]);
        check(&["बैंक"], "बैंकों पर हमला", &[]);
        check(&["हैकर"], "हैकर।", &["हैकर"]);
    }
}
