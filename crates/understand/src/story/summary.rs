//! A headline and one to three sentences, as a source wrote them.

use std::collections::HashSet;

use model::Analysis;

use crate::fold;

/// What fits a list row and the first lines of a mail.
const SUMMARY_CHARS: usize = 420;

/// Headlines beyond this are cut between words.
const TITLE_CHARS: usize = 200;

/// Shorter pieces are captions, datelines, crumbs.
const SHORTEST_SENTENCE: usize = 30;

/// Only the first sentences are looked at: news says first what matters most.
const LOOKED_AT: usize = 12;

/// Short words before a full stop that end no sentence.
const ABBREVIATIONS: &[&str] = &[
    "adm", "approx", "bros", "co", "corp", "dr", "e.g", "etc", "fig", "gen", "gov", "i.e", "inc",
    "jr", "lt", "ltd", "mr", "mrs", "ms", "no", "nos", "prof", "rep", "rs", "sen", "sr", "st",
    "u.k", "u.s", "v", "vs",
];

/// The headline: the item's own, or its first sentence.
pub(super) fn title(analysis: &Analysis) -> String {
    let title = if analysis.title.is_empty() {
        sentences(&analysis.text).next().unwrap_or_default()
    } else {
        &analysis.title
    };
    cut(title, TITLE_CHARS)
}

/// The first sentences that say more than the headline; if none does, the
/// headline, so that a summary is empty only for an empty item. The headline of a
/// CVE record is cut from its description: there the first sentence stays.
pub(super) fn summary(analysis: &Analysis, is_record: bool) -> String {
    let mut summary = String::new();
    let mut taken = 0;
    for sentence in sentences(&analysis.text).take(LOOKED_AT) {
        let repeats = !is_record && overlap(sentence, &analysis.title) >= 0.9;
        if sentence.chars().count() < SHORTEST_SENTENCE || repeats {
            continue;
        }
        let length = summary.chars().count() + sentence.chars().count();
        if taken > 0 && length > SUMMARY_CHARS {
            break;
        }
        if taken > 0 {
            summary.push(' ');
        }
        summary.push_str(&cut(sentence, SUMMARY_CHARS));
        taken += 1;
        if taken == 3 {
            break;
        }
    }
    if summary.is_empty() {
        let whole = if analysis.text.is_empty() {
            &analysis.title
        } else {
            &analysis.text
        };
        summary = cut(&whole.replace('\n', " "), SUMMARY_CHARS);
    }
    summary
}

/// Which share of the words of `part` also stands in `whole`; zero for no words.
pub(super) fn overlap(part: &str, whole: &str) -> f32 {
    /// Enough words to tell a text by.
    const MOST_WORDS: usize = 2_000;
    let words = |text: &str| -> HashSet<String> {
        let folded = fold::folded(
            text.get(..text.floor_char_boundary(20 * MOST_WORDS))
                .unwrap_or_default(),
        );
        folded
            .split(|c| !fold::is_word(c))
            .filter(|word| word.chars().count() > 2)
            .take(MOST_WORDS)
            .map(str::to_owned)
            .collect()
    };
    let part = words(part);
    if part.is_empty() {
        return 0.0;
    }
    let whole = words(whole);
    let common = part.iter().filter(|word| whole.contains(*word)).count();
    #[expect(clippy::cast_precision_loss, reason = "at most 2,000 words")]
    let share = common as f32 / part.len() as f32;
    share
}

/// The sentences of a text, line by line.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .flat_map(|line| Sentences { rest: line.trim() })
}

struct Sentences<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Sentences<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let end = sentence_end(self.rest);
        let (sentence, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        Some(sentence.trim_end())
    }
}

/// Where the first sentence of a line ends.
fn sentence_end(line: &str) -> usize {
    let mut characters = line.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if !matches!(character, '.' | '!' | '?' | '।' | '。') {
            continue;
        }
        let mut end = at + character.len_utf8();
        // Closing quotes belong to the sentence.
        while let Some((at, '"' | '”' | '’' | ')' | '\'')) = characters.peek().copied() {
            end = at
                + line
                    .get(at..)
                    .and_then(|rest| rest.chars().next())
                    .map_or(1, char::len_utf8);
            characters.next();
        }
        let after = line.get(end..).unwrap_or_default();
        if after.is_empty() || matches!(character, '。') {
            return end;
        }
        let starts_new =
            after.starts_with(' ') && !after.trim_start().starts_with(char::is_lowercase);
        if starts_new
            && !(character == '.' && ends_abbreviation(line.get(..at).unwrap_or_default()))
        {
            return end;
        }
    }
    line.len()
}

fn ends_abbreviation(before: &str) -> bool {
    let word = before.rsplit([' ', '(']).next().unwrap_or_default();
    // "J. Smith", "U. S."
    if word.chars().count() == 1 && word.chars().all(char::is_uppercase) {
        return true;
    }
    word.len() <= 6
        && ABBREVIATIONS
            .binary_search(&word.to_ascii_lowercase().as_str())
            .is_ok()
}

/// At most so many characters, cut between words.
fn cut(text: &str, chars: usize) -> String {
    let text = text.trim();
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    let cut: String = text.chars().take(chars - 1).collect();
    let kept = cut.rsplit_once(' ').map_or(cut.as_str(), |(kept, _)| kept);
    format!("{}…", kept.trim_end_matches([',', ';', ':', '-', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, wanted: &Expect) {
        wanted.assert_eq(&sentences(text).collect::<Vec<_>>().join(" | "));
    }

    #[test]
    fn sentences_end_where_readers_end_them() {
        assert!(ABBREVIATIONS.is_sorted());
        check(
            "Acme Inc. was hit. The U.S. firm lost ₹4.5 crore! “Really?” Yes",
            &expect![["Acme Inc. was hit. | The U.S. firm lost ₹4.5 crore! | “Really?” | Yes"]],
        );
        check(
            "दिल्ली में हमला हुआ। जाँच जारी है।",
            &expect![["दिल्ली में हमला हुआ। | जाँच जारी है।"]],
        );
        check(
            "Version 1.2.3 of node.js is affected. see below",
            &expect![["Version 1.2.3 of node.js is affected. see below"]],
        );
        check("", &expect![[""]]);
    }

    #[test]
    fn long_sentences_are_cut_between_words() {
        assert_eq!(cut("one two three", 9), "one two…");
        assert_eq!(cut("one", 9), "one");
        assert_eq!(cut(&"x".repeat(20), 9), format!("{}…", "x".repeat(8)));
    }
}
