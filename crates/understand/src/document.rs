//! An item's text in the forms the steps and the models read: cleaned, folded,
//! with its cues. Training reads texts through the same door, so that a model
//! sees in the pipeline what it saw when it learned.

use model::{Field, Item, Markup};

use crate::clean;
use crate::cues::{Hit, Local, Sense};
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

    /// The same without the towns, bodies and companies of the home region: a model
    /// that learned them would say what happened there lately.
    #[must_use]
    pub fn placeless(&self) -> Self {
        let [title, text] = &self.passages;
        let without = |passage: &Passage| {
            let mut left = String::with_capacity(passage.clean.len());
            let mut done = 0;
            for hit in &self.hits {
                if hit.field == passage.field && is_local(hit) {
                    // Nothing where one name holds another.
                    let before = passage.folded.text().get(done..hit.start);
                    left.push_str(before.unwrap_or_default());
                    done = done.max(hit.end);
                }
            }
            left.push_str(passage.folded.text().get(done..).unwrap_or_default());
            left
        };
        let passages = [
            Passage::new(Field::Title, without(title)),
            Passage::new(Field::Text, without(text)),
        ];
        Self {
            passages,
            hits: Vec::new(),
        }
    }

    /// How many bytes of the folded body are its headline: none where there is a title,
    /// otherwise the first sentence.
    pub(crate) fn headline(&self) -> usize {
        let [title, text] = &self.passages;
        if title.clean.is_empty() {
            first_sentence(text.folded.text())
        } else {
            0
        }
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

/// Where the first sentence ends, if more than a few words stand in it.
fn first_sentence(text: &str) -> usize {
    const LEAST: usize = 20;
    let from = text.ceil_char_boundary(LEAST.min(text.len()));
    let rest = text.get(from..).unwrap_or_default();
    let ends = [". ", "! ", "? ", "। ", "۔ "];
    let first = ends.iter().filter_map(|end| rest.find(end)).min();
    first.map_or(text.len(), |at| from + at + 1)
}

/// Terms of the home's life, "lakh" and "Aadhaar", are no names and stay.
pub(crate) fn is_local(hit: &Hit) -> bool {
    matches!(&hit.cue.sense, Sense::Local(_, local) if *local != Local::Term)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_home_are_left_out() {
        let document = Document::new(
            "Odisha utility hit",
            "In Cuttack, 2 lakh bills were locked.",
            Markup::Plain,
        )
        .placeless();
        assert_eq!(document.title(), " utility hit");
        assert_eq!(document.text(), "in , 2 lakh bills were locked.");
    }
}
