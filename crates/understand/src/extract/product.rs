//! Products and the versions of them that a description names: "OpenSSL before
//! 3.0.7", "FortiPortal versions 7.0.0 through 7.0.6 and version 7.2.0", "the Acme
//! plugin for WordPress is vulnerable in all versions up to, and including, 3.0.1".
//!
//! A range belongs to the product before it. Where no name stands right before it,
//! as in the last example, it belongs to the text's subject: what "in …", "The …
//! plugin" or the first words of the sentence name. Nothing here knows any product;
//! lists only help where they are complete, and new products are not in them.

use model::VersionRange;

/// Descriptions say what is affected early.
const MAX_TOKENS: usize = 400;

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
}

/// The products of a description, in order, its subject first.
#[must_use]
pub fn products(text: &str) -> Vec<Product> {
    let tokens = tokens(text);
    let mut found: Vec<Product> = Vec::new();
    let subject = subject(text, &tokens);
    let mut last: Option<usize> = None;
    let mut at = 0;
    while at < tokens.len() && found.len() < MAX_PRODUCTS {
        let Some((range, next)) = range(&tokens, at) else {
            at += 1;
            continue;
        };
        // A name further back than the last range is not this range's own.
        let own = name_before(text, &tokens, at, last.unwrap_or_default());
        let behind = name_behind(text, &tokens, next);
        let is_list = last.is_some_and(|last| joined(&tokens, last, at));
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
            Some(known) if !known.ranges.contains(&range) => known.ranges.push(range),
            Some(_) => {}
            None => found.push(Product {
                ranges: vec![range],
                ..name
            }),
        }
        last = Some(next);
        at = next;
    }
    if found.is_empty() {
        found.extend(subject);
    }
    found
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
    let mut products = Vec::new();
    if !holds_version(text) || !BOUNDS.iter().any(|bound| text.contains(bound)) {
        return products;
    }
    for product in self::products(text) {
        let is_name = product
            .name
            .split_whitespace()
            .all(|word| word.contains(|c: char| c.is_uppercase() || c.is_ascii_digit()))
            && product.name.starts_with(char::is_uppercase);
        if is_name && product.ranges.iter().any(is_bounded) {
            products.push(product);
        }
    }
    products
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

/// A word of the text; versions keep their points and hyphens.
#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    start: usize,
    end: usize,
    /// A comma, bracket or point stands behind it.
    stop: Option<char>,
}

impl Token<'_> {
    fn is(&self, words: &[&str]) -> bool {
        words
            .iter()
            .any(|word| self.text.eq_ignore_ascii_case(word))
    }

    /// The version a token is: "3.0.7", "v2", "2020.3", "7.x".
    fn version(&self) -> Option<String> {
        let bare = self.text.trim_start_matches(['v', 'V']);
        let digits = bare.starts_with(|c: char| c.is_ascii_digit());
        let sound = bare.len() <= 40
            && bare
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".-_+*".contains(c));
        (digits && sound).then(|| bare.to_owned())
    }

    /// A number that no version is: a year of a date, "500 users".
    fn is_surely_version(&self) -> bool {
        self.version().is_some()
            && (self.text.contains('.')
                || self.text.starts_with(['v', 'V'])
                || self.text.len() <= 2)
    }

    fn is_capital(&self) -> bool {
        self.text.chars().any(char::is_uppercase)
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
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
                .trim_start_matches(['(', '[', '"', '\'', '`', '<', '=', '>'])
                .len();
        // "<=3.1" and "< 2.0" are words and bounds.
        let bound = written.chars().take_while(|c| "<=>".contains(*c)).count();
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
        tokens.push(Token {
            text: bare,
            start: start + head,
            end: start + head + bare.len(),
            stop,
        });
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

/// The range that starts at a token, and the token behind it.
fn range(tokens: &[Token<'_>], at: usize) -> Option<(VersionRange, usize)> {
    let word = |offset: usize| tokens.get(at + offset);
    let version = |offset: usize| word(offset).and_then(Token::version);
    let is = |offset: usize, words: &[&str]| word(offset).is_some_and(|token| token.is(words));
    // "from n/a through 4.0.10", "from 1.0 before 1.2"
    if is(0, &["from"]) || (is(0, &["starting"]) && version(1).is_some()) {
        let from = version(1).or_else(|| is(1, &["n/a", "unspecified"]).then(String::new))?;
        let from = Some(from).filter(|from| !from.is_empty() && from != "0");
        let (upper, next) = upper(tokens, at + 2)?;
        return Some((
            VersionRange {
                from_including: from,
                ..upper
            },
            next,
        ));
    }
    if is(0, &["starting"]) && is(1, &["from", "with"]) {
        return range(tokens, at + 1);
    }
    if let Some((upper, next)) = upper(tokens, at) {
        return Some((upper, next));
    }
    let first = version(0)?;
    // "1.0 through 2.0", "1.0 - 2.0", "7.0 before 7.2", "1.0 to 1.9"
    if word(0).is_some_and(|token| token.stop.is_none())
        && let Some((upper, next)) =
            upper(tokens, at + 1).or_else(|| joined_by_dash(tokens, at + 1))
    {
        return Some((
            VersionRange {
                from_including: Some(first),
                ..upper
            },
            next,
        ));
    }
    let sure = word(0).is_some_and(Token::is_surely_version)
        || at
            .checked_sub(1)
            .and_then(|before| tokens.get(before))
            .is_some_and(|before| before.is(VERSION_WORDS));
    let and = is(1, &["and", "or"]);
    if and
        && is(
            2,
            &[
                "earlier", "prior", "below", "older", "lower", "previous", "before",
            ],
        )
    {
        let to = VersionRange {
            to_including: Some(first),
            ..VersionRange::default()
        };
        return sure.then_some((to, at + 3));
    }
    if and && is(2, &["later", "above", "newer", "higher"]) {
        let from = VersionRange {
            from_including: Some(first),
            ..VersionRange::default()
        };
        return sure.then_some((from, at + 3));
    }
    let exact = VersionRange {
        exact: Some(first),
        ..VersionRange::default()
    };
    sure.then_some((exact, at + 1))
}

/// An upper bound that starts at a token: "before 3.0", "up to, and including, 2".
fn upper(tokens: &[Token<'_>], at: usize) -> Option<(VersionRange, usize)> {
    let word = |offset: usize| tokens.get(at + offset);
    let is = |offset: usize, words: &[&str]| word(offset).is_some_and(|token| token.is(words));
    let (mut next, inclusive) = if is(0, &["before", "below", "<"]) {
        (1, false)
    } else if (is(0, &["prior", "older", "earlier", "lower", "less"])) && is(1, &["to", "than"]) {
        (2, false)
    } else if is(0, &["up"]) && is(1, &["to"]) {
        let including = (2..5).find(|offset| is(*offset, &["including"]));
        (including.map_or(2, |offset| offset + 1), true)
    } else if is(0, &["through", "thru", "to", "until", "<="]) {
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
    if !sure {
        return None;
    }
    let end = at + next + 1;
    let mut range = VersionRange::default();
    if inclusive {
        range.to_including = Some(version);
    } else {
        range.to_excluding = Some(version);
    }
    Some((range, end))
}

fn joined_by_dash(tokens: &[Token<'_>], at: usize) -> Option<(VersionRange, usize)> {
    let dash = tokens.get(at).filter(|token| token.is(&["-", "–"]))?;
    let version = tokens.get(at + 1)?.version()?;
    (dash.stop.is_none()).then_some((
        VersionRange {
            to_including: Some(version),
            ..VersionRange::default()
        },
        at + 2,
    ))
}

const VERSION_WORDS: &[&str] = &[
    "version", "versions", "release", "releases", "ver", "v", "firmware", "build", "builds",
];

/// Words between a name and its range.
const BETWEEN: &[&str] = &[
    "version", "versions", "release", "releases", "ver", "v", "all", "in", "is", "are", "running",
    "affected", "with", "plugin", "theme",
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
    if end <= floor || last.stop.is_some_and(|stop| !":)\"(".contains(stop)) {
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
    product(text, tokens, start, end)
}

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
    })
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
    use expect_test::{Expect, expect};

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

    fn check(text: &str, wanted: &Expect) {
        let found: Vec<String> = products(text)
            .iter()
            .map(|product| {
                assert_eq!(&text[product.start..product.end], product.name);
                let ranges: Vec<String> = product.ranges.iter().map(shown).collect();
                format!("{} {}", product.name.to_lowercase(), ranges.join(", "))
                    .trim()
                    .to_owned()
            })
            .collect();
        wanted.assert_eq(&found.join(" | "));
    }

    #[test]
    fn a_version_range_belongs_to_the_product_before_it() {
        check(
            "OpenSSL before 3.0.7 and Node 18",
            &expect![["openssl <3.0.7 | node =18"]],
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
            ("acme/web is vulnerable to path traversal", "acme/web"),
            (
                "An issue was discovered in Acme Gate. It reads",
                "acme gate",
            ),
            ("there is a flaw in what we make", ""),
            ("", ""),
        ] {
            let found: Vec<String> = products(text)
                .iter()
                .map(|product| {
                    let ranges: Vec<String> = product.ranges.iter().map(shown).collect();
                    format!("{} {}", product.name.to_lowercase(), ranges.join(", "))
                        .trim()
                        .to_owned()
                })
                .collect();
            assert_eq!(found.join(" | "), wanted, "{text}");
        }
    }

    #[test]
    fn hostile_texts_are_bounded() {
        for text in [
            "before ".repeat(100_000),
            "1.0 ".repeat(100_000),
            "x".repeat(1_000_000),
            "Acme before 1.0 ".repeat(50_000),
            "<= ".repeat(100_000),
            "版本 1.0 之前".to_owned(),
        ] {
            assert!(products(&text).len() <= MAX_PRODUCTS);
        }
    }
}
