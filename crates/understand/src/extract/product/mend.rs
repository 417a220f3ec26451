//! The versions that mend a flaw: "fixed in 3.0.7", "upgrade to version 2.6.1",
//! "fixed in macOS Sonoma 14.4, iOS 17.4 and iPadOS 17.4", "16.3.1 fixes the issue".
//!
//! They are the ones that are *not* affected, and say the same as "before 3.0.7"
//! where a text says nothing else. Several of one product mend a line of it each:
//! 2.11.3 and 2.10.12 leave 2.11.0 affected and 2.10.13 not.

use model::VersionRange;

use super::token::Token;
use super::{BETWEEN, MAX_NAME, Product, VERSION_WORDS, is_no_name, name_before, product};

/// Versions told in one list; more is a table.
const MAX_LISTED: usize = 20;

/// Words between "upgrade" and "to": "upgrade the affected component to".
const REACH: usize = 8;

/// What is said of one product.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mend {
    /// The product, if it is named there.
    pub(super) name: Option<Product>,
    /// The versions that mend it.
    versions: Vec<String>,
}

impl Mend {
    /// What is affected if nothing else is said.
    pub(super) fn ranges(&self) -> Vec<VersionRange> {
        self.ranges_from(None)
    }

    /// The same, where the first affected version is told.
    pub(super) fn ranges_from(&self, first: Option<&str>) -> Vec<VersionRange> {
        lines(&self.versions, first)
    }
}

/// What is affected where each of these versions mends a line of its own. All from
/// `first` on is, if that is told.
fn lines(mended: &[String], first: Option<&str>) -> Vec<VersionRange> {
    let mut versions: Vec<(Vec<u64>, &String)> = mended
        .iter()
        .map(|version| (numbers(version), version))
        .collect();
    versions.sort();
    versions.dedup_by(|a, b| a.0 == b.0);
    let mut ranges = Vec::new();
    let mut before: Option<Vec<u64>> = None;
    for (numbers, version) in versions {
        let from = match &before {
            Some(before) => match line_behind(before, &numbers) {
                Some(from) => Some(from),
                // 5.2 mends what 5.2.3 does.
                None => continue,
            },
            None => first.map(str::to_owned),
        };
        ranges.push(VersionRange {
            from_including: from,
            to_excluding: Some(version.clone()),
            ..VersionRange::default()
        });
        before = Some(numbers);
    }
    ranges
}

/// The ranges below several versions, "prior to versions 7.14.4 and 8.6.1", and the
/// token behind them. One version is a range like others.
pub(super) fn below_each(
    text: &str,
    tokens: &[Token<'_>],
    at: usize,
) -> Option<(Vec<VersionRange>, usize)> {
    let is = |at: usize, words: &[&str]| tokens.get(at).is_some_and(|token| token.is(words));
    // "Starting in version 6.0 and prior to versions 6.2.1 and 7.0.3".
    let (first, start) = match tokens.get(at)?.version() {
        Some(first) if is(at + 1, &["and"]) => (Some(first), at + 2),
        Some(first) => (Some(first), at + 1),
        None => (None, at),
    };
    let is_two = is(start, &["prior"]) && is(start + 1, &["to"])
        || is(start, &["earlier", "lower", "older", "less"]) && is(start + 1, &["than"]);
    let joint = if is_two {
        start + 2
    } else if is(start, &["before", "below"]) {
        start + 1
    } else {
        return None;
    };
    // "Prior to 3.1.3 and version 4.0.0" is a range and a version.
    const MANY: &[&str] = &["versions", "releases"];
    let is_many = is(joint, MANY) || start.checked_sub(1).is_some_and(|before| is(before, MANY));
    let (mends, next) = list(text, tokens, joint + usize::from(is(joint, MANY)))?;
    // "2.x versions prior to 2.7, 3.6.x versions prior to 3.6.8" are ranges of their own.
    let is_ranges = is(next, VERSION_WORDS) || is(next, &["before", "prior", "through", "up"]);
    if !is_many || is_ranges || (joint..next).any(|at| is(at, &["version", "release"])) {
        return None;
    }
    match mends.as_slice() {
        [one] if one.name.is_none() && one.versions.len() > 1 => {
            Some((lines(&one.versions, first.as_deref()), next))
        }
        _ => None,
    }
}

/// What mends is told from token `at` on, and the token behind it. Names are not
/// sought before `floor`.
pub(super) fn mends(
    text: &str,
    tokens: &[Token<'_>],
    at: usize,
    floor: usize,
) -> Option<(Vec<Mend>, usize)> {
    let word = tokens.get(at)?;
    if word.is(MOVES) {
        return moved(text, tokens, at, floor);
    }
    if word.is(CURES) {
        return cured(text, tokens, at);
    }
    if word.is(FIXES) {
        return released(text, tokens, at);
    }
    word.version().and_then(|_| curing(text, tokens, at, floor))
}

const MOVES: &[&str] = &[
    "upgrade",
    "upgrades",
    "upgraded",
    "upgrading",
    "update",
    "updates",
    "updated",
    "updating",
];

/// What is done with an update for a product, not what is done to the product.
const GIVEN: &[&str] = &[
    "issued",
    "released",
    "pushed",
    "offered",
    "delivered",
    "rolled",
];

pub(super) const CURES: &[&str] = &[
    "fixed",
    "patched",
    "addressed",
    "resolved",
    "remediated",
    "corrected",
    "mitigated",
];

const FIXES: &[&str] = &["fix", "fixes", "patch", "patches", "hotfix"];

/// Words between "fixed" and "in": "addressed this issue in", "fixed and released in".
const FILLERS: &[&str] = &[
    "this",
    "the",
    "that",
    "it",
    "these",
    "issue",
    "issues",
    "vulnerability",
    "vulnerabilities",
    "flaw",
    "bug",
    "problem",
    "is",
    "are",
    "was",
    "has",
    "have",
    "been",
    "will",
    "be",
    "and",
    "both",
];

/// What becomes of a patch: "a fix is available in 4.4".
const RELEASED: &[&str] = &[
    "available",
    "released",
    "included",
    "introduced",
    "provided",
    "published",
    "implemented",
    "shipped",
];

/// "Upgrade to version 2.6.1", "it is recommended that the Acme Server is upgraded to
/// 25.0.7 or 26.0.2".
fn moved(text: &str, tokens: &[Token<'_>], at: usize, floor: usize) -> Option<(Vec<Mend>, usize)> {
    let version = |at: usize| tokens.get(at).and_then(Token::version);
    // "When you upgrade from 1.9 to 2.0".
    if tokens.get(at + 1).is_some_and(|token| token.is(&["from"])) && version(at + 2).is_some() {
        return Some((Vec::new(), at + 5));
    }
    if is_said_before(tokens, at, &["after", "when", "once", "do"]) {
        return None;
    }
    let joint = (at + 1..=at + REACH)
        .take_while(|next| {
            !ends_sentence(tokens, next - 1)
                && !tokens.get(*next).is_none_or(|token| token.is(&["from"]))
        })
        .find(|next| {
            tokens
                .get(*next)
                .is_some_and(|token| token.is(&["to", "past"]))
        })?;
    // "An update was issued to Acme OS 7 and 8.1": those it is for.
    let is_given = |at| {
        tokens
            .get(at)
            .is_some_and(|token: &Token<'_>| token.is(GIVEN))
    };
    if (at..joint).any(is_given) {
        return None;
    }
    let (mut mends, next) = list(text, tokens, joint + 1)?;
    let stands_before = at
        .checked_sub(1)
        .and_then(|before| tokens.get(before))
        .is_some_and(|before| before.is(&["is", "are"]));
    let told = if stands_before {
        name_before(text, tokens, at, floor)
    } else {
        name_before(text, tokens, joint, at + 1)
    };
    let told = told.filter(|name| name.name.starts_with(char::is_uppercase));
    if let Some(first) = mends.first_mut()
        && first.name.is_none()
    {
        first.name = told;
    }
    Some((mends, next))
}

/// "Fixed in 1.3", "this was addressed in version 2", "the fixed versions are 7.1 and
/// 6.2".
fn cured(text: &str, tokens: &[Token<'_>], at: usize) -> Option<(Vec<Mend>, usize)> {
    let is_partial = [
        "not",
        "never",
        "partially",
        "partly",
        "incompletely",
        "insufficiently",
        "incorrectly",
    ];
    if is_said_before(tokens, at, &is_partial) {
        return None;
    }
    let is = |at: usize, words: &[&str]| tokens.get(at).is_some_and(|token| token.is(words));
    let mut next = at + 1;
    if is(next, VERSION_WORDS) && !ends_sentence(tokens, at) {
        // "Before 5.3.7 (the fixed version for 5.3.x)" says it twice.
        if is(next + 1, &["for"]) {
            return Some((Vec::new(), next + 3));
        }
        next += 1 + usize::from(is(next + 1, &["is", "are"]));
        return list(text, tokens, next);
    }
    while next < at + REACH && (is(next, FILLERS) || is(next, CURES) || is(next, RELEASED)) {
        next += 1;
    }
    let joined = is(next, &["in", "with", "on", "by", "since", "from", "as"]);
    if !joined || (at..next).any(|at| ends_sentence(tokens, at)) {
        return None;
    }
    let start = next + 1 + usize::from(is(next, &["as"]) && is(next + 1, &["of"]));
    list(text, tokens, start).or_else(|| {
        // "In commit 7979b43, which is included in release 2", "in the http module
        // version 0.102".
        let called = (start..start + REACH)
            .take_while(|at| !ends_sentence(tokens, *at))
            .find(|at| is(*at, VERSION_WORDS))?;
        list(text, tokens, called)
    })
}

/// "A fix is available in 4.4"; "a hotfix to 1.9.5" says nothing of what that is.
fn released(text: &str, tokens: &[Token<'_>], at: usize) -> Option<(Vec<Mend>, usize)> {
    let is = |at: usize, words: &[&str]| tokens.get(at).is_some_and(|token| token.is(words));
    let version = |at: usize| tokens.get(at).and_then(Token::version);
    if is(at + 1, &["to", "for"]) && version(at + 2).is_some() {
        return Some((Vec::new(), at + 3));
    }
    let mut next = at + 1;
    while next < at + REACH && (is(next, FILLERS) || is(next, &["for"])) {
        next += 1;
    }
    let joined = is(next, RELEASED) && is(next + 1, &["in", "with", "from", "as", "at"]);
    if !joined || (at..=next).any(|at| ends_sentence(tokens, at)) {
        return None;
    }
    let of = usize::from(is(next + 2, &["of"]));
    list(text, tokens, next + 2 + of)
}

/// "16.3.1 fixes the issue", "versions 1.2 and 1.3 contain a patch".
fn curing(text: &str, tokens: &[Token<'_>], at: usize, floor: usize) -> Option<(Vec<Mend>, usize)> {
    let (mut mends, next) = list(text, tokens, at)?;
    let is = |at: usize, words: &[&str]| tokens.get(at).is_some_and(|token| token.is(words));
    if ends_sentence(tokens, next - 1) {
        return None;
    }
    let what = ["the", "this", "these", "that", "it", "all", "both", "a"];
    let verbs = [
        "fixes",
        "fix",
        "patches",
        "patch",
        "addresses",
        "address",
        "resolves",
        "resolve",
        "mitigates",
        "corrects",
    ];
    let fixes = is(next, &verbs) && is(next + 1, &what);
    let holds = is(
        next,
        &[
            "contains", "contain", "includes", "include", "provides", "provide", "has", "have",
            "is", "are",
        ],
    ) && (next + 1..next + 4)
        .take_while(|at| !ends_sentence(tokens, at - 1) && !is(*at, &["not", "in", "to"]))
        .any(|at| is(at, FIXES) || is(at, CURES));
    if !fixes && !holds {
        return None;
    }
    if let Some(first) = mends.first_mut() {
        first.name = name_before(text, tokens, at, floor)
            .filter(|name| name.name.starts_with(char::is_uppercase));
    }
    Some((mends, next))
}

/// The versions that stand one after the other from token `at` on, each with its
/// product where one is named.
fn list(text: &str, tokens: &[Token<'_>], at: usize) -> Option<(Vec<Mend>, usize)> {
    let mut mends: Vec<Mend> = Vec::new();
    let mut from = at;
    let mut end = at;
    for _ in 0..MAX_LISTED {
        let entry = entry(text, tokens, from);
        let Some((name, version, next)) = entry else {
            // "Security Update 2021-001 Catalina, watchOS 7.3".
            let behind = (from..from + MAX_NAME).find(|at| stop(tokens, *at).is_some());
            match behind.filter(|at| !mends.is_empty() && stop(tokens, *at) == Some(',')) {
                Some(comma) => from = comma + 1,
                None => break,
            }
            continue;
        };
        // Without a name of its own a version belongs to the name before it.
        let known = match &name {
            Some(name) => mends.iter().position(|mend| {
                let known = mend.name.as_ref();
                known.is_some_and(|known| known.name.eq_ignore_ascii_case(&name.name))
            }),
            None => mends.len().checked_sub(1),
        };
        match known.and_then(|known| mends.get_mut(known)) {
            Some(known) => known.versions.push(version),
            None => mends.push(Mend {
                name,
                versions: vec![version],
            }),
        }
        end = next;
        let is_joint = |at: usize| {
            tokens
                .get(at)
                .is_some_and(|token| token.is(&["and", "or", "&"]))
        };
        from = next + usize::from(is_joint(next));
        let goes_on = match stop(tokens, next - 1) {
            Some(',') => true,
            None => from > next || tokens.get(next).is_some_and(is_plain_version),
            Some(_) => false,
        };
        if !goes_on {
            break;
        }
    }
    (!mends.is_empty()).then_some((mends, end))
}

/// One version of a list, with its product, and the token behind it.
fn entry(text: &str, tokens: &[Token<'_>], at: usize) -> Option<(Option<Product>, String, usize)> {
    const BEFORE: &[&str] = &[
        "the", "at", "least", "either", "latest", "both", "its", "new", "newer", "fixed",
        "patched", "stable", "upcoming",
    ];
    let is = |at: usize, words: &[&str]| tokens.get(at).is_some_and(|token| token.is(words));
    let mut start = at;
    while start < at + MAX_NAME && is(start, BEFORE) {
        start += 1;
    }
    let mut end = start;
    while end < start + MAX_NAME
        && let Some(token) = tokens.get(end)
        && (is_name_word(tokens, end, start) || joins_names(tokens, end, start))
    {
        end += 1;
        if token.stop.is_some() {
            return None;
        }
    }
    let mut next = end;
    while next < end + 3 && (is(next, BETWEEN) || is(next, VERSION_WORDS)) {
        if stop(tokens, next) == Some('.') {
            return None;
        }
        next += 1;
    }
    let given = tokens.get(next)?;
    let version = given.version()?;
    let is_number = version.bytes().all(|byte| byte.is_ascii_digit());
    let is_last = given.stop.is_some() || is(next + 1, &["and", "or"]);
    let sure = if is_number {
        // "Fixed in 14 days" is no version, and "in May 2024" is none.
        next > end || version.len() < 4 && (end > start || is_last)
    } else {
        given.is_surely_version() || next > end
    };
    if !sure {
        return None;
    }
    let name = product(text, tokens, start, end);
    next += 1;
    // "8.7.57 ELTS, 9.5.46 ELTS", "15.0 RC1".
    let is_suffix = stop(tokens, next - 1).is_none()
        && tokens.get(next).is_some_and(|token| {
            token.text.len() <= 4
                && token.text.starts_with(|c: char| c.is_ascii_uppercase())
                && !token.text.contains(|c: char| c.is_ascii_lowercase())
        })
        && !tokens.get(next + 1).is_some_and(is_plain_version);
    next += usize::from(is_suffix);
    let later = [
        "later",
        "above",
        "newer",
        "higher",
        "greater",
        "beyond",
        "subsequent",
        "onwards",
    ];
    if is(next, &["and", "or"]) && is(next + 1, &later) {
        next += 2;
        next += usize::from(is(next, VERSION_WORDS));
    }
    Some((name, version, next))
}

/// Whether a name of which a version follows may hold the token: all but a first word
/// right before its version are written large.
fn is_name_word(tokens: &[Token<'_>], at: usize, start: usize) -> bool {
    const MONTHS: &[&str] = &[
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let Some(token) = tokens.get(at) else {
        return false;
    };
    let behind = tokens.get(at + 1);
    let is_before_version = behind.is_some_and(|behind| {
        is_plain_version(behind) || behind.is(VERSION_WORDS) && !token.is(BETWEEN)
    });
    let is_small = at == start && is_before_version && token.text.len() > 2;
    token.version().is_none()
        && !is_no_name(token)
        && !token.is(MONTHS)
        && !token.is(VERSION_WORDS)
        && (token.is_capital() || is_small)
}

/// Whether a joint stands between two words of names: "Gate and Gate Enterprise 1.2".
fn joins_names(tokens: &[Token<'_>], at: usize, start: usize) -> bool {
    at > start
        && tokens
            .get(at)
            .is_some_and(|token| token.is(&["and", "for", "of"]))
        && tokens.get(at + 1).is_some_and(Token::is_capital)
        && is_name_word(tokens, at + 1, start)
}

/// Whether a token is surely a version, "3.0.7".
fn is_plain_version(token: &Token<'_>) -> bool {
    token.version().is_some() && token.text.contains('.')
}

/// Whether one of these words stands up to three words before, in the same sentence.
fn is_said_before(tokens: &[Token<'_>], at: usize, words: &[&str]) -> bool {
    (1..=3)
        .map_while(|back| at.checked_sub(back).and_then(|at| tokens.get(at)))
        .take_while(|token| token.stop.is_none())
        .any(|token| token.is(words) || words.contains(&"not") && token.text.ends_with("n't"))
}

fn stop(tokens: &[Token<'_>], at: usize) -> Option<char> {
    tokens.get(at).and_then(|token| token.stop)
}

fn ends_sentence(tokens: &[Token<'_>], at: usize) -> bool {
    stop(tokens, at).is_some_and(|stop| ".;!?".contains(stop))
}

/// The numbers of a version, as far as they can be compared.
pub(super) fn numbers(version: &str) -> Vec<u64> {
    version
        .split(['.', '-', '_', '+'])
        .map_while(|part| {
            let digits = part.find(|c: char| !c.is_ascii_digit());
            part.get(..digits.unwrap_or(part.len()))?.parse().ok()
        })
        .collect()
}

/// The first version of the line that `mended` mends, where `before` is mended too:
/// behind 14.10.21 version 15.5.5 mends all from 15 on, 15.10.6 all from 15.6 on.
fn line_behind(before: &[u64], mended: &[u64]) -> Option<String> {
    let same = before
        .iter()
        .zip(mended)
        .take_while(|(before, mended)| before == mended)
        .count();
    let first = before.get(same)?.checked_add(1)?;
    let shared = mended.get(..same)?.iter();
    let line: Vec<u64> = shared.chain([&first]).copied().collect();
    let parts: Vec<String> = line.iter().map(u64::to_string).collect();
    (line.as_slice() < mended).then(|| parts.join("."))
}
