//! Names by a sequence model: who and what an item speaks of, lists or no lists.
//!
//! A linear chain over tokens: each token's features ([`features`]) give every label
//! a score, and the best legal way through a sentence's scores is its names. What an
//! item names in one place it means in the others too: a name found in a third of its
//! occurrences is carried to the rest.

mod evidence;
mod features;
mod label;
mod memo;
mod model;
mod role;
mod rows;
mod words;

pub use label::{LABELS, NameKind, Row, is_legal, names};
pub use model::{GENRES, Model, Transitions, buckets, cluster_key, decode, legal_only};
pub use words::lower_hash;

use crate::extract::gazetteer::{self, Entry, Gazetteer, Match, class};
use crate::extract::token::{Token, tokens};
use crate::work;
use features::{Elsewhere, Place, Sentence};
use model::Wanted;
use rows::Rows;
use words::{Case, Word};

/// More tokens of an item are not read for names: some 40 pages.
const MAX_TOKENS: usize = 12_000;

/// The texts of one item, as the model sees them.
#[derive(Debug, Clone)]
pub struct Seen {
    words: Vec<Word>,
    /// The first word of each spelling.
    spellings: Vec<usize>,
    /// Each cased word's hash, and its place, in order.
    by_spelling: Vec<(u64, usize)>,
    elsewhere: Vec<Elsewhere>,
    sentences: Vec<Sentence>,
    matches: Vec<Match>,
    /// The first word of each text.
    firsts: Vec<usize>,
    /// The genre the words speak for, counted from 1; zero if none.
    genre: u64,
}

impl Seen {
    /// Looks at the texts of one item, in order.
    #[must_use]
    pub fn new(texts: &[&str], gazetteer: &Gazetteer, model: &Model) -> Self {
        let mut seen = Self {
            words: Vec::new(),
            spellings: Vec::new(),
            by_spelling: Vec::new(),
            elsewhere: Vec::new(),
            sentences: Vec::new(),
            matches: Vec::new(),
            firsts: Vec::new(),
            genre: 0,
        };
        let mut memo = model.memos().take();
        let mut genre = [0; GENRES];
        for text in texts {
            let first = seen.words.len();
            let spelling = u32::try_from(seen.spellings.len()).unwrap_or(u32::MAX);
            let tokens = tokens(text, MAX_TOKENS.saturating_sub(first));
            seen.firsts.push(first);
            seen.words.extend(words::look(
                text, &tokens, model, &mut memo, &mut genre, spelling,
            ));
            for (at, word) in seen.words.iter().enumerate().skip(first) {
                if word.spelling as usize == seen.spellings.len() {
                    seen.spellings.push(at);
                }
            }
            seen.matches
                .extend(words::mark(&mut seen.words, first, gazetteer));
        }
        model.memos().put_back(memo);
        seen.genre = clear_genre(&genre);
        seen.by_spelling = features::by_spelling(&seen.words);
        seen.elsewhere = features::elsewhere(&seen.words, &seen.by_spelling);
        seen.sentences = features::sentences(&seen.words);
        seen
    }

    /// The same as a text of no clear genre.
    #[must_use]
    pub fn without_genre(mut self) -> Self {
        self.genre = 0;
        self
    }

    /// How many tokens there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there is no token.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The known names among the tokens.
    #[must_use]
    pub fn matches(&self) -> &[Match] {
        &self.matches
    }

    /// Which text a token is of, and where it stands there.
    #[must_use]
    pub fn token(&self, at: usize) -> Option<(usize, Token)> {
        let text = self
            .firsts
            .partition_point(|first| *first <= at)
            .checked_sub(1)?;
        Some((text, self.words.get(at)?.token))
    }

    /// First token and one past the last of each sentence.
    pub fn sentences(&self) -> impl Iterator<Item = (usize, usize)> {
        self.sentences
            .iter()
            .map(|sentence| (sentence.start, sentence.end))
    }

    /// Puts the features of a token into `out`.
    pub fn features(&self, at: usize, out: &mut Vec<u32>) {
        let index = self
            .sentences
            .partition_point(|sentence| sentence.end <= at);
        match self.sentences.get(index) {
            Some(sentence) => {
                let place = Place {
                    words: &self.words,
                    sentence: *sentence,
                    at,
                };
                features::fill(place, &self.elsewhere, self.genre, out);
            }
            None => out.clear(),
        }
    }

    /// Whether a token is written as names and indicators are.
    #[must_use]
    pub fn looks_like_a_name(&self, at: usize) -> bool {
        self.words
            .get(at)
            .is_some_and(|word| word.has_capital() || word.pattern != words::pattern::PLAIN)
    }

    /// Whether one of these tokens is an address or a hash.
    #[must_use]
    pub fn holds_an_address(&self, start: usize, end: usize) -> bool {
        self.words
            .get(start..end)
            .unwrap_or_default()
            .iter()
            .any(|word| words::pattern::is_address(word.pattern))
    }

    /// Whether what is labelled an organisation, a product or a person is one word that
    /// the item also holds in lower case: `Bank` of a headline, told of as `the bank`.
    #[must_use]
    pub fn is_a_word(&self, kind: NameKind, start: usize, end: usize) -> bool {
        matches!(
            kind,
            NameKind::Organisation | NameKind::Product | NameKind::Person
        ) && end - start == 1
            && self.elsewhere.get(start).is_some_and(Elsewhere::is_plain)
            && self
                .words
                .get(start)
                .is_some_and(|word| word.case == Case::Initial)
    }

    /// A label for every token.
    #[must_use]
    pub fn label(&self, model: &Model) -> Vec<u8> {
        let scores = self.scores(model);
        let mut labels = Vec::with_capacity(self.words.len());
        for sentence in &self.sentences {
            let scores = scores.get(sentence.start..sentence.end);
            labels.extend(model.decode(scores.unwrap_or_default()));
        }
        self.ask_for_evidence(&mut labels);
        self.add_listed(&mut labels);
        self.take_back_ordinary(&mut labels);
        self.carry(&mut labels);
        labels
    }

    /// A score for every label of every token.
    fn scores(&self, model: &Model) -> Vec<Row> {
        let rows = self.rows(model);
        let mut scores = Vec::with_capacity(self.words.len());
        let mut wanted = Vec::with_capacity(self.words.len() * 8);
        for (row, place) in (0..).zip(self.places()) {
            scores.push(rows.sum(place));
            let mut want = |feature| wanted.push(Wanted { feature, row });
            features::together(place, &self.elsewhere, self.genre, &mut want);
        }
        model.add(&wanted, &mut scores);
        scores
    }

    fn rows(&self, model: &Model) -> Rows {
        let firsts = self.spellings.iter();
        let words = firsts.filter_map(|first| self.words.get(*first));
        let mut memo = model.memos().take();
        let rows = Rows::of(words, self.genre, model, &mut memo);
        model.memos().put_back(memo);
        rows
    }

    /// Every token in its sentence.
    fn places(&self) -> impl Iterator<Item = Place<'_>> {
        let words = &self.words;
        self.sentences.iter().flat_map(move |sentence| {
            (sentence.start..sentence.end).map(move |at| Place {
                words,
                sentence: *sentence,
                at,
            })
        })
    }

    /// Adds threats that a list knows and the model passed over: by a name that is
    /// nothing else.
    fn add_listed(&self, labels: &mut [u8]) {
        const SHORTEST: usize = 5;
        for found in &self.matches {
            let kind = match found.classes & !class::LONGER {
                class::ACTOR => NameKind::Actor,
                class::MALWARE => NameKind::Malware,
                _ => continue,
            };
            let len: usize = self
                .words
                .get(found.start..found.end)
                .unwrap_or_default()
                .iter()
                .map(|word| word.token.end - word.token.start)
                .sum();
            if let Some(slots) = labels.get_mut(found.start..found.end)
                && len >= SHORTEST
                && slots.iter().all(|label| *label == 0)
            {
                slots.fill(kind.further());
                if let Some(first) = slots.first_mut() {
                    *first = kind.first();
                }
            }
        }
    }

    /// Carries a name that is found in a third of its places to the others, the
    /// longest first.
    fn carry(&self, labels: &mut [u8]) {
        /// A list of names is no text.
        const MOST: usize = 400;
        let mut known: Vec<(usize, u64, NameKind, u64)> = Vec::new();
        let hash = |start: usize, end: usize| self.hash(start, end);
        for (kind, start, end) in names(labels) {
            let carried = matches!(
                kind,
                NameKind::Actor
                    | NameKind::Malware
                    | NameKind::Organisation
                    | NameKind::Place
                    | NameKind::Product
            );
            let proper = self.words.get(start).filter(|word| word.has_capital());
            if let Some(first) = proper
                && carried
                && known.len() < MOST
            {
                known.push((end - start, hash(start, end), kind, first.exact));
            }
        }
        known.sort_unstable_by_key(|(len, hash, kind, _)| (std::cmp::Reverse(*len), *hash, *kind));
        let mut at = 0;
        while let Some((len, name, _, first)) = known.get(at).copied() {
            let same = known
                .iter()
                .skip(at)
                .take_while(|other| other.0 == len && other.1 == name);
            let count = same.clone().count();
            at += count;
            let mut kinds = [0_usize; NameKind::ALL.len()];
            for (_, _, kind, _) in same {
                kinds[*kind as usize] += 1;
            }
            let from = self.by_spelling.partition_point(|(hash, _)| *hash < first);
            let places: Vec<usize> = self
                .by_spelling
                .iter()
                .skip(from)
                .take_while(|(spelled, _)| *spelled == first)
                .map(|(_, start)| *start)
                .filter(|start| {
                    work::steps(len);
                    self.words.get(*start).is_some_and(Word::has_capital)
                        && start + len <= self.words.len()
                        && hash(*start, start + len) == name
                })
                .collect();
            let Some(kind) = NameKind::ALL
                .into_iter()
                .max_by_key(|kind| kinds[*kind as usize])
            else {
                continue;
            };
            if places.len() == count || kinds[kind as usize] * 100 < places.len() * 34 {
                continue;
            }
            for start in places {
                let Some(slots) = labels.get_mut(start..start + len) else {
                    continue;
                };
                if slots.iter().all(|label| *label == 0) {
                    slots.fill(kind.further());
                    if let Some(first) = slots.first_mut() {
                        *first = kind.first();
                    }
                }
            }
        }
    }

    /// The list's own meaning of these tokens as a name of this kind, if it has one.
    #[must_use]
    pub fn known<'a>(
        &self,
        gazetteer: &'a Gazetteer,
        kind: NameKind,
        start: usize,
        end: usize,
    ) -> Option<Entry<'a>> {
        let wanted = match kind {
            NameKind::Actor => class::ACTOR,
            NameKind::Malware => class::MALWARE,
            NameKind::Tool => class::TOOL | class::MALWARE,
            NameKind::Organisation => class::BODY | class::COMPANY | class::VENDOR,
            NameKind::Place => class::COUNTRY | class::INDIAN_PLACE | class::CITY,
            NameKind::Product => class::PRODUCT,
            NameKind::Vulnerability | NameKind::Indicator | NameKind::Person => return None,
        };
        gazetteer
            .entries(self.hash(start, end))
            .find(|entry| entry.classes & wanted != 0)
    }

    /// Whether these tokens are the name of a place and, as far as is listed, of nothing
    /// else.
    #[must_use]
    pub fn is_place(&self, gazetteer: &Gazetteer, start: usize, end: usize) -> bool {
        let classes = gazetteer.classes(self.hash(start, end)) & !class::LONGER;
        classes != 0 && classes & !(class::COUNTRY | class::INDIAN_PLACE | class::CITY) == 0
    }

    /// The name that these tokens make, for [`Gazetteer::entries`].
    fn hash(&self, start: usize, end: usize) -> u64 {
        let words = self.words.get(start..end).unwrap_or_default();
        words.iter().fold(gazetteer::EMPTY, |hash, word| {
            gazetteer::grow(hash, word.exact)
        })
    }
}

/// The genre that the words speak for, counted from 1; zero if none is clear: a
/// single sentence often resembles several.
fn clear_genre(sums: &[i32; GENRES]) -> u64 {
    /// Three natural units: by so much the best must lead.
    const LEAD: i32 = 50;
    let mut ranked: Vec<(i32, u64)> = sums.iter().copied().zip(1..).collect();
    ranked.sort_unstable_by_key(|(sum, index)| (std::cmp::Reverse(*sum), *index));
    match ranked.as_slice() {
        [(first, index), (second, _), ..] if *first > 0 && first - second >= LEAD => *index,
        _ => 0,
    }
}
