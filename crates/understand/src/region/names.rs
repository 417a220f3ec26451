//! The long lists of a pack, looked up where they lie.
//!
//! The text of `names.tsv` is kept as it is; beside it stand two flat lists, the
//! sorted hashes of all spellings and where each one's line begins. Making them takes
//! some milliseconds for ten thousand names, once per start; a word of a text costs a
//! look or two.
//!
//! A line: kind, name, code of its part of the country, mark, further spellings apart
//! by `|`; with a TAB between. `?` as mark: the name is an ordinary word or stands
//! elsewhere too, and needs another sign.

use std::borrow::Cow;

use super::Sighting;
use crate::cues::Local;
use crate::fold;
use crate::passage::Passage;
use crate::work;

/// Names of a pack at most: twice all towns of a large country.
const MAX_LINES: usize = 1_000_000;

/// The longest line.
const MAX_LINE: usize = 8_192;

/// The longest name, in words.
const LONGEST: usize = 6;

/// Words are looked at up to here; what an article is about stands early.
const MAX_BYTES: usize = 50_000;

/// Names noted of one text.
const MAX_SIGHTINGS: usize = 200;

/// Mistakes told of one file; the rest are alike.
const MAX_MISTAKES: usize = 20;

/// Stands for "longer names begin so" in the place of a line.
const LONGER: u32 = u32::MAX;

/// A listed town's, and a listed company's share of belief; each needs another sign
/// where it is marked.
const CITY: f32 = 0.8;
const COMPANY: f32 = 0.7;
const MARKED: f32 = 0.4;

/// The table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    text: Cow<'static, str>,
    hashes: Vec<u64>,
    /// Where the line of the hash of the same index begins, or [`LONGER`].
    lines: Vec<u32>,
    /// The first hash for each value of the upper [`START_BITS`], and the end.
    starts: Vec<u32>,
    /// One bit for each value of a hash's upper [`PRESENT_BITS`]: most words begin no name,
    /// and this says so at the cost of one look.
    present: Vec<u64>,
    count: usize,
}

/// 32 kB: one in ten is taken by a large pack.
const PRESENT_BITS: u32 = 18;

/// Enough for a name in two of a large pack.
const START_BITS: u32 = 14;

impl Names {
    pub(super) fn read(
        text: impl Into<Cow<'static, str>>,
        is_code: &dyn Fn(&str) -> bool,
        mistakes: &mut Vec<String>,
    ) -> Self {
        let text = text.into();
        let mut rows: Vec<(u64, u32)> = Vec::new();
        let mut count = 0;
        let mut at = 0_usize;
        let mut wrong = 0;
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let start = u32::try_from(at).unwrap_or(LONGER);
            at += line.len();
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let checked = if number >= MAX_LINES || start == LONGER {
                Err(format!("more than {MAX_LINES} lines, or 4 GB"))
            } else {
                Row::of(line).and_then(|row| row.check(is_code).map(|()| row))
            };
            match checked {
                Ok(row) => {
                    count += 1;
                    for spelling in row.spellings() {
                        add(&mut rows, spelling, start);
                    }
                }
                Err(what) => {
                    wrong += 1;
                    if wrong <= MAX_MISTAKES {
                        mistakes.push(format!("names.tsv, line {}: {what}", number + 1));
                    }
                    if number >= MAX_LINES {
                        break;
                    }
                }
            }
        }
        rows.sort_unstable();
        rows.dedup();
        let starts = (0..=1_u64 << START_BITS)
            .map(|start| rows.partition_point(|(hash, _)| hash >> (64 - START_BITS) < start))
            .map(|at| u32::try_from(at).unwrap_or(u32::MAX));
        let mut present = Vec::new();
        if !rows.is_empty() {
            present.resize(1 << (PRESENT_BITS - 6), 0);
        }
        for (hash, _) in &rows {
            let (slot, bit) = present_at(*hash);
            if let Some(slot) = present.get_mut(slot) {
                *slot |= bit;
            }
        }
        Self {
            present,
            starts: starts.collect(),
            hashes: rows.iter().map(|(hash, _)| *hash).collect(),
            lines: rows.iter().map(|(_, line)| *line).collect(),
            text,
            count,
        }
    }

    pub(super) fn lines(&self) -> usize {
        self.count
    }

    pub(super) fn spellings(&self) -> usize {
        self.lines.iter().filter(|line| **line != LONGER).count()
    }

    pub(super) fn bytes(&self) -> usize {
        let starts = self.starts.len() * size_of::<u32>() + self.present.len() * size_of::<u64>();
        self.text.len() + self.hashes.len() * (size_of::<u64>() + size_of::<u32>()) + starts
    }

    /// The names that stand in a passage, the longest at each word.
    pub(super) fn find(&self, passage: &Passage, found: &mut Vec<Sighting>) {
        if self.hashes.is_empty() {
            return;
        }
        let text = passage.folded.text();
        let text = text
            .get(..text.floor_char_boundary(MAX_BYTES))
            .unwrap_or_default();
        let mut words = Words { text, at: 0 };
        let first = found.len();
        while let Some(word) = words.next() {
            if !is_capital(passage, word) {
                continue;
            }
            if let Some((row, end)) = self.longest(text, word, &words, passage) {
                found.push(row.sighting(passage, word.0, end));
                words.at = end;
                if found.len() - first >= MAX_SIGHTINGS {
                    return;
                }
            }
        }
    }

    /// The longest name that begins with this word, and where it ends.
    fn longest(
        &self,
        text: &str,
        first: (usize, usize),
        after: &Words<'_>,
        passage: &Passage,
    ) -> Option<(Row<'_>, usize)> {
        let mut rest = Words { text, at: after.at };
        let mut word = first;
        let mut hash = START;
        let mut best = None;
        for length in 1..=LONGEST {
            work::steps(word.1 - word.0);
            hash = grow(hash, text.get(word.0..word.1)?);
            let (line, longer) = self.look(hash);
            if let Some(row) = line.and_then(|line| self.row(line))
                && (length == 1 || is_capital(passage, word))
            {
                best = Some((row, word.1));
            }
            if !longer {
                break;
            }
            let end = word.1;
            match rest.next() {
                Some(next) if joins(text.get(end..next.0)?) => word = next,
                _ => break,
            }
        }
        best
    }

    /// The first line of a hash, and whether longer names begin with it.
    fn look(&self, hash: u64) -> (Option<u32>, bool) {
        let (slot, bit) = present_at(hash);
        if self.present.get(slot).is_none_or(|known| known & bit == 0) {
            return (None, false);
        }
        let start = usize::try_from(hash >> (64 - START_BITS)).unwrap_or_default();
        let from = self.starts.get(start).copied().unwrap_or_default() as usize;
        let mut line = None;
        for (known, at) in self.hashes.iter().zip(&self.lines).skip(from) {
            if *known < hash {
                continue;
            }
            if *known > hash {
                break;
            }
            if *at == LONGER {
                return (line, true);
            }
            line = line.or(Some(*at));
        }
        (line, false)
    }

    fn row(&self, line: u32) -> Option<Row<'_>> {
        let line = self.text.get(line as usize..)?.lines().next()?;
        Row::of(line).ok()
    }
}

/// One line.
#[derive(Debug, Clone, Copy)]
struct Row<'a> {
    kind: &'a str,
    name: &'a str,
    code: &'a str,
    mark: &'a str,
    also: &'a str,
}

impl<'a> Row<'a> {
    fn of(line: &'a str) -> Result<Self, String> {
        let mut fields = line.split('\t');
        let mut field = || fields.next().unwrap_or_default();
        let row = Self {
            kind: field(),
            name: field(),
            code: field(),
            mark: field(),
            also: field(),
        };
        if row.name.is_empty() {
            return Err("a line needs at least kind, TAB, name".to_owned());
        }
        Ok(row)
    }

    fn check(&self, is_code: &dyn Fn(&str) -> bool) -> Result<(), String> {
        if self.name.len() + self.also.len() > MAX_LINE {
            return Err(format!("it is longer than {MAX_LINE} bytes"));
        }
        match self.kind {
            "city" if !self.code.is_empty() && !is_code(self.code) => {
                Err(format!("no subdivision has the code `{}`", self.code))
            }
            "city" | "company" => match self.mark {
                "" | "?" => Ok(()),
                other => Err(format!("the mark `{other}` is not `?`")),
            },
            other => Err(format!("`{other}` is neither city nor company")),
        }
    }

    fn spellings(&self) -> impl Iterator<Item = &'a str> {
        [self.name]
            .into_iter()
            .chain(self.also.split('|').filter(|other| !other.is_empty()))
    }

    fn sighting(&self, passage: &Passage, start: usize, end: usize) -> Sighting {
        let needs_another = self.mark == "?";
        let (local, weight) = match (self.kind, needs_another) {
            ("city", false) => (Local::City(self.code.to_owned()), CITY),
            ("city", true) => (Local::ClashingCity(self.code.to_owned()), MARKED),
            (_, false) => (Local::Company, COMPANY),
            (_, true) => (Local::ClashingCompany, MARKED),
        };
        Sighting {
            local,
            weight,
            shown: self.name.to_owned(),
            field: passage.field,
            start,
            end,
            span: passage.span_of_folded(start, end),
        }
    }
}

/// The hash of no word.
const START: u64 = 0xcbf2_9ce4_8422_2325;

/// The hash of a name that goes on with a folded word: FNV-1a, with a blank between.
fn grow(hash: u64, word: &str) -> u64 {
    word.bytes().chain([b' ']).fold(hash, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The place of a hash among the bits of [`Names::present`], and its bit.
fn present_at(hash: u64) -> (usize, u64) {
    let at = hash >> (64 - PRESENT_BITS);
    (usize::try_from(at >> 6).unwrap_or_default(), 1 << (at & 63))
}

fn add(rows: &mut Vec<(u64, u32)>, spelling: &str, line: u32) {
    let folded = fold::folded(spelling);
    let mut hash = START;
    let mut words = Words {
        text: &folded,
        at: 0,
    };
    let mut next = words.next();
    let mut length = 0;
    while let Some(word) = next {
        length += 1;
        if length > LONGEST {
            return;
        }
        hash = grow(hash, folded.get(word.0..word.1).unwrap_or_default());
        next = words.next();
        rows.push((hash, if next.is_some() { LONGER } else { line }));
    }
}

/// The words of a folded text.
struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for Words<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let rest = self.text.get(self.at..)?;
        let start = self.at + fold::find_word(rest)?;
        let rest = self.text.get(start..)?;
        let end = start + fold::word_length(rest);
        self.at = end;
        Some((start, end))
    }
}

/// Whether two words with this between them may be one name: "Dr. Lal", "L&T".
fn joins(between: &str) -> bool {
    between.len() <= 3 && !between.contains([',', ';', ':', '|', '(', ')', '"', '!', '?'])
}

/// Names are proper nouns: a capital letter, or of a script that has none.
fn is_capital(passage: &Passage, (start, end): (usize, usize)) -> bool {
    passage
        .clean_of_folded(start, end)
        .chars()
        .next()
        .is_some_and(|first| first.is_alphanumeric() && !first.is_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Field;

    const LIST: &str = "# towns\ncity\tZorvexpur\tKL\t\tज़ोर्वेक्सपुर|Old Zorvex\ncity\tAnand\tKL\t?\n\
        company\tAcme & Sons Industries\t\t\tAcme Sons\n";

    fn found(title: &str) -> Vec<(String, Local, String)> {
        let mut mistakes = Vec::new();
        let names = Names::read(LIST, &|code| code == "KL", &mut mistakes);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        let passage = Passage::new(Field::Title, title.to_owned());
        let mut found = Vec::new();
        names.find(&passage, &mut found);
        found
            .into_iter()
            .map(|one| {
                let text = passage.clean_of_folded(one.start, one.end).to_owned();
                (one.shown, one.local, text)
            })
            .collect()
    }

    #[test]
    fn names_are_found_by_every_spelling_as_proper_nouns() {
        let city = |text: &str| {
            vec![(
                "Zorvexpur".to_owned(),
                Local::City("KL".to_owned()),
                text.to_owned(),
            )]
        };
        assert_eq!(found("Bank of Zorvexpur hit"), city("Zorvexpur"));
        assert_eq!(found("ज़ोर्वेक्सपुर में हमला"), city("ज़ोर्वेक्सपुर"));
        assert_eq!(found("In OLD ZORVEX, hackers"), city("OLD ZORVEX"));
        assert!(found("the zorvexpur of old zorvex, Zorvexpuri").is_empty());
        assert_eq!(found("Old. News")[..], []);
        assert_eq!(found("Anand")[0].1, Local::ClashingCity("KL".to_owned()));
        assert_eq!(
            found("by Acme & Sons Industries Ltd")[0].2,
            "Acme & Sons Industries"
        );
        assert_eq!(found("by Acme Sons Ltd")[0].1, Local::Company);
        assert!(found("Acme, Sons").is_empty());
    }

    #[test]
    fn mistakes_name_their_line() {
        let mut mistakes = Vec::new();
        let text = "city\tA\tXX\nriver\tB\ncity\ncompany\tC\t\t!\n";
        Names::read(text, &|_| false, &mut mistakes);
        assert_eq!(
            mistakes,
            [
                "names.tsv, line 1: no subdivision has the code `XX`",
                "names.tsv, line 2: `river` is neither city nor company",
                "names.tsv, line 3: a line needs at least kind, TAB, name",
                "names.tsv, line 4: the mark `!` is not `?`",
            ]
        );
    }
}
