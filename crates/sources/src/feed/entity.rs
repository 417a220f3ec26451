//! Character references: the predefined ones, HTML's, and numbers.
//!
//! Feeds use `&nbsp;` without declaring it, write bare ampersands, and give
//! windows-1252 numbers (`&#146;`). What cannot be resolved stays as it stands.
//! Entities that a document declares itself are never looked at, so a "billion
//! laughs" costs nothing.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;
use quick_xml::escape::resolve_html5_entity;

/// HTML's longest name, `CounterClockwiseContourIntegral`, has 31 letters.
const LONGEST_NAME: usize = 32;

/// `text` with every reference replaced.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'&', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    decode_into(&mut out, text);
    Cow::Owned(out)
}

/// Appends `text` with every reference replaced.
pub(super) fn decode_into(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        let (before, reference) = rest.split_at(at);
        out.push_str(before);
        let Some(name) = name_at(reference) else {
            out.push('&');
            rest = reference.get(1..).unwrap_or_default();
            continue;
        };
        match name {
            "lt" => out.push('<'),
            "gt" => out.push('>'),
            "amp" => out.push('&'),
            "quot" => out.push('"'),
            "apos" | "#39" => out.push('\''),
            _ => match resolve(name) {
                Some(text) => out.push_str(&text),
                None => {
                    out.push('&');
                    rest = reference.get(1..).unwrap_or_default();
                    continue;
                }
            },
        }
        rest = reference.get(name.len() + 2..).unwrap_or_default();
    }
    out.push_str(rest);
}

/// Whether `text` begins with a reference that HTML would replace.
pub(super) fn begins_reference(text: &str) -> bool {
    name_at(text).is_some_and(|name| resolve(name).is_some())
}

/// The name in `&name;…`.
fn name_at(reference: &str) -> Option<&str> {
    let bytes = reference.as_bytes().get(1..)?;
    let window = bytes.get(..bytes.len().min(LONGEST_NAME + 1))?;
    let end = window
        .iter()
        .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'#')?;
    (end > 0 && window.get(end) == Some(&b';'))
        .then(|| reference.get(1..=end))
        .flatten()
}

fn resolve(name: &str) -> Option<Cow<'static, str>> {
    let Some(number) = name.strip_prefix('#') else {
        return resolve_html5_entity(name).map(Cow::Borrowed);
    };
    let (digits, base) = match number.strip_prefix(['x', 'X']) {
        Some(hex) => (hex, 16),
        None => (number, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(base)) {
        return None;
    }
    // Too large a number is still a reference: to no character.
    let code = u32::from_str_radix(digits, base).unwrap_or(u32::MAX);
    match u8::try_from(code) {
        Ok(byte @ 0x80..=0x9F) => Some(Cow::Owned(
            WINDOWS_1252
                .decode_without_bom_handling(&[byte])
                .0
                .into_owned(),
        )),
        Ok(byte @ 0..0x20) if !matches!(byte, b'\t' | b'\n' | b'\r') => Some(Cow::Borrowed("")),
        _ => Some(Cow::Owned(
            char::from_u32(code)
                .unwrap_or(char::REPLACEMENT_CHARACTER)
                .to_string(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_and_the_rest_stays() {
        for (given, expected) in [
            (
                "AT&amp;T &lt;b&gt; &quot;q&quot; it&#39;s it&apos;s",
                "AT&T <b> \"q\" it's it's",
            ),
            (
                "a&nbsp;b &eacute; &hellip; &CounterClockwiseContourIntegral;",
                "a\u{A0}b é … ∳",
            ),
            ("&#8217; &#x2019; &#X2019; &#146;", "’ ’ ’ ’"),
            (
                "R&D, AT&T; &unknown; & &; &&amp;",
                "R&D, AT&T; &unknown; & &; &&",
            ),
            (
                "&#0;&#1;a&#xD800;&#99999999999;&#10;b",
                "a\u{FFFD}\u{FFFD}\nb",
            ),
            ("&amp;amp;", "&amp;"),
            ("&", "&"),
            ("&#;&#x;&#12a;&é;", "&#;&#x;&#12a;&é;"),
        ] {
            assert_eq!(decode(given), expected, "{given}");
        }
    }

    #[test]
    fn text_without_references_is_not_copied() {
        assert!(matches!(decode("plain"), Cow::Borrowed("plain")));
    }
}
