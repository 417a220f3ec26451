//! What stands behind a field's sign: values in their one spelling.

use super::{LONGEST_VALUE, Part, Read, Reader, Value, is_quote};
use crate::attack::AttackClass;
use crate::id::CveId;
use crate::incident::Tag;
use crate::query::field::{Field, Kind, nearest};
use crate::query::tree::{Name, Query, Test, Word};
use crate::query::value::{Length, Moment, NoMoment, Number, Op, When};
use crate::region::{Country, state_code, states};
use crate::severity::Severity;

impl Reader {
    /// A field, from its sign on.
    pub(super) fn test(&mut self, field: Field, start: usize) -> Read<Part> {
        let sign = self.at;
        if let Some((wrong, right)) = self.misspelt_sign() {
            let what = format!("`{wrong}` is no sign");
            return Err(self.suggesting(what, sign, sign + wrong.len(), Some(right)));
        }
        let denied = self.peek() == Some('!');
        if denied {
            self.at += 1;
        }
        let op = self.op();
        let sign_end = self.at;
        if denied || op.is_some_and(|op| op != Op::Equal) {
            self.blanks();
        }
        if denied && matches!(field.kind(), Kind::Version | Kind::Moment | Kind::Length) {
            let what = format!("`{}` takes no `!=`; write `NOT` before it", field.name());
            return Err(self.error(what, sign, sign_end));
        }
        let compares = matches!(field.kind(), Kind::Severity | Kind::Number(_));
        if !compares && op.is_some_and(|op| op != Op::Equal) {
            let what = format!(
                "`{}` is not compared; write `{}:`",
                field.name(),
                field.name()
            );
            return Err(self.suggesting(what, sign, sign_end, Some(":")));
        }
        let query = match field.kind() {
            Kind::Version => {
                let value = self.value(field, start)?;
                let sound = !value.prefix
                    && value.text.chars().count() <= 80
                    && value.text.contains(|c: char| c.is_alphanumeric());
                if !sound {
                    return Err(self.error("this is no version", value.start, value.end));
                }
                return Ok(Part::Version {
                    version: value.text.trim().to_owned(),
                    start,
                    end: value.end,
                });
            }
            Kind::Words => self.title(field, start)?,
            Kind::Names(_) | Kind::Owasp => self.names(field, start)?,
            Kind::Severity => {
                let value = self.value(field, start)?;
                let severity = value.text.parse::<Severity>().map_err(|_| {
                    let labels = field.labels();
                    let near = nearest(&value.text, labels.iter().map(|(label, _)| *label));
                    let what = "a severity is low, medium, high or critical";
                    self.suggesting(what, value.start, value.end, near)
                })?;
                Query::Test(Test::Severity(op.unwrap_or(Op::AtLeast), severity))
            }
            Kind::Number(most) => self.number(field, op, most, start)?,
            Kind::Flag => {
                let value = self.value(field, start)?;
                let is = match value.text.to_ascii_lowercase().as_str() {
                    "true" | "yes" => true,
                    "false" | "no" => false,
                    _ => {
                        let what = format!("`{}` is true or false", field.name());
                        let near = Some("true");
                        return Err(self.suggesting(what, value.start, value.end, near));
                    }
                };
                Query::Test(Test::Flag(field, is))
            }
            Kind::Moment => {
                let value = self.value(field, start)?;
                let moment = self.moment(&value, &value.text)?;
                Query::Test(Test::When(match field {
                    Field::After => When::After(moment),
                    _ => When::Before(moment),
                }))
            }
            Kind::Length => {
                let value = self.value(field, start)?;
                let length = Length::read(&value.text).ok_or_else(|| {
                    let what = "a length of time is written as 30m, 24h, 7d or 2w";
                    self.suggesting(what, value.start, value.end, Some("24h"))
                })?;
                Query::Test(Test::When(When::Last(length)))
            }
            Kind::Days => {
                let value = self.value(field, start)?;
                let (from, to) = value
                    .text
                    .split_once("..")
                    .unwrap_or((&value.text, &value.text));
                let (from, to) = (self.moment(&value, from)?, self.moment(&value, to)?);
                Query::Test(Test::When(When::Between(from, to)))
            }
        };
        Ok(Part::Whole(if denied {
            Query::Not(Box::new(query))
        } else {
            query
        }))
    }

    /// A sign of other languages that stands here, and ours.
    fn misspelt_sign(&self) -> Option<(&'static str, &'static str)> {
        const SIGNS: [(&str, &str); 5] = [
            ("==", "="),
            ("=>", ">="),
            ("=<", "<="),
            ("<>", "!="),
            ("!==", "!="),
        ];
        let here = self.chars.get(self.at..).unwrap_or_default();
        let stands = |sign: &str| sign.chars().eq(here.iter().take(sign.len()).copied());
        SIGNS.into_iter().find(|(wrong, _)| stands(wrong))
    }

    /// The sign after a field; none for `:`.
    fn op(&mut self) -> Option<Op> {
        let first = self.peek();
        self.at += 1;
        let then_equal = self.peek() == Some('=');
        if then_equal && first != Some(':') {
            self.at += 1;
        }
        match (first, then_equal) {
            (Some('<'), true) => Some(Op::AtMost),
            (Some('<'), false) => Some(Op::Below),
            (Some('>'), true) => Some(Op::AtLeast),
            (Some('>'), false) => Some(Op::Above),
            (Some('='), _) => Some(Op::Equal),
            _ => None,
        }
    }

    /// One value.
    fn value(&mut self, field: Field, start: usize) -> Read<Value> {
        let from = self.at;
        let value = if self.peek().is_some_and(is_quote) {
            self.quoted()?
        } else {
            let text = self.bare(|c| c == ',');
            Value {
                prefix: text.ends_with('*'),
                text,
                quoted: false,
                start: from,
                end: self.at,
            }
        };
        if value.text.trim().is_empty() {
            let what = format!(
                "`{}` needs a value, as in `{}`",
                field.name(),
                field.example()
            );
            return Err(self.suggesting(what, start, self.at, Some(field.example())));
        }
        if value.text.chars().count() > LONGEST_VALUE {
            let what = format!("this value is longer than {LONGEST_VALUE} characters");
            return Err(self.error(what, value.start, value.end));
        }
        Ok(value)
    }

    fn title(&mut self, field: Field, start: usize) -> Read<Query> {
        let word = if self.peek().is_some_and(is_quote) {
            let value = self.quoted()?;
            Word::new(&value.text, true, value.prefix, true)
        } else {
            let text = self.bare(|_| false);
            if text.is_empty() {
                self.value(field, start)?;
            }
            Word::new(&text, false, text.ends_with('*'), true)
        };
        Ok(Query::Words(vec![word]))
    }

    fn names(&mut self, field: Field, start: usize) -> Read<Query> {
        let mut names = Vec::new();
        loop {
            let value = self.value(field, start)?;
            if !names.is_empty() {
                self.count(value.start)?;
            }
            names.push(self.name(field, &value)?);
            if self.peek() != Some(',') {
                return Ok(Query::Test(Test::Names(field, names)));
            }
            self.at += 1;
        }
    }

    /// A value of a field in its one spelling.
    fn name(&self, field: Field, value: &Value) -> Read<Name> {
        let name = Name::new(&value.text, value.prefix);
        if name.is_any() {
            return Ok(Name::any());
        }
        let text = name.text.as_str();
        let wrong = |what: &str, near: Option<&str>| {
            let near = near.map(|near| Name::new(near, false).to_string());
            self.suggesting(what, value.start, value.end, near.as_deref())
        };
        let labels = field.labels();
        if !labels.is_empty() {
            let label = text.to_lowercase().replace([' ', '-'], "_");
            let label = match field {
                Field::AttackClass => {
                    AttackClass::of_name(&label).map_or(label, |class| class.as_str().to_owned())
                }
                _ => label,
            };
            let known = labels.iter().any(|(known, _)| *known == label);
            if name.prefix || !known {
                let list: Vec<&str> = labels.iter().map(|(known, _)| *known).collect();
                let what = format!(
                    "there is no {} `{text}`; there are {}",
                    field.name(),
                    list.join(", ")
                );
                return Err(wrong(&what, nearest(&label, list.iter().copied())));
            }
            return Ok(Name::new(&label, false));
        }
        let canonical = match field {
            Field::Region => region(text),
            Field::State => state_code(text).map(|code| format!("IN-{code}")),
            Field::Cve if name.prefix => {
                let upper = text.to_ascii_uppercase();
                let begins = upper.starts_with("CVE-")
                    && upper
                        .bytes()
                        .skip(4)
                        .all(|byte| byte.is_ascii_digit() || byte == b'-');
                begins.then_some(upper)
            }
            Field::Cve => CveId::new(text).ok().map(|cve| cve.to_string()),
            Field::Cwe => cwe(text).map(|number| format!("CWE-{number}")),
            Field::Owasp => owasp(text),
            Field::Technique => Some(text.to_ascii_uppercase()),
            Field::Source => Some(text.to_lowercase()),
            // As it is kept, or what a longer one begins with.
            Field::Tag => Some(
                text.parse::<Tag>()
                    .map_or_else(|_| text.to_lowercase(), |tag| tag.0),
            ),
            _ => Some(text.to_owned()),
        };
        let prefix_allowed = !matches!(
            field,
            Field::Region | Field::State | Field::Cwe | Field::Owasp
        );
        match canonical {
            Some(text) if prefix_allowed || !name.prefix => Ok(Name::new(&text, name.prefix)),
            _ => Err(match field {
                // Two letters alone are a country's.
                Field::Region if state_code(text).is_some() => {
                    let state = state_code(text).map(|code| format!("IN-{code}"));
                    wrong("this is no country", state.as_deref())
                }
                Field::Region => {
                    let names = Country::all()
                        .map(|(_, name)| name)
                        .chain(states().map(|(_, name)| name));
                    wrong(
                        "this is no country and no Indian state (IN, India, IN-KA, Karnataka)",
                        nearest(text, names),
                    )
                }
                Field::State => {
                    let names = states().map(|(_, name)| name);
                    wrong(
                        "this is no Indian state or territory (KA, Karnataka)",
                        nearest(text, names),
                    )
                }
                Field::Cve => wrong(
                    "a CVE is written as CVE-2026-1234, several as CVE-2026-*",
                    None,
                ),
                Field::Cwe => wrong("a weakness is written as CWE-79 or 79", None),
                _ => wrong("a category is written as A01 or A01:2025", None),
            }),
        }
    }

    fn number(&mut self, field: Field, op: Option<Op>, most: u32, start: usize) -> Read<Query> {
        let value = self.value(field, start)?;
        let read = |text: &str| {
            Number::read(text)
                .filter(|number| number.units() <= u64::from(most) * Number::ONE)
                .ok_or_else(|| {
                    let what = format!("`{}` is a number from 0 to {most}", field.name());
                    self.error(what, value.start, value.end)
                })
        };
        if let Some((from, to)) = value.text.split_once("..") {
            if op.is_some() {
                let what = "a range is written with `:`";
                return Err(self.error(what, value.start, value.end));
            }
            let (from, to) = (read(from)?, read(to)?);
            if from > to {
                let swapped = format!("{to}..{from}");
                let what = "the range ends before it begins";
                return Err(self.suggesting(what, value.start, value.end, Some(&swapped)));
            }
            return Ok(Query::Test(Test::Between(field, from, to)));
        }
        let number = read(&value.text)?;
        Ok(Query::Test(Test::Number(
            field,
            op.unwrap_or(Op::Equal),
            number,
        )))
    }

    fn moment(&self, value: &Value, text: &str) -> Read<Moment> {
        let wrong =
            "a time is written as 2026-11-01, 2026-11-01T09:00Z, -7d, today, yesterday or now";
        if value.quoted && text.trim() != text {
            return Err(self.error(wrong, value.start, value.end));
        }
        Moment::read(text).map_err(|why| match why {
            NoMoment::Form => {
                let near = nearest(text, ["today", "yesterday", "now"]);
                self.suggesting(wrong, value.start, value.end, near)
            }
            NoMoment::Year => {
                let (first, last) = (Moment::FIRST_YEAR, Moment::LAST_YEAR);
                let what = format!("only the years {first} to {last} can be asked for");
                self.error(what, value.start, value.end)
            }
        })
    }
}

/// A country's code, or that of an Indian state after `IN-`.
fn region(text: &str) -> Option<String> {
    if let Some(country) = Country::of_name(text) {
        return Some(country.to_string());
    }
    // Two letters alone are a country's: `region:KA` is not Karnataka.
    let code = state_code(text).filter(|_| text.chars().count() > 2)?;
    Some(format!("IN-{code}"))
}

fn cwe(text: &str) -> Option<u32> {
    let upper = text.to_ascii_uppercase();
    let number = upper.strip_prefix("CWE-").unwrap_or(&upper);
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| digits)
}

/// `A01` or `A01:2025`.
fn owasp(text: &str) -> Option<String> {
    let upper = text.to_ascii_uppercase();
    let (rank, edition) = upper.split_once(':').unwrap_or((&upper, ""));
    let rank: u8 = rank.strip_prefix('A')?.parse().ok()?;
    if !(1..=10).contains(&rank) {
        return None;
    }
    if edition.is_empty() {
        return Some(format!("A{rank:02}"));
    }
    let edition: u16 = edition
        .parse()
        .ok()
        .filter(|year| (2000..=2200).contains(year))?;
    Some(format!("A{rank:02}:{edition}"))
}
