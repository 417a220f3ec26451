//! An item's text in the forms the steps and the models read: cleaned, folded,
//! with its cues. Training reads texts through the same door, so that a model
//! sees in the pipeline what it saw when it learned.

use model::{Field, Item, Markup};

use crate::clean;
use crate::cues::{self, Hit};
use crate::passage::Passage;

/// The text of one item, made ready once.
#[derive(Debug)]
pub struct Document {
    pub(crate) passages: [Passage; 2],
    pub(crate) hits: Vec<Hit>,
}

impl Document {
    /// Reads a title and a body, written in `markup`.
    #[must_use]
    pub fn new(title: &str, text: &str, markup: Markup) -> Self {
        let passages = [
            Passage::new(Field::Title, clean::title(title, markup)),
            Passage::new(Field::Text, clean::body(text, markup)),
        ];
        let hits = cues::read(&passages);
        Self { passages, hits }
    }

    /// Reads an item.
    #[must_use]
    pub fn of(item: &Item) -> Self {
        Self::new(&item.title, &item.text, item.markup)
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
