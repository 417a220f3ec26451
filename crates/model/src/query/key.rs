//! Keys: the words under which an incident is looked up, in memory and in stores.
//!
//! Ids and labels are kept whole. A name is kept as its words, each followed by a
//! space, once from its beginning and once from each of its next words on: so
//! `victim:apollo` and `victim:hospitals` both find "Apollo Hospitals" by one range
//! of an ordered index, and neither finds "Apollonia".

use unicode_normalization::char::is_combining_mark;

use crate::fold::fold;

/// From how many of its words a name can be found.
const MOST_STARTS: usize = 4;
/// How many words of a name are kept; longer ones are sentences.
const MOST_WORDS: usize = 8;
/// How long a word of a name is at most, in characters.
const LONGEST_WORD: usize = 48;
/// Comes right after the space in every order of bytes.
const AFTER_SPACE: char = '!';

/// What a key is of. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i64)]
pub enum Key {
    /// A kind of event.
    Type = 1,
    /// An affected country.
    Country = 2,
    /// A CVE.
    Cve = 3,
    /// A keyword of the user's.
    Keyword = 4,
    /// A source.
    Source = 5,
    /// A sector.
    Sector = 6,
    /// An Indian state.
    State = 7,
    /// What people did.
    Status = 8,
    /// How firm it is.
    Claim = 9,
    /// Who did it.
    Actor = 10,
    /// Malicious software.
    Malware = 11,
    /// A tool.
    Tool = 12,
    /// An organisation.
    Org = 13,
    /// Who was attacked.
    Victim = 14,
    /// A place.
    Place = 15,
    /// A person.
    Person = 16,
    /// A flaw with a name.
    Flaw = 17,
    /// A product, named or affected.
    Product = 18,
    /// Who makes what is affected.
    Vendor = 19,
    /// A class of weakness, by its number.
    Cwe = 20,
    /// A technique.
    Technique = 21,
    /// An address, a domain, a hash.
    Indicator = 22,
    /// A tag that people gave.
    Tag = 23,
    /// Who looks after it.
    Assignee = 24,
    /// What an attacker does with its flaw.
    AttackClass = 25,
}

impl Key {
    /// Every kind.
    pub const ALL: [Self; 25] = [
        Self::Type,
        Self::Country,
        Self::Cve,
        Self::Keyword,
        Self::Source,
        Self::Sector,
        Self::State,
        Self::Status,
        Self::Claim,
        Self::Actor,
        Self::Malware,
        Self::Tool,
        Self::Org,
        Self::Victim,
        Self::Place,
        Self::Person,
        Self::Flaw,
        Self::Product,
        Self::Vendor,
        Self::Cwe,
        Self::Technique,
        Self::Indicator,
        Self::Tag,
        Self::Assignee,
        Self::AttackClass,
    ];

    /// As it is stored.
    #[must_use]
    pub const fn number(self) -> i64 {
        self as i64
    }

    /// Whether it holds names, of which words are found, and not ids or labels.
    #[must_use]
    pub const fn is_name(self) -> bool {
        matches!(
            self,
            Self::Actor
                | Self::Malware
                | Self::Tool
                | Self::Org
                | Self::Victim
                | Self::Place
                | Self::Person
                | Self::Flaw
                | Self::Product
                | Self::Vendor
                | Self::Assignee
        )
    }
}

/// Which keys of one kind: `from` itself, or all from `from` up to, not including,
/// `to`. Keys are compared by their bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyRange {
    /// The key, or the first.
    pub from: String,
    /// One past the last.
    pub to: Option<String>,
}

impl KeyRange {
    /// This key.
    #[must_use]
    pub const fn exactly(key: String) -> Self {
        Self {
            from: key,
            to: None,
        }
    }

    /// Keys that begin so.
    #[must_use]
    pub fn beginning(key: String) -> Self {
        let to = Some(format!("{key}{}", char::MAX));
        Self { from: key, to }
    }

    /// Whether it holds this key.
    #[must_use]
    pub fn holds(&self, key: &str) -> bool {
        match &self.to {
            None => key == self.from,
            Some(to) => key >= self.from.as_str() && key < to.as_str(),
        }
    }
}

/// The keys of a name.
pub(super) fn name_keys(name: &str) -> impl Iterator<Item = String> {
    let words = name_words(name);
    (0..words.len().min(MOST_STARTS)).map(move |start| joined(&words[start..]))
}

/// The keys of names that hold these words one after the other; `prefix`: the last
/// may go on. None when there are no words in it.
#[must_use]
pub fn name_range(name: &str, prefix: bool) -> Option<KeyRange> {
    let words = name_words(name);
    if words.is_empty() {
        return (prefix && name.trim().is_empty()).then(|| KeyRange::beginning(String::new()));
    }
    let mut from = joined(&words);
    if prefix {
        from.pop();
        return Some(KeyRange::beginning(from));
    }
    let mut to = from.clone();
    to.pop();
    to.push(AFTER_SPACE);
    Some(KeyRange { from, to: Some(to) })
}

/// The key of names that end with these words: of a name itself, whole. None when there
/// are no words in it.
pub(super) fn whole_name(name: &str) -> Option<KeyRange> {
    let words = name_words(name);
    (!words.is_empty()).then(|| KeyRange::exactly(joined(&words)))
}

/// The words of a name as they are compared: case, Latin accents and punctuation do
/// not count, points and plus signs within do (`3.0`, `c++`).
#[must_use]
pub fn name_words(name: &str) -> Vec<String> {
    let cropped: String = name.chars().take(4 * MOST_WORDS * LONGEST_WORD).collect();
    let folded = fold(&cropped);
    let is_part =
        |c: char| c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '.' | '+' | '#');
    folded
        .split(|c| !is_part(c))
        .map(|word| word.trim_matches('.'))
        .filter(|word| !word.is_empty())
        .take(MOST_WORDS)
        .map(|word| word.chars().take(LONGEST_WORD).collect())
        .collect()
}

fn joined(words: &[String]) -> String {
    words.iter().fold(String::new(), |mut joined, word| {
        joined.push_str(word);
        joined.push(' ');
        joined
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_its_words() {
        for (name, asked, prefix, found) in [
            ("LockBit 3.0", "lockbit", false, true),
            ("LockBit 3.0", "lockbit 3", false, false),
            ("LockBit 3.0", "lockbit 3", true, true),
            ("LockBit 3.0", "3.0", false, true),
            ("Apollo Hospitals", "hospitals", false, true),
            ("Apollo Hospitals", "hospital", false, false),
            ("Apollonia", "apollo", false, false),
            ("Apollonia", "apollo", true, true),
            ("exchange_server", "Exchange Server", false, true),
            ("Société Générale", "societe", false, true),
            ("भारतीय स्टेट बैंक", "स्टेट बैंक", false, true),
            ("anything", "", true, true),
        ] {
            let range = name_range(asked, prefix).unwrap();
            let is_found = name_keys(name).any(|key| range.holds(&key));
            assert_eq!(is_found, found, "{asked} in {name}");
        }
        assert_eq!(name_range("!!!", false), None);
        assert_eq!(name_range("!!!", true), None);
    }

    #[test]
    fn numbers_of_keys_are_stored_and_stay() {
        let numbers: Vec<i64> = Key::ALL.iter().map(|key| key.number()).collect();
        assert_eq!(numbers, (1..=25).collect::<Vec<i64>>());
    }
}
