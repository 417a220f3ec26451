//! An item's text in the forms the steps and the models read: cleaned, folded,
//! with its cues. Training reads texts through the same door, so that a model
//! sees in the pipeline what it saw when it learned.

use model::{Field, Item, Markup};

use crate::clean;
use crate::cues::Hit;
use crate::passage::Passage;
use crate::region::Regions;

/// The text of one item, made ready once.
#[derive(Debug)]
pub struct Document {
    pub(crate) passages: [Passage; 2],
    pub(crate) hits: Vec<Hit>,
}

impl Document {
    /// Reads a title and a body, written in `markup`, at the shipped home.
    #[must_use]
    pub fn new(title: &str, text: &str, markup: Markup) -> Self {
        Self::read(title, text, markup, &Regions::shipped())
    }

    fn read(title: &str, text: &str, markup: Markup, regions: &Regions) -> Self {
        let passages = [
            Passage::new(Field::Title, clean::title(title, markup)),
            Passage::new(Field::Text, clean::body(text, markup)),
        ];
        let hits = regions.book.read(&passages);
        Self { passages, hits }
    }

    /// Reads an item, with the signs of these regions.
    #[must_use]
    pub fn of(item: &Item, regions: &Regions) -> Self {
        Self::read(&item.title, &item.text, item.markup, regions)
    }

    /// The clean title; spans count in it.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.passages[0].clean
    }

    /// The clean body; spans count in it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.passages[1].clean
    }
}
