//! Bytes to text, whatever the document says about itself.
//!
//! What surprised us in real feeds: `ISO-8859-1` declared over UTF-8, `utf-16`
//! declared over ASCII, and one Latin-1 quotation mark in a UTF-8 document. So the
//! bytes are believed first, the declaration second and HTTP last:
//! byte order mark, valid UTF-8, XML declaration, HTTP charset, and at the end
//! UTF-8 with every odd byte read as windows-1252.
//! Labels: <https://encoding.spec.whatwg.org/#names-and-labels>.

use std::borrow::Cow;

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The declaration stands in the first line; nobody writes a longer one.
const DECLARATION_WITHIN: usize = 256;

/// The text of a document; control characters that no XML may hold are left out.
pub(crate) fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    let text = match decode_marked(bytes) {
        Some(text) => text,
        None => decode_unmarked(bytes, content_type),
    };
    without_controls(without_marks(text))
}

/// Text whose first bytes tell its encoding: byte order marks, and the zeros of
/// UTF-16 without one.
fn decode_marked(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let (encoding, rest) = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => return Some(decode_utf8(rest)),
        [0xFF, 0xFE, 0, 0, rest @ ..] => return Some(decode_utf32(rest, u32::from_le_bytes)),
        [0, 0, 0xFE, 0xFF, rest @ ..] => return Some(decode_utf32(rest, u32::from_be_bytes)),
        [0xFF, 0xFE, rest @ ..] => (UTF_16LE, rest),
        [0xFE, 0xFF, rest @ ..] => (UTF_16BE, rest),
        [1..=255, 0, 1..=255, 0, ..] => (UTF_16LE, bytes),
        [0, 1..=255, 0, 1..=255, ..] => (UTF_16BE, bytes),
        _ => return None,
    };
    Some(encoding.decode_without_bom_handling(rest).0)
}

fn decode_unmarked<'a>(bytes: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    let declared = declared(bytes).and_then(usable);
    if declared != Some(ISO_2022_JP)
        && let Some(text) = whole_utf8(bytes)
    {
        return Cow::Borrowed(text);
    }
    let encoding = declared.filter(|encoding| *encoding != UTF_8).or_else(|| {
        content_type
            .and_then(http_charset)
            .and_then(|label| usable(label.as_bytes()))
    });
    match encoding {
        Some(encoding) if encoding != UTF_8 => encoding.decode_without_bom_handling(bytes).0,
        _ => decode_utf8(bytes),
    }
}

/// The text if it is UTF-8, up to a last character that was cut off.
fn whole_utf8(bytes: &[u8]) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => bytes
            .get(..error.valid_up_to())
            .and_then(|whole| std::str::from_utf8(whole).ok()),
        Err(_) => None,
    }
}

/// UTF-8 where it is, windows-1252 where it is not.
fn decode_utf8(bytes: &[u8]) -> Cow<'_, str> {
    if let Some(text) = whole_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len().saturating_add(bytes.len() / 8));
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
    }
    Cow::Owned(text)
}

fn decode_utf32(bytes: &[u8], number: fn([u8; 4]) -> u32) -> Cow<'_, str> {
    let (units, _) = bytes.as_chunks::<4>();
    let characters = units
        .iter()
        .map(|unit| char::from_u32(number(*unit)).unwrap_or(char::REPLACEMENT_CHARACTER));
    Cow::Owned(characters.collect())
}

/// The label in `<?xml version="1.0" encoding="…"?>`.
fn declared(bytes: &[u8]) -> Option<&[u8]> {
    let head = bytes
        .get(..bytes.len().min(DECLARATION_WITHIN))
        .unwrap_or_default();
    let start = memchr::memmem::find(head, b"<?xml")?;
    let head = head.get(start..)?;
    let head = memchr::memchr(b'>', head)
        .and_then(|end| head.get(..end))
        .unwrap_or(head);
    let after = head
        .get(memchr::memmem::find(head, b"encoding")? + 8..)?
        .trim_ascii_start();
    let value = after.strip_prefix(b"=")?.trim_ascii_start();
    let value = value
        .strip_prefix(b"\"")
        .or_else(|| value.strip_prefix(b"'"))
        .unwrap_or(value);
    value
        .split(|byte| matches!(byte, b'"' | b'\'' | b'?' | b' '))
        .next()
}

/// The encoding of a label. UTF-16 is none here: its zeros would have shown.
fn usable(label: &[u8]) -> Option<&'static Encoding> {
    Encoding::for_label_no_replacement(label)
        .filter(|encoding| *encoding != UTF_16LE && *encoding != UTF_16BE)
}

/// `windows-1251` of `text/xml; charset="windows-1251"`.
fn http_charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches(['"', '\'']))
    })
}

fn without_marks(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_start_matches('\u{FEFF}')),
        Cow::Owned(text) if text.starts_with('\u{FEFF}') => {
            Cow::Owned(text.trim_start_matches('\u{FEFF}').to_owned())
        }
        owned @ Cow::Owned(_) => owned,
    }
}

const fn is_unwanted(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')
}

fn without_controls(text: Cow<'_, str>) -> Cow<'_, str> {
    // In chunks and without an early end, so that the compiler can take many
    // bytes at a time: almost no document holds any.
    let dirty = |chunk: &[u8]| {
        chunk
            .iter()
            .fold(false, |found, byte| found | is_unwanted(*byte))
    };
    if !text.as_bytes().chunks(4096).any(dirty) {
        return text;
    }
    Cow::Owned(
        text.chars()
            .filter(|c| !u8::try_from(*c).is_ok_and(is_unwanted))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], content_type: Option<&str>, expected: &str) {
        assert_eq!(decode(bytes, content_type), expected, "{bytes:?}");
    }

    #[test]
    fn the_bytes_are_believed_before_the_declaration() {
        check(
            "<?xml encoding='ISO-8859-1'?>é".as_bytes(),
            None,
            "<?xml encoding='ISO-8859-1'?>é",
        );
        check(
            "<?xml encoding='utf-16'?>é".as_bytes(),
            Some("text/xml; charset=utf-16"),
            "<?xml encoding='utf-16'?>é",
        );
        check(b"\xEF\xBB\xBF<a>", None, "<a>");
        check(b"\xFF\xFE<\0a\0>\0", None, "<a>");
        check(b"\xFE\xFF\0<\0a\0>", None, "<a>");
        check(b"<\0a\0>\0", None, "<a>");
        check(b"\0<\0a\0>", None, "<a>");
        check(b"\xFF\xFE\0\0<\0\0\0a\0\0\0", None, "<a");
        check(b"\0\0\xFE\xFF\0\0\0<\0\0\0a", None, "<a");
    }

    #[test]
    fn then_the_declaration_then_http() {
        check(
            b"<?xml encoding='ISO-8859-1'?>\x93\xE9\x94",
            None,
            "<?xml encoding='ISO-8859-1'?>“é”",
        );
        check(
            b"<?xml version=\"1.0\" encoding=\"KOI8-R\"?>\xF2!",
            Some("text/xml; charset=utf-8"),
            "<?xml version=\"1.0\" encoding=\"KOI8-R\"?>Р!",
        );
        check(
            b"<a>\xD0\xF3\xF1",
            Some("text/xml; Charset=\"windows-1251\""),
            "<a>Рус",
        );
        check(
            b"<?xml encoding='utf-8'?>\xD0\xF3\xF1",
            Some("text/xml; charset=windows-1251"),
            "<?xml encoding='utf-8'?>Рус",
        );
        check(
            b"<?xml encoding='iso-2022-jp'?>\x1B$B$\"\x1B(B",
            None,
            "<?xml encoding='iso-2022-jp'?>あ",
        );
    }

    #[test]
    fn odd_bytes_in_utf8_are_windows_1252() {
        check(b"\xC3\xA9 it\x92s \xE9", None, "é it’s é");
        check(
            b"<?xml encoding='utf-8'?>na\xEFve",
            None,
            "<?xml encoding='utf-8'?>naïve",
        );
    }

    #[test]
    fn a_cut_last_character_and_control_characters_go() {
        check(b"caf\xC3", None, "caf");
        check(
            b"<?xml encoding='latin1'?>\xC3\xA9\xC3",
            None,
            "<?xml encoding='latin1'?>é",
        );
        check(b"a\0b\x0Bc\td\r\n", None, "abc\td\r\n");
        check(b"", None, "");
    }
}
