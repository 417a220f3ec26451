//! What is written, made ready for writing: encoded, hashed and packed before any
//! lock is taken.

use model::{Analysis, Item, ItemId, OwaspCategory, SourceId, Timestamp, tokens};

use crate::archive::{Again, Revised};
use crate::codec::json;
use crate::packing::Packed;
use crate::statement::{Hearing, Heeded};
use crate::{Collected, Occasion, Placed, StoreError};

/// How many waiting items are handed out at once at most.
pub(crate) const MOST_WAITING: u32 = 1_000;
/// Irrelevant items handed out at once at most.
pub(crate) const MOST_IRRELEVANT: u32 = 1_000;

/// A poll made ready for writing.
pub(crate) struct Poll {
    pub(crate) source: SourceId,
    pub(crate) at: Timestamp,
    pub(crate) items: Vec<(Item, String)>,
    pub(crate) heeded: Vec<Heeded>,
    pub(crate) categories: Vec<OwaspCategory>,
    pub(crate) cursor: Option<String>,
    pub(crate) occasion: Occasion,
    pub(crate) problems: (u32, Option<String>),
    pub(crate) arrived: Packed,
}

impl Poll {
    pub(crate) fn of(collected: Collected) -> Result<Self, StoreError> {
        let with_body = |item: Item| json(&item).map(|body| (item, body));
        Ok(Self {
            source: collected.source,
            at: collected.at,
            items: collected
                .items
                .into_iter()
                .map(with_body)
                .collect::<Result<_, _>>()?,
            heeded: collected
                .heard
                .into_iter()
                .map(Heeded::of)
                .collect::<Result<_, _>>()?,
            categories: collected.categories,
            cursor: collected.cursor.as_ref().map(json).transpose()?,
            occasion: collected.occasion,
            problems: collected.problems,
            arrived: Packed::of(collected.arrived)?,
        })
    }
}

/// How what is taken in came.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) at: Timestamp,
    pub(crate) occasion: Occasion,
    pub(crate) hearing: Hearing,
}

/// A placement made ready for writing, off the writing thread.
pub(crate) struct Placement {
    pub(crate) placed: Placed,
    pub(crate) analysis: String,
    pub(crate) title: String,
    pub(crate) text: String,
}

impl Placement {
    pub(crate) fn of(placed: Placed) -> Result<Self, StoreError> {
        let analysis = json(&placed.analysis)?;
        // What is irrelevant is not searched for, so it costs no index.
        let stream = |text: &str| {
            placed
                .incident
                .as_ref()
                .map(|_| tokens::stream(text))
                .unwrap_or_default()
        };
        let (title, text) = (
            stream(&placed.analysis.title),
            stream(&placed.analysis.text),
        );
        Ok(Self {
            placed,
            analysis,
            title,
            text,
        })
    }
}

/// A second reading made ready for writing.
pub(crate) struct SecondReading {
    pub(crate) again: Again,
    pub(crate) bodies: Vec<String>,
    pub(crate) heeded: Vec<Heeded>,
}

impl SecondReading {
    pub(crate) fn of(mut again: Again) -> Result<Self, StoreError> {
        let bodies = again.items.iter().map(json).collect::<Result<_, _>>()?;
        let heard = std::mem::take(&mut again.heard);
        let heeded = heard.into_iter().map(Heeded::of);
        Ok(Self {
            heeded: heeded.collect::<Result<_, _>>()?,
            bodies,
            again,
        })
    }
}

/// An analysis made ready for writing.
pub(crate) struct Text {
    pub(crate) analysis: String,
    pub(crate) title: String,
    pub(crate) text: String,
}

impl Text {
    /// Those of the items that are understood anew.
    pub(crate) fn of(revised: &Revised) -> Result<Vec<Self>, StoreError> {
        let ready = |(_, analysis): &(ItemId, Analysis)| {
            Ok(Self {
                analysis: json(analysis)?,
                title: tokens::stream(&analysis.title),
                text: tokens::stream(&analysis.text),
            })
        };
        revised.analyses.iter().map(ready).collect()
    }
}

/// Under what an item's text is stored; none for a text without words.
pub(crate) fn text_hash(analysis: &Analysis) -> Option<&[u8; 16]> {
    Some(&analysis.story_keys.content_hash).filter(|hash| **hash != [0; 16])
}
