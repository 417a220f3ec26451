//! The way from clean text back to the text it was made from.
//!
//! Cleaning plain text leaves characters out, collapses white space and composes
//! accents; it never reorders. So one walk over both texts finds where each
//! character came from, and cleaning itself need not carry a map that almost
//! nobody asks for.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Where each character of a clean plain text stood in the original, in Unicode
/// code points.
#[derive(Debug)]
pub struct Trace {
    /// The original stretch of each clean character; absent when nothing was changed.
    places: Option<Vec<(u32, u32)>>,
}

impl Trace {
    /// The trace of `clean`, which was made from the plain text `original`.
    #[must_use]
    pub fn new(original: &str, clean: &str) -> Self {
        if original.starts_with(clean) {
            return Self { places: None };
        }
        let mut rest = original.chars().zip(0_u32..);
        let places = clean
            .chars()
            .map(|wanted| {
                let form = Form::of(wanted);
                let Some((given, place)) =
                    rest.by_ref().find(|(given, _)| Form::of(*given) == form)
                else {
                    return (u32::MAX, u32::MAX);
                };
                // A letter that was composed from several takes all of them.
                let marks = if given == wanted {
                    0
                } else {
                    rest.clone()
                        .take_while(|(mark, _)| is_combining_mark(*mark))
                        .zip(1_u32..)
                        .last()
                        .map_or(0, |(_, marks)| marks)
                };
                (place, place + 1 + marks)
            })
            .collect();
        Self {
            places: Some(places),
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
        match end.checked_sub(1) {
            Some(last) if last >= start => (from, place(last).1),
            _ => (from, from),
        }
    }
}

/// What of a character survives cleaning: white space is white space, and of a
/// letter with accents its first part.
#[derive(PartialEq, Eq)]
enum Form {
    Space,
    Sign(char),
}

impl Form {
    fn of(character: char) -> Self {
        if character.is_whitespace() {
            Self::Space
        } else if character.is_ascii() {
            Self::Sign(character)
        } else {
            Self::Sign(character.nfd().next().unwrap_or(character))
        }
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
    }

    #[test]
    fn what_does_not_fit_is_no_panic() {
        let trace = Trace::new("abc", "xyz");
        let _ = trace.stretch(0, 3);
        let _ = trace.stretch(3, 1);
        assert_eq!(Trace::new("abc", "abc").stretch(1, 2), (1, 2));
    }
}
