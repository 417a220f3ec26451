//! What placement compares of two items: their words, names and numbers, as hashes.
//!
//! A print is small (about a kilobyte), so that the store keeps it beside the item
//! and comparing needs no text. It is made and compared in `understand`.

use crate::analysis::{IncidentType, RelevanceLabel};
use crate::clock::Timestamp;
use crate::id::ItemId;

/// The words of one item, as far as they tell its story from another's. Lists are
/// sorted by hash and hold each hash once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Print {
    /// Words of title and text with their weights; together of length [`Self::ONE`].
    pub terms: Vec<(u32, u16)>,
    /// Words of the title with their weights, of the same length.
    pub title: Vec<(u32, u16)>,
    /// Names in title and text.
    pub names: Vec<u32>,
    /// Names in the title.
    pub title_names: Vec<u32>,
    /// Names that say which story it is: those of the title without what attacks, what
    /// many organisations are called and who looks into it.
    pub subjects: Vec<u32>,
    /// Words of the names of victims.
    pub victims: Vec<u32>,
    /// Initials of names of several words (`M&S` of Marks & Spencer).
    pub initials: Vec<u32>,
    /// Numbers that are no years.
    pub numbers: Vec<u32>,
    /// The words by which others like it are looked for, with their weights.
    pub keys: Vec<(u32, u16)>,
    /// A notice by a law firm that looks for plaintiffs: all of them read alike.
    pub law_notice: bool,
    /// What the item was judged to be; none where the print is of before that was kept.
    pub judged: Option<Judged>,
}

/// What tells two events of one name apart: an arrest is no outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// An incident, or of threats.
    pub label: RelevanceLabel,
    /// A bit for each type, in the order of [`IncidentType::ALL`].
    pub types: u16,
}

impl Judged {
    /// Of these types.
    #[must_use]
    pub fn of(label: RelevanceLabel, types: impl IntoIterator<Item = IncidentType>) -> Self {
        let bit = |wanted| IncidentType::ALL.iter().position(|one| *one == wanted);
        let types = types.into_iter().filter_map(bit);
        Self {
            label,
            types: types.fold(0, |bits, bit| bits | 1 << bit),
        }
    }

    fn to_bytes(self) -> [u8; 3] {
        let [low, high] = self.types.to_le_bytes();
        [self.label as u8, low, high]
    }

    fn from_bytes([label, low, high]: [u8; 3]) -> Option<Self> {
        let labels = [
            RelevanceLabel::Incident,
            RelevanceLabel::ThreatInfo,
            RelevanceLabel::Irrelevant,
        ];
        Some(Self {
            label: labels.into_iter().find(|one| *one as u8 == label)?,
            types: u16::from_le_bytes([low, high]),
        })
    }
}

/// An item of an incident, for comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Which item.
    pub item: ItemId,
    /// Its effective time.
    pub at: Timestamp,
    /// Its words.
    pub print: Print,
}

/// The first byte of a written print: which layout follows.
const LAYOUT: u8 = 3;

/// Layouts of before: without victims and what was judged, and without subjects too.
const WITHOUT_VICTIMS: u8 = 2;
const WITHOUT_SUBJECTS: u8 = 1;

/// How a print ends that knows nothing of what was judged.
const NOT_JUDGED: [u8; 3] = [u8::MAX, 0, 0];

impl Print {
    /// The weight of a word that is all there is.
    pub const ONE: u16 = u16::MAX;

    /// More words, names or numbers than this are not kept of one item.
    pub const MOST: usize = 400;

    /// Whether there is nothing to compare.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The print as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![LAYOUT, u8::from(self.law_notice)];
        for list in [&self.terms, &self.title, &self.keys] {
            length(&mut bytes, list.len());
            for (hash, weight) in list.iter().take(Self::MOST) {
                bytes.extend_from_slice(&hash.to_le_bytes());
                bytes.extend_from_slice(&weight.to_le_bytes());
            }
        }
        for list in [
            &self.names,
            &self.title_names,
            &self.subjects,
            &self.initials,
            &self.numbers,
            &self.victims,
        ] {
            length(&mut bytes, list.len());
            for hash in list.iter().take(Self::MOST) {
                bytes.extend_from_slice(&hash.to_le_bytes());
            }
        }
        bytes.extend(self.judged.map_or(NOT_JUDGED, Judged::to_bytes));
        bytes
    }

    /// The print that was written; `None` when these are not its bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let [layout] = reader.take::<1>()?;
        if ![LAYOUT, WITHOUT_VICTIMS, WITHOUT_SUBJECTS].contains(&layout) {
            return None;
        }
        let law_notice = reader.take::<1>()? == [1];
        let [terms, title, keys] = [reader.weighted()?, reader.weighted()?, reader.weighted()?];
        Some(Self {
            terms,
            title,
            keys,
            names: reader.hashes()?,
            title_names: reader.hashes()?,
            subjects: match layout {
                WITHOUT_SUBJECTS => Vec::new(),
                _ => reader.hashes()?,
            },
            initials: reader.hashes()?,
            numbers: reader.hashes()?,
            victims: match layout {
                LAYOUT => reader.hashes()?,
                _ => Vec::new(),
            },
            judged: match layout {
                LAYOUT => Judged::from_bytes(reader.take()?),
                _ => None,
            },
            law_notice,
        })
    }
}

fn length(bytes: &mut Vec<u8>, count: usize) {
    let count = u16::try_from(count.min(Print::MOST)).unwrap_or_default();
    bytes.extend_from_slice(&count.to_le_bytes());
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn hashes(&mut self) -> Option<Vec<u32>> {
        let count = u16::from_le_bytes(self.take()?);
        (0..count)
            .map(|_| self.take().map(u32::from_le_bytes))
            .collect()
    }

    fn weighted(&mut self) -> Option<Vec<(u32, u16)>> {
        let count = u16::from_le_bytes(self.take()?);
        (0..count)
            .map(|_| {
                let hash = u32::from_le_bytes(self.take()?);
                Some((hash, u16::from_le_bytes(self.take()?)))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_cut_is_refused() {
        let print = Print {
            terms: vec![(1, 2), (u32::MAX, u16::MAX)],
            title: vec![(3, 4)],
            names: vec![5, 6],
            title_names: vec![5],
            subjects: vec![5],
            victims: vec![5, 6],
            initials: vec![7],
            numbers: Vec::new(),
            keys: vec![(8, 9)],
            law_notice: true,
            judged: Some(Judged::of(
                RelevanceLabel::ThreatInfo,
                [IncidentType::Ddos, IncidentType::Other],
            )),
        };
        let bytes = print.to_bytes();
        assert_eq!(Print::from_bytes(&bytes), Some(print));
        for end in 0..bytes.len() {
            assert_eq!(Print::from_bytes(&bytes[..end]), None, "{end}");
        }
        assert_eq!(Print::from_bytes(&[9, 0]), None);
    }

    #[test]
    fn what_was_written_in_layouts_of_before_is_read() {
        let print = Print {
            names: vec![5],
            initials: vec![7],
            ..Print::default()
        };
        let bytes = print.to_bytes();
        // Without the number of victims, and what was judged.
        let mut before = bytes[..bytes.len() - 5].to_vec();
        before[0] = WITHOUT_VICTIMS;
        assert_eq!(Print::from_bytes(&before), Some(print.clone()));
        // Without the number of subjects: after that of names (one) and of the title's.
        let lists = 2 + 3 * 2;
        before[0] = WITHOUT_SUBJECTS;
        before.drain(lists + 2 + 4 + 2..lists + 2 + 4 + 4);
        assert_eq!(Print::from_bytes(&before), Some(print));
    }
}
