//! A query as text, which reads back as the same query; and in plain words.

use std::fmt;

use super::field::{Field, Kind};
use super::key::Key;
use super::parse::{is_bare_value, is_lower_operator};
use super::tree::{Name, Query, Test, Word};
use super::value::{Op, When};
use crate::region::{Country, state_name};

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => Ok(()),
            Self::And(parts) => beside(f, parts),
            Self::Or(parts) => listed(f, parts, " OR ", takes_several),
            Self::Not(part) => {
                f.write_str("NOT ")?;
                bracketed(
                    f,
                    part,
                    takes_several(part) || matches!(**part, Self::Or(_)),
                )
            }
            Self::Words(given) => words(f, given),
            Self::Test(test) => test.fmt(f),
        }
    }
}

/// Whether it is printed as several parts beside one another.
fn takes_several(query: &Query) -> bool {
    match query {
        Query::And(_) | Query::Test(Test::Affected(..)) => true,
        Query::Words(words) => words.len() > 1,
        _ => false,
    }
}

/// Parts that must all hold.
fn beside(f: &mut fmt::Formatter<'_>, parts: &[Query]) -> fmt::Result {
    for (nth, part) in parts.iter().enumerate() {
        if nth > 0 {
            f.write_str(" ")?;
        }
        match part {
            // `"or"` between two fields, `"not"` before one.
            Query::Words(given) if nth + 1 < parts.len() => match given.split_last() {
                Some((last, first)) if !last.prefix && is_lower_operator(&last.text) => {
                    words(f, first)?;
                    f.write_str(if first.is_empty() { "" } else { " " })?;
                    f.write_str(if last.in_title { "title:" } else { "" })?;
                    quoted(f, &last.text)?;
                }
                _ => words(f, given)?,
            },
            _ => bracketed(f, part, matches!(part, Query::Or(_)))?,
        }
    }
    Ok(())
}

fn words(f: &mut fmt::Formatter<'_>, words: &[Word]) -> fmt::Result {
    for (nth, word) in words.iter().enumerate() {
        if nth > 0 {
            f.write_str(" ")?;
        }
        write!(f, "{word}")?;
    }
    Ok(())
}

fn listed(
    f: &mut fmt::Formatter<'_>,
    parts: &[Query],
    between: &str,
    in_brackets: impl Fn(&Query) -> bool,
) -> fmt::Result {
    for (nth, part) in parts.iter().enumerate() {
        if nth > 0 {
            f.write_str(between)?;
        }
        bracketed(f, part, in_brackets(part))?;
    }
    Ok(())
}

fn bracketed(f: &mut fmt::Formatter<'_>, query: &Query, brackets: bool) -> fmt::Result {
    if brackets {
        write!(f, "({query})")
    } else {
        write!(f, "{query}")
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.in_title {
            f.write_str("title:")?;
        }
        if self.quoted {
            quoted(f, &self.text)?;
        } else {
            f.write_str(&self.text)?;
        }
        f.write_str(if self.prefix { "*" } else { "" })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_bare = is_bare_value(&self.text) && !self.text.starts_with('-');
        if is_bare || self.is_any() {
            f.write_str(&self.text)?;
        } else {
            quoted(f, &self.text)?;
        }
        f.write_str(if self.prefix { "*" } else { "" })
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    write!(f, "\"{escaped}\"")
}

fn names(f: &mut fmt::Formatter<'_>, field: Field, names: &[Name]) -> fmt::Result {
    write!(f, "{}:", field.name())?;
    for (nth, name) in names.iter().enumerate() {
        if nth > 0 {
            f.write_str(",")?;
        }
        write!(f, "{name}")?;
    }
    Ok(())
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Names(field, given) => names(f, *field, given),
            Self::Affected(products, version) => {
                names(f, Field::Product, products)?;
                write!(f, " version:{}", Name::new(version, false))
            }
            Self::Severity(op, severity) => write!(f, "severity{}{severity}", op.sign()),
            Self::Number(field, op, number) => {
                write!(f, "{}{}{number}", field.name(), op.sign())
            }
            Self::Between(field, from, to) => write!(f, "{}:{from}..{to}", field.name()),
            Self::Flag(field, is) => write!(f, "{}:{is}", field.name()),
            Self::When(When::After(moment)) => write!(f, "after:{moment}"),
            Self::When(When::Before(moment)) => write!(f, "before:{moment}"),
            Self::When(When::Last(length)) => write!(f, "last:{length}"),
            Self::When(When::Between(from, to)) if from == to => write!(f, "date:{from}"),
            Self::When(When::Between(from, to)) => write!(f, "date:{from}..{to}"),
        }
    }
}

impl Query {
    /// The query in plain words: `the type is Ransomware, and India is affected`.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::All => "everything".to_owned(),
            Self::And(parts) => sentences(parts, ", and ", |part| matches!(part, Self::Or(_))),
            Self::Or(parts) => sentences(parts, ", or ", |part| matches!(part, Self::And(_))),
            Self::Not(part) => format!("not ({})", part.sentence()),
            Self::Words(words) => {
                let list: Vec<String> = words.iter().map(Word::words).collect();
                match words.as_slice() {
                    [one] => one.sentence(),
                    _ => format!("one of its items holds {}", list.join(" and ")),
                }
            }
            Self::Test(test) => test.sentence(),
        }
    }
}

fn sentences(parts: &[Query], between: &str, in_brackets: impl Fn(&Query) -> bool) -> String {
    let part = |part: &Query| {
        if in_brackets(part) {
            format!("({})", part.sentence())
        } else {
            part.sentence()
        }
    };
    parts.iter().map(part).collect::<Vec<_>>().join(between)
}

impl Word {
    fn words(&self) -> String {
        let goes_on = if self.prefix { "…" } else { "" };
        let place = if self.in_title { " in its title" } else { "" };
        format!("“{}{goes_on}”{place}", self.text)
    }

    pub(super) fn sentence(&self) -> String {
        let goes_on = if self.prefix { "…" } else { "" };
        let place = if self.in_title { "its title" } else { "it" };
        format!("“{}{goes_on}” stands in {place}", self.text)
    }
}

impl Test {
    /// What holds when it holds: `severity is high or above`.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Names(field, names) => names_sentence(*field, names),
            Self::Affected(products, version) => {
                format!(
                    "{} {version} is affected",
                    either(products, |name| name.text.clone())
                )
            }
            Self::Severity(op, severity) => match op {
                Op::AtLeast => format!("severity is {severity} or above"),
                Op::AtMost => format!("severity is {severity} or below"),
                Op::Equal => format!("severity is {severity}"),
                Op::Above | Op::Below => format!("severity is {} {severity}", op.word()),
            },
            Self::Number(Field::Items, op, number) => {
                format!("{} {number} items tell it", op.word())
            }
            Self::Number(field, op, number) => {
                format!("{} is {} {number}", shown(*field), op.word())
            }
            Self::Between(field, from, to) => format!("{} is from {from} to {to}", shown(*field)),
            Self::Flag(Field::Kev, true) => "CISA lists it as exploited".to_owned(),
            Self::Flag(Field::Kev, false) => "CISA does not list it as exploited".to_owned(),
            Self::Flag(_, true) => "it is being exploited".to_owned(),
            Self::Flag(_, false) => "exploitation is not confirmed".to_owned(),
            Self::When(When::After(moment)) => {
                format!("its latest report is of {} or later", moment.words())
            }
            Self::When(When::Before(moment)) => {
                format!("its latest report is from before {}", moment.words())
            }
            Self::When(When::Last(length)) => {
                format!("its latest report is of the last {}", length.words())
            }
            Self::When(When::Between(from, to)) if from == to => {
                format!("its latest report is of {}", from.words())
            }
            Self::When(When::Between(from, to)) => {
                format!(
                    "its latest report is from {} to {}",
                    from.words(),
                    to.words()
                )
            }
        }
    }
}

fn shown(field: Field) -> &'static str {
    match field {
        Field::Epss => "EPSS",
        Field::Cvss => "CVSS",
        other => other.name(),
    }
}

fn names_sentence(field: Field, names: &[Name]) -> String {
    let given = |name: &Name| {
        let goes_on = if name.prefix { "…" } else { "" };
        format!("{}{goes_on}", name.text)
    };
    if let Some(any) = names.first().filter(|name| name.is_any()) {
        return match field {
            Field::Keyword => "it names one of your keywords".to_owned(),
            Field::Assignee => "somebody looks after it".to_owned(),
            _ => format!("it has {} {}{}", article(field), field.name(), any.text),
        };
    }
    match field {
        Field::Region | Field::State => format!("{} is affected", either(names, place)),
        Field::Product => format!("{} is named or affected", either(names, given)),
        Field::Vendor => format!("a product of {} is affected", either(names, given)),
        Field::Cve => format!("it is about {}", either(names, given)),
        Field::Source => format!("{} tells it", either(names, given)),
        Field::Keyword => format!("your keyword {} stands in it", either(names, given)),
        Field::Tag => format!("it is tagged {}", either(names, given)),
        Field::Assignee => format!("{} looks after it", either(names, given)),
        Field::Sector => format!("{} is hit", either(names, |name| label(field, name))),
        Field::AttackClass => format!(
            "an attacker does this with its flaw: {}",
            either(names, |name| label(field, name))
        ),
        Field::Owasp => format!("its weakness is one of {}", either(names, given)),
        _ if matches!(
            field.kind(),
            Kind::Names(Key::Type | Key::Status | Key::Claim)
        ) =>
        {
            format!(
                "the {} is {}",
                field.name(),
                either(names, |name| label(field, name))
            )
        }
        _ => format!("the {} is {}", field.name(), either(names, given)),
    }
}

fn article(field: Field) -> &'static str {
    match field.name().chars().next() {
        Some('a' | 'e' | 'i' | 'o' | 'u') => "an",
        _ => "a",
    }
}

fn either(names: &[Name], shown: impl Fn(&Name) -> String) -> String {
    names.iter().map(shown).collect::<Vec<_>>().join(" or ")
}

fn label(field: Field, name: &Name) -> String {
    let labels = field.labels();
    let known = labels.iter().find(|(label, _)| *label == name.text);
    known.map_or_else(|| name.text.clone(), |(_, word)| (*word).to_owned())
}

fn place(name: &Name) -> String {
    let state = name.text.strip_prefix("IN-");
    let known = match state {
        Some(code) => state_name(code),
        None => name
            .text
            .parse::<Country>()
            .ok()
            .and_then(|country| country.name()),
    };
    known.map_or_else(|| name.text.clone(), str::to_owned)
}
