//! What the name model sees of each token, worked out once.

use crate::extract::gazetteer::{Gazetteer, Match, class, fold_hash};
use crate::extract::token::Token;

use super::memo::Memo;
use super::model::{GENRES, Model};
use crate::work;

/// How a token is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// No capital.
    Lower,
    /// A capital first, none after.
    Initial,
    /// Capitals only, two at least.
    Upper,
    /// Capitals elsewhere.
    Mixed,
    /// No letter with case.
    None,
}

/// One token as the model sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    pub(super) token: Token,
    /// Lower case, digits folded.
    pub(super) lower: u64,
    /// Lower case.
    pub(super) exact: u64,
    pub(super) shape: u64,
    pub(super) case: Case,
    pub(super) pattern: u8,
    pub(super) affixes: [u64; 4],
    /// Zero if the word is in none.
    pub(super) cluster: u16,
    /// What it says of the text's genre.
    pub(super) genres: [i8; GENRES],
    /// Classes of the known name it is part of, and [`INSIDE`].
    pub(super) known: u16,
    /// The same for words of a text that are written alike; counted over the texts.
    pub(super) spelling: u32,
}

/// Marks in [`Word::known`] that the name began before this token. The bit is one
/// that only the table uses.
pub(super) const INSIDE: u16 = class::LONGER;

/// All that the sums of a word by itself hang on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Looks {
    lower: u64,
    shape: u64,
    affixes: [u64; 4],
    genre: u64,
    cluster: u16,
    case: Case,
    pattern: u8,
}

impl Looks {
    pub(super) fn hash(&self) -> u64 {
        self.lower ^ self.shape.rotate_left(17) ^ self.genre.rotate_left(48)
    }
}

impl Word {
    /// What the sums of this word hang on in a text of this genre.
    pub(super) fn looks(&self, genre: u64) -> Looks {
        Looks {
            lower: self.lower,
            shape: self.shape,
            affixes: self.affixes,
            genre,
            cluster: self.cluster,
            case: self.case,
            pattern: self.pattern,
        }
    }

    pub(super) fn has_capital(&self) -> bool {
        matches!(self.case, Case::Initial | Case::Upper | Case::Mixed)
    }
}

/// Looks at every token of a text: at each spelling once. `spelling` is the
/// number of the first.
pub(super) fn look(
    text: &str,
    tokens: &[Token],
    model: &Model,
    memo: &mut Memo,
    genre: &mut [i32; GENRES],
    mut spelling: u32,
) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::with_capacity(tokens.len());
    let mut spellings = Spellings::new(tokens.len());
    for tokens in tokens.chunks(AT_ONCE) {
        let mut hashes = [0; AT_ONCE];
        let mut touched = 0;
        for (hash, token) in hashes.iter_mut().zip(tokens) {
            *hash = hash_of(text.get(token.start..token.end).unwrap_or_default());
            touched ^= memo.touch_word(*hash);
        }
        std::hint::black_box(touched);
        for (token, hash) in tokens.iter().zip(hashes) {
            let written = text.get(token.start..token.end).unwrap_or_default();
            let first = spellings.find(written, hash, words.len(), |at| {
                let same = words.get(at)?;
                text.get(same.token.start..same.token.end)
            });
            let word = match first.and_then(|at| words.get(at)) {
                Some(first) => Word {
                    token: *token,
                    ..*first
                },
                None => {
                    spelling += 1;
                    let word = memo.word(written, hash).copied().unwrap_or_else(|| {
                        let word = word(written, *token, model);
                        memo.keep_word(written, hash, word);
                        word
                    });
                    Word {
                        token: *token,
                        spelling: spelling - 1,
                        ..word
                    }
                }
            };
            for (sum, says) in genre.iter_mut().zip(word.genres) {
                *sum += i32::from(says);
            }
            words.push(word);
        }
    }
    words
}

/// Words looked up side by side, so that the processor waits for many at a time.
const AT_ONCE: usize = 128;

fn hash_of(written: &str) -> u64 {
    let mut hash = Hasher::new();
    written.bytes().for_each(|byte| hash.eat(byte));
    hash.0
}

/// The words of a text by their spelling, in an open table.
struct Spellings {
    /// One more than the place of the first word that is written so; 0 is free.
    table: Vec<u32>,
}

impl Spellings {
    /// More than half of the table is free, so that only words made for it stand
    /// further from their place; those are looked at each time.
    const FURTHEST: usize = 64;

    fn new(words: usize) -> Self {
        Self {
            table: vec![0; (words * 2 + 1).next_power_of_two()],
        }
    }

    /// The first word written so; if there is none, the one at `next` will be.
    fn find<'t>(
        &mut self,
        written: &str,
        hash: u64,
        next: usize,
        spelled: impl Fn(usize) -> Option<&'t str>,
    ) -> Option<usize> {
        let last = self.table.len() - 1;
        let first = usize::try_from((hash ^ (hash >> 32)) & 0xffff_ffff).unwrap_or_default();
        for at in first..first + Self::FURTHEST {
            let slot = self.table.get_mut(at & last)?;
            let Some(known) = slot.checked_sub(1) else {
                *slot = u32::try_from(next + 1).unwrap_or_default();
                return None;
            };
            work::steps(1);
            if spelled(known as usize) == Some(written) {
                return Some(known as usize);
            }
        }
        None
    }
}

/// Finds the known names among the words from `first` on, and marks what is part of one.
pub(super) fn mark(words: &mut [Word], first: usize, gazetteer: &Gazetteer) -> Vec<Match> {
    let words = words.get_mut(first..).unwrap_or_default();
    let hashes: Vec<u64> = words.iter().map(|word| word.exact).collect();
    let mut matches = gazetteer.find(&hashes, |at| {
        words.get(at).is_some_and(|word| {
            word.has_capital()
                || matches!(word.pattern, pattern::DIGIT_MIX)
                || word.case == Case::None
        })
    });
    for found in &mut matches {
        for (offset, word) in words
            .iter_mut()
            .skip(found.start)
            .take(found.end - found.start)
            .enumerate()
        {
            word.known = (found.classes & !class::LONGER) | if offset > 0 { INSIDE } else { 0 };
        }
        found.start += first;
        found.end += first;
    }
    matches
}

fn word(written: &str, token: Token, model: &Model) -> Word {
    let (shape, case) = shape(written);
    let lower = lower_hash(written);
    let (cluster, genres) = model.cluster(lower);
    Word {
        token,
        lower,
        exact: fold_hash(written),
        shape,
        case,
        pattern: pattern::of(written),
        affixes: affixes(written),
        cluster,
        genres,
        known: 0,
        spelling: 0,
    }
}

/// The hash of a word in lower case with its digits folded: what the model knows
/// words and clusters by.
#[must_use]
pub fn lower_hash(written: &str) -> u64 {
    let mut hash = Hasher::new();
    if written.is_ascii() {
        for byte in written.bytes() {
            hash.eat(if byte.is_ascii_digit() {
                b'0'
            } else {
                byte.to_ascii_lowercase()
            });
        }
    } else {
        let mut buffer = [0; 4];
        for character in written.chars().flat_map(char::to_lowercase) {
            let character = if character.is_ascii_digit() {
                '0'
            } else {
                character
            };
            for byte in character.encode_utf8(&mut buffer).bytes() {
                hash.eat(byte);
            }
        }
    }
    hash.0
}

struct Hasher(u64);

impl Hasher {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn eat(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
}

/// `Xx`, `XxX`, `Xd-d`: kinds of characters, repeats once.
fn shape(written: &str) -> (u64, Case) {
    let mut hash = Hasher::new();
    let mut last = 0;
    let (mut upper, mut lower, mut initial, mut inner) = (0_u32, 0_u32, false, false);
    for (at, character) in written.chars().enumerate() {
        let kind = if character.is_uppercase() {
            upper += 1;
            initial |= at == 0;
            inner |= at > 0;
            b'X'
        } else if character.is_lowercase() {
            lower += 1;
            b'x'
        } else if character.is_numeric() {
            b'd'
        } else if character.is_alphabetic() {
            b'o'
        } else if character.is_ascii() {
            u8::try_from(character).unwrap_or(b'.')
        } else {
            b'.'
        };
        if kind != last {
            hash.eat(kind);
            last = kind;
        }
    }
    let length = written.len();
    // Single capitals and long runs are another matter than two or three.
    hash.eat(if length == 1 {
        1
    } else if length <= 3 {
        2
    } else {
        3
    });
    let case = match (upper, lower) {
        (0, 0) => Case::None,
        (0, _) => Case::Lower,
        (1, _) if initial => Case::Initial,
        (_, 0) => Case::Upper,
        _ if inner => Case::Mixed,
        _ => Case::Initial,
    };
    (hash.0, case)
}

/// The first three and four, the last three and four characters, in lower case;
/// zero where the word is no longer than that.
fn affixes(written: &str) -> [u64; 4] {
    let mut out = [0; 4];
    let starts: [usize; 2] = [3, 4];
    let mut hash = Hasher::new();
    let mut count = 0;
    let mut long = false;
    for character in written.chars() {
        if count >= 4 {
            long = true;
            break;
        }
        for lower in character.to_lowercase() {
            hash.eat_char(lower);
        }
        count += 1;
        if count == starts[0] {
            out[0] = hash.0;
        }
        if count == starts[1] {
            out[1] = hash.0;
        }
    }
    if !long {
        out[1] = 0;
        if count <= 3 {
            out[0] = 0;
        }
    }
    let mut hash = Hasher::new();
    let mut taken = 0;
    let mut rest = written.chars().rev();
    for character in rest.by_ref().take(4) {
        for lower in character.to_lowercase() {
            hash.eat_char(lower);
        }
        taken += 1;
        if taken == 3 {
            out[2] = hash.0;
        }
        if taken == 4 {
            out[3] = hash.0;
        }
    }
    if rest.next().is_none() {
        out[3] = 0;
        if taken <= 3 {
            out[2] = 0;
        }
    }
    out
}

impl Hasher {
    fn eat_char(&mut self, character: char) {
        let code = u32::from(character);
        self.0 = (self.0 ^ u64::from(code)).wrapping_mul(0x0100_0000_01b3);
    }
}

/// Tokens with a grammar of their own.
pub(super) mod pattern {
    pub(crate) const PLAIN: u8 = 0;
    const URL: u8 = 1;
    const PATH: u8 = 2;
    const ADDRESS: u8 = 3;
    const HASH: u8 = 4;
    pub(crate) const VERSION: u8 = 5;
    const FILE: u8 = 6;
    const PACKAGE: u8 = 7;
    const CVE: u8 = 8;
    const NUMBER: u8 = 9;
    const HOST: u8 = 10;
    const MAIL: u8 = 11;
    pub(crate) const DIGIT_MIX: u8 = 12;
    const PUNCTUATION: u8 = 13;
    const QUOTE: u8 = 14;
    const DOTTED: u8 = 15;
    const UNDERSCORED: u8 = 16;
    const CALL: u8 = 17;

    const FILES: &[&str] = &[
        "exe", "dll", "doc", "docx", "docm", "xls", "xlsx", "xlsm", "js", "vbs", "ps1", "php",
        "apk", "pdf", "zip", "rar", "jar", "sys", "bat", "cmd", "tmp", "dat", "txt", "py", "sh",
        "html", "htm", "asp", "aspx", "lnk", "scr", "bin", "cpl", "msi", "iso", "img", "so", "dex",
        "hta", "rtf", "ppt", "pptx", "jsp", "xml", "json", "jpg", "png", "gif", "log", "ini",
        "cfg", "db", "vbe", "wsf", "ocx", "7z", "gz", "csv", "inf",
    ];

    const PACKAGES: &[&str] = &[
        "com", "org", "net", "android", "air", "io", "de", "eu", "pl", "ru", "br", "co",
    ];

    /// Whether it is what the grammar of indicators decides on.
    pub(crate) fn is_address(pattern: u8) -> bool {
        matches!(pattern, URL | ADDRESS | HASH | HOST | MAIL)
    }

    pub(crate) fn of(written: &str) -> u8 {
        let bytes = written.as_bytes();
        if bytes.iter().all(u8::is_ascii_alphabetic) {
            return PLAIN;
        }
        let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
        let letters = bytes.iter().filter(|b| b.is_ascii_alphabetic()).count();
        let has = |wanted: u8| bytes.contains(&wanted);
        if digits + letters == 0 {
            if !written.is_ascii() && written.chars().any(char::is_alphabetic) {
                return PLAIN;
            }
            return if matches!(
                written,
                "\"" | "'" | "“" | "”" | "‘" | "’" | "«" | "»" | "`"
            ) {
                QUOTE
            } else {
                PUNCTUATION
            };
        }
        if written.contains("://") || written.starts_with("hxxp") || written.starts_with("www.") {
            return URL;
        }
        let tail = written.get(..4).unwrap_or_default();
        if tail.eq_ignore_ascii_case("cve-") {
            return CVE;
        }
        if has(b'@') {
            return MAIL;
        }
        if bytes.iter().all(u8::is_ascii_hexdigit)
            && digits > 0
            && matches!(bytes.len(), 32 | 40 | 64 | 128)
        {
            return HASH;
        }
        let extension = written.rsplit('.').next().unwrap_or_default();
        if has(b'.')
            && extension.len() < 5
            && FILES
                .iter()
                .any(|file| extension.eq_ignore_ascii_case(file))
        {
            return FILE;
        }
        if has(b'\\') || (has(b'/') && bytes.len() > 1) {
            return PATH;
        }
        if letters == 0 {
            let dots = bytes.iter().filter(|b| **b == b'.').count();
            return match dots {
                3 => ADDRESS,
                1 | 2 => VERSION,
                _ => NUMBER,
            };
        }
        if has(b'.') {
            let first = written.split('.').next().unwrap_or_default();
            let lower = !bytes.iter().any(u8::is_ascii_uppercase);
            let dots = bytes.iter().filter(|b| **b == b'.').count();
            if dots > 1 && PACKAGES.contains(&first) {
                return PACKAGE;
            }
            if lower && extension.len() >= 2 && extension.bytes().all(|b| b.is_ascii_alphabetic())
                || has(b'[')
            {
                return HOST;
            }
            let digits = first.strip_prefix(['v', 'V']).unwrap_or(first);
            if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
                return VERSION;
            }
            return DOTTED;
        }
        if has(b'(') {
            return CALL;
        }
        if has(b'_') {
            return UNDERSCORED;
        }
        if digits > 0 { DIGIT_MIX } else { PLAIN }
    }
}
