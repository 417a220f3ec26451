//! Reads a query. Every mistake is told with its place and, where one is near, with
//! what was probably meant.
//!
//! ```text
//! or    = and ("OR" and)*
//! and   = not (["AND"] not)*
//! not   = ("NOT" | "-") not | "(" or ")" | field op values | word | "phrase"
//! values = value ("," value)* | "(" value (("OR" | ",") value)* ")"
//! ```
//!
//! What looks like a field and is none is a mistake and not a word: somebody who
//! writes `severty:high` must not be shown everything that holds neither. So is what
//! other languages mean by a sign: `&&`, `!word`, `or` between two fields.

mod field;
mod text;

use super::field::Field;
use super::tree::{Query, Test, Word};

/// How long a query may be, in bytes.
pub const LONGEST: usize = 4096;
/// How deep brackets and NOT may nest.
const DEEPEST: usize = 16;
/// How many words and values a query may hold.
const MOST_TERMS: usize = 128;
/// How many words may stand beside one another: full text nests no deeper.
const MOST_WORDS: usize = 32;
/// How long one value may be, in characters.
const LONGEST_VALUE: usize = 200;

/// What is wrong with a query, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", .suggestion.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub struct QueryError {
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// The first character of it, counted in code points.
    pub start: u32,
    /// One past its last character.
    pub end: u32,
    /// What to write in its place.
    pub suggestion: Option<String>,
}

/// Reads a query. Blanks alone ask for everything.
///
/// # Errors
/// The text is no query; the error says where and why.
pub fn parse(text: &str) -> Result<Query, QueryError> {
    let chars: Vec<char> = text.chars().collect();
    if text.len() > LONGEST {
        let end = u32::try_from(chars.len()).unwrap_or(u32::MAX);
        return Err(QueryError {
            message: format!("the query is longer than {LONGEST} bytes"),
            start: 0,
            end,
            suggestion: None,
        });
    }
    let mut reader = Reader {
        chars,
        at: 0,
        depth: 0,
        terms: 0,
    };
    reader.blanks();
    if reader.peek().is_none() {
        return Ok(Query::All);
    }
    let query = reader.either()?;
    match reader.peek() {
        None => Ok(query),
        Some(_) => Err(reader.error("this bracket was never opened", reader.at, reader.at + 1)),
    }
}

/// Whether a word can stand without quotes and is still read as this word.
pub(super) fn is_bare(word: &str, in_title: bool) -> bool {
    let whole = !word.contains(|c: char| c.is_whitespace() || is_special(c));
    let plain = in_title
        || !(matches!(word, "AND" | "OR" | "NOT" | "&&" | "||")
            || word.starts_with('-')
            || field_sign(&word.chars().collect::<Vec<_>>()).is_some());
    whole && plain && !(word.starts_with(is_sign) || is_denial(word.chars()))
}

/// Whether a word without quotes may be read as an operator, from what stands beside it:
/// then it is printed in quotes, which say nothing else of it.
pub(super) fn is_lower_operator(word: &str) -> bool {
    matches!(word, "and" | "or" | "not" | "in")
}

/// Whether a value can stand without quotes.
pub(super) fn is_bare_value(value: &str) -> bool {
    !value.is_empty()
        && !value.contains(|c: char| c.is_whitespace() || is_special(c) || matches!(c, ',' | '*'))
        && !value.starts_with(|c: char| is_sign(c) || c == '!')
}

/// Brackets and quotes end a word.
const fn is_special(c: char) -> bool {
    matches!(c, '(' | ')') || is_quote(c)
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„')
}

/// What a sign may begin with, but for `!`.
const fn is_sign(c: char) -> bool {
    matches!(c, ':' | '=' | '<' | '>' | '~' | '≥' | '≤' | '≠')
}

/// Whether a sign begins these characters.
fn begins_with_sign(chars: &[char]) -> bool {
    match chars {
        ['!', next, ..] => is_sign(*next),
        [first, ..] => is_sign(*first),
        [] => false,
    }
}

/// Whether these characters are a `!` before what it denies elsewhere, or before a sign.
fn is_denial(mut chars: impl Iterator<Item = char>) -> bool {
    chars.next() == Some('!')
        && chars
            .next()
            .is_some_and(|c| c.is_alphanumeric() || is_sign(c) || c == '(' || is_quote(c))
}

/// How long the name of a field is that begins here; none where there is no such name.
/// A name with hyphens or digits is one only if a field is called nearly so: `CVE-2026-1:`
/// and `10:30` stand in many headlines.
fn name_length(word: &[char]) -> usize {
    let run = |is_part: fn(char) -> bool| word.iter().take_while(|c| is_part(**c)).count();
    let plain = run(|c| c.is_ascii_alphabetic() || c == '_');
    let all = run(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if plain == 0 || all == plain {
        return plain;
    }
    let name: String = word.iter().take(all).collect();
    if known_otherwise(&name).is_some() {
        all
    } else {
        plain
    }
}

/// The field of a name that is written `attack-class` or `cvss3`.
fn known_otherwise(name: &str) -> Option<Field> {
    let name = name.replace('-', "_");
    Field::of_name(name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_'))
}

/// Where the sign of `field:value` stands, when the word begins like one.
fn field_sign(word: &[char]) -> Option<usize> {
    let sign = name_length(word);
    (sign > 0 && begins_with_sign(word.get(sign..).unwrap_or_default())).then_some(sign)
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    terms: usize,
}

/// A part of an `and`: a version belongs to the product beside it.
enum Part {
    Whole(Query),
    Version {
        version: String,
        start: usize,
        end: usize,
    },
}

/// A value as it stands there.
struct Value {
    text: String,
    quoted: bool,
    /// Whether a star follows.
    prefix: bool,
    start: usize,
    end: usize,
}

type Read<T> = Result<T, QueryError>;

impl Reader {
    fn error(&self, message: impl Into<String>, start: usize, end: usize) -> QueryError {
        let place = |at: usize| u32::try_from(at.min(self.chars.len())).unwrap_or(u32::MAX);
        QueryError {
            message: message.into(),
            start: place(start),
            end: place(end.max(start)),
            suggestion: None,
        }
    }

    fn suggesting(
        &self,
        message: impl Into<String>,
        start: usize,
        end: usize,
        near: Option<&str>,
    ) -> QueryError {
        QueryError {
            suggestion: near.map(str::to_owned),
            ..self.error(message, start, end)
        }
    }

    fn either(&mut self) -> Read<Query> {
        let mut parts = vec![self.all()?];
        loop {
            self.blanks();
            let start = self.at;
            if !self.word_is("OR") {
                return Ok(Query::or(parts));
            }
            self.wants_more("OR", start)?;
            parts.push(self.all()?);
        }
    }

    /// What follows an operator.
    fn wants_more(&mut self, operator: &str, start: usize) -> Read<()> {
        let end = self.at;
        self.blanks();
        let rest = self.at;
        let is_operator =
            self.peek().is_none_or(|c| c == ')') || self.word_is("OR") || self.word_is("AND");
        self.at = rest;
        if is_operator {
            return Err(self.error(format!("`{operator}` needs something after it"), start, end));
        }
        Ok(())
    }

    fn all(&mut self) -> Read<Query> {
        let mut parts: Vec<Part> = Vec::new();
        loop {
            self.blanks();
            let start = self.at;
            match self.peek() {
                None | Some(')') => break,
                _ if self.word_is("OR") => {
                    self.at = start;
                    if parts.is_empty() {
                        return Err(self.error("`OR` needs something before it", start, start + 2));
                    }
                    break;
                }
                _ if self.word_is("AND") => {
                    if parts.is_empty() {
                        return Err(self.error(
                            "`AND` needs something before it",
                            start,
                            start + 3,
                        ));
                    }
                    self.wants_more("AND", start)?;
                }
                _ => {
                    self.no_lower_operator(parts.last())?;
                    parts.push(self.one()?);
                }
            }
        }
        if parts.is_empty() {
            let what = if self.peek().is_some() {
                "there is nothing before this bracket"
            } else {
                "something is missing here"
            };
            return Err(self.error(what, self.at, self.at + 1));
        }
        let query = Query::and(self.with_versions(parts)?);
        let beside =
            |query: &Query| matches!(query, Query::Words(words) if words.len() > MOST_WORDS);
        let too_many =
            beside(&query) || matches!(&query, Query::And(parts) if parts.iter().any(beside));
        if too_many {
            let what = format!("more than {MOST_WORDS} words stand beside one another");
            return Err(self.error(what, 0, self.at));
        }
        Ok(query)
    }

    /// That no `or` stands between two fields, and no `not` before one: as words they
    /// would ask for something that nobody means there.
    fn no_lower_operator(&mut self, before: Option<&Part>) -> Read<()> {
        let start = self.at;
        let after_field = before
            .is_some_and(|part| !matches!(part, Part::Whole(Query::Words(_) | Query::Not(_))));
        let operators = [("or", "OR"), ("and", "AND"), ("not", "NOT")];
        let Some((lower, upper)) = operators.into_iter().find(|(lower, _)| self.word_is(lower))
        else {
            return Ok(());
        };
        let end = self.at;
        self.blanks();
        let is_meant = (after_field || lower == "not") && self.is_field_or_bracket();
        self.at = start;
        if is_meant {
            let what = format!("`{lower}` is a word; the operator is upper-case");
            return Err(self.suggesting(what, start, end, Some(upper)));
        }
        Ok(())
    }

    /// Binds each version to the product before it, or else after it.
    fn with_versions(&self, parts: Vec<Part>) -> Read<Vec<Query>> {
        let mut whole: Vec<Query> = Vec::new();
        let mut waiting: Option<(String, usize, usize)> = None;
        for part in parts {
            match part {
                Part::Whole(mut query) => {
                    if let Some((version, start, end)) = waiting.take()
                        && !bind_version(&mut query, &version)
                    {
                        return Err(self.lone_version(start, end));
                    }
                    whole.push(query);
                }
                Part::Version {
                    version,
                    start,
                    end,
                } => {
                    if waiting.is_some() {
                        return Err(self.lone_version(start, end));
                    }
                    let bound = whole
                        .last_mut()
                        .is_some_and(|last| bind_version(last, &version));
                    if !bound {
                        waiting = Some((version, start, end));
                    }
                }
            }
        }
        match waiting {
            Some((_, start, end)) => Err(self.lone_version(start, end)),
            None => Ok(whole),
        }
    }

    fn lone_version(&self, start: usize, end: usize) -> QueryError {
        self.error(
            "a version belongs beside its product, as in `product:FortiOS version:7.2.4`",
            start,
            end,
        )
    }

    /// One part: NOT something, brackets, a field, a word.
    fn one(&mut self) -> Read<Part> {
        let start = self.at;
        let next = self.chars.get(self.at + 1).copied();
        let minus = self.peek() == Some('-')
            && next.is_some_and(|c| c.is_alphanumeric() || c == '(' || is_quote(c));
        if minus {
            self.at += 1;
        }
        if minus || self.word_is("NOT") {
            if !minus {
                self.wants_more("NOT", start)?;
            }
            self.deeper(start)?;
            let part = self.one()?;
            self.depth -= 1;
            return match part {
                Part::Whole(query) => Ok(Part::Whole(Query::Not(Box::new(query)))),
                Part::Version { start, end, .. } => Err(self.lone_version(start, end)),
            };
        }
        if self.peek() == Some('(') {
            self.at += 1;
            self.deeper(start)?;
            let query = self.either()?;
            self.depth -= 1;
            if self.peek() != Some(')') {
                return Err(self.error("this bracket is never closed", start, start + 1));
            }
            self.at += 1;
            return Ok(Part::Whole(query));
        }
        self.count(start)?;
        self.no_foreign_operator()?;
        if self.peek().is_some_and(is_quote) {
            let value = self.quoted()?;
            let word = Word::new(&value.text, true, value.prefix, false);
            return Ok(Part::Whole(Query::Words(vec![word])));
        }
        if let Some(field) = self.field()? {
            return self.test(field, start);
        }
        let text = self.bare(|_| false);
        let word = Word::new(&text, false, text.ends_with('*'), false);
        Ok(Part::Whole(Query::Words(vec![word])))
    }

    /// That no operator of other languages stands here.
    fn no_foreign_operator(&mut self) -> Read<()> {
        let start = self.at;
        for (wrong, right) in [("&&", "AND"), ("||", "OR")] {
            if self.word_is(wrong) {
                let what = format!("`{wrong}` is no operator");
                return Err(self.suggesting(what, start, self.at, Some(right)));
            }
        }
        let here = self.chars.get(start..).unwrap_or_default();
        if is_denial(here.iter().copied()) && !begins_with_sign(here) {
            let what = "what follows is denied with a minus or `NOT`";
            return Err(self.suggesting(what, start, start + 1, Some("-")));
        }
        Ok(())
    }

    fn deeper(&mut self, start: usize) -> Read<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let what = format!("brackets and NOT nest deeper than {DEEPEST}");
            return Err(self.error(what, start, start + 1));
        }
        Ok(())
    }

    fn count(&mut self, start: usize) -> Read<()> {
        self.terms += 1;
        if self.terms > MOST_TERMS {
            let what = format!("the query has more than {MOST_TERMS} words and values");
            return Err(self.error(what, start, self.chars.len()));
        }
        Ok(())
    }
}

/// Lets a version be one of this product. False if it is no product, or has one.
fn bind_version(query: &mut Query, version: &str) -> bool {
    if let Query::Test(Test::Names(Field::Product, names)) = query {
        let names = std::mem::take(names);
        *query = Query::Test(Test::Affected(names, version.to_owned()));
        return true;
    }
    false
}
