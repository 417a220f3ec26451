//! What a linear model reads of a text: hashed words, word pairs and pieces of
//! words, counted.
//!
//! Of title and text together the first [`MAX_CHARS`] characters are read, folded
//! (lower case, no accents); an address becomes one word, so does a CVE id, a run
//! of digits one `0`. Words and pairs of neighbouring words share one block of
//! buckets, the pieces of three to five characters inside a word and its borders
//! another. Every occurrence remembers its word, so that a decision can be told
//! by the words it rests on.
//!
//! No strings are made: a piece is its hash, and pieces that start alike share the
//! work; so do words that are written alike. The worst text costs what 1,500 characters
//! cost.

use std::sync::LazyLock;

use model::Span;

use crate::document::Document;
use crate::fold::is_word;
use crate::work;

/// News says what it is about at its head; more lowered no error.
pub const MAX_CHARS: usize = 1_500;

/// Buckets of words and word pairs.
pub const WORD_BUCKETS: usize = 1 << 16;

/// Buckets of pieces of words.
pub const PIECE_BUCKETS: usize = 1 << 16;

/// All buckets: first those of words, then those of pieces.
pub const BUCKETS: usize = WORD_BUCKETS + PIECE_BUCKETS;

/// Longer words are read this far; the longest German compounds have some 40.
const MAX_WORD: usize = 40;

/// Shortest and longest piece of a word, its borders counted.
const PIECES: (usize, usize) = (3, 5);

/// Places in the table of known pieces. At most some 4,500 are filled: each character
/// starts three.
const PIECE_TABLE: usize = 1 << 13;

/// The same for words and pairs: at most 1,500, since words stand apart.
const WORD_TABLE: usize = 1 << 12;

/// What stands for an address, and for a CVE id. Not letters, so no word has it.
const URL: char = '\u{1}';
const CVE: char = '\u{2}';

/// What stands at both ends of a word.
const BORDER: u32 = b' ' as u32;

/// Words that only join others, in folded spelling.
const JOINING: &str = "a an the and or but nor so yet of to in on at by for from with without \
    into onto over under after before between about around against during through than then \
    as if that this these those it its it's he his she her they them their we our us you your \
    i my me who whom whose which what when where while how why is are was were be been being am \
    has have had having do does did doing will would shall should can could may might must not \
    no more most some any all each both other such only own same too very just also still even \
    up down out off again further once here there said says say according amid per via 0 s t \
    के का की में से को ने पर और है हैं एक यह इस कि भी तो ही था थी थे";

/// The hashes of [`JOINING`], sorted.
static JOINING_HASHES: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let mut hashes: Vec<u32> = joining_hashes().collect();
    hashes.sort_unstable();
    hashes
});

fn joining_hashes() -> impl Iterator<Item = u32> {
    JOINING
        .split_whitespace()
        .map(|word| hash_of(word.chars().map(|letter| letter as u32)))
}

/// Whether a word, folded, only joins others.
pub(crate) fn is_joining(word: &str) -> bool {
    JOINING.split_whitespace().any(|known| known == word)
}

/// The counted features of one text.
#[derive(Debug, Clone)]
pub struct Terms {
    words: Vec<Word>,
    features: Vec<Feature>,
    /// So many of the features are of words and pairs.
    of_words: usize,
    /// The pieces of words by their place among the features, those of one word side by
    /// side.
    pieces: Vec<u16>,
    /// The words by their hash, and then by their place.
    by_hash: Vec<u16>,
}

/// One distinct feature of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Feature {
    /// Below [`BUCKETS`].
    pub bucket: u32,
    /// How often it occurs.
    pub count: u16,
}

/// A word as it stands: which field, and its bytes in the folded passage.
#[derive(Debug, Clone, Copy)]
struct Word {
    title: bool,
    start: u32,
    end: u32,
    /// Words that are written alike have the same.
    hash: u32,
    /// The feature it is.
    feature: u16,
    /// The feature that it is with the word before it.
    pair: Option<u16>,
    /// Its pieces, of all.
    first_piece: u16,
    pieces: u16,
}

impl Terms {
    /// Reads a document.
    #[must_use]
    pub fn of(document: &Document) -> Self {
        let [title, text] = &document.passages;
        let mut reader = Reader::new([title.folded.text(), text.folded.text()]);
        reader.passage(true);
        reader.passage(false);
        reader.finish()
    }

    /// The distinct features, those of words and pairs first, each kind in order of first
    /// appearance.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The same in two: of words and pairs, and of pieces of words.
    pub(crate) fn kinds(&self) -> (&[Feature], &[Feature]) {
        let words = self.features.get(..self.of_words);
        let pieces = self.features.get(self.of_words..);
        (words.unwrap_or_default(), pieces.unwrap_or_default())
    }

    /// Adds up by word what each occurrence is worth: the worth of a feature, `worths` in
    /// the order of the features, is divided among its occurrences, a pair's share between
    /// its two words. Words that are written alike come together. Features beyond the end
    /// of `worths` are worth nothing.
    #[must_use]
    pub fn by_word(&self, worths: &[f32]) -> Vec<Share> {
        let worths: Vec<f32> = worths
            .iter()
            .zip(&self.features)
            .map(|(worth, feature)| worth / f32::from(feature.count.max(1)))
            .collect();
        let worth = |feature: u16| worths.get(usize::from(feature)).copied();
        let mut sums: Vec<f32> = Vec::with_capacity(self.words.len());
        for word in &self.words {
            let mut sum = worth(word.feature).unwrap_or_default();
            if let Some(pair) = word.pair {
                let half = worth(pair).unwrap_or_default() / 2.0;
                if let Some(before) = sums.last_mut() {
                    *before += half;
                }
                sum += half;
            }
            if worths.len() > self.of_words {
                let first = usize::from(word.first_piece);
                let pieces = self.pieces.get(first..first + usize::from(word.pieces));
                for piece in pieces.unwrap_or_default() {
                    sum += worth(*piece).unwrap_or_default();
                }
            }
            sums.push(sum);
        }
        let mut shares: Vec<Share> = Vec::with_capacity(self.words.len());
        for index in &self.by_hash {
            let index = usize::from(*index);
            let (Some(word), Some(worth)) = (self.words.get(index), sums.get(index)) else {
                continue;
            };
            match shares.last_mut().filter(|last| last.word == word.hash) {
                Some(alike) => alike.worth += worth,
                None => shares.push(Share {
                    worth: *worth,
                    word: word.hash,
                }),
            }
        }
        shares
    }

    /// The buckets of words that only join others, each on its own. What they weigh
    /// is chance, and as a reason they tell nobody anything.
    #[must_use]
    pub fn joining_words() -> Vec<u32> {
        joining_hashes()
            .map(|hash| spread(hash, WORD_BUCKETS))
            .collect()
    }

    /// Where a word of [`Self::by_word`] stands, at most `most` places.
    #[must_use]
    pub fn places(&self, document: &Document, share: &Share, most: usize) -> Vec<Span> {
        self.words
            .iter()
            .filter(|word| word.hash == share.word)
            .take(most)
            .map(|word| word.span(document))
            .collect()
    }
}

/// What one word, in all its places, adds to a sum.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// Above zero it raises the sum.
    pub worth: f32,
    /// Which word.
    word: u32,
}

impl Share {
    /// False for a word that surely does not only join others; a number may share a
    /// hash with one.
    pub(crate) fn may_be_joining(&self) -> bool {
        JOINING_HASHES.binary_search(&self.word).is_ok()
    }
}

impl Word {
    fn span(&self, document: &Document) -> Span {
        let [title, text] = &document.passages;
        let passage = if self.title { title } else { text };
        passage.span_of_folded(self.start as usize, self.end as usize)
    }
}

struct Reader<'a> {
    /// Title and text, folded.
    texts: [&'a str; 2],
    words: Vec<Word>,
    of_words: Counts,
    of_pieces: Counts,
    /// The pieces of words by their place among those counted.
    pieces: Vec<u16>,
    /// One more than the first word of a spelling that lies here; 0 is free.
    spellings: Vec<u16>,
    chars_left: usize,
}

/// Places in the table of spellings: a word and what parts it from the next are two
/// characters at least.
const SPELLINGS: usize = 1 << 11;

impl<'a> Reader<'a> {
    fn new(texts: [&'a str; 2]) -> Self {
        Self {
            texts,
            words: Vec::with_capacity(MAX_CHARS / 4),
            of_words: Counts::new(WORD_TABLE),
            of_pieces: Counts::new(PIECE_TABLE),
            pieces: Vec::with_capacity(MAX_CHARS * 2),
            spellings: vec![0; SPELLINGS],
            chars_left: MAX_CHARS,
        }
    }

    fn passage(&mut self, title: bool) {
        let text = self.text(title);
        let mut at = 0;
        // The hash of the word before, if it stands in the same passage.
        let mut before: Option<u32> = None;
        while self.chars_left > 0 {
            let rest = text.get(at..).unwrap_or_default();
            let Some(first) = rest.chars().next() else {
                break;
            };
            if !is_word(first) {
                at += first.len_utf8();
                self.chars_left -= 1;
                continue;
            }
            let mut spelling = Spelling::new();
            let length = spelling.read(rest, self.chars_left);
            self.chars_left = self.chars_left.saturating_sub(length.chars);
            let end = at + length.bytes;
            before = Some(self.word(&spelling, before, title, at, end));
            at = end;
        }
    }

    fn text(&self, title: bool) -> &'a str {
        let [of_title, of_text] = self.texts;
        if title { of_title } else { of_text }
    }

    fn slice(&self, title: bool, start: u32, end: u32) -> &'a str {
        let range = start as usize..end as usize;
        self.text(title).get(range).unwrap_or_default()
    }

    /// Counts a word, its pieces and the pair it ends; gives its hash.
    fn word(
        &mut self,
        spelling: &Spelling,
        before: Option<u32>,
        title: bool,
        start: usize,
        end: usize,
    ) -> u32 {
        let hash = hash_of(spelling.letters().iter().copied());
        let mut word = Word {
            title,
            start: u32::try_from(start).unwrap_or(u32::MAX),
            end: u32::try_from(end).unwrap_or(u32::MAX),
            hash,
            feature: 0,
            pair: None,
            first_piece: 0,
            pieces: 0,
        };
        match self.like(&word) {
            Some(like) => {
                word.feature = like.feature;
                self.of_words.again(like.feature);
                (word.first_piece, word.pieces) = (like.first_piece, like.pieces);
                let first = usize::from(like.first_piece);
                let pieces = self.pieces.get(first..first + usize::from(like.pieces));
                for piece in pieces.unwrap_or_default() {
                    self.of_pieces.again(*piece);
                }
            }
            None => {
                word.feature = self.of_words.count(spread(hash, WORD_BUCKETS));
                word.first_piece = number(self.pieces.len());
                self.read_pieces(spelling);
                word.pieces = number(self.pieces.len()) - word.first_piece;
            }
        }
        if let Some(before) = before {
            let pair = step(before.rotate_left(15), hash);
            word.pair = Some(self.of_words.count(spread(pair, WORD_BUCKETS)));
        }
        self.words.push(word);
        hash
    }

    /// The first word that is written like this one; if there is none, this one is.
    fn like(&mut self, word: &Word) -> Option<Word> {
        let written = self.slice(word.title, word.start, word.end);
        let first = word.hash as usize;
        for at in first..first + SPELLINGS {
            work::steps(1);
            let known = self.spellings.get(at % SPELLINGS).copied()?;
            let Some(known) = known.checked_sub(1) else {
                let next = number(self.words.len() + 1);
                if let Some(slot) = self.spellings.get_mut(at % SPELLINGS) {
                    *slot = next;
                }
                return None;
            };
            let known = self.words.get(usize::from(known))?;
            // The hash tells an address from the word it is cut to.
            if known.hash == word.hash && self.slice(known.title, known.start, known.end) == written
            {
                return Some(*known);
            }
        }
        None
    }

    fn read_pieces(&mut self, spelling: &Spelling) {
        let bordered = spelling.bordered();
        for from in 0..bordered.len() {
            let mut hash = SEED;
            for (length, letter) in (1..=PIECES.1).zip(bordered.iter().skip(from)) {
                hash = step(hash, *letter);
                if length >= PIECES.0 {
                    let bucket = WORD_BUCKETS as u32 + spread(hash, PIECE_BUCKETS);
                    self.pieces.push(self.of_pieces.count(bucket));
                }
            }
        }
    }

    fn finish(self) -> Terms {
        let mut features = self.of_words.features;
        let of_words = features.len();
        features.extend(self.of_pieces.features);
        let mut pieces = self.pieces;
        for piece in &mut pieces {
            *piece = piece.saturating_add(number(of_words));
        }
        let mut by_hash: Vec<(u32, u16)> = (0..)
            .zip(&self.words)
            .map(|(index, word)| (word.hash, index))
            .collect();
        by_hash.sort_unstable();
        Terms {
            words: self.words,
            features,
            of_words,
            pieces,
            by_hash: by_hash.into_iter().map(|(_, index)| index).collect(),
        }
    }
}

/// A text has some thousands of anything.
fn number(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// Features of one kind, counted.
struct Counts {
    features: Vec<Feature>,
    /// One more than the place of the feature that lies here; 0 is free.
    table: Vec<u16>,
}

impl Counts {
    /// `size` is a power of two.
    fn new(size: usize) -> Self {
        Self {
            features: Vec::with_capacity(size / 4),
            table: vec![0; size],
        }
    }

    /// Counts a feature; gives its place.
    fn count(&mut self, bucket: u32) -> u16 {
        let last = self.table.len() - 1;
        let first = (bucket.wrapping_mul(GOLDEN) >> 19) as usize;
        // The table is never full: see PIECE_TABLE. The bound keeps that a matter of
        // speed, not of an end.
        for slot in first..=first + last {
            work::steps(1);
            let Some(entry) = self.table.get_mut(slot & last) else {
                break;
            };
            let Some(known) = entry.checked_sub(1) else {
                let next = self.features.len();
                *entry = number(next + 1);
                self.features.push(Feature { bucket, count: 1 });
                return number(next);
            };
            if let Some(feature) = self.features.get_mut(usize::from(known))
                && feature.bucket == bucket
            {
                feature.count = feature.count.saturating_add(1);
                return known;
            }
        }
        0
    }

    /// Counts a feature once more.
    fn again(&mut self, feature: u16) {
        if let Some(feature) = self.features.get_mut(usize::from(feature)) {
            feature.count = feature.count.saturating_add(1);
        }
    }
}

/// The letters of one word, with a border before and behind.
struct Spelling {
    letters: [u32; MAX_WORD + 2],
    len: usize,
}

/// How much of the text a word takes.
struct Length {
    bytes: usize,
    chars: usize,
}

impl Spelling {
    fn new() -> Self {
        Self {
            letters: [BORDER; MAX_WORD + 2],
            len: 0,
        }
    }

    fn letters(&self) -> &[u32] {
        self.letters.get(1..=self.len).unwrap_or_default()
    }

    fn bordered(&self) -> &[u32] {
        self.letters.get(..self.len + 2).unwrap_or_default()
    }

    fn push(&mut self, letter: char) {
        if self.len < MAX_WORD
            && let Some(to) = self.letters.get_mut(self.len + 1)
        {
            *to = letter as u32;
            self.len += 1;
        }
    }

    /// Reads the word at the start of `text`, at most `most` characters of it.
    fn read(&mut self, text: &str, most: usize) -> Length {
        if let Some(length) = address(text, most) {
            self.push(URL);
            return length;
        }
        if let Some(bytes) = cve(text) {
            self.push(CVE);
            return Length {
                bytes,
                chars: bytes,
            };
        }
        // Most words are plain: letters alone, each a byte.
        let plain = text.bytes().take(most.min(MAX_WORD));
        for letter in plain.take_while(|byte| byte.is_ascii_alphabetic() || *byte == b'_') {
            self.push(char::from(letter));
        }
        let mut bytes = self.len;
        let mut chars = self.len;
        let mut in_number = false;
        let mut letters = text.get(bytes..).unwrap_or_default().chars().peekable();
        while let Some(letter) = letters.next() {
            // "1,20,000" and "2.3" are one number.
            let inside_number = in_number
                && matches!(letter, ',' | '.')
                && letters.peek().is_some_and(|next| next.is_numeric());
            if chars >= most || !(is_word(letter) || inside_number) {
                break;
            }
            if letter.is_numeric() {
                if !in_number {
                    self.push('0');
                }
                in_number = true;
            } else if !inside_number {
                in_number = false;
                self.push(letter);
            }
            bytes += letter.len_utf8();
            chars += 1;
        }
        Length { bytes, chars }
    }
}

/// An address at the start of `text`: to the next blank, and no further.
fn address(text: &str, most: usize) -> Option<Length> {
    let starts = ["http://", "https://", "hxxp://", "hxxps://", "www."];
    if !text.starts_with(['h', 'w']) || !starts.iter().any(|start| text.starts_with(start)) {
        return None;
    }
    let mut length = Length { bytes: 0, chars: 0 };
    for letter in text.chars().take(most) {
        if letter.is_whitespace() {
            break;
        }
        length.bytes += letter.len_utf8();
        length.chars += 1;
    }
    Some(length)
}

/// The bytes of a CVE id at the start of `text`.
fn cve(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("cve-")?;
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let year = digits(rest);
    let number = digits(rest.get(year..)?.strip_prefix('-')?);
    (year == 4 && (4..=10).contains(&number)).then_some("cve-".len() + year + 1 + number)
}

/// Where a hash starts.
const SEED: u32 = 0x811c_9dc5;

/// Odd, with its bits well spread: 2^32 divided by the golden ratio.
const GOLDEN: u32 = 0x9e37_79b9;

fn hash_of(letters: impl Iterator<Item = u32>) -> u32 {
    letters.fold(SEED, step)
}

fn step(hash: u32, letter: u32) -> u32 {
    (hash ^ letter).wrapping_mul(GOLDEN).rotate_left(13)
}

/// A bucket below `buckets`, a power of two. The finish is MurmurHash3's: without
/// it neighbouring letters fall into neighbouring buckets.
fn spread(hash: u32, buckets: usize) -> u32 {
    let mut hash = hash;
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^= hash >> 16;
    hash & (buckets as u32 - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Markup;

    fn terms(title: &str, text: &str) -> (Document, Terms) {
        let document = Document::new(title, text, Markup::Plain);
        let terms = Terms::of(&document);
        (document, terms)
    }

    fn buckets(text: &str) -> Vec<u32> {
        let mut buckets: Vec<u32> = terms("", text)
            .1
            .features
            .iter()
            .map(|feature| feature.bucket)
            .collect();
        buckets.sort_unstable();
        buckets
    }

    #[test]
    fn words_that_mean_the_same_share_features() {
        for (one, other) in [
            ("Hack", "hack"),
            ("CVE-2026-1234", "cve-2025-55555"),
            ("https://a.example/x", "www.b.example"),
            ("12,500 users", "7 users"),
            ("Café", "cafe"),
        ] {
            assert_eq!(buckets(one), buckets(other), "{one} / {other}");
        }
        assert_ne!(buckets("breach data"), buckets("data breach"));
    }

    #[test]
    fn joining_words_are_known_by_word_and_by_bucket() {
        let (_, the) = terms("", "The");
        assert!(Terms::joining_words().contains(&the.features[0].bucket));
        let (_, breach) = terms("", "Breach");
        assert!(!Terms::joining_words().contains(&breach.features[0].bucket));
        assert!(is_joining("के") && !is_joining("breach"));
    }

    #[test]
    fn counts_are_of_words_pairs_and_pieces() {
        // " hack ": 4 pieces of three, 3 of four, 2 of five; the word; twice.
        let (_, one) = terms("", "hack hack");
        assert_eq!(one.features.len(), 11);
        let counts: Vec<u16> = one.features.iter().map(|feature| feature.count).collect();
        assert_eq!(counts.iter().filter(|count| **count == 2).count(), 10);
        // No pair joins title and text.
        assert_eq!(terms("hack", "hack").1.features.len(), 10);
    }

    #[test]
    fn worth_is_shared_among_the_words_it_comes_from() {
        let (document, terms) = terms("Bank hacked", "The bank 🔥 says so");
        let shares = terms.by_word(&vec![1.0; terms.features.len()]);
        let total: f32 = shares.iter().map(|share| share.worth).sum();
        assert!((total - terms.features.len() as f32).abs() < 1e-3);
        let mut places: Vec<Vec<(u32, u32)>> = shares
            .iter()
            .map(|share| terms.places(&document, share, 9))
            .map(|spans| spans.iter().map(|span| (span.start, span.end)).collect())
            .collect();
        places.sort();
        // bank twice, the, hacked, says behind the emoji, so.
        let wanted: [&[(u32, u32)]; 5] = [
            &[(0, 3)],
            &[(0, 4), (4, 8)],
            &[(5, 11)],
            &[(11, 15)],
            &[(16, 18)],
        ];
        assert_eq!(places, wanted);
    }

    #[test]
    fn hostile_texts_cost_what_plain_ones_cost() {
        let long = "x".repeat(3_000_000);
        let varied: String = (0..400_000_u32)
            .filter_map(|n| char::from_u32(0x4e00 + n % 20_000))
            .collect();
        let spaced: String = varied.chars().flat_map(|c| [c, ' ']).collect();
        let address = format!("https://{long}");
        for text in [
            long.as_str(),
            &varied,
            &spaced,
            &address,
            "",
            "\u{200d}\u{202e}",
            "cve-",
            "٣٤٥",
        ] {
            let (_, terms) = terms(text, text);
            assert!(terms.features.len() < 6_200, "{}", terms.features.len());
            assert!(terms.pieces.len() < 5_000, "{}", terms.pieces.len());
            for feature in terms.features() {
                assert!((feature.bucket as usize) < BUCKETS);
            }
            assert!(terms.by_word(&vec![1.0; terms.features.len()]).len() <= terms.words.len());
        }
    }
}
