//! The words of a text in which versions are looked for.
//!
//! Versions keep their points and hyphens: "14.1-43.50" is one. But "7.2.0-7.2.4" is two
//! and a dash, and "9.0.0 Patch 46" is one of two words: without its level it would be an
//! earlier version, which nobody spoke of.

/// Descriptions say what is affected early.
const MAX_TOKENS: usize = 400;

/// The longest version, in bytes.
const MAX_VERSION: usize = 40;

/// A word of the text; versions keep their points and hyphens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) start: usize,
    pub(super) end: usize,
    /// A comma, bracket or point stands behind it.
    pub(super) stop: Option<char>,
}

impl Token<'_> {
    pub(super) fn is(&self, words: &[&str]) -> bool {
        words
            .iter()
            .any(|word| self.text.eq_ignore_ascii_case(word))
    }

    /// The version a token is: "3.0.7", "v2", "2020.3", "7.x".
    pub(super) fn version(&self) -> Option<String> {
        let bare = self.text.trim_start_matches(['v', 'V']);
        // "v.0.24.0"
        let bare = match bare.strip_prefix('.') {
            Some(rest) if bare.len() < self.text.len() => rest,
            _ => bare,
        };
        let digits = bare.starts_with(|c: char| c.is_ascii_digit());
        let sound = bare.len() <= MAX_VERSION
            && bare
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".-_+* ".contains(c));
        (digits && sound).then(|| bare.to_owned())
    }

    /// A number that no version is: a year of a date, "500 users".
    pub(super) fn is_surely_version(&self) -> bool {
        self.version().is_some()
            && (self.text.contains('.')
                || self.text.contains(' ')
                || self.text.starts_with(['v', 'V'])
                || self.text.len() <= 2)
    }

    pub(super) fn is_capital(&self) -> bool {
        self.text.chars().any(char::is_uppercase)
    }
}

/// The words of a text, a version with its level as one of them.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    with_levels(text, &words(text))
}

fn words(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while tokens.len() < MAX_TOKENS {
        let rest = text.get(at..).unwrap_or_default();
        let skipped = rest.len() - rest.trim_start().len();
        let start = at + skipped;
        let word = text.get(start..).unwrap_or_default();
        let len = word.find(char::is_whitespace).unwrap_or(word.len());
        if len == 0 {
            break;
        }
        at = start + len;
        let written = word.get(..len).unwrap_or_default();
        let head = written.len()
            - written
                .trim_start_matches(['(', '[', '"', '\'', '`', '<', '=', '>', '≤', '≥'])
                .len();
        // "<=3.1", "≤3.1" and "< 2.0" are words and bounds.
        let bound = written.len() - written.trim_start_matches(['<', '=', '>', '≤', '≥']).len();
        if bound > 0 {
            tokens.push(Token {
                text: written.get(..bound).unwrap_or_default(),
                start,
                end: start + bound,
                stop: None,
            });
        }
        let body = written.get(head..).unwrap_or_default();
        let kept = body.trim_end_matches([',', '.', ';', ':', ')', ']', '"', '\'', '`', '!', '?']);
        if kept.is_empty() {
            continue;
        }
        let bare = kept
            .strip_suffix("'s")
            .or_else(|| kept.strip_suffix("’s"))
            .unwrap_or(kept);
        let stop = body.get(kept.len()..).and_then(|tail| tail.chars().next());
        let opens = written.starts_with(['(', '[']);
        let begin = start + head;
        let token = |from: usize, to: usize, stop| Token {
            text: bare.get(from..to).unwrap_or_default(),
            start: begin + from,
            end: begin + to,
            stop,
        };
        if let Some((from, to)) = dash(bare) {
            tokens.push(token(0, from, None));
            tokens.push(token(from, to, None));
            tokens.push(token(to, bare.len(), stop));
            continue;
        }
        tokens.push(token(0, bare.len(), stop));
        // An opening bracket stops the name before it.
        if opens && let Some(index) = tokens.len().checked_sub(2) {
            let before: Option<&mut Token<'_>> = tokens.get_mut(index);
            if let Some(before) = before {
                before.stop = before.stop.or(Some('('));
            }
        }
    }
    tokens
}

/// Where the dash of a stretch of versions stands, "7.2.0-7.2.4".
fn dash(word: &str) -> Option<(usize, usize)> {
    /// Numbers in a version that is told in full.
    const FULL: usize = 3;
    let at = word.find(['-', '–', '—'])?;
    let width = word.get(at..)?.chars().next()?.len_utf8();
    let (from, to) = (word.get(..at)?, word.get(at + width..)?);
    let (first, last) = (plain(from)?, plain(to)?);
    // "14.1-43.50" is a build of 14.1.
    let is_one_line = first.first() == last.first()
        || first.len() == last.len() && first.len() >= FULL
        || width > 1;
    (first < last && is_one_line).then_some((at, at + width))
}

/// The numbers of a version that has nothing but numbers and points, several of them.
fn plain(version: &str) -> Option<Vec<u64>> {
    let version = version.trim_start_matches(['v', 'V']);
    let numbers = version.split('.').map(|number| number.parse().ok());
    numbers
        .collect::<Option<Vec<u64>>>()
        .filter(|numbers| numbers.len() > 1)
}

/// The same tokens, versions and their levels as one: "9.0.0 Patch 46", "8.0 U3d",
/// "2023 Update 12".
fn with_levels<'a>(text: &'a str, tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut joined: Vec<Token<'a>> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let count = level(tokens, at).unwrap_or_default();
        let whole = tokens.get(at + count).and_then(|last| {
            let whole = Token {
                text: text.get(token.start..last.end)?,
                start: token.start,
                ..*last
            };
            whole.version().map(|_| whole)
        });
        at += 1 + whole.map_or(0, |_| count);
        joined.push(whole.unwrap_or(*token));
    }
    joined
}

/// How many words behind a version say its level.
fn level(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    const LEVELS: &[&str] = &[
        "patch", "update", "hotfix", "hf", "sp", "cu", "rollup", "build", "u", "p", "rc", "beta",
        "alpha",
    ];
    const GLUED: &[&str] = &["U", "SP", "P", "CU", "HF", "RC", "R"];
    let version = tokens.get(at).filter(|token| token.stop.is_none())?;
    let is_year = version.text.len() == 4 && version.text.starts_with("20");
    if version.version().is_none() || !(version.text.contains('.') || is_year) {
        return None;
    }
    let word = tokens.get(at + 1)?;
    // "In 2023 update 12 servers".
    if is_year && !word.is_capital() {
        return None;
    }
    let glued = GLUED.iter().find_map(|level| word.text.strip_prefix(level));
    if glued.is_some_and(is_number) {
        return Some(1);
    }
    let of_two = [
        ("service", "pack"),
        ("cumulative", "update"),
        ("fix", "pack"),
    ]
    .iter()
    .any(|(one, two)| word.is(&[one]) && tokens.get(at + 2).is_some_and(|next| next.is(&[two])));
    let count = if of_two {
        2
    } else if word.is(LEVELS) {
        1
    } else {
        return None;
    };
    let number = tokens.get(at + 1 + count)?;
    let unbroken =
        (at + 1..at + 1 + count).all(|at| tokens.get(at).is_some_and(|it| it.stop.is_none()));
    (unbroken && is_number(number.text)).then_some(count + 1)
}

/// Whether it is "46" or "3d".
fn is_number(text: &str) -> bool {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    !digits.is_empty()
        && text.len() <= 6
        && text.len() - digits.len() <= 1
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}
