//! Stretches of versions as people write them: "before 3.0", "1.0 through 2.0", "from 1.2
//! until 1.4.5", "versions after 6.4.0 and before 6.8.15", "starting with 13.7".
//!
//! A version from which on a flaw is there ("introduced in 1.6.0", "since 3.7") leaves the
//! range open; the version that mends it, often told in the next sentence, closes it: see
//! [`close`].

use model::VersionRange;

use super::mend::{self, CURES, Mend};
use super::token::Token;
use super::{MAX_NAME, Product, VERSION_WORDS};

/// The range that starts at a token, and the token behind it.
pub(super) fn range(tokens: &[Token<'_>], at: usize) -> Option<(VersionRange, usize)> {
    let version = |offset: usize| tokens.get(at + offset).and_then(Token::version);
    let is = |offset: usize, words: &[&str]| is(tokens, at + offset, words);
    if let Some(told) = open(tokens, at)
        .or_else(|| between(tokens, at))
        .or_else(|| after(tokens, at))
    {
        return Some(told);
    }
    // "from n/a through 4.0.10", "from 1.0 before 1.2"
    if is(0, &["from"]) || (is(0, &["starting"]) && version(1).is_some()) {
        let from = version(1).or_else(|| is(1, &["n/a", "unspecified"]).then(String::new))?;
        let from = Some(from).filter(|from| !from.is_empty() && from != "0");
        let (upper, next) = upper(tokens, at + 2)?;
        return Some((from_on(from, upper), next));
    }
    if is(0, &["starting"]) && is(1, &["from", "with"]) {
        return range(tokens, at + 1);
    }
    if let Some((upper, next)) = upper(tokens, at) {
        // "Prior to 0.44.0 and after 0.13.0".
        let behind = |offset: usize| tokens.get(next + offset).and_then(Token::version);
        if self::is(tokens, next, &["and"])
            && self::is(tokens, next + 1, &["after"])
            && let Some(from) = behind(2)
        {
            let range = VersionRange {
                from_excluding: Some(from),
                ..upper
            };
            return Some((range, next + 3));
        }
        return Some((upper, next));
    }
    single(tokens, at)
}

/// What begins with a version.
fn single(tokens: &[Token<'_>], at: usize) -> Option<(VersionRange, usize)> {
    let token = tokens.get(at)?;
    let first = token.version()?;
    let is = |offset: usize, words: &[&str]| is(tokens, at + offset, words);
    // "Starting in version 1.0 and prior to version 1.9".
    if is(1, &["and"])
        && let Some((upper, next)) = upper(tokens, at + 2)
        && let Some(bound) = upper.to_excluding.as_ref()
        && mend::numbers(&first) < mend::numbers(bound)
    {
        return Some((from_on(Some(first), upper), next));
    }
    // "1.0 through 2.0", "1.0 - 2.0", "7.0 before 7.2", "1.0 to 1.9"
    if token.stop.is_none()
        && let Some((upper, next)) =
            upper(tokens, at + 1).or_else(|| joined_by_dash(tokens, at + 1))
    {
        return Some((from_on(Some(first), upper), next));
    }
    let sure = token.is_surely_version()
        || at
            .checked_sub(1)
            .and_then(|before| tokens.get(before))
            .is_some_and(|before| before.is(VERSION_WORDS));
    if !sure {
        return None;
    }
    if let Some(told) = branch(tokens, at, &first) {
        return Some(told);
    }
    let from = |first| from_on(Some(first), VersionRange::default());
    if is(1, ONWARDS) && token.stop.is_none() {
        return Some((from(first), at + 2));
    }
    if is(1, &["and", "or", "&"]) {
        let earlier = [
            "earlier", "prior", "priors", "below", "older", "lower", "previous", "before", "under",
        ];
        let later = ["later", "above", "newer", "higher", "up"];
        // "7.2.4 and all earlier versions", "7.2.4 and versions below".
        let mut word = 2;
        while word < 5 && (is(word, &["all", "any"]) || is(word, VERSION_WORDS)) {
            word += 1;
        }
        // "1.2 and before 1.3" says another thing.
        let unbroken = |at: usize| tokens.get(at).is_some_and(|token| token.stop.is_none());
        let goes_on = unbroken(at + word)
            && tokens
                .get(at + word + 1)
                .is_some_and(|next| next.version().is_some());
        if is(word, &earlier) && !(goes_on && is(word, &["before", "below"])) {
            let to = VersionRange {
                to_including: Some(first),
                ..VersionRange::default()
            };
            return Some((to, at + word + 1));
        }
        if is(2, &later) || is(2, ONWARDS) {
            return Some((from(first), at + 3));
        }
    }
    if is_introduced(tokens, at) || is_mended_behind(tokens, at) {
        return Some((from(first), at + 1));
    }
    let exact = VersionRange {
        exact: Some(first),
        ..VersionRange::default()
    };
    Some((exact, at + 1))
}

/// The first version behind a line: 7.3 behind 7.2.
fn next_line(numbers: &[u64]) -> Option<String> {
    let (last, front) = numbers.split_last()?;
    let mut line: Vec<String> = front.iter().map(u64::to_string).collect();
    line.push(last.checked_add(1)?.to_string());
    Some(line.join("."))
}

/// The range in a line of versions that is told before it: "3.6.x versions prior to 3.6.8",
/// "7.2 (7.2.0 through 7.2.4)", "7.0 all versions".
fn branch(tokens: &[Token<'_>], at: usize, line: &str) -> Option<(VersionRange, usize)> {
    if tokens.get(at)?.stop.is_some_and(|stop| stop != '(') {
        return None;
    }
    let line = line.trim_end_matches(['x', 'X', '*', '.']);
    let numbers = mend::numbers(line);
    if is(tokens, at + 1, &["all"]) && is(tokens, at + 2, VERSION_WORDS) {
        let range = VersionRange {
            from_including: Some(line.to_owned()),
            to_excluding: Some(next_line(&numbers)?),
            ..VersionRange::default()
        };
        return Some((range, at + 3));
    }
    let mut next = at + 1;
    while next < at + 3 && is(tokens, next, VERSION_WORDS) {
        next += 1;
    }
    let full = |at: usize| {
        let token = tokens.get(at).filter(|token| token.stop.is_none())?;
        token.version()
    };
    let (told, end) = match full(next) {
        Some(first) => {
            let (upper, end) =
                upper(tokens, next + 1).or_else(|| joined_by_dash(tokens, next + 1))?;
            (from_on(Some(first), upper), end)
        }
        None => upper(tokens, next)?,
    };
    let is_within = |version: &Option<String>| {
        version.as_deref().is_none_or(|version| {
            let version = mend::numbers(version);
            version.len() > numbers.len() && version.starts_with(&numbers)
        })
    };
    let bounds = [&told.from_including, &told.to_including, &told.to_excluding];
    let is_line = !numbers.is_empty() && bounds.into_iter().all(is_within);
    is_line.then(|| {
        let from = told.from_including.clone();
        (from_on(from.or_else(|| Some(line.to_owned())), told), end)
    })
}

const ONWARDS: &[&str] = &["onwards", "onward"];

/// A version from which on all are affected, no other being named behind it: "starting with
/// 13.7", "since 3.7".
fn open(tokens: &[Token<'_>], at: usize) -> Option<(VersionRange, usize)> {
    let is = |at: usize, words: &[&str]| is(tokens, at, words);
    let mut next = if is(at, &["starting", "beginning"]) {
        at + 1 + usize::from(is(at + 1, &["from", "with", "in", "at"]))
    } else if tokens.get(at)?.text == "since" {
        // "Note that since 6.6", "has been fixed since 2.1": of what is sound.
        let is_sound = at.checked_sub(1).is_some_and(|before| {
            is(before, &["that", "available", "removed", "disabled"]) || is(before, CURES)
        });
        if is_sound {
            return None;
        }
        at + 1
    } else {
        return None;
    };
    while is(next, VERSION_WORDS) {
        next += 1;
    }
    let given = tokens.get(next)?;
    let version = given.version()?;
    let goes_on = upper(tokens, next + 1).is_some()
        || is(next + 1, &["and"]) && upper(tokens, next + 2).is_some();
    let sure = given.is_surely_version() || next > at + 1;
    (sure && !goes_on).then(|| {
        let range = from_on(Some(version), VersionRange::default());
        (range, next + 1)
    })
}

/// "Between versions 4.57.0 and 4.80.1", "between 2.0.3 (including) and 2.0.6 (excluding)".
fn between(tokens: &[Token<'_>], at: usize) -> Option<(VersionRange, usize)> {
    let is = |at: usize, words: &[&str]| is(tokens, at, words);
    if !is(at, &["between"]) {
        return None;
    }
    let sure = |at: usize| {
        let token = tokens.get(at)?;
        token.version().filter(|_| token.is_surely_version())
    };
    let first = at + 1 + usize::from(is(at + 1, VERSION_WORDS));
    let from = sure(first)?;
    let joint = first + 1 + usize::from(is(first + 1, MARKS));
    let second = joint + 1 + usize::from(is(joint + 1, VERSION_WORDS));
    if !is(joint, &["and"]) {
        return None;
    }
    let (upper, next) = marked(tokens, second, sure(second)?, true);
    Some((from_on(Some(from), upper), next))
}

/// "Versions after 6.4.0 and before 6.8.15".
fn after(tokens: &[Token<'_>], at: usize) -> Option<(VersionRange, usize)> {
    let is = |at: usize, words: &[&str]| is(tokens, at, words);
    let is_of_versions = at.checked_sub(1).is_some_and(|at| is(at, VERSION_WORDS));
    if !is(at, &["after"]) || !is_of_versions {
        return None;
    }
    let from = tokens.get(at + 1)?.version()?;
    let upper = upper(tokens, at + 2 + usize::from(is(at + 2, &["and"])));
    let (upper, next) = upper.unwrap_or((VersionRange::default(), at + 2));
    let range = VersionRange {
        from_excluding: Some(from),
        ..upper
    };
    Some((range, next))
}

/// An upper bound that starts at a token: "before 3.0", "up to, and including, 2".
fn upper(tokens: &[Token<'_>], at: usize) -> Option<(VersionRange, usize)> {
    let word = |offset: usize| tokens.get(at + offset);
    let is = |offset: usize, words: &[&str]| word(offset).is_some_and(|token| token.is(words));
    let (mut next, inclusive) = if is(0, &["before", "below", "<"]) {
        (1, false)
    } else if (is(0, &["prior", "older", "earlier", "lower", "less"])) && is(1, &["to", "than"]) {
        (2, false)
    } else if is(0, &["up"]) && is(1, &["to", "until", "till", "through", "thru"]) {
        // "Up to, and including, 3.1", "up to but not including 3.2".
        let said = (2..5).find(|offset| is(*offset, &["including", "excluding"]));
        let excluded = said.is_some_and(|offset| {
            is(offset, &["excluding"]) || is(offset.saturating_sub(1), &["not"])
        });
        (said.map_or(2, |offset| offset + 1), !excluded)
    } else if is(0, &["through", "thru", "to", "until", "till", "<=", "≤"]) {
        (1, true)
    } else {
        return None;
    };
    while is(next, VERSION_WORDS) || is(next, &["including", "and", "the"]) {
        next += 1;
    }
    let given = word(next)?;
    let version = given.version()?;
    // "up to 5 users": a bare number needs more than "to".
    let sure = given.is_surely_version() || next > 1 || inclusive;
    sure.then(|| marked(tokens, at + next, version, inclusive))
}

/// Says of a bound in brackets behind it whether it is affected itself.
const MARKS: &[&str] = &["inclusive", "including", "exclusive", "excluding"];

/// The upper bound at a token, as what stands in brackets behind it says, and the token
/// behind that: "until 7.6 (inclusive)".
fn marked(
    tokens: &[Token<'_>],
    at: usize,
    version: String,
    inclusive: bool,
) -> (VersionRange, usize) {
    let is_bracket = tokens.get(at).is_some_and(|token| token.stop == Some('('));
    let mark = is_bracket && is(tokens, at + 1, MARKS);
    let inclusive = if mark {
        is(tokens, at + 1, &["inclusive", "including"])
    } else {
        inclusive
    };
    let mut range = VersionRange::default();
    if inclusive {
        range.to_including = Some(version);
    } else {
        range.to_excluding = Some(version);
    }
    (range, at + 1 + usize::from(mark))
}

fn joined_by_dash(tokens: &[Token<'_>], at: usize) -> Option<(VersionRange, usize)> {
    let dash = tokens.get(at).filter(|token| token.is(&["-", "–", "—"]))?;
    let version = tokens.get(at + 1)?.version()?;
    (dash.stop.is_none()).then_some((
        VersionRange {
            to_including: Some(version),
            ..VersionRange::default()
        },
        at + 2,
    ))
}

/// Whether the flaw came with this version: "introduced in Acme Gate 1.6.0".
fn is_introduced(tokens: &[Token<'_>], at: usize) -> bool {
    let before = tokens.get(at.saturating_sub(MAX_NAME + 3)..at);
    let mut before = before.unwrap_or_default().iter().rev();
    let sentence = before
        .by_ref()
        .take_while(|token| !token.stop.is_some_and(|stop| ".;!?,".contains(stop)));
    let mut behind: Option<&Token<'_>> = None;
    for token in sentence {
        if token.is(&["introduced"]) && behind.is_some_and(|behind| behind.is(&["in", "with"])) {
            return true;
        }
        behind = Some(token);
    }
    false
}

/// Whether right behind the version stands which one mends it: "0.23.0 and fixed in 0.24.0".
fn is_mended_behind(tokens: &[Token<'_>], at: usize) -> bool {
    const BETWEEN: &[&str] = &["was", "were", "is", "has", "been", "then", "later"];
    let mut next = at + 2;
    while next < at + 5 && is(tokens, next, BETWEEN) {
        next += 1;
    }
    is(tokens, at + 1, &["and"]) && is(tokens, next, CURES) && is(tokens, next + 1, &["in"])
}

/// Closes what was told to be affected from a version on, where the text also says which
/// versions mend it. False if nothing was open.
pub(super) fn close(product: &mut Product, mend: &Mend) -> bool {
    let open = |range: &VersionRange| {
        let rest = VersionRange {
            from_including: None,
            ..range.clone()
        };
        range.from_including.is_some() && rest == VersionRange::default()
    };
    let [only] = product.ranges.as_slice() else {
        return false;
    };
    if !open(only) {
        return false;
    }
    let closed = mend.ranges_from(only.from_including.as_deref());
    let is_sound = closed.first().is_some_and(|first| {
        let bound = |version: &Option<String>| version.as_deref().map(mend::numbers);
        bound(&first.from_including) < bound(&first.to_excluding)
    });
    if is_sound {
        product.ranges = closed;
    }
    is_sound
}

fn from_on(from: Option<String>, upper: VersionRange) -> VersionRange {
    VersionRange {
        from_including: from,
        ..upper
    }
}

fn is(tokens: &[Token<'_>], at: usize, words: &[&str]) -> bool {
    tokens.get(at).is_some_and(|token| token.is(words))
}
