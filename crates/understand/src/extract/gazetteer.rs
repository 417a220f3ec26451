//! Lists of known names, read in place.
//!
//! One file, made by the crate `learn`, included in the binary and never unpacked:
//! a table of hashes sorted by their upper bits. A name is the hash of its folded
//! tokens; a name that longer ones begin with says so, and most words of a text
//! cost one look. A model file ([`crate::weights`]) with the sections
//!
//! | section | what |
//! | --- | --- |
//! | `buckets` | the first entry for each value of the hash's upper 16 bits, and the end |
//! | `keys` | an entry's lower 32 bits of the hash |
//! | `classes` | what the name may stand for |
//! | `places` | where its line starts in the pool |
//! | `pool` | lines: name TAB detail |

use std::sync::LazyLock;

use super::token::tokens;
use crate::weights::{Section, Weights, WeightsError};

/// The names in the binary. A test opens the file; an unreadable one would know no
/// name.
static SHIPPED: LazyLock<Gazetteer> = LazyLock::new(|| {
    let shipped: &'static [u8] = include_bytes!("../../models/gazetteer.bin");
    Weights::open(shipped)
        .and_then(|file| Gazetteer::read(&file))
        .unwrap_or_else(|_| Gazetteer::default())
});

/// What a name may stand for; a set of these is an entry's `classes`.
pub mod class {
    /// A threat actor; the detail is its country.
    pub const ACTOR: u16 = 1;
    /// Malware, ransomware included.
    pub const MALWARE: u16 = 2;
    /// A tool that attackers use.
    pub const TOOL: u16 = 4;
    /// A maker of products.
    pub const VENDOR: u16 = 8;
    /// A product.
    pub const PRODUCT: u16 = 16;
    /// A technique of MITRE ATT&CK; the detail is its id.
    pub const TECHNIQUE: u16 = 32;
    /// An Indian public body or well-known company.
    pub const BODY: u16 = 64;
    /// An Indian listed company.
    pub const COMPANY: u16 = 128;
    /// A country; the detail is its ISO code.
    pub const COUNTRY: u16 = 256;
    /// A place in India; the detail is the state's number, and after a colon the
    /// countries where another place bears the name.
    pub const INDIAN_PLACE: u16 = 512;
    /// A large city elsewhere; the detail is its country.
    pub const CITY: u16 = 1024;
    /// Also an ordinary word: needs evidence.
    pub const AMBIGUOUS: u16 = 2048;
    /// Longer names begin with this one.
    pub const LONGER: u16 = 4096;
    /// All that says what a name stands for.
    pub const MEANING: u16 = 2047;
}

/// The longest name, in tokens.
const LONGEST: usize = 8;

const BUCKETS: usize = 1 << 16;

/// The hash of no token, from which names grow.
pub const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;

/// The hash of a name that ends with one more token.
#[must_use]
pub fn grow(name: u64, token: u64) -> u64 {
    let mixed = (name ^ token).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

/// One meaning of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// What it stands for, see [`class`].
    pub classes: u16,
    /// Its one spelling, the same for all aliases.
    pub name: &'a str,
    /// More about it, by class; often empty.
    pub detail: &'a str,
}

/// A table read in place.
#[derive(Debug, Clone, Default)]
pub struct Gazetteer {
    buckets: Section<u32>,
    keys: Section<u32>,
    classes: Section<u16>,
    places: Section<u32>,
    pool: Section<u8>,
}

/// A stretch of tokens that is a known name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// First token.
    pub start: usize,
    /// One past the last token.
    pub end: usize,
    /// Everything the name may stand for.
    pub classes: u16,
    /// Its hash, for [`Gazetteer::entries`].
    pub hash: u64,
}

impl Gazetteer {
    /// The names in the binary.
    #[must_use]
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// Whether it lists a country or a town of this name.
    pub(crate) fn is_place(&self, name: &str) -> bool {
        const PLACES: u16 = class::COUNTRY | class::INDIAN_PLACE | class::CITY;
        self.lookup(name).any(|entry| entry.classes & PLACES != 0)
    }

    /// The table in a file.
    ///
    /// # Errors
    ///
    /// If the file holds no such table.
    pub fn read(file: &Weights) -> Result<Self, WeightsError> {
        let keys: Section<u32> = file.section("keys")?;
        Ok(Self {
            buckets: file.section_of("buckets", BUCKETS + 1)?,
            classes: file.section_of("classes", keys.len())?,
            places: file.section_of("places", keys.len())?,
            pool: file.section("pool")?,
            keys,
        })
    }

    /// Every meaning of a name, given its hash.
    pub fn entries(&self, hash: u64) -> impl Iterator<Item = Entry<'_>> {
        self.rows(hash).filter_map(move |row| {
            let classes = self.classes.at(row);
            if classes & class::MEANING == 0 {
                return None;
            }
            let rest = self.pool.bytes().get(self.places.at(row) as usize..)?;
            let line = rest.split(|byte| *byte == b'\n').next()?;
            // Checked line by line, so that starting costs nothing.
            let line = std::str::from_utf8(line).ok()?;
            let (name, detail) = line.split_once('\t').unwrap_or((line, ""));
            Some(Entry {
                classes,
                name,
                detail,
            })
        })
    }

    /// Every meaning of a name as it is written, in any case.
    pub fn lookup(&self, name: &str) -> impl Iterator<Item = Entry<'_>> {
        self.entries(hash_of(name))
    }

    /// What a name may stand for, of all its meanings; zero if it is unknown.
    #[must_use]
    pub fn classes(&self, hash: u64) -> u16 {
        self.rows(hash)
            .fold(0, |all, row| all | self.classes.at(row))
    }

    /// The longest names that start at each token, left to right, none inside
    /// another. `hashes` are the tokens' [`fold_hash`]; names are proper nouns, so
    /// one must start with a token that `may_start`.
    #[must_use]
    pub fn find(&self, hashes: &[u64], may_start: impl Fn(usize) -> bool) -> Vec<Match> {
        // The rows lie all over a megabyte: touched first, many are waited for at a time.
        let starts = hashes.iter().enumerate().filter(|(at, _)| may_start(*at));
        let touched = starts.fold(0, |all, (_, token)| {
            let first = self.buckets.at(bucket(grow(EMPTY, *token))) as usize;
            all ^ self.keys.at(first) ^ u32::from(self.classes.at(first))
        });
        std::hint::black_box(touched);
        let mut found = Vec::new();
        let mut start = 0;
        while start < hashes.len() {
            let longest = may_start(start)
                .then(|| self.longest(hashes, start))
                .flatten();
            match longest {
                Some(found_here) => {
                    start = found_here.end;
                    found.push(found_here);
                }
                None => start += 1,
            }
        }
        found
    }

    fn longest(&self, hashes: &[u64], start: usize) -> Option<Match> {
        let mut hash = EMPTY;
        let mut best = None;
        for (offset, token) in hashes.get(start..)?.iter().take(LONGEST).enumerate() {
            hash = grow(hash, *token);
            let classes = self.classes(hash);
            if classes & class::MEANING != 0 {
                best = Some(Match {
                    start,
                    end: start + offset + 1,
                    classes,
                    hash,
                });
            }
            if classes & class::LONGER == 0 {
                break;
            }
        }
        best
    }

    fn rows(&self, hash: u64) -> impl Iterator<Item = usize> {
        let bucket = bucket(hash);
        let low = low(hash);
        let (start, end) = (self.buckets.at(bucket), self.buckets.at(bucket + 1));
        (start as usize..end as usize).filter(move |row| self.keys.at(*row) == low)
    }
}

fn bucket(hash: u64) -> usize {
    usize::try_from(hash >> 48).unwrap_or_default()
}

fn low(hash: u64) -> u32 {
    u32::try_from(hash & 0xffff_ffff).unwrap_or_default()
}

/// The hash of a token in lower case, accents kept: what names are made of.
#[must_use]
pub fn fold_hash(token: &str) -> u64 {
    let mut hash = EMPTY;
    let mut eat = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    if token.is_ascii() {
        for byte in token.bytes() {
            eat(byte.to_ascii_lowercase());
        }
    } else {
        let mut buffer = [0; 4];
        for character in token.chars().flat_map(char::to_lowercase) {
            for byte in character.encode_utf8(&mut buffer).bytes() {
                eat(byte);
            }
        }
    }
    hash
}

/// The hash of a name as it is written.
#[must_use]
pub(crate) fn hash_of(name: &str) -> u64 {
    tokens(name, LONGEST + 1).iter().fold(EMPTY, |hash, token| {
        grow(
            hash,
            fold_hash(name.get(token.start..token.end).unwrap_or_default()),
        )
    })
}

/// A table under construction.
#[derive(Debug, Default)]
pub struct Builder {
    rows: Vec<(u64, u16, u32)>,
    pool: String,
    known: std::collections::HashMap<String, u32>,
}

impl Builder {
    /// Adds a spelling of a name, with what it stands for.
    pub fn add(&mut self, spelling: &str, classes: u16, name: &str, detail: &str) {
        let tokens = tokens(spelling, LONGEST + 1);
        if tokens.is_empty() || tokens.len() > LONGEST {
            return;
        }
        let line = format!(
            "{}\t{}\n",
            name.replace(['\t', '\n'], " "),
            detail.replace(['\t', '\n'], " ")
        );
        let at = *self.known.entry(line).or_insert_with_key(|line| {
            let at = u32::try_from(self.pool.len()).unwrap_or(u32::MAX);
            self.pool.push_str(line);
            at
        });
        let mut hash = EMPTY;
        for (index, token) in tokens.iter().enumerate() {
            hash = grow(
                hash,
                fold_hash(spelling.get(token.start..token.end).unwrap_or_default()),
            );
            if index + 1 < tokens.len() {
                self.rows.push((hash, class::LONGER, 0));
            }
        }
        self.rows.push((hash, classes, at));
    }

    /// The table: the same for the same names in the same order.
    #[must_use]
    pub fn finish(mut self) -> Table {
        self.rows
            .sort_unstable_by_key(|(hash, classes, at)| (*hash >> 48, low(*hash), *at, *classes));
        self.rows.dedup();
        let first = |bucket: u64| {
            self.rows
                .partition_point(|(hash, ..)| (*hash >> 48) < bucket)
        };
        Table {
            buckets: (0..=BUCKETS as u64)
                .map(|bucket| u32::try_from(first(bucket)).unwrap_or(u32::MAX))
                .collect(),
            keys: self.rows.iter().map(|(hash, ..)| low(*hash)).collect(),
            classes: self.rows.iter().map(|(_, classes, _)| *classes).collect(),
            places: self.rows.iter().map(|(.., at)| *at).collect(),
            pool: self.pool.into_bytes(),
        }
    }
}

/// The sections of a table, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the sections are told at the top")]
pub struct Table {
    pub buckets: Vec<u32>,
    pub keys: Vec<u32>,
    pub classes: Vec<u16>,
    pub places: Vec<u32>,
    pub pool: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meanings(name: &str) -> Vec<(&'static str, u16)> {
        Gazetteer::shipped()
            .lookup(name)
            .map(|entry| (entry.name, entry.classes))
            .collect()
    }

    #[test]
    fn the_shipped_file_opens_and_is_no_larger_than_its_share() {
        let bytes: &'static [u8] = include_bytes!("../../models/gazetteer.bin");
        Gazetteer::read(&Weights::open(bytes).unwrap()).unwrap();
        assert!(bytes.len() < 4_000_000, "{}", bytes.len());
    }

    #[test]
    fn names_are_found_in_any_case_and_by_any_alias() {
        let emotet = meanings("EMOTET");
        assert!(
            emotet
                .iter()
                .any(|(name, classes)| *name == "Emotet" && classes & class::MALWARE != 0)
        );
        let first = |name| {
            Gazetteer::shipped()
                .lookup(name)
                .find(|e| e.classes & class::ACTOR != 0)
                .unwrap()
                .name
        };
        assert_eq!(first("Fancy Bear"), first("APT28"));
        assert!(meanings("no such name at all").is_empty());
        assert!(meanings("").is_empty());
    }

    #[test]
    fn ordinary_words_are_marked() {
        assert!(
            meanings("Play")
                .iter()
                .all(|(_, classes)| classes & class::AMBIGUOUS != 0)
        );
        assert!(
            meanings("LockBit")
                .iter()
                .any(|(_, classes)| classes & class::AMBIGUOUS == 0)
        );
    }

    #[test]
    fn indian_places_have_their_state_and_both_scripts() {
        for name in ["Mumbai", "Bombay", "मुंबई"] {
            let entry = Gazetteer::shipped()
                .lookup(name)
                .find(|entry| entry.classes & class::INDIAN_PLACE != 0);
            assert_eq!(
                entry.map(|entry| (entry.name, entry.detail)),
                Some(("Mumbai", "16")),
                "{name}"
            );
        }
    }

    #[test]
    fn the_longest_name_wins() {
        let text = "State Bank of India";
        let made = tokens(text, 10);
        let hashes: Vec<u64> = made
            .iter()
            .map(|token| fold_hash(&text[token.start..token.end]))
            .collect();
        let found = Gazetteer::shipped().find(&hashes, |_| true);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].start, found[0].end), (0, 4));
        assert!(found[0].classes & class::BODY != 0);
    }
}
