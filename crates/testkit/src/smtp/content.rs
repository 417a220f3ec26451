//! What may stand in a mail's data, and what was meant by its dots.

use crate::http::find;

/// Largest mail, as announced by SIZE.
pub(super) const MAX_MAIL: usize = 10 << 20;
/// Longest line of a mail, CRLF left out (RFC 5321, 4.5.3.1.6).
const MAX_LINE: usize = 998;

/// What is wrong with a mail's data, if anything.
pub(super) fn fault(data: &[u8], eight_bit: bool, utf8: bool) -> Option<(u16, &'static str)> {
    if data.len() > MAX_MAIL {
        return Some((552, "5.3.4 the mail is too large"));
    }
    let mut in_head = true;
    let mut rest = data;
    while !rest.is_empty() {
        let end = find(rest, b"\r\n").unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after.get(2..).unwrap_or_default();
        if line.contains(&b'\n') || line.contains(&b'\r') {
            return Some((
                550,
                "5.6.11 bare line feeds and carriage returns are refused",
            ));
        }
        let unstuffed = if line.starts_with(b".") {
            line.len() - 1
        } else {
            line.len()
        };
        if unstuffed > MAX_LINE {
            return Some((500, "5.6.0 a line is longer than 998 bytes"));
        }
        in_head &= !line.is_empty();
        if line.is_ascii() {
            continue;
        }
        if in_head && !utf8 {
            return Some((550, "5.6.7 8-bit bytes in a header need SMTPUTF8"));
        }
        if !(in_head || eight_bit || utf8) {
            return Some((554, "5.6.1 8-bit bytes need BODY=8BITMIME"));
        }
    }
    None
}

/// Takes the dot off each line that begins with one (RFC 5321, 4.5.2).
pub(super) fn unstuffed(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        out.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
    }
    out
}
