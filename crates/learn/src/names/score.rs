//! How many names are found, exactly and of the right kind. Kinds that a set never
//! looked for count neither way.

use std::collections::BTreeMap;

use understand::names::NameKind;

use super::corpus::{Labelled, Marked};
use crate::measure::Confusion;

/// Found, invented and missed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Right.
    pub hit: usize,
    /// Found where there is none.
    pub extra: usize,
    /// Not found.
    pub missed: usize,
}

impl Tally {
    /// The harmonic mean of precision and recall.
    #[must_use]
    pub fn f1(&self) -> f64 {
        2.0 * self.hit as f64 / (2 * self.hit + self.extra + self.missed).max(1) as f64
    }

    /// The share of found names that are right.
    #[must_use]
    pub fn precision(&self) -> f64 {
        self.hit as f64 / (self.hit + self.extra).max(1) as f64
    }

    /// The share of names that are found.
    #[must_use]
    pub fn recall(&self) -> f64 {
        self.hit as f64 / (self.hit + self.missed).max(1) as f64
    }
}

/// The scores of one set.
#[derive(Debug, Clone, Default)]
pub struct Scores {
    /// All kinds together.
    pub all: Tally,
    /// By kind.
    pub by_kind: BTreeMap<NameKind, Tally>,
    /// Wrong names by how often: `missed malware Foo`.
    pub errors: BTreeMap<String, usize>,
    /// Wanted kind and given kind, whatever the bounds, by how often.
    kinds: BTreeMap<[Option<NameKind>; 2], usize>,
}

impl Scores {
    /// Adds what was found in a document.
    pub fn add(&mut self, document: &Labelled, found: &[Marked]) {
        let counted = |name: &&Marked| document.sought.contains(&name.kind);
        self.note_kinds(document, found);
        for name in found.iter().filter(counted) {
            let tally = self.by_kind.entry(name.kind).or_default();
            if document.names.contains(name) {
                tally.hit += 1;
                self.all.hit += 1;
            } else {
                tally.extra += 1;
                self.all.extra += 1;
                self.note("extra", document, name);
            }
        }
        for name in document.names.iter().filter(counted) {
            if !found.contains(name) {
                self.by_kind.entry(name.kind).or_default().missed += 1;
                self.all.missed += 1;
                self.note("missed", document, name);
            }
        }
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: Self) {
        let sum = |tally: &mut Tally, other: Tally| {
            tally.hit += other.hit;
            tally.extra += other.extra;
            tally.missed += other.missed;
        };
        sum(&mut self.all, other.all);
        for (kind, tally) in other.by_kind {
            sum(self.by_kind.entry(kind).or_default(), tally);
        }
        for (error, count) in other.errors {
            *self.errors.entry(error).or_default() += count;
        }
        for (kinds, count) in other.kinds {
            *self.kinds.entry(kinds).or_default() += count;
        }
    }

    /// Sets each name that was wanted against the first that was given in its place.
    fn note_kinds(&mut self, document: &Labelled, found: &[Marked]) {
        let counted = |name: &&Marked| document.sought.contains(&name.kind);
        let kind_at = |names: &[Marked], place: &Marked| {
            let here = names.iter().filter(counted).find(|name| meet(name, place));
            here.map(|name| name.kind)
        };
        for wanted in document.names.iter().filter(counted) {
            let given = kind_at(found, wanted);
            *self.kinds.entry([Some(wanted.kind), given]).or_default() += 1;
        }
        for given in found.iter().filter(counted) {
            if kind_at(&document.names, given).is_none() {
                *self.kinds.entry([None, Some(given.kind)]).or_default() += 1;
            }
        }
    }

    /// Which kind was given for which; the last class is no name.
    #[must_use]
    pub fn confusion(&self) -> Confusion {
        let names: Vec<String> = NameKind::ALL
            .iter()
            .map(|kind| format!("{kind:?}").to_lowercase())
            .collect();
        let classes = names.iter().map(String::as_str).chain(["nothing"]);
        let mut confusion = Confusion::new(&classes.collect::<Vec<_>>());
        let place = |kind: Option<NameKind>| {
            let known = NameKind::ALL.iter().position(|one| Some(*one) == kind);
            known.unwrap_or(NameKind::ALL.len())
        };
        for ([wanted, given], count) in &self.kinds {
            for _ in 0..*count {
                confusion.add(place(*wanted), place(*given));
            }
        }
        confusion
    }

    fn note(&mut self, what: &str, document: &Labelled, name: &Marked) {
        let line = format!("{what} {:?} {}", name.kind, document.slice(name)).to_lowercase();
        *self.errors.entry(line).or_default() += 1;
    }

    /// The errors that cost most.
    #[must_use]
    pub fn worst(&self, count: usize) -> Vec<(&str, usize)> {
        let mut all: Vec<(&str, usize)> = self
            .errors
            .iter()
            .map(|(line, n)| (line.as_str(), *n))
            .collect();
        all.sort_by_key(|(line, n)| (std::cmp::Reverse(*n), *line));
        all.truncate(count);
        all
    }
}

/// Whether two names share a letter.
fn meet(one: &Marked, other: &Marked) -> bool {
    one.text == other.text && one.start < other.end && other.start < one.end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_that_nobody_sought_count_neither_way() {
        let name = |start, end, kind| Marked {
            text: 0,
            start,
            end,
            kind,
        };
        let document = Labelled {
            set: "news",
            texts: vec!["Acme met Zorvex in Pune".to_owned()],
            names: vec![
                name(0, 4, NameKind::Organisation),
                name(9, 15, NameKind::Malware),
            ],
            sought: vec![NameKind::Organisation, NameKind::Malware],
            story: None,
        };
        let found = [
            name(0, 4, NameKind::Organisation),
            name(9, 15, NameKind::Actor),
            name(19, 23, NameKind::Place),
            name(5, 8, NameKind::Malware),
        ];
        let mut scores = Scores::default();
        scores.add(&document, &found);
        assert_eq!(
            scores.all,
            Tally {
                hit: 1,
                extra: 1,
                missed: 1
            }
        );
        assert_eq!(
            scores.worst(9),
            [("extra malware met", 1), ("missed malware zorvex", 1)]
        );
        assert!((scores.all.f1() - 0.5).abs() < 1e-9);
        // Organisation for organisation; malware where there is none; malware missed,
        // for what was given in its place is a kind that nobody sought.
        let confusion = scores.confusion();
        let total: usize = confusion.counts.iter().flatten().sum();
        assert_eq!(total, 3);
        let at = |kind| NameKind::ALL.iter().position(|one| *one == kind).unwrap();
        let nothing = NameKind::ALL.len();
        let malware = at(NameKind::Malware);
        let organisation = at(NameKind::Organisation);
        assert_eq!(confusion.counts[organisation][organisation], 1);
        assert_eq!(confusion.counts[malware][nothing], 1);
        assert_eq!(confusion.counts[nothing][malware], 1);
    }
}
