//! GDELT's DOC 2.0 API: what the world's news sites wrote, by search.
//! <https://blog.gdeltproject.org/gdelt-doc-2-0-api-debuts/>
//!
//! It gives titles and addresses, no texts. What surprised us: a query that it
//! cannot read is answered with status 200 and a line of text; titles come taken
//! apart, with blanks round every mark (`Acme ' s bank , hit`); an answer is
//! sometimes no JSON, because of a backslash in a title; and a country is that of
//! the newspaper, by its English name: it says nothing about the victim. When
//! asked too often it answers 429 with a line that asks for one request in five
//! seconds, and names no time in a header: we wait just that, and ask once more.

use std::time::Duration;

use async_trait::async_trait;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use model::item::{Draft, Stated};
use model::{Cursor, Document, Item, ItemKind, Markup, SourceId, Timestamp};
use net::{Fetched, NetError, Request};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::feed::address::Base;
use crate::feed::{charset, markup, oldest_first};
use crate::full_text::Reader;
use crate::{FullText, Parsed, Polled, Problem, Reread, Source, SourceError, Tools, visit};

/// One request in 5 s is asked for.
const PACE: Duration = Duration::from_secs(6);
/// GDELT searches three months of the world's news while we wait.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the API gives at most.
const MOST_RECORDS: u16 = 250;
/// 250 articles have some 120 kB.
const LARGEST_ANSWER: u64 = 4 * 1024 * 1024;

/// News articles from GDELT's search over the world's news.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address of the API.
    pub url: String,
    /// What to search for, in GDELT's language: words and quoted phrases,
    /// alternatives as `(a OR b)`, and operators as `sourcecountry:india`,
    /// `sourcelang:hindi`, `domainis:example.org`, `near5:"bank hacked"`.
    pub query: String,
    /// How far back each reading looks: `15min` to `3months`, as `1h`, `1d`, `2w`.
    /// Longer than the interval, so that nothing falls between two readings.
    pub timespan: String,
    /// Whether the whole text of a new article is fetched from its page: `never`, or
    /// `teasers`. GDELT finds articles of every site there is; whether their
    /// terms allow it is yours to judge.
    pub full_text: FullText,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "https://api.gdeltproject.org/api/v2/doc/doc".to_owned(),
            query: "(ransomware OR cyberattack OR \"cyber attack\" OR \"data breach\" OR malware) sourcecountry:india"
                .to_owned(),
            timespan: "1d".to_owned(),
            full_text: FullText::Never,
        }
    }
}

/// A search of GDELT as a source.
pub struct Gdelt {
    id: SourceId,
    config: Config,
    tools: Tools,
    reader: Reader,
}

impl Gdelt {
    /// The search of this config under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            reader: Reader::new(tools),
            tools: tools.clone(),
        }
    }

    fn address(&self) -> Result<String, SourceError> {
        let mut url = Url::parse(&self.config.url).map_err(|error| {
            SourceError::Nonsense(format!("its address cannot be read: {error}"))
        })?;
        url.query_pairs_mut()
            .append_pair("query", &self.config.query)
            .append_pair("mode", "artlist")
            .append_pair("format", "json")
            .append_pair("maxrecords", &MOST_RECORDS.to_string())
            .append_pair("sort", "datedesc")
            .append_pair("timespan", &self.config.timespan);
        Ok(url.into())
    }
}

#[async_trait]
impl Source for Gdelt {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let url = self.address()?;
        let request = Request::get(&url)
            .header("accept", "application/json")
            .unless(visit::known(since, &url))
            .pace(PACE)
            .timeout(PATIENCE)
            .wait_unsaid(PACE)
            .max_body(LARGEST_ANSWER);
        let fetched = match self.tools.door.fetch(request.clone()).await {
            // Somebody at our address was as quick as we.
            Err(NetError::Wait { after, .. }) if after <= PACE => {
                self.tools.clock.sleep(after).await;
                self.tools.door.fetch(request).await
            }
            fetched => fetched,
        };
        let body = match fetched? {
            Fetched::Unchanged => return Ok(visit::unchanged(since)),
            Fetched::Body(body) => body,
        };
        let Parsed {
            entries,
            mut problems,
        } = parse(&body.bytes, body.content_type.as_deref())?;
        if entries.len() >= usize::from(MOST_RECORDS) {
            problems.push(Problem::new(
                "answer",
                format!("it holds {MOST_RECORDS} articles, the most there can be: narrow the query or the timespan"),
            ));
        }
        let fetched = self.tools.clock.now();
        let drafts = oldest_first(entries, usize::from(MOST_RECORDS));
        let items = drafts
            .into_iter()
            .map(|draft| Item::new(&self.id, draft, fetched))
            .collect();
        let polled = visit::read(since, url, body.validators, items, problems);
        if self.config.full_text == FullText::Never {
            return Ok(polled);
        }
        Ok(visit::with_whole_texts(polled, since, &self.reader, None).await)
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        let parsed = parse(&document.bytes, document.content_type.as_deref())?;
        let drafts = oldest_first(parsed.entries, usize::from(MOST_RECORDS));
        Ok(Reread::of(&self.id, drafts, at, parsed.problems))
    }
}

/// Reads an answer; articles in its order, newest first.
///
/// # Errors
/// It is no list of articles: what GDELT says instead.
pub fn parse(bytes: &[u8], content_type: Option<&str>) -> Result<Parsed<Draft>, SourceError> {
    #[derive(Default, Deserialize)]
    struct Answer {
        // Without a hit the answer is `{}`.
        #[serde(default)]
        articles: Vec<Value>,
    }

    let text = charset::decode(bytes, content_type);
    let text = text.trim();
    if !text.starts_with('{') {
        return Err(SourceError::Nonsense(said(text)));
    }
    let answer: Answer = serde_json::from_str(text)
        .or_else(|_| serde_json::from_str(&with_whole_escapes(text)))
        .map_err(|error| {
            SourceError::Nonsense(format!("GDELT's answer cannot be read: {error}"))
        })?;
    let mut parsed: Parsed<Draft> = Parsed::default();
    for (index, article) in answer
        .articles
        .iter()
        .take(usize::from(MOST_RECORDS) * 2)
        .enumerate()
    {
        let place = format!("entry {}", index + 1);
        match read_article(article) {
            Ok(draft) => {
                if draft.published.is_none() {
                    parsed
                        .problems
                        .push(Problem::new(place, "its date cannot be read"));
                }
                // One article is now and then given under two times.
                if !parsed
                    .entries
                    .iter()
                    .any(|known| known.external_id == draft.external_id)
                {
                    parsed.entries.push(draft);
                }
            }
            Err(reason) => parsed.problems.push(Problem::new(place, reason)),
        }
    }
    Ok(parsed)
}

/// What GDELT, or something before it, says instead of an answer.
fn said(text: &str) -> String {
    if text.is_empty() {
        return "GDELT answers with nothing".to_owned();
    }
    if text.starts_with('<') {
        return "GDELT answers with a web page".to_owned();
    }
    let line: String = text
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect();
    format!("GDELT says: {line}")
}

/// JSON in which every backslash begins an escape that JSON knows, and strings
/// hold no bare control characters.
fn with_whole_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                out.push('\\');
                match rest.peek() {
                    Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' | 'u') => {
                        out.extend(rest.next())
                    }
                    _ => out.push('\\'),
                }
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn read_article(article: &Value) -> Result<Draft, &'static str> {
    let field = |name: &str| {
        article
            .get(name)?
            .as_str()
            .map(str::trim)
            .filter(|text| !text.is_empty())
    };
    let url = field("url")
        .and_then(|url| Base::default().resolve(url))
        .ok_or("it has no address")?;
    let title = mended(&markup::plain_title(field("title").unwrap_or_default()));
    if title.is_empty() {
        return Err("it has no title");
    }
    let author = match (field("domain"), field("sourcecountry")) {
        (Some(domain), Some(country)) => Some(format!("{domain} ({country})")),
        (domain, _) => domain.map(str::to_owned),
    };
    Ok(Draft {
        external_id: url.clone(),
        kind: ItemKind::Article,
        url: Some(url),
        title,
        text: String::new(),
        markup: Markup::Plain,
        author: author.map(|author| author.chars().take(200).collect()),
        language: field("language").and_then(tag_of).map(str::to_owned),
        published: field("seendate").and_then(seen_at),
        updated: None,
        // The country is the newspaper's.
        stated: Stated::default(),
    })
}

/// `20260501T120000Z`: when GDELT saw it, at most a quarter of an hour late.
fn seen_at(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let at = DateTime::strptime("%Y%m%dT%H%M%S", text)
        .or_else(|_| DateTime::strptime("%Y%m%d%H%M%S", text))
        .ok()?;
    Offset::UTC.to_timestamp(at).ok()
}

/// The tag (BCP 47) of a language by GDELT's name for it; of those that Indian
/// and the larger foreign papers are written in.
fn tag_of(name: &str) -> Option<&'static str> {
    const TAGS: [(&str, &str); 34] = [
        ("arabic", "ar"),
        ("assamese", "as"),
        ("bengali", "bn"),
        ("chinese", "zh"),
        ("czech", "cs"),
        ("dutch", "nl"),
        ("english", "en"),
        ("finnish", "fi"),
        ("french", "fr"),
        ("german", "de"),
        ("greek", "el"),
        ("gujarati", "gu"),
        ("hebrew", "he"),
        ("hindi", "hi"),
        ("indonesian", "id"),
        ("italian", "it"),
        ("japanese", "ja"),
        ("kannada", "kn"),
        ("korean", "ko"),
        ("malayalam", "ml"),
        ("marathi", "mr"),
        ("nepali", "ne"),
        ("persian", "fa"),
        ("polish", "pl"),
        ("portuguese", "pt"),
        ("punjabi", "pa"),
        ("romanian", "ro"),
        ("russian", "ru"),
        ("spanish", "es"),
        ("swedish", "sv"),
        ("tamil", "ta"),
        ("telugu", "te"),
        ("turkish", "tr"),
        ("urdu", "ur"),
    ];
    let name = name.to_ascii_lowercase();
    TAGS.iter()
        .find(|(known, _)| *known == name)
        .map(|(_, tag)| *tag)
}

/// A title whose marks stand where they stood: `Acme ' s bank , hit` is
/// `Acme's bank, hit`. Dashes stay as they are: most were set apart before.
fn mended(title: &str) -> String {
    let words: Vec<&str> = title.split(' ').collect();
    let mut out = String::with_capacity(title.len());
    // Whether the next word follows without a blank, and which quotes are open.
    let (mut joins, mut open): (bool, Vec<&str>) = (true, Vec::new());
    for (at, word) in words.iter().enumerate() {
        let before = at
            .checked_sub(1)
            .and_then(|at| words.get(at))
            .copied()
            .unwrap_or_default();
        let after = words.get(at + 1).copied().unwrap_or_default();
        let (tight_before, tight_after) = match *word {
            "," | "." | ":" if is_number(before) && is_number(after) => (true, true),
            "." if is_initial(before) && is_initial(after) => (true, true),
            "," | "." | ";" | ":" | "!" | "?" | "…" | "%" | ")" | "]" | "}" | "”" | "।" => {
                (true, false)
            }
            "(" | "[" | "{" | "“" | "‘" | "#" | "@" => (false, true),
            "$" | "₹" | "€" | "£" if is_number(after) => (false, true),
            "'" | "’" if is_ending(after) && !before.is_empty() => (true, true),
            "\"" | "'" | "’" => {
                if let Some(place) = open.iter().rposition(|mark| mark == word) {
                    open.truncate(place);
                    (true, false)
                } else if *word == "’" || !words.get(at + 1..).unwrap_or_default().contains(word)
                {
                    // Nothing closes it: the end of a plural, `banks '`.
                    (true, false)
                } else {
                    open.push(word);
                    (false, true)
                }
            }
            _ => (false, false),
        };
        if !(joins || tight_before) {
            out.push(' ');
        }
        out.push_str(word);
        joins = tight_after;
    }
    out
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) && word.ends_with(|c: char| c.is_ascii_digit())
}

/// A capital alone, as in `U . S .`
fn is_initial(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_uppercase) && letters.next().is_none()
}

/// What follows an apostrophe inside a word.
fn is_ending(word: &str) -> bool {
    matches!(word, "s" | "S" | "t" | "re" | "ve" | "ll" | "d" | "m")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn titles_are_put_together_again() {
        for (given, expected) in [
            (
                "Acme ' s bank , hit by hackers",
                "Acme's bank, hit by hackers",
            ),
            (
                "Police : ' we are looking ' , CEO says",
                "Police: 'we are looking', CEO says",
            ),
            (
                "\" Worst breach \" of 2 . 5 million ( update )",
                "\"Worst breach\" of 2.5 million (update)",
            ),
            (
                "U . S . agency loses $ 1 , 000 , 000 !",
                "U.S. agency loses $1,000,000!",
            ),
            (
                "Banks ' data leaked ; 40 % hit",
                "Banks' data leaked; 40% hit",
            ),
            ("They don ’ t pay - Times", "They don’t pay - Times"),
            ("Already fine, isn't it?", "Already fine, isn't it?"),
            ("बैंक पर हमला , जांच शुरू ।", "बैंक पर हमला, जांच शुरू।"),
            ("A : B . C", "A: B.C"),
            ("", ""),
            (",", ","),
            ("' '", "''"),
        ] {
            assert_eq!(mended(given), expected, "{given}");
        }
    }

    #[test]
    fn what_is_no_answer_says_what_it_is() {
        let why = |bytes: &[u8]| match parse(bytes, None) {
            Err(SourceError::Nonsense(why)) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            why(b"Your query was too short or too long.\n"),
            "GDELT says: Your query was too short or too long."
        );
        assert_eq!(why(b""), "GDELT answers with nothing");
        assert_eq!(why(b"<html>x</html>"), "GDELT answers with a web page");
        assert!(why(b"{\"articles\": [").contains("cannot be read"));
        assert!(why(b"{\"articles\": {}}").contains("cannot be read"));
    }

    #[test]
    fn articles_are_read_and_what_is_malformed_costs_only_itself() {
        let parsed = parse(include_bytes!("../fixtures/gdelt/articles.json"), None).unwrap();
        let mut seen = String::new();
        for draft in parsed.entries {
            seen.push_str(&format!(
                "{} | {} | {:?} {:?} {:?}\n",
                draft.external_id, draft.title, draft.author, draft.language, draft.published
            ));
        }
        for problem in parsed.problems {
            seen.push_str(&format!("! {}: {}\n", problem.place, problem.reason));
        }
        expect![[r#"
            https://news.example/a?id=1 | Acme's bank, hit by hackers | Some("news.example (India)") Some("en") Some(2026-11-21T08:45:00Z)
            https://hindi.example/b | बैंक पर साइबर हमला, जांच शुरू | Some("hindi.example (India)") Some("hi") Some(2026-11-21T08:30:00Z)
            https://news.example/c | A stray \ backslash & an entity | Some("news.example") None None
            ! entry 3: its date cannot be read
            ! entry 4: it has no address
            ! entry 5: it has no title
            ! entry 7: it has no address
        "#]].assert_eq(&seen);
        assert_eq!(parse(b"{}", None).unwrap().entries, []);
    }

    #[test]
    fn no_text_makes_it_panic() {
        use proptest::prelude::*;
        proptest!(|(text in "[ a-cA-C0-9,.:;'\"$%()é’-]{0,40}")| { let _ = mended(&text); });
        proptest!(|(text in "\\PC{0,60}")| { let _ = parse(format!("{{{text}").as_bytes(), None); });
    }
}
