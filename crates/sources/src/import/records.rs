//! Cuts a stream into records without holding more than one of them.
//!
//! A yearly file of NVD has 200 MB, and a parser that takes whole documents would
//! hold it several times over. So brackets are counted here, and nothing is
//! understood: the elements of a list, or a document alone, go to the parser of
//! their kind one by one. What surprised us: counting needs no look at most bytes,
//! because most stand in strings.

use std::io::{self, BufRead, Read};

/// Why a document is not read to its end.
#[derive(Debug)]
pub(super) enum Broken {
    /// The taker has gone away.
    Stopped,
    /// What is wrong with the document.
    Document(String),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Document(error.to_string())
    }
}

/// What was cut out.
pub(super) enum Cut<'a> {
    /// A record, or a line.
    Whole(&'a [u8]),
    /// One that is longer than is read.
    TooLong,
}

/// Where the cutter stands.
#[derive(Default)]
struct Cutter {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The latest string directly inside the document: its key, before a list.
    key: Vec<u8>,
    /// The depth at which the elements of the list stand, inside a list.
    list: Option<usize>,
    /// Whether the document held a list, so that it is no record itself.
    listed: bool,
    record: Vec<u8>,
    too_long: bool,
}

/// The longest key that is compared.
const LONGEST_KEY: usize = 64;

/// Gives the elements of every list that stands at the top or under one of
/// `lists`, or else each document whole. Documents may follow one another.
pub(super) fn each_record(
    reader: &mut dyn BufRead,
    lists: &[&str],
    longest: usize,
    give: &mut dyn FnMut(Cut<'_>) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let mut cutter = Cutter::default();
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        cutter.feed(bytes, lists, longest, give)?;
        reader.consume(length);
    }
    if cutter.depth > 0 || cutter.in_string {
        return Err(Broken::Document(
            "it ends in the middle of a record".to_owned(),
        ));
    }
    Ok(())
}

impl Cutter {
    fn feed(
        &mut self,
        mut bytes: &[u8],
        lists: &[&str],
        longest: usize,
        give: &mut dyn FnMut(Cut<'_>) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        while let Some((&byte, rest)) = bytes.split_first() {
            if self.in_string {
                if self.escaped {
                    self.escaped = false;
                    self.keep(&[byte], longest);
                    bytes = rest;
                    continue;
                }
                let end = memchr::memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len());
                let (text, after) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
                self.keep(text, longest);
                if self.depth == 1 && self.list.is_none() {
                    let room = LONGEST_KEY.saturating_sub(self.key.len());
                    self.key.extend(text.iter().take(room));
                }
                bytes = after;
                if let Some((&mark, after)) = after.split_first() {
                    self.escaped = mark == b'\\';
                    self.in_string = self.escaped;
                    self.keep(&[mark], longest);
                    bytes = after;
                }
                continue;
            }
            bytes = rest;
            let in_list = self.list == Some(self.depth);
            match byte {
                b'"' => {
                    self.in_string = true;
                    self.key.clear();
                    self.keep(b"\"", longest);
                }
                b'{' | b'[' => {
                    if self.depth == 0 {
                        self.record.clear();
                        (self.too_long, self.listed) = (false, false);
                    }
                    let named = self.depth == 1
                        && self.list.is_none()
                        && lists.iter().any(|name| name.as_bytes() == self.key);
                    self.depth += 1;
                    if byte == b'[' && self.list.is_none() && (self.depth == 1 || named) {
                        self.list = Some(self.depth);
                        self.listed = true;
                        self.record.clear();
                        self.too_long = false;
                    } else {
                        self.keep(&[byte], longest);
                    }
                }
                b',' | b']' if in_list => {
                    self.give(give)?;
                    if byte == b']' {
                        self.list = None;
                        self.depth -= 1;
                    }
                }
                b'}' | b']' => {
                    if self.depth == 0 {
                        return Err(not_json());
                    }
                    self.depth -= 1;
                    self.keep(&[byte], longest);
                    if self.list.is_some_and(|list| self.depth < list) {
                        return Err(Broken::Document(
                            "its brackets do not belong together".to_owned(),
                        ));
                    }
                    if self.depth == 0 && !self.listed {
                        self.give(give)?;
                    }
                }
                _ if self.depth > 0 => self.keep(&[byte], longest),
                // A byte order mark may stand before a document.
                b'\xef' | b'\xbb' | b'\xbf' => {}
                _ if byte.is_ascii_whitespace() => {}
                _ => return Err(not_json()),
            }
        }
        Ok(())
    }

    /// Keeps bytes that may belong to a record.
    fn keep(&mut self, bytes: &[u8], longest: usize) {
        if self.listed && self.list.is_none() || self.too_long {
            return;
        }
        if self.record.len() + bytes.len() > longest {
            self.too_long = true;
            self.record.clear();
        } else {
            self.record.extend_from_slice(bytes);
        }
    }

    fn give(&mut self, give: &mut dyn FnMut(Cut<'_>) -> Result<(), Broken>) -> Result<(), Broken> {
        let record = self.record.trim_ascii();
        if self.too_long {
            give(Cut::TooLong)?;
        } else if !record.is_empty() {
            give(Cut::Whole(record))?;
        }
        self.record.clear();
        self.too_long = false;
        Ok(())
    }
}

fn not_json() -> Broken {
    Broken::Document("it is not JSON".to_owned())
}

/// Gives every line that is not blank.
pub(super) fn each_line(
    reader: &mut dyn BufRead,
    longest: usize,
    give: &mut dyn FnMut(usize, Cut<'_>) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        let most = longest as u64 + 1;
        if reader.take(most).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        number += 1;
        if line.len() > longest && line.last() != Some(&b'\n') {
            skip_line(reader)?;
            give(number, Cut::TooLong)?;
        } else if !line.trim_ascii().is_empty() {
            give(number, Cut::Whole(&line))?;
        }
    }
}

/// Reads up to the end of a line, and keeps nothing.
fn skip_line(reader: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let bytes = reader.fill_buf()?;
        let end = memchr::memchr(b'\n', bytes);
        let length = end.map_or(bytes.len(), |at| at + 1);
        reader.consume(length);
        if end.is_some() || length == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use std::io::BufReader;

    fn cut(text: &str, buffer: usize) -> String {
        let mut cuts = Vec::new();
        let mut reader = BufReader::with_capacity(buffer, text.as_bytes());
        let result = each_record(&mut reader, &["list"], 40, &mut |cut| {
            cuts.push(match cut {
                Cut::Whole(record) => String::from_utf8_lossy(record).into_owned(),
                Cut::TooLong => "(too long)".to_owned(),
            });
            Ok(())
        });
        if let Err(Broken::Document(why)) = result {
            cuts.push(format!("! {why}"));
        }
        cuts.join(" | ")
    }

    #[track_caller]
    fn check(text: &str, wanted: &Expect) {
        let whole = cut(text, 4096);
        for buffer in 1..8 {
            assert_eq!(cut(text, buffer), whole, "in pieces of {buffer}");
        }
        wanted.assert_eq(&whole);
    }

    #[test]
    fn lists_are_cut_into_their_elements() {
        check(
            r#"{"n":1,"list":[{"a":"]},{\"\\"}, {"b":[1,{"list":[2]}]} ,3,"x"],"after":[4]}"#,
            &expect![[r#"{"a":"]},{\"\\"} | {"b":[1,{"list":[2]}]} | 3 | "x""#]],
        );
        check("\u{feff}[{\"a\":1},\n{}]", &expect![[r#"{"a":1} | {}"#]]);
        check(r#"{"list":[]}"#, &expect![""]);
    }

    #[test]
    fn a_document_without_the_list_is_a_record() {
        check(
            r#"{"id":"x","other":[1,2]}"#,
            &expect![[r#"{"id":"x","other":[1,2]}"#]],
        );
        check("{\"a\":1}\n{\"b\":2}\n", &expect![[r#"{"a":1} | {"b":2}"#]]);
        check(r#"{"x":{"list":[1]}}"#, &expect![[r#"{"x":{"list":[1]}}"#]]);
    }

    #[test]
    fn what_is_too_long_costs_only_itself() {
        let long = "y".repeat(100);
        check(
            &format!(r#"{{"list":[{{"a":"{long}"}},{{"b":2}}]}}"#),
            &expect![[r#"(too long) | {"b":2}"#]],
        );
    }

    #[test]
    fn what_came_before_a_break_is_given() {
        check(
            r#"{"list":[{"a":1},{"b":"#,
            &expect![[r#"{"a":1} | ! it ends in the middle of a record"#]],
        );
        check("<html>", &expect!["! it is not JSON"]);
        check("]", &expect!["! it is not JSON"]);
        check(
            r#"{"list":[{"a":1}}"#,
            &expect!["! its brackets do not belong together"],
        );
    }

    #[test]
    fn lines_have_numbers_and_a_longest() {
        let mut seen = Vec::new();
        let text = format!("one\n\n{}\nlast", "z".repeat(20));
        each_line(&mut text.as_bytes(), 8, &mut |number, cut| {
            seen.push(match cut {
                Cut::Whole(line) => format!("{number} {}", String::from_utf8_lossy(line).trim()),
                Cut::TooLong => format!("{number} too long"),
            });
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, ["1 one", "3 too long", "4 last"]);
    }
}
