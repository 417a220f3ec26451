//! Phrases in a text, each with what it says: "cross site scripting" is one kind of attack,
//! "out-of-bounds write" one weakness.
//!
//! Words are compared without case, and whatever stands between them counts as nothing, so
//! that "Cross-Site Scripting (XSS)" needs no phrase of its own. A longer phrase hides those
//! inside it. Most words of a text begin no phrase and cost one look-up.

use std::collections::HashMap;
use std::ops::Range;

/// Words of a text that are read: who describes a flaw says early what it is.
const MAX_WORDS: usize = 400;

/// Letters of a word that are looked up; no phrase has a longer one.
const MAX_LETTERS: usize = 40;

/// What stands for any one word in a phrase.
const ANY: &str = "*";

/// Phrases, by their first word.
#[derive(Debug)]
pub struct Phrases<T> {
    by_first: HashMap<String, Vec<Phrase<T>>>,
}

#[derive(Debug)]
struct Phrase<T> {
    /// The words behind the first.
    rest: Vec<String>,
    says: T,
}

/// A phrase where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told<T> {
    /// What it says.
    pub says: T,
    /// In bytes of the text.
    pub at: Range<usize>,
}

impl<T: Copy + PartialEq> Phrases<T> {
    /// Reads `label: phrase, phrase` a line; a line that begins with a blank goes on with
    /// the one before, `#` begins a remark. What `label` does not know is left out.
    #[must_use]
    pub fn read(lines: &str, label: impl Fn(&str) -> Option<T>) -> Self {
        let mut by_first: HashMap<String, Vec<Phrase<T>>> = HashMap::new();
        let mut says = None;
        for line in lines.lines().filter(|line| !line.starts_with('#')) {
            let phrases = match line.split_once(':') {
                Some((name, phrases)) => {
                    says = label(name.trim());
                    phrases
                }
                None => line,
            };
            let Some(says) = says else { continue };
            for phrase in phrases.split(',') {
                let spelled = phrase.replace(ANY, " any\u{0}one ");
                let mut words = spelled
                    .split(|c: char| !c.is_alphanumeric() && c != '\u{0}')
                    .filter(|word| !word.is_empty())
                    .map(|word| match word {
                        "any\u{0}one" => ANY.to_owned(),
                        word => word.to_lowercase(),
                    });
                if let Some(first) = words.next() {
                    let rest = words.collect();
                    let known = by_first.entry(first).or_default();
                    known.push(Phrase { rest, says });
                }
            }
        }
        Self { by_first }
    }

    /// The phrases of a text, in order, without those that a longer one hides.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<Told<T>> {
        let words = Words::of(text);
        let mut told: Vec<(Range<usize>, T)> = Vec::new();
        for at in 0..words.places.len() {
            let Some(phrases) = self.by_first.get(words.folded(at)) else {
                continue;
            };
            for phrase in phrases {
                let mut rest = phrase.rest.iter().zip(at + 1..);
                let end = at + 1 + phrase.rest.len();
                let fits = end <= words.places.len()
                    && rest.all(|(wanted, at)| wanted == ANY || wanted == words.folded(at));
                if fits && !words.is_denied(at) {
                    told.push((at..end, phrase.says));
                }
            }
        }
        // Of phrases that begin alike the longest comes first; what ends no later than one
        // before it lies inside.
        told.sort_by_key(|(words, _)| (words.start, std::cmp::Reverse(words.end)));
        let mut seen = 0..0;
        told.retain(|(words, _)| {
            let is_hidden = words.end <= seen.end && *words != seen;
            if !is_hidden {
                seen = words.clone();
            }
            !is_hidden
        });
        let bytes = |within: Range<usize>| {
            let first = words.places.get(within.start)?.at.start;
            let last = words.places.get(within.end.checked_sub(1)?)?.at.end;
            Some(first..last)
        };
        told.into_iter()
            .filter_map(|(within, says)| bytes(within).map(|at| Told { says, at }))
            .collect()
    }
}

/// The words of a text, all in one string: a description is read whenever what is known of
/// its CVE is put together, some 400,000 times in an import.
struct Words {
    folded: String,
    places: Vec<Place>,
}

/// Where a word stands: in the text, and in [`Words::folded`].
struct Place {
    at: Range<usize>,
    folded: Range<usize>,
}

impl Words {
    fn of(text: &str) -> Self {
        let mut words = Self {
            folded: String::with_capacity(text.len().min(MAX_WORDS * 8)),
            places: Vec::with_capacity(MAX_WORDS / 4),
        };
        let mut letters = text.char_indices().peekable();
        while let Some((start, first)) = letters.next() {
            if !first.is_alphanumeric() {
                continue;
            }
            if words.places.len() == MAX_WORDS {
                break;
            }
            let begun = words.folded.len();
            words.push(first);
            let (mut end, mut count) = (start + first.len_utf8(), 1);
            while let Some((at, letter)) = letters.next_if(|(_, letter)| letter.is_alphanumeric()) {
                end = at + letter.len_utf8();
                count += 1;
                if count <= MAX_LETTERS {
                    words.push(letter);
                }
            }
            words.places.push(Place {
                at: start..end,
                folded: begun..words.folded.len(),
            });
        }
        words
    }

    fn push(&mut self, letter: char) {
        if letter.is_ascii() {
            self.folded.push(letter.to_ascii_lowercase());
        } else {
            self.folded.extend(letter.to_lowercase());
        }
    }

    fn folded(&self, at: usize) -> &str {
        let place = self.places.get(at);
        place
            .and_then(|place| self.folded.get(place.folded.clone()))
            .unwrap_or_default()
    }

    /// Whether the words before this one say that it is not so: "not vulnerable to", "no".
    fn is_denied(&self, at: usize) -> bool {
        const DENIALS: [&[&str]; 9] = [
            &["no"],
            &["not", "a"],
            &["not", "an"],
            &["not", "vulnerable", "to"],
            &["not", "affected", "by"],
            &["not", "susceptible", "to"],
            &["not", "allow"],
            &["not", "lead", "to"],
            &["not", "result", "in"],
        ];
        DENIALS.iter().any(|denial| {
            let start = at.checked_sub(denial.len());
            start.is_some_and(|start| {
                let mut said = denial.iter().zip(start..);
                said.all(|(word, at)| self.folded(at) == *word)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "# what follows is made up\nread: read files, read * files,\n  file read\nxss: cross site scripting, xss\nwrite: cross site\nnone: files";

    fn check(text: &str, wanted: &[(&str, &str)]) {
        let known = ["read", "xss", "write"];
        let phrases = Phrases::read(LINES, |label| {
            known.iter().copied().find(|known| *known == label)
        });
        let told = phrases.find(text);
        let told: Vec<(&str, &str)> = told
            .iter()
            .map(|told| (told.says, &text[told.at.clone()]))
            .collect();
        assert_eq!(told, wanted, "{text}");
    }

    #[test]
    fn words_count_and_not_what_stands_between_them() {
        check(
            "Stored Cross-Site  Scripting (XSS)",
            &[("xss", "Cross-Site  Scripting"), ("xss", "XSS")],
        );
        check(
            "let them READ ARBITRARY\nFILES",
            &[("read", "READ ARBITRARY\nFILES")],
        );
        check("a file-read flaw", &[("read", "file-read")]);
        check("unread files, xssy", &[]);
        check("", &[]);
    }

    #[test]
    fn a_longer_phrase_hides_what_it_holds() {
        check("cross site", &[("write", "cross site")]);
        check("cross site scripting", &[("xss", "cross site scripting")]);
    }

    #[test]
    fn what_is_denied_is_not_told() {
        check("It is not vulnerable to XSS.", &[]);
        check("There is no cross-site scripting here", &[]);
        check("It does not stop XSS", &[("xss", "XSS")]);
    }

    #[test]
    fn places_are_bytes_of_the_text_whatever_its_letters() {
        check("İß😀 – “XSS”: लिपि", &[("xss", "XSS")]);
    }

    #[test]
    fn the_longest_text_costs_what_a_long_one_costs() {
        let phrases = Phrases::read(LINES, |label| (label == "read").then_some(1));
        let text = "read all files ".repeat(100_000);
        assert!(phrases.find(&text).len() <= MAX_WORDS);
        assert!(phrases.find(&"x".repeat(1_000_000)).is_empty());
    }
}
