//! Stepping over the characters of a query: words, quotes, the names of fields.

use super::{
    Read, Reader, Value, begins_with_sign, is_quote, is_special, known_otherwise, name_length,
};
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
        let length = name_length(rest);
        let name: String = rest.iter().take(length).collect();
        let after = rest.get(length..).unwrap_or_default();
        let blanks = after.iter().take_while(|c| c.is_whitespace()).count();
        let sign = after.get(blanks..).unwrap_or_default();
        let known = Field::of_name(&name);
        if length == 0 || !begins_with_sign(sign) {
            if let Some(field) = known {
                self.no_in(field, start + length)?;
            }
            return Ok(None);
        }
        if let Some(field) = known {
            self.at = start + length + blanks;
            return Ok(Some(field));
        }
        let near = known_otherwise(&name)
            .map(Field::name)
            .or_else(|| Field::nearest(&name));
        let is_address = blanks == 0 && sign.get(1) == Some(&'/');
        // `id=5` is a piece of an address or of a program; `>` compares.
        let may_be_word = sign.first() == Some(&'=') && sign.get(1) != Some(&'=');
        if is_address || (may_be_word && near.is_none()) {
            return Ok(None);
        }
        let what = match near {
            Some(_) => format!("there is no field `{name}`"),
            None => {
                format!("there is no field `{name}`; to look for these words put them in quotes")
            }
        };
        Err(self.suggesting(what, start, start + length, near))
    }

    /// That behind this field's name no list stands as in other languages:
    /// `type in (malware, ddos)`.
    fn no_in(&mut self, field: Field, end: usize) -> Read<()> {
        let start = self.at;
        self.at = end;
        self.blanks();
        let is_in = self.at > end && (self.word_is("in") || self.word_is("IN"));
        let sign_end = self.at;
        self.blanks();
        let is_list = is_in && self.peek() == Some('(');
        self.at = start;
        if is_list {
            let what = format!("several values are written as `{}:(… OR …)`", field.name());
            return Err(self.suggesting(what, end, sign_end, Some(":")));
        }
        Ok(())
    }

    /// Whether a field or a bracket begins here; nothing is stepped over.
    pub(super) fn is_field_or_bracket(&mut self) -> bool {
        let start = self.at;
        let is_one = self.peek() == Some('(') || !matches!(self.field(), Ok(None));
        self.at = start;
        is_one
    }
}
