//! Stepping over the characters of a query: words, quotes, the names of fields.

use super::{Read, Reader, Value, field_sign, is_quote, is_special};
use crate::query::field::Field;

impl Reader {
    /// The character here.
    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// Steps over blanks.
    pub(super) fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Whether this word stands here, alone; it is stepped over.
    pub(super) fn word_is(&mut self, word: &str) -> bool {
        let end = self.at + word.len();
        let stands = self
            .chars
            .get(self.at..end)
            .is_some_and(|here| here.iter().copied().eq(word.chars()))
            && self
                .chars
                .get(end)
                .is_none_or(|c| c.is_whitespace() || is_special(*c));
        if stands {
            self.at = end;
        }
        stands
    }

    /// The characters up to a blank, a bracket, a quote or what `ends` says.
    pub(super) fn bare(&mut self, ends: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        while let Some(c) = self.peek()
            && !c.is_whitespace()
            && !is_special(c)
            && !ends(c)
        {
            text.push(c);
            self.at += 1;
        }
        text
    }

    /// What stands in quotes here.
    pub(super) fn quoted(&mut self) -> Read<Value> {
        let start = self.at;
        let opened = self.peek();
        let mut text = String::new();
        self.at += 1;
        loop {
            match self.peek() {
                None => {
                    let rest: String = self.chars.iter().skip(start).collect();
                    let closed = format!("\"{}\"", rest.trim_start_matches(is_quote).trim_end());
                    return Err(self.suggesting(
                        "this quote is never closed",
                        start,
                        self.at,
                        Some(&closed),
                    ));
                }
                Some('\\')
                    if self
                        .chars
                        .get(self.at + 1)
                        .is_some_and(|c| matches!(c, '\\' | '"')) =>
                {
                    text.extend(self.chars.get(self.at + 1));
                    self.at += 2;
                }
                Some(c) if c == '"' || (opened != Some('"') && is_quote(c)) => break,
                Some(c) => {
                    text.push(c);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        let mut prefix = text.trim_end().ends_with('*');
        while self.peek() == Some('*') {
            prefix = true;
            self.at += 1;
        }
        Ok(Value {
            text,
            quoted: true,
            prefix,
            start,
            end: self.at,
        })
    }

    /// The field that begins here, its sign not yet read.
    pub(super) fn field(&mut self) -> Read<Option<Field>> {
        let start = self.at;
        let rest = self.chars.get(start..).unwrap_or_default();
        let length = rest
            .iter()
            .take_while(|c| c.is_ascii_alphabetic() || **c == '_')
            .count();
        let name: String = rest.iter().take(length).collect();
        let Some(field) = Field::of_name(&name) else {
            let Some(sign) = field_sign(rest) else {
                return Ok(None);
            };
            let is_address = rest.get(sign + 1) == Some(&'/');
            let near = Field::nearest(&name);
            // `id=5` is a piece of an address or of a program; `>` compares.
            let may_be_word = rest.get(sign) == Some(&'=') && rest.get(sign + 1) != Some(&'=');
            if is_address || (may_be_word && near.is_none()) {
                return Ok(None);
            }
            let what = match near {
                Some(_) => format!("there is no field `{name}`"),
                None => format!(
                    "there is no field `{name}`; to look for these words put them in quotes"
                ),
            };
            return Err(self.suggesting(what, start, start + length, near));
        };
        // `severity >= high` may have blanks, `type: x` may not: it is still typed.
        let mut sign = start + length;
        while rest.get(sign - start).is_some_and(|c| c.is_whitespace()) {
            sign += 1;
        }
        let is_sign = match self.chars.get(sign) {
            Some(':') => sign == start + length,
            Some('<' | '>' | '=') => true,
            Some('!') => self.chars.get(sign + 1) == Some(&'='),
            _ => false,
        };
        if is_sign {
            self.at = sign;
        }
        Ok(is_sign.then_some(field))
    }
}
