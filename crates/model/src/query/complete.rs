//! What may be written where the cursor stands.

use super::bind::threat;
use super::field::{Field, Kind};
use super::key::Key;
use super::parse::is_bare_value;
use crate::alias;
use crate::attack::AttackClass;
use crate::region::{Country, states};

/// How many offers are made of what is known here.
const MOST_OFFERS: usize = 20;
/// How many threats are offered by another of their names.
const MOST_ALIASES: usize = 5;
/// Fewer letters are the beginning of too many names.
const SHORTEST_ALIAS: usize = 3;

/// What the sign behind a field may be of, but for `!`.
const SIGNS: [char; 7] = [':', '=', '<', '>', '≤', '≥', '≠'];

/// What may stand where the cursor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The first character that an offer replaces, counted in code points.
    pub start: u32,
    /// One past the last.
    pub end: u32,
    /// What is expected there.
    pub expected: Expected,
    /// What fits, likeliest first.
    pub offers: Vec<Offer>,
}

/// What is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// A field, or a word that is looked for.
    FieldOrWord,
    /// A value of this field.
    Value(Field),
    /// A name of this field that begins so: the store knows which there are.
    Name(Field, Key, String),
}

/// Something that may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What to write.
    pub text: String,
    /// What it means.
    pub about: String,
}

/// What may stand at this place (in code points) of a query that need not be whole.
#[must_use]
pub fn complete(text: &str, at: u32) -> Completion {
    let chars: Vec<char> = text.chars().take(super::LONGEST).collect();
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(chars.len());
    let start = word_start(&chars, at);
    let word: String = chars.get(start..at).unwrap_or_default().iter().collect();
    let place = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let field_end = word.find(SIGNS);
    let known = field_end.and_then(|end| {
        let name = word.get(..end)?;
        Some((end, Field::of_name(name.strip_suffix('!').unwrap_or(name))?))
    });
    let Some((sign, field)) = known else {
        let begun = word.trim_start_matches('-');
        let minus = word.chars().count() - begun.chars().count();
        return Completion {
            start: place(start + minus),
            end: place(at),
            expected: Expected::FieldOrWord,
            offers: fields(begun),
        };
    };
    // The last of several values.
    let rest = word.get(sign..).unwrap_or_default();
    let begun = match rest.rfind('"') {
        Some(quote) => rest.get(quote + 1..).unwrap_or_default(),
        None => rest
            .rsplit(|c| c == ',' || SIGNS.contains(&c))
            .next()
            .unwrap_or_default(),
    };
    let with_quote = begun.chars().count() + usize::from(rest.contains('"'));
    let expected = match field.kind() {
        Kind::Names(key)
            if field.labels().is_empty() && !matches!(field, Field::Region | Field::State) =>
        {
            Expected::Name(field, key, begun.to_owned())
        }
        _ => Expected::Value(field),
    };
    Completion {
        start: place(at.saturating_sub(with_quote)),
        end: place(at),
        expected,
        offers: values(field, begun),
    }
}

/// Where the word begins in which the cursor stands; blanks in quotes are part of it.
fn word_start(chars: &[char], at: usize) -> usize {
    let mut start = 0;
    let mut in_quotes = false;
    for (nth, c) in chars.iter().take(at).enumerate() {
        if *c == '"' {
            in_quotes = !in_quotes;
        } else if !in_quotes && (c.is_whitespace() || matches!(c, '(' | ')')) {
            start = nth + 1;
        }
    }
    start
}

fn fields(begun: &str) -> Vec<Offer> {
    let begun = begun.to_lowercase();
    let begins = |field: &Field| {
        let names = std::iter::once(field.name()).chain(field.other_names().iter().copied());
        names.into_iter().any(|name| name.starts_with(&begun))
    };
    Field::all()
        .filter(begins)
        .map(|field| Offer {
            text: format!("{}:", field.name()),
            about: field.about().to_owned(),
        })
        .collect()
}

fn values(field: Field, begun: &str) -> Vec<Offer> {
    let begun = begun.to_lowercase();
    let offer = |text: &str, about: &str| Offer {
        text: if is_bare_value(text) {
            text.to_owned()
        } else {
            format!("\"{text}\"")
        },
        about: about.to_owned(),
    };
    let fits = |text: &str| text.to_lowercase().starts_with(&begun);
    let mut offers: Vec<Offer> = match field.kind() {
        Kind::Moment | Kind::Days => ["today", "yesterday", "-24h", "-7d", "-30d"]
            .into_iter()
            .filter(|text| fits(text) && (field.kind() == Kind::Moment || !text.starts_with('-')))
            .map(|text| offer(text, field.about()))
            .collect(),
        Kind::Length => ["1h", "24h", "7d", "30d"]
            .into_iter()
            .filter(|text| fits(text))
            .map(|text| offer(text, field.about()))
            .collect(),
        Kind::Owasp => (1..=10)
            .map(|rank| format!("A{rank:02}"))
            .filter(|text| fits(text))
            .map(|text| offer(&text, "of the newest edition"))
            .collect(),
        _ => field
            .labels()
            .into_iter()
            .filter(|(label, word)| fits(label) || fits(word))
            .map(|(label, word)| offer(label, word))
            .collect(),
    };
    if field == Field::AttackClass && !begun.is_empty() {
        let shorts = AttackClass::short_names()
            .filter(|(short, class)| fits(short) && !fits(class.as_str()) && !fits(class.word()));
        offers.extend(shorts.map(|(short, class)| {
            offer(
                class.as_str(),
                &format!("{}, for short {short}", class.word()),
            )
        }));
    }
    if field == Field::Region {
        let countries = Country::all().filter(|(code, name)| fits(code) || fits(name));
        offers.extend(countries.map(|(code, name)| offer(code, name)));
    }
    if matches!(field, Field::Region | Field::State) {
        let found = states().filter(|(code, name)| fits(name) || fits(&format!("in-{code}")));
        offers.extend(found.map(|(code, name)| offer(&format!("IN-{code}"), name)));
    }
    // Of threats the store knows the usual names; people know others.
    if let Kind::Names(key) = field.kind()
        && let Some(kind) = threat(key)
        && begun.chars().count() >= SHORTEST_ALIAS
    {
        let also = alias::beginning(kind, &begun, MOST_ALIASES).into_iter();
        offers.extend(also.map(|(name, usual)| offer(usual, &format!("also called {name}"))));
    }
    offers.truncate(MOST_OFFERS);
    offers
}
