//! The CVSS score that a text names: "CVSS score of 9.8", "CVSS 3.1: 7.5".
//!
//! A version of CVSS looks like a score; only what stands around tells them apart.

use model::Span;

use crate::passage::Passage;

/// How the reason begins of a severity that only repeats such a score.
pub(crate) const NAMED: &str = "the text names a CVSS score of";

/// The highest CVSS score that a text names: "CVSS score of 9.8", "CVSS 3.1: 7.5".
pub(super) fn named_score(passage: &Passage) -> Option<(f32, Span)> {
    /// A score stands within a few words of its name.
    const WINDOW: usize = 48;
    let text = passage.folded.text();
    let mut best: Option<(f32, Span)> = None;
    for (start, _) in text.match_indices("cvss").take(100) {
        let from = start + "cvss".len();
        let to = text.floor_char_boundary((from + WINDOW).min(text.len()));
        let window = text.get(from..to).unwrap_or_default();
        if let Some((score, len)) = score_in(window)
            && best.is_none_or(|(known, _)| score > known)
        {
            best = Some((score, passage.span_of_folded(start, from + len)));
        }
    }
    best
}

/// The first number that is a score, not a version of CVSS, and where it ends.
fn score_in(window: &str) -> Option<(f32, usize)> {
    let bytes = window.as_bytes();
    let mut at = 0;
    let mut version: Option<(f32, usize)> = None;
    while let Some(skipped) = bytes.get(at..)?.iter().position(u8::is_ascii_digit) {
        let start = at + skipped;
        let between = window.get(at..start)?;
        if between.contains(". ") || between.contains(';') || between.contains("cve-") {
            break;
        }
        let len = bytes
            .get(start..)?
            .iter()
            .take_while(|b| b.is_ascii_digit() || **b == b'.')
            .count();
        let number = window.get(start..start + len)?.trim_end_matches('.');
        let end = start + number.len();
        at = start + len;
        let Ok(value) = number.parse::<f32>() else {
            continue;
        };
        let after = bytes.get(end).copied();
        let named_version =
            start.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b'v');
        let vector = after == Some(b'/') && !window.get(end..)?.starts_with("/10");
        if named_version
            || vector
            || value > 10.0
            || after.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'%')
        {
            continue;
        }
        if version.is_none() && matches!(number, "2" | "2.0" | "3" | "3.0" | "3.1" | "4" | "4.0") {
            version = Some((value, end));
            continue;
        }
        return Some((value, end));
    }
    // "CVSS score of 3.1" alone is a score; "CVSS 3.1" alone is a version.
    version.filter(|_| window.trim_start().starts_with("score") || window.contains(" of "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_told_from_versions() {
        for (window, wanted) in [
            (" score of 9.8", Some(9.8)),
            (" score: 10.0)", Some(10.0)),
            (" v3.1 base score 7.5", Some(7.5)),
            (" 3.1: 8.1", Some(8.1)),
            ("v3 9.8", Some(9.8)),
            (":3.1/av:n/ac:l", None),
            (" 4.0", None),
            (" score of 3.1", Some(3.1)),
            (" (9.8/10)", Some(9.8)),
            (" is used. 5 flaws", None),
            (" 99", None),
            ("", None),
        ] {
            assert_eq!(score_in(window).map(|(score, _)| score), wanted, "{window}");
        }
    }
}
