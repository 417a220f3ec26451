//! The crate from outside: whole items in, analyses, placements and incidents out.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot build its item has failed"
)]

mod analysis;
mod faked;
mod hostile;
mod languages;
mod placement;
mod regions;
mod shapes;

use model::item::{Draft, Stated};
use model::{Item, ItemKind, Markup, SourceId, Timestamp};

/// An article of this outlet, published on a minute of one day.
fn article(outlet: &str, minute: i64, title: &str, text: &str) -> Item {
    let at = Timestamp::from_second(1_795_000_000 + minute * 60).unwrap();
    let draft = Draft {
        external_id: format!("{outlet}-{minute}"),
        kind: ItemKind::Article,
        url: Some(format!("https://{outlet}.example.com/{minute}")),
        title: title.to_owned(),
        text: text.to_owned(),
        markup: Markup::Html,
        author: None,
        language: None,
        published: Some(at),
        updated: None,
        stated: Stated::default(),
    };
    Item::new(&SourceId::new(outlet).unwrap(), draft, at)
}
