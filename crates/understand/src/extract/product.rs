//! Products and the versions of them that a description names: "OpenSSL before
//! 3.0.7", "FortiPortal versions 7.0.0 through 7.0.6 and version 7.2.0", "the Acme
//! plugin for WordPress is vulnerable in all versions up to, and including, 3.0.1".
//!
//! A range belongs to the product before it. Where no name stands right before it,
//! as in the last example, it belongs to the text's subject: what "in …", "The …
//! plugin" or the first words of the sentence name. The version that mends a flaw
//! ([`mend`]) bounds a range only where none is told. Nothing here knows any product;
//! lists only help where they are complete, and new products are not in them.

pub mod maker;
mod mend;
mod range;
mod token;

use model::VersionRange;

use mend::Mend;
use token::{Token, tokens};

/// Products of one text; more is a table.
const MAX_PRODUCTS: usize = 20;

/// Words of a name: "Siemens SIMATIC S7-1200 CPU family V4".
const MAX_NAME: usize = 6;

/// A product with what is said of its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// As the text writes it.
    pub name: String,
    /// Its affected versions; empty if the text names none.
    pub ranges: Vec<VersionRange>,
    /// Where the name stands, in bytes of the text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Whether its versions only follow from those that mend it.
    pub by_mend: bool,
}

/// The products of a description, in order, its subject first.
#[must_use]
pub fn products(text: &str) -> Vec<Product> {
    let tokens = tokens(text);
    let subject = subject(text, &tokens);
    products_of(text, &tokens, subject)
}

/// The same, where it is known what a range is of that has no name of its own.
fn products_of(text: &str, tokens: &[Token<'_>], subject: Option<Product>) -> Vec<Product> {
    let mut found: Vec<Product> = Vec::new();
    let mut mended: Vec<Mend> = Vec::new();
    // A name further back than the last range is not the next one's own.
    let mut floor = 0;
    let mut last: Option<usize> = None;
    let mut at = 0;
    while at < tokens.len() && found.len() < MAX_PRODUCTS {
        if let Some((mends, next)) = mend::mends(text, tokens, at, floor) {
            mended.extend(mends);
            (at, floor, last) = (next, next, None);
            continue;
        }
        let told = mend::below_each(text, tokens, at)
            .or_else(|| range::range(tokens, at).map(|(range, next)| (vec![range], next)));
        let Some((ranges, next)) = told else {
            at += 1;
            continue;
        };
        let own = name_before(text, tokens, at, floor);
        let behind = name_behind(text, tokens, next);
        let is_list = last.is_some_and(|last| joined(tokens, last, at));
        if is_spared(tokens, at, next) || !is_list && is_number(tokens, at, next, own.as_ref()) {
            at = next;
            continue;
        }
        let name = match (own, behind, found.last(), &subject) {
            (Some(own), _, _, _) => own,
            (None, Some(behind), _, _) => behind,
            (None, None, Some(before), _) if is_list => before.clone(),
            (None, None, _, Some(subject)) => subject.clone(),
            _ => {
                at = next;
                continue;
            }
        };
        match found.iter_mut().find(|known| same(&known.name, &name.name)) {
            Some(known) => {
                let new = ranges.into_iter();
                let new: Vec<_> = new.filter(|range| !known.ranges.contains(range)).collect();
                known.ranges.extend(new);
            }
            None => found.push(Product { ranges, ..name }),
        }
        (at, floor, last) = (next, next, Some(next));
    }
    add_mended(&mut found, &mended, subject.as_ref());
    if found.is_empty() {
        found.extend(subject);
    }
    found
}

/// Adds what follows from the versions that mend, of products of which nothing else
/// is said.
fn add_mended(found: &mut Vec<Product>, mended: &[Mend], subject: Option<&Product>) {
    for mend in mended {
        let is_closed = match (&mend.name, found.as_mut_slice()) {
            (Some(name), found) => found
                .iter_mut()
                .filter(|known| are_one(&known.name, &name.name))
                .any(|known| range::close(known, mend)),
            (None, [only]) => range::close(only, mend),
            (None, _) => false,
        };
        if is_closed {
            continue;
        }
        if let Some(name) = &mend.name
            && let Some(known) = found
                .iter_mut()
                .find(|known| are_one(&known.name, &name.name))
        {
            // "Nutch before 1.18 … fixed in Apache Nutch 1.18".
            if known.name.len() < name.name.len() {
                let ranges = std::mem::take(&mut known.ranges);
                *known = Product {
                    ranges,
                    ..name.clone()
                };
            }
            continue;
        }
        let is_told = mend.name.is_none() && !found.is_empty();
        let Some(name) = mend.name.as_ref().or(subject) else {
            continue;
        };
        if !is_told && found.len() < MAX_PRODUCTS {
            found.push(Product {
                ranges: mend.ranges(),
                by_mend: true,
                ..name.clone()
            });
        }
    }
}

/// Whether one name stands in the other: "Acme Gate" and "Gate".
fn are_one(one: &str, other: &str) -> bool {
    let one: Vec<&str> = one.split_whitespace().collect();
    let other: Vec<&str> = other.split_whitespace().collect();
    let (long, short) = if one.len() < other.len() {
        (other, one)
    } else {
        (one, other)
    };
    long.windows(short.len().max(1)).any(|words| {
        let mut pairs = words.iter().zip(&short);
        pairs.all(|(word, known)| same(word, known))
    })
}

/// Words that bound a range; without one of them the text has none.
const BOUNDS: &[&str] = &[
    " before ",
    " below ",
    "prior to ",
    "earlier",
    "older",
    "lower",
    "up to",
    "through ",
    "thru ",
    "until ",
    "<",
];

/// The products of a text of any kind whose affected versions have a bound, as in "Acme
/// Gate before 7.2.4". A version alone is not enough: in news "Rs 4.5" is none.
pub(crate) fn bounded(text: &str) -> Vec<Product> {
    if BOUNDS.iter().any(|bound| text.contains(bound)) {
        of_sentence(text, None)
    } else {
        Vec::new()
    }
}

/// The same of a sentence that speaks of a flaw, where more words say that versions are
/// affected: "7.2.0 to 7.2.4", "fixed in 7.2.5". A range without a name before it is of
/// `subject`, which its text named earlier, or else of what the sentence itself is about.
pub(crate) fn of_sentence(sentence: &str, subject: Option<Product>) -> Vec<Product> {
    if !holds_version(sentence) {
        return Vec::new();
    }
    let tokens = tokens(sentence);
    let subject = subject.or_else(|| self::subject(sentence, &tokens));
    let mut products = products_of(sentence, &tokens, subject);
    for product in &mut products {
        // "Windows 7" is a name, and below it is nothing.
        product.ranges.retain(is_dotted);
    }
    products.retain(|product| {
        is_written_as_name(&product.name) && product.ranges.iter().any(is_bounded)
    });
    products
}

/// What a sentence is about, if it is a product of a list.
pub(crate) fn listed_subject(sentence: &str) -> Option<Product> {
    let subject = subject(sentence, &tokens(sentence))?;
    maker::is_listed(&subject.name).then_some(subject)
}

/// Whether a name is written large and says more than a kind of thing: "Acme Gate 5G".
fn is_written_as_name(name: &str) -> bool {
    const KINDS: &[&str] = &[
        "app", "client", "desktop", "devices", "firmware", "latest", "patch", "plugin", "previous",
        "security", "server", "software", "system", "systems", "update", "updates", "users",
    ];
    let is_kind = |word: &str| KINDS.iter().any(|kind| same(kind, word));
    // "iOS" and "macOS" too.
    let first = name.split_whitespace().next().unwrap_or_default();
    first.starts_with(char::is_alphabetic)
        && first.contains(char::is_uppercase)
        && !name.split_whitespace().all(is_kind)
        && name
            .split_whitespace()
            .all(|word| word.contains(|c: char| c.is_uppercase() || c.is_ascii_digit()))
}

/// Whether all its bounds have a point, as hardly a number in news has that is no version.
fn is_dotted(range: &VersionRange) -> bool {
    let bounds = [
        &range.exact,
        &range.from_including,
        &range.from_excluding,
        &range.to_including,
        &range.to_excluding,
    ];
    let uppers = [&range.to_including, &range.to_excluding, &range.exact];
    bounds.into_iter().flatten().next().is_some()
        && uppers
            .into_iter()
            .flatten()
            .all(|version| version.contains('.'))
}

fn is_bounded(range: &VersionRange) -> bool {
    [&range.to_including, &range.to_excluding]
        .into_iter()
        .flatten()
        .any(|version| version.contains('.'))
}

/// Whether a digit stands on both sides of a point.
fn holds_version(text: &str) -> bool {
    text.as_bytes().windows(3).any(|three| {
        matches!(three, [before, b'.', after] if before.is_ascii_digit() && after.is_ascii_digit())
    })
}

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

const VERSION_WORDS: &[&str] = &[
    "version",
    "versions",
    "version(s",
    "release",
    "releases",
    "ver",
    "v",
    "firmware",
    "build",
    "builds",
];

/// Words between a name and its range.
const BETWEEN: &[&str] = &[
    "version", "versions", "release", "releases", "ver", "v", "all", "in", "is", "are", "running",
    "affected", "with", "plugin", "theme", "include", "includes", "since",
];

/// Words that no product is called, though they may be written large.
const NO_NAME: &[&str] = &[
    "a",
    "an",
    "the",
    "in",
    "on",
    "of",
    "for",
    "and",
    "or",
    "to",
    "by",
    "via",
    "with",
    "from",
    "at",
    "this",
    "that",
    "these",
    "those",
    "it",
    "is",
    "are",
    "was",
    "has",
    "have",
    "when",
    "where",
    "if",
    "there",
    "multiple",
    "certain",
    "all",
    "some",
    "issue",
    "issues",
    "vulnerability",
    "vulnerabilities",
    "affects",
    "affected",
    "affecting",
    "improper",
    "missing",
    "incorrect",
    "cross-site",
    "sql",
    "remote",
    "stored",
    "reflected",
    "allows",
    "allow",
    "before",
    "prior",
    "versions",
    "version",
    "release",
    "fixed",
    "using",
    "use",
    "due",
    "buffer",
    "heap",
    "stack",
    "note",
    "nothing",
    "something",
    "component",
    "file",
    "function",
    "exists",
    "found",
    "discovered",
    "unauthenticated",
    "authenticated",
    "starting",
    "after",
    "user",
    "memory",
    "information",
    "xss",
    "csrf",
    "ssrf",
    "dos",
    "rce",
    "denial",
    "cwe",
    "insecure",
    "an",
    "as",
    "prior",
    "fix",
    "patched",
    "upgrade",
    "update",
    "upgraded",
    "addressed",
    "plugin",
    "theme",
    "hotfix",
    "include",
    "includes",
    "including",
    "introduced",
    "known",
    "layer",
    "since",
    "we",
    "users",
];

/// What a product does at the start of a description.
const VERBS: &[&str] = &[
    "is",
    "has",
    "have",
    "allows",
    "does",
    "can",
    "contains",
    "leaks",
    "before",
    "through",
    "was",
    "fails",
    "mishandles",
    "lacks",
    "uses",
    "incorrectly",
    "improperly",
    "provides",
    "suffers",
];

fn is_no_name(token: &Token<'_>) -> bool {
    token.is(NO_NAME) || token.text.starts_with("CVE-") || token.text.starts_with("CWE-")
}

/// The name that ends right before token `at`, not reaching back beyond `floor`.
fn name_before(text: &str, tokens: &[Token<'_>], at: usize, floor: usize) -> Option<Product> {
    let mut end = at;
    while end > floor
        && let Some(token) = tokens.get(end - 1)
        && token.is(BETWEEN)
    {
        if token.is(&["in"]) && end < at {
            // "in versions before 3": the name stands elsewhere.
            return None;
        }
        end -= 1;
    }
    if end < at && is_pair(tokens, end, "wordpress", &["plugin", "theme"]) {
        end -= 1;
    }
    end = before_brackets(tokens, end, floor);
    let last = end.checked_sub(1).and_then(|index| tokens.get(index))?;
    // "Acme Gate, version 8.9 and prior", "Acme Gate, before version 9".
    let is_versioned = tokens
        .get(end)
        .is_some_and(|next| end < at && next.is(VERSION_WORDS) || next.is(&["before", "prior"]));
    let stops = if is_versioned { ",:)\"(" } else { ":)\"(" };
    if end <= floor || last.stop.is_some_and(|stop| !stops.contains(stop)) {
        return None;
    }
    let mut start = end;
    while start > floor && end - start < MAX_NAME {
        let Some(token) = tokens.get(start - 1) else {
            break;
        };
        let lower = !token.is_capital() && !token.text.contains(|c: char| c.is_ascii_digit());
        // The last word may be small ("curl before 8"), and so may joints inside.
        let joint = lower && token.is(&["of", "for", "and"]) && start < end;
        let first = start == end;
        if token.stop.is_some() && !first
            || is_no_name(token) && !joint
            || (lower && !first && !joint)
        {
            break;
        }
        start -= 1;
    }
    while start < end
        && tokens
            .get(start)
            .is_some_and(|token| token.is(&["of", "for", "and", "the"]))
    {
        start += 1;
    }
    let name = product(text, tokens, start, end)?;
    // "The Acme client for iOS before 14.9" is no iOS.
    let is_made_for = is_pair(tokens, start, "for", PLATFORMS);
    (!is_made_for || end > start + 1).then_some(name)
}

/// What others make things for.
const PLATFORMS: &[&str] = &["android", "ios", "linux", "macos", "windows"];

/// Whether these two words stand around a place: "WordPress | plugin".
fn is_pair(tokens: &[Token<'_>], at: usize, before: &str, behind: &[&str]) -> bool {
    let before_is = at.checked_sub(1).and_then(|index| tokens.get(index));
    before_is.is_some_and(|token| token.is(&[before]))
        && tokens.get(at).is_some_and(|token| token.is(behind))
}

/// Steps back over what stands in brackets behind a name: "TIM 1531 (6GK7543-1MX00)".
fn before_brackets(tokens: &[Token<'_>], end: usize, floor: usize) -> usize {
    let stop = |at: usize| tokens.get(at).and_then(|token| token.stop);
    let mut at = end;
    while at > floor + 1 && (stop(at - 1) == Some('(') || stop(at - 1) == Some(')')) {
        if stop(at - 1) == Some('(') {
            return at;
        }
        let open = (floor..at - 1)
            .rev()
            .take(MAX_NAME)
            .find(|index| stop(*index) == Some('('));
        let Some(open) = open else { return at };
        at = open + 1;
    }
    at
}

/// The name behind a range: "versions before 3.0.7 of OpenSSL".
fn name_behind(text: &str, tokens: &[Token<'_>], at: usize) -> Option<Product> {
    tokens.get(at).filter(|token| token.is(&["of"]))?;
    let mut end = at + 1;
    if tokens.get(end).is_some_and(|token| token.is(&["the"])) {
        end += 1;
    }
    let start = end;
    while end - start < MAX_NAME
        && let Some(token) = tokens.get(end)
        && token.is_capital()
        && !is_no_name(token)
    {
        end += 1;
        if token.stop.is_some() {
            break;
        }
    }
    product(text, tokens, start, end)
}

/// What the text is about: the first name it writes large behind "in", "of" or
/// "the", or at its start.
fn subject(text: &str, tokens: &[Token<'_>]) -> Option<Product> {
    /// A name stands in the first sentence or two.
    const REACH: usize = 60;
    for (at, token) in tokens.iter().enumerate().take(REACH) {
        let opens = at == 0
            || tokens.get(at - 1).is_some_and(|before| {
                before.is(&["in", "in:", "of", "the", "affects", "from", "within", "on"])
                    || before.stop == Some('.')
                    || before.text.starts_with("CVE-") && before.stop == Some(':')
            });
        let repository = token.text.contains('/') && !token.text.starts_with(['/', '.']);
        // "netplan leaks": the first word, if a verb follows.
        let small = at == 0 && tokens.get(1).is_some_and(|next| next.is(VERBS));
        if !opens || is_no_name(token) || !(token.is_capital() || repository || small) {
            continue;
        }
        if repository || small && !token.is_capital() {
            return product(text, tokens, at, at + 1);
        }
        let mut end = at;
        while end - at < MAX_NAME
            && let Some(token) = tokens.get(end)
            && !is_no_name(token)
            && (token.is_capital() || "–-&/".contains(token.text))
        {
            end += 1;
            if token.stop.is_some() {
                break;
            }
        }
        // The first word of a sentence is written large by habit.
        let habit = at == 0 && end == 1 && !token.text.chars().skip(1).any(char::is_uppercase);
        if habit && !tokens.get(1).is_some_and(|next| next.is(VERBS)) {
            continue;
        }
        if let Some(product) = product(text, tokens, at, end) {
            return Some(product);
        }
    }
    None
}

fn product(text: &str, tokens: &[Token<'_>], start: usize, end: usize) -> Option<Product> {
    let first = tokens.get(start).filter(|_| start < end)?;
    let last = tokens.get(end.checked_sub(1)?)?;
    let name = text.get(first.start..last.end)?;
    let sound = name.chars().any(char::is_alphabetic)
        && name.len() <= 100
        && !(start + 1 == end && is_no_name(first));
    sound.then(|| Product {
        name: name.to_owned(),
        ranges: Vec::new(),
        start: first.start,
        end: last.end,
        by_mend: false,
    })
}

/// Whether the text says that this very range is not affected.
fn is_spared(tokens: &[Token<'_>], at: usize, next: usize) -> bool {
    const AFFECTED: &[&str] = &["affected", "affect", "vulnerable", "impacted", "impact"];
    // "Does not affect Acme Gate before 2.0".
    let mut is_object = false;
    let before = tokens.get(at.saturating_sub(10)..at).unwrap_or_default();
    for token in before
        .iter()
        .rev()
        .take_while(|token| token.stop.is_none_or(|stop| stop == ':' || stop == ','))
    {
        if token.is(&["unaffected"]) || is_object && token.is(&["not", "doesn't"]) {
            return true;
        }
        is_object = token.is(AFFECTED);
    }
    let mut denied = false;
    // The stop behind the range itself ends what is said of it.
    for token in tokens.iter().skip(next.saturating_sub(1)).take(16) {
        denied |= token.is(&["not", "unaffected"]) || token.text.ends_with("n't");
        if denied && (token.is(AFFECTED) || token.is(&["unaffected"])) {
            return true;
        }
        if token.stop.is_some() {
            return false;
        }
    }
    false
}

/// Whether what could be a version is a number of something else: "layer 2", "ways 1",
/// "CVSS 3.1".
fn is_number(tokens: &[Token<'_>], at: usize, next: usize, own: Option<&Product>) -> bool {
    let before = || tokens.get(..at).unwrap_or_default().iter().rev();
    // "A CVSS3 base score of 7.8", "rated 9.8".
    let counted = before().find(|token| !token.is(&["of", "base", "a", "at", "is", "was", "with"]));
    let is_score = |token: &Token<'_>| {
        let starts = |word: &str| {
            token
                .text
                .get(..word.len())
                .is_some_and(|head| same(head, word))
        };
        starts("cvss") || starts("score") || token.is(&["rated", "rating", "severity"])
    };
    if counted.is_some_and(is_score) {
        return true;
    }
    let is_bare = next == at + 1
        && tokens
            .get(at)
            .is_some_and(|token| token.text.bytes().all(|byte| byte.is_ascii_digit()));
    // "Version 9", "version - 9", "the version that is affected is 9".
    let is_called = before()
        .find(|token| !token.is(&["-", "–", "=", "is", "are", "that", "affected"]))
        .is_some_and(|before| before.is(VERSION_WORDS));
    let is_named = own.is_some_and(|own| own.name.contains(char::is_uppercase));
    is_bare && !is_called && !is_named
}

/// Whether nothing but commas and "and" stands between two ranges.
fn joined(tokens: &[Token<'_>], from: usize, to: usize) -> bool {
    tokens.get(from..to).is_some_and(|between| {
        between
            .iter()
            .all(|token| token.is(&["and", "or", "&"]) || token.is(BETWEEN))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(range: &VersionRange) -> String {
        [
            ("=", &range.exact),
            (">=", &range.from_including),
            (">", &range.from_excluding),
            ("<=", &range.to_including),
            ("<", &range.to_excluding),
        ]
        .iter()
        .filter_map(|(sign, bound)| bound.as_ref().map(|bound| format!("{sign}{bound}")))
        .collect::<Vec<_>>()
        .join(" ")
    }

    fn check(text: &str, wanted: &str) {
        let found: Vec<String> = products(text)
            .iter()
            .map(|product| {
                assert_eq!(&text[product.start..product.end], product.name);
                let ranges: Vec<String> = product.ranges.iter().map(shown).collect();
                format!("{} {}", product.name.to_lowercase(), ranges.join(", "))
            })
            .collect();
        assert_eq!(found.join(" | ").trim(), wanted.trim(), "{text}");
    }

    #[test]
    fn a_version_range_belongs_to_the_product_before_it() {
        check(
            "OpenSSL before 3.0.7 and Node 18",
            "openssl <3.0.7 | node =18",
        );
    }

    #[test]
    fn ranges_are_read_as_people_write_them() {
        for (text, wanted) in [
            (
                "A flaw in Acme Gate 10.1 through 10.4 lets",
                "acme gate >=10.1 <=10.4",
            ),
            ("Acme Gate versions prior to 2.3 allow", "acme gate <2.3"),
            ("Acme Gate 5.2 and earlier allows", "acme gate <=5.2"),
            (
                "in versions before 3.0.7 of the Acme Gate",
                "acme gate <3.0.7",
            ),
            ("curl before 8.1 does not", "curl <8.1"),
            ("Acme Gate version 1.2.3 has", "acme gate =1.2.3"),
            (
                "FortiPortal versions 7.0.0 through 7.0.6 and version 7.2.0 allows",
                "fortiportal >=7.0.0 <=7.0.6, =7.2.0",
            ),
            (
                "The Acme Forms plugin for WordPress is vulnerable to SQL Injection in all versions up to, and including, 3.0.1 via x",
                "acme forms <=3.0.1",
            ),
            (
                "Missing Authorization vulnerability in Acme Team Shop.This issue affects Shop: from n/a through 4.0.10.",
                "shop <=4.0.10",
            ),
            ("Acme Gate < 1.4.50 reads", "acme gate <1.4.50"),
            ("Acme Gate <= 1.4.50 reads", "acme gate <=1.4.50"),
            (
                "Acme Gate 1.0, 1.1, and 1.2 reads",
                "acme gate =1.0, =1.1, =1.2",
            ),
            (
                "The Acme Forms WordPress plugin before 2.3.8 does",
                "acme forms <2.3.8",
            ),
            (
                "identified in ACME TIM 1531 (6AG1543-1MX00) (All versions < V2.4.8), ACME PLC (All versions < V3.1)",
                "acme tim 1531 <2.4.8 | acme plc <3.1",
            ),
            (
                "in AcmeLab affecting all versions starting from 9.2 prior to 16.11.5, starting from 17.0 prior to 17.0.3",
                "acmelab >=9.2 <16.11.5, >=17.0 <17.0.3",
            ),
            (
                "Affected versions of the Acme Gate include 1.2.2 up to but not including 1.2.25.",
                "acme gate >=1.2.2 <1.2.25",
            ),
            (
                "Acme Gate is a gate. Starting in version 6.0 and prior to version 6.2.1, it",
                "acme gate >=6.0 <6.2.1",
            ),
            (
                "Acme Gate is a gate. Prior to versions 7.14.4 and 8.6.1, it reads",
                "acme gate <7.14.4, >=8 <8.6.1",
            ),
            (
                "Acme Gate 2.x versions prior to 2.7.4, 3.6.x versions prior to 3.6.8 read",
                "acme gate >=2 <2.7.4, >=3.6 <3.6.8",
            ),
            ("Acme Gate 7.2.0 to 7.2.4", "acme gate >=7.2.0 <=7.2.4"),
            ("Acme Gate 7.2.0-7.2.4,", "acme gate >=7.2.0 <=7.2.4"),
            ("Acme Gate 7.2.0–7.2.4.", "acme gate >=7.2.0 <=7.2.4"),
            ("Acme Gate 7.2.0 – 7.2.4.", "acme gate >=7.2.0 <=7.2.4"),
            ("Acme Gate v7.2.0 — v7.2.4.", "acme gate >=7.2.0 <=7.2.4"),
            (
                "Acme Gate between 7.2.0 and 7.2.4",
                "acme gate >=7.2.0 <=7.2.4",
            ),
            ("Acme Gate versions up to 7.2.4", "acme gate <=7.2.4"),
            ("Acme Gate ≤ 7.2.4", "acme gate <=7.2.4"),
            ("Acme Gate 7.2.4 and below.", "acme gate <=7.2.4"),
            ("Acme Gate 7.2.4 or older", "acme gate <=7.2.4"),
            (
                "Acme Gate 7.2.4 (and all earlier versions)",
                "acme gate <=7.2.4",
            ),
            ("Acme Gate 7.2.4 and versions prior", "acme gate <=7.2.4"),
            (
                "Acme Gate 7.4.0 through 7.4.2 and 7.2.0 through 7.2.6",
                "acme gate >=7.4.0 <=7.4.2, >=7.2.0 <=7.2.6",
            ),
            (
                "Acme Gate 7.2 (7.2.0 through 7.2.6), 7.0 (7.0.0 to 7.0.9)",
                "acme gate >=7.2.0 <=7.2.6, >=7.0.0 <=7.0.9",
            ),
            (
                "Acme Gate was patched in versions 7.2.5 and 7.0.12",
                "acme gate <7.0.12, >=7.1 <7.2.5",
            ),
            // A hyphen that joins a version to its build parts nothing.
            (
                "Acme ADC 14.1 before 14.1-43.50",
                "acme adc >=14.1 <14.1-43.50",
            ),
            ("Acme Kernel 5.4.0-42.46 reads", "acme kernel =5.4.0-42.46"),
            // Without its level it would be an earlier version.
            (
                "Acme Mail before 9.0.0 Patch 46 reads",
                "acme mail <9.0.0 Patch 46",
            ),
            (
                "Acme Gate version 7.4.3 and below, 7.2 all versions and Acme Door 7.0 all versions",
                "acme gate <=7.4.3, >=7.2 <7.3 | acme door >=7.0 <7.1",
            ),
            (
                "Acme Enabler, version 8.9.10.0 and prior, contain a flaw in ToolBox",
                "acme enabler <=8.9.10.0",
            ),
            (
                "In the Acme client for iOS versions below 14.9.0 a script",
                "acme <14.9.0",
            ),
            ("Acme Center 8.0 U3d and earlier", "acme center <=8.0 U3d"),
            (
                "Acme Fusion 2023 Update 12 and earlier",
                "acme fusion <=2023 Update 12",
            ),
            (
                "Acme Mail is fixed in 9.0.0 Patch 46 and 10.1.1",
                "acme mail <9.0.0 Patch 46, >=10 <10.1.1",
            ),
            (
                "Acme Gate before 3.1.3 and version 4.0.0",
                "acme gate <3.1.3, =4.0.0",
            ),
            (
                "Acme Gate before 3.0 leaks. It does not affect Acme Door versions prior to 2.0.",
                "acme gate <3.0",
            ),
            (
                "Acme Gate before 3.0 leaks. Versions 2.5.1 are not affected.",
                "acme gate <3.0",
            ),
            (
                "Acme Gate before 3.0 lacks the mode for guests altogether and is therefore not vulnerable.",
                "acme gate",
            ),
            (
                "Acme Gate leaks. Introduced in 1.6.0 and fixed in 1.14.3.",
                "acme gate >=1.6.0 <1.14.3",
            ),
            (
                "Acme Gate leaks. Introduced in 1.6.0 and fixed in 1.14.3, 1.13.7, and 1.12.11.",
                "acme gate >=1.6.0 <1.12.11, >=1.13 <1.13.7, >=1.14 <1.14.3",
            ),
            (
                "A flaw affects Acme Server since 3.7 and was fixed in version 3.7.19, 3.8.12.",
                "acme server >=3.7 <3.7.19, >=3.8 <3.8.12",
            ),
            (
                "Acme Med 0.23.0 and fixed in v.0.24.0 leaks",
                "acme med >=0.23.0 <0.24.0",
            ),
            (
                "A flaw in Acme Lab affecting all versions starting from 13.7. It reads",
                "acme lab >=13.7",
            ),
            (
                "Acme Gate versions after 6.4.0 and before 6.8.15 read",
                "acme gate >6.4.0 <6.8.15",
            ),
            (
                "Acme J9 versions prior to 0.44.0 and after 0.13.0 read",
                "acme j9 >0.13.0 <0.44.0",
            ),
            (
                "Acme Gate between 2.0.3.1 (including) and 2.0.6 (excluding) reads",
                "acme gate >=2.0.3.1 <2.0.6",
            ),
            (
                "Acme Gate versions 1.3 until 7.6 (inclusive). Since then",
                "acme gate >=1.3 <=7.6",
            ),
            (
                "Acme Gate up until version 2.29.92 reads",
                "acme gate <=2.29.92",
            ),
            (
                "In Acme Enterprise versions earlier than 8.2.12, 9.0.6, and 9.1.1, a file",
                "acme enterprise <8.2.12, >=9 <9.0.6, >=9.1 <9.1.1",
            ),
            ("Acme Gate 3.1.2 onwards reads", "acme gate >=3.1.2"),
            ("acme/web is vulnerable to path traversal", "acme/web"),
            (
                "An issue was discovered in Acme Gate. It reads",
                "acme gate",
            ),
            ("there is a flaw in what we make", ""),
            ("", ""),
        ] {
            check(text, wanted);
        }
    }

    #[test]
    fn a_number_that_counts_something_is_no_version() {
        for (text, wanted) in [
            (
                "Acme Gate is a layer 2 rollup. It was fixed in version 1.5.0.",
                "acme gate <1.5.0",
            ),
            ("In Acme Gate, it fails (1) here in 2 ways.", "acme gate "),
            (
                "Acme Gate 2.1 has CVSS 3.1 Base Score 7.5.",
                "acme gate =2.1",
            ),
            (
                "Acme Gate 2.1 leaks, with a CVSS3 base score of 7.8.",
                "acme gate =2.1",
            ),
            (
                "A flaw in Acme Gate. The version that is affected is 9.",
                "acme gate =9",
            ),
        ] {
            check(text, wanted);
        }
    }

    #[test]
    fn the_version_that_mends_is_not_affected() {
        for (text, wanted) in [
            // Where nothing else is said, all before it is.
            (
                "Acme Gate is a gate. It is fixed in 2.14.1.",
                "acme gate <2.14.1",
            ),
            (
                "Acme Gate leaks keys. We recommend upgrading to version 1.14.1 or beyond.",
                "acme gate <1.14.1",
            ),
            (
                "Acme Gate leaks keys. Users should update Acme Gate to version 6.5.62 or later.",
                "acme gate <6.5.62",
            ),
            (
                "Acme Gate leaks keys. A fix is available in version 4.4.",
                "acme gate <4.4",
            ),
            (
                "A flaw in shops. Acme Gate 16.3.1 fixes the issue.",
                "acme gate <16.3.1",
            ),
            (
                "Acme Gate leaks. Versions 7.1 and 8.6 contain a fix for this issue.",
                "acme gate <7.1, >=8 <8.6",
            ),
            // Each product of a list has its own.
            (
                "This issue is fixed in macOS Sonoma 14.4, iOS 17.4 and iPadOS 17.4, iOS 16.7. An app",
                "macos sonoma <14.4 | ios <16.7, >=17 <17.4 | ipados <17.4",
            ),
            (
                "It is fixed in macOS Big Sur 11.2, Security Update 2021-001 Catalina, watchOS 7.3.",
                "macos big sur <11.2 | watchos <7.3",
            ),
            (
                "It is recommended that the Acme Server is upgraded to 25.0.7 and that the Acme Pro Server is upgraded to 26.0.",
                "acme server <25.0.7 | acme pro server <26.0",
            ),
            // Where a range is told, it says nothing.
            (
                "Apache Acme from 2.0.0 before 2.4.58 leaks. Users are recommended to upgrade to version 2.4.58, which fixes the issue.",
                "apache acme >=2.0.0 <2.4.58",
            ),
            (
                "GadgetD v1.0, v1.1 and v1.2 contain a password. Fixed in 1.3.",
                "gadgetd =1.0, =1.1, =1.2",
            ),
            (
                "Gate before 1.18 leaks. Fixed in Acme Gate 1.18.",
                "acme gate <1.18",
            ),
            (
                "Acme Gate before 5.3.7 (the fixed version for 5.3.x) leaks",
                "acme gate <5.3.7",
            ),
            (
                "Acme Gate 1.9 leaks. Do this when you upgrade from 1.9 to 2.0.",
                "acme gate =1.9",
            ),
            // What does not mend is affected, and what is no version says nothing.
            (
                "Acme Gate 1.0 leaks and was not fixed in 1.1.",
                "acme gate =1.0, =1.1",
            ),
            (
                "Acme Gate <= 1.6 leaks. It was partially fixed in 1.6.",
                "acme gate <=1.6, =1.6",
            ),
            ("A flaw introduced in Acme Gate 1.6.0", "acme gate >=1.6.0"),
            (
                "A flaw in Acme Gate was fixed in 14 days in May 2024.",
                "acme gate ",
            ),
        ] {
            check(text, wanted);
        }
    }

    #[test]
    fn hostile_texts_are_bounded() {
        for text in [
            "before ".repeat(100_000),
            "1.0 ".repeat(100_000),
            "x".repeat(1_000_000),
            "Acme before 1.0 ".repeat(50_000),
            "fixed in ".repeat(50_000),
            "fixed in 1.0, ".repeat(50_000),
            "upgrade Acme to 1.0 and ".repeat(50_000),
            "<= ".repeat(100_000),
            "版本 1.0 之前".to_owned(),
        ] {
            assert!(products(&text).len() <= MAX_PRODUCTS);
        }
    }
}
