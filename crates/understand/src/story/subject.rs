//! Whom or what an item is about, as far as that tells it from one that reads alike.
//!
//! Lists of victims, letters to customers and reports of fraud are written to a pattern:
//! only the name differs. What attacks, what every other organisation is called and who
//! looks into it say nothing of which story is told, so they are no subject.

use std::sync::LazyLock;

use model::{Entity, EntityKind, Field, Span};

use super::words::{MAX_CHARS, Word, stem_hash, words_in};

/// More entities than these are not looked at.
const MOST: usize = 200;

/// What entities say of the words of an item, by the hashes of their stems.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Words of what attacks: one actor has several victims.
    attackers: Vec<u32>,
    /// Words of places, and so has one town.
    towns: Vec<u32>,
    /// Words of places and organisations in scripts without large letters.
    caseless: Vec<u32>,
}

impl Named {
    pub(super) fn of(title: &str, text: &str, entities: &[Entity]) -> Self {
        let mut named = Self::default();
        for entity in entities.iter().take(MOST) {
            let surface = entity
                .spans
                .first()
                .and_then(|span| surface(title, text, *span));
            let Some(surface) = surface else { continue };
            let words = |text: &str| words_in(text).map(stem_hash).collect::<Vec<u32>>();
            match entity.kind {
                EntityKind::Actor | EntityKind::Malware | EntityKind::Tool => {
                    named.attackers.extend(words(&surface));
                }
                EntityKind::Place | EntityKind::Organisation
                    if surface.chars().all(is_caseless) =>
                {
                    // The name in the list is the same for every script.
                    named.caseless.extend(words(&surface));
                    named.caseless.extend(words(&entity.name));
                }
                EntityKind::Place => named.towns.extend(words(&surface)),
                _ => {}
            }
        }
        named
    }

    /// Names that no large letter shows.
    pub(super) fn caseless(&self) -> &[u32] {
        &self.caseless
    }

    /// What the item is about: the names of its title, or those that no large letter
    /// shows. Towns are that only where nothing else is. Sorted, each once.
    pub(super) fn subjects(&self, title_names: &[Word<'_>]) -> Vec<u32> {
        let of_title = |is_left_out: &dyn Fn(&u32) -> bool| -> Vec<u32> {
            let names = title_names
                .iter()
                .filter(|word| !word.text.starts_with(|c: char| c.is_ascii_digit()))
                .map(|word| word.hash)
                .filter(|hash| !is_left_out(hash));
            let mut subjects: Vec<u32> = names
                .chain(self.caseless.iter().copied())
                .filter(|hash| SAYS_LITTLE.binary_search(hash).is_err())
                .collect();
            subjects.sort_unstable();
            subjects.dedup();
            subjects
        };
        let others = of_title(&|hash| self.attackers.contains(hash) || self.towns.contains(hash));
        if others.is_empty() {
            return of_title(&|hash| self.attackers.contains(hash));
        }
        others
    }
}

/// The stems of the words in `data/common_names.txt`, sorted.
static SAYS_LITTLE: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let lines = include_str!("../../data/common_names.txt").lines();
    let words = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut stems: Vec<u32> = words.map(stem_hash).collect();
    stems.sort_unstable();
    stems
});

/// A space or sign, or a letter that has no large form.
fn is_caseless(character: char) -> bool {
    !character.is_alphabetic() || !(character.is_lowercase() || character.is_uppercase())
}

/// The words of a span near the head of its text.
fn surface(title: &str, text: &str, span: Span) -> Option<String> {
    let (start, end) = (
        usize::try_from(span.start).ok()?,
        usize::try_from(span.end).ok()?,
    );
    let field = match span.field {
        Field::Title => title,
        Field::Text => text,
    };
    (start < MAX_CHARS).then(|| {
        field
            .chars()
            .skip(start)
            .take(end.saturating_sub(start))
            .collect()
    })
}
