//! The weakness that a description names in so many words: "heap-based buffer overflow" is
//! CWE-122, whatever a model makes of the rest. The words stand in `data/weaknesses.txt`.

use std::ops::Range;
use std::sync::LazyLock;

use model::CweId;
use model::phrases::Phrases;

/// A weakness, and where a text names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) weakness: CweId,
    /// Whether it is of the broad ones, that many exact ones belong to.
    pub(crate) is_broad: bool,
    /// Which of the texts: 0 is the title.
    pub(crate) text: usize,
    /// In bytes of it.
    pub(crate) at: Range<usize>,
}

/// Before the number of a broad weakness.
const BROAD: &str = "broad ";

static PHRASES: LazyLock<Phrases<(CweId, bool)>> =
    LazyLock::new(|| Phrases::read(include_str!("../../data/weaknesses.txt"), label));

fn label(label: &str) -> Option<(CweId, bool)> {
    let exact = label.strip_prefix(BROAD);
    let number = exact.unwrap_or(label).parse().ok()?;
    Some((CweId(number), exact.is_some()))
}

/// The weakness that a title and a description name: the first exact one, else the first
/// broad one.
pub(crate) fn named(texts: [&str; 2]) -> Option<Named> {
    let told = texts.into_iter().enumerate().flat_map(|(text, words)| {
        let told = PHRASES.find(words).into_iter();
        told.map(move |told| (told.says, text, told.at))
    });
    let ((weakness, is_broad), text, at) =
        told.min_by_key(|((_, is_broad), text, at)| (*is_broad, *text, at.start))?;
    Some(Named {
        weakness,
        is_broad,
        text,
        at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_words_of_a_weakness_name_it() {
        for (title, text, wanted) in [
            ("", "CSRF can add an administrator in Acme Gate.", Some(352)),
            ("", "A Heap-based buffer overflow in Acme Gate", Some(122)),
            ("", "Acme Gate uses a hard-coded password.", Some(798)),
            ("", "A command injection in Acme Gate", Some(77)),
            ("", "An OS command injection in Acme Gate", Some(78)),
            ("", "Eval code injection in Acme Gate", Some(94)),
            // The title comes first, and an exact one before a broad one.
            ("SQL injection in Acme Gate", "Use after free", Some(89)),
            (
                "Improper input validation in Acme Gate",
                "It ends in an out-of-bounds write.",
                Some(787),
            ),
            ("", "Improper input validation in Acme Gate", Some(20)),
            ("", "Acme Gate fails.", None),
        ] {
            let found = named([title, text]).map(|named| named.weakness.0);
            assert_eq!(found, wanted, "{title} {text}");
        }
    }

    #[test]
    fn every_line_of_the_list_has_a_number_of_its_own() {
        let lines = include_str!("../../data/weaknesses.txt");
        let mut seen = BTreeSet::new();
        for line in lines.lines().filter(|line| !line.starts_with(['#', ' '])) {
            let (name, phrases) = line.split_once(':').unwrap();
            assert!(label(name).is_some(), "{line}");
            assert!(seen.insert(name), "{name} twice");
            assert!(!phrases.trim().is_empty(), "{line}");
        }
        assert!(seen.len() > 150, "{}", seen.len());
    }
}
