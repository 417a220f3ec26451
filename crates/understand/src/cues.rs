//! Cue words: what they say stands in `data/*.toml` and in region packs, one a line.
//!
//! All of them are found in one pass over the folded text, so that a hundred more cost
//! nothing. A cue counts as whole words only. `=` before
//! it asks for exactly this case (`=US` is not "us"); `*` after it lets the word
//! go on (`hack*` is also "hacked"); what stands in brackets must stand beside it and is
//! no part of it (`Salem [district]`). A longer cue that is a mask (`life hack`)
//! hides the shorter ones inside it; a negation before a cue is noted on its hit.

mod data;
mod tree;

use model::{Country, Field, Span};

pub(crate) use data::{Cue, Feature, Local, Sense};

use crate::fold::{is_word, is_word_byte, word_length};
use crate::passage::Passage;
use crate::region::Pack;
use crate::work;
use tree::Tree;

/// More hits than this are not read: 200,000 characters of one cue word repeated
/// are no article.
const MAX_HITS: usize = 20_000;

/// How far from a cue a negation still counts, in bytes: some six words, and three of
/// Devanagari.
const NEGATION_REACH: usize = 42;

/// A cue where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit {
    pub(crate) cue: &'static Cue,
    pub(crate) field: Field,
    /// In bytes of the passage's folded text.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) span: Span,
    pub(crate) negated: bool,
}

impl Hit {
    pub(crate) fn in_title(&self) -> bool {
        self.field == Field::Title
    }
}

/// All cues, and the tree that finds them.
#[derive(Debug, Default)]
pub(crate) struct Book {
    cues: Vec<Cue>,
    /// The cues of each pattern of the tree: one word may say several things.
    of_pattern: Vec<Vec<usize>>,
    tree: Tree,
}

impl Book {
    /// The cues of the program and of these packs. Tests build it, so a broken file
    /// cannot be shipped; should it happen all the same, items have no cues rather
    /// than the service no start.
    pub(crate) fn with(packs: &[Pack]) -> Self {
        Self::build(packs, |_| true).unwrap_or_default()
    }

    /// Those of them that say what `keep` accepts, with all that hides or turns them round.
    pub(crate) fn only(packs: &[Pack], keep: impl Fn(&Sense) -> bool) -> Self {
        let is_heeded = |sense: &Sense| matches!(sense, Sense::Negation | Sense::NegationBehind);
        let keep = |cue: &Cue| keep(&cue.sense) || cue.masks() || is_heeded(&cue.sense);
        Self::build(packs, keep).unwrap_or_default()
    }

    fn build(packs: &[Pack], keep: impl Fn(&Cue) -> bool) -> Result<Self, String> {
        let spoken_for: Vec<Country> = packs.iter().map(|pack| pack.country).collect();
        let mut cues = data::read_all(&spoken_for)?;
        cues.extend(packs.iter().flat_map(|pack| pack.cues.iter().cloned()));
        cues.retain(keep);
        let mut patterns: Vec<&str> = cues.iter().map(|cue| cue.folded.as_str()).collect();
        patterns.sort_unstable();
        patterns.dedup();
        patterns.retain(|pattern| !pattern.is_empty());
        let mut of_pattern = vec![Vec::new(); patterns.len()];
        for (index, cue) in cues.iter().enumerate() {
            if let Ok(at) = patterns.binary_search(&cue.folded.as_str())
                && let Some(list) = of_pattern.get_mut(at)
            {
                list.push(index);
            }
        }
        let patterns = patterns.into_iter().map(str::to_owned).collect();
        Ok(Self {
            tree: Tree::new(patterns),
            of_pattern,
            cues,
        })
    }

    /// Every cue of the item, in order, without those that a mask hides.
    pub(crate) fn read(&'static self, passages: &[Passage; 2]) -> Vec<Hit> {
        let mut hits = Vec::new();
        for passage in passages {
            read_passage(self, passage, &mut hits);
        }
        hits
    }
}

fn read_passage(book: &'static Book, passage: &Passage, hits: &mut Vec<Hit>) {
    let text = passage.folded.text();
    let first = hits.len();
    let mut masks: Vec<(usize, usize)> = Vec::new();
    let mut negations = Negations::default();
    let mut before = b' ';
    for (start, byte) in text.bytes().enumerate() {
        let inside = is_word_byte(before) && is_word_byte(byte) || !text.is_char_boundary(start);
        before = byte;
        if inside {
            continue;
        }
        let rest = text.as_bytes().get(start..).unwrap_or_default();
        book.tree.begins(rest, |pattern, length| {
            if !starts_word(text, start) {
                return;
            }
            let end = start + length;
            let ends = ends_word(text, end);
            for index in book.of_pattern.get(pattern).into_iter().flatten() {
                let Some(cue) = book.cues.get(*index) else {
                    continue;
                };
                let (before, behind) = cue.around;
                let (start, end) = (start + before, end - behind);
                if !(ends || cue.open_end) || !cue.case_fits(|| passage.clean_of_folded(start, end))
                {
                    continue;
                }
                // A word that goes on belongs to the cue as a whole.
                let end = if ends { end } else { word_end(text, end) };
                match cue.sense {
                    Sense::Negation => negations.before.push(end),
                    Sense::NegationBehind => negations.behind.push(start),
                    _ if hits.len() < MAX_HITS => {
                        // A mask stays among the hits: names are looked up by others.
                        if cue.masks() {
                            masks.push((start, end));
                        }
                        let span = passage.span_of_folded(start, end);
                        hits.push(Hit {
                            cue,
                            field: passage.field,
                            start,
                            end,
                            span,
                            negated: false,
                        });
                    }
                    _ => {}
                }
            }
        });
    }
    negations.before.sort_unstable();
    let masks = Masks::new(masks);
    let mut index = 0;
    hits.retain(|hit| {
        index += 1;
        index <= first || !masks.hide(hit.start, hit.end)
    });
    if let Some(new) = hits.get_mut(first..) {
        new.sort_by_key(|hit| (hit.start, hit.end));
        for hit in new {
            hit.negated = negations.turn(text, hit);
        }
    }
}

/// The negations of a text: where those end that turn round what follows, and where
/// those begin that turn round what stands before them. Both in order.
#[derive(Default)]
struct Negations {
    before: Vec<usize>,
    behind: Vec<usize>,
}

impl Negations {
    /// Whether one stands close to a cue, in the same clause.
    fn turn(&self, text: &str, hit: &Hit) -> bool {
        let after = self.before.partition_point(|end| *end <= hit.start);
        let before = after.checked_sub(1).and_then(|at| self.before.get(at));
        let first = self.behind.partition_point(|start| *start < hit.end);
        let behind = self.behind.get(first);
        before.is_some_and(|end| is_clause(text, *end, hit.start))
            || behind.is_some_and(|start| is_clause(text, hit.end, *start))
    }
}

/// Whether little, and no end of a clause, lies between.
fn is_clause(text: &str, from: usize, to: usize) -> bool {
    const ENDS: [&str; 6] = [". ", "; ", " but ", "| ", "।", " लेकिन "];
    let between = to.saturating_sub(from);
    work::steps(NEGATION_REACH.min(between));
    between <= NEGATION_REACH
        && text
            .get(from..to)
            .is_some_and(|between| !ENDS.iter().any(|end| between.contains(end)))
}

/// Ranges that hide what lies inside them and is shorter.
struct Masks {
    /// By start.
    ranges: Vec<(usize, usize)>,
    /// The furthest end of this range and those before it.
    reach: Vec<usize>,
}

impl Masks {
    fn new(mut ranges: Vec<(usize, usize)>) -> Self {
        ranges.sort_unstable();
        let reach = ranges
            .iter()
            .scan(0, |furthest, (_, end)| {
                *furthest = (*furthest).max(*end);
                Some(*furthest)
            })
            .collect();
        Self { ranges, reach }
    }

    fn hide(&self, start: usize, end: usize) -> bool {
        // A mask does not hide itself: ranges that end alike must start earlier.
        let before = self.ranges.partition_point(|range| range.0 < start);
        let earlier = before
            .checked_sub(1)
            .and_then(|index| self.reach.get(index))
            .is_some_and(|reach| *reach >= end);
        let same_start = || {
            self.ranges
                .iter()
                .skip(before)
                .take_while(|range| range.0 == start)
                .any(|range| range.1 > end)
        };
        earlier || same_start()
    }
}

fn starts_word(text: &str, start: usize) -> bool {
    let first = text.get(start..).and_then(|rest| rest.chars().next());
    !first.is_some_and(is_word)
        || !text
            .get(..start)
            .and_then(|before| before.chars().next_back())
            .is_some_and(is_word)
}

fn ends_word(text: &str, end: usize) -> bool {
    let last = text
        .get(..end)
        .and_then(|before| before.chars().next_back());
    !last.is_some_and(is_word)
        || !text
            .get(end..)
            .and_then(|rest| rest.chars().next())
            .is_some_and(is_word)
}

fn word_end(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + word_length(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::Regions;
    use expect_test::{Expect, expect};

    fn read(passages: &[Passage; 2]) -> Vec<Hit> {
        Regions::shipped().book.read(passages)
    }

    fn check(text: &str, wanted: &Expect) {
        let passages = [
            Passage::new(Field::Title, String::new()),
            Passage::new(Field::Text, text.to_owned()),
        ];
        let found: Vec<String> = read(&passages)
            .iter()
            .filter(|hit| {
                matches!(
                    hit.cue.sense,
                    Sense::Type(_) | Sense::Feature(_) | Sense::Relevance(_)
                )
            })
            .map(|hit| {
                format!(
                    "{}{} {:?}",
                    if hit.negated { "not " } else { "" },
                    hit.cue.pattern,
                    hit.cue.sense
                )
            })
            .collect();
        wanted.assert_eq(&found.join("\n"));
    }

    #[test]
    fn every_data_file_is_read() {
        let book = Book::build(Regions::shipped().packs(), |_| true).unwrap();
        assert!(book.cues.len() > 1_500, "{}", book.cues.len());
    }

    #[test]
    fn cues_are_whole_words() {
        check("Ransomwares? No: ddosing.", &expect![[""]]);
    }

    #[test]
    fn a_negation_is_noted() {
        check(
            "There is no evidence of active exploitation. The flaw is exploited in the wild.",
            &expect![[r#"
                not active exploitation Type(VulnExploit)
                not active exploitation Feature(Exploited)
                not exploit Relevance(ThreatInfo)
                not exploit Type(VulnExploit)
                flaw Type(VulnExploit)
                exploit Relevance(ThreatInfo)
                exploit Type(VulnExploit)
                exploited in the wild Type(VulnExploit)
                exploited in the wild Feature(Exploited)"#]],
        );
    }

    #[test]
    fn hindi_denies_behind_the_noun() {
        check(
            "अस्पताल पर साइबर हमला नहीं हुआ। सेवाएं बंद हैं।",
            &expect![[r#"
            not अस्पताल Feature(Major)
            not पर साइबर हमला Feature(Concrete)
            साइबर हमला नहीं Relevance(Irrelevant)
            साइबर हमला नहीं Feature(Denied)
            सेवाएं बंद Feature(Disruption)"#]],
        );
    }

    #[test]
    fn a_mask_hides_what_it_holds() {
        check(
            "Ten life hacks",
            &expect!["life hack Relevance(Irrelevant)"],
        );
    }

    #[test]
    fn hostile_repetition_is_bounded() {
        let passages = [
            Passage::new(Field::Title, String::new()),
            Passage::new(Field::Text, "hacked life hack ".repeat(11_000)),
        ];
        assert!(read(&passages).len() <= MAX_HITS);
    }
}
