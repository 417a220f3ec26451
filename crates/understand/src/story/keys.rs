//! The keys by which placement finds the story of an item.

use model::analysis::StoryKeys;
use model::print::Judged;
use model::{CveId, Entity, EntityKind, Field, Item, ItemKind, Print, hash};

use crate::fold;
use crate::models::Models;
use crate::passage::Passage;
use crate::url_key;

/// A CVE named this early is what the item is about: some four sentences.
const LEAD_CHARS: u32 = 600;

/// More CVEs than these without one in the title are a round-up.
const ROUND_UP: usize = 5;

/// What round-ups call themselves in their titles, in lower case. They tell many
/// stories and are part of none.
const ROUND_UP_TITLES: &[&str] = &[
    "bulletin",
    "daily brief",
    "digest",
    "in brief",
    "month in review",
    "newsletter",
    "news wrap",
    "patch tuesday",
    "recap",
    "round-up",
    "roundup",
    "this week in",
    "top stories",
    "week in",
    "weekly",
];

/// All but the print, which waits for what the item is judged to be.
pub(crate) fn keys(item: &Item, passages: &[Passage; 2], entities: &[Entity]) -> StoryKeys {
    StoryKeys {
        cves: cves(item, entities),
        canonical_url: item
            .url
            .as_deref()
            .and_then(url_key::canonical_url)
            .filter(|canonical| url_key::names_a_page(canonical)),
        content_hash: content_hash(passages),
        print: Print::default(),
    }
}

/// Records and advisories are written by template: their words say less of their
/// story than their CVEs do.
pub(crate) fn print(
    item: &Item,
    passages: &[Passage; 2],
    entities: &[Entity],
    judged: Judged,
    models: &Models,
) -> Print {
    let [title, text] = passages;
    let is_told = matches!(
        item.kind,
        ItemKind::Article | ItemKind::Post | ItemKind::Note
    );
    let is_round_up = ROUND_UP_TITLES
        .iter()
        .any(|phrase| title.folded.text().contains(phrase));
    match models.stories() {
        Some(model) if is_told && !is_round_up => {
            model.print(&title.clean, &text.clean, entities, judged)
        }
        _ => Print::default(),
    }
}

fn cves(item: &Item, entities: &[Entity]) -> Vec<CveId> {
    if item.kind == ItemKind::CveRecord {
        return CveId::new(&item.external_id).into_iter().collect();
    }
    let named: Vec<&Entity> = entities
        .iter()
        .filter(|entity| entity.kind == EntityKind::Cve)
        .collect();
    let in_title = |entity: &&&Entity| entity.spans.iter().any(|span| span.field == Field::Title);
    let of_title: Vec<&&Entity> = named.iter().filter(in_title).collect();
    let chosen: Vec<&&Entity> = match of_title.len() {
        // The headline says what it is about; the others are company.
        1..=ROUND_UP => of_title,
        0 if named.len() <= ROUND_UP => named
            .iter()
            .filter(|entity| {
                entity
                    .spans
                    .iter()
                    .any(|span| span.field == Field::Text && span.start < LEAD_CHARS)
            })
            .collect(),
        _ => Vec::new(),
    };
    chosen
        .into_iter()
        .filter_map(|entity| CveId::new(&entity.name).ok())
        .collect()
}

/// The words of title and text without their dress: what makes no difference to
/// a reader makes none to the hash.
fn content_hash(passages: &[Passage; 2]) -> [u8; 16] {
    let [title, text] = passages.each_ref().map(|passage| {
        let mut words = String::with_capacity(passage.folded.text().len());
        for word in fold::words(passage.folded.text()) {
            words.push_str(word);
            words.push(' ');
        }
        words
    });
    hash::short(&[title.as_bytes(), text.as_bytes()])
}
