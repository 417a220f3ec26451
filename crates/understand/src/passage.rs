//! One field of an item in the forms the steps read: clean, folded, and the way
//! from bytes to the code points that spans count in.

use model::{Field, Span};

use crate::fold;
use crate::mapped::Mapped;

/// A clean text, its folded form, and where each byte stands in code points.
#[derive(Debug)]
pub(crate) struct Passage {
    pub(crate) field: Field,
    pub(crate) clean: String,
    pub(crate) folded: Mapped,
    /// Code points before each block of [`BLOCK`] bytes; empty for ASCII, where
    /// bytes and code points agree.
    counts: Vec<u32>,
}

/// Small enough that the rest of a lookup is a short count, large enough that
/// the table stays small.
const BLOCK: usize = 64;

impl Passage {
    pub(crate) fn new(field: Field, clean: String) -> Self {
        let folded = fold::fold(&clean);
        let counts = if clean.is_ascii() {
            Vec::new()
        } else {
            count_blocks(clean.as_bytes())
        };
        Self {
            field,
            clean,
            folded,
            counts,
        }
    }

    /// The passage of a field.
    pub(crate) fn of(passages: &[Self; 2], field: Field) -> &Self {
        let [title, text] = passages;
        match field {
            Field::Title => title,
            Field::Text => text,
        }
    }

    /// The folded text behind a place, up to the end of its sentence and at most so many
    /// bytes of it.
    pub(crate) fn behind(&self, at: usize, reach: usize) -> &str {
        let text = self.folded.text();
        let to = text.floor_char_boundary(at.saturating_add(reach).min(text.len()));
        sentence(text.get(at..to).unwrap_or_default())
    }

    /// The folded text before a place, at most so many bytes of it.
    pub(crate) fn before(&self, at: usize, reach: usize) -> &str {
        let text = self.folded.text();
        let from = text.ceil_char_boundary(at.saturating_sub(reach).min(text.len()));
        text.get(from..at).unwrap_or_default()
    }

    /// The span of a stretch of the folded text.
    pub(crate) fn span_of_folded(&self, start: usize, end: usize) -> Span {
        self.span(self.folded.start_of(start), self.folded.end_of(end))
    }

    /// The span of a stretch of the clean text, given in bytes.
    pub(crate) fn span(&self, start: usize, end: usize) -> Span {
        Span {
            field: self.field,
            start: self.code_points(start),
            end: self.code_points(end),
        }
    }

    /// The clean text under a stretch of the folded text.
    pub(crate) fn clean_of_folded(&self, start: usize, end: usize) -> &str {
        self.clean
            .get(self.folded.start_of(start)..self.folded.end_of(end))
            .unwrap_or_default()
    }

    /// The clean text under a span, at most so many code points of it.
    pub(crate) fn slice(&self, span: Span, most: u32) -> &str {
        let end = span.end.min(span.start.saturating_add(most));
        self.clean
            .get(self.byte(span.start)..self.byte(end))
            .unwrap_or_default()
    }

    /// The clean text behind a span, at most so many bytes of it.
    pub(crate) fn slice_behind(&self, span: Span, reach: usize) -> &str {
        let from = self.byte(span.end);
        let to = self
            .clean
            .floor_char_boundary((from + reach).min(self.clean.len()));
        self.clean.get(from..to).unwrap_or_default()
    }

    /// The first byte of a code point, or the end.
    fn byte(&self, code_point: u32) -> usize {
        if self.counts.is_empty() {
            return self.clean.len().min(code_point as usize);
        }
        let after = self.counts.partition_point(|count| *count <= code_point);
        let block = after.saturating_sub(1);
        let mut left = code_point - self.counts.get(block).copied().unwrap_or_default();
        let bytes = self.clean.as_bytes().iter().enumerate().skip(block * BLOCK);
        for (at, byte) in bytes {
            if is_start(*byte) {
                if left == 0 {
                    return at;
                }
                left -= 1;
            }
        }
        self.clean.len()
    }

    fn code_points(&self, byte: usize) -> u32 {
        let byte = byte.min(self.clean.len());
        if self.counts.is_empty() {
            return u32::try_from(byte).unwrap_or(u32::MAX);
        }
        let block = byte / BLOCK;
        let before = self.counts.get(block).copied().unwrap_or_default();
        let rest = self
            .clean
            .as_bytes()
            .get(block * BLOCK..byte)
            .unwrap_or_default();
        before + starts(rest)
    }
}

/// Whether a character ends a sentence wherever it stands. A point does not: it stands in
/// numbers and in "Rs." too.
pub(crate) fn ends_sentence(c: char) -> bool {
    matches!(c, ';' | '!' | '?' | '|' | '।' | '۔')
}

/// A text up to the end of its first sentence.
pub(crate) fn sentence(text: &str) -> &str {
    let end = text
        .find(". ")
        .into_iter()
        .chain(text.find(ends_sentence))
        .min();
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

fn count_blocks(bytes: &[u8]) -> Vec<u32> {
    let mut total = 0;
    let mut counts = Vec::with_capacity(bytes.len() / BLOCK + 2);
    counts.push(0);
    for block in bytes.chunks(BLOCK) {
        total += starts(block);
        counts.push(total);
    }
    counts
}

/// How many code points start in these bytes of UTF-8.
fn starts(bytes: &[u8]) -> u32 {
    let count = bytes.iter().filter(|byte| is_start(**byte)).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn is_start(byte: u8) -> bool {
    (byte & 0xc0) != 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_count_code_points() {
        let text = format!("{}🔥 दिल्ली में CERT-In", "x".repeat(70));
        let passage = Passage::new(Field::Text, text.clone());
        let at = passage.folded.text().find("cert-in").unwrap();
        let span = passage.span_of_folded(at, at + 7);
        let slice: String = text
            .chars()
            .skip(span.start as usize)
            .take((span.end - span.start) as usize)
            .collect();
        assert_eq!(slice, "CERT-In");
        assert_eq!(passage.slice(span, 99), "CERT-In");
        assert_eq!(passage.slice(span, 4), "CERT");
        for (start, end) in [(0, 500), (69, 74), (500, 600), (75, 75)] {
            let (from, to) = (start as usize, end as usize - start as usize);
            let wanted: String = text.chars().skip(from).take(to).collect();
            let span = Span { start, end, ..span };
            assert_eq!(passage.slice(span, u32::MAX), wanted);
        }
        assert_eq!(passage.clean_of_folded(at, at + 7), "CERT-In");
    }

    #[test]
    fn what_stands_around_a_place_ends_with_its_sentence() {
        let passage = Passage::new(Field::Text, "It cost Rs. 5 lakh. Then more। End".to_owned());
        assert_eq!(passage.behind(3, 99), "cost rs");
        assert_eq!(passage.behind(8, 99), "rs");
        assert_eq!(passage.behind(12, 99), "5 lakh");
        assert_eq!(passage.behind(20, 99), "then more");
        assert_eq!(passage.behind(20, 4), "then");
        assert_eq!(passage.behind(999, 4), "");
        assert_eq!(passage.before(8, 5), "cost ");
        // Within the mark that ends a Hindi sentence.
        assert_eq!(passage.before(33, 3), " ");
        assert_eq!(passage.before(0, 9), "");
    }
}
