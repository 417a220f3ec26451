//! Telegram's HTML: the few tags it knows, and its words for what is wrong.
//!
//! Written after the parser of TDLib (`MessageEntity.cpp`, `parse_html`), which
//! the Bot API server runs: it is a strict one, and the first fault refuses the
//! whole message. <https://core.telegram.org/bots/api#html-style>

/// The tags it knows. `span` needs a class, `tg-emoji` an id.
const TAGS: &[&str] = &[
    "b",
    "strong",
    "i",
    "em",
    "u",
    "ins",
    "s",
    "strike",
    "del",
    "span",
    "tg-spoiler",
    "tg-emoji",
    "tg-time",
    "a",
    "code",
    "pre",
    "blockquote",
];

/// The text that readers see, or what is wrong with the mark-up.
pub(crate) fn visible_text(html: &str) -> Result<String, String> {
    let mut text = String::with_capacity(html.len());
    let mut open: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some(c) = rest.chars().next() {
        let at = html.len() - rest.len();
        match c {
            '&' => {
                let (decoded, length) = reference(rest).unwrap_or(('&', 1));
                text.push(decoded);
                rest = rest.get(length..).unwrap_or_default();
            }
            '<' => rest = tag(rest, at, &mut open)?,
            c => {
                text.push(c);
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
        }
    }
    match open.pop() {
        Some(name) => Err(format!(
            "Can't find end tag corresponding to start tag \"{name}\""
        )),
        None => Ok(text),
    }
}

/// Reads one tag and gives what follows it.
fn tag<'a>(rest: &'a str, at: usize, open: &mut Vec<String>) -> Result<&'a str, String> {
    let inner = rest.get(1..).unwrap_or_default();
    if let Some(inner) = inner.strip_prefix('/') {
        let Some(expected) = open.pop() else {
            return Err(format!("Unexpected end tag at byte offset {at}"));
        };
        let end = inner
            .find(|c: char| c.is_ascii_whitespace() || c == '>')
            .unwrap_or(inner.len());
        let (name, after) = inner.split_at(end);
        let name = name.to_ascii_lowercase();
        let Some(after) = after.trim_ascii_start().strip_prefix('>') else {
            return Err(format!("Unclosed end tag at byte offset {at}"));
        };
        if !name.is_empty() && name != expected {
            return Err(format!(
                "Unmatched end tag at byte offset {at}, expected \"</{expected}>\", found \"</{name}>\""
            ));
        }
        return Ok(after);
    }
    let Some(end) = inner.find(|c: char| c.is_ascii_whitespace() || c == '>') else {
        return Err(format!("Unclosed start tag at byte offset {at}"));
    };
    let (name, after) = inner.split_at(end);
    let name = name.to_ascii_lowercase();
    if !TAGS.contains(&name.as_str()) {
        return Err(format!(
            "Unsupported start tag \"{name}\" at byte offset {at}"
        ));
    }
    let (attributes, after) = attributes(after, &name, at)?;
    let has = |wanted: &str| {
        attributes
            .iter()
            .any(|(key, value)| key == wanted && !value.is_empty())
    };
    if name == "span"
        && !attributes
            .iter()
            .any(|(key, value)| key == "class" && value == "tg-spoiler")
    {
        return Err(format!(
            "Tag \"span\" must have class \"tg-spoiler\" at byte offset {at}"
        ));
    }
    if name == "tg-emoji" && !has("emoji-id") {
        return Err("Custom emoji entity must have emoji-id".to_owned());
    }
    open.push(name);
    Ok(after)
}

type Attributes = Vec<(String, String)>;

/// Reads the attributes of a start tag up to and with its `>`.
fn attributes<'a>(
    mut rest: &'a str,
    tag: &str,
    at: usize,
) -> Result<(Attributes, &'a str), String> {
    let unclosed = || format!("Unclosed start tag at byte offset {at}");
    let mut found = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        if let Some(after) = rest.strip_prefix('>') {
            return Ok((found, after));
        }
        let end = rest
            .find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '>')
            .ok_or_else(unclosed)?;
        let (key, after) = rest.split_at(end);
        if key.is_empty() {
            return Err(format!(
                "Empty attribute name in the tag \"{tag}\" at byte offset {at}"
            ));
        }
        let Some(after) = after.trim_ascii_start().strip_prefix('=') else {
            // `<blockquote expandable>` is the one attribute without a value.
            found.push((key.to_ascii_lowercase(), String::new()));
            rest = after;
            continue;
        };
        let after = after.trim_ascii_start();
        let (value, after) = match after.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inner = after.get(1..).unwrap_or_default();
                inner.split_once(quote).ok_or_else(unclosed)?
            }
            Some(_) => {
                let end = after
                    .find(|c: char| c.is_ascii_whitespace() || c == '>')
                    .ok_or_else(unclosed)?;
                after.split_at(end)
            }
            None => return Err(unclosed()),
        };
        found.push((key.to_ascii_lowercase(), value.to_owned()));
        rest = after;
    }
}

/// A character reference at the start of the text, and its length. Telegram
/// knows four names and all numbers; the rest stays as it is written.
fn reference(text: &str) -> Option<(char, usize)> {
    let end = text
        .find(|c: char| c != '&' && c != '#' && !c.is_ascii_alphanumeric())
        .unwrap_or(text.len());
    let name = text.get(1..end)?;
    let decoded = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| *c != '\0')?
        }
    };
    let semicolon = usize::from(text.get(end..).is_some_and(|after| after.starts_with(';')));
    Some((decoded, end + semicolon))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_telegram_takes_and_what_it_refuses() {
        for (html, seen) in [
            ("<b>Acme</b> &amp; <i>co</i> &#60;", "Acme & co <"),
            (
                "<a href=\"https://a.example/?x=1&amp;y=2\">link</a> AT&T &nbsp;",
                "link AT&T &nbsp;",
            ),
            (
                "<blockquote expandable>long</blockquote><pre><code class=\"language-sh\">ls</code></pre>",
                "longls",
            ),
            ("1 > 0 </", ""),
        ] {
            match visible_text(html) {
                Ok(text) => assert_eq!(text, seen, "{html}"),
                Err(error) => assert_eq!(
                    (seen, error.as_str()),
                    ("", "Unexpected end tag at byte offset 6"),
                    "{html}"
                ),
            }
        }
        for (html, error) in [
            (
                "versions < 3.0.7",
                "Unsupported start tag \"\" at byte offset 9",
            ),
            (
                "a <script>",
                "Unsupported start tag \"script\" at byte offset 2",
            ),
            (
                "<b>bold",
                "Can't find end tag corresponding to start tag \"b\"",
            ),
            (
                "<b>x</i>",
                "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\"",
            ),
            (
                "cut <a href=\"https://",
                "Unclosed start tag at byte offset 4",
            ),
            ("cut <b", "Unclosed start tag at byte offset 4"),
            ("<b>x</b", "Unclosed end tag at byte offset 4"),
            ("<br>", "Unsupported start tag \"br\" at byte offset 0"),
        ] {
            assert_eq!(visible_text(html).unwrap_err(), error, "{html}");
        }
    }
}
