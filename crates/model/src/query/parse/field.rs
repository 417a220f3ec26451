//! What stands behind a field's sign: values in their one spelling.

use super::{LONGEST_VALUE, Part, QueryError, Read, Reader, Value, is_denial, is_quote, is_sign};
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
        let (op, denied) = self.sign();
        let sign_end = self.at;
        self.blanks();
        // `type: kev:true` is not the type "kev:true".
        let lacks_value = self.at > sign_end
            && (self.is_operator() || (self.peek() != Some('(') && self.is_field_or_bracket()));
        if lacks_value {
            return Err(self.no_value(field, start, sign_end));
        }
        if denied && matches!(field.kind(), Kind::Version | Kind::Moment | Kind::Length) {
            let what = format!("`{}` takes no `!=`; write `NOT` before it", field.name());
            return Err(self.error(what, sign, sign_end));
        }
        let compares = matches!(field.kind(), Kind::Severity | Kind::Number(_));
        if !compares && let Some(op) = op.filter(|op| *op != Op::Equal) {
            return Err(self.not_compared(field, op, start, sign, sign_end));
        }
        if field.kind() == Kind::Words {
            let query = self.title(field, start)?;
            return Ok(Part::Whole(if denied { denial(query) } else { query }));
        }
        let values = self.values(field, start)?;
        if let Some(second) = values.get(1) {
            self.takes_several(field, op, (sign, sign_end), second)?;
        }
        let read = |values: &[Value], read: &dyn Fn(&Value) -> Read<Test>| -> Read<Query> {
            let tests: Vec<Query> = values
                .iter()
                .map(|value| read(value).map(Query::Test))
                .collect::<Read<_>>()?;
            Ok(Query::or(tests))
        };
        let query = match field.kind() {
            Kind::Version => {
                let value = values.into_iter().next();
                let Some(value) = value.filter(is_version) else {
                    return Err(self.error("this is no version", sign_end, self.at));
                };
                return Ok(Part::Version {
                    version: value.text.trim().to_owned(),
                    start,
                    end: value.end,
                });
            }
            Kind::Names(_) | Kind::Owasp | Kind::Words => {
                let names = values.iter().map(|value| self.name(field, value));
                Query::Test(Test::Names(field, names.collect::<Read<_>>()?))
            }
            Kind::Severity => read(&values, &|value| {
                let severity = self.severity(field, value)?;
                Ok(Test::Severity(op.unwrap_or(Op::AtLeast), severity))
            })?,
            Kind::Number(most) => read(&values, &|value| self.number(field, op, most, value))?,
            Kind::Flag => read(&values, &|value| {
                Ok(Test::Flag(field, self.flag(field, value)?))
            })?,
            Kind::Moment => read(&values, &|value| {
                let moment = self.moment(value, &value.text)?;
                Ok(Test::When(match field {
                    Field::After => When::After(moment),
                    _ => When::Before(moment),
                }))
            })?,
            Kind::Length => read(&values, &|value| {
                let length = Length::read(&value.text).ok_or_else(|| {
                    let what = "a length of time is written as 30m, 24h, 7d or 2w";
                    self.suggesting(what, value.start, value.end, Some("24h"))
                })?;
                Ok(Test::When(When::Last(length)))
            })?,
            Kind::Days => read(&values, &|value| {
                let text = value.text.as_str();
                let (from, to) = text.split_once("..").unwrap_or((text, text));
                let (from, to) = (self.moment(value, from)?, self.moment(value, to)?);
                Ok(Test::When(When::Between(from, to)))
            })?,
        };
        Ok(Part::Whole(if denied { denial(query) } else { query }))
    }

    /// A sign of other languages that stands here, and ours.
    fn misspelt_sign(&self) -> Option<(&'static str, &'static str)> {
        const SIGNS: [(&str, &str); 12] = [
            ("==", "="),
            ("=>", ">="),
            ("=<", "<="),
            ("=~", ":"),
            ("<>", "!="),
            ("!==", "!="),
            ("!:", "!="),
            ("!~", "!="),
            ("!<", ">="),
            ("!>", "<="),
            ("~=", ":"),
            ("~", ":"),
        ];
        let here = self.chars.get(self.at..).unwrap_or_default();
        let stands = |sign: &str| sign.chars().eq(here.iter().take(sign.len()).copied());
        SIGNS.into_iter().find(|(wrong, _)| stands(wrong))
    }

    /// The sign after a field: how it compares (not, with `:` alone), and whether that is
    /// denied. `:>` is what GitHub writes for `>`.
    fn sign(&mut self) -> (Option<Op>, bool) {
        const SIGNS: [(&str, Option<Op>, bool); 10] = [
            ("!=", None, true),
            ("≠", None, true),
            ("<=", Some(Op::AtMost), false),
            ("≤", Some(Op::AtMost), false),
            (">=", Some(Op::AtLeast), false),
            ("≥", Some(Op::AtLeast), false),
            ("<", Some(Op::Below), false),
            (">", Some(Op::Above), false),
            ("=", Some(Op::Equal), false),
            ("", None, false),
        ];
        if self.peek() == Some(':') {
            self.at += 1;
        }
        let here = self.chars.get(self.at..).unwrap_or_default();
        let stands = |sign: &str| {
            here.iter()
                .copied()
                .take(sign.chars().count())
                .eq(sign.chars())
        };
        let found = SIGNS.into_iter().find(|(sign, _, _)| stands(sign));
        let (sign, op, denied) = found.unwrap_or(("", None, false));
        self.at += sign.chars().count();
        // `severity!=high` is all but high, and not all below it.
        (if denied { Some(Op::Equal) } else { op }, denied)
    }

    /// Whether an operator stands here; nothing is stepped over.
    fn is_operator(&mut self) -> bool {
        let start = self.at;
        let is_one = ["AND", "OR", "NOT"]
            .into_iter()
            .any(|word| self.word_is(word));
        self.at = start;
        is_one
    }

    fn not_compared(
        &self,
        field: Field,
        op: Op,
        start: usize,
        sign: usize,
        end: usize,
    ) -> QueryError {
        let name = field.name();
        if matches!(field.kind(), Kind::Moment | Kind::Days) {
            let near = match op {
                Op::Below | Op::AtMost => "before:",
                _ => "after:",
            };
            let what = format!("`{name}` is not compared; write `after:` or `before:`");
            return self.suggesting(what, start, end, Some(near));
        }
        let what = format!("`{name}` is not compared; write `{name}:`");
        self.suggesting(what, sign, end, Some(":"))
    }

    fn no_value(&self, field: Field, start: usize, end: usize) -> QueryError {
        let (name, example) = (field.name(), field.example());
        let what = format!("`{name}` needs a value, as in `{example}`");
        self.suggesting(what, start, end, Some(example))
    }

    /// That several values make sense after this sign.
    fn takes_several(
        &self,
        field: Field,
        op: Option<Op>,
        (sign, sign_end): (usize, usize),
        second: &Value,
    ) -> Read<()> {
        let name = field.name();
        match (field.kind(), op) {
            (Kind::Version | Kind::Moment | Kind::Length, _) => {
                let what = format!("`{name}` takes one value");
                Err(self.error(what, second.start, second.end))
            }
            // "low or above, or high or above" is everything.
            (Kind::Severity, None) => {
                let what = format!(
                    "`{name}:` means that or above, and the lowest of several says it all; for these alone write `{name}=`"
                );
                Err(self.suggesting(what, sign, sign_end, Some("=")))
            }
            (_, Some(op)) if op != Op::Equal => {
                let what = format!("`{}` takes one value", op.sign());
                Err(self.error(what, second.start, second.end))
            }
            _ => Ok(()),
        }
    }

    /// The values behind a sign: one, several with commas, or such in brackets with `OR`.
    fn values(&mut self, field: Field, start: usize) -> Read<Vec<Value>> {
        let opened = self.at;
        let in_brackets = self.peek() == Some('(');
        if in_brackets {
            self.at += 1;
            self.blanks();
        }
        let mut values: Vec<Value> = Vec::new();
        loop {
            let value = self.value(field, start)?;
            if !values.is_empty() {
                self.count(value.start)?;
            }
            values.push(value);
            if in_brackets {
                self.blanks();
            }
            if self.peek() == Some(',') {
                self.at += 1;
            } else if !(in_brackets && self.word_is("OR")) {
                break;
            }
            if in_brackets {
                self.blanks();
            }
        }
        if in_brackets {
            let end = self.at;
            match self.peek() {
                Some(')') => self.at += 1,
                None => {
                    let what = "this bracket is never closed";
                    return Err(self.error(what, opened, opened + 1));
                }
                Some(_) => {
                    let what = "values in brackets stand with `OR` between them";
                    return Err(self.error(what, end, end + 1));
                }
            }
        }
        self.ends_here()?;
        Ok(values)
    }

    /// That nothing follows a value without a blank: it would be looked for by itself.
    fn ends_here(&self) -> Read<()> {
        match self.peek() {
            Some(c) if !(c.is_whitespace() || c == ')') => {
                let what = "a blank is missing here";
                let spaced = format!(" {c}");
                Err(self.suggesting(what, self.at, self.at + 1, Some(&spaced)))
            }
            _ => Ok(()),
        }
    }

    /// One value.
    fn value(&mut self, field: Field, start: usize) -> Read<Value> {
        let from = self.at;
        let value = if self.peek().is_some_and(is_quote) {
            self.quoted()?
        } else {
            self.no_sign_in_value(field)?;
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
            return Err(self.no_value(field, start, self.at));
        }
        if value.text.chars().count() > LONGEST_VALUE {
            let what = format!("this value is longer than {LONGEST_VALUE} characters");
            return Err(self.error(what, value.start, value.end));
        }
        Ok(value)
    }

    /// That no value begins with a sign: of a name it would not count, and `actor:!x` would
    /// find what it was to keep out.
    fn no_sign_in_value(&self, field: Field) -> Read<()> {
        let here = self.chars.get(self.at..).unwrap_or_default();
        let Some(first) = here.first().copied() else {
            return Ok(());
        };
        let denies = is_denial(here.iter().copied())
            || (first == '-' && matches!(field.kind(), Kind::Names(_) | Kind::Owasp));
        if denies {
            let what = format!("what is denied is written as `{}!=…`", field.name());
            return Err(self.error(what, self.at, self.at + 1));
        }
        // Addresses of IPv6 may begin with colons.
        if is_sign(first) && !(first == ':' && field == Field::Indicator) {
            let what = format!("a value that begins with `{first}` stands in quotes");
            return Err(self.error(what, self.at, self.at + 1));
        }
        Ok(())
    }

    fn title(&mut self, field: Field, start: usize) -> Read<Query> {
        let word = if self.peek().is_some_and(is_quote) {
            let value = self.quoted()?;
            Word::new(&value.text, true, value.prefix, true)
        } else {
            self.no_sign_in_value(field)?;
            let text = self.bare(|_| false);
            if text.is_empty() {
                return Err(self.no_value(field, start, self.at));
            }
            Word::new(&text, false, text.ends_with('*'), true)
        };
        self.ends_here()?;
        Ok(Query::Words(vec![word]))
    }

    fn severity(&self, field: Field, value: &Value) -> Read<Severity> {
        value.text.parse().map_err(|_| {
            let labels = field.labels();
            let near = nearest(&value.text, labels.iter().map(|(label, _)| *label));
            let what = "a severity is low, medium, high or critical";
            self.suggesting(what, value.start, value.end, near)
        })
    }

    fn flag(&self, field: Field, value: &Value) -> Read<bool> {
        match value.text.to_ascii_lowercase().as_str() {
            "true" | "yes" => Ok(true),
            "false" | "no" => Ok(false),
            _ => {
                let what = format!("`{}` is true or false", field.name());
                Err(self.suggesting(what, value.start, value.end, Some("true")))
            }
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

    fn number(&self, field: Field, op: Option<Op>, most: u32, value: &Value) -> Read<Test> {
        let read = |text: &str| {
            Number::read(text).filter(|number| number.units() <= u64::from(most) * Number::ONE)
        };
        let wrong = |near: Option<&str>| {
            let what = format!("`{}` is a number from 0 to {most}", field.name());
            self.suggesting(what, value.start, value.end, near)
        };
        if let Some((from, to)) = value.text.split_once("..") {
            if op.is_some() {
                let what = "a range is written with `:`";
                return Err(self.error(what, value.start, value.end));
            }
            let from = read(from).ok_or_else(|| wrong(None))?;
            let to = read(to).ok_or_else(|| wrong(None))?;
            if from > to {
                let swapped = format!("{to}..{from}");
                let what = "the range ends before it begins";
                return Err(self.suggesting(what, value.start, value.end, Some(&swapped)));
            }
            return Ok(Test::Between(field, from, to));
        }
        let number = read(&value.text).ok_or_else(|| {
            let parts = value.text.split_once('-');
            let range = parts.and_then(|(from, to)| Some((read(from)?, read(to)?)));
            wrong(range.map(|(from, to)| format!("{from}..{to}")).as_deref())
        })?;
        Ok(Test::Number(field, op.unwrap_or(Op::Equal), number))
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

fn denial(query: Query) -> Query {
    Query::Not(Box::new(query))
}

fn is_version(value: &Value) -> bool {
    !value.prefix
        && value.text.chars().count() <= 80
        && value.text.contains(|c: char| c.is_alphanumeric())
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
