//! Which posts of all the world's are worth reading: those that hold a word.
//!
//! Tens of posts come every second and hardly one in a hundred concerns us, so a
//! frame is searched as the bytes it came in, before anything is read of it; only
//! what may hold a word is read, and then searched again as people write it:
//! whole words, in any case, over any blanks.

use aho_corasick::AhoCorasick;

/// Watched for when the config names nothing: words that rarely mean anything else.
pub(super) const USUAL: [&str; 40] = [
    "ransomware",
    "data breach",
    "databreach",
    "data leak",
    "infostealer",
    "zero-day",
    "0-day",
    "0day",
    "exploited in the wild",
    "actively exploited",
    "proof of concept exploit",
    "remote code execution",
    "privilege escalation",
    "authentication bypass",
    "CVE-",
    "CISA KEV",
    "CERT-In",
    "cyberattack",
    "cyber attack",
    "cyber-attack",
    "cyberattaque",
    "ciberataque",
    "cybersecurity",
    "cyber security",
    "DDoS",
    "phishing",
    "spear-phishing",
    "malware",
    "botnet",
    "supply chain attack",
    "threat actor",
    "lockbit",
    "infosec",
    "hacktivist",
    "साइबर हमला",
    "साइबर हमले",
    "साइबर ठगी",
    "साइबर अपराध",
    "रैंसमवेयर",
    "डेटा लीक",
];
/// Words of one source; more make the search slower than it is worth.
pub(super) const MOST_WORDS: usize = 2_000;
/// A word in bytes.
const LONGEST_WORD: usize = 200;

/// The words of one source.
pub(super) struct Words {
    /// The longest part of each word, as it may stand in a frame.
    parts: AhoCorasick,
    /// The words in lower case with single blanks.
    whole: AhoCorasick,
}

impl Words {
    /// Words to search for; blank ones and those too long are left out.
    pub(super) fn new(words: &[String]) -> Result<Self, aho_corasick::BuildError> {
        let mut whole: Vec<String> = words
            .iter()
            .map(|word| normal(word))
            .filter(|word| !word.is_empty() && word.len() <= LONGEST_WORD)
            .take(MOST_WORDS)
            .collect();
        whole.sort_unstable();
        whole.dedup();
        // Blanks, quotes and the like are written in other ways in a frame, and
        // case is folded for ASCII alone.
        let parts = whole.iter().flat_map(|word| {
            let longest = word
                .split(|c: char| c.is_whitespace() || "\"\\&<>'/".contains(c))
                .max_by_key(|part| part.len())
                .unwrap_or_default();
            let upper = longest.to_uppercase();
            let mut title: String = longest
                .chars()
                .take(1)
                .flat_map(char::to_uppercase)
                .collect();
            title.extend(longest.chars().skip(1));
            [longest.to_owned(), upper, title]
        });
        Ok(Self {
            parts: AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build(parts.filter(|part| !part.is_empty()))?,
            whole: AhoCorasick::new(&whole)?,
        })
    }

    /// Whether a frame may hold a word: a quick look that misses none but in an odd
    /// mix of cases of letters beyond ASCII.
    pub(super) fn may_stand_in(&self, frame: &[u8]) -> bool {
        // An escape may hide any letter.
        self.parts.is_match(frame) || memchr::memmem::find(frame, b"\\u").is_some()
    }

    /// Whether a text holds a word, whole, or its plural.
    pub(super) fn stand_in(&self, text: &str) -> bool {
        let text = normal(text);
        self.whole.find_overlapping_iter(&text).any(|found| {
            let before = text
                .get(..found.start())
                .and_then(|text| text.chars().next_back());
            let word = text.get(found.range()).unwrap_or_default();
            let rest = text.get(found.end()..).unwrap_or_default();
            let ends = ["", "s", "es"].iter().any(|ending| {
                let last = ending.chars().chain(word.chars().rev()).next();
                rest.strip_prefix(ending)
                    .is_some_and(|rest| is_edge(last, rest.chars().next()))
            });
            ends && is_edge(before, word.chars().next())
        })
    }
}

/// Whether a word ends between these two.
fn is_edge(one: Option<char>, other: Option<char>) -> bool {
    let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !(joins(one) && joins(other))
}

/// Lower case, and one blank for many.
fn normal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().flat_map(char::to_lowercase));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Words {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Words::new(&words).unwrap()
    }

    #[test]
    fn words_are_found_whole_in_any_case_over_any_blanks() {
        let words = words(&[
            "SAP",
            "data breach",
            "CVE-",
            "Ökobank",
            "डेटा लीक",
            " ",
            "C&A",
        ]);
        for (text, expected) in [
            ("sap is down", true),
            ("a #SAP outage", true),
            ("sapphire", false),
            ("asap", false),
            ("Data\n\n  Breach at Acme", true),
            ("data breaches", true),
            ("data breached", false),
            ("database breach", false),
            ("see CVE-2026-1234", true),
            ("cve 2026", false),
            ("ÖKOBANK leaks", true),
            ("बैंक का डेटा लीक हुआ", true),
            ("C&A says", true),
            ("", false),
        ] {
            assert_eq!(words.stand_in(text), expected, "{text}");
            let frame = serde_json::json!({"text": text}).to_string();
            if expected {
                assert!(words.may_stand_in(frame.as_bytes()), "{text}");
            }
        }
    }

    #[test]
    fn frames_without_a_word_are_passed_over() {
        let words = words(&["SAP", "data breach"]);
        assert!(!words.may_stand_in(b"{\"text\":\"a cat on a mat\"}"));
        assert!(words.may_stand_in(b"{\"text\":\"no data but a Breach\"}"));
        assert!(words.may_stand_in(br#"{"text":"\u0053AP"}"#));
    }

    #[test]
    fn no_words_and_endless_ones_find_nothing() {
        let none = words(&["", "  "]);
        assert!(!none.stand_in("anything"));
        let long = "x".repeat(LONGEST_WORD + 1);
        assert!(!words(&[&long]).stand_in(&long));
    }
}
