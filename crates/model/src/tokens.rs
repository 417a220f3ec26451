//! Our own token stream: what full text is made of, the same for every back end,
//! for queries and for rules that look into an item's text in memory.
//!
//! The databases' own tokenizers are left out on purpose: the default of FTS5
//! tears Devanagari apart at its vowel signs, and none of them knows that
//! `CVE-2026-1234` is one name. Text is NFKC, lower-case, split by the Unicode
//! word rules (UAX 29); Latin letters lose their accents and plain ones are
//! stemmed as English, every other script keeps its marks. A name with a digit
//! and a hyphen or dot (`cve-2026-1234`, `7.2.4`) stands in the stream whole and
//! then in its parts, so that it is found either way; `zero-day` is just its
//! parts and so finds `zero day` too.

use std::sync::OnceLock;

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use crate::stop::is_stop;

/// How much of one text is searchable: about 30,000 English words, ten times a
/// long article. What comes after is hostile or a book.
const LONGEST_TEXT: usize = 200_000;
/// How much of a query is read.
const LONGEST_QUERY: usize = 1_000;
/// Longer words are cut: nobody types them, and a hash has 128 digits.
const LONGEST_TOKEN: usize = 128;
/// Names with more parts are not kept whole: they are slugs of addresses.
const MOST_PARTS: usize = 8;

/// The tokens of a text, joined by spaces.
#[must_use]
pub fn stream(text: &str) -> String {
    let mut joined = String::with_capacity(text.len().min(LONGEST_TEXT));
    for token in tokens(text, LONGEST_TEXT) {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(&token.text);
    }
    joined
}

/// The words of a text that may tell it from others, as they stand in the index and
/// as a reader would know them. Numbers alone, short words and those of
/// [`stop`](crate::stop) do not.
#[must_use]
pub fn words(text: &str) -> Vec<(String, String)> {
    let tells = |token: &Token| {
        token.raw.chars().count() >= 3
            && token.raw.chars().any(char::is_alphabetic)
            && !is_stop(&token.raw)
    };
    tokens(text, LONGEST_TEXT)
        .into_iter()
        .filter(tells)
        .map(|token| (token.text, token.raw))
        .collect()
}

/// The text with case and form folded, for keys that must be equal.
#[must_use]
pub fn folded(text: &str) -> String {
    text.trim()
        .nfkc()
        .flat_map(char::to_lowercase)
        .take(LONGEST_QUERY)
        .collect()
}

/// Who tells an item, as full text has it.
#[must_use]
pub fn tellers(source: &str, author: Option<&str>) -> String {
    format!("{source} {}", author.unwrap_or_default())
}

/// A word or phrase that is looked for: one of these phrases stands in the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(pub Vec<Phrase>);

/// Tokens that follow one another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phrase {
    /// The tokens; never empty.
    pub tokens: Vec<String>,
    /// Whether the last one may go on.
    pub prefix: bool,
}

impl Term {
    /// What stands in quotes: the whole stream, so that names stand in it as they
    /// do in the text. `prefix`: its last word may go on. None when it holds no
    /// words.
    #[must_use]
    pub fn quoted(text: &str, prefix: bool) -> Option<Self> {
        let phrases = phrases(tokens(text, LONGEST_QUERY), prefix);
        (!phrases.is_empty()).then_some(Self(phrases))
    }

    /// A word without quotes: a name as a whole, or its parts, which then must
    /// follow one another. Scripts that set no spaces have many parts in one word.
    #[must_use]
    pub fn bare(word: &str, prefix: bool) -> Option<Self> {
        let (wholes, parts): (Vec<Token>, Vec<Token>) = tokens(word, LONGEST_QUERY)
            .into_iter()
            .partition(|token| token.whole);
        let mut alternatives: Vec<Phrase> = wholes
            .into_iter()
            .map(|whole| Phrase {
                tokens: vec![whole.text],
                prefix,
            })
            .collect();
        alternatives.extend(phrases(parts, prefix));
        (!alternatives.is_empty()).then_some(Self(alternatives))
    }
}

/// The streams of one item, in which words are looked for in memory just as the
/// store's full text finds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    title: String,
    text: String,
    names: String,
}

impl Text {
    /// The streams of an item: its clean title, its clean text, and who tells it
    /// (source and author).
    #[must_use]
    pub fn of(title: &str, text: &str, names: &str) -> Self {
        // A space on both sides, so that a token is found with its ends.
        let padded = |text| format!(" {} ", stream(text));
        Self {
            title: padded(title),
            text: padded(text),
            names: padded(names),
        }
    }

    /// Whether the term stands in it; `in_title`: in its title.
    #[must_use]
    pub fn holds(&self, term: &Term, in_title: bool) -> bool {
        let columns = [&self.title, &self.text, &self.names];
        let looked_in = if in_title { 1 } else { columns.len() };
        term.0.iter().any(|phrase| {
            let end = if phrase.prefix { "" } else { " " };
            let wanted = format!(" {}{end}", phrase.tokens.join(" "));
            columns
                .iter()
                .take(looked_in)
                .any(|column| column.contains(&wanted))
        })
    }

    /// Its tokens, as often as they stand there.
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        let columns = [&self.title, &self.text, &self.names];
        columns
            .into_iter()
            .flat_map(|column| column.split_ascii_whitespace())
    }
}

/// The tokens as a phrase. The index holds stems, so a begun word such as
/// `exploita*` must also find what its completions are stemmed to: `exploit`.
fn phrases(tokens: Vec<Token>, prefix: bool) -> Vec<Phrase> {
    let mut texts: Vec<String> = Vec::with_capacity(tokens.len());
    let mut last_raw = None;
    for token in tokens {
        texts.push(token.text);
        last_raw = Some(token.raw);
    }
    let Some(begun) = last_raw else {
        return Vec::new();
    };
    if !prefix {
        return vec![Phrase {
            tokens: texts,
            prefix,
        }];
    }
    texts.pop();
    let ending_with = |last: String, prefix| Phrase {
        tokens: texts.iter().cloned().chain([last]).collect(),
        prefix,
    };
    let mut phrases: Vec<Phrase> = completed_stems(&begun)
        .into_iter()
        .map(|stem| ending_with(stem, false))
        .collect();
    phrases.push(ending_with(begun, true));
    phrases
}

/// Endings of English words that somebody may be about to type.
const ENDINGS: [&str; 16] = [
    "", "e", "s", "es", "ed", "d", "ing", "ng", "g", "ion", "tion", "ation", "on", "ment", "ity",
    "er",
];

/// The stems, shorter than what was typed, of words that begin with it. Short
/// beginnings have none: `forti*` means FortiOS and not forts.
fn completed_stems(begun: &str) -> Vec<String> {
    const SHORTEST: usize = 6;
    if begun.len() < SHORTEST {
        return Vec::new();
    }
    let mut stems: Vec<String> = ENDINGS
        .iter()
        .map(|ending| stemmed(&format!("{begun}{ending}")))
        .filter(|stem| !stem.starts_with(begun))
        .collect();
    stems.sort_unstable();
    stems.dedup();
    stems
}

struct Token {
    /// As it stands in the index.
    text: String,
    /// Before stemming.
    raw: String,
    /// Whether it is a name kept whole, whose parts follow.
    whole: bool,
}

fn tokens(text: &str, longest: usize) -> Vec<Token> {
    let plain = plain(text, longest);
    let mut names = Names::default();
    for segment in plain.split_word_bounds() {
        match segment {
            "-" | "\u{2010}" => names.connect('-'),
            "." => names.connect('.'),
            "_" => names.connect('_'),
            _ if segment.chars().any(char::is_alphanumeric) => names.word(segment),
            _ => names.end(),
        }
    }
    names.end();
    names.found
}

/// The text in NFKC and lower case, without what only steers rendering. Most of a text
/// is ASCII, which needs no tables: stretches of it are taken over whole, but for the
/// last character, with which what follows may combine.
fn plain(text: &str, longest: usize) -> String {
    let text = cut(text, longest);
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let ascii = rest.bytes().take_while(u8::is_ascii).count();
        let whole = if ascii == rest.len() {
            ascii
        } else {
            ascii.saturating_sub(1)
        };
        let (easy, hard) = rest.split_at_checked(whole).unwrap_or((rest, ""));
        plain.push_str(easy);
        if let Some(start) = plain.len().checked_sub(easy.len())
            && let Some(easy) = plain.get_mut(start..)
        {
            easy.make_ascii_lowercase();
        }
        // Its first character and those behind it that are not ASCII.
        let stretch = hard
            .char_indices()
            .skip(1)
            .find(|(_, c)| c.is_ascii())
            .map_or(hard.len(), |(at, _)| at);
        let (hard, after) = hard.split_at_checked(stretch).unwrap_or((hard, ""));
        plain.extend(
            hard.chars()
                .filter(|c| !is_invisible(*c))
                .nfkc()
                .flat_map(char::to_lowercase)
                .map(ascii_digit),
        );
        rest = after;
    }
    // NFKC can make 18 characters of one.
    let kept = cut(&plain, longest).len();
    plain.truncate(kept);
    plain
}

/// The first characters of a text, so many.
fn cut(text: &str, longest: usize) -> &str {
    if text.len() <= longest {
        return text;
    }
    let end = text.char_indices().nth(longest);
    end.and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// Puts words together into names such as `cve-2026-1234`.
#[derive(Default)]
struct Names {
    found: Vec<Token>,
    /// The parts of the name so far.
    parts: Vec<String>,
    /// The name so far, with its hyphens and dots.
    whole: String,
    /// Whether the last thing was a hyphen or dot, so that the name may go on.
    open: bool,
}

impl Names {
    /// A word of UAX 29. It may itself hold dots, commas and apostrophes.
    fn word(&mut self, word: &str) {
        if !self.open {
            self.end();
        }
        let mut part = String::new();
        let mut letters = word.chars().peekable();
        let mut after_apostrophe = false;
        while let Some(c) = letters.next() {
            if c.is_alphanumeric() || is_combining_mark(c) {
                part.push(c);
                continue;
            }
            let number_goes_on = part.ends_with(|c: char| c.is_ascii_digit())
                && letters.peek().is_some_and(char::is_ascii_digit);
            // 1,000 and 2,30,000 are numbers, whatever the grouping.
            if c == ',' && number_goes_on {
                continue;
            }
            self.part(std::mem::take(&mut part), after_apostrophe);
            after_apostrophe = matches!(c, '\'' | '\u{2019}');
            if matches!(c, '.' | '_') {
                self.connect(c);
            } else {
                self.end();
            }
        }
        self.part(part, after_apostrophe);
    }

    fn part(&mut self, part: String, after_apostrophe: bool) {
        // The genitive's `s` is no word.
        if part.is_empty() || (after_apostrophe && part == "s") {
            return;
        }
        self.whole.push_str(&part);
        self.parts.push(part);
        self.open = false;
    }

    fn connect(&mut self, connector: char) {
        if self.open || self.parts.is_empty() {
            self.end();
            return;
        }
        self.whole.push(connector);
        self.open = true;
    }

    fn end(&mut self) {
        let whole = std::mem::take(&mut self.whole);
        let whole = whole.trim_end_matches(['-', '.', '_']);
        let is_name = (2..=MOST_PARTS).contains(&self.parts.len())
            && whole.len() <= LONGEST_TOKEN
            && whole.contains(|c: char| c.is_ascii_digit());
        if is_name {
            self.found.push(Token {
                text: whole.to_owned(),
                raw: whole.to_owned(),
                whole: true,
            });
        }
        for part in self.parts.drain(..) {
            let raw = unaccented(&part);
            // A lone accent is nothing once accents are gone.
            if raw.is_empty() {
                continue;
            }
            self.found.push(Token {
                text: stemmed(&raw),
                raw,
                whole: false,
            });
        }
        self.open = false;
    }
}

/// Characters that steer rendering and are not part of a word: joiners, direction
/// marks, soft hyphens, byte order marks.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Devanagari digits as the ASCII ones, so that २०२६ and 2026 are one number.
fn ascii_digit(c: char) -> char {
    match c {
        '\u{966}'..='\u{96f}' => {
            u8::try_from(u32::from(c) - 0x966).map_or(c, |digit| char::from(b'0' + digit))
        }
        _ => c,
    }
}

/// Latin letters without their accents; words of other scripts as they are.
fn unaccented(word: &str) -> String {
    let cut = word.chars().take(LONGEST_TOKEN);
    if word.is_ascii() || !word.chars().all(is_latin) {
        return cut.collect();
    }
    let mut plain = String::with_capacity(word.len());
    for c in cut.nfd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'ß' => plain.push_str("ss"),
            'æ' => plain.push_str("ae"),
            'œ' => plain.push_str("oe"),
            'þ' => plain.push_str("th"),
            'ø' => plain.push('o'),
            'ł' => plain.push('l'),
            'đ' | 'ð' => plain.push('d'),
            'ı' => plain.push('i'),
            _ => plain.push(c),
        }
    }
    plain
}

/// Letters of the Latin blocks, digits, and the accents that stand after them.
const fn is_latin(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{300}'..='\u{36f}')
}

/// The English stem of a plain word; anything else as it is.
fn stemmed(word: &str) -> String {
    static STEMMER: OnceLock<Stemmer> = OnceLock::new();
    if word.len() < 3 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return word.to_owned();
    }
    STEMMER
        .get_or_init(|| Stemmer::create(Algorithm::English))
        .stem(word)
        .into_owned()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &Expect) {
        expected.assert_eq(&stream(text));
    }

    #[test]
    fn english_is_stemmed_and_accents_do_not_count() {
        check(
            "Attackers EXPLOITED the exploits",
            &expect!["attack exploit the exploit"],
        );
        check(
            "Café München’s Straße, Łódź",
            &expect!["cafe munchen strass lodz"],
        );
        check(
            "ﬁle ＣＶＥ can't CERT-In's",
            &expect!["file cve can t cert in"],
        );
    }

    #[test]
    fn words_that_tell_nothing_are_no_words_that_tell() {
        let told = words("The 40 banks that WERE hit have been told: अस्पतालों पर हमला");
        let written: Vec<&str> = told.iter().map(|(_, written)| written.as_str()).collect();
        assert_eq!(written, ["banks", "hit", "told", "अस्पतालों"]);
    }

    #[test]
    fn names_stand_whole_and_in_parts() {
        check(
            "Fix CVE-2026-1234 now.",
            &expect!["fix cve-2026-1234 cve 2026 1234 now"],
        );
        check(
            "a zero-day in FortiOS 7.2.4, via 10.0.0.1 and evil.example.com",
            &expect!["a zero day in fortio 7.2.4 7 2 4 via 10.0.0.1 10 0 0 1 and evil exampl com"],
        );
        check(
            "1,000 and 2,30,000 people; T1566.001; a_b_1",
            &expect!["1000 and 230000 peopl t1566.001 t1566 001 a_b_1 a b 1"],
        );
        check("-- x- -y .5. .. ͺ", &expect!["x y 5"]);
    }

    #[test]
    fn hindi_keeps_its_marks_and_other_scripts_are_split() {
        check(
            "भारतीय रेलवे पर साइबर हमला। २०२६ में",
            &expect!["भारतीय रेलवे पर साइबर हमला 2026 में"],
        );
        check("क\u{958} \u{915}\u{94d}\u{200d}\u{937}", &expect!["कक़ क्ष"]);
        check("网络攻击 атаки", &expect!["网 络 攻 击 атаки"]);
    }

    #[track_caller]
    fn check_term(term: Option<Term>, expected: &Expect) {
        let shown = term.map(|Term(phrases)| {
            let shown = phrases.iter().map(|phrase| {
                let star = if phrase.prefix { "*" } else { "" };
                format!("{}{star}", phrase.tokens.join(" "))
            });
            shown.collect::<Vec<_>>().join(" | ")
        });
        expected.assert_eq(&shown.unwrap_or_default());
    }

    #[test]
    fn a_word_is_looked_for_whole_and_in_parts() {
        check_term(Term::bare("actively", false), &expect!["activ"]);
        check_term(
            Term::bare("CVE-2026-1234", false),
            &expect!["cve-2026-1234 | cve 2026 1234"],
        );
        check_term(
            Term::bare("cve-2026-12", true),
            &expect!["cve-2026-12* | cve 2026 12*"],
        );
        check_term(Term::bare("zero-day", false), &expect!["zero day"]);
        check_term(
            Term::bare("exploita", true),
            &expect!["exploit | exploita*"],
        );
        check_term(Term::quoted("remote cod", true), &expect!["remot cod*"]);
        check_term(
            Term::quoted("was exploiti", true),
            &expect!["was exploit | was exploiti*"],
        );
        check_term(Term::quoted("!!! -", false), &expect![""]);
        check_term(Term::bare("!!!", false), &expect![""]);
    }

    #[test]
    fn a_text_holds_words_phrases_and_beginnings() {
        let text = Text::of(
            "Attackers exploit FortiOS 7.2.4",
            "A zero day is exploited.",
            "the-feed",
        );
        let check = |term: Option<Term>, in_title, holds| {
            let term = term.unwrap();
            assert_eq!(text.holds(&term, in_title), holds, "{term:?}");
        };
        check(Term::bare("exploits", false), false, true);
        check(Term::bare("zero-day", false), false, true);
        check(Term::bare("zero-day", false), true, false);
        check(Term::bare("7.2.4", false), true, true);
        check(Term::bare("7.2.40", false), true, false);
        check(Term::bare("forti", true), true, true);
        check(Term::bare("forti", false), true, false);
        check(Term::bare("the-feed", false), false, true);
        // A phrase stands in one of the three and not across them.
        check(Term::quoted("7.2.4 a zero", false), false, false);
    }

    proptest! {
        #[test]
        fn a_text_taken_in_stretches_is_the_text_taken_whole(
            text in "([a-dA-D \\-.]|[éÅﬁＡｶﾞ\u{212a}\u{300}-\u{303}\u{323}\u{200d}\u{ad}]|[क-घ]़?|\\PC){0,40}",
            longest in 0_usize..60,
        ) {
            let whole: String = text
                .chars()
                .take(longest)
                .filter(|c| !is_invisible(*c))
                .nfkc()
                .flat_map(char::to_lowercase)
                .map(ascii_digit)
                .take(longest)
                .collect();
            prop_assert_eq!(plain(&text, longest), whole);
        }

        #[test]
        fn any_text_gives_tokens_without_spaces_or_quotes(text in "\\PC{0,200}") {
            for token in tokens(&text, LONGEST_TEXT) {
                prop_assert!(!token.text.is_empty());
                prop_assert!(!token.text.contains([' ', '"', '\0', '\n']), "{:?}", token.text);
            }
            for prefix in [false, true] {
                for term in [Term::bare(&text, prefix), Term::quoted(&text, prefix)].into_iter().flatten() {
                    prop_assert!(term.0.iter().all(|phrase| !phrase.tokens.is_empty()));
                }
            }
        }
    }
}
