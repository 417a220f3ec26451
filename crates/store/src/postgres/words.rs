//! Full text: our token stream as a tsvector, and our queries as a tsquery.
//!
//! The lexemes are our tokens as they are, so what is found is what FTS5 finds. A
//! tsvector keeps at most 255 positions of a word, none beyond 16,383, and a megabyte
//! in all: of a text that has more, the stream itself is kept beside it, and phrases
//! are looked for there.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use model::query::Wanted;
use model::tokens::{Phrase, Term};

use super::rows;
use super::work::Work;
use crate::StoreError;

/// The last position a tsvector keeps (`MAXENTRYPOS`).
const LAST_POSITION: usize = 16_383;
/// How many positions of one lexeme it keeps (`MAXNUMPOS`).
const MOST_POSITIONS: usize = 255;
/// Bytes of lexemes and positions it may have (`MAXSTRPOS` is 1 MiB). Words beyond
/// are not found: a text of 200,000 characters has so many different ones only when
/// it is made for it.
const LARGEST: usize = 1_000_000;
/// Items, spread over all, that tell which words are common.
const SAMPLED: i64 = 300;
/// A word that few items hold seldom stands in more of them than these by chance: one of
/// 1,000 in a million once in 300 times.
const BY_CHANCE: i64 = 2;
/// Alternatives within one pattern are set apart by this; no token holds it.
const OR: char = '\u{1f}';

/// The words of an item as they are stored.
pub(super) struct Words {
    /// A tsvector in its text form.
    pub(super) vector: String,
    /// The stream, where the vector could not keep every position.
    pub(super) stream: Option<String>,
}

impl Words {
    /// From the streams of the title, of who wrote it, and of the text.
    pub(super) fn of(title: &str, names: &str, text: &str) -> Self {
        let mut lexemes: BTreeMap<&str, Vec<(usize, char)>> = BTreeMap::new();
        let mut position = 0;
        let mut size = 0;
        let mut is_whole = true;
        for (part, weight) in [(title, 'A'), (names, 'B'), (text, 'D')] {
            for token in part.split(' ').filter(|token| !token.is_empty()) {
                position += 1;
                // A lexeme lies on an even byte, before its positions and their count.
                let new = if lexemes.contains_key(token) {
                    2
                } else {
                    token.len() + 6
                };
                if size + new > LARGEST {
                    is_whole = false;
                    continue;
                }
                let known = lexemes.entry(token).or_default();
                if position > LAST_POSITION || known.len() >= MOST_POSITIONS {
                    is_whole = false;
                    // The word itself is kept in any case.
                    if known.is_empty() {
                        size += new;
                    }
                    continue;
                }
                size += new;
                known.push((position, weight));
            }
            // No phrase reaches from one part into the next.
            position += 1;
        }
        let mut vector = String::with_capacity(title.len() + names.len() + 2 * text.len());
        for (lexeme, positions) in &lexemes {
            quote(&mut vector, lexeme);
            for (nth, (position, weight)) in positions.iter().enumerate() {
                let mark = if nth == 0 { ':' } else { ',' };
                let _ = write!(vector, "{mark}{position}");
                if *weight != 'D' {
                    vector.push(*weight);
                }
            }
            vector.push(' ');
        }
        Self {
            vector,
            stream: (!is_whole).then(|| format!(" {title} \n {names} \n {text} ")),
        }
    }
}

/// What is looked for.
pub(super) struct Sought {
    /// A tsquery in its text form.
    pub(super) query: String,
    /// What long texts are asked, if there are phrases.
    pub(super) long: Option<Long>,
}

/// How a query is asked of a text whose positions are not all kept.
pub(super) struct Long {
    /// A tsquery for its words without their order.
    pub(super) words: String,
    /// For each term its alternatives as they stand in the stream.
    pub(super) patterns: Vec<String>,
    /// The same of terms that must stand in the headline.
    pub(super) title_patterns: Vec<String>,
}

impl Sought {
    /// All of these terms.
    pub(super) fn of(wanted: &[Wanted]) -> Self {
        let has_phrases = wanted
            .iter()
            .any(|one| one.term.0.iter().any(|phrase| phrase.tokens.len() > 1));
        let patterns = |in_title| {
            wanted
                .iter()
                .filter(|one| one.in_title == in_title)
                .map(|one| pattern(&one.term))
                .collect()
        };
        Self {
            query: written(wanted, " <-> "),
            long: has_phrases.then(|| Long {
                words: written(wanted, " & "),
                patterns: patterns(false),
                title_patterns: patterns(true),
            }),
        }
    }
}

/// How many items hold each of these tsqueries, counted up to `most`. The index gathers
/// every item that holds a word before it gives the first (0.3 s where a million do,
/// measured), so what is common is told by a sample and not counted.
pub(super) async fn held(
    work: &Work,
    queries: &[String],
    most: u32,
) -> Result<Vec<u32>, StoreError> {
    let newest: i64 = work
        .one("SELECT coalesce(max(item), 0) FROM item_words", &[])
        .await?
        .try_get(0)?;
    let most = i64::from(most);
    let sample: Vec<i64> = (1..=SAMPLED).map(|nth| newest * nth / SAMPLED).collect();
    let by_chance = BY_CHANCE.max(2 * SAMPLED * most / newest.max(1));
    work.rows(
        "WITH sample AS MATERIALIZED (SELECT words FROM item_words WHERE item = ANY ($3))
         SELECT CASE
             WHEN (SELECT count(*) FROM sample WHERE words @@ s.query::tsquery) > $4 THEN $2
             ELSE (SELECT count(*) FROM (
                 SELECT 1 FROM item_words WHERE words @@ s.query::tsquery LIMIT $2) counted)
         END
         FROM unnest($1::text[]) WITH ORDINALITY AS s (query, nth) ORDER BY s.nth",
        &[&queries, &most, &sample, &by_chance],
    )
    .await?
    .iter()
    .map(|row| rows::small(row, 0))
    .collect()
}

/// Every lexeme is quoted, so nothing in it is ever read as syntax. Those of a
/// headline have the weight A.
fn written(wanted: &[Wanted], between: &str) -> String {
    let phrase = |phrase: &Phrase, weight: &str| {
        let mut text = String::from("(");
        let last = phrase.tokens.len().saturating_sub(1);
        for (nth, token) in phrase.tokens.iter().enumerate() {
            if nth > 0 {
                text.push_str(between);
            }
            quote(&mut text, token);
            let begins = phrase.prefix && nth == last;
            if begins || !weight.is_empty() {
                text.push(':');
                text.push_str(if begins { "*" } else { "" });
                text.push_str(weight);
            }
        }
        text.push(')');
        text
    };
    let term = |one: &Wanted| {
        let weight = if one.in_title { "A" } else { "" };
        let alternatives: Vec<String> = one
            .term
            .0
            .iter()
            .map(|alternative| phrase(alternative, weight))
            .collect();
        format!("({})", alternatives.join(" | "))
    };
    wanted.iter().map(term).collect::<Vec<_>>().join(" & ")
}

fn pattern(Term(phrases): &Term) -> String {
    let phrase = |phrase: &Phrase| {
        let end = if phrase.prefix { "" } else { " " };
        format!(" {}{end}", phrase.tokens.join(" "))
    };
    let alternatives: Vec<String> = phrases.iter().map(phrase).collect();
    alternatives.join(&OR.to_string())
}

fn quote(text: &mut String, lexeme: &str) {
    text.push('\'');
    for c in lexeme.chars() {
        if matches!(c, '\'' | '\\') {
            text.push(c);
        }
        text.push(c);
    }
    text.push('\'');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::wanted;
    use expect_test::expect;

    #[test]
    fn words_have_positions_and_parts_stand_apart() {
        let words = Words::of("bank rob", "feed", "bank again");
        expect!["'again':7 'bank':1A,6 'feed':4B 'rob':2A "].assert_eq(&words.vector);
        assert!(words.stream.is_none());
    }

    #[test]
    fn queries_are_quoted_word_by_word() {
        let check = |text: &str, expected: &expect_test::Expect| {
            expected.assert_eq(&Sought::of(&wanted(text)).query);
        };
        check(
            "actively exploited",
            &expect!["(('activ')) & (('exploit'))"],
        );
        check(
            "\"remote cod*\" CVE-2026-1234",
            &expect![[
                "(('remot' <-> 'cod':*)) & (('cve-2026-1234') | ('cve' <-> '2026' <-> '1234'))"
            ]],
        );
        check("title:bank*", &expect!["(('bank':*A))"]);
    }

    #[test]
    fn a_long_text_keeps_its_words_and_its_stream() {
        let text: String = (0..40_000).map(|n| format!("w{n} the ")).collect();
        let words = Words::of("title", "feed", text.trim());
        assert!(words.vector.contains("'w39999'"));
        let stream = words.stream.unwrap();
        assert!(stream.contains(" the w39999 the "));
        let sought = Sought::of(&wanted("\"w39999 the\""));
        assert_eq!(sought.long.unwrap().patterns, [" w39999 the "]);
    }
}
