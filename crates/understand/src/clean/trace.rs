//! The way from clean text back to the text it was made from.
//!
//! Cleaning plain text leaves characters out, collapses white space and composes
//! accents; it never moves letters. So one walk over both texts finds where each
//! character came from, and cleaning itself need not carry a map that almost nobody
//! asks for. What surprised us: composing takes some letters apart (`U+095B` becomes a
//! letter and its dot, two characters from one), and puts marks in another order; so
//! both sides are compared in their parts, and marks within one letter in any order.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::writer::is_visible;
use super::{MAX_BYTES, head};

/// Where each character of a clean plain text stood in the original, in Unicode
/// code points.
#[derive(Debug)]
pub struct Trace {
    /// The original stretch of each clean character; absent when nothing was changed.
    places: Option<Vec<(u32, u32)>>,
}

/// The place of a character that the original does not hold.
const NOWHERE: (u32, u32) = (u32::MAX, u32::MAX);

/// So many characters at the end of a stretch may be marks of one letter.
const MARKS_TURNED: u32 = 4;

/// After so many characters that are not found the texts are strangers.
const MAX_MISSES: usize = 16;

impl Trace {
    /// The trace of `clean`, which was made from the plain text `original`.
    #[must_use]
    pub fn new(original: &str, clean: &str) -> Self {
        if original.starts_with(clean) {
            return Self { places: None };
        }
        let mut walk = Walk::new(original);
        Self {
            places: Some(clean.chars().map(|wanted| walk.place(wanted)).collect()),
        }
    }

    /// The stretch of the original that stands for a stretch of clean text, both
    /// from the first code point up to, not including, the last.
    #[must_use]
    pub fn stretch(&self, start: u32, end: u32) -> (u32, u32) {
        let Some(places) = &self.places else {
            return (start, end);
        };
        let place = |at: u32| places.get(at as usize).copied().unwrap_or_default();
        let from = place(start).0;
        // The marks of the last letter may stand in another order.
        let last_ones = start.max(end.saturating_sub(MARKS_TURNED))..end;
        let ends = last_ones.map(|at| place(at).1);
        let to = ends.filter(|to| *to != NOWHERE.1).max();
        (from, to.unwrap_or(from).max(from))
    }
}

/// A walk over the parts of the original.
struct Walk {
    /// Each part of each character, with the place of the character.
    parts: Vec<(char, u32)>,
    /// Behind the letter that was found last: its marks, then what follows.
    at: usize,
    misses: usize,
}

impl Walk {
    fn new(original: &str) -> Self {
        // Cleaning reads no further.
        let original = head(original, MAX_BYTES);
        let mut parts = Vec::with_capacity(original.len());
        for (character, place) in original.chars().zip(0_u32..) {
            if character.is_ascii() {
                parts.push((plain(character), place));
            } else {
                let all = std::iter::once(character).nfd();
                parts.extend(all.map(|part| (plain(part), place)));
            }
        }
        Self {
            parts,
            at: 0,
            misses: 0,
        }
    }

    /// The stretch of the original of the next clean character.
    fn place(&mut self, wanted: char) -> (u32, u32) {
        let mut whole: Option<(u32, u32)> = None;
        for part in std::iter::once(wanted).nfd() {
            let part = plain(part);
            let Some(place) = self.mark(part).or_else(|| self.letter(part)) else {
                continue;
            };
            whole = Some(match whole {
                None => (place, place + 1),
                Some((from, to)) => (from.min(place), to.max(place + 1)),
            });
        }
        whole.unwrap_or(NOWHERE)
    }

    /// The place of a mark of the letter that was found last. What cleaning leaves out
    /// may stand between them.
    fn mark(&self, part: char) -> Option<u32> {
        if !is_mark(part) {
            return None;
        }
        self.parts
            .get(self.at..)?
            .iter()
            .take_while(|(given, _)| is_mark(*given) || !is_visible(*given, 'x'))
            .take(MAX_MARKS)
            .find(|(given, _)| *given == part)
            .map(|(_, place)| *place)
    }

    /// The place of the next part of this kind, which becomes the letter found last.
    fn letter(&mut self, part: char) -> Option<u32> {
        if self.misses >= MAX_MISSES {
            return None;
        }
        let rest = self.parts.get(self.at..)?;
        let Some(skipped) = rest.iter().position(|(given, _)| *given == part) else {
            self.misses += 1;
            return None;
        };
        let place = rest.get(skipped).map(|(_, place)| *place);
        self.at += skipped + 1;
        place
    }
}

/// The marks of one letter that are looked at; writing has three.
const MAX_MARKS: usize = 32;

/// What joins the letter before it.
fn is_mark(character: char) -> bool {
    // The vowels and finals of which Korean syllables are composed belong to them.
    is_combining_mark(character) || ('\u{1160}'..='\u{11ff}').contains(&character)
}

/// White space is white space.
fn plain(character: char) -> char {
    if character.is_whitespace() {
        ' '
    } else {
        character
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Markup;

    fn check(original: &str, word: &str) {
        let clean = super::super::body(original, Markup::Plain);
        let start = clean.find(word).expect("the word stands in the clean text");
        let start = clean[..start].chars().count() as u32;
        let end = start + word.chars().count() as u32;
        let (from, to) = Trace::new(original, &clean).stretch(start, end);
        let found: String = original
            .chars()
            .skip(from as usize)
            .take((to - from) as usize)
            .collect();
        let found: String = super::super::body(&found, Markup::Plain);
        assert_eq!(found, word, "{original:?}");
    }

    #[test]
    fn a_stretch_is_found_again_in_the_original() {
        check("Acme was hacked", "hacked");
        check("  Acme \t was\r\n\r\nhacked  by  LockBit", "LockBit");
        check("ran\u{200b}som\u{202e}ware at Acme", "ransomware");
        check("Cafe\u{301} and Acme", "Acme");
        check("Cafe\u{301} and Acme", "Café");
        check("दिल्ली  में CERT-In ने कहा", "CERT-In");
        check("a\u{0}b Acme", "Acme");
        check("ह\u{95b}ार  लोग Acme", "ह\u{91c}\u{93c}ार");
        check("ह\u{95b}ार  लोग Acme", "Acme");
        check("q\u{307}\u{323}\u{200b}  Acme", "q\u{323}\u{307}");
        check("q\u{307}\u{323}  Acme", "Acme");
        check("e\u{200b}\u{301}t\u{e9}  Acme", "été");
        check(
            "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8} Acme",
            "한국",
        );
        check("\u{212a}elvin and \u{1100}\u{1161} Acme", "Acme");
    }

    #[test]
    fn what_does_not_fit_is_no_panic() {
        let trace = Trace::new("abc", "xyz");
        let _ = trace.stretch(0, 3);
        let _ = trace.stretch(3, 1);
        assert_eq!(Trace::new("abc", "abc").stretch(1, 2), (1, 2));
    }
}
