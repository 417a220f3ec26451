//! The page of one advisory or note, read as lines of text.
//!
//! The mark-up differs between the years, the words do not: the headings come in
//! one order, each in a line of its own, with or without a colon, and a short
//! value may follow in the same line, with or without a blank.

use model::{Severity, Timestamp};

use crate::{Problem, SourceError, html};

/// In the order of the page. What comes from the disclaimer on is no part of the
/// advisory.
const HEADINGS: [&str; 13] = [
    "Original Issue Date",
    "Severity Rating",
    "Software Affected",
    "Overview",
    "Target Audience",
    "Risk Assessment",
    "Impact Assessment",
    "Description",
    "Solution",
    "Vendor Information",
    "References",
    "CVE Name",
    "Disclaimer",
];
const DATE: usize = 0;
const SEVERITY: usize = 1;
const DISCLAIMER: usize = 12;

/// What CERT-In shows, with status 200, for an address it does not know.
pub(super) fn is_not_found(text: &str) -> bool {
    let head = text.get(..text.floor_char_boundary(20_000)).unwrap_or(text);
    head.to_ascii_lowercase().contains("url not found")
}

/// An advisory or a vulnerability note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advisory {
    /// Its title.
    pub title: String,
    /// The day it was issued, from its midnight in India.
    pub issued: Option<Timestamp>,
    /// Its severity rating.
    pub severity: Option<Severity>,
    /// Its sections under their headings, plain.
    pub text: String,
}

/// Reads the page of `id`; what is missing in it is named.
///
/// # Errors
/// It is the page of something else.
pub fn parse(text: &str, id: &str) -> Result<(Advisory, Vec<Problem>), SourceError> {
    let nonsense = |what: &str| SourceError::Nonsense(format!("the page of {id} {what}"));
    if is_not_found(text) {
        return Err(nonsense("is CERT-In's page for addresses it does not know"));
    }
    let page = html::read(text)?;
    // A text without mark-up is one paragraph to HTML: it has its own lines.
    let plain = !text.contains("</");
    let body = page.select(&html::selector("body")?).next();
    let text = match body {
        Some(body) if !plain => html::text_of(&body),
        _ => text.to_owned(),
    };
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let Some(first) = lines.iter().position(|line| heading(line, 0).is_some()) else {
        return Err(nonsense("has none of the headings of an advisory"));
    };
    // `CERT-In Vulnerability Note CIVN-2026-0483`, then the title, then the first
    // heading; menus above name others, a title may name one too.
    let named = lines
        .get(..first.saturating_sub(1))
        .and_then(|above| above.iter().rposition(|line| names_some(line)));
    let Some(named) = named.filter(|at| lines.get(*at).is_some_and(|line| line.contains(id)))
    else {
        return Err(nonsense("does not name it"));
    };

    let mut title = String::new();
    let mut sections: Vec<(usize, Vec<&str>)> = Vec::new();
    for line in lines.into_iter().skip(named + 1) {
        // Only what comes later in the order: a description may have a line that
        // reads `Overview`.
        let after = sections.last().map_or(0, |(at, _)| at + 1);
        if let Some((at, value)) = heading(line, after) {
            sections.push((at, Vec::new()));
            if at == DISCLAIMER {
                break;
            }
            if let Some((_, lines)) = sections.last_mut()
                && !value.is_empty()
            {
                lines.push(value);
            }
        } else if let Some((_, lines)) = sections.last_mut() {
            lines.push(line);
        } else if title.is_empty() {
            line.clone_into(&mut title);
        }
    }
    let value = |wanted: usize| {
        sections
            .iter()
            .find(|(at, _)| *at == wanted)
            .and_then(|(_, lines)| lines.first().copied())
    };
    let mut problems = Vec::new();
    let issued = value(DATE).and_then(super::day_written);
    if issued.is_none() {
        problems.push(Problem::new(id, "has no issue date that can be read"));
    }
    let severity = value(SEVERITY).and_then(|word| word.trim_end_matches('.').parse().ok());
    if severity.is_none() {
        problems.push(Problem::new(id, "has no severity rating that can be read"));
    }
    let mut text = String::new();
    for (at, lines) in &sections {
        let Some(heading) = HEADINGS
            .get(*at)
            .filter(|_| *at < DISCLAIMER && !lines.is_empty())
        else {
            continue;
        };
        if *at == DATE || *at == SEVERITY {
            text.push_str(&format!("{heading}: {}\n", lines.join(" ")));
        } else {
            text.push_str(&format!("\n{heading}\n{}\n", lines.join("\n")));
        }
    }
    let advisory = Advisory {
        title: title.chars().take(500).collect(),
        issued,
        severity,
        text: text.trim().to_owned(),
    };
    Ok((advisory, problems))
}

/// Whether a line names an advisory or a note.
fn names_some(line: &str) -> bool {
    ["CIVN-", "CIAD-"].iter().any(|series| {
        line.match_indices(series)
            .any(|(at, _)| line.as_bytes().get(at + 5).is_some_and(u8::is_ascii_digit))
    })
}

/// Which heading, from the one numbered `after` on, a line is, and what follows in
/// the same line.
fn heading(line: &str, after: usize) -> Option<(usize, &str)> {
    HEADINGS
        .iter()
        .enumerate()
        .skip(after)
        .find_map(|(at, heading)| {
            let start = line.get(..heading.len())?;
            let rest = line.get(heading.len()..)?.trim_start();
            if !start.eq_ignore_ascii_case(heading) {
                return None;
            }
            match rest.strip_prefix(':') {
                Some(value) => Some((at, value.trim())),
                // A sentence may begin with `Solution`; a date follows nothing else.
                None if rest.is_empty() || at <= SEVERITY => Some((at, rest)),
                None => None,
            }
        })
}
