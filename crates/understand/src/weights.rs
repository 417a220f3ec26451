//! Model files: a header that people can read, then named lists of numbers.
//!
//! One file a task. Layout, all little-endian:
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `PRAHARIM` |
//! | 4 | format, now 1 |
//! | 4 | length of the header |
//! | 8 | [`checksum`] of everything behind these 24 bytes |
//! | … | the [`Header`] as JSON, filled with blanks to a multiple of 8 |
//! | … | the sections, each starting at a multiple of 8 |
//!
//! Numbers are read where they lie, one at a time from their bytes: that needs
//! neither a copy nor alignment nor `unsafe`, and compiles to a plain load. The
//! shipped files are part of the binary, others are read whole; either way a
//! [`Section`] shares the bytes. The writer is in the crate `learn`.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// How every model file starts.
pub const MAGIC: &[u8; 8] = b"PRAHARIM";

/// The layout described above.
pub const FORMAT: u32 = 1;

/// Bytes before the header.
pub const PREFIX: usize = 24;

/// Shipped headers have some 2,000 bytes.
const MAX_HEADER: usize = 1 << 20;

/// All shipped files together have at most 12 MB.
const MAX_FILE: usize = 64 << 20;

/// Why a model file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// Not one of our files, or cut, or changed on its way.
    #[error("the model file is damaged: {0}")]
    Damaged(String),
    /// Whole, but made by another version of the program.
    #[error("the model file does not fit this program: {0}")]
    Unfit(String),
}

/// What a model file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// What it decides: `relevance`, `types`.
    pub task: String,
    /// Which training it is; for people.
    pub version: String,
    /// When it was made, in RFC 3339; told by whoever ran the training.
    pub made: String,
    /// Of the data it was trained on: the same data, the same fingerprint.
    pub data: String,
    /// How it was measured, by name of the measure.
    #[serde(default)]
    pub scores: BTreeMap<String, f64>,
    /// Sizes: texts it was trained on, outputs, and whatever its reader needs.
    #[serde(default)]
    pub counts: BTreeMap<String, u64>,
    /// Its lists of numbers.
    pub sections: Vec<Place>,
}

/// Where a list of numbers lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its name, unique in the file.
    pub name: String,
    /// What its numbers are.
    pub kind: Kind,
    /// Its first byte, counted from the end of the filled-up header.
    pub at: u64,
    /// How many numbers.
    pub count: u64,
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the types of Rust by their names")]
pub enum Kind {
    U8,
    I8,
    U16,
    I16,
    U32,
    U64,
    F32,
}

/// A number that can lie in a section.
pub trait Number: Copy + Default + Send + Sync + 'static {
    /// Its name in the header.
    const KIND: Kind;
    /// Its bytes.
    const SIZE: usize;
    /// Reads it from exactly [`Self::SIZE`] bytes.
    fn read(bytes: &[u8]) -> Self;
    /// Appends its bytes.
    fn write(self, to: &mut Vec<u8>);
}

macro_rules! numbers {
    ($($number:ty, $kind:ident;)*) => {
        $(impl Number for $number {
            const KIND: Kind = Kind::$kind;
            const SIZE: usize = size_of::<$number>();
            fn read(bytes: &[u8]) -> Self {
                bytes.try_into().map_or(Self::default(), Self::from_le_bytes)
            }
            fn write(self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }
        })*

        impl Kind {
            /// Bytes of one number.
            #[must_use]
            pub fn size(self) -> usize {
                match self { $(Self::$kind => <$number>::SIZE,)* }
            }
        }
    };
}

numbers! {
    u8, U8;
    i8, I8;
    u16, U16;
    i16, I16;
    u32, U32;
    u64, U64;
    f32, F32;
}

/// The bytes of a file: part of the binary, or read and shared.
#[derive(Clone)]
pub enum Bytes {
    /// Included at build time.
    Shipped(&'static [u8]),
    /// Read at run time.
    Read(Arc<[u8]>),
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Shipped(bytes) => bytes,
            Self::Read(bytes) => bytes,
        }
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.as_slice().len())
    }
}

impl From<&'static [u8]> for Bytes {
    fn from(bytes: &'static [u8]) -> Self {
        Self::Shipped(bytes)
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Read(bytes.into())
    }
}

/// An opened model file: whole, and its sections inside it.
#[derive(Debug, Clone)]
pub struct Weights {
    header: Header,
    bytes: Bytes,
    /// Where the sections start.
    body: usize,
}

impl Weights {
    /// Opens a file; every length and the checksum are proved here.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as the operator may read it.
    pub fn open(bytes: impl Into<Bytes>) -> Result<Self, WeightsError> {
        let bytes = bytes.into();
        let all = bytes.as_slice();
        if all.len() > MAX_FILE {
            return Err(damaged("it is larger than any model"));
        }
        let prefix = all
            .get(..PREFIX)
            .ok_or_else(|| damaged("it is too short"))?;
        if prefix.get(..8) != Some(MAGIC.as_slice()) {
            return Err(damaged("it does not start like a model"));
        }
        let format = u32::read(prefix.get(8..12).unwrap_or_default());
        if format != FORMAT {
            return Err(unfit(format!("format {format}, we read {FORMAT}")));
        }
        let length = u32::read(prefix.get(12..16).unwrap_or_default()) as usize;
        let sum = u64::read(prefix.get(16..24).unwrap_or_default());
        let rest = all.get(PREFIX..).unwrap_or_default();
        if checksum(rest) != sum {
            return Err(damaged("its checksum differs"));
        }
        if length > MAX_HEADER {
            return Err(damaged("its header is too long"));
        }
        let header = rest
            .get(..length)
            .ok_or_else(|| damaged("it ends inside its header"))?;
        let header: Header = serde_json::from_slice(header)
            .map_err(|error| damaged(&format!("its header: {error}")))?;
        let body = PREFIX + length.next_multiple_of(8);
        let weights = Self {
            header,
            bytes,
            body,
        };
        for (index, place) in weights.header.sections.iter().enumerate() {
            let earlier = weights.header.sections.iter().take(index);
            if place.at % 8 != 0 || weights.range(place).is_none() {
                return Err(damaged(&format!("section {} lies outside", place.name)));
            }
            if earlier.into_iter().any(|other| other.name == place.name) {
                return Err(damaged(&format!("section {} stands twice", place.name)));
            }
        }
        Ok(weights)
    }

    /// What the file says of itself.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// One of its counts, as a size.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Unfit`] if the file does not say, or says more than `most`.
    pub fn count(&self, name: &str, most: usize) -> Result<usize, WeightsError> {
        self.header
            .counts
            .get(name)
            .and_then(|count| usize::try_from(*count).ok())
            .filter(|count| *count <= most)
            .ok_or_else(|| unfit(format!("its count of {name}")))
    }

    /// A list of numbers.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Unfit`] if there is none of this name and kind.
    pub fn section<T: Number>(&self, name: &str) -> Result<Section<T>, WeightsError> {
        let place = self
            .header
            .sections
            .iter()
            .find(|place| place.name == name && place.kind == T::KIND)
            .ok_or_else(|| unfit(format!("no section {name} of {:?}", T::KIND)))?;
        Ok(Section {
            bytes: self.bytes.clone(),
            range: self
                .range(place)
                .ok_or_else(|| damaged("a section lies outside"))?,
            kind: PhantomData,
        })
    }

    /// The same, of exactly this many numbers.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Unfit`] if there is none of this name, kind and length.
    pub fn section_of<T: Number>(
        &self,
        name: &str,
        count: usize,
    ) -> Result<Section<T>, WeightsError> {
        let section = self.section(name)?;
        if section.len() == count {
            Ok(section)
        } else {
            Err(unfit(format!(
                "section {name} has {} numbers, not {count}",
                section.len()
            )))
        }
    }

    fn range(&self, place: &Place) -> Option<Range<usize>> {
        let start = usize::try_from(place.at).ok()?.checked_add(self.body)?;
        let count = usize::try_from(place.count).ok()?;
        let end = start.checked_add(count.checked_mul(place.kind.size())?)?;
        (end <= self.bytes.as_slice().len()).then_some(start..end)
    }
}

/// A list of numbers inside a file, which it keeps alive.
#[derive(Debug, Clone)]
pub struct Section<T> {
    bytes: Bytes,
    range: Range<usize>,
    kind: PhantomData<T>,
}

impl<T: Number> Section<T> {
    /// How many numbers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.range.len() / T::SIZE
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Its bytes, for loops that read many numbers.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes
            .as_slice()
            .get(self.range.clone())
            .unwrap_or_default()
    }

    /// One number; zero beyond the end.
    #[must_use]
    pub fn at(&self, index: usize) -> T {
        let start = index.saturating_mul(T::SIZE);
        self.bytes()
            .get(start..start.saturating_add(T::SIZE))
            .map_or(T::default(), T::read)
    }

    /// All numbers in order.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.bytes().chunks_exact(T::SIZE).map(T::read)
    }
}

/// Tells damage on the way, not malice: who can write the file can write this too.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u64 {
    /// Odd, with its bits well spread: 2^64 divided by the golden ratio.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |sum: u64, word: u64| (sum ^ word).wrapping_mul(SPREAD).rotate_left(29);
    let words = bytes.chunks_exact(8);
    let mut tail = [0; 8];
    for (to, from) in tail.iter_mut().zip(words.remainder()) {
        *to = *from;
    }
    let sum = words.map(u64::read).fold(bytes.len() as u64, mix);
    let sum = mix(mix(sum, u64::from_le_bytes(tail)), SPREAD);
    sum ^ (sum >> 32)
}

fn damaged(why: &str) -> WeightsError {
    WeightsError::Damaged(why.to_owned())
}

pub(crate) fn unfit(why: impl Into<String>) -> WeightsError {
    WeightsError::Unfit(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, body: &[u8]) -> Vec<u8> {
        let mut rest = header.as_bytes().to_vec();
        rest.resize(header.len().next_multiple_of(8), b' ');
        rest.extend_from_slice(body);
        let mut file = MAGIC.to_vec();
        FORMAT.write(&mut file);
        u32::try_from(header.len()).unwrap().write(&mut file);
        checksum(&rest).write(&mut file);
        file.extend(rest);
        file
    }

    fn header(sections: &str) -> String {
        format!(r#"{{"task":"t","version":"1","made":"","data":"","sections":[{sections}]}}"#)
    }

    #[test]
    fn numbers_are_read_where_they_lie() {
        let mut body = vec![255, 2, 0, 0, 0, 0, 0, 0];
        1.5_f32.write(&mut body);
        let file = file(
            &header(
                r#"{"name":"a","kind":"i8","at":0,"count":2},{"name":"b","kind":"f32","at":8,"count":1}"#,
            ),
            &body,
        );
        let weights = Weights::open(file).unwrap();
        let a = weights.section::<i8>("a").unwrap();
        assert_eq!(a.iter().collect::<Vec<_>>(), [-1, 2]);
        assert_eq!((a.at(1), a.at(2), a.at(usize::MAX)), (2, 0, 0));
        assert_eq!(weights.section::<f32>("b").unwrap().at(0), 1.5);
        assert!(weights.section::<u8>("a").is_err());
        assert!(weights.section_of::<i8>("a", 3).is_err());
        assert!(weights.count("outputs", 5).is_err());
    }

    #[test]
    fn hostile_headers_are_refused() {
        for (sections, wanted) in [
            (r#"{"name":"a","kind":"u8","at":0,"count":9}"#, "outside"),
            (r#"{"name":"a","kind":"u8","at":1,"count":1}"#, "outside"),
            (
                r#"{"name":"a","kind":"f32","at":0,"count":18446744073709551615}"#,
                "outside",
            ),
            (
                r#"{"name":"a","kind":"f32","at":18446744073709551608,"count":1}"#,
                "outside",
            ),
            (
                r#"{"name":"a","kind":"u8","at":0,"count":1},{"name":"a","kind":"i8","at":0,"count":1}"#,
                "twice",
            ),
            (r#"{"name":"a","kind":"u9","at":0,"count":1}"#, "header"),
        ] {
            let error = Weights::open(file(&header(sections), &[0; 8])).unwrap_err();
            assert!(error.to_string().contains(wanted), "{sections}: {error}");
        }
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_noticed() {
        let whole = file(
            &header(r#"{"name":"a","kind":"u8","at":0,"count":8}"#),
            &[7; 8],
        );
        assert!(Weights::open(whole.clone()).is_ok());
        for length in 0..whole.len() {
            assert!(Weights::open(whole[..length].to_vec()).is_err(), "{length}");
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x20;
            assert!(Weights::open(changed).is_err(), "{at}");
        }
    }
}
