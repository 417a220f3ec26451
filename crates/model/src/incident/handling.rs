//! What people write about an incident: their names, tags and notes, within limits.

use std::str::FromStr;

use crate::clock::Timestamp;
use crate::id::IdError;

/// Longest name of a person, in characters.
const LONGEST_NAME: usize = 64;
/// Longest tag, in characters.
const LONGEST_TAG: usize = 40;
/// Longest note, in characters: some three pages.
const LONGEST_NOTE: usize = 10_000;

/// A name by which people know one another: `Asha Rao`, `asha@example.org`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person(pub String);

/// A tag: lower-case, without blanks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag(pub String);

/// The text of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteText(pub String);

/// What a person wrote beside an incident. Notes are not edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What.
    pub text: String,
}

impl FromStr for Person {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let name = text.trim();
        let fits = (1..=LONGEST_NAME).contains(&name.chars().count());
        if !fits || name.chars().any(steers) {
            return Err(refused(name, "a name (1 to 64 characters on one line)"));
        }
        Ok(Self(name.to_owned()))
    }
}

impl FromStr for Tag {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let tag = words.join("-");
        let fits = (1..=LONGEST_TAG).contains(&tag.chars().count());
        if !fits || tag.contains([',', '"']) || tag.chars().any(steers) {
            return Err(refused(
                text,
                "a tag (1 to 40 characters, no commas or quotes)",
            ));
        }
        Ok(Self(tag))
    }
}

impl FromStr for NoteText {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let note = text.trim();
        let fits = (1..=LONGEST_NOTE).contains(&note.chars().count());
        if !fits || note.chars().any(|c| c != '\n' && c != '\t' && steers(c)) {
            return Err(refused(note, "a note (1 to 10,000 characters of text)"));
        }
        Ok(Self(note.to_owned()))
    }
}

/// Characters that are no text but steer how text is shown: a name that reads
/// backwards could pass for another's.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn refused(given: &str, wanted: &'static str) -> IdError {
    let mut given: String = given.chars().filter(|c| !steers(*c)).take(80).collect();
    if given.is_empty() {
        "(nothing)".clone_into(&mut given);
    }
    IdError { given, wanted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_has_limits() {
        let tag = |text: &str| text.parse::<Tag>().map(|tag| tag.0).ok();
        assert_eq!(tag(" Phishing  Wave ").as_deref(), Some("phishing-wave"));
        assert_eq!(tag("बैंक").as_deref(), Some("बैंक"));
        for refused in ["", "  ", "a,b", "say \"x\"", "x\u{202e}y", &"x".repeat(41)] {
            assert_eq!(tag(refused), None, "{refused:?}");
        }
        let person = |text: &str| text.parse::<Person>().map(|person| person.0).ok();
        assert_eq!(person(" Asha Rao ").as_deref(), Some("Asha Rao"));
        for refused in ["", "a\nb", "a\u{202e}b", &"x".repeat(65)] {
            assert_eq!(person(refused), None, "{refused:?}");
        }
        let note = |text: &str| text.parse::<NoteText>().map(|note| note.0).ok();
        assert_eq!(
            note("called them\nno answer\n").as_deref(),
            Some("called them\nno answer")
        );
        assert_eq!(note(&"x".repeat(10_001)), None);
        assert_eq!(note("\u{1b}[2J"), None);
    }
}
